/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Picks beside those of git itself, and everything a stranger's repository may hold.  Tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "engine/backport/commit.h"
#include "engine/backport/pick.h"
#include "git/loose.h"
#include "git/testing.h"
#include "os/file.h"

#define ARENA_MAX (256u << 20)

static char top[TESTREPO_TOP], repo[TESTREPO_PATH], results[TESTREPO_PATH];

/* ---- A repository with a base, a fix and a release ---- */

struct file {
    const char *path, *mode, *text; /* mode NULL: a plain file */
};
#define NO_MORE                                                                                    \
    {                                                                                              \
        NULL, NULL, NULL                                                                           \
    }

static void add_quoted(struct buf *b, const char *path)
{
    buf_addc(b, '"');
    for (const char *p = path; *p; p++) {
        if (*p == '\n')
            buf_adds(b, "\\n");
        else if (*p == '"' || *p == '\\')
            buf_addf(b, "\\%c", *p);
        else
            buf_addc(b, *p);
    }
    buf_addc(b, '"');
}

static void add_commit(struct buf *b, const char *branch, const char *from,
                       const struct file *files)
{
    buf_addf(b, "commit refs/heads/%s\n", branch);
    buf_adds(b, "author A U Thor <author@example.org> 1700000000 +0130\n"
                "committer C <c@example.org> 1700000001 +0000\n");
    buf_addf(b, "data %zu\n%s\n", strlen(branch), branch);
    if (from)
        buf_addf(b, "from refs/heads/%s\n", from);
    buf_adds(b, "deleteall\n");
    for (; files->path; files++) {
        const char *mode = files->mode ? files->mode : "100644";
        if (strcmp(mode, "160000") == 0) {
            buf_addf(b, "M 160000 %s ", files->text);
            add_quoted(b, files->path);
            buf_addc(b, '\n');
            continue;
        }
        buf_addf(b, "M %s inline ", mode);
        add_quoted(b, files->path);
        buf_addf(b, "\ndata %zu\n%s\n", strlen(files->text), files->text);
    }
    buf_addc(b, '\n');
}

struct desk {
    struct git *git;
    struct bp_store *store;
    struct picker p;
    struct arena *arena;
    char base[GIT_OID_HEX + 1], fix[GIT_OID_HEX + 1], release[GIT_OID_HEX + 1];
};

static void tree_of(const char *rev, char ret[GIT_OID_HEX + 1])
{
    char said[TESTREPO_SAID], name[100];
    snprintf(name, sizeof name, "%s^{tree}", rev);
    testrepo_said(repo, (const char *const[]){"rev-parse", name, NULL}, said);
    struct err e = ERR_INIT;
    assert_int_equal(str_copy(ret, GIT_OID_HEX + 1, str_c(said), "id", &e), RC_OK);
}

static void __attribute__((unused)) commit_of(const char *rev, char ret[GIT_OID_HEX + 1])
{
    char said[TESTREPO_SAID];
    testrepo_said(repo, (const char *const[]){"rev-parse", rev, NULL}, said);
    struct err e = ERR_INIT;
    assert_int_equal(str_copy(ret, GIT_OID_HEX + 1, str_c(said), "id", &e), RC_OK);
}

static void open_desk(struct desk *d)
{
    struct err e = ERR_INIT;
    memset(d, 0, sizeof *d);
    d->arena = arena_new(ARENA_MAX);
    assert_int_equal(git_open(repo, top, &d->git, &e), RC_OK);
    assert_int_equal(dir_make(AT_FDCWD, results, 0700, &e), RC_OK);
    if (bp_store_open(d->git, results, &d->store, &e) != RC_OK)
        fail_msg("%s", e.msg);
    d->p.store = d->store;
    assert_int_equal(ort_open(d->store, &d->p.ort, &e), RC_OK);
}

static void close_desk(struct desk *d)
{
    ort_close(d->p.ort);
    bp_store_close(d->store);
    git_close(d->git);
    arena_free(d->arena);
}

static void make_in(struct desk *d, const char *format, const struct file *base,
                    const struct file *fix, const struct file *release)
{
    AUTO(buf) struct buf b = BUF_INIT(64u << 20);
    testrepo_init(repo, format);
    add_commit(&b, "base", NULL, base);
    add_commit(&b, "fix", "base", fix);
    add_commit(&b, "release", "base", release);
    testrepo_import(repo, buf_c(&b));
    open_desk(d);
    tree_of("base", d->base);
    tree_of("fix", d->fix);
    tree_of("release", d->release);
}

static void make(struct desk *d, const struct file *base, const struct file *fix,
                 const struct file *release)
{
    make_in(d, "sha1", base, fix, release);
}

static void pick(struct desk *d, struct pick *ret)
{
    struct err e = ERR_INIT;
    if (pick_run(&d->p, d->base, d->fix, d->release, d->arena, ret, &e) != RC_OK)
        fail_msg("%s", e.msg);
}

/* What git itself makes of it. */
static void same_as_git(const struct pick *got)
{
    char said[TESTREPO_SAID];
    const char *const args[] = {"merge-tree", "--write-tree", "release", "fix", NULL};
    if (!got->clean) {
        assert_false(testrepo_try(repo, args));
        return;
    }
    testrepo_said(repo, args, said);
    assert_string_equal(got->tree, said);
}

static const struct bp_file *file_at(const struct pick *p, const char *fix_path)
{
    for (size_t i = 0; i < p->n; i++)
        if (str_eq(p->files[i].fix_path, str_c(fix_path)))
            return &p->files[i];
    fail_msg("%s is not among the files", fix_path);
    return NULL;
}

static void text_is(struct desk *d, const char *tree, const char *path, const char *text)
{
    struct err e = ERR_INIT;
    struct bp_side side;
    assert_int_equal(bp_look(d->store, tree, str_c(path), &side, &e), RC_OK);
    if (text == NULL) {
        assert_int_equal(side.mode, 0);
        return;
    }
    assert_int_equal(bp_side_read(d->store, &side, d->arena, &e), RC_OK);
    assert_string_equal(side.text.p, text);
}

#define TEN      "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"
#define TEN_FIX  "1\n2\nfix\n4\n5\n6\n7\n8\n9\n10\n"
#define TEN_REL  "1\n2\n3\n4\n5\n6\n7\n8\nrelease\n10\n"
#define TEN_BOTH "1\n2\nfix\n4\n5\n6\n7\n8\nrelease\n10\n"
#define TEN_HIT  "1\n2\nrelease\n4\n5\n6\n7\n8\n9\n10\n"

/* ---- Clean picks ---- */

static void clean_pick_in(const char *format)
{
    const struct file base[] = {{"a", NULL, "a\n"},      {"d/e/taken", NULL, TEN},
                                {"d/merged", NULL, TEN}, {"d/same", NULL, TEN},
                                {"old", NULL, "old\n"},  NO_MORE};
    const struct file fix[] = {{"a", NULL, "a\n"},          {"d/e/taken", NULL, TEN_FIX},
                               {"d/merged", NULL, TEN_FIX}, {"d/same", NULL, TEN_FIX},
                               {"d/new", NULL, "new\n"},    NO_MORE};
    const struct file release[] = {{"a", NULL, "b\n"},
                                   {"d/e/taken", NULL, TEN},
                                   {"d/merged", NULL, TEN_REL},
                                   {"d/same", NULL, TEN_FIX},
                                   {"old", NULL, "old\n"},
                                   {"z", NULL, "z\n"},
                                   NO_MORE};
    struct desk d;
    struct pick p;
    make_in(&d, format, base, fix, release);
    pick(&d, &p);
    assert_true(p.clean && !p.empty && !p.whole);
    same_as_git(&p);
    assert_int_equal(p.n, 5);
    assert_int_equal(file_at(&p, "d/e/taken")->how, BP_TAKEN);
    assert_int_equal(file_at(&p, "d/merged")->how, BP_MERGED);
    assert_int_equal(file_at(&p, "d/same")->how, BP_SAME);
    assert_int_equal(file_at(&p, "d/new")->how, BP_TAKEN);
    assert_int_equal(file_at(&p, "old")->how, BP_TAKEN);
    assert_int_equal(file_at(&p, "old")->made.mode, 0);
    text_is(&d, p.tree, "d/merged", TEN_BOTH);
    text_is(&d, p.tree, "d/new", "new\n");
    text_is(&d, p.tree, "old", NULL);
    text_is(&d, p.tree, "a", "b\n");
    close_desk(&d);
}

static void test_clean(void **state)
{
    clean_pick_in("sha1");
}

static void test_clean_sha256(void **state)
{
    clean_pick_in("sha256");
}

static const struct file plain_base[] = {{"f", NULL, TEN}, NO_MORE};
static const struct file plain_fix[] = {{"f", NULL, TEN_FIX}, NO_MORE};
static const struct file plain_hit[] = {{"f", NULL, TEN_HIT}, NO_MORE};

static void test_conflict(void **state)
{
    struct desk d;
    struct pick p;
    make(&d, plain_base, plain_fix, plain_hit);
    pick(&d, &p);
    assert_true(!p.clean && !p.empty);
    same_as_git(&p);
    assert_int_equal(p.n, 1);
    assert_int_equal(p.files[0].how, BP_CONFLICT);
    assert_string_equal(p.files[0].base.text.p, TEN);
    assert_string_equal(p.files[0].fix.text.p, TEN_FIX);
    assert_string_equal(p.files[0].release.text.p, TEN_HIT);
    assert_string_equal(p.tree, d.release);
    close_desk(&d);
}

static int setup(void **state)
{
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    testrepo_path(top, "results", results);
    return 0;
}

static int teardown(void **state)
{
    return testrepo_folder_remove(top);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_clean),
        T(test_clean_sha256),
        T(test_conflict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
