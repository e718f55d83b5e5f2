/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register of release lines: its page and its forms.  Runs in core; each form becomes one verb
 * of desk/cmd.h, which checks everything again.
 */
#include "web/gate.h"
#include "web/page_backport.h"

static bool read_view(struct visit *v, struct view_lines *ret)
{
    struct err e = ERR_INIT;
    if (view_lines(v->w->desk, &v->session.actor, v->a, ret, &e) == RC_OK)
        return true;
    v->e = e;
    visit_failed(v);
    return false;
}

static void show(struct visit *v, const char *form)
{
    struct view_lines lines;
    if (!read_view(v, &lines))
        return;
    if (form)
        visit_again(v);
    v->frame.live = "/events";
    page_lines_write(&v->m, v->frame, &lines, &v->r->body);
}

/* "7", or "new" */
static void show_line(struct visit *v, struct str word, const char *form)
{
    struct view_lines lines;
    struct draft draft = {form, &v->form};
    const struct view_mline *l = NULL;
    uint64_t id = 0;
    bool fresh = str_eq(word, STR("new"));
    if (!fresh && num_parse(word, 1, INT64_MAX, "id", &id, NULL) != RC_OK) {
        visit_no_page(v);
        return;
    }
    if (!read_view(v, &lines))
        return;
    for (size_t i = 0; i < lines.n_lines && !fresh; i++)
        if (lines.lines[i].id == (int64_t)id)
            l = &lines.lines[i];
    if (!fresh && l == NULL) {
        visit_error(v, 404, "The register has no such line.");
        return;
    }
    if (form)
        visit_again(v);
    page_mline_write(&v->m, v->frame, &lines, l, &draft, &v->r->body);
}

/* 0, or left out: a new one. */
static enum rc put_line(struct visit *v, json_t *args)
{
    struct str id = http_form_get(&v->form, "line");
    return id.n == 0 || str_eq(id, STR("0")) ? RC_OK : visit_put_id(v, args, "line");
}

static enum rc args_of(struct visit *v, struct str form, json_t *args, const char **ret_verb)
{
    static const char *const fields[] = {"name",  "branch", "tags", "until",
                                         "build", "tests",  "root", "reason"};
    *ret_verb = NULL;
    if (str_eq(form, STR("set"))) {
        *ret_verb = "line.set";
        for (size_t i = 0; i < ARRAY_LEN(fields); i++)
            visit_put(v, args, fields[i]);
        json_object_set_new(args, "maintained",
                            json_boolean(http_form_has(&v->form, "maintained")));
        return put_line(v, args);
    }
    if (str_eq(form, STR("remove"))) {
        *ret_verb = "line.remove";
        visit_put(v, args, "reason");
        return visit_put_id(v, args, "line");
    }
    if (str_eq(form, STR("fill")))
        *ret_verb = "line.fill";
    return RC_OK;
}

void lines_route(struct visit *v, struct str rest)
{
    AUTO(json) json_t *args = json_object();
    const char *verb;
    if (v->q->method != HTTP_POST) {
        if (rest.n)
            show_line(v, rest, NULL);
        else
            show(v, NULL);
        return;
    }
    enum rc rc = args_of(v, rest, args, &verb);
    if (visit_did(v, rc, verb, args, arena_strf(v->a, "/lines?done=lines-%.*s", STR_ARG(rest))))
        return;
    struct str id = http_form_get(&v->form, "line"), form = arena_str(v->a, rest);
    if (str_eq(rest, STR("fill")))
        show(v, form.p);
    else
        show_line(v, id.n && !str_eq(id, STR("0")) ? id : STR("new"), form.p);
}
