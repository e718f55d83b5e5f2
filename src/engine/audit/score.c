/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weighs what speaks for a place.  Pure; runs in the engine child and in commands.
 */
#include "engine/audit/score.h"

#include <math.h>
#include <string.h>

#define PARTS_MAX 24

static const struct {
    const char *name;
    float weight;
} traits[TRAIT_COUNT] = {
    [TRAIT_WIDE] = {"wide", 1},
    [TRAIT_CLOSE] = {"close", 1},
    [TRAIT_VOTES_BEST] = {"votes-best", 1},
    [TRAIT_CHAIN] = {"chain", 2},
    [TRAIT_CHAIN_BEST] = {"chain-best", 1},
    [TRAIT_CHANGED] = {"changed", 1},
    [TRAIT_BEFORE] = {"before", 0},
    [TRAIT_AFTER] = {"after", 0},
    [TRAIT_NEAR] = {"near", 1},
    [TRAIT_WORDS] = {"words", 1},
    [TRAIT_SHAPE] = {"shape", 1},
    [TRAIT_FRESH] = {"fresh", -1},
    [TRAIT_WEIGHT] = {"weight", 0.3F},
    [TRAIT_FILE] = {"file", 0.5F},
    [TRAIT_FOLDER] = {"folder", 0.3F},
    [TRAIT_PATH] = {"path", 0.5F},
    [TRAIT_FUNCTION] = {"function", 1},
    [TRAIT_SAME_FUNCTION] = {"same-function", 0},
    [TRAIT_ONLY_ADDED] = {"only-added", 0},
};
#define SCORE_BIAS (-8.0F)

const char *trait_name(enum trait t)
{
    return traits[t].name;
}

/* Lower-case hashes of the parts of a name. */
static size_t parts_of(struct str s, uint32_t ret[PARTS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < PARTS_MAX;) {
        if (!ascii_is_alnum(s.p[i])) {
            i++;
            continue;
        }
        uint32_t h = 2166136261U;
        size_t from = i;
        for (; i < s.n && ascii_is_alnum(s.p[i]); i++) {
            bool upper = s.p[i] >= 'A' && s.p[i] <= 'Z';
            bool after_lower = i > from && !(s.p[i - 1] >= 'A' && s.p[i - 1] <= 'Z');
            if (upper && after_lower)
                break;
            h = (h ^ (unsigned char)ascii_lower(s.p[i])) * 16777619U;
        }
        ret[n++] = h;
    }
    return n;
}

float names_alike(struct str a, struct str b)
{
    uint32_t x[PARTS_MAX], y[PARTS_MAX];
    size_t n = parts_of(a, x), m = parts_of(b, y), same = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < m; k++) {
            if (x[i] == y[k]) {
                same++;
                y[k] = 0;
                break;
            }
        }
    }
    return n + m ? 2 * (float)same / (float)(n + m) : 0;
}

float score_of(const float v[TRAIT_COUNT])
{
    float s = SCORE_BIAS;
    for (size_t i = 0; i < TRAIT_COUNT; i++)
        s += traits[i].weight * v[i];
    return 1 / (1 + expf(-s));
}
