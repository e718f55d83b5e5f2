/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what is known of a flaw: from JSON, from the diff of a commit, from lines of a file.  Runs
 * in the engine child and in commands; commits and files are a stranger's, the JSON a person's.
 */
#include "engine/audit/hunks.h"

#include <string.h>

#include "engine/affected/change.h"
#include "git/name.h"

#define FILE_MAX (16u << 20)

/* ---- A list that grows in the arena ---- */

/* A hunk with room for its lines; NULL: a limit, the hunk is counted as left out. */
static struct hunk *more(struct hunks *hs, size_t n_lines, struct arena *a, struct hunk_line **ret)
{
    if (hs->v == NULL)
        hs->v = arena_array(a, HUNKS_MAX, sizeof *hs->v);
    struct hunk_line *lines = arena_array(a, n_lines + 1, sizeof *lines);
    if (hs->v == NULL || lines == NULL || hs->n == HUNKS_MAX || n_lines > HUNK_LINES_MAX ||
        hs->n_lines + n_lines > HUNKS_LINES_MAX) {
        hs->left_out++;
        return NULL;
    }
    hs->n_lines += n_lines;
    struct hunk *h = &hs->v[hs->n++];
    *h = (struct hunk){.path = STR_NONE, .fix = STR_NONE, .lines = lines, .n = n_lines};
    *ret = lines;
    return h;
}

static struct str keep_line(struct str text, struct arena *a)
{
    return arena_str(a, str_sub(text, 0, text.n < HUNK_LINE_MAX ? text.n : HUNK_LINE_MAX));
}

/* ---- From JSON ---- */

static enum rc read_hunk(const json_t *j, struct arena *a, struct hunks *hs, struct err *e)
{
    struct str path;
    int64_t start;
    json_t *list, *v;
    size_t i;
    struct hunk_line *lines;
    TRY(json_get_str(j, "path", GIT_PATH_MAX, &path, e));
    TRY(json_get_int(j, "old_start", 0, HUNK_NUMBER_MAX, &start, e));
    TRY(json_get_array(j, "lines", HUNK_LINES_MAX, &list, e));
    struct hunk *h = more(hs, json_array_size(list), a, &lines);
    if (h == NULL)
        return RC_OK;
    h->path = arena_str(a, path);
    h->old_start = (uint32_t)start;
    json_array_foreach(list, i, v)
    {
        struct str s = str_of(json_string_value(v), json_string_length(v));
        if (!json_is_string(v) || s.n == 0 || strchr(" -+", s.p[0]) == NULL)
            return err_set(e, RC_INVALID, "line %zu of a hunk starts with none of ' ', '-', '+'",
                           i + 1);
        lines[i] = (struct hunk_line){s.p[0], keep_line(str_sub(s, 1, s.n), a)};
    }
    return RC_OK;
}

enum rc hunks_of_seed(struct objects *o, struct str at, const json_t *seed, struct arena *a,
                      struct hunks *hs, struct err *e)
{
    struct str path;
    int64_t start, end;
    json_t *list = json_object_get(seed, "hunks"), *v;
    size_t i, before = hs->n;
    TRY(json_get_str(seed, "path", GIT_PATH_MAX, &path, e));
    TRY(json_get_int(seed, "start", 0, HUNK_NUMBER_MAX, &start, e));
    TRY(json_get_int(seed, "end", 0, HUNK_NUMBER_MAX, &end, e));
    if (list && !json_is_null(list)) {
        TRY(json_get_array(seed, "hunks", HUNKS_MAX, &list, e));
        json_array_foreach(list, i, v) TRY(read_hunk(v, a, hs, e));
    }
    if (hs->n > before)
        return arena_ok(a, "the seed", e);
    start = start > 0 ? start : 1;
    struct place r = {path, (uint32_t)start, (uint32_t)(end > start ? end : start)};
    return hunks_of_region(o, at, &r, a, hs, e);
}

/* ---- From a file ---- */

enum rc hunks_of_region(struct objects *o, struct str at, const struct place *r, struct arena *a,
                        struct hunks *hs, struct err *e)
{
    struct object file;
    struct str rest, line;
    struct hunk_line *lines;
    uint32_t from = r->from > HUNKS_CONTEXT ? r->from - HUNKS_CONTEXT : 1;
    uint32_t to = r->to + HUNKS_CONTEXT, number = 0;
    if (r->to - r->from >= HUNKS_REGION_MAX)
        return err_set(e, RC_LIMIT, "a region of more than %d lines", HUNKS_REGION_MAX);
    TRY(objects_file(o, at, r->path, FILE_MAX, &file, e));
    struct hunk *h = more(hs, to - from + 1, a, &lines);
    if (h == NULL)
        return err_set(e, RC_LIMIT, "more than %d regions, or too many lines in them", HUNKS_MAX);
    h->path = arena_str(a, r->path);
    h->old_start = from;
    h->mark_from = r->from;
    h->mark_to = r->to;
    h->n = 0;
    rest = file.body;
    while (number < to && str_line(&rest, &line))
        if (++number >= from)
            lines[h->n++] = (struct hunk_line){' ', keep_line(line, a)};
    if (number < r->from)
        return err_set(e, RC_INVALID, "%.*s has %u lines only", STR_ARG(r->path), number);
    h->mark_to = h->mark_to < number ? h->mark_to : number;
    return arena_ok(a, "the region", e);
}

/* ---- From commits ---- */

struct taking {
    const struct place *only;
    size_t n_only;
    struct arena *a;
    struct hunks *hs;
    const struct str *ids;
    size_t n;
    bool seen[HUNKS_REVS]; /* git says nothing at all of a commit that is not there */
};

/* Does the hunk touch one of the wanted regions of the fixed file? */
static bool wanted(const struct taking *k, struct str path, const struct diff_hunk *h)
{
    for (size_t i = 0; i < k->n_only; i++) {
        const struct place *r = &k->only[i];
        uint32_t line = h->new_start;
        if (!str_eq(r->path, path))
            continue;
        for (size_t l = 0; l < h->n; l++) {
            if (h->lines[l].sign != ' ' && line >= r->from && line <= r->to + 1)
                return true;
            line += h->lines[l].sign != '-';
        }
    }
    return k->n_only == 0;
}

static void take_file(const struct taking *k, struct str fix, const struct diff_file *f)
{
    struct str path = f->old_path.n ? f->old_path : f->new_path;
    for (size_t i = 0; i < f->n; i++) {
        const struct diff_hunk *d = &f->hunks[i];
        struct hunk_line *lines;
        if (!wanted(k, diff_file_path(f), d))
            continue;
        struct hunk *h = more(k->hs, d->n, k->a, &lines);
        if (h == NULL)
            continue;
        h->path = arena_str(k->a, path);
        h->fix = fix;
        h->old_start = d->old_start;
        h->new_start = d->new_start;
        for (size_t l = 0; l < d->n; l++)
            lines[l] = (struct hunk_line){d->lines[l].sign, keep_line(d->lines[l].text, k->a)};
    }
}

/* What a new file brings is no flaw that was mended, unless the fix is nothing else. */
static bool counts(const struct diff_file *f, int pass)
{
    return !f->binary && (pass > 0 || f->old_path.n) &&
           (pass > 1 || path_is_code(diff_file_path(f)));
}

static enum rc take_commit(void *ctx, const struct diff_commit *c, struct err *e)
{
    struct taking *k = ctx;
    struct str fix = arena_str(k->a, c->id);
    size_t before = k->hs->n + k->hs->left_out;
    for (int pass = 0; pass < 3 && k->hs->n + k->hs->left_out == before; pass++)
        for (size_t i = 0; i < c->n; i++)
            if (counts(&c->files[i], pass))
                take_file(k, fix, &c->files[i]);
    for (size_t i = 0; i < k->n; i++)
        k->seen[i] = k->seen[i] || str_eq(k->ids[i], c->id);
    return arena_ok(k->a, "the fix", e);
}

enum rc hunks_of_commits(struct git *g, const struct str *ids, size_t n, const struct place *only,
                         size_t n_only, struct arena *a, struct hunks *hs, struct err *e)
{
    bool missing[HUNKS_REVS] = {false};
    size_t before = hs->n, left_out = hs->left_out;
    struct taking k = {only, n_only, a, hs, ids, n, {false}};
    if (n > HUNKS_REVS)
        return err_set(e, RC_LIMIT, "more than %d commits of the fix", HUNKS_REVS);
    struct difflog_ask ask = {.ids = ids, .n = n, .patch = true, .context = HUNKS_CONTEXT};
    TRY(difflog_run(g, &ask, take_commit, &k, missing, e));
    for (size_t i = 0; i < n; i++)
        if (missing[i] || !k.seen[i])
            return err_set(e, RC_NOTFOUND, "what %.12s changed is not all in this repository",
                           ids[i].p);
    if (hs->n == before && hs->left_out > left_out)
        return err_set(e, RC_LIMIT,
                       "the fix changes too much at once: more than %d lines in one place, or %d "
                       "in all",
                       HUNK_LINES_MAX, HUNKS_LINES_MAX);
    if (hs->n == before)
        return err_set(e, RC_NOTFOUND,
                       n_only ? "no hunk of the fix touches the lines that were named"
                              : "the fix changes no text");
    return RC_OK;
}
