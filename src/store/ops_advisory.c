/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of advisories, their revisions, credits and mails.
 * Runs in core.
 * Input: values that desk/ has checked; nothing here decides.
 */
#include "store/ops_advisory.h"

#include "store/ops_row.h"

static enum rc none(const char *what, struct err *e)
{
    return err_set(e, RC_NOTFOUND, "no such %s", what);
}

/* ---- advisories ---- */

#define ADVISORY_COLUMNS                                                                           \
    "a.id, a.case_id, a.year, a.nth, a.revision, a.planned_us, a.published_us, a.modified_us,"     \
    " a.withdrawn_us, a.number, a.state, a.withdrawn_reason, c.number, c.title"                    \
    " FROM advisory a JOIN vcase c ON c.id = a.case_id"

static void advisory_fill(struct arena *a, struct rows *r, struct advisory_row *v)
{
    *v = (struct advisory_row){.id = row_i64(r, 0),
                               .case_id = row_i64(r, 1),
                               .year = row_i64(r, 2),
                               .nth = row_i64(r, 3),
                               .revision = row_i64(r, 4),
                               .planned_us = row_i64(r, 5),
                               .published_us = row_i64(r, 6),
                               .modified_us = row_i64(r, 7),
                               .withdrawn_us = row_i64(r, 8),
                               .number = row_keep(a, r, 9),
                               .state = row_keep(a, r, 10),
                               .withdrawn_reason = row_keep(a, r, 11),
                               .case_number = row_keep(a, r, 12),
                               .case_title = row_keep(a, r, 13)};
}

/* An empty number is none. */
static struct dbv number_of(struct str s)
{
    return s.n ? DB_T(s) : DB_NULL;
}

enum rc ops_advisory_insert(struct db *db, const struct advisory_row *r, int64_t *ret_id,
                            struct err *e)
{
    static const struct sql q = {
        "advisory_insert",
        "INSERT INTO advisory (case_id, state, revision, withdrawn_reason) VALUES ($1, $2, $3, '')"
        " ON CONFLICT (case_id) DO NOTHING RETURNING id",
        NULL};
    enum rc rc =
        db_one_i64(db, &q, DB_ARGS(DB_I(r->case_id), DB_T(r->state), DB_I(r->revision)), ret_id, e);
    return rc == RC_NOTFOUND ? err_set(e, RC_CONFLICT, "the case has an advisory already") : rc;
}

static enum rc advisory_one(struct db *db, const struct sql *q, struct dbv key, struct arena *a,
                            struct advisory_row *ret, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, DB_ARGS(key), &r, e));
    if (!rows_next(r))
        return none("advisory", e);
    advisory_fill(a, r, ret);
    return rows_kept(r, a, e);
}

enum rc ops_advisory_get(struct db *db, struct arena *a, int64_t id, struct advisory_row *ret,
                         struct err *e)
{
    static const struct sql q = {"advisory_get", "SELECT " ADVISORY_COLUMNS " WHERE a.id = $1",
                                 NULL};
    return advisory_one(db, &q, DB_I(id), a, ret, e);
}

enum rc ops_advisory_of_case(struct db *db, struct arena *a, int64_t case_id,
                             struct advisory_row *ret, struct err *e)
{
    static const struct sql q = {"advisory_of_case",
                                 "SELECT " ADVISORY_COLUMNS " WHERE a.case_id = $1", NULL};
    return advisory_one(db, &q, DB_I(case_id), a, ret, e);
}

enum rc ops_advisory_by_number(struct db *db, struct arena *a, struct str number,
                               struct advisory_row *ret, struct err *e)
{
    static const struct sql q = {
        "advisory_by_number",
        "SELECT " ADVISORY_COLUMNS " WHERE a.number = $1 AND a.published_us IS NOT NULL", NULL};
    return advisory_one(db, &q, DB_T(number), a, ret, e);
}

enum rc ops_advisory_update(struct db *db, const struct advisory_row *r, struct err *e)
{
    static const struct sql q = {
        "advisory_update",
        "UPDATE advisory SET number = $2, year = $3, nth = $4, state = $5, revision = $6,"
        " planned_us = $7, published_us = $8, modified_us = $9, withdrawn_us = $10,"
        " withdrawn_reason = $11 WHERE id = $1",
        NULL};
    return db_run_one(db, &q,
                      DB_ARGS(DB_I(r->id), number_of(r->number), DB_I0(r->year), DB_I0(r->nth),
                              DB_T(r->state), DB_I(r->revision), DB_I0(r->planned_us),
                              DB_I0(r->published_us), DB_I0(r->modified_us), DB_I0(r->withdrawn_us),
                              DB_T(r->withdrawn_reason)),
                      "advisory", e);
}

enum rc ops_advisory_last_nth(struct db *db, int64_t year, int64_t *ret_nth, struct err *e)
{
    static const struct sql q = {
        "advisory_last_nth", "SELECT COALESCE(max(nth), 0) FROM advisory WHERE year = $1", NULL};
    return db_one_i64(db, &q, DB_ARGS(DB_I(year)), ret_nth, e);
}

enum rc ops_advisory_list(struct db *db, struct arena *a, bool is_public, int64_t max,
                          struct advisory_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql all = {"advisory_list",
                                   "SELECT " ADVISORY_COLUMNS
                                   " ORDER BY CASE WHEN a.published_us IS NULL THEN 0 ELSE 1 END,"
                                   " a.modified_us DESC, a.id DESC LIMIT $1",
                                   NULL},
                            open = {"advisory_list_public",
                                    "SELECT " ADVISORY_COLUMNS " WHERE a.published_us IS NOT NULL"
                                    " ORDER BY a.published_us DESC, a.id DESC LIMIT $1",
                                    NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, is_public ? &open : &all, DB_ARGS(DB_I(max)), &r, e));
    struct advisory_row *v = ROWS_ARRAY(a, r, struct advisory_row);
    size_t n = 0;
    while (v && rows_next(r))
        advisory_fill(a, r, &v[n++]);
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_advisory_move(struct db *db, int64_t from_case, int64_t to_case, struct err *e)
{
    static const struct sql adv = {"advisory_move",
                                   "UPDATE advisory SET case_id = $2 WHERE case_id = $1"
                                   " AND NOT EXISTS (SELECT 1 FROM advisory WHERE case_id = $2)",
                                   NULL},
                            credit = {"credit_move",
                                      "UPDATE credit SET case_id = $2 WHERE case_id = $1", NULL};
    TRY(db_run(db, &adv, DB_ARGS(DB_I(from_case), DB_I(to_case)), NULL, e));
    return db_run(db, &credit, DB_ARGS(DB_I(from_case), DB_I(to_case)), NULL, e);
}

/* ---- revisions ---- */

#define REVISION_COLUMNS                                                                           \
    "id, advisory_id, nth, author_id, approver_id, created_us, approved_us, published_us, title,"  \
    " body, facts, summary, author, approver, picture FROM advisory_revision"

static void revision_fill(struct arena *a, struct rows *r, struct revision_row *v)
{
    *v = (struct revision_row){.id = row_i64(r, 0),
                               .advisory_id = row_i64(r, 1),
                               .nth = row_i64(r, 2),
                               .author_id = row_i64(r, 3),
                               .approver_id = row_i64(r, 4),
                               .created_us = row_i64(r, 5),
                               .approved_us = row_i64(r, 6),
                               .published_us = row_i64(r, 7),
                               .title = row_keep(a, r, 8),
                               .body = row_keep(a, r, 9),
                               .facts = row_keep(a, r, 10),
                               .summary = row_keep(a, r, 11),
                               .author = row_keep(a, r, 12),
                               .approver = row_keep(a, r, 13),
                               .picture = row_keep(a, r, 14)};
}

enum rc ops_revision_insert(struct db *db, const struct revision_row *r, struct err *e)
{
    static const struct sql q = {
        "revision_insert",
        "INSERT INTO advisory_revision (advisory_id, nth, title, body, facts, summary, author,"
        " author_id, created_us, picture, approver)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '')",
        NULL};
    return db_run(db, &q,
                  DB_ARGS(DB_I(r->advisory_id), DB_I(r->nth), DB_T(r->title), DB_T(r->body),
                          DB_T(r->facts), DB_T(r->summary), DB_T(r->author), DB_I0(r->author_id),
                          DB_I(r->created_us), DB_T(r->picture.n ? r->picture : STR_NONE)),
                  NULL, e);
}

enum rc ops_revision_get(struct db *db, struct arena *a, int64_t advisory_id, int64_t nth,
                         struct revision_row *ret, struct err *e)
{
    static const struct sql one = {"revision_get",
                                   "SELECT " REVISION_COLUMNS
                                   " WHERE advisory_id = $1 AND nth = $2",
                                   NULL},
                            open = {"revision_public",
                                    "SELECT " REVISION_COLUMNS " WHERE advisory_id = $1"
                                    " AND published_us IS NOT NULL AND nth > $2"
                                    " ORDER BY nth DESC LIMIT 1",
                                    NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, nth ? &one : &open, DB_ARGS(DB_I(advisory_id), DB_I(nth)), &r, e));
    if (!rows_next(r))
        return none("revision of the advisory", e);
    revision_fill(a, r, ret);
    return rows_kept(r, a, e);
}

enum rc ops_revision_list(struct db *db, struct arena *a, int64_t advisory_id,
                          struct revision_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "revision_list", "SELECT " REVISION_COLUMNS " WHERE advisory_id = $1 ORDER BY nth", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(advisory_id)), &r, e));
    struct revision_row *v = ROWS_ARRAY(a, r, struct revision_row);
    size_t n = 0;
    while (v && rows_next(r))
        revision_fill(a, r, &v[n++]);
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_revision_update(struct db *db, const struct revision_row *r, struct err *e)
{
    static const struct sql q = {
        "revision_update",
        "UPDATE advisory_revision SET facts = $2, approver = $3, approver_id = $4,"
        " approved_us = $5, published_us = $6 WHERE id = $1",
        NULL};
    return db_run_one(db, &q,
                      DB_ARGS(DB_I(r->id), DB_T(r->facts), DB_T(r->approver), DB_I0(r->approver_id),
                              DB_I0(r->approved_us), DB_I0(r->published_us)),
                      "revision", e);
}

/* ---- credits ---- */

#define CREDIT_COLUMNS                                                                             \
    "k.id, k.case_id, k.participant_id, k.changed_us, k.name, k.role, k.decision,"                 \
    " COALESCE(p.email, '') FROM credit k LEFT JOIN participant p ON p.id = k.participant_id"

static void credit_fill(struct arena *a, struct rows *r, struct credit_row *v)
{
    *v = (struct credit_row){.id = row_i64(r, 0),
                             .case_id = row_i64(r, 1),
                             .participant_id = row_i64(r, 2),
                             .changed_us = row_i64(r, 3),
                             .name = row_keep(a, r, 4),
                             .role = row_keep(a, r, 5),
                             .decision = row_keep(a, r, 6),
                             .email = row_keep(a, r, 7)};
}

enum rc ops_credit_insert(struct db *db, const struct credit_row *r, int64_t *ret_id, struct err *e)
{
    static const struct sql q = {
        "credit_insert",
        "INSERT INTO credit (case_id, participant_id, name, role, decision, changed_us)"
        " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
        NULL};
    return db_one_i64(db, &q,
                      DB_ARGS(DB_I(r->case_id), DB_I0(r->participant_id), DB_T(r->name),
                              DB_T(r->role), DB_T(r->decision), DB_I(r->changed_us)),
                      ret_id, e);
}

enum rc ops_credit_list(struct db *db, struct arena *a, int64_t case_id, struct credit_row **ret,
                        size_t *ret_n, struct err *e)
{
    static const struct sql q = {"credit_list",
                                 "SELECT " CREDIT_COLUMNS " WHERE p.case_id = $1 OR"
                                 " (k.participant_id IS NULL AND k.case_id = $1) ORDER BY k.id",
                                 NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(case_id)), &r, e));
    struct credit_row *v = ROWS_ARRAY(a, r, struct credit_row);
    size_t n = 0;
    while (v && rows_next(r))
        credit_fill(a, r, &v[n++]);
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_credit_of(struct db *db, struct arena *a, int64_t participant_id,
                      struct credit_row *ret, struct err *e)
{
    static const struct sql q = {
        "credit_of", "SELECT " CREDIT_COLUMNS " WHERE k.participant_id = $1 ORDER BY k.id LIMIT 1",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(participant_id)), &r, e));
    if (!rows_next(r))
        return none("credit", e);
    credit_fill(a, r, ret);
    return rows_kept(r, a, e);
}

enum rc ops_credit_update(struct db *db, const struct credit_row *r, struct err *e)
{
    static const struct sql q = {
        "credit_update",
        "UPDATE credit SET name = $2, role = $3, decision = $4, changed_us = $5 WHERE id = $1",
        NULL};
    return db_run_one(
        db, &q,
        DB_ARGS(DB_I(r->id), DB_T(r->name), DB_T(r->role), DB_T(r->decision), DB_I(r->changed_us)),
        "credit", e);
}

/* ---- mails ---- */

enum rc ops_announcements(struct db *db, struct arena *a, int64_t case_id,
                          struct announcement_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {"announcements",
                                 "SELECT id, created_us, changed_us, rcpt, state, answer"
                                 " FROM outbox WHERE case_id = $1 AND kind = 'announcement'"
                                 " ORDER BY id",
                                 NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(case_id)), &r, e));
    struct announcement_row *v = ROWS_ARRAY(a, r, struct announcement_row);
    size_t n = 0;
    while (v && rows_next(r))
        v[n++] = (struct announcement_row){.id = row_i64(r, 0),
                                           .created_us = row_i64(r, 1),
                                           .changed_us = row_i64(r, 2),
                                           .rcpt = row_keep(a, r, 3),
                                           .state = row_keep(a, r, 4),
                                           .answer = row_keep(a, r, 5)};
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}
