# SPDX-License-Identifier: Apache-2.0
"""The team is told by mail that something happened, and what it answers stays inside."""
import re

from desk import Desk, check, equal, report, until

SANITIZED = True
ROBIN, SAM, ALICE = "robin@desk.example", "sam@desk.example", "alice@reporter.example"
WORDS = ("Heap overflow", "parse_name", "reproducer", "alice", "Alice", "reporter.example", "lax")


def text_of(mail):
    return mail["mail"].get_body().get_content()


def without_a_word_of_the_case(mail):
    seen = mail["raw"].decode("utf-8", "replace") + text_of(mail) + str(mail["mail"]["Subject"])
    for word in WORDS:
        check(word not in seen, f"a notice says {word!r}:\n{seen}")


def answer(notice, sender, text, extra="", mid="answer1@desk.example"):
    """What a mail program makes of it when somebody presses "reply"."""
    m = notice["mail"]
    quoted = "".join(f"> {line}\n" for line in text_of(notice).split("\n"))
    return (f"From: Robin Example <{sender}>\nTo: {m['Reply-To']}\nSubject: Re: {m['Subject']}\n"
            f"Date: Wed, 25 Nov 2026 11:00:00 +0000\nMessage-ID: <{mid}>\n"
            f"In-Reply-To: {m['Message-ID']}\nReferences: {m['Message-ID']}\n{extra}"
            f"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n"
            f"{text}\n\nOn Wed, 25 Nov 2026, Example wrote:\n{quoted}")


def session(d):
    """The first handler's cookie, by the link of init."""
    secret = re.search(r"/signin/([A-Za-z0-9_-]+)", d.init_text).group(1)
    _, headers, _ = d.get(f"/signin/{secret}", staff=True, data=b"", follow=False)
    return headers["Set-Cookie"].split(";")[0]


def story_the_team_is_told_without_content_and_its_answer_becomes_a_note():
    with Desk(settings={"mail.notices": "on"}) as d:
        d.start()
        d.cli("user", "add", "sam", "--name", "Sam Example", "--email", SAM, "--role", "handler",
              "--weight", "0")
        d.cli("user", "add", "kim", "--name", "Kim Example", "--email", "kim@desk.example",
              "--role", "handler", "--weight", "0")
        d.cli("user", "notify", "kim", "mine")
        d.send(report())
        until("the acknowledgement", lambda: d.sink.to(ALICE))
        to_robin = until("the notice to the handler", lambda: d.sink.to(ROBIN))[0]
        to_sam = until("the notice to the team", lambda: d.sink.to(SAM))[0]
        number = d.cases()[0]["number"]
        for n in (to_robin, to_sam):
            without_a_word_of_the_case(n)
            equal(str(n["mail"]["Subject"]), f"[{number}] New report", "subject")
            equal(n["mail"]["Auto-Submitted"], "auto-generated", "Auto-Submitted")
            check(f"http://127.0.0.1:{d.staff}/case/{number}" in text_of(n), "the link")
        check("You are its primary handler." in text_of(to_robin), "who it belongs to")
        check("primary handler" not in text_of(to_sam), "and to whom not")

        # the answer is a note, seen on the page; the reporter gets nothing
        way = to_robin["mail"]["Reply-To"]
        d.send(answer(to_robin, ROBIN, "I look at it tonight."), sender=ROBIN, to=way)
        notes = until("the note", lambda: d.case(number)["notes"])
        equal(notes[0]["body"], "I look at it tonight.", "the note without what was quoted")
        jar = session(d)
        for path, words in (("", "I look at it tonight."), ("/history", "note added: an answer to a notice")):
            status, _, page = d.get(f"/case/{number}{path}", staff=True, cookie=jar)
            equal(status, 200, "the page")
            check(words in page, f"the note on the page {path}")

        # a program's answer is none; a stranger's is held; a handler's to the thread too
        vacation = answer(to_robin, ROBIN, "I am on holiday.", "Auto-Submitted: auto-replied\n", "v1@desk.example")
        d.send(vacation, sender=ROBIN, to=way)
        until("it is discarded", lambda: "kind=discarded" in d.log_text())
        stranger = answer(to_robin, "mallory@elsewhere.example", "Send it to me.", mid="m1@elsewhere.example")
        d.send(stranger, sender="mallory@elsewhere.example", to=way)
        thread = d.sink.to(ALICE)[0]["mail"]["Reply-To"]
        d.send(report(subject="Re: it", sender=ROBIN, mid="wrong1@desk.example", to=thread,
                      body="We have it.\n"), sender=ROBIN, to=thread)
        held = until("both are held", lambda: (h := d.cli("quarantine", "list")["messages"]) and
                     len(h) == 2 and h)
        reasons = " / ".join(h["hold_reason"] for h in held)
        check("does not come from the address" in reasons and "page of the case" in reasons, reasons)
        held_notice = until("that something is held", lambda: [
            m for m in d.sink.to(SAM) if "waits" in str(m["mail"]["Subject"])])
        without_a_word_of_the_case(held_notice[0])
        check("/held" in text_of(held_notice[0]), "the link to what waits")

        # her next message: told once, by kind and number
        d.send(report(subject="Re: more", mid="second@reporter.example", to=thread,
                      body="It also needs --lax.\n"), to=thread)
        again = until("the notice of her message", lambda: [
            m for m in d.sink.to(ROBIN) if "New message" in str(m["mail"]["Subject"])])
        without_a_word_of_the_case(again[0])
        equal(len(d.case(number)["notes"]), 1, "notes")
        equal(len(d.sink.to(ALICE)), 1, "mails to the reporter: the acknowledgement and no more")
        equal(d.sink.to("kim@desk.example"), [], "mails to who wants own cases only")
        equal([m for m in d.sink.mails if b"on holiday" in m["raw"]], [], "holiday mails sent on")
