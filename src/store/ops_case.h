/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_CASE_H
#define VULNDESK_STORE_OPS_CASE_H

#include "base/arena.h"
#include "store/blob.h"
#include "store/db.h"

/*
 * Named operations on cases, participants, threads and blobs.  Rules live in desk/; these only read
 * and write rows of sql/0001.sql, whose comments say what the columns hold.  Texts of a read row
 * live in the arena with a NUL behind them.  Missing row: RC_NOTFOUND.
 */
struct case_row {
    int64_t id, year, nth, handler_id;
    struct str number, title, em, cs, severity, facts, exit, exit_reason, scope, key_wrapped;
    int64_t em_until_us, em_offer_us, escalated, joined_into;
    int64_t opened_us, changed_us, closed_us;
};
/* Highest nth of the year so far, 0 for none. */
enum rc ops_case_last_nth(struct db *db, int64_t year, int64_t *ret_nth, struct err *e) WARN_UNUSED;
enum rc ops_case_insert(struct db *db, const struct case_row *c, int64_t *ret_id, struct err *e)
    WARN_UNUSED;
enum rc ops_case_get(struct db *db, struct arena *a, int64_t id, struct case_row *ret,
                     struct err *e) WARN_UNUSED;
/* By a number: that of the case which the numbered one was joined into, else its own. */
enum rc ops_case_by_number(struct db *db, struct str number, int64_t *ret_id, struct err *e)
    WARN_UNUSED;
/* Everything that changes but the chain: title to closed_us of the row. */
enum rc ops_case_update(struct db *db, const struct case_row *c, struct err *e) WARN_UNUSED;
enum rc ops_alias_add(struct db *db, struct str number, int64_t case_id, struct err *e) WARN_UNUSED;
enum rc ops_alias_move(struct db *db, int64_t from_case, int64_t to_case, struct err *e)
    WARN_UNUSED;

struct participant_row {
    int64_t id, case_id, joined_us;
    struct str role, name, email, rm;
    bool ours;
};
enum rc ops_participant_insert(struct db *db, const struct participant_row *p, int64_t *ret_id,
                               struct err *e) WARN_UNUSED;
enum rc ops_participant_get(struct db *db, struct arena *a, int64_t id, struct participant_row *ret,
                            struct err *e) WARN_UNUSED;
/* Ourselves in a case. */
enum rc ops_participant_ours(struct db *db, struct arena *a, int64_t case_id,
                             struct participant_row *ret, struct err *e) WARN_UNUSED;
enum rc ops_participant_list(struct db *db, struct arena *a, int64_t case_id,
                             struct participant_row **ret, size_t *ret_n, struct err *e)
    WARN_UNUSED;
enum rc ops_participant_set_rm(struct db *db, int64_t id, struct str rm, struct err *e) WARN_UNUSED;
enum rc ops_participant_move(struct db *db, int64_t id, int64_t to_case, struct err *e) WARN_UNUSED;

struct thread_row {
    int64_t id, case_id, participant_id, waiting_us, created_us;
    struct str subject, tag;
    struct str email, name, role; /* of its participant */
};
enum rc ops_thread_insert(struct db *db, const struct thread_row *t, int64_t *ret_id, struct err *e)
    WARN_UNUSED;
enum rc ops_thread_get(struct db *db, struct arena *a, int64_t id, struct thread_row *ret,
                       struct err *e) WARN_UNUSED;
enum rc ops_thread_by_tag(struct db *db, struct arena *a, struct str tag, struct thread_row *ret,
                          struct err *e) WARN_UNUSED;
/* Threads that hold a message with this Message-ID, oldest message first; at most max. */
enum rc ops_thread_by_mid(struct db *db, struct arena *a, struct str mid, struct thread_row *ret,
                          size_t max, size_t *ret_n, struct err *e) WARN_UNUSED;
enum rc ops_thread_list(struct db *db, struct arena *a, int64_t case_id, struct thread_row **ret,
                        size_t *ret_n, struct err *e) WARN_UNUSED;
/* Threads of one participant. */
enum rc ops_thread_count_of(struct db *db, int64_t participant_id, int64_t *ret_n, struct err *e)
    WARN_UNUSED;
enum rc ops_thread_set_waiting(struct db *db, int64_t id, int64_t waiting_us, struct err *e)
    WARN_UNUSED;
/* The thread, its messages, mails, clocks and blobs' rows go to another case and participant. */
enum rc ops_thread_move(struct db *db, int64_t id, int64_t to_case, int64_t participant_id,
                        struct err *e) WARN_UNUSED;
/* What belongs to a case and to no thread: notes, held messages; clocks and mails too. */
enum rc ops_case_rest_move(struct db *db, int64_t from_case, int64_t to_case, struct err *e)
    WARN_UNUSED;

/* Sealed for a case: all of it (thread_id 0) or those of one thread's messages. */
enum rc ops_blob_list(struct db *db, struct arena *a, int64_t case_id, int64_t thread_id,
                      struct blob_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
/* A fact about the desk (table meta). */
enum rc ops_meta_get(struct db *db, struct arena *a, struct str key, struct str *ret, struct err *e)
    WARN_UNUSED;

#endif
