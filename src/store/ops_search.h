/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_OPS_SEARCH_H
#define VULNDESK_STORE_OPS_SEARCH_H

#include "base/arena.h"
#include "store/db.h"
#include "store/search_words.h"

/*
 * The search index (table search): one row a message (subject and body) and one a case (number and
 * title).  Written in the transaction that writes what it is made of: ops_message_insert and
 * ops_case_insert do so themselves, whoever changes a title calls ops_search_case.
 */
enum rc ops_search_message(struct db *db, int64_t message_id, struct str subject, struct str body,
                           struct err *e) WARN_UNUSED;
enum rc ops_search_case(struct db *db, int64_t case_id, struct str number, struct str title,
                        struct err *e) WARN_UNUSED;
/* Forgets a case and all its messages: for its erasure, while the rows of its messages are still
 * there. */
enum rc ops_search_forget(struct db *db, int64_t case_id, struct err *e) WARN_UNUSED;

/* Newest first; each call walks from the newest towards the oldest until it has max. */
struct search_hit {
    int64_t message_id; /* 0: the case itself */
    int64_t case_id;    /* 0: a message that waits for a person and points nowhere */
    struct str number, title;
    struct str direction, state, from_name, from_addr, author, subject;
    struct str body; /* its first SEARCH_BODY_MAX characters */
    int64_t at_us, closed_us;
};
enum rc ops_search_cases(struct db *db, struct arena *a, const struct search_query *q, int64_t max,
                         struct search_hit **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
/* before: only messages with a lower id; 0 = all.  Messages that are ok, bounced, or that wait for
 * a person. */
struct search_page {
    int64_t before, max;
};
enum rc ops_search_messages(struct db *db, struct arena *a, const struct search_query *q,
                            struct search_page page, struct search_hit **ret, size_t *ret_n,
                            struct err *e) WARN_UNUSED;

/* For putting in what was there before the index: the next max rows with a higher id. */
struct search_source {
    int64_t id;
    struct str a, b; /* subject and body, or number and title */
};
enum rc ops_search_source(struct db *db, struct arena *a, bool cases, int64_t after, int64_t max,
                          struct search_source **ret, size_t *ret_n, struct err *e) WARN_UNUSED;

#endif
