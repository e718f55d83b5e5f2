/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_STORE_PG_PLACE_H
#define VULNDESK_STORE_PG_PLACE_H

#include "base/str.h"

/*
 * Where the database of a store url is, as far as a sandbox must know: by a unix socket, by TCP on
 * a port (0 = not), or neither (SQLite).  Several hosts count together; the first port stands for
 * all.  RC_INVALID when libpq cannot read the url; the message never repeats it.
 */
struct pg_place {
    bool by_unix;
    uint16_t port;
};
enum rc pg_place(const char *url, struct pg_place *ret_place, struct err *e) WARN_UNUSED;

#endif
