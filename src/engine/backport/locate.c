/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the text that a fix edits in a tree that has it under another name.  Runs in the engine
 * child and in commands; trees, names and texts are a stranger's, and only ever compared.
 */
#include "engine/backport/locate.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "engine/affected/change.h"
#include "engine/backport/locate_inside.h"
#include "git/stream.h"

#define WIDE_LINES   64   /* lines of the file that are looked for beside those of the edits */
#define KEY_SLOTS    4096 /* a power of two, over twice LOCATE_KEYS_MAX */
#define SCAN_BATCH   512  /* files that are asked for in one go */
#define COMMON_FILES 3    /* a line says nothing when it is in more files than so many */
#define COMMON_PART  50   /* and this part of all */
#define SCAN_FILES   16   /* files with most of the lines that are compared */
#define ABSENT_FILES 64   /* the same, when nothing may be missed */
#define ARENA_MAX    (UINT64_C(1) << 30)
#define NAME_ALIKE   0.3 /* of a file of the same name whose edited places are there */
#define LIST_OUT_MAX (48u << 20)

struct entry {
    uint32_t mode;
    struct str oid, path;
};
struct list {
    char tree[GIT_OID_HEX + 1];
    struct buf text;
    struct entry *v; /* by the last part of the path, then by the path */
    size_t n;
    uint64_t used;
};
struct locate {
    struct git *git;
    struct objects *objects;
    struct list lists[LOCATE_TREES];
    uint64_t turn;
};

/* A file that may be it. */
struct cand {
    const struct entry *at;
    struct str text;
    double alike;      /* part of the lines that both files have, of the larger */
    double held_share; /* of the lines around the edits */
    size_t held;       /* edits whose lines are there */
};

struct search {
    struct locate *l;
    const struct locate_ask *ask;
    const struct list *list;
    struct arena *a, *tmp; /* the caller's; of this question */
    struct lines base;
    struct edits edits;
    size_t reads;
    bool cut; /* not all files of the kind were looked into */
    struct cand best;
};

const char *locate_rule_name(enum locate_rule r)
{
    static const char *const names[] = {"", "exact", "name", "renamed", "lines"};
    return names[r];
}

enum rc locate_open(struct git *git, struct objects *objects, struct locate **ret_l, struct err *e)
{
    (void)e;
    struct locate *l = mem_zalloc(sizeof *l);
    l->git = git;
    l->objects = objects;
    *ret_l = l;
    return RC_OK;
}

static void list_release(struct list *t)
{
    free(t->v);
    buf_release(&t->text);
    *t = (struct list){.n = 0};
}

void locate_close(struct locate *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < LOCATE_TREES; i++)
        list_release(&l->lists[i]);
    free(l);
}

void locate_auto(struct locate **l)
{
    locate_close(*l);
}

/* ---- The files of a tree ---- */

static int by_base(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int c = str_cmp(path_base(x->path), path_base(y->path));
    return c ? c : str_cmp(x->path, y->path);
}

/* "MODE TYPE ID\tPATH" */
static bool entry_of(struct str line, struct entry *ret)
{
    struct str rest = line, mode, type;
    size_t tab;
    if (!str_cut(&rest, ' ', &mode) || !str_cut(&rest, ' ', &type) ||
        (tab = str_chr(rest, '\t')) == STR_NPOS)
        return false;
    *ret = (struct entry){.oid = str_sub(rest, 0, tab), .path = str_sub(rest, tab + 1, rest.n)};
    if (str_eq(mode, STR("100755")))
        ret->mode = TREE_MODE_FILE | 0755;
    else if (str_eq(mode, STR("100644")))
        ret->mode = TREE_MODE_FILE | 0644;
    return ret->mode && str_eq(type, STR("blob")) && git_oid_ok(ret->oid) && git_path_ok(ret->path);
}

static enum rc list_read(struct locate *l, struct str tree, struct list *t, struct err *e)
{
    char id[GIT_OID_HEX + 1];
    if (!git_oid_ok(tree))
        return err_set(e, RC_INVALID, "that is no id of a tree");
    memcpy(id, tree.p, tree.n);
    id[tree.n] = '\0';
    const char *const args[] = {"ls-tree", "-r", "-z", "--full-tree", id, NULL};
    buf_init(&t->text, LIST_OUT_MAX);
    enum rc rc = git_run(l->git, args, STR_NONE, &t->text, e);
    if (rc == RC_INVALID)
        return err_set(e, RC_NOTFOUND, "a tree of this history is missing or damaged");
    TRY(rc);
    struct str rest = buf_str(&t->text), line;
    size_t max = 0;
    for (size_t i = 0; i < rest.n; i++)
        max += rest.p[i] == '\0';
    if (max > LOCATE_ENTRIES_MAX)
        return err_set(e, RC_LIMIT, "a tree has more than %d files", LOCATE_ENTRIES_MAX);
    t->v = mem_alloc((max + 1) * sizeof *t->v);
    while (str_cut(&rest, '\0', &line) && t->n < max)
        t->n += entry_of(line, &t->v[t->n]);
    qsort(t->v, t->n, sizeof *t->v, by_base);
    memcpy(t->tree, id, sizeof id);
    return RC_OK;
}

static enum rc list_of(struct locate *l, struct str tree, const struct list **ret, struct err *e)
{
    struct list *t = &l->lists[0];
    for (size_t i = 0; i < LOCATE_TREES; i++) {
        if (l->lists[i].tree[0] && str_eq(str_c(l->lists[i].tree), tree)) {
            l->lists[i].used = ++l->turn;
            *ret = &l->lists[i];
            return RC_OK;
        }
        if (l->lists[i].used < t->used)
            t = &l->lists[i];
    }
    list_release(t);
    enum rc rc = list_read(l, tree, t, e);
    if (rc != RC_OK) {
        list_release(t);
        return rc;
    }
    t->used = ++l->turn;
    *ret = t;
    return RC_OK;
}

static size_t first_of_base(const struct list *t, struct str base)
{
    size_t lo = 0, hi = t->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (str_cmp(path_base(t->v[mid].path), base) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* ---- One file ---- */

/* Parts that both paths end with and begin with: of files that are alike to the same degree the one
 * of the nearer place is it. */
static size_t nearness(struct str a, struct str b)
{
    size_t n = 0, k = 0;
    while (n < a.n && n < b.n && a.p[a.n - 1 - n] == b.p[b.n - 1 - n])
        n++;
    while (k < a.n && k < b.n && a.p[k] == b.p[k])
        k++;
    return n + k;
}

static bool better(const struct search *s, const struct cand *x, const struct cand *than)
{
    if (than->at == NULL)
        return true;
    double a = x->alike + x->held_share, b = than->alike + than->held_share;
    if (a > b + 0.001 || a < b - 0.001)
        return a > b;
    size_t n = nearness(x->at->path, s->ask->path), m = nearness(than->at->path, s->ask->path);
    return n != m ? n > m : str_cmp(x->at->path, than->at->path) < 0;
}

static enum rc look_into(struct search *s, const struct entry *at, struct cand *ret, bool *ret_ok,
                         struct err *e)
{
    struct object o;
    *ret_ok = false;
    if (s->reads++ >= LOCATE_READS_MAX)
        return RC_OK;
    enum rc rc = objects_read(s->l->objects, at->oid, LOCATE_FILE_MAX, &o, e);
    if (rc == RC_NOTFOUND || rc == RC_LIMIT)
        return RC_OK;
    TRY(rc);
    struct lines x;
    *ret = (struct cand){.at = at, .text = o.body};
    TRY(lines_make(o.body, s->tmp, &x, e));
    ret->alike = lines_alike(&s->base, &x);
    edits_held(&s->edits, &x, &ret->held, &ret->held_share);
    *ret_ok = true;
    return RC_OK;
}

/* Does the fix's side have the same file, with these lines in it too?  Then it is no other place of
 * the text but a twin of it. */
static enum rc is_twin(struct search *s, const struct cand *c, bool *ret, struct err *e)
{
    struct object o;
    struct lines x;
    size_t held;
    double share;
    *ret = false;
    if (s->ask->base_tree.n == 0)
        return RC_OK;
    enum rc rc =
        objects_file(s->l->objects, s->ask->base_tree, c->at->path, LOCATE_FILE_MAX, &o, e);
    if (rc == RC_NOTFOUND || rc == RC_INVALID || rc == RC_LIMIT)
        return RC_OK;
    TRY(rc);
    TRY(lines_make(o.body, s->tmp, &x, e));
    edits_held(&s->edits, &x, &held, &share);
    *ret = share >= c->held_share && share >= LOCATE_HELD;
    return RC_OK;
}

static enum rc consider(struct search *s, const struct entry *at, struct err *e)
{
    struct cand c;
    bool ok, twin = false;
    if (s->best.at == at)
        return RC_OK;
    TRY(look_into(s, at, &c, &ok, e));
    if (!ok || !better(s, &c, &s->best))
        return RC_OK;
    c.text = arena_str(s->tmp, c.text);
    TRY(arena_ok(s->tmp, "the text of a file", e));
    TRY(is_twin(s, &c, &twin, e));
    if (!twin)
        s->best = c;
    return RC_OK;
}

/* ---- The rules ---- */

static enum rc by_content(struct search *s, bool *ret_found, struct err *e)
{
    const struct entry *same = NULL;
    for (size_t i = 0; i < s->list->n; i++) {
        const struct entry *x = &s->list->v[i];
        if (str_eq(x->oid, s->ask->base_oid) && !str_eq(x->path, s->ask->path) &&
            (same == NULL || nearness(x->path, s->ask->path) > nearness(same->path, s->ask->path)))
            same = x;
    }
    if (same)
        TRY(consider(s, same, e));
    *ret_found = s->best.at != NULL;
    return RC_OK;
}

static bool name_fits(const struct search *s)
{
    const struct cand *c = &s->best;
    return c->at &&
           (c->alike >= LOCATE_ALIKE || (c->alike >= NAME_ALIKE && c->held_share >= LOCATE_HELD));
}

static enum rc by_name(struct search *s, bool *ret_found, struct err *e)
{
    struct str base = path_base(s->ask->path);
    size_t i = first_of_base(s->list, base);
    for (; i < s->list->n && str_eq(path_base(s->list->v[i].path), base); i++)
        if (!str_eq(s->list->v[i].path, s->ask->path))
            TRY(consider(s, &s->list->v[i], e));
    *ret_found = name_fits(s);
    return RC_OK;
}

/* ---- All files of the kind ---- */

/* Lines that are looked for, each once, in a table of hashes; 0 = free. */
struct keys {
    uint64_t slot[KEY_SLOTS];
    uint32_t seen[KEY_SLOTS];  /* the file in which it was seen last */
    uint32_t files[KEY_SLOTS]; /* in how many it is */
    size_t n;
};

static size_t key_slot(const struct keys *k, uint64_t hash)
{
    size_t at = hash & (KEY_SLOTS - 1);
    while (k->slot[at] && k->slot[at] != hash)
        at = (at + 1) & (KEY_SLOTS - 1);
    return at;
}

static void key_add(struct keys *k, uint64_t hash)
{
    size_t at = key_slot(k, hash);
    if (hash && k->slot[at] == 0 && k->n < LOCATE_KEYS_MAX) {
        k->slot[at] = hash;
        k->n++;
    }
}

/* The lines of the edits, then some of the whole file. */
static void keys_of(const struct search *s, struct keys *k)
{
    size_t step = s->base.n / WIDE_LINES + 1;
    for (size_t i = 0; i < s->edits.n; i++)
        for (size_t n = 0; n < s->edits.v[i].n; n++)
            key_add(k, s->edits.v[i].hash[n]);
    for (size_t i = 0; i < s->base.n; i += step)
        if (s->base.v[i].speaks)
            key_add(k, s->base.v[i].hash);
}

static struct str ending_of(struct str path)
{
    struct str base = path_base(path);
    size_t dot = str_rchr(base, '.');
    return dot == STR_NPOS || dot == 0 ? STR_NONE : str_sub(base, dot + 1, base.n);
}

/* Text moves between files of one language; those of C have several endings. */
static bool same_kind(struct str x, struct str y)
{
    static const char *const c[] = {"c", "h", "cc", "hh", "cpp", "hpp", "cxx", "hxx", "inc"};
    struct str a = ending_of(x), b = ending_of(y);
    bool in_a = false, in_b = false;
    for (size_t i = 0; i < ARRAY_LEN(c); i++) {
        in_a |= str_eq_nocase(a, str_c(c[i]));
        in_b |= str_eq_nocase(b, str_c(c[i]));
    }
    return (in_a && in_b) || str_eq_nocase(a, b);
}

struct hit {
    const struct entry *at;
    size_t near, count;
};
struct scan {
    struct keys keys;
    struct hit *files;
    size_t n, from; /* from: of the batch that is read */
    uint64_t bytes;
};

static int nearest_first(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;
    if (x->near != y->near)
        return x->near > y->near ? -1 : 1;
    return str_cmp(x->at->path, y->at->path);
}

static int most_first(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return nearest_first(a, b);
}

/* One file: how many of the keys stand in it. */
static enum rc scan_file(void *ctx, size_t nth, const struct object *o, struct err *e)
{
    struct scan *c = ctx;
    struct hit *h = &c->files[c->from + nth];
    struct str rest = o ? o->body : STR_NONE, line;
    uint32_t stamp = (uint32_t)(c->from + nth + 1);
    (void)e;
    c->bytes += rest.n;
    while (str_line(&rest, &line)) {
        size_t at = key_slot(&c->keys, line_key(line));
        if (c->keys.slot[at] == 0 || c->keys.seen[at] == stamp)
            continue;
        c->keys.seen[at] = stamp;
        c->keys.files[at]++;
        h->count++;
    }
    return RC_OK;
}

static enum rc scan_all(struct search *s, struct scan *c, struct err *e)
{
    AUTO(stream) struct object_stream *in = NULL;
    unsigned char(*raw)[GIT_OID_HEX / 2] = arena_array(s->tmp, SCAN_BATCH, sizeof *raw);
    const unsigned char **ids = arena_array(s->tmp, SCAN_BATCH, sizeof *ids);
    TRY(arena_ok(s->tmp, "the files to look into", e));
    TRY(stream_open(s->l->git, LOCATE_FILE_MAX, &in, e));
    while (c->from < c->n && c->bytes < LOCATE_SCAN_BYTES) {
        size_t n = 0;
        for (; n < SCAN_BATCH && c->from + n < c->n; n++) {
            struct str oid = c->files[c->from + n].at->oid;
            TRY(hex_get(oid, raw[n], oid.n / 2, "id", e));
            ids[n] = raw[n];
        }
        TRY(stream_run(in, ids, n, scan_file, c, e));
        c->from += n;
    }
    s->cut = c->from < c->n;
    c->n = c->from;
    return RC_OK;
}

/* Lines that stand in many files say nothing about one. */
static bool is_common(const void *ctx, uint64_t hash)
{
    const struct scan *c = ctx;
    size_t at = key_slot(&c->keys, hash);
    return c->keys.slot[at] && c->keys.files[at] > COMMON_FILES + c->n / COMMON_PART;
}

/* The files of the kind with most of the lines; nearest ones only when there is too much to read.
 */
static enum rc scan(struct search *s, struct hit **ret, size_t *ret_n, struct err *e)
{
    struct scan *c = arena_alloc(s->tmp, sizeof *c);
    struct hit *files = arena_array(s->tmp, s->list->n + 1, sizeof *files);
    TRY(arena_ok(s->tmp, "the files to look into", e));
    *ret_n = 0;
    keys_of(s, &c->keys);
    c->files = files;
    for (size_t i = 0; i < s->list->n && c->keys.n; i++) {
        const struct entry *x = &s->list->v[i];
        if (same_kind(x->path, s->ask->path) && !str_eq(x->path, s->ask->path))
            files[c->n++] = (struct hit){.at = x, .near = nearness(x->path, s->ask->path)};
    }
    if (c->n == 0)
        return RC_OK;
    qsort(files, c->n, sizeof *files, nearest_first);
    TRY(scan_all(s, c, e));
    edits_without(&s->edits, is_common, c);
    qsort(files, c->n, sizeof *files, most_first);
    *ret = files;
    while (*ret_n < c->n && files[*ret_n].count > 0)
        ++*ret_n;
    return RC_OK;
}

static enum rc by_lines(struct search *s, bool *ret_found, struct err *e)
{
    struct hit *hits = NULL;
    size_t n;
    TRY(scan(s, &hits, &n, e));
    s->best = (struct cand){.at = NULL}; /* what names gave was judged by all lines */
    for (size_t i = 0; i < n && i < SCAN_FILES; i++)
        TRY(consider(s, hits[i].at, e));
    const struct cand *c = &s->best;
    *ret_found = c->at && (c->alike >= LOCATE_ALIKE ||
                           (c->held_share >= LOCATE_HELD && 2 * c->held > s->edits.n));
    return RC_OK;
}

/* ---- The question ---- */

static struct str why(const struct search *s, enum locate_rule rule)
{
    const struct cand *c = &s->best;
    int alike = (int)(100 * c->alike);
    switch (rule) {
    case LOCATE_EXACT:
        return STR("the release has the same content under another name");
    case LOCATE_NAME:
        return arena_strf(
            s->a, "the release has a file of this name in another folder, %d %% alike", alike);
    case LOCATE_RENAMED:
        return arena_strf(s->a, "the release has a file of another name that is %d %% alike",
                          alike);
    default:
        return arena_strf(s->a, "the release has the lines around %zu of %zu edits in another file",
                          c->held, s->edits.n);
    }
}

static enum rc search_make(struct locate *l, const struct locate_ask *ask, struct arena *a,
                           struct arena *tmp, struct search *ret, struct err *e)
{
    *ret = (struct search){.l = l, .ask = ask, .a = a, .tmp = tmp};
    struct lines fix;
    TRY(list_of(l, ask->release_tree, &ret->list, e));
    TRY(lines_make(ask->base, tmp, &ret->base, e));
    TRY(lines_make(ask->fix, tmp, &fix, e));
    return edits_make(&ret->base, &fix, tmp, &ret->edits, e);
}

enum rc locate_run(struct locate *l, const struct locate_ask *ask, struct arena *a,
                   struct locate_found *ret, struct err *e)
{
    AUTO(arena) struct arena *tmp = arena_new(ARENA_MAX);
    struct search s;
    struct locate_found none = {.rule = LOCATE_NONE, .why = STR("the release does not have it")};
    bool found = false;
    *ret = none;
    if (ask->base.n > LOCATE_FILE_MAX || ask->fix.n > LOCATE_FILE_MAX)
        return RC_OK;
    TRY(search_make(l, ask, a, tmp, &s, e));
    enum locate_rule rule = LOCATE_EXACT;
    TRY(by_content(&s, &found, e));
    if (!found) {
        rule = LOCATE_NAME;
        TRY(by_name(&s, &found, e));
    }
    if (!found) {
        TRY(by_lines(&s, &found, e));
        rule = s.best.at && s.best.alike >= LOCATE_ALIKE ? LOCATE_RENAMED : LOCATE_LINES;
    }
    if (!found)
        return RC_OK;
    *ret = (struct locate_found){.rule = rule,
                                 .path = arena_str(a, s.best.at->path),
                                 .mode = s.best.at->mode,
                                 .text = arena_str(a, s.best.text),
                                 .share = rule == LOCATE_LINES ? s.best.held_share : s.best.alike,
                                 .held = s.best.held,
                                 .edits = s.edits.n,
                                 .why = why(&s, rule)};
    memcpy(ret->oid, s.best.at->oid.p, s.best.at->oid.n);
    return arena_ok(a, "the file that was found", e);
}

/* Has the file a part of the lines of any edit? */
static enum rc has_trace(struct search *s, struct str oid, bool *ret, struct err *e)
{
    struct object o;
    struct lines x;
    enum rc rc = objects_read(s->l->objects, oid, LOCATE_FILE_MAX, &o, e);
    *ret = true; /* what cannot be read may have it */
    if (rc == RC_NOTFOUND || rc == RC_LIMIT)
        return RC_OK;
    TRY(rc);
    TRY(lines_make(o.body, s->tmp, &x, e));
    *ret = edits_most(&s->edits, &x) >= LOCATE_TRACE;
    return RC_OK;
}

enum rc locate_absent(struct locate *l, const struct locate_ask *ask, bool *ret_absent,
                      struct err *e)
{
    AUTO(arena) struct arena *tmp = arena_new(ARENA_MAX);
    struct search s;
    struct hit *hits = NULL;
    size_t n = 0;
    bool there = false;
    *ret_absent = false;
    if (ask->base.n > LOCATE_FILE_MAX || ask->fix.n > LOCATE_FILE_MAX)
        return RC_OK;
    TRY(search_make(l, ask, tmp, tmp, &s, e));
    struct str base = path_base(ask->path);
    for (size_t i = first_of_base(s.list, base); i < s.list->n && !there; i++) {
        if (!str_eq(path_base(s.list->v[i].path), base))
            break;
        TRY(has_trace(&s, s.list->v[i].oid, &there, e));
    }
    if (there)
        return RC_OK;
    TRY(scan(&s, &hits, &n, e));
    for (size_t i = 0; i < s.edits.n; i++)
        there |= s.edits.v[i].n_sorted == 0; /* nothing of its own to look for */
    for (size_t i = 0; i < n && i < ABSENT_FILES && !there; i++)
        TRY(has_trace(&s, hits[i].at->oid, &there, e));
    *ret_absent = !there && s.edits.n > 0 && !s.cut;
    return RC_OK;
}
