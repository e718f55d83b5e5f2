/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_CHANGE_H
#define VULNDESK_ENGINE_AFFECTED_CHANGE_H

#include "git/difflog.h"
#include "git/patchid.h"

/*
 * What a commit changed, made comparable: the patch-id, and the - and + lines without white space
 * as a sorted list of hashes.  Lines that say nothing (blank, braces, comments) are left out, and
 * lines that a commit only moves or indents (the same text on both sides) cancel each other, so
 * that a mass re-indent of a file holds none of the fixes in it.
 */
#define CHANGE_LINES_MAX 200000 /* lines of one commit; of a longer one the rest is left out */
#define CHANGE_TEXT_MIN  3      /* bytes that a line needs to say something */

struct change {
    unsigned char patch_id[PATCH_ID_MAX];
    bool has_patch_id;
    const uint64_t *lines; /* sorted, equal ones repeat */
    size_t n;
    size_t n_minus, n_plus; /* of them */
    size_t moved;           /* pairs that cancelled each other */
    bool cut;               /* lines are missing at the end */
};

/* Is this a file in which a flaw can be: not documentation, a test, a list of changes? */
bool path_is_code(struct str path);
struct str path_base(struct str path);

/* The line without white space, in room of at least line.n + 1 bytes; returns its length. */
size_t line_squeeze(struct str line, char *room);
/* Does a squeezed line say something about what the program does? */
bool line_speaks(struct str squeezed);
/* Hash of a squeezed line; sign is '-', '+' or ' '. */
uint64_t line_hash(char sign, struct str squeezed);

/*
 * code_only: files that are no code are left out; when no line is left then, all files count.  ret
 * lives in the arena.
 */
enum rc change_make(const struct diff_commit *c, bool code_only, bool sha256_repo, struct arena *a,
                    struct change *ret_c, struct err *e) WARN_UNUSED;

/* Hashes of - and + lines, sorted here, as a change without a patch-id: pairs of the same text
 * cancel each other. ret borrows v. */
struct change change_of_lines(uint64_t *v, size_t n);

/* Lines that both have, each as often as it stands in both. */
size_t change_common(const struct change *a, const struct change *b);
/* Lines of a that b takes back: - of one as + of the other. */
size_t change_inverse(const struct change *a, const struct change *b);
/* The lines of all of them together, as one. */
struct change change_sum(const struct change *const *v, size_t n, struct arena *a);

#endif
