/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_PROPOSE_H
#define VULNDESK_ENGINE_AFFECTED_PROPOSE_H

#include "engine/affected/rank.h"

/*
 * The proposals of all clues about a fix, not ranked yet: traced lines, what releases hold, since
 * the beginning.
 */
enum rc propose(struct history *h, const struct question *q, const struct fixes *f, struct arena *a,
                struct proposals *ret, struct err *e) WARN_UNUSED;

#endif
