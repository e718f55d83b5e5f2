/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that the release has others for.  Where its text differs from that before the fix in names,
 * one for one, the fix is read in the release's names: then only what else differs is left to be
 * put together.  Runs in the engine child on strangers' texts.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/backport/ladder_inside.h"

/* For each number of the place's book. */
struct renaming {
    uint32_t *to;   /* name before the fix -> word of the release that stands for it */
    uint32_t *from; /* name of the release -> the name that it stands for */
    uint32_t n;
};
#define MANY (ALIGN_NONE - 1)

static void renaming_auto(struct renaming *r)
{
    free(r->to);
    free(r->from);
}

static void pair(const struct place *p, struct renaming *r, uint32_t base, uint32_t release)
{
    uint32_t a = p->ids[BASE][base], b = p->ids[RELEASE][release];
    if (a == b)
        return;
    if (r->to[a] == ALIGN_NONE)
        r->to[a] = release;
    else if (r->to[a] != MANY && p->ids[RELEASE][r->to[a]] != b)
        r->to[a] = MANY;
    if (r->from[b] == ALIGN_NONE)
        r->from[b] = a;
    else if (r->from[b] != a)
        r->from[b] = MANY;
}

/* An edit of the release that changes nothing but names. */
static bool names_only(const struct place *p, const struct edit *e)
{
    if (e->b1 - e->b0 != e->x1 - e->x0)
        return false;
    for (uint32_t i = 0; i < e->b1 - e->b0; i++) {
        const struct word *b = &p->w[BASE].v[e->b0 + i], *x = &p->w[RELEASE].v[e->x0 + i];
        if (b->id != x->id && (b->kind != WORD_NAME || x->kind != WORD_NAME))
            return false;
    }
    return true;
}

static void forget(const struct place *p, struct renaming *r, uint32_t a)
{
    if (r->to[a] != ALIGN_NONE && r->to[a] != MANY)
        r->from[p->ids[RELEASE][r->to[a]]] = MANY;
    r->to[a] = MANY;
}

/* A name that the fix takes away for another one, where the release has another one too, is no
 * renaming but a quarrel.  It has to stay somewhere, or to go without anything in its place. */
static void forget_replaced(const struct place *p, struct renaming *r)
{
    AUTO(mem) bool *stays = mem_zalloc(((size_t)r->n + 1) * sizeof *stays);
    for (uint32_t i = 1; i + 1 < p->w[FIX].n; i++)
        stays[p->ids[FIX][i]] = true;
    for (uint32_t i = 0; i < p->n_e[FIX]; i++) {
        const struct edit *e = &p->e[FIX][i];
        for (uint32_t b = e->b0; e->x1 > e->x0 && b < e->b1; b++)
            if (!stays[p->ids[BASE][b]])
                forget(p, r, p->ids[BASE][b]);
    }
}

/* One for one, and no name of the one side means something else on the other. */
static bool renaming_read(const struct place *p, struct renaming *r)
{
    bool any = false;
    r->n = book_n(p->book);
    r->to = mem_alloc(((size_t)r->n + 1) * sizeof *r->to);
    r->from = mem_alloc(((size_t)r->n + 1) * sizeof *r->from);
    for (uint32_t i = 0; i < r->n; i++)
        r->to[i] = r->from[i] = ALIGN_NONE;
    for (uint32_t i = 0; i < p->n_e[RELEASE]; i++) {
        const struct edit *e = &p->e[RELEASE][i];
        for (uint32_t k = 0; names_only(p, e) && k < e->b1 - e->b0; k++)
            pair(p, r, e->b0 + k, e->x0 + k);
    }
    for (uint32_t i = 1; i + 1 < p->w[RELEASE].n; i++) /* the old name is still there */
        forget(p, r, p->ids[RELEASE][i]);
    for (int s = BASE; s <= FIX; s++) /* the new name was there already */
        for (uint32_t i = 1; i + 1 < p->w[s].n; i++)
            r->from[p->ids[s][i]] = MANY;
    forget_replaced(p, r);
    for (uint32_t a = 0; a < r->n; a++) {
        if (r->to[a] == ALIGN_NONE || r->to[a] == MANY)
            continue;
        if (r->from[p->ids[RELEASE][r->to[a]]] == a)
            any = true;
        else
            r->to[a] = MANY;
    }
    return any;
}

static void write_side(const struct place *p, const struct renaming *r, enum side s,
                       struct buf *out)
{
    const struct three *t = p->t;
    uint32_t at = t->lines[s].at[p->c.l[s].from], end = t->lines[s].at[p->c.l[s].to];
    for (uint32_t i = 1; i + 1 < p->w[s].n; i++) {
        const struct word *w = &p->w[s].v[i];
        uint32_t to = r->to[p->ids[s][i]];
        if (to == ALIGN_NONE || to == MANY)
            continue;
        const struct word *x = &p->w[RELEASE].v[to];
        buf_add(out, str_sub(t->text[s], at, w->at - at));
        buf_add(out, str_sub(t->text[RELEASE], x->at, x->len));
        at = w->at + w->len;
    }
    buf_add(out, str_sub(t->text[s], at, end - at));
}

static void add_names(const struct place *p, const struct renaming *r, struct names *names)
{
    AUTO(mem) bool *done = mem_zalloc(((size_t)r->n + 1) * sizeof *done);
    for (uint32_t i = 1; i + 1 < p->w[BASE].n && names->n < LADDER_NAMES_MAX; i++) {
        uint32_t a = p->ids[BASE][i], to = r->to[a];
        if (done[a] || to == ALIGN_NONE || to == MANY)
            continue;
        done[a] = true;
        const struct word *b = &p->w[BASE].v[i], *x = &p->w[RELEASE].v[to];
        names->v[names->n++] = (struct ladder_name){str_sub(p->t->text[BASE], b->at, b->len),
                                                    str_sub(p->t->text[RELEASE], x->at, x->len)};
    }
}

bool place_rename(const struct place *p, struct buf *base, struct buf *fix, struct names *names)
{
    AUTO(renaming) struct renaming r = {0};
    if (!renaming_read(p, &r))
        return false;
    add_names(p, &r, names);
    write_side(p, &r, BASE, base);
    write_side(p, &r, FIX, fix);
    return true;
}

enum rc place_again(struct three *t, const struct place *p, const struct buf *base,
                    const struct buf *fix, struct three *ret_t, struct place *ret, struct err *e)
{
    *ret_t = (struct three){
        .ask = t->ask,
        .text = {buf_str(base), buf_str(fix), three_bytes(t, RELEASE, p->c.l[RELEASE])},
        .book = book_new(),
        .budget = t->budget,
        .indent = t->indent,
        .cr = t->cr};
    struct chunk all = {.kind = CHUNK_CONFLICT};
    for (int s = 0; s < SIDES; s++) {
        TRY(text_lines_read(ret_t->book, ret_t->text[s], t->cr != CR_KEEP, LADDER_LINES_MAX,
                            &ret_t->lines[s], e));
        all.l[s] = (struct range){0, ret_t->lines[s].n};
    }
    enum rc rc = place_read(ret_t, &all, ret, e);
    t->budget = ret_t->budget;
    TRY(rc);
    place_judge(ret);
    return RC_OK;
}
