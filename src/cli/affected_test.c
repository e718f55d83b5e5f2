/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of `vulndesk affected`: the table, the batch with its errors, exit codes, and that the
 * repository stays as it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "cli/affected.h"
#include "cli/testing.h"
#include "os/file.h"
#include "os/spawn.h"

#define RUN(...) clitest_run(affected_main, "affected", (const char *const[]){__VA_ARGS__, NULL})

/* main: 1.0 2.0 [flaw] 2.1 2.2 [fix] 2.3; stable, from 2.1: 2.1.1 [the fix, another way] 2.1.2 */
static void make_releases(void)
{
    testrepo_init(clitest.repo, "sha1");
    testrepo_commit(clitest.repo, "a.c", "int one;\n", 1);
    TESTREPO(clitest.repo, "tag", "v1.0.0");
    testrepo_commit(clitest.repo, "b.c", "int two;\n", 2);
    TESTREPO(clitest.repo, "tag", "v2.0.0");
    testrepo_commit(clitest.repo, "a.c", "int one;\nint flaw(char *p) { return p[9]; }\n", 3);
    TESTREPO(clitest.repo, "branch", "flaw");
    testrepo_commit(clitest.repo, "b.c", "int two, three;\n", 4);
    TESTREPO(clitest.repo, "tag", "v2.1.0");
    TESTREPO(clitest.repo, "branch", "stable");
    testrepo_commit(clitest.repo, "b.c", "int two, four;\n", 5);
    TESTREPO(clitest.repo, "tag", "v2.2.0");
    testrepo_commit(clitest.repo, "a.c", "int one;\nint flaw(char *p) { return p ? p[1] : 0; }\n",
                    6);
    TESTREPO(clitest.repo, "commit", "-q", "--amend", "-m", "flaw: look before reading");
    TESTREPO(clitest.repo, "branch", "fix");
    TESTREPO(clitest.repo, "tag", "v2.3.0");
    TESTREPO(clitest.repo, "checkout", "-q", "stable");
    testrepo_commit(clitest.repo, "c.c", "int five;\n", 7);
    TESTREPO(clitest.repo, "tag", "v2.1.1");
    testrepo_commit(clitest.repo, "a.c", "int one;\n/* it is gone for good here */\n", 8);
    TESTREPO(clitest.repo, "commit", "-q", "--amend", "-m", "remove what nobody uses");
    TESTREPO(clitest.repo, "branch", "stable-fix");
    TESTREPO(clitest.repo, "tag", "v2.1.2");
    testrepo_commit(clitest.repo, "c.c", "int six;\n", 9);
    TESTREPO(clitest.repo, "tag", "v2.1.3-rc1");
}

static void answers_a_batch(void **state)
{
    (void)state;
    make_releases();
    clitest_write_batch(
        "{\"id\":1,\"fix\":[\"fix\",\"stable-fix\"],\"introduced\":[\"flaw\"],\"more\":[]}\n"
        "\n"
        "{\"id\":\"x\",\"fix\":[[\"fix\",\"stable-fix\"],[\"v2.3.0\"]],\"introduced\":[\"flaw\"]}\n"
        "{\"id\":null,\"fix\":[\"fix\"],\"introduced\":[\"flaw\"],\"tags\":[\"v2.1.2\",\"v2.0.0\","
        "\"v2.3.0\",\"no-such\"]}\n"
        "{\"id\":[4],\"fix\":[\"nothing\"]}\n"
        "{\"id\":5,\"fix\":[\"--all\"]}\n"
        "not JSON\n"
        "{\"id\":7,\"fix\":[\"fix\"]}");
    assert_int_equal(
        RUN("--repo", clitest.repo, "--cache", clitest.cache, "--batch", clitest.batch), 0);
    AUTO(json) json_t *a = clitest_line(0);
    assert_int_equal(json_integer_value(json_object_get(a, "id")), 1);
    clitest_list_is(a, "affected", "v2.1.0 v2.1.1 v2.2.0 ");
    clitest_list_is(a, "fixed", "v2.1.2 v2.3.0 ");
    clitest_list_is(a, "not_affected", "v1.0.0 v2.0.0 ");
    clitest_list_is(a, "unknown", "");
    assert_true(json_real_value(json_object_get(a, "ms")) >= 0);
    json_t *origin = json_array_get(json_object_get(a, "introduced"), 0);
    assert_string_equal(json_string_value(json_object_get(origin, "confidence")), "exact");
    assert_int_equal(json_array_size(json_object_get(a, "candidates")), 0);
    AUTO(json) json_t *b = clitest_line(1); /* both groups are needed */
    assert_string_equal(json_string_value(json_object_get(b, "id")), "x");
    clitest_list_is(b, "affected", "v2.1.0 v2.1.1 v2.1.2 v2.2.0 ");
    clitest_list_is(b, "fixed", "v2.3.0 ");
    AUTO(json) json_t *c = clitest_line(2);
    assert_true(json_is_null(json_object_get(c, "id")));
    clitest_list_is(c, "affected", "v2.1.2 ");
    clitest_list_is(c, "unknown", "no-such ");
    static const char *const codes[] = {"notfound", "invalid", "invalid"};
    for (size_t i = 0; i < 3; i++) {
        AUTO(json) json_t *d = clitest_line(3 + i);
        json_t *error = json_object_get(d, "error");
        assert_string_equal(json_string_value(json_object_get(error, "code")), codes[i]);
        assert_non_null(json_object_get(error, "message"));
        assert_null(json_object_get(d, "affected"));
    }
    AUTO(json) json_t *last = clitest_line(6);
    assert_int_equal(json_integer_value(json_object_get(last, "id")), 7);
    size_t n = json_array_size(json_object_get(last, "candidates"));
    assert_true(n >= 1 && n <= 5);
    assert_non_null(strstr(buf_c(&clitest.err), "index: "));
}

static void says_what_cannot_be_read(void **state)
{
    (void)state;
    make_releases();
    assert_int_equal(
        RUN("--repo", clitest.repo, "--cache", clitest.cache, "--batch", "/nonexistent"), 1);
    clitest_write_batch("{\"id\":1,\"fix\":[\"fix\"]}\n");
    assert_int_equal(
        RUN("--repo", "/nonexistent", "--cache", clitest.cache, "--batch", clitest.batch), 1);
    assert_int_equal(clitest.out.n, 0);
    assert_int_not_equal(clitest.err.n, 0);
    /* main makes 2 of it. */
    assert_int_equal(RUN("--repo", clitest.repo), EX_USAGE);
    assert_int_equal(RUN("--fix", "fix"), EX_USAGE);
    assert_int_equal(RUN("--repo", clitest.repo, "--fix", "fix", "--batch", clitest.batch),
                     EX_USAGE);
    assert_int_equal(RUN("--repo", clitest.repo, "--fix", "fix", "word"), EX_USAGE);
    assert_int_equal(RUN("--repo", clitest.repo, "--fix", "fix", "--what"), EX_USAGE);
    assert_int_not_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "no-such"),
                         0);
    assert_non_null(strstr(buf_c(&clitest.err), "revision no-such is not in this repository"));
    assert_int_not_equal(
        RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix", "--tags", "v{X}"), 0);
    assert_non_null(strstr(buf_c(&clitest.err), "tag pattern"));
}

static void prints_a_table(void **state)
{
    (void)state;
    make_releases();
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix",
                         "fix,stable-fix", "--introduced", "flaw"),
                     0);
    assert_non_null(strstr(buf_c(&clitest.out), "v2.2.0      AFFECTED      exact   introduced "));
    assert_non_null(strstr(buf_c(&clitest.out), "v2.1.2      fixed         exact   graph "));
    assert_non_null(strstr(buf_c(&clitest.out), "v1.0.0      not affected"));
    assert_non_null(strstr(buf_c(&clitest.out), "v2.1.0 to v2.1.1, fixed in v2.1.2"));
    assert_null(strstr(buf_c(&clitest.out), "v2.1.3-rc1"));
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix",
                         "--introduced", "flaw", "--all"),
                     0);
    assert_non_null(strstr(buf_c(&clitest.out), "v2.1.3-rc1"));
    assert_non_null(strstr(buf_c(&clitest.out), "[preview]"));
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix",
                         "--introduced", "flaw", "--branches", "master,stable"),
                     0);
    assert_non_null(strstr(buf_c(&clitest.out), "Branches:\n"));
    assert_non_null(strstr(buf_c(&clitest.out), "  master: fixed (at "));
    assert_non_null(strstr(buf_c(&clitest.out), "  stable: affected (at "));
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--introduced", "flaw"),
                     0);
    assert_non_null(strstr(buf_c(&clitest.out), "not fixed in a release of it"));
}

static void leaves_the_repository_alone(void **state)
{
    (void)state;
    AUTO(buf) struct buf before = BUF_INIT(1 << 20);
    AUTO(buf) struct buf after = BUF_INIT(1 << 20);
    make_releases();
    testrepo_commit(clitest.repo, ".gitattributes", "* diff=trap filter=trap\n", 10);
    testrepo_traps(clitest.repo, clitest.top);
    (void)testrepo_trapped(clitest.top);
    clitest_look(&before);
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix"), 0);
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix",
                         "--introduced", "flaw", "--json"),
                     0);
    clitest_look(&after);
    assert_string_equal(buf_c(&before), buf_c(&after));
    assert_false(testrepo_trapped(clitest.top));
}

/* Only the answers that need what is missing are unknown, and they say what it is. */
static void unknown_names_what_is_missing(void **state)
{
    (void)state;
    char lost[TESTREPO_SAID];
    make_releases();
    testrepo_said(clitest.repo, (const char *const[]){"rev-parse", "v2.2.0", NULL}, lost);
    TESTREPO(clitest.repo, "tag", "-d", "v2.2.0");
    testrepo_lose(clitest.repo, lost);
    clitest_write_batch("{\"id\":1,\"fix\":[\"fix\"],\"introduced\":[\"flaw\"]}\n"
                        "{\"id\":2,\"fix\":[\"stable-fix\"],\"introduced\":[\"flaw\"]}\n");
    assert_int_equal(
        RUN("--repo", clitest.repo, "--cache", clitest.cache, "--batch", clitest.batch), 0);
    AUTO(json) json_t *a = clitest_line(0); /* the fix is above the hole, v2.3.0 holds it */
    clitest_list_is(a, "unknown", "");
    clitest_list_is(a, "fixed", "v2.3.0 ");
    AUTO(json) json_t *b = clitest_line(1); /* v2.3.0 may hold flaw and fix, or neither */
    clitest_list_is(b, "unknown", "v2.3.0 ");
    clitest_list_is(b, "affected", "v2.1.0 v2.1.1 ");
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "stable-fix",
                         "--introduced", "flaw"),
                     0);
    assert_non_null(strstr(buf_c(&clitest.out), "UNKNOWN"));
    assert_non_null(strstr(buf_c(&clitest.out), lost));
}

/* The introducing commit is older than what the clone has. */
static void what_is_behind_a_shallow_end_is_unknown(void **state)
{
    (void)state;
    char url[120], clone[120], flaw[TESTREPO_SAID], text[TESTREPO_SAID + 200];
    make_releases();
    testrepo_said(clitest.repo, (const char *const[]){"rev-parse", "flaw", NULL}, flaw);
    snprintf(url, sizeof url, "file://%s", clitest.repo);
    snprintf(clone, sizeof clone, "%s/clone", clitest.top);
    TESTREPO(clitest.top, "clone", "-q", "--depth", "3", "--branch", "v2.3.0", url, clone);
    snprintf(text, sizeof text,
             "{\"id\":1,\"fix\":[\"v2.3.0\"],\"introduced\":[\"%s\"]}\n"
             "{\"id\":2,\"fix\":[\"v2.3.0\"],\"introduced\":[\"v2.2.0\"]}\n",
             flaw);
    clitest_write_batch(text);
    assert_int_equal(RUN("--repo", clone, "--cache", clitest.cache, "--batch", clitest.batch), 0);
    assert_non_null(strstr(buf_c(&clitest.err), "the clone is shallow"));
    AUTO(json) json_t *a = clitest_line(0);
    clitest_list_is(a, "unknown", "v2.1.0 v2.2.0 ");
    clitest_list_is(a, "fixed", "v2.3.0 ");
    AUTO(json) json_t *b = clitest_line(1); /* all that matters is here */
    clitest_list_is(b, "unknown", "");
    clitest_list_is(b, "affected", "v2.2.0 ");
    clitest_list_is(b, "not_affected", "v2.1.0 ");
}

/* A file of one release is missing, as in a partial clone. */
static void a_missing_file_is_one_unknown(void **state)
{
    (void)state;
    char blob[TESTREPO_SAID];
    make_releases();
    testrepo_said(clitest.repo, (const char *const[]){"rev-parse", "v2.1.2:a.c", NULL}, blob);
    testrepo_lose(clitest.repo, blob);
    clitest_write_batch("{\"id\":1,\"fix\":[\"fix\"],\"introduced\":[\"flaw\"]}\n"
                        "{\"id\":2,\"fix\":[\"fix\",\"stable-fix\"],\"introduced\":[\"flaw\"]}\n"
                        "{\"id\":3,\"fix\":[\"fix\"]}\n");
    assert_int_equal(
        RUN("--repo", clitest.repo, "--cache", clitest.cache, "--batch", clitest.batch), 0);
    AUTO(json) json_t *a = clitest_line(0);
    clitest_list_is(a, "affected", "v2.1.0 v2.1.1 v2.2.0 ");
    clitest_list_is(a, "unknown", "v2.1.2 ");
    AUTO(json) json_t *b = clitest_line(1); /* the history says that it is fixed there */
    clitest_list_is(b, "fixed", "v2.1.2 v2.3.0 ");
    clitest_list_is(b, "unknown", "");
    AUTO(json) json_t *c = clitest_line(2);
    clitest_list_is(c, "unknown", "v2.1.2 ");
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix",
                         "--introduced", "flaw"),
                     0);
    assert_non_null(strstr(buf_c(&clitest.out), "of the fix is missing"));
}

static void draws_a_map(void **state)
{
    (void)state;
    char file[120];
    AUTO(buf) struct buf svg = BUF_INIT(CLITEST_OUT_MAX);
    struct err e = ERR_INIT;
    make_releases();
    snprintf(file, sizeof file, "%s/map.svg", clitest.top);
    assert_int_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix",
                         "--introduced", "flaw", "--svg", file),
                     0);
    assert_true(clitest.out.n > 0); /* the table as well */
    assert_int_equal(file_read(AT_FDCWD, file, CLITEST_OUT_MAX, &svg, &e), RC_OK);
    static const char *const has[] = {
        "<svg xmlns=", "<style>",       ">2.1<", ">2.3<", "v2.1.1, 2024-01-08: affected",
        "fixed by ",   "introduced by "};
    for (size_t i = 0; i < ARRAY_LEN(has); i++)
        if (strstr(buf_c(&svg), has[i]) == NULL)
            fail_msg("%s", has[i]);
    assert_int_equal(
        RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix", "--svg", "-"), 0);
    assert_memory_equal(buf_c(&clitest.out), "<svg ", 5);
    assert_non_null(strstr(buf_c(&clitest.out), "</svg>\n"));
    clitest_write_batch("{}\n");
    assert_int_equal(RUN("--repo", clitest.repo, "--batch", clitest.batch, "--svg", file),
                     EX_USAGE);
    assert_int_not_equal(RUN("--repo", clitest.repo, "--cache", clitest.cache, "--fix", "fix",
                             "--svg", "/nonexistent/map"),
                         0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, clitest_make, clitest_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_a_batch),
        TEST(says_what_cannot_be_read),
        TEST(prints_a_table),
        TEST(draws_a_map),
        TEST(leaves_the_repository_alone),
        TEST(unknown_names_what_is_missing),
        TEST(what_is_behind_a_shallow_end_is_unknown),
        TEST(a_missing_file_is_one_unknown),
    };
    return cmocka_run_group_tests_name("affected", tests, NULL, NULL);
}
