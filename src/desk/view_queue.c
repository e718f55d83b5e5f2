/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read model of the queue, and what of it a person has seen.
 * Runs in core.
 * Input: words of a query out of a URL or a command, hostile; checked here.
 */
#include "desk/people.h"
#include "desk/view_inside.h"

enum rc case_keep_phase(struct desk *d, const struct case_row *c, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct participant_row ours;
    struct str text, name;
    TRY(ops_participant_ours(d->db, a, c->id, &ours, e));
    TRY(view_phase(a, c, ours.rm.n ? ours.rm.p[0] : 'S', &text, &name, NULL, e));
    return ops_case_set_phase(d->db, c->id, name, e);
}

/* ---- the query ---- */

/* Letters of the lists in a place to go on from. */
static const char list_letters[] = {
    [OPS_QUEUE_DUE] = 'd', [OPS_QUEUE_REST] = 'r', [OPS_QUEUE_CLOSED] = 'c', [OPS_QUEUE_ALL] = 'a'};

/* "d.KEY.ID" */
static enum rc after_parse(struct str after, struct ops_queue_query *q, struct err *e)
{
    struct str rest = after, letter, key, id;
    uint64_t k, i;
    if (after.n == 0)
        return RC_OK;
    if (after.n > QUEUE_AFTER_MAX || !str_cut(&rest, '.', &letter) || letter.n != 1 ||
        !str_cut(&rest, '.', &key) || !str_cut(&rest, '.', &id) || rest.n)
        return err_set(e, RC_INVALID, "the place in the queue is none of ours");
    TRY(num_parse(key, 0, INT64_MAX, "place in the queue", &k, e));
    TRY(num_parse(id, 0, INT64_MAX, "place in the queue", &i, e));
    bool open = q->which == OPS_QUEUE_DUE;
    if (open && letter.p[0] == list_letters[OPS_QUEUE_REST])
        q->which = OPS_QUEUE_REST;
    else if (letter.p[0] != list_letters[q->which])
        return err_set(e, RC_INVALID, "the place in the queue is one of another list");
    q->go_on = true;
    q->key = (int64_t)k;
    q->key_id = (int64_t)i;
    return RC_OK;
}

static enum rc words_check(const struct queue_query *q, struct err *e)
{
    static const char *const severities[] = {"",       QUEUE_UNRATED, "low",
                                             "medium", "high",        "critical"};
    bool known = q->phase.n == 0;
    for (int p = 0; p < PHASE_COUNT && !known; p++)
        known = str_eq(q->phase, str_c(phase_name((enum phase)p)));
    if (!known)
        return err_set(e, RC_INVALID, "there is no phase of that name");
    known = false;
    for (size_t i = 0; i < ARRAY_LEN(severities) && !known; i++)
        known = str_eq(q->severity, str_c(severities[i]));
    if (!known)
        return err_set(e, RC_INVALID, "there is no severity of that name");
    if (q->state >= QUEUE_STATES)
        return err_set(e, RC_INVALID, "there is no such state of a case");
    return RC_OK;
}

/* What the store is asked; whoever is nobody in particular (the command line) has no queue of the
 * own and nothing unread. */
static enum rc query_of(struct desk *d, const struct actor *who, const struct queue_query *q,
                        struct ops_queue_query *ret, struct err *e)
{
    static const enum ops_queue map[] = {[QUEUE_OPEN] = OPS_QUEUE_DUE,
                                         [QUEUE_MINE] = OPS_QUEUE_DUE,
                                         [QUEUE_CLOSED] = OPS_QUEUE_CLOSED,
                                         [QUEUE_ALL] = OPS_QUEUE_ALL};
    int64_t mine = who->account_id ? who->account_id : -1;
    TRY(words_check(q, e));
    *ret = (struct ops_queue_query){.which = map[q->which],
                                    .handler_id = q->which == QUEUE_MINE ? mine : 0,
                                    .phase = q->phase,
                                    .severity = q->severity,
                                    .state = q->state,
                                    .account_id = mine,
                                    .now_us = desk_now(d)};
    if (q->handler.n && q->which != QUEUE_MINE) {
        AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
        struct account who_else;
        TRY(people_by_login(d, a, q->handler, &who_else, e));
        ret->handler_id = who_else.id;
    }
    return after_parse(q->after, ret, e);
}

/* ---- rows ---- */

static enum rc queue_row(struct desk *d, struct arena *a, const struct queue_row *q, int64_t now_us,
                         struct view_queue_row *v, struct err *e)
{
    enum side_exit x = EXIT_NONE;
    *v = (struct view_queue_row){.id = q->c.id,
                                 .number = q->c.number,
                                 .title = q->c.title,
                                 .handler = q->handler,
                                 .handler_name = q->handler_name,
                                 .severity = q->c.severity,
                                 .rm = q->rm,
                                 .em = q->c.em,
                                 .cs = q->c.cs,
                                 .opened_us = q->c.opened_us,
                                 .changed_us = q->c.changed_us,
                                 .closed_us = q->c.closed_us,
                                 .last_in_us = q->last_in_us,
                                 .last_out_us = q->last_out_us,
                                 .needs_answer = q->last_in_us > q->last_out_us,
                                 .waiting = q->waiting > 0,
                                 .escalated = q->c.escalated,
                                 .held = q->held,
                                 .failed = q->failed,
                                 .unread = q->unread};
    TRY(exit_parse(q->c.exit, &x, e));
    v->exit = str_c(exit_text(x));
    view_clock_fill(d, &q->next, now_us, &v->next);
    return view_phase(a, &q->c, q->rm.n ? q->rm.p[0] : 'S', &v->phase, &v->phase_name, NULL, e);
}

struct page {
    struct queue_row *rows;
    size_t n, max;
    size_t n_first; /* of them, from the list that was begun with */
    enum ops_queue first;
};

/* Up to max + 1 rows; of open cases first those with a clock, then the others. */
static enum rc page_fill(struct desk *d, struct arena *a, struct ops_queue_query *q, struct page *p,
                         struct err *e)
{
    struct queue_row *more = NULL;
    size_t n = 0;
    p->first = q->which;
    q->max = (int64_t)p->max + 1;
    TRY(ops_queue_list(d->db, a, q, &p->rows, &p->n_first, e));
    p->n = p->n_first;
    if (q->which != OPS_QUEUE_DUE || p->n > p->max || q->state == QUEUE_OVERDUE)
        return RC_OK;
    q->which = OPS_QUEUE_REST;
    q->go_on = false;
    q->max -= (int64_t)p->n;
    TRY(ops_queue_list(d->db, a, q, &more, &n, e));
    struct queue_row *all = arena_array(a, p->n + n + 1, sizeof *all);
    TRY(arena_ok(a, "the queue", e));
    if (p->n)
        memcpy(all, p->rows, p->n * sizeof *all);
    if (n)
        memcpy(all + p->n, more, n * sizeof *all);
    p->rows = all;
    p->n += n;
    return RC_OK;
}

static struct str next_of(struct arena *a, const struct page *p, size_t shown)
{
    const struct queue_row *last = &p->rows[shown - 1];
    enum ops_queue list = shown <= p->n_first ? p->first : OPS_QUEUE_REST;
    return arena_strf(a, "%c.%lld.%lld", list_letters[list], (long long)last->key,
                      (long long)last->key_id);
}

enum rc view_queue(struct desk *d, const struct actor *who, struct arena *a,
                   const struct queue_query *q, struct view_queue *ret, struct err *e)
{
    AUTO(tx) struct tx tx = TX_INIT;
    struct view_queue v = {.next = STR_NONE};
    struct ops_queue_query oq;
    struct queue_counts counts;
    TRY(actor_needs_team(who, e));
    TRY(view_begin(d, &tx, e));
    TRY(query_of(d, who, q, &oq, e));
    struct page p = {.max = q->max && q->max < VIEW_ROWS_MAX ? q->max : VIEW_ROWS_MAX};
    TRY(page_fill(d, a, &oq, &p, e));
    TRY(ops_queue_counts(d->db, oq.account_id, oq.now_us, &counts, e));
    v.now_us = oq.now_us;
    v.more = p.n > p.max;
    v.n = v.more ? p.max : p.n;
    v.rows = arena_array(a, v.n + 1, sizeof(*v.rows));
    TRY(arena_ok(a, "the queue", e));
    for (size_t i = 0; i < v.n; i++)
        TRY(queue_row(d, a, &p.rows[i], v.now_us, &v.rows[i], e));
    if (v.more)
        v.next = next_of(a, &p, v.n);
    v.open = counts.open;
    v.mine = counts.mine;
    v.overdue = counts.overdue;
    v.held = counts.held;
    *ret = v;
    return RC_OK;
}

enum rc view_waiting(struct desk *d, const struct actor *who, int64_t *ret_n, bool *ret_more,
                     struct err *e)
{
    int64_t n;
    TRY(actor_needs_team(who, e));
    TRY(ops_held_count(d->db, VIEW_WAITING_MAX + 1, &n, e));
    *ret_more = n > VIEW_WAITING_MAX;
    *ret_n = *ret_more ? VIEW_WAITING_MAX : n;
    return RC_OK;
}

enum rc case_seen(struct desk *d, const struct actor *who, int64_t case_id, struct err *e)
{
    int64_t newest, seen;
    TRY(actor_needs_team(who, e));
    if (who->account_id == 0)
        return RC_OK;
    TRY(ops_seen_get(d->db, who->account_id, case_id, &newest, &seen, e));
    if (newest <= seen)
        return RC_OK;
    return ops_seen_put(d->db, who->account_id, case_id, newest, e);
}
