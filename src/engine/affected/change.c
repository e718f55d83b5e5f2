/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes changes comparable.  Runs in commands and in the engine child; lines are a stranger's text,
 * and only ever hashed and compared.
 */
#include "engine/affected/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define LINE_MAX_BYTES 4096        /* of a line that are compared */
#define SIGN_BIT       UINT64_C(1) /* lowest bit of a line's hash: 1 = added */

/* ---- Paths ---- */

struct str path_base(struct str path)
{
    size_t slash = str_rchr(path, '/');
    return slash == STR_NPOS ? path : str_sub(path, slash + 1, path.n);
}

static bool any_of(struct str s, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(s, str_c(words[i])))
            return true;
    return false;
}

/* CHANGES, NEWS-1.2, README.md, 00-RELEASENOTES: a shouted name. */
static bool shouted(struct str base)
{
    size_t upper = 0;
    size_t dot = str_chr(base, '.');
    struct str stem = str_sub(base, 0, dot == STR_NPOS ? base.n : dot);
    for (size_t i = 0; i < stem.n; i++) {
        char c = stem.p[i];
        if (c >= 'A' && c <= 'Z')
            upper++;
        else if (!ascii_is_digit(c) && c != '-' && c != '_')
            return false;
    }
    return upper >= 4;
}

bool path_is_code(struct str path)
{
    static const char *const folders[] = {
        "doc",   "docs",      "test", "tests",   "testing",
        "t",     "testsuite", "man",  "manual",  "changes-entries",
        "demos", "examples",  "spec", "fixtures"};
    static const char *const ends[] = {"md", "rst", "pod", "txt", "adoc", "po",  "asc", "tex",
                                       "1",  "3",   "5",   "7",   "8",    "png", "svg"};
    static const char *const names[] = {"changelog",    "release-notes", "history", "authors",
                                        "contributors", "thanks",        "todo"};
    struct str rest = path, part, base = path_base(path);
    while (str_cut(&rest, '/', &part))
        if (rest.n && any_of(part, folders, ARRAY_LEN(folders)))
            return false;
    size_t dot = str_rchr(base, '.');
    struct str end = dot == STR_NPOS ? STR_NONE : str_sub(base, dot + 1, base.n);
    struct str stem = dot == STR_NPOS ? base : str_sub(base, 0, dot);
    if (any_of(end, ends, ARRAY_LEN(ends)) || any_of(stem, names, ARRAY_LEN(names)))
        return false;
    bool plain_end = end.n == 0 || ascii_is_digit(end.p[0]) ||
                     any_of(end, (const char *const[]){"ssl", "in", "html"}, 3);
    return !(plain_end && shouted(base));
}

/* ---- Lines ---- */

enum { BYTE_SPACE = 1, BYTE_WORD = 2 };
static const unsigned char byte_kind[256] = {
    [' '] = BYTE_SPACE,         ['\t'] = BYTE_SPACE,       ['\r'] = BYTE_SPACE,
    ['\n'] = BYTE_SPACE,        ['\f'] = BYTE_SPACE,       ['\v'] = BYTE_SPACE,
    ['0' ... '9'] = BYTE_WORD,  ['A' ... 'Z'] = BYTE_WORD, ['a' ... 'z'] = BYTE_WORD,
    [0x80 ... 0xff] = BYTE_WORD};

size_t line_squeeze(struct str line, char *room)
{
    size_t n = 0;
    for (size_t i = 0; i < line.n; i++) {
        room[n] = line.p[i];
        n += !(byte_kind[(unsigned char)line.p[i]] & BYTE_SPACE);
    }
    return n;
}

#define DULL_MAX 9 /* bytes of the longest dull line */

static bool is_dull(struct str s)
{
    static const char dull[][DULL_MAX + 1] = {
        "else",  "}else{", "else{", "break;", "continue;", "return;", "#else", "#endif",
        "endif", "endif;", "do{",   "then",   "default:",  "done",    "end",   "try:",
        "try{",  "else:",  "pass",  "esac",   "return",    "break",   "begin"};
    for (size_t i = 0; s.n <= DULL_MAX && i < ARRAY_LEN(dull); i++)
        if (str_eq_nocase(s, str_c(dull[i])))
            return true;
    return false;
}

bool line_speaks(struct str s)
{
    size_t words = 0;
    if (s.n < CHANGE_TEXT_MIN || is_dull(s))
        return false;
    if ((s.p[0] == '/' && (s.p[1] == '/' || s.p[1] == '*')) || (s.p[0] == '*' && s.p[1] == '/'))
        return false;
    /* " * text" inside a comment; "*p = 1;" ends like code. */
    char last = s.p[s.n - 1];
    if (s.p[0] == '*' && last != ';' && last != '{' && last != ',' && last != ')')
        return false;
    for (size_t i = 0; words < 2 && i < s.n; i++)
        words += byte_kind[(unsigned char)s.p[i]] == BYTE_WORD;
    return words >= 2;
}

uint64_t line_hash(char sign, struct str squeezed)
{
    uint64_t h = hash64(squeezed) & ~SIGN_BIT;
    return sign == '+' ? h | SIGN_BIT : h;
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* ---- One change ---- */

struct collect {
    uint64_t *v;
    size_t n, max;
    bool cut;
};

static void collect_hunk(struct collect *to, const struct diff_hunk *h, bool all)
{
    char room[LINE_MAX_BYTES + 1];
    for (size_t i = 0; i < h->n; i++) {
        const struct diff_line *l = &h->lines[i];
        if (l->sign == ' ')
            continue;
        struct str s = str_of(room, line_squeeze(str_sub(l->text, 0, LINE_MAX_BYTES), room));
        if (s.n == 0 || (!all && !line_speaks(s)))
            continue;
        if (to->n == to->max) {
            to->cut = true;
            return;
        }
        to->v[to->n++] = line_hash(l->sign, s);
    }
}

static void collect_all(struct collect *to, const struct diff_commit *c, bool code_only, bool all)
{
    to->n = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (code_only && !path_is_code(diff_file_path(&c->files[i])))
            continue;
        for (size_t k = 0; k < c->files[i].n; k++)
            collect_hunk(to, &c->files[i].hunks[k], all);
    }
}

static size_t count_lines(const struct diff_commit *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < c->files[i].n; k++)
            n += c->files[i].hunks[k].n;
    return n;
}

/* The run of equal texts at i: its minus lines and its plus lines. */
static size_t run_of(const struct change *c, size_t i, size_t *ret_minus)
{
    size_t end = i, minus = 0;
    while (end < c->n && (c->lines[end] | SIGN_BIT) == (c->lines[i] | SIGN_BIT))
        minus += !(c->lines[end++] & SIGN_BIT);
    *ret_minus = minus;
    return end;
}

/* Takes pairs of the same text with both signs out. */
static size_t cancel_moves(uint64_t *v, size_t *n)
{
    struct change c = {.lines = v, .n = *n};
    size_t kept = 0, moved = 0, minus;
    for (size_t i = 0, end; i < *n; i = end) {
        end = run_of(&c, i, &minus);
        size_t plus = end - i - minus, both = minus < plus ? minus : plus;
        uint64_t text = v[i] & ~SIGN_BIT;
        moved += both;
        for (size_t k = 0; k < minus - both; k++)
            v[kept++] = text;
        for (size_t k = 0; k < plus - both; k++)
            v[kept++] = text | SIGN_BIT;
    }
    *n = kept;
    return moved;
}

static void count_signs(struct change *c)
{
    c->n_plus = 0;
    for (size_t i = 0; i < c->n; i++)
        c->n_plus += c->lines[i] & SIGN_BIT;
    c->n_minus = c->n - c->n_plus;
}

enum rc change_make(const struct diff_commit *c, bool code_only, bool sha256_repo, struct arena *a,
                    struct change *ret_c, struct err *e)
{
    struct collect to = {.max = count_lines(c)};
    struct change r = {.cut = c->cut};
    if (to.max > CHANGE_LINES_MAX)
        to.max = CHANGE_LINES_MAX;
    to.v = arena_array(a, to.max + 1, sizeof *to.v);
    if (to.v == NULL)
        return arena_ok(a, "the lines of a commit", e);
    collect_all(&to, c, code_only, false);
    /* A fix in the documentation, or one of nothing but braces, is a fix too. */
    if (to.n == 0)
        collect_all(&to, c, false, false);
    if (to.n == 0)
        collect_all(&to, c, false, true);
    qsort(to.v, to.n, sizeof *to.v, by_hash);
    size_t before = to.n, kept = to.n;
    uint64_t *whole = arena_array(a, to.n + 1, sizeof *whole);
    if (whole == NULL)
        return arena_ok(a, "the lines of a commit", e);
    memcpy(whole, to.v, to.n * sizeof *whole);
    r.moved = cancel_moves(to.v, &kept);
    /* What only moves lines is known by them. */
    bool only_moves = kept == 0;
    r.lines = only_moves ? whole : to.v;
    r.n = only_moves ? before : kept;
    r.cut |= to.cut;
    count_signs(&r);
    r.has_patch_id = !c->cut && patch_id(c->patch, sha256_repo, r.patch_id);
    *ret_c = r;
    return RC_OK;
}

struct change change_of_lines(uint64_t *v, size_t n)
{
    struct change r = {.lines = v, .n = n};
    if (n)
        qsort(v, n, sizeof *v, by_hash);
    r.moved = cancel_moves(v, &r.n);
    count_signs(&r);
    return r;
}

size_t change_common(const struct change *a, const struct change *b)
{
    size_t n = 0;
    for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
        n += a->lines[i] == b->lines[k];
        uint64_t x = a->lines[i], y = b->lines[k];
        i += x <= y;
        k += y <= x;
    }
    return n;
}

size_t change_inverse(const struct change *a, const struct change *b)
{
    size_t n = 0;
    for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
        uint64_t x = a->lines[i] | SIGN_BIT, y = b->lines[k] | SIGN_BIT;
        if (x != y) {
            i += x < y;
            k += y < x;
            continue;
        }
        size_t am, bm, ae = run_of(a, i, &am), be = run_of(b, k, &bm);
        size_t ap = ae - i - am, bp = be - k - bm;
        n += (am < bp ? am : bp) + (ap < bm ? ap : bm);
        i = ae;
        k = be;
    }
    return n;
}

struct change change_sum(const struct change *const *v, size_t n, struct arena *a)
{
    struct change s = {.cut = false};
    size_t all = 0;
    for (size_t i = 0; i < n; i++)
        all += v[i]->n;
    uint64_t *lines = arena_array(a, all + 1, sizeof *lines);
    if (lines == NULL)
        return s;
    for (size_t i = 0; i < n; i++) {
        if (v[i]->n)
            memcpy(lines + s.n, v[i]->lines, v[i]->n * sizeof *lines);
        s.n += v[i]->n;
        s.cut |= v[i]->cut;
    }
    if (s.n)
        qsort(lines, s.n, sizeof *lines, by_hash);
    s.lines = lines;
    count_signs(&s);
    return s;
}
