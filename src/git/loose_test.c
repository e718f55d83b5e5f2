/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of git/loose: git gives the same ids, reads what we write, and finds no fault in it.
 * Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git/loose.h"
#include "git/testing.h"
#include "os/file.h"

static char top[TESTREPO_TOP], repo[TESTREPO_PATH];

static int make_folder(void **state)
{
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    return 0;
}

static int remove_folder(void **state)
{
    return testrepo_folder_remove(top);
}

static int open_objects(const char *format)
{
    char path[TESTREPO_PATH + 20];
    struct err e = ERR_INIT;
    int fd;
    testrepo_init(repo, format);
    snprintf(path, sizeof path, "%s/.git/objects", repo);
    assert_int_equal(dir_open(AT_FDCWD, path, &fd, &e), RC_OK);
    return fd;
}

/* git's own id of these bytes. */
static void git_id(struct str bytes, char ret[TESTREPO_SAID])
{
    AUTO(fd) int fd = -1;
    struct err e = ERR_INIT;
    assert_int_equal(dir_open(AT_FDCWD, repo, &fd, &e), RC_OK);
    assert_int_equal(file_write_sync(fd, "bytes", bytes, 0600, &e), RC_OK);
    testrepo_said(repo, (const char *const[]){"hash-object", "--no-filters", "bytes", NULL}, ret);
}

static void sizes_in(const char *format)
{
    /* Around the borders of a stored block, and several of them. */
    const size_t sizes[] = {0, 1, 5551, 5552, 5553, 65524, 65525, 65526, 65535, 65536, 200000};
    AUTO(fd) int fd = open_objects(format);
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    size_t hash_len = loose_hash_len(format);
    struct err e = ERR_INIT;
    for (size_t i = 0; i < 200000; i++)
        buf_addc(&b, (char)(i * 2654435761u >> 13));
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct str bytes = str_sub(buf_str(&b), i % 2, sizes[i]);
        char oid[GIT_OID_HEX + 1], name[GIT_OID_HEX + 1], said[TESTREPO_SAID];
        assert_int_equal(loose_write(fd, OBJECT_BLOB, bytes, hash_len, oid, &e), RC_OK);
        loose_id(OBJECT_BLOB, bytes, hash_len, name);
        assert_string_equal(oid, name);
        git_id(bytes, said);
        assert_string_equal(oid, said);
        testrepo_said(repo, (const char *const[]){"cat-file", "-s", oid, NULL}, said);
        uint64_t size = 0;
        assert_int_equal(num_parse(str_c(said), 0, SIZE_MAX, "size", &size, &e), RC_OK);
        assert_int_equal(size, bytes.n);
        /* Once more is fine. */
        assert_int_equal(loose_write(fd, OBJECT_BLOB, bytes, hash_len, oid, &e), RC_OK);
    }
    TESTREPO(repo, "fsck", "--full", "--strict");
}

static void test_sizes(void **state)
{
    sizes_in("sha1");
}

static void test_sizes_sha256(void **state)
{
    sizes_in("sha256");
}

static void test_types(void **state)
{
    AUTO(fd) int fd = open_objects("sha1");
    struct err e = ERR_INIT;
    char tree[GIT_OID_HEX + 1], commit[GIT_OID_HEX + 1], said[TESTREPO_SAID], text[300];
    assert_int_equal(loose_write(fd, OBJECT_TREE, STR_NONE, 20, tree, &e), RC_OK);
    assert_string_equal(tree, "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    snprintf(text, sizeof text, "tree %s\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nm\n",
             tree);
    assert_int_equal(loose_write(fd, OBJECT_COMMIT, str_c(text), 20, commit, &e), RC_OK);
    testrepo_said(repo, (const char *const[]){"cat-file", "-t", commit, NULL}, said);
    assert_string_equal(said, "commit");
    testrepo_said(repo, (const char *const[]){"rev-parse", commit, NULL}, said);
    TESTREPO(repo, "fsck", "--full", "--strict");
}

static void test_reuse(void **state)
{
    static const char *const texts[] = {"a long text at first\n", "short\n", "",
                                        "long again, yes\n"};
    AUTO(fd) int fd = open_objects("sha1");
    struct loose_file f = LOOSE_FILE_INIT;
    struct err e = ERR_INIT;
    char before[GIT_OID_HEX + 1] = "", said[TESTREPO_SAID];
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        assert_int_equal(loose_reuse(fd, &f, OBJECT_BLOB, str_c(texts[i]), 20, &e), RC_OK);
        testrepo_said(repo, (const char *const[]){"cat-file", "blob", f.oid, NULL}, said);
        assert_true(str_eq(str_c(said), str_trim(str_c(texts[i]))));
        if (before[0])
            assert_false(testrepo_try(repo, (const char *const[]){"cat-file", "-e", before, NULL}));
        memcpy(before, f.oid, sizeof before);
    }
    loose_file_close(&f);
    /* The last one stays, and nobody else may have it. */
    TESTREPO(repo, "cat-file", "-e", before);
    assert_int_equal(loose_reuse(fd, &f, OBJECT_BLOB, str_c(texts[3]), 20, &e), RC_CONFLICT);
    assert_int_equal(f.fd, -1);
    TESTREPO(repo, "fsck", "--full");
}

#define T(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_sizes),
        T(test_sizes_sha256),
        T(test_types),
        T(test_reuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
