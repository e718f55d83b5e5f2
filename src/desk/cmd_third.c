/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verbs about reports that belong to somebody else's software.
 * Runs in core.
 * Input: arguments out of a form or a command, hostile; checked by desk/cmd_args.c.
 */
#include "desk/cmd_inside.h"
#include "desk/components.h"
#include "desk/third.h"

static enum rc third_contacts(struct cmd *c, struct err *e)
{
    TRY(actor_needs_team(c->who, e));
    json_t *list = json_array();
    for (size_t i = 0; c->d->components && i < c->d->components->n; i++) {
        const struct component *p = &c->d->components->v[i];
        json_t *j = json_object();
        json_put_str(j, "component", p->name);
        json_put_str(j, "relation", str_c(relation_name(p->relation)));
        json_put_str(j, "what", p->what);
        json_put_str(j, "upstream", p->upstream);
        json_put_str(j, "contact", p->contact);
        json_put_str(j, "source", p->source);
        json_put_str(j, "date", p->date);
        json_put_bool(j, "seen", p->seen);
        json_array_append_new(list, j);
    }
    c->ret = json_pack("{s:o}", "components", list);
    return RC_OK;
}

static enum rc third_list(struct cmd *c, struct err *e)
{
    int64_t id;
    struct route_row *r;
    size_t n;
    TRY(actor_needs_team(c->who, e));
    TRY(want_case(c, "case", &id, e));
    TRY(ops_route_list(c->d->db, c->a, id, &r, &n, e));
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *j = json_object();
        json_put_int(j, "route", r[i].id);
        json_put_str(j, "component", r[i].component);
        json_put_str(j, "maintainer", r[i].maintainer);
        json_put_str(j, "email", r[i].email);
        json_put_str(j, "url", r[i].url);
        json_put_str(j, "source", r[i].source);
        json_put_str(j, "source_date", r[i].source_date);
        json_put_str(j, "state", r[i].state);
        json_put_bool(j, "heard", r[i].heard);
        json_put_time(j, "created", r[i].created_us);
        json_put_time(j, "changed", r[i].changed_us);
        json_array_append_new(list, j);
    }
    c->ret = json_pack("{s:o}", "routes", list);
    return RC_OK;
}

static enum rc third_tell_run(struct cmd *c, struct err *e)
{
    struct third_new n = {.ask = false};
    int64_t route;
    TRY(actor_needs_team(c->who, e));
    TRY(want_case(c, "case", &n.case_id, e));
    TRY(want_str(c, "component", DESK_NAME_MAX, &n.component, e));
    if (json_object_get(c->args, "thread"))
        TRY(want_id(c, "thread", &n.thread_id, e));
    TRY(may_str(c, "maintainer", DESK_NAME_MAX, &n.maintainer, e));
    TRY(may_str(c, "email", DESK_ADDR_MAX, &n.email, e));
    TRY(may_str(c, "url", THIRD_URL_MAX, &n.url, e));
    TRY(may_str(c, "source", THIRD_SOURCE_MAX, &n.source, e));
    TRY(may_str(c, "source_date", 10, &n.source_date, e));
    if (json_object_get(c->args, "ask"))
        TRY(json_get_bool(c->args, "ask", &n.ask, e));
    TRY(third_tell(c->d, c->who, &n, &route, e));
    c->ret = json_pack("{s:I}", "route", (json_int_t)route);
    return RC_OK;
}

static enum rc want_answer(struct cmd *c, enum third_answer *ret, struct err *e)
{
    struct str s;
    TRY(want_str(c, "answer", 16, &s, e));
    return third_answer_parse(s, ret, e);
}

static enum rc third_consent_run(struct cmd *c, struct err *e)
{
    int64_t route;
    enum third_answer answer;
    struct str reason;
    TRY(want_id(c, "route", &route, e));
    TRY(want_answer(c, &answer, e));
    TRY(want_reason(c, &reason, e));
    return third_consent(c->d, c->who, route, answer, reason, e);
}

static enum rc third_forward_run(struct cmd *c, struct err *e)
{
    int64_t route;
    struct str note;
    TRY(want_id(c, "route", &route, e));
    TRY(may_str(c, "note", DESK_TEXT_MAX, &note, e));
    return third_forward(c->d, c->who, route, note, e);
}

static enum rc third_close_run(struct cmd *c, struct err *e)
{
    int64_t route;
    struct str reason;
    TRY(want_id(c, "route", &route, e));
    TRY(want_reason(c, &reason, e));
    return third_close(c->d, c->who, route, reason, e);
}

static enum rc third_answer_run(struct cmd *c, struct err *e)
{
    enum third_answer answer;
    TRY(want_answer(c, &answer, e));
    return third_consent_own(c->d, c->who, answer, e);
}

const struct cmd_verb cmd_third_verbs[] = {
    {"third.contacts", third_contacts, " ", false},
    {"third.list", third_list, " case ", false},
    {"third.tell", third_tell_run,
     " case thread component maintainer email url source source_date ask ", false},
    {"third.consent", third_consent_run, " route answer reason ", false},
    {"third.forward", third_forward_run, " route note ", false},
    {"third.close", third_close_run, " route reason ", false},
    {"third.answer", third_answer_run, " answer ", true},
    {NULL, NULL, NULL, false},
};
