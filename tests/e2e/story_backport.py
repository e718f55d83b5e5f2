# SPDX-License-Identifier: Apache-2.0
"""From a mailed report to a tested fix on every maintained line.

The library of namelib.py has a real build and three lines of ours.  On one line the fix applies, on
one it does not fit and a person uploads the change, the oldest starts from that one.  In every step
a role of the desk is killed.
"""
import os
import shutil
import signal
import subprocess

from browser import DESKTOP, PHONE, browse, expect, fill, glanced_at, looked_at, picture, signed_in
from desk import Desk, check, equal, report, session, until
from linelib import LONG, Case, page_of
from namelib import Library

LIGHT = 150_000  # bytes of a page with code in two columns
NEW, MIDDLE, OLD = Library.lines()

# A name of 300 letters is taken, where it should be refused.
SCRIPT = """#!/bin/sh
cat > reproduce.c <<'END'
#include "name.h"
#include <stdlib.h>
#include <string.h>
static union { struct name n; char room[4096]; } u;
int main(void)
{
    char text[301];
    memset(text, 'x', 300);
    text[300] = 0;
    if (name_parse(text, &u.n) == 0)
        abort();
    return 0;
}
END
cc -O1 -Isrc -o reproduce reproduce.c src/name.c && exec ./reproduce
"""


def killed(d, role):
    """A role ends without notice, with what it had started, and is there again."""
    old = d.role_pids(role)
    check(old, f"{role} runs")
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    until(f"{role} is back", lambda: (now := d.role_pids(role)) and not set(now) & set(old))
    if role == "core":
        until("pages are there", lambda: page_of(d, "/healthz")[0] == 200)


def story_a_fix_reaches_all_lines_although_a_role_is_killed_in_every_step():
    with Desk(name="Example") as d:
        lib = Library(d.dir / "repo")
        patch = d.dir / "line.patch"
        patch.write_text(lib.patch(d.dir / "work"))
        d.set({"project.repository": str(lib.folder), "project.maintained": ", ".join(Library.lines())})
        d.start()
        c = Case(d, mailed(d))
        jar = signed_in(d, "robin")
        register_filled(d, lib, jar)
        asked(d, c, lib, jar)
        newest_accepted(d, c, jar)
        middle_uploaded(d, c, jar, patch)
        oldest_from_its_neighbour(d, c, jar)
        tested(d, c, jar)
        released(d, c, lib, jar)
        reproduced(d, c, jar)
        untouched(lib)
        d.stop()
        d.run("verify", "--config", str(d.conf))


def mailed(d):
    """A report becomes a case, although core ends as soon as the mail is taken."""
    d.send(report(subject="A name of 64 letters overflows its buffer", mid="name@reporter.example"))
    killed(d, "core")
    number = until("the case", lambda: d.cases())[0]["number"]
    until("the acknowledgement", lambda: d.sink.to("alice@reporter.example"))
    d.cli("case", "set", number, "--rm", "V", "--reason", "seen here too")
    return number


def register_filled(d, lib, jar):
    """The lines come out of the settings and the repository; how they are tested, a person says."""
    page = f"http://127.0.0.1:{d.staff}/lines"
    browse([{"do": "open", "url": page}] + expect("3 of 3 lines are maintained", "no command: they cannot be run") + looked_at("lines-first") +
           [{"do": "click", "text": "Fill and check"}] + expect("The repository is being looked at."), state=jar)
    killed(d, "worker")
    cookie = session(d, d.cli("user", "signin", "robin")["url"])
    tips = [lib.git("rev-parse", n)[:12] for n in Library.lines()]
    until("the register", lambda: (text := page_of(d, "/lines", cookie)[1]) and
          all(t in text for t in tips), LONG)
    for name in Library.lines():
        browse([{"do": "open", "url": page}, {"do": "click", "role": "link", "text": f"Change {name}"},
                {"do": "value", "label": "Branch", "value": name}] +
               fill("Command of the tests", "make -s check") +
               [{"do": "click", "text": "Save the line"}] + expect("The line is saved.", "make -s check"), state=jar)
    browse([{"do": "open", "url": page}] + expect("3 of") + looked_at("lines") +
           [{"do": "click", "role": "link", "text": "Add a line"}] + looked_at("lines-new") +
           fill("Name", "no such") + fill("Branch", "../odd") +
           [{"do": "click", "text": "Save the line", "refused": page + "/set"}] +
           expect("Not done.") + [{"do": "value", "label": "Name", "value": "no such"}], state=jar)


def asked(d, c, lib, jar):
    """Without a fix nothing is asked; with one, every line has its answer."""
    browse([{"do": "open", "url": c.home}, {"do": "click", "role": "link", "text": "Backports"}] +
           expect("Bring the fix to the maintained lines") + looked_at("backport-start") +
           [{"do": "click", "text": "Bring it to the lines", "refused": c.page + "/ask"}] + expect("Not done.") +
           fill("Commits of the fix", lib.fix) + [{"do": "click", "text": "Bring it to the lines"}] +
           expect("The fix is being brought to the lines."), state=jar)
    killed(d, "worker")
    c.answered("every line has its answer")
    equal(c.line(NEW)["verdict"], "clean", f"the newest line: {c.line(NEW)}")
    check(c.line(MIDDLE)["verdict"] in ("needs-person", "proposed"), f"it does not fit there: {c.line(MIDDLE)}")
    browse([{"do": "open", "url": c.page}] + expect("0 of 3 lines ready", "applies cleanly") +
           looked_at("backport", LIGHT), state=jar)


def newest_accepted(d, c, jar):
    """By keyboard alone: from the picture to the line, from change to change, and accepted."""
    browse([{"do": "open", "url": c.page}, {"do": "tab", "to": "", "as": "svg a"},
            {"do": "press", "key": "Enter"}, {"do": "tab", "to": NEW, "as": "td a, th a"}, {"do": "press", "key": "Enter"}] +
           expect(f"The fix on {NEW}", "What holds", "sizeof ret->bytes", "CVE-2026-4242") +
           looked_at("backport-line", LIGHT) +
           [{"do": "press", "key": "j"}, {"do": "press", "key": "j"}, {"do": "press", "key": "k"}] +
           [{"do": "press", "key": "a"}, {"do": "press", "key": "Enter"}] + expect("The backport is accepted."),
           javascript=True, state=jar)
    killed(d, "core")
    k = c.until("it is accepted", NEW, lambda k: k.get("decision") == "accepted")
    equal(k["decided_by"], "handler:robin", "who did")
    check("CVE" not in k["message"] and any("CVE-2026-4242" in t for t in k["taken_out"]), f"the message: {k['message']}")
    check("(cherry picked from commit" in k["message"], f"its trailer: {k['message']}")


def middle_uploaded(d, c, jar, patch):
    """The conflict for a person, who makes the change elsewhere and uploads it, on a phone."""
    c.until("the older lines ran again", MIDDLE, lambda k: k["state"] != "under way" and k.get("verdict"))
    page, shown = c.at(MIDDLE), ["The conflict"] if c.line(MIDDLE)["verdict"] == "needs-person" else []
    odd = d.dir / "odd.patch"
    odd.write_text("not a patch at all\n")
    browse([{"do": "open", "url": page}] + expect(f"The fix on {MIDDLE}", *shown) + looked_at("backport-conflict", LIGHT) +
           picture("backport-conflict", 1150) +
           [PHONE, {"do": "open-details", "text": "Upload a change of your own"}] +
           [{"do": "click", "text": "Take this change", "refused": c.page + "/edit"}] +
           expect("Not done.", "choose a file, or paste its text") +
           [{"do": "upload", "label": "A patch or a bundle", "files": [str(odd)]},
            {"do": "click", "text": "Take this change", "refused": c.page + "/edit"}] + expect("Not done.") +
           fill("What was changed, and why", "this line copies <b>letter by letter</b>") +
           [{"do": "upload", "label": "A patch or a bundle", "files": [str(patch)]},
            {"do": "click", "text": "Take this change"}] + expect("The change is being taken in."), state=jar)
    killed(d, "worker")
    c.until("it is taken in", MIDDLE, lambda k: k.get("decision") == "edited")
    browse([{"do": "open", "url": page}] + expect("edited", "letter by letter", "ret->n + 1 == sizeof") +
           glanced_at("backport-edited", LIGHT) + [{"do": "download", "text": "The patch as a file"}], state=jar)


def oldest_from_its_neighbour(d, c, jar):
    """When a line is settled, the older ones run again, from that one."""
    k = c.until("it runs again", OLD, lambda k: k.get("source") == MIDDLE and k["state"] != "under way")
    check(k["verdict"] in ("clean", "resolved", "proposed"), f"from its neighbour: {k}")
    reason = fill("Reason", "the same change as there")
    browse([{"do": "open", "url": c.at(OLD)}] + expect(f"the backport of {MIDDLE}") + glanced_at("backport-chain", LIGHT) +
           reason + [{"do": "click", "text": "Accept this backport"}] + expect("The backport is accepted."), state=jar)
    killed(d, "core")
    c.until("it is accepted", OLD, lambda k: k.get("decision") == "accepted")


def tested(d, c, jar):
    """What is settled is tested: the sandbox ends with the worker, and begins anew."""
    killed(d, "runner")
    for name in Library.lines():
        k = c.until(f"{name} is tested", name, lambda k: k["tests"] and k["tests"][0]["state"] in ("answered", "failed"))
        equal(k["tests"][0].get("result"), "pass", f"the tests of {name}: {k['tests'][0]}")
        check(k["tests"][0]["tests_after"] >= 2, f"tests that ran: {k['tests'][0]}")
        check("fails before" in k["tests"][0].get("own_test", ""), f"the fix's own test: {k['tests'][0]}")
        check(k["ready"], f"{name} is ready: {k['state']}")
    got = browse([{"do": "open", "url": c.page}] + expect("3 of 3 lines ready", "all ready") + looked_at("backport-ready", LIGHT) +
                 picture("backport", 900) + [{"do": "download", "text": "The picture as a file"},
                                            {"do": "open", "url": c.at(NEW)}] +
                 expect("tests: pass", "Run the tests again") + looked_at("backport-tested", LIGHT) +
                 [{"do": "download", "text": "The log"}, {"do": "open", "url": c.home}] + expect("3 of 3 lines ready"),
                 state=jar)["downloads"]
    check("3 of 3 ready" in got[0]["text"] and "<script" not in got[0]["text"], "the picture as a file")
    check("ok 1" in got[1]["text"], f"the log: {got[1]['text'][:500]}")
    facts = d.case(c.number)["facts"]
    equal((facts["lines"], facts["fixes"]), ("3", "3"), f"facts of the case: {facts}")


def released(d, c, lib, jar):
    """Signed commits as bundles: a clone fetches them, and git says whose they are."""
    browse([{"do": "open", "url": c.page}, {"do": "click", "text": "Sign what is ready"}] +
           expect("It is being signed."), state=jar)
    killed(d, "keys")
    signers = d.dir / "signers"
    signers.write_text(d.run("case", "backport-signers", "--config", str(d.conf)).stdout)
    clone = d.dir / "clone"
    subprocess.run(["git", "clone", "-q", lib.folder, clone], check=True)

    def git(*args):
        return subprocess.run(["git", "-C", clone, *args], check=True, capture_output=True, text=True)
    for name in Library.lines():
        k = c.until(f"{name} is given out", name, lambda k: k.get("release", {}).get("state") == "given")["release"]
        file = d.dir / "line.bundle"
        file.write_bytes(subprocess.run([d.binary, "case", "backport-bundle", c.number, name, "--config", d.conf],
                                        check=True, capture_output=True).stdout)
        branch = f"vulndesk/{c.number}/{name}"
        git("bundle", "verify", file)
        git("fetch", "-q", file, f"{branch}:{branch}")
        equal(git("rev-parse", branch, f"{branch}^").stdout.split(), [k["commit"], lib.git("rev-parse", name)],
              "the commit on the tip of its line")
        text = git("log", "-1", "--format=%cn <%ce>%n%an%n%B", branch).stdout
        check(text.startswith("Example <security@desk.example>\n"), f"its committer: {text}")
        check("(cherry picked from commit " in text and "CVE" not in text, f"its message: {text}")
        if shutil.which("ssh-keygen") is None:
            print("  SKIP git verify-commit: ssh-keygen is not installed")
            continue
        said = git("-c", f"gpg.ssh.allowedSignersFile={signers}", "verify-commit", branch).stderr
        check("Good \"git\" signature for security@desk.example" in said, f"git says: {said}")
    got = browse([{"do": "open", "url": c.at(NEW)}] + expect("The way out", "git fetch") + glanced_at("backport-out", LIGHT) +
                 [{"do": "download", "text": "Who signed it"}, {"do": "download", "text": "The bundle"}], state=jar)["downloads"]
    equal(got[0]["text"], signers.read_text(), "the same key")
    check(got[1]["text"].startswith("# v2 git bundle"), "the bundle")
    check(d.run("case", "backport-release", c.number, "--config", str(d.conf), ok=False).returncode != 0, "all is out")


def reproduced(d, c, jar):
    """A script runs on nothing before somebody has read it; then on every line."""
    browse([{"do": "open", "url": c.page}, {"do": "open-details", "text": "Add a reproducer"}] +
           fill("Its name", "long.sh") + fill("Where it is from", "the reporter's mail") + fill("Or its text", SCRIPT) +
           [{"do": "click", "text": "Keep it"}] + expect("Nothing runs before somebody approves it.", "name_parse(text") +
           [{"do": "absent", "text": "Run it on every line"}] + looked_at("reproducer") +
           [{"do": "click", "text": "I have read it, it may run"}] + expect("It may run now.") +
           [{"do": "click", "text": "Run it on every line"}] + expect("It is on its way into the sandbox."), state=jar)
    killed(d, "worker")
    run = until("it ran everywhere", lambda: (r := c.told()["reproducers"]) and r[0]["runs"] and
                r[0]["runs"][0]["state"] == "answered" and r[0]["runs"][0], LONG)
    on = {t["name"]: t["result"] for t in run["trees"] if t["line"]}
    equal(on, {n: "crashes" for n in Library.lines()}, f"what it did: {run}")
    script = c.told()["reproducers"][0]["reproducer"]
    browse([{"do": "open", "url": f"{c.page}/reproducer/{script}"}] + expect("crashes", NEW) +
           looked_at("reproducer-ran"), state=jar)


def untouched(lib):
    """Nothing was written to the repository."""
    equal(lib.git("for-each-ref", "--format=%(refname:short)").split(),
          ["master", "old", "release-1", "release-2", "release-3", "v1.1", "v2.0", "v3.0", "v3.1"], "its references")
    equal(lib.git("status", "--porcelain"), "", "its files")


def story_a_line_can_be_waived_reopened_and_counted_without_tests():
    with Desk(name="Example") as d:
        lib = Library(d.dir / "repo")
        d.set({"project.repository": str(lib.folder), "project.maintained": ", ".join(Library.lines())})
        d.start()
        c = Case(d, mailed(d))
        jar = signed_in(d, "robin")
        browse([{"do": "open", "url": c.page}] + fill("Commits of the fix", lib.fix) +
               [{"do": "click", "text": "Bring it to the lines"}], state=jar)
        c.answered("every line has its answer")
        # Waived with a reason, and that is taken back.
        browse([{"do": "open", "url": c.at(OLD)}, {"do": "press", "key": "w"}] +
               [{"do": "type", "text": "it ends <next> month"}, {"do": "press", "key": "Enter"}] +
               expect("The line stays without the fix", "it ends <next> month", "waived") +
               glanced_at("backport-waived", LIGHT) +
               [{"do": "open", "url": c.page}] + expect("1 of 3 lines ready"), javascript=True, state=jar)
        browse([{"do": "open", "url": c.at(OLD)}, {"do": "click", "text": "Take the decision back"}] +
               expect("The decision is taken back.", "not decided"), state=jar)
        c.until("it is open again", OLD, lambda k: "decision" not in k)
        # Without a command there are no tests, and untested is not ready unless a person says so.
        browse([{"do": "open", "url": c.at(NEW)}, {"do": "click", "text": "Accept this backport"}] +
               expect("The backport is accepted.", "has no command for the tests"), state=jar)
        k = c.until("it is accepted", NEW, lambda k: k.get("decision") == "accepted")
        check(not k["ready"], f"untested is never ready: {k}")
        browse([{"do": "open", "url": c.at(NEW)}, {"do": "open-details", "text": "Let it count without tests"}] +
               fill("Why that is right here", "a change of one line, read twice") +
               [{"do": "click", "text": "Take it on"}] + expect("The line counts without tests", "read twice"), state=jar)
        check(c.line(NEW)["ready"], f"a person took it on: {c.line(NEW)}")
        browse([{"do": "open", "url": c.at(NEW)}, {"do": "click", "text": "It does not count without tests"}] +
               expect("The line does not count without tests."), state=jar)
        check(not c.line(NEW)["ready"], "and took it back")
        # The message of all lines, in one's own words, without what says too much.
        browse([{"do": "open", "url": c.page}, {"do": "open-details", "text": "The message of the commits"}] +
               fill("Message on all lines", "name: check lengths\n\nThis exploit is CVE-2026-4242.\n") +
               [{"do": "click", "text": "Save the message"}] + expect("The message is saved."), state=jar)
        k = c.until("the message", NEW, lambda k: "check lengths" in k.get("message", ""))
        check("CVE" not in k["message"] and "exploit" not in k["message"], f"scrubbed: {k['message']}")
