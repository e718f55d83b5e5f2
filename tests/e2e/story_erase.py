# SPDX-License-Identifier: Apache-2.0
"""The content of a closed case can be erased, and is then nowhere any more; its chain still holds."""
import glob
import os
import sqlite3
import subprocess
import time

from desk import Desk, Postgres, check, equal, report, until

# One word for each place where a stranger's or our own text is kept.
WORDS = ["xqsubjectq", "xqbodyq", "xqnameq", "xqaddressq", "xqfileq", "xqreplyq", "xqnoteq",
         "xqtitleq", "xqreasonq"]
MIXED = """From: Xqnameq Example <xqaddressq@reporter.example>
To: security@desk.example
Subject: xqsubjectq in the parser
Message-ID: <erase1@xqaddressq.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

xqbodyq: a long text. %s
--b
Content-Type: text/plain; name=xqfileq.txt
Content-Disposition: attachment; filename=xqfileq.txt

attached
--b--
""" % ("xqbodyq and more of it\n" * 400)


def worked_on(d):
    """A case with content everywhere, closed; and another one that stays."""
    d.send(MIXED, sender="xqaddressq@reporter.example")
    until("the acknowledgement", lambda: d.sink.to("xqaddressq@reporter.example"))
    number = d.cases()[0]["number"]
    conf = ["--config", str(d.conf)]
    d.run("case", "reply", number, "--text", "xqreplyq: thank you", *conf)
    d.run("case", "note", number, "--text", "xqnoteq: internal", *conf)
    d.run("case", "set", number, "--title", "xqtitleq", *conf)
    until("the reply has gone", lambda: len(d.sink.to("xqaddressq@reporter.example")) == 2)
    until("their ends are known", lambda: all(
        o["state"] == "sent" for t in d.case(number)["threads"] for m in t["messages"]
        for o in m["outbox"]))
    d.send(report(subject="Another report that stays", mid="stays@x.example",
                  sender="stays@x.example"), sender="stays@x.example")
    until("the other one", lambda: d.sink.to("stays@x.example"))
    return number


def in_files(d):
    """Which words stand in which files of the data folder."""
    found = []
    for path in (d.home / "data").rglob("*"):
        if path.is_file():
            data = path.read_bytes().lower()
            found += [(w, path.name) for w in WORDS if w.encode() in data]
    return found


def in_dump(pg):
    dump = (glob.glob("/usr/lib/postgresql/*/bin/pg_dump") + ["pg_dump"])[0]
    if os.environ.get("VULNDESK_PG_BIN"):
        dump = os.environ["VULNDESK_PG_BIN"] + "/pg_dump"
    p = subprocess.run([dump, "-d", pg.url], capture_output=True, text=True, check=True)
    return [(w, "dump") for w in WORDS if w in p.stdout.lower()]


def erased(d, where, found):
    conf = ["--config", str(d.conf)]
    number = worked_on(d)
    p = d.run("case", "erase", number, "--reason", "asked for", *conf, ok=False)
    check(p.returncode != 0 and "open" in p.stderr, f"an open case is refused: {p.stderr}")
    d.run("case", "close", number, "--exit", "not-a-vulnerability", "--reason", "xqreasonq", *conf)
    seen = {w for w, _ in found()}
    check(seen >= {"xqbodyq", "xqaddressq", "xqtitleq"}, f"the words are found before: {seen}")
    blobs = {p.name for p in (d.home / "data" / "blobs").rglob("*") if p.is_file()}
    equal(len(blobs), 2, "blobs before")
    events = len(d.case(number)["events"])
    d.run("case", "erase", number, "--reason", "the reporter asked for it", *conf)
    until("the sealed mail is gone", lambda: 1 == len(
        [p for p in (d.home / "data" / "blobs").rglob("*") if p.is_file()]))
    until(f"no word is left in {where}", lambda: not found())
    c = d.case(number)
    equal(len(c["events"]), events + 1, "events afterwards")
    check(c["closed"] and c["phase"], "its times and state stay")
    p = d.run("case", "erase", number, "--reason", "again", *conf, ok=False)
    check("already" in p.stderr, f"once only: {p.stderr}")
    page = d.cli("case", "list", "--which", "all")["cases"]
    equal(sorted(x["title"] for x in page), ["(erased)", "Another report that stays"], "titles")
    link = d.cli("user", "signin", "robin")["url"].split("/signin/")[1]
    _, headers, _ = d.get(f"/signin/{link}", staff=True, data=b"", follow=False)
    page = d.get(f"/case/{number}", staff=True, cookie=headers["Set-Cookie"].split(";")[0])[2]
    check("was erased on" in page, "the page of the case says so")
    equal([w for w in WORDS if w in page.lower()], [], "words on the page")
    # A late answer names the case and waits for a person: nothing of it is joined to what is gone.
    d.send(report(subject=f"Re: [{number}] late", mid="late@x.example", sender="late@x.example",
                  extra="In-Reply-To: <other@reporter.example>\n"), sender="late@x.example")
    until("it waits", lambda: d.cli("quarantine", "list")["messages"])
    equal(len(d.cases()), 2, "cases")
    d.stop()
    p = d.run("verify", *conf)
    check("shredded" in p.stdout and "all of it holds" in p.stdout, p.stdout)
    return number


def story_an_erased_case_is_nowhere_any_more_on_sqlite():
    with Desk(settings={"mail.undo": "0s"}) as d:
        d.start()
        number = erased(d, "the data folder", lambda: in_files(d))
        equal(in_files(d), [], "words after the desk has ended")
        log = d.log_text().lower()
        equal([w for w in WORDS if w in log], [], "words in the log")
        db = sqlite3.connect(d.home / "data" / "db" / "desk.db")
        at, = db.execute("SELECT erased_us FROM vcase WHERE number = ?", (number,)).fetchone()
        check(abs(at / 1e6 - time.time()) < 600, "when it was erased")
        db.close()


def story_an_erased_case_is_nowhere_any_more_on_postgresql():
    pg = Postgres()
    try:
        with Desk(store=pg.url, settings={"mail.undo": "0s"}) as d:
            d.start()
            erased(d, "a dump", lambda: in_dump(pg))
    finally:
        pg.close()


def story_closed_cases_are_erased_when_their_time_is_over():
    with Desk(settings={"mail.undo": "0s", "retention.closed_after": "30d"}) as d:
        d.start()
        number = worked_on(d)
        d.run("case", "close", number, "--exit", "not-a-vulnerability", "--reason", "x", "--config", str(d.conf))
        d.stop()
        db = sqlite3.connect(d.home / "data" / "db" / "desk.db")
        db.execute("UPDATE vcase SET closed_us = closed_us - ?", (31 * 86400 * 1000000,))
        db.commit()
        db.close()
        d.start()
        until("the old one is erased", lambda: "(erased)" in [c["title"] for c in d.cases()])
        until("nothing of it is left", lambda: not in_files(d))
        equal(len([c for c in d.cases() if c["title"] == "(erased)"]), 1, "only the closed one")
        d.stop()
        d.run("verify", "--config", str(d.conf))


def story_what_was_joined_or_moved_is_erased_with_its_case():
    with Desk(settings={"mail.undo": "0s"}) as d:
        d.start()
        conf = ["--config", str(d.conf)]
        for n, word in enumerate(("xqbodyq", "xqsubjectq", "xqnameq")):
            d.send(report(subject=f"{word} number {n}", mid=f"join{n}@{word}.example", body=f"{word}\n",
                          sender=f"{word}@finder.example"), sender=f"{word}@finder.example")
            until("its case", lambda: len(d.cases()) == n + 1)
        until("all are acknowledged", lambda: len(d.sink.mails) == 3)
        until("their ends are known", lambda: all(
            o["state"] == "sent" for c in d.cases() for t in d.case(c["number"])["threads"]
            for m in t["messages"] for o in m["outbox"]))
        first, second, third = sorted(c["number"] for c in d.cases())
        d.run("case", "join", first, second, "--reason", "the same hole", *conf)
        # A thread that came from a case that stays.
        d.run("case", "join", third, first, "--reason", "by mistake", *conf)
        thread = next(t["id"] for t in d.case(third)["threads"] if "xqbodyq" in str(t))
        made = d.cli("case", "split", str(thread), "--title", "xqtitleq", "--reason", "apart")["number"]
        d.run("case", "close", made, "--exit", "not-a-vulnerability", "--reason", "x", *conf)
        p = d.run("case", "erase", second, "--reason", "x", *conf, ok=False)
        check(p.returncode != 0, "an open one under its old number is refused")
        d.run("case", "erase", made, "--reason", "asked for", *conf)
        gone = ("xqbodyq@finder.example", "xqtitleq")
        until("its reporter is nowhere any more", lambda: not [
            w for w in gone for path in (d.home / "data").rglob("*")
            if path.is_file() and w.encode() in path.read_bytes()])
        check("xqsubjectq" in {w for w, _ in in_files(d)}, "the case it came from keeps its content")
        d.run("case", "close", third, "--exit", "not-a-vulnerability", "--reason", "x", *conf)
        d.run("case", "erase", third, "--reason", "asked for", *conf)
        until("and of the rest no word is left", lambda: not in_files(d))
        d.stop()
        d.run("verify", *conf)
