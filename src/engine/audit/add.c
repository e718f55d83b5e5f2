/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is new in trees of a repository becomes a segment of the index, or several.  Runs in
 * commands and in the engine child; the contents are a stranger's.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "engine/audit/chunk.h"
#include "engine/audit/index_inside.h"
#include "engine/audit/postings.h"
#include "git/stream.h"

#define STEP        512u /* blobs between two words of progress */
#define TERM_BITS   10u  /* terms of most pieces are told apart in a table of 2^TERM_BITS */
#define TERM_BITS_2 13u  /* those of large ones in this one; of larger ones by sorting */
#define TERM_SLOTS  (1u << TERM_BITS_2)
#define NUMBERS_MAX (1u << 30) /* of pieces; those of one addition fit behind it */
#define KEYS_FIRST  (1u << 14) /* slots */

struct wanted {
    unsigned char id[SEGMENT_ID_MAX];
    uint32_t path, path_len; /* in paths */
    uint32_t class;
};

struct level_ids {
    unsigned char (*v)[SEGMENT_ID_MAX];
    size_t n, cap;
};

struct key_slot {
    uint32_t tag;    /* part of the key */
    uint32_t number; /* of the piece + 1, 0: empty */
};

struct adding {
    struct audit_index *ix;
    index_progress_fn progress;
    void *arg;
    /* What is to be read. */
    struct wanted *wanted;
    size_t n_wanted, cap_wanted;
    struct buf paths;
    size_t n_files;   /* of the trees, known ones too */
    size_t n_missing; /* of them and of the folders */
    const struct level_ids *roots;
    uint32_t *wanted_slots; /* number + 1 */
    size_t n_slots;
    /* The segment that is being made. */
    uint32_t base;
    uint64_t *keys; /* of its pieces */
    uint8_t (*meta)[2];
    uint32_t n_chunks, cap_chunks;
    struct segment_blob *blobs; /* id: into wanted */
    size_t n_blobs, cap_blobs;
    struct buf refs;
    struct postings *postings;
    /* Pieces by key. */
    struct key_slot *key_slots;
    size_t n_keys, cap_keys;
    /* Of one file. */
    struct tokens tokens;
    struct chunks chunks;
    uint32_t *numbers;
    size_t cap_numbers;
    /* Terms of one piece. */
    uint32_t term[TERM_SLOTS], stamp[TERM_SLOTS];
    uint32_t turn;
};

static void adding_free(struct adding *a)
{
    free(a->wanted);
    free(a->wanted_slots);
    buf_release(&a->paths);
    free(a->keys);
    free(a->meta);
    free(a->blobs);
    buf_release(&a->refs);
    postings_free(a->postings);
    free(a->key_slots);
    tokens_release(&a->tokens);
    chunks_release(&a->chunks);
    free(a->numbers);
    free(a);
}

static void adding_auto(struct adding **a)
{
    if (*a)
        adding_free(*a);
}

static struct adding *adding_new(struct audit_index *ix)
{
    struct adding *a = mem_zalloc(sizeof *a);
    a->ix = ix;
    buf_init(&a->refs, UINT32_MAX);
    buf_init(&a->paths, UINT32_MAX);
    return a;
}

/* ---- Trees ---- */

static void level_add(struct level_ids *l, const unsigned char *id, size_t len)
{
    if (l->n == l->cap) {
        l->cap = l->cap * 2 + 64;
        l->v = mem_realloc(l->v, l->cap * sizeof *l->v);
    }
    memset(l->v[l->n], 0, SEGMENT_ID_MAX);
    memcpy(l->v[l->n++], id, len);
}

static bool tree_sound(struct str bytes, size_t id_len)
{
    struct tree_entry t;
    while (tree_next(&bytes, id_len, &t))
        continue;
    return bytes.n == 0;
}

struct tree_ctx {
    struct audit_index *ix;
    const unsigned char *const *ids;
};

static enum rc take_tree(void *ctx, size_t nth, const struct object *o, struct err *e)
{
    struct tree_ctx *c = ctx;
    if (o && o->type == OBJECT_TREE && o->size <= AUDIT_TREE_MAX &&
        tree_sound(o->body, c->ix->id_len))
        index_tree_add(c->ix, c->ids[nth], o->body);
    return RC_OK;
}

/* Reads those of these trees that are not known. */
static enum rc read_level(struct audit_index *ix, const struct level_ids *l,
                          struct object_stream **s, struct err *e)
{
    AUTO(mem) const unsigned char **ids = mem_alloc((l->n + 1) * sizeof *ids);
    size_t n = 0;
    struct str none;
    for (size_t i = 0; i < l->n; i++)
        if (!index_tree(ix, l->v[i], &none))
            ids[n++] = l->v[i];
    if (n == 0)
        return RC_OK;
    if (*s == NULL)
        TRY(stream_open(ix->git, AUDIT_BLOB_MAX > AUDIT_TREE_MAX ? AUDIT_BLOB_MAX : AUDIT_TREE_MAX,
                        s, e));
    struct tree_ctx ctx = {.ix = ix, .ids = ids};
    return stream_run(*s, ids, n, take_tree, &ctx, e);
}

/* Level by level, every tree once. */
static enum rc read_trees(struct audit_index *ix, const struct level_ids *roots,
                          struct object_stream **s, struct err *e)
{
    AUTO(walk_seen) struct walk_seen seen = {0};
    struct level_ids now = {0}, next = {0};
    for (size_t i = 0; i < roots->n; i++)
        if (walk_seen_add(ix, &seen, roots->v[i]))
            level_add(&now, roots->v[i], ix->id_len);
    enum rc rc = RC_OK;
    while (now.n > 0 && rc == RC_OK) {
        rc = read_level(ix, &now, s, e);
        next.n = 0;
        for (size_t i = 0; i < now.n && rc == RC_OK; i++) {
            struct str bytes;
            struct tree_entry t;
            if (!index_tree(ix, now.v[i], &bytes))
                continue;
            while (tree_next(&bytes, ix->id_len, &t))
                if ((t.mode & TREE_MODE_TYPE) == TREE_MODE_DIR && walk_seen_add(ix, &seen, t.id))
                    level_add(&next, t.id, ix->id_len);
            if (seen.n > AUDIT_FILES_MAX)
                rc = err_set(e, RC_LIMIT, "the trees of this repository have more than %u folders",
                             AUDIT_FILES_MAX);
        }
        struct level_ids swap = now;
        now = next;
        next = swap;
    }
    free(now.v);
    free(next.v);
    return rc;
}

/* ---- What is to be read ---- */

static uint32_t *wanted_slot(struct adding *a, const unsigned char *id, uint32_t class)
{
    size_t at = index_id_hash(a->ix, id, class) & (a->n_slots - 1);
    for (; a->wanted_slots[at]; at = (at + 1) & (a->n_slots - 1)) {
        const struct wanted *w = &a->wanted[a->wanted_slots[at] - 1];
        if (w->class == class && memcmp(w->id, id, a->ix->id_len) == 0)
            break;
    }
    return &a->wanted_slots[at];
}

static enum rc want(void *ctx, const struct walk_entry *w, struct err *e)
{
    struct adding *a = ctx;
    struct segment *s;
    struct segment_blob b;
    a->n_missing += w->skip == SKIP_MISSING;
    if (w->skip != SKIP_NONE)
        return RC_OK;
    uint32_t class = index_class(w->path);
    a->n_files++;
    if (index_blob(a->ix, w->id, class, &s, &b))
        return RC_OK;
    if (a->n_slots < 2 * (a->n_wanted + 1)) {
        a->n_slots = a->n_slots ? a->n_slots * 4 : 1024;
        free(a->wanted_slots);
        a->wanted_slots = mem_zalloc(a->n_slots * sizeof *a->wanted_slots);
        for (uint32_t i = 0; i < a->n_wanted; i++)
            *wanted_slot(a, a->wanted[i].id, a->wanted[i].class) = i + 1;
    }
    uint32_t *slot = wanted_slot(a, w->id, class);
    if (*slot)
        return RC_OK;
    if (a->n_wanted == a->cap_wanted) {
        a->cap_wanted = a->cap_wanted * 2 + 64;
        a->wanted = mem_realloc(a->wanted, a->cap_wanted * sizeof *a->wanted);
    }
    struct wanted *x = &a->wanted[a->n_wanted++];
    memset(x, 0, sizeof *x);
    memcpy(x->id, w->id, a->ix->id_len);
    x->class = class;
    x->path = (uint32_t)a->paths.n;
    x->path_len = (uint32_t)w->path.n;
    buf_add(&a->paths, w->path);
    *slot = (uint32_t)a->n_wanted;
    return RC_OK;
}

/* Editions of one file behind each other: git makes them of each other. */
static int by_path(const void *x, const void *y, void *arg)
{
    const struct adding *a = arg;
    const struct wanted *v = x, *w = y;
    struct str all = buf_str(&a->paths);
    int c = str_cmp(str_sub(all, v->path, v->path_len), str_sub(all, w->path, w->path_len));
    return c ? c : (v->path > w->path) - (v->path < w->path);
}

static enum rc find_wanted(struct adding *a, const struct level_ids *roots, struct err *e)
{
    AUTO(walk_seen) struct walk_seen once = {0};
    a->n_wanted = 0;
    a->n_files = a->n_missing = 0;
    a->n_slots = 0;
    buf_reset(&a->paths);
    for (size_t i = 0; i < roots->n; i++)
        TRY(walk(a->ix, roots->v[i], &once, want, a, e));
    if (roots->n > 1 && a->n_wanted > 1)
        qsort_r(a->wanted, a->n_wanted, sizeof *a->wanted, by_path, a);
    return buf_ok(&a->paths, "the paths of the trees", e);
}

/* ---- Pieces by key ---- */

static uint64_t key_of(const struct adding *a, uint32_t chunk)
{
    if (chunk >= a->base)
        return a->keys[chunk - a->base];
    struct segment *s = index_segment(a->ix, chunk);
    uint64_t v;
    memcpy(&v, s->map + s->at[PART_KEYS] + 8 * (uint64_t)(chunk - s->base), sizeof v);
    return le64toh(v);
}

static struct key_slot *key_slot(struct adding *a, uint64_t key)
{
    uint64_t h = (key ^ a->ix->seed) * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (size_t)(h >> 20) & (a->cap_keys - 1);
    for (; a->key_slots[at].number; at = (at + 1) & (a->cap_keys - 1))
        if (a->key_slots[at].tag == (uint32_t)key && key_of(a, a->key_slots[at].number - 1) == key)
            break;
    return &a->key_slots[at];
}

static void keys_room(struct adding *a, size_t n)
{
    if (4 * n <= 3 * a->cap_keys)
        return;
    struct key_slot *old = a->key_slots;
    size_t cap = a->cap_keys;
    a->cap_keys = cap ? cap : KEYS_FIRST;
    while (3 * a->cap_keys < 4 * n)
        a->cap_keys *= 2;
    a->key_slots = mem_zalloc(a->cap_keys * sizeof *a->key_slots);
    for (size_t i = 0; i < cap; i++)
        if (old[i].number)
            *key_slot(a, key_of(a, old[i].number - 1)) = old[i];
    free(old);
}

/* All pieces that the index has; false: damage was found and dropped, all has to be asked again. */
static bool load_keys(struct adding *a)
{
    struct audit_index *ix = a->ix;
    size_t n = 0;
    for (size_t i = 0; i < ix->n_segs; i++) {
        (void)segment_check(ix->segs[i], PART_KEYS);
        n += ix->segs[i]->n_chunks;
    }
    if (index_drop_bad(ix))
        return false;
    a->base = index_end(ix);
    free(a->key_slots);
    a->key_slots = NULL;
    a->cap_keys = a->n_keys = 0;
    keys_room(a, n + n / 8);
    for (size_t i = 0; i < ix->n_segs; i++) {
        const struct segment *s = ix->segs[i];
        for (uint32_t c = s->base; c < s->base + s->n_chunks; c++) {
            uint64_t key = key_of(a, c);
            if (key) /* a hole */
                *key_slot(a, key) = (struct key_slot){(uint32_t)key, c + 1};
        }
    }
    a->n_keys = n;
    return true;
}

/* ---- Writing ---- */

static int by_blob(const void *x, const void *y, void *arg)
{
    const struct segment_blob *a = x, *b = y;
    int c = memcmp(a->id, b->id, *(const size_t *)arg);
    return c ? c : (a->class > b->class) - (a->class < b->class);
}

static int by_tree(const void *x, const void *y)
{
    const struct new_tree *a = x, *b = y;
    return memcmp(a->id, b->id, SEGMENT_ID_MAX);
}

static void write_rest(struct adding *a, struct segwrite *w, bool trees)
{
    struct audit_index *ix = a->ix;
    segwrite_part(w, PART_KEYS);
    for (uint32_t i = 0; i < a->n_chunks; i++) {
        uint64_t le = htole64(a->keys[i]);
        segwrite_add(w, &le, sizeof le);
    }
    segwrite_part(w, PART_META);
    segwrite_add(w, a->meta, (size_t)a->n_chunks * sizeof *a->meta);
    segwrite_part(w, PART_BLOBS);
    if (a->n_blobs > 1)
        qsort_r(a->blobs, a->n_blobs, sizeof *a->blobs, by_blob, &ix->id_len);
    for (size_t i = 0; i < a->n_blobs; i++)
        segwrite_blob(w, &a->blobs[i]);
    segwrite_part(w, PART_REFS);
    segwrite_add(w, a->refs.p, a->refs.n);
    segwrite_part(w, PART_TREES);
    uint32_t at = 0;
    for (size_t i = 0; trees && i < ix->n_new_trees; i++) {
        segwrite_tree(w, ix->new_trees[i].id, at, (uint32_t)ix->new_trees[i].n);
        at += (uint32_t)ix->new_trees[i].n;
    }
    segwrite_part(w, PART_TREE_BYTES);
    for (size_t i = 0; trees && i < ix->n_new_trees; i++)
        segwrite_add(w, ix->new_bytes.p + ix->new_trees[i].at, ix->new_trees[i].n);
    segwrite_part(w, PART_ROOTS);
    for (size_t i = 0; trees && a->n_missing == 0 && i < a->roots->n; i++)
        segwrite_add(w, a->roots->v[i], ix->id_len);
}

static void chunk_add(struct adding *a, uint64_t key, uint8_t lang, uint8_t lines)
{
    if (a->n_chunks == a->cap_chunks) {
        a->cap_chunks = a->cap_chunks + a->cap_chunks / 2 + 1024;
        a->keys = mem_realloc(a->keys, a->cap_chunks * sizeof *a->keys);
        a->meta = mem_realloc(a->meta, a->cap_chunks * sizeof *a->meta);
    }
    a->keys[a->n_chunks] = key;
    a->meta[a->n_chunks][0] = lang;
    a->meta[a->n_chunks][1] = lines;
    a->n_chunks++;
}

/* The segment goes to the disk and is opened; the next one begins. */
static enum rc flush(struct adding *a, bool last, struct err *e)
{
    struct audit_index *ix = a->ix;
    AUTO(segwrite) struct segwrite *w = NULL;
    AUTO(segment) struct segment *s = NULL;
    char name[SEGMENT_NAME_MAX];
    if (a->n_chunks == 0)
        chunk_add(a, 0, 0, 0); /* no two segments have one name */
    struct segwrite_head head = {.base = a->base,
                                 .n_chunks = a->n_chunks,
                                 .id_len = ix->id_len,
                                 .postings = a->postings ? postings_count(a->postings) : 0};
    TRY(buf_ok(&a->refs, "the index of a repository", e));
    if (last) {
        if (ix->n_new_trees > 1)
            qsort(ix->new_trees, ix->n_new_trees, sizeof *ix->new_trees, by_tree);
        index_maps_drop(ix); /* they know the new trees by their places */
    }
    TRY(segwrite_new(ix->dirfd, &head, &w, e));
    if (a->postings)
        postings_write(a->postings, a->base, w);
    segwrite_terms_end(w);
    write_rest(a, w, last);
    TRY(segwrite_end(w, (uint32_t)a->n_blobs, last ? (uint32_t)ix->n_new_trees : 0, e));
    segment_name(a->base, a->n_chunks, name);
    TRY(segment_open(ix->dirfd, name, ix->id_len, &s, e));
    if (!segment_check(s, PART_KEYS)) /* key_of reads them */
        return err_set(e, RC_IO, "a file of the index cannot be read back");
    ix->segs = mem_realloc(ix->segs, (ix->n_segs + 1) * sizeof *ix->segs);
    ix->segs[ix->n_segs++] = TAKE(s);
    ix->changes++;
    a->base += a->n_chunks;
    a->n_chunks = 0;
    a->n_blobs = 0;
    buf_reset(&a->refs);
    if (a->postings)
        postings_reset(a->postings);
    if (last) {
        ix->n_new_trees = 0;
        buf_reset(&ix->new_bytes);
    }
    return RC_OK;
}

/* ---- One file ---- */

static inline void add_term(struct adding *a, unsigned bits, uint32_t term, uint32_t chunk)
{
    uint32_t at = (term * 0x9e3779b1u) >> (32 - bits);
    for (; a->stamp[at] == a->turn; at = (at + 1) & ((1u << bits) - 1))
        if (a->term[at] == term)
            return;
    a->stamp[at] = a->turn;
    a->term[at] = term;
    postings_add(a->postings, term, chunk);
}

static int by_value(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

/* A piece with more terms than the table takes: all of them, sorted, each once. */
static void add_many_terms(struct adding *a, const struct token *t, uint32_t n, uint32_t chunk)
{
    AUTO(mem) uint32_t *all = mem_alloc(2 * (size_t)n * sizeof *all);
    size_t count = 0;
    const struct token *before = NULL;
    for (uint32_t i = 0; i < n; i++) {
        if (!term_takes(&t[i]))
            continue;
        count += term_single(&t[i], &all[count]);
        if (before)
            count += term_pair(before, &t[i], &all[count]);
        before = &t[i];
    }
    qsort(all, count, sizeof *all, by_value);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || all[i] != all[i - 1])
            postings_add(a->postings, all[i], chunk);
}

static void add_terms(struct adding *a, const struct token *t, uint32_t n, uint32_t chunk)
{
    const struct token *before = NULL;
    uint32_t term;
    unsigned bits = n <= 1u << (TERM_BITS - 2) ? TERM_BITS : TERM_BITS_2;
    if (n > 1u << (TERM_BITS_2 - 2)) {
        add_many_terms(a, t, n, chunk);
        return;
    }
    if (++a->turn == 0) {
        memset(a->stamp, 0, sizeof a->stamp);
        a->turn = 1;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!term_takes(&t[i]))
            continue;
        if (term_single(&t[i], &term))
            add_term(a, bits, term, chunk);
        if (before && term_pair(before, &t[i], &term))
            add_term(a, bits, term, chunk);
        before = &t[i];
    }
}

static enum rc add_chunks(struct adding *a, enum lang lang, struct err *e)
{
    if (a->cap_numbers < a->chunks.n) {
        a->cap_numbers = a->chunks.n + a->chunks.n / 2 + 64;
        a->numbers = mem_realloc(a->numbers, a->cap_numbers * sizeof *a->numbers);
    }
    for (size_t i = 0; i < a->chunks.n; i++) {
        const struct chunk *c = &a->chunks.v[i];
        keys_room(a, a->n_keys + 1);
        struct key_slot *slot = key_slot(a, c->key);
        if (slot->number == 0) {
            if (postings_full(a->postings))
                TRY(flush(a, false, e));
            if (a->base + a->n_chunks >= INT32_MAX)
                return err_set(e, RC_LIMIT,
                               "the index of this repository is full: remove its cache");
            *slot = (struct key_slot){(uint32_t)c->key, a->base + a->n_chunks + 1};
            add_terms(a, a->tokens.v + c->first, c->n, a->n_chunks);
            chunk_add(a, c->key, (uint8_t)lang, (uint8_t)c->n_lines);
            a->n_keys++;
            a->ix->stats.new_chunks++;
        }
        a->numbers[i] = slot->number - 1;
    }
    return RC_OK;
}

static uint32_t count_lines(struct str text)
{
    uint32_t n = text.n > 0 && text.p[text.n - 1] != '\n';
    for (const char *p = text.p, *end = text.p + text.n; p < end; n++, p++) {
        p = memchr(p, '\n', (size_t)(end - p));
        if (p == NULL)
            break;
    }
    return n;
}

static enum audit_skip judge(const struct object *o, struct str path, enum lang *ret_lang)
{
    struct str text = o->body;
    if (o->size > AUDIT_BLOB_MAX)
        return SKIP_LARGE;
    if (text_lfs_pointer(text))
        return SKIP_LFS;
    if (text_binary(text))
        return SKIP_BINARY;
    *ret_lang = lang_of(path, str_sub(text, 0, LANG_HEAD));
    return *ret_lang == LANG_NONE ? SKIP_LANG : SKIP_NONE;
}

static struct segment_blob *blob_add(struct adding *a, const struct wanted *w)
{
    if (a->n_blobs == a->cap_blobs) {
        a->cap_blobs = a->cap_blobs * 2 + 64;
        a->blobs = mem_realloc(a->blobs, a->cap_blobs * sizeof *a->blobs);
    }
    struct segment_blob *b = &a->blobs[a->n_blobs++];
    *b = (struct segment_blob){.id = w->id, .class = w->class};
    return b;
}

static enum rc take_blob(void *ctx, size_t nth, const struct object *o, struct err *e)
{
    struct adding *a = ctx;
    struct lexer_stop stop;
    enum lang lang = LANG_NONE;
    const struct wanted *w = &a->wanted[nth];
    if (a->progress && nth % STEP == 0)
        a->progress(a->arg, "reading files", nth, a->n_wanted);
    if (o == NULL || o->type != OBJECT_BLOB) {
        a->n_missing++; /* it may come */
        return RC_OK;
    }
    a->ix->stats.read_blobs++;
    a->ix->stats.read_bytes += o->size;
    struct str path = str_sub(buf_str(&a->paths), w->path, w->path_len);
    enum audit_skip skip = judge(o, path, &lang);
    uint32_t lines = 0;
    a->chunks.n = 0;
    if (skip == SKIP_NONE) {
        lines = count_lines(o->body);
        if (o->size > AUDIT_DENSE_MIN && o->size / AUDIT_DENSE_LINE > lines)
            skip = SKIP_DENSE;
    }
    if (skip == SKIP_NONE) {
        lexer_run(lang, o->body, 0, &a->tokens, &stop);
        chunks_cut(lang, o->body, &a->tokens, lines, &a->chunks);
        TRY(add_chunks(a, lang, e));
    }
    struct segment_blob *b = blob_add(a, w);
    b->lang = (uint8_t)lang;
    b->skip = (uint8_t)skip;
    b->bytes = o->size > UINT32_MAX ? UINT32_MAX : (uint32_t)o->size;
    b->lines = lines;
    b->refs = (uint32_t)a->refs.n;
    segwrite_refs(&a->refs, a->base, a->numbers, a->chunks.n);
    return RC_OK;
}

static enum rc read_blobs(struct adding *a, struct object_stream **s, struct err *e)
{
    AUTO(mem) const unsigned char **ids = mem_alloc((a->n_wanted + 1) * sizeof *ids);
    for (size_t i = 0; i < a->n_wanted; i++)
        ids[i] = a->wanted[i].id;
    a->postings = postings_new();
    if (*s == NULL)
        TRY(stream_open(a->ix->git, AUDIT_TREE_MAX, s, e));
    return stream_run(*s, ids, a->n_wanted, take_blob, a, e);
}

/* ---- All of it ---- */

/* Was this tree read as a whole, here or by somebody before? */
static bool whole(struct audit_index *ix, const unsigned char *root)
{
    for (size_t i = 0; i < ix->n_whole; i++)
        if (memcmp(ix->whole[i], root, SEGMENT_ID_MAX) == 0)
            return true;
    for (size_t i = 0; i < ix->n_segs && !index_has_gaps(ix); i++)
        if (segment_root(ix->segs[i], root))
            return true;
    return false;
}

static void set_whole(struct audit_index *ix, const struct level_ids *roots)
{
    ix->whole = mem_realloc(ix->whole, (ix->n_whole + roots->n + 1) * sizeof *ix->whole);
    for (size_t i = 0; i < roots->n; i++)
        memcpy(ix->whole[ix->n_whole++], roots->v[i], SEGMENT_ID_MAX);
}

/* Most of a large index is of trees that nobody asks for, or its numbers end. */
static bool outgrown(const struct adding *a)
{
    struct index_stats s;
    index_stats(a->ix, &s);
    return index_end(a->ix) > NUMBERS_MAX ||
           (s.file_bytes > a->ix->kept_min && s.blobs / AUDIT_KEPT_TIMES > a->n_files);
}

/* With the lock held: what others added meanwhile is there by now. */
static enum rc add_locked(struct adding *a, const struct level_ids *roots, struct object_stream **s,
                          struct err *e)
{
    struct audit_index *ix = a->ix;
    TRY(index_load(ix, e));
    for (bool again = true; again;) {
        TRY(read_trees(ix, roots, s, e));
        TRY(find_wanted(a, roots, e));
        again = index_drop_bad(ix);
        if (!again && a->n_wanted > 0 && outgrown(a)) {
            TRY(index_wipe(ix, e));
            again = true;
        }
        if (!again && a->n_wanted > 0)
            again = !load_keys(a);
    }
    if (a->n_wanted == 0 && ix->n_new_trees == 0)
        return RC_OK;
    a->base = index_end(ix);
    if (a->n_wanted > 0)
        TRY(read_blobs(a, s, e));
    if (a->n_blobs > 0 || a->n_chunks > 0 || ix->n_new_trees > 0)
        TRY(flush(a, true, e));
    index_maps_drop(ix);
    return index_merge(ix, e);
}

static enum rc add_roots(struct adding *a, const struct level_ids *roots, struct err *e)
{
    AUTO(stream) struct object_stream *s = NULL;
    struct audit_index *ix = a->ix;
    do {
        TRY(read_trees(ix, roots, &s, e));
        TRY(find_wanted(a, roots, e));
    } while (index_drop_bad(ix));
    if (a->n_wanted > 0 || ix->n_new_trees > 0) {
        enum rc rc = index_lock(ix, e);
        if (rc == RC_OK)
            rc = add_locked(a, roots, &s, e);
        index_unlock(ix);
        if (rc != RC_OK)
            return rc;
    }
    set_whole(ix, roots);
    return RC_OK;
}

static enum rc add_once(struct audit_index *ix, const struct level_ids *roots,
                        index_progress_fn progress, void *arg, struct err *e)
{
    AUTO(adding) struct adding *a = adding_new(ix);
    a->progress = progress;
    a->arg = arg;
    a->roots = roots;
    return add_roots(a, roots, e);
}

enum rc index_add(struct audit_index *ix, const struct str *trees, size_t n,
                  index_progress_fn progress, void *arg, struct err *e)
{
    struct level_ids roots = {0};
    if (n > AUDIT_TREES_MAX)
        return err_set(e, RC_LIMIT, "%zu trees at once, %u are the limit", n, AUDIT_TREES_MAX);
    enum rc rc = RC_OK;
    for (size_t i = 0; i < n && rc == RC_OK; i++) {
        unsigned char id[SEGMENT_ID_MAX];
        rc = walk_root(ix, trees[i], id, e);
        if (rc == RC_OK && !whole(ix, id))
            level_add(&roots, id, ix->id_len);
    }
    if (rc == RC_OK && roots.n > 0)
        rc = add_once(ix, &roots, progress, arg, e);
    if ((rc == RC_DENIED || rc == RC_IO) && !ix->temporary) {
        index_note(ix, "the folder for the index cannot be written to: it was made anew for this "
                       "question");
        rc = index_temporary(ix, e);
        if (rc == RC_OK)
            rc = add_once(ix, &roots, progress, arg, e);
    }
    free(roots.v);
    return rc;
}
