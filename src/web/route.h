/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_ROUTE_H
#define VULNDESK_WEB_ROUTE_H

#include "desk/desk.h"
#include "web/http.h"

/*
 * From a request to a page.  One struct web a core process; stateless but for what it was made of.
 *
 * Staff:  /  /case/NUMBER[/FORM]  /case/NUMBER/message/ID/part/P  /held[/ID[/release|/discard]]
 *         /search  /events[?case=NUMBER] (server-sent events)
 *         /metrics (also with its bearer token)
 *         /held/message/ID/part/P  /signin[/SECRET]  /signout
 *         /account[/password|/notices|/away|/back|/leave]  /lines[/ID|/new|/set|/remove|/fill]
 * Public: /  /.well-known/security.txt  /security.txt  /receipt-key  /commit-signers  /new
 * /r/SECRET[/renew] /report  /report/answer  /report/link  /report/leave  /report/message/ID/part/P
 * Both:   /healthz  /robots.txt
 *
 * What needs a session and has none answers the sign-in page (staff, 403) or 404 (public).  Every
 * POST but signing in, the trade of a one-time link and /new, which has a token of its own, needs
 * the session's CSRF token, else 403.
 */
#define WEB_KEY_LEN 32 /* Ed25519 public key of receipts */

struct web;
/* Renders the policy once.  d and policy_text (Markdown; empty: no policy) are borrowed. */
enum rc web_new(struct desk *d, struct str policy_text, struct str sign_key, struct web **ret_w,
                struct err *e) WARN_UNUSED;
/* Another text from now on; text is borrowed, revision is its id (0: none).  When it cannot be
 * rendered the old one stays. */
enum rc web_set_policy(struct web *w, struct str text, int64_t revision, struct err *e) WARN_UNUSED;
void web_free(struct web *w); /* NULL is fine */

/*
 * Fills an initialised response, always.  When r->download.wanted, the caller answers with the
 * bytes of that part as an attachment called file_name instead; who asks may have it.
 */
void web_handle(struct web *w, const struct http_request *q, struct http_response *r);

#endif
