/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_ERASE_H
#define VULNDESK_DESK_ERASE_H

#include "desk/desk.h"

/*
 * Erasure of closed cases, by a person or by the setting retention.closed_after.
 *
 * Gone are: bodies, subjects, addresses and names, attachments and their names, drafts, search
 * rows, frozen mails, sealed files and the case's key, the payloads of its events with their salts
 * (so that a commitment cannot be tried out), the title, the reporters' ways back.  Cases that were
 * joined into it go with it.
 * What stays: its number, times, states, handler, kinds of events and who did them, chain and heads
 * (`vulndesk verify` holds), and what was published.
 *
 * Refused (RC_CONFLICT) for a case that is open, has an open clock, mail that has not come to its
 * end or an advisory that is to be published, was joined into another, or was erased already.
 */
#define ERASE_BATCH 50 /* cases that become due in one look */

/* By an administrator (RC_DENIED). */
enum rc case_erase(struct desk *d, const struct actor *who, int64_t case_id, struct str reason,
                   struct err *e) WARN_UNUSED;

/* Makes a task "erase" for each case that has been closed for longer than retention.closed_after;
 * ret_n: how many were found. */
enum rc erase_due(struct desk *d, int64_t *ret_n, struct err *e) WARN_UNUSED;
/* Task "erase" (subject: the case), as the machine; nothing to do when it stands in the way. */
enum rc erase_run(struct desk *d, int64_t case_id, struct err *e) WARN_UNUSED;
/* Task "compact": what the database keeps of removed rows leaves the disk. */
enum rc erase_compact(struct desk *d, struct err *e) WARN_UNUSED;
/* The task "blob-drop" (arg: the name of a blob that has no row any more) is core's own
 * (serve/core_tasks.c): only the keys role may remove the file. */
#define ERASE_BLOB_TASK "blob-drop"

#endif
