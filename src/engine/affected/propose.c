/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What proposes sets of affected tags.  Runs in the engine child and in commands; commits and files
 * are a stranger's.
 *
 * Each traced line gives, for each of its forms, the tags that hold the commit that brought the
 * form, and the tags whose files have it though they do not hold the commit (it was copied to
 * another branch).  Sets are closed upward: what comes after an affected tag is affected until it
 * is fixed.
 */
#include "engine/affected/propose.h"

#include <stdlib.h>
#include <string.h>

#include "engine/affected/blame.h"
#include "engine/affected/facts.h"
#include "engine/affected/marks.h"

struct line { /* a mark, traced */
    const struct mark *mark;
    struct blame_chain chain;
    size_t form[BLAME_STEPS]; /* in the files */
    struct tagset set[BLAME_STEPS];
};
struct propose {
    struct history *h;
    const struct fixes *fixes;
    struct arena *a;
    struct textpool *texts;
    struct facts *facts;
    struct marks marks;
    struct line *lines;
    uint32_t *nearby; /* of marks.nearby: the commit that brought the line, GRAPH_NONE: not known */
    struct proposals *p;
    size_t *hunk_lines, *gone_lines; /* things */
    size_t n_hunk, n_gone;
    size_t *funcs, *paths, *names[NAME_KINDS];
    size_t n_paths;
    /* Commits that brought lines, and of each tag: which of them are behind it (ancestors of whom
     * it is one): a bit per commit. */
    uint32_t *commits;
    size_t n_commits, words;
    uint64_t *before; /* n_tags * words: the tag is an ancestor of that commit */
};

/* ---- Sets ---- */

static struct tagset closed(const struct propose *p, const struct tagset *s)
{
    struct tagset out = tagset_new(p->a, s->n);
    for (size_t t = tagset_next(s, 0); out.n && t < s->n; t = tagset_next(s, t + 1)) {
        tagset_set(&out, t);
        if (p->h->tags[t].commit != GRAPH_NONE)
            tagset_or_words(&out, history_reach(p->h, p->h->tags[t].commit));
    }
    if (out.n)
        tagset_andnot(&out, &p->fixes->fixed);
    return out;
}

static struct proposal *speak(struct propose *p, const struct tagset *s, enum clue c, double share)
{
    struct proposal *x = s->n ? proposal_of(p->p, s) : NULL;
    if (x)
        x->share[c] += share;
    return x;
}

static void reason(const struct propose *p, struct proposal *x, const char *rule, uint32_t commit,
                   struct str path, uint32_t line, struct str why)
{
    (void)p;
    if (x == NULL)
        return;
    struct evidence v = EVIDENCE_NONE;
    v.rule = rule;
    v.commit = commit;
    v.path = path;
    v.line = line;
    v.why = why;
    proposal_why(x, &v);
}

/* ---- Ancestry of tags ---- */

static size_t commit_index(const struct propose *p, uint32_t c)
{
    size_t i = 0;
    while (i < p->n_commits && p->commits[i] != c)
        i++;
    return i;
}

/* One pass from the youngest commit to the oldest. */
static enum rc find_before(struct propose *p, struct err *e)
{
    const struct graph *g = p->h->graph;
    p->words = p->n_commits / 64 + 1;
    p->before = arena_array(p->a, p->h->n_tags * p->words + 1, sizeof *p->before);
    TRY(arena_ok(p->a, "the candidates", e));
    uint64_t *bits = calloc((size_t)g->n * p->words + 1, sizeof *bits);
    if (bits == NULL)
        return err_set(e, RC_LIMIT, "out of memory for the candidates");
    for (size_t i = 0; i < p->n_commits; i++)
        bits[p->commits[i] * p->words + i / 64] |= UINT64_C(1) << (i % 64);
    for (uint32_t c = g->n; c-- > 0;)
        for (uint32_t k = g->parent_at[c]; k < g->parent_at[c + 1]; k++)
            for (size_t w = 0; w < p->words; w++)
                bits[g->parent[k] * p->words + w] |= bits[c * p->words + w];
    for (size_t t = 0; t < p->h->n_tags; t++)
        if (p->h->tags[t].commit != GRAPH_NONE)
            memcpy(p->before + t * p->words, bits + p->h->tags[t].commit * p->words,
                   p->words * sizeof *bits);
    free(bits);
    return RC_OK;
}

/* ---- Traced lines ---- */

/* The marks and the lines near the changes, of all fixes in one run: copies of a fix on other
 * branches are soon in the same files. */
static enum rc trace_lines(struct propose *p, const struct table *t, struct err *e)
{
    const struct marks *m = &p->marks;
    size_t n = m->n + m->n_nearby;
    struct blame_ask *ask = arena_array(p->a, n + 1, sizeof *ask);
    struct blame_chain *chains = arena_array(p->a, n + 1, sizeof *chains);
    TRY(arena_ok(p->a, "the candidates", e));
    for (size_t i = 0; i < m->n; i++)
        ask[i] = (struct blame_ask){
            .commit = m->parents[m->v[i].fix], .path = m->v[i].path, .line = m->v[i].line};
    for (size_t i = 0; i < m->n_nearby; i++)
        ask[m->n + i] = (struct blame_ask){.commit = m->parents[m->nearby[i].fix],
                                           .path = m->nearby[i].path,
                                           .line = m->nearby[i].line,
                                           .once = true};
    TRY(blame_trace(p->h, t, p->texts, ask, n, p->a, chains, e));
    for (size_t i = 0; i < m->n; i++)
        p->lines[i].chain = chains[i];
    for (size_t i = 0; i < m->n_nearby; i++)
        p->nearby[i] = chains[m->n + i].n ? chains[m->n + i].steps[0].commit : GRAPH_NONE;
    return RC_OK;
}

/* A line that stands several times among those of the fix tells nothing where it is found. */
static bool common_line(const struct propose *p, uint64_t hash)
{
    size_t n = 0;
    for (size_t i = 0; i < p->marks.n_lines; i++)
        n += p->marks.lines[i].hash == hash;
    return n > 1;
}

static enum rc trace_all(struct propose *p, struct err *e)
{
    const struct table *t;
    TRY(history_table(p->h, &t, e));
    p->lines = arena_array(p->a, p->marks.n + 1, sizeof *p->lines);
    p->commits = arena_array(p->a, p->marks.n * BLAME_STEPS + 1, sizeof *p->commits);
    p->nearby = arena_array(p->a, p->marks.n_nearby + 1, sizeof *p->nearby);
    TRY(arena_ok(p->a, "the candidates", e));
    for (size_t i = 0; i < p->marks.n; i++)
        p->lines[i].mark = &p->marks.v[i];
    TRY(trace_lines(p, t, e));
    for (size_t i = 0; i < p->marks.n; i++)
        for (size_t s = 0; s < p->lines[i].chain.n; s++) {
            const struct blame_step *b = &p->lines[i].chain.steps[s];
            uint32_t dense;
            uint64_t hash = text_hash(b->text, &dense);
            size_t c = commit_index(p, b->commit);
            if (c == p->n_commits)
                p->commits[p->n_commits++] = b->commit;
            bool common = hash != b->hash || common_line(p, hash);
            p->lines[i].form[s] =
                common ? FACTS_NONE : facts_form(p->facts, p->marks.v[i].func, hash, dense);
        }
    return find_before(p, e);
}

/* The sets of a line's forms: the commit's tags, and those that have this form or a younger one. */
static enum rc line_sets(struct propose *p, struct line *l, struct err *e)
{
    struct tagset seen = tagset_new(p->a, p->h->n_tags);
    TRY(arena_ok(p->a, "the candidates", e));
    for (size_t s = 0; s < l->chain.n; s++) {
        struct tagset form = facts_tags(p->facts, l->form[s], p->a);
        struct tagset set =
            tagset_of(p->a, history_reach(p->h, l->chain.steps[s].commit), p->h->n_tags);
        TRY(arena_ok(p->a, "the candidates", e));
        tagset_or(&seen, &form);
        size_t c = commit_index(p, l->chain.steps[s].commit);
        for (size_t t = tagset_next(&seen, 0); t < seen.n; t = tagset_next(&seen, t + 1))
            if (!(p->before[t * p->words + c / 64] >> (c % 64) & 1))
                tagset_set(&set, t);
        l->set[s] = closed(p, &set);
    }
    return arena_ok(p->a, "the candidates", e);
}

static double weight_all(const struct propose *p, bool removed)
{
    double all = 0;
    for (size_t i = 0; i < p->marks.n; i++)
        if (p->marks.v[i].removed == removed && p->lines[i].chain.n > 0)
            all += p->marks.v[i].weight;
    return all;
}

static void speak_line(struct propose *p, const struct line *l, double share)
{
    bool removed = l->mark->removed;
    size_t last = l->chain.n - 1;
    for (size_t s = 0; s <= last; s++) {
        const struct blame_step *b = &l->chain.steps[s];
        bool seen = false;
        for (size_t k = 0; k < s; k++)
            seen |= tagset_eq(&l->set[k], &l->set[s]);
        struct proposal *x = speak(p, &l->set[s], CLUE_REMOVED_ANY, removed && !seen ? share : 0);
        if (x == NULL)
            continue;
        if (s == 0)
            x->share[removed ? CLUE_REMOVED_FIRST : CLUE_AROUND_FIRST] += share;
        if (s == last)
            x->share[removed ? CLUE_REMOVED_LAST : CLUE_AROUND_LAST] += share;
        double net =
            ((double)b->added - (double)b->removed) / (1 + (double)b->added + (double)b->removed);
        if (!x->has_net || net > x->net)
            x->net = net;
        x->has_net = true;
        reason(p, x, s == 0 ? "blame" : "blame-older", b->commit, b->path, b->line,
               removed
                   ? (s == 0 ? STR("brought a line that the fix took away")
                             : STR("brought an older form of a line that the fix took away"))
                   : (s == 0 ? STR("brought a line beside what the fix added")
                             : STR("brought an older form of a line beside what the fix added")));
    }
}

/* Tags with at least this part of the lines' weight, each fix by itself; part 0: with any line of
 * at least half the weight of the heaviest. */
static struct tagset with_part(const struct propose *p, bool removed, bool first, double part)
{
    struct tagset out = tagset_new(p->a, p->h->n_tags);
    for (size_t fix = 0; out.n && fix < p->marks.n_fixes; fix++) {
        double all = 0, most = 0;
        for (size_t i = 0; i < p->marks.n; i++)
            if (p->marks.v[i].fix == fix && p->marks.v[i].removed == removed &&
                p->lines[i].chain.n > 0) {
                all += p->marks.v[i].weight;
                most = p->marks.v[i].weight > most ? p->marks.v[i].weight : most;
            }
        for (size_t t = 0; t < out.n && all > 0; t++) {
            double have = 0;
            bool any = false;
            for (size_t i = 0; i < p->marks.n; i++) {
                const struct line *l = &p->lines[i];
                if (l->mark->fix != fix || l->mark->removed != removed || l->chain.n == 0 ||
                    !tagset_has(&l->set[first ? 0 : l->chain.n - 1], t))
                    continue;
                have += l->mark->weight;
                any |= l->mark->weight >= 0.5 * most;
            }
            if (part > 0 ? have >= part * all - 1e-9 : any)
                tagset_set(&out, t);
        }
    }
    return out;
}

/* The commits of the lines that a set is put together from. */
static void reason_lines(const struct propose *p, struct proposal *x, bool removed,
                         const struct tagset *s)
{
    for (size_t i = 0; x && i < p->marks.n; i++) {
        const struct line *l = &p->lines[i];
        if (l->mark->removed != removed || l->chain.n == 0 ||
            !tagset_within(&l->set[l->chain.n - 1], s))
            continue;
        const struct blame_step *b = &l->chain.steps[l->chain.n - 1];
        reason(p, x, l->chain.n == 1 ? "blame" : "blame-older", b->commit, b->path, b->line,
               STR("brought one of the lines that are traced"));
    }
}

static enum rc speak_lines(struct propose *p, struct err *e)
{
    static const double parts[] = {0, 0.25, 0.5, 0.75, 1};
    double all[2] = {weight_all(p, false), weight_all(p, true)};
    for (size_t i = 0; i < p->marks.n; i++)
        TRY(line_sets(p, &p->lines[i], e));
    for (int removed = 1; removed >= 0; removed--)
        for (size_t i = 0; i < p->marks.n; i++)
            if (p->marks.v[i].removed == (removed == 1) && p->lines[i].chain.n > 0)
                speak_line(p, &p->lines[i], p->marks.v[i].weight / all[removed]);
    for (int removed = 1; removed >= 0; removed--)
        for (int first = 0; first <= 1; first++)
            for (size_t k = 0; k < ARRAY_LEN(parts) && all[removed] > 0; k++) {
                struct tagset s = with_part(p, removed, first, parts[k]);
                TRY(arena_ok(p->a, "the candidates", e));
                enum clue c = removed ? CLUE_REMOVED_OLDEST : CLUE_AROUND_OLDEST;
                if (removed && k == 1)
                    c = CLUE_REMOVED_QUARTER;
                bool counts = !first && (k == 0 || (removed && k == 1));
                struct proposal *x = speak(p, &s, c, counts ? 1 : 0);
                if (!first)
                    reason_lines(p, x, removed, &s);
                reason(p, x, "lines", GRAPH_NONE, STR_NONE, 0,
                       k == 0 ? STR("the oldest of the traced lines")
                              : STR("a part of the traced lines"));
            }
    return RC_OK;
}

/* ---- Lines near the change ---- */

#define NEARBY_HALF  8 /* a line so far away counts half */
#define NEARBY_CLOSE 3 /* and one farther is not beside the change */

struct nearness {
    double near, close, all;
};

static void nearness_add(struct nearness *n, const struct nearby *x)
{
    n->near += 1 / (1 + (double)x->far / NEARBY_HALF);
    n->close += x->far <= NEARBY_CLOSE;
    n->all += 1;
}

/* Who brought the lines around: the one who wrote a function may have brought its flaw though the
 * fix takes none of those lines away. */
static enum rc speak_nearby(struct propose *p, struct err *e)
{
    struct nearness all = {0};
    for (size_t i = 0; i < p->marks.n_nearby; i++)
        if (p->nearby[i] != GRAPH_NONE)
            nearness_add(&all, &p->marks.nearby[i]);
    for (size_t i = 0; i < p->marks.n_nearby; i++) {
        uint32_t c = p->nearby[i];
        bool before = c == GRAPH_NONE;
        for (size_t k = 0; k < i && !before; k++)
            before = p->nearby[k] == c;
        if (before)
            continue;
        struct nearness n = {0};
        for (size_t k = i; k < p->marks.n_nearby; k++)
            if (p->nearby[k] == c)
                nearness_add(&n, &p->marks.nearby[k]);
        struct tagset s = tagset_of(p->a, history_reach(p->h, c), p->h->n_tags);
        s = closed(p, &s);
        TRY(arena_ok(p->a, "the candidates", e));
        struct proposal *x = speak(p, &s, CLUE_NEARBY, n.near / all.near);
        if (x == NULL)
            continue;
        x->share[CLUE_NEARBY_CLOSE] += all.close > 0 ? n.close / all.close : 0;
        x->share[CLUE_NEARBY_ALL] += n.all / all.all;
        reason(p, x, "blame", c, p->marks.nearby[i].path, 0,
               STR("brought lines near those that the fix changes"));
    }
    return RC_OK;
}

/* ---- What releases hold ---- */

static enum rc want(struct propose *p, struct err *e)
{
    const struct marks *m = &p->marks;
    p->hunk_lines = arena_array(p->a, m->n_lines + 1, sizeof *p->hunk_lines);
    p->gone_lines = arena_array(p->a, m->n_lines + 1, sizeof *p->gone_lines);
    p->funcs = arena_array(p->a, m->n_funcs + 1, sizeof *p->funcs);
    p->paths = arena_array(p->a, FACTS_PATHS_MAX + 1, sizeof *p->paths);
    for (size_t k = 0; k < NAME_KINDS; k++)
        p->names[k] = arena_array(p->a, m->n_names[k] + 1, sizeof(size_t));
    TRY(arena_ok(p->a, "the candidates", e));
    for (size_t i = 0; i < m->n_lines; i++) {
        size_t t = facts_line(p->facts, m->lines[i].hash);
        p->hunk_lines[p->n_hunk++] = t;
        if (m->lines[i].removed)
            p->gone_lines[p->n_gone++] = t;
    }
    for (size_t i = 0; i < m->n_funcs; i++)
        p->funcs[i] = facts_func(p->facts, m->funcs[i]);
    for (size_t k = 0; k < NAME_KINDS; k++)
        for (size_t i = 0; i < m->n_names[k]; i++)
            p->names[k][i] = facts_name(p->facts, m->names[k][i]);
    return RC_OK;
}

static double path_weight(const struct marks *m, struct str path)
{
    double w = 0;
    for (size_t i = 0; i < m->n; i++)
        if (str_eq(m->v[i].path, path))
            w += m->v[i].weight * (m->v[i].removed ? 4 : 1);
    return w;
}

static void want_path(struct propose *p, struct str path)
{
    size_t t = facts_path(p->facts, path);
    for (size_t i = 0; i < p->n_paths; i++)
        if (p->paths[i] == t)
            return;
    if (t != FACTS_NONE)
        p->paths[p->n_paths++] = t;
}

/* The fix's files, those with the heaviest lines first; then what they were called before. */
static void want_paths(struct propose *p)
{
    const struct marks *m = &p->marks;
    bool taken[MARKS_FIXES * MARKS_FILES] = {false};
    for (size_t n = 0; n < m->n_paths; n++) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < m->n_paths; i++)
            if (!taken[i] &&
                (best == SIZE_MAX || path_weight(m, m->paths[i]) > path_weight(m, m->paths[best])))
                best = i;
        taken[best] = true;
        if (n < FACTS_PATHS_MAX - 4)
            want_path(p, m->paths[best]);
    }
    for (size_t i = 0; i < m->n; i++)
        for (size_t s = 0; s < p->lines[i].chain.n; s++)
            want_path(p, p->lines[i].chain.steps[s].path);
}

static enum rc speak_tags(struct propose *p, const struct tagset *tags, enum clue c, double share,
                          const char *rule, struct str path, struct str why, struct err *e)
{
    struct tagset s = closed(p, tags);
    TRY(arena_ok(p->a, "the candidates", e));
    reason(p, speak(p, &s, c, share), rule, GRAPH_NONE, path, 0, why);
    return RC_OK;
}

/* Tags with at least a part of the things. */
static enum rc speak_part(struct propose *p, const size_t *things, size_t n, double part,
                          enum clue c, double share, struct str why, struct err *e)
{
    struct tagset s = tagset_new(p->a, p->h->n_tags);
    TRY(arena_ok(p->a, "the candidates", e));
    size_t unique = 0, *list = arena_array(p->a, n + 1, sizeof *list);
    TRY(arena_ok(p->a, "the candidates", e));
    for (size_t i = 0; i < n; i++) {
        bool twice = things[i] == FACTS_NONE;
        for (size_t k = 0; k < unique && !twice; k++)
            twice = list[k] == things[i];
        if (!twice)
            list[unique++] = things[i];
    }
    for (size_t t = 0; t < s.n && unique > 0; t++) {
        size_t have = facts_count(p->facts, list, unique, t);
        if (have > 0 && (double)have >= part * (double)unique)
            tagset_set(&s, t);
    }
    return speak_tags(p, &s, c, share, "content", STR_NONE, why, e);
}

static enum rc speak_names(struct propose *p, struct err *e)
{
    static const enum clue clues[NAME_KINDS] = {CLUE_NAME_REMOVED, CLUE_NAME_ADDED,
                                                CLUE_NAME_AROUND};
    for (size_t k = 0; k < NAME_KINDS; k++) {
        size_t n = p->marks.n_names[k], found = 0;
        struct tagset *sets = arena_array(p->a, n + 1, sizeof *sets);
        TRY(arena_ok(p->a, "the candidates", e));
        for (size_t i = 0; i < n; i++) {
            sets[i] = facts_tags(p->facts, p->names[k][i], p->a);
            TRY(arena_ok(p->a, "the candidates", e));
            found += tagset_meets(&sets[i], &p->p->open);
        }
        for (size_t i = 0; i < n; i++)
            if (tagset_meets(&sets[i], &p->p->open))
                TRY(speak_tags(p, &sets[i], clues[k], 1.0 / (double)found, "name", STR_NONE,
                               arena_strf(p->a, "the name %.*s", STR_ARG(p->marks.names[k][i])),
                               e));
    }
    return speak_part(p, p->names[NAME_REMOVED], p->marks.n_names[NAME_REMOVED], 1,
                      CLUE_NAMES_REMOVED, 1, STR("all names of the lines that the fix took away"),
                      e);
}

static enum rc speak_files(struct propose *p, struct err *e)
{
    struct tagset any = tagset_new(p->a, p->h->n_tags);
    TRY(arena_ok(p->a, "the candidates", e));
    for (size_t i = 0; i < p->n_paths; i++) {
        struct tagset s = facts_tags(p->facts, p->paths[i], p->a);
        TRY(arena_ok(p->a, "the candidates", e));
        tagset_or(&any, &s);
        if (i < p->marks.n_paths)
            TRY(speak_tags(p, &s, CLUE_FILE, 0, "file", p->marks.paths[i],
                           STR("a file that the fix changes"), e));
    }
    return speak_tags(p, &any, CLUE_FILE, 1, "file", STR_NONE, STR("a file that the fix changes"),
                      e);
}

static enum rc speak_contents(struct propose *p, struct err *e)
{
    struct str hunks = STR("lines of the places that the fix changes"),
               gone = STR("lines that the fix took away"),
               funcs = STR("a function that the fix changes");
    const size_t *hl = p->hunk_lines, *gl = p->gone_lines;
    size_t nh = p->n_hunk, ng = p->n_gone, nf = p->marks.n_funcs;
    TRY(speak_part(p, hl, nh, 0.25, CLUE_LINES_QUARTER, 1, hunks, e));
    TRY(speak_part(p, hl, nh, 0.5, CLUE_LINES_HALF, 1, hunks, e));
    TRY(speak_part(p, hl, nh, 0.75, CLUE_LINES_HALF, 0, hunks, e));
    TRY(speak_part(p, hl, nh, 0, CLUE_LINES_HALF, 0, hunks, e));
    TRY(speak_part(p, gl, ng, 0, CLUE_GONE_QUARTER, 0, gone, e));
    TRY(speak_part(p, gl, ng, 0.25, CLUE_GONE_QUARTER, 1, gone, e));
    TRY(speak_part(p, gl, ng, 0.5, CLUE_GONE_HALF, 1, gone, e));
    TRY(speak_part(p, gl, ng, 0.75, CLUE_GONE_MOST, 1, gone, e));
    TRY(speak_part(p, gl, ng, 1, CLUE_GONE_MOST, 0, gone, e));
    TRY(speak_part(p, p->funcs, nf, 0, CLUE_FUNC_ANY, 1, funcs, e));
    TRY(speak_part(p, p->funcs, nf, 1, CLUE_FUNC_ALL, 1, funcs, e));
    TRY(speak_files(p, e));
    return speak_names(p, e);
}

static enum rc speak_whole(struct propose *p, struct err *e)
{
    struct tagset all = tagset_all(p->a, p->h->n_tags);
    TRY(arena_ok(p->a, "the candidates", e));
    tagset_andnot(&all, &p->fixes->fixed);
    struct proposal *x = speak(p, &all, CLUE_WHOLE, 1);
    reason(p, x, "since-the-beginning", GRAPH_NONE, STR_NONE, 0,
           STR("every release before the fix"));
    return RC_OK;
}

static enum rc propose_all(struct propose *p, const struct question *q, struct err *e)
{
    struct tagset look = tagset_all(p->a, p->h->n_tags);
    TRY(arena_ok(p->a, "the candidates", e));
    tagset_andnot(&look, &p->fixes->fixed);
    TRY(marks_find(p->h, p->texts, q, p->a, &p->marks, e));
    p->p->only_added = !p->marks.any_removed;
    TRY(want(p, e));
    TRY(trace_all(p, e));
    want_paths(p);
    TRY(facts_look(p->facts, &look, e));
    tagset_or(&p->p->unseen, facts_unseen(p->facts));
    TRY(speak_lines(p, e));
    TRY(speak_contents(p, e));
    TRY(speak_nearby(p, e));
    return speak_whole(p, e);
}

enum rc propose(struct history *h, const struct question *q, const struct fixes *f, struct arena *a,
                struct proposals *ret, struct err *e)
{
    struct tagset open = tagset_copy(a, &q->counts);
    TRY(arena_ok(a, "the candidates", e));
    tagset_andnot(&open, &f->fixed);
    tagset_andnot(&open, &f->unknown);
    TRY(proposals_init(ret, &open, a, e));
    AUTO(textpool) struct textpool *texts = textpool_new(h->objects);
    AUTO(facts) struct facts *facts = facts_new(h, texts, a);
    struct propose p = {.h = h, .fixes = f, .a = a, .texts = texts, .facts = facts, .p = ret};
    return propose_all(&p, q, e);
}
