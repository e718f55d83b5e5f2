/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_NOTICE_H
#define VULNDESK_STORE_OPS_NOTICE_H

#include "base/arena.h"
#include "store/db.h"

/* Named operations on notices to the team (desk/notice.h); as ops_case.h. */
struct notice_row {
    int64_t id, account_id, case_id, created_us, sent_us; /* 0 = NULL */
    struct str kind, tag;
    bool waits;
};
enum rc ops_notice_insert(struct db *db, const struct notice_row *n, int64_t *ret_id, struct err *e)
    WARN_UNUSED;
enum rc ops_notice_get(struct db *db, struct arena *a, int64_t id, struct notice_row *ret,
                       struct err *e) WARN_UNUSED;
enum rc ops_notice_by_tag(struct db *db, struct arena *a, struct str tag, struct notice_row *ret,
                          struct err *e) WARN_UNUSED;
/* The one of an account, case (0 = none) and kind. */
enum rc ops_notice_of(struct db *db, struct arena *a, const struct notice_row *key,
                      struct notice_row *ret, struct err *e) WARN_UNUSED;
/* sent_us and waits of the row. */
enum rc ops_notice_mark(struct db *db, const struct notice_row *n, struct err *e) WARN_UNUSED;
/* Messages that wait for a person: held and quarantined. */
enum rc ops_notice_waiting(struct db *db, int64_t *ret_n, struct err *e) WARN_UNUSED;

#endif
