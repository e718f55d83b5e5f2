/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_ALIGN_H
#define VULNDESK_ENGINE_BACKPORT_ALIGN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Which element of one sequence of numbers is which of another, order kept.  First what is the same
 * at both ends, then the elements that come once in both (patience diff, as Bram Cohen described
 * it), each gap in turn the same way, then the longest common subsequence of what is left (Myers
 * 1986, linear space).  Time is bounded by a budget: when it is used up, what is not aligned stays
 * so.
 */
#define ALIGN_NONE UINT32_MAX
/* Changes in one gap up to which the exact search goes. */
#define ALIGN_CHANGES_MAX 3000u

struct aligning {
    uint32_t ids;    /* all numbers are below this */
    uint64_t budget; /* steps; counted down */
    bool unique;     /* no search in gaps without elements that come once */
};

/* map: n entries; ret_map[i] is the place in b of a[i], or ALIGN_NONE. */
void align_run(struct aligning *how, const uint32_t *a, uint32_t n, const uint32_t *b, uint32_t m,
               uint32_t *ret_map);

#endif
