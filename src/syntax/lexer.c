/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lexer's loop over code, comments and numbers.  Runs in the engine child and where pages are
 * made; the texts are strangers' and may be anything.  Every byte is passed once.
 */
#include "syntax/lexer_inside.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define HASH_A 0x9e3779b97f4a7c15u
#define HASH_B 0xd6e8feb86659fd93u

static inline uint64_t mix(uint64_t h)
{
    h *= HASH_A;
    h ^= h >> 32;
    return h;
}

/* Eight bytes at a time; the last load may reach over the word, not over the text. */
static inline uint32_t hash_bytes(const byte *p, size_t n, const byte *text_end)
{
    uint64_t h = n, v = 0;
    while (__builtin_expect(n > 8, 0)) {
        memcpy(&v, p, 8);
        h = mix(h ^ le64toh(v));
        p += 8;
        n -= 8;
    }
    if (__builtin_expect(text_end - p >= 8, 1)) {
        memcpy(&v, p, 8);
        v = le64toh(v) & (~UINT64_C(0) >> (64 - 8 * n));
    } else {
        v = 0;
        memcpy(&v, p, n);
        v = le64toh(v);
    }
    return (uint32_t)((mix(h ^ v) * HASH_B) >> 32);
}

uint32_t lexer_hash_bytes(const byte *p, size_t n, const byte *text_end)
{
    return n == 0 ? 0 : hash_bytes(p, n, text_end);
}

uint32_t token_hash(struct str word)
{
    const byte *p = (const byte *)word.p;
    return lexer_hash_bytes(p, word.n, p + word.n);
}

/* ASCII letters in lower case; a long word by its first bytes and its length. */
static uint32_t hash_folded(const byte *p, size_t n)
{
    byte low[64];
    size_t m = n < sizeof(low) ? n : sizeof(low);
    for (size_t i = 0; i < m; i++)
        low[i] = (byte)ascii_lower((char)p[i]);
    return hash_bytes(low, m, low + m) + (uint32_t)(n - m);
}

void tokens_release(struct tokens *t)
{
    free(t->v);
    *t = (struct tokens){0};
}

void tokens_auto(struct tokens *t)
{
    tokens_release(t);
}

void lexer_cut(struct lexer *lx, enum lexer_cut what)
{
    if (lx->stop->cut == 0)
        lx->stop->line = lx->line;
    lx->stop->cut |= what;
}

/* The rare half of lexer_put: a long line, or no room. */
void lexer_put_slow(struct lexer *lx, const byte *from, const byte *to, struct token t)
{
    struct tokens *o = lx->out;
    if ((size_t)(to - lx->line_start) > LEXER_LINE_MAX) {
        if (lx->cut_line != lx->line)
            lx->stop->long_lines++;
        lx->cut_line = lx->line;
        lexer_cut(lx, LEXER_CUT_LINE);
        return;
    }
    if (o->n >= LEXER_TOKENS_MAX) {
        lexer_cut(lx, LEXER_CUT_TOKENS);
        return;
    }
    if (o->n == o->cap) {
        size_t cap = o->cap ? o->cap * 2 : 4096;
        o->cap = cap < LEXER_TOKENS_MAX ? cap : LEXER_TOKENS_MAX;
        o->v = mem_realloc(o->v, o->cap * sizeof(*o->v));
    }
    o->v[o->n++] = t;
}

void lexer_newline(struct lexer *lx)
{
    lx->p++;
    lx->line++;
    lx->line_start = lx->p;
}

void lexer_skip_to(struct lexer *lx, const byte *to)
{
    const byte *p = lx->p, *nl;
    while (p < to && (nl = memchr(p, '\n', (size_t)(to - p))) != NULL) {
        p = nl + 1;
        lx->line++;
        lx->line_start = p;
    }
    lx->p = to;
}

void lexer_line_comment(struct lexer *lx)
{
    const byte *from = lx->p, *p = from;
    for (;;) {
        const byte *nl = memchr(p, '\n', (size_t)(lx->end - p));
        if (lx->syn->flags & SYN_PHP) {
            /* A closing tag ends the comment too. */
            const byte *to = nl ? nl : lx->end;
            const byte *tag = memmem(p, (size_t)(to - p), "?>", 2);
            if (tag) {
                p = tag;
                break;
            }
        }
        p = nl ? nl : lx->end;
        bool more = nl && (lx->syn->flags & SYN_CONT) && nl > from && nl[-1] == '\\';
        if (!more)
            break;
        lx->p = nl;
        lexer_newline(lx);
        p = lx->p;
    }
    lx->p = p;
    lexer_span(lx, SPAN_COMMENT, from, p);
}

/* Where the first `close` ends that begins at p or later, or the end: looked for by its last byte,
 * which is rarer in comments than * is. */
static const byte *behind_close(const struct lexer *lx, const byte *p, const char *close, size_t n)
{
    const byte *last = p + n - 1;
    while (last < lx->end) {
        last = memchr(last, close[n - 1], (size_t)(lx->end - last));
        if (!last)
            break;
        if (memcmp(last - (n - 1), close, n) == 0)
            return last + 1;
        last++;
    }
    return lx->end;
}

static const byte *behind_nested(const struct lexer *lx, const byte *p, struct str open,
                                 struct str close)
{
    uint32_t depth = 1;
    while (p < lx->end) {
        if (*p == (byte)close.p[0] && at(lx, p, close.p, close.n)) {
            p += close.n;
            if (--depth == 0)
                break;
        } else if (*p == (byte)open.p[0] && at(lx, p, open.p, open.n)) {
            p += open.n;
            depth++;
        } else {
            p++;
        }
    }
    return p;
}

/* From the opener at lx->p to behind the closer, or the end. */
static void block_comment(struct lexer *lx, struct str open, struct str close)
{
    const byte *from = lx->p, *p = from + open.n;
    lexer_skip_to(lx, lx->syn->flags & SYN_NEST ? behind_nested(lx, p, open, close)
                                                : behind_close(lx, p, close.p, close.n));
    lexer_span(lx, SPAN_COMMENT, from, lx->p);
}

static const byte *number_end(const struct lexer *lx, const byte *p)
{
    const byte *end = lx->end, *q = p + 1;
    bool hex = q < end && p[0] == '0' && (*q == 'x' || *q == 'X');
    for (; q < end; q++) {
        byte c = *q;
        if (lexer_plain[c] <= C_DIGIT)
            continue;
        bool digit_next = q + 1 < end && ascii_is_alnum((char)q[1]);
        if (c == '.' && digit_next && ascii_is_digit((char)q[1]))
            continue;
        if (c == '\'' && digit_next && (lx->syn->flags & SYN_DIGITSEP))
            continue;
        byte before = q[-1] | 0x20;
        if ((c == '+' || c == '-') && digit_next && before == (hex ? 'p' : 'e'))
            continue;
        break;
    }
    return q;
}

static size_t operator_length(const struct lexer *lx, const byte *p)
{
    size_t left = (size_t)(lx->end - p);
    if (left < 2)
        return 1;
    byte c = p[0], d = p[1], e = left > 2 ? p[2] : 0;
    if (lexer_plain[c] != C_OP || lexer_plain[d] != C_OP)
        return 1;
    if (d == '=')
        return e == '=' && (c == '=' || c == '!') ? 3 : 2;
    if (c == d) {
        if (c == '<' || c == '>')
            return e == '=' ? 3 : 2;
        if (c == '.')
            return e == '.' ? 3 : 2;
        return one_of(c, "&|+-:?*=") ? 2 : 1;
    }
    if (d == '>' && (c == '-' || c == '='))
        return 2;
    return (c == '=' || c == '!') && d == '~' ? 2 : 1;
}

void lexer_operator(struct lexer *lx)
{
    const byte *p = lx->p;
    size_t n = operator_length(lx, p);
    lx->p = lx->last = p + n;
    if (!(lx->flags & LEXER_NO_PUNCT))
        lexer_put(lx, p, p + n, TOKEN_PUNCT, hash_bytes(p, n, lx->text_end));
}

static bool line_begins(const struct lexer *lx, const byte *p)
{
    while (p > lx->line_start && (p[-1] == ' ' || p[-1] == '\t'))
        p--;
    return p == lx->line_start;
}

/* A line or block comment at lx->p is passed. */
static bool comment(struct lexer *lx)
{
    const struct syntax *s = lx->syn;
    const byte *p = lx->p;
    for (size_t i = 0; i < ARRAY_LEN(s->block) && s->block[i].open; i++) {
        if (at(lx, p, s->block[i].open, strlen(s->block[i].open))) {
            block_comment(lx, str_c(s->block[i].open), str_c(s->block[i].close));
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(s->line) && s->line[i]; i++) {
        if (*p != (byte)s->line[i][0] || !at(lx, p, s->line[i], strlen(s->line[i])))
            continue;
        if ((s->flags & SYN_WORDSTART) && p > lx->start && !one_of(p[-1], " \t\r\n;()&|"))
            continue;
        if ((s->flags & SYN_LINESTART) && !line_begins(lx, p))
            continue;
        lexer_line_comment(lx);
        return true;
    }
    return false;
}

/* 'x' or '\n' of languages where ' stands alone too. */
static bool char_closes(const struct lexer *lx, const byte *p)
{
    if (lx->end - p < 3)
        return false;
    if (p[1] == '\\')
        return true;
    size_t n = 1;
    while (n < 4 && p + 1 + n < lx->end && (p[1 + n] & 0xc0) == 0x80)
        n++;
    return p[1] != '\'' && p[1] != '\n' && p + 1 + n < lx->end && p[1 + n] == '\'';
}

static bool string(struct lexer *lx)
{
    const byte *p = lx->p;
    for (const struct quote *q = lx->syn->quotes; q->open; q++) {
        if (*p != (byte)q->open[0] || !at(lx, p, q->open, strlen(q->open)))
            continue;
        if ((q->flags & Q_START) && p > lx->start && wordish(p[-1]))
            continue;
        if ((q->flags & Q_CHAR) && !char_closes(lx, p))
            continue;
        lx->p += strlen(q->open);
        quote_begin(lx, p, str_c(q->close), q->flags);
        return true;
    }
    return false;
}

/* Brackets inside code that stands inside a string or page. */
static bool bracket(struct lexer *lx)
{
    if (lx->n_frames == 0)
        return false;
    struct frame *f = &lx->frames[lx->n_frames - 1];
    byte c = *lx->p;
    if (f->close) {
        size_t n = strlen(f->close);
        if (c != (byte)f->close[0] || !at(lx, lx->p, f->close, n))
            return false;
        lx->p += n;
        return frame_pop(lx);
    }
    if (c == (byte)f->bracket_open) {
        f->depth++;
    } else if (c == (byte)f->bracket_close && f->depth-- == 0) {
        lx->p++;
        return frame_pop(lx);
    }
    return false;
}

static void special(struct lexer *lx)
{
    if (bracket(lx) || peculiar_byte(lx) || comment(lx) || string(lx))
        return;
    lexer_operator(lx);
}

static const byte *word_end(const byte *cls, const byte *p, const byte *end)
{
    while (p < end && cls[*p] <= C_DIGIT)
        p++;
    return p;
}

/* Languages where any word may be odd, and those where one right before a quote may. */
#define SYN_WORDS    (SYN_PERL | SYN_RUBY | SYN_WORDLINE | SYN_FOLD)
#define SYN_PREFIXES (SYN_PREFIX | SYN_LIFETIME | SYN_RAW_CPP)

static inline bool maybe_odd(const struct lexer *lx, const byte *q)
{
    unsigned s = lx->syn->flags;
    return (s & SYN_WORDS) ||
           ((s & SYN_PREFIXES) && q < lx->end && (*q == '"' || *q == '\'' || *q == '#'));
}

/* A word of a language where some words are more than that; true when it was passed. */
static bool odd_word(struct lexer *lx, const byte *p, const byte *q)
{
    lx->p = p;
    if (peculiar_word(lx, p, q))
        return true;
    if (!(lx->syn->flags & SYN_FOLD))
        return false;
    lexer_put(lx, p, q, TOKEN_WORD, hash_folded(p, (size_t)(q - p)));
    lx->p = lx->last = q;
    return true;
}

/* Code until the end or until the mode changes. */
static void code(struct lexer *lx)
{
    const byte *p = lx->p, *q;
    while (p < lx->end) {
        const byte *cls = lx->cls, *end = lx->end;
        switch (cls[*p]) {
        case C_WORD:
            q = word_end(cls, p + 1, end);
            if (maybe_odd(lx, q) && odd_word(lx, p, q)) {
                p = lx->p;
                if (lx->mode != MODE_CODE)
                    return;
                break;
            }
            lexer_put(lx, p, q, TOKEN_WORD, hash_bytes(p, (size_t)(q - p), lx->text_end));
            p = lx->last = q;
            break;
        case C_DIGIT:
            q = number_end(lx, p);
            lexer_put(lx, p, q, TOKEN_NUMBER, hash_bytes(p, (size_t)(q - p), lx->text_end));
            p = lx->last = q;
            break;
        case C_SPACE:
            p++;
            break;
        case C_NL:
            lx->p = p;
            lexer_newline(lx);
            if (lx->n_heredocs > lx->heredoc_base)
                heredoc_begin(lx);
            p = lx->p;
            if (lx->mode != MODE_CODE)
                return;
            break;
        case C_PUNCT:
            if (!(lx->flags & LEXER_NO_PUNCT))
                lexer_put(lx, p, p + 1, TOKEN_PUNCT, hash_bytes(p, 1, lx->text_end));
            lx->last = ++p;
            break;
        case C_OP:
            lx->p = p;
            lexer_operator(lx);
            p = lx->p;
            break;
        default:
            lx->p = p;
            special(lx);
            p = lx->p;
            if (lx->mode != MODE_CODE)
                return;
            break;
        }
    }
    lx->p = p;
}

/* Pieces (scripts of a page) end before the text does. */
static bool leave_piece(struct lexer *lx)
{
    while (lx->n_frames > 0) {
        if (lx->frames[lx->n_frames - 1].end > lx->p)
            return frame_pop(lx);
        lx->n_frames--;
    }
    return false;
}

static void whole(struct lexer *lx)
{
    for (;;) {
        switch (lx->mode) {
        case MODE_CODE:
            code(lx);
            break;
        case MODE_QUOTE:
            quote_run(lx);
            break;
        case MODE_TEXT:
            markup_text(lx);
            break;
        default:
            markup_tag(lx);
            break;
        }
        if (lx->p >= lx->end && !leave_piece(lx))
            return;
    }
}

/* A part of a page that is code already: PHP without an opening tag before it. */
static bool code_first(struct str text)
{
    size_t open = str_find(text, STR("<?")), close = str_find(text, STR("?>"));
    if (close != STR_NPOS && (open == STR_NPOS || close < open))
        return true;
    if (open != STR_NPOS)
        return false;
    /* Code may write a page in its strings, and a page may have scripts: the lines vote. */
    size_t code = 0, page = 0;
    struct str line;
    while (str_line(&text, &line)) {
        line = str_trim(line);
        if (line.n == 0)
            continue;
        page += line.p[0] == '<';
        code += line.p[0] != '<' && (strchr(";{}(,.)", line.p[line.n - 1]) || line.p[0] == '$');
    }
    return code >= page && code > 0;
}

/* A part of a text that begins inside a block comment: it ends there before one begins. */
static void begun_comment(struct lexer *lx)
{
    const struct syntax *s = lx->syn;
    if (!s->block[0].open)
        return;
    struct str t = str_of(lx->p, (size_t)(lx->end - lx->p));
    size_t open = str_find(t, str_c(s->block[0].open)),
           close = str_find(t, str_c(s->block[0].close));
    if (close == STR_NPOS || open < close)
        return;
    const byte *from = lx->p;
    lexer_skip_to(lx, from + close + strlen(s->block[0].close));
    lexer_span(lx, SPAN_COMMENT, from, lx->p);
}

static void run(enum lang lang, struct str text, struct lexer *lx)
{
    *lx->stop = (struct lexer_stop){0};
    lx->out->n = 0;
    const struct syntax *syn = syntax_of(lang);
    if (!syn || text.n == 0)
        return;
    size_t n = text.n < LEXER_TEXT_MAX ? text.n : LEXER_TEXT_MAX;
    lx->start = lx->p = lx->line_start = (const byte *)text.p;
    lx->end = lx->text_end = lx->start + n;
    lx->line = 1;
    if (n >= 3 && memcmp(lx->p, "\xef\xbb\xbf", 3) == 0)
        lx->p += 3; /* byte order mark */
    lexer_use(lx, syn);
    lx->root = syn;
    if (syn->flags & SYN_MARKUP) {
        lx->mode = MODE_TEXT;
        lx->embed = true;
        if ((syn->flags & SYN_PHP) && (lx->flags & LEXER_FRAGMENT) && code_first(text))
            markup_enter(lx, 0, LANG_PHP, "?>");
    }
    if (lx->flags & LEXER_FRAGMENT)
        begun_comment(lx);
    whole(lx);
    lx->stop->lines = lx->line - (lx->end[-1] == '\n');
    if (n < text.n)
        lexer_cut(lx, LEXER_CUT_TEXT);
}

void lexer_run(enum lang lang, struct str text, unsigned flags, struct tokens *out,
               struct lexer_stop *ret_stop)
{
    struct lexer lx = {.flags = flags, .out = out, .stop = ret_stop};
    run(lang, text, &lx);
}

void lexer_run_spans(enum lang lang, struct str text, struct tokens *out, struct spans *spans,
                     struct lexer_stop *stop)
{
    struct lexer lx = {.flags = LEXER_NO_PUNCT, .out = out, .spans = spans, .stop = stop};
    run(lang, text, &lx);
}

const char *lexer_cut_text(unsigned cut)
{
    if (cut & LEXER_CUT_TEXT)
        return "longer than 16 MiB, the rest was not read";
    if (cut & LEXER_CUT_TOKENS)
        return "more than 4194304 words, the rest was not read";
    if (cut & LEXER_CUT_LINE)
        return "a line longer than 10000 bytes, its rest was not read";
    if (cut & LEXER_CUT_DEPTH)
        return "strings nested deeper than 24, read as one";
    return "";
}
