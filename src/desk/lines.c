/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register of release lines: changes by people, the job that looks, the view.
 * Runs in core.
 * Input: forms and commands, hostile; the engine's answer, a stranger's text.
 */
#include "base/when.h"
#include "desk/job.h"
#include "desk/lines_inside.h"
#include "git/name.h"
#include "git/tagpattern.h"

static const struct actor machine = ACTOR_INIT_MACHINE;

/* ---- a line by a person ---- */

/* A day ends at its end. */
static enum rc until_read(struct str s, int64_t *ret_us, struct err *e)
{
    char whole[WHEN_TEXT_MAX];
    *ret_us = 0;
    if (s.n == 0)
        return RC_OK;
    bool day = s.n == 10;
    snprintf(whole, sizeof whole, "%.*s%s", (int)(s.n < 40 ? s.n : 40), s.p,
             day ? "T23:59:59Z" : "");
    if (when_parse_rfc3339(str_c(whole), ret_us, NULL) != RC_OK)
        return err_set(e, RC_INVALID, "the end is a day such as 2027-03-31");
    return RC_OK;
}

static enum rc root_ok(struct str s, struct err *e)
{
    struct str rest = s, part;
    if (s.n == 0)
        return RC_OK;
    TRY(desk_check_line(s, LINE_ROOT_MAX, "the root filesystem", e));
    if (s.p[0] != '/')
        return err_set(e, RC_INVALID, "the root filesystem is an absolute path");
    while (str_cut(&rest, '/', &part))
        if (str_eq(part, STR("..")))
            return err_set(e, RC_INVALID, "the path of the root filesystem goes upwards");
    return RC_OK;
}

static enum rc line_ok(const struct line_edit *n, struct line_row *r, struct err *e)
{
    struct tag_pattern p;
    r->name = str_trim(n->name);
    r->branch = str_trim(n->branch);
    r->tags = str_trim(n->tags);
    if (!n->keep_build)
        r->build = str_trim(n->build);
    r->tests = str_trim(n->tests);
    r->root = str_trim(n->root);
    r->maintained = n->maintained;
    TRY(desk_check_line(r->name, LINE_NAME_MAX, "the name of the line", e));
    if ((r->branch.n > 0) == (r->tags.n > 0))
        return err_set(e, RC_INVALID, "a line is a branch or a pattern of tags, one of the two");
    if (r->branch.n && (r->branch.n > LINE_BRANCH_MAX || !git_ref_ok(r->branch)))
        return err_set(e, RC_INVALID, "that is no name of a branch");
    if (r->tags.n)
        TRY(tag_pattern_parse(r->tags, &p, e));
    if (r->build.n)
        TRY(desk_check_line(r->build, LINE_TESTS_MAX, "the command that builds it", e));
    if (r->tests.n)
        TRY(desk_check_line(r->tests, LINE_TESTS_MAX, "the command of the tests", e));
    TRY(root_ok(r->root, e));
    return until_read(str_trim(n->until), &r->until_us, e);
}

struct change {
    const struct actor *who;
    const struct line_edit *n;
    int64_t id;
    struct str reason;
};

static json_t *told(const struct line_row *r, struct str reason)
{
    json_t *p = json_object();
    json_put_str(p, "line", r->name);
    if (r->branch.n)
        json_put_str(p, "branch", r->branch);
    if (r->tags.n)
        json_put_str(p, "tags", r->tags);
    json_put_bool(p, "maintained", r->maintained);
    json_put_time(p, "until", r->until_us);
    json_put_str(p, "build", r->build);
    json_put_str(p, "tests", r->tests);
    json_put_str(p, "root", r->root);
    if (reason.n)
        json_put_str(p, "reason", reason);
    return p;
}

/* Another place: what was looked at there says nothing of it. */
static void forget_look(struct line_row *r)
{
    r->tip = r->tip_commit = r->problem = STR_NONE;
    r->tip_us = 0;
}

static enum rc set_tx(struct desk *d, void *arg, struct err *e)
{
    struct change *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct line_row r = {.id = k->n->id}, was, *all;
    char author[ACTOR_NAME_MAX];
    size_t n;
    r.build = STR_NONE;
    forget_look(&r);
    if (r.id) {
        TRY(ops_line_get(d->db, a, r.id, &was, e));
        r = was;
    }
    TRY(line_ok(k->n, &r, e));
    if (r.id && (!str_eq(was.branch, r.branch) || !str_eq(was.tags, r.tags)))
        forget_look(&r);
    actor_name(k->who, author);
    r.source = STR("person");
    r.changed_by = str_c(author);
    r.changed_us = desk_now(d);
    TRY(ops_lines(d->db, a, &all, &n, e));
    if (r.id == 0 && n >= LINES_MAX)
        return err_set(e, RC_LIMIT, "the register has %d lines already", LINES_MAX);
    if (r.id == 0)
        TRY(ops_line_insert(d->db, &r, &r.id, e));
    else
        TRY(ops_line_update(d->db, &r, e));
    k->id = r.id;
    return desk_event(d, k->who, 0, k->n->id ? "line.changed" : "line.added",
                      told(&r, str_trim(k->n->reason)), e);
}

enum rc line_set(struct desk *d, const struct actor *who, const struct line_edit *n,
                 int64_t *ret_id, struct err *e)
{
    struct change k = {.who = who, .n = n};
    TRY(actor_needs_admin(who, e));
    if (str_trim(n->reason).n)
        TRY(desk_check_text(n->reason, DESK_REASON_MAX, "the reason", e));
    TRY(desk_run(d, set_tx, &k, e));
    *ret_id = k.id;
    return RC_OK;
}

static enum rc remove_tx(struct desk *d, void *arg, struct err *e)
{
    struct change *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct line_row r;
    TRY(ops_line_get(d->db, a, k->id, &r, e));
    TRY(ops_line_delete(d->db, k->id, e));
    return desk_event(d, k->who, 0, "line.removed", told(&r, k->reason), e);
}

enum rc line_remove(struct desk *d, const struct actor *who, int64_t id, struct str reason,
                    struct err *e)
{
    struct change k = {.who = who, .id = id, .reason = reason};
    TRY(actor_needs_admin(who, e));
    TRY(desk_check_text(reason, DESK_REASON_MAX, "the reason", e));
    return desk_run(d, remove_tx, &k, e);
}

/* ---- the job ---- */

static enum rc repository_there(const struct desk *d, struct err *e)
{
    if (d->set->project.repository.n == 0)
        return err_set(e, RC_INVALID,
                       "no repository is configured: set [project] repository to a mirror of it");
    return RC_OK;
}

static enum rc fill_tx(struct desk *d, void *arg, struct err *e)
{
    const struct change *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct look_row r;
    char author[ACTOR_NAME_MAX];
    TRY(ops_look_get(d->db, a, &r, e));
    actor_name(k->who, author);
    r.nth++;
    r.state = STR("asked");
    r.failure = STR_NONE;
    r.asked_by = str_c(author);
    r.asked_us = desk_now(d);
    TRY(ops_look_put(d->db, &r, e));
    TRY(desk_job_order(d, LINES_JOB, r.nth, 0, e));
    return desk_event(d, k->who, 0, "lines.asked", NULL, e);
}

enum rc lines_look(struct desk *d, const struct actor *who, struct err *e)
{
    struct change k = {.who = who};
    TRY(actor_needs_team(who, e));
    TRY(repository_there(d, e));
    return desk_run(d, fill_tx, &k, e);
}

enum rc lines_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(json) json_t *args = json_object();
    struct look_row r;
    TRY(ops_look_get(d->db, a, &r, e));
    if (!str_eq(r.state, STR("asked")) || r.nth != subject)
        return RC_OK;
    json_put_int(args, "nth", r.nth);
    json_put_str(args, "pattern", d->set->project.tag_pattern);
    TRY(json_write(&q->args, args, e));
    q->engine = LINES_JOB;
    return RC_OK;
}

struct looked {
    int64_t nth;
    const struct seen *seen;
    struct str why;
};

static enum rc write_line(struct desk *d, const struct line_row *r, size_t *added, struct err *e)
{
    int64_t id;
    if (r->id)
        return ops_line_update(d->db, r, e);
    (*added)++;
    return ops_line_insert(d->db, r, &id, e);
}

static enum rc answer_tx(struct desk *d, void *arg, struct err *e)
{
    const struct looked *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct fill f = {.seen = k->seen,
                     .settings = &d->set->project.maintained,
                     .policy = d->policy,
                     .now_us = desk_now(d)};
    struct look_row look;
    struct line_row *now, *next;
    size_t n, added = 0, problems = 0;
    TRY(ops_look_get(d->db, a, &look, e));
    if (look.nth != k->nth)
        return RC_OK;
    TRY(ops_lines(d->db, a, &now, &f.n_now, e));
    f.now = now;
    TRY(lines_merge(a, &f, &next, &n, e));
    for (size_t i = 0; i < n; i++) {
        TRY(write_line(d, &next[i], &added, e));
        problems += next[i].problem.n > 0;
    }
    look.state = STR("answered");
    look.failure = STR_NONE;
    look.answered_us = f.now_us;
    TRY(ops_look_put(d->db, &look, e));
    return desk_event(d, &machine, 0, "lines.filled",
                      json_pack("{s:I, s:I, s:I}", "lines", (json_int_t)n, "added",
                                (json_int_t)added, "problems", (json_int_t)problems),
                      e);
}

enum rc lines_job_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct seen seen;
    struct looked k = {.nth = subject, .seen = &seen};
    TRY(seen_read(answer, a, &seen, e));
    return desk_run(d, answer_tx, &k, e);
}

enum rc lines_job_progress(struct desk *d, int64_t subject, struct str what, int64_t *ret_case,
                           struct err *e)
{
    (void)subject;
    (void)ret_case; /* no case shows it */
    return ops_look_progress(d->db, what, e);
}

static enum rc failed_tx(struct desk *d, void *arg, struct err *e)
{
    const struct looked *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct look_row look;
    TRY(ops_look_get(d->db, a, &look, e));
    if (look.nth != k->nth || !str_eq(look.state, STR("asked")))
        return RC_OK;
    look.state = STR("failed");
    look.failure = k->why;
    TRY(ops_look_put(d->db, &look, e));
    return desk_event(d, &machine, 0, "lines.failed", NULL, e);
}

enum rc lines_job_failed(struct desk *d, int64_t subject, struct str why, struct err *e)
{
    struct looked k = {.nth = subject, .why = why};
    return desk_run(d, failed_tx, &k, e);
}

/* ---- the view ---- */

static bool next_number(struct str s, size_t *at, uint64_t *ret)
{
    while (*at < s.n && !ascii_is_digit(s.p[*at]))
        (*at)++;
    size_t from = *at;
    while (*at < s.n && ascii_is_digit(s.p[*at]))
        (*at)++;
    struct str digits = str_sub(s, from, *at - from);
    *ret = 0;
    if (digits.n == 0)
        return false;
    if (digits.n > 18 || num_parse(digits, 0, INT64_MAX, "number", ret, NULL) != RC_OK)
        *ret = INT64_MAX;
    return true;
}

int line_order(struct str x, struct str y)
{
    size_t i = 0, k = 0;
    uint64_t v, w;
    for (bool first = true;; first = false) {
        bool more_x = next_number(x, &i, &v), more_y = next_number(y, &k, &w);
        if (more_x != more_y) /* "main" before all numbers; "2.1" before "2" */
            return (first ? !more_x : more_x) ? -1 : 1;
        if (!more_x)
            return str_cmp(x, y);
        if (v != w)
            return v > w ? -1 : 1;
    }
}

static int by_rank(const void *x, const void *y)
{
    const struct view_mline *a = x, *b = y;
    if (a->maintained != b->maintained)
        return a->maintained ? -1 : 1;
    return line_order(a->name, b->name);
}

static const char *state_of(const struct view_mline *v, int64_t now_us)
{
    if (!v->written)
        return "not maintained";
    if (v->over)
        return "no longer maintained";
    return v->until_us && v->until_us - now_us < LINE_SOON_US ? "ends soon" : "maintained";
}

static void from_settings(struct desk *d, struct view_mline *v, size_t *n)
{
    const struct str_list *l = &d->set->project.maintained;
    for (size_t i = 0; i < l->n; i++) {
        v[*n] = (struct view_mline){
            .name = l->v[i], .branch = l->v[i], .tip = l->v[i], .written = true};
        v[*n].tags = v[*n].build = v[*n].tests = v[*n].root = v[*n].changed_by = v[*n].commit =
            v[*n].problem = STR_NONE;
        v[(*n)++].source = STR("settings");
    }
}

enum rc lines_now(struct desk *d, struct arena *a, struct view_mline **ret, size_t *ret_n,
                  struct err *e)
{
    struct line_row *r;
    size_t n, k = 0;
    int64_t now = desk_now(d);
    TRY(ops_lines(d->db, a, &r, &n, e));
    struct view_mline *v = arena_array(a, n + d->set->project.maintained.n + 1, sizeof *v);
    TRY(arena_ok(a, "the lines", e));
    for (; k < n; k++)
        v[k] = (struct view_mline){.id = r[k].id,
                                   .until_us = r[k].until_us,
                                   .at_us = r[k].tip_us,
                                   .changed_us = r[k].changed_us,
                                   .name = r[k].name,
                                   .branch = r[k].branch,
                                   .tags = r[k].tags,
                                   .build = r[k].build,
                                   .tests = r[k].tests,
                                   .root = r[k].root,
                                   .source = r[k].source,
                                   .changed_by = r[k].changed_by,
                                   .tip = r[k].tip.n ? r[k].tip : r[k].branch,
                                   .commit = r[k].tip_commit,
                                   .problem = r[k].problem,
                                   .written = r[k].maintained};
    if (n == 0)
        from_settings(d, v, &k);
    for (size_t i = 0; i < k; i++) {
        v[i].over = v[i].until_us && v[i].until_us < now;
        v[i].maintained = v[i].written && !v[i].over;
        v[i].state = state_of(&v[i], now);
    }
    qsort(v, k, sizeof *v, by_rank);
    *ret = v;
    *ret_n = k;
    return RC_OK;
}

enum rc view_lines(struct desk *d, const struct actor *who, struct arena *a, struct view_lines *ret,
                   struct err *e)
{
    struct view_lines v = {.now_us = desk_now(d)};
    struct look_row look;
    TRY(actor_needs_team(who, e));
    TRY(lines_now(d, a, &v.lines, &v.n_lines, e));
    TRY(ops_look_get(d->db, a, &look, e));
    for (size_t i = 0; i < v.n_lines; i++) {
        v.n_maintained += v.lines[i].maintained;
        v.n_problems += v.lines[i].problem.n > 0;
    }
    v.repository = d->set->project.repository.n > 0;
    v.waits = str_eq(look.state, STR("asked"));
    v.failed = str_eq(look.state, STR("failed"));
    v.progress = look.progress;
    v.failure = look.failure;
    v.asked_by = look.asked_by;
    v.asked_us = look.asked_us;
    v.answered_us = look.answered_us;
    v.may_write = actor_needs_admin(who, NULL) == RC_OK;
    *ret = v;
    return arena_ok(a, "the lines", e);
}

static json_t *line_json(const struct view_mline *v)
{
    json_t *o = json_object();
    json_put_int(o, "line", v->id);
    json_put_str(o, "name", v->name);
    if (v->branch.n)
        json_put_str(o, "branch", v->branch);
    if (v->tags.n)
        json_put_str(o, "tags", v->tags);
    json_put_bool(o, "maintained", v->maintained);
    json_put_str(o, "state", str_c(v->state));
    json_put_time(o, "until", v->until_us);
    json_put_str(o, "build", v->build);
    json_put_str(o, "tests", v->tests);
    json_put_str(o, "root", v->root);
    json_put_str(o, "source", v->source);
    json_put_str(o, "tip", v->tip);
    json_put_str(o, "commit", v->commit);
    if (v->problem.n)
        json_put_str(o, "problem", v->problem);
    return o;
}

json_t *view_lines_json(const struct view_lines *v)
{
    json_t *j = json_object(), *list = json_array();
    for (size_t i = 0; i < v->n_lines; i++)
        json_array_append_new(list, line_json(&v->lines[i]));
    json_put_str(j, "state",
                 str_c(v->waits         ? "asked"
                       : v->failed      ? "failed"
                       : v->answered_us ? "answered"
                                        : ""));
    if (v->failure.n)
        json_put_str(j, "failure", v->failure);
    json_put_time(j, "answered", v->answered_us);
    json_put_int(j, "maintained", (int64_t)v->n_maintained);
    json_object_set_new(j, "lines", list);
    return j;
}
