/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new epoch after a restore, and a person's decisions about what waits.
 * Runs in `vulndesk restore`; the decisions in core.
 * Input: our own rows; ids and reasons of the team.
 */
#include "desk/epoch.h"

#include "desk/clock.h"
#include "desk/inside.h"
#include "store/ops_epoch.h"
#include "store/ops_message.h"
#include "store/outbox.h"

#define HELD_WHY "restored from a backup: it may have been done after the backup was made"

struct begin {
    const struct actor *who;
    int64_t made_us;
    struct epoch_result r;
};

static enum rc put_number(struct desk *d, const char *key, int64_t n, struct err *e)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)n);
    return ops_meta_put(d->db, str_c(key), str_c(text), e);
}

static enum rc get_number(struct desk *d, const char *key, int64_t *ret, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(64 * 1024);
    struct str text;
    uint64_t n;
    enum rc rc = ops_meta_get(d->db, a, str_c(key), &text, e);
    *ret = 0;
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    TRY(num_parse(text, 0, INT64_MAX, key, &n, e));
    *ret = (int64_t)n;
    return RC_OK;
}

static enum rc begin_tx(struct desk *d, void *arg, struct err *e)
{
    struct begin *b = arg;
    struct epoch_result *r = &b->r;
    TRY(get_number(d, "epoch", &r->epoch, e));
    r->epoch++;
    TRY(put_number(d, "epoch", r->epoch, e));
    TRY(put_number(d, "restored_us", desk_now(d), e));
    TRY(ops_epoch_sign_out(d->db, e));
    TRY(ops_epoch_park_tasks(d->db, STR(HELD_WHY), &r->tasks, e));
    TRY(ops_epoch_park_outbox(d->db, &r->mails, e));
    r->tasks = r->tasks > r->mails ? r->tasks - r->mails : 0;
    TRY(clock_hold_all(d, &r->clocks, e));
    return desk_event(d, b->who, 0, "desk.restored",
                      json_pack("{s:I, s:I, s:I, s:I, s:I}", "epoch", (json_int_t)r->epoch,
                                "made_us", (json_int_t)b->made_us, "mails", (json_int_t)r->mails,
                                "tasks", (json_int_t)r->tasks, "clocks", (json_int_t)r->clocks),
                      e);
}

enum rc epoch_begin(struct desk *d, const struct actor *who, int64_t made_us,
                    struct epoch_result *ret, struct err *e)
{
    struct begin b = {.who = who, .made_us = made_us};
    TRY(actor_needs_admin(who, e));
    TRY(desk_run(d, begin_tx, &b, e));
    *ret = b.r;
    return RC_OK;
}

enum rc epoch_hold_task(struct desk *d, struct str key, int64_t received_us, struct err *e)
{
    int64_t restored_us;
    TRY(get_number(d, "restored_us", &restored_us, e));
    if (received_us >= restored_us)
        return RC_OK;
    return ops_task_hold(d->db, key, STR(HELD_WHY), e);
}

/* ---- what waits ---- */

static enum rc number_of(struct desk *d, struct arena *a, struct waiting *w, struct err *e)
{
    struct case_row c;
    if (w->case_id == 0)
        return RC_OK;
    TRY(ops_case_get(d->db, a, w->case_id, &c, e));
    w->number = c.number;
    return RC_OK;
}

static enum rc look(struct desk *d, struct arena *a, const struct task *t, struct waiting *w,
                    struct err *e)
{
    *w = (struct waiting){.task = t->id,
                          .since_us = t->due_us,
                          .kind = t->kind,
                          .why = t->error,
                          .mail = STR_NONE,
                          .number = STR_NONE,
                          .to = STR_NONE};
    if (str_eq(t->kind, STR("outbox"))) {
        struct outbox o;
        TRY(outbox_get(d->db, a, t->subject, &o, e));
        w->outbox = o.id;
        w->case_id = o.case_id;
        w->mail = o.kind;
        w->to = o.rcpt;
    } else if (str_eq(t->kind, STR("acknowledge"))) {
        struct message_row m;
        TRY(ops_message_get(d->db, a, t->subject, &m, e));
        w->case_id = m.case_id;
        w->to = m.return_path;
    }
    return number_of(d, a, w, e);
}

enum rc waiting_list(struct desk *d, const struct actor *who, struct arena *a, struct waiting **ret,
                     size_t *ret_n, struct err *e)
{
    struct task *t;
    int n;
    TRY(actor_needs_team(who, e));
    TRY(task_parked(d->db, a, WAITING_MAX, &t, &n, e));
    struct waiting *w = arena_array(a, (size_t)n + 1, sizeof *w);
    TRY(arena_ok(a, "the list of what waits", e));
    for (int i = 0; i < n; i++)
        TRY(look(d, a, &t[i], &w[i], e));
    *ret = w;
    *ret_n = (size_t)n;
    return RC_OK;
}

struct decision {
    const struct actor *who;
    int64_t task;
    struct str reason; /* of dropping */
    bool send;
};

static enum rc find(struct desk *d, struct arena *a, int64_t id, struct task *ret_t, struct err *e)
{
    enum rc rc = task_by_id(d->db, a, id, ret_t, e);
    if (rc == RC_NOTFOUND || (rc == RC_OK && !str_eq(ret_t->state, STR("parked"))))
        return err_set(e, RC_CONFLICT, "nothing of that number waits for a person");
    return rc;
}

/* The message remembers that it will not be acknowledged. */
static enum rc drop_ack(struct desk *d, struct arena *a, int64_t message, struct err *e)
{
    struct message_row m;
    TRY(ops_message_get(d->db, a, message, &m, e));
    if (!str_eq(m.ack, STR("queued")))
        return RC_OK;
    m.ack = STR("withheld: a person decided so");
    return ops_message_place(d->db, &m, e);
}

static enum rc decide_tx(struct desk *d, void *arg, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    const struct decision *x = arg;
    struct task t;
    struct waiting w;
    TRY(find(d, a, x->task, &t, e));
    TRY(look(d, a, &t, &w, e));
    if (w.outbox)
        TRY(x->send ? outbox_resume(d->db, w.outbox, e) : outbox_give_up(d->db, w.outbox, e));
    else
        TRY(x->send ? task_unpark(d->db, t.id, e) : task_drop(d->db, t.id, e));
    if (!x->send && str_eq(t.kind, STR("acknowledge")))
        TRY(drop_ack(d, a, t.subject, e));
    json_t *j = json_pack("{s:o, s:I}", "kind", json_str(w.mail.n ? w.mail : w.kind), "outbox",
                          (json_int_t)w.outbox);
    if (!x->send)
        json_object_set_new(j, "reason", json_str(x->reason));
    return desk_event(d, x->who, w.case_id, x->send ? "waiting.sent" : "waiting.dropped", j, e);
}

enum rc waiting_send(struct desk *d, const struct actor *who, int64_t task, struct err *e)
{
    struct decision x = {.who = who, .task = task, .send = true};
    TRY(actor_needs_team(who, e));
    return desk_run(d, decide_tx, &x, e);
}

enum rc waiting_drop(struct desk *d, const struct actor *who, int64_t task, struct str reason,
                     struct err *e)
{
    struct decision x = {.who = who, .task = task, .reason = reason};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_text(reason, DESK_REASON_MAX, "the reason", e));
    return desk_run(d, decide_tx, &x, e);
}

struct clocks {
    const struct actor *who;
    int64_t n;
};

static enum rc clocks_tx(struct desk *d, void *arg, struct err *e)
{
    struct clocks *c = arg;
    return clock_let_go_all(d, c->who, &c->n, e);
}

enum rc waiting_clocks(struct desk *d, const struct actor *who, int64_t *ret_n, struct err *e)
{
    struct clocks c = {who, 0};
    TRY(actor_needs_team(who, e));
    TRY(desk_run(d, clocks_tx, &c, e));
    *ret_n = c.n;
    return RC_OK;
}
