/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_RANK_H
#define VULNDESK_ENGINE_AUDIT_RANK_H

#include "engine/audit/score.h"
#include "engine/audit/view.h"

/*
 * Ranks the places of a view that may need the same fix as the seeds.  First by the index alone
 * (retrieve.h), then the best files are read and words vote for places in them (witness.h), then
 * the best places are compared line by line (align.h) and weighed (score.h).  The same view and
 * seeds give the same hits always.
 */
#define RANK_HITS_MAX     1000u
#define RANK_FILES_MAX    30u        /* read for one pattern, besides the seed's own */
#define RANK_BYTES_MAX    (4u << 20) /* of them */
#define RANK_SPOTS_FILE   100u       /* places of one pattern in one file */
#define RANK_SPOTS_MAX    600u       /* of one pattern that are compared */
#define RANK_WORDS_MAX    40u        /* matched and missing words of a hit */
#define RANK_PATTERNS_MAX 16u        /* seeds that are compared; those with the most to tell */

struct hit_word {
    struct str text; /* in the arena */
    uint32_t line;   /* of the file; 0: missing */
};
struct hit {
    uint32_t file, start, end, line; /* of the view */
    float score;                     /* 0..1: how likely it needs the fix */
    float fixed;                     /* 0..1: share of what the fix added that is there already */
    uint32_t seed;                   /* which one it is most alike */
    uint32_t chunk;                  /* piece of the view that the line is in */
    uint64_t key;                    /* of its content */
    struct str function;             /* in the arena; empty: not known */
    const struct hit_word *matched;  /* rare ones first in the pattern, by line */
    size_t n_matched;
    const struct str
        *missing; /* words that the fix added and that are not there, rare ones first */
    size_t n_missing;
    float traits[TRAIT_COUNT];
};
/* Where a seed stands itself. */
struct own_place {
    uint32_t file, line;
    float fixed; /* 0..1: share of what the fix added that is there; < 0: it adds nothing */
};
struct hits {
    struct hit *v; /* in the arena; best first */
    size_t n;
    const struct own_place *own; /* in the arena; in each version of the seeds' files */
    size_t n_own;
};

/*
 * At most limit hits (RANK_HITS_MAX) with at least this score.  No two of one path are within
 * SPOT_NEAR lines; a piece that stands in several files (branches, copies) is a hit once, its other
 * places are those of the chunk (view_chunk).  The seeds' own places are left out and told apart.
 * RC_LIMIT: the arena is full.  Else the errors of the view.
 */
enum rc rank_run(struct view *v, const struct seed *seeds, size_t n, size_t limit, double cut,
                 struct arena *a, struct hits *ret_hits, struct err *e) WARN_UNUSED;

#endif
