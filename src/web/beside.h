/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_BESIDE_H
#define VULNDESK_WEB_BESIDE_H

#include "base/arena.h"

/*
 * Two pieces of code side by side: which line of one stands beside which of the other.  Lines are
 * alike by the words in them (Dice's coefficient over the words as a bag), the order of both is
 * kept, lines that are as far from the middle on both sides count more, and the sum of likeness is
 * the largest possible.  Pure; the texts may hold any bytes.
 */
#define BESIDE_LINES_MAX 200 /* of one piece; what is beyond is left out */
#define BESIDE_WORDS_MAX 64  /* of a line that are compared */
#define BESIDE_LIKE_MIN  .5  /* less than this is not shown as alike */

enum beside_how {
    BESIDE_APART, /* nothing like it there */
    BESIDE_LIKE,
    BESIDE_SAME, /* but for spaces */
};
#define BESIDE_NONE SIZE_MAX
struct beside_row {
    size_t a, b; /* indexes of lines, BESIDE_NONE: nothing there */
    enum beside_how how;
};

struct beside_text {
    const struct str *lines;
    size_t n;
    size_t at; /* the line that it is about */
};
/* At most as many rows as both have lines, in the arena; none when the arena is full.  Returns how
 * much is alike, to be compared with that of another text. */
double beside(struct arena *arena, const struct beside_text *a, const struct beside_text *b,
              struct beside_row **ret, size_t *ret_n);

#endif
