/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL behind the database layer.  Runs in core and in the command line tools; the server is
 * trusted with the data, its answers are still checked for type and length.
 */
#include "store/db_impl.h"

#include <inttypes.h>
#include <libpq-fe.h>

/* Result types, from PostgreSQL's catalogue pg_type (stable numbers). */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_UNKNOWN = 705,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043
};

#define CLOCK_SQL "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"

static void result_auto(PGresult **r)
{
    PQclear(*r);
}
#define AUTO_RESULT __attribute__((cleanup(result_auto)))

static void quiet(void *arg, const PGresult *r)
{
}

static void lose(struct db *db)
{
    PQfinish(db->conn);
    db->conn = NULL;
}

static void pg_close(struct db *db)
{
    lose(db);
}

/* libpq's texts have several lines; the first says what is wrong. */
static struct str first_line(const char *text)
{
    struct str rest = str_c(text), line = STR_NONE;
    (void)str_line(&rest, &line);
    return line;
}

static enum rc pg_setup(struct db *db, struct err *e)
{
    PGconn *c = db->conn;
    PQsetNoticeReceiver(c, quiet, NULL);
    struct str encoding = str_c(PQparameterStatus(c, "server_encoding"));
    if (!str_eq(encoding, STR("UTF8")))
        return err_set(e, RC_INVALID, "the PostgreSQL database must have the encoding UTF8");
    char text[512];
    /* Whoever turned synchronous_commit off for the server did not mean an intake. */
    snprintf(text, sizeof text,
             "SET default_transaction_isolation = 'serializable';"
             "SET statement_timeout = %d; SET lock_timeout = %d;"
             "SET idle_in_transaction_session_timeout = 60000; SET TimeZone = 'UTC';"
             "SELECT set_config('synchronous_commit', 'on', false)"
             " WHERE current_setting('synchronous_commit') = 'off';"
             "SET default_transaction_read_only = %s",
             DB_STATEMENT_MS, DB_BUSY_MS, db->readonly ? "on" : "off");
    AUTO_RESULT PGresult *r = PQexec(c, text);
    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        return err_set(e, RC_BUSY, "the PostgreSQL server refused our settings, try again");
    return RC_OK;
}

static enum rc pg_connect(struct db *db, struct err *e)
{
    char timeout[16];
    snprintf(timeout, sizeof timeout, "%d", DB_CONNECT_S);
    /* What stands before dbname may be overridden by the connection string, what follows not. */
    const char *keys[] = {"connect_timeout",
                          "tcp_user_timeout",
                          "target_session_attrs",
                          "dbname",
                          "client_encoding",
                          "application_name",
                          NULL};
    const char *values[] = {
        timeout, "10000", db->readonly ? "any" : "read-write", db->url, "UTF8", "vulndesk", NULL};
    PGconn *c = PQconnectdbParams(keys, values, 1);
    BUG_ON(c == NULL);
    db->conn = c;
    if (PQstatus(c) != CONNECTION_OK) {
        struct str line = first_line(PQerrorMessage(c));
        err_set(e, RC_BUSY, "the PostgreSQL server cannot be reached: %.*s", STR_ARG(line));
        lose(db);
        return RC_BUSY;
    }
    db->generation++;
    enum rc rc = pg_setup(db, e);
    if (rc != RC_OK)
        lose(db);
    return rc;
}

static enum rc gone(struct err *e)
{
    return err_set(e, RC_BUSY, "the PostgreSQL server went away, try again");
}

/* The class of a failure; messages name constraints and tables, never values: of data exceptions
 * only the number is told. */
static enum rc state_fail(struct db *db, const char *state, const char *text, const char *what,
                          struct err *e)
{
    struct str s = str_c(state), line = first_line(text);
    if (str_eq(s, STR("40001")) || str_eq(s, STR("40P01")) || str_eq(s, STR("55P03")) ||
        str_eq(s, STR("57014")) || str_starts(s, STR("57P")) || str_eq(s, STR("53300")))
        return err_set(e, RC_BUSY, "%s: in use by somebody else, try again (%s)", what, state);
    if (str_eq(s, STR("23505")))
        return err_set(e, RC_CONFLICT, "%s: %.*s", what, STR_ARG(line));
    if (str_starts(s, STR("23")))
        return err_set(e, RC_INVALID, "%s: %.*s", what, STR_ARG(line));
    if (str_starts(s, STR("22")))
        return err_set(e, RC_INVALID, "%s: a value is out of its range (%s)", what, state);
    if (str_eq(s, STR("25006")) && !db->readonly && !db->read_tx) {
        lose(db); /* a failover made this server a standby */
        return gone(e);
    }
    if (str_starts(s, STR("53")) || str_starts(s, STR("58")) || str_starts(s, STR("XX")))
        return err_set(e, RC_IO, "%s: %.*s", what, STR_ARG(line));
    return err_set(e, RC_INTERNAL, "%s: %.*s (%s)", what, STR_ARG(line), state);
}

static enum rc result_check(struct db *db, const PGresult *r, const char *what, struct err *e)
{
    ExecStatusType st = PQresultStatus(r);
    if (st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK)
        return RC_OK;
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    /* No code: libpq itself failed, which is the connection even where its status does not say so
     * yet (a server that crashes between two packets). */
    if (state == NULL || PQstatus(db->conn) == CONNECTION_BAD) {
        lose(db);
        return gone(e);
    }
    const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    return state_fail(db, state, text ? text : "", what, e);
}

static enum rc pg_script(struct db *db, const char *text, struct err *e)
{
    if (db->conn == NULL) {
        if (db->level > 0)
            return gone(e);
        TRY(pg_connect(db, e));
    }
    AUTO_RESULT PGresult *r = PQexec(db->conn, text);
    return result_check(db, r, "database", e);
}

static enum rc prepare(struct db *db, struct stmt *st, struct err *e)
{
    if (st->generation == db->generation)
        return RC_OK;
    char name[16];
    snprintf(name, sizeof name, "s%u", st->number);
    const char *text = st->sql->pg ? st->sql->pg : st->sql->text;
    AUTO_RESULT PGresult *r = PQprepare(db->conn, name, text, 0, NULL);
    TRY(result_check(db, r, st->sql->name, e));
    st->generation = db->generation;
    return RC_OK;
}

static enum rc take_cell(struct rows *rows, const PGresult *r, int row, int col, struct err *e)
{
    if (PQgetisnull(r, row, col))
        return rows_add(rows, DBV_NULL, 0, STR_NONE, e);
    const char *p = PQgetvalue(r, row, col);
    size_t n = (size_t)PQgetlength(r, row, col);
    uint64_t v = 0;
    for (size_t i = 0; i < n && i < 8; i++)
        v = v << 8 | (unsigned char)p[i];
    switch (PQftype(r, col)) {
    case OID_BOOL:
        return rows_add(rows, DBV_INT, v != 0, STR_NONE, e);
    case OID_INT2:
        return rows_add(rows, DBV_INT, (int16_t)v, STR_NONE, e);
    case OID_INT4:
        return rows_add(rows, DBV_INT, (int32_t)v, STR_NONE, e);
    case OID_INT8:
        return rows_add(rows, DBV_INT, (int64_t)v, STR_NONE, e);
    case OID_BYTEA:
        return rows_add(rows, DBV_BLOB, 0, str_of(p, n), e);
    case OID_TEXT:
    case OID_NAME:
    case OID_VARCHAR:
    case OID_BPCHAR:
    case OID_UNKNOWN:
        return rows_add(rows, DBV_TEXT, 0, str_of(p, n), e);
    default:
        return err_set(e, RC_INTERNAL, "column %d of statement %s needs a CAST (type %u)", col,
                       rows->name, PQftype(r, col));
    }
}

static enum rc take_rows(struct rows *rows, const PGresult *r, struct err *e)
{
    rows->cols = PQnfields(r);
    for (int row = 0; row < PQntuples(r); row++)
        for (int col = 0; col < rows->cols; col++)
            TRY(take_cell(rows, r, row, col, e));
    return RC_OK;
}

static int64_t changed_rows(PGresult *r)
{
    uint64_t n;
    /* Empty for statements that cannot change rows; a SELECT counts what it found, nobody asks. */
    if (num_parse(str_c(PQcmdTuples(r)), 0, INT64_MAX, "rows", &n, NULL) != RC_OK)
        return 0;
    return (int64_t)n;
}

static enum rc execute(struct db *db, struct stmt *st, struct db_args args, struct rows *rows,
                       int64_t *ret_changed, struct err *e)
{
    const char *value[DB_ARGS_MAX];
    int length[DB_ARGS_MAX], format[DB_ARGS_MAX];
    char number[DB_ARGS_MAX][24], name[16];
    TRY(prepare(db, st, e));
    for (size_t i = 0; i < args.n; i++) {
        const struct dbv *v = &args.v[i];
        value[i] = NULL;
        length[i] = 0;
        /* Integers as text fit whatever integer type the server infers. */
        format[i] = v->type != DBV_INT;
        if (v->type == DBV_INT) {
            snprintf(number[i], sizeof number[i], "%" PRId64, v->i);
            value[i] = number[i];
        } else if (v->type != DBV_NULL) {
            value[i] = v->s.n ? v->s.p : "";
            length[i] = (int)v->s.n;
        }
    }
    snprintf(name, sizeof name, "s%u", st->number);
    AUTO_RESULT PGresult *r = PQexecPrepared(db->conn, name, (int)args.n, value, length, format, 1);
    TRY(result_check(db, r, st->sql->name, e));
    if (rows)
        TRY(take_rows(rows, r, e));
    *ret_changed = changed_rows(r);
    return RC_OK;
}

static enum rc pg_run(struct db *db, struct stmt *st, struct db_args args, struct rows *rows,
                      int64_t *ret_changed, struct err *e)
{
    if (db->conn == NULL) {
        if (db->level > 0)
            return gone(e);
        TRY(pg_connect(db, e));
    }
    return execute(db, st, args, rows, ret_changed, e);
}

static void pg_forget(struct stmt *st)
{
    st->generation = 0;
}

/* Runs a text that ends with the clock's SELECT. */
static enum rc with_clock(struct db *db, const char *text, int64_t *ret_now_us, struct err *e)
{
    if (db->conn == NULL)
        TRY(pg_connect(db, e));
    AUTO_RESULT PGresult *r = PQexec(db->conn, text);
    TRY(result_check(db, r, "database clock", e));
    if (PQntuples(r) != 1 || PQnfields(r) != 1)
        return err_set(e, RC_INTERNAL, "the database's clock gave no answer");
    uint64_t us;
    TRY(num_parse(str_c(PQgetvalue(r, 0, 0)), 0, INT64_MAX, "database clock", &us, e));
    *ret_now_us = (int64_t)us;
    return RC_OK;
}

/* A connection that died while idle shows at the next use; nothing was begun, so one new try is
 * safe. */
static enum rc with_clock_again(struct db *db, const char *text, int64_t *ret_now_us, struct err *e)
{
    bool had = db->conn != NULL;
    enum rc rc = with_clock(db, text, ret_now_us, e);
    if (rc == RC_BUSY && had && db->conn == NULL)
        rc = with_clock(db, text, ret_now_us, e);
    return rc;
}

static enum rc pg_clock(struct db *db, int64_t *ret_now_us, struct err *e)
{
    return with_clock_again(db, CLOCK_SQL, ret_now_us, e);
}

static void pg_rollback(struct db *db)
{
    if (db->conn == NULL)
        return;
    if (PQtransactionStatus(db->conn) == PQTRANS_IDLE)
        return;
    AUTO_RESULT PGresult *r = PQexec(db->conn, "ROLLBACK");
    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        lose(db); /* the server rolls back what a dead connection left */
}

static enum rc pg_begin(struct db *db, enum db_mode mode, int64_t *ret_now_us, struct err *e)
{
    static const char *const text[] = {
        [DB_WRITE] = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE;" CLOCK_SQL,
        [DB_READ] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;" CLOCK_SQL,
        [DB_CLAIM] = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;" CLOCK_SQL,
    };
    db->read_tx = mode == DB_READ;
    enum rc rc = with_clock_again(db, text[mode], ret_now_us, e);
    if (rc != RC_OK)
        pg_rollback(db);
    return rc;
}

static enum rc pg_commit(struct db *db, struct err *e)
{
    if (db->conn == NULL)
        return gone(e);
    AUTO_RESULT PGresult *r = PQexec(db->conn, "COMMIT");
    enum rc rc = result_check(db, r, "commit", e);
    if (rc != RC_OK && db->conn == NULL)
        return err_set(e, RC_IO,
                       "the PostgreSQL server went away during the commit: whether it was stored "
                       "is not known");
    if (rc == RC_OK && !str_eq(str_c(PQcmdStatus(r)), STR("COMMIT")))
        return err_set(e, RC_INTERNAL, "the transaction had failed and was rolled back");
    return rc;
}

const struct db_backend db_pg = {
    .connect = pg_connect,
    .close = pg_close,
    .script = pg_script,
    .run = pg_run,
    .forget = pg_forget,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .clock = pg_clock,
};
