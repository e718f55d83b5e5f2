/* SPDX-License-Identifier: Apache-2.0 */
/* Who is told of what, how often, without what; and what becomes of the answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/when.h"
#include "desk/clock.h"
#include "desk/inside.h"
#include "desk/notice.h"
#include "desk/people.h"
#include "desk/replay.h"
#include "desk/reply.h"
#include "desk/testing.h"
#include "desk/view.h"
#include "store/ops_people.h"
#include "store/task.h"

static bool on_pg;

static int begin(void **state)
{
    return test_desk_begin(
        state, on_pg,
        "acknowledge = yes\ndetail = yes\nupdate = yes\nacknowledge_within = 1d\n"
        "detail_within = 4d\nupdate_every = 14d\n[mail]\noutgoing = on\n",
        "alice");
}

static void notify(struct test_desk *t, const char *login, const char *what)
{
    struct account_row r;
    T_OK(ops_account_by_login(t->d.db, t->a, str_c(login), &r, e));
    T_OK(ops_account_set_notify(t->d.db, r.id, str_c(what), e));
}

/* Does what is due of notices and clocks, as core does. */
static void run_due(struct test_desk *t)
{
    for (;;) {
        struct task *task;
        int n;
        struct task_claim want = {.max = 8, .lease_us = US_PER_MIN, .kinds = desk_task_kinds};
        T_OK(task_claim(t->d.db, t->a, &want, &task, &n, e));
        for (int i = 0; i < n; i++) {
            T_OK(desk_task_run(&t->d, task[i].kind, task[i].subject, task[i].arg, e));
            T_OK(task_done(t->d.db, task[i].id, task[i].attempt, e));
        }
        if (n == 0)
            return;
    }
}

static int64_t told(struct test_desk *t, const char *login, const char *kind)
{
    run_due(t);
    return test_count(
        t, arena_strf(t->a,
                      "SELECT count(*) FROM outbox o WHERE o.kind = 'notice' AND o.rcpt ="
                      " '%s@team.example' AND EXISTS (SELECT 1 FROM notice n WHERE o.mid LIKE"
                      " 'notice.' || n.tag || '.%%' AND n.kind = '%s')",
                      login, kind)
               .p);
}

static struct intake_result reported(struct test_desk *t)
{
    static int nth;
    struct test_mail tm = {.from = "f@reporter.example",
                           .mid = arena_strf(t->a, "m%d@reporter.example", ++nth).p,
                           .subject = "SECRETSUBJECT",
                           .text = arena_strf(t->a, "SECRETTEXT %d\n", nth).p};
    return test_mail_in(t, &tm);
}

/* A further message of the reporter, by the thread's own address. */
static struct intake_result answered(struct test_desk *t, int64_t thread)
{
    static int nth;
    const char *tag =
        test_text(t,
                  arena_strf(t->a, "SELECT tag FROM thread WHERE id = %lld", (long long)thread).p)
            .p;
    struct test_mail tm = {.from = "f@reporter.example",
                           .mid = arena_strf(t->a, "a%d@reporter.example", ++nth).p,
                           .rcpt = arena_strf(t->a, "security+%s@desk.example", tag).p,
                           .text = arena_strf(t->a, "SECRETTEXT more %d\n", nth).p};
    struct intake_result r = test_mail_in(t, &tm);
    assert_int_equal(r.kind, INTAKE_JOINED);
    return r;
}

/* The bytes of the newest notice to somebody. */
static struct str bytes_to(struct test_desk *t, const char *login)
{
    static const struct sql q = {"notice_bytes",
                                 "SELECT bytes FROM outbox WHERE kind = 'notice' AND rcpt = $1"
                                 " ORDER BY id DESC LIMIT 1",
                                 NULL};
    AUTO(rows) struct rows *r = NULL;
    T_OK(db_query(t->d.db, &q, DB_ARGS(DB_T(arena_strf(t->a, "%s@team.example", login))), &r, e));
    assert_true(rows_next(r));
    return arena_str(t->a, row_blob(r, 0));
}

static bool has(struct str b, const char *what)
{
    return str_find(b, str_c(what)) != STR_NPOS;
}

/* The address that an answer of somebody to a kind of notice goes to. */
static const char *answer_to(struct test_desk *t, const char *login, const char *kind)
{
    const char *tag =
        test_text(t, arena_strf(t->a,
                                "SELECT n.tag FROM notice n JOIN account a ON a.id = n.account_id"
                                " WHERE a.login = '%s' AND n.kind = '%s' ORDER BY n.id DESC",
                                login, kind)
                         .p)
            .p;
    return arena_strf(t->a, "security+n%s@desk.example", tag).p;
}

/* ---- what is written, and to whom ---- */

static void without_content(void **state)
{
    struct test_desk *t = *state;
    struct intake_result r = reported(t);
    assert_int_equal(told(t, "alice", "report"), 1);
    struct str b = bytes_to(t, "alice");
    static const char *const wanted[] = {"Subject: [EX-2026-0001] New report\r\n",
                                         "Auto-Submitted: auto-generated\r\n",
                                         "X-Loop: security@desk.example\r\n",
                                         "Reply-To: security+n",
                                         "You are its primary handler.",
                                         "https://staff.desk.example/case/EX-2026-0001\r\n",
                                         "https://staff.desk.example/account"};
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        if (!has(b, wanted[i]))
            fail_msg("the notice lacks %s in:\n%.*s", wanted[i], STR_ARG(b));
    answered(t, r.thread_id);
    assert_int_equal(told(t, "alice", "reply"), 1);
    struct test_mail stranger = {.from = "evil@evil.example",
                                 .mid = "e1@evil.example",
                                 .subject = "SECRETSUBJECT [EX-2026-0001]",
                                 .text = "SECRETTEXT\n"};
    assert_int_equal(test_mail_in(t, &stranger).kind, INTAKE_HELD);
    assert_int_equal(told(t, "alice", "held"), 1);
    /* Not one of them has a word of what was written, nor who wrote it. */
    static const struct sql q = {"all_notices", "SELECT bytes FROM outbox WHERE kind = 'notice'",
                                 NULL};
    static const char *const never[] = {"SECRET", "f@reporter.example", "Some Body", "evil"};
    AUTO(rows) struct rows *rows = NULL;
    T_OK(db_query(t->d.db, &q, DB_NOARGS, &rows, e));
    size_t n = 0;
    for (; rows_next(rows); n++)
        for (size_t i = 0; i < ARRAY_LEN(never); i++)
            if (has(row_blob(rows, 0), never[i]))
                fail_msg("a notice has %s", never[i]);
    assert_int_equal(n, 3);
    /* They are the desk's own affair: nothing of them is on the case. */
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'notice' AND"
                                   " (case_id IS NOT NULL OR account_id IS NULL)"),
                     0);
    T_OK(replay_check(&t->d, e));
}

static void choices(void **state)
{
    struct test_desk *t = *state;
    test_account(t, "bob", 0);
    test_account(t, "carol", 0);
    test_account(t, "dave", 0);
    test_account(t, "erin", 0);
    notify(t, "carol", "mine");
    notify(t, "dave", "none");
    struct actor erin = test_actor(t, "erin");
    T_OK(people_away(&t->d, &erin, STR("erin"), t->now_us, t->now_us + US_PER_DAY, e));
    struct intake_result r = reported(t);
    assert_int_equal(told(t, "alice", "report"), 1); /* the handler */
    assert_int_equal(told(t, "bob", "report"), 1);   /* everything */
    assert_false(has(bytes_to(t, "bob"), "You are its primary handler."));
    assert_int_equal(told(t, "carol", "report"), 0);
    assert_int_equal(told(t, "dave", "report"), 0);
    assert_int_equal(told(t, "erin", "report"), 0);
    /* A hand-over concerns both, but not who does it. */
    notify(t, "alice", "mine");
    struct actor bob = test_actor(t, "bob");
    T_OK(vcase_assign(&t->d, &bob, r.case_id, STR("carol"), STR("SECRET reason"), e));
    assert_int_equal(told(t, "alice", "handover"), 1);
    assert_int_equal(told(t, "carol", "handover"), 1);
    assert_int_equal(told(t, "bob", "handover"), 0);
    assert_true(has(bytes_to(t, "carol"), "You are its primary handler."));
    answered(t, r.thread_id);
    assert_int_equal(told(t, "carol", "reply"), 1);
    assert_int_equal(told(t, "alice", "reply"), 0);
    /* Somebody has to look at what is held, even when nobody wants everything. */
    notify(t, "bob", "mine");
    struct test_mail stranger = {
        .from = "x@evil.example", .mid = "x1@evil.example", .subject = "[EX-2026-0999]"};
    test_mail_in(t, &stranger);
    assert_int_equal(told(t, "bob", "held"), 1);
    assert_int_equal(told(t, "dave", "held"), 0);
    assert_int_equal(told(t, "erin", "held"), 0);
}

static void switched_off(void **state)
{
    struct test_desk *t = *state;
    t->set->mail.notices = false;
    reported(t);
    assert_int_equal(test_count(t, "SELECT count(*) FROM task WHERE kind = 'notice'"), 0);
    t->set->mail.notices = true;
    t->set->mail.outgoing = OUTGOING_OFF; /* the outbox must not fill with what nobody will read */
    reported(t);
    assert_int_equal(test_count(t, "SELECT count(*) FROM task WHERE kind = 'notice'"), 0);
    t->set->mail.outgoing = OUTGOING_ON;
    reported(t);
    t->set->mail.notices = false; /* meanwhile */
    run_due(t);
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'notice'"), 0);
}

static void pauses(void **state)
{
    struct test_desk *t = *state;
    struct intake_result r = reported(t);
    for (int i = 0; i < 5; i++)
        answered(t, r.thread_id);
    assert_int_equal(told(t, "alice", "reply"), 1);
    t->now_us += 4 * US_PER_MIN;
    answered(t, r.thread_id);
    assert_int_equal(told(t, "alice", "reply"), 1);
    t->now_us += 2 * US_PER_MIN; /* the pause is over: one more for all of them */
    assert_int_equal(told(t, "alice", "reply"), 2);
    t->now_us += US_PER_H;
    assert_int_equal(told(t, "alice", "reply"), 2);
    /* Another case is another matter. */
    struct intake_result other = reported(t);
    answered(t, other.thread_id);
    assert_int_equal(told(t, "alice", "reply"), 3);
    /* Who went away during the pause is not told. */
    answered(t, r.thread_id);
    assert_int_equal(told(t, "alice", "reply"), 4);
    answered(t, r.thread_id);
    assert_int_equal(told(t, "alice", "reply"), 4);
    struct actor alice = test_actor(t, "alice");
    T_OK(people_away(&t->d, &alice, STR("alice"), t->now_us, t->now_us + US_PER_DAY, e));
    t->now_us += 6 * US_PER_MIN;
    assert_int_equal(told(t, "alice", "reply"), 4);
}

static void held_is_batched(void **state)
{
    struct test_desk *t = *state;
    reported(t);
    struct test_mail m = {.from = "x@evil.example", .subject = "[EX-2026-0001]"};
    for (int i = 0; i < 3; i++) {
        m.mid = arena_strf(t->a, "x%d@evil.example", i).p;
        test_mail_in(t, &m);
    }
    assert_int_equal(told(t, "alice", "held"), 1);
    t->now_us += 30 * US_PER_MIN;
    assert_int_equal(told(t, "alice", "held"), 1);
    m.mid = "x9@evil.example";
    test_mail_in(t, &m);
    t->now_us += 31 * US_PER_MIN;
    assert_int_equal(told(t, "alice", "held"), 2);
    /* What is settled meanwhile is not told of. */
    m.mid = "x10@evil.example";
    test_mail_in(t, &m);
    run_due(t);
    struct actor alice = test_actor(t, "alice");
    struct view_held list;
    T_OK(view_held(&t->d, &alice, t->a, STR_NONE, &list, e));
    assert_int_equal(list.n, 5);
    for (size_t i = 0; i < list.n; i++)
        T_OK(held_discard(&t->d, &alice, list.rows[i].message.id, STR("spam"), e));
    t->now_us += 2 * US_PER_H;
    assert_int_equal(told(t, "alice", "held"), 2);
}

static void never_a_storm(void **state)
{
    struct test_desk *t = *state;
    for (int i = 0; i < 3 * NOTICE_HOUR_MAX; i++)
        reported(t);
    assert_int_equal(told(t, "alice", "report"), NOTICE_HOUR_MAX);
    assert_int_equal(told(t, "alice", "many"), 1);
    t->now_us += US_PER_H + US_PER_S;
    reported(t);
    assert_int_equal(told(t, "alice", "report"), NOTICE_HOUR_MAX + 1);
    assert_int_equal(told(t, "alice", "many"), 1);
}

static void clocks(void **state)
{
    struct test_desk *t = *state;
    test_account(t, "bob", 1);
    test_account(t, "carol", 1);
    for (const char *const *p = (const char *const[]){"alice", "bob", "carol", NULL}; *p; p++)
        notify(t, *p, "mine");
    struct intake_result r = reported(t);
    /* acknowledge: 1 day, so 6 hours before; detail: 4 days, 1 day before. */
    t->now_us += 18 * US_PER_H + US_PER_S;
    assert_int_equal(told(t, "alice", "near"), 1);
    assert_int_equal(told(t, "bob", "near"), 0);
    test_sent(t, test_acknowledge(t, r.message_id));
    t->now_us += 2 * US_PER_DAY;
    assert_int_equal(told(t, "alice", "near"), 1);
    t->now_us += 7 * US_PER_H;
    assert_int_equal(told(t, "alice", "near"), 2);
    t->now_us += US_PER_DAY; /* missed: the next in turn as well */
    assert_int_equal(told(t, "alice", "escalated"), 1);
    assert_int_equal(told(t, "bob", "escalated") + told(t, "carol", "escalated"), 1);
    t->now_us += 14 * US_PER_DAY; /* and again: everybody */
    assert_int_equal(told(t, "alice", "escalated"), 2);
    assert_true(told(t, "bob", "escalated") >= 1 && told(t, "carol", "escalated") >= 1);
}

static void failed_mail(void **state)
{
    struct test_desk *t = *state;
    struct intake_result r = reported(t);
    int64_t outbox = test_acknowledge(t, r.message_id);
    static const struct sql q = {"fail", "UPDATE outbox SET state = 'failed' WHERE id = $1", NULL};
    T_OK(db_run(t->d.db, &q, DB_ARGS(DB_I(outbox)), NULL, e));
    T_OK(db_begin(t->d.db, e));
    T_OK(desk_mail_ended(&t->d, outbox, e));
    T_OK(db_commit(t->d.db, e));
    assert_int_equal(told(t, "alice", "failed"), 1);
    /* A notice that fails makes no notice, neither at once nor by a bounce. */
    int64_t mine = test_count(t, "SELECT max(id) FROM outbox WHERE kind = 'notice'");
    T_OK(db_run(t->d.db, &q, DB_ARGS(DB_I(mine)), NULL, e));
    T_OK(db_begin(t->d.db, e));
    T_OK(desk_mail_ended(&t->d, mine, e));
    T_OK(db_commit(t->d.db, e));
    struct mail *m = mem_zalloc(sizeof(*m));
    struct test_mail dsn = {.from = "MAILER-DAEMON@mx.example",
                            .path = "",
                            .mid = "b1@mx.example",
                            .text = "dsn\n",
                            .rcpt = answer_to(t, "alice", "report")};
    test_mail_make(t, &dsn, m);
    m->report.kind = DSN_BOUNCE;
    m->report.original_mid = test_text(t, "SELECT mid FROM outbox WHERE kind = 'notice'");
    assert_int_equal(test_record_in(t, m, &dsn).kind, INTAKE_BOUNCE);
    free(m);
    t->now_us += US_PER_DAY / 2;
    int64_t before = test_count(t, "SELECT count(*) FROM outbox");
    run_due(t);
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox"), before);
    assert_int_equal(told(t, "alice", "failed"), 1);
    T_OK(replay_check(&t->d, e));
}

/* ---- answers ---- */

static void answer_is_a_note(void **state)
{
    struct test_desk *t = *state;
    struct intake_result r = reported(t);
    assert_int_equal(told(t, "alice", "report"), 1);
    int64_t mails = test_count(t, "SELECT count(*) FROM outbox");
    struct test_mail tm = {.from = "Alice@team.example",
                           .mid = "n1@team.example",
                           .rcpt = answer_to(t, "alice", "report"),
                           .subject = "Re: [EX-2026-0001] New report",
                           .text = "I take it.\n\nOn Wed, Desk <security@desk.example>\nwrote:\n"
                                   "> A new report has become a case.\n> https://x\n\n-- \nAlice\n",
                           .spool = "spool-n"};
    struct intake_result n = test_mail_in(t, &tm);
    assert_int_equal(n.kind, INTAKE_NOTE);
    assert_int_equal(n.case_id, r.case_id);
    assert_string_equal(n.number, "EX-2026-0001");
    assert_false(n.acknowledge);
    struct intake_result again = test_mail_in(t, &tm);
    assert_true(again.again && again.kind == INTAKE_NOTE && again.message_id == n.message_id);
    struct view_case v;
    struct actor alice = test_actor(t, "alice");
    T_OK(view_case(&t->d, &alice, t->a, r.case_id, &v, e));
    assert_int_equal(v.n_notes, 1);
    assert_string_equal(v.notes[0].body.p, "I take it.");
    assert_string_equal(v.notes[0].author.p, "Name of alice");
    assert_true(v.notes[0].blob_id != 0); /* the mail as it came */
    const struct view_event *last = &v.events[v.n_events - 1];
    assert_string_equal(view_event_text(t->a, last->kind, last->payload).p,
                        "note added: an answer to a notice");
    assert_string_equal(last->actor.p, "handler:alice");
    assert_int_equal(test_count(t, "SELECT count(*) FROM blob WHERE case_id IS NULL"), 0);
    /* A mail program that ignores Reply-To: the Message-ID has the secret too. */
    struct test_mail by_ref = {
        .from = "alice@team.example",
        .mid = "n2@team.example",
        .subject = "Re: [EX-2026-0001] New report",
        .ref = test_text(t, "SELECT mid FROM outbox WHERE kind = 'notice' ORDER BY id").p,
        .text = "And more.\n"};
    assert_int_equal(test_mail_in(t, &by_ref).kind, INTAKE_NOTE);
    run_due(t);
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox"), mails); /* nothing goes out */
    T_OK(replay_check(&t->d, e));
}

static void answer_of_others(void **state)
{
    struct test_desk *t = *state;
    test_account(t, "bob", 0);
    struct intake_result r = reported(t);
    run_due(t);
    const char *rcpt = answer_to(t, "alice", "report");
    struct test_mail tm = {
        .from = "evil@evil.example", .mid = "v1@evil.example", .rcpt = rcpt, .text = "1\n"};
    assert_int_equal(test_mail_in(t, &tm).kind, INTAKE_HELD);
    /* Not even a colleague: the secret was not his. */
    tm = (struct test_mail){
        .from = "bob@team.example", .mid = "v2@team.example", .rcpt = rcpt, .text = "2\n"};
    assert_int_equal(test_mail_in(t, &tm).kind, INTAKE_HELD);
    tm = (struct test_mail){.from = "alice@team.example",
                            .mid = "v3@team.example",
                            .rcpt = "security+n00112233445566778899aabbccddeeff@desk.example",
                            .text = "3\n"};
    assert_int_equal(test_mail_in(t, &tm).kind, INTAKE_HELD);
    /* A program's answer is not a note; who is absent says so to everybody. */
    struct mail *m = mem_zalloc(sizeof(*m));
    tm = (struct test_mail){.from = "alice@team.example",
                            .mid = "v4@team.example",
                            .rcpt = rcpt,
                            .text = "I am on holiday.\n",
                            .spool = "spool-vac"};
    test_mail_make(t, &tm, m);
    m->automatic.submitted = SUBMITTED_AUTO;
    assert_int_equal(test_record_in(t, m, &tm).kind, INTAKE_DISCARDED);
    assert_int_equal(test_record_in(t, m, &tm).kind, INTAKE_DISCARDED);
    free(m);
    /* Somebody who left. */
    struct account_row alice;
    T_OK(ops_account_by_login(t->d.db, t->a, STR("alice"), &alice, e));
    T_OK(ops_account_set_active(t->d.db, alice.id, false, e));
    tm = (struct test_mail){
        .from = "alice@team.example", .mid = "v5@team.example", .rcpt = rcpt, .text = "5\n"};
    assert_int_equal(test_mail_in(t, &tm).kind, INTAKE_HELD);
    assert_int_equal(test_count(t, "SELECT count(*) FROM message WHERE direction = 'note'"), 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM vcase"), 1);
    assert_int_equal(test_count(t, arena_strf(t->a,
                                              "SELECT count(*) FROM message WHERE state = 'held'"
                                              " AND case_id = %lld",
                                              (long long)r.case_id)
                                       .p),
                     3);
    T_OK(replay_check(&t->d, e));
}

/* With authserv-id the address alone proves nothing. */
static void answer_with_authserv(void **state)
{
    struct test_desk t;
    test_desk_init(&t, on_pg, "[mail]\noutgoing = on\nauthserv_id = mx.example\n");
    test_account(&t, "alice", 1);
    reported(&t);
    run_due(&t);
    struct test_mail tm = {.from = "alice@team.example",
                           .mid = "n1@team.example",
                           .rcpt = answer_to(&t, "alice", "report"),
                           .text = "1\n"};
    assert_int_equal(test_mail_in(&t, &tm).kind, INTAKE_HELD);
    tm.mid = "n2@team.example";
    tm.text = "2\n";
    tm.proof = AUTHRES_DKIM;
    assert_int_equal(test_mail_in(&t, &tm).kind, INTAKE_NOTE);
    test_desk_release(&t);
}

/* A handler who writes to the reporter's thread by mail is stopped, with a reason that helps. */
static void handler_writes_to_the_thread(void **state)
{
    struct test_desk *t = *state;
    struct intake_result r = reported(t);
    struct test_mail tm = {.from = "alice@team.example",
                           .mid = "h1@team.example",
                           .rcpt = arena_strf(t->a, "security+%s@desk.example",
                                              test_text(t, "SELECT tag FROM thread").p)
                                       .p,
                           .text = "We have found it, but do not tell her.\n"};
    struct intake_result h = test_mail_in(t, &tm);
    assert_int_equal(h.kind, INTAKE_HELD);
    assert_int_equal(h.case_id, r.case_id);
    assert_int_equal(h.thread_id, 0);
    assert_true(has(test_text(t, "SELECT hold_reason FROM message WHERE state = 'held'"),
                    "on the page of the case"));
    /* To both addresses at once it is a note: never a mail to the reporter. */
    run_due(t);
    struct mail *m = mem_zalloc(sizeof(*m));
    struct mail_addr both[2] = {{STR_NONE, str_c(tm.rcpt)},
                                {STR_NONE, str_c(answer_to(t, "alice", "report"))}};
    tm.mid = "h2@team.example";
    tm.text = "Both.\n";
    test_mail_make(t, &tm, m);
    m->to.p = both;
    m->to.n = 2;
    assert_int_equal(test_record_in(t, m, &tm).kind, INTAKE_NOTE);
    free(m);
}

/* A case that became part of another one takes its notes there. */
static void answer_after_a_join(void **state)
{
    struct test_desk *t = *state;
    struct intake_result one = reported(t), two = reported(t);
    run_due(t);
    const char *rcpt = answer_to(t, "alice", "report"); /* of the second */
    struct actor alice = test_actor(t, "alice");
    T_OK(vcase_join(&t->d, &alice, one.case_id, two.case_id, STR("the same"), e));
    struct test_mail tm = {
        .from = "alice@team.example", .mid = "j1@team.example", .rcpt = rcpt, .text = "Here.\n"};
    struct intake_result n = test_mail_in(t, &tm);
    assert_int_equal(n.kind, INTAKE_NOTE);
    assert_int_equal(n.case_id, one.case_id);
    T_OK(replay_check(&t->d, e));
}

/* A case whose content is gone takes nothing in. */
static void answer_after_the_erasure(void **state)
{
    struct test_desk *t = *state;
    struct intake_result r = reported(t);
    run_due(t);
    static const struct sql q = {"erase", "UPDATE vcase SET erased_us = 1 WHERE id = $1", NULL};
    T_OK(db_run(t->d.db, &q, DB_ARGS(DB_I(r.case_id)), NULL, e));
    struct test_mail tm = {.from = "alice@team.example",
                           .mid = "er1@team.example",
                           .rcpt = answer_to(t, "alice", "report"),
                           .text = "Late.\n"};
    struct intake_result n = test_mail_in(t, &tm);
    assert_int_equal(n.kind, INTAKE_HELD);
    assert_int_equal(n.case_id, 0);
}

static void answer_text(void **state)
{
    struct test_desk *t = *state;
    static const struct {
        const char *mail, *note;
    } cases[] = {
        {"Yes.\n", "Yes."},
        {"Yes.\n\nOn Wed, Desk wrote:\n> a\n> b\n", "Yes."},
        {"Yes.\n\nAm 25.11. schrieb Desk:\n\n> a\n", "Yes."},
        {"> a\n\nAbove: no.\n\n> b\n\nBelow.\n", "Above: no.\n\nBelow."},
        {"See:\n\none\ntwo\n", "See:\n\none\ntwo"},
        {"Yes.\n-- \nAlice\n", "Yes."},
        {"Yes.\n\n-----Original Message-----\nFrom: x\n", "Yes."},
        {"> only a quote\n", "> only a quote"},
        {"", ""},
        {"\n\n> a\nText: with colon\nthen\n", "Text: with colon\nthen"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str got = notice_answer(t->a, str_c(cases[i].mail));
        if (!str_eq(got, str_c(cases[i].note)))
            fail_msg("%s became %.*s", cases[i].mail, STR_ARG(got));
    }
}

/* ---- by other parts ---- */

static void of_other_parts(void **state)
{
    struct test_desk *t = *state;
    test_account(t, "bob", 0);
    struct intake_result r = reported(t);
    struct actor alice = test_actor(t, "alice");
    T_OK(notice_team(&t->d, &alice, NOTICE_ADVISORY, r.case_id, e));
    T_OK(notice_team(&t->d, &alice, NOTICE_PROPOSAL, 0, e));
    assert_int_equal(told(t, "bob", "advisory"), 1);
    assert_int_equal(told(t, "bob", "proposal"), 1);
    assert_int_equal(told(t, "alice", "advisory"), 0);
    assert_true(has(bytes_to(t, "bob"), "https://staff.desk.example/policy\r\n"));
    assert_false(has(bytes_to(t, "bob"), "becomes an internal note"));
    /* It is about no case, so an answer has nowhere to go. */
    struct test_mail tm = {.from = "bob@team.example",
                           .mid = "p1@team.example",
                           .rcpt = answer_to(t, "bob", "proposal"),
                           .text = "Fine.\n"};
    assert_int_equal(test_mail_in(t, &tm).kind, INTAKE_HELD);
}

int main(int argc, char **argv)
{
    on_pg = test_wants_pg(argc, argv);
    const struct CMUnitTest tests[] = {
        DESK_TEST(without_content),
        DESK_TEST(choices),
        DESK_TEST(switched_off),
        DESK_TEST(pauses),
        DESK_TEST(held_is_batched),
        DESK_TEST(never_a_storm),
        DESK_TEST(clocks),
        DESK_TEST(failed_mail),
        DESK_TEST(answer_is_a_note),
        DESK_TEST(answer_of_others),
        cmocka_unit_test(answer_with_authserv),
        DESK_TEST(handler_writes_to_the_thread),
        DESK_TEST(answer_after_a_join),
        DESK_TEST(answer_after_the_erasure),
        DESK_TEST(answer_text),
        DESK_TEST(of_other_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
