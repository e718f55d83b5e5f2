# SPDX-License-Identifier: Apache-2.0
"""A real Dovecot with one mailbox, for the stories about polling it."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from desk import Skip, free_port, until


class Dovecot:
    """An instance of its own with TLS; mail is delivered as an MDA does it, into a Maildir."""

    def __init__(self, idle=True):
        if os.geteuid() != 0 or not shutil.which("dovecot"):
            raise Skip("a private Dovecot needs root and the package dovecot-imapd")
        self.port, self.proc, self.count = free_port(), None, 0
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="vulndesk-dovecot-"))
        os.chmod(self.dir, 0o755)
        self.maildir = self.dir / "mail" / "team"
        self.inbox(self.maildir)
        self.cert, self.secret = self.dir / "cert.pem", self.dir / "password"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-keyout", str(self.dir / "key.pem"), "-out", str(self.cert), "-subj",
                        "/CN=mailbox.example", "-addext", "subjectAltName=IP:127.0.0.1"],
                       check=True, capture_output=True)
        self.secret.write_text("correcthorse\n")
        capability = "" if idle else "imap_capability = IMAP4rev1 SASL-IR LITERAL+ UIDPLUS"
        self.conf = self.dir / "dovecot.conf"
        self.conf.write_text(f"""
protocols = imap
listen = 127.0.0.1
base_dir = {self.dir}/run
state_dir = {self.dir}/run
log_path = {self.dir}/log
ssl = required
ssl_cert = <{self.cert}
ssl_key = <{self.dir}/key.pem
mail_location = maildir:{self.dir}/mail/%u
{capability}
passdb {{
  driver = static
  args = password=correcthorse
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={self.dir}/mail/%u
}}
first_valid_uid = 1
service imap-login {{
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
""")

    @staticmethod
    def inbox(path):
        for d in ("cur", "new", "tmp"):
            (path / d).mkdir(parents=True)
        subprocess.run(["chown", "-R", "mail:mail", str(path)], check=True)

    def settings(self):
        return {"imap.url": f"imap://127.0.0.1:{self.port}", "imap.user": "team",
                "imap.password_file": str(self.secret), "imap.ca": str(self.cert)}

    def start(self):
        self.proc = subprocess.Popen(["dovecot", "-F", "-c", str(self.conf)],
                                     stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("Dovecot starts", lambda: (self.dir / "run" / "master.pid").exists())
        return self

    def stop(self):
        if self.proc:
            self.proc.send_signal(signal.SIGTERM)
            self.proc.wait(timeout=30)
        self.proc = None

    def deliver(self, raw, sender="alice@reporter.example"):
        """One mail into the inbox, with the Return-Path that a delivery agent writes."""
        self.count += 1
        name = f"{int(time.time())}.M{self.count:06d}.mailbox"
        tmp, new = self.maildir / "tmp" / name, self.maildir / "new" / name
        tmp.write_bytes(f"Return-Path: <{sender}>\n".encode() + raw.encode())
        shutil.chown(tmp, "mail", "mail")
        tmp.rename(new)

    def seen(self):
        """Names of mails that some client marked as read."""
        return [p.name for p in (self.maildir / "cur").iterdir() if "S" in p.name.split(",")[-1]]

    def held(self):
        return sum(1 for d in ("cur", "new") for _ in (self.maildir / d).iterdir())

    def renumber(self):
        """A new UIDVALIDITY, as after a restore of the server."""
        self.stop()
        for p in self.maildir.glob("dovecot*"):
            p.unlink()
        self.start()

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *a):
        self.close()
