/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_PROPOSAL_H
#define VULNDESK_DESK_PROPOSAL_H

#include "desk/behave.h"
#include "desk/diff.h"
#include "store/ops_policy.h"

/*
 * Comments on the policy as pull requests.  The text that is served is the newest row of
 * policy_revision; each revision becomes a commit in the desk's own repository
 * (DATA/engine/policy/policy.git).  A proposal is a patch that came by mail or a text from the web
 * form; an engine child says what it makes of the policy as it is now, and says so again after each
 * new revision.  Where a proposal and a newer text meet in the same lines it does not apply: it
 * stays open, says so, and is tried again with the next revision.
 *
 * The configured file (policy.file) is taken in at the start of the desk when its text was never a
 * revision before: then somebody edited it.  It wins over what was merged before, which stays in
 * the history.
 *
 * Events of the desk's chain: policy.revision policy.proposed policy.merged policy.rejected
 * policy.case policy.answered.
 */
#define PROPOSAL_SUBJECT_MAX 300
#define PROPOSAL_WHY_MAX     (64 * 1024) /* bytes of an explanation */
#define PROPOSAL_TEXT_MAX    (200 * 1024)
#define PROPOSAL_PATCH_MAX   (512 * 1024)
#define PROPOSAL_OPEN_MAX    500 /* open ones; more are refused (web) or become cases (mail) */
#define PROPOSAL_BASES       8   /* revisions that a patch is tried on */

/* ---- the policy ---- */
/* At the start: text of policy.file (empty: none).  *ret_new: it became a revision. */
enum rc policy_take_file(struct desk *d, struct str text, bool *ret_new, struct err *e) WARN_UNUSED;
/* At the start: the desk's repository of this machine is brought up to date, or made again. */
enum rc policy_order_commit(struct desk *d, struct err *e) WARN_UNUSED;
/* Id of what is served; 0 without a policy.  One cheap query, for polling. */
enum rc policy_revision_now(struct desk *d, int64_t *ret_id, struct err *e) WARN_UNUSED;
enum rc policy_revision_get(struct desk *d, struct arena *a, int64_t id, struct policyrev_row *ret,
                            struct err *e) WARN_UNUSED;
enum rc policy_revision_text(struct desk *d, struct arena *a, int64_t id, struct str *ret_text,
                             struct err *e) WARN_UNUSED;
/* The file's name in patches: the last part of policy.file. */
struct str policy_file_name(const struct desk *d);
/* A patch of this file is one of the policy: that name, alone or in .github/ or docs/. */
bool policy_is_file(const struct desk *d, struct str path);

/* ---- proposals ---- */
/* From the web form: made from revision base_id, whose text the person saw. */
struct proposal_form {
    int64_t base_id;
    struct str text, name, email, subject, explanation;
};
/* RC_INVALID: nothing is changed, or base_id is no revision; RC_LIMIT: too many are open. */
enum rc proposal_from_form(struct desk *d, const struct proposal_form *f, int64_t *ret_id,
                           struct err *e) WARN_UNUSED;
/* The difference that the form would propose; in the arena.  Checks as proposal_from_form. */
enum rc proposal_preview(struct desk *d, struct arena *a, const struct proposal_form *f,
                         struct diff *ret_d, struct err *e) WARN_UNUSED;

/* A person decides.  revision_id is the policy_revision that the decision was shown against:
 * RC_INVALID when the policy moved meanwhile, so nobody merges what was not seen. */
enum rc proposal_merge(struct desk *d, const struct actor *who, int64_t id, int64_t revision_id,
                       struct err *e) WARN_UNUSED;
enum rc proposal_reject(struct desk *d, const struct actor *who, int64_t id, struct str reason,
                        struct err *e) WARN_UNUSED;
/* A mail to the author; the proposal stays as it is. */
enum rc proposal_answer(struct desk *d, const struct actor *who, int64_t id, struct str text,
                        struct err *e) WARN_UNUSED;
/* It is a report: a case, acknowledged from now on.  ret_number has VCASE_NUMBER_MAX bytes. */
enum rc proposal_to_case(struct desk *d, const struct actor *who, int64_t id, struct str reason,
                         char *ret_number, struct err *e) WARN_UNUSED;

/* ---- for pages and commands ---- */
struct view_proposal {
    struct proposal_row p;
    bool stale; /* open, and does not apply to the policy as it is now */
    bool ready; /* open, applies, and was computed on the policy as it is now */
    bool has_diff;
    struct diff diff;
    struct behaviour *behaviour;
    size_t n_behaviour;
};
enum rc view_proposal(struct desk *d, const struct actor *who, struct arena *a, int64_t id,
                      struct view_proposal *ret, struct err *e) WARN_UNUSED;
enum rc view_proposals(struct desk *d, const struct actor *who, struct arena *a, struct str state,
                       struct proposal_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
enum rc proposals_open(struct desk *d, int64_t *ret_n, struct err *e) WARN_UNUSED;
/* Merged ones as mails that `git am` takes, oldest first; id 0 = all. */
enum rc proposal_export(struct desk *d, const struct actor *who, int64_t id, struct buf *b,
                        struct err *e) WARN_UNUSED;

#endif
