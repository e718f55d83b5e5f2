/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_BACKPORT_COMMIT_H
#define VULNDESK_ENGINE_BACKPORT_COMMIT_H

#include "engine/backport/store.h"
#include "git/write.h"

/*
 * The commit of a candidate: author, author's date and message of the original, with
 * "(cherry picked from commit ID)" as `git cherry-pick -x` writes it, and "Backport-notes:" lines
 * behind that.  The committer is the caller's; signatures of the original are dropped.  Nothing
 * comes from a clock, so the same input has the same id everywhere.
 */
#define COMMIT_BODY_MAX  (4u << 20)
#define COMMIT_NOTE_MAX  1000 /* bytes of one note */
#define COMMIT_NOTES_MAX 50

struct commit_ask {
    const char *original; /* full hex id of the commit that was picked */
    const char *tree;
    const char *parent;          /* full hex id */
    struct git_person committer; /* at_us: when */
    const struct str *notes;     /* a line each; line ends and controls become spaces */
    size_t n;
};
enum rc commit_make(struct bp_store *s, const struct commit_ask *ask, char ret_oid[GIT_OID_HEX + 1],
                    struct err *e) WARN_UNUSED;
/* The message that commit_make gives it. */
enum rc commit_message(struct bp_store *s, const struct commit_ask *ask, struct buf *ret_message,
                       struct err *e) WARN_UNUSED;

#endif
