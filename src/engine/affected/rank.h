/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_RANK_H
#define VULNDESK_ENGINE_AFFECTED_RANK_H

#include "engine/affected/candidates.h"

/*
 * Sets of tags that one clue or another proposes, and which of them to believe.
 *
 * A clue of a kind speaks for one or more sets with shares that add up to at most 1.  The score of
 * a set is the sum of what speaks for it, by the weights in rank.c as far as they can be trusted,
 * else each kind the same; what counts most is how many kinds of clues agree on a set, not how sure
 * one of them is.
 */
enum clue {
    CLUE_REMOVED_LAST,  /* a line that the fix took away, in its oldest form */
    CLUE_REMOVED_FIRST, /* the same as it stood there */
    CLUE_REMOVED_ANY,   /* any form between the two */
    CLUE_REMOVED_OLDEST,
    CLUE_REMOVED_QUARTER, /* tags with a quarter of those lines */
    CLUE_AROUND_LAST,     /* a line beside what the fix added */
    CLUE_AROUND_FIRST,
    CLUE_AROUND_OLDEST,
    CLUE_NEARBY,        /* lines of the changed functions near the change, the nearer the more */
    CLUE_NEARBY_CLOSE,  /* those beside it */
    CLUE_NEARBY_ALL,    /* each the same */
    CLUE_LINES_QUARTER, /* so much of the lines of the fix's hunks */
    CLUE_LINES_HALF,
    CLUE_GONE_QUARTER, /* so much of the lines that it took away */
    CLUE_GONE_HALF,
    CLUE_GONE_MOST,
    CLUE_FUNC_ANY, /* the functions that it changed */
    CLUE_FUNC_ALL,
    CLUE_FILE,
    CLUE_NAME_REMOVED,
    CLUE_NAME_ADDED,
    CLUE_NAME_AROUND,
    CLUE_NAMES_REMOVED, /* all of them */
    CLUE_WHOLE,         /* since the beginning */
    CLUE_KINDS
};
#define PROPOSALS_MAX    400
#define PROPOSAL_REASONS 8

struct proposal {
    struct tagset affected;
    uint64_t key; /* hash of its open tags */
    double share[CLUE_KINDS];
    bool has_net;
    double net; /* -1..1: of a commit behind it, lines that came less lines that went */
    struct evidence why[PROPOSAL_REASONS];
    size_t n_why;
    double score;
};
struct proposals {
    struct arena *a;
    struct tagset open;   /* tags that are asked for and neither fixed nor unknown */
    struct tagset unseen; /* tags with a file that matters and is not here */
    struct proposal *v;
    size_t n;
    bool only_added; /* the fix took nothing away */
};

enum rc proposals_init(struct proposals *p, const struct tagset *open, struct arena *a,
                       struct err *e) WARN_UNUSED;
/* The proposal with these open tags, made when there is none; NULL for no tag at all, or when there
 * are too many. */
struct proposal *proposal_of(struct proposals *p, const struct tagset *affected);
void proposal_why(struct proposal *p, const struct evidence *v);
/* 0..1: how much the weights count beside an equal vote; less with many proposals, and when the fix
 * only added lines. */
double proposals_trust(const struct proposals *p);
/* Scores them and puts the best first. */
enum rc proposals_rank(struct proposals *p, struct err *e) WARN_UNUSED;
/*
 * Which of them a person is shown, best first: at most `most`, the number of them.  Lines near the
 * change give many sets that say about the same; one that nothing else speaks for is shown once,
 * others only when there is room behind sets of other kinds.  Behind proposals_rank.
 */
size_t proposals_choose(const struct proposals *p, const struct proposal **ret, size_t most);
/* "high", "medium" or "low", of the first in the order. */
const char *proposals_confidence(const struct proposals *p);
const char *clue_name(enum clue c);

#endif
