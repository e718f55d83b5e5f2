/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares one place of a file with a pattern, line by line.  Runs in the engine child and in
 * commands; both texts are a stranger's.
 */
#include "engine/audit/align.h"

#include <stdlib.h>
#include <string.h>

#define SLACK_EASE   1    /* what a line farther off than all of it would be worth nothing */
#define LCS_MAX      48   /* tokens of a line that are compared */
#define OTHER_WORD   2.5F /* weight of a word of the file that the pattern does not have */
#define OTHER_PUNCT  0.3F
#define SAME_KIND    0.4F /* two different names: so much of the lesser */
#define LINE_SLACK   3    /* a changed line is looked for so far around its place */
#define CHANGED_MAX  6    /* changed lines that are compared */
#define FRESH_SLACK  4
#define RAREST_SLACK 3

struct aligner {
    const struct terms *terms;
    const struct pattern *p;
    struct sites sites;
    uint32_t *of;       /* of each term: index in p->terms + 1 */
    uint32_t *seen_row; /* of each term: where it was seen last */
    bool *fresh;        /* of each term: does only the fixed side have it? */
    bool *near;         /* of each term: a word near the change? */
    float rarest;       /* idf of the rarest of those that stand elsewhere too */
    uint32_t *fresh_seen;
    uint32_t round;
    double row_all[ALIGN_ROWS]; /* what each line of the pattern is worth */
    uint32_t row_token[ALIGN_ROWS + 1];
    size_t rows, cols;
    float same[ALIGN_ROWS][ALIGN_COLS];
    float best[ALIGN_ROWS + 1][ALIGN_COLS + 1];
    int16_t col_of[ALIGN_ROWS]; /* assigned, -1: none */
    float got[ALIGN_ROWS];
};

struct aligner *aligner_new(const struct terms *t)
{
    struct aligner *a = mem_zalloc(sizeof *a);
    a->terms = t;
    a->of = mem_zalloc((t->n_seed + 1) * sizeof *a->of);
    a->seen_row = mem_zalloc((t->n_seed + 1) * sizeof *a->seen_row);
    a->fresh = mem_zalloc((t->n_seed + 1) * sizeof *a->fresh);
    a->near = mem_zalloc((t->n_seed + 1) * sizeof *a->near);
    a->fresh_seen = mem_zalloc((t->n_seed + 1) * sizeof *a->fresh_seen);
    return a;
}

void aligner_free(struct aligner *a)
{
    if (!a)
        return;
    free(a->of);
    free(a->seen_row);
    free(a->fresh);
    free(a->near);
    free(a->fresh_seen);
    free(a);
}

void aligner_auto(struct aligner **a)
{
    aligner_free(*a);
}

void aligner_pattern(struct aligner *a, const struct pattern *p)
{
    a->p = p;
    sites_find(p, &a->sites);
    memset(a->of, 0, a->terms->n_seed * sizeof *a->of);
    memset(a->fresh, 0, a->terms->n_seed * sizeof *a->fresh);
    memset(a->row_all, 0, sizeof a->row_all);
    size_t rows = (size_t)(p->last_line - p->first_line) + 1;
    a->rows = rows < ALIGN_ROWS ? rows : ALIGN_ROWS;
    for (size_t i = 0; i < p->n_terms; i++) {
        const struct pattern_term *t = &p->terms[i];
        a->of[t->term] = (uint32_t)i + 1;
        for (size_t k = 0; k < t->n_at; k++) {
            size_t row = (size_t)(t->at[k] - p->first_line);
            if (row < a->rows)
                a->row_all[row] += (double)(t->base * p->line_weight[row]);
        }
    }
    for (size_t i = 0; i < p->n_fresh; i++)
        a->fresh[p->fresh[i]] = true;
    memset(a->near, 0, a->terms->n_seed * sizeof *a->near);
    a->rarest = 0;
    for (size_t i = 0; i < p->n_old; i++) {
        uint32_t t = p->old[i].term;
        if (t == TERM_NO || p->old[i].far > 2)
            continue;
        a->near[t] = true;
        if (a->terms->v[t].df > 1 && a->terms->v[t].idf > a->rarest)
            a->rarest = a->terms->v[t].idf;
    }
    size_t k = 0;
    for (size_t row = 0; row <= a->rows; row++) {
        while (k < p->n_old && (size_t)(p->old[k].at - p->first_line) < row)
            k++;
        a->row_token[row] = (uint32_t)k;
    }
}

/* Less, the farther the line is from its place. */
static void add_same(struct aligner *a, size_t row, int32_t col, float weight)
{
    int32_t shift = col - (int32_t)row - ALIGN_SLACK;
    shift = shift < 0 ? -shift : shift;
    if (shift <= ALIGN_SLACK)
        a->same[row][col] += weight * (1 - (float)shift / (ALIGN_SLACK + SLACK_EASE));
}

/* What lines of the pattern and of the window have in common. */
static void fill_same(struct aligner *a, const struct witness *w, int32_t top)
{
    const struct pattern *p = a->p;
    for (size_t i = 0; i < a->rows; i++)
        memset(a->same[i], 0, a->cols * sizeof a->same[i][0]);
    int32_t bottom = top + (int32_t)a->cols;
    for (size_t i = witness_from(w, top > 0 ? (uint32_t)top : 0);
         i < w->n_matches && (int32_t)w->matches[i].row < bottom; i++) {
        uint32_t term = w->matches[i].term, at = w->matches[i].row, k = a->of[term];
        if (k == 0 || a->seen_row[term] == at)
            continue;
        a->seen_row[term] = at;
        const struct pattern_term *t = &p->terms[k - 1];
        for (size_t j = 0; j < t->n_at; j++) {
            size_t row = (size_t)(t->at[j] - p->first_line);
            if (row < a->rows)
                add_same(a, row, (int32_t)at - top, t->base * p->line_weight[row]);
        }
    }
    /* The next window may begin with the same row. */
    for (size_t i = 0; i < p->n_terms; i++)
        a->seen_row[p->terms[i].term] = 0;
}

static void chain(struct aligner *a)
{
    size_t n = a->rows, m = a->cols;
    for (size_t j = 0; j <= m; j++)
        a->best[0][j] = 0;
    for (size_t i = 1; i <= n; i++) {
        float *now = a->best[i];
        const float *up = a->best[i - 1], *same = a->same[i - 1];
        now[0] = 0;
        for (size_t j = 1; j <= m; j++) {
            float b = up[j - 1] + same[j - 1];
            b = up[j] > b ? up[j] : b;
            now[j] = now[j - 1] > b ? now[j - 1] : b;
        }
    }
    for (size_t i = 0; i < n; i++) {
        a->col_of[i] = -1;
        a->got[i] = 0;
    }
    for (size_t i = n, j = m; i > 0 && j > 0;) {
        if (a->best[i][j] == a->best[i - 1][j]) {
            i--;
        } else if (a->best[i][j] == a->best[i][j - 1]) {
            j--;
        } else {
            a->col_of[i - 1] = (int16_t)(j - 1);
            a->got[i - 1] = a->same[i - 1][j - 1];
            i--;
            j--;
        }
    }
}

static void shares(const struct aligner *a, struct likeness *ret)
{
    const struct pattern *p = a->p;
    double got[5] = {0}, all[5] = {0};
    for (size_t i = 0; i < a->rows; i++) {
        int32_t at = (int32_t)i + p->first_line;
        bool parts[5] = {true, p->line_changed[i],
                         at<0, at >= (int32_t)p->n_changed_old, p->line_weight[i]> 1.1F};
        for (size_t k = 0; k < 5; k++) {
            got[k] += parts[k] ? (double)a->got[i] : 0;
            all[k] += parts[k] ? a->row_all[i] : 0;
        }
    }
    float *out[5] = {&ret->chain, &ret->changed, &ret->before, &ret->after, &ret->near};
    for (size_t k = 0; k < 5; k++)
        *out[k] = all[k] > 0 ? (float)(got[k] / all[k]) : -1;
    ret->weight = (float)got[0];
}

struct run {
    float weight[LCS_MAX];
    uint32_t hash[LCS_MAX];
    uint8_t kind[LCS_MAX];
    size_t n;
    float all;
};

static void run_of_pattern(const struct aligner *a, size_t row, struct run *r)
{
    *r = (struct run){0};
    for (uint32_t i = a->row_token[row]; i < a->row_token[row + 1] && r->n < LCS_MAX; i++) {
        const struct pattern_token *t = &a->p->old[i];
        r->hash[r->n] = t->hash;
        r->kind[r->n] = t->kind;
        r->weight[r->n] = t->weight;
        r->all += t->weight;
        r->n++;
    }
}

static void run_of_line(const struct aligner *a, const struct witness *w, uint32_t line,
                        struct run *r)
{
    size_t n;
    const struct token *t = witness_row(w, line, &n);
    r->n = 0;
    r->all = 0;
    if (witness_hides(w, line))
        return;
    for (size_t i = 0; i < n && i < LCS_MAX; i++) {
        uint32_t term = w->term[(size_t)(t - w->tokens.v) + i];
        float weight = term != TERM_NO            ? 0.3F + a->terms->v[term].idf
                       : t[i].kind == TOKEN_PUNCT ? OTHER_PUNCT
                                                  : OTHER_WORD;
        r->hash[i] = t[i].hash;
        r->kind[i] = t[i].kind;
        r->weight[i] = weight;
        r->all += weight;
        r->n++;
    }
}

/* Weights of the heaviest common subsequences: of equal words alone, and with other words of the
 * same kind counting for a part. */
struct common {
    float words, shape;
};

static inline float most(float a, float b)
{
    return a > b ? a : b;
}

static struct common common(const struct run *x, const struct run *y)
{
    float words[LCS_MAX + 1] = {0}, shape[LCS_MAX + 1] = {0};
    for (size_t i = 0; i < x->n; i++) {
        float words_corner = 0, shape_corner = 0;
        uint32_t hash = x->hash[i];
        uint8_t kind = x->kind[i] == TOKEN_PUNCT ? UINT8_MAX : x->kind[i];
        float weight = x->weight[i];
        for (size_t j = 0; j < y->n; j++) {
            float least = weight < y->weight[j] ? weight : y->weight[j];
            float equal = hash == y->hash[j] ? least : 0;
            float alike = equal > 0 ? equal : kind == y->kind[j] ? least * SAME_KIND : 0;
            float w = most(words_corner + equal, words[j + 1]);
            float s = most(shape_corner + alike, shape[j + 1]);
            words_corner = words[j + 1];
            shape_corner = shape[j + 1];
            words[j + 1] = most(w, words[j]);
            shape[j + 1] = most(s, shape[j]);
        }
    }
    return (struct common){words[y->n], shape[y->n]};
}

static void changed_lines(const struct aligner *a, const struct witness *w, int32_t top,
                          struct likeness *ret)
{
    double words = 0, shape = 0, all = 0;
    size_t n = 0;
    for (size_t i = 0; i < a->rows && n < CHANGED_MAX; i++) {
        if (!a->p->line_changed[i])
            continue;
        struct run x, y;
        run_of_pattern(a, i, &x);
        if (x.n == 0)
            continue;
        n++;
        int32_t mid = top + (a->col_of[i] >= 0 ? a->col_of[i] : (int32_t)i + ALIGN_SLACK);
        float best = 0, best_shape = 0;
        for (int32_t l = mid - LINE_SLACK; l <= mid + LINE_SLACK; l++) {
            run_of_line(a, w, l > 0 ? (uint32_t)l : 0, &y);
            if (y.n == 0)
                continue;
            struct common c = common(&x, &y);
            best = most(best, 2 * c.words / (x.all + y.all));
            best_shape = most(best_shape, 2 * c.shape / (x.all + y.all));
        }
        words += (double)(best * x.all);
        shape += (double)(best_shape * x.all);
        all += (double)x.all;
    }
    ret->words = all > 0 ? (float)(words / all) : -1;
    ret->shape = all > 0 ? (float)(shape / all) : -1;
}

static float fresh_share(struct aligner *a, const struct witness *w, uint32_t row)
{
    const struct pattern *p = a->p;
    if (p->n_fresh == 0 || p->fresh_weight <= 0)
        return -1;
    uint32_t from = row > FRESH_SLACK ? row - FRESH_SLACK : 1;
    uint32_t to = row + p->n_changed_new + FRESH_SLACK;
    double got = 0;
    a->round++;
    for (size_t i = witness_from(w, from); i < w->n_matches && w->matches[i].row <= to; i++) {
        uint32_t t = w->matches[i].term;
        if (!a->fresh[t] || a->fresh_seen[t] == a->round)
            continue;
        a->fresh_seen[t] = a->round;
        got += (double)a->terms->v[t].idf;
    }
    return (float)(got / p->fresh_weight);
}

/* The rarest word near the change that stands near the row. */
static void rarest_near(const struct aligner *a, const struct witness *w, uint32_t row,
                        struct likeness *ret)
{
    uint32_t from = row > RAREST_SLACK ? row - RAREST_SLACK : 1;
    uint32_t to = row + a->p->n_changed_old + RAREST_SLACK;
    for (size_t i = witness_from(w, from); i < w->n_matches && w->matches[i].row <= to; i++) {
        uint32_t t = w->matches[i].term;
        if (a->near[t] && a->terms->v[t].idf > ret->rarest)
            ret->rarest = a->terms->v[t].idf;
    }
    ret->rarest_share = a->rarest > 0 ? ret->rarest / a->rarest : 0;
}

void aligner_at(struct aligner *a, const struct witness *w, uint32_t row, struct likeness *ret)
{
    int32_t top = (int32_t)row + a->p->first_line - ALIGN_SLACK;
    a->cols = a->rows + 2 * ALIGN_SLACK;
    a->cols = a->cols < ALIGN_COLS ? a->cols : ALIGN_COLS;
    fill_same(a, w, top);
    chain(a);
    *ret = (struct likeness){0};
    shares(a, ret);
    changed_lines(a, w, top, ret);
    ret->fresh = fresh_share(a, w, row);
    ret->site = sites_like(&a->sites, w, row > LINE_SLACK ? row - LINE_SLACK : 1,
                           row + a->p->n_changed_old + LINE_SLACK);
    rarest_near(a, w, row, ret);
}
