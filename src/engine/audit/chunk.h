/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_CHUNK_H
#define VULNDESK_ENGINE_AUDIT_CHUNK_H

#include "syntax/lexer.h"

/*
 * Pieces of a file whose borders depend on what stands there, not on where it stands, so that files
 * of several branches share most of their pieces; and the terms a piece is found by.
 *
 * A piece ends behind a line of one `}` at the first column, or behind a line whose tokens say so
 * (one in CHUNK_RATE), after CHUNK_LINES_MIN lines with tokens at the earliest and CHUNK_LINES_MAX
 * at the latest.  Lines without tokens (empty ones, comments) belong to what follows them.  Two
 * pieces are the same when their tokens are, line by line, and they have the same number of lines:
 * white space inside of a line and the words of comments count for nothing.
 */
#define CHUNK_LINES_MIN 6u
#define CHUNK_LINES_MAX 48u
#define CHUNK_RATE      8u
/* Lines of a piece, those without tokens included: longer runs of such lines are cut off as pieces
 * of their own. */
#define CHUNK_SPAN_MAX 255u

struct chunk {
    uint64_t key;      /* of its tokens, their lines and the language; never 0 */
    uint32_t line;     /* of its first line, from 1 */
    uint32_t n_lines;  /* 1 .. CHUNK_SPAN_MAX */
    uint32_t first, n; /* its tokens: tokens[first .. first + n) */
};

/* A growing list; keeps its memory from run to run. */
struct chunks {
    struct chunk *v;
    size_t n, cap;
};
void chunks_release(struct chunks *c);
void chunks_auto(struct chunks *c);

/*
 * Cuts a file of n_lines lines with these tokens (of lexer_run with punctuation) into pieces, which
 * follow each other and cover all lines.  text: what the tokens stand in.  The same tokens give the
 * same pieces always.
 */
void chunks_cut(enum lang lang, struct str text, const struct tokens *t, uint32_t n_lines,
                struct chunks *out);

/*
 * Terms: 32 bits for a word, a word in a string or a number of at least TERM_NUMBER_MIN characters,
 * and for two of those that follow each other (only punctuation stands between) when one of them is
 * a word outside of strings.
 */
#define TERM_NUMBER_MIN 3u

/* Could this token be a term, or half of one? */
static inline bool term_takes(const struct token *t)
{
    return t->kind != TOKEN_PUNCT;
}

static inline bool term_single(const struct token *t, uint32_t *ret_term)
{
    *ret_term = t->hash;
    return t->kind == TOKEN_WORD || t->kind == TOKEN_STRING_WORD ||
           (t->kind == TOKEN_NUMBER && t->len >= TERM_NUMBER_MIN);
}

/* a stands before b and both are taken (term_takes). */
static inline bool term_pair(const struct token *a, const struct token *b, uint32_t *ret_term)
{
    uint32_t h = (a->hash * 0x85ebca6bu ^ (a->hash >> 15)) + b->hash;
    h = (h ^ h >> 16) * 0xc2b2ae35u;
    *ret_term = h ^ h >> 15;
    return a->kind == TOKEN_WORD || b->kind == TOKEN_WORD;
}

#endif
