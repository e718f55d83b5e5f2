/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an advisory says: a form taken apart and checked, and the JSON in which it is kept.
 * Runs in core.
 * Input: a team member's form or command; rows of our own.
 */
#include "publish/advisory.h"

#include "base/utf8.h"

const char *const adv_roles[] = {"finder",
                                 "reporter",
                                 "analyst",
                                 "coordinator",
                                 "remediation developer",
                                 "remediation reviewer",
                                 "remediation verifier",
                                 "tool",
                                 "sponsor",
                                 "other",
                                 NULL};

bool adv_role_ok(struct str role)
{
    for (size_t i = 0; adv_roles[i]; i++)
        if (str_eq(role, str_c(adv_roles[i])))
            return true;
    return false;
}

/* ---- small grammars ---- */

#define VERSION_MAX 64

static bool version_ok(struct str v)
{
    for (size_t i = 0; i < v.n; i++)
        if (!ascii_is_alnum(v.p[i]) && memchr(".+-_~:", v.p[i], 6) == NULL)
            return false;
    return v.n > 0 && v.n <= VERSION_MAX;
}

static enum rc range_bad(struct err *e)
{
    return err_set(e, RC_INVALID,
                   "affected versions: a line looks like \"< 2.6.1\", \">= 2.4, < 2.6.1\", "
                   "\"<= 2.6.0\" or \"= 2.5.0\"");
}

enum rc adv_range_parse(struct str line, struct adv_range *ret, struct err *e)
{
    struct adv_range r = {STR_NONE, STR_NONE, STR_NONE, STR_NONE};
    struct str rest = str_trim(line), part;
    size_t parts = 0;
    while (str_cut(&rest, ',', &part)) {
        struct str *to = NULL;
        size_t skip = 2;
        part = str_trim(part);
        if (str_starts(part, STR(">=")))
            to = &r.from;
        else if (str_starts(part, STR("<=")))
            to = &r.last;
        else if (str_starts(part, STR("<")))
            to = &r.fixed, skip = 1;
        else if (str_starts(part, STR("=")))
            to = &r.exact, skip = 1;
        struct str version = to ? str_trim(str_sub(part, skip, part.n)) : STR_NONE;
        if (to == NULL || to->n || !version_ok(version))
            return range_bad(e);
        *to = version;
        parts++;
    }
    if (parts == 0 || (r.exact.n && parts > 1) || (r.fixed.n && r.last.n))
        return range_bad(e);
    *ret = r;
    return RC_OK;
}

bool adv_url_ok(struct str url)
{
    bool scheme = str_starts(url, STR("https://")) || str_starts(url, STR("http://"));
    for (size_t i = 0; i < url.n; i++)
        if (url.p[i] <= ' ' || url.p[i] >= 127 || memchr("\"'<>\\^`{|}", url.p[i], 10))
            return false;
    return scheme && url.n > 10 && url.n <= ADV_LINE_MAX;
}

bool adv_cve_ok(struct str s)
{
    if (s.n < 13 || s.n > 20 || !str_starts(s, STR("CVE-")) || s.p[8] != '-')
        return false;
    for (size_t i = 4; i < s.n; i++)
        if (i != 8 && !ascii_is_digit(s.p[i]))
            return false;
    return true;
}

struct metric {
    const char *name, *values; /* one letter each */
};
static const struct metric cvss3[] = {{"AV", "NALP"}, {"AC", "LH"}, {"PR", "NLH"},
                                      {"UI", "NR"},   {"S", "UC"},  {"C", "NLH"},
                                      {"I", "NLH"},   {"A", "NLH"}, {NULL, NULL}};
static const struct metric cvss4[] = {{"AV", "NALP"}, {"AC", "LH"},  {"AT", "NP"},  {"PR", "NLH"},
                                      {"UI", "NPA"},  {"VC", "HLN"}, {"VI", "HLN"}, {"VA", "HLN"},
                                      {"SC", "HLN"},  {"SI", "HLN"}, {"SA", "HLN"}, {NULL, NULL}};

bool adv_cvss_ok(struct str vector)
{
    const struct metric *m = cvss3;
    if (str_starts(vector, STR("CVSS:4.0/")))
        m = cvss4;
    else if (!str_starts(vector, STR("CVSS:3.0/")) && !str_starts(vector, STR("CVSS:3.1/")))
        return false;
    struct str rest = str_sub(vector, 9, vector.n), part, name;
    /* In the order of the specifications, which both want. */
    for (; m->name; m++) {
        if (!str_cut(&rest, '/', &part) || !str_cut(&part, ':', &name) ||
            !str_eq(name, str_c(m->name)) || part.n != 1 || strchr(m->values, part.p[0]) == NULL)
            return false;
    }
    return rest.n == 0 && !str_ends(vector, STR("/"));
}

static bool date_ok(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (i == 4 || i == 7 ? s.p[i] != '-' : !ascii_is_digit(s.p[i]))
            return false;
    uint64_t month, day;
    return s.n == 10 && num_parse(str_sub(s, 5, 2), 1, 12, "month", &month, NULL) == RC_OK &&
           num_parse(str_sub(s, 8, 2), 1, 31, "day", &day, NULL) == RC_OK;
}

static bool severity_ok(struct str s)
{
    static const char *const words[] = {"", "critical", "high", "medium", "low"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq(s, str_c(words[i])))
            return true;
    return false;
}

/* ---- a form ---- */

static enum rc text_check(struct str s, size_t max, const char *what, struct err *e)
{
    if (s.n > max)
        return err_set(e, RC_LIMIT, "%s: longer than %zu bytes", what, max);
    if (!utf8_is_clean(s))
        return err_set(e, RC_INVALID, "%s: not plain text", what);
    return RC_OK;
}

/* Lines of a text, trimmed, without empty ones. */
static enum rc lines_of(struct arena *a, struct str text, const char *what, struct str **ret,
                        size_t *ret_n, struct err *e)
{
    struct str *v = arena_array(a, ADV_LIST_MAX, sizeof(*v));
    struct str rest = text, line;
    size_t n = 0;
    TRY(arena_ok(a, what, e));
    while (str_line(&rest, &line)) {
        line = str_trim(line);
        if (line.n == 0)
            continue;
        if (n == ADV_LIST_MAX)
            return err_set(e, RC_LIMIT, "%s: more than %d lines", what, ADV_LIST_MAX);
        TRY(text_check(line, ADV_LINE_MAX, what, e));
        v[n++] = arena_str(a, line);
    }
    TRY(arena_ok(a, what, e));
    *ret = v;
    *ret_n = n;
    return RC_OK;
}

static enum rc timeline_of(struct arena *a, struct str text, struct adv_content *c, struct err *e)
{
    struct str *lines;
    size_t n;
    TRY(lines_of(a, text, "timeline", &lines, &n, e));
    c->timeline = arena_array(a, n + 1, sizeof(*c->timeline));
    TRY(arena_ok(a, "timeline", e));
    for (size_t i = 0; i < n; i++) {
        struct adv_event *t = &c->timeline[i];
        t->date = str_sub(lines[i], 0, 10);
        t->text = str_trim(str_sub(lines[i], 10, lines[i].n));
        if (!date_ok(t->date) || t->text.n == 0 || lines[i].p[10] != ' ')
            return err_set(e, RC_INVALID, "timeline: a line looks like \"2026-11-25 Reported\"");
    }
    c->n_timeline = n;
    return RC_OK;
}

static enum rc lists_check(const struct adv_content *c, struct err *e)
{
    struct adv_range r;
    for (size_t i = 0; i < c->n_affected; i++)
        TRY(adv_range_parse(c->affected[i], &r, e));
    for (size_t i = 0; i < c->n_fixed; i++)
        if (!version_ok(c->fixed[i]))
            return err_set(e, RC_INVALID, "fixed versions: one version a line, like \"2.6.1\"");
    for (size_t i = 0; i < c->n_cves; i++)
        if (!adv_cve_ok(c->cves[i]))
            return err_set(e, RC_INVALID, "CVE: one number a line, like \"CVE-2026-12345\"");
    for (size_t i = 0; i < c->n_refs; i++)
        if (!adv_url_ok(c->refs[i]))
            return err_set(e, RC_INVALID, "references: one https:// or http:// address a line");
    return RC_OK;
}

enum rc adv_form_read(struct arena *a, const struct adv_form *f, struct adv_content *ret,
                      struct err *e)
{
    struct adv_content c = {.credits = NULL};
    c.title = arena_str(a, str_trim(f->title));
    c.summary = arena_str(a, str_trim(f->summary));
    c.severity = arena_str(a, f->severity);
    c.cvss = arena_str(a, str_trim(f->cvss));
    c.body = arena_str(a, f->body);
    if (c.title.n == 0)
        return err_set(e, RC_INVALID, "title: it is empty");
    if (str_chr(c.title, '\n') != STR_NPOS || str_chr(c.title, '\t') != STR_NPOS)
        return err_set(e, RC_INVALID, "title: more than one line");
    TRY(text_check(c.title, ADV_TITLE_MAX, "title", e));
    TRY(text_check(c.summary, ADV_SUMMARY_MAX, "summary", e));
    TRY(text_check(c.body, ADV_BODY_MAX, "text", e));
    if (!severity_ok(c.severity))
        return err_set(e, RC_INVALID, "severity: critical, high, medium, low or empty");
    if (c.cvss.n && !adv_cvss_ok(c.cvss))
        return err_set(e, RC_INVALID,
                       "CVSS: a vector of version 3.0, 3.1 or 4.0 with the base metrics, in order");
    TRY(lines_of(a, f->cve, "CVE", &c.cves, &c.n_cves, e));
    TRY(lines_of(a, f->affected, "affected versions", &c.affected, &c.n_affected, e));
    TRY(lines_of(a, f->fixed, "fixed versions", &c.fixed, &c.n_fixed, e));
    TRY(lines_of(a, f->references, "references", &c.refs, &c.n_refs, e));
    TRY(timeline_of(a, f->timeline, &c, e));
    TRY(lists_check(&c, e));
    TRY(arena_ok(a, "the advisory", e));
    *ret = c;
    return RC_OK;
}

static struct str joined(struct arena *a, const struct str *v, size_t n)
{
    AUTO(buf) struct buf b = BUF_INIT(ADV_LIST_MAX * (ADV_LINE_MAX + 1));
    for (size_t i = 0; i < n; i++) {
        buf_add(&b, v[i]);
        buf_addc(&b, '\n');
    }
    return arena_str(a, buf_str(&b));
}

void adv_form_fill(struct arena *a, const struct adv_content *c, struct adv_form *ret)
{
    AUTO(buf) struct buf t = BUF_INIT(ADV_LIST_MAX * (ADV_LINE_MAX + 20));
    for (size_t i = 0; i < c->n_timeline; i++)
        buf_addf(&t, "%.*s %.*s\n", STR_ARG(c->timeline[i].date), STR_ARG(c->timeline[i].text));
    *ret = (struct adv_form){.title = c->title,
                             .summary = c->summary,
                             .severity = c->severity,
                             .cvss = c->cvss,
                             .cve = joined(a, c->cves, c->n_cves),
                             .affected = joined(a, c->affected, c->n_affected),
                             .fixed = joined(a, c->fixed, c->n_fixed),
                             .references = joined(a, c->refs, c->n_refs),
                             .timeline = arena_str(a, buf_str(&t)),
                             .body = c->body};
}

/* ---- as it is kept ---- */

static json_t *strings(const struct str *v, size_t n)
{
    json_t *j = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(j, json_str(v[i]));
    return j;
}

static json_t *pairs(const struct str *v, size_t n, const char *first, const char *second)
{
    json_t *j = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(
            j, json_pack("{s:o, s:o}", first, json_str(v[2 * i]), second, json_str(v[2 * i + 1])));
    return j;
}

_Static_assert(sizeof(struct adv_event) == 2 * sizeof(struct str), "two texts");
_Static_assert(sizeof(struct adv_credit) == 2 * sizeof(struct str), "two texts");

json_t *adv_facts_json(const struct adv_content *c)
{
    json_t *j = json_object();
    json_put_str(j, "summary", c->summary);
    json_put_str(j, "severity", c->severity);
    json_put_str(j, "cvss", c->cvss);
    json_object_set_new(j, "cve", strings(c->cves, c->n_cves));
    json_object_set_new(j, "affected", strings(c->affected, c->n_affected));
    json_object_set_new(j, "fixed", strings(c->fixed, c->n_fixed));
    json_object_set_new(j, "references", strings(c->refs, c->n_refs));
    json_object_set_new(
        j, "timeline",
        pairs(c->n_timeline ? &c->timeline[0].date : NULL, c->n_timeline, "date", "text"));
    json_object_set_new(
        j, "credits",
        pairs(c->n_credits ? &c->credits[0].name : NULL, c->n_credits, "name", "role"));
    return j;
}

static enum rc get_strings(struct arena *a, const json_t *obj, const char *key, struct str **ret,
                           size_t *ret_n, struct err *e)
{
    json_t *list, *item;
    size_t i;
    TRY(json_get_array(obj, key, ADV_LIST_MAX, &list, e));
    struct str *v = arena_array(a, json_array_size(list) + 1, sizeof(*v));
    TRY(arena_ok(a, key, e));
    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item))
            return err_set(e, RC_INVALID, "advisory: \"%s\" holds something else than texts", key);
        v[i] = arena_str(a, str_of(json_string_value(item), json_string_length(item)));
    }
    *ret = v;
    *ret_n = json_array_size(list);
    return RC_OK;
}

/* A list of objects with two texts each. */
struct pair_keys {
    const char *list, *first, *second;
};
static enum rc get_pairs(struct arena *a, const json_t *obj, const struct pair_keys *k,
                         struct str **ret, size_t *ret_n, struct err *e)
{
    json_t *list, *item;
    size_t i;
    TRY(json_get_array(obj, k->list, ADV_LIST_MAX, &list, e));
    struct str *v = arena_array(a, 2 * json_array_size(list) + 1, sizeof(*v));
    TRY(arena_ok(a, k->list, e));
    json_array_foreach(list, i, item)
    {
        struct str x, y;
        TRY(json_get_str(item, k->first, ADV_LINE_MAX, &x, e));
        TRY(json_get_str(item, k->second, ADV_LINE_MAX, &y, e));
        v[2 * i] = arena_str(a, x);
        v[2 * i + 1] = arena_str(a, y);
    }
    *ret = v;
    *ret_n = json_array_size(list);
    return RC_OK;
}

enum rc adv_facts_parse(struct arena *a, struct str json, struct adv_content *ret, struct err *e)
{
    static const struct pair_keys timeline = {"timeline", "date", "text"},
                                  credits = {"credits", "name", "role"};
    AUTO(json) json_t *j = NULL;
    struct adv_content c = {.title = ret->title,
                            .body = ret->body,
                            .summary = STR_NONE,
                            .severity = STR_NONE,
                            .cvss = STR_NONE};
    struct str *times, *names;
    TRY(json_parse(json, ADV_FACTS_MAX, "facts of an advisory", &j, e));
    if (json_is_object(j) && json_object_size(j) == 0) {
        *ret = c;
        return RC_OK;
    }
    TRY(json_get_str(j, "summary", ADV_SUMMARY_MAX, &c.summary, e));
    TRY(json_get_str(j, "severity", 16, &c.severity, e));
    TRY(json_get_str(j, "cvss", ADV_LINE_MAX, &c.cvss, e));
    c.summary = arena_str(a, c.summary);
    c.severity = arena_str(a, c.severity);
    c.cvss = arena_str(a, c.cvss);
    TRY(get_strings(a, j, "cve", &c.cves, &c.n_cves, e));
    TRY(get_strings(a, j, "affected", &c.affected, &c.n_affected, e));
    TRY(get_strings(a, j, "fixed", &c.fixed, &c.n_fixed, e));
    TRY(get_strings(a, j, "references", &c.refs, &c.n_refs, e));
    TRY(get_pairs(a, j, &timeline, &times, &c.n_timeline, e));
    TRY(get_pairs(a, j, &credits, &names, &c.n_credits, e));
    c.timeline = arena_array(a, c.n_timeline + 1, sizeof(*c.timeline));
    c.credits = arena_array(a, c.n_credits + 1, sizeof(*c.credits));
    TRY(arena_ok(a, "the advisory", e));
    for (size_t i = 0; i < c.n_timeline; i++)
        c.timeline[i] = (struct adv_event){times[2 * i], times[2 * i + 1]};
    for (size_t i = 0; i < c.n_credits; i++)
        c.credits[i] = (struct adv_credit){names[2 * i], names[2 * i + 1]};
    TRY(arena_ok(a, "the advisory", e));
    *ret = c;
    return RC_OK;
}
