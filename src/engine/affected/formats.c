/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers in the formats of others.  Runs in the engine child and in commands; names of tags and
 * the URL of origin are a stranger's.
 */
#include "engine/affected/formats.h"

#include <string.h>

#include "base/utf8.h"
#include "engine/affected/equiv.h"
#include "engine/affected/order.h"

#define TEXT_MAX     (4u << 20)
#define URL_MAX      2000
#define SHORT_RANGES 6
#define VERDICT_MAX  (64 * 1024)

/* Everything below works on this. */
struct job {
    struct history *h;
    const struct question *q;
    const struct answer *w;
    struct arena *a;
};

static struct str version(const struct job *j, size_t tag)
{
    return version_text(j->h, tag, j->a);
}

/* ---- By series ---- */

static json_t *ranges_json(const struct job *j, const struct range *r, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *o = json_object();
        const struct order *order = j->h->order;
        json_put_str(o, "series",
                     r[i].series < order->n_series ? order->series[r[i].series].name : STR_NONE);
        json_put_str(o, "from", version(j, r[i].first));
        json_put_str(o, "to", version(j, r[i].last));
        if (r[i].next_fixed)
            json_put_str(o, "fixed_in", version(j, r[i].next));
        else
            json_object_set_new(o, "fixed_in", json_null());
        json_put_bool(o, "since_the_beginning", r[i].from_start);
        json_array_append_new(list, o);
    }
    return list;
}

/* Behind the last one of a series nothing is known: up to it, and the fix in a later series does
 * not help it. */
static bool ends_before_next(const struct job *j, const struct range *r)
{
    return r->next < j->h->n_tags && !r->next_unknown;
}

static json_t *cve_json(const struct job *j, const struct range *r, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *o = json_object();
        json_put_str(o, "version", r[i].from_start ? STR("0") : version(j, r[i].first));
        json_put_str(o, "status", STR("affected"));
        if (ends_before_next(j, &r[i]))
            json_put_str(o, "lessThan", version(j, r[i].next));
        else
            json_put_str(o, "lessThanOrEqual", version(j, r[i].last));
        json_put_str(o, "versionType", STR("custom"));
        json_array_append_new(list, o);
    }
    for (size_t t = tagset_next(&j->w->unknown, 0); t < j->h->n_tags;
         t = tagset_next(&j->w->unknown, t + 1)) {
        json_t *o = json_object();
        json_put_str(o, "version", version(j, t));
        json_put_str(o, "status", STR("unknown"));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *advisory_json(const struct job *j, const struct range *r, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        AUTO(buf) struct buf b = BUF_INIT(3 * GIT_NAME_MAX);
        if (!r[i].from_start)
            buf_addf(&b, ">= %.*s, ", STR_ARG(version(j, r[i].first)));
        if (ends_before_next(j, &r[i]))
            buf_addf(&b, "< %.*s", STR_ARG(version(j, r[i].next)));
        else
            buf_addf(&b, "<= %.*s", STR_ARG(version(j, r[i].last)));
        json_array_append_new(list, json_str(buf_str(&b)));
    }
    return list;
}

/* ---- By product ---- */

/* N.N.N of one product, without letters or parts that may be missing. */
static bool is_semver(const struct history *h, uint32_t product)
{
    for (size_t i = 0; i < h->order->n_schemes; i++) {
        const struct tag_pattern *p = &h->order->schemes[i];
        if (h->order->product[i] != product)
            continue;
        size_t numbers = 0, dots = 0;
        for (size_t k = 0; k < p->n_items; k++) {
            const struct tag_item *it = &p->items[k];
            numbers += it->kind == TAG_NUM;
            dots += it->kind == TAG_LIT && k > 0 && it->len == 1 && p->text[it->at] == '.';
        }
        if (numbers != 3 || dots != 2 || p->n_values != 3 || p->n_groups > 0)
            return false;
    }
    return true;
}

static void event(json_t *events, const char *what, struct str text)
{
    json_t *o = json_object();
    json_put_str(o, what, text);
    json_array_append_new(events, o);
}

/* One range for each: the schema does not mix last_affected and fixed in one. */
static void version_ranges(const struct job *j, const struct range *r, size_t n, json_t *to)
{
    for (size_t i = 0; i < n; i++) {
        json_t *o = json_object(), *events = json_array();
        event(events, "introduced", r[i].from_start ? STR("0") : version(j, r[i].first));
        if (ends_before_next(j, &r[i]))
            event(events, "fixed", version(j, r[i].next));
        else if (r[i].next < j->h->n_tags)
            event(events, "last_affected", version(j, r[i].last));
        json_put_str(o, "type", is_semver(j->h, r[i].product) ? STR("SEMVER") : STR("ECOSYSTEM"));
        json_object_set_new(o, "events", events);
        json_array_append_new(to, o);
    }
}

/* The repository's origin when it is a web or git address and nothing else: it is a stranger's. */
static struct str origin_url(const struct job *j)
{
    static const char *const schemes[] = {"https://", "http://", "git://", "ssh://"};
    AUTO(buf) struct buf b = BUF_INIT(URL_MAX);
    struct err e = ERR_INIT;
    if (j->h->git == NULL || git_remote_url(j->h->git, &b, &e) != RC_OK)
        return STR_NONE;
    struct str url = buf_str(&b);
    if (str_chr(url, '@') != STR_NPOS) /* may hold a password */
        return STR_NONE;
    for (size_t i = 0; i < url.n; i++)
        if (url.p[i] <= ' ' || url.p[i] >= 0x7f || strchr("\"<>\\^`{|}", url.p[i]))
            return STR_NONE;
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (str_starts(url, str_c(schemes[i])))
            return arena_str(j->a, url);
    return STR_NONE;
}

/* Any commit of the one group, or a copy of one, is the fix: that is what the events say. */
static void commit_range(const struct job *j, struct str url, json_t *to)
{
    const struct answer *w = j->w;
    char hex[GIT_OID_HEX + 1];
    if (url.n == 0 || j->q->n_groups != 1)
        return;
    json_t *o = json_object(), *events = json_array();
    if (w->n_origins == 0)
        event(events, "introduced", STR("0"));
    for (size_t i = 0; i < w->n_origins; i++)
        event(events, "introduced", str_c(w->origins[i].hex));
    for (size_t i = 0; i < j->q->groups[0].n; i++)
        event(events, "fixed", str_c(j->q->groups[0].revs[i].hex));
    const struct fix_found *f = &w->fixes.groups[0];
    for (size_t i = 0; i < f->n_equivalents; i++)
        if (f->equivalents[i].weight >= EQUIV_WEIGHT_MIN)
            event(events, "fixed", graph_hex(j->h->graph, f->equivalents[i].commit, hex));
    json_put_str(o, "type", STR("GIT"));
    json_put_str(o, "repo", url);
    json_object_set_new(o, "events", events);
    json_array_append_new(to, o);
}

static json_t *osv_json(const struct job *j, const struct range *r, size_t n, struct str url)
{
    json_t *o = json_object(), *ranges = json_array(), *versions = json_array();
    commit_range(j, url, ranges);
    version_ranges(j, r, n, ranges);
    for (size_t t = tagset_next(&j->w->affected, 0); t < j->h->n_tags;
         t = tagset_next(&j->w->affected, t + 1))
        json_array_append_new(versions, json_str(version(j, t)));
    json_object_set_new(o, "ranges", ranges);
    json_object_set_new(o, "versions", versions);
    return o;
}

static void add_quoted(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (ascii_is_alnum(c) || memchr(".-_~", c, 4))
            buf_addc(b, c);
        else
            buf_addf(b, "%%%02X", (unsigned char)c);
    }
}

static void constraint(struct buf *b, const char *op, struct str v, bool *first)
{
    buf_addf(b, "%s%s", *first ? "" : "|", op);
    add_quoted(b, v);
    *first = false;
}

/* All ranges of one product as one text. */
static void vers_text(const struct job *j, const struct range *r, size_t n, struct buf *b)
{
    bool first = true;
    buf_addf(b, "vers:%s/", is_semver(j->h, r[0].product) ? "semver" : "generic");
    for (size_t i = 0; i < n; i++) {
        if (!r[i].from_start)
            constraint(b, ">=", version(j, r[i].first), &first);
        if (ends_before_next(j, &r[i]))
            constraint(b, "<", version(j, r[i].next), &first);
        else if (r[i].next < j->h->n_tags)
            constraint(b, "<=", version(j, r[i].last), &first);
    }
    if (first)
        buf_addc(b, '*');
}

static json_t *vers_json(const struct job *j, const struct range *r, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0, k; i < n; i = k) {
        AUTO(buf) struct buf b = BUF_INIT(TEXT_MAX);
        for (k = i; k < n && r[k].product == r[i].product; k++)
            ;
        vers_text(j, r + i, k - i, &b);
        json_array_append_new(list, json_str(buf_str(&b)));
    }
    return list;
}

/* The two forges whose package URLs name repositories; names in lower case, as the types ask. */
static json_t *purl_json(const struct job *j, struct str url)
{
    static const struct {
        const char *start, *type;
    } forges[] = {{"https://github.com/", "github"}, {"https://bitbucket.org/", "bitbucket"}};
    for (size_t i = 0; i < ARRAY_LEN(forges); i++) {
        if (!str_starts(url, str_c(forges[i].start)))
            continue;
        struct str rest = str_sub(url, strlen(forges[i].start), url.n), owner;
        if (str_ends(rest, STR(".git")))
            rest = str_sub(rest, 0, rest.n - 4);
        if (!str_cut(&rest, '/', &owner) || owner.n == 0 || rest.n == 0 ||
            str_chr(rest, '/') != STR_NPOS)
            continue;
        AUTO(buf) struct buf b = BUF_INIT(3 * URL_MAX);
        buf_addf(&b, "pkg:%s/", forges[i].type);
        add_quoted(&b, arena_lower(j->a, owner));
        buf_addc(&b, '/');
        add_quoted(&b, arena_lower(j->a, rest));
        return json_str(buf_str(&b));
    }
    return json_null();
}

enum rc formats_put(struct history *h, const struct question *q, const struct answer *w,
                    struct arena *a, json_t *to, struct err *e)
{
    struct job j = {.h = h, .q = q, .w = w, .a = a};
    struct range *series, *product;
    size_t n_series, n_product;
    TRY(ranges_by_series(h, q, w, a, &series, &n_series, e));
    TRY(ranges_by_product(h, q, w, a, &product, &n_product, e));
    struct str url = origin_url(&j);
    json_object_set_new(to, "ranges", ranges_json(&j, series, n_series));
    json_object_set_new(to, "advisory", advisory_json(&j, series, n_series));
    json_object_set_new(to, "osv", osv_json(&j, product, n_product, url));
    json_object_set_new(to, "cve", cve_json(&j, series, n_series));
    json_object_set_new(to, "vers", vers_json(&j, product, n_product));
    json_object_set_new(to, "purl", purl_json(&j, url));
    return arena_ok(a, "the ranges", e);
}

/* ---- For people ---- */

/* "fix", "flaw": what a commit of the evidence is to the tag. */
static void add_evidence(const struct job *j, const struct evidence *v, struct buf *b)
{
    char hex[GIT_OID_HEX + 1];
    buf_adds(b, v->rule);
    if (v->commit != GRAPH_NONE)
        buf_addf(b, " %.12s", graph_hex(j->h->graph, v->commit, hex).p);
    if (v->of != GRAPH_NONE)
        buf_addf(b, " (copy of %.12s)", graph_hex(j->h->graph, v->of, hex).p);
    if (v->path.n) {
        buf_adds(b, " ");
        utf8_clean_line(b, v->path);
        if (v->line)
            buf_addf(b, ":%u", v->line);
    }
    if (v->why.n) {
        buf_adds(b, ": ");
        utf8_clean_line(b, v->why);
    }
}

/* All of a row but the name. */
static void add_verdict(const struct job *j, size_t t, struct buf *b)
{
    static const char *const words[] = {"AFFECTED", "fixed", "not affected", "UNKNOWN"};
    const struct tag_answer *ta = &j->w->tags[t];
    buf_addf(b, "%-12s  %-6s  ", words[ta->status], ta->confidence);
    add_evidence(j, &ta->why, b);
    if (tagset_has(&j->w->flagged, t))
        buf_adds(b, " [look at it]");
    if (!j->h->tags[t].counts)
        buf_adds(b, j->h->tags[t].preview ? " [preview]" : " [no release]");
}

static void add_row(const struct job *j, size_t t, int width, struct str verdict, struct buf *b)
{
    buf_addf(b, "%-*.*s  %.*s\n", width, STR_ARG(j->h->tags[t].name), STR_ARG(verdict));
}

/* Neighbours of the same verdict: the first and, of many, how far they go. */
struct run {
    size_t first, last, n;
    struct buf verdict;
};

static void end_run(const struct job *j, struct run *r, int width, struct buf *b)
{
    if (r->n == 0)
        return;
    add_row(j, r->first, width, buf_str(&r->verdict), b);
    if (r->n == 2)
        add_row(j, r->last, width, buf_str(&r->verdict), b);
    else if (r->n > 2)
        buf_addf(b, "  to %.*s: the same, %zu in all\n", STR_ARG(j->h->tags[r->last].name), r->n);
    r->n = 0;
}

static enum rc add_rows(const struct job *j, bool wide, struct buf *b, struct err *e)
{
    AUTO(buf) struct buf verdict = BUF_INIT(VERDICT_MAX);
    struct run r = {.n = 0, .verdict = BUF_INIT(VERDICT_MAX)};
    int width = 10;
    for (size_t t = 0; t < j->h->n_tags; t++)
        if ((wide || tagset_has(&j->q->counts, t)) && (int)j->h->tags[t].name.n > width)
            width = j->h->tags[t].name.n > 40 ? 40 : (int)j->h->tags[t].name.n;
    for (size_t t = 0; t < j->h->n_tags; t++) {
        if (!wide && !tagset_has(&j->q->counts, t))
            continue;
        buf_reset(&verdict);
        add_verdict(j, t, &verdict);
        if (wide || !str_eq(buf_str(&verdict), buf_str(&r.verdict)))
            end_run(j, &r, width, b);
        if (r.n == 0) {
            r.first = t;
            buf_reset(&r.verdict);
            buf_add(&r.verdict, buf_str(&verdict));
        }
        r.last = t;
        r.n++;
    }
    end_run(j, &r, width, b);
    enum rc rc = buf_ok(&r.verdict, "a row of the table", e);
    buf_release(&r.verdict);
    return rc;
}

static void add_ranges(const struct job *j, const struct range *r, size_t n, struct buf *b)
{
    const struct order *order = j->h->order;
    bool unknown = !tagset_empty(&j->w->unknown);
    buf_adds(b, n         ? "\nAffected:\n"
                : unknown ? "\nNo release is known to be affected.\n"
                          : "\nNo release is affected.\n");
    for (size_t i = 0; i < n; i++) {
        struct str series =
            r[i].series < order->n_series ? order->series[r[i].series].name : STR_NONE;
        buf_adds(b, "  ");
        if (series.n)
            buf_addf(b, "%.*s: ", STR_ARG(series));
        buf_addf(b, "%.*s", STR_ARG(j->h->tags[r[i].first].name));
        if (r[i].last != r[i].first)
            buf_addf(b, " to %.*s", STR_ARG(j->h->tags[r[i].last].name));
        if (r[i].from_start)
            buf_adds(b, ", since the beginning");
        if (r[i].next_fixed)
            buf_addf(b, ", fixed in %.*s", STR_ARG(j->h->tags[r[i].next].name));
        else if (r[i].next < j->h->n_tags)
            buf_addf(b, ", no more in %.*s", STR_ARG(j->h->tags[r[i].next].name));
        else
            buf_adds(b, ", not fixed in a release of it");
        buf_addc(b, '\n');
    }
}

/* "1.0 to 1.4, 2.0": a candidate's ranges in short. */
static enum rc add_short_ranges(const struct job *j, const struct candidate *c, struct buf *b,
                                struct err *e)
{
    struct answer w = *j->w;
    struct range *r;
    size_t n;
    w.affected = tagset_copy(j->a, &c->affected);
    TRY(arena_ok(j->a, "the table", e));
    tagset_and(&w.affected, &j->q->counts);
    TRY(ranges_by_series(j->h, j->q, &w, j->a, &r, &n, e));
    for (size_t i = 0; i < n && i < SHORT_RANGES; i++) {
        buf_addf(b, "%s%.*s", i ? ", " : ": ", STR_ARG(j->h->tags[r[i].first].name));
        if (r[i].last != r[i].first)
            buf_addf(b, " to %.*s", STR_ARG(j->h->tags[r[i].last].name));
    }
    if (n > SHORT_RANGES)
        buf_addf(b, " and %zu more", n - SHORT_RANGES);
    return RC_OK;
}

static enum rc add_candidates(const struct job *j, struct buf *b, struct err *e)
{
    const struct answer *w = j->w;
    if (w->n_candidates < 2)
        return RC_OK;
    buf_adds(b,
             "\nNobody said where the flaw came in.  Possible, the first is the answer above:\n");
    for (size_t i = 0; i < w->n_candidates; i++) {
        const struct candidate *c = &w->candidates[i];
        buf_addf(b, "  %zu. %zu affected (%s)", i + 1,
                 tagset_count_and(&c->affected, &j->q->counts), c->confidence);
        TRY(add_short_ranges(j, c, b, e));
        for (size_t k = 0; k < c->n_why; k++) {
            buf_adds(b, "\n     ");
            add_evidence(j, &c->why[k], b);
        }
        buf_addc(b, '\n');
    }
    return RC_OK;
}

enum rc formats_table(struct history *h, const struct question *q, const struct answer *w,
                      struct arena *a, bool wide, struct buf *out, struct err *e)
{
    struct job j = {.h = h, .q = q, .w = w, .a = a};
    struct range *r;
    size_t n;
    TRY(ranges_by_series(h, q, w, a, &r, &n, e));
    TRY(add_rows(&j, wide, out, e));
    add_ranges(&j, r, n, out);
    if (!tagset_empty(&w->unknown))
        buf_addf(out, "Unknown: %zu of %zu; above it is said what is missing.\n",
                 tagset_count(&w->unknown), tagset_count(&q->counts));
    TRY(add_candidates(&j, out, e));
    TRY(arena_ok(a, "the table", e));
    return buf_ok(out, "the table", e);
}
