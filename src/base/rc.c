/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of results.  Runs in every role; has no input.
 */
#include "base/rc.h"

#include <sysexits.h>

static const struct {
    const char *name;
    int http;
    int smtp;
    int exit;
} table[RC_COUNT] = {
    [RC_OK] = {"ok", 200, 250, EX_OK},
    [RC_NOTFOUND] = {"notfound", 404, 550, EX_NOUSER},
    [RC_CONFLICT] = {"conflict", 409, 451, EX_TEMPFAIL},
    [RC_DENIED] = {"denied", 403, 550, EX_NOPERM},
    [RC_INVALID] = {"invalid", 400, 501, EX_DATAERR},
    [RC_LIMIT] = {"limit", 413, 552, EX_UNAVAILABLE},
    [RC_BUSY] = {"busy", 503, 451, EX_TEMPFAIL},
    [RC_IO] = {"io", 500, 452, EX_IOERR},
    [RC_TIMEOUT] = {"timeout", 504, 451, EX_TEMPFAIL},
    [RC_CLOSED] = {"closed", 503, 421, EX_TEMPFAIL},
    [RC_INTERNAL] = {"internal", 500, 451, EX_SOFTWARE},
};

static enum rc rc_known(enum rc rc)
{
    return (unsigned)rc < RC_COUNT ? rc : RC_INTERNAL;
}

const char *rc_name(enum rc rc)
{
    return table[rc_known(rc)].name;
}

int rc_http(enum rc rc)
{
    return table[rc_known(rc)].http;
}

int rc_smtp(enum rc rc)
{
    return table[rc_known(rc)].smtp;
}

int rc_exit(enum rc rc)
{
    return table[rc_known(rc)].exit;
}
