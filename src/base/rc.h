/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_BASE_RC_H
#define VULNDESK_BASE_RC_H

/*
 * The closed list of results.  Every function that can fail returns one of these and fills the
 * caller's struct err.  One table maps each to an HTTP status, an SMTP reply and an exit code, so
 * that a failure means the same wherever it surfaces.
 */
enum rc {
    RC_OK = 0,
    RC_NOTFOUND, /* the thing asked for does not exist, or the asker may not know that it does */
    RC_CONFLICT, /* somebody else was faster: compare-and-append, unique key, fence */
    RC_DENIED,   /* known who you are, and you may not */
    RC_INVALID,  /* the input is wrong; err says where */
    RC_LIMIT,    /* a named limit was reached; err names it */
    RC_BUSY,     /* try again later */
    RC_IO,       /* disk, socket or child failed; errno's text is in err */
    RC_TIMEOUT,  /* a time limit ran out */
    RC_CLOSED,   /* the peer went away */
    RC_INTERNAL, /* our own mistake, reported instead of acted upon */
    RC_COUNT
};

/* Lower-case name for logs and JSON ("notfound"). Never NULL. */
const char *rc_name(enum rc rc);

/* HTTP status (RFC 9110), e.g. 404. */
int rc_http(enum rc rc);

/* SMTP reply code (RFC 5321), e.g. 451. */
int rc_smtp(enum rc rc);

/* Exit code of sysexits(3), 0 for RC_OK. */
int rc_exit(enum rc rc);

#endif
