/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_RUN_JOBS_H
#define VULNDESK_ENGINE_RUN_JOBS_H

#include "engine/engine.h"
#include "engine/run/matrix.h"
#include "engine/run/tests.h"

/*
 * The engine jobs that run foreign programs.  They start bubblewrap, so their child must be free to
 * mount (serve/engine.h: engine_kind.runs).  Both need a mirror; both leave nothing in the scratch
 * folder.  Further objects are those of the case, where the backport jobs keep them:
 * scratch/../RUN_CASES/case-N/objects.
 *
 * Members of both jobs' args:
 *   "nth"?     any value, which is in the answer again
 *   "case"?    number of the case, for its objects
 *   "root"?    a root filesystem, absolute: a folder or a tar (root.h); its place is refused when
 * it could show what is the desk's "build"?   command for /bin/sh -c in the top folder, before the
 * tests or the script "limits"?  {"seconds", "cpu_seconds", "memory_mb", "processes", "disk_mb",
 * "output_mb", "file_mb"}, each optional, of each command (box.h has the defaults) "at"? seconds
 * since 1970 that all files are dated with
 *
 * engine_backport_tests, args and also
 *   "base", "candidate"   full hex ids of commits or trees
 *   "tests"               command that runs the tests
 *   "results"?            "read" (what they print; the default) or "exit" (only its exit code)
 *   "reports"?            paths of JUnit reports: files, or folders of *.xml
 *   "own"?                paths of the fix's own tests, as the candidate has them
 * Answer
 *   {"nth", "tests": "pass|fail|untested", "why", "own": "none|not-run|proved|not-shown|unbuilt",
 *    "own_words": a sentence, "base": RUN, "candidate": RUN, "again"?: RUN, "with_own"?: RUN,
 *    "new_failures": NAMES, "unsteady": NAMES, "mended": NAMES, "missing": NAMES, "still": NAMES}
 *   RUN: {"built", "state": box_state_name, "code", "why", "ms", "seen", "passed", "failed",
 *         "skipped", "output", "disk", "memory", "processes", "build"?: {"state", "code", "why",
 *         "ms"}, "log": text}; state, code, ... are those of the tests, or of the build when it
 *         failed
 *   NAMES: {"all": N, "names": [at most COMPARE_NAMES]}
 *
 * engine_reproduce, args and also
 *   "sha256"      of exactly the bytes that a person approved; with any other script nothing runs
 *   "by_signal"?  true: an exit code other than 0 says nothing, only crashes count
 *   "runs"?       most runs over the tags
 * input, JSON (the whole may have ENGINE_INPUT_MAX bytes)
 *   {"script": base64, "trees": [{"name", "commit", "root"?, "build"?}],
 *    "tags": [{"name", "commit"}]}    tags: oldest first; root and build of args
 * Answer
 *   {"nth", "sha256", "trees": [CELL], "tags": [CELL], "runs": N, "whole": bool, "first_bad"?:
 * name, "last_good"?: name} CELL: {"name", "commit", "result":
 * "fine|crashes|no-build|timeout|not-run", "ran": bool, "known": bool, "why"?, "ms"?, "log"?}; of a
 * tag that was not run, "known" says that the result follows from its neighbours
 */
#define RUN_CASES       "backport" /* the kept folder of the backport jobs */
#define RUN_NAME_MAX    250u
#define RUN_ANSWER_LOGS (8u << 20) /* bytes of all logs in an answer of engine_reproduce */

enum rc engine_backport_tests(const struct engine_job *j, json_t **ret_answer, struct err *e)
    WARN_UNUSED;
enum rc engine_reproduce(const struct engine_job *j, json_t **ret_answer, struct err *e)
    WARN_UNUSED;

/* The answers by themselves, for commands. */
json_t *tests_answer_json(const struct tests_answer *a);
json_t *matrix_answer_json(const struct matrix_ask *ask, const struct matrix_answer *a);
/* Limits of such an object; RC_INVALID. */
enum rc box_limits_of_json(const json_t *limits, struct box_limits *ret, struct err *e) WARN_UNUSED;

#endif
