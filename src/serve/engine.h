/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_ENGINE_H
#define VULNDESK_SERVE_ENGINE_H

#include "base/str.h"

/*
 * The role "engine": one confined child of the worker for one job.
 *     vulndesk role engine KIND SCRATCH [MIRROR [NAME=FOLDER ...]]
 * standard input: the job's file (or nothing); descriptor 3: the arguments, a JSON object; standard
 * output: the answer, JSON.  Exit 0: the answer is whole.  Else one line for a person is on
 * standard output instead.
 *
 * Descriptor 4: a pipe for lines that say how far it is, a few a second; those that do not fit are
 * dropped.
 *
 * A new engine is one row of kinds[] in engine.c.
 */
#define ENGINE_ARGS_FD     3
#define ENGINE_PROGRESS_FD 4
#define ENGINE_PROGRESS_US 250000   /* not more often */
#define ENGINE_LINE_MAX    200      /* bytes of such a line */
#define ENGINE_ARGV_MAX    (7 + 16) /* of the child, the NULL included */
#define ENGINE_FOLDER      "engine" /* below the data folder: scratch folders of jobs */

enum engine_place {
    ENGINE_TEMPORARY, /* an empty folder for this job, removed after it */
    ENGINE_KEPT,      /* engine/KEPT of that kind: it stays; one such job at a time */
    ENGINE_RUN,       /* like temporary; it runs foreign programs in bubblewrap, so it is a child of
                       * the role runner and free to mount (serve/worker.h) */
};
struct engine_kind {
    const char *kind;
    enum engine_place place;
    const char *kept;    /* name of the kept folder */
    int64_t time_us;     /* then it is killed */
    uint64_t as_bytes;   /* address space */
    bool mirror;         /* it reads the project's repository */
    bool others;         /* and those of [project] repositories */
    uint64_t file_bytes; /* of one file that it writes; 0: what any child may */
};
/* RC_NOTFOUND for a kind that is none. */
enum rc engine_kind_find(struct str kind, const struct engine_kind **ret_k, struct err *e)
    WARN_UNUSED;

/* The child; argv[0] is "engine". */
int engine_main(int argc, char **argv);

#endif
