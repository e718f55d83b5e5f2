/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements of a new epoch.  Runs in `vulndesk restore`, and in core where it takes in what lay in
 * the restored spool.
 */
#include "store/ops_epoch.h"

#include "store/task.h"

enum rc ops_meta_put(struct db *db, struct str key, struct str value, struct err *e)
{
    static const struct sql q = {"meta_put",
                                 "INSERT INTO meta (key, value) VALUES ($1, $2)"
                                 " ON CONFLICT (key) DO UPDATE SET value = $2",
                                 NULL};
    return db_run(db, &q, DB_ARGS(DB_T(key), DB_T(value)), NULL, e);
}

enum rc ops_epoch_sign_out(struct db *db, struct err *e)
{
    static const struct sql sessions = {"epoch_sessions", "DELETE FROM session", NULL};
    static const struct sql links = {"epoch_links", "DELETE FROM signin WHERE used_us IS NULL",
                                     NULL};
    TRY(db_run(db, &sessions, DB_NOARGS, NULL, e));
    return db_run(db, &links, DB_NOARGS, NULL, e);
}

enum rc ops_epoch_park_tasks(struct db *db, struct str why, int64_t *ret_n, struct err *e)
{
    static const struct sql forget = {
        "epoch_forget", "DELETE FROM task WHERE state <> 'done' AND kind IN ('intake', 'clock')",
        NULL};
    static const struct sql park = {
        "epoch_park",
        "UPDATE task SET state = 'parked', lease_us = NULL, error = $1"
        " WHERE state IN ('ready', 'leased') AND kind NOT IN ('index', 'compact',"
        " 'blob-drop', 'policy-commit', 'proposal-apply', 'affected', 'affected-part', 'audit',"
        " 'lines', 'backport', 'backport-edit', 'backport-tests', 'backport-forget')",
        NULL};
    TRY(db_run(db, &forget, DB_NOARGS, NULL, e));
    return db_run(db, &park, DB_ARGS(DB_T(why)), ret_n, e);
}

enum rc ops_epoch_park_outbox(struct db *db, int64_t *ret_n, struct err *e)
{
    static const struct sql q = {
        "epoch_outbox",
        "UPDATE outbox SET state = 'parked' WHERE state IN ('ready', 'handing_over', 'unknown')",
        NULL};
    return db_run(db, &q, DB_NOARGS, ret_n, e);
}

enum rc ops_task_hold(struct db *db, struct str key, struct str why, struct err *e)
{
    static const struct sql q = {
        "task_hold",
        "UPDATE task SET state = 'parked', error = $2 WHERE key = $1 AND state = 'ready'", NULL};
    return db_run(db, &q, DB_ARGS(DB_T(key), DB_T(why)), NULL, e);
}
