/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growing buffers with a maximum.  Runs in every role; sizes are checked before they are used.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf)BUF_INIT(max);
}

void buf_release(struct buf *b)
{
    free(b->p);
    *b = (struct buf)BUF_INIT(b->max);
}

void buf_auto(struct buf *b)
{
    buf_release(b);
}

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->over = false;
    if (b->p)
        b->p[0] = '\0';
}

char *buf_room(struct buf *b, size_t n)
{
    if (b->over || n > b->max || b->n > b->max - n) {
        b->over = true;
        return NULL;
    }
    size_t want = b->n + n + 1;
    if (want > b->cap) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap < want)
            cap += cap / 2 + 16;
        if (cap > b->max + 1)
            cap = b->max + 1;
        b->p = mem_realloc(b->p, cap);
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_grown(struct buf *b, size_t n)
{
    BUG_ON(b->n + n >= b->cap);
    b->n += n;
    b->p[b->n] = '\0';
}

void buf_add(struct buf *b, struct str s)
{
    if (s.n == 0)
        return;
    char *to = buf_room(b, s.n);
    if (to == NULL)
        return;
    memcpy(to, s.p, s.n);
    buf_grown(b, s.n);
}

void buf_addc(struct buf *b, char c)
{
    buf_add(b, str_of(&c, 1));
}

void buf_adds(struct buf *b, const char *c)
{
    buf_add(b, str_c(c));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    BUG_ON(n < 0);
    char *to = buf_room(b, (size_t)n);
    if (to == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(to, (size_t)n + 1, fmt, ap);
    va_end(ap);
    buf_grown(b, (size_t)n);
}

void buf_cut(struct buf *b, size_t n)
{
    BUG_ON(n > b->n);
    b->n = n;
    if (b->p)
        b->p[n] = '\0';
}

void buf_drop(struct buf *b, size_t n)
{
    BUG_ON(n > b->n);
    if (n == 0)
        return;
    memmove(b->p, b->p + n, b->n - n + 1);
    b->n -= n;
}

struct str buf_str(const struct buf *b)
{
    return str_of(b->p, b->n);
}

const char *buf_c(const struct buf *b)
{
    return b->p ? b->p : "";
}

enum rc buf_ok(const struct buf *b, const char *what, struct err *e)
{
    if (b->over)
        return err_set(e, RC_LIMIT, "%s is larger than %zu bytes", what, b->max);
    return RC_OK;
}

char *buf_take(struct buf *b, size_t *ret_n)
{
    char *p = b->p ? b->p : mem_zalloc(1);
    if (ret_n)
        *ret_n = b->n;
    *b = (struct buf)BUF_INIT(b->max);
    return p;
}
