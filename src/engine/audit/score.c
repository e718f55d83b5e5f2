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
    [TRAIT_WIDE] = {"wide", -3.5590F},
    [TRAIT_CLOSE] = {"close", 6.1433F},
    [TRAIT_CLOSE_BEST] = {"close-best", 0.4592F},
    [TRAIT_CLOSE_RANK] = {"close-rank", -0.2160F},
    [TRAIT_CHAIN] = {"chain", 5.3956F},
    [TRAIT_CHAIN_BEST] = {"chain-best", -0.2279F},
    [TRAIT_CHAIN_RANK] = {"chain-rank", -0.2108F},
    [TRAIT_CHANGED] = {"changed", 0.6317F},
    [TRAIT_BEFORE] = {"before", -1.1465F},
    [TRAIT_AFTER] = {"after", -2.0701F},
    [TRAIT_NEAR] = {"near", -2.1676F},
    [TRAIT_NEAR_RANK] = {"near-rank", -0.0176F},
    [TRAIT_WORDS] = {"words", -0.8848F},
    [TRAIT_WORDS_RANK] = {"words-rank", -0.1133F},
    [TRAIT_SHAPE] = {"shape", 1.9252F},
    [TRAIT_SHAPE_RANK] = {"shape-rank", -0.2034F},
    [TRAIT_FRESH] = {"fresh", -1.3056F},
    [TRAIT_WEIGHT] = {"weight", 0.0843F},
    [TRAIT_RAREST] = {"rarest", -0.0031F},
    [TRAIT_RAREST_SHARE] = {"rarest-share", -0.2507F},
    [TRAIT_FILE] = {"file", 0.7701F},
    [TRAIT_FOLDER] = {"folder", -0.0092F},
    [TRAIT_PATH] = {"path", 2.6522F},
    [TRAIT_FUNCTION] = {"function", 0.9748F},
    [TRAIT_SAME_FUNCTION] = {"same-function", -0.5909F},
    [TRAIT_DISTANCE] = {"distance", 0.0335F},
    [TRAIT_AROUND] = {"around", -3.0319F},
    [TRAIT_AROUND_RANK] = {"around-rank", -0.3642F},
    [TRAIT_AROUND_COSINE] = {"around-cosine", 2.3115F},
    [TRAIT_FILE_WEIGHT] = {"file-weight", 0.0723F},
    [TRAIT_ONLY_ADDED] = {"only-added", -0.9198F},
};

/* From the score to how likely it is: by the score itself, how far it is below the best of the
 * question, and the log of its rank. */
#define LIKELY_BIAS  (-1.8515F)
#define LIKELY_SCORE 0.2500F
#define LIKELY_BELOW 0.1610F
#define LIKELY_RANK  (-0.5260F)

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
