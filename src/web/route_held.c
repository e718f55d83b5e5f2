/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits for a person: its lists, one of it, decisions.  Runs in core.  Each form becomes one
 * verb of desk/cmd.h, which checks everything again.
 */
#include "web/gate.h"

#define HELD_PAGE 50 /* rows of one page; each is a field of the form */

/* problem: the form of many was not taken; what had been ticked and typed is shown again. */
static void held_list(struct visit *v, bool problem)
{
    struct view_held h;
    struct str state = http_form_get(&v->form, "state");
    if (held_state_known(state) == NULL) {
        visit_error(v, 404, "There is no such list.");
        return;
    }
    struct err e = ERR_INIT;
    struct held_query q = {
        .state = state, .after = http_form_get(&v->form, "after"), .max = HELD_PAGE};
    if (view_held_page(v->w->desk, &v->session.actor, v->a, &q, &h, &e) != RC_OK) {
        v->e = e;
        visit_failed(v);
        return;
    }
    if (problem) {
        visit_again(v);
    }
    v->frame.live = "/events";
    page_held_write(&v->m, v->frame, &h, &(struct held_extra){&q, &v->form}, &v->r->body);
}

/* Those that were ticked on one page, with one reason. */
static void held_many_form(struct visit *v)
{
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *result = NULL;
    json_t *ids = json_array();
    const struct http_form *f = &v->form;
    struct str decision = http_form_get(f, "decision");
    enum rc rc = RC_OK;
    for (size_t i = 0; i < f->n_fields && rc == RC_OK; i++) {
        uint64_t id = 0;
        if (!str_eq(f->fields[i].name, STR("message")))
            continue;
        rc = num_parse(f->fields[i].value, 1, INT64_MAX, "message", &id, &v->e);
        json_array_append_new(ids, json_integer((json_int_t)id));
    }
    json_object_set_new(args, "messages", ids);
    json_put_str(args, "decision", decision);
    visit_put(v, args, "reason");
    if (rc == RC_OK)
        rc = visit_cmd(v, "quarantine.many", args, &result);
    if (rc != RC_OK) {
        held_list(v, true);
        return;
    }
    struct str state = http_form_get(f, "state");
    if (held_state_known(state) == NULL)
        state = STR_NONE;
    visit_see(v, "/held?done=%s%s%.*s", str_eq(decision, STR("spam")) ? "spam" : "discard-many",
              state.n ? "&state=" : "", STR_ARG(state));
}

static void held_show(struct visit *v, int64_t id, const char *form)
{
    struct view_held_row row;
    struct draft draft = {form, &v->form};
    struct err e = ERR_INIT;
    if (view_held_one(v->w->desk, &v->session.actor, v->a, id, &row, &e) != RC_OK) {
        v->e = e;
        visit_failed(v);
        return;
    }
    if (form) {
        visit_again(v);
    }
    page_held_one_write(&v->m, v->frame, &row, &draft, &v->r->body);
}

static void held_form(struct visit *v, int64_t id, struct str form)
{
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *result = NULL;
    static const struct {
        const char *form, *verb;
    } forms[] = {{"release", "quarantine.release"},
                 {"discard", "quarantine.discard"},
                 {"pass", "quarantine.pass"}};
    size_t k = 0;
    while (k < ARRAY_LEN(forms) && !str_eq(form, str_c(forms[k].form)))
        k++;
    bool release = k == 0;
    if (k == ARRAY_LEN(forms)) {
        visit_no_form(v);
        return;
    }
    json_put_int(args, "message", id);
    visit_put(v, args, "reason");
    struct str number_typed = http_form_get(&v->form, "number");
    if (release && number_typed.n)
        json_put_str(args, "number", number_typed);
    if (visit_cmd(v, forms[k].verb, args, &result) != RC_OK) {
        held_show(v, id, forms[k].form);
        return;
    }
    const char *number = json_string_value(json_object_get(result, "number"));
    if (number && *number)
        visit_see(v, "/case/%s?done=release", number);
    else
        visit_see(v, "/held?done=%s", forms[k].form);
}

static void held_part(struct visit *v, struct str rest)
{
    struct view_held_row row;
    int64_t id;
    uint32_t part;
    if (!visit_part(rest, &id, &part)) {
        visit_no_page(v);
        return;
    }
    if (view_held_one(v->w->desk, &v->session.actor, v->a, id, &row, &v->e) != RC_OK) {
        visit_failed(v);
        return;
    }
    visit_download(v, &row.message, part);
}

void held_route(struct visit *v, struct str rest)
{
    struct str whole = rest, word = STR_NONE;
    uint64_t id;
    if (rest.n == 0 && v->q->method != HTTP_POST) {
        held_list(v, false);
        return;
    }
    if (v->q->method == HTTP_POST && str_eq(whole, STR("many"))) {
        held_many_form(v);
        return;
    }
    (void)str_cut(&rest, '/', &word);
    if (num_parse(word, 1, INT64_MAX, "message", &id, NULL) != RC_OK) {
        if (v->q->method == HTTP_POST)
            visit_no_form(v);
        else if (path_after(whole, "message/", &rest))
            held_part(v, rest);
        else
            visit_no_page(v);
        return;
    }
    if (v->q->method == HTTP_POST)
        held_form(v, (int64_t)id, rest);
    else if (rest.n == 0)
        held_show(v, (int64_t)id, NULL);
    else
        visit_no_page(v);
}
