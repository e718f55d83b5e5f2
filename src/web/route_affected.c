/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The affected versions: the page below a case and its forms.  Runs in core; each form becomes one
 * verb of desk/cmd.h, which checks everything again.
 */
#include "desk/affected.h"
#include "web/gate.h"
#include "web/page_affected.h"

static void show(struct visit *v, const struct route_case *at, const char *form)
{
    AUTO(view_affected) struct view_affected a = {.nth = 0};
    struct draft draft = {form, &v->form};
    struct err e = ERR_INIT;
    if (view_affected(v->w->desk, &v->session.actor, v->a, (struct affected_key){at->id, 0}, &a,
                      &e) != RC_OK) {
        v->e = e;
        visit_failed(v);
        return;
    }
    if (form) {
        visit_again(v);
    }
    v->frame.live = arena_strf(v->a, "/events?case=%.*s", STR_ARG(at->number)).p;
    page_affected_write(&v->m, v->frame, &a, &draft, &v->r->body);
}

/* Arguments of the verb of a form; *ret_verb NULL: there is no such form. */
static enum rc args_of(struct visit *v, struct str form, json_t *args, const char **ret_verb)
{
    *ret_verb = NULL;
    if (str_eq(form, STR("ask"))) {
        *ret_verb = "affected.ask";
        visit_put(v, args, "fix");
        visit_put(v, args, "introduced");
        visit_put(v, args, "at");
    } else if (str_eq(form, STR("again"))) {
        *ret_verb = "affected.again";
    } else if (str_eq(form, STR("keep"))) {
        *ret_verb = "affected.keep";
    } else if (str_eq(form, STR("choose"))) {
        *ret_verb = "affected.choose";
        TRY(visit_put_id(v, args, "candidate"));
        return visit_put_id(v, args, "answer");
    } else if (str_eq(form, STR("unchoose"))) {
        *ret_verb = "affected.choose";
    } else if (str_eq(form, STR("decide"))) {
        *ret_verb = "affected.decide";
        visit_put(v, args, "tag");
        visit_put(v, args, "status");
        visit_put(v, args, "reason");
    } else if (str_eq(form, STR("undecide"))) {
        *ret_verb = "affected.decide";
        visit_put(v, args, "tag");
    }
    return RC_OK;
}

static void show_releases(struct visit *v, const struct route_case *at)
{
    AUTO(view_affected) struct view_affected a = {.nth = 0};
    struct err e = ERR_INIT;
    if (view_affected(v->w->desk, &v->session.actor, v->a, (struct affected_key){at->id, 0}, &a,
                      &e) != RC_OK) {
        v->e = e;
        visit_failed(v);
        return;
    }
    page_affected_releases_write(&v->m, v->frame, &a, &v->r->body);
}

void route_affected(struct visit *v, const struct route_case *at, struct str rest)
{
    AUTO(json) json_t *args = json_object();
    const char *verb;
    if (v->q->method != HTTP_POST) {
        if (rest.n == 0)
            show(v, at, NULL);
        else if (str_eq(rest, STR("releases")))
            show_releases(v, at);
        else
            visit_no_page(v);
        return;
    }
    json_put_str(args, "case", at->number);
    enum rc rc = args_of(v, rest, args, &verb);
    struct str see = arena_strf(v->a, "/case/%.*s/affected?done=affected-%.*s", STR_ARG(at->number),
                                STR_ARG(rest));
    if (!visit_did(v, rc, verb, args, see))
        show(v, at, arena_str(v->a, rest).p);
}
