# SPDX-License-Identifier: Apache-2.0
"""A report about software that the team uses and somebody else maintains."""
import re

from browser import browse, expect, looked_at
from desk import Desk, check, equal, report, until

MAP = """[parser]
relation = third-party
what = parses names
upstream = example/parser
contact = security@parser.example
source = SECURITY.md of example/parser
seen = yes
date = 2026-08-05

[web]
relation = own
what = our pages
seen = yes
date = 2026-08-05
"""
ALICE, MAINTAINER = "alice@reporter.example", "security@parser.example"


def reported(d):
    """A started desk with a component map and one report: (number, way back of its reporter)."""
    (d.home / "components.ini").write_text(MAP)
    d.set({"project.components": str(d.home / "components.ini")})
    d.start()
    d.send(report())
    ack = until("the acknowledgement", lambda: d.sink.to(ALICE))[0]["mail"]
    link = re.search(r"http://127\.0\.0\.1:\d+/r/[A-Za-z0-9_-]+", ack.get_body().get_content()).group()
    return d.cases()[0]["number"], link


def text_of(mail):
    return mail["mail"].get_body(("plain",)).get_content()


def story_a_report_is_routed_to_its_maintainer_with_the_reporters_consent():
    with Desk() as d:
        number, link = reported(d)
        staff, jar = f"http://127.0.0.1:{d.staff}", d.dir / "jar"
        secret = d.cli("user", "signin", "robin")["secret"]
        page = f"{staff}/case/{number}/third-party"
        browse([{"do": "open", "url": f"{staff}/signin/{secret}"}, {"do": "click", "text": "Sign in"},
                {"do": "open", "url": page}] + expect("SECURITY.md of example/parser") + looked_at("third-party") +
               [{"do": "choose", "label": "Component", "option": "parser: parses names"},
                {"do": "click", "text": "Tell the reporter"}] +
               expect("The reporter was asked whether we may send it on"), state=jar)
        told = until("the reporter is told", lambda: [m for m in d.sink.to(ALICE) if "belongs" in m["mail"]["Subject"]])
        check(MAINTAINER in text_of(told[0]) and "SECURITY.md of example/parser, 2026-08-05" in text_of(told[0]),
              "the mail says where it belongs and where that is from")
        equal(d.sink.to(MAINTAINER), [], "mails to the maintainer before the reporter agreed")
        mine = d.dir / "reporter"
        browse([{"do": "open", "url": link}, {"do": "click", "text": "Open"}] +
               expect("May we send your report on?", "parser") + looked_at("third-party-question") +
               [{"do": "click", "text": "Yes, with my name and address"}] + expect("The team has your answer.") +
               [{"do": "absent", "text": "May we send your report on?"}], state=mine)
        d.cli("case", "set", number, "--rm", "V", "--reason", "it is in their code")
        d.cli("case", "set", number, "--rm", "A", "--reason", "it concerns our users")
        browse([{"do": "open", "url": page}] + expect("The reporter agrees, by name") +
               [{"do": "fill", "label": "Your words for the maintainer", "value": "We see it since 1.4."},
                {"do": "click", "text": "Send the report to the maintainer"}] +
               expect("Sent to the maintainer, no answer yet") + looked_at("third-party-sent"), state=jar)
        sent = until("the maintainer has it", lambda: d.sink.to(MAINTAINER))[0]
        check("We see it since 1.4." in text_of(sent) and "parse_name" in text_of(sent) and ALICE in text_of(sent),
              "the report, our words and the reporter's name arrive")
        original = [p for p in sent["mail"].iter_attachments()]
        equal(len(original), 1, "attachments")
        check(b"parse_name() in src/name.c" in original[0].get_content(), "the mail as it came goes along")
        until("the reporter hears of it", lambda: [m for m in d.sink.to(ALICE) if "sent on" in m["mail"]["Subject"]])
        d.send(report(subject="Re: " + str(sent["mail"]["Subject"]), sender=MAINTAINER,
                      mid="answer@parser.example", extra=f"In-Reply-To: {sent['mail']['Message-ID']}\n",
                      body="We have it, a fix is coming.\n"), sender=MAINTAINER,
               to=re.search(r"[^<]+@[^>]+", str(sent["mail"]["Reply-To"])).group())
        until("the answer is tracked", lambda: d.cli("third-party", "list", number)["routes"][0]["heard"])
        threads = d.case(number)["threads"]
        equal(sorted(t["role"] for t in threads), ["reporter", "vendor"], "threads")
        check("a fix is coming" not in str([t for t in threads if t["role"] == "reporter"]),
              "the reporter does not read the maintainer's thread")
        browse([{"do": "open", "url": page}] + expect("The maintainer has answered"), state=jar)


def story_without_consent_nothing_goes_out():
    with Desk() as d:
        number, _ = reported(d)
        d.cli("third-party", "tell", number, "parser", "--ask")
        route = d.cli("third-party", "list", number)["routes"][0]["route"]
        for rm in "VA":
            d.cli("case", "set", number, "--rm", rm, "--reason", "it is real")
        p = d.run("third-party", "forward", str(route), "--config", str(d.conf), ok=False)
        check(p.returncode != 0 and "consent" in p.stderr, p.stderr)
        d.cli("third-party", "consent", str(route), "--answer", "no", "--reason", "his mail of today")
        p = d.run("third-party", "forward", str(route), "--config", str(d.conf), ok=False)
        check(p.returncode != 0, "a refusal is a refusal")
        equal(d.sink.to(MAINTAINER), [], "mails to the maintainer")
