# SPDX-License-Identifier: Apache-2.0
"""Who may join a case by mail: only its participant; a stranger is held for a person."""
from desk import Desk, check, equal, report, until


def opened(d, sender="alice@reporter.example", mid="r1@reporter.example"):
    """A case with its acknowledgement; returns (number, acknowledgement)."""
    d.send(report(sender=sender, mid=mid), sender=sender)
    ack = until("the acknowledgement", lambda: d.sink.to(sender))[0]["mail"]
    return d.cases()[0]["number"], ack


def held(d):
    return d.cli("quarantine", "list")["messages"]


def story_the_same_mail_twice_is_one_message_and_one_acknowledgement():
    with Desk() as d:
        d.start()
        opened(d)
        d.send(report(mid="r1@reporter.example"))
        until("the second copy was looked at", lambda: d.log_text().count("event=taken-in") >= 2)
        equal(len(d.cases()), 1, "cases")
        equal(len(d.sink.mails), 1, "acknowledgements")


def story_two_reports_with_the_same_subject_stay_two_cases():
    with Desk() as d:
        d.start()
        opened(d)
        d.send(report(sender="bob@other.example", mid="b1@other.example"), sender="bob@other.example")
        until("the second case", lambda: len(d.cases()) == 2)


def story_a_stranger_who_quotes_a_case_number_is_held():
    with Desk() as d:
        d.start()
        number, ack = opened(d)
        evil = "stranger@evil.example"
        d.send(report(subject=f"Re: [{number}] status?", sender=evil, mid="e1@evil.example",
                      extra=f"References: {ack['Message-ID']}\n", body="What did Alice find?\n"),
               sender=evil)
        until("it is held", lambda: held(d))
        check("What did Alice find" not in str(d.case(number)["threads"]),
              "the stranger's mail is not in the case's threads")
        for m in d.sink.to(evil):
            check(number not in m["raw"].decode() and "parse_name" not in m["raw"].decode(),
                  "the stranger is told nothing of the case")


def story_a_forged_sender_without_the_tag_is_held():
    with Desk() as d:
        d.start()
        number, _ = opened(d)
        d.send(report(subject=f"Re: [{number}] please publish now", mid="forged@evil.example",
                      body="Forged in Alice's name.\n"))
        until("it is held", lambda: held(d))
        check("Forged in" not in str(d.case(number)["threads"]), "forged mail is not in the case")


def story_the_mta_verdict_admits_a_reply_and_forged_verdicts_do_not():
    with Desk(settings={"mail.authserv_id": "mx.desk.example"}) as d:
        d.start()
        number, _ = opened(d)
        good = ("Authentication-Results: mx.desk.example; dmarc=pass header.from=reporter.example\n"
                "Received: from out.example by mx.desk.example; Wed, 25 Nov 2026 10:00:00 +0000\n")
        bad = ("Received: from out.example by mx.desk.example; Wed, 25 Nov 2026 10:00:00 +0000\n"
               "Received: from evil.example by out.example; Wed, 25 Nov 2026 09:59:00 +0000\n"
               "Authentication-Results: mx.desk.example; dmarc=pass header.from=reporter.example\n")
        mail = report(subject=f"Re: [{number}]", mid="g1@reporter.example", body="Genuine answer.\n")
        d.send(good + mail)
        until("the genuine answer is in the case",
              lambda: "Genuine answer." in str(d.case(number)["threads"]))
        mail = report(subject=f"Re: [{number}]", mid="g2@reporter.example", body="Forged answer.\n")
        d.send(bad + mail)
        until("the forged one is held", lambda: held(d))


def story_a_person_releases_a_held_mail_into_its_case():
    with Desk() as d:
        d.start()
        number, _ = opened(d)
        d.send(report(subject=f"Re: [{number}] from my other account", sender="alice@home.example",
                      mid="home@home.example", body="It is me, Alice.\n"), sender="alice@home.example")
        waiting = until("it is held", lambda: held(d))
        d.cli("quarantine", "release", str(waiting[0]["id"]), "--case", number, "--reason", "known voice")
        until("it is in the case", lambda: "It is me, Alice." in str(d.case(number)["threads"]))
        equal(held(d), [], "held mails afterwards")


def story_bounces_are_attached_and_never_answered():
    with Desk() as d:
        d.start()
        number, ack = opened(d)
        before = len(d.sink.mails)
        d.send(f"""Return-Path: <>
From: MAILER-DAEMON@mx.example
To: security@desk.example
Subject: Undelivered Mail Returned to Sender
Date: Wed, 25 Nov 2026 10:00:00 +0000
Message-ID: <bounce1@mx.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Your mail could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; alice@reporter.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown

--b
Content-Type: message/rfc822

Message-ID: {ack['Message-ID']}
From: security@desk.example
To: alice@reporter.example
Subject: x

x
--b--
""", sender="")
        until("the bounce is on the case", lambda: "5.1.1" in str(d.case(number)))
        equal(len(d.cases()), 1, "cases")
        equal(len(d.sink.mails), before, "mails sent")
