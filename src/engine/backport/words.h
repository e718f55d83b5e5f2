/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_WORDS_H
#define VULNDESK_ENGINE_BACKPORT_WORDS_H

#include "base/str.h"
#include "syntax/lang.h"

/*
 * Texts as lines and as words that can be compared by number: equal bytes have equal numbers, in
 * all texts that share a book.  Unlike the lexer (syntax/lexer.h) nothing is left out: a merge has
 * to keep comments and every other byte.
 */

/* Numbers for runs of bytes; the bytes are borrowed and have to outlive the book. */
struct book;
struct book *book_new(void);
void book_free(struct book *b);
void book_auto(struct book **b);
/* The number of these bytes: 0, 1, 2 ... in the order of their first coming.  kind: the same bytes
 * of another kind have another number. */
uint32_t book_id(struct book *b, struct str bytes, uint8_t kind);
/* How many numbers were given. */
uint32_t book_n(const struct book *b);

/* Line ends are part of their lines; the last one may have none. */
struct text_lines {
    uint32_t *at; /* n + 1 offsets */
    uint32_t *id; /* n numbers */
    uint32_t n;
};
void text_lines_auto(struct text_lines *l);
/* cr: a CR in front of a LF does not count for the number.  RC_LIMIT with more than max lines. */
enum rc text_lines_read(struct book *b, struct str text, bool cr, uint32_t max,
                        struct text_lines *ret, struct err *e) WARN_UNUSED;

enum word_kind {
    WORD_NAME,   /* letters, digits, '_', bytes above 127, not beginning with a digit */
    WORD_NUMBER, /* as written, with prefix and suffix */
    WORD_STRING, /* between quotes of one line, with them */
    WORD_PUNCT,  /* one other byte, or an operator of several */
    WORD_INDENT, /* begin of a line that is not blank, with its blanks; see words_read */
    WORD_EDGE    /* begin or end of the text: no bytes */
};

struct word {
    uint32_t at, len; /* bytes in the text that the range was taken from */
    uint32_t id;      /* in the book */
    uint32_t line;    /* in the text, from 0 */
    uint8_t kind;     /* enum word_kind */
    bool first, last; /* on its line */
    bool comment;     /* nothing runs or builds of it; set by who knows (place_comments) */
};

struct words {
    struct word *v;
    uint32_t n, cap;
};
void words_auto(struct words *w);

/* True for languages in which the blanks in front of a line have a meaning. */
bool words_by_indent(enum lang lang, struct str path);

/*
 * The words of text[from..to), which is whole lines that begin with line number `line`: one
 * WORD_EDGE, the words, one WORD_EDGE.  With indent there is a WORD_INDENT in front of each line
 * that is not blank, equal for equal width.  RC_LIMIT with more than max words.
 */
struct words_ask {
    struct str text;
    uint32_t from, to, line, max;
    bool indent;
};
enum rc words_read(struct book *b, const struct words_ask *ask, struct words *ret, struct err *e)
    WARN_UNUSED;

#endif
