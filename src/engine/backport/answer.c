/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answers for the release lines of a question.  Runs in the engine child and in commands;
 * everything in the repository is a stranger's.
 */
#include "engine/backport/answer.h"

#include <string.h>

#include "engine/backport/chain.h"
#include "os/clock.h"

struct answering {
    struct work *w;
    const struct port_question *q;
    struct arena *a;
    struct past_already **past; /* [fix][onto] */
    struct port_source *sources;
    size_t n_sources;
};

/* ---- What the histories say ---- */

static enum rc ask_past(struct answering *k, struct err *e)
{
    struct str *onto = arena_array(k->a, k->q->n_onto, sizeof *onto);
    k->past = arena_array(k->a, k->q->n_fix, sizeof *k->past);
    TRY(arena_ok(k->a, "the answer", e));
    for (size_t i = 0; i < k->q->n_onto; i++)
        onto[i] = str_c(k->q->onto[i].commit);
    for (size_t i = 0; i < k->q->n_fix; i++) {
        const struct past_ask ask = work_past(k->w, str_c(k->q->fix[i].commit), onto, k->q->n_onto);
        k->past[i] = arena_array(k->a, k->q->n_onto, sizeof *k->past[i]);
        TRY(arena_ok(k->a, "the answer", e));
        TRY(past_already(&ask, k->a, k->past[i], e));
    }
    return RC_OK;
}

/* Is the flaw in the line at all?  Asked only where no code could be carried over: it takes
 * long. */
static bool may_be_unaffected(const struct port_answer *v)
{
    for (size_t s = 0; s < v->n_steps; s++)
        for (size_t i = 0; i < v->steps[s].n; i++) {
            const struct step_file *f = &v->steps[s].files[i];
            if (f->f.class == CLASS_CODE && f->state == PORT_DECIDED)
                return false;
        }
    return v->verdict == PORT_NEEDS_PERSON && v->n_steps > 0;
}

static enum rc ask_affected(struct answering *k, size_t nth, struct port_answer *v, struct err *e)
{
    struct str onto = str_c(k->q->onto[nth].commit);
    struct past_affected *there = arena_array(k->a, k->q->n_fix, sizeof *there);
    TRY(arena_ok(k->a, "the answer", e));
    for (size_t i = 0; i < k->q->n_fix; i++) {
        const struct past_ask ask = work_past(k->w, str_c(k->q->fix[i].commit), &onto, 1);
        TRY(past_affected(&ask, 0, k->a, &there[i], e));
        if (there[i].affected)
            return RC_OK;
    }
    /* What was tried on text that is not there says nothing. */
    *v = (struct port_answer){.onto = v->onto,
                              .source = v->source,
                              .verdict = PORT_NOT_AFFECTED,
                              .why = there[0].why,
                              .absent = there,
                              .n_absent = k->q->n_fix};
    return RC_OK;
}

/* ---- Steps put together ---- */

static void add_rules(struct step_rules *to, const struct step_rules *from)
{
    for (size_t i = 0; i < from->n; i++)
        step_rule(to, from->v[i]);
}

static void add_candidates(struct port_answer *v, const struct step *s)
{
    for (size_t i = 0; i < s->n_candidates; i++) {
        bool have = v->n_candidates == ANSWER_CANDIDATES_MAX;
        for (size_t c = 0; c < v->n_candidates; c++)
            have = have || strcmp(v->candidates[c].tree, s->candidates[i].tree) == 0;
        if (!have)
            v->candidates[v->n_candidates++] = s->candidates[i];
    }
}

/* The commits of the fix one behind the other. Only of a single one there are other candidates: of
 * several, each would change what follows. */
static enum rc pick_fix(struct answering *k, size_t nth, struct port_answer *v, struct err *e)
{
    const char *tree = k->q->onto[nth].tree;
    v->steps = arena_array(k->a, k->q->n_fix, sizeof *v->steps);
    v->source = str_c("fix");
    v->verdict = PORT_ALREADY;
    TRY(arena_ok(k->a, "the answer", e));
    for (size_t i = 0; i < k->q->n_fix && v->verdict != PORT_NEEDS_PERSON; i++) {
        if (k->past[i][nth].state == PAST_YES)
            continue;
        struct step *s = &v->steps[v->n_steps++];
        TRY(step_run(k->w, &k->q->fix[i], v->source, tree, k->a, s, e));
        if (s->verdict >= v->verdict) {
            v->verdict = s->verdict;
            v->why = s->why;
        }
        add_rules(&v->rules, &s->rules);
        add_rules(&v->demoted, &s->demoted);
        if (s->tree[0])
            tree = s->tree;
        if (k->q->n_fix == 1)
            add_candidates(v, s);
    }
    bool candidate = v->verdict != PORT_ALREADY && v->verdict != PORT_NEEDS_PERSON;
    (void)snprintf(v->tree, sizeof v->tree, "%s", candidate ? tree : "");
    return RC_OK;
}

/* The step stands in place of those of the fix. */
static void take_step(struct port_answer *v, struct step *s, enum port_verdict verdict)
{
    v->steps = s;
    v->n_steps = 1;
    v->source = s->source;
    v->verdict = verdict;
    v->why = s->why;
    v->rules = s->rules;
    v->demoted = s->demoted;
    memcpy(v->tree, s->tree, sizeof v->tree);
}

/* Where the fix conflicts: the finished backports of the neighbours, nearest first. */
static enum rc pick_neighbours(struct answering *k, size_t nth, struct port_answer *v,
                               struct err *e)
{
    struct step_candidate own[ANSWER_CANDIDATES_MAX];
    size_t n_own = v->n_candidates;
    struct step mine = {.n_candidates = n_own};
    bool taken = false;
    const struct port_source *order[PORT_SETTLED_MAX + PORT_ONTO_MAX];
    size_t n = chain_sources(k->q->onto[nth].name, k->sources, k->n_sources, order);
    memcpy(own, v->candidates, n_own * sizeof *own);
    v->n_candidates = 0;
    for (size_t i = 0; i < n; i++) {
        struct step *s = arena_alloc(k->a, sizeof *s);
        TRY(arena_ok(k->a, "the answer", e));
        TRY(step_run(k->w, &order[i]->change, order[i]->onto, k->q->onto[nth].tree, k->a, s, e));
        if (s->verdict == PORT_ALREADY)
            continue;
        step_rule(&s->rules, "sibling");
        for (size_t c = 0; c < s->n_candidates; c++)
            step_rule(&s->candidates[c].rules, "sibling");
        add_candidates(v, s);
        if (s->verdict == PORT_CLEAN && !taken) {
            s->why = arena_strf(k->a, "the finished backport of %.*s applies as it is",
                                STR_ARG(s->source));
            take_step(v, s, PORT_RESOLVED);
            taken = true;
        }
    }
    memcpy(mine.candidates, own, n_own * sizeof *own);
    add_candidates(v, &mine);
    return arena_ok(k->a, "the answer", e);
}

static enum rc answer_line(struct answering *k, size_t nth, struct port_answer *v, struct err *e)
{
    bool all = true;
    for (size_t i = 0; i < k->q->n_fix; i++)
        all = all && k->past[i][nth].state == PAST_YES;
    if (all) {
        v->verdict = PORT_ALREADY;
        v->source = str_c("fix");
        v->already = &k->past[0][nth];
        v->why = v->already->why;
        return RC_OK;
    }
    TRY(pick_fix(k, nth, v, e));
    if (v->verdict > PORT_CLEAN)
        TRY(pick_neighbours(k, nth, v, e));
    if (may_be_unaffected(v))
        TRY(ask_affected(k, nth, v, e));
    return RC_OK;
}

/* A candidate of this run that can be trusted is a source for the lines behind it. */
static void add_source(struct answering *k, size_t nth, const struct port_answer *v)
{
    const struct port_onto *o = &k->q->onto[nth];
    if ((v->verdict != PORT_CLEAN && v->verdict != PORT_RESOLVED) || v->demoted.n)
        return;
    struct port_source *s = &k->sources[k->n_sources++];
    s->onto = o->name;
    memcpy(s->change.base, o->tree, sizeof o->tree);
    memcpy(s->change.fix, v->tree, sizeof v->tree);
}

static enum rc answer_nth(struct answering *k, size_t nth, struct port_answer *v, struct err *e)
{
    int64_t from_us = clock_mono_us();
    struct err why = ERR_INIT;
    v->onto = &k->q->onto[nth];
    v->candidates = arena_array(k->a, ANSWER_CANDIDATES_MAX, sizeof *v->candidates);
    TRY(arena_ok(k->a, "the answer", e));
    enum rc rc = answer_line(k, nth, v, &why);
    if (rc == RC_NOTFOUND || rc == RC_INVALID || rc == RC_LIMIT) {
        *v = (struct port_answer){.onto = v->onto, .verdict = PORT_NEEDS_PERSON};
        v->source = str_c("fix");
        v->why = arena_strf(k->a, "%s%s", rc == RC_NOTFOUND ? "history incomplete: " : "", why.msg);
    } else if (rc != RC_OK) {
        *e = why;
        return rc;
    }
    add_source(k, nth, v);
    bp_trim(k->w->store);
    v->us = clock_mono_us() - from_us;
    return arena_ok(k->a, "the answer", e);
}

enum rc port_answer_all(struct work *w, const struct port_question *q, struct arena *a,
                        struct port_answer **ret_v, struct err *e)
{
    struct answering k = {.w = w, .q = q, .a = a};
    size_t *order = arena_array(a, q->n_onto, sizeof *order);
    struct port_answer *v = arena_array(a, q->n_onto, sizeof *v);
    k.sources = arena_array(a, q->n_settled + q->n_onto, sizeof *k.sources);
    TRY(arena_ok(a, "the answer", e));
    for (size_t i = 0; i < q->n_settled; i++)
        k.sources[k.n_sources++] =
            (struct port_source){.onto = q->settled[i].onto, .change = q->settled[i].change};
    int64_t from_us = clock_mono_us();
    TRY(ask_past(&k, e));
    int64_t past_us = clock_mono_us() - from_us;
    chain_order(q, order);
    for (size_t i = 0; i < q->n_onto; i++) {
        if (w->options.progress)
            w->options.progress(w->options.progress_arg, "picking", i, q->n_onto);
        TRY(answer_nth(&k, order[i], &v[i], e));
        v[i].us += past_us / (int64_t)q->n_onto;
    }
    *ret_v = v;
    return RC_OK;
}
