/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_PAGE_ADVISORY_H
#define VULNDESK_WEB_PAGE_ADVISORY_H

#include "desk/advisory.h"
#include "web/pages.h"

/* Pages about advisories; pure, as pages.h.  RC_LIMIT: the Markdown is too long to render. */
enum rc page_advisory_write(const struct maker *m, struct page_frame frame,
                            const struct view_advisory *v, const struct draft *draft,
                            struct buf *out, struct err *e) WARN_UNUSED;
void page_advisory_diff_write(const struct maker *m, struct page_frame frame,
                              const struct view_advisory *v, size_t at, struct buf *out);
void page_advisories_write(const struct maker *m, struct page_frame frame,
                           const struct view_advisory_row *r, size_t n, struct buf *out);
enum rc page_advisory_public_write(const struct maker *m, struct page_frame frame,
                                   const struct adv_doc *d, struct buf *out, struct err *e)
    WARN_UNUSED;
void page_advisories_public_write(const struct maker *m, struct page_frame frame,
                                  const struct adv_doc *d, size_t n, struct buf *out);

/* chosen: the decision, as stored or as typed before an error. */
void page_reporter_credit_write(struct page_frame frame, struct str chosen, struct str name,
                                struct buf *out);

#endif
