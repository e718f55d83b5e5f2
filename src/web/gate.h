/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_GATE_H
#define VULNDESK_WEB_GATE_H

#include "desk/people.h"
#include "web/page_public.h"
#include "web/route.h"

struct web {
    struct desk *desk;
    struct str policy_text;
    int64_t policy_revision;
    char receipt_key[2 * WEB_KEY_LEN + 2]; /* hex and LF */
};

/* One request on its way. */
struct visit {
    struct web *w;
    const struct http_request *q;
    struct http_response *r;
    struct arena *a;
    struct maker m;
    struct page_frame frame;
    bool signed_in;
    struct session session;
    struct str secret;     /* of the session: the cookie's value */
    struct http_form form; /* of a POST, or of the query of a GET */
    struct err e;
};

/* Finds the session of the cookie, if any; RC_OK in either case.  Fills frame. */
enum rc gate_enter(struct visit *v) WARN_UNUSED;
/* The session's CSRF token is in the form. */
bool gate_csrf_ok(const struct visit *v);
/* Set-Cookie of a fresh session, or the end of one. */
void gate_cookie_set(struct visit *v, const struct session_made *s);
void gate_cookie_clear(struct visit *v);

void route_staff(struct visit *v);
void route_public(struct visit *v);
/* Of the team's pages; rest is what follows the path of the page. */
void queue_route(struct visit *v, struct str rest);
void search_route(struct visit *v, struct str rest);
void events_route(struct visit *v, struct str rest);
void held_route(struct visit *v, struct str rest);
void account_route(struct visit *v, struct str rest);
void lines_route(struct visit *v, struct str rest);
/* The form for login and password; and in place of a page, for who is not signed in. */
void signin_form(struct visit *v);
void signin_needed(struct visit *v);

void route_metrics(struct visit *v); /* also for whoever has its token */
void route_policy(struct visit *v, struct str rest);
void route_propose(struct visit *v, struct str rest); /* public */

struct route_case;
/* Pages below a case, each in a file of its own. */
void route_advisory(struct visit *v, const struct route_case *at, struct str rest);
void route_advisories(struct visit *v, struct str rest);
void route_public_advisories(struct visit *v, struct str rest);
void route_advisories_atom(struct visit *v, struct str rest);
void route_report_credit(struct visit *v); /* with a session; CSRF is checked */
void route_affected(struct visit *v, const struct route_case *at, struct str rest);
void route_audit(struct visit *v, const struct route_case *at, struct str rest);
void route_backport(struct visit *v, const struct route_case *at, struct str rest);
void route_third(struct visit *v, const struct route_case *at, struct str rest);

/* Answers. */
void visit_error(struct visit *v, int status, const char *why);
void visit_no_page(struct visit *v);  /* 404 */
void visit_no_form(struct visit *v);  /* 404 */
void visit_old_form(struct visit *v); /* 403 */
/* 403 (404 where no reporter is known) and what had been typed into the form, for a session that is
 * over; false, and no answer, when nothing had been. */
bool visit_keep(struct visit *v, enum kept_why why);
/* v->e in words for the visitor; a failure of ours is not told, but logged. */
const char *visit_why(struct visit *v);
void visit_failed(struct visit *v); /* out of v->e */
/* The page that follows shows a form once more that was not taken: v->e on top, its status. */
void visit_again(struct visit *v);
/* 303 */
void visit_see(struct visit *v, const char *fmt, ...) PRINTF(2, 3);
/* "ID/part/P" at the end of a path, after "message/", or "ID/text": then *ret_part is PART_TEXT,
 * the text that we show, all of it. */
#define PART_TEXT UINT32_MAX
bool visit_part(struct str rest, int64_t *ret_message, uint32_t *ret_part);
/* Answers with that part; name is what the sender called it. */
void visit_download(struct visit *v, const struct view_message *msg, uint32_t part);
/* The browser's "2026-01-24T15:00" is UTC here: that is what the label says. */
enum rc visit_local_time(struct visit *v, struct str local, int64_t *ret_us) WARN_UNUSED;

/* A form becomes a verb of desk/cmd.h, done by who is signed in; fills v->e. */
enum rc visit_cmd(struct visit *v, const char *verb, const json_t *args, json_t **ret_result)
    WARN_UNUSED;
/* The same for a form below a page: rc tells whether its fields could be read into args, verb is
 * NULL when there is no such form (404), see is where it leads.  False: not done, v->e says why,
 * and the caller shows the page again with what was typed. */
bool visit_did(struct visit *v, enum rc rc, const char *verb, const json_t *args, struct str see)
    WARN_UNUSED;
/* Its arguments out of fields of the same names: a text as it was typed; a number, from 1 on; a
 * time, left out when the field is empty. */
void visit_put(const struct visit *v, json_t *args, const char *name);
enum rc visit_put_id(struct visit *v, json_t *args, const char *name) WARN_UNUSED;
enum rc visit_put_time(struct visit *v, json_t *args, const char *name) WARN_UNUSED;

/* A case that a page below it is about. */
struct route_case {
    int64_t id;
    struct str number;
};
/* True for at itself and for what is below it ("/" is itself only); ret_rest is without the slash.
 */
bool path_below(struct str path, const char *at, struct str *ret_rest);
/* Splits "/a/b/c" at the first slash after the prefix; false when path does not begin with it. */
bool path_after(struct str path, const char *prefix, struct str *ret_rest);

#endif
