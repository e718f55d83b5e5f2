/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_WHOLE_H
#define VULNDESK_ENGINE_AUDIT_WHOLE_H

#include "engine/audit/question.h"
#include "engine/engine.h"

/*
 * A question about similar code answered, as JSON.
 *
 * The short form is that of a batch (formats.md): {"hits": [{"repo"?, "path", "start", "end",
 * "line", "score", "matched", "missing", "branches"}], "not_searched": [{"repo"?, "path", "why"}]}.
 *
 * The whole one is what --json and the job print, and what the page of a case and the desk read
 * (engine/audit/record.h):
 *   "at"       [{"repo", "name", "commit"}]: the trees that were searched
 *   "seeds"    [{"fix"?, "path", "start", "end", "lines": [{"sign", "old"?, "new"?, "text"}]}]
 *   "hits"     as above and "places": [{"repo"?, "branch", "path", "line"}], "chunk",
 *              "line_in": lines from the piece's first one,
 *              "function"?, "fixed", "lang", "code": {"start", "lines"}, "marks": [{"line",
 *              "words"}], "vendored"?: {"name", "version", "how"}
 *   "limit", "cut", "dial": [{"cut", "recall", "places"}]
 *   "searched" {"repositories", "branches", "files", "lines", "chunks", "bytes"}
 *   "not_searched", "not_searched_more": N, "vendored", "rules", "notes"
 * "repo" stands where several repositories were searched and it is not the first.
 */
#define AUDIT_CODE_AROUND 12   /* lines of code before and after a place */
#define AUDIT_CUT_MOST    1000 /* the highest cut */

/* "0.35" */
enum rc audit_cut_parse(struct str text, double *ret_cut, struct err *e) WARN_UNUSED;

/* Indexes what the question needs and is not indexed yet: it takes long once. */
enum rc audit_prepare(struct repos *rs, const struct audit_question *q, struct err *e) WARN_UNUSED;

enum rc audit_short_json(struct repos *rs, const struct audit_question *q, struct arena *a,
                         json_t **ret_j, struct err *e) WARN_UNUSED;
enum rc audit_json(struct repos *rs, const struct audit_question *q, struct arena *a,
                   json_t **ret_j, struct err *e) WARN_UNUSED;

/*
 * The engine job.  args {"nth": any value, which is in the answer again}, input {"question":
 * (question.h)}.  The other repositories of the job are searched too.  Needs a mirror; the scratch
 * folder is a kept one and holds the cache.
 */
enum rc engine_audit(const struct engine_job *j, json_t **ret_answer, struct err *e) WARN_UNUSED;

#endif
