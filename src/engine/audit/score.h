/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_SCORE_H
#define VULNDESK_ENGINE_AUDIT_SCORE_H

#include "engine/audit/align.h"

/*
 * What speaks for a place, and how likely it is one that needs the same fix.  The weights stand in
 * one table in score.c, found by bench/audit-weights.
 */
enum trait {
    TRAIT_WIDE, /* spot.wide, spot.close */
    TRAIT_CLOSE,
    TRAIT_VOTES_BEST, /* of the best spot of the same pattern: its share */
    TRAIT_CHAIN,
    TRAIT_CHAIN_BEST,
    TRAIT_CHANGED,
    TRAIT_BEFORE,
    TRAIT_AFTER,
    TRAIT_NEAR,
    TRAIT_WORDS,
    TRAIT_SHAPE,
    TRAIT_FRESH,
    TRAIT_WEIGHT, /* log of likeness.weight */
    TRAIT_FILE,
    TRAIT_FOLDER,
    TRAIT_PATH,
    TRAIT_FUNCTION,
    TRAIT_SAME_FUNCTION,
    TRAIT_ONLY_ADDED,
    TRAIT_COUNT
};
const char *trait_name(enum trait t);

/* How alike two names are: shared parts (camelCase, snake_case, folders), 0..1. */
float names_alike(struct str a, struct str b);

/* 0..1 */
float score_of(const float traits[TRAIT_COUNT]);

#endif
