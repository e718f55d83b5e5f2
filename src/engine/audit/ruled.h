/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_RULED_H
#define VULNDESK_ENGINE_AUDIT_RULED_H

#include "engine/audit/rules.h"
#include "engine/audit/search.h"

/*
 * The structural rules of a question, run over the files of a search.  What a rule found is on the
 * same list as what is alike: a place that both found has the rule's name; one that only a rule
 * found is added.  Either has the score 1, for a person asked for just that.
 */
struct ruled {
    struct rule_told *told; /* of each rule of the question, all repositories together */
    size_t *hits;           /* of each rule: places on the list */
};

/* s->hits grow up to most; lists live in the arena. */
enum rc rules_search(struct repos *rs, const struct audit_question *q, size_t most, struct arena *a,
                     struct search *s, struct ruled *ret_r, struct err *e) WARN_UNUSED;

#endif
