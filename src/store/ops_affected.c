/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of the affected versions.
 * Runs in core.
 * Input: values that desk/ has checked; nothing here decides.
 */
#include "store/ops_affected.h"

#include "store/ops_row.h"

/* The two tables of the same shape: of cases, and of their parts. */
#define BOTH(what, before, after)                                                                  \
    static const struct sql what[2] = {{#what, before "affected" after, NULL},                     \
                                       {#what "_part", before "affected_part" after, NULL}}

#define HEAD(part, answer)                                                                         \
    "SELECT f.id, f.case_id, f.nth, f.answer_nth, f.chosen_us, f.asked_us, f.answered_us,"         \
    " f.question, f.state, f.progress, f.failure, f.summary, f.chosen, f.chosen_by, "              \
    "c.number, " part ", " answer " FROM "
#define CASE      HEAD("0", "f.answer") "affected"
#define PART      HEAD("f.part", "f.answer") "affected_part"
#define CASE_LINE HEAD("0", "''") "affected"
#define PART_LINE HEAD("f.part", "''") "affected_part"
#define JOIN      " f JOIN vcase c ON c.id = f.case_id"

static struct affected_row row_of(struct rows *r, struct arena *a)
{
    return (struct affected_row){.id = row_i64(r, 0),
                                 .case_id = row_i64(r, 1),
                                 .nth = row_i64(r, 2),
                                 .answer_nth = row_i64(r, 3),
                                 .chosen_us = row_i64(r, 4),
                                 .asked_us = row_i64(r, 5),
                                 .answered_us = row_i64(r, 6),
                                 .question = row_keep(a, r, 7),
                                 .state = row_keep(a, r, 8),
                                 .progress = row_keep(a, r, 9),
                                 .failure = row_keep(a, r, 10),
                                 .summary = row_keep(a, r, 11),
                                 .chosen = row_keep(a, r, 12),
                                 .chosen_by = row_keep(a, r, 13),
                                 .case_number = row_keep(a, r, 14),
                                 .part = row_i64(r, 15),
                                 .answer = row_keep(a, r, 16)};
}

static enum rc one(struct db *db, const struct sql *q, struct db_args key, struct arena *a,
                   struct affected_row *ret, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, key, &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "nothing was asked about the affected versions");
    *ret = row_of(r, a);
    return rows_kept(r, a, e);
}

enum rc ops_affected_of(struct db *db, struct arena *a, bool without_answer, struct affected_row *r,
                        struct err *e)
{
    static const struct sql whole = {"affected_of", CASE JOIN " WHERE f.case_id = $1", NULL},
                            line = {"affected_line", CASE_LINE JOIN " WHERE f.case_id = $1", NULL},
                            part = {"affected_of_part",
                                    PART JOIN " WHERE f.case_id = $1 AND f.part = $2", NULL},
                            part_line = {"affected_part_line",
                                         PART_LINE JOIN " WHERE f.case_id = $1 AND f.part = $2",
                                         NULL};
    if (r->part == 0)
        return one(db, without_answer ? &line : &whole, DB_ARGS(DB_I(r->case_id)), a, r, e);
    return one(db, without_answer ? &part_line : &part, DB_ARGS(DB_I(r->case_id), DB_I(r->part)), a,
               r, e);
}

enum rc ops_affected_parts(struct db *db, struct arena *a, int64_t case_id,
                           struct affected_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {"affected_parts",
                                 PART_LINE JOIN " WHERE f.case_id = $1 ORDER BY f.part", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(case_id)), &r, e));
    struct affected_row *v = ROWS_ARRAY(a, r, struct affected_row);
    size_t n = 0;
    while (v && rows_next(r))
        v[n++] = row_of(r, a);
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_affected_get(struct db *db, struct arena *a, bool is_part, int64_t id,
                         struct affected_row *ret, struct err *e)
{
    static const struct sql q = {"affected_get", CASE JOIN " WHERE f.id = $1", NULL},
                            part = {"affected_get_part", PART JOIN " WHERE f.id = $1", NULL};
    return one(db, is_part ? &part : &q, DB_ARGS(DB_I(id)), a, ret, e);
}

static struct dbv time_of(int64_t us)
{
    return us ? DB_I(us) : DB_NULL;
}

#define COLUMNS                                                                                    \
    "(case_id, question, nth, state, progress, failure, answer, answer_nth, summary, chosen,"      \
    " chosen_by, chosen_us, asked_us"
#define VALUES " VALUES ($1, $2, $3, $4, '', '', '', 0, '', $5, $6, $7, $8"

enum rc ops_affected_insert(struct db *db, const struct affected_row *r, int64_t *ret_id,
                            struct err *e)
{
    static const struct sql q = {"affected_insert",
                                 "INSERT INTO affected " COLUMNS ")" VALUES ")"
                                 " ON CONFLICT (case_id) DO NOTHING RETURNING id",
                                 NULL},
                            part = {"affected_part_insert",
                                    "INSERT INTO affected_part " COLUMNS ", part)" VALUES ", $9)"
                                    " ON CONFLICT (case_id, part) DO NOTHING RETURNING id",
                                    NULL};
    const struct dbv v[] = {DB_I(r->case_id),      DB_T(r->question), DB_I(r->nth),
                            DB_T(r->state),        DB_T(r->chosen),   DB_T(r->chosen_by),
                            time_of(r->chosen_us), DB_I(r->asked_us), DB_I(r->part)};
    enum rc rc =
        db_one_i64(db, r->part ? &part : &q, (struct db_args){v, r->part ? 9 : 8}, ret_id, e);
    return rc == RC_NOTFOUND ? err_set(e, RC_CONFLICT, "it was asked already") : rc;
}

enum rc ops_affected_ask(struct db *db, const struct affected_row *r, struct err *e)
{
    BOTH(affected_ask, "UPDATE ",
         " SET question = $2, nth = $3, state = $4, chosen = $5, chosen_by = $6,"
         " chosen_us = $7, asked_us = $8, progress = '', failure = '' WHERE id = $1");
    return db_run(db, &affected_ask[r->part != 0],
                  DB_ARGS(DB_I(r->id), DB_T(r->question), DB_I(r->nth), DB_T(r->state),
                          DB_T(r->chosen), DB_T(r->chosen_by), time_of(r->chosen_us),
                          DB_I(r->asked_us)),
                  NULL, e);
}

enum rc ops_affected_answer(struct db *db, const struct affected_row *r, struct err *e)
{
    BOTH(affected_answer, "UPDATE ",
         " SET state = $2, failure = $3, answer = $4, answer_nth = $5, summary = $6,"
         " answered_us = $7, progress = '' WHERE id = $1");
    return db_run(db, &affected_answer[r->part != 0],
                  DB_ARGS(DB_I(r->id), DB_T(r->state), DB_T(r->failure), DB_T(r->answer),
                          DB_I(r->answer_nth), DB_T(r->summary), DB_I(r->answered_us)),
                  NULL, e);
}

enum rc ops_affected_failed(struct db *db, const struct affected_row *r, struct str why,
                            struct err *e)
{
    BOTH(affected_failed, "UPDATE ",
         " SET state = 'failed', failure = $2, progress = '' WHERE id = $1");
    return db_run(db, &affected_failed[r->part != 0], DB_ARGS(DB_I(r->id), DB_T(why)), NULL, e);
}

enum rc ops_affected_progress(struct db *db, bool is_part, int64_t id, struct str what,
                              int64_t *ret_case, struct err *e)
{
    BOTH(affected_progress, "UPDATE ",
         " SET progress = $2 WHERE id = $1 AND state = 'asked' RETURNING case_id");
    return db_one_i64(db, &affected_progress[is_part], DB_ARGS(DB_I(id), DB_T(what)), ret_case, e);
}

enum rc ops_affected_move(struct db *db, int64_t from_case, int64_t to_case, struct err *e)
{
    static const struct sql q = {"affected_move",
                                 "UPDATE affected SET case_id = $2 WHERE case_id = $1"
                                 " AND NOT EXISTS (SELECT 1 FROM affected WHERE case_id = $2)",
                                 NULL};
    return db_run(db, &q, DB_ARGS(DB_I(from_case), DB_I(to_case)), NULL, e);
}

enum rc ops_affected_tag_put(struct db *db, const struct affected_row *of,
                             const struct affected_tag_row *r, struct err *e)
{
    BOTH(affected_tag_put, "INSERT INTO ",
         "_tag (affected_id, tag, status, reason, actor, at_us)"
         " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (affected_id, tag) DO UPDATE SET"
         " status = excluded.status, reason = excluded.reason, actor = excluded.actor,"
         " at_us = excluded.at_us");
    return db_run(db, &affected_tag_put[of->part != 0],
                  DB_ARGS(DB_I(of->id), DB_T(r->tag), DB_T(r->status), DB_T(r->reason),
                          DB_T(r->actor), DB_I(r->at_us)),
                  NULL, e);
}

enum rc ops_affected_tag_drop(struct db *db, const struct affected_row *of, struct str tag,
                              struct err *e)
{
    BOTH(affected_tag_drop, "DELETE FROM ", "_tag WHERE affected_id = $1 AND tag = $2");
    int64_t n;
    TRY(db_run(db, &affected_tag_drop[of->part != 0], DB_ARGS(DB_I(of->id), DB_T(tag)), &n, e));
    return n > 0 ? RC_OK : err_set(e, RC_NOTFOUND, "nothing was decided about that release");
}

enum rc ops_affected_tags(struct db *db, struct arena *a, const struct affected_row *of,
                          struct affected_tag_row **ret, size_t *ret_n, struct err *e)
{
    BOTH(affected_tags, "SELECT tag, status, reason, actor, at_us FROM ",
         "_tag WHERE affected_id = $1 ORDER BY at_us, tag");
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &affected_tags[of->part != 0], DB_ARGS(DB_I(of->id)), &r, e));
    struct affected_tag_row *v = ROWS_ARRAY(a, r, struct affected_tag_row);
    size_t n = 0;
    while (v && rows_next(r))
        v[n++] = (struct affected_tag_row){row_keep(a, r, 0), row_keep(a, r, 1), row_keep(a, r, 2),
                                           row_keep(a, r, 3), row_i64(r, 4)};
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}
