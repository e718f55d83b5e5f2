/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backports of a case for machines: JSON.
 * Runs in core.
 * Input: a view that was checked when it was read.
 */
#include "base/when.h"
#include "desk/backport_inside.h"

/* Empty texts are left out. */
static void put(json_t *o, const char *key, struct str s)
{
    if (s.n)
        json_put_str(o, key, s);
}

static json_t *texts(const struct str *s, size_t n)
{
    json_t *l = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(l, json_str(s[i]));
    return l;
}

static json_t *run_json(const struct view_backport_run *r)
{
    json_t *o = json_object();
    json_put_int(o, "run", r->id);
    json_put_str(o, "state", r->state);
    put(o, "result", r->result);
    put(o, "why", r->why);
    json_put_str(o, "commit", r->commit);
    json_put_time(o, "asked", r->asked_us);
    json_put_time(o, "ended", r->ended_us);
    json_put_str(o, "asked_by", r->asked_by);
    json_put_int(o, "tests_before", r->before_ran);
    json_put_int(o, "failed_before", r->before_failed);
    json_put_int(o, "tests_after", r->after_ran);
    json_put_int(o, "failed_after", r->after_failed);
    json_object_set_new(o, "new_failures", texts(r->fresh, r->n_fresh));
    json_object_set_new(o, "unsteady", texts(r->unsteady, r->n_unsteady));
    put(o, "own_test", r->own);
    json_put_bool(o, "counts", r->of_settled);
    return o;
}

static json_t *duties(const struct port_line *p)
{
    json_t *l = json_array();
    for (size_t i = 0; i < p->n_duties; i++) {
        json_t *o = json_object();
        json_put_str(o, "id", p->duties[i].id);
        json_put_str(o, "result", str_c(port_result_name(p->duties[i].result)));
        put(o, "path", p->duties[i].path);
        if (p->duties[i].line)
            json_put_int(o, "line", p->duties[i].line);
        put(o, "detail", p->duties[i].detail);
        json_array_append_new(l, o);
    }
    return l;
}

static void put_record(json_t *o, const struct view_backport_line *v)
{
    const struct port_line *p = v->r;
    json_t *left = json_array(), *candidates = json_array(), *taken = json_array();
    json_put_str(o, "verdict", str_c(port_verdict_name(p->verdict)));
    put(o, "why", p->why);
    put(o, "source", p->source);
    put(o, "tip", p->commit);
    put(o, "tree", p->tree);
    json_object_set_new(o, "rules", texts(p->rules, p->n_rules));
    json_object_set_new(o, "demoted", texts(p->demoted, p->n_demoted));
    json_object_set_new(o, "obligations", duties(p));
    for (size_t i = 0; i < p->n_left; i++)
        json_array_append_new(left, json_str(p->left[i].path));
    json_object_set_new(o, "left_out", left);
    for (size_t i = 0; i < p->n_candidates; i++) {
        json_t *c = json_object();
        json_put_str(c, "tree", p->candidates[i].tree);
        put(c, "source", p->candidates[i].source);
        put(c, "why", p->candidates[i].why);
        put(c, "diff", p->candidates[i].diff);
        json_array_append_new(candidates, c);
    }
    json_object_set_new(o, "candidates", candidates);
    put(o, "diff", p->diff);
    put(o, "message", v->message.text);
    for (size_t i = 0; i < v->message.n_taken; i++)
        json_array_append_new(taken, json_str(v->message.taken[i].what));
    json_object_set_new(o, "taken_out", taken);
}

static json_t *release_json(const struct view_release *v)
{
    json_t *o = json_object();
    json_put_str(o, "state", str_c(v->state));
    put(o, "failure", v->failure);
    put(o, "commit", v->commit);
    put(o, "branch", v->branch);
    json_put_bool(o, "entire", v->entire);
    json_put_str(o, "asked_by", v->asked_by);
    json_put_time(o, "asked", v->asked_us);
    json_put_time(o, "given", v->given_us);
    return o;
}

static json_t *line_json(const struct view_backport_line *v)
{
    json_t *o = json_object(), *runs = json_array();
    json_put_str(o, "line", v->name);
    json_put_str(o, "onto", v->onto);
    json_put_int(o, "answer", v->nth);
    json_put_bool(o, "ready", v->ready);
    json_put_str(o, "state", str_c(v->state));
    put(o, "next", str_c(v->next));
    put(o, "failure", v->failure);
    if (v->has)
        put_record(o, v);
    if (v->decision != BACKPORT_OPEN) {
        json_put_str(o, "decision", str_c(backport_decision_name(v->decision)));
        put(o, "reason", v->reason);
        json_put_str(o, "decided_by", v->actor);
        json_put_time(o, "decided_at", v->at_us);
        put(o, "commit", v->commit);
    }
    if (*v->release.state)
        json_object_set_new(o, "release", release_json(&v->release));
    json_put_bool(o, "edit_waits", v->edit_waits);
    put(o, "edit_failure", v->edit_failure);
    put(o, "without_tests", v->untested_reason);
    for (size_t i = 0; i < v->n_runs; i++)
        json_array_append_new(runs, run_json(&v->runs[i]));
    json_object_set_new(o, "tests", runs);
    return o;
}

static json_t *matrix_json(const struct view_matrix *m)
{
    json_t *o = json_object(), *rows = json_array();
    json_put_int(o, "run", m->id);
    json_put_str(o, "state", m->state);
    put(o, "why", m->why);
    json_put_time(o, "asked", m->asked_us);
    json_put_time(o, "ended", m->ended_us);
    for (size_t i = 0; i < m->n_rows; i++) {
        json_t *r = json_object();
        json_put_str(r, "name", m->rows[i].name);
        json_put_bool(r, "line", m->rows[i].line);
        json_put_str(r, "result", m->rows[i].result);
        put(r, "affected_versions_say", m->rows[i].affected);
        json_put_bool(r, "differs", m->rows[i].differs);
        json_array_append_new(rows, r);
    }
    json_object_set_new(o, "trees", rows);
    put(o, "first_bad", m->first_bad);
    put(o, "last_good", m->last_good);
    return o;
}

static json_t *script_json(const struct view_reproducer *s)
{
    json_t *o = json_object(), *runs = json_array();
    json_put_int(o, "reproducer", s->id);
    json_put_str(o, "name", s->name);
    put(o, "source", s->source);
    json_put_str(o, "sha256", s->sha256);
    json_put_int(o, "bytes", s->size);
    json_put_bool(o, "approved", s->approved_us != 0);
    put(o, "approved_by", s->approved_by);
    put(o, "revoked_by", s->revoked_by);
    for (size_t i = 0; i < s->n_runs; i++)
        json_array_append_new(runs, matrix_json(&s->runs[i]));
    json_object_set_new(o, "runs", runs);
    return o;
}

json_t *view_backport_json(const struct view_backport *v)
{
    json_t *j = json_object(), *lines = json_array(), *others = json_array(),
           *scripts = json_array(), *fix = json_array();
    json_put_str(j, "case", v->case_number);
    json_put_str(j, "state",
                 str_c(v->waits    ? "asked"
                       : v->failed ? "failed"
                       : v->asked  ? "answered"
                                   : ""));
    put(j, "progress", v->progress);
    put(j, "failure", v->failure);
    put(j, "summary", v->summary);
    json_put_time(j, "asked", v->asked_us);
    json_put_time(j, "answered", v->answered_us);
    json_put_int(j, "ready", (int64_t)v->n_ready);
    json_put_int(j, "waived", (int64_t)v->n_waived);
    for (size_t i = 0; i < v->r.n_fix; i++) {
        json_t *o = json_object();
        json_put_str(o, "commit", v->r.fix[i].commit);
        put(o, "subject", v->r.fix[i].subject);
        json_array_append_new(fix, o);
    }
    for (size_t i = 0; i < v->n_of; i++)
        json_array_append_new(lines, line_json(&v->of[i]));
    for (size_t i = 0; i < v->n_others; i++) {
        json_t *o = json_object();
        json_put_str(o, "line", v->others[i].name);
        json_put_bool(o, "maintained", v->others[i].maintained);
        json_put_str(o, "says", str_c(v->others[i].words));
        json_array_append_new(others, o);
    }
    for (size_t i = 0; i < v->n_scripts; i++)
        json_array_append_new(scripts, script_json(&v->scripts[i]));
    json_object_set_new(j, "fix", fix);
    json_object_set_new(j, "lines", lines);
    json_object_set_new(j, "others", others);
    json_object_set_new(j, "reproducers", scripts);
    json_object_set_new(j, "notes", texts(v->r.notes, v->r.n_notes));
    return j;
}
