/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The team's pages and forms.  Runs in core.  Each form becomes one verb of desk/cmd.h, which
 * checks everything again; a failure shows the page once more with what had been typed.
 */
#include "web/gate.h"

#include "desk/vcase.h"
#include "web/route_write.h"

/* ---- signing in ---- */

static void signin(struct visit *v, struct str secret)
{
    if (v->q->method != HTTP_POST) {
        if (people_signin_peek(v->w->desk, secret, &v->e) != RC_OK) {
            visit_error(v, 404,
                        "This link is unknown, was used, or is too old. Ask for a new one.");
            return;
        }
        page_signin_write(v->frame, secret, &v->r->body);
        return;
    }
    struct session_made made;
    if (people_signin_trade(v->w->desk, secret, &made, &v->e) != RC_OK) {
        visit_error(v, 404, "This link is unknown, was used, or is too old. Ask for a new one.");
        return;
    }
    gate_cookie_set(v, &made);
    visit_see(v, made.no_password ? "/?done=first" : "/");
}

static void signout(struct visit *v, struct str rest)
{
    if (v->q->method != HTTP_POST || rest.n) {
        visit_no_page(v);
        return;
    }
    if (session_end(v->w->desk, v->secret, &v->e) != RC_OK) {
        visit_failed(v);
        return;
    }
    gate_cookie_clear(v);
    visit_see(v, "/");
}

/* ---- forms ---- */

/* What has been done, said on the page that follows. */
static const struct {
    const char *form, *words;
} done_words[] = {
    {"first",
     "You are signed in. Set a password under your name, at the top, and you need no link next "
     "time."},
    {"password", "The new password is set. Your other sessions have ended."},
    {"notices", "Your choice is saved."},
    {"away", "Your absence is saved."},
    {"back", "You are no longer marked as away."},
    {"leave", "You are signed out everywhere else."},
    {"reply", "The reply is on its way."},
    {"reply-waits", "The reply waits a little before it goes out. You can still undo it below."},
    {"undo", "Undone: nothing was sent. Your text is in the form again."},
    {"draft", "The draft is kept. Only you see it."},
    {"note", "The note is kept."},
    {"assign", "The case has a new handler."},
    {"set", "Title and severity are saved."},
    {"rm", "The state of the report is changed."},
    {"em", "The embargo is changed."},
    {"cs", "It is recorded."},
    {"fact", "The fact is recorded."},
    {"close", "It is done."},
    {"join", "The cases are one now."},
    {"split", "The conversation is a case of its own now."},
    {"move", "The conversation has moved."},
    {"invite", "They take part now. Nothing has been sent yet."},
    {"release", "It is let in."},
    {"policy-merge", "It is merged. The new text is in force."},
    {"policy-reject", "It is rejected."},
    {"policy-answer", "The answer is on its way."},
    {"policy-case", "It is a case now."},
    {"affected-ask", "The history is being read."},
    {"affected-again", "The history is being read again."},
    {"affected-keep", "It is recorded as the affected versions of the case."},
    {"affected-choose", "The choice is recorded."},
    {"affected-unchoose", "The choice is taken back."},
    {"affected-decide", "The decision is recorded."},
    {"affected-undecide", "The decision is taken back."},
    {"audit-ask", "The code is being searched."},
    {"audit-again", "The code is being searched again."},
    {"audit-cut", "The dial is set."},
    {"audit-decide", "It is recorded."},
    {"audit-undecide", "The decision is taken back."},
    {"audit-sign", "It is signed."},
    {"audit-unsign", "The sign-off is taken back."},
    {"audit-fix", "The history is being read for that place."},
    {"backport-ask", "The fix is being brought to the lines."},
    {"backport-again", "The fix is being brought to the lines again."},
    {"backport-accept", "The backport is accepted. Older lines that are open start from it."},
    {"backport-waive", "The line stays without the fix, and the reason is kept."},
    {"backport-reopen", "The decision is taken back."},
    {"backport-edit", "The change is being taken in."},
    {"backport-message", "The message is saved."},
    {"backport-test", "The tests are on their way into the sandbox."},
    {"backport-release", "It is being signed. Nothing is pushed anywhere."},
    {"backport-untested", "The line counts without tests, and the reason is kept."},
    {"backport-tested", "The line does not count without tests."},
    {"backport-script", "The script is kept. Nothing runs before somebody approves it."},
    {"backport-approve", "It may run now. Nothing has run yet."},
    {"backport-revoke", "It may not run any more."},
    {"backport-run", "It is on its way into the sandbox."},
    {"lines-set", "The line is saved."},
    {"lines-remove", "The line is removed from the register."},
    {"lines-fill", "The repository is being looked at."},
    {"advisory-edit", "The text is saved as a new revision."},
    {"advisory-approve", "The revision is approved. Nothing is public yet."},
    {"advisory-publish", "It is public now, and the mails are on their way."},
    {"advisory-plan", "The publication is planned."},
    {"advisory-unplan", "The publication is no longer planned."},
    {"advisory-withdraw", "It is withdrawn, for everybody to see."},
    {"advisory-credit", "The credit is recorded."},
    {"advisory-mail", "Your decision about the mail is saved."},
    {"advisory-ask", "The question is on its way by mail, and stands on the reporter's page."},
    {"third-tell", "The mail to the reporter is on its way."},
    {"third-consent", "The answer is recorded."},
    {"third-forward", "The report is on its way to the maintainer, and the reporter is told."},
    {"third-close", "It is closed."},
    {"discard", "It is discarded."},
    {"spam", "It is among the spam now."},
    {"pass", "It is no report: passed on, or left where it lies."},
    {"discard-many", "They are discarded."},
};

static struct str done_of(const struct visit *v)
{
    struct str form = http_form_get(&v->form, "done");
    for (size_t i = 0; v->q->method != HTTP_POST && i < ARRAY_LEN(done_words); i++)
        if (str_eq(form, str_c(done_words[i].form)))
            return str_c(done_words[i].words);
    return STR_NONE;
}

static enum rc put_fact(struct visit *v, json_t *args)
{
    struct str name = http_form_get(&v->form, "fact"), value = http_form_get(&v->form, "value");
    enum fact f;
    uint64_t n;
    int64_t us;
    json_t *j = NULL;
    TRY(fact_parse(name, &f, &v->e));
    value = str_trim(value);
    if (value.n == 0) {
        j = json_null();
    } else if (fact_kind(f) == FACT_TEXT) {
        j = json_str(value);
    } else if (fact_kind(f) == FACT_BOOL) {
        if (!str_eq_nocase(value, STR("yes")) && !str_eq_nocase(value, STR("no")))
            return err_set(&v->e, RC_INVALID, "the value of this fact is yes or no");
        j = json_boolean(str_eq_nocase(value, STR("yes")));
    } else if (f == FACT_RELEASE && num_parse(value, 0, INT64_MAX, "time", &n, NULL) != RC_OK) {
        if (value.n > 10 && value.p[10] == ' ')
            value =
                arena_strf(v->a, "%.*sT%.*s", 10, value.p, STR_ARG(str_sub(value, 11, value.n)));
        TRY(visit_local_time(v, value, &us));
        j = json_integer(us);
    } else {
        TRY(num_parse(value, 0, INT64_MAX, "the value", &n, &v->e));
        j = json_integer((json_int_t)n);
    }
    json_put_str(args, "fact", name);
    json_object_set_new(args, "value", j);
    visit_put(v, args, "reason");
    return RC_OK;
}

/* Arguments of the verb for a form of the case page; *ret_verb NULL: no such form. */
static enum rc case_args(struct visit *v, struct str form, struct str number, json_t *args,
                         const char **ret_verb)
{
    *ret_verb = "case.set";
    if (str_eq(form, STR("split")) || str_eq(form, STR("move"))) {
        bool split = str_eq(form, STR("split"));
        *ret_verb = split ? "case.split" : "case.move";
        visit_put(v, args, split ? "title" : "to");
        visit_put(v, args, "reason");
        return visit_put_id(v, args, "thread");
    }
    if (str_eq(form, STR("join"))) {
        *ret_verb = "case.join";
        json_put_str(args, "into", number);
        visit_put(v, args, "case");
        visit_put(v, args, "reason");
        return RC_OK;
    }
    json_put_str(args, "case", number);
    if (str_eq(form, STR("assign"))) {
        *ret_verb = "case.assign";
        visit_put(v, args, "login");
        visit_put(v, args, "reason");
    } else if (str_eq(form, STR("set"))) {
        visit_put(v, args, "title");
        visit_put(v, args, "severity");
    } else if (str_eq(form, STR("rm")) || str_eq(form, STR("cs"))) {
        visit_put(v, args, str_eq(form, STR("rm")) ? "rm" : "cs");
        visit_put(v, args, "reason");
    } else if (str_eq(form, STR("em"))) {
        visit_put(v, args, "em");
        visit_put(v, args, "reason");
        return visit_put_time(v, args, "until");
    } else if (str_eq(form, STR("fact"))) {
        return put_fact(v, args);
    } else if (str_eq(form, STR("close"))) {
        bool close = !str_eq(http_form_get(&v->form, "do"), STR("exit"));
        struct str exit = http_form_get(&v->form, "exit");
        if (close)
            *ret_verb = "case.close";
        if (exit.n || !close)
            json_put_str(args, "exit", exit);
        visit_put(v, args, "reason");
    } else if (str_eq(form, STR("invite"))) {
        *ret_verb = "case.invite";
        visit_put(v, args, "role");
        visit_put(v, args, "name");
        visit_put(v, args, "email");
    } else {
        *ret_verb = NULL;
    }
    return RC_OK;
}

/* ---- the case page ---- */

void case_show(struct visit *v, int64_t id, const char *form)
{
    struct view_case c;
    uint64_t thread = 0;
    struct case_extra x = {.draft = {form, &v->form},
                           .canned = v->w->desk->canned,
                           .start_with = http_form_get(&v->form, "template"),
                           .wait = http_form_has(&v->form, "wait")};
    struct err e = ERR_INIT;
    if (num_parse(http_form_get(&v->form, "thread"), 1, INT64_MAX, "thread", &thread, NULL) ==
        RC_OK)
        x.start_thread = (int64_t)thread;
    if (view_case(v->w->desk, &v->session.actor, v->a, id, &c, &e) != RC_OK) {
        v->e = e;
        visit_failed(v);
        return;
    }
    if (form) {
        visit_again(v);
    }
    v->frame.live = arena_strf(v->a, "/events?case=%.*s", STR_ARG(c.number)).p;
    page_case_write(&v->m, v->frame, &c, &x, &v->r->body);
    /* Not worth failing for: at worst it is shown as new once more. */
    if (v->q->method == HTTP_GET && c.unseen)
        (void)!case_seen(v->w->desk, &v->session.actor, id, &v->e);
}

static void case_form(struct visit *v, int64_t id, struct str form, struct str number)
{
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *result = NULL;
    const char *verb = NULL;
    enum rc rc = case_args(v, form, number, args, &verb);
    if (verb == NULL) {
        visit_no_form(v);
        return;
    }
    if (rc == RC_OK)
        rc = visit_cmd(v, verb, args, &result);
    if (rc != RC_OK) {
        case_show(v, id, arena_str(v->a, form).p);
        return;
    }
    visit_see(v, "/case/%.*s?done=%.*s", STR_ARG(number), STR_ARG(form));
}

static const struct view_message *case_message(const struct view_case *c, int64_t id)
{
    for (size_t t = 0; t < c->n_threads; t++)
        for (size_t i = 0; i < c->threads[t].n_messages; i++)
            if (c->threads[t].messages[i].id == id)
                return &c->threads[t].messages[i];
    for (size_t i = 0; i < c->n_held; i++)
        if (c->held[i].id == id)
            return &c->held[i];
    for (size_t i = 0; i < c->n_notes; i++)
        if (c->notes[i].id == id)
            return &c->notes[i];
    return NULL;
}

static void case_part(struct visit *v, const struct route_case *at, struct str rest)
{
    struct view_case c;
    int64_t message_id;
    uint32_t part;
    if (!visit_part(rest, &message_id, &part)) {
        visit_no_page(v);
        return;
    }
    if (view_case(v->w->desk, &v->session.actor, v->a, at->id, &c, &v->e) != RC_OK) {
        visit_failed(v);
        return;
    }
    const struct view_message *msg = case_message(&c, message_id);
    if (msg)
        visit_download(v, msg, part);
    else
        visit_error(v, 404, "The case has no such message.");
}

static void case_history(struct visit *v, const struct route_case *at, struct str rest)
{
    struct view_case c;
    if (v->q->method == HTTP_POST || rest.n) {
        visit_error(v, 404, "There is no page of that name.");
        return;
    }
    if (view_case(v->w->desk, &v->session.actor, v->a, at->id, &c, &v->e) != RC_OK) {
        visit_failed(v);
        return;
    }
    v->frame.live = arena_strf(v->a, "/events?case=%.*s", STR_ARG(c.number)).p;
    page_history_write(&v->m, v->frame, &c, &v->r->body);
}

/* Pages below a case that have a file of their own: /case/NUMBER/NAME[/...] */
static const struct {
    const char *name;
    void (*show)(struct visit *v, const struct route_case *at, struct str rest);
} case_pages[] = {
    {"message", case_part},       {"history", case_history},    {"reply", route_reply},
    {"note", route_note},         {"draft", route_draft},       {"undo", route_undo},
    {"hurry", route_hurry},       {"third-party", route_third}, {"advisory", route_advisory},
    {"affected", route_affected}, {"audit", route_audit},       {"backport", route_backport},
};

static void case_route(struct visit *v, struct str rest)
{
    struct str number = STR_NONE;
    int64_t id;
    (void)str_cut(&rest, '/', &number);
    if (vcase_by_number(v->w->desk, number, &id, &v->e) != RC_OK) {
        visit_error(v, 404, "There is no case of that number.");
        return;
    }
    const struct route_case at = {.id = id, .number = number};
    for (size_t i = 0; i < ARRAY_LEN(case_pages); i++) {
        struct str deeper;
        if (path_below(rest, case_pages[i].name, &deeper)) {
            case_pages[i].show(v, &at, deeper);
            return;
        }
    }
    if (v->q->method == HTTP_POST)
        case_form(v, id, rest, number);
    else if (rest.n == 0)
        case_show(v, id, NULL);
    else
        visit_no_page(v);
}

/* A form of a case out of another session, or too old: what was typed into it is shown again. */
static bool show_again(struct visit *v, struct str rest)
{
    struct str number = STR_NONE;
    int64_t id;
    (void)str_cut(&rest, '/', &number);
    bool writes = str_eq(rest, STR("reply")) || str_eq(rest, STR("note"));
    if (!writes || http_form_get(&v->form, "text").n == 0 ||
        vcase_by_number(v->w->desk, number, &id, &v->e) != RC_OK)
        return false;
    (void)!err_set(&v->e, RC_DENIED, "The form was of another session; please send it again.");
    case_show(v, id, arena_str(v->a, rest).p);
    v->r->status = 403;
    return true;
}

/* Whatever a signed-in member of the team may open; both methods. */
/* clang-format off */
static const struct {
    const char *path;
    void (*show)(struct visit *v, struct str rest);
} staff_pages[] = {
    {"/", queue_route},
    {"/search", search_route},
    {"/events", events_route},
    {"/signout", signout},
    {"/case", case_route},
    {"/held", held_route},
    {"/advisories", route_advisories},
    {"/account", account_route},
    {"/lines", lines_route},
    {"/policy", route_policy},
};
/* clang-format on */

void route_staff(struct visit *v)
{
    struct str rest;
    if (path_after(v->q->path, "/signin/", &rest)) {
        signin(v, rest);
        return;
    }
    if (path_below(v->q->path, "/signin", &rest) && rest.n == 0) {
        signin_form(v);
        return;
    }
    if (str_eq(v->q->path, STR("/metrics"))) {
        route_metrics(v);
        return;
    }
    if (!v->signed_in) {
        if (!visit_keep(v, KEPT_TEAM_OUT))
            signin_needed(v);
        return;
    }
    if (v->q->method == HTTP_POST && !gate_csrf_ok(v)) {
        if (path_after(v->q->path, "/case/", &rest) && show_again(v, rest))
            return;
        if (!visit_keep(v, KEPT_OLD_FORM))
            visit_old_form(v);
        return;
    }
    v->frame.done = done_of(v);
    if (view_waiting(v->w->desk, &v->session.actor, &v->frame.held, &v->frame.held_more, &v->e) !=
        RC_OK) {
        visit_failed(v);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(staff_pages); i++) {
        if (path_below(v->q->path, staff_pages[i].path, &rest)) {
            staff_pages[i].show(v, rest);
            return;
        }
    }
    visit_no_page(v);
}
