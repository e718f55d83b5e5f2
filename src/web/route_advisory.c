/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advisories: the team's page below a case with its forms, the team's list, and what is public.
 * Runs in core.  Each form becomes one verb of desk/cmd.h, which checks everything again; what is
 * not public answers as if it had never been.
 */
#include "publish/atom.h"
#include "publish/osv.h"
#include "web/gate.h"
#include "web/markdown.h"
#include "web/page_advisory.h"

/* ---- the team ---- */

static void show(struct visit *v, const struct route_case *at, const char *form)
{
    struct view_advisory a;
    struct draft draft = {form, &v->form};
    struct err e = ERR_INIT;
    if (view_advisory(v->w->desk, &v->session.actor, v->a, at->id, &a, &e) != RC_OK) {
        v->e = e;
        visit_failed(v);
        return;
    }
    if (form) {
        visit_again(v);
    }
    if (page_advisory_write(&v->m, v->frame, &a, &draft, &v->r->body, &v->e) != RC_OK)
        visit_failed(v);
}

/* Without a time it would be published at once. */
static enum rc put_planned(struct visit *v, json_t *args)
{
    if (http_form_get(&v->form, "at").n == 0)
        return err_set(&v->e, RC_INVALID, "the time of the publication is missing");
    return visit_put_time(v, args, "at");
}

static enum rc edit_args(struct visit *v, json_t *args)
{
    static const char *const names[] = {"title",    "summary", "severity",   "cvss",     "cve",
                                        "affected", "fixed",   "references", "timeline", "text"};
    if (!http_form_has(&v->form, "whole"))
        return RC_OK;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        visit_put(v, args, names[i]);
    visit_put(v, args, "change");
    return visit_put_id(v, args, "revision");
}

static enum rc credit_args(struct visit *v, json_t *args)
{
    visit_put(v, args, "name");
    visit_put(v, args, "role");
    visit_put(v, args, "decision");
    return http_form_has(&v->form, "credit") ? visit_put_id(v, args, "credit") : RC_OK;
}

static enum rc args_of(struct visit *v, struct str form, json_t *args, const char **ret_verb)
{
    static const char *const bare[] = {"approve", "publish", "plan"};
    *ret_verb = NULL;
    if (str_eq(form, STR("edit"))) {
        *ret_verb = "advisory.edit";
        return edit_args(v, args);
    }
    if (str_eq(form, STR("unplan"))) {
        *ret_verb = "advisory.unplan";
        return RC_OK;
    }
    if (str_eq(form, STR("withdraw"))) {
        *ret_verb = "advisory.withdraw";
        visit_put(v, args, "reason");
        return RC_OK;
    }
    if (str_eq(form, STR("credit"))) {
        *ret_verb = "advisory.credit";
        return credit_args(v, args);
    }
    if (str_eq(form, STR("mail"))) {
        *ret_verb = "advisory.mail";
        visit_put(v, args, "do");
        return visit_put_id(v, args, "mail");
    }
    if (str_eq(form, STR("ask"))) {
        *ret_verb = "advisory.ask";
        return visit_put_id(v, args, "credit");
    }
    for (size_t i = 0; i < ARRAY_LEN(bare); i++) {
        if (!str_eq(form, str_c(bare[i])))
            continue;
        *ret_verb = i == 0 ? "advisory.approve" : "advisory.publish";
        if (i == 2)
            TRY(put_planned(v, args));
        return visit_put_id(v, args, "revision");
    }
    return RC_OK;
}

static void take_form(struct visit *v, const struct route_case *at, struct str form)
{
    AUTO(json) json_t *args = json_object();
    const char *verb;
    json_put_str(args, "case", at->number);
    enum rc rc = args_of(v, form, args, &verb);
    struct str see = arena_strf(v->a, "/case/%.*s/advisory?done=advisory-%.*s", STR_ARG(at->number),
                                STR_ARG(form));
    if (!visit_did(v, rc, verb, args, see))
        show(v, at, arena_str(v->a, form).p);
}

static void show_revision(struct visit *v, const struct route_case *at, struct str word)
{
    struct view_advisory a;
    uint64_t nth;
    if (num_parse(word, 1, INT64_MAX, "revision", &nth, NULL) != RC_OK) {
        visit_no_page(v);
        return;
    }
    if (view_advisory(v->w->desk, &v->session.actor, v->a, at->id, &a, &v->e) != RC_OK) {
        visit_failed(v);
        return;
    }
    for (size_t i = 0; i < a.n_revisions; i++) {
        if (a.revisions[i].nth == (int64_t)nth) {
            page_advisory_diff_write(&v->m, v->frame, &a, i, &v->r->body);
            return;
        }
    }
    visit_no_page(v);
}

void route_advisory(struct visit *v, const struct route_case *at, struct str rest)
{
    struct str deeper;
    if (v->q->method == HTTP_POST)
        take_form(v, at, rest);
    else if (rest.n == 0)
        show(v, at, NULL);
    else if (path_after(rest, "revision/", &deeper))
        show_revision(v, at, deeper);
    else
        visit_no_page(v);
}

void route_advisories(struct visit *v, struct str rest)
{
    struct view_advisory_row *rows;
    size_t n;
    if (v->q->method == HTTP_POST || rest.n) {
        visit_no_page(v);
        return;
    }
    if (view_advisories(v->w->desk, &v->session.actor, v->a, &rows, &n, &v->e) != RC_OK)
        visit_failed(v);
    else
        page_advisories_write(&v->m, v->frame, rows, n, &v->r->body);
}

/* ---- a reporter ---- */

static void credit_show(struct visit *v, bool failed)
{
    struct view_credit k;
    struct err e = ERR_INIT;
    enum rc rc = view_reporter_credit(v->w->desk, &v->session.actor, v->a, &k, &e);
    if (rc == RC_NOTFOUND) {
        visit_no_page(v);
        return;
    }
    if (rc != RC_OK) {
        v->e = e;
        visit_failed(v);
        return;
    }
    if (failed) {
        visit_again(v);
        k.decision = http_form_get(&v->form, "decision");
        k.name = http_form_get(&v->form, "name");
    } else if (http_form_has(&v->form, "done")) {
        v->frame.done = STR("Your answer is recorded. Thank you.");
    }
    page_reporter_credit_write(v->frame, k.decision, k.name, &v->r->body);
}

void route_report_credit(struct visit *v)
{
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *result = NULL;
    if (v->q->method != HTTP_POST) {
        credit_show(v, false);
        return;
    }
    visit_put(v, args, "decision");
    visit_put(v, args, "name");
    if (visit_cmd(v, "reporter.credit", args, &result) != RC_OK)
        credit_show(v, true);
    else
        visit_see(v, "/report/credit?done=1");
}

/* ---- the public ---- */

static void public_one(struct visit *v, struct str word)
{
    struct str json = STR(".json");
    bool osv = str_ends(word, json);
    struct str number = osv ? str_sub(word, 0, word.n - json.n) : word;
    struct adv_doc d;
    enum rc rc = view_public_advisory(v->w->desk, v->a, number, &d, &v->e);
    if (rc == RC_NOTFOUND) {
        visit_no_page(v);
        return;
    }
    if (rc == RC_OK && osv) {
        v->r->content_type = "application/json; charset=utf-8";
        rc = osv_write(&d, &v->r->body, &v->e);
    } else if (rc == RC_OK) {
        rc = page_advisory_public_write(&v->m, v->frame, &d, &v->r->body, &v->e);
    }
    if (rc != RC_OK) {
        visit_failed(v);
        return;
    }
    v->r->cacheable = true;
}

void route_public_advisories(struct visit *v, struct str rest)
{
    struct adv_doc *d;
    size_t n;
    if (v->q->method == HTTP_POST) {
        visit_no_page(v);
        return;
    }
    if (rest.n) {
        public_one(v, rest);
        return;
    }
    if (view_public_advisories(v->w->desk, v->a, &d, &n, &v->e) != RC_OK) {
        visit_failed(v);
        return;
    }
    page_advisories_public_write(&v->m, v->frame, d, n, &v->r->body);
    v->r->cacheable = true;
}

/* Newest change first, and the first ATOM_ENTRIES of them. */
static int newer(const void *x, const void *y)
{
    const struct adv_doc *a = x, *b = y;
    return a->modified_us < b->modified_us ? 1 : a->modified_us > b->modified_us ? -1 : 0;
}

static enum rc entry_of(struct visit *v, const struct adv_doc *d, struct atom_entry *ret)
{
    AUTO(buf) struct buf html = BUF_INIT(MARKDOWN_OUT_MAX);
    struct html_safe body;
    TRY(markdown_render(d->c.body, &html, &body, &v->e));
    *ret = (struct atom_entry){.number = d->number,
                               .title = d->c.title,
                               .url = d->url,
                               .osv_url = arena_strf(v->a, "%.*s.json", STR_ARG(d->url)),
                               .summary = d->withdrawn_us ? d->withdrawn_reason : d->c.summary,
                               .html = arena_str(v->a, body.s),
                               .severity = d->c.severity,
                               .withdrawn = d->withdrawn_us != 0,
                               .published_us = d->published_us,
                               .updated_us = d->modified_us};
    return RC_OK;
}

static enum rc feed(struct visit *v)
{
    struct adv_doc *d;
    size_t n;
    const struct settings *s = v->w->desk->set;
    struct str base = s->desk.base_url;
    TRY(view_public_advisories(v->w->desk, v->a, &d, &n, &v->e));
    qsort(d, n, sizeof *d, newer);
    n = n > ATOM_ENTRIES ? ATOM_ENTRIES : n;
    struct atom_entry *entries = arena_array(v->a, n + 1, sizeof *entries);
    TRY(arena_ok(v->a, "the feed", &v->e));
    for (size_t i = 0; i < n; i++)
        TRY(entry_of(v, &d[i], &entries[i]));
    struct atom_feed f = {
        .title = arena_strf(v->a, "Security advisories of %.*s", STR_ARG(s->desk.name)),
        .author = s->desk.name,
        .self_url = arena_strf(v->a, "%.*s/advisories.atom", STR_ARG(base)),
        .site_url = arena_strf(v->a, "%.*s/advisories", STR_ARG(base)),
        .updated_us = v->m.now_us,
        .entries = entries,
        .n_entries = n};
    TRY(desk_id(v->w->desk, v->a, &f.desk_id, &v->e));
    return atom_write(&f, &v->r->body, &v->e);
}

void route_advisories_atom(struct visit *v, struct str rest)
{
    if (v->q->method == HTTP_POST || rest.n) {
        visit_no_page(v);
        return;
    }
    if (feed(v) != RC_OK) {
        visit_failed(v);
        return;
    }
    v->r->content_type = "application/atom+xml; charset=utf-8";
    v->r->cacheable = true;
}
