# SPDX-License-Identifier: Apache-2.0
"""Comments on the policy as pull requests: by mail, by the web form, and what is none of them."""
import re
import subprocess

from desk import Desk, POLICY, check, equal, until

FILE = "SECURITY.md"


def git(repo, *args):
    return subprocess.run(["git", "-C", str(repo), *args], check=True, capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null",
                               "HOME": "/nonexistent"}).stdout


def upstream(d, text=POLICY):
    """A clone of the project as a stranger has it."""
    repo = d.dir / "upstream"
    repo.mkdir()
    git(repo, "init", "-q", "-b", "main")
    git(repo, "config", "user.name", "Ada Commenter")
    git(repo, "config", "user.email", "ada@commenter.example")
    (repo / FILE).write_text(text, encoding="utf-8")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "begin")
    return repo


def format_patch(repo, changed, message, more=None):
    (repo / FILE).write_text(changed, encoding="utf-8")
    for name, text in (more or {}).items():
        (repo / name).write_text(text)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", message)
    patch = git(repo, "format-patch", "-1", "--stdout", "--to=security@desk.example")
    return patch.split("\n", 1)[1]  # without the mbox line, as a mailer sends it


def mailed(d, patch, mid):
    d.send(f"Message-ID: <{mid}@commenter.example>\n" + patch, sender="ada@commenter.example")


def proposals(d, n, state="open"):
    return until(f"{n} proposals that were tried", lambda: (
        p := d.cli("policy", "list", "--state", state)["proposals"]) and len(p) == n and
        all(x["applies"] != "being tried" for x in p) and p)


SAYS_WHEN = POLICY.replace("as\nsoon as possible", "within\n24 hours")


def served(d):
    return re.sub(r"\s+", " ", d.get("/")[2])


def story_a_mailed_patch_is_shown_merged_and_followed():
    with Desk() as d:
        d.start()
        repo = d.home / "data" / "engine" / "policy" / "policy.git"
        until("the first commit", (repo / "refs" / "heads" / "main").is_file)
        mailed(d, format_patch(upstream(d), SAYS_WHEN, "Say when we acknowledge\n\nPeople wait."), "p1")
        p = proposals(d, 1)[0]
        equal((p["subject"], p["author"], p["applies"]),
              ("Say when we acknowledge", "Ada Commenter", "applies"), "the proposal")
        equal(d.cases(), [], "it is no case")
        mail = until("the author hears of it", lambda: d.sink.to("ada@commenter.example"))[0]["mail"]
        check("number 1" in mail.get_body().get_content(), "the mail names the proposal")
        equal(mail["In-Reply-To"], "<p1@commenter.example>", "it threads")
        equal(mail["Auto-Submitted"], "auto-replied", "it is marked automatic")
        shown = d.cli("policy", "show", "1")
        check("+24 hours" in shown["diff"], shown["diff"])
        check(any("to 1 day" in b["text"] for b in shown["behaviour"]), shown["behaviour"])
        check("24 hours" not in served(d), "nothing is served before the merge")
        d.cli("policy", "merge", "1")
        until("the new text is served", lambda: "within 24 hours" in served(d))
        until("the author hears of the merge", lambda: len(d.sink.to("ada@commenter.example")) == 2)
        log = until("the commit", lambda: (x := git(
            repo, "log", "--format=%an <%ae>%n%cn%n%B", "-1", "main")) and "Ada" in x and x)
        check(log.startswith("Ada Commenter <ada@commenter.example>\n"), log)
        check("Say when we acknowledge\n\nPeople wait.\n\nReviewed-by: " in log, log)
        check("24 hours" in git(repo, "show", "main:" + FILE), "the commit has the text")
        d.stop()
        d.start()
        check("within 24 hours" in served(d), "the merged text outlives a restart")
        clone = d.dir / "clone"
        git(d.dir, "clone", "-q", str(d.dir / "upstream"), str(clone))
        git(clone, "reset", "-q", "--hard", "HEAD~1")
        export = d.run("policy", "export", "--config", str(d.conf)).stdout
        (d.dir / "export.mbox").write_text(export, encoding="utf-8")
        git(clone, "-c", "user.name=m", "-c", "user.email=m@m.example", "am", "-q",
            str(d.dir / "export.mbox"))
        equal((clone / FILE).read_text(encoding="utf-8"), SAYS_WHEN, "git am of the export")
