/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders and listings of trees.  Runs in commands and in the engine child; names are a stranger's.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hex.h"
#include "engine/backport/scope_inside.h"

#define LISTING_BYTES_MAX (64u << 20)
#define FOLDER_BYTES_MAX  (1u << 30)
#define FOLDERS_HELD      100000u /* folders kept from one question to the next */

/* ---- Maps ---- */

static size_t oid_slot(const struct oid *key, size_t cap)
{
    uint64_t h;
    memcpy(&h, key->b, sizeof h);
    return (size_t)(h ^ h >> 29) & (cap - 1);
}

uint32_t oid_map_get(const struct oid_map *m, const struct oid *key)
{
    if (m->cap == 0)
        return OID_MAP_NONE;
    for (size_t i = oid_slot(key, m->cap); m->values[i]; i = (i + 1) & (m->cap - 1)) {
        if (memcmp(&m->keys[i], key, sizeof *key) == 0)
            return m->values[i] - 1;
    }
    return OID_MAP_NONE;
}

static void put(struct oid_map *m, const struct oid *key, uint32_t value)
{
    size_t i = oid_slot(key, m->cap);
    while (m->values[i])
        i = (i + 1) & (m->cap - 1);
    m->keys[i] = *key;
    m->values[i] = value + 1;
    m->n++;
}

void oid_map_set(struct oid_map *m, const struct oid *key, uint32_t value)
{
    if (2 * (m->n + 1) > m->cap) {
        struct oid_map old = *m;
        m->cap = old.cap ? old.cap * 2 : 1024;
        m->n = 0;
        m->keys = mem_alloc(m->cap * sizeof *m->keys);
        m->values = mem_zalloc(m->cap * sizeof *m->values);
        for (size_t i = 0; i < old.cap; i++) {
            if (old.values[i])
                put(m, &old.keys[i], old.values[i] - 1);
        }
        oid_map_release(&old);
    }
    put(m, key, value);
}

void oid_map_release(struct oid_map *m)
{
    free(m->keys);
    free(m->values);
    *m = (struct oid_map){0};
}

bool oid_of_hex(struct str hex, struct oid *ret)
{
    memset(ret, 0, sizeof *ret);
    return git_oid_ok(hex) && hex_get(hex, ret->b, hex.n / 2, "object id", NULL) == RC_OK;
}

/* ---- Folders ---- */

static struct folder folder_parse(struct scope *s, struct str body)
{
    struct folder f = {0};
    struct tree_entry t;
    /* the names are read where they lie */
    struct str kept = arena_str(s->arena, body), rest = kept;
    size_t n = 0;
    while (tree_next(&rest, s->hash_len, &t))
        n++;
    f.nodes = arena_array(s->arena, n + 1, sizeof *f.nodes);
    rest = kept;
    while (f.nodes && f.n < n && tree_next(&rest, s->hash_len, &t)) {
        struct node *node = &f.nodes[f.n++];
        node->name = t.name;
        node->mode = t.mode;
        memcpy(node->id.b, t.id, s->hash_len);
    }
    return f;
}

const struct folder *scope_folder(struct scope *s, const struct oid *id)
{
    uint32_t at = oid_map_get(&s->folder_of, id);
    if (at == OID_MAP_NONE) {
        char hex[GIT_OID_HEX + 1];
        struct object o;
        struct folder f = {0};
        hex_put(hex, id->b, s->hash_len);
        if (objects_read(s->objects, str_c(hex), SCOPE_TREE_MAX, &o, NULL) == RC_OK &&
            o.type == OBJECT_TREE)
            f = folder_parse(s, o.body);
        if (s->n_folders == s->cap_folders) {
            s->cap_folders = s->cap_folders * 2 + 256;
            s->folders = mem_realloc(s->folders, s->cap_folders * sizeof *s->folders);
        }
        at = (uint32_t)s->n_folders;
        s->folders[s->n_folders++] = f;
        oid_map_set(&s->folder_of, id, at);
    }
    return s->folders[at].nodes ? &s->folders[at] : NULL;
}

const struct node *folder_node(const struct folder *f, struct str name)
{
    /* git's order is that of names with "/" behind those of folders: no binary search */
    for (size_t i = 0; i < f->n; i++) {
        if (str_eq(f->nodes[i].name, name))
            return &f->nodes[i];
    }
    return NULL;
}

const struct folder *scope_folder_at(struct scope *s, struct str tree, struct str dir)
{
    struct oid id;
    struct str part;
    if (!oid_of_hex(tree, &id))
        return NULL;
    const struct folder *f = scope_folder(s, &id);
    for (unsigned depth = 0; f && depth < SCOPE_DEPTH_MAX && str_cut(&dir, '/', &part); depth++) {
        const struct node *n = folder_node(f, part);
        f = n && (n->mode & TREE_MODE_TYPE) == TREE_MODE_DIR ? scope_folder(s, &n->id) : NULL;
    }
    return f;
}

bool scope_has(struct scope *s, const struct scope_view *v, struct str path,
               struct scope_blob *ret_b)
{
    struct oid id;
    memset(ret_b, 0, sizeof *ret_b);
    for (size_t i = 0; i < v->n; i++) {
        if (!str_eq(v->files[i].path, path))
            continue;
        ret_b->file = &v->files[i];
        ret_b->set = v->sets[i];
        return ret_b->file->made.mode != 0;
    }
    if (!oid_of_hex(v->tree, &id))
        return false;
    struct str rest = path, part;
    const struct node *node = NULL;
    for (unsigned depth = 0; str_cut(&rest, '/', &part); depth++) {
        const struct folder *f;
        if (depth == SCOPE_DEPTH_MAX || (node && (node->mode & TREE_MODE_TYPE) != TREE_MODE_DIR))
            return false;
        f = scope_folder(s, node ? &node->id : &id);
        node = f ? folder_node(f, part) : NULL;
        if (node == NULL)
            return false;
    }
    if (node == NULL || (node->mode & TREE_MODE_TYPE) != TREE_MODE_FILE)
        return false;
    hex_put(ret_b->oid, node->id.b, s->hash_len);
    return true;
}

/* ---- Listings ---- */

static void listing_free(struct listing *l)
{
    if (l == NULL)
        return;
    arena_free(l->arena);
    free(l->files);
    free(l->by_name);
    free(l->next);
    free(l);
}

static bool list_folder(struct scope *s, struct listing *l, const struct oid *id, struct str prefix,
                        unsigned depth)
{
    const struct folder *f = scope_folder(s, id);
    if (f == NULL || depth > SCOPE_DEPTH_MAX)
        return false;
    bool whole = true;
    /* scope_folder may move the table of folders: nothing is read through f after a call */
    struct folder here = *f;
    for (size_t i = 0; i < here.n; i++) {
        const struct node *n = &here.nodes[i];
        uint32_t type = n->mode & TREE_MODE_TYPE;
        if (type != TREE_MODE_DIR && type != TREE_MODE_FILE)
            continue;
        struct str path = prefix.n
                              ? arena_strf(l->arena, "%.*s/%.*s", STR_ARG(prefix), STR_ARG(n->name))
                              : arena_str(l->arena, n->name);
        if (type == TREE_MODE_DIR) {
            whole = list_folder(s, l, &n->id, path, depth + 1) && whole;
            continue;
        }
        if (l->n == SCOPE_FILES_MAX || arena_over(l->arena))
            return false;
        if (l->n == l->cap) {
            l->cap = l->cap * 2 + 1024;
            l->files = mem_realloc(l->files, l->cap * sizeof *l->files);
        }
        l->files[l->n++] = (struct listed_file){.path = path, .id = n->id};
    }
    return whole;
}

static struct str last_part(struct str path)
{
    size_t slash = str_rchr(path, '/');
    return slash == STR_NPOS ? path : str_sub(path, slash + 1, path.n);
}

size_t listing_slot(const struct listing *l, struct str name)
{
    return (size_t)hash64(name) & (l->slots - 1);
}

static void by_name(struct listing *l)
{
    l->slots = 1024;
    while (l->slots < l->n)
        l->slots *= 2;
    l->by_name = mem_zalloc(l->slots * sizeof *l->by_name);
    l->next = mem_zalloc((l->n + 1) * sizeof *l->next);
    for (size_t i = l->n; i-- > 0;) {
        size_t slot = listing_slot(l, last_part(l->files[i].path));
        l->next[i] = l->by_name[slot];
        l->by_name[slot] = (uint32_t)i + 1;
    }
}

const struct listing *scope_listing(struct scope *s, struct str tree)
{
    struct oid id;
    if (!oid_of_hex(tree, &id))
        return NULL;
    for (unsigned i = 0; i < SCOPE_LISTINGS; i++) {
        if (s->listings[i] && memcmp(&s->listings[i]->tree, &id, sizeof id) == 0)
            return s->listings[i];
    }
    struct listing *l = mem_zalloc(sizeof *l);
    l->tree = id;
    l->arena = arena_new(LISTING_BYTES_MAX);
    l->whole = list_folder(s, l, &id, STR_NONE, 0);
    by_name(l);
    listing_free(s->listings[s->next_listing]);
    s->listings[s->next_listing] = l;
    s->next_listing = (s->next_listing + 1) % SCOPE_LISTINGS;
    return l;
}

void scope_trees_release(struct scope *s)
{
    for (unsigned i = 0; i < SCOPE_LISTINGS; i++) {
        listing_free(s->listings[i]);
        s->listings[i] = NULL;
    }
    oid_map_release(&s->folder_of);
    free(s->folders);
    s->folders = NULL;
    s->n_folders = s->cap_folders = 0;
    arena_free(TAKE(s->arena));
}

void scope_trees_trim(struct scope *s)
{
    if (s->arena && s->n_folders < FOLDERS_HELD && !arena_over(s->arena))
        return;
    scope_trees_release(s);
    s->arena = arena_new(FOLDER_BYTES_MAX);
}
