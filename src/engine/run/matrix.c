/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reproducer on many trees.  Runs in the engine child of its job and in commands; the script, the
 * trees and all output are hostile, the commands to build are the team's.
 */
#include "engine/run/matrix.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>

#include "base/hash.h"
#include "base/hex.h"
#include "engine/run/checkout.h"
#include "os/file.h"

#define LINE_MAX_LOOKED  4096
#define CODE_CANNOT_TELL 125
#define CODE_NO_PROGRAM  127
#define CODE_SIGNAL      128

const char *matrix_result_name(enum matrix_result r)
{
    static const char *const names[] = {[MATRIX_NOT_RUN] = "not-run",
                                        [MATRIX_FINE] = "fine",
                                        [MATRIX_CRASHES] = "crashes",
                                        [MATRIX_NO_BUILD] = "no-build",
                                        [MATRIX_TIMEOUT] = "timeout"};
    return names[r];
}

void reproducer_hash(struct str script, char ret_hex[REPRODUCER_HEX])
{
    unsigned char digest[SHA256_LEN];
    sha256(script, digest);
    hex_put(ret_hex, digest, sizeof digest);
}

/* ---- What its output says ---- */

/* Looks for reports of tools that watch a program, line by line. */
struct scan {
    struct buf line;
    bool cut, reported;
    char said[80];
};

static void look_at_line(struct scan *s)
{
    static const char *const reports[] = {
        "ERROR: AddressSanitizer",     "ERROR: LeakSanitizer",
        "WARNING: ThreadSanitizer",    "WARNING: MemorySanitizer",
        "ERROR: MemorySanitizer",      "ERROR: UndefinedBehaviorSanitizer",
        ": runtime error: ",           "ERROR: HWAddressSanitizer",
        "== Invalid read of size",     "== Invalid write of size",
        "*** stack smashing detected", "== ERROR: libFuzzer",
    };
    for (size_t i = 0; i < ARRAY_LEN(reports) && !s->reported; i++) {
        if (str_find(buf_str(&s->line), str_c(reports[i])) == STR_NPOS)
            continue;
        s->reported = true;
        snprintf(s->said, sizeof s->said, "%s", reports[i]);
    }
    buf_reset(&s->line);
    s->cut = false;
}

static void scan_take(struct scan *s, struct str bytes)
{
    while (bytes.n > 0) {
        size_t nl = str_chr(bytes, '\n'), n = nl == STR_NPOS ? bytes.n : nl;
        size_t room = s->line.max - s->line.n;
        if (!s->cut)
            buf_add(&s->line, str_sub(bytes, 0, n < room ? n : room));
        s->cut = s->cut || n > room;
        if (nl == STR_NPOS)
            return;
        look_at_line(s);
        bytes = str_sub(bytes, nl + 1, bytes.n);
    }
}

static bool is_crash(int sig)
{
    return sig == SIGSEGV || sig == SIGABRT || sig == SIGBUS || sig == SIGILL || sig == SIGFPE ||
           sig == SIGTRAP || sig == SIGSYS;
}

static enum matrix_result by_code(int code, bool by_signal, char *why, size_t size)
{
    if (code == 0) {
        snprintf(why, size, "exit code 0");
        return MATRIX_FINE;
    }
    if (code > CODE_SIGNAL && is_crash(code - CODE_SIGNAL)) {
        snprintf(why, size, "signal %d (%s)", code - CODE_SIGNAL, strsignal(code - CODE_SIGNAL));
        return MATRIX_CRASHES;
    }
    if (code > CODE_SIGNAL && code < CODE_SIGNAL + NSIG) {
        snprintf(why, size, "signal %d (%s), which is no crash", code - CODE_SIGNAL,
                 strsignal(code - CODE_SIGNAL));
        return MATRIX_NOT_RUN;
    }
    if (code >= CODE_CANNOT_TELL && code <= CODE_NO_PROGRAM) {
        snprintf(why, size,
                 code == CODE_CANNOT_TELL ? "exit code %d: the script cannot tell"
                                          : "exit code %d: a program could not start",
                 code);
        return MATRIX_NOT_RUN;
    }
    snprintf(why, size, "exit code %d", code);
    return by_signal ? MATRIX_FINE : MATRIX_CRASHES;
}

enum matrix_result matrix_judge(const struct box_told *t, bool reported, bool by_signal, char *why,
                                size_t why_size)
{
    snprintf(why, why_size, "%s", t->why);
    switch (t->state) {
    case BOX_REFUSED:
    case BOX_MACHINE:
    case BOX_STOPPED:
        return MATRIX_NOT_RUN;
    default:
        break;
    }
    if (reported)
        return MATRIX_CRASHES;
    switch (t->state) {
    case BOX_ENDED:
        return by_code(t->code, by_signal, why, why_size);
    case BOX_TIME:
        return MATRIX_TIMEOUT;
    case BOX_FULL_MEMORY: /* what a flaw of that kind does */
        return MATRIX_CRASHES;
    default:
        return MATRIX_NOT_RUN;
    }
}

/* ---- One tree ---- */

struct run {
    const struct matrix_ask *ask;
    struct matrix_answer *answer;
    char dir[FILE_PATH_MAX], input[FILE_PATH_MAX];
    bool shebang;
    size_t all; /* trees, for the progress */
    struct scan scan;
    struct err failure; /* of a try; the first one */
};

static void run_auto(struct run *r)
{
    buf_release(&r->scan.line);
}

static void take(void *arg, struct str bytes)
{
    struct run *r = arg;
    scan_take(&r->scan, bytes);
}

static bool go_on(void *arg, int64_t ms)
{
    struct run *r = arg;
    (void)ms;
    if (r->ask->progress)
        r->ask->progress(r->ask->progress_arg, "trying the script",
                         r->answer->n_trees + r->answer->runs, r->all);
    return true;
}

static void cannot(struct matrix_cell *c, enum matrix_result result, const char *fmt, ...)
    PRINTF(3, 4);
static void cannot(struct matrix_cell *c, enum matrix_result result, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(c->why, sizeof c->why, fmt, ap);
    va_end(ap);
    c->result = result;
}

static enum rc lay_out(const struct run *r, const struct matrix_tree *t, struct err *e)
{
    struct checkout_told told;
    struct checkout_ask c = {.repository = r->ask->repository,
                             .objects = r->ask->objects,
                             .scratch = r->ask->scratch,
                             .dir = r->dir,
                             .tree = t->commit,
                             .mtime_s = r->ask->mtime_s};
    TRY(dir_remove(AT_FDCWD, r->dir, e));
    TRY(dir_make(AT_FDCWD, r->dir, 0700, e));
    return checkout_run(&c, &told, e);
}

static enum rc build(struct run *r, const struct matrix_tree *t, struct matrix_cell *c,
                     bool *ret_built, struct err *e)
{
    const char *const argv[] = {"/bin/sh", "-c", t->build, NULL};
    struct box_told told;
    struct box_ask b = {.dir = r->dir,
                        .root = t->root,
                        .argv = argv,
                        .limits = r->ask->limits,
                        .log = &c->log,
                        .go_on = go_on,
                        .arg = r};
    b.limits.wall_ms = 0; /* a build takes what a build takes */
    TRY(box_run(&b, &told, e));
    *ret_built = told.state == BOX_ENDED && told.code == 0;
    if (*ret_built)
        return RC_OK;
    bool machine = told.state == BOX_REFUSED || told.state == BOX_MACHINE;
    if (told.state == BOX_ENDED)
        cannot(c, MATRIX_NO_BUILD, "it does not build: exit code %d", told.code);
    else
        cannot(c, machine ? MATRIX_NOT_RUN : MATRIX_NO_BUILD, "%s", told.why);
    return RC_OK;
}

static enum rc script(struct run *r, const struct matrix_tree *t, struct matrix_cell *c,
                      struct err *e)
{
    const char *const by_shell[] = {"/bin/sh", MATRIX_SCRIPT_DIR "/script", NULL};
    struct box_told told;
    struct box_ask b = {.dir = r->dir,
                        .root = t->root,
                        .argv = by_shell + r->shebang,
                        .binds = {{r->input, MATRIX_SCRIPT_DIR}},
                        .nbinds = 1,
                        .limits = r->ask->limits,
                        .log = &c->log,
                        .take = take,
                        .go_on = go_on,
                        .arg = r};
    if (b.limits.wall_ms == 0)
        b.limits.wall_ms = MATRIX_WALL_MS;
    buf_reset(&r->scan.line);
    r->scan.cut = r->scan.reported = false;
    TRY(box_run(&b, &told, e));
    look_at_line(&r->scan);
    c->wall_ms = told.wall_ms;
    c->result = matrix_judge(&told, r->scan.reported, r->ask->by_signal, c->why, sizeof c->why);
    if (r->scan.reported && c->result == MATRIX_CRASHES)
        snprintf(c->why, sizeof c->why, "a report: %s", r->scan.said);
    return RC_OK;
}

/* What is wrong with the tree itself is an answer; what is wrong with us is not. */
static enum rc one(struct run *r, const struct matrix_tree *t, struct matrix_cell *c, struct err *e)
{
    struct err own = ERR_INIT;
    bool built = true;
    c->ran = true;
    box_log_init(&c->log, MATRIX_LOG_HEAD, MATRIX_LOG_TAIL);
    enum rc laid = lay_out(r, t, &own), rc = RC_OK;
    if (laid != RC_OK)
        cannot(c, MATRIX_NOT_RUN, "%s", own.msg);
    if (laid == RC_INTERNAL)
        rc = err_set(e, laid, "%s", own.msg);
    if (laid == RC_OK && t->build)
        rc = build(r, t, c, &built, e);
    if (laid == RC_OK && rc == RC_OK && built)
        rc = script(r, t, c, e);
    enum rc gone = dir_remove(AT_FDCWD, r->dir, &own);
    if (rc == RC_OK && gone != RC_OK)
        return err_set(e, gone, "%s", own.msg);
    return rc;
}

/* ---- All of them ---- */

/* The same commit was tried before: its answer. */
static const struct matrix_cell *tried_before(const struct run *r, struct str commit)
{
    for (size_t i = 0; i < r->answer->n_trees; i++)
        if (r->answer->trees[i].ran && str_eq(r->ask->trees[i].commit, commit))
            return &r->answer->trees[i];
    return NULL;
}

static enum matrix_result try_tag(void *arg, size_t i)
{
    struct run *r = arg;
    struct matrix_cell *c = &r->answer->tags[i];
    const struct matrix_cell *before = tried_before(r, r->ask->tags[i].commit);
    if (r->failure.rc != RC_OK)
        return MATRIX_NOT_RUN;
    if (before) {
        c->result = before->result;
        snprintf(c->why, sizeof c->why, "%s", before->why);
        return c->result;
    }
    r->answer->runs++;
    if (one(r, &r->ask->tags[i], c, &r->failure) != RC_OK)
        return MATRIX_NOT_RUN;
    return c->result;
}

/* Between two that were asked and agree, all are taken to be alike. */
static void infer(struct matrix_answer *a)
{
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < a->n_tags; i++) {
        enum matrix_result r = a->tags[i].result;
        if (r != MATRIX_FINE && r != MATRIX_CRASHES)
            continue;
        a->tags[i].known = true;
        bool alike = last != SIZE_MAX && a->tags[last].result == r;
        for (size_t k = last + 1; alike && k < i; k++) {
            if (a->tags[k].ran)
                continue; /* it was asked and could not say */
            a->tags[k].result = r;
            a->tags[k].known = true;
        }
        if (last != SIZE_MAX && i == last + 1 && a->first_bad == SIZE_MAX &&
            a->tags[last].result == MATRIX_FINE && r == MATRIX_CRASHES) {
            a->last_good = last;
            a->first_bad = i;
        }
        last = i;
    }
}

static enum rc over_tags(struct run *r, struct err *e)
{
    struct matrix_answer *a = r->answer;
    AUTO(mem) enum matrix_result *answers = mem_zalloc((a->n_tags + 1) * sizeof *answers);
    AUTO(mem) bool *tried = mem_zalloc((a->n_tags + 1) * sizeof *tried);
    struct bisect b = {.answer = answers,
                       .tried = tried,
                       .n = a->n_tags,
                       .left = r->ask->runs ? r->ask->runs : MATRIX_RUNS,
                       .try = try_tag,
                       .arg = r};
    a->whole = bisect_run(&b);
    if (r->failure.rc != RC_OK)
        return err_set(e, r->failure.rc, "%s", r->failure.msg);
    infer(a);
    return RC_OK;
}

static enum rc check(const struct matrix_ask *ask, struct err *e)
{
    if (ask->script.n == 0 || ask->script.n > MATRIX_SCRIPT_MAX)
        return err_set(e, RC_INVALID, "a script has 1 to %u bytes", MATRIX_SCRIPT_MAX);
    if (ask->n_trees > MATRIX_TREES_MAX || ask->n_tags > MATRIX_TAGS_MAX ||
        ask->runs > MATRIX_RUNS_MAX)
        return err_set(e, RC_LIMIT, "at most %u trees, %u tags and %u runs over them",
                       MATRIX_TREES_MAX, MATRIX_TAGS_MAX, MATRIX_RUNS_MAX);
    for (size_t i = 0; i < ask->n_trees + ask->n_tags; i++) {
        const struct matrix_tree *t =
            i < ask->n_trees ? &ask->trees[i] : &ask->tags[i - ask->n_trees];
        if (!git_oid_ok(t->commit))
            return err_set(e, RC_INVALID, "trees are named by their full ids");
    }
    return RC_OK;
}

static enum rc put_script(struct run *r, struct err *e)
{
    AUTO(fd) int fd = -1;
    int n = snprintf(r->dir, sizeof r->dir, "%s/tree", r->ask->scratch);
    int m = snprintf(r->input, sizeof r->input, "%s/input", r->ask->scratch);
    if (n < 0 || m < 0 || (size_t)n >= sizeof r->dir || (size_t)m >= sizeof r->input)
        return err_set(e, RC_LIMIT, "the path of the scratch folder is too long");
    r->shebang = str_starts(r->ask->script, STR("#!"));
    TRY(dir_make(AT_FDCWD, r->input, 0700, e));
    TRY(dir_open(AT_FDCWD, r->input, &fd, e));
    return file_write_sync(fd, "script", r->ask->script, 0500, e);
}

static enum rc run_all(struct run *r, struct err *e)
{
    struct matrix_answer *a = r->answer;
    TRY(put_script(r, e));
    for (a->n_trees = 0; a->n_trees < r->ask->n_trees; a->n_trees++)
        TRY(one(r, &r->ask->trees[a->n_trees], &a->trees[a->n_trees], e));
    return over_tags(r, e);
}

enum rc matrix_run(const struct matrix_ask *ask, struct matrix_answer *ret, struct err *e)
{
    struct err own = ERR_INIT;
    struct matrix_answer *a = ret;
    *a = (struct matrix_answer){.last_good = SIZE_MAX, .first_bad = SIZE_MAX};
    TRY(check(ask, e));
    a->trees = mem_zalloc((ask->n_trees + 1) * sizeof a->trees[0]);
    a->tags = mem_zalloc((ask->n_tags + 1) * sizeof a->tags[0]);
    a->n_tags = ask->n_tags;
    AUTO(run) struct run r = {.ask = ask, .answer = a, .all = ask->n_trees};
    buf_init(&r.scan.line, LINE_MAX_LOOKED);
    enum rc rc = run_all(&r, e);
    a->n_trees = ask->n_trees;
    enum rc gone = r.input[0] ? dir_remove(AT_FDCWD, r.input, &own) : RC_OK;
    return rc == RC_OK && gone != RC_OK ? err_set(e, gone, "%s", own.msg) : rc;
}

void matrix_answer_release(struct matrix_answer *a)
{
    for (size_t i = 0; a->trees && i < a->n_trees; i++)
        box_log_release(&a->trees[i].log);
    for (size_t i = 0; a->tags && i < a->n_tags; i++)
        box_log_release(&a->tags[i].log);
    free(TAKE(a->trees));
    free(TAKE(a->tags));
}

void matrix_answer_auto(struct matrix_answer *a)
{
    matrix_answer_release(a);
}
