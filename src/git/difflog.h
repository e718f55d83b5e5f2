/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_GIT_DIFFLOG_H
#define VULNDESK_GIT_DIFFLOG_H

#include "git/git.h"

/*
 * What many commits changed, read as a stream from one `git diff-tree --stdin`: the commit's header
 * and either the names of its files or the whole patch, without renames, with git's default three
 * lines of context or as many as asked for.  A merge is shown against its first parent, a root
 * against nothing.  A commit whose objects are not all there does not end the run: it is reported
 * as missing.
 */
#define DIFFLOG_COMMIT_MAX                                                                         \
    (32u << 20)                     /* bytes of one commit; of a longer one files are left out     \
                                     */
#define DIFFLOG_FILES_MAX   60000   /* files of one commit */
#define DIFFLOG_LINES_MAX   4000000 /* lines of one commit's patch */
#define DIFFLOG_RESTARTS    64      /* commits with missing objects in one run */
#define DIFFLOG_SILENCE_MS  60000   /* git may be silent that long */
#define DIFFLOG_PATHS_MAX   64      /* paths that a run may be limited to */
#define DIFFLOG_IDS_MAX     8000000 /* commits of one run */
#define DIFFLOG_CONTEXT_MAX 1000
#define DIFFLOG_MESSAGE_MAX (64u << 10) /* bytes of a message that are kept */

struct diff_line {
    char sign; /* ' ', '-' or '+' */
    struct str text;
};
struct diff_hunk {
    uint32_t old_start, old_n, new_start, new_n;
    struct str func; /* what git wrote behind the @@, may be empty */
    const struct diff_line *lines;
    size_t n;
};
struct diff_file {
    struct str old_path, new_path; /* empty: the file is not there on that side; any bytes */
    char status;                   /* names only: A, D, M, T */
    bool binary;
    const struct diff_hunk *hunks;
    size_t n;
};
struct diff_commit {
    struct str id, parents; /* full ids; parents apart by spaces */
    struct str author, email;
    int64_t author_us, commit_us;
    struct str message, subject; /* the subject is the message's first line */
    const struct diff_file *files;
    size_t n;
    struct str patch; /* the patch as git printed it, empty with names only */
    bool cut;         /* larger than a limit: files are missing at the end */
};

/* The file's path on the side where it is. */
struct str diff_file_path(const struct diff_file *f);

/* One commit as this module's git prints it; everything borrows from text or lives in the arena.
 * RC_INVALID when text is not of that form. */
enum rc difflog_parse(struct str text, struct arena *a, struct diff_commit *ret_c, struct err *e)
    WARN_UNUSED;

struct difflog_ask {
    const struct str *ids; /* full ids of commits, each printed at most once, in this order */
    size_t n;
    bool patch;              /* else the names of files */
    const struct str *paths; /* limited to these, none = all */
    size_t n_paths;
    unsigned context; /* lines around a change, 0 = three; at most DIFFLOG_CONTEXT_MAX */
};
/* c is valid during the call only; anything but RC_OK ends the run. */
typedef enum rc (*difflog_fn)(void *ctx, const struct diff_commit *c, struct err *e);

/*
 * ret_missing (may be NULL, else as long as ids, zeroed by the caller): set for each commit that
 * git could not show.  RC_LIMIT: more of them than DIFFLOG_RESTARTS; RC_TIMEOUT: git is silent.
 */
enum rc difflog_run(struct git *g, const struct difflog_ask *ask, difflog_fn fn, void *ctx,
                    bool *ret_missing, struct err *e) WARN_UNUSED;

#endif
