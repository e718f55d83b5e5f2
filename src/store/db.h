/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_DB_H
#define VULNDESK_STORE_DB_H

#include "base/str.h"

/*
 * One connection to the database, SQLite or PostgreSQL behind the same calls.  SQL text lives in
 * src/store only; everybody else calls named operations.  Not shared between processes or threads.
 *
 * What is alike on both back ends, because this layer makes it so:
 * - $1..$n are the parameters, in any order, each as often as wanted.
 * - Text is valid UTF-8 without NUL (RC_INVALID otherwise) and compares by bytes.
 * - A result is read whole before db_query returns: statements may be nested and may change what
 *   they read.
 * - A failed statement spoils the transaction around it: every later one fails with RC_INTERNAL
 *   and tx_commit refuses.  Expected collisions are written as ON CONFLICT DO NOTHING and seen by
 *   the count of changed rows.
 * - One transaction sees one moment: db_now_us stays the same until it ends.
 *
 * Results: RC_CONFLICT unique key violated; RC_INVALID another constraint (foreign key, NOT NULL,
 * type) or unusable text; RC_LIMIT a value or a result is too large; RC_BUSY somebody else holds
 * the lock, a serialization conflict (PostgreSQL 40001, 40P01) or the server went away before the
 * commit: nothing was stored, do the unit of work again from its start; RC_IO disk or server
 * failed; RC_IO from a commit means that it is unknown whether it was stored (each unit of work
 * carries an idempotency key or a fence, so doing it again is safe); RC_INTERNAL a mistake in our
 * SQL.  After a lost server the next tx_begin connects again.
 *
 * SQL for both: integers are 64 bits; where the place of a parameter alone does not say its type
 * write CAST($1 AS BIGINT); sums are written CAST(sum(x) AS BIGINT); result columns are integers,
 * booleans (0 or 1), text or bytes, nothing else; no double-quoted strings.
 */
struct db;

#define DB_CLOCK_KEPT_US  1000000 /* an answer of the server's clock is good so long */
#define DB_URL_MAX        1024
#define DB_ARGS_MAX       40                  /* parameters of one statement */
#define DB_VALUE_MAX      (64 * 1024 * 1024)  /* bytes of one value */
#define DB_RESULT_MAX     (192 * 1024 * 1024) /* bytes of one result */
#define DB_ROWS_MAX       200000              /* rows of one result */
#define DB_STATEMENTS_MAX 1024                /* prepared statements of one connection */
#define DB_BUSY_MS        5000                /* wait for somebody else's lock, then RC_BUSY */
#define DB_STATEMENT_MS   30000               /* PostgreSQL: longest statement */
#define DB_CONNECT_S      5                   /* PostgreSQL: longest wait for a connection */
#define DB_TRIES          12                  /* of a unit of work that met another one */
#define DB_NESTING_MAX    8                   /* transactions inside a transaction */

/*
 * url: "sqlite:/path/desk.db" (created with mode 0600 when missing) or a libpq connection string,
 * "postgresql://..." or "host=/run/postgresql dbname=desk".  Messages never repeat the url: it may
 * hold a password.
 */
enum rc db_open(const char *url, struct db **ret_db, struct err *e) WARN_UNUSED;
/* An existing database, for reading only: writes fail.  RC_NOTFOUND when there is no file. */
enum rc db_open_readonly(const char *url, struct db **ret_db, struct err *e) WARN_UNUSED;
void db_close(struct db *db); /* NULL is fine; an open transaction is rolled back */
void db_auto(struct db **db); /* AUTO(db) struct db *db = NULL; */

bool db_is_pg(const struct db *db);
/*
 * Microseconds since 1970 by the database's clock: PostgreSQL's clock_timestamp(); SQLite runs in
 * our process, its clock is the machine's.  Constant inside a transaction (the moment of its
 * begin).  Outside and with the server away it is continued from the last answer.
 */
int64_t db_now_us(struct db *db);
/* Tests: the clock is read from *now_us from now on; NULL gives the real one back. */
void db_fake_clock(struct db *db, const int64_t *now_us);

/*
 * A transaction, rolled back at the end of the scope unless committed:
 *     AUTO(tx) struct tx tx = TX_INIT;
 *     TRY(tx_begin(db, &tx, e));
 *     ...
 *     return tx_commit(&tx, e);
 * Inside an open transaction tx_begin makes a savepoint, so that an operation with a transaction of
 * its own also works as one unit of a group commit: begin, unit, unit, ..., commit is one fsync,
 * and a unit that fails takes only its own changes back.  When the outer commit fails every unit
 * must be done again.
 */
struct tx {
    struct db *db;
    int level; /* 0 none, 1 outermost */
};
#define TX_INIT                                                                                    \
    {                                                                                              \
        .db = NULL, .level = 0                                                                     \
    }
/*
 * For whoever has a whole unit of work in one function: true when it met another one (PostgreSQL)
 * and is worth doing again at once, after a short wait.  Never inside a transaction, never when the
 * server is away, at most DB_TRIES times; *tries begins with 0.
 */
bool db_again(struct db *db, enum rc rc, int *tries);
/* SQLite: BEGIN IMMEDIATE, so that writers queue up instead of failing half-way.  PostgreSQL:
 * SERIALIZABLE. */
enum rc tx_begin(struct db *db, struct tx *tx, struct err *e) WARN_UNUSED;
/* A snapshot for reading, no lock taken; writes fail.  Not inside a transaction (RC_INTERNAL). */
enum rc tx_begin_read(struct db *db, struct tx *tx, struct err *e) WARN_UNUSED;
/* For SELECT ... FOR UPDATE SKIP LOCKED, which wants to see what others committed meanwhile:
 * PostgreSQL: READ COMMITTED; SQLite: as tx_begin.  Not inside a transaction (RC_INTERNAL). */
enum rc tx_begin_claim(struct db *db, struct tx *tx, struct err *e) WARN_UNUSED;
/* tx is ended in any case; on failure everything since its begin is rolled back. */
enum rc tx_commit(struct tx *tx, struct err *e) WARN_UNUSED;
void tx_rollback(struct tx *tx); /* fine when already ended */
void tx_auto(struct tx *tx);
bool db_in_tx(const struct db *db);

/* The same for a role's main loop that holds its transaction across functions. */
enum rc db_begin(struct db *db, struct err *e) WARN_UNUSED;
enum rc db_commit(struct db *db, struct err *e) WARN_UNUSED;
void db_rollback(struct db *db);

/* A statement: a constant with static lifetime, prepared once per connection. */
struct sql {
    const char *name; /* for messages */
    const char *text;
    const char *pg; /* PostgreSQL's text where it differs, else NULL */
};

enum dbv_type { DBV_NULL, DBV_INT, DBV_TEXT, DBV_BLOB };
struct dbv {
    enum dbv_type type;
    int64_t i;
    struct str s; /* borrowed until the call returns */
};
struct db_args {
    const struct dbv *v;
    size_t n;
};
#define DB_I(number) ((struct dbv){.type = DBV_INT, .i = (number), .s = {"", 0}})
#define DB_T(text)   ((struct dbv){.type = DBV_TEXT, .i = 0, .s = (text)})
#define DB_B(bytes)  ((struct dbv){.type = DBV_BLOB, .i = 0, .s = (bytes)})
#define DB_NULL      ((struct dbv){.type = DBV_NULL, .i = 0, .s = {"", 0}})
/* An id or a time that may be missing: 0 is stored as NULL. */
struct dbv db_i0(int64_t number);
#define DB_I0(number) db_i0(number)
/* db_run(db, &sql, DB_ARGS(DB_I(1), DB_T(name)), ...); without parameters DB_NOARGS. */
#define DB_ARGS(...)                                                                               \
    ((struct db_args){(const struct dbv[]){__VA_ARGS__},                                           \
                      sizeof((const struct dbv[]){__VA_ARGS__}) / sizeof(struct dbv)})
#define DB_NOARGS ((struct db_args){NULL, 0})

/* Runs a statement without a result; ret_changed (may be NULL) is the number of rows changed.
 * Outside a transaction it makes one of its own, and again when it met another one. */
enum rc db_run(struct db *db, const struct sql *sql, struct db_args args, int64_t *ret_changed,
               struct err *e) WARN_UNUSED;
/* The same where exactly one row must change; RC_CONFLICT, and nothing spoilt, when none does:
 * the row is not there or its fence has moved on.  `what` names it in the message. */
enum rc db_run_one(struct db *db, const struct sql *sql, struct db_args args, const char *what,
                   struct err *e) WARN_UNUSED;
/* First column of the first row (INSERT ... RETURNING id, SELECT count(*)); RC_NOTFOUND, and
 * nothing spoilt, without a row. */
enum rc db_one_i64(struct db *db, const struct sql *sql, struct db_args args, int64_t *ret_n,
                   struct err *e) WARN_UNUSED;

/*
 * Rows of a query:
 *     AUTO(rows) struct rows *r = NULL;
 *     TRY(db_query(db, &sql, args, &r, e));
 *     while (rows_next(r)) ... row_i64(r, 0), row_str(r, 1) ...
 *     return rows_rc(r, e);
 */
struct rows;
enum rc db_query(struct db *db, const struct sql *sql, struct db_args args, struct rows **ret_rows,
                 struct err *e) WARN_UNUSED;
bool rows_next(struct rows *r);
size_t rows_count(const struct rows *r);
/* Columns count from 0.  NULL reads as 0 or empty.  The wrong type or column is remembered for
 * rows_rc.  Bytes are borrowed until rows_free, with a NUL behind them that does not count. */
bool row_null(struct rows *r, int col);
int64_t row_i64(struct rows *r, int col);
struct str row_str(struct rows *r, int col);
struct str row_blob(struct rows *r, int col);
/* RC_INTERNAL when a column was read as what it is not. */
enum rc rows_rc(const struct rows *r, struct err *e) WARN_UNUSED;
void rows_free(struct rows *r); /* NULL is fine */
void rows_auto(struct rows **r);

/* Several statements without parameters or results, separated by semicolons: migrations. */
enum rc db_script(struct db *db, struct str text, struct err *e) WARN_UNUSED;

/* Tests: fn is called just before ("commit") and just after ("committed") each outermost commit;
 * the torture test kills the process there. */
void db_hook(struct db *db, void (*fn)(void *ctx, const char *point), void *ctx);

#endif
