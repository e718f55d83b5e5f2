/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_PAGE_AUDIT_H
#define VULNDESK_WEB_PAGE_AUDIT_H

#include "desk/audit.h"
#include "web/pages.h"
#include "web/views_audit.h"

/* The page of a case's audit; pure, as pages.h. */
#define AUDIT_PAGE          6  /* places of one page; each has two fields and a tick in its form */
#define AUDIT_BEFORE        6  /* lines of a place before the one that was found ... */
#define AUDIT_AFTER         9  /* ... and after it; its own page has all of them */
#define AUDIT_CONTEXT       3  /* lines of the original around its change */
#define AUDIT_CONTEXT_WHOLE 8  /* on the page of a place */
#define AUDIT_THERE         30 /* lines of the original on the list */
#define AUDIT_SEEDS         50 /* originals that are looked at for the one to be shown */
#define AUDIT_ELSEWHERE     40 /* other places of the same code that are named */
#define AUDIT_REASONS       12 /* why files were not searched: so many are told apart */

enum audit_show {
    AUDIT_SHOW_ALL,
    AUDIT_SHOW_OPEN,
    AUDIT_SHOW_SAME,
    AUDIT_SHOW_SAFE,
    AUDIT_SHOW_UNSURE,
    AUDIT_SHOW_SIGN, /* that who looks may sign */
    AUDIT_SHOWS
};
/* Names of the form's fields, for the route. */
#define AUDIT_F_VERDICT "v-" /* and the key of a place */
#define AUDIT_F_REASON  "r-"
#define AUDIT_F_TICK    "tick"

/* What is to be shown of it. */
struct audit_asked {
    enum audit_show show;
    size_t from;              /* in that list */
    struct draft draft;       /* a form that was not taken */
    const struct str *ticked; /* keys of the form, or none */
    size_t n_ticked;
};
/* false: there is no such list. */
bool audit_show_parse(struct str s, enum audit_show *ret);

void page_audit_write(const struct maker *m, struct page_frame frame, const struct view_audit *v,
                      const struct audit_asked *asked, struct buf *out);
/* The files that were not searched. */
void page_audit_left_write(const struct maker *m, struct page_frame frame,
                           const struct view_audit *v, struct buf *out);
/* One place, with all that the answer holds of its file; nth: of v->hits. */
void page_audit_place_write(const struct maker *m, struct page_frame frame,
                            const struct view_audit *v, size_t nth, const struct audit_asked *asked,
                            struct buf *out);

/* ---- page_audit_place.c, for the other ---- */

void audit_place_fill(const struct maker *m, const struct view_audit *v, size_t nth, bool whole,
                      const struct audit_asked *asked, struct audit_place_view *p);
/* "handler:ada" for people. */
struct str audit_actor_words(struct str actor);
const char *audit_verdict_kind(enum audit_verdict v);
/* "repo: path:12" */
struct str audit_title(const struct maker *m, struct str repo, struct str path, int64_t line);

#endif
