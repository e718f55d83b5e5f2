# SPDX-License-Identifier: Apache-2.0
"""From a fixed flaw to a signed audit: the same mistake elsewhere is found, judged, and joins the case.

The repository has the shape of a mail server's web pages: a quarantine view was fixed, log views and
the queue write the same kind of text without escaping, on two branches.
"""
import csv
import io
import json

from browser import DESKTOP, PHONE, browse, expect, fill, glanced_at, looked_at, picture, signed_in
from desk import Desk, check, equal, report, until
from repository import Repository

REASON = "only numbers & <b>nothing</b> else"
LIGHT = 150_000  # bytes of a page with code in two columns
INC, JS = "data/web/inc", "data/web/js/site"


def table(name, rows, cells):
    """A function that writes rows as a table, in the way that the project's pages do."""
    lines = "".join(f"    $out .= '<td class=\"{c}\">' . {value} . '</td>';\n" for c, value in cells)
    return (f"function {name}($pdo, ${rows}) {{\n  $out = '<table class=\"table table-striped\">';\n"
            f"  foreach (${rows} as $item) {{\n    $out .= '<tr>';\n{lines}    $out .= '</tr>';\n  }}\n"
            f"  $out .= '</table>';\n  return $out;\n}}\n\n")


def filler(word, n):
    """Code that has nothing to do with it."""
    return "".join(f"function {word}_step_{i}($state, $limit) {{\n  if ($state['{word}_{i}'] > $limit) {{\n"
                   f"    return {word}_reset($state, {i});\n  }}\n  $state['{word}_{i}'] += {i};\n"
                   f"  return $state;\n}}\n\n" for i in range(n))


RAW = [("subject", "$item['subject']"), ("sender", "$item['sender']"), ("score", "intval($item['score'])")]
SAFE = [("subject", "htmlspecialchars($item['subject'], ENT_QUOTES)"),
        ("sender", "htmlspecialchars($item['sender'], ENT_QUOTES)"), ("score", "intval($item['score'])")]
LOG = [("time", "intval($item['time'])"), ("sender", "$item['sender']"), ("message", "$item['message']")]
QUEUE = [("queue_id", "$item['queue_id']"), ("sender", "$item['sender']"), ("rcpt", "$item['recipients']")]
COUNTS = [("size", "intval($item['size'])"), ("count", "intval($item['count'])"), ("score", "intval($item['score'])")]


class Pages(Repository):
    def write(self, path, text):
        super().write(path, text if isinstance(text, bytes) else "<?php\n" + text)


def quarantine(cells):
    return filler("quarantine", 4) + table("quarantine_view", "mails", cells) + filler("release", 3)


def project(folder):
    """The repository, and its fix."""
    r = Pages(folder)
    for i, word in enumerate(("mailbox", "domain", "alias", "relay", "policy", "session", "backup", "quota")):
        r.write(f"{INC}/functions.{word}.inc.php", filler(word, 6 + i) +
                table(f"{word}_view", "rows", [(word, f"intval($item['{word}_id'])")]))
    r.write(f"{INC}/functions.quarantine.inc.php", quarantine(RAW))
    r.write(f"{INC}/functions.log.inc.php", filler("rotate", 5) + table("mail_log_view", "lines", LOG) +
            filler("fetch", 4) + table("login_log_view", "lines", LOG[:2]) + filler("trim", 3))
    r.write(f"{INC}/functions.queue.inc.php", filler("flush", 5) + table("queue_view", "mails", QUEUE))
    r.write(f"{INC}/functions.stats.inc.php", filler("stats", 5) + table("stats_view", "mails", COUNTS))
    r.write("data/web/img/logo.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)))
    r.commit("Begin")
    r.git("tag", "2024-01")
    r.git("branch", "legacy")
    r.write("NOTES.md", b"This is 2024-02.\n")
    r.commit("Release 2024-02")
    r.git("tag", "2024-02")
    r.write(f"{INC}/functions.quarantine.inc.php", quarantine(SAFE))
    fix = r.commit("Escape subject and sender in the quarantine view")
    return r, fix


def audit(d, number):
    return d.cli("case", "audit", number)


def answered(d, number):
    s = until("the answer", lambda: (s := audit(d, number))["state"] != "asked" and s)
    equal(s["state"], "answered", f"the audit: {s}")
    return s


def flawed(hit):
    """Whether a place writes what strangers send without escaping it."""
    return hit["path"].endswith(("functions.log.inc.php", "functions.queue.inc.php")) and \
        hit.get("function", "") in ("mail_log_view", "login_log_view", "queue_view", "")


def listed(s, verdict=None):
    return [h for h in s["hits"] if h["listed"] and h.get("verdict", "") == (verdict or "")]


def keys_for(hits, ranks, doubt):
    """Judged by the keyboard alone: the way from place to place, and what each is."""
    steps = [{"do": "press", "key": "j"}]
    for h in hits:
        if flawed(h):
            steps += [{"do": "press", "key": "s"}] + expect(f"Place {ranks[h['key']]}: same flaw.")
        elif h["key"] != doubt:
            steps += [{"do": "press", "key": "f"}] + expect("Say why it is safe") + \
                     [{"do": "type", "text": REASON}, {"do": "press", "key": "Enter"}] + \
                     expect(f"Place {ranks[h['key']]}: safe.")
        else:
            steps += [{"do": "press", "key": "u"}] + expect(f"Place {ranks[h['key']]}: unsure.")
    return steps


def story_places_with_the_same_flaw_are_found_judged_signed_and_join_the_case():
    with Desk(name="Example") as d:
        repo, fix = project(d.dir / "repo")
        d.set({"project.repository": str(repo.folder), "project.maintained": "master, legacy"})
        d.start()
        d.cli("user", "add", "sam", "--name", "Sam Example", "--email", "sam@desk.example", "--role", "handler")
        d.send(report(subject="Script in the subject of a quarantined mail runs", mid="q@reporter.example"))
        number = until("the case", lambda: d.cases())[0]["number"]
        until("the acknowledgement", lambda: d.sink.to("alice@reporter.example"))
        d.cli("case", "set", number, "--rm", "V", "--reason", "seen here too")
        robin, sam = signed_in(d, "robin"), signed_in(d, "sam")
        home = f"http://127.0.0.1:{d.staff}/case/{number}"
        page = home + "/audit"
        d.cli("case", "affected-ask", number, "--fix", fix)

        # The fix is known from there; what is not there is answered by its reason.
        browse([{"do": "open", "url": home}, {"do": "click", "role": "link", "text": "Similar problems"}] +
               expect("Search the code for places like it") +
               [{"do": "value", "label": "Commits of the fix", "value": fix}] + looked_at("audit-start") +
               fill("Commits of the fix", "no-such-revision") + [{"do": "click", "text": "Search the code"}],
               state=robin)
        until("the reason", lambda: audit(d, number)["state"] == "failed")
        browse([{"do": "open", "url": page}] + expect("No answer.", "no-such-revision") + glanced_at("audit-failed"),
               state=robin)
        browse([{"do": "open", "url": page}] + fill("Commits of the fix", fix) +
               [{"do": "click", "text": "Search the code"}] +
               expect("Places that may have the same flaw", "What was searched"), javascript=True, state=robin)
        s = answered(d, number)
        names = {h.get("function", h["path"]) for h in s["hits"] if flawed(h)}
        check(any(flawed(h) for h in s["hits"][:3]), f"the first places: {s['hits'][:3]}")
        check(len(names) >= 2, f"what was found: {names}")
        check(any("legacy" in h["branches"] and "master" in h["branches"] for h in s["hits"] if flawed(h)),
              f"on both branches: {s['hits'][:3]}")
        check(not any(h["path"].endswith("functions.quarantine.inc.php") and h.get("function") == "quarantine_view"
                      for h in s["hits"]), "where the fix belongs is no place like it")
        check(any("missing on legacy" in n and "functions.quarantine.inc.php:38" in n for n in s["notes"]),
              f"the fix is missing on legacy: {s['notes']}")
        check("logo.png" in json.dumps(s["not_searched"]), f"what was not searched: {s['not_searched']}")
        judged(d, number, robin, page)
        joined(d, number, robin, home)
        signed(d, number, robin, sam, page)
        moved(d, repo, number, robin, page)


def turned(s):
    """The dial by keyboard: its words and the list follow at once."""
    if not s["dial"]:
        return []
    return [{"do": "tab", "to": "%", "as": "[name=cut]"}, {"do": "press", "key": "ArrowUp"}] + expect("places to read")


def judged(d, number, jar, page):
    """The dial, then the places one after the other: keyboard, and on a phone without scripts."""
    s = audit(d, number)
    far = [c["cut"] for c in s["dial"] if c["here"] <= 14][-1]  # all of them would be long to judge
    browse([{"do": "open", "url": page}] + expect(*["of known siblings"] * bool(s["dial"]), *["Why it is here", "What is missing"] * bool(s["hits"][0]["matched"])) +
           looked_at("audit", LIGHT) + picture("audit", 1150) +
           [{"do": "tab", "to": "Record place 2", "as": "button"}, {"do": "open", "url": page}] +
           turned(s), javascript=True, state=jar)
    d.cli("case", "audit-cut", number, far)
    s = audit(d, number)
    places = listed(s)
    check(len(places) >= 3, f"places on the list: {len(places)}")
    ranks = {h["key"]: n for n, h in enumerate(s["hits"], 1)}
    first, rest = places[:len(places) - 2], places[-2:]
    doubt = next(h["key"] for h in first if not flawed(h))
    # What is decided by a key can be undone by one.
    browse([{"do": "open", "url": page}, {"do": "press", "key": "j"}, {"do": "press", "key": "u"}] +
           expect("Place 1: unsure.") + [{"do": "press", "key": "z"}] + expect("Place 1 is to be judged again."), javascript=True, state=jar)
    equal(len(listed(audit(d, number))), len(places), "undone")
    for at in range(0, len(first), 6):
        browse([{"do": "open", "url": f"{page}?from={at}" if at else page}] + keys_for(first[at:at + 6], ranks, doubt),
               javascript=True, state=jar)
    left = listed(audit(d, number))
    equal([h["key"] for h in left], [h["key"] for h in rest], "what is left to judge")
    # On a phone, without a script: one by its buttons, the other among those that are ticked.
    one, other = ranks[rest[0]["key"]], ranks[rest[1]["key"]]
    verdict = "the same flaw" if flawed(rest[0]) else "safe, because"
    browse([{"do": "open", "url": page + "?show=open"}, PHONE, {"do": "no-sideways"},
            {"do": "click", "text": f"Record place {one}", "refused": page + "/decide"}] +
           expect("Not done.", "choose what the place is") +
           [{"do": "check", "label": verdict}] + fill(f"Reason for place {one}", "seen on the train") +
           [{"do": "click", "text": f"Record place {one}"}] + expect("It is recorded.") + glanced_at("audit-judging", LIGHT) +
           [PHONE, {"do": "check", "label": f"Tick place {other}"}, {"do": "choose", "label": "All that are ticked are", "option": "safe"}] +
           fill("Reason for all that are ticked", "a number, always") +
           [{"do": "click", "text": "Record the ticked ones"}] + expect("Every place on the list is judged.", "0"), state=jar)
    # Nobody signs while somebody is unsure: that place is looked at again, on a page of its own.
    equal([h["key"] for h in listed(audit(d, number), "unsure")], [doubt], "in doubt")
    browse([{"do": "open", "url": f"{page}/place/{doubt}"}] + expect(f"Place {ranks[doubt]}", "unsure") +
           looked_at("audit-place", LIGHT) + [{"do": "open-details", "text": "Decide otherwise"}, {"do": "check", "label": "safe, because"}] +
           fill(f"Reason for place {ranks[doubt]}", "looked again") +
           [{"do": "click", "text": f"Record place {ranks[doubt]}"}] + expect("It is recorded.", "looked again"), state=jar)
    equal((listed(audit(d, number)), listed(audit(d, number), "unsure")), ([], []), "all are judged")


def joined(d, number, jar, home):
    """What is the same flaw is part of the case, with affected versions of its own."""
    part = audit(d, number)["joined"][0]
    title = f"{part['path']}:{part['line']}"
    browse([{"do": "open", "url": home}] + expect(part["path"].rsplit("/", 1)[1]) +
           [{"do": "open", "url": home + "/audit"}] + expect("Part of this case now") +
           [{"do": "open-details", "text": "Ask its affected versions"},
            {"do": "click", "text": f"Find the affected versions of {title}"}] +
           expect("The history is being read for that place."), state=jar)
    mine = lambda: next(p for p in audit(d, number)["joined"] if p["part"] == part["part"])
    until("its affected versions", lambda: mine().get("affected_state") == "answered")
    check("2024-0" in mine()["affected"], f"its affected versions: {mine()}")
    browse([{"do": "open", "url": home + "/audit"}] + expect(mine()["affected"]) + glanced_at("audit-joined", LIGHT) +
           [{"do": "click", "role": "link", "text": mine()["affected"]}] +
           expect("Affected versions of a place like it", "Map of the history") + looked_at("audit-part") +
           [{"do": "open", "url": home}] + expect(mine()["affected"]) + glanced_at("audit-case"), state=jar)


def signed(d, number, robin, sam, page):
    """By somebody else; the record is whole."""
    browse([{"do": "open", "url": page}] + expect("for somebody else to sign") + [{"do": "absent", "text": "Sign it"}],
           state=robin)
    s = audit(d, number)
    browse([{"do": "open", "url": page}] + expect("You sign:", "same flaw", "you looked at these decisions") +
           glanced_at("audit-sign", LIGHT) + [{"do": "click", "text": "Sign it"}] + expect("The audit is signed off."), state=sam)
    got = browse([{"do": "open", "url": page + "/not-searched"}] + expect("logo.png", "binary") + looked_at("audit-left") +
                 [{"do": "open", "url": page}] + expect("signed off") +
                 [{"do": "download", "text": "Export as JSON"}, {"do": "download", "text": "Export as CSV"}],
                 state=robin)["downloads"]
    equal([g["name"] for g in got], [f"audit-{number}.json", f"audit-{number}.csv"], "names of the exports")
    record = json.loads(got[0]["text"])
    check(record["signed_off"], "signed off")
    equal([h["key"] for h in record["hits"] if h["listed"]], [h["key"] for h in s["hits"] if h["listed"]], "places")
    for h in record["hits"]:
        check(not h["listed"] or h["verdict"] and "robin" in h["decided_by"] and "sam" in h["signed_by"], f"a place: {h}")
    run = record["runs"][0]
    equal((run["state"], run["cut"] != "", len(run["at"])), ("answered", True, 2), f"what was searched: {run}")
    check("sam" in record["signatures"][0]["signed_by"], f"who signed: {record['signatures']}")
    rows = list(csv.reader(io.StringIO(got[1]["text"])))
    check(any(REASON in r or "looked again" in r for r in rows), "reasons in the CSV")
    check(any("data/web/img/logo.png" in r for r in rows), "what was not searched, in the CSV")


def moved(d, repo, number, jar, page):
    """A file that moved, a new branch: decisions stay, and the sign-off does not cover them."""
    before = {h["key"]: h["verdict"] for h in audit(d, number)["hits"] if h.get("verdict")}
    repo.git("checkout", "-q", "master")
    repo.git("mv", f"{INC}/functions.log.inc.php", f"{INC}/functions.journal.inc.php")
    repo.commit("Call it a journal")
    repo.git("branch", "next")
    browse([{"do": "open", "url": page}, {"do": "open-details", "text": "Search for something else"}] +
           fill("Branches", "master legacy next") + [{"do": "click", "text": "Search the code"}], state=jar)
    s = until("the new answer", lambda: (s := audit(d, number))["state"] == "answered" and s["answer"] > 1 and
              len(s["at"]) == 3 and s)
    after = {h["key"]: h.get("verdict", "") for h in s["hits"]}
    stay = [k for k, v in before.items() if after.get(k) == v]
    equal(sorted(stay), sorted(before), "decisions that stay")
    here = [h for h in s["hits"] if h["path"].endswith("functions.journal.inc.php") and h.get("verdict") == "same_flaw"]
    check(here and "next" in here[0]["branches"], f"the moved file, on the new branch: {here}")
    check(not s["signed_off"], "another answer ends the sign-off")
    browse([{"do": "open", "url": page}] + expect("functions.journal.inc.php", "where it stood before"), state=jar)
