/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content-defined pieces of a file.  Runs in commands and in the engine child; tokens are those of
 * a stranger's text, any values do.
 */
#include "engine/audit/chunk.h"

#include <stdlib.h>

#define KEY_SEED UINT64_C(0x9ae16a3b2f90404f)
#define KEY_MUL  UINT64_C(0x9ddfea08eb382d69)

void chunks_release(struct chunks *c)
{
    free(c->v);
    *c = (struct chunks){0};
}

void chunks_auto(struct chunks *c)
{
    chunks_release(c);
}

static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ h >> 33;
}

static struct chunk *add(struct chunks *c)
{
    if (c->n == c->cap) {
        c->cap = c->cap + c->cap / 2 + 64;
        c->v = mem_realloc(c->v, c->cap * sizeof *c->v);
    }
    return &c->v[c->n++];
}

struct cutter {
    enum lang lang;
    struct chunks *out;
    uint32_t line;  /* where the open piece begins */
    uint32_t first; /* its first token */
    uint32_t used;  /* lines with tokens in it */
    uint64_t key;
};

static void begin(struct cutter *c, uint32_t line, uint32_t first)
{
    c->line = line;
    c->first = first;
    c->used = 0;
    c->key = KEY_SEED ^ (uint64_t)c->lang;
}

/* Ends the open piece before this line and token. */
static void end(struct cutter *c, uint32_t line, uint32_t token)
{
    uint32_t n = line - c->line;
    uint64_t key = mix(c->key ^ (uint64_t)n << 48);
    *add(c->out) = (struct chunk){.key = key ? key : 1,
                                  .line = c->line,
                                  .n_lines = n,
                                  .first = c->first,
                                  .n = token - c->first};
    begin(c, line, token);
}

/* Cuts until this line, the next one with tokens, is less than CHUNK_SPAN_MAX below the begin. */
static void skip_empty(struct cutter *c, uint32_t line, uint32_t token)
{
    while (line - c->line >= CHUNK_SPAN_MAX)
        end(c, c->line + CHUNK_SPAN_MAX, token);
}

void chunks_cut(enum lang lang, struct str text, const struct tokens *t, uint32_t n_lines,
                struct chunks *out)
{
    struct cutter c = {.lang = lang, .out = out};
    out->n = 0;
    begin(&c, 1, 0);
    size_t i = 0;
    while (i < t->n && t->v[i].line <= n_lines) {
        uint32_t line = t->v[i].line, from = (uint32_t)i;
        uint64_t h = KEY_SEED;
        for (; i < t->n && t->v[i].line == line; i++)
            h = (h ^ t->v[i].hash ^ (uint64_t)t->v[i].kind << 32) * KEY_MUL;
        skip_empty(&c, line, from);
        h = mix(h);
        c.key = (c.key ^ h) * KEY_MUL;
        c.used++;
        const struct token *only = &t->v[from];
        bool brace = i - from == 1 && only->len == 1 && text.p[only->at] == '}' &&
                     (only->at == 0 || text.p[only->at - 1] == '\n');
        if (c.used >= CHUNK_LINES_MAX ||
            (c.used >= CHUNK_LINES_MIN && (brace || h % CHUNK_RATE == 0)))
            end(&c, line + 1, (uint32_t)i);
    }
    uint32_t past = n_lines + 1;
    skip_empty(&c, past, (uint32_t)i);
    if (past > c.line)
        end(&c, past, (uint32_t)i);
}
