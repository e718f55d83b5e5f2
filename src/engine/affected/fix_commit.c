/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the commits of a fix: what they say, what they changed.  Runs in commands and in the engine
 * child; all of it is a stranger's text.
 */
#include <string.h>

#include "base/hex.h"
#include "engine/affected/equiv.h"

struct reading {
    struct history *h;
    struct arena *a;
    struct fix_commit *f;
    size_t n;
    bool sha256_repo;
};

static enum rc copy_hunks(struct diff_file *to, const struct diff_file *from, struct arena *a,
                          struct err *e)
{
    struct diff_hunk *hunks = arena_array(a, from->n + 1, sizeof *hunks);
    to->hunks = hunks;
    for (size_t i = 0; hunks && i < from->n; i++) {
        const struct diff_hunk *h = &from->hunks[i];
        struct diff_line *lines = arena_array(a, h->n + 1, sizeof *lines);
        hunks[i] = *h;
        hunks[i].func = arena_str(a, h->func);
        hunks[i].lines = lines;
        for (size_t k = 0; lines && k < h->n; k++)
            lines[k] = (struct diff_line){h->lines[k].sign, arena_str(a, h->lines[k].text)};
    }
    return arena_ok(a, "the lines of the fix", e);
}

static bool has_code(const struct diff_commit *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (path_is_code(diff_file_path(&c->files[i])))
            return true;
    return false;
}

static enum rc copy_files(struct fix_commit *f, const struct diff_commit *c, struct arena *a,
                          struct err *e)
{
    bool code = has_code(c);
    size_t lines = 0;
    struct diff_file *files = arena_array(a, c->n + 1, sizeof *files);
    for (size_t i = 0; files && i < c->n && f->n_files < EQUIV_FILES_MAX; i++) {
        const struct diff_file *from = &c->files[i];
        if (code && !path_is_code(diff_file_path(from)))
            continue;
        for (size_t k = 0; k < from->n; k++)
            lines += from->hunks[k].n;
        if (lines > CHANGE_LINES_MAX)
            break;
        struct diff_file *to = &files[f->n_files++];
        *to = *from;
        to->old_path = arena_str(a, from->old_path);
        to->new_path = arena_str(a, from->new_path);
        TRY(copy_hunks(to, from, a, e));
    }
    f->files = files;
    return arena_ok(a, "the files of the fix", e);
}

static enum rc read_one(void *ctx, const struct diff_commit *c, struct err *e)
{
    struct reading *r = ctx;
    struct fix_commit *f = NULL;
    for (size_t i = 0; i < r->n && f == NULL; i++)
        if (str_eq(str_c(r->f[i].rev->hex), c->id))
            f = &r->f[i];
    if (f == NULL)
        return RC_OK;
    struct str rest = c->parents, parent = STR_NONE;
    (void)str_cut(&rest, ' ', &parent);
    f->parent = arena_str(r->a, parent);
    f->merge = rest.n > 0;
    f->missing = false;
    f->author_us = c->author_us;
    f->commit_us = c->commit_us;
    f->author = table_author(c->author);
    message_read(c->message, &f->said);
    TRY(change_make(c, true, r->sha256_repo, r->a, &f->change, e));
    return copy_files(f, c, r->a, e);
}

enum rc fix_commits_read(struct history *h, const struct revision *const *revs, size_t n,
                         struct arena *a, struct fix_commit **ret_f, size_t *ret_n, struct err *e)
{
    struct reading r = {.h = h, .a = a, .n = n < EQUIV_FIXES_MAX ? n : EQUIV_FIXES_MAX};
    struct str *ids = arena_array(a, r.n + 1, sizeof *ids);
    r.f = arena_array(a, r.n + 1, sizeof *r.f);
    r.sha256_repo = h->graph->hash_len == 32;
    TRY(arena_ok(a, "the commits of the fix", e));
    size_t m = 0;
    for (size_t i = 0; i < r.n; i++) {
        bool twice = false;
        for (size_t k = 0; k < m; k++)
            twice |= strcmp(r.f[k].rev->hex, revs[i]->hex) == 0;
        if (twice)
            continue;
        struct fix_commit *f = &r.f[m];
        f->rev = revs[i];
        f->commit = revs[i]->commit;
        f->missing = true;
        TRY(hex_get(str_c(revs[i]->hex), f->id, strlen(revs[i]->hex) / 2, "commit", e));
        ids[m++] = str_c(revs[i]->hex);
    }
    r.n = m;
    struct difflog_ask ask = {.ids = ids, .n = m, .patch = true};
    TRY(difflog_run(h->git, &ask, read_one, &r, NULL, e));
    *ret_f = r.f;
    *ret_n = m;
    return RC_OK;
}
