/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the forms of the case page offer.  Runs in core; typed text comes back exactly as it came.
 */
#include "desk/people.h"
#include "web/page_case.h"

struct options {
    const struct maker *m;
    struct option_view *at;
    size_t n, max;
    struct str chosen; /* typed before an error */
};

static struct options options_begin(const struct maker *m, size_t max, struct str chosen)
{
    struct options o = {.m = m, .max = max, .chosen = chosen};
    o.at = arena_array(m->a, max, sizeof *o.at);
    if (o.at == NULL)
        o.max = 0;
    return o;
}

static void options_add(struct options *o, struct str value, struct str label)
{
    if (o->n < o->max)
        o->at[o->n++] = (struct option_view){value, label, str_eq(value, o->chosen)};
}

static struct str typed_in(const struct draft *d, const char *form, const char *name)
{
    return d->form && strcmp(d->form, form) == 0 ? http_form_get(d->typed, name) : STR_NONE;
}

static struct form_view form_of(const struct draft *d, const char *form, const char *a,
                                const char *b)
{
    return (struct form_view){
        .open = d->form && strcmp(d->form, form) == 0,
        .reason = typed_in(d, form, "reason"),
        .a = a ? typed_in(d, form, a) : STR_NONE,
        .b = b ? typed_in(d, form, b) : STR_NONE,
    };
}

static struct str letter(const struct maker *m, char c)
{
    return arena_strf(m->a, "%c", c);
}

static void people_fill(const struct maker *m, const struct view_case *c,
                        const struct case_extra *x, struct page_case *p)
{
    struct options o = options_begin(m, c->n_people, typed_in(&x->draft, "assign", "login"));
    for (size_t i = 0; i < c->n_people; i++) {
        const struct account *a = &c->people[i];
        if (!a->active || str_eq(a->login, c->handler))
            continue;
        struct str name = a->name.n ? a->name : a->login;
        options_add(&o, a->login,
                    arena_strf(m->a, "%.*s%s", STR_ARG(name), a->away ? " (away)" : ""));
    }
    p->people = o.at;
    p->n_people = o.n;
}

static void states_fill(const struct maker *m, const struct view_case *c,
                        const struct case_extra *x, struct page_case *p)
{
    char rm = c->rm.n ? c->rm.p[0] : 'S', em = c->em.n ? c->em.p[0] : 'N';
    struct options rms = options_begin(m, sizeof RM_STATES, typed_in(&x->draft, "rm", "rm"));
    for (const char *to = RM_STATES; *to; to++)
        if (*to != 'C' && rm_legal(rm, *to)) /* closing has a form of its own */
            options_add(&rms, letter(m, *to), str_c(rm_word(*to)));
    p->rms = rms.at;
    p->n_rms = rms.n;

    struct options ems = options_begin(m, EM_ACTS, typed_in(&x->draft, "em", "em"));
    for (int act = 0; act < EM_ACTS; act++)
        if (em_next(em, (enum em_act)act))
            options_add(&ems, str_c(em_act_name((enum em_act)act)),
                        str_c(em_act_name((enum em_act)act)));
    p->ems = ems.at;
    p->n_ems = ems.n;

    unsigned now = cs_parse(c->cs);
    struct options css = options_begin(m, CS_LEN, typed_in(&x->draft, "cs", "cs"));
    for (unsigned i = 0; i < CS_LEN; i++)
        if (!(now & 1u << i))
            options_add(&css, letter(m, "VFDPXA"[i]), str_c(cs_bit_word((enum cs_bit)(1u << i))));
    p->css = css.at;
    p->n_css = css.n;
}

static void lists_fill(const struct maker *m, const struct view_case *c, const struct case_extra *x,
                       struct page_case *p)
{
    static const char *const severities[] = {"", "low", "medium", "high", "critical"};
    struct str severity = x->draft.form && strcmp(x->draft.form, "set") == 0
                              ? typed_in(&x->draft, "set", "severity")
                              : c->severity;
    struct options s = options_begin(m, ARRAY_LEN(severities), severity);
    for (size_t i = 0; i < ARRAY_LEN(severities); i++)
        options_add(&s, str_c(severities[i]),
                    severities[i][0] ? str_c(severities[i]) : STR("not decided"));
    p->severities = s.at;
    p->n_severities = s.n;

    struct options f = options_begin(m, FACT_COUNT, typed_in(&x->draft, "fact", "fact"));
    for (int i = 0; i < FACT_COUNT; i++)
        options_add(&f, str_c(fact_name((enum fact)i)), str_c(fact_name((enum fact)i)));
    p->fact_names = f.at;
    p->n_fact_names = f.n;

    struct options e = options_begin(m, EXIT_COUNT, typed_in(&x->draft, "close", "exit"));
    for (int i = 0; i < EXIT_COUNT; i++)
        options_add(&e, str_c(exit_name((enum side_exit)i)),
                    i == EXIT_NONE ? STR("the work is done") : str_c(exit_text((enum side_exit)i)));
    p->exits = e.at;
    p->n_exits = e.n;

    struct str chosen = typed_in(&x->draft, "split", "thread");
    if (chosen.n == 0)
        chosen = typed_in(&x->draft, "move", "thread");
    struct options t = options_begin(m, p->n_threads, chosen);
    for (size_t i = 0; i < p->n_threads; i++)
        options_add(&t, arena_strf(m->a, "%lld", (long long)p->threads[i].id), p->threads[i].name);
    p->thread_names = t.at;
    p->n_thread_names = t.n;
}

void case_forms_fill(const struct maker *m, const struct view_case *c, const struct case_extra *x,
                     struct page_case *p)
{
    const struct draft *d = &x->draft;
    people_fill(m, c, x, p);
    states_fill(m, c, x, p);
    lists_fill(m, c, x, p);
    p->assign = form_of(d, "assign", NULL, NULL);
    p->set = form_of(d, "set", "title", NULL);
    if (!p->set.open)
        p->set.a = c->title;
    p->rm_form = form_of(d, "rm", NULL, NULL);
    p->em_form = form_of(d, "em", "until", NULL);
    p->cs_form = form_of(d, "cs", NULL, NULL);
    p->fact_form = form_of(d, "fact", "value", NULL);
    p->close = form_of(d, "close", NULL, NULL);
    p->join = form_of(d, "join", "case", NULL);
    p->split = form_of(d, "split", "title", NULL);
    p->move = form_of(d, "move", "to", NULL);
    p->invite = form_of(d, "invite", "name", "email");
}
