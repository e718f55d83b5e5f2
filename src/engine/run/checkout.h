/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_RUN_CHECKOUT_H
#define VULNDESK_ENGINE_RUN_CHECKOUT_H

#include "git/objects.h"

/*
 * A tree of a repository as files in a throw-away folder, without git checkout: no filters, no
 * attributes, no hooks, no submodules.  The tree is a stranger's: nothing is ever written outside
 * of the folder, whatever its names and links say.
 */

#define CHECKOUT_FILES_MAX 500000u               /* names of a tree, folders included */
#define CHECKOUT_BYTES_MAX (UINT64_C(8) << 30)   /* of all files */
#define CHECKOUT_FILE_MAX  (UINT64_C(512) << 20) /* of one file */
#define CHECKOUT_TREE_MAX  (UINT64_C(64) << 20)  /* bytes of one folder's tree object */
#define CHECKOUT_DEPTH_MAX 100u                  /* folders in folders */
#define CHECKOUT_NAME_MAX  255u
#define CHECKOUT_LINK_MAX  4095u
#define CHECKOUT_TIME_MS   1200000

struct checkout_told {
    uint32_t files, folders, links, submodules; /* a submodule is an empty folder */
    uint64_t bytes;
};

/* A name that may stand in a folder: not empty, not ".", "..", ".git" in any case or its short
 * name on other systems, without '/', NUL or line end. */
bool checkout_name_ok(struct str name);

/*
 * Lays a commit's or tree's files (a full hex id) into the empty folder dirfd.  Files get 0644 or
 * 0755, links their text as it is, all of them the time mtime_s (seconds since 1970).
 * RC_INVALID: a tree that is damaged, has a name twice or one that may not be; RC_LIMIT: one of
 * the limits, or the disk is full; RC_NOTFOUND: an object is missing.
 */
enum rc checkout_tree(struct objects *o, size_t hash_len, struct str tree, int dirfd,
                      int64_t mtime_s, struct checkout_told *ret_told, struct err *e) WARN_UNUSED;

/*
 * Makes one path in dirfd what it is in tree: a file or link is put in place of what is there; a
 * path that the tree lacks is removed.  Never goes through a link.  A folder in the way, or a
 * submodule, is RC_INVALID.
 */
enum rc checkout_path(struct objects *o, struct str tree, struct str path, int dirfd,
                      int64_t mtime_s, struct err *e) WARN_UNUSED;

#define CHECKOUT_PATHS_MAX 200u

/* What is laid out where, in a confined child (apart.h). */
struct checkout_ask {
    const char *repository;
    const char *objects; /* a further folder of objects, or NULL */
    const char *scratch; /* for git's own folder */
    const char *dir;     /* empty, below scratch */
    struct str tree;     /* full hex id of a commit or tree */
    struct str other;    /* another one, whose paths are laid over it; empty: none */
    const struct str *paths;
    size_t n_paths;
    int64_t mtime_s;
};
enum rc checkout_run(const struct checkout_ask *ask, struct checkout_told *ret_told, struct err *e)
    WARN_UNUSED;

#endif
