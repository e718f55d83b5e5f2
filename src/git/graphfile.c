/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader of commit-graph files.  Runs in the engine child and in commands; the file may come with
 * a stranger's repository and is not trusted.
 */
#include "git/graphfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/hex.h"
#include "git/graphwrite.h"
#include "os/file.h"

#define HEADER     8
#define ROW        12 /* of the table of chunks */
#define CHUNKS_MAX 64
#define NO_PARENT  0x70000000u
#define EDGE_LAST  0x80000000u
#define CHAIN_MAX  (GRAPH_LAYERS_MAX * 70)

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t be64(const unsigned char *p)
{
    return (uint64_t)be32(p) << 32 | be32(p + 4);
}

static size_t data_len(const struct graph_file *f)
{
    return f->hash_len + 16;
}

/* ---- Opening ---- */

static enum rc damaged(struct err *e, const char *how)
{
    return err_set(e, RC_INVALID, "the commit-graph file is damaged: %s", how);
}

static enum rc map_file(const char *path, struct graph_layer *l, struct err *e)
{
    AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return err_set(e, RC_NOTFOUND, "there is no commit-graph file");
    if (fd < 0 || fstat(fd, &st) != 0)
        return err_errno(e, RC_IO, "the commit-graph file");
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > GRAPH_FILE_MAX)
        return damaged(e, "it is no plain file of a size that can be");
    if (st.st_size < HEADER)
        return damaged(e, "it is cut off in its header");
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return err_errno(e, RC_IO, "the commit-graph file");
    l->map = p;
    l->size = (size_t)st.st_size;
    return RC_OK;
}

/* A chunk with this name: its bytes, n = 0 when there is none. */
struct chunk {
    const unsigned char *p;
    size_t n;
};

static enum rc find_chunk(const struct graph_file *f, const struct graph_layer *l, const char *name,
                          struct chunk *ret_c, struct err *e)
{
    size_t rows = l->map[6], end = l->size - f->hash_len;
    *ret_c = (struct chunk){.n = 0};
    for (size_t i = 0; i < rows; i++) {
        const unsigned char *row = l->map + HEADER + i * ROW;
        uint64_t from = be64(row + 4), to = be64(row + ROW + 4);
        if (from < HEADER + (rows + 1) * ROW || to < from || to > end)
            return damaged(e, "a chunk lies outside of it");
        if (memcmp(row, name, 4) == 0)
            *ret_c = (struct chunk){.p = l->map + from, .n = (size_t)(to - from)};
    }
    return RC_OK;
}

static enum rc read_header(const struct graph_file *f, const struct graph_layer *l, struct err *e)
{
    const unsigned char *m = l->map;
    if (memcmp(m, "CGPH", 4) != 0)
        return damaged(e, "it does not begin like one");
    if (m[4] != 1)
        return err_set(e, RC_INVALID, "the commit-graph file has version %u, 1 is known", m[4]);
    if (m[5] != (f->hash_len == SHA256_LEN ? 2 : 1))
        return damaged(e, "its ids are of another kind than the repository's");
    if (m[6] > CHUNKS_MAX || l->size < HEADER + (m[6] + 1u) * ROW + f->hash_len)
        return damaged(e, "it is cut off in its table");
    return RC_OK;
}

static enum rc check_sum(const struct graph_file *f, const struct graph_layer *l, struct err *e)
{
    unsigned char sum[GRAPH_HASH_MAX];
    struct str all = str_of(l->map, l->size - f->hash_len);
    if (f->hash_len == SHA256_LEN)
        sha256(all, sum);
    else
        sha1(all, sum);
    if (memcmp(sum, l->map + l->size - f->hash_len, f->hash_len) != 0)
        return damaged(e, "its checksum does not fit, it is cut off or was changed");
    return RC_OK;
}

static enum rc check_ids(const struct graph_file *f, const struct graph_layer *l, struct err *e)
{
    uint32_t last = 0;
    for (size_t i = 0; i < 256; i++) {
        uint32_t v = be32(l->fanout + 4 * i);
        if (v < last || v > l->n)
            return damaged(e, "its index runs backwards");
        last = v;
    }
    for (uint32_t i = 0; i + 1 < l->n; i++)
        if (memcmp(l->ids + i * f->hash_len, l->ids + (i + 1) * f->hash_len, f->hash_len) >= 0)
            return damaged(e, "its ids are not in order");
    return RC_OK;
}

static enum rc read_own(struct graph_file *f, struct graph_layer *l, struct err *e)
{
    struct chunk c;
    TRY(find_chunk(f, l, GRAPH_CHUNK_CUT, &c, e));
    l->cut = c.p;
    l->n_cut = (uint32_t)(c.n / (4 + f->hash_len));
    for (uint32_t i = 0; i < l->n_cut; i++)
        if (be32(c.p + i * (4 + f->hash_len)) >= l->n)
            return damaged(e, "it names a commit that it does not have");
    TRY(find_chunk(f, l, GRAPH_CHUNK_TIPS, &c, e));
    if (c.n == sizeof f->tips)
        memcpy(f->tips, c.p, c.n);
    return RC_OK;
}

static enum rc read_layer(struct graph_file *f, struct graph_layer *l, struct err *e)
{
    TRY(read_header(f, l, e));
    TRY(check_sum(f, l, e));
    struct chunk fanout, ids, data, edges;
    TRY(find_chunk(f, l, "OIDF", &fanout, e));
    TRY(find_chunk(f, l, "OIDL", &ids, e));
    TRY(find_chunk(f, l, "CDAT", &data, e));
    TRY(find_chunk(f, l, "EDGE", &edges, e));
    if (fanout.n != 1024)
        return damaged(e, "it has no index");
    l->fanout = fanout.p;
    l->n = be32(fanout.p + 1020);
    if (ids.n != (uint64_t)l->n * f->hash_len || data.n != (uint64_t)l->n * data_len(f))
        return damaged(e, "its parts are of different lengths");
    l->ids = ids.p;
    l->data = data.p;
    l->edges = edges.p;
    l->n_edges = (uint32_t)(edges.n / 4);
    TRY(check_ids(f, l, e));
    TRY(read_own(f, l, e));
    if (l->n >= NO_PARENT - f->n)
        return damaged(e, "it has more commits than can be");
    l->base = f->n;
    f->n += l->n;
    return RC_OK;
}

static enum rc add_layer(struct graph_file *f, const char *path, struct err *e)
{
    if (f->n_layers == GRAPH_LAYERS_MAX)
        return err_set(e, RC_LIMIT, "the commit-graph has more than %d files", GRAPH_LAYERS_MAX);
    struct graph_layer *l = &f->layer[f->n_layers];
    TRY(map_file(path, l, e));
    f->n_layers++;
    return read_layer(f, l, e);
}

enum rc graph_file_open(const char *path, size_t hash_len, struct graph_file **ret_f, struct err *e)
{
    AUTO(graph_file) struct graph_file *f = mem_zalloc(sizeof *f);
    f->hash_len = hash_len;
    TRY(add_layer(f, path, e));
    if (f->layer[0].map[7] != 0)
        return damaged(e, "it needs other files below it");
    *ret_f = TAKE(f);
    return RC_OK;
}

static enum rc open_chain(struct graph_file *f, const char *dir, struct str list, struct err *e)
{
    struct str line;
    while (str_line(&list, &line)) {
        unsigned char id[GRAPH_HASH_MAX];
        char path[PATH_MAX];
        if (hex_get(line, id, f->hash_len, "name", e) != RC_OK)
            return damaged(e, "its chain names something that is no file of it");
        int n = snprintf(path, sizeof path, "%s/graph-%.*s.graph", dir, STR_ARG(line));
        if (n < 0 || (size_t)n >= sizeof path)
            return err_set(e, RC_LIMIT, "the repository's path is too long");
        enum rc rc = add_layer(f, path, e);
        if (rc == RC_NOTFOUND)
            return damaged(e, "a file of its chain is missing");
        TRY(rc);
        if (f->layer[f->n_layers - 1].map[7] != f->n_layers - 1)
            return damaged(e, "its chain is in another order");
    }
    return f->n_layers ? RC_OK : damaged(e, "its chain is empty");
}

enum rc graph_file_of(const char *objects, size_t hash_len, struct graph_file **ret_f,
                      struct err *e)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/info/commit-graph", objects);
    if (n < 0 || (size_t)n + 40 >= sizeof path)
        return err_set(e, RC_LIMIT, "the repository's path is too long");
    enum rc rc = graph_file_open(path, hash_len, ret_f, e);
    if (rc != RC_NOTFOUND)
        return rc;
    AUTO(graph_file) struct graph_file *f = mem_zalloc(sizeof *f);
    AUTO(buf) struct buf list = BUF_INIT(CHAIN_MAX);
    f->hash_len = hash_len;
    snprintf(path, sizeof path, "%s/info/commit-graphs/commit-graph-chain", objects);
    TRY(file_read(AT_FDCWD, path, CHAIN_MAX, &list, e));
    snprintf(path, sizeof path, "%s/info/commit-graphs", objects);
    TRY(open_chain(f, path, buf_str(&list), e));
    *ret_f = TAKE(f);
    return RC_OK;
}

void graph_file_close(struct graph_file *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n_layers; i++)
        munmap((void *)(uintptr_t)f->layer[i].map, f->layer[i].size);
    free(f);
}

void graph_file_auto(struct graph_file **f)
{
    graph_file_close(*f);
}

/* ---- Asking ---- */

static const struct graph_layer *layer_of(const struct graph_file *f, uint32_t at)
{
    size_t i = f->n_layers - 1;
    while (at < f->layer[i].base)
        i--;
    return &f->layer[i];
}

static uint32_t find_in(const struct graph_file *f, const struct graph_layer *l,
                        const unsigned char *id)
{
    uint32_t lo = id[0] ? be32(l->fanout + 4 * (id[0] - 1u)) : 0;
    uint32_t hi = be32(l->fanout + 4u * id[0]);
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        int c = memcmp(id, l->ids + (size_t)mid * f->hash_len, f->hash_len);
        if (c == 0)
            return l->base + mid;
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return UINT32_MAX;
}

uint32_t graph_file_find(const struct graph_file *f, const unsigned char *id)
{
    for (size_t i = f->n_layers; i-- > 0;) {
        uint32_t at = find_in(f, &f->layer[i], id);
        if (at != UINT32_MAX)
            return at;
    }
    return UINT32_MAX;
}

const unsigned char *graph_file_id(const struct graph_file *f, uint32_t at)
{
    const struct graph_layer *l = layer_of(f, at);
    return l->ids + (size_t)(at - l->base) * f->hash_len;
}

static const unsigned char *record_of(const struct graph_file *f, const struct graph_layer *l,
                                      uint32_t at)
{
    return l->data + (size_t)(at - l->base) * data_len(f);
}

void graph_file_record(const struct graph_file *f, uint32_t at, struct graph_record *ret_r)
{
    const unsigned char *p = record_of(f, layer_of(f, at), at);
    uint64_t last = be64(p + f->hash_len + 8);
    *ret_r = (struct graph_record){
        .tree = p, .date_s = (int64_t)(last & 0x3ffffffffu), .generation = (uint32_t)(last >> 34)};
}

static enum rc edge_parents(const struct graph_file *f, const struct graph_layer *l, uint32_t edge,
                            uint32_t *ret_p, size_t max, size_t *n, struct err *e)
{
    for (;; edge++) {
        if (edge >= l->n_edges)
            return damaged(e, "its list of merges is cut off");
        if (*n == max)
            return err_set(e, RC_LIMIT, "a commit has more than %zu parents", max);
        uint32_t v = be32(l->edges + 4 * (size_t)edge);
        ret_p[(*n)++] = v & ~EDGE_LAST;
        if (v & EDGE_LAST)
            return RC_OK;
    }
}

enum rc graph_file_parents(const struct graph_file *f, uint32_t at, uint32_t *ret_p, size_t max,
                           size_t *ret_n, struct err *e)
{
    const struct graph_layer *l = layer_of(f, at);
    const unsigned char *p = record_of(f, l, at) + f->hash_len;
    uint32_t first = be32(p), second = be32(p + 4);
    size_t n = 0;
    if (first != NO_PARENT)
        ret_p[n++] = first;
    if (second & EDGE_LAST)
        TRY(edge_parents(f, l, second & ~EDGE_LAST, ret_p, max, &n, e));
    else if (second != NO_PARENT)
        ret_p[n++] = second;
    for (size_t i = 0; i < n; i++)
        if (ret_p[i] >= l->base + l->n)
            return damaged(e, "it names a parent that it does not have");
    *ret_n = n;
    return RC_OK;
}

bool graph_file_cut(const struct graph_file *f, size_t i, uint32_t *ret_at,
                    const unsigned char **ret_parent)
{
    static const unsigned char none[GRAPH_HASH_MAX];
    for (size_t k = 0; k < f->n_layers; k++) {
        const struct graph_layer *l = &f->layer[k];
        if (i >= l->n_cut) {
            i -= l->n_cut;
            continue;
        }
        const unsigned char *p = l->cut + i * (4 + f->hash_len);
        *ret_at = l->base + be32(p);
        *ret_parent = memcmp(p + 4, none, f->hash_len) == 0 ? NULL : p + 4;
        return true;
    }
    return false;
}
