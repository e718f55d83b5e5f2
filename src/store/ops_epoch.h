/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_EPOCH_H
#define VULNDESK_STORE_OPS_EPOCH_H

#include "base/arena.h"
#include "store/db.h"

/* Named operations of a new epoch (desk/epoch.h); as ops_case.h. */

/* Sets a fact about the desk (table meta), new or not. */
enum rc ops_meta_put(struct db *db, struct str key, struct str value, struct err *e) WARN_UNUSED;
/* Sessions and sign-in links, all of them. */
enum rc ops_epoch_sign_out(struct db *db, struct err *e) WARN_UNUSED;
/* Tasks of what is found again (the spool, clocks) go; the others that are not done are parked,
 * with that reason, and counted, but for those that only work inside (index, compact, blob-drop,
 * policy-commit, affected, affected-part, audit, lines, backport, backport-edit,
 * backport-tests, backport-forget).  A reproducer and a release are parked: a person decides what
 * runs and what is given out.
 */
enum rc ops_epoch_park_tasks(struct db *db, struct str why, int64_t *ret_n, struct err *e)
    WARN_UNUSED;
/* Mails that were not known to be sent or failed are parked, and counted. */
enum rc ops_epoch_park_outbox(struct db *db, int64_t *ret_n, struct err *e) WARN_UNUSED;
/* A task that is ready is parked instead. */
enum rc ops_task_hold(struct db *db, struct str key, struct str why, struct err *e) WARN_UNUSED;

#endif
