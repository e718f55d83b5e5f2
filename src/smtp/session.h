/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SMTP_SESSION_H
#define VULNDESK_SMTP_SESSION_H

#include "base/buf.h"
#include "smtp/address.h"
#include "smtp/envelope.h"

/*
 * One SMTP (RFC 5321) or LMTP (RFC 2033) connection as a pure state machine: octets in, replies
 * out, calls to a sink.  No descriptors, no clock, no disk.  Extensions: PIPELINING (RFC 2920),
 * SIZE (1870), 8BITMIME (6152), SMTPUTF8 (6531), ENHANCEDSTATUSCODES (2034, 3463), STARTTLS (3207).
 *
 * What a line is.  A command ends with CR LF and nothing else; a bare LF, a bare CR or a NUL in a
 * command ends the session with 521.  A mail ends with CR LF "." CR LF and nothing else.  Bare LF,
 * bare CR and NUL inside a mail are kept octet for octet and end nothing (SMTP smuggling, 2023);
 * what to think of them is the parser's business.
 */
enum smtp_mode { SMTP_MODE_SMTP, SMTP_MODE_LMTP };

#define SMTP_LINE_MAX      512   /* RFC 5321 4.5.3.1.4, with CR LF */
#define SMTP_LINE_EXT      512   /* room for parameters of extensions and UTF-8 paths */
#define SMTP_ERRORS_MAX    20    /* refused commands without an accepted mail between: 421 */
#define SMTP_IDLE_CMDS_MAX 1000  /* commands of any kind without an accepted mail between: 421 */
#define SMTP_OUT_HIGH      16384 /* octets of unsent replies at which no more input is taken */
#define SMTP_OUT_MAX       65536 /* bound of the reply buffer; SMTP_RCPTS_MAX replies fit */

struct smtp_config {
    enum smtp_mode mode;
    bool tls_offered;
    const char *hostname;
    uint64_t max_size; /* octets of one mail */
    size_t max_rcpts;  /* SMTP_RCPTS_MIN..SMTP_RCPTS_MAX */
    const struct smtp_addr *recipients;
    size_t n_recipients;
};

/*
 * Where a mail goes.  begin: the envelope is complete and DATA was sent (borrowed for the call;
 * received_us is 0, a session has no clock).
 * data: octets of the mail, unstuffed, in any cut.  finish: the mail ended; smtp_session_verdict()
 * must follow, at once or later.  abort: after begin, the mail will not come (too large, connection
 * lost, RSET); not called after finish.  begin and data may fail: the mail is then read to its end,
 * abort is called (after data only), and the failure is the reply.
 */
struct smtp_sink {
    void *arg;
    enum rc (*begin)(void *arg, const struct smtp_envelope *v, struct err *e);
    enum rc (*data)(void *arg, struct str s, struct err *e);
    void (*finish)(void *arg);
    void (*abort)(void *arg);
};

enum smtp_want {
    SMTP_WANT_INPUT,   /* feed me */
    SMTP_WANT_DRAIN,   /* send the replies first */
    SMTP_WANT_VERDICT, /* a mail waits for smtp_session_verdict() */
    SMTP_WANT_TLS,   /* send the replies, start TLS, call smtp_session_tls(); drop all input read */
    SMTP_WANT_CLOSE, /* send the replies and close */
};

struct smtp_session;

/* cfg and sink are borrowed and must outlive the session.  peer is an address or "local".  The
 * greeting is the first reply. */
struct smtp_session *smtp_session_new(const struct smtp_config *cfg, const struct smtp_sink *sink,
                                      struct str peer);
/* NULL is fine.  A mail that is not finished is aborted. */
void smtp_session_free(struct smtp_session *s);

/*
 * Takes input until it is used up or the session wants something else than input; returns the
 * number of octets taken.  The caller keeps the rest and offers it again, but after STARTTLS: then
 * everything is taken and thrown away (CVE-2011-0411).
 */
size_t smtp_session_feed(struct smtp_session *s, struct str in);
enum smtp_want smtp_session_want(const struct smtp_session *s);
/* Replies to send; the caller drops what it has sent with buf_drop(). */
struct buf *smtp_session_out(struct smtp_session *s);
/* True while a mail's octets are read: the longer time limit of RFC 5321 4.5.3.2.5 holds. */
bool smtp_session_in_data(const struct smtp_session *s);

/* The durable verdict of the mail that finished: RC_OK with the record's id, or why not. */
void smtp_session_verdict(struct smtp_session *s, enum rc rc, const char *id);
/* The handshake is done: everything said before is forgotten (RFC 3207 4.2). */
void smtp_session_tls(struct smtp_session *s);
/* Ends the session from outside: 421 with a reason ("idle for too long"), a mail is aborted. */
void smtp_session_close(struct smtp_session *s, const char *why);

#endif
