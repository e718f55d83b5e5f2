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

/* ---- Names of a whole file ---- */

/* Words of one text that are looked at for them. */
#define FILE_WORDS_MAX 400000u

struct file_names {
    struct book *book;
    struct words w[SIDES];
    uint32_t *count[SIDES]; /* by number */
    struct str *to;         /* by number; p NULL: none */
    bool *wanted, *bad;
    uint32_t n;
};

static void file_names_auto(struct file_names *f)
{
    for (int s = 0; s < SIDES; s++) {
        words_auto(&f->w[s]);
        free(f->count[s]);
    }
    book_free(f->book);
    free(f->to);
    free(f->wanted);
    free(f->bad);
}

/* Names that are looked for one by one; with more of them all words are read. */
#define FEW_NAMES 64u

struct few {
    struct str v[FEW_NAMES];
    uint32_t n;
    bool more;
};

static bool words_of(struct book *b, struct str text, size_t from, size_t to, struct words *ret)
{
    struct err why = ERR_INIT;
    struct words_ask ask = {
        .text = text, .from = (uint32_t)from, .to = (uint32_t)to, .max = FILE_WORDS_MAX};
    return words_read(b, &ask, ret, &why) == RC_OK;
}

static bool has_bytes(struct str text, struct str name)
{
    return str_find(text, name) != STR_NPOS;
}

/* Names that one place of the fix has more of after it; the rest of its two texts is the same. */
static void names_brought(const struct three *t, const struct chunk *c, struct few *f)
{
    AUTO(book) struct book *b = book_new();
    AUTO(words) struct words old = {0};
    AUTO(words) struct words new = {0};
    struct words *w[] = {&old, &new};
    for (int s = BASE; s <= FIX; s++) {
        const uint32_t *at = t->lines[s].at;
        if (!words_of(b, t->text[s], at[c->l[s].from], at[c->l[s].to], w[s])) {
            f->more = true;
            return;
        }
    }
    AUTO(mem) int64_t *more = mem_zalloc(((size_t)book_n(b) + 1) * sizeof *more);
    for (int s = BASE; s <= FIX; s++)
        for (uint32_t i = 1; i + 1 < w[s]->n; i++)
            more[w[s]->v[i].id] += s == FIX ? 1 : -1;
    for (uint32_t i = 1; i + 1 < new.n; i++) {
        const struct word *x = &new.v[i];
        struct str name = str_sub(t->text[FIX], x->at, x->len);
        if (x->kind != WORD_NAME || more[x->id] <= 0)
            continue;
        more[x->id] = 0; /* once */
        if (!has_bytes(t->text[BASE], name))
            continue;
        f->more |= f->n == FEW_NAMES;
        if (f->n < FEW_NAMES)
            f->v[f->n++] = name;
    }
}

/* Most fixes bring no name that could be wanted (below): that is seen without reading all words. */
static bool names_likely(const struct three *t)
{
    struct few f = {.n = 0};
    for (uint32_t i = 0; i < t->n_chunks; i++)
        if (t->chunk[i].kind != CHUNK_STABLE && t->chunk[i].kind != CHUNK_RELEASE)
            names_brought(t, &t->chunk[i], &f);
    bool likely = f.more;
    for (uint32_t i = 0; i < f.n && !likely; i++)
        likely = !has_bytes(t->text[RELEASE], f.v[i]);
    if (likely || f.n == 0)
        return likely;
    /* They stand there, but maybe only within other words. */
    AUTO(book) struct book *b = book_new();
    AUTO(words) struct words w = {0};
    if (!words_of(b, t->text[RELEASE], 0, t->text[RELEASE].n, &w))
        return true;
    uint32_t n = book_n(b);
    for (uint32_t i = 0; i < f.n && !likely; i++)
        likely = book_id(b, f.v[i], WORD_NAME) >= n;
    return likely;
}

/* Names that the fix brings more of, that the text before it has and the release has nowhere. */
static bool names_wanted(const struct three *t, struct str made, struct file_names *f)
{
    AUTO(words) struct words got = {0};
    struct words_ask in_made = {.text = made, .to = (uint32_t)made.n, .max = FILE_WORDS_MAX};
    struct err why = ERR_INIT;
    bool any = false;
    f->book = book_new();
    for (int s = 0; s < SIDES; s++) {
        struct words_ask ask = {
            .text = t->text[s], .to = (uint32_t)t->text[s].n, .max = FILE_WORDS_MAX};
        if (words_read(f->book, &ask, &f->w[s], &why) != RC_OK)
            return false;
    }
    if (words_read(f->book, &in_made, &got, &why) != RC_OK)
        return false;
    f->n = book_n(f->book);
    AUTO(mem) bool *there = mem_zalloc((size_t)f->n + 1);
    for (uint32_t i = 1; i + 1 < got.n; i++)
        there[got.v[i].id] = true;
    for (int s = 0; s < SIDES; s++) {
        f->count[s] = mem_zalloc(((size_t)f->n + 1) * sizeof *f->count[s]);
        for (uint32_t i = 1; i + 1 < f->w[s].n; i++)
            f->count[s][f->w[s].v[i].id]++;
    }
    f->to = mem_zalloc(((size_t)f->n + 1) * sizeof *f->to);
    f->wanted = mem_zalloc((size_t)f->n + 1);
    f->bad = mem_zalloc((size_t)f->n + 1);
    for (uint32_t i = 1; i + 1 < f->w[FIX].n; i++) {
        uint32_t a = f->w[FIX].v[i].id;
        f->wanted[a] = f->w[FIX].v[i].kind == WORD_NAME && f->count[BASE][a] > 0 &&
                       f->count[FIX][a] > f->count[BASE][a] && f->count[RELEASE][a] == 0 &&
                       (made.n == 0 || there[a]);
        any |= f->wanted[a];
    }
    return any;
}

static struct str word_bytes(const struct place *p, enum side s, uint32_t word)
{
    return str_sub(p->t->text[s], p->w[s].v[word].at, p->w[s].v[word].len);
}

/* What the release has in place of them, in one chunk. */
static void names_found(const struct place *p, struct file_names *f)
{
    for (uint32_t i = 0; i < p->n_e[RELEASE]; i++) {
        const struct edit *e = &p->e[RELEASE][i];
        for (uint32_t k = 0; names_only(p, e) && k < e->b1 - e->b0; k++) {
            uint32_t a = book_id(f->book, word_bytes(p, BASE, e->b0 + k), WORD_NAME);
            struct str to = word_bytes(p, RELEASE, e->x0 + k);
            uint32_t b = book_id(f->book, to, WORD_NAME);
            if (a >= f->n || b >= f->n || !f->wanted[a])
                continue;
            f->bad[a] |= f->count[BASE][b] > 0 || f->count[FIX][b] > 0;
            f->bad[a] |= f->to[a].p != NULL && !str_eq(f->to[a], to);
            f->to[a] = to;
        }
    }
}

static void write_file(const struct three *t, const struct file_names *f, enum side s,
                       struct buf *out)
{
    size_t at = 0;
    for (uint32_t i = 1; i + 1 < f->w[s].n; i++) {
        const struct word *w = &f->w[s].v[i];
        if (w->kind != WORD_NAME || f->to[w->id].p == NULL || f->bad[w->id])
            continue;
        buf_add(out, str_sub(t->text[s], at, w->at - at));
        buf_add(out, f->to[w->id]);
        at = w->at + w->len;
    }
    buf_add(out, str_sub(t->text[s], at, t->text[s].n - at));
}

bool three_rename(struct three *t, struct str made, struct buf *base, struct buf *fix,
                  struct names *names)
{
    AUTO(file_names) struct file_names f = {0};
    uint64_t budget = t->budget;
    uint32_t before = names->n;
    if (!names_likely(t) || !names_wanted(t, made, &f))
        return false;
    for (uint32_t i = 0; i < t->n_chunks; i++) {
        AUTO(place) struct place p = {0};
        struct err why = ERR_INIT;
        if (t->chunk[i].kind != CHUNK_RELEASE && t->chunk[i].kind != CHUNK_CONFLICT)
            continue;
        if (place_read(t, &t->chunk[i], &p, &why) == RC_OK)
            names_found(&p, &f);
    }
    t->budget = budget;
    for (uint32_t i = 1; i + 1 < f.w[BASE].n && names->n < LADDER_NAMES_MAX; i++) {
        uint32_t a = f.w[BASE].v[i].id;
        if (f.to[a].p == NULL || f.bad[a] || !f.wanted[a])
            continue;
        f.wanted[a] = false; /* once */
        names->v[names->n++] = (struct ladder_name){
            str_sub(t->text[BASE], f.w[BASE].v[i].at, f.w[BASE].v[i].len), f.to[a]};
    }
    if (names->n == before)
        return false;
    write_file(t, &f, BASE, base);
    write_file(t, &f, FIX, fix);
    return !base->over && !fix->over;
}
