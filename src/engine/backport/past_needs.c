/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a place rests on that a release line lacks, and what both sides brought there.  Runs in the
 * engine child and in commands; everything that is read is a stranger's.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/backport/past_blame.h"

#define MEMORY     (UINT64_C(1) << 30)
#define PARENT_MAX (1u << 20)
#define TOUCHES    (2 * PAST_PLACES_MAX * PAST_HISTORY_MAX)

struct needing {
    const struct past_ask *ask;
    struct str onto, parent;
    struct arena *a, *tmp;
    struct past_commit *needs;
    struct past_touch *touches;
    struct past_needs out;
};

static enum rc read_parent(struct needing *k, struct err *e)
{
    struct object o;
    struct str parent;
    TRY(objects_read(k->ask->objects, k->ask->fix, PARENT_MAX, &o, e));
    if (o.type != OBJECT_COMMIT || !object_header(o.body, "parent", 0, &parent))
        return err_set(e, RC_NOTFOUND, "the fix has no parent: it rests on nothing");
    k->parent = arena_str(k->tmp, parent);
    return RC_OK;
}

static int by_id(const void *a, const void *b)
{
    const struct blamed *x = a, *y = b;
    int c = strcmp(x->id, y->id);
    return c ? c : (x->now > y->now) - (x->now < y->now);
}

static int newest_first(const void *a, const void *b)
{
    const struct past_touch *x = a, *y = b;
    if (x->commit.author_us != y->commit.author_us)
        return x->commit.author_us > y->commit.author_us ? -1 : 1;
    return strcmp(x->commit.id, y->commit.id);
}

static int most_lines(const void *a, const void *b)
{
    const struct past_commit *x = a, *y = b;
    if (x->lines != y->lines)
        return x->lines > y->lines ? -1 : 1;
    return strcmp(x->id, y->id);
}

static void add_need(struct needing *k, const struct past_commit *c)
{
    for (size_t i = 0; i < k->out.n_needs; i++)
        if (strcmp(k->needs[i].id, c->id) == 0) {
            k->needs[i].lines += c->lines;
            return;
        }
    if (k->out.n_needs < PAST_NEEDS_MAX)
        k->needs[k->out.n_needs++] = *c;
    else
        k->out.cut = true;
}

/* Places of one file are asked together: git reads its whole history for each question. */
static bool same_file(const struct past_place *a, const struct past_place *b)
{
    return str_eq(a->path, b->path) && str_eq(a->fix_path, b->fix_path);
}

/* The lines of one side of the places from `place` on that are of its file. */
static size_t ranges_of(struct needing *k, const struct past_place *v, size_t n, size_t place,
                        bool main, struct line_range r[BLAME_RANGES_MAX])
{
    size_t have = 0;
    for (size_t i = place; i < n && same_file(&v[place], &v[i]); i++) {
        struct line_range one = {main ? v[i].base_from : v[i].release_from,
                                 main ? v[i].base_n : v[i].release_n};
        if (one.n == 0 || one.from == 0)
            continue;
        if (have == BLAME_RANGES_MAX)
            k->out.cut = true;
        else
            r[have++] = one;
    }
    return have;
}

/* The commits that brought the lines of one side of a file and that the other side's history
 * lacks. */
static enum rc one_side(struct needing *k, const struct past_place *places, size_t n_places,
                        size_t place, bool main, struct err *e)
{
    struct line_range r[BLAME_RANGES_MAX];
    struct str path = main ? places[place].fix_path : places[place].path;
    struct blamed *v;
    size_t n, first = k->out.n_touches;
    size_t n_r = ranges_of(k, places, n_places, place, main, r);
    if (n_r == 0 || path.n == 0)
        return RC_OK;
    enum rc rc = past_blame(k->ask->git, main ? k->parent : k->onto, main ? k->onto : k->parent,
                            path, r, n_r, k->tmp, &v, &n, e);
    if (rc == RC_NOTFOUND || rc == RC_LIMIT || rc == RC_TIMEOUT || rc == RC_INVALID) {
        k->out.cut = true;
        return RC_OK;
    }
    TRY(rc);
    qsort(v, n, sizeof *v, by_id);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && strcmp(v[end].id, v[i].id) == 0;)
            end++;
        if (v[i].held)
            continue;
        struct past_touch t = {.place = place, .main = main};
        TRY(past_commit_read(k->ask->objects, str_c(v[i].id), k->a, &t.commit, e));
        t.commit.path = arena_str(k->a, path);
        t.commit.lines = (uint32_t)(end - i);
        if (main)
            add_need(k, &t.commit);
        if (k->out.n_touches - first < PAST_HISTORY_MAX)
            k->touches[k->out.n_touches++] = t;
        else
            k->out.cut = true;
    }
    qsort(k->touches + first, k->out.n_touches - first, sizeof *k->touches, newest_first);
    return RC_OK;
}

/* Has the line a copy of it?  Then its lines differ for another reason. */
static enum rc mark_picked(struct needing *k, struct err *e)
{
    for (size_t i = 0; i < k->out.n_needs; i++) {
        struct past_already r;
        const struct past_ask ask = {.git = k->ask->git,
                                     .objects = k->ask->objects,
                                     .memory = k->ask->memory,
                                     .fix = str_c(k->needs[i].id),
                                     .onto = &k->onto,
                                     .n_onto = 1};
        TRY(past_already(&ask, k->tmp, &r, e));
        k->needs[i].picked = r.state == PAST_YES;
    }
    return RC_OK;
}

enum rc past_needs(const struct past_ask *ask, size_t nth_onto, const struct past_place *places,
                   size_t n, struct arena *a, struct past_needs *ret, struct err *e)
{
    AUTO(arena) struct arena *tmp = arena_new(MEMORY);
    struct needing k = {.ask = ask, .a = a, .tmp = tmp};
    if (nth_onto >= ask->n_onto || !git_oid_ok(ask->fix) || !git_oid_ok(ask->onto[nth_onto]))
        return err_set(e, RC_INVALID, "that is no full id of a commit");
    k.onto = ask->onto[nth_onto];
    k.needs = arena_array(a, PAST_NEEDS_MAX, sizeof *k.needs);
    k.touches = arena_array(a, TOUCHES, sizeof *k.touches);
    TRY(arena_ok(a, "the commits of a place", e));
    TRY(read_parent(&k, e));
    k.out.cut = n > PAST_PLACES_MAX;
    n = n < PAST_PLACES_MAX ? n : PAST_PLACES_MAX;
    for (size_t i = 0; i < n; i++)
        for (int main = 0; main < 2 && (i == 0 || !same_file(&places[i - 1], &places[i])); main++)
            TRY(one_side(&k, places, n, i, main, e));
    TRY(mark_picked(&k, e));
    qsort(k.needs, k.out.n_needs, sizeof *k.needs, most_lines);
    k.out.needs = k.needs;
    k.out.touches = k.touches;
    *ret = k.out;
    return arena_ok(a, "the commits of a place", e);
}
