/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of the audit of a case.
 * Runs in core.
 * Input: values that desk/ has checked; nothing here decides.
 */
#include "store/ops_audit.h"

#include "store/ops_row.h"

/* ---- the question and its answer ---- */

#define HEAD                                                                                       \
    "SELECT id, case_id, nth, answer_nth, cut, open, asked_us, answered_us, question, state,"      \
    " progress, failure, summary, asked_by, "

static enum rc one(struct db *db, const struct sql *q, int64_t key, struct arena *a,
                   struct audit_row *ret, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, DB_ARGS(DB_I(key)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "nothing was searched for in this case yet");
    *ret = (struct audit_row){.id = row_i64(r, 0),
                              .case_id = row_i64(r, 1),
                              .nth = row_i64(r, 2),
                              .answer_nth = row_i64(r, 3),
                              .cut = row_i64(r, 4),
                              .open = row_i64(r, 5),
                              .asked_us = row_i64(r, 6),
                              .answered_us = row_i64(r, 7),
                              .question = row_keep(a, r, 8),
                              .state = row_keep(a, r, 9),
                              .progress = row_keep(a, r, 10),
                              .failure = row_keep(a, r, 11),
                              .summary = row_keep(a, r, 12),
                              .asked_by = row_keep(a, r, 13),
                              .answer = row_keep(a, r, 14)};
    return rows_kept(r, a, e);
}

enum rc ops_audit_of_case(struct db *db, struct arena *a, int64_t case_id, bool without_answer,
                          struct audit_row *ret, struct err *e)
{
    static const struct sql whole = {"audit_of_case", HEAD "answer FROM audit WHERE case_id = $1",
                                     NULL},
                            line = {"audit_line", HEAD "'' FROM audit WHERE case_id = $1", NULL};
    return one(db, without_answer ? &line : &whole, case_id, a, ret, e);
}

enum rc ops_audit_get(struct db *db, struct arena *a, int64_t id, bool without_answer,
                      struct audit_row *ret, struct err *e)
{
    static const struct sql whole = {"audit_get", HEAD "answer FROM audit WHERE id = $1", NULL},
                            line = {"audit_get_line", HEAD "'' FROM audit WHERE id = $1", NULL};
    return one(db, without_answer ? &line : &whole, id, a, ret, e);
}

enum rc ops_audit_insert(struct db *db, const struct audit_row *r, int64_t *ret_id, struct err *e)
{
    static const struct sql q = {
        "audit_insert",
        "INSERT INTO audit (case_id, question, nth, state, progress, failure, answer, answer_nth,"
        " summary, cut, open, asked_by, asked_us)"
        " VALUES ($1, $2, 0, 'asked', '', '', '', 0, '', $3, 0, $4, $5)"
        " ON CONFLICT (case_id) DO NOTHING RETURNING id",
        NULL};
    enum rc rc = db_one_i64(db, &q,
                            DB_ARGS(DB_I(r->case_id), DB_T(r->question), DB_I(r->cut),
                                    DB_T(r->asked_by), DB_I(r->asked_us)),
                            ret_id, e);
    return rc == RC_NOTFOUND ? err_set(e, RC_CONFLICT, "it was asked already") : rc;
}

enum rc ops_audit_ask(struct db *db, const struct audit_row *r, struct err *e)
{
    static const struct sql q = {
        "audit_ask",
        "UPDATE audit SET question = $2, nth = $3, cut = $4, asked_by = $5, asked_us = $6,"
        " state = 'asked', progress = '', failure = '' WHERE id = $1",
        NULL};
    return db_run(db, &q,
                  DB_ARGS(DB_I(r->id), DB_T(r->question), DB_I(r->nth), DB_I(r->cut),
                          DB_T(r->asked_by), DB_I(r->asked_us)),
                  NULL, e);
}

enum rc ops_audit_answer(struct db *db, const struct audit_row *r, struct err *e)
{
    static const struct sql q = {
        "audit_answer",
        "UPDATE audit SET state = 'answered', failure = '', progress = '', answer = $2,"
        " answer_nth = $3, summary = $4, answered_us = $5 WHERE id = $1",
        NULL};
    return db_run(db, &q,
                  DB_ARGS(DB_I(r->id), DB_T(r->answer), DB_I(r->answer_nth), DB_T(r->summary),
                          DB_I(r->answered_us)),
                  NULL, e);
}

enum rc ops_audit_failed(struct db *db, int64_t id, struct str why, struct err *e)
{
    static const struct sql q = {
        "audit_failed",
        "UPDATE audit SET state = 'failed', failure = $2, progress = '' WHERE id = $1", NULL};
    return db_run(db, &q, DB_ARGS(DB_I(id), DB_T(why)), NULL, e);
}

enum rc ops_audit_list(struct db *db, const struct audit_row *r, struct err *e)
{
    static const struct sql q = {
        "audit_list", "UPDATE audit SET cut = $2, open = $3, summary = $4 WHERE id = $1", NULL};
    return db_run(db, &q, DB_ARGS(DB_I(r->id), DB_I(r->cut), DB_I(r->open), DB_T(r->summary)), NULL,
                  e);
}

enum rc ops_audit_progress(struct db *db, int64_t id, struct str what, int64_t *ret_case,
                           struct err *e)
{
    static const struct sql q = {"audit_progress",
                                 "UPDATE audit SET progress = $2 WHERE id = $1"
                                 " AND state = 'asked' RETURNING case_id",
                                 NULL};
    return db_one_i64(db, &q, DB_ARGS(DB_I(id), DB_T(what)), ret_case, e);
}

enum rc ops_audit_move(struct db *db, int64_t from_case, int64_t to_case, struct err *e)
{
    static const struct sql audit = {"audit_move",
                                     "UPDATE audit SET case_id = $2 WHERE case_id = $1", NULL},
                            parts = {"audit_move_parts",
                                     "UPDATE affected_part SET case_id = $2 WHERE case_id = $1",
                                     NULL};
    TRY(db_run(db, &audit, DB_ARGS(DB_I(from_case), DB_I(to_case)), NULL, e));
    return db_run(db, &parts, DB_ARGS(DB_I(from_case), DB_I(to_case)), NULL, e);
}

/* ---- decisions ---- */

#define HIT                                                                                        \
    "SELECT h.id, h.line_in, h.line, h.account_id, h.at_us, h.signed_us, h.alone, h.chunk, "       \
    "h.repo,"                                                                                      \
    " h.path, h.function, h.verdict, h.reason, h.actor, h.signer FROM audit_hit h"

static struct audit_hit_row hit_of(struct rows *r, struct arena *a)
{
    return (struct audit_hit_row){.id = row_i64(r, 0),
                                  .line_in = row_i64(r, 1),
                                  .line = row_i64(r, 2),
                                  .account_id = row_i64(r, 3),
                                  .at_us = row_i64(r, 4),
                                  .signed_us = row_i64(r, 5),
                                  .alone = row_i64(r, 6) != 0,
                                  .chunk = row_keep(a, r, 7),
                                  .repo = row_keep(a, r, 8),
                                  .path = row_keep(a, r, 9),
                                  .function = row_keep(a, r, 10),
                                  .verdict = row_keep(a, r, 11),
                                  .reason = row_keep(a, r, 12),
                                  .actor = row_keep(a, r, 13),
                                  .signer = row_keep(a, r, 14)};
}

enum rc ops_audit_hits(struct db *db, struct arena *a, int64_t audit_id, struct audit_hit_row **ret,
                       size_t *ret_n, struct err *e)
{
    static const struct sql q = {"audit_hits", HIT " WHERE h.audit_id = $1 ORDER BY h.id", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(audit_id)), &r, e));
    struct audit_hit_row *v = ROWS_ARRAY(a, r, struct audit_hit_row);
    size_t n = 0;
    while (v && rows_next(r))
        v[n++] = hit_of(r, a);
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_audit_hit_put(struct db *db, int64_t audit_id, const struct audit_hit_row *r,
                          int64_t *ret_id, struct err *e)
{
    static const struct sql q = {
        "audit_hit_put",
        "INSERT INTO audit_hit (audit_id, chunk, line_in, repo, path, line, function, verdict,"
        " reason, actor, account_id, at_us, signer, signed_us, alone)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', NULL, 0)"
        " ON CONFLICT (audit_id, chunk, line_in) DO UPDATE SET repo = excluded.repo,"
        " path = excluded.path, line = excluded.line, function = excluded.function,"
        " verdict = excluded.verdict, reason = excluded.reason, actor = excluded.actor,"
        " account_id = excluded.account_id, at_us = excluded.at_us, signer = '', signed_us = NULL,"
        " alone = 0 RETURNING id",
        NULL};
    return db_one_i64(db, &q,
                      DB_ARGS(DB_I(audit_id), DB_T(r->chunk), DB_I(r->line_in), DB_T(r->repo),
                              DB_T(r->path), DB_I(r->line), DB_T(r->function), DB_T(r->verdict),
                              DB_T(r->reason), DB_T(r->actor), DB_I0(r->account_id),
                              DB_I(r->at_us)),
                      ret_id, e);
}

enum rc ops_audit_hit_sign(struct db *db, const struct audit_hit_row *r, struct err *e)
{
    static const struct sql q = {
        "audit_hit_sign",
        "UPDATE audit_hit SET signer = $2, signed_us = $3, alone = $4 WHERE id = $1", NULL};
    return db_run(db, &q,
                  DB_ARGS(DB_I(r->id), DB_T(r->signer), DB_I0(r->signed_us), DB_I(r->alone)), NULL,
                  e);
}

enum rc ops_audit_part(struct db *db, struct arena *a, int64_t case_id, int64_t part,
                       struct audit_hit_row *ret, struct err *e)
{
    static const struct sql q = {"audit_part",
                                 HIT " JOIN audit u ON u.id = h.audit_id WHERE h.id = $1"
                                     " AND u.case_id = $2 AND h.verdict = 'same_flaw'",
                                 NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(part), DB_I(case_id)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "the case has no such place");
    *ret = hit_of(r, a);
    return rows_kept(r, a, e);
}

enum rc ops_audit_parts(struct db *db, int64_t case_id, int64_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "audit_parts",
        "SELECT CAST(count(*) AS BIGINT) FROM audit_hit h JOIN audit u ON u.id = h.audit_id"
        " WHERE u.case_id = $1 AND h.verdict = 'same_flaw'",
        NULL};
    return db_one_i64(db, &q, DB_ARGS(DB_I(case_id)), ret_n, e);
}

#define HINTS                                                                                      \
    "SELECT h.line_in, h.at_us, h.chunk, c.number, h.verdict, h.reason, h.actor FROM audit_hit h"  \
    " JOIN audit u ON u.id = h.audit_id JOIN vcase c ON c.id = u.case_id"                          \
    " WHERE h.audit_id <> $1 AND h.verdict <> '' AND h.chunk IN "
#define HINTS_END " ORDER BY h.at_us DESC, h.id DESC"

enum rc ops_audit_hints(struct db *db, struct arena *a, int64_t audit_id, struct str chunks,
                        struct audit_hint_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "audit_hints", HINTS "(SELECT value FROM json_each($2))" HINTS_END,
        HINTS "(SELECT jsonb_array_elements_text(CAST(CAST($2 AS TEXT) AS JSONB)))" HINTS_END};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(audit_id), DB_T(chunks)), &r, e));
    struct audit_hint_row *v = ROWS_ARRAY(a, r, struct audit_hint_row);
    size_t n = 0;
    while (v && rows_next(r))
        v[n++] = (struct audit_hint_row){row_i64(r, 0),     row_i64(r, 1),     row_keep(a, r, 2),
                                         row_keep(a, r, 3), row_keep(a, r, 4), row_keep(a, r, 5),
                                         row_keep(a, r, 6)};
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

/* ---- the record ---- */

enum rc ops_audit_run_add(struct db *db, int64_t audit_id, const struct audit_run_row *r,
                          struct err *e)
{
    static const struct sql old = {
        "audit_run_replace",
        "UPDATE audit_run SET state = 'replaced' WHERE audit_id = $1 AND state = 'asked'", NULL};
    static const struct sql q = {
        "audit_run_add",
        "INSERT INTO audit_run (audit_id, nth, question, state, failure, searched, cut, asked_by,"
        " asked_us) VALUES ($1, $2, $3, 'asked', '', '', $4, $5, $6)",
        NULL};
    TRY(db_run(db, &old, DB_ARGS(DB_I(audit_id)), NULL, e));
    return db_run(db, &q,
                  DB_ARGS(DB_I(audit_id), DB_I(r->nth), DB_T(r->question), DB_I(r->cut),
                          DB_T(r->asked_by), DB_I(r->asked_us)),
                  NULL, e);
}

enum rc ops_audit_run_end(struct db *db, int64_t audit_id, const struct audit_run_row *r,
                          struct err *e)
{
    static const struct sql q = {
        "audit_run_end",
        "UPDATE audit_run SET state = $3, failure = $4, searched = $5, answered_us = $6"
        " WHERE audit_id = $1 AND nth = $2",
        NULL};
    return db_run(db, &q,
                  DB_ARGS(DB_I(audit_id), DB_I(r->nth), DB_T(r->state), DB_T(r->failure),
                          DB_T(r->searched), DB_I0(r->answered_us)),
                  NULL, e);
}

enum rc ops_audit_runs(struct db *db, struct arena *a, int64_t audit_id, int64_t max,
                       struct audit_run_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "audit_runs",
        "SELECT nth, cut, asked_us, answered_us, question, state, failure, searched, asked_by"
        " FROM audit_run WHERE audit_id = $1 ORDER BY nth DESC LIMIT $2",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(audit_id), DB_I(max)), &r, e));
    struct audit_run_row *v = ROWS_ARRAY(a, r, struct audit_run_row);
    size_t n = 0;
    while (v && rows_next(r))
        v[n++] = (struct audit_run_row){row_i64(r, 0),     row_i64(r, 1),     row_i64(r, 2),
                                        row_i64(r, 3),     row_keep(a, r, 4), row_keep(a, r, 5),
                                        row_keep(a, r, 6), row_keep(a, r, 7), row_keep(a, r, 8)};
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_audit_sign_add(struct db *db, int64_t audit_id, const struct audit_sign_row *r,
                           struct err *e)
{
    static const struct sql q = {
        "audit_sign_add",
        "INSERT INTO audit_sign (audit_id, nth, cut, digest, counts, signer, alone, at_us,"
        " ended_why) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '')",
        NULL};
    return db_run(db, &q,
                  DB_ARGS(DB_I(audit_id), DB_I(r->nth), DB_I(r->cut), DB_T(r->digest),
                          DB_T(r->counts), DB_T(r->signer), DB_I(r->alone), DB_I(r->at_us)),
                  NULL, e);
}

#define SIGN                                                                                       \
    "SELECT id, nth, cut, at_us, ended_us, digest, counts, signer, ended_why, alone"               \
    " FROM audit_sign WHERE audit_id = $1"

static enum rc signs(struct db *db, const struct sql *q, struct db_args args, struct arena *a,
                     struct audit_sign_row **ret, size_t *ret_n, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, args, &r, e));
    struct audit_sign_row *v = ROWS_ARRAY(a, r, struct audit_sign_row);
    size_t n = 0;
    while (v && rows_next(r))
        v[n++] = (struct audit_sign_row){row_i64(r, 0),     row_i64(r, 1),     row_i64(r, 2),
                                         row_i64(r, 3),     row_i64(r, 4),     row_keep(a, r, 5),
                                         row_keep(a, r, 6), row_keep(a, r, 7), row_keep(a, r, 8),
                                         row_i64(r, 9) != 0};
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_audit_sign_now(struct db *db, struct arena *a, int64_t audit_id,
                           struct audit_sign_row *ret, struct err *e)
{
    static const struct sql q = {"audit_sign_now", SIGN " AND ended_us IS NULL", NULL};
    struct audit_sign_row *v;
    size_t n;
    TRY(signs(db, &q, DB_ARGS(DB_I(audit_id)), a, &v, &n, e));
    if (n == 0)
        return err_set(e, RC_NOTFOUND, "the audit is not signed off");
    *ret = v[0];
    return RC_OK;
}

enum rc ops_audit_sign_end(struct db *db, int64_t id, int64_t now_us, struct str why, struct err *e)
{
    static const struct sql q = {
        "audit_sign_end", "UPDATE audit_sign SET ended_us = $2, ended_why = $3 WHERE id = $1",
        NULL};
    return db_run(db, &q, DB_ARGS(DB_I(id), DB_I(now_us), DB_T(why)), NULL, e);
}

enum rc ops_audit_signs(struct db *db, struct arena *a, int64_t audit_id, int64_t max,
                        struct audit_sign_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {"audit_signs", SIGN " ORDER BY id DESC LIMIT $2", NULL};
    return signs(db, &q, DB_ARGS(DB_I(audit_id), DB_I(max)), a, ret, ret_n, e);
}
