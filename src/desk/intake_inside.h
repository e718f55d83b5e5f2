/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_INTAKE_INSIDE_H
#define VULNDESK_DESK_INTAKE_INSIDE_H

#include "desk/inside.h"
#include "desk/intake.h"
#include "desk/shared.h"
#include "mime/mail.h"
#include "store/ops_message.h"

/* What intake.c, intake_point.c, intake_record.c and held.c share. */

/* Where a mail points: the thread it may join. */
struct pointed {
    struct intake_facts f; /* notice .. tag_came but automatic */
    struct thread_row thread;
    int64_t case_id; /* of the thread, or of the number in the subject; 0 = none */
    int64_t account; /* whom the notice went to that is answered */
};
enum rc intake_point_of(struct desk *d, struct arena *a, const struct mail *m,
                        const struct intake_env *env, struct pointed *ret, struct err *e)
    WARN_UNUSED;
/* Whether it answers a notice; for a mail that intake_point_of has looked at (intake_notice.c). */
enum rc intake_notice_of(struct desk *d, struct arena *a, const struct mail *m,
                         const struct intake_env *env, struct pointed *p, struct err *e)
    WARN_UNUSED;
/* The answer becomes a note on the case. */
enum rc intake_note(struct desk *d, struct message_row *row, const struct pointed *p, struct err *e)
    WARN_UNUSED;
/* A From that counts at all: exactly one mailbox, and one that can be answered. */
bool intake_from_single(const struct mail *m);

/* The record as a row: everything but case, thread, blob, state, hold_reason, ack, trust. */
enum rc intake_record(struct arena *a, const struct mail *m, const struct intake_env *env,
                      enum autoreply_why why, struct message_row *ret, struct err *e) WARN_UNUSED;
/* Its attachments. */
enum rc intake_attachments(struct desk *d, const struct mail *m, int64_t message_id, struct err *e)
    WARN_UNUSED;
/* The sealed raw bytes, still in the inbox scope; *ret_id 0 without. */
enum rc intake_blob_add(struct desk *d, const struct intake_blob *blob, int64_t *ret_id,
                        struct err *e) WARN_UNUSED;

/* Opens a case for a message that is a row already: participant, thread, clocks, embargo proposal,
 * acknowledgement (row.ack says "queued" or why not). */
enum rc intake_open(struct desk *d, const struct actor *who, struct message_row *row,
                    enum autoreply_why why, struct intake_result *ret, struct err *e) WARN_UNUSED;
/* What the rules said about an automatic answer when the mail came; not "spam", since a person took
 * it out. */
enum rc intake_why_then(const struct message_row *row, enum autoreply_why *ret, struct err *e)
    WARN_UNUSED;
/* Puts a message into a thread of an open case. */
enum rc intake_join(struct desk *d, const struct actor *who, struct message_row *row,
                    const struct thread_row *t, bool person, struct err *e) WARN_UNUSED;
/* Puts row where it says (case, thread, state), its blob into the case's scope; tells of it. */
enum rc intake_place(struct desk *d, const struct actor *who, struct message_row *row,
                     const char *event, struct str reason, struct err *e) WARN_UNUSED;

/* A closed case's thread: what comes opens a new case that is linked to it. */
enum rc intake_reopen(struct desk *d, struct message_row *row, int64_t old_case,
                      enum autoreply_why why, struct intake_result *ret, struct err *e) WARN_UNUSED;

/* What came by a form (intake_web.c); env->web.  Fills ret but for the number. */
enum rc intake_web(struct desk *d, struct arena *a, const struct intake_env *env,
                   struct message_row *row, enum autoreply_why why, struct intake_result *ret,
                   struct err *e) WARN_UNUSED;
/* It is taken in (or there already), or a person has to decide about that message. */
enum rc intake_web_done(struct desk *d, const struct intake_env *env, struct err *e) WARN_UNUSED;
enum rc intake_web_held(struct desk *d, const struct intake_env *env, int64_t message_id,
                        struct err *e) WARN_UNUSED;
/* A person let it in: its link becomes a way back to that thread; thread 0: discarded. */
enum rc intake_web_released(struct desk *d, int64_t message_id, int64_t thread_id, struct err *e)
    WARN_UNUSED;

/* A general mailbox (shared.c). */
enum shared_verdict intake_shared(const struct desk *d, const struct mail *m,
                                  const struct intake_env *env);
/* It lies in a mailbox that we only look at: nothing has to be passed on. */
bool intake_stays(const struct desk *d, struct str origin);
/* No report: passed on or left; row is in the store, with its envelope. */
enum rc intake_none(struct desk *d, const struct actor *who, struct message_row *row,
                    struct str reason, struct err *e) WARN_UNUSED;
/* What became of a mail that was passed on: a failure waits for a person. */
enum rc shared_pass_ended(struct desk *d, struct arena *a, const struct mail_row *mail,
                          struct err *e) WARN_UNUSED;

/* From is an active account's address; *ret is set, never cleared. */
enum rc intake_team_member(struct desk *d, struct arena *a, const struct mail *m, bool *ret,
                           struct err *e) WARN_UNUSED;

/* An inbox that the desk only watches, and an old one (intake_watch.c). */
/* Fills ours and to_us. */
enum rc intake_watch_of(struct desk *d, struct arena *a, const struct mail *m,
                        struct intake_facts *f, struct err *e) WARN_UNUSED;
/* What the team wrote goes into the thread as sent; row is in the store, direction out or auto. */
enum rc intake_outgoing(struct desk *d, struct message_row *row, const struct thread_row *t,
                        struct err *e) WARN_UNUSED;
/* A mail of an old mailbox; row is in the store. */
enum rc intake_import(struct desk *d, const struct mail *m, const struct intake_env *env,
                      struct message_row *row, struct intake_result *ret, struct err *e)
    WARN_UNUSED;
/* What a message that is in the store was taken as. */
enum intake_kind intake_kind_of(const struct message_row *row);
/* The title that a case gets from a mail's subject. */
struct str intake_title(struct arena *a, struct str subject);

/* Delivery reports (intake_bounce.c). */
enum rc intake_bounce(struct desk *d, struct arena *a, const struct mail *m,
                      const struct mail_row *mail, struct message_row *row, struct err *e)
    WARN_UNUSED;
/* The mail that a report is about; RC_NOTFOUND. */
enum rc intake_bounced_mail(struct desk *d, struct arena *a, const struct mail *m,
                            const struct intake_env *env, struct mail_row *ret, struct err *e)
    WARN_UNUSED;

#endif
