/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_PAGE_POLICY_H
#define VULNDESK_WEB_PAGE_POLICY_H

#include "desk/proposal.h"
#include "web/pages.h"

/* Pages about proposals to the policy; as pages.h. */
#define PAGE_DIFF_LINES 2000   /* lines of a difference on a page */
#define PAGE_DIFF_BYTES 400000 /* bytes of them together */
#define PAGE_DIFF_LINE  8000   /* bytes of one */

struct proposals_in {
    const struct proposal_row *rows;
    size_t n;
    struct str state; /* which list */
    int64_t open;     /* how many are */
    bool has_policy;
    struct policyrev_row now; /* without its text */
    struct str public_url;
};
/* The state that a list is asked for by ?state=; NULL when there is none such. */
const char *proposals_state_known(struct str state);
void page_proposals_write(const struct maker *m, struct page_frame frame,
                          const struct proposals_in *in, struct buf *out);
void page_proposal_write(const struct maker *m, struct page_frame frame,
                         const struct view_proposal *v, const struct draft *draft, struct buf *out);

struct propose_in {
    int64_t base;
    struct str text, subject, explanation, name, email;
    const struct diff *preview; /* NULL: not yet */
    int64_t sent;               /* number of the proposal; 0: not yet */
};
void page_propose_write(const struct maker *m, struct page_frame frame, const struct propose_in *in,
                        struct buf *out);

#endif
