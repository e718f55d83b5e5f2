# SPDX-License-Identifier: Apache-2.0
"""What people do in a browser, without JavaScript: the handler's desk and the reporter's page.

VULNDESK_SHOTS=FOLDER makes the pictures of docs/screenshots, VULNDESK_LOOK=FOLDER one of every page
on a desktop, on a phone and in the dark, to look at.
"""
import json
import re

from browser import SHOTS, browse, expect, glanced_at, looked_at, picture
from desk import Desk, check, equal, form_of, post, report, session, until

POC = '{"name": "' + "A" * 256 + '"}\n'


def report_with_attachment():
    """A report whose reproducer is a page that must never be shown as one."""
    return report(mid="first@reporter.example").replace(
        "Content-Type: text/plain; charset=utf-8\n\n",
        'Content-Type: multipart/mixed; boundary="b1"\n\n--b1\n'
        "Content-Type: text/plain; charset=utf-8\n\n") + (
        '\n--b1\nContent-Type: text/html; name="poc.html"\n'
        f'Content-Disposition: attachment; filename="poc.html"\n\n<script>alert(1)</script>{POC}--b1--\n')


def way_back_of(mail):
    """The link to the reporter's page in a mail."""
    return re.search(r"http://127\.0\.0\.1:\d+/r/[A-Za-z0-9_-]+", mail.get_body().get_content()).group()


def reported(d):
    """A started desk with one acknowledged report: its number and the way back of its reporter."""
    d.start()
    d.send(report_with_attachment())
    ack = until("the acknowledgement", lambda: d.sink.to("alice@reporter.example"))[0]["mail"]
    link = way_back_of(ack)
    case = until("the acknowledged case", lambda: [
        c for c in d.cases() if c["phase"] not in ("received", "Received")])[0]
    return case["number"], link


def signin_link(d):
    secret = re.search(r"/signin/([A-Za-z0-9_-]+)", d.init_text).group(1)
    return f"http://127.0.0.1:{d.staff}/signin/{secret}"


def story_a_handler_signs_in_reads_answers_notes_and_hands_over():
    with Desk() as d:
        number, way_back = reported(d)
        d.cli("user", "add", "sam", "--name", "Sam Example", "--email", "sam@desk.example",
              "--role", "handler")
        staff, jar = f"http://127.0.0.1:{d.staff}", d.dir / "jar"
        browse([{"do": "open", "url": staff + "/", "status": 403}] + expect("Please sign in") +
               looked_at("signin-needed"))
        link = signin_link(d)
        browse([{"do": "open", "url": link}] + looked_at("signin") +
               [{"do": "click", "text": "Sign in"}] + expect(number, "Heap overflow") +
               glanced_at("queue-one") + [{"do": "click", "role": "link", "text": "Heap overflow"}] +
               expect("parse_name()", "Reply to", "Add a note"), state=jar)
        browse([{"do": "open", "url": link, "status": 404}] + expect("was used"))
        case = [{"do": "open", "url": f"{staff}/case/{number}"}]
        browse(case + [{"do": "fill", "label": "Reply to", "value": "We see the same here."},
                       {"do": "click", "text": "Send reply"}] +
               expect("The reply is on its way.", "We see the same here."), state=jar)
        mail = until("the reply", lambda: d.sink.to("alice@reporter.example")[1:])[0]["mail"]
        check("We see the same here." in mail.get_body().get_content(), "the reply's text")
        equal(mail["References"].split()[0], "<first@reporter.example>", "the reply threads")
        browse(case + [{"do": "fill", "label": "Add a note", "value": "Smells like 2024."},
                       {"do": "click", "text": "Add note"}] +
               expect("The note is kept.", "Smells like 2024."), state=jar)
        browse(case + [{"do": "open-details", "text": "Hand over"},
                       {"do": "choose", "label": "New handler", "option": "Sam Example"},
                       {"do": "fill", "label": "Reason", "value": "Sam knows the parser."},
                       {"do": "click", "text": "Hand over"}] +
               expect("The case has a new handler.") + glanced_at("case-handed-over"), state=jar)
        now = d.case(number)
        equal(now["handler"], "sam", "the handler after the form")
        check(way_back.rsplit("/", 1)[1] not in json.dumps(now), "the way back is the reporter's alone")
        equal(len(d.sink.to("alice@reporter.example")), 2, "mails to the reporter")
        check(all(b"Smells" not in m["raw"] for m in d.sink.mails), "the note stays inside")
        browse(case + [{"do": "open-details", "text": "What it says"}] +
               expect("/r/(private)", "Acknowledged") +
               [{"do": "click", "text": "Sign out", "refused": staff + "/"}] +
               expect("Please sign in") +
               [{"do": "open", "url": f"{staff}/case/{number}", "status": 403}] +
               [{"do": "absent", "text": "parse_name()"}], state=jar)


def story_a_reporter_follows_the_way_back_and_writes_an_answer():
    with Desk() as d:
        number, link = reported(d)
        jar = d.dir / "jar"
        browse([{"do": "open", "url": link}] + looked_at("way-back") +
               [{"do": "click", "text": "Open"}] + expect(number, "parse_name()", "has your report") +
               [{"do": "absent", "text": "Robin"},
                {"do": "fill", "label": "Write to the team", "value": "It also needs --lax."},
                {"do": "click", "text": "Send"}] +
               expect("The team has your words.", "It also needs --lax.") + glanced_at("reporter-wrote"),
               state=jar)
        until("her answer in the case", lambda: "It also needs --lax." in str(d.case(number)))
        # elsewhere the same link is spent, and offers a new one
        before = len(d.sink.to("alice@reporter.example"))
        browse([{"do": "open", "url": link}, {"do": "absent", "text": "parse_name()"}] +
               looked_at("way-back-spent") + [{"do": "click", "text": "new link"}] +
               expect("A new link is on its way"))
        mail = until("the new link", lambda: d.sink.to("alice@reporter.example")[before:])[0]["mail"]
        fresh = way_back_of(mail)
        check(fresh != link, "the new link is another one")
        browse([{"do": "open", "url": fresh}, {"do": "click", "text": "Open"}] + expect("parse_name()"))


def story_an_attachment_is_saved_and_never_shown():
    with Desk() as d:
        number, link = reported(d)
        staff = f"http://127.0.0.1:{d.staff}"
        handler = browse([{"do": "open", "url": signin_link(d)}, {"do": "click", "text": "Sign in"},
                          {"do": "open", "url": f"{staff}/case/{number}"},
                          {"do": "download", "text": "poc.html"}], javascript=True)
        reporter = browse([{"do": "open", "url": link}, {"do": "click", "text": "Open"},
                           {"do": "download", "text": "poc.html"}], javascript=True)
        for who in (handler, reporter):
            got = who["downloads"][0]
            equal((got["status"], got["name"]), (200, "poc.html"), "the file")
            equal(got["text"].replace("\r\n", "\n").strip(), "<script>alert(1)</script>" + POC.strip(), "its bytes")
            h = got["headers"]
            check(h["content-disposition"].startswith("attachment"), f"an attachment: {h}")
            equal(h["x-content-type-options"], "nosniff", "nosniff")
            check("html" not in h["content-type"], f"the type: {h['content-type']}")
        status, _, _ = d.get(f"/case/{number}/message/1/part/1", staff=True)
        equal(status, 403, "a download without a session")


def filled(d):
    """A desk as on a weekday: several cases, one held mail, a conversation."""
    number, link = reported(d)
    d.cli("user", "add", "sam", "--name", "Sam Example", "--email", "sam@desk.example",
              "--role", "handler")
    others = [("Session cookie is not bound to the host", "kim@research.example",
               "The cookie of /login is sent to every subdomain.\n\nKim\n"),
              ("Denial of service by nested arrays", "lee@uni.example",
               "A document of 40 kB with nested arrays takes eight minutes.\n\nLee\n"),
              ("Signature check accepts an empty key", "noor@audit.example",
               "verify() returns true when the key file is empty.\n\nNoor\n")]
    for i, (subject, sender, body) in enumerate(others):
        name = body.split()[-1]
        d.send(report(subject=subject, sender=sender, mid=f"other{i}@x.example", body=body)
               .replace("Alice", name), sender=sender)
        until("its acknowledgement", lambda s=sender: d.sink.to(s))
    cookie = session(d, d.cli("user", "signin", "robin")["url"])

    def form(form_id, action, **fields):
        page = d.get(f"/case/{number}", staff=True, cookie=cookie)[2]
        equal(post(d, cookie, f"/case/{number}/{action}", form_of(page, form_id) | fields)[0], 303, action)
    csrf = form_of(d.get(f"/case/{number}", staff=True, cookie=cookie)[2], "note-form")["csrf"]
    post(d, cookie, f"/case/{number}/set",
         {"csrf": csrf, "title": "Heap overflow in the parser", "severity": "high"})
    numbers = {c["title"]: c["number"] for c in d.cases()}
    d.cli("case", "set", numbers["Session cookie is not bound to the host"], "--severity", "medium")
    form("write-1", "reply", text="Hello Alice,\n\nthank you. We can reproduce the overflow with your file and "
         "look for its origin now. You will hear from us on Friday.\n\nRobin")
    reply = until("the reply", lambda: d.sink.to("alice@reporter.example")[1:])[0]["mail"]
    d.send(report(subject="Re: " + reply["Subject"], mid="second@reporter.example",
                  extra=f"In-Reply-To: {reply['Message-ID']}\nReferences: {reply['Message-ID']}\n",
                  body="Good to hear. It began with version 2.4, by the way.\n\n> You will hear from us on Friday.\n"))
    until("her answer", lambda: "version 2.4" in str(d.case(number)))
    form("note-form", "note", text="Version 2.4 brought the new length table: start there.")
    if SHOTS:
        browse([{"do": "open", "url": d.cli("user", "signin", "robin")["url"]}, {"do": "click", "text": "Sign in"},
                {"do": "open", "url": f"http://127.0.0.1:{d.staff}/"}] + picture("queue", 600) +
               [{"do": "open", "url": f"http://127.0.0.1:{d.staff}/case/{number}"}] +
               picture("case", 1240) + picture("case-phone", 1100, 390))
    d.send(report(subject=f"About [{number}]", sender="mallory@elsewhere.example",
                  mid="m1@elsewhere.example", body="Please send me the details of this case.\n")
           .replace("Alice Example", "Mallory"), sender="mallory@elsewhere.example")
    until("the stranger is held", lambda: d.cli("quarantine", "list")["messages"])
    return number, link


def story_every_page_fits_a_phone_and_asks_nobody_else():
    with Desk() as d:
        number, link = filled(d)
        staff, public, jar = f"http://127.0.0.1:{d.staff}", f"http://127.0.0.1:{d.public}", d.dir / "jar"
        browse([{"do": "open", "url": signin_link(d)}, {"do": "click", "text": "Sign in"}] +
               expect(number) + looked_at("queue"), state=jar)
        seen = browse([{"do": "open", "url": f"{staff}/case/{number}"}] +
                      expect("version 2.4", "length table") + looked_at("case") +
                      [{"do": "open", "url": f"{staff}/held"}] + expect("About [") + glanced_at("held") +
                      [{"do": "click", "role": "link", "text": "About ["}] +
                      expect("It is a report") + looked_at("held-one") +
                      [{"do": "open", "url": f"{staff}/case/EX-0000-0000", "status": 404}] +
                      expect("no case of that number") + looked_at("error"), state=jar)
        check(len(seen["visited"]) >= 4, "the pages were visited")
        browse([{"do": "open", "url": public + "/"}] + expect("Report a vulnerability") +
               looked_at("policy") +
               ([{"do": "open", "url": public + "/new"}] + picture("report-form", 900) if SHOTS else []) +
               [{"do": "open", "url": public + "/nothing-here", "status": 404}] + glanced_at("error-public") +
               [{"do": "open", "url": link}, {"do": "click", "text": "Open"}] +
               expect("version 2.4") + [{"do": "absent", "text": "length table"}] +
               picture("reporter", 1080) + looked_at("reporter"))
