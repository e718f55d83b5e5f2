/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of what is given out of a line.
 * Runs in core.
 * Input: values that desk/ has checked; nothing here decides.
 */
#include "store/ops_release.h"

#include "store/ops_row.h"

#define ROW                                                                                        \
    "SELECT r.line_id, r.nth, r.blob_id, r.asked_us, r.given_us, r.entire, r.state, r.failure,"    \
    " r.made, r.branch, r.commit_id, r.asked_by, "

static struct release_row row_of(struct rows *r, struct arena *a)
{
    return (struct release_row){.line_id = row_i64(r, 0),
                                .nth = row_i64(r, 1),
                                .blob_id = row_i64(r, 2),
                                .asked_us = row_i64(r, 3),
                                .given_us = row_i64(r, 4),
                                .entire = row_i64(r, 5) != 0,
                                .state = row_keep(a, r, 6),
                                .failure = row_keep(a, r, 7),
                                .made = row_keep(a, r, 8),
                                .branch = row_keep(a, r, 9),
                                .commit = row_keep(a, r, 10),
                                .asked_by = row_keep(a, r, 11),
                                .object = row_keep(a, r, 12)};
}

enum rc ops_release_get(struct db *db, struct arena *a, int64_t line_id, struct release_row *ret,
                        struct err *e)
{
    static const struct sql q = {"release_get",
                                 ROW "r.object FROM backport_release r WHERE r.line_id = $1", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(line_id)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "nothing was given out of this line");
    *ret = row_of(r, a);
    return rows_kept(r, a, e);
}

enum rc ops_releases(struct db *db, struct arena *a, int64_t backport_id, struct release_row **ret,
                     size_t *ret_n, struct err *e)
{
    static const struct sql q = {"releases",
                                 ROW "'' FROM backport_release r JOIN backport_line l"
                                     " ON l.id = r.line_id WHERE l.backport_id = $1"
                                     " ORDER BY r.line_id",
                                 NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(backport_id)), &r, e));
    struct release_row *v = ROWS_ARRAY(a, r, struct release_row);
    size_t n = 0;
    while (v && rows_next(r))
        v[n++] = row_of(r, a);
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_release_put(struct db *db, const struct release_row *r, struct err *e)
{
    static const struct sql q = {
        "release_put",
        "INSERT INTO backport_release (line_id, nth, state, failure, made, entire, branch, object,"
        " commit_id, blob_id, asked_by, asked_us, given_us)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        " ON CONFLICT (line_id) DO UPDATE SET nth = $2, state = $3, failure = $4, made = $5,"
        " entire = $6, branch = $7, object = $8, commit_id = $9, blob_id = $10, asked_by = $11,"
        " asked_us = $12, given_us = $13",
        NULL};
    return db_run(db, &q,
                  DB_ARGS(DB_I(r->line_id), DB_I(r->nth), DB_T(r->state), DB_T(r->failure),
                          DB_T(r->made), DB_I(r->entire), DB_T(r->branch), DB_T(r->object),
                          DB_T(r->commit), DB_I0(r->blob_id), DB_T(r->asked_by), DB_I(r->asked_us),
                          DB_I0(r->given_us)),
                  NULL, e);
}
