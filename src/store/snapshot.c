/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots of the database.  Runs in `vulndesk backup` and `vulndesk restore`, beside a desk that
 * may be running; the database is our own.
 */
#include "store/snapshot.h"

#include <fcntl.h>
#include <glob.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "os/file.h"
#include "os/spawn.h"
#include "store/db_impl.h"
#include "store/migrate.h"

#define PAGE      5000
#define PAGE_SQL  "5000"
#define ENV_MAX   60
#define WAIT_MS   20 /* between tries while SQLite's writer is at the very end of a checkpoint */
#define TRIES_MAX 1000

static const struct sql sql_blobs = {
    "snapshot_blobs", "SELECT id, name FROM blob WHERE id > $1 ORDER BY id LIMIT " PAGE_SQL, NULL};
static const struct sql sql_meta = {"snapshot_meta", "SELECT value FROM meta WHERE key = $1", NULL};
static const struct sql sql_export = {"snapshot_export", "SELECT ''",
                                      "SELECT CAST(pg_export_snapshot() AS TEXT)"};
static const struct sql sql_size = {
    "snapshot_size", "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "SELECT CAST(pg_database_size(current_database()) AS BIGINT)"};
static const struct sql sql_tables = {
    "snapshot_tables", "SELECT count(*) FROM sqlite_schema",
    "SELECT CAST(count(*) AS BIGINT) FROM pg_class WHERE relkind = 'r'"
    " AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"};

enum rc snapshot_size(const char *url, int64_t *ret_bytes, struct err *e)
{
    AUTO(db) struct db *db = NULL;
    TRY(db_open_readonly(url, &db, e));
    return db_one_i64(db, &sql_size, DB_NOARGS, ret_bytes, e);
}

/* ------------------------------------------------------------------ what is in it */

static enum rc meta(struct db *db, const char *key, char *dst, size_t size, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &sql_meta, DB_ARGS(DB_T(str_c(key))), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "this database has no desk in it");
    return str_copy(dst, size, row_str(r, 0), key, e);
}

static enum rc describe(struct db *db, struct snapshot *s, struct err *e)
{
    char epoch[24];
    uint64_t n = 0;
    TRY(migrate_check(db, &s->schema, e));
    TRY(meta(db, "desk", s->desk, sizeof s->desk, e));
    TRY(meta(db, "epoch", epoch, sizeof epoch, e));
    TRY(num_parse(str_c(epoch), 1, INT64_MAX, "the epoch", &n, e));
    s->epoch = (int64_t)n;
    return RC_OK;
}

static enum rc tell_blobs(struct db *db, enum rc (*blob)(void *, struct str, struct err *),
                          void *arg, struct snapshot *s, struct err *e)
{
    int64_t last = 0;
    for (size_t n = PAGE; n == PAGE;) {
        AUTO(rows) struct rows *r = NULL;
        TRY(db_query(db, &sql_blobs, DB_ARGS(DB_I(last)), &r, e));
        n = rows_count(r);
        while (rows_next(r)) {
            last = row_i64(r, 0);
            TRY(blob(arg, row_str(r, 1), e));
            s->blobs++;
        }
        TRY(rows_rc(r, e));
    }
    return RC_OK;
}

/* ------------------------------------------------------------------ SQLite */

static void sqlite_auto(sqlite3 **c)
{
    sqlite3_close_v2(*c);
}

/* All pages in one step: a reader of a WAL database holds up nobody, and sees one moment. */
static enum rc copy_pages(sqlite3 *to, sqlite3 *from, struct err *e)
{
    int code = SQLITE_OK;
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    if (b == NULL)
        return err_set(e, RC_IO, "the copy of the database: %s", sqlite3_errmsg(to));
    for (int i = 0; i < TRIES_MAX; i++) {
        code = sqlite3_backup_step(b, -1);
        if (code != SQLITE_BUSY && code != SQLITE_LOCKED)
            break;
        (void)poll(NULL, 0, WAIT_MS);
    }
    int end = sqlite3_backup_finish(b);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return err_set(e, RC_BUSY, "the database is locked by somebody else, try again");
    if (code != SQLITE_DONE || end != SQLITE_OK)
        return err_set(e, (code & 0xff) == SQLITE_FULL ? RC_LIMIT : RC_IO,
                       "the copy of the database: %s", sqlite3_errstr(code));
    return RC_OK;
}

static enum rc copy_sqlite(struct db *db, const char *file, struct err *e)
{
    AUTO(sqlite) sqlite3 *to = NULL;
    AUTO(fd) int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(e, RC_IO, "the copy of the database");
    int code = sqlite3_open_v2(file, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK)
        return err_set(e, RC_IO, "the copy of the database: %s", sqlite3_errstr(code));
    return copy_pages(to, db->conn, e);
}

static enum rc make_sqlite(struct db *db, const char *file,
                           enum rc (*blob)(void *, struct str, struct err *), void *arg,
                           struct snapshot *s, struct err *e)
{
    char url[FILE_PATH_MAX + 8];
    AUTO(db) struct db *copy = NULL;
    s->at_us = db_now_us(db);
    TRY(copy_sqlite(db, file, e));
    snprintf(url, sizeof url, "sqlite:%s", file);
    /* Not for reading only: the last to close it leaves nothing beside the file. */
    TRY(db_open(url, &copy, e));
    TRY(describe(copy, s, e));
    return tell_blobs(copy, blob, arg, s, e);
}

/* ------------------------------------------------------------------ PostgreSQL */

/* The newest installed: it reads every older server. */
static enum rc find_program(const char *name, char path[FILE_PATH_MAX], struct err *e)
{
    static const char *const places[] = {"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
                                         "/usr/lib64/pgsql/bin", "/usr/local/bin", "/usr/bin"};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        char pattern[FILE_PATH_MAX];
        glob_t g = {0};
        snprintf(pattern, sizeof pattern, "%s/%s", places[i], name);
        bool found = glob(pattern, 0, NULL, &g) == 0 && g.gl_pathc > 0;
        if (found)
            snprintf(path, FILE_PATH_MAX, "%s", g.gl_pathv[g.gl_pathc - 1]);
        globfree(&g);
        if (found && access(path, X_OK) == 0)
            return RC_OK;
    }
    return err_set(e, RC_NOTFOUND, "%s is not installed (PostgreSQL's client programs)", name);
}

/* The url as PG... variables: arguments of a process can be seen by every user, its environment
 * cannot. */
struct pg_env {
    const char *v[ENV_MAX + 1];
    size_t n;
    char *text[ENV_MAX];
    const char *dbname;
    PQconninfoOption *options;
};

static void pg_env_auto(struct pg_env *env)
{
    for (size_t i = 0; i < env->n; i++)
        free(env->text[i]);
    if (env->options)
        PQconninfoFree(env->options);
}

static enum rc pg_env_make(const char *url, struct pg_env *env, struct err *e)
{
    env->options = PQconninfoParse(url, NULL);
    if (env->options == NULL)
        return err_set(e, RC_INVALID, "store.url is no PostgreSQL address");
    for (const PQconninfoOption *o = env->options; o->keyword; o++) {
        if (o->val == NULL || *o->val == '\0')
            continue;
        if (strcmp(o->keyword, "dbname") == 0)
            env->dbname = o->val;
        if (o->envvar == NULL || env->n == ENV_MAX)
            continue;
        AUTO(buf) struct buf b = BUF_INIT(DB_URL_MAX + 100);
        buf_addf(&b, "%s=%s", o->envvar, o->val);
        env->text[env->n] = str_dup(buf_str(&b));
        env->v[env->n] = env->text[env->n];
        env->n++;
    }
    return RC_OK;
}

static enum rc pg_run(const char *url, const char *name, const char *const *argv, struct err *e)
{
    char path[FILE_PATH_MAX];
    AUTO(pg_env) struct pg_env env = {.n = 0};
    AUTO(buf) struct buf said = BUF_INIT(64 * 1024);
    AUTO(buf) struct buf clean = BUF_INIT(4 * SNAPSHOT_ERROR_MAX + 64);
    struct child_end end;
    TRY(find_program(name, path, e));
    TRY(pg_env_make(url, &env, e));
    struct spawn s = SPAWN_INIT;
    s.path = path;
    s.argv = argv;
    s.envp = env.v;
    TRY(spawn_run(&s, &(struct spawn_io){.err = &said, .timeout_ms = SNAPSHOT_DUMP_MS}, &end, e));
    if (child_end_ok(&end))
        return RC_OK;
    utf8_clean_line(&clean, str_sub(buf_str(&said), 0, SNAPSHOT_ERROR_MAX));
    return err_set(e, RC_IO, "%s failed: %s", name, buf_c(&clean));
}

static enum rc make_pg(struct db *db, const char *url, const char *file,
                       enum rc (*blob)(void *, struct str, struct err *), void *arg,
                       struct snapshot *s, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    AUTO(tx) struct tx tx = TX_INIT;
    char snap[100], by[sizeof snap + 16], to[FILE_PATH_MAX + 16];
    TRY(tx_begin_read(db, &tx, e));
    /* We wait, idle, while pg_dump works. */
    TRY(db_script(db, STR("SET LOCAL idle_in_transaction_session_timeout = 0"), e));
    TRY(db_query(db, &sql_export, DB_NOARGS, &r, e));
    if (!rows_next(r))
        return err_set(e, RC_INTERNAL, "the server exports no snapshot");
    TRY(str_copy(snap, sizeof snap, row_str(r, 0), "the snapshot's name", e));
    s->at_us = db_now_us(db);
    TRY(describe(db, s, e));
    TRY(tell_blobs(db, blob, arg, s, e));
    AUTO(fd) int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(e, RC_IO, "the dump of the database");
    snprintf(by, sizeof by, "--snapshot=%s", snap);
    snprintf(to, sizeof to, "--file=%s", file);
    const char *const argv[] = {
        "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--no-password", by, to,
        NULL};
    return pg_run(url, "pg_dump", argv, e);
}

enum rc snapshot_make(const char *url, const char *file,
                      enum rc (*blob)(void *arg, struct str name, struct err *e), void *arg,
                      struct snapshot *ret_s, struct err *e)
{
    AUTO(db) struct db *db = NULL;
    struct snapshot s = {.epoch = 0};
    TRY(db_open_readonly(url, &db, e));
    if (db_is_pg(db))
        TRY(make_pg(db, url, file, blob, arg, &s, e));
    else
        TRY(make_sqlite(db, file, blob, arg, &s, e));
    *ret_s = s;
    return RC_OK;
}

enum rc snapshot_restore_pg(const char *url, const char *file, struct err *e)
{
    AUTO(db) struct db *db = NULL;
    AUTO(pg_env) struct pg_env env = {.n = 0};
    int64_t tables;
    TRY(db_open(url, &db, e));
    if (!db_is_pg(db))
        return err_set(e, RC_INVALID, "a dump of PostgreSQL goes to PostgreSQL only");
    TRY(db_one_i64(db, &sql_tables, DB_NOARGS, &tables, e));
    if (tables > 0)
        return err_set(e, RC_CONFLICT, "this database is not empty; nothing is overwritten");
    TRY(pg_env_make(url, &env, e));
    AUTO(buf) struct buf to = BUF_INIT(DB_URL_MAX + 32);
    buf_addf(&to, "--dbname=%s", env.dbname ? env.dbname : "");
    if (env.dbname == NULL || strchr(env.dbname, '=') || strchr(env.dbname, ':'))
        return err_set(e, RC_INVALID, "the address names no database (dbname=...)");
    const char *const argv[] = {"pg_restore",
                                "--single-transaction",
                                "--exit-on-error",
                                "--no-owner",
                                "--no-privileges",
                                "--no-password",
                                buf_c(&to),
                                file,
                                NULL};
    return pg_run(url, "pg_restore", argv, e);
}
