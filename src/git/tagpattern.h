/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_GIT_TAGPATTERN_H
#define VULNDESK_GIT_TAGPATTERN_H

#include "base/str.h"

/*
 * How a project writes its release tags, and the order that follows.
 *     {YYYY} {MM} {DD}   a year (1970..2099), month, day, with exactly that many digits
 *     {N}                a number of 1 to 9 digits
 *     {a}                one lower-case letter; behind z come za, zb, ...
 *     [ ... ]            a part that may be missing; not nested
 *     anything else      itself
 * Examples: {YYYY}-{MM}[{a}]   v{N}.{N}.{N}   curl-{N}_{N}[_{N}]   release-{N}.{N}.{N}
 * Two tags are ordered by their values from left to right; a missing part is lower than any value,
 * so 2026-03 < 2026-03a < 2026-03b < 2026-04.
 */
#define TAG_PATTERN_MAX    120 /* bytes of a pattern */
#define TAG_PATTERN_ITEMS  32
#define TAG_PATTERN_GROUPS 4
#define TAG_VALUES         12

struct tag_item {
    enum { TAG_LIT, TAG_YEAR, TAG_MONTH, TAG_DAY, TAG_NUM, TAG_LETTER } kind;
    unsigned char at, len; /* TAG_LIT: part of text */
    unsigned char group;   /* 0 = always, else 1..TAG_PATTERN_GROUPS */
};
struct tag_pattern {
    char text[TAG_PATTERN_MAX + 1];
    struct tag_item items[TAG_PATTERN_ITEMS];
    size_t n_items, n_groups, n_values;
};
struct tag_version {
    int32_t v[TAG_VALUES]; /* -1 = missing */
    size_t n;
};

/* RC_INVALID says what is wrong with the pattern. */
enum rc tag_pattern_parse(struct str text, struct tag_pattern *ret_p, struct err *e) WARN_UNUSED;
/* The whole name must fit. */
bool tag_pattern_match(const struct tag_pattern *p, struct str name, struct tag_version *ret_v);
/* The same, whichever of '-', '_' and '.' stands where the pattern has one of them: a slip of the
 * hand in one of hundreds of names. */
bool tag_pattern_match_loose(const struct tag_pattern *p, struct str name,
                             struct tag_version *ret_v);
/* <0, 0, >0; both from the same pattern. */
int tag_version_cmp(const struct tag_version *a, const struct tag_version *b);

/*
 * Learns a pattern from real names: the scheme most of them follow.  Names that look like previews
 * (rc, alpha, beta, pre, dev, ...) are not learnt from.
 */
struct tag_learned {
    struct tag_pattern pattern;
    size_t matched; /* names that fit it */
    size_t preview; /* names that look like previews and do not fit */
    size_t other;   /* names that do not fit */
};
/* RC_NOTFOUND when no two names (or the only one) share a scheme with a number in it.  At most
 * TAG_LEARN_MAX names are looked at, the last ones given. */
#define TAG_LEARN_MAX 100000
enum rc tag_pattern_learn(const struct str *names, size_t n, struct tag_learned *ret_l,
                          struct err *e) WARN_UNUSED;
/* Does the name look like a preview of a release? */
bool tag_is_preview(struct str name);

#endif
