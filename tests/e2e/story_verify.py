# SPDX-License-Identifier: Apache-2.0
"""`vulndesk verify` names what was changed, and collects what a crash left."""
import os
import smtplib
import sqlite3
import time

from desk import Desk, check, equal, report, until


def acknowledged(d):
    d.start()
    d.send(report())
    until("the acknowledgement", lambda: d.sink.mails)
    d.stop()


def story_files_that_no_row_names_are_collected_when_they_are_old():
    with Desk() as d:
        acknowledged(d)
        blobs = d.home / "data" / "blobs"
        orphan = blobs / "ab" / ("ab" + "0" * 62)
        orphan.parent.mkdir(exist_ok=True)
        orphan.write_bytes(b"left by a crash")
        d.run("verify", "--collect", "--config", str(d.conf))
        check(orphan.exists(), "a young one may belong to a mail that is just being taken in")
        os.utime(orphan, (time.time() - 90000,) * 2)
        d.run("verify", "--collect", "--config", str(d.conf))
        check(not orphan.exists(), "an old one is removed")
        equal(sum(1 for p in blobs.rglob("*") if p.is_file()), 1, "blobs afterwards")


def story_a_changed_event_is_named():
    with Desk() as d:
        acknowledged(d)
        db = sqlite3.connect(d.home / "data" / "db" / "desk.db")
        db.execute("UPDATE event SET actor = 'handler:mallory' WHERE chain = 1 AND seq = 2")
        db.commit()
        db.close()
        p = d.run("verify", "--config", str(d.conf), ok=False)
        equal(p.returncode, 1, "exit code")
        check("chain 1, seq 2" in p.stdout, f"the first bad row is named: {p.stdout}")


def story_the_running_desk_collects_what_no_row_names():
    with Desk() as d:
        acknowledged(d)
        blobs = d.home / "data" / "blobs"
        old, young = blobs / "00" / ("00" + "1" * 62), blobs / "01" / ("01" + "2" * 62)
        for path in (old, young):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"left by a crash")
        os.utime(old, (time.time() - 90000,) * 2)
        for path in blobs.rglob("*"):
            if path.is_file() and path not in (old, young):
                os.utime(path, (time.time() - 90000,) * 2)  # old, but it has a row
        d.start()
        until("the old one is collected", lambda: not old.exists())
        until("its folder and the next were looked at", lambda: "event=orphans" in d.log_text())
        check(young.exists(), "a young one may belong to a mail that is just being taken in")
        d.stop()
        d.run("verify", "--config", str(d.conf))


def story_mail_is_put_off_before_the_disk_is_full():
    with Desk(settings={"limits.disk_reserve": "900G"}) as d:
        d.start()
        try:
            d.send(report())
            raise AssertionError("a mail was accepted with less than the reserve left")
        except smtplib.SMTPResponseException as e:
            equal(e.smtp_code, 452, "reply")
        d.stop()
        d.set({"limits.disk_reserve": "1M"})
        d.start()
        d.send(report())
        until("with enough space it is taken", lambda: d.sink.mails)
