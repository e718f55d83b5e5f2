/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_RUN_RESULTS_H
#define VULNDESK_ENGINE_RUN_RESULTS_H

#include "base/buf.h"

/*
 * Which tests a run passed and failed, read from what it wrote: a stranger's text of any length,
 * fed as it comes and bounded by the limits here.
 *
 * Lines that are understood, of any program that writes such lines, mixed as they may be:
 *   TAP               "ok 1 - name", "not ok 2 name # TODO why", and prove's "t/a.t .. ok"
 *   automake, DejaGnu "PASS: name", FAIL, XFAIL, XPASS, SKIP, ERROR, UNRESOLVED, ...
 *   plain             "PASS name", "FAIL name", "[ok]: name", "[err]: name"
 *   ctest             "1/9 Test #1: name .... Passed 0.1 sec", "***Failed"
 *   meson             "1/9 suite - name  OK  0.05s"
 *   go test           "--- FAIL: TestName (0.01s)", "ok  \tpackage\t0.1s"
 *   pytest            "a.py::test PASSED", "FAILED a.py::test - why", "3 passed in 0.1s"
 *   unittest, cargo   "test_a (x.Y) ... ok", "test a::b ... FAILED"
 *   googletest,cmocka "[       OK ] name", "[  FAILED  ] name"
 *   JUnit's reports   results_xml
 * A name that comes twice has failed when one of them did.  What the program says for a test is
 * believed: it is the project's own; whether a run is worth anything is tests.h's business.
 */

#define RESULTS_MAX      200000u     /* tests of a run; then further names are not kept */
#define RESULTS_NAME_MAX 300u        /* bytes of a name */
#define RESULTS_LINE_MAX 4096u       /* bytes of a line that are looked at */
#define RESULTS_BYTES    (64u << 20) /* of all names */
#define RESULTS_XML_MAX  (64u << 20) /* bytes of a report */

enum result_state {
    RESULT_SKIP, /* not run, or expected to fail and failed */
    RESULT_PASS,
    RESULT_FAIL /* or an error, a time-out, an unexpected pass */
};

struct result {
    struct str name; /* clean text of one line */
    enum result_state state;
    bool seen; /* by a line that only a test makes; else "ERROR: text", which may be anything */
};

struct results;

struct results *results_new(void);
void results_free(struct results *r);
void results_auto(struct results **r);

/* The next bytes of the output. */
void results_feed(struct results *r, struct str bytes);
/* After the last ones. */
void results_end(struct results *r);
/* One report of JUnit's kind. RC_INVALID: not XML, or cut off; what was understood counts. */
enum rc results_xml(struct results *r, struct str text, struct err *e) WARN_UNUSED;
/* A result by itself. */
void results_put(struct results *r, struct str name, enum result_state state);

size_t results_count(const struct results *r);
const struct result *results_at(const struct results *r, size_t i);
/* NULL: no such test. */
const struct result *results_find(const struct results *r, struct str name);
bool results_cut(const struct results *r); /* there were more than are kept */

struct result_sums {
    uint64_t seen; /* tests that said how they ended, the unnamed ones too */
    uint64_t passed, failed, skipped;
};
struct result_sums results_sums(const struct results *r);

/* ---- Two runs side by side ---- */

#define COMPARE_NAMES 200u /* names of each list */

struct name_list {
    struct str name[COMPARE_NAMES]; /* borrowed from the results */
    size_t n;
    uint64_t all; /* how many there are */
};
struct comparison {
    struct name_list new_failures; /* fail now; passed, were not run or not there before */
    struct name_list mended;       /* failed before, pass now */
    struct name_list missing;      /* passed before, not there now */
    struct name_list still;        /* fail before and now */
};
void results_compare(const struct results *before, const struct results *now,
                     struct comparison *ret);

/* ---- For its parts and their tests ---- */

/* One line without its end; longer ones are cut by the caller. */
void results_line(struct results *r, struct str line);
/* Puts a name under which tests of unknown number passed, as a summary says. */
void results_unnamed(struct results *r, uint64_t passed);
/* "ERROR: text", which may be a test or not. */
void results_weak(struct results *r, struct str name);

#endif
