/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The case page: conversations, notes, history, facts.  Runs in core; everything a reporter wrote
 * is hostile, the template escapes it.
 */
#include "web/page_case.h"

#include "base/json.h"
#include "base/when.h"
#include "web/page_audit.h"
#include "web/page_write.h"
#include "web/templates.h"

static const char *role_words(struct str role)
{
    static const char *const known[] = {"reporter", "finder", "vendor", "coordinator", "observer"};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eq(role, str_c(known[i])))
            return known[i];
    return "participant";
}

/* ---- conversations ---- */

/* The subject of a message is said once: where it differs from the conversation's. */
static struct str bare_subject(struct str s)
{
    for (;;) {
        s = str_trim(s);
        if (str_starts_nocase(s, STR("re:")) || str_starts_nocase(s, STR("aw:")))
            s = str_sub(s, 3, s.n);
        else if (str_starts_nocase(s, STR("fwd:")))
            s = str_sub(s, 4, s.n);
        else if (s.n && s.p[0] == '[' && str_chr(s, ']') != STR_NPOS)
            s = str_sub(s, str_chr(s, ']') + 1, s.n);
        else
            return s;
    }
}

static void subjects_once(struct thread_view *t, struct str subject)
{
    for (size_t i = 0; i < t->n_messages; i++)
        if (str_eq_nocase(bare_subject(t->messages[i].subject), bare_subject(subject)))
            t->messages[i].subject = STR_NONE;
}

static struct thread_view thread_of(const struct maker *m, const struct view_case *c,
                                    const struct view_thread *t, const struct case_extra *x,
                                    struct str base)
{
    struct thread_view v = {
        .id = t->id,
        .name = t->name.n ? t->name : t->email,
        .email = t->email,
        .role = str_c(role_words(t->role)),
        .subject = t->subject,
        .is_waiting = t->waiting_us != 0,
        .waiting = time_view_of(m, t->waiting_us),
        .by_mail = t->email.n > 0,
        .can_write = c->joined_into.n == 0,
        .write = writing_of(m, c, t, x),
    };
    if (v.name.n == 0)
        v.name = STR("an unnamed reporter");
    v.messages = message_views_of(m, t->messages, t->n_messages, base);
    v.n_messages = v.messages ? t->n_messages : 0;
    subjects_once(&v, t->subject.n ? t->subject : c->title);
    clock_views_of(m, c->clocks, c->n_clocks, t->id, &v.clocks, &v.n_clocks);
    return v;
}

/* A reply in its minute has a form of its own; what came since the last visit says so. */
static void marks_of(const struct page_case *p, const struct view_case *c, struct thread_view *t)
{
    for (size_t i = 0; i < t->n_messages; i++) {
        t->messages[i].fresh = c->seen && t->messages[i].in && t->messages[i].id > c->seen;
        t->messages[i].number = p->number;
        t->messages[i].csrf = p->frame.csrf;
    }
}

static void threads_of(const struct maker *m, const struct view_case *c, const struct case_extra *x,
                       struct str base, struct page_case *p)
{
    p->threads = arena_array(m->a, c->n_threads, sizeof *p->threads);
    p->n_threads = p->threads ? c->n_threads : 0;
    p->many = p->n_threads > 1;
    for (size_t i = 0; i < p->n_threads; i++) {
        p->threads[i] = thread_of(m, c, &c->threads[i], x, base);
        marks_of(p, c, &p->threads[i]);
    }
}

/* All texts of a page share a budget, so that one sender cannot make it endless. */
static size_t body_max_of(const struct view_case *c)
{
    size_t all = 0, n = c->n_notes + c->n_held;
    for (size_t t = 0; t < c->n_threads; t++) {
        n += c->threads[t].n_messages;
        for (size_t i = 0; i < c->threads[t].n_messages; i++)
            all += c->threads[t].messages[i].body.n;
    }
    for (size_t i = 0; i < c->n_notes; i++)
        all += c->notes[i].body.n;
    for (size_t i = 0; i < c->n_held; i++)
        all += c->held[i].body.n;
    if (all <= WORDS_PAGE_MAX)
        return 0;
    size_t each = WORDS_PAGE_MAX / n;
    each = each < WORDS_BODY_MAX ? each : WORDS_BODY_MAX;
    return each > WORDS_BODY_MIN ? each : WORDS_BODY_MIN;
}

/* ---- history and people ---- */

/* "handler:ada" -> "ada"; the others are words already. */
static struct str actor_words(struct str actor)
{
    if (str_starts(actor, STR("handler:")))
        return str_sub(actor, 8, actor.n);
    if (str_starts(actor, STR("reporter:")))
        return STR("reporter");
    if (str_starts(actor, STR("cli:")))
        return STR("command line");
    return STR("desk");
}

static struct event_view event_of(const struct maker *m, const struct view_case *c,
                                  const struct view_event *e)
{
    return (struct event_view){
        .at = time_view_of(m, e->at_us),
        .who = actor_words(e->actor),
        .text = view_event_text(m->a, e->kind, e->payload),
        .number = str_eq(e->number, c->number) ? STR_NONE : e->number,
    };
}

void page_history_write(const struct maker *m, struct page_frame frame, const struct view_case *c,
                        struct buf *out)
{
    struct page_history p = {
        .frame = frame, .number = c->number, .title = c->title, .more = c->more};
    p.frame.title = arena_strf(m->a, "%.*s, everything that was recorded", STR_ARG(c->number));
    p.events = arena_array(m->a, c->n_events, sizeof *p.events);
    p.n_events = p.events ? c->n_events : 0;
    /* The newest on top. */
    for (size_t i = 0; i < p.n_events; i++)
        p.events[i] = event_of(m, c, &c->events[c->n_events - 1 - i]);
    tpl_history(out, &p);
}

/* Not in the timeline: what the messages around say already, and what the desk did by itself. */
static bool is_noise(const struct view_event *e)
{
    static const char *const kinds[] = {"message.",      "note.",           "ack.",
                                        "clock.started", "clock.met",       "clock.paused",
                                        "clock.resumed", "clock.cancelled", "mail.sent",
                                        "thread.opened"};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_starts(e->kind, str_c(kinds[i])))
            return true;
    static const char *const by_itself[] = {"case.opened", "case.fact", "case.rm", "case.cs",
                                            "participant.added"};
    for (size_t i = 0; i < ARRAY_LEN(by_itself) && str_eq(e->actor, STR("machine")); i++)
        if (str_eq(e->kind, str_c(by_itself[i])))
            return true;
    return false;
}

struct dated {
    int64_t at_us;
    size_t nth; /* keeps what is of one moment in order */
    struct item_view item;
};

static int by_time(const void *a, const void *b)
{
    const struct dated *x = a, *y = b;
    if (x->at_us != y->at_us)
        return x->at_us < y->at_us ? -1 : 1;
    return x->nth < y->nth ? -1 : x->nth > y->nth;
}

static void put_message(struct dated *d, size_t *n, const struct message_view *m, int64_t at_us)
{
    d[*n] = (struct dated){.at_us = at_us, .nth = *n, .item = {.is_message = true, .message = *m}};
    ++*n;
}

/* In a long talk the middle is folded: the report and the newest messages stand open. */
#define OPEN_LAST  6
#define FOLD_ABOVE 10
static void fold_middle(struct item_view *items, size_t n)
{
    size_t messages = 0, seen = 0;
    for (size_t i = 0; i < n; i++)
        messages += items[i].is_message;
    for (size_t i = 0; i < n && messages > FOLD_ABOVE; i++) {
        if (!items[i].is_message)
            continue;
        seen++;
        items[i].is_old = seen > 1 && seen + OPEN_LAST <= messages && !items[i].message.may_undo &&
                          !items[i].message.fresh;
    }
}

/* Places of an audit that one person judged in a row are one line. */
struct judging {
    const struct view_event *last;
    size_t at, decisions, joined; /* at: of its item */
};

static bool judges(const struct view_event *e, struct judging *g)
{
    bool decided = str_eq(e->kind, STR("audit.decided")) || str_eq(e->kind, STR("audit.undecided"));
    bool joined = str_eq(e->kind, STR("audit.joined"));
    if (!decided && !joined)
        return false;
    g->decisions += decided;
    g->joined += joined;
    return true;
}

static bool goes_on(const struct judging *g, const struct view_event *e)
{
    int64_t apart = g->last ? e->at_us - g->last->at_us : 0;
    return g->last && str_eq(g->last->actor, e->actor) && apart < US_PER_H && apart > -US_PER_H;
}

static struct str judging_words(const struct maker *m, const struct judging *g)
{
    struct str joined = g->joined ? arena_strf(m->a, ", %zu joined the case", g->joined) : STR_NONE;
    return arena_strf(m->a, "similar code: %zu decision%s%.*s", g->decisions,
                      g->decisions == 1 ? "" : "s", STR_ARG(joined));
}

static void put_event(const struct maker *m, const struct view_case *c, const struct view_event *e,
                      struct dated *d, size_t *n, struct judging *g)
{
    bool same = goes_on(g, e);
    if (!same)
        *g = (struct judging){.at = *n};
    if (!judges(e, g))
        *g = (struct judging){.at = *n};
    else if (same) {
        d[g->at].item.event.text = judging_words(m, g);
        g->last = e;
        return;
    } else {
        g->last = e;
    }
    d[*n] = (struct dated){.at_us = e->at_us, .nth = *n, .item = {.event = event_of(m, c, e)}};
    (*n)++;
}

/* With one conversation everything stands in it; with several ones the notes and changes do. */
static void items_of(const struct maker *m, const struct view_case *c, struct str base,
                     struct page_case *p)
{
    size_t max = c->n_notes + c->n_events, n = 0;
    if (!p->many && p->n_threads)
        max += p->threads[0].n_messages;
    struct dated *d = arena_array(m->a, max, sizeof *d);
    p->items = arena_array(m->a, max, sizeof *p->items);
    if (d == NULL || p->items == NULL)
        return;
    for (size_t i = 0; !p->many && p->n_threads && i < p->threads[0].n_messages; i++)
        put_message(d, &n, &p->threads[0].messages[i], c->threads[0].messages[i].received_us);
    struct message_view *notes = message_views_of(m, c->notes, c->n_notes, base);
    for (size_t i = 0; notes && i < c->n_notes; i++)
        put_message(d, &n, &notes[i], c->notes[i].received_us);
    struct judging g = {.last = NULL};
    for (size_t i = 0; i < c->n_events; i++)
        if (!is_noise(&c->events[i]))
            put_event(m, c, &c->events[i], d, &n, &g);
    qsort(d, n, sizeof *d, by_time);
    for (size_t i = 0; i < n; i++)
        p->items[i] = d[i].item;
    p->n_items = n;
    fold_middle(p->items, n);
}

/* The promise that runs out first. */
static void next_of(const struct maker *m, const struct view_case *c, struct page_case *p)
{
    const struct view_clock *next = NULL;
    for (size_t i = 0; i < c->n_clocks; i++) {
        const struct view_clock *k = &c->clocks[i];
        bool counts = str_eq(k->state, STR("running")) || k->overdue;
        if (counts && (next == NULL || k->due_us < next->due_us))
            next = k;
    }
    p->has_next = next != NULL;
    if (next)
        p->next = clock_view_of(m, next);
}

static void participants_of(const struct maker *m, const struct view_case *c, struct page_case *p)
{
    p->participants = arena_array(m->a, c->n_participants, sizeof *p->participants);
    p->n_participants = p->participants ? c->n_participants : 0;
    for (size_t i = 0; i < p->n_participants; i++) {
        const struct view_participant *v = &c->participants[i];
        struct str name = v->name.n ? v->name : v->email;
        p->participants[i] = (struct participant_view){
            .name = v->ours  ? STR("We")
                    : name.n ? name
                             : STR("unnamed"),
            .email = v->name.n && !v->ours ? v->email : STR_NONE,
            .role = str_c(role_words(v->role)),
            .rm = v->rm_word,
        };
    }
}

/* ---- facts ---- */

static const char *fact_words(enum fact f)
{
    static const char *const words[FACT_COUNT] = {
        [FACT_ACKNOWLEDGED] = "Acknowledged",
        [FACT_EVIDENCE] = "Evidence",
        [FACT_SCOPED] = "Affected versions",
        [FACT_AUDITED] = "Audit signed off by",
        [FACT_LINES] = "Lines that need the fix",
        [FACT_FIXES] = "Lines with the fix",
        [FACT_WAIVED] = "Lines waived",
        [FACT_CVE] = "CVE",
        [FACT_RELEASE] = "Release at",
        [FACT_ADVISORY_BY] = "Advisory written by",
        [FACT_ADVISORY_APPROVED] = "Advisory approved by",
        [FACT_FORMATS_OUT] = "All formats published",
        [FACT_POST_RELEASE] = "Follow-up runs",
    };
    return words[f];
}

static struct str fact_value_words(const struct maker *m, enum fact f, struct str value)
{
    uint64_t n;
    if (f == FACT_RELEASE && num_parse(value, 0, INT64_MAX, "time", &n, NULL) == RC_OK)
        return time_view_of(m, (int64_t)n).exact;
    return value;
}

static void facts_of(const struct maker *m, const struct view_case *c, struct page_case *p)
{
    p->facts = arena_array(m->a, c->n_facts, sizeof *p->facts);
    p->n_facts = p->facts ? c->n_facts : 0;
    for (size_t i = 0; i < p->n_facts; i++) {
        enum fact f;
        const struct view_fact *v = &c->facts[i];
        if (fact_parse(v->name, &f, NULL) == RC_OK)
            p->facts[i] =
                (struct fact_view){str_c(fact_words(f)), fact_value_words(m, f, v->value)};
        else
            p->facts[i] = (struct fact_view){v->name, v->value};
    }
}

/* The facts that hold, in words: "vendor aware, fix ready". */
static struct str cs_words(const struct maker *m, struct str cs)
{
    AUTO(buf) struct buf b = BUF_INIT(200);
    unsigned bits = cs_parse(cs);
    for (unsigned bit = CS_V; bit <= CS_A; bit <<= 1)
        if (bits & bit)
            buf_addf(&b, "%s%s", b.n ? ", " : "", cs_bit_word((enum cs_bit)bit));
    return b.n ? arena_str(m->a, buf_str(&b)) : STR("nothing yet");
}

static struct str affected_line(const struct maker *m, const struct view_case *c)
{
    struct str state = c->affected_state;
    if (str_eq(state, STR("asked")))
        return c->affected_summary.n
                   ? arena_strf(m->a, "%.*s (being read again)", STR_ARG(c->affected_summary))
                   : STR("the history is being read");
    if (str_eq(state, STR("failed")))
        return STR("no answer; look at the reason");
    return c->affected_summary;
}

static struct str audit_line(const struct maker *m, const struct view_case *c)
{
    const struct view_audit_line *v = &c->audit;
    if (str_eq(v->state, STR("asked")))
        return v->summary.n ? arena_strf(m->a, "%.*s (being searched again)", STR_ARG(v->summary))
                            : STR("the code is being searched");
    if (str_eq(v->state, STR("failed")))
        return STR("no answer; look at the reason");
    return v->signed_off ? arena_strf(m->a, "%.*s, signed off", STR_ARG(v->summary)) : v->summary;
}

static struct str backport_line(const struct maker *m, const struct view_case *c)
{
    const struct view_backport_sum *v = &c->backport;
    if (str_eq(v->state, STR("asked")))
        return v->summary.n
                   ? arena_strf(m->a, "%.*s (being brought to the lines)", STR_ARG(v->summary))
                   : STR("the fix is being brought to the lines");
    if (str_eq(v->state, STR("failed")))
        return STR("no answer; look at the reason");
    return v->summary;
}

static void parts_of(const struct maker *m, const struct view_case *c, struct page_case *p)
{
    p->parts = arena_array(m->a, c->n_parts + 1, sizeof *p->parts);
    for (size_t i = 0; p->parts && i < c->n_parts; i++)
        p->parts[p->n_parts++] = (struct case_part_view){
            c->parts[i].part, audit_title(m, c->parts[i].repo, c->parts[i].path, c->parts[i].line),
            str_c(c->parts[i].state), c->parts[i].affected_summary};
}

void page_case_write(const struct maker *m, struct page_frame frame, const struct view_case *c,
                     const struct case_extra *extra, struct buf *out)
{
    struct str base = arena_strf(m->a, "/case/%.*s", STR_ARG(c->number));
    struct page_case p = {
        .frame = frame,
        .number = c->number,
        .title = c->title.n ? c->title : STR("(no title)"),
        .phase = c->phase,
        .severity = c->severity,
        .exit = c->exit,
        .exit_reason = c->exit_reason,
        .joined_into = c->joined_into,
        .affected = affected_line(m, c),
        .audit = audit_line(m, c),
        .backport = backport_line(m, c),
        .handler = c->handler_name.n ? c->handler_name : c->handler,
        .rm = c->rm_word,
        .em = c->em_word,
        .cs = cs_words(m, c->cs),
        .opened = time_view_of(m, c->opened_us),
        .changed = time_view_of(m, c->changed_us),
        .closed = time_view_of(m, c->closed_us),
        .embargo = time_view_of(m, c->embargo_until_us),
        .erased = time_view_of(m, c->erased_us),
        .erased_by = actor_words(c->erased_by),
        .is_erased = c->erased_us != 0,
        .has_embargo = c->embargo_until_us != 0,
        .should_end_embargo = c->should_end_embargo,
        .is_closed = c->closed_us != 0,
        .is_escalated = c->escalated != 0,
        .more = c->more,
        .aliases = c->aliases,
        .n_aliases = c->n_aliases,
    };
    p.frame.title = arena_strf(m->a, "%.*s %.*s", STR_ARG(c->number), STR_ARG(p.title));
    struct maker fitted = *m;
    fitted.body_max = body_max_of(c);
    m = &fitted;
    steps_of(m, c->phase_name, &p.steps, &p.n_steps);
    threads_of(m, c, extra, base, &p);
    parts_of(m, c, &p);
    p.n_events = c->n_events;
    items_of(m, c, base, &p);
    next_of(m, c, &p);
    p.note_write = writing_of(m, c, NULL, extra);
    writers_of(m, c, &p.writers, &p.n_writers);
    canned_options(m, extra->canned, &p.canned, &p.n_canned);
    if (p.n_threads == 1)
        p.reporter = p.threads[0].name;
    p.held = message_views_of(m, c->held, c->n_held, STR("/held"));
    p.n_held = p.held ? c->n_held : 0;
    participants_of(m, c, &p);
    facts_of(m, c, &p);
    case_forms_fill(m, c, extra, &p);
    for (size_t i = 0; i < p.n_fact_names; i++) {
        enum fact f;
        if (fact_parse(p.fact_names[i].value, &f, NULL) == RC_OK)
            p.fact_names[i].label = str_c(fact_words(f));
    }
    tpl_case(out, &p);
}
