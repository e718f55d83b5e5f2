/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings, here-documents and the code that stands inside them.  Runs in the engine child and where
 * pages are made; the texts are strangers'.  The stack of open strings is bounded and ours: no
 * recursion.
 */
#include "syntax/lexer_inside.h"

#include <string.h>

struct frame *frame_push(struct lexer *lx)
{
    if (lx->n_frames >= LEXER_DEPTH_MAX) {
        lexer_cut(lx, LEXER_CUT_DEPTH);
        return NULL;
    }
    struct frame *f = &lx->frames[lx->n_frames++];
    *f = (struct frame){.quote = lx->quote,
                        .syn = lx->syn,
                        .cls = lx->cls,
                        .end = lx->end,
                        .mode = lx->mode,
                        .heredoc_base = lx->heredoc_base,
                        .embed = lx->embed};
    lx->heredoc_base = lx->n_heredocs;
    return f;
}

bool frame_pop(struct lexer *lx)
{
    if (lx->n_frames == 0)
        return false;
    struct frame *f = &lx->frames[--lx->n_frames];
    lx->quote = f->quote;
    lx->quote.begin = lx->p;
    lx->syn = f->syn;
    lx->cls = f->cls;
    lx->end = f->end;
    lx->mode = f->mode;
    lx->heredoc_base = f->heredoc_base;
    lx->embed = f->embed;
    return true;
}

void quote_begin(struct lexer *lx, const byte *open, struct str close, unsigned flags)
{
    struct open_quote *k = &lx->quote;
    BUG_ON(close.n == 0 || close.n > sizeof(k->close));
    *k = (struct open_quote){
        .n_close = (uint8_t)close.n, .mode = lx->mode, .flags = flags, .begin = open};
    memcpy(k->close, close.p, close.n);
    if (!(lx->flags & LEXER_NO_PUNCT))
        lexer_put(lx, open, open + 1, TOKEN_PUNCT, lexer_hash_bytes(open, 1, lx->text_end));
    lx->mode = MODE_QUOTE;
    quote_run(lx);
}

/* The string ends before lx->p. */
static void quote_end(struct lexer *lx)
{
    lexer_span(lx, SPAN_STRING, lx->quote.begin, lx->p);
    lx->last = lx->p;
    lx->mode = lx->quote.mode;
}

/* Whether the line at p is the end word of the here-document; to behind it. */
static bool heredoc_ends(struct lexer *lx, const byte *p)
{
    const struct open_quote *k = &lx->quote;
    if (k->indent)
        while (p < lx->end && (*p == '\t' || (*p == ' ' && k->indent != 't')))
            p++;
    if (!at(lx, p, k->close, k->n_close))
        return false;
    p += k->n_close;
    if (p < lx->end && *p == '\r')
        p++;
    if (p < lx->end && *p != '\n' && !(k->indent == 'p' && !wordish(*p)))
        return false;
    lx->p = p;
    quote_end(lx);
    return true;
}

void heredoc_begin(struct lexer *lx)
{
    struct heredoc *h = &lx->heredocs[lx->heredoc_base];
    struct open_quote *k = &lx->quote;
    *k = (struct open_quote){.n_close = h->n,
                             .mode = lx->mode,
                             .heredoc = true,
                             .indent = h->indent,
                             .flags = h->flags | Q_LINES,
                             .begin = lx->p};
    memcpy(k->close, h->word, h->n);
    lx->n_heredocs--;
    memmove(h, h + 1, (size_t)(lx->n_heredocs - lx->heredoc_base) * sizeof(*h));
    lx->mode = MODE_QUOTE;
    if (!heredoc_ends(lx, lx->p))
        quote_run(lx);
}

/* Code begins inside the string: ${ or the like. */
static bool interpolation(struct lexer *lx)
{
    for (size_t i = 0; i < ARRAY_LEN(lx->syn->interp) && lx->syn->interp[i]; i++) {
        const char *open = lx->syn->interp[i];
        size_t n = strlen(open);
        if (!at(lx, lx->p, open, n))
            continue;
        struct frame *f = frame_push(lx);
        if (!f)
            return false;
        lexer_span(lx, SPAN_STRING, lx->quote.begin, lx->p);
        f->bracket_open = strchr(open, '(') ? '(' : '{';
        f->bracket_close = f->bracket_open == '(' ? ')' : '}';
        lx->p += open[n - 1] == f->bracket_open ? n : n - 1;
        lx->last = NULL;
        lx->mode = MODE_CODE;
        return true;
    }
    return false;
}

/* s{a}{b}: between the parts of a quote in brackets. */
static bool next_part(struct lexer *lx)
{
    struct open_quote *k = &lx->quote;
    if (k->more == 0)
        return false;
    k->more--;
    if (!k->nest)
        return true;
    while (lx->p < lx->end && ascii_is_space((char)*lx->p)) {
        if (*lx->p == '\n')
            lexer_newline(lx);
        else
            lx->p++;
    }
    if (lx->p >= lx->end || *lx->p != (byte)k->nest)
        return false;
    lx->p++;
    return true;
}

/* At the first byte of what closes the string; true when it is over. */
static bool closer(struct lexer *lx)
{
    struct open_quote *k = &lx->quote;
    if (k->heredoc || !at(lx, lx->p, k->close, k->n_close))
        return false;
    if (k->depth > 0) {
        if (k->nest)
            k->depth--;
        return false;
    }
    if ((k->flags & Q_DOUBLE) && at(lx, lx->p + k->n_close, k->close, k->n_close)) {
        lx->p += 2 * (size_t)k->n_close - 1;
        return false;
    }
    lx->p += k->n_close;
    if (next_part(lx)) {
        lx->p--;
        return false;
    }
    quote_end(lx);
    return true;
}

/* Behind a backslash. */
static void escaped(struct lexer *lx)
{
    if (lx->p + 1 < lx->end && lx->p[0] == '\r' && lx->p[1] == '\n')
        lx->p++;
    if (lx->p >= lx->end)
        return;
    if (*lx->p == '\n')
        lexer_newline(lx);
    else
        lx->p++;
}

/* A byte that is no word; true when the string is over, or code has begun. */
static bool other(struct lexer *lx)
{
    struct open_quote *k = &lx->quote;
    byte c = *lx->p;
    if (c == '\n') {
        if (!(k->flags & Q_LINES)) {
            quote_end(lx);
            return true;
        }
        lexer_newline(lx);
        return k->heredoc && heredoc_ends(lx, lx->p);
    }
    if ((k->flags & Q_INTERP) && interpolation(lx))
        return true;
    if (c == '\\' && !(k->flags & Q_RAW)) {
        lx->p++;
        escaped(lx);
        return false;
    }
    if (c == (byte)k->close[0] && closer(lx))
        return true;
    if (k->nest && c == (byte)k->nest)
        k->depth++;
    if (k->flags & Q_CLASS) {
        if (c == '[')
            k->depth = 1;
        else if (c == ']')
            k->depth = 0;
    }
    if (lx->embed && markup_embed(lx))
        return true;
    lx->p++;
    return false;
}

void quote_run(struct lexer *lx)
{
    while (lx->p < lx->end) {
        const byte *p = lx->p;
        if (wordish(*p)) {
            const byte *q = p + 1;
            while (q < lx->end && wordish(*q))
                q++;
            uint32_t hash = lexer_hash_bytes(p, (size_t)(q - p), lx->text_end);
            lexer_put(lx, p, q, TOKEN_STRING_WORD, hash ^ TOKEN_STRING_SALT);
            lx->p = q;
        } else if (other(lx)) {
            return;
        }
    }
    lexer_span(lx, SPAN_STRING, lx->quote.begin, lx->p);
    lx->mode = lx->quote.mode;
}
