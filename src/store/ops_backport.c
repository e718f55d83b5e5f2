/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of the backports of a case, of reproducers and of runs in the sandbox.
 * Runs in core.
 * Input: values that desk/ has checked; nothing here decides.
 */
#include "store/ops_backport.h"

#include "store/ops_row.h"

/* ---- the question ---- */

#define HEAD                                                                                       \
    "SELECT id, case_id, nth, answer_nth, asked_us, answered_us, question, state, progress,"       \
    " failure, head, message, summary, asked_by FROM backport"

static enum rc one(struct db *db, const struct sql *q, int64_t key, struct arena *a,
                   struct backport_row *ret, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, DB_ARGS(DB_I(key)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "no backports were asked for in this case yet");
    *ret = (struct backport_row){.id = row_i64(r, 0),
                                 .case_id = row_i64(r, 1),
                                 .nth = row_i64(r, 2),
                                 .answer_nth = row_i64(r, 3),
                                 .asked_us = row_i64(r, 4),
                                 .answered_us = row_i64(r, 5),
                                 .question = row_keep(a, r, 6),
                                 .state = row_keep(a, r, 7),
                                 .progress = row_keep(a, r, 8),
                                 .failure = row_keep(a, r, 9),
                                 .head = row_keep(a, r, 10),
                                 .message = row_keep(a, r, 11),
                                 .summary = row_keep(a, r, 12),
                                 .asked_by = row_keep(a, r, 13)};
    return rows_kept(r, a, e);
}

enum rc ops_backport_of_case(struct db *db, struct arena *a, int64_t case_id,
                             struct backport_row *ret, struct err *e)
{
    static const struct sql q = {"backport_of_case", HEAD " WHERE case_id = $1", NULL};
    return one(db, &q, case_id, a, ret, e);
}

enum rc ops_backport_get(struct db *db, struct arena *a, int64_t id, struct backport_row *ret,
                         struct err *e)
{
    static const struct sql q = {"backport_get", HEAD " WHERE id = $1", NULL};
    return one(db, &q, id, a, ret, e);
}

enum rc ops_backport_insert(struct db *db, const struct backport_row *r, int64_t *ret_id,
                            struct err *e)
{
    static const struct sql q = {
        "backport_insert",
        "INSERT INTO backport (case_id, question, nth, state, progress, failure, head, answer_nth,"
        " message, summary, asked_by, asked_us)"
        " VALUES ($1, $2, 0, 'asked', '', '', '', 0, '', '', $3, $4)"
        " ON CONFLICT (case_id) DO NOTHING RETURNING id",
        NULL};
    enum rc rc = db_one_i64(
        db, &q, DB_ARGS(DB_I(r->case_id), DB_T(r->question), DB_T(r->asked_by), DB_I(r->asked_us)),
        ret_id, e);
    return rc == RC_NOTFOUND ? err_set(e, RC_CONFLICT, "it was asked already") : rc;
}

enum rc ops_backport_update(struct db *db, const struct backport_row *r, struct err *e)
{
    static const struct sql q = {
        "backport_update",
        "UPDATE backport SET question = $2, nth = $3, state = $4, progress = '', failure = $5,"
        " head = $6, answer_nth = $7, message = $8, summary = $9, asked_by = $10, asked_us = $11,"
        " answered_us = $12 WHERE id = $1",
        NULL};
    return db_run_one(db, &q,
                      DB_ARGS(DB_I(r->id), DB_T(r->question), DB_I(r->nth), DB_T(r->state),
                              DB_T(r->failure), DB_T(r->head), DB_I(r->answer_nth),
                              DB_T(r->message), DB_T(r->summary), DB_T(r->asked_by),
                              DB_I(r->asked_us), DB_I0(r->answered_us)),
                      "the backports of a case", e);
}

enum rc ops_backport_message(struct db *db, const struct backport_row *r, struct err *e)
{
    static const struct sql q = {"backport_message",
                                 "UPDATE backport SET message = $2 WHERE id = $1", NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(r->id), DB_T(r->message)), "the backports of a case", e);
}

enum rc ops_backport_sum(struct db *db, const struct backport_row *r, struct err *e)
{
    static const struct sql q = {"backport_sum", "UPDATE backport SET summary = $2 WHERE id = $1",
                                 NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(r->id), DB_T(r->summary)), "the backports of a case", e);
}

enum rc ops_backport_progress(struct db *db, int64_t id, struct str what, int64_t *ret_case,
                              struct err *e)
{
    static const struct sql q = {"backport_progress",
                                 "UPDATE backport SET progress = $2 WHERE id = $1"
                                 " AND state = 'asked' RETURNING case_id",
                                 NULL};
    return db_one_i64(db, &q, DB_ARGS(DB_I(id), DB_T(what)), ret_case, e);
}

/* What stays behind keeps its line, which goes with its own case: the tests of a line that no case
 * shows are shown by none. */
enum rc ops_backport_move(struct db *db, int64_t from_case, int64_t to_case, bool backports,
                          struct err *e)
{
    static const struct sql rows[] = {
        {"backport_move", "UPDATE backport SET case_id = $2 WHERE case_id = $1", NULL},
        {"backport_move_tests",
         "UPDATE sandbox_run SET case_id = $2 WHERE case_id = $1 AND line_id IS NOT NULL", NULL},
        {"backport_move_scripts", "UPDATE reproducer SET case_id = $2 WHERE case_id = $1", NULL},
        {"backport_move_runs",
         "UPDATE sandbox_run SET case_id = $2 WHERE case_id = $1 AND line_id IS NULL", NULL},
    };
    for (size_t i = backports ? 0 : 2; i < ARRAY_LEN(rows); i++)
        TRY(db_run(db, &rows[i], DB_ARGS(DB_I(from_case), DB_I(to_case)), NULL, e));
    return RC_OK;
}

/* ---- its lines ---- */

#define LINE                                                                                       \
    "SELECT id, backport_id, place, wanted, nth, account_id, decided_us, blob_id, edit_nth,"       \
    " edit_blob, edit_account, untested_us, name, onto, state, failure, decision, reason, actor,"  \
    " tree, made, base, edit_state, edit_failure, edit_reason, edit_by, untested, untested_by,"    \
    " verdict, edit_tree, "
#define WITHOUT "CASE WHEN record = '' THEN '' ELSE '{}' END"
#define ORDER   " FROM backport_line WHERE backport_id = $1 ORDER BY wanted DESC, place, id"

static struct backport_line_row line_of(struct rows *r, struct arena *a)
{
    return (struct backport_line_row){.id = row_i64(r, 0),
                                      .backport_id = row_i64(r, 1),
                                      .place = row_i64(r, 2),
                                      .wanted = row_i64(r, 3) != 0,
                                      .nth = row_i64(r, 4),
                                      .account_id = row_i64(r, 5),
                                      .decided_us = row_i64(r, 6),
                                      .blob_id = row_i64(r, 7),
                                      .edit_nth = row_i64(r, 8),
                                      .edit_blob = row_i64(r, 9),
                                      .edit_account = row_i64(r, 10),
                                      .untested_us = row_i64(r, 11),
                                      .name = row_keep(a, r, 12),
                                      .onto = row_keep(a, r, 13),
                                      .state = row_keep(a, r, 14),
                                      .failure = row_keep(a, r, 15),
                                      .decision = row_keep(a, r, 16),
                                      .reason = row_keep(a, r, 17),
                                      .actor = row_keep(a, r, 18),
                                      .tree = row_keep(a, r, 19),
                                      .made = row_keep(a, r, 20),
                                      .base = row_keep(a, r, 21),
                                      .edit_state = row_keep(a, r, 22),
                                      .edit_failure = row_keep(a, r, 23),
                                      .edit_reason = row_keep(a, r, 24),
                                      .edit_by = row_keep(a, r, 25),
                                      .untested = row_keep(a, r, 26),
                                      .untested_by = row_keep(a, r, 27),
                                      .verdict = row_keep(a, r, 28),
                                      .edit_tree = row_keep(a, r, 29),
                                      .record = row_keep(a, r, 30)};
}

enum rc ops_backport_lines(struct db *db, struct arena *a, int64_t backport_id, bool without_record,
                           struct backport_line_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql whole = {"backport_lines", LINE "record" ORDER, NULL},
                            bare = {"backport_lines_bare", LINE WITHOUT ORDER, NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, without_record ? &bare : &whole, DB_ARGS(DB_I(backport_id)), &r, e));
    struct backport_line_row *v = ROWS_ARRAY(a, r, struct backport_line_row);
    size_t n = 0;
    while (v && rows_next(r))
        v[n++] = line_of(r, a);
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_backport_line_get(struct db *db, struct arena *a, int64_t id,
                              struct backport_line_row *ret, struct err *e)
{
    static const struct sql q = {"backport_line_get",
                                 LINE "record FROM backport_line WHERE id = $1", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(id)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "there is no such line");
    *ret = line_of(r, a);
    return rows_kept(r, a, e);
}

enum rc ops_backport_line_insert(struct db *db, const struct backport_line_row *r, int64_t *ret_id,
                                 struct err *e)
{
    static const struct sql q = {
        "backport_line_insert",
        "INSERT INTO backport_line (backport_id, name, onto, place, wanted, nth, edit_nth, state,"
        " failure, verdict, record, decision, reason, actor, tree, made, base, edit_state,"
        " edit_failure, edit_reason, edit_tree, edit_by, untested, untested_by)"
        " VALUES ($1, $2, $3, $4, $5, 0, 0, 'asked', '', '', '', '', '', '', '', '', '', '', '',"
        " '', '', '', '', '') RETURNING id",
        NULL};
    return db_one_i64(db, &q,
                      DB_ARGS(DB_I(r->backport_id), DB_T(r->name), DB_T(r->onto), DB_I(r->place),
                              DB_I(r->wanted)),
                      ret_id, e);
}

enum rc ops_backport_line_answer(struct db *db, const struct backport_line_row *r, struct err *e)
{
    static const struct sql q = {
        "backport_line_answer",
        "UPDATE backport_line SET onto = $2, place = $3, wanted = $4, nth = $5, state = $6,"
        " failure = $7, record = $8, verdict = $9 WHERE id = $1",
        NULL};
    return db_run_one(db, &q,
                      DB_ARGS(DB_I(r->id), DB_T(r->onto), DB_I(r->place), DB_I(r->wanted),
                              DB_I(r->nth), DB_T(r->state), DB_T(r->failure), DB_T(r->record),
                              DB_T(r->verdict)),
                      "a line", e);
}

enum rc ops_backport_line_ask(struct db *db, const struct backport_line_row *r, struct err *e)
{
    static const struct sql q = {
        "backport_line_ask",
        "UPDATE backport_line SET onto = $2, place = $3, wanted = $4, state = $5, failure = $6"
        " WHERE id = $1",
        NULL};
    return db_run_one(db, &q,
                      DB_ARGS(DB_I(r->id), DB_T(r->onto), DB_I(r->place), DB_I(r->wanted),
                              DB_T(r->state), DB_T(r->failure)),
                      "a line", e);
}

enum rc ops_backport_line_settle(struct db *db, const struct backport_line_row *r, struct err *e)
{
    static const struct sql q = {
        "backport_line_settle",
        "UPDATE backport_line SET decision = $2, reason = $3, actor = $4, account_id = $5,"
        " decided_us = $6, tree = $7, made = $8, base = $9, blob_id = $10 WHERE id = $1",
        NULL};
    return db_run_one(db, &q,
                      DB_ARGS(DB_I(r->id), DB_T(r->decision), DB_T(r->reason), DB_T(r->actor),
                              DB_I0(r->account_id), DB_I0(r->decided_us), DB_T(r->tree),
                              DB_T(r->made), DB_T(r->base), DB_I0(r->blob_id)),
                      "a line", e);
}

enum rc ops_backport_line_edit(struct db *db, const struct backport_line_row *r, struct err *e)
{
    static const struct sql q = {
        "backport_line_edit",
        "UPDATE backport_line SET edit_state = $2, edit_failure = $3, edit_reason = $4,"
        " edit_nth = $5, edit_blob = $6, edit_by = $7, edit_account = $8, edit_tree = $9"
        " WHERE id = $1",
        NULL};
    return db_run_one(db, &q,
                      DB_ARGS(DB_I(r->id), DB_T(r->edit_state), DB_T(r->edit_failure),
                              DB_T(r->edit_reason), DB_I(r->edit_nth), DB_I0(r->edit_blob),
                              DB_T(r->edit_by), DB_I0(r->edit_account), DB_T(r->edit_tree)),
                      "a line", e);
}

enum rc ops_backport_line_untested(struct db *db, const struct backport_line_row *r, struct err *e)
{
    static const struct sql q = {
        "backport_line_untested",
        "UPDATE backport_line SET untested = $2, untested_by = $3, untested_us = $4 WHERE id = $1",
        NULL};
    return db_run_one(
        db, &q,
        DB_ARGS(DB_I(r->id), DB_T(r->untested), DB_T(r->untested_by), DB_I0(r->untested_us)),
        "a line", e);
}

/* ---- scripts ---- */

#define SCRIPT                                                                                     \
    "SELECT id, case_id, size, blob_id, added_us, approved_us, revoked_us, name, source, sha256,"  \
    " added_by, approved, approved_by, revoked_by, revoked_why FROM reproducer"

static struct reproducer_row script_of(struct rows *r, struct arena *a)
{
    return (struct reproducer_row){row_i64(r, 0),      row_i64(r, 1),      row_i64(r, 2),
                                   row_i64(r, 3),      row_i64(r, 4),      row_i64(r, 5),
                                   row_i64(r, 6),      row_keep(a, r, 7),  row_keep(a, r, 8),
                                   row_keep(a, r, 9),  row_keep(a, r, 10), row_keep(a, r, 11),
                                   row_keep(a, r, 12), row_keep(a, r, 13), row_keep(a, r, 14)};
}

enum rc ops_reproducers(struct db *db, struct arena *a, int64_t case_id,
                        struct reproducer_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {"reproducers", SCRIPT " WHERE case_id = $1 ORDER BY id DESC",
                                 NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(case_id)), &r, e));
    struct reproducer_row *v = ROWS_ARRAY(a, r, struct reproducer_row);
    size_t n = 0;
    while (v && rows_next(r))
        v[n++] = script_of(r, a);
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_reproducer_get(struct db *db, struct arena *a, int64_t case_id, int64_t id,
                           struct reproducer_row *ret, struct err *e)
{
    static const struct sql q = {
        "reproducer_get", SCRIPT " WHERE id = $1 AND (CAST($2 AS BIGINT) = 0 OR case_id = $2)",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(id), DB_I(case_id)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "the case has no such script");
    *ret = script_of(r, a);
    return rows_kept(r, a, e);
}

enum rc ops_reproducer_insert(struct db *db, const struct reproducer_row *r, int64_t *ret_id,
                              struct err *e)
{
    static const struct sql q = {
        "reproducer_insert",
        "INSERT INTO reproducer (case_id, name, source, sha256, size, blob_id, added_by, added_us,"
        " approved, approved_by, revoked_by, revoked_why)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', '', '', '') RETURNING id",
        NULL};
    return db_one_i64(db, &q,
                      DB_ARGS(DB_I(r->case_id), DB_T(r->name), DB_T(r->source), DB_T(r->sha256),
                              DB_I(r->size), DB_I(r->blob_id), DB_T(r->added_by),
                              DB_I(r->added_us)),
                      ret_id, e);
}

enum rc ops_reproducer_decide(struct db *db, const struct reproducer_row *r, struct err *e)
{
    static const struct sql q = {
        "reproducer_decide",
        "UPDATE reproducer SET approved = $2, approved_by = $3, approved_us = $4, revoked_by = $5,"
        " revoked_why = $6, revoked_us = $7 WHERE id = $1",
        NULL};
    return db_run_one(db, &q,
                      DB_ARGS(DB_I(r->id), DB_T(r->approved), DB_T(r->approved_by),
                              DB_I0(r->approved_us), DB_T(r->revoked_by), DB_T(r->revoked_why),
                              DB_I0(r->revoked_us)),
                      "a script", e);
}

/* ---- runs ---- */

#define RUN                                                                                        \
    "SELECT id, case_id, line_id, reproducer_id, log_blob, asked_us, ended_us, question, state,"   \
    " progress, result, why, made, asked_by, "
#define RUNS " FROM sandbox_run WHERE case_id = $1 ORDER BY id DESC LIMIT $2"

static struct run_row run_of(struct rows *r, struct arena *a)
{
    return (struct run_row){.id = row_i64(r, 0),
                            .case_id = row_i64(r, 1),
                            .line_id = row_i64(r, 2),
                            .reproducer_id = row_i64(r, 3),
                            .log_blob = row_i64(r, 4),
                            .asked_us = row_i64(r, 5),
                            .ended_us = row_i64(r, 6),
                            .question = row_keep(a, r, 7),
                            .state = row_keep(a, r, 8),
                            .progress = row_keep(a, r, 9),
                            .result = row_keep(a, r, 10),
                            .why = row_keep(a, r, 11),
                            .made = row_keep(a, r, 12),
                            .asked_by = row_keep(a, r, 13),
                            .answer = row_keep(a, r, 14)};
}

static enum rc runs(struct db *db, const struct sql *q, struct db_args args, struct arena *a,
                    struct run_row **ret, size_t *ret_n, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, args, &r, e));
    struct run_row *v = ROWS_ARRAY(a, r, struct run_row);
    size_t n = 0;
    while (v && rows_next(r))
        v[n++] = run_of(r, a);
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_runs(struct db *db, struct arena *a, int64_t case_id, int64_t max, struct run_row **ret,
                 size_t *ret_n, struct err *e)
{
    static const struct sql q = {"runs", RUN "answer" RUNS, NULL};
    return runs(db, &q, DB_ARGS(DB_I(case_id), DB_I(max)), a, ret, ret_n, e);
}

enum rc ops_runs_bare(struct db *db, struct arena *a, int64_t case_id, int64_t max,
                      struct run_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {"runs_bare", RUN "''" RUNS, NULL};
    return runs(db, &q, DB_ARGS(DB_I(case_id), DB_I(max)), a, ret, ret_n, e);
}

enum rc ops_run_get(struct db *db, struct arena *a, int64_t id, struct run_row *ret, struct err *e)
{
    static const struct sql q = {"run_get", RUN "answer FROM sandbox_run WHERE id = $1", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(id)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "there is no such run");
    *ret = run_of(r, a);
    return rows_kept(r, a, e);
}

enum rc ops_run_insert(struct db *db, const struct run_row *r, int64_t *ret_id, struct err *e)
{
    static const struct sql q = {
        "run_insert",
        "INSERT INTO sandbox_run (case_id, line_id, reproducer_id, question, state, progress,"
        " result, why, answer, made, asked_by, asked_us)"
        " VALUES ($1, $2, $3, $4, 'asked', '', '', '', '', $5, $6, $7) RETURNING id",
        NULL};
    return db_one_i64(db, &q,
                      DB_ARGS(DB_I(r->case_id), DB_I0(r->line_id), DB_I0(r->reproducer_id),
                              DB_T(r->question), DB_T(r->made), DB_T(r->asked_by),
                              DB_I(r->asked_us)),
                      ret_id, e);
}

enum rc ops_run_end(struct db *db, const struct run_row *r, struct err *e)
{
    static const struct sql q = {
        "run_end",
        "UPDATE sandbox_run SET state = $2, progress = '', result = $3, why = $4, answer = $5,"
        " log_blob = $6, ended_us = $7 WHERE id = $1",
        NULL};
    return db_run_one(db, &q,
                      DB_ARGS(DB_I(r->id), DB_T(r->state), DB_T(r->result), DB_T(r->why),
                              DB_T(r->answer), DB_I0(r->log_blob), DB_I0(r->ended_us)),
                      "a run", e);
}

enum rc ops_run_progress(struct db *db, int64_t id, struct str what, int64_t *ret_case,
                         struct err *e)
{
    static const struct sql q = {"run_progress",
                                 "UPDATE sandbox_run SET progress = $2 WHERE id = $1"
                                 " AND state = 'asked' RETURNING case_id",
                                 NULL};
    return db_one_i64(db, &q, DB_ARGS(DB_I(id), DB_T(what)), ret_case, e);
}

enum rc ops_runs_cancel(struct db *db, int64_t line_id, int64_t reproducer_id, int64_t now_us,
                        struct err *e)
{
    static const struct sql q = {
        "runs_cancel",
        "UPDATE sandbox_run SET state = 'cancelled', progress = '', ended_us = $3"
        " WHERE state = 'asked' AND (line_id = $1 OR reproducer_id = $2)",
        NULL};
    return db_run(db, &q, DB_ARGS(DB_I0(line_id), DB_I0(reproducer_id), DB_I(now_us)), NULL, e);
}
