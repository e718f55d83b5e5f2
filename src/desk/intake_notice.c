/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of team members to notices: found by the notice's secret, kept as notes.
 * Runs in core.
 * Input: the parse child's record; that the sender is the one whom the notice went to is decided by
 * intake_decide.
 */
#include "desk/intake_inside.h"
#include "desk/notice.h"
#include "store/ops_erase.h"
#include "store/ops_notice.h"
#include "store/ops_people.h"

#define JOINS_MAX 20 /* cases joined one into the other that are followed */

static struct str of_address(const struct desk *d, const struct mail *m,
                             const struct intake_env *env)
{
    struct str tag = STR_NONE;
    for (size_t i = 0; i < env->n_rcpts && tag.n == 0; i++)
        tag = notice_address_tag(d, env->rcpts[i]);
    for (size_t i = 0; i < m->to.n && tag.n == 0; i++)
        tag = notice_address_tag(d, m->to.p[i].addr);
    for (size_t i = 0; i < m->cc.n && tag.n == 0; i++)
        tag = notice_address_tag(d, m->cc.p[i].addr);
    return tag;
}

static struct str of_mid(const struct desk *d, const struct mail *m)
{
    struct str tag = STR_NONE;
    for (size_t i = m->in_reply_to.n; i-- > 0 && tag.n == 0;)
        tag = notice_mid_tag(d, m->in_reply_to.p[i]);
    for (size_t i = m->references.n; i-- > 0 && tag.n == 0;)
        tag = notice_mid_tag(d, m->references.p[i]);
    return tag;
}

static bool from_is(const struct mail *m, const struct account_row *r)
{
    return r->active && intake_from_single(m) && address_same(m->from.addr, r->email);
}

enum rc intake_team_member(struct desk *d, struct arena *a, const struct mail *m, bool *ret,
                           struct err *e)
{
    struct account_row *r;
    size_t n;
    TRY(ops_account_list(d->db, a, &r, &n, e));
    for (size_t i = 0; i < n; i++)
        *ret = *ret || from_is(m, &r[i]);
    return RC_OK;
}

/* The case that a notice is about, or what it was joined into. */
static enum rc case_of(struct desk *d, struct arena *a, int64_t id, int64_t *ret, struct err *e)
{
    struct case_row c = {.joined_into = id};
    for (int i = 0; i < JOINS_MAX && c.joined_into; i++)
        TRY(ops_case_get(d->db, a, c.joined_into, &c, e));
    *ret = c.id;
    return RC_OK;
}

enum rc intake_notice_of(struct desk *d, struct arena *a, const struct mail *m,
                         const struct intake_env *env, struct pointed *p, struct err *e)
{
    struct notice_row n;
    struct account_row r;
    int64_t erased_us;
    struct str by, tag = of_address(d, m, env);
    if (p->f.point != POINT_NOTHING && !p->f.participant)
        TRY(intake_team_member(d, a, m, &p->f.team, e));
    /* Who takes part in a case may quote one of our notices without answering it. */
    if (tag.n == 0 && !p->f.participant)
        tag = of_mid(d, m);
    p->f.notice = tag.n > 0;
    if (!p->f.notice)
        return RC_OK;
    enum rc rc = ops_notice_by_tag(d->db, a, arena_lower(a, tag), &n, e);
    if (rc == RC_NOTFOUND || (rc == RC_OK && n.case_id == 0))
        return RC_OK;
    TRY(rc);
    TRY(case_of(d, a, n.case_id, &p->case_id, e));
    TRY(ops_account_get(d->db, a, n.account_id, &r, e));
    TRY(ops_erased(d->db, a, p->case_id, &erased_us, &by, e));
    /* What was erased takes nothing in any more. */
    if (erased_us)
        p->case_id = 0;
    p->f.notice_known = erased_us == 0;
    p->f.own = from_is(m, &r);
    p->account = r.id;
    return RC_OK;
}

enum rc intake_note(struct desk *d, struct message_row *row, const struct pointed *p, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct case_row c;
    struct account_row r;
    TRY(ops_case_get(d->db, a, p->case_id, &c, e));
    TRY(ops_account_get(d->db, a, p->account, &r, e));
    struct actor who = {.kind = str_eq(r.role, STR("admin")) ? ACTOR_ADMIN : ACTOR_HANDLER,
                        .account_id = r.id,
                        .login = r.login};
    row->case_id = c.id;
    row->author_id = r.id;
    row->direction = STR("note");
    row->state = STR("ok");
    /* The raw mail keeps what is cut off here. */
    struct str said = notice_answer(a, row->body);
    row->body = said.n ? said : STR("(an answer without a readable text)");
    TRY(arena_ok(a, "a note", e));
    TRY(ops_message_insert(d->db, row, &row->id, e));
    if (row->blob_id)
        TRY(blob_to_case(d, a, row->blob_id, &c, e));
    TRY(case_store(d, &c, e));
    return desk_event(
        d, &who, c.id, "note.added",
        json_pack("{s:I, s:s}", "message", (json_int_t)row->id, "reason", "an answer to a notice"),
        e);
}
