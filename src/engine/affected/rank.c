/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which proposal to believe.  Runs in the engine child and in commands; works on sets of tags only.
 */
#include "engine/affected/rank.h"

#include <stdlib.h>
#include <string.h>

/*
 * What a clue of each kind is worth.  bench/affected-weights finds the weights again from projects
 * with known answers: all begin equal and are moved as far as those answers need; rounded.  A
 * negative one takes back what a kin clue has given.
 *
 * The equal vote is the better one in projects that the weights were not found from, the moved
 * weights in the others, which have few proposals a fix and few fixes that only add; so they count
 * whole where the fix is of that sort, and where it is not the vote is equal (proposals_trust).
 */
static const struct weight {
    const char *name;
    double w;
} weights[CLUE_KINDS] = {
    [CLUE_REMOVED_LAST] = {"removed-last", 0.25},
    [CLUE_REMOVED_FIRST] = {"removed-first", 0},
    [CLUE_REMOVED_ANY] = {"removed-any", 0.35},
    [CLUE_REMOVED_OLDEST] = {"removed-oldest", 0.85},
    [CLUE_REMOVED_QUARTER] = {"removed-quarter", 0.4},
    [CLUE_AROUND_LAST] = {"around-last", -0.05},
    [CLUE_AROUND_FIRST] = {"around-first", -0.25},
    [CLUE_AROUND_OLDEST] = {"around-oldest", 0},
    [CLUE_NEARBY] = {"nearby", 0.55},
    [CLUE_NEARBY_CLOSE] = {"nearby-close", 0.55},
    [CLUE_NEARBY_ALL] = {"nearby-all", 0.5},
    [CLUE_LINES_QUARTER] = {"lines-quarter", 0.35},
    [CLUE_LINES_HALF] = {"lines-half", -0.5},
    [CLUE_GONE_QUARTER] = {"gone-quarter", -0.05},
    [CLUE_GONE_HALF] = {"gone-half", -0.3},
    [CLUE_GONE_MOST] = {"gone-most", 0.35},
    [CLUE_FUNC_ANY] = {"function", 0.1},
    [CLUE_FUNC_ALL] = {"functions", 0},
    [CLUE_FILE] = {"file", 0.25},
    [CLUE_NAME_REMOVED] = {"name-removed", 0.15},
    [CLUE_NAME_ADDED] = {"name-added", 0.3},
    [CLUE_NAME_AROUND] = {"name-around", 0.35},
    [CLUE_NAMES_REMOVED] = {"names-removed", 0.55},
    [CLUE_WHOLE] = {"whole", 0.05},
};
#define WEIGHT_EQUAL 0.3
#define WEIGHT_NET   0.25 /* a commit that brings code more than it moves or changes it */

#define FEW_PROPOSALS    10 /* the weights count whole */
#define MANY_PROPOSALS   20 /* not at all */
#define TRUST_ONLY_ADDED 0.5

#define MARGIN_HIGH   2.5 /* between the first and the second */
#define MARGIN_MEDIUM 1.0

const char *clue_name(enum clue c)
{
    return weights[c].name;
}

enum rc proposals_init(struct proposals *p, const struct tagset *open, struct arena *a,
                       struct err *e)
{
    *p = (struct proposals){.a = a, .open = tagset_copy(a, open), .unseen = tagset_new(a, open->n)};
    p->v = arena_array(a, PROPOSALS_MAX, sizeof *p->v);
    return arena_ok(a, "the candidates", e);
}

static uint64_t key_of(const struct tagset *s, const struct tagset *open)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < tagset_words(s->n); i++) {
        h = (h ^ (s->w[i] & open->w[i])) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return h;
}

static bool same_open(const struct tagset *a, const struct tagset *b, const struct tagset *open)
{
    for (size_t i = 0; i < tagset_words(a->n); i++)
        if ((a->w[i] ^ b->w[i]) & open->w[i])
            return false;
    return true;
}

struct proposal *proposal_of(struct proposals *p, const struct tagset *affected)
{
    if (!tagset_meets(affected, &p->open))
        return NULL;
    uint64_t key = key_of(affected, &p->open);
    for (size_t i = 0; i < p->n; i++)
        if (p->v[i].key == key && same_open(&p->v[i].affected, affected, &p->open))
            return &p->v[i];
    if (p->n == PROPOSALS_MAX)
        return NULL;
    struct tagset own = tagset_copy(p->a, affected);
    if (own.n != affected->n)
        return NULL; /* the arena is full; the caller asks it */
    p->v[p->n] = (struct proposal){.affected = own, .key = key};
    return &p->v[p->n++];
}

void proposal_why(struct proposal *p, const struct evidence *v)
{
    for (size_t i = 0; i < p->n_why; i++)
        if (strcmp(p->why[i].rule, v->rule) == 0 && p->why[i].commit == v->commit &&
            str_eq(p->why[i].path, v->path))
            return;
    if (p->n_why < PROPOSAL_REASONS)
        p->why[p->n_why++] = *v;
}

/* ---- Scores ---- */

static int by_score(const void *a, const void *b)
{
    const struct proposal *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    size_t n = tagset_count(&x->affected), m = tagset_count(&y->affected);
    if (n != m)
        return n > m ? -1 : 1;
    return x->key < y->key ? -1 : x->key > y->key;
}

/* The first half of a share says more than the second: that many kinds agree on a set tells more
 * than that one of them is sure. */
static double voice(double share)
{
    return share < 1 ? share * (2 - share) : 1;
}

double proposals_trust(const struct proposals *p)
{
    double trust = p->only_added ? TRUST_ONLY_ADDED : 1;
    if (p->n >= MANY_PROPOSALS)
        return 0;
    if (p->n > FEW_PROPOSALS)
        trust *= (double)(MANY_PROPOSALS - p->n) / (MANY_PROPOSALS - FEW_PROPOSALS);
    return trust;
}

enum rc proposals_rank(struct proposals *p, struct err *e)
{
    double trust = proposals_trust(p);
    for (size_t i = 0; i < p->n; i++) {
        struct proposal *x = &p->v[i];
        x->score = x->has_net ? trust * WEIGHT_NET * x->net : 0;
        for (size_t c = 0; c < CLUE_KINDS; c++)
            x->score += (WEIGHT_EQUAL + trust * (weights[c].w - WEIGHT_EQUAL)) * voice(x->share[c]);
    }
    if (p->n > 1)
        qsort(p->v, p->n, sizeof *p->v, by_score);
    return arena_ok(p->a, "the candidates", e);
}

static bool only_nearby(const struct proposal *x)
{
    for (size_t c = 0; c < CLUE_KINDS; c++)
        if (x->share[c] > 0 && c != CLUE_NEARBY && c != CLUE_NEARBY_CLOSE && c != CLUE_NEARBY_ALL)
            return false;
    return true;
}

size_t proposals_choose(const struct proposals *p, const struct proposal **ret, size_t most)
{
    bool taken[PROPOSALS_MAX] = {false};
    size_t n = 0, nearby = 0, kept = 0;
    for (size_t i = 0; i < p->n && n < most; i++) {
        nearby += only_nearby(&p->v[i]);
        taken[i] = i == 0 || nearby <= 1 || !only_nearby(&p->v[i]);
        n += taken[i];
    }
    for (size_t i = 0; i < p->n && n < most; i++) {
        n += !taken[i];
        taken[i] = true;
    }
    for (size_t i = 0; i < p->n && kept < n; i++)
        if (taken[i])
            ret[kept++] = &p->v[i];
    return kept;
}

const char *proposals_confidence(const struct proposals *p)
{
    double margin = p->n > 1 ? p->v[0].score - p->v[1].score : MARGIN_HIGH;
    if (p->only_added || p->n == 0)
        return "low";
    return margin >= MARGIN_HIGH ? "high" : margin >= MARGIN_MEDIUM ? "medium" : "low";
}
