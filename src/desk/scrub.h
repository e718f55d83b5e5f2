/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_SCRUB_H
#define VULNDESK_DESK_SCRUB_H

#include "base/arena.h"
#include "base/buf.h"

/*
 * Before a release is out, the message of its commit must not be the announcement: numbers of
 * vulnerabilities and of cases, and words that say that it is one and how it is used, come out.
 * What came out is listed, for a person decides with it.
 *
 * - Numbers (CVE, GHSA, CWE, a case of this desk, links to trackers of them) go, with the brackets
 *   and the words "fixes", "for" that only led to them.
 * - A trailer or a line of a list that holds one of the words goes as a whole; so does a sentence
 * of the body.  In the subject the words become a neutral one, so that something is left.
 * - Trailers that name people or commits stay: "(cherry picked from commit ...)", "Signed-off-by:",
 *   "Backport-notes:".
 * Pure; the text is a stranger's; one pass over each line.
 */
#define SCRUB_TEXT_MAX (64 << 10) /* bytes of a message */
#define SCRUB_TAKEN    200        /* that are listed */

struct scrub_taken {
    struct str what; /* as it stood there, on one line */
    const char *why; /* "number of a vulnerability", "word of an exploit" ... */
    size_t line;     /* of the message, from 1 */
};
struct scrubbed {
    struct str text;
    struct scrub_taken *taken;
    size_t n_taken, more; /* more: besides those that are listed */
};
/* prefix: of the desk's case numbers. RC_LIMIT, RC_INVALID: too long, not plain text. */
enum rc scrub_message(struct arena *a, struct str text, struct str prefix, struct scrubbed *ret,
                      struct err *e) WARN_UNUSED;

#endif
