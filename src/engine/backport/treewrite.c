/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes in a tree.  Runs in the engine child; paths may be a stranger's, each is checked before
 * it is written.
 */
#include "engine/backport/pick.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "engine/backport/walk.h"

/* Entries of the folder that is being made. */
struct making {
    struct tree_entry *v;
    size_t n;
    bool changed;
};

struct part {
    const struct pick_change *v;
    size_t n;
    size_t at; /* the paths are read from here on */
};

static enum rc check_path(struct str path, struct err *e)
{
    struct str rest = path, part;
    size_t depth = 0;
    bool ok = path.n > 0 && path.p[path.n - 1] != '/' && str_chr(path, '\0') == STR_NPOS;
    if (path.n > GIT_PATH_MAX)
        return err_set(e, RC_LIMIT, "a path has more than %d bytes", GIT_PATH_MAX);
    while (ok && str_cut(&rest, '/', &part)) {
        ok = part.n > 0 && !str_eq(part, STR(".")) && !str_eq(part, STR(".."));
        if (depth++ == BP_DEPTH_MAX)
            return err_set(e, RC_LIMIT, "a path has more than %u folders", BP_DEPTH_MAX);
    }
    return ok ? RC_OK : err_set(e, RC_INVALID, "that is no path of a file in a tree");
}

static bool mode_ok(uint32_t mode)
{
    return mode == 0 || mode == (TREE_MODE_FILE | 0644) || mode == (TREE_MODE_FILE | 0755) ||
           mode == TREE_MODE_LINK || mode == TREE_MODE_SUBMODULE;
}

static int by_path(const void *a, const void *b)
{
    const struct pick_change *x = a, *y = b;
    return walk_path_cmp(x->path, y->path);
}

static int by_entry(const void *a, const void *b)
{
    return bp_entry_cmp(a, b);
}

static enum rc in_the_way(struct err *e)
{
    return err_set(e, RC_INVALID, "a file and a folder of the same name would be in one tree");
}

static struct str first_part(const struct pick_change *c, size_t at)
{
    struct str rest = str_sub(c->path, at, c->path.n);
    return str_sub(rest, 0, str_chr(rest, '/'));
}

static void put(struct making *m, uint32_t mode, struct str name, const unsigned char *id)
{
    m->v[m->n++] = (struct tree_entry){mode, name, id};
}

static enum rc rewrite(struct bp_store *s, const char *tree, const struct part *p, char *ret_tree,
                       struct err *e);

/*
 * All changes of one name: the first may be of the file itself, the others are below it.  id: room
 * for the raw id, which the new entry borrows.
 */
static enum rc change_name(struct bp_store *s, const struct tree_entry *old, const struct part *p,
                           struct making *m, unsigned char *id, struct err *e)
{
    size_t hash_len = bp_hash_len(s), below = 0;
    struct str name = first_part(p->v, p->at);
    const struct pick_change *self = p->at + name.n == p->v->path.n ? p->v : NULL;
    bool old_dir = old && old->mode == TREE_MODE_DIR;
    char sub[GIT_OID_HEX + 1] = "";
    for (size_t i = self ? 1 : 0; i < p->n; i++)
        below += p->v[i].mode != 0;
    if (old_dir || below > 0) {
        struct part q = {p->v + (self ? 1 : 0), p->n - (self ? 1 : 0), p->at + name.n + 1};
        char from[GIT_OID_HEX + 1] = "";
        if (old_dir)
            hex_put(from, old->id, hash_len);
        TRY(rewrite(s, from, &q, sub, e));
    }
    bool file = self ? self->mode != 0 : old && !old_dir;
    if (file && sub[0])
        return in_the_way(e);
    if (!file && !sub[0]) {
        m->changed |= old != NULL;
        return RC_OK;
    }
    if (file && !self) {
        put(m, old->mode, name, old->id);
        return RC_OK;
    }
    TRY(hex_get(str_c(file ? self->oid : sub), id, hash_len, "id of an object", e));
    uint32_t mode = file ? self->mode : TREE_MODE_DIR;
    m->changed |= old == NULL || old->mode != mode || memcmp(old->id, id, hash_len) != 0;
    put(m, mode, name, id);
    return RC_OK;
}

static size_t same_name(const struct part *p, size_t i)
{
    struct str name = first_part(&p->v[i], p->at);
    size_t n = 1;
    while (i + n < p->n && str_eq(first_part(&p->v[i + n], p->at), name))
        n++;
    return n;
}

static enum rc write_folder(struct bp_store *s, struct making *m, char ret_tree[GIT_OID_HEX + 1],
                            struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(BP_TREE_MAX);
    qsort(m->v, m->n, sizeof *m->v, by_entry);
    for (size_t i = 0; i < m->n; i++) {
        buf_addf(&b, "%o ", m->v[i].mode);
        buf_add(&b, m->v[i].name);
        buf_addc(&b, '\0');
        buf_add(&b, str_of(m->v[i].id, bp_hash_len(s)));
    }
    TRY(buf_ok(&b, "a folder", e));
    return bp_write(s, OBJECT_TREE, buf_str(&b), ret_tree, e);
}

/* tree: "" when there is no such folder; ret_tree gets "" when it has become empty. Nested at most
 * BP_DEPTH_MAX deep, which check_path has seen to. */
static enum rc rewrite(struct bp_store *s, const char *tree, const struct part *p, char *ret_tree,
                       struct err *e)
{
    const struct bp_tree *old;
    TRY(bp_tree(s, tree[0] ? tree : bp_empty_tree(s), &old, e));
    AUTO(mem) struct tree_entry *v = mem_alloc((old->n + p->n + 1) * sizeof *v);
    AUTO(mem) unsigned char *ids = mem_alloc((p->n + 1) * bp_hash_len(s));
    struct making m = {.v = v};
    AUTO(mem) bool *named = mem_zalloc(old->n + 1);
    for (size_t i = 0; i < p->n;) {
        struct part one = {p->v + i, same_name(p, i), p->at};
        const struct tree_entry *was = bp_tree_find(old, first_part(&p->v[i], p->at));
        if (was)
            named[was - old->v] = true;
        TRY(change_name(s, was, &one, &m, ids + i * bp_hash_len(s), e));
        i += one.n;
    }
    if (!m.changed) {
        memmove(ret_tree, tree, strlen(tree) + 1);
        return RC_OK;
    }
    for (size_t i = 0; i < old->n; i++)
        if (!named[i])
            put(&m, old->v[i].mode, old->v[i].name, old->v[i].id);
    if (m.n == 0) {
        ret_tree[0] = '\0';
        return RC_OK;
    }
    return write_folder(s, &m, ret_tree, e);
}

enum rc pick_tree(struct bp_store *s, const char *tree, const struct pick_change *v, size_t n,
                  char ret_tree[GIT_OID_HEX + 1], struct err *e)
{
    char made[GIT_OID_HEX + 1];
    AUTO(mem) struct pick_change *sorted = mem_alloc((n + 1) * sizeof *sorted);
    for (size_t i = 0; i < n; i++) {
        TRY(check_path(v[i].path, e));
        if (!mode_ok(v[i].mode) || (v[i].mode != 0 && !git_oid_ok(str_c(v[i].oid))))
            return err_set(e, RC_INVALID, "that is no file that a tree may hold");
        sorted[i] = v[i];
    }
    qsort(sorted, n, sizeof *sorted, by_path);
    for (size_t i = 1; i < n; i++)
        if (str_eq(sorted[i - 1].path, sorted[i].path))
            return err_set(e, RC_INVALID, "a path of a tree is changed twice");
    struct part all = {sorted, n, 0};
    TRY(rewrite(s, tree, &all, made, e));
    if (made[0] == '\0')
        TRY(bp_write(s, OBJECT_TREE, STR_NONE, made, e));
    memcpy(ret_tree, made, sizeof made);
    return RC_OK;
}

enum rc pick_tree_of(struct bp_store *s, const char *release, const struct bp_file *files, size_t n,
                     char ret_tree[GIT_OID_HEX + 1], struct err *e)
{
    size_t m = 0;
    AUTO(mem) struct pick_change *v = mem_alloc((n + 1) * sizeof *v);
    for (size_t i = 0; i < n; i++)
        if (!bp_side_same(&files[i].made, &files[i].release))
            v[m++] = (struct pick_change){files[i].path, files[i].made.mode, files[i].made.oid};
    return pick_tree(s, release, v, m, ret_tree, e);
}
