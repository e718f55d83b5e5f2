/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The team: accounts, rotation, sign-in links, sessions.
 * Runs in core.
 * Input: arguments of administrators; secrets out of hostile requests, looked up by hash only.
 */
#include "desk/people.h"

#include "base/when.h"
#include "desk/inside.h"
#include "desk/letter.h"
#include "mime/mail.h"
#include "store/ops_people.h"

static bool is_away(const struct account_row *r, int64_t now_us)
{
    return r->away_until_us > now_us && r->away_from_us <= now_us;
}

static void fill(const struct account_row *r, int64_t now_us, struct account *c)
{
    *c = (struct account){.id = r->id,
                          .login = r->login,
                          .name = r->name,
                          .email = r->email,
                          .role = r->role,
                          .notify = r->notify,
                          .weight = r->weight,
                          .away_from_us = r->away_from_us,
                          .away_until_us = r->away_until_us,
                          .active = r->active,
                          .away = is_away(r, now_us)};
}

static enum rc login_check(struct str s, struct err *e)
{
    bool ok = s.n >= 1 && s.n <= DESK_LOGIN_MAX && s.p[0] >= 'a' && s.p[0] <= 'z';
    for (size_t i = 0; ok && i < s.n; i++)
        ok = (s.p[i] >= 'a' && s.p[i] <= 'z') || ascii_is_digit(s.p[i]) || s.p[i] == '.' ||
             s.p[i] == '_' || s.p[i] == '-';
    return ok ? RC_OK
              : err_set(e, RC_INVALID,
                        "a login has 1 to %d of a-z 0-9 . _ - and starts with a letter",
                        DESK_LOGIN_MAX);
}

struct add {
    const struct actor *who;
    const struct account_new *n;
    int64_t id;
};

static enum rc add_tx(struct desk *d, void *arg, struct err *e)
{
    struct add *p = arg;
    struct account_row r = {.login = p->n->login,
                            .name = p->n->name,
                            .email = p->n->email,
                            .role = p->n->role,
                            .weight = p->n->weight,
                            .created_us = desk_now(d),
                            .active = true};
    TRY(ops_account_insert(d->db, &r, &p->id, e));
    json_t *j = json_pack("{s:o, s:o, s:I}", "login", json_str(r.login), "role", json_str(r.role),
                          "weight", (json_int_t)r.weight);
    return desk_event(d, p->who, 0, "account.added", j, e);
}

enum rc people_add(struct desk *d, const struct actor *who, const struct account_new *n,
                   int64_t *ret_id, struct err *e)
{
    TRY(actor_needs_admin(who, e));
    TRY(login_check(n->login, e));
    TRY(desk_check_line(n->name, DESK_NAME_MAX, "the name", e));
    if (!mail_addr_ok(n->email) || !letter_can_go(n->email))
        return err_set(e, RC_INVALID, "the mail address is not one");
    if (!str_eq(n->role, STR("handler")) && !str_eq(n->role, STR("admin")))
        return err_set(e, RC_INVALID, "the role is handler or admin");
    if (n->weight < 0 || n->weight > PEOPLE_WEIGHT)
        return err_set(e, RC_INVALID, "the weight is a number from 0 to %d", PEOPLE_WEIGHT);
    struct add p = {.who = who, .n = n};
    TRY(desk_run(d, add_tx, &p, e));
    *ret_id = p.id;
    return RC_OK;
}

enum rc people_list(struct desk *d, struct arena *a, struct account **ret, size_t *ret_n,
                    struct err *e)
{
    struct account_row *r;
    size_t n;
    TRY(ops_account_list(d->db, a, &r, &n, e));
    struct account *list = arena_array(a, n + 1, sizeof(*list));
    TRY(arena_ok(a, "the list of accounts", e));
    int64_t now = desk_now(d);
    for (size_t i = 0; i < n; i++)
        fill(&r[i], now, &list[i]);
    *ret = list;
    *ret_n = n;
    return RC_OK;
}

enum rc people_by_login(struct desk *d, struct arena *a, struct str login, struct account *ret,
                        struct err *e)
{
    struct account_row r;
    TRY(ops_account_by_login(d->db, a, login, &r, e));
    fill(&r, desk_now(d), ret);
    return RC_OK;
}

struct away {
    const struct actor *who;
    struct str login;
    int64_t from_us, until_us;
};

static enum rc away_tx(struct desk *d, void *arg, struct err *e)
{
    const struct away *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct account_row r;
    TRY(ops_account_by_login(d->db, a, p->login, &r, e));
    if (p->who->kind == ACTOR_HANDLER && p->who->account_id != r.id)
        return err_set(e, RC_DENIED, "only an administrator sets somebody else's absence");
    int64_t from = p->until_us == 0 ? 0 : p->from_us;
    TRY(ops_account_set_away(d->db, r.id, from, p->until_us, e));
    json_t *j = json_pack("{s:o, s:I, s:I}", "login", json_str(p->login), "from_us",
                          (json_int_t)from, "until_us", (json_int_t)p->until_us);
    return desk_event(d, p->who, 0, "account.away", j, e);
}

enum rc people_away(struct desk *d, const struct actor *who, struct str login, int64_t from_us,
                    int64_t until_us, struct err *e)
{
    TRY(actor_needs_team(who, e));
    if (until_us != 0 && until_us <= from_us)
        return err_set(e, RC_INVALID, "the absence ends before it begins");
    struct away p = {who, login, from_us, until_us};
    return desk_run(d, away_tx, &p, e);
}

/* ---- rotation ---- */

enum tier { TIER_PRESENT, TIER_WEIGHED, TIER_ANY, TIER_COUNT };

static int64_t share(const struct account_row *r, enum tier tier, int64_t now_us, int64_t not_id)
{
    if (!r->active || r->id == not_id)
        return 0;
    if (tier == TIER_ANY)
        return r->weight > 0 ? r->weight : 1;
    if (tier == TIER_PRESENT && is_away(r, now_us))
        return 0;
    return r->weight;
}

/* Who is chosen in this tier, NULL = nobody; ret_sum: the shares of all. */
static const struct account_row *best_of(const struct account_row *r, size_t n, enum tier tier,
                                         int64_t now_us, int64_t not_id, int64_t *ret_sum)
{
    const struct account_row *best = NULL;
    int64_t most = 0;
    *ret_sum = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t w = share(&r[i], tier, now_us, not_id);
        *ret_sum += w;
        if (w > 0 && (!best || r[i].credit + w > most)) {
            best = &r[i];
            most = r[i].credit + w;
        }
    }
    return best;
}

/* Smooth weighted round robin (as nginx chooses upstreams): everybody gains the own share, whoever
 * has most is chosen and pays the sum. *ret_id 0: nobody in this tier. */
static enum rc choose(struct desk *d, const struct account_row *r, size_t n, enum tier tier,
                      int64_t not_id, int64_t *ret_id, struct err *e)
{
    int64_t now = desk_now(d), sum;
    const struct account_row *best = best_of(r, n, tier, now, not_id, &sum);
    *ret_id = best ? best->id : 0;
    for (size_t i = 0; best && i < n; i++) {
        int64_t w = share(&r[i], tier, now, not_id);
        if (w > 0)
            TRY(ops_account_set_credit(d->db, r[i].id, r[i].credit + w - (&r[i] == best ? sum : 0),
                                       e));
    }
    return RC_OK;
}

enum rc people_peek(struct desk *d, int64_t not_id, int64_t *ret_id, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct account_row *r;
    size_t n;
    int64_t sum;
    TRY(ops_account_list(d->db, a, &r, &n, e));
    const struct account_row *best = best_of(r, n, TIER_PRESENT, desk_now(d), not_id, &sum);
    *ret_id = best ? best->id : 0;
    return RC_OK;
}

enum rc people_next(struct desk *d, int64_t not_id, int64_t *ret_id, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct account_row *r;
    size_t n;
    int64_t id = 0;
    TRY(ops_account_list(d->db, a, &r, &n, e));
    for (int tier = 0; id == 0 && tier < TIER_COUNT; tier++)
        TRY(choose(d, r, n, (enum tier)tier, not_id, &id, e));
    if (id == 0 && not_id != 0)
        return people_next(d, 0, ret_id, e);
    if (id == 0)
        return err_set(e, RC_NOTFOUND,
                       "nobody can handle a case: add an account with `vulndesk user add`");
    *ret_id = id;
    return RC_OK;
}

/* ---- sign-in ---- */

struct signin {
    const struct actor *who;
    struct str login;
    char secret[SECRET_SIZE];
};

static enum rc signin_tx(struct desk *d, void *arg, struct err *e)
{
    struct signin *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct account_row r;
    unsigned char hash[32];
    TRY(ops_account_by_login(d->db, a, p->login, &r, e));
    if (!r.active)
        return err_set(e, RC_INVALID, "this account is switched off");
    secret_make(p->secret);
    secret_hash(str_c(p->secret), hash);
    int64_t now = desk_now(d);
    struct signin_row s = {
        .account_id = r.id, .created_us = now, .expires_us = now + d->set->limits.signin_link_us};
    TRY(ops_signin_insert(d->db, &s, str_of(hash, sizeof(hash)), e));
    return desk_event(d, p->who, 0, "signin.link", json_pack("{s:o}", "login", json_str(p->login)),
                      e);
}

enum rc people_signin(struct desk *d, const struct actor *who, struct str login,
                      char ret_secret[SECRET_SIZE], struct err *e)
{
    TRY(actor_needs_admin(who, e));
    struct signin p = {.who = who, .login = login};
    TRY(desk_run(d, signin_tx, &p, e));
    memcpy(ret_secret, p.secret, SECRET_SIZE);
    return RC_OK;
}

static enum rc no_link(struct err *e)
{
    return err_set(e, RC_NOTFOUND, "this link is unknown, used or expired; ask for a new one");
}

static enum rc signin_good(struct desk *d, struct str secret, struct signin_row *ret, struct err *e)
{
    unsigned char hash[32];
    if (!secret_ok(secret))
        return no_link(e);
    secret_hash(secret, hash);
    enum rc rc = ops_signin_get(d->db, str_of(hash, sizeof(hash)), ret, e);
    if (rc == RC_NOTFOUND)
        return no_link(e);
    TRY(rc);
    return ret->used_us != 0 || ret->expires_us <= desk_now(d) ? no_link(e) : RC_OK;
}

enum rc people_signin_peek(struct desk *d, struct str secret, struct err *e)
{
    struct signin_row s;
    return signin_good(d, secret, &s, e);
}

enum rc session_make(struct desk *d, int64_t account_id, int64_t thread_id, const char *how,
                     struct session_made *ret, struct err *e)
{
    unsigned char hash[32];
    int64_t now = desk_now(d);
    secret_make(ret->secret);
    secret_make(ret->csrf);
    secret_hash(str_c(ret->secret), hash);
    ret->expires_us = now + d->set->limits.session_us;
    struct session_row s = {.account_id = account_id,
                            .thread_id = thread_id,
                            .created_us = now,
                            .expires_us = ret->expires_us,
                            .csrf = str_c(ret->csrf),
                            .how = str_c(how)};
    return ops_session_insert(d->db, &s, str_of(hash, sizeof(hash)), e);
}

struct trade {
    struct str secret;
    struct session_made made;
    bool denied; /* a way back that exists and is no good; its use is logged all the same */
};

static enum rc signin_trade_tx(struct desk *d, void *arg, struct err *e)
{
    struct trade *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct signin_row s;
    struct account_row r;
    TRY(signin_good(d, p->secret, &s, e));
    TRY(ops_account_get(d->db, a, s.account_id, &r, e));
    if (!r.active)
        return no_link(e);
    TRY(ops_signin_use(d->db, s.id, desk_now(d), e));
    TRY(session_make(d, s.account_id, 0, "link", &p->made, e));
    p->made.no_password = !r.has_password;
    struct actor who = {.kind = ACTOR_HANDLER, .account_id = r.id, .login = r.login};
    return desk_event(d, &who, 0, "signin.used", json_pack("{s:s}", "how", "link"), e);
}

enum rc people_signin_trade(struct desk *d, struct str secret, struct session_made *ret,
                            struct err *e)
{
    struct trade p = {.secret = secret};
    TRY(desk_run(d, signin_trade_tx, &p, e));
    *ret = p.made;
    return RC_OK;
}

static enum rc no_session(struct err *e)
{
    return err_set(e, RC_NOTFOUND, "no such session, or it has ended");
}

static enum rc session_of_account(struct desk *d, struct arena *a, const struct session_row *s,
                                  struct session *ret, struct err *e)
{
    struct account_row r;
    TRY(ops_account_get(d->db, a, s->account_id, &r, e));
    if (!r.active)
        return no_session(e);
    ret->actor = (struct actor){.kind = str_eq(r.role, STR("admin")) ? ACTOR_ADMIN : ACTOR_HANDLER,
                                .account_id = r.id,
                                .login = r.login};
    ret->name = r.name;
    return RC_OK;
}

enum rc session_find(struct desk *d, struct arena *a, struct str secret, struct session *ret,
                     struct err *e)
{
    unsigned char hash[32];
    struct session_row s;
    if (!secret_ok(secret))
        return no_session(e);
    secret_hash(secret, hash);
    enum rc rc = ops_session_get(d->db, a, str_of(hash, sizeof(hash)), &s, e);
    if (rc == RC_NOTFOUND || (rc == RC_OK && s.expires_us <= desk_now(d)))
        return no_session(e);
    TRY(rc);
    struct session out = {.id = s.id,
                          .csrf = s.csrf,
                          .how = s.how,
                          .created_us = s.created_us,
                          .expires_us = s.expires_us,
                          .name = STR_NONE};
    if (s.account_id != 0) {
        TRY(session_of_account(d, a, &s, &out, e));
    } else {
        struct thread_row t;
        TRY(ops_thread_get(d->db, a, s.thread_id, &t, e));
        out.actor = (struct actor){.kind = ACTOR_REPORTER,
                                   .login = STR_NONE,
                                   .thread_id = t.id,
                                   .participant_id = t.participant_id};
        out.name = t.name;
    }
    *ret = out;
    return RC_OK;
}

enum rc session_end(struct desk *d, struct str secret, struct err *e)
{
    unsigned char hash[32];
    if (!secret_ok(secret))
        return RC_OK;
    secret_hash(secret, hash);
    return ops_session_end(d->db, str_of(hash, sizeof(hash)), e);
}

/* ---- ways back ---- */

enum rc way_back_issue(struct desk *d, int64_t thread_id, char ret_secret[SECRET_SIZE],
                       struct err *e)
{
    char secret[SECRET_SIZE];
    unsigned char hash[32];
    secret_make(secret);
    secret_hash(str_c(secret), hash);
    int64_t now = desk_now(d);
    struct way_row w = {
        .thread_id = thread_id, .created_us = now, .expires_us = now + d->set->limits.way_back_us};
    TRY(ops_way_insert(d->db, &w, str_of(hash, sizeof(hash)), e));
    memcpy(ret_secret, secret, sizeof(secret));
    return RC_OK;
}

static enum rc way_find(struct desk *d, struct str secret, struct way_row *ret, struct err *e)
{
    unsigned char hash[32];
    if (!secret_ok(secret))
        return err_set(e, RC_NOTFOUND, "this link is unknown");
    secret_hash(secret, hash);
    enum rc rc = ops_way_get(d->db, str_of(hash, sizeof(hash)), ret, e);
    return rc == RC_NOTFOUND ? err_set(e, RC_NOTFOUND, "this link is unknown") : rc;
}

static enum way_back_state way_state(const struct way_row *w, int64_t now_us)
{
    if (w->revoked_us)
        return WAY_REVOKED;
    if (w->used_us)
        return WAY_SPENT;
    return w->expires_us <= now_us ? WAY_EXPIRED : WAY_GOOD;
}

static const char *const way_words[] = {"opened", "spent", "expired", "revoked"};

/* Who has a link may look at it as often as he likes; that this happened is written down a few
 * times a minute, not for each request. */
static enum rc way_seen(struct desk *d, const struct way_row *w, enum way_back_state state,
                        struct err *e)
{
    int64_t recent, now = desk_now(d);
    struct str what = str_c(way_words[state]);
    TRY(ops_way_count(d->db, w->thread_id, what, now - US_PER_MIN, &recent, e));
    return recent < WAY_SEEN_MAX ? ops_way_log(d->db, w->id, now, what, e) : RC_OK;
}

struct peek {
    struct str secret;
    enum way_back_state state;
};

static enum rc peek_tx(struct desk *d, void *arg, struct err *e)
{
    struct peek *p = arg;
    struct way_row w;
    TRY(way_find(d, p->secret, &w, e));
    p->state = way_state(&w, desk_now(d));
    return way_seen(d, &w, p->state, e);
}

enum rc way_back_peek(struct desk *d, struct str secret, enum way_back_state *ret, struct err *e)
{
    struct peek p = {.secret = secret};
    TRY(desk_run(d, peek_tx, &p, e));
    *ret = p.state;
    return RC_OK;
}

static enum rc pressed_twice(struct desk *d, const struct way_row *w, bool *ret, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct thread_row t;
    *ret = false;
    if (w->revoked_us || desk_now(d) - w->used_us >= WAY_BACK_TWICE_US)
        return RC_OK;
    TRY(ops_thread_get(d->db, a, w->thread_id, &t, e));
    *ret = t.email.n == 0;
    return RC_OK;
}

static enum rc way_trade_tx(struct desk *d, void *arg, struct err *e)
{
    struct trade *p = arg;
    struct way_row w;
    bool twice = false;
    TRY(way_find(d, p->secret, &w, e));
    int64_t now = desk_now(d);
    enum way_back_state state = way_state(&w, now);
    if (state == WAY_SPENT)
        TRY(pressed_twice(d, &w, &twice, e));
    p->denied = state != WAY_GOOD && !twice;
    if (p->denied)
        return way_seen(d, &w, state, e);
    if (!twice)
        TRY(ops_way_use(d->db, w.id, now, e));
    TRY(ops_way_log(d->db, w.id, now, STR("traded"), e));
    return session_make(d, 0, w.thread_id, "link", &p->made, e);
}

enum rc way_back_trade(struct desk *d, struct str secret, struct session_made *ret, struct err *e)
{
    struct trade p = {.secret = secret};
    TRY(desk_run(d, way_trade_tx, &p, e));
    if (p.denied)
        return err_set(e, RC_DENIED, "this link was used already, has expired or was taken back");
    *ret = p.made;
    return RC_OK;
}

struct revoke {
    const struct actor *who;
    int64_t thread_id;
};

static enum rc revoke_tx(struct desk *d, void *arg, struct err *e)
{
    const struct revoke *p = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct thread_row t;
    TRY(ops_thread_get(d->db, a, p->thread_id, &t, e));
    TRY(ops_way_revoke(d->db, t.id, desk_now(d), e));
    TRY(ops_session_end_thread(d->db, t.id, e));
    return desk_event(d, p->who, t.case_id, "way_back.revoked",
                      json_pack("{s:I}", "thread", (json_int_t)t.id), e);
}

enum rc way_back_revoke(struct desk *d, const struct actor *who, int64_t thread_id, struct err *e)
{
    TRY(actor_needs_team(who, e));
    struct revoke p = {who, thread_id};
    return desk_run(d, revoke_tx, &p, e);
}
