/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_WHOLE_H
#define VULNDESK_ENGINE_BACKPORT_WHOLE_H

#include "engine/backport/answer.h"
#include "engine/engine.h"

/*
 * A question about backports answered, as JSON.
 *
 * The short form is that of a batch (formats.md), one object for each line: {"onto", "verdict",
 * "tree"?, "rules", "obligations", "demoted"?, "left_out", "candidates": [{"tree", "source",
 * "rules", "why"}], "tests": "not-run", "why", "ms"}.
 *
 * The whole one is what --json and the job print, and what the page of a case and the desk read
 * (engine/backport/record.h has its members): {"fix": [], "lines": [], "notes": []}.
 */
#define PORT_AROUND 3 /* lines of context in a diff */

/* A new list of such objects. */
enum rc port_short_json(struct work *w, const struct port_question *q, struct arena *a,
                        json_t **ret_list, struct err *e) WARN_UNUSED;
enum rc port_json(struct work *w, const struct port_question *q, struct arena *a, json_t **ret_j,
                  struct err *e) WARN_UNUSED;

/*
 * The engine job.  args {"nth": any value, which is in the answer again, "case": N}, input
 * {"question": (question.h)}.  Needs a mirror; the scratch folder is a kept one of all cases, in
 * which "case-N/objects" holds the objects of this case's candidates (port_case_objects).
 */
enum rc engine_backport(const struct engine_job *j, json_t **ret_answer, struct err *e) WARN_UNUSED;

/* The object folder of a case in the kept folder of these jobs; it lives in the arena. */
enum rc port_case_objects(const char *scratch, const json_t *args, struct arena *a,
                          const char **ret_dir, struct err *e) WARN_UNUSED;
/* The repository opened for a job, with that folder. */
enum rc port_job_open(const struct engine_job *j, struct arena *a, struct work **ret_w,
                      struct err *e) WARN_UNUSED;
/* One line of the whole form, of an answer that was made elsewhere (edit.h). */
enum rc port_line_json(struct work *w, const struct port_question *q, struct port_answer *v,
                       struct arena *a, json_t **ret_line, struct err *e) WARN_UNUSED;

#endif
