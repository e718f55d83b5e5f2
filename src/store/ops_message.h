/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_MESSAGE_H
#define VULNDESK_STORE_OPS_MESSAGE_H

#include "base/arena.h"
#include "store/db.h"

/* Named operations on messages, attachments and the mails that carry them; as ops_case.h. */
struct message_row {
    int64_t id, case_id, thread_id, author_id, blob_id; /* 0 = NULL */
    int64_t date_us, received_us;
    struct str spool; /* empty = NULL */
    struct str direction, state, hold_reason;
    struct str from_name, from_addr, return_path, subject, mid, refs, trust, body, facts, ack;
    struct str origin;   /* mail web imap import; empty = mail */
    struct str envelope; /* JSON of the spool record's envelope, of what is held; else empty */
    struct str dedupe;   /* 32 bytes, empty = NULL */
    struct str author;   /* name of author_id; read only */
};
enum rc ops_message_insert(struct db *db, const struct message_row *m, int64_t *ret_id,
                           struct err *e) WARN_UNUSED;
enum rc ops_message_get(struct db *db, struct arena *a, int64_t id, struct message_row *ret,
                        struct err *e) WARN_UNUSED;
enum rc ops_message_by_spool(struct db *db, struct arena *a, struct str spool,
                             struct message_row *ret, struct err *e) WARN_UNUSED;
enum rc ops_message_by_dedupe(struct db *db, struct arena *a, struct str dedupe,
                              struct message_row *ret, struct err *e) WARN_UNUSED;
/* Newest accepted message from outside in a thread. */
enum rc ops_message_last_in(struct db *db, struct arena *a, int64_t thread_id,
                            struct message_row *ret, struct err *e) WARN_UNUSED;
/* Message-IDs of a thread's messages, oldest first, the newest max of them. */
enum rc ops_message_mids(struct db *db, struct arena *a, int64_t thread_id, struct str *ret,
                         size_t max, size_t *ret_n, struct err *e) WARN_UNUSED;
/* Where a message is put: case, thread, state, hold_reason, ack. */
enum rc ops_message_place(struct db *db, const struct message_row *m, struct err *e) WARN_UNUSED;
/* Acknowledgements ordered for this return path since then, compared without case. */
enum rc ops_message_acks(struct db *db, struct str return_path, int64_t since_us, int64_t *ret_n,
                         struct err *e) WARN_UNUSED;

/* Listing without bodies where with_body is false. */
enum message_list {
    MESSAGES_THREAD,    /* id = thread: in, out, auto that are ok */
    MESSAGES_NOTES,     /* id = case */
    MESSAGES_HELD,      /* id = case: held, quarantined or spam that points there */
    MESSAGES_STATE,     /* text = state */
    MESSAGES_UNDECIDED, /* held, quarantined, spam */
    MESSAGES_CASE,      /* id = case: the first three of these */
};
struct message_query {
    enum message_list which;
    int64_t id;
    struct str state;
    size_t max;
    bool newest_first;
};
enum rc ops_message_list(struct db *db, struct arena *a, const struct message_query *mq,
                         struct message_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;

/* Newest message of a thread that people see, 0 for none. */
enum rc ops_message_newest(struct db *db, int64_t thread_id, int64_t *ret_id, struct err *e)
    WARN_UNUSED;
/* It never went out: state cancelled, its dedupe is free again. */
enum rc ops_message_cancel(struct db *db, int64_t id, struct err *e) WARN_UNUSED;

/* A page of what waits for a person (state empty: held or quarantined), the newest first, behind
 * the row before (0: from the newest); without bodies. */
struct held_page {
    struct str state;
    int64_t before_us, before_id;
    size_t max;
};
enum rc ops_message_held(struct db *db, struct arena *a, const struct held_page *p,
                         struct message_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;

/* Every message of a case, whatever its state; for the replay. */
enum rc ops_message_of_case(struct db *db, struct arena *a, int64_t case_id,
                            struct message_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;

struct attachment_row {
    int64_t id, message_id, part, size;
    struct str name, type, sha256;
    bool damaged;
};
enum rc ops_attachment_insert(struct db *db, const struct attachment_row *t, struct err *e)
    WARN_UNUSED;
enum rc ops_attachment_list(struct db *db, struct arena *a, int64_t message_id,
                            struct attachment_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
/* Those of many messages: ids is a JSON array of their ids; ordered by message, then id. */
enum rc ops_attachment_of_messages(struct db *db, struct arena *a, struct str ids,
                                   struct attachment_row **ret, size_t *ret_n, struct err *e)
    WARN_UNUSED;

/* What the desk reads of the outbox (store/outbox.h owns its rows). */
struct mail_row {
    int64_t id, case_id, thread_id, message_id, attempt, code, doubles, created_us, changed_us;
    int64_t due_us; /* not sent before */
    struct str kind, mid, rcpt, state, answer;
};
enum rc ops_mail_get(struct db *db, struct arena *a, int64_t id, struct mail_row *ret,
                     struct err *e) WARN_UNUSED;
enum rc ops_mail_by_mid(struct db *db, struct arena *a, struct str mid, struct mail_row *ret,
                        struct err *e) WARN_UNUSED;
/* First mail of a kind in a thread. */
enum rc ops_mail_of_kind(struct db *db, struct arena *a, int64_t thread_id, struct str kind,
                         struct mail_row *ret, struct err *e) WARN_UNUSED;
/* Newest mail of a thread. */
enum rc ops_mail_last(struct db *db, struct arena *a, int64_t thread_id, struct mail_row *ret,
                      struct err *e) WARN_UNUSED;
enum rc ops_mail_of_message(struct db *db, struct arena *a, int64_t message_id,
                            struct mail_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
/* Those of many messages, as ops_attachment_of_messages. */
enum rc ops_mail_of_messages(struct db *db, struct arena *a, struct str ids, struct mail_row **ret,
                             size_t *ret_n, struct err *e) WARN_UNUSED;
/* Mails of a kind to an address since then. */
enum rc ops_mail_count(struct db *db, struct str kind, struct str rcpt, int64_t since_us,
                       int64_t *ret_n, struct err *e) WARN_UNUSED;
/* A delivery report says that it failed: state and the server's words. */
enum rc ops_mail_bounced(struct db *db, int64_t id, int64_t code, struct str answer, int64_t now_us,
                         struct err *e) WARN_UNUSED;

#endif
