/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_SHARED_H
#define VULNDESK_DESK_SHARED_H

#include "desk/desk.h"

/*
 * A contact address that is a general mailbox (mail.shared): only what is a report becomes a case.
 * What a rule or a person says is none is left where it was (a mailbox that is polled) or passed on
 * unchanged to the next hop; the uncertain waits for a person.  Nothing is ever dropped.
 *
 * An answer to one of our threads, and what points at a case, never comes here (desk/intake.h).
 *
 * Events written here: message.passed message.left message.held.
 */
enum shared_verdict {
    SHARED_REPORT,
    SHARED_NONE, /* no report */
    SHARED_UNSURE,
};
struct shared_facts {
    bool rule;      /* a field of mail.no_report */
    bool list;      /* a mailing list, bulk, junk */
    bool automatic; /* a program wrote it, or a delivery report of somebody else's mail */
    bool security;  /* addressed to security@ or +security */
    bool words;     /* one of mail.report_words in subject or text */
};
/* Pure.  A rule of the team counts most, then the address, then what no person wrote, then words.
 */
enum shared_verdict shared_decide(const struct shared_facts *f);

/* True when one of the words stands in s as a whole word, whatever its case.  A word may hold
 * spaces; where a line is broken counts as one.  Linear in s for each word. */
bool shared_words(const struct str_list *words, struct str s);
/* "security@...", "security+x@...", "info+security@..." */
bool shared_security_address(struct str addr);

#define SHARED_ASK    "is this a report?"
#define SHARED_NO_HOP "it is no report, and there is no next hop that it could be passed on to"
#define SHARED_BACK   "it is no report, but came back from the next hop: it would go in circles"

/*
 * A person says "no report" of a message that is held, spam or quarantined: it is passed on, or
 * left in the mailbox that it lies in.  RC_INVALID when there is no next hop, or no envelope (what
 * a form brought).  Passed on again after a failure, it goes only to whom it did not reach.
 */
enum rc held_pass(struct desk *d, const struct actor *who, int64_t message_id, struct str reason,
                  struct err *e) WARN_UNUSED;

#endif
