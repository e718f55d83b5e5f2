/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_ERASE_H
#define VULNDESK_STORE_OPS_ERASE_H

#include "base/arena.h"
#include "store/db.h"

/*
 * Named operations of erasing a case (desk/erase.h); as ops_case.h.  Content goes: texts, names,
 * addresses, file names, keys, frozen mails, payloads and salts of events.  What stays is what the
 * chain and the statistics need: ids, numbers, times, states, kinds, and what was published.
 */

/* A case and all that were joined into it, directly or not; the case itself first. */
enum rc ops_erase_group(struct db *db, struct arena *a, int64_t case_id, int64_t **ret,
                        size_t *ret_n, struct err *e) WARN_UNUSED;

/* What stands in the way. */
struct erase_state {
    int64_t closed_us, erased_us, joined_into; /* 0 = none */
    int64_t clocks, mails;                     /* clocks still open, mails not yet at their end */
    int64_t approved;                          /* advisories about to be published */
};
enum rc ops_erase_state(struct db *db, int64_t case_id, struct erase_state *ret, struct err *e)
    WARN_UNUSED;

/* Names of its blobs; their rows are gone after ops_erase_case. */
enum rc ops_erase_blobs(struct db *db, struct arena *a, int64_t case_id, struct str **ret,
                        size_t *ret_n, struct err *e) WARN_UNUSED;
/* One case of the group. */
enum rc ops_erase_case(struct db *db, int64_t case_id, int64_t now_us, struct err *e) WARN_UNUSED;
/* Payloads of another case's chain that hold that text: a thread came from there. */
enum rc ops_erase_elsewhere(struct db *db, int64_t case_id, struct str text, int64_t *ret_n,
                            struct err *e) WARN_UNUSED;
/* Addresses of its participants; numbers of the cases that threads of it came from. */
enum rc ops_erase_addresses(struct db *db, struct arena *a, int64_t case_id, struct str **ret,
                            size_t *ret_n, struct err *e) WARN_UNUSED;
enum rc ops_erase_moved_in(struct db *db, struct arena *a, int64_t case_id, struct str **ret_json,
                           size_t *ret_n, struct err *e) WARN_UNUSED;

/* When and by whom (the event's actor); 0 and empty when it was not erased. */
enum rc ops_erased(struct db *db, struct arena *a, int64_t case_id, int64_t *ret_us,
                   struct str *ret_actor, struct err *e) WARN_UNUSED;
/* Closed before then, not erased, not joined into another; oldest first. */
enum rc ops_erase_due(struct db *db, struct arena *a, int64_t closed_before_us, int max,
                      int64_t **ret, size_t *ret_n, struct err *e) WARN_UNUSED;

/*
 * After an erasure, outside a transaction: what SQLite keeps of removed rows in its search index
 * and in its log leaves the disk too.  Nothing on PostgreSQL, whose server does that in its time.
 */
enum rc ops_erase_compact(struct db *db, struct err *e) WARN_UNUSED;

#endif
