/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks and the outbox on both back ends, with a clock of the test's own.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/when.h"
#include "store/outbox.h"
#include "store/testing.h"

#define LEASE US_PER_MIN

static bool pg;

struct fixture {
    struct test_db t;
    struct db *db;
    struct arena *a;
    int64_t now;
};

static int setup(void **state)
{
    struct fixture *f = mem_zalloc(sizeof *f);
    struct err why = ERR_INIT;
    test_db_init(&f->t, pg);
    f->db = test_db_open(&f->t, true);
    /* The schema brings a task of its own (the index of the search). */
    assert_int_equal(db_script(f->db, STR("DELETE FROM task"), &why), RC_OK);
    f->a = arena_new(64 << 20);
    f->now = 1000 * US_PER_DAY;
    db_fake_clock(f->db, &f->now);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    db_close(f->db);
    arena_free(f->a);
    test_db_release(&f->t);
    free(f);
    return 0;
}

static void add(struct fixture *f, const char *key, enum task_lane lane, const char *fair)
{
    bool added = false;
    struct task_new t = {
        .kind = "intake", .key = str_c(key), .lane = lane, .arg = STR("arg"), .fair = str_c(fair)};
    T_OK(task_add(f->db, &t, &added, e));
    assert_true(added);
}

static int claim(struct fixture *f, int max, struct task **t)
{
    struct task_claim c = {.max = max, .lease_us = LEASE};
    int n = -1;
    T_OK(task_claim(f->db, f->a, &c, t, &n, e));
    return n;
}

static struct task claim_one(struct fixture *f, const char *key)
{
    struct task *t;
    assert_int_equal(claim(f, 1, &t), 1);
    assert_true(str_eq(t->key, str_c(key)));
    return *t;
}

static void a_key_is_added_once(void **state)
{
    struct fixture *f = *state;
    struct task *t;
    add(f, "intake:1", LANE_MAIL, "");
    bool added = true;
    struct task_new again = {
        .kind = "intake", .key = STR("intake:1"), .lane = LANE_MAIL, .arg = STR("new")};
    T_OK(task_add(f->db, &again, &added, e));
    assert_false(added);
    struct task got = claim_one(f, "intake:1");
    assert_true(str_eq(got.arg, STR("arg")));
    assert_int_equal(got.attempt, 1);
    T_OK(task_done(f->db, got.id, got.attempt, e));
    T_OK(task_add(f->db, &again, &added, e));
    assert_false(added); /* done is done */
    again.again = true;
    T_OK(task_add(f->db, &again, &added, e));
    assert_true(added);
    got = claim_one(f, "intake:1");
    assert_true(str_eq(got.arg, STR("new")));
    assert_int_equal(got.attempt, 2); /* the fence goes on rising */
    again.key = STR_NONE;
    T_RC(RC_LIMIT, task_add(f->db, &again, NULL, e));
    assert_int_equal(claim(f, 5, &t), 0);
}

static void lanes_come_in_order(void **state)
{
    struct fixture *f = *state;
    struct task *t;
    add(f, "engine", LANE_ENGINES, "");
    add(f, "clock", LANE_CLOCKS, "");
    f->now++;
    add(f, "mail", LANE_MAIL, "");
    f->now++;
    add(f, "ack", LANE_ACKNOWLEDGE, "");
    assert_int_equal(claim(f, 10, &t), 4);
    static const char *const want[] = {"ack", "mail", "clock", "engine"};
    for (int i = 0; i < 4; i++)
        assert_true(str_eq(t[i].key, str_c(want[i])));
}

static void a_flood_does_not_hide_others(void **state)
{
    struct fixture *f = *state;
    struct task *t;
    char key[32];
    for (int i = 0; i < 40; i++) {
        snprintf(key, sizeof key, "flood:%d", i);
        add(f, key, LANE_MAIL, "flood@spam.example");
        f->now++;
    }
    add(f, "other:1", LANE_MAIL, "one@good.example");
    f->now++;
    add(f, "other:2", LANE_MAIL, "two@good.example");
    assert_int_equal(claim(f, 4, &t), 4);
    assert_true(str_eq(t[0].key, STR("flood:0")));
    assert_true(str_eq(t[1].key, STR("other:1")));
    assert_true(str_eq(t[2].key, STR("other:2")));
    assert_true(str_eq(t[3].key, STR("flood:1"))); /* what is left goes to whoever waits */
}

static void only_wanted_kinds_are_claimed(void **state)
{
    struct fixture *f = *state;
    struct task *t;
    int n;
    char key[32];
    for (int i = 0; i < 70; i++) {
        snprintf(key, sizeof key, "intake:%d", i);
        add(f, key, LANE_MAIL, "");
    }
    struct task_new o = {.kind = "other", .key = STR("other"), .lane = LANE_MAIL};
    T_OK(task_add(f->db, &o, NULL, e));
    static const char *const kinds[] = {"nothing", "other", NULL};
    struct task_claim c = {.max = 8, .lease_us = LEASE, .kinds = kinds};
    T_OK(task_claim(f->db, f->a, &c, &t, &n, e));
    assert_int_equal(n, 1);
    assert_true(str_eq(t[0].key, STR("other")));
}

static void a_fence_keeps_the_late_out(void **state)
{
    struct fixture *f = *state;
    struct task *t;
    add(f, "k", LANE_MAIL, "");
    struct task first = claim_one(f, "k");
    assert_int_equal(claim(f, 1, &t), 0);
    f->now += LEASE - 1;
    assert_int_equal(claim(f, 1, &t), 0);
    T_OK(task_renew(f->db, first.id, first.attempt, LEASE, e));
    f->now += LEASE - 1;
    assert_int_equal(claim(f, 1, &t), 0);
    f->now += 1;
    struct task second = claim_one(f, "k");
    assert_int_equal(second.id, first.id);
    assert_int_equal(second.attempt, first.attempt + 1);
    assert_int_equal(second.failures, 1);
    T_RC(RC_CONFLICT, task_done(f->db, first.id, first.attempt, e));
    T_RC(RC_CONFLICT, task_fail(f->db, first.id, first.attempt, "late", NULL, e));
    T_RC(RC_CONFLICT, task_park(f->db, first.id, first.attempt, "late", e));
    T_RC(RC_CONFLICT, task_later(f->db, first.id, first.attempt, f->now, e));
    T_RC(RC_CONFLICT, task_renew(f->db, first.id, first.attempt, LEASE, e));
    T_OK(task_done(f->db, second.id, second.attempt, e));
    T_RC(RC_CONFLICT, task_done(f->db, second.id, second.attempt, e));
}

static void failures_wait_longer_and_park(void **state)
{
    struct fixture *f = *state;
    struct task *t, got;
    bool parked = false;
    int64_t wait = TASK_BACKOFF_US;
    add(f, "k", LANE_MAIL, "");
    for (int i = 1; i <= TASK_PATIENCE; i++) {
        assert_false(parked);
        got = claim_one(f, "k");
        T_OK(task_fail(f->db, got.id, got.attempt, "no\nluck \xff", &parked, e));
        f->now += wait - 1;
        assert_int_equal(claim(f, 1, &t), 0);
        f->now += 1;
        wait = wait * 2 < TASK_BACKOFF_MAX_US ? wait * 2 : TASK_BACKOFF_MAX_US;
    }
    assert_true(parked);
    f->now += US_PER_DAY;
    assert_int_equal(claim(f, 1, &t), 0);
    int n;
    T_OK(task_parked(f->db, f->a, 10, &t, &n, e));
    assert_int_equal(n, 1);
    assert_true(str_starts(t[0].error, STR("no luck")));
    struct task_counts c;
    T_OK(task_count(f->db, &c, e));
    assert_int_equal(c.parked, 1);
    assert_int_equal(c.ready + c.leased + c.due, 0);
    T_OK(task_unpark(f->db, got.id, e));
    T_RC(RC_CONFLICT, task_unpark(f->db, got.id, e));
    got = claim_one(f, "k");
    T_OK(task_later(f->db, got.id, got.attempt, f->now + 5, e));
    T_OK(task_count(f->db, &c, e));
    assert_int_equal(c.ready, 1);
    assert_int_equal(c.due, 0);
    f->now += 5;
    got = claim_one(f, "k");
    assert_int_equal(got.failures, 0);
    T_OK(task_park(f->db, got.id, got.attempt, "for a person", e));
    T_OK(task_drop(f->db, got.id, e));
    int64_t swept;
    T_OK(task_sweep(f->db, f->now, 10, &swept, e));
    assert_int_equal(swept, 1);
    T_RC(RC_NOTFOUND, task_get(f->db, f->a, STR("k"), &got, e));
}

static void a_task_that_kills_is_parked(void **state)
{
    struct fixture *f = *state;
    struct task *t, got;
    struct task_new k = {.kind = "intake", .key = STR("k"), .lane = LANE_MAIL, .patience = 2};
    T_OK(task_add(f->db, &k, NULL, e));
    (void)claim_one(f, "k");
    f->now += LEASE;
    (void)claim_one(f, "k");
    f->now += LEASE;
    assert_int_equal(claim(f, 1, &t), 0);
    T_OK(task_get(f->db, f->a, STR("k"), &got, e));
    assert_true(str_eq(got.state, STR("parked")));
    assert_int_equal(got.failures, 2);
}

/* Several processes claim in batches until nothing is left: each task is done exactly once. */
static void processes_never_share_a_task(void **state)
{
    struct fixture *f = *state;
    enum { PROCESSES = 3, TASKS = 120 };
    char key[32];
    T_OK(db_begin(f->db, e));
    for (int i = 0; i < TASKS; i++) {
        snprintf(key, sizeof key, "k:%d", i);
        add(f, key, (enum task_lane)(i % LANE_COUNT), i % 3 ? "a@x.example" : "b@x.example");
    }
    T_OK(db_commit(f->db, e));
    pid_t child[PROCESSES];
    int done[2];
    assert_int_equal(pipe(done), 0);
    for (int i = 0; i < PROCESSES; i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (child[i] > 0)
            continue;
        struct db *db = NULL;
        struct err e = ERR_INIT;
        struct task_claim c = {.max = 7, .lease_us = 3600 * US_PER_S};
        if (db_open(f->t.url, &db, &e) != RC_OK)
            _exit(1);
        for (int idle = 0; idle < 3;) {
            AUTO(arena) struct arena *a = arena_new(1 << 20);
            struct task *t;
            int n = 0;
            enum rc rc = task_claim(db, a, &c, &t, &n, &e);
            if (rc != RC_OK && rc != RC_BUSY)
                _exit(2);
            idle = rc == RC_OK && n == 0 ? idle + 1 : 0;
            for (int k = 0; k < n; k++) {
                while ((rc = task_done(db, t[k].id, t[k].attempt, &e)) == RC_BUSY)
                    continue;
                if (rc != RC_OK || t[k].attempt != 1 ||
                    write(done[1], &t[k].id, sizeof t[k].id) != sizeof t[k].id)
                    _exit(3);
            }
        }
        db_close(db);
        _exit(0);
    }
    close(done[1]);
    bool seen[TASKS * 4] = {false};
    int64_t id;
    int n = 0;
    while (read(done[0], &id, sizeof id) == sizeof id) {
        assert_true(id > 0 && id < (int64_t)ARRAY_LEN(seen));
        assert_false(seen[id]);
        seen[id] = true;
        n++;
    }
    close(done[0]);
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(n, TASKS);
}

/* While one core holds its claim open, another gets the next tasks at once (PostgreSQL). */
static void cores_do_not_wait_for_each_other(void **state)
{
    struct fixture *f = *state;
    if (!pg)
        return;
    static const struct sql lock = {"lock", "SELECT id FROM task WHERE key = 'k:0' FOR UPDATE",
                                    NULL};
    add(f, "k:0", LANE_MAIL, "");
    f->now++;
    add(f, "k:1", LANE_MAIL, "");
    AUTO(db) struct db *other = test_db_open(&f->t, false);
    AUTO(tx) struct tx tx = TX_INIT;
    T_OK(tx_begin_claim(other, &tx, e));
    int64_t id;
    T_OK(db_one_i64(other, &lock, DB_NOARGS, &id, e));
    struct task *t;
    assert_int_equal(claim(f, 2, &t), 1);
    assert_true(str_eq(t[0].key, STR("k:1")));
}

static void claims_stand_alone(void **state)
{
    struct fixture *f = *state;
    struct task *t;
    int n;
    struct task_claim c = {.max = 1, .lease_us = LEASE};
    AUTO(tx) struct tx tx = TX_INIT;
    T_OK(tx_begin(f->db, &tx, e));
    T_RC(RC_INTERNAL, task_claim(f->db, f->a, &c, &t, &n, e));
    tx_rollback(&tx);
    c.max = TASK_CLAIM_MAX + 1;
    T_RC(RC_INVALID, task_claim(f->db, f->a, &c, &t, &n, e));
}

/* ------------------------------------------------------------------ outbox */

static int64_t mail(struct fixture *f, const char *kind, const char *mid)
{
    struct outbox_new o = {.kind = kind,
                           .mid = str_c(mid),
                           .env_from = STR_NONE,
                           .rcpt = STR("reporter@x.example"),
                           .bytes = STR("Subject: frozen\r\n\r\nbytes\r\n")};
    int64_t id = 0;
    T_OK(outbox_add(f->db, &o, &id, e));
    return id;
}

static struct outbox look(struct fixture *f, int64_t id)
{
    struct outbox o;
    T_OK(outbox_get(f->db, f->a, id, &o, e));
    return o;
}

/* Claims the mail's task and starts the attempt. */
static int64_t start(struct fixture *f, int64_t id, enum outbox_state want)
{
    struct task *t;
    struct outbox o;
    assert_int_equal(claim(f, 1, &t), 1);
    assert_int_equal(t->subject, id);
    T_OK(outbox_start(f->db, f->a, id, t->attempt, &o, e));
    assert_int_equal(o.state, want);
    if (want == OUTBOX_READY || want == OUTBOX_UNKNOWN)
        assert_true(str_eq(o.bytes, STR("Subject: frozen\r\n\r\nbytes\r\n")));
    return t->attempt;
}

static enum rc end(struct fixture *f, int64_t id, int64_t attempt, enum outbox_end how, int code,
                   struct err *e)
{
    struct outbox_result r = {.end = how, .code = code, .answer = STR("the server's words")};
    return outbox_end(f->db, id, attempt, &r, NULL, e);
}

static void task_is(struct fixture *f, int64_t id, const char *state)
{
    char key[32];
    struct task t;
    snprintf(key, sizeof key, "outbox:%lld", (long long)id);
    T_OK(task_get(f->db, f->a, str_c(key), &t, e));
    assert_true(str_eq(t.state, str_c(state)));
}

/* Links whose hash alone is stored are in the bytes of what programs write, until it is sent. */
static void what_has_links_is_forgotten_when_sent(void **state)
{
    struct fixture *f = *state;
    static const struct sql q = {"test_length", "SELECT length(bytes) FROM outbox WHERE id = $1",
                                 NULL};
    static const char *const kinds[] = {"acknowledgement", "notice", "signin", "reply"};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        int64_t n = 0, id = mail(f, kinds[i], kinds[i]);
        int64_t a = start(f, id, OUTBOX_READY);
        T_OK(outbox_hand_over(f->db, id, a, e));
        T_OK(db_one_i64(f->db, &q, DB_ARGS(DB_I(id)), &n, e));
        assert_true(n > 0); /* it may have to be sent again */
        T_OK(end(f, id, a, OUTBOX_END_SENT, 250, e));
        T_OK(db_one_i64(f->db, &q, DB_ARGS(DB_I(id)), &n, e));
        assert_int_equal(n > 0, strcmp(kinds[i], "reply") == 0);
    }
}

static void a_mail_is_sent_once(void **state)
{
    struct fixture *f = *state;
    int64_t id = mail(f, "reply", "m1@x.example");
    struct outbox_new again = {
        .kind = "reply", .mid = STR("m1@x.example"), .rcpt = STR("r"), .bytes = STR("b")};
    int64_t none;
    T_RC(RC_CONFLICT, outbox_add(f->db, &again, &none, e));
    int64_t a = start(f, id, OUTBOX_READY);
    T_RC(RC_CONFLICT, outbox_hand_over(f->db, id, a + 1, e));
    T_RC(RC_CONFLICT, end(f, id, a, OUTBOX_END_SENT, 250, e)); /* never handed over */
    T_OK(outbox_hand_over(f->db, id, a, e));
    T_RC(RC_CONFLICT, outbox_hand_over(f->db, id, a, e));
    T_OK(end(f, id, a, OUTBOX_END_SENT, 250, e));
    struct outbox o = look(f, id);
    assert_int_equal(o.state, OUTBOX_SENT);
    assert_int_equal(o.code, 250);
    assert_int_equal(o.doubles, 0);
    assert_true(str_eq(o.answer, STR("the server's words")));
    task_is(f, id, "done");
    T_RC(RC_CONFLICT, end(f, id, a, OUTBOX_END_REFUSED, 550, e));
}

static void a_mail_that_is_not_due_can_be_cancelled_or_hurried(void **state)
{
    struct fixture *f = *state;
    int64_t id[2];
    struct task *t;
    for (int i = 0; i < 2; i++) {
        struct outbox_new o = {.kind = "reply",
                               .mid = i ? STR("m2@x.example") : STR("m1@x.example"),
                               .rcpt = STR("r@x.example"),
                               .bytes = STR("b"),
                               .due_us = f->now + US_PER_MIN};
        T_OK(outbox_add(f->db, &o, &id[i], e));
    }
    f->now += US_PER_MIN - 1;
    assert_int_equal(claim(f, 5, &t), 0);
    T_OK(outbox_cancel(f->db, id[0], e));
    T_RC(RC_CONFLICT, outbox_cancel(f->db, id[0], e));
    T_RC(RC_CONFLICT, outbox_hurry(f->db, id[0], e));
    assert_int_equal(look(f, id[0]).state, OUTBOX_CANCELLED);
    task_is(f, id[0], "done");
    T_OK(outbox_hurry(f->db, id[1], e));
    T_RC(RC_CONFLICT, outbox_cancel(f->db, id[1], e)); /* due: it is on its way */
    assert_int_equal(claim(f, 5, &t), 1);
    assert_int_equal(t[0].subject, id[1]);
    f->now += US_PER_H;
    T_RC(RC_CONFLICT, outbox_hand_over(f->db, id[0], 1, e));
}

static void refused_and_temporary(void **state)
{
    struct fixture *f = *state;
    int64_t id = mail(f, "reply", "m1@x.example");
    int64_t a = start(f, id, OUTBOX_READY);
    T_OK(end(f, id, a, OUTBOX_END_TEMPORARY, 451, e)); /* before the dot */
    assert_int_equal(look(f, id).state, OUTBOX_READY);
    task_is(f, id, "ready");
    f->now += US_PER_H;
    a = start(f, id, OUTBOX_READY);
    T_OK(outbox_hand_over(f->db, id, a, e));
    T_OK(end(f, id, a, OUTBOX_END_TEMPORARY, 452, e)); /* 4xx to the dot: surely not taken */
    assert_int_equal(look(f, id).state, OUTBOX_READY);
    f->now += US_PER_H;
    a = start(f, id, OUTBOX_READY);
    T_OK(outbox_hand_over(f->db, id, a, e));
    T_OK(end(f, id, a, OUTBOX_END_REFUSED, 550, e));
    struct outbox o = look(f, id);
    assert_int_equal(o.state, OUTBOX_FAILED);
    assert_int_equal(o.doubles, 0);
    task_is(f, id, "done");
}

static void a_crash_in_the_window_is_unknown(void **state)
{
    struct fixture *f = *state;
    int64_t id = mail(f, "acknowledgement", "m1@x.example");
    int64_t a = start(f, id, OUTBOX_READY);
    T_OK(outbox_hand_over(f->db, id, a, e));
    f->now += LEASE; /* whoever had it is gone */
    int64_t b = start(f, id, OUTBOX_UNKNOWN);
    assert_int_equal(b, a + 1);
    T_OK(outbox_hand_over(f->db, id, b, e));
    assert_int_equal(look(f, id).doubles, 1);
    T_RC(RC_CONFLICT, end(f, id, a, OUTBOX_END_SENT, 250, e)); /* b has taken over */
    T_OK(end(f, id, b, OUTBOX_END_SENT, 250, e));
    assert_int_equal(look(f, id).state, OUTBOX_SENT);
    assert_int_equal(look(f, id).doubles, 1);
    struct outbox_counts c;
    T_OK(outbox_count(f->db, &c, e));
    assert_int_equal(c.n[OUTBOX_SENT], 1);
    assert_int_equal(c.doubles, 1);
}

static void a_late_answer_saves_the_double(void **state)
{
    struct fixture *f = *state;
    int64_t id = mail(f, "reply", "m1@x.example");
    int64_t a = start(f, id, OUTBOX_READY);
    T_OK(outbox_hand_over(f->db, id, a, e));
    f->now += LEASE;
    int64_t b = start(f, id, OUTBOX_UNKNOWN);
    T_OK(end(f, id, a, OUTBOX_END_SENT, 250, e)); /* true, and nobody handed it over again */
    T_RC(RC_CONFLICT, outbox_hand_over(f->db, id, b, e));
    assert_int_equal(look(f, id).state, OUTBOX_SENT);
    assert_int_equal(look(f, id).doubles, 0);
    task_is(f, id, "leased"); /* by b, who now finds nothing to do */
}

static void no_answer_is_tried_again(void **state)
{
    struct fixture *f = *state;
    int64_t id = mail(f, "reply", "m1@x.example");
    int64_t a = start(f, id, OUTBOX_READY);
    T_OK(outbox_hand_over(f->db, id, a, e));
    T_OK(end(f, id, a, OUTBOX_END_NO_ANSWER, 0, e));
    assert_int_equal(look(f, id).state, OUTBOX_UNKNOWN);
    f->now += US_PER_H;
    int64_t b = start(f, id, OUTBOX_UNKNOWN);
    T_OK(end(f, id, b, OUTBOX_END_TEMPORARY, 421, e)); /* says nothing about the first time */
    assert_int_equal(look(f, id).state, OUTBOX_UNKNOWN);
    f->now += US_PER_H;
    b = start(f, id, OUTBOX_UNKNOWN);
    T_OK(outbox_hand_over(f->db, id, b, e));
    T_OK(end(f, id, b, OUTBOX_END_SENT, 250, e));
    assert_int_equal(look(f, id).doubles, 1);
}

/* Whoever was sending died: the row tells whether the dot may be out, not who asks. */
static void a_lost_sender_is_unknown_only_after_the_hand_over(void **state)
{
    struct fixture *f = *state;
    int64_t id = mail(f, "reply", "m1@x.example");
    int64_t a = start(f, id, OUTBOX_READY);
    T_OK(end(f, id, a, OUTBOX_END_LOST, 0, e));
    assert_int_equal(look(f, id).state, OUTBOX_READY);
    f->now += US_PER_H;
    a = start(f, id, OUTBOX_READY);
    T_OK(outbox_hand_over(f->db, id, a, e));
    T_OK(end(f, id, a, OUTBOX_END_LOST, 0, e));
    assert_int_equal(look(f, id).state, OUTBOX_UNKNOWN);
    f->now += US_PER_H;
    a = start(f, id, OUTBOX_UNKNOWN);
    T_OK(end(f, id, a, OUTBOX_END_LOST, 0, e)); /* says nothing about the first time */
    assert_int_equal(look(f, id).state, OUTBOX_UNKNOWN);
    f->now += US_PER_H;
    a = start(f, id, OUTBOX_UNKNOWN);
    T_OK(outbox_hand_over(f->db, id, a, e));
    T_OK(end(f, id, a, OUTBOX_END_SENT, 250, e));
    assert_int_equal(look(f, id).doubles, 1);
}

/* Ten restarts of the sender do not park a mail that was only there when they happened. */
static void lost_among_others_is_nobodys_fault(void **state)
{
    struct fixture *f = *state;
    int64_t id = mail(f, "reply", "m1@x.example");
    struct outbox_result among = {.end = OUTBOX_END_LOST, .apart_us = 3 * US_PER_S};
    struct task *t;
    enum outbox_state s = OUTBOX_READY;
    for (int i = 0; i < 2 * OUTBOX_PATIENCE; i++) {
        int64_t a = start(f, id, OUTBOX_READY);
        T_OK(outbox_end(f->db, id, a, &among, &s, e));
        assert_int_equal(s, OUTBOX_READY);
        f->now += 2 * US_PER_S;
        assert_int_equal(claim(f, 1, &t), 0);
        f->now += US_PER_S;
    }
    /* Handed over, it is doubtful whoever else was there, and counts. */
    for (int i = 0; i < OUTBOX_PATIENCE; i++) {
        int64_t a = start(f, id, i == 0 ? OUTBOX_READY : OUTBOX_UNKNOWN);
        T_OK(outbox_hand_over(f->db, id, a, e));
        T_OK(outbox_end(f->db, id, a, &among, &s, e));
        f->now += US_PER_H;
    }
    assert_int_equal(s, OUTBOX_PARKED);
}

static void announcements_wait_for_a_person(void **state)
{
    struct fixture *f = *state;
    int64_t id = mail(f, OUTBOX_ANNOUNCEMENT, "m1@x.example");
    struct task *t;
    T_RC(RC_CONFLICT, outbox_resume(f->db, id, e));
    int64_t a = start(f, id, OUTBOX_READY);
    T_OK(outbox_hand_over(f->db, id, a, e));
    T_OK(end(f, id, a, OUTBOX_END_NO_ANSWER, 0, e));
    assert_int_equal(look(f, id).state, OUTBOX_PARKED);
    f->now += US_PER_DAY;
    assert_int_equal(claim(f, 1, &t), 0);
    T_OK(outbox_resume(f->db, id, e));
    a = start(f, id, OUTBOX_UNKNOWN);
    T_OK(outbox_hand_over(f->db, id, a, e));
    f->now += LEASE; /* and a crash */
    (void)start(f, id, OUTBOX_PARKED);
    assert_int_equal(look(f, id).doubles, 1);
    T_OK(outbox_give_up(f->db, id, e));
    assert_int_equal(look(f, id).state, OUTBOX_FAILED);
    T_RC(RC_CONFLICT, outbox_give_up(f->db, id, e));
}

static void a_dead_server_parks_after_days(void **state)
{
    struct fixture *f = *state;
    int64_t id = mail(f, "reply", "m1@x.example"), begin = f->now;
    while (look(f, id).state == OUTBOX_READY) {
        int64_t a = start(f, id, OUTBOX_READY);
        T_OK(end(f, id, a, OUTBOX_END_TEMPORARY, 0, e));
        f->now += US_PER_H;
    }
    assert_int_equal(look(f, id).state, OUTBOX_PARKED);
    assert_true(f->now - begin >= 5 * US_PER_DAY);
    T_OK(outbox_resume(f->db, id, e));
    (void)start(f, id, OUTBOX_READY);
}

int main(int argc, char **argv)
{
    pg = test_wants_pg(argc, argv);
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_key_is_added_once),
        T(lanes_come_in_order),
        T(a_flood_does_not_hide_others),
        T(only_wanted_kinds_are_claimed),
        T(a_fence_keeps_the_late_out),
        T(failures_wait_longer_and_park),
        T(a_task_that_kills_is_parked),
        T(processes_never_share_a_task),
        T(cores_do_not_wait_for_each_other),
        T(claims_stand_alone),
        T(what_has_links_is_forgotten_when_sent),
        T(a_mail_is_sent_once),
        T(a_mail_that_is_not_due_can_be_cancelled_or_hurried),
        T(refused_and_temporary),
        T(a_crash_in_the_window_is_unknown),
        T(a_late_answer_saves_the_double),
        T(no_answer_is_tried_again),
        T(a_lost_sender_is_unknown_only_after_the_hand_over),
        T(lost_among_others_is_nobodys_fault),
        T(announcements_wait_for_a_person),
        T(a_dead_server_parks_after_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
