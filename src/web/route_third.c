/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports that belong to somebody else's software: the page below a case and its forms.  Runs in
 * core; each form becomes one verb of desk/cmd.h, which checks everything again.
 */
#include "desk/components.h"
#include "desk/third.h"
#include "web/gate.h"
#include "web/templates.h"
#include "web/views_third.h"

static struct str typed(const struct visit *v, bool failed, const char *name)
{
    return failed ? http_form_get(&v->form, name) : STR_NONE;
}

/* The routing that a form was about. */
static int64_t typed_route(const struct visit *v, bool failed)
{
    uint64_t id = 0;
    if (num_parse(typed(v, failed, "route"), 1, INT64_MAX, "route", &id, NULL) != RC_OK)
        return 0;
    return (int64_t)id;
}

static void rows_fill(struct visit *v, const struct route_row *r, size_t n, bool failed,
                      struct page_third *p)
{
    int64_t again = typed_route(v, failed);
    p->rows = arena_array(v->a, n + 1, sizeof *p->rows);
    p->n_rows = p->rows ? n : 0;
    for (size_t i = 0; i < p->n_rows; i++) {
        bool agreed = str_eq(r[i].state, STR("consented")) || str_eq(r[i].state, STR("unnamed"));
        p->rows[i] = (struct third_row_view){
            .id = r[i].id,
            .component = r[i].component,
            .maintainer = r[i].maintainer,
            .email = r[i].email,
            .url = r[i].url,
            .source = r[i].source,
            .source_date = r[i].source_date,
            .state = str_c(third_state_text(r[i].state, r[i].heard)),
            .changed = time_view_of(&v->m, r[i].changed_us),
            .asked = str_eq(r[i].state, STR("asked")) && !p->is_closed,
            .ready = agreed && !p->is_closed,
            .named = str_eq(r[i].state, STR("consented")),
            .heard = r[i].heard,
            .is_open = !str_eq(r[i].state, STR("closed")),
            .reason = again == r[i].id ? typed(v, failed, "reason") : STR_NONE,
            .note = again == r[i].id ? typed(v, failed, "note") : STR_NONE,
        };
    }
}

/* What is not our own, for the choice and as a table. */
static void map_fill(struct visit *v, struct page_third *p)
{
    const struct components *map = v->w->desk->components;
    size_t n = map ? map->n : 0;
    p->has_map = n > 0;
    p->components = arena_array(v->a, n + 1, sizeof *p->components);
    p->contacts = arena_array(v->a, n + 1, sizeof *p->contacts);
    for (size_t i = 0; i < n && p->components && p->contacts; i++) {
        const struct component *c = &map->v[i];
        if (c->relation == RELATION_OWN)
            continue;
        p->components[p->n_components++] = (struct option_view){
            c->name, arena_strf(v->a, "%.*s: %.*s", STR_ARG(c->name), STR_ARG(c->what)),
            str_eq(c->name, p->component)};
        p->contacts[p->n_contacts++] =
            (struct contact_row_view){.name = c->name,
                                      .relation = str_c(relation_name(c->relation)),
                                      .what = c->what,
                                      .contact = c->contact,
                                      .source = c->source,
                                      .date = c->date,
                                      .seen = c->seen};
    }
}

static void threads_fill(struct visit *v, const struct view_case *c, struct page_third *p)
{
    struct str chosen = http_form_get(&v->form, "thread");
    p->threads = arena_array(v->a, c->n_threads + 1, sizeof *p->threads);
    for (size_t i = 0; p->threads && i < c->n_threads; i++) {
        const struct view_thread *t = &c->threads[i];
        if (!str_eq(t->role, STR("reporter")) && !str_eq(t->role, STR("finder")))
            continue;
        struct str id = arena_strf(v->a, "%lld", (long long)t->id);
        p->threads[p->n_threads++] = (struct option_view){
            id, t->name.n ? t->name : STR("a reporter without a name"), str_eq(id, chosen)};
    }
    p->many = p->n_threads > 1;
}

static void form_fill(struct visit *v, bool failed, struct page_third *p)
{
    p->component = typed(v, failed, "component");
    p->other = typed(v, failed, "other");
    p->maintainer = typed(v, failed, "maintainer");
    p->email = typed(v, failed, "email");
    p->url = typed(v, failed, "url");
    p->source = typed(v, failed, "source");
    p->source_date = typed(v, failed, "source_date");
    p->ask = !failed || http_form_has(&v->form, "ask");
}

static void show(struct visit *v, const struct route_case *at, bool failed)
{
    struct view_case c;
    struct route_row *rows;
    size_t n;
    struct err e = ERR_INIT;
    if (view_case(v->w->desk, &v->session.actor, v->a, at->id, &c, &e) != RC_OK ||
        ops_route_list(v->w->desk->db, v->a, at->id, &rows, &n, &e) != RC_OK) {
        v->e = e;
        visit_failed(v);
        return;
    }
    if (failed) {
        visit_again(v);
    }
    struct page_third p = {.frame = v->frame,
                           .number = c.number,
                           .title = c.title,
                           .accepted = str_eq(c.rm, STR("A")),
                           .is_closed = c.closed_us != 0};
    p.frame.title = arena_strf(v->a, "%.*s, third party", STR_ARG(c.number));
    form_fill(v, failed, &p);
    rows_fill(v, rows, n, failed, &p);
    map_fill(v, &p);
    threads_fill(v, &c, &p);
    tpl_third_party(&v->r->body, &p);
}

/* ---- forms ---- */

static void put_if(const struct visit *v, json_t *args, const char *name)
{
    struct str s = str_trim(http_form_get(&v->form, name));
    if (s.n)
        json_put_str(args, name, s);
}

static enum rc tell_args(struct visit *v, struct str number, json_t *args)
{
    static const char *const names[] = {"maintainer", "email", "url", "source", "source_date"};
    struct str component = http_form_get(&v->form, "component");
    json_put_str(args, "case", number);
    json_put_str(args, "component",
                 component.n ? component : str_trim(http_form_get(&v->form, "other")));
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        put_if(v, args, names[i]);
    json_put_bool(args, "ask", http_form_has(&v->form, "ask"));
    return http_form_has(&v->form, "thread") ? visit_put_id(v, args, "thread") : RC_OK;
}

static enum rc form_args(struct visit *v, struct str form, struct str number, json_t *args,
                         const char **ret_verb)
{
    if (str_eq(form, STR("tell"))) {
        *ret_verb = "third.tell";
        return tell_args(v, number, args);
    }
    if (str_eq(form, STR("forward"))) {
        *ret_verb = "third.forward";
        put_if(v, args, "note");
        return visit_put_id(v, args, "route");
    }
    bool consent = str_eq(form, STR("consent"));
    if (!consent && !str_eq(form, STR("close")))
        return err_set(&v->e, RC_NOTFOUND, "There is no such form.");
    *ret_verb = consent ? "third.consent" : "third.close";
    if (consent)
        visit_put(v, args, "answer");
    visit_put(v, args, "reason");
    return visit_put_id(v, args, "route");
}

void route_third(struct visit *v, const struct route_case *at, struct str rest)
{
    AUTO(json) json_t *args = json_object();
    const char *verb = NULL;
    if (v->q->method != HTTP_POST && rest.n == 0) {
        show(v, at, false);
        return;
    }
    if (v->q->method != HTTP_POST) {
        visit_no_page(v);
        return;
    }
    enum rc rc = form_args(v, rest, at->number, args, &verb);
    struct str see = arena_strf(v->a, "/case/%.*s/third-party?done=third-%.*s", STR_ARG(at->number),
                                STR_ARG(rest));
    if (!visit_did(v, rc, verb, args, see))
        show(v, at, true);
}
