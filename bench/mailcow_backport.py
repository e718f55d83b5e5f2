# SPDX-License-Identifier: Apache-2.0
"""From a mailed report to a tested candidate for mailcow's branch legacy, in Chromium.

The branch stands where it stood before the maintainers brought the fix of CVE-2025-53909 there, in a
copy that is thrown away.  The project has no tests that run without its containers and a network;
what can be told here is that the scripts parse and that the services are what a compose file may
have.  Three changes are settled one after the other: a candidate of the desk, a change in which the
conflict was left, which has to fail, and the one that the maintainers made.
"""
import os
import subprocess
import time

from browser import browse, expect, fill, looked_at, signed_in
from desk import Desk, check, equal, report, until
from linelib import LONG, Case, page_of

NAME = "CVE-2025-53909"
FIX = "2fbbbbe9a981ed90834ee838016a3842915a00bd"
HUMAN = "8c5f6c03214a4b2bdbf3c78932f860eee949012b"
LINE = "legacy"
COMPOSE = "docker-compose.yml"
CHOSEN = ["image: ghcr.io/mailcow/dovecot:2.34"]  # all that the chosen candidate adds there
MANY = 50  # tests that have to be seen
LIGHT = 250_000  # bytes of a page with several changes in two columns

SUBJECT = "Templates of notifications are run"
MAIL = """Hello,

the templates of the quota and quarantine notifications are rendered by Jinja2 without a sandbox: who
may edit them runs code in the container of Dovecot.

Alice
"""

# Each test tells its name and its end as TAP has it.
SERVICES = ("import re, sys, yaml; all = yaml.safe_load(open(sys.argv[1]))['services']; "
            "sys.exit([n for n, s in all.items() if not re.fullmatch('[a-z0-9./-]+(:[a-z0-9.-]+)?', s['image'])] or 0)")
TESTS = "; ".join([
    "n=0",
    """t() { n=$((n+1)); if "$@" >/dev/null 2>/tmp/why; then echo "ok $n - $*"; """
    """else echo "not ok $n - $*"; sed 's/^/# /' /tmp/why; fi; }""",
    "each() { find . -name \"$1\" -type f -not -path '*/vendor/*' -not -path '*/lib/*' | sort; }",
    f'services() {{ python3 -c "{SERVICES}" "$1"; }}',
    """for f in $(each '*.py'); do t python3 -m py_compile "$f"; done""",
    """for f in $(each '*.sh'); do t bash -n "$f"; done""",
    """for f in data/web/js/site/*.js; do t node --check "$f"; done""",
    f"t services {COMPOSE}",
    'echo "1..$n"'])


def git(repo, *args, **kw):
    return subprocess.run(["git", "-C", str(repo), *args], check=True, capture_output=True, **kw).stdout


def word(repo, *args, **kw):
    return git(repo, *args, **kw).decode().strip()


def copied(repo, folder):
    """The repository with the branch as it was; nothing is written to the one that was given."""
    subprocess.run(["git", "clone", "-q", "--bare", "--no-tags", str(repo), str(folder)], check=True, capture_output=True)
    git(folder, "update-ref", f"refs/heads/{LINE}", HUMAN + "^")
    return folder


def applied(copy, patch, folder):
    """The tree of the branch with that patch."""
    env = dict(os.environ, GIT_INDEX_FILE=str(folder / "index"))
    git(copy, "read-tree", LINE, env=env)
    git(copy, "apply", "--cached", "-", env=env, input=patch)
    return word(copy, "write-tree", env=env)


def beside_human(copy, tree):
    """For each file that the maintainers changed or we did: as theirs, in code, or what differs."""
    both = {p for t in (tree, HUMAN) for p in word(copy, "diff", "--name-only", LINE, t).split("\n")}
    told = {}
    for path in sorted(both):
        if not git(copy, "diff", tree, HUMAN, "--", path):
            told[path] = "the same bytes"
            continue
        lines = [k for k in git(copy, "diff", "-w", "-U0", tree, HUMAN, "--", path).decode().split("\n")
                 if k[:1] in ("+", "-") and k[:3] not in ("+++", "---")]
        text = {s: "".join("".join(k[1:].split()) for k in lines if k[0] == s) for s in "+-"}
        told[path] = ("equal in code" if text["+"] == text["-"] else
                      "differs: ours " + " ".join(k[1:].strip() for k in lines if k[0] == "-") + ", theirs " +
                      " ".join(k[1:].strip() for k in lines if k[0] == "+"))
    return told


def with_markers(copy, folder):
    """What a hurried person may upload: git's pick of the fix, the conflict left in."""
    work = folder / "work"
    git(copy, "worktree", "add", "-q", "--detach", str(work), LINE)
    subprocess.run(["git", "-C", str(work), "cherry-pick", "-n", FIX], check=False, capture_output=True)
    text = git(work, "diff", "HEAD")
    check(b"+<<<<<<<" in text, "git's own pick leaves a conflict")
    git(copy, "worktree", "remove", "--force", str(work))
    return text


def added(diff, path):
    """The lines that a diff adds to a file."""
    part = next((k for k in diff.split("diff --git ") if k.startswith(f"a/{path} ")), "")
    return [k[1:].strip() for k in part.split("\n") if k.startswith("+") and not k.startswith("+++")]


def reported(d, jar):
    """Mailed, acknowledged, opened and confirmed in the browser."""
    d.send(report(subject=SUBJECT, mid="templates@reporter.example", body=MAIL))
    number = until("the case", lambda: d.cases())[0]["number"]
    until("the acknowledgement", lambda: d.sink.to("alice@reporter.example"))
    browse([{"do": "open", "url": f"http://127.0.0.1:{d.staff}/"},
            {"do": "click", "role": "link", "text": SUBJECT}] + expect("rendered by Jinja2"), state=jar)
    d.cli("case", "set", number, "--rm", "V", "--reason", "seen here too")
    return number


def registered(d, jar, copy, cookie):
    """The line with its command."""
    page = f"http://127.0.0.1:{d.staff}/lines"
    browse([{"do": "open", "url": page}, {"do": "click", "text": "Fill and check"}], state=jar)
    tip = word(copy, "rev-parse", LINE)[:12]
    until("the register", lambda: tip in page_of(d, "/lines", cookie)[1], LONG)
    browse([{"do": "open", "url": page}, {"do": "click", "role": "link", "text": f"Change {LINE}"}] +
           fill("Command of the tests", TESTS) + looked_at("mailcow-line-form") +
           [{"do": "click", "text": "Save the line"}] + expect("The line is saved.") + looked_at("mailcow-lines"), state=jar)


def tested(c, result, what):
    """The end of the tests of what is settled now."""
    begin = time.monotonic()
    run = c.until("the tests have ended", LINE, lambda k: next(
        (t for t in k["tests"] if t["counts"] and t["state"] != "asked"), None))
    run = next(t for t in run["tests"] if t["counts"])
    print(f"  {what}: tests {run.get('result')}, {run['tests_before']} before ({run['failed_before']} failed), "
          f"{run['tests_after']} after ({run['failed_after']} failed), {time.monotonic() - begin:.1f} s; {run.get('why', '')}")
    equal(run.get("result"), result, f"the tests: {run}")
    check(min(run["tests_before"], run["tests_after"]) >= MANY, f"tests that were seen: {run}")
    equal(c.line(LINE)["ready"], result == "pass", "ready")


def settled(c, jar, copy, folder):
    """The patch as the browser takes it home, put onto the branch."""
    got = browse([{"do": "open", "url": c.at(LINE)}, {"do": "download", "text": "The patch as a file"}], state=jar)
    tree = applied(copy, got["downloads"][0]["text"].encode(), folder)
    told = beside_human(copy, tree)
    for path, words in told.items():
        print(f"    {path}: {words}")
    return told


def at_summary(c, jar, text, name):
    browse([{"do": "open", "url": c.page}] + expect(text) + looked_at(name, LIGHT), state=jar)


def candidate_taken(c, jar, copy, folder):
    """The handler reads the conflict and takes one of the candidates."""
    k = c.line(LINE)
    nth = next((i + 1 for i, x in enumerate(k["candidates"]) if added(x["diff"], COMPOSE) == CHOSEN), 0)
    check(nth, f"the one that is wanted is among {len(k['candidates'])}")
    browse([{"do": "open", "url": c.at(LINE)}] + expect("The conflict", COMPOSE, "dovecot:2.32", "dovecot:2.34") +
           looked_at("mailcow-conflict", LIGHT) + expect(f"{COMPOSE} stays as the line has it.") + fill(f"Why candidate {nth}", "the image is built anew from this line") +
           [{"do": "click", "text": f"Accept candidate {nth}"}] + expect("The backport is accepted."), state=jar)
    c.until("it is accepted", LINE, lambda k: k.get("decision") == "accepted")
    tested(c, "pass", f"candidate {nth} of {len(k['candidates'])} accepted")
    at_summary(c, jar, "1 of 1 line ready", "mailcow-ready")
    browse([{"do": "open", "url": c.at(LINE)}] + expect("tests: pass") + looked_at("mailcow-tested", LIGHT), state=jar)
    told = settled(c, jar, copy, folder)
    code = [p for p, words in told.items() if not words.startswith("differs")]
    equal(len(code), len(told) - 1, f"all but {COMPOSE} is as the maintainers have it: {told}")


def uploaded(c, jar, text, folder, why):
    """The decision is taken back, and a change uploaded in its place."""
    patch = folder / "change.patch"
    patch.write_bytes(text)
    browse([{"do": "open", "url": c.at(LINE)}, {"do": "click", "text": "Take the decision back"}] +
           expect("The decision is taken back."), state=jar)
    c.answered("it is looked at again")
    browse([{"do": "open", "url": c.at(LINE)}, {"do": "open-details", "text": "Upload a change of your own"}] +
           fill("What was changed, and why", why) +
           [{"do": "upload", "label": "A patch or a bundle", "files": [str(patch)]},
            {"do": "click", "text": "Take this change"}] + expect("The change is being taken in."), state=jar)
    k = c.until("it is taken in", LINE, lambda k: k.get("decision") == "edited" or k.get("edit_failure"))
    equal(k.get("edit_failure"), None, "what was uploaded")


def backport(repo):
    with Desk(name="Example") as d:
        copy = copied(repo, d.dir / "copy.git")
        d.set({"project.repository": str(copy), "project.maintained": LINE})
        d.start()
        jar = signed_in(d, "robin")
        c = Case(d, reported(d, jar))
        registered(d, jar, copy, c.cookie)
        begin = time.monotonic()
        browse([{"do": "open", "url": c.home}, {"do": "click", "role": "link", "text": "Backports"}] +
               fill("Commits of the fix", FIX) + [{"do": "click", "text": "Bring it to the lines"}], state=jar)
        c.answered("the line has its answer")
        k = c.line(LINE)
        print(f"{NAME}, its fix brought to {LINE} before {HUMAN[:9]}: {k['verdict']}, {k['why']}; "
              f"{len(k['candidates'])} candidates, {time.monotonic() - begin:.1f} s")
        at_summary(c, jar, "0 of 1 line ready", "mailcow-asked")
        candidate_taken(c, jar, copy, d.dir)
        uploaded(c, jar, with_markers(copy, d.dir), d.dir, "picked by hand")
        tested(c, "fail", "the conflict left in")
        at_summary(c, jar, "0 of 1 line ready", "mailcow-failed")
        browse([{"do": "open", "url": c.at(LINE)}] + expect("tests: fail") + looked_at("mailcow-line-failed", LIGHT), state=jar)
        uploaded(c, jar, git(copy, "format-patch", "-1", "--stdout", HUMAN), d.dir, "an image of this line's own")
        tested(c, "pass", "the maintainers' own change uploaded")
        at_summary(c, jar, "1 of 1 line ready", "mailcow-edited")
        told = settled(c, jar, copy, d.dir)
        equal(set(told.values()), {"the same bytes"}, "an upload is kept as it is")
