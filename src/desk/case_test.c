/* SPDX-License-Identifier: Apache-2.0 */
/* Cases as people work on them: changes, replies, clocks, moves, accounts, ways back, commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/when.h"
#include "desk/clock.h"
#include "desk/cmd.h"
#include "desk/people.h"
#include "desk/reply.h"
#include "desk/testing.h"
#include "desk/vcase.h"
#include "desk/view.h"

static bool on_pg;

static int begin(void **state)
{
    return test_desk_begin(
        state, on_pg, "acknowledge_within = 1d\ndetail_within = 3d\nupdate_every = 14d\n", "alice");
}

/* A report by `who`, acknowledged and handed over. */
static struct intake_result report(struct test_desk *t, const char *who, int nth)
{
    struct test_mail tm = {.from = who,
                           .mid = arena_strf(t->a, "r%d@reporter.example", nth).p,
                           .text = arena_strf(t->a, "hole %d\n", nth).p};
    struct intake_result r = test_mail_in(t, &tm);
    test_sent(t, test_acknowledge(t, r.message_id));
    return r;
}

static void changes(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct actor reporter = {.kind = ACTOR_REPORTER, .login = STR_NONE, .thread_id = 1};
    int64_t id = report(t, "f@reporter.example", 1).case_id;
    AUTO(json) json_t *yes = json_true(), *text = json_string("reproduced on 1.4");
    AUTO(json) json_t *by = json_string("alice"), *second = json_string("bob");
    struct view_case v;
    T_RC(RC_DENIED, vcase_rm(&t->d, &reporter, id, 'V', STR("x"), e));
    T_RC(RC_INVALID, vcase_rm(&t->d, &alice, id, 'V', STR(" "), e)); /* the reason is mandatory */
    T_RC(RC_INVALID, vcase_rm(&t->d, &alice, id, 'A', STR("x"), e));
    T_RC(RC_INVALID, vcase_cs(&t->d, &alice, id, CS_F, STR("x"), e));
    T_OK(vcase_rm(&t->d, &alice, id, 'V', STR("reproduced"), e));
    T_OK(vcase_fact(&t->d, &alice, id, FACT_EVIDENCE, text, STR("test run"), e));
    T_RC(RC_INVALID, vcase_fact(&t->d, &alice, id, FACT_EVIDENCE, yes, STR("x"), e));
    T_OK(vcase_rm(&t->d, &alice, id, 'A', STR("serious"), e));
    T_OK(vcase_severity(&t->d, &alice, id, STR("high"), e));
    T_RC(RC_INVALID, vcase_severity(&t->d, &alice, id, STR("huge"), e));
    T_OK(vcase_title(&t->d, &alice, id, STR("Heap overflow"), e));
    T_RC(RC_INVALID, vcase_em(&t->d, &alice, id, EM_PROPOSE, t->now_us, STR("x"), e));
    T_OK(vcase_em(&t->d, &alice, id, EM_PROPOSE, t->now_us + 10 * US_PER_DAY, STR("us"), e));
    T_OK(vcase_em(&t->d, &alice, id, EM_ACCEPT, 0, STR("agreed by mail"), e));
    T_RC(RC_INVALID, vcase_close(&t->d, &alice, id, EXIT_NONE, STR("done"), e));
    T_OK(vcase_em(&t->d, &alice, id, EM_REVISE, t->now_us + 20 * US_PER_DAY, STR("later"), e));
    T_OK(vcase_em(&t->d, &alice, id, EM_ACCEPT, 0, STR("fine"), e));
    T_OK(view_case(&t->d, &alice, t->a, id, &v, e));
    assert_int_equal(v.embargo_until_us, t->now_us + 20 * US_PER_DAY);
    assert_string_equal(v.phase.p, "Accepted");
    T_RC(RC_INVALID, vcase_fact(&t->d, &alice, id, FACT_ADVISORY_APPROVED, by, STR("x"), e));
    T_OK(vcase_fact(&t->d, &alice, id, FACT_ADVISORY_BY, by, STR("draft"), e));
    T_RC(RC_INVALID, vcase_fact(&t->d, &alice, id, FACT_ADVISORY_APPROVED, by, STR("x"), e));
    T_OK(vcase_fact(&t->d, &alice, id, FACT_ADVISORY_APPROVED, second, STR("read"), e));
    /* An exploit in public: public too, and the embargo is over, at once. */
    T_OK(vcase_cs(&t->d, &alice, id, CS_X, STR("seen in a gist"), e));
    T_OK(view_case(&t->d, &alice, t->a, id, &v, e));
    assert_string_equal(v.cs.p, "VfdPXa");
    assert_string_equal(v.em.p, "X");
    assert_int_equal(v.embargo_until_us, 0);
    T_OK(vcase_close(&t->d, &alice, id, EXIT_NONE, STR("released"), e));
    T_RC(RC_INVALID, vcase_title(&t->d, &alice, id, STR("late"), e));
    T_OK(view_case(&t->d, &alice, t->a, id, &v, e));
    assert_string_equal(v.phase.p, "Closed");
    for (size_t i = 0; i < v.n_clocks; i++)
        assert_false(str_eq(v.clocks[i].state, STR("running")));
    /* Unaccepted cases leave by a side exit. */
    id = report(t, "g@reporter.example", 2).case_id;
    T_RC(RC_INVALID, vcase_close(&t->d, &alice, id, EXIT_NONE, STR("no"), e));
    T_OK(vcase_close(&t->d, &alice, id, EXIT_NOT_A_VULNERABILITY, STR("rule 3"), e));
}

static void reply_and_clocks(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct intake_result r = report(t, "f@reporter.example", 1);
    int64_t message;
    assert_int_equal(test_count(t, "SELECT count(*) FROM clock WHERE state = 'met' AND kind ="
                                   " 'acknowledge'"),
                     1);
    /* A question: the clocks stand still until the answer. */
    t->now_us += US_PER_DAY;
    struct reply_new ask = {.thread_id = r.thread_id, .text = STR("Which version?"), .wait = true};
    T_OK(reply_send(&t->d, &alice, &ask, &message, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM clock WHERE state = 'paused'"), 2);
    assert_string_equal(test_text(t, "SELECT rcpt FROM outbox WHERE kind = 'reply'").p,
                        "f@reporter.example");
    int64_t due = test_count(t, "SELECT due_us FROM clock WHERE kind = 'detail'");
    int64_t clock = test_count(t, "SELECT id FROM clock WHERE kind = 'detail'");
    t->now_us += 30 * US_PER_DAY;
    T_OK(clock_fire(&t->d, clock, e)); /* the old task comes: nothing happens */
    assert_int_equal(test_count(t, "SELECT count(*) FROM clock WHERE state = 'missed'"), 0);
    struct test_mail answer = {.from = "f@reporter.example",
                               .mid = "a1@reporter.example",
                               .ref = test_text(t, "SELECT mid FROM outbox WHERE kind = 'reply'").p,
                               .text = "1.4\n"};
    assert_int_equal(test_mail_in(t, &answer).kind, INTAKE_JOINED);
    assert_int_equal(test_count(t, "SELECT due_us FROM clock WHERE kind = 'detail'"),
                     due + 30 * US_PER_DAY);
    assert_int_equal(test_count(t, "SELECT count(*) FROM thread WHERE waiting_us IS NOT NULL"), 0);
    /* Too late: missed, escalated; twice the same task changes nothing. */
    t->now_us += 3 * US_PER_DAY;
    T_OK(clock_fire(&t->d, clock, e));
    T_OK(clock_fire(&t->d, clock, e));
    assert_int_equal(test_count(t, "SELECT escalated FROM vcase"), ESCALATED_NEXT);
    assert_int_equal(test_count(t, "SELECT count(*) FROM event WHERE kind = 'clock.missed'"), 1);
    struct view_queue q;
    T_OK(view_queue(&t->d, &alice, t->a, &(struct queue_query){.which = QUEUE_OPEN}, &q, e));
    assert_int_equal(q.overdue, 1);
    assert_true(q.rows[0].next.overdue && q.rows[0].needs_answer);
    /* The reply meets what it can and starts the next update. */
    struct reply_new say = {.thread_id = r.thread_id, .text = STR("Fixed next week.")};
    T_OK(reply_send(&t->d, &alice, &say, &message, e));
    test_sent(t, test_count(t, "SELECT max(id) FROM outbox"));
    T_OK(view_queue(&t->d, &alice, t->a, &(struct queue_query){.which = QUEUE_OPEN}, &q, e));
    assert_int_equal(q.overdue, 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM clock WHERE kind = 'update' AND state ="
                                   " 'running'"),
                     1);
}

static void rotation(void **state)
{
    struct test_desk *t = *state;
    static const struct actor machine = ACTOR_INIT_MACHINE;
    int64_t alice = test_count(t, "SELECT id FROM account WHERE login = 'alice'");
    int64_t bob = test_account(t, "bob", 2), zoe = test_account(t, "zoe", 0), got[3] = {0};
    for (int i = 0; i < 9; i++) {
        int64_t h = 0, c = report(t, "f@reporter.example", i).case_id;
        struct view_case v;
        T_OK(view_case(&t->d, &machine, t->a, c, &v, e));
        h = str_eq(v.handler, STR("alice")) ? 0 : str_eq(v.handler, STR("bob")) ? 1 : 2;
        got[h]++;
    }
    assert_int_equal(got[0], 3);
    assert_int_equal(got[1], 6);
    assert_int_equal(got[2], 0);
    /* bob is away: alice; both away: by weight all the same, never nobody. */
    int64_t id;
    T_OK(people_away(&t->d, &machine, STR("bob"), t->now_us, t->now_us + US_PER_DAY, e));
    for (int i = 0; i < 4; i++) {
        T_OK(db_begin(t->d.db, e));
        T_OK(people_next(&t->d, 0, &id, e));
        T_OK(db_commit(t->d.db, e));
        assert_int_equal(id, alice);
    }
    T_OK(people_away(&t->d, &machine, STR("alice"), t->now_us, t->now_us + US_PER_DAY, e));
    T_OK(db_begin(t->d.db, e));
    T_OK(people_next(&t->d, 0, &id, e));
    T_OK(db_commit(t->d.db, e));
    assert_true(id == alice || id == bob);
    /* A handler may set the own absence only. */
    struct actor who = test_actor(t, "bob");
    T_RC(RC_DENIED, people_away(&t->d, &who, STR("alice"), t->now_us, t->now_us + 1, e));
    T_OK(people_away(&t->d, &who, STR("bob"), 0, 0, e));
    T_RC(RC_DENIED, people_add(&t->d, &who, &(struct account_new){0}, &id, e));
    assert_true(zoe > 0);
}

static void hand_over_when_away(void **state)
{
    struct test_desk *t = *state;
    static const struct actor machine = ACTOR_INIT_MACHINE;
    report(t, "f@reporter.example", 1);
    test_account(t, "bob", 1);
    T_OK(people_away(&t->d, &machine, STR("alice"), t->now_us, t->now_us + 30 * US_PER_DAY, e));
    t->now_us += 4 * US_PER_DAY;
    T_OK(clock_fire(&t->d, test_count(t, "SELECT id FROM clock WHERE kind = 'detail'"), e));
    assert_string_equal(
        test_text(t, "SELECT a.login FROM vcase c JOIN account a ON a.id = c.handler_id").p, "bob");
    struct actor bob = test_actor(t, "bob");
    int64_t id = test_count(t, "SELECT id FROM vcase");
    T_RC(RC_INVALID, vcase_assign(&t->d, &bob, id, STR("alice"), STR(""), e));
    T_RC(RC_INVALID, vcase_assign(&t->d, &bob, id, STR("nobody"), STR("x"), e));
    T_OK(vcase_assign(&t->d, &bob, id, STR("alice"), STR("she knows the code"), e));
}

static void moves(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct intake_result a = report(t, "f@reporter.example", 1);
    struct intake_result b = report(t, "g@reporter.example", 2);
    struct intake_result c = report(t, "h@reporter.example", 3);
    struct vcase_made made;
    struct view_case v;
    int64_t id, note;
    T_OK(note_add(&t->d, &alice, b.case_id, STR("same bug?"), &note, e));
    T_RC(RC_INVALID, vcase_move(&t->d, &alice, b.thread_id, a.case_id, STR("x"), e));
    T_RC(RC_INVALID, vcase_split(&t->d, &alice, b.thread_id, STR("T"), STR("x"), &made, e));
    T_RC(RC_INVALID, vcase_join(&t->d, &alice, a.case_id, a.case_id, STR("x"), e));
    T_OK(vcase_join(&t->d, &alice, a.case_id, b.case_id, STR("one root cause"), e));
    T_OK(vcase_by_number(&t->d, STR("EX-2026-0002"), &id, e));
    assert_int_equal(id, a.case_id);
    T_OK(view_case(&t->d, &alice, t->a, a.case_id, &v, e));
    assert_int_equal(v.n_threads, 2);
    assert_int_equal(v.n_notes, 1);
    assert_int_equal(v.n_aliases, 1);
    assert_int_equal(v.n_participants, 3);
    assert_int_equal(test_count(t, "SELECT count(*) FROM blob b JOIN vcase c ON c.id = b.case_id"
                                   " WHERE c.joined_into IS NOT NULL"),
                     0);
    T_RC(RC_INVALID, vcase_join(&t->d, &alice, c.case_id, b.case_id, STR("x"), e));
    /* Each reporter keeps the own thread: one sees nothing of the other. */
    struct actor g = {.kind = ACTOR_REPORTER, .login = STR_NONE, .thread_id = b.thread_id};
    struct view_reporter r;
    T_OK(view_reporter(&t->d, &g, t->a, &r, e));
    assert_string_equal(r.number.p, "EX-2026-0001");
    assert_int_equal(r.thread.n_messages, 2);
    for (size_t i = 0; i < r.thread.n_messages; i++)
        assert_true(str_find(r.thread.messages[i].body, STR("hole 1")) == STR_NPOS);
    struct view_blob blob;
    T_RC(RC_NOTFOUND, view_blob(&t->d, &g, t->a, a.message_id, &blob, e));
    T_OK(view_blob(&t->d, &g, t->a, b.message_id, &blob, e));
    T_RC(RC_DENIED, view_case(&t->d, &g, t->a, a.case_id, &v, e));
    /* Out again, as a case of its own; and over to the third. */
    T_OK(vcase_split(&t->d, &alice, b.thread_id, STR("Another bug"), STR("differs"), &made, e));
    assert_string_equal(made.number, "EX-2026-0004");
    struct test_mail again = {
        .from = "g@reporter.example",
        .mid = "again@reporter.example",
        .subject = "Re: [EX-2026-0002] x",
        .ref = arena_strf(t->a, "%s",
                          test_text(t, "SELECT mid FROM outbox ORDER BY id LIMIT 1"
                                       " OFFSET 1")
                              .p)
                   .p,
        .text = "more\n"};
    struct intake_result more = test_mail_in(t, &again);
    assert_int_equal(more.kind, INTAKE_JOINED);
    assert_int_equal(more.case_id, made.id);
    T_OK(vcase_join(&t->d, &alice, c.case_id, made.id, STR("after all"), e));
    T_OK(vcase_move(&t->d, &alice, b.thread_id, a.case_id, STR("no, there"), e));
    T_OK(view_case(&t->d, &alice, t->a, a.case_id, &v, e));
    assert_int_equal(v.n_threads, 2);
    T_OK(view_case(&t->d, &alice, t->a, c.case_id, &v, e));
    assert_int_equal(v.n_threads, 1);
}

static void closed_case_reopens_as_new(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct intake_result r = report(t, "f@reporter.example", 1);
    T_OK(vcase_close(&t->d, &alice, r.case_id, EXIT_NOT_REPRODUCIBLE, STR("tried"), e));
    struct test_mail again = {.from = "f@reporter.example",
                              .mid = "again@reporter.example",
                              .ref = test_text(t, "SELECT mid FROM outbox").p,
                              .text = "but look\n"};
    struct intake_result n = test_mail_in(t, &again);
    assert_string_equal(n.number, "EX-2026-0002");
    assert_int_equal(test_count(t, "SELECT count(*) FROM event WHERE kind = 'case.linked'"), 2);
}

static void signin_and_way_back(void **state)
{
    struct test_desk *t = *state;
    static const struct actor machine = ACTOR_INIT_MACHINE;
    struct intake_result r = report(t, "f@reporter.example", 1);
    char secret[SECRET_SIZE];
    struct session_made s, s2;
    struct session found;
    enum way_back_state way;
    T_OK(people_signin(&t->d, &machine, STR("alice"), secret, e));
    T_OK(people_signin_peek(&t->d, str_c(secret), e));
    T_OK(people_signin_peek(&t->d, str_c(secret), e)); /* looking spends nothing */
    T_OK(people_signin_trade(&t->d, str_c(secret), &s, e));
    T_RC(RC_NOTFOUND, people_signin_trade(&t->d, str_c(secret), &s2, e));
    T_OK(session_find(&t->d, t->a, str_c(s.secret), &found, e));
    assert_int_equal(found.actor.kind, ACTOR_HANDLER);
    assert_string_equal(found.actor.login.p, "alice");
    T_RC(RC_NOTFOUND, session_find(&t->d, t->a, STR("AAAAAAAAAAAAAAAAAAAAAA"), &found, e));
    T_RC(RC_NOTFOUND, session_find(&t->d, t->a, STR("' OR 1=1 --"), &found, e));
    T_OK(session_end(&t->d, str_c(s.secret), e));
    T_RC(RC_NOTFOUND, session_find(&t->d, t->a, str_c(s.secret), &found, e));
    T_OK(people_signin(&t->d, &machine, STR("alice"), secret, e));
    t->now_us += t->set->limits.signin_link_us + 1;
    T_RC(RC_NOTFOUND, people_signin_trade(&t->d, str_c(secret), &s2, e));
    /* The reporter's link: a button, then once a cookie. */
    T_OK(db_begin(t->d.db, e));
    T_OK(way_back_issue(&t->d, r.thread_id, secret, e));
    T_OK(db_commit(t->d.db, e));
    T_OK(way_back_trade(&t->d, str_c(secret), &s, e));
    T_OK(session_find(&t->d, t->a, str_c(s.secret), &found, e));
    assert_int_equal(found.actor.kind, ACTOR_REPORTER);
    assert_int_equal(found.actor.thread_id, r.thread_id);
    T_RC(RC_DENIED, way_back_trade(&t->d, str_c(secret), &s2, e));
    T_OK(way_back_peek(&t->d, str_c(secret), &way, e));
    assert_int_equal(way, WAY_SPENT);
    /* Each use is written down, but not as often as somebody reloads a page. */
    for (int i = 0; i < 40; i++)
        T_OK(way_back_peek(&t->d, str_c(secret), &way, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM way_back_use WHERE what = 'spent'"),
                     WAY_SEEN_MAX);
    t->now_us += US_PER_MIN + 1;
    T_OK(way_back_peek(&t->d, str_c(secret), &way, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM way_back_use WHERE what = 'spent'"),
                     WAY_SEEN_MAX + 1);
    /* A spent one orders a new one, to the address on file, and not too often. */
    T_OK(way_back_renew(&t->d, str_c(secret), e));
    T_OK(way_back_renew(&t->d, str_c(secret), e));
    T_OK(way_back_renew(&t->d, STR("AAAAAAAAAAAAAAAAAAAAAA"), e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'notice' AND rcpt ="
                                   " 'f@reporter.example'"),
                     1);
    struct actor alice = test_actor(t, "alice");
    T_OK(way_back_revoke(&t->d, &alice, r.thread_id, e));
    T_RC(RC_NOTFOUND, session_find(&t->d, t->a, str_c(s.secret), &found, e));
    T_OK(way_back_peek(&t->d, str_c(secret), &way, e));
    assert_int_equal(way, WAY_REVOKED);
    T_OK(people_signin_mail(&t->d, STR("alice"), e));
    T_OK(people_signin_mail(&t->d, STR("nobody"), e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'signin'"), 1);
}

static void cmd(struct test_desk *t, enum rc want, const struct actor *who, const char *verb,
                const char *args)
{
    struct err why = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(4u << 20);
    enum rc rc = desk_cmd_text(&t->d, who, str_c(verb), str_c(args), &b, &why);
    if (rc != want)
        fail_msg("%s %s: %s %s", verb, args, rc_name(rc), buf_c(&b));
    AUTO(json) json_t *j = NULL;
    T_OK(json_parse(buf_str(&b), 4u << 20, "answer", &j, e));
    assert_int_equal(json_object_get(j, "error") != NULL, want != RC_OK);
}

static void commands(void **state)
{
    struct test_desk *t = *state;
    struct actor cli = actor_cli(1000), alice = test_actor(t, "alice");
    struct intake_result r = report(t, "f@reporter.example", 1);
    struct actor reporter = {.kind = ACTOR_REPORTER, .login = STR_NONE, .thread_id = r.thread_id};
    cmd(t, RC_OK, &cli, "case.list", "{}");
    cmd(t, RC_OK, &cli, "case.list", "{\"which\":\"all\"}");
    cmd(t, RC_INVALID, &cli, "case.list", "{\"which\":\"none\"}");
    cmd(t, RC_INVALID, &cli, "case.list", "{\"page\":1}");
    cmd(t, RC_INVALID, &cli, "case.list", "[]");
    cmd(t, RC_INVALID, &cli, "case.list", "{\"which\":\"all\",\"which\":\"all\"}");
    cmd(t, RC_INVALID, &cli, "case.drop", "{}");
    cmd(t, RC_OK, &cli, "case.show", "{\"case\":\"ex-2026-0001\"}");
    cmd(t, RC_NOTFOUND, &cli, "case.show", "{\"case\":\"EX-2026-0002\"}");
    cmd(t, RC_INVALID, &cli, "case.show", "{\"case\":1}");
    cmd(t, RC_DENIED, &reporter, "case.show", "{\"case\":\"EX-2026-0001\"}");
    cmd(t, RC_OK, &alice, "case.reply",
        "{\"case\":\"EX-2026-0001\",\"text\":\"hi\",\"wait\":true}");
    cmd(t, RC_INVALID, &alice, "case.reply", "{\"case\":\"EX-2026-0001\",\"text\":\"\"}");
    cmd(t, RC_OK, &alice, "case.note", "{\"case\":\"EX-2026-0001\",\"text\":\"inside\"}");
    cmd(t, RC_INVALID, &alice, "case.set", "{\"case\":\"EX-2026-0001\"}");
    cmd(t, RC_INVALID, &alice, "case.set", "{\"case\":\"EX-2026-0001\",\"rm\":\"V\"}");
    cmd(t, RC_OK, &alice, "case.set",
        "{\"case\":\"EX-2026-0001\",\"title\":\"T\",\"rm\":\"V\",\"reason\":\"seen\"}");
    cmd(t, RC_OK, &alice, "case.set",
        "{\"case\":\"EX-2026-0001\",\"fact\":\"evidence\",\"value\":\"x\",\"reason\":\"y\"}");
    cmd(t, RC_INVALID, &alice, "case.invite",
        "{\"case\":\"EX-2026-0001\",\"role\":\"vendor\",\"name\":\"V\",\"email\":\"v@v.example\"}");
    cmd(t, RC_OK, &alice, "case.set",
        "{\"case\":\"EX-2026-0001\",\"rm\":\"A\",\"reason\":\"serious\"}");
    cmd(t, RC_OK, &alice, "case.invite",
        "{\"case\":\"EX-2026-0001\",\"role\":\"vendor\",\"name\":\"V\",\"email\":\"v@v.example\"}");
    cmd(t, RC_DENIED, &alice, "user.signin", "{\"login\":\"alice\"}");
    cmd(t, RC_OK, &cli, "user.signin", "{\"login\":\"alice\"}");
    cmd(t, RC_NOTFOUND, &cli, "user.signin", "{\"login\":\"bob\"}");
    cmd(t, RC_OK, &cli, "user.add",
        "{\"login\":\"bob\",\"name\":\"Bob\",\"email\":\"b@t.example\",\"role\":\"admin\"}");
    cmd(t, RC_CONFLICT, &cli, "user.add",
        "{\"login\":\"bob\",\"name\":\"Bob\",\"email\":\"b@t.example\",\"role\":\"admin\"}");
    cmd(t, RC_OK, &cli, "user.away", "{\"login\":\"bob\",\"until\":\"2030-01-01T00:00:00Z\"}");
    cmd(t, RC_OK, &cli, "user.list", "{}");
    cmd(t, RC_OK, &cli, "quarantine.list", "{}");
    cmd(t, RC_NOTFOUND, &cli, "quarantine.show", "{\"message\":99}");
    cmd(t, RC_OK, &cli, "case.close", "{\"case\":\"EX-2026-0001\",\"reason\":\"done\"}");
}

/* Numbers without gaps when two cores open cases in turn, whoever is first. */
static void two_cores(void **state)
{
    struct test_desk *t = *state;
    struct desk other = t->d;
    other.db = test_db_open(&t->tdb, false);
    db_fake_clock(other.db, &t->now_us);
    struct db *mine = t->d.db;
    for (int i = 0; i < 6; i++) {
        t->d.db = i % 2 ? other.db : mine;
        struct test_mail tm = {.from = "f@reporter.example",
                               .mid = arena_strf(t->a, "t%d@reporter.example", i).p,
                               .text = arena_strf(t->a, "t%d\n", i).p};
        struct intake_result r = test_mail_in(t, &tm);
        assert_string_equal(r.number, arena_strf(t->a, "EX-2026-%04d", i + 1).p);
    }
    t->d.db = mine;
    db_close(other.db);
}

int main(int argc, char **argv)
{
    on_pg = test_wants_pg(argc, argv);
    const struct CMUnitTest tests[] = {
        DESK_TEST(changes),
        DESK_TEST(reply_and_clocks),
        DESK_TEST(rotation),
        DESK_TEST(hand_over_when_away),
        DESK_TEST(moves),
        DESK_TEST(closed_case_reopens_as_new),
        DESK_TEST(signin_and_way_back),
        DESK_TEST(commands),
        DESK_TEST(two_cores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
