/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SMTP_ADDRESS_H
#define VULNDESK_SMTP_ADDRESS_H

#include "base/str.h"

/*
 * Mail addresses as they stand in an SMTP envelope (RFC 5321 4.1.2, 4.1.3; RFC 6531 for UTF-8), and
 * the question whether a recipient is one of ours.  Header addresses (RFC 5322) are another grammar
 * and belong to mime/.
 *
 * Limits in octets (RFC 5321 4.5.3.1.1 to .3).  A sender's local part may be longer than 64, up to
 * what the path allows: bounce addresses of list and mail services (VERP, SRS) often are, and
 * refusing one would lose a report.  Domains may hold an underscore for the same reason.
 */
#define SMTP_LOCAL_MAX  64
#define SMTP_DOMAIN_MAX 255
#define SMTP_PATH_MAX   256 /* with "<" and ">", source route not counted */
#define SMTP_LABEL_MAX  63
#define SMTP_ROUTE_MAX  1024 /* octets of a source route, which is read and dropped */

/* Canonical text can need a backslash for each octet of the local part, and two quotes. */
#define SMTP_TEXT_MAX (2 * SMTP_PATH_MAX + 2)

struct smtp_addr {
    size_t local_n;                   /* 0 for the null path "<>" */
    size_t domain_n;                  /* 0 for the null path and for a bare local part */
    size_t text_n;                    /* 0 for the null path */
    bool routed;                      /* a source route stood before it and was dropped */
    bool utf8;                        /* holds an octet over 127 */
    char local[SMTP_PATH_MAX + 1];    /* without quotes and backslashes, case kept */
    char domain[SMTP_DOMAIN_MAX + 1]; /* ASCII letters in lower case; "[...]" for a literal */
    char text[SMTP_TEXT_MAX + 1];     /* canonical: quoted only where needed */
};

enum smtp_addr_flag {
    SMTP_ADDR_NULL = 1 << 0,       /* "<>" is fine (a reverse path) */
    SMTP_ADDR_UTF8 = 1 << 1,       /* SMTPUTF8 was declared */
    SMTP_ADDR_LONG_LOCAL = 1 << 2, /* a local part over SMTP_LOCAL_MAX is fine */
    SMTP_ADDR_BARE = 1 << 3,       /* "<postmaster>" without a domain is fine (RFC 5321 4.1.1.3) */
};

/*
 * Reads "<path>" at the start of s; *ret_rest is what follows the ">".
 * RC_INVALID for wrong syntax, RC_LIMIT for a part over its limit.  Nothing of s gets into e.
 */
enum rc smtp_path_parse(struct str s, unsigned flags, struct smtp_addr *ret_a, struct str *ret_rest,
                        struct err *e) WARN_UNUSED;

/* The whole of s as "local@domain" without angle brackets, for settings and arguments. */
enum rc smtp_mailbox_parse(struct str s, unsigned flags, struct smtp_addr *ret_a, struct err *e)
    WARN_UNUSED;

struct str smtp_addr_local(const struct smtp_addr *a);
struct str smtp_addr_domain(const struct smtp_addr *a);
struct str smtp_addr_text(const struct smtp_addr *a);

/*
 * True when a is ours: equal to the configured address but for ASCII case, or a sub-address of it
 * ("local+tag@domain", tag of 1 or more letters, digits and -_.+=), case ignored too.  *ret_tag, if
 * not NULL, is the tag, borrowed from a, empty for the address itself.
 */
bool smtp_addr_is_ours(const struct smtp_addr *a, const struct smtp_addr *ours,
                       struct str *ret_tag);

/* True for a local part that asks for relaying: "user%host", "host!user", "user@host". */
bool smtp_addr_is_relay(const struct smtp_addr *a);

#endif
