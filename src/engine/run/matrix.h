/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_RUN_MATRIX_H
#define VULNDESK_ENGINE_RUN_MATRIX_H

#include "engine/run/box.h"
#include "git/name.h"

/*
 * A reproducer on many trees: does the flaw show there?  The script is a reporter's and hostile;
 * whoever calls this answers for a person of the team having approved exactly these bytes
 * (reproducer_hash).
 *
 * How a script says what it found, as `git bisect run` has it:
 *   exit code 0         the flaw does not show
 *   1 to 124            it does (with by_signal: it does not; only the two below count)
 *   125                 the script cannot tell; so do 126 and 127, which a shell leaves with for a
 *                       program that it cannot start
 *   a crash             (SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS; 128 + n) it
 * does a sanitizer's or valgrind's report on its output: it does
 */

#define MATRIX_TREES_MAX  200u
#define MATRIX_TAGS_MAX   5000u
#define MATRIX_SCRIPT_MAX (1u << 20) /* bytes */
#define MATRIX_RUNS       40u        /* runs over the tags when nobody says how many */
#define MATRIX_RUNS_MAX   200u
#define MATRIX_LOG_HEAD   (2u << 10) /* bytes of each run's output that are kept */
#define MATRIX_LOG_TAIL   (10u << 10)
#define MATRIX_WALL_MS    300000   /* of a script when nobody says how long */
#define MATRIX_SCRIPT_DIR "/input" /* where the script is, inside */

enum matrix_result {
    MATRIX_NOT_RUN, /* it could not be run, or could not tell: cell.why */
    MATRIX_FINE,
    MATRIX_CRASHES,
    MATRIX_NO_BUILD,
    MATRIX_TIMEOUT
};
/* "not-run", "fine", "crashes", "no-build", "timeout" */
const char *matrix_result_name(enum matrix_result r);

struct matrix_tree {
    struct str name, commit; /* commit: a full hex id */
    const char *root;        /* a root filesystem, NULL: this machine's programs */
    const char *build;       /* for /bin/sh -c; NULL: nothing */
};
struct matrix_cell {
    enum matrix_result result;
    bool ran;   /* else it follows from its neighbours, or nothing is known */
    bool known; /* of a tag: result is an answer */
    char why[BOX_WHY_MAX];
    int64_t wall_ms;
    struct box_log log; /* when it ran */
};

struct matrix_ask {
    const char *repository;
    const char *objects; /* a further folder of objects, or NULL */
    const char *scratch; /* a folder of its own; nothing is left in it */
    struct str script;
    bool by_signal;
    const struct matrix_tree *trees; /* each is tried */
    size_t n_trees;
    const struct matrix_tree *tags; /* by bisection; oldest first */
    size_t n_tags;
    size_t runs; /* over the tags; 0: MATRIX_RUNS */
    struct box_limits limits;
    int64_t mtime_s;
    void (*progress)(void *arg, const char *what, size_t done, size_t all); /* may be NULL */
    void *progress_arg;
};

struct matrix_answer {
    struct matrix_cell *trees, *tags; /* one for each */
    size_t n_trees, n_tags;
    size_t runs; /* over the tags */
    bool whole;  /* every place where the answer changes was found, as far as it was looked for */
    /* Tags beside each other, the first of which is fine and the second crashes; SIZE_MAX: none */
    size_t last_good, first_bad;
};

/* Each tree is laid out, built, tried and removed, one after the other.  RC_INVALID: a question
 * that is none.  A tree that cannot be laid out is MATRIX_NOT_RUN. ret is to be released in any
 * case. */
enum rc matrix_run(const struct matrix_ask *ask, struct matrix_answer *ret, struct err *e)
    WARN_UNUSED;
void matrix_answer_release(struct matrix_answer *a);
void matrix_answer_auto(struct matrix_answer *a);

/* What a person approves. */
#define REPRODUCER_HEX 65
void reproducer_hash(struct str script, char ret_hex[REPRODUCER_HEX]);

/* ---- For its test ---- */

/* The flaw's answer of a finished program. */
enum matrix_result matrix_judge(const struct box_told *t, bool reported, bool by_signal, char *why,
                                size_t why_size);

/* Where the answer changes in an ordered list, with few tries.  try(arg, i) answers MATRIX_FINE,
 * MATRIX_CRASHES or anything else for "cannot say". */
struct bisect {
    enum matrix_result *answer; /* n of them, MATRIX_NOT_RUN: no answer */
    bool *tried;
    size_t n, left; /* tries that are left */
    enum matrix_result (*try)(void *arg, size_t i);
    void *arg;
};
/* False: there was no try left for something. */
bool bisect_run(struct bisect *b);

#endif
