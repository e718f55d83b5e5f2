/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reporter's one-time link and the page behind it.  Runs in core; nothing here tells whether a
 * case exists to whoever has no link to it.
 */
#include "web/route_form.h"

#include "desk/throttle.h"
#include "web/page_form.h"

#define REPORT_ANSWERS_MAX 60 /* of one thread in an hour */
#define REPORT_LINKS_MAX   20 /* of one thread in a day */

/* ---- the way back ---- */

static void link_show(struct visit *v, enum link_why why, const char *secret)
{
    const struct settings *s = v->w->desk->set;
    struct link_in in = {.why = why,
                         .base = s->desk.base_url,
                         .secret = str_c(secret),
                         .mails = s->mail.outgoing == OUTGOING_ON};
    page_link_write(&v->m, v->frame, &in, &v->r->body);
}

/* The link is spent now.  Who left no address gets the next one at once. */
static void way_back_open(struct visit *v, const struct session_made *made)
{
    struct session session;
    char next[SECRET_SIZE];
    enum rc rc = session_find(v->w->desk, v->a, str_c(made->secret), &session, &v->e);
    if (rc == RC_OK)
        rc = webform_next_link(v->w->desk, &session.actor, next, &v->e);
    gate_cookie_set(v, made);
    if (rc == RC_OK)
        link_show(v, LINK_NEXT, next);
    else
        visit_see(v, "/report");
}

static void way_back_post(struct visit *v, struct str secret)
{
    struct session_made made;
    enum rc rc = way_back_trade(v->w->desk, secret, &made, &v->e);
    if (rc == RC_OK) {
        way_back_open(v, &made);
    } else if (rc == RC_DENIED) {
        /* Spent, expired or revoked: the page of the link says which, and what to do. */
        visit_see(v, "/r/%.*s", STR_ARG(secret));
    } else {
        visit_failed(v);
    }
}

/* No link yet, or none at all. */
static void way_back_unknown(struct visit *v, struct str secret)
{
    enum webform_wait wait = WEBFORM_UNKNOWN;
    if (webform_waits(v->w->desk, secret, &wait, &v->e) != RC_OK)
        visit_failed(v);
    else if (wait == WEBFORM_UNKNOWN)
        visit_error(v, 404, "This link is unknown. Please take care to copy all of it.");
    else
        page_way_wait_write(v->frame, wait, &v->r->body);
}

void route_way_back(struct visit *v, struct str rest)
{
    struct str secret = STR_NONE;
    struct way_in in = {.state = WAY_GOOD};
    (void)str_cut(&rest, '/', &secret);
    if (secret.n != SECRET_LEN || (rest.n && !str_eq(rest, STR("renew")))) {
        visit_no_page(v);
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
    if (rest.n || way_back_peek(v->w->desk, secret, &in.state, &v->e) != RC_OK ||
        webform_can_mail(v->w->desk, secret, &in.can_mail, &v->e) != RC_OK)
        way_back_unknown(v, secret);
    else
        page_way_back_write(v->frame, &in, secret, &v->r->body);
}

/* ---- the reporter's page ---- */

static void report_show(struct visit *v, bool failed)
{
    struct view_reporter r;
    char token[WEBFORM_TOKEN_SIZE];
    struct reporter_form f = {
        .draft = failed ? http_form_get(&v->form, "text") : STR_NONE,
        .again = failed && form_had_files(v),
        .max_files = HTTP_FORM_FILES,
        .max_mb = form_max_mb(v),
    };
    if (failed)
        form_problem(v);
    const struct actor *who = &v->session.actor;
    if (view_reporter(v->w->desk, who, v->a, &r, &v->e) != RC_OK ||
        webform_filing(v->w->desk, who->thread_id, &f.filing, &v->e) != RC_OK ||
        form_token_for(v, WEBFORM_ANSWER, token) != RC_OK) {
        visit_failed(v);
        return;
    }
    f.token = str_c(token);
    if (!failed && http_form_has(&v->form, "done"))
        v->frame.done = str_eq(http_form_get(&v->form, "done"), STR("third"))
                            ? STR("The team has your answer.")
                            : STR("The team has your words.");
    page_reporter_write(&v->m, v->frame, &r, &f, &v->r->body);
}

/* A thread may not be flooded either. */
static enum rc may_answer(struct visit *v)
{
    static const struct throttle_rule rule = {"answer", REPORT_ANSWERS_MAX, US_PER_H};
    char key[32];
    struct throttle t;
    snprintf(key, sizeof key, "thread:%lld", (long long)v->session.actor.thread_id);
    TRY(throttle_take(v->w->desk, &rule, str_c(key), &t, &v->e));
    if (t.allowed)
        return RC_OK;
    form_too_often(v, t.wait_us);
    return RC_LIMIT;
}

static enum rc answer_take(struct visit *v, struct webform_token *t, char id[WEBFORM_ID_MAX + 1],
                           bool *ret_opens)
{
    struct form_files files;
    TRY(form_token_take(v, WEBFORM_ANSWER, t));
    TRY(form_files_take(v, &files));
    TRY(may_answer(v));
    struct webform_answer r = {
        .who = &v->session.actor, .text = http_form_get(&v->form, "text"), .files = files.all};
    return webform_answer(v->w->desk, &r, t, id, ret_opens, &v->e);
}

static void report_answer(struct visit *v)
{
    struct webform_token t;
    char id[WEBFORM_ID_MAX + 1];
    bool opens = false;
    if (answer_take(v, &t, id, &opens) != RC_OK) {
        report_show(v, true);
        return;
    }
    if (opens) {
        link_show(v, LINK_REOPENED, t.secret);
        return;
    }
    visit_see(v, "/report?done=1#write");
    snprintf(v->r->wait, sizeof v->r->wait, "%s", id);
}

/* Another link, for who left no address. */
static void report_link(struct visit *v)
{
    static const struct throttle_rule rule = {"link", REPORT_LINKS_MAX, US_PER_DAY};
    char key[32], next[SECRET_SIZE];
    struct throttle t;
    snprintf(key, sizeof key, "thread:%lld", (long long)v->session.actor.thread_id);
    enum rc rc = throttle_take(v->w->desk, &rule, str_c(key), &t, &v->e);
    if (rc == RC_OK && !t.allowed) {
        form_too_often(v, t.wait_us);
        report_show(v, true);
        return;
    }
    if (rc == RC_OK)
        rc = webform_next_link(v->w->desk, &v->session.actor, next, &v->e);
    if (rc == RC_OK)
        link_show(v, LINK_NEXT, next);
    else
        visit_failed(v);
}

static void report_part(struct visit *v, struct str rest)
{
    struct view_reporter r;
    int64_t id;
    uint32_t part;
    if (!visit_part(rest, &id, &part)) {
        visit_no_page(v);
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

/* The answer to the question whether the report may be sent on. */
static void report_third(struct visit *v)
{
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *result = NULL;
    visit_put(v, args, "answer");
    if (visit_cmd(v, "third.answer", args, &result) == RC_OK)
        visit_see(v, "/report?done=third");
    else
        visit_failed(v);
}

static void report_leave(struct visit *v)
{
    if (session_end(v->w->desk, v->secret, &v->e) != RC_OK) {
        visit_failed(v);
        return;
    }
    gate_cookie_clear(v);
    visit_see(v, "/?done=left");
}

void route_report(struct visit *v, struct str rest)
{
    bool post = v->q->method == HTTP_POST;
    if (!v->signed_in && visit_keep(v, KEPT_REPORTER_OUT))
        return;
    if (!v->signed_in) {
        visit_error(v, 404,
                    "Please open your private link: the one in our mail to you, or the one "
                    "that you kept.");
        return;
    }
    if (post && !gate_csrf_ok(v)) {
        if (!visit_keep(v, KEPT_OLD_FORM))
            visit_old_form(v);
        return;
    }
    if (!post && rest.n == 0)
        report_show(v, false);
    else if (post && str_eq(rest, STR("answer")))
        report_answer(v);
    else if (post && str_eq(rest, STR("link")))
        report_link(v);
    else if (post && str_eq(rest, STR("third")))
        report_third(v);
    else if (post && str_eq(rest, STR("leave")))
        report_leave(v);
    else if (str_eq(rest, STR("credit")))
        route_report_credit(v);
    else if (!post && path_after(rest, "message/", &rest))
        report_part(v, rest);
    else
        visit_no_page(v);
}
