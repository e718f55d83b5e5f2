/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds pieces that share rare words with a seed.  Runs in the engine child and in commands; what
 * the index says has been checked by it.
 */
#include "engine/audit/retrieve.h"

#include <stdlib.h>
#include <string.h>

#define PRIOR_FILE   1.8F
#define PRIOR_FOLDER 1.4F
#define NEIGHBOUR    0.5F
#define BINS         4096u

void pieces_release(struct pieces *p)
{
    free(p->v);
    *p = (struct pieces){0};
}

void pieces_auto(struct pieces *p)
{
    pieces_release(p);
}

static struct str folder_of(struct str path)
{
    size_t n = str_rchr(path, '/');
    return n == STR_NPOS ? STR_NONE : str_sub(path, 0, n);
}

float path_prior(struct str seed, struct str path)
{
    if (str_eq(seed, path))
        return PRIOR_FILE;
    return str_eq(folder_of(seed), folder_of(path)) ? PRIOR_FOLDER : 1;
}

enum rc retrieve_count(struct view *v, struct terms *t, struct err *e)
{
    for (size_t i = 0; i < t->n; i++)
        TRY(view_df(v, t->v[i].hash, &t->v[i].df, e));
    return RC_OK;
}

static bool too_common(const struct view *v, uint32_t df)
{
    return df > RETRIEVE_FEW && df > RETRIEVE_COMMON * v->n_chunks;
}

static enum rc add_up(struct view *v, const struct terms *t, const struct pattern *p, float *sum,
                      struct err *e)
{
    memset(sum, 0, v->n_chunks * sizeof *sum);
    for (size_t i = 0; i < p->n_terms; i++) {
        const struct term *m = &t->v[p->terms[i].term];
        const uint32_t *chunks;
        size_t n;
        if (m->df == 0 || too_common(v, m->df) || p->terms[i].weight <= 0)
            continue;
        TRY(view_postings(v, m->hash, &chunks, &n, e));
        float w = p->terms[i].weight;
        for (size_t k = 0; k < n; k++)
            sum[chunks[k]] += w;
    }
    return RC_OK;
}

/* The pieces with the highest sums, about RETRIEVE_POOL of them (ties at the edge all in). */
static size_t pool(const struct view *v, const float *sum, uint32_t *ret)
{
    float most = 0;
    for (uint32_t i = 0; i < v->n_chunks; i++)
        most = sum[i] > most ? sum[i] : most;
    if (most <= 0)
        return 0;
    uint32_t bins[BINS + 1] = {0};
    float scale = (BINS - 1) / most;
    for (uint32_t i = 0; i < v->n_chunks; i++)
        if (sum[i] > 0)
            bins[(uint32_t)(sum[i] * scale)]++;
    uint32_t edge = BINS, n = 0;
    while (edge > 0 && n + bins[edge - 1] <= RETRIEVE_POOL)
        n += bins[--edge];
    size_t k = 0;
    for (uint32_t i = 0; i < v->n_chunks; i++)
        if (sum[i] > 0 && (uint32_t)(sum[i] * scale) >= edge)
            ret[k++] = i;
    return k;
}

/* Index in refs of the piece of a place. */
static uint32_t ref_of(const struct view *v, const struct view_file *f, uint32_t line)
{
    uint32_t lo = f->first, hi = f->first + f->n;
    while (hi - lo > 1) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (v->ref_line[mid] <= line)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

static float with_neighbour(const struct view *v, const struct view_file *f, uint32_t ref,
                            const float *sum)
{
    float a = ref > f->first ? sum[v->refs[ref - 1]] : 0;
    float b = ref + 1 < f->first + f->n ? sum[v->refs[ref + 1]] : 0;
    return sum[v->refs[ref]] + NEIGHBOUR * (a > b ? a : b);
}

static int by_score(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->chunk > y->chunk) - (x->chunk < y->chunk);
}

enum rc retrieve_pieces(struct view *v, const struct terms *t, const struct pattern *p,
                        float *scratch, struct pieces *ret_p, struct err *e)
{
    ret_p->n = 0;
    TRY(add_up(v, t, p, scratch, e));
    uint32_t *chunks = mem_alloc((RETRIEVE_POOL + 1) * sizeof *chunks);
    size_t n = pool(v, scratch, chunks);
    if (n > ret_p->cap) {
        ret_p->cap = n;
        ret_p->v = mem_realloc(ret_p->v, n * sizeof *ret_p->v);
    }
    for (size_t i = 0; i < n; i++) {
        struct view_chunk c;
        view_chunk(v, chunks[i], &c);
        if (!lang_same(p->seed->lang, c.lang))
            continue;
        struct piece best = {.chunk = chunks[i], .score = -1};
        for (size_t k = 0; k < c.n_places && k < RETRIEVE_PLACES; k++) {
            const struct view_file *f = &v->files[c.places[k].file];
            uint32_t ref = ref_of(v, f, c.places[k].line);
            float s = with_neighbour(v, f, ref, scratch) * path_prior(p->seed->path, f->path);
            if (s > best.score) {
                best.score = s;
                best.file = c.places[k].file;
                best.line = c.places[k].line;
                best.ref = ref;
            }
        }
        ret_p->v[ret_p->n++] = best;
    }
    free(chunks);
    if (ret_p->n)
        qsort(ret_p->v, ret_p->n, sizeof *ret_p->v, by_score);
    ret_p->n = ret_p->n < RETRIEVE_MAX ? ret_p->n : RETRIEVE_MAX;
    return RC_OK;
}
