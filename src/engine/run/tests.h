/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_RUN_TESTS_H
#define VULNDESK_ENGINE_RUN_TESTS_H

#include "engine/run/box.h"
#include "engine/run/checkout.h"
#include "engine/run/results.h"

/*
 * A project's own tests on a candidate, and on the base that it was made for, in a sandbox.  Only
 * what fails newly speaks against the candidate; what could not be tried is never a pass.
 *
 *   untested  the base does not build, does not end, or tells of no test; this machine cannot run
 *             it; tests that passed are not run any more; a test fails once and passes once; the
 *             fix's own test passes without the fix
 *   fail      the candidate does not build or does not end where the base did; a test fails that
 *             did not before; the command as a whole fails that did not before
 *   pass      else
 */

#define TESTS_COMMAND_MAX 4000u /* bytes of a command */
#define TESTS_REPORTS_MAX 20u   /* names of reports */
#define TESTS_WHY_MAX     (BOX_WHY_MAX + 200)

enum tests_verdict { TESTS_UNTESTED, TESTS_FAIL, TESTS_PASS };
const char *tests_verdict_name(enum tests_verdict v); /* "untested", "fail", "pass" */

enum tests_own {
    OWN_NONE,      /* the fix brings no test that was carried over */
    OWN_NOT_RUN,   /* nothing was left to prove */
    OWN_PROVED,    /* fails without the fix, passes with it */
    OWN_NOT_SHOWN, /* passes without the fix too */
    OWN_UNBUILT    /* cannot be built without the fix: proves nothing, speaks against nothing */
};
const char *tests_own_name(enum tests_own o); /* "none", "not-run", "proved", ... */

/* One tree, built and tested. */
struct tests_run {
    bool ran;   /* its files were laid out; else nothing below counts */
    bool built; /* or there was nothing to build */
    struct checkout_told files;
    struct box_told build; /* when there is a command for it */
    struct box_told tests; /* when it was built */
    struct results *results;
    struct result_sums sums;
    struct box_log log;
};

struct tests_ask {
    const char *repository;
    const char *objects;        /* a further folder of objects, or NULL */
    const char *scratch;        /* a folder of its own; nothing is left in it */
    const char *root;           /* a root filesystem (root.h), or NULL: this machine's programs */
    struct str base, candidate; /* full hex ids of commits or trees */
    const struct str *own;      /* paths of the fix's own tests in the candidate */
    size_t n_own;
    const char *build;   /* for /bin/sh -c, in the top folder; NULL: nothing */
    const char *command; /* the same, runs the tests */
    bool by_exit;        /* its exit code is all that counts */
    /* Reports of JUnit's kind: files, or folders whose *.xml count; removed before the run. */
    const struct str *reports;
    size_t n_reports;
    struct box_limits limits;                                               /* of each command */
    int64_t mtime_s;                                                        /* of all files */
    void (*progress)(void *arg, const char *what, size_t done, size_t all); /* may be NULL */
    void *progress_arg;
};

struct tests_answer {
    enum tests_verdict verdict;
    char why[TESTS_WHY_MAX];
    struct tests_run base, candidate, again, with_own; /* again: the candidate a second time */
    enum tests_own own;
    struct comparison diff;    /* base against candidate; names live in the runs */
    struct name_list unsteady; /* of the new failures: passed the second time */
};

/* RC_INVALID: a question that is none; RC_NOTFOUND: an object is missing; RC_LIMIT, RC_IO: the
 * files could not be laid out.  ret is to be released in any case. */
enum rc tests_run(const struct tests_ask *ask, struct tests_answer *ret, struct err *e) WARN_UNUSED;

void tests_answer_release(struct tests_answer *a);
void tests_answer_auto(struct tests_answer *a);

/* ---- For the matrix ---- */

/* Lays a tree out into scratch/NAME, which must not exist. */
enum rc tests_lay_out(const struct tests_ask *ask, struct str tree, bool with_own, const char *dir,
                      struct checkout_told *ret_told, struct err *e) WARN_UNUSED;

#endif
