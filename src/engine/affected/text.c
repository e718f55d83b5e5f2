/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the history as lines.  Runs in the engine child and in commands; their bytes are a
 * stranger's and may be anything.
 */
#include "engine/affected/text.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 4096 /* power of two; more blobs than that hang in chains */

struct kept {
    struct text t;
    char *bytes_of; /* the body */
    struct kept *next;
    uint64_t used;
    size_t bytes;
};
struct textpool {
    struct objects *o;
    struct kept *slots[SLOTS];
    size_t bytes, reads;
    uint64_t clock;
};

struct textpool *textpool_new(struct objects *o)
{
    struct textpool *t = mem_alloc(sizeof *t);
    memset(t, 0, sizeof *t);
    t->o = o;
    return t;
}

static void kept_free(struct kept *k)
{
    free(k->t.lines);
    free(k->t.funcs);
    free(k->bytes_of);
    free(k);
}

void textpool_free(struct textpool *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        while (t->slots[i]) {
            struct kept *k = t->slots[i];
            t->slots[i] = k->next;
            kept_free(k);
        }
    free(t);
}

void textpool_auto(struct textpool **t)
{
    textpool_free(*t);
}

size_t textpool_reads(const struct textpool *t)
{
    return t->reads;
}

/* ---- Lines ---- */

static bool white(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

uint64_t text_hash(struct str line, uint32_t *ret_dense)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    uint32_t n = 0;
    for (size_t i = 0; i < line.n; i++)
        if (!white(line.p[i])) {
            h = (h ^ (unsigned char)line.p[i]) * UINT64_C(0x100000001b3);
            n++;
        }
    *ret_dense = n;
    h ^= h >> 32;
    return h * UINT64_C(0x9e3779b97f4a7c15);
}

static void split(struct text *t)
{
    size_t n = 0, i = 0;
    for (size_t k = 0; k < t->body.n; k++)
        n += t->body.p[k] == '\n';
    t->lines = mem_alloc((n + 1) * sizeof *t->lines);
    struct str rest = t->body;
    while (rest.n > 0) {
        size_t end = str_chr(rest, '\n'), len = end == STR_NPOS ? rest.n : end;
        struct text_line *l = &t->lines[i++];
        l->at = (uint32_t)(rest.p - t->body.p);
        l->len = (uint32_t)len;
        l->hash = text_hash(str_of(rest.p, len), &l->dense);
        rest = str_sub(rest, len + 1, rest.n);
    }
    t->n = i;
}

/* ---- Functions: a head at the left margin, a closing brace at the left margin ---- */

static bool word_char(char c)
{
    return ascii_is_alnum(c) || c == '_';
}

/* The word before the first '(' of a head, "" when the line is none. */
static struct str head_name(struct str line)
{
    static const char *const no[] = {"if", "for", "while", "switch", "return"};
    struct str l = str_trim(line);
    if (line.n == 0 || !(ascii_is_alpha(line.p[0]) || line.p[0] == '_') || str_ends(l, STR(";")))
        return STR_NONE;
    for (size_t i = str_chr(line, '('); i != STR_NPOS && i < line.n; i++) {
        if (line.p[i] != '(')
            continue;
        size_t end = i;
        while (end > 0 && white(line.p[end - 1]))
            end--;
        size_t from = end;
        while (from > 0 && word_char(line.p[from - 1]))
            from--;
        struct str name = str_sub(line, from, end - from);
        if (name.n == 0 || ascii_is_digit(name.p[0]))
            continue;
        for (size_t k = 0; k < ARRAY_LEN(no); k++)
            if (str_eq(name, str_c(no[k])))
                return STR_NONE;
        return name;
    }
    return STR_NONE;
}

static void find_functions(struct text *t)
{
    size_t cap = 0;
    struct str head = STR_NONE;
    uint32_t from = 0;
    for (size_t i = 0; i < t->n && t->n_funcs < TEXT_FUNCS_MAX; i++) {
        struct str line = text_line_at(t, i), name = head_name(line);
        if (name.n) {
            head = name;
            from = (uint32_t)i;
        }
        if (line.n == 0 || line.p[0] != '}' || head.n == 0)
            continue;
        if (t->n_funcs == cap) {
            cap = cap * 2 + 32;
            t->funcs = mem_realloc(t->funcs, cap * sizeof *t->funcs);
        }
        t->funcs[t->n_funcs++] = (struct text_func){.name = head, .from = from, .to = (uint32_t)i};
        head = STR_NONE;
    }
}

const struct text_func *text_func_at(const struct text *t, size_t line)
{
    size_t lo = 0, hi = t->n_funcs;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (t->funcs[mid].to < line)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < t->n_funcs && t->funcs[lo].from <= line ? &t->funcs[lo] : NULL;
}

const struct text_func *text_func_named(const struct text *t, struct str name)
{
    for (size_t i = 0; i < t->n_funcs; i++)
        if (str_eq(t->funcs[i].name, name))
            return &t->funcs[i];
    return NULL;
}

/* ---- Blobs, each read once ---- */

static struct kept **slot_of(struct textpool *t, struct str oid)
{
    uint32_t dense;
    struct kept **k = &t->slots[text_hash(oid, &dense) >> 40 & (SLOTS - 1)];
    while (*k && !str_eq(str_c((*k)->t.oid), oid))
        k = &(*k)->next;
    return k;
}

static enum rc read_blob(struct textpool *t, struct str oid, struct kept **at, struct err *e)
{
    struct object o;
    TRY(objects_read(t->o, oid, TEXT_MAX, &o, e));
    if (o.type != OBJECT_BLOB)
        return err_set(e, RC_NOTFOUND, "not a file");
    struct kept *k = mem_alloc(sizeof *k);
    memset(k, 0, sizeof *k);
    memcpy(k->t.oid, o.oid, sizeof k->t.oid);
    k->bytes_of = mem_alloc(o.body.n + 1);
    if (o.body.n)
        memcpy(k->bytes_of, o.body.p, o.body.n);
    k->t.body = str_of(k->bytes_of, o.body.n);
    split(&k->t);
    find_functions(&k->t);
    k->bytes = o.body.n + k->t.n * sizeof *k->t.lines + k->t.n_funcs * sizeof *k->t.funcs;
    t->bytes += k->bytes;
    t->reads++;
    *at = k;
    return RC_OK;
}

enum rc textpool_blob(struct textpool *t, struct str oid, const struct text **ret, struct err *e)
{
    struct kept **at = slot_of(t, oid);
    if (*at == NULL)
        TRY(read_blob(t, oid, at, e));
    (*at)->used = ++t->clock;
    *ret = &(*at)->t;
    return RC_OK;
}

enum rc textpool_get(struct textpool *t, struct str commit, struct str path,
                     const struct text **ret, struct err *e)
{
    struct object o;
    char name[OBJECT_NAME_MAX];
    if (commit.n + path.n + 2 > sizeof name)
        return err_set(e, RC_NOTFOUND, "a path that is too long");
    memcpy(name, commit.p, commit.n);
    name[commit.n] = ':';
    memcpy(name + commit.n + 1, path.p, path.n);
    TRY(objects_info(t->o, str_of(name, commit.n + 1 + path.n), &o, e));
    if (o.type != OBJECT_BLOB)
        return err_set(e, RC_NOTFOUND, "not a file");
    return textpool_blob(t, str_c(o.oid), ret, e);
}

void textpool_trim(struct textpool *t)
{
    while (t->bytes > TEXT_KEEP) {
        struct kept **oldest = NULL;
        for (size_t i = 0; i < SLOTS; i++)
            for (struct kept **k = &t->slots[i]; *k; k = &(*k)->next)
                if (oldest == NULL || (*k)->used < (*oldest)->used)
                    oldest = k;
        struct kept *gone = *oldest;
        *oldest = gone->next;
        t->bytes -= gone->bytes;
        kept_free(gone);
    }
}

/* ---- How alike two lines are ---- */

static size_t dense_copy(struct str s, char *room)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < TEXT_LINE_MAX; i++)
        if (!white(s.p[i]))
            room[n++] = s.p[i];
    return n;
}

struct run {
    size_t a, b, n;
};
static struct run longest_run(const char *a, size_t na, const char *b, size_t nb)
{
    uint16_t row[TEXT_LINE_MAX + 1] = {0};
    struct run best = {0, 0, 0};
    for (size_t i = 0; i < na; i++) {
        uint16_t diagonal = 0;
        for (size_t k = 0; k < nb; k++) {
            uint16_t above = row[k + 1];
            row[k + 1] = a[i] == b[k] ? (uint16_t)(diagonal + 1) : 0;
            diagonal = above;
            if (row[k + 1] > best.n)
                best =
                    (struct run){.a = i + 1 - row[k + 1], .b = k + 1 - row[k + 1], .n = row[k + 1]};
        }
    }
    return best;
}

/* Bytes in the longest common run, and in those to the left and to the right of it. */
static size_t common_runs(const char *a, size_t na, const char *b, size_t nb)
{
    struct part {
        size_t a0, a1, b0, b1;
    } todo[TEXT_LINE_MAX + 2];
    size_t n = 1, all = 0;
    todo[0] = (struct part){0, na, 0, nb};
    while (n > 0) {
        struct part p = todo[--n];
        struct run r = longest_run(a + p.a0, p.a1 - p.a0, b + p.b0, p.b1 - p.b0);
        if (r.n == 0)
            continue;
        all += r.n;
        todo[n++] = (struct part){p.a0, p.a0 + r.a, p.b0, p.b0 + r.b};
        todo[n++] = (struct part){p.a0 + r.a + r.n, p.a1, p.b0 + r.b + r.n, p.b1};
    }
    return all;
}

double line_likeness(struct str a, struct str b)
{
    char x[TEXT_LINE_MAX], y[TEXT_LINE_MAX];
    size_t n = dense_copy(a, x), m = dense_copy(b, y), least = n < m ? n : m;
    if (least == 0)
        return 0;
    if (n == m && memcmp(x, y, n) == 0)
        return 1;
    if (2.0 * (double)least / (double)(n + m) < TEXT_LIKENESS)
        return 0;
    return 2.0 * (double)common_runs(x, n, y, m) / (double)(n + m);
}
