/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The points of a change, and places like them.  Pure; runs in the engine child and in commands.
 */
#include "engine/audit/site.h"

#define OTHER_NAME 0.3F /* another word of the same kind: so much of its weight */
#define WORD_LEAST 0.3F
#define PUNCT      0.5F

/* Token of the change, from first up to end, of either side. */
struct part {
    size_t first, end;
};

static void add_point(struct sites *s, size_t at)
{
    if (s->n < SITE_POINTS && (s->n == 0 || s->at[s->n - 1] != at))
        s->at[s->n++] = (uint32_t)at;
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
static void edits(const struct pattern *p, struct part old, struct part new, struct sites *ret)
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
            add_point(ret, old.first + i);
        edited = true;
        if (j < m && (i == n || most[i][j + 1] > most[i + 1][j]))
            j++;
        else
            i++;
    }
}

void sites_find(const struct pattern *p, struct sites *ret)
{
    struct part old = old_part(p), new = new_part(p);
    ret->n = 0;
    if (old.end > old.first && new.end > new.first) {
        edits(p, old, new, ret);
        return;
    }
    add_point(ret, old.first);
    add_point(ret, old.end);
}

static float weight_of(const struct pattern_token *t)
{
    return t->kind == TOKEN_PUNCT ? PUNCT : WORD_LEAST + t->weight;
}

static float alike(const struct pattern_token *x, const struct token *y)
{
    if (x->hash == y->hash)
        return weight_of(x);
    return x->kind == y->kind && x->kind != TOKEN_PUNCT ? OTHER_NAME * weight_of(x) : 0;
}

/* What the words around a point weigh, the nearer the more. */
static float whole_of(const struct pattern *p, size_t at)
{
    float sum = 0;
    for (size_t d = 1; d <= SITE_REACH; d++) {
        sum += d <= at ? weight_of(&p->old[at - d]) / (float)d : 0;
        sum += at + d - 1 < p->n_old ? weight_of(&p->old[at + d - 1]) / (float)d : 0;
    }
    return sum;
}

static float like_at(const struct pattern *p, size_t at, const struct witness *w, size_t q)
{
    float sum = 0;
    for (size_t d = 1; d <= SITE_REACH; d++) {
        if (d <= at && d <= q)
            sum += alike(&p->old[at - d], &w->tokens.v[q - d]) / (float)d;
        if (at + d - 1 < p->n_old && q + d - 1 < w->tokens.n)
            sum += alike(&p->old[at + d - 1], &w->tokens.v[q + d - 1]) / (float)d;
    }
    return sum;
}

float sites_like(const struct sites *s, const struct pattern *p, const struct witness *w,
                 uint32_t first, uint32_t last)
{
    float got = 0, all = 0;
    first = first < 1 ? 1 : first;
    last = last > w->n_rows ? w->n_rows : last;
    if (first > last)
        return 0;
    for (size_t k = 0; k < s->n; k++) {
        float best = 0;
        for (uint32_t q = w->first[first - 1]; q <= w->first[last]; q++) {
            float here = like_at(p, s->at[k], w, q);
            best = here > best ? here : best;
        }
        got += best;
        all += whole_of(p, s->at[k]);
    }
    return all > 0 ? got / all : 0;
}
