/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_SEED_H
#define VULNDESK_ENGINE_AUDIT_SEED_H

#include "base/arena.h"
#include "engine/audit/chunk.h"

/*
 * What is searched for: one changed place of a fix (a hunk), or a region that a person marked, and
 * the pattern of words that it becomes.
 *
 * Lines stand as in a unified diff: ' ' context, '-' taken away, '+' added.  Lines before the fix
 * (' ' and '-') are what a sibling looks like; what the fix added tells where it is already there.
 * A marked region is all '-' with ' ' around it, and marked is true.
 */
#define SEED_LINES_MAX   600u  /* of one seed; what follows is left out */
#define SEED_TOKENS_MAX  6000u /* of either side */
#define SEED_CONTEXT     10u   /* lines around the change that count */
#define SEEDS_MAX        64u   /* of one question; what follows is left out */
#define SEED_OFFSETS_MAX 6u    /* places of one term in a seed that count, nearest to the change */

struct seed_line {
    char sign;
    uint32_t line_old, line_new; /* from 1; 0: not on that side */
    struct str text;             /* without its line end */
};
struct seed {
    struct str path;
    enum lang lang;
    uint32_t start, end; /* lines before the fix: taken away, or the one before an insertion */
    struct str function; /* that it stands in; empty: not known */
    bool marked;         /* no fix, only a place */
    const struct seed_line *lines;
    size_t n_lines;
};

/* A token of one side, in order.  Lines are counted without those that hold no token. */
struct pattern_token {
    uint32_t term; /* of the word alone, in terms.v; TERM_NO: punctuation, short number */
    uint32_t hash;
    float weight; /* of the word, by how rare it is; punctuation: little */
    int16_t at;   /* line, 0 = the first one of the change (of an insertion: the one behind it) */
    uint8_t kind; /* enum token_kind */
    uint8_t far;  /* lines to the nearest change */
    bool changed; /* taken away or added */
};

/* A word or a pair of words that follow each other, of any seed of the question. */
#define TERM_NO UINT32_MAX
struct term {
    uint32_t hash;
    uint32_t df; /* pieces that hold it */
    float idf;
    bool pair;
    struct str text; /* of a single word */
};
struct terms {
    struct term *v;
    size_t n, cap;
    size_t n_seed;   /* the first ones are those of the seeds */
    uint32_t *slots; /* hash table: index + 1 */
    size_t n_slots;  /* power of two */
};
uint32_t terms_find(const struct terms *t, uint32_t hash); /* TERM_NO: none */
/* That term, added if need be: there must be room (n < cap). */
uint32_t terms_add(struct terms *t, uint32_t hash, bool pair, struct str text);
/* Its idf, by df. */
void term_weigh(struct term *t, uint32_t n_chunks);

/* Where a term stands in a seed. */
struct pattern_term {
    uint32_t term;
    float base;   /* by how rare it is */
    float weight; /* and how near to the change: for retrieval and votes */
    bool changed; /* among the lines taken away */
    uint8_t n_at;
    int16_t at[SEED_OFFSETS_MAX];
};
struct pattern {
    const struct seed *seed;
    struct pattern_token *old, *new; /* before and after the fix */
    size_t n_old, n_new;
    uint32_t n_changed_old; /* lines from the first change to the last, before the fix */
    uint32_t n_changed_new;
    int16_t first_line, last_line; /* of the old side, as pattern_token.at */
    int16_t first_new, last_new;
    float
        *line_weight; /* of the lines first_line .. last_line, by how near they are to the change */
    bool *line_changed;         /* taken away, or beside an insertion */
    struct pattern_term *terms; /* of the old side */
    size_t n_terms;
    double weight;   /* of all of them */
    uint32_t *fresh; /* terms (pairs too) that only the new side has */
    size_t n_fresh;
    double fresh_weight;
};

/*
 * Reads the words of the seeds into patterns and terms (in a), with room for so many more terms;
 * weights are still 0.  RC_LIMIT: the arena is full.
 */
enum rc patterns_read(const struct seed *seeds, size_t n, size_t more, struct arena *a,
                      struct terms *ret_terms, struct pattern *ret_patterns, struct err *e)
    WARN_UNUSED;
/* Once df is known for each term: of how many pieces there are. */
void patterns_weigh(struct terms *t, struct pattern *p, size_t n, uint32_t n_chunks);

#endif
