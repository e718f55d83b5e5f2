/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tags hold given introducing commits.  Runs in the engine child and in commands; commits and
 * what they say about each other are a stranger's.
 */
#include "engine/affected/origins.h"

#include <string.h>

#define STEPS_MAX 1000 /* reverts and reverts of reverts of one commit */

/* A commit and what it does to the flaw: brings it, or takes it away. */
struct step {
    uint32_t commit;
    bool brings;
};

struct work {
    struct history *h;
    struct arena *a;
    const struct table *t;
    struct origins out;
    struct step *steps;
    size_t n_steps;
};

static struct tagset reach_of(struct history *h, uint32_t commit)
{
    return (struct tagset){.w = (uint64_t *)(uintptr_t)history_reach(h, commit), .n = h->n_tags};
}

static bool has_file(const struct table *t, const struct table_row *r, uint32_t file)
{
    for (uint32_t i = 0; i < r->n_files; i++)
        if (t->files[r->files_at + i] == file)
            return true;
    return false;
}

/* Does b touch all the files of a? */
static bool touches_all(const struct table *t, const struct table_row *a, const struct table_row *b)
{
    for (uint32_t i = 0; i < a->n_files; i++)
        if (!has_file(t, b, t->files[a->files_at + i]))
            return false;
    return a->n_files > 0;
}

static bool names(const struct table *t, const struct table_row *r, enum named_kind kind,
                  const unsigned char *id)
{
    const struct named *n = table_named(t, r);
    for (uint8_t i = 0; i < r->n_named; i++)
        if (n[i].kind == kind && named_is(&n[i], id))
            return true;
    return false;
}

static void add_step(struct work *w, uint32_t commit, bool brings)
{
    if (w->n_steps < STEPS_MAX)
        w->steps[w->n_steps++] = (struct step){commit, brings};
}

/* The reverts of a step that come after it, and what has its subject after a revert. */
static void follow(struct work *w, const struct table_row *first, struct step s)
{
    const struct table *t = w->t;
    const struct graph *g = w->h->graph;
    const unsigned char *id = graph_id(g, s.commit);
    for (size_t i = 0; i < t->n; i++) {
        const struct table_row *r = &t->rows[i];
        uint32_t c = t->commit[i];
        if (c == GRAPH_NONE || c <= s.commit)
            continue;
        bool back = names(t, r, NAMED_REVERT, id) && touches_all(t, first, r);
        bool again = !s.brings && r->subject == first->subject && first->subject_len > 0 &&
                     !(r->flags & TABLE_REVERTS);
        if ((back || again) && graph_contains(g, s.commit, c))
            add_step(w, c, back ? !s.brings : true);
    }
}

static int by_commit(const void *a, const void *b)
{
    uint32_t x = ((const struct step *)a)->commit, y = ((const struct step *)b)->commit;
    return (x > y) - (x < y);
}

/* Parents first, so that what comes later on a line has the last word. */
static void apply(struct work *w, uint32_t origin)
{
    struct tagset in = tagset_new(w->a, w->h->n_tags);
    qsort(w->steps, w->n_steps, sizeof *w->steps, by_commit);
    for (size_t i = 0; in.n && i < w->n_steps; i++) {
        struct step s = w->steps[i];
        struct tagset has = reach_of(w->h, s.commit);
        for (size_t t = tagset_next(&has, 0); t < has.n; t = tagset_next(&has, t + 1))
            w->out.why[t] = (struct evidence){.rule = s.brings ? "introduced" : "reverted",
                                              .commit = s.commit,
                                              .of = s.commit == origin ? GRAPH_NONE : origin};
        if (s.brings)
            tagset_or(&in, &has);
        else
            tagset_andnot(&in, &has);
    }
    struct tagset had = reach_of(w->h, origin);
    tagset_or(&w->out.in, &in);
    tagset_or(&w->out.reverted, &had);
}

/* Tags with a commit that says it is a copy. */
static void find_copies(struct work *w, uint32_t origin)
{
    const struct table *t = w->t;
    struct tagset has = reach_of(w->h, origin);
    for (size_t i = 0; i < t->n; i++) {
        uint32_t c = t->commit[i];
        if (c == GRAPH_NONE || !names(t, &t->rows[i], NAMED_COPY, graph_id(w->h->graph, origin)))
            continue;
        struct tagset copy = reach_of(w->h, c);
        for (size_t k = tagset_next(&copy, 0); k < copy.n; k = tagset_next(&copy, k + 1)) {
            if (tagset_has(&has, k) || w->out.why[k].rule[0])
                continue;
            tagset_set(&w->out.copies, k);
            w->out.why[k] = (struct evidence){
                .rule = "copy-of-introducing",
                .commit = c,
                .of = origin,
                .why = STR("holds a copy of the introducing commit, not itself: look at it")};
        }
    }
}

static void one(struct work *w, uint32_t origin)
{
    uint32_t row = w->t->row[origin];
    w->n_steps = 0;
    add_step(w, origin, true);
    for (size_t i = 0; row != TABLE_NONE && i < w->n_steps; i++)
        follow(w, &w->t->rows[row], w->steps[i]);
    apply(w, origin);
    find_copies(w, origin);
}

enum rc origins_find(struct history *h, const struct question *q, struct arena *a,
                     struct origins *ret, struct err *e)
{
    struct work w = {.h = h, .a = a, .steps = arena_array(a, STEPS_MAX, sizeof *w.steps)};
    w.out = (struct origins){.in = tagset_new(a, h->n_tags),
                             .hidden = tagset_new(a, h->n_tags),
                             .reverted = tagset_new(a, h->n_tags),
                             .copies = tagset_new(a, h->n_tags),
                             .why = arena_array(a, h->n_tags + 1, sizeof *w.out.why)};
    TRY(arena_ok(a, "the introducing commits", e));
    for (size_t t = 0; t < h->n_tags; t++)
        w.out.why[t] = EVIDENCE_NONE;
    TRY(history_table(h, &w.t, e));
    for (size_t i = 0; i < q->n_introduced; i++) {
        if (q->introduced[i].commit != GRAPH_NONE)
            one(&w, q->introduced[i].commit);
        history_hidden(h, q->introduced[i].commit, &w.out.hidden);
    }
    tagset_andnot(&w.out.hidden, &w.out.in);
    tagset_andnot(&w.out.reverted, &w.out.in);
    tagset_andnot(&w.out.copies, &w.out.in);
    *ret = w.out;
    return arena_ok(a, "the introducing commits", e);
}
