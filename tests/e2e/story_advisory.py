# SPDX-License-Identifier: Apache-2.0
"""The full announcement: written, approved by a second person, published at one instant, corrected.

Before, nothing of it is there for the public; after, page, feed and OSV document say the same.
"""
import json
import re
import time
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timedelta, timezone

from browser import LOOK, browse, expect, fill, glanced_at, looked_at, picture, shot, signed_in
from desk import Desk, check, equal, report, until

ATOM = {"a": "http://www.w3.org/2005/Atom"}
LIST = "announce@lists.example"
FIRST_PICTURE_MAX = 100_000  # bytes of a page with its style sheet


def case_with_way_back(d):
    d.send(report(subject="Heap overflow in the parser", mid="first@reporter.example"))
    ack = until("the acknowledgement", lambda: d.sink.to("alice@reporter.example"))[0]["mail"]
    link = re.search(r"http://127\.0\.0\.1:\d+/r/[A-Za-z0-9_-]+", ack.get_body().get_content()).group()
    number = until("the acknowledged case", lambda: [
        c for c in d.cases() if c["phase"] not in ("received", "Received")])[0]["number"]
    return number, link


def everything_public(d):
    """What a stranger sees at the addresses of an advisory, and of one that never was."""
    def answer(path):
        status, headers, text = d.get(path)
        return status, headers["Content-Type"], headers.get("Cache-Control"), text
    return [answer("/advisories/EX-SA-2026-0001" + end) for end in ("", ".json")], \
           [answer("/advisories/EX-SA-2026-7777" + end) for end in ("", ".json")]


def feed(d):
    status, headers, text = d.get("/advisories.atom")
    equal((status, headers["Content-Type"]), (200, "application/atom+xml; charset=utf-8"), "the feed")
    return ElementTree.fromstring(text)


TEXT = ("## Impact\n\nA name of 256 bytes writes one byte past its buffer.\n\n"
        "## What to do\n\nUpdate to 2.6.1. If you cannot yet: refuse names over 200 bytes.\n")


def story_an_advisory_is_written_approved_published_and_corrected():
    settings = {"publish.announce_to": LIST, "publish.ecosystem": "Packagist",
                "publish.package": "example/parser", "publish.purl": "pkg:composer/example/parser",
                "project.name": "Example Parser"}
    with Desk(settings=settings) as d:
        d.start()
        number, link = case_with_way_back(d)
        year = number.split("-")[1]
        public = f"EX-SA-{year}-0001"
        d.cli("user", "add", "sam", "--name", "Sam Example", "--email", "sam@desk.example",
              "--role", "handler")
        d.cli("case", "set", number, "--severity", "high")
        d.cli("case", "set", number, "--rm", "V", "--reason", "we see it too")
        d.cli("case", "set", number, "--fact", "scoped", "--value", ">= 2.4, < 2.6.1",
              "--reason", "by the tags")
        robin, sam, alice = d.dir / "robin", d.dir / "sam", d.dir / "alice"
        signed_in(d, "robin", robin)
        signed_in(d, "sam", sam)
        page = f"http://127.0.0.1:{d.staff}/case/{number}/advisory"
        site = f"http://127.0.0.1:{d.public}"
        # robin writes it
        browse([{"do": "open", "url": page}] + expect("Start it", ">= 2.4, < 2.6.1") +
               looked_at("advisory-start") + [{"do": "click", "text": "Start the advisory"}] +
               expect("saved as a new revision", "to be written") + looked_at("advisory-draft") +
               fill("Summary", "A long name overflows a buffer of the parser.") +
               fill("Text", TEXT) + fill("Fixed in", "2.6.1\n") +
               fill("Affected versions", "since 2.4") + [{"do": "click", "text": "Save", "refused": page + "/edit"}] +
               expect("Not done.", "a line looks like") +
               fill("Affected versions", ">= 2.4, < 2.6.1") + [{"do": "click", "text": "Save"}] +
               expect("saved as a new revision", "a second person of the team approves it") +
               [{"do": "absent", "text": "Approve revision 2"},
                {"do": "click", "text": "Ask by mail"}] + expect("The question is on its way"),
               state=robin)
        # who reported is asked, and answers on the page of the report
        asked = until("the question", lambda: [m for m in d.sink.to("alice@reporter.example")
                                               if "name you" in m["mail"]["Subject"]])[0]["mail"]
        way = re.search(r"http://127\.0\.0\.1:\d+/r/[A-Za-z0-9_-]+", asked.get_body().get_content()).group()
        browse([{"do": "open", "url": way}, {"do": "click", "text": "Open"}] +
               expect("would like to thank you in it") +
               [{"do": "click", "role": "link", "text": "Tell us how to name you"}] +
               expect("How shall we name you?") + looked_at("reporter-credit") +
               [{"do": "check", "label": "By this name"}] +
               fill("as it is to be printed", "Alice <b>Example</b>") + [{"do": "click", "text": "Tell the team"}] +
               expect("Your answer is recorded"), state=alice)
        # nothing of it is public
        ours, never = everything_public(d)
        equal(ours, never, "what is not public and what never was")
        equal([a[0] for a in ours], [404, 404], "before publication")
        check("Heap" not in d.get("/advisories")[2], "the public list")
        equal(len(feed(d).findall("a:entry", ATOM)), 0, "entries before")
        # sam approves and publishes
        begin = len(d.sink.mails)
        seen = browse([{"do": "open", "url": page}] +
                      expect("Somebody else wrote it", "Alice <b>Example</b>") +
                      [{"do": "click", "text": "Approve revision 2"}] + expect("Nothing is public yet") +
                      glanced_at("advisory-approved") + [{"do": "click", "text": "Publish now"}] +
                      expect("It is public now", public) + looked_at("advisory-published"), state=sam)
        check(seen["visited"], "sam saw it")
        until("both mails", lambda: d.sink.to(LIST) and [
            m for m in d.sink.to("alice@reporter.example") if public in m["mail"]["Subject"]])
        equal(len(d.sink.to(LIST)), 1, "mails to the list")
        text = d.sink.to(LIST)[0]["mail"].get_body().get_content()
        check("Alice <b>Example</b>" in text and f"{site}/advisories/{public}" in text and
              ">= 2.4, < 2.6.1" in text, f"the mail: {text}")
        check(number not in text, "the case's number stays inside")
        equal(len([m for m in d.sink.mails[begin:] if public in m["mail"]["Subject"]]), 2, "mails in all")
        # page, feed and OSV say the same
        status, headers, html = d.get(f"/advisories/{public}")
        equal(status, 200, "the page")
        check("Alice &lt;b&gt;Example&lt;/b&gt;" in html and number not in html and "robin" not in html,
              "the page names who is to be named and nobody else")
        css = re.search(r'href="(/[^"]+\.css)"', html).group(1)
        check(len(html) + len(d.get(css)[2]) < FIRST_PICTURE_MAX, "the first picture is small")
        osv = json.loads(d.get(f"/advisories/{public}.json")[2])
        equal((osv["id"], osv["summary"]), ("x_" + public, "Heap overflow in the parser"), "OSV")
        equal(osv["credits"], [{"name": "Alice <b>Example</b>", "type": "REPORTER"}], "credits")
        equal(osv["affected"][0]["ranges"][0]["events"], [{"introduced": "2.4"}, {"fixed": "2.6.1"}], "range")
        entry = feed(d).findall("a:entry", ATOM)[0]
        check(public in entry.find("a:title", ATOM).text, "the entry's title")
        equal(entry.find("a:updated", ATOM).text, osv["modified"], "updated and modified")
        case = d.case(number)
        check(case["cs"][3] == "P", f"the case is public: {case['cs']}")
        browse([{"do": "open", "url": f"{site}/advisories"}] + expect("Heap overflow", public) +
               looked_at("advisories-public") + [{"do": "click", "role": "link", "text": "Heap overflow"}] +
               expect("Impact", "refuse names", "Alice <b>Example</b>", "Timeline", "Reported") +
               picture("advisory", 820) + looked_at("advisory-public") +
               [{"do": "media", "name": "print"}, {"do": "hidden", "text": "All advisories"},
                {"do": "hidden", "text": "security.txt"}] + expect("refuse names") + shot("advisory-paper", LOOK))
        browse([{"do": "open", "url": f"http://127.0.0.1:{d.staff}/advisories"}] + expect(public) +
               looked_at("advisories-staff"), state=sam)
        # a correction: written by sam, approved by robin, said to everybody
        before = osv["modified"]
        until("the next second", lambda: datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") > before)
        browse([{"do": "open", "url": page}, {"do": "open-details", "text": "Write a correction"}] +
               fill("Affected versions", ">= 2.3, < 2.6.1") +
               fill("What is new", "Version 2.3 is affected too.") + [{"do": "click", "text": "Save"}] +
               expect("saved as a new revision"), state=sam)
        check("2.3" not in d.get(f"/advisories/{public}.json")[2], "a draft of a correction is not public")
        browse([{"do": "open", "url": page}, {"do": "click", "text": "Approve revision 3"},
                {"do": "click", "text": "Publish now"}] + expect("It is public now") +
               [{"do": "click", "role": "link", "text": "Revision 3"}] + expect("+>= 2.3, < 2.6.1") +
               looked_at("advisory-diff"), state=robin)
        later = json.loads(d.get(f"/advisories/{public}.json")[2])
        check(later["modified"] > before and later["published"] == osv["published"], "modified moves on")
        check("Version 2.3 is affected too." in d.get(f"/advisories/{public}")[2], "the page says what changed")
        again = feed(d).findall("a:entry", ATOM)
        equal([e.find("a:id", ATOM).text for e in again], [entry.find("a:id", ATOM).text], "the id stays")
        until("the correction by mail", lambda: [m for m in d.sink.to(LIST)
                                                 if "Correction" in m["mail"]["Subject"]])


def story_a_planned_publication_comes_once_though_core_is_killed_around_it():
    with Desk(settings={"publish.announce_to": LIST}) as d:
        d.start()
        number, _ = case_with_way_back(d)
        text = d.dir / "text.md"
        text.write_text("Update to 2.6.1.\n")
        d.cli("advisory", "edit", number, "--title", "A planned one", "--summary", "It overflows.",
              "--affected", "< 2.6.1", "--file", str(text))
        refused = d.run("advisory", "approve", number, "--revision", "1", "--config", str(d.conf), ok=False)
        check(refused.returncode != 0 and "second person" in refused.stderr, refused.stderr)
        jar = d.dir / "jar"
        signed_in(d, "robin", jar)
        page = f"http://127.0.0.1:{d.staff}/case/{number}/advisory"
        browse([{"do": "open", "url": page}, {"do": "click", "text": "Approve revision 1"}], state=jar)
        at = (datetime.now(timezone.utc) + timedelta(seconds=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
        d.cli("advisory", "publish", number, "--revision", "1", "--at", at)
        equal(d.get("/advisories.atom")[2].count("<entry>"), 0, "before its time")
        killed = time.monotonic() + 6
        while time.monotonic() < killed and not d.sink.to(LIST):
            d.kill_role("core")
            until("core is back", lambda: d.role_pids("core"))
            try:
                until("a moment of work", lambda: d.sink.to(LIST), seconds=0.7)
            except AssertionError:
                pass
        until("the mail", lambda: d.sink.to(LIST))
        until("it is public", lambda: d.get("/advisories.atom")[2].count("<entry>") == 1)
        shown = d.cli("advisory", "show", number)
        equal(shown["state"], "published", "its state")
        published = datetime.fromisoformat(shown["published"].replace("Z", "+00:00"))
        check(published >= datetime.fromisoformat(at.replace("Z", "+00:00")), "not before its time")
        equal(len(shown["mails"]), 2, "mails queued")
        until("both are delivered or wait for a person",
              lambda: all(m["state"] in ("sent", "parked") for m in d.cli("advisory", "show", number)["mails"]))
        check(len(d.sink.to(LIST)) == 1, "an announcement is never sent twice by itself")
        d.stop()
        d.run("verify", "--config", str(d.conf))
