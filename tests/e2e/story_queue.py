# SPDX-License-Identifier: Apache-2.0
"""The handler's queue: filters, search, many decisions at once, and what comes while one looks.

VULNDESK_LOOK=FOLDER keeps a picture of every page on a desktop, on a phone and in the dark.
"""
import sys

from browser import browse, expect, glanced_at, looked_at
from desk import Desk, check, equal, report, until
from story_browser import signin_link

SEND = ("import smtplib, sys\n"
        "with smtplib.SMTP('127.0.0.1', int(sys.argv[1])) as s:\n"
        "    s.sendmail(sys.argv[2], ['security@desk.example'], sys.stdin.read() or sys.argv[3])\n")


def meanwhile(d, raw, sender):
    """A mail that comes while the page is open."""
    return [{"do": "run", "argv": [sys.executable, "-c", SEND, str(d.smtp), sender, raw.replace("\n", "\r\n")]}]


def reports(d):
    """Three cases: numbers by subject."""
    subjects = ("Heap overflow in the parser", "Cross-site scripting in <b>titles</b>", "Weak random numbers")
    for i, subject in enumerate(subjects):
        d.send(report(subject=subject, sender=f"finder{i}@reporter.example", mid=f"q{i}@reporter.example",
                      body=f"Report number {i}: look at src/module{i}.c, function frobnicate_{i}().\n"),
               sender=f"finder{i}@reporter.example")
    until("three acknowledged cases", lambda: len(
        [c for c in d.cases() if c["phase"] not in ("received", "Received")]) == 3)
    return {c["title"]: c["number"] for c in d.cases()}


def signed_in(d, jar):
    browse([{"do": "open", "url": signin_link(d)}, {"do": "click", "text": "Sign in"}] + expect("Cases"), state=jar)
    return f"http://127.0.0.1:{d.staff}"


def story_the_queue_is_filtered_and_searched_without_scripts():
    with Desk() as d:
        d.start()
        numbers = reports(d)
        heap = numbers["Heap overflow in the parser"]
        d.cli("case", "set", heap, "--severity", "critical")
        jar = d.dir / "jar"
        staff = signed_in(d, jar)
        start = [{"do": "open", "url": staff + "/"}]
        browse(start + expect("1 new", "<b>titles</b>") + glanced_at("queue") +
               [{"do": "choose", "label": "Severity", "option": "Critical"}, {"do": "click", "text": "Filter"}] +
               expect(heap) + [{"do": "absent", "text": "Weak random"}] + glanced_at("queue-filtered") +
               [{"do": "click", "role": "link", "text": "Clear"}] + expect("Weak random") +
               # what was opened is read
               [{"do": "click", "role": "link", "text": "Heap overflow"}] + expect("frobnicate_0") + start +
               [{"do": "choose", "label": "State", "option": "New for you"}, {"do": "click", "text": "Filter"}] +
               expect("Weak random") + [{"do": "absent", "text": heap}], state=jar)
        browse(start + [{"do": "fill", "label": "Search cases and messages", "value": "frobnicate_2"},
                        {"do": "press", "key": "Enter"}] +
               expect(numbers["Weak random numbers"]) + [{"do": "absent", "text": heap}] + looked_at("search") +
               [{"do": "click", "role": "link", "text": "Weak random"}] + expect("src/module2.c") +
               [{"do": "fill", "label": "Search cases and messages", "value": heap.lower()},
                {"do": "press", "key": "Enter"}] + expect("frobnicate_0") +
               [{"do": "fill", "label": "Search cases and messages", "value": "\"')-- <b>zzz*"},
                {"do": "press", "key": "Enter"}] + expect("Nothing found") + looked_at("search-nothing"), state=jar)
        found = d.cli("case", "search", "module1.c")["cases"]
        equal([c["title"] for c in found], ["Cross-site scripting in <b>titles</b>"], "the search of the command line")


def story_many_that_wait_are_put_away_with_one_reason():
    with Desk() as d:
        d.start()
        jar = d.dir / "jar"
        staff = signed_in(d, jar)
        for i in range(4):
            d.send(report(subject=f"[EX-2026-0999] Pills {i}", sender=f"x{i}@spam.example", mid=f"s{i}@spam.example",
                          body=f"Cheap pills, offer {i}.\n"), sender=f"x{i}@spam.example")
        until("four that wait", lambda: d.cli("case", "list")["held"] == 4)
        held = [{"do": "open", "url": staff + "/held"}]
        browse(held + expect("Pills 3") + glanced_at("held") +
               [{"do": "check", "label": "Pills 1"}, {"do": "fill", "label": "Reason", "value": "Advertising"},
                {"do": "click", "text": "It is spam"}] + expect("among the spam") +
               [{"do": "absent", "text": "Pills 1"}] + expect("Pills 0") +
               [{"do": "click", "role": "link", "text": "Tick all"}] + looked_at("held-ticked") +
               [{"do": "fill", "label": "Reason", "value": "More of the same"},
                {"do": "click", "text": "Discard"}] + expect("They are discarded.", "Nothing waits") +
               looked_at("held-empty"), state=jar)
        equal(d.cli("case", "list")["held"], 0, "what still waits")


def story_what_comes_while_one_looks_appears_by_itself():
    with Desk() as d:
        d.start()
        numbers = reports(d)
        heap = numbers["Heap overflow in the parser"]
        jar = d.dir / "jar"
        staff = signed_in(d, jar)
        late = report(subject="Arrived while you looked", sender="late@reporter.example", mid="late@reporter.example")
        # The search field keeps what is being typed, and the filter that is being set.
        answer = browse(
            [{"do": "open", "url": staff + "/"}] + expect("Weak random") +
            [{"do": "choose", "label": "Severity", "option": "High"},
             {"do": "fill", "label": "Search cases and messages", "value": "half a wo"}] +
            meanwhile(d, late, "late@reporter.example") +
            expect("Arrived while you looked", "Something new came in") +
            [{"do": "value", "label": "Search cases and messages", "value": "half a wo"},
             {"do": "value", "label": "Severity", "value": "high"}] + looked_at("queue-live"),
            javascript=True, state=jar)
        check(sum(u.startswith("http") for u in answer["visited"]) == 1, f"one page was loaded: {answer['visited']}")
        # A note by somebody else arrives in the open case.
        browse([{"do": "open", "url": f"{staff}/case/{heap}"}] + expect("frobnicate_0") +
               [{"do": "run", "argv": [str(d.binary), "case", "note", heap, "--text", "Written at the console",
                                       "--config", str(d.conf)]}] +
               expect("Something new came in", "Written at the console"), javascript=True, state=jar)
        # The session's end is the stream's.
        browse([{"do": "open", "url": staff + "/"}] + expect("Weak random") +
               [{"do": "run", "argv": [sys.executable, "-c", "import urllib.request"]},
                {"do": "click", "text": "Sign out", "refused": staff + "/"}] + expect("Please sign in"),
               javascript=True, state=jar)
        status = d.get("/events", staff=True)[0]
        equal(status, 403, "a stream without a session")
