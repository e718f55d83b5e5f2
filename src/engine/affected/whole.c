/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole answer as JSON, and the engine job that makes it.  Runs in the engine child and in the
 * command; the repository is a stranger's.
 */
#include "engine/affected/whole.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/when.h"
#include "engine/affected/equiv.h"
#include "engine/affected/formats.h"
#include "engine/affected/order.h"
#include "os/file.h"

#define JOB_MEMORY  (UINT64_C(2) << 30)
#define COMMIT_MAX  (1u << 20)
#define BRANCHES_AT 500 /* more branches than that are not looked at */

struct whole {
    struct history *h;
    const struct question *q;
    const struct answer *w;
    struct arena *a;
    json_t *to;
};

static void put_commit(const struct whole *k, json_t *o, const char *key, uint32_t c)
{
    char hex[GIT_OID_HEX + 1];
    if (c != GRAPH_NONE)
        json_put_str(o, key, graph_hex(k->h->graph, c, hex));
}

static struct str series_of(const struct history *h, size_t tag)
{
    uint32_t s = h->tags[tag].series;
    return s < h->order->n_series ? h->order->series[s].name : STR_NONE;
}

/* ---- Releases ---- */

static json_t *release_json(const struct whole *k, size_t t)
{
    const struct release *r = &k->h->tags[t];
    const struct tag_answer *ta = &k->w->tags[t];
    json_t *o = json_object(), *evidence = json_array();
    json_put_str(o, "tag", r->name);
    put_commit(k, o, "commit", r->commit);
    json_put_time(o, "date", r->at_us);
    json_put_str(o, "series", series_of(k->h, t));
    json_put_bool(o, "counts", tagset_has(&k->q->counts, t));
    json_put_str(o, "status", str_c(aff_status_name(ta->status)));
    json_put_str(o, "rule", str_c(ta->why.rule));
    json_put_str(o, "why", ta->why.why);
    json_array_append_new(evidence, evidence_json(k->h, &ta->why, "of"));
    json_object_set_new(o, "evidence", evidence);
    json_put_str(o, "confidence", str_c(ta->confidence ? ta->confidence : ""));
    json_put_bool(o, "flagged", tagset_has(&k->w->fixes.flagged, t));
    return o;
}

static void put_releases(const struct whole *k)
{
    json_t *list = json_array();
    for (size_t t = 0; t < k->h->n_tags; t++)
        json_array_append_new(list, release_json(k, t));
    json_object_set_new(k->to, "releases", list);
}

/* ---- Commits ---- */

static void put_subject(const struct whole *k, json_t *o, uint32_t c)
{
    char hex[GIT_OID_HEX + 1];
    struct object obj;
    struct err e = ERR_INIT;
    struct str body, line;
    AUTO(buf) struct buf b = BUF_INIT(COMMIT_MAX);
    if (objects_read(k->h->objects, graph_hex(k->h->graph, c, hex), COMMIT_MAX, &obj, &e) != RC_OK)
        return; /* said elsewhere, where it matters */
    size_t at = str_find(obj.body, STR("\n\n"));
    body = at == STR_NPOS ? STR_NONE : str_sub(obj.body, at + 2, obj.body.n);
    if (!str_line(&body, &line))
        return;
    utf8_clean_line(&b, str_sub(line, 0, WHOLE_SUBJECT));
    json_put_str(o, "subject", buf_str(&b));
}

/* The series of the first release that holds it. */
static bool lane_of(const struct whole *k, uint32_t c, struct str *ret)
{
    const struct tagset in = {.w = (uint64_t *)(uintptr_t)history_reach(k->h, c),
                              .n = k->h->n_tags};
    for (size_t t = tagset_next(&in, 0); t < in.n; t = tagset_next(&in, t + 1)) {
        if (tagset_has(&k->q->counts, t)) {
            *ret = series_of(k->h, t);
            return true;
        }
    }
    return false;
}

static json_t *commit_json(const struct whole *k, uint32_t c)
{
    json_t *o = json_object();
    struct str lane;
    put_commit(k, o, "commit", c);
    json_put_time(o, "date", graph_date_s(k->h->graph, c) * US_PER_S);
    put_subject(k, o, c);
    if (lane_of(k, c, &lane))
        json_put_str(o, "lane", lane);
    return o;
}

static void put_introduced(const struct whole *k)
{
    json_t *list = json_array();
    for (size_t i = 0; i < k->w->n_origins && i < WHOLE_COMMITS; i++) {
        const struct origin *g = &k->w->origins[i];
        json_t *o = g->commit == GRAPH_NONE ? json_object() : commit_json(k, g->commit);
        json_put_str(o, "commit", str_c(g->hex));
        json_put_str(o, "why", g->why);
        json_put_str(o, "confidence", str_c(g->confidence ? g->confidence : ""));
        json_array_append_new(list, o);
    }
    json_object_set_new(k->to, "introduced", list);
}

static bool counts(const struct equivalent *v)
{
    return v->weight >= EQUIV_WEIGHT_MIN && v->commit != GRAPH_NONE;
}

static void add_equivalents(const struct whole *k, const struct equivalent *v, size_t n,
                            json_t *list)
{
    for (size_t i = 0; i < n && json_array_size(list) < WHOLE_COMMITS; i++) {
        if (!counts(&v[i]))
            continue;
        json_t *o = commit_json(k, v[i].commit);
        put_commit(k, o, "of", v[i].of);
        json_put_str(o, "reason", v[i].why.n ? v[i].why : str_c(v[i].rule));
        json_array_append_new(list, o);
    }
}

static void put_fixes(const struct whole *k)
{
    json_t *fixes = json_array(), *reverts = json_array();
    for (size_t g = 0; g < k->q->n_groups; g++) {
        for (size_t i = 0; i < k->q->groups[g].n; i++) {
            uint32_t c = k->q->groups[g].revs[i].commit;
            if (c != GRAPH_NONE && json_array_size(fixes) < WHOLE_COMMITS)
                json_array_append_new(fixes, commit_json(k, c));
        }
    }
    for (size_t g = 0; g < k->w->fixes.n_groups; g++) {
        const struct fix_found *f = &k->w->fixes.groups[g];
        add_equivalents(k, f->equivalents, f->n_equivalents, fixes);
        add_equivalents(k, f->reverts, f->n_reverts, reverts);
    }
    json_object_set_new(k->to, "fixes", fixes);
    json_object_set_new(k->to, "reverts", reverts);
}

/* ---- Lanes ---- */

static void put_series(const struct whole *k, json_t *lanes)
{
    for (size_t s = 0; s < k->h->order->n_series; s++) {
        const struct series *v = &k->h->order->series[s];
        json_t *tags = json_array(), *o;
        for (size_t t = v->first; t < v->first + v->n; t++)
            if (tagset_has(&k->q->counts, t))
                json_array_append_new(tags, json_str(k->h->tags[t].name));
        if (json_array_size(tags) == 0) {
            json_decref(tags);
            continue;
        }
        o = json_object();
        json_put_str(o, "name", v->name);
        json_object_set_new(o, "releases", tags);
        json_array_append_new(lanes, o);
    }
}

static bool group_in(const struct whole *k, size_t g, uint32_t tip)
{
    for (size_t i = 0; i < k->q->groups[g].n; i++) {
        uint32_t c = k->q->groups[g].revs[i].commit;
        if (c != GRAPH_NONE && graph_contains(k->h->graph, c, tip))
            return true;
    }
    const struct fix_found *f = &k->w->fixes.groups[g];
    for (size_t i = 0; g < k->w->fixes.n_groups && i < f->n_equivalents; i++)
        if (counts(&f->equivalents[i]) &&
            graph_contains(k->h->graph, f->equivalents[i].commit, tip))
            return true;
    return false;
}

/* By the fix, else as the newest release that the branch holds. */
static enum aff_status tip_status(const struct whole *k, uint32_t tip)
{
    bool all = k->q->n_groups > 0;
    for (size_t g = 0; g < k->q->n_groups; g++)
        all = all && group_in(k, g, tip);
    if (all)
        return AFF_FIXED;
    for (size_t t = k->h->n_tags; t > 0; t--) {
        const struct release *r = &k->h->tags[t - 1];
        if (tagset_has(&k->q->counts, t - 1) && r->commit != GRAPH_NONE &&
            graph_contains(k->h->graph, r->commit, tip))
            return k->w->tags[t - 1].status == AFF_FIXED ? AFF_UNKNOWN : k->w->tags[t - 1].status;
    }
    return AFF_UNKNOWN;
}

/* Holds a fix or a copy that is in no release. */
static bool holds_more(const struct whole *k, uint32_t tip)
{
    struct str lane;
    for (size_t g = 0; g < k->w->fixes.n_groups; g++) {
        const struct fix_found *f = &k->w->fixes.groups[g];
        for (size_t i = 0; i < f->n_equivalents; i++)
            if (counts(&f->equivalents[i]) && !lane_of(k, f->equivalents[i].commit, &lane) &&
                graph_contains(k->h->graph, f->equivalents[i].commit, tip))
                return true;
    }
    return false;
}

static bool wanted(const struct whole *k, const struct whole_options *o, struct str name,
                   uint32_t tip)
{
    for (size_t i = 0; i < o->n_branches; i++)
        if (str_eq(o->branches[i], name))
            return true;
    return o->n_branches == 0 && holds_more(k, tip);
}

/* Commits that no release holds are on a branch's lane. */
static void put_on_branch(const struct whole *k, struct str branch, uint32_t tip)
{
    static const char *const lists[] = {"fixes", "introduced", "reverts"};
    for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
        size_t i;
        json_t *o;
        json_array_foreach(json_object_get(k->to, lists[l]), i, o)
        {
            struct str hex = STR_NONE;
            if (json_object_get(o, "lane") || json_get_str(o, "commit", 64, &hex, NULL) != RC_OK)
                continue;
            uint32_t c = graph_find_hex(k->h->graph, hex);
            if (c != GRAPH_NONE && graph_contains(k->h->graph, c, tip))
                json_put_str(o, "lane", branch);
        }
    }
}

static enum rc put_lanes(const struct whole *k, const struct whole_options *opt, struct err *e)
{
    json_t *lanes = json_array();
    struct git_ref *refs;
    size_t n, made = 0;
    json_object_set_new(k->to, "lanes", lanes);
    put_series(k, lanes);
    TRY(git_branches(k->h->git, k->a, &refs, &n, e));
    for (size_t i = 0; i < n && i < BRANCHES_AT && made < WHOLE_BRANCHES; i++) {
        uint32_t tip = graph_find_hex(k->h->graph, refs[i].commit);
        if (tip == GRAPH_NONE || !wanted(k, opt, refs[i].name, tip))
            continue;
        json_t *o = json_object(), *t = json_object();
        json_put_str(o, "name", refs[i].name);
        json_object_set_new(o, "releases", json_array());
        put_commit(k, t, "commit", tip);
        json_put_time(t, "date", graph_date_s(k->h->graph, tip) * US_PER_S);
        json_put_str(t, "status", str_c(aff_status_name(tip_status(k, tip))));
        json_object_set_new(o, "tip", t);
        json_array_append_new(lanes, o);
        put_on_branch(k, refs[i].name, tip);
        made++;
    }
    return RC_OK;
}

/* ---- The rest ---- */

static json_t *tags_json(const struct whole *k, const struct tagset *s)
{
    json_t *list = json_array();
    for (size_t t = tagset_next(s, 0); t < s->n; t = tagset_next(s, t + 1))
        if (tagset_has(&k->q->counts, t))
            json_array_append_new(list, json_str(k->h->tags[t].name));
    return list;
}

static void put_candidates(const struct whole *k)
{
    json_t *list = json_array();
    for (size_t i = 0; i < k->w->n_candidates; i++) {
        const struct candidate *c = &k->w->candidates[i], *first = &k->w->candidates[0];
        json_t *o = json_object(), *why = json_array();
        struct tagset more = tagset_copy(k->a, &c->affected);
        struct tagset less = tagset_copy(k->a, &first->affected);
        tagset_andnot(&more, &first->affected);
        tagset_andnot(&less, &c->affected);
        tagset_or(&more, &less);
        for (size_t n = 0; n < c->n_why; n++)
            json_array_append_new(why, evidence_json(k->h, &c->why[n], "of"));
        json_object_set_new(o, "affected", tags_json(k, &c->affected));
        json_object_set_new(o, "differs", tags_json(k, &more));
        json_object_set_new(o, "why", why);
        json_object_set_new(o, "score", json_real((double)(int64_t)(c->score * 1e4 + 0.5) / 1e4));
        json_array_append_new(list, o);
    }
    json_object_set_new(k->to, "candidates", list);
}

static json_t *revisions_json(const struct revision *r, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_str(str_c(r[i].hex)));
    return list;
}

static void put_question(const struct whole *k)
{
    json_t *o = json_object(), *fix = json_array(), *at = json_array();
    for (size_t g = 0; g < k->q->n_groups; g++)
        json_array_append_new(fix, revisions_json(k->q->groups[g].revs, k->q->groups[g].n));
    for (size_t i = 0; i < k->q->n_at; i++) {
        const struct place *p = &k->q->at[i];
        json_array_append_new(
            at, json_str(arena_strf(k->a, "%.*s:%u-%u", STR_ARG(p->path), p->from, p->to)));
    }
    json_object_set_new(o, "fix", fix);
    json_object_set_new(o, "introduced", revisions_json(k->q->introduced, k->q->n_introduced));
    json_object_set_new(o, "at", at);
    json_object_set_new(k->to, "question", o);
}

static void put_missing(const struct whole *k)
{
    json_t *missing = json_array(), *notes = json_array();
    struct str rest = k->h->note, line;
    for (size_t t = tagset_next(&k->w->unknown, 0);
         t < k->h->n_tags && json_array_size(missing) < WHOLE_MISSING;
         t = tagset_next(&k->w->unknown, t + 1)) {
        struct str what = history_missing(k->h, t);
        if (what.n)
            json_array_append_new(missing,
                                  json_str(arena_strf(k->a, "%.*s: %.*s",
                                                      STR_ARG(k->h->tags[t].name), STR_ARG(what))));
    }
    while (str_line(&rest, &line))
        json_array_append_new(notes, json_str(line));
    json_object_set_new(k->to, "missing", missing);
    json_object_set_new(k->to, "notes", notes);
}

enum rc affected_json(struct history *h, const struct question *q, const struct answer *w,
                      struct arena *a, const struct whole_options *o, json_t **ret_j, struct err *e)
{
    AUTO(json) json_t *j = json_object();
    struct whole k = {h, q, w, a, j};
    put_question(&k);
    put_releases(&k);
    put_introduced(&k);
    put_fixes(&k);
    TRY(put_lanes(&k, o, e));
    put_candidates(&k);
    put_missing(&k);
    TRY(formats_put(h, q, w, a, j, e));
    TRY(arena_ok(a, "the answer", e));
    *ret_j = TAKE(j);
    return RC_OK;
}

/* ---- The job ---- */

static bool status_parse(const char *s, enum aff_status *ret)
{
    for (int i = AFF_AFFECTED; i <= AFF_UNKNOWN; i++) {
        if (s && strcmp(s, aff_status_name((enum aff_status)i)) == 0) {
            *ret = (enum aff_status)i;
            return true;
        }
    }
    return false;
}

struct decisions {
    struct history *h;
    struct answer *w;
    struct tag_answer *tags;
};

/* In the sets as in the tags. */
static void set_status(const struct decisions *k, size_t t, enum aff_status s, const char *rule,
                       const char *why)
{
    struct tagset *const sets[] = {
        [AFF_AFFECTED] = &k->w->affected,
        [AFF_FIXED] = &k->w->fixed,
        [AFF_NOT_AFFECTED] = &k->w->not_affected,
        [AFF_UNKNOWN] = &k->w->unknown,
    };
    for (size_t i = 0; i < ARRAY_LEN(sets); i++)
        tagset_unset(sets[i], t);
    tagset_set(sets[s], t);
    k->tags[t].status = s;
    k->tags[t].confidence = "exact";
    k->tags[t].why = EVIDENCE_NONE;
    k->tags[t].why.rule = rule;
    k->tags[t].why.why = str_c(why);
}

/* The candidate of these tags, NULL when there is none any more. */
static const struct candidate *chosen_one(const struct decisions *k, const struct tagset *chosen,
                                          const struct tagset *counts, struct arena *a)
{
    for (size_t i = 0; i < k->w->n_candidates; i++) {
        struct tagset mine = tagset_copy(a, &k->w->candidates[i].affected);
        tagset_and(&mine, counts);
        if (tagset_eq(&mine, chosen))
            return &k->w->candidates[i];
    }
    return NULL;
}

/* The commits that the chosen candidate names are where the flaw came from. */
static void take_origins(const struct decisions *k, const struct candidate *c, struct arena *a)
{
    struct origin *o = c ? arena_array(a, c->n_why + 1, sizeof *o) : NULL;
    size_t n = 0;
    for (size_t w = 0; o && w < c->n_why; w++) {
        uint32_t commit = c->why[w].commit;
        bool have = commit == GRAPH_NONE;
        for (size_t p = 0; p < n; p++)
            have = have || o[p].commit == commit;
        if (have)
            continue;
        o[n] = (struct origin){.commit = commit, .why = c->why[w].why, .confidence = "exact"};
        (void)graph_hex(k->h->graph, commit, o[n++].hex);
    }
    k->w->origins = o;
    k->w->n_origins = n;
}

/*
 * The chosen candidate is what is affected; where it agrees with the first one, the reason stays.
 * What was unknown for the first candidate only is not any more.
 */
static void choose(const struct decisions *k, const json_t *chosen, const struct tagset *counts,
                   struct arena *a)
{
    struct tagset in = tagset_new(a, k->h->n_tags);
    size_t i;
    json_t *v;
    json_array_foreach((json_t *)(uintptr_t)chosen, i, v)
    {
        size_t t = history_tag(k->h, str_c(json_string_value(v)));
        if (t < in.n)
            tagset_set(&in, t);
    }
    const struct candidate *c = chosen_one(k, &in, counts, a);
    take_origins(k, c, a);
    for (size_t t = tagset_next(counts, 0); t < in.n; t = tagset_next(counts, t + 1)) {
        enum aff_status s = k->tags[t].status;
        bool hidden = s == AFF_UNKNOWN &&
                      (k->h->tags[t].trouble.n > 0 || tagset_has(&k->w->fixes.unknown, t));
        if (tagset_has(&in, t) && s == AFF_AFFECTED)
            k->tags[t].confidence = "exact";
        else if (tagset_has(&in, t))
            set_status(k, t, AFF_AFFECTED, "chosen", "in the candidate that a person chose");
        else if (c && s != AFF_FIXED && !hidden && tagset_has(&c->unknown, t))
            set_status(k, t, AFF_UNKNOWN, "chosen", "unknown for the candidate that was chosen");
        else if (s == AFF_AFFECTED || (c && s == AFF_UNKNOWN && !hidden))
            set_status(k, t, AFF_NOT_AFFECTED, "chosen",
                       "not in the candidate that a person chose");
    }
}

/* A tag that is no more is nothing. */
static enum rc decide(struct history *h, const struct question *q, const json_t *in,
                      struct arena *a, struct answer *w, struct err *e)
{
    const char *tag;
    json_t *v, *decided = json_object_get(in, "decided"), *chosen = json_object_get(in, "chosen");
    struct decisions k = {h, w, arena_array(a, h->n_tags + 1, sizeof *k.tags)};
    if (k.tags == NULL)
        return err_set(e, RC_LIMIT, "the answer needs too much memory");
    if (h->n_tags)
        memcpy(k.tags, w->tags, h->n_tags * sizeof *k.tags);
    w->tags = k.tags;
    if (json_is_array(chosen))
        choose(&k, chosen, &q->counts, a);
    json_object_foreach(decided, tag, v)
    {
        enum aff_status s;
        size_t t = history_tag(h, str_c(tag));
        if (!status_parse(json_string_value(v), &s))
            return err_set(e, RC_INVALID, "a decision that is none");
        if (t < h->n_tags)
            set_status(&k, t, s, "decided", "a person decided");
    }
    return arena_ok(a, "the answer", e);
}

static void mark_decided(json_t *answer, const json_t *decided)
{
    size_t i;
    json_t *o;
    json_array_foreach(json_object_get(answer, "releases"), i, o)
    {
        const char *tag = json_string_value(json_object_get(o, "tag"));
        json_put_bool(o, "decided", tag && json_object_get(decided, tag) != NULL);
    }
}

static enum rc options(const struct engine_job *j, struct arena *a, struct history_options *ho,
                       struct whole_options *wo, struct err *e)
{
    struct str pattern = STR_NONE;
    json_t *list = NULL;
    TRY(json_get_str(j->args, "pattern", 1000, &pattern, e));
    TRY(json_get_array(j->args, "branches", WHOLE_BRANCHES, &list, e));
    struct str *names = arena_array(a, WHOLE_BRANCHES + 1, sizeof *names);
    for (size_t i = 0; names && i < json_array_size(list); i++)
        names[i] = str_c(json_string_value(json_array_get(list, i)));
    *wo = (struct whole_options){names, names ? json_array_size(list) : 0};
    *ho = (struct history_options){.scratch = arena_strf(a, "%s/tmp", j->scratch).p,
                                   .cache = arena_strf(a, "%s/cache", j->scratch).p,
                                   .pattern = pattern.n ? pattern.p : NULL,
                                   .progress = j->progress,
                                   .progress_arg = j->progress_arg};
    (void)!dir_remove(AT_FDCWD, ho->scratch, NULL); /* of a run that died */
    TRY(dir_make(AT_FDCWD, ho->scratch, 0700, e));
    return dir_make(AT_FDCWD, ho->cache, 0700, e);
}

enum rc engine_affected(const struct engine_job *j, json_t **ret_answer, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(JOB_MEMORY);
    AUTO(history) struct history *h = NULL;
    AUTO(json) json_t *in = NULL;
    AUTO(json) json_t *out = NULL;
    struct history_options ho;
    struct whole_options wo;
    struct question q;
    struct answer w;
    if (j->mirror == NULL)
        return err_set(e, RC_INVALID, "no repository is configured (project.repository)");
    TRY(json_parse(j->input, ENGINE_INPUT_MAX, "the question", &in, e));
    TRY(options(j, a, &ho, &wo, e));
    TRY(history_open(j->mirror, &ho, &h, e));
    TRY(question_of_json(h, json_object_get(in, "question"), a, &q, e));
    TRY(affected_answer(h, &q, a, &w, e));
    TRY(decide(h, &q, in, a, &w, e));
    TRY(affected_json(h, &q, &w, a, &wo, &out, e));
    mark_decided(out, json_object_get(in, "decided"));
    json_object_set(out, "nth", json_object_get(j->args, "nth"));
    *ret_answer = TAKE(out);
    return RC_OK;
}
