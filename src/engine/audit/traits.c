/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What speaks for each of the places that were found: their own measures, and how they stand among
 * the others of the same question.  Runs in the engine child and in commands.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/audit/rank_inside.h"
#include "engine/audit/retrieve.h"

/* Log of the distance to the seed's own place when it is in another file. */
#define ELSEWHERE 12.0F
/* With so much of what the fix adds a place has it already. */
#define FIXED_LEAST 0.9F
/* Ranks beyond this are all the same. */
#define RANK_FAR 200

static float positive(float x)
{
    return x > 0 ? x : 0;
}

static float distance_of(const struct ranking *r, const struct found *f)
{
    const struct home *h = &r->homes[f->spot.pattern];
    const struct seed *s = r->patterns[f->spot.pattern].seed;
    const struct home_place *p = home_in(h, f->spot.file);
    if (!p && !str_eq(s->path, r->v->files[f->spot.file].path))
        return ELSEWHERE;
    uint32_t at = p ? p->line : s->start;
    return logf(1 + (float)(f->line > at ? f->line - at : at - f->line));
}

static void fill_one(const struct ranking *r, struct found *f)
{
    const struct pattern *p = &r->patterns[f->spot.pattern];
    const struct likeness *l = &f->like;
    const struct home *h = &r->homes[f->spot.pattern];
    struct str path = r->v->files[f->spot.file].path;
    float prior = path_prior(p->seed->path, path), *t = f->traits;
    t[TRAIT_WIDE] = f->spot.wide;
    t[TRAIT_CLOSE] = f->spot.close;
    t[TRAIT_CHAIN] = l->chain;
    t[TRAIT_CHANGED] = positive(l->changed);
    t[TRAIT_BEFORE] = positive(l->before);
    t[TRAIT_AFTER] = positive(l->after);
    t[TRAIT_NEAR] = positive(l->near);
    t[TRAIT_WORDS] = positive(l->words);
    t[TRAIT_SHAPE] = positive(l->shape);
    t[TRAIT_SITE] = l->site;
    t[TRAIT_FRESH] = positive(l->fresh);
    t[TRAIT_FIXED] = l->fresh >= FIXED_LEAST;
    t[TRAIT_WEIGHT] = logf(1 + l->weight);
    t[TRAIT_RAREST] = l->rarest;
    t[TRAIT_RAREST_SHARE] = l->rarest_share;
    t[TRAIT_FILE] = prior > 1.5F;
    t[TRAIT_FOLDER] = prior > 1.0F;
    t[TRAIT_PATH] = names_alike(p->seed->path, path);
    t[TRAIT_FUNCTION] = names_alike(h->function, f->function);
    t[TRAIT_SAME_FUNCTION] = prior > 1.5F && f->function.n && str_eq(h->function, f->function);
    t[TRAIT_DISTANCE] = distance_of(r, f);
    t[TRAIT_AROUND] = f->around.share;
    t[TRAIT_AROUND_COSINE] = f->around.cosine;
    t[TRAIT_FILE_WEIGHT] = f->file_weight;
    t[TRAIT_ONLY_ADDED] = p->n_changed_old == 0;
}

/* --- standing among the others --- */

struct standing {
    float value;
    uint32_t found;
};

static int by_value(const void *a, const void *b)
{
    const struct standing *x = a, *y = b;
    if (x->value != y->value)
        return x->value > y->value ? -1 : 1;
    return (x->found > y->found) - (x->found < y->found);
}

static bool at_home(const struct ranking *r, const struct found *f)
{
    const struct home_place *p = home_in(&r->homes[f->spot.pattern], f->spot.file);
    return p && f->line + SPOT_NEAR >= p->line && f->line <= p->end + SPOT_NEAR;
}

/* Log of the rank by one trait within a pattern, and its share of the best; the seed's own places
 * take no rank. */
static void rank_by(struct ranking *r, size_t pattern, enum trait by, enum trait rank,
                    enum trait share)
{
    struct standing *v = mem_alloc((r->n_found + 1) * sizeof *v);
    size_t n = 0;
    for (size_t i = 0; i < r->n_found; i++)
        if (r->found[i].spot.pattern == pattern && !at_home(r, &r->found[i]))
            v[n++] = (struct standing){r->found[i].traits[by], (uint32_t)i};
    qsort(v, n, sizeof *v, by_value);
    uint32_t first = 0;
    for (uint32_t i = 0; i < n; i++) {
        float *t = r->found[v[i].found].traits;
        if (v[i].value < v[first].value)
            first = i;
        t[rank] = logf(1 + (float)(first < RANK_FAR ? first : RANK_FAR));
        if (share != TRAIT_COUNT)
            t[share] = v[0].value > 0 ? v[i].value / v[0].value : 0;
    }
    free(v);
}

void traits_fill(struct ranking *r)
{
    static const struct {
        enum trait by, rank, share;
    } ranked[] = {
        {TRAIT_CLOSE, TRAIT_CLOSE_RANK, TRAIT_CLOSE_BEST},
        {TRAIT_CHAIN, TRAIT_CHAIN_RANK, TRAIT_CHAIN_BEST},
        {TRAIT_NEAR, TRAIT_NEAR_RANK, TRAIT_COUNT},
        {TRAIT_WORDS, TRAIT_WORDS_RANK, TRAIT_COUNT},
        {TRAIT_SHAPE, TRAIT_SHAPE_RANK, TRAIT_COUNT},
        {TRAIT_SITE, TRAIT_SITE_RANK, TRAIT_COUNT},
        {TRAIT_AROUND, TRAIT_AROUND_RANK, TRAIT_COUNT},
    };
    for (size_t i = 0; i < r->n_found; i++)
        fill_one(r, &r->found[i]);
    for (size_t k = 0; k < r->n_patterns; k++)
        for (size_t i = 0; i < ARRAY_LEN(ranked); i++)
            rank_by(r, k, ranked[i].by, ranked[i].rank, ranked[i].share);
    for (size_t i = 0; i < r->n_found; i++)
        r->found[i].score = score_of(r->found[i].traits);
}
