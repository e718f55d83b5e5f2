/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing in a case: replies with a preview, notes, drafts, second thoughts.  Runs in core;
 * whatever goes wrong, what had been typed is shown again.
 */
#include "web/route_write.h"

#include "desk/canned.h"
#include "desk/reply.h"
#include "web/page_write.h"

static struct str field(const struct visit *v, const char *name)
{
    return http_form_get(&v->form, name);
}

static bool wants(const struct visit *v, const char *what)
{
    return str_eq(field(v, "do"), str_c(what));
}

/* A number out of the form, when it is there. */
static enum rc put_number(struct visit *v, json_t *args, const char *name, uint64_t min)
{
    uint64_t n;
    if (field(v, name).n == 0)
        return RC_OK;
    TRY(num_parse(field(v, name), min, INT64_MAX, name, &n, &v->e));
    json_put_int(args, name, (int64_t)n);
    return RC_OK;
}

static void put_token(struct visit *v, json_t *args)
{
    if (field(v, "token").n)
        visit_put(v, args, "token");
}

/* ---- drafts ---- */

static enum rc draft_save(struct visit *v, const struct route_case *at, bool *ret_kept)
{
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *result = NULL;
    json_put_str(args, "case", at->number);
    visit_put(v, args, "text");
    put_token(v, args);
    TRY(put_number(v, args, "thread", 1));
    TRY(visit_cmd(v, "case.draft", args, &result));
    *ret_kept = json_is_true(json_object_get(result, "kept"));
    return RC_OK;
}

/* For the script: one line that it shows, and a second one about colleagues. */
static void draft_answer(struct visit *v, const struct route_case *at, bool kept)
{
    struct view_draft *d;
    size_t n;
    uint64_t thread = 0;
    v->r->content_type = "text/plain; charset=utf-8";
    buf_addf(&v->r->body, "%s\n", kept ? "Draft kept just now." : "");
    if (field(v, "thread").n &&
        num_parse(field(v, "thread"), 1, INT64_MAX, "thread", &thread, NULL) != RC_OK)
        return;
    if (view_drafts(v->w->desk, &v->session.actor, v->a, at->id, &d, &n, &v->e) != RC_OK)
        return;
    for (size_t i = 0; i < n; i++)
        if (!d[i].own && d[i].thread_id == (int64_t)thread)
            buf_addf(&v->r->body, "%.*s is writing here too. Perhaps ask first.\n",
                     STR_ARG(d[i].name));
}

void route_draft(struct visit *v, const struct route_case *at, struct str rest)
{
    bool kept;
    if (v->q->method != HTTP_POST || rest.n) {
        visit_no_page(v);
        return;
    }
    if (draft_save(v, at, &kept) != RC_OK) {
        visit_failed(v);
        return;
    }
    draft_answer(v, at, kept);
}

/* Keeps what was typed and goes back to the case. */
static void keep_and_go(struct visit *v, const struct route_case *at, const char *form,
                        const char *query)
{
    bool kept;
    if (draft_save(v, at, &kept) != RC_OK) {
        case_show(v, at->id, form);
        return;
    }
    const char *wait = http_form_has(&v->form, "wait") ? "&wait=1" : "";
    struct str thread = field(v, "thread");
    if (thread.n == 0)
        visit_see(v, "/case/%.*s?%s#note-form", STR_ARG(at->number), query);
    else
        visit_see(v, "/case/%.*s?%s%s&thread=%.*s#write-%.*s", STR_ARG(at->number), query, wait,
                  STR_ARG(thread), STR_ARG(thread));
}

/* A failure keeps what was typed, too; the reason stays the one of the form. */
static void failed(struct visit *v, const struct route_case *at, const char *form)
{
    struct err why = v->e;
    bool kept;
    (void)!draft_save(v, at, &kept);
    v->e = why;
    case_show(v, at->id, form);
}

/* ---- the mail before it goes ---- */

static enum rc read_reply(struct visit *v, struct reply_new *n)
{
    uint64_t thread = 0, newest = 0;
    TRY(num_parse(field(v, "thread"), 1, INT64_MAX, "thread", &thread, &v->e));
    if (field(v, "newest").n)
        TRY(num_parse(field(v, "newest"), 0, INT64_MAX, "newest", &newest, &v->e));
    *n = (struct reply_new){.thread_id = (int64_t)thread,
                            .text = field(v, "text"),
                            .wait = http_form_has(&v->form, "wait"),
                            .token = STR_NONE,
                            .newest = (int64_t)newest};
    return RC_OK;
}

static const struct view_thread *thread_in(const struct view_case *c, int64_t id)
{
    for (size_t i = 0; i < c->n_threads; i++)
        if (c->threads[i].id == id)
            return &c->threads[i];
    return NULL;
}

/* held: it was to be sent, and the thread is not what the writer saw. */
static void letter_show(struct visit *v, const struct route_case *at, bool held)
{
    struct reply_new n;
    struct reply_mail mail;
    struct view_case c;
    if (read_reply(v, &n) != RC_OK ||
        reply_compose(v->w->desk, &v->session.actor, v->a, &n, &mail, &v->e) != RC_OK ||
        view_case(v->w->desk, &v->session.actor, v->a, at->id, &c, &v->e) != RC_OK) {
        failed(v, at, "reply");
        return;
    }
    const struct view_thread *t = thread_in(&c, n.thread_id);
    if (t == NULL) {
        (void)!err_set(&v->e, RC_INVALID, "this conversation is in another case by now");
        failed(v, at, "reply");
        return;
    }
    struct letter_extra x = {.number = at->number,
                             .text = n.text,
                             .thread_id = n.thread_id,
                             .newest = held ? view_newest(t) : n.newest,
                             .wait = n.wait,
                             .held = held,
                             .to_name = mail.to_name,
                             .to = mail.to,
                             .from_name = mail.from_name,
                             .from = mail.from,
                             .subject = mail.subject,
                             .mail_text = mail.text,
                             .undo_us = v->w->desk->set->mail.undo_us};
    struct view_message *between = arena_array(v->a, t->n_messages, sizeof *between);
    for (size_t i = 0; held && between && i < t->n_messages; i++)
        if (t->messages[i].id > n.newest)
            between[x.n_between++] = t->messages[i];
    x.between = between;
    v->r->status = held ? 409 : 200;
    page_letter_write(&v->m, v->frame, &x, &v->r->body);
}

static void preview(struct visit *v, const struct route_case *at)
{
    bool kept;
    if (draft_save(v, at, &kept) != RC_OK)
        case_show(v, at->id, "reply");
    else
        letter_show(v, at, false);
}

/* ---- sending ---- */

static void send_reply(struct visit *v, const struct route_case *at)
{
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *result = NULL;
    visit_put(v, args, "text");
    if (http_form_has(&v->form, "wait"))
        json_put_bool(args, "wait", true);
    put_token(v, args);
    enum rc rc = put_number(v, args, "thread", 1);
    if (rc == RC_OK)
        rc = put_number(v, args, "newest", 0);
    if (rc == RC_OK)
        rc = visit_cmd(v, "case.reply", args, &result);
    if (rc == RC_CONFLICT) {
        bool kept;
        (void)!draft_save(v, at, &kept);
        letter_show(v, at, true);
        return;
    }
    if (rc != RC_OK) {
        failed(v, at, "reply");
        return;
    }
    visit_see(v, "/case/%.*s?done=%s#message-%lld", STR_ARG(at->number),
              v->w->desk->set->mail.undo_us ? "reply-waits" : "reply",
              (long long)json_integer_value(json_object_get(result, "message")));
}

void route_reply(struct visit *v, const struct route_case *at, struct str rest)
{
    const struct canned_text *start = canned_find(v->w->desk->canned, field(v, "template"));
    if (v->q->method != HTTP_POST || rest.n)
        visit_no_page(v);
    else if (wants(v, "preview"))
        preview(v, at);
    else if (wants(v, "draft"))
        keep_and_go(v, at, "reply", "done=draft");
    else if (wants(v, "write"))
        keep_and_go(v, at, "reply", "write=1");
    else if (wants(v, "template"))
        keep_and_go(v, at, "reply",
                    start ? arena_strf(v->a, "template=%.*s", STR_ARG(start->name)).p : "write=1");
    else
        send_reply(v, at);
}

void route_note(struct visit *v, const struct route_case *at, struct str rest)
{
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *result = NULL;
    if (v->q->method != HTTP_POST || rest.n) {
        visit_no_page(v);
        return;
    }
    if (wants(v, "draft")) {
        keep_and_go(v, at, "note", "done=draft");
        return;
    }
    json_put_str(args, "case", at->number);
    visit_put(v, args, "text");
    put_token(v, args);
    if (visit_cmd(v, "case.note", args, &result) != RC_OK) {
        failed(v, at, "note");
        return;
    }
    visit_see(v, "/case/%.*s?done=note#message-%lld", STR_ARG(at->number),
              (long long)json_integer_value(json_object_get(result, "message")));
}

/* ---- second thoughts ---- */

static void second(struct visit *v, const struct route_case *at, struct str rest, bool undo)
{
    AUTO(json) json_t *args = json_object();
    AUTO(json) json_t *result = NULL;
    if (v->q->method != HTTP_POST || rest.n) {
        visit_no_page(v);
        return;
    }
    enum rc rc = put_number(v, args, "message", 1);
    if (rc == RC_OK)
        rc = visit_cmd(v, undo ? "case.undo" : "case.hurry", args, &result);
    if (rc != RC_OK)
        case_show(v, at->id, undo ? "undo" : "hurry");
    else if (undo)
        visit_see(v, "/case/%.*s?done=undo#write-%lld", STR_ARG(at->number),
                  (long long)json_integer_value(json_object_get(result, "thread")));
    else
        visit_see(v, "/case/%.*s?done=reply", STR_ARG(at->number));
}

void route_undo(struct visit *v, const struct route_case *at, struct str rest)
{
    second(v, at, rest, true);
}

void route_hurry(struct visit *v, const struct route_case *at, struct str rest)
{
    second(v, at, rest, false);
}
