/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_LINES_INSIDE_H
#define VULNDESK_DESK_LINES_INSIDE_H

#include "desk/inside.h"
#include "desk/job.h"
#include "desk/lines.h"
#include "store/ops_lines.h"

/* What the files about lines and job.c share. */

enum rc lines_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
    WARN_UNUSED;
enum rc lines_job_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
    WARN_UNUSED;
enum rc lines_job_progress(struct desk *d, int64_t subject, struct str what, int64_t *ret_case,
                           struct err *e) WARN_UNUSED;
enum rc lines_job_failed(struct desk *d, int64_t subject, struct str why, struct err *e)
    WARN_UNUSED;

/* The register as it counts now, maintained lines first, newest first.  While nobody has filled it,
 * the branches of the settings (id 0). */
enum rc lines_now(struct desk *d, struct arena *a, struct view_mline **ret, size_t *ret_n,
                  struct err *e) WARN_UNUSED;
/* Newest first: "main", "2.10", "2.9", "1.x": names without a number, then by their numbers
 * downwards; <0, 0, >0. */
int line_order(struct str x, struct str y);

/* What an answer says of the repository. */
struct seen_branch {
    struct str name, commit;
    int64_t at_us;
};
struct seen_series { /* of releases */
    struct str name, pattern, newest, commit;
    int64_t at_us, releases;
};
struct seen {
    struct seen_branch *branches;
    size_t n_branches;
    struct seen_series *series;
    size_t n_series;
    struct str *tags; /* names of releases, oldest first */
    struct str *tag_commits;
    size_t n_tags;
};
#define SEEN_BRANCHES 20000
#define SEEN_SERIES   2000
#define SEEN_TAGS     100000
enum rc seen_read(const json_t *j, struct arena *a, struct seen *ret, struct err *e) WARN_UNUSED;

/* What the three sources say should be in the register, and what is wrong with what is there; pure.
 * now: the rows as they are; *ret: those to be written, id 0 = new. */
struct fill {
    const struct seen *seen;
    const struct str_list *settings; /* [project] maintained */
    const struct policy *policy;     /* may be NULL */
    const struct line_row *now;
    size_t n_now;
    int64_t now_us;
};
enum rc lines_merge(struct arena *a, const struct fill *f, struct line_row **ret, size_t *ret_n,
                    struct err *e) WARN_UNUSED;

#endif
