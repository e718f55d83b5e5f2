/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mails that the team wrote elsewhere: beside a desk that only watches an inbox, and in an old
 * mailbox that is imported.
 * Runs in core.
 * Input: the parse child's record; an import is a person's act, so whoever is named as a sender
 * there is believed, and nothing is ever sent because of it.
 */
#include "base/utf8.h"
#include "desk/clock.h"
#include "desk/intake_inside.h"
#include "desk/phase.h"

#define SAME_MID 4 /* threads looked at for one Message-ID */

static const struct actor machine = ACTOR_INIT_MACHINE;

static bool names_us(const struct desk *d, const struct mail_addrs *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (address_ours(d, l->p[i].addr))
            return true;
    return false;
}

enum rc intake_watch_of(struct desk *d, struct arena *a, const struct mail *m,
                        struct intake_facts *f, struct err *e)
{
    f->to_us = names_us(d, &m->to) || names_us(d, &m->cc);
    f->ours = intake_from_single(m) && address_ours(d, m->from.addr);
    return intake_team_member(d, a, m, &f->ours, e);
}

static enum rc place_outgoing(struct desk *d, struct message_row *row, const struct thread_row *t,
                              struct err *e)
{
    row->case_id = t->case_id;
    row->thread_id = t->id;
    row->state = STR("ok");
    return intake_place(d, &machine, row, "message.out", STR_NONE, e);
}

enum rc intake_outgoing(struct desk *d, struct message_row *row, const struct thread_row *t,
                        struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct case_row c;
    TRY(place_outgoing(d, row, t, e));
    TRY(ops_case_get(d->db, a, t->case_id, &c, e));
    if (c.closed_us)
        return RC_OK;
    TRY(clock_answered(d, t->case_id, t->id, str_eq(row->direction, STR("out")), e));
    return case_acknowledged(d, a, t->case_id, "the team answered from its inbox", e);
}

/* ---- import ---- */

struct person {
    struct str name, addr;
};

/* Whom a conversation is with: the sender, or of a mail of the team the first other recipient. */
static struct person other_side(const struct desk *d, struct arena *a, const struct mail *m,
                                bool ours)
{
    struct person p = {m->from.name, address_canon(a, m->from.addr)};
    if (!ours)
        return p;
    p = (struct person){STR_NONE, STR_NONE};
    for (size_t i = 0; i < m->to.n && p.addr.n == 0; i++)
        if (!address_ours(d, m->to.p[i].addr))
            p = (struct person){m->to.p[i].name, address_canon(a, m->to.p[i].addr)};
    return p;
}

/* The thread of the newest known mail that this one answers; RC_NOTFOUND. */
static enum rc answered(struct desk *d, struct arena *a, const struct mail *m,
                        struct thread_row *ret, struct err *e)
{
    const struct mail_strs *lists[] = {&m->in_reply_to, &m->references};
    for (size_t k = 0; k < ARRAY_LEN(lists); k++)
        for (size_t i = lists[k]->n; i-- > 0;) {
            struct thread_row t[SAME_MID];
            size_t n;
            TRY(ops_thread_by_mid(d->db, a, lists[k]->p[i], t, SAME_MID, &n, e));
            if (n == 0)
                continue;
            *ret = t[0];
            return RC_OK;
        }
    return err_set(e, RC_NOTFOUND, "no mail of this desk is answered");
}

static enum rc thread_with(struct desk *d, struct arena *a, int64_t case_id, const struct person *p,
                           struct str subject, struct thread_row *ret, struct err *e)
{
    struct thread_row *t;
    size_t n;
    int64_t participant, thread;
    TRY(ops_thread_list(d->db, a, case_id, &t, &n, e));
    for (size_t i = 0; i < n; i++)
        if (p->addr.n > 0 && address_same(p->addr, t[i].email)) {
            *ret = t[i];
            return RC_OK;
        }
    struct participant_new np = {.case_id = case_id,
                                 .role = STR("reporter"),
                                 .name = utf8_clip(p->name, DESK_NAME_MAX),
                                 .email = p->addr,
                                 .rm = 'A',
                                 .subject = subject};
    TRY(vcase_add_participant(d, &machine, &np, &participant, &thread, e));
    return ops_thread_get(d->db, a, thread, ret, e);
}

static enum rc opened(struct desk *d, struct arena *a, struct message_row *row,
                      const struct person *p, struct thread_row *ret, struct err *e)
{
    struct vcase_made made;
    struct vcase_new n = {.title = intake_title(a, row->subject), .opened_us = row->received_us};
    TRY(vcase_open(d, &machine, &n, &made, e));
    return thread_with(d, a, made.id, p, row->subject, ret, e);
}

static enum rc close_it(struct desk *d, int64_t case_id, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct case_row c;
    TRY(ops_case_get(d->db, a, case_id, &c, e));
    if (c.closed_us)
        return RC_OK;
    return vcase_close(d, &machine, case_id, EXIT_WITHDRAWN,
                       STR("imported from an old mailbox as closed"), e);
}

enum rc intake_import(struct desk *d, const struct mail *m, const struct intake_env *env,
                      struct message_row *row, struct intake_result *ret, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    bool ours = !str_eq(row->direction, STR("in"));
    struct thread_row t;
    struct person p = other_side(d, a, m, ours);
    enum rc rc = answered(d, a, m, &t, e);
    ret->kind = rc == RC_OK ? INTAKE_JOINED : INTAKE_NEW;
    if (rc == RC_NOTFOUND)
        rc = opened(d, a, row, &p, &t, e);
    else if (rc == RC_OK && !ours)
        rc = thread_with(d, a, t.case_id, &p, row->subject, &t, e);
    TRY(rc);
    if (ours) {
        TRY(place_outgoing(d, row, &t, e));
    } else {
        if (ret->kind == INTAKE_NEW) /* tells it from what joined, when it is asked again */
            row->ack = arena_strf(a, "withheld: %s", autoreply_why_text(AUTOREPLY_IMPORTED));
        TRY(intake_join(d, &machine, row, &t, false, e));
        row->ack = STR_NONE;
    }
    ret->case_id = t.case_id;
    ret->thread_id = t.id;
    return env->close ? close_it(d, t.case_id, e) : RC_OK;
}
