/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing in, and the page of one's own account.  Runs in core.  Passwords are taken out of the
 * form and handed on; they are in no page, message or log line.
 */
#include "web/page_account.h"

#include "base/when.h"
#include "web/gate.h"

#define TO_MAX 500 /* bytes of the path to go on to */

/* ---- signing in ---- */

/* A path of ours and nothing that a browser would take to another place. */
static struct str path_of_ours(struct str to)
{
    bool ok = to.n > 0 && to.n <= TO_MAX && to.p[0] == '/' &&
              !(to.n > 1 && (to.p[1] == '/' || to.p[1] == '\\')) &&
              !str_starts(to, STR("/signin")) && !str_starts(to, STR("/signout"));
    for (size_t i = 0; ok && i < to.n; i++)
        ok = to.p[i] > 0x20 && to.p[i] < 0x7f && to.p[i] != '\\';
    return ok ? to : STR_NONE;
}

static bool by_mail(const struct visit *v)
{
    const struct settings *s = v->w->desk->set;
    return s->mail.outgoing == OUTGOING_ON && s->desk.staff_url.n > 0;
}

static void form(struct visit *v, struct str refused)
{
    struct signin_in in = {.login = http_form_get(&v->form, "login"),
                           .to = path_of_ours(http_form_get(&v->form, "to")),
                           .refused = refused,
                           .by_mail = by_mail(v)};
    page_signin_form_write(v->frame, &in, &v->r->body);
}

void signin_needed(struct visit *v)
{
    /* The same answer for every path: what exists is not told. */
    struct signin_in in = {.login = STR_NONE,
                           .refused = STR_NONE,
                           .to = STR_NONE,
                           .by_mail = by_mail(v),
                           .needed = true};
    if (v->q->method != HTTP_POST && v->q->path.n > 1)
        in.to = path_of_ours(v->q->path);
    v->r->status = 403;
    page_signin_form_write(v->frame, &in, &v->r->body);
}

static void order_link(struct visit *v)
{
    if (!by_mail(v)) {
        form(v, STR("This desk sends no mail. Ask whoever runs it for a link."));
        return;
    }
    if (auth_signin_mail(v->w->desk, http_form_get(&v->form, "login"), v->q->client, &v->e) !=
        RC_OK) {
        visit_failed(v);
        return;
    }
    page_signin_ordered_write(v->frame, &v->r->body);
}

static void refuse(struct visit *v, int status, int64_t wait_us)
{
    AUTO(buf) struct buf why = BUF_INIT(200);
    if (wait_us > 0) {
        /* Whole minutes, upwards. */
        int64_t minutes = (wait_us + US_PER_MIN - 1) / US_PER_MIN;
        buf_addf(&why, "There were too many tries. Please wait %lld minute%s%s.",
                 (long long)minutes, minutes == 1 ? "" : "s",
                 by_mail(v) ? ", or have a link mailed to you" : "");
    } else {
        buf_adds(&why, "Login or password is wrong.");
    }
    v->r->status = status;
    form(v, arena_str(v->a, buf_str(&why)));
}

void signin_form(struct visit *v)
{
    if (v->q->method != HTTP_POST) {
        if (v->signed_in)
            visit_see(v, "/");
        else
            form(v, STR_NONE);
        return;
    }
    if (str_eq(http_form_get(&v->form, "do"), STR("link"))) {
        order_link(v);
        return;
    }
    struct auth_try t = {http_form_get(&v->form, "login"), http_form_get(&v->form, "password"),
                         v->q->client};
    struct session_made made;
    int64_t wait_us = 0;
    enum rc rc = auth_signin(v->w->desk, &t, &made, &wait_us, &v->e);
    if (rc == RC_OK) {
        struct str to = path_of_ours(http_form_get(&v->form, "to"));
        gate_cookie_set(v, &made);
        visit_see(v, "%.*s", STR_ARG(to.n ? to : STR("/")));
    } else if (rc == RC_DENIED || (rc == RC_BUSY && wait_us > 0)) {
        refuse(v, rc == RC_DENIED ? 403 : 429, wait_us);
    } else {
        visit_failed(v);
    }
}

/* ---- the own account ---- */

static void show(struct visit *v, const char *failed)
{
    struct auth_account me;
    struct draft draft = {failed, &v->form};
    struct err e = ERR_INIT;
    const struct settings *s = v->w->desk->set;
    if (auth_account(v->w->desk, v->a, &v->session, &me, &e) != RC_OK) {
        v->e = e;
        visit_failed(v);
        return;
    }
    if (failed)
        v->r->status = rc_http(v->e.rc);
    struct account_in in = {.me = &me,
                            .draft = &draft,
                            .refused = failed ? str_c(visit_why(v)) : STR_NONE,
                            .by_mail = by_mail(v),
                            .notices = s->mail.notices && s->mail.outgoing == OUTGOING_ON};
    page_account_write(&v->m, v->frame, &in, &v->r->body);
}

static enum rc change_password(struct visit *v)
{
    struct str one = http_form_get(&v->form, "new");
    if (!str_eq(one, http_form_get(&v->form, "again")))
        return err_set(&v->e, RC_INVALID, "the two new passwords are not the same");
    return auth_change(v->w->desk, &v->session, http_form_get(&v->form, "old"), one, &v->e);
}

/* Verbs of desk/cmd.h about oneself. */
static enum rc do_verb(struct visit *v, const char *verb, json_t *args)
{
    AUTO(json) json_t *result = NULL;
    json_put_str(args, "login", v->session.actor.login);
    return visit_cmd(v, verb, args, &result);
}

static enum rc away(struct visit *v, json_t *args)
{
    if (http_form_get(&v->form, "until").n == 0)
        return err_set(&v->e, RC_INVALID, "the end of the absence is missing");
    TRY(visit_put_time(v, args, "from"));
    TRY(visit_put_time(v, args, "until"));
    return do_verb(v, "user.away", args);
}

static void leave(struct visit *v)
{
    bool all = str_eq(http_form_get(&v->form, "which"), STR("all"));
    if (auth_leave(v->w->desk, &v->session, all, &v->e) != RC_OK) {
        visit_failed(v);
        return;
    }
    if (all)
        gate_cookie_clear(v);
    visit_see(v, "%s", all ? "/" : "/account?done=leave");
}

void account_route(struct visit *v, struct str rest)
{
    static const char *const forms[] = {"password", "notices", "away", "back"};
    AUTO(json) json_t *args = json_object();
    const char *name = NULL;
    if (v->q->method != HTTP_POST && rest.n == 0) {
        show(v, NULL);
        return;
    }
    if (v->q->method == HTTP_POST && str_eq(rest, STR("leave"))) {
        leave(v);
        return;
    }
    for (size_t i = 0; v->q->method == HTTP_POST && i < ARRAY_LEN(forms); i++)
        if (str_eq(rest, str_c(forms[i])))
            name = forms[i];
    if (name == NULL) {
        visit_no_page(v);
        return;
    }
    enum rc rc;
    if (strcmp(name, "password") == 0) {
        rc = change_password(v);
    } else if (strcmp(name, "notices") == 0) {
        visit_put(v, args, "what");
        rc = do_verb(v, "user.notify", args);
    } else if (strcmp(name, "away") == 0) {
        rc = away(v, args);
    } else {
        rc = do_verb(v, "user.away", args);
    }
    if (rc == RC_OK)
        visit_see(v, "/account?done=%s", name);
    else
        show(v, name);
}
