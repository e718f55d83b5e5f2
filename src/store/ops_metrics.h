/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_METRICS_H
#define VULNDESK_STORE_OPS_METRICS_H

#include "base/arena.h"
#include "store/db.h"

/* Numbers for the metrics page; as ops_case.h.  Nothing here reads texts of a case. */
#define METRIC_LABELS_MAX 3
struct metric_row {
    struct str label[METRIC_LABELS_MAX]; /* of the family's names, in order */
    int64_t value;
};
enum metric_query {
    METRIC_MESSAGES, /* state */
    METRIC_CASES,    /* state (open closed erased), rm (letter of our own state) */
    METRIC_CLOCKS,   /* kind, state */
    METRIC_OVERDUE,  /* (none): running clocks whose time has come */
    METRIC_TASKS,    /* kind, state; done ones are left out */
    METRIC_TASK_AGE, /* kind: microseconds since the oldest one that is ready became due */
    METRIC_OUTBOX,   /* kind, state */
    METRIC_DOUBLES,  /* (none) */
    METRIC_BLOBS,    /* (none) */
    METRIC_EVENTS,   /* (none) */
    METRIC_DB_BYTES, /* (none) */
    METRIC_SESSIONS, /* (none): of the team, still good */
    METRIC_QUERIES
};
enum rc ops_metric(struct db *db, struct arena *a, enum metric_query q, struct metric_row **ret,
                   size_t *ret_n, struct err *e) WARN_UNUSED;

#endif
