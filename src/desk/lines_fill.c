/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the settings, the policy and the repository say about lines, made into rows of the register.
 * Runs in core; pure.
 * Input: the engine's answer, a stranger's text; the policy and the settings as they were read.
 */
#include "base/utf8.h"
#include "base/when.h"
#include "desk/lines_inside.h"
#include "git/tagpattern.h"

#define TEXT_MAX 1024

/* ---- the answer ---- */

static enum rc text(const json_t *o, const char *key, bool empty, struct str *ret, struct err *e)
{
    TRY(json_get_str(o, key, TEXT_MAX, ret, e));
    if (!utf8_is_clean(*ret) || str_chr(*ret, '\n') != STR_NPOS || (ret->n == 0 && !empty))
        return err_set(e, RC_INVALID, "the answer's \"%s\" is no line of text", key);
    return RC_OK;
}

static enum rc at(const json_t *o, int64_t *ret, struct err *e)
{
    struct str s;
    *ret = 0;
    if (json_is_null(json_object_get(o, "at")))
        return RC_OK;
    TRY(text(o, "at", false, &s, e));
    return when_parse_rfc3339(s, ret, e);
}

static enum rc series(const json_t *j, struct arena *a, struct seen *s, struct err *e)
{
    json_t *l;
    TRY(json_get_array(j, "series", SEEN_SERIES, &l, e));
    s->series = arena_array(a, json_array_size(l) + 1, sizeof *s->series);
    TRY(arena_ok(a, "the answer", e));
    for (; s->n_series < json_array_size(l); s->n_series++) {
        const json_t *o = json_array_get(l, s->n_series);
        struct seen_series *k = &s->series[s->n_series];
        struct tag_pattern p;
        TRY(text(o, "name", true, &k->name, e));
        TRY(text(o, "pattern", false, &k->pattern, e));
        TRY(tag_pattern_parse(k->pattern, &p, e));
        TRY(text(o, "newest", false, &k->newest, e));
        TRY(text(o, "commit", false, &k->commit, e));
        TRY(at(o, &k->at_us, e));
        TRY(json_get_int(o, "releases", 0, INT32_MAX, &k->releases, e));
    }
    return RC_OK;
}

static enum rc read(const json_t *j, struct arena *a, struct seen *ret, struct err *e)
{
    struct seen s = {.n_tags = 0};
    json_t *b, *t;
    TRY(json_get_array(j, "branches", SEEN_BRANCHES, &b, e));
    TRY(json_get_array(j, "releases", SEEN_TAGS, &t, e));
    s.branches = arena_array(a, json_array_size(b) + 1, sizeof *s.branches);
    s.tags = arena_array(a, json_array_size(t) + 1, sizeof *s.tags);
    s.tag_commits = arena_array(a, json_array_size(t) + 1, sizeof *s.tag_commits);
    TRY(arena_ok(a, "the answer", e));
    for (; s.n_branches < json_array_size(b); s.n_branches++) {
        const json_t *o = json_array_get(b, s.n_branches);
        TRY(text(o, "name", false, &s.branches[s.n_branches].name, e));
        TRY(text(o, "commit", false, &s.branches[s.n_branches].commit, e));
        TRY(at(o, &s.branches[s.n_branches].at_us, e));
    }
    for (; s.n_tags < json_array_size(t); s.n_tags++) {
        TRY(text(json_array_get(t, s.n_tags), "name", false, &s.tags[s.n_tags], e));
        TRY(text(json_array_get(t, s.n_tags), "commit", false, &s.tag_commits[s.n_tags], e));
    }
    TRY(series(j, a, &s, e));
    *ret = s;
    return RC_OK;
}

enum rc seen_read(const json_t *j, struct arena *a, struct seen *ret, struct err *e)
{
    enum rc rc = read(j, a, ret, e);
    return rc == RC_NOTFOUND
               ? err_set(e, RC_INVALID, "the answer lacks a part that has to be there")
               : rc;
}

/* ---- names of lines ---- */

/* "v2.4", "2.4.x", "release-2.4", "stable/2.4", "2.4-stable": the version in it, "2.4"; empty:
 * none, or several. */
static struct str version_in(struct str name)
{
    size_t from = 0, to;
    struct str best = STR_NONE;
    while (from < name.n) {
        if (!ascii_is_digit(name.p[from])) {
            from++;
            continue;
        }
        for (to = from; to < name.n; to++) {
            char c = name.p[to];
            bool sep = (c == '.' || c == '-' || c == '_') && to + 1 < name.n &&
                       ascii_is_digit(name.p[to + 1]);
            if (!ascii_is_digit(c) && !sep)
                break;
        }
        if (best.n)
            return STR_NONE;
        best = str_sub(name, from, to - from);
        from = to;
    }
    return best;
}

static bool same_version(struct str x, struct str y)
{
    if (x.n == 0 || x.n != y.n)
        return false;
    for (size_t i = 0; i < x.n; i++) {
        bool sep_x = !ascii_is_digit(x.p[i]), sep_y = !ascii_is_digit(y.p[i]);
        if (sep_x != sep_y || (!sep_x && x.p[i] != y.p[i]))
            return false;
    }
    return true;
}

static const struct seen_branch *branch_of(const struct seen *s, struct str name)
{
    for (size_t i = 0; i < s->n_branches; i++)
        if (str_eq(s->branches[i].name, name))
            return &s->branches[i];
    return NULL;
}

/* The branch of that version; NULL: none, or it cannot be told which. */
static const struct seen_branch *branch_for(const struct seen *s, struct str version)
{
    const struct seen_branch *found = NULL;
    for (size_t i = 0; i < s->n_branches; i++) {
        if (!same_version(version_in(s->branches[i].name), version))
            continue;
        if (found)
            return NULL;
        found = &s->branches[i];
    }
    return found;
}

static const struct seen_series *series_for(const struct seen *s, struct str version)
{
    for (size_t i = 0; i < s->n_series; i++)
        if (same_version(version_in(s->series[i].name), version))
            return &s->series[i];
    return NULL;
}

/* ---- rows ---- */

struct merging {
    struct arena *a;
    const struct fill *f;
    struct line_row *rows;
    size_t n, max;
    bool *said; /* of each row: a source of today speaks of it */
};

static struct line_row *row_at(struct merging *m, struct str branch, struct str tags)
{
    for (size_t i = 0; i < m->n; i++)
        if ((branch.n && str_eq(m->rows[i].branch, branch)) ||
            (tags.n && str_eq(m->rows[i].tags, tags)))
            return &m->rows[i];
    return NULL;
}

static struct str free_name(struct merging *m, struct str name)
{
    struct str want = name;
    for (int nth = 2;; nth++) {
        bool taken = false;
        for (size_t i = 0; i < m->n; i++)
            taken = taken || str_eq(m->rows[i].name, want);
        if (!taken)
            return want;
        want = arena_strf(m->a, "%.*s (%d)", STR_ARG(name), nth);
    }
}

struct place {
    struct str name, branch, tags;
    const char *source;
    bool maintained;
};

static void problem(struct merging *m, struct line_row *r, const char *what)
{
    r->problem =
        r->problem.n ? arena_strf(m->a, "%.*s; %s", STR_ARG(r->problem), what) : str_c(what);
}

/* What a source says: a new row, or another state of one that no person wrote. */
static void say(struct merging *m, const struct place *p)
{
    struct line_row *r = row_at(m, p->branch, p->tags);
    if (r == NULL) {
        if (m->n == m->max || p->name.n == 0 || p->name.n > LINE_NAME_MAX)
            return;
        r = &m->rows[m->n++];
        *r = (struct line_row){.name = free_name(m, p->name),
                               .branch = p->branch,
                               .tags = p->tags,
                               .source = str_c(p->source),
                               .changed_by = STR("machine"),
                               .changed_us = m->f->now_us,
                               .maintained = p->maintained};
        r->build = r->tests = r->root = r->tip = r->tip_commit = r->problem = STR_NONE;
    } else if (m->said[r - m->rows]) {
        if (r->maintained != p->maintained && !str_eq(str_c(p->source), STR("repository")))
            problem(m, r, "the settings and the policy do not agree about this line");
        return;
    } else if (str_eq(r->source, STR("person"))) {
        if (r->maintained != p->maintained && !str_eq(str_c(p->source), STR("repository")))
            problem(m, r,
                    p->maintained ? "the settings or the policy say that it is maintained"
                                  : "the policy says that it is not maintained");
    } else if (r->maintained != p->maintained || !str_eq(r->source, str_c(p->source))) {
        r->maintained = p->maintained;
        r->source = str_c(p->source);
        r->changed_by = STR("machine");
        r->changed_us = m->f->now_us;
    }
    m->said[r - m->rows] = true;
}

static void say_settings(struct merging *m)
{
    for (size_t i = 0; i < m->f->settings->n; i++) {
        struct str name = m->f->settings->v[i];
        say(m, &(struct place){name, name, STR_NONE, "settings", true});
    }
}

/* A row of the policy's table: the branch of that name or version, else the series. */
static void say_version(struct merging *m, const struct policy_version *v)
{
    struct str name = str_trim(v->version), version = version_in(name);
    const struct seen_branch *b = branch_of(m->f->seen, name);
    if (b == NULL)
        b = branch_for(m->f->seen, version);
    const struct seen_series *s = b ? NULL : series_for(m->f->seen, version);
    if (v->unclear || (!b && !s))
        return;
    say(m, &(struct place){b ? b->name : name, b ? b->name : STR_NONE, s ? s->pattern : STR_NONE,
                           "policy", v->supported});
}

/* Series that nobody speaks of, of projects that say which are maintained: not those. */
static void say_series(struct merging *m)
{
    bool told = m->f->settings->n > 0 || (m->f->policy && m->f->policy->n_versions > 0);
    for (size_t i = 0; told && i < m->f->seen->n_series; i++) {
        const struct seen_series *s = &m->f->seen->series[i];
        bool known = s->name.n == 0; /* the only one: the project has no series */
        for (size_t k = 0; !known && k < m->n; k++)
            known = str_eq(m->rows[k].tags, s->pattern) ||
                    same_version(version_in(m->rows[k].name), version_in(s->name)) ||
                    same_version(version_in(m->rows[k].branch), version_in(s->name));
        if (!known)
            say(m, &(struct place){s->name, STR_NONE, s->pattern, "repository", false});
        struct line_row *r = row_at(m, STR_NONE, s->pattern);
        if (r)
            m->said[r - m->rows] = true;
    }
}

/* ---- checks ---- */

static void look_tags(struct merging *m, struct line_row *r)
{
    const struct seen *s = m->f->seen;
    struct tag_pattern p;
    struct tag_version best = {.n = 0}, v;
    size_t newest = s->n_tags;
    if (tag_pattern_parse(r->tags, &p, NULL) != RC_OK) {
        problem(m, r, "its pattern of tags is none");
        return;
    }
    for (size_t i = 0; i < s->n_tags; i++) {
        if (!tag_pattern_match(&p, s->tags[i], &v) ||
            (newest < s->n_tags && tag_version_cmp(&v, &best) <= 0))
            continue;
        best = v;
        newest = i;
    }
    if (newest == s->n_tags) {
        problem(m, r, "no release has a tag that fits its pattern");
        return;
    }
    r->tip = s->tags[newest];
    r->tip_commit = s->tag_commits[newest];
    for (size_t i = 0; i < s->n_series; i++)
        if (str_eq(s->series[i].newest, r->tip))
            r->tip_us = s->series[i].at_us;
}

static void check(struct merging *m, struct line_row *r)
{
    r->tip = r->tip_commit = STR_NONE;
    r->tip_us = 0;
    if (r->branch.n) {
        const struct seen_branch *b = branch_of(m->f->seen, r->branch);
        if (b) {
            r->tip = b->name;
            r->tip_commit = b->commit;
            r->tip_us = b->at_us;
        } else {
            problem(m, r, "the repository has no such branch");
        }
    } else {
        look_tags(m, r);
    }
    if (r->maintained && r->until_us && r->until_us < m->f->now_us)
        problem(m, r, "its end is over");
}

enum rc lines_merge(struct arena *a, const struct fill *f, struct line_row **ret, size_t *ret_n,
                    struct err *e)
{
    struct merging m = {.a = a, .f = f, .n = f->n_now, .max = LINES_MAX};
    if (m.max < f->n_now)
        m.max = f->n_now;
    m.rows = arena_array(a, m.max + 1, sizeof *m.rows);
    m.said = arena_array(a, m.max + 1, sizeof *m.said);
    TRY(arena_ok(a, "the lines", e));
    for (size_t i = 0; i < f->n_now; i++) {
        m.rows[i] = f->now[i];
        m.rows[i].problem = STR_NONE;
    }
    say_settings(&m);
    for (size_t i = 0; f->policy && i < f->policy->n_versions; i++)
        say_version(&m, &f->policy->versions[i]);
    say_series(&m);
    for (size_t i = 0; i < m.n; i++) {
        struct line_row *r = &m.rows[i];
        if (!m.said[i] && !str_eq(r->source, STR("person")) && r->maintained) {
            r->maintained = false;
            problem(&m, r, "nothing says any more that it is maintained");
        }
        check(&m, r);
    }
    *ret = m.rows;
    *ret_n = m.n;
    return arena_ok(a, "the lines", e);
}
