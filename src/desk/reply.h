/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_REPLY_H
#define VULNDESK_DESK_REPLY_H

#include "desk/desk.h"

/*
 * What people write: replies to one thread, notes that never leave, and what becomes of the mails
 * that left.  Bytes and Message-ID are frozen into the outbox in the transaction that records the
 * reply; <CASE.TAG.RANDOM@host> carries the thread's tag, so that an answer finds its thread.
 *
 * To a participant without an address (an anonymous report) no mail is made: the words are on the
 * page of the report at once, and that counts as the answer.
 *
 * Events: message.out note.added message.in mail.sent mail.failed mail.unknown.
 */
struct reply_new {
    int64_t thread_id;
    struct str text;
    bool wait; /* we wait for the answer now: clocks of this thread stand still */
};
enum rc reply_send(struct desk *d, const struct actor *who, const struct reply_new *r,
                   int64_t *ret_message, struct err *e) WARN_UNUSED;
enum rc note_add(struct desk *d, const struct actor *who, int64_t case_id, struct str text,
                 int64_t *ret_message, struct err *e) WARN_UNUSED;
/* A reporter (session) writes on the own page. */
enum rc reporter_write(struct desk *d, const struct actor *who, struct str text,
                       int64_t *ret_message, struct err *e) WARN_UNUSED;
/* A new participant with a thread; a first mail to it is a reply.  Team.  Our RM must be A to bring
 * in anybody but the reporter's side (role vendor, coordinator). */
enum rc participant_add(struct desk *d, const struct actor *who, int64_t case_id, struct str role,
                        struct str name, struct str email, int64_t *ret_participant,
                        int64_t *ret_thread, struct err *e) WARN_UNUSED;

/*
 * The outbox told core that a mail ended: state "sent", "failed" or "unknown", with the server's
 * words.  Writes the case's event, meets clocks, sets the fact `acknowledged`.  The outbox's own
 * row is already in that state.  Inside the caller's transaction; for a mail without a case
 * nothing.
 */
enum rc desk_mail_ended(struct desk *d, int64_t outbox_id, struct err *e) WARN_UNUSED;

#endif
