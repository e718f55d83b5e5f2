/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_IMAP_READER_H
#define VULNDESK_IMAP_READER_H

#include "base/buf.h"

/*
 * Reader of what an IMAP4rev1 server says (RFC 3501, IDLE of RFC 2177): bytes in, one typed
 * response at a time out.  Pure; whatever the server sends, memory and time are bounded.
 */
#define IMAP_LINE_MAX     (64 * 1024) /* bytes of one response, its literals not counted */
#define IMAP_LITERALS_MAX 8           /* literals in one response */
#define IMAP_SMALL_MAX    8192        /* bytes of a literal that is not the mail */
#define IMAP_NEST_MAX     32          /* parentheses in a response */
#define IMAP_TEXT_MAX     200         /* bytes kept of a response's words */

enum imap_kind {
    IMAP_OTHER,    /* nothing that we ask for */
    IMAP_TAGGED,   /* "V7 OK ...": tag, status, words */
    IMAP_CONTINUE, /* "+ ..." */
    IMAP_STATUS,   /* "* OK ...": status, and uidvalidity or uidnext when its code says so */
    IMAP_BYE,
    IMAP_EXISTS, /* number */
    IMAP_EXPUNGE,
    IMAP_CAPABILITY, /* idle */
    IMAP_FETCH,      /* uid, size, internal_us, body */
};
enum imap_status { IMAP_OK, IMAP_NO, IMAP_BAD };

/* Texts are borrowed from the reader until its next call. */
struct imap_response {
    enum imap_kind kind;
    enum imap_status status;
    uint64_t tag; /* N of "VN", 0 = of no command of ours */
    int64_t number;
    int64_t uidvalidity, uidnext;      /* 0 = not said */
    int64_t uid, size;                 /* of FETCH; 0 and -1 = not said */
    bool has_internal, has_body, idle; /* which of these were said */
    int64_t internal_us;               /* INTERNALDATE */
    struct str body;                   /* BODY[], any bytes */
    struct str words;                  /* of the server, clean text for a person */
};

struct imap_reader {
    struct buf line;    /* of the response so far; \001 stands where a literal was */
    struct buf literal; /* the bytes of its literals, one behind the other */
    size_t at[IMAP_LITERALS_MAX], len[IMAP_LITERALS_MAX];
    size_t literals;
    size_t want; /* bytes of the literal being read that are to come */
    bool in_literal, done;
    size_t literal_max;
    struct buf words;
};

/* literal_max: bytes of the largest mail that is asked for. */
void imap_reader_init(struct imap_reader *r, size_t literal_max);
void imap_reader_release(struct imap_reader *r);

/*
 * Takes bytes off the front of *in.  RC_OK: *ret is the next response; call again with what is left
 * in *in.  RC_BUSY: all of it is taken and more is needed.  RC_LIMIT, RC_INVALID: the connection
 * must be closed; e says what was wrong, without the server's bytes.
 */
enum rc imap_read(struct imap_reader *r, struct str *in, struct imap_response *ret, struct err *e)
    WARN_UNUSED;

/* `"text"` as a quoted string of a command (RFC 3501 9); RC_INVALID for what none can hold. */
enum rc imap_quote(struct buf *b, struct str s, const char *what, struct err *e) WARN_UNUSED;
/* A mailbox's name, UTF-8, as IMAP writes it: modified UTF-7 (RFC 3501 5.1.3), quoted. */
enum rc imap_mailbox_name(struct buf *b, struct str name, struct err *e) WARN_UNUSED;

#endif
