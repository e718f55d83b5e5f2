/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outgoing mail and what is known about its fate.  Runs in core; addresses and the server's words
 * come from strangers and are only bound and shown.
 */
#include "store/outbox.h"

#include <inttypes.h>

#include "base/utf8.h"
#include "store/ops_row.h"

static const struct sql sql_add = {
    "outbox_add",
    "INSERT INTO outbox (case_id, thread_id, message_id, kind, mid, env_from, rcpt, bytes, state,"
    " attempt, code, answer, doubles, created_us, changed_us, due_us, account_id,"
    " blob_id, hop) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,'ready',0,0,'',0,$9,$9,$10,$11,$12,$13)"
    " ON CONFLICT (mid) DO NOTHING RETURNING id",
    NULL};
static const struct sql sql_get = {
    "outbox_get",
    "SELECT id, case_id, thread_id, message_id, kind, mid, env_from, rcpt, state, attempt, code,"
    " answer, doubles, created_us, changed_us, blob_id, hop FROM outbox WHERE id = $1",
    NULL};
/* What programs write has links in it of which only the hash is to be stored; sent, it is not
 * needed any more: its text is a message's, without them. */
static const struct sql sql_forget = {"outbox_forget",
                                      "UPDATE outbox SET bytes = $2 WHERE id = $1 AND kind IN "
                                      "('acknowledgement', 'notice', 'signin')",
                                      NULL};
static const struct sql sql_bytes = {"outbox_bytes", "SELECT bytes FROM outbox WHERE id = $1",
                                     NULL};
/* The fence: the attempt that holds the lease of the mail's task. */
static const struct sql sql_lease = {
    "outbox_lease", "SELECT id FROM task WHERE key = $1 AND attempt = $2 AND state = 'leased'",
    NULL};
static const struct sql sql_state = {
    "outbox_state", "UPDATE outbox SET state = $3, changed_us = $4 WHERE id = $1 AND state = $2",
    NULL};
static const struct sql sql_cancel = {"outbox_cancel",
                                      "UPDATE outbox SET state = 'cancelled', changed_us = $2"
                                      " WHERE id = $1 AND state = 'ready' AND due_us > $2",
                                      NULL};
static const struct sql sql_hurry = {
    "outbox_hurry",
    "UPDATE outbox SET due_us = $2 WHERE id = $1 AND state = 'ready' AND due_us > $2", NULL};
static const struct sql sql_hand_over = {
    "outbox_hand_over",
    "UPDATE outbox SET doubles = doubles + CASE state WHEN 'unknown' THEN 1 ELSE 0 END,"
    " state = 'handing_over', attempt = $2, changed_us = $3"
    " WHERE id = $1 AND state IN ('ready', 'unknown') AND attempt < $2",
    NULL};
/* Its own answer, late or not, is true as long as nobody handed it over again. */
static const struct sql sql_end = {
    "outbox_end",
    "UPDATE outbox SET state = $3, code = $4, answer = $5, changed_us = $6"
    " WHERE id = $1 AND ((attempt = $2 AND state IN ('handing_over', 'unknown'))"
    " OR (attempt < $2 AND state IN ('ready', 'unknown')))",
    NULL};
static const struct sql sql_count = {
    "outbox_count",
    "SELECT state, CAST(count(*) AS BIGINT), CAST(sum(doubles) AS BIGINT) FROM outbox"
    " GROUP BY state",
    NULL};

static const char *const state_names[OUTBOX_STATES] = {
    "ready", "handing_over", "sent", "failed", "unknown", "parked", "cancelled"};

const char *outbox_state_name(enum outbox_state s)
{
    return (unsigned)s < OUTBOX_STATES ? state_names[s] : "?";
}

static struct str state_str(enum outbox_state s)
{
    return str_c(outbox_state_name(s));
}

static enum rc state_of(struct str name, enum outbox_state *ret_s, struct err *e)
{
    for (int i = 0; i < OUTBOX_STATES; i++)
        if (str_eq(name, str_c(state_names[i]))) {
            *ret_s = (enum outbox_state)i;
            return RC_OK;
        }
    return err_set(e, RC_INTERNAL, "a mail of the outbox is in no known state");
}

#define KEY_MAX 32
static struct str task_key(int64_t id, char buf[KEY_MAX])
{
    snprintf(buf, KEY_MAX, "outbox:%" PRId64, id);
    return str_c(buf);
}

/* ------------------------------------------------------------------ adding, reading */

static enum rc check_new(const struct outbox_new *o, struct err *e)
{
    struct str kind = str_c(o->kind);
    if (kind.n == 0 || kind.n > OUTBOX_KIND_MAX)
        return err_set(e, RC_LIMIT, "a mail's kind has 1 to %d bytes", OUTBOX_KIND_MAX);
    if (o->mid.n == 0 || o->mid.n > OUTBOX_MID_MAX)
        return err_set(e, RC_LIMIT, "a Message-ID has 1 to %d bytes", OUTBOX_MID_MAX);
    if (o->rcpt.n == 0 || o->rcpt.n > OUTBOX_ADDR_MAX || o->env_from.n > OUTBOX_ADDR_MAX)
        return err_set(e, RC_LIMIT, "a mail address has 1 to %d bytes", OUTBOX_ADDR_MAX);
    if ((o->bytes.n == 0) != (o->blob_id != 0) || o->bytes.n > OUTBOX_BYTES_MAX)
        return err_set(e, RC_LIMIT, "a mail has 1 to %d bytes", OUTBOX_BYTES_MAX);
    return RC_OK;
}

static enum rc add_task(struct db *db, int64_t id, const char *kind, struct str fair,
                        int64_t due_us, struct err *e)
{
    char key[KEY_MAX];
    bool ack = str_eq(str_c(kind), STR("acknowledgement"));
    struct task_new t = {.kind = "outbox",
                         .key = task_key(id, key),
                         .lane = ack ? LANE_ACKNOWLEDGE : LANE_MAIL,
                         .subject = id,
                         .arg = STR_NONE,
                         .fair = fair,
                         .due_us = due_us,
                         .patience = OUTBOX_PATIENCE,
                         .again = true};
    return task_add(db, &t, NULL, e);
}

enum rc outbox_add(struct db *db, const struct outbox_new *o, int64_t *ret_id, struct err *e)
{
    TRY(check_new(o, e));
    int64_t id;
    AUTO(tx) struct tx tx = TX_INIT;
    TRY(tx_begin(db, &tx, e));
    enum rc rc = db_one_i64(db, &sql_add,
                            DB_ARGS(DB_I0(o->case_id), DB_I0(o->thread_id), DB_I0(o->message_id),
                                    DB_T(str_c(o->kind)), DB_T(o->mid), DB_T(o->env_from),
                                    DB_T(o->rcpt), DB_B(o->bytes), DB_I(db_now_us(db)),
                                    DB_I(o->due_us), DB_I0(o->account_id), DB_I0(o->blob_id),
                                    DB_T(o->next_hop ? STR("next") : STR_NONE)),
                            &id, e);
    if (rc == RC_NOTFOUND)
        return err_set(e, RC_CONFLICT, "the outbox has a mail with this Message-ID already");
    TRY(rc);
    TRY(add_task(db, id, o->kind, o->rcpt, o->due_us, e));
    TRY(tx_commit(&tx, e));
    *ret_id = id;
    return RC_OK;
}

enum rc outbox_get(struct db *db, struct arena *a, int64_t id, struct outbox *ret_o, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &sql_get, DB_ARGS(DB_I(id)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "there is no such mail in the outbox");
    struct outbox o = {.id = row_i64(r, 0),
                       .case_id = row_i64(r, 1),
                       .thread_id = row_i64(r, 2),
                       .message_id = row_i64(r, 3),
                       .kind = row_keep(a, r, 4),
                       .mid = row_keep(a, r, 5),
                       .env_from = row_keep(a, r, 6),
                       .rcpt = row_keep(a, r, 7),
                       .attempt = row_i64(r, 9),
                       .code = row_i64(r, 10),
                       .answer = row_keep(a, r, 11),
                       .doubles = row_i64(r, 12),
                       .created_us = row_i64(r, 13),
                       .changed_us = row_i64(r, 14),
                       .blob_id = row_i64(r, 15),
                       .next_hop = row_str(r, 16).n > 0};
    TRY(state_of(row_str(r, 8), &o.state, e));
    TRY(rows_kept(r, a, e));
    *ret_o = o;
    return RC_OK;
}

/* ------------------------------------------------------------------ one attempt */

static enum rc lease_held(struct db *db, int64_t id, int64_t attempt, int64_t *ret_task,
                          struct err *e)
{
    char key[KEY_MAX];
    enum rc rc =
        db_one_i64(db, &sql_lease, DB_ARGS(DB_T(task_key(id, key)), DB_I(attempt)), ret_task, e);
    if (rc == RC_NOTFOUND)
        return err_set(e, RC_CONFLICT, "the lease of the mail was lost to another attempt");
    return rc;
}

static enum rc set_state(struct db *db, int64_t id, enum outbox_state from, enum outbox_state to,
                         struct err *e)
{
    return db_run_one(
        db, &sql_state,
        DB_ARGS(DB_I(id), DB_T(state_str(from)), DB_T(state_str(to)), DB_I(db_now_us(db))),
        "the mail", e);
}

/* Where a mail goes whose fate nobody knows. */
static enum outbox_state doubtful(const struct outbox *o)
{
    return str_eq(o->kind, STR(OUTBOX_ANNOUNCEMENT)) ? OUTBOX_PARKED : OUTBOX_UNKNOWN;
}

static enum rc load_bytes(struct db *db, struct arena *a, struct outbox *o, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &sql_bytes, DB_ARGS(DB_I(o->id)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "there is no such mail in the outbox");
    o->bytes = row_keep_blob(a, r, 0);
    return rows_kept(r, a, e);
}

static enum rc start_once(struct db *db, struct arena *a, int64_t id, int64_t attempt,
                          struct outbox *ret_o, struct err *e)
{
    struct outbox o;
    int64_t task;
    AUTO(tx) struct tx tx = TX_INIT;
    TRY(tx_begin(db, &tx, e));
    TRY(outbox_get(db, a, id, &o, e));
    TRY(lease_held(db, id, attempt, &task, e));
    if (o.state == OUTBOX_HANDING_OVER && o.attempt < attempt) {
        enum outbox_state to = doubtful(&o);
        TRY(set_state(db, id, o.state, to, e));
        o.state = to;
    }
    if (o.state == OUTBOX_READY || o.state == OUTBOX_UNKNOWN)
        TRY(load_bytes(db, a, &o, e));
    TRY(tx_commit(&tx, e));
    *ret_o = o;
    return RC_OK;
}

enum rc outbox_start(struct db *db, struct arena *a, int64_t id, int64_t attempt,
                     struct outbox *ret_o, struct err *e)
{
    int tries = 0;
    enum rc rc;
    do
        rc = start_once(db, a, id, attempt, ret_o, e);
    while (db_again(db, rc, &tries));
    return rc;
}

static enum rc hand_over_once(struct db *db, int64_t id, int64_t attempt, struct err *e)
{
    int64_t task;
    AUTO(tx) struct tx tx = TX_INIT;
    TRY(tx_begin(db, &tx, e));
    TRY(lease_held(db, id, attempt, &task, e));
    TRY(db_run_one(db, &sql_hand_over, DB_ARGS(DB_I(id), DB_I(attempt), DB_I(db_now_us(db))),
                   "the mail", e));
    return tx_commit(&tx, e);
}

enum rc outbox_hand_over(struct db *db, int64_t id, int64_t attempt, struct err *e)
{
    int tries = 0;
    enum rc rc;
    do
        rc = hand_over_once(db, id, attempt, e);
    while (db_again(db, rc, &tries));
    return rc;
}

/* The lease that goes with the end; a late answer has lost it, and that is fine. */
static enum rc end_lease(struct db *db, int64_t id, int64_t attempt, enum outbox_state state,
                         const struct outbox_result *res, struct err *e)
{
    int64_t task;
    enum rc rc = lease_held(db, id, attempt, &task, e);
    if (rc == RC_CONFLICT)
        return RC_OK;
    TRY(rc);
    if (state == OUTBOX_SENT || state == OUTBOX_FAILED || state == OUTBOX_PARKED)
        return task_done(db, task, attempt, e);
    if (state == OUTBOX_READY && res->apart_us > 0)
        return task_later(db, task, attempt, db_now_us(db) + res->apart_us, e);
    bool parked = false;
    char why[64];
    snprintf(why, sizeof why, "%s (%d)",
             state == OUTBOX_UNKNOWN ? "no answer after the mail was handed over" : "not taken now",
             res->code);
    TRY(task_fail(db, task, attempt, why, &parked, e));
    /* Tried often enough: the mail waits for a person, as its task would. */
    if (parked)
        TRY(set_state(db, id, state, OUTBOX_PARKED, e));
    return RC_OK;
}

static enum rc end_once(struct db *db, int64_t id, int64_t attempt, const struct outbox_result *res,
                        enum outbox_state *ret_state, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(16 * 1024);
    AUTO(buf) struct buf answer = BUF_INIT(4 * OUTBOX_ANSWER_MAX + 64);
    struct outbox o;
    AUTO(tx) struct tx tx = TX_INIT;
    TRY(tx_begin(db, &tx, e));
    TRY(outbox_get(db, a, id, &o, e));
    enum outbox_state to = OUTBOX_SENT;
    if (res->end == OUTBOX_END_REFUSED)
        to = OUTBOX_FAILED;
    else if (res->end == OUTBOX_END_NO_ANSWER ||
             (res->end == OUTBOX_END_LOST && o.state == OUTBOX_HANDING_OVER))
        to = doubtful(&o);
    else if (res->end == OUTBOX_END_TEMPORARY || res->end == OUTBOX_END_LOST)
        /* An attempt that ended before its dot tells nothing about an earlier one. */
        to = o.state == OUTBOX_UNKNOWN ? OUTBOX_UNKNOWN : OUTBOX_READY;
    else if (o.state != OUTBOX_HANDING_OVER && !(o.state == OUTBOX_UNKNOWN && o.attempt == attempt))
        return err_set(e, RC_CONFLICT, "a mail that was not handed over cannot be sent");
    utf8_clean(&answer, str_sub(res->answer, 0, OUTBOX_ANSWER_MAX));
    TRY(db_run_one(db, &sql_end,
                   DB_ARGS(DB_I(id), DB_I(attempt), DB_T(state_str(to)), DB_I(res->code),
                           DB_T(utf8_clip(buf_str(&answer), OUTBOX_ANSWER_MAX)),
                           DB_I(db_now_us(db))),
                   "the mail", e));
    if (to == OUTBOX_SENT)
        TRY(db_run(db, &sql_forget, DB_ARGS(DB_I(id), DB_B(STR_NONE)), NULL, e));
    TRY(end_lease(db, id, attempt, to, res, e));
    TRY(outbox_get(db, a, id, &o, e));
    TRY(tx_commit(&tx, e));
    if (ret_state)
        *ret_state = o.state;
    return RC_OK;
}

enum rc outbox_end(struct db *db, int64_t id, int64_t attempt, const struct outbox_result *res,
                   enum outbox_state *ret_state, struct err *e)
{
    /* An answer that got lost here would make the mail unknown and send it twice. */
    int tries = 0;
    enum rc rc;
    do
        rc = end_once(db, id, attempt, res, ret_state, e);
    while (db_again(db, rc, &tries));
    return rc;
}

/* ------------------------------------------------------------------ a person's decisions */

/* A mail and its task, one of them parked. */
static enum rc parked(struct db *db, struct arena *a, int64_t id, struct outbox *ret_o,
                      struct task *ret_t, struct err *e)
{
    char key[KEY_MAX];
    TRY(outbox_get(db, a, id, ret_o, e));
    TRY(task_get(db, a, task_key(id, key), ret_t, e));
    if (ret_o->state != OUTBOX_PARKED && !str_eq(ret_t->state, STR("parked")))
        return err_set(e, RC_CONFLICT, "the mail does not wait for a person");
    return RC_OK;
}

enum rc outbox_resume(struct db *db, int64_t id, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(64 * 1024 + TASK_ARG_MAX);
    struct outbox o;
    struct task t;
    AUTO(tx) struct tx tx = TX_INIT;
    TRY(tx_begin(db, &tx, e));
    TRY(parked(db, a, id, &o, &t, e));
    /* What was handed over once may have been delivered: it counts as a double when it goes out. */
    if (o.state == OUTBOX_PARKED)
        TRY(set_state(db, id, o.state, o.attempt ? OUTBOX_UNKNOWN : OUTBOX_READY, e));
    if (str_eq(t.state, STR("parked")))
        TRY(task_unpark(db, t.id, e));
    else
        TRY(add_task(db, id, "", o.rcpt, 0, e));
    return tx_commit(&tx, e);
}

enum rc outbox_give_up(struct db *db, int64_t id, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(64 * 1024 + TASK_ARG_MAX);
    struct outbox o;
    struct task t;
    AUTO(tx) struct tx tx = TX_INIT;
    TRY(tx_begin(db, &tx, e));
    TRY(parked(db, a, id, &o, &t, e));
    if (o.state != OUTBOX_SENT && o.state != OUTBOX_FAILED)
        TRY(set_state(db, id, o.state, OUTBOX_FAILED, e));
    if (str_eq(t.state, STR("parked")))
        TRY(task_drop(db, t.id, e));
    return tx_commit(&tx, e);
}

enum rc outbox_cancel(struct db *db, int64_t id, struct err *e)
{
    char key[KEY_MAX];
    AUTO(tx) struct tx tx = TX_INIT;
    TRY(tx_begin(db, &tx, e));
    TRY(db_run_one(db, &sql_cancel, DB_ARGS(DB_I(id), DB_I(db_now_us(db))), "the mail", e));
    TRY(task_cancel(db, task_key(id, key), e));
    return tx_commit(&tx, e);
}

enum rc outbox_hurry(struct db *db, int64_t id, struct err *e)
{
    char key[KEY_MAX];
    AUTO(tx) struct tx tx = TX_INIT;
    TRY(tx_begin(db, &tx, e));
    TRY(db_run_one(db, &sql_hurry, DB_ARGS(DB_I(id), DB_I(db_now_us(db))), "the mail", e));
    TRY(task_hurry(db, task_key(id, key), e));
    return tx_commit(&tx, e);
}

enum rc outbox_count(struct db *db, struct outbox_counts *ret_c, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &sql_count, DB_NOARGS, &r, e));
    struct outbox_counts c = {.doubles = 0};
    while (rows_next(r)) {
        enum outbox_state s = OUTBOX_READY;
        TRY(state_of(row_str(r, 0), &s, e));
        c.n[s] = row_i64(r, 1);
        c.doubles += row_i64(r, 2);
    }
    TRY(rows_rc(r, e));
    *ret_c = c;
    return RC_OK;
}
