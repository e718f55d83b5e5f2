/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine jobs: a due task becomes a question to the worker, its answer a change in the store.  Runs
 * in core.  What the engine answers was made out of hostile texts and is checked by desk/job.c.
 */
#include <unistd.h>

#include "base/log.h"
#include "desk/job.h"
#include "os/clock.h"
#include "os/file.h"
#include "serve/core.h"
#include "serve/engine.h"
#include "store/task.h"

static struct core_job *job_slot(struct core *c)
{
    for (size_t i = 0; i < CORE_JOBS_MAX; i++)
        if (c->jobs[i].number == 0)
            return &c->jobs[i];
    return NULL;
}

/* Does this engine run foreign programs? Then the runner does it. */
static bool does_run(const char *engine)
{
    const struct engine_kind *k;
    struct err e = ERR_INIT;
    return engine_kind_find(str_c(engine), &k, &e) == RC_OK && k->place == ENGINE_RUN;
}

size_t core_jobs_free(const struct core *c, bool runs)
{
    size_t n = 0, running = 0;
    for (size_t i = 0; i < CORE_JOBS_MAX; i++) {
        n += c->jobs[i].number == 0;
        running += c->jobs[i].number != 0 && c->jobs[i].runs;
    }
    /* Runs take hours: they leave room for the others. */
    if (runs)
        return running >= CORE_RUNS_MAX      ? 0
               : n < CORE_RUNS_MAX - running ? n
                                             : CORE_RUNS_MAX - running;
    return n;
}

size_t core_job_kinds(bool runs, const char *ret_kinds[CORE_KINDS_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; desk_job_kinds[i]; i++) {
        if (does_run(desk_job_kinds[i]) != runs)
            continue;
        BUG_ON(n == CORE_KINDS_MAX);
        ret_kinds[n++] = desk_job_kinds[i];
    }
    ret_kinds[n] = NULL;
    return n;
}

static struct task task_of(const struct core_job *j)
{
    return (struct task){.id = j->task_id, .attempt = j->attempt, .kind = str_c(j->kind)};
}

static enum rc send(struct core *c, const struct core_job *j, const struct desk_ask *q,
                    struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(WIRE_JOB_MAX + 1000);
    AUTO(fd) int fd = -1;
    enum role role = j->runs ? ROLE_RUNNER : ROLE_WORKER;
    struct chan *worker = role_find(&c->role, role);
    if (worker == NULL)
        return err_set(e, RC_BUSY, "the %s is not there yet", role_name(role));
    if (q->input.n > 0)
        TRY(memfd_of(buf_str(&q->input), "job", &fd, e));
    wire_put_job(&b, &(struct wire_job){j->number, str_c(q->engine), buf_str(&q->args)});
    enum rc rc = role_send(&c->role, worker, WIRE_JOB, 0, &b, fd_take(&fd), e);
    return rc == RC_CLOSED ? err_set(e, RC_BUSY, "the worker went away") : rc;
}

void core_job_start(struct core *c, const struct task *t)
{
    struct err e = ERR_INIT;
    struct desk_ask q = DESK_ASK_INIT;
    struct core_job *j = job_slot(c);
    enum rc rc = j ? RC_OK : err_set(&e, RC_BUSY, "too many jobs with the worker");
    if (rc == RC_OK)
        rc = desk_job_ask(&c->desk, t->kind, t->subject, &q, &e);
    if (rc == RC_OK && q.engine) {
        *j = (struct core_job){.number = ++c->last_ticket,
                               .task_id = t->id,
                               .attempt = t->attempt,
                               .subject = t->subject,
                               .runs = does_run(q.engine)};
        snprintf(j->kind, sizeof j->kind, "%.*s", STR_ARG(t->kind));
        rc = send(c, j, &q, &e);
        if (rc == RC_OK) {
            desk_ask_release(&q);
            return;
        }
        j->number = 0;
    }
    desk_ask_release(&q);
    core_task_end(c, t, rc, &e); /* done at once: there was nothing to ask */
}

static enum rc take_answer(struct core *c, const struct core_job *j, int fd, struct err *e)
{
    AUTO(buf) struct buf text = BUF_INIT(WIRE_JSON_MAX);
    TRY(memfd_check(fd, WIRE_JSON_MAX, e));
    TRY(fd_read_all(fd, WIRE_JSON_MAX, &text, e));
    return desk_job_answer(&c->desk, str_c(j->kind), j->subject, buf_str(&text), e);
}

void core_job_progress(struct core *c, const struct wire_job_progress *m)
{
    struct err e = ERR_INIT;
    int64_t now = clock_mono_us(), case_id = 0;
    for (size_t i = 0; i < CORE_JOBS_MAX; i++) {
        struct core_job *j = &c->jobs[i];
        if (m->ticket == 0 || j->number != m->ticket || now - j->said_us < CORE_PROGRESS_US)
            continue;
        j->said_us = now;
        if (desk_job_progress(&c->desk, str_c(j->kind), j->subject, m->what, &case_id, &e) ==
                RC_OK &&
            case_id > 0)
            core_streams_poke(c, case_id);
        return;
    }
}

/* What a job could not do may be an answer too; else it is tried again. */
static enum rc take_failure(struct core *c, const struct core_job *j, struct str why, struct err *e)
{
    struct err own = ERR_INIT;
    enum rc rc = desk_job_failed(&c->desk, str_c(j->kind), j->subject, why, &own);
    if (rc == RC_NOTFOUND)
        return err_set(e, RC_IO, "the job failed: %.*s", STR_ARG(why));
    if (rc != RC_OK)
        *e = own;
    return rc;
}

static enum rc take_bad_answer(struct core *c, const struct core_job *j, enum rc rc, struct err *e)
{
    struct err own = ERR_INIT;
    enum rc taken = desk_job_failed(&c->desk, str_c(j->kind), j->subject, str_c(e->msg), &own);
    return taken == RC_OK ? RC_OK : rc;
}

void core_job_done(struct core *c, const struct wire_job_done *m, int answer_fd)
{
    AUTO(fd) int fd = answer_fd;
    struct err e = ERR_INIT;
    for (size_t i = 0; i < CORE_JOBS_MAX; i++) {
        struct core_job *j = &c->jobs[i];
        if (m->ticket == 0 || j->number != m->ticket)
            continue;
        struct task t = task_of(j);
        enum rc rc = m->outcome == WIRE_DONE && fd >= 0 ? take_answer(c, j, fd, &e)
                                                        : take_failure(c, j, m->why, &e);
        if (rc == RC_INVALID || rc == RC_LIMIT) /* an answer that cannot be taken is none */
            rc = take_bad_answer(c, j, rc, &e);
        log_event(LOG_INFO_, "job", "task=%lld kind=%s code=%s", (long long)j->task_id, j->kind,
                  rc_name(rc));
        j->number = 0;
        core_task_end(c, &t, rc, &e);
        c->look_now = true;
        return;
    }
}

void core_jobs_lost(struct core *c, enum role role)
{
    struct err e = ERR_INIT;
    enum rc rc = err_set(&e, RC_BUSY, "the %s went away", role_name(role));
    for (size_t i = 0; i < CORE_JOBS_MAX; i++) {
        struct core_job *j = &c->jobs[i];
        if (j->number == 0 || j->runs != (role == ROLE_RUNNER))
            continue;
        struct task t = task_of(j);
        j->number = 0;
        core_task_end(c, &t, rc, &e);
    }
}
