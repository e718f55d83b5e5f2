/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_BASE_STR_H
#define VULNDESK_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A borrowed run of bytes: never owned, not NUL-terminated, may hold any byte.  p is never NULL
 * when n > 0. */
struct str {
    const char *p;
    size_t n;
};

#define STR(lit)                                                                                   \
    (struct str)                                                                                   \
    {                                                                                              \
        "" lit, sizeof(lit) - 1                                                                    \
    }
#define STR_NONE                                                                                   \
    (struct str)                                                                                   \
    {                                                                                              \
        "", 0                                                                                      \
    }
/* For printf: "%.*s", STR_ARG(s) */
#define STR_ARG(s) (int)(s).n, (s).p

/* Borrows a C string; NULL gives the empty one. */
struct str str_c(const char *c);
struct str str_of(const void *p, size_t n);

bool str_eq(struct str a, struct str b);
/* ASCII letters compare alike, whatever the locale. */
bool str_eq_nocase(struct str a, struct str b);
/* <0, 0, >0 in byte order. */
int str_cmp(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);

#define STR_NPOS SIZE_MAX
/* Index of the first c / needle, or STR_NPOS. */
size_t str_chr(struct str s, char c);
size_t str_rchr(struct str s, char c);
size_t str_find(struct str s, struct str needle);
size_t str_find_nocase(struct str s, struct str needle);

/* The part from..from+n, clipped to s. */
struct str str_sub(struct str s, size_t from, size_t n);
/* Without spaces, tabs, CR and LF at both ends. */
struct str str_trim(struct str s);

/*
 * Cuts the part before the first sep off *rest and puts it into *ret_part; the separator is
 * dropped.  Returns false when *rest was empty; *rest becomes empty after the last part.
 */
bool str_cut(struct str *rest, char sep, struct str *ret_part);
/* The same for lines: ends at LF, a CR before it is dropped. */
bool str_line(struct str *rest, struct str *ret_line);

/* Heap copy with NUL; free().  Embedded NULs stay. */
char *str_dup(struct str s);
/* Copies into a fixed array with NUL; RC_LIMIT (and *dst = "") if it does not fit or holds NUL. */
enum rc str_copy(char *dst, size_t dst_size, struct str s, const char *what, struct err *e)
    WARN_UNUSED;

/* ASCII only. */
char ascii_lower(char c);
bool ascii_is_alpha(char c);
bool ascii_is_digit(char c);
bool ascii_is_alnum(char c);
bool ascii_is_space(char c);

/*
 * The one way to read a number: decimal digits only, no sign, no space, min..max inclusive.
 * RC_INVALID names `what`.
 */
enum rc num_parse(struct str s, uint64_t min, uint64_t max, const char *what, uint64_t *ret_n,
                  struct err *e) WARN_UNUSED;

#endif
