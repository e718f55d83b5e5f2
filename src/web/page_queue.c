/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue.  Runs in core; titles are what reporters wrote, the template escapes them.
 */
#include "web/pages.h"
#include "web/templates.h"

static void tabs_of(const struct maker *m, const struct view_queue *q, enum queue_which which,
                    struct page_queue *p)
{
    const struct tab_view tabs[] = {
        {"Open", "/", q->open, true, which == QUEUE_OPEN},
        {"Mine", "/?show=mine", q->mine, true, which == QUEUE_MINE},
        {"Closed", "/?show=closed", 0, false, which == QUEUE_CLOSED},
        {"All", "/?show=all", 0, false, which == QUEUE_ALL},
    };
    p->tabs = arena_array(m->a, ARRAY_LEN(tabs), sizeof *p->tabs);
    if (p->tabs == NULL)
        return;
    memcpy(p->tabs, tabs, sizeof tabs);
    p->n_tabs = ARRAY_LEN(tabs);
}

static struct queue_row_view row_of(const struct maker *m, const struct view_queue_row *r,
                                    struct str login)
{
    struct queue_row_view v = {
        .number = r->number,
        .title = r->title.n ? r->title : STR("(no title)"),
        .phase = r->phase,
        .exit = r->exit,
        .severity = r->severity,
        .handler = r->handler_name.n ? r->handler_name : r->handler,
        .opened = time_view_of(m, r->opened_us),
        .overdue = r->next.overdue,
        .mine = login.n > 0 && str_eq(r->handler, login),
        .needs_answer = r->needs_answer,
        .waiting = r->waiting,
        .escalated = r->escalated != 0,
        .failed = r->failed,
        .held = r->held,
    };
    if (r->next.id) {
        v.next_what = str_c(clock_kind_words(r->next.kind));
        v.next = time_view_of(m, r->next.due_us);
    }
    return v;
}

static const char *empty_words(enum queue_which which)
{
    switch (which) {
    case QUEUE_MINE:
        return "No open case is yours. The others are one tab to the left.";
    case QUEUE_CLOSED:
        return "No case has been closed yet.";
    default:
        return "No open cases. New reports appear here by themselves.";
    }
}

void page_queue_write(const struct maker *m, struct page_frame frame, const struct view_queue *q,
                      enum queue_which which, struct str login, struct buf *out)
{
    struct page_queue p = {
        .frame = frame,
        .more = q->more,
        .overdue = q->overdue,
        .empty = empty_words(which),
    };
    p.frame.title = STR("Cases");
    p.frame.at_queue = true;
    p.frame.held = q->held;
    tabs_of(m, q, which, &p);
    p.rows = arena_array(m->a, q->n, sizeof *p.rows);
    p.n_rows = p.rows ? q->n : 0;
    for (size_t i = 0; i < p.n_rows; i++)
        p.rows[i] = row_of(m, &q->rows[i], login);
    tpl_queue(out, &p);
}
