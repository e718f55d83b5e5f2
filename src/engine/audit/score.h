/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_SCORE_H
#define VULNDESK_ENGINE_AUDIT_SCORE_H

#include "engine/audit/align.h"

/*
 * What speaks for a place, and how likely it is one that needs the same fix.  The weights stand in
 * one table in score.c: a choice among the places of a question (conditional logit), learnt from
 * the fixes of some fifty projects, some of them left out at a time to see what it is worth.
 * bench/audit-weights makes the table.
 */
enum trait {
    TRAIT_WIDE, /* spot.wide, spot.close */
    TRAIT_CLOSE,
    TRAIT_CLOSE_BEST, /* share of the best one of the question; log of the rank in it */
    TRAIT_CLOSE_RANK,
    TRAIT_CHAIN, /* likeness */
    TRAIT_CHAIN_BEST,
    TRAIT_CHAIN_RANK,
    TRAIT_CHANGED,
    TRAIT_BEFORE,
    TRAIT_AFTER,
    TRAIT_NEAR,
    TRAIT_NEAR_RANK,
    TRAIT_WORDS,
    TRAIT_WORDS_RANK,
    TRAIT_SHAPE,
    TRAIT_SHAPE_RANK,
    TRAIT_SITE, /* words around the points of the change (site.h) */
    TRAIT_SITE_RANK,
    TRAIT_FRESH,
    TRAIT_FIXED,  /* (nearly) all that the fix adds is there */
    TRAIT_WEIGHT, /* log */
    TRAIT_RAREST,
    TRAIT_RAREST_SHARE,
    TRAIT_FILE, /* the seed's file, its folder, words of the path in common */
    TRAIT_FOLDER,
    TRAIT_PATH,
    TRAIT_FUNCTION, /* words of the function's name in common */
    TRAIT_SAME_FUNCTION,
    TRAIT_DISTANCE, /* log of the lines to the seed's own place */
    TRAIT_AROUND,   /* words of the seed's function in common */
    TRAIT_AROUND_RANK,
    TRAIT_AROUND_COSINE,
    TRAIT_FILE_WEIGHT,
    TRAIT_ONLY_ADDED, /* the seed takes nothing away */
    TRAIT_COUNT
};
const char *trait_name(enum trait t);

/* How alike two names are: shared parts (camelCase, snake_case, folders), 0..1. */
float names_alike(struct str a, struct str b);

/* What the order of places goes by; only differences within a question mean something. */
float score_of(const float traits[TRAIT_COUNT]);
/*
 * 0..1, and comparable between questions: how likely the place needs the same fix, by its score,
 * the best score of the question and its rank, from 0.  Falls with the rank.
 */
float score_likely(float score, float best, size_t rank);

#endif
