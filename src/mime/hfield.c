/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header fields cut into their small pieces.  Runs in the parse child (and in core on typed
 * values); input is hostile: every loop moves forward, comments nest by a counter.
 */
#include "mime/hfield.h"

#include <string.h>

static bool is_wsp(char c)
{
    return c == ' ' || c == '\t';
}

bool hfield_cut(struct str *rest, struct hfield *ret_f)
{
    struct str line;
    while (str_line(rest, &line)) {
        if (str_trim(line).n == 0)
            return false;
        size_t colon = str_chr(line, ':');
        struct str name = str_sub(line, 0, colon == STR_NPOS ? 0 : colon);
        while (name.n > 0 && is_wsp(name.p[name.n - 1]))
            name.n--;
        if (name.n == 0 || str_chr(name, ' ') != STR_NPOS || str_chr(name, '\t') != STR_NPOS)
            continue;
        const char *start = line.p + colon + 1, *end = line.p + line.n;
        while (rest->n > 0 && is_wsp(rest->p[0])) {
            str_line(rest, &line);
            if (str_trim(line).n == 0)
                continue;
            end = line.p + line.n;
        }
        *ret_f = (struct hfield){name, str_trim(str_of(start, (size_t)(end - start)))};
        return true;
    }
    return false;
}

struct str hfield_flat(struct arena *a, struct str value)
{
    value = str_trim(value);
    char *p = arena_alloc(a, value.n + 1);
    if (p == NULL)
        return STR_NONE;
    size_t n = 0;
    for (size_t i = 0; i < value.n; i++) {
        if (!ascii_is_space(value.p[i]))
            p[n++] = value.p[i];
        else if (n > 0 && p[n - 1] != ' ')
            p[n++] = ' ';
    }
    return str_of(p, n);
}

const struct hfield *hfield_find(const struct hfield *f, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(f[i].name, str_c(name)))
            return &f[i];
    return NULL;
}

bool hfield_skip_cfws(struct str *s)
{
    size_t depth = 0, i = 0;
    for (; i < s->n; i++) {
        char c = s->p[i];
        if (c == '(')
            depth++;
        else if (depth > 0 && c == ')')
            depth--;
        else if (depth > 0 && c == '\\')
            i++;
        else if (depth == 0 && !ascii_is_space(c))
            break;
    }
    *s = str_sub(*s, i, s->n);
    return depth == 0;
}

/* End of the quoted string that starts at s.p[at] == '"': index behind the closing quote. */
static size_t quoted_end(struct str s, size_t at)
{
    for (size_t i = at + 1; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            return i + 1;
    }
    return s.n;
}

/* The run of address characters around "@", without comments, for values without angles. */
static struct str bare_addr(struct str s)
{
    struct str best = STR_NONE;
    while (hfield_skip_cfws(&s) && s.n > 0) {
        size_t n = 0;
        while (n < s.n && !ascii_is_space(s.p[n]) && s.p[n] != '(' && s.p[n] != ',' &&
               s.p[n] != ';')
            n = s.p[n] == '"' ? quoted_end(s, n) : n + 1;
        struct str word = str_sub(s, 0, n);
        if (str_chr(word, '@') != STR_NPOS)
            return word;
        if (best.n == 0)
            best = word;
        s = str_sub(s, n, s.n);
        if (s.n > 0 && (s.p[0] == ',' || s.p[0] == ';'))
            break;
    }
    /* A lone local part ("MAILER-DAEMON") still tells a class. */
    return best;
}

struct str hfield_addr(struct str value)
{
    size_t comment = 0;
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (c == '\\') {
            i++;
        } else if (c == '"' && comment == 0) {
            i = quoted_end(value, i) - 1;
        } else if (c == '(') {
            comment++;
        } else if (c == ')' && comment > 0) {
            comment--;
        } else if (c == ',' && comment == 0) {
            break;
        } else if (c == '<' && comment == 0) {
            struct str in = str_sub(value, i + 1, value.n);
            size_t end = str_chr(in, '>');
            return str_trim(str_sub(in, 0, end == STR_NPOS ? in.n : end));
        }
    }
    return bare_addr(value);
}

/* Cuts one ";"-separated piece off, quotes respected. */
static struct str piece_cut(struct str *s)
{
    size_t i = 0;
    while (i < s->n && s->p[i] != ';')
        i = s->p[i] == '"' ? quoted_end(*s, i) : i + 1;
    struct str piece = str_sub(*s, 0, i);
    *s = str_sub(*s, i + 1, s->n);
    return piece;
}

struct str hfield_param(struct str value, const char *name)
{
    piece_cut(&value);
    while (value.n > 0) {
        struct str piece = piece_cut(&value);
        size_t eq = str_chr(piece, '=');
        if (eq == STR_NPOS)
            continue;
        if (!str_eq_nocase(str_trim(str_sub(piece, 0, eq)), str_c(name)))
            continue;
        struct str v = str_trim(str_sub(piece, eq + 1, piece.n));
        if (v.n > 0 && v.p[0] == '"') {
            size_t end = quoted_end(v, 0);
            size_t close = end > 1 && v.p[end - 1] == '"' ? end - 1 : end;
            return str_sub(v, 1, close - 1);
        }
        size_t end = 0;
        while (end < v.n && !ascii_is_space(v.p[end]) && v.p[end] != '(')
            end++;
        return str_sub(v, 0, end);
    }
    return STR_NONE;
}

struct str hfield_main(struct str value)
{
    struct str s = piece_cut(&value);
    hfield_skip_cfws(&s);
    size_t end = 0;
    while (end < s.n && !ascii_is_space(s.p[end]) && s.p[end] != '(')
        end++;
    return str_sub(s, 0, end);
}
