/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of what commits say and touch, and its file in the cache.  Runs in commands and in the
 * engine child; names and messages are a stranger's, the file is ours but may be damaged.
 */
#include "engine/affected/table.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/when.h"
#include "git/difflog.h"
#include "os/file.h"

/* "vndtab02" on the disk: version and byte order.  Whoever changes what message_read makes of a
 * message, or what a row holds, counts up. */
#define MAGIC      UINT64_C(0x3230626174646e76)
#define PATHS_MAX  (UINT64_C(512) << 20)
#define STEP       4096 /* rows between two words of progress */
#define HASH_FIRST 1024

_Static_assert(sizeof(struct table_row) == 80, "a row is what the file has");
_Static_assert(sizeof(struct named) == 22, "a name is what the file has");

/* The parts of the file follow each other: head, rows, named, files, ends of paths, paths, sum. */
struct head {
    uint64_t magic, hash_len, rows, named, files, paths, path_bytes, spare;
};

/* A growing array. */
struct grow {
    void *p;
    size_t n, cap, size;
};

struct table_inside {
    struct grow rows, named, files, ends; /* ends: uint32_t, where a path ends in path_bytes */
    struct buf path_bytes;
    uint32_t *slots; /* paths by hash: number + 1 */
    size_t n_slots;
    struct str *paths;
    uint32_t *commit, *row;
};

static void *grow_by(struct grow *g, size_t n)
{
    if (g->p == NULL || g->n + n > g->cap) {
        g->cap = g->cap + g->cap / 2 + n + 64;
        g->p = mem_realloc(g->p, g->cap * g->size);
    }
    void *at = (char *)g->p + g->n * g->size;
    g->n += n;
    return at;
}

uint64_t table_author(struct str name)
{
    char low[200];
    size_t n = 0;
    for (size_t i = 0; i < name.n && n < sizeof low; i++)
        low[n++] = ascii_lower(name.p[i]);
    return hash64(str_of(low, n));
}

/* ---- Paths, each once ---- */

static struct str path_at(const struct table_inside *in, size_t i)
{
    const uint32_t *ends = in->ends.p;
    size_t from = i ? ends[i - 1] : 0;
    return str_of(in->path_bytes.p + from, ends[i] - from);
}

static void slot_put(struct table_inside *in, uint32_t path)
{
    size_t at = hash64(path_at(in, path)) & (in->n_slots - 1);
    while (in->slots[at])
        at = (at + 1) & (in->n_slots - 1);
    in->slots[at] = path + 1;
}

static void slots_make(struct table_inside *in, size_t n)
{
    free(in->slots);
    in->n_slots = HASH_FIRST;
    while (in->n_slots < 4 * n)
        in->n_slots *= 2;
    in->slots = mem_zalloc(in->n_slots * sizeof *in->slots);
    for (uint32_t i = 0; i < in->ends.n; i++)
        slot_put(in, i);
}

static uint32_t path_number(struct table_inside *in, struct str path)
{
    if (in->n_slots < 2 * (in->ends.n + 1))
        slots_make(in, in->ends.n + 1);
    size_t at = hash64(path) & (in->n_slots - 1);
    for (; in->slots[at]; at = (at + 1) & (in->n_slots - 1))
        if (str_eq(path_at(in, in->slots[at] - 1), path))
            return in->slots[at] - 1;
    uint32_t number = (uint32_t)in->ends.n;
    buf_add(&in->path_bytes, path);
    *(uint32_t *)grow_by(&in->ends, 1) = (uint32_t)in->path_bytes.n;
    in->slots[at] = number + 1;
    return number;
}

/* ---- Reading the history ---- */

struct making {
    struct history *h;
    struct table_inside *in;
    size_t done, all;
};

static struct table_row *row_add(struct table_inside *in, const unsigned char *id, size_t len)
{
    struct table_row *r = grow_by(&in->rows, 1);
    memset(r, 0, sizeof *r);
    memcpy(r->id, id, len);
    r->named_at = (uint32_t)in->named.n;
    r->files_at = (uint32_t)in->files.n;
    return r;
}

static enum rc row_make(void *ctx, const struct diff_commit *c, struct err *e)
{
    struct making *m = ctx;
    struct table_inside *in = m->in;
    uint32_t number = graph_find_hex(m->h->graph, c->id);
    if (number == GRAPH_NONE)
        return err_set(e, RC_INTERNAL, "a commit came that is not in the graph");
    struct table_row *r = row_add(in, graph_id(m->h->graph, number), m->h->graph->hash_len);
    struct message said;
    message_read(c->message, &said);
    r->author_us = c->author_us;
    r->commit_us = c->commit_us;
    r->subject = said.subject;
    r->subject_len = said.subject_len;
    r->author = table_author(c->author);
    r->flags = (uint8_t)((said.reverts ? TABLE_REVERTS : 0) | (said.again ? TABLE_AGAIN : 0));
    r->n_named = (uint8_t)said.n;
    memcpy(grow_by(&in->named, said.n), said.named, said.n * sizeof said.named[0]);
    r->n_files = (uint32_t)(c->n < TABLE_FILES ? c->n : TABLE_FILES);
    if (c->n > TABLE_FILES || c->cut)
        r->flags |= TABLE_MANY;
    uint32_t *files = grow_by(&in->files, r->n_files);
    for (size_t i = 0; i < r->n_files; i++)
        files[i] = path_number(in, diff_file_path(&c->files[i]));
    if (++m->done % STEP == 0)
        history_progress(m->h, "reading what commits changed", m->done, m->all);
    return buf_ok(&in->path_bytes, "the paths of the repository", e);
}

/* Below a tag or branch: what else is in the graph (pull requests) is nobody's line. */
static enum rc mark_wanted(struct history *h, bool *mark, struct err *e)
{
    const struct graph *g = h->graph;
    struct git_ref *refs;
    size_t n;
    AUTO(arena) struct arena *a = arena_new(GIT_OUT_MAX);
    TRY(git_branches(h->git, a, &refs, &n, e));
    for (size_t i = 0; i < n; i++) {
        uint32_t c = graph_find_hex(g, refs[i].commit);
        if (c != GRAPH_NONE)
            mark[c] = true;
    }
    for (size_t i = 0; i < h->n_tags; i++)
        if (h->tags[i].commit != GRAPH_NONE)
            mark[h->tags[i].commit] = true;
    for (uint32_t c = g->n; c-- > 0;)
        for (uint32_t p = g->parent_at[c]; mark[c] && p < g->parent_at[c + 1]; p++)
            mark[g->parent[p]] = true;
    return RC_OK;
}

static bool is_merge(const struct graph *g, uint32_t c)
{
    return g->parent_at[c + 1] - g->parent_at[c] > 1;
}

/* Commits that have no row yet, by number. */
static size_t find_new(struct history *h, const struct table_inside *in, const bool *mark,
                       uint32_t *ret)
{
    size_t n = 0;
    for (uint32_t c = 0; c < h->graph->n; c++)
        if (mark[c] && in->row[c] == TABLE_NONE && !is_merge(h->graph, c))
            ret[n++] = c;
    return n;
}

static enum rc read_new(struct history *h, struct table_inside *in, const uint32_t *new, size_t n,
                        struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(HISTORY_MEMORY);
    struct str *ids = arena_array(a, n + 1, sizeof *ids);
    bool *missing = arena_array(a, n + 1, sizeof *missing);
    char(*hex)[GIT_OID_HEX + 1] = arena_array(a, n + 1, sizeof *hex);
    TRY(arena_ok(a, "the list of commits", e));
    for (size_t i = 0; i < n; i++)
        ids[i] = graph_hex(h->graph, new[i], hex[i]);
    struct making m = {.h = h, .in = in, .all = n};
    struct difflog_ask ask = {.ids = ids, .n = n};
    TRY(difflog_run(h->git, &ask, row_make, &m, missing, e));
    for (size_t i = 0; i < n; i++) {
        if (!missing[i])
            continue;
        struct table_row *r = row_add(in, graph_id(h->graph, new[i]), h->graph->hash_len);
        r->flags = TABLE_MISSING;
        r->commit_us = graph_date_s(h->graph, new[i]) * US_PER_S;
    }
    return RC_OK;
}

/* Which row is which commit's. */
static void match_rows(const struct history *h, struct table_inside *in)
{
    const struct graph *g = h->graph;
    const struct table_row *rows = in->rows.p;
    in->commit = mem_realloc(in->commit, (in->rows.n + 1) * sizeof *in->commit);
    in->row = mem_realloc(in->row, ((size_t)g->n + 1) * sizeof *in->row);
    memset(in->row, 0xff, (size_t)g->n * sizeof *in->row);
    for (size_t i = 0; i < in->rows.n; i++) {
        in->commit[i] = graph_find(g, rows[i].id);
        if (in->commit[i] != GRAPH_NONE)
            in->row[in->commit[i]] = (uint32_t)i;
    }
}

/* ---- The file ---- */

static const void *part(struct str *rest, uint64_t n, size_t size)
{
    uint64_t bytes;
    if (__builtin_mul_overflow(n, (uint64_t)size, &bytes) || bytes > rest->n)
        return NULL;
    const void *p = rest->p;
    *rest = str_sub(*rest, (size_t)bytes, rest->n);
    return p;
}

static void take(struct grow *g, const void *p, uint64_t n)
{
    if (n)
        memcpy(grow_by(g, (size_t)n), p, (size_t)n * g->size);
}

/* Every number of the file points into it. */
static bool sound(const struct table_inside *in)
{
    const struct table_row *rows = in->rows.p;
    const uint32_t *files = in->files.p, *ends = in->ends.p;
    for (size_t i = 0; i < in->rows.n; i++)
        if ((uint64_t)rows[i].named_at + rows[i].n_named > in->named.n ||
            (uint64_t)rows[i].files_at + rows[i].n_files > in->files.n)
            return false;
    for (size_t i = 0; i < in->files.n; i++)
        if (files[i] >= in->ends.n)
            return false;
    for (size_t i = 0; i < in->ends.n; i++)
        if (ends[i] > in->path_bytes.n || (i && ends[i] < ends[i - 1]))
            return false;
    return true;
}

static bool unpack(struct str file, size_t hash_len, struct table_inside *in)
{
    struct head head;
    unsigned char sum[SHA256_LEN];
    if (file.n < sizeof head + SHA256_LEN)
        return false;
    struct str body = str_sub(file, 0, file.n - SHA256_LEN), rest = body;
    sha256(body, sum);
    memcpy(&head, part(&rest, 1, sizeof head), sizeof head);
    if (memcmp(sum, file.p + body.n, SHA256_LEN) != 0 || head.magic != MAGIC ||
        head.hash_len != hash_len || head.rows > TABLE_ROWS_MAX)
        return false;
    const void *rows = part(&rest, head.rows, sizeof(struct table_row));
    const void *named = rows ? part(&rest, head.named, sizeof(struct named)) : NULL;
    const void *files = named ? part(&rest, head.files, sizeof(uint32_t)) : NULL;
    const void *ends = files ? part(&rest, head.paths, sizeof(uint32_t)) : NULL;
    if (ends == NULL || rest.n != head.path_bytes)
        return false;
    take(&in->rows, rows, head.rows);
    take(&in->named, named, head.named);
    take(&in->files, files, head.files);
    take(&in->ends, ends, head.paths);
    buf_add(&in->path_bytes, rest);
    return sound(in);
}

static void inside_reset(struct table_inside *in)
{
    in->rows.n = in->named.n = in->files.n = in->ends.n = 0;
    buf_reset(&in->path_bytes);
}

static enum rc load(struct history *h, struct table_inside *in, struct err *e)
{
    AUTO(fd) int dir = -1;
    AUTO(buf) struct buf file = BUF_INIT(TABLE_FILE_MAX);
    struct err none = ERR_INIT;
    if (h->cache == NULL || dir_open(AT_FDCWD, h->cache, &dir, &none) != RC_OK)
        return RC_OK;
    if (file_read(dir, TABLE_FILE, TABLE_FILE_MAX, &file, &none) != RC_OK)
        return RC_OK;
    if (!unpack(buf_str(&file), h->graph->hash_len, in))
        inside_reset(in);
    return buf_ok(&in->path_bytes, "the paths of the repository", e);
}

static void add_part(struct buf *b, const struct grow *g)
{
    buf_add(b, str_of(g->p, g->n * g->size));
}

static bool store(const struct history *h, const struct table_inside *in)
{
    AUTO(fd) int dir = -1;
    AUTO(buf) struct buf b = BUF_INIT(TABLE_FILE_MAX);
    struct err none = ERR_INIT;
    unsigned char sum[SHA256_LEN];
    struct head head = {.magic = MAGIC,
                        .hash_len = h->graph->hash_len,
                        .rows = in->rows.n,
                        .named = in->named.n,
                        .files = in->files.n,
                        .paths = in->ends.n,
                        .path_bytes = in->path_bytes.n};
    if (h->cache == NULL || dir_open(AT_FDCWD, h->cache, &dir, &none) != RC_OK)
        return false;
    buf_add(&b, str_of(&head, sizeof head));
    add_part(&b, &in->rows);
    add_part(&b, &in->named);
    add_part(&b, &in->files);
    add_part(&b, &in->ends);
    buf_add(&b, buf_str(&in->path_bytes));
    sha256(buf_str(&b), sum);
    buf_add(&b, str_of(sum, sizeof sum));
    return buf_ok(&b, "the table", &none) == RC_OK &&
           file_write_sync(dir, TABLE_FILE, buf_str(&b), 0600, &none) == RC_OK;
}

/* ---- Opening ---- */

static enum rc bring_up_to_date(struct history *h, struct table *t, struct err *e)
{
    struct table_inside *in = t->in;
    AUTO(mem) bool *mark = mem_zalloc((size_t)h->graph->n + 1);
    AUTO(mem) uint32_t *new = mem_zalloc(((size_t)h->graph->n + 1) * sizeof *new);
    match_rows(h, in);
    TRY(mark_wanted(h, mark, e));
    size_t n = find_new(h, in, mark, new);
    if (n == 0) {
        t->kept = h->cache != NULL;
        return RC_OK;
    }
    TRY(read_new(h, in, new, n, e));
    match_rows(h, in);
    t->made = n;
    t->kept = store(h, in);
    return RC_OK;
}

static void show(struct table *t)
{
    struct table_inside *in = t->in;
    in->paths = mem_alloc((in->ends.n + 1) * sizeof *in->paths);
    for (size_t i = 0; i < in->ends.n; i++)
        in->paths[i] = path_at(in, i);
    t->rows = in->rows.p;
    t->n = in->rows.n;
    t->named = in->named.p;
    t->n_named = in->named.n;
    t->files = in->files.p;
    t->n_files = in->files.n;
    t->paths = in->paths;
    t->n_paths = in->ends.n;
    t->commit = in->commit;
    t->row = in->row;
}

enum rc table_open(struct history *h, struct table **ret_t, struct err *e)
{
    AUTO(table) struct table *t = mem_zalloc(sizeof *t);
    t->in = mem_zalloc(sizeof *t->in);
    t->in->rows.size = sizeof(struct table_row);
    t->in->named.size = sizeof(struct named);
    t->in->files.size = t->in->ends.size = sizeof(uint32_t);
    buf_init(&t->in->path_bytes, PATHS_MAX);
    TRY(load(h, t->in, e));
    TRY(bring_up_to_date(h, t, e));
    show(t);
    *ret_t = TAKE(t);
    return RC_OK;
}

enum rc history_table(struct history *h, const struct table **ret_t, struct err *e)
{
    if (h->table == NULL)
        TRY(table_open(h, &h->table, e));
    *ret_t = h->table;
    return RC_OK;
}

void table_close(struct table *t)
{
    if (t == NULL)
        return;
    struct table_inside *in = t->in;
    free(in->rows.p);
    free(in->named.p);
    free(in->files.p);
    free(in->ends.p);
    free(in->slots);
    free(in->paths);
    free(in->commit);
    free(in->row);
    buf_release(&in->path_bytes);
    free(in);
    free(t);
}

void table_auto(struct table **t)
{
    table_close(*t);
}
