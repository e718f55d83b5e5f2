/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_RUNS_H
#define VULNDESK_ENGINE_BACKPORT_RUNS_H

#include "base/arena.h"
#include "base/json.h"

/*
 * What the two jobs that run things in the sandbox (engine/run/) are asked, and what they answer
 * read back from JSON: names and numbers that a stranger's program wrote, checked as such.
 *
 * The forms are those of engine/run/jobs.h.  The logs of all runs become one.
 */
#define RUNS_NAMES_MAX 200 /* of each list */
#define RUNS_NAME_MAX  512
#define RUNS_WHY_MAX   4096
#define RUNS_ROWS_MAX  8192
#define RUNS_TREES_MAX 200         /* that are asked for */
#define RUNS_TAGS_MAX  4000        /* to be bisected */
#define RUNS_LOG_MAX   (4u << 20)  /* bytes */
#define RUNS_ARENA     (16u << 20) /* enough for the largest */

struct runs_names {
    struct str *v;
    size_t n;
};
struct runs_side {
    bool built;
    int64_t seen, passed, failed, skipped, ms;
};
struct runs_tests {
    struct str result, why, own, log;
    struct runs_side base, candidate;
    struct runs_names fresh, mended, missing, unsteady;
};
struct runs_row {
    struct str name, commit, result, why;
    bool line;
};
struct runs_matrix {
    struct runs_row *rows;
    size_t n_rows;
    struct str first_bad, last_good, why, log;
};

enum rc runs_tests_read(const json_t *j, struct arena *a, struct runs_tests *ret, struct err *e)
    WARN_UNUSED;
enum rc runs_matrix_read(const json_t *j, struct arena *a, struct runs_matrix *ret, struct err *e)
    WARN_UNUSED;

#endif
