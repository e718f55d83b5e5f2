/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_REPLAY_H
#define VULNDESK_DESK_REPLAY_H

#include "desk/desk.h"

/*
 * The closed list of facts that the events alone give back, and the comparison with the tables:
 *   of a case: number, title, handler, em, its end, cs, severity, facts, exit, escalation, open or
 *   closed, its participants (role, email, rm), its threads and whose they are, its messages with
 *   direction, state and thread.
 * Payloads that were shredded make a chain unreadable: then only the rest is compared.
 */

/* RC_INVALID: the first difference, as "case EX-2026-0001: cs is ..., the events say ...". */
enum rc replay_check(struct desk *d, struct err *e) WARN_UNUSED;

#endif
