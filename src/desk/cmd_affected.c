/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verbs about the affected versions of a case.
 * Runs in core.
 * Input: arguments out of a form or a command, hostile; checked by desk/cmd_args.c and behind.
 */
#include "desk/affected.h"
#include "desk/cmd_inside.h"

/* A case, or a part of it. */
static enum rc want_key(const struct cmd *c, struct affected_key *ret, struct err *e)
{
    *ret = (struct affected_key){0, 0};
    TRY(want_case(c, "case", &ret->case_id, e));
    return json_object_get(c->args, "part") ? want_id(c, "part", &ret->part, e) : RC_OK;
}

static enum rc show(struct cmd *c, struct err *e)
{
    AUTO(view_affected) struct view_affected v = {.nth = 0};
    struct affected_key of;
    TRY(want_key(c, &of, e));
    TRY(view_affected(c->d, c->who, c->a, of, &v, e));
    c->ret = view_affected_json(&v);
    return RC_OK;
}

static enum rc ask(struct cmd *c, struct err *e)
{
    struct affected_ask q = {.case_id = 0};
    struct affected_key of;
    TRY(want_key(c, &of, e));
    q.case_id = of.case_id;
    q.part = of.part;
    TRY(may_str(c, "fix", AFFECTED_LINES_MAX, &q.fix, e));
    TRY(may_str(c, "introduced", AFFECTED_LINES_MAX, &q.introduced, e));
    TRY(may_str(c, "at", AFFECTED_LINES_MAX, &q.at, e));
    return affected_ask(c->d, c->who, &q, e);
}

static enum rc again(struct cmd *c, struct err *e)
{
    struct affected_key of;
    TRY(want_key(c, &of, e));
    return affected_again(c->d, c->who, of, e);
}

static enum rc choose(struct cmd *c, struct err *e)
{
    struct affected_key of;
    int64_t nth = 0, candidate = 0;
    TRY(want_key(c, &of, e));
    if (json_object_get(c->args, "candidate")) {
        TRY(want_id(c, "candidate", &candidate, e));
        TRY(want_id(c, "answer", &nth, e));
    }
    return affected_choose(c->d, c->who, of, nth, candidate, e);
}

static enum rc decide(struct cmd *c, struct err *e)
{
    struct affected_decide n = {.case_id = 0};
    struct affected_key of;
    TRY(want_key(c, &of, e));
    n.case_id = of.case_id;
    n.part = of.part;
    TRY(want_str(c, "tag", REC_NAME_MAX, &n.tag, e));
    TRY(may_str(c, "status", 16, &n.status, e));
    TRY(may_str(c, "reason", DESK_REASON_MAX, &n.reason, e));
    return affected_decide(c->d, c->who, &n, e);
}

static enum rc keep(struct cmd *c, struct err *e)
{
    int64_t id;
    TRY(want_case(c, "case", &id, e));
    return affected_keep(c->d, c->who, id, e);
}

const struct cmd_verb cmd_affected_verbs[] = {
    {"affected.show", show, " case part ", false},
    {"affected.ask", ask, " case part fix introduced at ", false},
    {"affected.again", again, " case part ", false},
    {"affected.choose", choose, " case part candidate answer ", false},
    {"affected.decide", decide, " case part tag status reason ", false},
    {"affected.keep", keep, " case ", false},
    {NULL, NULL, NULL, false},
};
