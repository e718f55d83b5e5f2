/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reporter sees: the state in words, the conversation, a way to answer.  Runs in core.  No
 * names of team members, no notes, nothing of other reporters: the read model does not hold them.
 */
#include "web/pages.h"
#include "web/templates.h"

/* The phases as a reporter cares for them; phase is the desk's text of it. */
static const struct {
    const char *phase; /* begins with */
    int step;
    const char *what, *next;
} words[] = {
    {"Received", 0, "We have your report",
     "It is stored safely and has a number. The acknowledgement is on its way."},
    {"Acknowledged", 0, "We have your report",
     "A member of the team reads it next and answers you."},
    {"Assigned", 0, "A member of the team has your report",
     "It is being checked. You will get an answer with the next steps."},
    {"Confirmed", 1, "We could confirm the problem", "Next we decide how to treat it."},
    {"Accepted", 1, "We are working on it", "Next we find out which versions are affected."},
    {"Scoped", 2, "We know which versions are affected", "Next we look for similar problems."},
    {"Audited", 2, "We have looked for similar problems", "Next come the fixes."},
    {"Fix ready", 4, "The fix is ready", "Next we set the date of its release."},
    {"Fix", 3, "The fixes are being made", "We will tell you when they are ready."},
    {"Scheduled", 4, "The release is scheduled", "We will publish at the agreed time."},
    {"Published", 5, "It is published", "Thank you for your help."},
    {"Post-release", 5, "It is published", "We follow how the fix reaches people."},
    {"Closed", 5, "The case is closed", "Thank you for your help."},
};

static const char *const step_names[] = {"Received",  "Confirmed", "Examined",
                                         "In repair", "Repaired",  "Published"};

static size_t words_find(struct str phase)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_starts_nocase(phase, str_c(words[i].phase)))
            return i;
    return 0;
}

static void steps_fill(const struct maker *m, int now, struct page_reporter *p)
{
    p->steps = arena_array(m->a, ARRAY_LEN(step_names), sizeof *p->steps);
    p->n_steps = p->steps ? ARRAY_LEN(step_names) : 0;
    for (size_t i = 0; i < p->n_steps; i++)
        p->steps[i] = (struct step_view){
            .name = step_names[i],
            .done = (int)i < now,
            .current = (int)i == now,
        };
}

/* From the other side: what is ours is "we", what is theirs is "you"; how we judged the sender and
 * what our mail server said is not for them. */
static void turn_round(struct message_view *v, struct str desk)
{
    v->trust = v->ack = v->held = STR_NONE;
    v->n_outs = 0;
    v->raw = false;
    if (v->in) {
        v->who = STR("You");
        v->addr = STR_NONE;
    } else {
        v->who = desk;
    }
}

/* Only what the policy itself promises: the team's own times are no promise to anybody. */
static void promises_fill(const struct maker *m, const struct view_reporter *r,
                          struct page_reporter *p)
{
    struct view_clock *promised = arena_array(m->a, r->n_clocks, sizeof *promised);
    size_t n = 0;
    for (size_t i = 0; promised && i < r->n_clocks; i++)
        if (str_eq(r->clocks[i].source, STR("policy")))
            promised[n++] = r->clocks[i];
    clock_views_of(m, promised, n, 0, &p->clocks, &p->n_clocks);
}

void page_reporter_write(const struct maker *m, struct page_frame frame,
                         const struct view_reporter *r, const struct reporter_form *f,
                         struct buf *out)
{
    size_t w = words_find(r->phase);
    struct page_reporter p = {
        .frame = frame,
        .number = r->number,
        .phase = r->exit.n ? r->exit : r->phase,
        .what = str_c(words[w].what),
        .next = r->exit.n ? STR_NONE : str_c(words[w].next),
        .exit = r->exit,
        .exit_reason = r->exit_reason,
        .embargo = r->embargo,
        .credit_asked = str_eq(r->credit, STR("asked")),
        .credit_open = r->credit.n > 0 && !r->exit.n,
        .opened = time_view_of(m, r->opened_us),
        .is_closed = r->closed_us != 0,
        .anonymous = r->anonymous,
        .third_component = r->third_component,
        .third_maintainer = r->third_maintainer,
        .filing = f->filing,
        .draft = f->draft,
        .token = f->token,
        .again = f->again,
        .max_files = f->max_files,
        .max_mb = f->max_mb,
    };
    p.frame.refresh = f->filing > 0;
    p.frame.title = arena_strf(m->a, "Your report %.*s", STR_ARG(r->number));
    if (!r->exit.n)
        steps_fill(m, words[w].step, &p);
    promises_fill(m, r, &p);
    const struct view_thread *t = &r->thread;
    p.messages = message_views_of(m, t->messages, t->n_messages, STR("/report"));
    p.n_messages = p.messages ? t->n_messages : 0;
    for (size_t i = 0; i < p.n_messages; i++) {
        turn_round(&p.messages[i], m->desk);
        p.messages[i].subject = STR_NONE;
    }
    tpl_reporter(out, &p);
}
