/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing in with a password; the own account; what administrators do with accounts.
 * Runs in core.
 * Input: logins and passwords out of hostile requests, bounded here; arguments of administrators.
 */
#include "desk/auth.h"

#include "base/utf8.h"
#include "base/when.h"
#include "desk/inside.h"
#include "desk/throttle.h"
#include "store/ops_people.h"

static const struct throttle_rule rule_login = {"login", AUTH_LOGIN_MAX, AUTH_WINDOW_US};
static const struct throttle_rule rule_client = {"signin", AUTH_CLIENT_MAX, AUTH_WINDOW_US};
static const struct throttle_rule rule_all = {"signin", AUTH_ALL_MAX, AUTH_ALL_US};
static const struct throttle_rule rule_mail = {"signin-mail", AUTH_MAIL_MAX, AUTH_WINDOW_US};

static enum rc wrong(struct err *e)
{
    return err_set(e, RC_DENIED, "login or password is wrong");
}

static enum rc too_many(const struct throttle *t, int64_t *ret_wait_us, struct err *e)
{
    *ret_wait_us = t->wait_us;
    return err_set(e, RC_BUSY, "too many tries");
}

/* Counts a try for the login and for all; looks at the client's failures. */
static enum rc may_try(struct desk *d, struct str login, struct str client, struct throttle *ret,
                       int64_t *ret_wait_us, struct err *e)
{
    struct throttle t;
    TRY(throttle_peek(d, &rule_client, client, &t, e));
    if (!t.allowed)
        return too_many(&t, ret_wait_us, e);
    TRY(throttle_take(d, &rule_all, THROTTLE_ALL, &t, e));
    if (!t.allowed)
        return too_many(&t, ret_wait_us, e);
    TRY(throttle_take(d, &rule_login, login, ret, e));
    return ret->allowed ? RC_OK : too_many(ret, ret_wait_us, e);
}

static struct actor actor_of(const struct account_row *r)
{
    return (struct actor){.kind = str_eq(r->role, STR("admin")) ? ACTOR_ADMIN : ACTOR_HANDLER,
                          .account_id = r->id,
                          .login = r->login};
}

struct entry {
    int64_t account_id;
    struct str hash;     /* that the password was compared with */
    struct str rehashed; /* empty: the stored one stays */
    struct session_made made;
};

static enum rc enter_tx(struct desk *d, void *arg, struct err *e)
{
    struct entry *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct account_row r;
    struct str now;
    TRY(ops_account_get(d->db, a, p->account_id, &r, e));
    TRY(ops_account_password(d->db, a, r.id, &now, e));
    /* Comparing takes a while: meanwhile the password may have been changed or taken away, which
     * ended all sessions; this is none that survives it, nor does the old hash come back. */
    if (!r.active || !str_eq(now, p->hash))
        return wrong(e);
    if (p->rehashed.n)
        TRY(ops_account_set_password(d->db, r.id, p->rehashed, e));
    TRY(session_make(d, r.id, 0, "password", &p->made, e));
    struct actor who = actor_of(&r);
    return desk_event(d, &who, 0, "signin.used", json_pack("{s:s}", "how", "password"), e);
}

static enum rc blocked(struct desk *d, void *arg, struct err *e)
{
    static const struct actor machine = ACTOR_INIT_MACHINE;
    const struct account_row *r = arg;
    return desk_event(d, &machine, 0, "signin.blocked",
                      json_pack("{s:o}", "login", json_str(r->login)), e);
}

/* A wrong try counts for the client; the last one that the login has is told of. */
static enum rc failed(struct desk *d, const struct account_row *r, struct str client,
                      const struct throttle *login, struct err *e)
{
    struct throttle t;
    TRY(throttle_take(d, &rule_client, client, &t, e));
    if (r->id && login->left == 0)
        TRY(desk_run(d, blocked, (void *)r, e));
    return wrong(e);
}

enum rc auth_signin(struct desk *d, const struct auth_try *t, struct session_made *ret,
                    int64_t *ret_wait_us, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct account_row r = {.id = 0};
    struct str hash = STR_NONE;
    struct throttle counted;
    bool old = false;
    struct str login = arena_lower(a, utf8_clip(str_trim(t->login), DESK_LOGIN_MAX + 1));
    struct str client = throttle_client(a, t->client);
    TRY(may_try(d, login, client, &counted, ret_wait_us, e));
    enum rc rc = ops_account_by_login(d->db, a, login, &r, e);
    if (rc == RC_OK && r.active)
        rc = ops_account_password(d->db, a, r.id, &hash, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    if (!password_matches(hash, t->password, &old))
        return failed(d, &r, client, &counted, e);
    struct entry in = {.account_id = r.id, .hash = hash, .rehashed = STR_NONE};
    if (old)
        TRY(password_hash(a, t->password, &in.rehashed, e));
    TRY(desk_run(d, enter_tx, &in, e));
    TRY(throttle_clear(d, &rule_login, login, e));
    *ret = in.made;
    return RC_OK;
}

enum rc auth_signin_mail(struct desk *d, struct str login, struct str client, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct throttle t;
    TRY(throttle_take(d, &rule_mail, throttle_client(a, client), &t, e));
    if (!t.allowed)
        return RC_OK; /* the same answer: nothing is learned */
    return people_signin_mail(d, arena_lower(a, utf8_clip(str_trim(login), DESK_LOGIN_MAX + 1)), e);
}

/* ---- the own account ---- */

static bool fresh_of(struct desk *d, const struct session *s)
{
    return str_eq(s->how, STR("link")) && desk_now(d) - s->created_us < AUTH_FRESH_US;
}

enum rc auth_account(struct desk *d, struct arena *a, const struct session *s,
                     struct auth_account *ret, struct err *e)
{
    struct account_row r;
    struct session_row *rows;
    size_t n;
    struct auth_account out = {.fresh = fresh_of(d, s)};
    TRY(ops_account_get(d->db, a, s->actor.account_id, &r, e));
    TRY(people_by_login(d, a, r.login, &out.a, e));
    TRY(ops_session_list(d->db, a, r.id, desk_now(d), &rows, &n, e));
    out.sessions = arena_array(a, n + 1, sizeof(*out.sessions));
    TRY(arena_ok(a, "sessions", e));
    for (size_t i = 0; i < n; i++)
        out.sessions[i] = (struct auth_session){.created_us = rows[i].created_us,
                                                .expires_us = rows[i].expires_us,
                                                .how = rows[i].how,
                                                .here = rows[i].id == s->id};
    out.n_sessions = n;
    out.notify = r.notify;
    out.has_password = r.has_password;
    *ret = out;
    return RC_OK;
}

struct set_password {
    const struct actor *who;
    struct str login, hash;
    int64_t keep; /* session that does not end */
};

static enum rc set_tx(struct desk *d, void *arg, struct err *e)
{
    const struct set_password *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct account_row r;
    TRY(ops_account_by_login(d->db, a, p->login, &r, e));
    TRY(ops_account_set_password(d->db, r.id, p->hash, e));
    TRY(ops_session_end_account(d->db, r.id, p->keep, e));
    TRY(ops_signin_revoke(d->db, r.id, desk_now(d), e));
    return desk_event(d, p->who, 0, p->hash.n ? "account.password" : "account.reset",
                      json_pack("{s:o}", "login", json_str(r.login)), e);
}

/* Checks and hashes outside the transaction: it takes its time. */
static enum rc password_put(struct desk *d, const struct actor *who, const struct account_row *r,
                            struct str password, int64_t keep, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct set_password p = {.who = who, .login = r->login, .keep = keep};
    const struct str names[] = {r->login, r->name, r->email, d->set->desk.name};
    TRY(password_check(password, names, ARRAY_LEN(names), e));
    TRY(password_hash(a, password, &p.hash, e));
    return desk_run(d, set_tx, &p, e);
}

static enum rc old_is(struct desk *d, struct arena *a, const struct account_row *r, struct str old,
                      struct err *e)
{
    struct throttle t;
    struct str hash;
    if (!r->has_password)
        return err_set(e, RC_DENIED,
                       "the first password is set within ten minutes after a sign-in by link; sign "
                       "out and order a link");
    TRY(throttle_take(d, &rule_login, r->login, &t, e));
    if (!t.allowed)
        return err_set(e, RC_DENIED, "too many wrong passwords; wait a quarter of an hour");
    TRY(ops_account_password(d->db, a, r->id, &hash, e));
    if (!password_matches(hash, old, NULL))
        return err_set(e, RC_DENIED, "the old password is wrong");
    return throttle_clear(d, &rule_login, r->login, e);
}

enum rc auth_change(struct desk *d, const struct session *s, struct str old, struct str fresh_one,
                    struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct account_row r;
    TRY(actor_needs_team(&s->actor, e));
    TRY(ops_account_get(d->db, a, s->actor.account_id, &r, e));
    if (!fresh_of(d, s))
        TRY(old_is(d, a, &r, old, e));
    return password_put(d, &s->actor, &r, fresh_one, s->id, e);
}

struct choice {
    const struct actor *who;
    struct str login, what;
};

static enum rc notify_tx(struct desk *d, void *arg, struct err *e)
{
    const struct choice *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct account_row r;
    TRY(ops_account_by_login(d->db, a, p->login, &r, e));
    if (p->who->kind == ACTOR_HANDLER && p->who->account_id != r.id)
        return err_set(e, RC_DENIED, "only an administrator chooses somebody else's notices");
    TRY(ops_account_set_notify(d->db, r.id, p->what, e));
    return desk_event(
        d, p->who, 0, "account.notify",
        json_pack("{s:o, s:o}", "login", json_str(r.login), "what", json_str(p->what)), e);
}

enum rc auth_notify(struct desk *d, const struct actor *who, struct str login, struct str what,
                    struct err *e)
{
    struct choice p = {who, login, what};
    TRY(actor_needs_team(who, e));
    if (!str_eq(what, STR("team")) && !str_eq(what, STR("mine")) && !str_eq(what, STR("none")))
        return err_set(e, RC_INVALID, "the choice is team, mine or none");
    return desk_run(d, notify_tx, &p, e);
}

struct leave {
    const struct session *s;
    bool all;
};

static enum rc leave_tx(struct desk *d, void *arg, struct err *e)
{
    const struct leave *p = arg;
    int64_t id = p->s->actor.account_id;
    TRY(ops_session_end_account(d->db, id, p->all ? 0 : p->s->id, e));
    return desk_event(d, &p->s->actor, 0, "sessions.ended", NULL, e);
}

enum rc auth_leave(struct desk *d, const struct session *s, bool all, struct err *e)
{
    struct leave p = {s, all};
    TRY(actor_needs_team(&s->actor, e));
    return desk_run(d, leave_tx, &p, e);
}

/* ---- administrators ---- */

enum rc auth_passwd(struct desk *d, const struct actor *who, struct str login, struct str password,
                    struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct account_row r;
    TRY(actor_needs_admin(who, e));
    TRY(ops_account_by_login(d->db, a, login, &r, e));
    return password_put(d, who, &r, password, 0, e);
}

struct reset {
    const struct actor *who;
    struct str login;
    char secret[SECRET_SIZE];
};

static enum rc reset_tx(struct desk *d, void *arg, struct err *e)
{
    struct reset *p = arg;
    struct set_password none = {.who = p->who, .login = p->login, .hash = STR_NONE};
    TRY(set_tx(d, &none, e));
    return people_signin(d, p->who, p->login, p->secret, e);
}

enum rc auth_reset(struct desk *d, const struct actor *who, struct str login,
                   char ret_secret[SECRET_SIZE], struct err *e)
{
    struct reset p = {.who = who, .login = login};
    TRY(actor_needs_admin(who, e));
    TRY(desk_run(d, reset_tx, &p, e));
    TRY(throttle_clear(d, &rule_login, login, e));
    memcpy(ret_secret, p.secret, SECRET_SIZE);
    return RC_OK;
}

struct turn {
    const struct actor *who;
    struct str login;
    bool active;
    int64_t cases;
};

static enum rc switch_tx(struct desk *d, void *arg, struct err *e)
{
    struct turn *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct account_row r, *all;
    size_t n, others = 0;
    TRY(ops_account_by_login(d->db, a, p->login, &r, e));
    TRY(ops_account_list(d->db, a, &all, &n, e));
    for (size_t i = 0; i < n; i++)
        others += all[i].active && all[i].id != r.id;
    if (!p->active && others == 0)
        return err_set(e, RC_INVALID, "nobody would be left to handle a case");
    TRY(ops_account_cases(d->db, r.id, &p->cases, e));
    TRY(ops_account_set_active(d->db, r.id, p->active, e));
    if (!p->active) {
        TRY(ops_session_end_account(d->db, r.id, 0, e));
        TRY(ops_signin_revoke(d->db, r.id, desk_now(d), e));
    }
    return desk_event(d, p->who, 0, "account.switched",
                      json_pack("{s:o, s:b}", "login", json_str(r.login), "on", p->active), e);
}

enum rc auth_switch(struct desk *d, const struct actor *who, struct str login, bool active,
                    int64_t *ret_cases, struct err *e)
{
    struct turn p = {.who = who, .login = login, .active = active};
    TRY(actor_needs_admin(who, e));
    TRY(desk_run(d, switch_tx, &p, e));
    *ret_cases = p.cases;
    return RC_OK;
}
