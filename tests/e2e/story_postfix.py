# SPDX-License-Identifier: Apache-2.0
"""A real Postfix in between, in both directions, and the answer typed in Chromium."""
import os
import pathlib
import re
import shutil
import smtplib
import subprocess
import tempfile

from browser import browse
from desk import Desk, Postgres, Skip, check, equal, free_port, report, until


class Postfix:
    """An instance of its own: takes mail by SMTP, hands the security address to the desk by LMTP,
    and relays everything else to the next hop."""

    def __init__(self, desk):
        if os.geteuid() != 0 or not shutil.which("postfix"):
            raise Skip("a private Postfix needs root and the package postfix")
        self.port = free_port()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vulndesk-postfix-"))
        os.chmod(self.dir, 0o755)
        etc, queue, data = self.dir / "etc", self.dir / "queue", self.dir / "data"
        for d in (etc, queue, data):
            d.mkdir()
        shutil.chown(data, "postfix")
        (etc / "transport").write_text(f"security@desk.example lmtp:inet:127.0.0.1:{desk.lmtp}\n")
        (etc / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mx.desk.example
mydestination =
mynetworks = 127.0.0.0/8
relay_domains = desk.example
transport_maps = texthash:{etc}/transport
relayhost = [127.0.0.1]:{desk.sink.port}
smtp_tls_security_level = none
smtpd_tls_security_level = none
maillog_file = {self.dir}/log
maillog_file_prefixes = {self.dir}
alias_maps =
alias_database =
biff = no
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination
""")
        (etc / "master.cf").write_text(f"""
127.0.0.1:{self.port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
""")
        self.etc = etc
        self.run("start")

    def run(self, verb, ok=True):
        p = subprocess.run(["postfix", "-c", str(self.etc), verb], capture_output=True, text=True)
        if ok and p.returncode != 0:
            raise AssertionError(f"postfix {verb}: {p.stdout}{p.stderr}")

    def close(self):
        self.run("stop", ok=False)
        shutil.rmtree(self.dir, ignore_errors=True)


def with_postfix(d):
    p = Postfix(d)
    try:
        d.set({"mail.submission_url": f"smtp://127.0.0.1:{p.port}"})
        d.start()
        raw = report(mid="viapostfix@reporter.example")
        q = subprocess.run(["swaks", "--server", "127.0.0.1", "--port", str(p.port), "--from",
                            "alice@reporter.example", "--to", "security@desk.example", "--data", "-",
                            "--hide-all"], input=raw, text=True, capture_output=True, timeout=60)
        equal(q.returncode, 0, f"swaks: {q.stdout}{q.stderr}")
        ack = until("the acknowledgement, through Postfix", lambda: d.sink.to("alice@reporter.example"))
        number = until("the case", d.cases)[0]["number"]
        check(f"[{number}]" in ack[0]["mail"]["Subject"], "it names the case")
        secret = re.search(r"/signin/([A-Za-z0-9_-]+)", d.init_text).group(1)
        browse([{"do": "open", "url": f"http://127.0.0.1:{d.staff}/signin/{secret}"},
                {"do": "click", "text": "Sign in"}, {"do": "expect", "text": number},
                {"do": "click", "role": "link", "text": "Heap overflow"},
                {"do": "expect", "text": "parse_name()"},
                {"do": "fill", "label": "Reply to", "value": "Thank you; we look into it."},
                {"do": "click", "text": "Send reply"},
                {"do": "expect", "text": "The reply is on its way."}])
        until("the reply, through Postfix", lambda: len(d.sink.to("alice@reporter.example")) == 2)
        with smtplib.SMTP("127.0.0.1", p.port) as s:
            reply = d.sink.to("alice@reporter.example")[1]["mail"]
            s.sendmail("alice@reporter.example", ["security@desk.example"], report(
                subject="Re: " + reply["Subject"], mid="back@reporter.example",
                extra=f"In-Reply-To: {reply['Message-ID']}\n", body="Here is more.\n").encode())
        until("her answer in the case", lambda: "Here is more." in str(d.case(number)))
        log = (p.dir / "log").read_text()
        check(len(re.findall(r"status=sent", log)) >= 4, "Postfix delivered in both directions")
    finally:
        p.close()


def story_a_report_goes_through_postfix_and_back_on_sqlite():
    with Desk() as d:
        with_postfix(d)


def story_a_report_goes_through_postfix_and_back_on_postgresql():
    pg = Postgres()
    try:
        with Desk(store=pg.url) as d:
            with_postfix(d)
    finally:
        pg.close()
