/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_GIT_GRAPHFILE_H
#define VULNDESK_GIT_GRAPHFILE_H

#include "base/buf.h"

/*
 * git's commit-graph files (gitformat-commit-graph(5), version 1): one file, or a chain of them, of
 * a repository with SHA-1 or SHA-256 ids.  Only what the graph needs is read; other chunks (changed
 * paths, corrected dates) are skipped.  The bytes may be anybody's: every offset and number is
 * checked against the file's length when it is opened, and each parent when it is asked for.
 */
#define GRAPH_LAYERS_MAX 64
#define GRAPH_FILE_MAX   (UINT64_C(4) << 30) /* bytes of a file */
#define GRAPH_HASH_MAX   32
#define GRAPH_PARENTS    4096 /* parents of one commit */

/* One file. Commits are numbered by their id's place: base + 0..n-1. */
struct graph_layer {
    const unsigned char *map;
    size_t size;
    const unsigned char *fanout, *ids, *data, *edges, *cut;
    uint32_t n, base, n_edges, n_cut;
};

struct graph_file {
    struct graph_layer layer[GRAPH_LAYERS_MAX];
    size_t n_layers, hash_len;
    uint32_t n; /* commits of all */
    /* What it was made of; all zero unless graph_write wrote it. */
    unsigned char tips[32];
};

/*
 * The file at path; hash_len is 20 or 32.  RC_NOTFOUND: none there; RC_INVALID: it is damaged, the
 * message says how.  The checksum at its end is verified.
 */
enum rc graph_file_open(const char *path, size_t hash_len, struct graph_file **ret_f, struct err *e)
    WARN_UNUSED;
/* That of an object folder: info/commit-graph, else the chain in info/commit-graphs. */
enum rc graph_file_of(const char *objects, size_t hash_len, struct graph_file **ret_f,
                      struct err *e) WARN_UNUSED;
void graph_file_close(struct graph_file *f); /* NULL is fine */
void graph_file_auto(struct graph_file **f);

/* Place of an id, UINT32_MAX when it is not there. */
uint32_t graph_file_find(const struct graph_file *f, const unsigned char *id);
const unsigned char *graph_file_id(const struct graph_file *f, uint32_t at);

struct graph_record {
    const unsigned char *tree;
    int64_t date_s;
    uint32_t generation;
};
void graph_file_record(const struct graph_file *f, uint32_t at, struct graph_record *ret_r);
/* Places of the parents in order, at most max; RC_INVALID when the file lies about them. */
enum rc graph_file_parents(const struct graph_file *f, uint32_t at, uint32_t *ret_p, size_t max,
                           size_t *ret_n, struct err *e) WARN_UNUSED;
/*
 * Commits some of whose parents are not in the repository: the i-th, and the id of such a parent
 * (NULL: unknown, a shallow clone ends there).  False behind the last one.
 */
bool graph_file_cut(const struct graph_file *f, size_t i, uint32_t *ret_at,
                    const unsigned char **ret_parent);

#endif
