# SPDX-License-Identifier: Apache-2.0
"""The README's first command opens the desk, with nothing else done."""
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from desk import ROOT, Skip, check, equal, until


def story_the_first_command_of_the_readme_opens_the_desk():
    for port in (2525, 8080, 8081):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                raise Skip(f"port {port} is in use on this machine")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vulndesk-readme-"))
    log = open(folder / "log", "wb")
    p = subprocess.Popen([str(ROOT / "script" / "server"), "--dir", str(folder / "desk")],
                         stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        def said():
            check(p.poll() is None, (folder / "log").read_text(errors="replace")[-2000:])
            return (folder / "log").read_text(errors="replace")
        until("the desk opens", lambda: "event=open" in said(), 300)
        check(re.search(r"http://127\.0\.0\.1:8081/signin/\S+", said()), "it prints a sign-in link")
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        command = re.search(r"^    (swaks (?:.*\\\n)*.*)$", readme, re.M).group(1).replace("\\\n", " ")
        q = subprocess.run(["bash", "-c", command + " --hide-all"], capture_output=True, text=True,
                           timeout=60)
        equal(q.returncode, 0, f"the README's swaks: {q.stdout}{q.stderr}")

        def cases():
            out = subprocess.run([str(ROOT / "build" / "vulndesk"), "case", "list", "--json",
                                  "--config", str(folder / "desk" / "vulndesk.conf")],
                                 capture_output=True, text=True).stdout
            return json.loads(out)["cases"] if out else []
        until("the report is a case", cases)
    finally:
        p.send_signal(signal.SIGTERM)
        p.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)
