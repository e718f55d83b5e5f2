/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_BASE_INI_H
#define VULNDESK_BASE_INI_H

#include "base/str.h"

/*
 * Our INI files: one entry a line.
 *     # a comment (also ;), only where it starts the line
 *     [section]
 *     key = value, up to the end of the line; spaces and tabs at both ends are dropped
 * Nothing is quoted, escaped, continued on a next line or included.  The text must be UTF-8 without
 * controls other than tab; a byte order mark at its start and CRLF line ends are taken.  Section
 * names may hold ASCII letters, digits and "._-/:+" and single spaces inside, keys letters, digits,
 * '_' and '-'.
 */
#define INI_LINE_MAX 8192 /* bytes of a line */
#define INI_NAME_MAX 64   /* bytes of a section's or key's name */

struct ini {
    struct str rest, section; /* section: STR_NONE before the first */
    unsigned line;            /* of the entry returned or refused last, from 1 */
};
struct ini_entry {
    struct str section, key, value; /* borrowed from the text */
    unsigned line;
};

void ini_init(struct ini *i, struct str text);

/*
 * The next key.  RC_NOTFOUND at the end.  RC_INVALID for a line that is none of the above, or a key
 * before any section; e says why without the line number (it is in i->line), and the caller may go
 * on with the next line.
 */
enum rc ini_next(struct ini *i, struct ini_entry *ret_entry, struct err *e) WARN_UNUSED;

#endif
