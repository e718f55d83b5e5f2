/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Candidates of where the flaw came in.  Runs in the engine child and in commands; commits and
 * blobs are a stranger's.
 */
#include "engine/affected/candidates.h"

/* Since the beginning: every tag that is not fixed. */
static struct candidate whole_history(struct history *h, const struct fixes *f, struct arena *a)
{
    struct candidate c = {.affected = tagset_all(a, h->n_tags),
                          .unknown = tagset_copy(a, &f->unknown),
                          .why = arena_array(a, 1, sizeof *c.why),
                          .n_why = 1,
                          .score = 0,
                          .confidence = "low"};
    if (c.why == NULL || c.affected.n != h->n_tags || c.unknown.n != h->n_tags)
        return c;
    tagset_andnot(&c.affected, &f->fixed);
    tagset_andnot(&c.affected, &f->unknown);
    c.why[0] = EVIDENCE_NONE;
    c.why[0].rule = "since-the-beginning";
    c.why[0].why = STR("nothing tells when it came in");
    return c;
}

enum rc candidates_find(struct history *h, const struct question *q, const struct fixes *f,
                        struct arena *a, struct candidate ret[CANDIDATES_MAX], size_t *ret_n,
                        struct err *e)
{
    ret[0] = whole_history(h, f, a);
    *ret_n = 1;
    return arena_ok(a, "the candidates", e);
}
