/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers about backports as JSON, and the engine job.  Runs in the engine child and in commands;
 * everything in the repository is a stranger's.
 */
#include "engine/backport/whole.h"

#include <fcntl.h>
#include <string.h>

#include "base/utf8.h"
#include "engine/backport/commit.h"
#include "os/file.h"

#define JOB_MEMORY (UINT64_C(4) << 30)

struct whole {
    struct work *w;
    const struct port_question *q;
    struct arena *a;
};

/* ---- Texts ---- */

static void put_line(json_t *o, const char *key, struct str s)
{
    AUTO(buf) struct buf b = BUF_INIT(PORT_TEXT_MAX * 4);
    utf8_clean_line(&b, utf8_clip(s, PORT_TEXT_MAX / 4));
    json_put_str(o, key, buf_str(&b));
}

/* Cut behind a line when it is too long. */
static void put_text(json_t *o, const char *key, struct str s, size_t max)
{
    AUTO(buf) struct buf b = BUF_INIT(s.n * 3 + 1);
    utf8_clean(&b, s);
    struct str clean = buf_str(&b);
    if (clean.n > max) {
        clean = str_sub(clean, 0, max);
        size_t end = str_rchr(clean, '\n');
        clean = str_sub(clean, 0, end == STR_NPOS ? 0 : end + 1);
    }
    json_put_str(o, key, clean);
}

static json_t *rules_json(const struct step_rules *r)
{
    json_t *l = json_array();
    for (size_t i = 0; i < r->n; i++)
        json_array_append_new(l, json_string(r->v[i]));
    return l;
}

/* ---- What both forms have ---- */

static json_t *left_out_json(const struct port_answer *v)
{
    json_t *l = json_array();
    for (size_t s = 0; s < v->n_steps; s++)
        for (size_t i = 0; i < v->steps[s].n; i++) {
            const struct step_file *f = &v->steps[s].files[i];
            if (f->f.how != BP_LEFT_OUT || json_array_size(l) == PORT_LEFT_MAX)
                continue;
            json_t *o = json_object();
            put_line(o, "path", f->f.path);
            json_put_str(o, "class", str_c(file_class_name(f->f.class)));
            json_array_append_new(l, o);
        }
    return l;
}

static void add_duty(json_t *l, const char *id, const char *result, struct str path, uint32_t line,
                     struct str detail)
{
    json_t *o = json_object();
    json_put_str(o, "id", str_c(id));
    json_put_str(o, "result", str_c(result));
    if (path.n)
        put_line(o, "path", path);
    if (line)
        json_put_int(o, "line", line);
    put_line(o, "detail", detail);
    json_array_append_new(l, o);
}

/* Picking the fix again, and taking the candidate back. */
static void add_proof(json_t *l, enum pick_proof p, struct str path, const char *words)
{
    static const char *const results[] = {
        [PICK_PASS] = "pass", [PICK_FAIL] = "fail", [PICK_UNKNOWN] = "unknown"};
    add_duty(l, "O7", results[p], path, 0, str_c(words));
}

static json_t *duties_json(const struct port_answer *v)
{
    json_t *l = json_array();
    for (size_t s = 0; s < v->n_steps; s++) {
        const struct step *step = &v->steps[s];
        for (size_t i = 0; i < step->duties.n; i++) {
            const struct obligation *d = &step->duties.v[i];
            add_duty(l, oblige_id_text(d->id), oblige_result_text(d->result), d->path, d->line,
                     d->detail);
        }
        if (step->duties.n && step->verdict > PORT_CLEAN) {
            add_proof(l, step->proofs.again, step->proofs.again_path,
                      "picking the fix once more changes nothing");
            add_proof(l, step->proofs.back, step->proofs.back_path,
                      "the candidate taken back gives the release, bit for bit");
        }
    }
    return l;
}

/* The candidate itself stands first, then what else a person may take. */
static json_t *candidates_json(const struct port_answer *v)
{
    json_t *l = json_array();
    for (size_t i = 0; i < v->n_candidates; i++) {
        const struct step_candidate *c = &v->candidates[i];
        json_t *o = json_object();
        json_put_str(o, "tree", str_c(c->tree));
        put_line(o, "source", c->source);
        json_object_set_new(o, "rules", rules_json(&c->rules));
        put_line(o, "why", c->why);
        json_array_append_new(l, o);
    }
    return l;
}

static json_t *line_json(const struct port_answer *v)
{
    json_t *o = json_object();
    put_line(o, "onto", v->onto->name);
    json_put_str(o, "verdict", str_c(port_verdict_name(v->verdict)));
    if (v->tree[0])
        json_put_str(o, "tree", str_c(v->tree));
    json_object_set_new(o, "rules", rules_json(&v->rules));
    json_object_set_new(o, "obligations", duties_json(v));
    if (v->demoted.n)
        json_object_set_new(o, "demoted", rules_json(&v->demoted));
    json_object_set_new(o, "left_out", left_out_json(v));
    json_object_set_new(o, "candidates", candidates_json(v));
    json_put_str(o, "tests", STR("not-run"));
    put_line(o, "why", v->why);
    return o;
}

enum rc port_short_json(struct work *w, const struct port_question *q, struct arena *a,
                        json_t **ret_list, struct err *e)
{
    struct port_answer *v;
    AUTO(json) json_t *l = json_array();
    TRY(port_answer_all(w, q, a, &v, e));
    for (size_t i = 0; i < q->n_onto; i++) {
        json_t *o = line_json(&v[i]);
        json_object_set_new(o, "ms", json_real((double)v[i].us / 1000));
        json_array_append_new(l, o);
    }
    *ret_list = TAKE(l);
    return RC_OK;
}

/* ---- The whole form: files ---- */

static const char *how_name(enum bp_how how)
{
    static const char *const names[] = {
        [BP_SAME] = "same",         [BP_TAKEN] = "taken",           [BP_MERGED] = "merged",
        [BP_CONFLICT] = "conflict", [BP_LADDER] = "ladder",         [BP_ABSENT] = "absent",
        [BP_GONE] = "gone",         [BP_ADDED_BOTH] = "added-both", [BP_ODD] = "odd",
        [BP_LOCATED] = "located",   [BP_LEFT_OUT] = "left-out",
    };
    return names[how];
}

static json_t *range_json(struct ladder_lines l)
{
    return json_pack("[II]", (json_int_t)l.from, (json_int_t)l.n);
}

static json_t *regions_json(const struct ladder_out *out)
{
    json_t *l = json_array();
    for (size_t i = 0; out && i < out->n_regions && i < PORT_REGIONS_MAX; i++) {
        const struct ladder_region *r = &out->regions[i];
        json_t *o = json_object();
        json_put_str(o, "rule", str_c(r->rule));
        json_put_str(o, "state", str_c(port_state_name(step_state(r->state))));
        json_object_set_new(o, "base", range_json(r->base));
        json_object_set_new(o, "fix", range_json(r->fix));
        json_object_set_new(o, "release", range_json(r->release));
        json_object_set_new(o, "made", range_json(r->made));
        put_line(o, "why", str_c(r->why));
        json_array_append_new(l, o);
    }
    return l;
}

static json_t *file_json(const struct step_file *f)
{
    json_t *o = json_object();
    struct step_rules rules = {.n = 0};
    step_file_rules(&rules, f);
    put_line(o, "path", f->f.path);
    if (!str_eq(f->f.path, f->f.fix_path))
        put_line(o, "fix_path", f->f.fix_path);
    json_put_str(o, "class", str_c(file_class_name(f->f.class)));
    json_put_str(o, "how", str_c(how_name(f->f.how)));
    json_put_str(o, "state", str_c(port_state_name(f->state)));
    json_object_set_new(o, "rules", rules_json(&rules));
    json_object_set_new(o, "regions", regions_json(f->ladder));
    if (f->ladder && f->ladder->conflict.n)
        put_text(o, "conflict", f->ladder->conflict, PORT_CONFLICT_MAX);
    return o;
}

static json_t *files_json(const struct port_answer *v)
{
    json_t *l = json_array();
    for (size_t s = 0; s < v->n_steps; s++)
        for (size_t i = 0; i < v->steps[s].n && json_array_size(l) < PORT_FILES_MAX; i++)
            json_array_append_new(l, file_json(&v->steps[s].files[i]));
    return l;
}

/* ---- The whole form: the candidate as a diff and as a commit ---- */

static enum rc diff_text(const struct whole *k, const char *from, const char *to, struct buf *b,
                         struct err *e)
{
    const char *args[] = {
        "diff-tree", "-p", "--find-renames", "--no-color", "--no-ext-diff", "--no-textconv", from,
        to,          NULL};
    return git_run(k->w->git, args, STR_NONE, b, e);
}

static enum rc put_diff(const struct whole *k, const struct port_answer *v, const char *tree,
                        json_t *o, struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(GIT_OUT_MAX);
    struct err why = ERR_INIT;
    enum rc rc = diff_text(k, v->onto->tree, tree, &b, &why);
    if (rc == RC_LIMIT) {
        buf_reset(&b);
        buf_adds(&b, "the difference is too large to be shown\n");
    } else if (rc != RC_OK) {
        *e = why;
        return rc;
    }
    put_text(o, "diff", buf_str(&b), PORT_DIFF_MAX);
    return RC_OK;
}

/* "Backport-notes:" of what a reader of the history has to know. */
static size_t notes_of(const struct whole *k, const struct port_answer *v, struct str *notes,
                       size_t max)
{
    size_t n = 0;
    bool made = str_eq(v->source, STR("fix")) || str_eq(v->source, STR("edited"));
    if (!made && n < max)
        notes[n++] = arena_strf(k->a, "taken from the backport of %.*s", STR_ARG(v->source));
    for (size_t s = 0; s < v->n_steps; s++)
        for (size_t i = 0; i < v->steps[s].n; i++) {
            const struct step_file *f = &v->steps[s].files[i];
            if (n == max)
                return n;
            if (f->f.how == BP_LEFT_OUT)
                notes[n++] = arena_strf(k->a, "%.*s left out", STR_ARG(f->f.path));
            else if (f->f.how == BP_LOCATED)
                notes[n++] = arena_strf(k->a, "%.*s is %.*s here", STR_ARG(f->f.fix_path),
                                        STR_ARG(f->f.path));
            else if (f->f.fix_renamed)
                notes[n++] = arena_strf(k->a, "%.*s keeps its name, the fix has it as %.*s",
                                        STR_ARG(f->f.path), STR_ARG(f->f.fix_path));
            else if (f->f.how == BP_LADDER)
                notes[n++] = arena_strf(k->a, "%.*s merged by hand", STR_ARG(f->f.path));
        }
    return n;
}

/* Of its author. */
static enum rc fix_date(const struct whole *k, int64_t *ret_us, struct err *e)
{
    struct object found;
    struct str author = STR_NONE, id = str_c(k->q->fix[k->q->n_fix - 1].commit);
    TRY(objects_read(bp_objects(k->w->store), id, COMMIT_BODY_MAX, &found, e));
    (void)object_header(found.body, "author", 0, &author);
    *ret_us = object_date_s(author) * 1000000;
    return RC_OK;
}

/* The commit of the candidate, its message, and it as a mail. */
static enum rc put_commit(const struct whole *k, struct port_answer *v, json_t *o, struct err *e)
{
    struct str notes[COMMIT_NOTES_MAX];
    AUTO(buf) struct buf message = BUF_INIT(COMMIT_BODY_MAX);
    AUTO(buf) struct buf patch = BUF_INIT(GIT_OUT_MAX);
    struct err why = ERR_INIT;
    struct commit_ask ask = {.original = k->q->fix[k->q->n_fix - 1].commit,
                             .tree = v->tree,
                             .parent = v->onto->commit,
                             .committer = k->w->options.committer,
                             .notes = notes};
    ask.n = notes_of(k, v, notes, COMMIT_NOTES_MAX);
    if (ask.committer.at_us == 0)
        TRY(fix_date(k, &ask.committer.at_us, e));
    TRY(arena_ok(k->a, "the candidate", e));
    TRY(commit_make(k->w->store, &ask, v->commit, e));
    TRY(commit_message(k->w->store, &ask, &message, e));
    json_put_str(o, "made", str_c(v->commit));
    put_text(o, "message", buf_str(&message), PORT_MESSAGE_MAX);
    const char *args[] = {"format-patch", "--stdout",      "-1",        "--no-signature",
                          "--no-color",   "--no-ext-diff", "--no-stat", "--full-index",
                          "--binary",     "--no-renames",  v->commit,   NULL};
    enum rc rc = git_run(k->w->git, args, STR_NONE, &patch, &why);
    if (rc != RC_OK && rc != RC_LIMIT) {
        *e = why;
        return rc;
    }
    if (rc == RC_OK && patch.n <= PORT_PATCH_MAX && utf8_valid(buf_str(&patch)))
        json_put_str(o, "patch", buf_str(&patch));
    return RC_OK;
}

/* ---- The whole form: what a person wants to know about a conflict ---- */

static size_t places_of(const struct port_answer *v, struct past_place *places)
{
    size_t n = 0;
    for (size_t s = 0; s < v->n_steps; s++)
        for (size_t i = 0; i < v->steps[s].n; i++) {
            const struct step_file *f = &v->steps[s].files[i];
            for (size_t r = 0; f->ladder && r < f->ladder->n_regions; r++) {
                const struct ladder_region *g = &f->ladder->regions[r];
                if (g->state != LADDER_OPEN && g->state != LADDER_PROPOSED)
                    continue;
                if (n == PAST_PLACES_MAX)
                    return n;
                struct str before = f->f.fix_renamed ? f->f.path : f->f.fix_path;
                places[n++] = (struct past_place){f->f.path, before,          g->base.from,
                                                  g->base.n, g->release.from, g->release.n};
            }
        }
    return n;
}

static json_t *needs_json(const struct past_needs *p)
{
    json_t *l = json_array();
    for (size_t i = 0; i < p->n_needs; i++) {
        json_t *o = json_object();
        json_put_str(o, "commit", str_c(p->needs[i].id));
        put_line(o, "subject", p->needs[i].subject);
        put_line(o, "path", p->needs[i].path);
        json_put_int(o, "lines", p->needs[i].lines);
        json_array_append_new(l, o);
    }
    return l;
}

static void add_history(json_t *list, const struct past_commit *c, struct str side)
{
    json_t *o = json_object();
    put_line(o, "path", c->path);
    json_put_str(o, "side", side);
    json_put_str(o, "commit", str_c(c->id));
    put_line(o, "subject", c->subject);
    json_put_time(o, "date", c->author_us);
    json_array_append_new(list, o);
}

static json_t *histories_json(const struct past_needs *p)
{
    json_t *l = json_array();
    for (size_t i = 0; i < p->n_touches && i < PORT_HISTORY_MAX; i++)
        add_history(l, &p->touches[i].commit, p->touches[i].main ? STR("main") : STR("release"));
    return l;
}

/* What the line never had: the commits that brought the text which the fix edits. */
static void put_origins(const struct port_answer *v, json_t *o)
{
    json_t *l = json_array();
    for (size_t i = 0; i < v->n_absent; i++)
        for (size_t c = 0; c < v->absent[i].n_origins; c++)
            if (json_array_size(l) < PORT_HISTORY_MAX)
                add_history(l, &v->absent[i].origins[c], STR("main"));
    json_object_set_new(o, "histories", l);
}

static enum rc put_needs(const struct whole *k, const struct port_answer *v, json_t *o,
                         struct err *e)
{
    struct past_place places[PAST_PLACES_MAX];
    struct past_needs needs = {.n_needs = 0};
    struct str onto = str_c(v->onto->commit);
    const struct past_ask ask = work_past(k->w, str_c(k->q->fix[0].commit), &onto, 1);
    size_t n = str_eq(v->source, STR("fix")) ? places_of(v, places) : 0;
    struct err none = ERR_INIT;
    /* That something is missing here has been said, or does not matter. */
    if (n && past_needs(&ask, 0, places, n, k->a, &needs, &none) != RC_OK)
        needs = (struct past_needs){.n_needs = 0};
    json_object_set_new(o, "prerequisites", needs_json(&needs));
    json_object_set_new(o, "histories", histories_json(&needs));
    return arena_ok(k->a, "the answer", e);
}

/* ---- The whole form ---- */

static void put_already(const struct port_answer *v, json_t *o)
{
    if (v->verdict != PORT_ALREADY)
        return;
    json_t *by = json_object();
    json_put_str(by, "rule", v->already ? str_c(v->already->rule) : STR("content"));
    if (v->already && v->already->commit[0])
        json_put_str(by, "commit", str_c(v->already->commit));
    json_object_set_new(o, "already", by);
}

static enum rc put_line_whole(const struct whole *k, struct port_answer *v, json_t *list,
                              struct err *e)
{
    json_t *o = line_json(v);
    json_array_append_new(list, o);
    json_put_str(o, "commit", str_c(v->onto->commit));
    put_line(o, "source", v->source);
    json_put_int(o, "ms", v->us / 1000);
    json_object_set_new(o, "files", files_json(v));
    put_already(v, o);
    if (v->tree[0]) {
        TRY(put_diff(k, v, v->tree, o, e));
        TRY(put_commit(k, v, o, e));
    }
    json_t *candidates = json_object_get(o, "candidates");
    for (size_t i = 0; i < v->n_candidates; i++)
        if (strcmp(v->candidates[i].tree, v->tree) != 0)
            TRY(put_diff(k, v, v->candidates[i].tree, json_array_get(candidates, i), e));
    if (v->verdict == PORT_NOT_AFFECTED)
        put_origins(v, o);
    else if (v->verdict > PORT_CLEAN)
        TRY(put_needs(k, v, o, e));
    return arena_ok(k->a, "the answer", e);
}

static enum rc fix_json(const struct whole *k, const struct port_change *c, json_t *list,
                        struct err *e)
{
    struct object found;
    struct str author = STR_NONE, rest, line;
    TRY(objects_read(bp_objects(k->w->store), str_c(c->commit), COMMIT_BODY_MAX, &found, e));
    json_t *o = json_object();
    json_array_append_new(list, o);
    json_put_str(o, "commit", str_c(c->commit));
    size_t end = str_find(found.body, STR("\n\n"));
    rest = end == STR_NPOS ? STR_NONE : str_sub(found.body, end + 2, found.body.n);
    put_line(o, "subject", str_line(&rest, &line) ? line : STR_NONE);
    (void)object_header(found.body, "author", 0, &author);
    int64_t at_s = object_date_s(author);
    size_t mail = str_chr(author, '<');
    put_line(o, "author", str_trim(str_sub(author, 0, mail == STR_NPOS ? author.n : mail)));
    json_put_time(o, "date", at_s * 1000000);
    return RC_OK;
}

enum rc port_line_json(struct work *w, const struct port_question *q, struct port_answer *v,
                       struct arena *a, json_t **ret_line, struct err *e)
{
    const struct whole k = {w, q, a};
    AUTO(json) json_t *list = json_array();
    TRY(put_line_whole(&k, v, list, e));
    *ret_line = json_incref(json_array_get(list, 0));
    return RC_OK;
}

enum rc port_json(struct work *w, const struct port_question *q, struct arena *a, json_t **ret_j,
                  struct err *e)
{
    struct port_answer *v;
    const struct whole k = {w, q, a};
    AUTO(json) json_t *j = json_object();
    json_t *fix = json_array(), *lines = json_array();
    json_object_set_new(j, "fix", fix);
    json_object_set_new(j, "lines", lines);
    json_object_set_new(j, "notes", json_array());
    TRY(port_answer_all(w, q, a, &v, e));
    for (size_t i = 0; i < q->n_fix; i++)
        TRY(fix_json(&k, &q->fix[i], fix, e));
    for (size_t i = 0; i < q->n_onto; i++)
        TRY(put_line_whole(&k, &v[i], lines, e));
    *ret_j = TAKE(j);
    return RC_OK;
}

/* ---- The job ---- */

enum rc port_case_objects(const char *scratch, const json_t *args, struct arena *a,
                          const char **ret_dir, struct err *e)
{
    int64_t id;
    TRY(json_get_int(args, "case", 1, INT64_MAX, &id, e));
    struct str dir = arena_strf(a, "%s/case-%lld", scratch, (long long)id);
    struct str objects = arena_strf(a, "%.*s/objects", STR_ARG(dir));
    TRY(arena_ok(a, "the job", e));
    TRY(dir_make(AT_FDCWD, dir.p, 0700, e));
    TRY(dir_make(AT_FDCWD, objects.p, 0700, e));
    *ret_dir = objects.p;
    return RC_OK;
}

enum rc port_job_open(const struct engine_job *j, struct arena *a, struct work **ret_w,
                      struct err *e)
{
    struct str scratch = arena_strf(a, "%s/tmp", j->scratch);
    struct str cache = arena_strf(a, "%s/cache", j->scratch);
    struct work_options o = {
        .repo = j->mirror,
        .scratch = scratch.p,
        .cache = cache.p,
        .committer = {.name = STR("vulndesk"), .email = STR("vulndesk@localhost")},
        .progress = j->progress,
        .progress_arg = j->progress_arg};
    TRY(arena_ok(a, "the job", e));
    if (j->mirror == NULL)
        return err_set(e, RC_INVALID, "no repository is configured (project.repository)");
    (void)!dir_remove(AT_FDCWD, scratch.p, NULL); /* of a run that died */
    TRY(dir_make(AT_FDCWD, scratch.p, 0700, e));
    TRY(dir_make(AT_FDCWD, cache.p, 0700, e));
    TRY(port_case_objects(j->scratch, j->args, a, &o.results, e));
    return work_open(&o, ret_w, e);
}

enum rc engine_backport(const struct engine_job *j, json_t **ret_answer, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(JOB_MEMORY);
    AUTO(work) struct work *w = NULL;
    AUTO(json) json_t *in = NULL;
    AUTO(json) json_t *out = NULL;
    struct port_question q;
    TRY(json_parse(j->input, ENGINE_INPUT_MAX, "the question", &in, e));
    TRY(port_job_open(j, a, &w, e));
    TRY(port_question_of_json(w->store, json_object_get(in, "question"), a, &q, e));
    TRY(port_json(w, &q, a, &out, e));
    TRY(bp_flush(w->store, e));
    json_object_set(out, "nth", json_object_get(j->args, "nth"));
    *ret_answer = TAKE(out);
    return RC_OK;
}
