/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tags hold the fix.  Runs in the engine child and in commands; commits are a stranger's.
 */
#include "engine/affected/fixes.h"

static void group_find(struct history *h, const struct fix_group *g, struct fix_found *f,
                       struct tagset *unknown, struct fixes *all)
{
    for (size_t i = 0; i < g->n; i++) {
        uint32_t c = g->revs[i].commit;
        if (c == GRAPH_NONE)
            continue;
        struct tagset in = {.w = (uint64_t *)(uintptr_t)history_reach(h, c), .n = h->n_tags};
        for (size_t t = tagset_next(&in, 0); t < in.n; t = tagset_next(&in, t + 1))
            if (!tagset_has(&f->fixed, t))
                all->why[t] = (struct evidence){.rule = "graph", .commit = c, .of = GRAPH_NONE};
        tagset_or(&f->fixed, &in);
        history_hidden(h, c, unknown);
    }
    tagset_andnot(unknown, &f->fixed);
}

enum rc fixes_find(struct history *h, const struct question *q, struct arena *a, struct fixes *ret,
                   struct err *e)
{
    struct fixes f = {.groups = arena_array(a, q->n_groups + 1, sizeof *f.groups),
                      .n_groups = q->n_groups,
                      .fixed = q->n_groups ? tagset_all(a, h->n_tags) : tagset_new(a, h->n_tags),
                      .part = tagset_new(a, h->n_tags),
                      .unknown = tagset_new(a, h->n_tags),
                      .flagged = tagset_new(a, h->n_tags),
                      .why = arena_array(a, h->n_tags + 1, sizeof *f.why)};
    struct tagset unknown = tagset_new(a, h->n_tags), possible = tagset_all(a, h->n_tags);
    TRY(arena_ok(a, "the answer", e));
    for (size_t t = 0; t < h->n_tags; t++)
        f.why[t] = EVIDENCE_NONE;
    for (size_t i = 0; i < q->n_groups; i++) {
        f.groups[i].fixed = tagset_new(a, h->n_tags);
        TRY(arena_ok(a, "the answer", e));
        tagset_clear(&unknown);
        group_find(h, &q->groups[i], &f.groups[i], &unknown, &f);
        tagset_and(&f.fixed, &f.groups[i].fixed);
        tagset_or(&f.part, &f.groups[i].fixed);
        tagset_or(&unknown, &f.groups[i].fixed);
        tagset_and(&possible, &unknown);
    }
    tagset_andnot(&f.part, &f.fixed);
    tagset_or(&f.unknown, &possible);
    tagset_andnot(&f.unknown, &f.fixed);
    *ret = f;
    return RC_OK;
}
