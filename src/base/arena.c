/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One allocation scope per unit of work.  Runs in every role; sizes may come from input, so every
 * sum is checked against the cap.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_CHUNK 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_CHUNK 0
#endif
#endif
#ifndef ARENA_CHUNK
#define ARENA_CHUNK 8192
#endif
#define ARENA_ALIGN _Alignof(max_align_t)

struct chunk {
    struct chunk *next;
    size_t used, cap;
    _Alignas(max_align_t) char data[];
};

struct arena {
    struct chunk *chunks;
    size_t total, max;
    bool over;
};

struct arena *arena_new(size_t max)
{
    struct arena *a = mem_zalloc(sizeof *a);
    a->max = max;
    return a;
}

void arena_free(struct arena *a)
{
    if (a == NULL)
        return;
    while (a->chunks) {
        struct chunk *c = a->chunks;
        a->chunks = c->next;
        free(c);
    }
    free(a);
}

void arena_auto(struct arena **a)
{
    arena_free(*a);
}

void *arena_alloc(struct arena *a, size_t n)
{
    if (n > a->max || a->total > a->max - n) {
        a->over = true;
        return NULL;
    }
    a->total += n;
    size_t room = (n + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (ARENA_CHUNK == 0)
        room = n;
    struct chunk *c = a->chunks;
    if (c == NULL || ARENA_CHUNK == 0 || c->cap - c->used < room) {
        size_t cap = room > ARENA_CHUNK ? room : ARENA_CHUNK;
        c = mem_zalloc(sizeof *c + cap);
        c->cap = cap;
        c->next = a->chunks;
        a->chunks = c;
    }
    void *p = c->data + c->used;
    c->used += room;
    return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(n, size, &total)) {
        a->over = true;
        return NULL;
    }
    return arena_alloc(a, total);
}

struct str arena_str(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);
    if (p == NULL)
        return STR_NONE;
    if (s.n)
        memcpy(p, s.p, s.n);
    return (struct str){p, s.n};
}

struct str arena_lower(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);
    if (p == NULL)
        return STR_NONE;
    for (size_t i = 0; i < s.n; i++)
        p[i] = ascii_lower(s.p[i]);
    return (struct str){p, s.n};
}

struct str arena_strf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    BUG_ON(n < 0);
    char *p = arena_alloc(a, (size_t)n + 1);
    if (p == NULL)
        return STR_NONE;
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return (struct str){p, (size_t)n};
}

bool arena_over(const struct arena *a)
{
    return a->over;
}

enum rc arena_ok(const struct arena *a, const char *what, struct err *e)
{
    if (a->over)
        return err_set(e, RC_LIMIT, "%s needs more than %zu bytes of memory", what, a->max);
    return RC_OK;
}
