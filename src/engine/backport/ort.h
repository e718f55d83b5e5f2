/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_ORT_H
#define VULNDESK_ENGINE_BACKPORT_ORT_H

#include "engine/backport/store.h"

/*
 * Merges by git itself: `git merge-tree --write-tree --stdin`, a child that stays, with its ort
 * strategy and its defaults.  Attributes (merge drivers, "binary", "union") and the repository's
 * configuration do not count.
 */
#define ORT_TIMEOUT_MS 120000 /* git may think that long about one merge */
#define ORT_QUESTIONS  2000   /* then git starts anew: what it read stays in its memory */
#define ORT_ANSWER_MAX (64u << 20)
#define ORT_FILES_MAX  50000u /* files of one question */

struct ort;
enum rc ort_open(struct bp_store *s, struct ort **ret_o, struct err *e) WARN_UNUSED;
void ort_close(struct ort *o); /* NULL is fine */
void ort_auto(struct ort **o);

/* One file that is merged on three sides. A side with mode 0 has no such file. */
struct ort_file {
    uint32_t base_mode, fix_mode, release_mode;
    const char *base, *fix, *release; /* full hex ids */
    bool clean;                       /* out */
    uint32_t mode;                    /* out: what git made of it, 0: removed; with clean only */
    char oid[GIT_OID_HEX + 1];
};
/*
 * The files alone, one by one: no renames.  The same answer as that of a merge of the whole trees
 * when the file has this name on all sides.  keep: blobs that git made go to the results (bp_keep).
 * RC_NOTFOUND: an object is missing or damaged, the history is incomplete; RC_TIMEOUT; RC_LIMIT.
 */
enum rc ort_files(struct ort *o, struct ort_file *v, size_t n, bool keep, struct err *e)
    WARN_UNUSED;

/* A merge of whole trees, with renames of files and folders. */
struct ort_merge {
    bool clean;
    char tree[GIT_OID_HEX + 1];  /* with markers in it when it is not clean; a throw-away object */
    const struct str *conflicts; /* paths, in order, in the arena */
    size_t n;
};
enum rc ort_trees(struct ort *o, const char *base, const char *fix, const char *release,
                  struct arena *a, struct ort_merge *ret, struct err *e) WARN_UNUSED;

#endif
