/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between trees.  Runs in the engine child; trees are a stranger's: their depth, the
 * length of paths and the number of files are bounded.
 */
#include "engine/backport/walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

/* A folder that is still to be read. An empty id: it is not there. */
struct folder {
    struct str path; /* with "/" at the end, "" for the root */
    char old[GIT_OID_HEX + 1], new[GIT_OID_HEX + 1], other[GIT_OID_HEX + 1];
    size_t depth;
    bool lost, clash;
};
struct walker {
    struct bp_store *store;
    struct arena *arena;
    struct folder *todo;
    size_t n_todo, cap_todo;
    struct walk_file *files;
    size_t cap_files;
    struct walk *w;
};

bool bp_side_same(const struct bp_side *a, const struct bp_side *b)
{
    return a->mode == b->mode && (a->mode == 0 || strcmp(a->oid, b->oid) == 0);
}

int walk_path_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n, i = 0;
    while (i < n && a.p[i] == b.p[i])
        i++;
    int x = i < a.n ? (a.p[i] == '/' ? 0 : (unsigned char)a.p[i]) : -1;
    int y = i < b.n ? (b.p[i] == '/' ? 0 : (unsigned char)b.p[i]) : -1;
    return x - y;
}

static int by_path(const void *a, const void *b)
{
    const struct walk_file *x = a, *y = b;
    return walk_path_cmp(x->path, y->path);
}

const struct walk_file *walk_find(const struct walk *w, struct str path)
{
    struct walk_file want = {.path = path};
    return w->n ? bsearch(&want, w->v, w->n, sizeof *w->v, by_path) : NULL;
}

static bool is_dir(const struct tree_entry *t)
{
    return t && (t->mode & TREE_MODE_TYPE) == TREE_MODE_DIR;
}

static void put_id(const struct walker *w, char ret[GIT_OID_HEX + 1], const struct tree_entry *t)
{
    ret[0] = '\0';
    if (t)
        hex_put(ret, t->id, bp_hash_len(w->store));
}

static struct bp_side side_of(const struct walker *w, const struct tree_entry *t)
{
    struct bp_side s = {.mode = t ? t->mode : 0};
    put_id(w, s.oid, t);
    return s;
}

static enum rc path_of(struct walker *w, struct str folder, struct str name, const char *end,
                       struct str *ret_path, struct err *e)
{
    if (folder.n + name.n > GIT_PATH_MAX)
        return err_set(e, RC_LIMIT, "a path of this repository has more than %d bytes",
                       GIT_PATH_MAX);
    size_t n = folder.n + name.n + strlen(end);
    char *p = arena_alloc(w->arena, n + 1);
    if (p == NULL)
        return arena_ok(w->arena, "the files of a fix", e);
    memcpy(p, folder.p, folder.n);
    memcpy(p + folder.n, name.p, name.n);
    memcpy(p + folder.n + name.n, end, strlen(end));
    *ret_path = str_of(p, n);
    return RC_OK;
}

static enum rc add_folder(struct walker *w, const struct folder *in, const struct tree_entry *o,
                          const struct tree_entry *n, const struct tree_entry *other, struct err *e)
{
    struct folder f = {.depth = in->depth + 1};
    if (f.depth > BP_DEPTH_MAX)
        return err_set(e, RC_LIMIT, "folders are nested more than %u deep", BP_DEPTH_MAX);
    TRY(path_of(w, in->path, o ? o->name : n->name, "/", &f.path, e));
    put_id(w, f.old, o);
    put_id(w, f.new, n);
    put_id(w, f.other, is_dir(other) ? other : NULL);
    f.lost = in->lost || (o && !is_dir(other));
    w->w->folder_gone |= n == NULL;
    f.clash = in->clash || (other && !is_dir(other));
    if (w->n_todo == w->cap_todo) {
        w->cap_todo = w->cap_todo ? 2 * w->cap_todo : 32;
        w->todo = mem_realloc(w->todo, w->cap_todo * sizeof *w->todo);
    }
    w->todo[w->n_todo++] = f;
    return RC_OK;
}

static enum rc add_file(struct walker *w, const struct folder *in, const struct tree_entry *o,
                        const struct tree_entry *n, const struct tree_entry *other, struct err *e)
{
    struct walk_file f = {.lost = in->lost, .clash = in->clash || is_dir(other)};
    if (w->w->n == WALK_FILES_MAX)
        return err_set(e, RC_LIMIT, "a change touches more than %u files", WALK_FILES_MAX);
    TRY(path_of(w, in->path, o ? o->name : n->name, "", &f.path, e));
    f.old = side_of(w, o);
    f.new = side_of(w, n);
    f.other = side_of(w, is_dir(other) ? NULL : other);
    w->w->clash |= f.clash;
    if (w->w->n == w->cap_files) {
        w->cap_files = w->cap_files ? 2 * w->cap_files : 32;
        w->files = mem_realloc(w->files, w->cap_files * sizeof *w->files);
    }
    w->files[w->w->n++] = f;
    return RC_OK;
}

static enum rc load(struct walker *w, const char *id, const struct bp_tree **ret_t, struct err *e)
{
    return bp_tree(w->store, id[0] ? id : bp_empty_tree(w->store), ret_t, e);
}

static enum rc read_folder(struct walker *w, const struct folder *f, struct err *e)
{
    const struct bp_tree *old, *new, *other;
    size_t i = 0, k = 0;
    TRY(load(w, f->old, &old, e));
    TRY(load(w, f->new, &new, e));
    TRY(load(w, f->other, &other, e));
    while (i < old->n || k < new->n) {
        const struct tree_entry *o = i < old->n ? &old->v[i] : NULL;
        const struct tree_entry *n = k < new->n ? &new->v[k] : NULL;
        int c = o && n ? bp_entry_cmp(o, n) : o ? -1 : 1;
        o = c <= 0 ? o : NULL;
        n = c >= 0 ? n : NULL;
        i += o != NULL;
        k += n != NULL;
        if (o && n && o->mode == n->mode && memcmp(o->id, n->id, bp_hash_len(w->store)) == 0)
            continue;
        const struct tree_entry *third = bp_tree_find(other, o ? o->name : n->name);
        if (is_dir(o ? o : n))
            TRY(add_folder(w, f, o, n, third, e));
        else
            TRY(add_file(w, f, o, n, third, e));
    }
    return RC_OK;
}

static enum rc walk_all(struct walker *w, const char *old, const char *new, const char *other,
                        struct err *e)
{
    struct folder root = {.path = STR_NONE};
    const char *none = bp_empty_tree(w->store);
    snprintf(root.old, sizeof root.old, "%s", old);
    snprintf(root.new, sizeof root.new, "%s", new);
    snprintf(root.other, sizeof root.other, "%s", other ? other : none);
    if (strcmp(old, new) != 0)
        TRY(read_folder(w, &root, e));
    while (w->n_todo > 0) {
        struct folder f = w->todo[--w->n_todo];
        TRY(read_folder(w, &f, e));
    }
    struct walk_file *v = arena_array(w->arena, w->w->n + 1, sizeof *v);
    if (v == NULL)
        return arena_ok(w->arena, "the files of a fix", e);
    if (w->w->n > 0)
        memcpy(v, w->files, w->w->n * sizeof *v);
    qsort(v, w->w->n, sizeof *v, by_path);
    w->w->v = v;
    return RC_OK;
}

enum rc walk_trees(struct bp_store *s, const char *old, const char *new, const char *other,
                   struct arena *a, struct walk *ret, struct err *e)
{
    struct walk found = {.n = 0};
    struct walker w = {.store = s, .arena = a, .w = &found};
    enum rc rc = walk_all(&w, old, new, other, e);
    free(w.todo);
    free(w.files);
    if (rc == RC_OK)
        *ret = found;
    return rc;
}
