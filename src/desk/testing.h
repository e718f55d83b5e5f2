/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_TESTING_H
#define VULNDESK_DESK_TESTING_H

#include "desk/desk.h"
#include "desk/intake.h"
#include "desk/texts.h"
#include "mime/mail.h"
#include "store/testing.h"

/* A desk for tests: an empty store, a clock that stands still, keys that can be seen through. */
struct test_desk {
    struct test_db tdb;
    struct desk d;
    struct arena *a;
    struct settings *set;
    struct texts *texts;
    int64_t now_us;
    unsigned char pk[32], sk[64]; /* of the receipts */
    bool keys_away;               /* every call to keys answers RC_BUSY */
    int spool;                    /* counts test_mail_in's records */
    struct spool_put put;         /* the last record that a form put into the spool */
    bool disk_full;               /* nothing can be put there */
    struct test_blob *sealed;     /* newest first, in the arena: bytes that were sealed here */
    int n_sealed;
};
#define TEST_NOW_US INT64_C(1795600000000000) /* 2026-11-25 */

/* extra: further lines of the configuration, or "". */
void test_desk_init(struct test_desk *t, bool pg, const char *extra);
void test_desk_release(struct test_desk *t);
/* The same for cmocka, on the heap in *state; logins: its accounts, "alice bob". The end also
 * checks that the events tell the same story as the tables, whatever the test did.  DESK_TEST: a
 * row of cmocka's table, in a file with its own begin(). */
int test_desk_begin(void **state, bool pg, const char *extra, const char *logins);
int test_desk_end(void **state);
#define DESK_TEST(f) cmocka_unit_test_setup_teardown(f, begin, test_desk_end)
/* An account "alice", "bob" ...; weight 1. */
int64_t test_account(struct test_desk *t, const char *login, int64_t weight);
/* Who the account is as an actor. */
struct actor test_actor(struct test_desk *t, const char *login);

/* A mail as the parse child would describe it. */
struct test_mail {
    const char *from, *subject, *text, *mid, *ref; /* ref: one Message-ID, or NULL */
    const char *rcpt;                              /* NULL: security@desk.example */
    const char *path;                              /* return path, NULL: from */
    const char *spool;                             /* NULL: a fresh one */
    enum authres_proof proof;
};
void test_mail_make(struct test_desk *t, const struct test_mail *tm, struct mail *ret);
struct intake_result test_mail_in(struct test_desk *t, const struct test_mail *tm);
/* The record and a blob of its own, as core hands them in. */
struct intake_result test_record_in(struct test_desk *t, const struct mail *m,
                                    const struct test_mail *tm);
/* Runs the task "acknowledge" of that message; the outbox id. */
int64_t test_acknowledge(struct test_desk *t, int64_t message_id);
/* A mail was handed over: state sent, and the desk is told. */
void test_sent(struct test_desk *t, int64_t outbox_id);
/* One number out of the database. */
int64_t test_count(struct test_desk *t, const char *sql_text);
struct str test_text(struct test_desk *t, const char *sql_text);

#endif
