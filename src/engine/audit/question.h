/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_QUESTION_H
#define VULNDESK_ENGINE_AUDIT_QUESTION_H

#include "engine/audit/hunks.h"
#include "engine/audit/repos.h"
#include "engine/audit/rules.h"

/* What is looked for, and where. */
#define AUDIT_HITS_MAX     500 /* places of one answer */
#define AUDIT_HITS         50  /* when nobody says how many */
#define AUDIT_PATTERNS_MAX 50
#define AUDIT_HEADS_MAX    200 /* trees that are searched, of all repositories */

struct audit_tree { /* that is searched */
    size_t repo;
    struct str name; /* of the branch or revision, as it was asked for */
    char commit[GIT_OID_HEX + 1];
};

struct audit_question {
    struct hunks flaw;
    struct audit_tree
        *trees; /* those of a repository stand together, in the order of repositories */
    size_t n_trees;
    size_t *empty; /* other repositories without a commit that can be read */
    size_t n_empty;
    struct rule *rules; /* to be run besides */
    size_t n_rules;
    size_t limit;
    double cut; /* places with a lower score are left out */
};

/*
 * {"fix": [REV]?, "hunk": ["PATH:START-END"]?, "like": [REGION]?, "seed": {...}?, "at": REV?,
 * "branches": [PATTERN]?, "repositories": [NAME]?, "rules": [{"name", "text"}]?, "limit": N?,
 * "cut": X?}; other keys are ignored.
 *
 * The flaw: what the commits of fix changed (only the hunks that touch a region of hunk), and
 * regions: "PATH:START-END", or {"path", "start", "end", "at": REV?}, as they stand at their own
 * at, else at the question's, else at HEAD; or the seed of a batch (engine/audit/hunks.h).  All of
 * these are in the first repository.
 *
 * Where: branches that fit a pattern (shell wildcards), in the order of the patterns, else at, else
 * HEAD.  In the other
 * repositories, which have other branches, HEAD stands for an at that they do not have and for
 * patterns that fit nothing.  repositories: only these besides the first; none: all.
 *
 * Lives in the arena.  RC_NOTFOUND, RC_CONFLICT: a revision is not there, or ambiguous; RC_INVALID,
 * RC_LIMIT: the question says something else, or too much.
 */
enum rc audit_question_of_json(const struct repos *rs, const json_t *j, struct arena *a,
                               struct audit_question *ret_q, struct err *e) WARN_UNUSED;

#endif
