/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts a question to the indexes and brings the answers of repositories and branches together.
 * Runs in the engine child and in commands; repositories are a stranger's.
 */
#include "engine/audit/search.h"

#include <stdlib.h>
#include <string.h>

#include "engine/affected/change.h"

#define MORE_OF_BRANCHES 4 /* times as many hits are ranked when branches may share them */

/* ---- Seeds ---- */

/* Lines that are taken away or added, and where; a marked region is all taken away. */
static void seed_of(const struct hunk *h, struct arena *a, struct seed *ret)
{
    struct seed_line *lines = arena_array(a, h->n + 1, sizeof *lines);
    uint32_t old = h->old_start, new = h->new_start ? h->new_start : h->old_start;
    uint32_t first = 0, last = 0;
    *ret = (struct seed){.path = h->path, .marked = h->mark_from > 0, .lines = lines};
    if (lines == NULL)
        return;
    for (size_t i = 0; i < h->n; i++) {
        char sign = h->lines[i].sign;
        if (ret->marked)
            sign = old >= h->mark_from && old <= h->mark_to ? '-' : ' ';
        lines[i] = (struct seed_line){.sign = sign,
                                      .line_old = sign == '+' ? 0 : old,
                                      .line_new = sign == '-' ? 0 : new,
                                      .text = h->lines[i].text};
        if (sign == '-' || (sign == '+' && first == 0)) {
            uint32_t at = sign == '+' && old > 1 ? old - 1 : old;
            first = first ? first : at;
            last = at;
        }
        old += sign != '+';
        new += sign != '-';
    }
    ret->n_lines = h->n;
    ret->start = first;
    ret->end = last;
    ret->lang = lang_of(h->path, h->old_start <= 1 && h->n ? h->lines[0].text : STR_NONE);
}

/* Does it change anything that a program does?  Blank lines and comments do not. */
static bool says_something(const struct hunk *h)
{
    AUTO(mem) char *room = mem_alloc(HUNK_LINE_MAX + 1);
    for (size_t i = 0; i < h->n; i++) {
        struct str line = h->lines[i].text;
        if ((h->mark_from || h->lines[i].sign != ' ') &&
            line_speaks(str_of(room, line_squeeze(line, room))))
            return true;
    }
    return false;
}

static enum rc make_seeds(const struct audit_question *q, struct arena *a, struct search *s,
                          struct err *e)
{
    struct seed *seeds = arena_array(a, SEEDS_MAX, sizeof *seeds);
    struct str *fixes = arena_array(a, SEEDS_MAX, sizeof *fixes);
    TRY(arena_ok(a, "the seeds", e));
    for (size_t i = 0; i < q->flaw.n; i++) {
        struct seed one;
        seed_of(&q->flaw.v[i], a, &one);
        if (one.start == 0 || one.lang == LANG_NONE || !says_something(&q->flaw.v[i]) ||
            s->n_seeds == SEEDS_MAX)
            s->seeds_left_out++;
        else {
            fixes[s->n_seeds] = q->flaw.v[i].fix;
            seeds[s->n_seeds++] = one;
        }
    }
    s->seeds = seeds;
    s->fixes = fixes;
    if (s->n_seeds == 0)
        return err_set(e, RC_INVALID,
                       "nothing to look for: no program text, in no language we know, or "
                       "not there before the fix");
    return arena_ok(a, "the seeds", e);
}

/* ---- Trees ---- */

/* Those of a repository: the first of them, how many, and their ids. */
struct own_trees {
    size_t first, n;
    struct str ids[AUDIT_HEADS_MAX];
};

static void trees_of(const struct audit_question *q, size_t repo, struct own_trees *ret)
{
    ret->first = ret->n = 0;
    for (size_t t = 0; t < q->n_trees; t++) {
        if (q->trees[t].repo != repo)
            continue;
        if (ret->n == 0)
            ret->first = t;
        ret->ids[ret->n++] = str_c(q->trees[t].commit);
    }
}

enum rc search_prepare(struct repos *rs, const struct audit_question *q, struct err *e)
{
    for (size_t i = 0; i < rs->n; i++) {
        struct own_trees t;
        trees_of(q, i, &t);
        if (t.n == 0)
            continue;
        enum rc rc = index_add(rs->v[i].index, t.ids, t.n, rs->options.progress,
                               rs->options.progress_arg, e);
        if (rc != RC_OK && rs->n > 1)
            (void)err_prefix(e, "%.*s: ", STR_ARG(rs->v[i].name));
        TRY(rc);
    }
    return RC_OK;
}

/* ---- Places ---- */

static void add_place(const struct search_gather *g, struct search_hit *h, struct search_place p)
{
    for (size_t i = 0; i < h->n_places; i++)
        if (h->places[i].tree == p.tree && h->places[i].line == p.line &&
            str_eq(h->places[i].path, p.path))
            return;
    if (h->n_places == SEARCH_PLACES_MAX)
        return;
    if (h->n_places == h->cap_places) {
        size_t cap = h->cap_places ? 2 * h->cap_places : 4;
        struct search_place *more = arena_array(g->a, cap, sizeof *more);
        if (more == NULL)
            return; /* arena_ok says so in the end */
        if (h->n_places)
            memcpy(more, h->places, h->n_places * sizeof *more);
        h->places = more;
        h->cap_places = cap;
    }
    h->places[h->n_places++] = p;
}

/* The place in every tree that holds the file. */
static void add_file(const struct search_gather *g, const struct view *v, struct search_hit *h,
                     uint32_t file, uint32_t line)
{
    struct own_trees t;
    trees_of(g->q, h->repo, &t);
    for (size_t i = 0; i < t.n; i++)
        if (view_has(v, file, i))
            add_place(g, h, (struct search_place){t.first + i, v->files[file].path, line});
}

void search_places(const struct search_gather *g, struct search_hit *h)
{
    const struct view *v = g->s->views[h->repo];
    struct view_chunk c;
    uint32_t at = UINT32_MAX;
    add_file(g, v, h, h->h.file, h->h.line);
    if (h->h.chunk >= v->n_chunks)
        return;
    view_chunk(v, h->h.chunk, &c);
    for (size_t i = 0; i < c.n_places; i++)
        if (c.places[i].file == h->h.file && c.places[i].line <= h->h.line)
            at = h->h.line - c.places[i].line;
    for (size_t i = 0; at != UINT32_MAX && i < c.n_places; i++)
        add_file(g, v, h, c.places[i].file, c.places[i].line + at);
}

static bool shares_tree(const struct search_hit *x, const struct search_hit *y)
{
    for (size_t i = 0; i < x->n_places; i++)
        for (size_t k = 0; k < y->n_places; k++)
            if (x->places[i].tree == y->places[k].tree)
                return true;
    return false;
}

static enum rc line_of(const struct search_gather *g, const struct search_hit *h, struct str *ret,
                       struct err *e)
{
    struct str text, line = STR_NONE;
    TRY(view_text(g->s->views[h->repo], h->h.file, &text, e));
    text = text_lines(text, h->h.line, 1);
    (void)str_line(&text, &line);
    *ret = str_trim(line);
    return RC_OK;
}

/* The same place of another branch, or of another repository: nothing new to decide about. */
static enum rc same(const struct search_gather *g, const struct search_hit *x,
                    const struct search_hit *y, bool *ret, struct err *e)
{
    const struct view *v = g->s->views[x->repo], *w = g->s->views[y->repo];
    struct str mine, theirs;
    *ret = x->h.key != 0 && x->h.key == y->h.key && x->repo != y->repo;
    if (*ret || x->repo != y->repo || shares_tree(x, y) ||
        !str_eq(v->files[x->h.file].path, w->files[y->h.file].path) ||
        !str_eq(x->h.function, y->h.function))
        return RC_OK;
    TRY(line_of(g, x, &mine, e));
    mine = arena_str(g->a, mine);
    TRY(line_of(g, y, &theirs, e));
    *ret = mine.n > 0 && str_eq(mine, theirs);
    return RC_OK;
}

void search_sort(struct search *s)
{
    for (size_t i = 1; i < s->n_hits; i++) {
        struct search_hit h = s->hits[i];
        size_t k = i;
        for (; k > 0 && s->hits[k - 1].h.score < h.h.score; k--)
            s->hits[k] = s->hits[k - 1];
        s->hits[k] = h;
    }
}

static size_t first_tree(const struct search_hit *h)
{
    size_t first = SIZE_MAX;
    for (size_t i = 0; i < h->n_places; i++)
        first = h->places[i].tree < first ? h->places[i].tree : first;
    return first;
}

/* One hit out of two: as it stands on the first of the branches, with the score of the better. */
static void join_hits(const struct search_gather *g, struct search_hit *to,
                      const struct search_hit *h)
{
    struct search_hit first = *to, then = *h;
    if (first_tree(h) < first_tree(to)) {
        first = *h;
        then = *to;
        first.h.score = to->h.score;
    }
    *to = first;
    for (size_t i = 0; i < then.n_places; i++)
        add_place(g, to, then.places[i]);
}

static enum rc fold(const struct search_gather *g, size_t limit, struct err *e)
{
    struct search *s = g->s;
    size_t kept = 0;
    for (size_t i = 0; i < s->n_hits; i++) {
        struct search_hit h = s->hits[i];
        bool folded = false;
        for (size_t k = 0; k < kept && !folded; k++) {
            TRY(same(g, &s->hits[k], &h, &folded, e));
            if (folded)
                join_hits(g, &s->hits[k], &h);
        }
        if (!folded && kept < limit)
            s->hits[kept++] = h;
    }
    s->n_hits = kept;
    return arena_ok(g->a, "the places", e);
}

/* ---- The own places ---- */

#define FIXED_LEAST 0.5F /* of what the fix added; with less it is not there */

/* Of the first repository, when several branches are searched and one of them has the fix. */
static enum rc find_unfixed(const struct search_gather *g, const struct hits *hits, struct err *e)
{
    struct own_trees t;
    struct search *s = g->s;
    const struct view *v = s->views[0];
    bool somewhere = false;
    trees_of(g->q, 0, &t);
    for (size_t i = 0; i < hits->n_own; i++)
        somewhere = somewhere || hits->own[i].fixed >= FIXED_LEAST;
    if (!somewhere || t.n < 2)
        return RC_OK;
    s->unfixed = arena_array(g->a, hits->n_own * t.n + 1, sizeof *s->unfixed);
    TRY(arena_ok(g->a, "the own places", e));
    for (size_t k = 0; k < t.n; k++)
        for (size_t i = 0; i < hits->n_own; i++) {
            const struct own_place *o = &hits->own[i];
            if (o->fixed >= 0 && o->fixed < FIXED_LEAST && view_has(v, o->file, k))
                s->unfixed[s->n_unfixed++] =
                    (struct search_place){t.first + k, v->files[o->file].path, o->line};
        }
    return RC_OK;
}

/* ---- The search ---- */

static enum rc search_repo(struct repos *rs, const struct search_gather *g, size_t repo,
                           size_t limit, struct err *e)
{
    struct own_trees t;
    struct hits hits;
    struct search *s = g->s;
    trees_of(g->q, repo, &t);
    if (t.n == 0)
        return RC_OK;
    TRY(repos_view(rs, repo, t.ids, t.n, &s->views[repo], e));
    TRY(rank_run(s->views[repo], s->seeds, s->n_seeds, limit, g->q->cut, g->a, &hits, e));
    struct search_hit *all = arena_array(g->a, s->n_hits + hits.n + 1, sizeof *all);
    TRY(arena_ok(g->a, "the places", e));
    if (s->n_hits)
        memcpy(all, s->hits, s->n_hits * sizeof *all);
    s->hits = all;
    for (size_t i = 0; i < hits.n; i++) {
        struct search_hit *h = &s->hits[s->n_hits++];
        *h = (struct search_hit){.repo = repo, .h = hits.v[i]};
        search_places(g, h);
    }
    return repo == 0 ? find_unfixed(g, &hits, e) : RC_OK;
}

enum rc search_run(struct repos *rs, const struct audit_question *q, struct arena *a,
                   struct search *ret_s, struct err *e)
{
    struct search_gather g = {.q = q, .s = ret_s, .a = a};
    size_t limit = q->n_trees > 1 ? q->limit * MORE_OF_BRANCHES : q->limit;
    TRY(make_seeds(q, a, ret_s, e));
    for (size_t i = 0; i < rs->n; i++)
        TRY(search_repo(rs, &g, i, limit, e));
    search_sort(ret_s);
    return fold(&g, q->limit, e);
}
