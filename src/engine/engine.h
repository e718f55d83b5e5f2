/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_ENGINE_H
#define VULNDESK_ENGINE_ENGINE_H

#include "base/json.h"

/*
 * An engine answers one question about a repository: JSON in, JSON out, no clock, no network.  It
 * runs in a child of the worker of its own (serve/engine.c), and may run in a command.
 */
#define ENGINE_INPUT_MAX  (8u << 20)  /* bytes of the input file */
#define ENGINE_ANSWER_MAX (16u << 20) /* bytes of the answer */

/* A further repository that a job may read; the name is the settings'. */
struct engine_repository {
    struct str name;
    const char *dir;
};
#define ENGINE_REPOSITORIES 16

struct engine_job {
    const char *scratch; /* a folder of its own; of a kept one, what it left there */
    const char *mirror;  /* the repository that it may read; NULL: none */
    const struct engine_repository *others; /* only of kinds that want them */
    size_t n_others;
    const json_t *args;
    struct str input; /* may be empty */
    /* Told when something takes long: a few words; done of all, all = 0 when unknown.  May be NULL.
     */
    void (*progress)(void *arg, const char *what, size_t done, size_t all);
    void *progress_arg;
};

/* A new reference.  A failure is a text for a person in e; an answer "no" is an answer. */
typedef enum rc (*engine_fn)(const struct engine_job *j, json_t **ret_answer, struct err *e);

#endif
