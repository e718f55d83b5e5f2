/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of drafts.
 * Runs in core.
 * Input: texts that desk/ has checked.
 */
#include "store/ops_draft.h"

#include "store/ops_row.h"

#define DRAFT_SELECT                                                                               \
    "SELECT d.account_id, d.case_id, d.thread_id, d.changed_us,"                                   \
    " CASE WHEN d.account_id = $2 THEN d.text ELSE '' END, a.name"                                 \
    " FROM draft d JOIN account a ON a.id = d.account_id WHERE d.case_id = $1"

static void draft_fill(struct arena *a, struct rows *r, struct draft_row *d)
{
    *d = (struct draft_row){.account_id = row_i64(r, 0),
                            .case_id = row_i64(r, 1),
                            .thread_id = row_i64(r, 2),
                            .changed_us = row_i64(r, 3),
                            .text = row_keep(a, r, 4),
                            .name = row_keep(a, r, 5)};
}

enum rc ops_draft_put(struct db *db, const struct draft_row *d, struct err *e)
{
    static const struct sql q = {
        "draft_put",
        "INSERT INTO draft (account_id, case_id, thread_id, text, changed_us)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id, case_id, thread_id)"
        " DO UPDATE SET text = excluded.text, changed_us = excluded.changed_us",
        NULL};
    return db_run(db, &q,
                  DB_ARGS(DB_I(d->account_id), DB_I(d->case_id), DB_I(d->thread_id), DB_T(d->text),
                          DB_I(d->changed_us)),
                  NULL, e);
}

enum rc ops_draft_get(struct db *db, struct arena *a, const struct draft_row *key,
                      struct draft_row *ret, struct err *e)
{
    static const struct sql q = {"draft_get",
                                 DRAFT_SELECT " AND d.account_id = $2 AND d.thread_id = $3", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(key->case_id), DB_I(key->account_id), DB_I(key->thread_id)),
                 &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "no such draft");
    draft_fill(a, r, ret);
    return rows_kept(r, a, e);
}

enum rc ops_draft_drop(struct db *db, const struct draft_row *key, struct err *e)
{
    static const struct sql q = {
        "draft_drop", "DELETE FROM draft WHERE case_id = $1 AND account_id = $2 AND thread_id = $3",
        NULL};
    return db_run(db, &q, DB_ARGS(DB_I(key->case_id), DB_I(key->account_id), DB_I(key->thread_id)),
                  NULL, e);
}

enum rc ops_draft_list(struct db *db, struct arena *a, int64_t case_id, int64_t account_id,
                       struct draft_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {"draft_list", DRAFT_SELECT " ORDER BY d.account_id, d.thread_id",
                                 NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(case_id), DB_I(account_id)), &r, e));
    struct draft_row *d = ROWS_ARRAY(a, r, struct draft_row);
    size_t n = 0;
    while (d && rows_next(r))
        draft_fill(a, r, &d[n++]);
    TRY(rows_kept(r, a, e));
    *ret = d;
    *ret_n = n;
    return RC_OK;
}
