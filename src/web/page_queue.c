/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue.  Runs in core; titles are what reporters wrote, the template escapes them.
 */
#include "desk/people.h"
#include "web/pages.h"
#include "web/templates.h"

#define HREF_MAX 1024

static const struct {
    const char *word, *label;
} states[QUEUE_STATES] = {
    [QUEUE_ANY] = {"", "Any"},
    [QUEUE_OVERDUE] = {"overdue", "Overdue"},
    [QUEUE_UNREAD] = {"unread", "New for you"},
    [QUEUE_ANSWER] = {"answer", "Waits for our answer"},
    [QUEUE_WAITING] = {"waiting", "We wait for an answer"},
};

enum queue_state queue_state_known(struct str word)
{
    int i = QUEUE_ANY;
    while (i < QUEUE_STATES && !str_eq(word, str_c(states[i].word)))
        i++;
    return (enum queue_state)i;
}

static const char *show_of(enum queue_which which)
{
    static const char *const words[] = {
        [QUEUE_OPEN] = NULL, [QUEUE_MINE] = "mine", [QUEUE_CLOSED] = "closed", [QUEUE_ALL] = "all"};
    return words[which];
}

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

/* ---- the filter ---- */

static void option(struct option_view *o, size_t *n, struct str value, struct str label,
                   struct str now)
{
    if (o)
        o[(*n)++] = (struct option_view){value, label, str_eq(value, now)};
}

/* "fix_ready" is "Fix ready" for people. */
static struct str phase_words(const struct maker *m, struct str name)
{
    struct str s = arena_str(m->a, name);
    char *p = (char *)s.p;
    for (size_t i = 0; i < s.n; i++)
        if (p[i] == '_' || p[i] == '-')
            p[i] = ' ';
    if (s.n && p[0] >= 'a' && p[0] <= 'z')
        p[0] = (char)(p[0] - 'a' + 'A');
    return s;
}

static void filter_of(const struct maker *m, const struct queue_extra *x, struct page_queue *p)
{
    static const char *const severities[][2] = {{"", "Any"},      {"critical", "Critical"},
                                                {"high", "High"}, {"medium", "Medium"},
                                                {"low", "Low"},   {QUEUE_UNRATED, "Not rated"}};
    const struct queue_query *q = x->asked;
    p->handlers = arena_array(m->a, x->n_people + 1, sizeof *p->handlers);
    option(p->handlers, &p->n_handlers, STR_NONE, STR("Anybody"), q->handler);
    for (size_t i = 0; i < x->n_people; i++)
        if (x->people[i].active || str_eq(x->people[i].login, q->handler))
            option(p->handlers, &p->n_handlers, x->people[i].login, x->people[i].name, q->handler);
    p->phases = arena_array(m->a, PHASE_COUNT + 1, sizeof *p->phases);
    option(p->phases, &p->n_phases, STR_NONE, STR("Any"), q->phase);
    for (int i = 0; i < PHASE_COUNT; i++) {
        struct str name = str_c(phase_name((enum phase)i));
        option(p->phases, &p->n_phases, name, phase_words(m, name), q->phase);
    }
    p->severities = arena_array(m->a, ARRAY_LEN(severities), sizeof *p->severities);
    for (size_t i = 0; i < ARRAY_LEN(severities); i++)
        option(p->severities, &p->n_severities, str_c(severities[i][0]), str_c(severities[i][1]),
               q->severity);
    p->states = arena_array(m->a, QUEUE_STATES, sizeof *p->states);
    for (int i = 0; i < QUEUE_STATES; i++)
        option(p->states, &p->n_states, str_c(states[i].word), str_c(states[i].label),
               str_c(states[q->state].word));
    p->by_handler = q->which != QUEUE_MINE;
    p->filtered = (q->handler.n && p->by_handler) || q->phase.n || q->severity.n || q->state;
}

static void add_part(struct buf *b, const char *name, struct str value)
{
    if (value.n == 0)
        return;
    buf_addf(b, "%c%s=", b->n == 1 ? '?' : '&', name);
    html_urlpart(b, value);
}

static struct str href_of(const struct maker *m, const struct queue_query *q, bool filtered,
                          struct str after)
{
    AUTO(buf) struct buf b = BUF_INIT(HREF_MAX);
    buf_addc(&b, '/');
    add_part(&b, "show", str_c(show_of(q->which)));
    if (filtered) {
        add_part(&b, "handler", q->handler);
        add_part(&b, "phase", q->phase);
        add_part(&b, "severity", q->severity);
        add_part(&b, "state", str_c(states[q->state].word));
    }
    add_part(&b, "after", after);
    return b.over ? STR("/") : arena_str(m->a, buf_str(&b));
}

/* ---- rows ---- */

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
        .needs_answer = r->needs_answer && r->closed_us == 0,
        .waiting = r->waiting,
        .escalated = r->escalated != 0,
        .failed = r->failed,
        .held = r->held,
        .unread = r->unread,
    };
    if (r->next.id) {
        v.next_what = str_c(clock_kind_words(r->next.kind));
        v.next = time_view_of(m, r->next.due_us);
    }
    return v;
}

static const char *empty_words(enum queue_which which, bool filtered)
{
    if (filtered)
        return "No case is like that.";
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
                      const struct queue_extra *x, struct buf *out)
{
    const struct queue_query *asked = x->asked;
    struct page_queue p = {
        .frame = frame,
        .show = show_of(asked->which),
        .overdue = q->overdue,
        .first = STR_NONE,
        .next = STR_NONE,
    };
    p.frame.title = STR("Cases");
    p.frame.at_queue = true;
    tabs_of(m, q, asked->which, &p);
    filter_of(m, x, &p);
    p.empty = empty_words(asked->which, p.filtered || asked->after.n);
    p.all = href_of(m, asked, false, STR_NONE);
    if (asked->after.n)
        p.first = href_of(m, asked, true, STR_NONE);
    if (q->more)
        p.next = href_of(m, asked, true, q->next);
    p.rows = arena_array(m->a, q->n, sizeof *p.rows);
    p.n_rows = p.rows ? q->n : 0;
    for (size_t i = 0; i < p.n_rows; i++)
        p.rows[i] = row_of(m, &q->rows[i], x->login);
    tpl_queue(out, &p);
}
