/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says why a place is a hit: which rare words of the seed stand there and which words of the fix do
 * not.  Runs in the engine child and in commands.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/audit/rank_inside.h"

/* Rows around the place where words of the seed's context are shown. */
#define EXPLAIN_ROWS 10u
/* Words less rare than this say nothing to anybody. */
#define IDF_LEAST 1.5F

struct worded {
    struct hit_word word;
    float weight;
};

static int by_weight(const void *a, const void *b)
{
    const struct worded *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    if (x->word.line != y->word.line)
        return x->word.line < y->word.line ? -1 : 1;
    return str_cmp(x->word.text, y->word.text);
}

static int by_line(const void *a, const void *b)
{
    const struct hit_word *x = a, *y = b;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return str_cmp(x->text, y->text);
}

/* The heaviest words of the pattern in the rows around the hit, each term once a row. */
static void matched(const struct ranking *r, const struct witness *w, const float *weight,
                    struct hit *h)
{
    uint32_t row = witness_row_of(w, h->line);
    uint32_t from = row > EXPLAIN_ROWS ? row - EXPLAIN_ROWS : 1;
    size_t first = witness_from(w, from), n = 0, end = first;
    while (end < w->n_matches && w->matches[end].row <= row + EXPLAIN_ROWS)
        end++;
    struct worded *v = mem_alloc((end - first + 1) * sizeof *v);
    for (size_t i = first; i < end; i++) {
        const struct match *m = &w->matches[i];
        bool again = false;
        for (size_t k = i; k > first && w->matches[k - 1].row == m->row; k--)
            again = again || w->matches[k - 1].term == m->term;
        if (!again && weight[m->term] > 0)
            v[n++] = (struct worded){{r->terms.v[m->term].text, witness_line(w, m->row)},
                                     weight[m->term]};
    }
    qsort(v, n, sizeof *v, by_weight);
    n = n < RANK_WORDS_MAX ? n : RANK_WORDS_MAX;
    struct hit_word *out = arena_array(r->a, n ? n : 1, sizeof *out);
    for (size_t i = 0; out && i < n; i++)
        out[i] = v[i].word;
    free(v);
    if (out == NULL)
        return;
    qsort(out, n, sizeof *out, by_line);
    h->matched = out;
    h->n_matched = n;
}

/* Words that only the fixed side has and that do not stand near. */
static void missing(const struct ranking *r, const struct witness *w, const struct pattern *p,
                    struct hit *h)
{
    uint32_t row = witness_row_of(w, h->line);
    size_t first = witness_from(w, row > EXPLAIN_ROWS ? row - EXPLAIN_ROWS : 1), n = 0;
    struct worded *v = mem_alloc((p->n_fresh + 1) * sizeof *v);
    for (size_t i = 0; i < p->n_fresh; i++) {
        const struct term *t = &r->terms.v[p->fresh[i]];
        bool there = t->pair;
        for (size_t k = first; !there && k < w->n_matches; k++) {
            if (w->matches[k].row > row + EXPLAIN_ROWS)
                break;
            there = w->matches[k].term == p->fresh[i];
        }
        if (!there)
            v[n++] = (struct worded){{t->text, 0}, t->idf};
    }
    qsort(v, n, sizeof *v, by_weight);
    n = n < RANK_WORDS_MAX ? n : RANK_WORDS_MAX;
    struct str *out = arena_array(r->a, n ? n : 1, sizeof *out);
    for (size_t i = 0; out && i < n; i++)
        out[i] = v[i].word.text;
    free(v);
    if (out) {
        h->missing = out;
        h->n_missing = n;
    }
}

static int by_file(const void *a, const void *b)
{
    const struct hit *const *x = a, *const *y = b;
    if ((*x)->file != (*y)->file)
        return (*x)->file < (*y)->file ? -1 : 1;
    return (*x > *y) - (*x < *y);
}

enum rc explain_hits(struct ranking *r, struct hits *hits, struct err *e)
{
    AUTO(witness) struct witness w = {0};
    AUTO(mem) struct hit **order = mem_alloc((hits->n + 1) * sizeof *order);
    AUTO(mem) float *weight = mem_alloc((r->terms.n + 1) * sizeof *weight);
    for (size_t i = 0; i < hits->n; i++)
        order[i] = &hits->v[i];
    qsort(order, hits->n, sizeof *order, by_file);
    for (size_t i = 0; i < hits->n; i++) {
        struct hit *h = order[i];
        const struct pattern *p = &r->patterns[h->seed];
        if (i == 0 || order[i - 1]->file != h->file) {
            struct str text;
            TRY(view_text(r->v, h->file, &text, e));
            witness_read(&w, r->v->files[h->file].lang, text, &r->terms);
        }
        memset(weight, 0, r->terms.n * sizeof *weight);
        for (size_t k = 0; k < p->n_terms; k++) {
            const struct term *t = &r->terms.v[p->terms[k].term];
            if (!t->pair && t->idf >= IDF_LEAST)
                weight[p->terms[k].term] = p->terms[k].weight;
        }
        matched(r, &w, weight, h);
        missing(r, &w, p, h);
    }
    return arena_ok(r->a, "words of the hits", e);
}
