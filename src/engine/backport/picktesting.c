/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests of picks share: a repository by git fast-import, and what git itself answers.  Tests
 * only.
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

#include "engine/backport/picktesting.h"

#include "os/file.h"

#define ARENA_MAX (512u << 20)

char top[TESTREPO_TOP], repo[TESTREPO_PATH], results[TESTREPO_PATH];

int bench_up(void **state)
{
    if (testrepo_folder(top) != 0)
        return -1;
    testrepo_path(top, "repo", repo);
    testrepo_path(top, "results", results);
    return 0;
}

int bench_down(void **state)
{
    return testrepo_folder_remove(top);
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

void add_commit(struct buf *b, const char *branch, const char *from, const struct file *files)
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
        buf_addf(b, "\ndata %zu\n", strlen(files->text));
        buf_adds(b, files->text);
        buf_addc(b, '\n');
    }
    buf_addc(b, '\n');
    assert_false(b->over);
}

void id_of(const char *rev, char ret[GIT_OID_HEX + 1])
{
    char said[TESTREPO_SAID];
    struct err e = ERR_INIT;
    testrepo_said(repo, (const char *const[]){"rev-parse", rev, NULL}, said);
    assert_int_equal(str_copy(ret, GIT_OID_HEX + 1, str_c(said), "id", &e), RC_OK);
}

void open_bench(struct bench *d)
{
    struct err e = ERR_INIT;
    memset(d, 0, sizeof *d);
    d->arena = arena_new(ARENA_MAX);
    assert_int_equal(git_open(repo, top, &d->git, &e), RC_OK);
    assert_int_equal(dir_make(AT_FDCWD, results, 0700, &e), RC_OK);
    assert_int_equal(bp_store_open(d->git, results, &d->store, &e), RC_OK);
    d->p.store = d->store;
    assert_int_equal(ort_open(d->store, &d->p.ort, &e), RC_OK);
}

void close_bench(struct bench *d)
{
    ort_close(d->p.ort);
    bp_store_close(d->store);
    git_close(d->git);
    arena_free(d->arena);
}

void look_up(struct bench *d)
{
    id_of("base^{tree}", d->base);
    id_of("fix^{tree}", d->fix);
    id_of("release^{tree}", d->release);
}

void make_in(struct bench *d, const char *format, const struct file *base, const struct file *fix,
             const struct file *release)
{
    AUTO(buf) struct buf b = BUF_INIT(64u << 20);
    testrepo_init(repo, format);
    add_commit(&b, "base", NULL, base);
    add_commit(&b, "fix", "base", fix);
    add_commit(&b, "release", "base", release);
    testrepo_import(repo, buf_c(&b));
    open_bench(d);
    look_up(d);
}

void make(struct bench *d, const struct file *base, const struct file *fix,
          const struct file *release)
{
    make_in(d, "sha1", base, fix, release);
}

enum rc try_pick(struct bench *d, struct pick *ret, struct err *e)
{
    return pick_run(&d->p, d->base, d->fix, d->release, d->arena, ret, e);
}

void pick(struct bench *d, struct pick *ret)
{
    struct err e = ERR_INIT;
    if (try_pick(d, ret, &e) != RC_OK)
        fail_msg("%s", e.msg);
}

void same_as_git(const struct pick *got, const char *release, const char *fix)
{
    char said[TESTREPO_SAID];
    const char *const args[] = {"merge-tree", "--write-tree", release, fix, NULL};
    bool clean = testrepo_try(repo, args);
    assert_int_equal(got->clean, clean);
    if (!clean)
        return;
    testrepo_said(repo, args, said);
    assert_string_equal(got->tree, said);
}

const struct bp_file *file_at(const struct pick *p, const char *fix_path)
{
    for (size_t i = 0; i < p->n; i++)
        if (str_eq(p->files[i].fix_path, str_c(fix_path)))
            return &p->files[i];
    fail_msg("%s is not among the files", fix_path);
    return NULL;
}

void text_is(struct bench *d, const char *tree, const char *path, const char *text)
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
