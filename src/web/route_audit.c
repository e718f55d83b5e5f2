/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit: the pages below a case and their forms.  Runs in core; each form becomes verbs of
 * desk/cmd.h, which check everything again.
 */
#include "desk/audit.h"
#include "base/json.h"
#include "base/utf8.h"
#include "web/gate.h"
#include "web/page_audit.h"

/* What a form or a link asks to see; the keys of the ticks are in the arena of the visit. */
static bool asked_of(struct visit *v, const char *form, struct audit_asked *ret)
{
    struct str from = http_form_get(&v->form, "from");
    struct str *ticked = arena_array(v->a, HTTP_FORM_FIELDS, sizeof *ticked);
    uint64_t n = 0;
    *ret = (struct audit_asked){.draft = {form, &v->form}, .ticked = ticked};
    if (!audit_show_parse(http_form_get(&v->form, "show"), &ret->show) ||
        (from.n && num_parse(from, 0, FIND_HITS_MAX, "from", &n, NULL) != RC_OK))
        return false;
    ret->from = (size_t)n;
    for (size_t i = 0; ticked && i < v->form.n_fields; i++)
        if (str_eq(v->form.fields[i].name, STR(AUDIT_F_TICK)))
            ticked[ret->n_ticked++] = v->form.fields[i].value;
    return true;
}

static bool read_view(struct visit *v, const struct route_case *at, struct view_audit *ret)
{
    struct err e = ERR_INIT;
    if (view_audit(v->w->desk, &v->session.actor, v->a, at->id, ret, &e) == RC_OK)
        return true;
    v->e = e;
    visit_failed(v);
    return false;
}

static void show(struct visit *v, const struct route_case *at, const char *form)
{
    AUTO(view_audit) struct view_audit a = {.nth = 0};
    struct audit_asked asked;
    if (!asked_of(v, form, &asked)) {
        visit_error(v, 404, "There is no such list.");
        return;
    }
    if (!read_view(v, at, &a))
        return;
    if (form)
        visit_again(v);
    v->frame.live = arena_strf(v->a, "/events?case=%.*s", STR_ARG(at->number)).p;
    page_audit_write(&v->m, v->frame, &a, &asked, &v->r->body);
}

static void show_place(struct visit *v, const struct route_case *at, struct str key,
                       const char *form)
{
    AUTO(view_audit) struct view_audit a = {.nth = 0};
    struct audit_asked asked;
    if (!asked_of(v, form, &asked)) {
        visit_no_page(v);
        return;
    }
    if (!read_view(v, at, &a))
        return;
    for (size_t i = 0; i < a.n_hits; i++) {
        if (!str_eq(a.hits[i].key, key))
            continue;
        if (form)
            visit_again(v);
        v->frame.live = arena_strf(v->a, "/events?case=%.*s", STR_ARG(at->number)).p;
        page_audit_place_write(&v->m, v->frame, &a, i, &asked, &v->r->body);
        return;
    }
    visit_error(v, 404, "The newest answer has no such place.");
}

static void export(struct visit *v, const struct route_case *at, bool csv)
{
    AUTO(view_audit) struct view_audit a = {.nth = 0};
    if (!read_view(v, at, &a))
        return;
    buf_addf(&v->r->file_name, "audit-%.*s.%s", STR_ARG(at->number), csv ? "csv" : "json");
    if (csv) {
        v->r->content_type = "text/csv; charset=utf-8";
        view_audit_csv(&a, &v->r->body);
        return;
    }
    AUTO(json) json_t *j = view_audit_json(&a);
    v->r->content_type = "application/json; charset=utf-8";
    if (json_write(&v->r->body, j, &v->e) != RC_OK)
        visit_failed(v);
}

static void show_left(struct visit *v, const struct route_case *at)
{
    AUTO(view_audit) struct view_audit a = {.nth = 0};
    if (read_view(v, at, &a))
        page_audit_left_write(&v->m, v->frame, &a, &v->r->body);
}

/* ---- decisions ---- */

static struct str field_of(const struct visit *v, const char *prefix, struct str key)
{
    return http_form_get(&v->form, arena_strf(v->a, "%s%.*s", prefix, STR_ARG(key)).p);
}

static enum rc decide(struct visit *v, struct str number, struct str keys, struct str verdict,
                      struct str reason)
{
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *result = NULL;
    json_put_str(args, "case", number);
    json_put_str(args, "keys", keys);
    json_put_str(args, "verdict", verdict);
    json_put_str(args, "reason", reason);
    return visit_cmd(v, "audit.decide", args, &result);
}

/* A key, when the field is the reason of a place; they stand in the order of the list. */
static bool key_of(const struct http_field *f, struct str *ret)
{
    struct str prefix = STR(AUDIT_F_REASON);
    if (!str_starts(f->name, prefix))
        return false;
    *ret = str_sub(f->name, prefix.n, f->name.n);
    return true;
}

/* Of each place in the form that has a button pressed, what is there; only: of that one. */
static enum rc decide_each(struct visit *v, struct str number, struct str only)
{
    size_t n = 0;
    for (size_t i = 0; i < v->form.n_fields; i++) {
        struct str key;
        if (!key_of(&v->form.fields[i], &key) || (only.n && !str_eq(only, key)))
            continue;
        struct str verdict = field_of(v, AUDIT_F_VERDICT, key);
        if (verdict.n == 0)
            continue;
        TRY(decide(v, number, key, verdict, v->form.fields[i].value));
        n++;
    }
    return n ? RC_OK
             : err_set(&v->e, RC_INVALID,
                       "choose what the place is: the same flaw, safe, or unsure");
}

/* Enter in the field of a reason is the first button: then this tells what is meant. */
static bool any_pressed(const struct visit *v)
{
    bool pressed = false, ticked = false;
    for (size_t i = 0; i < v->form.n_fields; i++) {
        pressed = pressed || str_starts(v->form.fields[i].name, STR(AUDIT_F_VERDICT));
        ticked = ticked || str_eq(v->form.fields[i].name, STR(AUDIT_F_TICK));
    }
    return pressed || !ticked;
}

static enum rc decide_ticked(struct visit *v, struct str number)
{
    AUTO(buf) struct buf keys = BUF_INIT(HTTP_FORM_FIELDS * (HTTP_FORM_NAME_MAX + 1));
    for (size_t i = 0; i < v->form.n_fields; i++)
        if (str_eq(v->form.fields[i].name, STR(AUDIT_F_TICK)))
            buf_addf(&keys, "%s%.*s", keys.n ? " " : "",
                     STR_ARG(utf8_clip(v->form.fields[i].value, HTTP_FORM_NAME_MAX)));
    if (keys.n == 0)
        return err_set(&v->e, RC_INVALID, "tick the places that this is about");
    return decide(v, number, buf_str(&keys), http_form_get(&v->form, "verdict"),
                  http_form_get(&v->form, "reason"));
}

/* The place behind that one in the form, or itself. */
static struct str next_key(const struct visit *v, struct str key)
{
    bool seen = false;
    for (size_t i = 0; i < v->form.n_fields; i++) {
        struct str k;
        if (!key_of(&v->form.fields[i], &k))
            continue;
        if (seen)
            return k;
        seen = str_eq(k, key);
    }
    return key;
}

static bool clean_key(struct str key)
{
    for (size_t i = 0; i < key.n; i++)
        if (!ascii_is_alnum(key.p[i]) && key.p[i] != '.' && key.p[i] != '-')
            return false;
    return key.n > 0 && key.n <= AUDIT_KEY_MAX;
}

/* Back to the list and the page of it that the form stood on; at: the place to go to. */
static void see_list(struct visit *v, struct str number, const char *done, struct str at)
{
    enum audit_show s;
    struct str show_name = http_form_get(&v->form, "show"), from = http_form_get(&v->form, "from");
    uint64_t n;
    bool lists = audit_show_parse(show_name, &s) && show_name.n;
    bool deeper = num_parse(from, 1, FIND_HITS_MAX, "from", &n, NULL) == RC_OK;
    visit_see(v, "/case/%.*s/audit?done=audit-%s%s%.*s%s%.*s%s%.*s", STR_ARG(number), done,
              lists ? "&show=" : "", STR_ARG(lists ? show_name : STR_NONE), deeper ? "&from=" : "",
              STR_ARG(deeper ? from : STR_NONE), clean_key(at) ? "#p-" : "",
              STR_ARG(clean_key(at) ? at : STR_NONE));
}

static void decide_form(struct visit *v, const struct route_case *at)
{
    struct str back = http_form_get(&v->form, "back"), only = http_form_get(&v->form, "only");
    bool own_page = http_form_has(&v->form, "own");
    struct str key = back.n ? back : only;
    enum rc rc;
    if (back.n)
        rc = decide(v, at->number, back, STR_NONE, STR_NONE);
    else if (only.n == 0 &&
             (str_eq(http_form_get(&v->form, "do"), STR("ticked")) || !any_pressed(v)))
        rc = decide_ticked(v, at->number);
    else
        rc = decide_each(v, at->number, only);
    if (rc != RC_OK) {
        if (own_page)
            show_place(v, at, key, "decide");
        else
            show(v, at, "decide");
        return;
    }
    const char *done = back.n ? "undecide" : "decide";
    if (own_page && clean_key(key))
        visit_see(v, "/case/%.*s/audit/place/%.*s?done=audit-%s", STR_ARG(at->number), STR_ARG(key),
                  done);
    else
        see_list(v, at->number, done, back.n || only.n == 0 ? back : next_key(v, only));
}

/* ---- the other forms ---- */

/* Arguments of the verb of a form; *ret_verb NULL: there is no such form. */
static enum rc args_of(struct visit *v, struct str form, json_t *args, const char **ret_verb)
{
    static const char *const asks[] = {"fix",          "like",  "hunks", "branches",
                                       "repositories", "limit", "cut",   "rules"};
    *ret_verb = NULL;
    if (str_eq(form, STR("ask"))) {
        *ret_verb = "audit.ask";
        for (size_t i = 0; i < ARRAY_LEN(asks); i++)
            visit_put(v, args, asks[i]);
    } else if (str_eq(form, STR("again"))) {
        *ret_verb = "audit.again";
    } else if (str_eq(form, STR("cut"))) {
        *ret_verb = "audit.cut";
        visit_put(v, args, "cut");
    } else if (str_eq(form, STR("sign"))) {
        *ret_verb = "audit.sign";
        visit_put(v, args, "digest");
    } else if (str_eq(form, STR("unsign"))) {
        *ret_verb = "audit.unsign";
        visit_put(v, args, "reason");
    } else if (str_eq(form, STR("fix"))) {
        *ret_verb = "audit.fix";
        visit_put(v, args, "fix");
        return visit_put_id(v, args, "part");
    }
    return RC_OK;
}

static void form(struct visit *v, const struct route_case *at, struct str rest)
{
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *result = NULL;
    const char *verb;
    json_put_str(args, "case", at->number);
    enum rc rc = args_of(v, rest, args, &verb);
    if (verb == NULL) {
        visit_no_form(v);
        return;
    }
    if (rc == RC_OK)
        rc = visit_cmd(v, verb, args, &result);
    if (rc == RC_OK)
        see_list(v, at->number, arena_str(v->a, rest).p, STR_NONE);
    else
        show(v, at, arena_str(v->a, rest).p);
}

void route_audit(struct visit *v, const struct route_case *at, struct str rest)
{
    struct str key;
    bool post = v->q->method == HTTP_POST;
    if (post && str_eq(rest, STR("decide")))
        decide_form(v, at);
    else if (post)
        form(v, at, rest);
    else if (rest.n == 0)
        show(v, at, NULL);
    else if (path_after(rest, "place/", &key))
        show_place(v, at, key, NULL);
    else if (str_eq(rest, STR("not-searched")))
        show_left(v, at);
    else if (str_eq(rest, STR("export.json")))
        export(v, at, false);
    else if (str_eq(rest, STR("export.csv")))
        export(v, at, true);
    else
        visit_no_page(v);
}
