/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads one file closer and finds the places in it that a pattern's words point to.  Runs in the
 * engine child and in commands; the text is a stranger's, any bytes will do.
 */
#include "engine/audit/witness.h"

#include <stdlib.h>
#include <string.h>

void witness_release(struct witness *w)
{
    tokens_release(&w->tokens);
    free(w->first);
    free(w->matches);
    free(w->term);
    free(w->hidden);
    *w = (struct witness){0};
}

void witness_auto(struct witness *w)
{
    witness_release(w);
}

static void add_match(struct witness *w, uint32_t term, uint32_t row)
{
    if (w->n_matches == w->cap_matches) {
        w->cap_matches = w->cap_matches * 2 + 256;
        w->matches = mem_realloc(w->matches, w->cap_matches * sizeof *w->matches);
    }
    w->matches[w->n_matches++] = (struct match){term, row};
}

static void index_rows(struct witness *w)
{
    size_t lines = w->tokens.n ? w->tokens.v[w->tokens.n - 1].line : 0;
    if (lines + 1 > w->cap_first) {
        w->cap_first = lines + lines / 2 + 1;
        w->first = mem_realloc(w->first, w->cap_first * sizeof *w->first);
    }
    w->n_rows = 0;
    for (size_t i = 0; i < w->tokens.n; i++)
        if (i == 0 || w->tokens.v[i].line != w->tokens.v[i - 1].line)
            w->first[w->n_rows++] = (uint32_t)i;
    w->first[w->n_rows] = (uint32_t)w->tokens.n;
    if (w->n_rows > w->cap_hidden) {
        w->cap_hidden = w->n_rows + w->n_rows / 2;
        w->hidden = mem_realloc(w->hidden, w->cap_hidden * sizeof *w->hidden);
    }
    if (w->n_rows)
        memset(w->hidden, 0, w->n_rows * sizeof *w->hidden);
}

uint32_t witness_line(const struct witness *w, uint32_t row)
{
    if (w->n_rows == 0)
        return 1;
    row = row < 1 ? 1 : row > w->n_rows ? w->n_rows : row;
    return w->tokens.v[w->first[row - 1]].line;
}

uint32_t witness_row_of(const struct witness *w, uint32_t line)
{
    uint32_t lo = 1, hi = w->n_rows;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (witness_line(w, mid) < line)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

void witness_read(struct witness *w, enum lang lang, struct str text, const struct terms *t)
{
    struct lexer_stop stop;
    lexer_run(lang, text, 0, &w->tokens, &stop);
    w->text = text;
    w->lang = lang;
    w->n_matches = 0;
    if (w->tokens.n > w->cap_term) {
        w->cap_term = w->tokens.n + w->tokens.n / 2;
        w->term = mem_realloc(w->term, w->cap_term * sizeof *w->term);
    }
    index_rows(w);
    uint32_t row = 0;
    const struct token *before = NULL;
    bool before_known = false;
    for (size_t i = 0; i < w->tokens.n; i++) {
        const struct token *k = &w->tokens.v[i];
        w->term[i] = TERM_NO;
        row += i == w->first[row];
        if (!term_takes(k))
            continue;
        uint32_t hash, pair;
        if (term_single(k, &hash))
            w->term[i] = terms_find(t, hash);
        /* A short number is no term of its own, but may be half of a pair. */
        bool known = w->term[i] != TERM_NO || k->kind == TOKEN_NUMBER;
        if (w->term[i] < t->n_seed)
            add_match(w, w->term[i], row);
        if (known && before_known && term_pair(before, k, &pair)) {
            uint32_t found = terms_find(t, pair);
            if (found != TERM_NO)
                add_match(w, found, row);
        }
        before = k;
        before_known = known;
    }
}

size_t witness_from(const struct witness *w, uint32_t from)
{
    size_t lo = 0, hi = w->n_matches;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (w->matches[mid].row < from)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

void witness_hide(struct witness *w, uint32_t first, uint32_t last)
{
    if (w->n_rows == 0 || first > last)
        return;
    size_t kept = 0;
    for (uint32_t r = witness_row_of(w, first); r <= w->n_rows && witness_line(w, r) <= last; r++)
        w->hidden[r - 1] = w->hidden[r - 1] || witness_line(w, r) >= first;
    for (size_t i = 0; i < w->n_matches; i++)
        if (!witness_hides(w, w->matches[i].row))
            w->matches[kept++] = w->matches[i];
    w->n_matches = kept;
}

/* --- the function a line stands in --- */

#define FUNCTION_ROWS 2000u /* looked at above a row */

static struct str token_text(const struct witness *w, const struct token *t)
{
    return str_of(w->text.p + t->at, t->len);
}

static bool is_punct(const struct witness *w, const struct token *t, char c)
{
    return t->kind == TOKEN_PUNCT && t->len == 1 && w->text.p[t->at] == c;
}

static uint32_t indent_of(const struct witness *w, const struct token *t)
{
    uint32_t n = 0;
    while (n < t->at && w->text.p[t->at - n - 1] != '\n')
        n++;
    return n;
}

static bool is_keyword(struct str s)
{
    static const char *const words[] = {"def", "func", "function", "sub", "fn", "proc"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq(s, str_c(words[i])))
            return true;
    return false;
}

/* "def name", "func (receiver) name", "name = function (", else empty. */
static struct str named_by_keyword(const struct witness *w, const struct token *t, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (t[i].kind != TOKEN_WORD || !is_keyword(token_text(w, &t[i])))
            continue;
        size_t k = i + 1;
        if (w->lang == LANG_GO && k < n && is_punct(w, &t[k], '(')) {
            while (k < n && !is_punct(w, &t[k], ')'))
                k++;
            k++;
        }
        while (k < n && (is_punct(w, &t[k], '&') || is_punct(w, &t[k], '*')))
            k++;
        if (k < n && t[k].kind == TOKEN_WORD)
            return token_text(w, &t[k]);
        for (k = i; k > 0; k--)
            if (t[k - 1].kind == TOKEN_WORD)
                return token_text(w, &t[k - 1]);
    }
    return STR_NONE;
}

/* A definition at the first column: the word before the first bracket. */
static struct str named_at_column(const struct witness *w, uint32_t row)
{
    size_t n;
    const struct token *t = witness_row(w, row, &n);
    if (n == 0 || t[0].kind != TOKEN_WORD || indent_of(w, &t[0]) != 0)
        return STR_NONE;
    for (size_t i = 0; i < n; i++) {
        if (is_punct(w, &t[i], '=') || is_punct(w, &t[i], ';') || is_punct(w, &t[i], ':'))
            return STR_NONE;
        if (is_punct(w, &t[i], '('))
            return i && t[i - 1].kind == TOKEN_WORD && !is_punct(w, &t[n - 1], ';')
                       ? token_text(w, &t[i - 1])
                       : STR_NONE;
    }
    return STR_NONE;
}

struct str witness_function(const struct witness *w, uint32_t row)
{
    size_t n;
    row = row < w->n_rows ? row : w->n_rows;
    uint32_t here = UINT32_MAX, lowest = row > FUNCTION_ROWS ? row - FUNCTION_ROWS : 1;
    bool columns = w->lang == LANG_C || w->lang == LANG_CPP || w->lang == LANG_OBJC;
    for (uint32_t r = row; r >= lowest && r >= 1; r--) {
        const struct token *t = witness_row(w, r, &n);
        if (columns) {
            if (r < row && is_punct(w, &t[0], '}') && indent_of(w, &t[0]) == 0)
                return STR_NONE;
            struct str s = named_at_column(w, r);
            if (s.n)
                return s;
            continue;
        }
        uint32_t in = indent_of(w, &t[0]);
        if (in < here || r == row) {
            struct str s = named_by_keyword(w, t, n);
            if (s.n)
                return s;
            here = in < here ? in : here;
        }
    }
    return STR_NONE;
}

/* --- votes --- */

void spots_release(struct spots *s)
{
    free(s->v);
    *s = (struct spots){0};
}

void spots_auto(struct spots *s)
{
    spots_release(s);
}

struct voter {
    const struct terms *terms;
    const struct pattern *p;
    uint32_t *of; /* of each term: index in p->terms + 1 */
    uint32_t *count, *begin;
    uint32_t *rows; /* of the matches, by term of the pattern */
    size_t cap_rows;
    int32_t *at; /* lines that one term votes for */
    size_t cap_at;
    double *bend[2]; /* change of slope at each row; then the votes: wide, close */
    size_t cap_bend[2];
    uint32_t *peaks;
    size_t cap_peaks;
};

struct voter *voter_new(const struct terms *t)
{
    struct voter *v = mem_zalloc(sizeof *v);
    v->terms = t;
    v->of = mem_zalloc((t->n_seed + 1) * sizeof *v->of);
    v->count = mem_zalloc((t->n_seed + 2) * sizeof *v->count);
    v->begin = mem_zalloc((t->n_seed + 2) * sizeof *v->begin);
    return v;
}

void voter_free(struct voter *v)
{
    if (!v)
        return;
    free(v->of);
    free(v->count);
    free(v->begin);
    free(v->rows);
    free(v->at);
    free(v->bend[0]);
    free(v->bend[1]);
    free(v->peaks);
    free(v);
}

void voter_auto(struct voter **v)
{
    voter_free(*v);
}

void voter_pattern(struct voter *v, const struct pattern *p)
{
    v->p = p;
    memset(v->of, 0, v->terms->n_seed * sizeof *v->of);
    for (size_t i = 0; i < p->n_terms; i++)
        v->of[p->terms[i].term] = (uint32_t)i + 1;
}

static void *grown(void *p, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return p;
    *cap = need + need / 2;
    return mem_realloc(p, *cap * size);
}

/* Sorts the matches by the pattern's terms. */
static void sort_matches(struct voter *v, const struct witness *w)
{
    size_t n = v->p->n_terms;
    memset(v->count, 0, (n + 1) * sizeof *v->count);
    for (size_t i = 0; i < w->n_matches; i++)
        v->count[v->of[w->matches[i].term]]++;
    uint32_t sum = 0;
    for (size_t i = 1; i <= n; i++) {
        v->begin[i] = sum;
        sum += v->count[i];
    }
    v->begin[n + 1] = sum;
    v->rows = grown(v->rows, &v->cap_rows, sum + 1, sizeof *v->rows);
    for (size_t i = 1; i <= n; i++)
        v->count[i] = v->begin[i];
    for (size_t i = 0; i < w->n_matches; i++) {
        uint32_t t = v->of[w->matches[i].term];
        if (t)
            v->rows[v->count[t]++] = w->matches[i].row;
    }
}

static int by_number(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The roof over triangles of the same height at these places: the votes of one term. */
static void add_roof(double *bend, int32_t reach, const int32_t *at, size_t n, double weight)
{
    const int32_t r = reach + 1;
    double s = weight / r;
    bend += VOTE_WIDE + 1; /* place 0 */
    bend[at[0] - r] += s;
    for (size_t i = 0; i < n; i++) {
        bend[at[i]] -= 2 * s;
        if (i + 1 == n || at[i + 1] - at[i] >= 2 * r) {
            bend[at[i] + r] += s;
            if (i + 1 < n)
                bend[at[i + 1] - r] += s;
        } else {
            int32_t mid = at[i] + at[i + 1];
            bend[mid / 2] += s;
            bend[mid / 2 + mid % 2] += s;
        }
    }
}

static void vote_term(struct voter *v, const struct pattern_term *t, uint32_t from, uint32_t to,
                      int32_t n_rows)
{
    v->at = grown(v->at, &v->cap_at, (size_t)(to - from) * t->n_at + 1, sizeof *v->at);
    size_t n = 0;
    for (uint32_t i = from; i < to; i++) {
        for (size_t k = 0; k < t->n_at; k++) {
            int32_t at = (int32_t)v->rows[i] - t->at[k];
            v->at[n++] = at < 0 ? 0 : at > n_rows ? n_rows : at;
        }
    }
    if (n == 0)
        return;
    if (t->n_at > 1)
        qsort(v->at, n, sizeof *v->at, by_number);
    size_t m = 1;
    for (size_t i = 1; i < n; i++)
        if (v->at[i] != v->at[m - 1])
            v->at[m++] = v->at[i];
    add_roof(v->bend[0], VOTE_WIDE, v->at, m, (double)t->weight);
    add_roof(v->bend[1], VOTE_CLOSE, v->at, m, (double)t->weight);
}

/* Of both curves together (c = 0) or the close one (c = 1): rows that no neighbour beats. */
static size_t find_peaks(struct voter *v, const struct witness *w, double least, int c)
{
    int32_t n_rows = (int32_t)w->n_rows;
    const double *a = v->bend[0] + VOTE_WIDE + 1, *b = v->bend[1] + VOTE_WIDE + 1;
    size_t n = 0;
    double before = 0, now = (c ? 0 : a[1]) + b[1];
    for (int32_t r = 1; r <= n_rows; r++) {
        double next = (c ? 0 : a[r + 1]) + b[r + 1];
        if (now > before && now >= next && a[r] + b[r] >= least && !w->hidden[r - 1])
            v->peaks[n++] = (uint32_t)r;
        before = now;
        now = next;
    }
    return n;
}

static void keep_peaks(struct voter *v, const struct witness *w, size_t most, float least,
                       struct spots *out)
{
    const double *a = v->bend[0] + VOTE_WIDE + 1, *b = v->bend[1] + VOTE_WIDE + 1;
    double all = v->p->weight > 0 ? v->p->weight : 1;
    v->peaks = grown(v->peaks, &v->cap_peaks, (size_t)w->n_rows + 1, sizeof *v->peaks);
    size_t first = out->n;
    for (int c = 0; c < 2; c++) {
        size_t n = find_peaks(v, w, (double)least * all, c);
        size_t end = out->n + most;
        for (size_t k = first; c == 1 && k < out->n; k++) {
            size_t m = 0;
            for (size_t i = 0; i < n; i++)
                if (v->peaks[i] + SPOT_ROWS < out->v[k].row ||
                    v->peaks[i] > out->v[k].row + SPOT_ROWS)
                    v->peaks[m++] = v->peaks[i];
            n = m;
        }
        while (n && out->n < end) {
            size_t best = 0;
            for (size_t i = 1; i < n; i++)
                if (a[v->peaks[i]] + b[v->peaks[i]] > a[v->peaks[best]] + b[v->peaks[best]])
                    best = i;
            uint32_t row = v->peaks[best];
            out->v = grown(out->v, &out->cap, out->n + 1, sizeof *out->v);
            out->v[out->n++] = (struct spot){
                .row = row, .wide = (float)(a[row] / all), .close = (float)(b[row] / all)};
            size_t k = 0;
            for (size_t i = 0; i < n; i++)
                if (v->peaks[i] + SPOT_ROWS < row || v->peaks[i] > row + SPOT_ROWS)
                    v->peaks[k++] = v->peaks[i];
            n = k;
        }
    }
}

static void add_slopes(double *bend, size_t n)
{
    double slope = 0, height = 0;
    for (size_t i = 0; i < n; i++) {
        double b = bend[i];
        height += slope;
        slope += b;
        bend[i] = height;
    }
}

void voter_spots(struct voter *v, const struct witness *w, size_t most, float least,
                 struct spots *out)
{
    int32_t n_rows = (int32_t)w->n_rows;
    size_t size = w->n_rows + 2 * (VOTE_WIDE + 1) + 3;
    for (int c = 0; c < 2; c++) {
        v->bend[c] = grown(v->bend[c], &v->cap_bend[c], size, sizeof *v->bend[c]);
        memset(v->bend[c], 0, size * sizeof *v->bend[c]);
    }
    sort_matches(v, w);
    for (size_t i = 1; i <= v->p->n_terms; i++)
        vote_term(v, &v->p->terms[i - 1], v->begin[i], v->begin[i + 1], n_rows);
    add_slopes(v->bend[0], size);
    add_slopes(v->bend[1], size);
    keep_peaks(v, w, most, least, out);
}
