# SPDX-License-Identifier: Apache-2.0
"""The backports of a case as stories ask about them: its pages, and the desk's own export of them."""
import http.client
import json

from desk import session, until

LONG = 180  # seconds until the sandbox has built and tested two trees


def page_of(d, path, cookie=None):
    """(status, text) of a page of the team; (0, "") while a role that was killed is not there yet."""
    try:
        status, _, text = d.get(path, staff=True, cookie=cookie)
        return status, text
    except (OSError, http.client.HTTPException):
        return 0, ""


class Case:
    """A case, its pages, and what the desk's own export says of its lines."""

    def __init__(self, d, number):
        self.d, self.number = d, number
        self.home = f"http://127.0.0.1:{d.staff}/case/{number}"
        self.page = self.home + "/backport"
        self.cookie = session(d, d.cli("user", "signin", "robin")["url"])

    def told(self):
        status, text = page_of(self.d, f"/case/{self.number}/backport/export.json", self.cookie)
        return json.loads(text) if status == 200 else {"lines": [], "state": "", "reproducers": []}

    def line(self, name):
        return next((k for k in self.told()["lines"] if k["line"] == name), {})

    def until(self, what, name, fn, seconds=LONG):
        return until(what, lambda: (k := self.line(name)) and fn(k) and k, seconds)

    def answered(self, what):
        return until(what, lambda: (s := self.told())["state"] == "answered" and s["lines"] and
                     all(k.get("verdict") for k in s["lines"]) and s, LONG)

    def at(self, name):
        """The page of a line: where the table leads to."""
        _, _, html = self.d.get(f"/case/{self.number}/backport", staff=True, cookie=self.cookie)
        before = html.split(f">{name}</a>")[0]
        return f"http://127.0.0.1:{self.d.staff}" + before[before.rindex('href="') + 6:].split('"')[0]
