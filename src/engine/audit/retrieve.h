/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_RETRIEVE_H
#define VULNDESK_ENGINE_AUDIT_RETRIEVE_H

#include "engine/audit/seed.h"
#include "engine/audit/view.h"

/*
 * Which pieces of a view have the most in common with a pattern, by the postings alone: no text is
 * read.  A piece is worth the weights of the terms that it holds and half of what the better of its
 * neighbours in the file is worth, more when it stands in the seed's file or folder.
 */
#define RETRIEVE_MAX    1000u /* pieces of a pattern */
#define RETRIEVE_POOL   4000u /* that are weighed with their neighbours */
#define RETRIEVE_COMMON 0.03  /* terms in a larger share of the pieces tell nothing */
#define RETRIEVE_FEW    50u   /* ... but never those in fewer pieces than this */
#define RETRIEVE_PLACES 64u   /* places of one piece that are looked at */

struct piece {
    uint32_t chunk, file, line; /* line: where it begins in the file */
    uint32_t ref;               /* in view.refs */
    float score;
};
struct pieces {
    struct piece *v;
    size_t n, cap;
};
void pieces_release(struct pieces *p);
void pieces_auto(struct pieces *p);

/* df of all terms. */
enum rc retrieve_count(struct view *v, struct terms *t, struct err *e) WARN_UNUSED;

/* The best pieces of one pattern, best first; scratch: n_chunks floats. */
enum rc retrieve_pieces(struct view *v, const struct terms *t, const struct pattern *p,
                        float *scratch, struct pieces *ret_p, struct err *e) WARN_UNUSED;

/* How near a path is to the seed's: the factors for the same file and the same folder. */
float path_prior(struct str seed, struct str path);

#endif
