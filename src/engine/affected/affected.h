/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_AFFECTED_H
#define VULNDESK_ENGINE_AFFECTED_AFFECTED_H

#include "base/json.h"
#include "engine/affected/candidates.h"
#include "engine/affected/fixes.h"
#include "engine/affected/origins.h"
#include "engine/affected/question.h"

/*
 * Which releases a flaw is in: the question of engine/affected/question.h, answered tag by tag.
 *     unknown        something is missing that the answer needs
 *     affected       holds the flaw and not the whole fix
 *     fixed          holds the fix
 *     not affected   holds neither
 * With the introducing commits given the graph decides; else the candidates say, the first one is
 * the answer.
 */
enum aff_status { AFF_AFFECTED, AFF_FIXED, AFF_NOT_AFFECTED, AFF_UNKNOWN };
const char *aff_status_name(enum aff_status s); /* "not_affected" */

struct origin { /* of the flaw */
    uint32_t commit;
    char hex[GIT_OID_HEX + 1];
    struct str why;
    const char *confidence; /* exact, high, medium, low */
};

struct tag_answer {
    enum aff_status status;
    struct evidence why;
    const char *confidence;
};

struct answer {
    struct tagset affected, fixed, not_affected, unknown; /* parts of question.counts */
    struct tagset flagged;         /* to be looked at: history and content disagree, or a copy of an
                                    * introducing commit; of all tags */
    const struct tag_answer *tags; /* of all n_tags */
    struct origin *origins;
    size_t n_origins;
    struct fixes fixes;
    struct origins brought; /* when the introducing commits were given */
    struct candidate candidates[CANDIDATES_MAX];
    size_t n_candidates;
};

/* Makes what questions need once for a repository and takes long: the walk over the history and the
 * index of its commits.  Else the first question does. */
enum rc affected_prepare(struct history *h, struct err *e) WARN_UNUSED;

/* ret lives in the arena a, which must outlive it; the history's own grows by rows of reach. */
enum rc affected_answer(struct history *h, const struct question *q, struct arena *a,
                        struct answer *ret, struct err *e) WARN_UNUSED;

/* {"rule","commit"?,of?,"why"?,"path"?,"line"?,"blob"?}; of: the key for what the commit is a copy
 * of. */
json_t *evidence_json(const struct history *h, const struct evidence *v, const char *of);
/* The object of a batch, without "id" and "ms". The whole document: engine/affected/whole.h. */
json_t *affected_short_json(const struct history *h, const struct question *q,
                            const struct answer *w);

#endif
