/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequences side by side.  Runs in the engine child; the numbers come from strangers' texts, so
 * that everything is bounded by a budget of steps and nothing recurses.
 */
#include "engine/backport/align.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

struct span {
    uint32_t a0, a1, b0, b1;
    bool searched; /* a part of a way with the fewest changes */
};

struct pair {
    uint32_t a, b;
};

struct work {
    struct aligning *how;
    const uint32_t *a, *b;
    uint32_t *map;
    struct span *stack;
    uint32_t n_stack, cap_stack;
    uint32_t *seen_a, *seen_b; /* per number: place + 1 of its only coming, or MANY */
    struct pair *pairs;        /* of one span: unique elements, in the order of a */
    uint32_t *chain, *best;    /* of the longest increasing subsequence */
    int64_t *down, *up;        /* of the search: 2 * ALIGN_CHANGES_MAX + 3 each */
};

#define MANY UINT32_MAX

static void push(struct work *w, struct span s)
{
    if (s.a0 == s.a1 || s.b0 == s.b1)
        return;
    if (w->n_stack == w->cap_stack) {
        w->cap_stack = w->cap_stack == 0 ? 64 : 2 * w->cap_stack;
        w->stack = mem_realloc(w->stack, w->cap_stack * sizeof *w->stack);
    }
    w->stack[w->n_stack++] = s;
}

static bool spend(struct work *w, uint64_t steps)
{
    if (w->how->budget < steps) {
        w->how->budget = 0;
        return false;
    }
    w->how->budget -= steps;
    return true;
}

static void trim(struct work *w, struct span *s)
{
    while (s->a0 < s->a1 && s->b0 < s->b1 && w->a[s->a0] == w->b[s->b0])
        w->map[s->a0++] = s->b0++;
    while (s->a0 < s->a1 && s->b0 < s->b1 && w->a[s->a1 - 1] == w->b[s->b1 - 1])
        w->map[--s->a1] = --s->b1;
}

static void count(uint32_t *seen, const uint32_t *v, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        seen[v[i]] = seen[v[i]] == 0 ? i + 1 : MANY;
}

static void uncount(uint32_t *seen, const uint32_t *v, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        seen[v[i]] = 0;
}

/* Leaves in pairs the longest chain that rises in b; returns its length. */
static uint32_t longest(struct work *w, uint32_t n)
{
    uint32_t len = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t lo = 0, hi = len;
        while (lo < hi) {
            uint32_t mid = (lo + hi) / 2;
            if (w->pairs[w->best[mid]].b < w->pairs[i].b)
                lo = mid + 1;
            else
                hi = mid;
        }
        w->best[lo] = i;
        w->chain[i] = lo == 0 ? ALIGN_NONE : w->best[lo - 1];
        len += lo == len;
    }
    if (len == 0)
        return 0;
    uint32_t at = w->best[len - 1];
    for (uint32_t k = len; k-- > 0;) {
        w->best[k] = at;
        at = w->chain[at];
    }
    for (uint32_t k = 0; k < len; k++)
        w->pairs[k] = w->pairs[w->best[k]];
    return len;
}

static bool by_unique(struct work *w, struct span s)
{
    uint32_t n = 0;
    count(w->seen_a, w->a, s.a0, s.a1);
    count(w->seen_b, w->b, s.b0, s.b1);
    for (uint32_t i = s.a0; i < s.a1; i++) {
        uint32_t at = w->seen_b[w->a[i]];
        if (w->seen_a[w->a[i]] != MANY && at != 0 && at != MANY)
            w->pairs[n++] = (struct pair){i, at - 1};
    }
    uncount(w->seen_a, w->a, s.a0, s.a1);
    uncount(w->seen_b, w->b, s.b0, s.b1);
    n = longest(w, n);
    struct span gap = {s.a0, s.a0, s.b0, s.b0, false};
    for (uint32_t k = 0; k < n; k++) {
        w->map[w->pairs[k].a] = w->pairs[k].b;
        gap.a1 = w->pairs[k].a;
        gap.b1 = w->pairs[k].b;
        push(w, gap);
        gap.a0 = w->pairs[k].a + 1;
        gap.b0 = w->pairs[k].b + 1;
    }
    if (n > 0)
        push(w, (struct span){gap.a0, s.a1, gap.b0, s.b1, false});
    return n > 0;
}

/* The search of one span, from its front (down) or from its end (up); places are counted from
 * where it begins. */
struct search {
    struct work *w;
    struct span s;
    int64_t n, m, delta;
};
#define MID   ((int64_t)ALIGN_CHANGES_MAX + 1)
#define NEVER (-1)

static bool same_at(const struct search *q, bool up, int64_t x, int64_t y)
{
    const struct work *w = q->w;
    return up ? w->a[q->s.a1 - 1 - x] == w->b[q->s.b1 - 1 - y]
              : w->a[q->s.a0 + x] == w->b[q->s.b0 + y];
}

/* Furthest place on one diagonal with d changes; NEVER outside of the two sequences. */
static int64_t furthest(struct search *q, bool up, int64_t d, int64_t k)
{
    const int64_t *v = (up ? q->w->up : q->w->down) + MID;
    int64_t x = k == -d || (k != d && v[k - 1] < v[k + 1]) ? v[k + 1] : v[k - 1] + 1, y = x - k;
    if (x < 0 || y < 0 || x > q->n || y > q->m)
        return NEVER;
    int64_t from = x;
    while (x < q->n && y < q->m && same_at(q, up, x, y)) {
        x++;
        y++;
    }
    (void)spend(q->w, (uint64_t)(x - from) + 1);
    return x;
}

/* One more change in one direction.  True when it meets the other one: *at is where to cut. */
static bool step(struct search *q, bool up, int64_t d, struct pair *ret_at)
{
    int64_t *mine = (up ? q->w->up : q->w->down) + MID;
    const int64_t *other = (up ? q->w->down : q->w->up) + MID;
    int64_t reach = up ? d : d - 1;
    bool check = (q->delta % 2 == 0) == up;
    for (int64_t k = -d; k <= d && q->w->how->budget > 0; k += 2) {
        int64_t x = mine[k] = k > q->n || k < -q->m ? NEVER : furthest(q, up, d, k);
        int64_t back = q->delta - k;
        if (x == NEVER || !check || back < -reach || back > reach || other[back] == NEVER ||
            x + other[back] < q->n)
            continue;
        uint32_t dx = (uint32_t)x, dy = (uint32_t)(x - k);
        *ret_at = up ? (struct pair){q->s.a1 - dx, q->s.b1 - dy}
                     : (struct pair){q->s.a0 + dx, q->s.b0 + dy};
        return true;
    }
    return false;
}

/* Cuts a span in two on a way with the fewest changes. */
static void by_search(struct work *w, struct span s)
{
    struct search q = {.w = w, .s = s, .n = s.a1 - s.a0, .m = s.b1 - s.b0};
    struct pair at;
    q.delta = q.n - q.m;
    w->down[MID + 1] = 0;
    w->up[MID + 1] = 0;
    for (int64_t d = 0; d < ALIGN_CHANGES_MAX && 2 * d <= q.n + q.m + 1; d++) {
        if (step(&q, false, d, &at) || step(&q, true, d, &at)) {
            if ((at.a == s.a0 && at.b == s.b0) || (at.a == s.a1 && at.b == s.b1))
                return; /* nothing in common */
            push(w, (struct span){s.a0, at.a, s.b0, at.b, true});
            push(w, (struct span){at.a, s.a1, at.b, s.b1, true});
            return;
        }
        if (w->how->budget == 0)
            return;
    }
}

void align_run(struct aligning *how, const uint32_t *a, uint32_t n, const uint32_t *b, uint32_t m,
               uint32_t *ret_map)
{
    struct work w = {.how = how, .a = a, .b = b, .map = ret_map};
    for (uint32_t i = 0; i < n; i++)
        ret_map[i] = ALIGN_NONE;
    struct span all = {0, n, 0, m, false};
    trim(&w, &all);
    if (all.a0 == all.a1 || all.b0 == all.b1)
        return;
    uint32_t least = all.a1 - all.a0;
    w.seen_a = mem_zalloc(2 * (size_t)how->ids * sizeof *w.seen_a);
    w.seen_b = w.seen_a + how->ids;
    w.pairs = mem_alloc(least * sizeof *w.pairs);
    w.chain = mem_alloc(2 * (size_t)least * sizeof *w.chain);
    w.best = w.chain + least;
    if (!how->unique) {
        w.down = mem_alloc(2 * (2 * (size_t)ALIGN_CHANGES_MAX + 3) * sizeof *w.down);
        w.up = w.down + 2 * (size_t)ALIGN_CHANGES_MAX + 3;
    }
    push(&w, all);
    while (w.n_stack > 0) {
        struct span s = w.stack[--w.n_stack];
        trim(&w, &s);
        if (s.a0 == s.a1 || s.b0 == s.b1)
            continue;
        if (!spend(&w, (uint64_t)(s.a1 - s.a0) + (s.b1 - s.b0)))
            break;
        if ((s.searched || !by_unique(&w, s)) && !how->unique)
            by_search(&w, s);
    }
    free(w.stack);
    free(w.seen_a);
    free(w.pairs);
    free(w.chain);
    free(w.down);
}
