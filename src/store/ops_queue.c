/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of the queue and of what was seen.
 * Runs in core.
 * Input: ids, words and limits that desk/ has checked.
 */
#include "store/ops_queue.h"

#include "store/ops_row.h"

/* clang-format off: SQL reads better in its own lines */
/* The words of the partial indexes clock_active and clock_active_case, so that they are used. */
#define ACTIVE(k) "(" k ".state = 'running' OR (" k ".state = 'missed' AND " k ".met_us IS NULL))"

/* An account's unread messages of case c; what came before the account did is nobody's news. */
#define UNREAD                                                                                     \
    "FROM message u WHERE u.case_id = c.id AND u.direction IN ('in', 'note') AND u.state = 'ok'"   \
    " AND u.id > coalesce((SELECT s.message_id FROM seen s WHERE s.account_id = $5"                \
    " AND s.case_id = c.id), 0) AND (u.author_id IS NULL OR u.author_id <> $5)"                    \
    " AND u.received_us >= (SELECT me.created_us FROM account me WHERE me.id = $5)"

#define LAST_OF(way)                                                                               \
    "(SELECT max(m.received_us) FROM message m WHERE m.case_id = c.id AND m.direction = '" way     \
    "' AND m.state = 'ok')"

#define WAITING "FROM thread t WHERE t.case_id = c.id AND t.waiting_us IS NOT NULL"

/* $1 handler $2 phase $3 severity $4 state $5 account $6 now; overdue: what says that k is over */
#define FILTER(overdue)                                                                            \
    " AND (CAST($1 AS BIGINT) = 0 OR c.handler_id = $1) AND ($2 = '' OR c.phase = $2)"             \
    " AND ($3 = '' OR c.severity = CASE WHEN $3 = '" QUEUE_UNRATED "' THEN '' ELSE $3 END)"        \
    " AND (CAST($4 AS BIGINT) = 0 OR ($4 = 1 AND " overdue ")"                                     \
    " OR ($4 = 2 AND EXISTS (SELECT 1 " UNREAD "))"                                                \
    " OR ($4 = 3 AND c.closed_us IS NULL AND " LAST_OF("in") " > coalesce(" LAST_OF(               \
        "out") ", 0))"                                                                             \
               " OR ($4 = 4 AND EXISTS (SELECT 1 " WAITING ")))"

#define FIRST_CLOCK                                                                                \
    "(SELECT k2.id FROM clock k2 WHERE k2.case_id = c.id AND " ACTIVE(                             \
        "k2") " ORDER BY k2.due_us, k2.id LIMIT 1)"
#define ANY_OVERDUE                                                                                \
    "EXISTS (SELECT 1 FROM clock k3 WHERE k3.case_id = c.id AND " ACTIVE(                          \
        "k3") " AND k3.due_us < CAST($6 AS BIGINT))"

/* The page is picked first, by few columns; then its rows are filled. */
#define PAGE(pick, order)                                                                          \
    "SELECT c.id, c.number, c.title, c.em, c.cs, c.severity, c.facts, c.exit, c.opened_us,"        \
    " c.changed_us, c.closed_us, c.escalated, c.handler_id, a.login, a.name, p.rm, " LAST_OF(      \
        "in") ", " LAST_OF("out") ", (SELECT count(*) " WAITING "),"                               \
                                  " (SELECT count(*) FROM message m WHERE m.case_id = c.id AND "   \
                                  "m.direction IN ('in', 'out',"                                   \
                                  " 'auto') AND m.state = 'held'),"                                \
                                  " (SELECT count(*) FROM outbox o WHERE o.case_id = c.id AND "    \
                                  "o.state IN ('failed', 'parked')),"                              \
                                  " (SELECT count(*) " UNREAD "),"                                 \
                                  " k.id, k.thread_id, k.started_us, k.due_us, k.kind, k.source, " \
                                  "k.state,"                                                       \
                                  " pick.key, pick.key_id"                                         \
                                  " FROM (" pick ") pick JOIN vcase c ON c.id = pick.case_id"      \
                                  " JOIN account a ON a.id = c.handler_id"                         \
                                  " LEFT JOIN participant p ON p.case_id = c.id AND p.ours = 1"    \
                                  " LEFT JOIN clock k ON k.id = pick.clock_id"                     \
                                  " ORDER BY pick.key " order ", pick.key_id " order

/* CASE: PostgreSQL would take the comparison for rare and sort everything.  CROSS JOIN: SQLite then
 * keeps this order of the tables, and with it the order of the index. */
static const struct sql lists[] = {
    [OPS_QUEUE_DUE] =
        {"queue_due",
         PAGE("SELECT c.id AS case_id, k.id AS clock_id, k.due_us AS key,"
              " k.id AS key_id FROM clock k CROSS JOIN vcase c WHERE " ACTIVE(
                  "k") " AND (k.due_us, k.id) > (CAST($7 AS BIGINT), CAST($8 AS BIGINT))"
                       " AND c.id = k.case_id AND c.closed_us IS NULL AND CASE WHEN k.id "
                       "= " FIRST_CLOCK " THEN true ELSE false END" FILTER(
                           "k.due_us < CAST($6 AS BIGINT)") " ORDER BY k.due_us, k.id LIMIT $9",
              "ASC"),
         NULL},
    [OPS_QUEUE_REST] = {"queue_rest",
                        PAGE("SELECT c.id AS case_id, CAST(NULL AS BIGINT) AS clock_id,"
                             " c.opened_us AS key, c.id AS key_id FROM vcase c"
                             " WHERE c.closed_us IS NULL"
                             " AND (c.opened_us, c.id) > (CAST($7 AS BIGINT), CAST($8 AS BIGINT))"
                             " AND NOT EXISTS (SELECT 1 FROM clock k2 WHERE k2.case_id = c.id"
                             " AND " ACTIVE("k2") ")" FILTER(
                                 ANY_OVERDUE) " ORDER BY c.opened_us, c.id LIMIT $9",
                             "ASC"),
                        NULL},
    [OPS_QUEUE_CLOSED] = {"queue_closed",
                          PAGE("SELECT c.id AS case_id, CAST(NULL AS BIGINT) AS clock_id,"
                               " c.closed_us AS key, c.id AS key_id FROM vcase c"
                               " WHERE c.closed_us IS NOT NULL AND (c.closed_us, c.id)"
                               " < (CAST($7 AS BIGINT), CAST($8 AS BIGINT))" FILTER(
                                   ANY_OVERDUE) " ORDER BY c.closed_us DESC, c.id DESC LIMIT $9",
                               "DESC"),
                          NULL},
    [OPS_QUEUE_ALL] = {"queue_all",
                       PAGE("SELECT c.id AS case_id, " FIRST_CLOCK " AS clock_id,"
                            " c.opened_us AS key, c.id AS key_id FROM vcase c"
                            " WHERE (c.opened_us, c.id)"
                            " < (CAST($7 AS BIGINT), CAST($8 AS BIGINT))" FILTER(
                                ANY_OVERDUE) " ORDER BY c.opened_us DESC, c.id DESC LIMIT $9",
                            "DESC"),
                       NULL},
};

/* clang-format on */

static void queue_fill(struct arena *a, struct rows *r, struct queue_row *q)
{
    *q = (struct queue_row){
        .c = {.id = row_i64(r, 0),
              .number = row_keep(a, r, 1),
              .title = row_keep(a, r, 2),
              .em = row_keep(a, r, 3),
              .cs = row_keep(a, r, 4),
              .severity = row_keep(a, r, 5),
              .facts = row_keep(a, r, 6),
              .exit = row_keep(a, r, 7),
              .opened_us = row_i64(r, 8),
              .changed_us = row_i64(r, 9),
              .closed_us = row_i64(r, 10),
              .escalated = row_i64(r, 11),
              .handler_id = row_i64(r, 12)},
        .handler = row_keep(a, r, 13),
        .handler_name = row_keep(a, r, 14),
        .rm = row_keep(a, r, 15),
        .last_in_us = row_i64(r, 16),
        .last_out_us = row_i64(r, 17),
        .waiting = row_i64(r, 18),
        .held = row_i64(r, 19),
        .failed = row_i64(r, 20),
        .unread = row_i64(r, 21),
        .next = {.id = row_i64(r, 22),
                 .case_id = row_i64(r, 0),
                 .thread_id = row_i64(r, 23),
                 .started_us = row_i64(r, 24),
                 .due_us = row_i64(r, 25),
                 .kind = row_keep(a, r, 26),
                 .source = row_keep(a, r, 27),
                 .state = row_keep(a, r, 28)},
        .key = row_i64(r, 29),
        .key_id = row_i64(r, 30),
    };
}

enum rc ops_queue_list(struct db *db, struct arena *a, const struct ops_queue_query *q,
                       struct queue_row **ret, size_t *ret_n, struct err *e)
{
    BUG_ON((size_t)q->which >= ARRAY_LEN(lists) || q->state >= QUEUE_STATES);
    bool down = q->which == OPS_QUEUE_CLOSED || q->which == OPS_QUEUE_ALL;
    int64_t key = q->go_on ? q->key : down ? INT64_MAX : INT64_MIN;
    int64_t key_id = q->go_on ? q->key_id : down ? INT64_MAX : INT64_MIN;
    /* A plan for all values would be made for the worst of them. */
    static const struct sql each = {
        "queue_plan", "SELECT 1",
        "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"};
    AUTO(rows) struct rows *plan = NULL;
    AUTO(rows) struct rows *r = NULL;
    if (db_is_pg(db) && db_in_tx(db))
        TRY(db_query(db, &each, DB_NOARGS, &plan, e));
    TRY(db_query(db, &lists[q->which],
                 DB_ARGS(DB_I(q->handler_id), DB_T(q->phase), DB_T(q->severity),
                         DB_I((int64_t)q->state), DB_I(q->account_id), DB_I(q->now_us), DB_I(key),
                         DB_I(key_id), DB_I(q->max)),
                 &r, e));
    struct queue_row *list = ROWS_ARRAY(a, r, struct queue_row);
    size_t n = 0;
    while (list && rows_next(r))
        queue_fill(a, r, &list[n++]);
    TRY(rows_kept(r, a, e));
    *ret = list;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_queue_counts(struct db *db, int64_t account_id, int64_t now_us,
                         struct queue_counts *ret, struct err *e)
{
    static const struct sql q = {
        "queue_counts",
        "SELECT (SELECT count(*) FROM vcase c WHERE c.closed_us IS NULL),"
        " (SELECT count(*) FROM vcase c WHERE c.closed_us IS NULL AND c.handler_id = $1),"
        " (SELECT count(DISTINCT k.case_id) FROM clock k WHERE " ACTIVE(
            "k") " AND k.due_us < $2 AND EXISTS (SELECT 1 FROM vcase c WHERE c.id = k.case_id"
                 " AND c.closed_us IS NULL)),"
                 " (SELECT count(*) FROM message m WHERE m.state IN ('held', 'quarantined'))",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(account_id), DB_I(now_us)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_INTERNAL, "no counts of the queue");
    *ret = (struct queue_counts){row_i64(r, 0), row_i64(r, 1), row_i64(r, 2), row_i64(r, 3)};
    return rows_rc(r, e);
}

enum rc ops_held_count(struct db *db, int64_t max, int64_t *ret_n, struct err *e)
{
    static const struct sql q = {"held_count",
                                 "SELECT count(*) FROM (SELECT 1 FROM message"
                                 " WHERE state IN ('held', 'quarantined') LIMIT $1) waiting",
                                 NULL};
    return db_one_i64(db, &q, DB_ARGS(DB_I(max)), ret_n, e);
}

enum rc ops_case_set_phase(struct db *db, int64_t case_id, struct str phase, struct err *e)
{
    static const struct sql q = {"case_set_phase",
                                 "UPDATE vcase SET phase = $2 WHERE id = $1 AND phase <> $2", NULL};
    return db_run(db, &q, DB_ARGS(DB_I(case_id), DB_T(phase)), NULL, e);
}

/* ---- what was seen ---- */

enum rc ops_seen_get(struct db *db, int64_t account_id, int64_t case_id, int64_t *ret_newest,
                     int64_t *ret_seen, struct err *e)
{
    static const struct sql q = {
        "seen_get",
        "SELECT (SELECT max(m.id) FROM message m WHERE m.case_id = $2 AND m.direction IN ('in',"
        " 'note') AND m.state = 'ok'), (SELECT s.message_id FROM seen s WHERE s.account_id = $1"
        " AND s.case_id = $2)",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(account_id), DB_I(case_id)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_INTERNAL, "no row about what was seen");
    *ret_newest = row_i64(r, 0);
    *ret_seen = row_i64(r, 1);
    return rows_rc(r, e);
}

enum rc ops_seen_put(struct db *db, int64_t account_id, int64_t case_id, int64_t message_id,
                     struct err *e)
{
    static const struct sql q = {
        "seen_put",
        "INSERT INTO seen (account_id, case_id, message_id, at_us) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (account_id, case_id) DO UPDATE SET message_id = excluded.message_id,"
        " at_us = excluded.at_us WHERE seen.message_id < excluded.message_id",
        NULL};
    return db_run(db, &q,
                  DB_ARGS(DB_I(account_id), DB_I(case_id), DB_I(message_id), DB_I(db_now_us(db))),
                  NULL, e);
}

enum rc ops_seen_forget(struct db *db, int64_t case_id, struct err *e)
{
    static const struct sql q = {"seen_forget", "DELETE FROM seen WHERE case_id = $1", NULL};
    return db_run(db, &q, DB_ARGS(DB_I(case_id)), NULL, e);
}

/* ---- that something changed ---- */

enum rc ops_event_newest(struct db *db, int64_t case_id, int64_t *ret_id, struct err *e)
{
    static const struct sql all = {
        "event_newest", "SELECT coalesce(max(id), 0) FROM event WHERE CAST($1 AS BIGINT) = 0",
        NULL};
    static const struct sql one = {
        "event_newest_of", "SELECT id FROM event WHERE chain = $1 ORDER BY seq DESC LIMIT 1", NULL};
    enum rc rc = db_one_i64(db, case_id ? &one : &all, DB_ARGS(DB_I(case_id)), ret_id, e);
    if (rc == RC_NOTFOUND) {
        *ret_id = 0;
        return RC_OK;
    }
    return rc;
}
