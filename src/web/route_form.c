/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report form.  Runs in core; anybody may send it.  Against machines: a field that people do
 * not see, a token that says how long the form was open, limits for each client and for all.  None
 * of them throws anything away: the form comes back with what was typed.
 */
#include "web/route_form.h"

#include "base/utf8.h"
#include "desk/throttle.h"
#include "web/page_form.h"

#define MB 1000000

/* ---- shared with the reporter's page ---- */

int64_t form_max_mb(const struct visit *v)
{
    const struct settings *s = v->w->desk->set;
    /* In a mail three bytes are four, and lines end. */
    int64_t mail = s->mail.max_size / 100 * 72, body = s->limits.http_body / 100 * 97;
    int64_t mb = (mail < body ? mail : body) / MB;
    return mb > 0 ? mb : 1;
}

bool form_had_files(const struct visit *v)
{
    return v->form.n_files > 0 || v->form.files_over > 0 || v->form.cut;
}

enum rc form_files_take(struct visit *v, struct form_files *ret)
{
    size_t n = v->form.n_files;
    if (v->form.cut)
        return err_set(&v->e, RC_LIMIT,
                       "The files are too large: together they may have %lld MB. Please pack them, "
                       "or tell us where they can be fetched.",
                       (long long)form_max_mb(v));
    if (v->form.files_over > 0)
        return err_set(&v->e, RC_LIMIT,
                       "You chose %zu files; at most %d can be sent at once. Several can be packed "
                       "into one archive.",
                       n + v->form.files_over, HTTP_FORM_FILES);
    for (size_t i = 0; i < n; i++)
        ret->v[i] = (struct webform_file){v->form.files[i].name, v->form.files[i].type,
                                          v->form.files[i].bytes};
    ret->all = (struct webform_files){ret->v, n};
    return RC_OK;
}

enum rc form_token_take(struct visit *v, const char *purpose, struct webform_token *ret)
{
    enum rc rc =
        webform_token_read(v->w->desk, purpose, http_form_get(&v->form, "token"), ret, &v->e);
    if (rc == RC_INVALID || (rc == RC_OK && ret->age_us > WEBFORM_LIFE_US))
        return err_set(&v->e, RC_INVALID,
                       "The form had been open for too long. Please look it over and send it once "
                       "more.");
    return rc;
}

enum rc form_token_for(struct visit *v, const char *purpose, char ret[WEBFORM_TOKEN_SIZE])
{
    struct webform_token t;
    struct err e = ERR_INIT;
    struct str sent = http_form_get(&v->form, "token");
    if (v->q->method == HTTP_POST &&
        webform_token_read(v->w->desk, purpose, sent, &t, &e) == RC_OK &&
        t.age_us <= WEBFORM_LIFE_US)
        return str_copy(ret, WEBFORM_TOKEN_SIZE, sent, "token", &v->e);
    return webform_token_make(v->w->desk, purpose, ret, &v->e);
}

void form_problem(struct visit *v)
{
    const char *why = visit_why(v);
    bool ours = why != v->e.msg || v->e.rc == RC_BUSY;
    v->frame.problem = ours ? STR("It was not your doing. Please send it once more in a moment.")
                            : arena_str(v->a, str_c(why));
    if (v->r->status == 200)
        v->r->status = rc_http(v->e.rc);
}

void form_too_often(struct visit *v, int64_t wait_us)
{
    const struct str *contact = v->w->desk->set->desk.contact.v;
    int64_t minutes = (wait_us + US_PER_MIN - 1) / US_PER_MIN;
    v->r->status = 429;
    (void)err_set(&v->e, RC_LIMIT,
                  "Too much came from here in a short time. Please try again in %lld minute%s, or "
                  "write to %.*s.",
                  (long long)minutes, minutes == 1 ? "" : "s", STR_ARG(contact[0]));
}

/* ---- the form ---- */

static void new_show(struct visit *v)
{
    char token[WEBFORM_TOKEN_SIZE];
    const struct settings *s = v->w->desk->set;
    bool failed = v->q->method == HTTP_POST;
    if (failed)
        form_problem(v);
    if (form_token_for(v, WEBFORM_REPORT, token) != RC_OK) {
        visit_failed(v);
        return;
    }
    struct new_in in = {
        .typed = failed ? &v->form : NULL,
        .token = str_c(token),
        .again = failed && form_had_files(v),
        .max_mb = form_max_mb(v),
        .contacts = s->desk.contact.v,
        .n_contacts = s->desk.contact.n,
    };
    page_new_write(&v->m, v->frame, &in, &v->r->body);
}

/* One of the two limits: each client, and everybody together. */
struct limit {
    struct throttle_rule rule;
    struct str key;
};

static void limits_of(const struct visit *v, struct limit ret[2])
{
    const struct settings *s = v->w->desk->set;
    ret[0] = (struct limit){{"report", s->limits.report_rate_count, s->limits.report_rate_us},
                            throttle_client(v->a, v->q->client)};
    ret[1] = (struct limit){{"report", s->limits.report_all_count, s->limits.report_all_us},
                            THROTTLE_ALL};
    for (int i = 0; i < 2; i++)
        if (ret[i].rule.window_us > THROTTLE_WINDOW_MAX)
            ret[i].rule.window_us = THROTTLE_WINDOW_MAX;
}

static enum rc may_report(struct visit *v)
{
    struct limit limits[2];
    struct throttle t;
    limits_of(v, limits);
    for (int i = 0; i < 2; i++) {
        TRY(throttle_peek(v->w->desk, &limits[i].rule, limits[i].key, &t, &v->e));
        if (!t.allowed) {
            form_too_often(v, t.wait_us);
            return RC_LIMIT;
        }
    }
    return RC_OK;
}

/* Only what was taken counts: nobody is locked out for correcting a form. */
static void count_report(struct visit *v)
{
    struct limit limits[2];
    struct throttle t;
    struct err e = ERR_INIT;
    limits_of(v, limits);
    for (int i = 0; i < 2; i++)
        if (throttle_take(v->w->desk, &limits[i].rule, limits[i].key, &t, &e) != RC_OK)
            return; /* the report is safe; that it is not counted does not matter to it */
}

static enum rc like_a_person(struct visit *v, const struct webform_token *t)
{
    if (http_form_get(&v->form, NEW_TRAP).n > 0)
        return err_set(&v->e, RC_INVALID,
                       "A field that is to stay empty had been filled in, perhaps by a helper of "
                       "the browser. It is empty again: please send the form once more.");
    if (t->age_us < WEBFORM_FILL_US)
        return err_set(&v->e, RC_INVALID,
                       "That was sent sooner than a person can type. Please look it over and send "
                       "it once more.");
    return RC_OK;
}

static struct str line_of(struct visit *v, const char *name)
{
    AUTO(buf) struct buf b = BUF_INIT(HTTP_FORM_VALUE_MAX);
    utf8_clean_line(&b, http_form_get(&v->form, name));
    return arena_str(v->a, str_trim(buf_str(&b)));
}

static enum rc new_take(struct visit *v, struct webform_token *t, bool *ret_anonymous)
{
    struct form_files files;
    char id[WEBFORM_ID_MAX + 1];
    TRY(form_token_take(v, WEBFORM_REPORT, t));
    TRY(form_files_take(v, &files));
    TRY(like_a_person(v, t));
    TRY(may_report(v));
    struct webform_report r = {
        .title = line_of(v, NEW_TITLE),
        .description = http_form_get(&v->form, NEW_DESCRIPTION),
        .steps = http_form_get(&v->form, NEW_STEPS),
        .version = line_of(v, NEW_VERSION),
        .name = line_of(v, NEW_NAME),
        .address = line_of(v, NEW_ADDRESS),
        .files = files.all,
    };
    TRY(webform_report(v->w->desk, &r, t, id, &v->e));
    *ret_anonymous = r.address.n == 0;
    return RC_OK;
}

static void new_post(struct visit *v)
{
    const struct settings *s = v->w->desk->set;
    struct webform_token t;
    bool anonymous = false;
    if (new_take(v, &t, &anonymous) != RC_OK) {
        new_show(v);
        return;
    }
    count_report(v);
    struct link_in in = {
        .why = anonymous ? LINK_REPORTED_ANONYMOUS : LINK_REPORTED,
        .base = s->desk.base_url,
        .secret = str_c(t.secret),
        .mails = s->mail.outgoing == OUTGOING_ON,
    };
    page_link_write(&v->m, v->frame, &in, &v->r->body);
}

void route_new(struct visit *v, struct str rest)
{
    if (rest.n)
        visit_no_page(v);
    else if (v->q->method == HTTP_POST)
        new_post(v);
    else
        new_show(v);
}
