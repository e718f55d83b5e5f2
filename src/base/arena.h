/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_BASE_ARENA_H
#define VULNDESK_BASE_ARENA_H

#include "base/str.h"

/*
 * Memory of one unit of work (a request, a mail, a job): capped, freed once.  In sanitizer builds
 * each block is its own malloc, so that overruns show.
 */
struct arena;

struct arena *arena_new(size_t max);
void arena_free(struct arena *a); /* NULL is fine */
/* AUTO(arena) struct arena *a = arena_new(n); */
void arena_auto(struct arena **a);

/* Zeroed, aligned for any type; NULL when the cap is reached. */
void *arena_alloc(struct arena *a, size_t n);
/* n elements of size bytes each, overflow checked. */
void *arena_array(struct arena *a, size_t n, size_t size);
/* Copy with a NUL behind it.  When the cap is reached, the empty string and arena_over() is true.
 */
struct str arena_str(struct arena *a, struct str s);
/* The same with ASCII letters in lower case. */
struct str arena_lower(struct arena *a, struct str s);
struct str arena_strf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
/* True when anything did not fit; checked once at the end of a unit of work. */
bool arena_over(const struct arena *a);
enum rc arena_ok(const struct arena *a, const char *what, struct err *e) WARN_UNUSED;

#endif
