/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backports: the pages below a case and their forms.  Runs in core; each form becomes one verb
 * of desk/cmd.h, or, where it brings bytes, one function of desk/backport.h; they check everything
 * again.
 */
#include "base/json.h"
#include "desk/backport_picture.h"
#include "web/gate.h"
#include "web/page_backport.h"

static bool read_view(struct visit *v, const struct route_case *at, struct view_backport *ret)
{
    struct err e = ERR_INIT;
    if (view_backport(v->w->desk, &v->session.actor, v->a, at->id, ret, &e) == RC_OK)
        return true;
    v->e = e;
    visit_failed(v);
    return false;
}

static void live(struct visit *v, const struct route_case *at)
{
    v->frame.live = arena_strf(v->a, "/events?case=%.*s", STR_ARG(at->number)).p;
}

static void show(struct visit *v, const struct route_case *at, const char *form)
{
    AUTO(view_backport) struct view_backport b = {.nth = 0};
    struct draft draft = {form, &v->form};
    if (!read_view(v, at, &b))
        return;
    if (form)
        visit_again(v);
    live(v, at);
    page_backport_write(&v->m, v->frame, &b, &draft, &v->r->body);
}

static bool id_of(struct str s, int64_t *ret)
{
    uint64_t n = 0;
    if (num_parse(s, 1, INT64_MAX, "id", &n, NULL) != RC_OK)
        return false;
    *ret = (int64_t)n;
    return true;
}

/* What is in the body is taken home: never shown as a page of ours. */
static void as_file(struct visit *v, const char *name, const char *type, enum rc rc)
{
    if (rc != RC_OK) {
        buf_reset(&v->r->body);
        visit_failed(v);
        return;
    }
    buf_adds(&v->r->file_name, name);
    v->r->content_type = type;
}

/* What is kept of a line, to be taken home. */
static void take_line(struct visit *v, const struct route_case *at,
                      const struct view_backport_line *l, bool bundle)
{
    const char *name = arena_strf(v->a, "%.*s-line-%lld.%s", STR_ARG(at->number), (long long)l->id,
                                  bundle ? "bundle" : "patch")
                           .p;
    if (bundle)
        as_file(v, name, "application/octet-stream",
                view_backport_bundle(v->w->desk, &v->session.actor, at->id, l->name, &v->r->body,
                                     &v->e));
    else
        as_file(v, name, "text/plain; charset=utf-8",
                view_backport_patch(v->w->desk, &v->session.actor, at->id, l->name, &v->r->body,
                                    &v->e));
}

static void take_script(struct visit *v, const struct route_case *at, int64_t id)
{
    const char *name =
        arena_strf(v->a, "%.*s-reproducer-%lld.bin", STR_ARG(at->number), (long long)id).p;
    as_file(v, name, "application/octet-stream",
            view_reproducer_bytes(v->w->desk, &v->session.actor, at->id, id, &v->r->body, &v->e));
}

/* What has a page of its own below the case's. */
enum part { PART_LINE, PART_SCRIPT };

/* file: the last word of the path of what can be taken home; empty: the page. */
static bool part_has(enum part part, struct str file)
{
    if (file.n == 0)
        return true;
    return part == PART_LINE ? str_eq(file, STR("patch")) || str_eq(file, STR("bundle"))
                             : str_eq(file, STR("bytes"));
}

static bool part_find(const struct view_backport *b, enum part part, int64_t id, size_t *ret)
{
    size_t n = part == PART_LINE ? b->n_of : b->n_scripts;
    for (*ret = 0; *ret < n; ++*ret)
        if ((part == PART_LINE ? b->of[*ret].id : b->scripts[*ret].id) == id)
            return true;
    return false;
}

/* "7"; "7/patch" and "7/bundle" of a line, "7/bytes" of a script. */
static void show_part(struct visit *v, const struct route_case *at, enum part part, struct str rest,
                      const char *form)
{
    AUTO(view_backport) struct view_backport b = {.nth = 0};
    struct draft draft = {form, &v->form};
    struct str word = STR_NONE;
    int64_t id;
    size_t i;
    (void)str_cut(&rest, '/', &word);
    if (!id_of(word, &id) || !part_has(part, rest)) {
        visit_no_page(v);
        return;
    }
    if (!read_view(v, at, &b))
        return;
    if (!part_find(&b, part, id, &i)) {
        visit_error(v, 404,
                    part == PART_LINE ? "The case does not ask about such a line."
                                      : "The case has no such script.");
        return;
    }
    if (rest.n && part == PART_LINE) {
        take_line(v, at, &b.of[i], str_eq(rest, STR("bundle")));
        return;
    }
    if (rest.n) {
        take_script(v, at, id);
        return;
    }
    if (form)
        visit_again(v);
    live(v, at);
    if (part == PART_LINE)
        page_backport_line_write(&v->m, v->frame, &b, i, &draft, &v->r->body);
    else
        page_backport_script_write(&v->m, v->frame, &b, i, &draft, &v->r->body);
}

static void show_log(struct visit *v, const struct route_case *at, struct str word)
{
    int64_t id;
    if (!id_of(word, &id)) {
        visit_no_page(v);
        return;
    }
    const char *name = arena_strf(v->a, "%.*s-run-%lld.log", STR_ARG(at->number), (long long)id).p;
    as_file(v, name, "text/plain; charset=utf-8",
            view_backport_log(v->w->desk, &v->session.actor, at->id, id, &v->r->body, &v->e));
}

static void show_picture(struct visit *v, const struct route_case *at)
{
    AUTO(view_backport) struct view_backport b = {.nth = 0};
    if (!read_view(v, at, &b))
        return;
    as_file(v, arena_strf(v->a, "lines-%.*s.svg", STR_ARG(at->number)).p, "image/svg+xml",
            backport_picture(v->a, &b, true, &v->r->body, &v->e));
}

static void show_signers(struct visit *v)
{
    as_file(v, "commit-signers", "text/plain; charset=utf-8",
            backport_signers(v->w->desk, &v->r->body, &v->e));
}

static void export(struct visit *v, const struct route_case *at)
{
    AUTO(view_backport) struct view_backport b = {.nth = 0};
    if (!read_view(v, at, &b))
        return;
    AUTO(json) json_t *j = view_backport_json(&b);
    as_file(v, arena_strf(v->a, "backport-%.*s.json", STR_ARG(at->number)).p,
            "application/json; charset=utf-8", json_write(&v->r->body, j, &v->e));
}

/* ---- forms ---- */

/* What a person decides about a line. */
static enum rc decide_args(struct visit *v, const char *verb, json_t *args, const char **ret_verb)
{
    *ret_verb = verb;
    visit_put(v, args, "line");
    visit_put(v, args, "reason");
    if (http_form_has(&v->form, "tree"))
        visit_put(v, args, "tree");
    return visit_put_id(v, args, "answer");
}

/* Arguments of the verb of a form; *ret_verb NULL: there is no such form. */
static enum rc args_of(struct visit *v, struct str form, json_t *args, const char **ret_verb)
{
    *ret_verb = NULL;
    if (str_eq(form, STR("ask"))) {
        *ret_verb = "backport.ask";
        visit_put(v, args, "fix");
        visit_put(v, args, "lines");
    } else if (str_eq(form, STR("again"))) {
        *ret_verb = "backport.again";
    } else if (str_eq(form, STR("accept"))) {
        return decide_args(v, "backport.accept", args, ret_verb);
    } else if (str_eq(form, STR("waive"))) {
        return decide_args(v, "backport.waive", args, ret_verb);
    } else if (str_eq(form, STR("reopen"))) {
        return decide_args(v, "backport.reopen", args, ret_verb);
    } else if (str_eq(form, STR("message"))) {
        *ret_verb = "backport.message";
        visit_put(v, args, "message");
    } else if (str_eq(form, STR("test"))) {
        *ret_verb = "backport.test";
        visit_put(v, args, "line");
    } else if (str_eq(form, STR("release"))) {
        *ret_verb = "backport.release";
        visit_put(v, args, "line");
        json_put_bool(args, "entire", str_eq(http_form_get(&v->form, "entire"), STR("yes")));
    } else if (str_eq(form, STR("untested")) || str_eq(form, STR("tested"))) {
        *ret_verb = "backport.untested";
        visit_put(v, args, "line");
        if (str_eq(form, STR("untested"))) {
            if (str_trim(http_form_get(&v->form, "reason")).n == 0)
                return err_set(&v->e, RC_INVALID, "say why it counts without tests");
            visit_put(v, args, "reason");
        }
    } else if (str_eq(form, STR("approve"))) {
        *ret_verb = "reproducer.approve";
        visit_put(v, args, "sha256");
        return visit_put_id(v, args, "reproducer");
    } else if (str_eq(form, STR("revoke"))) {
        *ret_verb = "reproducer.revoke";
        visit_put(v, args, "reason");
        return visit_put_id(v, args, "reproducer");
    } else if (str_eq(form, STR("run"))) {
        *ret_verb = "reproducer.run";
        return visit_put_id(v, args, "reproducer");
    }
    return RC_OK;
}

/* The file of that form, else what was pasted; more than one is refused. */
static enum rc bytes_of(struct visit *v, const char *field, struct str *ret)
{
    struct str text = http_form_get(&v->form, field);
    if (v->form.n_files + v->form.files_over > 1)
        return err_set(&v->e, RC_INVALID, "one file, please");
    if (v->form.n_files && text.n)
        return err_set(&v->e, RC_INVALID, "either a file or a text, not both");
    *ret = v->form.n_files ? v->form.files[0].bytes : text;
    if (ret->n == 0)
        return err_set(&v->e, RC_INVALID, "choose a file, or paste its text");
    return v->form.cut ? err_set(&v->e, RC_LIMIT, "the file is too large") : RC_OK;
}

static enum rc edit(struct visit *v, const struct route_case *at)
{
    struct backport_edit n = {.case_id = at->id,
                              .line = http_form_get(&v->form, "line"),
                              .reason = http_form_get(&v->form, "reason")};
    TRY(bytes_of(v, "patch", &n.bytes));
    return backport_edit(v->w->desk, &v->session.actor, &n, &v->e);
}

static enum rc add_script(struct visit *v, const struct route_case *at, int64_t *ret_id)
{
    struct reproducer_add n = {.case_id = at->id,
                               .name = http_form_get(&v->form, "name"),
                               .source = http_form_get(&v->form, "source")};
    TRY(bytes_of(v, "text", &n.bytes));
    return reproducer_add(v->w->desk, &v->session.actor, &n, ret_id, &v->e);
}

/* Back to the page that the form stood on. */
static void see(struct visit *v, const struct route_case *at, struct str form, int64_t script)
{
    int64_t line;
    if (script || id_of(http_form_get(&v->form, "reproducer"), &script))
        visit_see(v, "/case/%.*s/backport/reproducer/%lld?done=backport-%.*s", STR_ARG(at->number),
                  (long long)script, STR_ARG(form));
    else if (id_of(http_form_get(&v->form, "at"), &line))
        visit_see(v, "/case/%.*s/backport/line/%lld?done=backport-%.*s", STR_ARG(at->number),
                  (long long)line, STR_ARG(form));
    else
        visit_see(v, "/case/%.*s/backport?done=backport-%.*s", STR_ARG(at->number), STR_ARG(form));
}

static void form_again(struct visit *v, const struct route_case *at, const char *form)
{
    struct str line = http_form_get(&v->form, "at"), script = http_form_get(&v->form, "reproducer");
    if (script.n)
        show_part(v, at, PART_SCRIPT, script, form);
    else if (line.n)
        show_part(v, at, PART_LINE, line, form);
    else
        show(v, at, form);
}

static void form(struct visit *v, const struct route_case *at, struct str rest)
{
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *result = NULL;
    const char *verb = NULL;
    int64_t script = 0;
    enum rc rc;
    json_put_str(args, "case", at->number);
    if (str_eq(rest, STR("edit"))) {
        rc = edit(v, at);
    } else if (str_eq(rest, STR("script"))) {
        rc = add_script(v, at, &script);
    } else {
        rc = args_of(v, rest, args, &verb);
        if (verb == NULL) {
            visit_no_form(v);
            return;
        }
        if (rc == RC_OK)
            rc = visit_cmd(v, verb, args, &result);
    }
    if (rc == RC_OK)
        see(v, at, rest, script);
    else
        form_again(v, at, arena_str(v->a, rest).p);
}

void route_backport(struct visit *v, const struct route_case *at, struct str rest)
{
    struct str deeper;
    if (v->q->method == HTTP_POST)
        form(v, at, rest);
    else if (rest.n == 0)
        show(v, at, NULL);
    else if (path_after(rest, "line/", &deeper))
        show_part(v, at, PART_LINE, deeper, NULL);
    else if (path_after(rest, "reproducer/", &deeper))
        show_part(v, at, PART_SCRIPT, deeper, NULL);
    else if (path_after(rest, "log/", &deeper))
        show_log(v, at, deeper);
    else if (str_eq(rest, STR("lines.svg")))
        show_picture(v, at);
    else if (str_eq(rest, STR("signers")))
        show_signers(v);
    else if (str_eq(rest, STR("export.json")))
        export(v, at);
    else
        visit_no_page(v);
}
