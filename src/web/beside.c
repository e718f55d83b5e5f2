/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aligns two pieces of code for the page of an audit.  Runs in core.  The lines come out of a
 * stranger's repository; they are compared as bytes and bounded.
 */
#include "web/beside.h"

#include <stdlib.h>
#include <string.h>

#define FNV_START UINT32_C(2166136261)
#define FNV_PRIME UINT32_C(16777619)

/* A line as what is compared. */
struct bag {
    uint32_t words[BESIDE_WORDS_MAX]; /* sorted */
    uint32_t n;
    uint32_t whole; /* of all that is no space */
};

static bool in_word(char c)
{
    return ascii_is_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void bag_of(struct str line, struct bag *b)
{
    uint32_t word = FNV_START;
    bool inside = false;
    b->n = 0;
    b->whole = FNV_START;
    for (size_t i = 0; i <= line.n; i++) {
        bool more = i < line.n && in_word(line.p[i]);
        if (i < line.n && !ascii_is_space(line.p[i]))
            b->whole = (b->whole ^ (unsigned char)line.p[i]) * FNV_PRIME;
        if (more)
            word = (word ^ (unsigned char)line.p[i]) * FNV_PRIME;
        else if (inside && b->n < BESIDE_WORDS_MAX)
            b->words[b->n++] = word;
        if (!more)
            word = FNV_START;
        inside = more;
    }
    qsort(b->words, b->n, sizeof *b->words, by_value);
}

/* 0 to 1; what has no words is alike only when it is the same. */
static double likeness(const struct bag *x, const struct bag *y)
{
    size_t i = 0, k = 0, both = 0;
    if (x->whole == y->whole)
        return 1;
    if (x->n == 0 || y->n == 0)
        return 0;
    while (i < x->n && k < y->n) {
        if (x->words[i] == y->words[k]) {
            both++;
            i++;
            k++;
        } else if (x->words[i] < y->words[k]) {
            i++;
        } else {
            k++;
        }
    }
    return 2. * (double)both / (double)(x->n + y->n);
}

#define SHIFT_MAX 24 /* lines; what is further off its place counts half as much and no less */

struct grid {
    struct bag *a, *b;
    size_t n_a, n_b, at_a, at_b;
    float *best; /* (n_a + 1) x (n_b + 1): of the lines from here to the ends */
};

/* A bracket that stands beside a bracket says little, a long line that comes again says much. */
static float worth(const struct grid *g, size_t i, size_t k)
{
    const struct bag *x = &g->a[i], *y = &g->b[k];
    double like = likeness(x, y);
    size_t words = x->n < y->n ? x->n : y->n;
    size_t there = i + g->at_b, here = k + g->at_a;
    size_t shift = there > here ? there - here : here - there;
    double near = 1 - (double)(shift < SHIFT_MAX ? shift : SHIFT_MAX) / (2. * SHIFT_MAX);
    return like < BESIDE_LIKE_MIN ? 0
                                  : (float)(like * near * (.1 + (double)(words < 8 ? words : 8)));
}

static float *at(const struct grid *g, size_t i, size_t k)
{
    return &g->best[i * (g->n_b + 1) + k];
}

static void fill(const struct grid *g)
{
    for (size_t i = g->n_a; i-- > 0;) {
        for (size_t k = g->n_b; k-- > 0;) {
            float w = worth(g, i, k);
            float skip = *at(g, i + 1, k) > *at(g, i, k + 1) ? *at(g, i + 1, k) : *at(g, i, k + 1);
            float pair = w > 0 ? w + *at(g, i + 1, k + 1) : 0;
            *at(g, i, k) = pair > skip ? pair : skip;
        }
    }
}

/* Lines between two pairs have nothing to do with each other; they share rows all the same. */
static void put_apart(struct beside_row *rows, size_t *n, const size_t from[2], const size_t to[2])
{
    for (size_t i = from[0], k = from[1]; i < to[0] || k < to[1];) {
        struct beside_row *r = &rows[(*n)++];
        r->a = i < to[0] ? i++ : BESIDE_NONE;
        r->b = k < to[1] ? k++ : BESIDE_NONE;
        r->how = BESIDE_APART;
    }
}

static size_t walk(const struct grid *g, struct beside_row *rows)
{
    size_t n = 0, from[2] = {0, 0}, to[2] = {0, 0};
    while (to[0] < g->n_a && to[1] < g->n_b) {
        size_t i = to[0], k = to[1];
        float here = *at(g, i, k), w = worth(g, i, k);
        if (w > 0 && here <= w + *at(g, i + 1, k + 1)) {
            put_apart(rows, &n, from, to);
            rows[n++] = (struct beside_row){
                i, k, g->a[i].whole == g->b[k].whole ? BESIDE_SAME : BESIDE_LIKE};
            from[0] = to[0] = i + 1;
            from[1] = to[1] = k + 1;
        } else if (*at(g, i + 1, k) >= *at(g, i, k + 1)) {
            to[0]++;
        } else {
            to[1]++;
        }
    }
    to[0] = g->n_a;
    to[1] = g->n_b;
    put_apart(rows, &n, from, to);
    return n;
}

double beside(struct arena *arena, const struct beside_text *a, const struct beside_text *b,
              struct beside_row **ret, size_t *ret_n)
{
    struct grid g = {.n_a = a->n < BESIDE_LINES_MAX ? a->n : BESIDE_LINES_MAX,
                     .n_b = b->n < BESIDE_LINES_MAX ? b->n : BESIDE_LINES_MAX,
                     .at_a = a->at,
                     .at_b = b->at};
    *ret_n = 0;
    *ret = arena_array(arena, g.n_a + g.n_b + 1, sizeof **ret);
    g.a = arena_array(arena, g.n_a + 1, sizeof *g.a);
    g.b = arena_array(arena, g.n_b + 1, sizeof *g.b);
    g.best = arena_array(arena, (g.n_a + 1) * (g.n_b + 1), sizeof *g.best);
    if (*ret == NULL || g.a == NULL || g.b == NULL || g.best == NULL)
        return 0;
    for (size_t i = 0; i < g.n_a; i++)
        bag_of(a->lines[i], &g.a[i]);
    for (size_t k = 0; k < g.n_b; k++)
        bag_of(b->lines[k], &g.b[k]);
    fill(&g);
    *ret_n = walk(&g, *ret);
    return (double)*at(&g, 0, 0);
}
