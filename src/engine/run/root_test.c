/* SPDX-License-Identifier: Apache-2.0 */
/* Root filesystems: archives that are unpacked, hostile ones that are refused, and what is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "engine/run/root.h"
#include "git/testing.h"
#include "os/file.h"
#include "os/spawn.h"

#define BLOCK   512
#define TAR_MAX (4u << 20)

static char top[TESTREPO_TOP], home[TESTREPO_PATH], tarfile[TESTREPO_PATH], dir[TESTREPO_PATH];
static struct buf tar;

static int setup(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "home", home);
    testrepo_path(top, "root.tar", tarfile);
    buf_init(&tar, TAR_MAX);
    dir[0] = '\0';
    return dir_make(AT_FDCWD, home, 0700, &e) == RC_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    buf_release(&tar);
    return testrepo_folder_remove(top);
}

/* One entry as ustar has it; the name goes in as it is. */
static void add(char type, const char *name, const char *link, struct str body)
{
    char h[BLOCK] = {0};
    unsigned sum = 0;
    memcpy(h, name, strnlen(name, 100));
    snprintf(h + 100, 8, "%07o", type == '5' ? 0755 : 04755);
    snprintf(h + 108, 8, "%07o", 0);
    snprintf(h + 116, 8, "%07o", 0);
    snprintf(h + 124, 12, "%011zo", body.n);
    snprintf(h + 136, 12, "%011o", 0);
    memset(h + 148, ' ', 8);
    h[156] = type;
    memcpy(h + 157, link, strnlen(link, 100));
    memcpy(h + 257,
           "ustar\0"
           "00",
           8);
    for (size_t i = 0; i < BLOCK; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum);
    buf_add(&tar, str_of(h, BLOCK));
    buf_add(&tar, body);
    while (tar.n % BLOCK)
        buf_addc(&tar, '\0');
}

static void put_tar(void)
{
    struct err e = ERR_INIT;
    assert_int_equal(file_write_sync(AT_FDCWD, tarfile, buf_str(&tar), 0600, &e), RC_OK);
}

/* Writes what was added and opens it; dir is the folder then. */
static enum rc open_tar(bool end, struct err *e)
{
    char got[FILE_PATH_MAX];
    AUTO(fd) int hold = -1;
    for (int i = 0; end && i < 2 * BLOCK; i++)
        buf_addc(&tar, '\0');
    put_tar();
    TRY(root_open(tarfile, home, top, got, sizeof got, &hold, e));
    assert_true(hold >= 0);
    return str_copy(dir, sizeof dir, str_c(got), "a folder", e);
}

/* How many names are in the cache, unfinished ones too. */
static size_t in_cache(void)
{
    char path[2 * TESTREPO_PATH];
    size_t n = 0;
    snprintf(path, sizeof path, "%s/" ROOTS_FOLDER, home);
    DIR *d = opendir(path);
    for (struct dirent *de; d && (de = readdir(d)) != NULL;)
        n += strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0;
    if (d)
        closedir(d);
    return n;
}

static void check_file(const char *name, const char *want, mode_t mode)
{
    char path[FILE_PATH_MAX];
    AUTO(buf) struct buf b = BUF_INIT(100000);
    struct err e = ERR_INIT;
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (file_read(AT_FDCWD, path, b.max, &b, &e) != RC_OK)
        fail_msg("%s", e.msg);
    assert_string_equal(buf_c(&b), want);
    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
}

static bool is_there(const char *name)
{
    char path[FILE_PATH_MAX];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return lstat(path, &st) == 0;
}

static void test_all_kinds(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char path[FILE_PATH_MAX], to[100], name[160] = "usr/share/", record[200];
    add('g', "pax_global_header", "", STR("12 comment=x"));
    add('5', "./", "", STR_NONE);
    add('5', "./usr/", "", STR_NONE);
    add('0', "./usr/bin/tool", "", STR("program"));
    add('1', "./usr/bin/same", "usr/bin/tool", STR_NONE);
    add('2', "./bin", "usr/bin", STR_NONE);
    add('2', "./outside", "/etc/passwd", STR_NONE);
    add('3', "./dev/null", "", STR_NONE); /* ours is seen instead */
    memset(name + 10, 'n', 120);
    add('L', "././@LongLink", "", str_of(name, 131)); /* with its NUL */
    add('0', "cut", "", STR("long"));
    int n = snprintf(record, sizeof record, "33 path=usr/share/from-pax-header\n");
    assert_int_equal(n, 34);
    memcpy(record, "34", 2);
    add('x', "pax", "", str_of(record, 34));
    add('0', "short", "", STR("pax"));
    add('0', "./usr/bin/tool", "", STR("newer")); /* a later one counts */
    if (open_tar(true, &e) != RC_OK)
        fail_msg("%s", e.msg);
    check_file("usr/bin/tool", "newer", 0755); /* no setuid */
    check_file("usr/bin/same", "program", 0755);
    check_file("bin/tool", "newer", 0755);
    check_file("usr/share/from-pax-header", "pax", 0755);
    check_file(name, "long", 0755);
    snprintf(path, sizeof path, "%s/outside", dir);
    ssize_t len = readlink(path, to, sizeof to);
    assert_true(len > 0 && str_eq(str_of(to, (size_t)len), STR("/etc/passwd")));
    assert_false(is_there("dev"));
    assert_false(is_there("short"));
}

struct hostile {
    char type;
    const char *name, *link;
    enum rc rc;
};

/* Each in an archive of its own, behind a link that leads out. */
static void test_hostile_archives(void **state)
{
    (void)state;
    static const struct hostile bad[] = {
        {'0', "../escaped", "", RC_INVALID},
        {'0', "usr/../../escaped", "", RC_INVALID},
        {'0', "/etc/escaped", "", RC_INVALID},
        {'0', "link/escaped", "", RC_INVALID},
        {'5', "link/folder", "", RC_INVALID},
        {'5', "link", "", RC_INVALID},
        {'2', "../link", "x", RC_INVALID},
        {'1', "hard", "../home", RC_INVALID},
        {'1', "hard", "/etc/passwd", RC_INVALID},
        {'1', "hard", "link/root.tar", RC_INVALID},
        {'1', "hard", "link", RC_INVALID},
        {'1', "hard", "nothing", RC_INVALID},
        {'3', "null", "", RC_INVALID},
        {'4', "disk", "", RC_INVALID},
        {'6', "fifo", "", RC_INVALID},
        {'S', "sparse", "", RC_INVALID},
        {'0', "", "", RC_INVALID},
        {'0', "./", "", RC_OK},
        {'2', "empty", "", RC_INVALID},
        {'0', "usr", "", RC_INVALID},
    };
    char escaped[TESTREPO_PATH];
    testrepo_path(top, "escaped", escaped);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = ERR_INIT;
        buf_reset(&tar);
        add('0', "usr/bin/x", "", STR("x"));
        add('2', "link", top, STR_NONE);
        add(bad[i].type, bad[i].name, bad[i].link, STR_NONE);
        enum rc rc = open_tar(true, &e);
        if (rc != bad[i].rc)
            fail_msg("%c %s -> %s: %s (%s)", bad[i].type, bad[i].name, bad[i].link, rc_name(rc),
                     e.msg);
        assert_int_not_equal(access(escaped, F_OK), 0);
        if (rc != RC_OK)
            assert_int_equal(in_cache(), i < 17 ? 0 : 1); /* nothing half made stays */
    }
}

static void test_damaged_archives(void **state)
{
    (void)state;
    static const struct str texts[] = {{"", 0}, {"\x1f\x8b\x08 compressed", 14}, {"short", 5}};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct err e = ERR_INIT;
        buf_reset(&tar);
        buf_add(&tar, texts[i]);
        assert_int_equal(open_tar(false, &e), RC_INVALID);
    }
    struct err e = ERR_INIT;
    AUTO(mem) char *body = mem_zalloc(5000);
    buf_reset(&tar);
    add('0', "usr/bin/x", "", str_of(body, 5000));
    size_t whole = tar.n;
    for (size_t n = 1; n < whole; n += 317) { /* cut off anywhere */
        buf_cut(&tar, whole - n);
        assert_int_equal(open_tar(false, &e), RC_INVALID);
        buf_reset(&tar);
        add('0', "usr/bin/x", "", str_of(body, 5000));
    }
    tar.p[20] ^= 1; /* the sum tells */
    assert_int_equal(open_tar(true, &e), RC_INVALID);
    static const char *const pax[] = {"",
                                      "5",
                                      "5 x\n",
                                      "99 path=x\n",
                                      "0 path=x\n",
                                      "x path=y\n",
                                      "18446744073709551615 path=x\n"};
    for (size_t i = 1; i < ARRAY_LEN(pax); i++) {
        buf_reset(&tar);
        add('x', "pax", "", str_c(pax[i]));
        add('0', "usr/bin/x", "", STR("x"));
        if (open_tar(true, &e) != RC_INVALID)
            fail_msg("%s", pax[i]);
    }
    buf_reset(&tar);
    AUTO(mem) char *long_name = mem_zalloc(ROOT_LONG_MAX + 1);
    memset(long_name, 'n', ROOT_LONG_MAX + 1);
    add('L', "long", "", str_of(long_name, ROOT_LONG_MAX + 1));
    assert_int_equal(open_tar(true, &e), RC_LIMIT);
    assert_int_equal(in_cache(), 0);
}

/* A path deeper than is allowed, by pax. */
static void test_deep_path(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(buf) struct buf path = BUF_INIT(1000);
    for (unsigned i = 0; i <= ROOT_DEPTH_MAX; i++)
        buf_adds(&path, "d/");
    buf_addc(&path, '\0');
    add('L', "long", "", buf_str(&path));
    add('5', "cut", "", STR_NONE);
    assert_int_equal(open_tar(true, &e), RC_INVALID);
}

static void test_unpacked_once(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char first[TESTREPO_PATH], mark[FILE_PATH_MAX];
    add('0', "usr/bin/x", "", STR("x"));
    assert_int_equal(open_tar(true, &e), RC_OK);
    snprintf(first, sizeof first, "%s", dir);
    snprintf(mark, sizeof mark, "%s/usr/mark", dir);
    assert_int_equal(file_write_sync(AT_FDCWD, mark, STR("m"), 0600, &e), RC_OK);
    char got[FILE_PATH_MAX];
    AUTO(fd) int hold = -1;
    assert_int_equal(root_open(tarfile, home, top, got, sizeof got, &hold, &e), RC_OK);
    assert_string_equal(got, first);
    assert_true(is_there("usr/mark"));
    /* What a killed one left goes with the next. */
    char part[2 * TESTREPO_PATH];
    snprintf(part, sizeof part, "%s/" ROOTS_FOLDER "/.part-abcdef/usr", home);
    assert_int_equal(dir_make(AT_FDCWD, part, 0700, &e), RC_OK);
    assert_int_equal(in_cache(), 2);
    buf_reset(&tar);
    add('0', "usr/bin/x", "", STR("another"));
    assert_int_equal(open_tar(true, &e), RC_OK);
    assert_int_equal(access(part, F_OK), -1);
    assert_int_equal(in_cache(), 2);
    /* Another file of that name is another one; old ones go, but none that is held. */
    for (unsigned i = 0; i < ROOTS_KEPT + 3; i++) {
        char body[20];
        buf_reset(&tar);
        int n = snprintf(body, sizeof body, "%.*s", (int)i + 1, "012345678901234");
        add('0', "usr/bin/x", "", str_of(body, (size_t)n));
        assert_int_equal(open_tar(i % 2 == 0, &e), RC_OK);
        assert_string_not_equal(dir, first);
    }
    assert_true(in_cache() <= ROOTS_KEPT + 1);
    assert_int_equal(access(first, F_OK), 0);
}

static void test_folders(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char root[TESTREPO_PATH], usr[2 * TESTREPO_PATH], got[FILE_PATH_MAX];
    int hold = 0;
    testrepo_path(top, "root", root);
    snprintf(usr, sizeof usr, "%s/usr", root);
    assert_int_equal(dir_make(AT_FDCWD, root, 0700, &e), RC_OK);
    assert_int_equal(root_open(root, home, home, got, sizeof got, &hold, &e), RC_INVALID);
    assert_int_equal(dir_make(AT_FDCWD, usr, 0700, &e), RC_OK);
    assert_int_equal(root_open(root, home, home, got, sizeof got, &hold, &e), RC_OK);
    assert_string_equal(got, root);
    assert_int_equal(hold, -1);
    /* The desk's own: in it, around it, through a link. */
    assert_int_equal(root_open(root, home, root, got, sizeof got, &hold, &e), RC_DENIED);
    assert_int_equal(root_open(root, home, top, got, sizeof got, &hold, &e), RC_DENIED);
    assert_int_equal(root_open("/", home, home, got, sizeof got, &hold, &e), RC_DENIED);
    char link[TESTREPO_PATH];
    testrepo_path(top, "link", link);
    assert_int_equal(symlink("/", link), 0);
    assert_int_equal(root_open(link, home, home, got, sizeof got, &hold, &e), RC_DENIED);
    assert_int_equal(root_open("root", home, home, got, sizeof got, &hold, &e), RC_INVALID);
    assert_int_equal(root_open("/nonexistent/x", home, home, got, sizeof got, &hold, &e),
                     RC_NOTFOUND);
    assert_int_equal(root_open("/dev/null", home, home, got, sizeof got, &hold, &e), RC_INVALID);
}

/* What the tar of this machine makes of a folder. */
static void test_the_real_tar(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    static const char *const formats[] = {"--format=gnu", "--format=pax", "--format=ustar"};
    char root[TESTREPO_PATH], path[4 * TESTREPO_PATH];
    if (access("/bin/tar", X_OK) != 0) {
        print_message("SKIP run-root: tar is not installed\n");
        skip();
    }
    testrepo_path(top, "root", root);
    snprintf(path, sizeof path, "%s/usr/%095d", root, 0);
    assert_int_equal(dir_make(AT_FDCWD, path, 0700, &e), RC_OK);
    snprintf(path, sizeof path, "%s/usr/%095d/file", root, 0);
    assert_int_equal(file_write_sync(AT_FDCWD, path, STR("deep"), 0644, &e), RC_OK);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        const char *const argv[] = {"tar", formats[i], "-C", root, "-cf", tarfile, ".", NULL};
        struct spawn s = SPAWN_INIT;
        struct spawn_io io = {.timeout_ms = 30000};
        struct child_end end;
        char got[FILE_PATH_MAX];
        AUTO(fd) int hold = -1;
        s.path = "/bin/tar";
        s.argv = argv;
        assert_int_equal(spawn_run(&s, &io, &end, &e), RC_OK);
        assert_true(child_end_ok(&end));
        if (root_open(tarfile, home, top, got, sizeof got, &hold, &e) != RC_OK)
            fail_msg("%s: %s", formats[i], e.msg);
        assert_int_equal(str_copy(dir, sizeof dir, str_c(got), "a folder", &e), RC_OK);
        snprintf(path, sizeof path, "usr/%095d/file", 0);
        check_file(path, "deep", 0644);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_all_kinds),    TEST(test_hostile_archives), TEST(test_damaged_archives),
        TEST(test_deep_path),    TEST(test_unpacked_once),    TEST(test_folders),
        TEST(test_the_real_tar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
