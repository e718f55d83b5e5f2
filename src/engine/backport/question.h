/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_QUESTION_H
#define VULNDESK_ENGINE_BACKPORT_QUESTION_H

#include "base/json.h"
#include "engine/backport/store.h"

/* What is asked: which commits make up the fix, and on which release lines it is wanted. */
#define PORT_FIXES_MAX   64
#define PORT_ONTO_MAX    64
#define PORT_SETTLED_MAX 64

/* A change from one tree to another. */
struct port_change {
    char commit[GIT_OID_HEX + 1];
    char base[GIT_OID_HEX + 1], fix[GIT_OID_HEX + 1]; /* trees before and after it */
};
struct port_onto {
    struct str name; /* as it was asked for */
    char commit[GIT_OID_HEX + 1], tree[GIT_OID_HEX + 1];
};
/* The backport of another line, which a person finished. */
struct port_settled {
    struct str onto;
    struct port_change change;
};

struct port_question {
    struct port_change *fix; /* in the order in which they are picked */
    size_t n_fix;
    struct port_onto *onto;
    size_t n_onto;
    struct port_settled *settled;
    size_t n_settled;
};

/*
 * {"fix": REV or [REV, ...], "onto": REV or [REV, ...], "settled": [{"onto", "commit"}]?}; other
 * keys are ignored.  Lives in the arena.  RC_NOTFOUND, RC_CONFLICT: a revision is not there, or
 * ambiguous, or its objects are missing; RC_INVALID: a merge as a fix, or the question says
 * something else.
 */
enum rc port_question_of_json(struct bp_store *s, const json_t *j, struct arena *a,
                              struct port_question *ret_q, struct err *e) WARN_UNUSED;

#endif
