/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of a case's backports: what the engine says and why, the change side by side, what a
 * person can take instead, conflicts and their history, the decision, tests and the message.  Runs
 * in core.  Code, paths and sentences come out of a stranger's repository; the templates escape.
 */
#include "web/page_audit.h"
#include "web/page_backport.h"
#include "web/templates.h"

#define CANDIDATE_ROWS 60 /* of a change that is not folded */

static const char *class_words(struct str class)
{
    static const struct {
        const char *name, *words;
    } classes[] = {{"code", "code"},
                   {"test", "test"},
                   {"doc", "document"},
                   {"generated", "generated"},
                   {"ci", "continuous integration"}};
    for (size_t i = 0; i < ARRAY_LEN(classes); i++)
        if (str_eq(class, str_c(classes[i].name)))
            return classes[i].words;
    return "file";
}

/* ---- what has to hold ---- */

static struct port_duty_view duty_of(const struct maker *m, const struct port_duty *d)
{
    static const char *const words[PORT_RESULTS] = {"holds", "fails", "not known"};
    static const char *const kinds[PORT_RESULTS] = {"ok", "bad", "warn"};
    struct port_duty_view v = {.id = d->id,
                               .words = port_duty_words(d->id),
                               .detail = d->detail,
                               .result = d->result < PORT_RESULTS ? words[d->result] : "",
                               .kind = d->result < PORT_RESULTS ? kinds[d->result] : ""};
    if (d->path.n)
        v.place = d->line > 0 ? arena_strf(m->a, "%.*s:%lld", STR_ARG(d->path), (long long)d->line)
                              : d->path;
    return v;
}

static void duties_fill(const struct maker *m, const struct port_line *r,
                        struct page_backport_line *p)
{
    p->duties = arena_array(m->a, r->n_duties + 1, sizeof *p->duties);
    p->held = arena_array(m->a, r->n_duties + 1, sizeof *p->held);
    /* What fails comes first. */
    for (size_t pass = 0; p->duties && p->held && pass < 2; pass++) {
        for (size_t i = 0; i < r->n_duties; i++) {
            const struct port_duty *d = &r->duties[i];
            if (pass == 0 && d->result == PORT_FAIL)
                p->duties[p->n_duties++] = duty_of(m, d);
            else if (pass == 1 && d->result == PORT_UNKNOWN)
                p->duties[p->n_duties++] = duty_of(m, d);
            else if (pass == 1 && d->result == PORT_PASS)
                p->held[p->n_held++] = duty_of(m, d);
        }
    }
    p->demoted = arena_array(m->a, r->n_demoted + 1, sizeof *p->demoted);
    for (size_t i = 0; p->demoted && i < r->n_demoted; i++)
        p->demoted[p->n_demoted++] = port_duty_words(r->demoted[i]);
}

/* Their words, but for those that the sentence above has already. */
static struct str *rules_of(const struct maker *m, const struct str *rules, size_t n,
                            struct str said, size_t *ret_n)
{
    struct str *v = arena_array(m->a, n + 1, sizeof *v);
    *ret_n = 0;
    for (size_t i = 0; v && i < n; i++) {
        struct str words = port_rule_words(rules[i]);
        if (str_find(said, words) == STR_NPOS)
            v[(*ret_n)++] = words;
    }
    return v;
}

/* ---- files ---- */

static const struct {
    const char *name, *words, *kind;
} hows[] = {{"same", "the line has it already", "calm"},
            {"taken", "taken as the fix has it", "ok"},
            {"merged", "merged without a conflict", "ok"},
            {"ladder", "settled word by word", "ok"},
            {"conflict", "in conflict", "bad"},
            {"absent", "the line has no such file", "bad"},
            {"gone", "the fix deletes it, the line changed it", "bad"},
            {"added-both", "both brought a file of this name", "bad"},
            {"odd", "a mode, link, submodule or binary that does not fit", "bad"},
            {"left-out", "left out", "warn"},
            {"located", "found elsewhere in the line", "warn"},
            {"edited", "as it was settled", "ok"}};

static const char *state_words(enum port_state s)
{
    static const char *const words[PORT_STATES] = {"decided", "proposed", "open"};
    return s < PORT_STATES ? words[s] : "";
}

static struct str region_place(const struct maker *m, const struct port_region *r)
{
    const struct port_range *at = r->release.at ? &r->release : &r->fix;
    if (at->at == 0)
        return STR_NONE;
    if (at->n < 2)
        return arena_strf(m->a, "line %lld", (long long)at->at);
    return arena_strf(m->a, "lines %lld to %lld", (long long)at->at,
                      (long long)(at->at + at->n - 1));
}

static void file_fill(const struct maker *m, const struct port_file *f,
                      struct port_file_row_view *p)
{
    static const char *const kinds[PORT_STATES] = {"ok", "warn", "bad"};
    *p = (struct port_file_row_view){.path = f->path,
                                     .fix_path = f->fix_path,
                                     .class = class_words(f->class),
                                     .how = "",
                                     .kind = ""};
    for (size_t i = 0; i < ARRAY_LEN(hows); i++) {
        if (!str_eq(f->how, str_c(hows[i].name)))
            continue;
        p->how = hows[i].words;
        p->kind =
            f->state < PORT_STATES && f->state != PORT_DECIDED ? kinds[f->state] : hows[i].kind;
    }
    p->regions = arena_array(m->a, f->n_regions + 1, sizeof *p->regions);
    for (size_t i = 0; p->regions && i < f->n_regions && i < BACKPORT_ROWS; i++) {
        const struct port_region *r = &f->regions[i];
        p->regions[p->n_regions++] =
            (struct port_range_view){.rule = r->rule.n ? port_rule_words(r->rule) : STR_NONE,
                                     .why = r->why,
                                     .place = region_place(m, r),
                                     .state = state_words(r->state),
                                     .kind = r->state < PORT_STATES ? kinds[r->state] : ""};
    }
}

static void files_fill(const struct maker *m, const struct port_line *r,
                       struct page_backport_line *p)
{
    p->parts = arena_array(m->a, r->n_files + 1, sizeof *p->parts);
    p->conflicts = arena_array(m->a, BACKPORT_CONFLICTS, sizeof *p->conflicts);
    for (size_t i = 0; p->parts && p->conflicts && i < r->n_files && i < BACKPORT_ROWS; i++) {
        struct port_file_row_view *k = &p->parts[p->n_parts++];
        struct side_conflicts c;
        file_fill(m, &r->files[i], k);
        if (r->files[i].conflict.n == 0 || p->n_conflicts == BACKPORT_CONFLICTS)
            continue;
        sides_of_conflict(m->a, r->files[i].path, r->files[i].conflict, &c);
        struct port_file_row_view *x = &p->conflicts[p->n_conflicts++];
        *x = *k;
        x->conflicts = c.regions;
        x->n_conflicts = c.n_regions;
        x->cut = c.cut;
    }
    p->left = arena_array(m->a, r->n_left + 1, sizeof *p->left);
    for (size_t i = 0; p->left && i < r->n_left; i++)
        p->left[p->n_left++] =
            (struct port_left_view){r->left[i].path, class_words(r->left[i].class)};
}

/* The next file of a diff: from its "diff --git" to that of the next one. */
static bool next_file(struct str *rest, struct str *ret)
{
    size_t end = str_find(*rest, STR("\ndiff --git "));
    end = end == STR_NPOS ? rest->n : end + 1;
    *ret = str_sub(*rest, 0, end);
    *rest = str_sub(*rest, end, rest->n);
    return ret->n > 0;
}

/* The first file into which a change brings both ends of a conflict. */
static struct str conflict_in(struct str diff)
{
    struct str file, line, path = STR_NONE;
    while (next_file(&diff, &file)) {
        if (str_find(file, STR("\n+<<<<<<< ")) == STR_NPOS ||
            str_find(file, STR("\n+>>>>>>> ")) == STR_NPOS)
            continue;
        while (path.n == 0 && str_line(&file, &line))
            if (str_starts(line, STR("+++ b/")))
                path = str_sub(line, 6, line.n);
        return path.n ? path : STR("a file");
    }
    return STR_NONE;
}

/* ---- what a person may take instead, and where the conflict is from ---- */

static struct str source_words(const struct maker *m, struct str source)
{
    if (source.n == 0 || str_eq(source, STR("fix")))
        return STR("from the fix");
    return arena_strf(m->a, "from the backport of %.*s", STR_ARG(source));
}

static bool is_shown(const struct port_line *r, size_t i)
{
    return !str_eq(r->candidates[i].tree, r->tree); /* else it stands above */
}

/* Whether each candidate that is shown brings this file to the same. */
static bool in_all(const struct port_line *r, struct str file)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_candidates; i++) {
        if (!is_shown(r, i))
            continue;
        if (str_find(r->candidates[i].diff, file) == STR_NPOS)
            return false;
        n++;
    }
    return n > 1;
}

/* Those files of a candidate's change that all have, or those that not all have. */
static void part_of(const struct maker *m, const struct port_line *r, struct str diff, bool common,
                    struct sides *ret)
{
    struct sides all;
    struct str file;
    size_t n = 0;
    sides_of_diff(m->a, diff, &all);
    *ret = (struct sides){.files = arena_array(m->a, all.n_files + 1, sizeof *ret->files),
                          .cut = all.cut};
    while (ret->files && n < all.n_files && next_file(&diff, &file))
        if (str_starts(file, STR("diff --git ")) && in_all(r, file) == common)
            ret->files[ret->n_files++] = all.files[n++];
        else if (str_starts(file, STR("diff --git ")))
            n++;
}

static bool changes(const struct side_file_view *files, size_t n, struct str path)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(files[i].path, path))
            return true;
    return false;
}

static void stays_fill(const struct maker *m, const struct port_line *r,
                       const struct page_backport_line *p, struct port_candidate_view *k)
{
    k->stays = arena_array(m->a, r->n_files + 1, sizeof *k->stays);
    for (size_t i = 0; k->stays && i < r->n_files && i < BACKPORT_ROWS; i++)
        if (r->files[i].state != PORT_DECIDED && !k->cut && !p->common_cut &&
            !changes(k->files, k->n_files, r->files[i].path) &&
            !changes(p->common, p->n_common, r->files[i].path))
            k->stays[k->n_stays++] = r->files[i].path;
}

static size_t rows_of(const struct sides *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_files; i++)
        for (size_t h = 0; h < s->files[i].n_hunks; h++)
            n += s->files[i].hunks[h].n_rows;
    return n;
}

static void candidate_fill(const struct maker *m, const struct port_line *r,
                           const struct port_candidate *c, struct page_backport_line *p,
                           struct port_candidate_view *k)
{
    struct sides s;
    part_of(m, r, c->diff, false, &s);
    *k = (struct port_candidate_view){.nth = (int64_t)p->n_candidates,
                                      .tree = c->tree,
                                      .source = source_words(m, c->source),
                                      .why = c->why,
                                      .csrf = p->frame.csrf,
                                      .number = p->number,
                                      .line = p->name,
                                      .id = p->id,
                                      .answer = p->answer,
                                      .files = s.files,
                                      .n_files = s.n_files,
                                      .cut = s.cut,
                                      .open = !s.cut && rows_of(&s) <= CANDIDATE_ROWS,
                                      .can_accept = p->can_decide && p->is_open};
    stays_fill(m, r, p, k);
    k->rules = rules_of(m, c->rules, c->n_rules, k->why, &k->n_rules);
}

static void candidates_fill(const struct maker *m, const struct view_backport_line *l,
                            struct page_backport_line *p)
{
    const struct port_line *r = l->r;
    p->candidates = arena_array(m->a, r->n_candidates + 1, sizeof *p->candidates);
    for (size_t i = 0; p->candidates && i < r->n_candidates; i++) {
        if (!is_shown(r, i))
            continue;
        if (p->n_candidates == 0) {
            struct sides s;
            part_of(m, r, r->candidates[i].diff, true, &s);
            p->common = s.files;
            p->n_common = s.n_files;
            p->common_cut = s.cut;
            p->common_words = arena_strf(m->a, "%zu file%s", s.n_files, s.n_files == 1 ? "" : "s");
        }
        struct port_candidate_view *k = &p->candidates[p->n_candidates++];
        candidate_fill(m, r, &r->candidates[i], p, k);
    }
}

static void past_fill(const struct maker *m, const struct port_line *r,
                      struct page_backport_line *p)
{
    p->needs = arena_array(m->a, r->n_needs + 1, sizeof *p->needs);
    for (size_t i = 0; p->needs && i < r->n_needs; i++) {
        const struct port_need *k = &r->needs[i];
        p->needs[p->n_needs++] = (struct port_need_view){
            str_sub(k->commit, 0, 12), k->subject, k->path,
            k->lines > 0
                ? arena_strf(m->a, "%lld line%s", (long long)k->lines, k->lines == 1 ? "" : "s")
                : STR_NONE};
    }
    p->past = arena_array(m->a, r->n_past + 1, sizeof *p->past);
    for (size_t i = 0; p->past && i < r->n_past; i++) {
        const struct port_past *k = &r->past[i];
        p->past[p->n_past++] =
            (struct port_past_view){k->path, str_sub(k->commit, 0, 12), k->subject,
                                    port_day(m, k->at_us), str_eq(k->side, STR("main"))};
    }
}

/* Nothing of a repository stands in what a person pastes into a shell but ids of commits. */
static bool is_id(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_alnum(s.p[i]))
            return false;
    return s.n > 0;
}

static struct str commands_of(const struct maker *m, const struct view_backport *v,
                              const struct port_line *r)
{
    AUTO(buf) struct buf b = BUF_INIT(16384);
    if (!is_id(r->commit) || v->r.n_fix == 0)
        return STR_NONE;
    buf_addf(&b, "git -c advice.detachedHead=false checkout %.*s\n", STR_ARG(r->commit));
    buf_adds(&b, "git -c merge.conflictStyle=zdiff3 cherry-pick -x");
    for (size_t i = 0; i < v->r.n_fix; i++)
        if (is_id(v->r.fix[i].commit))
            buf_addf(&b, " %.*s", STR_ARG(v->r.fix[i].commit));
    buf_adds(&b, "\n# edit, then: git add -A && git cherry-pick --continue\n");
    buf_addf(&b, "git format-patch --stdout %.*s > line.patch\n", STR_ARG(r->commit));
    return arena_str(m->a, buf_str(&b));
}

/* ---- tests ---- */

static struct str counts_words(const struct maker *m, const struct view_backport_run *k)
{
    if (k->ended_us && k->result.n && !k->before_built)
        return STR("before the fix it does not build");
    if (k->ended_us && k->result.n && !k->after_built)
        return STR("with the fix it does not build");
    if (k->before_ran == 0 && k->after_ran == 0)
        return STR_NONE;
    return arena_strf(m->a, "before: %lld ran, %lld failed; after: %lld ran, %lld failed",
                      (long long)k->before_ran, (long long)k->before_failed,
                      (long long)k->after_ran, (long long)k->after_failed);
}

/* How many of n names are shown; *ret_more says how many are not. */
static size_t names(const struct maker *m, size_t n, struct str *ret_more)
{
    if (n > BACKPORT_NAMES)
        *ret_more = arena_strf(m->a, "and %zu more", n - BACKPORT_NAMES);
    return n < BACKPORT_NAMES ? n : BACKPORT_NAMES;
}

static void run_fill(const struct maker *m, const struct view_backport_run *k,
                     struct port_run_view *r)
{
    bool waits = k->ended_us == 0, failed = str_eq(k->state, STR("failed"));
    bool pass = str_eq(k->result, STR("pass")), fail = str_eq(k->result, STR("fail"));
    *r = (struct port_run_view){.id = k->id,
                                .why = waits ? k->progress : k->why,
                                .own = k->own,
                                .who = audit_actor_words(k->asked_by),
                                .counts = counts_words(m, k),
                                .result = waits    ? "running"
                                          : pass   ? "pass"
                                          : fail   ? "fail"
                                          : failed ? "no answer"
                                                   : "untested",
                                .kind = waits            ? "calm"
                                        : pass           ? "ok"
                                        : fail || failed ? "bad"
                                                         : "warn",
                                .asked = time_view_of(m, k->asked_us),
                                .has_log = k->has_log,
                                .of_settled = k->of_settled,
                                .waits = waits};
    r->fresh = k->fresh;
    r->n_fresh = names(m, k->n_fresh, &r->more);
    r->unsteady = k->unsteady;
    r->n_unsteady = names(m, k->n_unsteady, &r->more_unsteady);
    r->missing = k->missing;
    r->n_missing = names(m, k->n_missing, &r->more_missing);
}

static void tests_fill(const struct maker *m, const struct view_backport_line *l,
                       struct page_backport_line *p)
{
    p->runs = arena_array(m->a, l->n_runs + 1, sizeof *p->runs);
    for (size_t i = 0; p->runs && i < l->n_runs; i++) {
        run_fill(m, &l->runs[i], &p->runs[p->n_runs++]);
        p->frame.refresh = p->frame.refresh || l->runs[i].ended_us == 0;
    }
    p->no_tests = !l->tests_known;
    p->has_untested = l->untested_reason.n > 0;
    p->untested_reason = l->untested_reason;
    p->untested_by = audit_actor_words(l->untested_by);
    p->untested = time_view_of(m, l->untested_us);
}

/* ---- the way out ---- */

/* A name of a branch that the desk made; nothing else stands in what is pasted into a shell. */
static bool is_branch(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != '.' &&
            s.p[i] != '/')
            return false;
    return s.n > 0;
}

static void release_fill(const struct maker *m, const struct view_backport *v,
                         const struct view_backport_line *l, struct page_backport_line *p)
{
    const struct view_release *r = &l->release;
    p->is_public = v->is_public;
    p->may_release = l->may_release && p->can_decide;
    p->out_waits = r->waits;
    p->out_given = r->given_us != 0;
    p->out_failed = r->failure.n > 0;
    p->has_out = p->may_release || p->out_waits || p->out_given || p->out_failed;
    p->out_failure = r->failure;
    p->out_commit = str_sub(r->commit, 0, 12);
    p->out_by = audit_actor_words(r->asked_by);
    p->out_at = time_view_of(m, r->given_us);
    p->frame.refresh = p->frame.refresh || r->waits;
    if (p->out_given && is_branch(r->branch))
        p->out_commands = arena_strf(
            m->a,
            "git fetch %.*s-line-%lld.bundle %.*s\n"
            "git -c gpg.ssh.allowedSignersFile=commit-signers verify-commit FETCH_HEAD\n",
            STR_ARG(v->case_number), (long long)l->id, STR_ARG(r->branch));
}

/* ---- the page ---- */

static void message_fill(const struct maker *m, const struct view_backport_line *l,
                         struct page_backport_line *p)
{
    const struct scrubbed *s = &l->message;
    p->message = s->text;
    p->taken = arena_array(m->a, s->n_taken + 1, sizeof *p->taken);
    for (size_t i = 0; p->taken && i < s->n_taken; i++)
        p->taken[p->n_taken++] = (struct port_taken_view){s->taken[i].what, s->taken[i].why};
    p->taken_more = (int64_t)s->more;
}

static void answer_fill(const struct maker *m, const struct view_backport *v,
                        const struct view_backport_line *l, struct page_backport_line *p)
{
    const struct port_line *r = l->r;
    struct sides s;
    p->uploaded = port_uploaded(l);
    p->chosen = p->uploaded && l->decision == BACKPORT_ACCEPTED;
    p->why = p->uploaded ? STR_NONE : r->why;
    p->left_in = conflict_in(r->diff);
    p->commit = str_sub(r->commit, 0, 12);
    p->already = r->verdict == PORT_ALREADY;
    p->not_affected = r->verdict == PORT_NOT_AFFECTED;
    p->already_commit = str_sub(r->already_commit, 0, 12);
    p->already_rule = r->already_rule.n ? port_rule_words(r->already_rule) : STR_NONE;
    p->tree = r->tree;
    p->proposed = r->verdict == PORT_PROPOSED ? "because it is only proposed" : "";
    if (!p->uploaded)
        p->rules = rules_of(m, r->rules, r->n_rules, p->why, &p->n_rules);
    p->commands = commands_of(m, v, r);
    duties_fill(m, r, p);
    files_fill(m, r, p);
    candidates_fill(m, l, p);
    past_fill(m, r, p);
    sides_of_diff(m->a, r->diff, &s);
    p->files = s.files;
    p->n_files = s.n_files;
    p->cut = s.cut;
}

static void decision_fill(const struct maker *m, const struct view_backport_line *l,
                          const struct draft *draft, struct page_backport_line *p)
{
    p->is_open = l->decision == BACKPORT_OPEN;
    p->waived = l->decision == BACKPORT_WAIVED;
    p->accepted = l->decision == BACKPORT_ACCEPTED;
    p->edited = l->decision == BACKPORT_EDITED;
    p->decision = backport_decision_words(l->decision);
    p->decided_by = audit_actor_words(l->actor);
    p->reason = l->reason;
    p->settled = str_sub(l->commit.n ? l->commit : l->tree, 0, 12);
    p->at = time_view_of(m, l->at_us);
    p->has_patch = l->has_patch;
    p->reopen = !p->is_open && p->can_decide;
    p->may_accept = l->may_accept && p->can_decide;
    p->may_test = l->may_test && p->can_decide;
    p->may_untested = l->may_untested && p->can_decide;
    p->open_edit = port_open(draft, "edit");
    p->open_waive = port_open(draft, "waive");
    p->f_accept = port_typed(draft, "accept", "reason");
    p->f_edit = port_typed(draft, "edit", "reason");
    p->f_patch = port_typed(draft, "edit", "patch");
    p->f_waive = port_typed(draft, "waive", "reason");
    p->f_untested = port_typed(draft, "untested", "reason");
}

static struct str line_path(const struct maker *m, const struct view_backport *v, size_t nth)
{
    return arena_strf(m->a, "/case/%.*s/backport/line/%lld", STR_ARG(v->case_number),
                      (long long)v->of[nth].id);
}

void page_backport_line_write(const struct maker *m, struct page_frame frame,
                              const struct view_backport *v, size_t nth, const struct draft *draft,
                              struct buf *out)
{
    const struct view_backport_line *l = &v->of[nth];
    struct page_backport_line p = {.frame = frame,
                                   .number = v->case_number,
                                   .title = v->case_title,
                                   .name = l->name,
                                   .id = arena_strf(m->a, "%lld", (long long)l->id),
                                   .answer = arena_strf(m->a, "%lld", (long long)l->nth),
                                   .closed = v->closed,
                                   .has = l->has,
                                   .waits = l->waits,
                                   .failed = l->failed,
                                   .stale = l->has && l->stale,
                                   .edit_waits = l->edit_waits,
                                   .failure = l->failure,
                                   .edit_failure = l->edit_failure,
                                   .proposed = "",
                                   .until = port_day(m, l->until_us),
                                   .can_decide = !v->closed};
    p.frame.title = arena_strf(m->a, "%.*s and %.*s", STR_ARG(l->name), STR_ARG(v->case_number));
    p.frame.refresh = l->waits || l->edit_waits;
    p.frame.code = true;
    port_row_fill(m, v, nth, &p.row);
    decision_fill(m, l, draft, &p);
    if (l->has)
        answer_fill(m, v, l, &p);
    message_fill(m, l, &p);
    tests_fill(m, l, &p);
    release_fill(m, v, l, &p);
    if (nth > 0)
        p.before = line_path(m, v, nth - 1);
    if (nth + 1 < v->n_of)
        p.after = line_path(m, v, nth + 1);
    tpl_backport_line(out, &p);
}
