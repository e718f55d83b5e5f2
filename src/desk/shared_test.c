/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A general mailbox, a desk that only watches, an old mailbox that is imported: what is decided of
 * each mail, and that nothing is dropped, sent twice or sent at all where it must not be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/when.h"
#include "desk/ack.h"
#include "desk/people.h"
#include "desk/reply.h"
#include "desk/shared.h"
#include "desk/testing.h"
#include "store/ops_mailbox.h"
#include "store/outbox.h"

#define SHARED "[mail]\noutgoing = on\nshared = yes\nnext_hop = smtp://mail.example:25\n"
#define WATCH  "acknowledge = yes\ndetail = yes\nacknowledge_within = 1d\n[mail]\noutgoing = copy\n"

static bool on_pg;

static struct test_desk *begin(const char *extra)
{
    void *state;
    test_desk_begin(&state, on_pg, extra, "alice");
    return state;
}

static void end(struct test_desk *t)
{
    void *state = t;
    test_desk_end(&state);
}

/* ---- pure ---- */

static void verdicts(void **state)
{
    for (unsigned i = 0; i < 32; i++) {
        struct shared_facts f = {i & 1, i & 2, i & 4, i & 8, i & 16};
        enum shared_verdict want = SHARED_UNSURE;
        if (f.words)
            want = SHARED_REPORT;
        if (f.list || f.automatic)
            want = SHARED_NONE;
        if (f.security)
            want = SHARED_REPORT;
        if (f.rule)
            want = SHARED_NONE;
        assert_int_equal(shared_decide(&f), want);
    }
}

static void decisions(void **state)
{
    for (unsigned i = 0; i < 512; i++) {
        struct intake_facts f = {.shared = true,
                                 .report = (enum shared_verdict)((i & 3) % 3),
                                 .stays = i & 4,
                                 .hop = i & 8,
                                 .back = i & 16,
                                 .bounce = i & 32,
                                 .bounce_ours = i & 64,
                                 .point = i & 128 ? POINT_TAG : POINT_NOTHING,
                                 .spam = i & 256};
        struct intake_verdict v = intake_decide(&f);
        bool ours = f.bounce && f.bounce_ours, other = f.bounce && !f.bounce_ours;
        bool asked = !f.bounce && !f.spam && f.point == POINT_NOTHING;
        bool none = other || (asked && f.report == SHARED_NONE);
        if (ours)
            assert_int_equal(v.kind, INTAKE_BOUNCE);
        assert_int_equal(v.kind == INTAKE_LEFT, none && f.stays);
        assert_int_equal(v.kind == INTAKE_PASSED, none && !f.stays && !f.back && f.hop);
        assert_int_equal(v.kind == INTAKE_NEW, asked && f.report == SHARED_REPORT);
        if (none && !f.stays && (f.back || !f.hop))
            assert_int_equal(v.kind, INTAKE_HELD);
        if (asked && f.report == SHARED_UNSURE)
            assert_string_equal(v.hold, SHARED_ASK);
        /* Whatever it is, it is kept, passed on, left, or waits for a person. */
        assert_true(v.kind != INTAKE_DISCARDED && v.kind != INTAKE_LOOP);
    }
}

static void words(void **state)
{
    struct str v[] = {STR("SQL injection"), STR("XSS"), STR("PoC"), STR("use-after-free")};
    struct str_list l = {v, ARRAY_LEN(v)};
    static const struct {
        const char *text;
        bool found;
    } t[] = {
        {"", false},
        {"xss", true},
        {"there is an XSS.", true},
        {"(poc)", true},
        {"epoch", false},
        {"poco", false},
        {"XSSÄ", false},
        {"a SQL  injection in it", true},
        {"a sql\ninjection", true},
        {"sql injections", false},
        {"sqlinjection", false},
        {"use-after-free!", true},
        {"SQL injectio", false},
        {"SQL", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        assert_int_equal(shared_words(&l, str_c(t[i].text)), t[i].found);
    assert_true(shared_security_address(STR("Security@desk.example")));
    assert_true(shared_security_address(STR("info+security@desk.example")));
    assert_true(shared_security_address(STR("security+web@desk.example")));
    assert_false(shared_security_address(STR("info@security.example")));
    assert_false(shared_security_address(STR("insecurity@desk.example")));
    assert_false(shared_security_address(STR("security")));
}

/* ---- a general mailbox ---- */

#define INFO "info@desk.example"
static const char envelope[] =
    "{\"from\":\"bob@b.example\",\"rcpts\":[\"info@desk.example\",\"sales@desk.example\"]}";

struct extra {
    const char *origin;
    bool back, list;
    const char *text, *spool, *to, *date;
    bool close;
};

static struct intake_result take(struct test_desk *t, const struct test_mail *tm,
                                 const struct extra *x)
{
    struct mail *m = mem_zalloc(sizeof(*m));
    struct intake_result r;
    char spool[32];
    snprintf(spool, sizeof(spool), "x-%d", ++t->spool);
    test_mail_make(t, tm, m);
    m->own_received = x->back ? 2 : 1;
    m->automatic.list = x->list;
    struct mail_addr to = {STR_NONE, str_c(x->to ? x->to : INFO)};
    m->to = (struct mail_addrs){&to, 1};
    if (x->date)
        T_OK(when_parse_rfc3339(str_c(x->date), &m->date_us, e));
    struct str rcpt = STR(INFO);
    struct intake_env env = {.spool = arena_str(t->a, str_c(x->spool ? x->spool : spool)),
                             .return_path = str_c(tm->from),
                             .rcpts = &rcpt,
                             .n_rcpts = 1,
                             .received_us = t->now_us,
                             .origin = str_c(x->origin),
                             .close = x->close,
                             .envelope = str_c(envelope)};
    struct intake_blob blob = {arena_strf(t->a, "%064d", t->spool),
                               arena_strf(t->a, "inbox/%064d", t->spool), m->size};
    T_OK(desk_intake(&t->d, m, &env, &blob, &r, e));
    free(m);
    return r;
}

static const struct test_mail question = {
    .from = "bob@b.example", .mid = "q@b.example", .subject = "A question", .text = "Price?\n"};

static void passed_on(void **state)
{
    struct test_desk *t = begin(SHARED);
    struct actor alice = test_actor(t, "alice");
    struct intake_result r = take(t, &question, &(struct extra){.list = true});
    assert_int_equal(r.kind, INTAKE_PASSED);
    assert_true(r.keep_blob && !r.acknowledge && r.case_id == 0);
    assert_int_equal(test_count(t,
                                "SELECT count(*) FROM outbox WHERE hop = 'next' AND kind = 'pass'"
                                " AND env_from = 'bob@b.example' AND blob_id IS NOT NULL"),
                     2);
    assert_int_equal(
        test_count(t, "SELECT count(*) FROM message WHERE state = 'passed' AND body = ''"), 1);
    /* The same record again, and the same mail for somebody else. */
    assert_true(take(t, &question, &(struct extra){.list = true, .spool = "x-1"}).again);
    assert_int_equal(take(t, &question, &(struct extra){.list = true}).kind, INTAKE_PASSED);
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox"), 4);
    assert_int_equal(take(t, &question, &(struct extra){.list = true, .back = true}).kind,
                     INTAKE_HELD);
    /* Refused for one recipient: a person decides, and only that one is tried again. */
    test_sent(t, 1);
    static const struct sql fail = {"fail", "UPDATE outbox SET state = 'failed' WHERE id = 2",
                                    NULL};
    T_OK(db_run(t->d.db, &fail, DB_NOARGS, NULL, e));
    T_OK(db_begin(t->d.db, e));
    T_OK(desk_mail_ended(&t->d, 2, e));
    T_OK(db_commit(t->d.db, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM message WHERE id = 1 AND state = 'held'"),
                     1);
    T_OK(held_pass(&t->d, &alice, 1, STR("again"), e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE message_id = 1"), 3);
    assert_int_equal(test_count(t, "SELECT count(*) FROM vcase"), 0);
    end(t);
}

static void asked(void **state)
{
    struct test_desk *t = begin(SHARED);
    struct actor alice = test_actor(t, "alice");
    struct err why = ERR_INIT;
    struct intake_result r = take(t, &question, &(struct extra){.list = false}), released;
    assert_int_equal(r.kind, INTAKE_HELD);
    T_OK(held_release(&t->d, &alice, r.message_id, STR_NONE, STR("it is one"), &released, e));
    assert_true(released.kind == INTAKE_NEW && released.acknowledge);
    assert_int_equal(held_pass(&t->d, &alice, r.message_id, STR("late"), &why), RC_INVALID);
    struct test_mail two = question;
    two.mid = "q2@b.example";
    r = take(t, &two, &(struct extra){.list = false});
    T_OK(held_pass(&t->d, &alice, r.message_id, STR("an order"), e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE hop = 'next'"), 2);
    /* In a polled mailbox it stays where it is, and nothing of it is kept but its head. */
    two.mid = "q3@b.example";
    r = take(t, &two, &(struct extra){.origin = "imap", .list = true});
    assert_true(r.kind == INTAKE_LEFT && !r.keep_blob);
    assert_int_equal(take(t, &two, &(struct extra){.origin = "imap", .list = true}).kind,
                     INTAKE_DUPLICATE);
    /* Answers to our threads are never asked about. */
    two = (struct test_mail){.from = "bob@b.example", .mid = "q4@b.example", .ref = "q@b.example"};
    assert_int_equal(take(t, &two, &(struct extra){.list = true}).kind, INTAKE_HELD);
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE hop = 'next'"), 2);
    end(t);
}

/* ---- a desk that only watches ---- */

static void watching(void **state)
{
    struct test_desk *t = begin(WATCH);
    struct err why = ERR_INIT;
    int64_t message;
    struct test_mail tm = {.from = "f@reporter.example", .mid = "m1@reporter.example"};
    struct intake_result r = take(t, &tm, &(struct extra){.to = "security@desk.example"});
    assert_true(r.kind == INTAKE_NEW && !r.acknowledge);
    assert_int_equal(test_count(t,
                                "SELECT count(*) FROM message WHERE ack LIKE 'withheld: this desk"
                                " only watches%'"),
                     1);
    assert_true(test_count(t, "SELECT count(*) FROM clock WHERE state = 'running'") >= 2);
    struct test_mail team = {.from = "security@desk.example",
                             .mid = "t1@desk.example",
                             .ref = "m1@reporter.example",
                             .text = "We look.\n"};
    struct intake_result filed = take(t, &team, &(struct extra){.to = "f@reporter.example"});
    assert_true(filed.kind == INTAKE_TEAM && filed.case_id == r.case_id);
    assert_int_equal(test_count(t, "SELECT count(*) FROM message WHERE direction = 'out'"), 1);
    assert_int_equal(test_count(t, "SELECT count(*) FROM clock WHERE state <> 'met' AND kind IN"
                                   " ('acknowledge', 'detail')"),
                     0);
    /* The answer to it needs no secret of ours. */
    struct test_mail back = {.from = "f@reporter.example",
                             .mid = "m2@reporter.example",
                             .ref = "t1@desk.example",
                             .text = "Thanks.\n"};
    assert_int_equal(take(t, &back, &(struct extra){.list = false}).kind, INTAKE_JOINED);
    /* From another member, about nothing: kept aside; to the desk: a report like any other. */
    struct test_mail lunch = {
        .from = "alice@team.example", .mid = "l@team.example", .text = "Lunch?\n"};
    assert_int_equal(take(t, &lunch, &(struct extra){.to = "x@elsewhere.example"}).kind,
                     INTAKE_DISCARDED);
    lunch.mid = "l2@team.example";
    assert_int_equal(take(t, &lunch, &(struct extra){.to = "security@desk.example"}).kind,
                     INTAKE_NEW);
    struct actor alice = test_actor(t, "alice");
    struct reply_new n = {.thread_id = r.thread_id, .text = STR("Hello")};
    assert_int_equal(reply_send(&t->d, &alice, &n, &message, &why), RC_DENIED);
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox"), 0);
    assert_int_equal(
        test_count(t, "SELECT count(*) FROM task WHERE kind IN ('outbox', 'acknowledge')"), 0);
    /* Sending is switched on: nothing old comes loose, not even of what a person releases later. */
    t->set->mail.outgoing = OUTGOING_ON;
    int64_t outbox = 0;
    T_OK(ack_run(&t->d, r.message_id, NULL, &outbox, e));
    assert_int_equal(outbox, 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox"), 0);
    end(t);
}

/* An acknowledgement ordered before the desk was told to watch. */
static void watching_from_now_on(void **state)
{
    struct test_desk *t = begin("[mail]\noutgoing = on\n");
    int64_t outbox = 0;
    struct test_mail tm = {.from = "f@reporter.example", .mid = "m1@reporter.example"};
    struct intake_result r = test_mail_in(t, &tm);
    assert_true(r.acknowledge);
    t->set->mail.outgoing = OUTGOING_COPY;
    T_OK(ack_run(&t->d, r.message_id, NULL, &outbox, e));
    t->set->mail.outgoing = OUTGOING_ON;
    T_OK(ack_run(&t->d, r.message_id, NULL, &outbox, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox"), 0);
    end(t);
}

/* How far a mailbox is taken: only forward within one numbering. */
static void mailbox_rows(void **state)
{
    struct test_desk *t = begin("");
    struct err why = ERR_INIT;
    struct mailbox_row got,
        m = {.name = STR("imaps://mail.example INBOX"), .uidvalidity = 7, .uid = 40, .since_us = 5};
    assert_int_equal(ops_mailbox_get(t->d.db, m.name, &got, &why), RC_NOTFOUND);
    T_OK(ops_mailbox_put(t->d.db, &m, e));
    m.uid = 39;
    T_OK(ops_mailbox_put(t->d.db, &m, e));
    T_OK(ops_mailbox_get(t->d.db, m.name, &got, e));
    assert_true(got.uidvalidity == 7 && got.uid == 40 && got.since_us == 5);
    m.uidvalidity = 8;
    m.uid = 1;
    T_OK(ops_mailbox_put(t->d.db, &m, e));
    T_OK(ops_mailbox_get(t->d.db, m.name, &got, e));
    assert_true(got.uidvalidity == 8 && got.uid == 1);
    assert_int_equal(test_count(t, "SELECT count(*) FROM mailbox"), 1);
    end(t);
}

/* ---- an old mailbox ---- */

static void imported(void **state)
{
    struct test_desk *t = begin("acknowledge = yes\ndetail = yes\nacknowledge_within = 1d\n"
                                "[mail]\noutgoing = on\n");
    struct extra x = {.origin = "import", .date = "2019-03-01T10:00:00Z"};
    struct test_mail a = {.from = "f@reporter.example", .mid = "a@reporter.example", .text = "1\n"};
    struct intake_result r = take(t, &a, &x);
    assert_int_equal(r.kind, INTAKE_NEW);
    assert_string_equal(r.number, "EX-2019-0001");
    struct test_mail b = {
        .from = "security@desk.example", .mid = "b@desk.example", .ref = a.mid, .text = "2\n"};
    x.to = "f@reporter.example";
    assert_int_equal(take(t, &b, &x).case_id, r.case_id);
    /* The reporter's next, and a friend of his who was copied: unproven, but a person imports. */
    struct test_mail c = {
        .from = "f@reporter.example", .mid = "c@reporter.example", .ref = b.mid, .text = "3\n"};
    struct test_mail d = {
        .from = "g@other.example", .mid = "d@other.example", .ref = b.mid, .text = "4\n"};
    assert_int_equal(take(t, &c, &x).thread_id, r.thread_id);
    struct intake_result g = take(t, &d, &x);
    assert_true(g.case_id == r.case_id && g.thread_id != r.thread_id);
    /* Begun by the team: a case with whom it wrote to, closed at once. */
    x.close = true;
    x.to = "h@vendor.example";
    struct test_mail f = {.from = "security@desk.example", .mid = "f@desk.example", .text = "5\n"};
    r = take(t, &f, &x);
    struct test_mail h = {
        .from = "h@vendor.example", .mid = "h@vendor.example", .ref = f.mid, .text = "6\n"};
    assert_int_equal(take(t, &h, &x).thread_id, r.thread_id);
    assert_int_equal(test_count(t, "SELECT count(*) FROM vcase WHERE closed_us IS NOT NULL"), 1);
    assert_int_equal(test_count(t, "SELECT count(*) FROM vcase"), 2);
    assert_int_equal(test_count(t, "SELECT count(*) FROM message WHERE origin = 'import'"), 6);
    assert_int_equal(test_count(t, "SELECT count(*) FROM message WHERE direction = 'out'"), 2);
    assert_int_equal(test_count(t, "SELECT count(*) FROM clock"), 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox"), 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM task WHERE kind <> 'index'"), 0);
    assert_int_equal(take(t, &h, &x).kind, INTAKE_DUPLICATE);
    end(t);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),
        cmocka_unit_test(decisions),
        cmocka_unit_test(words),
        cmocka_unit_test(passed_on),
        cmocka_unit_test(asked),
        cmocka_unit_test(watching),
        cmocka_unit_test(watching_from_now_on),
        cmocka_unit_test(mailbox_rows),
        cmocka_unit_test(imported),
    };
    on_pg = test_wants_pg(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
