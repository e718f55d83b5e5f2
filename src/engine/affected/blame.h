/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AFFECTED_BLAME_H
#define VULNDESK_ENGINE_AFFECTED_BLAME_H

#include "engine/affected/table.h"
#include "engine/affected/text.h"

/*
 * Where lines came from, and where their older forms came from, step by step.
 *
 * White space does not count.  A line that a commit brought is followed into the most alike line
 * that the same place had before (TEXT_LIKENESS), up to BLAME_STEPS times; a file that a commit
 * brought, into the file that it was renamed from.  Commits that do not touch the file
 * are passed by (engine/affected/table.h), and of those that do only as many are read as it takes
 * to find the one: the walk doubles its steps while a line is there and halves them where it is
 * not.
 */
#define BLAME_STEPS       6
#define BLAME_READS_MAX   1500 /* blobs of one run; what is not known by then stays open */
#define BLAME_RENAMES     24   /* files that a new one is compared with */
#define BLAME_RENAME_PART 0.5  /* of the lines of the larger file that both must have */
#define BLAME_FILES_MAX   1500 /* files of a commit that is looked at for renames */

struct blame_ask {
    uint32_t commit; /* the line is looked for as it is there; GRAPH_NONE: nothing is known */
    struct str path;
    uint32_t line; /* from 1 */
    bool once;     /* only who brought it as it is, not its older forms */
};
struct blame_step {
    uint32_t commit; /* that brought this form of the line */
    struct str path;
    uint32_t line; /* from 1, in that commit */
    struct str text;
    uint64_t hash;           /* text_hash */
    uint32_t added, removed; /* lines of the file, by that commit */
};
struct blame_chain {
    struct blame_step steps[BLAME_STEPS]; /* newest first */
    size_t n;
    bool open; /* an object is missing, or there was too much to read: it may be older */
};

/* ret has n chains, one of each line; strings live in the arena. */
enum rc blame_trace(struct history *h, const struct table *t, struct textpool *texts,
                    const struct blame_ask *ask, size_t n, struct arena *a, struct blame_chain *ret,
                    struct err *e) WARN_UNUSED;

#endif
