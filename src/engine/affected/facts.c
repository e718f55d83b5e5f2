/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in the files of the releases.  Runs in the engine child and in commands; files and their
 * names are a stranger's.
 */
#include "engine/affected/facts.h"

#include <stdlib.h>
#include <string.h>

#include "engine/affected/present.h"

enum kind { LINE, FORM, NAME, FUNC, PATH };

struct thing {
    enum kind kind;
    struct str text; /* name; function of a form */
    uint64_t hash;
    uint32_t dense, next; /* next with the same slot, + 1 */
};
struct seen { /* in a blob */
    char oid[GIT_OID_HEX + 1];
    uint64_t *bits;
    bool lost; /* not here */
    struct seen *next;
};

#define SLOTS      16384 /* powers of two; more than FACTS_MAX */
#define SEEN_SLOTS 1024

struct facts {
    struct history *h;
    struct textpool *texts;
    struct arena *a;
    struct thing things[FACTS_MAX];
    size_t n, words;
    uint32_t slots[SLOTS]; /* thing + 1 */
    size_t paths[FACTS_PATHS_MAX];
    size_t n_paths;
    uint64_t *tags;   /* n_tags * words */
    struct seen **of; /* n_tags * n_paths */
    struct seen *seen[SEEN_SLOTS];
    struct tagset unseen;
};

struct facts *facts_new(struct history *h, struct textpool *texts, struct arena *a)
{
    struct facts *f = mem_alloc(sizeof *f);
    memset(f, 0, sizeof *f);
    f->h = h;
    f->texts = texts;
    f->a = a;
    return f;
}

void facts_free(struct facts *f)
{
    free(f);
}

void facts_auto(struct facts **f)
{
    facts_free(*f);
}

static size_t slot_of(enum kind kind, uint64_t hash)
{
    return (size_t)((hash ^ ((uint64_t)kind << 50)) >> 36) & (SLOTS - 1);
}

static size_t add(struct facts *f, enum kind kind, struct str text, uint64_t hash, uint32_t dense)
{
    size_t slot = slot_of(kind, hash);
    for (size_t i = f->slots[slot]; i; i = f->things[i - 1].next) {
        const struct thing *t = &f->things[i - 1];
        if (t->kind == kind && t->hash == hash && str_eq(t->text, text))
            return i - 1;
    }
    if (f->n == FACTS_MAX)
        return FACTS_NONE;
    f->things[f->n] = (struct thing){
        .kind = kind, .text = text, .hash = hash, .dense = dense, .next = f->slots[slot]};
    f->slots[slot] = (uint32_t)++f->n;
    return f->n - 1;
}

size_t facts_line(struct facts *f, uint64_t hash)
{
    return add(f, LINE, STR_NONE, hash, 0);
}

size_t facts_form(struct facts *f, struct str func, uint64_t hash, uint32_t dense)
{
    return dense < FACTS_FORM_MIN ? FACTS_NONE : add(f, FORM, func, hash, dense);
}

size_t facts_name(struct facts *f, struct str name)
{
    uint32_t dense;
    return add(f, NAME, name, text_hash(name, &dense), 0);
}

size_t facts_func(struct facts *f, struct str name)
{
    uint32_t dense;
    return add(f, FUNC, name, text_hash(name, &dense), 0);
}

size_t facts_path(struct facts *f, struct str path)
{
    uint32_t dense;
    for (size_t i = 0; i < f->n_paths; i++)
        if (str_eq(f->things[f->paths[i]].text, path))
            return f->paths[i];
    if (f->n_paths == FACTS_PATHS_MAX)
        return FACTS_NONE;
    size_t t = add(f, PATH, path, text_hash(path, &dense), 0);
    if (t != FACTS_NONE)
        f->paths[f->n_paths++] = t;
    return t;
}

/* ---- Looking at a blob ---- */

static void set(uint64_t *bits, size_t i)
{
    bits[i / 64] |= UINT64_C(1) << (i % 64);
}

static bool form_here(const struct thing *t, const struct text *x, size_t line)
{
    if (t->text.n == 0)
        return true;
    const struct text_func *f = text_func_named(x, t->text);
    if (f == NULL)
        return t->dense >= FACTS_FORM_FAR;
    if (line >= f->from && line <= f->to)
        return true;
    f = text_func_at(x, line); /* a file may have it twice, for different systems */
    return f && str_eq(f->name, t->text);
}

static void look_at_line(const struct facts *f, const struct text *x, size_t line, uint64_t *bits)
{
    uint64_t hash = x->lines[line].hash;
    for (size_t i = f->slots[slot_of(LINE, hash)]; i; i = f->things[i - 1].next)
        if (f->things[i - 1].kind == LINE && f->things[i - 1].hash == hash)
            set(bits, i - 1);
    for (size_t i = f->slots[slot_of(FORM, hash)]; i; i = f->things[i - 1].next)
        if (f->things[i - 1].kind == FORM && f->things[i - 1].hash == hash &&
            form_here(&f->things[i - 1], x, line))
            set(bits, i - 1);
}

static void look_for(const struct facts *f, enum kind kind, struct str text, uint64_t *bits)
{
    uint32_t dense;
    uint64_t hash = text_hash(text, &dense);
    for (size_t i = f->slots[slot_of(kind, hash)]; i; i = f->things[i - 1].next)
        if (f->things[i - 1].kind == kind && f->things[i - 1].hash == hash &&
            str_eq(f->things[i - 1].text, text))
            set(bits, i - 1);
}

/* 1: letters and '_', 2: digits. A call for each byte of each blob would be felt. */
static void name_bytes(unsigned char ret[256])
{
    memset(ret, 0, 256);
    for (int c = 0; c < 128; c++)
        ret[c] = ascii_is_alpha((char)c) || c == '_' ? 1 : ascii_is_digit((char)c) ? 2 : 0;
}

static void look_at_names(const struct facts *f, struct str body, uint64_t *bits)
{
    unsigned char kind[256];
    name_bytes(kind);
    for (size_t i = 0; i < body.n;) {
        if (kind[(unsigned char)body.p[i]] != 1) {
            i++;
            continue;
        }
        size_t from = i;
        while (i < body.n && kind[(unsigned char)body.p[i]])
            i++;
        if (i - from >= FACTS_NAME_MIN)
            look_for(f, NAME, str_of(body.p + from, i - from), bits);
    }
}

static enum rc look_at_blob(struct facts *f, struct str oid, struct seen *s, struct err *e)
{
    const struct text *x;
    s->bits = arena_array(f->a, f->words, sizeof *s->bits);
    if (s->bits == NULL)
        return arena_ok(f->a, "what releases hold", e);
    enum rc rc = textpool_blob(f->texts, oid, &x, e);
    s->lost = rc == RC_NOTFOUND;
    if (rc == RC_NOTFOUND || rc == RC_LIMIT)
        return RC_OK; /* too large: nothing is seen in it */
    TRY(rc);
    for (size_t i = 0; i < x->n; i++)
        if (x->lines[i].dense > 2)
            look_at_line(f, x, i, s->bits);
    for (size_t i = 0; i < x->n_funcs; i++)
        look_for(f, FUNC, x->funcs[i].name, s->bits);
    look_at_names(f, x->body, s->bits);
    textpool_trim(f->texts);
    return RC_OK;
}

static enum rc look_at_file(struct facts *f, size_t tag, size_t k, struct err *e)
{
    char hex[GIT_OID_HEX + 1], name[OBJECT_NAME_MAX];
    struct str id = graph_hex(f->h->graph, f->h->tags[tag].commit, hex);
    struct str path = f->things[f->paths[k]].text;
    struct object o;
    if (id.n + path.n + 2 > sizeof name)
        return RC_OK;
    memcpy(name, id.p, id.n);
    name[id.n] = ':';
    memcpy(name + id.n + 1, path.p, path.n);
    enum rc rc = objects_info(f->h->objects, str_of(name, id.n + 1 + path.n), &o, e);
    if (rc == RC_NOTFOUND && present_lost(f->h, id, path))
        tagset_set(&f->unseen, tag);
    if (rc == RC_NOTFOUND || rc == RC_INVALID || (rc == RC_OK && o.type != OBJECT_BLOB))
        return RC_OK;
    TRY(rc);
    uint32_t dense;
    struct seen **slot = &f->seen[text_hash(str_c(o.oid), &dense) >> 40 & (SEEN_SLOTS - 1)];
    struct seen *s = *slot;
    while (s && strcmp(s->oid, o.oid) != 0)
        s = s->next;
    if (s == NULL) {
        s = arena_alloc(f->a, sizeof *s);
        if (s == NULL)
            return arena_ok(f->a, "what releases hold", e);
        memcpy(s->oid, o.oid, sizeof s->oid);
        s->next = *slot;
        *slot = s;
        TRY(look_at_blob(f, str_c(o.oid), s, e));
    }
    if (s->lost)
        tagset_set(&f->unseen, tag);
    f->of[tag * f->n_paths + k] = s;
    uint64_t *bits = f->tags + tag * f->words;
    for (size_t i = 0; i < f->words; i++)
        bits[i] |= s->bits[i];
    set(bits, f->paths[k]);
    return RC_OK;
}

enum rc facts_look(struct facts *f, const struct tagset *tags, struct err *e)
{
    f->words = f->n / 64 + 1;
    f->tags = arena_array(f->a, f->h->n_tags * f->words + 1, sizeof *f->tags);
    f->of = arena_array(f->a, f->h->n_tags * f->n_paths + 1, sizeof(struct seen *));
    f->unseen = tagset_new(f->a, f->h->n_tags);
    TRY(arena_ok(f->a, "what releases hold", e));
    for (size_t t = tagset_next(tags, 0); t < tags->n; t = tagset_next(tags, t + 1))
        for (size_t k = 0; k < f->n_paths && f->h->tags[t].commit != GRAPH_NONE; k++)
            TRY(look_at_file(f, t, k, e));
    return RC_OK;
}

struct tagset facts_tags(const struct facts *f, size_t thing, struct arena *a)
{
    struct tagset s = tagset_new(a, f->h->n_tags);
    for (size_t t = 0; thing != FACTS_NONE && t < s.n; t++)
        if (f->tags[t * f->words + thing / 64] >> (thing % 64) & 1)
            tagset_set(&s, t);
    return s;
}

size_t facts_count(const struct facts *f, const size_t *things, size_t n, size_t tag)
{
    size_t all = 0;
    for (size_t i = 0; i < n; i++)
        if (things[i] != FACTS_NONE)
            all += f->tags[tag * f->words + things[i] / 64] >> (things[i] % 64) & 1;
    return all;
}

const struct tagset *facts_unseen(const struct facts *f)
{
    return &f->unseen;
}

struct str facts_blob(const struct facts *f, size_t path_thing, size_t tag)
{
    for (size_t k = 0; k < f->n_paths; k++)
        if (f->paths[k] == path_thing && f->of[tag * f->n_paths + k])
            return str_c(f->of[tag * f->n_paths + k]->oid);
    return STR_NONE;
}
