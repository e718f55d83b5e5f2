/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SYNTAX_LEXER_H
#define VULNDESK_SYNTAX_LEXER_H

#include "syntax/lang.h"

/*
 * Splits the text of a program in any language of lang.h into words, without a grammar: comments
 * are left out, the words inside strings are kept (as another kind), broken code is read as far as
 * it makes sense.  One pass, linear in the text, and the same tokens for the same bytes always.
 * Documents that hold several languages (PHP in HTML, scripts in pages, tags in templates) are
 * switched inside one run.
 */

/* A text is read up to here; what follows is cut. */
#define LEXER_TEXT_MAX (16u << 20)
/* Tokens of one text. */
#define LEXER_TOKENS_MAX (4u << 20)
/* A line is read up to here; what follows on it gives no tokens, but ends strings and comments. */
#define LEXER_LINE_MAX 10000u
/* Strings in code in strings; deeper ones are part of the string. */
#define LEXER_DEPTH_MAX 24u
/* Here-documents that one line can announce, and the length of their end word. */
#define LEXER_HEREDOCS_MAX 8u
#define LEXER_ENDWORD_MAX  64u

enum token_kind {
    TOKEN_WORD,        /* identifier or keyword; a tag or attribute name */
    TOKEN_NUMBER,      /* as written, with prefix and suffix */
    TOKEN_STRING_WORD, /* a word inside a string, a regular expression, the text of a page */
    TOKEN_PUNCT        /* one operator or bracket; the opening quote of a string */
};

struct token {
    uint32_t hash; /* of its bytes and of "is it in a string"; see token_common */
    uint32_t line; /* from 1 */
    uint32_t at;   /* offset in the text, in bytes */
    uint16_t len;  /* in bytes, at most LEXER_LINE_MAX */
    uint8_t kind;  /* enum token_kind */
    uint8_t zero;  /* 0: tokens can be compared as bytes */
};

/* The hash of a word inside a string is that of the same word outside XOR this. */
#define TOKEN_STRING_SALT 0x9e3779b9u

/* The hash of the token's bytes alone: the same for a word inside and outside of strings. */
static inline uint32_t token_common(const struct token *t)
{
    return t->kind == TOKEN_STRING_WORD ? t->hash ^ TOKEN_STRING_SALT : t->hash;
}

/* The same hash for any bytes: what a TOKEN_WORD of these bytes would have.  SQL keeps no case:
 * there it is the hash of the lower-case letters. */
uint32_t token_hash(struct str word);

/* Ascending in `at` and in `line`.  Reused from run to run: keeps its memory. */
struct tokens {
    struct token *v;
    size_t n, cap;
};
void tokens_release(struct tokens *t);
/* AUTO(tokens) struct tokens t = {0}; */
void tokens_auto(struct tokens *t);

/* What was left out; never an error. */
enum lexer_cut {
    LEXER_CUT_TEXT = 1,   /* longer than LEXER_TEXT_MAX */
    LEXER_CUT_TOKENS = 2, /* more than LEXER_TOKENS_MAX */
    LEXER_CUT_LINE = 4,   /* a line longer than LEXER_LINE_MAX */
    LEXER_CUT_DEPTH = 8   /* nested deeper than LEXER_DEPTH_MAX, or LEXER_HEREDOCS_MAX */
};
struct lexer_stop {
    unsigned cut;        /* enum lexer_cut, or-ed; 0: everything was read */
    uint32_t line;       /* of the first cut */
    uint32_t long_lines; /* that lost tokens */
    uint32_t lines;      /* lines of the text that was read, a last one without LF included */
};
/* A cut as words for a person, e.g. "a line longer than 10000 bytes"; "" for none. */
const char *lexer_cut_text(unsigned cut);

/* Leave out TOKEN_PUNCT (an index wants none). */
#define LEXER_NO_PUNCT 1u
/* The text is a part of a file (a hunk): PHP may begin without its tag, and a comment that only
 * ends in it has begun before. */
#define LEXER_FRAGMENT 2u

/*
 * Fills out (emptied first) with the tokens of text.  Cannot fail: LANG_NONE gives no tokens.  The
 * caller has asked text_binary before; NUL bytes are white space here.
 */
void lexer_run(enum lang lang, struct str text, unsigned flags, struct tokens *out,
               struct lexer_stop *ret_stop);

/* For pages: what is written in which colour. */
enum span_kind { SPAN_COMMENT, SPAN_STRING, SPAN_NUMBER, SPAN_KEYWORD };
struct span {
    uint32_t at, len; /* bytes; may reach over several lines */
    uint8_t kind;     /* enum span_kind */
};
struct spans {
    struct span *v;
    size_t n, cap;
};
void spans_release(struct spans *s);
void spans_auto(struct spans *s);

/* Fills out with the spans of text, ascending and apart; between them stands everything else.
 * Limits as above (at most LEXER_TOKENS_MAX spans). */
void lexer_spans(enum lang lang, struct str text, struct spans *out);

#endif
