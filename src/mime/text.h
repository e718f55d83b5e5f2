/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_TEXT_H
#define VULNDESK_MIME_TEXT_H

#include "base/arena.h"
#include "base/buf.h"

/*
 * Text bodies made readable.  Pure, linear, in one pass over UTF-8 (invalid bytes go through: the
 * caller cleans).  Each stops quietly when out is full.  Runs in the parse child.
 */
#define TEXT_QUOTE_MAX 20   /* quote marks written in front of a line */
#define TEXT_URL_MAX   2000 /* longer link targets are left out */

/* format=flowed (RFC 3676): joins flowed lines, removes stuffing, keeps quote depth. */
void text_unflow(struct buf *out, struct str s, bool delsp);

/*
 * HTML to text by a tokenizer, no tree: scripts, styles, comments and attributes are dropped,
 * character references decoded, blocks give line ends, list items "- ", cells a tab, quotes "> ",
 * links "text <url>" when the URL is http, https, ftp or mailto, images "[alt]".  What a browser
 * would hide by style is shown.  Never gives back markup for markup: "<" in out comes from text.
 */
void text_from_html(struct buf *out, struct str html);

/*
 * A safe file name (mail_file_name_ok) out of what the mail says: last path component, without
 * controls and direction tricks, reserved characters as '_'.  "part-N.ext" by type when nothing is
 * left.  *ret_changed: it differs from orig.
 */
struct str text_file_name(struct arena *a, struct str orig, int64_t part, struct str type,
                          bool *ret_changed);

#endif
