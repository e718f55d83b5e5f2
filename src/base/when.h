/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_BASE_WHEN_H
#define VULNDESK_BASE_WHEN_H

#include "base/buf.h"

/*
 * Points in time are int64_t microseconds since 1970-01-01T00:00:00Z, named *_us.  Nothing here
 * reads a clock: the clock is handed in (the database's for cases, os/clock.h for processes).
 */
#define US_PER_S      INT64_C(1000000)
#define US_PER_MIN    (60 * US_PER_S)
#define US_PER_H      (60 * US_PER_MIN)
#define US_PER_DAY    (24 * US_PER_H)
#define WHEN_TEXT_MAX 64 /* no text made here is longer */

/* Years 1970..9999; outside they are clipped to that range. */
struct civil {
    int year, month, day, hour, minute, second, micro,
        weekday; /* month 1..12, weekday 0 = Sunday */
};
void when_civil(int64_t at_us, struct civil *ret_c);
int64_t when_from_civil(const struct civil *c);

/* "2026-11-25T15:08:00Z" (RFC 3339). */
void when_rfc3339(struct buf *b, int64_t at_us);
/* "Wed, 25 Nov 2026 15:08:00 +0000" (RFC 5322 3.3). */
void when_rfc5322(struct buf *b, int64_t at_us);
/* "2026-11-25 15:08 UTC", for people. */
void when_human(struct buf *b, int64_t at_us);
/* "3 days", "5 hours", "2 minutes", "less than a minute": a duration for people; the sign is
 * dropped. */
void when_span(struct buf *b, int64_t span_us);

/* RFC 3339 with Z or an offset, fraction allowed; RC_INVALID otherwise. */
enum rc when_parse_rfc3339(struct str s, int64_t *ret_at_us, struct err *e) WARN_UNUSED;
/* "30m", "24h", "14d", "2w": digits and one unit of s m h d w; RC_INVALID otherwise. */
enum rc when_parse_span(struct str s, int64_t *ret_span_us, struct err *e) WARN_UNUSED;

#endif
