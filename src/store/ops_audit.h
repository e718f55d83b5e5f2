/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_AUDIT_H
#define VULNDESK_STORE_OPS_AUDIT_H

#include "base/arena.h"
#include "store/db.h"

/* Named operations of the audit of a case (desk/audit.h); as ops_case.h. */

struct audit_row {
    int64_t id, case_id, nth, answer_nth, cut, open, asked_us, answered_us; /* times: 0 = not */
    struct str question, state, progress, failure, answer, summary, asked_by;
};
/* RC_NOTFOUND: nothing was asked about that case.  without_answer: answer stays empty. */
enum rc ops_audit_of_case(struct db *db, struct arena *a, int64_t case_id, bool without_answer,
                          struct audit_row *ret, struct err *e) WARN_UNUSED;
enum rc ops_audit_get(struct db *db, struct arena *a, int64_t id, bool without_answer,
                      struct audit_row *ret, struct err *e) WARN_UNUSED;
/* A first row that asks nothing yet: nth 0; RC_CONFLICT: it is there. */
enum rc ops_audit_insert(struct db *db, const struct audit_row *r, int64_t *ret_id, struct err *e)
    WARN_UNUSED;
/* question, nth, cut, asked_by, asked_us; the state becomes asked, progress and failure empty. */
enum rc ops_audit_ask(struct db *db, const struct audit_row *r, struct err *e) WARN_UNUSED;
/* answer, answer_nth, summary, answered_us; the state becomes answered. */
enum rc ops_audit_answer(struct db *db, const struct audit_row *r, struct err *e) WARN_UNUSED;
enum rc ops_audit_failed(struct db *db, int64_t id, struct str why, struct err *e) WARN_UNUSED;
/* cut, open, summary. */
enum rc ops_audit_list(struct db *db, const struct audit_row *r, struct err *e) WARN_UNUSED;
/* While it is asked; its case. */
enum rc ops_audit_progress(struct db *db, int64_t id, struct str what, int64_t *ret_case,
                           struct err *e) WARN_UNUSED;

/* With its parts' affected versions to a case that has none. */
enum rc ops_audit_move(struct db *db, int64_t from_case, int64_t to_case, struct err *e)
    WARN_UNUSED;

/* ---- decisions ---- */

struct audit_hit_row {
    int64_t id, line_in, line, account_id, at_us, signed_us; /* account_id, signed_us: 0 = none */
    struct str chunk, repo, path, function, verdict, reason, actor, signer;
    bool alone;
};
/* Oldest first; those that were taken back too. */
enum rc ops_audit_hits(struct db *db, struct arena *a, int64_t audit_id, struct audit_hit_row **ret,
                       size_t *ret_n, struct err *e) WARN_UNUSED;
/* A place's row, replaced where it is there (id stays); *ret_id. */
enum rc ops_audit_hit_put(struct db *db, int64_t audit_id, const struct audit_hit_row *r,
                          int64_t *ret_id, struct err *e) WARN_UNUSED;
/* signer, signed_us, alone of a row. */
enum rc ops_audit_hit_sign(struct db *db, const struct audit_hit_row *r, struct err *e) WARN_UNUSED;
/* A place that is a part of that case: its verdict.  RC_NOTFOUND: it is none, or no longer. */
enum rc ops_audit_part(struct db *db, struct arena *a, int64_t case_id, int64_t part,
                       struct audit_hit_row *ret, struct err *e) WARN_UNUSED;
/* How many places are parts of a case. */
enum rc ops_audit_parts(struct db *db, int64_t case_id, int64_t *ret_n, struct err *e) WARN_UNUSED;

/* What other cases decided about the content of these chunks (a JSON list of keys), newest first.
 */
struct audit_hint_row {
    int64_t line_in, at_us;
    struct str chunk, case_number, verdict, reason, actor;
};
enum rc ops_audit_hints(struct db *db, struct arena *a, int64_t audit_id, struct str chunks,
                        struct audit_hint_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;

/* ---- the record ---- */

struct audit_run_row {
    int64_t nth, cut, asked_us, answered_us; /* answered_us 0: not */
    struct str question, state, failure, searched, asked_by;
};
/* Those that still wait become "replaced". */
enum rc ops_audit_run_add(struct db *db, int64_t audit_id, const struct audit_run_row *r,
                          struct err *e) WARN_UNUSED;
/* state, failure, searched, answered_us of nth. */
enum rc ops_audit_run_end(struct db *db, int64_t audit_id, const struct audit_run_row *r,
                          struct err *e) WARN_UNUSED;
/* Newest first. */
enum rc ops_audit_runs(struct db *db, struct arena *a, int64_t audit_id, int64_t max,
                       struct audit_run_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;

struct audit_sign_row {
    int64_t id, nth, cut, at_us, ended_us; /* ended_us 0: it holds */
    struct str digest, counts, signer, ended_why;
    bool alone;
};
enum rc ops_audit_sign_add(struct db *db, int64_t audit_id, const struct audit_sign_row *r,
                           struct err *e) WARN_UNUSED;
/* The one that holds; RC_NOTFOUND: none does. */
enum rc ops_audit_sign_now(struct db *db, struct arena *a, int64_t audit_id,
                           struct audit_sign_row *ret, struct err *e) WARN_UNUSED;
enum rc ops_audit_sign_end(struct db *db, int64_t id, int64_t now_us, struct str why, struct err *e)
    WARN_UNUSED;
/* Newest first. */
enum rc ops_audit_signs(struct db *db, struct arena *a, int64_t audit_id, int64_t max,
                        struct audit_sign_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;

#endif
