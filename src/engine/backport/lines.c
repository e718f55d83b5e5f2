/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The branches and release series of a repository.
 * Runs in the engine child.
 * Input: a stranger's repository; names that are not clean text do not leave.
 */
#include "engine/backport/lines.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "engine/affected/order.h"
#include "git/git.h"

#define PATTERN_MAX 1000

struct reading {
    struct arena *a;
    struct git_ref *tags;
    struct release *v;
    size_t n, left_out;
    struct order order;
};

static bool clean(struct str s)
{
    return s.n > 0 && utf8_is_clean(s) && str_chr(s, '\n') == STR_NPOS;
}

static json_t *named(const char *key, struct str name, const struct git_ref *r)
{
    json_t *o = json_object();
    json_put_str(o, key, name);
    json_put_str(o, "commit", r->commit);
    return o;
}

static enum rc branches(struct git *g, struct reading *k, json_t *out, struct err *e)
{
    struct git_ref *r;
    size_t n;
    json_t *list = json_array();
    json_object_set_new(out, "branches", list);
    TRY(git_branches(g, k->a, &r, &n, e));
    for (size_t i = n; i-- > 0;) { /* newest first */
        if (!clean(r[i].name) || json_array_size(list) == LINES_BRANCHES_MAX) {
            k->left_out++;
            continue;
        }
        json_t *o = named("name", r[i].name, &r[i]);
        json_put_time(o, "at", r[i].commit_us);
        json_array_append_new(list, o);
    }
    return RC_OK;
}

static enum rc order(struct git *g, struct reading *k, const char *pattern, struct err *e)
{
    size_t left;
    TRY(git_tags(g, k->a, &k->tags, &k->n, &left, e));
    k->left_out += left;
    k->v = arena_array(k->a, k->n + 1, sizeof *k->v);
    TRY(arena_ok(k->a, "the list of tags", e));
    for (size_t i = 0; i < k->n; i++)
        k->v[i] = (struct release){.name = k->tags[i].name,
                                   .commit = (uint32_t)i,
                                   .at_us = k->tags[i].made_us,
                                   .commit_us = k->tags[i].commit_us,
                                   .annotated = k->tags[i].annotated,
                                   .trouble = STR_NONE};
    return order_tags(k->v, k->n, pattern, k->a, &k->order, e);
}

static void releases(struct reading *k, json_t *out)
{
    json_t *list = json_array();
    json_object_set_new(out, "releases", list);
    for (size_t i = 0; i < k->n; i++) {
        if (!k->v[i].counts)
            continue;
        if (!clean(k->v[i].name) || json_array_size(list) == LINES_RELEASES_MAX) {
            k->left_out++;
            continue;
        }
        json_array_append_new(list, named("name", k->v[i].name, &k->tags[k->v[i].commit]));
    }
}

static void literal(struct buf *b, const struct tag_item *it, int32_t value)
{
    switch (it->kind) {
    case TAG_YEAR:
        buf_addf(b, "%04d", (int)value);
        return;
    case TAG_MONTH:
    case TAG_DAY:
        buf_addf(b, "%02d", (int)value);
        return;
    default:
        buf_addf(b, "%d", (int)value);
    }
}

/* The pattern of the project with the first values as they are in that series.  A part that may be
 * missing, or a letter, is not one of them: false. */
static bool series_pattern(const struct tag_pattern *p, const struct series *s, struct buf *b)
{
    static const char *const words[] = {[TAG_YEAR] = "{YYYY}",
                                        [TAG_MONTH] = "{MM}",
                                        [TAG_DAY] = "{DD}",
                                        [TAG_NUM] = "{N}",
                                        [TAG_LETTER] = "{a}"};
    unsigned char group = 0;
    uint32_t value = 0;
    for (size_t i = 0; i < p->n_items; i++) {
        const struct tag_item *it = &p->items[i];
        if (it->group != group) {
            buf_adds(b, group ? "]" : "");
            buf_adds(b, it->group ? "[" : "");
            group = it->group;
        }
        if (it->kind == TAG_LIT) {
            buf_add(b, str_of(p->text + it->at, it->len));
        } else if (value++ < s->depth) {
            if (it->group || it->kind == TAG_LETTER || s->key[value - 1] < 0)
                return false;
            literal(b, it, s->key[value - 1]);
        } else {
            buf_adds(b, words[it->kind]);
        }
    }
    buf_adds(b, group ? "]" : "");
    return !b->over;
}

static void put_series(struct reading *k, const struct series *s, json_t *list)
{
    AUTO(buf) struct buf pattern = BUF_INIT(TAG_PATTERN_MAX);
    const struct release *newest = NULL;
    int64_t n = 0;
    for (size_t i = s->first; i < s->first + s->n; i++) {
        if (!k->v[i].counts || !clean(k->v[i].name))
            continue;
        newest = &k->v[i];
        n++;
    }
    if (newest == NULL || !series_pattern(&k->order.schemes[newest->scheme], s, &pattern))
        return;
    json_t *o = named("newest", newest->name, &k->tags[newest->commit]);
    json_put_str(o, "name", s->name);
    json_put_str(o, "pattern", buf_str(&pattern));
    json_put_time(o, "at", newest->at_us);
    json_put_int(o, "releases", n);
    json_array_append_new(list, o);
}

enum rc engine_lines(const struct engine_job *j, json_t **ret_answer, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(LINES_MEMORY);
    AUTO(git) struct git *g = NULL;
    AUTO(json) json_t *out = json_object();
    struct reading k = {.a = a};
    struct str pattern;
    json_t *list = json_array();
    json_object_set_new(out, "series", list);
    if (j->mirror == NULL)
        return err_set(e, RC_INVALID, "no repository is configured (project.repository)");
    TRY(json_get_str(j->args, "pattern", PATTERN_MAX, &pattern, e));
    json_object_set(out, "nth", json_object_get(j->args, "nth"));
    TRY(git_open(j->mirror, j->scratch, &g, e));
    TRY(branches(g, &k, out, e));
    TRY(order(g, &k, pattern.n ? arena_str(a, pattern).p : NULL, e));
    releases(&k, out);
    for (size_t i = k.order.n_series; i-- > 0;)
        put_series(&k, &k.order.series[i], list);
    json_put_int(out, "left_out", (int64_t)k.left_out);
    TRY(arena_ok(a, "the lines of a repository", e));
    *ret_answer = TAKE(out);
    return RC_OK;
}
