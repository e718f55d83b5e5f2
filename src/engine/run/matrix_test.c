/* SPDX-License-Identifier: Apache-2.0 */
/* A reproducer on trees and, by bisection, on tags; the job's checks before anything runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/hex.h"
#include "engine/run/jobs.h"
#include "git/testing.h"
#include "os/file.h"
#include "testing.h"

static char top[TESTREPO_TOP], repo[TESTREPO_PATH], home[TESTREPO_PATH], scratch[TESTREPO_PATH];

static int setup(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    testrepo_path(top, "home", home);
    testrepo_path(top, "home/run", scratch);
    testrepo_init(repo, "sha1");
    return dir_make(AT_FDCWD, scratch, 0700, &e) == RC_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

static void check_empty(void)
{
    struct err e = ERR_INIT;
    assert_int_equal(rmdir(scratch), 0); /* nothing is left in it */
    assert_int_equal(dir_make(AT_FDCWD, scratch, 0700, &e), RC_OK);
}

/* ---- Bisection alone ---- */

struct line {
    const char *answers; /* '.' fine, 'x' crashes, '?' cannot say */
    size_t tries;
};

static enum matrix_result answer_at(void *arg, size_t i)
{
    struct line *l = arg;
    l->tries++;
    return l->answers[i] == '.'   ? MATRIX_FINE
           : l->answers[i] == 'x' ? MATRIX_CRASHES
                                  : MATRIX_NO_BUILD;
}

/* Every change is between two that were tried, within so many tries. */
static void check_line(const char *answers, size_t most, bool want_whole)
{
    enum matrix_result answer[600] = {0};
    bool tried[600] = {0};
    struct line l = {.answers = answers};
    struct bisect b = {.answer = answer,
                       .tried = tried,
                       .n = strlen(answers),
                       .left = 1000,
                       .try = answer_at,
                       .arg = &l};
    assert_int_equal(bisect_run(&b), want_whole);
    if (l.tries > most)
        fail_msg("%zu tries for %.40s", l.tries, answers);
    for (size_t i = 1; want_whole && i < b.n; i++)
        if (answers[i] != answers[i - 1] && answers[i] != '?' && answers[i - 1] != '?')
            assert_true(tried[i] && tried[i - 1]);
}

static void test_few_tries(void **state)
{
    (void)state;
    char many[513];
    check_line("", 0, true);
    check_line("x", 1, true);
    check_line(".x", 2, true);
    check_line("....xxxx", 6, true);
    check_line("........", 5, true);
    check_line("...xxx....", 8, true); /* it came and went */
    memset(many, '.', 512);
    memset(many + 317, 'x', 512 - 317);
    many[512] = '\0';
    check_line(many, 11, true); /* 2 ends and 9 halvings */
}

static void test_what_cannot_say(void **state)
{
    (void)state;
    check_line("?..xx?", 8, true);
    check_line("...?xxx", 9, false); /* the change is beside one that cannot say */
    check_line("????????", 10, false);
    check_line(".????????????????x", 16, false);
}

static void test_no_tries_left(void **state)
{
    (void)state;
    enum matrix_result answer[64] = {0};
    bool tried[64] = {0};
    struct line l = {.answers = "................................"
                                "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
    struct bisect b = {
        .answer = answer, .tried = tried, .n = 64, .left = 4, .try = answer_at, .arg = &l};
    assert_false(bisect_run(&b));
    assert_int_equal(l.tries, 4);
}

/* ---- What a program's end means ---- */

static void test_judgement(void **state)
{
    (void)state;
    char why[BOX_WHY_MAX];
    const struct {
        enum box_state state;
        int code;
        bool reported, by_signal;
        enum matrix_result want;
    } ends[] = {{BOX_ENDED, 0, false, false, MATRIX_FINE},
                {BOX_ENDED, 0, true, false, MATRIX_CRASHES},
                {BOX_ENDED, 1, false, false, MATRIX_CRASHES},
                {BOX_ENDED, 1, false, true, MATRIX_FINE},
                {BOX_ENDED, 1, true, true, MATRIX_CRASHES},
                {BOX_ENDED, 124, false, false, MATRIX_CRASHES},
                {BOX_ENDED, 125, false, false, MATRIX_NOT_RUN},
                {BOX_ENDED, 127, false, false, MATRIX_NOT_RUN},
                {BOX_ENDED, 128 + SIGSEGV, false, true, MATRIX_CRASHES},
                {BOX_ENDED, 128 + SIGABRT, false, false, MATRIX_CRASHES},
                {BOX_ENDED, 128 + SIGTERM, false, false, MATRIX_NOT_RUN},
                {BOX_ENDED, 128 + SIGKILL, false, false, MATRIX_NOT_RUN},
                {BOX_TIME, 0, false, false, MATRIX_TIMEOUT},
                {BOX_TIME, 0, true, false, MATRIX_CRASHES},
                {BOX_FULL_MEMORY, 0, false, false, MATRIX_CRASHES},
                {BOX_FULL_DISK, 0, false, false, MATRIX_NOT_RUN},
                {BOX_MACHINE, 0, true, false, MATRIX_NOT_RUN},
                {BOX_REFUSED, 0, false, false, MATRIX_NOT_RUN}};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct box_told t = {.state = ends[i].state, .code = ends[i].code};
        enum matrix_result got =
            matrix_judge(&t, ends[i].reported, ends[i].by_signal, why, sizeof why);
        if (got != ends[i].want)
            fail_msg("%zu: %s (%s)", i, matrix_result_name(got), why);
    }
}

/* ---- In the sandbox ---- */

static const char script[] =
    "case $(head -n 1 code) in\n"
    "good) exit 0;;\n"
    "bad) kill -SEGV $$;;\n"
    "report) echo '==7==ERROR: AddressSanitizer: heap-use-after-free';;\n"
    "odd) exit 125;;\n"
    "hang) while :; do :; done;;\n"
    "evil) echo x > /input/script; rm -rf /input /usr/bin/env; kill -9 -1;;\n"
    "esac\n";

struct named {
    char name[20], id[TESTREPO_SAID];
};

static void commit(const char *code, int number, struct named *ret)
{
    const char *const args[] = {"rev-parse", "HEAD", NULL};
    char text[40];
    snprintf(text, sizeof text, "%s\n%d\n", code, number);
    testrepo_commit(repo, "code", text, 1);
    testrepo_said(repo, args, ret->id);
    snprintf(ret->name, sizeof ret->name, "v%d", number);
}

static json_t *tree_json(const struct named *n)
{
    return json_pack("{s:s, s:s}", "name", n->name, "commit", n->id);
}

/* The job; the answer is the caller's. */
static enum rc reproduce(const char *text, const char *approved, json_t *trees, json_t *tags,
                         json_t **ret, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(1 << 20), base64 = BUF_INIT(1 << 16);
    char hash[REPRODUCER_HEX];
    base64_add(&base64, str_c(text));
    reproducer_hash(str_c(approved), hash);
    AUTO(json)
    json_t *input =
        json_pack("{s:s, s:o, s:o}", "script", buf_c(&base64), "trees", trees, "tags", tags);
    AUTO(json)
    json_t *args = json_pack("{s:i, s:s, s:s, s:{s:i}}", "nth", 7, "sha256", hash, "build",
                             "test $(head -n 1 code) != nobuild", "limits", "seconds", 2);
    assert_int_equal(json_write(&b, input, e), RC_OK);
    struct engine_job j = {.scratch = scratch, .mirror = repo, .args = args, .input = buf_str(&b)};
    enum rc rc = engine_reproduce(&j, ret, e);
    check_empty();
    return rc;
}

static const char *at(const json_t *list, size_t i, const char *key)
{
    const char *s = json_string_value(json_object_get(json_array_get(list, i), key));
    return s ? s : "";
}

static void test_on_trees(void **state)
{
    (void)state;
    static const char *const codes[] = {"good", "bad", "report", "odd", "hang", "evil", "nobuild"};
    /* What kills all it can reach is the sandbox's whole family or itself alone, as the shells
     * happen to stand: it ends badly, and more cannot be said. */
    static const char *const want[] = {"fine",    "crashes", "crashes", "not-run",
                                       "timeout", NULL,      "no-build"};
    struct err e = ERR_INIT;
    struct named n;
    AUTO(json) json_t *answer = NULL;
    json_t *trees = json_array();
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        commit(codes[i], (int)i, &n);
        json_array_append_new(trees, tree_json(&n));
    }
    memset(n.id, '0', 40);
    json_array_append_new(trees, tree_json(&n)); /* no such commit */
    if (reproduce(script, script, trees, json_array(), &answer, &e) != RC_OK)
        fail_msg("%s", e.msg);
    const json_t *got = json_object_get(answer, "trees");
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (want[i] ? strcmp(at(got, i, "result"), want[i]) != 0
                    : strcmp(at(got, i, "result"), "fine") == 0)
            fail_msg("%s: %s (%s)", codes[i], at(got, i, "result"), at(got, i, "why"));
    assert_string_equal(at(got, ARRAY_LEN(codes), "result"), "not-run");
    assert_non_null(strstr(at(got, ARRAY_LEN(codes), "why"), "incomplete"));
    assert_non_null(strstr(at(got, 2, "log"), "heap-use-after-free"));
    assert_int_equal(json_integer_value(json_object_get(answer, "nth")), 7);
}

static void test_over_tags(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct named n;
    AUTO(json) json_t *answer = NULL;
    json_t *tags = json_array(), *trees = json_array();
    for (int i = 0; i < 16; i++) {
        commit(i < 5 ? "good" : "bad", i, &n);
        json_array_append_new(tags, tree_json(&n));
    }
    json_array_append_new(trees, tree_json(&n)); /* the newest, which is not run twice */
    if (reproduce(script, script, trees, tags, &answer, &e) != RC_OK)
        fail_msg("%s", e.msg);
    const json_t *got = json_object_get(answer, "tags");
    assert_string_equal(json_string_value(json_object_get(answer, "first_bad")), "v5");
    assert_string_equal(json_string_value(json_object_get(answer, "last_good")), "v4");
    assert_true(json_is_true(json_object_get(answer, "whole")));
    assert_true(json_integer_value(json_object_get(answer, "runs")) <= 5);
    for (size_t i = 0; i < 16; i++) {
        assert_string_equal(at(got, i, "result"), i < 5 ? "fine" : "crashes");
        assert_true(json_is_true(json_object_get(json_array_get(got, i), "known")));
    }
    assert_true(json_is_false(json_object_get(json_array_get(got, 15), "ran")));
}

static void test_a_script_with_an_interpreter(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct named n;
    AUTO(json) json_t *answer = NULL;
    json_t *trees = json_array();
    static const char text[] = "#!/bin/sh\ntest -r code || exit 125\nexit 9\n";
    commit("good", 1, &n);
    json_array_append_new(trees, tree_json(&n));
    assert_int_equal(reproduce(text, text, trees, json_array(), &answer, &e), RC_OK);
    assert_string_equal(at(json_object_get(answer, "trees"), 0, "result"), "crashes");
    assert_string_equal(at(json_object_get(answer, "trees"), 0, "why"), "exit code 9");
}

/* Other bytes than those that were approved: nothing runs, nothing is made. */
static void test_only_what_was_approved(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    json_t *answer = NULL;
    assert_int_equal(reproduce("exit 0\n", "exit 0", json_array(), json_array(), &answer, &e),
                     RC_DENIED);
    assert_null(answer);
    assert_non_null(strstr(e.msg, "not the one that was approved"));
    assert_int_equal(reproduce("", "", json_array(), json_array(), &answer, &e), RC_INVALID);
}

static enum rc tests_job(json_t *args, struct err *e)
{
    AUTO(json) json_t *own = args;
    AUTO(json) json_t *answer = NULL;
    struct engine_job j = {.scratch = scratch, .mirror = repo, .args = own};
    return engine_backport_tests(&j, &answer, e);
}

static void test_arguments(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct named n;
    char inside[2 * TESTREPO_PATH];
    commit("good", 1, &n);
    snprintf(inside, sizeof inside, "%s/usr", top);
    assert_int_equal(dir_make(AT_FDCWD, inside, 0700, &e), RC_OK);
    const struct {
        json_t *args;
        enum rc rc;
    } bad[] = {
        {json_pack("{}"), RC_NOTFOUND},
        {json_pack("{s:s, s:s, s:s}", "base", "HEAD", "candidate", n.id, "tests", "true"),
         RC_INVALID},
        {json_pack("{s:s, s:s}", "base", n.id, "candidate", n.id), RC_INVALID},
        {json_pack("{s:s, s:s, s:s, s:s}", "base", n.id, "candidate", n.id, "tests", "true",
                   "results", "guess"),
         RC_INVALID},
        {json_pack("{s:s, s:s, s:s, s:{s:i}}", "base", n.id, "candidate", n.id, "tests", "true",
                   "limits", "seconds", 1000000),
         RC_INVALID},
        /* What would show the desk's own data to what runs. */
        {json_pack("{s:s, s:s, s:s, s:s}", "base", n.id, "candidate", n.id, "tests", "true", "root",
                   "/"),
         RC_DENIED},
        {json_pack("{s:s, s:s, s:s, s:s}", "base", n.id, "candidate", n.id, "tests", "true", "root",
                   top),
         RC_DENIED},
        {json_pack("{s:s, s:s, s:s, s:s}", "base", n.id, "candidate", n.id, "tests", "true", "root",
                   home),
         RC_DENIED},
        {json_pack("{s:s, s:s, s:s, s:s}", "base", n.id, "candidate", n.id, "tests", "true", "root",
                   "/etc"),
         RC_INVALID},
        {json_pack("{s:s, s:s, s:s, s:s}", "base", n.id, "candidate", n.id, "tests", "true", "root",
                   "usr"),
         RC_INVALID},
        {json_pack("{s:s, s:s, s:s, s:s}", "base", n.id, "candidate", n.id, "tests", "true", "root",
                   "/nonexistent"),
         RC_NOTFOUND},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        e = (struct err)ERR_INIT;
        enum rc rc = tests_job(bad[i].args, &e);
        if (rc != bad[i].rc)
            fail_msg("%zu: %s: %s", i, rc_name(rc), e.msg);
        check_empty();
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    testing_leave_root();
    int rc = testing_probe("run-matrix");
    if (rc != 0)
        return rc;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_tries),
        cmocka_unit_test(test_what_cannot_say),
        cmocka_unit_test(test_no_tries_left),
        cmocka_unit_test(test_judgement),
        TEST(test_on_trees),
        TEST(test_over_tags),
        TEST(test_a_script_with_an_interpreter),
        TEST(test_only_what_was_approved),
        TEST(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
