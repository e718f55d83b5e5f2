/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_ROUTE_H
#define VULNDESK_STORE_OPS_ROUTE_H

#include "base/arena.h"
#include "store/db.h"

/* Named operations on reports that belong to somebody else's software; as ops_case.h. */
struct route_row {
    int64_t id, case_id, participant_id, reporter_thread_id, account_id, created_us, changed_us;
    struct str component, maintainer, email, url, source, source_date, state;
    bool heard; /* the maintainer has written since */
};
enum rc ops_route_insert(struct db *db, const struct route_row *r, int64_t *ret_id, struct err *e)
    WARN_UNUSED;
enum rc ops_route_get(struct db *db, struct arena *a, int64_t id, struct route_row *ret,
                      struct err *e) WARN_UNUSED;
/* Oldest first. */
enum rc ops_route_list(struct db *db, struct arena *a, int64_t case_id, struct route_row **ret,
                       size_t *ret_n, struct err *e) WARN_UNUSED;
/* The question that a reporter has not answered yet; RC_NOTFOUND: none. */
enum rc ops_route_asked(struct db *db, struct arena *a, int64_t thread_id, struct route_row *ret,
                        struct err *e) WARN_UNUSED;
/* From one state to another; RC_CONFLICT when it is in a third one meanwhile. */
enum rc ops_route_state(struct db *db, const struct route_row *r, const char *to, int64_t now_us,
                        struct err *e) WARN_UNUSED;
enum rc ops_route_participant(struct db *db, int64_t id, int64_t participant_id, struct err *e)
    WARN_UNUSED;

#endif
