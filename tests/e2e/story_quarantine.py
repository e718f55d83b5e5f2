# SPDX-License-Identifier: Apache-2.0
"""A mail that ends its parser is kept raw and visible.  Not told with sanitizers, which take the
limit of memory away."""
from desk import Desk, check, equal, report, until


def story_a_mail_that_kills_its_parser_twice_waits_in_quarantine():
    with Desk(settings={"limits.parse_memory": "64M", "mail.max_size": "40M"}) as d:
        d.start()
        d.send(report(mid="huge@reporter.example", body=("B" * 76 + "\n") * 400000))
        found = until("it is in quarantine", lambda: [m for m in d.cli("quarantine", "list")["messages"]
                                                      if m["state"] == "quarantined"], 90)
        equal(len(found), 1, "quarantined mails")
        equal(d.log_text().count("event=parser-died"), 2, "deaths of its parser")
        raw = d.run("quarantine", "raw", str(found[0]["id"]), "--config", str(d.conf)).stdout
        check("huge@reporter.example" in raw, "its raw bytes are there")
        equal(d.cases(), [], "cases")
        d.send(report(mid="next@reporter.example"))
        until("the next mail is a case", d.cases)
