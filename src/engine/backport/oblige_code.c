/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions by brackets and indentation.  Runs in commands and in the engine child; the text is a
 * stranger's.
 */
#include <string.h>

#include "engine/backport/oblige_inside.h"

#define HEAD_TOKENS                                                                                \
    60u /* between the parameters and the body: result types, const, initialisers                  \
         */

static bool bracket(const struct code *c, size_t i, char b)
{
    return i < c->n && c->v[i].kind == TOKEN_PUNCT && c->v[i].len == 1 &&
           c->text.p[c->v[i].at] == b;
}

/* The bracket that opens what the one at i closes; c->n: none. */
static size_t opening(const struct code *c, size_t i)
{
    size_t depth = 1, k = i;
    while (k > 0 && depth > 0) {
        k--;
        if (bracket(c, k, ')') || bracket(c, k, ']') || bracket(c, k, '}'))
            depth++;
        else if (bracket(c, k, '(') || bracket(c, k, '[') || bracket(c, k, '{'))
            depth--;
    }
    return depth == 0 ? k : c->n;
}

static bool control(const struct code *c, size_t i)
{
    static const char *const words[] = {"if",     "for",    "while", "switch", "catch", "foreach",
                                        "elseif", "select", "with",  "do",     "else",  "return"};
    for (size_t k = 0; k < ARRAY_LEN(words); k++) {
        if (code_is(c, i, words[k]))
            return true;
    }
    return false;
}

/* Is the "{" at i the begin of a function's body?  ret: the bracket of its parameters. */
static bool body(const struct code *c, size_t i, size_t *ret_params)
{
    size_t k = i;
    for (unsigned left = HEAD_TOKENS; k > 0 && left > 0; left--) {
        k--;
        if (bracket(c, k, ';') || bracket(c, k, '{') || bracket(c, k, '}') || bracket(c, k, '='))
            return false;
        if (bracket(c, k, ')')) {
            size_t open = opening(c, k);
            if (open == c->n || open == 0)
                return false;
            /* Go's results and a C++ initialiser stand in brackets, too: the first pair counts */
            if (bracket(c, open - 1, ')') || bracket(c, open - 1, ',')) {
                k = open;
                continue;
            }
            *ret_params = open;
            return !control(c, open - 1);
        }
        if (control(c, k) || code_is(c, k, "class") || code_is(c, k, "struct") ||
            code_is(c, k, "namespace") || code_is(c, k, "enum") || code_is(c, k, "union"))
            return false;
    }
    return false;
}

static size_t head_begin(const struct code *c, size_t params)
{
    size_t k = params;
    for (unsigned left = HEAD_TOKENS; k > 0 && left > 0; left--) {
        if (bracket(c, k - 1, ';') || bracket(c, k - 1, '}') || bracket(c, k - 1, '{') ||
            bracket(c, k - 1, '#'))
            break;
        k--;
    }
    return k;
}

static bool braces_function(const struct code *c, size_t i, struct func *ret)
{
    size_t found = c->n, params = 0;
    for (size_t b = c->open[i]; b < c->n; b = c->open[b]) {
        size_t p;
        if (bracket(c, b, '{') && body(c, b, &p)) {
            found = b;
            params = p;
        }
    }
    if (found == c->n)
        return false;
    ret->from = head_begin(c, params);
    ret->to = code_close(c, found, c->n);
    ret->name = params > 0 && c->v[params - 1].kind == TOKEN_WORD ? params - 1 : SIZE_MAX;
    return true;
}

/* Column of a token, tabs as one. */
static size_t column(const struct code *c, size_t i)
{
    size_t at = c->v[i].at;
    while (at > 0 && c->text.p[at - 1] != '\n')
        at--;
    return c->v[i].at - at;
}

static bool line_begin(const struct code *c, size_t i)
{
    return c->open[i] == c->n && (i == 0 || c->v[i - 1].line != c->v[i].line);
}

static bool indent_function(const struct code *c, size_t i, struct func *ret)
{
    size_t k = i, def = c->n;
    while (k > 0 && !line_begin(c, k))
        k--;
    size_t least = column(c, k) + 1;
    for (;; k--) {
        if (line_begin(c, k) && column(c, k) < least) {
            least = column(c, k);
            if (code_is(c, k, "def") || (code_is(c, k, "async") && code_is(c, k + 1, "def")))
                def = k;
        }
        if (k == 0 || least == 0)
            break;
    }
    if (def == c->n)
        return false;
    size_t end = def + 1;
    while (end < c->n && !(line_begin(c, end) && column(c, end) <= column(c, def)))
        end++;
    ret->from = def;
    ret->to = end - 1;
    ret->name = code_is(c, def, "async") ? def + 2 : def + 1;
    return true;
}

bool code_function(const struct code *c, size_t i, struct func *ret)
{
    if (i >= c->n)
        return false;
    switch (c->lang) {
    case LANG_PYTHON:
        return indent_function(c, i, ret);
    case LANG_C:
    case LANG_CPP:
    case LANG_OBJC:
    case LANG_GO:
    case LANG_JS:
    case LANG_TS:
    case LANG_PHP:
        return braces_function(c, i, ret);
    default:
        return false;
    }
}
