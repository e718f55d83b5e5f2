/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of messages, attachments and what the desk reads of the outbox.
 * Runs in core.
 * Input: values that desk/ has checked; nothing here decides.
 */
#include "store/ops_message.h"

#include "store/ops_row.h"
#include "store/ops_search.h"

static enum rc none(const char *what, struct err *e)
{
    return err_set(e, RC_NOTFOUND, "no such %s", what);
}

static struct dbv text_or_null(struct str s)
{
    return s.n ? DB_T(s) : DB_NULL;
}

enum rc ops_message_insert(struct db *db, const struct message_row *m, int64_t *ret_id,
                           struct err *e)
{
    static const struct sql q = {
        "message_insert",
        "INSERT INTO message (case_id, thread_id, author_id, blob_id, date_us, received_us, spool,"
        " direction, state, hold_reason, from_name, from_addr, return_path, subject, mid, refs,"
        " trust, body, facts, ack, dedupe, origin, envelope) VALUES ($1, $2, $3, $4, $5, $6, $7,"
        " $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)"
        " RETURNING id",
        NULL};
    int64_t id;
    TRY(db_one_i64(db, &q,
                   DB_ARGS(DB_I0(m->case_id), DB_I0(m->thread_id), DB_I0(m->author_id),
                           DB_I0(m->blob_id), DB_I0(m->date_us), DB_I(m->received_us),
                           text_or_null(m->spool), DB_T(m->direction), DB_T(m->state),
                           DB_T(m->hold_reason), DB_T(m->from_name), DB_T(m->from_addr),
                           DB_T(m->return_path), DB_T(m->subject), DB_T(m->mid), DB_T(m->refs),
                           DB_T(m->trust), DB_T(m->body), DB_T(m->facts), DB_T(m->ack),
                           m->dedupe.n ? DB_B(m->dedupe) : DB_NULL,
                           DB_T(m->origin.n ? m->origin : STR("mail")), DB_T(m->envelope)),
                   &id, e));
    TRY(ops_search_message(db, id, m->subject, m->body, e));
    *ret_id = id;
    return RC_OK;
}

#define MESSAGE_SELECT                                                                             \
    "SELECT m.id, m.case_id, m.thread_id, m.author_id, m.blob_id, m.date_us, m.received_us,"       \
    " m.spool, m.direction, m.state, m.hold_reason, m.from_name, m.from_addr, m.return_path,"      \
    " m.subject, m.mid, m.refs, m.trust, m.body, m.facts, m.ack, a.name,"                          \
    " m.origin, m.envelope"                                                                        \
    " FROM message m LEFT JOIN account a ON a.id = m.author_id "

static void message_fill(struct arena *a, struct rows *r, struct message_row *m)
{
    *m = (struct message_row){
        .id = row_i64(r, 0),
        .case_id = row_i64(r, 1),
        .thread_id = row_i64(r, 2),
        .author_id = row_i64(r, 3),
        .blob_id = row_i64(r, 4),
        .date_us = row_i64(r, 5),
        .received_us = row_i64(r, 6),
        .spool = row_keep(a, r, 7),
        .direction = row_keep(a, r, 8),
        .state = row_keep(a, r, 9),
        .hold_reason = row_keep(a, r, 10),
        .from_name = row_keep(a, r, 11),
        .from_addr = row_keep(a, r, 12),
        .return_path = row_keep(a, r, 13),
        .subject = row_keep(a, r, 14),
        .mid = row_keep(a, r, 15),
        .refs = row_keep(a, r, 16),
        .trust = row_keep(a, r, 17),
        .body = row_keep(a, r, 18),
        .facts = row_keep(a, r, 19),
        .ack = row_keep(a, r, 20),
        .author = row_keep(a, r, 21),
        .origin = row_keep(a, r, 22),
        .envelope = row_keep(a, r, 23),
        .dedupe = STR_NONE,
    };
}

static enum rc message_one(struct db *db, const struct sql *q, struct dbv key, struct arena *a,
                           struct message_row *ret, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, DB_ARGS(key), &r, e));
    if (!rows_next(r))
        return none("message", e);
    message_fill(a, r, ret);
    return rows_kept(r, a, e);
}

enum rc ops_message_get(struct db *db, struct arena *a, int64_t id, struct message_row *ret,
                        struct err *e)
{
    static const struct sql q = {"message_get", MESSAGE_SELECT "WHERE m.id = $1", NULL};
    return message_one(db, &q, DB_I(id), a, ret, e);
}

enum rc ops_message_by_spool(struct db *db, struct arena *a, struct str spool,
                             struct message_row *ret, struct err *e)
{
    static const struct sql q = {"message_by_spool", MESSAGE_SELECT "WHERE m.spool = $1", NULL};
    return message_one(db, &q, DB_T(spool), a, ret, e);
}

enum rc ops_message_by_dedupe(struct db *db, struct arena *a, struct str dedupe,
                              struct message_row *ret, struct err *e)
{
    static const struct sql q = {"message_by_dedupe", MESSAGE_SELECT "WHERE m.dedupe = $1", NULL};
    return message_one(db, &q, DB_B(dedupe), a, ret, e);
}

enum rc ops_message_last_in(struct db *db, struct arena *a, int64_t thread_id,
                            struct message_row *ret, struct err *e)
{
    static const struct sql q = {"message_last_in",
                                 MESSAGE_SELECT
                                 "WHERE m.thread_id = $1 AND m.direction = 'in' AND m.state = 'ok'"
                                 " ORDER BY m.received_us DESC, m.id DESC LIMIT 1",
                                 NULL};
    return message_one(db, &q, DB_I(thread_id), a, ret, e);
}

enum rc ops_message_mids(struct db *db, struct arena *a, int64_t thread_id, struct str *ret,
                         size_t max, size_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "message_mids",
        "SELECT mid FROM (SELECT mid, id FROM message WHERE thread_id = $1 AND mid <> ''"
        " AND state = 'ok' ORDER BY id DESC LIMIT $2) newest ORDER BY id",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(thread_id), DB_I((int64_t)max)), &r, e));
    size_t n = 0;
    while (n < max && rows_next(r))
        ret[n++] = row_keep(a, r, 0);
    TRY(rows_kept(r, a, e));
    *ret_n = n;
    return RC_OK;
}

enum rc ops_message_place(struct db *db, const struct message_row *m, struct err *e)
{
    static const struct sql q = {"message_place",
                                 "UPDATE message SET case_id = $2, thread_id = $3, state = $4,"
                                 " hold_reason = $5, ack = $6 WHERE id = $1",
                                 NULL};
    return db_run_one(db, &q,
                      DB_ARGS(DB_I(m->id), DB_I0(m->case_id), DB_I0(m->thread_id), DB_T(m->state),
                              DB_T(m->hold_reason), DB_T(m->ack)),
                      "message", e);
}

enum rc ops_message_acks(struct db *db, struct str return_path, int64_t since_us, int64_t *ret_n,
                         struct err *e)
{
    static const struct sql q = {"message_acks",
                                 "SELECT count(*) FROM message WHERE return_path = $1 AND"
                                 " received_us >= $2 AND ack IN ('queued', 'frozen')",
                                 NULL};
    return db_one_i64(db, &q, DB_ARGS(DB_T(return_path), DB_I(since_us)), ret_n, e);
}

static const struct sql lists[][2] = {
    [MESSAGES_THREAD] = {{"messages_thread",
                          MESSAGE_SELECT "WHERE m.thread_id = $1 AND m.state IN ('ok', 'bounce')"
                                         " AND $2 = '' ORDER BY m.received_us, m.id LIMIT $3",
                          NULL},
                         {"messages_thread_new",
                          MESSAGE_SELECT "WHERE m.thread_id = $1 AND m.state IN ('ok', 'bounce')"
                                         " AND $2 = '' ORDER BY m.received_us DESC, m.id DESC"
                                         " LIMIT $3",
                          NULL}},
    [MESSAGES_NOTES] = {{"messages_notes",
                         MESSAGE_SELECT "WHERE m.case_id = $1 AND m.direction = 'note' AND"
                                        " $2 = '' ORDER BY m.received_us, m.id LIMIT $3",
                         NULL},
                        {"messages_notes_new",
                         MESSAGE_SELECT "WHERE m.case_id = $1 AND m.direction = 'note' AND"
                                        " $2 = '' ORDER BY m.received_us DESC, m.id DESC LIMIT $3",
                         NULL}},
    [MESSAGES_HELD] = {{"messages_held",
                        MESSAGE_SELECT "WHERE m.case_id = $1 AND m.state IN ('held',"
                                       " 'quarantined', 'spam') AND $2 = ''"
                                       " ORDER BY m.received_us, m.id LIMIT $3",
                        NULL},
                       {"messages_held_new",
                        MESSAGE_SELECT "WHERE m.case_id = $1 AND m.state IN ('held',"
                                       " 'quarantined', 'spam') AND $2 = ''"
                                       " ORDER BY m.received_us DESC, m.id DESC LIMIT $3",
                        NULL}},
    [MESSAGES_STATE] = {{"messages_state",
                         MESSAGE_SELECT "WHERE CAST($1 AS BIGINT) = 0 AND m.state = $2"
                                        " ORDER BY m.received_us, m.id LIMIT $3",
                         NULL},
                        {"messages_state_new",
                         MESSAGE_SELECT "WHERE CAST($1 AS BIGINT) = 0 AND m.state = $2"
                                        " ORDER BY m.received_us DESC, m.id DESC LIMIT $3",
                         NULL}},
    [MESSAGES_CASE] = {{"messages_case",
                        MESSAGE_SELECT "WHERE m.case_id = $1 AND $2 = '' AND (m.state IN ('held',"
                                       " 'quarantined', 'spam') OR (m.state IN ('ok', 'bounce')"
                                       " AND (m.thread_id IS NOT NULL OR m.direction = 'note')))"
                                       " ORDER BY m.received_us, m.id LIMIT $3",
                        NULL},
                       {"messages_case_new",
                        MESSAGE_SELECT "WHERE m.case_id = $1 AND $2 = '' AND (m.state IN ('held',"
                                       " 'quarantined', 'spam') OR (m.state IN ('ok', 'bounce')"
                                       " AND (m.thread_id IS NOT NULL OR m.direction = 'note')))"
                                       " ORDER BY m.received_us DESC, m.id DESC LIMIT $3",
                        NULL}},
    [MESSAGES_UNDECIDED] = {{"messages_undecided",
                             MESSAGE_SELECT "WHERE CAST($1 AS BIGINT) = 0 AND $2 = '' AND m.state"
                                            " IN ('held', 'quarantined', 'spam')"
                                            " ORDER BY m.received_us, m.id LIMIT $3",
                             NULL},
                            {"messages_undecided_new",
                             MESSAGE_SELECT "WHERE CAST($1 AS BIGINT) = 0 AND $2 = '' AND m.state"
                                            " IN ('held', 'quarantined', 'spam')"
                                            " ORDER BY m.received_us DESC, m.id DESC LIMIT $3",
                             NULL}},
};

enum rc ops_message_list(struct db *db, struct arena *a, const struct message_query *mq,
                         struct message_row **ret, size_t *ret_n, struct err *e)
{
    BUG_ON((size_t)mq->which >= ARRAY_LEN(lists));
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &lists[mq->which][mq->newest_first],
                 DB_ARGS(DB_I(mq->id), DB_T(mq->state), DB_I((int64_t)mq->max)), &r, e));
    struct message_row *m = ROWS_ARRAY(a, r, struct message_row);
    size_t n = 0;
    while (m && rows_next(r))
        message_fill(a, r, &m[n++]);
    TRY(rows_kept(r, a, e));
    *ret = m;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_message_newest(struct db *db, int64_t thread_id, int64_t *ret_id, struct err *e)
{
    static const struct sql q = {"message_newest",
                                 "SELECT coalesce(max(id), 0) FROM message WHERE thread_id = $1"
                                 " AND state IN ('ok', 'bounce')",
                                 NULL};
    return db_one_i64(db, &q, DB_ARGS(DB_I(thread_id)), ret_id, e);
}

enum rc ops_message_cancel(struct db *db, int64_t id, struct err *e)
{
    static const struct sql q = {
        "message_cancel",
        "UPDATE message SET state = 'cancelled', dedupe = NULL WHERE id = $1 AND state = 'ok'",
        NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(id)), "message", e);
}

enum rc ops_message_held(struct db *db, struct arena *a, const struct held_page *p,
                         struct message_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql waiting = {
        "messages_waiting",
        MESSAGE_SELECT "WHERE m.state IN ('held', 'quarantined') AND $1 = '' AND"
                       " (m.received_us, m.id) < (CAST($2 AS BIGINT), CAST($3 AS BIGINT))"
                       " ORDER BY m.received_us DESC, m.id DESC LIMIT $4",
        NULL};
    static const struct sql of_state = {
        "messages_of_state",
        MESSAGE_SELECT "WHERE m.state = $1 AND"
                       " (m.received_us, m.id) < (CAST($2 AS BIGINT), CAST($3 AS BIGINT))"
                       " ORDER BY m.received_us DESC, m.id DESC LIMIT $4",
        NULL};
    int64_t us = p->before_us ? p->before_us : INT64_MAX;
    int64_t id = p->before_us ? p->before_id : INT64_MAX;
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, p->state.n ? &of_state : &waiting,
                 DB_ARGS(DB_T(p->state), DB_I(us), DB_I(id), DB_I((int64_t)p->max)), &r, e));
    struct message_row *m = ROWS_ARRAY(a, r, struct message_row);
    size_t n = 0;
    while (m && rows_next(r)) {
        message_fill(a, r, &m[n]);
        m[n++].body = STR_NONE;
    }
    TRY(rows_kept(r, a, e));
    *ret = m;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_message_of_case(struct db *db, struct arena *a, int64_t case_id,
                            struct message_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {"message_of_case",
                                 MESSAGE_SELECT "WHERE m.case_id = $1 ORDER BY m.id", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(case_id)), &r, e));
    struct message_row *m = ROWS_ARRAY(a, r, struct message_row);
    size_t n = 0;
    while (m && rows_next(r))
        message_fill(a, r, &m[n++]);
    TRY(rows_kept(r, a, e));
    *ret = m;
    *ret_n = n;
    return RC_OK;
}

/* ---- attachments ---- */

enum rc ops_attachment_insert(struct db *db, const struct attachment_row *t, struct err *e)
{
    static const struct sql q = {
        "attachment_insert",
        "INSERT INTO attachment (message_id, part, size, name, type, sha256, damaged)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        NULL};
    return db_run(db, &q,
                  DB_ARGS(DB_I(t->message_id), DB_I(t->part), DB_I(t->size), DB_T(t->name),
                          DB_T(t->type), DB_T(t->sha256), DB_I(t->damaged)),
                  NULL, e);
}

/* $1 is a JSON array of ids. */
#define AMONG    "(SELECT value FROM json_each($1))"
#define AMONG_PG "(SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST($1 AS JSON)))"
#define ATTACHMENT_SELECT                                                                          \
    "SELECT id, message_id, part, size, name, type, sha256, damaged FROM attachment"               \
    " WHERE message_id IN "
#define BY_MESSAGE " ORDER BY message_id, id"

static enum rc attachments(struct db *db, const struct sql *q, struct dbv of, struct arena *a,
                           struct attachment_row **ret, size_t *ret_n, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, DB_ARGS(of), &r, e));
    struct attachment_row *t = ROWS_ARRAY(a, r, struct attachment_row);
    size_t n = 0;
    while (t && rows_next(r))
        t[n++] = (struct attachment_row){
            .id = row_i64(r, 0),
            .message_id = row_i64(r, 1),
            .part = row_i64(r, 2),
            .size = row_i64(r, 3),
            .name = row_keep(a, r, 4),
            .type = row_keep(a, r, 5),
            .sha256 = row_keep(a, r, 6),
            .damaged = row_i64(r, 7) != 0,
        };
    TRY(rows_kept(r, a, e));
    *ret = t;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_attachment_list(struct db *db, struct arena *a, int64_t message_id,
                            struct attachment_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {"attachment_list", ATTACHMENT_SELECT "($1) ORDER BY id", NULL};
    return attachments(db, &q, DB_I(message_id), a, ret, ret_n, e);
}

enum rc ops_attachment_of_messages(struct db *db, struct arena *a, struct str ids,
                                   struct attachment_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {"attachment_of_messages", ATTACHMENT_SELECT AMONG BY_MESSAGE,
                                 ATTACHMENT_SELECT AMONG_PG BY_MESSAGE};
    return attachments(db, &q, DB_T(ids), a, ret, ret_n, e);
}

/* ---- outgoing mails ---- */

#define MAIL_SELECT                                                                                \
    "SELECT id, case_id, thread_id, message_id, attempt, code, doubles, created_us, changed_us,"   \
    " kind, mid, rcpt, state, answer, due_us FROM outbox "

static void mail_fill(struct arena *a, struct rows *r, struct mail_row *m)
{
    *m = (struct mail_row){
        .id = row_i64(r, 0),
        .case_id = row_i64(r, 1),
        .thread_id = row_i64(r, 2),
        .message_id = row_i64(r, 3),
        .attempt = row_i64(r, 4),
        .code = row_i64(r, 5),
        .doubles = row_i64(r, 6),
        .created_us = row_i64(r, 7),
        .changed_us = row_i64(r, 8),
        .kind = row_keep(a, r, 9),
        .mid = row_keep(a, r, 10),
        .rcpt = row_keep(a, r, 11),
        .state = row_keep(a, r, 12),
        .answer = row_keep(a, r, 13),
        .due_us = row_i64(r, 14),
    };
}

static enum rc mail_one(struct db *db, const struct sql *q, struct dbv key, struct arena *a,
                        struct mail_row *ret, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, DB_ARGS(key), &r, e));
    if (!rows_next(r))
        return none("mail", e);
    mail_fill(a, r, ret);
    return rows_kept(r, a, e);
}

enum rc ops_mail_get(struct db *db, struct arena *a, int64_t id, struct mail_row *ret,
                     struct err *e)
{
    static const struct sql q = {"mail_get", MAIL_SELECT "WHERE id = $1", NULL};
    return mail_one(db, &q, DB_I(id), a, ret, e);
}

enum rc ops_mail_by_mid(struct db *db, struct arena *a, struct str mid, struct mail_row *ret,
                        struct err *e)
{
    static const struct sql q = {"mail_by_mid", MAIL_SELECT "WHERE mid = $1", NULL};
    return mail_one(db, &q, DB_T(mid), a, ret, e);
}

enum rc ops_mail_of_kind(struct db *db, struct arena *a, int64_t thread_id, struct str kind,
                         struct mail_row *ret, struct err *e)
{
    static const struct sql q = {
        "mail_of_kind", MAIL_SELECT "WHERE thread_id = $1 AND kind = $2 ORDER BY id LIMIT 1", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(thread_id), DB_T(kind)), &r, e));
    if (!rows_next(r))
        return none("mail", e);
    mail_fill(a, r, ret);
    return rows_kept(r, a, e);
}

enum rc ops_mail_last(struct db *db, struct arena *a, int64_t thread_id, struct mail_row *ret,
                      struct err *e)
{
    static const struct sql q = {"mail_last",
                                 MAIL_SELECT "WHERE thread_id = $1 ORDER BY id DESC LIMIT 1", NULL};
    return mail_one(db, &q, DB_I(thread_id), a, ret, e);
}

static enum rc mails(struct db *db, const struct sql *q, struct dbv of, struct arena *a,
                     struct mail_row **ret, size_t *ret_n, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, DB_ARGS(of), &r, e));
    struct mail_row *m = ROWS_ARRAY(a, r, struct mail_row);
    size_t n = 0;
    while (m && rows_next(r))
        mail_fill(a, r, &m[n++]);
    TRY(rows_kept(r, a, e));
    *ret = m;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_mail_of_message(struct db *db, struct arena *a, int64_t message_id,
                            struct mail_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {"mail_of_message", MAIL_SELECT "WHERE message_id = $1 ORDER BY id",
                                 NULL};
    return mails(db, &q, DB_I(message_id), a, ret, ret_n, e);
}

enum rc ops_mail_of_messages(struct db *db, struct arena *a, struct str ids, struct mail_row **ret,
                             size_t *ret_n, struct err *e)
{
    static const struct sql q = {"mail_of_messages",
                                 MAIL_SELECT "WHERE message_id IN " AMONG BY_MESSAGE,
                                 MAIL_SELECT "WHERE message_id IN " AMONG_PG BY_MESSAGE};
    return mails(db, &q, DB_T(ids), a, ret, ret_n, e);
}

enum rc ops_mail_count(struct db *db, struct str kind, struct str rcpt, int64_t since_us,
                       int64_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "mail_count",
        "SELECT count(*) FROM outbox WHERE kind = $1 AND rcpt = $2 AND created_us >= $3", NULL};
    return db_one_i64(db, &q, DB_ARGS(DB_T(kind), DB_T(rcpt), DB_I(since_us)), ret_n, e);
}

enum rc ops_mail_bounced(struct db *db, int64_t id, int64_t code, struct str answer, int64_t now_us,
                         struct err *e)
{
    static const struct sql q = {"mail_bounced",
                                 "UPDATE outbox SET state = 'failed', code = $2, answer = $3,"
                                 " changed_us = $4 WHERE id = $1",
                                 NULL};
    return db_run_one(db, &q, DB_ARGS(DB_I(id), DB_I(code), DB_T(answer), DB_I(now_us)), "mail", e);
}
