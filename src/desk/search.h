/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_SEARCH_H
#define VULNDESK_DESK_SEARCH_H

#include "desk/desk.h"
#include "store/search_words.h"

/*
 * Search over numbers and titles of cases, and over subjects and bodies of their messages, notes
 * and of what waits for a person.  How a query is read: store/search_words.h.  Newest first, a page
 * at a time; a case stands there once, with the newest of what was found in it.  Permission: team.
 * Everything lives in the arena; texts are hostile, pages escape them.
 */
#define SEARCH_CASES_MAX    25  /* cases found by number or title, on the first page */
#define SEARCH_MESSAGES_MAX 50  /* messages looked at for one page */
#define SEARCH_SHOWN_MAX    3   /* of them shown with each case */
#define SEARCH_SNIPPET_MAX  240 /* bytes around a hit */

struct search_place {
    int64_t message_id, at_us;
    struct str who;              /* who wrote it */
    struct str direction, state; /* table message */
    struct str subject;
    struct str before, hit, after; /* a piece of it */
};
struct search_case {
    int64_t case_id;          /* 0: a message that waits for a person */
    struct str number, title; /* title: of the case, or the subject */
    bool closed;
    struct search_place places[SEARCH_SHOWN_MAX];
    size_t n_places;
    int64_t more; /* further messages of this page in this case */
};
struct view_search {
    struct search_case *cases;
    size_t n;
    int64_t next;      /* before of the next page, 0 = there is none */
    struct str number; /* the query is the number of this case */
    bool empty;        /* the query holds no word */
    int64_t now_us;
};
/* before: 0 or next of the page before.  RC_LIMIT: the query is too long. */
enum rc view_search(struct desk *d, const struct actor *who, struct arena *a, struct str query,
                    int64_t before, struct view_search *ret, struct err *e) WARN_UNUSED;

/* Orders that everything is put into the index (again); harmless at any time. */
#define SEARCH_STEP 250 /* rows of one step */
enum rc search_reindex(struct desk *d, struct err *e) WARN_UNUSED;

#endif
