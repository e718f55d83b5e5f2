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
static struct commit commit(const char *run)
{
    struct commit c;
    testrepo_commit(repo, "run", run, 1);
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

int main(void)
{
    testing_leave_root();
    int rc = testing_probe("run-tests");
    if (rc != 0)
        return rc;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_only_new_failures_count, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
