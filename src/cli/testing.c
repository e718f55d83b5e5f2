/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of commands that need no desk.  Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/testing.h"
#include "os/file.h"
#include "os/spawn.h"

struct clitest clitest;

static char out_path[100], err_path[100];

int clitest_make(void **state)
{
    struct clitest *t = &clitest;
    (void)state;
    if (testrepo_folder(t->top) != 0)
        return -1;
    testrepo_path(t->top, "repo", t->repo);
    testrepo_path(t->top, "cache", t->cache);
    testrepo_path(t->top, "batch", t->batch);
    testrepo_path(t->top, "out", out_path);
    testrepo_path(t->top, "err", err_path);
    buf_init(&t->out, CLITEST_OUT_MAX);
    buf_init(&t->err, CLITEST_OUT_MAX);
    return 0;
}

int clitest_remove(void **state)
{
    (void)state;
    buf_release(&clitest.out);
    buf_release(&clitest.err);
    return testrepo_folder_remove(clitest.top);
}

int clitest_run(int (*command)(int argc, char **argv), const char *name, const char *const *args)
{
    char *argv[CLITEST_ARGS] = {(char *)(uintptr_t)name};
    int argc = 1;
    struct err e = ERR_INIT;
    for (; args[argc - 1] && argc < CLITEST_ARGS; argc++)
        argv[argc] = (char *)(uintptr_t)args[argc - 1];
    fflush(stdout);
    fflush(stderr);
    AUTO(fd) int was_out = dup(STDOUT_FILENO);
    AUTO(fd) int was_err = dup(STDERR_FILENO);
    AUTO(fd) int to_out = open(out_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    AUTO(fd) int to_err = open(err_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(to_out >= 0 && to_err >= 0);
    dup2(to_out, STDOUT_FILENO);
    dup2(to_err, STDERR_FILENO);
    int code = command(argc, argv);
    fflush(stdout);
    fflush(stderr);
    dup2(was_out, STDOUT_FILENO);
    dup2(was_err, STDERR_FILENO);
    buf_reset(&clitest.out);
    buf_reset(&clitest.err);
    assert_int_equal(file_read(AT_FDCWD, out_path, CLITEST_OUT_MAX, &clitest.out, &e), RC_OK);
    assert_int_equal(file_read(AT_FDCWD, err_path, CLITEST_OUT_MAX, &clitest.err, &e), RC_OK);
    return code;
}
void clitest_write_batch(const char *text)
{
    struct err e = ERR_INIT;
    assert_int_equal(file_write_sync(AT_FDCWD, clitest.batch, str_c(text), 0600, &e), RC_OK);
}

json_t *clitest_line(size_t i)
{
    struct str rest = buf_str(&clitest.out), line = STR_NONE;
    struct err e = ERR_INIT;
    json_t *j = NULL;
    for (size_t k = 0; k <= i; k++)
        assert_true(str_line(&rest, &line));
    if (json_parse(line, CLITEST_OUT_MAX, "x", &j, &e) != RC_OK)
        fail_msg("%s", e.msg);
    return j;
}

void clitest_list_is(const json_t *o, const char *key, const char *want)
{
    AUTO(buf) struct buf b = BUF_INIT(10000);
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(o, key), i, v) buf_addf(&b, "%s ", json_string_value(v));
    assert_string_equal(buf_c(&b), want);
}

void clitest_look(struct buf *b)
{
    char list[TESTREPO_SAID * 10];
    AUTO(buf) struct buf got = BUF_INIT(1 << 20);
    struct err e = ERR_INIT;
    snprintf(list, sizeof list, "%s/.git", clitest.repo);
    const char *const argv[] = {"find", list, "-printf", "%p %s %T@ %m\n", NULL};
    struct spawn s = SPAWN_INIT;
    struct spawn_io io = {.out = &got, .timeout_ms = 30000};
    struct child_end end;
    s.path = "/usr/bin/find";
    s.argv = argv;
    assert_int_equal(spawn_run(&s, &io, &end, &e), RC_OK);
    buf_add(b, buf_str(&got));
    assert_true(b->n > 100);
}
