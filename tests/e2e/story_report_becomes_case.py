# SPDX-License-Identifier: Apache-2.0
"""A mailed report becomes an acknowledged case with one primary handler."""
import os
import re
import subprocess

from desk import Desk, Postgres, Skip, check, equal, report, until

SANITIZED = True


def whole_path(d):
    d.start()
    raw = report(mid="first@reporter.example")
    # swaks is the reporter's mail program
    p = subprocess.run(["swaks", "--server", "127.0.0.1", "--port", str(d.smtp), "--from",
                        "alice@reporter.example", "--to", "security@desk.example", "--data", "-",
                        "--hide-all"], input=raw, text=True, capture_output=True, timeout=60)
    equal(p.returncode, 0, f"swaks: {p.stdout}{p.stderr}")
    ack = until("the acknowledgement", lambda: d.sink.to("alice@reporter.example"))[0]
    cases = d.cases()
    equal(len(cases), 1, "cases")
    number = cases[0]["number"]
    m = ack["mail"]
    check(f"[{number}]" in m["Subject"], f"the subject names the case: {m['Subject']}")
    equal(m["In-Reply-To"], "<first@reporter.example>", "In-Reply-To")
    equal(m["Auto-Submitted"], "auto-replied", "Auto-Submitted")
    text = m.get_body().get_content()
    check("BEGIN VULNDESK RECEIPT" in text, "the acknowledgement carries a receipt")
    check("Heap overflow" not in text and "Heap overflow" not in m["Subject"],
          "what the sender chose is not echoed")
    check(re.search(r"http://127\.0\.0\.1:\d+/r/\S+", text), "the way back is in the mail")
    receipt = d.dir / "ack.eml"
    receipt.write_bytes(ack["raw"])
    d.run("receipt", "verify", str(receipt), "--config", str(d.conf))
    receipt.write_bytes(ack["raw"].replace(number.encode(), number[:-1].encode() + b"9"))
    equal(d.run("receipt", "verify", str(receipt), "--config", str(d.conf), ok=False).returncode, 1,
          "exit code for a changed receipt")
    case = d.case(number)
    equal(case["handler"], "robin", "the primary handler")
    check("parse_name()" in str(case), "the case shows the report")
    until("the phase follows the acknowledgement",
          lambda: d.case(number)["phase_name"] not in ("received",))
    # a person answers, on the command line
    d.cli("case", "reply", number, "--text", "Thank you, we can reproduce this.")
    until("the reply", lambda: len(d.sink.to("alice@reporter.example")) == 2)
    reply = d.sink.to("alice@reporter.example")[1]["mail"]
    check("we can reproduce this" in reply.get_body().get_content(), "the reply's text")
    check("<first@reporter.example>" in reply["References"], "the reply threads")
    # and she answers back
    d.send(report(subject="Re: " + reply["Subject"], mid="second@reporter.example",
                  extra=f"In-Reply-To: {reply['Message-ID']}\nReferences: {reply['Message-ID']}\n",
                  body="Good to hear.\n"))
    until("her answer in the case", lambda: "Good to hear." in str(d.case(number)))
    equal(len(d.cases()), 1, "cases after her answer")
    d.stop()
    d.run("verify", "--config", str(d.conf))


def story_a_mailed_report_is_acknowledged_and_answered_on_sqlite():
    with Desk() as d:
        whole_path(d)


def story_a_mailed_report_is_acknowledged_and_answered_on_postgresql():
    pg = Postgres()
    try:
        with Desk(store=pg.url) as d:
            whole_path(d)
    finally:
        pg.close()


def story_mail_waits_in_a_store_without_people_until_somebody_is_added():
    pg = Postgres()
    try:
        with Desk() as d:
            d.set({"store.url": pg.url})
            d.start()
            d.send(report())
            until("the log says what to do", lambda: "vulndesk user add" in d.log_text())
            equal(d.cases(), [], "cases")
            d.cli("user", "add", "robin", "--name", "Robin Example", "--email", "robin@desk.example",
                  "--role", "admin")
            until("the acknowledgement", lambda: d.sink.to("alice@reporter.example"))
            equal([c["handler"] for c in d.cases()], ["robin"], "handlers")
    finally:
        pg.close()


def story_each_role_as_a_user_of_its_own():
    if os.geteuid() != 0:
        raise Skip("only root can give each role a user of its own")
    with Desk(settings={"roles.uid_base": "64000"}) as d:
        os.chmod(d.dir, 0o711)
        os.chmod(d.home, 0o711)
        whole_path(d)
        check("sandbox=uid," in d.log_text(), "the log says so")
