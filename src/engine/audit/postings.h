/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_POSTINGS_H
#define VULNDESK_ENGINE_AUDIT_POSTINGS_H

#include "engine/audit/segwrite.h"

/*
 * The postings of a segment that is being made: 4 bytes each, in buckets by the first bits of the
 * term, in the order in which they come (pieces ascend).  A bucket fits into the processor's cache
 * when it is sorted (LSD radix).
 */
#define POSTINGS_MAX        (26u << 20) /* of one segment: about 104 MB */
#define POSTINGS_BUCKET_MAX (1u << 20)  /* of one bucket: 16 MB while it is sorted */

struct postings;

struct postings *postings_new(void);
void postings_free(struct postings *p); /* NULL is fine */
/* Empties for the next segment, keeps the memory. */
void postings_reset(struct postings *p);
/* The piece's number within the segment, never less than the one before. */
void postings_add(struct postings *p, uint32_t term, uint32_t chunk);
uint64_t postings_count(const struct postings *p);
/* Time for a new segment, before the next piece is added. */
bool postings_full(const struct postings *p);
/* All terms in order into w; base: number of the segment's first piece. */
void postings_write(struct postings *p, uint32_t base, struct segwrite *w);

#endif
