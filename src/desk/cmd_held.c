/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verbs about what is held, quarantined or spam.
 * Runs in core.
 * Input: arguments out of a form or a command, hostile; checked by desk/cmd_args.c.
 */
#include "desk/cmd_inside.h"
#include "desk/intake.h"
#include "desk/view.h"

static enum rc quarantine_list(struct cmd *c, struct err *e)
{
    struct str state;
    struct view_held h;
    TRY(may_str(c, "state", 16, &state, e));
    TRY(view_held(c->d, c->who, c->a, state, &h, e));
    c->ret = view_held_json(&h);
    return RC_OK;
}

static enum rc quarantine_show(struct cmd *c, struct err *e)
{
    int64_t id;
    struct view_held_row r;
    TRY(want_id(c, "message", &id, e));
    TRY(view_held_one(c->d, c->who, c->a, id, &r, e));
    c->ret = view_held_row_json(&r, true);
    return RC_OK;
}

static enum rc quarantine_release(struct cmd *c, struct err *e)
{
    int64_t id;
    struct str number, reason;
    struct intake_result r;
    TRY(want_id(c, "message", &id, e));
    TRY(may_str(c, "number", VCASE_NUMBER_MAX, &number, e));
    TRY(want_reason(c, &reason, e));
    TRY(held_release(c->d, c->who, id, number, reason, &r, e));
    c->ret = json_pack("{s:s, s:s}", "number", r.number, "kind", intake_kind_name(r.kind));
    return RC_OK;
}

static enum rc quarantine_discard(struct cmd *c, struct err *e)
{
    int64_t id;
    struct str reason;
    TRY(want_id(c, "message", &id, e));
    TRY(want_reason(c, &reason, e));
    return held_discard(c->d, c->who, id, reason, e);
}

static enum rc quarantine_pass(struct cmd *c, struct err *e)
{
    int64_t id;
    struct str reason;
    TRY(want_id(c, "message", &id, e));
    TRY(want_reason(c, &reason, e));
    return held_pass(c->d, c->who, id, reason, e);
}

static enum rc quarantine_many(struct cmd *c, struct err *e)
{
    int64_t ids[HELD_MANY_MAX];
    struct str decision;
    struct held_many m = {.ids = ids};
    size_t done;
    const json_t *list = json_object_get(c->args, "messages");
    TRY(want_str(c, "decision", 16, &decision, e));
    TRY(want_reason(c, &m.reason, e));
    m.spam = str_eq(decision, STR("spam"));
    if (!m.spam && !str_eq(decision, STR("discard")))
        return err_set(e, RC_INVALID, "\"decision\" is spam or discard");
    if (!json_is_array(list) || json_array_size(list) > HELD_MANY_MAX)
        return err_set(e, RC_INVALID, "\"messages\" is a list of at most %d ids", HELD_MANY_MAX);
    for (m.n = 0; m.n < json_array_size(list); m.n++) {
        const json_t *id = json_array_get(list, m.n);
        if (!json_is_integer(id) || json_integer_value(id) < 1)
            return err_set(e, RC_INVALID, "\"messages\" holds something that is no id");
        ids[m.n] = json_integer_value(id);
    }
    TRY(held_decide_many(c->d, c->who, &m, &done, e));
    c->ret = json_pack("{s:I, s:I}", "done", (json_int_t)done, "left", (json_int_t)(m.n - done));
    return RC_OK;
}

const struct cmd_verb cmd_held_verbs[] = {
    {"quarantine.list", quarantine_list, " state ", false},
    {"quarantine.show", quarantine_show, " message ", false},
    {"quarantine.release", quarantine_release, " message number reason ", false},
    {"quarantine.pass", quarantine_pass, " message reason ", false},
    {"quarantine.many", quarantine_many, " messages decision reason ", false},
    {"quarantine.discard", quarantine_discard, " message reason ", false},
    {NULL, NULL, NULL, false},
};
