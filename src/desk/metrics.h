/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_METRICS_H
#define VULNDESK_DESK_METRICS_H

#include "desk/desk.h"

/*
 * Numbers for Prometheus, in its text format 0.0.4.  No case number, address, login or text: labels
 * are our own words for kinds and states.
 */
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_MAX  (256 * 1024) /* bytes */

enum rc metrics_text(struct desk *d, struct buf *b, struct err *e) WARN_UNUSED;

/* "Bearer TOKEN" with the token of metrics.token_file, compared in constant time; never true
 * without one. */
bool metrics_bearer_ok(const struct desk *d, struct str authorization);

#endif
