/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_LINES_H
#define VULNDESK_ENGINE_BACKPORT_LINES_H

#include "engine/engine.h"

/*
 * Which lines a repository has: its branches, its release series (engine/affected/order.h) and its
 * releases, for the register of lines (desk/lines.h) to be filled from and checked against.  No
 * history is walked: it takes as long as the list of refs.
 *
 * The job: args {"nth": any value, "pattern": of the release tags, "" = learnt}; the answer
 *   {"nth", "branches": [{"name", "commit", "at"}],
 *    "series": [{"name", "pattern", "newest", "commit", "at", "releases"}], newest first,
 *    "releases": [{"name", "commit"}], oldest first, "left_out": N}
 * A series' pattern fits its releases alone; names that are no clean text are left out and counted.
 */
#define LINES_BRANCHES_MAX 20000
#define LINES_RELEASES_MAX 100000
#define LINES_MEMORY       (UINT64_C(512) << 20)

enum rc engine_lines(const struct engine_job *j, json_t **ret_answer, struct err *e) WARN_UNUSED;

#endif
