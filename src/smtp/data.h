/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SMTP_DATA_H
#define VULNDESK_SMTP_DATA_H

#include "base/str.h"

/*
 * The octets between DATA and CR LF "." CR LF (RFC 5321 4.5.2): finds the end, takes the stuffed
 * dots out, keeps everything else.  A line begins after CR LF and nowhere else, so a dot after a
 * bare LF or a bare CR is an ordinary octet.
 */
enum smtp_data_state {
    SMTP_DATA_LINE,   /* at the start of a line */
    SMTP_DATA_DOT,    /* after a dot there, which is held back */
    SMTP_DATA_DOT_CR, /* after that dot and CR, both held back */
    SMTP_DATA_TEXT,
    SMTP_DATA_CR, /* after CR in a line */
    SMTP_DATA_END,
};

struct smtp_data {
    enum smtp_data_state state;
};

#define SMTP_DATA_INIT                                                                             \
    {                                                                                              \
        SMTP_DATA_LINE                                                                             \
    }

/*
 * Reads on.  Takes the next run of *in that can be handed on as it is: *ret_run borrows from the
 * input (or is a constant), and may be empty.  Moves *in behind what was read.  Call until *in is
 * empty or the state is SMTP_DATA_END; then *in begins with what follows the mail.
 */
void smtp_data_next(struct smtp_data *d, struct str *in, struct str *ret_run);

#endif
