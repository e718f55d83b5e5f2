/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OUTBOX_H
#define VULNDESK_STORE_OUTBOX_H

#include "store/task.h"

/*
 * Outgoing mail: bytes and Message-ID are frozen before the first attempt.  Each has one task
 * ("outbox:ID", subject = its id), whose attempt is the fence here too.
 *
 *   ready --hand_over--> handing_over --250--> sent
 *     ^                   |   |   '--5xx--> failed
 *     '-------4xx---------'   '--no answer, or a crash--> unknown --hand_over--> handing_over ...
 *
 * A ready one that is not due yet can become `cancelled`.
 *
 * SMTP cannot promise exactly once between the final dot and our commit (RFC 1047).  What is
 * `unknown` is handed over again with identical bytes, which counts in `doubles`; announcements go
 * to `parked` instead and wait for a person.
 */
#define OUTBOX_KIND_MAX   32
#define OUTBOX_MID_MAX    250
#define OUTBOX_ADDR_MAX   320
#define OUTBOX_ANSWER_MAX 1000               /* bytes kept of the server's words */
#define OUTBOX_BYTES_MAX  (50 * 1024 * 1024) /* bytes of one mail */
/* Failures until a mail is parked: with waits of at most an hour that is five days. */
#define OUTBOX_PATIENCE     130
#define OUTBOX_ANNOUNCEMENT "announcement" /* the kind that is never sent twice by itself */

struct outbox_new {
    const char *kind;                       /* acknowledgement reply notice signin announcement */
    int64_t case_id, thread_id, message_id; /* 0 = none */
    struct str mid;                         /* without <> */
    struct str env_from, rcpt;              /* without <>; env_from '' is the null reverse-path */
    struct str bytes;
    int64_t due_us;     /* not sent before, and until then it may be cancelled; 0 = now */
    int64_t account_id; /* whom a notice goes to, 0 = none */
    int64_t blob_id;    /* the bytes are that sealed blob, unchanged; then `bytes` is empty */
    bool next_hop;      /* to the next hop of a general mailbox */
};
#define OUTBOX_PASS "pass" /* the kind of what is passed on */
/* Freezes a mail and adds its task (lane acknowledge for acknowledgements, else mail), in the
 * caller's transaction.  RC_CONFLICT: a mail with this Message-ID exists. */
enum rc outbox_add(struct db *db, const struct outbox_new *o, int64_t *ret_id, struct err *e)
    WARN_UNUSED;

enum outbox_state {
    OUTBOX_READY,
    OUTBOX_HANDING_OVER,
    OUTBOX_SENT,
    OUTBOX_FAILED,
    OUTBOX_UNKNOWN,
    OUTBOX_PARKED,
    OUTBOX_CANCELLED,
    OUTBOX_STATES
};
const char *outbox_state_name(enum outbox_state s);

struct outbox {
    int64_t id, case_id, thread_id, message_id, attempt, code, doubles, created_us, changed_us;
    enum outbox_state state;
    struct str kind, mid, env_from, rcpt, answer;
    int64_t blob_id; /* 0: the bytes are here */
    bool next_hop;
    struct str bytes; /* only from outbox_start */
};
enum rc outbox_get(struct db *db, struct arena *a, int64_t id, struct outbox *ret_o, struct err *e)
    WARN_UNUSED;

/*
 * Begin of a lease: the mail with its bytes.  A mail that an earlier lease left in handing_over
 * becomes unknown (announcements: parked) here.  To be submitted when the state is ready or
 * unknown; otherwise the task has nothing more to do.  RC_CONFLICT: the lease was lost.
 */
enum rc outbox_start(struct db *db, struct arena *a, int64_t id, int64_t attempt,
                     struct outbox *ret_o, struct err *e) WARN_UNUSED;

/* Just before the final dot, committed before it is sent.  RC_CONFLICT: the lease was lost or
 * somebody else hands it over: no dot. */
enum rc outbox_hand_over(struct db *db, int64_t id, int64_t attempt, struct err *e) WARN_UNUSED;

/* What became of it; each also ends the task's lease.  RC_CONFLICT: another attempt has taken over.
 * `answer` is shown on the case, cut at OUTBOX_ANSWER_MAX. */
enum outbox_end {
    OUTBOX_END_SENT,      /* 2xx after the dot */
    OUTBOX_END_REFUSED,   /* 5xx at any step: failed */
    OUTBOX_END_TEMPORARY, /* 4xx, or no connection before the dot: tried again later */
    OUTBOX_END_NO_ANSWER, /* after the dot: unknown */
    OUTBOX_END_LOST,      /* the sender died: unknown if it was handed over, else tried again */
};
struct outbox_result {
    enum outbox_end end;
    int code; /* SMTP reply code, 0 if none */
    struct str answer;
    /* OUTBOX_END_LOST, one of several that were lost at once: which of them brought the sender down
     * is not known, so none is to blame; those not handed over are tried again after this wait,
     * each after another one, and it is not counted.  0: counted as any failure. */
    int64_t apart_us;
};
enum rc outbox_end(struct db *db, int64_t id, int64_t attempt, const struct outbox_result *r,
                   enum outbox_state *ret_state, struct err *e) WARN_UNUSED;

/* A person's decision about one that is parked (itself or its task): send it (again), or give it
 * up. RC_CONFLICT: not parked. */
enum rc outbox_resume(struct db *db, int64_t id, struct err *e) WARN_UNUSED;
enum rc outbox_give_up(struct db *db, int64_t id, struct err *e) WARN_UNUSED;

/*
 * Second thoughts about one that is ready and not due yet: it is never sent, or is due at once.
 * RC_CONFLICT: too late.
 */
enum rc outbox_cancel(struct db *db, int64_t id, struct err *e) WARN_UNUSED;
enum rc outbox_hurry(struct db *db, int64_t id, struct err *e) WARN_UNUSED;

struct outbox_counts {
    int64_t n[OUTBOX_STATES];
    int64_t doubles;
};
enum rc outbox_count(struct db *db, struct outbox_counts *ret_c, struct err *e) WARN_UNUSED;

#endif
