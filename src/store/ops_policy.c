/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of the policy's revisions and of proposals.
 * Runs in core.
 * Input: values that desk/ has checked; nothing here decides.
 */
#include "store/ops_policy.h"

#include "store/ops_row.h"

enum rc ops_policyrev_insert(struct db *db, const struct policyrev_row *r, int64_t *ret_id,
                             struct err *e)
{
    static const struct sql q = {
        "policyrev_insert",
        "INSERT INTO policy_revision (text, commit_id, source, proposal_id, author_name,"
        " author_email, authored_us, committer_name, committer_email, message, at_us)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
        NULL};
    return db_one_i64(db, &q,
                      DB_ARGS(DB_T(r->text), DB_T(r->commit_id), DB_T(r->source),
                              DB_I0(r->proposal_id), DB_T(r->author_name), DB_T(r->author_email),
                              DB_I(r->authored_us), DB_T(r->committer_name),
                              DB_T(r->committer_email), DB_T(r->message), DB_I(r->at_us)),
                      ret_id, e);
}

enum rc ops_policyrev_last(struct db *db, int64_t *ret_id, struct err *e)
{
    static const struct sql q = {"policyrev_last",
                                 "SELECT id FROM policy_revision ORDER BY id DESC LIMIT 1", NULL};
    enum rc rc = db_one_i64(db, &q, DB_NOARGS, ret_id, e);
    if (rc != RC_NOTFOUND)
        return rc;
    *ret_id = 0;
    return RC_OK;
}

#define REVISION_COLUMNS                                                                           \
    "id, proposal_id, authored_us, at_us, text, commit_id, source, author_name, author_email,"     \
    " committer_name, committer_email, message"

static void revision_fill(struct arena *a, struct rows *r, struct policyrev_row *v)
{
    *v = (struct policyrev_row){
        .id = row_i64(r, 0),
        .proposal_id = row_i64(r, 1),
        .authored_us = row_i64(r, 2),
        .at_us = row_i64(r, 3),
        .text = row_keep(a, r, 4),
        .commit_id = row_keep(a, r, 5),
        .source = row_keep(a, r, 6),
        .author_name = row_keep(a, r, 7),
        .author_email = row_keep(a, r, 8),
        .committer_name = row_keep(a, r, 9),
        .committer_email = row_keep(a, r, 10),
        .message = row_keep(a, r, 11),
    };
}

enum rc ops_policyrev_get(struct db *db, struct arena *a, int64_t id, struct policyrev_row *ret,
                          struct err *e)
{
    static const struct sql q = {
        "policyrev_get", "SELECT " REVISION_COLUMNS " FROM policy_revision WHERE id = $1", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(id)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "no such revision of the policy");
    revision_fill(a, r, ret);
    return rows_kept(r, a, e);
}

enum rc ops_policyrev_known(struct db *db, struct str text, bool *ret, struct err *e)
{
    static const struct sql q = {"policyrev_known",
                                 "SELECT count(*) FROM policy_revision WHERE text = $1", NULL};
    int64_t n;
    TRY(db_one_i64(db, &q, DB_ARGS(DB_T(text)), &n, e));
    *ret = n > 0;
    return RC_OK;
}

enum rc ops_policyrev_list(struct db *db, struct arena *a, size_t max, struct policyrev_row **ret,
                           size_t *ret_n, struct err *e)
{
    static const struct sql q = {"policyrev_list",
                                 "SELECT " REVISION_COLUMNS " FROM (SELECT " REVISION_COLUMNS
                                 " FROM policy_revision ORDER BY id DESC LIMIT $1) AS newest"
                                 " ORDER BY id",
                                 NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I((int64_t)max)), &r, e));
    struct policyrev_row *v = ROWS_ARRAY(a, r, struct policyrev_row);
    size_t n = 0;
    while (v && rows_next(r))
        revision_fill(a, r, &v[n++]);
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_policyrev_commit(struct db *db, int64_t id, struct str commit_id, struct err *e)
{
    static const struct sql q = {"policyrev_commit",
                                 "UPDATE policy_revision SET commit_id = $2 WHERE id = $1", NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(id), DB_T(commit_id)), "revision of the policy", e);
}

/* ---- proposals ---- */

enum rc ops_proposal_insert(struct db *db, const struct proposal_row *p, int64_t *ret_id,
                            struct err *e)
{
    static const struct sql q = {
        "proposal_insert",
        "INSERT INTO proposal (state, applies, why, revision_id, subject, explanation, author_name,"
        " author_email, reply_to, reply_mid, base_text, new_text, patch, message_id, reason,"
        " created_us) VALUES ('open', $1, '', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '',"
        " $13) RETURNING id",
        NULL};
    return db_one_i64(db, &q,
                      DB_ARGS(DB_I(p->applies), DB_I(p->revision_id), DB_T(p->subject),
                              DB_T(p->explanation), DB_T(p->author_name), DB_T(p->author_email),
                              DB_T(p->reply_to), DB_T(p->reply_mid), DB_T(p->base_text),
                              DB_T(p->new_text), DB_T(p->patch), DB_I0(p->message_id),
                              DB_I(p->created_us)),
                      ret_id, e);
}

enum rc ops_proposal_same(struct db *db, const struct proposal_row *p, int64_t *ret_id,
                          struct err *e)
{
    static const struct sql q = {
        "proposal_same",
        "SELECT id FROM proposal WHERE state = 'open' AND subject = $1 AND explanation = $2"
        " AND author_name = $3 AND author_email = $4 AND base_text = $5 AND new_text = $6"
        " ORDER BY id LIMIT 1",
        NULL};
    return db_one_i64(db, &q,
                      DB_ARGS(DB_T(p->subject), DB_T(p->explanation), DB_T(p->author_name),
                              DB_T(p->author_email), DB_T(p->base_text), DB_T(p->new_text)),
                      ret_id, e);
}

#define PROPOSAL_FROM                                                                              \
    " FROM proposal p LEFT JOIN account c ON c.id = p.account_id"                                  \
    " LEFT JOIN vcase v ON v.id = p.case_id "
#define PROPOSAL_COLUMNS                                                                           \
    "p.id, p.applies, p.revision_id, p.message_id, p.case_id, p.account_id, p.created_us,"         \
    " p.decided_us, p.state, p.why, p.subject, p.explanation, p.author_name, p.author_email,"      \
    " p.reply_to, p.reply_mid, p.reason, c.name, v.number"

static void proposal_fill(struct arena *a, struct rows *r, bool whole, struct proposal_row *p)
{
    *p = (struct proposal_row){
        .id = row_i64(r, 0),
        .applies = row_i64(r, 1),
        .revision_id = row_i64(r, 2),
        .message_id = row_i64(r, 3),
        .case_id = row_i64(r, 4),
        .account_id = row_i64(r, 5),
        .created_us = row_i64(r, 6),
        .decided_us = row_i64(r, 7),
        .state = row_keep(a, r, 8),
        .why = row_keep(a, r, 9),
        .subject = row_keep(a, r, 10),
        .explanation = row_keep(a, r, 11),
        .author_name = row_keep(a, r, 12),
        .author_email = row_keep(a, r, 13),
        .reply_to = row_keep(a, r, 14),
        .reply_mid = row_keep(a, r, 15),
        .reason = row_keep(a, r, 16),
        .decided_by = row_keep(a, r, 17),
        .case_number = row_keep(a, r, 18),
        .base_text = whole ? row_keep(a, r, 19) : STR_NONE,
        .new_text = whole ? row_keep(a, r, 20) : STR_NONE,
        .patch = whole ? row_keep(a, r, 21) : STR_NONE,
    };
}

enum rc ops_proposal_get(struct db *db, struct arena *a, int64_t id, struct proposal_row *ret,
                         struct err *e)
{
    static const struct sql q = {"proposal_get",
                                 "SELECT " PROPOSAL_COLUMNS
                                 ", p.base_text, p.new_text, p.patch" PROPOSAL_FROM
                                 "WHERE p.id = $1",
                                 NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(id)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "there is no such proposal");
    proposal_fill(a, r, true, ret);
    return rows_kept(r, a, e);
}

enum rc ops_proposal_list(struct db *db, struct arena *a, struct str state,
                          struct proposal_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {"proposal_list",
                                 "SELECT " PROPOSAL_COLUMNS PROPOSAL_FROM
                                 "WHERE $1 = '' OR p.state = $1 ORDER BY p.id DESC LIMIT $2",
                                 NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_T(state), DB_I(OPS_PROPOSALS_MAX)), &r, e));
    struct proposal_row *p = ROWS_ARRAY(a, r, struct proposal_row);
    size_t n = 0;
    while (p && rows_next(r))
        proposal_fill(a, r, false, &p[n++]);
    TRY(rows_kept(r, a, e));
    *ret = p;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_proposal_count(struct db *db, struct str state, int64_t *ret_n, struct err *e)
{
    static const struct sql q = {"proposal_count", "SELECT count(*) FROM proposal WHERE state = $1",
                                 NULL};
    return db_one_i64(db, &q, DB_ARGS(DB_T(state)), ret_n, e);
}

enum rc ops_proposal_applied(struct db *db, const struct proposal_row *p, struct err *e)
{
    static const struct sql q = {"proposal_applied",
                                 "UPDATE proposal SET applies = $2, why = $3, revision_id = $4,"
                                 " base_text = $5, new_text = $6 WHERE id = $1 AND state = 'open'",
                                 NULL};
    return db_run(db, &q,
                  DB_ARGS(DB_I(p->id), DB_I(p->applies), DB_T(p->why), DB_I(p->revision_id),
                          DB_T(p->base_text), DB_T(p->new_text)),
                  NULL, e);
}

enum rc ops_proposal_decide(struct db *db, const struct proposal_row *p, struct err *e)
{
    static const struct sql q = {"proposal_decide",
                                 "UPDATE proposal SET state = $2, account_id = $3, reason = $4,"
                                 " case_id = $5, decided_us = $6 WHERE id = $1 AND state = 'open'",
                                 NULL};
    return db_run_one(db, &q,
                      DB_ARGS(DB_I(p->id), DB_T(p->state), DB_I0(p->account_id), DB_T(p->reason),
                              DB_I0(p->case_id), DB_I(p->decided_us)),
                      "open proposal", e);
}
