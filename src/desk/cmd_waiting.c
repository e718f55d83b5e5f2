/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verbs about what waits for a person.
 * Runs in core.
 * Input: arguments out of a form or a command, hostile; checked by desk/cmd_args.c.
 */
#include "desk/cmd_inside.h"
#include "desk/epoch.h"
#include "store/ops_clock.h"

static json_t *one_json(const struct waiting *w)
{
    json_t *j = json_object();
    json_put_int(j, "task", w->task);
    json_put_str(j, "kind", w->kind);
    json_put_str(j, "mail", w->mail);
    json_put_str(j, "number", w->number);
    json_put_str(j, "to", w->to);
    json_put_str(j, "why", w->why);
    json_put_time(j, "since", w->since_us);
    return j;
}

static enum rc waiting_list_verb(struct cmd *c, struct err *e)
{
    struct waiting *w;
    struct clock_row *clocks;
    size_t n, n_clocks;
    TRY(waiting_list(c->d, c->who, c->a, &w, &n, e));
    TRY(ops_clock_in_state(c->d->db, c->a, STR("waiting"), &clocks, &n_clocks, e));
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, one_json(&w[i]));
    c->ret = json_pack("{s:o, s:I}", "waiting", list, "clocks", (json_int_t)n_clocks);
    return RC_OK;
}

/* One task by its number, or all of one kind. */
static enum rc decide(struct cmd *c, bool send, struct err *e)
{
    struct str kind, reason = STR_NONE;
    struct waiting *w;
    size_t n;
    int64_t task = 0, done = 0;
    if (json_object_get(c->args, "task"))
        TRY(want_id(c, "task", &task, e));
    TRY(may_str(c, "kind", 64, &kind, e));
    if ((task != 0) == (kind.n > 0))
        return err_set(e, RC_INVALID, "either \"task\" or \"kind\" says what is meant");
    if (!send)
        TRY(want_reason(c, &reason, e));
    TRY(waiting_list(c->d, c->who, c->a, &w, &n, e));
    for (size_t i = 0; i < n; i++) {
        bool meant = task ? w[i].task == task
                          : str_eq(kind, w[i].kind) || (w[i].mail.n && str_eq(kind, w[i].mail));
        if (!meant)
            continue;
        TRY(send ? waiting_send(c->d, c->who, w[i].task, e)
                 : waiting_drop(c->d, c->who, w[i].task, reason, e));
        done++;
    }
    if (done == 0)
        return err_set(e, RC_CONFLICT, "nothing of that number or kind waits for a person");
    c->ret = json_pack("{s:I}", "done", (json_int_t)done);
    return RC_OK;
}

static enum rc send_verb(struct cmd *c, struct err *e)
{
    return decide(c, true, e);
}

static enum rc drop_verb(struct cmd *c, struct err *e)
{
    return decide(c, false, e);
}

static enum rc clocks_verb(struct cmd *c, struct err *e)
{
    int64_t n;
    TRY(waiting_clocks(c->d, c->who, &n, e));
    c->ret = json_pack("{s:I}", "clocks", (json_int_t)n);
    return RC_OK;
}

const struct cmd_verb cmd_waiting_verbs[] = {
    {"waiting.list", waiting_list_verb, "", false},
    {"waiting.send", send_verb, " task kind ", false},
    {"waiting.drop", drop_verb, " task kind reason ", false},
    {"waiting.clocks", clocks_verb, "", false},
    {NULL, NULL, NULL, false},
};
