/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_HFIELD_H
#define VULNDESK_MIME_HFIELD_H

#include "base/arena.h"

/*
 * One header field, and the small readers that several rules share.  Everything is borrowed from
 * the caller's bytes.  The value may still be folded (RFC 5322 2.2.3) and may hold any byte.
 */
struct hfield {
    struct str name, value;
};

/*
 * Cuts the next field off *rest (a header block or a group of message/delivery-status fields) with
 * the lines that continue it.  False at an empty line or at the end; an empty line is consumed.
 * A line without a colon in front of the first space is passed over.
 */
bool hfield_cut(struct str *rest, struct hfield *ret_f);

/* The value with folds and other runs of space as one space, trimmed; a copy in a. */
struct str hfield_flat(struct arena *a, struct str value);

/* First field of that name (any case) or NULL. */
const struct hfield *hfield_find(const struct hfield *f, size_t n, const char *name);

/*
 * Drops white space, folds and (nested) comments (RFC 5322 3.2.2) from the front of *s.  False when
 * a comment is not closed; then *s is empty.
 */
bool hfield_skip_cfws(struct str *s);

/*
 * The address in "Name <local@domain>", "<local@domain>", "local@domain (Name)"; borrowed, without
 * the angle brackets, empty for "<>" and for what holds none.  A list gives its first address.
 */
struct str hfield_addr(struct str value);

/*
 * A parameter of a Content-Type-like value ("multipart/report; report-type=delivery-status"): the
 * value without quotes, borrowed (a quoted backslash pair stays as it is); empty when absent.
 */
struct str hfield_param(struct str value, const char *name);
/* The part in front of the parameters, trimmed: "multipart/report". */
struct str hfield_main(struct str value);

#endif
