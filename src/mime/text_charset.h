/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_TEXT_CHARSET_H
#define VULNDESK_MIME_TEXT_CHARSET_H

#include "base/buf.h"

/*
 * Character sets of mail, to UTF-8.  A closed list: a name outside it never reaches iconv, because
 * iconv would open a file and the parse child may not.  Runs in the parse child.
 */
#define CHARSET_NAME_MAX 40 /* bytes of a charset name looked at */

/*
 * Opens every converter of the list and keeps it for the life of the process (glibc loads a module
 * for each), so that nothing has to be opened after the sandbox is applied.  Converters that this
 * system lacks are unknown from then on.  Call once, before anything else here.
 */
void charset_warm(void);

/* The name for iconv and GMime, or NULL for a charset outside the list.  "x-" names, case and
 * RFC 2231 language suffixes ("utf-8*en") are understood. */
const char *charset_known(struct str name);

/* What a conversion met. */
struct charset_note {
    bool unknown; /* charset not in the list: read as windows-1252 */
    bool bad;     /* bytes that the charset does not have: U+FFFD */
};

/*
 * Appends bytes as UTF-8 (not yet cleaned: see utf8_clean) to out, stops when out is full.  An
 * empty or us-ascii charset is UTF-8 when the bytes are valid UTF-8, else windows-1252.  UTF-7 is
 * not in the list, so "+ADw-" stays what it is.
 */
void charset_to_utf8(struct buf *out, struct str bytes, struct str charset,
                     struct charset_note *ret_note);

#endif
