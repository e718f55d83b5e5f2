/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The affected versions of a case, as they are shown and as an advisory takes them over.
 * Runs in core.
 * Input: answers of the engine that were checked when they came, and are checked again when read.
 */
#include "base/utf8.h"
#include "desk/affected_inside.h"
#include "publish/advisory.h"

#define ANSWER_MAX   (16u << 20)
#define QUESTION_MAX (64 * 1024)
#define FORMAT_MAX   (512 * 1024)
#define INLINE_MAX   40 /* releases whose table is on the page itself (web/page_affected.h) */
#define SUMMARY_MOST 3  /* ranges that are told in a line */

/* ---- in a line ---- */

void affected_summary(const struct record *r, struct buf *b)
{
    size_t n = r->count[REC_AFFECTED];
    for (size_t i = 0; i < r->n_ranges && i < SUMMARY_MOST; i++) {
        const struct rec_range *g = &r->ranges[i];
        buf_adds(b, i ? "; " : "");
        buf_add(b, g->from);
        if (!str_eq(g->from, g->to)) {
            buf_adds(b, " to ");
            buf_add(b, g->to);
        }
        if (g->fixed.n)
            buf_addf(b, ", fixed in %.*s", STR_ARG(g->fixed));
    }
    if (r->n_ranges > SUMMARY_MOST)
        buf_addf(b, "; and %zu more ranges", r->n_ranges - SUMMARY_MOST);
    if (n == 0)
        buf_adds(b, "no release is affected");
    else
        buf_addf(b, " (%zu release%s)", n, n == 1 ? "" : "s");
    if (r->count[REC_UNKNOWN])
        buf_addf(b, ", %zu unknown", r->count[REC_UNKNOWN]);
}

enum rc view_affected_line(struct desk *d, struct arena *a, int64_t case_id, struct str *ret_state,
                           struct str *ret_summary, struct err *e)
{
    struct affected_row r;
    *ret_state = *ret_summary = STR_NONE;
    enum rc rc = affected_row_of(d, a, (struct affected_key){case_id, 0}, true, &r, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    *ret_state = r.state;
    *ret_summary = r.summary;
    return RC_OK;
}

/* ---- what people decided ---- */

/* Which candidate the chosen tags are. */
static int64_t chosen_of(const struct record *r, const bool *in, size_t n_in)
{
    for (size_t i = 0; i < r->n_candidates; i++) {
        const struct rec_candidate *c = &r->candidates[i];
        bool same = c->n_affected == n_in;
        for (size_t k = 0; same && k < c->n_affected; k++)
            same = in[c->affected[k]];
        if (same)
            return (int64_t)i + 1;
    }
    return 0;
}

static enum rc lay_choice(struct arena *a, const struct affected_row *row, bool current,
                          struct record *r, int64_t *ret_chosen, struct err *e)
{
    AUTO(json) json_t *tags = NULL;
    bool *in = arena_array(a, r->n_releases + 1, sizeof *in);
    size_t n = 0, i;
    json_t *v;
    TRY(json_parse(row->chosen, ANSWER_MAX, "the choice", &tags, e));
    TRY(arena_ok(a, "the choice", e));
    json_array_foreach(tags, i, v)
    {
        size_t t = record_tag(r, str_c(json_string_value(v)));
        if (t == r->n_releases || in[t])
            continue;
        in[t] = true;
        n++;
    }
    *ret_chosen = chosen_of(r, in, n);
    for (size_t t = 0; !current && t < r->n_releases; t++) {
        bool is = r->releases[t].status == REC_AFFECTED;
        if (in[t] != is && (in[t] || is))
            record_decide(r, t, in[t] ? REC_AFFECTED : REC_NOT_AFFECTED);
    }
    return RC_OK;
}

enum rc affected_overlay(struct desk *d, struct arena *a, const struct affected_row *row,
                         struct record *r, int64_t *ret_chosen, struct err *e)
{
    struct affected_tag_row *t;
    size_t n;
    bool current = row->answer_nth == row->nth;
    *ret_chosen = 0;
    if (row->chosen.n)
        TRY(lay_choice(a, row, current, r, ret_chosen, e));
    TRY(ops_affected_tags(d->db, a, row, &t, &n, e));
    for (size_t i = 0; !current && i < n; i++) {
        enum rec_status s;
        size_t at = record_tag(r, t[i].tag);
        if (at < r->n_releases && rec_status_parse(t[i].status, &s))
            record_decide(r, at, s);
    }
    return RC_OK;
}

/* ---- the page ---- */

static void put_list(const json_t *list, const char *between, struct buf *b)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *v = json_array_get(list, i);
        buf_adds(b, i ? between : "");
        if (json_is_array(v))
            put_list(v, " ", b);
        else
            buf_add(b, str_of(json_string_value(v), json_string_length(v)));
    }
}

static enum rc question_view(struct arena *a, const struct affected_row *row,
                             struct view_affected *v, struct err *e)
{
    AUTO(json) json_t *j = NULL;
    const struct {
        const char *key, *between;
        struct str *to;
    } fields[] = {
        {"fix", "\n", &v->fix}, {"introduced", "\n", &v->introduced}, {"at", "\n", &v->at}};
    TRY(json_parse(row->question, QUESTION_MAX, "the question", &j, e));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        AUTO(buf) struct buf b = BUF_INIT(QUESTION_MAX);
        put_list(json_object_get(j, fields[i].key), fields[i].between, &b);
        *fields[i].to = arena_str(a, buf_str(&b));
    }
    return RC_OK;
}

static enum rc decisions_view(struct desk *d, struct arena *a, const struct affected_row *row,
                              struct view_affected *v, struct err *e)
{
    struct affected_tag_row *t;
    size_t n;
    TRY(ops_affected_tags(d->db, a, row, &t, &n, e));
    v->decisions = arena_array(a, n + 1, sizeof *v->decisions);
    TRY(arena_ok(a, "the decisions", e));
    for (size_t i = 0; i < n; i++)
        v->decisions[i] =
            (struct view_decision){t[i].tag, t[i].status, t[i].reason, t[i].actor, t[i].at_us};
    v->n_decisions = n;
    return RC_OK;
}

static enum rc formatted(struct arena *a, const json_t *j, struct str *ret, struct err *e)
{
    *ret = STR_NONE;
    if (j == NULL || json_is_null(j))
        return RC_OK;
    char *text = json_dumps(j, JSON_INDENT(2) | JSON_ENCODE_ANY);
    struct str s = str_c(text);
    *ret = s.n <= FORMAT_MAX ? arena_str(a, s) : STR("too long to be shown here");
    free(text);
    return arena_ok(a, "the formats", e);
}

static enum rc answer_view(struct desk *d, struct arena *a, const struct affected_row *row,
                           struct view_affected *v, struct err *e)
{
    json_t *j = NULL;
    AUTO(buf) struct buf svg = BUF_INIT(MAP_MAX);
    struct map_options o = {.standalone = false};
    size_t n = 0;
    TRY(json_parse(row->answer, ANSWER_MAX, "the answer", &j, e));
    v->json = j; /* the record borrows from it */
    TRY(record_read(j, a, &v->r, e));
    TRY(affected_overlay(d, a, row, &v->r, &v->chosen, e));
    for (size_t s = 0; s < REC_STATUSES; s++)
        n += v->r.count[s];
    struct str apart = arena_strf(a, "/case/%.*s/affected/releases#r-", STR_ARG(row->case_number));
    o.link = n <= INLINE_MAX ? "#r-" : apart.p;
    TRY(map_draw(&v->r, &o, a, &svg, e));
    TRY(map_runs(&v->r, a, &v->runs, &v->n_runs, e));
    v->svg = arena_str(a, buf_str(&svg));
    TRY(formatted(a, v->r.osv, &v->osv, e));
    TRY(formatted(a, v->r.cve, &v->cve, e));
    v->has = true;
    return RC_OK;
}

enum rc view_affected(struct desk *d, const struct actor *who, struct arena *a,
                      struct affected_key of, struct view_affected *ret, struct err *e)
{
    AUTO(view_affected)
    struct view_affected v = {.case_id = of.case_id, .part = of.part, .now_us = desk_now(d)};
    struct case_row c;
    struct affected_row row;
    TRY(actor_needs_team(who, e));
    TRY(ops_case_get(d->db, a, of.case_id, &c, e));
    v.case_number = c.number;
    v.case_title = c.title;
    v.closed = c.closed_us != 0 || c.joined_into != 0;
    v.repository = d->set->project.repository.n > 0;
    enum rc rc = affected_row_of(d, a, of, false, &row, e);
    if (rc != RC_OK && rc != RC_NOTFOUND)
        return rc;
    if (rc == RC_OK) {
        v.nth = row.answer_nth;
        v.asked = true;
        v.waits = str_eq(row.state, STR("asked"));
        v.failed = str_eq(row.state, STR("failed"));
        v.asked_us = row.asked_us;
        v.answered_us = row.answered_us;
        v.chosen_us = row.chosen_us;
        v.chosen_by = row.chosen_by;
        v.progress = row.progress;
        v.failure = row.failure;
        v.summary = row.summary;
        TRY(question_view(a, &row, &v, e));
        TRY(decisions_view(d, a, &row, &v, e));
        if (row.answer.n)
            TRY(answer_view(d, a, &row, &v, e));
        v.may_keep = v.has && of.part == 0 && row.answer_nth == row.nth && !v.closed &&
                     (v.r.n_candidates == 0 || row.chosen.n > 0);
    }
    TRY(arena_ok(a, "the affected versions", e));
    *ret = v;
    v.json = NULL;
    return RC_OK;
}

void view_affected_auto(struct view_affected *v)
{
    json_decref(v->json);
    v->json = NULL;
}

json_t *view_affected_json(const struct view_affected *v)
{
    json_t *j = json_object(), *releases = json_array(), *decisions = json_array();
    json_put_str(j, "state",
                 v->waits    ? STR("asked")
                 : v->failed ? STR("failed")
                 : v->has    ? STR("answered")
                             : STR("not asked"));
    json_put_str(j, "summary", v->summary);
    json_put_str(j, "why_not", v->failure);
    json_put_str(j, "progress", v->progress);
    json_put_int(j, "answer", v->nth);
    json_put_int(j, "chosen", v->chosen);
    for (size_t i = 0; i < v->r.n_releases; i++) {
        const struct rec_release *r = &v->r.releases[i];
        json_t *o = json_object();
        if (!r->counts) {
            json_decref(o);
            continue;
        }
        json_put_str(o, "tag", r->tag);
        json_put_str(o, "status", str_c(rec_status_name(r->status)));
        json_put_str(o, "rule", r->rule);
        json_put_str(o, "why", r->why);
        json_put_bool(o, "decided", r->decided);
        json_put_bool(o, "flagged", r->flagged);
        json_array_append_new(releases, o);
    }
    for (size_t i = 0; i < v->n_decisions; i++) {
        json_t *o = json_object();
        json_put_str(o, "tag", v->decisions[i].tag);
        json_put_str(o, "status", v->decisions[i].status);
        json_put_str(o, "reason", v->decisions[i].reason);
        json_array_append_new(decisions, o);
    }
    json_object_set_new(j, "releases", releases);
    json_object_set_new(j, "decisions", decisions);
    static const char *const same[] = {"candidates", "ranges", "advisory", "osv",
                                       "cve",        "vers",   "fixes",    "introduced"};
    for (size_t i = 0; i < ARRAY_LEN(same); i++)
        if (json_object_get(v->json, same[i]))
            json_object_set(j, same[i], json_object_get(v->json, same[i]));
    return j;
}

/* ---- the fact on the case ---- */

static void fact_of(const struct view_affected *v, struct buf *b)
{
    for (size_t i = 0; i < v->r.n_lines; i++) {
        buf_adds(b, i ? "; " : "");
        buf_add(b, v->r.lines[i]);
    }
    if (b->n == 0 || b->over) {
        buf_reset(b);
        buf_add(b, utf8_clip(v->summary, FACT_TEXT_MAX));
    }
}

enum rc affected_keep(struct desk *d, const struct actor *who, int64_t case_id, struct err *e)
{
    AUTO(arena) struct arena *a = arena_new(REC_ARENA);
    AUTO(view_affected) struct view_affected v = {.nth = 0};
    AUTO(buf) struct buf text = BUF_INIT(FACT_TEXT_MAX);
    TRY(view_affected(d, who, a, (struct affected_key){case_id, 0}, &v, e));
    if (!v.may_keep)
        return err_set(e, RC_CONFLICT,
                       "wait for the answer, and choose between the candidates first");
    fact_of(&v, &text);
    AUTO(json) json_t *value = json_str(buf_str(&text));
    return vcase_fact(d, who, case_id, FACT_SCOPED, value,
                      v.chosen_us ? STR("from the history, by the chosen candidate")
                                  : STR("from the history"),
                      e);
}

/* ---- advisories ---- */

/* The answer to the newest question; RC_NOTFOUND: there is none. */
static enum rc newest(struct desk *d, struct arena *a, int64_t case_id, json_t **ret_j,
                      struct record *ret, struct err *e)
{
    AUTO(json) json_t *j = NULL;
    struct affected_row row;
    TRY(affected_row_of(d, a, (struct affected_key){case_id, 0}, false, &row, e));
    if (row.answer.n == 0 || row.answer_nth != row.nth)
        return err_set(e, RC_NOTFOUND, "the affected versions are not known yet");
    TRY(json_parse(row.answer, ANSWER_MAX, "the answer", &j, e));
    TRY(record_read(j, a, ret, e));
    *ret_j = TAKE(j);
    return RC_OK;
}

static bool has_line(const struct buf *b, struct str line)
{
    struct str rest = buf_str(b), one;
    while (str_line(&rest, &one))
        if (str_eq(one, line))
            return true;
    return false;
}

enum rc affected_versions(struct desk *d, struct arena *a, int64_t case_id, struct buf *affected,
                          struct buf *fixed, struct err *e)
{
    AUTO(json) json_t *j = NULL;
    struct record r;
    struct adv_range range;
    enum rc rc = newest(d, a, case_id, &j, &r, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    /* A version that an advisory cannot write is left to the person. */
    for (size_t i = 0; i < r.n_lines && i < ADV_LIST_MAX; i++)
        if (adv_range_parse(r.lines[i], &range, NULL) == RC_OK)
            buf_addf(affected, "%.*s\n", STR_ARG(r.lines[i]));
    for (size_t i = 0; i < r.n_ranges && i < ADV_LIST_MAX; i++)
        if (r.ranges[i].fixed.n && !has_line(fixed, r.ranges[i].fixed))
            buf_addf(fixed, "%.*s\n", STR_ARG(r.ranges[i].fixed));
    return RC_OK;
}

/* Only these of each entry of these lists. */
static json_t *only(const json_t *from, const char *const *keys)
{
    json_t *to = json_array(), *v;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)from, i, v)
    {
        json_t *o = json_object();
        for (const char *const *k = keys; *k; k++)
            if (json_object_get(v, *k))
                json_object_set(o, *k, json_object_get(v, *k));
        json_array_append_new(to, o);
    }
    return to;
}

enum rc affected_picture(struct desk *d, struct arena *a, int64_t case_id, struct str *ret,
                         struct err *e)
{
    static const char *const release[] = {"tag", "date", "series", "counts", "status", NULL};
    static const char *const commit[] = {"commit", "of", "date", "subject", "lane", NULL};
    static const char *const lane[] = {"name", "releases", "tip", NULL};
    AUTO(json) json_t *j = NULL;
    AUTO(json) json_t *out = json_object();
    AUTO(buf) struct buf b = BUF_INIT(AFFECTED_PICTURE);
    struct record r;
    *ret = STR_NONE;
    enum rc rc = newest(d, a, case_id, &j, &r, e);
    if (rc == RC_NOTFOUND)
        return RC_OK;
    TRY(rc);
    json_object_set_new(out, "releases", only(json_object_get(j, "releases"), release));
    json_object_set_new(out, "lanes", only(json_object_get(j, "lanes"), lane));
    json_object_set_new(out, "introduced", only(json_object_get(j, "introduced"), commit));
    json_object_set_new(out, "fixes", only(json_object_get(j, "fixes"), commit));
    if (json_write(&b, out, e) == RC_OK && !b.over)
        *ret = arena_str(a, buf_str(&b)); /* a history too large for it has no picture */
    return arena_ok(a, "the picture", e);
}

enum rc view_picture(struct arena *a, struct str picture, struct view_picture *ret, struct err *e)
{
    AUTO(json) json_t *j = NULL;
    AUTO(buf) struct buf svg = BUF_INIT(MAP_MAX);
    static const struct map_options o = {.standalone = false};
    struct view_picture p = {.svg = STR_NONE};
    if (picture.n == 0) {
        *ret = p;
        return RC_OK;
    }
    TRY(json_parse(picture, AFFECTED_PICTURE, "the picture", &j, e));
    TRY(record_read(j, a, &p.r, e));
    TRY(map_draw(&p.r, &o, a, &svg, e));
    TRY(map_runs(&p.r, a, &p.runs, &p.n_runs, e));
    p.svg = arena_str(a, buf_str(&svg));
    p.json = TAKE(j);
    *ret = p;
    return arena_ok(a, "the picture", e);
}

void view_picture_auto(struct view_picture *p)
{
    json_decref(p->json);
    p->json = NULL;
}
