/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_AUDIT_INSIDE_H
#define VULNDESK_DESK_AUDIT_INSIDE_H

#include "desk/audit.h"
#include "desk/inside.h"
#include "desk/job.h"
#include "store/ops_audit.h"

/* What the files about audits and job.c share. */

#define AUDIT_ANSWER_MAX   (16u << 20)
#define AUDIT_QUESTION_MAX (512 * 1024)
#define AUDIT_CUT_TEXT     16   /* bytes of "1000.000" and its NUL */
#define AUDIT_WORTH        0.70 /* recall for which the cut is set when nobody says one */

enum rc audit_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
    WARN_UNUSED;
enum rc audit_job_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
    WARN_UNUSED;
enum rc audit_job_progress(struct desk *d, int64_t subject, struct str what, int64_t *ret_case,
                           struct err *e) WARN_UNUSED;
enum rc audit_job_failed(struct desk *d, int64_t subject, struct str why, struct err *e)
    WARN_UNUSED;

/* ---- the question ---- */

/* The JSON of a form; without a flaw that of the affected versions. */
enum rc audit_question_make(struct desk *d, struct arena *a, const struct audit_ask *q,
                            struct buf *ret, struct err *e) WARN_UNUSED;
/* And back: each list of the question as lines of the form. */
enum rc audit_question_form(struct arena *a, struct str question, struct audit_ask *ret,
                            struct err *e) WARN_UNUSED;
/* "fix 1a2b3c4d5e6f; branches master, stable": for people. */
struct str audit_question_words(struct arena *a, struct str question);
/* The fix that the affected versions were asked with, a line each; empty: none. */
enum rc audit_fix_known(struct desk *d, struct arena *a, int64_t case_id, struct str *ret,
                        struct err *e) WARN_UNUSED;
/* "0.35", "1": thousandths; "0.350" and more digits are cut off. */
enum rc audit_cut_read(struct str text, int64_t *ret, struct err *e) WARN_UNUSED;
void audit_cut_write(int64_t cut, char ret[AUDIT_CUT_TEXT]);

/* ---- answer and decisions together ---- */

struct audit_listing {
    struct find_record r;
    json_t *json;               /* owned: what r borrows from */
    struct audit_hit_row *rows; /* every decision of the case */
    size_t n_rows;
    struct audit_hit_row **of; /* of each hit: its decision, NULL: none */
    bool *listed;              /* of each hit */
    size_t n_listed;
    int64_t count[AUDIT_VERDICTS]; /* of those that are listed */
    int64_t n_signed;
};
void audit_listing_auto(struct audit_listing *l);
/* The newest answer, which is there. AUTO(audit_listing) struct audit_listing l = {.json = NULL};
 */
enum rc audit_listing_read(struct desk *d, struct arena *a, const struct audit_row *row,
                           struct audit_listing *ret, struct err *e) WARN_UNUSED;
/* The key of a place in forms, and back. */
struct str audit_key(struct arena *a, struct str chunk, int64_t line_in);
bool audit_key_parse(struct str key, struct str *ret_chunk, int64_t *ret_line_in);
/* Whether there is an answer to the newest question. */
bool audit_current(const struct audit_row *row);
/* What a signature is for, in hex. */
void audit_digest(const struct audit_row *row, const struct audit_listing *l,
                  char ret[AUDIT_DIGEST + 1]);

/*
 * After every change, inside its transaction: the line of the case follows, and a sign-off that was
 * for something else ends.  why: of that.  New question: the sign-off ends whatever is there.
 */
enum rc audit_settle(struct desk *d, struct arena *a, const struct actor *who, int64_t audit_id,
                     const char *why, struct err *e) WARN_UNUSED;
enum rc audit_end_sign(struct desk *d, struct arena *a, const struct actor *who,
                       const struct audit_row *row, const char *why, struct err *e) WARN_UNUSED;
/* Goes with a case that is joined into another one; inside the transaction, before it is closed. */
enum rc audit_move(struct desk *d, struct arena *a, const struct actor *who, int64_t from_case,
                   int64_t to_case, struct err *e) WARN_UNUSED;
/* "src/a.c:120", with the repository in front where it is another. */
struct str audit_place(struct arena *a, struct str repo, struct str path, int64_t line);

/* May they sign that decision?  *ret_alone: only because nobody else is there. */
enum rc audit_may_sign(struct desk *d, struct arena *a, const struct actor *who,
                       const struct audit_hit_row *row, bool *ret_may, bool *ret_alone,
                       struct err *e) WARN_UNUSED;

#endif
