/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_PAST_MEMORY_H
#define VULNDESK_ENGINE_BACKPORT_PAST_MEMORY_H

#include "engine/affected/change.h"
#include "engine/backport/past_log.h"
#include "engine/backport/store.h"

/*
 * The commits that questions about the past have read, kept for the next ones: the questions of a
 * batch go over the same stretch of history.  Parts of past.c; nobody else includes it.
 */
#define PAST_MEMORY_MAX (UINT64_C(256) << 20) /* bytes; then all is forgotten */
#define PAST_READ_MAX   4000                  /* commits read one by one for a question */
#define PAST_TEXT_MAX   (4u << 20)            /* bytes of a file that is compared here */
#define PAST_TEXTS_MAX  (64u << 20)           /* and of all of a question */

/* Before a question: nothing of the memory is borrowed by anyone. */
void past_memory_trim(struct past_memory *m);
struct bp_store *past_memory_store(struct past_memory *m);

/*
 * The entries of past_log_read in git's own order (log --topo-order --reverse --max-age), as far as
 * they can be had commit by commit.  False: the history is too long for that, or not whole here;
 * git is to be asked then.  ret_v and ret_parents are the caller's to free; what they hold lives as
 * long as the memory is not trimmed.
 */
bool past_memory_walk(struct past_memory *m, const struct past_ask *ask, int64_t since_s,
                      struct past_log *ret, struct str **ret_parents);

/* The tree of a commit and that of its first parent; RC_NOTFOUND as objects_read. */
enum rc past_memory_trees(struct past_memory *m, struct str commit, char ret_base[GIT_OID_HEX + 1],
                          char ret_tree[GIT_OID_HEX + 1], struct err *e) WARN_UNUSED;

struct past_compared {
    bool touched; /* one of the paths differs */
    bool sure;    /* change is what change_make makes of git's diff, but for the patch-id */
    struct change change;
};
/*
 * What a commit changed at some paths.  The lines of a change whose moves are cancelled are the
 * difference of two bags of lines: no diff is needed for them.  budget: bytes of text that may yet
 * be read; without them it is not sure.
 */
enum rc past_compare(struct past_memory *m, struct str commit, const struct str *paths, size_t n,
                     size_t *budget, struct arena *a, struct past_compared *ret, struct err *e)
    WARN_UNUSED;

#endif
