/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_OS_FILE_H
#define VULNDESK_OS_FILE_H

#include <sys/types.h>

#include "base/buf.h"

/*
 * Files that survive a power cut, and whole reads with a maximum.  dirfd is an open directory or
 * AT_FDCWD.  Results: RC_NOTFOUND (no such file), RC_DENIED (permission), RC_LIMIT (larger than the
 * maximum, disk full, out of descriptors), RC_CONFLICT (exists already), RC_IO.
 */

/* Names of unfinished files start with this; whoever lists a directory skips them. */
#define FILE_TMP_PREFIX ".tmp-"
/* Longest path these functions take. */
#define FILE_PATH_MAX 4096

/* Appends the whole of a regular file to b; RC_LIMIT when it has more than max bytes.  Anything but
 * a regular file is RC_INVALID (a FIFO does not block).  b is unchanged on failure. */
enum rc file_read(int dirfd, const char *path, size_t max, struct buf *b, struct err *e)
    WARN_UNUSED;

/*
 * Creates or replaces path at once: a temporary file beside it, fsync, rename, fsync of the
 * directory.  After RC_OK the bytes survive a power cut; after a failure the old file (or none) is
 * there, except when the last step, fsync of the directory, failed: then the new file is there but
 * may be lost.  mode is exact, whatever the umask.
 */
enum rc file_write_sync(int dirfd, const char *path, struct str s, mode_t mode, struct err *e)
    WARN_UNUSED;

/*
 * The same for an append-only folder, without the right to change or read what lies in it (smtpd's
 * spool): the bytes are written and synced under tmp_dirfd, then moved to dirfd/name, which must
 * not exist (RC_CONFLICT).  Both directories were opened with O_DIRECTORY|O_RDONLY and lie on one
 * file system.  name has no slash.
 */
enum rc file_add_sync(int tmp_dirfd, int dirfd, const char *name, struct str s, struct err *e)
    WARN_UNUSED;
#define FILE_ADD_MODE 0640

/* Removes a file and syncs its directory. RC_NOTFOUND when it is not there. */
enum rc file_remove_sync(int dirfd, const char *path, struct err *e) WARN_UNUSED;

/* fsync of the directory itself. */
enum rc dir_sync(int dirfd, struct err *e) WARN_UNUSED;

/* Opens a directory for use as dirfd (O_DIRECTORY|O_RDONLY|O_CLOEXEC). */
enum rc dir_open(int dirfd, const char *path, int *ret_fd, struct err *e) WARN_UNUSED;

/* Makes path and its missing parents with this mode (less the umask); fine when it is there.
 * RC_CONFLICT when something else than a directory is there. */
enum rc dir_make(int dirfd, const char *path, mode_t mode, struct err *e) WARN_UNUSED;

/* Removes the folder path and all below it, however deep; never follows a symbolic link.  Fine when
 * it is not there.  For throw-away folders that nobody uses any more. */
enum rc dir_remove(int dirfd, const char *path, struct err *e) WARN_UNUSED;

/* Writes all of s to a blocking descriptor; RC_CLOSED when the reader is gone (SIGPIPE must be
 * ignored). */
enum rc fd_write_all(int fd, struct str s, struct err *e) WARN_UNUSED;

/* Appends everything up to the end of a blocking descriptor to b; RC_LIMIT beyond max bytes.  Reads
 * from the current offset.  b is unchanged on failure. */
enum rc fd_read_all(int fd, size_t max, struct buf *b, struct err *e) WARN_UNUSED;

/* A memory file with these bytes, at offset 0, sealed against any change and growth; the caller
 * closes it.  name is for debugging only, a constant. */
enum rc memfd_of(struct str s, const char *name, int *ret_fd, struct err *e) WARN_UNUSED;

/* The same in two steps, for bytes that somebody else writes: an empty memory file, and the seals
 * of memfd_of on what is in it by then; offset 0 again. */
enum rc memfd_new(const char *name, int *ret_fd, struct err *e) WARN_UNUSED;
enum rc memfd_seal(int fd, struct err *e) WARN_UNUSED;

/* For the receiver of a memfd: RC_DENIED unless it is sealed like memfd_of does and has at most max
 * bytes, so that its sender can neither change nor cut it under the reader. */
enum rc memfd_check(int fd, size_t max, struct err *e) WARN_UNUSED;

#endif
