/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verbs about the policy and proposals to it.
 * Runs in core.
 * Input: arguments out of a form or a command, hostile; checked by desk/cmd_args.c.
 */
#include "desk/cmd_inside.h"
#include "desk/proposal.h"

#define EXPORT_MAX (8u << 20)

static const char *how_it_stands(const struct proposal_row *p)
{
    if (!str_eq(p->state, STR("open")))
        return "";
    return p->applies == APPLIES_YES  ? "applies"
           : p->applies == APPLIES_NO ? "does not apply"
                                      : "being tried";
}

static json_t *row_json(const struct proposal_row *p)
{
    json_t *j = json_object();
    json_put_int(j, "proposal", p->id);
    json_put_str(j, "state", p->state);
    json_put_str(j, "applies", str_c(how_it_stands(p)));
    json_put_str(j, "subject", p->subject);
    json_put_str(j, "author", p->author_name);
    json_put_str(j, "email", p->author_email);
    json_put_time(j, "at", p->created_us);
    if (p->why.n)
        json_put_str(j, "why", p->why);
    if (p->reason.n)
        json_put_str(j, "reason", p->reason);
    if (p->case_number.n)
        json_put_str(j, "case", p->case_number);
    return j;
}

static enum rc policy_list(struct cmd *c, struct err *e)
{
    struct str state;
    struct proposal_row *p;
    size_t n;
    TRY(may_str(c, "state", 16, &state, e));
    TRY(view_proposals(c->d, c->who, c->a, state, &p, &n, e));
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, row_json(&p[i]));
    c->ret = json_pack("{s:o}", "proposals", list);
    return RC_OK;
}

static enum rc policy_show(struct cmd *c, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(EXPORT_MAX);
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct view_proposal v;
    int64_t id;
    TRY(want_id(c, "proposal", &id, e));
    TRY(view_proposal(c->d, c->who, a, id, &v, e));
    if (v.has_diff)
        diff_unified(&v.diff, policy_file_name(c->d), &b);
    else
        buf_add(&b, v.p.patch);
    TRY(buf_ok(&b, "the difference", e));
    json_t *list = json_array();
    for (size_t i = 0; i < v.n_behaviour; i++) {
        const struct behaviour *h = &v.behaviour[i];
        json_array_append_new(list,
                              json_pack("{s:o, s:o, s:o}", "change", json_str(str_of(&h->op, 1)),
                                        "text", json_str(h->says), "desk", json_str(h->desk)));
    }
    c->ret = row_json(&v.p);
    json_put_int(c->ret, "revision", v.p.revision_id);
    json_put_str(c->ret, "explanation", v.p.explanation);
    json_object_set_new(c->ret, "behaviour", list);
    json_put_str(c->ret, "diff", buf_str(&b));
    return RC_OK;
}

/* Whoever does not name the revision that was looked at means the one it was tried on now. */
static enum rc policy_merge(struct cmd *c, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct view_proposal v;
    int64_t id, revision = 0;
    TRY(want_id(c, "proposal", &id, e));
    if (json_object_get(c->args, "revision"))
        TRY(want_id(c, "revision", &revision, e));
    if (revision == 0) {
        TRY(view_proposal(c->d, c->who, a, id, &v, e));
        revision = v.p.revision_id;
    }
    return proposal_merge(c->d, c->who, id, revision, e);
}

static enum rc policy_reject(struct cmd *c, struct err *e)
{
    int64_t id;
    struct str reason;
    TRY(want_id(c, "proposal", &id, e));
    TRY(want_reason(c, &reason, e));
    return proposal_reject(c->d, c->who, id, reason, e);
}

static enum rc policy_answer(struct cmd *c, struct err *e)
{
    int64_t id;
    struct str text;
    TRY(want_id(c, "proposal", &id, e));
    TRY(want_str(c, "text", DESK_TEXT_MAX, &text, e));
    return proposal_answer(c->d, c->who, id, text, e);
}

static enum rc policy_case(struct cmd *c, struct err *e)
{
    int64_t id;
    struct str reason;
    char number[VCASE_NUMBER_MAX] = "";
    TRY(want_id(c, "proposal", &id, e));
    TRY(want_reason(c, &reason, e));
    TRY(proposal_to_case(c->d, c->who, id, reason, number, e));
    c->ret = json_pack("{s:s}", "number", number);
    return RC_OK;
}

static enum rc policy_export(struct cmd *c, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(EXPORT_MAX);
    int64_t id = 0;
    if (json_object_get(c->args, "proposal"))
        TRY(want_id(c, "proposal", &id, e));
    TRY(proposal_export(c->d, c->who, id, &b, e));
    c->ret = json_object();
    json_put_str(c->ret, "patches", buf_str(&b));
    return RC_OK;
}

const struct cmd_verb cmd_policy_verbs[] = {
    {"policy.list", policy_list, " state ", false},
    {"policy.show", policy_show, " proposal ", false},
    {"policy.merge", policy_merge, " proposal revision ", false},
    {"policy.reject", policy_reject, " proposal reason ", false},
    {"policy.answer", policy_answer, " proposal text ", false},
    {"policy.case", policy_case, " proposal reason ", false},
    {"policy.export", policy_export, " proposal ", false},
    {NULL, NULL, NULL, false},
};
