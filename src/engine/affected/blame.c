/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines traced through the history.  Runs in the engine child and in commands; commits, paths and
 * lines are a stranger's.
 */
#include "engine/affected/blame.h"

#include <stdlib.h>
#include <string.h>

#include "engine/affected/change.h"

#define PATHS_MAX 256  /* files of one run */
#define JUMP_MAX  1024 /* commits of a file that one walk passes by at most */

struct spot {
    uint32_t line; /* from 0 */
    uint32_t chain;
};
/* Lines that are in the file as it is in the commit. */
struct trail {
    uint32_t commit;
    size_t path;
    struct spot *spots;
    size_t n, cap;
};
struct file {
    struct str path;
    uint64_t *touched; /* a bit per commit: its row says that it touches the file, or may */
};
struct blame {
    struct history *h;
    const struct table *t;
    struct textpool *texts;
    struct arena *a;
    const struct blame_ask *ask;
    struct blame_chain *chains;
    struct file files[PATHS_MAX];
    size_t n_files, reads_before;
    struct trail *trails;
    size_t n, cap;
};

/* ---- Trails ---- */

static void spot_add(struct trail *t, struct spot s)
{
    if (t->n == t->cap) {
        t->cap = t->cap * 2 + 16;
        t->spots = mem_realloc(t->spots, t->cap * sizeof *t->spots);
    }
    t->spots[t->n++] = s;
}

static void trail_add(struct blame *b, uint32_t commit, size_t path, struct spot s)
{
    size_t i = 0;
    while (i < b->n && (b->trails[i].commit != commit || b->trails[i].path != path))
        i++;
    if (i == b->n) {
        if (b->n == b->cap) {
            b->cap = b->cap * 2 + 16;
            b->trails = mem_realloc(b->trails, b->cap * sizeof *b->trails);
        }
        b->trails[b->n++] = (struct trail){.commit = commit, .path = path};
    }
    spot_add(&b->trails[i], s);
}

/* The youngest one, taken out. */
static struct trail trail_take(struct blame *b)
{
    size_t best = 0;
    for (size_t i = 1; i < b->n; i++)
        if (b->trails[i].commit > b->trails[best].commit ||
            (b->trails[i].commit == b->trails[best].commit &&
             b->trails[i].path < b->trails[best].path))
            best = i;
    struct trail t = b->trails[best];
    b->trails[best] = b->trails[--b->n];
    return t;
}

static void trail_open(struct blame *b, const struct trail *t)
{
    for (size_t i = 0; i < t->n; i++)
        b->chains[t->spots[i].chain].open = true;
}

/* ---- Which commits touch a file ---- */

static void mark_touched(struct blame *b, struct file *f)
{
    uint32_t number = UINT32_MAX;
    for (size_t i = 0; i < b->t->n_paths && number == UINT32_MAX; i++)
        if (str_eq(b->t->paths[i], f->path))
            number = (uint32_t)i;
    for (size_t r = 0; r < b->t->n; r++) {
        const struct table_row *row = &b->t->rows[r];
        uint32_t c = b->t->commit[r];
        bool touches = row->flags & (TABLE_MISSING | TABLE_MANY);
        for (size_t k = 0; k < row->n_files && !touches; k++)
            touches = b->t->files[row->files_at + k] == number;
        if (touches && c != GRAPH_NONE)
            f->touched[c / 64] |= UINT64_C(1) << (c % 64);
    }
}

/* Index of a file, SIZE_MAX when there are too many. */
static size_t file_of(struct blame *b, struct str path)
{
    for (size_t i = 0; i < b->n_files; i++)
        if (str_eq(b->files[i].path, path))
            return i;
    if (b->n_files == PATHS_MAX)
        return SIZE_MAX;
    struct file *f = &b->files[b->n_files];
    f->path = arena_str(b->a, path);
    f->touched = arena_array(b->a, b->h->graph->n / 64 + 1, sizeof *f->touched);
    if (f->touched == NULL)
        return SIZE_MAX;
    mark_touched(b, f);
    return b->n_files++;
}

static uint32_t parent_of(const struct blame *b, uint32_t c, size_t i)
{
    const struct graph *g = b->h->graph;
    return i < g->parent_at[c + 1] - g->parent_at[c] ? g->parent[g->parent_at[c] + i] : GRAPH_NONE;
}

static enum rc file_at(struct blame *b, uint32_t c, size_t path, const struct text **ret,
                       struct err *e)
{
    char hex[GIT_OID_HEX + 1];
    *ret = NULL;
    if (c == GRAPH_NONE)
        return RC_OK;
    enum rc rc =
        textpool_get(b->texts, graph_hex(b->h->graph, c, hex), b->files[path].path, ret, e);
    return rc == RC_NOTFOUND || rc == RC_LIMIT || rc == RC_INVALID ? RC_OK : rc;
}

/* Id of the file's blob in a commit, "" when it has none. */
static enum rc blob_at(struct blame *b, uint32_t c, struct str p, char ret[GIT_OID_HEX + 1],
                       struct err *e)
{
    char hex[GIT_OID_HEX + 1], name[OBJECT_NAME_MAX];
    struct str id = graph_hex(b->h->graph, c, hex);
    struct object o;
    ret[0] = '\0';
    if (id.n + p.n + 2 > sizeof name)
        return RC_OK;
    memcpy(name, id.p, id.n);
    name[id.n] = ':';
    memcpy(name + id.n + 1, p.p, p.n);
    enum rc rc = objects_info(b->h->objects, str_of(name, id.n + 1 + p.n), &o, e);
    if (rc == RC_OK)
        memcpy(ret, o.oid, sizeof o.oid);
    return rc == RC_NOTFOUND || rc == RC_INVALID ? RC_OK : rc;
}

/*
 * The commit that the file's content at c comes from: itself touches the file, is a root, or is a
 * merge of which no parent has the same content.
 */
static enum rc settle(struct blame *b, uint32_t c, size_t path, uint32_t *ret, struct err *e)
{
    char mine[GIT_OID_HEX + 1] = "", theirs[GIT_OID_HEX + 1];
    for (;;) {
        uint32_t p = parent_of(b, c, 0), next = GRAPH_NONE;
        if (p == GRAPH_NONE || graph_is_cut(b->h->graph, c))
            break;
        if (b->t->row[c] != TABLE_NONE) {
            if (b->files[path].touched[c / 64] >> (c % 64) & 1)
                break;
            c = p;
            continue;
        }
        if (mine[0] == '\0')
            TRY(blob_at(b, c, b->files[path].path, mine, e));
        for (size_t i = 0; (p = parent_of(b, c, i)) != GRAPH_NONE && next == GRAPH_NONE; i++) {
            TRY(blob_at(b, p, b->files[path].path, theirs, e));
            if (strcmp(mine, theirs) == 0)
                next = p;
        }
        if (next == GRAPH_NONE)
            break;
        c = next;
    }
    *ret = c;
    return RC_OK;
}

/* ---- A commit that brought lines ---- */

struct brought { /* by a commit, into a file */
    uint32_t commit;
    size_t path;
    uint32_t added, removed; /* lines */
};

static void step_add(struct blame *b, uint32_t chain, const struct brought *in,
                     const struct text *now, uint32_t line)
{
    struct blame_chain *c = &b->chains[chain];
    if (c->n == BLAME_STEPS)
        return;
    struct str text = str_sub(text_line_at(now, line), 0, TEXT_LINE_MAX);
    c->steps[c->n++] = (struct blame_step){.commit = in->commit,
                                           .path = b->files[in->path].path,
                                           .added = in->added,
                                           .removed = in->removed,
                                           .line = line + 1,
                                           .text = arena_str(b->a, text),
                                           .hash = now->lines[line].hash};
}

/* The line of `old` that stood in the place of a new line and is most like it; -1: none. */
static int64_t older_form(const struct text *old, const struct text *now, const int32_t *map,
                          uint32_t line)
{
    size_t i = line, from = 0, to = old->n;
    while (i > 0 && map[i - 1] < 0)
        i--;
    if (i > 0)
        from = (size_t)map[i - 1] + 1;
    for (i = line; i < now->n && map[i] < 0; i++)
        ;
    if (i < now->n)
        to = (size_t)map[i];
    double best = TEXT_LIKENESS;
    int64_t found = -1;
    for (size_t k = from; k < to && k < from + 400; k++) {
        if (old->lines[k].dense < 3)
            continue;
        double like = line_likeness(text_line_at(old, k), text_line_at(now, line));
        if (like > best || (like == best && found < 0)) {
            best = like;
            found = (int64_t)k;
        }
    }
    return found;
}

/*
 * Lines of `now` (at c) that are not in `old` (at parent): c brought them.  The others, and older
 * forms, go on at the parent.  old may be NULL.
 */
static enum rc divide(struct blame *b, const struct trail *t, uint32_t c, const struct text *now,
                      uint32_t parent, size_t old_path, const struct text *old, struct err *e)
{
    int32_t *map = mem_alloc((now->n + 1) * sizeof *map);
    enum rc rc = RC_OK;
    if (old)
        rc = text_match(old, now, map, e);
    size_t same = 0;
    for (size_t i = 0; i < now->n && old && rc == RC_OK; i++)
        same += map[i] >= 0;
    struct brought in = {.commit = c,
                         .path = t->path,
                         .added = (uint32_t)(now->n - same),
                         .removed = (uint32_t)(old ? old->n - same : 0)};
    for (size_t i = 0; i < t->n && rc == RC_OK; i++) {
        struct spot s = t->spots[i];
        if (s.line >= now->n)
            continue;
        int64_t before = old ? map[s.line] : -1;
        if (before < 0) {
            step_add(b, s.chain, &in, now, s.line);
            if (old && !b->ask[s.chain].once && b->chains[s.chain].n < BLAME_STEPS)
                before = older_form(old, now, map, s.line);
        }
        if (before >= 0)
            trail_add(b, parent, old_path, (struct spot){(uint32_t)before, s.chain});
    }
    free(map);
    return rc;
}

/* ---- Renames ---- */

static double part_of_both(const struct text *x, const struct text *y)
{
    size_t most = x->n > y->n ? x->n : y->n, both = 0;
    int32_t *map = mem_alloc((y->n + 1) * sizeof *map);
    if (text_match(x, y, map, NULL) == RC_OK)
        for (size_t i = 0; i < y->n; i++)
            both += map[i] >= 0;
    free(map);
    return most ? (double)both / (double)most : 0;
}

/* The file that the new one at c was renamed from: gone in the same commit. */
static enum rc find_source(struct blame *b, uint32_t c, uint32_t parent, size_t path,
                           const struct text *now, size_t *ret_path, const struct text **ret,
                           struct err *e)
{
    const struct table_row *row = b->t->row[c] == TABLE_NONE ? NULL : &b->t->rows[b->t->row[c]];
    *ret = NULL;
    if (row == NULL || parent == GRAPH_NONE || row->n_files > BLAME_FILES_MAX)
        return RC_OK;
    double best = BLAME_RENAME_PART;
    size_t looked = 0;
    struct str base = path_base(b->files[path].path);
    for (int same = 1; same >= 0; same--)
        for (size_t k = 0; k < row->n_files && looked < BLAME_RENAMES; k++) {
            struct str p = b->t->paths[b->t->files[row->files_at + k]];
            const struct text *old;
            char hex[GIT_OID_HEX + 1];
            if (str_eq(p, b->files[path].path) || str_eq(path_base(p), base) != (same == 1) ||
                (!same && row->n_files > 200) || !path_is_code(p))
                continue;
            char there[GIT_OID_HEX + 1];
            TRY(blob_at(b, c, p, there, e));
            if (there[0])
                continue; /* a copy: its lines begin here, as for git */
            looked++;
            enum rc rc = textpool_get(b->texts, graph_hex(b->h->graph, parent, hex), p, &old, e);
            if (rc == RC_NOTFOUND || rc == RC_LIMIT || rc == RC_INVALID)
                continue;
            TRY(rc);
            double part = part_of_both(old, now);
            size_t f = part > best ? file_of(b, p) : SIZE_MAX;
            if (f == SIZE_MAX)
                continue;
            best = part;
            *ret_path = f;
            *ret = old;
        }
    return RC_OK;
}

/* ---- Walking ---- */

/* What a parent of a merge has goes on there; the rest stays in the trail. */
static enum rc hand_over(struct blame *b, struct trail *t, const struct text *now, uint32_t parent,
                         const struct text *old, struct err *e)
{
    int32_t *map = mem_alloc((now->n + 1) * sizeof *map);
    enum rc rc = text_match(old, now, map, e);
    size_t kept = 0;
    for (size_t k = 0; k < t->n && rc == RC_OK; k++) {
        int32_t before = t->spots[k].line < now->n ? map[t->spots[k].line] : -1;
        if (before >= 0)
            trail_add(b, parent, t->path, (struct spot){(uint32_t)before, t->spots[k].chain});
        else
            t->spots[kept++] = t->spots[k];
    }
    t->n = kept;
    free(map);
    return rc;
}

/* c touches the file (or is a root, a cut, or a merge of different contents). */
static enum rc at_commit(struct blame *b, const struct trail *t, uint32_t c, const struct text *now,
                         struct err *e)
{
    struct trail rest = {.commit = c, .path = t->path};
    uint32_t first = parent_of(b, c, 0);
    const struct text *old = NULL;
    size_t old_path = t->path;
    enum rc rc = RC_OK;
    if (graph_is_cut(b->h->graph, c))
        trail_open(b, t);
    for (size_t i = 0; i < t->n; i++)
        spot_add(&rest, t->spots[i]);
    uint32_t p;
    bool merge = parent_of(b, c, 1) != GRAPH_NONE;
    for (size_t i = 0; merge && rc == RC_OK && (p = parent_of(b, c, i)) != GRAPH_NONE; i++) {
        rc = file_at(b, p, t->path, &old, e);
        if (rc == RC_OK && old)
            rc = hand_over(b, &rest, now, p, old, e);
    }
    if (rc == RC_OK)
        rc = file_at(b, first, t->path, &old, e);
    if (rc == RC_OK && old == NULL)
        rc = find_source(b, c, first, t->path, now, &old_path, &old, e);
    if (rc == RC_OK && rest.n > 0)
        rc = divide(b, &rest, c, now, first, old_path, old, e);
    free(rest.spots);
    return rc;
}

/* How many of the spots are still in the older text; their places there go into lines. */
static enum rc still_there(const struct trail *t, const struct text *now, const struct text *old,
                           int64_t *lines, size_t *ret_n, struct err *e)
{
    int32_t *map = mem_alloc((now->n + 1) * sizeof *map);
    enum rc rc = text_match(old, now, map, e);
    *ret_n = 0;
    for (size_t i = 0; i < t->n && rc == RC_OK; i++) {
        lines[i] = t->spots[i].line < now->n ? map[t->spots[i].line] : -1;
        *ret_n += lines[i] >= 0;
    }
    free(map);
    return rc;
}

/* The next commits that touch the file behind c, up to `most`, while the walk is simple. */
static enum rc walk(struct blame *b, uint32_t c, size_t path, uint32_t *ret, size_t most,
                    size_t *ret_n, struct err *e)
{
    *ret_n = 0;
    while (*ret_n < most) {
        uint32_t p = parent_of(b, c, 0);
        if (b->t->row[c] == TABLE_NONE || p == GRAPH_NONE || graph_is_cut(b->h->graph, c))
            break;
        TRY(settle(b, p, path, &c, e));
        ret[(*ret_n)++] = c;
    }
    return RC_OK;
}

/*
 * The lines stand in the file at way[lo] (text now).  Finds for each how far it goes back: where it
 * is not in way[hi] any more, the commit between them brought it.
 */
static enum rc halve(struct blame *b, const struct trail *t, const uint32_t *way, size_t lo,
                     size_t hi, struct err *e)
{
    const struct text *now, *old;
    TRY(file_at(b, way[lo], t->path, &now, e));
    if (now == NULL) {
        trail_open(b, t);
        return RC_OK;
    }
    if (hi == lo + 1)
        return at_commit(b, t, way[lo], now, e);
    size_t mid = (lo + hi) / 2, n = 0;
    TRY(file_at(b, way[mid], t->path, &old, e));
    int64_t *lines = mem_alloc((t->n + 1) * sizeof *lines);
    enum rc rc = RC_OK;
    if (old)
        rc = still_there(t, now, old, lines, &n, e);
    struct trail far = {.commit = way[mid], .path = t->path}, near = {.path = t->path};
    for (size_t i = 0; i < t->n && rc == RC_OK; i++) {
        bool there = n > 0 && lines[i] >= 0;
        spot_add(there ? &far : &near,
                 (struct spot){there ? (uint32_t)lines[i] : t->spots[i].line, t->spots[i].chain});
    }
    if (rc == RC_OK && far.n > 0)
        rc = halve(b, &far, way, mid, hi, e);
    if (rc == RC_OK && near.n > 0)
        rc = halve(b, &near, way, lo, mid, e);
    free(lines);
    free(far.spots);
    free(near.spots);
    return rc;
}

static enum rc follow(struct blame *b, const struct trail *t, struct err *e)
{
    uint32_t way[JUMP_MAX + 1], c;
    const struct text *now, *old;
    TRY(settle(b, t->commit, t->path, &c, e));
    TRY(file_at(b, c, t->path, &now, e));
    if (now == NULL || textpool_reads(b->texts) - b->reads_before > BLAME_READS_MAX) {
        trail_open(b, t);
        return RC_OK;
    }
    way[0] = c;
    size_t n = 0, jump = 1, all = 0;
    int64_t *lines = mem_alloc((t->n + 1) * sizeof *lines);
    enum rc rc = RC_OK;
    struct trail at = {.path = t->path}; /* the lines as they are in way[n] */
    for (size_t i = 0; i < t->n; i++)
        spot_add(&at, t->spots[i]);
    for (; jump <= JUMP_MAX / 2 && rc == RC_OK; jump *= 2) {
        size_t got = 0;
        if (n + jump > JUMP_MAX)
            break;
        rc = walk(b, way[n], t->path, way + n + 1, jump, &got, e);
        if (rc != RC_OK || got == 0)
            break;
        rc = file_at(b, way[n + got], t->path, &old, e);
        if (rc == RC_OK && old)
            rc = still_there(&at, now, old, lines, &all, e);
        if (rc != RC_OK || old == NULL || all < at.n) {
            rc = rc == RC_OK ? halve(b, &at, way + n, 0, got, e) : rc;
            at.n = 0;
            break;
        }
        for (size_t i = 0; i < at.n; i++)
            at.spots[i].line = (uint32_t)lines[i];
        n += got;
        now = old;
    }
    if (rc == RC_OK && at.n > 0 && n == 0)
        rc = at_commit(b, &at, way[0], now, e);
    else if (rc == RC_OK)
        for (size_t i = 0; i < at.n; i++)
            trail_add(b, way[n], t->path, at.spots[i]);
    free(lines);
    free(at.spots);
    return rc;
}

static enum rc follow_all(struct blame *b, struct err *e)
{
    while (b->n > 0) {
        struct trail t = trail_take(b);
        enum rc rc = follow(b, &t, e);
        free(t.spots);
        TRY(rc);
        textpool_trim(b->texts);
    }
    return RC_OK;
}

enum rc blame_trace(struct history *h, const struct table *t, struct textpool *texts,
                    const struct blame_ask *ask, size_t n, struct arena *a, struct blame_chain *ret,
                    struct err *e)
{
    struct blame *b = mem_alloc(sizeof *b);
    *b = (struct blame){.h = h, .t = t, .texts = texts, .a = a, .ask = ask, .chains = ret};
    b->reads_before = textpool_reads(texts);
    memset(ret, 0, n * sizeof *ret);
    for (size_t i = 0; i < n; i++) {
        size_t f = file_of(b, ask[i].path);
        if (f == SIZE_MAX || ask[i].line == 0 || ask[i].commit == GRAPH_NONE)
            ret[i].open = true;
        else
            trail_add(b, ask[i].commit, f, (struct spot){ask[i].line - 1, (uint32_t)i});
    }
    enum rc rc = follow_all(b, e);
    for (size_t i = 0; i < b->n; i++)
        free(b->trails[i].spots);
    free(b->trails);
    free(b);
    TRY(rc);
    return arena_ok(a, "the lines' history", e);
}
