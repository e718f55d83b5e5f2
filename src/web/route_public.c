/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public side: the policy, security.txt, the keys of receipts and of commits.  Runs in core;
 * anybody may ask, nothing here tells whether a case exists.
 */
#include "web/gate.h"

#include "desk/backport.h"
#include "web/route_form.h"
#include "web/securitytxt.h"

#define TEXT_TYPE "text/plain; charset=utf-8"

/* A page without anything below it, only to be read; else 404 is answered. */
static bool plain_get(struct visit *v, struct str rest)
{
    bool ok = v->q->method != HTTP_POST && rest.n == 0;
    if (!ok)
        visit_no_page(v);
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
        .open = v->w->policy_revision > 0,
    };
    bool left = str_eq(http_form_get(&v->form, "done"), STR("left"));
    if (left)
        v->frame.done = STR("The page of your report is closed on this device.");
    if (page_policy_write(&v->m, v->frame, &in, &v->r->body, &v->e) != RC_OK) {
        visit_failed(v);
        return;
    }
    v->r->cacheable = !left;
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

/* Whoever finds a commit of the desk can tell that it is one. */
static void signers_show(struct visit *v, struct str rest)
{
    if (!plain_get(v, rest))
        return;
    if (backport_signers(v->w->desk, &v->r->body, &v->e) != RC_OK) {
        visit_failed(v);
        return;
    }
    v->r->content_type = TEXT_TYPE;
    v->r->cacheable = true;
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
    {"/commit-signers", signers_show},
    {"/policy/propose", route_propose},
    {"/advisories", route_public_advisories},
    {"/advisories.atom", route_advisories_atom},
    {"/new", route_new},
    {"/r", route_way_back},
    {"/report", route_report},
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
    visit_no_page(v);
}
