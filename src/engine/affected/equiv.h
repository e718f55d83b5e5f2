/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_EQUIV_H
#define VULNDESK_ENGINE_AFFECTED_EQUIV_H

#include "engine/affected/change.h"
#include "engine/affected/question.h"
#include "engine/affected/table.h"

/*
 * Which commits bring the change of a given commit to another line of development, and which take
 * it back.  There are no classes of equal commits: each pair has its reason and weight, because a
 * follow-up, a revert or a merge of several changes is like its neighbours and yet not the same.
 *
 * Looked at are commits that are neither before nor after the given one, that touch a file of the
 * same name, are not much older, and lie in a tag that is not known to hold it yet; and whatever
 * names it, has its subject or its author's date.
 */
#define EQUIV_FIXES_MAX      64   /* commits of one question whose copies are looked for */
#define EQUIV_CANDIDATES_MAX 6000 /* commits whose changes are compared, nearest in time first */
#define EQUIV_FILES_MAX      400  /* files of a given commit that are looked at */
#define EQUIV_OLDER_US       (INT64_C(200) * 86400 * 1000000) /* a copy may be so much older */
#define EQUIV_WEIGHT_MIN     0.6 /* from here on a commit counts as a copy */

/* A commit of the question, read. */
struct fix_commit {
    const struct revision *rev;
    uint32_t commit; /* GRAPH_NONE: no ref holds it */
    unsigned char id[32];
    struct str parent; /* full id of the first one, "" of a root */
    bool merge;
    int64_t author_us, commit_us;
    uint64_t author;
    struct message said;
    struct change change;
    const struct diff_file *files; /* its code files (all, when none is), in the arena */
    size_t n_files;
    bool missing; /* its objects are not all here: nothing but its id is known */
};

/* Reads n commits, in their order; at most EQUIV_FIXES_MAX, the others are left out. */
enum rc fix_commits_read(struct history *h, const struct revision *const *revs, size_t n,
                         struct arena *a, struct fix_commit **ret_f, size_t *ret_n, struct err *e)
    WARN_UNUSED;

struct equiv_pair {
    uint32_t commit; /* number in the graph */
    size_t of;       /* index of the given commit */
    const char *rule;
    double weight;  /* below EQUIV_WEIGHT_MIN: for the person to look at */
    struct str why; /* a sentence */
    bool revert;    /* takes it back instead */
};

struct equiv_found {
    struct equiv_pair *pairs; /* by of, then weight (highest first), then number */
    size_t n;
    uint32_t *unreadable; /* candidates whose objects are not here */
    size_t n_unreadable;
    size_t compared; /* commits whose changes were read */
    bool cut;        /* there were more than EQUIV_CANDIDATES_MAX */
};

/* known: tags that hold all of the given commits anyway; commits only in those are not looked at.
 * ret lives in the arena. */
enum rc equiv_find(struct history *h, const struct table *t, const struct fix_commit *fixes,
                   size_t n, const struct tagset *known, struct arena *a, struct equiv_found *ret,
                   struct err *e) WARN_UNUSED;

#endif
