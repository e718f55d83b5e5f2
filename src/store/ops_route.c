/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of reports that are routed to a maintainer elsewhere.
 * Runs in core.
 * Input: values that desk/ has checked; nothing here decides.
 */
#include "store/ops_route.h"

#include "store/ops_row.h"

#define ROUTE_COLUMNS                                                                              \
    "r.id, r.case_id, r.participant_id, r.reporter_thread_id, r.account_id, r.created_us,"         \
    " r.changed_us, r.component, r.maintainer, r.email, r.url, r.source, r.source_date, r.state,"  \
    " (SELECT count(*) FROM message m JOIN thread t ON t.id = m.thread_id"                         \
    "  WHERE t.participant_id = r.participant_id AND m.direction = 'in' AND m.state = 'ok')"

enum rc ops_route_insert(struct db *db, const struct route_row *r, int64_t *ret_id, struct err *e)
{
    static const struct sql q = {
        "route_insert",
        "INSERT INTO route (case_id, component, maintainer, email, url, source, source_date, state,"
        " reporter_thread_id, account_id, created_us, changed_us)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) RETURNING id",
        NULL};
    return db_one_i64(db, &q,
                      DB_ARGS(DB_I(r->case_id), DB_T(r->component), DB_T(r->maintainer),
                              DB_T(r->email), DB_T(r->url), DB_T(r->source), DB_T(r->source_date),
                              DB_T(r->state), DB_I0(r->reporter_thread_id), DB_I0(r->account_id),
                              DB_I(r->created_us)),
                      ret_id, e);
}

static void route_fill(struct arena *a, struct rows *r, struct route_row *ret)
{
    *ret = (struct route_row){
        .id = row_i64(r, 0),
        .case_id = row_i64(r, 1),
        .participant_id = row_i64(r, 2),
        .reporter_thread_id = row_i64(r, 3),
        .account_id = row_i64(r, 4),
        .created_us = row_i64(r, 5),
        .changed_us = row_i64(r, 6),
        .component = row_keep(a, r, 7),
        .maintainer = row_keep(a, r, 8),
        .email = row_keep(a, r, 9),
        .url = row_keep(a, r, 10),
        .source = row_keep(a, r, 11),
        .source_date = row_keep(a, r, 12),
        .state = row_keep(a, r, 13),
        .heard = row_i64(r, 14) > 0,
    };
}

static enum rc one(struct db *db, struct arena *a, const struct sql *q, int64_t key,
                   struct route_row *ret, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, DB_ARGS(DB_I(key)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "no such routing");
    route_fill(a, r, ret);
    return rows_kept(r, a, e);
}

enum rc ops_route_get(struct db *db, struct arena *a, int64_t id, struct route_row *ret,
                      struct err *e)
{
    static const struct sql q = {"route_get",
                                 "SELECT " ROUTE_COLUMNS " FROM route r WHERE r.id = $1", NULL};
    return one(db, a, &q, id, ret, e);
}

enum rc ops_route_asked(struct db *db, struct arena *a, int64_t thread_id, struct route_row *ret,
                        struct err *e)
{
    static const struct sql q = {"route_asked",
                                 "SELECT " ROUTE_COLUMNS
                                 " FROM route r WHERE r.reporter_thread_id = $1"
                                 " AND r.state = 'asked' ORDER BY r.id DESC LIMIT 1",
                                 NULL};
    return one(db, a, &q, thread_id, ret, e);
}

enum rc ops_route_list(struct db *db, struct arena *a, int64_t case_id, struct route_row **ret,
                       size_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "route_list", "SELECT " ROUTE_COLUMNS " FROM route r WHERE r.case_id = $1 ORDER BY r.id",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(case_id)), &r, e));
    struct route_row *v = ROWS_ARRAY(a, r, struct route_row);
    size_t n = 0;
    while (v && rows_next(r))
        route_fill(a, r, &v[n++]);
    *ret = v;
    *ret_n = n;
    return rows_kept(r, a, e);
}

enum rc ops_route_state(struct db *db, const struct route_row *r, const char *to, int64_t now_us,
                        struct err *e)
{
    static const struct sql q = {
        "route_state", "UPDATE route SET state = $3, changed_us = $4 WHERE id = $1 AND state = $2",
        NULL};
    int64_t changed;
    TRY(db_run(db, &q, DB_ARGS(DB_I(r->id), DB_T(r->state), DB_T(str_c(to)), DB_I(now_us)),
               &changed, e));
    if (changed == 0)
        return err_set(e, RC_CONFLICT, "somebody else has just decided this");
    return RC_OK;
}

enum rc ops_route_participant(struct db *db, int64_t id, int64_t participant_id, struct err *e)
{
    static const struct sql q = {"route_participant",
                                 "UPDATE route SET participant_id = $2 WHERE id = $1", NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(id), DB_I(participant_id)), "routing", e);
}
