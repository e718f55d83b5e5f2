/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_THIRD_H
#define VULNDESK_DESK_THIRD_H

#include "desk/desk.h"
#include "store/ops_route.h"

/*
 * A report about software of somebody else ("report security bugs in third-party modules to the
 * person or team maintaining the module"): the reporter is told where it belongs and, where the
 * team offers it, asked whether the desk may send it on; with his consent it is forwarded, and the
 * maintainer is a participant with a thread of its own from then on.
 *
 *   told       the reporter knows where to go; nothing more is asked
 *   asked      ... and was asked for his consent
 *   consented  he agreed: named, his mail goes along as it came
 *   unnamed    he agreed, but without his name: the text alone goes along
 *   refused    he did not
 *   forwarded  the maintainer has it; a mail of his in his thread says that he answered
 *   closed     nothing more is waited for
 *
 * Contacts come from the component map (desk/components.h) or are typed by a handler, then with
 * the place and the day where they were found.  A maintainer is brought in only after the desk
 * accepted the report (RM A, Vultron).
 *
 * Events: third.told third.asked third.consent third.forwarded third.closed.
 */
#define THIRD_URL_MAX    500
#define THIRD_SOURCE_MAX 500
#define THIRD_MAIL_MAX   (8u << 20)   /* a reporter's mail larger than this is not sent along */
#define THIRD_QUOTE_MAX  (256u << 10) /* bytes of the reporter's text in the mail */

struct third_new {
    int64_t case_id;
    int64_t thread_id;    /* of the reporter; 0: the only one of the case */
    struct str component; /* of the map, or any name */
    /* Empty: taken from the map. */
    struct str maintainer, email, url, source, source_date;
    bool ask; /* for the consent to send it on */
};
/* RC_INVALID: no contact is known or given, a word is missing or is not what it should be.
 * RC_CONFLICT: he was told or asked the same already. */
enum rc third_tell(struct desk *d, const struct actor *who, const struct third_new *n,
                   int64_t *ret_route, struct err *e) WARN_UNUSED;

enum third_answer { THIRD_NAMED, THIRD_UNNAMED, THIRD_NO };
/* "named", "unnamed", "no" */
enum rc third_answer_parse(struct str s, enum third_answer *ret, struct err *e) WARN_UNUSED;
/* By a handler, with what the reporter wrote as the reason. */
enum rc third_consent(struct desk *d, const struct actor *who, int64_t route_id,
                      enum third_answer answer, struct str reason, struct err *e) WARN_UNUSED;
/* By the reporter himself (a session): the question that is open in his thread. */
enum rc third_consent_own(struct desk *d, const struct actor *who, enum third_answer answer,
                          struct err *e) WARN_UNUSED;

/*
 * Sends it on.  note: words of the handler for the maintainer, may be empty.  Needs the consent,
 * a mail address and RM A.  The reporter is told that it was done.
 */
enum rc third_forward(struct desk *d, const struct actor *who, int64_t route_id, struct str note,
                      struct err *e) WARN_UNUSED;
enum rc third_close(struct desk *d, const struct actor *who, int64_t route_id, struct str reason,
                    struct err *e) WARN_UNUSED;

/* "Asked for his consent", for people. */
const char *third_state_text(struct str state, bool heard);

#endif
