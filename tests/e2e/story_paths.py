# SPDX-License-Identifier: Apache-2.0
"""Two people who have never seen the desk, from the first link to the last page, in Chromium.

Each goes the whole way four times: on a desktop and on a phone in the dark without JavaScript, with
the keyboard alone, and on a phone in the dark with JavaScript.  VULNDESK_LOOK=FOLDER keeps pictures.
"""
import hashlib
import os
import pathlib
import signal
import sqlite3
import urllib.request

from browser import DESKTOP, LOOK, PHONE, browse, expect, glanced_at, looked_at, shot
from desk import Desk, check, equal, form_of, post, report, session, until
from story_browser import reported, signin_link, way_back_of
from story_public import FILL_MS

ALICE = "alice@reporter.example"
PASSWORD = "violet anchor seven"
REPLY = "Hello Alice,\n\nwe see it here as well & look for its <origin>.\n\nRobin"
NOTE = "The length table of 2.4, once more."
WORDS = "Here is a smaller proof."
ANSWER = "Your proof works here: thank you."
PROOF = bytes(range(256)) * 40 + b"\r\n--b1--\r\n\0"
PROOF_NAME = "proof of concept.bin"


class Mouse:
    """Points and clicks."""
    def press(self, name, **more):
        return [{"do": "click", "text": name, **more}]

    def follow(self, name):
        return [{"do": "click", "role": "link", "text": name}]

    def write(self, label, text):
        return [{"do": "fill", "label": label, "value": text}]

    def choose(self, label, option):
        return [{"do": "choose", "label": label, "option": option}]

    def unfold(self, name):
        return [{"do": "open-details", "text": name}]

    def attach(self, label, path):
        return [{"do": "upload", "label": label, "files": [path]}]


class Keyboard(Mouse):
    """Tab, Enter, Space and letters, nothing else; each stop of Tab must be seen."""
    def press(self, name, key="Enter", **more):
        return [{"do": "tab", "to": name, "as": "button"}, {"do": "press", "key": key, **more}]

    def follow(self, name):
        return [{"do": "tab", "to": name, "as": "a"}, {"do": "press", "key": "Enter"}]

    def write(self, label, text):
        return [{"do": "tab", "to": label, "as": "input, textarea"}, {"do": "type", "text": text}]

    def choose(self, label, option):
        return [{"do": "tab", "to": label, "as": "select"}, {"do": "type", "text": option}]

    def unfold(self, name):
        return [{"do": "tab", "to": name, "as": "summary"}, {"do": "press", "key": "Space"}]

    def attach(self, label, path):
        return [{"do": "tab", "to": label, "as": "input"}, {"do": "upload-here", "files": [path]}]


class Way:
    """How a person sits before it: the window, the colours, the hands, and whether scripts run."""
    def __init__(self, name, size, scheme, hands, javascript):
        self.name, self.size, self.scheme = name, size, scheme
        self.hands, self.javascript = hands, javascript

    def browse(self, jar, steps):
        begin = [self.size, {"do": "scheme", "name": self.scheme}]
        return browse(begin + steps, javascript=self.javascript, state=jar)

    def seen(self, who, page):
        """Nothing lies outside the window; a picture to look at."""
        return [{"do": "no-sideways"}] + shot(f"path-{self.name}-{who}-{page}", LOOK)


WAYS = [Way("desktop", DESKTOP, "light", Mouse(), False), Way("phone", PHONE, "dark", Mouse(), False),
        Way("keyboard", DESKTOP, "light", Keyboard(), True), Way("phone-script", PHONE, "dark", Mouse(), True)]


def handler_goes(way):
    with Desk() as d:
        number, _ = reported(d)
        d.cli("user", "add", "sam", "--name", "Sam Example", "--email", "sam@desk.example",
              "--role", "handler")
        hands, staff = way.hands, f"http://127.0.0.1:{d.staff}"

        def seen(page):
            return way.seen("handler", page)
        way.browse(d.dir / "jar", [{"do": "open", "url": signin_link(d)}] + expect("Sign in") + seen("link") +
                   hands.press("Sign in") + expect("Set a password under your name", "Heap overflow") +
                   seen("queue") + hands.follow("Robin Example") + expect("Set a password") +
                   hands.write("New password", PASSWORD) + hands.write("New password again", PASSWORD) +
                   hands.press("Set the password") + expect("The new password is set.") + seen("account") +
                   hands.follow("Cases") + expect(number) + hands.follow("Heap overflow") +
                   expect("parse_name()", "Alice Example") + seen("case") +
                   hands.write("Reply to Alice Example", REPLY) + hands.press("Preview") +
                   expect("This mail would go out", ALICE, "for its <origin>.") + seen("preview") +
                   hands.press("Send reply") + expect("The reply is on its way.") + seen("sent") +
                   hands.write("Add a note", NOTE) + hands.press("Add note") +
                   expect("The note is kept.", NOTE) + seen("noted") +
                   hands.unfold("Hand over") + hands.choose("New handler", "Sam Example") +
                   hands.write("Reason", "Sam knows the parser.") + hands.press("Hand over") +
                   expect("The case has a new handler.", "Sam knows the parser.") + seen("handed-over") +
                   hands.press("Sign out", refused=staff + "/") + expect("Please sign in") + seen("out") +
                   [{"do": "open", "url": f"{staff}/case/{number}", "status": 403},
                    {"do": "absent", "text": "parse_name()"}])
        mail = until("the reply", lambda: d.sink.to(ALICE)[1:])[0]["mail"]
        text = mail.get_body().get_content().replace("\r\n", "\n")
        check(text.startswith(REPLY + "\n"), f"the reply's text: {text}")
        equal(mail["References"].split()[0], "<first@reporter.example>", "the reply threads")
        now = d.case(number)
        equal((now["handler"], len(now["notes"])), ("sam", 1), "handler and notes")
        check(all(b"length table" not in m["raw"] for m in d.sink.mails), "the note stays inside")


def handler_reads_and_answers(d, number):
    """The other side, without a browser: gets the proof's bytes and answers by the form."""
    cookie = session(d, signin_link(d))
    page = d.get(f"/case/{number}", staff=True, cookie=cookie)[2]
    found = [f for t in d.case(number)["threads"] for m in t["messages"] if WORDS in m["body"]
             for f in m["attachments"] if f["name"] == PROOF_NAME]
    equal(len(found), 1, "the proof in the case")
    path = page[page.rindex('href="', 0, page.index(PROOF_NAME)) + 6:].split('"')[0]
    request = urllib.request.Request(f"http://127.0.0.1:{d.staff}{path}", headers={"Cookie": cookie})
    with urllib.request.urlopen(request) as r:
        equal(hashlib.sha256(r.read()).hexdigest(), hashlib.sha256(PROOF).hexdigest(), "the proof's bytes")
    status, _, _ = post(d, cookie, f"/case/{number}/reply", form_of(page, "write-1") | {"text": ANSWER})
    equal(status, 303, "the answer is taken")


def reporter_goes(way):
    with Desk() as d:
        number, link = reported(d)
        hands, jar = way.hands, d.dir / "jar"
        proof = pathlib.Path(d.dir) / PROOF_NAME
        proof.write_bytes(PROOF)

        def seen(page):
            return way.seen("reporter", page)
        way.browse(jar, [{"do": "open", "url": link}] + expect("This link opens the page") + seen("link") +
                   hands.press("Open") + expect(number, "parse_name()", "has your report") + seen("page") +
                   hands.write("Write to the team", WORDS) + hands.attach("Files", str(proof)) +
                   hands.press("Send") + expect("The team has your words.", WORDS, PROOF_NAME) + seen("wrote"))
        handler_reads_and_answers(d, number)
        way.browse(jar, [{"do": "open", "url": f"http://127.0.0.1:{d.public}/report"}] +
                   expect(ANSWER) + seen("answered") + hands.press("Close this page on this device") +
                   expect("is closed on this device") + [{"do": "absent", "text": ANSWER}] + seen("left"))
        until("the answer by mail", lambda: [m for m in d.sink.to(ALICE)
                                             if ANSWER in m["mail"].get_body().get_content()])


def each_way(goes):
    """Goes all ways; the first that fails is named."""
    for way in WAYS:
        try:
            goes(way)
        except AssertionError as e:
            raise AssertionError(f"{way.name}: {e}") from e


def story_a_handler_goes_from_the_link_to_a_case_handed_over_in_every_way():
    each_way(handler_goes)


def story_a_reporter_goes_from_the_acknowledgement_to_an_answer_in_every_way():
    each_way(reporter_goes)


def story_the_pages_of_rare_moments_are_as_good_as_the_others():
    """Empty lists, refusals, an old link, a report that is still being filed, a closed case."""
    with Desk() as d:
        number, link = reported(d)
        staff, public = f"http://127.0.0.1:{d.staff}", f"http://127.0.0.1:{d.public}"

        def page(path, status=200, where=staff):
            return [{"do": "open", "url": where + path, "status": status}]
        d.cli("case", "close", number, "--exit", "not-a-vulnerability", "--reason", "The parser refuses such names.")
        browse(page("/r/" + link.rsplit("/", 1)[1], where=public) + [{"do": "click", "text": "Open"}] +
               expect("The case is closed.", "The parser refuses such names.") + looked_at("reporter-closed") +
               page("/advisories", where=public) + expect("Security advisories") + looked_at("advisories-none") +
               page("/report/credit", where=public) + glanced_at("reporter-credit-early"))
        browse([{"do": "open", "url": signin_link(d)}] + Mouse().press("Sign in") + expect("No open cases.") +
               page(f"/case/{number}") + expect("The parser refuses such names.") + looked_at("case-closed") +
               Mouse().follow("Everything that was recorded") + expect("case closed", "command line") + looked_at("case-history") +
               page("/search") + glanced_at("search-start") +
               page("/advisories") + glanced_at("advisories-staff-none") +
               page("/policy") + expect("revision 1") + glanced_at("policy-none"))
        form = page("/new", where=public) + Mouse().write("What is it about?", "Too quick") + \
            Mouse().write("Description", "Nobody types as fast as this.")
        browse(form + Mouse().press("Send the report", refused=public + "/new") +
               expect("sooner than a person") + looked_at("report-form-refused"))
        # the worker stands still: the link shows so, and goes on by itself
        for pid in d.role_pids("worker"):
            os.kill(pid, signal.SIGSTOP)
        go_on = [{"do": "run", "argv": ["kill", "-CONT", str(pid)]} for pid in d.role_pids("worker")]
        browse(form + [{"do": "open-for", "ms": FILL_MS}] + Mouse().press("Send the report") +
               Mouse().follow("Open my report") + expect("is being filed") + glanced_at("way-back-waits") +
               go_on + expect("This link opens the page"))
        # a link that is too old
        d.send(report(sender="carol@reporter.example", mid="c1@reporter.example"), "carol@reporter.example")
        mail = until("another acknowledgement", lambda: d.sink.to("carol@reporter.example"))[0]["mail"]
        with sqlite3.connect(d.home / "data" / "db" / "desk.db") as db:
            changed = db.execute("UPDATE way_back SET expires_us = 1 WHERE used_us IS NULL").rowcount
        check(changed >= 1, "links that were made old")
        browse([{"do": "open", "url": way_back_of(mail)}] + expect("This link is too old", "Mail me a new link") +
               glanced_at("way-back-old"))
