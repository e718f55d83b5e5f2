/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_ACK_H
#define VULNDESK_DESK_ACK_H

#include "desk/desk.h"

/*
 * The acknowledgement: case number, what happens next by the project's own policy, the promised
 * times (the team's own shown as the team's), the way back, a signed receipt.  RFC 3834: sent to
 * the return path, from the null reverse-path, Auto-Submitted, X-Loop, threading headers; nothing
 * that the sender chose is echoed.
 */

/* The newest signed checkpoint, made by core (log sequenced) and keys before this runs. */
struct ack_log {
    int64_t size;    /* of the log, 0 = none yet */
    struct str root; /* 32 bytes, empty = none */
};

/*
 * Task "acknowledge" (subject: the incoming message).  Signs the receipt, then freezes bytes and
 * Message-ID into the outbox in one transaction.  Doing it twice makes one mail (*ret_outbox is the
 * first one's id).  RC_NOTFOUND: no such message; RC_OK with *ret_outbox 0: it needs none.
 */
enum rc ack_run(struct desk *d, int64_t message_id, const struct ack_log *log, int64_t *ret_outbox,
                struct err *e) WARN_UNUSED;

/* "acknowledge", "held": the texts, for `config check` and the tests: renders with sample values.
 */
enum rc ack_preview(const struct desk *d, struct buf *ret_text, struct err *e) WARN_UNUSED;

#endif
