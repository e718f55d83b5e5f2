/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_BACKPORT_INSIDE_H
#define VULNDESK_DESK_BACKPORT_INSIDE_H

#include "desk/backport.h"
#include "desk/inside.h"
#include "desk/job.h"
#include "desk/lines_inside.h"
#include "desk/sealed.h"
#include "store/ops_backport.h"

/* What the files about backports and job.c share. */

#define BACKPORT_QUESTION_MAX (64 * 1024)
#define BACKPORT_ANSWER_MAX   (16u << 20)

enum rc backport_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
    WARN_UNUSED;
enum rc backport_job_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
    WARN_UNUSED;
enum rc backport_job_progress(struct desk *d, int64_t subject, struct str what, int64_t *ret_case,
                              struct err *e) WARN_UNUSED;
enum rc backport_job_failed(struct desk *d, int64_t subject, struct str why, struct err *e)
    WARN_UNUSED;
enum rc backport_edit_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
    WARN_UNUSED;
enum rc backport_edit_job_answer(struct desk *d, int64_t subject, const json_t *answer,
                                 struct err *e) WARN_UNUSED;
enum rc backport_edit_job_failed(struct desk *d, int64_t subject, struct str why, struct err *e)
    WARN_UNUSED;
enum rc tests_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
    WARN_UNUSED;
enum rc tests_job_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
    WARN_UNUSED;
enum rc reproduce_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
    WARN_UNUSED;
enum rc reproduce_job_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
    WARN_UNUSED;
/* Of both: what ran is in one table. */
enum rc run_job_progress(struct desk *d, int64_t subject, struct str what, int64_t *ret_case,
                         struct err *e) WARN_UNUSED;
enum rc run_job_failed(struct desk *d, int64_t subject, struct str why, struct err *e) WARN_UNUSED;
enum rc release_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
    WARN_UNUSED;
enum rc release_job_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
    WARN_UNUSED;
enum rc release_job_failed(struct desk *d, int64_t subject, struct str why, struct err *e)
    WARN_UNUSED;
enum rc backport_forget_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
    WARN_UNUSED;
enum rc backport_forget_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
    WARN_UNUSED;

/* ---- the question ---- */

/* {"fix":[...], "lines":[...]}: as a form has them; the fix that is known where it has none. */
enum rc backport_question_make(struct desk *d, struct arena *a, const struct backport_ask *q,
                               struct buf *ret, struct err *e) WARN_UNUSED;
enum rc backport_question_form(struct arena *a, struct str question, struct backport_ask *ret,
                               struct err *e) WARN_UNUSED;

/* ---- rows ---- */

enum backport_decision backport_decision_of(const struct backport_line_row *r);
/* Nothing has to be done for a line of this verdict. */
bool backport_is_free(enum port_verdict v);
/* The line of that name which is asked about; RC_NOTFOUND. */
enum rc backport_line_find(struct backport_line_row *rows, size_t n, struct str name,
                           struct backport_line_row **ret, struct err *e) WARN_UNUSED;
/* Reads a row's record; *ret_j is owned by the caller and what *ret borrows from. RC_NOTFOUND: it
 * has none. */
enum rc backport_record_of(struct arena *a, const struct backport_line_row *r, json_t **ret_j,
                           struct port_line *ret, struct err *e) WARN_UNUSED;

/* How a line stands. */
struct standing {
    enum backport_decision decision;
    bool has, free; /* an answer; nothing has to be done: it has the fix, or never had the flaw */
    bool ready;
    const char *result;            /* of the tests that count: pass fail untested, "" none */
    const struct run_row *counted; /* that run; NULL */
    bool runs;                     /* one waits */
};
/* runs: newest first, of the whole case. */
struct standing backport_standing(const struct backport_line_row *r, const struct run_row *runs,
                                  size_t n_runs);
#define BACKPORT_RUNS_MAX 2000 /* of a case that are looked at */

/* After every change, inside its transaction: the summary and the facts of the case follow. */
enum rc backport_count(struct desk *d, struct arena *a, const struct actor *who, int64_t id,
                       const char *why, struct err *e) WARN_UNUSED;

/* Inside a transaction: the open lines that are older than this place are asked for again; a job is
 * ordered when there are some. */
enum rc backport_rerun(struct desk *d, struct arena *a, const struct actor *who,
                       struct backport_row *row, int64_t place, struct err *e) WARN_UNUSED;
/* Inside a transaction: the tests of a line's candidate, where the register has a command; false:
 * there is none, or they wait already. */
enum rc backport_order_tests(struct desk *d, struct arena *a, const struct actor *who,
                             const struct backport_row *row, const struct backport_line_row *line,
                             bool *ret_ordered, struct err *e) WARN_UNUSED;
/* Goes with a case that is joined into another one; inside the transaction. */
enum rc backport_move(struct desk *d, struct arena *a, const struct actor *who, int64_t from_case,
                      int64_t to_case, struct err *e) WARN_UNUSED;
/* Before a case is erased: that its objects are removed is ordered.  They lie in a folder that is
 * named by the row of its backports, which goes with it to another case. */
enum rc backport_erase(struct desk *d, struct arena *a, int64_t case_id, struct err *e) WARN_UNUSED;

/* The message that the commits of a line get: a person's or the engine's, scrubbed, with the
 * engine's trailers. */
enum rc backport_message_of(struct desk *d, struct arena *a, const struct backport_row *row,
                            const struct port_line *line, struct scrubbed *ret, struct err *e)
    WARN_UNUSED;
/* The same with nothing taken out, once the flaw is public. */
enum rc backport_message_entire(struct arena *a, const struct backport_row *row,
                                const struct port_line *line, struct str *ret, struct err *e)
    WARN_UNUSED;
/* Inside a transaction: what was given out of a line is of a decision that holds no more. */
enum rc backport_release_end(struct desk *d, struct arena *a, int64_t line_id, struct err *e)
    WARN_UNUSED;
/* Fills the release of every line that is shown; runs: of the case. */
enum rc view_backport_releases(struct desk *d, struct arena *a, int64_t backport_id,
                               struct view_backport *v, struct err *e) WARN_UNUSED;
/* A commit as a mail with another message. */
enum rc backport_mail_with(struct str patch, struct str message, struct buf *ret, struct err *e)
    WARN_UNUSED;

#endif
