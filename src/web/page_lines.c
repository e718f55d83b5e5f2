/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page of the register of release lines.  Runs in core.  Names of branches and tags come out of
 * a stranger's repository; the templates escape them.
 */
#include "web/page_audit.h"
#include "web/page_backport.h"
#include "web/templates.h"

static const char *source_words(struct str source)
{
    static const struct {
        const char *name, *words;
    } sources[] = {{"person", "written by a person"},
                   {"settings", "the settings"},
                   {"policy", "the policy's table of versions"},
                   {"repository", "the repository's releases"}};
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        if (str_eq(source, str_c(sources[i].name)))
            return sources[i].words;
    return "";
}

static const char *state_kind(const struct view_mline *l, int64_t now_us)
{
    if (!l->maintained)
        return "calm";
    return l->until_us && l->until_us - now_us < LINE_SOON_US ? "warn" : "ok";
}

/* What stands in its form: what was typed into it when it was not taken. */
static void form_fill(const struct draft *draft, struct mline_view *p)
{
    const struct {
        struct str *to;
        const char *name;
    } fields[] = {{&p->f_name, "name"},   {&p->f_branch, "branch"}, {&p->f_tags, "tags"},
                  {&p->f_build, "build"}, {&p->f_tests, "tests"},   {&p->f_root, "root"},
                  {&p->f_until, "until"}, {&p->f_reason, "reason"}};
    if (!port_open(draft, "set"))
        return;
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        *fields[i].to = http_form_get(draft->typed, fields[i].name);
    p->f_maintained = http_form_has(draft->typed, "maintained");
}

static void line_fill(const struct maker *m, const struct view_lines *v, const struct view_mline *l,
                      struct mline_view *p)
{
    *p = (struct mline_view){.id = l->id,
                             .name = l->name,
                             .branch = l->branch,
                             .tags = l->tags,
                             .build = l->build,
                             .tests = l->tests,
                             .root = l->root,
                             .tip = l->tip,
                             .commit = str_sub(l->commit, 0, 12),
                             .problem = l->problem,
                             .who = audit_actor_words(l->changed_by),
                             .until = port_day(m, l->until_us),
                             .state = l->state,
                             .kind = state_kind(l, v->now_us),
                             .source = source_words(l->source),
                             .changed = time_view_of(m, l->changed_us),
                             .at = time_view_of(m, l->at_us),
                             .has_changed = l->changed_us != 0,
                             .has_at = l->at_us != 0,
                             .maintained = l->maintained,
                             .may_write = v->may_write,
                             .f_name = l->name,
                             .f_branch = l->branch,
                             .f_tags = l->tags,
                             .f_build = l->build,
                             .f_tests = l->tests,
                             .f_root = l->root,
                             .f_until = port_day(m, l->until_us),
                             .f_maintained = l->written};
}

static struct str summary_of(const struct maker *m, const struct view_lines *v)
{
    if (v->n_lines == 0)
        return STR_NONE;
    struct str problems =
        v->n_problems ? arena_strf(m->a, "; %zu with a problem", v->n_problems) : STR_NONE;
    return arena_strf(m->a, "%zu of %zu %s maintained%.*s", v->n_maintained, v->n_lines,
                      v->n_lines == 1 ? "line is" : "lines are", STR_ARG(problems));
}

void page_lines_write(const struct maker *m, struct page_frame frame, const struct view_lines *v,
                      struct buf *out)
{
    struct page_lines p = {.frame = frame,
                           .no_repository = !v->repository,
                           .waits = v->waits,
                           .failed = v->failed,
                           .may_write = v->may_write,
                           .progress = v->progress,
                           .failure = v->failure,
                           .summary = summary_of(m, v),
                           .answered = time_view_of(m, v->answered_us),
                           .looked = v->answered_us != 0};
    p.frame.title = STR("Release lines");
    p.frame.at_lines = true;
    p.frame.code = true;
    p.frame.refresh = v->waits;
    p.lines = arena_array(m->a, v->n_lines + 1, sizeof *p.lines);
    p.others = arena_array(m->a, v->n_lines + 1, sizeof *p.others);
    for (size_t i = 0; p.lines && p.others && i < v->n_lines; i++) {
        bool on = v->lines[i].maintained;
        struct mline_view *k = on ? &p.lines[p.n_lines++] : &p.others[p.n_others++];
        line_fill(m, v, &v->lines[i], k);
    }
    tpl_lines(out, &p);
}

void page_mline_write(const struct maker *m, struct page_frame frame, const struct view_lines *v,
                      const struct view_mline *l, const struct draft *draft, struct buf *out)
{
    struct page_mline p = {.frame = frame, .is_new = l == NULL, .line = {.f_maintained = true}};
    if (l)
        line_fill(m, v, l, &p.line);
    p.frame.title = l ? arena_strf(m->a, "Line %.*s", STR_ARG(l->name)) : STR("A new line");
    p.frame.at_lines = true;
    p.line.csrf = frame.csrf;
    p.line.may_write = v->may_write;
    form_fill(draft, &p.line);
    tpl_mline_page(out, &p);
}
