/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of os/spawn.  The children are this binary itself, told by its first argument what to do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/fault.h"
#include "os/sandbox.h"
#include "os/spawn.h"

#define LONG_MS 30000 /* a test that waits as long has failed */

extern char **environ;

static int count_fds(void)
{
    int n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* ---- what a child does ---- */

static int child_state(void)
{
    int n = 0;
    while (environ != NULL && environ[n] != NULL)
        n++;
    sigset_t blocked;
    struct sigaction pipe_action, int_action;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    sigaction(SIGPIPE, NULL, &pipe_action);
    sigaction(SIGINT, NULL, &int_action);
    int death = 0;
    prctl(PR_GET_PDEATHSIG, &death);
    char cwd[100] = "?";
    printf("env=%d fds=%d group=%d blocked=%d pipe=%d int=%d death=%d cwd=%s", n, count_fds(),
           getpgrp() == getpid(), sigismember(&blocked, SIGTERM), pipe_action.sa_handler == SIG_DFL,
           int_action.sa_handler == SIG_DFL, death, getcwd(cwd, sizeof cwd) ? cwd : "?");
    return 0;
}

static int child_cat(void)
{
    char b[8192];
    ssize_t n;
    while ((n = read(0, b, sizeof b)) > 0)
        for (ssize_t done = 0, w; done < n; done += w)
            if ((w = write(1, b + done, (size_t)(n - done))) <= 0)
                return 1;
    return n < 0;
}

static int child_pour(int fd)
{
    char b[8192];
    memset(b, 'x', sizeof b);
    while (write(fd, b, sizeof b) > 0)
        ;
    return 1;
}

/* A grandchild that holds our stdout open and would live for ever; its number goes to stdout. */
static int child_leaves_one(void)
{
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    printf("%d", (int)pid);
    return 0;
}

static int child_main(const char *what)
{
    if (strcmp(what, "state") == 0)
        return child_state();
    if (strcmp(what, "cat") == 0)
        return child_cat();
    if (strcmp(what, "pour") == 0)
        return child_pour(1);
    if (strcmp(what, "pour-err") == 0)
        return child_pour(2);
    if (strcmp(what, "ignore-input") == 0)
        return printf("done") == 4 ? 0 : 1;
    if (strcmp(what, "leaves-one") == 0)
        return child_leaves_one();
    if (strcmp(what, "spin") == 0)
        for (volatile unsigned i = 0;; i++)
            ;
    if (strcmp(what, "hang") == 0)
        for (;;)
            pause();
    if (strcmp(what, "eat") == 0)
        return malloc((size_t)512 << 20) == NULL ? 9 : 0;
    if (strcmp(what, "read-5") == 0) {
        char c = '?';
        return read(5, &c, 1) == 1 ? c : 1;
    }
    if (strcmp(what, "exit-3") == 0)
        return 3;
    if (strcmp(what, "abort") == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        raise(SIGABRT);
    }
    return 99;
}

/* ---- tests ---- */

static struct spawn self(const char *const argv[])
{
    struct spawn s = SPAWN_INIT;
    s.path = SPAWN_SELF;
    s.argv = argv;
    s.err = 2;
    return s;
}

static enum rc run(const char *what, struct str in, struct buf *out, int timeout_ms,
                   struct child_end *ret_end)
{
    struct err e = ERR_INIT;
    const char *const argv[] = {"spawn_test", what, NULL};
    struct spawn s = self(argv);
    struct spawn_io io = {.in = in, .out = out, .timeout_ms = timeout_ms};
    return spawn_run(&s, &io, ret_end, &e);
}

static void test_child_inherits_nothing(void **state)
{
    (void)state;
    struct child_end end;
    AUTO(buf) struct buf out = BUF_INIT(1000);
    int before = count_fds();
    int leak = open("/dev/null", O_RDONLY); /* a library's, without O_CLOEXEC */
    setenv("SECRET", "1", 1);
    sigset_t term, old;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &old);
    struct sigaction ign = {.sa_handler = SIG_IGN}, old_int;
    sigaction(SIGINT, &ign, &old_int);
    struct err e = ERR_INIT;
    const char *const argv[] = {"spawn_test", "state", NULL};
    struct spawn s = self(argv);
    s.cwd = "/usr";
    struct spawn_io io = {.in = STR_NONE, .out = &out, .timeout_ms = LONG_MS};
    assert_int_equal(spawn_run(&s, &io, &end, &e), RC_OK);
    sigprocmask(SIG_SETMASK, &old, NULL);
    sigaction(SIGINT, &old_int, NULL);
    close(leak);
    assert_true(child_end_ok(&end));
    assert_string_equal(buf_c(&out), "env=0 fds=3 group=1 blocked=0 pipe=1 int=1 death=9 cwd=/usr");
    assert_int_equal(count_fds(), before);
}

/* More than both pipes hold, so that either direction alone would block. */
static void test_feeding_and_reading_do_not_block_each_other(void **state)
{
    (void)state;
    size_t n = 4u << 20;
    AUTO(mem) char *p = mem_alloc(n);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(i * 31 + i / 255);
    AUTO(buf) struct buf out = BUF_INIT(n);
    struct child_end end;
    int before = count_fds();
    assert_int_equal(run("cat", str_of(p, n), &out, LONG_MS, &end), RC_OK);
    assert_true(child_end_ok(&end));
    assert_true(str_eq(buf_str(&out), str_of(p, n)));
    assert_int_equal(count_fds(), before);
}

static void test_input_may_be_ignored(void **state)
{
    (void)state;
    size_t n = 4u << 20;
    AUTO(mem) char *p = mem_zalloc(n);
    AUTO(buf) struct buf out = BUF_INIT(100);
    struct child_end end;
    assert_int_equal(run("ignore-input", str_of(p, n), &out, LONG_MS, &end), RC_OK);
    assert_true(child_end_ok(&end));
    assert_string_equal(buf_c(&out), "done");
}

static void test_output_is_bounded(void **state)
{
    (void)state;
    AUTO(buf) struct buf out = BUF_INIT(100000);
    struct child_end end;
    assert_int_equal(run("pour", STR_NONE, &out, LONG_MS, &end), RC_LIMIT);
    assert_int_equal(out.n, 100000);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
    assert_int_equal(errno, ECHILD);
}

static void test_time_is_bounded(void **state)
{
    (void)state;
    AUTO(buf) struct buf out = BUF_INIT(100);
    struct child_end end;
    int64_t start_us = clock_mono_us();
    assert_int_equal(run("hang", STR_NONE, &out, 200, &end), RC_TIMEOUT);
    assert_true(clock_mono_us() - start_us >= 200000);
    assert_true(clock_mono_us() - start_us < LONG_MS * INT64_C(1000));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    /* One that writes to stderr without pause is stopped as well, and cut. */
    struct err e = ERR_INIT;
    const char *const argv[] = {"spawn_test", "pour-err", NULL};
    struct spawn s = self(argv);
    AUTO(buf) struct buf err = BUF_INIT(1000);
    struct spawn_io io = {.out = &out, .err = &err, .timeout_ms = 300};
    assert_int_equal(spawn_run(&s, &io, &end, &e), RC_TIMEOUT);
    assert_int_equal(err.n, 1000);
}

static bool is_gone(pid_t pid)
{
    /* The kernel reaps an orphan a moment after its death. */
    int64_t until_us = clock_mono_us() + LONG_MS * INT64_C(1000);
    while (kill(pid, 0) == 0) {
        char path[64], text[256] = "";
        snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
        AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || read(fd, text, sizeof text - 1) <= 0 || strstr(text, ") Z") != NULL)
            return true;
        if (clock_mono_us() > until_us)
            return false;
        poll(NULL, 0, 5);
    }
    return true;
}

static void test_what_a_child_leaves_is_killed(void **state)
{
    (void)state;
    AUTO(buf) struct buf out = BUF_INIT(100);
    struct child_end end;
    struct err e = ERR_INIT;
    uint64_t pid;
    assert_int_equal(run("leaves-one", STR_NONE, &out, LONG_MS, &end), RC_OK);
    assert_true(child_end_ok(&end));
    assert_int_equal(num_parse(buf_str(&out), 2, INT32_MAX, "pid", &pid, &e), RC_OK);
    assert_true(is_gone((pid_t)pid));
}

static void test_ends(void **state)
{
    (void)state;
    struct child_end end;
    AUTO(buf) struct buf text = BUF_INIT(100);
    assert_int_equal(run("exit-3", STR_NONE, NULL, LONG_MS, &end), RC_OK);
    assert_false(end.killed);
    assert_int_equal(end.code, 3);
    child_end_describe(&end, &text);
    assert_string_equal(buf_c(&text), "exit code 3");
    assert_int_equal(run("abort", STR_NONE, NULL, LONG_MS, &end), RC_OK);
    assert_true(end.killed);
    assert_int_equal(end.code, SIGABRT);
    assert_false(child_end_ok(&end));
    buf_reset(&text);
    child_end_describe(&end, &text);
    assert_string_equal(buf_c(&text), "signal 6 (Aborted)");
}

static void test_start_wait_kill(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct child_end end;
    const char *const argv[] = {"spawn_test", "hang", NULL};
    struct spawn s = self(argv);
    int before = count_fds();
    {
        AUTO(child) struct child c = CHILD_INIT;
        assert_int_equal(spawn_start(&s, &c, &e), RC_OK);
        assert_int_equal(getpgid(c.pid), c.pid);
        assert_int_equal(child_wait(&c, 0, &end, &e), RC_TIMEOUT);
        assert_int_equal(child_wait(&c, 50, &end, &e), RC_TIMEOUT);
        child_signal(&c, SIGTERM);
        assert_int_equal(child_wait(&c, LONG_MS, &end, &e), RC_OK);
        assert_true(end.killed && end.code == SIGTERM);
        assert_int_equal(c.pid, 0);
        assert_int_equal(child_wait(&c, 0, &end, &e), RC_INTERNAL);
        child_kill(&c);
        assert_int_equal(spawn_start(&s, &c, &e), RC_OK);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(count_fds(), before);
}

static void test_descriptor_map(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct child_end end;
    int p[2];
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    assert_int_equal(write(p[1], "A", 1), 1);
    const char *const argv[] = {"spawn_test", "read-5", NULL};
    struct spawn s = self(argv);
    /* Each one's number is the other's target. */
    int q[2];
    assert_int_equal(pipe2(q, O_CLOEXEC), 0);
    assert_int_equal(spawn_add_fd(&s, q[0], p[0], &e), RC_OK);
    assert_int_equal(spawn_add_fd(&s, p[0], q[0], &e), RC_OK);
    assert_int_equal(spawn_add_fd(&s, p[0], 5, &e), RC_OK);
    struct spawn_io io = {.timeout_ms = LONG_MS};
    assert_int_equal(spawn_run(&s, &io, &end, &e), RC_OK);
    assert_int_equal(end.code, 'A');
    for (size_t i = s.nfds; i < SPAWN_FDS_MAX; i++)
        assert_int_equal(spawn_add_fd(&s, p[0], 20 + (int)i, &e), RC_OK);
    assert_int_equal(spawn_add_fd(&s, p[0], 90, &e), RC_LIMIT);
    close(p[0]);
    close(p[1]);
    close(q[0]);
    close(q[1]);
    /* A closed one is told, not ignored. */
    s.nfds = 0;
    assert_int_equal(spawn_add_fd(&s, p[0], 5, &e), RC_OK);
    struct child c = CHILD_INIT;
    assert_int_equal(spawn_start(&s, &c, &e), RC_INTERNAL);
}

static void test_limits(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct child_end end;
    const char *const spin[] = {"spawn_test", "spin", NULL};
    struct spawn s = self(spin);
    s.limits.cpu_s = 1;
    struct spawn_io io = {.timeout_ms = LONG_MS};
    assert_int_equal(spawn_run(&s, &io, &end, &e), RC_OK);
    assert_true(end.killed && end.code == SIGKILL);
    if (sandbox_is_sanitizer_build()) {
        print_message("SKIP limit of memory: a build with a sanitizer has none\n");
        return;
    }
    const char *const eat[] = {"spawn_test", "eat", NULL};
    s = self(eat);
    s.limits.as_bytes = (uint64_t)256 << 20;
    assert_int_equal(spawn_run(&s, &io, &end, &e), RC_OK);
    assert_int_equal(end.code, 9);
    s.limits.as_bytes = 0;
    assert_int_equal(spawn_run(&s, &io, &end, &e), RC_OK);
    assert_int_equal(end.code, 0);
}

static void test_refusals(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct child c = CHILD_INIT;
    const char *const argv[] = {"x", NULL};
    const char *const none[] = {NULL};
    struct spawn s = self(argv);
    int before = count_fds();
    s.path = "/nonexistent/x";
    assert_int_equal(spawn_start(&s, &c, &e), RC_NOTFOUND);
    assert_non_null(strstr(e.msg, "/nonexistent/x"));
    s.path = "/etc/passwd";
    assert_int_equal(spawn_start(&s, &c, &e), RC_DENIED);
    s.path = "relative";
    assert_int_equal(spawn_start(&s, &c, &e), RC_INTERNAL);
    s.path = SPAWN_SELF;
    s.cwd = "/nonexistent";
    assert_int_equal(spawn_start(&s, &c, &e), RC_NOTFOUND);
    s.cwd = NULL;
    s.argv = none;
    assert_int_equal(spawn_start(&s, &c, &e), RC_INTERNAL);
    assert_int_equal(c.pid, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(count_fds(), before);
}

static void test_every_fault_leaves_nothing(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct child_end end;
    int before = count_fds(), failed = 0;
    for (int nth = 1;; nth++) {
        char text[32];
        snprintf(text, sizeof text, "any:%d:ENOMEM", nth);
        AUTO(buf) struct buf out = BUF_INIT(100);
        assert_int_equal(os_fault_set(str_c(text), &e), RC_OK);
        enum rc rc = run("exit-3", STR("x"), &out, LONG_MS, &end);
        assert_int_equal(os_fault_set(STR_NONE, &e), RC_OK);
        assert_int_equal(count_fds(), before);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
        if (rc == RC_OK)
            break;
        assert_int_equal(rc, RC_LIMIT);
        failed++;
    }
    assert_int_equal(failed, 4); /* two pipes, the report's pipe, the fork */
}

/* A child dies with the one that started it. */
static void test_child_dies_with_its_parent(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    int p[2];
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    fflush(NULL);
    pid_t middle = fork();
    assert_true(middle >= 0);
    if (middle == 0) {
        const char *const argv[] = {"spawn_test", "hang", NULL};
        struct spawn s = self(argv);
        struct child c = CHILD_INIT;
        if (spawn_start(&s, &c, &e) != RC_OK || write(p[1], &c.pid, sizeof c.pid) < 0)
            _exit(1);
        raise(SIGKILL);
    }
    pid_t pid = 0;
    assert_int_equal(read(p[0], &pid, sizeof pid), sizeof pid);
    int status;
    assert_int_equal(waitpid(middle, &status, 0), middle);
    assert_true(WIFSIGNALED(status));
    assert_true(is_gone(pid));
    close(p[0]);
    close(p[1]);
}

/* The same program with and without the right to read one file; the descriptors are there in both.
 */
static void test_confined_child(void **state)
{
    static const char *const argv[] = {"cat", "/etc/passwd", NULL};
    static const struct sandbox_rules rules = {
        .name = "cat",
        .paths = {{"/usr", SANDBOX_READ | SANDBOX_EXEC},
                  {"/lib", SANDBOX_READ | SANDBOX_EXEC | SANDBOX_MAYBE},
                  {"/lib64", SANDBOX_READ | SANDBOX_EXEC | SANDBOX_MAYBE},
                  {"/bin", SANDBOX_READ | SANDBOX_EXEC | SANDBOX_MAYBE}},
        .npaths = 4,
        .calls = SANDBOX_C_SPAWN,
        .unknown = SANDBOX_OPEN,
        .require = true};
    AUTO(buf) struct buf out = BUF_INIT(1 << 20);
    struct spawn s = SPAWN_INIT;
    struct spawn_io io = {.out = &out, .timeout_ms = LONG_MS};
    struct child_end end;
    struct err e = ERR_INIT;
    s.path = "/bin/cat";
    s.argv = argv;
    assert_int_equal(spawn_run(&s, &io, &end, &e), RC_OK);
    assert_true(child_end_ok(&end) && out.n > 0);
    buf_reset(&out);
    s.confine = &rules;
    enum rc rc = spawn_run(&s, &io, &end, &e);
    if (rc == RC_DENIED || sandbox_is_sanitizer_build()) {
        print_message("SKIP os-spawn confined: %s\n", rc == RC_OK ? "sanitizer build" : e.msg);
        return;
    }
    assert_int_equal(rc, RC_OK);
    assert_false(child_end_ok(&end));
    assert_false(end.killed);
    assert_int_equal(out.n, 0);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return child_main(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_child_inherits_nothing),
        cmocka_unit_test(test_feeding_and_reading_do_not_block_each_other),
        cmocka_unit_test(test_input_may_be_ignored),
        cmocka_unit_test(test_output_is_bounded),
        cmocka_unit_test(test_time_is_bounded),
        cmocka_unit_test(test_what_a_child_leaves_is_killed),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_start_wait_kill),
        cmocka_unit_test(test_descriptor_map),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_confined_child),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_every_fault_leaves_nothing),
        cmocka_unit_test(test_child_dies_with_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
