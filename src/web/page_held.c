/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits for a person: held, quarantined, spam.  Runs in core; all of it is hostile text.
 */
#include "web/pages.h"
#include "web/templates.h"

static const struct {
    const char *state, *label, *href;
    bool shared; /* only where a contact address is a general mailbox */
} lists[] = {
    {"", "Waiting", "/held", false},
    {"held", "Held", "/held?state=held", false},
    {"quarantined", "Quarantine", "/held?state=quarantined", false},
    {"spam", "Spam", "/held?state=spam", false},
    {"bounce", "Bounces", "/held?state=bounce", false},
    {"discarded", "Discarded", "/held?state=discarded", false},
    {"passed", "Passed on", "/held?state=passed", true},
    {"left", "Left", "/held?state=left", true},
};

const char *held_state_known(struct str state)
{
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (str_eq(state, str_c(lists[i].state)))
            return lists[i].state;
    return NULL;
}

static struct held_row_view row_of(const struct maker *m, const struct view_held_row *r)
{
    struct held_row_view v = {
        .message = message_view_of(m, &r->message, STR("/held")),
        .state = str_c(held_state_words(r->message.state)),
        .reason = r->message.hold_reason,
        .number = r->number,
    };
    v.message.held = STR_NONE; /* said once, by the page */
    return v;
}

static bool is_ticked(const struct http_form *typed, int64_t id)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)id);
    for (size_t i = 0; i < typed->n_fields; i++)
        if (str_eq(typed->fields[i].name, STR("message")) &&
            str_eq(typed->fields[i].value, str_c(text)))
            return true;
    return http_form_has(typed, "all");
}

static struct str held_href(const struct maker *m, const struct held_query *q, struct str after,
                            bool all)
{
    return arena_strf(m->a, "/held?state=%.*s%s%.*s%s", STR_ARG(q->state), after.n ? "&after=" : "",
                      STR_ARG(after), all ? "&all=1" : "");
}

void page_held_write(const struct maker *m, struct page_frame frame, const struct view_held *h,
                     const struct held_extra *x, struct buf *out)
{
    struct str state = x->asked->state, after = x->asked->after;
    bool all = http_form_has(x->typed, "all");
    struct page_held p = {.frame = frame, .state = state, .after = after};
    p.first = after.n ? held_href(m, x->asked, STR_NONE, false) : STR_NONE;
    p.next = h->more ? held_href(m, x->asked, h->next, false) : STR_NONE;
    p.all = all;
    p.tick = held_href(m, x->asked, after, !all);
    p.reason = http_form_get(x->typed, "reason");
    bool gone = str_eq(state, STR("passed")) || str_eq(state, STR("left"));
    p.can_spam = !str_eq(state, STR("spam")) && !gone;
    p.can_decide = !str_eq(state, STR("bounce")) && !str_eq(state, STR("discarded")) && !gone;
    p.frame.title = STR("Waiting for a person");
    p.frame.at_held = true;
    p.empty = state.n ? "Nothing here." : "Nothing waits. Good.";
    p.tabs = arena_array(m->a, ARRAY_LEN(lists), sizeof *p.tabs);
    for (size_t i = 0; p.tabs && i < ARRAY_LEN(lists); i++)
        if (!lists[i].shared || h->shared)
            p.tabs[p.n_tabs++] = (struct tab_view){
                .label = lists[i].label,
                .href = lists[i].href,
                .current = str_eq(state, str_c(lists[i].state)),
            };
    p.rows = arena_array(m->a, h->n, sizeof *p.rows);
    p.n_rows = p.rows ? h->n : 0;
    for (size_t i = 0; i < p.n_rows; i++)
        p.rows[i] = row_of(m, &h->rows[i]);
    for (size_t i = 0; i < p.n_rows; i++)
        p.rows[i].ticked = is_ticked(x->typed, h->rows[i].message.id);
    tpl_held(out, &p);
}

void page_held_one_write(const struct maker *m, struct page_frame frame,
                         const struct view_held_row *r, const struct draft *draft, struct buf *out)
{
    struct page_held_one p = {.frame = frame, .row = row_of(m, r)};
    p.frame.title = p.row.message.subject.n ? p.row.message.subject : STR("(no subject)");
    p.frame.at_held = true;
    p.row.message.subject = STR_NONE; /* said once, as the heading */
    struct str state = r->message.state;
    p.can_decide = !str_eq(state, STR("ok")) && !str_eq(state, STR("discarded")) &&
                   !str_eq(state, STR("passed")) && !str_eq(state, STR("left"));
    p.can_pass = r->can_pass;
    if (draft->form && strcmp(draft->form, "release") == 0) {
        p.release.a = http_form_get(draft->typed, "number");
        p.release.reason = http_form_get(draft->typed, "reason");
    } else if (draft->form && strcmp(draft->form, "discard") == 0) {
        p.discard.reason = http_form_get(draft->typed, "reason");
    } else if (draft->form && strcmp(draft->form, "pass") == 0) {
        p.pass.reason = http_form_get(draft->typed, "reason");
    } else {
        p.release.a = r->number;
    }
    tpl_held_one(out, &p);
}
