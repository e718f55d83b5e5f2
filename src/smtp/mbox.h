/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SMTP_MBOX_H
#define VULNDESK_SMTP_MBOX_H

#include "base/buf.h"

/*
 * An mbox file (RFC 4155, appendix A) in its mails.  A mail begins with a line "From SENDER DATE"
 * at the start of the file or behind an empty line, where DATE has a time and a year; any other
 * line that begins with "From " belongs to the text.  In the text one '>' is taken off lines that
 * match
 * ^>+From (mboxrd; the same for mboxo but where somebody had quoted such a line himself).  Lengths
 * in header fields are not believed.  Pure, one pass, borrowed slices.
 */
#define MBOX_FROM_MAX 1000 /* bytes of a "From " line; a longer one is text */
#define MBOX_IDS_MAX  64   /* Message-IDs kept of one mail's References */
#define MBOX_HEAD_MAX (256u << 10)

struct mbox {
    struct str rest;
};
struct mbox_mail {
    struct str raw;  /* quoted as in the file, without the empty line at its end */
    int64_t from_us; /* date of the "From " line, taken as UTC; 0 = not readable */
};

/* RC_INVALID unless the first line that is not empty is a "From " line. */
enum rc mbox_begin(struct str file, struct mbox *ret_m, struct err *e) WARN_UNUSED;
/* The next mail, in file order; false at the end. */
bool mbox_next(struct mbox *m, struct mbox_mail *ret);
/* The mail as it was before it went into the file; b->max bounds it. */
void mbox_unquote(struct buf *b, struct str raw);

/*
 * What ties mails together: hashes of the Message-ID and of the ids in In-Reply-To and References,
 * as they stand there.  Good for an order in which to take them, for nothing else.
 */
struct mbox_ids {
    uint64_t own; /* 0 = none */
    uint64_t refs[MBOX_IDS_MAX];
    size_t n_refs;
};
void mbox_ids(struct str raw, struct mbox_ids *ret);

#endif
