/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person writes: drafts, the minute in which a reply can be undone, forms sent twice, two
 * people in one reply, texts to start from.  On both back ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>

#include "desk/canned.h"
#include "desk/draft.h"
#include "desk/reply.h"
#include "desk/testing.h"
#include "desk/view.h"
#include "os/file.h"
#include "store/outbox.h"

#define MINUTE INT64_C(60000000)

static bool on_pg;

static int begin(void **state)
{
    test_desk_begin(state, on_pg, "", "alice bob");
    struct test_desk *t = *state;
    t->set->mail.undo_us = MINUTE;
    return 0;
}

static int claimed(struct test_desk *t, const char *kind)
{
    const char *const kinds[] = {kind, NULL};
    const struct task_claim c = {.max = 10, .lease_us = 1000 * MINUTE, .kinds = kinds};
    struct task *tasks;
    int n;
    T_OK(task_claim(t->d.db, t->a, &c, &tasks, &n, e));
    return n;
}

static struct intake_result report(struct test_desk *t)
{
    struct test_mail tm = {.from = "f@reporter.example",
                           .mid = "r1@reporter.example",
                           .subject = "A hole",
                           .proof = AUTHRES_DMARC,
                           .text = "It is in parse_name().\n"};
    struct intake_result r = test_mail_in(t, &tm);
    test_sent(t, test_acknowledge(t, r.message_id));
    (void)claimed(t, "outbox"); /* its task, out of the way */
    return r;
}

static struct reply_new reply_of(const struct intake_result *r, const char *text, const char *token)
{
    return (struct reply_new){
        .thread_id = r->thread_id, .text = str_c(text), .token = str_c(token)};
}

static size_t reporter_sees(struct test_desk *t, const struct intake_result *r, const char *text)
{
    struct actor who = {.kind = ACTOR_REPORTER, .login = STR_NONE, .thread_id = r->thread_id};
    struct view_reporter v;
    size_t n = 0;
    T_OK(view_reporter(&t->d, &who, t->a, &v, e));
    for (size_t i = 0; i < v.thread.n_messages; i++)
        n += str_find(v.thread.messages[i].body, str_c(text)) != STR_NPOS;
    return n;
}

static const struct view_draft *own_draft(const struct view_case *v, int64_t thread)
{
    for (size_t i = 0; i < v->n_drafts; i++)
        if (v->drafts[i].own && v->drafts[i].thread_id == thread)
            return &v->drafts[i];
    return NULL;
}

static void a_reply_waits_its_minute_and_then_goes(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct intake_result r = report(t);
    struct reply_new n = reply_of(&r, "We see it too.", "a1");
    struct view_case v;
    int64_t message;
    T_OK(reply_send(&t->d, &alice, &n, &message, e));
    T_OK(view_case(&t->d, &alice, t->a, r.case_id, &v, e));
    size_t last = v.threads[0].n_messages - 1;
    assert_int_equal(v.threads[0].messages[last].id, message);
    assert_true(view_may_undo(&v.threads[0].messages[last], t->now_us));
    assert_int_equal(v.threads[0].messages[last].outbox[0].due_us, t->now_us + MINUTE);
    assert_int_equal(reporter_sees(t, &r, "We see it too."), 0);
    assert_int_equal(claimed(t, "outbox"), 0);
    t->now_us += MINUTE - 1;
    assert_int_equal(reporter_sees(t, &r, "We see it too."), 0);
    assert_int_equal(claimed(t, "outbox"), 0);
    t->now_us += 1;
    assert_int_equal(claimed(t, "outbox"), 1);
    assert_int_equal(reporter_sees(t, &r, "We see it too."), 1);
    T_RC(RC_INVALID, reply_undo(&t->d, &alice, message, e));
    T_RC(RC_INVALID, reply_hurry(&t->d, &alice, message, e));
}

static void an_undone_reply_was_never_there(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice"), bob = test_actor(t, "bob");
    struct actor outside = {.kind = ACTOR_REPORTER, .login = STR_NONE};
    struct intake_result r = report(t);
    struct reply_new n = reply_of(&r, "Too early.\n\nSorry.", "a1");
    struct view_case v;
    int64_t message, again;
    n.wait = true;
    T_OK(reply_send(&t->d, &alice, &n, &message, e));
    assert_true(test_count(t, "SELECT count(*) FROM clock WHERE state = 'paused'") > 0);
    t->now_us += MINUTE / 2;
    bool kept;
    struct draft_new later = {.case_id = r.case_id, .thread_id = r.thread_id, .text = STR("more")};
    T_OK(draft_keep(&t->d, &alice, &later, &kept, e));
    T_RC(RC_DENIED, reply_undo(&t->d, &outside, message, e));
    T_RC(RC_INVALID, reply_undo(&t->d, &alice, r.message_id, e)); /* not a reply */
    T_OK(reply_undo(&t->d, &bob, message, e));                    /* a colleague may */
    struct err twice = ERR_INIT;
    assert_int_equal(reply_undo(&t->d, &alice, message, &twice), RC_INVALID);
    assert_string_equal(twice.msg, "this reply was undone already: nothing was sent");
    assert_string_equal(test_text(t, "SELECT state FROM outbox WHERE kind = 'reply'").p,
                        "cancelled");
    assert_int_equal(test_count(t, "SELECT count(*) FROM event WHERE kind = 'reply.undone'"), 1);
    assert_int_equal(test_count(t, "SELECT count(*) FROM clock WHERE state = 'paused'"), 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM thread WHERE waiting_us IS NOT NULL"), 0);
    t->now_us += 10 * MINUTE;
    assert_int_equal(claimed(t, "outbox"), 0);
    assert_int_equal(reporter_sees(t, &r, "Too early."), 0);
    /* Its text is where its author writes, in front of what came since; not where the colleague
     * does. */
    T_OK(view_case(&t->d, &alice, t->a, r.case_id, &v, e));
    assert_non_null(own_draft(&v, r.thread_id));
    assert_string_equal(own_draft(&v, r.thread_id)->text.p, "Too early.\n\nSorry.\n\nmore");
    for (size_t i = 0; i < v.threads[0].n_messages; i++)
        assert_true(v.threads[0].messages[i].id != message);
    T_OK(view_case(&t->d, &bob, t->a, r.case_id, &v, e));
    assert_null(own_draft(&v, r.thread_id));
    /* The same form may be sent again. */
    T_OK(reply_send(&t->d, &alice, &n, &again, e));
    assert_int_not_equal(again, message);
}

static void a_reply_can_be_sent_before_its_minute_is_over(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct intake_result r = report(t);
    struct reply_new n = reply_of(&r, "Now.", "a1");
    int64_t message;
    T_OK(reply_send(&t->d, &alice, &n, &message, e));
    T_OK(reply_hurry(&t->d, &alice, message, e));
    assert_int_equal(claimed(t, "outbox"), 1);
    T_RC(RC_INVALID, reply_undo(&t->d, &alice, message, e));
    t->set->mail.undo_us = 0;
    struct reply_new at_once = reply_of(&r, "At once.", "a2");
    T_OK(reply_send(&t->d, &alice, &at_once, &message, e));
    T_RC(RC_INVALID, reply_undo(&t->d, &alice, message, e));
    assert_int_equal(claimed(t, "outbox"), 1);
}

static void a_form_sent_twice_is_one_mail_and_one_note(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice"), bob = test_actor(t, "bob");
    struct intake_result r = report(t);
    struct reply_new n = reply_of(&r, "Once.", "a1");
    int64_t first, second, other;
    T_OK(reply_send(&t->d, &alice, &n, &first, e));
    T_OK(reply_send(&t->d, &alice, &n, &second, e));
    assert_int_equal(first, second);
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'reply'"), 1);
    T_OK(reply_send(&t->d, &bob, &n, &other, e)); /* a token is its account's own */
    assert_int_not_equal(first, other);
    T_OK(note_add_once(&t->d, &alice, r.case_id, STR("n"), STR("b1"), &first, e));
    T_OK(note_add_once(&t->d, &alice, r.case_id, STR("n"), STR("b1"), &second, e));
    assert_int_equal(first, second);
    T_OK(note_add(&t->d, &alice, r.case_id, STR("n"), &first, e));
    T_OK(note_add(&t->d, &alice, r.case_id, STR("n"), &second, e));
    assert_int_not_equal(first, second);
    T_RC(RC_LIMIT, note_add_once(&t->d, &alice, r.case_id, STR("n"), arena_strf(t->a, "%065d", 1),
                                 &first, e));
}

static void the_second_of_two_is_told_and_nothing_goes_twice(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice"), bob = test_actor(t, "bob");
    struct intake_result r = report(t);
    struct view_case v;
    int64_t message;
    T_OK(view_case(&t->d, &alice, t->a, r.case_id, &v, e));
    int64_t newest = view_newest(&v.threads[0]);
    struct reply_new a = reply_of(&r, "From Alice.", "a1"), b = reply_of(&r, "From Bob.", "b1");
    a.check_newest = b.check_newest = true;
    a.newest = b.newest = newest;
    T_OK(reply_send(&t->d, &alice, &a, &message, e));
    T_RC(RC_CONFLICT, reply_send(&t->d, &bob, &b, &message, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'reply'"), 1);
    /* Alice's double click is still hers. */
    T_OK(reply_send(&t->d, &alice, &a, &message, e));
    T_OK(view_case(&t->d, &bob, t->a, r.case_id, &v, e));
    b.newest = view_newest(&v.threads[0]);
    assert_int_equal(b.newest, message);
    T_OK(reply_send(&t->d, &bob, &b, &message, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'reply'"), 2);
}

static void a_draft_is_kept_shown_and_dropped_when_sent(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice"), bob = test_actor(t, "bob"), cli = actor_cli(1);
    struct intake_result r = report(t);
    struct view_case v;
    bool kept;
    int64_t message;
    struct draft_new n = {
        .case_id = r.case_id, .thread_id = r.thread_id, .text = STR("Hello\n"), .token = STR("a1")};
    T_OK(draft_keep(&t->d, &alice, &n, &kept, e));
    assert_true(kept);
    T_RC(RC_DENIED, draft_keep(&t->d, &cli, &n, &kept, e));
    struct draft_new wrong = n;
    wrong.case_id++;
    T_RC(RC_NOTFOUND, draft_keep(&t->d, &alice, &wrong, &kept, e));
    n.text = STR("Hello there");
    T_OK(draft_keep(&t->d, &alice, &n, &kept, e));
    T_OK(view_case(&t->d, &alice, t->a, r.case_id, &v, e));
    assert_string_equal(own_draft(&v, r.thread_id)->text.p, "Hello there");
    /* A colleague is told who writes, not what; and only while it is fresh. */
    T_OK(view_case(&t->d, &bob, t->a, r.case_id, &v, e));
    assert_int_equal(v.n_drafts, 1);
    assert_false(v.drafts[0].own);
    assert_int_equal(v.drafts[0].text.n, 0);
    assert_int_equal(v.drafts[0].thread_id, r.thread_id);
    t->now_us += DRAFT_FRESH_US;
    T_OK(view_case(&t->d, &bob, t->a, r.case_id, &v, e));
    assert_int_equal(v.n_drafts, 0);
    T_OK(view_case(&t->d, &alice, t->a, r.case_id, &v, e));
    assert_int_equal(v.n_drafts, 1);
    /* Sent: gone; and a late save of the same form does not bring it back. */
    struct reply_new say = reply_of(&r, "Hello there", "a1");
    T_OK(reply_send(&t->d, &alice, &say, &message, e));
    T_OK(draft_keep(&t->d, &alice, &n, &kept, e));
    assert_false(kept);
    assert_int_equal(test_count(t, "SELECT count(*) FROM draft"), 0);
    n.token = STR_NONE;
    T_OK(draft_keep(&t->d, &alice, &n, &kept, e));
    n.text = STR(" \n");
    T_OK(draft_keep(&t->d, &alice, &n, &kept, e)); /* emptied */
    assert_int_equal(test_count(t, "SELECT count(*) FROM draft"), 0);
}

static void drafts_go_with_a_joined_case(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct intake_result a = report(t);
    struct test_mail tm = {
        .from = "g@reporter.example", .mid = "r2@reporter.example", .text = "another\n"};
    struct intake_result b = test_mail_in(t, &tm);
    bool kept;
    struct draft_new n[] = {{.case_id = a.case_id, .text = STR("note one")},
                            {.case_id = b.case_id, .text = STR("note two")},
                            {.case_id = b.case_id, .thread_id = b.thread_id, .text = STR("reply")}};
    struct view_case v;
    for (size_t i = 0; i < ARRAY_LEN(n); i++)
        T_OK(draft_keep(&t->d, &alice, &n[i], &kept, e));
    T_OK(vcase_join(&t->d, &alice, a.case_id, b.case_id, STR("the same"), e));
    T_OK(view_case(&t->d, &alice, t->a, a.case_id, &v, e));
    assert_string_equal(own_draft(&v, 0)->text.p, "note one\n\nnote two");
    assert_string_equal(own_draft(&v, b.thread_id)->text.p, "reply");
}

static void the_preview_is_the_mail(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct intake_result r = report(t);
    struct reply_new n = reply_of(&r, "We look into it.", "a1");
    struct reply_mail m;
    int64_t message;
    T_OK(reply_compose(&t->d, &alice, t->a, &n, &m, e));
    T_OK(reply_send(&t->d, &alice, &n, &message, e));
    assert_true(str_eq(m.to, test_text(t, "SELECT rcpt FROM outbox WHERE kind = 'reply'")));
    assert_true(
        str_eq(m.subject, test_text(t, "SELECT subject FROM message WHERE direction = 'out'")));
    assert_true(str_eq(m.text, test_text(t, "SELECT body FROM message WHERE direction = 'out'")));
}

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    T_OK(file_write_sync(AT_FDCWD, path, str_c(text), 0600, e));
}

static void texts_to_start_from(void **state)
{
    struct test_desk *t = *state;
    AUTO(canned) struct canned *c = NULL;
    AUTO(canned) struct canned *own = NULL;
    AUTO(canned) struct canned *bad = NULL;
    char dir[] = "/tmp/vulndesk-canned-XXXXXX";
    T_OK(canned_load(STR("/nonexistent"), &c, e));
    assert_int_equal(c->n, 4);
    const struct canned_text *ask = canned_find(c, STR("ask-for-steps"));
    assert_non_null(ask);
    struct str said = canned_fill(t->a, ask, STR("Kim"), STR("EX-2026-0001"));
    assert_true(str_starts(said, STR("Hello Kim,\n")));
    assert_true(str_find(said, STR("EX-2026-0001")) != STR_NPOS);
    assert_null(canned_find(c, STR("../x")));
    assert_non_null(mkdtemp(dir));
    write_file(dir, "ask-for-steps.txt", "Ours\n\nDear {name}: {what} {number}{\n");
    write_file(dir, "zz.txt", "A first\nText\n");
    write_file(dir, "README", "not one\n");
    T_OK(canned_load(str_c(dir), &own, e));
    assert_int_equal(own->n, 5);
    assert_string_equal(own->v[0].title.p, "A first");
    said = canned_fill(t->a, canned_find(own, STR("ask-for-steps")), STR("{number}"), STR("N"));
    assert_true(str_eq(said, STR("Dear {number}: {what} N{")));
    write_file(dir, "Bad Name.txt", "x\ny\n");
    T_RC(RC_INVALID, canned_load(str_c(dir), &bad, e));
    T_OK(file_remove_sync(AT_FDCWD, arena_strf(t->a, "%s/Bad Name.txt", dir).p, e));
    write_file(dir, "empty.txt", "only a title\n");
    T_RC(RC_INVALID, canned_load(str_c(dir), &bad, e));
    T_OK(dir_remove(AT_FDCWD, dir, e));
}

int main(int argc, char **argv)
{
    on_pg = test_wants_pg(argc, argv);
    const struct CMUnitTest tests[] = {
        DESK_TEST(a_reply_waits_its_minute_and_then_goes),
        DESK_TEST(an_undone_reply_was_never_there),
        DESK_TEST(a_reply_can_be_sent_before_its_minute_is_over),
        DESK_TEST(a_form_sent_twice_is_one_mail_and_one_note),
        DESK_TEST(the_second_of_two_is_told_and_nothing_goes_twice),
        DESK_TEST(a_draft_is_kept_shown_and_dropped_when_sent),
        DESK_TEST(drafts_go_with_a_joined_case),
        DESK_TEST(the_preview_is_the_mail),
        DESK_TEST(texts_to_start_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
