/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_ENGINE_H
#define VULNDESK_SERVE_ENGINE_H

#include "base/str.h"

/*
 * The role "engine": one confined child of the worker for one job.
 *     vulndesk role engine KIND SCRATCH [MIRROR]
 * standard input: the job's file (or nothing); descriptor 3: the arguments, a JSON object; standard
 * output: the answer, JSON.  Exit 0: the answer is whole.  Else one line for a person is on
 * standard output instead.
 *
 * A new engine is one row of engine_kinds.  Progress may be added later as lines on descriptor 4;
 * until then a job says nothing before its end.
 */
#define ENGINE_ARGS_FD 3
#define ENGINE_FOLDER  "engine" /* below the data folder: scratch folders of jobs */

enum engine_place {
    ENGINE_TEMPORARY, /* an empty folder for this job, removed after it */
    ENGINE_KEPT,      /* engine/KEPT of that kind: it stays; one such job at a time */
};
struct engine_kind {
    const char *kind;
    enum engine_place place;
    const char *kept;  /* name of the kept folder */
    int64_t time_us;   /* then it is killed */
    uint64_t as_bytes; /* address space */
};
/* RC_NOTFOUND for a kind that is none. */
enum rc engine_kind_find(struct str kind, const struct engine_kind **ret_k, struct err *e)
    WARN_UNUSED;

/* The child; argv[0] is "engine". */
int engine_main(int argc, char **argv);

#endif
