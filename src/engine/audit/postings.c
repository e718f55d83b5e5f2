/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Collects and sorts the postings of a segment.  Runs in commands and in the engine child; terms
 * are a stranger's choice, their number in memory is bounded.
 */
#include "engine/audit/postings.h"

#include <stdlib.h>
#include <string.h>

#define TOP_BITS  11u
#define LOW_BITS  (32u - TOP_BITS)
#define LOW_MASK  ((1u << LOW_BITS) - 1)
#define BUCKETS   (1u << TOP_BITS)
#define STEP_BITS (32u - LOW_BITS) /* bits of an entry for the distance to the piece before */
#define STEP_FAR  ((1u << STEP_BITS) - 1) /* the piece's number stands in the next entry */
#define BLOCK     64u        /* entries; the last one is the number of the next block */
#define SLAB      (1u << 12) /* blocks allocated at once: 1 MiB */
#define SLABS_MAX 256u
#define NO_BLOCK  UINT32_MAX
#define RADIX     7u
#define SMALL     40u /* entries that are sorted by insertion */

struct bucket {
    uint32_t *at;   /* next entry */
    uint32_t left;  /* entries before the link */
    uint32_t first; /* block */
    uint32_t n;     /* postings */
    uint32_t last;  /* piece */
};

struct postings {
    uint32_t *slabs[SLABS_MAX];
    uint32_t n_blocks;
    struct bucket buckets[BUCKETS];
    uint64_t n;
    bool full;
    uint64_t *a, *b; /* for sorting, cap entries */
    uint32_t *list;
    size_t cap;
};

static uint32_t *block_at(const struct postings *p, uint32_t block)
{
    return p->slabs[block / SLAB] + (size_t)(block % SLAB) * BLOCK;
}

static uint32_t new_block(struct postings *p)
{
    uint32_t slab = p->n_blocks / SLAB;
    BUG_ON(slab >= SLABS_MAX);
    if (p->slabs[slab] == NULL)
        p->slabs[slab] = mem_zalloc((size_t)SLAB * BLOCK * sizeof(uint32_t));
    return p->n_blocks++;
}

void postings_reset(struct postings *p)
{
    p->n_blocks = 0;
    p->n = 0;
    p->full = false;
    for (size_t i = 0; i < BUCKETS; i++)
        p->buckets[i] = (struct bucket){.first = NO_BLOCK};
}

struct postings *postings_new(void)
{
    struct postings *p = mem_zalloc(sizeof *p);
    postings_reset(p);
    return p;
}

void postings_free(struct postings *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < SLABS_MAX; i++)
        free(p->slabs[i]);
    free(p->a);
    free(p->b);
    free(p->list);
    free(p);
}

static void more_room(struct postings *p, struct bucket *k)
{
    uint32_t block = new_block(p), *at = block_at(p, block);
    if (k->first == NO_BLOCK)
        k->first = block;
    else
        *k->at = block; /* the link stands behind the last entry */
    k->at = at;
    k->left = BLOCK - 1;
}

static inline void push(struct postings *p, struct bucket *k, uint32_t entry)
{
    if (k->left == 0)
        more_room(p, k);
    *k->at++ = entry;
    k->left--;
}

void postings_add(struct postings *p, uint32_t term, uint32_t chunk)
{
    struct bucket *k = &p->buckets[term >> LOW_BITS];
    uint32_t step = chunk - k->last;
    if (step < STEP_FAR) {
        push(p, k, (term & LOW_MASK) << STEP_BITS | step);
    } else {
        push(p, k, (term & LOW_MASK) << STEP_BITS | STEP_FAR);
        push(p, k, chunk);
    }
    k->last = chunk;
    p->n++;
    if (++k->n >= POSTINGS_BUCKET_MAX)
        p->full = true;
}

uint64_t postings_count(const struct postings *p)
{
    return p->n;
}

bool postings_full(const struct postings *p)
{
    return p->full || p->n >= POSTINGS_MAX;
}

/* ---- Sorting ---- */

struct reader {
    const struct postings *p;
    const uint32_t *at;
    uint32_t left;
};

/* The block and, as it lies anywhere, the one behind it soon. */
static void read_block(struct reader *r, uint32_t block)
{
    r->at = block_at(r->p, block);
    r->left = BLOCK - 1;
    uint32_t next = r->at[BLOCK - 1]; /* of the last one: what was there before */
    if (next < r->p->n_blocks)
        for (uint32_t i = 0; i < BLOCK; i += 16)
            __builtin_prefetch(block_at(r->p, next) + i);
}

static inline uint32_t read_entry(struct reader *r)
{
    if (r->left == 0)
        read_block(r, *r->at);
    r->left--;
    return *r->at++;
}

/* The bucket's entries into p->a as low bits << 32 | piece. */
static void unpack(struct postings *p, const struct bucket *k)
{
    struct reader r = {.p = p};
    uint32_t chunk = 0;
    read_block(&r, k->first);
    for (uint32_t i = 0; i < k->n; i++) {
        uint32_t word = read_entry(&r), step = word & STEP_FAR;
        chunk = step == STEP_FAR ? read_entry(&r) : chunk + step;
        p->a[i] = (uint64_t)(word >> STEP_BITS) << 32 | chunk;
    }
}

static void sort_small(uint64_t *v, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        uint64_t x = v[i];
        uint32_t j = i;
        for (; j > 0 && v[j - 1] > x; j--)
            v[j] = v[j - 1];
        v[j] = x;
    }
}

/* By the low bits of the term; pieces stay in their order. The result is in p->a. */
static void sort(struct postings *p, uint32_t n)
{
    if (n <= SMALL) {
        sort_small(p->a, n);
        return;
    }
    uint32_t count[3][1u << RADIX] = {{0}};
    for (uint32_t i = 0; i < n; i++)
        for (unsigned d = 0; d < 3; d++)
            count[d][p->a[i] >> (32 + RADIX * d) & ((1u << RADIX) - 1)]++;
    for (unsigned d = 0; d < 3; d++) {
        uint32_t at = 0;
        for (uint32_t i = 0; i < 1u << RADIX; i++) {
            uint32_t c = count[d][i];
            count[d][i] = at;
            at += c;
        }
        for (uint32_t i = 0; i < n; i++)
            p->b[count[d][p->a[i] >> (32 + RADIX * d) & ((1u << RADIX) - 1)]++] = p->a[i];
        uint64_t *swap = p->a;
        p->a = p->b;
        p->b = swap;
    }
}

_Static_assert(LOW_BITS == 3 * RADIX, "three turns sort the low bits of a term");

void postings_write(struct postings *p, uint32_t base, struct segwrite *w)
{
    for (uint32_t top = 0; top < BUCKETS; top++) {
        const struct bucket *k = &p->buckets[top];
        if (k->n == 0)
            continue;
        if (p->cap < k->n) {
            p->cap = k->n + k->n / 4;
            p->a = mem_realloc(p->a, p->cap * sizeof *p->a);
            p->b = mem_realloc(p->b, p->cap * sizeof *p->b);
            p->list = mem_realloc(p->list, p->cap * sizeof *p->list);
        }
        unpack(p, k);
        sort(p, k->n);
        for (uint32_t i = 0; i < k->n;) {
            uint32_t low = (uint32_t)(p->a[i] >> 32), n = 0;
            for (; i < k->n && p->a[i] >> 32 == low; i++)
                p->list[n++] = base + (uint32_t)p->a[i];
            segwrite_term(w, top << LOW_BITS | low, p->list, n);
        }
    }
}
