/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_SNAPSHOT_H
#define VULNDESK_STORE_SNAPSHOT_H

#include "store/db.h"

/*
 * One moment of the whole database in one file, taken while the desk runs: SQLite's online backup,
 * or pg_dump -Fc in a snapshot that we hold, so that what is read beside it is of the same moment.
 */
#define SNAPSHOT_DUMP_MS   (24 * 3600 * 1000) /* pg_dump and pg_restore end within a day */
#define SNAPSHOT_ERROR_MAX 600                /* bytes kept of what they said */

struct snapshot {
    char desk[64]; /* its random id */
    int64_t epoch;
    int schema;
    int64_t at_us; /* by the database's clock */
    int64_t blobs; /* told */
};

/* Bytes that the database takes now, for a look at the free space. */
enum rc snapshot_size(const char *url, int64_t *ret_bytes, struct err *e) WARN_UNUSED;

/*
 * Writes the file, which must not exist (mode 0600), and tells the name of each blob that this
 * moment knows.  RC_NOTFOUND: pg_dump is not installed; RC_IO: it failed, with its words.
 */
enum rc snapshot_make(const char *url, const char *file,
                      enum rc (*blob)(void *arg, struct str name, struct err *e), void *arg,
                      struct snapshot *ret_s, struct err *e) WARN_UNUSED;

/*
 * Fills an empty database from a dump of PostgreSQL, all or nothing.  RC_CONFLICT: there is a desk
 * in that database already.  (SQLite's file is a database as it is.)
 */
enum rc snapshot_restore_pg(const char *url, const char *file, struct err *e) WARN_UNUSED;

#endif
