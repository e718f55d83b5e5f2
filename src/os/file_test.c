/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of os/file, with every operation failing once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/fault.h"
#include "os/file.h"

static char dir[64];
static int dirfd_;

static int make_dir(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    snprintf(dir, sizeof dir, "/tmp/vulndesk-file-XXXXXX");
    assert_non_null(mkdtemp(dir));
    return dir_open(AT_FDCWD, dir, &dirfd_, &e) == RC_OK ? 0 : -1;
}

static int drop_dir(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_int_equal(os_fault_set(STR_NONE, &e), RC_OK);
    close(dirfd_);
    return dir_remove(AT_FDCWD, dir, &e) == RC_OK ? 0 : -1;
}

static int entries(void)
{
    DIR *d = opendir(dir);
    int n = 0;
    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n - 2;
}

static void assert_content(const char *name, const char *want)
{
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(1000);
    assert_int_equal(file_read(dirfd_, name, 1000, &b, &e), RC_OK);
    assert_string_equal(buf_c(&b), want);
}

static void test_read_is_bounded(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_int_equal(file_write_sync(dirfd_, "f", STR("12345"), 0640, &e), RC_OK);
    AUTO(buf) struct buf b = BUF_INIT(7);
    buf_adds(&b, "ab");
    assert_int_equal(file_read(dirfd_, "f", 4, &b, &e), RC_LIMIT);
    assert_string_equal(buf_c(&b), "ab");
    assert_int_equal(file_read(dirfd_, "f", 5, &b, &e), RC_OK);
    assert_string_equal(buf_c(&b), "ab12345");
    /* The buffer's own maximum counts too, and does not stick. */
    assert_int_equal(file_read(dirfd_, "f", 5, &b, &e), RC_LIMIT);
    assert_string_equal(buf_c(&b), "ab12345");
    assert_int_equal(buf_ok(&b, "b", &e), RC_OK);
}

static void test_read_large_file(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    size_t n = 300000;
    AUTO(mem) char *p = mem_alloc(n);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(i * 7);
    assert_int_equal(file_write_sync(dirfd_, "f", str_of(p, n), 0600, &e), RC_OK);
    AUTO(buf) struct buf b = BUF_INIT(n);
    assert_int_equal(file_read(dirfd_, "f", n, &b, &e), RC_OK);
    assert_true(str_eq(buf_str(&b), str_of(p, n)));
}

static void test_read_refuses_what_is_no_file(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(10);
    assert_int_equal(file_read(dirfd_, "none", 10, &b, &e), RC_NOTFOUND);
    assert_int_equal(file_read(dirfd_, ".", 10, &b, &e), RC_INVALID);
    /* Nobody writes into it: a blocking open would hang here. */
    assert_int_equal(mkfifoat(dirfd_, "fifo", 0600), 0);
    assert_int_equal(file_read(dirfd_, "fifo", 10, &b, &e), RC_INVALID);
}

static void test_write_replaces_with_exact_mode(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct stat st;
    mode_t old = umask(077);
    assert_int_equal(file_write_sync(dirfd_, "f", STR("one"), 0644, &e), RC_OK);
    assert_int_equal(file_write_sync(dirfd_, "f", STR("two"), 0664, &e), RC_OK);
    umask(old);
    assert_int_equal(fstatat(dirfd_, "f", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0664);
    assert_content("f", "two");
    assert_int_equal(entries(), 1);
    assert_int_equal(dir_make(dirfd_, "a/b", 0755, &e), RC_OK);
    assert_int_equal(file_write_sync(dirfd_, "a/b/f", STR(""), 0600, &e), RC_OK);
    assert_content("a/b/f", "");
    assert_int_equal(file_write_sync(dirfd_, "a/", STR(""), 0600, &e), RC_INVALID);
    assert_int_equal(file_write_sync(dirfd_, "none/f", STR(""), 0600, &e), RC_NOTFOUND);
}

/* Each operation of a write fails in turn: the old bytes are there, or the new; nothing else is. */
static void test_write_survives_every_fault(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    int failed = 0;
    assert_int_equal(file_write_sync(dirfd_, "f", STR("old"), 0600, &e), RC_OK);
    for (int nth = 1;; nth++) {
        char text[32];
        snprintf(text, sizeof text, "any:%d:ENOSPC", nth);
        assert_int_equal(os_fault_set(str_c(text), &e), RC_OK);
        enum rc rc = file_write_sync(dirfd_, "f", STR("new"), 0600, &e);
        /* Steps: open the folder, open, write, fsync, rename, fsync of the folder. */
        unsigned renames = os_fault_count(OS_RENAME), syncs = os_fault_count(OS_FSYNC);
        assert_int_equal(os_fault_set(STR_NONE, &e), RC_OK);
        assert_int_equal(entries(), 1);
        if (rc == RC_OK)
            break;
        failed++;
        assert_int_equal(rc, RC_LIMIT);
        bool renamed = renames == 1 && syncs == 2;
        assert_content("f", renamed ? "new" : "old");
    }
    assert_int_equal(failed, 6);
    assert_content("f", "new");
}

static void test_write_killed_at_every_step(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_int_equal(file_write_sync(dirfd_, "f", STR("old"), 0600, &e), RC_OK);
    int killed = 0;
    for (int nth = 1;; nth++) {
        fflush(NULL);
        pid_t pid = fork();
        if (pid == 0) {
            char text[32];
            snprintf(text, sizeof text, "any:%d:kill", nth);
            if (os_fault_set(str_c(text), &e) != RC_OK)
                _exit(2);
            _exit(file_write_sync(dirfd_, "f", STR("new"), 0600, &e));
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        AUTO(buf) struct buf b = BUF_INIT(10);
        assert_int_equal(file_read(dirfd_, "f", 10, &b, &e), RC_OK);
        assert_true(str_eq(buf_str(&b), STR("old")) || str_eq(buf_str(&b), STR("new")));
        if (!WIFSIGNALED(status)) {
            assert_int_equal(status, 0);
            break;
        }
        killed++;
    }
    assert_int_equal(killed, 6);
    assert_content("f", "new");
}

static void test_add_never_replaces(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(fd) int tmp = -1;
    AUTO(fd) int new = -1;
    assert_int_equal(dir_make(dirfd_, "tmp", 0700, &e), RC_OK);
    assert_int_equal(dir_make(dirfd_, "new", 0700, &e), RC_OK);
    assert_int_equal(dir_open(dirfd_, "tmp", &tmp, &e), RC_OK);
    assert_int_equal(dir_open(dirfd_, "new", &new, &e), RC_OK);
    assert_int_equal(file_add_sync(tmp, new, "a", STR("first"), &e), RC_OK);
    assert_int_equal(file_add_sync(tmp, new, "a", STR("second"), &e), RC_CONFLICT);
    assert_content("new/a", "first");
    assert_int_equal(file_add_sync(tmp, new, "../a", STR("x"), &e), RC_INVALID);
    assert_int_equal(file_add_sync(tmp, new, ".a", STR("x"), &e), RC_INVALID);
    assert_int_equal(file_add_sync(tmp, new, "", STR("x"), &e), RC_INVALID);
    int failed = 0;
    for (int nth = 1; failed < 20; nth++) {
        char text[32];
        snprintf(text, sizeof text, "any:%d", nth);
        assert_int_equal(os_fault_set(str_c(text), &e), RC_OK);
        enum rc rc = file_add_sync(tmp, new, "b", STR("bytes"), &e);
        unsigned syncs = os_fault_count(OS_FSYNC);
        assert_int_equal(os_fault_set(STR_NONE, &e), RC_OK);
        /* Nothing unfinished stays behind. */
        assert_int_equal(unlinkat(dirfd_, "tmp", AT_REMOVEDIR), 0);
        assert_int_equal(mkdirat(dirfd_, "tmp", 0700), 0);
        close(tmp);
        assert_int_equal(dir_open(dirfd_, "tmp", &tmp, &e), RC_OK);
        if (rc == RC_OK)
            break;
        failed++;
        assert_int_equal(faccessat(dirfd_, "new/b", F_OK, 0) == 0, syncs == 2);
        if (syncs == 2)
            assert_int_equal(unlinkat(new, "b", 0), 0);
    }
    assert_int_equal(failed, 5);
    assert_content("new/b", "bytes");
}

static void test_dir_make(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_int_equal(dir_make(dirfd_, "a//b/c/", 0755, &e), RC_OK);
    assert_int_equal(dir_make(dirfd_, "a/b/c", 0755, &e), RC_OK);
    assert_int_equal(file_write_sync(dirfd_, "f", STR(""), 0600, &e), RC_OK);
    assert_int_equal(dir_make(dirfd_, "f", 0755, &e), RC_CONFLICT);
    assert_int_equal(dir_make(dirfd_, "f/g", 0755, &e), RC_CONFLICT);
    assert_int_equal(dir_make(dirfd_, "", 0755, &e), RC_INVALID);
}

static void test_dir_remove_takes_any_depth_and_no_link(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_int_equal(dir_make(dirfd_, "keep", 0755, &e), RC_OK);
    assert_int_equal(file_write_sync(dirfd_, "keep/f", STR("kept"), 0600, &e), RC_OK);
    assert_int_equal(dir_make(dirfd_, "t/x", 0755, &e), RC_OK);
    assert_int_equal(symlinkat("../keep", dirfd_, "t/link"), 0);
    assert_int_equal(symlinkat("../../keep", dirfd_, "t/x/link"), 0);
    int at = openat(dirfd_, "t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(mkdirat(at, "deep", 0755), 0);
        int next = openat(at, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(at);
        at = next;
    }
    assert_int_equal(fchmod(at, 0), 0);
    close(at);
    assert_int_equal(dir_remove(dirfd_, "t", &e), RC_OK);
    assert_int_equal(dir_remove(dirfd_, "t", &e), RC_OK);
    assert_content("keep/f", "kept");
    assert_int_equal(entries(), 1);
    assert_int_equal(dir_remove(dirfd_, "keep/f", &e), RC_INVALID);
    assert_int_equal(symlinkat("keep", dirfd_, "link"), 0);
    assert_int_equal(dir_remove(dirfd_, "link", &e), RC_INVALID);
}

static void test_remove(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_int_equal(file_remove_sync(dirfd_, "f", &e), RC_NOTFOUND);
    assert_int_equal(file_write_sync(dirfd_, "f", STR(""), 0600, &e), RC_OK);
    assert_int_equal(file_remove_sync(dirfd_, "f", &e), RC_OK);
    assert_int_equal(entries(), 0);
}

static void test_memfd_is_sealed(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(fd) int fd = -1;
    assert_int_equal(memfd_of(STR("raw bytes"), "test", &fd, &e), RC_OK);
    AUTO(buf) struct buf b = BUF_INIT(100);
    assert_int_equal(fd_read_all(fd, 100, &b, &e), RC_OK);
    assert_string_equal(buf_c(&b), "raw bytes");
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_int_equal(ftruncate(fd, 1000), -1);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, 0), -1);
    assert_int_equal(memfd_check(fd, 9, &e), RC_OK);
    assert_int_equal(memfd_check(fd, 8, &e), RC_LIMIT);
    AUTO(fd) int loose = memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(memfd_check(loose, 100, &e), RC_DENIED);
    assert_int_equal(memfd_check(dirfd_, 100, &e), RC_DENIED);
    assert_int_equal(os_fault_set(STR("write:1:ENOSPC"), &e), RC_OK);
    int none = -1;
    assert_int_equal(memfd_of(STR("x"), "test", &none, &e), RC_LIMIT);
    assert_int_equal(none, -1);
}

static void test_write_all_to_closed_pipe(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    int p[2];
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    close(p[0]);
    struct sigaction ign = {.sa_handler = SIG_IGN}, old;
    sigaction(SIGPIPE, &ign, &old);
    assert_int_equal(fd_write_all(p[1], STR("x"), &e), RC_CLOSED);
    sigaction(SIGPIPE, &old, NULL);
    close(p[1]);
}

static void test_fault_text(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    static const char *const bad[] = {"x:1",         "open",         "open:0",
                                      "open:x",      "open:1:EFOO",  ":1:EIO",
                                      "open:1:EIO:", "open:1:EIO:x", "open:-1"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (os_fault_set(str_c(bad[i]), &e) != RC_INVALID && strcmp(bad[i], "open:1:EIO:") != 0)
            fail_msg("%s was taken", bad[i]);
    assert_int_equal(os_fault_set(STR("open:2:EMFILE,commit:1"), &e), RC_OK);
    assert_false(os_fault(OS_OPEN));
    assert_true(os_fault(OS_OPEN) && errno == EMFILE);
    assert_false(os_fault(OS_OPEN));
    assert_true(os_fault(OS_COMMIT) && errno == EIO);
    assert_int_equal(os_fault_count(OS_OPEN), 3);
    assert_int_equal(os_fault_set(STR("open:1,open:1,open:1,open:1,open:1,open:1,open:1,open:1,"
                                      "open:1"),
                                  &e),
                     RC_LIMIT);
}

static void test_clocks(void **state)
{
    (void)state;
    int64_t a = clock_mono_us(), b = clock_mono_us();
    assert_true(b >= a);
    assert_true(clock_now_us() > INT64_C(1577836800000000)); /* 2020 */
    assert_int_equal(clock_left_ms(-1), -1);
    assert_int_equal(clock_left_ms(a - 1), 0);
    assert_in_range(clock_left_ms(clock_mono_us() + 5000000), 4000, 5000);
    assert_int_equal(clock_left_ms(INT64_MAX), INT32_MAX);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)
    const struct CMUnitTest tests[] = {
        T(test_read_is_bounded),
        T(test_read_large_file),
        T(test_read_refuses_what_is_no_file),
        T(test_write_replaces_with_exact_mode),
        T(test_write_survives_every_fault),
        T(test_write_killed_at_every_step),
        T(test_add_never_replaces),
        T(test_dir_make),
        T(test_dir_remove_takes_any_depth_and_no_link),
        T(test_remove),
        T(test_memfd_is_sealed),
        T(test_write_all_to_closed_pipe),
        T(test_fault_text),
        cmocka_unit_test(test_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
