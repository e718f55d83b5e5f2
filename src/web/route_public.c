/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public side: the policy, security.txt, the key of receipts, and the reporter's page behind
 * its one-time link.  Runs in core; anybody may ask, nothing here tells whether a case exists.
 */
#include "web/gate.h"

#include "desk/cmd.h"
#include "web/securitytxt.h"

#define TEXT_TYPE "text/plain; charset=utf-8"

/* A page without anything below it, only to be read; else 404 is answered. */
static bool plain_get(struct visit *v, struct str rest)
{
    bool ok = v->q->method != HTTP_POST && rest.n == 0;
    if (!ok)
        visit_error(v, 404, "There is no page of that name.");
    return ok;
}

static void policy_show(struct visit *v, struct str rest)
{
    if (!plain_get(v, rest))
        return;
    const struct settings *s = v->w->desk->set;
    const struct policy_in in = {
        .text = v->w->policy_text,
        .contacts = s->desk.contact.v,
        .n_contacts = s->desk.contact.n,
        .answers = s->policy.acknowledge && s->mail.outgoing == OUTGOING_ON,
    };
    if (page_policy_write(&v->m, v->frame, &in, &v->r->body, &v->e) != RC_OK) {
        visit_failed(v);
        return;
    }
    v->r->cacheable = true;
}

static void securitytxt_show(struct visit *v, struct str rest)
{
    if (!plain_get(v, rest))
        return;
    if (securitytxt_make(v->w->desk->set, v->m.now_us, &v->r->body, &v->e) != RC_OK) {
        visit_failed(v);
        return;
    }
    v->r->content_type = SECURITYTXT_TYPE;
    v->r->cacheable = true;
}

static void receipt_key_show(struct visit *v, struct str rest)
{
    if (!plain_get(v, rest))
        return;
    v->r->content_type = TEXT_TYPE;
    v->r->cacheable = true;
    buf_adds(&v->r->body, v->w->receipt_key);
}

/* ---- the way back ---- */

static void way_back_post(struct visit *v, struct str secret)
{
    struct session_made made;
    enum rc rc = way_back_trade(v->w->desk, secret, &made, &v->e);
    if (rc == RC_OK) {
        gate_cookie_set(v, &made);
        visit_see(v, "/report");
    } else if (rc == RC_DENIED) {
        /* Spent, expired or revoked: the page of the link says which, and what to do. */
        visit_see(v, "/r/%.*s", STR_ARG(secret));
    } else {
        visit_failed(v);
    }
}

static void way_back(struct visit *v, struct str rest)
{
    struct str secret = STR_NONE;
    enum way_back_state state;
    (void)str_cut(&rest, '/', &secret);
    if (secret.n != SECRET_LEN || (rest.n && !str_eq(rest, STR("renew")))) {
        visit_error(v, 404, "There is no page of that name.");
        return;
    }
    if (v->q->method == HTTP_POST && rest.n) {
        if (way_back_renew(v->w->desk, secret, &v->e) != RC_OK)
            visit_failed(v);
        else
            page_renewed_write(v->frame, &v->r->body);
        return;
    }
    if (v->q->method == HTTP_POST) {
        way_back_post(v, secret);
        return;
    }
    if (rest.n || way_back_peek(v->w->desk, secret, &state, &v->e) != RC_OK) {
        visit_error(v, 404, "This link is unknown. Please take care to copy all of it.");
        return;
    }
    page_way_back_write(v->frame, state, secret, &v->r->body);
}

/* ---- the reporter's page ---- */

static void report_show(struct visit *v, bool failed)
{
    struct view_reporter r;
    struct err e = ERR_INIT;
    if (view_reporter(v->w->desk, &v->session.actor, v->a, &r, &e) != RC_OK) {
        v->e = e;
        visit_failed(v);
        return;
    }
    if (failed) {
        v->frame.problem = str_c(v->e.msg);
        v->r->status = rc_http(v->e.rc);
    } else if (http_form_has(&v->form, "done")) {
        v->frame.done = STR("The team has your words.");
    }
    page_reporter_write(&v->m, v->frame, &r, failed ? http_form_get(&v->form, "text") : STR_NONE,
                        &v->r->body);
}

static void report_answer(struct visit *v)
{
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *result = NULL;
    json_object_set_new(args, "text", json_str(http_form_get(&v->form, "text")));
    if (desk_cmd(v->w->desk, &v->session.actor, STR("reporter.write"), args, &result, &v->e) !=
        RC_OK) {
        report_show(v, true);
        return;
    }
    visit_see(v, "/report?done=1");
}

static void report_part(struct visit *v, struct str rest)
{
    struct view_reporter r;
    int64_t id;
    uint32_t part;
    if (!visit_part(rest, &id, &part)) {
        visit_error(v, 404, "There is no page of that name.");
        return;
    }
    if (view_reporter(v->w->desk, &v->session.actor, v->a, &r, &v->e) != RC_OK) {
        visit_failed(v);
        return;
    }
    for (size_t i = 0; i < r.thread.n_messages; i++) {
        if (r.thread.messages[i].id == id && part) {
            visit_download(v, &r.thread.messages[i], part);
            return;
        }
    }
    visit_error(v, 404, "There is no such message.");
}

static void report_leave(struct visit *v)
{
    if (session_end(v->w->desk, v->secret, &v->e) != RC_OK) {
        visit_failed(v);
        return;
    }
    gate_cookie_clear(v);
    visit_see(v, "/");
}

static void report_route(struct visit *v, struct str rest)
{
    bool post = v->q->method == HTTP_POST;
    if (!v->signed_in) {
        visit_error(v, 404, "Please open the private link in our mail to you.");
        return;
    }
    if (post && !gate_csrf_ok(v)) {
        visit_error(v, 403,
                    "The form is too old or not ours. Go back, reload the page, send again.");
        return;
    }
    if (!post && rest.n == 0)
        report_show(v, false);
    else if (post && str_eq(rest, STR("answer")))
        report_answer(v);
    else if (post && str_eq(rest, STR("leave")))
        report_leave(v);
    else if (str_eq(rest, STR("credit")))
        route_report_credit(v);
    else if (!post && path_after(rest, "message/", &rest))
        report_part(v, rest);
    else
        visit_error(v, 404, "There is no page of that name.");
}

/* Whatever anybody may open; both methods. */
static const struct {
    const char *path;
    void (*show)(struct visit *v, struct str rest);
} public_pages[] = {
    {"/", policy_show},
    {SECURITYTXT_PATH, securitytxt_show},
    {"/security.txt", securitytxt_show},
    {"/receipt-key", receipt_key_show},
    {"/advisories", route_public_advisories},
    {"/advisories.atom", route_advisories_atom},
    {"/r", way_back},
    {"/report", report_route},
};

void route_public(struct visit *v)
{
    struct str rest;
    for (size_t i = 0; i < ARRAY_LEN(public_pages); i++) {
        if (path_below(v->q->path, public_pages[i].path, &rest)) {
            public_pages[i].show(v, rest);
            return;
        }
    }
    visit_error(v, 404, "There is no page of that name.");
}
