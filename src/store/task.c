/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of tasks.  Runs in core; keys and fairness keys may hold strangers' addresses, which
 * are only bound and compared.
 */
#include "store/task.h"

#include "base/utf8.h"
#include "store/ops_row.h"

/* A sender's oldest task comes before anybody's second; so many senders are looked at per lane. */
#define SENDERS_MAX "500"
#define KINDS_MAX   1000  /* bytes of a list of kinds */
#define LEASES_MAX  "200" /* run-out leases that one claim takes back */

static const struct sql sql_add = {
    "task_add",
    "INSERT INTO task (kind, key, lane, subject, arg, fair, state, due_us, attempt, failures,"
    " patience, error, created_us) VALUES ($1,$2,$3,$4,$5,$6,'ready',$7,0,0,$8,'',$9)"
    " ON CONFLICT (key) DO NOTHING",
    NULL};
static const struct sql sql_again = {
    "task_again",
    "UPDATE task SET state = 'ready', subject = $2, arg = $3, due_us = $4, failures = 0,"
    " error = '', lease_us = NULL WHERE key = $1 AND state = 'done'",
    NULL};
/* What is there to do?  Asked before the write lock is taken. */
static const struct sql sql_look = {
    "task_look",
    "SELECT EXISTS (SELECT 1 FROM task WHERE state = 'ready' AND due_us <= $1)"
    " OR EXISTS (SELECT 1 FROM task WHERE state = 'leased' AND lease_us <= $1)",
    NULL};
/* A lease that ran out was a failure: the holder died or hangs. */
static const struct sql sql_expired = {
    "task_expired",
    "SELECT id, attempt, failures, patience FROM task WHERE state = 'leased' AND lease_us <= $1"
    " ORDER BY lease_us, id LIMIT " LEASES_MAX,
    "SELECT id, attempt, failures, patience FROM task WHERE state = 'leased' AND lease_us <= $1"
    " ORDER BY lease_us, id LIMIT " LEASES_MAX " FOR UPDATE SKIP LOCKED"};
static const struct sql sql_lanes = {
    "task_lanes",
    "SELECT EXISTS (SELECT 1 FROM task WHERE state = 'ready' AND lane = 0 AND due_us <= $1),"
    " EXISTS (SELECT 1 FROM task WHERE state = 'ready' AND lane = 1 AND due_us <= $1),"
    " EXISTS (SELECT 1 FROM task WHERE state = 'ready' AND lane = 2 AND due_us <= $1),"
    " EXISTS (SELECT 1 FROM task WHERE state = 'ready' AND lane = 3 AND due_us <= $1)",
    NULL};
/* $4: "" for all, or ",kind,kind,". */
#define OF_KIND(t) "($4 = '' OR $4 LIKE '%,' || " t "kind || ',%')"
/* Jumps from sender to sender along the index (state, lane, fair, due_us). */
#define HEADS                                                                                      \
    "WITH RECURSIVE sender (fair, n) AS ("                                                         \
    " SELECT min(fair), 1 FROM task WHERE state = 'ready' AND lane = $1"                           \
    " UNION ALL SELECT (SELECT min(t.fair) FROM task t WHERE t.state = 'ready' AND t.lane = $1"    \
    "  AND t.fair > sender.fair), n + 1 FROM sender"                                               \
    "  WHERE sender.fair IS NOT NULL AND n < " SENDERS_MAX "),"                                    \
    " head (id) AS (SELECT (SELECT t.id FROM task t WHERE t.state = 'ready' AND t.lane = $1"       \
    "  AND t.fair = sender.fair AND t.due_us <= $2 AND " OF_KIND(                                  \
        "t.") " ORDER BY t.due_us, t.id LIMIT 1)"                                                  \
              "  FROM sender WHERE sender.fair IS NOT NULL)"                                       \
              " SELECT t.id FROM task t JOIN head ON head.id = t.id"                               \
              " ORDER BY t.due_us, t.id LIMIT $3"
static const struct sql sql_heads = {"task_heads", HEADS, NULL};
static const struct sql sql_oldest = {
    "task_oldest",
    "SELECT id FROM task WHERE state = 'ready' AND lane = $1 AND due_us <= $2 AND " OF_KIND(
        "") " ORDER BY due_us, id LIMIT $3",
    "SELECT id FROM task WHERE state = 'ready' AND lane = $1 AND due_us <= $2 AND " OF_KIND(
        "") " ORDER BY due_us, id LIMIT $3 FOR UPDATE SKIP LOCKED"};
/* Whoever holds the row just now is claiming it: not waited for. */
static const struct sql sql_lock = {"task_lock", "SELECT id FROM task WHERE id = $1",
                                    "SELECT id FROM task WHERE id = $1 FOR UPDATE SKIP LOCKED"};
static const struct sql sql_lease = {
    "task_lease",
    "UPDATE task SET state = 'leased', lease_us = $2, attempt = attempt + 1"
    " WHERE id = $1 AND state = 'ready' AND due_us <= $3",
    NULL};
#define TASK_COLUMNS                                                                               \
    "id, kind, key, lane, subject, arg, fair, state, due_us, lease_us, attempt, failures, error,"  \
    " patience"
static const struct sql sql_by_id = {"task_by_id",
                                     "SELECT " TASK_COLUMNS " FROM task WHERE id = $1", NULL};
static const struct sql sql_by_key = {"task_by_key",
                                      "SELECT " TASK_COLUMNS " FROM task WHERE key = $1", NULL};
static const struct sql sql_parked = {
    "task_parked",
    "SELECT " TASK_COLUMNS " FROM task WHERE state = 'parked' ORDER BY due_us, id LIMIT $1", NULL};

#define HELD " WHERE id = $1 AND attempt = $2 AND state = 'leased'"
static const struct sql sql_done = {
    "task_done", "UPDATE task SET state = 'done', lease_us = NULL, error = '', arg = ''" HELD,
    NULL};
static const struct sql sql_failures = {"task_failures", "SELECT failures, patience FROM task" HELD,
                                        NULL};
static const struct sql sql_fail = {
    "task_fail",
    "UPDATE task SET state = $3, lease_us = NULL, due_us = $4, failures = failures + 1,"
    " error = $5" HELD,
    NULL};
static const struct sql sql_later = {
    "task_later", "UPDATE task SET state = 'ready', lease_us = NULL, due_us = $3" HELD, NULL};
static const struct sql sql_renew = {"task_renew", "UPDATE task SET lease_us = $3" HELD, NULL};
static const struct sql sql_unpark = {
    "task_unpark",
    "UPDATE task SET state = 'ready', due_us = $2, failures = 0, error = ''"
    " WHERE id = $1 AND state = 'parked'",
    NULL};
static const struct sql sql_drop = {
    "task_drop", "UPDATE task SET state = 'done' WHERE id = $1 AND state = 'parked'", NULL};
static const struct sql sql_cancel = {
    "task_cancel", "UPDATE task SET state = 'done' WHERE key = $1 AND state = 'ready'", NULL};
static const struct sql sql_hurry = {
    "task_hurry", "UPDATE task SET due_us = $2 WHERE key = $1 AND state = 'ready' AND due_us > $2",
    NULL};
static const struct sql sql_count = {
    "task_count",
    "SELECT CAST(coalesce(sum(CASE WHEN state = 'ready' THEN 1 END), 0) AS BIGINT),"
    " CAST(coalesce(sum(CASE WHEN state = 'ready' AND due_us <= $1 THEN 1 END), 0) AS BIGINT),"
    " CAST(coalesce(sum(CASE WHEN state = 'leased' THEN 1 END), 0) AS BIGINT),"
    " CAST(coalesce(sum(CASE WHEN state = 'parked' THEN 1 END), 0) AS BIGINT)"
    " FROM task WHERE state IN ('ready', 'leased', 'parked')",
    NULL};
static const struct sql sql_sweep = {
    "task_sweep",
    "DELETE FROM task WHERE id IN (SELECT id FROM task WHERE state = 'done' AND created_us < $1"
    " ORDER BY id LIMIT $2)",
    NULL};

static const char lost[] = "the lease of the task";

/* ------------------------------------------------------------------ adding */

static enum rc check_new(const struct task_new *t, struct err *e)
{
    struct str kind = str_c(t->kind);
    if (kind.n == 0 || kind.n > TASK_KIND_MAX)
        return err_set(e, RC_LIMIT, "a task's kind has 1 to %d bytes", TASK_KIND_MAX);
    if (t->key.n == 0 || t->key.n > TASK_KEY_MAX)
        return err_set(e, RC_LIMIT, "a task's key has 1 to %d bytes", TASK_KEY_MAX);
    if (t->arg.n > TASK_ARG_MAX)
        return err_set(e, RC_LIMIT, "a task's argument has at most %d bytes", TASK_ARG_MAX);
    if ((int)t->lane < 0 || t->lane >= LANE_COUNT)
        return err_set(e, RC_INVALID, "there is no such lane");
    return RC_OK;
}

enum rc task_add(struct db *db, const struct task_new *t, bool *ret_added, struct err *e)
{
    TRY(check_new(t, e));
    int64_t now = db_now_us(db), due = t->due_us ? t->due_us : now, changed;
    TRY(db_run(db, &sql_add,
               DB_ARGS(DB_T(str_c(t->kind)), DB_T(t->key), DB_I(t->lane), DB_I0(t->subject),
                       DB_T(t->arg), DB_T(utf8_clip(t->fair, TASK_FAIR_MAX)), DB_I(due),
                       DB_I(t->patience ? t->patience : TASK_PATIENCE), DB_I(now)),
               &changed, e));
    if (changed == 0 && t->again)
        TRY(db_run(db, &sql_again,
                   DB_ARGS(DB_T(t->key), DB_I0(t->subject), DB_T(t->arg), DB_I(due)), &changed, e));
    if (ret_added)
        *ret_added = changed == 1;
    return RC_OK;
}

/* ------------------------------------------------------------------ reading */

static enum rc read_task(struct rows *r, struct arena *a, struct task *ret_t, struct err *e)
{
    struct task t = {.id = row_i64(r, 0),
                     .kind = row_keep(a, r, 1),
                     .key = row_keep(a, r, 2),
                     .lane = (enum task_lane)row_i64(r, 3),
                     .subject = row_i64(r, 4),
                     .arg = row_keep(a, r, 5),
                     .fair = row_keep(a, r, 6),
                     .state = row_keep(a, r, 7),
                     .due_us = row_i64(r, 8),
                     .lease_us = row_i64(r, 9),
                     .attempt = row_i64(r, 10),
                     .failures = row_i64(r, 11),
                     .error = row_keep(a, r, 12),
                     .patience = row_i64(r, 13)};
    TRY(rows_kept(r, a, e));
    *ret_t = t;
    return RC_OK;
}

static enum rc one_task(struct db *db, struct arena *a, const struct sql *sql, struct dbv by,
                        struct task *ret_t, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, sql, DB_ARGS(by), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "there is no such task");
    return read_task(r, a, ret_t, e);
}

enum rc task_get(struct db *db, struct arena *a, struct str key, struct task *ret_t, struct err *e)
{
    return one_task(db, a, &sql_by_key, DB_T(key), ret_t, e);
}

enum rc task_by_id(struct db *db, struct arena *a, int64_t id, struct task *ret_t, struct err *e)
{
    return one_task(db, a, &sql_by_id, DB_I(id), ret_t, e);
}

enum rc task_parked(struct db *db, struct arena *a, int max, struct task **ret_t, int *ret_n,
                    struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &sql_parked, DB_ARGS(DB_I(max)), &r, e));
    struct task *t = ROWS_ARRAY(a, r, struct task);
    TRY(arena_ok(a, "the list of tasks", e));
    int n = 0;
    while (rows_next(r))
        TRY(read_task(r, a, &t[n++], e));
    *ret_t = t;
    *ret_n = n;
    return RC_OK;
}

enum rc task_count(struct db *db, struct task_counts *ret_c, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &sql_count, DB_ARGS(DB_I(db_now_us(db))), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_INTERNAL, "no count of tasks");
    struct task_counts c = {row_i64(r, 0), row_i64(r, 1), row_i64(r, 2), row_i64(r, 3)};
    TRY(rows_rc(r, e));
    *ret_c = c;
    return RC_OK;
}

/* ------------------------------------------------------------------ ends of a lease */

/* Wait after the n-th failure. */
static int64_t backoff_us(int64_t failures)
{
    int64_t us = TASK_BACKOFF_US;
    for (int64_t i = 1; i < failures && us < TASK_BACKOFF_MAX_US; i++)
        us *= 2;
    return us < TASK_BACKOFF_MAX_US ? us : TASK_BACKOFF_MAX_US;
}

static enum rc put_back(struct db *db, int64_t id, int64_t attempt, bool park, int64_t due_us,
                        struct str why, struct err *e)
{
    return db_run_one(db, &sql_fail,
                      DB_ARGS(DB_I(id), DB_I(attempt), DB_T(park ? STR("parked") : STR("ready")),
                              DB_I(due_us), DB_T(utf8_clip(why, TASK_ERROR_MAX))),
                      lost, e);
}

static enum rc fail_once(struct db *db, int64_t id, int64_t attempt, const char *why,
                         bool *ret_parked, struct err *e)
{
    AUTO(buf) struct buf clean = BUF_INIT(4 * TASK_ERROR_MAX + 64);
    AUTO(rows) struct rows *r = NULL;
    utf8_clean_line(&clean, str_sub(str_c(why), 0, TASK_ERROR_MAX));
    TRY(db_query(db, &sql_failures, DB_ARGS(DB_I(id), DB_I(attempt)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_CONFLICT, "%s was changed by somebody else or is gone", lost);
    int64_t failures = row_i64(r, 0) + 1;
    bool park = failures >= row_i64(r, 1);
    TRY(rows_rc(r, e));
    TRY(put_back(db, id, attempt, park, db_now_us(db) + backoff_us(failures), buf_str(&clean), e));
    if (ret_parked)
        *ret_parked = park;
    return RC_OK;
}

enum rc task_fail(struct db *db, int64_t id, int64_t attempt, const char *why, bool *ret_parked,
                  struct err *e)
{
    int tries = 0;
    enum rc rc;
    do
        rc = fail_once(db, id, attempt, why, ret_parked, e);
    while (db_again(db, rc, &tries));
    return rc;
}

enum rc task_park(struct db *db, int64_t id, int64_t attempt, const char *why, struct err *e)
{
    AUTO(buf) struct buf clean = BUF_INIT(4 * TASK_ERROR_MAX + 64);
    utf8_clean_line(&clean, str_sub(str_c(why), 0, TASK_ERROR_MAX));
    return put_back(db, id, attempt, true, db_now_us(db), buf_str(&clean), e);
}

enum rc task_done(struct db *db, int64_t id, int64_t attempt, struct err *e)
{
    return db_run_one(db, &sql_done, DB_ARGS(DB_I(id), DB_I(attempt)), lost, e);
}

enum rc task_later(struct db *db, int64_t id, int64_t attempt, int64_t due_us, struct err *e)
{
    return db_run_one(db, &sql_later, DB_ARGS(DB_I(id), DB_I(attempt), DB_I(due_us)), lost, e);
}

enum rc task_renew(struct db *db, int64_t id, int64_t attempt, int64_t lease_us, struct err *e)
{
    return db_run_one(db, &sql_renew,
                      DB_ARGS(DB_I(id), DB_I(attempt), DB_I(db_now_us(db) + lease_us)), lost, e);
}

enum rc task_cancel(struct db *db, struct str key, struct err *e)
{
    return db_run(db, &sql_cancel, DB_ARGS(DB_T(key)), NULL, e);
}

enum rc task_hurry(struct db *db, struct str key, struct err *e)
{
    return db_run(db, &sql_hurry, DB_ARGS(DB_T(key), DB_I(db_now_us(db))), NULL, e);
}

enum rc task_unpark(struct db *db, int64_t id, struct err *e)
{
    return db_run_one(db, &sql_unpark, DB_ARGS(DB_I(id), DB_I(db_now_us(db))), "the parked task",
                      e);
}

enum rc task_drop(struct db *db, int64_t id, struct err *e)
{
    return db_run_one(db, &sql_drop, DB_ARGS(DB_I(id)), "the parked task", e);
}

enum rc task_sweep(struct db *db, int64_t before_us, int max, int64_t *ret_n, struct err *e)
{
    return db_run(db, &sql_sweep, DB_ARGS(DB_I(before_us), DB_I(max)), ret_n, e);
}

/* ------------------------------------------------------------------ claiming */

struct claiming {
    const struct task_claim *c;
    struct task *t;
    int n;
    int64_t now_us;
    struct buf kinds; /* for OF_KIND */
};

static enum rc take_back(struct db *db, int64_t now_us, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &sql_expired, DB_ARGS(DB_I(now_us)), &r, e));
    while (rows_next(r)) {
        int64_t failures = row_i64(r, 2);
        bool park = failures + 1 >= row_i64(r, 3);
        /* Claimable at once: the wait was the lease. */
        enum rc rc = put_back(db, row_i64(r, 0), row_i64(r, 1), park, now_us,
                              STR("the lease ran out: whoever worked on it died or hangs"), e);
        if (rc != RC_OK && rc != RC_CONFLICT)
            return rc;
    }
    return rows_rc(r, e);
}

static enum rc lease(struct db *db, struct arena *a, struct claiming *w, int64_t id, struct err *e)
{
    int64_t locked, changed;
    enum rc rc = db_one_i64(db, &sql_lock, DB_ARGS(DB_I(id)), &locked, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    TRY(db_run(db, &sql_lease, DB_ARGS(DB_I(id), DB_I(w->now_us + w->c->lease_us), DB_I(w->now_us)),
               &changed, e));
    if (changed == 0)
        return RC_OK;
    TRY(one_task(db, a, &sql_by_id, DB_I(id), &w->t[w->n], e));
    w->n++;
    return RC_OK;
}

static enum rc claim_from(struct db *db, struct arena *a, struct claiming *w, const struct sql *sql,
                          int lane, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, sql,
                 DB_ARGS(DB_I(lane), DB_I(w->now_us), DB_I(w->c->max), DB_T(buf_str(&w->kinds))),
                 &r, e));
    while (w->n < w->c->max && rows_next(r))
        TRY(lease(db, a, w, row_i64(r, 0), e));
    return rows_rc(r, e);
}

static enum rc claim_all(struct db *db, struct arena *a, struct claiming *w, struct err *e)
{
    AUTO(rows) struct rows *lanes = NULL;
    TRY(take_back(db, w->now_us, e));
    TRY(db_query(db, &sql_lanes, DB_ARGS(DB_I(w->now_us)), &lanes, e));
    if (!rows_next(lanes))
        return err_set(e, RC_INTERNAL, "no lanes");
    for (int lane = 0; lane < LANE_COUNT && w->n < w->c->max; lane++) {
        if (!row_i64(lanes, lane))
            continue;
        TRY(claim_from(db, a, w, &sql_heads, lane, e));
        if (w->n < w->c->max)
            TRY(claim_from(db, a, w, &sql_oldest, lane, e));
    }
    return rows_rc(lanes, e);
}

static enum rc claim(struct db *db, struct arena *a, struct claiming *w, struct err *e)
{
    int64_t something;
    w->now_us = db_now_us(db);
    TRY(db_one_i64(db, &sql_look, DB_ARGS(DB_I(w->now_us)), &something, e));
    if (!something)
        return RC_OK;
    AUTO(tx) struct tx tx = TX_INIT;
    TRY(tx_begin_claim(db, &tx, e));
    w->now_us = db_now_us(db);
    TRY(claim_all(db, a, w, e));
    return tx_commit(&tx, e);
}

enum rc task_claim(struct db *db, struct arena *a, const struct task_claim *c, struct task **ret_t,
                   int *ret_n, struct err *e)
{
    if (c->max < 1 || c->max > TASK_CLAIM_MAX || c->lease_us <= 0)
        return err_set(e, RC_INVALID, "1 to %d tasks are claimed at once", TASK_CLAIM_MAX);
    if (db_in_tx(db))
        return err_set(e, RC_INTERNAL, "tasks are claimed outside transactions only");
    struct claiming w = {.c = c,
                         .t = arena_array(a, (size_t)c->max, sizeof(struct task)),
                         .kinds = BUF_INIT(KINDS_MAX)};
    for (size_t i = 0; c->kinds && c->kinds[i]; i++)
        buf_addf(&w.kinds, "%s%s,", i ? "" : ",", c->kinds[i]);
    enum rc rc = arena_ok(a, "the list of tasks", e);
    if (rc == RC_OK)
        rc = buf_ok(&w.kinds, "the list of kinds", e);
    if (rc == RC_OK)
        rc = claim(db, a, &w, e);
    buf_release(&w.kinds);
    TRY(rc);
    *ret_t = w.t;
    *ret_n = w.n;
    return RC_OK;
}
