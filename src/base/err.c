/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of failures.  Runs in every role; text comes from our own format strings.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum rc err_set(struct err *e, enum rc rc, const char *fmt, ...)
{
    if (e == NULL)
        return rc;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    e->rc = rc;
    return rc;
}

enum rc err_errno(struct err *e, enum rc rc, const char *fmt, ...)
{
    int saved = errno;
    if (e == NULL)
        return rc;
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof e->msg)
        snprintf(e->msg + n, sizeof e->msg - (size_t)n, ": %s", strerror(saved));
    e->rc = rc;
    return rc;
}

enum rc err_prefix(struct err *e, const char *fmt, ...)
{
    if (e == NULL)
        return RC_INTERNAL;
    char old[ERR_MSG_MAX];
    memcpy(old, e->msg, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(e->msg, sizeof e->msg, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof e->msg)
        snprintf(e->msg + n, sizeof e->msg - (size_t)n, "%s", old);
    return e->rc;
}
