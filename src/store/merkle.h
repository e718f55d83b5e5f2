/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_MERKLE_H
#define VULNDESK_STORE_MERKLE_H

#include "base/hash.h"

/*
 * The hash tree of RFC 9162, section 2.1, with SHA-256: a leaf is hashed behind 0x00, a node behind
 * 0x01.  Pure: nodes come from a callback.  The nodes kept are those of complete subtrees: node
 * (level, idx) covers the leaves idx * 2^level .. (idx + 1) * 2^level - 1, and is final.
 */
#define MERKLE_LEVELS    62 /* log sizes below 2^62 */
#define MERKLE_PROOF_MAX (2 * MERKLE_LEVELS)

struct hash {
    unsigned char b[SHA256_LEN];
};
struct merkle_proof {
    size_t n;
    struct hash node[MERKLE_PROOF_MAX];
};
/* Where the nodes of complete subtrees come from. */
struct merkle_source {
    enum rc (*node)(void *arg, int level, int64_t idx, struct hash *ret_h, struct err *e);
    void *arg;
};

void merkle_leaf(struct str bytes, struct hash *ret_h);
void merkle_node(const struct hash *left, const struct hash *right, struct hash *ret_h);
/* The root of nothing: SHA-256 of the empty string. */
void merkle_empty(struct hash *ret_h);

/* A growing tree: the roots of its complete subtrees, largest first level by level. */
struct merkle_edge {
    int64_t size;
    struct hash node[MERKLE_LEVELS]; /* node[l] is set where bit l of size is */
};
/* Appends a leaf hash; every node that became complete, the leaf first, is told to `done`. */
enum rc merkle_append(struct merkle_edge *m, const struct hash *leaf,
                      enum rc (*done)(void *arg, int level, int64_t idx, const struct hash *h,
                                      struct err *e),
                      void *arg, struct err *e) WARN_UNUSED;
void merkle_edge_root(const struct merkle_edge *m, struct hash *ret_root);
/* The edge of the first size leaves. */
enum rc merkle_edge_load(const struct merkle_source *s, int64_t size, struct merkle_edge *ret_m,
                         struct err *e) WARN_UNUSED;

/* Root of the first size leaves. */
enum rc merkle_root(const struct merkle_source *s, int64_t size, struct hash *ret_root,
                    struct err *e) WARN_UNUSED;
/* Proof that leaf `index` is in the tree of `size` leaves (RFC 9162, 2.1.3.1).  RC_INVALID unless
 * 0 <= index < size. */
enum rc merkle_inclusion(const struct merkle_source *s, int64_t index, int64_t size,
                         struct merkle_proof *ret_p, struct err *e) WARN_UNUSED;
/* Proof that the tree of `size` leaves continues that of `old` leaves (2.1.4.1).  RC_INVALID unless
 * 0 < old <= size. */
enum rc merkle_consistency(const struct merkle_source *s, int64_t old, int64_t size,
                           struct merkle_proof *ret_p, struct err *e) WARN_UNUSED;

/* The verifications of 2.1.3.2 and 2.1.4.2, which need no tree. */
bool merkle_inclusion_ok(const struct hash *leaf, int64_t index, int64_t size,
                         const struct merkle_proof *p, const struct hash *root);
bool merkle_consistency_ok(int64_t old, const struct hash *old_root, int64_t size,
                           const struct hash *root, const struct merkle_proof *p);

#endif
