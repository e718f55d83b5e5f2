/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commits change, from their trees and texts.  Runs in the engine child and in commands; texts
 * are a stranger's and only ever hashed.
 */
#include "engine/backport/past_memory.h"

#include <string.h>

#include "engine/backport/walk.h"

#define LINE_BYTES 4096 /* of a line that are compared, as change.c does */

struct gather {
    struct past_memory *m;
    struct arena *a;
    size_t *budget;
    uint64_t *v;
    size_t n, cap;
    bool texts; /* some text differs */
    bool unsure;
};

static void add_lines(struct gather *g, struct str text, char sign)
{
    char room[LINE_BYTES + 1];
    struct str rest = text, line;
    while (str_line(&rest, &line)) {
        struct str s = str_of(room, line_squeeze(str_sub(line, 0, LINE_BYTES), room));
        if (s.n == 0 || !line_speaks(s))
            continue;
        if (g->n == CHANGE_LINES_MAX) {
            g->unsure = true;
            return;
        }
        if (g->n == g->cap) {
            g->cap = g->cap ? 2 * g->cap : 256;
            g->v = mem_realloc(g->v, g->cap * sizeof *g->v);
        }
        g->v[g->n++] = line_hash(sign, s);
    }
}

/* Whole lines that both begin or end with cancel each other anyway. */
static void cut_common(struct str *x, struct str *y)
{
    size_t most = x->n < y->n ? x->n : y->n, at = 0, begin = 0, end = 0;
    while (at < most && x->p[at] == y->p[at])
        if (x->p[at++] == '\n')
            begin = at;
    *x = str_sub(*x, begin, x->n);
    *y = str_sub(*y, begin, y->n);
    most -= begin;
    for (at = 0; at < most && x->p[x->n - 1 - at] == y->p[y->n - 1 - at]; at++)
        if (x->p[x->n - 1 - at] == '\n')
            end = at;
    *x = str_sub(*x, 0, x->n - end);
    *y = str_sub(*y, 0, y->n - end);
}

static bool has_text(const struct bp_side *s)
{
    uint32_t type = s->mode & TREE_MODE_TYPE;
    return s->mode == 0 || type == TREE_MODE_FILE || type == TREE_MODE_LINK;
}

static enum rc read_side(struct gather *g, struct bp_side *s, struct err *e)
{
    if (s->mode == 0)
        return RC_OK;
    TRY(bp_side_read(past_memory_store(g->m), s, g->a, e));
    g->unsure |= s->text.n > PAST_TEXT_MAX || s->text.n > *g->budget;
    *g->budget -= s->text.n > *g->budget ? *g->budget : s->text.n;
    return RC_OK;
}

static enum rc add_pair(struct gather *g, struct bp_side *old, struct bp_side *new, struct err *e)
{
    if (strcmp(old->oid, new->oid) == 0)
        return RC_OK; /* a mode alone */
    g->texts = true;
    g->unsure |= !has_text(old) || !has_text(new) || *g->budget == 0;
    if (g->unsure)
        return RC_OK;
    TRY(read_side(g, old, e));
    TRY(read_side(g, new, e));
    if (g->unsure || old->binary || new->binary)
        return RC_OK;
    struct str x = old->text, y = new->text;
    cut_common(&x, &y);
    add_lines(g, x, '-');
    add_lines(g, y, '+');
    return RC_OK;
}

struct pair {
    struct bp_side old, new;
    bool code;
};

static enum rc find_pairs(struct past_memory *m, struct str commit, const struct str *paths,
                          size_t n, struct pair *ret, size_t *ret_n, struct err *e)
{
    char base[GIT_OID_HEX + 1], tree[GIT_OID_HEX + 1];
    TRY(past_memory_trees(m, commit, base, tree, e));
    *ret_n = 0;
    for (size_t i = 0; i < n && strcmp(base, tree) != 0; i++) {
        struct pair p = {.code = path_is_code(paths[i])};
        TRY(bp_look(past_memory_store(m), base, paths[i], &p.old, e));
        TRY(bp_look(past_memory_store(m), tree, paths[i], &p.new, e));
        if (!bp_side_same(&p.old, &p.new))
            ret[(*ret_n)++] = p;
    }
    return RC_OK;
}

static enum rc gather(struct gather *g, struct pair *pairs, size_t n, struct err *e)
{
    /* As change_make: what is no code counts when no code is there. */
    for (int code = 1; code >= 0 && !g->texts; code--)
        for (size_t i = 0; i < n; i++)
            if (pairs[i].code == (code == 1))
                TRY(add_pair(g, &pairs[i].old, &pairs[i].new, e));
    return RC_OK;
}

enum rc past_compare(struct past_memory *m, struct str commit, const struct str *paths, size_t n,
                     size_t *budget, struct arena *a, struct past_compared *ret, struct err *e)
{
    AUTO(arena) struct arena *tmp = arena_new(4 * (size_t)PAST_TEXTS_MAX);
    struct pair pairs[DIFFLOG_PATHS_MAX];
    struct gather g = {.m = m, .a = tmp, .budget = budget};
    size_t n_pairs;
    *ret = (struct past_compared){.touched = false};
    TRY(find_pairs(m, commit, paths, n, pairs, &n_pairs, e));
    ret->touched = n_pairs > 0;
    enum rc rc = gather(&g, pairs, n_pairs, e);
    if (rc == RC_OK && !g.unsure) {
        struct change c = change_of_lines(g.v, g.n);
        uint64_t *lines = arena_array(a, c.n + 1, sizeof *lines);
        if (lines && c.n)
            memcpy(lines, c.lines, c.n * sizeof *lines);
        c.lines = lines;
        ret->change = c;
        /* Of a change that only moves lines, or has none that speaks, git's diff counts. */
        ret->sure = lines && c.n > 0;
    }
    free(g.v);
    return rc;
}
