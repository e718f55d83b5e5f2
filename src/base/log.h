/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_BASE_LOG_H
#define VULNDESK_BASE_LOG_H

#include "base/attr.h"
#include <stdint.h>

/*
 * One line per event on standard error, logfmt: "role=smtpd event=accepted spool=... bytes=812".
 * Roles log, libraries do not.  Never case content, addresses, subjects or message bytes: only
 * names of events, our own ids, counts, sizes, times and results.
 */
enum log_level { LOG_ERROR_, LOG_WARN_, LOG_INFO_, LOG_DEBUG_ };

/* Name of the role for every line; a string constant. */
void log_init(const char *role, enum log_level least);

/* event is a constant word; fmt gives "key=value key=value" or NULL. Control characters are
 * replaced, the line is cut at 1,000 bytes. */
void log_event(enum log_level level, const char *event, const char *fmt, ...) PRINTF(3, 4);

#endif
