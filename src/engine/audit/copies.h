/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_COPIES_H
#define VULNDESK_ENGINE_AUDIT_COPIES_H

#include "engine/audit/question.h"
#include "engine/audit/vendor.h"

/*
 * The copies of other software (vendor.h, vendor_sister.h) in the trees of a question; its other
 * repositories are the sisters.  What was found is kept in the cache of the repository until the
 * tree or a tag of a sister is another one, and is the same with and without it.
 */
#define COPIES_SISTERS_MAX 16         /* more repositories are not compared with each other */
#define COPIES_CACHE_MAX   (8u << 20) /* bytes of a kept answer */

struct copies {
    struct repos *rs;
    const struct audit_question *q;
    struct arena *a;
    struct vendor *of; /* of each tree of the question, when it was asked for */
    bool *known;
};

enum rc copies_init(struct repos *rs, const struct audit_question *q, struct arena *a,
                    struct copies *ret, struct err *e) WARN_UNUSED;

/* Those in one tree, by its number.  What goes wrong is a note of it, with no copies. */
const struct vendor *copies_of(struct copies *c, size_t tree);

/* What the repository is called: as its origin is, else as it was named. */
struct str copies_repo_name(struct repos *rs, size_t repo, struct arena *a);

#endif
