/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds the cases again out of their events and compares them with the tables.
 * Runs in tests (and wherever somebody doubts the tables).
 * Input: our own store.
 */
#include "desk/replay.h"

#include "desk/inside.h"
#include "store/ops_message.h"
#include "store/ops_people.h"
#include "store/ops_view.h"

/* One JSON object a case: {"id","title","handler","em","cs",...,"participants":{ID:{..}},
 * "threads":{ID:PARTICIPANT},"messages":{ID:"direction/state/thread"}}. */
struct replay {
    json_t *cases; /* by id as text */
    json_t *by_number;
};

static const char *key_of(int64_t id, char dst[24])
{
    snprintf(dst, 24, "%lld", (long long)id);
    return dst;
}

static const char *text(const json_t *j, const char *key)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : "";
}

static int64_t number(const json_t *j, const char *key)
{
    return json_integer_value(json_object_get(j, key));
}

static json_t *sub(json_t *c, const char *key)
{
    json_t *j = json_object_get(c, key);
    if (!j) {
        j = json_object();
        json_object_set_new(c, key, j);
    }
    return j;
}

static json_t *case_of(struct replay *r, int64_t id)
{
    char key[24];
    return sub(r->cases, key_of(id, key));
}

static void set_text(json_t *c, const char *key, const char *value)
{
    json_object_set_new(c, key, json_string(value));
}

static void add_person(json_t *c, const json_t *p)
{
    char key[24];
    json_object_set_new(sub(c, "participants"), key_of(number(p, "participant"), key),
                        json_pack("{s:s, s:s, s:s}", "role", text(p, "role"), "email",
                                  text(p, "email"), "rm", text(p, "rm")));
}

static void add_thread(json_t *c, int64_t thread, int64_t participant)
{
    char key[24];
    json_object_set_new(sub(c, "threads"), key_of(thread, key),
                        json_integer((json_int_t)participant));
}

static void put_message(json_t *c, const json_t *p, const char *direction, const char *state)
{
    char key[24], value[100];
    snprintf(value, sizeof(value), "%s/%s/%lld", direction, state, (long long)number(p, "thread"));
    json_object_set_new(sub(c, "messages"), key_of(number(p, "message"), key), json_string(value));
}

/* The messages of a thread go with it. */
static void move_messages(json_t *from, json_t *to, int64_t thread)
{
    char suffix[32];
    const char *key;
    json_t *value;
    void *next;
    snprintf(suffix, sizeof(suffix), "/%lld", (long long)thread);
    json_object_foreach_safe(sub(from, "messages"), next, key, value)
    {
        if (!str_ends(str_c(json_string_value(value)), str_c(suffix)))
            continue;
        json_object_set(sub(to, "messages"), key, value);
        json_object_del(sub(from, "messages"), key);
    }
}

static void thread_in(struct replay *r, json_t *c, const json_t *p)
{
    char key[24];
    json_t *from = json_object_get(r->by_number, text(p, "number"));
    add_person(c, p);
    add_thread(c, number(p, "thread"), number(p, "participant"));
    if (!from)
        return;
    move_messages(case_of(r, json_integer_value(from)), c, number(p, "thread"));
    json_object_del(sub(case_of(r, json_integer_value(from)), "threads"),
                    key_of(number(p, "thread"), key));
}

/* A participant whose last thread went away goes with it. */
static void thread_out(json_t *c, const json_t *p)
{
    char key[24];
    const char *k;
    json_t *value;
    int64_t who = number(p, "participant");
    json_object_del(sub(c, "threads"), key_of(number(p, "thread"), key));
    json_object_foreach(sub(c, "threads"), k, value)
    {
        if (json_integer_value(value) == who)
            return;
    }
    json_object_del(sub(c, "participants"), key_of(who, key));
}

static void absorbed(struct replay *r, json_t *c, const json_t *p)
{
    json_t *from = case_of(r, json_integer_value(json_object_get(r->by_number, text(p, "number"))));
    json_t *one;
    size_t i;
    char key[24];
    json_array_foreach(json_object_get(p, "participants"), i, one)
    {
        add_person(c, one);
        json_object_del(sub(from, "participants"), key_of(number(one, "participant"), key));
    }
    json_array_foreach(json_object_get(p, "threads"), i, one)
        add_thread(c, number(one, "thread"), number(one, "participant"));
    json_object_clear(sub(from, "threads"));
    json_object_update(sub(c, "messages"), sub(from, "messages"));
    json_object_clear(sub(from, "messages"));
}

static void apply_state(json_t *c, const char *kind, const json_t *p)
{
    struct str k = str_c(kind);
    char key[24];
    if (str_eq(k, STR("case.rm"))) {
        json_t *who =
            json_object_get(sub(c, "participants"), key_of(number(p, "participant"), key));
        if (who)
            set_text(who, "rm", text(p, "to"));
    } else if (str_eq(k, STR("case.em"))) {
        set_text(c, "em", text(p, "to"));
        json_object_set_new(c, "em_until", json_integer((json_int_t)number(p, "until_us")));
    } else if (str_eq(k, STR("case.cs"))) {
        set_text(c, "cs", text(p, "to"));
    } else if (str_eq(k, STR("case.fact"))) {
        const json_t *value = json_object_get(p, "value");
        if (json_is_null(value) || json_is_false(value))
            json_object_del(sub(c, "facts"), text(p, "fact"));
        else
            json_object_set(sub(c, "facts"), text(p, "fact"), (json_t *)value);
    } else if (str_eq(k, STR("case.exit"))) {
        set_text(c, "exit", text(p, "exit"));
    } else if (str_eq(k, STR("case.title")) || str_eq(k, STR("case.severity"))) {
        set_text(c, kind + 5, text(p, "value"));
    } else if (str_eq(k, STR("case.handler"))) {
        set_text(c, "handler", text(p, "to"));
        json_object_set_new(c, "escalated", json_integer(0));
    } else if (str_eq(k, STR("case.escalated"))) {
        json_object_set_new(c, "escalated", json_integer((json_int_t)number(p, "level")));
    } else if (str_eq(k, STR("case.closed")) || str_eq(k, STR("case.joined_into"))) {
        json_object_set_new(c, "closed", json_true());
        if (str_eq(k, STR("case.joined_into")))
            set_text(c, "exit", exit_name(EXIT_DUPLICATE));
    }
}

static void apply(struct replay *r, const struct event_row *v, const json_t *p)
{
    json_t *c = case_of(r, v->chain);
    struct str k = v->kind;
    if (str_eq(k, STR("case.opened"))) {
        set_text(c, "number", text(p, "number"));
        set_text(c, "title", text(p, "title"));
        set_text(c, "handler", text(p, "handler"));
        set_text(c, "em", "N");
        set_text(c, "cs", CS_START);
        json_object_set_new(r->by_number, text(p, "number"), json_integer((json_int_t)v->chain));
    } else if (str_eq(k, STR("participant.added")))
        add_person(c, p);
    else if (str_eq(k, STR("thread.opened")))
        add_thread(c, number(p, "thread"), number(p, "participant"));
    else if (str_eq(k, STR("thread.moved_in")))
        thread_in(r, c, p);
    else if (str_eq(k, STR("thread.moved_out")))
        thread_out(c, p);
    else if (str_eq(k, STR("case.absorbed")))
        absorbed(r, c, p);
    else if (str_eq(k, STR("message.in")) || str_eq(k, STR("message.out")))
        put_message(c, p, text(p, "direction"), text(p, "state"));
    else if (str_eq(k, STR("message.held")))
        put_message(c, p, "in", "held");
    else if (str_eq(k, STR("message.discarded")))
        put_message(c, p, "in", "discarded");
    else if (str_eq(k, STR("message.spam")))
        put_message(c, p, "in", "spam");
    else if (str_eq(k, STR("reply.undone")))
        put_message(c, p, "out", "cancelled");
    else if (str_eq(k, STR("note.added")))
        put_message(c, p, "note", "ok");
    else
        apply_state(c, v->kind.p, p);
}

static enum rc replay_all(struct desk *d, struct arena *a, struct replay *r, struct err *e)
{
    struct event_row *v;
    size_t n;
    TRY(ops_event_chain(d->db, a, &v, &n, e));
    for (size_t i = 0; i < n; i++) {
        AUTO(json) json_t *p = NULL;
        if (v[i].payload.n == 0) {
            set_text(case_of(r, v[i].chain), "shredded", "yes");
            continue;
        }
        TRY(json_parse(v[i].payload, 1 << 20, "event", &p, e));
        apply(r, &v[i], p);
    }
    return RC_OK;
}

/* ---- comparison ---- */

static enum rc same(const struct case_row *c, const char *what, struct str table, const char *event,
                    struct err *e)
{
    if (str_eq(table, str_c(event)))
        return RC_OK;
    /* Names of fields and states only: values may be a reporter's. */
    return err_set(e, RC_INVALID, "case %.*s: the events give another %s than the tables",
                   STR_ARG(c->number), what);
}

static enum rc same_lists(struct desk *d, struct arena *a, const struct case_row *c, json_t *j,
                          struct err *e)
{
    struct participant_row *p;
    struct thread_row *t;
    struct message_row *m;
    size_t np, nt, nm;
    AUTO(json) json_t *people = json_object();
    AUTO(json) json_t *threads = json_object();
    AUTO(json) json_t *messages = json_object();
    char key[24], value[100];
    TRY(ops_participant_list(d->db, a, c->id, &p, &np, e));
    for (size_t i = 0; i < np; i++)
        json_object_set_new(people, key_of(p[i].id, key),
                            json_pack("{s:s, s:s, s:s}", "role", p[i].role.p, "email", p[i].email.p,
                                      "rm", p[i].rm.p));
    TRY(ops_thread_list(d->db, a, c->id, &t, &nt, e));
    for (size_t i = 0; i < nt; i++)
        json_object_set_new(threads, key_of(t[i].id, key),
                            json_integer((json_int_t)t[i].participant_id));
    TRY(ops_message_of_case(d->db, a, c->id, &m, &nm, e));
    for (size_t i = 0; i < nm; i++) {
        snprintf(value, sizeof(value), "%s/%s/%lld", m[i].direction.p, m[i].state.p,
                 (long long)m[i].thread_id);
        json_object_set_new(messages, key_of(m[i].id, key), json_string(value));
    }
    if (!json_equal(people, sub(j, "participants")))
        return same(c, "list of participants", STR("x"), "y", e);
    if (!json_equal(threads, sub(j, "threads")))
        return same(c, "list of threads", STR("x"), "y", e);
    if (!json_equal(messages, sub(j, "messages")))
        return same(c, "list of messages", STR("x"), "y", e);
    return RC_OK;
}

static enum rc compare(struct desk *d, struct replay *r, int64_t id, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(json) json_t *facts = NULL;
    struct case_row c;
    struct account_row handler;
    json_t *j = case_of(r, id);
    if (json_object_get(j, "shredded"))
        return RC_OK; /* it cannot be built again, which is the purpose of shredding */
    TRY(ops_case_get(d->db, a, id, &c, e));
    TRY(ops_account_get(d->db, a, c.handler_id, &handler, e));
    TRY(same(&c, "number", c.number, text(j, "number"), e));
    TRY(same(&c, "title", c.title, text(j, "title"), e));
    TRY(same(&c, "handler", handler.login, text(j, "handler"), e));
    TRY(same(&c, "embargo", c.em, text(j, "em"), e));
    TRY(same(&c, "state", c.cs, text(j, "cs"), e));
    TRY(same(&c, "severity", c.severity, text(j, "severity"), e));
    TRY(same(&c, "side exit", c.exit, text(j, "exit"), e));
    if (c.em_until_us != number(j, "em_until"))
        return same(&c, "end of the embargo", STR("x"), "y", e);
    if (c.escalated != number(j, "escalated"))
        return same(&c, "escalation", STR("x"), "y", e);
    if ((c.closed_us != 0) != json_is_true(json_object_get(j, "closed")))
        return same(&c, "end", STR("x"), "y", e);
    TRY(json_parse(c.facts, 64 * 1024, "facts", &facts, e));
    if (!json_equal(facts, sub(j, "facts")))
        return same(&c, "list of facts", STR("x"), "y", e);
    return same_lists(d, a, &c, j, e);
}

enum rc replay_check(struct desk *d, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(json) json_t *cases = json_object();
    AUTO(json) json_t *by_number = json_object();
    struct replay r = {cases, by_number};
    int64_t *id;
    size_t n;
    TRY(replay_all(d, a, &r, e));
    TRY(ops_case_ids(d->db, a, &id, &n, e));
    for (size_t i = 0; i < n; i++)
        TRY(compare(d, &r, id[i], e));
    return RC_OK;
}
