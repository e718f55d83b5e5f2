# SPDX-License-Identifier: Apache-2.0
"""A store as large as a busy team has after years: many copies of two real cases.

The two cases are made by a running desk out of real mails, so that every row is as the desk writes
it; then their rows are copied with new ids, numbers, secrets and words.  Copies have no sealed
mails and their events are no leaves of the log: pages do not look at either.
"""
import json
import random
import re
import sqlite3
import subprocess

from peer import WORDS, fail

STRIDE = 100_000  # ids of a copy are those of its original, and so much more for each copy
# Columns that name a row of another table (or their own), by table.
IDS = {
    "participant": ["id", "case_id"], "thread": ["id", "case_id", "participant_id"],
    "message": ["id", "case_id", "thread_id"], "event": ["id", "chain"],
    "clock": ["id", "case_id", "thread_id"], "outbox": ["id", "case_id", "thread_id", "message_id"],
    "attachment": ["id", "message_id"], "vcase": ["id"],
}
OF_CASE = {"vcase": "id", "event": "chain", "attachment": "message_id"}
ORDER = ("vcase", "participant", "thread", "message", "attachment", "event", "clock", "outbox")
OPEN = 0.05  # share of the copies that are still open


class Sqlite:
    def __init__(self, path):
        self.db = sqlite3.connect(path)

    def rows(self, sql):
        cur = self.db.execute(sql)
        return [c[0] for c in cur.description], cur.fetchall()

    def put(self, table, columns, rows):
        self.db.executemany(f"INSERT INTO {table} ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})", rows)

    def search(self, rows):
        self.db.executemany("INSERT INTO search (rowid, title, body) VALUES (?,?,?)",
                            [(i, plain(title), plain(body)) for i, title, body in rows])

    def done(self):
        self.db.commit()
        self.db.execute("ANALYZE")
        self.db.commit()
        self.db.close()


class Pg:
    def __init__(self, url):
        self.url = url

    def psql(self, sql, data=None):
        out = subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-c", sql, self.url], input=data,
                             capture_output=True)
        if out.returncode:
            fail("psql: " + out.stderr.decode()[-500:])
        return out.stdout

    def rows(self, sql):
        got = [json.loads(line) for line in self.psql(f"SELECT row_to_json(t) FROM ({sql}) t").splitlines()]
        columns = list(got[0]) if got else []
        return columns, [[r[c] for c in columns] for r in got]

    @staticmethod
    def cell(v):
        if v is None:
            return r"\N"
        return str(v).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")

    def put(self, table, columns, rows):
        data = "".join("\t".join(self.cell(v) for v in row) + "\n" for row in rows)
        self.psql(f"COPY {table} ({','.join(columns)}) FROM STDIN", data.encode())

    def search(self, rows):
        self.psql("CREATE TABLE IF NOT EXISTS bench_words (id bigint, title text, body text)")
        self.put("bench_words", ["id", "title", "body"], [(i, plain(t), plain(b)) for i, t, b in rows])
        self.psql("INSERT INTO search (id, words) SELECT id, setweight(to_tsvector('simple', title),"
                  " 'A') || to_tsvector('simple', body) FROM bench_words;"
                  " TRUNCATE bench_words")

    def done(self):
        self.psql("DROP TABLE IF EXISTS bench_words")
        self.psql("VACUUM ANALYZE")


def plain(text):
    """Words as store/search_words.c makes them, of ASCII text."""
    return " ".join(re.findall("[a-z0-9]+", text.lower()))


def sentences(count, words):
    """As people's words come: a few in every second sentence, most hardly ever (Zipf)."""
    r = random.Random(1)
    rare = [f"{r.choice(WORDS)[:4]}{''.join(r.choice('aeioulnrst') for _ in range(5))}" for _ in range(8000)]
    vocabulary = WORDS + rare
    weights = [1 / (n + 1) for n in range(len(vocabulary))]
    return [" ".join(r.choices(vocabulary, weights, k=words)) for _ in range(count)]


SENTENCES = sentences(20_000, 12)


def prose(r, words):
    return ". ".join(r.choice(SENTENCES) for _ in range(max(1, words // 12)))


class Copier:
    def __init__(self, db, case_id):
        self.db, self.tables = db, {}
        for table in ORDER:
            where = f"{OF_CASE.get(table, 'case_id')} = {case_id}"
            if table == "attachment":
                where = f"message_id IN (SELECT id FROM message WHERE case_id = {case_id})"
            self.tables[table] = db.rows(f"SELECT * FROM {table} WHERE {where} ORDER BY id")

    def change(self, table, row, nth, r, closed):
        for column in IDS[table]:
            if row[column] is not None:
                row[column] += nth * STRIDE
        if table == "vcase":
            row.update(number=f"EX-{2000 + nth % 25}-{100000 + nth}", year=2000 + nth % 25, nth=100000 + nth,
                       title="Copy: " + prose(r, 6), handler_id=self.handlers[nth % len(self.handlers)],
                       scope=f"copy{nth}", severity=r.choice(["", "low", "medium", "high"]))
            row["opened_us"] -= nth * 60_000_000
            if closed:
                row.update(closed_us=row["changed_us"], phase="closed")
        elif table == "thread":
            row["tag"] = f"{r.getrandbits(128):032x}"
        elif table == "message":
            row.update(spool=None, dedupe=None, blob_id=None, mid=f"copy{nth}.{row['id']}@copy.example",
                       body=prose(r, 60) + "\n\n" + prose(r, 60) + "\n", subject="Copy: " + prose(r, 5))
        elif table == "participant" and row["ours"] and closed:
            row["rm"] = "C"
        elif table == "event":
            row["leaf"] = 10**12 + row["id"]
        elif table == "outbox":
            row["mid"] = f"copy{nth}.{row['id']}@copy.example"
        elif table == "clock" and closed:
            row["state"] = "met"

    def copy(self, first, count, handlers):
        """Copies number first .. first+count-1, in one go for each table."""
        self.handlers = handlers
        made, words = {t: [] for t in ORDER}, []
        for nth in range(first, first + count):
            r = random.Random(nth)
            closed = r.random() >= OPEN
            for table in ORDER:
                columns, rows = self.tables[table]
                for values in rows:
                    row = dict(zip(columns, values))
                    self.change(table, row, nth, r, closed)
                    made[table].append([row[c] for c in columns])
                    if table == "vcase":
                        words.append((-row["id"], row["number"] + " " + row["title"], ""))
                    elif table == "message":
                        words.append((row["id"], row["subject"], row["body"]))
        for table in ORDER:
            if made[table]:
                self.db.put(table, self.tables[table][0], made[table])
        self.db.search(words)
        return len(made["message"])


def fill(db, case_id, cases, batch=1000):
    """Copies the case until there are so many more; says how many messages that made."""
    handlers = [row[0] for row in db.rows("SELECT id FROM account ORDER BY id")[1]]
    copier, messages = Copier(db, case_id), 0
    for first in range(1, cases + 1, batch):
        messages += copier.copy(first, min(batch, cases + 1 - first), handlers)
    db.done()
    return messages
