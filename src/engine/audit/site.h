/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_SITE_H
#define VULNDESK_ENGINE_AUDIT_SITE_H

#include "engine/audit/witness.h"

/*
 * Where exactly a fix puts something in or takes something away: the words just before and behind
 * each of these points, before the fix.  A place where the same could be done has words like them
 * in that order.
 */
#define SITE_POINTS 6   /* of one pattern, the first ones */
#define SITE_REACH  5   /* tokens on either side */
#define SITE_WINDOW 512 /* tokens of a place that are looked at */
#define SITE_DIFF   160 /* tokens of a change that are looked at, of either side */

struct site_word {
    uint32_t hash, kind;
    uint8_t shift;        /* from SITE_REACH tokens before the point */
    uint32_t same, other; /* what the same word is worth there, and another one of its kind */
};
struct site_point {
    struct site_word words[2 * SITE_REACH];
    size_t n;
    uint32_t all; /* what they are worth together */
};
struct sites {
    struct site_point v[SITE_POINTS];
    size_t n;
};
/* Of a pattern that has its weights. */
void sites_find(const struct pattern *p, struct sites *ret);
/* 0..1: how like them the words in the rows first..last are, of the first SITE_WINDOW. */
float sites_like(const struct sites *s, const struct witness *w, uint32_t first, uint32_t last);

#endif
