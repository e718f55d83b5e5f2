# SPDX-License-Identifier: Apache-2.0
"""Prometheus reads numbers, and nothing of any case."""
import re
import urllib.error
import urllib.request

from desk import Desk, check, equal, report, until

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{((?:{NAME}=\"(?:[^\"\\\n]|\\[\\\"n])*\",?)*)\}})? (-?[0-9.]+(?:e[+-]?\d+)?)$")


def parse(text):
    """The text format 0.0.4, strictly: {(name, labels): value}."""
    check(text.endswith("\n"), "the last line ends")
    types, helps, out = {}, set(), {}
    for line in text.split("\n")[:-1]:
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            check(name not in helps, f"one HELP each: {name}")
            helps.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            check(kind in ("gauge", "counter"), f"a known type: {line}")
            check(name not in types and name in helps, f"one TYPE each, behind its HELP: {line}")
            types[name] = kind
        else:
            m = SAMPLE.match(line)
            check(m, f"a sample: {line!r}")
            check(m.group(1) == list(types)[-1], f"a family's samples lie together: {line}")
            check(types[m.group(1)] != "counter" or m.group(1).endswith("_total"), line)
            key = (m.group(1), m.group(2) or "")
            check(key not in out, f"each sample once: {line}")
            out[key] = float(m.group(3))
    return out


def scrape(d, token=None, staff=True):
    request = urllib.request.Request(f"http://127.0.0.1:{d.staff if staff else d.public}/metrics")
    if token is not None:
        request.add_header("Authorization", token)
    try:
        with urllib.request.urlopen(request, timeout=30) as r:
            return r.status, r.headers, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read().decode()


def story_metrics_are_valid_and_say_nothing_of_a_case():
    with Desk(settings={"policy.detail_within": "14d"}) as d:
        secret = d.dir / "metrics.token"
        secret.write_text("a-long-random-token\n")
        d.set({"metrics.token_file": str(secret)})
        d.start()
        d.send(report(subject="xqsubjectq", sender="xqaddressq@reporter.example"),
               sender="xqaddressq@reporter.example")
        until("the acknowledgement", lambda: d.sink.mails)
        good = "Bearer a-long-random-token"
        m = until("it is sent", lambda: (m := parse(scrape(d, good)[2])).get(
            ("vulndesk_outbox", 'kind="acknowledgement",state="sent"')) and m)
        equal(m[("vulndesk_messages", 'state="ok"')], 2, "messages: the report and its acknowledgement")
        equal(m[("vulndesk_cases", 'state="open",rm="received"')], 1, "open cases")
        equal(m[("vulndesk_clocks", 'kind="detail",state="running"')], 1, "clocks")
        equal(m[("vulndesk_spool_records", "")], 0, "records of the spool")
        check(m[("vulndesk_database_bytes", "")] > 4096, "size of the database")
        check(any(k[0] == "vulndesk_build_info" for k in m), "the version")
        status, headers, text = scrape(d, good)
        equal(status, 200, "status")
        check(headers["Content-Type"].startswith("text/plain; version=0.0.4"), headers["Content-Type"])
        for word in ("xq", "EX-", "robin", "example"):
            check(word not in text, f"{word} is not in the numbers")
        for bad in (None, "", "Bearer", "Bearer a-long-random-toke", "Bearer a-long-random-tokenn",
                    "Basic a-long-random-token", "a-long-random-token", "Bearer " + "a" * 5000):
            status, _, text = scrape(d, bad)
            check(status == 401 and "vulndesk_" not in text, f"{str(bad)[:30]}: {status}")
        equal(scrape(d, good, staff=False)[0], 404, "on the public pages")
        d.stop()
        # Without a token in the settings nobody has it, not even the empty one.
        secret.write_text("\n")
        d.start()
        for bad in ("Bearer", "Bearer ", "Bearer a-long-random-token"):
            equal(scrape(d, bad)[0], 401, f"an empty file opens nothing: {bad}")
