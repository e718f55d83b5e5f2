/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_ROUTE_WRITE_H
#define VULNDESK_WEB_ROUTE_WRITE_H

#include "web/gate.h"

/*
 * /case/NUMBER/reply  POST thread, text, wait?, token, newest; do = send preview draft write
 * template /note  POST text, token; do = send draft /draft  POST thread?, text, token: text/plain,
 * a line to show and one for each colleague who writes there too (static/write.js) /undo /hurry
 * POST message: a reply in its minute
 */
void route_reply(struct visit *v, const struct route_case *at, struct str rest);
void route_note(struct visit *v, const struct route_case *at, struct str rest);
void route_draft(struct visit *v, const struct route_case *at, struct str rest);
void route_undo(struct visit *v, const struct route_case *at, struct str rest);
void route_hurry(struct visit *v, const struct route_case *at, struct str rest);

/* The case page; form (may be NULL) is the one that was not taken, v->e says why. */
void case_show(struct visit *v, int64_t id, const char *form);

#endif
