/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_AUDIT_INDEX_H
#define VULNDESK_ENGINE_AUDIT_INDEX_H

#include "git/objects.h"
#include "syntax/lang.h"

/*
 * An index of the program text of one repository, in files of a cache folder: which pieces
 * (chunk.h) a blob is made of, and which pieces hold a term.  It knows blobs and trees by their
 * object ids and nothing of branches or commits; a view (view.h) asks it about certain trees, and
 * its answers do not depend on what else was indexed, in which order or by whom.
 *
 * What is new in a tree is read once, by one `git cat-file`, never checked out; trees and blobs
 * that were seen before are not read again.  The files (segment.h) are immutable and checksummed:
 * one that is damaged or cut off is noticed when it is read, left out, and its part made anew.
 * Several processes may use one folder: writers wait for each other, readers never.
 */
#define AUDIT_BLOB_MAX  (10u << 20) /* bytes of a file that are read; larger ones are skipped */
#define AUDIT_FILES_MAX 2000000u    /* entries of one tree, all folders together */
#define AUDIT_TREE_MAX  (64u << 20) /* bytes of one tree object */
#define AUDIT_TREES_MAX 1024u       /* trees of one call and of one view */

/* An index of more than AUDIT_KEPT_MIN bytes that holds more than AUDIT_KEPT_TIMES the files of the
 * trees that are added begins anew with these: nobody asks for the others any more. */
#define AUDIT_KEPT_MIN   (UINT64_C(512) << 20)
#define AUDIT_KEPT_TIMES 6

/*
 * A file of few and very long lines was not written by a person (generated or minified): more than
 * AUDIT_DENSE_MIN bytes, and on average more than AUDIT_DENSE_LINE bytes a line.
 */
#define AUDIT_DENSE_MIN  2048u
#define AUDIT_DENSE_LINE 400u

/* Why a file is not searched.  The numbers are written into index files. */
enum audit_skip {
    SKIP_NONE = 0,
    SKIP_LARGE,     /* more than AUDIT_BLOB_MAX bytes */
    SKIP_BINARY,    /* text_binary */
    SKIP_LANG,      /* lang_of does not know it */
    SKIP_LINK,      /* a symbolic link: never followed */
    SKIP_SUBMODULE, /* another repository */
    SKIP_LFS,       /* a pointer file of Git LFS */
    SKIP_MISSING,   /* the object is missing in this mirror, or damaged */
    SKIP_DENSE,     /* generated or minified: AUDIT_DENSE_LINE */
    SKIP_PATH,      /* a name that git would not check out, or too long */
    SKIP_COUNT
};
/* "larger than 10 MiB", "binary" ...: for people. */
const char *audit_skip_text(enum audit_skip why);

struct audit_index;

/*
 * cache: a folder of ours for this repository alone, made when it is missing; NULL = a temporary
 * one that ends with g.  A cache that cannot be written to is said in index_notes and costs time,
 * not the answer.  g and o stay the caller's and outlive the index.
 */
enum rc index_open(struct git *g, struct objects *o, const char *cache, struct audit_index **ret_ix,
                   struct err *e) WARN_UNUSED;
void index_close(struct audit_index *ix); /* NULL is fine */
void audit_index_auto(struct audit_index **ix);

/* Told now and then: a few words, done of all. */
typedef void (*index_progress_fn)(void *arg, const char *what, size_t done, size_t all);

/* Whom views tell that have to add something (view.h). */
void index_progress(struct audit_index *ix, index_progress_fn progress, void *arg);

/*
 * Reads what these trees or commits (full hex ids) hold and the index does not have yet.
 * RC_NOTFOUND: no such tree or commit in this mirror; RC_LIMIT: AUDIT_FILES_MAX, AUDIT_TREES_MAX or
 * the disk; RC_IO.  Folders and files that are missing are no error: the view says so.
 */
enum rc index_add(struct audit_index *ix, const struct str *trees, size_t n,
                  index_progress_fn progress, void *arg, struct err *e) WARN_UNUSED;

/* What people should know: damaged files that were made anew, a cache that cannot be written.  One
 * text a line, "" when there is nothing; valid until the next call with ix. */
struct str index_notes(const struct audit_index *ix);

struct index_stats {
    size_t segments, blobs, trees, chunks; /* in the index */
    uint64_t file_bytes;                   /* of its files */
    uint64_t terms, postings;
    size_t read_blobs; /* since index_open: blobs and their bytes that git gave us */
    uint64_t read_bytes;
    size_t new_chunks, damaged;
};
void index_stats(const struct audit_index *ix, struct index_stats *ret);

#endif
