/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_TESTING_H
#define VULNDESK_STORE_TESTING_H

#include "store/db.h"

/*
 * Databases for tests, of the store and of what stands on it.  One test source runs on both back
 * ends: `foo_test sqlite`, and `tests/pg foo_test pg` for PostgreSQL.  Failures end the test.
 */
struct test_db {
    bool pg;
    char dir[64];   /* a temporary folder, also for blobs */
    char url[1024]; /* for db_open */
};

/* argv[1] is "sqlite" or "pg"; ends the process with a message otherwise. */
bool test_wants_pg(int argc, char **argv);
/* An empty database (PostgreSQL: the schema public is emptied). */
void test_db_init(struct test_db *t, bool pg);
void test_db_release(struct test_db *t);
/* A connection; with the schema of migrate_run when migrated. */
struct db *test_db_open(struct test_db *t, bool migrated);
/* A handler account and one case of it, straight into the tables. */
int64_t test_case(struct db *db, const char *number);
/* rc must be RC_OK: prints the message otherwise and fails the test. */
#define T_OK(call)                                                                                 \
    do {                                                                                           \
        struct err t_e_ = ERR_INIT, *e = &t_e_;                                                    \
        enum rc t_rc_ = (call);                                                                    \
        if (t_rc_ != RC_OK)                                                                        \
            fail_msg("%s: %s: %s", #call, rc_name(t_rc_), t_e_.msg);                               \
    } while (0)
/* rc must be `want`. */
#define T_RC(want, call)                                                                           \
    do {                                                                                           \
        struct err t_e_ = ERR_INIT, *e = &t_e_;                                                    \
        enum rc t_rc_ = (call);                                                                    \
        if (t_rc_ != (want))                                                                       \
            fail_msg("%s: %s instead of %s: %s", #call, rc_name(t_rc_), rc_name(want), t_e_.msg);  \
    } while (0)

#endif
