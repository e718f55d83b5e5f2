/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_HISTORY_H
#define VULNDESK_ENGINE_AFFECTED_HISTORY_H

#include "engine/affected/tagset.h"
#include "git/graph.h"
#include "git/tagpattern.h"

/*
 * A repository opened once for any number of questions: its commits, its tags in the order of
 * their versions, and which tags hold which commit.
 *
 * Everything that is found depends on the repository alone.  Nothing is written into it; what may
 * be kept goes to a cache folder.
 */
#define HISTORY_MEMORY      (UINT64_C(6) << 30)   /* bytes of the arena */
#define HISTORY_REACH_MAX   (UINT64_C(256) << 20) /* bytes of rows for all commits at once */
#define HISTORY_TAGS_MAX    100000
#define HISTORY_SCHEMES     6 /* patterns that are learnt of one repository */
#define HISTORY_SERIES_NONE UINT32_MAX

struct release {
    struct str name;
    uint32_t commit;   /* number in the graph; GRAPH_NONE: see trouble */
    int64_t at_us;     /* when the tag was made, a lightweight one: its commit's date */
    int64_t commit_us; /* of its commit, 0 without one */
    bool annotated;
    bool preview;         /* looks like a release candidate or the like */
    bool counts;          /* a release: fits a scheme of the project and is no preview */
    uint32_t scheme;      /* which; HISTORY_SCHEMES: none */
    struct tag_version v; /* n = 0 without a scheme */
    uint32_t series;      /* index of its release series, HISTORY_SERIES_NONE without a scheme */
    struct str trouble;   /* why nothing can be said about it, "" = nothing */
};

struct history_options {
    const char *scratch; /* an existing folder for git, NULL = /tmp */
    const char *cache;   /* an existing folder for what may be kept, NULL = nothing is */
    const char *pattern; /* of the release tags (git/tagpattern.h), NULL = learnt */
    uint64_t reach_max;  /* instead of HISTORY_REACH_MAX, 0 = that */
    /* Told when something takes long, what: a few words; done of all, all = 0 when unknown. */
    void (*progress)(void *arg, const char *what, size_t done, size_t all);
    void *progress_arg;
};

struct order;
struct table;
struct history {
    struct git *git;
    struct objects *objects;
    struct graph *graph;
    struct arena *a;            /* lives as long as the history */
    const struct release *tags; /* by version, then date, then name; what has no version last */
    size_t n_tags;
    struct tagset counts;      /* the release tags that count */
    const struct order *order; /* schemes and series: engine/affected/order.h */
    struct table *table;       /* NULL until history_table (engine/affected/table.h) */
    const char *cache;         /* folder of this repository, NULL = none */
    size_t n_left_out;         /* tags of trees and blobs, and names that are not clean */
    struct str note;           /* lines for the person, "" */
    struct history_options options;
    struct history_inside *in;
};

enum rc history_open(const char *repo, const struct history_options *o, struct history **ret_h,
                     struct err *e) WARN_UNUSED;
void history_close(struct history *h); /* NULL is fine */
void history_auto(struct history **h);

/*
 * The tags that contain the commit: words of a tagset, valid as long as the history.  All commits
 * are done in one pass at the first call; with so many tags that the rows would not fit into
 * HISTORY_REACH_MAX, one commit at a time.
 */
const uint64_t *history_reach(struct history *h, uint32_t commit);
/*
 * Tags that do not hold the commit as far as can be seen, but may: their history ends at commits
 * that are missing here (a shallow clone, lost objects), and the commit may lie behind that.  Adds
 * to s.  Also the tags that have a trouble of their own.
 */
void history_hidden(struct history *h, uint32_t commit, struct tagset *s);
/* What is missing for a tag: one line in the arena, "" when its history is whole. */
struct str history_missing(struct history *h, size_t tag);

/* A revision somebody named. */
struct revision {
    struct str text;           /* as it was named */
    char hex[GIT_OID_HEX + 1]; /* the commit's full id */
    uint32_t commit;           /* GRAPH_NONE: no ref holds it, or it may be behind a hole */
};
/*
 * A full or shortened id, or the name of a branch or tag.  A full id that is not here is taken all
 * the same when the history has holes (history_hidden).  RC_NOTFOUND: there is none; RC_CONFLICT:
 * it fits several; RC_INVALID: a name that is none (an option, an expression), or not a commit.
 */
enum rc history_revision(struct history *h, struct str text, struct revision *ret_r, struct err *e)
    WARN_UNUSED;

/* Index of a tag by its name, n_tags when there is none. */
size_t history_tag(const struct history *h, struct str name);

/* Says how far something is, if anybody listens. */
void history_progress(const struct history *h, const char *what, size_t done, size_t all);

#endif
