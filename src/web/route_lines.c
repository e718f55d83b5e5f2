/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register of release lines: its page and its forms.  Runs in core; each form becomes one verb
 * of desk/cmd.h, which checks everything again.
 */
#include "web/gate.h"
#include "web/page_backport.h"

static void show(struct visit *v, const char *form)
{
    struct view_lines lines;
    struct draft draft = {form, &v->form};
    struct err e = ERR_INIT;
    if (view_lines(v->w->desk, &v->session.actor, v->a, &lines, &e) != RC_OK) {
        v->e = e;
        visit_failed(v);
        return;
    }
    if (form)
        visit_again(v);
    v->frame.live = "/events";
    page_lines_write(&v->m, v->frame, &lines, &draft, &v->r->body);
}

/* 0, or left out: a new one. */
static enum rc put_id(struct visit *v, json_t *args)
{
    struct str id = http_form_get(&v->form, "id");
    return id.n == 0 || str_eq(id, STR("0")) ? RC_OK : visit_put_id(v, args, "id");
}

static enum rc args_of(struct visit *v, struct str form, json_t *args, const char **ret_verb)
{
    static const char *const fields[] = {"name",  "branch", "tags",  "until",
                                         "tests", "root",   "reason"};
    *ret_verb = NULL;
    if (str_eq(form, STR("set"))) {
        *ret_verb = "line.set";
        for (size_t i = 0; i < ARRAY_LEN(fields); i++)
            visit_put(v, args, fields[i]);
        json_object_set_new(args, "maintained",
                            json_boolean(http_form_has(&v->form, "maintained")));
        return put_id(v, args);
    }
    if (str_eq(form, STR("remove"))) {
        *ret_verb = "line.remove";
        visit_put(v, args, "reason");
        return visit_put_id(v, args, "id");
    }
    if (str_eq(form, STR("fill")))
        *ret_verb = "lines.fill";
    return RC_OK;
}

void lines_route(struct visit *v, struct str rest)
{
    AUTO(json) json_t *args = json_object();
    const char *verb;
    if (v->q->method != HTTP_POST) {
        if (rest.n)
            visit_no_page(v);
        else
            show(v, NULL);
        return;
    }
    enum rc rc = args_of(v, rest, args, &verb);
    if (!visit_did(v, rc, verb, args, arena_strf(v->a, "/lines?done=lines-%.*s", STR_ARG(rest))))
        show(v, arena_str(v->a, rest).p);
}
