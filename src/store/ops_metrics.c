/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting.  Runs in core; each statement is answered out of an index or a small table, so that a
 * scrape does not hold up the mail.
 */
#include "store/ops_metrics.h"

#include "store/ops_row.h"

/* Labels first, the number last; $1 is now. */
static const struct {
    int labels;
    bool now;
    struct sql sql;
} queries[METRIC_QUERIES] = {
    [METRIC_MESSAGES] = {1,
                         false,
                         {"metric_messages",
                          "SELECT state, CAST(count(*) AS BIGINT) FROM message GROUP BY state"
                          " ORDER BY state",
                          NULL}},
    [METRIC_CASES] = {2,
                      false,
                      {"metric_cases",
                       "SELECT CASE WHEN v.erased_us IS NOT NULL THEN 'erased'"
                       " WHEN v.closed_us IS NOT NULL THEN 'closed' ELSE 'open' END AS state, p.rm,"
                       " CAST(count(*) AS BIGINT) FROM vcase v JOIN participant p"
                       " ON p.case_id = v.id AND p.ours = 1 GROUP BY 1, 2 ORDER BY 1, 2",
                       NULL}},
    [METRIC_CLOCKS] = {2,
                       false,
                       {"metric_clocks",
                        "SELECT kind, state, CAST(count(*) AS BIGINT) FROM clock"
                        " GROUP BY kind, state ORDER BY kind, state",
                        NULL}},
    [METRIC_OVERDUE] = {0,
                        true,
                        {"metric_overdue",
                         "SELECT CAST(count(*) AS BIGINT) FROM clock"
                         " WHERE state = 'running' AND due_us <= $1",
                         NULL}},
    [METRIC_TASKS] = {2,
                      false,
                      {"metric_tasks",
                       "SELECT kind, state, CAST(count(*) AS BIGINT) FROM task"
                       " WHERE state IN ('ready', 'leased', 'parked')"
                       " GROUP BY kind, state ORDER BY kind, state",
                       NULL}},
    [METRIC_TASK_AGE] = {1,
                         true,
                         {"metric_task_age",
                          "SELECT kind, CAST($1 AS BIGINT) - min(due_us) FROM task"
                          " WHERE state = 'ready' AND due_us <= $1 GROUP BY kind ORDER BY kind",
                          NULL}},
    [METRIC_OUTBOX] = {2,
                       false,
                       {"metric_outbox",
                        "SELECT kind, state, CAST(count(*) AS BIGINT) FROM outbox"
                        " GROUP BY kind, state ORDER BY kind, state",
                        NULL}},
    [METRIC_DOUBLES] = {0,
                        false,
                        {"metric_doubles",
                         "SELECT CAST(coalesce(sum(doubles), 0) AS BIGINT) FROM outbox", NULL}},
    [METRIC_BLOBS] = {0,
                      false,
                      {"metric_blobs", "SELECT CAST(count(*) AS BIGINT) FROM blob", NULL}},
    [METRIC_EVENTS] = {0,
                       false,
                       {"metric_events", "SELECT CAST(coalesce(max(id), 0) AS BIGINT) FROM event",
                        NULL}},
    [METRIC_DB_BYTES] = {0,
                         false,
                         {"metric_db_bytes",
                          "SELECT page_count * page_size FROM pragma_page_count(),"
                          " pragma_page_size()",
                          "SELECT CAST(pg_database_size(current_database()) AS BIGINT)"}},
    [METRIC_SESSIONS] = {0,
                         true,
                         {"metric_sessions",
                          "SELECT CAST(count(*) AS BIGINT) FROM session"
                          " WHERE account_id IS NOT NULL AND expires_us > $1",
                          NULL}},
};

enum rc ops_metric(struct db *db, struct arena *a, enum metric_query q, struct metric_row **ret,
                   size_t *ret_n, struct err *e)
{
    AUTO(rows) struct rows *r = NULL;
    if ((unsigned)q >= METRIC_QUERIES)
        return err_set(e, RC_INTERNAL, "no such metric");
    struct db_args args = queries[q].now ? DB_ARGS(DB_I(db_now_us(db))) : DB_NOARGS;
    TRY(db_query(db, &queries[q].sql, args, &r, e));
    struct metric_row *m = ROWS_ARRAY(a, r, struct metric_row);
    size_t n = 0;
    for (; m && rows_next(r); n++) {
        for (int i = 0; i < queries[q].labels; i++)
            m[n].label[i] = row_keep(a, r, i);
        m[n].value = row_i64(r, queries[q].labels);
    }
    TRY(rows_kept(r, a, e));
    *ret = m;
    *ret_n = n;
    return RC_OK;
}
