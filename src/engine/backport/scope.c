/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file can see.  Runs in commands and in the engine child; paths, texts and what they
 * include are a stranger's: a path is only ever looked up in a tree of the repository.
 */
#include "engine/backport/scope.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hex.h"
#include "engine/backport/scope_inside.h"

#define WORDS_BYTES_MAX (64u << 20)
#define REACH_BYTES_MAX (1u << 20)
#define REACH_PATH_MAX  1024u

enum rc scope_open(struct objects *objects, const char *cache, struct scope **ret_s, struct err *e)
{
    (void)e;
    struct scope *s = mem_zalloc(sizeof *s);
    s->objects = objects;
    scope_trees_trim(s);
    s->cache = cache ? scope_cache_open(cache) : NULL;
    *ret_s = s;
    return RC_OK;
}

void scope_close(struct scope *s)
{
    if (s == NULL)
        return;
    if (s->cache) {
        scope_cache_save(s->cache, s->words, s->n_words);
        scope_cache_close(s->cache);
    }
    scope_trees_release(s);
    for (size_t i = 0; i < s->n_words; i++) {
        free(s->words[i]->own);
        free(s->words[i]);
    }
    free(s->words);
    for (size_t i = 0; i < s->n_dirs; i++)
        free((char *)s->dirs[i].p);
    oid_map_release(&s->words_of);
    code_release(&s->code);
    free(s);
}

void scope_auto(struct scope **s)
{
    scope_close(*s);
}

void scope_begin(struct scope *s, size_t hash_len)
{
    s->hash_len = hash_len;
    scope_trees_trim(s);
}

/* ---- Words of blobs ---- */

static void words_make(struct scope *s, struct str text, enum lang lang, struct words *w)
{
    AUTO(buf) struct buf words = BUF_INIT(WORDS_BYTES_MAX);
    AUTO(buf) struct buf reaches = BUF_INIT(REACH_BYTES_MAX);
    if (text_binary(text) || lang == LANG_NONE)
        return;
    code_read(&s->code, lang, text);
    ident_words(&s->code, &words, &reaches);
    if (words.over || reaches.over)
        return;
    size_t n_words = words.n;
    buf_add(&words, buf_str(&reaches));
    if (words.over)
        return;
    size_t n;
    char *all = buf_take(&words, &n);
    w->own = all;
    w->set.words = (const uint32_t *)(const void *)all;
    w->set.n = n_words / sizeof(uint32_t);
    w->set.reaches = str_of(all ? all + n_words : "", n - n_words);
    w->known = true;
}

static struct words *words_new(struct scope *s, const struct oid *id, enum lang lang)
{
    if (s->n_words == s->cap_words) {
        s->cap_words = s->cap_words * 2 + 1024;
        s->words = mem_realloc(s->words, s->cap_words * sizeof(struct words *));
    }
    struct words *w = mem_zalloc(sizeof *w);
    w->id = *id;
    w->lang = (uint8_t)lang;
    s->words[s->n_words++] = w;
    return w;
}

const struct words *scope_words_of(struct scope *s, const struct oid *id, struct str path)
{
    enum lang lang = lang_of(path, STR_NONE);
    struct oid key = *id;
    key.b[OID_RAW - 1] ^= (unsigned char)lang; /* the same blob in another language is another */
    uint32_t at = oid_map_get(&s->words_of, &key);
    if (at != OID_MAP_NONE)
        return s->words[at];
    struct words *w = words_new(s, id, lang);
    oid_map_set(&s->words_of, &key, (uint32_t)s->n_words - 1);
    if (s->cache)
        scope_cache_find(s->cache, w);
    if (w->saved)
        return w;
    w->saved = true; /* what cannot be read now may be there another time */
    if (s->read > SCOPE_READ_MAX)
        return w;
    char hex[GIT_OID_HEX + 1];
    struct object o;
    hex_put(hex, id->b, s->hash_len);
    if (objects_read(s->objects, str_c(hex), SCOPE_BLOB_MAX, &o, NULL) != RC_OK ||
        o.type != OBJECT_BLOB)
        return w;
    s->read += o.body.n;
    words_make(s, o.body, lang, w);
    w->saved = false;
    return w;
}

const struct ident_set *scope_words(struct scope *s, const struct scope_blob *b, struct str path)
{
    struct oid id;
    if (b->file)
        return b->set;
    if (!oid_of_hex(str_c(b->oid), &id))
        return NULL;
    const struct words *w = scope_words_of(s, &id, path);
    return w->known ? &w->set : NULL;
}

const struct ident_set *scope_words_text(struct scope *s, struct str text, enum lang lang)
{
    struct oid none = {{0}};
    struct words *w = words_new(s, &none, lang);
    words_make(s, text, lang, w);
    w->saved = true;
    return w->known ? &w->set : NULL;
}

enum rc scope_text(struct scope *s, const struct scope_blob *b, struct arena *a,
                   struct str *ret_text, struct err *e)
{
    struct object o;
    if (b->file) {
        *ret_text = b->file->made.text;
        return RC_OK;
    }
    TRY(objects_read(s->objects, str_c(b->oid), SCOPE_BLOB_MAX, &o, e));
    if (o.type != OBJECT_BLOB || text_binary(o.body))
        return err_set(e, RC_NOTFOUND, "object %s is no text", b->oid);
    *ret_text = arena_str(a, o.body);
    return arena_ok(a, "files of a release", e);
}

/* ---- Paths of includes ---- */

/* dir/reach without "." and "..", into out; false: it leaves the tree or is too long. */
static bool path_join(struct str dir, struct str reach, char out[REACH_PATH_MAX], struct str *ret)
{
    size_t n = 0;
    struct str parts[2] = {dir, reach}, part;
    for (int k = 0; k < 2; k++) {
        struct str rest = parts[k];
        while (str_cut(&rest, '/', &part)) {
            if (part.n == 0 || str_eq(part, STR(".")))
                continue;
            if (str_eq(part, STR(".."))) {
                if (n == 0)
                    return false;
                while (n > 0 && out[--n] != '/')
                    ;
                continue;
            }
            if (n + part.n + 2 > REACH_PATH_MAX)
                return false;
            if (n)
                out[n++] = '/';
            memcpy(out + n, part.p, part.n);
            n += part.n;
        }
    }
    *ret = str_of(out, n);
    return n > 0;
}

static struct str dir_of(struct str path)
{
    size_t slash = str_rchr(path, '/');
    return slash == STR_NPOS ? STR_NONE : str_sub(path, 0, slash);
}

struct lookup {
    struct scope *s;
    const struct scope_view *v;
    char out[REACH_PATH_MAX];
    struct str path; /* in out, when it was found */
    struct scope_blob blob;
};

static bool try_path(struct lookup *l, struct str dir, struct str reach)
{
    return path_join(dir, reach, l->out, &l->path) && scope_has(l->s, l->v, l->path, &l->blob);
}

static void learn_dir(struct scope *s, struct str dir)
{
    for (size_t i = 0; i < s->n_dirs; i++) {
        if (str_eq(s->dirs[i], dir)) {
            struct str known = s->dirs[i];
            memmove(s->dirs + 1, s->dirs, i * sizeof *s->dirs);
            s->dirs[0] = known;
            return;
        }
    }
    if (s->n_dirs == SCOPE_DIRS)
        free((char *)s->dirs[--s->n_dirs].p);
    memmove(s->dirs + 1, s->dirs, s->n_dirs * sizeof *s->dirs);
    s->dirs[0] = (struct str){str_dup(dir), dir.n};
    s->n_dirs++;
}

/* The file whose path ends with "/reach": the one that shares most folders with near. */
static bool by_ending(struct lookup *l, struct str near, struct str reach)
{
    const struct listing *list = scope_listing(l->s, l->v->tree);
    size_t best = 0, at = SIZE_MAX;
    struct str name = reach;
    size_t slash = str_rchr(reach, '/');
    if (list == NULL)
        return false;
    if (slash != STR_NPOS)
        name = str_sub(reach, slash + 1, reach.n);
    for (size_t i = list->by_name[listing_slot(list, name)]; i; i = list->next[i - 1]) {
        struct str p = list->files[i - 1].path;
        if (!str_ends(p, reach) || (p.n > reach.n && p.p[p.n - reach.n - 1] != '/'))
            continue;
        size_t shared = 0;
        while (shared < p.n && shared < near.n && p.p[shared] == near.p[shared])
            shared++;
        if (at == SIZE_MAX || shared > best) {
            best = shared;
            at = i - 1;
        }
    }
    if (at == SIZE_MAX || !try_path(l, STR_NONE, list->files[at].path))
        return false;
    learn_dir(l->s, str_sub(l->path, 0, l->path.n - reach.n));
    return true;
}

static bool find_include(struct lookup *l, struct str from, char kind, struct str reach)
{
    struct str dir = dir_of(from);
    if (reach.n == 0 || reach.p[0] == '/')
        return false;
    if (kind == '"' && try_path(l, dir, reach))
        return true;
    for (size_t i = 0; i < l->s->n_dirs; i++) {
        if (try_path(l, l->s->dirs[i], reach)) {
            learn_dir(l->s, l->s->dirs[i]);
            return true;
        }
    }
    while (str_starts(reach, STR("../")))
        reach = str_sub(reach, 3, reach.n);
    return by_ending(l, from, reach);
}

static bool find_python(struct lookup *l, struct str from, struct str module)
{
    struct str dir = dir_of(from), rest;
    char path[REACH_PATH_MAX];
    size_t n = 0, dots = 0;
    while (dots < module.n && module.p[dots] == '.')
        dots++;
    for (size_t i = 1; i < dots; i++)
        dir = dir_of(dir);
    rest = str_sub(module, dots, module.n);
    for (size_t i = 0; i < rest.n && n < REACH_PATH_MAX - 20; i++)
        path[n++] = rest.p[i] == '.' ? '/' : rest.p[i];
    memcpy(path + n, ".py", 3);
    struct str file = str_of(path, n + 3);
    for (int k = 0; k < 2; k++) {
        if (dots ? try_path(l, dir, file) : try_path(l, STR_NONE, file) || try_path(l, dir, file))
            return true;
        if (k == 1)
            break;
        memcpy(path + n, "/__init__.py", 12);
        file = n ? str_of(path, n + 12) : STR("__init__.py");
    }
    if (dots || str_chr(rest, '.') == STR_NPOS)
        return false;
    return by_ending(l, from, file) ||
           (memcpy(path + n, ".py", 3), by_ending(l, from, str_of(path, n + 3)));
}

static bool find_reach(struct lookup *l, struct str from, char kind, struct str reach)
{
    static const char *const endings[] = {"",     ".js",  ".ts",       ".jsx",
                                          ".tsx", ".mjs", "/index.js", "/index.ts"};
    if (kind == '"' || kind == '<')
        return find_include(l, from, kind, reach);
    if (kind == 'm')
        return find_python(l, from, reach);
    if (kind == 'p' && reach.n && reach.p[0] == '.') {
        for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
            char path[REACH_PATH_MAX];
            size_t n = strlen(endings[i]);
            if (reach.n + n > sizeof path)
                return false;
            memcpy(path, reach.p, reach.n);
            memcpy(path + reach.n, endings[i], n);
            if (try_path(l, dir_of(from), str_of(path, reach.n + n)))
                return true;
        }
    }
    return false;
}

bool scope_reach(struct scope *s, const struct scope_view *v, struct str path, char kind,
                 struct str reach, struct arena *a, struct str *ret_path)
{
    struct lookup l = {.s = s, .v = v};
    if (!find_reach(&l, path, kind, reach))
        return false;
    *ret_path = arena_str(a, l.path);
    return true;
}

/* ---- What is seen ---- */

struct scope_item {
    struct str path; /* owned */
    struct scope_blob blob;
    const struct ident_set *set;
};

static void seen_add(struct scope_seen *c, struct scope *s, struct str path,
                     const struct scope_blob *b)
{
    for (size_t i = 0; i < c->n; i++) {
        if (str_eq(c->items[i].path, path))
            return;
    }
    if (c->n == SCOPE_CLOSURE_MAX)
        return;
    if (c->n == c->cap) {
        c->cap = c->cap * 2 + 64;
        c->items = mem_realloc(c->items, c->cap * sizeof *c->items);
    }
    struct scope_item *it = &c->items[c->n++];
    it->path = (struct str){str_dup(path), path.n};
    it->blob = *b;
    it->set = scope_words(s, b, path);
}

static bool seen_misses(const struct scope_seen *c, uint64_t hash)
{
    for (size_t i = 0; i < c->n_missing; i++) {
        if (c->missing[i] == hash)
            return true;
    }
    return false;
}

static void seen_miss(struct scope_seen *c, uint64_t hash)
{
    if (c->n_missing == SCOPE_MISSING_MAX || seen_misses(c, hash))
        return;
    if (c->n_missing == c->cap_missing) {
        c->cap_missing = c->cap_missing * 2 + 64;
        c->missing = mem_realloc(c->missing, c->cap_missing * sizeof *c->missing);
    }
    c->missing[c->n_missing++] = hash;
}

static void seen_expand(struct scope_seen *c, struct scope *s, struct str path,
                        const struct ident_set *set)
{
    struct str rest = set ? set->reaches : STR_NONE, reach;
    char kind;
    while (ident_reach(&rest, &kind, &reach)) {
        struct lookup l = {.s = s, .v = c->view};
        if (find_reach(&l, path, kind, reach))
            seen_add(c, s, l.path, &l.blob);
        else
            seen_miss(c, hash64(reach));
    }
}

void scope_seen_start(struct scope_seen *c, struct scope *s, const struct scope_view *v,
                      struct str path, const struct ident_set *own)
{
    *c = (struct scope_seen){.view = v};
    seen_expand(c, s, path, own);
}

void scope_seen_release(struct scope_seen *c)
{
    for (size_t i = 0; i < c->n; i++)
        free((char *)c->items[i].path.p);
    free(c->items);
    free(c->missing);
    *c = (struct scope_seen){0};
}

void scope_seen_auto(struct scope_seen *c)
{
    scope_seen_release(c);
}

static void seen_next(struct scope *s, struct scope_seen *c)
{
    struct scope_item from = c->items[c->expanded++];
    seen_expand(c, s, from.path, from.set);
}

static void seen_all(struct scope *s, struct scope_seen *c)
{
    while (c->expanded < c->n)
        seen_next(s, c);
}

bool scope_misses_more(struct scope *s, struct scope_seen *c, struct scope_seen *than)
{
    seen_all(s, c);
    seen_all(s, than);
    for (size_t i = 0; i < c->n_missing; i++) {
        if (!seen_misses(than, c->missing[i]))
            return true;
    }
    return false;
}

bool scope_sees(struct scope *s, struct scope_seen *c, uint32_t hash, enum ident_has want,
                struct str *ret_path)
{
    for (size_t i = 0;; i++) {
        while (i == c->n && c->expanded < c->n)
            seen_next(s, c);
        if (i == c->n)
            return false;
        if (c->items[i].set && ident_find(c->items[i].set, hash) >= want) {
            if (ret_path)
                *ret_path = c->items[i].path;
            return true;
        }
    }
}

/* ---- The whole tree ---- */

bool scope_moved(struct scope *s, const struct scope_view *v, struct str path, uint32_t hash,
                 enum ident_has want, struct arena *a, struct str *ret_path)
{
    const struct listing *l = scope_listing(s, v->tree);
    size_t slash = str_rchr(path, '/');
    struct str name = slash == STR_NPOS ? path : str_sub(path, slash + 1, path.n);
    for (size_t i = l ? l->by_name[listing_slot(l, name)] : 0; i; i = l->next[i - 1]) {
        struct scope_blob b;
        struct str p = l->files[i - 1].path;
        if (!str_ends(p, name) || !scope_has(s, v, p, &b))
            continue;
        const struct ident_set *set = scope_words(s, &b, p);
        if (set && ident_find(set, hash) >= want) {
            *ret_path = arena_str(a, p);
            return true;
        }
    }
    return false;
}

bool scope_named(struct scope *s, const struct scope_view *v, struct str name)
{
    const struct listing *l = scope_listing(s, v->tree);
    if (l == NULL || !l->whole)
        return true;
    for (size_t i = l->by_name[listing_slot(l, name)]; i; i = l->next[i - 1]) {
        struct str p = l->files[i - 1].path;
        if (str_ends(p, name) && (p.n == name.n || p.p[p.n - name.n - 1] == '/'))
            return true;
    }
    return false;
}

bool scope_begins(struct scope *s, const struct scope_view *v, struct str dir, struct str begin,
                  struct str but, struct arena *a, struct str *ret_path)
{
    const struct folder *f = scope_folder_at(s, v->tree, dir);
    for (size_t i = 0; f && i < f->n; i++) {
        struct str name = f->nodes[i].name;
        if (!str_starts(name, begin) || str_eq(name, but) ||
            (f->nodes[i].mode & TREE_MODE_TYPE) != TREE_MODE_FILE ||
            (name.n > begin.n && ascii_is_digit(name.p[begin.n])))
            continue;
        *ret_path = arena_str(a, name);
        return true;
    }
    return false;
}

static int holds(struct scope *s, const struct scope_view *v, const struct listed_file *f,
                 enum lang lang, uint32_t hash, enum ident_has want)
{
    if (!ident_lang_same(lang_of(f->path, STR_NONE), lang))
        return 0;
    for (size_t k = 0; k < v->n; k++) {
        if (str_eq(v->files[k].path, f->path))
            return 0; /* asked before */
    }
    const struct words *w = scope_words_of(s, &f->id, f->path);
    if (!w->known)
        return -1;
    return ident_find(&w->set, hash) >= want;
}

int scope_anywhere(struct scope *s, const struct scope_view *v, struct str near, enum lang lang,
                   uint32_t hash, enum ident_has want, struct arena *a, struct str *ret_path)
{
    struct str dir = dir_of(near);
    bool unknown = false;
    for (size_t k = 0; k < v->n; k++) {
        const struct bp_file *f = &v->files[k];
        if (!f->made.mode || !ident_lang_same(lang_of(f->path, STR_NONE), lang))
            continue;
        if (v->sets[k] && ident_find(v->sets[k], hash) >= want) {
            *ret_path = f->path;
            return 1;
        }
    }
    const struct listing *l = scope_listing(s, v->tree);
    if (l == NULL || !l->whole)
        unknown = true;
    for (int round = 0; l && round < 2; round++) {
        for (size_t i = 0; i < l->n; i++) {
            const struct listed_file *f = &l->files[i];
            if (str_eq(dir_of(f->path), dir) == (round == 1))
                continue;
            int got = holds(s, v, f, lang, hash, want);
            unknown = unknown || got < 0;
            if (got > 0) {
                *ret_path = arena_str(a, f->path);
                return 1;
            }
        }
    }
    return unknown ? -1 : 0;
}
