/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one door for the command line and the forms: verb and JSON in, JSON out.
 * Runs in core.
 * Input: arguments out of a form or a command, hostile; their names are checked here.
 */
#include "desk/cmd_inside.h"
#include "desk/throttle.h"

/* clang-format off */
static const struct cmd_verb *const tables[] = {
    cmd_advisory_verbs,
    cmd_affected_verbs,
    cmd_audit_verbs,
    cmd_backport_verbs,
    cmd_case_verbs,
    cmd_held_verbs,
    cmd_import_verbs,
    cmd_people_verbs,
    cmd_policy_verbs,
    cmd_search_verbs,
    cmd_third_verbs,
    cmd_waiting_verbs,
    cmd_write_verbs,
};
/* clang-format on */

static const struct cmd_verb *find(struct str verb)
{
    for (size_t i = 0; i < ARRAY_LEN(tables); i++)
        for (const struct cmd_verb *v = tables[i]; v->verb; v++)
            if (str_eq(verb, str_c(v->verb)))
                return v;
    return NULL;
}

static enum rc names_check(const char *known, const json_t *args, struct err *e)
{
    const char *key;
    json_t *value;
    if (!json_is_object(args))
        return err_set(e, RC_INVALID, "the arguments are not an object");
    json_object_foreach((json_t *)args, key, value)
    {
        char padded[40];
        bool fits = snprintf(padded, sizeof(padded), " %s ", key) < (int)sizeof(padded);
        if (!fits || strchr(key, ' ') || str_find(str_c(known), str_c(padded)) == STR_NPOS)
            return err_set(e, RC_INVALID, "an argument that this command does not know");
    }
    return RC_OK;
}

/* What only sends a mail has no state that says that it was done: the same of the same person
 * within a moment is a form that was sent twice. */
static const char *const mails[] = {"advisory.ask", "policy.answer"};
static const struct throttle_rule once = {"once", 1, CMD_ONCE_US};

static bool only_mails(struct str verb)
{
    for (size_t i = 0; i < ARRAY_LEN(mails); i++)
        if (str_eq(verb, str_c(mails[i])))
            return true;
    return false;
}

static enum rc run_once(struct cmd *c, const struct cmd_verb *v, struct err *e)
{
    AUTO(buf) struct buf args = BUF_INIT(CMD_ARGS_MAX);
    struct throttle t;
    TRY(json_write(&args, c->args, e));
    struct str key = arena_strf(c->a, "%lld %s %.*s", (long long)c->who->account_id, v->verb,
                                STR_ARG(buf_str(&args)));
    TRY(arena_ok(c->a, "the arguments", e));
    TRY(throttle_peek(c->d, &once, key, &t, e));
    if (!t.allowed)
        return err_set(e, RC_CONFLICT, "the same was sent a moment ago; it goes out once");
    TRY(v->run(c, e));
    /* It is done: at worst a second one is not noticed. */
    (void)!throttle_take(c->d, &once, key, &t, NULL);
    return RC_OK;
}

enum rc desk_cmd(struct desk *d, const struct actor *who, struct str verb, const json_t *args,
                 json_t **ret, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct cmd c = {.d = d, .who = who, .args = args, .a = a};
    const struct cmd_verb *v = find(verb);
    if (v == NULL)
        return err_set(e, RC_INVALID, "unknown command");
    if (v->reporter != (who->kind == ACTOR_REPORTER))
        return err_set(e, RC_DENIED, "this is not for you");
    TRY(names_check(v->args, args, e));
    TRY(only_mails(verb) ? run_once(&c, v, e) : v->run(&c, e));
    *ret = c.ret ? c.ret : json_pack("{s:b}", "ok", 1);
    return RC_OK;
}

enum rc desk_cmd_text(struct desk *d, const struct actor *who, struct str verb, struct str args,
                      struct buf *ret, struct err *e)
{
    AUTO(json) json_t *in = NULL;
    AUTO(json) json_t *out = NULL;
    struct err mine = ERR_INIT;
    enum rc rc = json_parse(args.n ? args : STR("{}"), CMD_ARGS_MAX, "arguments", &in, &mine);
    if (rc == RC_OK)
        rc = desk_cmd(d, who, verb, in, &out, &mine);
    if (rc != RC_OK) {
        out = json_pack("{s:{s:s, s:o}}", "error", "code", rc_name(rc), "message",
                        json_str(str_c(mine.msg)));
        if (e)
            *e = mine;
    }
    TRY(json_write(ret, out, e));
    return rc;
}
