/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_DSN_GUESS_H
#define VULNDESK_MIME_DSN_GUESS_H

#include "mime/dsn.h"

/* The two halves of dsn_read() share these; nobody else includes this header. */

/* Recipients on their way into a result: unique without case, at most DSN_RECIPIENTS_MAX. */
struct dsn_list {
    struct arena *a;
    struct dsn_recipient *r; /* room for DSN_RECIPIENTS_MAX */
    size_t n;
    bool cut;
};
/* Adds unless it is there or is not an address; the texts are cleaned and copied. */
void dsn_list_add(struct dsn_list *l, const struct dsn_recipient *r);

/* A clean line of at most max bytes in a. */
struct str dsn_line(struct arena *a, struct str s, size_t max);
/* local@domain as a mail server would accept it. */
bool dsn_is_addr(struct str s);
/* First "d.d.d" of RFC 3463 in s, or empty. */
struct str dsn_status_in(struct str s);

/* Seems to come from a mail server: null return path, type, sender or subject. */
bool dsn_from_server(const struct dsn_input *in);

/*
 * Recipients by the wording of the text parts, for reports that are not RFC 3464.  Looks only at
 * mail for which dsn_from_server() is true.
 */
void dsn_guess(const struct dsn_input *in, struct dsn_list *l);

#endif
