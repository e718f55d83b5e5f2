/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verbs about the affected versions of a case.
 * Runs in core.
 * Input: arguments out of a form or a command, hostile; checked by desk/cmd_args.c and behind.
 */
#include "desk/affected.h"
#include "desk/cmd_inside.h"

static enum rc show(struct cmd *c, struct err *e)
{
    AUTO(view_affected) struct view_affected v = {.nth = 0};
    int64_t id;
    TRY(want_case(c, "case", &id, e));
    TRY(view_affected(c->d, c->who, c->a, id, &v, e));
    c->ret = view_affected_json(&v);
    return RC_OK;
}

static enum rc ask(struct cmd *c, struct err *e)
{
    struct affected_ask q = {.case_id = 0};
    TRY(want_case(c, "case", &q.case_id, e));
    TRY(may_str(c, "fix", AFFECTED_LINES_MAX, &q.fix, e));
    TRY(may_str(c, "introduced", AFFECTED_LINES_MAX, &q.introduced, e));
    TRY(may_str(c, "at", AFFECTED_LINES_MAX, &q.at, e));
    return affected_ask(c->d, c->who, &q, e);
}

static enum rc again(struct cmd *c, struct err *e)
{
    int64_t id;
    TRY(want_case(c, "case", &id, e));
    return affected_again(c->d, c->who, id, e);
}

static enum rc choose(struct cmd *c, struct err *e)
{
    int64_t id, nth = 0, candidate = 0;
    TRY(want_case(c, "case", &id, e));
    if (json_object_get(c->args, "candidate")) {
        TRY(want_id(c, "candidate", &candidate, e));
        TRY(want_id(c, "answer", &nth, e));
    }
    return affected_choose(c->d, c->who, id, nth, candidate, e);
}

static enum rc decide(struct cmd *c, struct err *e)
{
    struct affected_decide n = {.case_id = 0};
    TRY(want_case(c, "case", &n.case_id, e));
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
    {"affected.show", show, " case ", false},
    {"affected.ask", ask, " case fix introduced at ", false},
    {"affected.again", again, " case ", false},
    {"affected.choose", choose, " case candidate answer ", false},
    {"affected.decide", decide, " case tag status reason ", false},
    {"affected.keep", keep, " case ", false},
    {NULL, NULL, NULL, false},
};
