/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of the read models.
 * Runs in core.
 * Input: ids and limits that desk/ has checked.
 */
#include "store/ops_view.h"

#include "store/ops_row.h"

static void event_fill(struct arena *a, struct rows *r, struct event_row *v)
{
    *v = (struct event_row){
        .id = row_i64(r, 0),
        .chain = row_i64(r, 1),
        .seq = row_i64(r, 2),
        .at_us = row_i64(r, 3),
        .kind = row_keep(a, r, 4),
        .actor = row_keep(a, r, 5),
        .payload = row_keep(a, r, 6),
        .number = row_keep(a, r, 7),
    };
}

static enum rc events(struct db *db, const struct sql *q, struct db_args args, struct arena *a,
                      struct event_row **ret, size_t *ret_n, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, args, &r, e));
    struct event_row *v = ROWS_ARRAY(a, r, struct event_row);
    size_t n = 0;
    while (v && rows_next(r))
        event_fill(a, r, &v[n++]);
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_event_list(struct db *db, struct arena *a, int64_t case_id, int64_t max,
                       struct event_row **ret, size_t *ret_n, struct err *e)
{
    /* id + 0: not by the index of all events, backwards until enough of this case are found. */
    static const struct sql q = {
        "event_list",
        "SELECT v.id, v.chain, v.seq, v.at_us, v.kind, v.actor, v.payload, CASE WHEN v.chain = $1"
        " THEN '' ELSE (SELECT c.number FROM vcase c WHERE c.id = v.chain) END"
        " FROM event v WHERE v.chain IN"
        " (SELECT $1 UNION ALL SELECT j.id FROM vcase j WHERE j.joined_into = $1)"
        " ORDER BY v.id + 0 DESC LIMIT $2",
        NULL};
    TRY(events(db, &q, DB_ARGS(DB_I(case_id), DB_I(max)), a, ret, ret_n, e));
    for (size_t i = 0; i < *ret_n / 2; i++) {
        struct event_row r = (*ret)[i];
        (*ret)[i] = (*ret)[*ret_n - 1 - i];
        (*ret)[*ret_n - 1 - i] = r;
    }
    return RC_OK;
}

enum rc ops_event_chain(struct db *db, struct arena *a, struct event_row **ret, size_t *ret_n,
                        struct err *e)
{
    static const struct sql q = {
        "event_chain",
        "SELECT v.id, v.chain, v.seq, v.at_us, v.kind, v.actor, v.payload, c.number"
        " FROM event v JOIN vcase c ON c.id = v.chain ORDER BY v.id",
        NULL};
    return events(db, &q, DB_NOARGS, a, ret, ret_n, e);
}

enum rc ops_alias_list(struct db *db, struct arena *a, int64_t case_id, struct str **ret,
                       size_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "alias_list", "SELECT number FROM case_alias WHERE case_id = $1 ORDER BY number", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(case_id)), &r, e));
    struct str *s = ROWS_ARRAY(a, r, struct str);
    size_t n = 0;
    while (s && rows_next(r))
        s[n++] = row_keep(a, r, 0);
    TRY(rows_kept(r, a, e));
    *ret = s;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_case_ids(struct db *db, struct arena *a, int64_t **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {"case_ids", "SELECT id FROM vcase ORDER BY id", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_NOARGS, &r, e));
    int64_t *id = ROWS_ARRAY(a, r, int64_t);
    size_t n = 0;
    while (id && rows_next(r))
        id[n++] = row_i64(r, 0);
    TRY(rows_kept(r, a, e));
    *ret = id;
    *ret_n = n;
    return RC_OK;
}
