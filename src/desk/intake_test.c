/* SPDX-License-Identifier: Apache-2.0 */
/* Where a mail becomes a case: the decision table, and what is written for each row of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "base/when.h"
#include "desk/people.h"
#include "desk/replay.h"
#include "desk/reply.h"
#include "desk/testing.h"
#include "desk/view.h"
#include "store/outbox.h"
#include "store/task.h"

static bool on_pg;

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static int begin(void **state)
{
    return test_desk_begin(state, on_pg,
                           "acknowledge = yes\ndetail = yes\nupdate = yes\nacknowledge_within = "
                           "1d\ndetail_within = 3d\nupdate_every = 14d\n",
                           "alice");
}

/* A patch is a proposal only where nothing else is true of the mail; an answer to our mail about
 * one waits for a person, and a pointer to a case is stronger than both. */
static void table_of_proposals(void **state)
{
    for (unsigned i = 0; i < 1u << 8; i++) {
        struct intake_facts f = {.dup = i & 1,
                                 .bounce = i & 2,
                                 .loop = i & 4,
                                 .spam = i & 8,
                                 .notice = i & 16,
                                 .point = i & 32 ? POINT_TAG : POINT_NOTHING,
                                 .proposal = i & 64,
                                 .about_proposal = i & 128};
        bool free = !(i & 63);
        struct intake_verdict v = intake_decide(&f);
        assert_int_equal(v.kind == INTAKE_PROPOSAL, free && f.proposal);
        if (free && !f.proposal)
            assert_int_equal(v.kind, f.about_proposal ? INTAKE_HELD : INTAKE_NEW);
    }
}

static void table(void **state)
{
    /* All facts that matter, in all combinations, against the rules said in other words. */
    for (unsigned i = 0; i < 1u << 16; i++) {
        struct intake_facts f = {.dup = i & 1,
                                 .bounce = i & 2,
                                 .loop = i & 4,
                                 .spam = i & 8,
                                 .point = (enum intake_point)((i >> 4) & 3),
                                 .known = i & 64,
                                 .participant = i & 128,
                                 .tag_came = i & 256,
                                 .authserv = i & 512,
                                 .authentic = i & 1024,
                                 .notice = i & 2048,
                                 .notice_known = i & 4096,
                                 .own = i & 8192,
                                 .automatic = i & 16384,
                                 .team = i & 32768};
        struct intake_verdict v = intake_decide(&f);
        bool aside = f.dup || f.bounce || f.loop || f.spam;
        bool proven = f.authserv ? f.authentic : f.tag_came;
        bool note = !aside && f.notice && f.notice_known && !f.automatic && f.own &&
                    (!f.authserv || f.authentic);
        bool dropped = !aside && f.notice && f.notice_known && f.automatic;
        bool plain = !aside && !f.notice;
        bool joins = plain && f.point != POINT_NOTHING && f.known && f.participant && proven;
        bool new = plain &&f.point == POINT_NOTHING;
        assert_int_equal(v.kind == INTAKE_NOTE, note);
        assert_int_equal(v.kind == INTAKE_DISCARDED, dropped);
        assert_int_equal(v.kind == INTAKE_JOINED, joins);
        assert_int_equal(v.kind == INTAKE_NEW, new);
        assert_int_equal(v.kind == INTAKE_HELD, !aside && !note && !dropped && !joins && !new);
        assert_int_equal(v.hold[0] != '\0', v.kind == INTAKE_HELD || v.kind == INTAKE_DISCARDED);
        if (f.dup)
            assert_int_equal(v.kind, INTAKE_DUPLICATE);
        else if (f.bounce)
            assert_int_equal(v.kind, INTAKE_BOUNCE);
        else if (f.loop)
            assert_int_equal(v.kind, INTAKE_LOOP);
        else if (f.spam)
            assert_int_equal(v.kind, INTAKE_SPAM);
    }
}

static void new_case(void **state)
{
    struct test_desk *t = *state;
    struct test_mail tm = {.from = "finder@Reporter.Example",
                           .path = "bounces@reporter.example",
                           .mid = "m1@reporter.example",
                           .subject = "Ping\tof death"};
    struct intake_result r = test_mail_in(t, &tm);
    assert_int_equal(r.kind, INTAKE_NEW);
    assert_string_equal(r.number, "EX-2026-0001");
    assert_true(r.acknowledge && r.keep_blob && !r.again);
    assert_int_equal(test_count(t, "SELECT count(*) FROM clock WHERE state = 'running'"), 3);
    assert_int_equal(test_count(t, "SELECT count(*) FROM participant WHERE rm = 'R' AND ours = 1"),
                     1);
    assert_int_equal(test_count(t, "SELECT count(*) FROM participant WHERE email ="
                                   " 'finder@reporter.example' AND rm = 'A' AND role = 'reporter'"),
                     1);
    assert_string_equal(test_text(t, "SELECT cs FROM vcase").p, "Vfdpxa");
    assert_string_equal(test_text(t, "SELECT title FROM vcase").p, "Ping of death");
    assert_int_equal(test_count(t, "SELECT count(*) FROM task WHERE kind = 'acknowledge'"), 1);
    /* The blob is the case's now. */
    assert_int_equal(test_count(t, "SELECT count(*) FROM blob b JOIN vcase c ON c.id = b.case_id"),
                     1);
    int64_t outbox = test_acknowledge(t, r.message_id);
    assert_true(outbox > 0);
    assert_int_equal(test_acknowledge(t, r.message_id), outbox);
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox"), 1);
    assert_string_equal(test_text(t, "SELECT rcpt FROM outbox").p, "bounces@reporter.example");
    assert_string_equal(test_text(t, "SELECT env_from FROM outbox").p, "");
    test_sent(t, outbox);
    struct view_queue q;
    struct actor alice = test_actor(t, "alice");
    T_OK(view_queue(&t->d, &alice, t->a, &(struct queue_query){.which = QUEUE_MINE}, &q, e));
    assert_int_equal(q.n, 1);
    assert_string_equal(q.rows[0].phase.p, "Assigned");
    assert_string_equal(q.rows[0].handler.p, "alice");
    assert_string_equal(q.rows[0].next.kind.p, "detail");
    T_OK(replay_check(&t->d, e));
}

static void ack_bytes(void **state)
{
    struct test_desk *t = *state;
    struct test_mail tm = {.from = "f@reporter.example",
                           .mid = "m1@reporter.example",
                           .subject = "SECRETSUBJECT",
                           .text = "SECRETTEXT\n"};
    struct intake_result r = test_mail_in(t, &tm);
    test_acknowledge(t, r.message_id);
    static const struct sql q = {"ack_bytes", "SELECT bytes FROM outbox", NULL};
    AUTO(rows) struct rows *rows = NULL;
    T_OK(db_query(t->d.db, &q, DB_NOARGS, &rows, e));
    assert_true(rows_next(rows));
    struct str b = row_blob(rows, 0);
    static const char *const wanted[] = {"Subject: [EX-2026-0001] We received your report\r\n",
                                         "Auto-Submitted: auto-replied\r\n",
                                         "X-Loop: security@desk.example\r\n",
                                         "In-Reply-To: <m1@reporter.example>\r\n",
                                         "References: <m1@reporter.example>\r\n",
                                         "To: f@reporter.example\r\n",
                                         "https://desk.example/r/",
                                         "-----BEGIN VULNDESK RECEIPT-----"};
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        if (str_find(b, str_c(wanted[i])) == STR_NPOS)
            fail_msg("the acknowledgement lacks %s in:\n%.*s", wanted[i], STR_ARG(b));
    assert_true(str_find(b, STR("SECRET")) == STR_NPOS);
    assert_true(str_find(b, STR("promise")) == STR_NPOS);
    /* Only the hash of the way back is stored. */
    size_t at = str_find(b, STR("/r/"));
    struct str secret = str_sub(b, at + 3, SECRET_LEN);
    enum way_back_state way;
    T_OK(way_back_peek(&t->d, secret, &way, e));
    assert_int_equal(way, WAY_GOOD);
    struct str kept = test_text(t, "SELECT body FROM message WHERE direction = 'auto'");
    assert_true(str_find(kept, STR("https://desk.example/r/(private)")) != STR_NPOS);
    assert_true(str_find(kept, secret) == STR_NPOS);
}

static struct str ack_text(struct test_desk *t, const char *mid)
{
    struct test_mail tm = {.from = "f@reporter.example", .mid = mid, .text = mid};
    test_acknowledge(t, test_mail_in(t, &tm).message_id);
    return test_text(t, "SELECT body FROM message WHERE direction = 'auto' ORDER BY id DESC");
}

static bool says(struct str text, const char *what)
{
    return str_find(text, str_c(what)) != STR_NPOS;
}

/* What the policy does not promise is not promised; the team's own times are called the team's. */
static void promises(void **state)
{
    struct test_desk *t = *state;
    assert_false(says(ack_text(t, "p0@reporter.example"), "next steps"));
    struct str policy = STR("# Security\n\n## Reporting a vulnerability\n\nMail us. We will "
                            "acknowledge your report as soon as possible, and will send a more "
                            "detailed response afterwards indicating the next steps.\n\n"
                            "A report is assigned to a primary handler.\n");
    T_OK(policy_parse(t->a, policy, &t->d.policy, e));
    struct str text = ack_text(t, "p1@reporter.example");
    assert_true(says(text,
                     "  * We will acknowledge your report as soon as possible, and will send a"
                     "\n    more detailed response afterwards indicating the next steps.\n"));
    assert_true(says(text, "primary handler"));
    assert_true(says(text, "not part of the policy"));
    assert_true(says(text, "a detailed answer within 3 days"));
    assert_false(says(text, "news at least every")); /* updates are not promised */
    assert_true(says(text, "https://desk.example/"));
    t->set->policy.detail = false; /* the team took it back */
    assert_false(says(ack_text(t, "p2@reporter.example"), "a detailed answer within"));
    /* A time that the policy states is the policy's. */
    policy = STR("# Security\n\n## Reporting a vulnerability\n\nWe acknowledge your report within "
                 "48 hours.\n");
    T_OK(policy_parse(t->a, policy, &t->d.policy, e));
    assert_true(says(ack_text(t, "p3@reporter.example"), "within 48 hours"));
    assert_int_equal(test_count(t, "SELECT count(*) FROM clock WHERE kind = 'acknowledge' AND"
                                   " source = 'policy' AND due_us - started_us = 172800000000"),
                     1);
}

static void encrypted(void **state)
{
    struct test_desk *t = *state;
    struct mail *m = mem_zalloc(sizeof(*m));
    struct test_mail tm = {.from = "f@reporter.example", .mid = "e1@reporter.example"};
    test_mail_make(t, &tm, m);
    m->crypto = MAIL_CRYPTO_PGP_ENCRYPTED;
    m->text = STR_NONE;
    struct intake_result r = test_record_in(t, m, &tm);
    assert_true(r.kind == INTAKE_NEW && r.acknowledge);
    test_acknowledge(t, r.message_id);
    assert_true(says(test_text(t, "SELECT body FROM message WHERE direction = 'auto'"),
                     "Your mail is encrypted."));
    struct view_case v;
    struct actor alice = test_actor(t, "alice");
    T_OK(view_case(&t->d, &alice, t->a, r.case_id, &v, e));
    assert_true(v.threads[0].messages[0].encrypted && v.threads[0].messages[0].blob_id != 0);
    free(m);
}

static void default_embargo(void **state)
{
    struct test_desk t;
    test_desk_init(&t, on_pg, "default_embargo = 90d\n");
    test_account(&t, "alice", 1);
    struct test_mail tm = {.from = "f@reporter.example", .mid = "m1@reporter.example"};
    test_mail_in(&t, &tm);
    assert_string_equal(test_text(&t, "SELECT em FROM vcase").p, "P");
    assert_int_equal(test_count(&t, "SELECT em_until_us FROM vcase"), t.now_us + 90 * US_PER_DAY);
    T_OK(replay_check(&t.d, e));
    test_desk_release(&t);
}

static void nobody_to_handle(void **state)
{
    struct test_desk t;
    struct mail *m = mem_zalloc(sizeof(*m));
    struct test_mail tm = {.from = "f@reporter.example", .mid = "m1@reporter.example"};
    struct intake_result r;
    struct intake_env env = {.spool = STR("sp"),
                             .return_path = STR("f@reporter.example"),
                             .rcpts = NULL,
                             .n_rcpts = 0,
                             .received_us = TEST_NOW_US};
    struct intake_blob blob = {STR_NONE, STR_NONE, 1};
    test_desk_init(&t, on_pg, "");
    test_mail_make(&t, &tm, m);
    T_RC(RC_BUSY, desk_intake(&t.d, m, &env, &blob, &r, e)); /* it waits in the spool */
    test_account(&t, "alice", 0);
    T_OK(desk_intake(&t.d, m, &env, &blob, &r, e));
    free(m);
    test_desk_release(&t);
}

static void again_and_duplicate(void **state)
{
    struct test_desk *t = *state;
    struct test_mail tm = {
        .from = "f@reporter.example", .mid = "m1@reporter.example", .spool = "spool-x"};
    struct intake_result first = test_mail_in(t, &tm), again = test_mail_in(t, &tm);
    assert_int_equal(again.kind, INTAKE_NEW);
    assert_true(again.again && again.acknowledge && !again.keep_blob);
    assert_int_equal(again.message_id, first.message_id);
    assert_string_equal(again.number, first.number);
    tm.spool = NULL; /* a second delivery */
    struct intake_result dup = test_mail_in(t, &tm);
    assert_int_equal(dup.kind, INTAKE_DUPLICATE);
    assert_int_equal(dup.message_id, first.message_id);
    assert_false(dup.acknowledge || dup.keep_blob);
    assert_int_equal(test_count(t, "SELECT count(*) FROM message"), 1);
    assert_int_equal(test_count(t, "SELECT count(*) FROM vcase"), 1);
    tm.text = "other words\n"; /* the same Message-ID with other content is another message */
    assert_int_equal(test_mail_in(t, &tm).kind, INTAKE_NEW);
}

/* The thread's own address, as our Reply-To says it. */
static const char *thread_rcpt(struct test_desk *t)
{
    return arena_strf(t->a, "security+%s@desk.example",
                      test_text(t, "SELECT tag FROM thread ORDER BY id LIMIT 1").p)
        .p;
}

static void replies_without_authserv(void **state)
{
    struct test_desk *t = *state;
    struct test_mail tm = {.from = "f@reporter.example", .mid = "m1@reporter.example"};
    struct intake_result r = test_mail_in(t, &tm);
    test_acknowledge(t, r.message_id);
    const char *ours = test_text(t, "SELECT mid FROM outbox").p;
    /* Our Message-ID carries the tag; so does the address. */
    struct test_mail by_ref = {
        .from = "F@reporter.example", .mid = "m2@reporter.example", .ref = ours, .text = "2\n"};
    struct intake_result j = test_mail_in(t, &by_ref);
    assert_int_equal(j.kind, INTAKE_JOINED);
    assert_int_equal(j.thread_id, r.thread_id);
    assert_false(j.acknowledge);
    struct test_mail by_addr = {.from = "f@reporter.example",
                                .mid = "m3@reporter.example",
                                .rcpt = thread_rcpt(t),
                                .text = "3\n"};
    assert_int_equal(test_mail_in(t, &by_addr).kind, INTAKE_JOINED);
    /* The own Message-ID or the number are no secret: anybody may know them. */
    struct test_mail by_own = {.from = "f@reporter.example",
                               .mid = "m4@reporter.example",
                               .ref = "m1@reporter.example",
                               .text = "4\n"};
    assert_int_equal(test_mail_in(t, &by_own).kind, INTAKE_HELD);
    struct test_mail by_number = {.from = "f@reporter.example",
                                  .mid = "m5@reporter.example",
                                  .subject = "Re: [EX-2026-0001] hello",
                                  .text = "5\n"};
    assert_int_equal(test_mail_in(t, &by_number).kind, INTAKE_HELD);
    /* A stranger who got hold of the tag is still no participant. */
    struct test_mail stranger = {.from = "evil@evil.example",
                                 .mid = "m6@evil.example",
                                 .rcpt = thread_rcpt(t),
                                 .text = "6\n"};
    struct intake_result held = test_mail_in(t, &stranger);
    assert_int_equal(held.kind, INTAKE_HELD);
    assert_int_equal(held.thread_id, 0);
    assert_false(held.acknowledge);
    struct test_mail nosuch = {
        .from = "evil@evil.example", .mid = "m7@evil.example", .subject = "[EX-2026-0999] x"};
    assert_int_equal(test_mail_in(t, &nosuch).kind, INTAKE_HELD);
    T_OK(replay_check(&t->d, e));
}

static void replies_with_authserv(void **state)
{
    struct test_desk t;
    test_desk_init(&t, on_pg, "[mail]\nauthserv_id = mx.example\n");
    test_account(&t, "alice", 1);
    struct test_mail tm = {
        .from = "f@reporter.example", .mid = "m1@reporter.example", .proof = AUTHRES_DMARC};
    test_mail_in(&t, &tm);
    struct test_mail forged = {.from = "f@reporter.example",
                               .mid = "m2@reporter.example",
                               .rcpt = thread_rcpt(&t),
                               .text = "2\n"};
    assert_int_equal(test_mail_in(&t, &forged).kind, INTAKE_HELD);
    struct test_mail proven = {.from = "f@reporter.example",
                               .mid = "m3@reporter.example",
                               .subject = "AW: [ex-2026-0001] more",
                               .proof = AUTHRES_DKIM,
                               .text = "3\n"};
    assert_int_equal(test_mail_in(&t, &proven).kind, INTAKE_JOINED);
    struct test_mail other = {.from = "evil@evil.example",
                              .mid = "m4@evil.example",
                              .subject = "[EX-2026-0001] more",
                              .proof = AUTHRES_DMARC,
                              .text = "4\n"};
    assert_int_equal(test_mail_in(&t, &other).kind, INTAKE_HELD);
    /* Two From mailboxes: none counts. */
    struct mail *m = mem_zalloc(sizeof(*m));
    proven.mid = "m5@reporter.example";
    proven.text = "5\n";
    test_mail_make(&t, &proven, m);
    m->from_mailboxes = 2;
    assert_int_equal(test_record_in(&t, m, &proven).kind, INTAKE_HELD);
    free(m);
    assert_int_equal(test_count(&t, "SELECT count(*) FROM vcase"), 1);
    test_desk_release(&t);
}

static void set_aside(void **state)
{
    struct test_desk *t = *state;
    struct mail *m = mem_zalloc(sizeof(*m));
    struct test_mail tm = {.from = "s@spam.example", .mid = "s1@spam.example"};
    test_mail_make(t, &tm, m);
    m->automatic.spam = true;
    assert_int_equal(test_record_in(t, m, &tm).kind, INTAKE_SPAM);
    tm.mid = "s2@spam.example";
    test_mail_make(t, &tm, m);
    m->automatic.loops[0] = STR("security@desk.example");
    m->automatic.n_loops = 1;
    assert_int_equal(test_record_in(t, m, &tm).kind, INTAKE_LOOP);
    /* A wording that looks like a bounce, about no mail of ours, is somebody's report. */
    tm.mid = "s3@spam.example";
    test_mail_make(t, &tm, m);
    m->report.kind = DSN_BOUNCE;
    m->report.guessed = true;
    assert_int_equal(test_record_in(t, m, &tm).kind, INTAKE_NEW);
    tm.mid = "s4@spam.example";
    test_mail_make(t, &tm, m);
    m->report.kind = DSN_BOUNCE;
    assert_int_equal(test_record_in(t, m, &tm).kind, INTAKE_BOUNCE);
    assert_int_equal(test_count(t, "SELECT count(*) FROM vcase"), 1);
    assert_int_equal(test_count(t, "SELECT count(*) FROM task WHERE kind = 'acknowledge'"), 1);
    free(m);
}

static void bounce(void **state)
{
    struct test_desk *t = *state;
    struct test_mail tm = {.from = "f@reporter.example", .mid = "m1@reporter.example"};
    struct intake_result r = test_mail_in(t, &tm);
    int64_t outbox = test_acknowledge(t, r.message_id);
    test_sent(t, outbox);
    struct dsn_recipient who = {
        STR("f@reporter.example"), STR("f@reporter.example"), DSN_FAILED, STR("5.1.1"), false,
        STR("no such user here")};
    struct mail *m = mem_zalloc(sizeof(*m));
    struct test_mail dsn = {
        .from = "MAILER-DAEMON@mx.example", .path = "", .mid = "b1@mx.example", .text = "dsn\n"};
    test_mail_make(t, &dsn, m);
    m->report.kind = DSN_BOUNCE;
    m->report.recipients = &who;
    m->report.n_recipients = 1;
    m->report.original_mid = test_text(t, "SELECT mid FROM outbox");
    struct intake_result b = test_record_in(t, m, &dsn);
    assert_int_equal(b.kind, INTAKE_BOUNCE);
    assert_int_equal(b.case_id, r.case_id);
    assert_string_equal(test_text(t, "SELECT state FROM outbox").p, "failed");
    assert_string_equal(test_text(t, "SELECT answer FROM outbox").p, "5.1.1 no such user here");
    assert_int_equal(test_count(t, "SELECT count(*) FROM event WHERE kind = 'mail.failed'"), 1);
    assert_int_equal(test_count(t, "SELECT count(*) FROM task WHERE kind = 'acknowledge'"), 1);
    free(m);
    T_OK(replay_check(&t->d, e));
}

/* Cut inside a letter they would be no text, which PostgreSQL refuses. */
static void long_words_of_a_bounce_stay_text(void **state)
{
    struct test_desk *t = *state;
    struct test_mail tm = {.from = "f@reporter.example", .mid = "m1@reporter.example"};
    struct intake_result r = test_mail_in(t, &tm);
    test_sent(t, test_acknowledge(t, r.message_id));
    AUTO(buf) struct buf words = BUF_INIT(DSN_DIAG_MAX);
    for (int i = 0; i < DSN_DIAG_MAX / 3; i++)
        buf_adds(&words, "\xe2\x82\xac");
    struct dsn_recipient who = {STR("f@reporter.example"),
                                STR("f@reporter.example"),
                                DSN_FAILED,
                                STR("5.1.1"),
                                false,
                                buf_str(&words)};
    struct mail *m = mem_zalloc(sizeof(*m));
    struct test_mail dsn = {
        .from = "MAILER-DAEMON@mx.example", .path = "", .mid = "b1@mx.example", .text = "dsn\n"};
    test_mail_make(t, &dsn, m);
    m->report.kind = DSN_BOUNCE;
    m->report.recipients = &who;
    m->report.n_recipients = 1;
    m->report.original_mid = test_text(t, "SELECT mid FROM outbox");
    assert_int_equal(test_record_in(t, m, &dsn).kind, INTAKE_BOUNCE);
    struct str answer = test_text(t, "SELECT answer FROM outbox");
    assert_true(utf8_valid(answer) && answer.n > OUTBOX_ANSWER_MAX - 3);
    free(m);
}

static void no_answer_to_machines(void **state)
{
    struct test_desk *t = *state;
    struct mail *m = mem_zalloc(sizeof(*m));
    struct test_mail tm = {.from = "bot@ci.example", .mid = "a1@ci.example"};
    test_mail_make(t, &tm, m);
    m->automatic.submitted = SUBMITTED_AUTO;
    struct intake_result r = test_record_in(t, m, &tm);
    assert_int_equal(r.kind, INTAKE_NEW); /* never lost */
    assert_false(r.acknowledge);
    assert_int_equal(test_count(t, "SELECT count(*) FROM event WHERE kind = 'ack.withheld'"), 1);
    assert_int_equal(test_acknowledge(t, r.message_id), 0);
    free(m);
    /* The rate limit: ten an hour by default; the eleventh report still becomes a case. */
    int answered = 0;
    for (int i = 0; i < 14; i++) {
        struct test_mail again = {.from = "f@reporter.example",
                                  .text = arena_strf(t->a, "hole %d\n", i).p,
                                  .mid = arena_strf(t->a, "x%d@reporter.example", i).p};
        r = test_mail_in(t, &again);
        assert_int_equal(r.kind, INTAKE_NEW);
        answered += r.acknowledge;
    }
    assert_int_equal(answered, t->set->mail.ack_rate_count);
    assert_string_equal(r.number, "EX-2026-0015");
}

static void keys_away(void **state)
{
    struct test_desk *t = *state;
    struct mail *m = mem_zalloc(sizeof(*m));
    struct test_mail tm = {.from = "f@reporter.example", .mid = "m1@reporter.example"};
    struct intake_result r;
    struct str rcpt = STR("security@desk.example");
    struct intake_env env = {.spool = STR("sp"),
                             .return_path = STR("f@reporter.example"),
                             .rcpts = &rcpt,
                             .n_rcpts = 1,
                             .received_us = t->now_us};
    struct intake_blob blob = {STR(HEX64), STR("inbox/" HEX64), 1};
    test_mail_make(t, &tm, m);
    t->keys_away = true;
    T_RC(RC_BUSY, desk_intake(&t->d, m, &env, &blob, &r, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM message"), 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM vcase"), 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM blob"), 0);
    t->keys_away = false;
    T_OK(desk_intake(&t->d, m, &env, &blob, &r, e));
    assert_string_equal(r.number, "EX-2026-0001"); /* the failed try used no number up */
    free(m);
}

static void quarantine_and_release(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct intake_result r, rel;
    struct intake_env env = {.spool = STR("sp-q"),
                             .return_path = STR("f@reporter.example"),
                             .rcpts = NULL,
                             .n_rcpts = 0,
                             .received_us = t->now_us};
    struct intake_blob blob = {STR(HEX64), STR("inbox/" HEX64), 9};
    T_OK(desk_quarantine(&t->d, &env, &blob, STR("the parser died twice"), &r, e));
    assert_int_equal(r.kind, INTAKE_QUARANTINED);
    struct intake_result again;
    T_OK(desk_quarantine(&t->d, &env, &blob, STR("the parser died twice"), &again, e));
    assert_int_equal(again.message_id, r.message_id);
    struct test_mail tm = {.from = "f@reporter.example", .mid = "m1@reporter.example"};
    struct intake_result first = test_mail_in(t, &tm);
    struct test_mail held = {.from = "g@reporter.example",
                             .mid = "m2@reporter.example",
                             .ref = "m1@reporter.example",
                             .text = "me too\n"};
    struct intake_result h = test_mail_in(t, &held);
    assert_int_equal(h.kind, INTAKE_HELD);
    struct view_held list;
    T_OK(view_held(&t->d, &alice, t->a, STR_NONE, &list, e));
    assert_int_equal(list.n, 2);
    assert_string_equal(list.rows[0].number.p, "EX-2026-0001");
    T_RC(RC_INVALID, held_release(&t->d, &alice, h.message_id, STR_NONE, STR(""), &rel, e));
    T_OK(held_release(&t->d, &alice, h.message_id, str_c(first.number), STR("same finding"), &rel,
                      e));
    assert_int_equal(rel.case_id, first.case_id);
    assert_true(rel.thread_id != first.thread_id);
    T_RC(RC_INVALID, held_discard(&t->d, &alice, h.message_id, STR("twice"), e));
    T_OK(held_release(&t->d, &alice, r.message_id, STR_NONE, STR("looks real"), &rel, e));
    assert_int_equal(rel.kind, INTAKE_NEW);
    assert_string_equal(rel.number, "EX-2026-0002");
    struct actor reporter = {.kind = ACTOR_REPORTER, .thread_id = first.thread_id};
    T_RC(RC_DENIED, held_discard(&t->d, &reporter, h.message_id, STR("no"), e));
    T_OK(replay_check(&t->d, e));
}

int main(int argc, char **argv)
{
    on_pg = test_wants_pg(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(table_of_proposals),
        DESK_TEST(new_case),
        DESK_TEST(ack_bytes),
        DESK_TEST(promises),
        DESK_TEST(encrypted),
        cmocka_unit_test(default_embargo),
        cmocka_unit_test(nobody_to_handle),
        DESK_TEST(again_and_duplicate),
        DESK_TEST(replies_without_authserv),
        cmocka_unit_test(replies_with_authserv),
        DESK_TEST(set_aside),
        DESK_TEST(bounce),
        DESK_TEST(long_words_of_a_bounce_stay_text),
        DESK_TEST(no_answer_to_machines),
        DESK_TEST(keys_away),
        DESK_TEST(quarantine_and_release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
