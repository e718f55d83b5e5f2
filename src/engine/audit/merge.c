/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small segments of the index become one.  Runs in commands and in the engine child; the files are
 * ours, damage in them is found and dropped.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/audit/index_inside.h"
#include "engine/audit/segwrite.h"

/* A segment is merged with the newer ones once these have half of its size together, unless the
 * result had more than this. So there are a few small ones and otherwise large ones. */
#define MERGED_MAX (UINT64_C(48) << 20)

struct merge_blob {
    struct segment_blob b;
    size_t seg; /* whose */
};

struct merging {
    struct audit_index *ix;
    struct segment **segs; /* the last n of the index */
    size_t n;
    struct merge_blob *blobs;
    struct buf refs;
    uint32_t *list;
};

/* How many of the last segments, 0: none. */
static size_t choose(const struct audit_index *ix)
{
    size_t n = 1;
    if (ix->n_segs < 2)
        return 0;
    uint64_t size = ix->segs[ix->n_segs - 1]->size;
    for (; n < ix->n_segs; n++) {
        const struct segment *s = ix->segs[ix->n_segs - n - 1], *next = ix->segs[ix->n_segs - n];
        if (s->base + s->n_chunks != next->base || s->size > 2 * size ||
            s->size + size > MERGED_MAX)
            break;
        size += s->size;
    }
    return n > 1 ? n : 0;
}

static bool merge_terms(struct merging *m, struct segwrite *w)
{
    AUTO(mem) struct segment_terms *at = mem_zalloc(m->n * sizeof *at);
    AUTO(mem) struct segment_list *now = mem_zalloc(m->n * sizeof *now);
    AUTO(mem) int *more = mem_zalloc(m->n * sizeof *more);
    for (size_t i = 0; i < m->n; i++) {
        segment_terms(m->segs[i], &at[i]);
        more[i] = segment_term(&at[i], &now[i]);
    }
    for (;;) {
        uint32_t term = UINT32_MAX;
        bool any = false;
        for (size_t i = 0; i < m->n; i++) {
            if (more[i] < 0)
                return false;
            if (more[i] && now[i].term <= term)
                term = now[i].term;
            any = any || more[i];
        }
        if (!any)
            return true;
        size_t n = 0;
        for (size_t i = 0; i < m->n; i++) {
            if (!more[i] || now[i].term != term)
                continue;
            int64_t got = segment_list(m->segs[i], &now[i], m->list + n);
            if (got < 0)
                return false;
            n += (size_t)got;
            more[i] = segment_term(&at[i], &now[i]);
        }
        segwrite_term(w, term, m->list, n);
    }
}

/* Of one blob the newest record first. */
static int by_blob(const void *x, const void *y, void *arg)
{
    const struct merge_blob *a = x, *b = y;
    int c = memcmp(a->b.id, b->b.id, *(const size_t *)arg);
    if (c == 0)
        c = (a->b.class > b->b.class) - (a->b.class < b->b.class);
    return c ? c : (a->seg < b->seg) - (a->seg > b->seg);
}

/* Appends the blob's refs as the merged segment has them. */
static bool merge_refs(struct merging *m, struct merge_blob *b, uint32_t **numbers, size_t *cap)
{
    struct segment_runs runs;
    uint32_t first, n;
    size_t count = 0;
    int more;
    if (!segment_refs(m->segs[b->seg], &b->b, &runs))
        return false;
    while ((more = segment_run(&runs, &first, &n)) > 0) {
        if (n > AUDIT_BLOB_MAX || count > AUDIT_BLOB_MAX)
            return false;
        if (*cap < count + n) {
            *cap = (count + n) * 2;
            *numbers = mem_realloc(*numbers, *cap * sizeof **numbers);
        }
        for (uint32_t i = 0; i < n; i++)
            (*numbers)[count++] = first + i;
    }
    b->b.refs = (uint32_t)m->refs.n;
    segwrite_refs(&m->refs, m->segs[0]->base, *numbers, count);
    return more == 0;
}

/* Each blob once, of the newest segment that has it. */
static bool merge_blobs(struct merging *m, struct segwrite *w, uint32_t *ret_n)
{
    size_t all = 0, n = 0, cap = 0;
    for (size_t i = 0; i < m->n; i++)
        all += m->segs[i]->n_blobs;
    m->blobs = mem_alloc((all + 1) * sizeof *m->blobs);
    for (size_t i = 0; i < m->n; i++) {
        for (uint32_t k = 0; k < m->segs[i]->n_blobs; k++, n++) {
            m->blobs[n].seg = i;
            if (!segment_blob(m->segs[i], k, &m->blobs[n].b))
                return false;
        }
    }
    qsort_r(m->blobs, n, sizeof *m->blobs, by_blob, &m->ix->id_len);
    AUTO(mem) uint32_t *numbers = NULL;
    size_t keep = 0;
    for (size_t i = 0; i < n; i++) {
        struct merge_blob *b = &m->blobs[i];
        if (keep > 0 && m->blobs[keep - 1].b.class == b->b.class &&
            memcmp(m->blobs[keep - 1].b.id, b->b.id, m->ix->id_len) == 0)
            continue;
        if (!merge_refs(m, b, &numbers, &cap))
            return false;
        m->blobs[keep++] = *b;
    }
    segwrite_part(w, PART_BLOBS);
    for (size_t i = 0; i < keep; i++)
        segwrite_blob(w, &m->blobs[i].b);
    segwrite_part(w, PART_REFS);
    segwrite_add(w, m->refs.p, m->refs.n);
    *ret_n = (uint32_t)keep;
    return !m->refs.over;
}

struct tree_at {
    const unsigned char *id;
    struct str bytes;
};

static int by_tree(const void *x, const void *y, void *arg)
{
    const struct tree_at *a = x, *b = y;
    return memcmp(a->id, b->id, *(const size_t *)arg);
}

static bool merge_trees(struct merging *m, struct segwrite *w, uint32_t *ret_n)
{
    size_t all = 0, n = 0, keep = 0;
    for (size_t i = 0; i < m->n; i++)
        all += m->segs[i]->n_trees;
    AUTO(mem) struct tree_at *v = mem_alloc((all + 1) * sizeof *v);
    for (size_t i = 0; i < m->n; i++)
        for (uint32_t k = 0; k < m->segs[i]->n_trees; k++, n++)
            if (!segment_tree(m->segs[i], k, &v[n].id, &v[n].bytes))
                return false;
    qsort_r(v, n, sizeof *v, by_tree, &m->ix->id_len);
    segwrite_part(w, PART_TREES);
    uint64_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (keep > 0 && memcmp(v[keep - 1].id, v[i].id, m->ix->id_len) == 0)
            continue;
        v[keep++] = v[i];
        segwrite_tree(w, v[i].id, (uint32_t)at, (uint32_t)v[i].bytes.n);
        at += v[i].bytes.n;
    }
    segwrite_part(w, PART_TREE_BYTES);
    for (size_t i = 0; i < keep; i++)
        segwrite_add(w, v[i].bytes.p, v[i].bytes.n);
    *ret_n = (uint32_t)keep;
    return at <= UINT32_MAX;
}

static bool copy_part(struct merging *m, struct segwrite *w, enum segment_part part)
{
    segwrite_part(w, part);
    for (size_t i = 0; i < m->n; i++) {
        const unsigned char *p = segment_bytes(m->segs[i], part, 0, m->segs[i]->len[part]);
        if (p == NULL)
            return false;
        segwrite_add(w, p, (size_t)m->segs[i]->len[part]);
    }
    return true;
}

/* False: a segment was found damaged. */
static bool merge_all(struct merging *m, struct segwrite *w, uint32_t *ret_blobs,
                      uint32_t *ret_trees)
{
    if (!merge_terms(m, w))
        return false;
    segwrite_terms_end(w);
    return copy_part(m, w, PART_KEYS) && copy_part(m, w, PART_META) &&
           merge_blobs(m, w, ret_blobs) && merge_trees(m, w, ret_trees) &&
           copy_part(m, w, PART_ROOTS);
}

static enum rc merge_last(struct audit_index *ix, size_t n, bool *ret_done, struct err *e)
{
    struct merging m = {.ix = ix, .segs = ix->segs + ix->n_segs - n, .n = n};
    struct segwrite_head head = {.base = m.segs[0]->base, .id_len = ix->id_len};
    uint32_t blobs = 0, trees = 0;
    AUTO(segwrite) struct segwrite *w = NULL;
    for (size_t i = 0; i < n; i++) {
        head.n_chunks += m.segs[i]->n_chunks;
        head.postings += m.segs[i]->n_postings;
    }
    TRY(segwrite_new(ix->dirfd, &head, &w, e));
    buf_init(&m.refs, UINT32_MAX);
    m.list = mem_alloc(((size_t)head.n_chunks + 2) * sizeof *m.list);
    *ret_done = merge_all(&m, w, &blobs, &trees);
    free(m.list);
    free(m.blobs);
    buf_release(&m.refs);
    if (!*ret_done)
        return RC_OK;
    TRY(segwrite_end(w, blobs, trees, e));
    for (size_t i = 0; i < n; i++) {
        char name[SEGMENT_NAME_MAX];
        segment_name(m.segs[i]->base, m.segs[i]->n_chunks, name);
        (void)unlinkat(ix->dirfd, name, 0);
    }
    return RC_OK;
}

enum rc index_merge(struct audit_index *ix, struct err *e)
{
    bool done = false;
    size_t n = choose(ix);
    if (n == 0)
        return RC_OK;
    TRY(merge_last(ix, n, &done, e));
    if (!done) {
        (void)index_drop_bad(ix);
        return RC_OK;
    }
    return index_load(ix, e);
}
