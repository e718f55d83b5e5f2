/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_THROTTLE_H
#define VULNDESK_STORE_OPS_THROTTLE_H

#include "store/db.h"

/* Named operations on what one key did within a window of time; the rules are in desk/throttle.h.
 */
struct throttle_row {
    int64_t from_us, count; /* begin of the window, how often since */
};
/* One more; a window that began more than window_us before now_us (or after it: the clock was set
 * back) is begun anew.  One statement, so that several cores count together. */
enum rc ops_throttle_add(struct db *db, struct str what, struct str key, int64_t now_us,
                         int64_t window_us, struct throttle_row *ret, struct err *e) WARN_UNUSED;
/* RC_NOTFOUND: nothing was counted yet. */
enum rc ops_throttle_get(struct db *db, struct str what, struct str key, struct throttle_row *ret,
                         struct err *e) WARN_UNUSED;
enum rc ops_throttle_clear(struct db *db, struct str what, struct str key, struct err *e)
    WARN_UNUSED;
/* Forgets windows that began before then. */
enum rc ops_throttle_sweep(struct db *db, int64_t before_us, int64_t *ret_n, struct err *e)
    WARN_UNUSED;

#endif
