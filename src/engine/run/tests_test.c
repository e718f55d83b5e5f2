/* SPDX-License-Identifier: Apache-2.0 */
/* Test runs of a small project in a real sandbox: verdicts, and what hostile tests get away with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "engine/run/tests.h"
#include "git/testing.h"
#include "os/file.h"
#include "testing.h"

static char top[TESTREPO_TOP], repo[TESTREPO_PATH], scratch[TESTREPO_PATH];

static int setup(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    testrepo_path(top, "scratch", scratch);
    testrepo_init(repo, "sha1");
    return dir_make(AT_FDCWD, scratch, 0700, &e) == RC_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

/* Commits "run", a program for the shell, and says the id. */
struct commit {
    char id[TESTREPO_SAID];
};
static struct commit commit(const char *program)
{
    static int number; /* each is another one */
    char text[2000];
    struct commit c;
    snprintf(text, sizeof text, "%s# %d\n", program, ++number);
    testrepo_commit(repo, "run", text, 1);
    const char *const args[] = {"rev-parse", "HEAD", NULL};
    testrepo_said(repo, args, c.id);
    return c;
}

static struct tests_ask ask_of(const struct commit *base, const struct commit *candidate)
{
    return (struct tests_ask){.repository = repo,
                              .scratch = scratch,
                              .base = str_c(base->id),
                              .candidate = str_c(candidate->id),
                              .command = "sh ./run",
                              .mtime_s = 1700000000,
                              .limits = {.wall_ms = 60000}};
}

static void run(const struct tests_ask *ask, struct tests_answer *a, enum tests_verdict v,
                const char *why)
{
    struct err e = ERR_INIT;
    if (tests_run(ask, a, &e) != RC_OK)
        fail_msg("%s", e.msg);
    if (a->verdict != v || strstr(a->why, why) == NULL)
        fail_msg("%s: %s (wanted %s: %s)", tests_verdict_name(a->verdict), a->why,
                 tests_verdict_name(v), why);
    AUTO(fd) int fd = -1;
    assert_int_equal(dir_open(AT_FDCWD, scratch, &fd, &e), RC_OK);
    assert_int_equal(unlinkat(AT_FDCWD, scratch, AT_REMOVEDIR), 0); /* nothing is left in it */
    assert_int_equal(dir_make(AT_FDCWD, scratch, 0700, &e), RC_OK);
}

static void test_only_new_failures_count(void **state)
{
    (void)state;
    struct commit base = commit("echo 'ok 1 - a'; echo 'not ok 2 - b'; exit 1\n");
    struct commit good = commit("echo 'ok 1 - a'; echo 'not ok 2 - b'; echo 'ok 3 - c'; exit 1\n");
    struct commit bad = commit("echo 'not ok 1 - a'; echo 'not ok 2 - b'; exit 1\n");
    AUTO(tests_answer) struct tests_answer a = {0};
    struct tests_ask ask = ask_of(&base, &good);
    run(&ask, &a, TESTS_PASS, "2 passed, 1 failed and failed before");
    assert_int_equal(a.diff.still.all, 1);
    AUTO(tests_answer) struct tests_answer b = {0};
    ask = ask_of(&base, &bad);
    run(&ask, &b, TESTS_FAIL, "1 test fails that did not fail on the base, the first: a");
    assert_int_equal(b.diff.new_failures.all, 1);
}

static void test_what_can_never_pass(void **state)
{
    (void)state;
    struct commit good = commit("echo 'PASS: a'\n");
    const struct {
        const char *base, *candidate;
        enum tests_verdict verdict;
        const char *why;
    } pairs[] = {
        {"exit 0\n", "echo 'PASS: a'\n", TESTS_UNTESTED, "no test was seen on the base"},
        {"echo 'PASS: a'\n", "exit 0 # x\n", TESTS_UNTESTED, "no test was seen on the candidate"},
        {"echo 'PASS: a'\n", "exit 3\n", TESTS_FAIL,
         "no test was seen on the candidate: exit code 3"},
        {"echo 'PASS: a'\n", "echo 'PASS: a'; exit 1\n", TESTS_FAIL,
         "exit code 1, on the base with 0"},
        {"echo 'PASS: a'; echo 'PASS: b'\n", "echo 'PASS: a'\n", TESTS_UNTESTED,
         "1 test passed on the base and was not run on the candidate, the first: b"},
        {"echo 'SKIP: a'\n", "echo 'SKIP: a' # x\n", TESTS_UNTESTED, "no test was seen"},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct commit base = commit(pairs[i].base), candidate = commit(pairs[i].candidate);
        AUTO(tests_answer) struct tests_answer a = {0};
        struct tests_ask ask = ask_of(&base, &candidate);
        run(&ask, &a, pairs[i].verdict, pairs[i].why);
    }
    AUTO(tests_answer) struct tests_answer a = {0};
    struct tests_ask ask = ask_of(&good, &good);
    ask.command = "/nonexistent/program";
    run(&ask, &a, TESTS_UNTESTED, "exit code 127");
}

static void test_builds(void **state)
{
    (void)state;
    struct commit good = commit("echo 'PASS: a'\n");
    struct commit broken = commit("syntax error (\n");
    AUTO(tests_answer) struct tests_answer a = {0}, b = {0}, c = {0};
    struct tests_ask ask = ask_of(&broken, &good);
    ask.build = "sh -n ./run && touch built";
    ask.command = "test -e built && sh ./run";
    run(&ask, &a, TESTS_UNTESTED, "the base does not build: exit code 2");
    ask = ask_of(&good, &broken);
    ask.build = "sh -n ./run && touch built";
    run(&ask, &b, TESTS_FAIL, "the candidate does not build: exit code 2");
    ask = ask_of(&good, &good);
    ask.build = "sh -n ./run && touch built";
    ask.command = "test -e built && sh ./run";
    run(&ask, &c, TESTS_PASS, "1 passed");
    assert_true(c.base.log.total > 0);
}

static void test_by_exit_code(void **state)
{
    (void)state;
    struct commit good = commit("exit 0\n"), bad = commit("exit 1\n");
    AUTO(tests_answer) struct tests_answer a = {0}, b = {0}, c = {0};
    struct tests_ask ask = ask_of(&good, &bad);
    ask.by_exit = true;
    run(&ask, &a, TESTS_FAIL, "exit code 1");
    ask = ask_of(&good, &good);
    ask.by_exit = true;
    run(&ask, &b, TESTS_PASS, "");
    ask = ask_of(&bad, &good);
    ask.by_exit = true;
    run(&ask, &c, TESTS_UNTESTED, "fail on the base too");
}

static void test_hostile_tests(void **state)
{
    (void)state;
    struct commit good = commit("echo 'PASS: a'\n");
    struct commit hangs = commit("echo 'PASS: a'; while :; do :; done\n");
    struct commit pours = commit("while :; do echo 'PASS: a'; done\n");
    struct commit closes = commit("echo 'PASS: a'; mkdir -p d/e; ln -s / d/root; touch d/f; "
                                  "chmod 000 d/e d; kill -9 $PPID; kill -9 1; kill -9 -1\n");
    AUTO(tests_answer) struct tests_answer a = {0}, b = {0}, c = {0}, d = {0};
    struct tests_ask ask = ask_of(&good, &hangs);
    ask.limits.wall_ms = 700;
    run(&ask, &a, TESTS_FAIL, "do not end on the candidate: it took more than");
    ask = ask_of(&hangs, &good);
    ask.limits.wall_ms = 700;
    run(&ask, &b, TESTS_UNTESTED, "do not end on the base");
    ask = ask_of(&good, &pours);
    ask.limits.output_bytes = 1 << 20;
    run(&ask, &c, TESTS_FAIL, "wrote more than");
    ask = ask_of(&good, &closes);
    run(&ask, &d, TESTS_FAIL, "exit code 137");
}

static void test_a_new_failure_is_tried_again(void **state)
{
    (void)state;
    struct commit base = commit("echo 'PASS: a'; echo 'PASS: b'\n");
    struct commit shaky = commit("echo 'PASS: a'; echo 'FAIL: b'; exit 1\n");
    AUTO(tests_answer) struct tests_answer a = {0};
    struct tests_ask ask = ask_of(&base, &shaky);
    run(&ask, &a, TESTS_FAIL, "1 test fails that did not fail on the base, the first: b");
    assert_true(a.again.ran);
    assert_int_equal(a.unsteady.all, 0);
}

static void test_the_fixs_own_test(void **state)
{
    (void)state;
    static const char runner[] = "for t in *.t; do sh ./$t; done\n";
    testrepo_commit(repo, "old.t", "echo 'ok 1 - old'\n", 1);
    testrepo_commit(repo, "code", "broken", 1);
    struct commit base = commit(runner);
    testrepo_commit(repo, "code", "fixed", 2);
    testrepo_commit(repo, "own.t",
                    "grep -q fixed code && echo 'ok 1 - own' || echo 'not ok 1 - own'\n", 2);
    struct commit fixed = commit("for t in *.t; do sh ./$t; done # 2\n");
    testrepo_commit(repo, "own.t", "echo 'ok 1 - own'\n", 3);
    struct commit weak = commit("for t in *.t; do sh ./$t; done # 3\n");
    const struct str own[] = {STR("own.t")};
    AUTO(tests_answer) struct tests_answer a = {0}, b = {0}, c = {0};
    struct tests_ask ask = ask_of(&base, &fixed);
    ask.own = own;
    ask.n_own = 1;
    run(&ask, &a, TESTS_PASS, "2 passed");
    assert_int_equal(a.own, OWN_PROVED);
    ask = ask_of(&base, &weak);
    ask.own = own;
    ask.n_own = 1;
    run(&ask, &b, TESTS_UNTESTED, "own test passes without the fix");
    assert_int_equal(b.own, OWN_NOT_SHOWN);
    ask = ask_of(&base, &weak);
    run(&ask, &c, TESTS_PASS, "");
    assert_int_equal(c.own, OWN_NONE);
}

static void test_reports(void **state)
{
    (void)state;
    static const char xml[] = "mkdir -p out; echo '<testsuite><testcase name=\"a\"/></testsuite>' "
                              "> out/r.xml; echo '<x/>' > out/n.txt\n";
    static const char bad[] = "mkdir -p out; echo '<testsuite><testcase name=\"a\"><failure/>"
                              "</testcase></testsuite>' > out/r.xml\n";
    static const char linked[] = "mkdir -p out; ln -s /etc/passwd out/r.xml; mkfifo out/f.xml\n";
    struct commit good = commit(xml), fails = commit(bad), links = commit(linked);
    const struct str reports[] = {STR("out"), STR("../../etc"), STR("not/there.xml")};
    AUTO(tests_answer) struct tests_answer a = {0}, b = {0}, c = {0};
    struct tests_ask ask = ask_of(&good, &good);
    ask.reports = reports;
    ask.n_reports = ARRAY_LEN(reports);
    run(&ask, &a, TESTS_PASS, "1 passed");
    ask.candidate = str_c(fails.id);
    run(&ask, &b, TESTS_FAIL, "the first: a");
    ask.candidate = str_c(links.id);
    run(&ask, &c, TESTS_UNTESTED, "no test was seen on the candidate");
}

/* A report that the tree brings along is none of this run. */
static void test_a_report_in_the_tree(void **state)
{
    (void)state;
    testrepo_commit(repo, "r.xml", "<testsuite><testcase name='a'/></testsuite>", 1);
    struct commit base = commit("exit 0\n");
    const struct str reports[] = {STR("r.xml")};
    AUTO(tests_answer) struct tests_answer a = {0};
    struct tests_ask ask = ask_of(&base, &base);
    ask.reports = reports;
    ask.n_reports = 1;
    run(&ask, &a, TESTS_UNTESTED, "no test was seen on the base");
}

static void test_questions_that_are_none(void **state)
{
    (void)state;
    struct commit base = commit("exit 0\n");
    struct err e = ERR_INIT;
    AUTO(tests_answer) struct tests_answer a = {0}, b = {0}, c = {0};
    struct tests_ask ask = ask_of(&base, &base);
    ask.base = STR("HEAD");
    assert_int_equal(tests_run(&ask, &a, &e), RC_INVALID);
    ask = ask_of(&base, &base);
    ask.command = NULL;
    assert_int_equal(tests_run(&ask, &b, &e), RC_INVALID);
    ask = ask_of(&base, &base);
    ask.candidate = STR("0123456789012345678901234567890123456789");
    ask.by_exit = true;
    assert_int_equal(tests_run(&ask, &c, &e), RC_NOTFOUND);
    assert_non_null(strstr(e.msg, "history is incomplete"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    testing_leave_root();
    int rc = testing_probe("run-tests");
    if (rc != 0)
        return rc;
    const struct CMUnitTest tests[] = {
        TEST(test_only_new_failures_count),
        TEST(test_what_can_never_pass),
        TEST(test_builds),
        TEST(test_by_exit_code),
        TEST(test_hostile_tests),
        TEST(test_a_new_failure_is_tried_again),
        TEST(test_the_fixs_own_test),
        TEST(test_reports),
        TEST(test_a_report_in_the_tree),
        TEST(test_questions_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
