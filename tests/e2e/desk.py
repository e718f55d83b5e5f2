# SPDX-License-Identifier: Apache-2.0
"""What every end-to-end story needs: a desk in its own folder, a next hop for its mail, PostgreSQL.

Stories wait for things to become true (`until`), they never sleep for a fixed time.  Everything
listens on loopback or in the story's folder and is gone when the story ends.
"""
import email
import email.policy
import json
import os
import pathlib
import re
import shutil
import signal
import smtplib
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from ports import free_port  # noqa: F401: the stories take it from here

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SHARED = pathlib.Path(os.environ.get("VULNDESK_SHARED", ROOT.parent / "shared"))
BINARY = pathlib.Path(os.environ.get("VULNDESK_BINARY", ROOT / "build" / "vulndesk")).resolve()
IN_CI = os.environ.get("VULNDESK_CI") == "1"
PATIENCE = 60 if "build-test" in str(BINARY) else 30  # seconds until something counts as missing

POLICY = """# Security policy

## Reporting a Vulnerability

Report vulnerabilities by mail to security@desk.example. The team will acknowledge your email as
soon as possible, and will send a more detailed response afterwards. We keep you informed of the
progress towards a fix and full announcement.

## Disclosure Policy

Each report is assigned to a primary handler, who coordinates the fix and release process.

## Comments on this Policy

Please submit a pull request.
"""


class Skip(Exception):
    """The story cannot be told on this machine; the text says why."""


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def equal(got, want, what):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}")


def until(what, fn, seconds=None):
    """Polls fn until it returns something true, and returns that."""
    end = time.monotonic() + (seconds or PATIENCE)
    while True:
        got = fn()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.02)


def shared(*parts):
    path = SHARED.joinpath(*parts)
    if not path.exists():
        raise Skip(f"no {'/'.join(parts)}: the test data folder is not here (VULNDESK_SHARED)")
    return path


class SinkHandler(socketserver.StreamRequestHandler):
    """A small SMTP server that does what the sink's mode says."""

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def handle(self):
        try:
            self.talk()
        except (ConnectionError, ValueError, OSError):
            pass

    def talk(self):
        sink, mail = self.server.sink, {"rcpt": []}
        if sink.mode == "refuse-greeting":
            self.say("554 5.3.2 not today")
            return
        self.say("220 sink.example ESMTP")
        while line := self.rfile.readline():
            word = line.split(b" ")[0].strip().upper()
            if word in (b"EHLO", b"HELO"):
                self.say("250-sink.example\r\n250-8BITMIME\r\n250 SMTPUTF8")
            elif word == b"MAIL":
                mail = {"from": re.search(rb"<(.*?)>", line).group(1).decode(), "rcpt": []}
                self.say("250 2.1.0 ok")
            elif word == b"RCPT":
                to = re.search(rb"<(.*?)>", line).group(1).decode()
                if sink.mode == "reject-rcpt" or to in sink.reject:
                    self.say("550 5.1.1 no such mailbox here")
                elif sink.mode == "later":
                    self.say("451 4.3.0 try again later")
                else:
                    mail["rcpt"].append(to)
                    self.say("250 2.1.5 ok")
            elif word == b"DATA":
                self.say("354 go on")
                data = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    if not part:
                        return
                    data += part[1:] if part.startswith(b"..") else part
                sink.attempts += 1
                if sink.mode == "drop-after-dot":
                    sink.take(mail, data)
                    return  # taken, and the sender never hears of it
                if sink.mode == "reject-data":
                    self.say("554 5.7.1 content refused")
                    continue
                sink.take(mail, data)
                if sink.window:
                    sink.window(sink.attempts)
                self.say("250 2.0.0 taken")
            elif word == b"QUIT":
                self.say("221 2.0.0 bye")
                return
            else:
                self.say("250 2.0.0 ok")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Sink:
    """The next hop: takes mail, or fails in the way its mode says."""

    def __init__(self):
        self.mode, self.mails, self.reject, self.attempts = "ok", [], set(), 0
        self.window = None  # called with the mail's number when it is taken and no 250 said yet
        self.lock = threading.Lock()
        self.server = Server(("127.0.0.1", 0), SinkHandler)
        self.server.sink = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def take(self, mail, data):
        with self.lock:
            self.mails.append({"from": mail["from"], "rcpt": list(mail["rcpt"]), "raw": data,
                               "at": time.monotonic(),
                               "mail": email.message_from_bytes(data, policy=email.policy.default)})

    def to(self, address):
        with self.lock:
            return [m for m in self.mails if address in m["rcpt"]]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Postgres:
    """A private cluster by tests/pg, as an ordinary user; socket in its own folder."""

    def __init__(self):
        self.proc = subprocess.Popen(
            [str(ROOT / "tests" / "pg"), "sh", "-c", 'echo "$VULNDESK_TEST_PG"; exec cat'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.url = self.proc.stdout.readline().strip()
        if not self.url:
            self.proc.wait()
            raise Skip("PostgreSQL could not be started: " + self.proc.stderr.read().strip()[-300:])

    def server_pids(self):
        """The postmaster and its children."""
        folder = re.search(r"host=(\S+)", self.url)
        lines = subprocess.run(["pgrep", "-f", "postgres"], capture_output=True, text=True).stdout

        def words(pid):
            try:
                return pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            except OSError:
                return []  # ended meanwhile
        main = [int(p) for p in lines.split() if folder and words(p)[0:1] and
                words(p)[0].endswith("/postgres") and folder.group(1) + "/data" in words(p)]
        kids = [int(p) for m in main for p in subprocess.run(
            ["pgrep", "-P", str(m)], capture_output=True, text=True).stdout.split()]
        return main + kids

    def crash(self):
        """The server is killed without notice and started again, by tests/pg; waits for that."""
        old = set(self.server_pids())
        self.proc.send_signal(signal.SIGUSR1)
        until("a new server", lambda: (now := set(self.server_pids())) and not now & old)

    def close(self):
        self.proc.stdin.close()
        self.proc.wait(timeout=60)


class Desk:
    """One desk in its own folder, started like a user would, with ports of its own."""

    def __init__(self, policy=POLICY, repo=None, store=None, settings=None, name="Example"):
        self.binary = BINARY
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vulndesk-e2e-"))
        self.home = self.dir / "desk"
        self.proc, self.sink = None, Sink()
        self.smtp, self.lmtp = free_port(), free_port()
        self.public, self.staff = free_port(), free_port()
        self.log_path = self.dir / "log"
        (self.dir / "SECURITY.md").write_text(policy, encoding="utf-8")
        init = ["init", "--dir", str(self.home), "--policy", str(self.dir / "SECURITY.md"),
                "--handler", "Robin Example <robin@desk.example>"]
        if repo:
            init += ["--repo", str(repo)]
        if store:
            init += ["--store", store]
        if name:
            init += ["--name", name, "--prefix", "EX"]
        self.init_text = self.run(*init).stdout
        self.conf = self.home / "vulndesk.conf"
        self.set({"listen.smtp": f"127.0.0.1:{self.smtp}", "listen.lmtp": f"127.0.0.1:{self.lmtp}",
                  "listen.public_http": f"127.0.0.1:{self.public}",
                  "listen.staff_http": f"127.0.0.1:{self.staff}",
                  "desk.base_url": f"http://127.0.0.1:{self.public}",
                  "desk.staff_url": f"http://127.0.0.1:{self.staff}",
                  "mail.outgoing": "on", "mail.submission_tls": "never", "mail.undo": "0s",
                  "mail.notices": "off",  # story_notices is about them
                  "mail.submission_url": f"smtp://127.0.0.1:{self.sink.port}"})
        if settings:
            self.set(settings)

    def set(self, values):
        """Sets "section.key" in the configuration, over its commented default."""
        for name, value in values.items():
            section, key = name.split(".")
            lines, here, done = self.conf.read_text(encoding="utf-8").split("\n"), "", False
            for i, line in enumerate(lines):
                if m := re.match(r"\[(\w+)\]", line):
                    here = m.group(1)
                elif here == section and re.match(rf"[#;]?\s*{key}\s*=", line):
                    lines[i], done = f"{key} = {value}", True
                    break
            if not done:
                at = lines.index(f"[{section}]")
                lines.insert(at + 1, f"{key} = {value}")
            self.conf.write_text("\n".join(lines), encoding="utf-8")

    def run(self, *args, ok=True, **kw):
        p = subprocess.run([str(self.binary), *args], capture_output=True, text=True, timeout=120, **kw)
        if ok and p.returncode != 0:
            raise AssertionError(f"vulndesk {' '.join(args)}: exit {p.returncode}\n{p.stdout}{p.stderr}")
        return p

    def cli(self, *args, ok=True, **kw):
        """A command over the running desk, its --json answer."""
        p = self.run(*args, "--json", "--config", str(self.conf), ok=ok, **kw)
        return json.loads(p.stdout) if p.stdout.strip() else None

    def start(self):
        self.log = open(self.log_path, "ab")
        begin = self.log_path.stat().st_size
        self.proc = subprocess.Popen([str(self.binary), "serve", "--config", str(self.conf)],
                                     stderr=self.log, stdout=self.log, stdin=subprocess.DEVNULL)
        until("the desk opens", lambda: self.alive() and b"event=open" in self.log_path.read_bytes()[begin:])
        return self

    def alive(self):
        check(self.proc.poll() is None, f"the desk ended: {self.log_text()[-1500:]}")
        return True

    def log_text(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def role_pids(self, role):
        out = subprocess.run(["pgrep", "-P", str(self.proc.pid), "-f", f"vulndesk role {role}( |$)"],
                             capture_output=True, text=True).stdout
        return [int(p) for p in out.split()]

    def kill_role(self, role):
        for pid in self.role_pids(role):
            os.kill(pid, signal.SIGKILL)

    def stop(self, how=signal.SIGTERM):
        if self.proc and self.proc.poll() is None:
            self.proc.send_signal(how)
            self.proc.wait(timeout=30)
        self.proc = None

    def close(self):
        self.stop()
        self.sink.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind and kind is not Skip and self.log_path.exists():
            sys.stderr.write("--- end of the desk's log\n" + self.log_text()[-4000:])
        self.close()

    def send(self, raw, sender="alice@reporter.example", to="security@desk.example"):
        """One mail by SMTP; the bytes go as they are."""
        if isinstance(raw, str):
            raw = raw.encode()
        with smtplib.SMTP("127.0.0.1", self.smtp, timeout=PATIENCE) as s:
            return s.sendmail(sender, [to], raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))

    def cases(self, which="all"):
        return self.cli("case", "list", "--which", which)["cases"]

    def case(self, number):
        return self.cli("case", "show", number)

    def get(self, path, staff=False, cookie=None, data=None, follow=True):
        """(status, headers, text) of a page."""
        url = f"http://127.0.0.1:{self.staff if staff else self.public}{path}"
        request = urllib.request.Request(url, data=data)
        if cookie:
            request.add_header("Cookie", cookie)

        class NoRedirect(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *a):
                return None
        opener = urllib.request.build_opener(*([] if follow else [NoRedirect]))
        try:
            with opener.open(request, timeout=PATIENCE) as r:
                return r.status, r.headers, r.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as e:
            return e.code, e.headers, e.read().decode("utf-8", "replace")


def session(d, link):
    """A session without a browser: its cookie."""
    _, headers, _ = d.get(urllib.parse.urlsplit(link).path, staff=True, data=b"", follow=False)
    return headers["Set-Cookie"].split(";")[0]


def form_of(html, form_id):
    """The hidden fields of a form of the page."""
    form = re.search(rf'<form[^>]*id="{form_id}".*?</form>', html, re.S).group()
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))


def post(d, cookie, path, fields):
    return d.get(path, staff=True, cookie=cookie, data=urllib.parse.urlencode(fields).encode(), follow=False)


def report(subject="Heap overflow in the parser", sender="alice@reporter.example",
           to="security@desk.example", mid=None, extra="", body=None):
    """A report mail as a finder writes it."""
    mid = mid or f"{time.monotonic_ns()}@reporter.example"
    body = body or ("Hello,\n\nthe function parse_name() in src/name.c writes one byte past its\n"
                    "buffer when the name has 256 bytes. A reproducer is attached below.\n\nAlice\n")
    return (f"From: Alice Example <{sender}>\nTo: {to}\nSubject: {subject}\n"
            f"Date: Wed, 25 Nov 2026 10:00:00 +0000\nMessage-ID: <{mid}>\n{extra}"
            f"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{body}")
