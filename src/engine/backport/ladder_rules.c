/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules: what to do where changes of both sides meet.  Runs in the engine child.
 */
#include <string.h>

#include "engine/backport/ladder_inside.h"

static bool same_words(const struct place *p, enum side x, struct range a, enum side y,
                       struct range b)
{
    return a.to - a.from == b.to - b.from &&
           memcmp(p->ids[x] + a.from, p->ids[y] + b.from, (a.to - a.from) * sizeof *p->ids[x]) == 0;
}

static void choose(struct knot *k, enum ladder_state state, const char *rule, const char *why)
{
    k->state = state;
    k->rule = rule;
    k->why = why;
}

static void worse(struct knot *k, enum ladder_state state, const char *rule, const char *why)
{
    if (state > k->state)
        choose(k, state, rule, why);
}

static void ways(struct knot *k, uint8_t a, uint8_t b, uint8_t c)
{
    k->way[0] = a;
    k->way[1] = b;
    k->way[2] = c;
    k->n_ways = 3;
}

/* How an edit of the fix meets edits of the release. */
struct meeting {
    bool in_gone;      /* all of it stands in text that the release lacks */
    bool over_gone;    /* a part of what it changes is text that the release lacks */
    bool over_changed; /* what it changes, or where it adds, is text that the release changed */
    bool inside;       /* the release adds in the middle of what it changes */
    bool by_gone, by_changed, by_added; /* only touches such a place */
    bool by_torn;                       /* and a bracket went there without its partner */
};

/* Brackets that the release lacks without their partners: a block is another one there. */
static bool torn(const struct place *p, const struct edit *r)
{
    static const char open[] = "([{", close[] = ")]}";
    int depth[3] = {0};
    bool low = false;
    for (uint32_t i = r->b0; i < r->b1; i++) {
        const struct word *w = &p->w[BASE].v[i];
        if (w->kind != WORD_PUNCT || w->len != 1)
            continue;
        for (int b = 0; b < 3; b++) {
            char c = p->t->text[BASE].p[w->at];
            depth[b] += (c == open[b]) - (c == close[b]);
            low |= depth[b] < 0;
        }
    }
    return low || depth[0] != 0 || depth[1] != 0 || depth[2] != 0;
}

static struct meeting meet(const struct place *p, const struct edit *f, const struct edit *r,
                           uint32_t n)
{
    struct meeting m = {0};
    for (uint32_t i = 0; i < n; i++, r++) {
        bool goes = r->b1 > r->b0, comes = r->x1 > r->x0;
        if (r->b0 > f->b1 || r->b1 < f->b0)
            continue;
        if (!goes) {
            bool middle = f->b0 < r->b0 && r->b0 < f->b1;
            m.inside |= middle;
            m.by_added |= !middle;
        } else if (r->b1 <= f->b0 || r->b0 >= f->b1) {
            bool in = f->b0 == f->b1 && r->b0 < f->b0 && f->b0 < r->b1;
            m.in_gone |= in && !comes;
            m.over_changed |= in && comes;
            m.by_gone |= !in && !comes;
            m.by_torn |= !in && !comes && torn(p, r);
            m.by_changed |= !in && comes;
        } else if (comes) {
            m.over_changed = true;
        } else {
            m.in_gone |= r->b0 <= f->b0 && f->b1 <= r->b1;
            m.over_gone = true;
        }
    }
    return m;
}

/* Names a verdict for one edit of the fix; a worse one of the same knot stays. */
static void judge_edit(struct knot *k, struct edit *f, const struct meeting *m)
{
    bool goes = f->b1 > f->b0, comes = f->x1 > f->x0;
    if (m->over_changed || m->inside) {
        worse(k, LADDER_OPEN,
              goes && !comes ? "del-mod"
              : goes         ? "overlap"
                             : "ins-mod",
              "both change the same words");
    } else if (m->in_gone && goes && comes) {
        f->drop = true;
        worse(k, LADDER_PROPOSED, "absent-mod", "the fix changes text that the release lacks");
    } else if (m->in_gone && comes) {
        f->drop = true;
        worse(k, LADDER_PROPOSED, "ins-del", "the fix adds inside of text that the release lacks");
    } else if (m->over_gone && comes) {
        worse(k, LADDER_OPEN, "part-absent", "the release lacks a part of what the fix changes");
    } else if (m->by_added && !goes) {
        worse(k, LADDER_PROPOSED, "ins-ins", "both add text here");
    } else if (m->by_added) {
        worse(k, comes ? LADDER_PROPOSED : LADDER_DECIDED, comes ? "repl-ins" : "del-ins",
              "the fix changes text beside an addition of the release");
    } else if (m->by_changed && !goes) {
        worse(k, LADDER_PROPOSED, "adj-repl", "the fix adds beside text that the release changed");
    } else if (m->by_gone && m->by_torn && !goes) {
        worse(k, LADDER_PROPOSED, "adj-torn",
              "the fix adds beside a bracket that the release lacks");
    } else if (m->by_gone && !goes) {
        worse(k, LADDER_DECIDED, "adj-del", "the fix adds beside text that the release lacks");
    } else if (m->over_gone || m->in_gone) {
        worse(k, LADDER_DECIDED, "del-del", "the release lacks a part of what the fix takes away");
    } else {
        worse(k, LADDER_DECIDED, "adj-both", "the two changes touch and do not overlap");
    }
}

/* What the two sides do in comments is no quarrel: what the fix says stands. */
static void settle_comments(const struct place *p, struct knot *k)
{
    for (int s = FIX; s <= RELEASE; s++)
        for (uint32_t i = k->e[s].from; i < k->e[s].to; i++)
            if (!edit_comments(p, s, &p->e[s][i]))
                return;
    if (k->state == LADDER_OPEN)
        ways(k, WAY_FIX, WAY_EDITS, WAY_RELEASE);
    if (k->state > LADDER_DECIDED)
        choose(k, LADDER_DECIDED, "comment", "both change a comment");
}

static void judge_knot(struct place *p, struct knot *k)
{
    if (k->e[FIX].from == k->e[FIX].to || k->e[RELEASE].from == k->e[RELEASE].to) {
        choose(k, LADDER_DECIDED, "", "");
        k->n_ways = 1;
        return;
    }
    if (same_words(p, FIX, k->w[FIX], RELEASE, k->w[RELEASE])) {
        choose(k, LADDER_SAME, "same", "the release has the same words");
        ways(k, WAY_RELEASE, WAY_FIX, WAY_EDITS);
        k->n_ways = 1;
        return;
    }
    k->state = LADDER_SAME;
    k->rule = k->why = "";
    for (uint32_t i = k->e[FIX].from; i < k->e[FIX].to; i++) {
        struct edit *f = &p->e[FIX][i];
        f->drop = false;
        struct meeting m =
            meet(p, f, p->e[RELEASE] + k->e[RELEASE].from, k->e[RELEASE].to - k->e[RELEASE].from);
        judge_edit(k, f, &m);
    }
    if (strcmp(k->rule, "ins-ins") == 0)
        ways(k, WAY_EDITS, WAY_EDITS_RELEASE, WAY_FIX);
    else if (strcmp(k->rule, "overlap") == 0)
        ways(k, WAY_FIX, WAY_EDITS, WAY_RELEASE);
    else
        ways(k, WAY_EDITS, WAY_FIX, WAY_RELEASE);
    settle_comments(p, k);
}

void place_judge(struct place *p)
{
    p->state = LADDER_SAME;
    p->rule = p->why = "";
    for (uint32_t i = 0; i < p->n_knots; i++) {
        struct knot *k = &p->knot[i];
        judge_knot(p, k);
        bool fix_only = k->e[RELEASE].from == k->e[RELEASE].to;
        bool release_only = k->e[FIX].from == k->e[FIX].to;
        enum ladder_state s = release_only ? LADDER_SAME : k->state;
        if (fix_only)
            s = LADDER_DECIDED;
        if (s > p->state || (s == p->state && p->rule[0] == '\0')) {
            p->state = s;
            if (k->rule[0] != '\0') {
                p->rule = k->rule;
                p->why = k->why;
            }
        }
    }
    if (p->state == LADDER_SAME) {
        p->rule = "same";
        p->why = "the release has the same words";
    } else if (p->rule[0] == '\0' || p->state == LADDER_DECIDED) {
        if (p->rule[0] == '\0') {
            p->rule = "tok";
            p->why = "both sides change different words";
        }
        if (p->shared_line) {
            p->state = LADDER_PROPOSED;
            p->rule = "same-line+tok";
            p->why = "both sides change words of the same line";
        }
    }
}
