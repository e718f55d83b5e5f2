/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One log line per event.  Runs in every role; the only global state of a process is its role's
 * name here.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LOG_LINE_MAX 1000

static const char *log_role = "vulndesk";
static enum log_level log_least = LOG_INFO_;

void log_init(const char *role, enum log_level least)
{
    log_role = role;
    log_least = least;
}

void log_event(enum log_level level, const char *event, const char *fmt, ...)
{
    static const char *const name[] = {"error", "warn", "info", "debug"};
    if (level > log_least)
        return;
    char line[LOG_LINE_MAX + 2];
    int n = snprintf(line, LOG_LINE_MAX, "level=%s role=%s pid=%d event=%s", name[level], log_role,
                     (int)getpid(), event);
    if (fmt != NULL && n > 0 && n < LOG_LINE_MAX) {
        line[n++] = ' ';
        va_list ap;
        va_start(ap, fmt);
        int m = vsnprintf(line + n, (size_t)(LOG_LINE_MAX - n), fmt, ap);
        va_end(ap);
        n += m < 0 ? 0 : m;
    }
    if (n > LOG_LINE_MAX - 1)
        n = LOG_LINE_MAX - 1;
    for (int i = 0; i < n; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[n++] = '\n';
    /* A log that cannot be written must not stop the desk. */
    ssize_t ignored = write(STDERR_FILENO, line, (size_t)n);
    (void)ignored;
}
