/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists the files of a tree in git's order.  Runs in commands and in the engine child; names in a
 * tree are a stranger's bytes: those that git would not check out are left out.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "engine/audit/vendor.h"

#define MODE_MODULE 0160000u
#define LIST_FIRST  4096 /* files there is room for at first */

struct level {
    char name[GIT_OID_HEX + 1]; /* the body is kept: often the next folder here is the same one */
    char *body;
    size_t n;
    struct str rest;
    size_t path; /* length of the path up to here, with its slash */
};

struct lister {
    struct objects *o;
    struct arena *a;
    struct level level[VENDOR_DEPTH_MAX];
    size_t depth, id_len, cap, folders;
    struct buf path;
    struct vendor_files *files;
};

static void lister_auto(struct lister *l)
{
    for (size_t i = 0; i < VENDOR_DEPTH_MAX; i++)
        free(l->level[i].body);
    buf_release(&l->path);
}

static enum rc push(struct lister *l, struct str name, struct err *e)
{
    struct level *at = &l->level[l->depth];
    struct object got;
    if (at->body && str_eq(name, str_c(at->name))) {
        at->rest = str_of(at->body, at->n);
        at->path = l->path.n;
        l->depth++;
        return RC_OK;
    }
    enum rc rc = objects_read(l->o, name, VENDOR_TREE_MAX, &got, e);
    if (rc == RC_OK && got.type == OBJECT_COMMIT) {
        struct str tree;
        char id[GIT_OID_HEX + 1];
        if (!object_header(got.body, "tree", 0, &tree))
            return err_set(e, RC_NOTFOUND, "a commit without a tree");
        TRY(str_copy(id, sizeof id, tree, "tree", e));
        rc = objects_read(l->o, str_c(id), VENDOR_TREE_MAX, &got, e);
    }
    TRY(rc);
    if (got.type != OBJECT_TREE)
        return err_set(e, RC_NOTFOUND, "not a tree");
    free(at->body);
    *at = (struct level){.body = mem_strndup(got.body.p, got.body.n), .n = got.body.n};
    TRY(str_copy(at->name, sizeof at->name, str_c(got.oid), "tree", e));
    at->rest = str_of(at->body, at->n);
    at->path = l->path.n;
    l->depth++;
    l->id_len = strlen(got.oid) / 2;
    return RC_OK;
}

static bool name_ok(struct str name)
{
    return name.n && memchr(name.p, '/', name.n) == NULL && git_path_ok(name) &&
           !str_eq_nocase(name, STR(".git"));
}

static enum rc put_file(struct lister *l, const struct tree_entry *t, struct err *e)
{
    struct vendor_files *f = l->files;
    if (f->n == VENDOR_FILES_MAX) {
        f->cut = true;
        return RC_OK;
    }
    if (f->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : LIST_FIRST;
        f->all = mem_realloc(f->all, l->cap * sizeof *f->all);
    }
    char *id = arena_alloc(l->a, l->id_len);
    struct str path = arena_str(l->a, buf_str(&l->path));
    if (id == NULL)
        return arena_ok(l->a, "list of files", e);
    memcpy(id, t->id, l->id_len);
    f->all[f->n++] =
        (struct vendor_file){.path = path, .id = (const unsigned char *)id, .mode = t->mode};
    return RC_OK;
}

static enum rc put_module(struct lister *l, const struct tree_entry *t, struct err *e)
{
    struct vendor_files *f = l->files;
    if (f->modules == NULL)
        f->modules = arena_array(l->a, VENDOR_MODULES_MAX, sizeof *f->modules);
    char *id = arena_alloc(l->a, l->id_len);
    struct str path = arena_str(l->a, buf_str(&l->path));
    if (id == NULL || f->modules == NULL)
        return arena_ok(l->a, "list of files", e);
    memcpy(id, t->id, l->id_len);
    if (f->n_modules < VENDOR_MODULES_MAX)
        f->modules[f->n_modules++] =
            (struct vendor_file){.path = path, .id = (const unsigned char *)id, .mode = t->mode};
    return RC_OK;
}

static enum rc one(struct lister *l, const struct tree_entry *t, struct err *e)
{
    char hex[GIT_OID_HEX + 1];
    buf_cut(&l->path, l->level[l->depth - 1].path);
    if (!name_ok(t->name) || l->path.n + t->name.n + 1 > GIT_PATH_MAX)
        return RC_OK;
    buf_add(&l->path, t->name);
    if ((t->mode & TREE_MODE_TYPE) == TREE_MODE_FILE)
        return put_file(l, t, e);
    if ((t->mode & TREE_MODE_TYPE) == MODE_MODULE)
        return put_module(l, t, e);
    if ((t->mode & TREE_MODE_TYPE) != TREE_MODE_DIR)
        return RC_OK;
    if (l->depth == VENDOR_DEPTH_MAX || l->folders++ == VENDOR_FOLDERS_MAX) {
        l->folders = VENDOR_FOLDERS_MAX;
        l->files->cut = true;
        return RC_OK;
    }
    buf_addc(&l->path, '/');
    hex_put(hex, t->id, l->id_len);
    enum rc rc = push(l, str_c(hex), e);
    return rc == RC_NOTFOUND || rc == RC_LIMIT ? RC_OK : rc;
}

static enum rc list(struct lister *l, struct str tree, struct err *e)
{
    TRY(push(l, tree, e));
    while (l->depth) {
        struct tree_entry t;
        if (tree_next(&l->level[l->depth - 1].rest, l->id_len, &t))
            TRY(one(l, &t, e));
        else
            l->depth--;
    }
    return RC_OK;
}

static int by_path(const void *a, const void *b)
{
    return str_cmp(((const struct vendor_file *)a)->path, ((const struct vendor_file *)b)->path);
}

/* Trees that git wrote are in order; one that was forged need not be. */
static void put_in_order(struct vendor_file *all, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (str_cmp(all[i - 1].path, all[i].path) > 0) {
            qsort(all, n, sizeof *all, by_path);
            return;
        }
}

enum rc vendor_list_tree(struct objects *o, struct str tree, struct arena *a,
                         struct vendor_files *ret, struct err *e)
{
    AUTO(lister) struct lister l = {.o = o, .a = a, .path = BUF_INIT(GIT_PATH_MAX + 2)};
    struct vendor_files files = {.n = 0};
    l.files = &files;
    enum rc rc = list(&l, tree, e);
    struct vendor_file *all = files.all;
    if (rc == RC_OK) {
        files.all = arena_array(a, files.n ? files.n : 1, sizeof *all);
        files.id_len = l.id_len;
        rc = arena_ok(a, "list of files", e);
    }
    if (rc == RC_OK && files.n)
        memcpy(files.all, all, files.n * sizeof *all);
    free(all);
    TRY(rc);
    put_in_order(files.all, files.n);
    *ret = files;
    return RC_OK;
}
