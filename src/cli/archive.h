/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_CLI_ARCHIVE_H
#define VULNDESK_CLI_ARCHIVE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/hash.h"

/*
 * A backup as a folder: the files, and a manifest with the size, mode and SHA-256 of every one.
 * The manifest is written last, after everything else is on the disk, so a folder without one is a
 * backup that was not finished.  Its text:
 *
 *   vulndesk backup 1
 *   desk ID            ... facts, a name and a value a line
 *   file SHA256 SIZE MODE PATH
 *   missing NAME       a blob that the database names and the disk does not have
 *   end COUNT SHA256   number of files, and the hash of all lines above
 */
#define ARCHIVE_MANIFEST     "manifest"
#define ARCHIVE_MANIFEST_MAX (256u << 20)
#define ARCHIVE_DEPTH_MAX    32                      /* folders inside folders */
#define ARCHIVE_VALUE_MAX    1000                    /* bytes of a fact's value */
#define ARCHIVE_RESERVE      (64 * INT64_C(1048576)) /* left free on the disk */

struct archive {
    int dirfd; /* of the backup's folder, or -1 */
    struct buf manifest;
    int64_t files, bytes, missing; /* added, or (missing) named by what was opened */
};
#define ARCHIVE_INIT                                                                               \
    {                                                                                              \
        .dirfd = -1, .manifest = BUF_INIT(ARCHIVE_MANIFEST_MAX)                                    \
    }
void archive_auto(struct archive *a);

/* A new folder, or an empty one, mode 0700.  RC_CONFLICT: something is in it. */
enum rc archive_create(struct archive *a, const char *dir, struct err *e) WARN_UNUSED;
void archive_fact(struct archive *a, const char *name, struct str value);
void archive_missing(struct archive *a, struct str name);
/* Copies one file to the path `to` of the archive (its folders are made).  RC_NOTFOUND: it is not
 * there (any more), nothing was added. */
enum rc archive_add(struct archive *a, int dirfd, const char *from, const char *to, struct err *e)
    WARN_UNUSED;
/* A file that was made in place. */
enum rc archive_made(struct archive *a, const char *path, struct err *e) WARN_UNUSED;
/* A folder with all below it, names in falling order (of a git repository that is refs before
 * objects: what a ref names is copied after it).  What vanishes meanwhile is left out, what is
 * neither file nor folder too. */
enum rc archive_add_tree(struct archive *a, int dirfd, const char *from, const char *to,
                         struct err *e) WARN_UNUSED;
/* Everything to the disk, then the manifest. */
enum rc archive_finish(struct archive *a, struct err *e) WARN_UNUSED;

/* Opens a finished backup and checks the manifest itself.  RC_INVALID: unfinished or changed. */
enum rc archive_open(struct archive *a, const char *dir, struct err *e) WARN_UNUSED;
/* A fact, borrowed; empty when there is none. */
struct str archive_value(const struct archive *a, const char *name);
struct archive_file {
    struct str path;
    int64_t size;
    mode_t mode;
    unsigned char sha256[SHA256_LEN];
};
/* The next file after *at (0 at first); RC_NOTFOUND at the end. */
enum rc archive_next(const struct archive *a, size_t *at, struct archive_file *ret_f, struct err *e)
    WARN_UNUSED;
/* Copies it to dirfd/to, which must not exist, and compares it with the manifest on the way.
 * RC_INVALID: it is not the file that was backed up. */
enum rc archive_take(const struct archive *a, const struct archive_file *f, int dirfd,
                     const char *to, struct err *e) WARN_UNUSED;

/* One file's bytes, compared the same way. */
enum rc archive_read(const struct archive *a, const char *path, struct buf *b, struct err *e)
    WARN_UNUSED;

/* RC_LIMIT unless the file system of dirfd has room for so many bytes and the reserve. */
enum rc archive_room(int dirfd, int64_t bytes, struct err *e) WARN_UNUSED;
/* Bytes of all files below a folder; 0 when it is not there. */
enum rc archive_weigh(int dirfd, const char *path, int64_t *ret_bytes, struct err *e) WARN_UNUSED;

#endif
