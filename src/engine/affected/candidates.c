/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Candidates of where the flaw came in.  Runs in the engine child and in commands; commits and
 * blobs are a stranger's.
 */
#include "engine/affected/candidates.h"

#include <string.h>

#include "engine/affected/propose.h"

static enum rc candidate_of(struct history *h, const struct fixes *f, const struct proposals *p,
                            const struct proposal *x, struct candidate *ret, struct err *e)
{
    struct arena *a = p->a;
    struct candidate c = {.affected = tagset_copy(a, &x->affected),
                          .unknown = tagset_copy(a, &f->unknown),
                          .why = arena_array(a, x->n_why + 1, sizeof *c.why),
                          .n_why = x->n_why,
                          .score = x->score,
                          .confidence = "low"};
    TRY(arena_ok(a, "the candidates", e));
    memcpy(c.why, x->why, x->n_why * sizeof *c.why);
    for (size_t i = 0; i < c.n_why; i++)
        if (c.why[i].commit != GRAPH_NONE)
            history_hidden(h, c.why[i].commit, &c.unknown);
    tagset_or(&c.unknown, &p->unseen);
    tagset_andnot(&c.unknown, &c.affected);
    tagset_or(&c.unknown, &f->unknown);
    tagset_andnot(&c.affected, &f->fixed);
    tagset_andnot(&c.affected, &f->unknown);
    *ret = c;
    return RC_OK;
}

enum rc candidates_find(struct history *h, const struct question *q, const struct fixes *f,
                        struct arena *a, struct candidate ret[CANDIDATES_MAX], size_t *ret_n,
                        struct err *e)
{
    struct proposals p;
    *ret_n = 0;
    TRY(propose(h, q, f, a, &p, e));
    TRY(proposals_rank(&p, e));
    const struct proposal *shown[CANDIDATES_MAX];
    size_t n = proposals_choose(&p, shown, CANDIDATES_MAX);
    for (size_t i = 0; i < n; i++)
        TRY(candidate_of(h, f, &p, shown[i], &ret[(*ret_n)++], e));
    if (*ret_n > 0)
        ret[0].confidence = proposals_confidence(&p);
    return RC_OK;
}
