/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SYNTAX_LEXER_INSIDE_H
#define VULNDESK_SYNTAX_LEXER_INSIDE_H

#include "syntax/lexer.h"

/* What the parts of the lexer share; nobody else includes this. */

typedef unsigned char byte;

/* Classes of bytes in code.  The first two make up words. */
enum byte_class { C_WORD, C_DIGIT, C_SPACE, C_NL, C_PUNCT, C_OP, C_SPECIAL };

/* How a string behaves. */
#define Q_LINES  1u  /* may span lines; otherwise it ends at the end of its line */
#define Q_RAW    2u  /* a backslash is just one */
#define Q_DOUBLE 4u  /* the closing quote twice is one in the text */
#define Q_INTERP 8u  /* code may stand inside: syntax->interp */
#define Q_START  16u /* opens only where no word stands right before it */
#define Q_CLASS  64u /* not closed inside [ ] */
#define Q_CHAR   32u /* a byte escaped or alone, then the quote; otherwise punctuation */

struct quote {
    const char *open, *close;
    unsigned flags;
};

/* Peculiarities of languages. */
#define SYN_NEST      (1u << 0) /* block comments nest */
#define SYN_CONT      (1u << 1) /* a backslash continues a line comment */
#define SYN_REGEX     (1u << 2) /* / may open a regular expression */
#define SYN_PREFIX    (1u << 3) /* up to three letters right before a quote belong to it */
#define SYN_LIFETIME  (1u << 4) /* Rust: 'a and r#""# */
#define SYN_RAW_CPP   (1u << 5) /* R"x( )x" */
#define SYN_WORDSTART (1u << 6) /* # begins a comment at the begin of a word only */
#define SYN_SHELL     (1u << 7)
#define SYN_PERL      (1u << 8)
#define SYN_RUBY      (1u << 9)
#define SYN_PHP       (1u << 10)
#define SYN_FOLD      (1u << 11) /* words in any case are the same */
#define SYN_DIGITSEP  (1u << 12) /* 1'000 */
#define SYN_LUA       (1u << 13) /* [==[ ]==] */
#define SYN_LINESTART (1u << 14) /* line comments begin at the begin of a line only */
#define SYN_WORDLINE  (1u << 15) /* syntax->line_word begins a line comment (m4 dnl, REM) */
#define SYN_CMAKE     (1u << 16) /* #[[ ]] */
#define SYN_MARKUP    (1u << 17) /* begins as a page */
#define SYN_SMARTY    (1u << 18) /* {x} are tags too */

struct syntax {
    const char *line[3];
    struct {
        const char *open, *close;
    } block[2];
    struct quote quotes[7]; /* longer openers first */
    const char *interp[2];
    const char *word;   /* further bytes of words */
    const char *prefix; /* letters that may stand right before a quote and belong to it */
    const char *line_word;
    const char *keywords; /* between spaces, one at both ends */
    unsigned flags;
};

const struct syntax *syntax_of(enum lang lang);

enum mode { MODE_CODE, MODE_QUOTE, MODE_TEXT, MODE_TAG };

/* Rows of the table of code embedded in pages. */
#define LEXER_EMBEDS 24

/* The string that is being read. */
struct open_quote {
    char close[LEXER_ENDWORD_MAX + 24];
    uint8_t n_close;
    uint8_t mode;      /* after it */
    uint8_t more;      /* parts that follow: s/a/b/ */
    bool heredoc;      /* ends with a line that is `close` */
    char indent;       /* of that line: 0, 't' tabs, 's' white space, 'p' and code may follow */
    char nest;         /* the opening bracket that nests, or 0 */
    uint32_t depth;    /* of those brackets */
    unsigned flags;    /* Q_ */
    const byte *begin; /* for its span */
};

/* Where to go on when a piece of other code ends. */
struct frame {
    struct open_quote quote;
    const struct syntax *syn;
    const byte *cls;
    const byte *end;   /* the outer piece reaches to here */
    const char *close; /* "?>", "%>"; NULL for a bracket */
    char bracket_open, bracket_close;
    uint32_t depth; /* of brackets of that kind inside */
    uint8_t mode;
    uint8_t heredoc_base;
    bool embed;
};

struct heredoc {
    char word[LEXER_ENDWORD_MAX];
    uint8_t n;
    char indent;
    unsigned flags;
};

struct lexer {
    const byte *p, *end, *start;
    const byte *text_end; /* of the whole text; end may be that of a piece */
    const byte *line_start;
    const byte *last; /* behind the last token or operator of code; NULL at the begin */
    const byte *cls;
    const struct syntax *syn;
    const struct syntax *root;          /* of the whole text */
    const byte *close_at[LEXER_EMBEDS]; /* where the comments of pages end next */
    struct tokens *out;
    struct spans *spans; /* may be NULL */
    struct lexer_stop *stop;
    uint32_t line;
    uint32_t cut_line; /* the last long line that was counted */
    unsigned flags;
    uint8_t mode;
    uint8_t tag_lang; /* what the tag that is being read holds: a script, a style sheet */
    bool embed;       /* in a page: <? and tags of templates open code */
    bool arith;       /* shell: in (( )) */
    uint8_t n_frames, n_heredocs, heredoc_base;
    struct open_quote quote;
    struct frame frames[LEXER_DEPTH_MAX];
    struct heredoc heredocs[LEXER_HEREDOCS_MAX];
};

/* Classes of bytes outside of any language: letters, _ and everything above ASCII are words. */
extern const byte lexer_plain[256];

/* lexer_run without punctuation, with the spans of comments and strings. */
void lexer_run_spans(enum lang lang, struct str text, struct tokens *out, struct spans *spans,
                     struct lexer_stop *stop);
void lexer_use(struct lexer *lx, const struct syntax *syn);
void lexer_cut(struct lexer *lx, enum lexer_cut what);
void lexer_put_slow(struct lexer *lx, const byte *from, const byte *to, struct token t);
void lexer_span(struct lexer *lx, enum span_kind kind, const byte *from, const byte *to);
/* At lx->p stands LF: goes behind it. */
void lexer_newline(struct lexer *lx);
/* From lx->p to `to`, which is at most lx->end: counts the lines. */
void lexer_skip_to(struct lexer *lx, const byte *to);
/* From lx->p to LF or the end. */
void lexer_line_comment(struct lexer *lx);
/* One operator or bracket. */
void lexer_operator(struct lexer *lx);

/* Begins a string whose first byte of content is lx->p, and reads it; open is where it began. */
void quote_begin(struct lexer *lx, const byte *open, struct str close, unsigned flags);
/* Goes on in lx->quote; ends in its mode, or in code that stands inside. */
void quote_run(struct lexer *lx);
/* The peculiar things at a special byte, or at the word p..q; true when something was read. */
bool peculiar_byte(struct lexer *lx);
bool peculiar_word(struct lexer *lx, const byte *p, const byte *q);
/* The announced here-documents begin behind this LF. */
void heredoc_begin(struct lexer *lx);
/* Leaves the code inside a string or page; false when it is not inside any. */
bool frame_pop(struct lexer *lx);
/* NULL, with the cut noted, when it is too deep. */
struct frame *frame_push(struct lexer *lx);

void markup_text(struct lexer *lx);
void markup_tag(struct lexer *lx);
/* In a page or in a script or string of it: code, or a comment of a template, opens at lx->p. */
bool markup_embed(struct lexer *lx);
/* Goes into code of `lang` at lx->p + skip, back here behind `close`. */
bool markup_enter(struct lexer *lx, size_t skip, enum lang lang, const char *close);

static inline bool at(const struct lexer *lx, const byte *p, const char *word, size_t n)
{
    return (size_t)(lx->end - p) >= n && __builtin_memcmp(p, word, n) == 0;
}

static inline bool one_of(byte c, const char *set)
{
    return c && __builtin_strchr(set, c);
}

static inline bool wordish(byte c)
{
    return lexer_plain[c] <= C_DIGIT;
}

uint32_t lexer_hash_bytes(const byte *p, size_t n, const byte *text_end);

static inline void lexer_put(struct lexer *lx, const byte *from, const byte *to,
                             enum token_kind kind, uint32_t hash)
{
    struct tokens *o = lx->out;
    struct token t = {.hash = hash,
                      .line = lx->line,
                      .at = (uint32_t)(from - lx->start),
                      .len = (uint16_t)(to - from),
                      .kind = (uint8_t)kind};
    if (__builtin_expect((size_t)(to - lx->line_start) > LEXER_LINE_MAX || o->n >= o->cap, 0)) {
        lexer_put_slow(lx, from, to, t);
        return;
    }
    o->v[o->n++] = t;
}

#endif
