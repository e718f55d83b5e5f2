/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a question about backports works with.  Runs in the engine child and in commands; the
 * repository is a stranger's.
 */
#include "engine/backport/work.h"

#include <stdlib.h>

#define WORK_MEMORY (1u << 20) /* for paths */

static enum rc open_scope(struct work *w, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(WORK_MEMORY);
    const char *cache = NULL;
    if (w->options.cache)
        TRY(git_cache_make(w->git, w->options.cache, a, &cache, e));
    return scope_open(bp_objects(w->store), cache, &w->scope, e);
}

enum rc work_open(const struct work_options *o, struct work **ret_w, struct err *e)
{
    AUTO(work) struct work *w = mem_zalloc(sizeof *w);
    w->options = *o;
    w->scratch = (struct scratch)SCRATCH_INIT;
    if (o->scratch == NULL)
        TRY(scratch_make_quick("backport", &w->scratch, e));
    TRY(git_open(o->repo, o->scratch ? o->scratch : w->scratch.path, &w->git, e));
    TRY(bp_store_open(w->git, o->results, &w->store, e));
    w->picker.store = w->store;
    TRY(ort_open(w->store, &w->picker.ort, e));
    TRY(locate_open(w->git, bp_objects(w->store), &w->locate, e));
    past_memory_open(w->store, &w->memory);
    TRY(open_scope(w, e));
    *ret_w = TAKE(w);
    return RC_OK;
}

void work_close(struct work *w)
{
    if (w == NULL)
        return;
    scope_close(w->scope);
    past_memory_close(w->memory);
    locate_close(w->locate);
    ort_close(w->picker.ort);
    bp_store_close(w->store);
    git_close(w->git);
    scratch_remove(&w->scratch);
    free(w);
}

void work_auto(struct work **w)
{
    work_close(*w);
}

struct past_ask work_past(const struct work *w, struct str fix, const struct str *onto,
                          size_t n_onto)
{
    return (struct past_ask){.git = w->git,
                             .objects = bp_objects(w->store),
                             .memory = w->memory,
                             .locate = w->locate,
                             .fix = fix,
                             .onto = onto,
                             .n_onto = n_onto};
}
