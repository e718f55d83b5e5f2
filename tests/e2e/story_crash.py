# SPDX-License-Identifier: Apache-2.0
"""Nothing accepted is lost and nothing is sent twice, whatever dies: the torture that counts."""
import os
import random
import re
import signal
import smtplib
import subprocess
import threading
import time

from desk import Desk, Postgres, Skip, check, equal, report, until

ROLES = ["smtpd", "core", "keys", "net", "worker"]


def send_until_accepted(d, raw, who):
    """A sender as MTAs are: tries again until the desk has said 250."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            with smtplib.SMTP("127.0.0.1", d.smtp, timeout=10) as s:
                s.sendmail(who, ["security@desk.example"], raw.replace("\n", "\r\n").encode())
            return
        except (OSError, smtplib.SMTPException):
            time.sleep(0.05)
    raise AssertionError("a mail was never accepted")


def torture(d, mails, seed):
    rng = random.Random(seed)
    d.start()
    done = threading.Event()

    def killer():
        while not done.is_set():
            d.kill_role(rng.choice(ROLES))
            done.wait(rng.uniform(0.15, 0.5))
    k = threading.Thread(target=killer)
    k.start()
    failures = []

    def sender(part):
        for i in part:
            who = f"reporter{i}@finder.example"
            try:
                send_until_accepted(d, report(subject=f"Report {i}", sender=who,
                                              mid=f"torture{i}@finder.example"), who)
            except AssertionError as e:
                failures.append(e)
    threads = [threading.Thread(target=sender, args=(range(n, mails, 3),)) for n in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    done.set()
    k.join()
    check(not failures, f"accepted in the end: {failures}")
    until("every accepted report is a case", lambda: len(d.cases()) >= mails, 120)
    equal(len(d.cases()), mails, "cases")
    until("every case is acknowledged",
          lambda: len({m["rcpt"][0] for m in d.sink.mails}) >= mails, 180)
    ids = [m["mail"]["Message-ID"] for m in d.sink.mails]
    doubles = len(ids) - len(set(ids))
    equal(len({m["rcpt"][0] for m in d.sink.mails}), mails, "senders acknowledged")
    equal(len(set(ids)), mails, "different acknowledgements")
    counted = sum(o.get("doubles", 0) for c in d.cases() for o in d.case(c["number"])["outbox"])
    check(doubles <= counted, f"{doubles} doubles were taken by the next hop, {counted} admitted")
    until("the spool is empty", lambda: not list((d.home / "data" / "spool" / "new").iterdir()))
    print(f"    {mails} mails, {doubles} doubles ({counted} admitted)", flush=True)
    d.stop()
    d.run("verify", "--config", str(d.conf))


def story_roles_are_killed_while_mail_flows_on_sqlite():
    with Desk(settings={"limits.smtp_clients_per_host": "100"}) as d:
        torture(d, 40, 1)


def story_roles_are_killed_while_mail_flows_on_postgresql_with_two_cores():
    pg = Postgres()
    try:
        with Desk(store=pg.url, settings={"roles.cores": "2",
                                          "limits.smtp_clients_per_host": "100"}) as d:
            torture(d, 40, 2)
    finally:
        pg.close()


def story_the_whole_desk_is_killed_and_started_again():
    with Desk() as d:
        for i in range(5):
            d.start()
            who = f"r{i}@finder.example"
            send_until_accepted(d, report(sender=who, mid=f"whole{i}@finder.example"), who)
            d.stop(signal.SIGKILL)
        d.start()
        until("five cases", lambda: len(d.cases()) == 5)
        until("five acknowledgements", lambda: len({m["rcpt"][0] for m in d.sink.mails}) == 5)


def story_the_window_after_the_final_dot_is_the_only_place_of_doubles():
    with Desk() as d:
        d.sink.mode = "drop-after-dot"
        d.start()
        d.send(report(mid="window@reporter.example"))
        until("the next hop took it once", lambda: d.sink.mails)
        d.sink.mode = "ok"
        until("it is sent", lambda: [o for c in d.cases() for o in d.case(c["number"])["outbox"]
                                     if o["state"] == "sent"], 90)
        raw = {m["raw"] for m in d.sink.mails}
        equal(len(raw), 1, "different bytes among the doubles")
        number = d.cases()[0]["number"]
        box = d.case(number)["outbox"][0]
        equal(box["doubles"], len(d.sink.mails) - 1, "doubles admitted on the case")


def story_a_dead_next_hop_is_tried_again():
    with Desk() as d:
        d.sink.mode = "later"
        d.start()
        d.send(report())
        until("a first try failed", lambda: re.search(r"event=submitted .*outcome=later", d.log_text()))
        equal(d.sink.mails, [], "mails taken")
        d.sink.mode = "ok"
        until("the acknowledgement", lambda: d.sink.mails, 90)
        equal(len(d.sink.mails), 1, "mails taken")


def story_a_permanent_failure_is_on_the_case_in_the_servers_words():
    with Desk() as d:
        d.sink.mode = "reject-rcpt"
        d.start()
        d.send(report())
        number = until("the case", d.cases)[0]["number"]
        box = until("the failure", lambda: [o for o in d.case(number)["outbox"]
                                            if o["state"] == "failed"])[0]
        check("no such mailbox here" in box["answer"], f"the server's words: {box['answer']}")


def story_a_full_disk_is_452_and_leaves_nothing_half_written():
    if os.geteuid() != 0:
        raise Skip("a small file system can only be mounted by root")
    with Desk() as d:
        spool = d.home / "data" / "spool"
        spool.mkdir(parents=True, exist_ok=True)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(spool)],
                          capture_output=True).returncode != 0:
            raise Skip("mount is not allowed here")
        try:
            d.start()
            big = report(body="x" * 70 + "\n" + ("A" * 70 + "\n") * 6000)
            try:
                d.send(big)
                raise AssertionError("a mail larger than the disk was accepted")
            except smtplib.SMTPDataError as e:
                equal(e.smtp_code, 452, "reply")
            equal(list((spool / "tmp").iterdir()), [], "files in tmp")
            equal(list((spool / "new").iterdir()), [], "files in new")
            d.send(report())
            until("a small one still becomes a case", d.cases)
            d.stop()
        finally:
            subprocess.run(["umount", "-l", str(spool)], check=True)


def story_the_spool_holds_while_the_store_is_away():
    pg = Postgres()
    try:
        with Desk(store=pg.url) as d:
            d.start()
            d.send(report(mid="before@reporter.example"))
            until("the first case", d.cases)
            for pid in pg.server_pids():
                os.kill(pid, signal.SIGSTOP)
            try:
                for i in range(5):
                    d.send(report(mid=f"away{i}@reporter.example", sender=f"a{i}@finder.example"),
                           sender=f"a{i}@finder.example")
                check(len(list((d.home / "data" / "spool" / "new").iterdir())) == 5,
                      "the spool holds what was accepted")
            finally:
                for pid in pg.server_pids():
                    os.kill(pid, signal.SIGCONT)
            until("all are cases", lambda: len(d.cases()) == 6, 120)
    finally:
        pg.close()
