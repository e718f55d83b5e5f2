/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of accounts, sign-in links, sessions and ways back.
 * Runs in core.
 * Input: values that desk/ has checked; nothing here decides.
 */
#include "store/ops_people.h"

#include "store/ops_row.h"

static enum rc none(const char *what, struct err *e)
{
    return err_set(e, RC_NOTFOUND, "no such %s", what);
}

#define ACCOUNT_COLUMNS                                                                            \
    "id, weight, credit, away_from_us, away_until_us, created_us, login, name, email, role, "      \
    "active, notify, CAST(CASE password WHEN '' THEN 0 ELSE 1 END AS BIGINT)"

enum rc ops_account_insert(struct db *db, const struct account_row *r, int64_t *ret_id,
                           struct err *e)
{
    static const struct sql q = {
        "account_insert",
        "INSERT INTO account (weight, credit, created_us, login, name, email, role, active,"
        " password) VALUES ($1, 0, $2, $3, $4, $5, $6, $7, '')"
        " ON CONFLICT (login) DO NOTHING RETURNING id",
        NULL};
    enum rc rc = db_one_i64(db, &q,
                            DB_ARGS(DB_I(r->weight), DB_I(r->created_us), DB_T(r->login),
                                    DB_T(r->name), DB_T(r->email), DB_T(r->role), DB_I(r->active)),
                            ret_id, e);
    return rc == RC_NOTFOUND ? err_set(e, RC_CONFLICT, "this login is taken") : rc;
}

static void account_fill(struct arena *a, struct rows *r, struct account_row *c)
{
    *c = (struct account_row){
        .id = row_i64(r, 0),
        .weight = row_i64(r, 1),
        .credit = row_i64(r, 2),
        .away_from_us = row_i64(r, 3),
        .away_until_us = row_i64(r, 4),
        .created_us = row_i64(r, 5),
        .login = row_keep(a, r, 6),
        .name = row_keep(a, r, 7),
        .email = row_keep(a, r, 8),
        .role = row_keep(a, r, 9),
        .active = row_i64(r, 10) != 0,
        .notify = row_keep(a, r, 11),
        .has_password = row_i64(r, 12) != 0,
    };
}

static enum rc account_one(struct db *db, const struct sql *q, struct dbv key, struct arena *a,
                           struct account_row *ret, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, DB_ARGS(key), &r, e));
    if (!rows_next(r))
        return none("account", e);
    account_fill(a, r, ret);
    return rows_kept(r, a, e);
}

enum rc ops_account_get(struct db *db, struct arena *a, int64_t id, struct account_row *ret,
                        struct err *e)
{
    static const struct sql q = {"account_get",
                                 "SELECT " ACCOUNT_COLUMNS " FROM account WHERE id = $1", NULL};
    return account_one(db, &q, DB_I(id), a, ret, e);
}

enum rc ops_account_by_login(struct db *db, struct arena *a, struct str login,
                             struct account_row *ret, struct err *e)
{
    static const struct sql q = {"account_by_login",
                                 "SELECT " ACCOUNT_COLUMNS " FROM account WHERE login = $1", NULL};
    return account_one(db, &q, DB_T(login), a, ret, e);
}

enum rc ops_account_list(struct db *db, struct arena *a, struct account_row **ret, size_t *ret_n,
                         struct err *e)
{
    static const struct sql q = {"account_list",
                                 "SELECT " ACCOUNT_COLUMNS " FROM account ORDER BY id", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_NOARGS, &r, e));
    struct account_row *c = ROWS_ARRAY(a, r, struct account_row);
    size_t n = 0;
    while (c && rows_next(r))
        account_fill(a, r, &c[n++]);
    TRY(rows_kept(r, a, e));
    *ret = c;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_account_set_away(struct db *db, int64_t id, int64_t from_us, int64_t until_us,
                             struct err *e)
{
    static const struct sql q = {
        "account_set_away",
        "UPDATE account SET away_from_us = $2, away_until_us = $3 WHERE id = $1", NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(id), DB_I0(from_us), DB_I0(until_us)), "account", e);
}

enum rc ops_account_set_credit(struct db *db, int64_t id, int64_t credit, struct err *e)
{
    static const struct sql q = {"account_set_credit",
                                 "UPDATE account SET credit = $2 WHERE id = $1", NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(id), DB_I(credit)), "account", e);
}

enum rc ops_account_set_active(struct db *db, int64_t id, bool active, struct err *e)
{
    static const struct sql q = {"account_set_active",
                                 "UPDATE account SET active = $2 WHERE id = $1", NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(id), DB_I(active)), "account", e);
}

enum rc ops_account_set_notify(struct db *db, int64_t id, struct str notify, struct err *e)
{
    static const struct sql q = {"account_set_notify",
                                 "UPDATE account SET notify = $2 WHERE id = $1", NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(id), DB_T(notify)), "account", e);
}

enum rc ops_account_password(struct db *db, struct arena *a, int64_t id, struct str *ret,
                             struct err *e)
{
    static const struct sql q = {"account_password", "SELECT password FROM account WHERE id = $1",
                                 NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(id)), &r, e));
    if (!rows_next(r))
        return none("account", e);
    *ret = row_keep(a, r, 0);
    return rows_kept(r, a, e);
}

enum rc ops_account_set_password(struct db *db, int64_t id, struct str hash, struct err *e)
{
    static const struct sql q = {"account_set_password",
                                 "UPDATE account SET password = $2 WHERE id = $1", NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(id), DB_T(hash)), "account", e);
}

enum rc ops_account_cases(struct db *db, int64_t id, int64_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "account_cases", "SELECT count(*) FROM vcase WHERE handler_id = $1 AND closed_us IS NULL",
        NULL};
    return db_one_i64(db, &q, DB_ARGS(DB_I(id)), ret_n, e);
}

/* ---- sign-in links ---- */

enum rc ops_signin_insert(struct db *db, const struct signin_row *s, struct str hash, struct err *e)
{
    static const struct sql q = {"signin_insert",
                                 "INSERT INTO signin (account_id, hash, created_us, expires_us)"
                                 " VALUES ($1, $2, $3, $4)",
                                 NULL};
    return db_run(
        db, &q, DB_ARGS(DB_I(s->account_id), DB_B(hash), DB_I(s->created_us), DB_I(s->expires_us)),
        NULL, e);
}

enum rc ops_signin_get(struct db *db, struct str hash, struct signin_row *ret, struct err *e)
{
    static const struct sql q = {
        "signin_get",
        "SELECT id, account_id, created_us, expires_us, used_us FROM signin WHERE hash = $1", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_B(hash)), &r, e));
    if (!rows_next(r))
        return none("link", e);
    *ret = (struct signin_row){row_i64(r, 0), row_i64(r, 1), row_i64(r, 2), row_i64(r, 3),
                               row_i64(r, 4)};
    return rows_rc(r, e);
}

enum rc ops_signin_use(struct db *db, int64_t id, int64_t now_us, struct err *e)
{
    static const struct sql q = {
        "signin_use", "UPDATE signin SET used_us = $2 WHERE id = $1 AND used_us IS NULL", NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(id), DB_I(now_us)), "link", e);
}

enum rc ops_signin_revoke(struct db *db, int64_t account_id, int64_t now_us, struct err *e)
{
    static const struct sql q = {
        "signin_revoke", "UPDATE signin SET used_us = $2 WHERE account_id = $1 AND used_us IS NULL",
        NULL};
    return db_run(db, &q, DB_ARGS(DB_I(account_id), DB_I(now_us)), NULL, e);
}

/* ---- sessions ---- */

enum rc ops_session_insert(struct db *db, const struct session_row *s, struct str hash,
                           struct err *e)
{
    static const struct sql q = {
        "session_insert",
        "INSERT INTO session (account_id, thread_id, hash, csrf, created_us, expires_us, how)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        NULL};
    return db_run(db, &q,
                  DB_ARGS(DB_I0(s->account_id), DB_I0(s->thread_id), DB_B(hash), DB_T(s->csrf),
                          DB_I(s->created_us), DB_I(s->expires_us), DB_T(s->how)),
                  NULL, e);
}

#define SESSION_COLUMNS "id, account_id, thread_id, created_us, expires_us, csrf, how"

static void session_fill(struct arena *a, struct rows *r, struct session_row *s)
{
    *s = (struct session_row){
        .id = row_i64(r, 0),
        .account_id = row_i64(r, 1),
        .thread_id = row_i64(r, 2),
        .created_us = row_i64(r, 3),
        .expires_us = row_i64(r, 4),
        .csrf = row_keep(a, r, 5),
        .how = row_keep(a, r, 6),
    };
}

enum rc ops_session_get(struct db *db, struct arena *a, struct str hash, struct session_row *ret,
                        struct err *e)
{
    static const struct sql q = {"session_get",
                                 "SELECT " SESSION_COLUMNS " FROM session WHERE hash = $1", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_B(hash)), &r, e));
    if (!rows_next(r))
        return none("session", e);
    session_fill(a, r, ret);
    return rows_kept(r, a, e);
}

enum rc ops_session_list(struct db *db, struct arena *a, int64_t account_id, int64_t now_us,
                         struct session_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {"session_list",
                                 "SELECT " SESSION_COLUMNS " FROM session WHERE account_id = $1"
                                 " AND expires_us > $2 ORDER BY id DESC",
                                 NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(account_id), DB_I(now_us)), &r, e));
    struct session_row *s = ROWS_ARRAY(a, r, struct session_row);
    size_t n = 0;
    while (s && rows_next(r))
        session_fill(a, r, &s[n++]);
    TRY(rows_kept(r, a, e));
    *ret = s;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_session_end_account(struct db *db, int64_t account_id, int64_t keep_id, struct err *e)
{
    static const struct sql q = {"session_end_account",
                                 "DELETE FROM session WHERE account_id = $1 AND id <> $2", NULL};
    return db_run(db, &q, DB_ARGS(DB_I(account_id), DB_I(keep_id)), NULL, e);
}

enum rc ops_session_end(struct db *db, struct str hash, struct err *e)
{
    static const struct sql q = {"session_end", "DELETE FROM session WHERE hash = $1", NULL};
    return db_run(db, &q, DB_ARGS(DB_B(hash)), NULL, e);
}

enum rc ops_session_end_thread(struct db *db, int64_t thread_id, struct err *e)
{
    static const struct sql q = {"session_end_thread", "DELETE FROM session WHERE thread_id = $1",
                                 NULL};
    return db_run(db, &q, DB_ARGS(DB_I(thread_id)), NULL, e);
}

/* ---- ways back ---- */

enum rc ops_way_insert(struct db *db, const struct way_row *w, struct str hash, struct err *e)
{
    static const struct sql q = {"way_insert",
                                 "INSERT INTO way_back (thread_id, hash, created_us, expires_us)"
                                 " VALUES ($1, $2, $3, $4)",
                                 NULL};
    return db_run(db, &q,
                  DB_ARGS(DB_I(w->thread_id), DB_B(hash), DB_I(w->created_us), DB_I(w->expires_us)),
                  NULL, e);
}

enum rc ops_way_get(struct db *db, struct str hash, struct way_row *ret, struct err *e)
{
    static const struct sql q = {
        "way_get",
        "SELECT id, thread_id, created_us, expires_us, used_us, revoked_us FROM way_back"
        " WHERE hash = $1",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_B(hash)), &r, e));
    if (!rows_next(r))
        return none("link", e);
    *ret = (struct way_row){row_i64(r, 0), row_i64(r, 1), row_i64(r, 2),
                            row_i64(r, 3), row_i64(r, 4), row_i64(r, 5)};
    return rows_rc(r, e);
}

enum rc ops_way_use(struct db *db, int64_t id, int64_t now_us, struct err *e)
{
    static const struct sql q = {
        "way_use",
        "UPDATE way_back SET used_us = $2 WHERE id = $1 AND used_us IS NULL AND revoked_us IS NULL",
        NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(id), DB_I(now_us)), "link", e);
}

enum rc ops_way_revoke(struct db *db, int64_t thread_id, int64_t now_us, struct err *e)
{
    static const struct sql q = {
        "way_revoke",
        "UPDATE way_back SET revoked_us = $2 WHERE thread_id = $1 AND revoked_us IS NULL", NULL};
    return db_run(db, &q, DB_ARGS(DB_I(thread_id), DB_I(now_us)), NULL, e);
}

enum rc ops_way_log(struct db *db, int64_t way_id, int64_t at_us, struct str what, struct err *e)
{
    static const struct sql q = {
        "way_log", "INSERT INTO way_back_use (way_back_id, at_us, what) VALUES ($1, $2, $3)", NULL};
    return db_run(db, &q, DB_ARGS(DB_I(way_id), DB_I(at_us), DB_T(what)), NULL, e);
}

enum rc ops_way_count(struct db *db, int64_t thread_id, struct str what, int64_t since_us,
                      int64_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "way_count",
        "SELECT count(*) FROM way_back_use u JOIN way_back w ON w.id = u.way_back_id"
        " WHERE w.thread_id = $1 AND u.what = $2 AND u.at_us >= $3",
        NULL};
    return db_one_i64(db, &q, DB_ARGS(DB_I(thread_id), DB_T(what), DB_I(since_us)), ret_n, e);
}
