/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_MIME_AUTHRES_H
#define VULNDESK_MIME_AUTHRES_H

#include "mime/hfield.h"

/*
 * Authentication-Results (RFC 8601): what the configured MTA found out about the sender.  Pure;
 * runs in the parse child on hostile header values.
 */
#define AUTHRES_VALUE_MAX   16384 /* bytes of one field value */
#define AUTHRES_RESULTS_MAX 64    /* results in one field */
#define AUTHRES_PROPS_MAX   64    /* properties of one result */
#define AUTHRES_FIELDS_MAX  16    /* trusted fields of one mail that are read */

struct authres_prop {
    struct str ptype, property; /* lower case: "header", "from" */
    struct str value;           /* as sent, quotes removed */
};

struct authres_result {
    struct str method; /* lower case: "dkim" */
    unsigned version;  /* of the method, 1 when absent */
    struct str result; /* lower case: "pass" */
    struct str reason; /* empty when absent */
    struct authres_prop *props;
    size_t n_props;
};

struct authres {
    struct str authserv_id; /* as sent */
    unsigned version;       /* 1 */
    struct authres_result *results;
    size_t n_results; /* 0 for "none" */
};

/*
 * Parses one value (folded or not).  *ret_r lives in a, its texts too.  A property without a value
 * is left out and the result kept.  RC_INVALID: not of RFC 8601's form (err says what: "no result
 * and no \"none\"", "method without result"); RC_NOTFOUND: a version other than 1, the field is to
 * be ignored (RFC 8601 2.5); RC_LIMIT: over one of the limits above.
 */
enum rc authres_parse(struct arena *a, struct str value, struct authres **ret_r, struct err *e)
    WARN_UNUSED;

/*
 * Which fields of a mail are ours.  Header fields are written on top, so position proves age:
 *
 *     Received: ...by our own smtpd     \  `received` fields are added by our side,
 *     Authentication-Results: our id  A  > the lowest of them by the border MTA
 *     Received: ...by our border MTA    /
 *     Authentication-Results: our id  B
 *     Received: ...by an outside host
 *     Authentication-Results: our id  C
 *
 * A counts always: no outsider can write above our border.  B counts only when below_border is set,
 * no A exists, and then only the topmost B: some MTAs (and their milters) insert below their own
 * Received; they must delete incoming fields with their id (RFC 8601 5), as rspamd, OpenDKIM and
 * OpenDMARC do.  C never counts.  With fewer than `received` Received fields nothing counts, nor
 * with an empty authserv_id.  Whoever can reach our smtpd without the MTA can write all of this:
 * with an authserv-id configured the listener must be reachable for the MTA only.
 */
#define AUTHRES_RECEIVED_DEFAULT 2 /* our smtpd and one MTA before it */
struct authres_border {
    struct str authserv_id; /* compared without case; empty: trust nothing */
    size_t received;        /* how many Received fields our side adds */
    bool below_border;      /* see above; default true */
};

/*
 * Fills ret_index with the indexes (into fields, top first) of the fields that count, at most max;
 * returns how many.
 */
size_t authres_trusted(const struct hfield *fields, size_t n, const struct authres_border *b,
                       size_t *ret_index, size_t max);

/* What proves that the domain in From sent the mail. */
enum authres_proof { AUTHRES_NONE, AUTHRES_DKIM, AUTHRES_DMARC };
/* "none", "dkim", "dmarc"; and back (false when unknown). */
const char *authres_proof_name(enum authres_proof p);
bool authres_proof_of(struct str name, enum authres_proof *ret_p);

/*
 * DMARC: dmarc=pass with header.from equal to from_domain.  DKIM: dkim=pass with header.d equal to
 * from_domain or a parent of it with at least one dot.  There is no public suffix list here, so
 * the other direction of relaxed alignment (a subdomain signs for its parent) counts only through
 * dmarc=pass, which the MTA decides.  dmarc=fail for from_domain in any field makes it NONE.
 * Domains are compared as ASCII without case, a final dot dropped; A-labels and U-labels are not
 * converted into each other.
 */
enum authres_proof authres_from_ok(const struct authres *const *r, size_t n,
                                   struct str from_domain);

/*
 * All of the above in one: from the header fields of a mail (top first) to the proof.  Fields that
 * do not parse count as absent.  RC_LIMIT when the arena is full.
 */
struct authres_verdict {
    enum authres_proof proof;
    size_t n_trusted; /* fields that counted */
    size_t n_ignored; /* Authentication-Results fields that did not */
};
enum rc authres_judge(struct arena *a, const struct hfield *fields, size_t n,
                      const struct authres_border *b, struct str from_domain,
                      struct authres_verdict *ret_v, struct err *e) WARN_UNUSED;

#endif
