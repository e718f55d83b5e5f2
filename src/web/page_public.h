/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_PAGE_PUBLIC_H
#define VULNDESK_WEB_PAGE_PUBLIC_H

#include "desk/webform.h"
#include "web/pages.h"

/* The policy (Markdown) with the addresses that take reports.  RC_LIMIT: too long to render. */
struct policy_in {
    struct str text;
    const struct str *contacts;
    size_t n_contacts;
    bool answers; /* acknowledgements do leave this desk */
    bool open;    /* changes can be proposed */
};
enum rc page_policy_write(const struct maker *m, struct page_frame frame,
                          const struct policy_in *in, struct buf *out, struct err *e) WARN_UNUSED;
/* What a reporter's link leads to.  secret is one of ours (base64url). */
struct way_in {
    enum way_back_state state;
    bool can_mail; /* an address is on file */
};
void page_way_back_write(struct page_frame frame, const struct way_in *in, struct str secret,
                         struct buf *out);
/* The report behind that link is not a case yet. */
void page_way_wait_write(struct page_frame frame, enum webform_wait wait, struct buf *out);
/* After a new link was asked for: the same words whether or not there was anything to send. */
void page_renewed_write(struct page_frame frame, struct buf *out);
void page_signin_write(struct page_frame frame, struct str secret, struct buf *out);

#endif
