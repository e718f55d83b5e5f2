/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_MAILBOX_H
#define VULNDESK_STORE_OPS_MAILBOX_H

#include "base/arena.h"
#include "store/db.h"

/* Named operations on the mailboxes that are polled; as ops_case.h. */
struct mailbox_row {
    struct str name;     /* URL and folder, without the password */
    int64_t uidvalidity; /* of the numbering that uid belongs to */
    int64_t uid;         /* the highest taken */
    int64_t since_us;    /* older mail is left alone; 0: all of it is wanted */
};
/* RC_NOTFOUND: never looked at.  The name is the caller's. */
enum rc ops_mailbox_get(struct db *db, struct str name, struct mailbox_row *ret, struct err *e)
    WARN_UNUSED;
/* Makes or replaces the row.  A lower uid of the same numbering changes nothing: an answer that
 * came late must not make us look at mails again. */
enum rc ops_mailbox_put(struct db *db, const struct mailbox_row *m, struct err *e) WARN_UNUSED;

#endif
