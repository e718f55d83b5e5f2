/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of git/difflog and git/patchid: odd names, odd bytes, missing objects, and patch-ids
 * that are git's own.  Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hex.h"
#include "git/difflog.h"
#include "git/patchid.h"
#include "git/testing.h"
#include "os/file.h"

#define COMMITS_MAX 60

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

/* What a run delivered, in our own words. */
struct seen {
    struct buf words;
    struct buf ids; /* "ID patch-id" a line */
    bool sha256_repo;
};

static enum rc note(void *ctx, const struct diff_commit *c, struct err *e)
{
    struct seen *s = ctx;
    unsigned char id[PATCH_ID_MAX];
    char hex[2 * PATCH_ID_MAX + 1];
    buf_addf(&s->words, "[%.*s]", STR_ARG(c->subject));
    for (size_t i = 0; i < c->n; i++) {
        const struct diff_file *f = &c->files[i];
        size_t minus = 0, plus = 0;
        for (size_t h = 0; h < f->n; h++)
            for (size_t l = 0; l < f->hunks[h].n; l++) {
                minus += f->hunks[h].lines[l].sign == '-';
                plus += f->hunks[h].lines[l].sign == '+';
            }
        buf_addf(&s->words, " %c %.*s%s -%zu+%zu", f->status, STR_ARG(diff_file_path(f)),
                 f->binary ? " binary" : "", minus, plus);
    }
    buf_addc(&s->words, '\n');
    if (c->patch.n && patch_id(c->patch, s->sha256_repo, id)) {
        hex_put(hex, id, s->sha256_repo ? 32 : 20);
        buf_addf(&s->ids, "%s %.*s\n", hex, STR_ARG(c->id));
    }
    return buf_ok(&s->words, "words", e);
}

static size_t all_ids(struct git *g, struct buf *b, struct str *ids)
{
    struct err e = ERR_INIT;
    const char *const args[] = {"rev-list", "--reverse", "--topo-order", "--all", NULL};
    assert_int_equal(git_run(g, args, STR_NONE, b, &e), RC_OK);
    struct str rest = buf_str(b);
    size_t n = 0;
    while (n < COMMITS_MAX && str_cut(&rest, '\n', &ids[n]))
        n++;
    return n;
}

static struct seen run(struct git *g, bool patch, bool *missing)
{
    static char ids_text[COMMITS_MAX * 70];
    struct buf b = BUF_INIT(sizeof ids_text - 1);
    struct str ids[COMMITS_MAX];
    struct err e = ERR_INIT;
    struct seen s = {.words = BUF_INIT(1 << 20), .ids = BUF_INIT(1 << 20)};
    s.sha256_repo = strcmp(git_object_format(g), "sha256") == 0;
    struct difflog_ask ask = {.ids = ids, .n = all_ids(g, &b, ids), .patch = patch};
    if (difflog_run(g, &ask, note, &s, missing, &e) != RC_OK)
        fail_msg("%s", e.msg);
    buf_release(&b);
    return s;
}

static void release(struct seen *s)
{
    buf_release(&s->words);
    buf_release(&s->ids);
}

static void put(const char *path, const char *bytes, size_t n, mode_t mode)
{
    struct err e = ERR_INIT;
    AUTO(fd) int fd = -1;
    assert_int_equal(dir_open(AT_FDCWD, repo, &fd, &e), RC_OK);
    assert_int_equal(file_write_sync(fd, path, str_of(bytes, n), mode, &e), RC_OK);
}

static void commit(const char *message)
{
    TESTREPO(repo, "add", "-A");
    TESTREPO(repo, "commit", "-q", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim",
             "-m", message);
}

/* A history with everything that could mislead the parser. */
static void odd_history(const char *format)
{
    static char odd[9000];
    testrepo_init(repo, format);
    put("a.c", "int f(void)\n{\n    return 1;\n}\n", 30, 0644);
    commit("root");
    put("a.c", "int f(void)\n{\n\treturn 2;\n}", 26, 0644);
    commit("diff --git a/x b/x\n\n@@ -1 +1 @@\n:100644 not a name\n");
    put("with space.c", "x\n", 2, 0644);
    put("\"q\"\t\303\244.c", "y\n", 2, 0644);
    commit("names");
    put("a.c", "int f(void)\n{\n\treturn 2;\n}", 26, 0755);
    put("bin", "\0\1\2", 3, 0644);
    commit("mode and binary");
    memset(odd, 'x', sizeof odd);
    for (size_t i = 60; i < sizeof odd; i += 61)
        odd[i] = '\n';
    memcpy(odd + 8600, "\n\0\0\n\n\0\0", 7);
    put("late-nul", odd, sizeof odd, 0644);
    commit("NUL where git no longer looks");
    TESTREPO(repo, "checkout", "-q", "-b", "side", "HEAD~2");
    put("side.c", "s\n-- t\n++ u\n", 12, 0644);
    commit("side");
    put("side.c", "s\n", 2, 0644);
    commit("lines that look like headers");
    TESTREPO(repo, "checkout", "-q", "master");
    TESTREPO(repo, "merge", "-q", "--no-ff", "-m", "merge", "side");
    TESTREPO(repo, "rm", "-q", "bin", "a.c");
    commit("gone");
    commit("");
}

static void test_odd_names_and_bytes(void **state)
{
    (void)state;
    AUTO(git) struct git *g = NULL;
    struct err e = ERR_INIT;
    odd_history("sha1");
    assert_int_equal(git_open(repo, NULL, &g, &e), RC_OK);
    struct seen s = run(g, false, NULL);
    assert_string_equal(buf_c(&s.words), "[root] A a.c -0+0\n"
                                         "[diff --git a/x b/x] M a.c -0+0\n"
                                         "[names] A \"q\"\t\303\244.c -0+0 A with space.c -0+0\n"
                                         "[mode and binary] M a.c -0+0 A bin -0+0\n"
                                         "[NUL where git no longer looks] A late-nul -0+0\n"
                                         "[side] A side.c -0+0\n"
                                         "[lines that look like headers] M side.c -0+0\n"
                                         "[merge] A side.c -0+0\n"
                                         "[gone] D a.c -0+0 D bin -0+0\n"
                                         "[]\n");
    release(&s);
    s = run(g, true, NULL);
    assert_string_equal(buf_c(&s.words), "[root] A a.c -0+4\n"
                                         "[diff --git a/x b/x] M a.c -2+2\n"
                                         "[names] A \"q\"\t\303\244.c -0+1 A with space.c -0+1\n"
                                         "[mode and binary] M a.c -0+0 A bin binary -0+0\n"
                                         "[NUL where git no longer looks] A late-nul -0+150\n"
                                         "[side] A side.c -0+3\n"
                                         "[lines that look like headers] M side.c -2+0\n"
                                         "[merge] A side.c -0+1\n"
                                         "[gone] D a.c -4+0 D bin binary -0+0\n"
                                         "[]\n");
    release(&s);
}

/* git's own answer, a line for each commit, in the same order. */
static void git_says(struct git *g, struct buf *out)
{
    struct err e = ERR_INIT;
    AUTO(buf) struct buf diff = BUF_INIT(1 << 20);
    AUTO(buf) struct buf ids = BUF_INIT(1 << 16);
    const char *const list[] = {"rev-list", "--reverse", "--topo-order", "--all", NULL};
    const char *const tree[] = {"diff-tree", "--stdin",      "--diff-merges=first-parent",
                                "--root",    "-r",           "--no-renames",
                                "--patch",   "--full-index", NULL};
    const char *const id[] = {"patch-id", "--stable", NULL};
    assert_int_equal(git_run(g, list, STR_NONE, &ids, &e), RC_OK);
    assert_int_equal(git_run(g, tree, buf_str(&ids), &diff, &e), RC_OK);
    assert_int_equal(git_run(g, id, buf_str(&diff), out, &e), RC_OK);
}

static void patch_ids_are_gits(const char *format)
{
    AUTO(git) struct git *g = NULL;
    AUTO(buf) struct buf out = BUF_INIT(1 << 20);
    struct err e = ERR_INIT;
    odd_history(format);
    assert_int_equal(git_open(repo, NULL, &g, &e), RC_OK);
    struct seen s = run(g, true, NULL);
    git_says(g, &out);
    assert_true(out.n > 8 * 82);
    assert_string_equal(buf_c(&s.ids), buf_c(&out));
    release(&s);
}

static void test_patch_ids_are_gits(void **state)
{
    (void)state;
    patch_ids_are_gits("sha1");
}

static void test_patch_ids_are_gits_with_sha256(void **state)
{
    (void)state;
    patch_ids_are_gits("sha256");
}

/* Removes the object of rev from the repository's loose ones. */
static void lose(struct git *g, const char *rev)
{
    struct err e = ERR_INIT;
    AUTO(buf) struct buf id = BUF_INIT(200);
    char path[300];
    const char *const args[] = {"rev-parse", rev, NULL};
    assert_int_equal(git_run(g, args, STR_NONE, &id, &e), RC_OK);
    struct str hex = str_trim(buf_str(&id));
    snprintf(path, sizeof path, "%s/.git/objects/%.2s/%.*s", repo, hex.p, (int)hex.n - 2,
             hex.p + 2);
    assert_int_equal(unlink(path), 0);
}

static void test_missing_objects_cost_their_commits_only(void **state)
{
    (void)state;
    AUTO(git) struct git *g = NULL;
    struct err e = ERR_INIT;
    bool missing[COMMITS_MAX] = {false};
    testrepo_init(repo, "sha1");
    for (int i = 0; i < 9; i++) {
        char text[20];
        snprintf(text, sizeof text, "%d\n", i);
        testrepo_commit(repo, "n", text, i);
    }
    assert_int_equal(git_open(repo, NULL, &g, &e), RC_OK);
    lose(g, "HEAD~4:n");
    lose(g, "HEAD:n");
    lose(g, "HEAD~7^{tree}");
    struct seen s = run(g, true, missing);
    const bool want[9] = {false, true, true, false, true, true, false, false, true};
    for (int i = 0; i < 9; i++)
        assert_int_equal(missing[i], want[i]);
    assert_string_equal(buf_c(&s.words), "[change] A n -0+1\n[change] M n -1+1\n"
                                         "[change] M n -1+1\n[change] M n -1+1\n");
    release(&s);
}

static void test_broken_text_is_refused(void **state)
{
    (void)state;
    static const char head[] =
        "\0\0"
        "1111111111111111111111111111111111111111\0\0a\0b\0001\0002\0s\n\0\n";
    AUTO(buf) struct buf b = BUF_INIT(1 << 16);
    static const char *const bodies[] = {
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n+b\n",
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\nb\n",
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,99999999999 +1 @@\n-a\nb\n",
        ":100644 000000 1 2 M\n",
        "what\n",
    };
    struct diff_commit c = {.cut = false};
    struct err e = ERR_INIT;
    AUTO(arena) struct arena *a = arena_new(1 << 20);
    buf_add(&b, str_of(head, sizeof head - 1));
    assert_int_equal(difflog_parse(buf_str(&b), a, &c, &e), RC_OK);
    assert_true(str_eq(c.subject, STR("s")) && c.n == 0 && c.commit_us == 2000000);
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        buf_cut(&b, sizeof head - 1);
        buf_adds(&b, bodies[i]);
        assert_int_equal(difflog_parse(buf_str(&b), a, &c, &e), RC_INVALID);
    }
    assert_int_equal(difflog_parse(STR("commit"), a, &c, &e), RC_INVALID);
    assert_int_equal(difflog_parse(str_of("\0\0x\0", 4), a, &c, &e), RC_INVALID);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_odd_names_and_bytes),
        TEST(test_patch_ids_are_gits),
        TEST(test_patch_ids_are_gits_with_sha256),
        TEST(test_missing_objects_cost_their_commits_only),
        TEST(test_broken_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
