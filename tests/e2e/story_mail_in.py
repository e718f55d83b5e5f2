# SPDX-License-Identifier: Apache-2.0
"""What may come in by mail, and what is answered: RFC 3834, smuggling, encrypted, damaged, ingest."""
import json
import re
import smtplib
import socket
import subprocess

from desk import Desk, check, equal, report, shared, until

SANITIZED = True


def taken_in(d):
    return d.log_text().count("event=taken-in")


def story_only_those_who_should_get_an_automatic_answer():
    """standards/mail/auto-reply, against the live desk."""
    folder = shared("standards", "mail", "auto-reply")
    manifest = json.loads((folder / "manifest.json").read_text())
    with Desk(policy="Mail security@desk.example. We will acknowledge your email.\n",
              settings={"mail.ack_rate": "1000/1h"}) as d:
        d.start()
        for entry in manifest:
            if entry.get("needs_state"):
                continue
            raw = (folder / entry["file"]).read_bytes()
            path = re.search(rb"^Return-Path: <(.*?)>", raw, re.M)
            sender = path.group(1).decode() if path else "reporter@outside.example"
            count, sent = taken_in(d), len(d.sink.mails)
            # each mail gets a sender of its own, so that no rate limit answers for the rule
            d.send(raw, sender=sender)
            until(f"{entry['file']} was looked at", lambda: taken_in(d) > count)
            d.cli("case", "list")
            if entry["auto_reply"]:
                until(f"{entry['file']}: an answer ({entry['why']})", lambda: len(d.sink.mails) > sent)
                answer = d.sink.mails[-1]
                want = entry.get("reply_to_address")
                if want:
                    equal(answer["rcpt"], [want], f"{entry['file']}: answered to")
                equal(answer["mail"]["Auto-Submitted"], "auto-replied", "Auto-Submitted")
                equal(answer["from"], "", "the answer's own sender is the null path")
            else:
                # the decision is in the log of the same transaction that took the mail in
                check("acknowledge=no" in [x for x in d.log_text().splitlines()
                                           if "event=taken-in" in x][-1],
                      f"{entry['file']}: no answer ({entry['why']})")
                equal(len(d.sink.mails), sent, f"{entry['file']}: mails sent ({entry['why']})")


def raw_session(port, data):
    """Sends a whole client stream at once and returns all that the server said."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            while part := s.recv(65536):
                said += part
        except ConnectionError:
            pass
    return said


def message_ids(d):
    """Message-IDs of all that came in: in cases, held, quarantined, spam."""
    text = json.dumps([d.case(c["number"]) for c in d.cases()] + [d.cli("quarantine", "list")])
    return re.findall(r'"message_id": ?"([^"]*)"', text)


def story_no_stream_smuggles_a_second_mail():
    """standards/mail/smtp-smuggling, against the live desk."""
    folder = shared("standards", "mail", "smtp-smuggling")
    manifest = json.loads((folder / "manifest.json").read_text())
    with Desk(settings={"mail.ack_rate": "1000/1h"}) as d:
        d.start()
        for entry in manifest:
            said = raw_session(d.smtp, (folder / entry["file"]).read_bytes()).decode("latin-1")
            want = entry["expect"]
            accepted = len(re.findall(r"^250 2\.\d\.\d .*\b[0-9a-f]{32}\b", said, re.M))
            if "max_messages" in want:
                check(accepted <= want["max_messages"], f"{entry['file']}: {said}")
            if "messages" in want:
                equal(accepted, want["messages"], f"{entry['file']}: messages; {said}")
        d.send(report(mid="last@reporter.example"))
        until("the desk still works", lambda: d.sink.to("alice@reporter.example"))
        until("all were looked at", lambda: not list((d.home / "data" / "spool" / "new").iterdir()))
        check("last@reporter.example" in message_ids(d), "the mails of cases are looked at")
        check("smuggled@vendor.example" not in message_ids(d), "no smuggled mail became a message")
        # the same check on a mail that did come in by itself, so that it is known to see one
        d.send(report(mid="smuggled@vendor.example"))
        until("a planted one is seen", lambda: "smuggled@vendor.example" in message_ids(d))


def story_encrypted_mail_is_acknowledged_and_shown_as_not_readable_yet():
    with Desk() as d:
        d.start()
        d.send(report(mid="pgp@reporter.example").replace("text/plain; charset=utf-8", (
            'multipart/encrypted; protocol="application/pgp-encrypted"; boundary=x')).split("\n\n")[0]
            + "\n\n--x\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--x\n"
              "Content-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\n\n"
              "hQEMA5\n-----END PGP MESSAGE-----\n--x--\n")
        until("the acknowledgement", lambda: d.sink.to("alice@reporter.example"))
        case = d.case(d.cases()[0]["number"])
        check("pgp-encrypted" in json.dumps(case), "the case says that it is encrypted")


def story_too_large_is_refused_at_once_when_declared_and_afterwards_when_not():
    with Desk(settings={"mail.max_size": "64K"}) as d:
        d.start()
        with smtplib.SMTP("127.0.0.1", d.smtp) as s:
            s.ehlo()
            equal(s.mail("a@finder.example", ["size=99999999"])[0], 552, "declared")
        with smtplib.SMTP("127.0.0.1", d.smtp) as s:
            s.ehlo()
            s.mail("a@finder.example")
            s.rcpt("security@desk.example")
            equal(s.data(b"Subject: x\r\n\r\n" + b"y" * 70000)[0], 552, "undeclared")
            equal(s.noop()[0], 250, "and the session goes on")
        with smtplib.LMTP("127.0.0.1", d.lmtp) as s:
            s.ehlo()
            s.mail("a@finder.example")
            s.rcpt("security@desk.example")
            s.rcpt("security+a@desk.example")
            s.putcmd("data")
            s.getreply()
            s.send(b"Subject: x\r\n\r\n" + b"y" * 70000 + b"\r\n.\r\n")
            equal([s.getreply()[0], s.getreply()[0]], [552, 552], "LMTP: one reply per recipient")


def story_only_our_addresses_are_taken():
    with Desk() as d:
        d.start()
        with smtplib.SMTP("127.0.0.1", d.smtp) as s:
            s.ehlo()
            s.mail("a@finder.example")
            for to in ("someone@else.example", "security%else.example@desk.example",
                       "<@relay.example:someone@else.example>"):
                check(500 <= s.rcpt(to)[0] < 600, f"refused: {to}")
            equal(s.rcpt("SECURITY@Desk.Example")[0], 250, "our address in other letters")
            equal(s.rcpt("security+tag@desk.example")[0], 250, "our address with a tag")


def story_ingest_takes_a_mail_from_an_mda():
    with Desk() as d:
        d.start()
        p = subprocess.run([str(d.binary), "ingest", "--config", str(d.conf), "--from",
                            "alice@reporter.example", "--to", "security@desk.example"],
                           input=report(mid="mda@reporter.example"), text=True, capture_output=True)
        equal(p.returncode, 0, f"exit code: {p.stderr}")
        until("the case", d.cases)
        p = subprocess.run([str(d.binary), "ingest", "--config", str(d.conf)], input="", text=True,
                           capture_output=True)
        equal(p.returncode, 65, "exit code for an empty mail (EX_DATAERR)")
