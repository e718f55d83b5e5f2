/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_DIFF_H
#define VULNDESK_DESK_DIFF_H

#include "base/arena.h"
#include "base/buf.h"

/*
 * The difference of two texts, line by line (Myers 1986: an O(ND) difference algorithm), as lines
 * for a page and as a unified diff.  Pure and bounded: two texts that differ in more than
 * DIFF_EDITS lines are shown as "all of the old one goes, all of the new one comes".
 */
#define DIFF_LINES 20000 /* lines of one text; more is RC_LIMIT */
#define DIFF_EDITS 1000  /* lines that differ, else the texts are replaced as a whole */
#define DIFF_CTX   3     /* equal lines around a change */

struct diff_line {
    char op;           /* ' ', '-', '+'; '@': lines were left out here, text is the "@@" line */
    struct str text;   /* without its end */
    unsigned old, new; /* line numbers from 1; 0 where it is not in that text */
};
struct diff {
    struct diff_line *lines; /* hunks with their context, in the arena */
    size_t n;
    size_t added, removed;
    bool old_no_end, new_no_end; /* that text does not end with a line end */
};
/* Lines borrow from the texts. */
enum rc diff_texts(struct arena *a, struct str old, struct str new, struct diff *ret_d,
                   struct err *e) WARN_UNUSED;
/* "--- a/FILE", "+++ b/FILE", hunks: what git-apply(1) takes.  Nothing when they are the same. */
void diff_unified(const struct diff *d, struct str file, struct buf *b);

#endif
