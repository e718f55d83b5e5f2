/* SPDX-License-Identifier: Apache-2.0 */
/* The policy, its revisions and proposals to it; with the real engine, on both back ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>

#include "desk/cmd.h"
#include "desk/clock.h"
#include "desk/job.h"
#include "desk/proposal.h"
#include "desk/testing.h"
#include "engine/policy.h"
#include "os/file.h"
#include "store/task.h"

static bool on_pg;
static char scratch[64];

#define POLICY                                                                                     \
    "# Security policy of Tern\n\n## Reporting\n\nMail security@desk.example.\n\nWe acknowledge "  \
    "your report as soon as possible.\n\nWe send a more detailed response with the next "          \
    "steps.\n\n"                                                                                   \
    "## Fixes\n\nWe prepare fixes for all releases still under maintenance.\n"
#define HUNK(minus, plus)                                                                          \
    "--- a/SECURITY.md\n+++ b/SECURITY.md\n@@ -4,5 +4,5 @@\n \n Mail security@desk.example.\n \n"  \
    "-" minus "\n+" plus "\n \n"
#define SOON "We acknowledge your report as soon as possible."
#define WHEN "We acknowledge your report within 2 days."

static const struct policy *reading(struct test_desk *t, const char *text)
{
    const struct policy *p = NULL;
    T_OK(policy_parse(t->a, str_c(text), &p, e));
    return p;
}

static int begin(void **state)
{
    test_desk_begin(state, on_pg, "acknowledge = yes\ndetail = yes\n[mail]\nnotices = off\n",
                    "alice");
    struct test_desk *t = *state;
    bool fresh;
    snprintf(scratch, sizeof scratch, "/tmp/proposal-XXXXXX");
    assert_non_null(mkdtemp(scratch));
    T_OK(policy_take_file(&t->d, STR(POLICY), &fresh, e));
    assert_true(fresh);
    t->d.policy = reading(t, POLICY);
    return 0;
}

static int end(void **state)
{
    struct err e = ERR_INIT;
    test_desk_end(state);
    return dir_remove(AT_FDCWD, scratch, &e) == RC_OK ? 0 : -1;
}

/* As core and the worker would: asks the engine in this process. */
static void run_job(struct test_desk *t, const struct task *k)
{
    struct desk_ask q = DESK_ASK_INIT;
    AUTO(json) json_t *args = NULL;
    AUTO(json) json_t *answer = NULL;
    AUTO(buf) struct buf text = BUF_INIT(ENGINE_ANSWER_MAX);
    T_OK(desk_job_ask(&t->d, k->kind, k->subject, &q, e));
    if (q.engine) {
        T_OK(json_parse(buf_str(&q.args), DESK_ASK_ARGS_MAX, "args", &args, e));
        struct engine_job j = {.scratch = scratch, .args = args, .input = buf_str(&q.input)};
        T_OK(strcmp(q.engine, "policy-apply") == 0 ? engine_policy_apply(&j, &answer, e)
                                                   : engine_policy_commit(&j, &answer, e));
        T_OK(json_write(&text, answer, e));
        T_OK(desk_job_answer(&t->d, k->kind, k->subject, buf_str(&text), e));
    }
    desk_ask_release(&q);
}

static void run_jobs(struct test_desk *t)
{
    for (;;) {
        struct task_claim c = {.max = 8, .lease_us = 60000000, .kinds = desk_job_kinds};
        struct task *k;
        int n;
        T_OK(task_claim(t->d.db, t->a, &c, &k, &n, e));
        if (n == 0)
            return;
        for (int i = 0; i < n; i++) {
            run_job(t, &k[i]);
            T_OK(task_done(t->d.db, k[i].id, k[i].attempt, e));
        }
    }
}

/* A patch by mail, as the parse child describes it; the kind that intake made of it. */
static struct intake_result patch_in(struct test_desk *t, const char *diff, const char *file,
                                     const char *mid)
{
    struct mail m;
    struct test_mail tm = {.from = "ada@commenter.example",
                           .subject = "[PATCH] Say when",
                           .text = "Because.",
                           .mid = mid};
    test_mail_make(t, &tm, &m);
    m.patch = (struct mail_patch){.found = diff[0] != '\0',
                                  .file = str_c(file),
                                  .diff = str_c(diff),
                                  .message = STR("Because people wait."),
                                  .subject = STR_NONE};
    return test_record_in(t, &m, &tm);
}

static struct view_proposal look(struct test_desk *t, int64_t id)
{
    struct actor alice = test_actor(t, "alice");
    struct view_proposal v;
    T_OK(view_proposal(&t->d, &alice, t->a, id, &v, e));
    return v;
}

static void served_is(struct test_desk *t, const char *text)
{
    int64_t id;
    struct str now;
    T_OK(policy_revision_now(&t->d, &id, e));
    T_OK(policy_revision_text(&t->d, t->a, id, &now, e));
    assert_string_equal(now.p, text);
}

static void merged(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct intake_result r = patch_in(t, HUNK(SOON, WHEN), "SECURITY.md", "p1@commenter.example");
    assert_int_equal(r.kind, INTAKE_PROPOSAL);
    assert_int_equal(r.case_id, 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'proposal'"), 1);
    /* An answer to our mail is no report: a person looks at it. */
    struct test_mail answer = {.from = "ada@commenter.example",
                               .subject = "Re: Your proposal 1",
                               .text = "Yes.",
                               .mid = "p2@commenter.example",
                               .ref = test_text(t, "SELECT mid FROM outbox").p};
    assert_int_equal(test_mail_in(t, &answer).kind, INTAKE_HELD);
    /* The same record again is the same proposal. */
    patch_in(t, HUNK(SOON, WHEN), "SECURITY.md", "p1@commenter.example");
    assert_int_equal(test_count(t, "SELECT count(*) FROM proposal"), 1);
    struct view_proposal v = look(t, 1);
    assert_false(v.ready || v.stale || v.has_diff);
    T_RC(RC_INVALID, proposal_merge(&t->d, &alice, 1, v.p.revision_id, e));
    run_jobs(t);
    v = look(t, 1);
    assert_true(v.ready && v.has_diff && v.diff.added == 1 && v.diff.removed == 1);
    assert_string_equal(v.p.subject.p, "Say when");
    assert_true(v.n_behaviour >= 1 && v.behaviour[0].op == '~');
    assert_non_null(strstr(v.behaviour[0].says.p, "to 2 days"));
    T_RC(RC_INVALID, proposal_merge(&t->d, &alice, 1, v.p.revision_id + 1, e));
    T_OK(proposal_merge(&t->d, &alice, 1, v.p.revision_id, e));
    T_RC(RC_INVALID, proposal_merge(&t->d, &alice, 1, v.p.revision_id, e));
    run_jobs(t);
    struct str text = test_text(t, "SELECT text FROM policy_revision WHERE id = 2");
    assert_non_null(strstr(text.p, WHEN));
    assert_int_equal(test_text(t, "SELECT commit_id FROM policy_revision WHERE id = 2").n, 40);
    assert_non_null(strstr(test_text(t, "SELECT message FROM policy_revision WHERE id = 2").p,
                           "Say when\n\nBecause people wait.\n\nReviewed-by: Name of alice <"));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox WHERE kind = 'proposal'"), 2);
    /* What the desk does follows the new text: the clock's time is the policy's. */
    t->d.policy = reading(t, text.p);
    assert_true(clock_limit_of(&t->d, CLOCK_ACKNOWLEDGE).by_policy);
}

static void not_a_proposal(void **state)
{
    struct test_desk *t = *state;
    assert_int_equal(patch_in(t, "", "", "n1@x.example").kind, INTAKE_NEW);
    assert_int_equal(patch_in(t, HUNK(SOON, WHEN), "src/parser.c", "n2@x.example").kind,
                     INTAKE_NEW);
    assert_int_equal(patch_in(t, HUNK(SOON, WHEN), "../SECURITY.md", "n3@x.example").kind,
                     INTAKE_NEW);
    assert_int_equal(patch_in(t, HUNK(SOON, WHEN), "docs/SECURITY.md", "n4@x.example").kind,
                     INTAKE_PROPOSAL);
    t->d.policy = NULL;
    assert_int_equal(patch_in(t, HUNK(SOON, WHEN), "SECURITY.md", "n5@x.example").kind, INTAKE_NEW);
}

static void a_patch_becomes_a_case(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    char number[VCASE_NUMBER_MAX];
    struct intake_result r =
        patch_in(t, HUNK(SOON, "The password is x."), "SECURITY.md", "c1@commenter.example");
    T_RC(RC_INVALID, proposal_to_case(&t->d, &alice, 1, STR_NONE, number, e));
    T_OK(proposal_to_case(&t->d, &alice, 1, STR("it is a report"), number, e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM vcase"), 1);
    assert_int_equal(test_count(t, "SELECT count(*) FROM task WHERE kind = 'acknowledge'"), 1);
    assert_true(test_acknowledge(t, r.message_id) > 0);
    assert_string_equal(look(t, 1).p.case_number.p, number);
    T_RC(RC_INVALID, proposal_to_case(&t->d, &alice, 1, STR("again"), number, e));
}

static struct proposal_form form(const char *text)
{
    return (struct proposal_form){.base_id = 1,
                                  .text = str_c(text),
                                  .name = STR("Ada"),
                                  .email = STR_NONE,
                                  .subject = STR("Say less"),
                                  .explanation = STR("It is not so.")};
}

static void by_the_form(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct diff d;
    int64_t id;
    char number[VCASE_NUMBER_MAX];
    struct proposal_form f = form(POLICY);
    T_RC(RC_INVALID, proposal_preview(&t->d, t->a, &f, &d, e));
    f = form("# Nothing\n");
    f.email = STR("not an address");
    T_RC(RC_INVALID, proposal_from_form(&t->d, &f, &id, e));
    f.email = STR_NONE;
    f.base_id = 99;
    T_RC(RC_INVALID, proposal_from_form(&t->d, &f, &id, e));
    f.base_id = 1;
    T_OK(proposal_from_form(&t->d, &f, &id, e));
    int64_t twice;
    T_OK(proposal_from_form(&t->d, &f, &twice, e)); /* a double click */
    assert_int_equal(twice, id);
    assert_int_equal(test_count(t, "SELECT count(*) FROM proposal"), 1);
    run_jobs(t);
    struct view_proposal v = look(t, id);
    assert_true(v.ready);
    bool gone = false, contact = false;
    for (size_t i = 0; i < v.n_behaviour; i++) {
        gone = gone ||
               (v.behaviour[i].op == '-' && strstr(v.behaviour[i].desk.p, "policy.detail = yes"));
        contact = contact || (v.behaviour[i].op == '!' &&
                              strstr(v.behaviour[i].says.p, "security@desk.example"));
    }
    assert_true(gone && contact);
    T_RC(RC_INVALID, proposal_answer(&t->d, &alice, id, STR("Why?"), e));
    T_OK(proposal_to_case(&t->d, &alice, id, STR("a report"), number, e));
    assert_non_null(
        strstr(test_text(t, "SELECT body FROM message WHERE case_id > 0").p, "+# Nothing"));
    T_OK(proposal_from_form(&t->d, &f, &id, e));
    T_OK(proposal_reject(&t->d, &alice, id, STR("We keep our promises."), e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox"), 0);
    served_is(t, POLICY);
}

static void the_base_moves(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    bool fresh;
    patch_in(t, HUNK(SOON, WHEN), "SECURITY.md", "m1@x.example");
    patch_in(t, HUNK(SOON, "Never."), "SECURITY.md", "m2@x.example");
    struct proposal_form f = form(POLICY "\nThank you.\n");
    int64_t id;
    T_OK(proposal_from_form(&t->d, &f, &id, e));
    run_jobs(t);
    T_OK(proposal_merge(&t->d, &alice, 1, 1, e));
    /* Not tried on the new text yet: nobody merges what was not seen. */
    T_RC(RC_INVALID, proposal_merge(&t->d, &alice, id, 1, e));
    run_jobs(t);
    assert_true(look(t, 2).stale);
    assert_non_null(strstr(look(t, 2).p.why.p, "meanwhile"));
    assert_true(look(t, id).ready);
    T_OK(proposal_merge(&t->d, &alice, id, 2, e));
    struct str now = test_text(t, "SELECT text FROM policy_revision WHERE id = 3");
    assert_true(strstr(now.p, WHEN) && strstr(now.p, "Thank you."));
    /* The file as it was is known and changes nothing; an edited one is a revision. */
    T_OK(policy_take_file(&t->d, STR(POLICY), &fresh, e));
    assert_false(fresh);
    T_OK(policy_take_file(&t->d, STR("# Edited\r\n"), &fresh, e));
    assert_true(fresh);
    served_is(t, "# Edited\n");
    run_jobs(t);
    assert_true(look(t, 2).stale);
}

static void late_answers_change_nothing(void **state)
{
    struct test_desk *t = *state;
    bool fresh;
    patch_in(t, HUNK(SOON, WHEN), "SECURITY.md", "l1@x.example");
    T_OK(policy_take_file(&t->d, STR("# Other\n"), &fresh, e));
    /* Made for the first revision. */
    T_OK(desk_job_answer(&t->d, STR("proposal-apply"), 1,
                         STR("{\"applies\":true,\"text\":\"x\\n\",\"why\":\"\",\"base\":\"\","
                             "\"now\":\"# Security\"}"),
                         e));
    assert_false(look(t, 1).ready);
    T_RC(RC_NOTFOUND, desk_job_answer(&t->d, STR("proposal-apply"), 1, STR("[]"), e));
    T_RC(RC_INVALID,
         desk_job_answer(&t->d, STR("policy-commit"), 1, STR("{\"ids\":[\"../../x\"]}"), e));
    T_RC(RC_INVALID, desk_job_answer(&t->d, STR("no-such"), 1, STR("{}"), e));
}

static void exported(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    AUTO(buf) struct buf b = BUF_INIT(100000);
    T_RC(RC_NOTFOUND, proposal_export(&t->d, &alice, 0, &b, e));
    patch_in(t, HUNK(SOON, WHEN), "SECURITY.md", "x1@commenter.example");
    run_jobs(t);
    T_OK(proposal_merge(&t->d, &alice, 1, 1, e));
    run_jobs(t);
    T_OK(proposal_export(&t->d, &alice, 1, &b, e));
    assert_non_null(strstr(buf_c(&b), "\nSubject: [PATCH] Say when\n"));
    assert_non_null(strstr(buf_c(&b), "<ada@commenter.example>\nDate: "));
    assert_non_null(strstr(buf_c(&b), "\n-" SOON "\n+" WHEN "\n"));
    T_RC(RC_NOTFOUND, proposal_export(&t->d, &alice, 7, &b, e));
}

/* What was shown as words is not taken for a patch by `git am`. */
static void exported_words_stay_words(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    AUTO(buf) struct buf b = BUF_INIT(100000);
    struct proposal_form f = form(POLICY "\nThank you.\n");
    int64_t id;
    f.explanation = STR("From: Somebody <else@x.example>\n\nIt is kinder.\n--- \n"
                        "diff --git a/Makefile b/Makefile\n--- a/Makefile\n+++ b/Makefile\n"
                        "@@ -0,0 +1 @@\n+all:; curl x.example\n\nFrom 12 Mon Sep 17 00:00:00 2001\n"
                        "-- >8 --\n");
    T_OK(proposal_from_form(&t->d, &f, &id, e));
    run_jobs(t);
    T_OK(proposal_merge(&t->d, &alice, id, 1, e));
    T_OK(proposal_export(&t->d, &alice, id, &b, e));
    assert_non_null(strstr(buf_c(&b), "\n| diff --git a/Makefile b/Makefile\n| --- a/Makefile\n"));
    assert_non_null(strstr(buf_c(&b), "\n\n| From: Somebody"));
    assert_non_null(strstr(buf_c(&b), "\n| From 12 Mon"));
    assert_non_null(strstr(buf_c(&b), "\n| -- >8 --\n"));
    assert_non_null(strstr(buf_c(&b), "It is kinder.\n| --- \n"));
    /* One begin of a patch, ours. */
    const char *begin = strstr(buf_c(&b), "\n---\n");
    assert_non_null(begin);
    assert_null(strstr(begin + 1, "\n---\n"));
    assert_non_null(strstr(begin, "\ndiff --git a/SECURITY.md b/SECURITY.md\n"));
}

/* A forged From would make the desk write to whom the forger likes, as often as he likes. */
static void the_receipt_goes_to_the_return_path(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    struct mail m;
    struct test_mail tm = {.from = "victim@other.example",
                           .path = "forger@x.example",
                           .subject = "[PATCH] Say when",
                           .mid = "f1@x.example"};
    test_mail_make(t, &tm, &m);
    m.patch = (struct mail_patch){.found = true,
                                  .file = STR("SECURITY.md"),
                                  .diff = STR(HUNK(SOON, WHEN)),
                                  .message = STR_NONE,
                                  .subject = STR_NONE};
    assert_int_equal(test_record_in(t, &m, &tm).kind, INTAKE_PROPOSAL);
    assert_string_equal(test_text(t, "SELECT rcpt FROM outbox").p, "forger@x.example");
    /* A person answers the author. */
    T_OK(proposal_reject(&t->d, &alice, 1, STR("No."), e));
    assert_string_equal(test_text(t, "SELECT rcpt FROM outbox ORDER BY id DESC LIMIT 1").p,
                        "victim@other.example");
}

/* Else nobody could decide about it: each decision comes with a mail. */
static void an_address_that_cannot_be_written_to_holds_nothing_up(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    static const char *const bad[] = {"f@a_b.example", "f..g@x.example", "root@localhost",
                                      "f@[192.0.2.1]", "f\xe2\x80\xae@x.example"};
    struct mail m;
    struct test_mail tm = {.from = "f@a_b.example",
                           .path = "f@x.example",
                           .subject = "[PATCH] Say when",
                           .mid = "f1@x.example"};
    int64_t id;
    test_mail_make(t, &tm, &m);
    m.patch = (struct mail_patch){.found = true,
                                  .file = STR("SECURITY.md"),
                                  .diff = STR(HUNK(SOON, WHEN)),
                                  .message = STR_NONE,
                                  .subject = STR_NONE};
    assert_int_equal(test_record_in(t, &m, &tm).kind, INTAKE_PROPOSAL);
    T_RC(RC_INVALID, proposal_answer(&t->d, &alice, 1, STR("Why?"), e));
    T_OK(proposal_reject(&t->d, &alice, 1, STR("No."), e));
    assert_int_equal(test_count(t, "SELECT count(*) FROM outbox"), 1); /* to the return path */
    struct proposal_form f = form("# Nothing\n");
    f.base_id = 1;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        f.email = str_c(bad[i]);
        T_RC(RC_INVALID, proposal_from_form(&t->d, &f, &id, e));
    }
}

/* ---- differences, without a desk ---- */

static void unified(const char *a, const char *b, const char *want)
{
    AUTO(arena) struct arena *arena = arena_new(16u << 20);
    AUTO(buf) struct buf out = BUF_INIT(1u << 20);
    struct diff d;
    T_OK(diff_texts(arena, str_c(a), str_c(b), &d, e));
    diff_unified(&d, STR("f"), &out);
    assert_string_equal(buf_c(&out), want);
}

static void differences(void **state)
{
    (void)state;
    unified("a\n", "a\n", "");
    unified("a\nb\nc\n", "a\nB\nc\n", "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
    unified("", "x\n", "--- a/f\n+++ b/f\n@@ -0,0 +1,1 @@\n+x\n");
    unified("x\n", "", "--- a/f\n+++ b/f\n@@ -1,1 +0,0 @@\n-x\n");
    unified("x", "x\n",
            "--- a/f\n+++ b/f\n@@ -1,1 +1,1 @@\n-x\n\\ No newline at end of file\n+x\n");
    unified("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n",
            "--- a/f\n+++ b/f\n@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -6,4 +7,3 @@\n 6\n 7\n 8\n-9\n");
    AUTO(arena) struct arena *a = arena_new(64u << 20);
    AUTO(buf) struct buf x = BUF_INIT(1u << 20);
    AUTO(buf) struct buf y = BUF_INIT(1u << 20);
    struct diff d;
    for (int i = 0; i < 5000; i++) {
        buf_addf(&x, "old %d\n", i);
        buf_addf(&y, "new %d\n", i);
    }
    T_OK(diff_texts(a, buf_str(&x), buf_str(&y), &d, e));
    assert_true(d.added == 5000 && d.removed == 5000);
    for (int i = 0; i < DIFF_LINES; i++)
        buf_adds(&x, "\n");
    T_RC(RC_LIMIT, diff_texts(a, buf_str(&x), buf_str(&y), &d, e));
}

int main(int argc, char **argv)
{
    on_pg = test_wants_pg(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences),
        cmocka_unit_test_setup_teardown(merged, begin, end),
        cmocka_unit_test_setup_teardown(not_a_proposal, begin, end),
        cmocka_unit_test_setup_teardown(a_patch_becomes_a_case, begin, end),
        cmocka_unit_test_setup_teardown(by_the_form, begin, end),
        cmocka_unit_test_setup_teardown(the_base_moves, begin, end),
        cmocka_unit_test_setup_teardown(late_answers_change_nothing, begin, end),
        cmocka_unit_test_setup_teardown(exported, begin, end),
        cmocka_unit_test_setup_teardown(exported_words_stay_words, begin, end),
        cmocka_unit_test_setup_teardown(the_receipt_goes_to_the_return_path, begin, end),
        cmocka_unit_test_setup_teardown(an_address_that_cannot_be_written_to_holds_nothing_up,
                                        begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
