/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SMTP_SESSION_DRIVER_H
#define VULNDESK_SMTP_SESSION_DRIVER_H

#include "smtp/session.h"

/*
 * Drives a session in tests: feeds octets, collects replies and mails in memory, gives verdicts at
 * once.  The server is desk.example with the recipients security@ and postmaster@, SIZE 1000.
 */
#define DRIVER_MAILS_MAX 8

struct driver {
    struct smtp_config config;
    struct smtp_addr recipients[2];
    struct smtp_session *session;
    struct buf replies;
    struct buf mails[DRIVER_MAILS_MAX];
    struct buf envelopes[DRIVER_MAILS_MAX]; /* "from proto helo rcpt rcpt ..." */
    size_t n_mails;                         /* that ended; mails[n_mails] may be open */
    int aborts;
    bool hold_verdict;
    enum rc begin_rc, data_rc, verdict;
};

void driver_init(struct driver *d, enum smtp_mode mode);
/* Feeds all, in pieces of at most `cut` octets as the session takes them. */
void driver_feed(struct driver *d, struct str in, size_t cut);
/* In one piece. */
void driver_more(struct driver *d, struct str in);
/* init and feed; once as a rehearsal octet by octet, and the results must be the same. */
void driver_run(struct driver *d, enum smtp_mode mode, struct str in);
void driver_end(struct driver *d);

/* Aborts the test unless the reply codes (last lines only) are these, separated by spaces. */
void driver_codes(struct driver *d, const char *want);
void driver_mail(struct driver *d, size_t i, struct str want);
void driver_envelope(struct driver *d, size_t i, const char *want);

#endif
