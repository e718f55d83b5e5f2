/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of the database layer that both back ends share: statements, transactions, the clock.
 * Runs in core and in the command line tools; parameters may hold strangers' text, which is only
 * ever bound, never put into SQL.
 */
#include "store/db_impl.h"

#include <poll.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "os/clock.h"
#include "os/fault.h"

static enum rc open_url(const char *url, bool readonly, struct db **ret_db, struct err *e)
{
    AUTO(db) struct db *db = mem_zalloc(sizeof *db);
    db->backend = &db_sqlite;
    db->readonly = readonly;
    struct str u = str_c(url);
    if (str_starts(u, STR("sqlite:"))) {
        u = str_sub(u, 7, u.n);
    } else if (str_starts(u, STR("postgresql://")) || str_starts(u, STR("postgres://")) ||
               str_find(u, STR("dbname=")) != STR_NPOS) {
        db->backend = &db_pg;
    } else {
        return err_set(e, RC_INVALID,
                       "the database is named by \"sqlite:/path/desk.db\" or "
                       "\"postgresql://...\" or \"host=... dbname=...\"");
    }
    TRY(str_copy(db->url, sizeof db->url, u, "the name of the database", e));
    TRY(db->backend->connect(db, e));
    *ret_db = TAKE(db);
    return RC_OK;
}

enum rc db_open(const char *url, struct db **ret_db, struct err *e)
{
    return open_url(url, false, ret_db, e);
}

enum rc db_open_readonly(const char *url, struct db **ret_db, struct err *e)
{
    return open_url(url, true, ret_db, e);
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    db_rollback(db);
    for (size_t i = 0; i < ARRAY_LEN(db->stmt); i++)
        if (db->stmt[i].sql)
            db->backend->forget(&db->stmt[i]);
    db->backend->close(db);
    free(db);
}

void db_auto(struct db **db)
{
    db_close(*db);
    *db = NULL;
}

bool db_is_pg(const struct db *db)
{
    return db->backend == &db_pg;
}

void db_fake_clock(struct db *db, const int64_t *now_us)
{
    db->fake_us = now_us;
}

void db_hook(struct db *db, void (*fn)(void *ctx, const char *point), void *ctx)
{
    db->hook = fn;
    db->hook_ctx = ctx;
}

static void clock_know(struct db *db, int64_t now_us)
{
    db->known_us = now_us;
    db->known_mono_us = clock_mono_us();
}

int64_t db_now_us(struct db *db)
{
    if (db->level > 0)
        return db->now_us;
    if (db->fake_us)
        return *db->fake_us;
    /* A server's clock is asked once in a while; in between it goes as fast as ours. */
    int64_t since_us = clock_mono_us() - db->known_mono_us;
    if (db_is_pg(db) && db->known_us && since_us < DB_CLOCK_KEPT_US)
        return db->known_us + since_us;
    int64_t now_us;
    if (db->backend->clock(db, &now_us, NULL) == RC_OK) {
        clock_know(db, now_us);
        return now_us;
    }
    if (db->known_us)
        return db->known_us + (clock_mono_us() - db->known_mono_us);
    return clock_now_us();
}

/* ------------------------------------------------------------------ statements */

struct dbv db_i0(int64_t number)
{
    return number ? DB_I(number) : DB_NULL;
}

static enum rc stmt_get(struct db *db, const struct sql *sql, struct stmt **ret_st, struct err *e)
{
    size_t slots = ARRAY_LEN(db->stmt);
    size_t i = ((uintptr_t)sql >> 3) * 2654435761u % slots;
    while (db->stmt[i].sql && db->stmt[i].sql != sql)
        i = (i + 1) % slots;
    if (db->stmt[i].sql == NULL) {
        if (db->stmts >= DB_STATEMENTS_MAX)
            return err_set(e, RC_LIMIT, "more than %d different statements on one connection",
                           DB_STATEMENTS_MAX);
        db->stmts++;
        db->stmt[i] = (struct stmt){.sql = sql, .number = (unsigned)db->stmts};
    }
    *ret_st = &db->stmt[i];
    return RC_OK;
}

static enum rc args_check(const struct sql *sql, struct db_args args, struct err *e)
{
    if (args.n > DB_ARGS_MAX)
        return err_set(e, RC_LIMIT, "statement %s has more than %d parameters", sql->name,
                       DB_ARGS_MAX);
    for (size_t i = 0; i < args.n; i++) {
        const struct dbv *v = &args.v[i];
        if (v->s.n > DB_VALUE_MAX)
            return err_set(e, RC_LIMIT, "a value for statement %s is larger than %d bytes",
                           sql->name, DB_VALUE_MAX);
        if (v->type == DBV_TEXT && (str_chr(v->s, '\0') != STR_NPOS || !utf8_valid(v->s)))
            return err_set(e, RC_INVALID, "parameter %zu of statement %s is not valid text", i + 1,
                           sql->name);
    }
    return RC_OK;
}

static enum rc run(struct db *db, const struct sql *sql, struct db_args args, struct rows *rows,
                   int64_t *ret_changed, struct err *e)
{
    if (db->level > 0 && db->spoilt)
        return err_set(e, RC_INTERNAL, "statement %s after another one failed in the transaction",
                       sql->name);
    struct stmt *st = NULL;
    enum rc rc = args_check(sql, args, e);
    if (rc == RC_OK)
        rc = stmt_get(db, sql, &st, e);
    if (rc == RC_OK)
        rc = db->backend->run(db, st, args, rows, ret_changed, e);
    if (rc != RC_OK && db->level > 0)
        db->spoilt = true;
    return rc;
}

bool db_again(struct db *db, enum rc rc, int *tries)
{
    if (rc != RC_BUSY || db->level > 0 || !db_is_pg(db) || db->conn == NULL || *tries >= DB_TRIES)
        return false;
    /* Two that met once shall not meet in step again. */
    unsigned char random;
    random_bytes(&random, sizeof random);
    int longest_ms = 1 << (*tries < 6 ? *tries : 6);
    ++*tries;
    (void)poll(NULL, 0, 1 + random % longest_ms);
    return true;
}

static enum rc run_alone(struct db *db, const struct sql *sql, struct db_args args,
                         int64_t *ret_changed, struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    TRY(tx_begin(db, &tx, e));
    TRY(run(db, sql, args, NULL, ret_changed, e));
    return tx_commit(&tx, e);
}

enum rc db_run(struct db *db, const struct sql *sql, struct db_args args, int64_t *ret_changed,
               struct err *e)
{
    int64_t changed = 0;
    int tries = 0;
    enum rc rc;
    do
        rc = db->level > 0 ? run(db, sql, args, NULL, &changed, e)
                           : run_alone(db, sql, args, &changed, e);
    while (db_again(db, rc, &tries));
    if (rc == RC_OK && ret_changed)
        *ret_changed = changed;
    return rc;
}

enum rc db_run_one(struct db *db, const struct sql *sql, struct db_args args, const char *what,
                   struct err *e)
{
    int64_t changed;
    TRY(db_run(db, sql, args, &changed, e));
    if (changed == 0)
        return err_set(e, RC_CONFLICT, "%s was changed by somebody else or is gone", what);
    if (changed != 1) {
        db->spoilt = db->level > 0;
        return err_set(e, RC_INTERNAL, "statement %s changed %lld rows instead of one", sql->name,
                       (long long)changed);
    }
    return RC_OK;
}

enum rc db_query(struct db *db, const struct sql *sql, struct db_args args, struct rows **ret_rows,
                 struct err *e)
{
    AUTO(rows) struct rows *r = rows_new(sql->name);
    int64_t changed;
    TRY(run(db, sql, args, r, &changed, e));
    *ret_rows = TAKE(r);
    return RC_OK;
}

enum rc db_one_i64(struct db *db, const struct sql *sql, struct db_args args, int64_t *ret_n,
                   struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, sql, args, &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "statement %s found nothing", sql->name);
    int64_t n = row_i64(r, 0);
    TRY(rows_rc(r, e));
    *ret_n = n;
    return RC_OK;
}

enum rc db_script(struct db *db, struct str text, struct err *e)
{
    if (str_chr(text, '\0') != STR_NPOS)
        return err_set(e, RC_INVALID, "an SQL script holds a NUL byte");
    AUTO(mem) char *copy = str_dup(text);
    enum rc rc = db->backend->script(db, copy, e);
    if (rc != RC_OK && db->level > 0)
        db->spoilt = true;
    return rc;
}

/* ------------------------------------------------------------------ transactions */

static enum rc begin(struct db *db, enum db_mode mode, struct err *e)
{
    int64_t now_us;
    if (db->readonly)
        mode = DB_READ;
    TRY(db->backend->begin(db, mode, &now_us, e));
    clock_know(db, now_us);
    db->now_us = db->fake_us ? *db->fake_us : now_us;
    db->level = 1;
    db->spoilt = false;
    db->read_tx = mode == DB_READ;
    return RC_OK;
}

enum rc db_begin(struct db *db, struct err *e)
{
    if (db->level > 0)
        return err_set(e, RC_INTERNAL, "a transaction is already open");
    return begin(db, DB_WRITE, e);
}

void db_rollback(struct db *db)
{
    if (db->level == 0)
        return;
    db->backend->rollback(db);
    db->level = 0;
    db->spoilt = db->read_tx = false;
}

enum rc db_commit(struct db *db, struct err *e)
{
    if (db->level != 1) {
        int level = db->level;
        db_rollback(db);
        return err_set(e, RC_INTERNAL, "commit with %d transactions open", level);
    }
    if (db->spoilt) {
        db_rollback(db);
        return err_set(e, RC_INTERNAL, "commit after a statement failed: rolled back");
    }
    if (db->hook && !db->read_tx)
        db->hook(db->hook_ctx, "commit");
    enum rc rc = os_fault(OS_COMMIT) ? err_errno(e, RC_IO, "commit") : db->backend->commit(db, e);
    if (rc != RC_OK)
        db->backend->rollback(db);
    else if (os_fault(OS_COMMIT)) /* stored, and the answer is lost: the unknown outcome */
        rc = err_errno(e, RC_IO, "commit: whether it was stored is not known");
    db->level = 0;
    if (rc == RC_OK && db->hook && !db->read_tx)
        db->hook(db->hook_ctx, "committed");
    db->read_tx = false;
    return rc;
}

bool db_in_tx(const struct db *db)
{
    return db->level > 0;
}

static enum rc savepoint(struct db *db, const char *verb, int level, struct err *e)
{
    char text[64];
    snprintf(text, sizeof text, "%s unit%d", verb, level);
    return db->backend->script(db, text, e);
}

enum rc tx_begin(struct db *db, struct tx *tx, struct err *e)
{
    BUG_ON(tx->db != NULL);
    if (db->level == 0) {
        TRY(db_begin(db, e));
    } else {
        if (db->spoilt)
            return err_set(e, RC_INTERNAL, "a unit begins after a statement failed");
        if (db->level >= DB_NESTING_MAX)
            return err_set(e, RC_LIMIT, "more than %d transactions inside each other",
                           DB_NESTING_MAX);
        enum rc rc = savepoint(db, "SAVEPOINT", db->level + 1, e);
        if (rc != RC_OK) {
            db->spoilt = true;
            return rc;
        }
        db->level++;
    }
    *tx = (struct tx){.db = db, .level = db->level};
    return RC_OK;
}

static enum rc begin_alone(struct db *db, enum db_mode mode, struct tx *tx, struct err *e)
{
    BUG_ON(tx->db != NULL);
    if (db->level > 0)
        return err_set(e, RC_INTERNAL, "a transaction of its own inside another transaction");
    TRY(begin(db, mode, e));
    *tx = (struct tx){.db = db, .level = 1};
    return RC_OK;
}

enum rc tx_begin_read(struct db *db, struct tx *tx, struct err *e)
{
    return begin_alone(db, DB_READ, tx, e);
}

enum rc tx_begin_claim(struct db *db, struct tx *tx, struct err *e)
{
    return begin_alone(db, DB_CLAIM, tx, e);
}

void tx_rollback(struct tx *tx)
{
    struct db *db = tx->db;
    int level = tx->level;
    *tx = (struct tx)TX_INIT;
    if (db == NULL || level > db->level)
        return;
    if (level == 1) {
        db_rollback(db);
        return;
    }
    /* A unit that was left open inside this one goes with it. */
    db->level = level - 1;
    db->spoilt = savepoint(db, "ROLLBACK TO", level, NULL) != RC_OK ||
                 savepoint(db, "RELEASE", level, NULL) != RC_OK;
}

enum rc tx_commit(struct tx *tx, struct err *e)
{
    struct db *db = tx->db;
    int level = tx->level;
    if (db == NULL)
        return err_set(e, RC_INTERNAL, "commit without a transaction");
    if (level == 1) {
        *tx = (struct tx)TX_INIT;
        return db_commit(db, e);
    }
    if (db->level != level || db->spoilt) {
        tx_rollback(tx);
        return err_set(e, RC_INTERNAL, "commit of a unit that failed or is not the innermost");
    }
    enum rc rc = savepoint(db, "RELEASE", level, e);
    if (rc != RC_OK) {
        tx_rollback(tx);
        return rc;
    }
    db->level--;
    *tx = (struct tx)TX_INIT;
    return RC_OK;
}

void tx_auto(struct tx *tx)
{
    tx_rollback(tx);
}
