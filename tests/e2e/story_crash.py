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

ROLES = ["smtpd", "core", "keys", "net", "worker", "runner", "httpd-public", "httpd-staff"]
AWAY_SECONDS = 25  # longer than a lease (20 s)


def outbox(d, number=None):
    """What went out, of one case or of all."""
    numbers = [number] if number else [c["number"] for c in d.cases()]
    return [o for n in numbers for t in d.case(n)["threads"] for m in t["messages"] for o in m["outbox"]]


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

    def window(n):
        if n % 12 == 3:  # taken, and whoever waits for the 250 dies: a double for certain
            d.kill_role("net")
        if n % 12 == 9:  # net keeps the answer until a core is there again: no double
            d.kill_role("core")
    d.sink.window = window
    begin, done, killed = time.monotonic(), threading.Event(), dict.fromkeys(ROLES, 0)

    def killer():
        while not done.is_set():
            for role in rng.sample(ROLES, len(ROLES)):
                for pid in d.role_pids(role):
                    os.kill(pid, signal.SIGKILL)
                    killed[role] += 1
                done.wait(rng.uniform(0.05, 0.3))
    k = threading.Thread(target=killer)
    k.start()
    failures = []

    def sender(part):
        for i in part:
            who = f"reporter{i}@finder.example"
            try:
                # One mail for each kill: all of them meet a desk in which something has just died.
                until("the next kill", lambda: sum(killed.values()) > i, 60)
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
    check(min(killed.values()) > 0, f"a role was never killed: {killed}")
    until("every case is acknowledged",
          lambda: len({m["rcpt"][0] for m in d.sink.mails}) >= mails, 120)
    d.sink.window = None
    until("every mail is known to be sent",
          lambda: all(o["state"] == "sent" for o in outbox(d)), 90)
    equal(len(d.cases()), mails, "cases")
    ids = [m["mail"]["Message-ID"] for m in d.sink.mails]
    doubles = len(ids) - len(set(ids))
    equal(len({m["rcpt"][0] for m in d.sink.mails}), mails, "senders acknowledged")
    equal(len(set(ids)), mails, "different acknowledgements")
    box = outbox(d)
    equal(len(box), mails, "mails of the outbox")
    counted = sum(o["doubles"] for o in box)
    raws = {}
    for m in d.sink.mails:
        raws.setdefault(m["mail"]["Message-ID"], set()).add(m["raw"])
    equal(max(len(r) for r in raws.values()), 1, "different bytes of one mail")
    check(doubles > 0, "net was killed in the window, but nothing was sent twice")
    check(doubles <= counted, f"{doubles} doubles were taken by the next hop, {counted} admitted")
    until("the spool is empty", lambda: not list((d.home / "data" / "spool" / "new").iterdir()))
    print(f"    {mails} mails, {sum(killed.values())} kills, {doubles} doubles ({counted} admitted),"
          f" {time.monotonic() - begin:.0f} s", flush=True)
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
        until("it is sent", lambda: [o for o in outbox(d) if o["state"] == "sent"], 90)
        raw = {m["raw"] for m in d.sink.mails}
        equal(len(raw), 1, "different bytes among the doubles")
        box = outbox(d)[0]
        check(box["doubles"] > 0, "there was a double to admit")
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
        box = until("the failure", lambda: [o for o in outbox(d, number) if o["state"] == "failed"])[0]
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


def spooled(d):
    return list((d.home / "data" / "spool" / "new").iterdir())


def story_the_spool_holds_while_the_store_is_away():
    pg = Postgres()
    try:
        with Desk(store=pg.url) as d:
            d.start()
            d.send(report(mid="before@reporter.example"))
            until("the first is acknowledged", lambda: d.sink.mails and not spooled(d))
            pids, begin, sent = pg.server_pids(), time.monotonic(), 0
            check(len(pids) > 1, "the server and its children are found")
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            try:
                while sent < 5 or time.monotonic() < begin + AWAY_SECONDS:
                    who, sent = f"a{sent}@finder.example", sent + 1
                    d.send(report(mid=f"away{sent}@reporter.example", sender=who), sender=who)
                    until("time for the next", lambda: time.monotonic() > begin + sent)
                equal(len(spooled(d)), sent, "mails held by the spool")
            finally:
                for pid in pids:
                    os.kill(pid, signal.SIGCONT)
            until("all are cases", lambda: len(d.cases()) == 1 + sent, 120)
            until("all are acknowledged", lambda: len({m["rcpt"][0] for m in d.sink.mails}) == 1 + sent)
            until("the spool is empty", lambda: not spooled(d))
    finally:
        pg.close()


def story_the_store_crashes_while_mail_flows():
    pg = Postgres()
    try:
        with Desk(store=pg.url) as d:
            d.start()
            crashes, mails = [], 40
            for i in range(mails):
                who = f"c{i}@finder.example"
                d.send(report(mid=f"crash{i}@reporter.example", sender=who), sender=who)
                if i in (5, 25):
                    crashes.append(threading.Thread(target=pg.crash))
                    crashes[-1].start()
                if i == 20:
                    crashes[0].join()
            crashes[1].join()
            until("all are acknowledged",
                  lambda: len({m["rcpt"][0] for m in d.sink.mails}) == mails, 60)
            until("every mail is known to be sent",
                  lambda: all(o["state"] == "sent" for o in outbox(d)), 60)
            equal(len(d.cases()), mails, "cases")
            doubles, counted = len(d.sink.mails) - mails, sum(o["doubles"] for o in outbox(d))
            check(doubles <= counted, f"{doubles} doubles were taken, {counted} admitted")
            until("the spool is empty", lambda: not spooled(d))
            print(f"    {mails} mails, 2 crashes, {doubles} doubles ({counted} admitted)", flush=True)
            d.stop()
            d.run("verify", "--config", str(d.conf))
    finally:
        pg.close()
