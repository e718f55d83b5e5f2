/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite behind the database layer.  Runs in core and in the command line tools; the file is ours,
 * and still opened defensively: a damaged or planted one must not make SQLite do more than fail.
 */
#include "store/db_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <unistd.h>

#include "os/clock.h"

/* SQLite's own text of an error names tables and columns, never values. */
static enum rc fail(struct db *db, int code, const char *what, struct err *e)
{
    const char *text = db->conn ? sqlite3_errmsg(db->conn) : sqlite3_errstr(code);
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(e, RC_BUSY, "%s: the database is locked by somebody else, try again", what);
    case SQLITE_CONSTRAINT:
        if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
            return err_set(e, RC_CONFLICT, "%s: %s", what, text);
        return err_set(e, RC_INVALID, "%s: %s", what, text);
    case SQLITE_TOOBIG:
        return err_set(e, RC_LIMIT, "%s: a value is too large", what);
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return err_set(e, RC_IO, "%s: %s", what, text);
    default:
        return err_set(e, RC_INTERNAL, "%s: %s", what, text);
    }
}

static void harden(sqlite3 *c)
{
    sqlite3_db_config(c, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(c, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(c, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(c, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(c, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_limit(c, SQLITE_LIMIT_LENGTH, DB_VALUE_MAX + 4096);
    sqlite3_limit(c, SQLITE_LIMIT_SQL_LENGTH, 256 * 1024);
    sqlite3_limit(c, SQLITE_LIMIT_COLUMN, 100);
    sqlite3_limit(c, SQLITE_LIMIT_EXPR_DEPTH, 100);
    sqlite3_limit(c, SQLITE_LIMIT_COMPOUND_SELECT, 10);
    sqlite3_limit(c, SQLITE_LIMIT_FUNCTION_ARG, 20);
    sqlite3_limit(c, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(c, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000);
    sqlite3_limit(c, SQLITE_LIMIT_VARIABLE_NUMBER, DB_ARGS_MAX);
    sqlite3_limit(c, SQLITE_LIMIT_TRIGGER_DEPTH, 4);
    sqlite3_limit(c, SQLITE_LIMIT_WORKER_THREADS, 0);
    sqlite3_busy_timeout(c, DB_BUSY_MS);
}

static enum rc script(struct db *db, const char *text, struct err *e)
{
    int code = sqlite3_exec(db->conn, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? RC_OK : fail(db, code, "database", e);
}

/* Turning a new file to WAL fails at once, without SQLite's own waiting, when somebody else does
 * the same. */
static enum rc setup(struct db *db, struct err *e)
{
    int64_t until = clock_mono_us() + DB_BUSY_MS * INT64_C(1000);
    for (;;) {
        enum rc rc =
            script(db,
                   "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                   "PRAGMA secure_delete=ON; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;"
                   "PRAGMA journal_size_limit=67108864; PRAGMA temp_store=MEMORY;"
                   "PRAGMA cache_size=-65536;",
                   e);
        if (rc != RC_BUSY || clock_mono_us() > until)
            return rc;
        (void)poll(NULL, 0, 5);
    }
}

static enum rc sqlite_connect(struct db *db, struct err *e)
{
    if (db->readonly) {
        if (access(db->url, F_OK) != 0)
            return err_errno(e, RC_NOTFOUND, "the database file cannot be opened");
    } else {
        /* Made here so that no moment exists in which others may read it; -wal and -shm take the
         * mode of the file. */
        AUTO(fd) int fd = open(db->url, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
            return err_errno(e, RC_IO, "the database file cannot be opened");
    }
    sqlite3 *c = NULL;
    /* A reader of a WAL database needs the shared memory file too, hence never READONLY. */
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW;
    int code = sqlite3_open_v2(db->url, &c, flags, NULL);
    db->conn = c;
    if (code != SQLITE_OK)
        return fail(db, code, "the database file", e);
    harden(c);
    TRY(setup(db, e));
    if (db->readonly)
        TRY(script(db, "PRAGMA query_only=ON;", e));
    return RC_OK;
}

static void sqlite_close(struct db *db)
{
    sqlite3_close_v2(db->conn);
    db->conn = NULL;
}

/* $n is a name to SQLite, numbered by first appearance; ?n is the number.  Literals, quoted names
 * and comments stay as they are. */
static void rewrite(struct buf *b, struct str t)
{
    char quote = 0;
    bool comment = false;
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        if (comment)
            comment = c != '\n';
        else if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '\'' || c == '"')
            quote = c;
        else if (c == '-' && i + 1 < t.n && t.p[i + 1] == '-')
            comment = true;
        else if (c == '$')
            c = '?';
        buf_addc(b, c);
    }
}

static enum rc prepare(struct db *db, struct stmt *st, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(256 * 1024);
    rewrite(&b, str_c(st->sql->text));
    TRY(buf_ok(&b, st->sql->name, e));
    sqlite3_stmt *h = NULL;
    int code =
        sqlite3_prepare_v3(db->conn, buf_c(&b), (int)b.n + 1, SQLITE_PREPARE_PERSISTENT, &h, NULL);
    if (code != SQLITE_OK)
        return fail(db, code, st->sql->name, e);
    st->handle = h;
    return RC_OK;
}

static void forget(struct stmt *st)
{
    sqlite3_finalize(st->handle);
    st->handle = NULL;
}

static int bind(sqlite3_stmt *h, int n, const struct dbv *v)
{
    switch (v->type) {
    case DBV_INT:
        return sqlite3_bind_int64(h, n, v->i);
    case DBV_TEXT:
        return sqlite3_bind_text64(h, n, v->s.n ? v->s.p : "", v->s.n, SQLITE_STATIC, SQLITE_UTF8);
    case DBV_BLOB:
        return sqlite3_bind_blob64(h, n, v->s.n ? v->s.p : "", v->s.n, SQLITE_STATIC);
    case DBV_NULL:
        break;
    }
    return sqlite3_bind_null(h, n);
}

static enum rc take_row(sqlite3_stmt *h, struct rows *r, struct err *e)
{
    r->cols = sqlite3_column_count(h);
    for (int i = 0; i < r->cols; i++) {
        switch (sqlite3_column_type(h, i)) {
        case SQLITE_NULL:
            TRY(rows_add(r, DBV_NULL, 0, STR_NONE, e));
            break;
        case SQLITE_INTEGER:
            TRY(rows_add(r, DBV_INT, sqlite3_column_int64(h, i), STR_NONE, e));
            break;
        case SQLITE_TEXT: {
            const void *p = sqlite3_column_text(h, i);
            TRY(rows_add(r, DBV_TEXT, 0, str_of(p, (size_t)sqlite3_column_bytes(h, i)), e));
            break;
        }
        case SQLITE_BLOB: {
            const void *p = sqlite3_column_blob(h, i);
            TRY(rows_add(r, DBV_BLOB, 0, str_of(p, (size_t)sqlite3_column_bytes(h, i)), e));
            break;
        }
        default:
            return err_set(e, RC_INTERNAL, "column %d of statement %s is a fraction", i, r->name);
        }
    }
    return RC_OK;
}

static enum rc step_all(struct db *db, struct stmt *st, struct rows *rows, struct err *e)
{
    for (;;) {
        int code = sqlite3_step(st->handle);
        if (code == SQLITE_DONE)
            return RC_OK;
        if (code != SQLITE_ROW)
            return fail(db, code, st->sql->name, e);
        if (rows)
            TRY(take_row(st->handle, rows, e));
    }
}

static enum rc sqlite_run(struct db *db, struct stmt *st, struct db_args args, struct rows *rows,
                          int64_t *ret_changed, struct err *e)
{
    if (st->handle == NULL)
        TRY(prepare(db, st, e));
    /* Not by PRAGMA query_only: each change of it has every statement prepared anew. */
    if (db->read_tx && !sqlite3_stmt_readonly(st->handle))
        return err_set(e, RC_INTERNAL, "statement %s writes in a transaction that only reads",
                       st->sql->name);
    int wanted = sqlite3_bind_parameter_count(st->handle);
    if (wanted != (int)args.n)
        return err_set(e, RC_INTERNAL, "statement %s has %d parameters, %zu were given",
                       st->sql->name, wanted, args.n);
    for (size_t i = 0; i < args.n; i++) {
        int code = bind(st->handle, (int)i + 1, &args.v[i]);
        if (code != SQLITE_OK)
            return fail(db, code, st->sql->name, e);
    }
    int64_t before = sqlite3_total_changes64(db->conn);
    enum rc rc = step_all(db, st, rows, e);
    /* sqlite3_changes keeps the count of an earlier statement when this one changed nothing. */
    int64_t changed = sqlite3_total_changes64(db->conn) == before ? 0 : sqlite3_changes64(db->conn);
    sqlite3_reset(st->handle);
    sqlite3_clear_bindings(st->handle);
    if (rc == RC_OK)
        *ret_changed = changed;
    return rc;
}

static enum rc sqlite_clock(struct db *db, int64_t *ret_now_us, struct err *e)
{
    /* SQLite's own functions read the same clock, cut to milliseconds. */
    *ret_now_us = clock_now_us();
    return RC_OK;
}

static enum rc sqlite_commit(struct db *db, struct err *e)
{
    return script(db, "COMMIT", e);
}

static void sqlite_rollback(struct db *db)
{
    /* A full disk may have rolled back already. */
    if (!sqlite3_get_autocommit(db->conn))
        (void)!script(db, "ROLLBACK", NULL);
}

static enum rc sqlite_begin(struct db *db, enum db_mode mode, int64_t *ret_now_us, struct err *e)
{
    TRY(script(db, mode == DB_READ ? "BEGIN" : "BEGIN IMMEDIATE", e));
    enum rc rc = sqlite_clock(db, ret_now_us, e);
    if (rc != RC_OK)
        sqlite_rollback(db);
    return rc;
}

const struct db_backend db_sqlite = {
    .connect = sqlite_connect,
    .close = sqlite_close,
    .script = script,
    .run = sqlite_run,
    .forget = forget,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .clock = sqlite_clock,
};
