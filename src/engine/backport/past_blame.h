/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_PAST_BLAME_H
#define VULNDESK_ENGINE_BACKPORT_PAST_BLAME_H

#include "engine/backport/past.h"

/*
 * Which commits brought lines of a file, by `git blame`: white space does not count, and lines are
 * followed into the files that they were moved or copied from.  Parts of past.c.
 */
#define BLAME_RANGES_MAX 40
#define BLAME_OUT_MAX    (32u << 20)

struct line_range {
    uint32_t from, n; /* lines, from 1 */
};
struct blamed {
    char id[GIT_OID_HEX + 1];
    struct str path;    /* in that commit */
    uint32_t line, now; /* there, and in the file that was asked about; from 1 */
    bool held;          /* the other history has it: not looked at further */
};
/*
 * without: the history of this commit is not followed; lines of it are `held`; "" = all is
 * followed.  Lives in the arena.  RC_NOTFOUND: no such file or lines, or objects are missing.
 */
enum rc past_blame(struct git *git, struct str commit, struct str without, struct str path,
                   const struct line_range *ranges, size_t n, struct arena *a,
                   struct blamed **ret_lines, size_t *ret_n, struct err *e) WARN_UNUSED;

/* What a person wants to read of a commit; subject and author become clean lines. */
enum rc past_commit_read(struct objects *objects, struct str id, struct arena *a,
                         struct past_commit *ret, struct err *e) WARN_UNUSED;

#endif
