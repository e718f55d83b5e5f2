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

static void ways(struct knot *k, uint8_t a, uint8_t b, uint8_t c)
{
    k->way[0] = a;
    k->way[1] = b;
    k->way[2] = c;
    k->n_ways = 3;
}

static void judge_pair(struct place *p, struct knot *k)
{
    const struct edit *f = p->e[FIX] + k->e[FIX].from, *r = p->e[RELEASE] + k->e[RELEASE].from;
    bool f_goes = f->b1 > f->b0, f_comes = f->x1 > f->x0;
    bool r_goes = r->b1 > r->b0, r_comes = r->x1 > r->x0;
    bool apart = f->b1 <= r->b0 || r->b1 <= f->b0;
    ways(k, WAY_EDITS, WAY_FIX, WAY_RELEASE);
    if (apart && f_goes && r_goes) {
        choose(k, LADDER_DECIDED, "adj-both", "the two changes touch and do not overlap");
    } else if (apart && !f_goes && r_goes && !r_comes) {
        choose(k, LADDER_DECIDED, "adj-del", "the fix adds beside text that the release lacks");
    } else if (apart && f_goes && !f_comes && !r_goes) {
        choose(k, LADDER_PROPOSED, "del-ins", "the fix takes away beside text of the release");
    } else if (apart && !f_goes && r_goes) {
        choose(k, LADDER_PROPOSED, "adj-repl", "the fix adds beside text that the release changed");
    } else if (apart && f_goes && !r_goes) {
        choose(k, LADDER_PROPOSED, "repl-ins",
               "the fix changes text beside an addition of the release");
    } else if (!f_goes && !r_goes) {
        choose(k, LADDER_PROPOSED, "ins-ins", "both add text here");
        ways(k, WAY_EDITS, WAY_EDITS_RELEASE, WAY_FIX);
    } else if (r_goes && !r_comes && !f_goes) {
        choose(k, LADDER_OPEN, "ins-del", "the fix adds inside of text that the release lacks");
        ways(k, WAY_RELEASE, WAY_EDITS, WAY_FIX);
    } else if (r_goes && !r_comes) {
        choose(k, LADDER_OPEN, "absent-mod", "the fix changes text that the release lacks");
        ways(k, WAY_RELEASE, WAY_EDITS, WAY_FIX);
    } else {
        choose(k, LADDER_OPEN, "overlap", "both change the same words");
        ways(k, WAY_FIX, WAY_EDITS, WAY_RELEASE);
    }
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
    if (k->e[FIX].to - k->e[FIX].from == 1 && k->e[RELEASE].to - k->e[RELEASE].from == 1) {
        judge_pair(p, k);
        return;
    }
    choose(k, LADDER_OPEN, "many", "several changes of both sides meet");
    ways(k, WAY_EDITS, WAY_FIX, WAY_RELEASE);
}

void place_judge(struct place *p)
{
    p->state = LADDER_SAME;
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
