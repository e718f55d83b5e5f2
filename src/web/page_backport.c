/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page of a case's backports: the picture and the table of the lines, the message, the scripts,
 * the question.  Runs in core.  What came out of a stranger's repository is escaped by the
 * templates, and by the picture itself.
 */
#include "web/page_backport.h"

#include <string.h>

#include "base/when.h"
#include "desk/backport_picture.h"
#include "web/page_audit.h"
#include "web/templates.h"

struct str port_day(const struct maker *m, int64_t at_us)
{
    AUTO(buf) struct buf b = BUF_INIT(WHEN_TEXT_MAX);
    if (at_us == 0)
        return STR_NONE;
    when_rfc3339(&b, at_us);
    return arena_str(m->a, str_sub(buf_str(&b), 0, 10));
}

bool port_open(const struct draft *d, const char *form)
{
    return d->form && strcmp(d->form, form) == 0;
}

struct str port_typed(const struct draft *d, const char *form, const char *name)
{
    return port_open(d, form) ? http_form_get(d->typed, name) : STR_NONE;
}

/* ---- the lines ---- */

static const char *verdict_kind(enum port_verdict v)
{
    static const char *const kinds[PORT_VERDICTS] = {
        [PORT_ALREADY] = "ok",  [PORT_NOT_AFFECTED] = "calm", [PORT_CLEAN] = "ok",
        [PORT_RESOLVED] = "ok", [PORT_PROPOSED] = "warn",     [PORT_NEEDS_PERSON] = "bad"};
    return v < PORT_VERDICTS ? kinds[v] : "";
}

struct tests_word {
    const char *name, *words, *kind;
};

static struct tests_word tests_of(const struct view_backport_line *l)
{
    static const struct tests_word words[] = {
        {"running", "running", "calm"}, {"pass", "pass", "ok"},
        {"fail", "fail", "bad"},        {"untested", "untested", "warn"},
        {"none", "not needed", "calm"}, {"not-run", "not run", "calm"}};
    const char *name = backport_tests_name(l);
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcmp(name, words[i].name) == 0)
            return words[i];
    return (struct tests_word){name, name, ""};
}

static size_t count_duties(const struct port_line *r, enum port_result result)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_duties; i++)
        n += r->duties[i].result == result;
    return n;
}

static void add_count(struct buf *b, size_t n, const char *one, const char *many)
{
    if (n)
        buf_addf(b, "%s%zu %s", b->n ? ", " : "", n, n == 1 ? one : many);
}

static struct str warn_words(const struct maker *m, const struct view_backport_line *l)
{
    AUTO(buf) struct buf b = BUF_INIT(400);
    if (!l->has || backport_needs_none(l) || l->decision != BACKPORT_OPEN)
        return STR_NONE;
    add_count(&b, count_duties(l->r, PORT_FAIL), "check failed", "checks failed");
    add_count(&b, l->r->n_left, "file left out", "files left out");
    return arena_str(m->a, buf_str(&b));
}

bool port_uploaded(const struct view_backport_line *l)
{
    return l->has && str_eq(l->r->source, STR("edited"));
}

void port_row_fill(const struct maker *m, const struct view_backport *v, size_t nth,
                   struct port_row_view *ret)
{
    const struct view_backport_line *l = &v->of[nth];
    struct tests_word tests = tests_of(l);
    bool none = backport_needs_none(l);
    *ret = (struct port_row_view){
        .nth = nth,
        .id = l->id,
        .name = l->name,
        .until = port_day(m, l->until_us),
        .verdict = port_uploaded(l) ? (l->decision == BACKPORT_ACCEPTED ? "a candidate was chosen"
                                                                        : "made by a person")
                   : l->has         ? port_verdict_words(l->r->verdict)
                   : l->failed      ? "no answer"
                                    : "under way",
        .verdict_kind = l->has      ? verdict_kind(l->r->verdict)
                        : l->failed ? "bad"
                                    : "calm",
        .from = l->has && l->from_neighbour && !port_uploaded(l) ? l->r->source : STR_NONE,
        .why = port_uploaded(l) ? STR_NONE
               : l->has         ? l->r->why
               : l->failed      ? l->failure
                                : STR_NONE,
        .decision = none && l->decision == BACKPORT_OPEN ? "not needed"
                                                         : backport_decision_words(l->decision),
        .tests = tests.words,
        .tests_kind = tests.kind,
        .state = l->state,
        .next = l->next,
        .ready = l->ready,
        .state_said = l->has && l->decision == BACKPORT_OPEN &&
                      str_eq(str_c(l->state), str_c(port_verdict_words(l->r->verdict))),
        .decided = l->decision != BACKPORT_OPEN,
        .has = l->has,
        .warn = warn_words(m, l)};
}

/* ---- the picture ---- */

static void map_fill(const struct maker *m, const struct view_backport *v, struct page_backport *p)
{
    AUTO(buf) struct buf b = BUF_INIT(BACKPORT_PICTURE_MAX);
    struct err e = ERR_INIT;
    /* Without it the table says the same. */
    if (v->n_of && backport_picture(m->a, v, false, &b, &e) == RC_OK)
        p->map.s = arena_str(m->a, buf_str(&b));
}

/* ---- the scripts ---- */

static struct str matrix_words(const struct maker *m, const struct view_matrix *x)
{
    AUTO(buf) struct buf b = BUF_INIT(400);
    size_t crashes = 0, fine = 0, none = 0;
    if (x->ended_us == 0)
        return x->progress.n ? x->progress : STR("waits for the sandbox");
    for (size_t i = 0; i < x->n_rows; i++) {
        bool crash = str_eq(x->rows[i].result, STR("crashes"));
        bool good = str_eq(x->rows[i].result, STR("fine"));
        crashes += crash;
        fine += good;
        none += !crash && !good;
    }
    add_count(&b, crashes, "crashes", "crash");
    add_count(&b, fine, "does not", "do not");
    add_count(&b, none, "says nothing", "say nothing");
    if (x->n_differs)
        add_count(&b, x->n_differs, "differs from the affected versions",
                  "differ from the affected versions");
    return b.n ? arena_str(m->a, buf_str(&b)) : x->why;
}

void port_script_fill(const struct maker *m, const struct view_reproducer *s,
                      struct port_script_view *ret)
{
    const struct view_matrix *x = s->n_runs ? &s->runs[0] : NULL;
    bool approved = s->approved_us != 0 && s->revoked_us == 0;
    *ret = (struct port_script_view){.id = s->id,
                                     .name = s->name,
                                     .source = s->source,
                                     .who = audit_actor_words(s->added_by),
                                     .sha256 = s->sha256,
                                     .size = size_words(m, s->size),
                                     .approved_by = audit_actor_words(s->approved_by),
                                     .revoked_by = audit_actor_words(s->revoked_by),
                                     .revoked_why = s->revoked_why,
                                     .added = time_view_of(m, s->added_us),
                                     .approved = time_view_of(m, s->approved_us),
                                     .revoked = time_view_of(m, s->revoked_us),
                                     .state = approved        ? "approved"
                                              : s->revoked_us ? "may not run any more"
                                                              : "not approved",
                                     .kind = approved        ? "ok"
                                             : s->revoked_us ? "calm"
                                                             : "warn",
                                     .last = x ? matrix_words(m, x) : STR_NONE,
                                     .last_kind = x && x->n_differs ? "warn" : "calm",
                                     .is_approved = approved,
                                     .is_revoked = s->revoked_us != 0};
}

/* ---- the page ---- */

static void fix_fill(const struct maker *m, const struct view_backport *v, struct page_backport *p)
{
    p->fix = arena_array(m->a, v->r.n_fix + 1, sizeof *p->fix);
    for (size_t i = 0; p->fix && i < v->r.n_fix; i++) {
        const struct port_fix *f = &v->r.fix[i];
        p->fix[p->n_fix++] = (struct port_commit_view){str_sub(f->commit, 0, 12), f->subject,
                                                       f->author, port_day(m, f->at_us)};
    }
}

static void others_fill(const struct maker *m, const struct view_backport *v,
                        struct page_backport *p)
{
    p->others = arena_array(m->a, v->n_others + 1, sizeof *p->others);
    for (size_t i = 0; p->others && i < v->n_others; i++)
        p->others[p->n_others++] = (struct port_other_view){
            v->others[i].name, v->others[i].tip, v->others[i].words, v->others[i].affected};
}

static void forms_fill(const struct view_backport *v, const struct draft *draft,
                       struct page_backport *p)
{
    bool ask = port_open(draft, "ask"), message = port_open(draft, "message");
    p->open_ask = ask || !v->asked || v->failed;
    p->open_message = message;
    p->open_script = port_open(draft, "script");
    p->f_fix = ask ? http_form_get(draft->typed, "fix") : v->fix;
    p->f_lines = ask ? http_form_get(draft->typed, "lines") : v->lines;
    p->fix_of_affected = v->fix_of_affected;
    p->own_message = v->message.n > 0;
    p->f_message = message        ? http_form_get(draft->typed, "message")
                   : v->message.n ? v->message
                   : v->n_of      ? v->of[0].message.text
                                  : STR_NONE;
    p->f_name = port_typed(draft, "script", "name");
    p->f_source = port_typed(draft, "script", "source");
    p->f_text = port_typed(draft, "script", "text");
}

void page_backport_write(const struct maker *m, struct page_frame frame,
                         const struct view_backport *v, const struct draft *draft, struct buf *out)
{
    struct page_backport p = {.frame = frame,
                              .number = v->case_number,
                              .title = v->case_title,
                              .no_repository = !v->repository,
                              .closed = v->closed,
                              .can_ask = v->repository && !v->closed,
                              .asked = v->asked,
                              .waits = v->waits,
                              .failed = v->failed,
                              .has = v->n_of > 0,
                              .has_answer = v->answered_us != 0,
                              .all_ready = v->n_of > 0 && v->n_ready == v->n_of,
                              .progress = v->progress,
                              .failure = v->failure,
                              .summary = v->summary,
                              .answered = time_view_of(m, v->answered_us),
                              .notes = v->r.notes,
                              .n_notes = v->r.n_notes};
    p.frame.title = arena_strf(m->a, "Backports of %.*s", STR_ARG(v->case_number));
    p.frame.refresh = v->waits;
    p.frame.code = true;
    p.rows = arena_array(m->a, v->n_of + 1, sizeof *p.rows);
    for (size_t i = 0; p.rows && i < v->n_of; i++) {
        port_row_fill(m, v, i, &p.rows[p.n_rows++]);
        p.may_test = p.may_test || (v->of[i].may_test && v->of[i].tested == NULL);
        p.may_release = p.may_release || (v->of[i].may_release && !v->of[i].release.given_us);
        p.frame.refresh = p.frame.refresh || v->of[i].release.waits ||
                          (v->of[i].n_runs && v->of[i].runs[0].ended_us == 0) ||
                          v->of[i].edit_waits;
    }
    map_fill(m, v, &p);
    fix_fill(m, v, &p);
    others_fill(m, v, &p);
    p.scripts = arena_array(m->a, v->n_scripts + 1, sizeof *p.scripts);
    for (size_t i = 0; p.scripts && i < v->n_scripts; i++)
        port_script_fill(m, &v->scripts[i], &p.scripts[p.n_scripts++]);
    forms_fill(v, draft, &p);
    tpl_backport(out, &p);
}

/* ---- a script ---- */

static const struct {
    const char *name, *words, *kind;
} results[] = {{"crashes", "crashes", "bad"},
               {"fine", "does not crash", "ok"},
               {"no-build", "does not build", "warn"},
               {"timeout", "took too long", "warn"},
               {"not-run", "was not run", "calm"}};

static void cell_fill(const struct maker *m, const struct view_matrix_row *r,
                      struct port_cell_view *c)
{
    *c = (struct port_cell_view){.name = r->name,
                                 .commit = str_sub(r->commit, 0, 12),
                                 .affected = r->affected,
                                 .why = r->why,
                                 .result = arena_strf(m->a, "%.*s", STR_ARG(r->result)).p,
                                 .kind = "",
                                 .line = r->line,
                                 .differs = r->differs};
    for (size_t i = 0; i < ARRAY_LEN(results); i++) {
        if (!str_eq(r->result, str_c(results[i].name)))
            continue;
        c->result = results[i].words;
        c->kind = results[i].kind;
    }
}

static void matrix_fill(const struct maker *m, const struct view_matrix *x,
                        struct port_matrix_view *p)
{
    *p = (struct port_matrix_view){.id = x->id,
                                   .who = audit_actor_words(x->asked_by),
                                   .why = x->why,
                                   .progress = x->progress,
                                   .last_good = x->last_good,
                                   .first_bad = x->first_bad,
                                   .state = x->ended_us == 0 ? "under way" : "done",
                                   .asked = time_view_of(m, x->asked_us),
                                   .n_differs = (int64_t)x->n_differs,
                                   .waits = x->ended_us == 0,
                                   .failed = str_eq(x->state, STR("failed")),
                                   .has_log = x->has_log};
    p->rows = arena_array(m->a, x->n_rows + 1, sizeof *p->rows);
    for (size_t i = 0; p->rows && i < x->n_rows && i < BACKPORT_ROWS; i++)
        cell_fill(m, &x->rows[i], &p->rows[p->n_rows++]);
}

void page_backport_script_write(const struct maker *m, struct page_frame frame,
                                const struct view_backport *v, size_t nth,
                                const struct draft *draft, struct buf *out)
{
    const struct view_reproducer *s = &v->scripts[nth];
    struct page_backport_script p = {.frame = frame,
                                     .number = v->case_number,
                                     .title = v->case_title,
                                     .text = s->text,
                                     .closed = v->closed,
                                     .binary = s->binary,
                                     .may_approve = s->may_approve && !v->closed,
                                     .may_run = s->may_run && !v->closed,
                                     .f_reason = port_typed(draft, "revoke", "reason")};
    p.frame.title = arena_strf(m->a, "%.*s of %.*s", STR_ARG(s->name), STR_ARG(v->case_number));
    p.frame.code = true;
    port_script_fill(m, s, &p.script);
    p.can_revoke = p.script.is_approved && !v->closed;
    p.runs = arena_array(m->a, s->n_runs + 1, sizeof *p.runs);
    for (size_t i = 0; p.runs && i < s->n_runs; i++) {
        matrix_fill(m, &s->runs[i], &p.runs[p.n_runs++]);
        p.frame.refresh = p.frame.refresh || s->runs[i].ended_us == 0;
    }
    tpl_backport_script(out, &p);
}
