/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts as lines and words with numbers.  Runs in the engine child on strangers' texts: one pass,
 * no state but the place, everything compared byte by byte, so that nobody can make two different
 * words equal.
 */
#include "engine/backport/words.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct entry {
    struct str bytes;
    uint32_t id;
    uint32_t hash;
    uint8_t kind;
};

struct book {
    struct entry *v; /* n, in the order of their numbers */
    uint32_t *slot;  /* number + 1, or 0 */
    uint32_t n, cap, slots;
    uint64_t seed[2];
};

#define BOOK_SLOTS 1024u

struct book *book_new(void)
{
    struct book *b = mem_zalloc(sizeof *b);
    b->slots = BOOK_SLOTS;
    b->slot = mem_zalloc(b->slots * sizeof *b->slot);
    /* Numbers do not depend on it; it keeps a stranger from making all words meet in one slot. */
    random_bytes(b->seed, sizeof b->seed);
    return b;
}

static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 m = (unsigned __int128)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static uint32_t book_hash(const struct book *b, struct str s, uint8_t kind)
{
    uint64_t h = b->seed[0] ^ kind, k;
    for (; s.n >= 8; s = str_sub(s, 8, s.n)) {
        memcpy(&k, s.p, 8);
        h = fold(h ^ k ^ 0x9e3779b97f4a7c15u, b->seed[1] | 1);
    }
    k = (uint64_t)s.n << 56;
    for (size_t i = 0; i < s.n; i++)
        k ^= (uint64_t)(unsigned char)s.p[i] << (8 * i);
    h = fold(h ^ k ^ 0xd6e8feb86659fd93u, b->seed[1] | 1);
    return (uint32_t)(h ^ h >> 32);
}

void book_free(struct book *b)
{
    if (b == NULL)
        return;
    free(b->v);
    free(b->slot);
    free(b);
}

void book_auto(struct book **b)
{
    book_free(*b);
}

uint32_t book_n(const struct book *b)
{
    return b->n;
}

static void book_grow(struct book *b)
{
    free(b->slot);
    b->slots *= 2;
    b->slot = mem_zalloc((size_t)b->slots * sizeof *b->slot);
    for (uint32_t i = 0; i < b->n; i++) {
        uint32_t at = b->v[i].hash & (b->slots - 1);
        while (b->slot[at] != 0)
            at = (at + 1) & (b->slots - 1);
        b->slot[at] = i + 1;
    }
}

uint32_t book_id(struct book *b, struct str bytes, uint8_t kind)
{
    uint32_t h = book_hash(b, bytes, kind), at = h & (b->slots - 1);
    for (; b->slot[at] != 0; at = (at + 1) & (b->slots - 1)) {
        const struct entry *t = &b->v[b->slot[at] - 1];
        if (t->hash == h && t->kind == kind && str_eq(t->bytes, bytes))
            return t->id;
    }
    if (b->n == b->cap) {
        b->cap = b->cap == 0 ? BOOK_SLOTS / 2 : 2 * b->cap;
        b->v = mem_realloc(b->v, (size_t)b->cap * sizeof *b->v);
    }
    b->v[b->n] = (struct entry){bytes, b->n, h, kind};
    b->slot[at] = ++b->n;
    if (2 * b->n > b->slots)
        book_grow(b);
    return b->n - 1;
}

void text_lines_auto(struct text_lines *l)
{
    free(l->at);
    free(l->id);
}

enum rc text_lines_read(struct book *b, struct str text, bool cr, uint32_t max,
                        struct text_lines *ret, struct err *e)
{
    uint32_t n = 0;
    for (size_t at = 0; at < text.n;) {
        const char *end = memchr(text.p + at, '\n', text.n - at);
        at = end == NULL ? text.n : (size_t)(end - text.p) + 1;
        if (++n > max)
            return err_set(e, RC_LIMIT, "a text has more than %u lines", max);
    }
    ret->n = n;
    ret->at = mem_alloc(((size_t)n + 1) * sizeof *ret->at);
    ret->id = mem_alloc(((size_t)n + 1) * sizeof *ret->id);
    ret->at[0] = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = ret->at[i];
        const char *end = memchr(text.p + at, '\n', text.n - at);
        uint32_t to = end == NULL ? (uint32_t)text.n : (uint32_t)(end - text.p) + 1;
        struct str s = str_sub(text, at, to - at);
        if (cr && s.n >= 2 && s.p[s.n - 1] == '\n' && s.p[s.n - 2] == '\r')
            s.n -= 2;
        else if (cr && s.n >= 1 && s.p[s.n - 1] == '\n')
            s.n -= 1;
        ret->at[i + 1] = to;
        ret->id[i] = book_id(b, s, WORD_EDGE + 1);
    }
    return RC_OK;
}

void words_auto(struct words *w)
{
    free(w->v);
}

bool words_by_indent(enum lang lang, struct str path)
{
    (void)path;
    return lang == LANG_PYTHON || lang == LANG_YAML || lang == LANG_HASKELL;
}

static bool in_name(char c)
{
    return ascii_is_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Operators of several bytes that are one word. */
static uint32_t punct_len(const char *p, size_t n)
{
    static const char *const two[] = {"->", "::", "==", "!=", "<=", ">=", "&&", "||", "++", "--",
                                      "+=", "-=", "*=", "/=", "|=", "&=", "^=", "%=", "<<", ">>",
                                      ":=", "=>", "//", "/*", "*/", "##", "<-", "**"};
    if (n >= 3 && memcmp(p, "...", 3) == 0)
        return 3;
    for (size_t i = 0; n >= 2 && i < ARRAY_LEN(two); i++)
        if (memcmp(p, two[i], 2) == 0)
            return 2;
    return 1;
}

/* Length of a string from its opening quote to its closing one on the same line; 0: none. */
static uint32_t string_len(const char *p, size_t n)
{
    char q = p[0];
    for (size_t i = 1; i < n && p[i] != '\n'; i++) {
        if (p[i] == '\\' && i + 1 < n && p[i + 1] != '\n')
            i++;
        else if (p[i] == q)
            return (uint32_t)i + 1;
    }
    return 0;
}

static enum rc word_add(struct words *w, const struct words_ask *ask, struct word word,
                        struct err *e)
{
    if (w->n >= ask->max)
        return err_set(e, RC_LIMIT, "a place has more than %u words", ask->max);
    if (w->n == w->cap) {
        w->cap = w->cap == 0 ? 256 : 2 * w->cap;
        w->v = mem_realloc(w->v, w->cap * sizeof *w->v);
    }
    w->v[w->n++] = word;
    return RC_OK;
}

static uint32_t width_of(struct str blanks)
{
    uint32_t w = 0;
    for (size_t i = 0; i < blanks.n; i++)
        w = blanks.p[i] == '\t' ? (w / 8 + 1) * 8 : w + 1;
    return w;
}

/* A number that stands for a width: no bytes of any text. */
static uint32_t width_id(struct book *b, uint32_t width)
{
    static const char blanks[256];
    return book_id(b, str_of(blanks, width < sizeof blanks ? width : sizeof blanks), WORD_INDENT);
}

static struct word word_at(const struct words_ask *ask, uint32_t at)
{
    const char *p = ask->text.p + at;
    size_t n = ask->to - at;
    struct word w = {.at = at, .kind = WORD_PUNCT};
    if (in_name(*p)) {
        w.kind = ascii_is_digit(*p) ? WORD_NUMBER : WORD_NAME;
        while (w.len < n && (in_name(p[w.len]) || (w.kind == WORD_NUMBER && p[w.len] == '.')))
            w.len++;
    } else if ((*p == '"' || *p == '\'' || *p == '`') && (w.len = string_len(p, n)) > 0) {
        w.kind = WORD_STRING;
    } else {
        w.len = punct_len(p, n);
    }
    return w;
}

enum rc words_read(struct book *b, const struct words_ask *ask, struct words *ret, struct err *e)
{
    const char *p = ask->text.p;
    uint32_t line = ask->line, begin = ask->from;
    bool first = true;
    ret->n = 0;
    TRY(word_add(ret, ask,
                 (struct word){.at = ask->from, .line = line, .kind = WORD_EDGE, .last = true}, e));
    for (uint32_t at = ask->from; at < ask->to;) {
        if (p[at] == '\n') {
            ret->v[ret->n - 1].last = true;
            line++;
            begin = ++at;
            first = true;
            continue;
        }
        if (ascii_is_space(p[at]) || p[at] == '\0' || p[at] == '\v' || p[at] == '\f') {
            at++;
            continue;
        }
        struct word w = word_at(ask, at);
        w.line = line;
        if (first && ask->indent) {
            struct str blanks = str_sub(ask->text, begin, at - begin);
            TRY(word_add(ret, ask,
                         (struct word){.at = begin,
                                       .len = at - begin,
                                       .id = width_id(b, width_of(blanks)),
                                       .line = line,
                                       .kind = WORD_INDENT,
                                       .first = true},
                         e));
        }
        w.first = first && !ask->indent;
        w.id = book_id(b, str_sub(ask->text, at, w.len), w.kind);
        TRY(word_add(ret, ask, w, e));
        first = false;
        at += w.len;
    }
    ret->v[ret->n - 1].last = true;
    return word_add(
        ret, ask,
        (struct word){.at = ask->to, .line = line, .kind = WORD_EDGE, .first = true, .last = true},
        e);
}
