/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of `vulndesk audit`: from a fix to the other places, on branches and in further
 * repositories, the batch with its errors, and that the repository stays as it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "cli/audit.h"
#include "cli/testing.h"
#include "os/file.h"

#define RUN(...) clitest_run(audit_main, "audit", (const char *const[]){__VA_ARGS__, NULL})
#define TEXT_MAX (1u << 20)

/* ---- A project in which somebody forgot the same thing several times ---- */

/* A function that shows a value of a table; checked: as it has to be. */
static void add_view(struct buf *b, const char *what, bool checked)
{
    buf_addf(b, "int show_%s(struct session *s, const char *name)\n{\n", what);
    buf_addf(b, "    struct record *r = table_lookup(s->table, name);\n");
    if (checked)
        buf_adds(b, "    if (!session_may(s, r))\n        return DENIED;\n");
    buf_addf(b, "    page_write_%s(s->page, r->value, r->length);\n    return DONE;\n}\n\n", what);
}

/* Functions that have nothing to do with it. */
static void add_other(struct buf *b, const char *what, int n)
{
    for (int i = 0; i < n; i++)
        buf_addf(b,
                 "static long %s_%d(long a, long b)\n{\n    long sum = a * %d;\n"
                 "    while (sum > b)\n        sum -= b / %d;\n    return sum;\n}\n\n",
                 what, i, i + 3, i + 2);
}

struct views {
    bool mail, user;
    int before; /* functions in front of them */
};

static void commit_views(const char *repo, struct views v, int day)
{
    AUTO(buf) struct buf a = BUF_INIT(TEXT_MAX);
    add_other(&a, "mail", 5 + v.before);
    add_view(&a, "mail", v.mail);
    add_other(&a, "between", 6);
    add_view(&a, "user", v.user);
    testrepo_commit(repo, "views.c", buf_c(&a), day);
}

/* master: the fix is in show_mail alone.  stable: nothing is mended, and lines are shifted. */
static void make_project(void)
{
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    testrepo_init(clitest.repo, "sha1");
    add_other(&b, "math", 40);
    testrepo_commit(clitest.repo, "math.c", buf_c(&b), 1);
    testrepo_commit(clitest.repo, "picture.bin", "x", 1);
    buf_reset(&b);
    add_other(&b, "log", 8);
    add_view(&b, "log", false);
    testrepo_commit(clitest.repo, "log.c", buf_c(&b), 1);
    commit_views(clitest.repo, (struct views){.before = 9}, 2);
    TESTREPO(clitest.repo, "branch", "stable");
    commit_views(clitest.repo, (struct views){.before = 0}, 3);
    commit_views(clitest.repo, (struct views){.mail = true}, 4);
    TESTREPO(clitest.repo, "tag", "fix");
}

static const json_t *hit(const json_t *answer, size_t i)
{
    return json_array_get(json_object_get(answer, "hits"), i);
}

static const char *text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

/* Index of the hit in this file and function; fails when there is none. */
static size_t find(const json_t *answer, const char *path, const char *function)
{
    size_t n = json_array_size(json_object_get(answer, "hits"));
    for (size_t i = 0; i < n; i++)
        if (strcmp(text(hit(answer, i), "path"), path) == 0 &&
            strcmp(text(hit(answer, i), "function"), function) == 0)
            return i;
    fail_msg("no hit in %s of %s", function, path);
    return 0;
}

static void the_others_are_found(void **state)
{
    (void)state;
    make_project();
    assert_int_equal(
        RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix", "--json"), 0);
    AUTO(json) json_t *a = clitest_line(0);
    assert_true(find(a, "views.c", "show_user") < 2);
    size_t log = find(a, "log.c", "show_log");
    assert_true(log < 2);
    const json_t *h = hit(a, log);
    assert_true(json_number_value(json_object_get(h, "score")) > 0);
    assert_int_equal(json_array_size(json_object_get(h, "places")), 1);
    assert_int_equal(strlen(text(h, "chunk")), 16);
    assert_true(json_array_size(json_object_get(json_object_get(h, "code"), "lines")) > 5);
    for (size_t i = 0; i < json_array_size(json_object_get(a, "hits")); i++)
        assert_string_not_equal(text(hit(a, i), "function"), "show_mail");
    const json_t *seed = json_array_get(json_object_get(a, "seeds"), 0);
    assert_string_equal(text(seed, "path"), "views.c");
    assert_int_equal(strlen(text(seed, "fix")), 40);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(a, "searched"), "files")),
                     3);
    assert_string_equal(text(json_array_get(json_object_get(a, "not_searched"), 0), "path"),
                        "picture.bin");
}

static void a_place_of_two_branches_is_one(void **state)
{
    (void)state;
    make_project();
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix",
                         "--branches", "master,stable", "--json"),
                     0);
    AUTO(json) json_t *a = clitest_line(0);
    const json_t *user = hit(a, find(a, "views.c", "show_user"));
    clitest_list_is(user, "branches", "master stable ");
    assert_int_equal(json_array_size(json_object_get(user, "places")), 2);
    /* Where the fix belongs is no place like it, on no branch. */
    for (size_t i = 0; i < json_array_size(json_object_get(a, "hits")); i++)
        assert_string_not_equal(text(hit(a, i), "function"), "show_mail");
    /* But that it is missing on one of them is said. */
    const json_t *note = json_array_get(json_object_get(a, "notes"), 0);
    assert_true(json_is_string(note));
    assert_non_null(strstr(json_string_value(note), "missing on stable: views.c:"));
}

static void a_region_is_enough(void **state)
{
    (void)state;
    make_project();
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    add_view(&b, "other", false);
    testrepo_commit(clitest.repo, "other.c", buf_c(&b), 5);
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--like", "other.c:3-4",
                         "--at", "master", "--json"),
                     0);
    AUTO(json) json_t *a = clitest_line(0);
    assert_true(find(a, "log.c", "show_log") < 3);
    assert_true(find(a, "views.c", "show_user") < 3);
}

static void other_repositories_are_searched_too(void **state)
{
    (void)state;
    char other[TESTREPO_PATH];
    AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
    make_project();
    testrepo_path(clitest.top, "other", other);
    testrepo_init(other, "sha1");
    add_other(&b, "tool", 12);
    add_view(&b, "tool", false);
    testrepo_commit(other, "tool.c", buf_c(&b), 1);
    assert_int_equal(RUN("--repo", clitest.repo, "--repo", other, "--cache", clitest.cache, "--fix",
                         "fix", "--json"),
                     0);
    AUTO(json) json_t *a = clitest_line(0);
    const json_t *h = hit(a, find(a, "tool.c", "show_tool"));
    assert_string_equal(text(h, "repo"), other);
    assert_string_equal(text(hit(a, find(a, "log.c", "show_log")), "repo"), "");
    assert_int_equal(
        RUN("--repo", clitest.repo, "--repo", other, "--cache", clitest.cache, "--fix", "fix"), 0);
    assert_non_null(strstr(buf_c(&clitest.out), "tool.c"));
    assert_non_null(strstr(buf_c(&clitest.out), "of 2 repositories"));
}

/* Without its tool a rule is told of and nothing is lost; with it, it finds what it says. */
static void rules_are_run_besides(void **state)
{
    (void)state;
    char rule[TESTREPO_PATH], bad[TESTREPO_PATH];
    struct err e = ERR_INIT;
    make_project();
    testrepo_path(clitest.top, "sum.cocci", rule);
    testrepo_path(clitest.top, "bad.cocci", bad);
    assert_int_equal(file_write_sync(AT_FDCWD, rule,
                                     STR("@@ expression a, b; @@\n* page_write_log(a, b, ...)\n"),
                                     0600, &e),
                     RC_OK);
    assert_int_equal(
        file_write_sync(AT_FDCWD, bad, STR("@script:python@ @@\nimport os\n"), 0600, &e), RC_OK);
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix", "--rule",
                         rule, "--rule", bad, "--json"),
                     0);
    AUTO(json) json_t *a = clitest_line(0);
    const json_t *log = hit(a, find(a, "log.c", "show_log"));
    const json_t *told = json_array_get(json_object_get(a, "rules"), 0);
    const json_t *refused = json_array_get(json_object_get(a, "rules"), 1);
    assert_string_equal(text(told, "name"), "sum.cocci");
    if (strncmp(text(told, "status"), "done", 4) == 0) {
        assert_string_equal(text(log, "rule"), "sum.cocci");
        assert_int_equal(json_integer_value(json_object_get(told, "hits")), 1);
    } else {
        assert_non_null(strstr(text(told, "status"), "no tool"));
        assert_string_equal(text(log, "rule"), "");
    }
    assert_non_null(strstr(text(refused, "status"), "refused"));
    assert_int_not_equal(RUN("--repo", clitest.repo, "--fix", "fix", "--rule", "/nonexistent/x"),
                         0);
}

static void answers_a_batch(void **state)
{
    (void)state;
    make_project();
    clitest_write_batch(
        "{\"id\":1,\"at\":\"fix^\",\"seed\":{\"path\":\"views.c\",\"start\":38,\"end\":38,"
        "\"hunks\":[{\"path\":\"views.c\",\"old_start\":36,\"lines\":["
        "\" int show_mail(struct session *s, const char *name)\",\" {\","
        "\"     struct record *r = table_lookup(s->table, name);\","
        "\"+    if (!session_may(s, r))\",\"+        return DENIED;\","
        "\"     page_write_mail(s->page, r->value, r->length);\"]}]}}\n"
        "{\"id\":2,\"at\":\"fix^\",\"seed\":{\"path\":\"views.c\",\"start\":38,\"end\":39}}\n"
        "{\"id\":\"none\",\"at\":\"no-such\",\"seed\":{\"path\":\"views.c\",\"start\":1,\"end\":1}}"
        "\n"
        "{\"id\":4,\"at\":\"fix\"}\n"
        "{\"id\":5,\"at\":\"fix\",\"seed\":{\"path\":\"none.c\",\"start\":1,\"end\":1}}\n"
        "[]\n");
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--batch", clitest.batch,
                         "--limit", "5"),
                     0);
    for (size_t i = 0; i < 2; i++) {
        AUTO(json) json_t *a = clitest_line(i);
        size_t user = find(a, "views.c", "");
        assert_true(user < 3);
        assert_true(find(a, "log.c", "") < 3);
        assert_true(json_array_size(json_object_get(a, "hits")) <= 5);
        assert_true(json_is_real(json_object_get(a, "ms")));
        assert_null(json_object_get(hit(a, user), "repo"));
        assert_true(json_is_array(json_object_get(hit(a, user), "matched")));
        assert_int_equal(json_array_size(json_object_get(a, "not_searched")), 1);
    }
    static const char *const codes[] = {"notfound", "invalid", "notfound", "invalid"};
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        AUTO(json) json_t *a = clitest_line(2 + i);
        assert_string_equal(text(json_object_get(a, "error"), "code"), codes[i]);
        assert_string_not_equal(text(json_object_get(a, "error"), "message"), "");
    }
    assert_non_null(strstr(buf_c(&clitest.err), "index: "));
}

static void the_same_answer_with_and_without_a_cache(void **state)
{
    (void)state;
    char warm[TESTREPO_PATH];
    AUTO(buf) struct buf first = BUF_INIT(CLITEST_OUT_MAX);
    make_project();
    testrepo_path(clitest.top, "warm", warm);
    assert_int_equal(
        RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix", "--json"), 0);
    buf_add(&first, buf_str(&clitest.out));
    /* Other trees are in this one before. */
    assert_int_equal(
        RUN("--repo", clitest.repo, "--cache", warm, "--fix", "fix", "--branches", "*", "--json"),
        0);
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", warm, "--fix", "fix", "--json"), 0);
    assert_string_equal(buf_c(&clitest.out), buf_c(&first));
}

static void says_what_cannot_be_read(void **state)
{
    (void)state;
    make_project();
    const char *repo = clitest.repo, *cache = clitest.cache;
    assert_int_equal(RUN("--repo", repo), EX_USAGE);
    assert_int_equal(RUN("--fix", "fix"), EX_USAGE);
    assert_int_equal(RUN("--repo", repo, "--hunk", "a.c:1", "--like", "a.c:1"), EX_USAGE);
    assert_int_equal(RUN("--repo", repo, "--fix", "fix", "--batch", "-"), EX_USAGE);
    assert_int_equal(RUN("--repo", repo, "--fix", "fix", "word"), EX_USAGE);
    assert_int_equal(RUN("--repo", repo, "--cache", cache, "--batch", "/nonexistent"), 1);
    assert_int_not_equal(RUN("--repo", repo, "--cache", cache, "--fix", "fix", "--cut", "high"), 0);
    assert_non_null(strstr(buf_c(&clitest.err), "the cut"));
    assert_int_not_equal(RUN("--repo", repo, "--cache", cache, "--fix", "--all"), 0);
    assert_int_not_equal(RUN("--repo", repo, "--cache", cache, "--fix", "no-such"), 0);
    assert_non_null(strstr(buf_c(&clitest.err), "revision no-such is not in this repository"));
    assert_int_not_equal(
        RUN("--repo", repo, "--cache", cache, "--fix", "fix", "--branches", "none*"), 0);
    assert_non_null(strstr(buf_c(&clitest.err), "no branch fits"));
    assert_int_not_equal(
        RUN("--repo", repo, "--cache", cache, "--like", "views.c:900-910", "--at", "fix"), 0);
    assert_int_equal(clitest.out.n, 0);
}

static void leaves_the_repository_alone(void **state)
{
    (void)state;
    AUTO(buf) struct buf before = BUF_INIT(1 << 20);
    AUTO(buf) struct buf after = BUF_INIT(1 << 20);
    make_project();
    testrepo_commit(clitest.repo, ".gitattributes", "* diff=trap filter=trap\n", 10);
    testrepo_traps(clitest.repo, clitest.top);
    (void)testrepo_trapped(clitest.top);
    clitest_look(&before);
    assert_int_equal(
        RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix", "--branches", "*"),
        0);
    clitest_look(&after);
    assert_string_equal(buf_c(&before), buf_c(&after));
    assert_false(testrepo_trapped(clitest.top));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, clitest_make, clitest_remove)
    const struct CMUnitTest tests[] = {
        T(the_others_are_found),
        T(a_place_of_two_branches_is_one),
        T(a_region_is_enough),
        T(other_repositories_are_searched_too),
        T(rules_are_run_besides),
        T(answers_a_batch),
        T(the_same_answer_with_and_without_a_cache),
        T(says_what_cannot_be_read),
        T(leaves_the_repository_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
