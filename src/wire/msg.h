/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WIRE_MSG_H
#define VULNDESK_WIRE_MSG_H

#include "base/buf.h"
#include "wire/role.h"

/*
 * The messages between roles: one list of messages, one list of fields for each.  From them come
 * the structs, the encoders, the decoders and the table of who may send what to whom.
 *
 * Kinds of fields: u32, u64 (little-endian on the wire), text (valid UTF-8 by the border rule
 * of base/utf8.h, at most max bytes) and data (any bytes, at most max).  A decoder refuses a
 * message with a field over its maximum, with a missing or a surplus byte; decoded texts borrow
 * from the frame.  A refused message ends its sender, never its receiver.
 */
#define WIRE_JSON_MAX   (16u << 20) /* a mail record, a command's result */
#define WIRE_SETUP_MAX  (256u << 10)
#define WIRE_ID_MAX     64  /* spool ids, blob names in hex */
#define WIRE_KEY_MAX    256 /* a wrapped key */
#define WIRE_ADDR_MAX   320 /* an envelope address, RFC 5321 4.5.3.1 */
#define WIRE_WHY_MAX    512 /* text of a failure, struct err */
#define WIRE_SIGN_MAX   (16u << 10)
#define WIRE_PATH_MAX   4096
#define WIRE_HEADER_MAX 4096
#define WIRE_BODY_MAX   (33u << 20) /* more than limits.http_body may be */
#define WIRE_JOB_MAX    (64u << 10) /* arguments of an engine job; what is larger goes in its file */

/* What became of a child of the worker. */
enum wire_outcome { WIRE_DONE, WIRE_CRASHED, WIRE_TIMEOUT, WIRE_LIMIT, WIRE_REFUSED };
/* What became of a submission: the server took it, it will never, it may later. */
enum wire_delivery { WIRE_SENT, WIRE_FAILED, WIRE_LATER, WIRE_UNKNOWN };

/* supervisor -> role: its slice of the settings (JSON), then its peers, then the end. */
#define WIRE_FIELDS_setup(F) F(text, json, WIRE_SETUP_MAX)
#define WIRE_FIELDS_peer(F)  F(u32, role, 0) F(u32, index, 0)
#define WIRE_FIELDS_stop(F)  F(u32, unused, 0)
/* supervisor -> role: an open port; kind is smtp, lmtp, http or cli. */
#define WIRE_FIELDS_listener(F) F(text, kind, 16)
/* role -> supervisor: the loop runs; what the sandbox got. */
#define WIRE_FIELDS_ready(F) F(text, sandbox, WIRE_WHY_MAX)

/* smtpd -> core: a record lies durably in spool/new. */
#define WIRE_FIELDS_spooled(F) F(text, id, WIRE_ID_MAX)

/* core -> worker, with the raw mail: make a record of it, or hand out the bytes of one part. */
#define WIRE_PARSE_RECORD     UINT32_MAX
#define WIRE_FIELDS_parse(F)  F(u64, ticket, 0) F(u32, part, 0)
#define WIRE_FIELDS_parsed(F) F(u64, ticket, 0) F(u32, outcome, 0) F(text, why, WIRE_WHY_MAX)

/*
 * core -> worker: start one confined engine child for a job; worker -> core: what became of it.
 * kind is a row of serve/engine.c, args the JSON object it expects there; the descriptor is a
 * sealed memory file with what is too large for args (a text, a patch).  The answer's descriptor is
 * a sealed memory file with the engine's result, JSON too; without one the job failed and `why` is
 * a text for a person.  The ticket is core's own; a job that core forgot is answered all the same.
 */
#define WIRE_FIELDS_job(F)      F(u64, ticket, 0) F(text, kind, 32) F(text, args, WIRE_JOB_MAX)
#define WIRE_FIELDS_job_done(F) F(u64, ticket, 0) F(u32, outcome, 0) F(text, why, WIRE_WHY_MAX)
/* worker -> core, any number before the end: how far a job is, in words for a person. */
#define WIRE_FIELDS_job_progress(F) F(u64, ticket, 0) F(text, what, WIRE_WHY_MAX)

/*
 * core -> keys and back.  scope is the case (or "inbox") a key belongs to; wrapped keys are only
 * usable by keys.  Every answer begins with a result and its text.
 */
#define WIRE_FIELDS_spool_open(F)                                                                  \
    F(text, id, WIRE_ID_MAX) F(text, scope, WIRE_ID_MAX) F(data, case_key, WIRE_KEY_MAX)
#define WIRE_FIELDS_spool_opened(F)                                                                \
    F(u32, rc, 0)                                                                                  \
    F(text, why, WIRE_WHY_MAX)                                                                     \
    F(text, envelope, WIRE_SETUP_MAX)                                                              \
    F(text, name, WIRE_ID_MAX) F(data, key, WIRE_KEY_MAX) F(u64, size, 0)
#define WIRE_FIELDS_case_key(F) F(text, scope, WIRE_ID_MAX)
#define WIRE_FIELDS_case_key_is(F)                                                                 \
    F(u32, rc, 0) F(text, why, WIRE_WHY_MAX) F(data, key, WIRE_KEY_MAX)
#define WIRE_FIELDS_blob_open(F)                                                                   \
    F(text, scope, WIRE_ID_MAX)                                                                    \
    F(data, case_key, WIRE_KEY_MAX)                                                                \
    F(text, purpose, WIRE_ID_MAX) F(text, name, WIRE_ID_MAX) F(data, key, WIRE_KEY_MAX)
#define WIRE_FIELDS_blob_opened(F) F(u32, rc, 0) F(text, why, WIRE_WHY_MAX) F(u64, size, 0)
#define WIRE_FIELDS_blob_rewrap(F)                                                                 \
    F(text, from_scope, WIRE_ID_MAX)                                                               \
    F(data, from_case_key, WIRE_KEY_MAX)                                                           \
    F(text, to_scope, WIRE_ID_MAX)                                                                 \
    F(data, to_case_key, WIRE_KEY_MAX)                                                             \
    F(text, purpose, WIRE_ID_MAX) F(text, name, WIRE_ID_MAX) F(data, key, WIRE_KEY_MAX)
#define WIRE_FIELDS_blob_rewrapped(F)                                                              \
    F(u32, rc, 0) F(text, why, WIRE_WHY_MAX) F(data, key, WIRE_KEY_MAX)
/* The descriptor holds the plain bytes of a new blob. */
#define WIRE_FIELDS_blob_seal(F)                                                                   \
    F(text, scope, WIRE_ID_MAX) F(data, case_key, WIRE_KEY_MAX) F(text, purpose, WIRE_ID_MAX)
#define WIRE_FIELDS_blob_sealed(F)                                                                 \
    F(u32, rc, 0)                                                                                  \
    F(text, why, WIRE_WHY_MAX)                                                                     \
    F(text, name, WIRE_ID_MAX) F(data, key, WIRE_KEY_MAX) F(u64, size, 0)
/* A blob that no row names: nobody waits for an answer. */
#define WIRE_FIELDS_blob_drop(F) F(text, name, WIRE_ID_MAX)
/* Clean text, or what a commit's signature is of (desk/sshsig.h). */
#define WIRE_FIELDS_sign(F) F(data, text, WIRE_SIGN_MAX)
#define WIRE_FIELDS_signed_by(F)                                                                   \
    F(u32, rc, 0) F(text, why, WIRE_WHY_MAX) F(data, signature, 64) F(data, pubkey, 32)

/* core -> net, with the frozen bytes; hop 0 is the submission server, 1 the next hop of a general
 * mailbox; net asks before the final dot; core commits and answers. */
#define WIRE_FIELDS_submit(F)                                                                      \
    F(u64, outbox, 0)                                                                              \
    F(u32, attempt, 0)                                                                             \
    F(u32, hop, 0) F(text, env_from, WIRE_ADDR_MAX) F(text, rcpt, WIRE_ADDR_MAX)
#define WIRE_FIELDS_may_hand_over(F) F(u64, outbox, 0) F(u32, attempt, 0)
#define WIRE_FIELDS_hand_over(F)     F(u64, outbox, 0) F(u32, attempt, 0) F(u32, yes, 0)
#define WIRE_FIELDS_submitted(F)                                                                   \
    F(u64, outbox, 0)                                                                              \
    F(u32, attempt, 0) F(u32, outcome, 0) F(u32, code, 0) F(text, answer, WIRE_WHY_MAX)

/*
 * net -> core, of the one mailbox that is polled: how far were we; here is a mail (the bytes as a
 * descriptor), or one that is left where it is because of its size.  core answers a position with
 * the last UID that it has and the time from which mails count (microseconds), and a mail only when
 * it is durable.
 */
#define WIRE_FIELDS_mailbox_at(F) F(u64, uidvalidity, 0) F(u64, uidnext, 0)
#define WIRE_FIELDS_mailbox_is(F)                                                                  \
    F(u32, rc, 0) F(text, why, WIRE_WHY_MAX) F(u64, uid, 0) F(u64, since_us, 0)
#define WIRE_FIELDS_fetched(F)    F(u64, uidvalidity, 0) F(u64, uid, 0) F(u64, size, 0) F(u32, left, 0)
#define WIRE_FIELDS_fetched_is(F) F(u64, uid, 0) F(u32, rc, 0) F(text, why, WIRE_WHY_MAX)

/* httpd -> core: one checked request; core -> httpd: one answer, a descriptor for a download. */
#define WIRE_FIELDS_http_request(F)                                                                \
    F(text, method, 16)                                                                            \
    F(text, path, WIRE_PATH_MAX)                                                                   \
    F(text, query, WIRE_PATH_MAX)                                                                  \
    F(text, host, 256)                                                                             \
    F(text, cookie, WIRE_HEADER_MAX)                                                               \
    F(text, content_type, 256)                                                                     \
    F(text, authorization, 256)                                                                    \
    F(text, client, 64)                                                                            \
    F(u32, parts, 0) F(data, body, WIRE_BODY_MAX)
#define WIRE_FIELDS_http_response(F)                                                               \
    F(u32, status, 0)                                                                              \
    F(text, content_type, 256)                                                                     \
    F(text, location, WIRE_PATH_MAX)                                                               \
    F(text, set_cookie, WIRE_HEADER_MAX)                                                           \
    F(text, file_name, 256) F(u32, cacheable, 0) F(u32, stream, 0) F(data, body, WIRE_BODY_MAX)
/*
 * An answer with `stream` stays open: core -> httpd, that something changed (never what) or that it
 * is over; httpd -> core, that the client left.  The frame's id is that of the request.
 */
enum wire_event { WIRE_EVENT_CHANGED, WIRE_EVENT_END, WIRE_EVENT_COUNT };
#define WIRE_FIELDS_http_event(F) F(u32, event, 0)
#define WIRE_FIELDS_http_gone(F)  F(u32, unused, 0)

/* cli -> core on the local socket, and back. */
#define WIRE_FIELDS_command(F) F(text, verb, 64) F(text, json, WIRE_JSON_MAX)
#define WIRE_FIELDS_result(F)  F(u32, rc, 0) F(text, why, WIRE_WHY_MAX) F(text, json, WIRE_JSON_MAX)

enum wire_fd { WIRE_NOFD, WIRE_FD, WIRE_MAYFD };

/* M(TYPE, name, from, to, descriptor) */
#define WIRE_MESSAGES(M)                                                                           \
    M(SETUP, setup, WIRE_FROM(SUPERVISOR), WIRE_TO_ALL, WIRE_NOFD)                                 \
    M(PEER, peer, WIRE_FROM(SUPERVISOR), WIRE_TO_ALL, WIRE_FD)                                     \
    M(STOP, stop, WIRE_FROM(SUPERVISOR), WIRE_TO_ALL, WIRE_NOFD)                                   \
    M(LISTENER, listener, WIRE_FROM(SUPERVISOR), WIRE_TO_ALL, WIRE_FD)                             \
    M(READY, ready, WIRE_TO_ALL, WIRE_FROM(SUPERVISOR), WIRE_NOFD)                                 \
    M(SPOOLED, spooled, WIRE_FROM(SMTPD), WIRE_FROM(CORE), WIRE_NOFD)                              \
    M(PARSE, parse, WIRE_FROM(CORE), WIRE_FROM(WORKER), WIRE_FD)                                   \
    M(PARSED, parsed, WIRE_FROM(WORKER), WIRE_FROM(CORE), WIRE_MAYFD)                              \
    M(JOB, job, WIRE_FROM(CORE), WIRE_FROM(WORKER) | WIRE_FROM(RUNNER), WIRE_MAYFD)                \
    M(JOB_DONE, job_done, WIRE_FROM(WORKER) | WIRE_FROM(RUNNER), WIRE_FROM(CORE), WIRE_MAYFD)      \
    M(JOB_PROGRESS, job_progress, WIRE_FROM(WORKER) | WIRE_FROM(RUNNER), WIRE_FROM(CORE),          \
      WIRE_NOFD)                                                                                   \
    M(SPOOL_OPEN, spool_open, WIRE_FROM(CORE), WIRE_FROM(KEYS), WIRE_NOFD)                         \
    M(SPOOL_OPENED, spool_opened, WIRE_FROM(KEYS), WIRE_FROM(CORE), WIRE_MAYFD)                    \
    M(CASE_KEY, case_key, WIRE_FROM(CORE), WIRE_FROM(KEYS), WIRE_NOFD)                             \
    M(CASE_KEY_IS, case_key_is, WIRE_FROM(KEYS), WIRE_FROM(CORE), WIRE_NOFD)                       \
    M(BLOB_OPEN, blob_open, WIRE_FROM(CORE), WIRE_FROM(KEYS), WIRE_NOFD)                           \
    M(BLOB_OPENED, blob_opened, WIRE_FROM(KEYS), WIRE_FROM(CORE), WIRE_MAYFD)                      \
    M(BLOB_REWRAP, blob_rewrap, WIRE_FROM(CORE), WIRE_FROM(KEYS), WIRE_NOFD)                       \
    M(BLOB_REWRAPPED, blob_rewrapped, WIRE_FROM(KEYS), WIRE_FROM(CORE), WIRE_NOFD)                 \
    M(BLOB_SEAL, blob_seal, WIRE_FROM(CORE), WIRE_FROM(KEYS), WIRE_FD)                             \
    M(BLOB_SEALED, blob_sealed, WIRE_FROM(KEYS), WIRE_FROM(CORE), WIRE_NOFD)                       \
    M(BLOB_DROP, blob_drop, WIRE_FROM(CORE), WIRE_FROM(KEYS), WIRE_NOFD)                           \
    M(SIGN, sign, WIRE_FROM(CORE), WIRE_FROM(KEYS), WIRE_NOFD)                                     \
    M(SIGNED_BY, signed_by, WIRE_FROM(KEYS), WIRE_FROM(CORE), WIRE_NOFD)                           \
    M(SUBMIT, submit, WIRE_FROM(CORE), WIRE_FROM(NET), WIRE_FD)                                    \
    M(MAY_HAND_OVER, may_hand_over, WIRE_FROM(NET), WIRE_FROM(CORE), WIRE_NOFD)                    \
    M(HAND_OVER, hand_over, WIRE_FROM(CORE), WIRE_FROM(NET), WIRE_NOFD)                            \
    M(SUBMITTED, submitted, WIRE_FROM(NET), WIRE_FROM(CORE), WIRE_NOFD)                            \
    M(MAILBOX_AT, mailbox_at, WIRE_FROM(NET), WIRE_FROM(CORE), WIRE_NOFD)                          \
    M(MAILBOX_IS, mailbox_is, WIRE_FROM(CORE), WIRE_FROM(NET), WIRE_NOFD)                          \
    M(FETCHED, fetched, WIRE_FROM(NET), WIRE_FROM(CORE), WIRE_MAYFD)                               \
    M(FETCHED_IS, fetched_is, WIRE_FROM(CORE), WIRE_FROM(NET), WIRE_NOFD)                          \
    M(HTTP_REQUEST, http_request, WIRE_FROM(HTTPD_PUBLIC) | WIRE_FROM(HTTPD_STAFF),                \
      WIRE_FROM(CORE), WIRE_NOFD)                                                                  \
    M(HTTP_RESPONSE, http_response, WIRE_FROM(CORE),                                               \
      WIRE_FROM(HTTPD_PUBLIC) | WIRE_FROM(HTTPD_STAFF), WIRE_MAYFD)                                \
    M(HTTP_EVENT, http_event, WIRE_FROM(CORE), WIRE_FROM(HTTPD_STAFF), WIRE_NOFD)                  \
    M(HTTP_GONE, http_gone, WIRE_FROM(HTTPD_STAFF), WIRE_FROM(CORE), WIRE_NOFD)                    \
    M(COMMAND, command, WIRE_FROM(CLI), WIRE_FROM(CORE), WIRE_NOFD)                                \
    M(RESULT, result, WIRE_FROM(CORE), WIRE_FROM(CLI), WIRE_MAYFD)

#define WIRE_FROM(role) (1u << ROLE_##role)
#define WIRE_TO_ALL     ((1u << ROLE_COUNT) - 1u - WIRE_FROM(SUPERVISOR) - WIRE_FROM(CLI))

enum wire_type {
    WIRE_NONE,
#define M(TYPE, name, from, to, fd) WIRE_##TYPE,
    WIRE_MESSAGES(M)
#undef M
        WIRE_TYPE_COUNT
};

typedef struct str wire_text;
typedef struct str wire_data;
typedef uint32_t wire_u32;
typedef uint64_t wire_u64;

#define WIRE_STRUCT_FIELD(kind, field, max) wire_##kind field;
#define M(TYPE, name, from, to, fd)                                                                \
    struct wire_##name {                                                                           \
        WIRE_FIELDS_##name(WIRE_STRUCT_FIELD)                                                      \
    };                                                                                             \
    void wire_put_##name(struct buf *b, const struct wire_##name *m);                              \
    enum rc wire_get_##name(struct str body, struct wire_##name *ret_m, struct err *e) WARN_UNUSED;
WIRE_MESSAGES(M)
#undef M

/* "submit", for logs. */
const char *wire_type_name(unsigned type);
/* RC_DENIED unless `from` may send `type` to `to`, and with or without a descriptor. */
enum rc wire_may_send(unsigned type, enum role from, enum role to, bool with_fd, struct err *e)
    WARN_UNUSED;
/* Largest body that a message of this type can have. */
size_t wire_body_max(unsigned type);
/* Decodes a body of any type and throws the result away: for tests and the fuzz target. */
enum rc wire_check(unsigned type, struct str body, struct err *e) WARN_UNUSED;

#endif
