/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test runs.  Runs in the engine child of a test run and in commands; trees, tests and their output
 * are a stranger's, the command is the team's.
 */
#include "engine/run/tests.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/run/reports.h"
#include "os/file.h"

#define US_A_MS 1000

const char *tests_verdict_name(enum tests_verdict v)
{
    static const char *const names[] = {
        [TESTS_UNTESTED] = "untested", [TESTS_FAIL] = "fail", [TESTS_PASS] = "pass"};
    return names[v];
}

const char *tests_own_name(enum tests_own o)
{
    static const char *const names[] = {[OWN_NONE] = "none",
                                        [OWN_NOT_RUN] = "not-run",
                                        [OWN_PROVED] = "proved",
                                        [OWN_NOT_SHOWN] = "not-shown",
                                        [OWN_UNBUILT] = "unbuilt"};
    return names[o];
}

static void run_init(struct tests_run *r)
{
    *r = (struct tests_run){.results = results_new()};
    box_log_init(&r->log, BOX_LOG_HEAD, BOX_LOG_TAIL);
}

static void run_release(struct tests_run *r)
{
    results_free(r->results);
    box_log_release(&r->log);
}

void tests_answer_release(struct tests_answer *a)
{
    run_release(&a->base);
    run_release(&a->candidate);
    run_release(&a->again);
    run_release(&a->with_own);
}

void tests_answer_auto(struct tests_answer *a)
{
    tests_answer_release(a);
}

enum rc tests_lay_out(const struct tests_ask *ask, struct str tree, bool with_own, const char *dir,
                      struct checkout_told *ret_told, struct err *e)
{
    struct checkout_ask c = {.repository = ask->repository,
                             .objects = ask->objects,
                             .scratch = ask->scratch,
                             .dir = dir,
                             .tree = tree,
                             .other = with_own ? ask->candidate : STR_NONE,
                             .paths = ask->own,
                             .n_paths = with_own ? ask->n_own : 0,
                             .mtime_s = ask->mtime_s};
    TRY(dir_make(AT_FDCWD, dir, 0700, e));
    return checkout_run(&c, ret_told, e);
}

/* ---- One tree ---- */

struct step {
    const struct tests_ask *ask;
    struct tests_run *run;
    const char *dir, *what;
    bool reading; /* of tests, not of the build */
};

static void take(void *arg, struct str bytes)
{
    struct step *s = arg;
    if (s->reading)
        results_feed(s->run->results, bytes);
}

static bool go_on(void *arg, int64_t ms)
{
    struct step *s = arg;
    char words[100];
    snprintf(words, sizeof words, "%s %s", s->reading ? "testing" : "building", s->what);
    if (s->ask->progress)
        s->ask->progress(s->ask->progress_arg, words, (size_t)(ms / 1000), 0);
    return true;
}

static enum rc command(struct step *s, const char *text, struct box_told *ret, struct err *e)
{
    const char *const argv[] = {"/bin/sh", "-c", text, NULL};
    struct box_ask b = {.dir = s->dir,
                        .root = s->ask->root,
                        .argv = argv,
                        .limits = s->ask->limits,
                        .log = &s->run->log,
                        .take = take,
                        .go_on = go_on,
                        .arg = s};
    box_log_add(&s->run->log, STR("$ "));
    box_log_add(&s->run->log, str_c(text));
    box_log_add(&s->run->log, STR("\n"));
    return box_run(&b, ret, e);
}

static bool ended_well(const struct box_told *t)
{
    return t->state == BOX_ENDED && t->code == 0;
}

static enum rc test(struct step *s, struct err *e)
{
    s->reading = true;
    TRY(reports_remove(s->dir, s->ask->reports, s->ask->n_reports, e));
    TRY(command(s, s->ask->command, &s->run->tests, e));
    results_end(s->run->results);
    reports_read(s->dir, s->ask->reports, s->ask->n_reports, s->run->results);
    s->run->sums = results_sums(s->run->results);
    return RC_OK;
}

static enum rc build_and_test(struct step *s, struct str tree, bool with_own, struct err *e)
{
    TRY(tests_lay_out(s->ask, tree, with_own, s->dir, &s->run->files, e));
    s->run->ran = s->run->built = true;
    if (s->ask->build) {
        TRY(command(s, s->ask->build, &s->run->build, e));
        s->run->built = ended_well(&s->run->build);
    }
    return s->run->built ? test(s, e) : RC_OK;
}

/* ---- The verdict ---- */

static void say(struct tests_answer *a, enum tests_verdict v, const char *fmt, ...) PRINTF(3, 4);
static void say(struct tests_answer *a, enum tests_verdict v, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(a->why, sizeof a->why, fmt, ap);
    va_end(ap);
    a->verdict = v;
}

/* The machine's fault, not the project's. */
static bool not_tried(const struct box_told *t)
{
    return t->state == BOX_REFUSED || t->state == BOX_MACHINE || t->state == BOX_STOPPED;
}

static bool base_is_useless(const struct tests_ask *ask, struct tests_answer *a)
{
    const struct tests_run *b = &a->base;
    const struct box_told *last = b->built ? &b->tests : &b->build;
    if (not_tried(last))
        say(a, TESTS_UNTESTED, "it could not be run here: %s", last->why);
    else if (!b->built && last->state != BOX_ENDED)
        say(a, TESTS_UNTESTED, "the base does not build: %s", last->why);
    else if (!b->built)
        say(a, TESTS_UNTESTED, "the base does not build: exit code %d", last->code);
    else if (last->state != BOX_ENDED)
        say(a, TESTS_UNTESTED, "the tests do not end on the base: %s", last->why);
    else if (ask->by_exit && last->code != 0)
        say(a, TESTS_UNTESTED, "the tests fail on the base too: exit code %d", last->code);
    else if (!ask->by_exit && b->sums.seen == 0)
        say(a, TESTS_UNTESTED, "no test was seen on the base: exit code %d", last->code);
    else
        return false;
    return true;
}

/* What the candidate's run says before single tests are looked at. */
static bool candidate_is_decided(const struct tests_ask *ask, struct tests_answer *a)
{
    const struct tests_run *c = &a->candidate;
    const struct box_told *last = c->built ? &c->tests : &c->build;
    if (not_tried(last))
        say(a, TESTS_UNTESTED, "it could not be run here: %s", last->why);
    else if (!c->built && last->state != BOX_ENDED)
        say(a, TESTS_FAIL, "the candidate does not build: %s", last->why);
    else if (!c->built)
        say(a, TESTS_FAIL, "the candidate does not build: exit code %d", last->code);
    else if (last->state != BOX_ENDED)
        say(a, TESTS_FAIL, "the tests do not end on the candidate: %s", last->why);
    else if (ask->by_exit && last->code != 0)
        say(a, TESTS_FAIL, "the tests fail: exit code %d", last->code);
    else if (!ask->by_exit && c->sums.seen == 0 && last->code != 0)
        say(a, TESTS_FAIL, "no test was seen on the candidate: exit code %d", last->code);
    else if (!ask->by_exit && c->sums.seen == 0)
        say(a, TESTS_UNTESTED, "no test was seen on the candidate");
    else
        return false;
    return true;
}

static void find_unsteady(struct tests_answer *a)
{
    const struct name_list *l = &a->diff.new_failures;
    for (size_t i = 0; i < l->n; i++) {
        const struct result *r = results_find(a->again.results, l->name[i]);
        if (r && r->state == RESULT_PASS)
            a->unsteady.name[a->unsteady.n++] = l->name[i];
    }
    a->unsteady.all = a->unsteady.n;
}

/* ", 3 skipped"; nothing for none. */
static const char *also(char *to, size_t room, uint64_t n, const char *what)
{
    snprintf(to, room, n ? ", %llu %s" : "", (unsigned long long)n, what);
    return to;
}

static void judge_tests(struct tests_answer *a)
{
    const struct comparison *d = &a->diff;
    const struct tests_run *b = &a->base, *c = &a->candidate;
    char failed[64], skipped[64];
    unsigned long long steady = d->new_failures.all - a->unsteady.all;
    if (steady > 0)
        say(a, TESTS_FAIL, "%llu %s that did not fail on the base, the first: %.*s", steady,
            steady == 1 ? "test fails" : "tests fail", STR_ARG(d->new_failures.name[0]));
    else if (a->unsteady.all > 0)
        say(a, TESTS_UNTESTED, "%llu %s once and passed once, the first: %.*s",
            (unsigned long long)a->unsteady.all,
            a->unsteady.all == 1 ? "test failed" : "tests failed", STR_ARG(a->unsteady.name[0]));
    else if (c->tests.code != 0 && b->tests.code == 0)
        say(a, TESTS_FAIL, "the tests end with exit code %d, on the base with 0", c->tests.code);
    else if (results_cut(b->results) || results_cut(c->results))
        say(a, TESTS_UNTESTED, "there are more tests than are compared");
    else if (d->missing.all > 0 && c->sums.seen < b->sums.seen)
        say(a, TESTS_UNTESTED,
            "%llu %s on the base and %s not run on the candidate, the first: %.*s",
            (unsigned long long)d->missing.all,
            d->missing.all == 1 ? "test passed" : "tests passed",
            d->missing.all == 1 ? "was" : "were", STR_ARG(d->missing.name[0]));
    else
        say(a, TESTS_PASS, "%llu passed%s%s", (unsigned long long)c->sums.passed,
            also(failed, sizeof failed, c->sums.failed, "failed and failed before"),
            also(skipped, sizeof skipped, c->sums.skipped, "skipped"));
}

/* Did the fix's own test fail without the fix, and does it pass now? */
static void judge_own(struct tests_answer *a)
{
    const struct tests_run *w = &a->with_own;
    struct comparison d;
    bool shown = false;
    if (!w->built) {
        a->own = not_tried(&w->build) ? OWN_NOT_RUN : OWN_UNBUILT;
        return;
    }
    if (not_tried(&w->tests)) {
        a->own = OWN_NOT_RUN;
        return;
    }
    results_compare(a->base.results, w->results, &d);
    for (size_t i = 0; i < d.new_failures.n && !shown; i++) {
        const struct result *now = results_find(a->candidate.results, d.new_failures.name[i]);
        shown = now && now->state == RESULT_PASS;
    }
    /* A crash or an endless loop takes the names with it. */
    bool broke =
        !ended_well(&w->tests) && ended_well(&a->base.tests) && ended_well(&a->candidate.tests);
    a->own = shown || broke ? OWN_PROVED : OWN_NOT_SHOWN;
    if (a->own == OWN_NOT_SHOWN)
        say(a, TESTS_UNTESTED, "the fix's own test passes without the fix");
}

/* ---- All of it ---- */

static enum rc check(const struct tests_ask *ask, struct err *e)
{
    if (!git_oid_ok(ask->base) || !git_oid_ok(ask->candidate))
        return err_set(e, RC_INVALID, "base and candidate are named by their full ids");
    if (ask->command == NULL || strlen(ask->command) > TESTS_COMMAND_MAX ||
        (ask->build && strlen(ask->build) > TESTS_COMMAND_MAX))
        return err_set(e, RC_INVALID, "a test run needs a command of at most %u bytes",
                       TESTS_COMMAND_MAX);
    if (ask->n_reports > TESTS_REPORTS_MAX || ask->n_own > CHECKOUT_PATHS_MAX)
        return err_set(e, RC_LIMIT, "too many reports or tests");
    return RC_OK;
}

/* In a folder of its own, which goes again unless it is kept for another run. */
static enum rc one(const struct tests_ask *ask, struct tests_run *run, const char *what,
                   struct str tree, bool with_own, struct err *e)
{
    char dir[FILE_PATH_MAX];
    struct err own = ERR_INIT;
    int n = snprintf(dir, sizeof dir, "%s/tree", ask->scratch);
    if (n < 0 || (size_t)n >= sizeof dir)
        return err_set(e, RC_LIMIT, "the path of the scratch folder is too long");
    struct step s = {.ask = ask, .run = run, .dir = dir, .what = what};
    TRY(dir_remove(AT_FDCWD, dir, e));
    enum rc rc = build_and_test(&s, tree, with_own, e);
    enum rc gone = dir_remove(AT_FDCWD, dir, &own);
    if (rc == RC_OK && gone != RC_OK)
        return err_set(e, gone, "%s", own.msg);
    return rc;
}

enum rc tests_run(const struct tests_ask *ask, struct tests_answer *ret, struct err *e)
{
    struct tests_answer *a = ret;
    *a = (struct tests_answer){.verdict = TESTS_UNTESTED};
    run_init(&a->base);
    run_init(&a->candidate);
    run_init(&a->again);
    run_init(&a->with_own);
    a->own = ask->n_own ? OWN_NOT_RUN : OWN_NONE;
    TRY(check(ask, e));
    TRY(one(ask, &a->base, "the base", ask->base, false, e));
    if (base_is_useless(ask, a))
        return RC_OK;
    TRY(one(ask, &a->candidate, "the candidate", ask->candidate, false, e));
    if (!candidate_is_decided(ask, a)) {
        results_compare(a->base.results, a->candidate.results, &a->diff);
        if (!ask->by_exit && a->diff.new_failures.all > 0 &&
            a->diff.new_failures.all <= COMPARE_NAMES) {
            TRY(one(ask, &a->again, "the candidate again", ask->candidate, false, e));
            find_unsteady(a);
        }
        judge_tests(a);
    }
    if (a->verdict != TESTS_PASS || ask->n_own == 0)
        return RC_OK;
    TRY(one(ask, &a->with_own, "the fix's test without the fix", ask->base, true, e));
    judge_own(a);
    return RC_OK;
}
