/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer read back.  Runs in core and in the command; the JSON is a child's that worked on a
 * stranger's repository, and hostile.
 */
#include "engine/affected/record.h"

#include <string.h>

#include "base/utf8.h"
#include "engine/fields.h"

static const char *const names[] = {"affected", "fixed", "not_affected", "unknown"};
static const char *const words[] = {"affected", "fixed", "not affected", "unknown"};

const char *rec_status_name(enum rec_status s)
{
    return names[s];
}

const char *rec_status_words(enum rec_status s)
{
    return words[s];
}

bool rec_status_parse(struct str s, enum rec_status *ret_s)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(s, str_c(names[i]))) {
            *ret_s = (enum rec_status)i;
            return true;
        }
    }
    return false;
}

/* ---- fields ---- */

static enum rc commit(const json_t *o, const char *key, struct str *ret, struct err *e)
{
    return field_hex(o, key, 64, "id of a commit", ret, e);
}

static enum rc flag(const json_t *o, const char *key, bool otherwise, bool *ret, struct err *e)
{
    *ret = otherwise;
    return json_object_get(o, key) ? json_get_bool(o, key, ret, e) : RC_OK;
}

/* A missing list is an empty one. */
static enum rc list(const json_t *o, const char *key, size_t max, json_t **ret, struct err *e)
{
    *ret = NULL;
    return json_object_get(o, key) ? json_get_array(o, key, max, ret, e) : RC_OK;
}

static enum rc whys(const json_t *o, const char *key, struct arena *a, struct rec_why **ret,
                    size_t *ret_n, struct err *e)
{
    json_t *l;
    struct rec_why *w = NULL;
    TRY(list(o, key, 10000, &l, e));
    size_t n = json_array_size(l) < REC_WHY_MAX ? json_array_size(l) : REC_WHY_MAX;
    TRY(field_room(a, n, sizeof *w, &w, e));
    for (size_t i = 0; i < n; i++) {
        const json_t *j = json_array_get(l, i);
        TRY(field_text(j, "rule", 64, &w[i].rule, e));
        TRY(commit(j, "commit", &w[i].commit, e));
        TRY(commit(j, "of", &w[i].of, e));
        TRY(field_text(j, "why", REC_TEXT_MAX, &w[i].why, e));
        TRY(field_text(j, "path", REC_TEXT_MAX, &w[i].path, e));
        TRY(commit(j, "blob", &w[i].blob, e));
        if (json_object_get(j, "line"))
            TRY(json_get_int(j, "line", 0, INT32_MAX, &w[i].line, e));
    }
    *ret = w;
    *ret_n = n;
    return RC_OK;
}

static enum rc texts(const json_t *o, const char *key, struct arena *a, struct str **ret,
                     size_t *ret_n, struct err *e)
{
    json_t *l;
    struct str *s = NULL;
    TRY(list(o, key, REC_LIST_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *s, &s, e));
    for (size_t i = 0; i < json_array_size(l); i++) {
        const json_t *v = json_array_get(l, i);
        s[i] = str_of(json_string_value(v), json_string_length(v));
        if (!json_is_string(v) || s[i].n > REC_TEXT_MAX || !utf8_is_clean(s[i]))
            return err_set(e, RC_INVALID, "the answer's \"%s\" is no list of texts", key);
    }
    *ret = s;
    *ret_n = json_array_size(l);
    return RC_OK;
}

/* ---- releases ---- */

struct reader {
    struct arena *a;
    struct record *r;
    uint32_t *sorted; /* indexes of releases by name */
};

static int by_name(const void *x, const void *y, void *arg)
{
    const struct rec_release *r = arg;
    return str_cmp(r[*(const uint32_t *)x].tag, r[*(const uint32_t *)y].tag);
}

static enum rc release(const json_t *j, struct arena *a, struct rec_release *ret, struct err *e)
{
    struct str status;
    TRY(json_get_str(j, "tag", REC_NAME_MAX, &ret->tag, e));
    TRY(field_text(j, "tag", REC_NAME_MAX, &ret->tag, e));
    TRY(json_get_str(j, "status", 16, &status, e));
    if (ret->tag.n == 0 || !rec_status_parse(status, &ret->status))
        return err_set(e, RC_INVALID, "the answer has a release without a name or a status");
    TRY(commit(j, "commit", &ret->commit, e));
    TRY(field_date(j, "date", &ret->at_us, e));
    TRY(field_text(j, "series", REC_NAME_MAX, &ret->series, e));
    TRY(field_text(j, "rule", 64, &ret->rule, e));
    TRY(field_text(j, "why", REC_TEXT_MAX, &ret->why, e));
    TRY(field_text(j, "confidence", 16, &ret->confidence, e));
    TRY(flag(j, "counts", true, &ret->counts, e));
    TRY(flag(j, "flagged", false, &ret->flagged, e));
    TRY(flag(j, "decided", false, &ret->decided, e));
    return whys(j, "evidence", a, &ret->ev, &ret->n_ev, e);
}

static enum rc releases(const json_t *j, struct reader *rd, struct err *e)
{
    struct record *r = rd->r;
    json_t *l;
    TRY(json_get_array(j, "releases", REC_RELEASES_MAX, &l, e));
    size_t n = json_array_size(l);
    TRY(field_room(rd->a, n, sizeof *r->releases, &r->releases, e));
    TRY(field_room(rd->a, n, sizeof *rd->sorted, &rd->sorted, e));
    for (size_t i = 0; i < n; i++) {
        struct rec_release *k = &r->releases[i];
        TRY(release(json_array_get(l, i), rd->a, k, e));
        rd->sorted[i] = (uint32_t)i;
        r->count[k->status] += k->counts;
    }
    r->n_releases = n;
    qsort_r(rd->sorted, n, sizeof *rd->sorted, by_name, r->releases);
    for (size_t i = 1; i < n; i++)
        if (by_name(&rd->sorted[i - 1], &rd->sorted[i], r->releases) == 0)
            return err_set(e, RC_INVALID, "the answer names a release twice");
    return RC_OK;
}

static bool find(const struct reader *rd, struct str tag, uint32_t *ret)
{
    size_t lo = 0, hi = rd->r->n_releases;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = str_cmp(rd->r->releases[rd->sorted[mid]].tag, tag);
        if (c == 0) {
            *ret = rd->sorted[mid];
            return true;
        }
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return false;
}

/* Names of releases to their indexes; a name that is none is left out of a candidate (a tag that
 * does not count may be missing), and refused in a lane. */
static enum rc tags(const struct reader *rd, const json_t *o, const char *key, uint32_t **ret,
                    size_t *ret_n, struct err *e)
{
    json_t *l;
    uint32_t *at = NULL;
    size_t n = 0;
    TRY(list(o, key, REC_RELEASES_MAX, &l, e));
    TRY(field_room(rd->a, json_array_size(l), sizeof *at, &at, e));
    for (size_t i = 0; i < json_array_size(l); i++) {
        const json_t *v = json_array_get(l, i);
        if (!json_is_string(v) ||
            !find(rd, str_of(json_string_value(v), json_string_length(v)), &at[n++]))
            return err_set(e, RC_INVALID, "the answer's \"%s\" names a release that is none", key);
    }
    *ret = at;
    *ret_n = n;
    return RC_OK;
}

/* ---- lanes ---- */

/* An answer without lanes: its series, in the order in which they appear. */
static enum rc lanes_of_series(struct reader *rd, struct err *e)
{
    struct record *r = rd->r;
    uint32_t *all = NULL;
    size_t n = 0;
    TRY(field_room(rd->a, r->n_releases, sizeof *r->lanes, &r->lanes, e));
    TRY(field_room(rd->a, r->n_releases, sizeof *all, &all, e));
    for (size_t i = 0; i < r->n_releases; i++) {
        const struct rec_release *k = &r->releases[i];
        if (!k->counts)
            continue;
        if (r->n_lanes == 0 || !str_eq(r->lanes[r->n_lanes - 1].name, k->series))
            r->lanes[r->n_lanes++] = (struct rec_lane){.name = k->series, .at = all + n};
        all[n++] = (uint32_t)i;
        r->lanes[r->n_lanes - 1].n++;
    }
    return RC_OK;
}

static enum rc tip(const json_t *j, struct rec_lane *k, struct err *e)
{
    struct str status;
    const json_t *o = json_object_get(j, "tip");
    if (o == NULL || json_is_null(o))
        return RC_OK;
    TRY(json_get_str(o, "status", 16, &status, e));
    if (!rec_status_parse(status, &k->tip))
        return err_set(e, RC_INVALID, "the answer has a branch without a status");
    k->has_tip = true;
    TRY(commit(o, "commit", &k->tip_commit, e));
    return field_date(o, "date", &k->tip_us, e);
}

static enum rc lanes(const json_t *j, struct reader *rd, struct err *e)
{
    struct record *r = rd->r;
    json_t *l;
    TRY(list(j, "lanes", REC_LANES_MAX, &l, e));
    if (json_array_size(l) == 0)
        return lanes_of_series(rd, e);
    TRY(field_room(rd->a, json_array_size(l), sizeof *r->lanes, &r->lanes, e));
    for (size_t i = 0; i < json_array_size(l); i++) {
        struct rec_lane *k = &r->lanes[r->n_lanes];
        TRY(field_text(json_array_get(l, i), "name", REC_NAME_MAX, &k->name, e));
        TRY(tags(rd, json_array_get(l, i), "releases", &k->at, &k->n, e));
        TRY(tip(json_array_get(l, i), k, e));
        r->n_lanes += k->n > 0 || k->has_tip; /* else it has nothing to show */
    }
    return RC_OK;
}

/* ---- the rest ---- */

static enum rc commits(const json_t *j, const char *key, struct arena *a, struct rec_commit **ret,
                       size_t *ret_n, struct err *e)
{
    json_t *l;
    struct rec_commit *c = NULL;
    TRY(list(j, key, REC_COMMITS_MAX, &l, e));
    TRY(field_room(a, json_array_size(l), sizeof *c, &c, e));
    for (size_t i = 0; i < json_array_size(l); i++) {
        const json_t *o = json_array_get(l, i);
        TRY(commit(o, "commit", &c[i].commit, e));
        TRY(commit(o, "of", &c[i].of, e));
        TRY(field_text(o, "subject", REC_TEXT_MAX, &c[i].subject, e));
        TRY(field_text(o, json_object_get(o, "reason") ? "reason" : "why", REC_TEXT_MAX, &c[i].why,
                       e));
        TRY(field_text(o, "confidence", 16, &c[i].confidence, e));
        TRY(field_text(o, "lane", REC_NAME_MAX, &c[i].lane, e));
        TRY(field_date(o, "date", &c[i].at_us, e));
    }
    *ret = c;
    *ret_n = json_array_size(l);
    return RC_OK;
}

static enum rc candidates(const json_t *j, struct reader *rd, struct err *e)
{
    struct record *r = rd->r;
    json_t *l;
    TRY(list(j, "candidates", REC_CANDIDATES_MAX, &l, e));
    TRY(field_room(rd->a, json_array_size(l), sizeof *r->candidates, &r->candidates, e));
    for (size_t i = 0; i < json_array_size(l); i++) {
        const json_t *o = json_array_get(l, i);
        struct rec_candidate *c = &r->candidates[i];
        TRY(tags(rd, o, "affected", &c->affected, &c->n_affected, e));
        TRY(tags(rd, o, "differs", &c->differs, &c->n_differs, e));
        TRY(whys(o, "why", rd->a, &c->why, &c->n_why, e));
        c->score = json_number_value(json_object_get(o, "score"));
    }
    r->n_candidates = json_array_size(l);
    return RC_OK;
}

static enum rc ranges(const json_t *j, struct reader *rd, struct err *e)
{
    struct record *r = rd->r;
    json_t *l;
    TRY(list(j, "ranges", REC_LIST_MAX, &l, e));
    TRY(field_room(rd->a, json_array_size(l), sizeof *r->ranges, &r->ranges, e));
    for (size_t i = 0; i < json_array_size(l); i++) {
        const json_t *o = json_array_get(l, i);
        TRY(field_text(o, "series", REC_NAME_MAX, &r->ranges[i].series, e));
        TRY(field_text(o, "from", REC_NAME_MAX, &r->ranges[i].from, e));
        TRY(field_text(o, "to", REC_NAME_MAX, &r->ranges[i].to, e));
        TRY(field_text(o, "fixed_in", REC_NAME_MAX, &r->ranges[i].fixed, e));
        TRY(flag(o, "since_the_beginning", false, &r->ranges[i].from_start, e));
    }
    r->n_ranges = json_array_size(l);
    return RC_OK;
}

/* One text, or a list of them. */
static enum rc vers(const json_t *j, struct arena *a, struct record *r, struct err *e)
{
    if (json_is_array(json_object_get(j, "vers")))
        return texts(j, "vers", a, &r->vers, &r->n_vers, e);
    TRY(field_room(a, 1, sizeof *r->vers, &r->vers, e));
    TRY(field_text(j, "vers", REC_VERS_MAX, &r->vers[0], e));
    r->n_vers = r->vers[0].n > 0;
    return RC_OK;
}

enum rc record_read(const json_t *j, struct arena *a, struct record *ret, struct err *e)
{
    struct record r = {.n_releases = 0};
    struct reader rd = {.a = a, .r = &r};
    TRY(releases(j, &rd, e));
    TRY(lanes(j, &rd, e));
    TRY(commits(j, "introduced", a, &r.introduced, &r.n_introduced, e));
    TRY(commits(j, "fixes", a, &r.fixes, &r.n_fixes, e));
    TRY(commits(j, "reverts", a, &r.reverts, &r.n_reverts, e));
    TRY(candidates(j, &rd, e));
    TRY(ranges(j, &rd, e));
    TRY(texts(j, "advisory", a, &r.lines, &r.n_lines, e));
    TRY(texts(j, "missing", a, &r.missing, &r.n_missing, e));
    TRY(texts(j, "notes", a, &r.notes, &r.n_notes, e));
    TRY(vers(j, a, &r, e));
    r.osv = json_object_get(j, "osv");
    r.cve = json_object_get(j, "cve");
    *ret = r;
    return RC_OK;
}

size_t record_tag(const struct record *r, struct str tag)
{
    for (size_t i = 0; i < r->n_releases; i++)
        if (str_eq(r->releases[i].tag, tag))
            return i;
    return r->n_releases;
}

void record_decide(struct record *r, size_t tag, enum rec_status s)
{
    struct rec_release *k = &r->releases[tag];
    r->count[k->status] -= k->counts;
    r->count[s] += k->counts;
    k->status = s;
    k->decided = true;
}
