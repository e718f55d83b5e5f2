/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of `vulndesk backport`: a fix on several lines with a verdict for each, the batch with
 * its errors, the objects of candidates, and that the repository stays as it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/backport.h"
#include "cli/testing.h"
#include "os/file.h"

#define RUN(...) clitest_run(backport_main, "backport", (const char *const[]){__VA_ARGS__, NULL})
#define TEXT_MAX (1u << 20)

/* ---- A project with a flaw in one function, and lines that differ around it ---- */

static void add_other(struct buf *b, const char *what, int n)
{
    for (int i = 0; i < n; i++)
        buf_addf(b,
                 "static long %s_%d(long a, long b)\n{\n    long sum = a * %d;\n"
                 "    while (sum > b)\n        sum -= b / %d;\n    return sum;\n}\n\n",
                 what, i, i + 3, i + 2);
}

struct version {
    bool flawed;        /* the function is there */
    bool fixed;         /* and checks the length */
    const char *result; /* the name of the function's result */
    bool near;          /* a line beside the flaw */
};

static void commit_version(struct version v, const char *message, int day)
{
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    buf_adds(&b, "#include <string.h>\n\n");
    add_other(&b, "before", 4);
    if (v.flawed) {
        buf_addf(
            &b, "int take(char *to, size_t room, const char *from, size_t n)\n{\n    int %s = 0;\n",
            v.result);
        if (v.near)
            buf_adds(&b, "    count_call(\"take\");\n");
        if (v.fixed)
            buf_adds(&b, "    if (n > room)\n        return -1;\n");
        buf_addf(&b, "    memcpy(to, from, n);\n    %s += (int)n;\n    return %s;\n}\n\n", v.result,
                 v.result);
    }
    add_other(&b, "after", 4);
    testrepo_commit(clitest.repo, "take.c", buf_c(&b), day);
    TESTREPO(clitest.repo, "commit", "-q", "--amend", "-m", message);
}

/*
 * 1.0 never had the function; 2.0 lacks the line beside the flaw; 3.0 is as main was before the
 * fix; 4.0 has a copy of it.
 */
static void make_project(void)
{
    testrepo_init(clitest.repo, "sha1");
    commit_version((struct version){.flawed = false}, "begin", 1);
    TESTREPO(clitest.repo, "branch", "release/1.0");
    commit_version((struct version){.flawed = true, .result = "done"}, "take bytes", 2);
    TESTREPO(clitest.repo, "branch", "release/2.0");
    commit_version((struct version){.flawed = true, .result = "done", .near = true}, "count", 3);
    TESTREPO(clitest.repo, "branch", "release/3.0");
    TESTREPO(clitest.repo, "branch", "release/4.0");
    commit_version((struct version){.flawed = true, .fixed = true, .result = "done", .near = true},
                   "take: check the length", 4);
    TESTREPO(clitest.repo, "tag", "fix");
    TESTREPO(clitest.repo, "checkout", "-q", "release/4.0");
    TESTREPO(clitest.repo, "cherry-pick", "-x", "fix");
    TESTREPO(clitest.repo, "checkout", "-q", "master");
}

static const char *text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static const json_t *line_of(const json_t *answer, const char *onto)
{
    const json_t *l = json_object_get(answer, "lines"), *v;
    size_t i;
    json_array_foreach(l, i, v) if (strcmp(text(v, "onto"), onto) == 0) return v;
    fail_msg("no answer for %s", onto);
    return NULL;
}

static void verdict_is(const json_t *answer, const char *onto, const char *want)
{
    assert_string_equal(text(line_of(answer, onto), "verdict"), want);
}

static void each_line_gets_its_verdict(void **state)
{
    (void)state;
    AUTO(buf) struct buf before = BUF_INIT(TEXT_MAX);
    AUTO(buf) struct buf after = BUF_INIT(TEXT_MAX);
    make_project();
    clitest_look(&before);
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix", "--onto",
                         "release/1.0,release/2.0,release/3.0,release/4.0", "--json"),
                     0);
    AUTO(json) json_t *a = clitest_line(0);
    const json_t *first = json_array_get(json_object_get(a, "lines"), 0);
    assert_string_equal(text(first, "onto"), "release/4.0"); /* newest first */
    verdict_is(a, "release/4.0", "already");
    assert_string_equal(text(json_object_get(first, "already"), "rule"), "trailer");
    verdict_is(a, "release/3.0", "clean");
    verdict_is(a, "release/2.0", "resolved");
    verdict_is(a, "release/1.0", "not-affected");
    assert_int_equal(json_array_size(json_object_get(line_of(a, "release/1.0"), "histories")), 2);
    assert_non_null(strstr(text(line_of(a, "release/2.0"), "patch"), "+    if (n > room)"));
    assert_null(strstr(text(line_of(a, "release/2.0"), "patch"), "count_call"));
    assert_non_null(
        strstr(text(line_of(a, "release/3.0"), "message"), "(cherry picked from commit "));
    clitest_look(&after);
    assert_true(str_eq(buf_str(&before), buf_str(&after)));
}

/* The fix stands on a line that only main changed: both sides changed it, so a person decides, and
 * is told by whom it was brought. */
static void what_a_conflict_rests_on_is_named(void **state)
{
    (void)state;
    testrepo_init(clitest.repo, "sha1");
    testrepo_commit(clitest.repo, "limit.c", "int limit(int n)\n{\n    return n;\n}\n", 1);
    TESTREPO(clitest.repo, "branch", "release/1.0");
    testrepo_commit(clitest.repo, "limit.c", "int limit(int n)\n{\n    return n * 4 + 1;\n}\n", 2);
    TESTREPO(clitest.repo, "commit", "-q", "--amend", "-m", "count in words");
    testrepo_commit(clitest.repo, "limit.c", "int limit(int n)\n{\n    return n * 8 + 1;\n}\n", 3);
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "master",
                         "--onto", "release/1.0,master^", "--json"),
                     0);
    AUTO(json) json_t *a = clitest_line(0);
    verdict_is(a, "master^", "clean");
    verdict_is(a, "release/1.0", "needs-person");
    const json_t *needs = json_object_get(line_of(a, "release/1.0"), "prerequisites");
    assert_int_equal(json_array_size(needs), 1);
    assert_string_equal(text(json_array_get(needs, 0), "subject"), "count in words");
    assert_string_equal(text(json_array_get(needs, 0), "path"), "limit.c");
    const json_t *past = json_object_get(line_of(a, "release/1.0"), "histories");
    assert_string_equal(text(json_array_get(past, 0), "side"), "main");
}

/* The line has another name for what the fix speaks of, and no file of settings. */
static void names_of_the_line_are_used_and_settings_that_it_lacks_stay_behind(void **state)
{
    (void)state;
    testrepo_init(clitest.repo, "sha1");
    testrepo_commit(clitest.repo, "cpu.c", "int known(int model)\n{\n    return model < 7;\n}\n",
                    1);
    TESTREPO(clitest.repo, "branch", "release/1.0");
    testrepo_commit(clitest.repo, "cpu.c", "int known(int family)\n{\n    return family < 7;\n}\n",
                    2);
    testrepo_commit(clitest.repo, "rules.ini", "[cpu]\nfamily = 7\n", 3);
    testrepo_commit(clitest.repo, "rules.ini", "[cpu]\nfamily = 7-9\n", 4);
    testrepo_commit(clitest.repo, "cpu.c",
                    "int known(int family)\n{\n    return family < 7 || family > 9;\n}\n", 5);
    TESTREPO(clitest.repo, "reset", "-q", "--soft", "HEAD~2");
    TESTREPO(clitest.repo, "commit", "-q", "-m", "know all families");
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "master",
                         "--onto", "release/1.0", "--json"),
                     0);
    AUTO(json) json_t *a = clitest_line(0);
    verdict_is(a, "release/1.0", "resolved");
    const char *patch = text(line_of(a, "release/1.0"), "patch");
    assert_non_null(strstr(patch, "+    return model < 7 || model > 9;"));
    assert_null(strstr(patch, "b/rules.ini"));
    const json_t *out = json_object_get(line_of(a, "release/1.0"), "left_out");
    assert_int_equal(json_array_size(out), 1);
}

static void add_function(struct buf *b, const char *name, bool fixed)
{
    buf_addf(b,
             "int %s_bytes(char *%s_to, size_t room, const char *from, size_t n)\n{\n%s"
             "    memcpy(%s_to, from, n);\n    return count_%s((int)n);\n}\n\n",
             name, name, fixed ? "    if (n > room)\n        return -1;\n" : "", name, name);
}

static void add_file(struct buf *b, const char *path, const char *text)
{
    buf_addf(b, "M 100644 inline %s\ndata %zu\n%s\n", path, strlen(text), text);
}

/* main split the release's file in two, and the fix changes both: one is built upon the other. */
static void a_file_that_was_split_takes_both_parts(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    testrepo_init(clitest.repo, "sha1");
    for (int i = 0; i < 3; i++) {
        AUTO(buf) struct buf first = BUF_INIT(TEXT_MAX);
        AUTO(buf) struct buf second = BUF_INIT(TEXT_MAX);
        add_function(&first, "first", i == 2);
        add_function(&second, "second", i == 2);
        buf_addf(&b, "commit refs/heads/master\ncommitter A U Thor <a@example.org> %d +0000\n",
                 1700000000 + i);
        buf_adds(&b, "data 4\nstep\ndeleteall\n");
        if (i == 0) {
            AUTO(buf) struct buf whole = BUF_INIT(TEXT_MAX);
            buf_addf(&whole, "%s%s", buf_c(&first), buf_c(&second));
            add_file(&b, "all.c", buf_c(&whole));
        } else {
            add_file(&b, "first.c", buf_c(&first));
            add_file(&b, "second.c", buf_c(&second));
        }
    }
    testrepo_import(clitest.repo, buf_c(&b));
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "master",
                         "--onto", "master^^", "--json"),
                     0);
    AUTO(json) json_t *a = clitest_line(0);
    const json_t *line = line_of(a, "master^^");
    assert_string_equal(text(line, "verdict"), "proposed");
    const char *patch = text(line, "patch");
    const char *once = strstr(patch, "+    if (n > room)");
    assert_non_null(once);
    assert_non_null(strstr(once + 1, "+    if (n > room)"));
    assert_non_null(strstr(patch, "+++ b/all.c"));
    assert_null(strstr(patch, "second.c"));
}

static void the_answer_is_told_in_words(void **state)
{
    (void)state;
    make_project();
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix", "--onto",
                         "release/2.0", "--onto", "release/3.0", "--diff"),
                     0);
    const char *said = buf_c(&clitest.out);
    assert_non_null(strstr(said, "take: check the length"));
    assert_non_null(strstr(said, "release/3.0"));
    assert_non_null(strstr(said, "applies cleanly"));
    assert_non_null(strstr(said, "conflicts resolved"));
    assert_non_null(strstr(said, "+    if (n > room)"));
}

static void candidates_can_be_used_as_an_alternate(void **state)
{
    (void)state;
    char objects[TESTREPO_PATH], pack[TESTREPO_SAID], batch[1000];
    make_project();
    testrepo_path(clitest.top, "objects", objects);
    clitest_write_batch("{\"id\":7,\"fix\":\"fix\",\"onto\":[\"release/2.0\",\"release/3.0\"]}\n");
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--objects", objects,
                         "--batch", clitest.batch),
                     0);
    AUTO(json) json_t *newer = clitest_line(0);
    AUTO(json) json_t *older = clitest_line(1);
    assert_int_equal(json_integer_value(json_object_get(older, "id")), 7);
    assert_string_equal(text(newer, "onto"), "release/3.0");
    assert_string_equal(text(older, "tests"), "not-run");
    assert_true(json_is_real(json_object_get(older, "ms")));
    (void)snprintf(batch, sizeof batch, "%s:take.c", text(older, "tree"));
    assert_false(testrepo_try(clitest.repo, (const char *const[]){"cat-file", "-e", batch, NULL}));
    AUTO(buf) struct buf info = BUF_INIT(TEXT_MAX);
    char alternates[TESTREPO_PATH + 40];
    struct err e = ERR_INIT;
    (void)snprintf(alternates, sizeof alternates, "%s/.git/objects/info/alternates", clitest.repo);
    buf_addf(&info, "%s\n", objects);
    assert_int_equal(file_write_sync(AT_FDCWD, alternates, buf_str(&info), 0600, &e), RC_OK);
    testrepo_said(clitest.repo, (const char *const[]){"cat-file", "blob", batch, NULL}, pack);
    assert_non_null(strstr(pack, "if (n > room)"));
}

static void bad_questions_are_answered(void **state)
{
    (void)state;
    static const char *const words[] = {"names no revision", "is not in this repository",
                                        "is not in this repository", "merge"};
    make_project();
    TESTREPO(clitest.repo, "checkout", "-q", "-b", "side", "release/3.0");
    testrepo_commit(clitest.repo, "side.txt", "side\n", 5);
    TESTREPO(clitest.repo, "merge", "-q", "--no-edit", "master");
    clitest_write_batch("{\"id\":1,\"fix\":[],\"onto\":\"master\"}\n"
                        "{\"id\":2,\"fix\":\"nothing\",\"onto\":\"release/2.0\"}\n"
                        "{\"id\":3,\"fix\":\"fix\",\"onto\":[\"release/2.0\",\"nothing\"]}\n"
                        "{\"id\":4,\"fix\":\"side\",\"onto\":\"release/2.0\"}\n");
    assert_int_equal(
        RUN("--repo", clitest.repo, "--cache", clitest.cache, "--batch", clitest.batch), 0);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        AUTO(json) json_t *a = clitest_line(i);
        const char *said = text(json_object_get(a, "error"), "message");
        if (strstr(said, words[i]) == NULL)
            fail_msg("question %zu: %s", i + 1, said);
    }
    assert_int_equal(RUN("--repo", clitest.repo, "--fix", "fix"), EX_USAGE);
    assert_int_equal(RUN("--repo", clitest.repo, "--batch", clitest.batch, "--fix", "fix"),
                     EX_USAGE);
}

/* What was settled on a newer line is picked where the fix itself conflicts. */
static void a_settled_line_helps_the_older_ones(void **state)
{
    (void)state;
    char settled[TESTREPO_SAID];
    AUTO(buf) struct buf batch = BUF_INIT(TEXT_MAX);
    make_project();
    /* Both lines call the result otherwise, and both in the lines of the fix. */
    TESTREPO(clitest.repo, "checkout", "-q", "-b", "release/2.2", "release/2.0");
    commit_version((struct version){.flawed = true, .result = "copied"}, "words", 5);
    TESTREPO(clitest.repo, "branch", "release/2.1");
    commit_version((struct version){.flawed = true, .fixed = true, .result = "copied"}, "by hand",
                   6);
    testrepo_said(clitest.repo, (const char *const[]){"rev-parse", "HEAD", NULL}, settled);
    buf_addf(&batch,
             "{\"id\":1,\"fix\":\"fix\",\"onto\":\"release/2.1\",\"settled\":[{\"onto\":"
             "\"release/2.2\",\"commit\":\"%s\"}]}\n",
             settled);
    clitest_write_batch(buf_c(&batch));
    assert_int_equal(
        RUN("--repo", clitest.repo, "--cache", clitest.cache, "--batch", clitest.batch), 0);
    AUTO(json) json_t *a = clitest_line(0);
    char want[TESTREPO_SAID];
    testrepo_said(clitest.repo, (const char *const[]){"rev-parse", "HEAD^{tree}", NULL}, want);
    assert_string_equal(text(a, "verdict"), "resolved");
    assert_string_equal(text(a, "tree"), want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, clitest_make, clitest_remove)
        T(each_line_gets_its_verdict),
        T(what_a_conflict_rests_on_is_named),
        T(names_of_the_line_are_used_and_settings_that_it_lacks_stay_behind),
        T(a_file_that_was_split_takes_both_parts),
        T(the_answer_is_told_in_words),
        T(candidates_can_be_used_as_an_alternate),
        T(bad_questions_are_answered),
        T(a_settled_line_helps_the_older_ones),
    };
    return cmocka_run_group_tests_name("backport", tests, NULL, NULL);
}
