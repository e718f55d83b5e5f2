/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile programs in the box: each really tries what it may not, within bounds that keep this
 * machine whole should the box not hold.  The program is this binary; outside of the box the same
 * attempts succeed where that does no harm.
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
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/run/box.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/sock.h"
#include "os/spawn.h"
#include "testing.h"

#define INSIDE   "/opt/program"
#define MIB      (UINT64_C(1) << 20)
#define LONG_MS  60000
#define BOMB_MAX 3000 /* processes, should nothing stop them */

static char top[64], work[80], self_path[FILE_PATH_MAX];

/* ---- Inside ---- */

/* Held by every process that has it open: the test can tell when all are gone. */
static void hold(void)
{
    int fd = open("lock", O_RDWR | O_CREAT, 0600);
    if (fd < 0 || flock(fd, LOCK_SH) != 0)
        _exit(90);
}

_Noreturn static void wait_for_ever(void)
{
    for (;;)
        pause();
}

_Noreturn static void bomb(void)
{
    hold();
    for (int i = 0; i < BOMB_MAX; i++)
        if (fork() == 0)
            wait_for_ever();
    wait_for_ever();
}

static void write_file(const char *name, uint64_t bytes)
{
    static char block[1 << 16];
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    for (uint64_t n = 0; n < bytes; n += sizeof block)
        if (fd < 0 || write(fd, block, sizeof block) != sizeof block)
            break;
    close(fd);
}

/* At most 640 MiB. */
_Noreturn static void fill(bool hidden)
{
    char name[20];
    if (hidden && (mkdir("closed", 0700) != 0 || chdir("closed") != 0 || chmod(".", 0300) != 0))
        _exit(91);
    for (int i = 0; i < 80; i++) {
        snprintf(name, sizeof name, "f%d", i);
        write_file(name, 8 * MIB);
    }
    wait_for_ever();
}

/* Folders in folders, more than anybody counts. */
_Noreturn static void dig(void)
{
    for (int i = 0; i < 400; i++)
        if (mkdir("d", 0700) != 0 || chdir("d") != 0)
            _exit(92);
    wait_for_ever();
}

static int fill_tmp(const char *dir)
{
    char name[64];
    snprintf(name, sizeof name, "%s/f", dir);
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    static char block[1 << 20];
    for (int i = 0; i < 1024; i++)
        if (fd < 0 || write(fd, block, sizeof block) != sizeof block)
            return i > 0 && (errno == ENOSPC || errno == 0) ? 0 : 93;
    return 94; /* a whole GiB fits */
}

_Noreturn static void eat(void)
{
    for (int i = 0; i < 96; i++) { /* 1.5 GiB at most */
        char *p = mmap(NULL, 16 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            _exit(95);
        for (size_t at = 0; at < 16 * MIB; at += 4096)
            p[at] = 1;
    }
    wait_for_ever();
}

static int pour(void)
{
    static char block[1 << 16];
    memset(block, 'x', sizeof block);
    for (uint64_t n = 0; n < UINT64_C(10) << 30; n += sizeof block)
        if (write(1, block, sizeof block) <= 0)
            return 96;
    return 0;
}

/* Two of them, out of its group and session; both hold the lock and the output. */
static int leave_daemons(void)
{
    hold();
    for (int i = 0; i < 2; i++) {
        if (fork() != 0)
            continue;
        setsid();
        if (fork() == 0)
            wait_for_ever();
        _exit(0);
    }
    return 0;
}

static int kill_parents(void)
{
    hold();
    kill(getppid(), SIGKILL);
    kill(1, SIGKILL);
    kill(0, SIGKILL);
    kill(-1, SIGKILL);
    return 97;
}

static int try_connect(const char *port)
{
    struct err e = ERR_INIT;
    uint64_t n = 0;
    if (num_parse(str_c(port), 1, UINT16_MAX, "a port", &n, &e) != RC_OK)
        return 98;
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)n),
                            .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0 ? 0 : errno;
}

static int try_write(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0 ? 0 : errno;
}

static int try_read(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC) >= 0 ? 0 : errno;
}

static int program(int argc, char **argv)
{
    const char *what = argv[1], *arg = argc > 2 ? argv[2] : "";
    static const struct {
        const char *name;
        int (*fn)(const char *arg);
    } with_arg[] = {
        {"tmp", fill_tmp}, {"connect", try_connect}, {"write", try_write}, {"read", try_read}};
    for (size_t i = 0; i < ARRAY_LEN(with_arg); i++)
        if (strcmp(what, with_arg[i].name) == 0)
            return with_arg[i].fn(arg);
    if (strcmp(what, "bomb") == 0)
        bomb();
    if (strcmp(what, "fill") == 0)
        fill(*arg != '\0');
    if (strcmp(what, "dig") == 0)
        dig();
    if (strcmp(what, "eat") == 0)
        eat();
    if (strcmp(what, "hang") == 0) {
        hold();
        wait_for_ever();
    }
    if (strcmp(what, "pour") == 0)
        return pour();
    if (strcmp(what, "daemons") == 0)
        return leave_daemons();
    if (strcmp(what, "parents") == 0)
        return kill_parents();
    if (strcmp(what, "spin") == 0)
        for (volatile int i = 0;; i++)
            ;
    if (strcmp(what, "large") == 0) {
        write_file("large", 4 * MIB);
        return 0;
    }
    return 99;
}

/* ---- Outside ---- */

static struct box_ask ask_of(const char *const *argv)
{
    return (struct box_ask){.dir = work,
                            .argv = argv,
                            .binds = {{self_path, INSIDE}},
                            .nbinds = 1,
                            .limits = {.wall_ms = LONG_MS}};
}

static struct box_told box(const struct box_ask *ask)
{
    struct err e = ERR_INIT;
    struct box_told t = {.state = BOX_REFUSED};
    if (box_run(ask, &t, &e) != RC_OK)
        fail_msg("%s: %s", ask->argv[1], e.msg);
    return t;
}

static struct box_told run_with(const char *what, const char *arg, struct box_limits limits)
{
    const char *const argv[] = {INSIDE, what, arg, NULL};
    struct box_ask ask = ask_of(argv);
    ask.limits = limits;
    if (ask.limits.wall_ms == 0)
        ask.limits.wall_ms = LONG_MS;
    return box(&ask);
}
#define RUN(what, arg, ...) run_with(what, arg, (struct box_limits){__VA_ARGS__})

static void expect(const struct box_told *t, enum box_state state, const char *why)
{
    if (t->state != state || strstr(t->why, why) == NULL)
        fail_msg("%s (code %d): %s; wanted %s: %s", box_state_name(t->state), t->code, t->why,
                 box_state_name(state), why);
}

/* No process of the run is left: each held the lock. */
static void expect_nobody(void)
{
    char path[100];
    snprintf(path, sizeof path, "%s/lock", work);
    AUTO(fd) int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
}

static void test_fork_bomb(void **state)
{
    (void)state;
    struct box_told t = RUN("bomb", "", .processes = 40);
    expect(&t, BOX_FULL_PROCESSES, "more than 40 processes");
    assert_true(t.processes > 40 && t.processes < BOMB_MAX);
    expect_nobody();
}

static void test_wait_for_ever(void **state)
{
    (void)state;
    struct box_told t = RUN("hang", "", .wall_ms = 300);
    expect(&t, BOX_TIME, "it took more than");
    assert_true(t.wall_ms >= 300 && t.wall_ms < LONG_MS);
}

static void test_disk(void **state)
{
    (void)state;
    struct box_told t = RUN("fill", "", .disk_bytes = 48 * MIB);
    expect(&t, BOX_FULL_DISK, "bytes in its folder");
}

static void test_deep_folders(void **state)
{
    (void)state;
    struct box_told t = RUN("dig", "", .disk_bytes = 48 * MIB);
    expect(&t, BOX_FULL_DISK, "or deeper, than can be counted");
}

static void test_disk_in_a_closed_folder(void **state)
{
    (void)state;
    struct box_told t = RUN("fill", "hidden", .disk_bytes = 48 * MIB);
    expect(&t, BOX_FULL_DISK, "bytes in its folder");
}

static void test_memory_file_systems(void **state)
{
    (void)state;
    struct box_told t = RUN("tmp", "/tmp", .wall_ms = LONG_MS);
    expect(&t, BOX_ENDED, "");
    assert_int_equal(t.code, 0);
    t = RUN("tmp", "/dev/shm", .wall_ms = LONG_MS);
    assert_int_equal(t.code, 0);
}

static void test_memory(void **state)
{
    (void)state;
    struct box_told t = RUN("eat", "", .memory_bytes = 128 * MIB);
    expect(&t, BOX_FULL_MEMORY, "bytes of memory");
    assert_true(t.memory_bytes > 128 * MIB);
}

static void test_ten_gigabytes_of_output(void **state)
{
    (void)state;
    AUTO(box_log) struct box_log log;
    AUTO(buf) struct buf text = BUF_INIT(1 << 20);
    box_log_init(&log, BOX_LOG_HEAD, BOX_LOG_TAIL);
    const char *const argv[] = {INSIDE, "pour", NULL};
    struct box_ask ask = ask_of(argv);
    ask.limits.output_bytes = 4 * MIB;
    ask.log = &log;
    struct box_told t = box(&ask);
    expect(&t, BOX_FULL_OUTPUT, "it wrote more than 4194304 bytes");
    assert_int_equal(log.total, 4 * MIB); /* what is over is dropped */
    box_log_text(&log, &text);
    assert_true(text.n > BOX_LOG_HEAD + BOX_LOG_TAIL);
    assert_true(text.n < BOX_LOG_HEAD + BOX_LOG_TAIL + 100);
    assert_true(str_find(buf_str(&text), STR("bytes left out")) != STR_NPOS);
}

static void test_what_it_leaves_behind(void **state)
{
    (void)state;
    struct box_told t = RUN("daemons", "", .wall_ms = LONG_MS);
    expect(&t, BOX_ENDED, "");
    assert_int_equal(t.code, 0);
    expect_nobody();
}

static void test_kills_its_parents(void **state)
{
    (void)state;
    struct box_told t = RUN("parents", "", .wall_ms = LONG_MS);
    expect(&t, BOX_ENDED, "");
    assert_int_equal(t.code, 128 + SIGKILL);
    expect_nobody();
}

/* Can the lock be had?  Tells whether something of a run is there. */
static bool lock_is_free(void)
{
    char path[100];
    snprintf(path, sizeof path, "%s/lock", work);
    AUTO(fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static void until_lock_is(bool free)
{
    for (int64_t end = clock_mono_us() + LONG_MS * 1000; lock_is_free() != free; poll(NULL, 0, 10))
        assert_true(clock_mono_us() < end);
}

/* Whoever watches a run is killed without notice: the run ends with it. */
static void test_who_watches_is_killed(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)RUN("hang", "", .wall_ms = LONG_MS);
        _exit(1);
    }
    until_lock_is(false);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    until_lock_is(true);
}

static void test_limits_of_the_kernel(void **state)
{
    (void)state;
    struct box_told t = RUN("spin", "", .cpu_s = 1);
    expect(&t, BOX_ENDED, "");
    assert_int_equal(t.code, 128 + SIGKILL);
    t = RUN("large", "", .file_bytes = MIB);
    expect(&t, BOX_ENDED, "");
    assert_int_equal(t.code, 128 + SIGXFSZ);
}

static int outside(const char *what, const char *arg)
{
    struct err e = ERR_INIT;
    const char *const argv[] = {"program", what, arg, NULL};
    struct spawn s = SPAWN_INIT;
    struct spawn_io io = {.timeout_ms = LONG_MS};
    struct child_end end;
    s.path = SPAWN_SELF;
    s.argv = argv;
    assert_int_equal(spawn_run(&s, &io, &end, &e), RC_OK);
    return end.code;
}

static void test_network_and_outside(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(fd) int tcp = -1;
    uint16_t port;
    char number[16], made[100], secret[100];
    assert_int_equal(sock_listen(STR("127.0.0.1:0"), &tcp, &e), RC_OK);
    assert_int_equal(sock_port(tcp, &port, &e), RC_OK);
    snprintf(number, sizeof number, "%u", port);
    snprintf(made, sizeof made, "%s/made", top);
    snprintf(secret, sizeof secret, "%s/secret", top);
    assert_int_equal(file_write_sync(AT_FDCWD, secret, STR("s"), 0600, &e), RC_OK);
    const struct {
        const char *what, *arg;
        bool in_only;
    } tries[] = {{"connect", number, false},
                 {"write", made, false},
                 {"read", secret, false},
                 {"write", "/made", true},
                 {"write", "/usr/made", true},
                 {"write", "/dev/made", true},
                 {"write", "/proc/sys/kernel/hostname", true},
                 {"write", INSIDE, true}};
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        int out = tries[i].in_only ? 0 : outside(tries[i].what, tries[i].arg);
        struct box_told in = RUN(tries[i].what, tries[i].arg, .wall_ms = LONG_MS);
        if (out != 0 || in.state != BOX_ENDED || in.code == 0 || in.code == 98 || in.code == 99)
            fail_msg("%s %s: outside %d, inside %d", tries[i].what, tries[i].arg, out, in.code);
    }
}

/* ---- A root filesystem ---- */

static void copy(const char *from, const char *root, const char *to)
{
    char path[FILE_PATH_MAX];
    AUTO(buf) struct buf b = BUF_INIT(256 * MIB);
    struct err e = ERR_INIT;
    snprintf(path, sizeof path, "%s%s", root, to);
    AUTO(mem) char *dir = str_dup(str_sub(str_c(path), 0, str_rchr(str_c(path), '/')));
    assert_int_equal(dir_make(AT_FDCWD, dir, 0755, &e), RC_OK);
    assert_int_equal(file_read(AT_FDCWD, from, b.max, &b, &e), RC_OK);
    assert_int_equal(file_write_sync(AT_FDCWD, path, buf_str(&b), 0755, &e), RC_OK);
}

static int copy_library(struct dl_phdr_info *info, size_t size, void *root)
{
    (void)size;
    char real[FILE_PATH_MAX];
    if (info->dlpi_name[0] == '/' && realpath(info->dlpi_name, real))
        copy(real, root, info->dlpi_name);
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_INTERP) {
            const char *loader = (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
            copy(loader, root, loader);
        }
    return 0;
}

static void test_root_filesystem(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char root[100], path[140];
    snprintf(root, sizeof root, "%s/root", top);
    snprintf(path, sizeof path, "%s/etc", root);
    assert_int_equal(dir_make(AT_FDCWD, path, 0755, &e), RC_OK);
    snprintf(path, sizeof path, "%s/etc/of-the-root", root);
    assert_int_equal(file_write_sync(AT_FDCWD, path, STR("x"), 0644, &e), RC_OK);
    snprintf(path, sizeof path, "%s/link", root);
    assert_int_equal(symlink("etc/of-the-root", path), 0);
    dl_iterate_phdr(copy_library, root);
    const struct {
        const char *what, *arg;
        bool works;
    } tries[] = {{"read", "/etc/of-the-root", true},   {"read", "/link", true},
                 {"read", "/usr/bin/env", false},      {"write", "/etc/made", false},
                 {"write", "/etc/of-the-root", false}, {"write", RUNNER_WORK "/made", true},
                 {"write", "/tmp/made", true}};
    for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
        const char *const argv[] = {INSIDE, tries[i].what, tries[i].arg, NULL};
        struct box_ask ask = ask_of(argv);
        ask.root = root;
        struct box_told t = box(&ask);
        if (t.state != BOX_ENDED || (t.code == 0) != tries[i].works)
            fail_msg("%s %s: %s %d %s", tries[i].what, tries[i].arg, box_state_name(t.state),
                     t.code, t.why);
    }
    snprintf(path, sizeof path, "%s/etc/made", root);
    assert_int_not_equal(access(path, F_OK), 0);
}

/* ---- What is no run ---- */

static bool stop(void *arg, int64_t ms)
{
    int *asked = arg;
    (void)ms;
    return ++*asked < 2;
}

static void test_what_is_no_run(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    int asked = 0;
    const char *const none[] = {"/nonexistent", NULL};
    struct box_ask ask = ask_of(none);
    struct box_told t = box(&ask);
    expect(&t, BOX_REFUSED, "/nonexistent");
    const char *const hang[] = {INSIDE, "hang", NULL};
    ask = ask_of(hang);
    ask.go_on = stop;
    ask.arg = &asked;
    t = box(&ask);
    expect(&t, BOX_STOPPED, "stopped");
    ask.go_on = NULL;
    ask.dir = "/nonexistent";
    assert_int_equal(box_run(&ask, &t, &e), RC_NOTFOUND);
    ask.dir = work;
    ask.limits.wall_ms = BOX_WALL_MS_MOST + 1;
    assert_int_equal(box_run(&ask, &t, &e), RC_INVALID);
}

static void test_log_keeps_both_ends(void **state)
{
    (void)state;
    AUTO(box_log) struct box_log l;
    AUTO(buf) struct buf all = BUF_INIT(4 * MIB), text = BUF_INIT(4 * MIB);
    box_log_init(&l, BOX_LOG_HEAD, BOX_LOG_TAIL);
    for (int i = 0; i < 100000; i++) {
        char line[20];
        int n = snprintf(line, sizeof line, "line %d\n", i);
        box_log_add(&l, str_of(line, (size_t)n));
        buf_adds(&all, line);
    }
    box_log_text(&l, &text);
    struct str a = buf_str(&all), t = buf_str(&text);
    assert_true(str_eq(str_sub(a, 0, BOX_LOG_HEAD), str_sub(t, 0, BOX_LOG_HEAD)));
    assert_true(str_eq(str_sub(a, a.n - BOX_LOG_TAIL, BOX_LOG_TAIL),
                       str_sub(t, t.n - BOX_LOG_TAIL, BOX_LOG_TAIL)));
    AUTO(box_log) struct box_log small;
    box_log_init(&small, BOX_LOG_HEAD, BOX_LOG_TAIL);
    box_log_add(&small, STR("all of it"));
    buf_reset(&text);
    box_log_text(&small, &text);
    assert_string_equal(buf_c(&text), "all of it");
    /* One piece that is larger than everything. */
    AUTO(box_log) struct box_log whole;
    box_log_init(&whole, BOX_LOG_HEAD, BOX_LOG_TAIL);
    box_log_add(&whole, a);
    buf_reset(&text);
    box_log_text(&whole, &text);
    assert_true(str_eq(str_sub(buf_str(&text), 0, text.n), t));
}

static int make_work(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    snprintf(top, sizeof top, "/tmp/vulndesk-box-XXXXXX");
    if (mkdtemp(top) == NULL)
        return -1;
    snprintf(work, sizeof work, "%s/work", top);
    ssize_t n = readlink("/proc/self/exe", self_path, sizeof self_path - 1);
    self_path[n > 0 ? n : 0] = '\0';
    return dir_make(AT_FDCWD, work, 0700, &e) == RC_OK ? 0 : -1;
}

static int drop_work(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    return dir_remove(AT_FDCWD, top, &e) == RC_OK ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_work, drop_work)

int main(int argc, char **argv)
{
    if (argc > 1)
        return program(argc, argv);
    testing_leave_root();
    int rc = testing_probe("run-box");
    if (rc != 0)
        return rc;
    const struct CMUnitTest tests[] = {
        TEST(test_fork_bomb),
        TEST(test_wait_for_ever),
        TEST(test_disk),
        TEST(test_deep_folders),
        TEST(test_disk_in_a_closed_folder),
        TEST(test_memory_file_systems),
        TEST(test_memory),
        TEST(test_ten_gigabytes_of_output),
        TEST(test_what_it_leaves_behind),
        TEST(test_kills_its_parents),
        TEST(test_who_watches_is_killed),
        TEST(test_limits_of_the_kernel),
        TEST(test_network_and_outside),
        TEST(test_root_filesystem),
        TEST(test_what_is_no_run),
        TEST(test_log_keeps_both_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
