/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tags hold the fix: by the history, by copies on other branches, by content.  Runs in the
 * engine child and in commands; commits and files are a stranger's.
 */
#include "engine/affected/fixes.h"

#include <string.h>

#include "engine/affected/present.h"

/* Something that brings a group's fix into the tags that hold it. */
struct member {
    uint32_t commit, of;
    const char *rule;
    struct str why;
    double weight;
};

struct work {
    struct history *h;
    const struct question *q;
    struct arena *a;
    const struct table *t;
    struct fix_commit *f; /* the given ones, then their sources */
    size_t n, f_max;
    size_t *source_of; /* of commit i: of which given one; SIZE_MAX: given itself */
    struct equiv_found found;
    struct fixes out;
    struct tagset unreadable; /* tags with a commit that may be a copy and cannot be read */
};

static struct tagset reach_of(struct history *h, uint32_t commit)
{
    return (struct tagset){.w = (uint64_t *)(uintptr_t)history_reach(h, commit), .n = h->n_tags};
}

/* ---- The commits of the question ---- */

static size_t count_revs(const struct question *q)
{
    size_t n = 0;
    for (size_t i = 0; i < q->n_groups; i++)
        n += q->groups[i].n;
    return n;
}

/* Tags that hold a commit of each group anyway. */
static struct tagset known_tags(struct work *w)
{
    struct tagset known = tagset_all(w->a, w->h->n_tags);
    for (size_t i = 0; i < w->q->n_groups; i++) {
        const struct fix_group *g = &w->q->groups[i];
        struct tagset one = tagset_new(w->a, w->h->n_tags);
        for (size_t k = 0; one.w && k < g->n; k++)
            if (g->revs[k].commit != GRAPH_NONE)
                tagset_or_words(&one, history_reach(w->h, g->revs[k].commit));
        if (one.w && known.w)
            tagset_and(&known, &one);
    }
    return known;
}

static bool have_fix(const struct work *w, const unsigned char *id)
{
    for (size_t i = 0; i < w->n; i++)
        if (memcmp(w->f[i].id, id, w->h->graph->hash_len) == 0)
            return true;
    return false;
}

/* The commit that a given one says it is a copy of: its copies are looked for as well. */
static enum rc add_source(struct work *w, size_t i, struct err *e)
{
    const struct named *only = NULL;
    const struct message *m = &w->f[i].said;
    for (size_t k = 0; k < m->n; k++) {
        if (m->named[k].kind == NAMED_COPY && only)
            return RC_OK; /* several: it is a sum, or was picked from copy to copy */
        if (m->named[k].kind == NAMED_COPY)
            only = &m->named[k];
    }
    for (uint32_t c = 0; only && c < w->h->graph->n; c++) {
        const unsigned char *id = graph_id(w->h->graph, c);
        if (!named_is(only, id) || have_fix(w, id) || w->n == w->f_max)
            continue;
        struct revision *r = arena_alloc(w->a, sizeof *r);
        const struct revision *revs[1] = {r};
        struct fix_commit *f;
        size_t n;
        TRY(arena_ok(w->a, "the commits of the fix", e));
        r->commit = c;
        r->text = graph_hex(w->h->graph, c, r->hex);
        TRY(fix_commits_read(w->h, revs, 1, w->a, &f, &n, e));
        w->source_of[w->n] = i;
        w->f[w->n++] = f[0];
        return RC_OK;
    }
    return RC_OK;
}

static enum rc read_given(struct work *w, struct err *e)
{
    size_t n = 0;
    const struct revision **revs = arena_array(w->a, count_revs(w->q) + 1, sizeof *revs);
    TRY(arena_ok(w->a, "the commits of the fix", e));
    for (size_t i = 0; i < w->q->n_groups; i++)
        for (size_t k = 0; k < w->q->groups[i].n; k++)
            revs[n++] = &w->q->groups[i].revs[k];
    struct fix_commit *f;
    TRY(fix_commits_read(w->h, revs, n, w->a, &f, &n, e));
    w->f_max = EQUIV_FIXES_MAX;
    w->f = arena_array(w->a, w->f_max, sizeof *w->f);
    w->source_of = arena_array(w->a, w->f_max, sizeof *w->source_of);
    TRY(arena_ok(w->a, "the commits of the fix", e));
    memcpy(w->f, f, n * sizeof *f);
    w->n = n;
    for (size_t i = 0; i < w->f_max; i++)
        w->source_of[i] = SIZE_MAX;
    for (size_t i = 0; i < w->n; i++)
        TRY(add_source(w, i, e));
    return RC_OK;
}

static enum rc find_copies(struct work *w, struct err *e)
{
    struct tagset known = known_tags(w);
    TRY(arena_ok(w->a, "the commits of the fix", e));
    TRY(history_table(w->h, &w->t, e));
    TRY(read_given(w, e));
    TRY(equiv_find(w->h, w->t, w->f, w->n, &known, w->a, &w->found, e));
    w->unreadable = tagset_new(w->a, w->h->n_tags);
    TRY(arena_ok(w->a, "the answer", e));
    for (size_t i = 0; i < w->found.n_unreadable; i++)
        tagset_or_words(&w->unreadable, history_reach(w->h, w->found.unreadable[i]));
    return RC_OK;
}

/* Is commit i one of the group, or the source of one? */
static bool in_group(const struct work *w, const struct fix_group *g, size_t i)
{
    while (w->source_of[i] != SIZE_MAX)
        i = w->source_of[i];
    for (size_t k = 0; k < g->n; k++)
        if (strcmp(g->revs[k].hex, w->f[i].rev->hex) == 0)
            return true;
    return false;
}

/* ---- One group by its history ---- */

struct members {
    struct member *v;
    size_t n;
};

static enum rc list_members(struct work *w, const struct fix_group *g, struct fix_found *found,
                            struct members *ret, struct err *e)
{
    size_t max = 2 * g->n + w->n + w->found.n + 1;
    struct members m = {.v = arena_array(w->a, max, sizeof *m.v)};
    found->equivalents = arena_array(w->a, max, sizeof *found->equivalents);
    found->reverts = arena_array(w->a, w->found.n + 1, sizeof *found->reverts);
    TRY(arena_ok(w->a, "the commits of the fix", e));
    for (size_t i = 0; i < g->n; i++)
        if (g->revs[i].commit != GRAPH_NONE)
            m.v[m.n++] = (struct member){
                .commit = g->revs[i].commit, .of = GRAPH_NONE, .rule = "graph", .weight = 1};
    for (size_t i = 0; i < w->n; i++) {
        if (w->source_of[i] == SIZE_MAX || !in_group(w, g, i))
            continue;
        struct equivalent q = {w->f[i].commit, w->f[w->source_of[i]].commit, "named",
                               STR("the fix says that it was copied from it"), 1};
        found->equivalents[found->n_equivalents++] = q;
        m.v[m.n++] = (struct member){q.commit, q.of, q.rule, q.why, q.weight};
    }
    for (size_t i = 0; i < w->found.n; i++) {
        const struct equiv_pair *p = &w->found.pairs[i];
        if (!in_group(w, g, p->of))
            continue;
        struct equivalent q = {p->commit, w->f[p->of].commit, p->rule, p->why, p->weight};
        if (p->revert) {
            found->reverts[found->n_reverts++] = q;
            continue;
        }
        found->equivalents[found->n_equivalents++] = q;
        if (p->weight >= EQUIV_WEIGHT_MIN)
            m.v[m.n++] = (struct member){q.commit, q.of, q.rule, q.why, q.weight};
    }
    *ret = m;
    return RC_OK;
}

/* A merge brings what the merged branch has: a tag that took that branch in otherwise has it too.
 */
static void add_merged(struct work *w, const struct fix_group *g, struct fix_found *found,
                       struct members *m)
{
    const struct graph *gr = w->h->graph;
    for (size_t i = 0; i < g->n; i++) {
        uint32_t c = g->revs[i].commit;
        if (c == GRAPH_NONE || gr->parent_at[c + 1] - gr->parent_at[c] != 2)
            continue;
        struct member x = {gr->parent[gr->parent_at[c] + 1], c, "merged",
                           STR("the end of the branch that the fix merged"), 0.95};
        m->v[m->n++] = x;
        found->equivalents[found->n_equivalents++] =
            (struct equivalent){x.commit, x.of, x.rule, x.why, x.weight};
    }
}

/* Tags that hold the member and no revert of it. */
static struct tagset lasting(struct work *w, const struct fix_found *found, const struct member *m,
                             struct fixes *out)
{
    struct tagset in = reach_of(w->h, m->commit), s = tagset_copy(w->a, &in);
    for (size_t i = 0; s.w && i < found->n_reverts; i++) {
        const struct equivalent *r = &found->reverts[i];
        if (r->weight < EQUIV_WEIGHT_MIN || !graph_contains(w->h->graph, m->commit, r->commit))
            continue;
        struct tagset back = reach_of(w->h, r->commit);
        for (size_t t = tagset_next(&back, 0); t < back.n; t = tagset_next(&back, t + 1))
            if (tagset_has(&s, t) && out->why[t].rule[0] == '\0')
                out->why[t] = (struct evidence){
                    .rule = "reverted", .commit = r->commit, .of = m->commit, .why = r->why};
        tagset_andnot(&s, &back);
    }
    return s;
}

/* weight[t]: of the best member that the tag holds, 0 = none. */
static enum rc by_history(struct work *w, const struct fix_group *g, struct fix_found *found,
                          double *weight, struct err *e)
{
    struct members m;
    TRY(list_members(w, g, found, &m, e));
    add_merged(w, g, found, &m);
    for (size_t i = 0; i < m.n; i++) {
        const struct member *x = &m.v[i];
        struct tagset in = lasting(w, found, x, &w->out);
        TRY(arena_ok(w->a, "the answer", e));
        for (size_t t = tagset_next(&in, 0); t < in.n; t = tagset_next(&in, t + 1)) {
            if (weight[t] >= x->weight)
                continue;
            weight[t] = x->weight;
            w->out.why[t] =
                (struct evidence){.rule = x->rule, .commit = x->commit, .of = x->of, .why = x->why};
        }
        tagset_or(&found->fixed, &in);
    }
    return RC_OK;
}

/* ---- The same group by content ---- */

/* What the commits of a group say about one tag's files. */
static enum rc look(struct present *const *bases, size_t n, struct str commit,
                    struct present_answer *ret, struct err *e)
{
    struct present_answer all = {.state = PRESENT_NOT_FOUND};
    for (size_t i = 0; i < n; i++) {
        struct present_answer one;
        TRY(present_at(bases[i], commit, &one, e));
        bool better = one.state == PRESENT_FIXED && (all.state != PRESENT_FIXED || one.proof);
        if (all.state == PRESENT_NOT_FOUND || better)
            all = one;
        else if (all.state != PRESENT_FIXED && one.state != PRESENT_NOT_FOUND &&
                 one.state != all.state)
            all.state = PRESENT_MIXED;
    }
    *ret = all;
    return RC_OK;
}

static void flag(struct work *w, size_t t, const struct present_answer *p, const char *why)
{
    struct evidence *x = &w->out.why[t];
    tagset_set(&w->out.flagged, t);
    x->path = p->path;
    x->line = p->line;
    x->blob = p->blob;
    x->why = arena_strf(w->a, "%.*s%s%s", STR_ARG(x->why), x->why.n ? "; " : "", why);
}

/* A tag before the fix, or much older: lines of the fix in it are no copy of it. */
static bool too_early(const struct work *w, const struct fix_group *g, size_t t)
{
    const struct release *r = &w->h->tags[t];
    for (size_t i = 0; i < w->n; i++) {
        const struct fix_commit *f = &w->f[i];
        if (!in_group(w, g, i) || f->missing)
            continue;
        if (r->commit_us < f->author_us - EQUIV_OLDER_US)
            return true;
        if (f->commit != GRAPH_NONE && graph_contains(w->h->graph, r->commit, f->commit))
            return true;
    }
    return false;
}

static void weigh(struct work *w, const struct fix_group *g, struct fix_found *found, size_t t,
                  double weight, const struct present_answer *p)
{
    bool held = tagset_has(&found->fixed, t);
    bool reverted = strcmp(w->out.why[t].rule, "reverted") == 0;
    if (held && p->state == PRESENT_VULNERABLE) {
        if (weight < FIXES_SURE && p->proof)
            tagset_unset(&found->fixed, t);
        flag(w, t, p, "but the file is as it was before the fix");
    } else if (!held && p->state == PRESENT_FIXED) {
        bool early = too_early(w, g, t);
        if (p->proof && !early) {
            bool flagged = reverted;
            tagset_set(&found->fixed, t);
            w->out.why[t] = (struct evidence){.rule = "content",
                                              .commit = GRAPH_NONE,
                                              .of = GRAPH_NONE,
                                              .why = STR("the lines of the fix are in the file"),
                                              .path = p->path,
                                              .line = p->line,
                                              .blob = p->blob};
            if (flagged)
                flag(w, t, p, "though a commit in it takes the fix back");
        } else if (!early) {
            flag(w, t, p, "the lines of the fix are in the file, too few to prove it");
        }
    }
    /* What could not be read matters where neither history nor content decides. */
    if (tagset_has(&found->fixed, t) || p->state == PRESENT_VULNERABLE)
        return;
    bool file = p->state == PRESENT_UNKNOWN && !too_early(w, g, t);
    if (!file && !tagset_has(&w->unreadable, t))
        return;
    tagset_set(&w->out.unknown, t);
    w->out.why[t].why = file ? STR("a file of the fix is missing from the repository")
                             : STR("a commit that may be a copy of the fix is missing");
}

static enum rc by_content(struct work *w, const struct fix_group *g, struct fix_found *found,
                          const double *weight, struct err *e)
{
    struct present *bases[FIXES_BASES];
    size_t n = 0;
    for (size_t i = 0; i < w->n && n < FIXES_BASES; i++) {
        if (!in_group(w, g, i) || w->f[i].missing)
            continue;
        TRY(present_make(w->h, w->t, &w->f[i], w->a, &bases[n], e));
        n += bases[n] != NULL;
    }
    for (size_t t = 0; t < w->h->n_tags; t++) {
        struct present_answer p = {.state = PRESENT_NOT_FOUND};
        char hex[GIT_OID_HEX + 1];
        if (w->h->tags[t].commit == GRAPH_NONE || !tagset_has(&w->q->counts, t))
            continue;
        TRY(look(bases, n, graph_hex(w->h->graph, w->h->tags[t].commit, hex), &p, e));
        weigh(w, g, found, t, weight[t], &p);
    }
    return arena_ok(w->a, "the answer", e);
}

/* ---- All groups ---- */

static enum rc one_group(struct work *w, const struct fix_group *g, struct fix_found *found,
                         struct tagset *hidden, struct err *e)
{
    double *weight = arena_array(w->a, w->h->n_tags + 1, sizeof *weight);
    found->fixed = tagset_new(w->a, w->h->n_tags);
    TRY(arena_ok(w->a, "the answer", e));
    tagset_clear(hidden);
    TRY(by_history(w, g, found, weight, e));
    TRY(by_content(w, g, found, weight, e));
    for (size_t i = 0; i < g->n; i++)
        history_hidden(w->h, g->revs[i].commit, hidden);
    return RC_OK;
}

enum rc fixes_find(struct history *h, const struct question *q, struct arena *a, struct fixes *ret,
                   struct err *e)
{
    struct work w = {.h = h, .q = q, .a = a};
    struct fixes *f = &w.out;
    f->groups = arena_array(a, q->n_groups + 1, sizeof *f->groups);
    f->n_groups = q->n_groups;
    f->fixed = q->n_groups ? tagset_all(a, h->n_tags) : tagset_new(a, h->n_tags);
    f->part = tagset_new(a, h->n_tags);
    f->unknown = tagset_new(a, h->n_tags);
    f->flagged = tagset_new(a, h->n_tags);
    f->why = arena_array(a, h->n_tags + 1, sizeof *f->why);
    struct tagset hidden = tagset_new(a, h->n_tags), possible = tagset_copy(a, &f->fixed);
    TRY(arena_ok(a, "the answer", e));
    for (size_t t = 0; t < h->n_tags; t++)
        f->why[t] = EVIDENCE_NONE;
    TRY(find_copies(&w, e));
    for (size_t i = 0; i < q->n_groups; i++) {
        TRY(one_group(&w, &q->groups[i], &f->groups[i], &hidden, e));
        tagset_and(&f->fixed, &f->groups[i].fixed);
        tagset_or(&f->part, &f->groups[i].fixed);
        tagset_or(&hidden, &f->groups[i].fixed);
        tagset_and(&possible, &hidden);
    }
    tagset_andnot(&f->part, &f->fixed);
    tagset_or(&f->unknown, &possible);
    tagset_andnot(&f->unknown, &f->fixed);
    *ret = w.out;
    return RC_OK;
}
