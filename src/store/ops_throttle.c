/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of the table that counts what strangers do.
 * Runs in core.
 * Input: names that desk/ chose and keys that it has shortened; nothing here decides.
 */
#include "store/ops_throttle.h"

static enum rc take_row(struct rows *r, struct throttle_row *ret, struct err *e)
{
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "nothing was counted yet");
    struct throttle_row row = {.from_us = row_i64(r, 0), .count = row_i64(r, 1)};
    TRY(rows_rc(r, e));
    *ret = row;
    return RC_OK;
}

#define OVER "(throttle.from_us <= $4 OR throttle.from_us > $3)"

enum rc ops_throttle_add(struct db *db, struct str what, struct str key, int64_t now_us,
                         int64_t window_us, struct throttle_row *ret, struct err *e)
{
    static const struct sql q = {
        "throttle_add",
        "INSERT INTO throttle (what, key, from_us, count) VALUES ($1, $2, $3, 1)"
        " ON CONFLICT (what, key) DO UPDATE SET"
        " count = CASE WHEN " OVER " THEN 1 ELSE throttle.count + 1 END,"
        " from_us = CASE WHEN " OVER " THEN $3 ELSE throttle.from_us END"
        " RETURNING from_us, count",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_T(what), DB_T(key), DB_I(now_us), DB_I(now_us - window_us)), &r,
                 e));
    return take_row(r, ret, e);
}

enum rc ops_throttle_get(struct db *db, struct str what, struct str key, struct throttle_row *ret,
                         struct err *e)
{
    static const struct sql q = {
        "throttle_get", "SELECT from_us, count FROM throttle WHERE what = $1 AND key = $2", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_T(what), DB_T(key)), &r, e));
    return take_row(r, ret, e);
}

enum rc ops_throttle_clear(struct db *db, struct str what, struct str key, struct err *e)
{
    static const struct sql q = {"throttle_clear",
                                 "DELETE FROM throttle WHERE what = $1 AND key = $2", NULL};
    return db_run(db, &q, DB_ARGS(DB_T(what), DB_T(key)), NULL, e);
}

enum rc ops_throttle_sweep(struct db *db, int64_t before_us, int64_t *ret_n, struct err *e)
{
    static const struct sql q = {"throttle_sweep", "DELETE FROM throttle WHERE from_us < $1", NULL};
    return db_run(db, &q, DB_ARGS(DB_I(before_us)), ret_n, e);
}
