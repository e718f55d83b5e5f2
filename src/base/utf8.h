/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_BASE_UTF8_H
#define VULNDESK_BASE_UTF8_H

#include "base/buf.h"

/*
 * Decodes one code point (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
 * Returns its length in bytes, 0 at the end of s or where s is not valid UTF-8.
 */
size_t utf8_next(struct str s, uint32_t *ret_cp);
bool utf8_valid(struct str s);
/* Appends one code point; an invalid one becomes U+FFFD. */
void utf8_put(struct buf *b, uint32_t cp);

/*
 * The border rule for text: appends s as valid UTF-8 without NUL and without controls (C0 other
 * than tab and newline, DEL, C1).  Each invalid byte becomes U+FFFD, each control is dropped, CRLF
 * and lone CR become LF.
 */
void utf8_clean(struct buf *b, struct str s);
/* True when s already obeys that rule. */
bool utf8_is_clean(struct str s);
/* The same for one line: tab and line ends become one space. */
void utf8_clean_line(struct buf *b, struct str s);
/* Longest prefix of at most max bytes that ends between code points. */
struct str utf8_clip(struct str s, size_t max);
/* True for characters that change the direction or hide text (U+202A..E, U+2066..9, U+200B..F,
 * U+FEFF): shown visibly by pages, removed from file names. */
bool utf8_is_trick(uint32_t cp);

#endif
