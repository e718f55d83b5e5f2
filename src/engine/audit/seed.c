/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns hunks and marked regions into patterns of weighted words.  Runs in the engine child and in
 * commands; the lines are a stranger's text: any bytes will do, limits cut them.
 */
#include "engine/audit/seed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* By how far a line is from the change: itself, one line, two; then it falls off. */
static const float near_weight[] = {2.2F, 1.6F, 1.2F};
#define FAR_BASE    0.85F
#define PAIR_WEIGHT 0.7F
/* Of tokens that are no terms. */
#define PUNCT_WEIGHT 0.3F
#define SHORT_WEIGHT 0.6F

static float far_weight(uint8_t far)
{
    return far < ARRAY_LEN(near_weight) ? near_weight[far] : powf(FAR_BASE, far);
}

uint32_t terms_find(const struct terms *t, uint32_t hash)
{
    if (t->n_slots == 0)
        return TERM_NO;
    for (size_t i = hash & (t->n_slots - 1);; i = (i + 1) & (t->n_slots - 1)) {
        if (t->slots[i] == 0)
            return TERM_NO;
        if (t->v[t->slots[i] - 1].hash == hash)
            return t->slots[i] - 1;
    }
}

uint32_t terms_add(struct terms *t, uint32_t hash, bool pair, struct str text)
{
    size_t i = hash & (t->n_slots - 1);
    for (; t->slots[i]; i = (i + 1) & (t->n_slots - 1))
        if (t->v[t->slots[i] - 1].hash == hash)
            return t->slots[i] - 1;
    BUG_ON(t->n == t->cap);
    t->v[t->n] = (struct term){.hash = hash, .pair = pair, .text = text};
    t->slots[i] = (uint32_t)++t->n;
    return (uint32_t)t->n - 1;
}

/*
 * One side of a seed as a text, and where its lines stand.  Only lines with words or punctuation
 * count: empty ones and comments neither separate nor move anything.
 */
struct side {
    char *text;
    size_t n;
    int16_t at[SEED_LINES_MAX];
    uint8_t far[SEED_LINES_MAX];
    bool changed[SEED_LINES_MAX], full[SEED_LINES_MAX];
    size_t n_lines;
    int32_t last; /* changed line, as at; -1: none */
    struct tokens tokens;
};

static size_t lines_of(const struct seed *s)
{
    return s->n_lines < SEED_LINES_MAX ? s->n_lines : SEED_LINES_MAX;
}

static enum rc side_read(const struct seed *s, char sign, struct arena *a, struct side *d,
                         struct err *e)
{
    size_t n = lines_of(s), size = 0;
    for (size_t i = 0; i < n; i++)
        size += s->lines[i].text.n + 1;
    d->text = arena_alloc(a, size + 1);
    TRY(arena_ok(a, "words of the seeds", e));
    d->n = d->n_lines = 0;
    for (size_t i = 0; i < n; i++) {
        struct str t = s->lines[i].text;
        if (s->lines[i].sign != ' ' && s->lines[i].sign != sign)
            continue;
        for (size_t k = 0; k < t.n; k++)
            d->text[d->n++] = t.p[k] == '\n' ? ' ' : t.p[k];
        d->text[d->n++] = '\n';
        d->changed[d->n_lines++] = s->lines[i].sign != ' ';
    }
    struct lexer_stop stop;
    lexer_run(s->lang, str_of(d->text, d->n), LEXER_FRAGMENT, &d->tokens, &stop);
    memset(d->full, 0, sizeof d->full);
    for (size_t i = 0; i < d->tokens.n; i++)
        if (d->tokens.v[i].line <= d->n_lines)
            d->full[d->tokens.v[i].line - 1] = true;
    return RC_OK;
}

/* Lines (full ones of this side) that stand before each change of either side. */
struct edges {
    int32_t v[2 * SEED_LINES_MAX];
    size_t n;
};

static void find_edges(const struct seed *s, const struct side *mine, const struct side *other,
                       char sign, struct edges *ret)
{
    int32_t row = 0;
    size_t i_mine = 0, i_other = 0;
    ret->n = 0;
    for (size_t i = 0; i < lines_of(s); i++) {
        char c = s->lines[i].sign;
        bool here = c == ' ' || c == sign;
        bool full = here ? mine->full[i_mine] : other->full[i_other];
        if (c != ' ' && full)
            ret->v[ret->n++] = row;
        row += here && full;
        i_mine += here;
        i_other += c == ' ' || c != sign;
    }
}

/* Numbers the lines of a side: the first changed one, or the one behind an insertion, is 0. */
static void side_place(const struct seed *s, char sign, struct side *mine, const struct side *other)
{
    struct edges edges;
    find_edges(s, mine, other, sign, &edges);
    int32_t rows = 0;
    for (size_t i = 0; i < mine->n_lines; i++)
        rows += mine->full[i];
    int32_t anchor = edges.n ? edges.v[0] : rows / 2, row = 0;
    mine->last = -1;
    for (size_t i = 0; i < mine->n_lines; i++) {
        int32_t far = mine->changed[i] ? 0 : 255;
        for (size_t k = 0; k < edges.n && far; k++) {
            int32_t x = edges.v[k] > row ? edges.v[k] - row : row - edges.v[k] + 1;
            far = x < far ? x : far;
        }
        mine->far[i] = (uint8_t)far;
        mine->at[i] = (int16_t)(row - anchor);
        if (mine->changed[i] && mine->full[i])
            mine->last = row - anchor;
        row += mine->full[i];
    }
}

static size_t side_tokens(const struct side *d)
{
    return d->tokens.n < SEED_TOKENS_MAX ? d->tokens.n : SEED_TOKENS_MAX;
}

/* The words of a side, and its lines within the context. */
static enum rc pattern_side(const struct side *d, struct arena *a, struct terms *terms,
                            struct pattern_token **ret_v, size_t *ret_n, struct err *e)
{
    size_t n = side_tokens(d), k = 0;
    struct pattern_token *v = arena_array(a, n ? n : 1, sizeof *v);
    TRY(arena_ok(a, "words of the seeds", e));
    for (size_t i = 0; i < n; i++) {
        const struct token *t = &d->tokens.v[i];
        if (t->line > d->n_lines || d->far[t->line - 1] > SEED_CONTEXT)
            continue;
        uint32_t hash, term = TERM_NO;
        if (term_takes(t) && term_single(t, &hash))
            term = terms_add(terms, hash, false, str_of(d->text + t->at, t->len));
        v[k++] = (struct pattern_token){.term = term,
                                        .hash = t->hash,
                                        .at = d->at[t->line - 1],
                                        .kind = t->kind,
                                        .far = d->far[t->line - 1],
                                        .changed = d->changed[t->line - 1]};
    }
    *ret_v = v;
    *ret_n = k;
    return RC_OK;
}

/* Calls with each pair of a side: its hash and its second token. */
static bool next_pair(const struct side *d, size_t *i, const struct token **a,
                      const struct token **ret_b, uint32_t *ret_hash)
{
    for (; *i < side_tokens(d); (*i)++) {
        const struct token *b = &d->tokens.v[*i];
        if (!term_takes(b) || b->line > d->n_lines || d->far[b->line - 1] > SEED_CONTEXT)
            continue;
        const struct token *before = *a;
        *a = b;
        if (before && term_pair(before, b, ret_hash)) {
            *ret_b = b;
            (*i)++;
            return true;
        }
    }
    return false;
}

/* Notes that the pattern holds a term at this line. */
static void note_term(struct pattern *p, uint32_t *where, uint32_t term, int16_t at, uint8_t far,
                      bool changed)
{
    struct pattern_term *t;
    if (where[term] == 0) {
        t = &p->terms[p->n_terms++];
        *t = (struct pattern_term){.term = term};
        where[term] = (uint32_t)p->n_terms;
    }
    t = &p->terms[where[term] - 1];
    float w = far_weight(far);
    t->weight = w > t->weight ? w : t->weight;
    t->changed = t->changed || changed;
    for (size_t i = 0; i < t->n_at; i++)
        if (t->at[i] == at)
            return;
    if (t->n_at < SEED_OFFSETS_MAX) {
        t->at[t->n_at++] = at;
        return;
    }
    /* The one that is farthest from the change goes. */
    size_t far_i = 0;
    for (size_t i = 1; i < t->n_at; i++)
        far_i = abs(t->at[i]) > abs(t->at[far_i]) ? i : far_i;
    if (abs(at) < abs(t->at[far_i]))
        t->at[far_i] = at;
}

static enum rc old_terms(struct pattern *p, const struct side *d, struct arena *a,
                         struct terms *terms, uint32_t *where, struct err *e)
{
    p->terms = arena_array(a, 2 * p->n_old + 1, sizeof *p->terms);
    TRY(arena_ok(a, "words of the seeds", e));
    for (size_t i = 0; i < p->n_old; i++) {
        const struct pattern_token *t = &p->old[i];
        if (t->term != TERM_NO)
            note_term(p, where, t->term, t->at, t->far, t->changed);
    }
    const struct token *before = NULL, *b;
    uint32_t hash;
    for (size_t i = 0; next_pair(d, &i, &before, &b, &hash);) {
        size_t l = b->line - 1;
        note_term(p, where, terms_add(terms, hash, true, STR_NONE), d->at[l], d->far[l],
                  d->changed[l]);
    }
    return RC_OK;
}

/* What only the new side has; where still tells the terms of the old one. */
static enum rc fresh_terms(struct pattern *p, const struct side *d, struct arena *a,
                           struct terms *terms, uint32_t *where, struct err *e)
{
    p->fresh = arena_array(a, 2 * p->n_new + 1, sizeof *p->fresh);
    TRY(arena_ok(a, "words of the seeds", e));
    for (size_t i = 0; i < p->n_new; i++) {
        uint32_t t = p->new[i].term;
        if (p->new[i].changed && t != TERM_NO &&where[t] == 0) {
            where[t] = UINT32_MAX;
            p->fresh[p->n_fresh++] = t;
        }
    }
    const struct token *before = NULL, *b;
    uint32_t hash;
    for (size_t i = 0; next_pair(d, &i, &before, &b, &hash);) {
        uint32_t t = terms_add(terms, hash, true, STR_NONE);
        if (where[t] == 0 && d->far[b->line - 1] <= 1) {
            where[t] = UINT32_MAX;
            p->fresh[p->n_fresh++] = t;
        }
    }
    return RC_OK;
}

static void reach(const struct pattern_token *v, size_t n, int16_t *ret_first, int16_t *ret_last)
{
    *ret_first = *ret_last = 0;
    for (size_t i = 0; i < n; i++) {
        *ret_first = v[i].at < *ret_first ? v[i].at : *ret_first;
        *ret_last = v[i].at > *ret_last ? v[i].at : *ret_last;
    }
}

static enum rc weigh_lines(struct pattern *p, struct arena *a, struct err *e)
{
    size_t n = (size_t)(p->last_line - p->first_line) + 1;
    p->line_weight = arena_array(a, n, sizeof *p->line_weight);
    p->line_changed = arena_array(a, n, sizeof *p->line_changed);
    TRY(arena_ok(a, "words of the seeds", e));
    for (size_t i = 0; i < p->n_old; i++) {
        size_t row = (size_t)(p->old[i].at - p->first_line);
        p->line_weight[row] = far_weight(p->old[i].far);
        p->line_changed[row] = p->n_changed_old ? p->old[i].changed : p->old[i].far <= 1;
    }
    return RC_OK;
}

static enum rc pattern_read(const struct seed *s, struct side side[2], struct arena *a,
                            struct terms *terms, struct pattern *p, struct err *e)
{
    *p = (struct pattern){.seed = s};
    TRY(pattern_side(&side[0], a, terms, &p->old, &p->n_old, e));
    TRY(pattern_side(&side[1], a, terms, &p->new, &p->n_new, e));
    p->n_changed_old = (uint32_t)(side[0].last + 1);
    p->n_changed_new = (uint32_t)(side[1].last + 1);
    reach(p->old, p->n_old, &p->first_line, &p->last_line);
    reach(p->new, p->n_new, &p->first_new, &p->last_new);
    TRY(weigh_lines(p, a, e));
    uint32_t *where = mem_zalloc(terms->cap * sizeof *where);
    enum rc rc = old_terms(p, &side[0], a, terms, where, e);
    if (rc == RC_OK && !s->marked)
        rc = fresh_terms(p, &side[1], a, terms, where, e);
    free(where);
    return rc;
}

enum rc patterns_read(const struct seed *seeds, size_t n, size_t more, struct arena *a,
                      struct terms *ret_terms, struct pattern *ret_patterns, struct err *e)
{
    BUG_ON(n > SEEDS_MAX);
    struct side *sides = mem_zalloc((2 * n + 1) * sizeof *sides);
    enum rc rc = RC_OK;
    size_t most = more + 64;
    for (size_t i = 0; i < n && rc == RC_OK; i++) {
        rc = side_read(&seeds[i], '-', a, &sides[2 * i], e);
        if (rc == RC_OK)
            rc = side_read(&seeds[i], '+', a, &sides[2 * i + 1], e);
        if (rc == RC_OK) {
            side_place(&seeds[i], '-', &sides[2 * i], &sides[2 * i + 1]);
            side_place(&seeds[i], '+', &sides[2 * i + 1], &sides[2 * i]);
        }
        most += 2 * (side_tokens(&sides[2 * i]) + side_tokens(&sides[2 * i + 1]));
    }
    *ret_terms = (struct terms){.cap = most, .n_slots = 128};
    while (ret_terms->n_slots < 2 * most)
        ret_terms->n_slots *= 2;
    ret_terms->v = arena_array(a, most, sizeof *ret_terms->v);
    ret_terms->slots = arena_array(a, ret_terms->n_slots, sizeof *ret_terms->slots);
    if (rc == RC_OK)
        rc = arena_ok(a, "words of the seeds", e);
    for (size_t i = 0; i < n && rc == RC_OK; i++)
        rc = pattern_read(&seeds[i], &sides[2 * i], a, ret_terms, &ret_patterns[i], e);
    ret_terms->n_seed = ret_terms->n;
    for (size_t i = 0; i < 2 * n; i++)
        tokens_release(&sides[i].tokens);
    free(sides);
    return rc;
}

static void weigh_tokens(const struct terms *t, struct pattern_token *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (v[i].term != TERM_NO)
            v[i].weight = 0.3F + t->v[v[i].term].idf;
        else
            v[i].weight = v[i].kind == TOKEN_PUNCT ? PUNCT_WEIGHT : SHORT_WEIGHT;
    }
}

void term_weigh(struct term *t, uint32_t n_chunks)
{
    double idf = log(((double)n_chunks + 1) / (t->df ? t->df : 0.5));
    t->idf = idf > 0 ? (float)idf : 0;
}

void patterns_weigh(struct terms *t, struct pattern *p, size_t n, uint32_t n_chunks)
{
    for (size_t i = 0; i < t->n; i++)
        term_weigh(&t->v[i], n_chunks);
    for (size_t k = 0; k < n; k++) {
        p[k].weight = 0;
        for (size_t i = 0; i < p[k].n_terms; i++) {
            const struct term *m = &t->v[p[k].terms[i].term];
            p[k].terms[i].base = powf(m->idf, 1.5F) * (m->pair ? PAIR_WEIGHT : 1);
            p[k].terms[i].weight *= p[k].terms[i].base;
            p[k].weight += (double)p[k].terms[i].weight;
        }
        p[k].fresh_weight = 0;
        for (size_t i = 0; i < p[k].n_fresh; i++)
            p[k].fresh_weight += (double)t->v[p[k].fresh[i]].idf;
        weigh_tokens(t, p[k].old, p[k].n_old);
        weigh_tokens(t, p[k].new, p[k].n_new);
    }
}
