/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of git/objects: objects by name, and that no object stops the next one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "git/objects.h"
#include "git/testing.h"
#include "os/file.h"

#define MAX 1000

static char top[TESTREPO_TOP], repo[TESTREPO_PATH];

static int make_folder(void **state)
{
    (void)state;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

static void id_of(const char *rev, char ret[TESTREPO_SAID])
{
    testrepo_said(repo, (const char *const[]){"rev-parse", rev, NULL}, ret);
}

static void reads_objects(void **state)
{
    testrepo_init(repo, *state);
    testrepo_commit(repo, "a file", "one\n", 1);
    testrepo_commit(repo, "b", "two\n", 2);
    TESTREPO(repo, "tag", "-a", "-m", "x", "v1");
    AUTO(git) struct git *g = NULL;
    AUTO(objects) struct objects *o = NULL;
    struct err e = ERR_INIT;
    struct object got;
    struct str value;
    char head[TESTREPO_SAID], tree[TESTREPO_SAID];
    id_of("HEAD", head);
    id_of("HEAD^{tree}", tree);
    assert_int_equal(git_open(repo, top, &g, &e), RC_OK);
    assert_int_equal(objects_open(g, &o, &e), RC_OK);

    assert_int_equal(objects_file(o, str_c(head), STR("a file"), MAX, &got, &e), RC_OK);
    assert_true(str_eq(got.body, STR("one\n")));
    assert_int_equal(got.type, OBJECT_BLOB);
    assert_int_equal(objects_read(o, str_c(head), MAX, &got, &e), RC_OK);
    assert_string_equal(got.oid, head);
    assert_true(object_header(got.body, "tree", 0, &value));
    assert_true(str_eq(value, str_c(tree)));
    assert_false(object_header(got.body, "parent", 1, &value));
    assert_true(object_header(got.body, "committer", 0, &value));
    assert_int_equal(object_date_s(value), 1704067200 + 2 * 86400);

    struct tree_entry t;
    assert_int_equal(objects_read(o, str_c(tree), MAX, &got, &e), RC_OK);
    struct str rest = got.body;
    size_t hash_len = strlen(head) / 2;
    assert_true(tree_next(&rest, hash_len, &t));
    assert_true(str_eq(t.name, STR("a file")));
    assert_int_equal(t.mode, 0100644);
    assert_true(tree_next(&rest, hash_len, &t));
    assert_true(str_eq(t.name, STR("b")));
    assert_false(tree_next(&rest, hash_len, &t));
    assert_int_equal(rest.n, 0);

    assert_int_equal(objects_info(o, STR("v1"), &got, &e), RC_OK);
    assert_int_equal(got.type, OBJECT_TAG);
    assert_int_equal(objects_read(o, STR("v1"), MAX, &got, &e), RC_OK);
    assert_true(object_header(got.body, "object", 0, &value));
    assert_true(str_eq(value, str_c(head)));
}

static void says_what_is_not_there(void **state)
{
    (void)state;
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, "a", "a rather long text\n", 1);
    AUTO(git) struct git *g = NULL;
    AUTO(objects) struct objects *o = NULL;
    struct err e = ERR_INIT;
    struct object got;
    char head[TESTREPO_SAID];
    id_of("HEAD", head);
    assert_int_equal(git_open(repo, top, &g, &e), RC_OK);
    assert_int_equal(objects_open(g, &o, &e), RC_OK);
    assert_int_equal(objects_file(o, str_c(head), STR("nothing"), MAX, &got, &e), RC_NOTFOUND);
    assert_int_equal(objects_info(o, STR("no-such"), &got, &e), RC_NOTFOUND);
    assert_int_equal(objects_info(o, STR(""), &got, &e), RC_INVALID);
    assert_int_equal(objects_info(o, STR("HEAD\ncontents HEAD"), &got, &e), RC_INVALID);
    assert_int_equal(objects_file(o, str_c(head), STR("../a"), MAX, &got, &e), RC_INVALID);
    assert_int_equal(objects_file(o, STR("--help"), STR("a"), MAX, &got, &e), RC_INVALID);
    assert_int_equal(objects_file(o, str_c(head), STR("a"), 5, &got, &e), RC_LIMIT);
    assert_int_equal(got.size, 19);
    assert_int_equal(objects_file(o, str_c(head), STR("a"), MAX, &got, &e), RC_OK);
    assert_true(str_eq(got.body, STR("a rather long text\n")));
}

/* A loose object that is no zlib stream: git gives up, we go on. */
static void damage_is_one_answer(void **state)
{
    (void)state;
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, "a", "one\n", 1);
    testrepo_commit(repo, "b", "two\n", 2);
    char head[TESTREPO_SAID], blob[TESTREPO_SAID], path[2300];
    id_of("HEAD", head);
    id_of("HEAD:a", blob);
    testrepo_lose(repo, blob);
    snprintf(path, sizeof path, "%s/.git/objects/%.2s", repo, blob);
    AUTO(fd) int fd = -1;
    AUTO(git) struct git *g = NULL;
    AUTO(objects) struct objects *o = NULL;
    struct err e = ERR_INIT;
    struct object got;
    assert_int_equal(dir_open(AT_FDCWD, path, &fd, &e), RC_OK);
    assert_int_equal(file_write_sync(fd, blob + 2, STR("nonsense"), 0444, &e), RC_OK);
    assert_int_equal(git_open(repo, top, &g, &e), RC_OK);
    assert_int_equal(objects_open(g, &o, &e), RC_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(objects_file(o, str_c(head), STR("a"), MAX, &got, &e), RC_NOTFOUND);
        assert_int_equal(objects_file(o, str_c(head), STR("b"), MAX, &got, &e), RC_OK);
        assert_true(str_eq(got.body, STR("two\n")));
    }
}

static void refuses_damaged_trees(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {{"", 0},
               {"100644", 6},
               {"100644 a", 8},
               {"100644 a\0short", 14},
               {"100644 \0"
                "01234567890123456789",
                28},
               {" a\0"
                "01234567890123456789",
                23},
               {"1006449 a\0"
                "01234567890123456789",
                30},
               {"9 a\0"
                "01234567890123456789",
                24}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct str rest = str_of(bad[i].bytes, bad[i].n);
        struct tree_entry t;
        assert_false(tree_next(&rest, 20, &t));
        assert_int_equal(rest.n, bad[i].n);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"reads_objects sha1", reads_objects, make_folder, remove_folder, (char[]){"sha1"}},
        {"reads_objects sha256", reads_objects, make_folder, remove_folder, (char[]){"sha256"}},
        TEST(says_what_is_not_there),
        TEST(damage_is_one_answer),
        TEST(refuses_damaged_trees),
    };
    return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
