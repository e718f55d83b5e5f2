/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_DRAFT_H
#define VULNDESK_DESK_DRAFT_H

#include "desk/desk.h"

/*
 * What a member of the team is writing, kept until it is sent: one draft for each account, case and
 * thread (thread 0: the note).  Drafts are nobody's business but their author's and are no events;
 * that there is one is shown to the colleagues (DRAFT_FRESH_US).
 */
#define DRAFT_FRESH_US INT64_C(120000000) /* younger than this: somebody is writing */

struct draft_new {
    int64_t case_id, thread_id;
    struct str text;  /* empty: none any more */
    struct str token; /* of the form (desk/reply.h); what was sent already is not kept again */
};
/* An account of the team only, the command line has no drafts: RC_DENIED.  The thread must be of
 * the case.  *ret_kept: there is a draft now. */
enum rc draft_keep(struct desk *d, const struct actor *who, const struct draft_new *n,
                   bool *ret_kept, struct err *e) WARN_UNUSED;

#endif
