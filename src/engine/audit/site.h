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
#define SITE_DIFF   160 /* tokens of a change that are looked at, of either side */

struct sites {
    uint32_t at[SITE_POINTS]; /* in pattern.old: the first token behind the point */
    size_t n;
};
void sites_find(const struct pattern *p, struct sites *ret);
/* 0..1: how like them the words in the rows first..last are. */
float sites_like(const struct sites *s, const struct pattern *p, const struct witness *w,
                 uint32_t first, uint32_t last);

#endif
