/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms of writing: what stands in them, the preview of a reply, and what is kept when a
 * session is over.  Runs in core; typed text comes back exactly as it came.
 */
#include "web/page_write.h"

#include "base/hash.h"
#include "base/hex.h"
#include "desk/canned.h"
#include "web/templates.h"

#define TOKEN_BYTES 16

struct str form_token(const struct maker *m)
{
    unsigned char raw[TOKEN_BYTES];
    char hex[2 * TOKEN_BYTES + 1];
    random_bytes(raw, sizeof raw);
    hex_put(hex, raw, sizeof raw);
    return arena_str(m->a, str_of(hex, 2 * TOKEN_BYTES));
}

static bool typed_here(const struct draft *d, const char *form, int64_t thread_id)
{
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)thread_id);
    if (d->form == NULL || strcmp(d->form, form) != 0)
        return false;
    return thread_id == 0 || str_eq(http_form_get(d->typed, "thread"), str_c(id));
}

/* A text to start from stands below what is there already, once. */
static struct str started(const struct maker *m, const struct case_extra *x,
                          const struct view_thread *t, struct str number, struct str text)
{
    const struct canned_text *c = canned_find(x->canned, x->start_with);
    if (c == NULL || t == NULL || x->start_thread != t->id)
        return text;
    struct str fill = canned_fill(m->a, c, t->name.n ? t->name : STR("there"), number);
    if (str_trim(text).n == 0)
        return fill;
    if (str_ends(text, fill))
        return text;
    return arena_strf(m->a, "%.*s\n\n%.*s", STR_ARG(text), STR_ARG(fill));
}

static void add_name(const struct maker *m, struct str *list, struct str name)
{
    *list = list->n ? arena_strf(m->a, "%.*s and %.*s", STR_ARG(*list), STR_ARG(name)) : name;
}

struct writing_view writing_of(const struct maker *m, const struct view_case *c,
                               const struct view_thread *t, const struct case_extra *x)
{
    int64_t id = t ? t->id : 0;
    struct writing_view v = {.token = form_token(m),
                             .newest = t ? view_newest(t) : 0,
                             .wait = x->wait && x->start_thread == id};
    for (size_t i = 0; i < c->n_drafts; i++) {
        const struct view_draft *d = &c->drafts[i];
        if (d->thread_id != id)
            continue;
        if (d->own) {
            v.text = d->text;
            v.saved = time_view_of(m, d->changed_us).words;
        } else {
            add_name(m, &v.others, d->name);
        }
    }
    v.text = started(m, x, t, c->number, v.text);
    if (typed_here(&x->draft, t ? "reply" : "note", id)) {
        v.text = http_form_get(x->draft.typed, "text");
        v.wait = http_form_has(x->draft.typed, "wait");
        v.saved = STR_NONE;
    }
    return v;
}

static struct str where_words(const struct maker *m, const struct view_case *c, int64_t thread_id)
{
    for (size_t i = 0; i < c->n_threads; i++) {
        const struct view_thread *t = &c->threads[i];
        if (t->id == thread_id)
            return arena_strf(m->a, "a reply to %.*s", STR_ARG(t->name.n ? t->name : t->email));
    }
    return STR("a note");
}

void writers_of(const struct maker *m, const struct view_case *c, struct writer_view **ret,
                size_t *ret_n)
{
    struct writer_view *w = arena_array(m->a, c->n_drafts, sizeof *w);
    size_t n = 0;
    for (size_t i = 0; w && i < c->n_drafts; i++) {
        const struct view_draft *d = &c->drafts[i];
        if (!d->own)
            w[n++] = (struct writer_view){.name = d->name,
                                          .where = where_words(m, c, d->thread_id),
                                          .at = time_view_of(m, d->changed_us)};
    }
    *ret = w;
    *ret_n = n;
}

void canned_options(const struct maker *m, const struct canned *c, struct option_view **ret,
                    size_t *ret_n)
{
    size_t n = c ? c->n : 0;
    struct option_view *o = arena_array(m->a, n, sizeof *o);
    for (size_t i = 0; o && i < n; i++)
        o[i] = (struct option_view){.value = c->v[i].name, .label = c->v[i].title};
    *ret = o;
    *ret_n = o ? n : 0;
}

static struct str minute_words(const struct maker *m, int64_t us)
{
    int64_t s = us / 1000000;
    if (s <= 0)
        return STR_NONE;
    if (s == 60)
        return STR("a minute");
    return s % 60 ? arena_strf(m->a, "%lld seconds", (long long)s)
                  : arena_strf(m->a, "%lld minutes", (long long)(s / 60));
}

void page_letter_write(const struct maker *m, struct page_frame frame, const struct letter_extra *x,
                       struct buf *out)
{
    struct str base = arena_strf(m->a, "/case/%.*s", STR_ARG(x->number));
    struct page_letter p = {.frame = frame,
                            .number = x->number,
                            .to_name = x->to_name,
                            .to = x->to,
                            .from_name = x->from_name,
                            .from = x->from,
                            .subject = x->subject,
                            .mail_text = x->mail_text,
                            .text = x->text,
                            .token = form_token(m),
                            .minute = x->to.n ? minute_words(m, x->undo_us) : STR_NONE,
                            .thread_id = x->thread_id,
                            .newest = x->newest,
                            .wait = x->wait,
                            .held = x->held,
                            .by_mail = x->to.n > 0};
    p.frame.title = arena_strf(m->a, "%.*s, before it is sent", STR_ARG(x->number));
    p.between = message_views_of(m, x->between, x->n_between, base);
    p.n_between = p.between ? x->n_between : 0;
    tpl_letter(out, &p);
}

void page_kept_write(struct page_frame frame, enum kept_why why, struct str text, struct buf *out)
{
    struct page_kept p = {.frame = frame,
                          .text = text,
                          .team_out = why == KEPT_TEAM_OUT,
                          .reporter_out = why == KEPT_REPORTER_OUT};
    p.frame.title = p.team_out       ? STR("Please sign in")
                    : p.reporter_out ? STR("Please open your link again")
                                     : STR("The form was too old");
    tpl_kept(out, &p);
}
