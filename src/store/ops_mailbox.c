/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of the mailboxes that are polled.
 * Runs in core.
 * Input: numbers that net read from the server, bounded to 32 bits; nothing here decides.
 */
#include "store/ops_mailbox.h"

enum rc ops_mailbox_get(struct db *db, struct str name, struct mailbox_row *ret, struct err *e)
{
    static const struct sql q = {
        "mailbox_get", "SELECT uidvalidity, uid, since_us FROM mailbox WHERE name = $1", NULL};
    AUTO(rows) struct rows *r = NULL;
    TRY(db_query(db, &q, DB_ARGS(DB_T(name)), &r, e));
    if (!rows_next(r))
        return err_set(e, RC_NOTFOUND, "this mailbox was never looked at");
    *ret = (struct mailbox_row){.name = name,
                                .uidvalidity = row_i64(r, 0),
                                .uid = row_i64(r, 1),
                                .since_us = row_i64(r, 2)};
    return rows_rc(r, e);
}

enum rc ops_mailbox_put(struct db *db, const struct mailbox_row *m, struct err *e)
{
    static const struct sql q = {
        "mailbox_put",
        "INSERT INTO mailbox (name, uidvalidity, uid, since_us, changed_us)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO UPDATE SET"
        " uidvalidity = excluded.uidvalidity, uid = excluded.uid, since_us = excluded.since_us,"
        " changed_us = excluded.changed_us"
        " WHERE mailbox.uidvalidity <> excluded.uidvalidity OR mailbox.uid < excluded.uid",
        NULL};
    return db_run(db, &q,
                  DB_ARGS(DB_T(m->name), DB_I(m->uidvalidity), DB_I(m->uid), DB_I(m->since_us),
                          DB_I(db_now_us(db))),
                  NULL, e);
}
