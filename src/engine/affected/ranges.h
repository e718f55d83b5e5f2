/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_RANGES_H
#define VULNDESK_ENGINE_AFFECTED_RANGES_H

#include "engine/affected/affected.h"

/*
 * The affected tags as ranges of versions.  A range is a run of neighbours in the order of versions
 * among the tags that count, either within one release series (for people and CVE records) or
 * across them (for OSV and VERS, whose events know no series).  Nothing is rounded: read back, the
 * ranges hold exactly the affected tags.
 */
struct range {
    size_t first, last; /* tags, inclusive */
    size_t next;        /* the tag behind last in the same series (or product), n_tags: none */
    uint32_t product, series; /* series: that of first */
    bool from_start; /* no release of the product, or of its earlier versions, is before it */
    bool next_fixed; /* next holds the fix */
    bool next_unknown;
};

/* In the order of versions; they live in the arena. */
enum rc ranges_by_series(const struct history *h, const struct question *q, const struct answer *w,
                         struct arena *a, struct range **ret_r, size_t *ret_n, struct err *e)
    WARN_UNUSED;
enum rc ranges_by_product(const struct history *h, const struct question *q, const struct answer *w,
                          struct arena *a, struct range **ret_r, size_t *ret_n, struct err *e)
    WARN_UNUSED;

/* A tag as a version: without what its scheme puts before the first number, '_' as '.'. */
struct str version_text(const struct history *h, size_t tag, struct arena *a);

#endif
