/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_JOB_H
#define VULNDESK_DESK_JOB_H

#include "desk/desk.h"

/*
 * Engine jobs of the desk.  A task of one of these kinds is a question to an engine (engine/): the
 * desk writes the question when the task is due, core has the worker ask it in a confined child,
 * and the desk takes the answer in.  A new job is one row of jobs[] in job.c and one row of
 * kinds[] in serve/engine.c.
 */
struct desk_ask {
    const char *engine; /* kind of serve/engine.c; NULL: nothing to ask, the task is done */
    struct buf args;    /* a small JSON object */
    struct buf input;   /* what is too large for it; may be empty */
};
#define DESK_ASK_ARGS_MAX  (64u << 10)
#define DESK_ASK_INPUT_MAX (8u << 20)
#define DESK_ASK_INIT                                                                              \
    {                                                                                              \
        .engine = NULL, .args = BUF_INIT(DESK_ASK_ARGS_MAX), .input = BUF_INIT(DESK_ASK_INPUT_MAX) \
    }
void desk_ask_release(struct desk_ask *q);

extern const char *const desk_job_kinds[]; /* kinds of tasks; a NULL at the end */
bool desk_job_known(struct str kind);

/* In a transaction: the job is to be done, once for each subject and nth (0: once for the subject).
 */
enum rc desk_job_order(struct desk *d, const char *kind, int64_t subject, int64_t nth,
                       struct err *e) WARN_UNUSED;
/* Both outside a transaction.  An answer may come late or twice: it is taken in only while it still
 * fits what is there. */
enum rc desk_job_ask(struct desk *d, struct str kind, int64_t subject, struct desk_ask *ret_q,
                     struct err *e) WARN_UNUSED;
enum rc desk_job_answer(struct desk *d, struct str kind, int64_t subject, struct str answer,
                        struct err *e) WARN_UNUSED;
/* How far a job is, a line for a person; *ret_case: whose page shows it, 0 none. */
enum rc desk_job_progress(struct desk *d, struct str kind, int64_t subject, struct str what,
                          int64_t *ret_case, struct err *e) WARN_UNUSED;
/* The engine said no, died or took too long.  RC_OK: that is recorded and the task is done;
 * RC_NOTFOUND: a job of this kind is tried again. */
enum rc desk_job_failed(struct desk *d, struct str kind, int64_t subject, struct str why,
                        struct err *e) WARN_UNUSED;

#endif
