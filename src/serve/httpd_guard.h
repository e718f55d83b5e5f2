/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_HTTPD_GUARD_H
#define VULNDESK_SERVE_HTTPD_GUARD_H

#include <microhttpd.h>

#include "serve/httpd.h"

/* What libmicrohttpd read, before anybody believes it. Pointers into its buffer. */
struct guard_head {
    struct str method, target, version; /* target as it came, not decoded */
    size_t size; /* bytes of the whole head: request line, fields, empty line */
    struct guard_field {
        struct str name, value;
    } fields[HTTPD_FIELDS_MAX];
    size_t n_fields;
    bool too_many;
};

struct guard_result {
    enum http_method method;
    struct str path, query, host, cookie, content_type, forwarded_for, authorization;
    bool has_body;
    uint64_t content_length; /* 0 when chunked */
    bool expects;            /* Expect: 100-continue */
};

/* Reads method, version and all fields from a connection. */
void guard_collect(struct MHD_Connection *con, const char *method, struct str target,
                   const char *version, struct guard_head *ret_h);
/*
 * Refuses what other HTTP programs in front of us may read differently (RFC 9112): returns 0 when
 * all is well, else the status to answer, with the reason in e.
 */
int guard_check(const struct guard_head *h, struct guard_result *ret_r, struct err *e);

#endif
