/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_PAGE_ACCOUNT_H
#define VULNDESK_WEB_PAGE_ACCOUNT_H

#include "desk/auth.h"
#include "web/pages.h"

/* The form for login and password. to: a path of ours to go to afterwards, or empty. */
struct signin_in {
    struct str login, to, refused;
    bool by_mail; /* links can be mailed */
    bool needed;  /* it stands in place of another page, whose path is to */
};
void page_signin_form_write(struct page_frame frame, const struct signin_in *in, struct buf *out);
/* A link was ordered; the same words whether or not there is such a login. */
void page_signin_ordered_write(struct page_frame frame, struct buf *out);

struct account_in {
    const struct auth_account *me;
    const struct draft *draft; /* form: password notices away */
    struct str refused;        /* why that form was not taken */
    bool by_mail, notices;
};
void page_account_write(const struct maker *m, struct page_frame frame, const struct account_in *in,
                        struct buf *out);

#endif
