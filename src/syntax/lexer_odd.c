/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What single languages do otherwise than the table can say: regular expressions, quotes of Perl
 * and Ruby, here-documents, raw strings, long brackets.  Runs in the engine child and where pages
 * are made; the texts are strangers'.
 */
#include "syntax/lexer_inside.h"

#include <string.h>

/* Words behind which an operand follows, so that / opens a regular expression. */
static const char before_operand[] =
    " return typeof case in of delete void throw new do else instanceof yield await split if "
    "unless "
    "and or not grep map when while until then elsif elif puts match x cmp eq ne lt gt le ge xor ";

static bool listed(const char *list, const byte *p, size_t n)
{
    for (const char *at = list; (at = strchr(at, ' ')) != NULL && at[1];) {
        at++;
        if (strncmp(at, (const char *)p, n) == 0 && at[n] == ' ')
            return true;
    }
    return false;
}

/* Whether an operand, not an operator, is expected here. */
static bool operand_next(const struct lexer *lx)
{
    const byte *q = lx->last;
    if (!q || q <= lx->start)
        return true;
    byte c = q[-1];
    if (one_of(c, ")]}\"'`<"))
        return false;
    if (!wordish(c) && c != '$')
        return true;
    const byte *p = q;
    while (p > lx->start && q - p < 12 && wordish(p[-1]))
        p--;
    if (p > lx->start && one_of(p[-1], "$@%&.>"))
        return false; /* a variable or member of that name */
    return listed(before_operand, p, (size_t)(q - p));
}

/* One string behind p, of which `close` is the end. */
static bool take(struct lexer *lx, const byte *content, struct str close, unsigned flags)
{
    const byte *open = lx->p;
    lx->p = content;
    quote_begin(lx, open, close, flags);
    return true;
}

static bool regex(struct lexer *lx)
{
    const byte *p = lx->p;
    if (lx->end - p < 2 || p[1] == '*')
        return false;
    if (p[1] == '/') { /* of Perl: defined or; an empty expression */
        lexer_operator(lx);
        lexer_operator(lx);
        return true;
    }
    if (!operand_next(lx))
        return false;
    if (p[1] == '=' && (lx->syn->flags & (SYN_PERL | SYN_RUBY)))
        return false;
    /* One that is compared with may be written over several lines. */
    bool lines = lx->last && lx->last > lx->start && lx->last[-1] == '~';
    return take(lx, p + 1, STR("/"), Q_CLASS | (lines ? Q_LINES : 0));
}

/* The end word at p, in quotes or not; NULL when there is none. */
static const byte *end_word(struct lexer *lx, const byte *p, struct heredoc *h)
{
    byte q = p < lx->end && one_of(*p, "'\"`") ? *p : 0;
    if (q)
        p++;
    else if (p < lx->end && *p == '\\' && (lx->syn->flags & SYN_SHELL))
        q = '\\', p++;
    const byte *from = p;
    while (p < lx->end && p - from < (ptrdiff_t)LEXER_ENDWORD_MAX &&
           (wordish(*p) || (q && q != '\\' && *p != q && *p != '\n') ||
            ((lx->syn->flags & SYN_SHELL) && p > from && one_of(*p, "-.!") && *p)))
        p++;
    size_t n = (size_t)(p - from);
    if (n == 0 || (!q && ascii_is_digit((char)*from)) || n >= sizeof(h->word))
        return NULL;
    if (q && q != '\\') {
        if (p >= lx->end || *p != q)
            return NULL;
        p++;
    }
    memcpy(h->word, from, n);
    h->n = (uint8_t)n;
    h->flags = q && q != '"' ? Q_RAW : Q_INTERP;
    return p;
}

/* << at lx->p: the body begins behind this line. */
static bool heredoc(struct lexer *lx)
{
    const byte *p = lx->p + 2;
    unsigned s = lx->syn->flags;
    struct heredoc h = {.indent = 0};
    if (p < lx->end && *p == '<') {
        if (!(s & SYN_PHP))
            return false;
        h.indent = 'p';
        p++;
    } else if (s & SYN_PHP) {
        return false;
    }
    if (p < lx->end && !(s & SYN_PHP) && (*p == '-' || *p == '~'))
        h.indent = *p++ == '-' && (s & SYN_SHELL) ? 't' : 's';
    if (s & (SYN_SHELL | SYN_PHP))
        while (p < lx->end && (*p == ' ' || *p == '\t'))
            p++;
    bool bare = p < lx->end && wordish(*p);
    /* x << Y of Ruby and Perl is an operator; a here-document follows no operand. */
    if ((s & SYN_RUBY) && bare && (!ascii_is_alpha((char)*p) || *p >= 'a') && !h.indent)
        return false;
    if ((s & SYN_RUBY) && !h.indent && lx->last && lx->last == lx->p)
        return false;
    if (bare && ascii_is_digit((char)*p))
        return false;
    p = end_word(lx, p, &h);
    if (!p)
        return false;
    if (lx->n_heredocs >= LEXER_HEREDOCS_MAX) {
        lexer_cut(lx, LEXER_CUT_DEPTH);
        return false;
    }
    lx->heredocs[lx->n_heredocs++] = h;
    const byte *from = lx->p;
    if (!(lx->flags & LEXER_NO_PUNCT))
        lexer_put(lx, from, from + 2, TOKEN_PUNCT, lexer_hash_bytes(from, 2, lx->text_end));
    lx->p = lx->last = p;
    return true;
}

static bool shell_byte(struct lexer *lx, byte c, byte d)
{
    if (c == '\\' && d && d != '\n') {
        lx->p += 2;
        lx->last = lx->p;
        return true;
    }
    if (c == '$' && d == '\'')
        return take(lx, lx->p + 2, STR("'"), Q_LINES);
    if (c == '(' && d == '(')
        lx->arith = true;
    else if (c == ')' && d == ')')
        lx->arith = false;
    if (c == '<' && d == '<') {
        if (lx->end - lx->p > 2 && lx->p[2] == '<') {
            lx->p += 3;
            return true;
        }
        return !lx->arith && heredoc(lx);
    }
    return false;
}

/* Documentation among the code, from a line `=word` to a line `=cut` or `=end`. */
static bool documentation(struct lexer *lx, const char *end)
{
    const byte *p = lx->p;
    if (p != lx->line_start || lx->end - p < 2 || !ascii_is_alpha((char)p[1]))
        return false;
    if ((lx->syn->flags & SYN_RUBY) && !at(lx, p, "=begin", 6))
        return false;
    bool over = false;
    while (lx->p < lx->end && !over) {
        over = at(lx, lx->p, end, 4) && !(lx->end - lx->p > 4 && wordish(lx->p[4]));
        const byte *nl = memchr(lx->p, '\n', (size_t)(lx->end - lx->p));
        lx->p = nl ? nl : lx->end;
        if (nl && !over)
            lexer_newline(lx);
    }
    lexer_span(lx, SPAN_COMMENT, p, lx->p);
    return true;
}

static byte bracket_of(byte open)
{
    switch (open) {
    case '(':
        return ')';
    case '[':
        return ']';
    case '{':
        return '}';
    case '<':
        return '>';
    default:
        return open;
    }
}

/* A quote with a delimiter of its own at `open`, in `parts`. */
static bool delimited(struct lexer *lx, const byte *open, unsigned parts, unsigned flags)
{
    byte close = bracket_of(*open);
    const byte *begin = lx->p;
    struct open_quote *k = &lx->quote;
    *k = (struct open_quote){.close = {(char)close},
                             .n_close = 1,
                             .mode = lx->mode,
                             .more = (uint8_t)(parts - 1),
                             .nest = close != *open ? (char)*open : 0,
                             .flags = flags | Q_LINES,
                             .begin = begin};
    if (!(lx->flags & LEXER_NO_PUNCT))
        lexer_put(lx, open, open + 1, TOKEN_PUNCT, lexer_hash_bytes(open, 1, lx->text_end));
    lx->p = open + 1;
    lx->mode = MODE_QUOTE;
    quote_run(lx);
    return true;
}

static bool perl_byte(struct lexer *lx, byte c, byte d)
{
    if (c == '$' && d && !wordish(d) && !one_of(d, "{$ \t\r\n\\@(")) {
        /* $' $" $# and their like open nothing. */
        lx->p += 2;
        lx->last = lx->p;
        return true;
    }
    if (c == '=')
        return documentation(lx, "=cut");
    if (c == '<' && d == '<') {
        byte w = lx->end - lx->p > 2 ? lx->p[2] : 0;
        bool shift = lx->last == lx->p || w < 'A' || w > 'Z';
        return (one_of(w, "\"'~") || !shift || operand_next(lx)) && heredoc(lx);
    }
    return c == '/' && regex(lx);
}

static bool ruby_byte(struct lexer *lx, byte c, byte d)
{
    if (c == '=')
        return documentation(lx, "=end");
    if (c == '<' && d == '<')
        return heredoc(lx);
    if (c == '/')
        return regex(lx);
    if (c != '%' || lx->end - lx->p < 3)
        return false;
    const byte *open = lx->p + 1;
    bool named = one_of(*open, "qQwWiIrx") && *open;
    open += named;
    if (!one_of(*open, "([{<|!") || !*open || (!named && !operand_next(lx)))
        return false;
    return delimited(lx, open, 1, lx->p[1] == 'q' || lx->p[1] == 'w' ? 0 : Q_INTERP);
}

/* [==[ or --[==[ of Lua; the closing bracket goes to ret. */
static bool long_bracket(const struct lexer *lx, const byte *p, char ret[LEXER_ENDWORD_MAX],
                         size_t *ret_n)
{
    size_t n = 1;
    if (p >= lx->end || *p != '[')
        return false;
    while (p + n < lx->end && p[n] == '=' && n < LEXER_ENDWORD_MAX - 2)
        n++;
    if (p + n >= lx->end || p[n] != '[')
        return false;
    memset(ret, '=', n + 1);
    ret[0] = ret[n] = ']';
    *ret_n = n + 1;
    return true;
}

/* A comment that ends with `close`, from lx->p. */
static void comment_until(struct lexer *lx, const byte *content, const char *close, size_t n)
{
    const byte *from = lx->p;
    const byte *to = memmem(content, (size_t)(lx->end - content), close, n);
    lexer_skip_to(lx, to ? to + n : lx->end);
    lexer_span(lx, SPAN_COMMENT, from, lx->p);
}

static bool lua_byte(struct lexer *lx, byte c, byte d)
{
    char close[LEXER_ENDWORD_MAX];
    size_t n;
    if (c == '[' && long_bracket(lx, lx->p, close, &n))
        return take(lx, lx->p + n, str_of(close, n), Q_LINES | Q_RAW);
    if (c == '-' && d == '-' && long_bracket(lx, lx->p + 2, close, &n)) {
        comment_until(lx, lx->p + 2 + n, close, n);
        return true;
    }
    return false;
}

static bool cmake_byte(struct lexer *lx, byte c)
{
    char close[LEXER_ENDWORD_MAX];
    size_t n;
    if (c == '[' && long_bracket(lx, lx->p, close, &n))
        return take(lx, lx->p + n, str_of(close, n), Q_LINES | Q_RAW);
    if (c == '#' && long_bracket(lx, lx->p + 1, close, &n)) {
        comment_until(lx, lx->p + 1 + n, close, n);
        return true;
    }
    return false;
}

bool peculiar_byte(struct lexer *lx)
{
    unsigned s = lx->syn->flags;
    byte c = *lx->p, d = lx->end - lx->p > 1 ? lx->p[1] : 0;
    if (lx->embed && c == '<' && markup_embed(lx))
        return true;
    if (s & SYN_SHELL)
        return shell_byte(lx, c, d);
    if (s & SYN_PERL)
        return perl_byte(lx, c, d);
    if (s & SYN_RUBY)
        return ruby_byte(lx, c, d);
    if ((s & SYN_REGEX) && c == '/' && d != '/')
        return regex(lx);
    if (s & SYN_PHP) {
        if (c == '<' && d == '<')
            return heredoc(lx);
        if (c == '#' && d == '[') {
            lexer_operator(lx); /* an attribute */
            return true;
        }
    }
    if (s & SYN_LUA)
        return lua_byte(lx, c, d);
    return (s & SYN_CMAKE) && cmake_byte(lx, c);
}

/* R"x(...)x" behind its prefix; lx->p is its begin. */
static bool raw_cpp(struct lexer *lx, const byte *quote)
{
    char close[24] = {')'};
    size_t n = 0;
    const byte *p = quote + 1;
    while (p + n < lx->end && n < 16 && p[n] != '(' && !one_of(p[n], " \t\r\n\\)\""))
        n++;
    if (p + n >= lx->end || p[n] != '(')
        return false;
    memcpy(close + 1, p, n);
    close[n + 1] = '"';
    return take(lx, p + n + 1, str_of(close, n + 2), Q_LINES | Q_RAW);
}

/* r"..." and r##"..."## of Rust. */
static bool raw_rust(struct lexer *lx, const byte *p)
{
    char close[LEXER_ENDWORD_MAX];
    size_t n = 0;
    while (p + n < lx->end && p[n] == '#' && n < sizeof(close) - 1)
        n++;
    if (p + n >= lx->end || p[n] != '"')
        return false;
    memset(close, '#', sizeof(close));
    close[0] = '"';
    return take(lx, p + n + 1, str_of(close, n + 1), Q_LINES | Q_RAW);
}

/* A string behind the letters p..q that belong to it. */
static bool prefixed(struct lexer *lx, const byte *p, const byte *q)
{
    unsigned s = lx->syn->flags;
    if (q - p > 3 || q >= lx->end || !lx->syn->prefix)
        return false;
    for (const byte *c = p; c < q; c++)
        if (!one_of(*c, lx->syn->prefix))
            return false;
    byte last = q[-1];
    if ((s & SYN_LIFETIME) && last == 'r' && (*q == '"' || *q == '#'))
        return raw_rust(lx, q);
    if (*q != '"' && *q != '\'')
        return false;
    if ((s & SYN_RAW_CPP) && last == 'R' && *q == '"' && raw_cpp(lx, q))
        return true;
    if (!(s & SYN_PREFIX))
        return false;
    lx->p = q; /* the quote itself is read next */
    return true;
}

static bool quote_word(const byte *p, size_t n, unsigned *ret_parts, unsigned *ret_flags)
{
    *ret_parts = (n == 1 && (*p == 's' || *p == 'y')) || (n == 2 && p[0] == 't') ? 2 : 1;
    *ret_flags = 0;
    if (n == 1)
        return *p == 'q' || *p == 'm' || *p == 's' || *p == 'y';
    return n == 2 && ((p[0] == 'q' && one_of(p[1], "qwrx")) || (p[0] == 't' && p[1] == 'r'));
}

/* q// qq{} s/// and their like; __END__. */
static bool perl_word(struct lexer *lx, const byte *p, const byte *q)
{
    unsigned parts, flags;
    if ((q - p == 7 && memcmp(p, "__END__", 7) == 0) ||
        (q - p == 8 && memcmp(p, "__DATA__", 8) == 0)) {
        if (p != lx->line_start)
            return false;
        lexer_skip_to(lx, lx->end);
        lexer_span(lx, SPAN_COMMENT, p, lx->p);
        return true;
    }
    if (!(lx->syn->flags & SYN_PERL) || q - p > 2 ||
        !quote_word(p, (size_t)(q - p), &parts, &flags))
        return false;
    if (p > lx->start && one_of(p[-1], "$@%&>\\"))
        return false;
    const byte *open = q;
    while (open < lx->end && (*open == ' ' || *open == '\t'))
        open++;
    if (open >= lx->end || wordish(*open) || one_of(*open, "=,;)") || ascii_is_space((char)*open))
        return false;
    if (*open == '}' || *open == ':' || (open[0] == '-' && open + 1 < lx->end && open[1] == '>'))
        return false;
    if (open > q && !one_of(*open, "{([</|!\"'"))
        return false;
    return delimited(lx, open, parts, flags);
}

bool peculiar_word(struct lexer *lx, const byte *p, const byte *q)
{
    const struct syntax *s = lx->syn;
    if (s->flags & (SYN_PERL | SYN_RUBY))
        return perl_word(lx, p, q);
    if ((s->flags & SYN_WORDLINE) &&
        str_eq_nocase(str_of(p, (size_t)(q - p)), str_c(s->line_word))) {
        lexer_line_comment(lx);
        return true;
    }
    return prefixed(lx, p, q);
}
