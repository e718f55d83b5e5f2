/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_STEP_H
#define VULNDESK_ENGINE_BACKPORT_STEP_H

#include "engine/backport/ladder.h"
#include "engine/backport/oblige.h"
#include "engine/backport/question.h"
#include "engine/backport/record.h"
#include "engine/backport/work.h"

/*
 * One change carried to one tree: the pick, the ladder where texts conflict, files that the release
 * has elsewhere or not at all, and the verdict that follows.
 */
#define STEP_RULES_MAX      64
#define STEP_CANDIDATES_MAX 8
#define STEP_LEFT_MAX       2000

struct step_file {
    struct bp_file f;
    const struct ladder_out *ladder; /* NULL: it did not get there */
    enum port_state state;
    const char *rule; /* of a file as a whole: "absent-test", "reloc" ...; "" none */
    struct str why;
};
struct step_rules {
    const char *v[STEP_RULES_MAX];
    size_t n;
};
struct step_candidate {
    char tree[GIT_OID_HEX + 1];
    struct str source; /* "fix", or the line whose backport was picked */
    struct step_rules rules;
    struct str why;
};
struct step {
    enum port_verdict verdict;
    struct str why;
    struct str source;
    char tree[GIT_OID_HEX + 1]; /* of the candidate; "" when there is none */
    struct step_file *files;
    size_t n;
    struct step_rules rules;
    struct obligations duties; /* of the candidate */
    struct pick_proofs proofs; /* O7 */
    struct step_rules demoted; /* ids of obligations that took the verdict down */
    /* The whole trees that a person may choose from, the candidate first; for a person alone, with
     * open places as in the release. */
    struct step_candidate candidates[STEP_CANDIDATES_MAX];
    size_t n_candidates;
};

void step_rule(struct step_rules *r, const char *name);
/* All of a file: its own and those of its places. */
void step_file_rules(struct step_rules *r, const struct step_file *f);
/* What the ladder says of a place, in the words of the answer. */
enum port_state step_state(enum ladder_state s);

/* source: a word for the change (struct step.source). Lives in the arena.  RC_NOTFOUND: an object
 * is missing, the history is incomplete. */
enum rc step_run(struct work *w, const struct port_change *c, struct str source,
                 const char *release, struct arena *a, struct step *ret, struct err *e) WARN_UNUSED;

#endif
