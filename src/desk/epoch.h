/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_EPOCH_H
#define VULNDESK_DESK_EPOCH_H

#include "desk/desk.h"

/*
 * A restored database knows only what had been done when the backup was made: what it would send
 * may have been sent, a reporter whose clock it runs may have been answered.  So a restore begins a
 * new epoch, in which everything that would go out by itself waits for a person:
 *
 * - mails of the outbox that are not known to be sent, acknowledgements still to be made and every
 *   other task are parked; what was sent is never sent again;
 * - running clocks wait (state "waiting");
 * - acknowledgements of what lay in the restored spool are parked when it is taken in;
 * - sessions and sign-in links end; reporters' ways back stay valid.
 *
 * The chains go on; chain 0 has the event desk.restored with the number of the epoch.
 */
struct epoch_result {
    int64_t epoch, mails, tasks, clocks; /* how many wait; tasks without those of the mails */
};
/* made_us: when the backup was made.  Own transaction. */
enum rc epoch_begin(struct desk *d, const struct actor *who, int64_t made_us,
                    struct epoch_result *ret, struct err *e) WARN_UNUSED;

/* In the caller's transaction: parks this task when it answers something that was received before
 * the restore. */
enum rc epoch_hold_task(struct desk *d, struct str key, int64_t received_us, struct err *e)
    WARN_UNUSED;

/* What waits for a person, after a restore or because it failed too often. */
#define WAITING_MAX 500 /* of one list; the oldest */
struct waiting {
    int64_t task, case_id, outbox, since_us; /* case_id, outbox: 0 = none */
    struct str kind;                         /* of the task */
    struct str mail;                         /* kind of mail, '' = none */
    struct str number, to, why;
};
enum rc waiting_list(struct desk *d, const struct actor *who, struct arena *a, struct waiting **ret,
                     size_t *ret_n, struct err *e) WARN_UNUSED;
/* A person's decision: it is done, or it never will be.  RC_CONFLICT: it does not wait. */
enum rc waiting_send(struct desk *d, const struct actor *who, int64_t task, struct err *e)
    WARN_UNUSED;
enum rc waiting_drop(struct desk *d, const struct actor *who, int64_t task, struct str reason,
                     struct err *e) WARN_UNUSED;
/* Clocks that wait go on. */
enum rc waiting_clocks(struct desk *d, const struct actor *who, int64_t *ret_n, struct err *e)
    WARN_UNUSED;

#endif
