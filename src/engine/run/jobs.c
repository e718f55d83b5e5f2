/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test runs and reproducers as engine jobs.  Runs in the engine child of the role runner; the
 * arguments are core's, everything that runs is hostile.
 */
#include "engine/run/jobs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "engine/run/root.h"
#include "os/clock.h"
#include "os/file.h"

#define LOG_TEXT_MAX ((size_t)4 * (BOX_LOG_HEAD + BOX_LOG_TAIL) + 1000)
#define JOB_ARENA    (64u << 20)
#define ROOTS_OPEN   64 /* different ones of a question */
#define YEAR_10000_S INT64_C(253402300800)
#define US_A_S       1000000
#define MIB          (UINT64_C(1) << 20)

/* ---- Arguments ---- */

/* An optional text; NULL when it is not there or empty. */
static enum rc take_text(const json_t *args, const char *key, size_t max, struct arena *a,
                         const char **ret, struct err *e)
{
    struct str s;
    *ret = NULL;
    if (json_object_get(args, key) == NULL)
        return RC_OK;
    TRY(json_get_str(args, key, max, &s, e));
    if (str_chr(s, '\0') != STR_NPOS)
        return err_set(e, RC_INVALID, "a NUL in \"%s\"", key);
    *ret = s.n ? arena_str(a, s).p : NULL;
    return RC_OK;
}

static enum rc take_texts(const json_t *args, const char *key, size_t max, struct arena *a,
                          const struct str **ret, size_t *ret_n, struct err *e)
{
    json_t *list;
    *ret_n = 0;
    if (json_object_get(args, key) == NULL)
        return RC_OK;
    TRY(json_get_array(args, key, max, &list, e));
    struct str *v = arena_array(a, json_array_size(list) + 1, sizeof *v);
    for (size_t i = 0; v && i < json_array_size(list); i++) {
        const json_t *x = json_array_get(list, i);
        if (!json_is_string(x))
            return err_set(e, RC_INVALID, "\"%s\" is a list of texts", key);
        v[i] = str_of(json_string_value(x), json_string_length(x));
    }
    *ret = v;
    *ret_n = v ? json_array_size(list) : 0;
    return RC_OK;
}

enum rc box_limits_of_json(const json_t *limits, struct box_limits *ret, struct err *e)
{
    struct box_limits l = {0};
    int64_t seconds = 0;
    const struct {
        const char *key;
        uint64_t unit, *to;
    } parts[] = {{"cpu_seconds", 1, &l.cpu_s},        {"memory_mb", MIB, &l.memory_bytes},
                 {"processes", 1, &l.processes},      {"disk_mb", MIB, &l.disk_bytes},
                 {"output_mb", MIB, &l.output_bytes}, {"file_mb", MIB, &l.file_bytes}};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        int64_t n = 0;
        if (json_object_get(limits, parts[i].key))
            TRY(json_get_int(limits, parts[i].key, 1, 1 << 24, &n, e));
        *parts[i].to = (uint64_t)n * parts[i].unit;
    }
    if (json_object_get(limits, "seconds"))
        TRY(json_get_int(limits, "seconds", 1, BOX_WALL_MS_MOST / 1000, &seconds, e));
    l.wall_ms = (int)seconds * 1000;
    *ret = l;
    return RC_OK;
}

/* What both jobs share. */
struct common {
    struct arena *arena;
    char home[FILE_PATH_MAX]; /* the folder of all scratch folders */
    const char *objects;
    const char *root, *build;
    struct box_limits limits;
    int64_t mtime_s;
    struct {
        const char *place;
        char dir[FILE_PATH_MAX];
        int hold;
    } roots[ROOTS_OPEN];
    size_t n_roots;
};

static void common_auto(struct common *c)
{
    for (size_t i = 0; i < c->n_roots; i++)
        fd_auto(&c->roots[i].hold);
    arena_free(c->arena);
}

/* The folder behind a place, opened once for all that name it. */
static enum rc use_root(struct common *c, const char *place, const char **ret_dir, struct err *e)
{
    char data[FILE_PATH_MAX + 4];
    *ret_dir = NULL;
    if (place == NULL)
        return RC_OK;
    for (size_t i = 0; i < c->n_roots; i++) {
        if (strcmp(c->roots[i].place, place) == 0) {
            *ret_dir = c->roots[i].dir;
            return RC_OK;
        }
    }
    if (c->n_roots == ROOTS_OPEN)
        return err_set(e, RC_LIMIT, "more than %d root filesystems", ROOTS_OPEN);
    snprintf(data, sizeof data, "%s/..", c->home);
    c->roots[c->n_roots].place = place;
    c->roots[c->n_roots].hold = -1;
    TRY(root_open(place, c->home, data, c->roots[c->n_roots].dir, FILE_PATH_MAX,
                  &c->roots[c->n_roots].hold, e));
    *ret_dir = c->roots[c->n_roots++].dir;
    return RC_OK;
}

static enum rc take_objects(struct common *c, const json_t *args, struct err *e)
{
    int64_t n;
    struct stat st;
    if (json_object_get(args, "case") == NULL)
        return RC_OK;
    TRY(json_get_int(args, "case", 1, INT64_MAX, &n, e));
    const char *dir =
        arena_strf(c->arena, "%s/" RUN_CASES "/case-%lld/objects", c->home, (long long)n).p;
    if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
        c->objects = dir;
    return RC_OK;
}

static enum rc take_common(const struct engine_job *j, struct common *c, struct err *e)
{
    const char *place;
    c->arena = arena_new(JOB_ARENA);
    if (j->mirror == NULL)
        return err_set(e, RC_INVALID, "no repository is configured to run anything of");
    size_t slash = str_rchr(str_c(j->scratch), '/');
    if (slash == STR_NPOS || slash == 0 || slash >= sizeof c->home)
        return err_set(e, RC_INVALID, "a scratch folder that is none");
    memcpy(c->home, j->scratch, slash);
    TRY(take_objects(c, j->args, e));
    TRY(take_text(j->args, "build", TESTS_COMMAND_MAX, c->arena, &c->build, e));
    TRY(take_text(j->args, "root", FILE_PATH_MAX - 1, c->arena, &place, e));
    TRY(use_root(c, place, &c->root, e));
    if (json_object_get(j->args, "limits"))
        TRY(box_limits_of_json(json_object_get(j->args, "limits"), &c->limits, e));
    c->mtime_s = 946684800; /* 2000: nothing is newer than anything else */
    if (json_object_get(j->args, "at"))
        TRY(json_get_int(j->args, "at", 0, YEAR_10000_S, &c->mtime_s, e));
    return RC_OK;
}

/* ---- Answers ---- */

static json_t *log_json(const struct box_log *l)
{
    AUTO(buf) struct buf raw = BUF_INIT(LOG_TEXT_MAX);
    AUTO(buf) struct buf clean = BUF_INIT(LOG_TEXT_MAX);
    box_log_text(l, &raw);
    utf8_clean(&clean, buf_str(&raw));
    return json_str(buf_str(&clean));
}

static void put_told(json_t *o, const struct box_told *t)
{
    json_put_str(o, "state", str_c(box_state_name(t->state)));
    json_put_int(o, "code", t->code);
    json_put_str(o, "why", str_c(t->why));
    json_put_int(o, "ms", t->wall_ms);
    json_put_int(o, "output", (int64_t)t->output_bytes);
    json_put_int(o, "disk", (int64_t)t->disk_bytes);
    json_put_int(o, "memory", (int64_t)t->memory_bytes);
    json_put_int(o, "processes", (int64_t)t->processes);
}

static json_t *run_json(const struct tests_run *r)
{
    json_t *o = json_object();
    json_put_bool(o, "built", r->built);
    put_told(o, r->built ? &r->tests : &r->build);
    json_put_int(o, "seen", (int64_t)r->sums.seen);
    json_put_int(o, "passed", (int64_t)r->sums.passed);
    json_put_int(o, "failed", (int64_t)r->sums.failed);
    json_put_int(o, "skipped", (int64_t)r->sums.skipped);
    if (r->build.wall_ms || !r->built) {
        json_t *b = json_object();
        put_told(b, &r->build);
        json_object_set_new(o, "build", b);
    }
    json_object_set_new(o, "log", log_json(&r->log));
    return o;
}

static json_t *names_json(const struct name_list *l)
{
    json_t *o = json_object(), *names = json_array();
    json_put_int(o, "all", (int64_t)l->all);
    for (size_t i = 0; i < l->n; i++)
        json_array_append_new(names, json_str(l->name[i]));
    json_object_set_new(o, "names", names);
    return o;
}

static const char *own_words(const struct tests_answer *a)
{
    switch (a->own) {
    case OWN_PROVED:
        return "the fix's own test fails without the fix and passes with it";
    case OWN_NOT_SHOWN:
        return "the fix's own test passes without the fix";
    case OWN_UNBUILT:
        return "the fix's own test cannot be built without the fix";
    case OWN_NOT_RUN:
        return "the fix's own test was not tried without the fix";
    default:
        return "no test of the fix was carried over";
    }
}

json_t *tests_answer_json(const struct tests_answer *a)
{
    const struct {
        const char *key;
        const struct tests_run *run;
    } runs[] = {{"base", &a->base},
                {"candidate", &a->candidate},
                {"again", &a->again},
                {"with_own", &a->with_own}};
    const struct {
        const char *key;
        const struct name_list *list;
    } lists[] = {{"new_failures", &a->diff.new_failures},
                 {"unsteady", &a->unsteady},
                 {"mended", &a->diff.mended},
                 {"missing", &a->diff.missing},
                 {"still", &a->diff.still}};
    json_t *o = json_object();
    json_put_str(o, "tests", str_c(tests_verdict_name(a->verdict)));
    json_put_str(o, "why", str_c(a->why));
    json_put_str(o, "own", str_c(tests_own_name(a->own)));
    json_put_str(o, "own_words", str_c(own_words(a)));
    for (size_t i = 0; i < ARRAY_LEN(runs); i++)
        if (runs[i].run->ran)
            json_object_set_new(o, runs[i].key, run_json(runs[i].run));
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        json_object_set_new(o, lists[i].key, names_json(lists[i].list));
    return o;
}

/* Logs until there is no room for more: *left is what the answer still takes. */
static json_t *cell_json(const struct matrix_tree *t, const struct matrix_cell *c, bool known,
                         size_t *left)
{
    json_t *o = json_object();
    json_put_str(o, "name", t->name);
    json_put_str(o, "commit", t->commit);
    json_put_str(o, "result", str_c(matrix_result_name(c->result)));
    json_put_bool(o, "ran", c->ran);
    json_put_bool(o, "known", known);
    if (c->why[0])
        json_put_str(o, "why", str_c(c->why));
    if (!c->ran)
        return o;
    json_put_int(o, "ms", c->wall_ms);
    AUTO(json) json_t *log = log_json(&c->log);
    if (json_string_length(log) <= *left) {
        *left -= json_string_length(log);
        json_object_set(o, "log", log);
    }
    return o;
}

json_t *matrix_answer_json(const struct matrix_ask *ask, const struct matrix_answer *a)
{
    size_t left = RUN_ANSWER_LOGS;
    json_t *o = json_object(), *trees = json_array(), *tags = json_array();
    for (size_t i = 0; i < a->n_trees; i++) {
        bool known = a->trees[i].ran && a->trees[i].result != MATRIX_NOT_RUN;
        json_array_append_new(trees, cell_json(&ask->trees[i], &a->trees[i], known, &left));
    }
    for (size_t i = 0; i < a->n_tags; i++)
        json_array_append_new(tags, cell_json(&ask->tags[i], &a->tags[i], a->tags[i].known, &left));
    json_object_set_new(o, "trees", trees);
    json_object_set_new(o, "tags", tags);
    json_put_int(o, "runs", (int64_t)a->runs);
    json_put_bool(o, "whole", a->whole);
    if (a->first_bad != SIZE_MAX) {
        json_put_str(o, "first_bad", ask->tags[a->first_bad].name);
        json_put_str(o, "last_good", ask->tags[a->last_good].name);
    }
    return o;
}

/* The same again as it was asked. */
static void put_nth(const struct engine_job *j, json_t *o)
{
    json_t *nth = json_object_get(j->args, "nth");
    if (nth)
        json_object_set(o, "nth", nth);
}

/* ---- The jobs ---- */

enum rc engine_backport_tests(const struct engine_job *j, json_t **ret_answer, struct err *e)
{
    AUTO(common) struct common c = {.arena = NULL};
    AUTO(tests_answer) struct tests_answer a = {.verdict = TESTS_UNTESTED};
    struct str results = STR("read");
    TRY(take_common(j, &c, e));
    struct tests_ask ask = {.repository = j->mirror,
                            .objects = c.objects,
                            .scratch = j->scratch,
                            .root = c.root,
                            .build = c.build,
                            .limits = c.limits,
                            .mtime_s = c.mtime_s,
                            .progress = j->progress,
                            .progress_arg = j->progress_arg};
    TRY(json_get_str(j->args, "base", GIT_OID_HEX, &ask.base, e));
    TRY(json_get_str(j->args, "candidate", GIT_OID_HEX, &ask.candidate, e));
    TRY(take_text(j->args, "tests", TESTS_COMMAND_MAX, c.arena, &ask.command, e));
    if (json_object_get(j->args, "results"))
        TRY(json_get_str(j->args, "results", 10, &results, e));
    ask.by_exit = str_eq(results, STR("exit"));
    if (!ask.by_exit && !str_eq(results, STR("read")))
        return err_set(e, RC_INVALID, "results are \"read\" or \"exit\"");
    TRY(take_texts(j->args, "own", CHECKOUT_PATHS_MAX, c.arena, &ask.own, &ask.n_own, e));
    TRY(take_texts(j->args, "reports", TESTS_REPORTS_MAX, c.arena, &ask.reports, &ask.n_reports,
                   e));
    TRY(arena_ok(c.arena, "a question about tests", e));
    TRY(tests_run(&ask, &a, e));
    json_t *o = tests_answer_json(&a);
    put_nth(j, o);
    *ret_answer = o;
    return RC_OK;
}

static enum rc take_tree(struct common *c, const json_t *x, struct matrix_tree *ret, struct err *e)
{
    const char *place;
    struct matrix_tree t = {.root = c->root, .build = c->build};
    TRY(json_get_str(x, "name", RUN_NAME_MAX, &t.name, e));
    TRY(json_get_str(x, "commit", GIT_OID_HEX, &t.commit, e));
    TRY(take_text(x, "root", FILE_PATH_MAX - 1, c->arena, &place, e));
    if (place)
        TRY(use_root(c, place, &t.root, e));
    if (json_object_get(x, "build"))
        TRY(take_text(x, "build", TESTS_COMMAND_MAX, c->arena, &t.build, e));
    *ret = t;
    return RC_OK;
}

static enum rc take_trees(struct common *c, const json_t *input, const char *key, size_t max,
                          const struct matrix_tree **ret, size_t *ret_n, struct err *e)
{
    json_t *list;
    if (json_object_get(input, key) == NULL)
        return RC_OK;
    TRY(json_get_array(input, key, max, &list, e));
    struct matrix_tree *v = arena_array(c->arena, json_array_size(list) + 1, sizeof *v);
    TRY(arena_ok(c->arena, "a list of trees", e));
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(take_tree(c, json_array_get(list, i), &v[i], e));
    *ret = v;
    *ret_n = json_array_size(list);
    return RC_OK;
}

/* Exactly what a person approved, or nothing. */
static enum rc take_script(const struct engine_job *j, const json_t *input, struct buf *script,
                           struct err *e)
{
    struct str text, approved;
    char hash[REPRODUCER_HEX];
    TRY(json_get_str(input, "script", 2 * MATRIX_SCRIPT_MAX, &text, e));
    TRY(base64_get(script, text, "the script", e));
    TRY(json_get_str(j->args, "sha256", REPRODUCER_HEX - 1, &approved, e));
    reproducer_hash(buf_str(script), hash);
    if (!str_eq(approved, str_c(hash)))
        return err_set(e, RC_DENIED,
                       "the script is not the one that was approved; nothing was run");
    return RC_OK;
}

enum rc engine_reproduce(const struct engine_job *j, json_t **ret_answer, struct err *e)
{
    AUTO(common) struct common c = {.arena = NULL};
    AUTO(json) json_t *input = NULL;
    AUTO(buf) struct buf bytes = BUF_INIT(MATRIX_SCRIPT_MAX);
    AUTO(matrix_answer) struct matrix_answer a = {.runs = 0};
    int64_t runs = 0;
    TRY(json_parse(j->input, ENGINE_INPUT_MAX, "the question", &input, e));
    TRY(take_script(j, input, &bytes, e));
    TRY(take_common(j, &c, e));
    struct matrix_ask ask = {.repository = j->mirror,
                             .objects = c.objects,
                             .scratch = j->scratch,
                             .script = buf_str(&bytes),
                             .limits = c.limits,
                             .mtime_s = c.mtime_s,
                             .progress = j->progress,
                             .progress_arg = j->progress_arg};
    if (json_object_get(j->args, "by_signal"))
        TRY(json_get_bool(j->args, "by_signal", &ask.by_signal, e));
    if (json_object_get(j->args, "runs"))
        TRY(json_get_int(j->args, "runs", 1, MATRIX_RUNS_MAX, &runs, e));
    ask.runs = (size_t)runs;
    TRY(take_trees(&c, input, "trees", MATRIX_TREES_MAX, &ask.trees, &ask.n_trees, e));
    TRY(take_trees(&c, input, "tags", MATRIX_TAGS_MAX, &ask.tags, &ask.n_tags, e));
    TRY(arena_ok(c.arena, "a question about a reproducer", e));
    TRY(matrix_run(&ask, &a, e));
    json_t *o = matrix_answer_json(&ask, &a);
    put_nth(j, o);
    json_put_str(o, "sha256",
                 str_of(json_string_value(json_object_get(j->args, "sha256")),
                        json_string_length(json_object_get(j->args, "sha256"))));
    *ret_answer = o;
    return RC_OK;
}
