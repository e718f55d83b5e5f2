# SPDX-License-Identifier: Apache-2.0
"""A contact address that is a general mailbox, and a desk that only watches the old inbox."""
import json
import re
import urllib.parse

import desk
from desk import Desk, Sink, check, equal, until
from dovecot import Dovecot
from story_notices import session

ORDER = "Hello,\n\nwe would like to buy ten licences of your software.\n\nRegards, Bob\n"


INFO = "info@desk.example"


def report(to=INFO, **more):
    return desk.report(to=to, **more)


class Shared(Desk):
    """info@ is for everybody; what is no report goes on to the old server."""

    def __init__(self, **more):
        self.next = Sink()
        super().__init__(settings={"desk.contact": INFO, "mail.shared": "yes", "mail.no_report": "X-Shop: order",
                                   "mail.next_hop": f"smtp://127.0.0.1:{self.next.port}",
                                   "mail.next_hop_tls": "never", **more})

    def send(self, raw, sender="alice@reporter.example", to=INFO):
        return super().send(raw, sender, to)

    def close(self):
        super().close()
        self.next.close()


def held(d, state="held"):
    return d.cli("quarantine", "list", "--state", state)["messages"]


def story_what_is_no_report_is_passed_on_unchanged_and_the_uncertain_waits():
    with Shared() as d:
        d.start()
        d.send(report(mid="r1@reporter.example"))
        until("a report is a case", lambda: len(d.cases()) == 1)
        until("and acknowledged", lambda: d.sink.to("alice@reporter.example"))
        order = report(subject="Order 7", sender="shop@shop.example", mid="o7@shop.example",
                       extra="X-Shop: order of ten\n", body="..a line with a dot\n.\nä\n" + ORDER)
        d.send(order, sender="bounce+7@shop.example")
        got = until("the order is passed on", lambda: d.next.mails)[0]
        equal((got["from"], got["rcpt"]), ("bounce+7@shop.example", [INFO]),
              "with its own envelope")
        head, rest = got["raw"][:20], got["raw"]
        check(head.startswith(b"Received: from "), f"one trace field of ours in front: {head}")
        equal(rest[rest.index(b"\r\nFrom: ") + 2:], order.encode().replace(b"\n", b"\r\n"),
              "and the same bytes behind it")
        d.send(report(subject="A question", mid="q@b.example", sender="bob@b.example", body=ORDER),
               sender="bob@b.example")
        d.send(report(subject="Another", mid="q2@b.example", sender="bob@b.example", body=ORDER),
               sender="bob@b.example")
        waiting = until("the uncertain waits", lambda: len(held(d)) == 2 and held(d))
        check("is this a report?" in json.dumps(waiting), f"and says why: {waiting}")
        equal((len(d.cases()), len(d.next.mails)), (1, 1), "nothing happened to them")
        d.cli("quarantine", "release", str(waiting[0]["id"]), "--reason", "it is one")
        until("released: a case", lambda: len(d.cases()) == 2)
        until("and an acknowledgement", lambda: d.sink.to("bob@b.example"))
        cookie = session(d)
        page = d.get(f"/held/{waiting[1]['id']}", staff=True, cookie=cookie)[2]
        csrf = re.search(r'name="csrf" value="([^"]+)"', page).group(1)
        form = urllib.parse.urlencode({"csrf": csrf, "reason": "an order"}).encode()
        status, _, _ = d.get(f"/held/{waiting[1]['id']}/pass", staff=True, cookie=cookie, data=form,
                             follow=False)
        equal(status, 303, "the form is taken")
        until("no report: passed on", lambda: len(d.next.mails) == 2)
        equal(d.next.mails[1]["from"], "bob@b.example", "with its envelope")
        # What the next hop hands back does not go round and round.
        d.send(d.next.mails[0]["raw"].decode(), sender="bounce+7@shop.example")
        until("what comes back waits", lambda: "came back" in json.dumps(held(d)))
        equal(len(d.next.mails), 2, "and is not passed on again")


def story_a_next_hop_that_fails_loses_nothing():
    with Shared() as d:
        d.next.mode = "later"
        d.start()
        order = {"extra": "X-Shop: order\n", "body": ORDER, "subject": "Order"}
        d.send(report(mid="o1@shop.example", **order))
        until("it was tried", lambda: "outcome=later" in d.log_text())
        d.next.mode = "ok"
        until("and arrives later", lambda: len(d.next.mails) == 1)
        d.next.mode = "reject-rcpt"
        d.send(report(mid="o2@shop.example", **order))
        row = until("a refusal waits for a person", lambda: held(d))[0]
        check("could not be passed on" in json.dumps(row), f"and says so: {row}")
        d.next.mode = "ok"
        d.cli("quarantine", "pass", str(row["id"]), "--reason", "once more")
        until("passed on after all", lambda: len(d.next.mails) == 2)
        equal((held(d), d.cases()), ([], []), "nothing waits, no case was opened")


def story_in_a_general_mailbox_what_is_no_report_is_left_where_it_was():
    with Dovecot() as m, Desk(settings={**m.settings(), "imap.old_mail": "yes", "mail.shared": "yes",
                                        "desk.contact": INFO,
                                        "mail.no_report": "X-Shop: order"}) as d:
        m.deliver(report(mid="o@shop.example", extra="X-Shop: order\n", body=ORDER))
        m.deliver(report(mid="n@list.example", extra="List-Id: <news.example>\n", body=ORDER))
        m.deliver(report(mid="q@b.example", subject="A question", body=ORDER))
        m.deliver(report(mid="r@reporter.example"))
        m.start()
        d.start()
        until("the report is a case", lambda: len(d.cases()) == 1)
        row = until("the uncertain waits", lambda: held(d))[0]
        d.cli("quarantine", "pass", str(row["id"]), "--reason", "an order")
        equal((held(d), len(d.cases())), ([], 1), "and is left when a person says so")
        equal((m.held(), m.seen()), (4, []), "all four lie there, unread")
        until("one acknowledgement", lambda: len(d.sink.mails) == 1)


def story_a_desk_that_only_watches_sends_nothing_and_files_what_the_team_writes():
    with Desk(settings={"mail.outgoing": "copy"}) as d:
        d.start()
        d.send(desk.report(mid="r1@reporter.example"))
        number = until("a case", d.cases)[0]["number"]
        case = d.case(number)
        check("only watches" in json.dumps(case), "the case says why nothing was acknowledged")
        team = desk.report(subject="Re: Heap overflow", sender="robin@desk.example",
                      to="alice@reporter.example", mid="t1@desk.example", body="Thank you, Alice.\n",
                      extra="In-Reply-To: <r1@reporter.example>\n")
        d.send(team, sender="robin@desk.example")
        until("the team's answer is in the thread",
              lambda: "Thank you, Alice." in json.dumps(d.case(number)))
        said = [x for t in d.case(number)["threads"] for x in t["messages"]]
        equal([x["direction"] for x in said], ["in", "out"], "as sent by the team")
        clocks = {c["kind"]: c["state"] for c in d.case(number)["clocks"]}
        equal(clocks.get("acknowledge", "met"), "met", f"and its clocks are met: {clocks}")
        d.send(desk.report(subject="Re: Re: Heap overflow", mid="r2@reporter.example", body="More.\n",
                      extra="In-Reply-To: <t1@desk.example>\n"))
        until("her next mail joins", lambda: "More." in json.dumps(d.case(number)))
        d.send(desk.report(sender="robin@desk.example", to="friend@elsewhere.example", mid="t2@desk.example",
                      body="Lunch?\n"), sender="robin@desk.example")
        refused = d.run("case", "reply", number, "--text", "Hello", "--config", str(d.conf), ok=False)
        check(refused.returncode != 0 and "only watches" in refused.stderr,
              f"a reply is refused: {refused.stderr}")
        until("all is looked at", lambda: d.log_text().count("event=taken-in") == 4)
        equal(len(d.cases()), 1, "no case for the team's own mail")
        d.stop()
        d.set({"mail.outgoing": "on"})
        d.start()
        d.send(desk.report(mid="r3@other.example", sender="carol@other.example"),
               sender="carol@other.example")
        until("new mail is acknowledged", lambda: d.sink.to("carol@other.example"))
        equal(len([x for x in d.sink.mails if "carol@other.example" not in x["rcpt"]
                   and not x["mail"]["Subject"].startswith("[EX")]), 0, "nothing old was released")
        equal(d.sink.to("alice@reporter.example"), [], "least of all to Alice")
