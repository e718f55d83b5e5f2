/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WIRE_ROLE_H
#define VULNDESK_WIRE_ROLE_H

#include "base/str.h"

/* Who holds which authority; design: "the processes that read strangers' bytes hold nothing". */
enum role {
    ROLE_SUPERVISOR,
    ROLE_SMTPD,
    ROLE_HTTPD_PUBLIC,
    ROLE_HTTPD_STAFF,
    ROLE_CORE,
    ROLE_KEYS,
    ROLE_NET,
    ROLE_WORKER,
    ROLE_PARSE,
    ROLE_ENGINE,
    ROLE_RUNNER,
    ROLE_CLI, /* a command on core's local socket; not started by the supervisor */
    ROLE_COUNT
};

/* "smtpd", "httpd-public", ... ; never NULL. */
const char *role_name(enum role role);
/* RC_INVALID for a name that is none. */
enum rc role_parse(struct str name, enum role *ret_role, struct err *e) WARN_UNUSED;

#endif
