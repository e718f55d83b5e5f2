/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of an audit for machines and for whoever asks for evidence: JSON and CSV.
 * Runs in core.
 * Input: a view that was checked when it was read; its texts are a stranger's, so a field of CSV
 * never begins with what a spreadsheet takes for a formula.
 */
#include "base/when.h"
#include "desk/audit_inside.h"

/* ---- JSON ---- */

static void put_list(json_t *o, const char *key, const struct str *s, size_t n)
{
    json_t *l = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(l, json_str(s[i]));
    json_object_set_new(o, key, l);
}

/* Empty texts are left out. */
static void put(json_t *o, const char *key, struct str s)
{
    if (s.n)
        json_put_str(o, key, s);
}

static json_t *trees(const struct find_tree *t, size_t n)
{
    json_t *l = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *o = json_object();
        put(o, "repo", t[i].repo);
        json_put_str(o, "name", t[i].name);
        put(o, "commit", t[i].commit);
        json_array_append_new(l, o);
    }
    return l;
}

static json_t *hit(const struct view_audit_hit *v)
{
    json_t *o = json_object(), *hints = json_array();
    json_put_str(o, "key", v->key);
    put(o, "repo", v->h->repo);
    json_put_str(o, "path", v->h->path);
    json_put_int(o, "start", v->h->start);
    json_put_int(o, "end", v->h->end);
    json_put_int(o, "line", v->h->line);
    put(o, "function", v->h->function);
    json_object_set_new(o, "score", json_real(v->h->score));
    put_list(o, "branches", v->h->branches, v->h->n_branches);
    put_list(o, "matched", v->h->matched, v->h->n_matched);
    put_list(o, "missing", v->h->missing, v->h->n_missing);
    json_put_bool(o, "listed", v->listed);
    if (v->verdict != AUDIT_OPEN) {
        json_put_str(o, "verdict", str_c(audit_verdict_name(v->verdict)));
        put(o, "reason", v->reason);
        json_put_str(o, "decided_by", v->actor);
        json_put_time(o, "decided_at", v->at_us);
        put(o, "decided_where", v->was);
    }
    if (v->signer.n) {
        json_put_str(o, "signed_by", v->signer);
        json_put_time(o, "signed_at", v->signed_us);
        json_put_bool(o, "alone", v->alone);
    }
    for (size_t i = 0; i < v->n_hints; i++) {
        json_t *h = json_object();
        json_put_str(h, "case", v->hints[i].case_number);
        json_put_str(h, "verdict", str_c(audit_verdict_name(v->hints[i].verdict)));
        put(h, "reason", v->hints[i].reason);
        json_array_append_new(hints, h);
    }
    if (v->n_hints)
        json_object_set(o, "elsewhere", hints);
    json_decref(hints);
    return o;
}

static json_t *part(const struct view_audit_part *p)
{
    json_t *o = json_object();
    json_put_int(o, "part", p->part);
    json_put_str(o, "key", p->key);
    put(o, "repo", p->repo);
    json_put_str(o, "path", p->path);
    json_put_int(o, "line", p->line);
    put(o, "function", p->function);
    json_put_str(o, "state", str_c(p->state));
    put(o, "fix", p->fix);
    put(o, "affected_state", p->affected_state);
    put(o, "affected", p->affected_summary);
    put(o, "why_not", p->affected_failure);
    json_put_bool(o, "found", p->there);
    return o;
}

static json_t *run(const struct view_audit_run *r)
{
    json_t *o = json_object();
    json_put_int(o, "nth", r->nth);
    json_put_str(o, "state", r->state);
    json_put_str(o, "asked_by", r->asked_by);
    json_put_time(o, "asked_at", r->asked_us);
    json_put_time(o, "answered_at", r->answered_us);
    json_put_str(o, "cut", r->cut);
    put(o, "question", r->question);
    put(o, "why_not", r->failure);
    if (str_eq(r->state, STR("answered"))) {
        json_put_str(o, "searched", r->searched);
        json_put_int(o, "found", r->hits);
        json_put_int(o, "listed", r->listed);
        json_put_int(o, "not_searched", r->not_searched);
        json_object_set_new(o, "at", trees(r->trees, r->n_trees));
    }
    return o;
}

static json_t *signature(const struct view_audit_sign *s)
{
    json_t *o = json_object();
    json_put_int(o, "answer", s->nth);
    json_put_str(o, "signed_by", s->signer);
    json_put_time(o, "signed_at", s->at_us);
    json_put_str(o, "cut", s->cut);
    json_put_str(o, "digest", s->digest);
    json_put_bool(o, "alone", s->alone);
    for (int v = AUDIT_SAME_FLAW; v < AUDIT_VERDICTS; v++)
        json_put_int(o, audit_verdict_name((enum audit_verdict)v), s->count[v]);
    if (s->ended_us) {
        json_put_time(o, "ended_at", s->ended_us);
        put(o, "ended_why", s->ended_why);
    }
    return o;
}

static json_t *not_searched(const struct find_record *r)
{
    json_t *l = json_array();
    for (size_t i = 0; i < r->n_left; i++) {
        json_t *o = json_object();
        put(o, "repo", r->left[i].repo);
        put(o, "path", r->left[i].path);
        json_put_str(o, "why", r->left[i].why);
        json_array_append_new(l, o);
    }
    return l;
}

static json_t *dial(const struct view_audit *v)
{
    json_t *l = json_array();
    for (size_t i = 0; i < v->n_dial; i++) {
        json_t *o = json_object();
        json_put_str(o, "cut", v->dial[i].cut);
        json_object_set_new(o, "recall", json_real(v->dial[i].recall));
        json_object_set_new(o, "places", json_real(v->dial[i].places));
        json_put_int(o, "here", (int64_t)v->dial[i].here);
        json_array_append_new(l, o);
    }
    return l;
}

json_t *view_audit_json(const struct view_audit *v)
{
    json_t *j = json_object(), *hits = json_array(), *parts = json_array();
    json_t *runs = json_array(), *signs = json_array();
    json_put_str(j, "case", v->case_number);
    json_put_str(j, "state",
                 v->waits    ? STR("asked")
                 : v->failed ? STR("failed")
                 : v->has    ? STR("answered")
                             : STR("not asked"));
    json_put_str(j, "summary", v->summary);
    json_put_str(j, "why_not", v->failure);
    json_put_str(j, "progress", v->progress);
    json_put_int(j, "answer", v->nth);
    json_put_str(j, "cut", v->cut);
    json_put_str(j, "digest", str_c(v->digest));
    json_put_bool(j, "signed_off", v->signed_off);
    json_object_set_new(j, "at", trees(v->r.trees, v->r.n_trees));
    for (size_t i = 0; i < v->n_hits; i++)
        json_array_append_new(hits, hit(&v->hits[i]));
    for (size_t i = 0; i < v->n_parts; i++)
        json_array_append_new(parts, part(&v->parts[i]));
    for (size_t i = 0; i < v->n_runs; i++)
        json_array_append_new(runs, run(&v->runs[i]));
    for (size_t i = 0; i < v->n_signs; i++)
        json_array_append_new(signs, signature(&v->signs[i]));
    json_object_set_new(j, "hits", hits);
    json_object_set_new(j, "joined", parts);
    json_object_set_new(j, "dial", dial(v));
    put_list(j, "notes", v->r.notes, v->r.n_notes);
    json_object_set_new(j, "not_searched", not_searched(&v->r));
    json_put_int(j, "not_searched_more", v->r.left_more);
    json_object_set_new(j, "runs", runs);
    json_object_set_new(j, "signatures", signs);
    return j;
}

/* ---- CSV ---- */

/* RFC 4180; always quoted. */
static void field(struct buf *b, struct str s, const char *end)
{
    buf_addc(b, '"');
    if (s.n && str_chr(STR("=+-@\t"), s.p[0]) != STR_NPOS)
        buf_addc(b, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            buf_addc(b, '"');
        buf_addc(b, s.p[i]);
    }
    buf_addc(b, '"');
    buf_adds(b, end);
}

static void number(struct buf *b, int64_t n, const char *end)
{
    buf_addf(b, "%lld%s", (long long)n, end);
}

static void when(struct buf *b, int64_t at_us, const char *end)
{
    AUTO(buf) struct buf text = BUF_INIT(WHEN_TEXT_MAX);
    if (at_us)
        when_rfc3339(&text, at_us);
    field(b, buf_str(&text), end);
}

static void list(struct buf *b, const struct str *s, size_t n, const char *end)
{
    AUTO(buf) struct buf all = BUF_INIT(64 * 1024);
    for (size_t i = 0; i < n; i++) {
        buf_adds(&all, i ? " " : "");
        buf_add(&all, s[i]);
    }
    field(b, buf_str(&all), end);
}

static void csv_hits(const struct view_audit *v, struct buf *b)
{
    buf_adds(b, "\"case\",\"repository\",\"path\",\"line\",\"function\",\"branches\",\"score\","
                "\"listed\",\"verdict\",\"reason\",\"decided by\",\"decided at\",\"signed by\","
                "\"signed at\",\"key\"\r\n");
    for (size_t i = 0; i < v->n_hits; i++) {
        const struct view_audit_hit *h = &v->hits[i];
        field(b, v->case_number, ",");
        field(b, h->h->repo, ",");
        field(b, h->h->path, ",");
        number(b, h->h->line, ",");
        field(b, h->h->function, ",");
        list(b, h->h->branches, h->h->n_branches, ",");
        buf_addf(b, "%.3f,%s,", h->h->score, h->listed ? "yes" : "no");
        field(b, str_c(audit_verdict_words(h->verdict)), ",");
        field(b, h->reason, ",");
        field(b, h->actor, ",");
        when(b, h->at_us, ",");
        field(b, h->signer, ",");
        when(b, h->signed_us, ",");
        field(b, h->key, "\r\n");
    }
}

static void csv_runs(const struct view_audit *v, struct buf *b)
{
    buf_adds(b, "\r\n\"search\",\"state\",\"asked by\",\"asked at\",\"answered at\",\"question\","
                "\"cut\",\"searched\",\"found\",\"listed\",\"not searched\",\"at\"\r\n");
    for (size_t i = 0; i < v->n_runs; i++) {
        const struct view_audit_run *r = &v->runs[i];
        number(b, r->nth, ",");
        field(b, r->state, ",");
        field(b, r->asked_by, ",");
        when(b, r->asked_us, ",");
        when(b, r->answered_us, ",");
        field(b, r->question, ",");
        field(b, r->cut, ",");
        field(b, r->searched, ",");
        number(b, r->hits, ",");
        number(b, r->listed, ",");
        number(b, r->not_searched, ",");
        AUTO(buf) struct buf at = BUF_INIT(256 * 1024);
        for (size_t t = 0; t < r->n_trees; t++)
            buf_addf(&at, "%s%.*s%s%.*s %.*s", t ? "; " : "", STR_ARG(r->trees[t].repo),
                     r->trees[t].repo.n ? ": " : "", STR_ARG(r->trees[t].name),
                     STR_ARG(r->trees[t].commit));
        field(b, buf_str(&at), "\r\n");
    }
}

static void csv_signs(const struct view_audit *v, struct buf *b)
{
    buf_adds(b, "\r\n\"signed by\",\"signed at\",\"of search\",\"cut\",\"same flaw\",\"safe\","
                "\"alone\",\"digest\",\"ended at\",\"ended because\"\r\n");
    for (size_t i = 0; i < v->n_signs; i++) {
        const struct view_audit_sign *s = &v->signs[i];
        field(b, s->signer, ",");
        when(b, s->at_us, ",");
        number(b, s->nth, ",");
        field(b, s->cut, ",");
        number(b, s->count[AUDIT_SAME_FLAW], ",");
        number(b, s->count[AUDIT_SAFE], ",");
        field(b, s->alone ? STR("yes") : STR("no"), ",");
        field(b, s->digest, ",");
        when(b, s->ended_us, ",");
        field(b, s->ended_why, "\r\n");
    }
    buf_adds(b, "\r\n\"not searched\",\"path\",\"why\"\r\n");
    for (size_t i = 0; i < v->r.n_left; i++) {
        field(b, v->r.left[i].repo, ",");
        field(b, v->r.left[i].path, ",");
        field(b, v->r.left[i].why, "\r\n");
    }
}

void view_audit_csv(const struct view_audit *v, struct buf *b)
{
    csv_hits(v, b);
    csv_runs(v, b);
    csv_signs(v, b);
}
