/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_TAGSET_H
#define VULNDESK_ENGINE_AFFECTED_TAGSET_H

#include "base/arena.h"

/*
 * A set of tags, by their index in struct history: one bit each, in an arena.  Both operands of a
 * function have the same number of tags; bits behind the last tag are always 0.
 */
struct tagset {
    uint64_t *w; /* tagset_words(n) of them */
    size_t n;    /* tags there are, set or not */
};

static inline size_t tagset_words(size_t n)
{
    return (n + 63) / 64;
}

/* The empty set; when the arena is full, of no tags (arena_ok tells). */
struct tagset tagset_new(struct arena *a, size_t n);
struct tagset tagset_copy(struct arena *a, const struct tagset *s);
/* The set with these words, e.g. a row of history_reach. */
struct tagset tagset_of(struct arena *a, const uint64_t *w, size_t n);
/* The one with every tag. */
struct tagset tagset_all(struct arena *a, size_t n);

void tagset_clear(struct tagset *s);
void tagset_assign(struct tagset *s, const struct tagset *b);
void tagset_or(struct tagset *s, const struct tagset *b);
void tagset_and(struct tagset *s, const struct tagset *b);
void tagset_andnot(struct tagset *s, const struct tagset *b);
void tagset_or_words(struct tagset *s, const uint64_t *w);
void tagset_andnot_words(struct tagset *s, const uint64_t *w);

bool tagset_empty(const struct tagset *s);
bool tagset_eq(const struct tagset *a, const struct tagset *b);
/* Is every tag of a in b? */
bool tagset_within(const struct tagset *a, const struct tagset *b);
bool tagset_meets(const struct tagset *a, const struct tagset *b);
size_t tagset_count(const struct tagset *s);
size_t tagset_count_and(const struct tagset *a, const struct tagset *b);

static inline bool tagset_has(const struct tagset *s, size_t i)
{
    return s->w[i / 64] >> (i % 64) & 1;
}
static inline void tagset_set(struct tagset *s, size_t i)
{
    s->w[i / 64] |= UINT64_C(1) << (i % 64);
}
static inline void tagset_unset(struct tagset *s, size_t i)
{
    s->w[i / 64] &= ~(UINT64_C(1) << (i % 64));
}

/* for (size_t i = tagset_next(s, 0); i < s->n; i = tagset_next(s, i + 1)): the first tag at or
 * behind `from`, s->n when there is none. */
size_t tagset_next(const struct tagset *s, size_t from);

#endif
