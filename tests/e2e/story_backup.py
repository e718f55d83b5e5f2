# SPDX-License-Identifier: Apache-2.0
"""A backup taken while mail flows loses nothing, and a restored desk does nothing by itself."""
import os
import pathlib
import shutil
import sqlite3
import tempfile
import threading

from desk import Desk, Postgres, Sink, check, equal, free_port, report, until


class Restored(Desk):
    """A desk that `vulndesk restore` made, with ports and a next hop of its own."""

    def __init__(self, source, backup, *more, ok=True):
        self.binary = source.binary
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vulndesk-e2e-"))
        self.home = self.dir / "desk"
        self.proc, self.sink = None, Sink()
        self.smtp, self.lmtp = free_port(), free_port()
        self.public, self.staff = free_port(), free_port()
        self.log_path = self.dir / "log"
        self.conf = self.home / "vulndesk.conf"
        self.restored = self.run("restore", "--from", str(backup), "--dir", str(self.home), *more,
                                 ok=ok)
        if self.restored.returncode == 0:
            self.set({"listen.smtp": f"127.0.0.1:{self.smtp}",
                      "listen.lmtp": f"127.0.0.1:{self.lmtp}",
                      "listen.public_http": f"127.0.0.1:{self.public}",
                      "listen.staff_http": f"127.0.0.1:{self.staff}",
                      "desk.base_url": f"http://127.0.0.1:{self.public}",
                      "desk.staff_url": f"http://127.0.0.1:{self.staff}",
                      "mail.submission_url": f"smtp://127.0.0.1:{self.sink.port}"})


class Flow:
    """Mail at a steady rate from a thread; remembers what was accepted, in order."""

    def __init__(self, d):
        self.d, self.accepted, self.failed, self.ending = d, [], [], threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        n = 0
        while not self.ending.is_set():
            who = f"r{n}@finder.example"
            try:
                self.d.send(report(subject=f"Flow {n}", mid=f"flow{n}@finder.example", sender=who),
                            sender=who)
                self.accepted.append(n)
            except ConnectionRefusedError as e:  # before the desk has opened its port
                if self.accepted:
                    self.failed.append(e)
                    return
                self.ending.wait(0.02)
                continue
            except Exception as e:  # told by the story's thread
                self.failed.append(e)
                return
            n += 1
            self.ending.wait(0.03)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *a):
        self.ending.set()
        self.thread.join()


def back_up_under_load(d, *more):
    """Backup while mail flows; (folder, mails accepted before it began)."""
    backup = d.dir / "backup"
    with Flow(d) as flow:
        until("mail flows", lambda: len(flow.accepted) >= 15 or flow.failed)
        before = len(flow.accepted)
        d.run("backup", str(backup), *more, "--config", str(d.conf))
        after = len(flow.accepted)
        until("and flows on", lambda: len(flow.accepted) >= after + 5 or flow.failed)
    check(not flow.failed, f"every mail is accepted: {flow.failed}")
    return backup, before


def subjects(d):
    return sorted(c["title"] for c in d.cases())


def nothing_goes_out(d, before):
    """All that was accepted before the backup is there once, and the desk waits for a person."""
    until("the restored spool is taken in",
          lambda: not list((d.home / "data" / "spool" / "new").iterdir()))
    titles = subjects(d)
    for n in range(before):
        equal(titles.count(f"Flow {n}"), 1, f"cases of mail {n}, accepted before the backup")
    equal(len(set(titles)), len(titles), "cases twice")
    waiting = d.cli("waiting", "list")
    check(waiting["waiting"], "something waits for a person")
    check(all("restored" in w["why"] for w in waiting["waiting"]), f"why it waits: {waiting}")
    # A new report is acknowledged at once: whatever went out by itself would have gone out before.
    d.send(report(subject="New after the restore", mid="new@finder.example",
                  sender="new@finder.example"), sender="new@finder.example")
    until("new mail works", lambda: d.sink.to("new@finder.example"))
    equal(len(d.sink.mails), 1, "mails that left the restored desk")
    return waiting


def story_a_backup_under_load_restores_elsewhere_on_sqlite():
    with Desk() as d:
        d.sink.mode = "later"  # so that the outbox is full when the backup is taken
        d.start()
        backup, before = back_up_under_load(d)
        first = d.cases()[-1]["number"]
        d.stop()
        with Restored(d, backup) as r:
            check("all of it holds" in r.restored.stdout, f"verified: {r.restored.stdout}")
            equal(list(r.home.glob("desk.dump*")), [], "left over files")
            r.start()
            waiting = nothing_goes_out(r, before)
            one = next(w for w in waiting["waiting"] if w["kind"] == "outbox")
            r.cli("waiting", "send", "--task", str(one["task"]))
            until("what a person sends goes out", lambda: r.sink.to(one["to"]))
            other = next(w for w in waiting["waiting"] if w["to"] not in ("", one["to"]))
            r.cli("waiting", "drop", "--task", str(other["task"]), "--reason", "was answered by hand")
            p = r.run("waiting", "send", "--task", str(other["task"]), "--config", str(r.conf), ok=False)
            check(p.returncode != 0, "what was dropped is gone")
            r.cli("waiting", "send", "--kind", "acknowledgement")
            until("and the others together",
                  lambda: not [w for w in r.cli("waiting", "list")["waiting"]
                               if w["mail"] == "acknowledgement"])
            texts = [e["text"] for e in r.case(first)["events"]]
            check(texts, "the case still has its history")
            r.stop()
            r.run("verify", "--config", str(r.conf))
            db = sqlite3.connect(r.home / "data" / "db" / "desk.db")
            equal(db.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0], "2", "epoch")
            equal(db.execute("SELECT count(*) FROM event WHERE kind = 'desk.restored'").fetchone()[0],
                  1, "events of the restore")
            equal(db.execute("SELECT count(*) FROM signin WHERE used_us IS NULL").fetchone()[0],
                  0, "sign-in links that are still good")
            db.close()


def story_a_backup_under_load_restores_elsewhere_on_postgresql():
    pg, other = Postgres(), Postgres()
    try:
        with Desk(store=pg.url) as d:
            d.sink.mode = "later"
            d.start()
            backup, before = back_up_under_load(d)
            d.stop()
            check((backup / "desk.dump").exists(), "the dump")
            with Restored(d, backup, "--store", other.url) as r:
                check("all of it holds" in r.restored.stdout, f"verified: {r.restored.stdout}")
                r.start()
                nothing_goes_out(r, before)
                r.stop()
                r.run("verify", "--config", str(r.conf))
            with Restored(d, backup, "--store", other.url, ok=False) as r:
                check(r.restored.returncode != 0, "a database with a desk in it is refused")
                check("not empty" in r.restored.stderr, r.restored.stderr)
    finally:
        pg.close()
        other.close()


def story_what_was_sent_is_never_sent_again_and_clocks_wait():
    settings = {"policy.detail_within": "14d", "policy.update_every": "30d"}
    with Desk(settings=settings) as d:
        d.start()
        d.send(report())
        until("the acknowledgement", lambda: d.sink.mails)
        number = d.cases()[0]["number"]
        until("its end is known",
              lambda: all(o["state"] == "sent" for t in d.case(number)["threads"]
                          for m in t["messages"] for o in m["outbox"]))
        back = d.sink.mails[0]["mail"].get_content()
        backup = d.dir / "backup"
        d.run("backup", str(backup), "--without-keys", "--config", str(d.conf))
        check(not (backup / "home" / "data" / "keys").exists(), "no keys in it")
        keys = d.home / "data" / "keys"
        d.stop()
        with Restored(d, backup, ok=False) as r:
            check("--keys" in r.restored.stderr, f"the missing keys are named: {r.restored.stderr}")
            check(not r.conf.exists(), "nothing that can be served")
        with Restored(d, backup, "--keys", str(keys)) as r:
            r.start()
            states = {c["state"] for c in r.case(number)["clocks"]}
            equal(states & {"running"}, set(), "running clocks")
            waits = r.cli("waiting", "list")
            equal(waits["waiting"], [], "mails that wait: all had been sent")
            check(waits["clocks"] > 0, "clocks wait for a person")
            equal(r.cli("waiting", "clocks")["clocks"], waits["clocks"], "clocks that go on")
            states = {c["state"] for c in r.case(number)["clocks"]}
            check("running" in states, f"they run again: {states}")
            secret = back.split("/r/")[1].split()[0]
            equal(r.get(f"/r/{secret}")[0], 200, "the reporter's way back is still good")
            r.send(report(mid="second@x.example", sender="second@x.example"), sender="second@x.example")
            until("new mail works", lambda: r.sink.to("second@x.example"))
            equal(len(r.sink.mails), 1, "mails that left")


def story_a_damaged_or_unfinished_backup_is_refused():
    with Desk() as d:
        d.start()
        d.send(report())
        until("the acknowledgement", lambda: d.sink.mails)
        backup = d.dir / "backup"
        d.run("backup", str(backup), "--config", str(d.conf))
        p = d.run("backup", str(backup), "--config", str(d.conf), ok=False)
        check(p.returncode != 0 and "not empty" in p.stderr, f"a used folder is refused: {p.stderr}")
        d.stop()

        def refused(why, change):
            copy = d.dir / "copy"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(backup, copy)
            change(copy)
            with Restored(d, copy, ok=False) as r:
                check(r.restored.returncode != 0, f"refused: {why}")
                check(not r.conf.exists(), f"nothing that can be served: {why}")
                return r.restored.stderr

        def flip(path):
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)
        blob = next(p for p in (backup / "home/data/blobs").rglob("*") if p.is_file())
        name = blob.relative_to(backup)
        check("not finished" in refused("no manifest", lambda c: (c / "manifest").unlink()), "said so")
        check(str(name.name) in refused("a changed blob", lambda c: flip(c / name)), "the file is named")
        refused("a changed database", lambda c: flip(c / "home/data/db/desk.db"))
        refused("a missing file", lambda c: os.unlink(c / name))
        refused("a changed manifest", lambda c: flip(c / "manifest"))
        with Restored(d, backup) as r:
            check(r.conf.exists(), "the untouched one is fine")
            p = r.run("restore", "--from", str(backup), "--dir", str(r.home), ok=False)
            check(p.returncode != 0 and "not empty" in p.stderr, f"a used folder is refused: {p.stderr}")
