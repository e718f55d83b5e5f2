/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_FORMATS_H
#define VULNDESK_ENGINE_AFFECTED_FORMATS_H

#include "engine/affected/ranges.h"

/*
 * An answer for machines and people: the keys below are added to an object.
 *   "ranges"   [{"series", "from", "to", "fixed_in": version or null, "since_the_beginning"}], by
 *              release series
 *   "advisory" [">= 2.4, < 2.6.1", ...]: lines of an advisory (publish/advisory.h)
 *   "osv"      {"ranges": [...], "versions": [...]}: the members of an "affected" object of the OSV
 *              schema 1.7: a range of commits, when the fix is one group and the repository says
 *              where it came from, and ranges of versions
 *   "cve"      [{"version", "status", "lessThan"...}]: "versions" of a CVE record 5.1, with
 *              "defaultStatus": "unaffected"
 *   "vers"     "vers:semver/>=2.4|<2.6.1" (VERS), one for each product
 *   "purl"     "pkg:github/owner/name" of the repository's origin, null when it is elsewhere
 */
enum rc formats_put(struct history *h, const struct question *q, const struct answer *w,
                    struct arena *a, json_t *to, struct err *e) WARN_UNUSED;

/* The table for people and the ranges below: one line a tag, neighbours of the same verdict taken
 * together.  wide: also tags that do not count, and each on a line of its own. */
enum rc formats_table(struct history *h, const struct question *q, const struct answer *w,
                      struct arena *a, bool wide, struct buf *out, struct err *e) WARN_UNUSED;

#endif
