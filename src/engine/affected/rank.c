/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which proposal to believe.  Runs in the engine child and in commands; works on sets of tags only.
 */
#include "engine/affected/rank.h"

#include <stdlib.h>
#include <string.h>

/*
 * The weights: of a clue's agreement (near), of what it speaks for itself (self), and of that when
 * the fix only added lines (alone).  bench/affected-weights finds those of the last two columns
 * from projects with known answers, leaving one project out at a time; rounded, few, and all
 * positive.
 */
static const struct weight {
    const char *name;
    double near, self, alone;
} weights[CLUE_KINDS] = {
    [CLUE_REMOVED_LAST] = {"removed-last", 4, 0.2, 0},
    [CLUE_REMOVED_FIRST] = {"removed-first", 2, 0, 0},
    [CLUE_REMOVED_ANY] = {"removed-any", 0, 0.15, 0},
    [CLUE_REMOVED_OLDEST] = {"removed-oldest", 0, 0.8, 0},
    [CLUE_REMOVED_QUARTER] = {"removed-quarter", 0, 0.5, 0},
    [CLUE_AROUND_LAST] = {"around-last", 2, 0, 0.15},
    [CLUE_AROUND_FIRST] = {"around-first", 1, 0, 0},
    [CLUE_AROUND_OLDEST] = {"around-oldest", 0, 0, 0.15},
    [CLUE_LINES_QUARTER] = {"lines-quarter", 1, 0.35, 0.35},
    [CLUE_LINES_HALF] = {"lines-half", 1, 0, 0},
    [CLUE_GONE_QUARTER] = {"gone-quarter", 1, 0, 0},
    [CLUE_GONE_HALF] = {"gone-half", 1, 0, 0},
    [CLUE_GONE_MOST] = {"gone-most", 1, 0, 0},
    [CLUE_FUNC_ANY] = {"function", 1, 0.3, 0.3},
    [CLUE_FUNC_ALL] = {"functions", 1, 0, 0},
    [CLUE_FILE] = {"file", 0.5, 0, 0},
    [CLUE_NAME_REMOVED] = {"name-removed", 1, 0.3, 0.3},
    [CLUE_NAME_ADDED] = {"name-added", 0.5, 0, 0},
    [CLUE_NAME_AROUND] = {"name-around", 1, 0.35, 0.35},
    [CLUE_NAMES_REMOVED] = {"names-removed", 1, 0, 0},
    [CLUE_WHOLE] = {"whole", 0, 0, 0},
};
#define WEIGHT_NEAR 0.25 /* of the agreement */
#define WEIGHT_NET  0.85 /* a commit that brings code more than it moves or changes it */

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

static double likeness(const struct proposals *p, const struct tagset *a, const struct tagset *b)
{
    size_t both = 0, any = 0;
    for (size_t i = 0; i < tagset_words(a->n); i++) {
        both += (size_t)__builtin_popcountll(a->w[i] & b->w[i] & p->open.w[i]);
        any += (size_t)__builtin_popcountll((a->w[i] | b->w[i]) & p->open.w[i]);
    }
    return any ? (double)both / (double)any : 1;
}

/* How much all clues together say about a set, for the agreement. */
static double voice(const struct proposal *p)
{
    double v = 0;
    for (size_t c = 0; c < CLUE_KINDS; c++)
        v += weights[c].near * p->share[c];
    return v;
}

static double agreement(const struct proposals *p, const struct proposal *x, double all)
{
    double near = 0;
    for (size_t i = 0; i < p->n; i++) {
        double v = voice(&p->v[i]);
        if (v > 0)
            near += v * likeness(p, &x->affected, &p->v[i].affected);
    }
    return all > 0 ? near / all : 0;
}

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

enum rc proposals_rank(struct proposals *p, struct err *e)
{
    double all = 0;
    for (size_t i = 0; i < p->n; i++)
        all += voice(&p->v[i]);
    for (size_t i = 0; i < p->n; i++) {
        struct proposal *x = &p->v[i];
        x->near = agreement(p, x, all);
        x->score = WEIGHT_NEAR * x->near;
        if (x->has_net)
            x->score += WEIGHT_NET * x->net;
        for (size_t c = 0; c < CLUE_KINDS; c++)
            x->score += x->share[c] * (p->only_added ? weights[c].alone : weights[c].self);
    }
    if (p->n > 1)
        qsort(p->v, p->n, sizeof *p->v, by_score);
    return arena_ok(p->a, "the candidates", e);
}

const char *proposals_confidence(const struct proposals *p)
{
    double margin = p->n > 1 ? p->v[0].score - p->v[1].score : MARGIN_HIGH;
    if (p->only_added || p->n == 0)
        return "low";
    return margin >= MARGIN_HIGH ? "high" : margin >= MARGIN_MEDIUM ? "medium" : "low";
}
