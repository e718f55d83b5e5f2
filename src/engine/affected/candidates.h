/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_CANDIDATES_H
#define VULNDESK_ENGINE_AFFECTED_CANDIDATES_H

#include "engine/affected/fixes.h"

/*
 * Where the flaw may have come in, when nobody said: sets of affected tags with their reasons, best
 * first, each different from the others in a tag that counts.
 */
#define CANDIDATES_MAX 5

struct candidate {
    struct tagset affected; /* holds the flaw and not the fix */
    struct tagset unknown;  /* tags that cannot be decided */
    struct evidence *why;
    size_t n_why;
    double score;           /* falls from one to the next */
    const char *confidence; /* high, medium, low */
};

/* At most CANDIDATES_MAX into ret; they live in the arena. */
enum rc candidates_find(struct history *h, const struct question *q, const struct fixes *f,
                        struct arena *a, struct candidate ret[CANDIDATES_MAX], size_t *ret_n,
                        struct err *e) WARN_UNUSED;

#endif
