/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_DB_IMPL_H
#define VULNDESK_STORE_DB_IMPL_H

/* Shared by db.c, db_rows.c, db_sqlite.c and db_pg.c; nobody else includes it. */
#include "base/buf.h"
#include "store/db.h"

/* A cell's bytes lie in rows.bytes at `at`, followed by a NUL. */
struct cell {
    enum dbv_type type;
    int64_t i; /* DBV_INT: the number; else the length */
    size_t at;
};
struct rows {
    const char *name; /* of the statement */
    struct cell *cell;
    size_t cells, cap;
    int cols;
    size_t next; /* rows handed out so far */
    struct buf bytes;
    int wrong; /* 1 + column that was read as what it is not */
};

struct rows *rows_new(const char *name);
/* Cells are added row by row; RC_LIMIT when the result is too large. */
enum rc rows_add(struct rows *r, enum dbv_type type, int64_t i, struct str s, struct err *e)
    WARN_UNUSED;

/* A prepared statement in the cache of one connection. */
struct stmt {
    const struct sql *sql;
    void *handle;        /* sqlite3_stmt */
    unsigned generation; /* PostgreSQL: connection on which it is prepared, 0 for none */
    unsigned number;     /* PostgreSQL: its name is s<number> */
};

enum db_mode { DB_WRITE, DB_READ, DB_CLAIM };

struct db_backend {
    /* Makes a first or a new connection. */
    enum rc (*connect)(struct db *db, struct err *e);
    void (*close)(struct db *db);
    /* Statements without parameters and results. */
    enum rc (*script)(struct db *db, const char *text, struct err *e);
    /* rows is NULL when no result is wanted. */
    enum rc (*run)(struct db *db, struct stmt *st, struct db_args args, struct rows *rows,
                   int64_t *ret_changed, struct err *e);
    void (*forget)(struct stmt *st);
    /* Opens a transaction and reads the clock. */
    enum rc (*begin)(struct db *db, enum db_mode mode, int64_t *ret_now_us, struct err *e);
    enum rc (*commit)(struct db *db, struct err *e);
    void (*rollback)(struct db *db);
    enum rc (*clock)(struct db *db, int64_t *ret_now_us, struct err *e);
};
extern const struct db_backend db_sqlite, db_pg;

struct db {
    const struct db_backend *backend;
    char url[DB_URL_MAX];
    bool readonly;
    void *conn;                              /* sqlite3 or PGconn; NULL while the server is away */
    unsigned generation;                     /* PostgreSQL: rises with every connection */
    struct stmt stmt[2 * DB_STATEMENTS_MAX]; /* open addressing by pointer */
    size_t stmts;
    int level;   /* open transaction: 1, with savepoints above */
    bool spoilt; /* a statement failed in the innermost unit */
    bool read_tx;
    int64_t now_us;                  /* of the open transaction */
    int64_t known_us, known_mono_us; /* last answer of the clock and when it came */
    const int64_t *fake_us;
    void (*hook)(void *ctx, const char *point);
    void *hook_ctx;
};

#endif
