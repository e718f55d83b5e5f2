/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_DRAFT_H
#define VULNDESK_STORE_OPS_DRAFT_H

#include "base/arena.h"
#include "store/db.h"

/* Named operations on drafts: what a member of the team is writing; as ops_case.h. */
struct draft_row {
    int64_t account_id, case_id, thread_id; /* thread 0: the note */
    int64_t changed_us;
    struct str text;
    struct str name; /* of the account; read only */
};
/* Takes the place of an earlier one of the same account, case and thread. */
enum rc ops_draft_put(struct db *db, const struct draft_row *d, struct err *e) WARN_UNUSED;
/* RC_NOTFOUND when there is none. */
enum rc ops_draft_get(struct db *db, struct arena *a, const struct draft_row *key,
                      struct draft_row *ret, struct err *e) WARN_UNUSED;
enum rc ops_draft_drop(struct db *db, const struct draft_row *key, struct err *e) WARN_UNUSED;
/* All of a case; the text only where it is account_id's own. */
enum rc ops_draft_list(struct db *db, struct arena *a, int64_t case_id, int64_t account_id,
                       struct draft_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;

#endif
