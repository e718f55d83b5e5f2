# SPDX-License-Identifier: Apache-2.0
"""A working day on the case page: writing with a preview, drafts and second thoughts; a colleague who
is faster; hostile content; the keyboard alone.

VULNDESK_LOOK=FOLDER makes pictures of it, on a desktop, on a phone and in the dark.
"""
import base64

from browser import DESKTOP, LOOK, PHONE, browse, expect, fill, looked_at, shot
from desk import Desk, check, equal, form_of, post, session, until
from story_browser import reported, signin_link

ALICE = "alice@reporter.example"


def click(text, **more):
    return [{"do": "click", "text": text, **more}]


def value(label, text):
    return [{"do": "value", "label": label, "value": text}]


def looked_hard(name):
    """As looked_at, for a page that strangers have made heavy."""
    return ([{"do": "axe"}, {"do": "no-sideways"}] + shot(name, LOOK) +
            [PHONE, {"do": "no-sideways"}] + shot(name + "-phone", LOOK) + [DESKTOP])


def colleague(d, login="sam", name="Sam Example"):
    """A second account: the link by which it signs in."""
    d.cli("user", "add", login, "--name", name, "--email", f"{login}@desk.example", "--role", "handler")
    return d.cli("user", "signin", login)["url"]


def mails(d):
    return d.sink.to(ALICE)


def story_a_reply_is_previewed_kept_undone_and_sent():
    with Desk(settings={"mail.undo": "60s"}) as d:
        number, _ = reported(d)
        jar, case = d.dir / "jar", f"http://127.0.0.1:{d.staff}/case/{number}"
        browse([{"do": "open", "url": signin_link(d)}] + click("Sign in"), state=jar)
        text = "We see it too.\n\n  It is in <name.c>, line 40."
        browse([{"do": "open", "url": case}] + fill("Reply to", text) + click("Preview") +
               expect("Before it is sent", ALICE, "It is in <name.c>, line 40.", "Robin Example") +
               looked_at("letter") + click("Keep writing") + value("Reply to", text) +
               # another day, another browser: the draft is there
               [{"do": "open", "url": case}] + value("Reply to", text) + expect("Draft kept") +
               fill("Add a note", "not yet") + click("Keep as draft") , state=jar)
        browse([{"do": "open", "url": case}] + value("Reply to", text) + fill("Reply to", text + "!") +
               click("Send reply") + expect("can still undo it", "Goes out at", "line 40.!") +
               looked_at("case-minute") + click("Undo") +
               expect("nothing was sent") + value("Reply to", text + "!") +
               [{"do": "absent", "text": "Goes out at"}], state=jar)
        equal(len(mails(d)), 1, "mails to the reporter after the undoing")
        browse([{"do": "open", "url": case}] + click("Send reply") + expect("Goes out at"), state=jar)
        seen = d.case(number)
        check("We see it too" in str(seen), "the reply is in the case")
        equal(len(mails(d)), 1, "mails to the reporter within the minute")
        browse([{"do": "open", "url": case}] + click("Send now") + expect("on its way") +
               value("Reply to", ""), state=jar)
        mail = until("the reply", lambda: mails(d)[1:])[0]["mail"]
        check("It is in <name.c>, line 40.!" in mail.get_body().get_content(), "the reply's text")
        equal(len(mails(d)), 2, "mails to the reporter")


def story_a_text_to_start_from_is_filled_in_and_nothing_typed_is_lost():
    with Desk() as d:
        folder = d.home / "templates" / "canned"
        folder.mkdir(parents=True)
        (folder / "ours.txt").write_text("Our own words\nDear {name}, about {number}: {this} stays.\n")
        number, _ = reported(d)
        jar, case = d.dir / "jar", f"http://127.0.0.1:{d.staff}/case/{number}"
        browse([{"do": "open", "url": signin_link(d)}] + click("Sign in") + [{"do": "open", "url": case}] +
               fill("Reply to", "Typed before.") +
               [{"do": "choose", "label": "Start from a text", "option": "Our own words"}] +
               click("Put it in") +
               value("Reply to", f"Typed before.\n\nDear Alice Example, about {number}: {{this}} stays.") +
               [{"do": "open", "url": case}] + value("Reply to", "Typed before.") +
               [{"do": "open", "url": f"{case}?template=../../vulndesk.conf&thread=1"}] +
               value("Reply to", "Typed before."), state=jar)
        # the session ends while somebody writes
        browse([{"do": "open", "url": case}] + fill("Reply to", "Half a day of work.") + [{"do": "forget"}] +
               click("Send reply", refused=f"{case}/reply#write-1") + expect("Please sign in") +
               value("What you had typed", "Half a day of work.") + looked_at("kept"), state=jar)
        equal(len(mails(d)), 1, "mails to the reporter")


def story_of_two_people_in_one_reply_the_second_is_told():
    with Desk() as d:
        number, _ = reported(d)
        jar, jar2 = d.dir / "jar", d.dir / "jar2"
        case = f"http://127.0.0.1:{d.staff}/case/{number}"
        sam = colleague(d)
        browse([{"do": "open", "url": signin_link(d)}] + click("Sign in") + [{"do": "open", "url": case}] +
               fill("Reply to", "I am on it.") + click("Keep as draft"), state=jar)
        reply = [str(d.binary), "case", "reply", number, "--text", "Robin was faster.", "--config", str(d.conf)]
        browse([{"do": "open", "url": sam}] + click("Sign in") + [{"do": "open", "url": case}] +
               expect("Robin Example is writing", "Perhaps ask first") +
               value("Reply to", "") + looked_at("case-writing") +
               fill("Reply to", "Sam's words.") + [{"do": "run", "argv": reply}] +
               click("Send reply", refused=f"{case}/reply#write-1") +
               expect("Not sent yet", "Robin was faster.", "Sam's words.") + looked_at("letter-held"), state=jar2)
        until("Robin's reply", lambda: len(mails(d)) == 2)
        browse([{"do": "open", "url": case}] + value("Reply to", "Sam's words.") + click("Send reply") +
               expect("on its way"), state=jar2)
        until("Sam's reply", lambda: len(mails(d)) == 3)


def story_a_form_sent_twice_is_sent_once():
    with Desk() as d:
        number, _ = reported(d)
        cookie = session(d, signin_link(d))
        _, _, page = d.get(f"/case/{number}", staff=True, cookie=cookie)
        fields = form_of(page, "write-1") | {"text": "Once."}
        places = {post(d, cookie, f"/case/{number}/reply", fields)[1]["Location"] for _ in range(3)}
        equal(len(places), 1, "where the answers lead")
        note = form_of(page, "note-form") | {"text": "Noted."}
        equal({post(d, cookie, f"/case/{number}/note", note)[0] for _ in range(3)}, {303}, "answers")
        until("the reply", lambda: len(mails(d)) == 2)
        equal(len(d.case(number)["notes"]), 1, "notes")
        equal(sum("Once." in m["body"] for t in d.case(number)["threads"] for m in t["messages"]), 1, "replies")


def story_with_a_script_the_draft_keeps_itself_and_a_double_click_is_one():
    with Desk(settings={"mail.undo": "10m"}) as d:
        number, _ = reported(d)
        jar, case = d.dir / "jar", f"http://127.0.0.1:{d.staff}/case/{number}"
        sam = session(d, colleague(d))
        browse([{"do": "open", "url": signin_link(d)}] + click("Sign in") + [{"do": "open", "url": case}] +
               fill("Reply to", "Kept by itself.") + expect("Draft kept just now"),
               javascript=True, state=jar)
        _, _, page = d.get(f"/case/{number}", staff=True, cookie=sam)
        check("Robin Example is writing here too" in page, "Sam is told")
        post(d, sam, f"/case/{number}/draft", form_of(page, "write-1") | {"text": "Sam, too"})
        browse([{"do": "open", "url": case}] + value("Reply to", "Kept by itself.") +
               fill("Reply to", "Once, please.") + expect("Draft kept just now", "Sam Example is writing here too") +
               [{"do": "double-click", "text": "Send reply"}] + expect("Goes out at", "s left.") +
               value("Reply to", ""), javascript=True, state=jar)
        equal(sum("Once, please." in m["body"] for t in d.case(number)["threads"] for m in t["messages"]), 1,
              "replies")


def hostile_mail():
    """All that has ever broken a page of somebody."""
    files = "".join(
        f'--b\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename="{name}"\n'
        f"Content-Transfer-Encoding: base64\n\n{base64.b64encode(b'x' * i).decode()}\n"
        for i, name in enumerate(["a" * 180 + ".bin", "<b>.html", "..%2fetc"] + [f"f{i}.txt" for i in range(197)]))
    subject = base64.b64encode("<script>alert(1)</script> \u202egnp.exe ".encode() + b"W" * 600).decode()
    quoted = "\n".join("> " * 9 + f"an old line {i} of what was written before" for i in range(200))
    body = ("</div></main><h1>Owned</h1> \u202eright to left\u2066\u2069 \u200b\n" + "A" * 300000 + "\n" +
            quoted + "\nThe end is <b>here</b>.\n")
    return (f'From: "<img src=x>\u202e Alice Example{"i" * 120}" <{ALICE}>\nTo: security@desk.example\n'
            f"Subject: =?utf-8?B?{subject}?=\nMessage-ID: <h1@reporter.example>\nMIME-Version: 1.0\n"
            'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain; charset=utf-8\n'
            f"Content-Transfer-Encoding: base64\n\n{base64.encodebytes(body.encode()).decode()}\n{files}--b--\n")


def story_hostile_content_does_not_break_the_page():
    with Desk() as d:
        d.start()
        d.send(hostile_mail())
        number = until("the case", d.cases)[0]["number"]
        d.cli("case", "set", number, "--rm", "V", "--reason", "r" * 1500)
        d.cli("case", "set", number, "--rm", "A", "--reason", "it holds")
        cookie = session(d, d.cli("user", "signin", "robin")["url"])
        csrf = form_of(d.get(f"/case/{number}", staff=True, cookie=cookie)[2], "note-form")["csrf"]
        for role in ("vendor", "coordinator"):
            post(d, cookie, f"/case/{number}/invite",
                 {"csrf": csrf, "role": role, "name": role + " W" * 40 + "W" * 90,
                  "email": f"{'l' * 60}@{'d' * 60}.{role}.example"})
        case = f"http://127.0.0.1:{d.staff}/case/{number}"
        browse([{"do": "open", "url": signin_link(d)}] + click("Sign in") + looked_hard("queue-hostile") +
                      [{"do": "open", "url": case}] + expect("U+202E", "Show all of it", "more attachments") +
                      [{"do": "absent", "text": "f150.txt, "}] + looked_hard("case-hostile") +
                      [{"do": "open-details", "text": "more attachments"}, PHONE, {"do": "no-sideways"}],
                      javascript=True)
        _, headers, page = d.get(f"/case/{number}", staff=True, cookie=cookie)
        check(f'href="/case/{number}/message/1/text"' in page, "the link to all of it")
        check(len(page) < 400000, f"the page has {len(page)} bytes")
        _, headers, text = d.get(f"/case/{number}/message/1/text", staff=True, cookie=cookie)
        equal(headers["Content-Type"], "text/plain; charset=utf-8", "the whole text's type")
        check(text.count("A" * 300000) == 1, "all of it")


def story_a_long_talk_is_folded_and_a_case_is_worked_on_by_the_keyboard_alone():
    with Desk() as d:
        number, _ = reported(d)
        for i in range(14):
            d.cli("case", "note", number, "--text", f"Step {i} of the search: the length table again and again.")
        jar, case = d.dir / "jar", f"http://127.0.0.1:{d.staff}/case/{number}"
        colleague(d)
        browse([{"do": "open", "url": signin_link(d)}] + click("Sign in") + [{"do": "open", "url": case}] +
               expect("Step 13", "parse_name()") + looked_at("case-long"), state=jar)
        browse([{"do": "open", "url": case}, {"do": "tab", "to": "Skip to the content"},
                {"do": "press", "key": "Enter"}, {"do": "tab", "to": "Reply to Alice"},
                {"do": "press", "key": "Enter"}, {"do": "tab", "to": "Reply to Alice"},
                {"do": "type", "text": "By the keyboard."}, {"do": "tab", "to": "We wait"},
                {"do": "press", "key": "Space"}, {"do": "tab", "to": "Send reply"},
                {"do": "press", "key": "Enter"}] + expect("on its way", "By the keyboard.") +
               [{"do": "tab", "to": "Add a note"}, {"do": "type", "text": "Typed, not clicked."},
                {"do": "tab", "to": "Add note"}, {"do": "press", "key": "Enter"}] +
               expect("The note is kept.") +
               [{"do": "tab", "to": "Hand over"}, {"do": "press", "key": "Enter"},
                {"do": "tab", "to": "New handler"}, {"do": "press", "key": "s"},
                {"do": "tab", "to": "Reason"}, {"do": "type", "text": "She knows it."},
                {"do": "tab", "to": "Hand over"}, {"do": "press", "key": "Enter"}] +
               expect("The case has a new handler."), state=jar)
        now = d.case(number)
        equal(now["handler"], "sam", "the handler")
        until("the reply", lambda: len(mails(d)) == 2)
