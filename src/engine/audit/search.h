/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_SEARCH_H
#define VULNDESK_ENGINE_AUDIT_SEARCH_H

#include "engine/audit/question.h"
#include "engine/audit/rank.h"

/*
 * A question put to the indexes of its repositories: the ranked places of each, together, with
 * every branch and copy in which the same content stands.
 *
 * One place is one hit: the same piece of code in several files, branches or repositories, and the
 * same line of the same function of a file whose surroundings differ from branch to branch.  The
 * best of them gives the score.
 */
#define SEARCH_PLACES_MAX 1000 /* of one hit that are listed */

struct search_place {
    size_t tree; /* of the question */
    struct str path;
    uint32_t line;
};
struct search_hit {
    size_t repo;
    struct hit h;                /* of the repository's view */
    struct search_place *places; /* the hit's own first; then by tree, path, line */
    size_t n_places, cap_places;
    struct str rule; /* that found it (engine/audit/ruled.h), "" */
};
struct search {
    struct view *views[REPOS_MAX]; /* of repos_view; NULL: not asked about */
    const struct seed *seeds;
    const struct str *fixes; /* of each seed: full id of its commit, "" */
    size_t n_seeds, seeds_left_out;
    struct search_hit *hits; /* best first */
    size_t n_hits;
    struct search_place *unfixed; /* the seeds' own places where the fix is missing, while another
                                   * branch has it; by tree, path, line */
    size_t n_unfixed;
};

/* What the question needs and is not indexed yet: it takes long once. */
enum rc search_prepare(struct repos *rs, const struct audit_question *q, struct err *e) WARN_UNUSED;
/* Lists live in the arena, views until the next question.  Prepares what is not yet. */
enum rc search_run(struct repos *rs, const struct audit_question *q, struct arena *a,
                   struct search *ret_s, struct err *e) WARN_UNUSED;

/* For what adds hits of its own (engine/audit/ruled.c). */
struct search_gather {
    const struct audit_question *q;
    struct search *s;
    struct arena *a;
    size_t room; /* of s->hits */
};
/* Fills in where else the content of a hit stands. */
void search_places(const struct search_gather *g, struct search_hit *h);
/* Best first; of equal ones those that came first. */
void search_sort(struct search *s);

#endif
