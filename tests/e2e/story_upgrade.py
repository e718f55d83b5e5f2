# SPDX-License-Identifier: Apache-2.0
"""A desk of the first schema is opened by this program while mail flows in."""
import glob
import hashlib
import os
import re
import sqlite3
import subprocess

from desk import ROOT, Desk, Postgres, check, equal, report, until
from story_backup import Flow, subjects

STEPS = sorted((ROOT / "src" / "store" / "sql").glob("*.sql"))


def text_of(step):
    return "\n".join(l for l in step.read_text(encoding="utf-8").split("\n")
                     if not l.lstrip().startswith("--"))


def back_to_the_first(pg):
    """Statements that take away what the steps after the first one added, newest first."""
    out = []
    for step in reversed(STEPS[1:]):
        text = text_of(step)
        for what in reversed(re.findall(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", text)):
            out.append("ALTER TABLE %s DROP COLUMN %s" % what)
        skip = "$LITE" if pg else "$PG"
        lines = [l for l in text.split("\n") if not l.startswith(skip)]
        tables = re.findall(r"CREATE (?:VIRTUAL )?TABLE (\w+)", "\n".join(lines))
        for name in reversed(tables):
            out.append(f"DROP TABLE {name}" + (" CASCADE" if pg else ""))
        out += [f"DROP INDEX IF EXISTS {name}"
                for name in re.findall(r"CREATE (?:UNIQUE )?INDEX (\w+)", text)]
    # Indexes first: SQLite keeps a column that an index names.
    out.sort(key=lambda s: not s.startswith("DROP INDEX"))
    out += ["DELETE FROM schema_step WHERE number > 1",
            "DELETE FROM task WHERE kind NOT IN ('intake', 'acknowledge', 'outbox', 'clock')"]
    return out


def run_sql(d, pg, statements):
    if not pg:
        db = sqlite3.connect(d.home / "data" / "db" / "desk.db")
        for s in statements:
            db.execute(s)
        db.commit()
        rows = db.execute("SELECT number, checksum FROM schema_step").fetchall()
        db.close()
        return rows
    psql = (glob.glob("/usr/lib/postgresql/*/bin/psql") + ["psql"])[0]
    if os.environ.get("VULNDESK_PG_BIN"):
        psql = os.environ["VULNDESK_PG_BIN"] + "/psql"
    base = [psql, "-X", "-q", "-A", "-t", "-F", "|", "-v", "ON_ERROR_STOP=1", "-d", pg.url]
    p = subprocess.run(base, input=";\n".join(["BEGIN"] + statements + ["COMMIT"]) + ";\n",
                       capture_output=True, text=True)
    equal(p.returncode, 0, f"psql: {p.stderr}")
    p = subprocess.run(base + ["-c", "SELECT number, checksum FROM schema_step"],
                       capture_output=True, text=True)
    return [(int(a), b) for a, b in (l.split("|") for l in p.stdout.split())]


def upgrade(d, pg):
    # The old desk: one case answered, one with its mail still to be sent, one mail in the spool.
    d.start()
    d.send(report(subject="Sent long ago", mid="old1@x.example", sender="old1@x.example"),
           sender="old1@x.example")
    until("the acknowledgement", lambda: d.sink.to("old1@x.example"))
    until("its end is known", lambda: all(
        o["state"] == "sent" for c in d.cases() for t in d.case(c["number"])["threads"]
        for m in t["messages"] for o in m["outbox"]))
    d.sink.mode = "later"
    d.send(report(subject="Still in the outbox", mid="old2@x.example", sender="old2@x.example"),
           sender="old2@x.example")
    until("both are cases", lambda: len(d.cases()) == 2)
    d.stop()
    d.run("ingest", "--config", str(d.conf), "--from", "old3@x.example", "--to",
          "security@desk.example",
          input=report(subject="Still in the spool", mid="old3@x.example", sender="old3@x.example"))
    steps = run_sql(d, pg, back_to_the_first(pg is not None))
    equal(steps, [(1, hashlib.sha256(STEPS[0].read_bytes()).hexdigest())], "schema of the old desk")
    d.sink.mode = "ok"
    begin = d.log_path.stat().st_size
    with Flow(d) as flow:
        d.start()
        until("mail flows", lambda: len(flow.accepted) >= 15 or flow.failed)
    check(not flow.failed, f"every mail is accepted: {flow.failed}")
    check(f"migrated={len(STEPS) - 1}" in d.log_path.read_text()[begin:], "the steps were applied")
    n = len(flow.accepted)
    until("all of it is acknowledged",
          lambda: len({m["rcpt"][0] for m in d.sink.mails}) == n + 3, 60)
    equal(subjects(d), sorted([f"Flow {i}" for i in range(n)] +
                              ["Sent long ago", "Still in the outbox", "Still in the spool"]),
          "cases")
    equal(len(d.sink.to("old1@x.example")), 1, "mails to who had been answered before")
    number = next(c["number"] for c in d.cases() if c["title"] == "Sent long ago")
    d.run("case", "note", number, "--text", "still here", "--config", str(d.conf))
    d.stop()
    d.run("verify", "--config", str(d.conf))


def story_a_desk_of_the_first_schema_is_upgraded_on_sqlite():
    with Desk() as d:
        upgrade(d, None)


def story_a_desk_of_the_first_schema_is_upgraded_on_postgresql_by_two_cores_at_once():
    pg = Postgres()
    try:
        with Desk(store=pg.url, settings={"roles.cores": "2"}) as d:
            upgrade(d, pg)
    finally:
        pg.close()
