/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is due.  Runs in core; tasks are our own rows.
 */
#include "base/log.h"
#include "base/when.h"
#include "desk/erase.h"
#include "desk/job.h"
#include "serve/core.h"
#include "store/task.h"

#define CLAIM_ARENA (16u << 20)

void core_task_end(struct core *c, const struct task *t, enum rc rc, const struct err *why)
{
    struct err e = ERR_INIT;
    enum rc end;
    bool parked = false;
    if (rc == RC_OK) {
        end = task_done(c->db, t->id, t->attempt, &e);
    } else if (rc == RC_BUSY || rc == RC_CONFLICT) {
        end = task_later(c->db, t->id, t->attempt, db_now_us(c->db) + US_PER_S, &e);
    } else if (rc == RC_IO || rc == RC_TIMEOUT || rc == RC_CLOSED) {
        end = task_fail(c->db, t->id, t->attempt, why->msg, &parked, &e);
    } else {
        parked = true;
        end = task_park(c->db, t->id, t->attempt, why->msg, &e);
    }
    if (rc != RC_OK)
        log_event(parked ? LOG_ERROR_ : LOG_WARN_, parked ? "task-parked" : "task-again",
                  "task=%lld kind=%.*s code=%s why=\"%s\"", (long long)t->id, STR_ARG(t->kind),
                  rc_name(rc), why->msg);
    if (end != RC_OK)
        log_event(LOG_WARN_, "task-lost", "task=%lld code=%s", (long long)t->id, rc_name(end));
}

static size_t free_tickets(const struct core *c)
{
    size_t n = CORE_INTAKE_MAX;
    for (size_t i = 0; i < ARRAY_LEN(c->tickets); i++)
        n -= c->tickets[i].number != 0 && !c->tickets[i].download;
    return n;
}

static size_t free_sendings(const struct core *c)
{
    size_t n = 0;
    for (size_t i = 0; i < CORE_OUTBOX_MAX; i++)
        n += c->sending[i].outbox == 0;
    return n;
}

static void run_desk(struct core *c, const struct task *t)
{
    struct err e = ERR_INIT;
    enum rc rc = desk_task_run(&c->desk, t->kind, t->subject, t->arg, &e);
    log_event(LOG_INFO_, "task", "task=%lld kind=%.*s code=%s", (long long)t->id, STR_ARG(t->kind),
              rc_name(rc));
    core_task_end(c, t, rc, &e);
}

/* Only the keys role removes sealed files; what it does not come to is an orphan, for the sweep. */
static void drop_blob(struct core *c, const struct task *t)
{
    struct err e = ERR_INIT;
    char name[WIRE_ID_MAX + 1];
    enum rc rc = str_copy(name, sizeof name, t->arg, "a blob", &e);
    if (rc == RC_OK && role_find(&c->role, ROLE_KEYS) == NULL)
        rc = err_set(&e, RC_BUSY, "keys is not there yet");
    if (rc == RC_OK)
        core_blob_drop(c, name);
    core_task_end(c, t, rc, &e);
}

static void run_one(struct core *c, const struct task *t)
{
    if (str_eq(t->kind, STR("intake")))
        core_intake_start(c, t);
    else if (str_eq(t->kind, STR("acknowledge")))
        core_acknowledge(c, t);
    else if (str_eq(t->kind, STR("outbox")))
        core_outbox_start(c, t);
    else if (str_eq(t->kind, STR(ERASE_BLOB_TASK)))
        drop_blob(c, t);
    else if (desk_job_known(t->kind))
        core_job_start(c, t);
    else
        run_desk(c, t);
}

/* Claims up to max tasks of these kinds and starts them; says how many. */
static int claim(struct core *c, const char *const *kinds, size_t max)
{
    AUTO(arena) struct arena *a = arena_new(CLAIM_ARENA);
    struct err e = ERR_INIT;
    struct task *t;
    int n = 0;
    struct task_claim want = {
        .max = max > 8 ? 8 : (int)max, .lease_us = CORE_LEASE_US, .kinds = kinds};
    if (max == 0)
        return 0;
    if (task_claim(c->db, a, &want, &t, &n, &e) != RC_OK) {
        if (!c->store_away)
            log_event(LOG_WARN_, "store-away", "code=%s why=\"%s\"", rc_name(e.rc), e.msg);
        c->store_away = true;
        return 0;
    }
    if (c->store_away)
        log_event(LOG_INFO_, "store-back", NULL);
    c->store_away = false;
    for (int i = 0; i < n; i++)
        run_one(c, &t[i]);
    return n;
}

void core_tasks_run(struct core *c)
{
    static const char *const acknowledge[] = {"acknowledge", NULL};
    static const char *const intake[] = {"intake", NULL};
    static const char *const blobs[] = {ERASE_BLOB_TASK, NULL};
    static const char *const outbox[] = {"outbox", NULL};
    int n = claim(c, acknowledge, 8);
    if (c->set->mail.outgoing == OUTGOING_ON)
        n += claim(c, outbox, free_sendings(c));
    n += claim(c, intake, free_tickets(c));
    n += claim(c, desk_task_kinds, 8);
    n += claim(c, blobs, 8);
    const char *kinds[CORE_KINDS_MAX + 1];
    if (core_job_kinds(false, kinds) > 0)
        n += claim(c, kinds, core_jobs_free(c, false));
    if (core_job_kinds(true, kinds) > 0)
        n += claim(c, kinds, core_jobs_free(c, true));
    if (n > 0)
        c->look_now = true;
}

/* Keeps a lease; false: another attempt has the task, what we do for it is in vain. */
static bool renewed(struct core *c, int64_t task, int64_t attempt)
{
    struct err e = ERR_INIT;
    enum rc rc = task_renew(c->db, task, attempt, CORE_LEASE_US, &e);
    if (rc != RC_OK)
        log_event(LOG_WARN_, "task-lost", "task=%lld code=%s", (long long)task, rc_name(rc));
    return rc != RC_CONFLICT;
}

/* What lost its lease gives back its place too, or lost work would fill all of them in the end;
 * a late answer finds no ticket, or ends its mail by the row. */
void core_renew(struct core *c)
{
    struct err e = ERR_INIT;
    AUTO(tx) struct tx tx = TX_INIT;
    if (tx_begin(c->db, &tx, &e) != RC_OK)
        return; /* the leases run out and somebody does it again */
    for (size_t i = 0; i < ARRAY_LEN(c->tickets); i++) {
        struct ticket *t = &c->tickets[i];
        if (t->number != 0 && !t->download && !renewed(c, t->task_id, t->attempt)) {
            core_blob_drop(c, t->blob);
            core_ticket_free(t);
        }
    }
    for (size_t i = 0; i < CORE_OUTBOX_MAX; i++) {
        struct sending *s = &c->sending[i];
        if (s->outbox != 0 && !renewed(c, s->task_id, s->attempt))
            *s = (struct sending){.outbox = 0};
    }
    for (size_t i = 0; i < CORE_JOBS_MAX; i++) {
        struct core_job *j = &c->jobs[i];
        if (j->number != 0 && !renewed(c, j->task_id, j->attempt))
            j->number = 0;
    }
    if (tx_commit(&tx, &e) != RC_OK)
        log_event(LOG_WARN_, "not-renewed", "code=%s", rc_name(e.rc));
}
