/* SPDX-License-Identifier: Apache-2.0 */
/* The affected versions of a case, with the real engine and made-up answers, on both back ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>

#include "desk/advisory.h"
#include "desk/affected.h"
#include "desk/cmd.h"
#include "desk/erase.h"
#include "desk/job.h"
#include "desk/testing.h"
#include "desk/vcase.h"
#include "engine/affected/whole.h"
#include "git/testing.h"
#include "os/file.h"
#include "store/task.h"

static bool on_pg;
static char top[64], repo[96], scratch[96];

#define BEFORE "one\ntwo\nthree\nfour\nfive\nsix\n"
#define FLAW   "one\ntwo\nthree\n  copy(into, from, length_of(from));\nfour\nfive\nsix\n"
#define MENDED "one\ntwo\nthree\n  copy(into, from, at_most(64, from));\nfour\nfive\nsix\n"

static void tag_at(const char *name)
{
    TESTREPO(repo, "tag", name);
}

/* v1.0, v1.1: before; v1.2, v1.3: with the flaw; v1.4, v1.5: mended. */
static void make_history(char fix[TESTREPO_SAID], char bad[TESTREPO_SAID])
{
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, "a.c", BEFORE, 1);
    tag_at("v1.0");
    testrepo_commit(repo, "NOTES", "1.1\n", 2);
    tag_at("v1.1");
    testrepo_commit(repo, "a.c", FLAW, 3);
    testrepo_said(repo, (const char *const[]){"rev-parse", "HEAD", NULL}, bad);
    tag_at("v1.2");
    testrepo_commit(repo, "NOTES", "1.3\n", 4);
    tag_at("v1.3");
    testrepo_commit(repo, "a.c", MENDED, 5);
    testrepo_said(repo, (const char *const[]){"rev-parse", "HEAD", NULL}, fix);
    tag_at("v1.4");
    testrepo_commit(repo, "NOTES", "1.5\n", 6);
    tag_at("v1.5");
}

static char fix[TESTREPO_SAID], bad[TESTREPO_SAID];

static int begin(void **state)
{
    struct err e = ERR_INIT;
    char extra[200];
    snprintf(top, sizeof top, "/tmp/affected-XXXXXX");
    assert_non_null(mkdtemp(top));
    snprintf(repo, sizeof repo, "%s/repo", top);
    snprintf(scratch, sizeof scratch, "%s/kept", top);
    assert_int_equal(dir_make(AT_FDCWD, scratch, 0700, &e), RC_OK);
    make_history(fix, bad);
    snprintf(extra, sizeof extra, "[mail]\nnotices = off\n[project]\nrepository = %s\n", repo);
    test_desk_begin(state, on_pg, extra, "alice");
    return 0;
}

static int end(void **state)
{
    struct err e = ERR_INIT;
    test_desk_end(state);
    return dir_remove(AT_FDCWD, top, &e) == RC_OK ? 0 : -1;
}

static int64_t a_case(struct test_desk *t)
{
    struct test_mail m = {.from = "f@finder.example",
                          .subject = "a copy is too long",
                          .text = "look at src/a.c",
                          .mid = "first@finder.example"};
    return test_mail_in(t, &m).case_id;
}

static void ask(struct test_desk *t, int64_t id, const char *fixes, const char *introduced)
{
    struct actor alice = test_actor(t, "alice");
    struct affected_ask q = {id, 0, str_c(fixes), str_c(introduced), STR_NONE};
    T_OK(affected_ask(&t->d, &alice, &q, e));
}

/* What core and its children do: claim, ask, answer. Returns the engine's rc. */
static enum rc answer(struct test_desk *t, const char *change)
{
    static const char *const kinds[] = {AFFECTED_JOB, NULL};
    struct task_claim want = {.max = 1, .lease_us = 60000000, .kinds = kinds};
    struct task *task;
    struct err why = ERR_INIT;
    struct desk_ask q = DESK_ASK_INIT;
    AUTO(json) json_t *args = NULL;
    AUTO(json) json_t *out = NULL;
    AUTO(buf) struct buf text = BUF_INIT(ENGINE_ANSWER_MAX);
    int n = 0;
    T_OK(task_claim(t->d.db, t->a, &want, &task, &n, e));
    assert_int_equal(n, 1);
    T_OK(desk_job_ask(&t->d, task->kind, task->subject, &q, e));
    T_OK(task_done(t->d.db, task->id, task->attempt, e));
    if (q.engine == NULL) {
        desk_ask_release(&q);
        return RC_NOTFOUND;
    }
    T_OK(json_parse(buf_str(&q.args), DESK_ASK_ARGS_MAX, "args", &args, e));
    struct engine_job j = {
        .scratch = scratch, .mirror = repo, .args = args, .input = buf_str(&q.input)};
    enum rc rc = engine_affected(&j, &out, &why);
    AUTO(json) json_t *lie = change ? json_loads(change, 0, NULL) : NULL;
    if (rc == RC_OK && change)
        assert_int_equal(json_object_update(out, lie), 0);
    if (rc == RC_OK) {
        T_OK(json_write(&text, out, e));
        rc = desk_job_answer(&t->d, task->kind, task->subject, buf_str(&text), &why);
    }
    if (rc != RC_OK)
        T_OK(desk_job_failed(&t->d, task->kind, task->subject, str_c(why.msg), e));
    desk_ask_release(&q);
    return rc;
}

static void look(struct test_desk *t, int64_t id, struct view_affected *ret)
{
    struct actor alice = test_actor(t, "alice");
    T_OK(view_affected(&t->d, &alice, t->a, (struct affected_key){id, 0}, ret, e));
}

/* One letter a release that counts, in the order of versions. */
static const char *letters(struct test_desk *t, const struct view_affected *v)
{
    static const char letter[] = {'A', 'F', 'n', '?'};
    AUTO(buf) struct buf b = BUF_INIT(1000);
    for (size_t i = 0; i < v->r.n_releases; i++)
        if (v->r.releases[i].counts)
            buf_addc(&b, letter[v->r.releases[i].status]);
    return arena_str(t->a, buf_str(&b)).p;
}

static int64_t events(struct test_desk *t, const char *kind)
{
    return test_count(t, arena_strf(t->a, "SELECT count(*) FROM event WHERE kind = '%s'", kind).p);
}

static void test_given_both_ends_it_is_exact(void **state)
{
    struct test_desk *t = *state;
    int64_t id = a_case(t);
    AUTO(view_affected) struct view_affected v = {.nth = 0};
    struct str line, state_word;
    ask(t, id, fix, bad);
    T_OK(view_affected_line(&t->d, t->a, id, &state_word, &line, e));
    assert_string_equal(state_word.p, "asked");
    assert_int_equal(answer(t, NULL), RC_OK);
    look(t, id, &v);
    assert_true(v.has && !v.waits && !v.failed);
    assert_string_equal(letters(t, &v), "nnAAFF");
    assert_int_equal(v.r.n_ranges, 1);
    assert_true(v.svg.n > 0 && v.osv.n > 0 && v.cve.n > 0);
    T_OK(view_affected_line(&t->d, t->a, id, &state_word, &line, e));
    assert_string_equal(line.p, "1.2 to 1.3, fixed in 1.4 (2 releases)");
    assert_int_equal(events(t, "affected.asked"), 1);
    assert_int_equal(events(t, "affected.answered"), 1);
}

static void test_a_choice_and_a_decision_hold_through_every_answer(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = a_case(t), other = 0;
    struct affected_key of = {id, 0};
    struct err why = ERR_INIT;
    AUTO(view_affected) struct view_affected first = {.nth = 0};
    AUTO(view_affected) struct view_affected now = {.nth = 0};
    AUTO(view_affected) struct view_affected then = {.nth = 0};
    AUTO(view_affected) struct view_affected last = {.nth = 0};
    ask(t, id, fix, "");
    assert_int_equal(answer(t, NULL), RC_OK);
    look(t, id, &first);
    assert_true(first.r.n_candidates > 1);
    for (size_t i = 1; i < first.r.n_candidates; i++)
        if (first.r.candidates[i].n_affected == 4)
            other = (int64_t)i + 1;
    assert_true(other > 1); /* every release before the fix */
    assert_int_equal(affected_choose(&t->d, &alice, of, first.nth + 7, other, &why), RC_CONFLICT);
    assert_int_equal(affected_keep(&t->d, &alice, id, &why), RC_CONFLICT); /* nobody has chosen */
    assert_int_equal(affected_choose(&t->d, &alice, of, first.nth, 99, &why), RC_NOTFOUND);
    T_OK(affected_choose(&t->d, &alice, of, first.nth, other, e));
    look(t, id, &now); /* at once, over the answer that is there */
    assert_true(now.waits);
    assert_string_equal(letters(t, &now), "AAAAFF");
    assert_int_equal(answer(t, NULL), RC_OK);
    struct affected_decide n = {id, 0, STR("v1.1"), STR("not_affected"), STR("never was shipped")};
    T_OK(affected_decide(&t->d, &alice, &n, e));
    assert_int_equal(answer(t, NULL), RC_OK);
    look(t, id, &then);
    assert_false(then.waits);
    assert_string_equal(letters(t, &then), "AnAAFF");
    assert_int_equal(then.chosen, other);
    assert_int_equal(then.r.n_ranges, 2);
    assert_true(then.r.releases[record_tag(&then.r, STR("v1.1"))].decided);
    T_OK(affected_keep(&t->d, &alice, id, e));
    assert_non_null(strstr(test_text(t, "SELECT facts FROM vcase").p, "\"< 1.1; >= 1.2, < 1.4\""));
    n.status = n.reason = STR_NONE;
    T_OK(affected_decide(&t->d, &alice, &n, e));
    T_OK(affected_choose(&t->d, &alice, of, 0, 0, e));
    /* Two jobs are due: what the first would answer is nobody's question any more. */
    assert_int_equal(answer(t, NULL), RC_OK);
    assert_int_equal(answer(t, NULL), RC_NOTFOUND);
    look(t, id, &last);
    assert_string_equal(letters(t, &last), letters(t, &first));
    assert_int_equal(events(t, "affected.chosen"), 1);
    assert_int_equal(events(t, "affected.unchosen"), 1);
    assert_int_equal(events(t, "affected.decided"), 1);
    assert_int_equal(events(t, "affected.undecided"), 1);
}

static void test_what_the_engine_says_is_checked(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = a_case(t);
    AUTO(view_affected) struct view_affected v = {.nth = 0};
    ask(t, id, fix, bad);
    assert_int_equal(answer(t, "{\"releases\":[{\"tag\":\"v\\u0001\",\"status\":\"fixed\"}]}"),
                     RC_INVALID);
    look(t, id, &v);
    assert_true(v.failed && !v.has);
    ask(t, id, fix, bad);
    assert_int_equal(answer(t, "{\"nth\":1}"), RC_OK); /* to an older question: not taken */
    ask(t, id, fix, bad);
    assert_int_equal(answer(t, NULL), RC_OK);
    struct affected_decide n = {id, 0, STR("v1.2"), STR("fixed"), STR("a vendor's patch")};
    T_OK(affected_decide(&t->d, &alice, &n, e));
    /* A decision that the answer does not keep. */
    assert_int_equal(answer(t, "{\"lanes\":[],\"fixes\":[],\"introduced\":[],\"candidates\":[],"
                               "\"releases\":[{\"tag\":\"v1.2\",\"status\":\"affected\"}]}"),
                     RC_INVALID);
}

static void test_a_question_that_cannot_be_answered_says_why(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice"), reporter = {.kind = ACTOR_REPORTER};
    int64_t id = a_case(t);
    struct err why = ERR_INIT;
    AUTO(view_affected) struct view_affected v = {.nth = 0};
    struct affected_ask empty = {id, 0, STR(" \n"), STR_NONE, STR_NONE};
    struct affected_ask right = {id, 0, STR("x"), STR_NONE, STR_NONE};
    assert_int_equal(affected_ask(&t->d, &alice, &empty, &why), RC_INVALID);
    assert_int_equal(affected_ask(&t->d, &reporter, &right, &why), RC_DENIED);
    assert_int_equal(affected_again(&t->d, &alice, (struct affected_key){id, 0}, &why),
                     RC_NOTFOUND);
    ask(t, id, "--upload-pack=x", "");
    assert_int_not_equal(answer(t, NULL), RC_OK);
    look(t, id, &v);
    assert_true(v.failed && v.failure.n > 0);
    assert_string_equal(v.fix.p, "--upload-pack=x");
    assert_int_equal(events(t, "affected.failed"), 1);
}

static void test_an_advisory_begins_with_it_and_keeps_the_picture(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice");
    int64_t id = a_case(t), revision;
    struct view_advisory v;
    AUTO(view_picture) struct view_picture p = {.json = NULL};
    struct advisory_edit first = {.case_id = id};
    ask(t, id, fix, bad);
    assert_int_equal(answer(t, NULL), RC_OK);
    T_OK(advisory_edit(&t->d, &alice, &first, &revision, e));
    T_OK(view_advisory(&t->d, &alice, t->a, id, &v, e));
    assert_int_equal(v.doc.c.n_affected, 1);
    assert_string_equal(v.doc.c.affected[0].p, ">= 1.2, < 1.4");
    assert_string_equal(v.doc.c.fixed[0].p, "1.4");
    T_OK(view_picture(t->a, v.doc.c.picture, &p, e));
    assert_true(p.svg.n > 0);
    assert_int_equal(p.n_runs, 3);
    assert_true(str_find(v.doc.c.picture, STR("evidence")) == STR_NPOS);
}

static void test_erased_is_erased_and_a_late_answer_brings_nothing_back(void **state)
{
    struct test_desk *t = *state;
    struct actor alice = test_actor(t, "alice"), cli = actor_cli(0);
    int64_t id = a_case(t);
    struct str line, word;
    ask(t, id, fix, bad);
    assert_int_equal(answer(t, NULL), RC_OK);
    struct affected_decide n = {id, 0, STR("v1.2"), STR("fixed"), STR("a vendor's patch")};
    T_OK(affected_decide(&t->d, &alice, &n, e));
    T_OK(vcase_close(&t->d, &cli, id, EXIT_NOT_A_VULNERABILITY, STR("no"), e));
    T_OK(case_erase(&t->d, &cli, id, STR("asked for"), e));
    assert_int_equal(answer(t, NULL), RC_NOTFOUND);
    T_OK(view_affected_line(&t->d, t->a, id, &word, &line, e));
    assert_int_equal(line.n, 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM affected_tag"), 0);
    assert_int_equal(test_count(t, "SELECT count(*) FROM affected WHERE answer <> ''"), 0);
}

#undef DESK_TEST
#define DESK_TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
int main(int argc, char **argv)
{
    on_pg = argc > 1 && strcmp(argv[1], "pg") == 0;
    const struct CMUnitTest tests[] = {
        DESK_TEST(test_given_both_ends_it_is_exact),
        DESK_TEST(test_a_choice_and_a_decision_hold_through_every_answer),
        DESK_TEST(test_what_the_engine_says_is_checked),
        DESK_TEST(test_a_question_that_cannot_be_answered_says_why),
        DESK_TEST(test_an_advisory_begins_with_it_and_keeps_the_picture),
        DESK_TEST(test_erased_is_erased_and_a_late_answer_brings_nothing_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
