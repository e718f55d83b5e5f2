/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_BASE_HEX_H
#define VULNDESK_BASE_HEX_H

#include "base/buf.h"

/* Lower-case hexadecimal. dst has 2*n+1 bytes. */
void hex_put(char *dst, const void *p, size_t n);
void hex_add(struct buf *b, struct str s);
/* Exactly n bytes from 2*n digits of either case; RC_INVALID otherwise. */
enum rc hex_get(struct str s, void *ret, size_t n, const char *what, struct err *e) WARN_UNUSED;

/* RFC 4648 base64 with padding, no line breaks; and base64url without padding. */
void base64_add(struct buf *b, struct str s);
void base64url_add(struct buf *b, struct str s);
/* Strict decoding of either alphabet, padding optional; RC_INVALID on anything else. */
enum rc base64_get(struct buf *b, struct str s, const char *what, struct err *e) WARN_UNUSED;

#endif
