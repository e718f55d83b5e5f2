/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says of which tag of a sister repository a copy is.  Runs in commands and in the engine child;
 * both repositories are strangers'.  Equal object ids are equal content; names are compared only to
 * say which files were changed here.
 */
#include "engine/audit/vendor_sister.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/hex.h"
#include "engine/audit/vendor_inside.h"
#include "engine/audit/vendor_tagged.h"

#define SHOWN      4 /* names of changed files that are said */
#define HALF       2 /* a version is told when at least 1/2 of the files are its */
#define ALONE_MIN  2 /* files of a folder that nothing else calls a copy */
#define MOST       3 /* of MOST_OF program files in it must be the sister's */
#define MOST_OF    4
#define THEIRS_MAX (1u << 30) /* bytes of what is known of one tag of a sister */

static const char empty_blob[] = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

/* ---- Our side ---- */

struct ours {
    const struct vendor_files *files;
    const unsigned char **sorted; /* ids of program files, each once */
    struct tagged_ids ids;
    uint32_t *number; /* of a file: its id's place in ids, NO_ID */
};
#define NO_ID UINT32_MAX

struct id_order {
    const unsigned char *id;
    size_t len;
};

static int by_id(const void *a, const void *b)
{
    const struct id_order *x = a, *y = b;
    return memcmp(x->id, y->id, x->len);
}

static uint32_t number_of(const struct tagged_ids *ids, const unsigned char *id)
{
    size_t lo = 0, hi = ids->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = memcmp(ids->all[mid], id, ids->len);
        if (c == 0)
            return (uint32_t)mid;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NO_ID;
}

static enum rc ours_of(const struct vendor_files *files, struct arena *a, struct ours *o,
                       struct err *e)
{
    AUTO(mem) struct id_order *order = mem_zalloc((files->n + 1) * sizeof *order);
    char hex[GIT_OID_HEX + 1];
    size_t n = 0;
    *o = (struct ours){.files = files};
    o->sorted = arena_array(a, files->n + 1, sizeof *o->sorted);
    o->number = arena_array(a, files->n + 1, sizeof *o->number);
    TRY(arena_ok(a, "sister repositories", e));
    for (size_t i = 0; i < files->n; i++) {
        const struct vendor_file *f = &files->all[i];
        o->number[i] = NO_ID;
        hex_put(hex, f->id, files->id_len);
        if ((f->mode & TREE_MODE_TYPE) == TREE_MODE_FILE && vendor_is_code(vendor_base(f->path)) &&
            strcmp(hex, empty_blob) != 0)
            order[n++] = (struct id_order){.id = f->id, .len = files->id_len};
    }
    qsort(order, n, sizeof *order, by_id);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || memcmp(order[i].id, order[i - 1].id, files->id_len) != 0)
            o->sorted[o->ids.n++] = order[i].id;
    o->ids.all = o->sorted;
    o->ids.len = files->id_len;
    for (size_t i = 0; i < files->n; i++)
        if (vendor_is_code(vendor_base(files->all[i].path)))
            o->number[i] = number_of(&o->ids, files->all[i].id);
    return RC_OK;
}

/* ---- One copy against the tags ---- */

struct match {
    size_t files;             /* program files of the copy */
    size_t best;              /* of them in the best tag */
    size_t first, last, tags; /* which tags have that many */
};

/* Program files of the range that belong to no copy inside of it. */
static size_t members(const struct ours *o, const struct vendor *v, const struct vendor_range *r,
                      const struct vendor_entry *of, uint32_t *ret)
{
    size_t n = 0;
    for (size_t i = r->lo; i < r->hi; i++)
        if (o->number[i] != NO_ID && vendor_at(v, o->files->all[i].path) == of)
            ret[n++] = o->number[i];
    return n;
}

static bool preview(struct str tag)
{
    static const char *const words[] = {"rc", "alpha", "beta", "pre", "dev", "preview", "snapshot"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct str w = str_c(words[i]);
        size_t at = str_find_nocase(tag, w), end = at + w.n;
        if (at == STR_NPOS || (at && ascii_is_alpha(tag.p[at - 1])))
            continue;
        if (end >= tag.n || !ascii_is_alpha(tag.p[end]))
            return true;
    }
    return false;
}

/* A release counts more than a preview, that more than a tag without any number. */
static int class_of(struct str tag)
{
    bool number = false;
    for (size_t i = 0; i < tag.n; i++)
        number |= ascii_is_digit(tag.p[i]);
    if (!number)
        return 0;
    return preview(tag) ? 1 : 2;
}

static void best_tags(const struct tagged *t, const uint32_t *ids, size_t n, struct match *m)
{
    int class = 0;
    *m = (struct match){.files = n};
    for (size_t tag = 0; tag < t->n_tags; tag++) {
        size_t has = 0;
        for (size_t i = 0; i < n; i++)
            has += tagged_has(t, tag, ids[i]);
        if (has == 0 || has < m->best)
            continue;
        int c = class_of(t->tags[tag].name);
        if (has == m->best && c < class)
            continue;
        if (has > m->best || c > class) {
            m->best = has;
            m->first = tag;
            m->tags = 0;
            class = c;
        }
        m->last = tag;
        m->tags++;
    }
}

/* ---- What differs ---- */

struct differs {
    struct buf names;
    size_t changed, added;
};

static void differs_auto(struct differs *d)
{
    buf_release(&d->names);
}

/* ---- Words ---- */

/* v1.2.3, name-1.2.3 -> 1.2.3; else the tag as it is. */
static struct str version_of(struct str tag)
{
    struct str name, version;
    size_t slash = str_rchr(tag, '/');
    struct str last = slash == STR_NPOS ? tag : str_sub(tag, slash + 1, tag.n);
    if (vendor_version(last, false, &version))
        return version;
    return vendor_name_version(last, &name, &version) ? version : tag;
}

static struct str tags_words(struct arena *a, const struct tagged *t, const struct match *m)
{
    struct str first = t->tags[m->first].name, last = t->tags[m->last].name;
    if (m->tags == 1)
        return arena_strf(a, "the tag %.*s", STR_ARG(first));
    return arena_strf(a, "%zu tags, %.*s to %.*s", m->tags, STR_ARG(first), STR_ARG(last));
}

static struct str version_words(struct arena *a, const struct tagged *t, const struct match *m)
{
    struct str first = version_of(t->tags[m->first].name);
    if (m->tags == 1)
        return first;
    struct str last = version_of(t->tags[m->last].name);
    return arena_strf(a, "%.*s to %.*s", STR_ARG(first), STR_ARG(last));
}

struct ask {
    const struct ours *o;
    const struct vendor_sister *s;
    const struct tagged *t;
    struct arena *a;
    struct vendor *v;
    struct theirs *theirs;
};

/* The sister's tag that was asked for last: its files and its own copies of others. */
struct theirs {
    struct arena *arena;
    size_t tag;
    struct vendor_files files;
    struct vendor copies;
};

static void theirs_auto(struct theirs *t)
{
    arena_free(t->arena);
}

static enum rc theirs_at(const struct ask *q, size_t tag, struct err *e)
{
    struct theirs *t = q->theirs;
    if (t->arena && t->tag == tag)
        return RC_OK;
    arena_free(t->arena);
    *t = (struct theirs){.arena = arena_new(THEIRS_MAX), .tag = tag};
    TRY(vendor_list_tree(q->s->objects, q->t->tags[tag].commit, t->arena, &t->files, e));
    return vendor_find(q->s->objects, &t->files, q->s->name, t->arena, &t->copies, e);
}

/* Are most of the common files copies over there as well?  Then neither is the source. */
static enum rc copied_there_too(const struct ask *q, const struct match *m, const uint32_t *ids,
                                size_t n, bool *ret, struct err *e)
{
    AUTO(mem) uint64_t *ours = mem_zalloc((q->t->words + 1) * sizeof *ours);
    size_t own = 0, copied = 0;
    for (size_t i = 0; i < n; i++)
        ours[ids[i] / 64] |= 1ull << (ids[i] % 64);
    TRY(theirs_at(q, m->last, e));
    for (size_t i = 0; i < q->theirs->files.n; i++) {
        const struct vendor_file *f = &q->theirs->files.all[i];
        uint32_t id = number_of(&q->o->ids, f->id);
        if (id == NO_ID || !(ours[id / 64] >> (id % 64) & 1))
            continue;
        if (vendor_at(&q->theirs->copies, f->path))
            copied++;
        else
            own++;
    }
    *ret = copied > own;
    return RC_OK;
}

/* Files of the copy that are not in the tag: those of which the tag has one by that name were
 * changed here, the others are only here. */
static void what_differs(const struct ask *q, const struct vendor_range *r,
                         const struct vendor_entry *of, size_t tag, struct differs *d)
{
    const struct vendor_files *theirs = &q->theirs->files;
    AUTO(mem) uint64_t *names = mem_zalloc((theirs->n + 1) * sizeof *names);
    for (size_t i = 0; i < theirs->n; i++)
        names[i] = hash64(vendor_base(theirs->all[i].path));
    for (size_t i = r->lo; i < r->hi; i++) {
        struct str path = q->o->files->all[i].path;
        uint32_t id = q->o->number[i];
        if (id == NO_ID || tagged_has(q->t, tag, id) || vendor_at(q->v, path) != of)
            continue;
        uint64_t h = hash64(vendor_base(path));
        bool known = false;
        for (size_t k = 0; k < theirs->n && !known; k++)
            known = names[k] == h;
        d->added += !known;
        if (known && d->changed++ < SHOWN)
            buf_addf(&d->names, "%s%.*s", d->changed > 1 ? ", " : "", STR_ARG(vendor_base(path)));
    }
}

static enum rc describe(const struct ask *q, const struct vendor_range *r,
                        const struct vendor_entry *of, const struct match *m,
                        struct vendor_entry *ret, struct err *e)
{
    AUTO(differs) struct differs d = {.names = BUF_INIT(2000)};
    struct str tags = tags_words(q->a, q->t, m), name = q->s->name;
    *ret = (struct vendor_entry){.path = r->path, .folder = true, .name = name};
    if (of)
        ret->folder = of->folder;
    ret->same = m->best;
    if (m->best == m->files) {
        ret->version = version_words(q->a, q->t, m);
        ret->how = arena_strf(q->a, "%s%zu program file%s of it %s the same in %.*s: %.*s",
                              m->files > 1 ? "all " : "", m->files, m->files > 1 ? "s" : "",
                              m->files > 1 ? "are" : "is", STR_ARG(name), STR_ARG(tags));
        return RC_OK;
    }
    TRY(theirs_at(q, m->last, e));
    what_differs(q, r, of, m->last, &d);
    if (m->best * HALF >= m->files)
        ret->version = version_words(q->a, q->t, m);
    ret->how = arena_strf(q->a, "nearest: %zu of %zu program files are the same in %.*s: %.*s",
                          m->best, m->files, STR_ARG(name), STR_ARG(tags));
    if (d.changed)
        ret->how = arena_strf(q->a, "%.*s; changed here: %.*s%s", STR_ARG(ret->how),
                              STR_ARG(buf_str(&d.names)), d.changed > SHOWN ? ", ..." : "");
    if (d.added)
        ret->how = arena_strf(q->a, "%.*s; only here: %zu", STR_ARG(ret->how), d.added);
    return RC_OK;
}

/* ---- Copies that are known ---- */

/* Is one of the tags that fit as well as any the version that the copy itself says it is? */
static bool says_one_of(const struct ask *q, const struct match *m, const uint32_t *ids, size_t n,
                        struct str said)
{
    for (size_t tag = m->first; tag <= m->last; tag++) {
        size_t has = 0;
        for (size_t i = 0; i < n; i++)
            has += tagged_has(q->t, tag, ids[i]);
        if (has == m->best && vendor_version_agrees(version_of(q->t->tags[tag].name), said))
            return true;
    }
    return false;
}

/* What the copy said of itself against what its content says.  All files of one tag are proof; else
 * both must agree, or there is no version. */
static void settle(const struct ask *q, const struct vendor_entry *was, const struct match *m,
                   const uint32_t *ids, size_t n, struct vendor_entry *x)
{
    bool proof = m->best == m->files;
    if (was->version.n == 0 || str_eq(was->version, x->version))
        return;
    if (says_one_of(q, m, ids, n, was->version)) {
        x->version = was->version;
        x->how = arena_strf(q->a, "%.*s; %.*s", STR_ARG(was->how), STR_ARG(x->how));
        return;
    }
    if (!proof)
        x->version = STR_NONE;
    x->how = arena_strf(q->a, "%.*s; but %.*s says %.*s", STR_ARG(x->how), STR_ARG(was->how),
                        STR_ARG(was->version));
}

/* The sister has the files too, but it is something else: where they come from is not known. */
static void only_said(const struct ask *q, const struct vendor_entry *was, struct vendor_entry *x)
{
    x->name = was->name;
    x->version = was->version;
    x->same = was->same;
    x->how = arena_strf(q->a, "%.*s; %.*s", STR_ARG(was->how), STR_ARG(x->how));
}

static enum rc one_known(const struct ask *q, size_t at, uint32_t *room, struct err *e)
{
    const struct vendor_entry *of = &q->v->all[at];
    struct vendor_range r = vendor_below(q->o->files, of->path);
    struct match m;
    struct vendor_entry x;
    if (!of->folder) {
        size_t i = vendor_file_at(q->o->files, of->path);
        r = (struct vendor_range){.path = of->path, .lo = i, .hi = i + 1};
        if (i == SIZE_MAX)
            return RC_OK;
    }
    size_t n = members(q->o, q->v, &r, of, room);
    best_tags(q->t, room, n, &m);
    if (m.best == 0 || m.best * VENDOR_SHARE_MIN < m.files || m.best <= of->same)
        return RC_OK;
    bool copied;
    TRY(copied_there_too(q, &m, room, n, &copied, e));
    if (copied)
        return RC_OK;
    TRY(describe(q, &r, of, &m, &x, e));
    if (vendor_name_same(of->name, q->s->name) || m.best * VENDOR_KEPT_MIN >= q->t->n_code[m.last])
        settle(q, of, &m, room, n, &x);
    else
        only_said(q, of, &x);
    return vendor_put(q->v, &x, q->a, e);
}

/* ---- Copies that nothing else tells ---- */

/* Is it the copy, and not the other way round?  It stands where copies often do, or a good part of
 * the sister is here and it is no larger part of this tree. */
static bool is_the_copy(const struct ask *q, struct str path, const struct match *m)
{
    struct str rest = path, part;
    while (str_cut(&rest, '/', &part))
        if (rest.n && (vendor_holds_some(part) || vendor_holds_copies(part)))
            return true;
    size_t theirs = q->t->n_code[m->last];
    return m->best * VENDOR_KEPT_MIN >= theirs && m->files * HALF < q->o->ids.n;
}

/* The folder in this one in which all of the common files lie; the same, when there is none. */
static struct vendor_range narrowed(const struct ask *q, struct vendor_range r, size_t tag)
{
    size_t first = SIZE_MAX, last = 0;
    for (size_t i = r.lo; i < r.hi; i++)
        if (q->o->number[i] != NO_ID && tagged_has(q->t, tag, q->o->number[i]) &&
            vendor_at(q->v, q->o->files->all[i].path) == NULL) {
            first = first == SIZE_MAX ? i : first;
            last = i;
        }
    if (first == SIZE_MAX)
        return r;
    struct str a = q->o->files->all[first].path, b = q->o->files->all[last].path;
    size_t common = 0;
    for (size_t i = 0; i < a.n && i < b.n && a.p[i] == b.p[i]; i++)
        if (a.p[i] == '/')
            common = i;
    return common > r.path.n ? vendor_below(q->o->files, str_sub(a, 0, common)) : r;
}

/* A folder of which most of the program files are the sister's; the outermost such. */
static enum rc one_unknown(const struct ask *q, struct str folder, uint32_t *room, bool *ret_found,
                           struct err *e)
{
    struct vendor_range r = vendor_below(q->o->files, folder);
    struct match m;
    struct vendor_entry x;
    bool copied;
    *ret_found = false;
    size_t n = members(q->o, q->v, &r, NULL, room);
    if (n < ALONE_MIN)
        return RC_OK;
    best_tags(q->t, room, n, &m);
    if (m.best < ALONE_MIN)
        return RC_OK;
    r = narrowed(q, r, m.last);
    n = members(q->o, q->v, &r, NULL, room);
    best_tags(q->t, room, n, &m);
    if (m.best < ALONE_MIN || m.best * MOST_OF < m.files * MOST || !is_the_copy(q, r.path, &m))
        return RC_OK;
    TRY(copied_there_too(q, &m, room, n, &copied, e));
    if (copied)
        return RC_OK;
    TRY(describe(q, &r, NULL, &m, &x, e));
    *ret_found = true;
    return vendor_put(q->v, &x, q->a, e);
}

static enum rc one_file(const struct ask *q, size_t i, struct err *e)
{
    struct vendor_range r = {.path = q->o->files->all[i].path, .lo = i, .hi = i + 1};
    struct match m;
    struct vendor_entry x;
    bool copied;
    best_tags(q->t, &q->o->number[i], 1, &m);
    if (m.best == 0 || !is_the_copy(q, r.path, &m))
        return RC_OK;
    TRY(copied_there_too(q, &m, &q->o->number[i], 1, &copied, e));
    if (copied)
        return RC_OK;
    TRY(describe(q, &r, NULL, &m, &x, e));
    x.folder = false;
    return vendor_put(q->v, &x, q->a, e);
}

/* Every file that some tag has and no copy explains: the folders above it, from the top. */
static enum rc unknown_ones(const struct ask *q, uint32_t *room, struct err *e)
{
    struct str tried = STR_NONE; /* the folder that was tried last: files come in order */
    for (size_t i = 0; i < q->o->files->n; i++) {
        uint32_t id = q->o->number[i];
        struct str path = q->o->files->all[i].path;
        bool found = false;
        if (id == NO_ID || !(q->t->anywhere[id / 64] >> (id % 64) & 1) || vendor_at(q->v, path))
            continue;
        for (size_t at = 0; at < path.n && !found; at++) {
            if (path.p[at] != '/')
                continue;
            struct str folder = str_sub(path, 0, at);
            bool again = str_starts(tried, folder) && (tried.n == at || tried.p[at] == '/');
            if (!again)
                TRY(one_unknown(q, folder, room, &found, e));
        }
        size_t slash = str_rchr(path, '/');
        tried = slash == STR_NPOS ? STR_NONE : str_sub(path, 0, slash);
        if (!found)
            TRY(one_file(q, i, e));
    }
    return RC_OK;
}

/* Does one of the two repositories come from the other? */
static bool relatives(const struct ours *o, const struct tagged *t, const struct vendor *v)
{
    size_t n = 0, all = 0;
    for (size_t i = 0; i < o->files->n; i++) {
        uint32_t id = o->number[i];
        if (id == NO_ID || vendor_at(v, o->files->all[i].path))
            continue;
        all++;
        n += t->anywhere[id / 64] >> (id % 64) & 1;
    }
    return n * HALF >= all && n > 0;
}

/* A submodule at a commit that is a release over there. */
static enum rc module_tags(const struct ask *q, struct err *e)
{
    char hex[GIT_OID_HEX + 1];
    for (size_t i = 0; i < q->o->files->n_modules; i++) {
        const struct vendor_file *f = &q->o->files->modules[i];
        const struct vendor_entry *was = vendor_at(q->v, f->path);
        int class = -1;
        size_t found = 0;
        hex_put(hex, f->id, q->o->files->id_len);
        for (size_t tag = 0; tag < q->t->n_all; tag++)
            if (str_eq(q->t->all[tag].commit, str_c(hex)) &&
                class_of(q->t->all[tag].name) > class) {
                class = class_of(q->t->all[tag].name);
                found = tag;
            }
        if (class < 0 || was == NULL || !str_eq(was->path, f->path))
            continue;
        struct str tag = q->t->all[found].name;
        struct vendor_entry x = *was;
        x.version = version_of(tag);
        x.how = arena_strf(q->a, "%.*s; that is the tag %.*s of %.*s", STR_ARG(was->how),
                           STR_ARG(tag), STR_ARG(q->s->name));
        TRY(vendor_put(q->v, &x, q->a, e));
    }
    return RC_OK;
}

static enum rc one_sister(const struct ours *o, const struct vendor_sister *s, struct arena *a,
                          struct vendor *v, struct err *e)
{
    AUTO(arena) struct arena *tmp = arena_new(1u << 30);
    AUTO(mem) uint32_t *room = mem_zalloc((o->files->n + 1) * sizeof *room);
    struct tagged t;
    TRY(tagged_read(s, &o->ids, tmp, &t, e));
    if (t.cut)
        vendor_note(v, a,
                    arena_strf(a,
                               "%.*s: too many tags or folders, the oldest were not "
                               "compared with the copies",
                               STR_ARG(s->name)));
    AUTO(theirs) struct theirs theirs = {.arena = NULL};
    struct ask q = {.o = o, .s = s, .t = &t, .a = a, .v = v, .theirs = &theirs};
    TRY(module_tags(&q, e));
    for (size_t i = 0; i < v->n; i++)
        TRY(one_known(&q, i, room, e));
    if (!relatives(o, &t, v))
        return unknown_ones(&q, room, e);
    vendor_note(v, a,
                arena_strf(a,
                           "%.*s has most of these files as well: one grew out of the "
                           "other, its files are no copies",
                           STR_ARG(s->name)));
    return RC_OK;
}

enum rc vendor_sisters(const struct vendor_files *files, const struct vendor_sister *sisters,
                       size_t n, struct arena *a, struct vendor *v, struct err *e)
{
    struct ours o;
    TRY(ours_of(files, a, &o, e));
    for (size_t i = 0; i < n; i++)
        TRY(one_sister(&o, &sisters[i], a, v, e));
    return arena_ok(a, "sister repositories", e);
}
