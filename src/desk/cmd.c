/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one door for the command line and the forms: verb and JSON in, JSON out.
 * Runs in core.
 * Input: arguments out of a form or a command, hostile; each is checked by name, type and bound.
 */
#include "desk/cmd.h"

#include "base/when.h"
#include "desk/inside.h"
#include "desk/intake.h"
#include "desk/reply.h"
#include "desk/view.h"

struct cmd {
    struct desk *d;
    const struct actor *who;
    const json_t *args;
    struct arena *a;
    json_t *ret; /* NULL: {"ok":true} */
};

/* ---- arguments ---- */

static enum rc want_str(const struct cmd *c, const char *key, size_t max, struct str *ret,
                        struct err *e)
{
    enum rc rc = json_get_str(c->args, key, max, ret, e);
    return rc == RC_NOTFOUND ? err_set(e, RC_INVALID, "\"%s\" is missing", key) : rc;
}

/* Empty when it is not there. */
static enum rc may_str(const struct cmd *c, const char *key, size_t max, struct str *ret,
                       struct err *e)
{
    *ret = STR_NONE;
    return json_object_get(c->args, key) ? json_get_str(c->args, key, max, ret, e) : RC_OK;
}

static enum rc want_id(const struct cmd *c, const char *key, int64_t *ret, struct err *e)
{
    enum rc rc = json_get_int(c->args, key, 1, INT64_MAX, ret, e);
    return rc == RC_NOTFOUND ? err_set(e, RC_INVALID, "\"%s\" is missing", key) : rc;
}

static enum rc want_case(const struct cmd *c, const char *key, int64_t *ret, struct err *e)
{
    struct str number;
    TRY(want_str(c, key, VCASE_NUMBER_MAX, &number, e));
    return vcase_by_number(c->d, number, ret, e);
}

static enum rc want_reason(const struct cmd *c, struct str *ret, struct err *e)
{
    return want_str(c, "reason", DESK_REASON_MAX, ret, e);
}

static enum rc may_time(const struct cmd *c, const char *key, int64_t *ret_us, struct err *e)
{
    struct str s;
    *ret_us = 0;
    TRY(may_str(c, key, 64, &s, e));
    return s.n ? when_parse_rfc3339(s, ret_us, e) : RC_OK;
}

/* ---- cases ---- */

static enum rc case_list(struct cmd *c, struct err *e)
{
    static const char *const names[] = {[QUEUE_OPEN] = "open",
                                        [QUEUE_MINE] = "mine",
                                        [QUEUE_CLOSED] = "closed",
                                        [QUEUE_ALL] = "all"};
    struct str which;
    struct view_queue q;
    TRY(may_str(c, "which", 16, &which, e));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (which.n > 0 && !str_eq(which, str_c(names[i])))
            continue;
        TRY(view_queue(c->d, c->who, c->a, (enum queue_which)i, &q, e));
        c->ret = view_queue_json(&q);
        return RC_OK;
    }
    return err_set(e, RC_INVALID, "\"which\" is one of open, mine, closed, all");
}

static enum rc case_show(struct cmd *c, struct err *e)
{
    int64_t id;
    struct view_case v;
    TRY(actor_needs_team(c->who, e));
    TRY(want_case(c, "case", &id, e));
    TRY(view_case(c->d, c->who, c->a, id, &v, e));
    c->ret = view_case_json(&v);
    return RC_OK;
}

/* "thread", or the only thread of "case". */
static enum rc want_thread(struct cmd *c, int64_t *ret, struct err *e)
{
    struct thread_row *t;
    size_t n;
    int64_t id;
    if (json_object_get(c->args, "thread"))
        return want_id(c, "thread", ret, e);
    TRY(want_case(c, "case", &id, e));
    TRY(ops_thread_list(c->d->db, c->a, id, &t, &n, e));
    if (n != 1)
        return err_set(e, RC_INVALID,
                       n ? "the case has several threads: say which (\"thread\")"
                         : "the case has no thread to answer to");
    *ret = t[0].id;
    return RC_OK;
}

static enum rc case_reply(struct cmd *c, struct err *e)
{
    struct reply_new r = {.wait = false};
    int64_t message;
    TRY(actor_needs_team(c->who, e));
    TRY(want_thread(c, &r.thread_id, e));
    TRY(want_str(c, "text", DESK_TEXT_MAX, &r.text, e));
    if (json_object_get(c->args, "wait"))
        TRY(json_get_bool(c->args, "wait", &r.wait, e));
    TRY(reply_send(c->d, c->who, &r, &message, e));
    c->ret =
        json_pack("{s:I, s:I}", "message", (json_int_t)message, "thread", (json_int_t)r.thread_id);
    return RC_OK;
}

static enum rc case_note(struct cmd *c, struct err *e)
{
    int64_t id, message;
    struct str text;
    TRY(want_case(c, "case", &id, e));
    TRY(want_str(c, "text", DESK_TEXT_MAX, &text, e));
    TRY(note_add(c->d, c->who, id, text, &message, e));
    c->ret = json_pack("{s:I}", "message", (json_int_t)message);
    return RC_OK;
}

static enum rc case_assign(struct cmd *c, struct err *e)
{
    int64_t id;
    struct str login, reason;
    TRY(want_case(c, "case", &id, e));
    TRY(want_str(c, "login", DESK_LOGIN_MAX, &login, e));
    TRY(want_reason(c, &reason, e));
    return vcase_assign(c->d, c->who, id, login, reason, e);
}

static enum rc set_words(struct cmd *c, int64_t id, bool *did, struct err *e)
{
    struct str s;
    if (json_object_get(c->args, "title")) {
        TRY(want_str(c, "title", DESK_TITLE_MAX, &s, e));
        TRY(vcase_title(c->d, c->who, id, s, e));
        *did = true;
    }
    if (json_object_get(c->args, "severity")) {
        TRY(want_str(c, "severity", 16, &s, e));
        TRY(vcase_severity(c->d, c->who, id, s, e));
        *did = true;
    }
    return RC_OK;
}

static enum rc set_rm(struct cmd *c, int64_t id, struct err *e)
{
    struct str s, reason;
    TRY(want_str(c, "rm", 1, &s, e));
    TRY(want_reason(c, &reason, e));
    if (s.n != 1 || str_chr(STR(RM_STATES), s.p[0]) == STR_NPOS)
        return err_set(e, RC_INVALID, "\"rm\" is one of R, I, V, A, D");
    return vcase_rm(c->d, c->who, id, s.p[0], reason, e);
}

static enum rc set_em(struct cmd *c, int64_t id, struct err *e)
{
    struct str s, reason;
    enum em_act act;
    int64_t until;
    TRY(want_str(c, "em", 16, &s, e));
    TRY(em_act_parse(s, &act, e));
    TRY(may_time(c, "until", &until, e));
    TRY(want_reason(c, &reason, e));
    return vcase_em(c->d, c->who, id, act, until, reason, e);
}

static enum rc set_cs(struct cmd *c, int64_t id, struct err *e)
{
    struct str s, reason;
    enum cs_bit bit;
    TRY(want_str(c, "cs", 1, &s, e));
    TRY(cs_bit_parse(s, &bit, e));
    TRY(want_reason(c, &reason, e));
    return vcase_cs(c->d, c->who, id, bit, reason, e);
}

static enum rc set_fact(struct cmd *c, int64_t id, struct err *e)
{
    struct str s, reason;
    enum fact f;
    const json_t *value = json_object_get(c->args, "value");
    TRY(want_str(c, "fact", 64, &s, e));
    TRY(fact_parse(s, &f, e));
    TRY(want_reason(c, &reason, e));
    if (!value)
        return err_set(e, RC_INVALID, "\"value\" is missing");
    return vcase_fact(c->d, c->who, id, f, value, reason, e);
}

static enum rc set_exit(struct cmd *c, int64_t id, struct err *e)
{
    struct str s, reason;
    enum side_exit x;
    TRY(want_str(c, "exit", 32, &s, e));
    TRY(exit_parse(s, &x, e));
    TRY(want_reason(c, &reason, e));
    return vcase_exit(c->d, c->who, id, x, reason, e);
}

static enum rc case_set(struct cmd *c, struct err *e)
{
    static const struct {
        const char *key;
        enum rc (*set)(struct cmd *c, int64_t id, struct err *e);
    } parts[] = {
        {"rm", set_rm}, {"em", set_em}, {"cs", set_cs}, {"fact", set_fact}, {"exit", set_exit}};
    int64_t id;
    bool did = false;
    TRY(want_case(c, "case", &id, e));
    TRY(set_words(c, id, &did, e));
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (!json_object_get(c->args, parts[i].key))
            continue;
        TRY(parts[i].set(c, id, e));
        did = true;
    }
    return did ? RC_OK : err_set(e, RC_INVALID, "nothing to set");
}

static enum rc case_join(struct cmd *c, struct err *e)
{
    int64_t into, id;
    struct str reason;
    TRY(want_case(c, "into", &into, e));
    TRY(want_case(c, "case", &id, e));
    TRY(want_reason(c, &reason, e));
    return vcase_join(c->d, c->who, into, id, reason, e);
}

static enum rc case_split(struct cmd *c, struct err *e)
{
    int64_t thread;
    struct str title, reason;
    struct vcase_made made;
    TRY(want_id(c, "thread", &thread, e));
    TRY(want_str(c, "title", DESK_TITLE_MAX, &title, e));
    TRY(want_reason(c, &reason, e));
    TRY(vcase_split(c->d, c->who, thread, title, reason, &made, e));
    c->ret = json_pack("{s:s}", "number", made.number);
    return RC_OK;
}

static enum rc case_move(struct cmd *c, struct err *e)
{
    int64_t thread, to;
    struct str reason;
    TRY(want_id(c, "thread", &thread, e));
    TRY(want_case(c, "to", &to, e));
    TRY(want_reason(c, &reason, e));
    return vcase_move(c->d, c->who, thread, to, reason, e);
}

static enum rc case_close(struct cmd *c, struct err *e)
{
    int64_t id;
    struct str s, reason;
    enum side_exit x;
    TRY(want_case(c, "case", &id, e));
    TRY(may_str(c, "exit", 32, &s, e));
    TRY(exit_parse(s, &x, e));
    TRY(want_reason(c, &reason, e));
    return vcase_close(c->d, c->who, id, x, reason, e);
}

static enum rc case_invite(struct cmd *c, struct err *e)
{
    int64_t id, participant, thread;
    struct str role, name, email;
    TRY(want_case(c, "case", &id, e));
    TRY(want_str(c, "role", 16, &role, e));
    TRY(want_str(c, "name", DESK_NAME_MAX, &name, e));
    TRY(want_str(c, "email", DESK_ADDR_MAX, &email, e));
    TRY(participant_add(c->d, c->who, id, role, name, email, &participant, &thread, e));
    c->ret = json_pack("{s:I, s:I}", "participant", (json_int_t)participant, "thread",
                       (json_int_t)thread);
    return RC_OK;
}

static enum rc case_revoke(struct cmd *c, struct err *e)
{
    int64_t thread;
    TRY(want_id(c, "thread", &thread, e));
    return way_back_revoke(c->d, c->who, thread, e);
}

/* ---- quarantine ---- */

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

/* ---- people ---- */

static json_t *time_or_null(int64_t at_us)
{
    AUTO(buf) struct buf b = BUF_INIT(64);
    when_rfc3339(&b, at_us);
    return at_us ? json_str(buf_str(&b)) : json_null();
}

static enum rc user_list(struct cmd *c, struct err *e)
{
    struct account *p;
    size_t n;
    TRY(actor_needs_team(c->who, e));
    TRY(people_list(c->d, c->a, &p, &n, e));
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list,
                              json_pack("{s:o, s:o, s:o, s:o, s:I, s:b, s:b, s:o, s:o}", "login",
                                        json_str(p[i].login), "name", json_str(p[i].name), "email",
                                        json_str(p[i].email), "role", json_str(p[i].role), "weight",
                                        (json_int_t)p[i].weight, "active", p[i].active, "away",
                                        p[i].away, "away_from", time_or_null(p[i].away_from_us),
                                        "away_until", time_or_null(p[i].away_until_us)));
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

static enum rc user_signin(struct cmd *c, struct err *e)
{
    char secret[SECRET_SIZE];
    struct str login;
    TRY(want_str(c, "login", DESK_LOGIN_MAX, &login, e));
    TRY(people_signin(c->d, c->who, login, secret, e));
    struct str base = c->d->set->desk.staff_url;
    struct str url = base.n ? arena_strf(c->a, "%.*s/signin/%s", STR_ARG(base), secret) : STR_NONE;
    c->ret = json_pack("{s:o, s:s}", "url", json_str(url), "secret", secret);
    return RC_OK;
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

static enum rc reporter_says(struct cmd *c, struct err *e)
{
    struct str text;
    int64_t message;
    TRY(want_str(c, "text", DESK_TEXT_MAX, &text, e));
    TRY(reporter_write(c->d, c->who, text, &message, e));
    c->ret = json_pack("{s:I}", "message", (json_int_t)message);
    return RC_OK;
}

/* ---- the door ---- */

static const struct {
    const char *verb;
    enum rc (*run)(struct cmd *c, struct err *e);
    const char *args; /* every name that it knows, a space around each */
    bool reporter;    /* only a reporter's session; the others are the team's */
} verbs[] = {
    {"case.list", case_list, " which ", false},
    {"case.show", case_show, " case ", false},
    {"case.reply", case_reply, " case thread text wait ", false},
    {"case.note", case_note, " case text ", false},
    {"case.assign", case_assign, " case login reason ", false},
    {"case.set", case_set, " case title severity rm em until cs fact value exit reason ", false},
    {"case.join", case_join, " into case reason ", false},
    {"case.split", case_split, " thread title reason ", false},
    {"case.move", case_move, " thread to reason ", false},
    {"case.close", case_close, " case exit reason ", false},
    {"case.invite", case_invite, " case role name email ", false},
    {"case.revoke", case_revoke, " thread ", false},
    {"quarantine.list", quarantine_list, " state ", false},
    {"quarantine.show", quarantine_show, " message ", false},
    {"quarantine.release", quarantine_release, " message number reason ", false},
    {"quarantine.discard", quarantine_discard, " message reason ", false},
    {"user.list", user_list, " ", false},
    {"user.add", user_add, " login name email role weight ", false},
    {"user.signin", user_signin, " login ", false},
    {"user.away", user_away, " login from until ", false},
    {"reporter.write", reporter_says, " text ", true},
};

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

enum rc desk_cmd(struct desk *d, const struct actor *who, struct str verb, const json_t *args,
                 json_t **ret, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct cmd c = {.d = d, .who = who, .args = args, .a = a};
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (!str_eq(verb, str_c(verbs[i].verb)))
            continue;
        if (verbs[i].reporter != (who->kind == ACTOR_REPORTER))
            return err_set(e, RC_DENIED, "this is not for you");
        TRY(names_check(verbs[i].args, args, e));
        TRY(verbs[i].run(&c, e));
        *ret = c.ret ? c.ret : json_pack("{s:b}", "ok", 1);
        return RC_OK;
    }
    return err_set(e, RC_INVALID, "unknown command");
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
