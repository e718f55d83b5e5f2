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
    [TRAIT_WIDE] = {"wide", -3.2895F},
    [TRAIT_CLOSE] = {"close", 4.1637F},
    [TRAIT_CLOSE_BEST] = {"close-best", 1.4087F},
    [TRAIT_CLOSE_RANK] = {"close-rank", -0.1505F},
    [TRAIT_CHAIN] = {"chain", 5.2798F},
    [TRAIT_CHAIN_BEST] = {"chain-best", 1.2220F},
    [TRAIT_CHAIN_RANK] = {"chain-rank", -0.0571F},
    [TRAIT_CHANGED] = {"changed", 0.1510F},
    [TRAIT_BEFORE] = {"before", -1.1086F},
    [TRAIT_AFTER] = {"after", -2.2992F},
    [TRAIT_NEAR] = {"near", -2.5895F},
    [TRAIT_NEAR_RANK] = {"near-rank", 0.0680F},
    [TRAIT_WORDS] = {"words", -0.7981F},
    [TRAIT_WORDS_RANK] = {"words-rank", -0.0196F},
    [TRAIT_SHAPE] = {"shape", 1.3293F},
    [TRAIT_SHAPE_RANK] = {"shape-rank", -0.1672F},
    [TRAIT_SITE] = {"site", 1.5626F},
    [TRAIT_SITE_RANK] = {"site-rank", -0.1491F},
    [TRAIT_FRESH] = {"fresh", -0.1879F},
    [TRAIT_FIXED] = {"fixed", -3.3749F},
    [TRAIT_WEIGHT] = {"weight", 0.1402F},
    [TRAIT_RAREST] = {"rarest", -0.0018F},
    [TRAIT_RAREST_SHARE] = {"rarest-share", 0.3974F},
    [TRAIT_FILE] = {"file", 1.3777F},
    [TRAIT_FOLDER] = {"folder", 0.0452F},
    [TRAIT_PATH] = {"path", 2.3618F},
    [TRAIT_FUNCTION] = {"function", 0.8056F},
    [TRAIT_SAME_FUNCTION] = {"same-function", -0.1880F},
    [TRAIT_DISTANCE] = {"distance", 0.1404F},
    [TRAIT_AROUND] = {"around", -1.6514F},
    [TRAIT_AROUND_RANK] = {"around-rank", -0.2892F},
    [TRAIT_AROUND_COSINE] = {"around-cosine", 0.9440F},
    [TRAIT_FILE_WEIGHT] = {"file-weight", 0.5107F},
    [TRAIT_ONLY_ADDED] = {"only-added", -0.8596F},
};

/* From the score to how likely it is: by the score itself, how far it is below the best of the
 * question, and the log of its rank. */
#define LIKELY_BIAS  (-2.7935F)
#define LIKELY_SCORE 0.2331F
#define LIKELY_BELOW 0.1234F
#define LIKELY_RANK  (-0.6192F)

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
    float s = 0;
    for (size_t i = 0; i < TRAIT_COUNT; i++)
        s += traits[i].weight * v[i];
    return s;
}

float score_likely(float score, float best, size_t rank)
{
    float s = LIKELY_BIAS + LIKELY_SCORE * score + LIKELY_BELOW * (score - best) +
              LIKELY_RANK * logf(1 + (float)rank);
    return 1 / (1 + expf(-s));
}
