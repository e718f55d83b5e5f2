/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_ORDER_H
#define VULNDESK_ENGINE_AFFECTED_ORDER_H

#include "engine/affected/history.h"

/*
 * Which tags are releases, their order, and the series they belong to.
 *
 * Schemes are learnt until none is left that a fair share of the tags follows (a project may have
 * changed its way of writing, or release a side product), or there is the one that was asked for.
 * Names that look like previews, and names that are a release with a word behind it, do not count.
 * Schemes that differ in generic words and separators only (v2.1, version.2.1) are one product with
 * one order; a side product (a module with versions of its own) does not count unless its pattern
 * is asked for.
 *
 * A series is the releases that share the first k parts of the version: none for a project with one
 * line of releases, 2 for 2.2.x beside 2.4.x, 3 for 1.0.1a beside 1.0.2a.  k is the one with the
 * lowest cost, where each series costs one and each release that is older than a lower version of
 * its series costs ORDER_BACKWARDS; a scheme of a product may have a k of its own.
 */
#define ORDER_SHARE     12 /* a further scheme has at least one tag in so many of the first's */
#define ORDER_LEAST     3  /* and at least so many */
#define ORDER_SIDE      2 /* a product with fewer than one in so many of the first's is a side one */
#define ORDER_BACKWARDS 3

struct series {
    uint32_t product, depth; /* index of the product, 0 = the one with most tags; k */
    int32_t key[TAG_VALUES];
    struct str name; /* "2.4", "" for the only one */
    size_t first, n; /* tags first..first+n-1 of history.tags */
};

struct order {
    struct tag_pattern schemes[HISTORY_SCHEMES];
    uint32_t product[HISTORY_SCHEMES]; /* of a scheme */
    size_t n_schemes;
    bool asked;                 /* for this pattern: what fits it counts, whatever it looks like */
    bool side[HISTORY_SCHEMES]; /* a product whose releases do not count */
    struct series *series;
    size_t n_series;
};

/* Fills scheme, v, preview, counts and series of the tags, and sorts them.  pattern: NULL = learnt;
 * RC_INVALID when it is none. */
enum rc order_tags(struct release *tags, size_t n, const char *pattern, struct arena *a,
                   struct order *ret_o, struct err *e) WARN_UNUSED;

#endif
