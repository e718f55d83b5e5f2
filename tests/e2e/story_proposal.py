# SPDX-License-Identifier: Apache-2.0
"""Comments on the policy as pull requests: by mail, by the web form, and what is none of them."""
import re
import shutil
import subprocess

from browser import browse, expect, glanced_at, looked_at
from desk import Desk, POLICY, check, equal, until
from story_browser import signin_link

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
    with Desk(settings={"roles.cores": "2"}) as d:
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


def story_a_proposal_by_the_form_is_read_and_merged_in_a_browser():
    with Desk() as d:
        d.start()
        public, staff, jar = f"http://127.0.0.1:{d.public}", f"http://127.0.0.1:{d.staff}", d.dir / "jar"
        changed = POLICY.replace("We keep you informed of the\nprogress towards a fix and full announcement.",
                                 "We fix things. <script>alert(1)</script> " + "long" * 200)
        fields = [{"do": "fill", "label": "The change in one line", "value": "Promise less <b>"},
                  {"do": "fill", "label": "Why", "value": "We never did it.\nHonestly."},
                  {"do": "fill", "label": "Your name", "value": "Ada Commenter"},
                  {"do": "fill", "label": "Mail address", "value": "ada@commenter.example"}]
        browse([{"do": "open", "url": public + "/"}, {"do": "click", "role": "link",
                                                      "text": "Propose a change to this policy"}] +
               expect("Propose a change to this policy", "Show the difference") +
               looked_at("propose") + fields +
               [{"do": "click", "text": "Show the difference", "refused": public + "/policy/propose"}] +
               expect("nothing in the policy is changed") +
               [{"do": "fill", "label": "The policy", "value": changed},
                {"do": "click", "text": "Show the difference"}] +
               expect("This is what would change", "+soon as possible") + looked_at("propose-preview") +
               [{"do": "click", "text": "Send the proposal"}] + expect("Thank you", "number 1") +
               looked_at("propose-sent"))
        proposals(d, 1)
        equal(d.sink.mails, [], "no mail goes to an address that anybody may type")
        page = [{"do": "open", "url": staff + "/policy/1"}]
        browse([{"do": "open", "url": signin_link(d)}, {"do": "click", "text": "Sign in"}] +
               [{"do": "open", "url": staff + "/policy"}] + expect("Promise less <b>", "revision 1") +
               looked_at("policy-list") + page +
               expect("no longer promises: keeps the reporter informed", "policy.update = yes",
                      "Honestly.", "<script>alert(1)</script>") + looked_at("proposal"), state=jar)
        browse(page + [{"do": "fill", "label": "Mail to the author", "value": "Are you sure?"},
                       {"do": "click", "text": "Send the answer"}] +
               expect("The answer is on its way."), state=jar)
        mail = until("the answer", lambda: d.sink.to("ada@commenter.example"))[0]["mail"]
        check("Are you sure?" in mail.get_body().get_content(), "the answer's text")
        browse(page + [{"do": "click", "text": "Merge into the policy"}] +
               expect("The new text is in force.", "merged") + glanced_at("proposal-merged"), state=jar)
        until("the new text is served", lambda: "We fix things." in served(d))
        check("<script>" not in d.get("/")[2], "its markup is no markup")
        until("the author hears of the merge", lambda: len(d.sink.to("ada@commenter.example")) == 2)
        repo = d.home / "data" / "engine" / "policy" / "policy.git"
        until("the commit", lambda: "Ada Commenter <ada@commenter.example>" in git(
            repo, "log", "-1", "--format=%an <%ae>", "main"))


def story_what_is_no_patch_of_the_policy_is_a_case():
    with Desk() as d:
        d.start()
        repo = upstream(d)
        other = format_patch(repo, SAYS_WHEN, "Also change the parser", {"parser.c": "int x;\n"})
        mailed(d, other, "o1")
        until("a patch of other files is a case", lambda: len(d.cases()) == 1)
        git(repo, "reset", "-q", "--hard", "HEAD~1")
        patch = format_patch(repo, SAYS_WHEN, "Say when")
        mailed(d, patch + "\nBy the way, the login has a hole.\n", "o2")
        until("words behind the patch make it a case", lambda: len(d.cases()) == 2)
        equal(d.cli("policy", "list")["proposals"], [], "no proposals")
        git(repo, "reset", "-q", "--hard", "HEAD~1")
        mailed(d, format_patch(repo, POLICY.replace("Please submit", "The admin password is x. Please submit"),
                               "A hole"), "o3")
        proposals(d, 1)
        number = d.cli("policy", "case", "1", "--reason", "this is a report")["number"]
        ack = until("it is acknowledged then", lambda: [
            m for m in d.sink.to("ada@commenter.example") if number in str(m["mail"]["Subject"]) and
            m["mail"]["In-Reply-To"] == "<o3@commenter.example>"])
        equal(len(ack), 1, "acknowledgements")
        case = d.case(number)
        check("The admin password" in str(case["threads"]), "the case has the mail's text")
        equal(d.cli("policy", "list")["proposals"][0]["case"], number, "the proposal knows its case")


def story_two_proposals_meet_and_the_later_one_says_so():
    with Desk() as d:
        d.start()
        repo = upstream(d)
        for i, words in enumerate(("within\n24 hours", "within\n3 days")):
            patch = format_patch(repo, POLICY.replace("as\nsoon as possible", words), f"Say when {i}")
            git(repo, "reset", "-q", "--hard", "HEAD~1")
            mailed(d, patch, f"m{i}")
        elsewhere = format_patch(repo, POLICY.replace("# Security policy", "# Our security policy"), "Ours")
        mailed(d, elsewhere, "m2")
        proposals(d, 3)
        first = [p["proposal"] for p in d.cli("policy", "list")["proposals"]
                 if p["subject"] == "Say when 0"][0]
        d.cli("policy", "merge", str(first))
        now = until("the others are tried again", lambda: (
            p := {x["subject"]: x["applies"] for x in d.cli("policy", "list", "--state", "open")["proposals"]})
            and p["Say when 1"] == "does not apply" and p)
        equal(now["Ours"], "applies", "the one elsewhere still applies")
        other = [p["proposal"] for p in d.cli("policy", "list")["proposals"] if p["subject"] == "Ours"][0]
        until("it is tried on the new text", lambda: "24 hours" not in d.cli(
            "policy", "show", str(other))["diff"] and d.run(
            "policy", "merge", str(other), "--config", str(d.conf), ok=False).returncode == 0)
        until("both are served", lambda: "Our security policy" in served(d) and "24 hours" in served(d))


def story_an_edited_file_is_taken_in_and_what_was_proposed_is_tried_on_it():
    with Desk() as d:
        d.start()
        repo = d.home / "data" / "engine" / "policy" / "policy.git"
        until("the first commit", (repo / "refs" / "heads" / "main").is_file)
        mailed(d, format_patch(upstream(d), SAYS_WHEN, "Say when"), "e1")
        proposals(d, 1)
        d.stop()
        shutil.rmtree(repo)
        (d.home / "SECURITY.md").write_text(POLICY.replace("as\nsoon as possible", "on\nMondays"))
        d.start()
        check("on Mondays" in served(d), "the edited file is served")
        until("the proposal says that it does not apply", lambda: d.cli(
            "policy", "list")["proposals"][0]["applies"] == "does not apply")
        until("the repository is made again", (repo / "refs" / "heads" / "main").is_file)
        equal(len(git(repo, "rev-list", "main").split()), 2, "its commits")
        d.kill_role("worker")
        mailed(d, format_patch(d.dir / "upstream", SAYS_WHEN + "\nThanks.\n", "Thank"), "e2")
        proposals(d, 2)
