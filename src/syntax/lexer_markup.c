/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages: text, tags, comments, and the code that is embedded in them (PHP, scripts, style sheets,
 * tags of templates).  Runs in the engine child and where pages are made; the texts are strangers'.
 */
#include "syntax/lexer_inside.h"

#include <string.h>
#include <strings.h>

/* Openers of embedded code; the first that fits counts. */
static const struct embed {
    const char *open, *close;
    enum lang lang; /* LANG_NONE: a comment */
    unsigned need;  /* SYN_ flag of the root, or 0 */
} embeds[] = {
    {"<?php", "?>", LANG_PHP, 0},      {"<?=", "?>", LANG_PHP, 0},
    {"<? ", "?>", LANG_PHP, SYN_PHP},  {"<?\t", "?>", LANG_PHP, SYN_PHP},
    {"<?\n", "?>", LANG_PHP, SYN_PHP}, {"<?\r", "?>", LANG_PHP, SYN_PHP},
    {"<%--", "--%>", LANG_NONE, 0},    {"<%#", "%>", LANG_NONE, 0},
    {"<%", "%>", LANG_TEMPLATE, 0},    {"{{!--", "--}}", LANG_NONE, 0},
    {"{{--", "--}}", LANG_NONE, 0},    {"{{!", "}}", LANG_NONE, 0},
    {"{{", "}}", LANG_TEMPLATE, 0},    {"{%", "%}", LANG_TEMPLATE, 0},
    {"{#", "#}", LANG_NONE, 0},        {"[%#", "%]", LANG_NONE, 0},
    {"[%", "%]", LANG_TEMPLATE, 0},    {"{*", "*}", LANG_NONE, SYN_SMARTY},
};
_Static_assert(ARRAY_LEN(embeds) < LEXER_EMBEDS, "the last slot is that of <!-- -->");

static void word(struct lexer *lx, enum token_kind kind)
{
    const byte *p = lx->p, *q = p + 1;
    while (q < lx->end && wordish(*q))
        q++;
    uint32_t hash = lexer_hash_bytes(p, (size_t)(q - p), lx->text_end);
    lexer_put(lx, p, q, kind, kind == TOKEN_STRING_WORD ? hash ^ TOKEN_STRING_SALT : hash);
    lx->p = q;
}

/* Where the next `close` stands from p on; searched once for each place, so linear in all. */
static const byte *close_of(struct lexer *lx, size_t slot, const byte *p, const char *close)
{
    const byte **known = &lx->close_at[slot];
    if (*known == NULL || *known < p) {
        *known = memmem(p, (size_t)(lx->text_end - p), close, strlen(close));
        if (*known == NULL)
            *known = lx->text_end;
    }
    return *known;
}

/* A comment at lx->p; false when nothing ends it in this piece. */
static bool comment_to(struct lexer *lx, size_t slot, size_t skip, const char *close)
{
    const byte *from = lx->p;
    const byte *to = close_of(lx, slot, from + skip, close);
    size_t n = strlen(close);
    if (to >= lx->end || (size_t)(lx->end - to) < n)
        return false;
    if (lx->mode == MODE_QUOTE)
        lexer_span(lx, SPAN_STRING, lx->quote.begin, from);
    lexer_skip_to(lx, to + n);
    lexer_span(lx, SPAN_COMMENT, from, lx->p);
    lx->quote.begin = lx->p;
    return true;
}

bool markup_enter(struct lexer *lx, size_t skip, enum lang lang, const char *close)
{
    struct frame *f = frame_push(lx);
    if (!f)
        return false;
    f->close = close;
    if (lx->mode == MODE_QUOTE)
        lexer_span(lx, SPAN_STRING, lx->quote.begin, lx->p);
    lx->p += skip;
    lx->last = NULL;
    lx->mode = MODE_CODE;
    lx->embed = false;
    lexer_use(lx, syntax_of(lang));
    return true;
}

bool markup_embed(struct lexer *lx)
{
    byte c = *lx->p;
    if (c != '<' && c != '{' && c != '[')
        return false;
    for (size_t i = 0; i < ARRAY_LEN(embeds); i++) {
        const struct embed *e = &embeds[i];
        size_t n = strlen(e->open);
        if (c != (byte)e->open[0] || !at(lx, lx->p, e->open, n) ||
            (e->need && !(lx->root->flags & e->need)))
            continue;
        if (e->lang != LANG_NONE)
            return markup_enter(lx, n - ascii_is_space(e->open[n - 1]), e->lang, e->close);
        if (lx->syn == lx->root && comment_to(lx, i, n, e->close))
            return true;
    }
    return false;
}

/* {$x}, {if ...}, {/if} of Smarty and its like. */
static bool smarty(struct lexer *lx)
{
    if (!(lx->root->flags & SYN_SMARTY) || lx->end - lx->p < 2)
        return false;
    byte d = lx->p[1];
    if (!ascii_is_alpha((char)d) && !one_of(d, "$/."))
        return false;
    return markup_enter(lx, 1, LANG_TEMPLATE, "}");
}

/* <!-- IF x -->: some templates write their tags as comments, in capital letters. */
static bool directive(const struct lexer *lx)
{
    const byte *p = lx->p + 4;
    while (p < lx->end && *p == ' ')
        p++;
    size_t n = 0;
    while (p + n < lx->end && n < 16 && p[n] >= 'A' && p[n] <= 'Z')
        n++;
    static const char *const words[] = {"IF",       "ELSE",   "ELSEIF", "ENDIF",   "BEGIN",
                                        "END",      "ENDFOR", "FOR",    "INCLUDE", "DEFINE",
                                        "UNDEFINE", "SWITCH", "CASE",   "EVENT",   "BEGINELSE"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strlen(words[i]) == n && memcmp(words[i], p, n) == 0)
            return true;
    return p < lx->end && *p == '#';
}

static void punct(struct lexer *lx, size_t n)
{
    const byte *p = lx->p;
    lx->p += n;
    if (!(lx->flags & LEXER_NO_PUNCT))
        lexer_put(lx, p, lx->p, TOKEN_PUNCT, lexer_hash_bytes(p, n, lx->text_end));
}

static bool name_is(const byte *p, size_t n, const char *name)
{
    return n == strlen(name) && strncasecmp((const char *)p, name, n) == 0;
}

/* At < in a text; true when the mode changed or a comment was passed. */
static bool text_angle(struct lexer *lx)
{
    if (markup_embed(lx))
        return true;
    if (at(lx, lx->p, "<!--", 4)) {
        if (directive(lx)) {
            lx->p += 4;
            return true;
        }
        if (comment_to(lx, LEXER_EMBEDS - 1, 4, "-->"))
            return true;
    }
    if (at(lx, lx->p, "<![CDATA[", 9)) {
        lx->p += 9; /* text like any other */
        return true;
    }
    byte d = lx->end - lx->p > 1 ? lx->p[1] : 0;
    if (!ascii_is_alpha((char)d) && !one_of(d, "/!?"))
        return false;
    bool closing = d == '/';
    punct(lx, ascii_is_alpha((char)d) ? 1 : 2);
    const byte *p = lx->p;
    if (p < lx->end && wordish(*p))
        word(lx, TOKEN_WORD);
    size_t n = (size_t)(lx->p - p);
    lx->tag_lang = LANG_NONE;
    if (!closing && name_is(p, n, "script"))
        lx->tag_lang = LANG_JS;
    else if (!closing && name_is(p, n, "style"))
        lx->tag_lang = LANG_CSS;
    lx->mode = MODE_TAG;
    return true;
}

void markup_text(struct lexer *lx)
{
    while (lx->p < lx->end && lx->mode == MODE_TEXT) {
        byte c = *lx->p;
        if (wordish(c))
            word(lx, TOKEN_STRING_WORD);
        else if (c == '\n')
            lexer_newline(lx);
        else if (!(c == '<' && text_angle(lx)) &&
                 !((c == '{' || c == '[') && (markup_embed(lx) || (c == '{' && smarty(lx)))))
            lx->p++;
    }
}

/* Behind the > of a tag whose content is another language: up to its closing tag. */
static void content(struct lexer *lx)
{
    enum lang lang = lx->tag_lang;
    lx->mode = MODE_TEXT;
    if (lang == LANG_NONE)
        return;
    const char *name = lang == LANG_JS ? "</script" : "</style";
    size_t n = strlen(name);
    const byte *p = lx->p;
    while (p < lx->end &&
           !((size_t)(lx->end - p) >= n && strncasecmp((const char *)p, name, n) == 0)) {
        const byte *next = memchr(p + 1, '<', (size_t)(lx->end - p - 1));
        p = next ? next : lx->end;
    }
    if (p == lx->p || !frame_push(lx))
        return;
    lx->end = p;
    lx->last = NULL;
    lx->mode = MODE_CODE;
    lexer_use(lx, syntax_of(lang));
}

void markup_tag(struct lexer *lx)
{
    while (lx->p < lx->end && lx->mode == MODE_TAG) {
        byte c = *lx->p;
        if (wordish(c)) {
            word(lx, TOKEN_WORD);
        } else if (c == '\n') {
            lexer_newline(lx);
        } else if (c == '>') {
            lx->p++;
            content(lx);
        } else if (c == '"' || c == '\'') {
            char close = (char)c;
            const byte *open = lx->p++;
            quote_begin(lx, open, str_of(&close, 1), Q_LINES | Q_RAW);
        } else if ((c == '<' || c == '{' || c == '[') && markup_embed(lx)) {
            continue;
        } else if (c == '<') {
            lx->mode = MODE_TEXT; /* the tag was never closed */
        } else if (c != '{' || !smarty(lx)) {
            lx->p++;
        }
    }
}
