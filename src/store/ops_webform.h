/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_WEBFORM_H
#define VULNDESK_STORE_OPS_WEBFORM_H

#include "base/arena.h"
#include "store/db.h"

/* Named operations on what came in by a form and lies in the spool; the rules: desk/webform.h. */
struct web_pending_row {
    int64_t thread_id, created_us, message_id; /* message_id 0 = NULL */
};
/* Nothing when that hash is there already. */
enum rc ops_web_pending_add(struct db *db, struct str hash, const struct web_pending_row *r,
                            struct err *e) WARN_UNUSED;
enum rc ops_web_pending_get(struct db *db, struct str hash, struct web_pending_row *ret,
                            struct err *e) WARN_UNUSED;
/* Those of a thread since then that no person has to decide about. */
enum rc ops_web_pending_count(struct db *db, int64_t thread_id, int64_t since_us, int64_t *ret_n,
                              struct err *e) WARN_UNUSED;
enum rc ops_web_pending_hold(struct db *db, struct str hash, int64_t message_id, struct err *e)
    WARN_UNUSED;
/* The hash that waits for that message; RC_NOTFOUND. */
enum rc ops_web_pending_of(struct db *db, struct arena *a, int64_t message_id, struct str *ret_hash,
                           struct err *e) WARN_UNUSED;
enum rc ops_web_pending_drop(struct db *db, struct str hash, struct err *e) WARN_UNUSED;
/* Forgets those that nobody decides about and that began before then. */
enum rc ops_web_pending_sweep(struct db *db, int64_t before_us, struct err *e) WARN_UNUSED;

/* A fact about the desk that is made once: the value that was there first is kept. */
enum rc ops_meta_add(struct db *db, struct str key, struct str value, struct err *e) WARN_UNUSED;

#endif
