/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database layer on both back ends: what is promised to be alike is tested to be alike.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "os/clock.h"
#include "store/migrate.h"
#include "store/testing.h"

static bool pg;

struct fixture {
    struct test_db t;
    struct db *db;
};

static const struct sql sql_put = {"put", "INSERT INTO thing (k, n, b) VALUES ($1, $2, $3)", NULL};
static const struct sql sql_put_id = {
    "put_id", "INSERT INTO thing (b, n, k) VALUES ($3, $2, $1) RETURNING id", NULL};
static const struct sql sql_all = {"all", "SELECT id, k, n, b FROM thing ORDER BY k", NULL};
static const struct sql sql_count = {"count", "SELECT CAST(count(*) AS BIGINT) FROM thing", NULL};
static const struct sql sql_n = {"n", "SELECT n FROM thing WHERE k = $1", NULL};
static const struct sql sql_add = {"add", "UPDATE thing SET n = n + $2 WHERE k = $1", NULL};
static const struct sql sql_child = {"child", "INSERT INTO part (thing_id) VALUES ($1)", NULL};
static const struct sql sql_bad = {"bad", "SELECT no_such_column FROM thing", NULL};
static const struct sql sql_swap = {
    "swap", "SELECT CAST($2 AS BIGINT), CAST($1 AS BIGINT), '$1', $2 > $1 -- $9\n", NULL};

static int setup(void **state)
{
    struct fixture *f = mem_zalloc(sizeof *f);
    test_db_init(&f->t, pg);
    f->db = test_db_open(&f->t, false);
    static const struct migration list[] = {
        {1, "CREATE TABLE thing (id $ID, k $TEXT NOT NULL UNIQUE, n $INT, b $BLOB) $STRICT;"
            "CREATE TABLE part (id $ID, thing_id $INT NOT NULL REFERENCES thing(id)) $STRICT;"}};
    T_OK(migrate_run_list(f->db, list, 1, NULL, e));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    db_close(f->db);
    test_db_release(&f->t);
    free(f);
    return 0;
}

static void put(struct db *db, const char *k, int64_t n)
{
    T_OK(db_run(db, &sql_put, DB_ARGS(DB_T(str_c(k)), DB_I(n), DB_B(STR("b"))), NULL, e));
}

static int64_t count(struct db *db)
{
    int64_t n = -1;
    T_OK(db_one_i64(db, &sql_count, DB_NOARGS, &n, e));
    return n;
}

static void values_come_back(void **state)
{
    struct fixture *f = *state;
    static const char bytes[] = {0, 1, (char)0xff, 'x', 0};
    int64_t id1, id2;
    T_OK(db_one_i64(f->db, &sql_put_id,
                    DB_ARGS(DB_T(STR("\xc3\xa4 \xe2\x82\xac '\"$1")), DB_I(INT64_MIN),
                            DB_B(str_of(bytes, sizeof bytes))),
                    &id1, e));
    T_OK(db_one_i64(f->db, &sql_put_id, DB_ARGS(DB_T(STR("")), DB_NULL, DB_B(STR_NONE)), &id2, e));
    assert_true(id2 > id1);
    AUTO(rows) struct rows *r = NULL;
    T_OK(db_query(f->db, &sql_all, DB_NOARGS, &r, e));
    assert_int_equal(rows_count(r), 2);
    assert_true(rows_next(r));
    assert_int_equal(row_i64(r, 0), id2);
    assert_true(row_str(r, 1).n == 0 && !row_null(r, 1));
    assert_true(row_null(r, 2) && row_i64(r, 2) == 0);
    assert_true(row_blob(r, 3).n == 0 && !row_null(r, 3));
    assert_true(rows_next(r));
    assert_true(str_eq(row_str(r, 1), STR("\xc3\xa4 \xe2\x82\xac '\"$1")));
    assert_true(row_i64(r, 2) == INT64_MIN);
    assert_true(str_eq(row_blob(r, 3), str_of(bytes, sizeof bytes)));
    assert_false(rows_next(r));
    T_OK(rows_rc(r, e));
}

static void parameters_are_numbered(void **state)
{
    struct fixture *f = *state;
    AUTO(rows) struct rows *r = NULL;
    T_OK(db_query(f->db, &sql_swap, DB_ARGS(DB_I(1), DB_I(2)), &r, e));
    assert_true(rows_next(r));
    assert_int_equal(row_i64(r, 0), 2);
    assert_int_equal(row_i64(r, 1), 1);
    assert_true(str_eq(row_str(r, 2), STR("$1")));
    assert_int_equal(row_i64(r, 3), 1);
    T_OK(rows_rc(r, e));
}

static void wrong_column_is_told(void **state)
{
    struct fixture *f = *state;
    put(f->db, "a", 1);
    AUTO(rows) struct rows *r = NULL;
    T_OK(db_query(f->db, &sql_all, DB_NOARGS, &r, e));
    assert_true(rows_next(r));
    assert_int_equal(row_i64(r, 1), 0);
    T_RC(RC_INTERNAL, rows_rc(r, e));
    AUTO(rows) struct rows *r2 = NULL;
    T_OK(db_query(f->db, &sql_all, DB_NOARGS, &r2, e));
    assert_true(rows_next(r2));
    assert_int_equal(row_str(r2, 4).n, 0);
    T_RC(RC_INTERNAL, rows_rc(r2, e));
}

static void results_have_one_class_on_both(void **state)
{
    struct fixture *f = *state;
    put(f->db, "a", 1);
    T_RC(RC_CONFLICT, db_run(f->db, &sql_put, DB_ARGS(DB_T(STR("a")), DB_I(2), DB_NULL), NULL, e));
    T_RC(RC_INVALID, db_run(f->db, &sql_put, DB_ARGS(DB_NULL, DB_I(2), DB_NULL), NULL, e));
    T_RC(RC_INVALID, db_run(f->db, &sql_child, DB_ARGS(DB_I(999)), NULL, e));
    T_RC(RC_INVALID,
         db_run(f->db, &sql_put, DB_ARGS(DB_T(STR("a\0b")), DB_I(2), DB_NULL), NULL, e));
    T_RC(RC_INVALID,
         db_run(f->db, &sql_put, DB_ARGS(DB_T(STR("\xff")), DB_I(2), DB_NULL), NULL, e));
    AUTO(rows) struct rows *r = NULL;
    T_RC(RC_INTERNAL, db_query(f->db, &sql_bad, DB_NOARGS, &r, e));
    T_RC(RC_INTERNAL, db_run(f->db, &sql_put, DB_ARGS(DB_T(STR("x"))), NULL, e));
    int64_t n;
    T_RC(RC_NOTFOUND, db_one_i64(f->db, &sql_n, DB_ARGS(DB_T(STR("none"))), &n, e));
    T_RC(RC_CONFLICT, db_run_one(f->db, &sql_add, DB_ARGS(DB_T(STR("none")), DB_I(1)), "thing", e));
    T_OK(db_run_one(f->db, &sql_add, DB_ARGS(DB_T(STR("a")), DB_I(1)), "thing", e));
    int64_t changed = -1;
    T_OK(db_run(f->db, &sql_add, DB_ARGS(DB_T(STR("none")), DB_I(1)), &changed, e));
    assert_int_equal(changed, 0);
    T_OK(db_run(f->db, &sql_add, DB_ARGS(DB_T(STR("a")), DB_I(1)), &changed, e));
    assert_int_equal(changed, 1);
}

static void text_sorts_by_bytes(void **state)
{
    struct fixture *f = *state;
    static const char *const words[] = {"a", "B", "\xc3\xa4", "Z", "_", "b"};
    static const char *const want[] = {"B", "Z", "_", "a", "b", "\xc3\xa4"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        put(f->db, words[i], 0);
    AUTO(rows) struct rows *r = NULL;
    T_OK(db_query(f->db, &sql_all, DB_NOARGS, &r, e));
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        assert_true(rows_next(r));
        assert_true(str_eq(row_str(r, 1), str_c(want[i])));
    }
}

static void a_failure_spoils_the_transaction(void **state)
{
    struct fixture *f = *state;
    AUTO(tx) struct tx tx = TX_INIT;
    T_OK(tx_begin(f->db, &tx, e));
    put(f->db, "a", 1);
    T_RC(RC_CONFLICT, db_run(f->db, &sql_put, DB_ARGS(DB_T(STR("a")), DB_I(2), DB_NULL), NULL, e));
    T_RC(RC_INTERNAL, db_run(f->db, &sql_put, DB_ARGS(DB_T(STR("b")), DB_I(2), DB_NULL), NULL, e));
    T_RC(RC_INTERNAL, tx_commit(&tx, e));
    assert_int_equal(count(f->db), 0);
}

static void leave_early(struct db *db)
{
    AUTO(tx) struct tx tx = TX_INIT;
    T_OK(tx_begin(db, &tx, e));
    put(db, "gone", 1);
}

static void scope_end_rolls_back(void **state)
{
    struct fixture *f = *state;
    leave_early(f->db);
    assert_false(db_in_tx(f->db));
    assert_int_equal(count(f->db), 0);
}

static void unit(struct db *db, const char *k, bool fails)
{
    AUTO(tx) struct tx tx = TX_INIT;
    T_OK(tx_begin(db, &tx, e));
    put(db, k, 1);
    if (fails)
        T_RC(RC_CONFLICT, db_run(db, &sql_put, DB_ARGS(DB_T(str_c(k)), DB_I(2), DB_NULL), NULL, e));
    else
        T_OK(tx_commit(&tx, e));
}

static void units_of_a_group_fail_alone(void **state)
{
    struct fixture *f = *state;
    T_OK(db_begin(f->db, e));
    int64_t now = db_now_us(f->db);
    unit(f->db, "a", false);
    unit(f->db, "b", true);
    unit(f->db, "c", false);
    leave_early(f->db);
    assert_true(db_now_us(f->db) == now);
    T_OK(db_commit(f->db, e));
    assert_int_equal(count(f->db), 2);
    int64_t n;
    T_OK(db_one_i64(f->db, &sql_n, DB_ARGS(DB_T(STR("c"))), &n, e));
    T_RC(RC_NOTFOUND, db_one_i64(f->db, &sql_n, DB_ARGS(DB_T(STR("b"))), &n, e));
}

static void reading_transactions_do_not_write(void **state)
{
    struct fixture *f = *state;
    AUTO(db) struct db *other = test_db_open(&f->t, false);
    put(f->db, "a", 1);
    {
        AUTO(tx) struct tx tx = TX_INIT;
        T_OK(tx_begin_read(f->db, &tx, e));
        assert_int_equal(count(f->db), 1);
        put(other, "b", 1); /* not blocked, and not seen */
        assert_int_equal(count(f->db), 1);
        T_RC(RC_INTERNAL,
             db_run(f->db, &sql_put, DB_ARGS(DB_T(STR("c")), DB_I(2), DB_NULL), NULL, e));
    }
    /* Behind it everything writes again, a query too. */
    int64_t n;
    T_OK(db_one_i64(f->db, &sql_put_id, DB_ARGS(DB_T(STR("c")), DB_I(1), DB_NULL), &n, e));
    assert_int_equal(count(f->db), 3);
    AUTO(db) struct db *ro = NULL;
    T_OK(db_open_readonly(f->t.url, &ro, e));
    assert_int_equal(count(ro), 3);
    T_RC(RC_INTERNAL, db_run(ro, &sql_put, DB_ARGS(DB_T(STR("d")), DB_I(2), DB_NULL), NULL, e));
}

static void a_statement_may_change_what_another_reads(void **state)
{
    struct fixture *f = *state;
    put(f->db, "a", 1);
    put(f->db, "b", 1);
    AUTO(rows) struct rows *r = NULL;
    T_OK(db_query(f->db, &sql_all, DB_NOARGS, &r, e));
    while (rows_next(r)) {
        T_OK(db_run_one(f->db, &sql_add, DB_ARGS(DB_T(row_str(r, 1)), DB_I(1)), "thing", e));
        AUTO(rows) struct rows *same = NULL;
        T_OK(db_query(f->db, &sql_all, DB_NOARGS, &same, e));
        assert_int_equal(rows_count(same), 2);
    }
}

static void the_clock_is_the_databases(void **state)
{
    struct fixture *f = *state;
    int64_t a = db_now_us(f->db), b = clock_now_us();
    assert_true(b - a < 10000000 && a - b < 10000000);
    int64_t fake = 42;
    db_fake_clock(f->db, &fake);
    assert_int_equal(db_now_us(f->db), 42);
    AUTO(tx) struct tx tx = TX_INIT;
    T_OK(tx_begin(f->db, &tx, e));
    fake = 43;
    assert_int_equal(db_now_us(f->db), 42);
    T_OK(tx_commit(&tx, e));
    assert_int_equal(db_now_us(f->db), 43);
}

static void two_writers_lose_no_update(void **state)
{
    /* Both read, both write back what they read plus one: exactly one may win. */
    struct fixture *f = *state;
    put(f->db, "a", 1);
    AUTO(db) struct db *other = test_db_open(&f->t, false);
    static const struct sql set = {"set", "UPDATE thing SET n = $2 WHERE k = $1", NULL};
    int64_t n;
    AUTO(tx) struct tx tx = TX_INIT;
    T_OK(tx_begin(f->db, &tx, e));
    T_OK(db_one_i64(f->db, &sql_n, DB_ARGS(DB_T(STR("a"))), &n, e));
    AUTO(tx) struct tx tx2 = TX_INIT;
    if (!pg) { /* SQLite: the second writer waits at its begin */
        T_RC(RC_BUSY, tx_begin(other, &tx2, e));
        return;
    }
    T_OK(tx_begin(other, &tx2, e));
    T_OK(db_one_i64(other, &sql_n, DB_ARGS(DB_T(STR("a"))), &n, e));
    T_OK(db_run_one(f->db, &set, DB_ARGS(DB_T(STR("a")), DB_I(n + 1)), "thing", e));
    T_OK(tx_commit(&tx, e));
    T_RC(RC_BUSY, db_run_one(other, &set, DB_ARGS(DB_T(STR("a")), DB_I(n + 1)), "thing", e));
    T_RC(RC_INTERNAL, tx_commit(&tx2, e));
}

static void single_statements_meet_and_go_on(void **state)
{
    struct fixture *f = *state;
    enum { PROCESSES = 2, EACH = 40 };
    put(f->db, "a", 0);
    pid_t child[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (child[i] > 0)
            continue;
        struct db *db = NULL;
        struct err e = ERR_INIT;
        enum rc rc = db_open(f->t.url, &db, &e);
        for (int k = 0; k < EACH && rc == RC_OK; k++)
            rc = db_run_one(db, &sql_add, DB_ARGS(DB_T(STR("a")), DB_I(1)), "thing", &e);
        if (rc != RC_OK)
            fprintf(stderr, "adding: %s\n", e.msg);
        db_close(db);
        _exit(rc == RC_OK ? 0 : 1);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    int64_t n;
    T_OK(db_one_i64(f->db, &sql_n, DB_ARGS(DB_T(STR("a"))), &n, e));
    assert_int_equal(n, PROCESSES * EACH);
}

static void file_is_private(void **state)
{
    struct fixture *f = *state;
    if (pg)
        return;
    put(f->db, "a", 1);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        char path[128];
        struct stat st;
        snprintf(path, sizeof path, "%s/desk.db%s", f->t.dir, ends[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    AUTO(db) struct db *none = NULL;
    T_RC(RC_NOTFOUND, db_open_readonly("sqlite:/nonexistent/desk.db", &none, e));
    T_RC(RC_INVALID, db_open("mysql://x", &none, e));
}

/* ------------------------------------------------------------------ a server that goes away */

static const struct sql sql_pid = {"pid", "SELECT pg_backend_pid()", NULL};
static const struct sql sql_kill = {"kill", "SELECT pg_terminate_backend(CAST($1 AS INTEGER))",
                                    NULL};

static void kill_backend(struct fixture *f)
{
    int64_t pid, killed;
    T_OK(db_one_i64(f->db, &sql_pid, DB_NOARGS, &pid, e));
    AUTO(db) struct db *other = test_db_open(&f->t, false);
    T_OK(db_one_i64(other, &sql_kill, DB_ARGS(DB_I(pid)), &killed, e));
    assert_int_equal(killed, 1);
}

static void a_lost_connection_is_made_again(void **state)
{
    struct fixture *f = *state;
    if (!pg)
        return;
    put(f->db, "a", 1);
    kill_backend(f);
    AUTO(tx) struct tx tx = TX_INIT;
    T_OK(tx_begin(f->db, &tx, e)); /* idle when it died: nobody notices */
    put(f->db, "b", 1);
    kill_backend(f);
    T_RC(RC_BUSY, db_run(f->db, &sql_put, DB_ARGS(DB_T(STR("c")), DB_I(1), DB_NULL), NULL, e));
    T_RC(RC_INTERNAL, tx_commit(&tx, e));
    assert_false(db_in_tx(f->db));
    assert_int_equal(count(f->db), 1);
    T_OK(tx_begin(f->db, &tx, e));
    put(f->db, "d", 1);
    kill_backend(f);
    T_RC(RC_IO, tx_commit(&tx, e)); /* in the commit: unknown */
    T_OK(tx_begin(f->db, &tx, e));
    put(f->db, "e", 1);
    T_OK(tx_commit(&tx, e));
}

static void a_restarted_server_is_found_again(void **state)
{
    struct fixture *f = *state;
    if (!pg)
        return;
    put(f->db, "a", 1);
    uint64_t pid;
    T_OK(num_parse(str_c(getenv("VULNDESK_TEST_PG_PID")), 2, INT32_MAX, "pid", &pid, e));
    int64_t before = db_now_us(f->db), until = clock_mono_us() + 60000000;
    assert_int_equal(kill((pid_t)pid, SIGUSR1), 0);
    bool lost = false;
    int64_t n = 0;
    while (!lost || n == 0) { /* first it goes, then it comes back */
        struct err e = ERR_INIT;
        enum rc rc = db_one_i64(f->db, &sql_count, DB_NOARGS, &n, &e);
        if (rc != RC_OK) {
            if (rc != RC_BUSY)
                fail_msg("%s: %s", rc_name(rc), e.msg);
            lost = true;
            n = 0;
            assert_true(db_now_us(f->db) >= before);
        }
        assert_true(clock_mono_us() < until);
        usleep(2000);
    }
    assert_int_equal(n, 1);
}

/* ------------------------------------------------------------------ migrations */

static const struct migration steps[] = {
    {1, "CREATE TABLE one (id $ID, t $TEXT NOT NULL, b $BLOB, n $INT) $STRICT;"},
    {2, "ALTER TABLE one ADD COLUMN extra $TEXT NOT NULL DEFAULT '';"},
    {3, "CREATE TABLE three (id $ID) $STRICT; INSERT INTO three (id) VALUES (3);"},
    {4, "CREATE TABLE four (id $ID) $STRICT;"},
};

static void steps_apply_once(void **state)
{
    struct test_db t;
    test_db_init(&t, pg);
    AUTO(db) struct db *db = test_db_open(&t, false);
    int applied = -1, v = -1;
    T_RC(RC_NOTFOUND, migrate_check_list(db, steps, 1, &v, e));
    T_OK(migrate_run_list(db, steps, 1, &applied, e));
    assert_int_equal(applied, 1);
    T_OK(migrate_check_list(db, steps, 2, &v, e)); /* N-1 */
    T_RC(RC_INVALID, migrate_check_list(db, steps, 3, &v, e));
    T_OK(migrate_run_list(db, steps, 3, &applied, e));
    assert_int_equal(applied, 2);
    T_OK(migrate_run_list(db, steps, 3, &applied, e));
    assert_int_equal(applied, 0);
    T_OK(migrate_check_list(db, steps, 3, &v, e));
    assert_int_equal(v, 3);
    T_OK(migrate_check_list(db, steps, 2, &v, e)); /* N+1: the last release goes on */
    T_RC(RC_INVALID, migrate_check_list(db, steps, 1, &v, e));
    T_RC(RC_INVALID, migrate_run_list(db, steps, 1, &applied, e));
    struct migration edited[] = {steps[0], {2, "SELECT 1;"}, steps[2]};
    T_RC(RC_CONFLICT, migrate_run_list(db, edited, 3, &applied, e));
    db_close(TAKE(db));
    test_db_release(&t);
}

static void a_failing_step_leaves_nothing(void **state)
{
    struct test_db t;
    test_db_init(&t, pg);
    AUTO(db) struct db *db = test_db_open(&t, false);
    struct migration broken[] = {steps[0], {2, "CREATE TABLE half (id $ID) $STRICT; SELECT nil;"}};
    struct err err = ERR_INIT;
    assert_int_equal(migrate_run_list(db, broken, 2, NULL, &err), RC_INTERNAL);
    assert_non_null(strstr(err.msg, "schema step 2"));
    static const struct sql half = {"half", "SELECT id FROM half", NULL};
    AUTO(rows) struct rows *r = NULL;
    T_RC(RC_INTERNAL, db_query(db, &half, DB_NOARGS, &r, e));
    int v;
    T_OK(migrate_check_list(db, steps, 1, &v, e));
    db_close(TAKE(db));
    test_db_release(&t);
}

static void two_migrate_at_once(void **state)
{
    struct test_db t;
    test_db_init(&t, pg);
    pid_t child[3];
    for (size_t i = 0; i < ARRAY_LEN(child); i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (child[i] == 0) {
            struct db *db = NULL;
            struct err e = ERR_INIT;
            bool ok = db_open(t.url, &db, &e) == RC_OK && migrate_run(db, NULL, &e) == RC_OK;
            if (!ok)
                fprintf(stderr, "migrating: %s\n", e.msg);
            db_close(db);
            _exit(ok ? 0 : 1);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(child); i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    AUTO(db) struct db *db = test_db_open(&t, false);
    int v;
    T_OK(migrate_check(db, &v, e));
    assert_int_equal(v, migrations_count);
    static const struct sql meta = {
        "meta", "SELECT CAST(count(*) AS BIGINT) FROM meta WHERE key = 'desk'", NULL};
    int64_t n;
    T_OK(db_one_i64(db, &meta, DB_NOARGS, &n, e));
    assert_int_equal(n, 1);
    db_close(TAKE(db));
    test_db_release(&t);
}

int main(int argc, char **argv)
{
    pg = test_wants_pg(argc, argv);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(values_come_back),
        T(parameters_are_numbered),
        T(wrong_column_is_told),
        T(results_have_one_class_on_both),
        T(text_sorts_by_bytes),
        T(a_failure_spoils_the_transaction),
        T(scope_end_rolls_back),
        T(units_of_a_group_fail_alone),
        T(reading_transactions_do_not_write),
        T(a_statement_may_change_what_another_reads),
        T(the_clock_is_the_databases),
        T(two_writers_lose_no_update),
        T(single_statements_meet_and_go_on),
        T(file_is_private),
        T(a_lost_connection_is_made_again),
        T(a_restarted_server_is_found_again),
        cmocka_unit_test(steps_apply_once),
        cmocka_unit_test(a_failing_step_leaves_nothing),
        cmocka_unit_test(two_migrate_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
