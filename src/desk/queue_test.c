/* SPDX-License-Identifier: Apache-2.0 */
/* The queue with filters and pages, what is new for whom, the search, many decisions at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/when.h"
#include "desk/cmd.h"
#include "desk/inside.h"
#include "desk/reply.h"
#include "desk/search.h"
#include "desk/testing.h"
#include "desk/view.h"
#include "store/ops_search.h"
#include "store/task.h"

static bool on_pg;

static int begin(void **state)
{
    return test_desk_begin(state, on_pg,
                           "acknowledge_within = 1d\ndetail_within = 3d\nupdate_every = 14d\n",
                           "alice bob");
}

/* A report, a minute after the one before. */
static struct intake_result report(struct test_desk *t, int nth, const char *subject,
                                   const char *text)
{
    struct test_mail tm = {.from = arena_strf(t->a, "finder%d@reporter.example", nth).p,
                           .mid = arena_strf(t->a, "r%d@reporter.example", nth).p,
                           .subject = subject,
                           .text = text};
    t->now_us += US_PER_MIN;
    return test_mail_in(t, &tm);
}

static struct view_queue queue(struct test_desk *t, const struct queue_query *q)
{
    struct actor alice = test_actor(t, "alice");
    struct view_queue v;
    T_OK(view_queue(&t->d, &alice, t->a, q, &v, e));
    return v;
}

/* ---- the queue ---- */

static void pages_follow_each_other_whatever_comes(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    for (int i = 0; i < 7; i++)
        report(t, i, "Hole", arena_strf(t->a, "hole %d\n", i).p);
    /* Two without a clock: they come behind the others. */
    static const struct sql stop = {
        "test_stop", "UPDATE clock SET state = 'cancelled' WHERE case_id IN (1, 2)", NULL};
    T_OK(db_run(t->d.db, &stop, DB_NOARGS, NULL, e));
    struct view_queue all = queue(t, &(struct queue_query){.which = QUEUE_OPEN});
    assert_int_equal(all.n, 7);
    assert_false(all.more);
    assert_int_equal(all.rows[0].id, 3);
    assert_int_equal(all.rows[5].id, 1);
    assert_int_equal(all.rows[6].id, 2);
    struct queue_query q = {.which = QUEUE_OPEN, .max = 2};
    size_t seen = 0;
    for (bool more = true; more; seen += 0) {
        struct view_queue page = queue(t, &q);
        for (size_t i = 0; i < page.n; i++)
            assert_int_equal(page.rows[i].id, all.rows[seen++].id);
        more = page.more;
        q.after = page.next;
        assert_true(more == (page.next.n > 0));
        /* Somebody else's case comes in between; it belongs behind, not twice into the middle. */
        if (seen == 2)
            T_OK(vcase_title(&t->d, &alice, 3, STR("Renamed"), e));
    }
    assert_int_equal(seen, 7);
    static const enum queue_which lists[] = {QUEUE_ALL, QUEUE_CLOSED};
    T_OK(vcase_close(&t->d, &alice, 4, EXIT_SPAM, STR("x"), e));
    T_OK(vcase_close(&t->d, &alice, 5, EXIT_SPAM, STR("x"), e));
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct view_queue first = queue(t, &(struct queue_query){.which = lists[i], .max = 1});
        struct view_queue second =
            queue(t, &(struct queue_query){.which = lists[i], .max = 1, .after = first.next});
        assert_true(first.more);
        assert_int_equal(first.rows[0].id, lists[i] == QUEUE_ALL ? 7 : 5);
        assert_int_equal(second.rows[0].id, lists[i] == QUEUE_ALL ? 6 : 4);
    }
    struct view_queue v;
    static const char *const bad[] = {"x.1.1", "d.1", "d.-1.2", "c.1.1", "d.1.1.1", "..."};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        T_RC(RC_INVALID,
             view_queue(&t->d, &alice, t->a, &(struct queue_query){.after = str_c(bad[i])}, &v, e));
}

static void filters_pick_what_they_say(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct view_queue v;
    for (int i = 0; i < 4; i++)
        report(t, i, "Hole", arena_strf(t->a, "hole %d\n", i).p);
    T_OK(vcase_severity(&t->d, &alice, 1, STR("high"), e));
    T_OK(vcase_rm(&t->d, &alice, 2, 'V', STR("seen"), e));
    v = queue(t, &(struct queue_query){.severity = STR("high")});
    assert_int_equal(v.n, 1);
    assert_int_equal(v.rows[0].id, 1);
    v = queue(t, &(struct queue_query){.severity = STR(QUEUE_UNRATED)});
    assert_int_equal(v.n, 3);
    /* The stored phase is the one that is shown. */
    v = queue(t, &(struct queue_query){.which = QUEUE_OPEN});
    for (size_t i = 0; i < v.n; i++) {
        struct view_queue same = queue(t, &(struct queue_query){.phase = v.rows[i].phase_name});
        size_t hits = 0;
        for (size_t k = 0; k < same.n; k++) {
            assert_string_equal(same.rows[k].phase_name.p, v.rows[i].phase_name.p);
            hits += same.rows[k].id == v.rows[i].id;
        }
        assert_int_equal(hits, 1);
    }
    struct view_queue of_alice = queue(t, &(struct queue_query){.handler = STR("alice")});
    struct view_queue of_bob = queue(t, &(struct queue_query){.handler = STR("bob")});
    struct view_queue mine = queue(t, &(struct queue_query){.which = QUEUE_MINE});
    assert_int_equal(of_alice.n + of_bob.n, 4);
    assert_int_equal(mine.n, of_alice.n);
    assert_int_equal(mine.mine, of_alice.n);
    /* States: everything waits for our answer, one for the reporter's. */
    assert_int_equal(queue(t, &(struct queue_query){.state = QUEUE_ANSWER}).n, 4);
    struct reply_new ask = {.thread_id = 1, .text = STR("Which version?"), .wait = true};
    int64_t message;
    T_OK(reply_send(&t->d, &alice, &ask, &message, e));
    v = queue(t, &(struct queue_query){.state = QUEUE_WAITING});
    assert_int_equal(v.n, 1);
    assert_int_equal(v.rows[0].id, 1);
    assert_int_equal(queue(t, &(struct queue_query){.state = QUEUE_OVERDUE}).n, 0);
    t->now_us += 2 * US_PER_DAY;
    v = queue(t, &(struct queue_query){.state = QUEUE_OVERDUE});
    assert_true(v.n >= 3);
    assert_int_equal(v.overdue, v.n);
    for (size_t i = 0; i < v.n; i++)
        assert_true(v.rows[i].next.overdue);
    T_RC(RC_INVALID,
         view_queue(&t->d, &alice, t->a, &(struct queue_query){.phase = STR("x")}, &v, e));
    T_RC(RC_INVALID,
         view_queue(&t->d, &alice, t->a, &(struct queue_query){.severity = STR("x")}, &v, e));
    T_RC(RC_INVALID,
         view_queue(&t->d, &alice, t->a, &(struct queue_query){.state = QUEUE_STATES}, &v, e));
    T_RC(RC_NOTFOUND,
         view_queue(&t->d, &alice, t->a, &(struct queue_query){.handler = STR("x")}, &v, e));
}

static int64_t unread_of(struct test_desk *t, const char *login, int64_t case_id)
{
    struct actor who = test_actor(t, login);
    struct view_queue v;
    T_OK(view_queue(&t->d, &who, t->a, &(struct queue_query){.which = QUEUE_ALL}, &v, e));
    for (size_t i = 0; i < v.n; i++)
        if (v.rows[i].id == case_id)
            return v.rows[i].unread;
    fail_msg("no such case in the queue");
    return -1;
}

static void new_is_what_an_account_was_not_shown(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice"), bob = test_actor(t, "bob"), cli = actor_cli(0);
    struct intake_result r = report(t, 1, "Hole", "hole\n");
    assert_int_equal(unread_of(t, "alice", r.case_id), 1);
    assert_int_equal(queue(t, &(struct queue_query){.state = QUEUE_UNREAD}).n, 1);
    T_OK(case_seen(&t->d, &alice, r.case_id, e));
    assert_int_equal(unread_of(t, "alice", r.case_id), 0);
    assert_int_equal(unread_of(t, "bob", r.case_id), 1);
    assert_int_equal(queue(t, &(struct queue_query){.state = QUEUE_UNREAD}).n, 0);
    /* A colleague's note is news, one's own is not. */
    int64_t note;
    T_OK(note_add(&t->d, &alice, r.case_id, STR("mine"), &note, e));
    assert_int_equal(unread_of(t, "alice", r.case_id), 0);
    T_OK(note_add(&t->d, &bob, r.case_id, STR("his"), &note, e));
    assert_int_equal(unread_of(t, "alice", r.case_id), 1);
    /* Seen twice writes once, and the command line is nobody. */
    T_OK(case_seen(&t->d, &alice, r.case_id, e));
    int64_t at = test_count(t, "SELECT at_us FROM seen");
    t->now_us += US_PER_H;
    T_OK(case_seen(&t->d, &alice, r.case_id, e));
    T_OK(case_seen(&t->d, &cli, r.case_id, e));
    assert_int_equal(test_count(t, "SELECT at_us FROM seen"), at);
    assert_int_equal(test_count(t, "SELECT count(*) FROM seen"), 1);
    /* Who joins the team later does not find a heap. */
    t->now_us += US_PER_H;
    test_account(t, "carol", 1);
    assert_int_equal(unread_of(t, "carol", r.case_id), 0);
    struct actor reporter = {.kind = ACTOR_REPORTER, .thread_id = 1, .login = STR_NONE};
    T_RC(RC_DENIED, case_seen(&t->d, &reporter, r.case_id, e));
}

/* ---- the search ---- */

static struct view_search search(struct test_desk *t, const char *query, int64_t before)
{
    struct actor alice = test_actor(t, "alice");
    struct view_search v;
    T_OK(view_search(&t->d, &alice, t->a, str_c(query), before, &v, e));
    return v;
}

static void found(struct test_desk *t, const char *query, int64_t case_id)
{
    struct view_search v = search(t, query, 0);
    if (case_id == 0 && v.n != 0)
        fail_msg("something was found for %s", query);
    for (size_t i = 0; i < v.n; i++)
        if (v.cases[i].case_id == case_id)
            return;
    if (case_id)
        fail_msg("case %lld is not found by %s", (long long)case_id, query);
}

static void words_are_found_where_they_were_written(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct intake_result r = report(t, 1, "Overflow in the parser",
                                    "The function parse_name() in src/name.c writes past its end.\n"
                                    "Gr\xc3\xbc\xc3\x9f"
                                    "e aus K\xc3\x96LN\n");
    report(t, 2, "Other thing", "nothing like it\n");
    int64_t message;
    found(t, "overflow", r.case_id);
    found(t, "OVERF", r.case_id);
    found(t, "over flow", 0);
    found(t, "parse_name()", r.case_id);
    found(t, "src/name.c", r.case_id);
    found(t, "name/src", 0);
    found(t, "\"past its end\"", r.case_id);
    found(t, "\"its past end\"", 0);
    found(t, "k\xc3\xb6ln", r.case_id);
    found(t, "overflow nothing", 0);
    found(t, "zzz", 0);
    T_OK(vcase_title(&t->d, &alice, r.case_id, STR("Renamed kangaroo"), e));
    found(t, "kangaroo", r.case_id);
    T_OK(note_add(&t->d, &alice, r.case_id, STR("Smells of wombat"), &message, e));
    found(t, "wombat", r.case_id);
    struct reply_new reply = {.thread_id = r.thread_id, .text = STR("Thank you, platypus.")};
    T_OK(reply_send(&t->d, &alice, &reply, &message, e));
    found(t, "platypus", r.case_id);
    /* The number, in any case of letters, leads straight there. */
    struct view_search v = search(t, "ex-2026-0001", 0);
    assert_string_equal(v.number.p, "EX-2026-0001");
    found(t, "0001", r.case_id);
    /* The piece shows the hit. */
    v = search(t, "wombat", 0);
    assert_int_equal(v.n, 1);
    assert_int_equal(v.cases[0].n_places, 1);
    assert_string_equal(v.cases[0].places[0].hit.p, "wombat");
    assert_string_equal(v.cases[0].places[0].before.p, "Smells of ");
    /* It moves with its conversation. */
    T_OK(vcase_join(&t->d, &alice, 2, 1, STR("same"), e));
    found(t, "wombat", 2);
}

static void no_query_is_a_mistake_of_ours(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    report(t, 1, "Hole", "hole\n");
    static const char *const hostile[] = {
        "\"",
        "\"\"",
        "'",
        "')--",
        "a AND",
        "NEAR(",
        "*",
        "hole*",
        "-hole",
        "^hole",
        "title:hole",
        "{a b}:c",
        "(((",
        "a:*",
        "'a' & 'b",
        "hole:*ABCD",
        "!hole",
        "<-> <2>",
        "\\",
        "%s%n",
        "\xf0\x9f\x92\xa9",
        "a\\'b",
        "hole \"open",
        "| |",
        "search MATCH",
        "\xe2\x80\xae",
        "a\tb\nc",
        ": & | ! ( )",
    };
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++)
        search(t, hostile[i], 0);
    char longest[SEARCH_QUERY_MAX + 1];
    for (size_t i = 0; i < sizeof longest; i++)
        longest[i] = i % 20 == 19 ? ' ' : 'a';
    struct view_search v;
    T_OK(view_search(&t->d, &alice, t->a, str_of(longest, SEARCH_QUERY_MAX), 0, &v, e));
    T_RC(RC_LIMIT, view_search(&t->d, &alice, t->a, str_of(longest, sizeof longest), 0, &v, e));
    struct actor reporter = {.kind = ACTOR_REPORTER, .thread_id = 1, .login = STR_NONE};
    T_RC(RC_DENIED, view_search(&t->d, &reporter, t->a, STR("hole"), 0, &v, e));
    assert_true(search(t, " \"\" ", 0).empty);
}

static void what_waits_is_found_apart_and_what_is_gone_is_not(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct intake_result r = report(t, 1, "Hole", "one aardvark\n");
    static const struct sql hold = {
        "test_hold", "UPDATE message SET state = $1, case_id = NULL, thread_id = NULL", NULL};
    T_OK(db_run(t->d.db, &hold, DB_ARGS(DB_T(STR("held"))), NULL, e));
    struct view_search v = search(t, "aardvark", 0);
    assert_int_equal(v.n, 1);
    assert_int_equal(v.cases[0].case_id, 0);
    assert_int_equal(v.cases[0].places[0].message_id, r.message_id);
    T_OK(db_run(t->d.db, &hold, DB_ARGS(DB_T(STR("discarded"))), NULL, e));
    assert_int_equal(search(t, "aardvark", 0).n, 0);
    static const struct sql back = {
        "test_back", "UPDATE message SET state = 'ok', case_id = 1, thread_id = 1", NULL};
    T_OK(db_run(t->d.db, &back, DB_NOARGS, NULL, e));
    found(t, "aardvark", r.case_id);
    /* Erasure. */
    T_OK(ops_search_forget(t->d.db, r.case_id, e));
    assert_int_equal(search(t, "aardvark", 0).n, 0);
    assert_int_equal(search(t, "hole", 0).n, 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM search"), 0);
    (void)alice;
}

/* As core does with the tasks of the desk. */
static int run_index(struct test_desk *t)
{
    static const char *const kinds[] = {"index", NULL};
    int steps = 0;
    for (;; steps++) {
        struct task *task;
        int n;
        struct task_claim c = {.max = 1, .lease_us = US_PER_MIN, .kinds = kinds};
        T_OK(task_claim(t->d.db, t->a, &c, &task, &n, e));
        if (n == 0)
            return steps;
        T_OK(desk_task_run(&t->d, task->kind, task->subject, task->arg, e));
        T_OK(task_done(t->d.db, task->id, task->attempt, e));
    }
}

static void what_was_there_before_is_indexed_in_steps(void **state)
{
    struct test_desk *t = *state;
    /* A fresh store: the task of the migration finds nothing. */
    assert_int_equal(run_index(t), 2);
    for (int i = 0; i < 3; i++)
        report(t, i, "Hole", arena_strf(t->a, "badger%d\n", i).p);
    static const struct sql more = {
        "test_more",
        "INSERT INTO message (case_id, thread_id, direction, state, hold_reason, from_name,"
        " from_addr, return_path, subject, mid, refs, trust, received_us, body, facts)"
        " SELECT case_id, thread_id, direction, state, '', '', '', '', subject, '', '', trust,"
        " received_us, body, facts FROM message",
        NULL};
    static const struct sql empty = {"test_empty", "DELETE FROM search", NULL};
    static const struct sql phases = {"test_phases", "UPDATE vcase SET phase = ''", NULL};
    for (int i = 0; i < 7; i++) /* 3 * 2^7 > SEARCH_STEP */
        T_OK(db_run(t->d.db, &more, DB_NOARGS, NULL, e));
    T_OK(db_run(t->d.db, &empty, DB_NOARGS, NULL, e));
    T_OK(db_run(t->d.db, &phases, DB_NOARGS, NULL, e));
    assert_int_equal(search(t, "badger1", 0).n, 0);
    T_OK(search_reindex(&t->d, e));
    T_OK(search_reindex(&t->d, e)); /* ordered twice is done once */
    assert_int_equal(run_index(t), 3);
    found(t, "badger0", 1);
    found(t, "badger2", 3);
    found(t, "ex 2026 0002", 2);
    assert_int_equal(test_count(t, "SELECT count(*) FROM vcase WHERE phase = ''"), 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM search"), 3 * 128 + 3);
    /* Many hits are one case, and come page by page. */
    struct view_search v = search(t, "badger", 0);
    assert_int_equal(v.n, 3);
    assert_int_equal(v.cases[0].n_places, SEARCH_SHOWN_MAX);
    assert_true(v.cases[0].more > 0 && v.next > 0);
    int64_t last = v.next;
    size_t pages = 1;
    for (; v.next; pages++) {
        v = search(t, "badger", v.next);
        assert_true(v.next < last);
        last = v.next;
    }
    assert_int_equal(pages, (3 * 128) / SEARCH_MESSAGES_MAX + 1);
    static const struct sql drop = {"test_drop", "DELETE FROM message WHERE mid = ''", NULL};
    T_OK(db_run(t->d.db, &drop, DB_NOARGS, NULL, e)); /* the replay knows nothing of them */
}

static void a_way_back_is_not_shown_by_the_search(void **state)
{
    struct test_desk *t = *state;
    report(t, 1, "Re: your acknowledgement",
           "> follow it here:\n> https://desk.example/r/abcdefghijklmnopqrstuv\n> numbat\n");
    struct view_search v = search(t, "follow", 0);
    assert_int_equal(v.n, 1);
    assert_non_null(strstr(v.cases[0].places[0].after.p, "(private)"));
    assert_null(strstr(v.cases[0].places[0].after.p, "abcdefgh"));
}

/* ---- many at once ---- */

static void many_that_wait_are_decided_with_one_reason(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t ids[HELD_MANY_MAX + 1];
    for (int i = 0; i < 5; i++) {
        struct test_mail tm = {.from = arena_strf(t->a, "x%d@spam.example", i).p,
                               .mid = arena_strf(t->a, "s%d@spam.example", i).p,
                               .subject = "[EX-2026-0999] pills",
                               .text = arena_strf(t->a, "cheap pills %d\n", i).p};
        t->now_us += US_PER_MIN;
        struct intake_result r = test_mail_in(t, &tm);
        assert_int_equal(r.kind, INTAKE_HELD);
        ids[i] = r.message_id;
    }
    struct view_held page;
    T_OK(view_held_page(&t->d, &alice, t->a, &(struct held_query){.max = 2}, &page, e));
    assert_int_equal(page.n, 2);
    assert_int_equal(page.rows[0].message.id, ids[4]);
    T_OK(view_held_page(&t->d, &alice, t->a, &(struct held_query){.max = 3, .after = page.next},
                        &page, e));
    assert_int_equal(page.n, 3);
    assert_false(page.more);
    assert_int_equal(page.rows[2].message.id, ids[0]);
    T_RC(RC_INVALID,
         view_held_page(&t->d, &alice, t->a, &(struct held_query){.after = STR("1.x")}, &page, e));
    size_t done;
    struct held_many m = {.ids = ids, .n = 2, .spam = true, .reason = STR("advertising")};
    T_OK(held_decide_many(&t->d, &alice, &m, &done, e));
    assert_int_equal(done, 2);
    T_OK(held_decide_many(&t->d, &alice, &m, &done, e)); /* a colleague was faster */
    assert_int_equal(done, 0);
    m = (struct held_many){.ids = ids, .n = 3, .reason = STR("advertising")};
    T_OK(held_decide_many(&t->d, &alice, &m, &done, e)); /* what is spam can be discarded */
    assert_int_equal(done, 3);
    assert_int_equal(test_count(t, "SELECT count(*) FROM message WHERE state = 'discarded' AND"
                                   " hold_reason = 'advertising'"),
                     3);
    assert_int_equal(test_count(t, "SELECT count(*) FROM event WHERE kind = 'message.spam'"), 2);
    m.reason = STR(" ");
    T_RC(RC_INVALID, held_decide_many(&t->d, &alice, &m, &done, e));
    m = (struct held_many){.ids = ids, .n = 0, .reason = STR("x")};
    T_RC(RC_INVALID, held_decide_many(&t->d, &alice, &m, &done, e));
    m.n = HELD_MANY_MAX + 1;
    T_RC(RC_LIMIT, held_decide_many(&t->d, &alice, &m, &done, e));
    int64_t n;
    bool more;
    T_OK(view_waiting(&t->d, &alice, &n, &more, e));
    assert_int_equal(n, 2);
    assert_false(more);
    AUTO(buf) struct buf out = BUF_INIT(4000);
    T_OK(desk_cmd_text(&t->d, &alice, STR("quarantine.many"),
                       arena_strf(t->a,
                                  "{\"messages\":[%lld,%lld],\"decision\":\"spam\","
                                  "\"reason\":\"x\"}",
                                  (long long)ids[3], (long long)ids[0]),
                       &out, e));
    assert_non_null(strstr(buf_c(&out), "\"left\":1"));
    T_RC(RC_INVALID, desk_cmd_text(&t->d, &alice, STR("quarantine.many"),
                                   STR("{\"messages\":[\"1\"],\"decision\":\"spam\","
                                       "\"reason\":\"x\"}"),
                                   &out, e));
}

int main(int argc, char **argv)
{
    on_pg = test_wants_pg(argc, argv);
#define T(f) DESK_TEST(f)
    const struct CMUnitTest tests[] = {
        T(pages_follow_each_other_whatever_comes),
        T(filters_pick_what_they_say),
        T(new_is_what_an_account_was_not_shown),
        T(words_are_found_where_they_were_written),
        T(no_query_is_a_mistake_of_ours),
        T(what_waits_is_found_apart_and_what_is_gone_is_not),
        T(what_was_there_before_is_indexed_in_steps),
        T(a_way_back_is_not_shown_by_the_search),
        T(many_that_wait_are_decided_with_one_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
