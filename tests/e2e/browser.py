# SPDX-License-Identifier: Apache-2.0
"""A person in front of Chromium: `browse` takes the steps of tests/e2e/browser.mjs.

VULNDESK_SHOTS=FOLDER makes the pictures of docs/screenshots, VULNDESK_LOOK=FOLDER one of every page
on a desktop, on a phone and in the dark, to look at.
"""
import atexit
import fcntl
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

from desk import Skip, check

HERE = pathlib.Path(__file__).resolve().parent
NODE = pathlib.Path(os.environ.get("VULNDESK_NODE", HERE))
CHROMIUM = "/usr/bin/chromium"
NPM_SECONDS = 180
BROWSE_SECONDS = 180
SHOTS, LOOK = os.environ.get("VULNDESK_SHOTS"), os.environ.get("VULNDESK_LOOK")
PHONE, DESKTOP = {"do": "size", "width": 390, "height": 844}, {"do": "size", "width": 1280, "height": 900}
PAGE_BYTES = 100_000  # of a page with all it needs


def made_ready():
    """Fetches what drives the browser, the first time; says what is missing."""
    for tool in ("node", CHROMIUM):
        if not shutil.which(tool):
            raise Skip(f"{tool} is not installed")
    with open(HERE / "package.json", "rb") as alone:  # stories are told side by side
        fcntl.flock(alone, fcntl.LOCK_EX)
        if not all((NODE / "node_modules" / name).is_dir() for name in ("playwright-core", "axe-core")):
            fetch()


def fetch():
    if not shutil.which("npm"):
        raise Skip("npm is not installed, and playwright-core and axe-core are not in tests/e2e/node_modules")
    try:
        p = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=NODE,
                           capture_output=True, text=True, timeout=NPM_SECONDS)
        why = " ".join(p.stderr.split("\n")[:2]) if p.returncode else ""
    except subprocess.TimeoutExpired:
        why = f"no answer in {NPM_SECONDS} s"
    if why:
        raise Skip(f"playwright-core could not be fetched (npm ci in {NODE.name}): {why}")


class Driver:
    """browser.mjs with its Chromium, started once for all stories."""
    def __init__(self):
        self.said = tempfile.TemporaryFile()
        self.proc = subprocess.Popen(["node", str(HERE / "browser.mjs")], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=self.said,
                                     env=dict(os.environ, VULNDESK_NODE=str(NODE)))

    def ask(self, question):
        """The answer, a line; None when it ended or did not answer in time."""
        end, answer = time.monotonic() + BROWSE_SECONDS, b""
        try:
            self.proc.stdin.write(json.dumps(question).encode() + b"\n")
            self.proc.stdin.flush()
        except BrokenPipeError:
            return None
        while not answer.endswith(b"\n"):
            left = max(0, end - time.monotonic())
            if not select.select([self.proc.stdout], [], [], left)[0]:
                return None
            part = os.read(self.proc.stdout.fileno(), 1 << 16)
            if not part:
                return None
            answer += part
        return json.loads(answer)

    def close(self):
        """Chromium ends with its standard input, or is ended; what was said on the way."""
        self.proc.stdin.close()
        try:
            self.proc.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
        self.said.seek(0)
        return self.said.read().decode(errors="replace")


driver = None


def asked(question):
    global driver
    if not driver:
        driver = Driver()
        atexit.register(driver.close)
    answer = driver.ask(question)
    if answer is None:
        atexit.unregister(driver.close)
        words, driver = driver.close(), None
        raise AssertionError(f"the browser did not answer: {words[-800:]}")
    return answer


def browse(steps, javascript=False, state=None):
    """Does the steps as a fresh visitor; with state (a file) it is the same visitor each time.

    Fails when a step fails, when a page asks another host for anything, when the console shows an
    error that no step announced ("status" announces that of its page).  Gives the answer back.
    """
    made_ready()
    answer = asked({"steps": steps, "javascript": javascript, "state": str(state) if state else None})
    check(answer["ok"], "a step failed: " + json.dumps(answer, indent=1, ensure_ascii=False))
    check(not answer["foreign"], f"asked another host: {answer['foreign']}")
    check(not answer["errors"], f"errors in the console: {answer['errors']}")
    return answer


def shot(name, folder, full=True):
    if not folder:
        return []
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    return [{"do": "shot", "file": str(pathlib.Path(folder).resolve() / f"{name}.png"), "full": full}]


def picture(name, height, width=1280):
    """One for docs/screenshots, of the upper part of the page."""
    if not SHOTS:
        return []
    return [{"do": "size", "width": width, "height": height}] + shot(name, SHOTS, False) + [DESKTOP]


def glanced_at(name, light=PAGE_BYTES):
    """The page as it stands, on a desktop and on a phone: no sideways scroll on either, pictures.

    light: bytes that it may need with all that belongs to it.  For a page in a state that differs
    little from one that is looked at by axe elsewhere."""
    pictures = shot(name + "-phone", LOOK) + [{"do": "scheme", "name": "dark"}, DESKTOP] + shot(name + "-dark", LOOK)
    return ([{"do": "no-sideways"}, {"do": "light", "max": light}] + shot(name, LOOK) +
            [PHONE, {"do": "no-sideways"}] + (pictures if LOOK else []) +
            [DESKTOP, {"do": "scheme", "name": "light"}])


def looked_at(name, light=PAGE_BYTES):
    """As glanced_at, and axe finds nothing: once for each page and state in all stories."""
    return [{"do": "axe"}] + glanced_at(name, light)


def signed_in(d, login, jar=None):
    """Signs somebody in by a link; returns the file of the session's cookies, which may be given."""
    jar = jar or d.dir / login
    browse([{"do": "open", "url": d.cli("user", "signin", login)["url"]}, {"do": "click", "text": "Sign in"}],
           state=jar)
    return jar


def fill(label, value):
    return [{"do": "fill", "label": label, "value": value}]


def expect(*texts):
    return [{"do": "expect", "text": t} for t in texts]
