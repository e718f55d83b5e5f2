/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of engine jobs.  Runs in core; answers are a stranger's texts and are checked by the
 * subject they are for.
 */
#include "desk/job.h"

#include "base/utf8.h"
#include "desk/affected_inside.h"
#include "desk/audit_inside.h"
#include "desk/backport_inside.h"
#include "desk/proposal_inside.h"
#include "store/task.h"

#define ANSWER_MAX (16u << 20)
#define WORDS_MAX  500 /* bytes of progress and of a failure's reason that are kept */

static const struct {
    const char *kind;
    enum rc (*ask)(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e);
    enum rc (*answer)(struct desk *d, int64_t subject, const json_t *answer, struct err *e);
    /* May be NULL; their texts are clean and short: */
    enum rc (*progress)(struct desk *d, int64_t subject, struct str what, int64_t *ret_case,
                        struct err *e);
    enum rc (*failed)(struct desk *d, int64_t subject, struct str why, struct err *e);
} jobs[] = {
    {PROPOSAL_APPLY, proposal_apply_ask, proposal_apply_answer, NULL, NULL},
    {POLICY_COMMIT, policy_commit_ask, policy_commit_answer, NULL, NULL},
    {AFFECTED_JOB, affected_job_ask, affected_job_answer, affected_job_progress,
     affected_job_failed},
    {AFFECTED_PART_JOB, affected_part_job_ask, affected_part_job_answer, affected_part_job_progress,
     affected_part_job_failed},
    {AUDIT_JOB, audit_job_ask, audit_job_answer, audit_job_progress, audit_job_failed},
    {LINES_JOB, lines_job_ask, lines_job_answer, lines_job_progress, lines_job_failed},
    {BACKPORT_JOB, backport_job_ask, backport_job_answer, backport_job_progress,
     backport_job_failed},
    {BACKPORT_EDIT_JOB, backport_edit_job_ask, backport_edit_job_answer, NULL,
     backport_edit_job_failed},
    {BACKPORT_TESTS_JOB, tests_job_ask, tests_job_answer, run_job_progress, run_job_failed},
    {REPRODUCE_JOB, reproduce_job_ask, reproduce_job_answer, run_job_progress, run_job_failed},
    {BACKPORT_RELEASE_JOB, release_job_ask, release_job_answer, NULL, release_job_failed},
    {BACKPORT_FORGET, backport_forget_ask, backport_forget_answer, NULL, NULL},
};
const char *const desk_job_kinds[] = {PROPOSAL_APPLY,
                                      POLICY_COMMIT,
                                      AFFECTED_JOB,
                                      AFFECTED_PART_JOB,
                                      AUDIT_JOB,
                                      LINES_JOB,
                                      BACKPORT_JOB,
                                      BACKPORT_EDIT_JOB,
                                      BACKPORT_TESTS_JOB,
                                      REPRODUCE_JOB,
                                      BACKPORT_RELEASE_JOB,
                                      BACKPORT_FORGET,
                                      NULL};

void desk_ask_release(struct desk_ask *q)
{
    buf_release(&q->args);
    buf_release(&q->input);
}

bool desk_job_known(struct str kind)
{
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        if (str_eq(kind, str_c(jobs[i].kind)))
            return true;
    return false;
}

enum rc desk_job_order(struct desk *d, const char *kind, int64_t subject, int64_t nth,
                       struct err *e)
{
    AUTO(buf) struct buf key = BUF_INIT(TASK_KEY_MAX);
    buf_addf(&key, "%s:%lld", kind, (long long)subject);
    if (nth)
        buf_addf(&key, ":%lld", (long long)nth);
    struct task_new t = {.kind = kind,
                         .key = buf_str(&key),
                         .lane = LANE_ENGINES,
                         .subject = subject,
                         .arg = STR_NONE,
                         .fair = STR_NONE};
    return task_add(d->db, &t, NULL, e);
}

enum rc desk_job_ask(struct desk *d, struct str kind, int64_t subject, struct desk_ask *ret_q,
                     struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        if (str_eq(kind, str_c(jobs[i].kind)))
            return jobs[i].ask(d, subject, ret_q, e);
    return err_set(e, RC_INVALID, "a job of a kind that the desk does not know");
}

enum rc desk_job_answer(struct desk *d, struct str kind, int64_t subject, struct str answer,
                        struct err *e)
{
    AUTO(json) json_t *j = NULL;
    TRY(json_parse(answer, ANSWER_MAX, "the answer of a job", &j, e));
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        if (str_eq(kind, str_c(jobs[i].kind)))
            return jobs[i].answer(d, subject, j, e);
    return err_set(e, RC_INVALID, "a job of a kind that the desk does not know");
}

enum rc desk_job_progress(struct desk *d, struct str kind, int64_t subject, struct str what,
                          int64_t *ret_case, struct err *e)
{
    *ret_case = 0;
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        if (!str_eq(kind, str_c(jobs[i].kind)) || jobs[i].progress == NULL)
            continue;
        if (!utf8_is_clean(what))
            return err_set(e, RC_INVALID, "progress that is not plain text");
        return jobs[i].progress(d, subject, utf8_clip(what, WORDS_MAX), ret_case, e);
    }
    return RC_OK;
}

enum rc desk_job_failed(struct desk *d, struct str kind, int64_t subject, struct str why,
                        struct err *e)
{
    AUTO(buf) struct buf clean = BUF_INIT(4 * WORDS_MAX);
    utf8_clean_line(&clean, str_sub(why, 0, WORDS_MAX));
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        if (str_eq(kind, str_c(jobs[i].kind)) && jobs[i].failed)
            return jobs[i].failed(d, subject, utf8_clip(buf_str(&clean), WORDS_MAX), e);
    return err_set(e, RC_NOTFOUND, "a failure of that job is no answer");
}
