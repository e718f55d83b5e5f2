/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_TASK_H
#define VULNDESK_STORE_TASK_H

#include "base/arena.h"
#include "store/db.h"

/*
 * Work to do later, by any core: intake, acknowledgements, outgoing mail, clocks, engine jobs.  A
 * task is claimed with a lease in database time; each lease raises `attempt`, and every write that
 * ends a lease names the attempt it holds: whoever lost the lease meanwhile gets RC_CONFLICT and
 * must drop what it did.  A lease that runs out counts as a failure.  Failures are tried again
 * after a growing wait and parked for a person after TASK_PATIENCE times, or as often as
 * the task says.
 */
#define TASK_KIND_MAX       32  /* bytes */
#define TASK_KEY_MAX        200 /* bytes */
#define TASK_ARG_MAX        (64 * 1024)
#define TASK_FAIR_MAX       320                 /* bytes */
#define TASK_ERROR_MAX      500                 /* bytes kept of a reason */
#define TASK_CLAIM_MAX      64                  /* tasks of one claim */
#define TASK_PATIENCE       10                  /* failures, then parked */
#define TASK_BACKOFF_US     INT64_C(2000000)    /* first wait, doubled with each failure */
#define TASK_BACKOFF_MAX_US INT64_C(3600000000) /* longest wait */

enum task_lane { LANE_ACKNOWLEDGE, LANE_MAIL, LANE_CLOCKS, LANE_ENGINES, LANE_COUNT };

struct task_new {
    const char *kind;
    struct str key; /* idempotency: KIND:WHAT */
    enum task_lane lane;
    int64_t subject; /* id of the row it is about, 0 = none */
    struct str arg;
    struct str fair; /* sender; those without one are together one sender */
    int64_t due_us;  /* 0 = now */
    int patience;    /* failures until it is parked, 0 = TASK_PATIENCE */
    bool again;      /* a done one of this key is to be done again */
};
/* Idempotent by key: a task that exists already stays as it is.  ret_added may be NULL.  In the
 * caller's transaction. */
enum rc task_add(struct db *db, const struct task_new *t, bool *ret_added, struct err *e)
    WARN_UNUSED;

struct task {
    int64_t id, attempt, failures, patience, subject, due_us, lease_us;
    enum task_lane lane;
    struct str kind, key, arg, fair, state, error;
};

/*
 * Claims up to max due tasks, lane by lane; within a lane first the oldest of each sender, then the
 * oldest whoever sent them.  Tasks of other kinds than `kinds` (NULL = all; a NULL-terminated list)
 * are left alone.  Not inside a transaction (RC_INTERNAL): it makes its own (PostgreSQL: READ
 * COMMITTED with SKIP LOCKED, so that cores do not wait for each other).  Texts are in the arena.
 */
struct task_claim {
    int max; /* 1..TASK_CLAIM_MAX */
    int64_t lease_us;
    const char *const *kinds;
};
enum rc task_claim(struct db *db, struct arena *a, const struct task_claim *c, struct task **ret_t,
                   int *ret_n, struct err *e) WARN_UNUSED;

/* Each inside the transaction of the work's result (or alone); RC_CONFLICT, spoiling nothing, when
 * the lease was lost. */
enum rc task_done(struct db *db, int64_t id, int64_t attempt, struct err *e) WARN_UNUSED;
/* Tried again after the wait, or parked when it failed too often: then *ret_parked. why is a
 * message without case content. */
enum rc task_fail(struct db *db, int64_t id, int64_t attempt, const char *why, bool *ret_parked,
                  struct err *e) WARN_UNUSED;
/* Put back without counting a failure: somebody else was not ready. */
enum rc task_later(struct db *db, int64_t id, int64_t attempt, int64_t due_us, struct err *e)
    WARN_UNUSED;
enum rc task_park(struct db *db, int64_t id, int64_t attempt, const char *why, struct err *e)
    WARN_UNUSED;
/* Still working: the lease ends lease_us from now. */
enum rc task_renew(struct db *db, int64_t id, int64_t attempt, int64_t lease_us, struct err *e)
    WARN_UNUSED;

/* A person's decision: a parked task starts anew. RC_CONFLICT: not parked. */
enum rc task_unpark(struct db *db, int64_t id, struct err *e) WARN_UNUSED;
/* Or it is dropped: done without having been done. RC_CONFLICT: not parked. */
enum rc task_drop(struct db *db, int64_t id, struct err *e) WARN_UNUSED;
/* Whoever ordered it does not want it any more: a ready task becomes done; hurry: a ready one is
 * due now.  A task in any other state, or none, stays as it is. */
enum rc task_cancel(struct db *db, struct str key, struct err *e) WARN_UNUSED;
enum rc task_hurry(struct db *db, struct str key, struct err *e) WARN_UNUSED;
enum rc task_get(struct db *db, struct arena *a, struct str key, struct task *ret_t, struct err *e)
    WARN_UNUSED;
enum rc task_by_id(struct db *db, struct arena *a, int64_t id, struct task *ret_t, struct err *e)
    WARN_UNUSED;
/* Parked tasks, oldest first. */
enum rc task_parked(struct db *db, struct arena *a, int max, struct task **ret_t, int *ret_n,
                    struct err *e) WARN_UNUSED;
struct task_counts {
    int64_t ready, due, leased, parked; /* due: ready and due now */
};
enum rc task_count(struct db *db, struct task_counts *ret_c, struct err *e) WARN_UNUSED;
/* Forgets done tasks that were created before then, at most max of them; housekeeping. */
enum rc task_sweep(struct db *db, int64_t before_us, int max, int64_t *ret_n, struct err *e)
    WARN_UNUSED;

#endif
