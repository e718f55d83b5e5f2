/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_VIEW_H
#define VULNDESK_STORE_OPS_VIEW_H

#include "base/arena.h"
#include "store/db.h"
#include "store/ops_case.h"

/* Queries for read models (desk/view.h); as ops_case.h. */
struct event_row {
    int64_t id, chain, seq, at_us;
    struct str kind, actor, payload; /* payload empty after shredding */
    struct str number;               /* of the chain's case */
};
/* Events of a case and of those that were joined into it, oldest first; the newest max. */
enum rc ops_event_list(struct db *db, struct arena *a, int64_t case_id, int64_t max,
                       struct event_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
/* Numbers that were joined into a case. */
enum rc ops_alias_list(struct db *db, struct arena *a, int64_t case_id, struct str **ret,
                       size_t *ret_n, struct err *e) WARN_UNUSED;

/* For the replay test: every case id; every event of one chain in order of seq. */
enum rc ops_case_ids(struct db *db, struct arena *a, int64_t **ret, size_t *ret_n, struct err *e)
    WARN_UNUSED;
enum rc ops_event_chain(struct db *db, struct arena *a, struct event_row **ret, size_t *ret_n,
                        struct err *e) WARN_UNUSED;

#endif
