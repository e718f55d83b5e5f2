/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lexer's answer for pages: which bytes are comment, string, number, keyword.  Runs where pages
 * are made; the texts are strangers'.
 */
#include "syntax/lexer_inside.h"

#include <stdlib.h>
#include <string.h>

void spans_release(struct spans *s)
{
    free(s->v);
    *s = (struct spans){0};
}

void spans_auto(struct spans *s)
{
    spans_release(s);
}

static void add(struct spans *s, struct span x)
{
    if (x.len == 0 || s->n >= LEXER_TOKENS_MAX)
        return;
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 256;
        s->v = mem_realloc(s->v, s->cap * sizeof(*s->v));
    }
    s->v[s->n++] = x;
}

void lexer_span(struct lexer *lx, enum span_kind kind, const byte *from, const byte *to)
{
    if (lx->spans && to > from)
        add(lx->spans, (struct span){.at = (uint32_t)(from - lx->start),
                                     .len = (uint32_t)(to - from),
                                     .kind = (uint8_t)kind});
}

static bool keyword(const char *list, struct str word)
{
    char key[32];
    if (!list || word.n + 3 > sizeof(key))
        return false;
    key[0] = key[word.n + 1] = ' ';
    memcpy(key + 1, word.p, word.n);
    key[word.n + 2] = '\0';
    return strstr(list, key) != NULL;
}

/* Keywords and numbers between the spans that the lexer told. */
static void merge(const struct spans *told, const struct tokens *tokens, struct str text,
                  enum lang lang, struct spans *out)
{
    const struct syntax *syn = syntax_of(lang);
    size_t i = 0;
    for (size_t k = 0; k < tokens->n; k++) {
        const struct token *t = &tokens->v[k];
        while (i < told->n && told->v[i].at <= t->at)
            add(out, told->v[i++]);
        if (out->n > 0 && out->v[out->n - 1].at + out->v[out->n - 1].len > t->at)
            continue;
        struct span x = {.at = t->at, .len = t->len, .kind = SPAN_NUMBER};
        if (t->kind == TOKEN_WORD) {
            x.kind = SPAN_KEYWORD;
            if (!keyword(syn->keywords, str_sub(text, t->at, t->len)))
                continue;
        } else if (t->kind != TOKEN_NUMBER) {
            continue;
        }
        add(out, x);
    }
    while (i < told->n)
        add(out, told->v[i++]);
}

void lexer_spans(enum lang lang, struct str text, struct spans *out)
{
    AUTO(tokens) struct tokens tokens = {0};
    AUTO(spans) struct spans told = {0};
    struct lexer_stop stop;
    out->n = 0;
    if (!syntax_of(lang))
        return;
    lexer_run_spans(lang, text, &tokens, &told, &stop);
    merge(&told, &tokens, text, lang, out);
}
