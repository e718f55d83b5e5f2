/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_GIT_GRAPHWRITE_H
#define VULNDESK_GIT_GRAPHWRITE_H

#include "base/buf.h"

/*
 * Writer of a commit-graph file (see git/graphfile.h) from commits in any order.  Two chunks of our
 * own, which git skips, say what it was made of and which commits have parents that are not there.
 */
#define GRAPH_CHUNK_CUT   "VDCT" /* place of the commit (4 bytes), id of the parent or zeros */
#define GRAPH_CHUNK_TIPS  "VDTP" /* 32 bytes */
#define GRAPH_COMMITS_MAX 20000000u

struct graph_build;

struct graph_build *graph_build_new(size_t hash_len);
void graph_build_free(struct graph_build *b); /* NULL is fine */
void graph_build_auto(struct graph_build **b);

/* id, tree: hash_len bytes; parents: n ids in one run.  Each commit once. RC_LIMIT:
 * GRAPH_COMMITS_MAX. */
enum rc graph_build_add(struct graph_build *b, const unsigned char *id, const unsigned char *tree,
                        int64_t date_s, struct str parents, struct err *e) WARN_UNUSED;
size_t graph_build_count(const struct graph_build *b);
/* Leaves only the roots (ids in one run; what is not there is passed over) and their ancestors.
 * RC_INVALID: a commit twice. */
enum rc graph_build_keep(struct graph_build *b, struct str roots, struct err *e) WARN_UNUSED;
/* A shallow clone ends at this commit. */
void graph_build_shallow(struct graph_build *b, const unsigned char *id);

/* The file's bytes. RC_INVALID: a commit twice, or one that is its own ancestor. */
enum rc graph_build_write(struct graph_build *b, const unsigned char tips[32], struct buf *out,
                          struct err *e) WARN_UNUSED;

#endif
