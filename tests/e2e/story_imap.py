# SPDX-License-Identifier: Apache-2.0
"""A team without a mail server of its own: the desk looks into its mailbox (a real Dovecot)."""
import re
import time

from desk import Desk, check, equal, report, until
from dovecot import Dovecot


def taken(d):
    return len(re.findall(r"event=mailbox-taken", d.log_text()))


def story_a_mail_in_the_mailbox_becomes_a_case_within_seconds_and_stays_unread():
    with Dovecot() as m, Desk(settings={**m.settings(), "listen.smtp": "", "listen.lmtp": ""}) as d:
        m.deliver(report(subject="An old mail", mid="old@reporter.example"))
        m.start()
        d.start()
        until("the desk is in the mailbox", lambda: "event=mailbox-new" in d.log_text())
        begin = time.monotonic()
        m.deliver(report(mid="new@reporter.example"))
        case = until("the case", d.cases)[0]
        check(time.monotonic() - begin < 10, "the server's word was enough, no poll was waited for")
        ack = until("the acknowledgement", lambda: d.sink.to("alice@reporter.example"))[0]
        check(f"[{case['number']}]" in ack["mail"]["Subject"], "it names the case")
        equal(ack["from"], "", "and has no return path")
        equal((m.held(), m.seen()), (2, []), "both mails lie where they lay, unread")
        equal(len(d.cases()), 1, "what lay there before the desk came is left alone")


def story_restarts_and_a_new_numbering_lose_and_double_nothing():
    with Dovecot() as m, Desk(settings={**m.settings(), "imap.old_mail": "yes"}) as d:
        m.start()
        d.start()
        m.deliver(report(mid="1@reporter.example"))
        until("the first case", lambda: len(d.cases()) == 1)
        m.stop()
        m.deliver(report(mid="2@reporter.example", subject="While the server is away"))
        m.start()
        until("the second case, after a restart of the server", lambda: len(d.cases()) == 2)
        d.kill_role("net")
        m.deliver(report(mid="3@reporter.example", subject="While net is away"))
        until("the third case, after a restart of net", lambda: len(d.cases()) == 3)
        m.renumber()
        until("the mailbox is numbered anew", lambda: "event=mailbox-renumbered" in d.log_text())
        m.deliver(report(mid="4@reporter.example", subject="After the restore"))
        until("the fourth case", lambda: len(d.cases()) == 4)
        until("the old ones were looked at again", lambda: d.log_text().count("kind=duplicate") == 3)
        until("four acknowledgements",
              lambda: len(d.sink.to("alice@reporter.example")) == 4)
        equal((len(d.cases()), m.seen()), (4, []), "four cases, nothing read")


def story_a_mail_over_the_limit_is_left_and_told():
    with Dovecot() as m, Desk(settings={**m.settings(), "imap.old_mail": "yes",
                                        "mail.max_size": "64K"}) as d:
        m.deliver(report(mid="big@reporter.example", body="x" * 70 + "\n" * 200000))
        m.deliver(report(mid="small@reporter.example"))
        m.start()
        d.start()
        until("the mail behind it becomes a case", d.cases)
        held = d.cli("quarantine", "list")["messages"]
        equal(len(held), 1, "the large one waits for a person")
        check("still in the mailbox" in str(held), f"and says so: {held}")
        equal(m.held(), 2, "both are there")


def story_a_backlog_of_two_hundred_mails_with_core_killed_in_between():
    with Dovecot() as m, Desk(settings={**m.settings(), "imap.old_mail": "yes"}) as d:
        for i in range(200):
            m.deliver(report(mid=f"{i}@many.example", subject=f"Report {i}",
                             sender=f"p{i}@many.example"), sender=f"p{i}@many.example")
        m.start()
        d.start()
        until("some are taken", lambda: taken(d) > 40)
        d.kill_role("core")
        until("all are cases", lambda: d.alive() and len(d.cases()) == 200, 300)
        until("nothing waits in the spool", lambda: not list((d.home / "data/spool/new").iterdir()))
        equal(len(d.cases()), 200, "each once")
        equal(m.seen(), [], "none is marked as read")


def story_a_server_without_idle_is_looked_at_now_and_then():
    with Dovecot(idle=False) as m, Desk(settings={**m.settings(), "imap.poll": "1s"}) as d:
        m.start()
        d.start()
        until("the desk is in the mailbox", lambda: "event=mailbox-new" in d.log_text())
        m.deliver(report(mid="polled@reporter.example"))
        until("the case", d.cases)
