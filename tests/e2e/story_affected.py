# SPDX-License-Identifier: Apache-2.0
"""From a mailed report to the affected versions: asked of the history, chosen, corrected, published.

The history has the shape of a project with monthly releases (2024-07, 2024-08a, ...) and a branch
"legacy" that gets the fix in words of its own.
"""
import json
import re
import subprocess
import xml.dom.minidom

from browser import browse, expect, fill, glanced_at, looked_at, picture, signed_in
from desk import Desk, check, equal, report, until
from repository import Repository

BODY = "".join(f"function part_{i}($x) {{\n  return $x + {i};\n}}\n\n" for i in range(12))
FLAW = "  $link = 'https://' . $_SERVER['HTTP_HOST'] . '/reset?token=' . $token;\n"
SAFE = "  $host = allowed_host($_SERVER['HTTP_HOST']) or die('host is not allowed');\n" \
       "  $link = 'https://' . $host . '/reset?token=' . $token;\n"


def source(reset="", more=""):
    head = "<?php\n" + BODY
    return head + (f"function reset_password($user) {{\n  $token = make_token($user);\n{reset}{more}"
                   "  return send_mail($user, $link);\n}\n" if reset else "")


class History(Repository):
    def commit(self, text, message, notes=""):
        self.write("functions.php", text)
        if notes:
            self.write("NOTES.md", notes)
        return super().commit(message)

    def release(self, tag):
        self.commit((self.folder / "functions.php").read_text(encoding="utf-8"),
                    f"Release {tag}", notes=f"This is {tag}.\n")
        self.git("tag", tag)


def monthly(folder):
    """The history and its commits: introducing, fix, copy on legacy."""
    h = History(folder)
    h.commit(source(), "Begin")
    for tag in ("2024-04", "2024-06", "2024-06a", "2024-07"):
        h.release(tag)
    bad = h.commit(source(FLAW), "Let people reset their password")
    for tag in ("2024-08", "2024-08a", "2024-11", "2024-11a", "2024-11b"):
        h.release(tag)
    h.git("branch", "legacy")
    h.release("2025-01")
    fix = h.commit(source(SAFE, "  audit('reset', $user);\n"), "Check the host before a reset link is made")
    for tag in ("2025-01a", "2025-02", "2025-03"):
        h.release(tag)
    h.git("checkout", "-q", "legacy")
    copy = h.commit(source(SAFE), "[legacy] Check the host before a reset link is made")
    h.git("checkout", "-q", "master")
    return bad, fix, copy


def story_an_engine_says_how_far_it_is_and_keeps_its_words_apart():
    """The child as the worker starts it: answer on one descriptor, progress on another."""
    with Desk(name="Example") as d:
        repo, job = d.dir / "repo", d.dir / "job"
        bad, fix, copy = monthly(repo)
        job.mkdir()
        (d.dir / "args").write_text('{"pattern": "", "branches": [], "nth": 7}', encoding="utf-8")
        (d.dir / "question").write_text(json.dumps({
            "question": {"fix": [[fix]], "introduced": [bad], "at": []}, "chosen": None,
            "decided": {"2024-04": "unknown"}}), encoding="utf-8")
        for run in ("first", "from the cache"):
            p = subprocess.run(["sh", "-c", 'exec "$0" role engine affected "$1" "$2" < question 3< args 4> said',
                                str(d.binary), str(job), str(repo)], cwd=d.dir, capture_output=True, text=True, timeout=60)
            equal(p.returncode, 0, f"{run}: {p.stdout[:300]} {p.stderr[:300]}")
            answer = json.loads(p.stdout)
            equal([r["tag"] for r in answer["releases"] if r["status"] == "affected"], AFFECTED, run)
            equal([r["tag"] for r in answer["releases"] if r["status"] == "unknown"], ["2024-04"], run)
            equal((answer["nth"], answer["missing"]), (7, []), run)
            said = (d.dir / "said").read_text(encoding="utf-8")
            check(said.endswith("\n") or run != "first", f"{run}: what it said: {said!r}")


AFFECTED = ["2024-08", "2024-08a", "2024-11", "2024-11a", "2024-11b", "2025-01"]


def answered(d, number, what="the answer"):
    return until(what, lambda: (s := d.cli("case", "affected", number))["state"] == "answered" and s)


def tags(answer, status):
    return [r["tag"] for r in answer["releases"] if r["status"] == status]


def story_the_affected_versions_are_asked_chosen_corrected_and_published():
    with Desk(name="Example") as d:
        repo = d.dir / "repo"
        bad, fix, copy = monthly(repo)
        d.set({"project.repository": str(repo), "project.maintained": "master, legacy"})
        d.start()
        d.send(report(subject="The reset link trusts the Host header", mid="reset@reporter.example"))
        number = until("the case", lambda: d.cases())[0]["number"]
        d.cli("case", "set", number, "--rm", "V", "--reason", "we see it too")
        robin = d.dir / "robin"
        signed_in(d, "robin", robin)
        home = f"http://127.0.0.1:{d.staff}/case/{number}"
        page = home + "/affected"

        # Something that is not there is answered by its reason, and is not tried for ever.
        browse([{"do": "open", "url": home}, {"do": "click", "role": "link", "text": "Affected versions"}] +
               expect("Find them from the history") + looked_at("affected-start") +
               [{"do": "click", "text": "Find the affected versions", "refused": page + "/ask"}] +
               expect("Not done.", "name a fix") +
               fill("Commits of the fix", "no-such-revision") +
               [{"do": "click", "text": "Find the affected versions"}] + expect("The history is being read"),
               state=robin)
        failed = until("the reason", lambda: (s := d.cli("case", "affected", number))["state"] == "failed" and s)
        check("no-such-revision" in failed["why_not"] or "revision" in failed["why_not"], failed["why_not"])
        browse([{"do": "open", "url": page}] + expect("No answer.") + glanced_at("affected-failed"), state=robin)

        # The fix alone: candidates, of which a person chooses one.
        browse([{"do": "open", "url": page}] + fill("Commits of the fix", fix) +
               [{"do": "click", "text": "Find the affected versions"}], state=robin)
        first = answered(d, number)
        check(copy in [f["commit"] for f in first["fixes"]], f"the copy on legacy: {first['fixes']}")
        check(first["candidates"], "candidates")
        equal(tags(first, "unknown"), [], "nothing is missing")
        right = next(i for i, c in enumerate(first["candidates"], 1) if c["affected"] == AFFECTED)
        seen = [{"do": "open", "url": page}] + expect("Map of the history", "Where it may have come in")
        if right > 1 or len(first["candidates"]) > 1:
            seen += looked_at("affected-candidates") + picture("affected", 900)
        browse(seen + [{"do": "click", "text": f"Choose candidate {right}"}] +
               expect("The choice is recorded."), state=robin)
        chosen = answered(d, number)
        equal((tags(chosen, "affected"), chosen["chosen"]), (AFFECTED, right), "what was chosen")
        equal(tags(chosen, "fixed"), ["2025-01a", "2025-02", "2025-03"], "fixed ones")
        equal(chosen["advisory"], [">= 2024-08, < 2025-01a"], "lines of an advisory")

        # One release by hand, with a reason, and taken back.
        browse([{"do": "open", "url": page}] + expect("Every release", "By hand") +
               [{"do": "click", "role": "link", "text": "Decide about 2024-11b"}] +
               [{"do": "value", "label": "The tag to decide about", "value": "2024-11b"},
                {"do": "choose", "label": "Its status", "option": "not affected"}] +
               fill("Reason for it", "was taken from the shelves <b>within an hour</b>") +
               [{"do": "click", "text": "Decide"}] + expect("The decision is recorded.", "within an hour"),
               state=robin)
        by_hand = answered(d, number)
        check("2024-11b" not in tags(by_hand, "affected"), "the decision")
        equal(by_hand["advisory"], [">= 2024-08, < 2024-11b", ">= 2025-01, < 2025-01a"], "the ranges follow")
        browse([{"do": "open", "url": page}] + expect("Decided by hand") + glanced_at("affected-decided") +
               [{"do": "click", "text": "Take back the decision about 2024-11b"}] +
               expect("The decision is taken back."), state=robin)
        again = answered(d, number)
        equal(tags(again, "affected"), AFFECTED, "without the decision, with the choice")

        # With the keyboard: the map is walked through, and each stop is seen.
        browse([{"do": "open", "url": page}, {"do": "tab", "to": "2025-01, ", "as": "svg a"},
                {"do": "click", "text": "Record this on the case"}] + expect("It is recorded as"), state=robin)
        equal(d.case(number)["facts"]["scoped"], ">= 2024-08, < 2025-01a", "the fact on the case")

        # An open page follows what others do.
        decide = [str(d.binary), "case", "affected-decide", number, "2024-08a", "--config", str(d.conf)]
        browse([{"do": "open", "url": page}, {"do": "absent", "text": "Decided by hand"},
                {"do": "run", "argv": decide + ["--status", "unknown", "--reason", "nobody has it any more"]}] +
               expect("Decided by hand", "nobody has it any more", "1 unknown"), javascript=True, state=robin)
        d.cli("case", "affected-decide", number, "2024-08a")
        equal(tags(answered(d, number), "affected"), AFFECTED, "after that")

        # It is on the case, and every step is an event of it.
        browse([{"do": "open", "url": home}] + expect("2024-08 to 2025-01, fixed in 2025-01a"), state=robin)
        kinds = [e["kind"] for e in d.case(number)["events"] if e["kind"].startswith("affected.")]
        for kind in ("affected.asked", "affected.failed", "affected.answered", "affected.chosen",
                     "affected.decided", "affected.undecided"):
            check(kind in kinds, f"{kind} among {kinds}")
        published(d, number, robin)


def published(d, number, jar):
    """The advisory begins with it, shows the picture, and OSV has the ranges."""
    page = f"http://127.0.0.1:{d.staff}/case/{number}/advisory"
    text = "## Impact\n\nA reset link can point elsewhere.\n\n## What to do\n\nUpdate to 2025-01a.\n"
    browse([{"do": "open", "url": page}, {"do": "click", "text": "Start the advisory"}] +
           expect(">= 2024-08, < 2025-01a", "2025-01a") +
           fill("Summary", "The host of a reset link was taken from the request.") + fill("Text", text) +
           [{"do": "click", "text": "Save"}, {"do": "click", "text": "Approve revision 2"},
            {"do": "click", "text": "Publish now"}] + expect("It is public now"), state=jar)
    public = re.search(r"EX-SA-\d{4}-0001", d.get("/advisories")[2]).group()
    status, _, html = d.get(f"/advisories/{public}")
    equal(status, 200, "the public page")
    svg = re.search(r"<svg.*?</svg>", html, re.S).group()
    xml.dom.minidom.parseString(svg)
    check("2024-08" in svg and "tabindex" in svg and "<script" not in svg, "the picture")
    check(len(svg) < 100_000, "its size")
    browse([{"do": "open", "url": f"http://127.0.0.1:{d.public}/advisories/{public}"}] +
           expect("Affected versions", "The map as a table") + looked_at("advisory-map"))
    osv = d.get(f"/advisories/{public}.json")[2]
    check("2024-08" in osv and "2025-01a" in osv, f"OSV: {osv}")
