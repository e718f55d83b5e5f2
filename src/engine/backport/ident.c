/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words and declarations of a text by its tokens.  Runs in commands and in the engine child; the
 * text is a stranger's.
 */
#include "engine/backport/ident.h"

#include <stdlib.h>
#include <string.h>

#define DECLARED   1u
#define PATH_BYTES 400u /* of an include or import */
#define STATEMENT  200u /* tokens that are looked back for the begin of a declaration */

static bool c_like(enum lang lang)
{
    return lang == LANG_C || lang == LANG_CPP || lang == LANG_OBJC;
}

static bool script(enum lang lang)
{
    return lang == LANG_JS || lang == LANG_TS;
}

bool ident_lang(enum lang lang)
{
    return c_like(lang) || script(lang) || lang == LANG_PYTHON || lang == LANG_GO ||
           lang == LANG_PHP || lang == LANG_SHELL;
}

bool ident_lang_same(enum lang a, enum lang b)
{
    return a == b || (c_like(a) && c_like(b)) || (script(a) && script(b));
}

/* ---- Tokens ---- */

struct str code_token(const struct code *c, size_t i)
{
    return i < c->n ? str_of(c->text.p + c->v[i].at, c->v[i].len) : STR_NONE;
}

bool code_is(const struct code *c, size_t i, const char *word)
{
    return i < c->n && c->text.p[c->v[i].at] == word[0] && c->v[i].kind != TOKEN_STRING_WORD &&
           str_eq(code_token(c, i), str_c(word));
}

static bool word_at(const struct code *c, size_t i)
{
    return i < c->n && c->v[i].kind == TOKEN_WORD;
}

/* Is the word one of this list: " one two three "? */
static bool listed(struct str w, const char *list)
{
    for (const char *p = strchr(list, w.p[0]); p; p = strchr(p + 1, w.p[0])) {
        if (p[-1] == ' ' && strncmp(p, w.p, w.n) == 0 && p[w.n] == ' ')
            return true;
    }
    return false;
}

/* Words that are never names. */
static const char *keywords(enum lang lang)
{
    if (c_like(lang))
        return " auto break case char const continue default do double else enum extern float for "
               "goto if inline int long register restrict return short signed sizeof static struct "
               "switch typedef union unsigned void volatile while define ifdef ifndef elif endif "
               "include undef pragma error defined class namespace template typename public "
               "private "
               "protected virtual override final new delete this throw try catch using operator "
               "friend nullptr constexpr noexcept static_cast dynamic_cast reinterpret_cast "
               "const_cast explicit mutable true false NULL bool line warning "
               "__attribute__ __inline __inline__ __extension__ __asm__ asm typeof __typeof__ "
               "_Static_assert _Bool __func__ __FILE__ __LINE__ __FUNCTION__ __VA_ARGS__ ";
    if (script(lang))
        return " async await break case catch class const continue debugger default delete do else "
               "export extends false finally for from function get if import in instanceof let new "
               "null of return set static super switch this throw true try typeof undefined var "
               "void while with yield as abstract any boolean declare enum implements interface "
               "keyof namespace never number private protected public readonly string type unknown "
               "arguments ";
    switch (lang) {
    case LANG_GO:
        return " break case chan const continue default defer else fallthrough for func go goto if "
               "import interface map package range return select struct switch type var nil true "
               "false string int error bool byte iota int8 int16 int32 int64 uint uint8 uint16 "
               "uint32 uint64 uintptr float32 float64 rune len cap make new append copy delete "
               "panic recover print println close any _ ";
    case LANG_PYTHON:
        return " False None True and as assert async await break class continue def del elif else "
               "except finally for from global if import in is lambda nonlocal not or pass raise "
               "return try while with yield self cls print exec _ ";
    case LANG_PHP:
        return " abstract and array as break case catch class clone const continue declare default "
               "do echo else elseif empty enddeclare endfor endforeach endif endswitch endwhile "
               "exit extends false final finally fn for foreach function global if implements "
               "include include_once instanceof interface isset list match namespace new null or "
               "print private protected public readonly require require_once return self static "
               "switch this throw trait true try unset use var while xor yield parent int string "
               "bool float void mixed callable iterable object NULL TRUE FALSE die eval ";
    default: /* shell */
        return " if then else elif fi for while until do done case esac in function select time "
               "local export readonly declare typeset return exit break continue shift eval exec "
               "set unset trap read echo printf test cd source true false ";
    }
}

bool code_name(const struct code *c, size_t i)
{
    return word_at(c, i) && !listed(code_token(c, i), keywords(c->lang));
}

bool code_member(const struct code *c, size_t i)
{
    if (i == 0 || i > c->n)
        return false;
    if (c->lang == LANG_SHELL)
        return false;
    return code_is(c, i - 1, ".") || code_is(c, i - 1, "->") || code_is(c, i - 1, "::") ||
           code_is(c, i - 1, "?.") || code_is(c, i - 1, "?->") || code_is(c, i - 1, "\\");
}

size_t code_close(const struct code *c, size_t i, size_t max)
{
    int depth = 0;
    size_t end = c->n - i > max ? i + max : c->n;
    for (size_t k = i; k < end; k++) {
        if (c->v[k].kind != TOKEN_PUNCT || c->v[k].len != 1)
            continue;
        char b = c->text.p[c->v[k].at];
        if (b == '(' || b == '[' || b == '{')
            depth++;
        else if ((b == ')' || b == ']' || b == '}') && --depth <= 0)
            return k;
    }
    return c->n;
}

/* The byte of a token of one byte that is no word; 0 else. */
static char punct(const struct code *c, size_t i)
{
    return i < c->n && c->v[i].kind == TOKEN_PUNCT && c->v[i].len == 1 ? c->text.p[c->v[i].at]
                                                                       : '\0';
}

static bool any_of(char b, const char *set)
{
    return b != '\0' && strchr(set, b) != NULL;
}

/* Is token i the first one of its line? */
static bool line_first(const struct code *c, size_t i)
{
    return i == 0 || c->v[i - 1].line != c->v[i].line;
}

/* The bracket that token i stands in; c->n: none. */
static size_t opened_at(const struct code *c, size_t i)
{
    return c->open[i];
}

#define DEPTH_MAX 2000u /* brackets in brackets; deeper ones count as none */

/* Who stands in which bracket; one that closes nothing is passed over. */
static void open_brackets(struct code *c)
{
    AUTO(mem) uint32_t *stack = mem_alloc(DEPTH_MAX * sizeof *stack);
    size_t depth = 0;
    for (size_t i = 0; i < c->n; i++) {
        char b = punct(c, i);
        if (any_of(b, ")]}") && depth > 0)
            depth--;
        c->open[i] = depth ? stack[depth - 1] : (uint32_t)c->n;
        if (any_of(b, "([{") && depth < DEPTH_MAX)
            stack[depth++] = (uint32_t)i;
    }
}

void code_read(struct code *c, enum lang lang, struct str text)
{
    struct lexer_stop stop;
    lexer_run(lang, text, 0, &c->own, &stop);
    c->lang = lang;
    c->text = text;
    c->v = c->own.v;
    c->n = c->own.n;
    c->open = mem_realloc(c->open, (c->n + 1) * sizeof *c->open);
    open_brackets(c);
}

void code_release(struct code *c)
{
    tokens_release(&c->own);
    free(c->open);
    *c = (struct code){0};
}

void code_auto(struct code *c)
{
    code_release(c);
}

/* ---- C ---- */

static bool type_word(const struct code *c, size_t i)
{
    static const char never[] = " return else case goto sizeof do in throw new delete typeof "
                                "defined ifdef ifndef if elif include undef pragma error and or "
                                "not while for switch using ";
    return word_at(c, i) && !listed(code_token(c, i), never);
}

/* Stars, ampersands and const between a type and its name; the token before them. */
static size_t before_stars(const struct code *c, size_t i)
{
    while (i > 0 && (code_is(c, i - 1, "*") || code_is(c, i - 1, "&") || code_is(c, i - 1, "&&") ||
                     code_is(c, i - 1, "**")))
        i--;
    return i;
}

static bool c_typed(const struct code *c, size_t i)
{
    size_t k = before_stars(c, i);
    if (k == 0)
        return false;
    if (punct(c, k - 1) == '>') /* of a template */
        return c->lang == LANG_CPP && any_of(punct(c, i + 1), ";=,)({[");
    if (!type_word(c, k - 1))
        return false;
    if (k == i)
        return true;
    /* "a * b": only where a statement, a list of parameters or a member begins */
    if (k == 1 || word_at(c, k - 2))
        return k == 1 || type_word(c, k - 2);
    return any_of(punct(c, k - 2), ";{}(,)") || c->v[k - 2].line != c->v[k - 1].line;
}

/* "int a, b": the begin of the statement has a declaration. */
static bool c_listed(const struct code *c, size_t i)
{
    size_t k = before_stars(c, i);
    if (k == 0 || punct(c, k - 1) != ',')
        return false;
    int depth = 0;
    for (size_t left = STATEMENT; k > 0 && left > 0; left--) {
        char b = punct(c, --k);
        if (any_of(b, ")]}"))
            depth++;
        else if (any_of(b, "([{") && depth-- == 0)
            break;
        else if (b == ';' && depth == 0)
            break;
        else if (depth == 0 && code_name(c, k) && k > 0 && c_typed(c, k) &&
                 any_of(punct(c, k + 1), "=,[("))
            return true;
    }
    return false;
}

/* A name of "enum { A, B = 1 }". */
static bool c_enumerated(const struct code *c, size_t i)
{
    if (!any_of(punct(c, i - 1), "{,") || !any_of(punct(c, i + 1), ",=}"))
        return false;
    size_t k = i;
    for (size_t left = IDENT_REACH; k > 0 && left > 0; left--) {
        char b = punct(c, --k);
        if (b == '{')
            return code_is(c, k - 1, "enum") || (k > 1 && code_is(c, k - 2, "enum")) ||
                   (k > 2 && code_is(c, k - 3, "enum"));
        if (any_of(b, ";}"))
            return false;
    }
    return false;
}

static bool c_declares(const struct code *c, size_t i)
{
    char next = punct(c, i + 1);
    if (i == 0)
        return next == '(' || next == '=';
    if (code_is(c, i - 1, "define"))
        return i > 1 && punct(c, i - 2) == '#';
    if (code_is(c, i - 1, "struct") || code_is(c, i - 1, "union") || code_is(c, i - 1, "enum") ||
        code_is(c, i - 1, "class") || code_is(c, i - 1, "namespace"))
        return next == '{' || next == ':';
    if (punct(c, i - 1) == '}')
        return any_of(next, ";,=[");
    if (code_is(c, i - 1, "*") && i > 1 && punct(c, i - 2) == '(' && next == ')')
        return punct(c, i + 2) == '(';
    if (any_of(next, ";=,)[({:") && c_typed(c, i))
        return true;
    if (word_at(c, i + 1) && c_typed(c, i) && c->v[i].line == c->v[i + 1].line)
        return code_is(c, i + 1, "__attribute__"); /* "int a __attribute__((unused))" */
    return c_enumerated(c, i) || (any_of(next, ";=,[") && c_listed(c, i));
}

/* ---- The others ---- */

static bool go_declares(const struct code *c, size_t i)
{
    if (i == 0)
        return false;
    if (code_is(c, i - 1, "func") || code_is(c, i - 1, "type") || code_is(c, i - 1, "var") ||
        code_is(c, i - 1, "const") || code_is(c, i - 1, "package") || code_is(c, i + 1, ":="))
        return true;
    if (punct(c, i - 1) == ')' && punct(c, i + 1) == '(') { /* a method */
        size_t k = opened_at(c, i - 1);
        return k < c->n && k > 0 && code_is(c, k - 1, "func");
    }
    if (punct(c, i + 1) == ',') { /* a, b := ... */
        for (size_t k = i + 1; k < c->n && k < i + 20 && c->v[k].line == c->v[i].line; k++) {
            if (code_is(c, k, ":="))
                return true;
        }
    }
    if (code_is(c, i - 1, ",") && code_is(c, i - 2, "range"))
        return true;
    bool same = i + 1 < c->n && c->v[i + 1].line == c->v[i].line;
    bool typed =
        same && (word_at(c, i + 1) || any_of(punct(c, i + 1), "*[") || code_is(c, i + 1, "..."));
    if (line_first(c, i) && (typed || punct(c, i + 1) == '=' || !same))
        return !code_is(c, i, "return");
    return typed && any_of(punct(c, i - 1), "(,{;");
}

static bool python_declares(const struct code *c, size_t i)
{
    if (i == 0)
        return punct(c, 1) == '=' || punct(c, 1) == ':';
    if (code_is(c, i - 1, "def") || code_is(c, i - 1, "class") || code_is(c, i - 1, "as") ||
        code_is(c, i - 1, "import") || code_is(c, i - 1, "for") || code_is(c, i - 1, "global") ||
        code_is(c, i - 1, "lambda") || code_is(c, i + 1, ":="))
        return true;
    size_t open = opened_at(c, i);
    if (open < c->n && open > 0 && punct(c, open) == '(') {
        if (open > 1 && code_is(c, open - 2, "def") &&
            (any_of(punct(c, i - 1), "(,*") || code_is(c, i - 1, "**")))
            return true; /* a parameter */
        if (code_is(c, open - 1, "import"))
            return true;
    }
    size_t k = i;
    while (k > 0 && c->v[k - 1].line == c->v[i].line)
        k--;
    if (code_is(c, k, "import") || (code_is(c, k, "from") && !code_member(c, i) && i > k + 2))
        return true;
    if (code_is(c, k, "for")) { /* for a, b in */
        while (k < i && !code_is(c, k, "in"))
            k++;
        return k == i;
    }
    if (open < c->n && c->v[open].line == c->v[i].line && punct(c, open) == '(' && open != k) {
        for (size_t j = i; j > open && j + 40 > i; j--) {
            if (code_is(c, j, "for"))
                return true;
        }
        return false; /* f(name=1) names a parameter of another */
    }
    if (punct(c, i + 1) == '=')
        return true;
    if (punct(c, i + 1) == ':')
        return line_first(c, i);
    if (punct(c, i + 1) == ',' || punct(c, i + 1) == ')') { /* a, b = ... */
        for (k = i + 1; k < c->n && k < i + 40 && c->v[k].line == c->v[i].line; k++) {
            if (punct(c, k) == '=')
                return true;
            if (!word_at(c, k) && !any_of(punct(c, k), ",.)("))
                return false;
        }
    }
    return false;
}

static bool script_declares(const struct code *c, size_t i)
{
    if (punct(c, i + 1) == '=' || punct(c, i + 1) == ':' || code_is(c, i + 1, "=>"))
        return true;
    if (i == 0)
        return false;
    if (code_is(c, i - 1, "function") || code_is(c, i - 1, "class") || code_is(c, i - 1, "const") ||
        code_is(c, i - 1, "let") || code_is(c, i - 1, "var") || code_is(c, i - 1, "interface") ||
        code_is(c, i - 1, "type") || code_is(c, i - 1, "enum") || code_is(c, i - 1, "import") ||
        code_is(c, i - 1, "as") || code_is(c, i - 1, "catch"))
        return true;
    size_t open = opened_at(c, i);
    if (open < c->n && open > 0) {
        if (any_of(punct(c, open), "{[") &&
            (code_is(c, open - 1, "const") || code_is(c, open - 1, "let") ||
             code_is(c, open - 1, "var") || code_is(c, open - 1, "import") ||
             code_is(c, open - 1, "export")))
            return true;
        size_t end = punct(c, open) == '(' ? code_close(c, open, IDENT_REACH) : c->n;
        if (end < c->n && (code_is(c, end + 1, "=>") || punct(c, end + 1) == '{'))
            return !code_is(c, open - 1, "if") && !code_is(c, open - 1, "while") &&
                   !code_is(c, open - 1, "switch");
    }
    if (punct(c, i + 1) == '(') { /* a method */
        size_t end = code_close(c, i + 1, IDENT_REACH);
        return end < c->n && punct(c, end + 1) == '{' && !code_member(c, i);
    }
    return false;
}

static bool php_declares(const struct code *c, size_t i)
{
    if (i == 0)
        return false;
    if (punct(c, i - 1) == '$') {
        if (punct(c, i + 1) == '=')
            return true;
        if (i > 1 && (code_is(c, i - 2, "as") || code_is(c, i - 2, "=>") ||
                      code_is(c, i - 2, "global") || code_is(c, i - 2, "static") ||
                      code_is(c, i - 2, "public") || code_is(c, i - 2, "private") ||
                      code_is(c, i - 2, "protected") || code_is(c, i - 2, "var")))
            return true;
        size_t open = opened_at(c, i);
        return open < c->n && open > 0 &&
               (code_is(c, open - 1, "function") || code_is(c, open - 1, "fn") ||
                code_is(c, open - 1, "use") || code_is(c, open - 1, "list") ||
                code_is(c, open - 1, "catch") || (open > 1 && code_is(c, open - 2, "function")) ||
                (open > 2 && code_is(c, open - 3, "function")));
    }
    if (code_is(c, i - 1, "function") || code_is(c, i - 1, "class") ||
        code_is(c, i - 1, "interface") || code_is(c, i - 1, "trait") ||
        code_is(c, i - 1, "const") || code_is(c, i - 1, "use") || code_is(c, i - 1, "as"))
        return true;
    if (i > 1 && punct(c, i - 1) == '&' && code_is(c, i - 2, "function"))
        return true;
    if (punct(c, i - 1) == '\\' || (i > 1 && code_is(c, i - 1, "\\"))) {
        size_t k = i;
        while (k > 0 && c->v[k - 1].line == c->v[i].line)
            k--;
        return code_is(c, k, "use");
    }
    return code_is(c, i - 1, "->") && punct(c, i + 1) == '=';
}

static bool shell_declares(const struct code *c, size_t i)
{
    if (i + 1 < c->n && punct(c, i + 1) == '=' && c->v[i + 1].at == c->v[i].at + c->v[i].len)
        return true;
    if (punct(c, i + 1) == '(' && punct(c, i + 2) == ')')
        return true;
    return i > 0 &&
           (code_is(c, i - 1, "function") || code_is(c, i - 1, "local") ||
            code_is(c, i - 1, "export") || code_is(c, i - 1, "readonly") ||
            code_is(c, i - 1, "declare") || code_is(c, i - 1, "read") || code_is(c, i - 1, "for"));
}

bool ident_declares(const struct code *c, size_t i)
{
    if (!word_at(c, i))
        return false;
    if (c_like(c->lang))
        return c_declares(c, i);
    if (script(c->lang))
        return script_declares(c, i);
    switch (c->lang) {
    case LANG_GO:
        return go_declares(c, i);
    case LANG_PYTHON:
        return python_declares(c, i);
    case LANG_PHP:
        return php_declares(c, i);
    case LANG_SHELL:
        return shell_declares(c, i);
    default:
        return false;
    }
}

/* ---- What it includes ---- */

static void reach(struct buf *b, char kind, struct str path)
{
    if (path.n == 0 || path.n > PATH_BYTES || str_chr(path, '\n') != STR_NPOS)
        return;
    buf_addc(b, kind);
    buf_add(b, path);
    buf_addc(b, '\n');
}

/* The bytes of the string or <path> that opens at token i, on its line. */
static struct str quoted(const struct code *c, size_t i)
{
    if (i >= c->n || c->v[i].kind != TOKEN_PUNCT)
        return STR_NONE;
    char open = c->text.p[c->v[i].at], close = open == '<' ? '>' : open;
    if (!any_of(open, "\"'<`"))
        return STR_NONE;
    struct str rest = str_sub(c->text, (size_t)c->v[i].at + 1, PATH_BYTES);
    size_t end = str_chr(rest, close);
    return end == STR_NPOS ? STR_NONE : str_sub(rest, 0, end);
}

static void python_reach(const struct code *c, size_t i, struct buf *b)
{
    size_t k = i + 1;
    struct str path = STR_NONE;
    while (k < c->n && c->v[k].line == c->v[i].line && !code_is(c, k, "import")) {
        bool dots = punct(c, k) == '.' || code_is(c, k, "...") || code_is(c, k, "..");
        if (!dots && !word_at(c, k))
            break;
        if (!dots && path.n && word_at(c, k - 1) && k > i + 1)
            break; /* import a as b */
        size_t from = path.n ? (size_t)(path.p - c->text.p) : c->v[k].at;
        path = str_sub(c->text, from, c->v[k].at + c->v[k].len - from);
        k++;
    }
    reach(b, 'm', path);
}

static void reaches_of(const struct code *c, size_t i, struct buf *b)
{
    if (c_like(c->lang)) {
        if (i > 0 && punct(c, i - 1) == '#' &&
            (code_is(c, i, "include") || code_is(c, i, "import")) && i + 1 < c->n &&
            c->v[i + 1].kind == TOKEN_PUNCT)
            reach(b, c->text.p[c->v[i + 1].at], quoted(c, i + 1));
    } else if (c->lang == LANG_PYTHON) {
        if (line_first(c, i) && (code_is(c, i, "from") || code_is(c, i, "import")))
            python_reach(c, i, b);
    } else if (script(c->lang)) {
        if (code_is(c, i, "from") || code_is(c, i, "import"))
            reach(b, 'p', quoted(c, i + 1));
        else if (code_is(c, i, "require") && punct(c, i + 1) == '(')
            reach(b, 'p', quoted(c, i + 2));
    }
}

/* ---- The set ---- */

static int by_hash(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

void ident_words(const struct code *c, struct buf *words, struct buf *reaches)
{
    AUTO(mem) uint32_t *v = mem_alloc((c->n + 1) * sizeof *v);
    size_t n = 0;
    bool known = ident_lang(c->lang);
    for (size_t i = 0; i < c->n; i++) {
        if (c->v[i].kind != TOKEN_WORD)
            continue;
        v[n] = c->v[i].hash & ~DECLARED;
        if (known && ident_declares(c, i))
            v[n] |= DECLARED;
        n++;
        if (known)
            reaches_of(c, i, reaches);
    }
    qsort(v, n, sizeof *v, by_hash);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        /* the declared one comes behind the other */
        if (kept && (v[kept - 1] & ~DECLARED) == (v[i] & ~DECLARED))
            v[kept - 1] = v[i];
        else
            v[kept++] = v[i];
    }
    buf_add(words, str_of(v, kept * sizeof *v));
}

enum ident_has ident_find(const struct ident_set *s, uint32_t hash)
{
    size_t lo = 0, hi = s->n;
    hash &= ~DECLARED;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if ((s->words[mid] & ~DECLARED) < hash)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == s->n || (s->words[lo] & ~DECLARED) != hash)
        return IDENT_NO;
    return s->words[lo] & DECLARED ? IDENT_DECLARED : IDENT_USED;
}

bool ident_reach(struct str *rest, char *ret_kind, struct str *ret_path)
{
    struct str line;
    if (!str_cut(rest, '\n', &line) || line.n < 2)
        return false;
    *ret_kind = line.p[0];
    *ret_path = str_sub(line, 1, line.n);
    return true;
}
