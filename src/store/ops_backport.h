/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_BACKPORT_H
#define VULNDESK_STORE_OPS_BACKPORT_H

#include "base/arena.h"
#include "store/db.h"

/* Named operations of the backports of a case (desk/backport.h); as ops_case.h. */

struct backport_row {
    int64_t id, case_id, nth, answer_nth, asked_us, answered_us; /* times: 0 = not */
    struct str question, state, progress, failure, head, message, summary, asked_by;
};
/* RC_NOTFOUND: nothing was asked about that case. */
enum rc ops_backport_of_case(struct db *db, struct arena *a, int64_t case_id,
                             struct backport_row *ret, struct err *e) WARN_UNUSED;
enum rc ops_backport_get(struct db *db, struct arena *a, int64_t id, struct backport_row *ret,
                         struct err *e) WARN_UNUSED;
/* A first row that asks nothing yet: nth 0; RC_CONFLICT: it is there. */
enum rc ops_backport_insert(struct db *db, const struct backport_row *r, int64_t *ret_id,
                            struct err *e) WARN_UNUSED;
/* Everything but id, case and progress, which becomes empty. */
enum rc ops_backport_update(struct db *db, const struct backport_row *r, struct err *e) WARN_UNUSED;
/* message. */
enum rc ops_backport_message(struct db *db, const struct backport_row *r, struct err *e)
    WARN_UNUSED;
/* summary. */
enum rc ops_backport_sum(struct db *db, const struct backport_row *r, struct err *e) WARN_UNUSED;
/* While it is asked; its case. */
enum rc ops_backport_progress(struct db *db, int64_t id, struct str what, int64_t *ret_case,
                              struct err *e) WARN_UNUSED;
/* With lines, scripts and runs to another case; its backports only to one that has none. */
enum rc ops_backport_move(struct db *db, int64_t from_case, int64_t to_case, bool backports,
                          struct err *e) WARN_UNUSED;

struct backport_line_row {
    int64_t id, backport_id, place, nth, account_id, decided_us, blob_id; /* 0 = none */
    int64_t edit_nth, edit_blob, edit_account, untested_us;
    bool wanted;
    struct str name, onto, state, failure, verdict, record, decision, reason, actor, tree, made,
        base;
    struct str edit_state, edit_failure, edit_reason, edit_by, edit_tree, untested, untested_by;
};
/* Newest first; those that are no longer wanted behind.  without_record: record is "" or "{}". */
enum rc ops_backport_lines(struct db *db, struct arena *a, int64_t backport_id, bool without_record,
                           struct backport_line_row **ret, size_t *ret_n, struct err *e)
    WARN_UNUSED;
enum rc ops_backport_line_get(struct db *db, struct arena *a, int64_t id,
                              struct backport_line_row *ret, struct err *e) WARN_UNUSED;
enum rc ops_backport_line_insert(struct db *db, const struct backport_line_row *r, int64_t *ret_id,
                                 struct err *e) WARN_UNUSED;
/* onto, place, wanted, nth, state, failure, verdict, record. */
enum rc ops_backport_line_answer(struct db *db, const struct backport_line_row *r, struct err *e)
    WARN_UNUSED;
/* onto, place, wanted, state, failure: record and nth stay. */
enum rc ops_backport_line_ask(struct db *db, const struct backport_line_row *r, struct err *e)
    WARN_UNUSED;
/* decision, reason, actor, account, decided_us, tree, made, base, blob. */
enum rc ops_backport_line_settle(struct db *db, const struct backport_line_row *r, struct err *e)
    WARN_UNUSED;
/* edit_*. */
enum rc ops_backport_line_edit(struct db *db, const struct backport_line_row *r, struct err *e)
    WARN_UNUSED;
/* untested*. */
enum rc ops_backport_line_untested(struct db *db, const struct backport_line_row *r, struct err *e)
    WARN_UNUSED;

struct reproducer_row {
    int64_t id, case_id, size, blob_id, added_us, approved_us, revoked_us; /* 0 = not */
    struct str name, source, sha256, added_by, approved, approved_by, revoked_by, revoked_why;
};
/* Newest first. */
enum rc ops_reproducers(struct db *db, struct arena *a, int64_t case_id,
                        struct reproducer_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
/* RC_NOTFOUND: the case (0: any) has no such script. */
enum rc ops_reproducer_get(struct db *db, struct arena *a, int64_t case_id, int64_t id,
                           struct reproducer_row *ret, struct err *e) WARN_UNUSED;
enum rc ops_reproducer_insert(struct db *db, const struct reproducer_row *r, int64_t *ret_id,
                              struct err *e) WARN_UNUSED;
/* approved*, revoked*. */
enum rc ops_reproducer_decide(struct db *db, const struct reproducer_row *r, struct err *e)
    WARN_UNUSED;

struct run_row {
    int64_t id, case_id, line_id, reproducer_id, log_blob, asked_us, ended_us; /* 0 = none */
    struct str question, state, progress, result, why, answer, made, asked_by;
};
/* Newest first; at most max of the case. */
enum rc ops_runs(struct db *db, struct arena *a, int64_t case_id, int64_t max, struct run_row **ret,
                 size_t *ret_n, struct err *e) WARN_UNUSED;
/* The same without what they answered. */
enum rc ops_runs_bare(struct db *db, struct arena *a, int64_t case_id, int64_t max,
                      struct run_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
enum rc ops_run_get(struct db *db, struct arena *a, int64_t id, struct run_row *ret, struct err *e)
    WARN_UNUSED;
enum rc ops_run_insert(struct db *db, const struct run_row *r, int64_t *ret_id, struct err *e)
    WARN_UNUSED;
/* state, result, why, answer, log_blob, ended_us; progress becomes empty. */
enum rc ops_run_end(struct db *db, const struct run_row *r, struct err *e) WARN_UNUSED;
enum rc ops_run_progress(struct db *db, int64_t id, struct str what, int64_t *ret_case,
                         struct err *e) WARN_UNUSED;
/* Those of a line (or of a script; the other 0) that wait become "cancelled". */
enum rc ops_runs_cancel(struct db *db, int64_t line_id, int64_t reproducer_id, int64_t now_us,
                        struct err *e) WARN_UNUSED;

#endif
