/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order of releases.  Runs in the engine child and in commands; names of tags are a stranger's.
 */
#include "engine/affected/order.h"

#include <stdlib.h>
#include <string.h>

/* ---- Schemes ---- */

static bool fits_any(const struct order *o, struct str name, uint32_t *ret_scheme,
                     struct tag_version *ret_v)
{
    for (uint32_t i = 0; i < o->n_schemes; i++)
        if (tag_pattern_match(&o->schemes[i], name, ret_v)) {
            *ret_scheme = i;
            return true;
        }
    return false;
}

static bool fits_loosely(const struct order *o, struct release *r)
{
    for (uint32_t i = 0; i < o->n_schemes; i++)
        if (tag_pattern_match_loose(&o->schemes[i], r->name, &r->v)) {
            r->scheme = i;
            return true;
        }
    return false;
}

/* "v1.2-fork3", "v1.2rc1" where "v1.2" fits: the release it is a variant or preview of. */
static bool variant_of(const struct order *o, struct str name, uint32_t *ret_scheme,
                       struct tag_version *ret_v)
{
    for (size_t i = name.n; i-- > 1;) {
        bool word = memchr("-._+", name.p[i], 4) && i + 1 < name.n && ascii_is_alpha(name.p[i + 1]);
        bool stuck = ascii_is_alpha(name.p[i]) && ascii_is_digit(name.p[i - 1]);
        if ((word || stuck) && fits_any(o, str_sub(name, 0, i), ret_scheme, ret_v))
            return true;
    }
    return false;
}

/* What a scheme says before its first number, without separators and generic words. */
static void product_key(const struct tag_pattern *p, char ret_key[TAG_PATTERN_MAX + 1])
{
    static const char *const generic[] = {"v", "ver", "version", "rel", "release"};
    size_t n = 0;
    if (p->items[0].kind == TAG_LIT)
        for (size_t i = 0; i < p->items[0].len; i++) {
            char c = p->text[p->items[0].at + i];
            if (ascii_is_alnum(c))
                ret_key[n++] = ascii_lower(c);
        }
    ret_key[n] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(generic); i++)
        if (strcmp(ret_key, generic[i]) == 0)
            ret_key[0] = '\0';
}

/* The same product as the first scheme's: its older or newer way of writing needs few tags. */
static bool same_product(const struct tag_pattern *a, const struct tag_pattern *b)
{
    char x[TAG_PATTERN_MAX + 1], y[TAG_PATTERN_MAX + 1];
    product_key(a, x);
    product_key(b, y);
    return strcmp(x, y) == 0;
}

static enum rc learn(const struct release *tags, size_t n, struct order *o, struct err *e)
{
    AUTO(mem) struct str *names = mem_alloc((n + 1) * sizeof *names);
    size_t least = ORDER_LEAST;
    while (o->n_schemes < HISTORY_SCHEMES) {
        struct tag_learned l;
        struct err none = ERR_INIT;
        struct tag_version v;
        uint32_t scheme;
        size_t k = 0;
        for (size_t i = 0; i < n; i++)
            if (!tag_is_preview(tags[i].name) && !fits_any(o, tags[i].name, &scheme, &v) &&
                !variant_of(o, tags[i].name, &scheme, &v))
                names[k++] = tags[i].name;
        if (k == 0 || tag_pattern_learn(names, k, &l, &none) != RC_OK)
            break;
        bool same = o->n_schemes > 0 && same_product(&o->schemes[0], &l.pattern);
        if (o->n_schemes > 0 && l.matched < (same ? ORDER_LEAST : least))
            break;
        if (o->n_schemes == 0 && l.matched / ORDER_SHARE > least)
            least = l.matched / ORDER_SHARE;
        o->schemes[o->n_schemes++] = l.pattern;
    }
    return RC_OK;
}

/* A product with far fewer releases than the first is another one: a module, a fork. */
static void find_sides(const struct release *tags, size_t n, struct order *o)
{
    size_t count[HISTORY_SCHEMES] = {0};
    struct tag_version v;
    uint32_t scheme;
    for (size_t i = 0; i < n; i++)
        if (fits_any(o, tags[i].name, &scheme, &v))
            count[o->product[scheme]]++;
    for (size_t p = 1; p < HISTORY_SCHEMES; p++)
        o->side[p] = count[p] * ORDER_SIDE < count[0];
}

static void find_products(struct order *o)
{
    char key[HISTORY_SCHEMES][TAG_PATTERN_MAX + 1];
    uint32_t n = 0;
    for (size_t i = 0; i < o->n_schemes; i++) {
        product_key(&o->schemes[i], key[i]);
        size_t same = 0;
        while (strcmp(key[same], key[i]) != 0)
            same++;
        o->product[i] = same < i ? o->product[same] : n++;
    }
}

/* ---- Order ---- */

/* As far as both have values a missing one is lower; then the shorter is. */
static int version_order(const struct tag_version *a, const struct tag_version *b)
{
    int c = tag_version_cmp(a, b);
    for (size_t i = b->n; c == 0 && i < a->n; i++)
        c = a->v[i] >= 0;
    for (size_t i = a->n; c == 0 && i < b->n; i++)
        c = b->v[i] >= 0 ? -1 : 0;
    return c;
}

struct sorted {
    struct release r;
    uint32_t product;
    int rank; /* of equal versions: previews, the release, variants of it */
};

static int by_version(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;
    if (x->product != y->product)
        return x->product < y->product ? -1 : 1;
    int c = version_order(&x->r.v, &y->r.v);
    if (c != 0)
        return c;
    if (x->rank != y->rank)
        return x->rank - y->rank;
    if (x->r.commit_us != y->r.commit_us)
        return x->r.commit_us < y->r.commit_us ? -1 : 1;
    return str_cmp(x->r.name, y->r.name);
}

static void sort_tags(struct release *tags, size_t n, const struct order *o)
{
    AUTO(mem) struct sorted *s = mem_zalloc((n + 1) * sizeof *s);
    for (size_t i = 0; i < n; i++) {
        struct release *r = &tags[i];
        r->preview = tag_is_preview(r->name);
        r->scheme = HISTORY_SCHEMES;
        r->series = HISTORY_SERIES_NONE;
        bool fits = fits_any(o, r->name, &r->scheme, &r->v) || fits_loosely(o, r);
        r->counts = fits && (o->asked || !r->preview) && !o->side[o->product[r->scheme]];
        bool variant = !fits && variant_of(o, r->name, &r->scheme, &r->v);
        s[i].r = *r;
        s[i].rank = r->preview ? 0 : variant ? 2 : 1;
        s[i].product = fits || variant ? o->product[r->scheme] : HISTORY_SCHEMES;
    }
    qsort(s, n, sizeof *s, by_version);
    for (size_t i = 0; i < n; i++)
        tags[i] = s[i].r;
}

/* ---- Series ---- */

static bool same_series(const struct order *o, const struct release *a, const struct release *b,
                        size_t depth)
{
    if (o->product[a->scheme] != o->product[b->scheme])
        return false;
    for (size_t i = 0; i < depth; i++)
        if ((i < a->v.n ? a->v.v[i] : -1) != (i < b->v.n ? b->v.v[i] : -1))
            return false;
    return true;
}

struct tag_list {
    const struct release *tags;
    size_t n;
};

/* The tags of a product, or of one of its schemes. */
struct part {
    uint32_t product, scheme; /* HISTORY_SCHEMES: all */
};

static bool in_part(const struct order *o, const struct release *r, struct part p)
{
    return o->product[r->scheme] == p.product &&
           (p.scheme == HISTORY_SCHEMES || r->scheme == p.scheme);
}

/* How badly series of that depth describe a product: one for each, ORDER_BACKWARDS for each release
 * that is older than one of a lower version in its series. */
static size_t cost_of(const struct tag_list *l, const struct order *o, struct part part,
                      size_t depth)
{
    size_t cost = 0;
    int64_t newest_us = 0;
    const struct release *last = NULL;
    for (size_t i = 0; i < l->n; i++) {
        const struct release *r = &l->tags[i];
        if (!r->counts || !in_part(o, r, part) || r->commit == GRAPH_NONE)
            continue;
        if (last == NULL || !same_series(o, last, r, depth)) {
            cost++;
            newest_us = r->commit_us;
        } else if (r->commit_us < newest_us) {
            cost += ORDER_BACKWARDS;
        } else {
            newest_us = r->commit_us;
        }
        last = r;
    }
    return cost;
}

static size_t best_depth(const struct tag_list *l, const struct order *o, struct part part)
{
    size_t best = 0, least = SIZE_MAX;
    for (size_t depth = 0; depth + 1 < TAG_VALUES; depth++) {
        size_t cost = cost_of(l, o, part, depth);
        if (cost < least) {
            least = cost;
            best = depth;
        }
    }
    return best;
}

/* That of the product, unless a scheme of it is clearly better off with its own. */
static void find_depths(const struct tag_list *l, const struct order *o,
                        size_t ret_depth[HISTORY_SCHEMES])
{
    for (uint32_t i = 0; i < o->n_schemes; i++) {
        struct part all = {o->product[i], HISTORY_SCHEMES}, own = {o->product[i], i};
        size_t depth = best_depth(l, o, all), mine = best_depth(l, o, own);
        bool better = cost_of(l, o, own, mine) + ORDER_BACKWARDS <= cost_of(l, o, own, depth);
        ret_depth[i] = better ? mine : depth;
    }
}

static void name_series(struct series *s, const struct tag_version *v, struct arena *a)
{
    AUTO(buf) struct buf b = BUF_INIT(200);
    for (size_t i = 0; i < s->depth; i++) {
        s->key[i] = i < v->n ? v->v[i] : -1;
        if (s->key[i] >= 0)
            buf_addf(&b, "%s%d", i ? "." : "", s->key[i]);
    }
    s->name = arena_str(a, buf_str(&b));
}

static enum rc find_series(struct release *tags, size_t n, struct arena *a, struct order *o,
                           struct err *e)
{
    size_t depth[HISTORY_SCHEMES] = {0};
    find_depths(&(struct tag_list){tags, n}, o, depth);
    o->series = arena_array(a, n + 1, sizeof *o->series);
    TRY(arena_ok(a, "the list of release series", e));
    const struct release *last = NULL;
    for (size_t i = 0; i < n; i++) {
        struct release *r = &tags[i];
        if (!r->counts)
            continue;
        uint32_t product = o->product[r->scheme];
        if (last == NULL || !same_series(o, last, r, depth[product])) {
            struct series *s = &o->series[o->n_series++];
            *s = (struct series){.product = product, .depth = (uint32_t)depth[product], .first = i};
            name_series(s, &r->v, a);
        }
        struct series *s = &o->series[o->n_series - 1];
        s->n = i - s->first + 1;
        r->series = (uint32_t)(o->n_series - 1);
        last = r;
    }
    return arena_ok(a, "the list of release series", e);
}

enum rc order_tags(struct release *tags, size_t n, const char *pattern, struct arena *a,
                   struct order *ret_o, struct err *e)
{
    struct order o = {.n_schemes = 0};
    if (pattern) {
        TRY(tag_pattern_parse(str_c(pattern), &o.schemes[0], e));
        o.n_schemes = 1;
        o.asked = true;
    } else {
        TRY(learn(tags, n, &o, e));
    }
    find_products(&o);
    find_sides(tags, n, &o);
    sort_tags(tags, n, &o);
    TRY(find_series(tags, n, a, &o, e));
    *ret_o = o;
    return RC_OK;
}
