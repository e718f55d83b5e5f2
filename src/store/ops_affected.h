/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_AFFECTED_H
#define VULNDESK_STORE_OPS_AFFECTED_H

#include "base/arena.h"
#include "store/db.h"

/*
 * Named operations of the affected versions of a case (desk/affected.h); as ops_case.h.  A place
 * that joined a case (ops_audit.h) is a part of it and has affected versions of its own, in a table
 * of the same shape: id and part together name a row, part 0 is the case itself.
 */
struct affected_row {
    int64_t id, case_id, part, nth, answer_nth, chosen_us, asked_us, answered_us; /* 0 = not */
    struct str question, state, progress, failure, answer, summary, chosen, chosen_by;
    struct str case_number;
};
/* case_id and part of *r say whose.  RC_NOTFOUND: nothing was asked about it.  without_answer:
 * answer stays empty. */
enum rc ops_affected_of(struct db *db, struct arena *a, bool without_answer, struct affected_row *r,
                        struct err *e) WARN_UNUSED;
/* Those of the parts of a case, without their answers. */
enum rc ops_affected_parts(struct db *db, struct arena *a, int64_t case_id,
                           struct affected_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
/* is_part: the id is one of the parts' table. */
enum rc ops_affected_get(struct db *db, struct arena *a, bool is_part, int64_t id,
                         struct affected_row *ret, struct err *e) WARN_UNUSED;
/* case_id, part, question, nth, state, chosen, chosen_by, chosen_us, asked_us; RC_CONFLICT: it is
 * there. */
enum rc ops_affected_insert(struct db *db, const struct affected_row *r, int64_t *ret_id,
                            struct err *e) WARN_UNUSED;
/* The same of a row; progress and failure become empty. */
enum rc ops_affected_ask(struct db *db, const struct affected_row *r, struct err *e) WARN_UNUSED;
/* state, failure, answer, answer_nth, summary, answered_us */
enum rc ops_affected_answer(struct db *db, const struct affected_row *r, struct err *e) WARN_UNUSED;
enum rc ops_affected_failed(struct db *db, const struct affected_row *r, struct str why,
                            struct err *e) WARN_UNUSED;
/* While it is asked; its case. */
enum rc ops_affected_progress(struct db *db, bool is_part, int64_t id, struct str what,
                              int64_t *ret_case, struct err *e) WARN_UNUSED;

/* What a case has goes with it into another one that has none; not that of its parts. */
enum rc ops_affected_move(struct db *db, int64_t from_case, int64_t to_case, struct err *e)
    WARN_UNUSED;

struct affected_tag_row {
    struct str tag, status, reason, actor;
    int64_t at_us;
};
enum rc ops_affected_tag_put(struct db *db, const struct affected_row *of,
                             const struct affected_tag_row *r, struct err *e) WARN_UNUSED;
/* RC_NOTFOUND: there is none. */
enum rc ops_affected_tag_drop(struct db *db, const struct affected_row *of, struct str tag,
                              struct err *e) WARN_UNUSED;
/* Oldest first. */
enum rc ops_affected_tags(struct db *db, struct arena *a, const struct affected_row *of,
                          struct affected_tag_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;

#endif
