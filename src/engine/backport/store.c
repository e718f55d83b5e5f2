/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of a run: read through git, kept in memory for a while, written by ourselves.  Runs in
 * the engine child; every object of the repository is a stranger's, and any may be missing.
 */
#include "engine/backport/store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hex.h"
#include "git/packwrite.h"
#include "os/file.h"

#define SLOTS_MIN     1024 /* of the table, a power of two */
#define COMMIT_MAX    (16u << 20)
#define PATH_PART_MAX GIT_PATH_MAX

/* An object that was read. */
struct kept {
    char oid[GIT_OID_HEX + 1];
    enum object_type type;
    struct str bytes; /* on the heap, with NUL behind */
    struct bp_tree tree;
    bool parsed;
    bool pending; /* for the results */
};

struct bp_store {
    struct git *git;
    struct objects *objects;
    int scratch, results; /* folders; results is -1 when there are none */
    size_t hash_len;
    char empty[GIT_OID_HEX + 1];
    struct kept **slots;
    size_t n_slots, n, bytes;
    size_t n_pending, pending_bytes;
};

/* ---- Opening ---- */

enum rc bp_store_open(struct git *g, const char *results, struct bp_store **ret_s, struct err *e)
{
    AUTO(bp_store) struct bp_store *s = mem_zalloc(sizeof *s);
    s->git = g;
    s->scratch = s->results = -1;
    s->hash_len = loose_hash_len(git_object_format(g));
    s->n_slots = SLOTS_MIN;
    s->slots = mem_zalloc(s->n_slots * sizeof(struct kept *));
    loose_id(OBJECT_TREE, STR_NONE, s->hash_len, s->empty);
    TRY(git_own_objects_make(g, e));
    TRY(dir_open(AT_FDCWD, git_own_objects(g), &s->scratch, e));
    if (results) {
        TRY(dir_open(AT_FDCWD, results, &s->results, e));
        TRY(git_alternate_add(g, results, e));
    }
    TRY(objects_open(g, &s->objects, e));
    *ret_s = TAKE(s);
    return RC_OK;
}

static void free_kept(struct kept *k)
{
    free((void *)(uintptr_t)k->bytes.p);
    free((void *)(uintptr_t)k->tree.v);
    free(k);
}

void bp_store_close(struct bp_store *s)
{
    if (s == NULL)
        return;
    struct err none = ERR_INIT;
    (void)!bp_flush(s, &none);
    for (size_t i = 0; i < s->n_slots; i++)
        if (s->slots[i])
            free_kept(s->slots[i]);
    free(s->slots);
    objects_close(s->objects);
    fd_auto(&s->scratch);
    fd_auto(&s->results);
    free(s);
}

void bp_store_auto(struct bp_store **s)
{
    bp_store_close(*s);
}

struct git *bp_git(struct bp_store *s)
{
    return s->git;
}

struct objects *bp_objects(struct bp_store *s)
{
    return s->objects;
}

size_t bp_hash_len(const struct bp_store *s)
{
    return s->hash_len;
}

const char *bp_empty_tree(const struct bp_store *s)
{
    return s->empty;
}

/* ---- What was read ---- */

static size_t size_of(const struct kept *k)
{
    return sizeof *k + k->bytes.n + k->tree.n * sizeof *k->tree.v;
}

static struct kept **slot_of(struct bp_store *s, const char *oid)
{
    size_t at = hash64(str_c(oid)) & (s->n_slots - 1);
    while (s->slots[at] && strcmp(s->slots[at]->oid, oid) != 0)
        at = (at + 1) & (s->n_slots - 1);
    return &s->slots[at];
}

static void grow(struct bp_store *s)
{
    struct kept **old = s->slots;
    size_t n_old = s->n_slots;
    s->n_slots *= 2;
    s->slots = mem_zalloc(s->n_slots * sizeof(struct kept *));
    for (size_t i = 0; i < n_old; i++)
        if (old[i])
            *slot_of(s, old[i]->oid) = old[i];
    free(old);
}

void bp_trim(struct bp_store *s)
{
    if (s->bytes <= BP_CACHE_MAX)
        return;
    struct kept **old = s->slots;
    s->slots = mem_zalloc(s->n_slots * sizeof(struct kept *));
    s->n = s->bytes = 0;
    for (size_t i = 0; i < s->n_slots; i++) {
        if (old[i] && old[i]->pending) {
            *slot_of(s, old[i]->oid) = old[i];
            s->n++;
            s->bytes += size_of(old[i]);
        } else if (old[i]) {
            free_kept(old[i]);
        }
    }
    free(old);
}

static enum rc keep(struct bp_store *s, const char *oid, enum object_type type, struct str bytes,
                    struct kept **ret_k, struct err *e)
{
    if (s->bytes + bytes.n > BP_HELD_MAX)
        return err_set(e, RC_LIMIT, "the files of one pick have more than %u bytes", BP_HELD_MAX);
    if (2 * (s->n + 1) > s->n_slots)
        grow(s);
    struct kept *k = mem_zalloc(sizeof *k);
    memcpy(k->oid, oid, strlen(oid) + 1);
    k->type = type;
    k->bytes = (struct str){mem_strndup(bytes.p, bytes.n), bytes.n};
    *slot_of(s, oid) = k;
    s->n++;
    s->bytes += size_of(k);
    *ret_k = k;
    return RC_OK;
}

static enum rc incomplete(struct err *e, const char *what)
{
    return err_set(e, RC_NOTFOUND,
                   "%s is missing or damaged in this mirror: the history is incomplete", what);
}

static enum rc get(struct bp_store *s, const char *oid, enum object_type type, size_t max,
                   struct kept **ret_k, struct err *e)
{
    static const char *const names[] = {"a commit", "a folder", "a file", "a tag"};
    struct kept *k = *slot_of(s, oid);
    if (k == NULL) {
        struct object o;
        if (!git_oid_ok(str_c(oid)))
            return err_set(e, RC_INVALID, "that is no full id of an object");
        enum rc rc = objects_read(s->objects, str_c(oid), max, &o, e);
        if (rc == RC_NOTFOUND)
            return incomplete(e, names[type]);
        TRY(rc);
        TRY(keep(s, oid, o.type, o.body, &k, e));
    }
    if (k->type != type)
        return err_set(e, RC_INVALID, "an object that should be %s is %s", names[type],
                       names[k->type]);
    if (k->bytes.n > max)
        return err_set(e, RC_LIMIT, "%s has more than %zu bytes", names[type], max);
    *ret_k = k;
    return RC_OK;
}

enum rc bp_text(struct bp_store *s, const char *oid, struct arena *a, struct str *ret_text,
                struct err *e)
{
    struct kept *k;
    TRY(get(s, oid, OBJECT_BLOB, BP_BLOB_MAX, &k, e));
    struct str text = arena_str(a, k->bytes);
    TRY(arena_ok(a, "the text of a file", e));
    *ret_text = text;
    return RC_OK;
}

enum rc bp_side_read(struct bp_store *s, struct bp_side *side, struct arena *a, struct err *e)
{
    uint32_t type = side->mode & TREE_MODE_TYPE;
    if (side->read || (type != TREE_MODE_FILE && type != TREE_MODE_LINK))
        return RC_OK;
    TRY(bp_text(s, side->oid, a, &side->text, e));
    side->binary = text_binary(side->text);
    side->read = true;
    return RC_OK;
}

/* ---- Writing ---- */

enum rc bp_flush(struct bp_store *s, struct err *e)
{
    size_t n = 0;
    if (s->n_pending == 0)
        return RC_OK;
    AUTO(mem) struct pack_item *items = mem_zalloc(s->n_pending * sizeof *items);
    for (size_t i = 0; i < s->n_slots; i++) {
        struct kept *k = s->slots[i];
        if (k == NULL || !k->pending)
            continue;
        items[n].type = k->type;
        items[n].bytes = k->bytes;
        TRY(hex_get(str_c(k->oid), items[n].id, s->hash_len, "id of an object", e));
        n++;
    }
    TRY(pack_write(s->results, s->hash_len, items, n, e));
    for (size_t i = 0; i < s->n_slots; i++)
        if (s->slots[i])
            s->slots[i]->pending = false;
    s->n_pending = s->pending_bytes = 0;
    return RC_OK;
}

static enum rc make_pending(struct bp_store *s, struct kept *k, struct err *e)
{
    if (s->results < 0 || k->pending)
        return RC_OK;
    k->pending = true;
    s->n_pending++;
    s->pending_bytes += k->bytes.n;
    return s->pending_bytes > BP_PENDING_MAX ? bp_flush(s, e) : RC_OK;
}

enum rc bp_write(struct bp_store *s, enum object_type type, struct str bytes,
                 char ret_oid[GIT_OID_HEX + 1], struct err *e)
{
    char oid[GIT_OID_HEX + 1];
    TRY(loose_write(s->scratch, type, bytes, s->hash_len, oid, e));
    struct kept *k = *slot_of(s, oid);
    if (k == NULL)
        TRY(keep(s, oid, type, bytes, &k, e));
    TRY(make_pending(s, k, e));
    memcpy(ret_oid, oid, sizeof oid);
    return RC_OK;
}

enum rc bp_scratch(struct bp_store *s, enum object_type type, struct str bytes,
                   char ret_oid[GIT_OID_HEX + 1], struct err *e)
{
    return loose_write(s->scratch, type, bytes, s->hash_len, ret_oid, e);
}

enum rc bp_reuse(struct bp_store *s, struct loose_file *f, enum object_type type, struct str bytes,
                 struct err *e)
{
    return loose_reuse(s->scratch, f, type, bytes, s->hash_len, e);
}

enum rc bp_keep(struct bp_store *s, const char *oid, struct err *e)
{
    struct kept *k;
    if (s->results < 0)
        return RC_OK;
    TRY(get(s, oid, OBJECT_BLOB, BP_BLOB_MAX, &k, e));
    return make_pending(s, k, e);
}

/* ---- Trees ---- */

/* What git makes of a mode (canon_mode): programs of old wrote others. */
static uint32_t canon(uint32_t mode)
{
    switch (mode & TREE_MODE_TYPE) {
    case TREE_MODE_FILE:
        return TREE_MODE_FILE | (mode & 0100 ? 0755 : 0644);
    case TREE_MODE_LINK:
        return TREE_MODE_LINK;
    case TREE_MODE_DIR:
        return TREE_MODE_DIR;
    default:
        return TREE_MODE_SUBMODULE;
    }
}

int bp_entry_cmp(const struct tree_entry *a, const struct tree_entry *b)
{
    size_t n = a->name.n < b->name.n ? a->name.n : b->name.n;
    int c = n ? memcmp(a->name.p, b->name.p, n) : 0;
    if (c)
        return c;
    unsigned char x = n < a->name.n                                 ? (unsigned char)a->name.p[n]
                      : (a->mode & TREE_MODE_TYPE) == TREE_MODE_DIR ? '/'
                                                                    : 0;
    unsigned char y = n < b->name.n                                 ? (unsigned char)b->name.p[n]
                      : (b->mode & TREE_MODE_TYPE) == TREE_MODE_DIR ? '/'
                                                                    : 0;
    return x < y ? -1 : x > y;
}

static bool name_ok(struct str name)
{
    return name.n > 0 && name.n <= PATH_PART_MAX && str_chr(name, '/') == STR_NPOS &&
           !str_eq(name, STR(".")) && !str_eq(name, STR(".."));
}

static const struct tree_entry *find(const struct bp_tree *t, struct str name, uint32_t mode)
{
    struct tree_entry want = {.mode = mode, .name = name};
    size_t lo = 0, hi = t->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = bp_entry_cmp(&t->v[mid], &want);
        if (c == 0)
            return &t->v[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static enum rc parse(struct bp_store *s, struct kept *k, struct err *e)
{
    struct str rest = k->bytes;
    struct tree_entry t, *v = NULL;
    size_t n = 0, cap = 0;
    AUTO(mem) void *guard = NULL;
    while (tree_next(&rest, s->hash_len, &t)) {
        if (n == cap) {
            cap = cap ? 2 * cap : 32;
            guard = v = mem_realloc(v, cap * sizeof *v);
        }
        t.mode = canon(t.mode);
        struct bp_tree before = {v, n};
        bool twice = t.mode == TREE_MODE_DIR && find(&before, t.name, TREE_MODE_FILE);
        if (!name_ok(t.name) || twice || (n > 0 && bp_entry_cmp(&v[n - 1], &t) >= 0))
            return err_set(e, RC_INVALID,
                           "a folder of this repository is damaged: its entries are "
                           "not in order, or one has a name that none may have");
        v[n++] = t;
    }
    if (rest.n > 0)
        return err_set(e, RC_INVALID, "a folder of this repository is damaged");
    (void)TAKE(guard);
    k->tree = (struct bp_tree){v, n};
    k->parsed = true;
    s->bytes += n * sizeof *v;
    return RC_OK;
}

enum rc bp_tree(struct bp_store *s, const char *tree, const struct bp_tree **ret_t, struct err *e)
{
    static const struct bp_tree none;
    struct kept *k;
    if (strcmp(tree, s->empty) == 0) {
        *ret_t = &none;
        return RC_OK;
    }
    TRY(get(s, tree, OBJECT_TREE, BP_TREE_MAX, &k, e));
    if (!k->parsed)
        TRY(parse(s, k, e));
    *ret_t = &k->tree;
    return RC_OK;
}

const struct tree_entry *bp_tree_find(const struct bp_tree *t, struct str name)
{
    const struct tree_entry *f = find(t, name, TREE_MODE_FILE | 0644);
    return f ? f : find(t, name, TREE_MODE_DIR);
}

enum rc bp_look(struct bp_store *s, const char *tree, struct str path, struct bp_side *ret,
                struct err *e)
{
    char at[GIT_OID_HEX + 1];
    struct str rest = path, part;
    struct bp_side side = {.mode = TREE_MODE_DIR};
    size_t depth = 0;
    if (path.n == 0 || path.n > GIT_PATH_MAX)
        return err_set(e, RC_INVALID, "that is no path of a file");
    memcpy(side.oid, tree, strlen(tree) + 1);
    while (str_cut(&rest, '/', &part)) {
        const struct bp_tree *t;
        const struct tree_entry *found = NULL;
        if (depth++ == BP_DEPTH_MAX)
            return err_set(e, RC_LIMIT, "a path has more than %u folders", BP_DEPTH_MAX);
        if (side.mode == TREE_MODE_DIR) {
            memcpy(at, side.oid, sizeof at);
            TRY(bp_tree(s, at, &t, e));
            found = bp_tree_find(t, part);
        }
        if (found == NULL) {
            *ret = (struct bp_side){.mode = 0};
            return RC_OK;
        }
        side.mode = found->mode;
        hex_put(side.oid, found->id, s->hash_len);
    }
    *ret = side;
    return RC_OK;
}

/* ---- Commits ---- */

static enum rc commit_body(struct bp_store *s, const char *commit, struct kept **ret_k,
                           struct err *e)
{
    return get(s, commit, OBJECT_COMMIT, COMMIT_MAX, ret_k, e);
}

static enum rc header_id(struct str body, const char *name, char ret[GIT_OID_HEX + 1],
                         struct err *e)
{
    struct str id;
    if (!object_header(body, name, 0, &id) || !git_oid_ok(id))
        return err_set(e, RC_INVALID, "a commit of this repository is damaged");
    return str_copy(ret, GIT_OID_HEX + 1, id, "id of an object", e);
}

enum rc bp_tree_of(struct bp_store *s, const char *commit, char ret_tree[GIT_OID_HEX + 1],
                   struct err *e)
{
    struct kept *k;
    struct object o;
    if (!git_oid_ok(str_c(commit)))
        return err_set(e, RC_INVALID, "that is no full id of a commit");
    if (strcmp(commit, s->empty) == 0) {
        memcpy(ret_tree, s->empty, sizeof s->empty);
        return RC_OK;
    }
    enum rc rc = objects_info(s->objects, str_c(commit), &o, e);
    if (rc == RC_NOTFOUND)
        return incomplete(e, "a commit");
    TRY(rc);
    if (o.type == OBJECT_TREE) {
        memcpy(ret_tree, o.oid, sizeof o.oid);
        return RC_OK;
    }
    TRY(commit_body(s, commit, &k, e));
    return header_id(k->bytes, "tree", ret_tree, e);
}

enum rc bp_fix_trees(struct bp_store *s, const char *commit, bool merges,
                     char ret_base[GIT_OID_HEX + 1], char ret_fix[GIT_OID_HEX + 1], struct err *e)
{
    struct kept *k;
    struct str other;
    char parent[GIT_OID_HEX + 1], base[GIT_OID_HEX + 1];
    TRY(commit_body(s, commit, &k, e));
    struct str body = k->bytes;
    if (!object_header(body, "parent", 0, &other)) {
        memcpy(base, s->empty, sizeof base);
    } else {
        if (!merges && object_header(body, "parent", 1, &other))
            return err_set(e, RC_INVALID,
                           "commit %.12s is a merge: name the commits it brought that are the fix",
                           commit);
        TRY(header_id(body, "parent", parent, e));
        TRY(bp_tree_of(s, parent, base, e));
    }
    TRY(header_id(body, "tree", ret_fix, e));
    memcpy(ret_base, base, sizeof base);
    return RC_OK;
}
