/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_PEOPLE_H
#define VULNDESK_STORE_OPS_PEOPLE_H

#include "base/arena.h"
#include "store/db.h"

/* Named operations on accounts, sign-in links, sessions and ways back; as ops_case.h. */
struct account_row {
    int64_t id, weight, credit, away_from_us, away_until_us, created_us;
    struct str login, name, email, role;
    struct str notify; /* team mine none; read only here, see ops_account_set_notify */
    bool active, has_password;
};
/* RC_CONFLICT: the login is taken (nothing is spoilt). */
enum rc ops_account_insert(struct db *db, const struct account_row *r, int64_t *ret_id,
                           struct err *e) WARN_UNUSED;
enum rc ops_account_get(struct db *db, struct arena *a, int64_t id, struct account_row *ret,
                        struct err *e) WARN_UNUSED;
enum rc ops_account_by_login(struct db *db, struct arena *a, struct str login,
                             struct account_row *ret, struct err *e) WARN_UNUSED;
enum rc ops_account_list(struct db *db, struct arena *a, struct account_row **ret, size_t *ret_n,
                         struct err *e) WARN_UNUSED;
enum rc ops_account_set_away(struct db *db, int64_t id, int64_t from_us, int64_t until_us,
                             struct err *e) WARN_UNUSED;
enum rc ops_account_set_credit(struct db *db, int64_t id, int64_t credit, struct err *e)
    WARN_UNUSED;

enum rc ops_account_set_active(struct db *db, int64_t id, bool active, struct err *e) WARN_UNUSED;
enum rc ops_account_set_notify(struct db *db, int64_t id, struct str notify, struct err *e)
    WARN_UNUSED;
/* Argon2id string, empty = none. */
enum rc ops_account_password(struct db *db, struct arena *a, int64_t id, struct str *ret,
                             struct err *e) WARN_UNUSED;
enum rc ops_account_set_password(struct db *db, int64_t id, struct str hash, struct err *e)
    WARN_UNUSED;
/* Open cases that it handles. */
enum rc ops_account_cases(struct db *db, int64_t id, int64_t *ret_n, struct err *e) WARN_UNUSED;

/* Links and cookies are found by the SHA-256 of their secret. */
struct signin_row {
    int64_t id, account_id, created_us, expires_us, used_us;
};
enum rc ops_signin_insert(struct db *db, const struct signin_row *s, struct str hash, struct err *e)
    WARN_UNUSED;
enum rc ops_signin_get(struct db *db, struct str hash, struct signin_row *ret, struct err *e)
    WARN_UNUSED;
/* RC_CONFLICT when it was used meanwhile. */
enum rc ops_signin_use(struct db *db, int64_t id, int64_t now_us, struct err *e) WARN_UNUSED;
/* All unused links of an account are spent. */
enum rc ops_signin_revoke(struct db *db, int64_t account_id, int64_t now_us, struct err *e)
    WARN_UNUSED;

struct session_row {
    int64_t id, account_id, thread_id, created_us, expires_us;
    struct str csrf;
    struct str how; /* link password */
};
enum rc ops_session_insert(struct db *db, const struct session_row *s, struct str hash,
                           struct err *e) WARN_UNUSED;
enum rc ops_session_get(struct db *db, struct arena *a, struct str hash, struct session_row *ret,
                        struct err *e) WARN_UNUSED;
enum rc ops_session_end(struct db *db, struct str hash, struct err *e) WARN_UNUSED;
/* All sessions of an account but keep_id (0 = all). */
enum rc ops_session_end_account(struct db *db, int64_t account_id, int64_t keep_id, struct err *e)
    WARN_UNUSED;
/* Of an account, those that have not ended at now_us, newest first. */
enum rc ops_session_list(struct db *db, struct arena *a, int64_t account_id, int64_t now_us,
                         struct session_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
enum rc ops_session_end_thread(struct db *db, int64_t thread_id, struct err *e) WARN_UNUSED;

struct way_row {
    int64_t id, thread_id, created_us, expires_us, used_us, revoked_us;
};
enum rc ops_way_insert(struct db *db, const struct way_row *w, struct str hash, struct err *e)
    WARN_UNUSED;
enum rc ops_way_get(struct db *db, struct str hash, struct way_row *ret, struct err *e) WARN_UNUSED;
/* RC_CONFLICT when it was used or revoked meanwhile. */
enum rc ops_way_use(struct db *db, int64_t id, int64_t now_us, struct err *e) WARN_UNUSED;
enum rc ops_way_revoke(struct db *db, int64_t thread_id, int64_t now_us, struct err *e) WARN_UNUSED;
/* what: opened traded spent expired revoked renewed. */
enum rc ops_way_log(struct db *db, int64_t way_id, int64_t at_us, struct str what, struct err *e)
    WARN_UNUSED;
/* How often `what` was logged for any way back of the thread since then. */
enum rc ops_way_count(struct db *db, int64_t thread_id, struct str what, int64_t since_us,
                      int64_t *ret_n, struct err *e) WARN_UNUSED;

#endif
