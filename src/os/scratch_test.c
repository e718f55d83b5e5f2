/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of folders that go with their process.  Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/scratch.h"

#define NAME "ut-scratch"

static bool there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static void make_old(const char *path)
{
    const struct timeval long_ago[2] = {{1000000000, 0}, {1000000000, 0}};
    assert_int_equal(utimes(path, long_ago), 0);
}

static void it_comes_and_goes(void **state)
{
    struct scratch s = SCRATCH_INIT;
    struct err e = ERR_INIT;
    struct stat st;
    (void)state;
    assert_int_equal(scratch_make(NAME, &s, &e), RC_OK);
    assert_int_equal(stat(s.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    char path[200];
    snprintf(path, sizeof path, "%s", s.path);
    scratch_remove(&s);
    assert_false(there(path));
    scratch_remove(&s);
}

static void what_a_killed_one_left_is_removed(void **state)
{
    struct scratch next = SCRATCH_INIT;
    struct err e = ERR_INIT;
    char path[200] = "", inner[240];
    int p[2];
    (void)state;
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct scratch s = SCRATCH_INIT;
        if (scratch_make(NAME, &s, &e) == RC_OK)
            (void)!write(p[1], s.path, strlen(s.path));
        _exit(0); /* it stays, its lock does not */
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(read(p[0], path, sizeof path - 1) > 0);
    close(p[0]);
    close(p[1]);
    snprintf(inner, sizeof inner, "%s/refs", path);
    assert_int_equal(symlink("/etc", inner), 0);
    assert_int_equal(scratch_make(NAME, &next, &e), RC_OK);
    assert_true(there(path)); /* too young */
    scratch_remove(&next);
    make_old(path);
    assert_int_equal(scratch_make(NAME, &next, &e), RC_OK);
    assert_false(there(path));
    assert_true(there("/etc/passwd"));
    scratch_remove(&next);
}

static void what_is_in_use_stays(void **state)
{
    struct scratch one = SCRATCH_INIT, two = SCRATCH_INIT;
    struct err e = ERR_INIT;
    char link[] = "/tmp/vulndesk-" NAME "-aaaaaa", other[] = "/tmp/vulndesk-" NAME "-longer-one";
    (void)state;
    assert_int_equal(scratch_make(NAME, &one, &e), RC_OK);
    make_old(one.path);
    (void)unlink(link);
    (void)rmdir(other);
    assert_int_equal(symlink("/etc", link), 0);
    assert_int_equal(mkdir(other, 0700), 0);
    make_old(other);
    assert_int_equal(scratch_make(NAME, &two, &e), RC_OK);
    assert_true(there(one.path));
    assert_true(there(link));
    assert_true(there(other));
    assert_int_equal(unlink(link), 0);
    assert_int_equal(rmdir(other), 0);
    scratch_remove(&two);
    scratch_remove(&one);
}

/* In memory when there is room, and gone as well. */
static void a_quick_one(void **state)
{
    struct scratch s = SCRATCH_INIT;
    struct err e = ERR_INIT;
    char path[100];
    (void)state;
    assert_int_equal(scratch_make_quick(NAME, &s, &e), RC_OK);
    assert_true(strncmp(s.path, "/dev/shm/vulndesk-" NAME "-", 18 + strlen(NAME) + 1) == 0 ||
                strncmp(s.path, "/tmp/vulndesk-" NAME "-", 14 + strlen(NAME) + 1) == 0);
    assert_true(there(s.path));
    snprintf(path, sizeof path, "%s", s.path);
    scratch_remove(&s);
    assert_false(there(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_and_goes),
        cmocka_unit_test(what_a_killed_one_left_is_removed),
        cmocka_unit_test(what_is_in_use_stays),
        cmocka_unit_test(a_quick_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
