/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees of a repository from their raw bytes, without a checkout.  Runs in commands and in the
 * engine child; names and modes are a stranger's, every loop is bounded by AUDIT_FILES_MAX.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hex.h"
#include "engine/audit/index_inside.h"
#include "syntax/lang.h"

#define MODE_LINK      0120000u
#define MODE_SUBMODULE 0160000u
#define DEPTH_MAX      1000

uint32_t index_class(struct str path)
{
    size_t slash = str_rchr(path, '/');
    return (uint32_t)hash64(slash == STR_NPOS ? path : str_sub(path, slash + 1, path.n));
}

/* ---- A set of trees ---- */

void walk_seen_release(struct walk_seen *s)
{
    free(s->v);
    *s = (struct walk_seen){0};
}

void walk_seen_auto(struct walk_seen *s)
{
    walk_seen_release(s);
}

static bool is_zero(const unsigned char id[SEGMENT_ID_MAX])
{
    static const unsigned char zero[SEGMENT_ID_MAX];
    return memcmp(id, zero, SEGMENT_ID_MAX) == 0;
}

static unsigned char *seen_slot(const struct audit_index *ix, const struct walk_seen *s,
                                const unsigned char id[SEGMENT_ID_MAX])
{
    size_t at = index_id_hash(ix, id, 0) & (s->cap - 1);
    while (!is_zero(s->v[at]) && memcmp(s->v[at], id, SEGMENT_ID_MAX) != 0)
        at = (at + 1) & (s->cap - 1);
    return s->v[at];
}

bool walk_seen_add(const struct audit_index *ix, struct walk_seen *s, const unsigned char *id)
{
    unsigned char full[SEGMENT_ID_MAX] = {0};
    memcpy(full, id, ix->id_len);
    if (is_zero(full))
        return false; /* git's "no object" */
    if (s->cap < 2 * (s->n + 1)) {
        struct walk_seen old = *s;
        s->cap = old.cap ? old.cap * 4 : 256;
        s->v = mem_zalloc(s->cap * sizeof *s->v);
        for (size_t i = 0; i < old.cap; i++)
            if (!is_zero(old.v[i]))
                memcpy(seen_slot(ix, s, old.v[i]), old.v[i], SEGMENT_ID_MAX);
        free(old.v);
    }
    unsigned char *slot = seen_slot(ix, s, full);
    if (!is_zero(slot))
        return false;
    memcpy(slot, full, SEGMENT_ID_MAX);
    s->n++;
    return true;
}

/* ---- Walking ---- */

struct level {
    struct str rest; /* of the tree's bytes */
    size_t path_len; /* with the slash */
};

struct walker {
    struct audit_index *ix;
    struct walk_seen *once;
    struct level *levels;
    size_t depth, cap;
    struct buf path;
    size_t entries;
};

static enum audit_skip entry_kind(const struct tree_entry *t, struct str path)
{
    uint32_t type = t->mode & TREE_MODE_TYPE;
    if (str_chr(t->name, '/') != STR_NPOS || !git_path_ok(path))
        return SKIP_PATH;
    if (type == MODE_LINK)
        return SKIP_LINK;
    if (type == MODE_SUBMODULE)
        return SKIP_SUBMODULE;
    if (type == TREE_MODE_DIR)
        return SKIP_NONE;
    bool binary;
    if (type == TREE_MODE_FILE && lang_refuses(t->name, &binary))
        return binary ? SKIP_BINARY : SKIP_LANG;
    return type == TREE_MODE_FILE ? SKIP_NONE : SKIP_PATH;
}

static void push(struct walker *w, struct str bytes)
{
    if (w->depth == w->cap) {
        w->cap = w->cap * 2 + 16;
        w->levels = mem_realloc(w->levels, w->cap * sizeof *w->levels);
    }
    w->levels[w->depth++] = (struct level){.rest = bytes, .path_len = w->path.n};
}

/* One entry of the innermost tree. */
static enum rc step(struct walker *w, const struct tree_entry *t, walk_fn fn, void *ctx,
                    struct err *e)
{
    struct audit_index *ix = w->ix;
    if (++w->entries > AUDIT_FILES_MAX)
        return err_set(e, RC_LIMIT, "a tree of this repository has more than %u files",
                       AUDIT_FILES_MAX);
    buf_cut(&w->path, w->levels[w->depth - 1].path_len);
    buf_add(&w->path, str_sub(t->name, 0, GIT_PATH_MAX + 1));
    struct walk_entry x = {.path = buf_str(&w->path), .id = t->id, .mode = t->mode};
    x.skip = w->path.over ? SKIP_PATH : entry_kind(t, x.path);
    w->path.over = false;
    struct str bytes;
    bool dir = (t->mode & TREE_MODE_TYPE) == TREE_MODE_DIR;
    if (dir && x.skip == SKIP_NONE) {
        if (w->depth > DEPTH_MAX)
            x.skip = SKIP_PATH;
        else if (w->once && !walk_seen_add(ix, w->once, t->id))
            return RC_OK;
        else if (!index_tree(ix, t->id, &bytes))
            x.skip = SKIP_MISSING;
    }
    if (!dir || x.skip != SKIP_NONE)
        return fn(ctx, &x, e);
    buf_addc(&w->path, '/');
    push(w, bytes);
    return RC_OK;
}

enum rc walk(struct audit_index *ix, const unsigned char *root, struct walk_seen *once, walk_fn fn,
             void *ctx, struct err *e)
{
    struct walker w = {.ix = ix, .once = once};
    struct str bytes;
    if (once && !walk_seen_add(ix, once, root))
        return RC_OK;
    if (!index_tree(ix, root, &bytes))
        return err_set(e, RC_NOTFOUND, "the tree that is asked for is missing or damaged");
    buf_init(&w.path, 2 * GIT_PATH_MAX);
    push(&w, bytes);
    enum rc rc = RC_OK;
    while (w.depth > 0 && rc == RC_OK) {
        struct tree_entry t;
        if (tree_next(&w.levels[w.depth - 1].rest, ix->id_len, &t))
            rc = step(&w, &t, fn, ctx, e);
        else
            w.depth--;
    }
    buf_release(&w.path);
    free(w.levels);
    return rc;
}

enum rc walk_root(struct audit_index *ix, struct str hex, unsigned char ret[SEGMENT_ID_MAX],
                  struct err *e)
{
    char name[GIT_OID_HEX + 10];
    struct object o;
    if (!git_oid_ok(hex) || hex.n != 2 * ix->id_len)
        return err_set(e, RC_INVALID, "that is no full id of a commit or tree");
    snprintf(name, sizeof name, "%.*s^{tree}", STR_ARG(hex));
    enum rc rc = objects_info(ix->objects, str_c(name), &o, e);
    if (rc == RC_NOTFOUND || (rc == RC_OK && o.type != OBJECT_TREE))
        return err_set(e, RC_NOTFOUND, "there is no commit or tree %.12s in this repository",
                       hex.p);
    TRY(rc);
    memset(ret, 0, SEGMENT_ID_MAX);
    return hex_get(str_c(o.oid), ret, ix->id_len, "id of a tree", e);
}
