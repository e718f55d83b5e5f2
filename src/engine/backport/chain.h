/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_CHAIN_H
#define VULNDESK_ENGINE_BACKPORT_CHAIN_H

#include "engine/backport/question.h"

/*
 * The chain from the newest line to the oldest: the backport of a neighbour lies nearer to a line
 * than the fix on the main branch does, so conflicts that were settled once need not be settled
 * again.
 */
struct port_source {
    struct str onto; /* name of its line */
    struct port_change change;
};

/* The indices of the lines, newest first when all names carry a version ("7.2", "release/1.10"),
 * else as they were asked for.  order: room for q->n_onto. */
void chain_order(const struct port_question *q, size_t *order);

/* The sources for a line, nearest newer line first, older ones behind; its own is left out. order:
 * room for n. Returns how many. */
size_t chain_sources(struct str onto, const struct port_source *sources, size_t n,
                     const struct port_source **order);

#endif
