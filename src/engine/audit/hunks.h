/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_HUNKS_H
#define VULNDESK_ENGINE_AUDIT_HUNKS_H

#include "base/json.h"
#include "engine/affected/question.h"
#include "git/difflog.h"
#include "git/objects.h"

/*
 * What is known of a flaw before anything is searched: hunks of its fix with the lines around them,
 * or a marked region of a file.  A region is a hunk without '+' and '-' lines whose lines from
 * mark_from to mark_to are the flawed ones.
 */
#define HUNKS_MAX        400     /* of all fixes of one question */
#define HUNK_LINES_MAX   4000    /* of one hunk */
#define HUNK_LINE_MAX    10000   /* bytes of a line; the rest is cut off */
#define HUNKS_LINES_MAX  20000   /* of all hunks */
#define HUNK_NUMBER_MAX  4000000 /* of a line in a file */
#define HUNKS_CONTEXT    10      /* lines around a change */
#define HUNKS_REVS       50
#define HUNKS_REGION_MAX 2000 /* lines of a marked region */

struct hunk_line {
    char sign; /* ' ' '-' '+' */
    struct str text;
};
struct hunk {
    struct str path; /* of the file before the change */
    struct str fix;  /* full id of the commit, "": not known */
    uint32_t
        old_start; /* number of the first line before the change; of a file that the fix made: 0
                    */
    uint32_t new_start;          /* and after it; 0: not known */
    uint32_t mark_from, mark_to; /* of a region: numbers of its flawed lines; else 0 */
    const struct hunk_line *lines;
    size_t n;
};
/* In the order in which they came. */
struct hunks {
    struct hunk *v;
    size_t n;
    size_t n_lines;
    size_t left_out; /* hunks beyond a limit */
};

/*
 * A seed of a batch (formats.md): {"path", "start", "end", "hunks": [{"path", "old_start",
 * "lines"}]?}; without hunks the region path:start-end of the tree `at` (full hex id) is the flaw.
 * Adds to hs; texts are copied into the arena.  RC_INVALID: not of that form, or no such lines.
 */
enum rc hunks_of_seed(struct objects *o, struct str at, const json_t *seed, struct arena *a,
                      struct hunks *hs, struct err *e) WARN_UNUSED;
/* The region as it stands in a tree or commit (full hex id), with the lines around it. */
enum rc hunks_of_region(struct objects *o, struct str at, const struct place *r, struct arena *a,
                        struct hunks *hs, struct err *e) WARN_UNUSED;
/*
 * What these commits (full hex ids) changed; files that hold no program text (documentation, tests)
 * are left out when there are others.  only: of these hunks, those which touch one of these
 * regions of the fixed files; none: all.  RC_NOTFOUND: a commit is not here, or nothing is left.
 */
enum rc hunks_of_commits(struct git *g, const struct str *ids, size_t n, const struct place *only,
                         size_t n_only, struct arena *a, struct hunks *hs, struct err *e)
    WARN_UNUSED;

#endif
