/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_FIXES_H
#define VULNDESK_ENGINE_AFFECTED_FIXES_H

#include "engine/affected/question.h"

/*
 * Which tags hold the fix.  A group is in a tag when one of its commits is, or a copy of one on
 * another branch (engine/affected/equiv.h), or its very lines (engine/affected/present.h); the fix
 * is when all groups are.  A revert takes away what lies before it on its line: it cancels the
 * commits that it contains in the tags that contain it, and what brings the fix back counts anew.
 *
 * The content is looked at too for every tag that counts.  It decides by itself only where the
 * history says nothing and the proof is good; a tag where history and content disagree is flagged.
 */
#define FIXES_BASES 4    /* commits of a group whose lines are looked for in the files */
#define FIXES_SURE  0.75 /* weight of a copy that content does not outvote */

struct equivalent {
    uint32_t commit, of; /* the copy, and the commit of the group */
    const char *rule;    /* constant word: engine/affected/equiv_rules.c, "revert" */
    struct str why;
    double weight; /* 0..1; below EQUIV_WEIGHT_MIN it does not count and is only shown */
};

struct fix_found { /* of a group */
    struct tagset fixed;
    struct equivalent *equivalents; /* highest weight first */
    size_t n_equivalents;
    struct equivalent *reverts; /* of the commits of the group or of their copies */
    size_t n_reverts;
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
