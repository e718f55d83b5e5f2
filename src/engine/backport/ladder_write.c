/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a place from the ways that were chosen: words in order, and between them the white
 * space of the side that has the two words next to each other.  Runs in the engine child.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/backport/ladder_inside.h"

struct out {
    uint32_t at[SIDES]; /* the word on each side that has it, or ALIGN_NONE */
};

struct writer {
    const struct place *p;
    struct buf *buf;
    struct out last;
    bool any;
};

static bool next_to(const struct writer *w, const struct out *o, enum side s)
{
    return w->last.at[s] != ALIGN_NONE && o->at[s] == w->last.at[s] + 1;
}

/* What stands in front of a word, or behind it. */
static struct str gap(const struct place *p, enum side s, uint32_t word)
{
    const struct word *a = &p->w[s].v[word - 1], *b = &p->w[s].v[word];
    return str_sub(p->t->text[s], a->at + a->len, b->at - a->at - a->len);
}

static bool breaks(struct str s)
{
    return str_chr(s, '\n') != STR_NPOS;
}

/* The lines of a place are whole: nothing in front of its first one, no half line at its end. */
static struct str at_edge(struct str s, bool begin)
{
    if (begin) {
        size_t lf = str_chr(s, '\n');
        return lf == STR_NPOS ? s : str_sub(s, lf + 1, s.n);
    }
    size_t lf = str_rchr(s, '\n');
    return lf == STR_NPOS ? s : str_sub(s, 0, lf + 1);
}

/* The line of a word is a comment up to its end, or may be one. */
static bool may_be_comment(const struct place *p, enum side s, uint32_t word)
{
    const struct word *v = p->w[s].v;
    for (uint32_t i = word + 1; i-- > 0 && v[i].line == v[word].line;) {
        char c = v[i].kind == WORD_PUNCT ? p->t->text[s].p[v[i].at] : 0;
        if (c == '#' || c == ';' || c == '%' ||
            ((c == '/' || c == '-') && v[i].len == 2 && p->t->text[s].p[v[i].at + 1] == c))
            return true;
    }
    return false;
}

static void put_blanks(struct writer *w, enum side s, struct str blanks)
{
    if (s == FIX)
        three_put_fix(w->p->t, blanks, w->buf);
    else
        buf_add(w->buf, blanks);
}

/* Behind the first edge, or in front of the last one: at most one of them has a text. */
static void put_edge(struct writer *w, const struct out *o, enum side a, enum side b)
{
    const struct place *p = w->p;
    bool begin = w->last.at[a] == 0;
    if (begin && o->at[b] + 1 == p->w[b].n)
        return;
    if (!begin)
        put_blanks(w, a, at_edge(gap(p, a, w->last.at[a] + 1), false));
    else if (o->at[b] == 1)
        put_blanks(w, b, gap(p, b, 1));
    else
        put_blanks(w, b, at_edge(gap(p, b, o->at[b]), true));
}

/* Between two words that were not next to each other anywhere. */
static void put_seam(struct writer *w, const struct out *o)
{
    const struct place *p = w->p;
    enum side a = w->last.at[RELEASE] != ALIGN_NONE ? RELEASE : FIX;
    enum side b = o->at[RELEASE] != ALIGN_NONE ? RELEASE : FIX;
    if (w->last.at[a] == 0 || o->at[b] + 1 == p->w[b].n) {
        put_edge(w, o, a, b);
        return;
    }
    struct str behind = gap(p, a, w->last.at[a] + 1), front = gap(p, b, o->at[b]);
    bool tell_apart =
        p->w[a].v[w->last.at[a]].kind <= WORD_STRING && p->w[b].v[o->at[b]].kind <= WORD_STRING;
    if (breaks(front)) {
        put_blanks(w, b, front);
    } else if (o->at[b] == 1 && breaks(behind)) { /* the first line of the place */
        put_blanks(w, a, at_edge(behind, false));
        put_blanks(w, b, front);
    } else if (breaks(behind) && (b == RELEASE || may_be_comment(p, a, w->last.at[a]))) {
        put_blanks(w, a, behind);
    } else { /* what the fix brings on a line goes on with the line */
        put_blanks(w, b, front.n == 0 && tell_apart ? STR(" ") : front);
    }
}

static void put_gap(struct writer *w, const struct out *o)
{
    const struct place *p = w->p;
    if (next_to(w, o, RELEASE)) {
        struct str s = gap(p, RELEASE, o->at[RELEASE]);
        bool fix =
            next_to(w, o, FIX) && next_to(w, o, BASE) && str_eq(s, gap(p, BASE, o->at[BASE]));
        put_blanks(w, fix ? FIX : RELEASE, fix ? gap(p, FIX, o->at[FIX]) : s);
    } else if (next_to(w, o, FIX)) {
        put_blanks(w, FIX, gap(p, FIX, o->at[FIX]));
    } else {
        put_seam(w, o);
    }
}

static void put(struct writer *w, struct out o)
{
    const struct place *p = w->p;
    if (w->any)
        put_gap(w, &o);
    enum side s = o.at[RELEASE] != ALIGN_NONE ? RELEASE : FIX;
    buf_add(w->buf, str_sub(p->t->text[s], p->w[s].v[o.at[s]].at, p->w[s].v[o.at[s]].len));
    w->last = o;
    w->any = true;
}

static void put_base(struct writer *w, uint32_t b)
{
    put(w, (struct out){{b, w->p->map[FIX][b], w->p->map[RELEASE][b]}});
}

/* All of one side. */
static void put_side(struct writer *w, enum side s, struct range r)
{
    enum side t = s == FIX ? RELEASE : FIX;
    for (uint32_t i = r.from; i < r.to; i++) {
        struct out o = {{ALIGN_NONE, ALIGN_NONE, ALIGN_NONE}};
        o.at[BASE] = w->p->back[s][i];
        o.at[s] = i;
        o.at[t] = o.at[BASE] == ALIGN_NONE ? ALIGN_NONE : w->p->map[t][o.at[BASE]];
        put(w, o);
    }
}

static void put_new(struct writer *w, enum side s, const struct edit *e)
{
    for (uint32_t i = e->x0; i < e->x1; i++) {
        struct out o = {{ALIGN_NONE, ALIGN_NONE, ALIGN_NONE}};
        o.at[s] = i;
        put(w, o);
    }
}

static void put_edits(struct writer *w, const struct knot *k, bool release_first)
{
    const struct place *p = w->p;
    const struct edit *f = p->e[FIX] + k->e[FIX].from, *r = p->e[RELEASE] + k->e[RELEASE].from;
    const struct edit *f_end = p->e[FIX] + k->e[FIX].to, *r_end = p->e[RELEASE] + k->e[RELEASE].to;
    uint32_t gone = k->w[BASE].from;
    for (uint32_t b = k->w[BASE].from; b <= k->w[BASE].to; b++) {
        bool fix = f < f_end && f->b0 == b, release = r < r_end && r->b0 == b;
        /* What only comes stands in front of what takes the place of something. */
        bool first = release && (!fix || (r->b0 == r->b1 && f->b0 < f->b1) ||
                                 (release_first && (r->b0 == r->b1 || f->b0 < f->b1)));
        for (int turn = 0; turn < 2; turn++) {
            if (release && first == (turn == 0)) {
                put_new(w, RELEASE, r);
                gone = r->b1 > gone ? r->b1 : gone;
                r++;
            } else if (fix && first == (turn == 1)) {
                if (!f->drop) {
                    put_new(w, FIX, f);
                    gone = f->b1 > gone ? f->b1 : gone;
                }
                f++;
            }
        }
        if (b >= gone && b < k->w[BASE].to)
            put_base(w, b);
    }
}

static void put_knot(struct writer *w, const struct knot *k, unsigned which)
{
    if (k->e[FIX].from == k->e[FIX].to) {
        put_side(w, RELEASE, k->w[RELEASE]);
        return;
    }
    if (k->e[RELEASE].from == k->e[RELEASE].to) {
        put_side(w, FIX, k->w[FIX]);
        return;
    }
    switch (k->way[which < k->n_ways ? which : 0]) {
    case WAY_RELEASE:
        put_side(w, RELEASE, k->w[RELEASE]);
        break;
    case WAY_FIX:
        put_side(w, FIX, k->w[FIX]);
        break;
    case WAY_EDITS:
        put_edits(w, k, false);
        break;
    default:
        put_edits(w, k, true);
    }
}

unsigned place_ways(const struct place *p)
{
    unsigned n = 1;
    for (uint32_t i = 0; i < p->n_knots; i++)
        n = p->knot[i].n_ways > n ? p->knot[i].n_ways : n;
    return n;
}

void place_write(const struct place *p, unsigned which, struct buf *out)
{
    struct writer w = {.p = p, .buf = out};
    uint32_t b = 0, n = p->w[BASE].n;
    for (uint32_t i = 0; i < p->n_knots; i++) {
        for (; b < p->knot[i].w[BASE].from; b++)
            put_base(&w, b);
        put_knot(&w, &p->knot[i], which);
        b = p->knot[i].w[BASE].to;
    }
    for (; b < n; b++)
        put_base(&w, b);
}
