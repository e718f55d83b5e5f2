/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges of versions out of a set of tags.  Runs in the engine child and in commands; pure.
 */
#include "engine/affected/ranges.h"

#include <string.h>

#include "engine/affected/order.h"

static uint32_t product_of(const struct history *h, size_t tag)
{
    return h->tags[tag].scheme < HISTORY_SCHEMES ? h->order->product[h->tags[tag].scheme]
                                                 : HISTORY_SCHEMES;
}

static bool together(const struct history *h, size_t a, size_t b, bool by_series)
{
    if (product_of(h, a) != product_of(h, b))
        return false;
    return !by_series || h->tags[a].series == h->tags[b].series;
}

static enum rc find(const struct history *h, const struct question *q, const struct answer *w,
                    bool by_series, struct arena *a, struct range **ret_r, size_t *ret_n,
                    struct err *e)
{
    struct range *r = arena_array(a, tagset_count(&w->affected) + 1, sizeof *r);
    TRY(arena_ok(a, "the ranges", e));
    const struct tagset *in = &q->counts;
    size_t n = 0, last = h->n_tags;
    bool open = false;
    for (size_t t = tagset_next(in, 0); t < in->n; last = t, t = tagset_next(in, t + 1)) {
        bool same = last < h->n_tags && together(h, last, t, by_series);
        bool affected = tagset_has(&w->affected, t);
        if (open && same && !affected) {
            r[n - 1].next = t;
            r[n - 1].next_fixed = tagset_has(&w->fixed, t);
            r[n - 1].next_unknown = tagset_has(&w->unknown, t);
        }
        if (affected && open && same) {
            r[n - 1].last = t;
        } else if (affected) {
            bool first = last == h->n_tags || product_of(h, last) != product_of(h, t);
            r[n++] = (struct range){.first = t,
                                    .last = t,
                                    .next = h->n_tags,
                                    .product = product_of(h, t),
                                    .series = h->tags[t].series,
                                    .from_start = first};
        }
        open = affected;
    }
    *ret_r = r;
    *ret_n = n;
    return RC_OK;
}

enum rc ranges_by_series(const struct history *h, const struct question *q, const struct answer *w,
                         struct arena *a, struct range **ret_r, size_t *ret_n, struct err *e)
{
    return find(h, q, w, true, a, ret_r, ret_n, e);
}

enum rc ranges_by_product(const struct history *h, const struct question *q, const struct answer *w,
                          struct arena *a, struct range **ret_r, size_t *ret_n, struct err *e)
{
    return find(h, q, w, false, a, ret_r, ret_n, e);
}

struct str version_text(const struct history *h, size_t tag, struct arena *a)
{
    const struct release *r = &h->tags[tag];
    struct str name = r->name;
    if (r->scheme < HISTORY_SCHEMES) {
        const struct tag_item *first = &h->order->schemes[r->scheme].items[0];
        if (first->kind == TAG_LIT && first->len < name.n)
            name = str_sub(name, first->len, name.n);
    }
    AUTO(buf) struct buf b = BUF_INIT(GIT_NAME_MAX);
    for (size_t i = 0; i < name.n; i++)
        buf_addc(&b, name.p[i] == '_' ? '.' : name.p[i]);
    return arena_str(a, buf_str(&b));
}
