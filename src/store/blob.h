/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_BLOB_H
#define VULNDESK_STORE_BLOB_H

#include "base/arena.h"
#include "base/hash.h"
#include "store/db.h"

/*
 * Sealed bytes: files below the blob folder (blobs/ab/abcd...), named by the hash of their sealed
 * bytes, and the rows that say to which case they belong.  Files come first, rows second: a file
 * without a row is an orphan that a crash left, and is collected later; a row without a file is
 * damage.  Files are written by the keys role, rows by core; sealing is store/seal.h.
 */
#define BLOB_PURPOSE_MAX 32
#define BLOB_MODE        0640

/* ---- files; dirfd is the open blob folder ---- */

/* A new file, not yet a blob. */
#define BLOB_TMP_MAX 40
struct blob_tmp {
    int dirfd, fd; /* fd for reading and writing; -1 when ended */
    char path[BLOB_TMP_MAX];
};
#define BLOB_TMP_INIT                                                                              \
    {                                                                                              \
        .dirfd = -1, .fd = -1, .path = ""                                                          \
    }
enum rc blob_tmp_open(int dirfd, struct blob_tmp *ret_t, struct err *e) WARN_UNUSED;
/* Makes it the blob `name` (64 hex digits): fsync, rename, fsync of the folders.  Fine when the
 * blob is there already. */
enum rc blob_tmp_keep(struct blob_tmp *t, struct str name, struct err *e) WARN_UNUSED;
/* AUTO(blob_tmp): removes what was not kept. */
void blob_tmp_auto(struct blob_tmp *t);

/* Already sealed bytes at once; gives the name. */
enum rc blob_put(int dirfd, struct str sealed, char ret_name[SHA256_HEX], struct err *e)
    WARN_UNUSED;
/* For reading; the caller closes.  RC_NOTFOUND. */
enum rc blob_open(int dirfd, struct str name, int *ret_fd, struct err *e) WARN_UNUSED;
/* Removes the file; RC_NOTFOUND. */
enum rc blob_del(int dirfd, struct str name, struct err *e) WARN_UNUSED;
/* Calls fn for each file that has the name of a blob, in no order; ret_strange counts the rest
 * (unfinished files of a crash and what does not belong there), may be NULL.  Stops when fn fails
 * and returns that. */
enum rc blob_each(int dirfd, enum rc (*fn)(void *arg, struct str name, struct err *e), void *arg,
                  int64_t *ret_strange, struct err *e) WARN_UNUSED;

/* The same for the folder of the names that begin with that byte; fine when it is not there. */
#define BLOB_FOLDERS 256
enum rc blob_each_of(int dirfd, unsigned folder,
                     enum rc (*fn)(void *arg, struct str name, struct err *e), void *arg,
                     struct err *e) WARN_UNUSED;

/* ---- rows ---- */

struct blob_row {
    int64_t id, case_id; /* case_id 0 = none: inbox scope */
    int64_t size;        /* plain bytes */
    int64_t created_us;  /* set by blob_add */
    struct str purpose, name, key_wrapped;
};
enum rc blob_add(struct db *db, const struct blob_row *b, int64_t *ret_id, struct err *e)
    WARN_UNUSED;
enum rc blob_get(struct db *db, struct arena *a, int64_t id, struct blob_row *ret_b, struct err *e)
    WARN_UNUSED;
enum rc blob_by_name(struct db *db, struct arena *a, struct str name, struct blob_row *ret_b,
                     struct err *e) WARN_UNUSED;
/* To another case (0 = none), with its key wrapped for it. RC_CONFLICT: it is not in `from` any
 * more. */
enum rc blob_move(struct db *db, int64_t id, int64_t from, int64_t to, struct str key_wrapped,
                  struct err *e) WARN_UNUSED;
/* Forgets the row; the file is deleted after the commit. RC_NOTFOUND. */
enum rc blob_forget(struct db *db, int64_t id, struct err *e) WARN_UNUSED;

/* Has a file no row?  A file is put before its row is committed: ask only about old ones. */
enum rc blob_orphan(struct db *db, struct str name, bool *ret_orphan, struct err *e) WARN_UNUSED;

#endif
