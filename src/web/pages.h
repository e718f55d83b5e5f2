/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_PAGES_H
#define VULNDESK_WEB_PAGES_H

#include "web/http.h"
#include "web/words.h"

/*
 * The pages: pure functions from a read model to HTML, appended to out.  frame is complete but for
 * what the page itself knows (title, place in the menu).
 */

/* A form that was not taken: which one, and what had been typed into it. */
struct draft {
    const char *form; /* "reply", "note", "assign", ...; NULL: none */
    const struct http_form *typed;
};

/* people: all accounts of the team, for the filter; login: of who looks. */
struct account;
struct queue_extra {
    const struct queue_query *asked;
    const struct account *people;
    size_t n_people;
    struct str login;
};
void page_queue_write(const struct maker *m, struct page_frame frame, const struct view_queue *q,
                      const struct queue_extra *extra, struct buf *out);
/* The states of a case that the queue is asked for by ?state=; QUEUE_STATES when there is none
 * such. */
enum queue_state queue_state_known(struct str word);

struct view_search;
/* frame.q: what was asked.  later: a page behind the first. */
void page_search_write(const struct maker *m, struct page_frame frame, const struct view_search *s,
                       bool later, struct buf *out);

struct canned;
struct case_extra {
    const struct canned *canned; /* texts to start from; NULL: none */
    struct str start_with;       /* the name of one, wanted for ... */
    int64_t start_thread;        /* ... this thread */
    bool wait;                   /* the tick of that form */
    struct draft draft;
};
void page_case_write(const struct maker *m, struct page_frame frame, const struct view_case *c,
                     const struct case_extra *extra, struct buf *out);

/*
 * A reply as it would go out, with the form that sends it.  between: what was written in the
 * conversation since the form was opened, NULL: it is a preview.
 */
struct letter_extra {
    struct str number, text; /* typed */
    int64_t thread_id, newest;
    bool wait, held; /* held: it was to be sent, but something came in between */
    const struct view_message *between;
    size_t n_between;
    struct str to_name, to, from_name, from, subject, mail_text;
    int64_t undo_us;
};
void page_letter_write(const struct maker *m, struct page_frame frame, const struct letter_extra *x,
                       struct buf *out);
/* What somebody had typed whose session is over. */
enum kept_why { KEPT_TEAM_OUT, KEPT_REPORTER_OUT, KEPT_OLD_FORM };
void page_kept_write(struct page_frame frame, enum kept_why why, struct str text, struct buf *out);

/* typed: a form of many that was not taken, or the query (all=1: every box is ticked). */
struct held_extra {
    const struct held_query *asked;
    const struct http_form *typed;
};
void page_history_write(const struct maker *m, struct page_frame frame, const struct view_case *c,
                        struct buf *out);

void page_held_write(const struct maker *m, struct page_frame frame, const struct view_held *h,
                     const struct held_extra *extra, struct buf *out);
void page_held_one_write(const struct maker *m, struct page_frame frame,
                         const struct view_held_row *r, const struct draft *draft, struct buf *out);

/* What stands in the reporter's form. */
struct reporter_form {
    struct str draft, token;
    bool again;     /* files have to be chosen again */
    int64_t filing; /* messages that are being taken in */
    int64_t max_files, max_mb;
};
void page_reporter_write(const struct maker *m, struct page_frame frame,
                         const struct view_reporter *r, const struct reporter_form *f,
                         struct buf *out);

/* The state that a list of held messages is asked for by ?state=; NULL when there is none such. */
const char *held_state_known(struct str state);

#endif
