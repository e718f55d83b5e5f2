/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pick.  Runs in the engine child; the repository is a stranger's.
 *
 * When can a rename change what git's merge answers?  It looks for renames on a side from what that
 * side removed to what it added, and only where the other side changed the old name, or added
 * something to a folder that went.  So it can only where the fix changes or removes a file that the
 * release lacks; where it removes one that the release changed and adds another; or where one side
 * adds to a folder that the other has removed.  Then git merges the whole trees.
 */
#include "engine/backport/pick.h"

#include <stdlib.h>
#include <string.h>

#include "engine/backport/walk.h"

#define PAIRS_MAX 1000000u /* of names that are compared for where a file went */

struct picking {
    struct picker *p;
    struct arena *arena;
    const char *base, *fix, *release;
    struct walk walk; /* base to fix, and what the release has there */
    struct bp_file *file;
    size_t n;
    bool adds_conflict; /* whole trees: at a name that only the fix has, or may have */
};

static bool renames_matter(const struct walk *w)
{
    bool adds = false, adds_lost = false, adds_other = false, lacks = false, removes = false;
    for (size_t i = 0; i < w->n; i++) {
        const struct walk_file *f = &w->v[i];
        if (f->old.mode == 0) {
            adds = true;
            adds_lost |= f->lost;
            adds_other |= f->other.mode != 0 && !bp_side_same(&f->new, &f->other);
        } else if (f->other.mode == 0) {
            lacks = true;
        } else if (f->new.mode == 0) {
            removes |= adds_other || !bp_side_same(&f->old, &f->other);
        }
    }
    for (size_t i = 0; i < w->n && adds_other; i++)
        removes |= w->v[i].old.mode != 0 && w->v[i].new.mode == 0;
    return w->clash || lacks || adds_lost || (adds && (removes || w->folder_gone));
}

static void file_of(const struct walk_file *w, struct bp_file *ret)
{
    *ret = (struct bp_file){.path = w->path,
                            .fix_path = w->path,
                            .class = file_class_of(w->path),
                            .lang = lang_of(w->path, STR_NONE),
                            .base = w->old,
                            .fix = w->new,
                            .release = w->other,
                            .made = w->other};
}

static uint32_t type_of(const struct bp_side *s)
{
    return s->mode & TREE_MODE_TYPE;
}

/* Why git's merge of this file has a conflict; reads the texts, which the next step needs. */
static enum rc name_conflict(struct picking *k, struct bp_file *f, struct err *e)
{
    f->made = f->release;
    f->how = f->base.mode == 0      ? f->release.mode ? BP_ADDED_BOTH : BP_ODD
             : f->fix.mode == 0     ? BP_GONE
             : f->release.mode == 0 ? BP_ABSENT
                                    : BP_CONFLICT;
    struct bp_side *sides[] = {&f->base, &f->fix, &f->release};
    for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
        TRY(bp_side_read(k->p->store, sides[i], k->arena, e));
        if (sides[i]->mode && (type_of(sides[i]) != TREE_MODE_FILE || sides[i]->binary))
            f->how = f->how == BP_ABSENT || f->how == BP_GONE ? f->how : BP_ODD;
    }
    f->made = f->release;
    return RC_OK;
}

/* What needs no merge; false when it does. */
static bool is_plain(struct bp_file *f)
{
    if (bp_side_same(&f->release, &f->fix)) {
        f->how = BP_SAME;
        f->made = f->release;
        return true;
    }
    if (bp_side_same(&f->release, &f->base)) {
        f->how = BP_TAKEN;
        f->made = f->fix;
        return true;
    }
    return false;
}

static void set_made(struct bp_file *f, uint32_t mode, const char *oid)
{
    f->made = (struct bp_side){.mode = mode};
    if (mode)
        memcpy(f->made.oid, oid, strlen(oid) + 1);
}

static struct ort_file ort_file_of(const struct bp_side *base, const struct bp_side *fix,
                                   const struct bp_side *release)
{
    return (struct ort_file){.base_mode = base->mode,
                             .fix_mode = fix->mode,
                             .release_mode = release->mode,
                             .base = base->oid,
                             .fix = fix->oid,
                             .release = release->oid};
}

/* ---- File by file ---- */

static enum rc merge_files(struct picking *k, struct pick *ret, struct err *e)
{
    size_t m = 0;
    AUTO(mem) struct ort_file *v = mem_alloc((k->n + 1) * sizeof *v);
    AUTO(mem) size_t *of = mem_alloc((k->n + 1) * sizeof *of);
    ret->clean = true;
    for (size_t i = 0; i < k->n; i++) {
        struct bp_file *f = &k->file[i];
        if (is_plain(f))
            continue;
        if (f->fix.mode == 0 || f->release.mode == 0) { /* changed here, removed there */
            ret->clean = false;
            TRY(name_conflict(k, f, e));
            continue;
        }
        of[m] = i;
        v[m++] = ort_file_of(&f->base, &f->fix, &f->release);
    }
    TRY(ort_files(k->p->ort, v, m, true, e));
    for (size_t i = 0; i < m; i++) {
        struct bp_file *f = &k->file[of[i]];
        if (v[i].clean) {
            f->how = BP_MERGED;
            set_made(f, v[i].mode, v[i].oid);
        } else {
            ret->clean = false;
            TRY(name_conflict(k, f, e));
        }
    }
    return pick_tree_of(k->p->store, k->release, k->file, k->n, ret->tree, e);
}

/* ---- Whole trees ---- */

static struct str base_name(struct str path)
{
    size_t slash = str_rchr(path, '/');
    return slash == STR_NPOS ? path : str_sub(path, slash + 1, path.n);
}

static int by_str(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static bool in_list(const struct str *v, size_t n, struct str path)
{
    return n > 0 && bsearch(&path, v, n, sizeof *v, by_str) != NULL;
}

/* Did git put the file aside, as PATH~BRANCH, for a folder of the same name? */
static bool is_aside(const struct ort_merge *m, struct str path)
{
    size_t lo = 0, hi = m->n;
    while (lo < hi) { /* the first name that is not before "PATH~" */
        size_t mid = lo + (hi - lo) / 2;
        struct str name = m->conflicts[mid];
        int c = str_cmp(str_sub(name, 0, path.n), path);
        bool before = c < 0 || (c == 0 && (name.n == path.n || name.p[path.n] < '~'));
        lo = before ? mid + 1 : lo;
        hi = before ? hi : mid;
    }
    return lo < m->n && m->conflicts[lo].n > path.n && str_starts(m->conflicts[lo], path) &&
           m->conflicts[lo].p[path.n] == '~';
}

/* A path that git changed, or has a conflict at, and that the fix does not have. */
struct elsewhere {
    struct str path;
    bool conflict, taken;
};

/* Is the file of this name neither in the release nor in what git made of it?  Then git found it
 * under another one, or has a conflict there. */
static bool is_lacking(const struct bp_file *f)
{
    return f->release.mode == 0 && f->made.mode == 0 && str_eq(f->path, f->fix_path);
}

static bool may_be(const struct bp_file *f, const struct elsewhere *v)
{
    return is_lacking(f) && !v->taken && (f->fix.mode != 0 || v->conflict);
}

/* Where git found the files that are lacking: the same name in another folder, or the only one that
 * is left. */
static void find_moved(struct picking *k, struct elsewhere *v, size_t n)
{
    size_t lacking = 0, left = n;
    for (size_t i = 0; i < k->n; i++)
        lacking += is_lacking(&k->file[i]);
    if (n == 0 || lacking == 0 || lacking > PAIRS_MAX / n)
        return;
    for (int by_name = 1; by_name >= 0; by_name--) {
        for (size_t i = 0; i < k->n; i++) {
            struct bp_file *f = &k->file[i];
            for (size_t j = 0; j < n && is_lacking(f); j++) {
                bool fits = by_name ? str_eq(base_name(v[j].path), base_name(f->fix_path))
                                    : lacking == 1 && left == 1;
                if (!may_be(f, &v[j]) || !fits)
                    continue;
                v[j].taken = true;
                f->path = v[j].path;
                lacking--;
                left--;
            }
        }
    }
}

/* What git made at the names that the fix has; a folder there is no file. */
static enum rc look_made(struct picking *k, const char *tree, struct bp_file *f, struct err *e)
{
    TRY(bp_look(k->p->store, tree, f->path, &f->made, e));
    if (type_of(&f->made) == TREE_MODE_DIR)
        f->made = (struct bp_side){.mode = 0};
    return RC_OK;
}

/* Paths outside of the fix: in changed (release to what git made) and in git's conflicts. */
static enum rc list_elsewhere(struct picking *k, const struct walk *changed,
                              const struct ort_merge *m, struct elsewhere **ret_v, size_t *ret_n,
                              struct err *e)
{
    size_t n = 0;
    struct elsewhere *v = arena_array(k->arena, changed->n + m->n + 1, sizeof *v);
    if (v == NULL)
        return arena_ok(k->arena, "the files of a pick", e);
    for (size_t i = 0; i < changed->n; i++) {
        const struct walk_file *c = &changed->v[i];
        if (!is_aside(m, c->path) && !walk_find(&k->walk, c->path) &&
            !in_list(m->conflicts, m->n, c->path))
            v[n++] = (struct elsewhere){.path = c->path};
    }
    for (size_t i = 0; i < m->n; i++)
        if (!walk_find(&k->walk, m->conflicts[i]))
            v[n++] = (struct elsewhere){.path = m->conflicts[i], .conflict = true};
    *ret_v = v;
    *ret_n = n;
    return RC_OK;
}

/* A file that the fix adds to a folder that has another name in the release: git would have it
 * there, and asks. */
static bool is_relocated(const struct bp_file *f)
{
    return f->base.mode == 0 && f->release.mode == 0 && f->fix.mode != 0 &&
           !str_eq(f->path, f->fix_path);
}

/* The fix removes a file that the release changed, and git did not keep it: it went to another name
 * without conflict, or to one where the candidate does not have it. */
static bool is_lost(const struct picking *k, const struct ort_merge *m, const struct bp_file *f)
{
    if (m->clean || f->fix.mode != 0 || f->release.mode == 0 || f->made.mode != 0 ||
        bp_side_same(&f->base, &f->release))
        return false;
    return k->adds_conflict || is_aside(m, f->path);
}

/* The file as the merge of the whole trees left it. */
static enum rc settle(struct picking *k, const struct ort_merge *m, size_t i, struct err *e)
{
    struct bp_file *f = &k->file[i];
    if (!m->clean && i < k->walk.n && k->walk.v[i].clash) {
        TRY(name_conflict(k, f, e));
        f->how = BP_ODD;
        return RC_OK;
    }
    if (!str_eq(f->path, f->fix_path))
        TRY(bp_look(k->p->store, k->release, f->path, &f->release, e));
    if (in_list(m->conflicts, m->n, f->path) || in_list(m->conflicts, m->n, f->fix_path)) {
        if (!is_relocated(f))
            return name_conflict(k, f, e);
        f->how = BP_LOCATED;
        f->made = f->fix;
        return RC_OK;
    }
    f->how = BP_MERGED;
    (void)is_plain(f);
    TRY(look_made(k, m->tree, f, e));
    if (is_lost(k, m, f))
        return name_conflict(k, f, e);
    if (type_of(&f->made) == TREE_MODE_FILE && !bp_side_same(&f->made, &f->release) &&
        strcmp(f->made.oid, f->fix.oid) != 0)
        return bp_keep(k->p->store, f->made.oid, e);
    return RC_OK;
}

/* Half of a rename by the fix that has a conflict: the release changed a file that the fix removes,
 * and git has no conflict at that name. */
static bool is_old_name(const struct ort_merge *m, const struct bp_file *f)
{
    return f->how == BP_GONE && !in_list(m->conflicts, m->n, f->path);
}

/* The other half: only the fix has a file of this name, and git has a conflict there. */
static bool is_new_name(const struct picking *k, const struct ort_merge *m, size_t i)
{
    const struct bp_file *f = &k->file[i];
    return f->base.mode == 0 && f->release.mode == 0 && f->fix.mode != 0 &&
           !(i < k->walk.n && k->walk.v[i].clash) && str_eq(f->path, f->fix_path) &&
           f->how == BP_ODD && in_list(m->conflicts, m->n, f->path);
}

static enum rc join(struct picking *k, struct bp_file *old, struct bp_file *new, struct err *e)
{
    old->fix_path = new->fix_path;
    old->fix = new->fix;
    old->fix_renamed = true;
    new->how = BP_SAME; /* to be dropped */
    new->fix.mode = 0;
    return name_conflict(k, old, e);
}

/*
 * A file that the fix renames and that has a conflict at its new name is one file, in conflict,
 * which keeps the release's name.  Which two belong together is told as in find_moved.
 */
static enum rc join_renamed(struct picking *k, const struct ort_merge *m, struct err *e)
{
    size_t old = 0, new = 0, kept = 0;
    for (size_t i = 0; i < k->n; i++) {
        old += is_old_name(m, &k->file[i]);
        new += is_new_name(k, m, i);
    }
    if (old == 0 || new == 0 || old > PAIRS_MAX / k->n)
        return RC_OK;
    for (int by_name = 1; by_name >= 0; by_name--)
        for (size_t i = 0; i < k->n; i++)
            for (size_t j = 0; j < k->n && is_old_name(m, &k->file[i]); j++) {
                struct bp_file *f = &k->file[i], *g = &k->file[j];
                bool fits =
                    by_name ? str_eq(base_name(f->path), base_name(g->path)) : old == 1 && new == 1;
                if (!is_new_name(k, m, j) || !fits)
                    continue;
                TRY(join(k, f, g, e));
                old--;
                new --;
            }
    for (size_t i = 0; i < k->n; i++)
        if (k->file[i].base.mode || k->file[i].fix.mode || k->file[i].release.mode)
            k->file[kept++] = k->file[i];
    k->n = kept;
    return RC_OK;
}

/* Adds what git changed outside of the fix's files. */
static enum rc add_elsewhere(struct picking *k, const struct elsewhere *v, size_t n, struct err *e)
{
    struct bp_file *all = arena_array(k->arena, k->n + n + 1, sizeof *all);
    if (all == NULL)
        return arena_ok(k->arena, "the files of a pick", e);
    memcpy(all, k->file, k->n * sizeof *all);
    k->file = all;
    for (size_t i = 0; i < n; i++) {
        struct walk_file w = {.path = v[i].path};
        if (v[i].taken)
            continue;
        TRY(bp_look(k->p->store, k->base, w.path, &w.old, e));
        TRY(bp_look(k->p->store, k->fix, w.path, &w.new, e));
        TRY(bp_look(k->p->store, k->release, w.path, &w.other, e));
        /* A name that git made up for a conflict is in none of them. */
        if (w.old.mode || w.new.mode || w.other.mode || !v[i].conflict)
            file_of(&w, &k->file[k->n++]);
    }
    return RC_OK;
}

static enum rc merge_trees(struct picking *k, struct pick *ret, struct err *e)
{
    struct ort_merge m;
    struct walk changed;
    struct elsewhere *v = NULL;
    size_t n = 0;
    TRY(ort_trees(k->p->ort, k->base, k->fix, k->release, k->arena, &m, e));
    struct str *names = arena_array(k->arena, m.n + 1, sizeof *names);
    if (names == NULL)
        return arena_ok(k->arena, "the files of a pick", e);
    if (m.n > 0)
        memcpy(names, m.conflicts, m.n * sizeof *names);
    qsort(names, m.n, sizeof *names, by_str);
    m.conflicts = names;
    TRY(walk_trees(k->p->store, k->release, m.tree, NULL, k->arena, &changed, e));
    TRY(list_elsewhere(k, &changed, &m, &v, &n, e));
    for (size_t i = 0; i < k->n; i++) {
        const struct walk_file *w = &k->walk.v[i];
        bool bad = w->clash || in_list(m.conflicts, m.n, w->path);
        k->adds_conflict |= w->old.mode == 0 && w->other.mode == 0 && bad;
        TRY(look_made(k, m.tree, &k->file[i], e));
    }
    find_moved(k, v, n);
    TRY(add_elsewhere(k, v, n, e));
    for (size_t i = 0; i < k->n; i++)
        TRY(settle(k, &m, i, e));
    TRY(join_renamed(k, &m, e));
    ret->clean = m.clean;
    ret->whole = true;
    return pick_tree_of(k->p->store, k->release, k->file, k->n, ret->tree, e);
}

/* ---- Both ---- */

static int by_fix_path(const void *a, const void *b)
{
    const struct bp_file *x = a, *y = b;
    return str_cmp(x->fix_path, y->fix_path);
}

enum rc pick_run(struct picker *p, const char *base, const char *fix, const char *release,
                 struct arena *a, struct pick *ret, struct err *e)
{
    struct picking k = {.p = p, .arena = a, .base = base, .fix = fix, .release = release};
    struct pick r = {.clean = false};
    bp_trim(p->store);
    TRY(walk_trees(p->store, base, fix, release, a, &k.walk, e));
    k.n = k.walk.n;
    k.file = arena_array(a, k.n + 1, sizeof *k.file);
    if (k.file == NULL)
        return arena_ok(a, "the files of a pick", e);
    for (size_t i = 0; i < k.n; i++)
        file_of(&k.walk.v[i], &k.file[i]);
    if (renames_matter(&k.walk))
        TRY(merge_trees(&k, &r, e));
    else
        TRY(merge_files(&k, &r, e));
    TRY(arena_ok(a, "the files of a pick", e));
    qsort(k.file, k.n, sizeof *k.file, by_fix_path);
    r.files = k.file;
    r.n = k.n;
    r.empty = r.clean && strcmp(r.tree, release) == 0;
    *ret = r;
    return RC_OK;
}

enum rc pick_texts(struct picker *p, struct bp_file *f, struct arena *a, struct err *e)
{
    struct bp_side *sides[] = {&f->base, &f->fix, &f->release, &f->made};
    for (size_t i = 0; i < ARRAY_LEN(sides); i++)
        TRY(bp_side_read(p->store, sides[i], a, e));
    for (size_t i = ARRAY_LEN(sides); i > 0 && f->lang == LANG_NONE; i--)
        f->lang = lang_of(f->path, str_sub(sides[i - 1]->text, 0, LANG_HEAD));
    return RC_OK;
}

/* ---- Proofs ---- */

static bool is_carried(const struct bp_file *f)
{
    return (f->how == BP_TAKEN || f->how == BP_MERGED || f->how == BP_LADDER ||
            f->how == BP_LOCATED) &&
           !bp_side_same(&f->made, &f->release);
}

/* Does the merge of these give `want`?  What needs none is told here, what does goes to *ret_v. */
static bool proved(const struct bp_side *base, const struct bp_side *fix,
                   const struct bp_side *release, const struct bp_side *want,
                   enum pick_proof *ret_p, struct ort_file *ret_v)
{
    if (bp_side_same(release, fix) || bp_side_same(release, base)) {
        *ret_p =
            bp_side_same(bp_side_same(release, fix) ? release : fix, want) ? PICK_PASS : PICK_FAIL;
        return true;
    }
    if (fix->mode == 0 || release->mode == 0) {
        *ret_p = PICK_UNKNOWN;
        return true;
    }
    *ret_v = ort_file_of(base, fix, release);
    return false;
}

static enum pick_proof proof_of(const struct ort_file *v, const struct bp_side *want)
{
    if (!v->clean)
        return PICK_UNKNOWN;
    return v->mode == want->mode && strcmp(v->oid, want->oid) == 0 ? PICK_PASS : PICK_FAIL;
}

/* A fail stays one; the first path of the worst is named. */
static void count(enum pick_proof p, struct str path, enum pick_proof *total,
                  struct str *total_path)
{
    if (p == PICK_PASS || *total == PICK_FAIL || *total == p)
        return;
    *total = p;
    *total_path = path;
}

/* Does the candidate's tree differ from the release's in what the files say and nothing else? */
static enum rc prove_back(struct picker *p, const struct pick_claim *c, struct arena *a,
                          struct pick_proofs *r, struct err *e)
{
    struct walk w;
    size_t n = 0;
    TRY(walk_trees(p->store, c->release, c->made, NULL, a, &w, e));
    for (size_t i = 0; i < c->n; i++) {
        const struct bp_file *f = &c->files[i];
        const struct walk_file *d = walk_find(&w, f->path);
        bool changes = !bp_side_same(&f->made, &f->release);
        bool right =
            d ? bp_side_same(&d->old, &f->release) && bp_side_same(&d->new, &f->made) : !changes;
        n += changes;
        count(right ? PICK_PASS : PICK_FAIL, f->path, &r->back, &r->back_path);
    }
    if (n != w.n)
        count(PICK_FAIL, w.n ? w.v[0].path : STR_NONE, &r->back, &r->back_path);
    return RC_OK;
}

enum rc pick_prove(struct picker *p, const struct pick_claim *c, struct arena *a,
                   struct pick_proofs *ret, struct err *e)
{
    struct pick_proofs r = {PICK_PASS, PICK_PASS, c->undo ? PICK_PASS : PICK_UNKNOWN,
                            STR_NONE,  STR_NONE,  STR_NONE};
    size_t m = 0;
    AUTO(mem) struct ort_file *v = mem_alloc((2 * c->n + 1) * sizeof *v);
    AUTO(mem) size_t *of = mem_alloc((2 * c->n + 1) * sizeof *of); /* 2 * file + (undo) */
    TRY(prove_back(p, c, a, &r, e));
    for (size_t i = 0; i < c->n; i++) {
        const struct bp_file *f = &c->files[i];
        enum pick_proof proof;
        if (!is_carried(f))
            continue;
        if (proved(&f->base, &f->fix, &f->made, &f->made, &proof, &v[m]))
            count(proof, f->path, &r.again, &r.again_path);
        else
            of[m++] = 2 * i;
        if (!c->undo)
            continue;
        if (proved(&f->fix, &f->base, &f->made, &f->release, &proof, &v[m]))
            count(proof, f->path, &r.undo, &r.undo_path);
        else
            of[m++] = 2 * i + 1;
    }
    TRY(ort_files(p->ort, v, m, false, e));
    for (size_t k = 0; k < m; k++) {
        const struct bp_file *f = &c->files[of[k] / 2];
        if (of[k] % 2 == 0)
            count(proof_of(&v[k], &f->made), f->path, &r.again, &r.again_path);
        else
            count(proof_of(&v[k], &f->release), f->path, &r.undo, &r.undo_path);
    }
    *ret = r;
    return RC_OK;
}
