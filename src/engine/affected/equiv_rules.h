/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_EQUIV_RULES_H
#define VULNDESK_ENGINE_AFFECTED_EQUIV_RULES_H

#include "base/arena.h"

/*
 * The rules by which a commit counts as a copy of another: what is known of the pair, and what
 * follows.  Pure.  The measured shares are in bench/README.md.
 */
struct equiv_facts {
    bool copy;         /* one names the other as its source, or both the same third */
    bool copy_part;    /* the same, but a part of it */
    bool patch_id;     /* equal, and the whole patch was compared */
    bool subject;      /* same normalised subject */
    bool own_subject;  /* that no other commit of the given one's line has, and not a short one */
    bool author, date; /* same author; same author's date to the second */
    bool file;         /* a code file of the same name */
    bool vuln, pull;   /* both name the same vulnerability; pull request */
    size_t common, given, other; /* lines: in both, of the given commit, of the other */
    size_t more_files;           /* code files of the other one that the given one does not have */
};
struct equiv_verdict {
    const char *rule; /* NULL: no copy */
    double weight;
};

#define EQUIV_SHARE      0.6 /* of both sides' lines */
#define EQUIV_SHARE_SOME 0.3 /* of the given one's, when something else speaks for it */
#define EQUIV_HELD       0.9 /* of the given one's, in a larger commit */
#define EQUIV_HELD_LINES 4   /* and at least so many lines */
#define EQUIV_FEW_LINES  3   /* with fewer lines all must be the same */

struct equiv_verdict equiv_judge(const struct equiv_facts *f);
/* The sentence for a verdict. */
struct str equiv_why(const struct equiv_facts *f, const struct equiv_verdict *v, struct arena *a);

#endif
