/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_PAGE_FORM_H
#define VULNDESK_WEB_PAGE_FORM_H

#include "web/pages.h"

/* The report form.  typed: what to put into it, or NULL; contacts: where mail goes. */
struct new_in {
    const struct http_form *typed;
    struct str token;
    bool again; /* files have to be chosen again */
    int64_t max_mb;
    const struct str *contacts;
    size_t n_contacts;
};
void page_new_write(const struct maker *m, struct page_frame frame, const struct new_in *in,
                    struct buf *out);

/* What a private link is shown for. */
enum link_why {
    LINK_REPORTED, /* a report with an address */
    LINK_REPORTED_ANONYMOUS,
    LINK_NEXT,     /* the one before was spent */
    LINK_REOPENED, /* words on a closed case opened a new one */
};
/* base: of the public pages, may be empty; mails: acknowledgements do leave this desk. */
struct link_in {
    enum link_why why;
    struct str base, secret;
    bool mails;
};
void page_link_write(const struct maker *m, struct page_frame frame, const struct link_in *in,
                     struct buf *out);

/* The names of the form's fields, for the route. */
#define NEW_TITLE       "title"
#define NEW_DESCRIPTION "description"
#define NEW_STEPS       "steps"
#define NEW_VERSION     "version"
#define NEW_NAME        "name"
#define NEW_ADDRESS     "address"
#define NEW_TRAP        "website" /* people do not see it */

#endif
