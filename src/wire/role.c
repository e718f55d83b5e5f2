/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of roles.  Runs in every role; a name comes from our own command line.
 */
#include "wire/role.h"

static const char *const names[ROLE_COUNT] = {
    [ROLE_SUPERVISOR] = "supervisor",
    [ROLE_SMTPD] = "smtpd",
    [ROLE_HTTPD_PUBLIC] = "httpd-public",
    [ROLE_HTTPD_STAFF] = "httpd-staff",
    [ROLE_CORE] = "core",
    [ROLE_KEYS] = "keys",
    [ROLE_NET] = "net",
    [ROLE_WORKER] = "worker",
    [ROLE_PARSE] = "parse",
    [ROLE_ENGINE] = "engine",
    [ROLE_RUNNER] = "runner",
    [ROLE_CLI] = "cli",
};

const char *role_name(enum role role)
{
    return (unsigned)role < ROLE_COUNT ? names[role] : "nobody";
}

enum rc role_parse(struct str name, enum role *ret_role, struct err *e)
{
    for (int i = 0; i < ROLE_COUNT; i++)
        if (str_eq(name, str_c(names[i]))) {
            *ret_role = (enum role)i;
            return RC_OK;
        }
    return err_set(e, RC_INVALID, "there is no role of that name");
}
