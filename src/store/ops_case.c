/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of cases, participants, threads and blobs.
 * Runs in core.
 * Input: values that desk/ has checked; nothing here decides.
 */
#include "store/ops_case.h"

#include "store/ops_row.h"
#include "store/ops_search.h"

static enum rc none(const char *what, struct err *e)
{
    return err_set(e, RC_NOTFOUND, "no such %s", what);
}

/* ---- cases ---- */

#define CASE_COLUMNS                                                                               \
    "id, year, nth, handler_id, number, title, em, cs, severity, facts, exit, exit_reason, "       \
    "scope, "                                                                                      \
    "key_wrapped, em_until_us, em_offer_us, escalated, joined_into, opened_us, changed_us, "       \
    "closed_us"

enum rc ops_case_last_nth(struct db *db, int64_t year, int64_t *ret_nth, struct err *e)
{
    static const struct sql q = {"case_last_nth",
                                 "SELECT coalesce(max(nth), 0) FROM vcase WHERE year = $1", NULL};
    return db_one_i64(db, &q, DB_ARGS(DB_I(year)), ret_nth, e);
}

enum rc ops_case_insert(struct db *db, const struct case_row *c, int64_t *ret_id, struct err *e)
{
    static const struct sql q = {
        "case_insert",
        "INSERT INTO vcase (year, nth, handler_id, number, title, em, cs, severity, facts, exit,"
        " exit_reason, scope, key_wrapped, escalated, opened_us, changed_us, chain_seq, chain_head)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0, $17)"
        " RETURNING id",
        NULL};
    int64_t id;
    TRY(db_one_i64(db, &q,
                   DB_ARGS(DB_I(c->year), DB_I(c->nth), DB_I(c->handler_id), DB_T(c->number),
                           DB_T(c->title), DB_T(c->em), DB_T(c->cs), DB_T(c->severity),
                           DB_T(c->facts), DB_T(c->exit), DB_T(c->exit_reason), DB_T(c->scope),
                           DB_B(c->key_wrapped), DB_I(c->escalated), DB_I(c->opened_us),
                           DB_I(c->changed_us), DB_B(STR_NONE)),
                   &id, e));
    TRY(ops_search_case(db, id, c->number, c->title, e));
    *ret_id = id;
    return RC_OK;
}

static void case_fill(struct arena *a, struct rows *r, struct case_row *c)
{
    *c = (struct case_row){
        .id = row_i64(r, 0),
        .year = row_i64(r, 1),
        .nth = row_i64(r, 2),
        .handler_id = row_i64(r, 3),
        .number = row_keep(a, r, 4),
        .title = row_keep(a, r, 5),
        .em = row_keep(a, r, 6),
        .cs = row_keep(a, r, 7),
        .severity = row_keep(a, r, 8),
        .facts = row_keep(a, r, 9),
        .exit = row_keep(a, r, 10),
        .exit_reason = row_keep(a, r, 11),
        .scope = row_keep(a, r, 12),
        .key_wrapped = row_keep_blob(a, r, 13),
        .em_until_us = row_i64(r, 14),
        .em_offer_us = row_i64(r, 15),
        .escalated = row_i64(r, 16),
        .joined_into = row_i64(r, 17),
        .opened_us = row_i64(r, 18),
        .changed_us = row_i64(r, 19),
        .closed_us = row_i64(r, 20),
    };
}

enum rc ops_case_get(struct db *db, struct arena *a, int64_t id, struct case_row *ret,
                     struct err *e)
{
    static const struct sql q = {"case_get", "SELECT " CASE_COLUMNS " FROM vcase WHERE id = $1",
                                 NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(id)), &r, e));
    if (!rows_next(r))
        return none("case", e);
    case_fill(a, r, ret);
    return rows_kept(r, a, e);
}

enum rc ops_case_by_number(struct db *db, struct str number, int64_t *ret_id, struct err *e)
{
    static const struct sql q = {"case_by_number",
                                 "SELECT id FROM (SELECT 0 AS rank, case_id AS id FROM case_alias"
                                 " WHERE number = $1 UNION ALL SELECT 1, id FROM vcase"
                                 " WHERE number = $1) found ORDER BY rank LIMIT 1",
                                 NULL};
    return db_one_i64(db, &q, DB_ARGS(DB_T(number)), ret_id, e);
}

enum rc ops_case_update(struct db *db, const struct case_row *c, struct err *e)
{
    static const struct sql q = {
        "case_update",
        "UPDATE vcase SET title = $2, em = $3, cs = $4, handler_id = $5, severity = $6, facts = $7,"
        " exit = $8, exit_reason = $9, em_until_us = $10, em_offer_us = $11, escalated = $12,"
        " joined_into = $13, changed_us = $14, closed_us = $15 WHERE id = $1",
        NULL};
    return db_run_one(db, &q,
                      DB_ARGS(DB_I(c->id), DB_T(c->title), DB_T(c->em), DB_T(c->cs),
                              DB_I(c->handler_id), DB_T(c->severity), DB_T(c->facts), DB_T(c->exit),
                              DB_T(c->exit_reason), DB_I0(c->em_until_us), DB_I0(c->em_offer_us),
                              DB_I(c->escalated), DB_I0(c->joined_into), DB_I(c->changed_us),
                              DB_I0(c->closed_us)),
                      "case", e);
}

enum rc ops_alias_add(struct db *db, struct str number, int64_t case_id, struct err *e)
{
    static const struct sql q = {"alias_add",
                                 "INSERT INTO case_alias (number, case_id) VALUES ($1, $2)", NULL};
    return db_run(db, &q, DB_ARGS(DB_T(number), DB_I(case_id)), NULL, e);
}

enum rc ops_alias_move(struct db *db, int64_t from_case, int64_t to_case, struct err *e)
{
    static const struct sql q = {"alias_move",
                                 "UPDATE case_alias SET case_id = $2 WHERE case_id = $1", NULL};
    return db_run(db, &q, DB_ARGS(DB_I(from_case), DB_I(to_case)), NULL, e);
}

/* ---- participants ---- */

#define PARTICIPANT_COLUMNS "id, case_id, joined_us, role, name, email, rm, ours"

enum rc ops_participant_insert(struct db *db, const struct participant_row *p, int64_t *ret_id,
                               struct err *e)
{
    static const struct sql q = {
        "participant_insert",
        "INSERT INTO participant (case_id, joined_us, role, name, email, rm, ours)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        NULL};
    return db_one_i64(db, &q,
                      DB_ARGS(DB_I(p->case_id), DB_I(p->joined_us), DB_T(p->role), DB_T(p->name),
                              DB_T(p->email), DB_T(p->rm), DB_I(p->ours)),
                      ret_id, e);
}

static void participant_fill(struct arena *a, struct rows *r, struct participant_row *p)
{
    *p = (struct participant_row){
        .id = row_i64(r, 0),
        .case_id = row_i64(r, 1),
        .joined_us = row_i64(r, 2),
        .role = row_keep(a, r, 3),
        .name = row_keep(a, r, 4),
        .email = row_keep(a, r, 5),
        .rm = row_keep(a, r, 6),
        .ours = row_i64(r, 7) != 0,
    };
}

static enum rc participant_one(struct db *db, const struct sql *q, struct arena *a, int64_t id,
                               struct participant_row *ret, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, DB_ARGS(DB_I(id)), &r, e));
    if (!rows_next(r))
        return none("participant", e);
    participant_fill(a, r, ret);
    return rows_kept(r, a, e);
}

enum rc ops_participant_get(struct db *db, struct arena *a, int64_t id, struct participant_row *ret,
                            struct err *e)
{
    static const struct sql q = {
        "participant_get", "SELECT " PARTICIPANT_COLUMNS " FROM participant WHERE id = $1", NULL};
    return participant_one(db, &q, a, id, ret, e);
}

enum rc ops_participant_ours(struct db *db, struct arena *a, int64_t case_id,
                             struct participant_row *ret, struct err *e)
{
    static const struct sql q = {
        "participant_ours",
        "SELECT " PARTICIPANT_COLUMNS " FROM participant WHERE case_id = $1 AND ours = 1", NULL};
    return participant_one(db, &q, a, case_id, ret, e);
}

enum rc ops_participant_list(struct db *db, struct arena *a, int64_t case_id,
                             struct participant_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "participant_list",
        "SELECT " PARTICIPANT_COLUMNS " FROM participant WHERE case_id = $1 ORDER BY id", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(case_id)), &r, e));
    struct participant_row *p = ROWS_ARRAY(a, r, struct participant_row);
    size_t n = 0;
    while (p && rows_next(r))
        participant_fill(a, r, &p[n++]);
    TRY(rows_kept(r, a, e));
    *ret = p;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_participant_set_rm(struct db *db, int64_t id, struct str rm, struct err *e)
{
    static const struct sql q = {"participant_set_rm",
                                 "UPDATE participant SET rm = $2 WHERE id = $1", NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(id), DB_T(rm)), "participant", e);
}

enum rc ops_participant_move(struct db *db, int64_t id, int64_t to_case, struct err *e)
{
    static const struct sql q = {"participant_move",
                                 "UPDATE participant SET case_id = $2 WHERE id = $1", NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(id), DB_I(to_case)), "participant", e);
}

/* ---- threads ---- */

#define THREAD_SELECT                                                                              \
    "SELECT t.id, t.case_id, t.participant_id, t.waiting_us, t.created_us, t.subject, t.tag, "     \
    "p.email, p.name, p.role FROM thread t JOIN participant p ON p.id = t.participant_id "

enum rc ops_thread_insert(struct db *db, const struct thread_row *t, int64_t *ret_id, struct err *e)
{
    static const struct sql q = {
        "thread_insert",
        "INSERT INTO thread (case_id, participant_id, subject, tag, created_us)"
        " VALUES ($1, $2, $3, $4, $5) RETURNING id",
        NULL};
    return db_one_i64(db, &q,
                      DB_ARGS(DB_I(t->case_id), DB_I(t->participant_id), DB_T(t->subject),
                              DB_T(t->tag), DB_I(t->created_us)),
                      ret_id, e);
}

static void thread_fill(struct arena *a, struct rows *r, struct thread_row *t)
{
    *t = (struct thread_row){
        .id = row_i64(r, 0),
        .case_id = row_i64(r, 1),
        .participant_id = row_i64(r, 2),
        .waiting_us = row_i64(r, 3),
        .created_us = row_i64(r, 4),
        .subject = row_keep(a, r, 5),
        .tag = row_keep(a, r, 6),
        .email = row_keep(a, r, 7),
        .name = row_keep(a, r, 8),
        .role = row_keep(a, r, 9),
    };
}

static enum rc thread_one(struct db *db, const struct sql *q, struct dbv key, struct arena *a,
                          struct thread_row *ret, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, DB_ARGS(key), &r, e));
    if (!rows_next(r))
        return none("thread", e);
    thread_fill(a, r, ret);
    return rows_kept(r, a, e);
}

enum rc ops_thread_get(struct db *db, struct arena *a, int64_t id, struct thread_row *ret,
                       struct err *e)
{
    static const struct sql q = {"thread_get", THREAD_SELECT "WHERE t.id = $1", NULL};
    return thread_one(db, &q, DB_I(id), a, ret, e);
}

enum rc ops_thread_by_tag(struct db *db, struct arena *a, struct str tag, struct thread_row *ret,
                          struct err *e)
{
    static const struct sql q = {"thread_by_tag", THREAD_SELECT "WHERE t.tag = $1", NULL};
    return thread_one(db, &q, DB_T(tag), a, ret, e);
}

enum rc ops_thread_by_mid(struct db *db, struct arena *a, struct str mid, struct thread_row *ret,
                          size_t max, size_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "thread_by_mid",
        THREAD_SELECT
        "JOIN message m ON m.thread_id = t.id WHERE m.mid = $1 ORDER BY m.id LIMIT $2",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_T(mid), DB_I((int64_t)max)), &r, e));
    size_t n = 0;
    while (n < max && rows_next(r))
        thread_fill(a, r, &ret[n++]);
    TRY(rows_kept(r, a, e));
    *ret_n = n;
    return RC_OK;
}

enum rc ops_thread_list(struct db *db, struct arena *a, int64_t case_id, struct thread_row **ret,
                        size_t *ret_n, struct err *e)
{
    static const struct sql q = {"thread_list", THREAD_SELECT "WHERE t.case_id = $1 ORDER BY t.id",
                                 NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(case_id)), &r, e));
    struct thread_row *t = ROWS_ARRAY(a, r, struct thread_row);
    size_t n = 0;
    while (t && rows_next(r))
        thread_fill(a, r, &t[n++]);
    TRY(rows_kept(r, a, e));
    *ret = t;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_thread_count_of(struct db *db, int64_t participant_id, int64_t *ret_n, struct err *e)
{
    static const struct sql q = {"thread_count_of",
                                 "SELECT count(*) FROM thread WHERE participant_id = $1", NULL};
    return db_one_i64(db, &q, DB_ARGS(DB_I(participant_id)), ret_n, e);
}

enum rc ops_thread_set_waiting(struct db *db, int64_t id, int64_t waiting_us, struct err *e)
{
    static const struct sql q = {"thread_set_waiting",
                                 "UPDATE thread SET waiting_us = $2 WHERE id = $1", NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(id), DB_I0(waiting_us)), "thread", e);
}

enum rc ops_thread_move(struct db *db, int64_t id, int64_t to_case, int64_t participant_id,
                        struct err *e)
{
    static const struct sql thread = {
        "thread_move", "UPDATE thread SET case_id = $2, participant_id = $3 WHERE id = $1", NULL};
    static const struct sql rest[] = {
        {"thread_move_messages", "UPDATE message SET case_id = $2 WHERE thread_id = $1", NULL},
        {"thread_move_mails", "UPDATE outbox SET case_id = $2 WHERE thread_id = $1", NULL},
        {"thread_move_clocks", "UPDATE clock SET case_id = $2 WHERE thread_id = $1", NULL},
        {"thread_move_drafts", "UPDATE draft SET case_id = $2 WHERE thread_id = $1", NULL},
    };
    TRY(db_run_one(db, &thread, DB_ARGS(DB_I(id), DB_I(to_case), DB_I(participant_id)), "thread",
                   e));
    for (size_t i = 0; i < ARRAY_LEN(rest); i++)
        TRY(db_run(db, &rest[i], DB_ARGS(DB_I(id), DB_I(to_case)), NULL, e));
    return RC_OK;
}

enum rc ops_case_rest_move(struct db *db, int64_t from_case, int64_t to_case, struct err *e)
{
    static const struct sql rest[] = {
        {"case_rest_messages", "UPDATE message SET case_id = $2 WHERE case_id = $1", NULL},
        {"case_rest_mails", "UPDATE outbox SET case_id = $2 WHERE case_id = $1", NULL},
        {"case_rest_clocks", "UPDATE clock SET case_id = $2 WHERE case_id = $1", NULL},
        {"case_rest_routes", "UPDATE route SET case_id = $2 WHERE case_id = $1", NULL},
        /* Two drafts of one note become one. */
        {"case_rest_draft_texts",
         "UPDATE draft SET text = text || '\n\n' || (SELECT f.text FROM draft f WHERE"
         " f.case_id = $1 AND f.account_id = draft.account_id AND f.thread_id = draft.thread_id)"
         " WHERE case_id = $2 AND EXISTS (SELECT 1 FROM draft f WHERE f.case_id = $1 AND"
         " f.account_id = draft.account_id AND f.thread_id = draft.thread_id)",
         NULL},
        {"case_rest_drafts_twice",
         "DELETE FROM draft WHERE case_id = $1 AND EXISTS (SELECT 1 FROM draft t WHERE"
         " t.case_id = $2 AND t.account_id = draft.account_id AND t.thread_id = draft.thread_id)",
         NULL},
        {"case_rest_drafts", "UPDATE draft SET case_id = $2 WHERE case_id = $1", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rest); i++)
        TRY(db_run(db, &rest[i], DB_ARGS(DB_I(from_case), DB_I(to_case)), NULL, e));
    return RC_OK;
}

/* ---- blobs ---- */

#define BLOB_COLUMNS "b.id, b.case_id, b.size, b.created_us, b.purpose, b.name, b.key_wrapped"

static void blob_fill(struct arena *a, struct rows *r, struct blob_row *b)
{
    *b = (struct blob_row){
        .id = row_i64(r, 0),
        .case_id = row_i64(r, 1),
        .size = row_i64(r, 2),
        .created_us = row_i64(r, 3),
        .purpose = row_keep(a, r, 4),
        .name = row_keep(a, r, 5),
        .key_wrapped = row_keep_blob(a, r, 6),
    };
}

enum rc ops_blob_list(struct db *db, struct arena *a, int64_t case_id, int64_t thread_id,
                      struct blob_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "blob_list",
        "SELECT " BLOB_COLUMNS " FROM blob b WHERE b.case_id = $1 AND (CAST($2 AS BIGINT) = 0 OR"
        " EXISTS (SELECT 1 FROM message m WHERE m.blob_id = b.id AND m.thread_id = $2))"
        " ORDER BY b.id",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(case_id), DB_I(thread_id)), &r, e));
    struct blob_row *b = ROWS_ARRAY(a, r, struct blob_row);
    size_t n = 0;
    while (b && rows_next(r))
        blob_fill(a, r, &b[n++]);
    TRY(rows_kept(r, a, e));
    *ret = b;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_meta_get(struct db *db, struct arena *a, struct str key, struct str *ret, struct err *e)
{
    static const struct sql q = {"meta_get", "SELECT value FROM meta WHERE key = $1", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_T(key)), &r, e));
    if (!rows_next(r))
        return none("fact about the desk", e);
    *ret = row_keep(a, r, 0);
    return rows_kept(r, a, e);
}
