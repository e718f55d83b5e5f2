/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of git/packwrite: git verifies the packs and reads the objects.  Tests only.
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

#include "base/hex.h"
#include "git/loose.h"
#include "git/packwrite.h"
#include "git/testing.h"
#include "os/file.h"

#define ITEMS 300

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

static void set(struct pack_item *item, enum object_type type, struct str bytes, size_t hash_len,
                char hex[GIT_OID_HEX + 1])
{
    struct err e = ERR_INIT;
    memset(item, 0, sizeof *item);
    item->type = type;
    item->bytes = bytes;
    loose_id(type, bytes, hash_len, hex);
    assert_int_equal(hex_get(str_c(hex), item->id, hash_len, "id", &e), RC_OK);
}

static void pack_in(const char *format)
{
    /* Around the borders of the size's digits, and of a stored block. */
    static const size_t sizes[] = {0, 1, 15, 16, 17, 2047, 2048, 65535, 65536, 300000};
    static struct pack_item items[ITEMS];
    static char hex[ITEMS][GIT_OID_HEX + 1];
    AUTO(fd) int fd = open_objects(format);
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    AUTO(arena) struct arena *a = arena_new(64u << 20);
    size_t hash_len = loose_hash_len(format), n = 0;
    struct err e = ERR_INIT;
    char said[TESTREPO_SAID];
    for (size_t i = 0; i < 300000; i++)
        buf_addc(&b, (char)(i * 2654435761u >> 13));
    for (; n < ARRAY_LEN(sizes); n++)
        set(&items[n], OBJECT_BLOB, str_sub(buf_str(&b), 0, sizes[n]), hash_len, hex[n]);
    set(&items[n], OBJECT_TREE, STR_NONE, hash_len, hex[n]);
    struct str commit =
        arena_strf(a, "tree %s\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nm\n", hex[n]);
    n++;
    set(&items[n], OBJECT_COMMIT, commit, hash_len, hex[n]);
    for (n++; n < ITEMS; n++)
        set(&items[n], OBJECT_BLOB, arena_strf(a, "text %zu\n", n), hash_len, hex[n]);
    assert_int_equal(pack_write(fd, hash_len, items, n, &e), RC_OK);
    for (size_t i = 0; i < n; i += i < 20 ? 1 : 40) {
        testrepo_said(repo, (const char *const[]){"cat-file", "-s", hex[i], NULL}, said);
        if (i < ARRAY_LEN(sizes)) {
            uint64_t size = 0;
            assert_int_equal(num_parse(str_c(said), 0, SIZE_MAX, "size", &size, &e), RC_OK);
            assert_int_equal(size, sizes[i]);
        }
    }
    TESTREPO(repo, "fsck", "--full", "--strict");
    testrepo_said(repo, (const char *const[]){"count-objects", "-v", NULL}, said);
    assert_non_null(strstr(said, "in-pack: 300\npacks: 1\n"));
}

static void test_pack(void **state)
{
    pack_in("sha1");
}

static void test_pack_sha256(void **state)
{
    pack_in("sha256");
}

static void test_again_and_nothing(void **state)
{
    AUTO(fd) int fd = open_objects("sha1");
    struct pack_item item;
    struct err e = ERR_INIT;
    char hex[GIT_OID_HEX + 1], said[TESTREPO_SAID];
    set(&item, OBJECT_BLOB, STR("text\n"), 20, hex);
    assert_int_equal(pack_write(fd, 20, &item, 0, &e), RC_OK);
    testrepo_said(repo, (const char *const[]){"count-objects", "-v", NULL}, said);
    assert_non_null(strstr(said, "\npacks: 0\n"));
    assert_int_equal(pack_write(fd, 20, &item, 1, &e), RC_OK);
    assert_int_equal(pack_write(fd, 20, &item, 1, &e), RC_OK);
    testrepo_said(repo, (const char *const[]){"count-objects", "-v", NULL}, said);
    assert_non_null(strstr(said, "\npacks: 1\n"));
    testrepo_said(repo, (const char *const[]){"cat-file", "blob", hex, NULL}, said);
    assert_string_equal(said, "text");
}

#define T(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_pack),
        T(test_pack_sha256),
        T(test_again_and_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
