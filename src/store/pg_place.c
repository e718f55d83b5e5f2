/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a store url for the sandbox.  Runs in the supervisor; the url is the configuration's.
 */
#include "store/pg_place.h"

#include <libpq-fe.h>

#define PG_PORT 5432

static struct str option(const PQconninfoOption *o, const char *keyword)
{
    for (; o->keyword; o++)
        if (strcmp(o->keyword, keyword) == 0)
            return str_c(o->val);
    return STR_NONE;
}

enum rc pg_place(const char *url, struct pg_place *ret_place, struct err *e)
{
    struct pg_place place = {false, 0};
    if (!str_starts(str_c(url), STR("sqlite:"))) {
        PQconninfoOption *o = PQconninfoParse(url, NULL);
        if (o == NULL)
            return err_set(e, RC_INVALID, "store.url is neither sqlite: nor a PostgreSQL address");
        struct str hosts = option(o, "host"), host, ports = option(o, "port"), first = STR_NONE;
        uint64_t port = PG_PORT;
        if (!str_cut(&ports, ',', &first) ||
            num_parse(first, 1, 65535, "port", &port, NULL) != RC_OK)
            port = PG_PORT;
        if (hosts.n == 0)
            place.by_unix = true; /* libpq's default */
        while (str_cut(&hosts, ',', &host)) {
            if (host.n == 0 || host.p[0] == '/' || host.p[0] == '@')
                place.by_unix = true;
            else
                place.port = (uint16_t)port;
        }
        PQconninfoFree(o);
    }
    *ret_place = place;
    return RC_OK;
}
