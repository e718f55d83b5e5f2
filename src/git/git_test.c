/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of git/git: what it reads, and that a hostile repository runs nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "git/git.h"
#include "git/testing.h"
#include "os/file.h"

static char top[TESTREPO_TOP], repo[TESTREPO_PATH], scratch[TESTREPO_PATH];

static int make_folder(void **state)
{
    (void)state;
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    testrepo_path(top, "scratch", scratch);
    return mkdir(scratch, 0700);
}

static int remove_folder(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

static struct git *open_repo(const char *dir)
{
    struct git *g = NULL;
    struct err e = ERR_INIT;
    if (git_open(dir, scratch, &g, &e) != RC_OK)
        fail_msg("%s", e.msg);
    return g;
}

static void reads_refs_and_files(const char *format, size_t hex)
{
    testrepo_init(repo, format);
    testrepo_commit(repo, "SECURITY.md", "one\n", 0);
    TESTREPO(repo, "tag", "2024-01");
    testrepo_commit(repo, "SECURITY.md", "two\n", 40);
    TESTREPO(repo, "tag", "-a", "-m", "x", "2024-02", "HEAD");
    TESTREPO(repo, "tag", "2024-02a", "2024-01");
    TESTREPO(repo, "tag", "a-tree", "HEAD^{tree}");
    TESTREPO(repo, "branch", "legacy", "2024-01");

    AUTO(git) struct git *g = open_repo(repo);
    AUTO(arena) struct arena *a = arena_new(1 << 20);
    struct git_ref *refs;
    size_t n, left_out;
    struct err e = ERR_INIT;
    assert_string_equal(git_object_format(g), format);
    assert_int_equal(git_tags(g, a, &refs, &n, &left_out, &e), RC_OK);
    assert_int_equal(n, 3);
    assert_int_equal(left_out, 1);
    assert_string_equal(refs[0].name.p, "2024-01");
    assert_string_equal(refs[1].name.p, "2024-02a");
    assert_string_equal(refs[2].name.p, "2024-02");
    assert_true(refs[2].annotated && !refs[0].annotated);
    assert_true(str_eq(refs[0].commit, refs[1].commit) && refs[0].commit.n == hex);
    assert_true(refs[0].commit_us == INT64_C(1704067200000000));
    assert_true(refs[2].commit_us == refs[0].commit_us + INT64_C(40) * 86400 * 1000000);
    assert_true(refs[2].made_us == refs[2].commit_us);
    assert_int_equal(git_branches(g, a, &refs, &n, &e), RC_OK);
    assert_int_equal(n, 2);
    assert_string_equal(refs[0].name.p, "legacy");
    AUTO(buf) struct buf b = BUF_INIT(1000);
    assert_int_equal(git_head(g, &b, &e), RC_OK);
    assert_string_equal(buf_c(&b), "master");

    buf_reset(&b);
    assert_int_equal(git_file_at(g, STR("2024-01"), STR("SECURITY.md"), 100, &b, &e), RC_OK);
    assert_int_equal(git_file_at(g, STR("HEAD"), STR("SECURITY.md"), 100, &b, &e), RC_OK);
    assert_int_equal(git_file_at(g, refs[0].commit, STR("SECURITY.md"), 100, &b, &e), RC_OK);
    assert_string_equal(buf_c(&b), "one\ntwo\none\n");
    assert_int_equal(git_file_at(g, STR("HEAD"), STR("SECURITY.md"), 3, &b, &e), RC_LIMIT);
    assert_int_equal(git_file_at(g, STR("HEAD"), STR("none"), 100, &b, &e), RC_NOTFOUND);
    assert_int_equal(git_file_at(g, STR("nope"), STR("SECURITY.md"), 100, &b, &e), RC_NOTFOUND);
    const char *bad[] = {"--help", "HEAD^", "HEAD:x", "", "a b", "HEAD\nHEAD"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(git_file_at(g, str_c(bad[i]), STR("SECURITY.md"), 100, &b, &e),
                         RC_INVALID);
    assert_int_equal(git_file_at(g, STR("HEAD"), STR("../x"), 100, &b, &e), RC_INVALID);
    assert_string_equal(buf_c(&b), "one\ntwo\none\n");
}

static void test_reads_sha1(void **state)
{
    (void)state;
    reads_refs_and_files("sha1", 40);
}

static void test_reads_sha256(void **state)
{
    (void)state;
    reads_refs_and_files("sha256", 64);
}

static void test_bare_and_packed(void **state)
{
    (void)state;
    char bare[100];
    snprintf(bare, sizeof bare, "%s/bare", top);
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, "a", "x", 0);
    TESTREPO(repo, "tag", "v1");
    TESTREPO(repo, "branch", "next");
    TESTREPO(top, "clone", "-q", "--mirror", "repo", "bare");
    TESTREPO(bare, "pack-refs", "--all");
    AUTO(git) struct git *g = open_repo(bare);
    AUTO(arena) struct arena *a = arena_new(1 << 20);
    AUTO(buf) struct buf url = BUF_INIT(3000);
    struct git_ref *refs;
    size_t n;
    struct err e = ERR_INIT;
    assert_int_equal(git_tags(g, a, &refs, &n, NULL, &e), RC_OK);
    assert_int_equal(n, 1);
    assert_int_equal(git_branches(g, a, &refs, &n, &e), RC_OK);
    assert_int_equal(n, 2);
    assert_int_equal(git_remote_url(g, &url, &e), RC_OK);
    assert_true(str_ends(buf_str(&url), STR("/repo")));

    char clone[100];
    snprintf(clone, sizeof clone, "%s/clone", top);
    TESTREPO(top, "clone", "-q", "bare", "clone");
    AUTO(git) struct git *c = open_repo(clone);
    assert_int_equal(git_branches(c, a, &refs, &n, &e), RC_OK);
    assert_int_equal(n, 3);
    assert_string_equal(refs[0].name.p, "master");
    assert_true(str_starts(refs[1].name, STR("origin/")));
}

static void test_what_is_no_repository(void **state)
{
    (void)state;
    struct git *g = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(git_open(scratch, scratch, &g, &e), RC_NOTFOUND);
    assert_int_equal(git_open("/nonexistent", scratch, &g, &e), RC_NOTFOUND);
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, "a", "x", 0);
    TESTREPO(repo, "worktree", "add", "-q", "../linked", "-b", "w");
    char linked[100];
    snprintf(linked, sizeof linked, "%s/linked", top);
    assert_int_equal(git_open(linked, scratch, &g, &e), RC_INVALID);
    TESTREPO(repo, "config", "extensions.refstorage", "reftable");
    assert_int_equal(git_open(repo, scratch, &g, &e), RC_INVALID);
    assert_null(g);
}

static void test_an_empty_repository(void **state)
{
    (void)state;
    testrepo_init(repo, "sha1");
    AUTO(git) struct git *g = open_repo(repo);
    AUTO(arena) struct arena *a = arena_new(1 << 20);
    AUTO(buf) struct buf b = BUF_INIT(1000);
    struct git_ref *refs;
    size_t n;
    struct err e = ERR_INIT;
    assert_int_equal(git_tags(g, a, &refs, &n, NULL, &e), RC_OK);
    assert_int_equal(n, 0);
    assert_int_equal(git_head(g, &b, &e), RC_NOTFOUND);
    assert_int_equal(git_remote_url(g, &b, &e), RC_NOTFOUND);
    assert_int_equal(git_file_at(g, STR("HEAD"), STR("a"), 10, &b, &e), RC_NOTFOUND);
}

static void test_a_missing_blob_is_said(void **state)
{
    (void)state;
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, "a", "gone\n", 0);
    testrepo_commit(repo, "b", "here\n", 0);
    /* The blob "gone\n". */
    char path[200];
    snprintf(path, sizeof path, "%s/.git/objects/%s", repo,
             "28/6c5f5776916d7d7d5849988ca9d83e722cf9c2");
    assert_int_equal(unlink(path), 0);
    AUTO(git) struct git *g = open_repo(repo);
    AUTO(buf) struct buf b = BUF_INIT(1000);
    struct err e = ERR_INIT;
    assert_int_equal(git_file_at(g, STR("HEAD"), STR("a"), 100, &b, &e), RC_NOTFOUND);
    assert_int_equal(git_file_at(g, STR("HEAD"), STR("b"), 100, &b, &e), RC_OK);
    assert_string_equal(buf_c(&b), "here\n");
}

/* ---- Hostile ---- */

/* What is set works: the same git without our care runs the trap. */
static void test_the_traps_work(void **state)
{
    (void)state;
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, ".gitattributes", "* diff=trap filter=trap\n", 0);
    testrepo_traps(repo, top);
    (void)testrepo_try(repo, (const char *const[]){"status", NULL});
    assert_true(testrepo_trapped(top));
    (void)testrepo_try(repo, (const char *const[]){"trap", NULL});
    assert_true(testrepo_trapped(top));
    (void)testrepo_try(repo, (const char *const[]){"show", "--ext-diff", "HEAD", NULL});
    assert_true(testrepo_trapped(top));
}

static void test_a_hostile_repository_runs_nothing(void **state)
{
    (void)state;
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, ".gitattributes", "* diff=trap filter=trap\n", 0);
    testrepo_commit(repo, "a", "gone\n", 0);
    TESTREPO(repo, "tag", "-a", "-m", "x", "v1");
    testrepo_traps(repo, top);
    (void)testrepo_trapped(top);
    char path[200];
    snprintf(path, sizeof path, "%s/.git/objects/%s", repo,
             "28/6c5f5776916d7d7d5849988ca9d83e722cf9c2");
    assert_int_equal(unlink(path), 0);

    AUTO(git) struct git *g = open_repo(repo);
    AUTO(arena) struct arena *a = arena_new(1 << 20);
    AUTO(buf) struct buf b = BUF_INIT(100000);
    struct git_ref *refs;
    size_t n;
    struct err e = ERR_INIT;
    assert_int_equal(git_tags(g, a, &refs, &n, NULL, &e), RC_OK);
    assert_int_equal(n, 1);
    assert_int_equal(git_branches(g, a, &refs, &n, &e), RC_OK);
    assert_int_equal(n, 1);
    assert_int_equal(git_head(g, &b, &e), RC_OK);
    assert_int_equal(git_file_at(g, STR("HEAD"), STR(".gitattributes"), 100, &b, &e), RC_OK);
    assert_int_equal(git_file_at(g, STR("HEAD"), STR("a"), 100, &b, &e), RC_NOTFOUND);
    assert_int_equal(git_remote_url(g, &b, &e), RC_OK);
    const char *const log[] = {"log", "--no-ext-diff", "--no-textconv", "--stat", "v1", "--", NULL};
    (void)!git_run(g, log, STR_NONE, &b, &e);
    const char *const fetch[] = {"fetch", "ext::/bin/true", NULL};
    assert_int_equal(git_run(g, fetch, STR_NONE, &b, &e), RC_INVALID);
    assert_non_null(strstr(e.msg, "not allowed"));
    assert_false(testrepo_trapped(top));
}

static void test_strange_heads_and_refs(void **state)
{
    (void)state;
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, "a", "x", 0);
    char path[200];
    struct err e = ERR_INIT;
    snprintf(path, sizeof path, "%s/.git/HEAD", repo);
    const char *const heads[] = {"ref: ../../../../etc/passwd\n", "ref: refs/heads/--help\n", "",
                                 "junk", "ref: refs/heads/a b\n"};
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        assert_int_equal(file_write_sync(AT_FDCWD, path, str_c(heads[i]), 0644, &e), RC_OK);
        AUTO(git) struct git *g = open_repo(repo);
        AUTO(buf) struct buf b = BUF_INIT(1000);
        assert_int_equal(git_head(g, &b, &e), RC_NOTFOUND);
    }
    snprintf(path, sizeof path, "%s/.git/packed-refs", repo);
    assert_int_equal(file_write_sync(AT_FDCWD, path, STR("not packed refs\n"), 0644, &e), RC_OK);
    AUTO(git) struct git *g = open_repo(repo);
    AUTO(arena) struct arena *a = arena_new(1 << 20);
    struct git_ref *refs;
    size_t n;
    assert_int_equal(git_tags(g, a, &refs, &n, NULL, &e), RC_INVALID);
    assert_true(strncmp(e.msg, "git: ", 5) == 0);
}

static void test_leaves_nothing_behind(void **state)
{
    (void)state;
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, "a", "x", 0);
    struct git *g = open_repo(repo);
    git_close(g);
    assert_int_equal(rmdir(scratch), 0);
    assert_int_equal(mkdir(scratch, 0700), 0);
    assert_int_equal(access(repo, F_OK), 0);
    char path[200];
    snprintf(path, sizeof path, "%s/.git/refs/heads/master", repo);
    assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_reads_sha1),
        IN_FOLDER(test_reads_sha256),
        IN_FOLDER(test_bare_and_packed),
        IN_FOLDER(test_what_is_no_repository),
        IN_FOLDER(test_an_empty_repository),
        IN_FOLDER(test_a_missing_blob_is_said),
        IN_FOLDER(test_the_traps_work),
        IN_FOLDER(test_a_hostile_repository_runs_nothing),
        IN_FOLDER(test_strange_heads_and_refs),
        IN_FOLDER(test_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
