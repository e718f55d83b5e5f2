/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_ORIGINS_H
#define VULNDESK_ENGINE_AFFECTED_ORIGINS_H

#include "engine/affected/question.h"
#include "engine/affected/table.h"

/*
 * Which tags hold the flaw, when the commits that brought it are known: those that contain one of
 * them, by the history alone.  A later commit that says it reverts it, and touches all of its
 * files, takes the flaw out again of the tags that contain it; one that says it reverts that, or
 * has the first one's subject, brings it back.  A tag that does not contain the commit but one that
 * says it is a copy of it is only pointed at: whether the copy brought the flaw too depends on what
 * was around it.
 */
struct origins {
    struct tagset in;
    struct tagset hidden;   /* cannot be decided: something is missing */
    struct tagset reverted; /* held it, does no more */
    struct tagset copies;   /* not in, but hold a copy */
    struct evidence *why;   /* of the tags of in, reverted and copies; n_tags */
};

/* ret lives in the arena. */
enum rc origins_find(struct history *h, const struct question *q, struct arena *a,
                     struct origins *ret, struct err *e) WARN_UNUSED;

#endif
