/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of notices to the team.
 * Runs in core.
 * Input: values that desk/ has checked; nothing here decides.
 */
#include "store/ops_notice.h"

#include "store/ops_row.h"

#define NOTICE_SELECT                                                                              \
    "SELECT id, account_id, case_id, created_us, sent_us, kind, tag, waits FROM notice "

static enum rc notice_one(struct db *db, const struct sql *q, struct db_args args, struct arena *a,
                          struct notice_row *ret, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, args, &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "no such notice");
    *ret = (struct notice_row){
        .id = row_i64(r, 0),
        .account_id = row_i64(r, 1),
        .case_id = row_i64(r, 2),
        .created_us = row_i64(r, 3),
        .sent_us = row_i64(r, 4),
        .kind = row_keep(a, r, 5),
        .tag = row_keep(a, r, 6),
        .waits = row_i64(r, 7) != 0,
    };
    return rows_kept(r, a, e);
}

enum rc ops_notice_insert(struct db *db, const struct notice_row *n, int64_t *ret_id, struct err *e)
{
    static const struct sql q = {
        "notice_insert",
        "INSERT INTO notice (account_id, case_id, kind, tag, created_us, sent_us, waits)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        NULL};
    return db_one_i64(db, &q,
                      DB_ARGS(DB_I(n->account_id), DB_I0(n->case_id), DB_T(n->kind), DB_T(n->tag),
                              DB_I(n->created_us), DB_I0(n->sent_us), DB_I(n->waits)),
                      ret_id, e);
}

enum rc ops_notice_get(struct db *db, struct arena *a, int64_t id, struct notice_row *ret,
                       struct err *e)
{
    static const struct sql q = {"notice_get", NOTICE_SELECT "WHERE id = $1", NULL};
    return notice_one(db, &q, DB_ARGS(DB_I(id)), a, ret, e);
}

enum rc ops_notice_by_tag(struct db *db, struct arena *a, struct str tag, struct notice_row *ret,
                          struct err *e)
{
    static const struct sql q = {"notice_by_tag", NOTICE_SELECT "WHERE tag = $1", NULL};
    return notice_one(db, &q, DB_ARGS(DB_T(tag)), a, ret, e);
}

enum rc ops_notice_of(struct db *db, struct arena *a, const struct notice_row *key,
                      struct notice_row *ret, struct err *e)
{
    static const struct sql q = {"notice_of",
                                 NOTICE_SELECT "WHERE account_id = $1 AND kind = $2 AND"
                                               " (COALESCE(case_id, 0)) = $3",
                                 NULL};
    return notice_one(db, &q, DB_ARGS(DB_I(key->account_id), DB_T(key->kind), DB_I(key->case_id)),
                      a, ret, e);
}

enum rc ops_notice_mark(struct db *db, const struct notice_row *n, struct err *e)
{
    static const struct sql q = {"notice_mark",
                                 "UPDATE notice SET sent_us = $2, waits = $3 WHERE id = $1", NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(n->id), DB_I0(n->sent_us), DB_I(n->waits)), "notice", e);
}

enum rc ops_notice_waiting(struct db *db, int64_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "notice_waiting", "SELECT count(*) FROM message WHERE state IN ('held', 'quarantined')",
        NULL};
    return db_one_i64(db, &q, DB_NOARGS, ret_n, e);
}
