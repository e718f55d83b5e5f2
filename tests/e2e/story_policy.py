# SPDX-License-Identifier: Apache-2.0
"""`vulndesk init` on a real policy and repository gives a desk that serves and keeps that policy."""

import re
import subprocess
import tempfile
import pathlib

from desk import Desk, check, equal, report, shared, until


def git(repo, *args, **env):
    subprocess.run(["git", "-C", str(repo), "-c", "user.name=t", "-c", "user.email=t@t.example",
                    *args], check=True, capture_output=True, env={"PATH": "/usr/bin:/bin", **env})


def mailcow_shaped(folder):
    """A small history with mailcow's tag scheme."""
    repo = pathlib.Path(folder) / "repo"
    repo.mkdir()
    git(repo, "init", "-q", "-b", "master")
    for i, tag in enumerate(["2025-01", "2025-01a", "2025-03", "2025-07", "2026-03", "2026-03b"]):
        (repo / "file").write_text(tag)
        when = f"2026-01-0{i + 1}T00:00:00Z"
        git(repo, "add", "file", GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when)
        git(repo, "commit", "-qm", f"release {tag}", GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when)
        git(repo, "tag", tag)
    return repo


def story_init_on_the_founding_policy_serves_and_promises_in_its_words():
    policy = (shared("policy", "mailcow-SECURITY.md")).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        with Desk(policy=policy, repo=mailcow_shaped(folder), name=None) as d:
            check("info@servercow.de" in d.init_text, "init tells the address it understood")
            check(re.search(r"not found", d.init_text, re.I), "init tells what it did not find")
            shown = d.cli("config", "show")["settings"]
            equal(shown["desk"]["contact"]["value"], ["info@servercow.de"], "the contact address")
            check(shown["project"]["tag_pattern"]["value"], "a release-tag pattern was learnt")
            equal(shown["mail"]["outgoing"]["value"], "on", "the story switched mail on")
            d.run("config", "check", "--config", str(d.conf))
            d.start()
            status, _, page = d.get("/")
            equal(status, 200, "the policy page")
            for anchor in ("reporting-a-vulnerability", "disclosure-policy", "comments-on-this-policy"):
                check(f'id="{anchor}"' in page, f"the page has the anchor {anchor}")
            check("assign it" in page and "primary handler" in page, "the page has the policy's text")
            status, headers, text = d.get("/.well-known/security.txt")
            equal(status, 200, "security.txt")
            check("Contact: mailto:info@servercow.de" in text and "Expires: " in text, text)
            d.send(report(to="info@servercow.de"), to="info@servercow.de")
            ack = until("the acknowledgement", lambda: d.sink.to("alice@reporter.example"))[0]["mail"]
            body = re.sub(r"\s+", " ", ack.get_body().get_content())
            check("more detailed response" in body, "the acknowledgement promises what the policy does")
            check(not re.search(r"within \d+ (hours|days)", body) or "own" in body,
                  "no time is given as the policy's words")


def story_what_the_policy_does_not_promise_is_not_promised():
    with Desk(policy="# Security\n\nMail security@desk.example.\n") as d:
        d.start()
        d.send(report())
        mail = until("the acknowledgement", lambda: d.sink.mails)[0]["mail"]
        text = re.sub(r"\s+", " ", mail.get_body().get_content().lower())
        check("its number is ex-" in text, f"it is the acknowledgement: {text}")
        for promise in ("more detailed response", "keep you informed", "what our policy says",
                        "within"):
            check(promise not in text, f"not promised: {promise}; {text}")


def story_unknown_settings_are_errors_with_their_line():
    with Desk() as d:
        d.conf.write_text(d.conf.read_text() + "\n[mail]\nno_such_setting = 1\n")
        p = d.run("config", "check", "--config", str(d.conf), ok=False)
        check(p.returncode != 0, "exit code")
        check(re.search(r"vulndesk\.conf:\d+", p.stdout + p.stderr), p.stdout + p.stderr)
        check("no_such_setting" in p.stdout + p.stderr, "the message names it")


def story_a_broken_template_is_refused_at_config_check():
    with Desk() as d:
        folder = d.dir / "texts"
        folder.mkdir()
        (folder / "acknowledgement.txt").write_text("Your case is {{nummer}}.\n")
        d.set({"desk.templates": str(folder)})
        p = d.run("config", "check", "--config", str(d.conf), ok=False)
        check(p.returncode != 0 and "acknowledgement.txt" in p.stdout + p.stderr,
              p.stdout + p.stderr)


def story_outgoing_mail_is_off_until_switched_on():
    with Desk() as d:
        d.set({"mail.outgoing": "off"})
        d.start()
        d.send(report())
        number = until("the case", d.cases)[0]["number"]
        box = until("the acknowledgement in the outbox", lambda: [
            o for t in d.case(number)["threads"] for m in t["messages"] for o in m["outbox"]])
        equal(box[0]["state"], "ready", "state of the acknowledgement")
        equal(d.sink.mails, [], "mails sent")
