/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of the read models.
 * Runs in core.
 * Input: ids and limits that desk/ has checked.
 */
#include "store/ops_view.h"

#include "store/ops_row.h"

/* One row a case, with what the queue shows; the clock is the running one that is due first. */
#define QUEUE_SELECT                                                                               \
    "SELECT c.id, c.number, c.title, c.em, c.cs, c.severity, c.facts, c.exit, c.opened_us,"        \
    " c.changed_us, c.closed_us, c.escalated, c.handler_id, a.login, a.name, p.rm,"                \
    " (SELECT max(m.received_us) FROM message m WHERE m.case_id = c.id AND m.direction = 'in'"     \
    " AND m.state = 'ok'),"                                                                        \
    " (SELECT max(m.received_us) FROM message m WHERE m.case_id = c.id AND m.direction = 'out'),"  \
    " (SELECT count(*) FROM thread t WHERE t.case_id = c.id AND t.waiting_us IS NOT NULL),"        \
    " (SELECT count(*) FROM message m WHERE m.case_id = c.id AND m.state = 'held'),"               \
    " (SELECT count(*) FROM outbox o WHERE o.case_id = c.id AND o.state IN ('failed', 'parked'))," \
    " k.id, k.thread_id, k.started_us, k.due_us, k.kind, k.source, k.state"                        \
    " FROM vcase c JOIN account a ON a.id = c.handler_id"                                          \
    " LEFT JOIN participant p ON p.case_id = c.id AND p.ours = 1"                                  \
    " LEFT JOIN clock k ON k.id = (SELECT k2.id FROM clock k2 WHERE k2.case_id = c.id"             \
    " AND (k2.state = 'running' OR (k2.state = 'missed' AND k2.met_us IS NULL))"                   \
    " ORDER BY k2.due_us, k2.id LIMIT 1)"                                                          \
    " WHERE (CAST($1 AS BIGINT) = 0 OR c.handler_id = $1) AND "
#define QUEUE_ORDER                                                                                \
    " ORDER BY CASE WHEN k.due_us IS NULL THEN 1 ELSE 0 END, k.due_us, c.opened_us, c.id LIMIT $2"

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
        .next = {.id = row_i64(r, 21),
                 .case_id = row_i64(r, 0),
                 .thread_id = row_i64(r, 22),
                 .started_us = row_i64(r, 23),
                 .due_us = row_i64(r, 24),
                 .kind = row_keep(a, r, 25),
                 .source = row_keep(a, r, 26),
                 .state = row_keep(a, r, 27)},
    };
}

enum rc ops_queue_list(struct db *db, struct arena *a, enum ops_queue which, int64_t account_id,
                       int64_t max, struct queue_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql open = {"queue_open", QUEUE_SELECT "c.closed_us IS NULL" QUEUE_ORDER,
                                    NULL};
    static const struct sql closed = {
        "queue_closed", QUEUE_SELECT "c.closed_us IS NOT NULL ORDER BY c.closed_us DESC LIMIT $2",
        NULL};
    static const struct sql all = {
        "queue_all", QUEUE_SELECT "c.id > 0 ORDER BY c.opened_us DESC, c.id DESC LIMIT $2", NULL};
    const struct sql *q = which == OPS_QUEUE_CLOSED ? &closed
                          : which == OPS_QUEUE_ALL  ? &all
                                                    : &open;
    int64_t mine = which == OPS_QUEUE_MINE ? account_id : 0;
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, DB_ARGS(DB_I(mine), DB_I(max)), &r, e));
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
        "SELECT (SELECT count(*) FROM vcase WHERE closed_us IS NULL),"
        " (SELECT count(*) FROM vcase WHERE closed_us IS NULL AND handler_id = $1),"
        " (SELECT count(DISTINCT k.case_id) FROM clock k JOIN vcase c ON c.id = k.case_id"
        " WHERE c.closed_us IS NULL AND ((k.state = 'missed' AND k.met_us IS NULL) OR"
        " (k.state = 'running' AND k.due_us < $2))),"
        " (SELECT count(*) FROM message WHERE state IN ('held', 'quarantined'))",
        NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(account_id), DB_I(now_us)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_INTERNAL, "no counts of the queue");
    *ret = (struct queue_counts){row_i64(r, 0), row_i64(r, 1), row_i64(r, 2), row_i64(r, 3)};
    return rows_rc(r, e);
}

static void event_fill(struct arena *a, struct rows *r, struct event_row *v)
{
    *v = (struct event_row){
        .id = row_i64(r, 0),
        .chain = row_i64(r, 1),
        .seq = row_i64(r, 2),
        .at_us = row_i64(r, 3),
        .kind = row_keep(a, r, 4),
        .actor = row_keep(a, r, 5),
        .payload = row_keep(a, r, 6),
        .number = row_keep(a, r, 7),
    };
}

static enum rc events(struct db *db, const struct sql *q, struct db_args args, struct arena *a,
                      struct event_row **ret, size_t *ret_n, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, q, args, &r, e));
    struct event_row *v = ROWS_ARRAY(a, r, struct event_row);
    size_t n = 0;
    while (v && rows_next(r))
        event_fill(a, r, &v[n++]);
    TRY(rows_kept(r, a, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_event_list(struct db *db, struct arena *a, int64_t case_id, int64_t max,
                       struct event_row **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "event_list",
        "SELECT * FROM (SELECT v.id, v.chain, v.seq, v.at_us, v.kind, v.actor, v.payload, c.number"
        " FROM event v JOIN vcase c ON c.id = v.chain WHERE v.chain IN"
        " (SELECT $1 UNION SELECT j.id FROM vcase j WHERE j.joined_into = $1)"
        " ORDER BY v.id DESC LIMIT $2) newest ORDER BY id",
        NULL};
    return events(db, &q, DB_ARGS(DB_I(case_id), DB_I(max)), a, ret, ret_n, e);
}

enum rc ops_event_chain(struct db *db, struct arena *a, struct event_row **ret, size_t *ret_n,
                        struct err *e)
{
    static const struct sql q = {
        "event_chain",
        "SELECT v.id, v.chain, v.seq, v.at_us, v.kind, v.actor, v.payload, c.number"
        " FROM event v JOIN vcase c ON c.id = v.chain ORDER BY v.id",
        NULL};
    return events(db, &q, DB_NOARGS, a, ret, ret_n, e);
}

enum rc ops_alias_list(struct db *db, struct arena *a, int64_t case_id, struct str **ret,
                       size_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "alias_list", "SELECT number FROM case_alias WHERE case_id = $1 ORDER BY number", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_I(case_id)), &r, e));
    struct str *s = ROWS_ARRAY(a, r, struct str);
    size_t n = 0;
    while (s && rows_next(r))
        s[n++] = row_keep(a, r, 0);
    TRY(rows_kept(r, a, e));
    *ret = s;
    *ret_n = n;
    return RC_OK;
}

enum rc ops_case_ids(struct db *db, struct arena *a, int64_t **ret, size_t *ret_n, struct err *e)
{
    static const struct sql q = {"case_ids", "SELECT id FROM vcase ORDER BY id", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_NOARGS, &r, e));
    int64_t *id = ROWS_ARRAY(a, r, int64_t);
    size_t n = 0;
    while (id && rows_next(r))
        id[n++] = row_i64(r, 0);
    TRY(rows_kept(r, a, e));
    *ret = id;
    *ret_n = n;
    return RC_OK;
}
