/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which thread a mail points at, and whether it comes from that thread's participant.
 * Runs in core.
 * Input: the parse child's record, re-checked by mail_decode; From, References and subject are a
 * stranger's claims, so they find a thread here but never open it by themselves.
 */
#include "desk/intake_inside.h"

#define CANDIDATES 24 /* threads looked at for one mail */
#define SAME_MID   4  /* threads looked at for one Message-ID: an outsider may reuse it */

struct candidate {
    struct thread_row t;
    bool tag; /* its own secret tag came along */
    enum intake_point point;
};
struct search {
    struct candidate c[CANDIDATES];
    size_t n;
};

static void add(struct search *s, const struct thread_row *t, enum intake_point point, bool tag)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->c[i].t.id == t->id) {
            s->c[i].tag = s->c[i].tag || tag;
            return;
        }
    }
    if (s->n < CANDIDATES)
        s->c[s->n++] = (struct candidate){.t = *t, .tag = tag, .point = point};
}

static enum rc try_tag(struct desk *d, struct arena *a, struct search *s, struct str tag,
                       enum intake_point point, struct err *e)
{
    struct thread_row t;
    if (tag.n == 0)
        return RC_OK;
    enum rc rc = ops_thread_by_tag(d->db, a, arena_lower(a, tag), &t, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    add(s, &t, point, true);
    return RC_OK;
}

static enum rc try_mids(struct desk *d, struct arena *a, struct search *s,
                        const struct mail_strs *ids, struct err *e)
{
    /* The newest reference is the last one. */
    for (size_t i = ids->n; i-- > 0 && s->n < CANDIDATES;) {
        struct thread_row t[SAME_MID];
        size_t n;
        TRY(try_tag(d, a, s, mid_tag(d, ids->p[i]), POINT_MID, e));
        TRY(ops_thread_by_mid(d->db, a, ids->p[i], t, SAME_MID, &n, e));
        for (size_t k = 0; k < n; k++)
            add(s, &t[k], POINT_MID, false);
    }
    return RC_OK;
}

static enum rc try_threads(struct desk *d, struct arena *a, struct search *s, const struct mail *m,
                           const struct intake_env *env, struct err *e)
{
    for (size_t i = 0; i < env->n_rcpts; i++)
        TRY(try_tag(d, a, s, address_tag(d, env->rcpts[i]), POINT_TAG, e));
    for (size_t i = 0; i < m->to.n; i++)
        TRY(try_tag(d, a, s, address_tag(d, m->to.p[i].addr), POINT_TAG, e));
    for (size_t i = 0; i < m->cc.n; i++)
        TRY(try_tag(d, a, s, address_tag(d, m->cc.p[i].addr), POINT_TAG, e));
    TRY(try_mids(d, a, s, &m->in_reply_to, e));
    return try_mids(d, a, s, &m->references, e);
}

bool intake_from_single(const struct mail *m)
{
    return m->from_fields == 1 && m->from_mailboxes == 1 && m->from.addr.n > 0;
}

static void choose(const struct mail *m, const struct search *s, struct pointed *p)
{
    const struct candidate *best = &s->c[0];
    for (size_t i = 0; i < s->n; i++) {
        if (intake_from_single(m) && address_same(m->from.addr, s->c[i].t.email)) {
            best = &s->c[i];
            p->f.participant = true;
            break;
        }
    }
    p->thread = best->t;
    p->case_id = best->t.case_id;
    p->f.point = best->point;
    p->f.known = true;
    p->f.tag_came = best->tag;
}

/* [PREFIX-YYYY-NNNN]: the sender's own thread in that case. */
static enum rc by_number(struct desk *d, struct arena *a, const struct mail *m, struct str number,
                         struct pointed *p, struct err *e)
{
    struct thread_row *t;
    size_t n;
    p->f.point = POINT_NUMBER;
    enum rc rc = vcase_by_number(d, number, &p->case_id, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    p->f.known = true;
    TRY(ops_thread_list(d->db, a, p->case_id, &t, &n, e));
    for (size_t i = 0; i < n && !p->f.participant; i++) {
        if (intake_from_single(m) && address_same(m->from.addr, t[i].email)) {
            p->thread = t[i];
            p->f.participant = true;
        }
    }
    return RC_OK;
}

enum rc intake_point_of(struct desk *d, struct arena *a, const struct mail *m,
                        const struct intake_env *env, struct pointed *ret, struct err *e)
{
    struct search *s = arena_alloc(a, sizeof(*s));
    TRY(arena_ok(a, "the search for a thread", e));
    struct pointed p = {.case_id = 0};
    p.f.authserv = d->set->mail.authserv_id.n > 0;
    p.f.authentic = p.f.authserv && m->proof != AUTHRES_NONE;
    TRY(try_threads(d, a, s, m, env, e));
    struct str number = vcase_number_find(d->set->desk.prefix, m->subject);
    if (s->n > 0)
        choose(m, s, &p);
    else if (number.n > 0)
        TRY(by_number(d, a, m, number, &p, e));
    *ret = p;
    return RC_OK;
}
