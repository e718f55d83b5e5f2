/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The picture of a case's lines.  Runs in core; names are a stranger's and are escaped by the
 * picture.
 */
#include "desk/backport_picture.h"

#include "engine/backport/map.h"

_Static_assert(BACKPORT_PICTURE_MAX >= BP_MAP_MAX, "a picture fits");

#define COMMITS 3 /* of the fix that are named */

bool backport_needs_none(const struct view_backport_line *l)
{
    return l->has && (l->r->verdict == PORT_ALREADY || l->r->verdict == PORT_NOT_AFFECTED);
}

const char *backport_tests_name(const struct view_backport_line *l)
{
    static const char *const results[] = {"pass", "fail", "untested"};
    if (l->n_runs && l->runs[0].ended_us == 0)
        return "running";
    for (size_t i = 0; l->tested && i < ARRAY_LEN(results); i++)
        if (str_eq(l->tested->result, str_c(results[i])))
            return results[i];
    return backport_needs_none(l) || l->decision == BACKPORT_WAIVED ? "none" : "not-run";
}

static struct str verdict_of(const struct view_backport_line *l)
{
    if (!l->has)
        return STR_NONE;
    if (str_eq(l->r->source, STR("edited")))
        return l->decision == BACKPORT_ACCEPTED ? STR("chosen") : STR("edited");
    return str_c(port_verdict_name(l->r->verdict));
}

static struct str fix_words(struct arena *a, const struct view_backport *v)
{
    AUTO(buf) struct buf b = BUF_INIT(200);
    for (size_t i = 0; i < v->r.n_fix && i < COMMITS; i++)
        buf_addf(&b, "%s%.*s", i ? " " : "", STR_ARG(str_sub(v->r.fix[i].commit, 0, 12)));
    if (v->r.n_fix > COMMITS)
        buf_addf(&b, " and %zu more", v->r.n_fix - COMMITS);
    return arena_str(a, buf_str(&b));
}

enum rc backport_picture(struct arena *a, const struct view_backport *v, bool standalone,
                         struct buf *out, struct err *e)
{
    struct bp_map_line *lines = arena_array(a, v->n_of + 1, sizeof *lines);
    struct bp_map p = {.fix = fix_words(a, v), .lines = lines, .n_lines = v->n_of};
    struct bp_map_options o = {.standalone = standalone, .link = standalone ? NULL : "#line-"};
    if (lines == NULL)
        return err_set(e, RC_LIMIT, "the picture needs too much memory");
    p.subject = v->r.n_fix == 1 ? v->r.fix[0].subject : STR_NONE;
    for (size_t i = 0; i < v->n_of; i++) {
        const struct view_backport_line *l = &v->of[i];
        bool blocked = !l->ready && l->next && l->next[0];
        lines[i] = (struct bp_map_line){.name = l->name,
                                        .source = !l->has             ? STR_NONE
                                                  : l->from_neighbour ? l->r->source
                                                                      : STR("fix"),
                                        .verdict = verdict_of(l),
                                        .decision = str_c(backport_decision_name(l->decision)),
                                        .tests = str_c(backport_tests_name(l)),
                                        .blocked = blocked ? str_c(l->state) : STR_NONE,
                                        .ready = l->ready};
    }
    return bp_map_draw(&p, &o, out, e);
}
