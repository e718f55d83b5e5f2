/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_IMAP_SESSION_H
#define VULNDESK_IMAP_SESSION_H

#include "imap/reader.h"

/*
 * One logged-in connection to a mailbox, as a state machine without sockets or clock: bytes of the
 * server go in, bytes for it come out, and what only core can answer is asked for (`need`).
 *
 *   CAPABILITY, EXAMINE -> how far were we? -> list of new UIDs -> one mail at a time -> IDLE
 *
 * The folder is opened with EXAMINE and mails are fetched with BODY.PEEK[]: nothing is ever marked,
 * moved or removed.  A mail is asked for only after the one before is safe; whatever ends a
 * session, the next one begins behind the last mail that core has.
 */
#define IMAP_LIST_MAX   1000                         /* mails of one list; the rest follows */
#define IMAP_ANSWER_US  (INT64_C(120) * 1000000)     /* silence where the server should talk */
#define IMAP_IDLE_US    (INT64_C(25) * 60 * 1000000) /* RFC 2177: renew before 29 minutes */
#define IMAP_SIZE_SLACK (64 * 1024) /* a mail may be so much larger than its RFC822.SIZE */

struct imap_conf {
    struct str folder;  /* UTF-8, borrowed for the session's life */
    int64_t max_size;   /* of a mail */
    int64_t poll_us;    /* between looks, where the server has no IDLE */
    int64_t refuse_uid; /* a mail that ended session after session: it is left; 0 = none */
};

enum imap_need {
    IMAP_NEED_NOTHING,
    IMAP_NEED_POSITION, /* uidvalidity and uidnext are known: where do we go on? */
    IMAP_NEED_TAKE,     /* `mail` with `uid` is here: imap_session_taken() once it is safe */
    IMAP_NEED_LEAVE,    /* the mail `uid` of `size` bytes is too large, or cannot be fetched */
};

struct imap_listed {
    int64_t uid, size;
};

struct imap_session {
    struct imap_conf conf;
    struct imap_reader reader;
    struct buf out, mail;
    enum imap_need need;
    int64_t uidvalidity, uidnext;
    int64_t uid, size; /* of the mail in hand */
    /* private */
    int state;
    uint64_t tag;
    int64_t last_uid, since_us, deadline_us;
    bool idle, news, more, got, waiting;
    size_t listed, next;
    struct imap_listed list[IMAP_LIST_MAX];
};

/* now_us is any clock that never goes back; the same one in all calls. */
enum rc imap_session_begin(struct imap_session *s, const struct imap_conf *conf, int64_t now_us,
                           struct err *e) WARN_UNUSED;
void imap_session_release(struct imap_session *s);
/* The server's bytes.  Any failure ends the session: RC_CLOSED when the server said good-bye,
 * RC_DENIED when it refuses the folder. */
enum rc imap_session_bytes(struct imap_session *s, struct str bytes, int64_t now_us, struct err *e)
    WARN_UNUSED;
/* Mails up to last_uid are taken; of those beyond, what the server got before since_us (by its
 * INTERNALDATE; 0 = everything is wanted) is not looked at. */
enum rc imap_session_position(struct imap_session *s, int64_t last_uid, int64_t since_us,
                              int64_t now_us, struct err *e) WARN_UNUSED;
/* The mail in hand is safe (or noted as left): the next one. */
enum rc imap_session_taken(struct imap_session *s, int64_t now_us, struct err *e) WARN_UNUSED;
/* When the clock shall be looked at again; and that look: renews IDLE, polls, RC_TIMEOUT. */
int64_t imap_session_due(const struct imap_session *s);
enum rc imap_session_tick(struct imap_session *s, int64_t now_us, struct err *e) WARN_UNUSED;

#endif
