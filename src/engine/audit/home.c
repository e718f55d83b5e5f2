/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds a seed's own place in what is searched, and compares what surrounds it.  Runs in the engine
 * child and in commands; the texts are a stranger's.
 */
#include "engine/audit/home.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A place is a home with so much of the pattern, or with less when the fix stands there. */
#define CHAIN_LEAST       0.8F
#define CHAIN_LEAST_FIXED 0.35F
#define FRESH_LEAST       0.6F
/* What the fix added counts so much beside what was there before. */
#define FRESH_COUNTS 0.3F
/* Places so alike are told apart by their distance. */
#define ALIKE      0.03F
#define HOME_SPOTS 24u
/* Of a word that the home does not have: about that of any word. */
#define OTHER_IDF 5.0

const struct home_place *home_in(const struct home *h, uint32_t file)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->places[i].file == file)
            return &h->places[i];
    return NULL;
}

/* --- rows around a place --- */

static uint32_t indent_of(const struct witness *w, const struct token *t)
{
    uint32_t n = 0;
    while (n < t->at && w->text.p[t->at - n - 1] != '\n')
        n++;
    return n;
}

/* Does a function end with this row?  A closing brace at the first column; in languages that indent
 * instead, a definition at the first column or a method's. */
static bool closes(const struct witness *w, uint32_t row)
{
    size_t n;
    const struct token *t = witness_row(w, row, &n);
    return n && t[0].kind == TOKEN_PUNCT && w->text.p[t[0].at] == '}' && indent_of(w, &t[0]) == 0;
}

static bool opens(const struct witness *w, uint32_t row)
{
    size_t n;
    const struct token *t = witness_row(w, row, &n);
    if (n == 0 || t[0].kind != TOKEN_WORD)
        return false;
    struct str s = str_of(w->text.p + t[0].at, t[0].len);
    return str_eq(s, STR("def")) || str_eq(s, STR("class")) || str_eq(s, STR("sub")) ||
           str_eq(s, STR("function")) || str_eq(s, STR("func"));
}

void rows_around(const struct witness *w, uint32_t row, uint32_t *ret_from, uint32_t *ret_to)
{
    row = row < 1 ? 1 : row > w->n_rows ? w->n_rows : row;
    uint32_t from = row, to = row;
    while (from > 1 && row - from < HOME_ROWS && !closes(w, from - 1) && !opens(w, from))
        from--;
    while (to < w->n_rows && to - row < HOME_ROWS && !closes(w, to) && !opens(w, to + 1))
        to++;
    *ret_from = from;
    *ret_to = to;
}

/* --- homes --- */

struct finder {
    struct view *v;
    struct terms *t;
    struct arena *a;
    struct voter *voter;
    struct aligner *aligner;
    struct witness w;
    struct spots spots;
    float *around;
    size_t n_words;
};

static void finder_auto(struct finder *f)
{
    voter_free(f->voter);
    aligner_free(f->aligner);
    witness_release(&f->w);
    spots_release(&f->spots);
}

static uint32_t distance(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

/* The row of the home in the file that was read; 0: there is none. */
static uint32_t best_row(struct finder *f, const struct pattern *p, float *ret_fixed)
{
    f->spots.n = 0;
    voter_spots(f->voter, &f->w, HOME_SPOTS, 0.1F, &f->spots);
    uint32_t best = 0;
    float best_worth = 0;
    for (size_t i = 0; i <= f->spots.n; i++) {
        uint32_t row = i < f->spots.n ? f->spots.v[i].row : witness_row_of(&f->w, p->seed->start);
        struct likeness l;
        aligner_at(f->aligner, &f->w, row, &l);
        if (l.chain < CHAIN_LEAST_FIXED || (l.chain < CHAIN_LEAST && l.fresh < FRESH_LEAST))
            continue;
        float worth = l.chain + FRESH_COUNTS * (l.fresh > 0 ? l.fresh : 0);
        uint32_t far = distance(witness_line(&f->w, row), p->seed->start);
        if (best == 0 || worth > best_worth + ALIKE ||
            (worth > best_worth - ALIKE &&
             far < distance(witness_line(&f->w, best), p->seed->start))) {
            best = row;
            best_worth = worth;
            *ret_fixed = l.fresh;
        }
    }
    return best;
}

static enum rc add_word(struct finder *f, const struct token *t, struct err *e)
{
    uint32_t hash;
    if (!term_takes(t) || !term_single(t, &hash))
        return RC_OK;
    uint32_t term = terms_find(f->t, hash);
    if (term == TERM_NO) {
        if (f->n_words == HOME_WORDS_MAX || f->t->n == f->t->cap)
            return RC_OK;
        f->n_words++;
        term = terms_add(f->t, hash, false, STR_NONE);
        TRY(view_df(f->v, hash, &f->t->v[term].df, e));
        term_weigh(&f->t->v[term], f->v->n_chunks);
    }
    f->around[term] = f->t->v[term].idf;
    return RC_OK;
}

static enum rc look_around(struct finder *f, uint32_t row, struct err *e)
{
    uint32_t from, to;
    rows_around(&f->w, row, &from, &to);
    for (uint32_t i = f->w.first[from - 1]; i < f->w.first[to]; i++)
        TRY(add_word(f, &f->w.tokens.v[i], e));
    return RC_OK;
}

static enum rc find_home(struct finder *f, const struct pattern *p, struct home *ret, struct err *e)
{
    uint32_t file = view_find(f->v, p->seed->path);
    for (; ret->n < HOME_FILES_MAX && file < f->v->n_files; file++) {
        const struct view_file *vf = &f->v->files[file];
        struct str text;
        if (!str_eq(vf->path, p->seed->path))
            break;
        enum rc rc = view_text(f->v, file, &text, e);
        if (rc == RC_NOTFOUND)
            continue;
        TRY(rc);
        witness_read(&f->w, vf->lang, text, f->t);
        float fixed = -1;
        uint32_t row = f->w.n_rows ? best_row(f, p, &fixed) : 0;
        if (row == 0)
            continue;
        uint32_t rows = p->n_changed_old > p->n_changed_new ? p->n_changed_old : p->n_changed_new;
        ret->places[ret->n++] =
            (struct home_place){.file = file,
                                .line = witness_line(&f->w, row),
                                .end = witness_line(&f->w, row + (rows ? rows - 1 : 0)),
                                .fixed = fixed};
        if (ret->function.n == 0)
            ret->function = arena_str(f->a, witness_function(&f->w, row));
        TRY(look_around(f, row, e));
    }
    return RC_OK;
}

enum rc homes_find(struct view *v, struct terms *t, const struct pattern *p, size_t n,
                   struct arena *a, struct home *ret, struct err *e)
{
    AUTO(finder)
    struct finder f = {.v = v, .t = t, .a = a, .voter = voter_new(t), .aligner = aligner_new(t)};
    for (size_t k = 0; k < n; k++) {
        struct home *h = &ret[k];
        *h = (struct home){.function = p[k].seed->function};
        f.around = arena_array(a, t->cap, sizeof *f.around);
        TRY(arena_ok(a, "words around the seeds", e));
        f.n_words = 0;
        voter_pattern(f.voter, &p[k]);
        aligner_pattern(f.aligner, &p[k]);
        TRY(find_home(&f, &p[k], h, e));
        /* Not there any more: the lines of the seed have to do. */
        for (size_t i = 0; h->n == 0 && i < p[k].n_old; i++)
            if (p[k].old[i].term != TERM_NO)
                f.around[p[k].old[i].term] = t->v[p[k].old[i].term].idf;
        h->around = f.around;
        h->n_around = t->n;
        for (size_t i = 0; i < t->n; i++) {
            h->all += (double)f.around[i];
            h->norm += (double)(f.around[i] * f.around[i]);
        }
    }
    return arena_ok(a, "words around the seeds", e);
}

/* --- surroundings --- */

struct surveyor {
    uint32_t *seen; /* of each term: in which round */
    uint32_t round;
};

struct surveyor *surveyor_new(const struct terms *t)
{
    struct surveyor *s = mem_zalloc(sizeof *s);
    s->seen = mem_zalloc((t->n + 1) * sizeof *s->seen);
    return s;
}

void surveyor_free(struct surveyor *s)
{
    if (!s)
        return;
    free(s->seen);
    free(s);
}

void surveyor_auto(struct surveyor **s)
{
    surveyor_free(*s);
}

void surveyor_at(struct surveyor *s, const struct home *h, const struct witness *w, uint32_t row,
                 struct surroundings *ret)
{
    *ret = (struct surroundings){0};
    if (w->n_rows == 0 || h->all <= 0)
        return;
    uint32_t from, to;
    rows_around(w, row, &from, &to);
    double common = 0, dot = 0, other = 0;
    s->round++;
    for (uint32_t i = w->first[from - 1]; i < w->first[to]; i++) {
        uint32_t t = w->term[i];
        if (t == TERM_NO || t >= h->n_around || h->around[t] <= 0) {
            other += term_takes(&w->tokens.v[i]);
            continue;
        }
        if (s->seen[t] == s->round)
            continue;
        s->seen[t] = s->round;
        common += (double)h->around[t];
        dot += (double)(h->around[t] * h->around[t]);
    }
    ret->share = (float)(common / h->all);
    /* Words that the home lacks are counted as often as they stand there: half of them repeat. */
    ret->cosine = (float)(dot / sqrt(h->norm * (dot + other / 2 * OTHER_IDF * OTHER_IDF) + 1e-9));
}
