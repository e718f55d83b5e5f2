/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does the release have the change already?  Runs in the engine child on strangers' texts.  What
 * the fix brings has to stand at its place, what it takes away has to be gone from there; a person
 * who carried it over may have changed some words, so that a small part may be otherwise.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/backport/ladder_inside.h"

/* Worth of a word: punctuation says less. */
static uint64_t worth(const struct word *w)
{
    return w->kind <= WORD_STRING ? 4 : w->kind == WORD_PUNCT ? 1 : 0;
}

/*
 * One place, looked at the other way round: the fix's text is what both come from, one side goes
 * back to what was before, the other one is the release.  So what the fix brought has its place in
 * the release by the words around it, however often the same words come in the file.
 */
static enum rc weigh(struct three *t, const struct chunk *c, struct ladder_share *s, struct err *e)
{
    AUTO(place) struct place p = {0};
    TRY(place_read(t, c, &p, e));
    const struct words *with = &p.w[BASE], *without = &p.w[FIX], *release = &p.w[RELEASE];
    AUTO(mem) uint32_t *map = mem_alloc(((size_t)without->n + 1) * sizeof *map);
    struct aligning how = {.ids = book_n(p.book), .budget = t->budget};
    align_run(&how, p.ids[FIX] + 1, without->n - 2, p.ids[RELEASE] + 1, release->n - 2, map + 1);
    t->budget = how.budget;
    for (uint32_t i = 0; i < p.n_e[FIX]; i++) {
        const struct edit *d = &p.e[FIX][i];
        for (uint32_t f = d->b0; f < d->b1; f++) {
            s->comes += worth(&with->v[f]);
            s->there += p.map[RELEASE][f] != ALIGN_NONE ? worth(&with->v[f]) : 0;
        }
        for (uint32_t b = d->x0; b < d->x1; b++) {
            bool still = map[b] != ALIGN_NONE && p.back[RELEASE][map[b] + 1] == ALIGN_NONE;
            s->goes += worth(&without->v[b]);
            s->gone += still ? 0 : worth(&without->v[b]);
        }
    }
    return RC_OK;
}

/* The same from what was before: how much of what the fix takes away still stands where it was.
 * Text that the fix moves is found by one look at its old place only. */
static enum rc weigh_gone(struct three *t, const struct chunk *c, struct ladder_share *s,
                          struct err *e)
{
    AUTO(place) struct place p = {0};
    TRY(place_read(t, c, &p, e));
    for (uint32_t i = 0; i < p.n_e[FIX]; i++)
        for (uint32_t b = p.e[FIX][i].b0; b < p.e[FIX][i].b1; b++) {
            s->goes += worth(&p.w[BASE].v[b]);
            s->gone += p.map[RELEASE][b] == ALIGN_NONE ? worth(&p.w[BASE].v[b]) : 0;
        }
    return RC_OK;
}

static enum rc weigh_all(const struct ladder_ask *ask,
                         enum rc (*one)(struct three *t, const struct chunk *c,
                                        struct ladder_share *s, struct err *e),
                         struct ladder_share *ret, struct err *e)
{
    AUTO(three) struct three t = {0};
    TRY(three_read(ask, &t, e));
    for (uint32_t i = 0; i < t.n_chunks; i++) {
        const struct chunk *c = &t.chunk[i];
        if (c->kind != CHUNK_FIX && c->kind != CHUNK_BOTH && c->kind != CHUNK_CONFLICT)
            continue;
        enum rc rc = one(&t, c, ret, e);
        if (rc == RC_LIMIT) /* too large to be looked at: as if nothing of it were there */
            ret->comes += 4 * ((uint64_t)c->l[BASE].to - c->l[BASE].from + 1);
        else
            TRY(rc);
    }
    return RC_OK;
}

enum rc ladder_share(const struct ladder_ask *ask, struct ladder_share *ret, struct err *e)
{
    struct ladder_share s = {0}, fore = {0};
    struct ladder_ask back = *ask;
    back.base = ask->fix;
    back.fix = ask->base;
    TRY(weigh_all(&back, weigh, &s, e));
    TRY(weigh_all(ask, weigh_gone, &fore, e));
    if ((double)fore.gone * (double)s.goes < (double)s.gone * (double)fore.goes) {
        s.gone = fore.gone;
        s.goes = fore.goes;
    }
    ret->comes += s.comes;
    ret->there += s.there;
    ret->goes += s.goes;
    ret->gone += s.gone;
    return RC_OK;
}

bool ladder_share_full(const struct ladder_share *s)
{
    uint64_t all = s->comes + s->goes, got = s->there + s->gone;
    return all > 0 && 10 * got >= 7 * all && 2 * s->there >= s->comes && 2 * s->gone >= s->goes;
}

enum rc ladder_empty(const struct ladder_ask *ask, struct arena *arena, bool *ret, struct err *e)
{
    struct ladder_share s = {0};
    (void)arena;
    TRY(ladder_share(ask, &s, e));
    *ret = ladder_share_full(&s);
    return RC_OK;
}
