/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of clocks.
 * Runs in core.
 * Input: values that desk/ has checked; nothing here decides.
 */
#include "store/ops_clock.h"

#include "store/ops_row.h"

#define CLOCK_COLUMNS                                                                              \
    "id, case_id, thread_id, started_us, due_us, paused_us, met_us, kind, source, state"

enum rc ops_clock_insert(struct db *db, const struct clock_row *c, int64_t *ret_id, struct err *e)
{
    static const struct sql q = {
        "clock_insert",
        "INSERT INTO clock (case_id, thread_id, started_us, due_us, kind, source, state)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        NULL};
    return db_one_i64(db, &q,
                      DB_ARGS(DB_I(c->case_id), DB_I0(c->thread_id), DB_I(c->started_us),
                              DB_I(c->due_us), DB_T(c->kind), DB_T(c->source), DB_T(c->state)),
                      ret_id, e);
}

static void clock_fill(struct arena *a, struct rows *r, struct clock_row *c)
{
    *c = (struct clock_row){
        .id = row_i64(r, 0),
        .case_id = row_i64(r, 1),
        .thread_id = row_i64(r, 2),
        .started_us = row_i64(r, 3),
        .due_us = row_i64(r, 4),
        .paused_us = row_i64(r, 5),
        .met_us = row_i64(r, 6),
        .kind = row_keep(a, r, 7),
        .source = row_keep(a, r, 8),
        .state = row_keep(a, r, 9),
    };
}

enum rc ops_clock_get(struct db *db, struct arena *a, int64_t id, struct clock_row *ret,
                      struct err *e)
{
    static const struct sql q = {"clock_get", "SELECT " CLOCK_COLUMNS " FROM clock WHERE id = $1",
                                 NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(id)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "no such clock");
    clock_fill(a, r, ret);
    return rows_kept(r, a, e);
}

static enum rc list(struct db *db, struct arena *a, const struct sql *q, struct db_args args,
                    struct clock_row **ret, size_t *ret_n, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, args, &r, e));
    struct clock_row *c = ROWS_ARRAY(a, r, struct clock_row);
    size_t n = 0;
    while (c && rows_next(r))
        clock_fill(a, r, &c[n++]);
    TRY(rows_kept(r, a, e));
    *ret = c;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_clock_list(struct db *db, struct arena *a, int64_t case_id, int64_t thread_id,
                       struct clock_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {"clock_list",
                                 "SELECT " CLOCK_COLUMNS " FROM clock WHERE case_id = $1 AND"
                                 " (CAST($2 AS BIGINT) = 0 OR thread_id = $2) ORDER BY id",
                                 NULL};
    return list(db, a, &q, DB_ARGS(DB_I(case_id), DB_I(thread_id)), ret, ret_n, e);
}

enum rc ops_clock_in_state(struct db *db, struct arena *a, struct str state, struct clock_row **ret,
                           size_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "clock_in_state",
        "SELECT " CLOCK_COLUMNS " FROM clock WHERE state = $1 ORDER BY case_id, id", NULL};
    return list(db, a, &q, DB_ARGS(DB_T(state)), ret, ret_n, e);
}

enum rc ops_clock_update(struct db *db, const struct clock_row *c, struct str was, struct err *e)
{
    static const struct sql q = {
        "clock_update",
        "UPDATE clock SET due_us = $3, paused_us = $4, state = $5, met_us = $6"
        " WHERE id = $1 AND state = $2",
        NULL};
    return db_run_one(db, &q,
                      DB_ARGS(DB_I(c->id), DB_T(was), DB_I(c->due_us), DB_I0(c->paused_us),
                              DB_T(c->state), DB_I0(c->met_us)),
                      "clock", e);
}
