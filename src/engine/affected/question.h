/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_QUESTION_H
#define VULNDESK_ENGINE_AFFECTED_QUESTION_H

#include "base/json.h"
#include "engine/affected/history.h"

/*
 * What is asked: the commits of the fix as AND of ORs (each group is one thing that has to be
 * there, its members are alternatives: the same change on several branches), and what is known
 * about where the flaw came from.
 */
#define QUESTION_GROUPS    64
#define QUESTION_REVS      2000 /* of one group, and introduced ones */
#define QUESTION_PLACES    200
#define QUESTION_LINES_MAX 10000000

struct fix_group {
    struct revision *revs;
    size_t n;
};
struct place { /* lines from..to, from 1, inclusive */
    struct str path;
    uint32_t from, to;
};

struct question {
    struct fix_group *groups;
    size_t n_groups;
    struct revision *introduced;
    size_t n_introduced; /* 0: not known */
    struct place *at;
    size_t n_at;
    struct tagset counts; /* the tags that count */
    struct str *strange;  /* tags that were named and are not there */
    size_t n_strange;
};

/*
 * {"fix": [REV, ...] or [[REV, ...], ...], "introduced": [REV, ...]?, "at": ["PATH:S-E", ...]?,
 * "tags": [NAME, ...]?}; other keys are ignored.  Lives in the arena.  RC_NOTFOUND, RC_CONFLICT:
 * a revision is not there, or ambiguous; RC_INVALID: the question says something else.
 */
enum rc question_of_json(struct history *h, const json_t *j, struct arena *a,
                         struct question *ret_q, struct err *e) WARN_UNUSED;

/* "PATH:START-END" or "PATH:LINE"; the path is borrowed. RC_INVALID says what is wrong. */
enum rc place_parse(struct str text, struct place *ret_p, struct err *e) WARN_UNUSED;

/* Why a tag is what it is. */
struct evidence {
    const char *rule; /* a constant word: "graph", "patch-id", "content", ... */
    uint32_t commit;  /* found in the tag, GRAPH_NONE: none */
    uint32_t of;      /* that the commit is equivalent to, GRAPH_NONE: itself */
    struct str why;   /* a sentence for a person, "" */
    struct str path;  /* "" : none */
    uint32_t line;    /* 0: none */
    struct str blob;  /* hex id, "" : none */
};
#define EVIDENCE_NONE ((struct evidence){.rule = "", .commit = GRAPH_NONE, .of = GRAPH_NONE})

#endif
