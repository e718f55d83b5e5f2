/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_WALK_H
#define VULNDESK_ENGINE_BACKPORT_WALK_H

#include "engine/backport/store.h"

/*
 * Which files differ between two trees, and what a third one has at their paths.  Only folders
 * whose ids differ are opened.
 */
#define WALK_FILES_MAX 50000u

struct walk_file {
    struct str path; /* any bytes but NUL; in the arena */
    struct bp_side old, new, other;
    bool lost;  /* a folder on the way that the old tree has and the other lacks */
    bool clash; /* the other tree has a folder here, or a file on the way */
};
struct walk {
    struct walk_file *v; /* in the arena, ordered by path (walk_path_cmp) */
    size_t n;
    bool folder_gone; /* the new tree lacks a folder that the old one has */
    bool clash;       /* of any file */
};
/* other: NULL = none.  RC_NOTFOUND, RC_INVALID as bp_tree; RC_LIMIT: WALK_FILES_MAX, BP_DEPTH_MAX,
 * GIT_PATH_MAX, the arena. */
enum rc walk_trees(struct bp_store *s, const char *old, const char *new, const char *other,
                   struct arena *a, struct walk *ret, struct err *e) WARN_UNUSED;

/* Paths in the order of their parts: what is in a folder stands together. */
int walk_path_cmp(struct str a, struct str b);
/* The file at a path; NULL when it does not differ. */
const struct walk_file *walk_find(const struct walk *w, struct str path);
/* The same object with the same mode, or nothing on both sides. */
bool bp_side_same(const struct bp_side *a, const struct bp_side *b);

#endif
