/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports and cases move: join, split, move.
 * Runs in core.
 * Input: arguments of team members.
 */
#include "desk/clock.h"
#include "desk/audit_inside.h"
#include "desk/backport_inside.h"
#include "desk/inside.h"
#include "store/ops_advisory.h"
#include "store/ops_affected.h"

struct move {
    const struct actor *who;
    int64_t from, to, thread_id; /* cases; join: from goes into to */
    struct str title, reason;
    struct vcase_made made;
};

static json_t *move_told(const struct move *m, struct str number, int64_t participant)
{
    return json_pack("{s:o, s:I, s:I, s:o}", "number", json_str(number), "thread",
                     (json_int_t)m->thread_id, "participant", (json_int_t)participant, "reason",
                     json_str(m->reason));
}

/* The blobs of a thread (0: of the whole case) are wrapped for the other case. */
static enum rc move_blobs(struct desk *d, struct arena *a, const struct move *m,
                          const struct case_row *to, struct err *e)
{
    struct blob_row *b;
    size_t n;
    TRY(ops_blob_list(d->db, a, m->from, m->thread_id, &b, &n, e));
    for (size_t i = 0; i < n; i++)
        TRY(blob_to_case(d, a, b[i].id, to, e));
    return RC_OK;
}

/* The participant goes along when this was its only thread; else a copy does. */
static enum rc participant_for(struct desk *d, struct arena *a, const struct thread_row *t,
                               const struct move *m, int64_t *ret_id, struct err *e)
{
    int64_t threads;
    TRY(ops_thread_count_of(d->db, t->participant_id, &threads, e));
    if (threads == 1) {
        *ret_id = t->participant_id;
        return ops_participant_move(d->db, t->participant_id, m->to, e);
    }
    struct participant_row p;
    TRY(ops_participant_get(d->db, a, t->participant_id, &p, e));
    p.case_id = m->to;
    return ops_participant_insert(d->db, &p, ret_id, e);
}

static enum rc move_thread(struct desk *d, struct arena *a, struct move *m, struct err *e)
{
    struct open_case from, to;
    struct thread_row t, *all;
    size_t n;
    int64_t participant;
    TRY(ops_thread_get(d->db, a, m->thread_id, &t, e));
    TRY(case_load_open(d, a, m->from, &from, e));
    TRY(case_load_open(d, a, m->to, &to, e));
    TRY(ops_thread_list(d->db, a, m->from, &all, &n, e));
    if (n < 2)
        return err_set(e, RC_INVALID,
                       "this is the only thread of its case; join the whole case instead");
    TRY(move_blobs(d, a, m, &to.c, e));
    TRY(participant_for(d, a, &t, m, &participant, e));
    TRY(ops_thread_move(d->db, t.id, m->to, participant, e));
    struct participant_row p;
    TRY(ops_participant_get(d->db, a, participant, &p, e));
    TRY(desk_event(d, m->who, m->from, "thread.moved_out",
                   move_told(m, to.c.number, t.participant_id), e));
    json_t *j = move_told(m, from.c.number, participant);
    json_object_set_new(j, "role", json_str(p.role));
    json_object_set_new(j, "name", json_str(p.name));
    json_object_set_new(j, "email", json_str(p.email));
    json_object_set_new(j, "rm", json_str(p.rm));
    TRY(desk_event(d, m->who, m->to, "thread.moved_in", j, e));
    TRY(case_store(d, &from.c, e));
    return case_store(d, &to.c, e);
}

static enum rc move_tx(struct desk *d, void *arg, struct err *e)
{
    struct move *m = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct thread_row t;
    TRY(ops_thread_get(d->db, a, m->thread_id, &t, e));
    if (t.case_id == m->to)
        return err_set(e, RC_INVALID, "the thread is in this case already");
    m->from = t.case_id;
    return move_thread(d, a, m, e);
}

enum rc vcase_move(struct desk *d, const struct actor *who, int64_t thread_id, int64_t to_case,
                   struct str reason, struct err *e)
{
    struct move m = {.who = who, .thread_id = thread_id, .to = to_case, .reason = reason};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_text(reason, DESK_REASON_MAX, "the reason", e));
    return desk_run(d, move_tx, &m, e);
}

static enum rc split_tx(struct desk *d, void *arg, struct err *e)
{
    struct move *m = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct thread_row t;
    struct open_case from;
    TRY(ops_thread_get(d->db, a, m->thread_id, &t, e));
    m->from = t.case_id;
    TRY(case_load_open(d, a, m->from, &from, e));
    struct vcase_new n = {
        .title = m->title, .opened_us = desk_now(d), .handler_id = from.c.handler_id};
    TRY(vcase_open(d, m->who, &n, &m->made, e));
    m->to = m->made.id;
    return move_thread(d, a, m, e);
}

enum rc vcase_split(struct desk *d, const struct actor *who, int64_t thread_id, struct str title,
                    struct str reason, struct vcase_made *ret, struct err *e)
{
    struct move m = {.who = who, .thread_id = thread_id, .title = title, .reason = reason};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_line(title, DESK_TITLE_MAX, "the title", e));
    TRY(desk_check_text(reason, DESK_REASON_MAX, "the reason", e));
    TRY(desk_run(d, split_tx, &m, e));
    *ret = m.made;
    return RC_OK;
}

/* Every participant but ourselves changes the case; we are in the other one already. */
static enum rc move_people(struct desk *d, struct arena *a, const struct move *m, json_t *ret_list,
                           struct err *e)
{
    struct participant_row *p;
    size_t n;
    TRY(ops_participant_list(d->db, a, m->from, &p, &n, e));
    for (size_t i = 0; i < n; i++) {
        if (p[i].ours)
            continue;
        TRY(ops_participant_move(d->db, p[i].id, m->to, e));
        json_array_append_new(ret_list, json_pack("{s:I, s:o, s:o, s:o, s:o}", "participant",
                                                  (json_int_t)p[i].id, "role", json_str(p[i].role),
                                                  "name", json_str(p[i].name), "email",
                                                  json_str(p[i].email), "rm", json_str(p[i].rm)));
    }
    return RC_OK;
}

static enum rc move_all(struct desk *d, struct arena *a, struct move *m, json_t *people,
                        json_t *threads, struct err *e)
{
    struct thread_row *t;
    size_t n;
    TRY(move_people(d, a, m, people, e));
    TRY(ops_thread_list(d->db, a, m->from, &t, &n, e));
    for (size_t i = 0; i < n; i++) {
        TRY(ops_thread_move(d->db, t[i].id, m->to, t[i].participant_id, e));
        json_array_append_new(threads, json_pack("{s:I, s:I}", "thread", (json_int_t)t[i].id,
                                                 "participant", (json_int_t)t[i].participant_id));
    }
    TRY(ops_advisory_move(d->db, m->from, m->to, e));
    TRY(ops_affected_move(d->db, m->from, m->to, e));
    return ops_case_rest_move(d->db, m->from, m->to, e);
}

static enum rc close_joined(struct desk *d, const struct move *m, struct open_case *from,
                            const struct case_row *to, struct err *e)
{
    TRY(ops_alias_move(d->db, m->from, m->to, e));
    TRY(ops_alias_add(d->db, from->c.number, m->to, e));
    from->c.exit = str_c(exit_name(EXIT_DUPLICATE));
    from->c.exit_reason = m->reason;
    from->c.joined_into = m->to;
    from->c.closed_us = desk_now(d);
    TRY(case_store(d, &from->c, e));
    return desk_event(
        d, m->who, m->from, "case.joined_into",
        json_pack("{s:o, s:o}", "number", json_str(to->number), "reason", json_str(m->reason)), e);
}

static enum rc join_tx(struct desk *d, void *arg, struct err *e)
{
    struct move *m = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(json) json_t *people = json_array();
    AUTO(json) json_t *threads = json_array();
    struct open_case from, to;
    TRY(case_load_open(d, a, m->from, &from, e));
    TRY(case_load_open(d, a, m->to, &to, e));
    TRY(audit_move(d, a, m->who, m->from, m->to, e));
    TRY(backport_move(d, a, m->who, m->from, m->to, e));
    TRY(case_load_open(d, a, m->from, &from, e)); /* a sign-off that ended was a fact of it, */
    TRY(case_load_open(d, a, m->to, &to, e));     /* and how many lines are ready is one */
    if (from.v.em == 'A' || from.v.em == 'R')
        return err_set(e, RC_INVALID, "the embargo of the case to be joined is still active");
    TRY(move_blobs(d, a, m, &to.c, e));
    TRY(move_all(d, a, m, people, threads, e));
    TRY(close_joined(d, m, &from, &to.c, e));
    TRY(case_store(d, &to.c, e));
    return desk_event(d, m->who, m->to, "case.absorbed",
                      json_pack("{s:o, s:O, s:O, s:o}", "number", json_str(from.c.number),
                                "participants", people, "threads", threads, "reason",
                                json_str(m->reason)),
                      e);
}

enum rc vcase_join(struct desk *d, const struct actor *who, int64_t into_a, int64_t b,
                   struct str reason, struct err *e)
{
    struct move m = {.who = who, .from = b, .to = into_a, .reason = reason};
    TRY(actor_needs_team(who, e));
    if (into_a == b)
        return err_set(e, RC_INVALID, "a case cannot be joined into itself");
    TRY(desk_check_text(reason, DESK_REASON_MAX, "the reason", e));
    return desk_run(d, join_tx, &m, e);
}
