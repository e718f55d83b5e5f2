/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tree or several as the index has them.  Runs in commands and in the engine child; paths and
 * contents are a stranger's, the files of the index may turn out damaged at any time.
 */
#include "engine/audit/view.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "engine/audit/index_inside.h"

#define AHEAD        12 /* files whose records are fetched before they are needed */
#define RADIX_BITS   11u
#define SORT_SMALL   64u
#define LINES_LIKELY 12 /* of a piece, rather too few */
#define REPAIRS_MAX  3  /* of one call: a disk that goes on failing is not a damaged file */

/* A path of one tree. */
struct entry {
    struct str path;
    unsigned char id[SEGMENT_ID_MAX];
    uint32_t class;
    uint8_t skip;
    uint16_t tree;
};

/* Packed: of a large tree there are millions. */
struct __attribute__((packed)) chunk_info {
    uint64_t key;
    uint8_t lang, n_lines;
};

struct text {
    uint32_t file;
    uint64_t used;
    char *p;
    size_t n;
};

struct view_inside {
    struct audit_index *ix;
    uint64_t epoch;
    char (*hex)[GIT_OID_HEX + 1]; /* the trees that were asked for */
    struct str *trees;
    struct arena *arena; /* paths */
    struct entry *entries;
    size_t n_entries, cap_entries;
    bool missing; /* something is not in the index */
    struct view_file *files;
    struct view_skip *skips;
    uint64_t *has; /* words of n_words a file */
    size_t n_words;
    uint32_t *class; /* of the files */
    struct where {
        struct segment *s;
        struct segment_blob b;
    } * where; /* of the files, while the view is filled */
    unsigned char *ids;
    uint32_t *refs, *ref_line;
    struct chunk_info *chunks;
    uint32_t *number; /* of a piece of the index: number in the view + 1, 0: not in it */
    uint32_t n_number;
    bool *full;         /* segments: all of their pieces are in the view */
    uint64_t full_at;   /* in->ix->changes then */
    uint32_t *place_at; /* n_chunks + 1 */
    struct view_place *places;
    uint32_t *list, *spare; /* what view_postings answers */
    size_t cap_list;
    struct text texts[VIEW_TEXTS];
    uint64_t turn;
};

/* ---- Files ---- */

struct collecting {
    struct view *v;
    uint16_t tree;
};

static enum rc collect(void *ctx, const struct walk_entry *w, struct err *e)
{
    struct collecting *c = ctx;
    struct view_inside *in = c->v->in;
    if (in->n_entries == in->cap_entries) {
        in->cap_entries = in->cap_entries * 2 + 1024;
        in->entries = mem_realloc(in->entries, in->cap_entries * sizeof *in->entries);
    }
    struct entry *x = &in->entries[in->n_entries++];
    in->missing = in->missing || w->skip == SKIP_MISSING;
    *x = (struct entry){.path = arena_str(in->arena, w->path),
                        .class = index_class(w->path),
                        .skip = (uint8_t)w->skip,
                        .tree = c->tree};
    memcpy(x->id, w->id, in->ix->id_len);
    return arena_over(in->arena) ? arena_ok(in->arena, "the paths of the trees", e) : RC_OK;
}

static int by_path(const struct entry *a, const struct entry *b)
{
    int c = str_cmp(a->path, b->path);
    if (c == 0)
        c = memcmp(a->id, b->id, SEGMENT_ID_MAX);
    if (c == 0)
        c = (int)a->skip - (int)b->skip;
    return c ? c : (int)a->tree - (int)b->tree;
}

static int by_path_void(const void *a, const void *b)
{
    return by_path(a, b);
}

/* Trees come in this order, unless somebody made them by hand. */
static void sort_entries(struct view_inside *in)
{
    bool sorted = true;
    for (size_t i = 1; i < in->n_entries && sorted; i++)
        sorted = by_path(&in->entries[i - 1], &in->entries[i]) <= 0;
    if (!sorted)
        qsort(in->entries, in->n_entries, sizeof *in->entries, by_path_void);
}

static bool same_file(const struct entry *a, const struct entry *b)
{
    return str_eq(a->path, b->path) && memcmp(a->id, b->id, SEGMENT_ID_MAX) == 0;
}

static void add_skip(struct view *v, struct str path, enum audit_skip why)
{
    struct view_inside *in = v->in;
    if (v->n_skips > 0 && in->skips[v->n_skips - 1].why == why &&
        str_eq(in->skips[v->n_skips - 1].path, path))
        return;
    in->skips[v->n_skips++] = (struct view_skip){.path = path, .why = why};
}

/* One path and blob, entries[i .. to). */
static void add_file(struct view *v, size_t i, size_t to)
{
    struct view_inside *in = v->in;
    const struct entry *x = &in->entries[i];
    struct segment *s;
    struct segment_blob b;
    if (!index_blob(in->ix, x->id, x->class, &s, &b)) {
        in->missing = true;
        add_skip(v, x->path, SKIP_MISSING);
        return;
    }
    if (b.skip != SKIP_NONE) {
        add_skip(v, x->path, b.skip < SKIP_COUNT ? (enum audit_skip)b.skip : SKIP_MISSING);
        return;
    }
    size_t n = v->n_files++;
    memcpy(in->ids + n * in->ix->id_len, x->id, in->ix->id_len);
    in->class[n] = x->class;
    in->where[n] = (struct where){.s = s, .b = b};
    in->files[n] = (struct view_file){.path = x->path,
                                      .id = in->ids + n * in->ix->id_len,
                                      .bytes = b.bytes,
                                      .lines = b.lines,
                                      .lang = b.lang};
    for (; i < to; i++)
        in->has[n * in->n_words + in->entries[i].tree / 64] |= UINT64_C(1)
                                                               << in->entries[i].tree % 64;
    v->bytes += b.bytes;
    v->lines += b.lines;
}

static int by_skip(const void *x, const void *y)
{
    const struct view_skip *a = x, *b = y;
    int c = str_cmp(a->path, b->path);
    return c ? c : (int)a->why - (int)b->why;
}

/* Skips of one path may come in any order. */
static void tidy_skips(struct view *v)
{
    struct view_inside *in = v->in;
    size_t n = v->n_skips;
    qsort(in->skips, n, sizeof *in->skips, by_skip);
    v->n_skips = 0;
    for (size_t i = 0; i < n; i++)
        add_skip(v, in->skips[i].path, in->skips[i].why);
}

static void soon(struct view_inside *in, size_t i, bool again)
{
    if (i < in->n_entries)
        index_blob_soon(in->ix, in->entries[i].id, in->entries[i].class, again);
}

static void fill_files(struct view *v)
{
    struct view_inside *in = v->in;
    size_t n = in->n_entries;
    sort_entries(in);
    free(in->files);
    free(in->skips);
    free(in->has);
    free(in->ids);
    free(in->class);
    free(in->where);
    in->n_words = (v->n_trees + 63) / 64;
    in->files = mem_alloc((n + 1) * sizeof *in->files);
    in->skips = mem_alloc((n + 1) * sizeof *in->skips);
    in->has = mem_zalloc((n + 1) * in->n_words * sizeof *in->has);
    in->ids = mem_alloc((n + 1) * in->ix->id_len);
    in->class = mem_alloc((n + 1) * sizeof *in->class);
    in->where = mem_alloc((n + 1) * sizeof *in->where);
    v->n_files = v->n_skips = 0;
    v->bytes = v->lines = 0;
    for (size_t i = 0, to; i < n; i = to) {
        soon(in, i + 2 * AHEAD, false);
        soon(in, i + AHEAD, true);
        for (to = i + 1; to < n && same_file(&in->entries[i], &in->entries[to]) &&
                         in->entries[i].skip == in->entries[to].skip;)
            to++;
        if (in->entries[i].skip != SKIP_NONE)
            add_skip(v, in->entries[i].path, (enum audit_skip)in->entries[i].skip);
        else
            add_file(v, i, to);
    }
    tidy_skips(v);
    v->files = in->files;
    v->skips = in->skips;
}

/* ---- Pieces ---- */

struct numbering {
    struct view *v;
    size_t cap_refs, cap_chunks;
    size_t at;  /* the next of refs */
    bool again; /* refs are there, only numbers of the index are new */
};

/* About as many as there will be: tables that grow are copied each time. */
static void refs_begin(struct numbering *g)
{
    struct view_inside *in = g->v->in;
    size_t all = index_end(in->ix), likely = (size_t)(g->v->lines / LINES_LIKELY) + g->v->n_files;
    g->cap_refs = likely + 1;
    g->cap_chunks = (all < likely ? all : likely) + 1;
    in->refs = mem_table(g->cap_refs * sizeof *in->refs);
    in->ref_line = mem_table(g->cap_refs * sizeof *in->ref_line);
    in->chunks = mem_table(g->cap_chunks * sizeof *in->chunks);
}

static void refs_room(struct numbering *g, size_t n)
{
    struct view_inside *in = g->v->in;
    if (g->cap_refs < g->v->n_refs + n) {
        g->cap_refs = (g->v->n_refs + n) + (g->v->n_refs + n) / 2 + 4096;
        in->refs = mem_realloc(in->refs, g->cap_refs * sizeof *in->refs);
        in->ref_line = mem_realloc(in->ref_line, g->cap_refs * sizeof *in->ref_line);
    }
    if (g->cap_chunks < g->v->n_chunks + n) {
        g->cap_chunks = (g->v->n_chunks + n) + (g->v->n_chunks + n) / 2 + 4096;
        in->chunks = mem_realloc(in->chunks, g->cap_chunks * sizeof *in->chunks);
    }
}

/* The next piece of a file; number: in the index. */
static bool add_ref(struct numbering *g, const struct chunk_info *c, uint32_t number, uint32_t line)
{
    struct view *v = g->v;
    struct view_inside *in = v->in;
    uint32_t *mine = &in->number[number];
    if (g->again) {
        uint32_t ref = in->refs[g->at++];
        *mine = ref + 1;
        return in->chunks[ref].key == c->key;
    }
    if (*mine == 0) {
        in->chunks[v->n_chunks] = *c;
        *mine = ++v->n_chunks;
    }
    in->refs[v->n_refs] = *mine - 1;
    in->ref_line[v->n_refs++] = line;
    return true;
}

/* n pieces of the index from first on, all of one segment, follow in the file. */
static bool add_run(struct numbering *g, uint32_t first, uint32_t n, uint32_t *line)
{
    struct view *v = g->v;
    struct view_inside *in = v->in;
    struct segment *s = index_segment(in->ix, first);
    if (s == NULL)
        return false;
    uint64_t at = first - s->base;
    const unsigned char *meta = segment_bytes(s, PART_META, 2 * at, 2 * (uint64_t)n);
    const unsigned char *keys = meta ? segment_bytes(s, PART_KEYS, 8 * at, 8 * (uint64_t)n) : NULL;
    if (keys == NULL)
        return false;
    if (!g->again)
        refs_room(g, n);
    else if (v->n_refs - g->at < n)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t key;
        memcpy(&key, keys + 8 * (size_t)i, sizeof key);
        struct chunk_info c = {
            .key = le64toh(key), .lang = meta[2 * (size_t)i], .n_lines = meta[2 * (size_t)i + 1]};
        if (!add_ref(g, &c, first + i, *line))
            return false;
        *line += c.n_lines;
    }
    return true;
}

static bool add_refs(struct numbering *g, size_t file)
{
    struct view *v = g->v;
    struct view_inside *in = v->in;
    struct segment *s;
    struct segment_blob b;
    struct segment_runs runs;
    uint32_t first, n, line = 1;
    int more;
    if (in->where) {
        s = in->where[file].s;
        b = in->where[file].b;
    } else if (!index_blob(in->ix, in->files[file].id, in->class[file], &s, &b)) {
        return false;
    }
    if (!segment_refs(s, &b, &runs))
        return false;
    if (!g->again)
        in->files[file].first = (uint32_t)v->n_refs;
    while ((more = segment_run(&runs, &first, &n)) > 0) {
        while (n > 0) { /* a run may go over the border of two segments */
            const struct segment *at = index_segment(in->ix, first);
            uint32_t part = at ? at->base + at->n_chunks - first : 0;
            part = part < n ? part : n;
            if (part == 0 || v->n_refs + part > INT32_MAX || !add_run(g, first, part, &line))
                return false;
            first += part;
            n -= part;
        }
    }
    if (!g->again)
        in->files[file].n = (uint32_t)v->n_refs - in->files[file].first;
    return more == 0 && line == in->files[file].lines + 1 &&
           (!g->again || g->at == in->files[file].first + in->files[file].n);
}

/* An empty table of the index's numbers, then all files. */
static bool number_all(struct numbering *g)
{
    struct view_inside *in = g->v->in;
    free(in->number);
    in->n_number = index_end(in->ix);
    in->number = mem_table(((size_t)in->n_number + 1) * sizeof *in->number);
    memset(in->number, 0, ((size_t)in->n_number + 1) * sizeof *in->number);
    for (size_t i = 0; i < g->v->n_files; i++)
        if (!add_refs(g, i))
            return false;
    in->epoch = in->ix->epoch;
    free(in->full);
    in->full = NULL;
    return true;
}

/* Numbers all pieces; false: the index is damaged or lost a part. */
static bool fill_chunks(struct view *v)
{
    struct view_inside *in = v->in;
    struct numbering g = {.v = v};
    free(in->refs);
    free(in->ref_line);
    free(in->chunks);
    in->refs = in->ref_line = NULL;
    in->chunks = NULL;
    v->n_refs = 0;
    v->n_chunks = 0;
    refs_begin(&g);
    if (!number_all(&g))
        return false;
    v->refs = in->refs;
    v->ref_line = in->ref_line;
    return true;
}

/* Where pieces stand, by counting. */
static void fill_places(struct view *v)
{
    struct view_inside *in = v->in;
    free(in->place_at);
    free(in->places);
    in->place_at = mem_table(((size_t)v->n_chunks + 2) * sizeof *in->place_at);
    memset(in->place_at, 0, ((size_t)v->n_chunks + 2) * sizeof *in->place_at);
    in->places = mem_table((v->n_refs + 1) * sizeof *in->places);
    uint32_t *at = in->place_at + 1;
    for (size_t i = 0; i < v->n_refs; i++)
        at[in->refs[i] + 1]++;
    for (size_t i = 1; i <= v->n_chunks; i++)
        at[i] += at[i - 1];
    for (size_t f = 0; f < v->n_files; f++)
        for (uint32_t r = in->files[f].first; r < in->files[f].first + in->files[f].n; r++)
            in->places[at[in->refs[r]]++] =
                (struct view_place){.file = (uint32_t)f, .line = in->ref_line[r]};
}

/* ---- Opening ---- */

static enum rc keep_trees(struct view *v, const struct str *trees, size_t n, struct err *e)
{
    struct view_inside *in = v->in;
    if (n == 0 || n > AUDIT_TREES_MAX)
        return err_set(e, n ? RC_LIMIT : RC_INVALID, "1 to %u trees make a view", AUDIT_TREES_MAX);
    v->n_trees = n;
    in->hex = mem_zalloc(n * sizeof *in->hex);
    in->trees = mem_zalloc(n * sizeof *in->trees);
    for (size_t i = 0; i < n; i++) {
        if (!git_oid_ok(trees[i]))
            return err_set(e, RC_INVALID, "that is no full id of a commit or tree");
        memcpy(in->hex[i], trees[i].p, trees[i].n);
        in->trees[i] = str_of(in->hex[i], trees[i].n);
    }
    return RC_OK;
}

static enum rc read_entries(struct view *v, struct err *e)
{
    struct view_inside *in = v->in;
    arena_free(in->arena);
    in->arena = arena_new(SIZE_MAX / 4);
    in->n_entries = 0;
    for (size_t i = 0; i < v->n_trees; i++) {
        unsigned char root[SEGMENT_ID_MAX];
        struct collecting c = {.v = v, .tree = (uint16_t)i};
        TRY(walk_root(in->ix, in->trees[i], root, e));
        TRY(walk(in->ix, root, NULL, collect, &c, e));
    }
    return RC_OK;
}

/* Files of the trees as far as the index has them; in->missing: not all of them. */
static enum rc try_files(struct view *v, struct err *e)
{
    struct view_inside *in = v->in;
    in->missing = false;
    enum rc rc = read_entries(v, e);
    if (rc == RC_OK)
        fill_files(v);
    return index_drop_bad(in->ix) ? err_set(e, RC_BUSY, "the index is damaged") : rc;
}

/* Everything but the lists of terms; RC_BUSY: the index lost a part meanwhile. */
static enum rc fill(struct view *v, struct err *e)
{
    struct view_inside *in = v->in;
    enum rc rc = try_files(v, e);
    if (rc == RC_NOTFOUND || (rc == RC_OK && in->missing)) {
        TRY(index_add(in->ix, in->trees, v->n_trees, in->ix->progress, in->ix->progress_arg, e));
        rc = try_files(v, e);
    }
    TRY(rc);
    if (!fill_chunks(v)) {
        if (!index_drop_bad(in->ix))
            return err_set(e, RC_INTERNAL, "the index contradicts itself: remove its cache");
        return err_set(e, RC_BUSY, "the index is damaged");
    }
    fill_places(v);
    free(in->where);
    in->where = NULL;
    free(in->entries);
    in->entries = NULL;
    in->n_entries = in->cap_entries = 0;
    return RC_OK;
}

static enum rc fill_again(struct view *v, struct err *e)
{
    for (int i = 0; i < REPAIRS_MAX; i++) {
        enum rc rc = fill(v, e);
        if (rc != RC_BUSY)
            return rc;
    }
    return err_set(e, RC_IO, "the files of the index are damaged again and again");
}

enum rc view_open(struct audit_index *ix, const struct str *trees, size_t n, struct view **ret_v,
                  struct err *e)
{
    AUTO(view) struct view *v = mem_zalloc(sizeof *v);
    v->in = mem_zalloc(sizeof *v->in);
    v->in->ix = ix;
    TRY(keep_trees(v, trees, n, e));
    TRY(fill_again(v, e));
    *ret_v = TAKE(v);
    return RC_OK;
}

void view_close(struct view *v)
{
    if (v == NULL)
        return;
    struct view_inside *in = v->in;
    for (size_t i = 0; i < VIEW_TEXTS; i++)
        free(in->texts[i].p);
    free(in->hex);
    free(in->trees);
    arena_free(in->arena);
    free(in->entries);
    free(in->files);
    free(in->skips);
    free(in->has);
    free(in->class);
    free(in->where);
    free(in->ids);
    free(in->refs);
    free(in->ref_line);
    free(in->chunks);
    free(in->number);
    free(in->full);
    free(in->place_at);
    free(in->places);
    free(in->list);
    free(in->spare);
    free(in);
    free(v);
}

void view_auto(struct view **v)
{
    view_close(*v);
}

/* ---- Asking ---- */

size_t view_id_len(const struct view *v)
{
    return v->in->ix->id_len;
}

bool view_is_of(const struct view *v, const struct str *trees, size_t n)
{
    bool same = n == v->n_trees;
    for (size_t i = 0; i < n && same; i++)
        same = str_eq(v->in->trees[i], trees[i]);
    return same;
}

bool view_has(const struct view *v, uint32_t file, size_t tree)
{
    const struct view_inside *in = v->in;
    return tree < v->n_trees && (in->has[file * in->n_words + tree / 64] >> tree % 64 & 1);
}

uint32_t view_find(const struct view *v, struct str path)
{
    size_t lo = 0, hi = v->n_files;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (str_cmp(v->files[mid].path, path) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < v->n_files && str_eq(v->files[lo].path, path) ? (uint32_t)lo : UINT32_MAX;
}

uint32_t view_chunk_at(const struct view *v, uint32_t file, uint32_t line)
{
    const struct view_file *f = &v->files[file];
    uint32_t i = f->first;
    while (i + 1 < f->first + f->n && v->ref_line[i + 1] <= line)
        i++;
    return f->n ? v->refs[i] : UINT32_MAX;
}

void view_chunk(const struct view *v, uint32_t chunk, struct view_chunk *ret)
{
    const struct view_inside *in = v->in;
    const struct chunk_info *c = &in->chunks[chunk];
    uint32_t from = in->place_at[chunk];
    *ret = (struct view_chunk){.key = c->key,
                               .n_lines = c->n_lines,
                               .lang = c->lang,
                               .places = in->places + from,
                               .n_places = in->place_at[chunk + 1] - from};
}

static int by_value(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

/* Ascending; the numbers of a view of one tree mostly are already. */
static void sort_numbers(struct view_inside *in, size_t n, uint32_t max)
{
    size_t i = 1;
    while (i < n && in->list[i - 1] < in->list[i])
        i++;
    if (i >= n)
        return;
    if (n <= SORT_SMALL) {
        qsort(in->list, n, sizeof *in->list, by_value);
        return;
    }
    for (unsigned shift = 0; shift < 32 && max >> shift; shift += RADIX_BITS) {
        uint32_t count[1u << RADIX_BITS] = {0}, at = 0;
        for (i = 0; i < n; i++)
            count[in->list[i] >> shift & ((1u << RADIX_BITS) - 1)]++;
        for (i = 0; i < 1u << RADIX_BITS; i++) {
            uint32_t c = count[i];
            count[i] = at;
            at += c;
        }
        for (i = 0; i < n; i++)
            in->spare[count[in->list[i] >> shift & ((1u << RADIX_BITS) - 1)]++] = in->list[i];
        uint32_t *swap = in->list;
        in->list = in->spare;
        in->spare = swap;
    }
}

static void list_room(struct view *v)
{
    struct view_inside *in = v->in;
    struct audit_index *ix = in->ix;
    size_t most = 0;
    for (size_t i = 0; i < ix->n_segs; i++)
        if (ix->segs[i]->n_chunks > most)
            most = ix->segs[i]->n_chunks;
    if (in->cap_list < (size_t)v->n_chunks + most + 2) {
        in->cap_list = (size_t)v->n_chunks + most + 2;
        in->list = mem_realloc(in->list, in->cap_list * sizeof *in->list);
        in->spare = mem_realloc(in->spare, in->cap_list * sizeof *in->spare);
    }
}

/* Into in->list; false: damage was found. */
static bool collect_postings(struct view *v, uint32_t term, size_t *ret_n)
{
    struct view_inside *in = v->in;
    struct audit_index *ix = in->ix;
    size_t n = 0;
    list_room(v);
    for (size_t i = 0; i < ix->n_segs; i++) {
        struct segment_list l;
        int found = segment_find(ix->segs[i], term, &l);
        int64_t got = found > 0 ? segment_list(ix->segs[i], &l, in->list + n) : found;
        if (got < 0)
            return false;
        /* In place: what is kept is never ahead of what is read. */
        uint32_t *from = in->list + n;
        for (int64_t k = 0; k < got; k++) {
            uint32_t number = from[k] < in->n_number ? in->number[from[k]] : 0;
            if (number)
                in->list[n++] = number - 1;
        }
    }
    sort_numbers(in, n, v->n_chunks);
    *ret_n = n;
    return true;
}

/* Numbers of the index changed their meaning since, or its parts are gone; those of the view stay
 * what they are. */
static enum rc renumber(struct view *v, struct err *e)
{
    struct view_inside *in = v->in;
    for (int i = 0; i < REPAIRS_MAX; i++) {
        struct numbering g = {.v = v, .again = true};
        TRY(index_add(in->ix, in->trees, v->n_trees, NULL, NULL, e));
        if (number_all(&g))
            return RC_OK;
        if (!index_drop_bad(in->ix))
            return err_set(e, RC_NOTFOUND, "objects of this repository went missing meanwhile");
    }
    return err_set(e, RC_IO, "the files of the index are damaged again and again");
}

enum rc view_postings(struct view *v, uint32_t term, const uint32_t **ret_chunks, size_t *ret_n,
                      struct err *e)
{
    struct view_inside *in = v->in;
    for (int i = 0; i < REPAIRS_MAX; i++) {
        if (in->epoch != in->ix->epoch)
            TRY(renumber(v, e));
        if (collect_postings(v, term, ret_n)) {
            *ret_chunks = in->list;
            return RC_OK;
        }
        (void)index_drop_bad(in->ix);
    }
    return err_set(e, RC_IO, "the files of the index are damaged again and again");
}

static void find_full(struct view *v)
{
    struct view_inside *in = v->in;
    const struct audit_index *ix = in->ix;
    if (in->full && in->full_at == ix->changes)
        return;
    in->full = mem_realloc(in->full, (ix->n_segs + 1) * sizeof *in->full);
    in->full_at = ix->changes;
    for (size_t i = 0; i < ix->n_segs; i++) {
        const struct segment *s = ix->segs[i];
        uint32_t c = s->base, end = s->base + s->n_chunks;
        while (c < end && c < in->n_number && in->number[c])
            c++;
        in->full[i] = c == end;
    }
}

/* False: damage was found. */
static bool count_postings(struct view *v, uint32_t term, uint32_t *ret_n)
{
    struct view_inside *in = v->in;
    struct audit_index *ix = in->ix;
    uint64_t n = 0;
    list_room(v);
    find_full(v);
    for (size_t i = 0; i < ix->n_segs; i++) {
        struct segment_list l;
        int found = segment_find(ix->segs[i], term, &l);
        if (found <= 0) {
            if (found < 0)
                return false;
        } else if (in->full[i]) {
            n += segment_count(&l);
        } else {
            int64_t got = segment_list(ix->segs[i], &l, in->list);
            if (got < 0)
                return false;
            for (int64_t k = 0; k < got; k++)
                n += in->list[k] < in->n_number && in->number[in->list[k]];
        }
    }
    *ret_n = (uint32_t)n;
    return true;
}

enum rc view_df(struct view *v, uint32_t term, uint32_t *ret_n, struct err *e)
{
    struct view_inside *in = v->in;
    for (int i = 0; i < REPAIRS_MAX; i++) {
        if (in->epoch != in->ix->epoch)
            TRY(renumber(v, e));
        if (count_postings(v, term, ret_n))
            return RC_OK;
        (void)index_drop_bad(in->ix);
    }
    return err_set(e, RC_IO, "the files of the index are damaged again and again");
}

enum rc view_text(struct view *v, uint32_t file, struct str *ret_text, struct err *e)
{
    struct view_inside *in = v->in;
    struct text *oldest = &in->texts[0];
    for (size_t i = 0; i < VIEW_TEXTS; i++) {
        struct text *t = &in->texts[i];
        if (t->p && t->file == file) {
            t->used = ++in->turn;
            *ret_text = str_of(t->p, t->n);
            return RC_OK;
        }
        if (t->used < oldest->used)
            oldest = t;
    }
    char hex[GIT_OID_HEX + 1];
    struct object o;
    hex_put(hex, in->files[file].id, in->ix->id_len);
    TRY(objects_read(in->ix->objects, str_c(hex), AUDIT_BLOB_MAX, &o, e));
    free(oldest->p);
    *oldest = (struct text){
        .file = file, .used = ++in->turn, .p = mem_strndup(o.body.p, o.body.n), .n = o.body.n};
    *ret_text = str_of(oldest->p, oldest->n);
    return RC_OK;
}

struct str text_lines(struct str text, uint32_t line, uint32_t n)
{
    struct str rest = text, none;
    for (uint32_t i = 1; i < line && str_cut(&rest, '\n', &none);)
        i++;
    struct str from = rest;
    for (uint32_t i = 0; i < n && str_cut(&rest, '\n', &none);)
        i++;
    return str_sub(from, 0, from.n - rest.n);
}
