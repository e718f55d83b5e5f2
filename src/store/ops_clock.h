/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_CLOCK_H
#define VULNDESK_STORE_OPS_CLOCK_H

#include "base/arena.h"
#include "store/db.h"

/* Named operations on clocks; as ops_case.h. */
struct clock_row {
    int64_t id, case_id, thread_id, started_us, due_us, paused_us, met_us;
    struct str kind, source, state;
};
enum rc ops_clock_insert(struct db *db, const struct clock_row *c, int64_t *ret_id, struct err *e)
    WARN_UNUSED;
enum rc ops_clock_get(struct db *db, struct arena *a, int64_t id, struct clock_row *ret,
                      struct err *e) WARN_UNUSED;
/* All clocks of a case (thread_id 0) or of one thread, oldest first. */
enum rc ops_clock_list(struct db *db, struct arena *a, int64_t case_id, int64_t thread_id,
                       struct clock_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
/* All of the desk in that state. */
enum rc ops_clock_in_state(struct db *db, struct arena *a, struct str state, struct clock_row **ret,
                           size_t *ret_n, struct err *e) WARN_UNUSED;
/* due_us, paused_us, state, met_us of the row; RC_CONFLICT unless it still has `was`. */
enum rc ops_clock_update(struct db *db, const struct clock_row *c, struct str was, struct err *e)
    WARN_UNUSED;

#endif
