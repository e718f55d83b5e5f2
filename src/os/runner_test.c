/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of os/runner: a program inside tries the network, the outside, other processes; the same
 * program outside must succeed, or its failure inside would prove nothing.  The program is this
 * binary.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"
#include "os/runner.h"
#include "os/sock.h"

#define SKIPPED 77
#define LONG_MS 30000
#define INSIDE  "/opt/program"

static char dir[64], work[80], secret[80], sock_path[80], self_path[4096];

/* ---- inside: 0 or an errno ---- */

static int try_connect(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0 ? 0 : errno;
}

static int try_unix(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0 ? 0 : errno;
}

static int try_open(const char *path, int flags)
{
    return open(path, flags | O_CLOEXEC, 0600) >= 0 ? 0 : errno;
}

static int pour(void)
{
    char b[8192];
    memset(b, 'x', sizeof b);
    while (write(1, b, sizeof b) > 0)
        ;
    return 1;
}

static int echo(void)
{
    AUTO(buf) struct buf b = BUF_INIT(8u << 20);
    struct err e = ERR_INIT;
    return fd_read_all(0, b.max, &b, &e) == RC_OK && fd_write_all(1, buf_str(&b), &e) == RC_OK ? 0
                                                                                               : 1;
}

/* Leaves a process of its own session behind that would touch the folder for ever. */
static int leave_daemon(void)
{
    if (fork() == 0) {
        setsid();
        for (;;) {
            int fd = open("beat", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
            if (fd < 0 || write(fd, "x", 1) != 1)
                _exit(1);
            close(fd);
            nanosleep(&(struct timespec){0, 1000000}, NULL);
        }
    }
    struct stat st;
    while (stat("beat", &st) != 0)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    return 0;
}

static int program(int argc, char **argv)
{
    const char *what = argv[1], *arg = argc > 2 ? argv[2] : "";
    struct err e = ERR_INIT;
    uint64_t n = 0;
    if (strcmp(what, "connect") == 0 || strcmp(what, "signal") == 0) {
        if (num_parse(str_c(arg), 1, INT32_MAX, "number", &n, &e) != RC_OK)
            return 1;
        if (strcmp(what, "connect") == 0)
            return try_connect((int)n);
        return kill((pid_t)n, 0) == 0 ? 0 : errno;
    }
    if (strcmp(what, "unix") == 0)
        return try_unix(arg);
    if (strcmp(what, "read") == 0)
        return try_open(arg, O_RDONLY);
    if (strcmp(what, "write") == 0)
        return try_open(arg, O_WRONLY | O_CREAT);
    if (strcmp(what, "namespace") == 0)
        return unshare(CLONE_NEWUSER) == 0 ? 0 : errno;
    if (strcmp(what, "env") == 0)
        return printf("%s %s %s", getenv("HOME"), getenv("SECRET") ? "leak" : "clean",
                      getuid() == 65534 ? "nobody" : "somebody") > 0
                   ? 0
                   : 1;
    if (strcmp(what, "echo") == 0)
        return echo();
    if (strcmp(what, "pour") == 0)
        return pour();
    if (strcmp(what, "daemon") == 0)
        return leave_daemon();
    if (strcmp(what, "hang") == 0)
        for (;;)
            pause();
    return 99;
}

/* ---- outside ---- */

static struct runner_job job_of(const char *const argv[])
{
    struct runner_job j = {.argv = argv,
                           .dir = work,
                           .binds = {{self_path, INSIDE}},
                           .nbinds = 1,
                           .output_max = 1000,
                           .timeout_ms = LONG_MS};
    return j;
}

static enum rc finish(const struct runner_job *job, struct runner **ret_r,
                      enum runner_state *ret_state, struct err *e)
{
    TRY(runner_start(job, ret_r, e));
    enum runner_state state = RUNNER_RUNNING;
    while (state == RUNNER_RUNNING)
        TRY(runner_poll(*ret_r, 1000, &state, e));
    *ret_state = state;
    return RC_OK;
}

/* Exit code inside. */
static int inside(const char *what, const char *arg)
{
    struct err e = ERR_INIT;
    const char *const argv[] = {INSIDE, what, arg, NULL};
    struct runner_job j = job_of(argv);
    AUTO(runner) struct runner *r = NULL;
    enum runner_state state;
    if (finish(&j, &r, &state, &e) != RC_OK)
        fail_msg("%s: %s", what, e.msg);
    assert_int_equal(state, RUNNER_ENDED);
    struct child_end end = runner_end(r);
    assert_false(end.killed);
    return end.code;
}

static int outside(const char *what, const char *arg)
{
    struct err e = ERR_INIT;
    const char *const argv[] = {"program", what, arg, NULL};
    struct spawn s = SPAWN_INIT;
    s.path = SPAWN_SELF;
    s.argv = argv;
    struct spawn_io io = {.timeout_ms = LONG_MS};
    struct child_end end;
    assert_int_equal(spawn_run(&s, &io, &end, &e), RC_OK);
    assert_false(end.killed);
    return end.code;
}

static void test_network_and_outside_are_unreachable(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(fd) int tcp = -1;
    AUTO(fd) int local = -1;
    uint16_t port;
    char number[16], pid[16], spec[100], made[96];
    assert_int_equal(sock_listen(STR("127.0.0.1:0"), &tcp, &e), RC_OK);
    assert_int_equal(sock_port(tcp, &port, &e), RC_OK);
    snprintf(spec, sizeof spec, "unix:%s", sock_path);
    assert_int_equal(sock_listen(str_c(spec), &local, &e), RC_OK);
    snprintf(number, sizeof number, "%u", port);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    snprintf(made, sizeof made, "%s/made", dir);
    const struct {
        const char *what, *arg;
    } tries[] = {{"connect", number}, {"unix", sock_path},     {"read", secret}, {"write", secret},
                 {"write", made},     {"read", "/etc/passwd"}, {"signal", pid}};
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        int out = outside(tries[i].what, tries[i].arg), in = inside(tries[i].what, tries[i].arg);
        if (out != 0 || in == 0 || in == 99)
            fail_msg("%s %s: outside %d, inside %d", tries[i].what, tries[i].arg, out, in);
    }
    static const char *const closed[] = {"/usr/made", "/made", "/dev/made", "/etc/made"};
    for (size_t i = 0; i < ARRAY_LEN(closed); i++)
        assert_int_equal(inside("write", closed[i]), EROFS);
    /* Which root could change for the whole machine, as its owner. */
    assert_int_not_equal(inside("write", "/proc/sys/kernel/hostname"), 0);
    assert_int_not_equal(inside("write", "/proc/sysrq-trigger"), 0);
    if (outside("namespace", "") == 0)
        assert_int_not_equal(inside("namespace", ""), 0);
    else
        print_message("SKIP namespaces inside: not allowed outside either\n");
}

static void test_its_folder_is_what_it_may_write(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(fd) int at = -1;
    assert_int_equal(inside("write", RUNNER_WORK "/result"), 0);
    assert_int_equal(inside("write", "relative"), 0);
    assert_int_equal(inside("write", "/tmp/x"), 0);
    assert_int_equal(inside("read", "/tmp/x"), ENOENT);
    assert_int_equal(dir_open(AT_FDCWD, work, &at, &e), RC_OK);
    assert_int_equal(faccessat(at, "result", F_OK, 0), 0);
    assert_int_equal(faccessat(at, "relative", F_OK, 0), 0);
}

static void test_environment_and_user(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    const char *const argv[] = {INSIDE, "env", NULL};
    struct runner_job j = job_of(argv);
    AUTO(runner) struct runner *r = NULL;
    enum runner_state st;
    setenv("SECRET", "1", 1);
    assert_int_equal(finish(&j, &r, &st, &e), RC_OK);
    assert_true(str_eq(runner_output(r, NULL), STR(RUNNER_WORK " clean nobody")));
}

static void test_input_and_output(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    size_t n = 2u << 20;
    AUTO(mem) char *p = mem_alloc(n);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(i * 13);
    const char *const argv[] = {INSIDE, "echo", NULL};
    struct runner_job j = job_of(argv);
    j.input = str_of(p, n);
    j.output_max = n;
    AUTO(runner) struct runner *r = NULL;
    enum runner_state st;
    bool cut = true;
    assert_int_equal(finish(&j, &r, &st, &e), RC_OK);
    assert_int_equal(runner_end(r).code, 0);
    assert_true(str_eq(runner_output(r, &cut), j.input));
    assert_false(cut);
}

static void test_time_and_output_are_bounded(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    const char *const argv[] = {INSIDE, "pour", NULL};
    struct runner_job j = job_of(argv);
    j.timeout_ms = 500;
    AUTO(runner) struct runner *r = NULL;
    enum runner_state st;
    bool cut = false;
    assert_int_equal(finish(&j, &r, &st, &e), RC_OK);
    assert_int_equal(st, RUNNER_TIMEOUT);
    assert_int_equal(runner_output(r, &cut).n, 1000);
    assert_true(cut);
}

static void test_poll_comes_back_and_kill_ends(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    const char *const argv[] = {INSIDE, "hang", NULL};
    struct runner_job j = job_of(argv);
    AUTO(runner) struct runner *r = NULL;
    enum runner_state st;
    assert_int_equal(runner_start(&j, &r, &e), RC_OK);
    assert_int_equal(runner_poll(r, 0, &st, &e), RC_OK);
    assert_int_equal(st, RUNNER_RUNNING);
    assert_int_equal(runner_poll(r, 20, &st, &e), RC_OK);
    assert_int_equal(st, RUNNER_RUNNING);
    runner_kill(r);
    assert_int_equal(runner_poll(r, 0, &st, &e), RC_OK);
    assert_int_equal(st, RUNNER_KILLED);
    runner_kill(r);
}

static off_t beats(void)
{
    char path[96];
    struct stat st;
    snprintf(path, sizeof path, "%s/beat", work);
    return stat(path, &st) == 0 ? st.st_size : -1;
}

/* Every process inside ends with the program, also one that left its session. */
static void test_nothing_survives(void **state)
{
    (void)state;
    assert_int_equal(inside("daemon", ""), 0);
    assert_true(beats() >= 0);
    off_t before = beats();
    nanosleep(&(struct timespec){0, 50000000}, NULL); /* 50 of its beats */
    assert_int_equal(beats(), before);
}

static void test_what_cannot_start_says_so(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    enum runner_state st;
    const char *const none[] = {"/nonexistent", NULL};
    struct runner_job j = job_of(none);
    {
        AUTO(runner) struct runner *r = NULL;
        assert_int_equal(finish(&j, &r, &st, &e), RC_DENIED);
        assert_true(str_find(runner_output(r, NULL), STR("/nonexistent")) != STR_NPOS);
    }
    const char *const hang[] = {INSIDE, "hang", NULL};
    j = job_of(hang);
    j.dir = "/nonexistent";
    {
        AUTO(runner) struct runner *r = NULL;
        assert_int_equal(finish(&j, &r, &st, &e), RC_DENIED);
    }
    const char *many[RUNNER_ARGS_MAX + 2];
    for (size_t i = 0; i <= RUNNER_ARGS_MAX; i++)
        many[i] = "x";
    many[RUNNER_ARGS_MAX + 1] = NULL;
    j.argv = many;
    struct runner *r = NULL;
    assert_int_equal(runner_start(&j, &r, &e), RC_LIMIT);
    assert_null(r);
}

static int make_world(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    snprintf(dir, sizeof dir, "/tmp/vulndesk-runner-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(work, sizeof work, "%s/work", dir);
    snprintf(secret, sizeof secret, "%s/secret", dir);
    snprintf(sock_path, sizeof sock_path, "%s/sock", dir);
    assert_int_equal(dir_make(AT_FDCWD, work, 0700, &e), RC_OK);
    assert_int_equal(file_write_sync(AT_FDCWD, secret, STR("s"), 0600, &e), RC_OK);
    ssize_t n = readlink("/proc/self/exe", self_path, sizeof self_path - 1);
    assert_true(n > 0);
    self_path[n] = '\0';
    return 0;
}

static int drop_world(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    return dir_remove(AT_FDCWD, dir, &e) == RC_OK ? 0 : -1;
}

/* Skips where bubblewrap is missing or may not work, unless VULNDESK_CI=1. */
static int probe(void)
{
    struct err e = ERR_INIT;
    const char *const argv[] = {"true", NULL};
    struct runner_job j = {.argv = argv, .dir = "/tmp", .output_max = 500, .timeout_ms = LONG_MS};
    AUTO(runner) struct runner *r = NULL;
    enum runner_state st;
    if (finish(&j, &r, &st, &e) == RC_OK && st == RUNNER_ENDED && runner_end(r).code == 0)
        return 0;
    const char *ci = getenv("VULNDESK_CI");
    bool must = ci != NULL && strcmp(ci, "1") == 0;
    printf("%s os-runner: %s\n", must ? "FAIL" : "SKIP", e.msg);
    if (r != NULL)
        printf("%.*s\n", STR_ARG(runner_output(r, NULL)));
    return must ? 1 : SKIPPED;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return program(argc, argv);
    int rc = probe();
    if (rc != 0)
        return rc;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_network_and_outside_are_unreachable),
        cmocka_unit_test(test_its_folder_is_what_it_may_write),
        cmocka_unit_test(test_environment_and_user),
        cmocka_unit_test(test_input_and_output),
        cmocka_unit_test(test_time_and_output_are_bounded),
        cmocka_unit_test(test_poll_comes_back_and_kill_ends),
        cmocka_unit_test(test_nothing_survives),
        cmocka_unit_test(test_what_cannot_start_says_so),
    };
    return cmocka_run_group_tests(tests, make_world, drop_world);
}
