/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of the records of our forms on their way through the spool.
 * Runs in core.
 * Input: values that desk/ has made; nothing here decides.
 */
#include "store/ops_webform.h"

#include "store/ops_row.h"

enum rc ops_web_pending_add(struct db *db, struct str hash, const struct web_pending_row *r,
                            struct err *e)
{
    static const struct sql q = {"web_pending_add",
                                 "INSERT INTO web_pending (hash, thread_id, created_us)"
                                 " VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING",
                                 NULL};
    return db_run(db, &q, DB_ARGS(DB_B(hash), DB_I(r->thread_id), DB_I(r->created_us)), NULL, e);
}

enum rc ops_web_pending_get(struct db *db, struct str hash, struct web_pending_row *ret,
                            struct err *e)
{
    static const struct sql q = {
        "web_pending_get",
        "SELECT thread_id, created_us, message_id FROM web_pending WHERE hash = $1", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_B(hash)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "no such record of a form");
    *ret = (struct web_pending_row){row_i64(r, 0), row_i64(r, 1), row_i64(r, 2)};
    return rows_rc(r, e);
}

enum rc ops_web_pending_count(struct db *db, int64_t thread_id, int64_t since_us, int64_t *ret_n,
                              struct err *e)
{
    static const struct sql q = {"web_pending_count",
                                 "SELECT count(*) FROM web_pending WHERE thread_id = $1"
                                 " AND created_us >= $2 AND message_id IS NULL",
                                 NULL};
    return db_one_i64(db, &q, DB_ARGS(DB_I(thread_id), DB_I(since_us)), ret_n, e);
}

enum rc ops_web_pending_hold(struct db *db, struct str hash, int64_t message_id, struct err *e)
{
    static const struct sql q = {"web_pending_hold",
                                 "UPDATE web_pending SET message_id = $2 WHERE hash = $1", NULL};
    return db_run(db, &q, DB_ARGS(DB_B(hash), DB_I(message_id)), NULL, e);
}

enum rc ops_web_pending_of(struct db *db, struct arena *a, int64_t message_id, struct str *ret_hash,
                           struct err *e)
{
    static const struct sql q = {"web_pending_of",
                                 "SELECT hash FROM web_pending WHERE message_id = $1", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(message_id)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "no such record of a form");
    *ret_hash = row_keep_blob(a, r, 0);
    return rows_kept(r, a, e);
}

enum rc ops_web_pending_drop(struct db *db, struct str hash, struct err *e)
{
    static const struct sql q = {"web_pending_drop", "DELETE FROM web_pending WHERE hash = $1",
                                 NULL};
    return db_run(db, &q, DB_ARGS(DB_B(hash)), NULL, e);
}

enum rc ops_web_pending_sweep(struct db *db, int64_t before_us, struct err *e)
{
    static const struct sql q = {
        "web_pending_sweep", "DELETE FROM web_pending WHERE created_us < $1 AND message_id IS NULL",
        NULL};
    return db_run(db, &q, DB_ARGS(DB_I(before_us)), NULL, e);
}

enum rc ops_meta_add(struct db *db, struct str key, struct str value, struct err *e)
{
    static const struct sql q = {
        "meta_add", "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING",
        NULL};
    return db_run(db, &q, DB_ARGS(DB_T(key), DB_T(value)), NULL, e);
}
