/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_GIT_GRAPH_H
#define VULNDESK_GIT_GRAPH_H

#include "git/git.h"
#include "git/name.h"
#include "git/objects.h"

/*
 * All commits of a repository with their parents, in memory.
 *
 * It is read from a commit-graph file of our own (git/graphfile.h), made once from what git says
 * about every commit that a ref holds, and kept in a cache folder for as long as the refs stay as
 * they are.  The repository's own commit-graph is never used: a stranger's file may lie about
 * parents without anything that shows it; when it is damaged, `note` says so.  Grafts and
 * replacements of the repository do not count.  A shallow clone, or one that lacks commits, gives a
 * graph with "cut" commits.
 *
 * Commits are numbered so that parents have smaller numbers; the numbers depend on the commits
 * alone.
 */
#define GRAPH_NONE       UINT32_MAX
#define GRAPH_OUT_MAX    (UINT64_C(8) << 30) /* bytes that git may say about the history */
#define GRAPH_TIMEOUT_MS 1800000

struct graph {
    uint32_t n;      /* commits */
    size_t hash_len; /* bytes of an id: 20 or 32 */
    /* Parents of c: parent[parent_at[c]] .. parent[parent_at[c + 1] - 1]. */
    const uint32_t *parent_at, *parent;
    /* Commits with a parent that is not here, ascending. */
    const uint32_t *cut;
    size_t n_cut;
    bool shallow;           /* one of them because the clone is shallow */
    struct str tips;        /* "ID NAME\n" of each ref, replacements and notes apart, and HEAD */
    char note[ERR_MSG_MAX]; /* one line for the person, "" */
    struct graph_inside *in;
};

/*
 * cache: a folder of this repository for files that may be kept, NULL = none.  Turns git_graph_on
 * on: from here on git itself is quick with history.  objects is used to look for what is missing.
 */
enum rc graph_open(struct git *git, struct objects *objects, const char *cache,
                   struct graph **ret_g, struct err *e) WARN_UNUSED;
void graph_close(struct graph *g); /* NULL is fine */
void graph_auto(struct graph **g);

/* Number of a full id (raw bytes, hex digits), GRAPH_NONE when no ref holds it. */
uint32_t graph_find(const struct graph *g, const unsigned char *id);
uint32_t graph_find_hex(const struct graph *g, struct str hex);
const unsigned char *graph_id(const struct graph *g, uint32_t c);
/* Hex with NUL, valid as long as hex is. */
struct str graph_hex(const struct graph *g, uint32_t c, char hex[GIT_OID_HEX + 1]);
const unsigned char *graph_tree(const struct graph *g, uint32_t c);
int64_t graph_date_s(const struct graph *g, uint32_t c); /* committer's, 0 when before 1970 */
/* 1 for a root, else one more than the highest of the parents. */
uint32_t graph_generation(const struct graph *g, uint32_t c);
bool graph_is_cut(const struct graph *g, uint32_t c);
/* A parent of a cut commit that is not here; false: the clone is shallow there. */
bool graph_lost_parent(const struct graph *g, uint32_t c, char hex[GIT_OID_HEX + 1]);

/* Is a an ancestor of b, or b itself? */
bool graph_contains(const struct graph *g, uint32_t a, uint32_t b);

#endif
