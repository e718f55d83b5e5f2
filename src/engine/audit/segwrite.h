/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_SEGWRITE_H
#define VULNDESK_ENGINE_AUDIT_SEGWRITE_H

#include "engine/audit/segment.h"

/*
 * Writes a segment (segment.h) from its begin to its end, without holding more of it in memory than
 * a buffer, its directory and a sum for each block.  The parts come in the order of enum
 * segment_part.  A write that fails is remembered and said by segwrite_end.
 */
struct segwrite;

struct segwrite_head {
    uint32_t base, n_chunks;
    size_t id_len;
    uint64_t postings; /* about how many there will be: for the size of the directory */
};

/* A temporary file in the folder dirfd. RC_IO, RC_DENIED, RC_LIMIT. */
enum rc segwrite_new(int dirfd, const struct segwrite_head *head, struct segwrite **ret_w,
                     struct err *e) WARN_UNUSED;
/* Removes the temporary file unless it was finished. NULL is fine. */
void segwrite_free(struct segwrite *w);
void segwrite_auto(struct segwrite **w);

/* A term and its pieces, numbers of the whole index, ascending; terms ascending too. */
void segwrite_term(struct segwrite *w, uint32_t term, const uint32_t *chunks, size_t n);
/* Ends the terms and writes the directory. */
void segwrite_terms_end(struct segwrite *w);
/* Begins the next part; segwrite_add adds bytes to it. */
void segwrite_part(struct segwrite *w, enum segment_part part);
void segwrite_add(struct segwrite *w, const void *p, size_t n);
/* A blob's record (its refs is an offset in PART_REFS). */
void segwrite_blob(struct segwrite *w, const struct segment_blob *b);
void segwrite_tree(struct segwrite *w, const unsigned char *id, uint32_t at, uint32_t n);

/* Appends the refs of a blob as PART_REFS has them. */
void segwrite_refs(struct buf *b, uint32_t base, const uint32_t *chunks, size_t n);

/* Sums, trailer, the file's own name. */
enum rc segwrite_end(struct segwrite *w, uint32_t n_blobs, uint32_t n_trees, struct err *e)
    WARN_UNUSED;

/* The sum of a run of bytes: every single change shows, and nearly every other. */
uint64_t segment_sum(const unsigned char *p, size_t n);

#endif
