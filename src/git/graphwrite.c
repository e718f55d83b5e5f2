/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writer of commit-graph files.  Runs in the engine child and in commands; the commits are those of
 * a stranger's repository, read by git.
 */
#include "git/graphwrite.h"

#include <string.h>

#include "base/hash.h"

#define HASH_MAX  32
#define NO_PARENT 0x70000000u
#define EDGES     0x80000000u
#define NOT_HERE  UINT32_MAX
#define DATE_MAX  INT64_C(0x3ffffffff)
#define GEN_MAX   0x3fffffffu
#define CHUNKS    6

struct commit {
    unsigned char id[HASH_MAX], tree[HASH_MAX];
    int64_t date_s;
    uint32_t first, n; /* in parents */
    uint32_t generation;
};

struct graph_build {
    size_t hash_len;
    struct commit *v;
    uint32_t n, cap;
    unsigned char *parents; /* ids */
    uint32_t *at;           /* their places in v, or NOT_HERE */
    uint32_t n_parents, cap_parents;
    unsigned char *shallow; /* ids */
    uint32_t n_shallow, cap_shallow;
};

struct graph_build *graph_build_new(size_t hash_len)
{
    struct graph_build *b = mem_zalloc(sizeof *b);
    b->hash_len = hash_len;
    return b;
}

void graph_build_free(struct graph_build *b)
{
    if (b == NULL)
        return;
    free(b->v);
    free(b->parents);
    free(b->at);
    free(b->shallow);
    free(b);
}

void graph_build_auto(struct graph_build **b)
{
    graph_build_free(*b);
}

size_t graph_build_count(const struct graph_build *b)
{
    return b->n;
}

/* Room for `more` behind n elements of that size. */
static void *grown(void *p, uint32_t n, uint32_t more, uint32_t *cap, size_t size)
{
    if (n + more <= *cap)
        return p;
    *cap = *cap < 1024 ? 1024 : *cap * 2;
    if (*cap < n + more)
        *cap = n + more;
    return mem_realloc(p, *cap * size);
}

enum rc graph_build_add(struct graph_build *b, const unsigned char *id, const unsigned char *tree,
                        int64_t date_s, struct str parents, struct err *e)
{
    uint32_t n = (uint32_t)(parents.n / b->hash_len);
    if (b->n == GRAPH_COMMITS_MAX || b->n_parents >= 4 * GRAPH_COMMITS_MAX - n)
        return err_set(e, RC_LIMIT, "the history has more than %u commits", GRAPH_COMMITS_MAX);
    b->v = grown(b->v, b->n, 1, &b->cap, sizeof *b->v);
    b->parents = grown(b->parents, b->n_parents, n, &b->cap_parents, b->hash_len);
    struct commit *c = &b->v[b->n++];
    memset(c, 0, sizeof *c);
    memcpy(c->id, id, b->hash_len);
    memcpy(c->tree, tree, b->hash_len);
    c->date_s = date_s < 0 ? 0 : date_s > DATE_MAX ? DATE_MAX : date_s;
    c->first = b->n_parents;
    c->n = n;
    if (n)
        memcpy(b->parents + b->n_parents * b->hash_len, parents.p, n * b->hash_len);
    b->n_parents += n;
    return RC_OK;
}

void graph_build_shallow(struct graph_build *b, const unsigned char *id)
{
    b->shallow = grown(b->shallow, b->n_shallow, 1, &b->cap_shallow, b->hash_len);
    memcpy(b->shallow + b->n_shallow++ * b->hash_len, id, b->hash_len);
}

static int by_id(const void *a, const void *b)
{
    return memcmp(((const struct commit *)a)->id, ((const struct commit *)b)->id, HASH_MAX);
}

static uint32_t find(const struct graph_build *b, const unsigned char *id)
{
    struct commit key = {.n = 0};
    memcpy(key.id, id, b->hash_len);
    const struct commit *c = b->n ? bsearch(&key, b->v, b->n, sizeof *b->v, by_id) : NULL;
    return c ? (uint32_t)(c - b->v) : NOT_HERE;
}

static enum rc resolve(struct graph_build *b, struct err *e)
{
    if (b->n)
        qsort(b->v, b->n, sizeof *b->v, by_id);
    for (uint32_t i = 1; i < b->n; i++)
        if (by_id(&b->v[i - 1], &b->v[i]) == 0)
            return err_set(e, RC_INVALID, "a commit of the history came twice");
    free(b->at);
    b->at = mem_alloc((b->n_parents + 1) * sizeof *b->at);
    for (uint32_t i = 0; i < b->n_parents; i++)
        b->at[i] = find(b, b->parents + i * b->hash_len);
    return RC_OK;
}

enum rc graph_build_keep(struct graph_build *b, struct str roots, struct err *e)
{
    TRY(resolve(b, e));
    AUTO(mem) bool *keep = mem_zalloc((size_t)b->n + 1);
    AUTO(mem) uint32_t *todo = mem_alloc((b->n + 1) * sizeof *todo);
    uint32_t n = 0, kept = 0;
    for (size_t i = 0; i + b->hash_len <= roots.n; i += b->hash_len) {
        uint32_t c = find(b, (const unsigned char *)roots.p + i);
        if (c != NOT_HERE && !keep[c]) {
            keep[c] = true;
            todo[n++] = c;
        }
    }
    while (n > 0) {
        const struct commit *c = &b->v[todo[--n]];
        for (uint32_t k = 0; k < c->n; k++) {
            uint32_t p = b->at[c->first + k];
            if (p != NOT_HERE && !keep[p]) {
                keep[p] = true;
                todo[n++] = p;
            }
        }
    }
    for (uint32_t i = 0; i < b->n; i++)
        if (keep[i])
            b->v[kept++] = b->v[i];
    b->n = kept;
    return RC_OK;
}

/* ---- Generations: one more than the highest of the parents ---- */

struct work {
    uint32_t *left;             /* parents without a generation yet */
    uint32_t *child_at, *child; /* children of commit i: child[child_at[i]..child_at[i + 1]] */
    uint32_t *queue;
};

static void work_auto(struct work *w)
{
    free(w->left);
    free(w->child_at);
    free(w->child);
    free(w->queue);
}

static void find_children(const struct graph_build *b, struct work *w)
{
    w->left = mem_zalloc((b->n + 1) * sizeof *w->left);
    w->child_at = mem_zalloc((b->n + 2) * sizeof *w->child_at);
    w->child = mem_alloc((b->n_parents + 1) * sizeof *w->child);
    w->queue = mem_alloc((b->n + 1) * sizeof *w->queue);
    for (uint32_t c = 0; c < b->n; c++)
        for (uint32_t k = 0; k < b->v[c].n; k++) {
            uint32_t p = b->at[b->v[c].first + k];
            if (p != NOT_HERE)
                w->child_at[p + 2]++;
        }
    for (uint32_t i = 2; i <= b->n; i++)
        w->child_at[i] += w->child_at[i - 1];
    for (uint32_t c = 0; c < b->n; c++)
        for (uint32_t k = 0; k < b->v[c].n; k++) {
            uint32_t p = b->at[b->v[c].first + k];
            if (p == NOT_HERE)
                continue;
            w->child[w->child_at[p + 1]++] = c;
            w->left[c]++;
        }
}

static enum rc find_generations(struct graph_build *b, struct err *e)
{
    AUTO(work) struct work w = {NULL};
    find_children(b, &w);
    uint32_t head = 0, tail = 0;
    for (uint32_t c = 0; c < b->n; c++) {
        b->v[c].generation = 1;
        if (w.left[c] == 0)
            w.queue[tail++] = c;
    }
    while (head < tail) {
        uint32_t c = w.queue[head++];
        uint32_t next = b->v[c].generation < GEN_MAX ? b->v[c].generation + 1 : GEN_MAX;
        for (uint32_t k = w.child_at[c]; k < w.child_at[c + 1]; k++) {
            uint32_t child = w.child[k];
            if (b->v[child].generation < next)
                b->v[child].generation = next;
            if (--w.left[child] == 0)
                w.queue[tail++] = child;
        }
    }
    return tail == b->n ? RC_OK
                        : err_set(e, RC_INVALID, "a commit of the history is its own ancestor");
}

/* ---- Writing ---- */

static void put32(struct buf *out, uint32_t v)
{
    const char p[4] = {(char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v};
    buf_add(out, str_of(p, 4));
}

static void put64(struct buf *out, uint64_t v)
{
    put32(out, (uint32_t)(v >> 32));
    put32(out, (uint32_t)v);
}

static void put_fanout(const struct graph_build *b, struct buf *out)
{
    uint32_t at = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        while (at < b->n && b->v[at].id[0] <= byte)
            at++;
        put32(out, at);
    }
}

/* The parents that are there. */
static uint32_t here(const struct graph_build *b, const struct commit *c, uint32_t i,
                     uint32_t *ret_at)
{
    uint32_t n = 0;
    *ret_at = NO_PARENT;
    for (uint32_t k = 0; k < c->n; k++) {
        uint32_t p = b->at[c->first + k];
        if (p != NOT_HERE && n++ == i)
            *ret_at = p;
    }
    return n;
}

static void put_data(const struct graph_build *b, struct buf *out, struct buf *edges)
{
    for (uint32_t i = 0; i < b->n; i++) {
        const struct commit *c = &b->v[i];
        uint32_t first, second, n = here(b, c, 0, &first);
        here(b, c, 1, &second);
        buf_add(out, str_of(c->tree, b->hash_len));
        put32(out, first);
        put32(out, n > 2 ? EDGES | (uint32_t)(edges->n / 4) : second);
        put64(out, (uint64_t)c->generation << 34 | (uint64_t)c->date_s);
        for (uint32_t k = 1; n > 2 && k < n; k++) {
            uint32_t p;
            here(b, c, k, &p);
            put32(edges, p | (k + 1 == n ? EDGES : 0));
        }
    }
}

static void put_cut(const struct graph_build *b, struct buf *out)
{
    static const unsigned char none[HASH_MAX];
    for (uint32_t i = 0; i < b->n; i++) {
        const struct commit *c = &b->v[i];
        for (uint32_t k = 0; k < c->n; k++)
            if (b->at[c->first + k] == NOT_HERE) {
                put32(out, i);
                buf_add(out, str_of(b->parents + (c->first + k) * b->hash_len, b->hash_len));
            }
    }
    for (uint32_t i = 0; i < b->n_shallow; i++) {
        uint32_t at = find(b, b->shallow + i * b->hash_len);
        if (at == NOT_HERE)
            continue;
        put32(out, at);
        buf_add(out, str_of(none, b->hash_len));
    }
}

static void put_sum(const struct graph_build *b, struct buf *out)
{
    unsigned char sum[HASH_MAX];
    if (b->hash_len == SHA256_LEN)
        sha256(buf_str(out), sum);
    else
        sha1(buf_str(out), sum);
    buf_add(out, str_of(sum, b->hash_len));
}

enum rc graph_build_write(struct graph_build *b, const unsigned char tips[32], struct buf *out,
                          struct err *e)
{
    TRY(resolve(b, e));
    TRY(find_generations(b, e));
    size_t max = (size_t)(b->n + 64) * (2 * b->hash_len + 24) + b->n_parents * (b->hash_len + 8);
    AUTO(buf) struct buf fanout = BUF_INIT(1024);
    AUTO(buf) struct buf ids = BUF_INIT(max);
    AUTO(buf) struct buf data = BUF_INIT(max);
    AUTO(buf) struct buf edges = BUF_INIT(max);
    AUTO(buf) struct buf cut = BUF_INIT(max);
    put_fanout(b, &fanout);
    for (uint32_t i = 0; i < b->n; i++)
        buf_add(&ids, str_of(b->v[i].id, b->hash_len));
    put_data(b, &data, &edges);
    put_cut(b, &cut);
    const struct {
        const char *name;
        struct str bytes;
    } chunks[CHUNKS] = {
        {"OIDF", buf_str(&fanout)},       {"OIDL", buf_str(&ids)},
        {"CDAT", buf_str(&data)},         {"EDGE", buf_str(&edges)},
        {GRAPH_CHUNK_CUT, buf_str(&cut)}, {GRAPH_CHUNK_TIPS, str_of(tips, 32)},
    };
    const char header[4] = {1, b->hash_len == SHA256_LEN ? 2 : 1, CHUNKS, 0};
    buf_adds(out, "CGPH");
    buf_add(out, str_of(header, sizeof header));
    uint64_t at = 8 + (CHUNKS + 1) * 12;
    for (size_t i = 0; i <= CHUNKS; i++) {
        buf_add(out, i < CHUNKS ? str_c(chunks[i].name) : str_of("\0\0\0\0", 4));
        put64(out, at);
        at += i < CHUNKS ? chunks[i].bytes.n : 0;
    }
    for (size_t i = 0; i < CHUNKS; i++)
        buf_add(out, chunks[i].bytes);
    put_sum(b, out);
    return buf_ok(out, "the commit-graph", e);
}
