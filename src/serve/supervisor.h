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
#define SUPERVISOR_CHILDREN_MAX (SUPERVISOR_CORES_MAX + 6)
#define SUPERVISOR_BACKOFF_MS   100               /* first pause; doubles with each early end */
#define SUPERVISOR_BACKOFF_MAX  30000             /* longest pause */
#define SUPERVISOR_STEADY_US    INT64_C(30000000) /* running so long, a role counts as healthy */
#define SUPERVISOR_STOP_MS      5000              /* roles have this long to end by themselves */

/* Runs until SIGTERM or SIGINT; the exit code of the process. */
int supervisor_run(const struct settings *set, struct err *e);

#endif
