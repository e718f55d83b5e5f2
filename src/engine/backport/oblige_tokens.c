/* SPDX-License-Identifier: Apache-2.0 */
/*
 * O1, O3, O6: what came and went, counted in tokens, names and lines.  Runs in commands and in the
 * engine child; the texts are a stranger's.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/backport/oblige_inside.h"

/* ---- Counting ---- */

struct count { /* of one token in the four texts */
    uint32_t hash;
    int32_t of[SIDE_COUNT];
    uint32_t at; /* a place in the text of side */
    uint8_t side;
};

struct seen_token {
    uint32_t hash, at;
    uint8_t side;
};

static int by_token(const void *a, const void *b)
{
    const struct seen_token *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->side < y->side ? -1 : x->side > y->side;
}

/* A name that the candidate has the release's for counts as that one. */
static uint32_t hash_of(const struct piece *p, const struct token *t)
{
    const struct bp_file *f = p->file;
    for (size_t i = 0; i < f->n_names && i < LADDER_NAMES_MAX; i++)
        if (t->hash == p->names[i])
            return token_hash(f->names[i].to);
    return t->hash;
}

/* Tokens on marked lines of both comparisons. */
static size_t changed_tokens(const struct piece *p, struct seen_token *v)
{
    const struct line_marks *marks[SIDE_COUNT] = {&p->fix_gone, &p->fix_new, &p->made_gone,
                                                  &p->made_new};
    size_t n = 0;
    for (enum side k = SIDE_BASE; k < SIDE_COUNT; k++) {
        const struct code *c = p->code[k];
        for (size_t i = 0; marks[k]->marked && i < c->n; i++) {
            if (!line_marked(marks[k], c->v[i].line))
                continue;
            if (v)
                v[n] = (struct seen_token){hash_of(p, &c->v[i]), (uint32_t)i, (uint8_t)k};
            n++;
        }
    }
    return n;
}

/* One entry for each token of changed lines. */
static struct count *count_tokens(struct oblige *o, const struct piece *p, size_t *ret_n)
{
    size_t n = changed_tokens(p, NULL), kept = 0;
    *ret_n = 0;
    AUTO(mem) struct seen_token *v = mem_alloc((n + 1) * sizeof *v);
    changed_tokens(p, v);
    qsort(v, n, sizeof *v, by_token);
    struct count *counts = arena_array(o->a, n + 1, sizeof *counts);
    for (size_t i = 0; counts && i < n; i++) {
        if (kept == 0 || counts[kept - 1].hash != v[i].hash)
            counts[kept++] = (struct count){.hash = v[i].hash};
        struct count *c = &counts[kept - 1];
        c->of[v[i].side]++;
        c->at = v[i].at;
        c->side = v[i].side;
    }
    *ret_n = kept;
    return counts;
}

/* ---- O1 ---- */

static void contained(struct oblige *o, const struct piece *p)
{
    size_t n;
    const struct count *v = count_tokens(o, p, &n);
    const struct count *more = NULL, *less = NULL;
    size_t n_more = 0, n_less = 0;
    for (size_t i = 0; i < n; i++) {
        int fix = v[i].of[SIDE_FIX] - v[i].of[SIDE_BASE];
        int made = v[i].of[SIDE_MADE] - v[i].of[SIDE_RELEASE];
        /* going further in the fix's direction, or the other way */
        if ((made > fix && made > 0) || (made < fix && made < 0)) {
            n_more++;
            if (more == NULL || p->code[v[i].side]->v[v[i].at].kind == TOKEN_WORD)
                more = &v[i];
        } else if (made != fix) {
            n_less++;
            if (less == NULL || p->code[v[i].side]->v[v[i].at].kind == TOKEN_WORD)
                less = &v[i];
        }
    }
    struct obligation head = {.id = OBLIGE_CONTAINED,
                              .result = OBLIGE_FAIL,
                              .class = p->file->class,
                              .path = p->file->path};
    if (more) {
        const struct code *c = p->code[more->side];
        head.why = OBLIGE_WHY_MORE;
        head.line = more->side == SIDE_MADE ? c->v[more->at].line : 0;
        oblige_say(o, &head,
                   "%zu kinds of tokens come or go in %.*s more often than in the fix, "
                   "\"%.*s\" among them",
                   n_more, STR_ARG(head.path), STR_ARG(code_token(c, more->at)));
    }
    if (less) {
        const struct code *c = p->code[less->side];
        head.why = OBLIGE_WHY_LESS;
        head.line = less->side == SIDE_MADE ? c->v[less->at].line : 0;
        oblige_say(o, &head,
                   "%zu kinds of tokens that the fix brings or takes in %.*s do not come "
                   "or go here, \"%.*s\" among them",
                   n_less, STR_ARG(head.path), STR_ARG(code_token(c, less->at)));
    }
}

/* ---- O3 ---- */

static size_t find_name(const struct code *c, const struct code *like, size_t at)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->v[i].hash == like->v[at].hash && c->v[i].kind == TOKEN_WORD &&
            str_eq(code_token(c, i), code_token(like, at)))
            return i;
    }
    return SIZE_MAX;
}

/* Names whose declaration the fix takes away and that it leaves nowhere in its files. */
static void names_gone(struct oblige *o, const struct piece *p)
{
    const struct code *base = p->code[SIDE_BASE];
    if (!ident_lang(base->lang))
        return;
    for (size_t i = 0; p->fix_gone.marked && i < base->n; i++) {
        if (!line_marked(&p->fix_gone, base->v[i].line) || !code_name(base, i) ||
            !ident_declares(base, i))
            continue;
        uint32_t hash = base->v[i].hash;
        bool left = false;
        for (size_t k = 0; k < o->n && !left; k++) {
            const struct piece *q = &o->pieces[k];
            left = q->set[SIDE_FIX] && ident_find(q->set[SIDE_FIX], hash) != IDENT_NO;
        }
        if (left || !p->set[SIDE_MADE] || ident_find(p->set[SIDE_MADE], hash) == IDENT_NO)
            continue;
        size_t at = find_name(p->code[SIDE_MADE], base, i);
        if (at == SIZE_MAX)
            continue;
        struct obligation head = {.id = OBLIGE_GONE_NAMES,
                                  .result = OBLIGE_FAIL,
                                  .why = OBLIGE_WHY_LEFT,
                                  .class = p->file->class,
                                  .path = p->file->path,
                                  .line = p->code[SIDE_MADE]->v[at].line};
        oblige_say(o, &head, "the fix takes %.*s away everywhere, but %.*s:%u still has it",
                   STR_ARG(code_token(base, i)), STR_ARG(head.path), head.line);
    }
}

/* ---- O6 ---- */

static uint64_t line_hash(const struct code *c, size_t from, size_t *ret_next)
{
    uint64_t h = 0;
    size_t i = from;
    for (; i < c->n && c->v[i].line == c->v[from].line; i++)
        h = (h ^ c->v[i].hash) * UINT64_C(0x9e3779b97f4a7c15) + 1;
    *ret_next = i;
    return h;
}

static unsigned lines_like(const struct code *c, uint64_t hash, uint32_t *ret_line)
{
    unsigned n = 0;
    for (size_t i = 0, next; i < c->n; i = next) {
        if (line_hash(c, i, &next) == hash) {
            *ret_line = c->v[i].line;
            n++;
        }
    }
    return n;
}

#define LINE_TOKENS 4u /* shorter lines stand everywhere */
#define LINES_ASKED 400u

static void lines_gone(struct oblige *o, const struct piece *p)
{
    const struct code *base = p->code[SIDE_BASE];
    unsigned asked = 0, left = 0;
    uint32_t first = 0;
    for (size_t i = 0, next; p->fix_gone.marked && i < base->n; i = next) {
        uint64_t hash = line_hash(base, i, &next);
        uint32_t line = 0, made_line = 0;
        if (!line_marked(&p->fix_gone, base->v[i].line) || next - i < LINE_TOKENS ||
            ++asked > LINES_ASKED)
            continue;
        unsigned before = lines_like(base, hash, &line);
        unsigned after = lines_like(p->code[SIDE_FIX], hash, &line);
        unsigned release = lines_like(p->code[SIDE_RELEASE], hash, &line);
        unsigned made = lines_like(p->code[SIDE_MADE], hash, &made_line);
        if (after >= before || release == 0)
            continue;
        unsigned fewer = before - after;
        if (made + (fewer < release ? fewer : release) <= release)
            continue;
        if (left++ == 0)
            first = made_line;
    }
    if (left == 0)
        return;
    struct obligation head = {.id = OBLIGE_GONE_LINES,
                              .result = OBLIGE_FAIL,
                              .why = OBLIGE_WHY_LINE,
                              .class = p->file->class,
                              .path = p->file->path,
                              .line = first};
    if (left == 1)
        oblige_say(o, &head, "the fix deletes a line that is still in %.*s:%u", STR_ARG(head.path),
                   first);
    else
        oblige_say(o, &head,
                   "the fix deletes %u lines that are still in %.*s, the first in line %u", left,
                   STR_ARG(head.path), first);
}

void oblige_tokens(struct oblige *o)
{
    for (size_t i = 0; i < o->n; i++) {
        const struct piece *p = &o->pieces[i];
        if (!p->readable || p->file->how == BP_LEFT_OUT)
            continue;
        if (p->code[SIDE_BASE] == p->code[SIDE_RELEASE] && p->code[SIDE_FIX] == p->code[SIDE_MADE])
            continue; /* the fix's own file */
        for (size_t k = 0; k < p->file->n_names && k < LADDER_NAMES_MAX; k++)
            o->pieces[i].names[k] = token_hash(p->file->names[k].from);
        contained(o, p);
        names_gone(o, p);
        lines_gone(o, p);
    }
}
