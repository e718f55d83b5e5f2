/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_PROPOSAL_INSIDE_H
#define VULNDESK_DESK_PROPOSAL_INSIDE_H

#include "desk/inside.h"
#include "desk/job.h"
#include "desk/proposal.h"
#include "mime/autoreply.h"
#include "store/ops_message.h"

/* What the files about proposals, job.c and intake.c share. */
#define PROPOSAL_APPLY "proposal-apply" /* subject: a proposal */
#define POLICY_COMMIT  "policy-commit"  /* subject: a revision */

enum rc proposal_apply_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
    WARN_UNUSED;
enum rc proposal_apply_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
    WARN_UNUSED;
enum rc policy_commit_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
    WARN_UNUSED;
enum rc policy_commit_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
    WARN_UNUSED;

#define PROPOSAL_MAIL "proposal" /* kind of the mails about one, in the outbox */

/* Inside a transaction: a new revision, its commit ordered, open proposals tried again. */
enum rc policy_add_revision(struct desk *d, const struct actor *who, struct policyrev_row *r,
                            struct err *e) WARN_UNUSED;
enum rc proposal_order_apply(struct desk *d, int64_t id, int64_t revision_id, struct err *e)
    WARN_UNUSED;

/* Intake: this mail is a patch of the policy and nothing else.  Unsure is no. */
struct mail;
bool proposal_in_mail(const struct desk *d, const struct mail *m);
/* *ret: fewer than PROPOSAL_OPEN_MAX are open; else a patch is a mail like any other. */
enum rc proposal_room(struct desk *d, bool *ret, struct err *e) WARN_UNUSED;
/* It answers a mail that this desk sent about a proposal. */
enum rc proposal_answered(struct desk *d, struct arena *a, const struct mail *m, bool *ret,
                          struct err *e) WARN_UNUSED;
/* Inside intake's transaction; row is inserted, state "proposal". */
enum rc proposal_take(struct desk *d, const struct mail *m, const struct message_row *row,
                      enum autoreply_why why, int64_t *ret_id, struct err *e) WARN_UNUSED;

/* A mail to the author; nothing without an address. */
enum rc proposal_tell(struct desk *d, const struct actor *who, const struct proposal_row *p,
                      enum text_id text, struct str words, struct err *e) WARN_UNUSED;

#endif
