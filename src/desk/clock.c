/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clocks of the promises: start, stand still, met, missed, escalation.
 * Runs in core.
 * Input: our own rows, settings and policy.
 */
#include "desk/clock.h"

#include "base/when.h"
#include "desk/inside.h"
#include "desk/notice.h"
#include "store/ops_clock.h"
#include "store/task.h"

static const struct actor machine = ACTOR_INIT_MACHINE;

const char *clock_kind_name(enum clock_kind k)
{
    static const char *const names[CLOCK_KINDS] = {"acknowledge", "detail", "update"};
    return k < CLOCK_KINDS ? names[k] : "?";
}

struct clock_limit clock_limit_of(const struct desk *d, enum clock_kind k)
{
    static const enum policy_promise_kind kinds[CLOCK_KINDS] = {PROMISE_ACKNOWLEDGE, PROMISE_DETAIL,
                                                                PROMISE_UPDATE};
    const int64_t team[CLOCK_KINDS] = {d->set->policy.acknowledge_within_us,
                                       d->set->policy.detail_within_us,
                                       d->set->policy.update_every_us};
    const bool allowed[CLOCK_KINDS] = {d->set->policy.acknowledge, d->set->policy.detail,
                                       d->set->policy.update};
    BUG_ON(k >= CLOCK_KINDS);
    const struct policy_promise *p = d->policy ? &d->policy->promises[kinds[k]] : NULL;
    struct clock_limit l = {.within_us = team[k], .words = STR_NONE};
    l.promised = p && p->found && allowed[k];
    if (l.promised) {
        l.words = p->words;
        l.by_policy = p->within_us > 0;
        if (l.by_policy)
            l.within_us = p->within_us;
    }
    return l;
}

static json_t *told(const struct clock_row *c)
{
    return json_pack("{s:I, s:I, s:o, s:o, s:I, s:o}", "clock", (json_int_t)c->id, "thread",
                     (json_int_t)c->thread_id, "kind", json_str(c->kind), "source",
                     json_str(c->source), "due_us", (json_int_t)c->due_us, "state",
                     json_str(c->state));
}

/* The task that looks at the clock when it is due; each new due time has its own. */
static enum rc schedule(struct desk *d, const struct clock_row *c, struct err *e)
{
    AUTO(buf) struct buf key = BUF_INIT(TASK_KEY_MAX);
    buf_addf(&key, "clock:%lld:%lld", (long long)c->id, (long long)c->due_us);
    struct task_new t = {.kind = "clock",
                         .key = buf_str(&key),
                         .lane = LANE_CLOCKS,
                         .subject = c->id,
                         .arg = STR_NONE,
                         .fair = STR_NONE,
                         .due_us = c->due_us,
                         .again = true};
    TRY(task_add(d->db, &t, NULL, e));
    return notice_near(d, c->id, c->started_us, c->due_us, e);
}

static enum rc start(struct desk *d, int64_t case_id, int64_t thread_id, enum clock_kind k,
                     int64_t started_us, struct err *e)
{
    struct clock_limit l = clock_limit_of(d, k);
    if (l.within_us <= 0)
        return RC_OK;
    struct clock_row c = {.case_id = case_id,
                          .thread_id = thread_id,
                          .started_us = started_us,
                          .due_us = started_us + l.within_us,
                          .kind = str_c(clock_kind_name(k)),
                          .source = l.by_policy ? STR("policy") : STR("team"),
                          .state = STR("running")};
    TRY(ops_clock_insert(d->db, &c, &c.id, e));
    TRY(schedule(d, &c, e));
    return desk_event(d, &machine, case_id, "clock.started", told(&c), e);
}

enum rc clock_start_all(struct desk *d, int64_t case_id, int64_t thread_id, int64_t started_us,
                        struct err *e)
{
    for (int k = 0; k < CLOCK_KINDS; k++)
        TRY(start(d, case_id, thread_id, (enum clock_kind)k, started_us, e));
    return RC_OK;
}

/* Writes the clock's new state and tells of it. */
static enum rc change(struct desk *d, struct clock_row *c, const char *to, const char *event,
                      struct err *e)
{
    struct str was = c->state;
    c->state = str_c(to);
    TRY(ops_clock_update(d->db, c, was, e));
    return desk_event(d, &machine, c->case_id, event, told(c), e);
}

/* Neither met nor missed nor cancelled. */
static bool open_state(const struct clock_row *c)
{
    return str_eq(c->state, STR("running")) || str_eq(c->state, STR("paused")) ||
           str_eq(c->state, STR("waiting"));
}

/* Met in time, or (a missed one) answered after all. */
static enum rc meet(struct desk *d, struct clock_row *c, int64_t now_us, struct err *e)
{
    bool missed = str_eq(c->state, STR("missed"));
    if (c->met_us || (!missed && !open_state(c)))
        return RC_OK;
    c->met_us = now_us;
    c->paused_us = 0;
    return change(d, c, missed ? "missed" : "met", "clock.met", e);
}

enum rc clock_answered(struct desk *d, int64_t case_id, int64_t thread_id, bool by_person,
                       struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct clock_row *c;
    size_t n;
    int64_t now = desk_now(d);
    bool updates = false;
    TRY(ops_clock_list(d->db, a, case_id, thread_id, &c, &n, e));
    for (size_t i = 0; i < n; i++) {
        bool ack = str_eq(c[i].kind, STR("acknowledge"));
        if (!ack && !by_person)
            continue;
        updates = updates || str_eq(c[i].kind, STR("update"));
        TRY(meet(d, &c[i], now, e));
    }
    return updates ? start(d, case_id, thread_id, CLOCK_UPDATE, now, e) : RC_OK;
}

enum rc clock_pause(struct desk *d, int64_t case_id, int64_t thread_id, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct clock_row *c;
    size_t n;
    int64_t now = desk_now(d);
    TRY(ops_clock_list(d->db, a, case_id, thread_id, &c, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(c[i].state, STR("running")))
            continue;
        c[i].paused_us = now;
        TRY(change(d, &c[i], "paused", "clock.paused", e));
    }
    return RC_OK;
}

enum rc clock_resume(struct desk *d, int64_t case_id, int64_t thread_id, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct clock_row *c;
    size_t n;
    int64_t now = desk_now(d);
    TRY(ops_clock_list(d->db, a, case_id, thread_id, &c, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (!str_eq(c[i].state, STR("paused")))
            continue;
        c[i].due_us += now - c[i].paused_us;
        c[i].paused_us = 0;
        TRY(change(d, &c[i], "running", "clock.resumed", e));
        TRY(schedule(d, &c[i], e));
    }
    return RC_OK;
}

enum rc clock_hold_all(struct desk *d, int64_t *ret_n, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct clock_row *c;
    size_t n;
    TRY(ops_clock_in_state(d->db, a, STR("running"), &c, &n, e));
    for (size_t i = 0; i < n; i++)
        TRY(change(d, &c[i], "waiting", "clock.waits", e));
    *ret_n = (int64_t)n;
    return RC_OK;
}

enum rc clock_let_go_all(struct desk *d, const struct actor *who, int64_t *ret_n, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct clock_row *c;
    size_t n;
    TRY(ops_clock_in_state(d->db, a, STR("waiting"), &c, &n, e));
    for (size_t i = 0; i < n; i++) {
        struct str was = c[i].state;
        c[i].state = STR("running");
        TRY(ops_clock_update(d->db, &c[i], was, e));
        TRY(desk_event(d, who, c[i].case_id, "clock.goes_on", told(&c[i]), e));
        TRY(schedule(d, &c[i], e));
    }
    *ret_n = (int64_t)n;
    return RC_OK;
}

enum rc clock_cancel(struct desk *d, int64_t case_id, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct clock_row *c;
    size_t n;
    TRY(ops_clock_list(d->db, a, case_id, 0, &c, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (!open_state(&c[i]))
            continue;
        c[i].paused_us = 0;
        TRY(change(d, &c[i], "cancelled", "clock.cancelled", e));
    }
    return RC_OK;
}

static enum rc escalate(struct desk *d, const struct clock_row *clock, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(arena) struct arena *b = arena_new(DESK_ARENA);
    struct open_case oc;
    struct account *people;
    size_t n;
    TRY(case_load(d, a, clock->case_id, &oc, e));
    if (oc.c.closed_us)
        return RC_OK;
    oc.c.escalated = oc.c.escalated == 0 ? ESCALATED_NEXT : ESCALATED_TEAM;
    TRY(people_list(d, b, &people, &n, e));
    bool away = false;
    for (size_t i = 0; i < n; i++)
        away = away || (people[i].id == oc.c.handler_id && (people[i].away || !people[i].active));
    if (away) {
        int64_t to;
        TRY(people_next(d, oc.c.handler_id, &to, e));
        TRY(case_hand_over(d, &machine, &oc.c, to,
                           STR("a promised time ran out while the handler is away"), e));
    }
    TRY(case_store(d, &oc.c, e));
    return desk_event(d, &machine, oc.c.id, "case.escalated",
                      json_pack("{s:I, s:o, s:I}", "level", (json_int_t)oc.c.escalated, "clock",
                                json_str(clock->kind), "thread", (json_int_t)clock->thread_id),
                      e);
}

static enum rc fire_tx(struct desk *d, void *arg, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct clock_row c;
    TRY(ops_clock_get(d->db, a, *(const int64_t *)arg, &c, e));
    if (!str_eq(c.state, STR("running")) || c.due_us > desk_now(d))
        return RC_OK;
    TRY(change(d, &c, "missed", "clock.missed", e));
    return escalate(d, &c, e);
}

enum rc clock_fire(struct desk *d, int64_t clock_id, struct err *e)
{
    return desk_run(d, fire_tx, &clock_id, e);
}
