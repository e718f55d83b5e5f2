# SPDX-License-Identifier: Apache-2.0
"""What an operator sees: the service manager is told, a failing role is named once, the log says
nothing of any case."""
import os
import pathlib
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile

from desk import ROOT, Desk, check, equal, report, until


class Manager:
    """A service manager's end of NOTIFY_SOCKET, with an abstract name."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        name = f"vulndesk-story-{os.getpid()}"
        self.sock.bind("\0" + name)
        self.sock.setblocking(False)
        os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"] = "@" + name, "2000000"
        self.lines = []

    def heard(self):
        try:
            while True:
                self.lines += self.sock.recv(4096).decode().split("\n")
        except BlockingIOError:
            return self.lines

    def close(self):
        del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
        self.sock.close()


def newer(d, statement, times):
    db = sqlite3.connect(d.home / "data" / "db" / "desk.db", timeout=30)
    for _ in range(times):
        db.execute(statement)
    db.commit()
    db.close()


def story_the_service_manager_is_told_and_a_failing_role_is_named_once():
    m = Manager()
    try:
        with Desk() as d:
            # A database from a much newer release: core cannot start with it.
            newer(d, "INSERT INTO schema_step SELECT max(number) + 1, '', 0 FROM schema_step", 2)
            with open(d.log_path, "ab") as log:
                d.proc = subprocess.Popen([str(d.binary), "serve", "--config", str(d.conf)],
                                          stderr=log, stdout=log, stdin=subprocess.DEVNULL)
            until("core is reported", lambda: "event=failing failing=core" in d.log_text())
            until("one more try", lambda: len(re.findall("ended=core", d.log_text())) >= 7)
            check("READY=1" not in m.heard(), "it is not ready")
            check(any(l.startswith("STATUS=core ends again") for l in m.heard()), f"{m.lines}")
            pauses = [int(n) for n in re.findall(r"ended=core index=0 in_ms=(\d+)", d.log_text())]
            equal(pauses, sorted(set(pauses)), "pauses, each longer than the one before")
            newer(d, "DELETE FROM schema_step WHERE checksum = ''", 1)
            until("it is ready", lambda: "READY=1" in m.heard(), 90)
            equal(d.log_text().count("event=failing"), 1, "reports")
            until("the watchdog hears more than once", lambda: m.heard().count("WATCHDOG=1") > 2)
            d.stop()
            check("STOPPING=1" in m.heard(), "it says that it stops")
    finally:
        m.close()


WORDS = ["xqsubjectq", "xqbodyq", "xqnameq", "xqaddressq", "xqfileq", "xqreplyq", "xqnoteq",
         "xqtitleq", "xqreasonq", "xqbounceq"]
MAIL = """From: Xqnameq Example <xqaddressq@reporter.example>
To: security@desk.example
Subject: {subject}
Message-ID: <log{n}@xqaddressq.example>
{extra}MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

xqbodyq: one byte past the end
--b
Content-Type: application/octet-stream; name=xqfileq.bin
Content-Disposition: attachment; filename=xqfileq.bin

attached
--b--
"""


def outside(d):
    """What others than the desk may see: its log, and the command lines of its processes."""
    text = d.log_text()
    pids = [str(d.proc.pid)] + subprocess.run(["pgrep", "-P", str(d.proc.pid)], capture_output=True,
                                              text=True).stdout.split()
    for pid in pids:
        for name in ("cmdline", "comm", "environ"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as f:
                    text += f.read().decode("utf-8", "replace")
            except OSError:
                pass
    for path in d.dir.rglob("*"):
        if path.is_file() and d.home / "data" not in path.parents:
            text += path.read_text(encoding="utf-8", errors="replace")
    return text.lower()


def story_nothing_of_a_case_is_in_the_log():
    who = "xqaddressq@reporter.example"
    with Desk(settings={"mail.undo": "0s"}) as d:
        d.start()
        conf = ["--config", str(d.conf)]
        d.send(MAIL.format(n=1, subject="xqsubjectq", extra=""), sender=who)
        until("the acknowledgement", lambda: d.sink.to(who))
        number, seen = d.cases()[0]["number"], set()
        ack = d.sink.to(who)[0]["mail"]
        d.run("case", "reply", number, "--text", "xqreplyq", *conf)
        d.run("case", "note", number, "--text", "xqnoteq", *conf)
        d.run("case", "set", number, "--title", "xqtitleq", *conf)
        seen.add(outside(d))
        d.send(MAIL.format(n=2, subject="Re: xqsubjectq",
                           extra=f"In-Reply-To: {ack['Message-ID']}\n"), sender=who)
        until("the answer is in the thread",
              lambda: len([m for t in d.case(number)["threads"] for m in t["messages"]]) >= 4)
        # Mail that nobody takes, with words of the server; wrong commands; pages that are not there.
        d.sink.mode = "reject-rcpt"
        d.run("case", "reply", number, "--text", "xqbounceq", *conf)
        until("it failed", lambda: "state=failed" in d.log_text())
        d.run("case", "set", number, "--severity", "xqtitleq" * 200, *conf, ok=False)
        d.run("case", "note", "EX-2026-XQTITLEQ", "--text", "xqnoteq", *conf, ok=False)
        d.get("/r/xqbodyq")
        d.get("/search?q=xqbodyq", staff=True)
        d.send("From: xqnameq\nSubject: xqsubjectq\n\nxqbodyq", sender="other@xqaddressq.example")
        until("the second case", lambda: len(d.cases()) == 2 or d.cli("quarantine", "list")["messages"])
        d.run("case", "close", number, "--exit", "not-a-vulnerability", "--reason", "xqreasonq", *conf)
        seen.add(outside(d))
        d.kill_role("worker")
        d.kill_role("core")
        until("the desk answers again", lambda: d.run("case", "list", *conf, ok=False).returncode == 0)
        seen.add(outside(d))
        d.stop()
        seen.add(d.log_text().lower())
        for text in seen:
            check("event=accepted" in text, "the log was read")
            equal([w for w in WORDS if w in text], [], "words of the case that others can see")
        bad = [l for l in d.log_text().split("\n") if l and not re.match(
            r"level=\w+ role=[\w-]+ pid=\d+ event=[\w-]+( [\w-]+=(\"[^\"]*\"|\S*))*$", l)]
        equal(bad[:3], [], "lines that are not one event with its keys")


def story_the_service_is_installed_with_its_unit():
    unit = (ROOT / "packaging" / "vulndesk.service").read_text(encoding="utf-8")
    for line in ("Type=notify", "WatchdogSec=", "NoNewPrivileges=yes", "ProtectSystem=strict",
                 "CapabilityBoundingSet="):
        check(line in unit, f"{line} is in the unit")
    # What would take away the sandboxes of the roles.
    for line in ("RestrictNamespaces=yes", "ProcSubset=", "ProtectKernelTunables=yes", "PrivateUsers=yes"):
        check(not re.search(f"^{line}", unit, re.M), f"{line} is not in the unit")
    if shutil.which("systemd-analyze"):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "vulndesk.service"
            path.write_text(unit.replace("@bindir@", "/usr/bin"), encoding="utf-8")
            p = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=40",
                                str(path)], capture_output=True, text=True)
        equal(p.returncode, 0, f"exposure as systemd sees it: {p.stdout[-200:]}{p.stderr}")
