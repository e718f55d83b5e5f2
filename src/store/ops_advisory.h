/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_ADVISORY_H
#define VULNDESK_STORE_OPS_ADVISORY_H

#include "base/arena.h"
#include "store/db.h"

/* Named operations on advisories, their revisions, credits and mails; as ops_case.h. */
struct advisory_row {
    int64_t id, case_id, year, nth, revision;
    int64_t planned_us, published_us, modified_us, withdrawn_us; /* 0 = not */
    struct str number;                                           /* empty before publication */
    struct str state, withdrawn_reason;
    struct str case_number, case_title; /* read only */
};
enum rc ops_advisory_insert(struct db *db, const struct advisory_row *r, int64_t *ret_id,
                            struct err *e) WARN_UNUSED;
enum rc ops_advisory_get(struct db *db, struct arena *a, int64_t id, struct advisory_row *ret,
                         struct err *e) WARN_UNUSED;
enum rc ops_advisory_of_case(struct db *db, struct arena *a, int64_t case_id,
                             struct advisory_row *ret, struct err *e) WARN_UNUSED;
/* Of a published one. */
enum rc ops_advisory_by_number(struct db *db, struct arena *a, struct str number,
                               struct advisory_row *ret, struct err *e) WARN_UNUSED;
/* Everything that changes: number to withdrawn_reason of the row. */
enum rc ops_advisory_update(struct db *db, const struct advisory_row *r, struct err *e) WARN_UNUSED;
enum rc ops_advisory_last_nth(struct db *db, int64_t year, int64_t *ret_nth, struct err *e)
    WARN_UNUSED;
/* All, those that are not public first, then the newest change first; or the public ones alone. */
enum rc ops_advisory_list(struct db *db, struct arena *a, bool is_public, int64_t max,
                          struct advisory_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
/* What a case has goes with it into another one that has none. */
enum rc ops_advisory_move(struct db *db, int64_t from_case, int64_t to_case, struct err *e)
    WARN_UNUSED;

struct revision_row {
    int64_t id, advisory_id, nth, author_id, approver_id;
    int64_t created_us, approved_us, published_us; /* 0 = not */
    struct str title, body, facts, summary, author, approver;
    struct str picture; /* desk/affected.h: affected_picture, or empty */
};
enum rc ops_revision_insert(struct db *db, const struct revision_row *r, struct err *e) WARN_UNUSED;
/* nth 0: the newest that is public. */
enum rc ops_revision_get(struct db *db, struct arena *a, int64_t advisory_id, int64_t nth,
                         struct revision_row *ret, struct err *e) WARN_UNUSED;
/* Oldest first. */
enum rc ops_revision_list(struct db *db, struct arena *a, int64_t advisory_id,
                          struct revision_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
/* facts, approver, approver_id, approved_us, published_us of the row. */
enum rc ops_revision_update(struct db *db, const struct revision_row *r, struct err *e) WARN_UNUSED;

struct credit_row {
    int64_t id, case_id, participant_id, changed_us; /* participant_id 0 = nobody of the case */
    struct str name, role, decision;
    struct str email; /* of the participant, read only */
};
enum rc ops_credit_insert(struct db *db, const struct credit_row *r, int64_t *ret_id, struct err *e)
    WARN_UNUSED;
/* Of a case: of its participants, wherever they came from, and those that a person added. */
enum rc ops_credit_list(struct db *db, struct arena *a, int64_t case_id, struct credit_row **ret,
                        size_t *ret_n, struct err *e) WARN_UNUSED;
enum rc ops_credit_of(struct db *db, struct arena *a, int64_t participant_id,
                      struct credit_row *ret, struct err *e) WARN_UNUSED;
/* name, role, decision, changed_us */
enum rc ops_credit_update(struct db *db, const struct credit_row *r, struct err *e) WARN_UNUSED;

/* Announcements of a case, oldest first. */
struct announcement_row {
    int64_t id, created_us, changed_us;
    struct str rcpt, state, answer;
};
enum rc ops_announcements(struct db *db, struct arena *a, int64_t case_id,
                          struct announcement_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;

#endif
