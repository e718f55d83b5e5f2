/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A repository opened for questions about its releases.  Runs in the engine child and in commands;
 * everything in the repository is a stranger's.
 */
#include "engine/affected/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/when.h"
#include "engine/affected/order.h"
#include "git/revision.h"
#include "engine/affected/table.h"

#define TAG_OBJECT_MAX (1u << 20)
#define PEEL_MAX       10 /* tags of tags */
#define NOTE_MAX       4000

struct history_inside {
    uint64_t *rows;       /* of all commits, NULL: not made */
    const uint64_t **row; /* one at a time, by commit */
    struct order order;
    uint32_t *by_name;
};

void history_close(struct history *h)
{
    if (h == NULL)
        return;
    if (h->in) {
        free(h->in->rows);
        free(h->in->row);
        free(h->in);
    }
    table_close(h->table);
    graph_close(h->graph);
    objects_close(h->objects);
    git_close(h->git);
    arena_free(h->a);
    free(h);
}

void history_auto(struct history **h)
{
    history_close(*h);
}

void history_progress(const struct history *h, const char *what, size_t done, size_t all)
{
    if (h->options.progress)
        h->options.progress(h->options.progress_arg, what, done, all);
}

/* ---- Tags ---- */

static void read_tagger(struct str body, struct release *r)
{
    struct str tagger;
    if (object_header(body, "tagger", 0, &tagger))
        r->at_us = object_date_s(tagger) * US_PER_S;
}

/* The commit behind an id; a tag's own date on the way.  False: not a commit, left out. */
static bool peel(struct history *h, struct str id, struct release *r)
{
    char hex[GIT_OID_HEX + 1];
    struct object o;
    struct str target;
    struct err e = ERR_INIT;
    snprintf(hex, sizeof hex, "%.*s", STR_ARG(id));
    for (int depth = 0; depth < PEEL_MAX; depth++) {
        r->commit = graph_find_hex(h->graph, str_c(hex));
        if (r->commit != GRAPH_NONE)
            return true;
        enum rc rc = objects_read(h->objects, str_c(hex), TAG_OBJECT_MAX, &o, &e);
        if (rc != RC_OK) {
            r->trouble = arena_strf(h->a, "object %s is missing or damaged", hex);
            return true;
        }
        if (o.type != OBJECT_TAG || !object_header(o.body, "object", 0, &target) ||
            !git_oid_ok(target))
            return false;
        if (depth == 0)
            read_tagger(o.body, r);
        r->annotated = true;
        snprintf(hex, sizeof hex, "%.*s", STR_ARG(target));
    }
    return false;
}

static enum rc read_tag(struct history *h, struct str id, struct str name, struct release *tags,
                        struct err *e)
{
    struct release r = {.commit = GRAPH_NONE, .trouble = STR_NONE};
    if (!git_ref_ok(name) || !utf8_is_clean(name) || !peel(h, id, &r)) {
        h->n_left_out++;
        return RC_OK;
    }
    if (h->n_tags == HISTORY_TAGS_MAX)
        return err_set(e, RC_LIMIT, "the repository has more than %d tags", HISTORY_TAGS_MAX);
    r.name = arena_str(h->a, name);
    r.commit_us = r.commit == GRAPH_NONE ? 0 : graph_date_s(h->graph, r.commit) * US_PER_S;
    if (r.at_us == 0)
        r.at_us = r.commit_us;
    tags[h->n_tags++] = r;
    return RC_OK;
}

static int by_name(const void *a, const void *b, void *tags)
{
    const struct release *r = tags;
    return str_cmp(r[*(const uint32_t *)a].name, r[*(const uint32_t *)b].name);
}

/* Index for history_tag, and the set of those that count. */
static enum rc index_tags(struct history *h, struct release *tags, struct err *e)
{
    h->counts = tagset_new(h->a, h->n_tags);
    h->in->by_name = arena_array(h->a, h->n_tags + 1, sizeof *h->in->by_name);
    TRY(arena_ok(h->a, "the list of tags", e));
    for (size_t i = 0; i < h->n_tags; i++) {
        h->in->by_name[i] = (uint32_t)i;
        if (tags[i].counts)
            tagset_set(&h->counts, i);
    }
    qsort_r(h->in->by_name, h->n_tags, sizeof *h->in->by_name, by_name, tags);
    return RC_OK;
}

static enum rc read_tags(struct history *h, struct err *e)
{
    size_t lines = 0;
    struct str rest = h->graph->tips, line, id;
    for (size_t i = 0; i < rest.n; i++)
        lines += rest.p[i] == '\n';
    struct release *tags = arena_array(h->a, lines + 1, sizeof *tags);
    TRY(arena_ok(h->a, "the list of tags", e));
    while (str_line(&rest, &line))
        if (str_cut(&line, ' ', &id) && str_starts(line, STR("refs/tags/")))
            TRY(read_tag(h, id, str_sub(line, 10, line.n), tags, e));
    TRY(order_tags(tags, h->n_tags, h->options.pattern, h->a, &h->in->order, e));
    h->tags = tags;
    h->order = &h->in->order;
    return index_tags(h, tags, e);
}

static void write_note(struct history *h)
{
    AUTO(buf) struct buf b = BUF_INIT(NOTE_MAX);
    if (h->graph->note[0])
        buf_addf(&b, "%s\n", h->graph->note);
    if (h->n_left_out)
        buf_addf(&b, "%zu tags are of no commit, or have names that are not clean: left out\n",
                 h->n_left_out);
    if (h->graph->shallow)
        buf_adds(&b, "the clone is shallow: what is behind its ends is not known\n");
    else if (h->graph->n_cut)
        buf_addf(&b, "%zu commits have parents that are missing here\n", h->graph->n_cut);
    h->note = arena_str(h->a, buf_str(&b));
}

/* ---- Opening ---- */

enum rc history_open(const char *repo, const struct history_options *o, struct history **ret_h,
                     struct err *e)
{
    AUTO(history) struct history *h = mem_zalloc(sizeof *h);
    h->in = mem_zalloc(sizeof *h->in);
    h->a = arena_new(HISTORY_MEMORY);
    h->options = *o;
    h->note = STR_NONE;
    TRY(git_open(repo, o->scratch, &h->git, e));
    TRY(git_own_objects_make(h->git, e));
    if (o->cache)
        TRY(git_cache_make(h->git, o->cache, h->a, &h->cache, e));
    TRY(objects_open(h->git, &h->objects, e));
    history_progress(h, "reading the history", 0, 0);
    TRY(graph_open(h->git, h->objects, h->cache, &h->graph, e));
    TRY(read_tags(h, e));
    write_note(h);
    TRY(arena_ok(h->a, "the history", e));
    *ret_h = TAKE(h);
    return RC_OK;
}

/* ---- Reach ---- */

/* Children come after their parents, so from the last commit down each row is complete when it is
 * added to the parents'. */
static uint64_t *all_rows(const struct history *h)
{
    const struct graph *g = h->graph;
    size_t words = tagset_words(h->n_tags);
    uint64_t *rows = mem_zalloc((g->n * words + 1) * sizeof *rows);
    for (size_t t = 0; t < h->n_tags; t++)
        if (h->tags[t].commit != GRAPH_NONE)
            rows[h->tags[t].commit * words + t / 64] |= UINT64_C(1) << (t % 64);
    for (uint32_t c = g->n; c-- > 0;) {
        const uint64_t *from = rows + c * words;
        for (uint32_t k = g->parent_at[c]; k < g->parent_at[c + 1]; k++) {
            uint64_t *to = rows + g->parent[k] * words;
            for (size_t w = 0; w < words; w++)
                to[w] |= from[w];
        }
    }
    return rows;
}

/* Which commits have c among their ancestors, or are it: one flag each from c on. */
static bool *descendants(const struct graph *g, uint32_t c)
{
    bool *in = mem_zalloc(g->n - c);
    in[0] = true;
    for (uint32_t d = c + 1; d < g->n; d++)
        for (uint32_t k = g->parent_at[d]; !in[d - c] && k < g->parent_at[d + 1]; k++)
            in[d - c] = g->parent[k] >= c && in[g->parent[k] - c];
    return in;
}

static const uint64_t *one_row(struct history *h, uint32_t c)
{
    if (h->in->row == NULL)
        h->in->row = mem_zalloc((h->graph->n + 1) * sizeof(const uint64_t *));
    if (h->in->row[c])
        return h->in->row[c];
    struct tagset s = tagset_new(h->a, h->n_tags);
    AUTO(mem) bool *in = descendants(h->graph, c);
    for (size_t t = 0; t < s.n; t++)
        if (h->tags[t].commit != GRAPH_NONE && h->tags[t].commit >= c && in[h->tags[t].commit - c])
            tagset_set(&s, t);
    BUG_ON(s.w == NULL);
    return h->in->row[c] = s.w;
}

const uint64_t *history_reach(struct history *h, uint32_t commit)
{
    size_t words = tagset_words(h->n_tags);
    uint64_t max = h->options.reach_max ? h->options.reach_max : HISTORY_REACH_MAX;
    BUG_ON(commit >= h->graph->n);
    if (h->in->rows == NULL && (uint64_t)h->graph->n * words * 8 <= max)
        h->in->rows = all_rows(h);
    return h->in->rows ? h->in->rows + commit * words : one_row(h, commit);
}

void history_hidden(struct history *h, uint32_t commit, struct tagset *s)
{
    const struct graph *g = h->graph;
    for (size_t t = 0; t < h->n_tags; t++)
        if (h->tags[t].commit == GRAPH_NONE)
            tagset_set(s, t);
    if (g->n_cut == 0)
        return;
    /* Behind the end at x lies nothing that itself descends from x. */
    AUTO(mem) bool *above = mem_zalloc((size_t)g->n + 1);
    if (commit != GRAPH_NONE)
        above[commit] = true;
    for (uint32_t c = commit == GRAPH_NONE ? 0 : commit + 1; c-- > 0;)
        for (uint32_t k = g->parent_at[c]; above[c] && k < g->parent_at[c + 1]; k++)
            above[g->parent[k]] = true;
    struct tagset hidden = tagset_new(h->a, h->n_tags);
    for (size_t i = 0; i < g->n_cut; i++)
        if (!above[g->cut[i]])
            tagset_or_words(&hidden, history_reach(h, g->cut[i]));
    if (commit != GRAPH_NONE)
        tagset_andnot_words(&hidden, history_reach(h, commit));
    tagset_or(s, &hidden);
}

struct str history_missing(struct history *h, size_t tag)
{
    const struct graph *g = h->graph;
    char cut[GIT_OID_HEX + 1], lost[GIT_OID_HEX + 1];
    if (h->tags[tag].trouble.n)
        return h->tags[tag].trouble;
    for (size_t i = 0; i < g->n_cut; i++) {
        uint32_t c = g->cut[i];
        if (!(history_reach(h, c)[tag / 64] >> (tag % 64) & 1))
            continue;
        graph_hex(g, c, cut);
        if (graph_lost_parent(g, c, lost))
            return arena_strf(h->a, "commit %s, a parent of %s, is missing", lost, cut);
        return arena_strf(h->a, "the clone is shallow, its history ends at commit %s", cut);
    }
    return STR_NONE;
}

/* ---- Revisions ---- */

enum rc history_revision(struct history *h, struct str text, struct revision *ret_r, struct err *e)
{
    struct revision r = {.text = arena_str(h->a, text), .commit = GRAPH_NONE};
    bool full = git_oid_ok(text) && text.n == 2 * h->graph->hash_len;
    r.commit = full ? graph_find_hex(h->graph, text) : GRAPH_NONE;
    if (r.commit != GRAPH_NONE) {
        memcpy(r.hex, text.p, text.n);
        *ret_r = r;
        return RC_OK;
    }
    enum rc rc = git_revision(h->objects, text, r.hex, e);
    if (rc == RC_OK)
        r.commit = graph_find_hex(h->graph, str_c(r.hex));
    if (rc == RC_NOTFOUND && full && h->graph->n_cut > 0) {
        /* It may lie behind an end of the history: what is behind there is unknown, no error. */
        memcpy(r.hex, text.p, text.n);
        rc = RC_OK;
    }
    if (rc == RC_NOTFOUND && (h->graph->shallow || h->graph->n_cut))
        return err_set(e, RC_NOTFOUND, "revision %.*s is not in this repository, which %s",
                       STR_ARG(text), h->graph->shallow ? "is a shallow clone" : "lacks commits");
    TRY(rc);
    *ret_r = r;
    return RC_OK;
}

size_t history_tag(const struct history *h, struct str name)
{
    size_t lo = 0, hi = h->n_tags;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = str_cmp(name, h->tags[h->in->by_name[mid]].name);
        if (c == 0)
            return h->in->by_name[mid];
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return h->n_tags;
}
