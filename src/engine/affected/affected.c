/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer, tag by tag.  Runs in the engine child and in commands; everything it rests on comes
 * from a stranger's repository.
 */
#include "engine/affected/affected.h"

#include <string.h>

const char *aff_status_name(enum aff_status s)
{
    static const char *const names[] = {"affected", "fixed", "not_affected", "unknown"};
    return names[s];
}

/* ---- Answering ---- */

/* Affected and unknown as the given introducing commits say. */
static enum rc by_graph(struct history *h, const struct question *q, struct arena *a,
                        struct answer *w, struct err *e)
{
    TRY(origins_find(h, q, a, &w->brought, e));
    struct tagset in = tagset_copy(a, &w->brought.in);
    w->affected = tagset_copy(a, &in);
    w->unknown = tagset_copy(a, &w->brought.hidden);
    w->origins = arena_array(a, q->n_introduced + 1, sizeof *w->origins);
    struct tagset undecided = tagset_copy(a, &w->fixes.unknown);
    TRY(arena_ok(a, "the answer", e));
    tagset_or(&in, &w->brought.hidden);
    tagset_and(&undecided, &in); /* where the flaw never was, the fix does not matter */
    tagset_or(&w->unknown, &undecided);
    for (size_t i = 0; i < q->n_introduced; i++) {
        struct origin *o = &w->origins[w->n_origins++];
        *o = (struct origin){
            .commit = q->introduced[i].commit, .why = STR("given"), .confidence = "exact"};
        memcpy(o->hex, q->introduced[i].hex, sizeof o->hex);
    }
    return RC_OK;
}

static enum rc by_candidates(struct history *h, const struct question *q, struct arena *a,
                             struct answer *w, struct err *e)
{
    TRY(candidates_find(h, q, &w->fixes, a, w->candidates, &w->n_candidates, e));
    w->affected = tagset_new(a, h->n_tags);
    w->unknown = tagset_copy(a, &w->fixes.unknown);
    TRY(arena_ok(a, "the answer", e));
    if (w->n_candidates == 0)
        return RC_OK;
    const struct candidate *c = &w->candidates[0];
    tagset_assign(&w->affected, &c->affected);
    tagset_or(&w->unknown, &c->unknown);
    w->origins = arena_array(a, c->n_why + 1, sizeof *w->origins);
    TRY(arena_ok(a, "the answer", e));
    for (size_t i = 0; i < c->n_why; i++) {
        if (c->why[i].commit == GRAPH_NONE)
            continue;
        struct origin *o = &w->origins[w->n_origins++];
        *o = (struct origin){.commit = c->why[i].commit,
                             .why = c->why[i].why.n ? c->why[i].why : str_c(c->why[i].rule),
                             .confidence = c->confidence};
        graph_hex(h->graph, o->commit, o->hex);
    }
    return RC_OK;
}

/* Four parts out of what is known, and the reason of each tag. */
static enum rc divide(struct history *h, const struct question *q, struct arena *a,
                      struct answer *w, struct err *e)
{
    w->fixed = tagset_copy(a, &w->fixes.fixed);
    w->not_affected = tagset_all(a, h->n_tags);
    TRY(arena_ok(a, "the answer", e));
    for (size_t t = 0; t < h->n_tags; t++)
        if (h->tags[t].commit == GRAPH_NONE) {
            tagset_set(&w->unknown, t);
            tagset_unset(&w->fixed, t);
        }
    tagset_andnot(&w->unknown, &w->fixed);
    tagset_andnot(&w->affected, &w->fixed);
    tagset_andnot(&w->affected, &w->unknown);
    tagset_andnot(&w->not_affected, &w->fixed);
    tagset_andnot(&w->not_affected, &w->affected);
    tagset_andnot(&w->not_affected, &w->unknown);
    return RC_OK;
}

static const char *confidence_of(const struct question *q, const struct answer *w)
{
    if (q->n_introduced > 0)
        return "exact";
    return w->n_candidates ? w->candidates[0].confidence : "low";
}

/* Why a tag is affected that holds none of the commits behind the candidate. */
static struct evidence without_commit(const struct candidate *c)
{
    struct evidence v = EVIDENCE_NONE;
    for (size_t i = 0; i < c->n_why; i++)
        if (c->why[i].commit != GRAPH_NONE) {
            v.rule = "content";
            v.path = c->why[i].path;
            v.why = STR("holds the lines, or follows a release that does, without the commit");
            return v;
        }
    return c->n_why ? c->why[0] : v;
}

static void explain_affected(struct history *h, const struct answer *w, size_t t,
                             struct tag_answer *ta)
{
    ta->status = AFF_AFFECTED;
    ta->why.rule = "since-the-beginning";
    if (w->brought.why) {
        ta->why = w->brought.why[t];
    } else {
        bool found = false;
        for (size_t i = 0; i < w->n_origins && !found; i++) {
            uint32_t c = w->origins[i].commit;
            if (c == GRAPH_NONE || !(history_reach(h, c)[t / 64] >> (t % 64) & 1))
                continue;
            ta->why.rule = "introduced";
            ta->why.commit = c;
            ta->why.why = w->origins[i].why;
            found = true;
        }
        if (!found && w->n_candidates > 0)
            ta->why = without_commit(&w->candidates[0]);
    }
    const struct evidence *fix = &w->fixes.why[t];
    if (strcmp(fix->rule, "reverted") == 0)
        ta->why = *fix;
    if (tagset_has(&w->fixes.part, t))
        ta->why.why = STR("holds a part of the fix only");
}

static void explain_not_affected(const struct answer *w, size_t t, struct tag_answer *ta)
{
    ta->status = AFF_NOT_AFFECTED;
    ta->why.rule = "not-there";
    ta->why.why = STR("holds no commit that brought the flaw");
    if (w->brought.why &&
        (tagset_has(&w->brought.reverted, t) || tagset_has(&w->brought.copies, t)))
        ta->why = w->brought.why[t];
}

/* A commit itself is certain, a copy as much as its weight says. */
static const char *fix_confidence(const struct fixes *f, const struct evidence *v)
{
    if (strcmp(v->rule, "graph") == 0)
        return "exact";
    for (size_t i = 0; i < f->n_groups; i++)
        for (size_t k = 0; k < f->groups[i].n_equivalents; k++) {
            const struct equivalent *q = &f->groups[i].equivalents[k];
            if (q->commit == v->commit)
                return q->weight >= 0.9 ? "high" : "medium";
        }
    return "medium";
}

static struct tag_answer explain(struct history *h, const struct question *q,
                                 const struct answer *w, size_t t)
{
    struct tag_answer ta = {.confidence = confidence_of(q, w), .why = EVIDENCE_NONE};
    if (tagset_has(&w->unknown, t)) {
        ta.status = AFF_UNKNOWN;
        ta.confidence = "low";
        ta.why = w->fixes.why[t];
        ta.why.rule = "missing";
        struct str hole = history_missing(h, t);
        if (hole.n)
            ta.why.why = hole;
    } else if (tagset_has(&w->fixed, t)) {
        ta.status = AFF_FIXED;
        ta.why = w->fixes.why[t];
        ta.confidence = fix_confidence(&w->fixes, &ta.why);
    } else if (tagset_has(&w->affected, t)) {
        explain_affected(h, w, t, &ta);
    } else {
        explain_not_affected(w, t, &ta);
    }
    if (tagset_has(&w->flagged, t))
        ta.confidence = "low";
    return ta;
}

static enum rc gather_flags(struct history *h, struct arena *a, struct answer *w, struct err *e)
{
    w->flagged = tagset_copy(a, &w->fixes.flagged);
    TRY(arena_ok(a, "the answer", e));
    if (w->brought.why)
        tagset_or(&w->flagged, &w->brought.copies);
    return RC_OK;
}

enum rc affected_prepare(struct history *h, struct err *e)
{
    const struct table *t;
    if (h->graph->n > 0)
        (void)history_reach(h, 0);
    return history_table(h, &t, e);
}

enum rc affected_answer(struct history *h, const struct question *q, struct arena *a,
                        struct answer *ret, struct err *e)
{
    struct answer w = {.n_origins = 0};
    TRY(fixes_find(h, q, a, &w.fixes, e));
    if (q->n_introduced > 0)
        TRY(by_graph(h, q, a, &w, e));
    else
        TRY(by_candidates(h, q, a, &w, e));
    TRY(divide(h, q, a, &w, e));
    TRY(gather_flags(h, a, &w, e));
    struct tag_answer *tags = arena_array(a, h->n_tags + 1, sizeof *tags);
    TRY(arena_ok(a, "the answer", e));
    for (size_t t = 0; t < h->n_tags; t++)
        tags[t] = explain(h, q, &w, t);
    w.tags = tags;
    tagset_and(&w.affected, &q->counts);
    tagset_and(&w.fixed, &q->counts);
    tagset_and(&w.not_affected, &q->counts);
    tagset_and(&w.unknown, &q->counts);
    *ret = w;
    return RC_OK;
}

/* ---- The object of a batch ---- */

static json_t *names(const struct history *h, const struct tagset *s, const struct tagset *within)
{
    json_t *a = json_array();
    for (size_t t = tagset_next(s, 0); t < s->n; t = tagset_next(s, t + 1))
        if (tagset_has(within, t))
            json_array_append_new(a, json_str(h->tags[t].name));
    return a;
}

json_t *evidence_json(const struct history *h, const struct evidence *v, const char *of)
{
    json_t *o = json_object();
    char hex[GIT_OID_HEX + 1];
    json_put_str(o, "rule", str_c(v->rule));
    if (v->commit != GRAPH_NONE)
        json_put_str(o, "commit", graph_hex(h->graph, v->commit, hex));
    if (v->of != GRAPH_NONE)
        json_put_str(o, of, graph_hex(h->graph, v->of, hex));
    if (v->why.n)
        json_put_str(o, "why", v->why);
    if (v->path.n)
        json_put_str(o, "path", v->path);
    if (v->line)
        json_put_int(o, "line", v->line);
    if (v->blob.n)
        json_put_str(o, "blob", v->blob);
    return o;
}

static json_t *origins_json(const struct answer *w)
{
    json_t *a = json_array();
    for (size_t i = 0; i < w->n_origins; i++) {
        json_t *o = json_object();
        json_put_str(o, "commit", str_c(w->origins[i].hex));
        json_put_str(o, "why", w->origins[i].why);
        json_put_str(o, "confidence", str_c(w->origins[i].confidence));
        json_array_append_new(a, o);
    }
    return a;
}

/* Four digits behind the point are enough to read. */
static double rounded(double score)
{
    return (double)(int64_t)(score * 1e4 + (score < 0 ? -0.5 : 0.5)) / 1e4;
}

static json_t *candidates_json(const struct history *h, const struct question *q,
                               const struct answer *w)
{
    json_t *a = json_array();
    for (size_t i = 0; i < w->n_candidates; i++) {
        const struct candidate *c = &w->candidates[i];
        json_t *o = json_object(), *why = json_array();
        for (size_t k = 0; k < c->n_why; k++)
            json_array_append_new(why, evidence_json(h, &c->why[k], "equivalent_of"));
        json_object_set_new(o, "affected", names(h, &c->affected, &q->counts));
        json_object_set_new(o, "why", why);
        json_object_set_new(o, "score", json_real(rounded(c->score)));
        json_array_append_new(a, o);
    }
    return a;
}

json_t *affected_short_json(const struct history *h, const struct question *q,
                            const struct answer *w)
{
    json_t *o = json_object(), *unknown = names(h, &w->unknown, &q->counts);
    for (size_t i = 0; i < q->n_strange; i++)
        json_array_append_new(unknown, json_str(q->strange[i]));
    json_object_set_new(o, "affected", names(h, &w->affected, &q->counts));
    json_object_set_new(o, "fixed", names(h, &w->fixed, &q->counts));
    json_object_set_new(o, "not_affected", names(h, &w->not_affected, &q->counts));
    json_object_set_new(o, "unknown", unknown);
    json_object_set_new(o, "introduced", origins_json(w));
    json_object_set_new(o, "candidates", candidates_json(h, q, w));
    return o;
}
