/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Databases for tests.  Runs in tests only.
 */
#include "store/testing.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "os/file.h"
#include "store/migrate.h"

bool test_wants_pg(int argc, char **argv)
{
    if (argc == 2 && str_eq(str_c(argv[1]), STR("sqlite")))
        return false;
    if (argc == 2 && str_eq(str_c(argv[1]), STR("pg")) && getenv("VULNDESK_TEST_PG"))
        return true;
    fprintf(stderr, "usage: %s sqlite | tests/pg %s pg\n", argv[0], argv[0]);
    exit(2);
}

void test_db_init(struct test_db *t, bool pg)
{
    *t = (struct test_db){.pg = pg, .dir = "/tmp/vd-store-XXXXXX"};
    assert_non_null(mkdtemp(t->dir));
    if (!pg) {
        snprintf(t->url, sizeof t->url, "sqlite:%s/desk.db", t->dir);
        return;
    }
    snprintf(t->url, sizeof t->url, "%s", getenv("VULNDESK_TEST_PG"));
    AUTO(db) struct db *db = test_db_open(t, false);
    T_OK(db_script(db, STR("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public"), e));
}

void test_db_release(struct test_db *t)
{
    T_OK(dir_remove(AT_FDCWD, t->dir, e));
}

struct db *test_db_open(struct test_db *t, bool migrated)
{
    struct db *db = NULL;
    T_OK(db_open(t->url, &db, e));
    if (migrated)
        T_OK(migrate_run(db, NULL, e));
    return db;
}

static const struct sql sql_account = {
    "test_account",
    "INSERT INTO account (login, name, email, role, weight, active, password, created_us)"
    " VALUES ($1, 'Test Handler', 'handler@desk.example', 'handler', 1, 1, '', $2) RETURNING id",
    NULL};
static const struct sql sql_case = {
    "test_case",
    "INSERT INTO vcase (number, year, nth, title, em, cs, handler_id, severity, facts, exit,"
    " exit_reason, escalated, scope, key_wrapped, opened_us, changed_us, chain_seq, chain_head)"
    " VALUES ($1, 2026, $2, 'A title', 'N', 'vfdpxa', $3, '', '{}', '', '', 0, 'scope-' || $1, $4,"
    " $5, $5, 0, $6)"
    " RETURNING id",
    NULL};

int64_t test_case(struct db *db, const char *number)
{
    static int64_t nth;
    int64_t handler, id;
    char login[32];
    nth++;
    snprintf(login, sizeof login, "handler%lld", (long long)nth);
    T_OK(db_one_i64(db, &sql_account, DB_ARGS(DB_T(str_c(login)), DB_I(db_now_us(db))), &handler,
                    e));
    T_OK(db_one_i64(db, &sql_case,
                    DB_ARGS(DB_T(str_c(number)), DB_I(nth), DB_I(handler), DB_B(STR("key")),
                            DB_I(db_now_us(db)), DB_B(STR_NONE)),
                    &id, e));
    return id;
}
