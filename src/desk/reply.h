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
 * Events: message.out reply.undone note.added message.in mail.sent mail.failed mail.unknown.
 *
 * A form carries a token of its own: the same one sent twice (a double click, a reload) is the same
 * reply or note, and answers with the id of the first.  Sending drops the author's draft.
 */
#define FORM_TOKEN_MAX 64 /* bytes */

struct reply_new {
    int64_t thread_id;
    struct str text;
    bool wait; /* we wait for the answer now: clocks of this thread stand still */
    struct str token;
    bool check_newest; /* RC_CONFLICT when the thread's newest message is not `newest` any more */
    int64_t newest;    /* as reply_newest gave it when the form was shown */
};
enum rc reply_send(struct desk *d, const struct actor *who, const struct reply_new *r,
                   int64_t *ret_message, struct err *e) WARN_UNUSED;

/* The mail that reply_send would send now; texts live in the arena. */
struct reply_mail {
    struct str to_name, to, from_name, from, subject, text;
};
enum rc reply_compose(struct desk *d, const struct actor *who, struct arena *a,
                      const struct reply_new *r, struct reply_mail *ret, struct err *e) WARN_UNUSED;

/*
 * A reply waits mail.undo before it goes out.  Until then any member of the team may undo it: it
 * was never sent, nobody outside sees it, its text is in its author's draft again (before what is
 * there already), the clocks stand as before.  RC_INVALID: it is on its way.  hurry: it goes now.
 */
enum rc reply_undo(struct desk *d, const struct actor *who, int64_t message_id, struct err *e)
    WARN_UNUSED;
enum rc reply_hurry(struct desk *d, const struct actor *who, int64_t message_id, struct err *e)
    WARN_UNUSED;

/* A note out of a form; note_add is the same without a token. */
enum rc note_add_once(struct desk *d, const struct actor *who, int64_t case_id, struct str text,
                      struct str token, int64_t *ret_message, struct err *e) WARN_UNUSED;
enum rc note_add(struct desk *d, const struct actor *who, int64_t case_id, struct str text,
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
