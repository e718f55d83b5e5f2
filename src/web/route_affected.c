/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The affected versions: the page below a case and its forms.  Runs in core; each form becomes one
 * verb of desk/cmd.h, which checks everything again.
 */
#include "desk/affected.h"
#include "web/gate.h"
#include "web/page_affected.h"

static void show(struct visit *v, const struct route_case *at, int64_t part, const char *form)
{
    AUTO(view_affected) struct view_affected a = {.nth = 0};
    struct draft draft = {form, &v->form};
    struct err e = ERR_INIT;
    if (view_affected(v->w->desk, &v->session.actor, v->a, (struct affected_key){at->id, part}, &a,
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

static void show_releases(struct visit *v, const struct route_case *at, int64_t part)
{
    AUTO(view_affected) struct view_affected a = {.nth = 0};
    struct err e = ERR_INIT;
    if (view_affected(v->w->desk, &v->session.actor, v->a, (struct affected_key){at->id, part}, &a,
                      &e) != RC_OK) {
        v->e = e;
        visit_failed(v);
        return;
    }
    page_affected_releases_write(&v->m, v->frame, &a, &v->r->body);
}

/* "part/3[/...]": of a place that joined the case; false: there is no such page. */
static bool part_of(struct str *rest, int64_t *ret_part)
{
    struct str word, number;
    uint64_t n = 0;
    *ret_part = 0;
    if (!path_after(*rest, "part/", &word))
        return true;
    if (!str_cut(&word, '/', &number) || num_parse(number, 1, INT64_MAX, "part", &n, NULL) != RC_OK)
        return false;
    *rest = word;
    *ret_part = (int64_t)n;
    return true;
}

void route_affected(struct visit *v, const struct route_case *at, struct str rest)
{
    AUTO(json) json_t *args = json_object();
    const char *verb;
    int64_t part;
    if (!part_of(&rest, &part)) {
        visit_no_page(v);
        return;
    }
    if (v->q->method != HTTP_POST) {
        if (rest.n == 0)
            show(v, at, part, NULL);
        else if (str_eq(rest, STR("releases")))
            show_releases(v, at, part);
        else
            visit_no_page(v);
        return;
    }
    json_put_str(args, "case", at->number);
    if (part)
        json_put_int(args, "part", part);
    enum rc rc = args_of(v, rest, args, &verb);
    struct str see = part ? arena_strf(v->a, "/case/%.*s/affected/part/%lld?done=affected-%.*s",
                                       STR_ARG(at->number), (long long)part, STR_ARG(rest))
                          : arena_strf(v->a, "/case/%.*s/affected?done=affected-%.*s",
                                       STR_ARG(at->number), STR_ARG(rest));
    if (!visit_did(v, rc, verb, args, see))
        show(v, at, part, arena_str(v->a, rest).p);
}
