/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions, cookies and what all routes share.  Runs in core.
 *
 * Cookies: HttpOnly, SameSite=Strict, Path=/; where the outside speaks https also Secure and the
 * __Host- prefix, so that no neighbour domain can plant one.
 */
#include "web/gate.h"

#include <stdarg.h>

#include "base/hash.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "base/when.h"
#include "desk/cmd.h"
#include "web/error_page.h"
#include "web/markdown.h"
#include "web/multipart.h"

static bool is_https(const struct visit *v)
{
    const struct settings *s = v->w->desk->set;
    return str_starts(v->q->staff ? s->desk.staff_url : s->desk.base_url, STR("https://"));
}

static struct str cookie_name(const struct visit *v)
{
    if (v->q->staff)
        return is_https(v) ? STR("__Host-desk") : STR("desk");
    return is_https(v) ? STR("__Host-report") : STR("report");
}

enum rc gate_enter(struct visit *v)
{
    const struct settings *s = v->w->desk->set;
    v->frame = (struct page_frame){.desk = s->desk.name, .open = !v->q->staff};
    if (http_cookie_get(v->q->cookie, cookie_name(v), &v->secret, NULL) != RC_OK)
        return RC_OK;
    enum rc rc = session_find(v->w->desk, v->a, v->secret, &v->session, &v->e);
    if (rc == RC_NOTFOUND || rc == RC_INVALID)
        return RC_OK;
    TRY(rc);
    /* A reporter's session opens nothing on the team's side, and the other way round. */
    bool reporter = v->session.actor.kind == ACTOR_REPORTER;
    if (reporter == v->q->staff)
        return RC_OK;
    v->signed_in = true;
    v->frame.csrf = v->session.csrf;
    if (v->q->staff)
        v->frame.user = v->session.name.n ? v->session.name : v->session.actor.login;
    return RC_OK;
}

bool gate_csrf_ok(const struct visit *v)
{
    struct str sent = http_form_get(&v->form, "csrf");
    return v->signed_in && sent.n == v->session.csrf.n && sent.n > 0 &&
           same_secret(sent.p, v->session.csrf.p, sent.n);
}

static void cookie_write(struct visit *v, const char *value, int64_t life_s)
{
    struct str name = cookie_name(v);
    buf_reset(&v->r->set_cookie);
    buf_addf(&v->r->set_cookie, "%.*s=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s",
             STR_ARG(name), value, (long long)life_s, is_https(v) ? "; Secure" : "");
}

void gate_cookie_set(struct visit *v, const struct session_made *s)
{
    int64_t life_us = s->expires_us - v->m.now_us;
    cookie_write(v, s->secret, life_us > 0 ? life_us / US_PER_S : 0);
}

void gate_cookie_clear(struct visit *v)
{
    cookie_write(v, "", 0);
}

/* ---- answers ---- */

void visit_error(struct visit *v, int status, const char *why)
{
    v->r->status = status;
    buf_reset(&v->r->body);
    error_page(&v->r->body, status, str_c(why));
}

void visit_no_page(struct visit *v)
{
    visit_error(v, 404, "There is no page of that name.");
}

void visit_no_form(struct visit *v)
{
    visit_error(v, 404, "There is no such form.");
}

void visit_old_form(struct visit *v)
{
    visit_error(v, 403, "The form is too old or not ours. Go back, reload the page, send again.");
}

const char *visit_why(struct visit *v)
{
    /* Our own mistakes and the store's are not a visitor's business. */
    bool ours = v->e.rc == RC_INTERNAL || v->e.rc == RC_IO;
    if (ours)
        v->r->failed = v->e;
    return ours ? "It was not your doing. Please try again." : v->e.msg;
}

void visit_again(struct visit *v)
{
    v->frame.problem = str_c(visit_why(v));
    v->r->status = rc_http(v->e.rc);
}

void visit_failed(struct visit *v)
{
    visit_error(v, rc_http(v->e.rc), visit_why(v));
}

/* Fields in which people write.  Not all of a form: passwords and tokens are shown to nobody. */
static const char *const written[] = {
    "title",    "summary", "text",       "description", "steps",  "explanation", "subject",
    "affected", "fixed",   "references", "timeline",    "change", "reason",      "note",
    "name",     "email",   "maintainer", "other",       "url",    "source",      "value",
};

/* All of it, each under its name when there are several. */
static void add_written(const struct visit *v, struct buf *b)
{
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(written); i++)
        n += http_form_get(&v->form, written[i]).n > 0;
    for (size_t i = 0; i < ARRAY_LEN(written); i++) {
        struct str s = http_form_get(&v->form, written[i]);
        if (s.n == 0)
            continue;
        if (n > 1)
            buf_addf(b, "%s%s:\n", b->n ? "\n\n" : "", written[i]);
        buf_add(b, s);
    }
}

bool visit_keep(struct visit *v, enum kept_why why)
{
    AUTO(buf) struct buf b = BUF_INIT(HTTP_ANSWER_MAX);
    if (v->q->method != HTTP_POST)
        return false;
    add_written(v, &b);
    if (b.n == 0 || b.over)
        return false;
    v->r->status = why == KEPT_REPORTER_OUT ? 404 : 403; /* there, as for who never had one */
    page_kept_write(v->frame, why, buf_str(&b), &v->r->body);
    return true;
}

void visit_see(struct visit *v, const char *fmt, ...)
{
    char to[HTTP_PATH_MAX];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(to, sizeof to, fmt, ap);
    va_end(ap);
    BUG_ON(n < 0);
    v->r->status = 303;
    buf_reset(&v->r->body);
    buf_reset(&v->r->location);
    buf_adds(&v->r->location, (size_t)n < sizeof to ? to : "/");
}

enum rc visit_local_time(struct visit *v, struct str local, int64_t *ret_us)
{
    bool minutes = local.n == 16;
    struct str full = arena_strf(v->a, "%.*s%sZ", STR_ARG(local), minutes ? ":00" : "");
    return when_parse_rfc3339(full, ret_us, &v->e);
}

enum rc visit_cmd(struct visit *v, const char *verb, const json_t *args, json_t **ret_result)
{
    return desk_cmd(v->w->desk, &v->session.actor, str_c(verb), args, ret_result, &v->e);
}

bool visit_did(struct visit *v, enum rc rc, const char *verb, const json_t *args, struct str see)
{
    AUTO(json) json_t *result = NULL;
    if (verb == NULL) {
        visit_no_form(v);
        return true;
    }
    if (rc == RC_OK)
        rc = visit_cmd(v, verb, args, &result);
    if (rc == RC_OK)
        visit_see(v, "%.*s", STR_ARG(see));
    return rc == RC_OK;
}

void visit_put(const struct visit *v, json_t *args, const char *name)
{
    json_put_str(args, name, http_form_get(&v->form, name));
}

enum rc visit_put_id(struct visit *v, json_t *args, const char *name)
{
    uint64_t id;
    TRY(num_parse(http_form_get(&v->form, name), 1, INT64_MAX, name, &id, &v->e));
    json_put_int(args, name, (int64_t)id);
    return RC_OK;
}

enum rc visit_put_time(struct visit *v, json_t *args, const char *name)
{
    struct str local = http_form_get(&v->form, name);
    int64_t us;
    if (local.n == 0)
        return RC_OK;
    TRY(visit_local_time(v, local, &us));
    AUTO(buf) struct buf b = BUF_INIT(WHEN_TEXT_MAX);
    when_rfc3339(&b, us);
    json_put_str(args, name, buf_str(&b));
    return RC_OK;
}

bool path_after(struct str path, const char *prefix, struct str *ret_rest)
{
    struct str p = str_c(prefix);
    if (!str_starts(path, p))
        return false;
    *ret_rest = str_sub(path, p.n, path.n);
    return true;
}

bool path_below(struct str path, const char *at, struct str *ret_rest)
{
    struct str rest;
    if (!path_after(path, at, &rest))
        return false;
    bool whole = rest.n == 0, root = strcmp(at, "/") == 0;
    if (!whole && (root || rest.p[0] != '/'))
        return false;
    *ret_rest = whole ? STR_NONE : str_sub(rest, 1, rest.n);
    return true;
}

bool visit_part(struct str rest, int64_t *ret_message, uint32_t *ret_part)
{
    struct str word, id, part;
    uint64_t m, p = PART_TEXT;
    if (!str_cut(&rest, '/', &id) || num_parse(id, 1, INT64_MAX, "message", &m, NULL) != RC_OK ||
        !str_cut(&rest, '/', &word))
        return false;
    bool text = str_eq(word, STR("text"));
    if (!text && (!str_eq(word, STR("part")) || !str_cut(&rest, '/', &part) ||
                  num_parse(part, 0, UINT32_MAX - 1, "part", &p, NULL) != RC_OK))
        return false;
    if (rest.n)
        return false;
    *ret_message = (int64_t)m;
    *ret_part = (uint32_t)p;
    return true;
}

void visit_download(struct visit *v, const struct view_message *msg, uint32_t part)
{
    struct str name = STR_NONE;
    if (part == PART_TEXT) {
        v->r->content_type = "text/plain; charset=utf-8";
        buf_add(&v->r->body, msg->body);
        return;
    }
    bool found = part == 0 && msg->blob_id != 0;
    for (size_t i = 0; i < msg->n_attachments && part; i++) {
        if (msg->attachments[i].part != (int64_t)part)
            continue;
        found = true;
        name = msg->attachments[i].name;
    }
    if (!found) {
        visit_error(v, 404, "The message has no such part.");
        return;
    }
    v->r->download = (struct http_download){true, msg->id, part};
    if (part == 0)
        buf_addf(&v->r->file_name, "message-%lld.eml", (long long)msg->id);
    else
        buf_add(&v->r->file_name, utf8_clip(name.n ? name : STR("part"), v->r->file_name.max));
}

/* ---- the door ---- */

static enum rc read_form(struct visit *v)
{
    if (v->q->method != HTTP_POST)
        return http_form_parse(v->q->query, &v->form, &v->e);
    if (v->q->parts)
        return multipart_read(v->q->body, &v->form, &v->e);
    if (!http_is_form(v->q->content_type) && v->q->body.n)
        return err_set(&v->e, RC_INVALID, "only forms are taken here");
    return http_form_parse(v->q->body, &v->form, &v->e);
}

static void handle(struct visit *v)
{
    if (str_eq(v->q->path, STR("/healthz"))) {
        v->r->content_type = "text/plain; charset=utf-8";
        buf_adds(&v->r->body, "ok\n");
        return;
    }
    if (str_eq(v->q->path, STR("/robots.txt"))) {
        v->r->content_type = "text/plain; charset=utf-8";
        buf_adds(&v->r->body, v->q->staff ? "User-agent: *\nDisallow: /\n"
                                          : "User-agent: *\nDisallow: /r/\nDisallow: /report\n");
        return;
    }
    if (read_form(v) != RC_OK || gate_enter(v) != RC_OK) {
        visit_failed(v);
        return;
    }
    /* What was too large comes back with its text where a form takes files; elsewhere not. */
    if (v->form.cut && !str_eq(v->q->path, STR("/new")) &&
        !str_eq(v->q->path, STR("/report/answer")))
        visit_error(v, 413, "What was sent is too large.");
    else if (v->q->staff)
        route_staff(v);
    else
        route_public(v);
}

void web_handle(struct web *w, const struct http_request *q, struct http_response *r)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct visit v = {.w = w, .q = q, .r = r, .a = a};
    v.m = (struct maker){.a = a, .now_us = desk_now(w->desk), .desk = w->desk->set->desk.name};
    handle(&v);
    if (arena_over(a) || r->body.over)
        visit_error(&v, 500, "The page would be too large.");
    http_form_release(&v.form);
}

enum rc web_set_policy(struct web *w, struct str text, int64_t revision, struct err *e)
{
    /* A policy that cannot be rendered is found now, not by the first reader. */
    AUTO(buf) struct buf html = BUF_INIT(MARKDOWN_OUT_MAX);
    struct html_safe rendered;
    TRY(markdown_render(text, &html, &rendered, e));
    w->policy_text = text;
    w->policy_revision = revision;
    return RC_OK;
}

enum rc web_new(struct desk *d, struct str policy_text, struct str sign_key, struct web **ret_w,
                struct err *e)
{
    if (sign_key.n != WEB_KEY_LEN)
        return err_set(e, RC_INVALID, "the public key of receipts has not %d bytes", WEB_KEY_LEN);
    struct web *w = mem_zalloc(sizeof *w);
    enum rc rc = web_set_policy(w, policy_text, 0, e);
    if (rc != RC_OK) {
        free(w);
        return rc;
    }
    w->desk = d;
    hex_put(w->receipt_key, sign_key.p, sign_key.n);
    w->receipt_key[2 * WEB_KEY_LEN] = '\n';
    *ret_w = w;
    return RC_OK;
}

void web_free(struct web *w)
{
    free(w);
}
