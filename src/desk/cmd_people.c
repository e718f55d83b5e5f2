/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verbs about the people of the team, and the reporter's own.
 * Runs in core.
 * Input: arguments out of a form or a command, hostile; checked by desk/cmd_args.c.
 */
#include "desk/auth.h"
#include "desk/cmd_inside.h"
#include "desk/reply.h"

static json_t *account_json(const struct account *p)
{
    json_t *j = json_object();
    json_put_str(j, "login", p->login);
    json_put_str(j, "name", p->name);
    json_put_str(j, "email", p->email);
    json_put_str(j, "role", p->role);
    json_put_int(j, "weight", p->weight);
    json_put_bool(j, "active", p->active);
    json_put_str(j, "notices", p->notify);
    json_put_bool(j, "away", p->away);
    json_put_time(j, "away_from", p->away_from_us);
    json_put_time(j, "away_until", p->away_until_us);
    return j;
}

static enum rc user_list(struct cmd *c, struct err *e)
{
    struct account *p;
    size_t n;
    TRY(actor_needs_team(c->who, e));
    TRY(people_list(c->d, c->a, &p, &n, e));
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, account_json(&p[i]));
    c->ret = json_pack("{s:o}", "users", list);
    return RC_OK;
}

static enum rc user_add(struct cmd *c, struct err *e)
{
    struct account_new n = {.weight = 1};
    int64_t id;
    TRY(want_str(c, "login", DESK_LOGIN_MAX, &n.login, e));
    TRY(want_str(c, "name", DESK_NAME_MAX, &n.name, e));
    TRY(want_str(c, "email", DESK_ADDR_MAX, &n.email, e));
    TRY(want_str(c, "role", 16, &n.role, e));
    if (json_object_get(c->args, "weight"))
        TRY(json_get_int(c->args, "weight", 0, PEOPLE_WEIGHT, &n.weight, e));
    return people_add(c->d, c->who, &n, &id, e);
}

static enum rc put_link(struct cmd *c, const char *secret)
{
    struct str base = c->d->set->desk.staff_url;
    struct str url = base.n ? arena_strf(c->a, "%.*s/signin/%s", STR_ARG(base), secret) : STR_NONE;
    c->ret = json_pack("{s:o, s:s}", "url", json_str(url), "secret", secret);
    return RC_OK;
}

static enum rc user_signin(struct cmd *c, struct err *e)
{
    char secret[SECRET_SIZE];
    struct str login;
    TRY(want_str(c, "login", DESK_LOGIN_MAX, &login, e));
    TRY(people_signin(c->d, c->who, login, secret, e));
    return put_link(c, secret);
}

static enum rc user_reset(struct cmd *c, struct err *e)
{
    char secret[SECRET_SIZE];
    struct str login;
    TRY(want_str(c, "login", DESK_LOGIN_MAX, &login, e));
    TRY(auth_reset(c->d, c->who, login, secret, e));
    return put_link(c, secret);
}

static enum rc user_passwd(struct cmd *c, struct err *e)
{
    struct str login, password;
    TRY(want_str(c, "login", DESK_LOGIN_MAX, &login, e));
    TRY(want_str(c, "password", PASSWORD_MAX, &password, e));
    return auth_passwd(c->d, c->who, login, password, e);
}

static enum rc user_switch(struct cmd *c, bool on, struct err *e)
{
    struct str login;
    int64_t cases;
    TRY(want_str(c, "login", DESK_LOGIN_MAX, &login, e));
    TRY(auth_switch(c->d, c->who, login, on, &cases, e));
    c->ret = json_pack("{s:b, s:I}", "ok", 1, "cases", (json_int_t)cases);
    return RC_OK;
}

static enum rc user_on(struct cmd *c, struct err *e)
{
    return user_switch(c, true, e);
}

static enum rc user_off(struct cmd *c, struct err *e)
{
    return user_switch(c, false, e);
}

static enum rc user_notify(struct cmd *c, struct err *e)
{
    struct str login, what;
    TRY(want_str(c, "login", DESK_LOGIN_MAX, &login, e));
    TRY(want_str(c, "what", 16, &what, e));
    return auth_notify(c->d, c->who, login, what, e);
}

static enum rc user_away(struct cmd *c, struct err *e)
{
    struct str login;
    int64_t from, until;
    TRY(want_str(c, "login", DESK_LOGIN_MAX, &login, e));
    TRY(may_time(c, "from", &from, e));
    TRY(may_time(c, "until", &until, e));
    if (from && !until)
        return err_set(e, RC_INVALID, "\"until\" is missing");
    if (until && !from)
        from = desk_now(c->d);
    return people_away(c->d, c->who, login, from, until, e);
}

const struct cmd_verb cmd_people_verbs[] = {
    {"user.list", user_list, " ", false},
    {"user.add", user_add, " login name email role weight ", false},
    {"user.signin", user_signin, " login ", false},
    {"user.reset", user_reset, " login ", false},
    {"user.passwd", user_passwd, " login password ", false},
    {"user.on", user_on, " login ", false},
    {"user.off", user_off, " login ", false},
    {"user.notify", user_notify, " login what ", false},
    {"user.away", user_away, " login from until ", false},
    {NULL, NULL, NULL, false},
};
