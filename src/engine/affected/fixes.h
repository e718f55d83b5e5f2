/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_FIXES_H
#define VULNDESK_ENGINE_AFFECTED_FIXES_H

#include "engine/affected/question.h"

/*
 * Which tags hold the fix.  A group is in a tag when one of its commits is, or an equivalent of one
 * (a copy on another branch); the fix is when all groups are.
 */
struct equivalent {
    uint32_t commit, of; /* the copy, and the commit of the group */
    const char *rule;    /* constant word: "patch-id", "named", ... */
    struct str why;
    double weight; /* 0..1 */
};

struct fix_found { /* of a group */
    struct tagset fixed;
    struct equivalent *equivalents;
    size_t n_equivalents;
};

struct fixes {
    struct fix_found *groups;
    size_t n_groups;
    struct tagset fixed;   /* all groups */
    struct tagset part;    /* some groups, not all */
    struct tagset unknown; /* cannot be decided: something is missing */
    struct tagset flagged; /* graph and content disagree */
    struct evidence *why;  /* of each tag of fixed, part, unknown and flagged; n_tags */
};

/* ret lives in the arena. */
enum rc fixes_find(struct history *h, const struct question *q, struct arena *a, struct fixes *ret,
                   struct err *e) WARN_UNUSED;

#endif
