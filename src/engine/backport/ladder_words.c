/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One place by words: what each side changed, and where the changes meet.  Runs in the engine child
 * on strangers' texts; bounded by LADDER_TOKENS_MAX and the budget of the file.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/backport/ladder_inside.h"

void place_auto(struct place *p)
{
    for (int s = 0; s < SIDES; s++) {
        words_auto(&p->w[s]);
        free(p->ids[s]);
        free(p->map[s]);
        free(p->back[s]);
        free(p->e[s]);
    }
    book_free(p->book);
    free(p->knot);
}

/* Lines of a place as numbers: equal for equal words.  Lines without a name, a number or a string
 * are like no other line. */
struct rows {
    uint32_t *at, *id; /* n + 1 first words; n numbers */
    uint32_t n;
};

static void rows_auto(struct rows *r)
{
    free(r->at);
    free(r->id);
}

static void rows_read(struct book *b, const struct place *p, enum side s, struct rows *ret)
{
    const struct words *w = &p->w[s];
    struct rows *r = ret;
    r->at = mem_alloc(((size_t)w->n + 1) * sizeof *r->at);
    r->id = mem_alloc(((size_t)w->n + 1) * sizeof *r->id);
    for (uint32_t i = 1; i + 1 < w->n;) {
        uint32_t k = i;
        bool tells = false;
        for (; k + 1 < w->n && w->v[k].line == w->v[i].line; k++)
            tells |= w->v[k].kind <= WORD_STRING;
        r->at[r->n] = i;
        /* Alone in its kind: the place itself is its name. */
        r->id[r->n++] =
            tells ? book_id(b, str_of(p->ids[s] + i, (k - i) * sizeof *p->ids[s]), 0)
                  : book_id(b, str_of(&p->w[s].v[i], sizeof p->w[s].v[i]), 1 + (uint8_t)s);
        i = k;
    }
    r->at[r->n] = w->n - 1;
}

static void align_words(struct place *p, struct aligning *how, enum side s, struct range b,
                        struct range x)
{
    align_run(how, p->ids[BASE] + b.from, b.to - b.from, p->ids[s] + x.from, x.to - x.from,
              p->map[s] + b.from);
    for (uint32_t i = b.from; i < b.to; i++)
        if (p->map[s][i] != ALIGN_NONE)
            p->map[s][i] += x.from;
}

/* Lines first, then the words between lines that are the same. */
static void align_side(struct place *p, enum side s, uint64_t *budget)
{
    AUTO(rows) struct rows base = {0};
    AUTO(rows) struct rows side = {0};
    AUTO(book) struct book *b = book_new();
    rows_read(b, p, BASE, &base);
    rows_read(b, p, s, &side);
    AUTO(mem) uint32_t *map = mem_alloc(((size_t)base.n + 1) * sizeof *map);
    struct aligning lines = {.ids = book_n(b), .budget = *budget, .unique = true};
    align_run(&lines, base.id, base.n, side.id, side.n, map);
    struct aligning words = {.ids = book_n(p->book), .budget = lines.budget};
    uint32_t b0 = 1, x0 = 1;
    for (uint32_t i = 0; i <= base.n; i++) {
        if (i < base.n && map[i] == ALIGN_NONE)
            continue;
        uint32_t b1 = base.at[i], x1 = side.at[i < base.n ? map[i] : side.n];
        align_words(p, &words, s, (struct range){b0, b1}, (struct range){x0, x1});
        if (i == base.n)
            break;
        b0 = base.at[i + 1];
        x0 = side.at[map[i] + 1];
        for (uint32_t k = 0; b1 + k < b0; k++)
            p->map[s][b1 + k] = x1 + k;
    }
    *budget = words.budget;
    p->map[s][0] = 0;
    p->map[s][p->w[BASE].n - 1] = p->w[s].n - 1;
}

/* Runs of punctuation between two edits belong to the edits. */
static void drop_islands(struct place *p, enum side s)
{
    uint32_t *map = p->map[s], n = p->w[BASE].n;
    for (uint32_t i = 1; i + 1 < n;) {
        if (map[i] == ALIGN_NONE) {
            i++;
            continue;
        }
        uint32_t k = i;
        bool tells = false;
        do {
            tells |= p->w[BASE].v[k].kind <= WORD_STRING;
            k++;
        } while (k + 1 < n && map[k] == map[k - 1] + 1);
        bool before = map[i - 1] == ALIGN_NONE || map[i] != map[i - 1] + 1;
        bool after = map[k] == ALIGN_NONE || map[k] != map[k - 1] + 1;
        if (before && after && !tells)
            for (uint32_t j = i; j < k; j++)
                map[j] = ALIGN_NONE;
        i = k;
    }
}

static void find_edits(struct place *p, enum side s)
{
    const uint32_t *map = p->map[s];
    uint32_t n = p->w[BASE].n;
    p->e[s] = mem_alloc(n * sizeof *p->e[s]);
    for (uint32_t b = 0; b + 1 < n;) {
        uint32_t k = b + 1;
        while (map[k] == ALIGN_NONE)
            k++;
        if (k > b + 1 || map[k] != map[b] + 1)
            p->e[s][p->n_e[s]++] = (struct edit){b + 1, k, map[b] + 1, map[k], false};
        b = k;
    }
}

static void add_knot(struct place *p, struct range base, uint32_t f0, uint32_t f1, uint32_t r0,
                     uint32_t r1)
{
    struct knot *k = &p->knot[p->n_knots++];
    *k = (struct knot){
        .w[BASE] = base, .e[FIX] = {f0, f1}, .e[RELEASE] = {r0, r1}, .rule = "", .why = ""};
    for (int s = FIX; s <= RELEASE; s++)
        k->w[s] = (struct range){p->map[s][base.from - 1] + 1, p->map[s][base.to]};
}

static void find_knots(struct place *p)
{
    uint32_t f = 0, r = 0, nf = p->n_e[FIX], nr = p->n_e[RELEASE];
    p->knot = mem_alloc(((size_t)nf + nr + 1) * sizeof *p->knot);
    while (f < nf || r < nr) {
        uint32_t f0 = f, r0 = r;
        const struct edit *first = r == nr || (f < nf && p->e[FIX][f].b0 <= p->e[RELEASE][r].b0)
                                       ? &p->e[FIX][f++]
                                       : &p->e[RELEASE][r++];
        struct range base = {first->b0, first->b1};
        for (;;) {
            if (f < nf && p->e[FIX][f].b0 <= base.to)
                first = &p->e[FIX][f++];
            else if (r < nr && p->e[RELEASE][r].b0 <= base.to)
                first = &p->e[RELEASE][r++];
            else
                break;
            base.to = base.to > first->b1 ? base.to : first->b1;
        }
        add_knot(p, base, f0, f, r0, r);
    }
}

/* Marks the lines of base that edits of a side change: lines that lose a word, and lines that get
 * one between two of theirs or at an end. */
static void mark_lines(const struct place *p, enum side s, struct range edits, unsigned char *mark)
{
    const struct word *b = p->w[BASE].v, *x = p->w[s].v;
    uint32_t top = p->c.l[BASE].from;
    for (uint32_t i = edits.from; i < edits.to; i++) {
        const struct edit *e = &p->e[s][i];
        if (edit_comments(p, s, e))
            continue;
        for (uint32_t k = e->b0; k < e->b1; k++)
            mark[b[k].line - top] |= 1 << s;
        if (e->x0 == e->x1)
            continue;
        if (e->b0 > 1 && x[e->x0].line == x[e->x0 - 1].line)
            mark[b[e->b0 - 1].line - top] |= 1 << s;
        if (e->b1 + 1 < p->w[BASE].n && x[e->x1 - 1].line == x[e->x1].line)
            mark[b[e->b1].line - top] |= 1 << s;
    }
}

void place_shared(struct place *p)
{
    p->shared_line = false;
    uint32_t n = p->c.l[BASE].to - p->c.l[BASE].from;
    AUTO(mem) unsigned char *mark = mem_zalloc((size_t)n + 1);
    for (int s = FIX; s <= RELEASE; s++)
        mark_lines(p, s, (struct range){0, p->n_e[s]}, mark);
    for (uint32_t i = 0; i < n; i++)
        p->shared_line |= mark[i] == (1 << FIX | 1 << RELEASE);
}

enum rc place_read(struct three *t, const struct chunk *c, struct place *ret, struct err *e)
{
    struct place *p = ret;
    p->t = t;
    p->c = *c;
    p->rule = p->why = "";
    p->book = book_new();
    for (int s = 0; s < SIDES; s++) {
        struct words_ask ask = {.text = t->text[s],
                                .from = t->lines[s].at[c->l[s].from],
                                .to = t->lines[s].at[c->l[s].to],
                                .line = c->l[s].from,
                                .max = LADDER_TOKENS_MAX,
                                .indent = t->indent};
        TRY(words_read(p->book, &ask, &p->w[s], e));
        p->ids[s] = mem_alloc(p->w[s].n * sizeof *p->ids[s]);
        for (uint32_t i = 0; i < p->w[s].n; i++)
            p->ids[s][i] = p->w[s].v[i].id;
    }
    for (int s = FIX; s <= RELEASE; s++) {
        p->map[s] = mem_alloc(p->w[BASE].n * sizeof *p->map[s]);
        align_side(p, s, &t->budget);
        drop_islands(p, s);
        find_edits(p, s);
        p->back[s] = mem_alloc(p->w[s].n * sizeof *p->back[s]);
        for (uint32_t i = 0; i < p->w[s].n; i++)
            p->back[s][i] = ALIGN_NONE;
        for (uint32_t i = 0; i < p->w[BASE].n; i++)
            if (p->map[s][i] != ALIGN_NONE)
                p->back[s][p->map[s][i]] = i;
    }
    find_knots(p);
    place_shared(p);
    return RC_OK;
}
