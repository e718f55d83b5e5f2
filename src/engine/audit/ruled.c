/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings what structural rules find into the list of a search.  Runs in the engine child and in
 * commands; the tools answer a stranger's text, which rules.c has checked.
 */
#include "engine/audit/ruled.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "os/file.h"

static enum lang lang_at(void *arg, size_t file)
{
    const struct view *v = arg;
    return (enum lang)v->files[file].lang;
}

static enum rc text_at(void *arg, size_t file, struct str *ret_text, struct err *e)
{
    struct view *v = arg;
    return view_text(v, (uint32_t)file, ret_text, e);
}

/* A folder that goes with our own git directory. */
static enum rc make_scratch(const struct repo *r, struct arena *a, const char **ret, struct err *e)
{
    struct str path = arena_strf(a, "%s/rules", git_own_dir(r->git));
    TRY(arena_ok(a, "the rules", e));
    *ret = path.p;
    return dir_make(AT_FDCWD, path.p, 0700, e);
}

/* Of several repositories the worst counts: what one could not do was not done. */
static void add_told(struct rule_told *to, const struct rule_told *from, bool first)
{
    size_t hits = to->n_hits + from->n_hits, files = to->n_files + from->n_files;
    if (first || from->state > to->state)
        *to = *from;
    to->n_hits = first ? from->n_hits : hits;
    to->n_files = first ? from->n_files : files;
}

/* On the list already: the hit of the same file within SPOT_NEAR lines. */
static struct search_hit *listed(const struct search *s, size_t repo, const struct rule_hit *h)
{
    for (size_t i = 0; i < s->n_hits; i++) {
        const struct search_hit *o = &s->hits[i];
        uint32_t far = o->h.line > h->line ? o->h.line - h->line : h->line - o->h.line;
        if (o->repo == repo && o->h.file == h->file && far <= SPOT_NEAR)
            return &s->hits[i];
    }
    return NULL;
}

static void take_hit(struct search_gather *g, const struct audit_question *q, size_t repo,
                     const struct rule_hit *r, struct ruled *to)
{
    struct search *s = g->s;
    struct search_hit *h = listed(s, repo, r);
    if (h == NULL) {
        if (s->n_hits == g->room)
            return;
        h = &s->hits[s->n_hits++];
        *h = (struct search_hit){.repo = repo,
                                 .h = {.file = r->file,
                                       .start = r->line,
                                       .end = r->end,
                                       .line = r->line,
                                       .chunk = view_chunk_at(s->views[repo], r->file, r->line)}};
        if (h->h.chunk != UINT32_MAX) {
            struct view_chunk c;
            view_chunk(s->views[repo], h->h.chunk, &c);
            h->h.key = c.key;
        }
        search_places(g, h);
    }
    if (h->rule.n == 0)
        h->rule = q->rules[r->rule].name;
    h->h.score = 1;
    to->hits[r->rule]++;
}

static enum rc rule_repo(struct repos *rs, struct search_gather *g, size_t repo, bool first,
                         struct ruled *to, struct err *e)
{
    struct rules_answer answer;
    struct view *v = g->s->views[repo];
    const struct audit_question *q = g->q;
    struct rules_ask ask = {.rules = q->rules,
                            .n_rules = q->n_rules,
                            .n_files = v->n_files,
                            .arg = v,
                            .lang = lang_at,
                            .text = text_at,
                            .progress = rs->options.progress,
                            .progress_arg = rs->options.progress_arg};
    TRY(make_scratch(&rs->v[repo], g->a, &ask.scratch, e));
    TRY(rules_run(&ask, g->a, &answer, e));
    for (size_t i = 0; i < q->n_rules; i++)
        add_told(&to->told[i], &answer.told[i], first);
    for (size_t i = 0; i < answer.n_hits; i++)
        take_hit(g, q, repo, &answer.hits[i], to);
    return RC_OK;
}

enum rc rules_search(struct repos *rs, const struct audit_question *q, size_t most, struct arena *a,
                     struct search *s, struct ruled *ret_r, struct err *e)
{
    bool first = true;
    struct search_gather g = {.q = q, .s = s, .a = a, .room = most > s->n_hits ? most : s->n_hits};
    struct search_hit *all = arena_array(a, g.room + 1, sizeof *all);
    *ret_r = (struct ruled){arena_array(a, q->n_rules + 1, sizeof *ret_r->told),
                            arena_array(a, q->n_rules + 1, sizeof *ret_r->hits)};
    TRY(arena_ok(a, "the rules", e));
    if (s->n_hits)
        memcpy(all, s->hits, s->n_hits * sizeof *all);
    s->hits = all;
    for (size_t i = 0; q->n_rules && i < rs->n; i++) {
        if (s->views[i] == NULL)
            continue;
        TRY(rule_repo(rs, &g, i, first, ret_r, e));
        first = false;
    }
    search_sort(s);
    return arena_ok(a, "the rules", e);
}
