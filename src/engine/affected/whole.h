/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_WHOLE_H
#define VULNDESK_ENGINE_AFFECTED_WHOLE_H

#include "engine/affected/affected.h"
#include "engine/engine.h"

/*
 * The whole answer as one JSON document: what --json and the job print, and what the map, the page
 * of a case and an advisory read (engine/affected/record.h).
 *   "repository" {"head", "object_format"}, "question" {"fix", "introduced", "at"}
 *   "releases"   [{"tag", "commit", "date", "series", "counts", "status", "rule", "why",
 *                "evidence": [{"rule", "commit", "of", "why", "path", "line", "blob"}],
 *                "confidence", "flagged", "decided"}], in the order of versions
 *   "lanes"      [{"name", "releases": [tag], "tip": {"commit", "date", "status"}}]: release
 *                series, and branches with a tip
 *   "introduced" [{"commit", "date", "subject", "why", "confidence", "lane"}]
 *   "fixes"      [{"commit", "of", "reason", "date", "subject", "lane"}]: of: a copy of that one
 *   "reverts"    the same: of: it takes that one back
 *   "candidates" [{"affected": [tag], "differs": [tag], "why": [evidence], "score"}]; differs: the
 *                tags that it has and the first has not, and the other way round
 *   "missing", "notes": [text]; and the formats of engine/affected/formats.h
 */
#define WHOLE_BRANCHES 12  /* lanes of branches */
#define WHOLE_COMMITS  500 /* fixes and copies that are listed */
#define WHOLE_SUBJECT  300 /* bytes of a commit's subject */
#define WHOLE_MISSING  50  /* lines */

struct whole_options {
    const struct str *branches; /* maintained ones; none: those that hold what no release does */
    size_t n_branches;
};
enum rc affected_json(struct history *h, const struct question *q, const struct answer *w,
                      struct arena *a, const struct whole_options *o, json_t **ret_j, struct err *e)
    WARN_UNUSED;

/*
 * The engine job.  args {"pattern": text, "branches": [name], "nth": any value, which is in the
 * answer again}, input {"question": (question.h), "chosen": [tag] or null, "decided": {tag:
 * status}}: the candidate that a person chose replaces the affected tags, and decisions about
 * single tags what was found, in the ranges too.  Needs a mirror; the scratch folder is a kept one
 * and holds the cache.
 */
enum rc engine_affected(const struct engine_job *j, json_t **ret_answer, struct err *e) WARN_UNUSED;

#endif
