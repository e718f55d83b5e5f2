/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a search found.  Runs in core; titles and pieces of messages are what strangers wrote, the
 * template escapes them.
 */
#include "desk/search.h"
#include "web/pages.h"
#include "web/templates.h"

static const char *kind_words(const struct search_place *p)
{
    static const struct {
        const char *direction, *words;
    } kinds[] = {{"in", "From"}, {"out", "Reply of"}, {"auto", "Sent by"}, {"note", "Note of"}};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq(p->direction, str_c(kinds[i].direction)))
            return kinds[i].words;
    return "From";
}

static struct place_view place_of(const struct maker *m, const struct search_case *c,
                                  const struct search_place *p)
{
    struct place_view v = {.who = p->who.n ? p->who : m->desk,
                           .kind = str_c(kind_words(p)),
                           .subject = p->subject,
                           .before = p->before,
                           .hit = p->hit,
                           .after = p->after,
                           .at = time_view_of(m, p->at_us)};
    if (c->case_id)
        v.href = arena_strf(m->a, "/case/%.*s#message-%lld", STR_ARG(c->number),
                            (long long)p->message_id);
    else
        v.href = arena_strf(m->a, "/held/%lld", (long long)p->message_id);
    return v;
}

static struct found_view found_of(const struct maker *m, const struct search_case *c)
{
    struct found_view v = {
        .number = c->number, .title = c->title, .closed = c->closed, .more = c->more};
    v.href = c->case_id ? arena_strf(m->a, "/case/%.*s", STR_ARG(c->number)) : STR("/held");
    v.places = arena_array(m->a, c->n_places + 1, sizeof *v.places);
    v.n_places = v.places ? c->n_places : 0;
    for (size_t i = 0; i < v.n_places; i++)
        v.places[i] = place_of(m, c, &c->places[i]);
    if (c->case_id == 0 && v.n_places)
        v.href = v.places[0].href;
    return v;
}

void page_search_write(const struct maker *m, struct page_frame frame, const struct view_search *s,
                       bool later, struct buf *out)
{
    struct page_search p = {.frame = frame, .asked = !s->empty, .later = later, .next = STR_NONE};
    p.frame.title = frame.q.n ? arena_strf(m->a, "%.*s, search", STR_ARG(frame.q)) : STR("Search");
    p.found = arena_array(m->a, s->n + 1, sizeof *p.found);
    p.n_found = p.found ? s->n : 0;
    for (size_t i = 0; i < p.n_found; i++)
        p.found[i] = found_of(m, &s->cases[i]);
    if (s->next) {
        AUTO(buf) struct buf b = BUF_INIT(1024);
        buf_adds(&b, "/search?q=");
        html_urlpart(&b, frame.q);
        buf_addf(&b, "&before=%lld", (long long)s->next);
        p.next = arena_str(m->a, buf_str(&b));
    }
    tpl_search(out, &p);
}
