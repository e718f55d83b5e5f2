/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_SECURITYTXT_H
#define VULNDESK_WEB_SECURITYTXT_H

#include "base/buf.h"
#include "desk/settings.h"

/*
 * security.txt (RFC 9116, errata included; the CSAF field of CSAF 2.0 7.1.8).
 */
#define SECURITYTXT_MAX     32768 /* RFC 9116 5.2 proposes 32 KB for readers */
#define SECURITYTXT_LINES   400
#define SECURITYTXT_EXPIRES (180 * US_PER_DAY) /* ours is good for, counted from today */
#define SECURITYTXT_WARN    (366 * US_PER_DAY) /* 2.5.5 recommends less than a year */
#define SECURITYTXT_PATH    "/.well-known/security.txt"
#define SECURITYTXT_TYPE    "text/plain; charset=utf-8"

enum securitytxt_signed {
    SECURITYTXT_PLAIN,
    /* The frame of a cleartext signature is well-formed.  Whether the signature is good was not
     * looked at: the keys role can do that, this library cannot. */
    SECURITYTXT_FRAMED
};

struct securitytxt_report {
    enum securitytxt_signed is_signed;
    int64_t expires_us;
    unsigned warnings;
    char first_warning[128];
};

/*
 * Is it valid at now_us?  retrieved_from: the URI it came from, empty when not known.  RC_INVALID
 * with the line and the reason in e.  A file that is valid but not as recommended has warnings.
 */
enum rc securitytxt_check(struct str text, int64_t now_us, struct str retrieved_from,
                          struct securitytxt_report *ret_r, struct err *e) WARN_UNUSED;

/*
 * Writes ours out of the settings: every contact address, an expiry, the language, and where the
 * public pages are https the report form, the canonical address and the policy.  RC_INVALID when
 * what came out would not pass securitytxt_check.
 */
enum rc securitytxt_make(const struct settings *s, int64_t now_us, struct buf *ret_text,
                         struct err *e) WARN_UNUSED;

#endif
