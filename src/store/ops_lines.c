/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of the register of release lines.
 * Runs in core.
 * Input: values that desk/ has checked; nothing here decides.
 */
#include "store/ops_lines.h"

#include "store/ops_row.h"

#define LINE                                                                                       \
    "SELECT id, until_us, changed_us, tip_us, maintained, name, branch, tags, tests, root,"        \
    " source, changed_by, tip, tip_commit, problem, build FROM release_line"

static struct line_row line_of(struct rows *r, struct arena *a)
{
    return (struct line_row){.id = row_i64(r, 0),
                             .until_us = row_i64(r, 1),
                             .changed_us = row_i64(r, 2),
                             .tip_us = row_i64(r, 3),
                             .maintained = row_i64(r, 4) != 0,
                             .name = row_keep(a, r, 5),
                             .branch = row_keep(a, r, 6),
                             .tags = row_keep(a, r, 7),
                             .tests = row_keep(a, r, 8),
                             .root = row_keep(a, r, 9),
                             .source = row_keep(a, r, 10),
                             .changed_by = row_keep(a, r, 11),
                             .tip = row_keep(a, r, 12),
                             .tip_commit = row_keep(a, r, 13),
                             .problem = row_keep(a, r, 14),
                             .build = row_keep(a, r, 15)};
}

enum rc ops_lines(struct db *db, struct arena *a, struct line_row **ret, size_t *ret_n,
                  struct err *e)
{
    static const struct sql q = {"lines", LINE " ORDER BY name", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_NOARGS, &r, e));
    struct line_row *v = ROWS_ARRAY(a, r, struct line_row);
    size_t n = 0;
    while (v && rows_next(r))
        v[n++] = line_of(r, a);
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_line_get(struct db *db, struct arena *a, int64_t id, struct line_row *ret,
                     struct err *e)
{
    static const struct sql q = {"line_get", LINE " WHERE id = $1", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(id)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "there is no such line");
    *ret = line_of(r, a);
    return rows_kept(r, a, e);
}

enum rc ops_line_insert(struct db *db, const struct line_row *r, int64_t *ret_id, struct err *e)
{
    static const struct sql q = {
        "line_insert",
        "INSERT INTO release_line (name, branch, tags, until_us, tests, root, maintained, source,"
        " changed_by, changed_us, tip, tip_commit, tip_us, problem, build)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
        " ON CONFLICT (name) DO NOTHING RETURNING id",
        NULL};
    enum rc rc =
        db_one_i64(db, &q,
                   DB_ARGS(DB_T(r->name), DB_T(r->branch), DB_T(r->tags), DB_I0(r->until_us),
                           DB_T(r->tests), DB_T(r->root), DB_I(r->maintained), DB_T(r->source),
                           DB_T(r->changed_by), DB_I(r->changed_us), DB_T(r->tip),
                           DB_T(r->tip_commit), DB_I0(r->tip_us), DB_T(r->problem), DB_T(r->build)),
                   ret_id, e);
    return rc == RC_NOTFOUND ? err_set(e, RC_CONFLICT, "a line of that name is there already") : rc;
}

enum rc ops_line_update(struct db *db, const struct line_row *r, struct err *e)
{
    static const struct sql taken = {
        "line_taken", "SELECT id FROM release_line WHERE name = $1 AND id <> $2", NULL};
    static const struct sql q = {
        "line_update",
        "UPDATE release_line SET name = $2, branch = $3, tags = $4, until_us = $5, tests = $6,"
        " root = $7, maintained = $8, source = $9, changed_by = $10, changed_us = $11, tip = $12,"
        " tip_commit = $13, tip_us = $14, problem = $15, build = $16 WHERE id = $1",
        NULL};
    int64_t other;
    enum rc rc = db_one_i64(db, &taken, DB_ARGS(DB_T(r->name), DB_I(r->id)), &other, e);
    if (rc == RC_OK)
        return err_set(e, RC_CONFLICT, "a line of that name is there already");
    if (rc != RC_NOTFOUND)
        return rc;
    return db_run_one(db, &q,
                      DB_ARGS(DB_I(r->id), DB_T(r->name), DB_T(r->branch), DB_T(r->tags),
                              DB_I0(r->until_us), DB_T(r->tests), DB_T(r->root),
                              DB_I(r->maintained), DB_T(r->source), DB_T(r->changed_by),
                              DB_I(r->changed_us), DB_T(r->tip), DB_T(r->tip_commit),
                              DB_I0(r->tip_us), DB_T(r->problem), DB_T(r->build)),
                      "a line", e);
}

enum rc ops_line_delete(struct db *db, int64_t id, struct err *e)
{
    static const struct sql q = {"line_delete", "DELETE FROM release_line WHERE id = $1", NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(id)), "a line", e);
}

enum rc ops_look_get(struct db *db, struct arena *a, struct look_row *ret, struct err *e)
{
    static const struct sql q = {
        "look_get",
        "SELECT nth, asked_us, answered_us, state, progress, failure, asked_by FROM release_look"
        " WHERE id = 1",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_NOARGS, &r, e));
    *ret = (struct look_row){
        .state = STR_NONE, .progress = STR_NONE, .failure = STR_NONE, .asked_by = STR_NONE};
    if (rows_next(r))
        *ret = (struct look_row){row_i64(r, 0),     row_i64(r, 1),     row_i64(r, 2),
                                 row_keep(a, r, 3), row_keep(a, r, 4), row_keep(a, r, 5),
                                 row_keep(a, r, 6)};
    return rows_kept(r, a, e);
}

enum rc ops_look_put(struct db *db, const struct look_row *r, struct err *e)
{
    static const struct sql q = {
        "look_put",
        "INSERT INTO release_look (id, nth, state, progress, failure, asked_by, asked_us,"
        " answered_us) VALUES (1, $1, $2, '', $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET"
        " nth = excluded.nth, state = excluded.state, progress = '', failure = excluded.failure,"
        " asked_by = excluded.asked_by, asked_us = excluded.asked_us,"
        " answered_us = excluded.answered_us",
        NULL};
    return db_run(db, &q,
                  DB_ARGS(DB_I(r->nth), DB_T(r->state), DB_T(r->failure), DB_T(r->asked_by),
                          DB_I(r->asked_us), DB_I0(r->answered_us)),
                  NULL, e);
}

enum rc ops_look_progress(struct db *db, struct str what, struct err *e)
{
    static const struct sql q = {
        "look_progress", "UPDATE release_look SET progress = $1 WHERE id = 1 AND state = 'asked'",
        NULL};
    return db_run(db, &q, DB_ARGS(DB_T(what)), NULL, e);
}
