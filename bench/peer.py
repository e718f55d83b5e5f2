# SPDX-License-Identifier: Apache-2.0
"""What the benches share: the mails they send, and Request Tracker 5 as the peer."""
import concurrent.futures
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request

RT = {"rt-mailgate": "/usr/bin/rt-mailgate-5", "rt-server": "/usr/share/request-tracker5/libexec/rt-server",
      "rt-setup-database": "/usr/sbin/rt-setup-database-5"}
CLIENTS = 4
WORDS = ("heap buffer overflow length header parser request attacker crafted value reads beyond the end of "
         "allocation when field is larger than declared size server crashes version release tested commit "
         "reproduce with following steps compile sanitizer output stack frame function called from").split()


def fail(text):
    sys.exit(f"bench: {text}")


def report(i):
    """A report of about 4.5 kB: headers as an MTA leaves them, prose, a stack trace."""
    r = random.Random(i)
    lines = [f"Received: from mx{i % 7}.finder.example (mx.finder.example [192.0.2.{i % 250 + 1}])",
             "\tby mail.desk.example (Postfix) with ESMTPS id 4XyZ0000",
             "\tfor <security@desk.example>; Wed, 25 Nov 2026 10:00:00 +0000 (UTC)",
             "Authentication-Results: mail.desk.example; dmarc=pass header.from=finder.example",
             f"From: Finder {i} <reporter{i}@finder.example>", "To: security@desk.example",
             f"Subject: Possible overflow in parser, report {i}", f"Message-ID: <report-{i}-{r.getrandbits(64):x}@finder.example>",
             "Date: Wed, 25 Nov 2026 10:00:00 +0000", "MIME-Version: 1.0",
             "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", "Hello,", ""]
    while sum(len(x) + 1 for x in lines) < 3600:
        lines.append(" ".join(r.choice(WORDS) for _ in range(11)))
    lines += ["", "==4711==ERROR: AddressSanitizer: heap-buffer-overflow"]
    lines += [f"    #{n} 0x{r.getrandbits(40):x} in parse_{r.choice(WORDS)} src/{r.choice(WORDS)}.c:{r.randrange(2000)}"
              for n in range(14)]
    return "\n".join(lines) + "\n"


class RequestTracker:
    """rt-server on loopback with a database of its own; nothing of the system's RT is touched."""

    def __init__(self, scratch):
        for name, path in RT.items():
            if not os.access(path, os.X_OK):
                fail(f"{name} is missing: apt-get install request-tracker5 rt5-db-sqlite rt5-standalone rt5-clients")
        self.dir = scratch / "rt"
        for name in ("site.d", "mason", "sessions"):
            (self.dir / name).mkdir(parents=True)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        site = self.dir / "RT_SiteConfig.pm"
        site.write_text(f"""Set($rtname, 'bench'); Set($Organization, 'bench.example');
Set($WebDomain, '127.0.0.1'); Set($WebPort, {self.port}); Set($WebPath, '');
Set($DatabaseType, 'SQLite'); Set($DatabaseName, '{self.dir}/rtdb');
Set($MailCommand, 'testfile'); Set($LogToSyslog, undef); Set($LogToSTDERR, 'error');
Set($ShowHistory, 'always'); # the messages on the page, not by a second request
Set($MasonDataDir, '{self.dir}/mason'); Set($MasonSessionDir, '{self.dir}/sessions');
1;
""")
        (self.dir / "rights").write_text(
            "@ACL = map { { GroupDomain => 'SystemInternal', GroupType => 'Everyone', Queue => 'General',"
            " Right => $_ } } qw(CreateTicket ReplyToTicket SeeQueue);\n1;\n")
        self.env = dict(os.environ, RT_SITE_CONFIG=str(site), RT_SITE_CONFIG_DIR=str(self.dir / "site.d"),
                        TMPDIR=str(self.dir))
        self.setup("--action", "init", "--skip-create")
        self.setup("--action", "insert", "--datafile", str(self.dir / "rights"), "--skip-create")
        self.log = open(self.dir / "server.log", "w")
        self.server = subprocess.Popen(
            [RT["rt-server"], "--server", "Starlet", "--host", "127.0.0.1", "--port", str(self.port),
             "--max-workers", str(CLIENTS)], env=self.env, stdout=self.log, stderr=self.log, start_new_session=True)
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=30).read()
                break
            except OSError:
                if time.monotonic() > deadline or self.server.poll() is not None:
                    self.stop()
                    fail("rt-server does not start: " + (self.dir / "server.log").read_text()[-500:])
                time.sleep(0.2)

    def setup(self, *args):
        out = subprocess.run([RT["rt-setup-database"], *args], env=self.env, capture_output=True, text=True)
        if out.returncode:
            fail(f"rt-setup-database failed: {(out.stderr + out.stdout)[-500:]}")

    def stop(self):
        try:
            os.killpg(self.server.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        self.server.wait(30)
        self.log.close()

    def tickets(self):
        with sqlite3.connect(f"file:{self.dir}/rtdb?mode=ro", uri=True) as db:
            return db.execute("select count(*) from Tickets").fetchone()[0]

    def deliver(self, path):
        with open(path, "rb") as f:
            out = subprocess.run([RT["rt-mailgate"], "--url", f"http://127.0.0.1:{self.port}", "--queue", "General",
                                  "--action", "correspond"], stdin=f, env=self.env, capture_output=True, text=True)
        if out.returncode:
            fail(f"rt-mailgate refused a mail: {out.stderr[-300:]}")

    def rate(self, mails):
        before, start = self.tickets(), time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(self.deliver, mails))
        took = time.monotonic() - start
        if self.tickets() - before != len(mails):
            fail(f"{len(mails)} mails went to Request Tracker, {self.tickets() - before} tickets came of them")
        return len(mails) / took


def peer_versions():
    out = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", "request-tracker5", "rt5-db-sqlite",
                          "rt5-standalone", "rt5-clients", "starlet"], capture_output=True, text=True)
    if out.returncode:
        fail("a package of the peer is missing: " + out.stderr.strip())
    return ", ".join(out.stdout.split("\n")[:-1])


def our_version(root):
    return subprocess.run(["git", "-C", str(root), "describe", "--always", "--dirty"],
                          capture_output=True, text=True).stdout.strip()
