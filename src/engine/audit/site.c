/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The points of a change, and places like them.  Pure; runs in the engine child and in commands.
 */
#include "engine/audit/site.h"

#define UNIT       4096.0F /* weights are whole numbers of 1/UNIT: many are added at once */
#define OTHER_NAME 3       /* another word of the same kind: its weight by this */
#define WORD_LEAST 0.3F
#define PUNCT      0.5F

/* Token of the change, from first up to end, of either side. */
struct part {
    size_t first, end;
};

static void add_point(size_t at[SITE_POINTS], size_t *n, size_t point)
{
    if (*n < SITE_POINTS && (*n == 0 || at[*n - 1] != point))
        at[(*n)++] = point;
}

static struct part old_part(const struct pattern *p)
{
    struct part x = {0, 0};
    while (x.first < p->n_old &&
           (p->n_changed_old ? !p->old[x.first].changed : p->old[x.first].at < 0))
        x.first++;
    x.end = x.first;
    while (x.end < p->n_old && x.end < x.first + SITE_DIFF &&
           p->old[x.end].at < (int32_t)p->n_changed_old)
        x.end++;
    return x;
}

static struct part new_part(const struct pattern *p)
{
    struct part x = {0, 0};
    while (x.first < p->n_new && !p->new[x.first].changed)
        x.first++;
    x.end = x.first;
    while (x.end < p->n_new && x.end < x.first + SITE_DIFF &&
           p->new[x.end].at < (int32_t)p->n_changed_new)
        x.end++;
    return x;
}

/* Tokens that both have in the same order, as many as there can be: what is not among them was
 * edited. */
static void edits(const struct pattern *p, struct part old, struct part new, size_t at[SITE_POINTS],
                  size_t *ret_n)
{
    uint8_t most[SITE_DIFF + 1][SITE_DIFF + 1];
    size_t n = old.end - old.first, m = new.end - new.first;
    const struct pattern_token *x = p->old + old.first, *y = p->new + new.first;
    for (size_t i = n + 1; i-- > 0;) {
        for (size_t j = m + 1; j-- > 0;) {
            if (i == n || j == m)
                most[i][j] = 0;
            else if (x[i].hash == y[j].hash)
                most[i][j] = (uint8_t)(most[i + 1][j + 1] + 1);
            else
                most[i][j] = most[i + 1][j] > most[i][j + 1] ? most[i + 1][j] : most[i][j + 1];
        }
    }
    bool edited = false;
    for (size_t i = 0, j = 0; i < n || j < m;) {
        if (i < n && j < m && x[i].hash == y[j].hash) {
            edited = false;
            i++;
            j++;
            continue;
        }
        if (!edited)
            add_point(at, ret_n, old.first + i);
        edited = true;
        if (j < m && (i == n || most[i][j + 1] > most[i + 1][j]))
            j++;
        else
            i++;
    }
}

static void points(const struct pattern *p, struct part old, struct part new,
                   size_t at[SITE_POINTS], size_t *ret_n)
{
    if (old.end > old.first && new.end > new.first) {
        edits(p, old, new, at, ret_n);
        return;
    }
    add_point(at, ret_n, old.first);
    add_point(at, ret_n, old.end);
}

static float weight_of(const struct pattern_token *t)
{
    return t->kind == TOKEN_PUNCT ? PUNCT : WORD_LEAST + t->weight;
}

/* The words around a point, the nearer the more they weigh. */
static void weigh_point(const struct pattern *p, struct site_point *s, size_t at)
{
    s->n = 0;
    s->all = 0;
    for (size_t i = 0; i < 2 * SITE_REACH; i++) {
        size_t from = at + i, d = i < SITE_REACH ? SITE_REACH - i : i - SITE_REACH + 1;
        if (from < SITE_REACH || from - SITE_REACH >= p->n_old)
            continue;
        const struct pattern_token *t = &p->old[from - SITE_REACH];
        struct site_word *w = &s->words[s->n++];
        uint32_t weight = (uint32_t)(UNIT * weight_of(t) / (float)d);
        *w = (struct site_word){.hash = t->hash,
                                .kind = t->kind,
                                .shift = (uint8_t)i,
                                .same = weight,
                                .other = t->kind == TOKEN_PUNCT ? 0 : weight / OTHER_NAME};
        s->all += weight;
    }
}

void sites_find(const struct pattern *p, struct sites *ret)
{
    struct part old = old_part(p), new = new_part(p);
    size_t at[SITE_POINTS];
    ret->n = 0;
    points(p, old, new, at, &ret->n);
    for (size_t k = 0; k < ret->n; k++)
        weigh_point(p, &ret->v[k], at[k]);
}

#define STEP   16 /* places that are compared at once */
#define MARGIN (2 * SITE_REACH + STEP)

/* Tokens with none before and behind them. */
struct window {
    uint32_t hash[SITE_WINDOW + MARGIN];
    uint32_t kind[SITE_WINDOW + MARGIN];
    size_t n; /* places: before each token and behind the last one */
};

static void window_read(const struct witness *w, uint32_t first, uint32_t last, struct window *ret)
{
    size_t from = w->first[first - 1], to = w->first[last];
    ret->n = to - from < SITE_WINDOW - 1 ? to - from + 1 : SITE_WINDOW;
    for (size_t i = 0; i < ret->n + MARGIN; i++) {
        bool there = from + i >= SITE_REACH && from + i - SITE_REACH < w->tokens.n;
        const struct token *t = there ? &w->tokens.v[from + i - SITE_REACH] : NULL;
        ret->hash[i] = t ? t->hash : 0;
        ret->kind[i] = t ? t->kind : UINT32_MAX;
    }
}

static void add_word(const struct site_word *x, const uint32_t *hash, const uint32_t *kind,
                     uint32_t sum[STEP])
{
    const uint32_t x_hash = x->hash, x_kind = x->kind, x_same = x->same, x_other = x->other;
    for (size_t i = 0; i < STEP; i++) {
        uint32_t same = -(uint32_t)(hash[i] == x_hash), other = -(uint32_t)(kind[i] == x_kind);
        sum[i] += (same & x_same) | (~same & other & x_other);
    }
}

static uint32_t best_like(const struct site_point *s, const struct window *w)
{
    uint32_t best = 0;
    for (size_t at = 0; at < w->n; at += STEP) {
        uint32_t sum[STEP] = {0};
        for (size_t k = 0; k < s->n; k++) {
            size_t from = at + s->words[k].shift;
            add_word(&s->words[k], w->hash + from, w->kind + from, sum);
        }
        for (size_t i = 0; i < STEP && at + i < w->n; i++)
            best = sum[i] > best ? sum[i] : best;
    }
    return best;
}

float sites_like(const struct sites *s, const struct witness *w, uint32_t first, uint32_t last)
{
    struct window win;
    uint32_t got = 0, all = 0;
    first = first < 1 ? 1 : first;
    last = last > w->n_rows ? w->n_rows : last;
    if (first > last || s->n == 0)
        return 0;
    window_read(w, first, last, &win);
    for (size_t k = 0; k < s->n; k++) {
        got += best_like(&s->v[k], &win);
        all += s->v[k].all;
    }
    return all > 0 ? (float)got / (float)all : 0;
}
