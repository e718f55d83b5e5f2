/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borrowed strings and the one way to read a number.  Runs in every role; input is untrusted
 * bytes, each function is bounded by the length it is given.
 */
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

struct str str_c(const char *c)
{
    return c ? (struct str){c, strlen(c)} : STR_NONE;
}

struct str str_of(const void *p, size_t n)
{
    return n ? (struct str){p, n} : STR_NONE;
}

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool ascii_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool ascii_is_alnum(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c);
}

bool ascii_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool str_eq_nocase(struct str a, struct str b)
{
    return a.n == b.n && str_starts_nocase(a, b);
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int r = n ? memcmp(a.p, b.p, n) : 0;
    if (r != 0)
        return r;
    return a.n < b.n ? -1 : a.n > b.n;
}

bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool str_starts_nocase(struct str s, struct str prefix)
{
    if (s.n < prefix.n)
        return false;
    for (size_t i = 0; i < prefix.n; i++)
        if (ascii_lower(s.p[i]) != ascii_lower(prefix.p[i]))
            return false;
    return true;
}

bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && str_eq(str_sub(s, s.n - suffix.n, suffix.n), suffix);
}

size_t str_chr(struct str s, char c)
{
    const char *q = s.n ? memchr(s.p, c, s.n) : NULL;
    return q ? (size_t)(q - s.p) : STR_NPOS;
}

size_t str_rchr(struct str s, char c)
{
    for (size_t i = s.n; i > 0; i--)
        if (s.p[i - 1] == c)
            return i - 1;
    return STR_NPOS;
}

size_t str_find(struct str s, struct str needle)
{
    if (needle.n == 0)
        return 0;
    const char *q = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return q ? (size_t)(q - s.p) : STR_NPOS;
}

size_t str_find_nocase(struct str s, struct str needle)
{
    for (size_t i = 0; i + needle.n <= s.n; i++)
        if (str_starts_nocase(str_sub(s, i, needle.n), needle))
            return i;
    return STR_NPOS;
}

struct str str_sub(struct str s, size_t from, size_t n)
{
    if (from >= s.n)
        return STR_NONE;
    if (n > s.n - from)
        n = s.n - from;
    return (struct str){s.p + from, n};
}

struct str str_trim(struct str s)
{
    while (s.n > 0 && ascii_is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n > 0 && ascii_is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

bool str_cut(struct str *rest, char sep, struct str *ret_part)
{
    if (rest->n == 0)
        return false;
    size_t i = str_chr(*rest, sep);
    if (i == STR_NPOS) {
        *ret_part = *rest;
        *rest = STR_NONE;
    } else {
        *ret_part = str_sub(*rest, 0, i);
        *rest = str_sub(*rest, i + 1, rest->n);
    }
    return true;
}

bool str_line(struct str *rest, struct str *ret_line)
{
    if (!str_cut(rest, '\n', ret_line))
        return false;
    if (ret_line->n > 0 && ret_line->p[ret_line->n - 1] == '\r')
        ret_line->n--;
    return true;
}

char *str_dup(struct str s)
{
    return mem_strndup(s.n ? s.p : "", s.n);
}

enum rc str_copy(char *dst, size_t dst_size, struct str s, const char *what, struct err *e)
{
    BUG_ON(dst_size == 0);
    dst[0] = '\0';
    if (s.n >= dst_size)
        return err_set(e, RC_LIMIT, "%s is %zu bytes long, %zu are the limit", what, s.n,
                       dst_size - 1);
    if (str_chr(s, '\0') != STR_NPOS)
        return err_set(e, RC_INVALID, "%s holds a NUL byte", what);
    if (s.n > 0)
        memcpy(dst, s.p, s.n);
    dst[s.n] = '\0';
    return RC_OK;
}

enum rc num_parse(struct str s, uint64_t min, uint64_t max, const char *what, uint64_t *ret_n,
                  struct err *e)
{
    uint64_t n = 0;
    if (s.n == 0 || s.n > 20)
        return err_set(e, RC_INVALID, "%s: a whole number is wanted", what);
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_digit(s.p[i]))
            return err_set(e, RC_INVALID, "%s: a whole number is wanted", what);
        if (__builtin_mul_overflow(n, (uint64_t)10, &n) ||
            __builtin_add_overflow(n, (uint64_t)(s.p[i] - '0'), &n))
            return err_set(e, RC_INVALID, "%s: the number is too large", what);
    }
    if (n < min || n > max)
        return err_set(e, RC_INVALID, "%s: %llu is outside %llu..%llu", what, (unsigned long long)n,
                       (unsigned long long)min, (unsigned long long)max);
    *ret_n = n;
    return RC_OK;
}
