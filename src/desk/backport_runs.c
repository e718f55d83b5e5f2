/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs in the sandbox for a case: the tests of its candidates, and reproducers.
 * Runs in core; nothing runs here, the worker's runner does that.
 * Input: forms and commands of the team; scripts of strangers, only kept and hashed here; answers
 * of jobs, a stranger's texts.
 */
#include "base/hash.h"
#include "base/hex.h"
#include "desk/affected_inside.h"
#include "desk/backport_inside.h"
#include "engine/backport/runs.h"
#include "desk/job.h"

#define RUN_QUESTION_MAX (1u << 20)

static const struct actor machine = ACTOR_INIT_MACHINE;

static enum rc a_person(const struct actor *who, struct err *e)
{
    TRY(actor_needs_team(who, e));
    return who->kind == ACTOR_MACHINE ? err_set(e, RC_DENIED, "a person decides what runs") : RC_OK;
}

/* ---- tests ---- */

static const struct view_mline *line_of(const struct view_mline *v, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(v[i].name, name))
            return &v[i];
    return NULL;
}

/* The fix's own tests, as far as they were carried over. */
static json_t *own_tests(const struct port_line *p)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->n_files && json_array_size(list) < RUNS_NAMES_MAX; i++) {
        const struct port_file *f = &p->files[i];
        bool stays = str_eq(f->how, STR("left-out")) || str_eq(f->how, STR("absent")) ||
                     str_eq(f->how, STR("gone"));
        if (str_eq(f->class, STR("test")) && !stays)
            json_array_append_new(list, json_str(f->path));
    }
    return list;
}

struct candidate { /* that is tested */
    struct str base, made;
};

static enum rc tests_question(struct arena *a, const struct backport_line_row *line,
                              const struct view_mline *reg, struct candidate *ret_c, struct buf *b,
                              struct err *e)
{
    AUTO(json) json_t *j = NULL;
    AUTO(json) json_t *q = json_object();
    struct port_line p;
    TRY(backport_record_of(a, line, &j, &p, e));
    bool settled = line->made.n > 0;
    struct candidate c = {settled ? line->base : p.commit, settled ? line->made : p.made};
    if (c.made.n == 0 || c.base.n == 0)
        return err_set(e, RC_CONFLICT, "this line has no candidate that could be tested");
    json_put_str(q, "base", c.base);
    json_put_str(q, "candidate", c.made);
    if (reg->build.n)
        json_put_str(q, "build", reg->build);
    json_put_str(q, "tests", reg->tests);
    if (reg->root.n)
        json_put_str(q, "root", reg->root);
    json_object_set_new(q, "own", own_tests(&p));
    *ret_c = (struct candidate){arena_str(a, c.base), arena_str(a, c.made)};
    TRY(json_write(b, q, e));
    TRY(arena_ok(a, "the tests", e));
    return buf_ok(b, "the question", e);
}

static bool waits(const struct run_row *runs, size_t n, int64_t line_id, struct str made)
{
    for (size_t i = 0; i < n; i++)
        if (runs[i].line_id == line_id && str_eq(runs[i].state, STR("asked")) &&
            str_eq(runs[i].made, made))
            return true;
    return false;
}

enum rc backport_order_tests(struct desk *d, struct arena *a, const struct actor *who,
                             const struct backport_row *row, const struct backport_line_row *line,
                             bool *ret_ordered, struct err *e)
{
    AUTO(buf) struct buf question = BUF_INIT(RUN_QUESTION_MAX);
    struct view_mline *all;
    struct run_row *runs;
    size_t n, n_runs;
    struct candidate c;
    char author[ACTOR_NAME_MAX];
    *ret_ordered = false;
    TRY(lines_now(d, a, &all, &n, e));
    const struct view_mline *reg = line_of(all, n, line->name);
    if (reg == NULL || reg->tests.n == 0)
        return RC_OK;
    TRY(tests_question(a, line, reg, &c, &question, e));
    TRY(ops_runs_bare(d->db, a, row->case_id, BACKPORT_RUNS_MAX, &runs, &n_runs, e));
    if (waits(runs, n_runs, line->id, c.made))
        return RC_OK;
    TRY(ops_runs_cancel(d->db, line->id, 0, desk_now(d), e)); /* of another candidate */
    actor_name(who, author);
    struct run_row run = {.case_id = row->case_id,
                          .line_id = line->id,
                          .question = buf_str(&question),
                          .made = c.made,
                          .asked_by = str_c(author),
                          .asked_us = desk_now(d)};
    TRY(ops_run_insert(d->db, &run, &run.id, e));
    TRY(desk_job_order(d, BACKPORT_TESTS_JOB, run.id, 0, e));
    *ret_ordered = true;
    json_t *p = json_object();
    json_put_str(p, "line", line->name);
    json_put_int(p, "run", run.id);
    json_put_str(p, "commit", c.made);
    return desk_event(d, who, row->case_id, "backport.tests_asked", p, e);
}

struct test {
    const struct actor *who;
    int64_t case_id;
    struct str line;
};

static enum rc test_tx(struct desk *d, void *arg, struct err *e)
{
    const struct test *k = arg;
    AUTO(arena) struct arena *a = arena_new(2 * PORT_ARENA);
    struct open_case oc;
    struct backport_row row;
    struct backport_line_row *lines;
    struct run_row *runs;
    size_t n, n_runs, ordered = 0;
    TRY(case_load_open(d, a, k->case_id, &oc, e));
    TRY(ops_backport_of_case(d->db, a, k->case_id, &row, e));
    TRY(ops_backport_lines(d->db, a, row.id, false, &lines, &n, e));
    TRY(ops_runs_bare(d->db, a, k->case_id, BACKPORT_RUNS_MAX, &runs, &n_runs, e));
    for (size_t i = 0; i < n; i++) {
        bool one = k->line.n > 0, yes;
        struct standing s = backport_standing(&lines[i], runs, n_runs);
        if (!lines[i].wanted || (one && !str_eq(lines[i].name, k->line)))
            continue;
        bool settled = s.decision == BACKPORT_ACCEPTED || s.decision == BACKPORT_EDITED;
        if (!one && (!settled || *s.result))
            continue;
        TRY(backport_order_tests(d, a, k->who, &row, &lines[i], &yes, e));
        ordered += yes;
    }
    return ordered ? RC_OK
                   : err_set(e, RC_CONFLICT,
                             "no line has tests to be run: the register has no command for it, or "
                             "they run already");
}

enum rc backport_test(struct desk *d, const struct actor *who, int64_t case_id, struct str line,
                      struct err *e)
{
    struct test k = {who, case_id, str_trim(line)};
    TRY(a_person(who, e));
    return desk_run(d, test_tx, &k, e);
}

/* args is what else is asked. */
static enum rc run_args(const struct run_row *r, int64_t folder, json_t *args, struct desk_ask *q,
                        struct err *e)
{
    json_put_int(args, "nth", r->id);
    if (folder)
        json_put_int(args, "case", folder);
    return json_write(&q->args, args, e);
}

enum rc tests_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(PORT_ARENA);
    AUTO(json) json_t *args = NULL;
    struct run_row r;
    struct backport_line_row line;
    enum rc rc = ops_run_get(d->db, a, subject, &r, e);
    if (rc == RC_NOTFOUND || (rc == RC_OK && !str_eq(r.state, STR("asked"))))
        return RC_OK;
    TRY(rc);
    TRY(ops_backport_line_get(d->db, a, r.line_id, &line, e));
    TRY(json_parse(r.question, RUN_QUESTION_MAX, "the question", &args, e));
    TRY(run_args(&r, line.backport_id, args, q, e));
    q->engine = BACKPORT_TESTS_JOB;
    return RC_OK;
}

struct ended {
    int64_t id;
    const json_t *answer;
    struct str log, result, why;
};

static void without_logs(json_t *j)
{
    const char *key;
    json_t *v;
    json_object_foreach(j, key, v)
    {
        json_object_del(v, "log");
        for (size_t i = 0; i < json_array_size(v); i++)
            json_object_del(json_array_get(v, i), "log");
    }
}

/* The answer without its logs, which are sealed. */
static enum rc end_run(struct desk *d, struct arena *a, const struct ended *k, struct run_row *r,
                       struct err *e)
{
    AUTO(json) json_t *j = json_deep_copy(k->answer);
    AUTO(buf) struct buf b = BUF_INIT(RUN_QUESTION_MAX * 4);
    without_logs(j);
    TRY(json_write(&b, j, e));
    TRY(buf_ok(&b, "the answer", e));
    r->state = STR("answered");
    r->result = k->result;
    r->why = k->why;
    r->answer = buf_str(&b);
    r->ended_us = desk_now(d);
    if (k->log.n)
        TRY(sealed_put(d, a, r->case_id, SEALED_LOG, k->log, &r->log_blob, e));
    return ops_run_end(d->db, r, e);
}

static enum rc tested_tx(struct desk *d, void *arg, struct err *e)
{
    const struct ended *k = arg;
    AUTO(arena) struct arena *a = arena_new(PORT_ARENA);
    struct run_row r;
    struct backport_line_row line;
    enum rc rc = ops_run_get(d->db, a, k->id, &r, e);
    if (rc == RC_NOTFOUND || (rc == RC_OK && !str_eq(r.state, STR("asked"))))
        return RC_OK; /* cancelled, or erased */
    TRY(rc);
    TRY(ops_backport_line_get(d->db, a, r.line_id, &line, e));
    TRY(end_run(d, a, k, &r, e));
    json_t *p = json_object();
    json_put_str(p, "line", line.name);
    json_put_int(p, "run", r.id);
    json_put_str(p, "what", arena_strf(a, "%.*s: %.*s", STR_ARG(line.name), STR_ARG(k->result)));
    json_put_str(p, "result", k->result);
    json_put_str(p, "commit", r.made);
    if (k->why.n)
        json_put_str(p, "why", k->why);
    TRY(desk_event(d, &machine, r.case_id, "backport.tested", p, e));
    return backport_count(d, a, &machine, line.backport_id, "tests were run", e);
}

enum rc tests_job_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(RUNS_ARENA);
    struct runs_tests t;
    TRY(runs_tests_read(answer, a, &t, e));
    struct ended k = {subject, answer, t.log, t.result, t.why};
    return desk_run(d, tested_tx, &k, e);
}

enum rc run_job_progress(struct desk *d, int64_t subject, struct str what, int64_t *ret_case,
                         struct err *e)
{
    return ops_run_progress(d->db, subject, what, ret_case, e);
}

static enum rc failed_tx(struct desk *d, void *arg, struct err *e)
{
    const struct ended *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct run_row r;
    enum rc rc = ops_run_get(d->db, a, k->id, &r, e);
    if (rc == RC_NOTFOUND || (rc == RC_OK && !str_eq(r.state, STR("asked"))))
        return RC_OK;
    TRY(rc);
    r.state = STR("failed");
    r.result = STR_NONE;
    r.why = k->why;
    r.answer = STR_NONE;
    r.ended_us = desk_now(d);
    TRY(ops_run_end(d->db, &r, e));
    json_t *p = json_object();
    json_put_int(p, "run", r.id);
    return desk_event(d, &machine, r.case_id,
                      r.line_id ? "backport.tests_failed" : "reproducer.failed", p, e);
}

enum rc run_job_failed(struct desk *d, int64_t subject, struct str why, struct err *e)
{
    struct ended k = {.id = subject, .why = why};
    return desk_run(d, failed_tx, &k, e);
}

/* ---- reproducers ---- */

static void hash_of(struct str bytes, char ret[SHA256_HEX])
{
    unsigned char sum[SHA256_LEN];
    sha256(bytes, sum);
    hex_put(ret, sum, sizeof sum);
}

struct script {
    const struct actor *who;
    const struct reproducer_add *n;
    int64_t case_id, id;
    struct str hash, reason;
    char author[ACTOR_NAME_MAX];
};

static enum rc tell_script(struct desk *d, const struct script *k, const struct reproducer_row *r,
                           const char *kind, struct err *e)
{
    json_t *p = json_object();
    json_put_int(p, "reproducer", r->id);
    json_put_str(p, "what", r->name);
    json_put_str(p, "sha256", r->sha256);
    if (k->reason.n)
        json_put_str(p, "reason", k->reason);
    return desk_event(d, k->who, r->case_id, kind, p, e);
}

static enum rc add_tx(struct desk *d, void *arg, struct err *e)
{
    struct script *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct open_case oc;
    struct reproducer_row *all, r = {.case_id = k->n->case_id};
    char hash[SHA256_HEX];
    size_t n;
    TRY(case_load_open(d, a, r.case_id, &oc, e));
    TRY(ops_reproducers(d->db, a, r.case_id, &all, &n, e));
    if (n >= REPRODUCERS_MAX)
        return err_set(e, RC_LIMIT, "the case has %d scripts already", REPRODUCERS_MAX);
    hash_of(k->n->bytes, hash);
    for (size_t i = 0; i < n; i++)
        if (str_eq(all[i].sha256, str_c(hash)))
            return err_set(e, RC_CONFLICT, "the case has exactly this script already");
    r.name = k->n->name;
    r.source = k->n->source;
    r.sha256 = str_c(hash);
    r.size = (int64_t)k->n->bytes.n;
    r.added_by = str_c(k->author);
    r.added_us = desk_now(d);
    TRY(sealed_put(d, a, r.case_id, SEALED_SCRIPT, k->n->bytes, &r.blob_id, e));
    TRY(ops_reproducer_insert(d->db, &r, &r.id, e));
    k->id = r.id;
    return tell_script(d, k, &r, "reproducer.added", e);
}

enum rc reproducer_add(struct desk *d, const struct actor *who, const struct reproducer_add *n,
                       int64_t *ret_id, struct err *e)
{
    struct script k = {.who = who, .n = n};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_line(n->name, LINE_NAME_MAX, "the name of the script", e));
    if (n->source.n)
        TRY(desk_check_line(n->source, DESK_TITLE_MAX, "where the script comes from", e));
    if (n->bytes.n == 0 || n->bytes.n > REPRODUCER_MAX)
        return err_set(e, RC_LIMIT, "a script has 1 to %d bytes", REPRODUCER_MAX);
    actor_name(who, k.author);
    TRY(desk_run(d, add_tx, &k, e));
    *ret_id = k.id;
    return RC_OK;
}

/* The hash is that of the bytes as they are kept, not only that of the row. */
static enum rc approve_tx(struct desk *d, void *arg, struct err *e)
{
    const struct script *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(buf) struct buf bytes = BUF_INIT(REPRODUCER_MAX);
    struct open_case oc;
    struct reproducer_row r;
    char hash[SHA256_HEX];
    TRY(case_load_open(d, a, k->case_id, &oc, e));
    TRY(ops_reproducer_get(d->db, a, k->case_id, k->id, &r, e));
    TRY(sealed_read(d, a, r.blob_id, &bytes, e));
    hash_of(buf_str(&bytes), hash);
    if (!str_eq(str_c(hash), r.sha256) || !str_eq(k->hash, r.sha256))
        return err_set(e, RC_CONFLICT,
                       "that is not the hash of this script: look at exactly what would run");
    if (str_eq(r.approved, r.sha256) && r.revoked_us == 0)
        return err_set(e, RC_CONFLICT, "this script is approved already");
    r.approved = r.sha256;
    r.approved_by = str_c(k->author);
    r.approved_us = desk_now(d);
    r.revoked_by = r.revoked_why = STR_NONE;
    r.revoked_us = 0;
    TRY(ops_reproducer_decide(d->db, &r, e));
    return tell_script(d, k, &r, "reproducer.approved", e);
}

enum rc reproducer_approve(struct desk *d, const struct actor *who, int64_t case_id, int64_t id,
                           struct str sha256, struct err *e)
{
    struct script k = {.who = who, .case_id = case_id, .id = id, .hash = str_trim(sha256)};
    TRY(a_person(who, e));
    actor_name(who, k.author);
    return desk_run(d, approve_tx, &k, e);
}

static enum rc revoke_tx(struct desk *d, void *arg, struct err *e)
{
    const struct script *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct open_case oc;
    struct reproducer_row r;
    TRY(case_load_open(d, a, k->case_id, &oc, e));
    TRY(ops_reproducer_get(d->db, a, k->case_id, k->id, &r, e));
    if (r.approved.n == 0)
        return err_set(e, RC_CONFLICT, "nobody has approved this script");
    r.approved = STR_NONE;
    r.revoked_by = str_c(k->author);
    r.revoked_why = k->reason;
    r.revoked_us = desk_now(d);
    TRY(ops_reproducer_decide(d->db, &r, e));
    TRY(ops_runs_cancel(d->db, 0, r.id, r.revoked_us, e));
    return tell_script(d, k, &r, "reproducer.revoked", e);
}

enum rc reproducer_revoke(struct desk *d, const struct actor *who, int64_t case_id, int64_t id,
                          struct str reason, struct err *e)
{
    struct script k = {.who = who, .case_id = case_id, .id = id, .reason = reason};
    TRY(actor_needs_team(who, e));
    TRY(desk_check_text(reason, DESK_REASON_MAX, "the reason", e));
    actor_name(who, k.author);
    return desk_run(d, revoke_tx, &k, e);
}

/* ---- a reproducer's run ---- */

static json_t *tree_json(struct str name, struct str commit)
{
    json_t *o = json_object();
    json_put_str(o, "name", name);
    json_put_str(o, "commit", commit);
    return o;
}

/* Every line of the register as it was last looked at, maintained ones first. */
static enum rc trees(struct desk *d, struct arena *a, json_t *list, struct err *e)
{
    struct view_mline *all;
    size_t n;
    TRY(lines_now(d, a, &all, &n, e));
    for (size_t i = 0; i < n && json_array_size(list) < RUNS_TREES_MAX; i++) {
        if (!all[i].maintained || all[i].tip.n == 0)
            continue;
        json_t *o = tree_json(all[i].name, all[i].commit.n ? all[i].commit : all[i].tip);
        json_put_bool(o, "line", true);
        if (all[i].build.n)
            json_put_str(o, "build", all[i].build);
        if (all[i].root.n)
            json_put_str(o, "root", all[i].root);
        json_array_append_new(list, o);
    }
    return json_array_size(list)
               ? RC_OK
               : err_set(e, RC_INVALID, "the register has no maintained line: have it filled");
}

/* The releases of the case's affected versions, in their order; none where nobody asked for them.
 */
static enum rc tags(struct desk *d, struct arena *a, int64_t case_id, json_t *list, struct err *e)
{
    AUTO(json) json_t *j = NULL;
    AUTO(arena) struct arena *big = arena_new(REC_ARENA);
    struct affected_row row;
    struct record rec;
    enum rc rc = affected_row_of(d, a, (struct affected_key){case_id, 0}, false, &row, e);
    if (rc == RC_NOTFOUND || (rc == RC_OK && row.answer.n == 0))
        return RC_OK;
    TRY(rc);
    TRY(json_parse(row.answer, BACKPORT_ANSWER_MAX, "the affected versions", &j, e));
    TRY(record_read(j, big, &rec, e));
    for (size_t i = 0; i < rec.n_releases && json_array_size(list) < RUNS_TAGS_MAX; i++)
        if (rec.releases[i].counts)
            json_array_append_new(list, tree_json(rec.releases[i].tag, rec.releases[i].commit));
    return RC_OK;
}

static enum rc is_approved(const struct reproducer_row *r, struct err *e)
{
    if (r->approved.n == 0 || r->revoked_us || !str_eq(r->approved, r->sha256))
        return err_set(e, RC_DENIED,
                       "a person has to approve exactly this script by its hash before it runs");
    return RC_OK;
}

static enum rc run_tx(struct desk *d, void *arg, struct err *e)
{
    struct script *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(json) json_t *q = json_object();
    AUTO(buf) struct buf question = BUF_INIT(RUN_QUESTION_MAX);
    struct open_case oc;
    struct reproducer_row r;
    json_t *list = json_array(), *bisect = json_array();
    json_object_set_new(q, "trees", list);
    json_object_set_new(q, "tags", bisect);
    TRY(case_load_open(d, a, k->case_id, &oc, e));
    TRY(ops_reproducer_get(d->db, a, k->case_id, k->id, &r, e));
    TRY(is_approved(&r, e));
    TRY(trees(d, a, list, e));
    TRY(tags(d, a, k->case_id, bisect, e));
    TRY(json_write(&question, q, e));
    TRY(buf_ok(&question, "the question", e));
    TRY(ops_runs_cancel(d->db, 0, r.id, desk_now(d), e));
    struct run_row run = {.case_id = k->case_id,
                          .reproducer_id = r.id,
                          .question = buf_str(&question),
                          .made = STR_NONE,
                          .asked_by = str_c(k->author),
                          .asked_us = desk_now(d)};
    TRY(ops_run_insert(d->db, &run, &run.id, e));
    TRY(desk_job_order(d, REPRODUCE_JOB, run.id, 0, e));
    return tell_script(d, k, &r, "reproducer.asked", e);
}

enum rc reproducer_run(struct desk *d, const struct actor *who, int64_t case_id, int64_t id,
                       struct err *e)
{
    struct script k = {.who = who, .case_id = case_id, .id = id};
    TRY(a_person(who, e));
    if (d->set->project.repository.n == 0)
        return err_set(e, RC_INVALID,
                       "no repository is configured: set [project] repository to a mirror of it");
    actor_name(who, k.author);
    return desk_run(d, run_tx, &k, e);
}

/* Asked at the last moment once more: an approval may have been taken back. */
enum rc reproduce_job_ask(struct desk *d, int64_t subject, struct desk_ask *q, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    AUTO(buf) struct buf bytes = BUF_INIT(REPRODUCER_MAX);
    AUTO(buf) struct buf coded = BUF_INIT(2 * REPRODUCER_MAX);
    AUTO(json) json_t *in = NULL;
    AUTO(json) json_t *args = json_object();
    struct run_row r;
    struct reproducer_row script;
    struct backport_row row = {.id = 0};
    char hash[SHA256_HEX];
    enum rc rc = ops_run_get(d->db, a, subject, &r, e);
    if (rc == RC_NOTFOUND || (rc == RC_OK && !str_eq(r.state, STR("asked"))))
        return RC_OK;
    TRY(rc);
    TRY(ops_reproducer_get(d->db, a, 0, r.reproducer_id, &script, e));
    if (is_approved(&script, NULL) != RC_OK)
        return run_job_failed(d, subject, STR("the approval was taken back"), e);
    TRY(sealed_read(d, a, script.blob_id, &bytes, e));
    hash_of(buf_str(&bytes), hash);
    if (!str_eq(str_c(hash), script.approved))
        return run_job_failed(d, subject, STR("the script is not the one that was approved"), e);
    rc = ops_backport_of_case(d->db, a, r.case_id, &row, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    base64_add(&coded, buf_str(&bytes));
    TRY(json_parse(r.question, RUN_QUESTION_MAX, "the question", &in, e));
    json_put_str(in, "script", buf_str(&coded));
    json_put_str(args, "sha256", script.approved);
    TRY(run_args(&r, row.id, args, q, e));
    TRY(json_write(&q->input, in, e));
    q->engine = REPRODUCE_JOB;
    return RC_OK;
}

static enum rc reproduced_tx(struct desk *d, void *arg, struct err *e)
{
    const struct ended *k = arg;
    AUTO(arena) struct arena *a = arena_new(DESK_ARENA);
    struct run_row r;
    enum rc rc = ops_run_get(d->db, a, k->id, &r, e);
    if (rc == RC_NOTFOUND || (rc == RC_OK && !str_eq(r.state, STR("asked"))))
        return RC_OK;
    TRY(rc);
    TRY(end_run(d, a, k, &r, e));
    json_t *p = json_object();
    json_put_int(p, "reproducer", r.reproducer_id);
    json_put_int(p, "run", r.id);
    json_put_str(p, "what", k->result);
    return desk_event(d, &machine, r.case_id, "reproducer.answered", p, e);
}

enum rc reproduce_job_answer(struct desk *d, int64_t subject, const json_t *answer, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(RUNS_ARENA);
    struct runs_matrix m;
    size_t crashes = 0;
    TRY(runs_matrix_read(answer, a, &m, e));
    for (size_t i = 0; i < m.n_rows; i++)
        crashes += str_eq(m.rows[i].result, STR("crashes"));
    struct ended k = {subject, answer, m.log,
                      arena_strf(a, "crashes %zu of %zu trees", crashes, m.n_rows), m.why};
    TRY(arena_ok(a, "the answer", e));
    return desk_run(d, reproduced_tx, &k, e);
}
