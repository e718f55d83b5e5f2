/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_BASE_BUF_H
#define VULNDESK_BASE_BUF_H

#include "base/str.h"

/*
 * An owned, growing run of bytes with a maximum from birth.  Adding beyond the maximum adds nothing
 * and is remembered; the writer checks once, at the end, with buf_ok().  The bytes are always
 * followed by a NUL that does not count.
 */
struct buf {
    char *p;
    size_t n, cap, max;
    bool over;
};

#define BUF_INIT(maximum)                                                                          \
    {                                                                                              \
        .p = NULL, .n = 0, .cap = 0, .max = (maximum), .over = false                               \
    }

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);
/* AUTO(buf) struct buf b = BUF_INIT(n); */
void buf_auto(struct buf *b);
/* Empties for reuse, keeps the memory. */
void buf_reset(struct buf *b);

void buf_add(struct buf *b, struct str s);
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, const char *c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
/* Shortens to n bytes; n <= b->n. */
void buf_cut(struct buf *b, size_t n);
/* Drops n bytes from the front. */
void buf_drop(struct buf *b, size_t n);
/* Room for at least n more bytes, or NULL (and over); call buf_grown after writing. */
char *buf_room(struct buf *b, size_t n);
void buf_grown(struct buf *b, size_t n);

struct str buf_str(const struct buf *b);
/* NUL-terminated view, "" when empty. */
const char *buf_c(const struct buf *b);
/* RC_LIMIT with `what` in the message when anything did not fit. */
enum rc buf_ok(const struct buf *b, const char *what, struct err *e) WARN_UNUSED;
/* Hands the bytes over (free() them) and empties b. */
char *buf_take(struct buf *b, size_t *ret_n);

#endif
