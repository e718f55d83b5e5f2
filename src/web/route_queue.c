/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue, the search, and the streams that say when to look again.  Runs in core; what is asked
 * for comes out of a URL and is checked by the read models.
 */
#include "desk/search.h"
#include "desk/vcase.h"
#include "web/gate.h"

#define QUEUE_PAGE 50 /* rows of one page */

static enum queue_which which_of(struct str show)
{
    if (str_eq(show, STR("mine")))
        return QUEUE_MINE;
    if (str_eq(show, STR("closed")))
        return QUEUE_CLOSED;
    return str_eq(show, STR("all")) ? QUEUE_ALL : QUEUE_OPEN;
}

void queue_route(struct visit *v, struct str rest)
{
    if (v->q->method == HTTP_POST || rest.n) {
        visit_no_page(v);
        return;
    }
    const struct http_form *f = &v->form;
    struct account *people = NULL;
    struct view_queue q;
    struct queue_query asked = {.which = which_of(http_form_get(f, "show")),
                                .handler = http_form_get(f, "handler"),
                                .phase = http_form_get(f, "phase"),
                                .severity = http_form_get(f, "severity"),
                                .state = queue_state_known(http_form_get(f, "state")),
                                .after = http_form_get(f, "after"),
                                .max = QUEUE_PAGE};
    struct queue_extra x = {.asked = &asked, .login = v->session.actor.login};
    if (view_queue(v->w->desk, &v->session.actor, v->a, &asked, &q, &v->e) != RC_OK ||
        people_list(v->w->desk, v->a, &people, &x.n_people, &v->e) != RC_OK) {
        visit_failed(v);
        return;
    }
    x.people = people;
    v->frame.live = "/events";
    page_queue_write(&v->m, v->frame, &q, &x, &v->r->body);
}

void search_route(struct visit *v, struct str rest)
{
    if (v->q->method == HTTP_POST || rest.n) {
        visit_no_page(v);
        return;
    }
    struct str before = http_form_get(&v->form, "before");
    uint64_t n = 0;
    struct view_search s;
    v->frame.q = http_form_get(&v->form, "q");
    if ((before.n && num_parse(before, 1, INT64_MAX, "the page", &n, &v->e) != RC_OK) ||
        view_search(v->w->desk, &v->session.actor, v->a, v->frame.q, (int64_t)n, &s, &v->e) !=
            RC_OK) {
        visit_failed(v);
        return;
    }
    if (s.number.n && n == 0)
        visit_see(v, "/case/%.*s", STR_ARG(s.number));
    else
        page_search_write(&v->m, v->frame, &s, n != 0, &v->r->body);
}

void events_route(struct visit *v, struct str rest)
{
    struct str number = http_form_get(&v->form, "case");
    struct http_stream s = {.wanted = true};
    if (v->q->method != HTTP_GET || rest.n) {
        visit_no_page(v);
        return;
    }
    if ((number.n && vcase_by_number(v->w->desk, number, &s.case_id, &v->e) != RC_OK) ||
        str_copy(s.session, sizeof s.session, v->secret, "session", &v->e) != RC_OK) {
        visit_failed(v);
        return;
    }
    v->r->content_type = "text/event-stream";
    v->r->stream = s;
}
