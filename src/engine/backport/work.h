/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_WORK_H
#define VULNDESK_ENGINE_BACKPORT_WORK_H

#include "engine/backport/locate.h"
#include "engine/backport/past.h"
#include "engine/backport/pick.h"
#include "engine/backport/scope.h"
#include "git/write.h"
#include "os/scratch.h"

/* A repository opened for any number of questions about backports. */
struct work_options {
    const char *repo;
    const char *scratch; /* an existing folder for git, NULL = one in memory or in /tmp */
    const char *results; /* an existing object folder for what makes up candidates, NULL = none is
                            kept */
    const char *cache;   /* an existing folder for what may be kept, NULL = nothing is */
    struct git_person committer; /* of the commits that are made; at_us 0: the date of the fix */
    /* Told when something takes long (engine/engine.h); may be NULL. */
    void (*progress)(void *arg, const char *what, size_t done, size_t all);
    void *progress_arg;
};
struct work {
    struct work_options options;
    struct scratch scratch; /* when the caller has none */
    struct git *git;
    struct bp_store *store;
    struct picker picker;
    struct locate *locate;
    struct past_memory *memory;
    struct scope *scope;
};
/* A question about the past of lines; fix and onto as in struct past_ask, borrowed. */
struct past_ask work_past(const struct work *w, struct str fix, const struct str *onto,
                          size_t n_onto);
enum rc work_open(const struct work_options *o, struct work **ret_w, struct err *e) WARN_UNUSED;
void work_close(struct work *w); /* NULL is fine */
void work_auto(struct work **w);

#endif
