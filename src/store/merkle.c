/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash tree of RFC 9162, section 2.1.  Runs in core and in verify; sizes and indices may come
 * from a receipt somebody hands in and are checked before use.
 */
#include "store/merkle.h"

void merkle_leaf(struct str bytes, struct hash *ret_h)
{
    struct sha256_ctx c;
    sha256_init(&c);
    sha256_add(&c, str_of("\0", 1));
    sha256_add(&c, bytes);
    sha256_end(&c, ret_h->b);
}

void merkle_node(const struct hash *left, const struct hash *right, struct hash *ret_h)
{
    struct sha256_ctx c;
    sha256_init(&c);
    sha256_add(&c, STR("\x01"));
    sha256_add(&c, str_of(left->b, SHA256_LEN));
    sha256_add(&c, str_of(right->b, SHA256_LEN));
    sha256_end(&c, ret_h->b);
}

void merkle_empty(struct hash *ret_h)
{
    sha256(STR_NONE, ret_h->b);
}

static bool equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->b, b->b, SHA256_LEN) == 0;
}

enum rc merkle_append(struct merkle_edge *m, const struct hash *leaf,
                      enum rc (*done)(void *arg, int level, int64_t idx, const struct hash *h,
                                      struct err *e),
                      void *arg, struct err *e)
{
    if (m->size >= INT64_C(1) << (MERKLE_LEVELS - 1))
        return err_set(e, RC_LIMIT, "the log is full");
    struct hash h = *leaf;
    int level = 0;
    int64_t idx = m->size;
    for (;;) {
        if (done)
            TRY(done(arg, level, idx, &h, e));
        if (!(idx & 1))
            break;
        merkle_node(&m->node[level], &h, &h);
        level++;
        idx >>= 1;
    }
    m->node[level] = h;
    m->size++;
    return RC_OK;
}

void merkle_edge_root(const struct merkle_edge *m, struct hash *ret_root)
{
    bool have = false;
    struct hash h;
    merkle_empty(&h);
    for (int l = 0; l < MERKLE_LEVELS; l++) {
        if (!(m->size >> l & 1))
            continue;
        if (have)
            merkle_node(&m->node[l], &h, &h);
        else
            h = m->node[l];
        have = true;
    }
    *ret_root = h;
}

/* Root of the leaves first .. first + n - 1, where first is a multiple of the smallest power of two
 * that is at least n: every range that the proofs ask for is one. */
static enum rc range_root(const struct merkle_source *s, int64_t first, int64_t n,
                          struct hash *ret_h, struct err *e)
{
    struct merkle_edge m = {.size = n};
    int64_t end = first + n;
    for (int l = 0; l < MERKLE_LEVELS; l++)
        if (n >> l & 1) {
            /* The complete subtree of level l that ends where the smaller ones begin. */
            int64_t below = n & ((INT64_C(1) << l) - 1);
            int64_t idx = ((end - below) >> l) - 1;
            TRY(s->node(s->arg, l, idx, &m.node[l], e));
        }
    merkle_edge_root(&m, ret_h);
    return RC_OK;
}

enum rc merkle_edge_load(const struct merkle_source *s, int64_t size, struct merkle_edge *ret_m,
                         struct err *e)
{
    if (size < 0 || size > INT64_C(1) << (MERKLE_LEVELS - 1))
        return err_set(e, RC_INVALID, "not a size of the log");
    struct merkle_edge m = {.size = size};
    for (int l = 0; l < MERKLE_LEVELS; l++)
        if (size >> l & 1)
            TRY(s->node(s->arg, l, (size >> l) - 1, &m.node[l], e));
    *ret_m = m;
    return RC_OK;
}

enum rc merkle_root(const struct merkle_source *s, int64_t size, struct hash *ret_root,
                    struct err *e)
{
    struct merkle_edge m;
    TRY(merkle_edge_load(s, size, &m, e));
    merkle_edge_root(&m, ret_root);
    return RC_OK;
}

/* Largest power of two below n; n > 1. */
static int64_t split(int64_t n)
{
    int64_t k = 1;
    while (k < n - k)
        k *= 2;
    return k;
}

static enum rc proof_add(const struct merkle_source *s, int64_t first, int64_t n,
                         struct merkle_proof *p, struct err *e)
{
    BUG_ON(p->n >= MERKLE_PROOF_MAX);
    TRY(range_root(s, first, n, &p->node[p->n], e));
    p->n++;
    return RC_OK;
}

/* The definitions in the RFC are recursive from the root down, the proof is listed from the leaf
 * up: walk down and turn the list around. */
static void proof_turn(struct merkle_proof *p)
{
    for (size_t i = 0; i < p->n / 2; i++) {
        struct hash h = p->node[i];
        p->node[i] = p->node[p->n - 1 - i];
        p->node[p->n - 1 - i] = h;
    }
}

enum rc merkle_inclusion(const struct merkle_source *s, int64_t index, int64_t size,
                         struct merkle_proof *ret_p, struct err *e)
{
    if (index < 0 || index >= size || size > INT64_C(1) << (MERKLE_LEVELS - 1))
        return err_set(e, RC_INVALID, "the log has no such leaf");
    struct merkle_proof p = {.n = 0};
    int64_t first = 0, n = size;
    while (n > 1) {
        int64_t k = split(n);
        if (index - first < k) {
            TRY(proof_add(s, first + k, n - k, &p, e));
            n = k;
        } else {
            TRY(proof_add(s, first, k, &p, e));
            first += k;
            n -= k;
        }
    }
    proof_turn(&p);
    *ret_p = p;
    return RC_OK;
}

enum rc merkle_consistency(const struct merkle_source *s, int64_t old, int64_t size,
                           struct merkle_proof *ret_p, struct err *e)
{
    if (old <= 0 || old > size || size > INT64_C(1) << (MERKLE_LEVELS - 1))
        return err_set(e, RC_INVALID, "the log has no such size");
    struct merkle_proof p = {.n = 0};
    int64_t first = 0, n = size, m = old;
    bool whole = true; /* the old tree is this subtree from its first leaf on */
    while (m < n) {
        int64_t k = split(n);
        if (m <= k) {
            TRY(proof_add(s, first + k, n - k, &p, e));
            n = k;
        } else {
            TRY(proof_add(s, first, k, &p, e));
            first += k;
            n -= k;
            m -= k;
            whole = false;
        }
    }
    if (!whole)
        TRY(proof_add(s, first, n, &p, e));
    proof_turn(&p);
    *ret_p = p;
    return RC_OK;
}

bool merkle_inclusion_ok(const struct hash *leaf, int64_t index, int64_t size,
                         const struct merkle_proof *p, const struct hash *root)
{
    if (index < 0 || index >= size || p->n > MERKLE_PROOF_MAX)
        return false;
    int64_t fn = index, sn = size - 1;
    struct hash r = *leaf;
    for (size_t i = 0; i < p->n; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) || fn == sn) {
            merkle_node(&p->node[i], &r, &r);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node(&r, &p->node[i], &r);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && equal(&r, root);
}

bool merkle_consistency_ok(int64_t old, const struct hash *old_root, int64_t size,
                           const struct hash *root, const struct merkle_proof *p)
{
    if (old <= 0 || old > size || p->n > MERKLE_PROOF_MAX)
        return false;
    if (old == size)
        return p->n == 0 && equal(old_root, root);
    /* A complete old tree is its own first node and not in the proof. */
    bool complete = (old & (old - 1)) == 0;
    if (!complete && p->n == 0)
        return false;
    struct hash fr = complete ? *old_root : p->node[0], sr = fr;
    int64_t fn = old - 1, sn = size - 1;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    for (size_t i = complete ? 0 : 1; i < p->n; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) || fn == sn) {
            merkle_node(&p->node[i], &fr, &fr);
            merkle_node(&p->node[i], &sr, &sr);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node(&sr, &p->node[i], &sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && equal(&fr, old_root) && equal(&sr, root);
}
