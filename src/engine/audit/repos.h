/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_REPOS_H
#define VULNDESK_ENGINE_AUDIT_REPOS_H

#include "engine/audit/view.h"

/*
 * The repositories that are searched, each opened once with its index.  The first one is the one
 * that the flaw is known of.
 */
#define REPOS_MAX 64

struct repo {
    struct str name; /* for people: how it was named */
    struct git *git;
    struct objects *objects;
    struct audit_index *index;
    struct view *view; /* of the last question; NULL = none yet */
    const char *cache; /* folder for what may be kept of it, NULL = nothing is */
};
struct repos_options {
    const struct str *dirs; /* of n repositories */
    const struct str *names;
    size_t n;
    bool lenient;        /* further ones that cannot be read are left out, and said, not an error */
    const char *scratch; /* an existing folder for git, NULL = /tmp */
    const char *cache;   /* an existing folder for what may be kept, NULL = nothing is */
    void (*progress)(void *arg, const char *what, size_t done, size_t all);
    void *progress_arg;
};
struct repos {
    struct repo v[REPOS_MAX];
    size_t n;
    struct str *left_out; /* one text for each further one that is not searched, and why */
    size_t n_left_out;
    struct arena *a;
    struct repos_options options;
};

/* RC_LIMIT: more than REPOS_MAX; else as git_open and index_open. */
enum rc repos_open(const struct repos_options *o, struct repos **ret_rs, struct err *e) WARN_UNUSED;
/* A view of n trees of a repository, as view_open, which stays until other trees of it are asked
 * for: questions that follow each other mostly are about the same ones. */
enum rc repos_view(struct repos *rs, size_t repo, const struct str *trees, size_t n,
                   struct view **ret_v, struct err *e) WARN_UNUSED;
void repos_close(struct repos *rs); /* NULL is fine */
void repos_auto(struct repos **rs);

#endif
