/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_PICK_H
#define VULNDESK_ENGINE_BACKPORT_PICK_H

#include "engine/backport/ort.h"

/*
 * The pick: what a fix changed (base tree to fix tree), carried to the tree of a release.  The
 * result is the one of `git cherry-pick` with the ort strategy and its defaults, at the price of
 * the folders on the way to what the fix changed: only files that both sides changed go to git, and
 * whole trees only when renames can play a part.
 */
#define PICK_FILES_MAX 50000u /* files that a fix may change */

/* The child that merges and the store it works in, for all picks of a run. */
struct picker {
    struct bp_store *store;
    struct ort *ort;
};

struct pick {
    bool clean;                 /* git's verdict: no conflict */
    bool empty;                 /* clean, and the release's tree stays as it is */
    char tree[GIT_OID_HEX + 1]; /* the candidate; files in conflict are as in the release */
    struct bp_file *files;      /* what the fix touches, ordered by fix_path; texts are not read */
    size_t n;
    bool whole; /* git merged the whole trees, because renames could matter */
};
/*
 * base, fix, release: full hex ids of trees; everything in ret lives in the arena.  RC_NOTFOUND: an
 * object is missing or damaged ("the history is incomplete"); RC_INVALID: a damaged tree; RC_LIMIT:
 * PICK_FILES_MAX, BP_DEPTH_MAX, GIT_PATH_MAX, the arena.
 */
enum rc pick_run(struct picker *p, const char *base, const char *fix, const char *release,
                 struct arena *a, struct pick *ret, struct err *e) WARN_UNUSED;

/* Reads the four texts of a file, as far as they are blobs, and its language from the text. */
enum rc pick_texts(struct picker *p, struct bp_file *f, struct arena *a, struct err *e) WARN_UNUSED;

/* A path of a tree that changes: to this object, or mode 0: removed. */
struct pick_change {
    struct str path;
    uint32_t mode;
    const char *oid;
};
/*
 * The tree with these changes; only the folders on the way are read and written, one that becomes
 * empty goes.  Paths may come in any order.  RC_INVALID: one that is none (empty parts, ".", "..",
 * NUL), one named twice, or below another one that becomes a file.
 */
enum rc pick_tree(struct bp_store *s, const char *tree, const struct pick_change *v, size_t n,
                  char ret_tree[GIT_OID_HEX + 1], struct err *e) WARN_UNUSED;
/* The tree of a pick with the `made` sides of its files as they are now; files that are left out,
 * or in conflict, stay as in the release. */
enum rc pick_tree_of(struct bp_store *s, const char *release, const struct bp_file *files, size_t n,
                     char ret_tree[GIT_OID_HEX + 1], struct err *e) WARN_UNUSED;

/*
 * Proofs of a candidate (obligation O7).
 *   back:  the candidate taken back gives the release, bit for bit: its tree differs from the
 *          release's in what the files say, and in nothing else.  Never unknown.
 *   again: picking the fix once more changes nothing, file by file.  Unknown where git's merge has
 *          a conflict, which is the rule where a text was settled otherwise; where a text repeats
 *          itself git may add it a second time though the first was right.
 *   undo:  taking the fix (not the candidate) back gives the release; unknown as above.
 * In again and undo files do not count that were not carried over, or that the release had already.
 */
enum pick_proof { PICK_UNKNOWN /* or nobody looked */, PICK_PASS, PICK_FAIL };
struct pick_claim {
    const char *release, *made; /* trees, full hex ids */
    const struct bp_file *files;
    size_t n;
    bool undo; /* ask for it as well: as much work as again */
};
struct pick_proofs {
    enum pick_proof back, again, undo;
    struct str back_path, again_path, undo_path; /* the first that is not a pass, "" */
};
enum rc pick_prove(struct picker *p, const struct pick_claim *c, struct arena *a,
                   struct pick_proofs *ret, struct err *e) WARN_UNUSED;

#endif
