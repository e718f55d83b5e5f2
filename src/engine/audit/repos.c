/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The repositories of a question.  Runs in the engine child and in commands; repositories are a
 * stranger's.
 */
#include "engine/audit/repos.h"

#include <fcntl.h>
#include <stdlib.h>

#include "os/file.h"

#define REPOS_MEMORY (1u << 20)

static enum rc open_one(struct repos *rs, size_t i, struct err *e)
{
    struct repo *r = &rs->v[rs->n];
    const char *cache = NULL;
    struct str dir = arena_str(rs->a, rs->options.dirs[i]); /* ends with NUL */
    r->name = arena_str(rs->a, rs->options.names[i]);
    TRY(arena_ok(rs->a, "the names of repositories", e));
    rs->n++; /* to be closed from here on */
    TRY(git_open(dir.p, rs->options.scratch, &r->git, e));
    TRY(git_own_objects_make(r->git, e));
    TRY(objects_open(r->git, &r->objects, e));
    if (rs->options.cache)
        TRY(git_cache_make(r->git, rs->options.cache, rs->a, &cache, e));
    if (cache) {
        struct str own = arena_strf(rs->a, "%s/audit", cache);
        TRY(arena_ok(rs->a, "the path of the cache", e));
        TRY(dir_make(AT_FDCWD, own.p, 0700, e));
        cache = own.p;
    }
    r->cache = cache;
    return index_open(r->git, r->objects, cache, &r->index, e);
}

static void close_one(struct repo *r)
{
    view_close(r->view);
    index_close(r->index);
    objects_close(r->objects);
    git_close(r->git);
    *r = (struct repo){.git = NULL};
}

/* One more, or a note why not. */
static enum rc open_if_possible(struct repos *rs, size_t i, struct err *e)
{
    struct err why = ERR_INIT;
    size_t before = rs->n;
    enum rc rc = open_one(rs, i, &why);
    if (rc == RC_OK)
        return RC_OK;
    if (i == 0 || !rs->options.lenient) {
        *e = why;
        return rc;
    }
    while (rs->n > before)
        close_one(&rs->v[--rs->n]);
    rs->left_out[rs->n_left_out++] =
        arena_strf(rs->a, "%.*s was not searched: %s", STR_ARG(rs->options.names[i]), why.msg);
    return arena_ok(rs->a, "the names of repositories", e);
}

enum rc repos_open(const struct repos_options *o, struct repos **ret_rs, struct err *e)
{
    if (o->n == 0 || o->n > REPOS_MAX)
        return err_set(e, RC_LIMIT, "1 to %d repositories can be searched at once", REPOS_MAX);
    AUTO(repos) struct repos *rs = mem_zalloc(sizeof *rs);
    rs->options = *o;
    rs->a = arena_new(REPOS_MEMORY);
    rs->left_out = arena_array(rs->a, REPOS_MAX, sizeof *rs->left_out);
    TRY(arena_ok(rs->a, "the names of repositories", e));
    for (size_t i = 0; i < o->n; i++)
        TRY(open_if_possible(rs, i, e));
    *ret_rs = TAKE(rs);
    return RC_OK;
}

enum rc repos_view(struct repos *rs, size_t repo, const struct str *trees, size_t n,
                   struct view **ret_v, struct err *e)
{
    struct repo *r = &rs->v[repo];
    if (r->view == NULL || !view_is_of(r->view, trees, n)) {
        view_close(r->view);
        r->view = NULL;
        TRY(view_open(r->index, trees, n, &r->view, e));
    }
    *ret_v = r->view;
    return RC_OK;
}

void repos_close(struct repos *rs)
{
    if (rs == NULL)
        return;
    for (size_t i = 0; i < rs->n; i++)
        close_one(&rs->v[i]);
    arena_free(rs->a);
    free(rs);
}

void repos_auto(struct repos **rs)
{
    repos_close(*rs);
}
