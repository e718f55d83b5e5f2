/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several cores at once, and cores that die just before or after a commit: no mail is lost, none is
 * taken in or acknowledged twice, no number is left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "desk/ack.h"
#include "desk/replay.h"
#include "desk/testing.h"

#define CORES 3
#define MAILS 8
#define TRIES 400 /* a core tries a busy unit of work again later */

static bool on_pg;

/* A desk of another process on the same store: a connection of its own. */
static void reconnect(struct test_desk *t)
{
    t->d.db = test_db_open(&t->tdb, false);
    db_fake_clock(t->d.db, &t->now_us);
}

static enum rc take(struct test_desk *t, const char *spool, const char *mid,
                    struct intake_result *r)
{
    struct err e = ERR_INIT;
    struct mail *m = mem_zalloc(sizeof(*m));
    struct str rcpt = STR("security@desk.example");
    struct test_mail tm = {.from = "f@reporter.example", .mid = mid, .text = mid};
    struct intake_env env = {.spool = str_c(spool),
                             .return_path = STR("f@reporter.example"),
                             .rcpts = &rcpt,
                             .n_rcpts = 1,
                             .received_us = t->now_us};
    struct intake_blob blob = {STR_NONE, STR_NONE, 1};
    test_mail_make(t, &tm, m);
    enum rc rc = RC_BUSY;
    for (int i = 0; i < TRIES && (rc == RC_BUSY || rc == RC_CONFLICT); i++)
        rc = desk_intake(&t->d, m, &env, &blob, r, &e);
    if (rc != RC_OK)
        fprintf(stderr, "%s\n", e.msg);
    free(m);
    return rc;
}

static void core(struct test_desk *t, int nth)
{
    /* The parent's connection must not be closed here: it would end the parent's session. */
    reconnect(t);
    for (int i = 0; i < MAILS; i++) {
        struct intake_result r;
        char id[40], same[40];
        snprintf(id, sizeof(id), "m%d-%d@reporter.example", nth, i);
        snprintf(same, sizeof(same), "all-%d@reporter.example", i);
        if (take(t, id, id, &r) != RC_OK || take(t, same, same, &r) != RC_OK)
            _exit(1);
    }
    _exit(0);
}

static void cores_at_once(void **state)
{
    struct test_desk t;
    pid_t pid[CORES];
    test_desk_init(&t, on_pg, "");
    test_account(&t, "alice", 1);
    test_account(&t, "bob", 1);
    for (int i = 0; i < CORES; i++) {
        pid[i] = fork();
        assert_true(pid[i] >= 0);
        if (pid[i] == 0)
            core(&t, i);
    }
    for (int i = 0; i < CORES; i++) {
        int status = -1;
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_int_equal(status, 0);
    }
    /* Each core's own mails, and those that all of them got, once. */
    int64_t want = CORES * MAILS + MAILS;
    assert_int_equal(test_count(&t, "SELECT count(*) FROM vcase"), want);
    assert_int_equal(test_count(&t, "SELECT max(nth) FROM vcase"), want);
    assert_int_equal(test_count(&t, "SELECT count(DISTINCT number) FROM vcase"), want);
    assert_int_equal(test_count(&t, "SELECT count(*) FROM message"), want);
    T_OK(replay_check(&t.d, e));
    test_desk_release(&t);
}

struct killer {
    int left;
};

static void kill_here(void *ctx, const char *point)
{
    struct killer *k = ctx;
    if (k->left-- == 0)
        _exit(99);
}

/* Runs intake and acknowledgement in a child that dies at the nth point; true when it did. */
static bool child_dies(struct test_desk *t, int nth)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct killer k = {nth};
        struct intake_result r;
        struct err e = ERR_INIT;
        struct ack_log log = {.size = 0, .root = STR_NONE};
        int64_t outbox;
        reconnect(t);
        db_hook(t->d.db, kill_here, &k);
        if (take(t, "sp", "m@reporter.example", &r) != RC_OK ||
            ack_run(&t->d, r.message_id, &log, &outbox, &e) != RC_OK)
            _exit(1);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 99 || WEXITSTATUS(status) == 0));
    return WEXITSTATUS(status) == 99;
}

static void killed_at_each_commit(void **state)
{
    bool dies = true;
    int points = 0;
    for (int nth = 0; dies; nth++) {
        struct test_desk t;
        struct intake_result r;
        test_desk_init(&t, on_pg, "");
        test_account(&t, "alice", 1);
        dies = child_dies(&t, nth);
        points += dies;
        /* The task is leased again and everything is done once more. */
        assert_int_equal(take(&t, "sp", "m@reporter.example", &r), RC_OK);
        assert_true(r.acknowledge);
        assert_true(test_acknowledge(&t, r.message_id) > 0);
        assert_int_equal(test_count(&t, "SELECT count(*) FROM vcase"), 1);
        assert_int_equal(test_count(&t, "SELECT count(*) FROM message WHERE direction = 'in'"), 1);
        assert_int_equal(test_count(&t, "SELECT count(*) FROM outbox"), 1);
        assert_int_equal(test_count(&t, "SELECT count(*) FROM task WHERE kind = 'acknowledge'"), 1);
        assert_int_equal(test_count(&t, "SELECT count(*) FROM way_back"), 1);
        T_OK(replay_check(&t.d, e));
        test_desk_release(&t);
    }
    assert_true(points >= 4); /* before and after the commits of intake and acknowledgement */
}

int main(int argc, char **argv)
{
    on_pg = test_wants_pg(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cores_at_once),
        cmocka_unit_test(killed_at_each_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
