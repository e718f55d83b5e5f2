# SPDX-License-Identifier: Apache-2.0
"""An old mailbox becomes cases: nobody is written to, conversations stay together."""
import json

from desk import Desk, check, equal, report


def mbox(d, name, mails):
    path = d.dir / name
    path.write_text("".join(f"From x@y.example Wed Nov 25 10:00:00 2020\n{m}\n" for m in mails),
                    encoding="utf-8")
    return str(path)


def old(n, sender="alice@reporter.example", to="security@desk.example", ref=None, body="Text.\n"):
    extra = f"In-Reply-To: <{ref}>\nReferences: <{ref}>\n" if ref else ""
    return report(subject=f"Hole {n}", sender=sender, to=to, mid=f"{n}@old.example", extra=extra,
                  body=body).replace("25 Nov 2026", "04 Mar 2019").replace("Wed,", "Mon,")


def story_an_old_mailbox_becomes_cases_and_nobody_is_written_to():
    with Desk() as d:
        d.start()
        # The answer stands before its question in the file.
        path = mbox(d, "old.mbox", [
            old("b", sender="security@desk.example", to="alice@reporter.example", ref="a@old.example",
                body="Thank you.\n\nFrom here on we work on it.\n>From the archive\n"),
            old("a", body="It is broken.\n"),
            old("c", ref="b@old.example", body="More.\n"),
            old("d", sender="carol@other.example"),
            old("big", body="x" * 70 + "\n" * 500),
            old("a", body="It is broken.\n")])
        d.set({"mail.max_size": "64K"})
        said = d.cli("import", path)
        equal({k: v for k, v in said.items() if v},
              {"mails": 6, "new": 3, "joined": 1, "team": 1, "duplicate": 1}, "what became of them")
        cases = d.cases()
        equal(sorted(c["number"] for c in cases), ["EX-2019-0001", "EX-2019-0002", "EX-2019-0003"],
              "cases of their year")
        talk = next(c for c in (d.case(c["number"]) for c in cases) if "It is broken." in json.dumps(c))
        equal([m["direction"] for t in talk["threads"] for m in t["messages"]], ["in", "out", "in"],
              "one conversation, in order")
        check("From the archive" in json.dumps(talk) and ">From" not in json.dumps(talk), "unquoted")
        equal(talk["clocks"], [], "no clock runs")
        again = d.cli("import", path)
        equal((again["known"], again["duplicate"], again["new"]), (5, 1, 0), "a second run knows all")
        closed = d.cli("import", mbox(d, "closed.mbox", [old("e"), old("f", ref="e@old.example")]),
                       "--closed")
        equal((closed["new"], closed["joined"]), (1, 1), "one more conversation")
        equal(len(d.cases("closed")), 1, "closed")
        bad = d.dir / "no.mbox"
        bad.write_text("Subject: a mail alone\n\ntext\n")
        p = d.run("import", str(bad), "--config", str(d.conf), ok=False)
        check(p.returncode != 0 and "no mbox" in p.stderr, f"a clear refusal: {p.stderr}")
        equal((d.sink.mails, d.sink.attempts), ([], 0), "nothing was sent to anybody")
