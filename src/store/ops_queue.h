/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_QUEUE_H
#define VULNDESK_STORE_OPS_QUEUE_H

#include "base/arena.h"
#include "store/db.h"
#include "store/ops_case.h"
#include "store/ops_clock.h"

/*
 * The queue, and what of it an account has seen; as ops_case.h.
 *
 * Every list walks one index in its order and stops when the page is full: open cases by the clock
 * that is due first, then those without a running clock by age; closed ones by their closing; all
 * by their opening, the newest first.  A filter that few cases match walks further, at most over
 * all cases of the list.
 */
struct queue_row {
    struct case_row c; /* without key_wrapped */
    struct str handler, handler_name, rm;
    int64_t last_in_us, last_out_us, waiting, held, failed, unread; /* unread: messages */
    struct clock_row next;                                          /* id 0 = none */
    int64_t key; /* with the id of the clock or case: where the next page goes on */
    int64_t key_id;
};
enum ops_queue { OPS_QUEUE_DUE, OPS_QUEUE_REST, OPS_QUEUE_CLOSED, OPS_QUEUE_ALL };
enum queue_state {
    QUEUE_ANY,
    QUEUE_OVERDUE, /* a clock is over */
    QUEUE_UNREAD,  /* something came that the account was not shown */
    QUEUE_ANSWER,  /* the newest message is from outside */
    QUEUE_WAITING, /* we wait for a participant */
    QUEUE_STATES
};
#define QUEUE_UNRATED "-" /* as a severity: none was given */
struct ops_queue_query {
    enum ops_queue which;
    int64_t handler_id;         /* 0 = any */
    struct str phase, severity; /* empty = any */
    enum queue_state state;
    int64_t account_id; /* whose unread */
    int64_t now_us;
    bool go_on; /* behind key and key_id of the last row of the page before */
    int64_t key, key_id;
    int64_t max;
};
enum rc ops_queue_list(struct db *db, struct arena *a, const struct ops_queue_query *q,
                       struct queue_row **ret, size_t *ret_n, struct err *e) WARN_UNUSED;

struct queue_counts {
    int64_t open, mine, overdue, held;
};
enum rc ops_queue_counts(struct db *db, int64_t account_id, int64_t now_us,
                         struct queue_counts *ret, struct err *e) WARN_UNUSED;
/* Messages that wait for a person, counted up to max. */
enum rc ops_held_count(struct db *db, int64_t max, int64_t *ret_n, struct err *e) WARN_UNUSED;

/* Keeps the name of the derived phase; nothing is written when it is the same. */
enum rc ops_case_set_phase(struct db *db, int64_t case_id, struct str phase, struct err *e)
    WARN_UNUSED;

/* The newest message of a case, 0 for none, and the newest that the account was shown. */
enum rc ops_seen_get(struct db *db, int64_t account_id, int64_t case_id, int64_t *ret_newest,
                     int64_t *ret_seen, struct err *e) WARN_UNUSED;
/* Never goes back. */
enum rc ops_seen_put(struct db *db, int64_t account_id, int64_t case_id, int64_t message_id,
                     struct err *e) WARN_UNUSED;
/* Of a case that is erased or went into another one. */
enum rc ops_seen_forget(struct db *db, int64_t case_id, struct err *e) WARN_UNUSED;

/* The id of the newest event of a case (0: of all), 0 for none: tells that something changed. */
enum rc ops_event_newest(struct db *db, int64_t case_id, int64_t *ret_id, struct err *e)
    WARN_UNUSED;

#endif
