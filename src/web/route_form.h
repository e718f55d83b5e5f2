/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_ROUTE_FORM_H
#define VULNDESK_WEB_ROUTE_FORM_H

#include "desk/webform.h"
#include "web/gate.h"

/* What the routes of forms with files share, and the routes themselves. */

/* /new */
void route_new(struct visit *v, struct str rest);
/* /r/SECRET[/renew], /report[...] */
void route_way_back(struct visit *v, struct str rest);
void route_report(struct visit *v, struct str rest);

/* The files of the form, borrowed.  RC_LIMIT: too many, or the form was too large. */
struct form_files {
    struct webform_file v[HTTP_FORM_FILES];
    struct webform_files all;
};
enum rc form_files_take(struct visit *v, struct form_files *ret) WARN_UNUSED;
bool form_had_files(const struct visit *v);
/* MB that the files of one form may have together. */
int64_t form_max_mb(const struct visit *v);
/* The token that was sent, when it is still good; else a fresh one. */
enum rc form_token_for(struct visit *v, const char *purpose, char ret[WEBFORM_TOKEN_SIZE])
    WARN_UNUSED;
/* Reads the token that was sent; RC_INVALID with words for a person. */
enum rc form_token_take(struct visit *v, const char *purpose, struct webform_token *ret)
    WARN_UNUSED;
/* frame.problem and the status out of v->e. */
void form_problem(struct visit *v);
/* v->e for a client that does something too often. */
void form_too_often(struct visit *v, int64_t wait_us);

#endif
