/* SPDX-License-Identifier: Apache-2.0 */
/* Trees as files: what a tree may hold, and what hostile ones are refused for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "engine/run/checkout.h"
#include "git/testing.h"
#include "os/file.h"

#define AT_S 1700000000

static char top[TESTREPO_TOP], repo[TESTREPO_PATH], scratch[TESTREPO_PATH], dir[TESTREPO_PATH];

static int make_world(const char *format)
{
    struct err e = ERR_INIT;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    testrepo_path(top, "scratch", scratch);
    testrepo_path(top, "scratch/tree", dir);
    testrepo_init(repo, format);
    return dir_make(AT_FDCWD, dir, 0700, &e) == RC_OK ? 0 : -1;
}

static int setup(void **state)
{
    (void)state;
    return make_world("sha1");
}

static int setup_sha256(void **state)
{
    (void)state;
    return make_world("sha256");
}

static int teardown(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

static void anew(void)
{
    struct err e = ERR_INIT;
    assert_int_equal(dir_remove(AT_FDCWD, dir, &e), RC_OK);
    assert_int_equal(dir_make(AT_FDCWD, dir, 0700, &e), RC_OK);
}

static void said(char ret[TESTREPO_SAID], const char *const *args)
{
    testrepo_said(repo, args, ret);
}
#define SAID(ret, ...) said(ret, (const char *const[]){__VA_ARGS__, NULL})

/* An object of any bytes, which git itself would not make. */
static void put_object(const char *type, struct str bytes, char ret[TESTREPO_SAID])
{
    struct err e = ERR_INIT;
    char path[TESTREPO_PATH];
    testrepo_path(top, "bytes", path);
    assert_int_equal(file_write_sync(AT_FDCWD, path, bytes, 0600, &e), RC_OK);
    SAID(ret, "hash-object", "-t", type, "--literally", "-w", path);
}

static void add_entry(struct buf *b, const char *mode, struct str name, const char *hex)
{
    struct err e = ERR_INIT;
    unsigned char id[32];
    size_t n = strlen(hex) / 2;
    assert_int_equal(hex_get(str_c(hex), id, n, "an id", &e), RC_OK);
    buf_addf(b, "%s ", mode);
    buf_add(b, name);
    buf_addc(b, '\0');
    buf_add(b, str_of(id, n));
}

static enum rc lay_out(const char *tree, const char *other, const struct str *paths, size_t n,
                       struct checkout_told *told, struct err *e)
{
    struct checkout_ask ask = {.repository = repo,
                               .scratch = scratch,
                               .dir = dir,
                               .tree = str_c(tree),
                               .other = str_c(other),
                               .paths = paths,
                               .n_paths = n,
                               .mtime_s = AT_S};
    return checkout_run(&ask, told, e);
}

static void check_file(const char *name, const char *want, mode_t mode)
{
    char path[2 * TESTREPO_PATH];
    AUTO(buf) struct buf b = BUF_INIT(1000);
    struct err e = ERR_INIT;
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (file_read(AT_FDCWD, path, 1000, &b, &e) != RC_OK)
        fail_msg("%s", e.msg);
    assert_string_equal(buf_c(&b), want);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
    assert_int_equal(st.st_mtime, AT_S);
}

static bool is_there(const char *name)
{
    char path[2 * TESTREPO_PATH];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return lstat(path, &st) == 0;
}

/* A tree of everything: files, a program, a folder, links, a submodule. */
static void make_tree(char ret[TESTREPO_SAID])
{
    char blob[TESTREPO_SAID], out[TESTREPO_SAID], sub[TESTREPO_SAID];
    AUTO(buf) struct buf b = BUF_INIT(4000), inner = BUF_INIT(4000);
    put_object("blob", STR("text\r\n"), blob);
    put_object("blob", STR("../../../outside"), out);
    add_entry(&inner, "100644", STR("inner.c"), blob);
    put_object("tree", buf_str(&inner), sub);
    add_entry(&b, "100644", STR(".gitattributes"), blob);
    add_entry(&b, "120000", STR("absolute"), out);
    add_entry(&b, "100644", STR("file"), blob);
    add_entry(&b, "40000", STR("folder"), sub);
    add_entry(&b, "160000", STR("module"), blob);
    add_entry(&b, "100755", STR("program"), blob);
    put_object("tree", buf_str(&b), ret);
}

static void check_tree(void)
{
    struct checkout_told told = {0};
    struct err e = ERR_INIT;
    char tree[TESTREPO_SAID], path[2 * TESTREPO_PATH], to[100];
    make_tree(tree);
    if (lay_out(tree, "", NULL, 0, &told, &e) != RC_OK)
        fail_msg("%s", e.msg);
    check_file("file", "text\r\n", 0644);
    check_file("program", "text\r\n", 0755);
    check_file("folder/inner.c", "text\r\n", 0644);
    snprintf(path, sizeof path, "%s/absolute", dir);
    ssize_t n = readlink(path, to, sizeof to);
    assert_true(n > 0 && str_eq(str_of(to, (size_t)n), STR("../../../outside")));
    snprintf(path, sizeof path, "%s/module", dir);
    assert_int_equal(rmdir(path), 0); /* an empty folder */
    assert_int_equal(told.files, 4);
    assert_int_equal(told.folders, 1);
    assert_int_equal(told.links, 1);
    assert_int_equal(told.submodules, 1);
    assert_int_equal(told.bytes, 4 * 6 + 16);
}

static void test_all_kinds(void **state)
{
    (void)state;
    check_tree();
}

static void test_names_that_may_not_be(void **state)
{
    (void)state;
    char blob[TESTREPO_SAID], tree[TESTREPO_SAID];
    static const struct str names[] = {
        {"..", 2},    {".", 1},   {"", 0},       {".git", 4},           {".GiT", 4},
        {"GIT~1", 5}, {"a/b", 3}, {"/etc/x", 6}, {"../../escaped", 13}, {"a\nb", 3}};
    put_object("blob", STR("x"), blob);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        for (int folder = 0; folder < 2; folder++) {
            AUTO(buf) struct buf b = BUF_INIT(1000), empty = BUF_INIT(10);
            struct checkout_told told;
            struct err e = ERR_INIT;
            char sub[TESTREPO_SAID];
            put_object("tree", buf_str(&empty), sub);
            add_entry(&b, folder ? "40000" : "100644", names[i], folder ? sub : blob);
            put_object("tree", buf_str(&b), tree);
            anew();
            if (lay_out(tree, "", NULL, 0, &told, &e) != RC_INVALID)
                fail_msg("%.*s was taken", STR_ARG(names[i]));
        }
        assert_false(checkout_name_ok(names[i]));
    }
    assert_false(checkout_name_ok(str_of("a\0b", 3)));
    assert_true(checkout_name_ok(STR(".gitignore")));
    assert_true(checkout_name_ok(STR("...")));
    assert_false(is_there("../escaped"));
    assert_false(is_there("../../escaped"));
}

/* A link, and then a folder of the same name, whose files would land where the link leads. */
static void test_a_name_twice(void **state)
{
    (void)state;
    char blob[TESTREPO_SAID], link[TESTREPO_SAID], sub[TESTREPO_SAID], tree[TESTREPO_SAID];
    AUTO(buf) struct buf b = BUF_INIT(1000), inner = BUF_INIT(1000);
    struct checkout_told told;
    struct err e = ERR_INIT;
    put_object("blob", STR("x"), blob);
    put_object("blob", STR(".."), link);
    add_entry(&inner, "100644", STR("landed"), blob);
    put_object("tree", buf_str(&inner), sub);
    add_entry(&b, "120000", STR("a"), link);
    add_entry(&b, "40000", STR("a"), sub);
    put_object("tree", buf_str(&b), tree);
    assert_int_equal(lay_out(tree, "", NULL, 0, &told, &e), RC_INVALID);
    assert_non_null(strstr(e.msg, "twice"));
    assert_false(is_there("../landed"));
}

static void test_odd_trees(void **state)
{
    (void)state;
    char blob[TESTREPO_SAID], tree[TESTREPO_SAID];
    struct checkout_told told;
    struct err e = ERR_INIT;
    put_object("blob", STR("x"), blob);
    const struct {
        const char *mode, *id;
        enum rc rc;
    } odd[] = {{"140000", blob, RC_INVALID}, /* a socket */
               {"10000", blob, RC_INVALID},  /* a FIFO */
               {"40000", blob, RC_INVALID},  /* a folder that is a file */
               {"100644", "0123456789012345678901234567890123456789", RC_NOTFOUND},
               {"40000", "0123456789012345678901234567890123456789", RC_NOTFOUND}};
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        AUTO(buf) struct buf b = BUF_INIT(1000);
        add_entry(&b, odd[i].mode, STR("a"), odd[i].id);
        put_object("tree", buf_str(&b), tree);
        e = (struct err)ERR_INIT;
        if (lay_out(tree, "", NULL, 0, &told, &e) != odd[i].rc)
            fail_msg("%s: %s", odd[i].mode, e.msg);
        anew();
    }
    put_object("tree", STR("100644 a"), tree); /* cut off */
    anew();
    assert_int_equal(lay_out(tree, "", NULL, 0, &told, &e), RC_INVALID);
    assert_int_equal(lay_out("HEAD", "", NULL, 0, &told, &e), RC_INVALID);
    assert_int_equal(lay_out("--help", "", NULL, 0, &told, &e), RC_INVALID);
}

static void test_deep_trees(void **state)
{
    (void)state;
    char id[TESTREPO_SAID];
    struct checkout_told told;
    struct err e = ERR_INIT;
    put_object("tree", STR_NONE, id);
    for (unsigned i = 0; i <= CHECKOUT_DEPTH_MAX; i++) {
        AUTO(buf) struct buf b = BUF_INIT(1000);
        add_entry(&b, "40000", STR("d"), id);
        put_object("tree", buf_str(&b), id);
    }
    assert_int_equal(lay_out(id, "", NULL, 0, &told, &e), RC_LIMIT);
}

/* Nothing of the repository's configuration runs: no filter, no hook. */
static void test_traps(void **state)
{
    (void)state;
    struct checkout_told told;
    struct err e = ERR_INIT;
    char id[TESTREPO_SAID];
    testrepo_commit(repo, ".gitattributes", "* filter=trap diff=trap text eol=crlf ident\n", 1);
    testrepo_commit(repo, "file", "$Id$\n", 2);
    SAID(id, "rev-parse", "HEAD");
    testrepo_traps(repo, top);
    if (lay_out(id, "", NULL, 0, &told, &e) != RC_OK)
        fail_msg("%s", e.msg);
    check_file("file", "$Id$\n", 0644);
    assert_false(testrepo_trapped(top));
    assert_false(is_there(".git"));
}

/* Single files of another tree over it. */
static void test_paths_over_a_tree(void **state)
{
    (void)state;
    struct checkout_told told;
    struct err e = ERR_INIT;
    char one[TESTREPO_SAID], two[TESTREPO_SAID];
    char deep[2 * TESTREPO_PATH];
    snprintf(deep, sizeof deep, "%s/t/deep", repo);
    assert_int_equal(dir_make(AT_FDCWD, deep, 0700, &e), RC_OK);
    testrepo_commit(repo, "t/a.t", "old\n", 1);
    testrepo_commit(repo, "gone", "here\n", 1);
    testrepo_commit(repo, "src", "old\n", 1);
    SAID(one, "rev-parse", "HEAD");
    testrepo_commit(repo, "t/a.t", "new\n", 2);
    testrepo_commit(repo, "t/deep/b.t", "more\n", 2);
    testrepo_commit(repo, "src", "new\n", 2);
    TESTREPO(repo, "rm", "-q", "gone");
    TESTREPO(repo, "commit", "-q", "-m", "gone");
    SAID(two, "rev-parse", "HEAD");
    const struct str paths[] = {STR("t/a.t"), STR("t/deep/b.t"), STR("gone"), STR("not/there")};
    if (lay_out(one, two, paths, ARRAY_LEN(paths), &told, &e) != RC_OK)
        fail_msg("%s", e.msg);
    check_file("t/a.t", "new\n", 0644);
    check_file("t/deep/b.t", "more\n", 0644);
    check_file("src", "old\n", 0644);
    assert_false(is_there("gone"));
    assert_false(is_there("not"));
}

/* The tree has a link where the path goes: the file must not land behind it. */
static void test_no_path_through_a_link(void **state)
{
    (void)state;
    char blob[TESTREPO_SAID], link[TESTREPO_SAID], sub[TESTREPO_SAID], with_link[TESTREPO_SAID],
        with_folder[TESTREPO_SAID];
    AUTO(buf) struct buf a = BUF_INIT(1000), b = BUF_INIT(1000), inner = BUF_INIT(1000);
    struct checkout_told told;
    struct err e = ERR_INIT;
    put_object("blob", STR("x"), blob);
    put_object("blob", STR(".."), link);
    add_entry(&inner, "100644", STR("landed"), blob);
    put_object("tree", buf_str(&inner), sub);
    add_entry(&a, "120000", STR("t"), link);
    put_object("tree", buf_str(&a), with_link);
    add_entry(&b, "40000", STR("t"), sub);
    put_object("tree", buf_str(&b), with_folder);
    const struct str paths[] = {STR("t/landed")};
    assert_int_equal(lay_out(with_link, with_folder, paths, 1, &told, &e), RC_INVALID);
    assert_false(is_there("../landed"));
    const struct str bad[] = {STR("../x"), STR("/etc/x"), STR("t/../../x"), STR(".git/x")};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        anew();
        assert_int_equal(lay_out(with_folder, with_folder, bad + i, 1, &told, &e), RC_INVALID);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_all_kinds),
        {"test_all_kinds_sha256", test_all_kinds, setup_sha256, teardown, NULL},
        TEST(test_names_that_may_not_be),
        TEST(test_a_name_twice),
        TEST(test_odd_trees),
        TEST(test_deep_trees),
        TEST(test_traps),
        TEST(test_paths_over_a_tree),
        TEST(test_no_path_through_a_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
