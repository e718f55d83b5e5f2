/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_GIT_GIT_H
#define VULNDESK_GIT_GIT_H

#include "base/arena.h"
#include "base/buf.h"
#include "os/spawn.h"

/*
 * Reads a repository through the git program without trusting anything in it.
 *
 * git reads the configuration of the repository it works on, and that can name programs to run
 * (fsmonitor, hooks, textconv, pagers, credential helpers, ...) and places to fetch from.  So it
 * never works on the repository itself: git_open makes a git directory of our own, with our
 * configuration, whose refs and objects are those of the repository.  The environment holds our
 * variables only, every transport is forbidden, and names that could be options or expressions do
 * not get to git (git/name.h).  Nothing is ever written to the repository.
 */
#define GIT_OUT_MAX    (64u << 20) /* bytes of an answer of git */
#define GIT_TIMEOUT_MS 60000
#define GIT_REFS_MAX   200000 /* refs of one list */

struct git;

/*
 * dir: a bare repository, or a clone with a .git folder.  scratch: an existing folder for our own
 * git directory, NULL = /tmp.  RC_NOTFOUND: no repository there; RC_INVALID: one we cannot read
 * safely (a linked worktree, reftable); RC_IO: git is not installed or failed.
 */
enum rc git_open(const char *dir, const char *scratch, struct git **ret_g, struct err *e)
    WARN_UNUSED;
void git_close(struct git *g); /* NULL is fine */
void git_auto(struct git **g);

/* "sha1" or "sha256". */
const char *git_object_format(const struct git *g);

struct git_ref {
    struct str name;   /* without refs/tags/, refs/heads/ */
    struct str commit; /* full id */
    int64_t commit_us; /* committer's date of that commit */
    int64_t made_us;   /* tag: when it was made, a lightweight one: commit_us; branch: commit_us */
    bool annotated;
};
/*
 * Oldest commit first.  Tags of anything but a commit are left out, as are names that are not clean
 * or start with '-' (how many: ret_left_out, may be NULL).  Strings live in the arena.
 */
enum rc git_tags(struct git *g, struct arena *a, struct git_ref **ret_refs, size_t *ret_n,
                 size_t *ret_left_out, struct err *e) WARN_UNUSED;
/* Local branches; of a clone that has remote ones too, those as "origin/NAME" behind them. */
enum rc git_branches(struct git *g, struct arena *a, struct git_ref **ret_refs, size_t *ret_n,
                     struct err *e) WARN_UNUSED;
/* Name of the branch HEAD names; RC_NOTFOUND when it names none that exists. */
enum rc git_head(struct git *g, struct buf *ret_name, struct err *e) WARN_UNUSED;

/*
 * Appends the file at path in rev: the short or full name of a ref, HEAD, or a full commit id.
 * RC_NOTFOUND: no such rev or path, or the object is not in this mirror; RC_INVALID: a name that is
 * none, or not a file; RC_LIMIT: larger than max.
 */
enum rc git_file_at(struct git *g, struct str rev, struct str path, size_t max, struct buf *b,
                    struct err *e) WARN_UNUSED;

/* URL of the remote "origin" as the repository's configuration has it: a stranger's text of one
 * line, never to be opened. RC_NOTFOUND when there is none. */
enum rc git_remote_url(struct git *g, struct buf *ret_url, struct err *e) WARN_UNUSED;

/*
 * Runs git with these arguments (ends with NULL), input on stdin, answer appended to out.  For the
 * engines; the caller answers for the arguments: put "--end-of-options" or "--" before names.
 * RC_INVALID with the first line of git's words when git says no.
 */
enum rc git_run(struct git *g, const char *const *args, struct str in, struct buf *out,
                struct err *e) WARN_UNUSED;

/* The same as a child that runs on: its standard input and output are these descriptors (-1 =
 * /dev/null), which stay the caller's.  What it complains about is dropped. */
enum rc git_start(struct git *g, const char *const *args, int in, int out, struct child *ret_child,
                  struct err *e) WARN_UNUSED;

/*
 * For engines that keep things for git: from here on git writes objects and finds a commit-graph in
 * git_own_objects, a folder inside our own git directory; the repository is an alternate of it.
 * git_graph_on: git may read the commit-graph file there (never the repository's own).
 */
enum rc git_own_objects_make(struct git *g, struct err *e) WARN_UNUSED;
const char *git_own_objects(const struct git *g); /* NULL before that */
/* After git_own_objects_make: objects of this folder (in the form of git's objects) count too, for
 * children that start from here on. */
enum rc git_alternate_add(struct git *g, const char *objects, struct err *e) WARN_UNUSED;
void git_graph_on(struct git *g);
/* The repository's object folder, its git directory, and ours. */
const char *git_repo_dir(const struct git *g);
const char *git_own_dir(const struct git *g);

/* The folder of this repository in a cache folder that several share, made when it is not there;
 * its path lives in the arena. */
enum rc git_cache_make(const struct git *g, const char *cache, struct arena *a,
                       const char **ret_dir, struct err *e) WARN_UNUSED;

#endif
