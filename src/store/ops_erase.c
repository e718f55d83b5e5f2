/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements that erase.  Runs in core; ids only.
 */
#include "store/ops_erase.h"

#include "store/ops_row.h"
#include "store/ops_search.h"

enum rc ops_erase_group(struct db *db, struct arena *a, int64_t case_id, int64_t **ret,
                        size_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "erase_group",
        "WITH RECURSIVE g (id, depth) AS (SELECT CAST($1 AS BIGINT), 0 UNION"
        " SELECT v.id, g.depth + 1 FROM vcase v JOIN g ON v.joined_into = g.id WHERE g.depth < 50)"
        " SELECT id FROM g ORDER BY depth, id",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(case_id)), &r, e));
    int64_t *id = ROWS_ARRAY(a, r, int64_t);
    size_t n = 0;
    while (id && rows_next(r))
        id[n++] = row_i64(r, 0);
    TRY(rows_kept(r, a, e));
    *ret = id;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_erase_state(struct db *db, int64_t case_id, struct erase_state *ret, struct err *e)
{
    static const struct sql q = {
        "erase_state",
        "SELECT closed_us, erased_us, joined_into,"
        " (SELECT CAST(count(*) AS BIGINT) FROM clock WHERE case_id = $1"
        "  AND state IN ('running', 'paused', 'waiting')),"
        " (SELECT CAST(count(*) AS BIGINT) FROM outbox WHERE case_id = $1"
        "  AND state IN ('ready', 'handing_over', 'unknown', 'parked')),"
        " (SELECT CAST(count(*) AS BIGINT) FROM advisory WHERE case_id = $1"
        "  AND state = 'approved') FROM vcase WHERE id = $1",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(case_id)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "there is no such case");
    *ret = (struct erase_state){row_i64(r, 0), row_i64(r, 1), row_i64(r, 2),
                                row_i64(r, 3), row_i64(r, 4), row_i64(r, 5)};
    return rows_rc(r, e);
}

static enum rc texts(struct db *db, struct arena *a, const struct sql *q, int64_t case_id,
                     struct str **ret, size_t *ret_n, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, DB_ARGS(DB_I(case_id)), &r, e));
    struct str *s = ROWS_ARRAY(a, r, struct str);
    size_t n = 0;
    while (s && rows_next(r))
        s[n++] = row_keep(a, r, 0);
    TRY(rows_kept(r, a, e));
    *ret = s;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_erase_blobs(struct db *db, struct arena *a, int64_t case_id, struct str **ret,
                        size_t *ret_n, struct err *e)
{
    static const struct sql q = {"erase_blob_names",
                                 "SELECT name FROM blob WHERE case_id = $1 ORDER BY id", NULL};
    return texts(db, a, &q, case_id, ret, ret_n, e);
}

enum rc ops_erase_addresses(struct db *db, struct arena *a, int64_t case_id, struct str **ret,
                            size_t *ret_n, struct err *e)
{
    static const struct sql q = {"erase_addresses",
                                 "SELECT DISTINCT email FROM participant WHERE case_id = $1"
                                 " AND email <> '' AND ours = 0 ORDER BY email",
                                 NULL};
    return texts(db, a, &q, case_id, ret, ret_n, e);
}

enum rc ops_erase_moved_in(struct db *db, struct arena *a, int64_t case_id, struct str **ret_json,
                           size_t *ret_n, struct err *e)
{
    static const struct sql q = {"erase_moved_in",
                                 "SELECT payload FROM event WHERE chain = $1"
                                 " AND kind = 'thread.moved_in' AND payload IS NOT NULL"
                                 " ORDER BY seq",
                                 NULL};
    return texts(db, a, &q, case_id, ret_json, ret_n, e);
}

/*
 * $1 the case, $2 now.  The order matters where a row names another: tasks are found by messages
 * and mails, blobs are named by both.  Every statement names both parameters.
 */
#define MESSAGES "(SELECT id FROM message WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0)"
#define OUTBOXES "(SELECT id FROM outbox WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0)"
static const struct sql erase[] = {
    {"erase_attachments", "DELETE FROM attachment WHERE message_id IN " MESSAGES, NULL},
    {"erase_tasks",
     "UPDATE task SET fair = '', error = '', arg = '' WHERE state = 'done' AND"
     " ((kind = 'acknowledge' AND subject IN " MESSAGES ")"
     " OR (kind = 'outbox' AND subject IN " OUTBOXES ")"
     " OR key IN (SELECT 'intake:' || spool FROM message WHERE case_id = $1)"
     " OR (fair <> '' AND fair IN (SELECT return_path FROM message WHERE case_id = $1"
     "  UNION SELECT email FROM participant WHERE case_id = $1)))",
     NULL},
    {"erase_throttle",
     "DELETE FROM throttle WHERE CAST($2 AS BIGINT) > 0 AND key IN"
     " (SELECT email FROM participant WHERE case_id = $1)",
     NULL},
    {"erase_drafts", "DELETE FROM draft WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0", NULL},
    {"erase_notices", "DELETE FROM notice WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0", NULL},
    {"erase_sessions",
     "DELETE FROM session WHERE thread_id IN"
     " (SELECT id FROM thread WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0)",
     NULL},
    {"erase_ways",
     "UPDATE way_back SET revoked_us = CAST($2 AS BIGINT) WHERE revoked_us IS NULL AND thread_id IN"
     " (SELECT id FROM thread WHERE case_id = $1)",
     NULL},
    {"erase_proposals",
     "UPDATE proposal SET subject = '', explanation = '', author_name = '', author_email = '',"
     " reply_to = '', reply_mid = '', new_text = base_text, patch = '', reason = '', why = ''"
     " WHERE state = 'case' AND (case_id = $1 OR message_id IN " MESSAGES ")",
     NULL},
    {"erase_messages",
     "UPDATE message SET hold_reason = '', from_name = '', from_addr = '', return_path = '',"
     " subject = '', mid = '', refs = '', body = '', facts = '{}', envelope = '', dedupe = NULL,"
     " blob_id = NULL WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0",
     NULL},
    {"erase_mails",
     "UPDATE outbox SET mid = 'erased-' || CAST(id AS TEXT), env_from = '', rcpt = '', bytes = $3,"
     " answer = '', blob_id = NULL WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0",
     NULL},
    {"erase_participants",
     "UPDATE participant SET name = '', email = '' WHERE case_id = $1 AND ours = 0 AND CAST($2 AS "
     "BIGINT) > 0",
     NULL},
    {"erase_threads",
     "UPDATE thread SET subject = '', tag = 'erased-' || CAST(id AS TEXT), waiting_us = NULL"
     " WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0",
     NULL},
    {"erase_routes",
     "UPDATE route SET component = '', maintainer = '', email = '', url = '', source = ''"
     " WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0",
     NULL},
    /* What was published stays as it was published, with the names that are printed in it. */
    {"erase_credits",
     "UPDATE credit SET name = '' WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0 AND NOT EXISTS"
     " (SELECT 1 FROM advisory a WHERE a.case_id = $1 AND a.published_us IS NOT NULL)",
     NULL},
    {"erase_affected_tags",
     "DELETE FROM affected_tag WHERE affected_id IN"
     " (SELECT id FROM affected WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0)",
     NULL},
    {"erase_affected",
     "UPDATE affected SET question = '{}', state = 'failed', nth = nth + 1, progress = '', failure "
     "= '',"
     " answer = '', summary = '', chosen = '' WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0",
     NULL},
    {"erase_part_tags",
     "DELETE FROM affected_part_tag WHERE affected_id IN"
     " (SELECT id FROM affected_part WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0)",
     NULL},
    {"erase_parts", "DELETE FROM affected_part WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0",
     NULL},
    /* What was searched for and found goes; when it was, and by whom, stays. */
    {"erase_audit_signs",
     "UPDATE audit_sign SET ended_why = '' WHERE audit_id IN"
     " (SELECT id FROM audit WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0)",
     NULL},
    {"erase_audit_runs",
     "UPDATE audit_run SET question = '{}', failure = '', searched = '' WHERE audit_id IN"
     " (SELECT id FROM audit WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0)",
     NULL},
    {"erase_audit_hits",
     "DELETE FROM audit_hit WHERE audit_id IN"
     " (SELECT id FROM audit WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0)",
     NULL},
    {"erase_audit",
     "UPDATE audit SET question = '{}', state = 'failed', nth = nth + 1, progress = '',"
     " failure = '', answer = '', summary = '', open = 0 WHERE case_id = $1"
     " AND CAST($2 AS BIGINT) > 0",
     NULL},
    /* That backports were asked for stays; patches, scripts, logs and what they say go. */
    {"erase_runs", "DELETE FROM sandbox_run WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0", NULL},
    {"erase_scripts", "DELETE FROM reproducer WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0", NULL},
    {"erase_releases",
     "DELETE FROM backport_release WHERE line_id IN (SELECT l.id FROM backport_line l"
     " JOIN backport b ON b.id = l.backport_id WHERE b.case_id = $1 AND CAST($2 AS BIGINT) > 0)",
     NULL},
    {"erase_backport_lines",
     "DELETE FROM backport_line WHERE backport_id IN"
     " (SELECT id FROM backport WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0)",
     NULL},
    {"erase_backport",
     "UPDATE backport SET question = '{}', state = 'failed', nth = nth + 1, progress = '',"
     " failure = '', head = '', message = '', summary = '' WHERE case_id = $1"
     " AND CAST($2 AS BIGINT) > 0",
     NULL},
    {"erase_revisions",
     "UPDATE advisory_revision SET title = '', body = '', facts = '{}', summary = '', picture = ''"
     " WHERE published_us IS NULL AND CAST($2 AS BIGINT) > 0"
     " AND advisory_id IN (SELECT id FROM advisory WHERE case_id = $1)",
     NULL},
    /* Of a joined case that kept its own backports: its sealed bytes lie here. */
    {"erase_line_patches",
     "UPDATE backport_line SET blob_id = NULL WHERE blob_id IN"
     " (SELECT id FROM blob WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0)",
     NULL},
    {"erase_line_uploads",
     "UPDATE backport_line SET edit_blob = NULL, edit_state = '' WHERE edit_blob IN"
     " (SELECT id FROM blob WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0)",
     NULL},
    {"erase_bundles",
     "UPDATE backport_release SET blob_id = NULL, state = '', object = '' WHERE blob_id IN"
     " (SELECT id FROM blob WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0)",
     NULL},
    {"erase_logs",
     "UPDATE sandbox_run SET log_blob = NULL WHERE log_blob IN"
     " (SELECT id FROM blob WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0)",
     NULL},
    {"erase_blobs", "DELETE FROM blob WHERE case_id = $1 AND CAST($2 AS BIGINT) > 0", NULL},
    {"erase_events",
     "UPDATE event SET payload = NULL, salt = NULL WHERE chain = $1 AND CAST($2 AS BIGINT) > 0",
     NULL},
    {"erase_case",
     "UPDATE vcase SET title = '(erased)', facts = '{}', exit_reason = '', scope = '',"
     " key_wrapped = $3, erased_us = CAST($2 AS BIGINT) WHERE id = $1",
     NULL},
};

enum rc ops_erase_case(struct db *db, int64_t case_id, int64_t now_us, struct err *e)
{
    TRY(ops_search_forget(db, case_id, e));
    for (size_t i = 0; i < ARRAY_LEN(erase); i++) {
        bool bytes = strstr(erase[i].text, "$3") != NULL;
        struct dbv v[] = {DB_I(case_id), DB_I(now_us), DB_B(STR_NONE)};
        TRY(db_run(db, &erase[i], (struct db_args){v, bytes ? 3 : 2}, NULL, e));
    }
    return RC_OK;
}

enum rc ops_erase_elsewhere(struct db *db, int64_t case_id, struct str text, int64_t *ret_n,
                            struct err *e)
{
    static const struct sql q = {
        "erase_elsewhere",
        "UPDATE event SET payload = NULL, salt = NULL WHERE chain = $1 AND instr(payload, $2) > 0",
        "UPDATE event SET payload = NULL, salt = NULL WHERE chain = $1"
        " AND position(CAST($2 AS TEXT) IN payload) > 0"};
    return db_run(db, &q, DB_ARGS(DB_I(case_id), DB_T(text)), ret_n, e);
}

enum rc ops_erased(struct db *db, struct arena *a, int64_t case_id, int64_t *ret_us,
                   struct str *ret_actor, struct err *e)
{
    static const struct sql q = {
        "erased",
        "SELECT v.erased_us, coalesce((SELECT max(actor) FROM event WHERE chain = v.id"
        " AND kind = 'case.erased'), '') FROM vcase v WHERE v.id = $1",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(case_id)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "there is no such case");
    *ret_us = row_i64(r, 0);
    *ret_actor = row_keep(a, r, 1);
    return rows_kept(r, a, e);
}

enum rc ops_erase_due(struct db *db, struct arena *a, int64_t closed_before_us, int max,
                      int64_t **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "erase_due",
        "SELECT id FROM vcase WHERE closed_us < $1 AND erased_us IS NULL AND joined_into IS NULL"
        " ORDER BY closed_us, id LIMIT $2",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(closed_before_us), DB_I(max)), &r, e));
    int64_t *id = ROWS_ARRAY(a, r, int64_t);
    size_t n = 0;
    while (id && rows_next(r))
        id[n++] = row_i64(r, 0);
    TRY(rows_kept(r, a, e));
    *ret = id;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_erase_compact(struct db *db, struct err *e)
{
    if (db_is_pg(db))
        return RC_OK;
    /* The index keeps the words of removed rows until its segments are merged; removed pages are
     * overwritten (secure_delete), older copies of them lie in the write-ahead log. */
    TRY(db_script(db, STR("INSERT INTO search(search) VALUES ('optimize')"), e));
    return db_script(db, STR("PRAGMA wal_checkpoint(TRUNCATE)"), e);
}
