/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SMTP_ENVELOPE_H
#define VULNDESK_SMTP_ENVELOPE_H

#include "base/arena.h"
#include "base/json.h"

/*
 * What is known of a mail beside its bytes: who handed it over, from whom, to whom.  All texts are
 * valid UTF-8 without controls.  Written as JSON into the first chunk of a spool record and read
 * back by the keys role.
 */
#define SMTP_RCPTS_MIN    100 /* RFC 5321 4.5.3.1.8: at least so many must be taken */
#define SMTP_RCPTS_MAX    200 /* bound of the setting; keeps the JSON under one spool chunk */
#define SMTP_HELO_MAX     255
#define SMTP_PEER_MAX     64
#define SMTP_PROTO_MAX    16
#define SMTP_HOSTNAME_MAX 255
#define SMTP_SIZE_MAX     (INT64_C(1) << 40) /* bound of any declared or configured size */

struct smtp_envelope {
    struct str from;         /* canonical, empty for "<>" */
    bool from_known;         /* false when `ingest` was not told a sender */
    const struct str *rcpts; /* canonical, as given (tag kept), in order */
    size_t n_rcpts;
    struct str peer;  /* "192.0.2.1", "2001:db8::1", "local", "stdin" */
    struct str helo;  /* as claimed, unverified; may be empty */
    struct str proto; /* RFC 3848 and 6531 names: "ESMTPS", "LMTP", ...; "ingest" */
    bool tls;
    bool smtputf8;
    int64_t received_us;   /* when DATA was accepted */
    int64_t declared_size; /* SIZE= in octets, 0 when none was declared */
    /*
     * Only of what core itself spools out of its forms, and the mark of what is imported; smtpd and
     * `ingest` leave them empty.  The seal proves no writer (its key is public), so core believes
     * them only with its own mark.
     */
    struct smtp_envelope_web {
        struct str mark; /* hex, desk/webform.h; empty: not from a form */
        struct str way;  /* hex SHA-256 of a secret of the way back, or empty */
        int64_t thread;  /* of the session that wrote, 0 = a new report */
    } web;
};
#define SMTP_WEB_HEX 64 /* letters of mark and way */

/* Appends the envelope as one JSON object; keys: from (null when unknown), rcpts, peer, helo, tls,
 * proto, received_us, size (declared), smtputf8; with a mark also web {mark, way, thread}. */
enum rc smtp_envelope_write(struct buf *b, const struct smtp_envelope *v, struct err *e)
    WARN_UNUSED;
/* Strict; texts and the array are copied into a. */
enum rc smtp_envelope_read(struct arena *a, struct str json, struct smtp_envelope *ret_v,
                           struct err *e) WARN_UNUSED;

/*
 * The trace header that opens every spooled mail (RFC 5321 4.4): "Return-Path: <...>" when the
 * sender is known, then "Received: ... by hostname with proto id id [for <one>]; date".  The
 * recipient is named only when there is exactly one, so that no reader of the mail learns of the
 * others.  eol is "\r\n" or "\n" and should be that of the mail.
 */
void smtp_trace_add(struct buf *b, const struct smtp_envelope *v, const char *hostname,
                    const char *id, const char *eol);
/* Octets that smtp_trace_add needs at most. */
#define SMTP_TRACE_MAX 4096

#endif
