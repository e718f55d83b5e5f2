/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_ANSWER_H
#define VULNDESK_ENGINE_BACKPORT_ANSWER_H

#include "engine/backport/past.h"
#include "engine/backport/step.h"

/*
 * The answer for one release line.  What the line's history says comes first; then the fix itself
 * is carried over, and where it conflicts the finished backports of neighbouring lines are, each a
 * change of its own; what applies without a conflict wins.
 */
#define ANSWER_CANDIDATES_MAX 8

struct port_answer {
    const struct port_onto *onto;
    enum port_verdict verdict;
    struct str why, source;
    char tree[GIT_OID_HEX + 1];   /* "": no candidate */
    char commit[GIT_OID_HEX + 1]; /* of the candidate, "": none was made */
    struct step *steps; /* of each commit of the fix, or the one that was picked instead */
    size_t n_steps;
    struct step_rules rules;
    struct step_candidate *candidates;
    size_t n_candidates;
    struct step_rules demoted;          /* ids of obligations that took the verdict down */
    struct past_already *already;       /* rule "": the tree says so; NULL: it does not have it */
    const struct past_affected *absent; /* of each commit of the fix, when it is not affected */
    size_t n_absent;
    int64_t us; /* that it took */
};

/*
 * All lines of a question, in its order, or newest first where their names tell (chain.c). Lives in
 * the arena.  A line that cannot be answered because objects are missing needs a person, and says
 * what is missing.
 */
enum rc port_answer_all(struct work *w, const struct port_question *q, struct arena *a,
                        struct port_answer **ret_v, struct err *e) WARN_UNUSED;

#endif
