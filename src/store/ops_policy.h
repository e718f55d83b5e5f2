/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_POLICY_H
#define VULNDESK_STORE_OPS_POLICY_H

#include "base/arena.h"
#include "store/db.h"

/* Named operations on revisions of the policy and on proposals; as ops_case.h. */
#define OPS_PROPOSALS_MAX 200 /* of one list */

struct policyrev_row {
    int64_t id, proposal_id, authored_us, at_us;
    struct str text, commit_id, source, author_name, author_email, committer_name, committer_email,
        message;
};
enum rc ops_policyrev_insert(struct db *db, const struct policyrev_row *r, int64_t *ret_id,
                             struct err *e) WARN_UNUSED;
/* Id of the newest; 0 = there is none. */
enum rc ops_policyrev_last(struct db *db, int64_t *ret_id, struct err *e) WARN_UNUSED;
enum rc ops_policyrev_get(struct db *db, struct arena *a, int64_t id, struct policyrev_row *ret,
                          struct err *e) WARN_UNUSED;
/* One of them has exactly this text. */
enum rc ops_policyrev_known(struct db *db, struct str text, bool *ret, struct err *e) WARN_UNUSED;
/* The newest max of them, oldest first. */
enum rc ops_policyrev_list(struct db *db, struct arena *a, size_t max, struct policyrev_row **ret,
                           size_t *ret_n, struct err *e) WARN_UNUSED;
enum rc ops_policyrev_commit(struct db *db, int64_t id, struct str commit_id, struct err *e)
    WARN_UNUSED;

enum { APPLIES_UNKNOWN, APPLIES_YES, APPLIES_NO };
struct proposal_row {
    int64_t id, applies, revision_id, message_id, case_id, account_id, created_us, decided_us;
    struct str state, why, subject, explanation, author_name, author_email, reply_to, reply_mid,
        base_text, new_text, patch, reason;
    struct str decided_by, case_number; /* read only */
};
enum rc ops_proposal_insert(struct db *db, const struct proposal_row *p, int64_t *ret_id,
                            struct err *e) WARN_UNUSED;
/* An open one that says the same in every word; RC_NOTFOUND. */
enum rc ops_proposal_same(struct db *db, const struct proposal_row *p, int64_t *ret_id,
                          struct err *e) WARN_UNUSED;
enum rc ops_proposal_get(struct db *db, struct arena *a, int64_t id, struct proposal_row *ret,
                         struct err *e) WARN_UNUSED;
/* state '' = all.  Newest first, at most OPS_PROPOSALS_MAX; texts and patches are left empty. */
enum rc ops_proposal_list(struct db *db, struct arena *a, struct str state,
                          struct proposal_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
enum rc ops_proposal_count(struct db *db, struct str state, int64_t *ret_n, struct err *e)
    WARN_UNUSED;
/* applies, why, revision_id, base_text, new_text of an open one. */
enum rc ops_proposal_applied(struct db *db, const struct proposal_row *p, struct err *e)
    WARN_UNUSED;
/* state, account_id, reason, case_id, decided_us; RC_CONFLICT unless it is open. */
enum rc ops_proposal_decide(struct db *db, const struct proposal_row *p, struct err *e) WARN_UNUSED;

#endif
