/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_MIGRATE_H
#define VULNDESK_STORE_MIGRATE_H

#include "store/db.h"

/*
 * The schema, in numbered steps that only go forward.  src/store/sql/NNNN.sql is the text of step
 * NNNN for both back ends; the tokens $ID $INT $TEXT $BLOB $STRICT are replaced.  The SHA-256 of
 * the text as written is recorded with each step, and a step whose text has changed since is
 * refused: an applied step is never edited, a new one is added.
 *
 * A step expands first (new columns have defaults, nothing that the last release reads goes away);
 * what is no longer used is dropped one release later.  So a binary that knows steps 1..N works
 * with a database at N-1 (not yet migrated), N, or N+1 (migrated by the next release).
 */
struct migration {
    int number;
    const char *text;
};
extern const struct migration migrations[]; /* generated from src/store/sql */
extern const int migrations_count;          /* N */

#define MIGRATE_TEXT_MAX (256 * 1024)

/*
 * Applies what is missing, each step in its own transaction, one process at a time (PostgreSQL:
 * advisory lock; SQLite: the write lock), and makes sure that the desk has its random id and its
 * epoch.  Doing it again changes nothing.  ret_applied (may be NULL): steps applied now.
 * RC_CONFLICT: an applied step's text has changed; RC_INVALID: the database is newer than this
 * program can work with; RC_BUSY: somebody else is migrating.
 */
enum rc migrate_run(struct db *db, int *ret_applied, struct err *e) WARN_UNUSED;

/* RC_OK when this program can work with the schema as it is; RC_NOTFOUND when there is none, else
 * as migrate_run.  Changes nothing. */
enum rc migrate_check(struct db *db, int *ret_version, struct err *e) WARN_UNUSED;

/* The same for another list of steps; for tests. */
enum rc migrate_run_list(struct db *db, const struct migration *list, int n, int *ret_applied,
                         struct err *e) WARN_UNUSED;
enum rc migrate_check_list(struct db *db, const struct migration *list, int n, int *ret_version,
                           struct err *e) WARN_UNUSED;

#endif
