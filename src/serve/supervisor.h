/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_SUPERVISOR_H
#define VULNDESK_SERVE_SUPERVISOR_H

#include "desk/settings.h"

/*
 * `vulndesk serve`: opens the ports, starts every role as a re-exec of this binary, hands each its
 * slice of the settings and its descriptors, connects the ones that may talk, and starts again what
 * ended, with a growing pause.  It parses no network data and holds neither database nor keys.
 */
#define SUPERVISOR_CORES_MAX    16
#define SUPERVISOR_CHILDREN_MAX (SUPERVISOR_CORES_MAX + 7)
#define SUPERVISOR_BACKOFF_MS   100   /* first pause; doubles with each early end */
#define SUPERVISOR_BACKOFF_MAX  30000 /* longest pause */
/* A role that had become ready can work, so whatever ends it early (the kernel's memory killer, an
 * operator, one bad mail) makes it wait at most this many doublings, 800 ms: a longer pause would
 * only keep the mail waiting.  The long pauses are for roles that do not even start. */
#define SUPERVISOR_READY_ENDS   3
#define SUPERVISOR_STEADY_US    INT64_C(30000000) /* running so long, a role counts as healthy */
#define SUPERVISOR_FAILING      5    /* so many early ends in a row are reported, once */
#define SUPERVISOR_STOP_MS      5000 /* roles have this long to end by themselves */
#define SUPERVISOR_PORT_MS      5000 /* a port in use is waited for so long at start */
#define SUPERVISOR_PORT_STEP_MS 50   /* between the tries */

/* Runs until SIGTERM or SIGINT; the exit code of the process. */
int supervisor_run(const struct settings *set, struct err *e);

#endif
