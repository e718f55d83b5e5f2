/* SPDX-License-Identifier: Apache-2.0 */
/*
 * End of data and dot stuffing.  Runs in smtpd; input is hostile, each octet is looked at once.
 */
#include "smtp/data.h"

#include <string.h>

/* The length of the run from the start of s that ends behind CR LF, or all of s. */
static size_t text_run(struct smtp_data *d, struct str s)
{
    size_t at = 0;
    for (;;) {
        const char *cr = memchr(s.p + at, '\r', s.n - at);
        if (cr == NULL) {
            d->state = SMTP_DATA_TEXT;
            return s.n;
        }
        at = (size_t)(cr - s.p) + 1;
        if (at == s.n) {
            d->state = SMTP_DATA_CR;
            return at;
        }
        if (s.p[at] == '\n') {
            d->state = SMTP_DATA_LINE;
            return at + 1;
        }
    }
}

/* One octet in a state that looks at single octets. */
static void step(struct smtp_data *d, struct str *in, struct str *ret_run)
{
    char c = in->p[0];
    switch (d->state) {
    case SMTP_DATA_LINE:
        if (c != '.') {
            d->state = SMTP_DATA_TEXT;
            return;
        }
        d->state = SMTP_DATA_DOT;
        break;
    case SMTP_DATA_DOT:
        if (c != '\r') {
            d->state = SMTP_DATA_TEXT;
            return;
        }
        d->state = SMTP_DATA_DOT_CR;
        break;
    case SMTP_DATA_DOT_CR:
        if (c != '\n') {
            /* The dot began a line that goes on: it was stuffed.  The CR belongs to the mail. */
            *ret_run = STR("\r");
            d->state = SMTP_DATA_CR;
            return;
        }
        d->state = SMTP_DATA_END;
        break;
    case SMTP_DATA_CR:
        if (c != '\n') {
            d->state = SMTP_DATA_TEXT;
            return;
        }
        *ret_run = STR("\n");
        d->state = SMTP_DATA_LINE;
        break;
    case SMTP_DATA_TEXT:
    case SMTP_DATA_END:
        return;
    }
    *in = str_sub(*in, 1, in->n);
}

void smtp_data_next(struct smtp_data *d, struct str *in, struct str *ret_run)
{
    *ret_run = STR_NONE;
    while (in->n && ret_run->n == 0 && d->state != SMTP_DATA_END) {
        if (d->state != SMTP_DATA_TEXT) {
            step(d, in, ret_run);
            continue;
        }
        size_t n = text_run(d, *in);
        *ret_run = str_sub(*in, 0, n);
        *in = str_sub(*in, n, in->n);
    }
}
