/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verbs about writing: drafts, and second thoughts about a reply.
 * Runs in core.
 * Input: arguments out of a form or a command, hostile; checked by desk/cmd_args.c.
 */
#include "desk/cmd_inside.h"
#include "desk/draft.h"
#include "desk/reply.h"
#include "store/ops_message.h"

static enum rc case_undo(struct cmd *c, struct err *e)
{
    int64_t id;
    struct message_row m;
    TRY(actor_needs_team(c->who, e));
    TRY(want_id(c, "message", &id, e));
    TRY(reply_undo(c->d, c->who, id, e));
    TRY(ops_message_get(c->d->db, c->a, id, &m, e));
    c->ret = json_pack("{s:I}", "thread", (json_int_t)m.thread_id);
    return RC_OK;
}

static enum rc case_hurry(struct cmd *c, struct err *e)
{
    int64_t id;
    TRY(want_id(c, "message", &id, e));
    return reply_hurry(c->d, c->who, id, e);
}

static enum rc case_draft(struct cmd *c, struct err *e)
{
    struct draft_new n = {.thread_id = 0};
    bool kept;
    TRY(want_case(c, "case", &n.case_id, e));
    if (json_object_get(c->args, "thread"))
        TRY(want_id(c, "thread", &n.thread_id, e));
    TRY(want_str(c, "text", DESK_TEXT_MAX, &n.text, e));
    TRY(may_str(c, "token", FORM_TOKEN_MAX, &n.token, e));
    TRY(draft_keep(c->d, c->who, &n, &kept, e));
    c->ret = json_pack("{s:b}", "kept", kept);
    return RC_OK;
}

const struct cmd_verb cmd_write_verbs[] = {
    {"case.undo", case_undo, " message ", false},
    {"case.hurry", case_hurry, " message ", false},
    {"case.draft", case_draft, " case thread text token ", false},
    {NULL, NULL, NULL, false},
};
