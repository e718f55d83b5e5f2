/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which line of a file is which line of another: equal ends first, then the lines that stand once
 * in both (in the longest order that both have), then the gaps between those in the same way.  Runs
 * in the engine child and in commands; the lines are a stranger's.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/affected/text.h"

#define TABLE_MAX 1000000 /* pairs of lines of a gap that are compared one by one */

struct gap {
    size_t a0, a1, b0, b1;
};
struct match {
    const struct text_line *a, *b; /* old, now */
    int32_t *ret;
    struct gap *todo;
    size_t n, cap;
};

static void push(struct match *m, size_t a0, size_t a1, size_t b0, size_t b1)
{
    if (a0 >= a1 || b0 >= b1)
        return;
    if (m->n == m->cap) {
        m->cap = m->cap * 2 + 64;
        m->todo = mem_realloc(m->todo, m->cap * sizeof *m->todo);
    }
    m->todo[m->n++] = (struct gap){a0, a1, b0, b1};
}

static void equal_ends(struct match *m, struct gap *g)
{
    while (g->a0 < g->a1 && g->b0 < g->b1 && m->a[g->a0].hash == m->b[g->b0].hash)
        m->ret[g->b0++] = (int32_t)g->a0++;
    while (g->a0 < g->a1 && g->b0 < g->b1 && m->a[g->a1 - 1].hash == m->b[g->b1 - 1].hash)
        m->ret[--g->b1] = (int32_t)--g->a1;
}

struct entry {
    uint64_t hash;
    uint32_t in_a, in_b; /* how often */
    uint32_t at_a;
};

static struct entry *entry_of(struct entry *table, size_t mask, uint64_t hash)
{
    size_t i = (size_t)(hash >> 20) & mask;
    while ((table[i].in_a || table[i].in_b) && table[i].hash != hash)
        i = (i + 1) & mask;
    table[i].hash = hash;
    return &table[i];
}

/* Lines that stand once in both sides of the gap, by their place in b: pairs (a, b). */
static size_t lines_of_both(const struct match *m, const struct gap *g, uint32_t *pairs)
{
    size_t size = 64, n = 0;
    while (size < 2 * (g->a1 - g->a0 + g->b1 - g->b0))
        size *= 2;
    struct entry *table = calloc(size, sizeof *table);
    if (table == NULL)
        return 0;
    for (size_t i = g->a0; i < g->a1; i++) {
        struct entry *x = entry_of(table, size - 1, m->a[i].hash);
        x->in_a++;
        x->at_a = (uint32_t)i;
    }
    for (size_t i = g->b0; i < g->b1; i++)
        entry_of(table, size - 1, m->b[i].hash)->in_b++;
    for (size_t i = g->b0; i < g->b1; i++) {
        const struct entry *x = entry_of(table, size - 1, m->b[i].hash);
        if (x->in_a == 1 && x->in_b == 1 && m->b[i].dense > 0) {
            pairs[2 * n] = x->at_a;
            pairs[2 * n++ + 1] = (uint32_t)i;
        }
    }
    free(table);
    return n;
}

/* Keeps the longest rising run of a; returns its length. pairs has n, room: 2n numbers. */
static size_t rising(uint32_t *pairs, size_t n, uint32_t *room)
{
    uint32_t *top = room,
             *before = room + n; /* pile -> pair; pair -> pair of the pile to the left */
    size_t piles = 0;
    for (size_t i = 0; i < n; i++) {
        size_t lo = 0, hi = piles;
        while (lo < hi) {
            size_t mid = (lo + hi) / 2;
            if (pairs[2 * top[mid]] < pairs[2 * i])
                lo = mid + 1;
            else
                hi = mid;
        }
        before[i] = lo ? top[lo - 1] : UINT32_MAX;
        top[lo] = (uint32_t)i;
        piles += lo == piles;
    }
    if (piles == 0)
        return 0;
    uint32_t at = top[piles - 1];
    for (size_t k = piles; k-- > 0; at = before[at])
        top[k] = at;
    for (size_t k = 0; k < piles; k++) {
        uint32_t a = pairs[2 * top[k]], b = pairs[2 * top[k] + 1];
        pairs[2 * k] = a; /* top[k] >= k: not read any more */
        pairs[2 * k + 1] = b;
    }
    return piles;
}

/* Longest common order of a small gap, line by line. */
static void by_table(struct match *m, const struct gap *g)
{
    size_t na = g->a1 - g->a0, nb = g->b1 - g->b0, w = nb + 1;
    if (na * nb > TABLE_MAX)
        return;
    uint16_t *t = calloc((na + 1) * w, sizeof *t);
    if (t == NULL)
        return;
    for (size_t i = na; i-- > 0;)
        for (size_t k = nb; k-- > 0;) {
            uint16_t skip =
                t[(i + 1) * w + k] > t[i * w + k + 1] ? t[(i + 1) * w + k] : t[i * w + k + 1];
            bool same = m->a[g->a0 + i].hash == m->b[g->b0 + k].hash;
            uint16_t take = (uint16_t)(t[(i + 1) * w + k + 1] + 1);
            t[i * w + k] = same && take > skip ? take : skip;
        }
    for (size_t i = 0, k = 0; i < na && k < nb;) {
        if (m->a[g->a0 + i].hash == m->b[g->b0 + k].hash &&
            t[i * w + k] == t[(i + 1) * w + k + 1] + 1)
            m->ret[g->b0 + k++] = (int32_t)(g->a0 + i++);
        else if (t[(i + 1) * w + k] >= t[i * w + k + 1])
            i++;
        else
            k++;
    }
    free(t);
}

static void one_gap(struct match *m, struct gap g)
{
    equal_ends(m, &g);
    if (g.a0 >= g.a1 || g.b0 >= g.b1)
        return;
    size_t most = g.b1 - g.b0;
    uint32_t *pairs = mem_alloc(4 * most * sizeof *pairs);
    size_t n = lines_of_both(m, &g, pairs);
    n = rising(pairs, n, pairs + 2 * most);
    if (n == 0)
        by_table(m, &g);
    size_t a = g.a0, b = g.b0;
    for (size_t i = 0; i < n; i++) {
        m->ret[pairs[2 * i + 1]] = (int32_t)pairs[2 * i];
        push(m, a, pairs[2 * i], b, pairs[2 * i + 1]);
        a = pairs[2 * i] + 1;
        b = pairs[2 * i + 1] + 1;
    }
    if (n > 0)
        push(m, a, g.a1, b, g.b1);
    free(pairs);
}

enum rc text_match(const struct text *old, const struct text *now, int32_t *ret_old, struct err *e)
{
    if (old->n > INT32_MAX || now->n > INT32_MAX)
        return err_set(e, RC_LIMIT, "a file has too many lines");
    struct match m = {.a = old->lines, .b = now->lines, .ret = ret_old};
    for (size_t i = 0; i < now->n; i++)
        ret_old[i] = -1;
    push(&m, 0, old->n, 0, now->n);
    while (m.n > 0)
        one_gap(&m, m.todo[--m.n]);
    free(m.todo);
    return RC_OK;
}
