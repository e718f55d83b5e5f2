/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of tags.  Runs in the engine child and in commands; pure, no input.
 */
#include "engine/affected/tagset.h"

#include <string.h>

struct tagset tagset_new(struct arena *a, size_t n)
{
    struct tagset s = {.w = arena_array(a, tagset_words(n) + 1, sizeof *s.w), .n = n};
    if (s.w == NULL)
        s.n = 0;
    return s;
}

struct tagset tagset_of(struct arena *a, const uint64_t *w, size_t n)
{
    struct tagset s = tagset_new(a, n);
    if (s.n)
        memcpy(s.w, w, tagset_words(n) * sizeof *w);
    return s;
}

struct tagset tagset_copy(struct arena *a, const struct tagset *s)
{
    return tagset_of(a, s->w, s->n);
}

struct tagset tagset_all(struct arena *a, size_t n)
{
    struct tagset s = tagset_new(a, n);
    for (size_t i = 0; i < s.n; i++)
        tagset_set(&s, i);
    return s;
}

void tagset_clear(struct tagset *s)
{
    if (s->n)
        memset(s->w, 0, tagset_words(s->n) * sizeof *s->w);
}

void tagset_assign(struct tagset *s, const struct tagset *b)
{
    if (s->n)
        memcpy(s->w, b->w, tagset_words(s->n) * sizeof *s->w);
}

void tagset_or_words(struct tagset *s, const uint64_t *w)
{
    for (size_t i = 0; i < tagset_words(s->n); i++)
        s->w[i] |= w[i];
}

void tagset_andnot_words(struct tagset *s, const uint64_t *w)
{
    for (size_t i = 0; i < tagset_words(s->n); i++)
        s->w[i] &= ~w[i];
}

void tagset_or(struct tagset *s, const struct tagset *b)
{
    tagset_or_words(s, b->w);
}

void tagset_andnot(struct tagset *s, const struct tagset *b)
{
    tagset_andnot_words(s, b->w);
}

void tagset_and(struct tagset *s, const struct tagset *b)
{
    for (size_t i = 0; i < tagset_words(s->n); i++)
        s->w[i] &= b->w[i];
}

bool tagset_empty(const struct tagset *s)
{
    for (size_t i = 0; i < tagset_words(s->n); i++)
        if (s->w[i])
            return false;
    return true;
}

bool tagset_eq(const struct tagset *a, const struct tagset *b)
{
    return a->n == b->n &&
           (a->n == 0 || memcmp(a->w, b->w, tagset_words(a->n) * sizeof *a->w) == 0);
}

bool tagset_within(const struct tagset *a, const struct tagset *b)
{
    for (size_t i = 0; i < tagset_words(a->n); i++)
        if (a->w[i] & ~b->w[i])
            return false;
    return true;
}

bool tagset_meets(const struct tagset *a, const struct tagset *b)
{
    return tagset_count_and(a, b) > 0;
}

static size_t bits(uint64_t w)
{
    return (size_t)__builtin_popcountll(w);
}

size_t tagset_count(const struct tagset *s)
{
    size_t n = 0;
    for (size_t i = 0; i < tagset_words(s->n); i++)
        n += bits(s->w[i]);
    return n;
}

size_t tagset_count_and(const struct tagset *a, const struct tagset *b)
{
    size_t n = 0;
    for (size_t i = 0; i < tagset_words(a->n); i++)
        n += bits(a->w[i] & b->w[i]);
    return n;
}

size_t tagset_next(const struct tagset *s, size_t from)
{
    if (from >= s->n)
        return s->n;
    size_t i = from / 64;
    uint64_t w = s->w[i] & ~UINT64_C(0) << (from % 64);
    while (w == 0) {
        if (++i == tagset_words(s->n))
            return s->n;
        w = s->w[i];
    }
    return i * 64 + (size_t)__builtin_ctzll(w);
}
