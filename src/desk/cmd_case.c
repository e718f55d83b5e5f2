/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verbs about cases.
 * Runs in core.
 * Input: arguments out of a form or a command, hostile; checked by desk/cmd_args.c.
 */
#include "desk/cmd_inside.h"
#include "desk/erase.h"
#include "desk/reply.h"
#include "desk/view.h"

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
        struct queue_query all = {.which = (enum queue_which)i};
        TRY(view_queue(c->d, c->who, c->a, &all, &q, e));
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
    TRY(may_str(c, "token", FORM_TOKEN_MAX, &r.token, e));
    if (json_object_get(c->args, "newest")) {
        r.check_newest = true;
        TRY(json_get_int(c->args, "newest", 0, INT64_MAX, &r.newest, e));
    }
    TRY(reply_send(c->d, c->who, &r, &message, e));
    c->ret =
        json_pack("{s:I, s:I}", "message", (json_int_t)message, "thread", (json_int_t)r.thread_id);
    return RC_OK;
}

static enum rc case_note(struct cmd *c, struct err *e)
{
    int64_t id, message;
    struct str text, token;
    TRY(want_case(c, "case", &id, e));
    TRY(want_str(c, "text", DESK_TEXT_MAX, &text, e));
    TRY(may_str(c, "token", FORM_TOKEN_MAX, &token, e));
    TRY(note_add_once(c->d, c->who, id, text, token, &message, e));
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

static enum rc case_erase_verb(struct cmd *c, struct err *e)
{
    int64_t id;
    struct str reason;
    TRY(want_case(c, "case", &id, e));
    TRY(want_reason(c, &reason, e));
    return case_erase(c->d, c->who, id, reason, e);
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

const struct cmd_verb cmd_case_verbs[] = {
    {"case.list", case_list, " which ", false},
    {"case.show", case_show, " case ", false},
    {"case.reply", case_reply, " case thread text wait token newest ", false},
    {"case.note", case_note, " case text token ", false},
    {"case.assign", case_assign, " case login reason ", false},
    {"case.set", case_set, " case title severity rm em until cs fact value exit reason ", false},
    {"case.join", case_join, " into case reason ", false},
    {"case.split", case_split, " thread title reason ", false},
    {"case.move", case_move, " thread to reason ", false},
    {"case.close", case_close, " case exit reason ", false},
    {"case.erase", case_erase_verb, " case reason ", false},
    {"case.invite", case_invite, " case role name email ", false},
    {"case.revoke", case_revoke, " thread ", false},
    {NULL, NULL, NULL, false},
};
