/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_RANK_INSIDE_H
#define VULNDESK_ENGINE_AUDIT_RANK_INSIDE_H

#include "engine/audit/home.h"
#include "engine/audit/rank.h"

/* What the parts of the ranker share; nobody else includes this. */

/* A place that was compared with a pattern. */
struct found {
    struct spot spot;
    uint32_t line;
    struct likeness like;
    struct surroundings around;
    float file_weight;   /* share of the pattern's weight that is anywhere in the file */
    struct str function; /* in the arena */
    float traits[TRAIT_COUNT];
    float score;
};

struct ranking {
    struct view *v;
    struct arena *a;
    struct terms terms;
    struct pattern *patterns;
    struct home *homes; /* of each pattern */
    size_t n_patterns;
    struct found *found;
    size_t n_found, cap_found;
};

/* Traits and scores of all found places. */
void traits_fill(struct ranking *r);
/* Matched and missing words of the hits; found[i] is what hit i was made of. */
enum rc explain_hits(struct ranking *r, struct hits *hits, struct err *e) WARN_UNUSED;

#endif
