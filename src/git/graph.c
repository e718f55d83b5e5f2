/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The history in memory.  Runs in the engine child and in commands; the file is our own, its bytes
 * are checked all the same: a disk forgets.
 */
#include "git/graph.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/hex.h"
#include "git/graphfile.h"
#include "git/graphmake.h"
#include "os/file.h"

#define CACHE_NAME "commit-graph"
#define TIPS_MAX   (64u << 20)

struct graph_inside {
    struct graph_file *file;
    uint32_t *place;  /* of a number in the file */
    uint32_t *number; /* of a place */
    uint32_t *parent_at, *parent, *cut;
    struct buf tips;
};

static void unload(struct graph_inside *in)
{
    graph_file_close(in->file);
    free(in->place);
    free(in->number);
    free(in->parent_at);
    free(in->parent);
    free(in->cut);
    in->file = NULL;
    in->place = in->number = in->parent_at = in->parent = in->cut = NULL;
}

void graph_close(struct graph *g)
{
    if (g == NULL)
        return;
    if (g->in) {
        unload(g->in);
        buf_release(&g->in->tips);
        free(g->in);
    }
    free(g);
}

void graph_auto(struct graph **g)
{
    graph_close(*g);
}

/* ---- From the file ---- */

static enum rc lies(struct err *e)
{
    return err_set(e, RC_INVALID, "the commit-graph file lies about generations");
}

/* Sorts by generation, then id: parents come first. */
static enum rc give_numbers(struct graph *g, struct err *e)
{
    struct graph_inside *in = g->in;
    AUTO(mem) uint32_t *at = mem_zalloc((g->n + 2) * sizeof *at);
    in->place = mem_alloc((g->n + 1) * sizeof *in->place);
    in->number = mem_alloc((g->n + 1) * sizeof *in->number);
    struct graph_record r;
    for (uint32_t i = 0; i < g->n; i++) {
        graph_file_record(in->file, i, &r);
        if (r.generation == 0 || r.generation > g->n)
            return lies(e);
        at[r.generation + 1]++;
    }
    for (uint32_t i = 1; i <= g->n + 1; i++)
        at[i] += at[i - 1];
    for (uint32_t i = 0; i < g->n; i++) {
        graph_file_record(in->file, i, &r);
        uint32_t c = at[r.generation]++;
        in->place[c] = i;
        in->number[i] = c;
    }
    return RC_OK;
}

static enum rc read_parents(struct graph *g, struct err *e)
{
    struct graph_inside *in = g->in;
    uint32_t p[GRAPH_PARENTS];
    size_t cap = (size_t)g->n * 2 + 16, n = 0, k;
    in->parent_at = mem_alloc((g->n + 1) * sizeof *in->parent_at);
    in->parent = mem_alloc(cap * sizeof *in->parent);
    for (uint32_t c = 0; c < g->n; c++) {
        in->parent_at[c] = (uint32_t)n;
        TRY(graph_file_parents(in->file, in->place[c], p, ARRAY_LEN(p), &k, e));
        if (n + k > cap) {
            cap = cap * 2 + k;
            in->parent = mem_realloc(in->parent, cap * sizeof *in->parent);
        }
        if (n + k > UINT32_MAX)
            return err_set(e, RC_LIMIT, "the history has too many merges");
        for (size_t i = 0; i < k; i++) {
            uint32_t parent = in->number[p[i]];
            if (parent >= c)
                return lies(e);
            in->parent[n++] = parent;
        }
    }
    in->parent_at[g->n] = (uint32_t)n;
    return RC_OK;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void read_cut(struct graph *g)
{
    struct graph_inside *in = g->in;
    uint32_t at;
    const unsigned char *parent;
    size_t n = 0;
    while (graph_file_cut(in->file, n, &at, &parent))
        n++;
    in->cut = mem_alloc((n + 1) * sizeof *in->cut);
    for (size_t i = 0; i < n && graph_file_cut(in->file, i, &at, &parent); i++) {
        in->cut[i] = in->number[at];
        g->shallow = g->shallow || parent == NULL;
    }
    if (n)
        qsort(in->cut, n, sizeof *in->cut, by_number);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || in->cut[i] != in->cut[i - 1])
            in->cut[kept++] = in->cut[i];
    g->n_cut = kept;
}

static enum rc load(struct graph *g, struct graph_file *file, struct err *e)
{
    unload(g->in);
    g->in->file = file;
    g->n = file->n;
    g->hash_len = file->hash_len;
    TRY(give_numbers(g, e));
    TRY(read_parents(g, e));
    read_cut(g);
    g->parent_at = g->in->parent_at;
    g->parent = g->in->parent;
    g->cut = g->in->cut;
    return RC_OK;
}

/* ---- The cache ---- */

struct paths {
    char cached[PATH_MAX], own[PATH_MAX];
    bool has_cache;
};

static enum rc find_paths(struct git *git, const char *cache, struct paths *ret_p, struct err *e)
{
    int n = snprintf(ret_p->own, sizeof ret_p->own, "%s/info/commit-graph", git_own_objects(git));
    int m = snprintf(ret_p->cached, sizeof ret_p->cached, "%s/" CACHE_NAME, cache ? cache : "");
    if (n < 0 || m < 0 || (size_t)n >= sizeof ret_p->own || (size_t)m >= sizeof ret_p->cached)
        return err_set(e, RC_LIMIT, "the path of the cache is too long");
    ret_p->has_cache = cache != NULL;
    return RC_OK;
}

/* A kept file that is whole; true when it is of these tips. */
static bool from_cache(const struct paths *p, size_t hash_len, const unsigned char sum[32],
                       struct graph_file **ret_f)
{
    struct err none = ERR_INIT;
    return p->has_cache && graph_file_open(p->cached, hash_len, ret_f, &none) == RC_OK &&
           memcmp((*ret_f)->tips, sum, sizeof(*ret_f)->tips) == 0;
}

/* For git: our own object folder has the file too. */
static enum rc give_to_git(struct git *git, const struct paths *p, struct err *e)
{
    if (p->has_cache && (unlink(p->own) == 0 || access(p->own, F_OK) != 0) &&
        symlink(p->cached, p->own) != 0)
        return err_errno(e, RC_IO, "the folder for git could not be filled");
    git_graph_on(git);
    return RC_OK;
}

static enum rc make(struct git *git, struct objects *objects, const struct paths *p,
                    const struct graph *g, const struct graph_file *old,
                    const unsigned char sum[32], struct err *e)
{
    AUTO(buf) struct buf out = BUF_INIT(GRAPH_FILE_MAX);
    if (old) /* git is quick then with what was there before */
        TRY(give_to_git(git, p, e));
    TRY(graph_make(git, objects, g->tips, old, sum, &out, e));
    return file_write_sync(AT_FDCWD, p->has_cache ? p->cached : p->own, buf_str(&out), 0600, e);
}

/* The repository's own file is not used; that it is damaged is worth a word. */
static void look_at_theirs(struct graph *g, struct git *git, size_t hash_len)
{
    char objects[PATH_MAX];
    struct err why = ERR_INIT;
    AUTO(graph_file) struct graph_file *f = NULL;
    int n = snprintf(objects, sizeof objects, "%s/objects", git_repo_dir(git));
    if (n < 0 || (size_t)n >= sizeof objects)
        return;
    enum rc rc = graph_file_of(objects, hash_len, &f, &why);
    if (rc == RC_INVALID || rc == RC_LIMIT)
        snprintf(g->note, sizeof g->note, "%.300s (the repository's own; not used, read anew)",
                 why.msg);
}

enum rc graph_open(struct git *git, struct objects *objects, const char *cache,
                   struct graph **ret_g, struct err *e)
{
    AUTO(graph) struct graph *g = mem_zalloc(sizeof *g);
    AUTO(graph_file) struct graph_file *file = NULL;
    struct paths p;
    unsigned char sum[SHA256_LEN];
    size_t hash_len = strcmp(git_object_format(git), "sha256") == 0 ? 32 : 20;
    TRY(git_own_objects_make(git, e));
    TRY(find_paths(git, cache, &p, e));
    g->in = mem_zalloc(sizeof *g->in);
    buf_init(&g->in->tips, TIPS_MAX);
    TRY(graph_tips(git, &g->in->tips, e));
    g->tips = buf_str(&g->in->tips);
    sha256(g->tips, sum);
    look_at_theirs(g, git, hash_len);
    bool kept = from_cache(&p, hash_len, sum, &file) && load(g, TAKE(file), e) == RC_OK;
    if (!kept) {
        TRY(make(git, objects, &p, g, file, sum, e));
        graph_file_close(TAKE(file));
        TRY(graph_file_open(p.has_cache ? p.cached : p.own, hash_len, &file, e));
        TRY(load(g, TAKE(file), e));
    }
    TRY(give_to_git(git, &p, e));
    *ret_g = TAKE(g);
    return RC_OK;
}

/* ---- Asking ---- */

uint32_t graph_find(const struct graph *g, const unsigned char *id)
{
    uint32_t at = g->n ? graph_file_find(g->in->file, id) : UINT32_MAX;
    return at == UINT32_MAX ? GRAPH_NONE : g->in->number[at];
}

uint32_t graph_find_hex(const struct graph *g, struct str hex)
{
    unsigned char id[GRAPH_HASH_MAX];
    struct err none;
    return hex_get(hex, id, g->hash_len, "id", &none) == RC_OK ? graph_find(g, id) : GRAPH_NONE;
}

const unsigned char *graph_id(const struct graph *g, uint32_t c)
{
    return graph_file_id(g->in->file, g->in->place[c]);
}

struct str graph_hex(const struct graph *g, uint32_t c, char hex[GIT_OID_HEX + 1])
{
    hex_put(hex, graph_id(g, c), g->hash_len);
    hex[2 * g->hash_len] = '\0';
    return str_of(hex, 2 * g->hash_len);
}

static struct graph_record record(const struct graph *g, uint32_t c)
{
    struct graph_record r;
    graph_file_record(g->in->file, g->in->place[c], &r);
    return r;
}

const unsigned char *graph_tree(const struct graph *g, uint32_t c)
{
    return record(g, c).tree;
}

int64_t graph_date_s(const struct graph *g, uint32_t c)
{
    return record(g, c).date_s;
}

uint32_t graph_generation(const struct graph *g, uint32_t c)
{
    return record(g, c).generation;
}

bool graph_is_cut(const struct graph *g, uint32_t c)
{
    return g->n_cut && bsearch(&c, g->cut, g->n_cut, sizeof *g->cut, by_number) != NULL;
}

bool graph_lost_parent(const struct graph *g, uint32_t c, char hex[GIT_OID_HEX + 1])
{
    uint32_t at;
    const unsigned char *parent;
    for (size_t i = 0; graph_file_cut(g->in->file, i, &at, &parent); i++) {
        if (g->in->number[at] != c || parent == NULL)
            continue;
        hex_put(hex, parent, g->hash_len);
        hex[2 * g->hash_len] = '\0';
        return true;
    }
    return false;
}

bool graph_contains(const struct graph *g, uint32_t a, uint32_t b)
{
    if (a >= b || a == GRAPH_NONE)
        return a == b && a != GRAPH_NONE;
    /* Numbers fall towards the roots: one sweep from b down to a. */
    AUTO(mem) bool *in = mem_zalloc(b - a + 1);
    in[b - a] = true;
    for (uint32_t c = b; c > a; c--)
        for (uint32_t k = g->parent_at[c]; in[c - a] && k < g->parent_at[c + 1]; k++)
            if (g->parent[k] >= a)
                in[g->parent[k] - a] = true;
    return in[0];
}
