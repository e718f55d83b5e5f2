/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_LETTER_H
#define VULNDESK_DESK_LETTER_H

#include "desk/inside.h"
#include "mime/writer.h"

/* Writes a mail of ours into the outbox; shared by ack.c and reply.c. */
struct letter {
    const char *kind;           /* acknowledgement reply notice signin announcement */
    const struct thread_row *t; /* NULL: about no case */
    int64_t case_id;            /* without a thread: the case it is about, 0 = none */
    struct str number;          /* of the case, empty without */
    struct str to_name, to;     /* envelope and header recipient; none: only to be read on the
                                   reporter's page, *ret_outbox 0 */
    struct str subject, text;
    struct str in_reply_to; /* Message-ID, may be empty */
    const struct outmail_file *files;
    size_t n_files;
    bool automatic;    /* RFC 3834 fields, null reverse-path */
    int64_t author_id; /* account, 0 = none */
    int64_t due_us;    /* not sent before; 0 = now */
    struct str facts;  /* of the message, JSON; empty = {} */
    struct str dedupe; /* of the message, 32 bytes; empty = none */
    /* A notice to an account (t is NULL): its tag makes Reply-To, Message-ID and envelope sender.
     */
    struct str notice_tag;
    int64_t account_id;
};
/* Inside a transaction: message row (with a thread), outbox row, event message.out. */
enum rc letter_put(struct desk *d, const struct actor *who, const struct letter *l,
                   int64_t *ret_message, int64_t *ret_outbox, struct err *e) WARN_UNUSED;

/* Whether such a mail can be written at all: strangers have addresses in their mails and forms that
 * no header and no server takes, and one of them must not hold up what is written to others. */
bool letter_can_go(struct str to);

/* A link of ours: base, path, secret. Empty base gives an empty text. */
void letter_link(struct str base, const char *path, const char *secret, struct buf *b);
/* Inside a transaction: a fresh private link of a thread and how long it is good.  Both stay empty
 * where the desk has no public pages.  The link is a secret: into a mail to its reporter only. */
enum rc letter_way_back(struct desk *d, int64_t thread_id, struct buf *link, struct buf *until,
                        struct err *e) WARN_UNUSED;

#endif
