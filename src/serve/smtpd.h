/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_SMTPD_H
#define VULNDESK_SERVE_SMTPD_H

#include "serve/smtpd_tls.h"
#include "smtp/session.h"
#include "smtp/spool.h"

/*
 * The smtpd role's loop: takes mail over SMTP and LMTP and makes it durable in the spool.  One
 * thread, poll(2).  All mails that ended in one round of the loop are synced together (one
 * spool_commit), then all get their replies.
 */
#define SMTPD_CONNS_MAX     512 /* bound of the setting max_conns */
#define SMTPD_CONNS         200 /* default: connections at a time; more get 421 */
#define SMTPD_PER_PEER      20 /* default: from one IPv4 address or IPv6 /64, SMTP listeners only */
#define SMTPD_LISTENERS_MAX 16
#define SMTPD_READ_SIZE     65536 /* octets read at once; also the most kept of one connection */

/* Time limits; RFC 5321 4.5.3.2.7 wants 5 minutes at least between commands.  A connection that
 * delivers nothing at all is ended after the third even if it keeps talking. */
#define SMTPD_COMMAND_MS   (5 * 60 * 1000)
#define SMTPD_DATA_MS      (5 * 60 * 1000)
#define SMTPD_NO_MAIL_MS   (60 * 60 * 1000)
#define SMTPD_HANDSHAKE_MS (60 * 1000)
#define SMTPD_LINGER_MS    2000 /* after our last reply, for the peer to read it */

struct smtpd_listener {
    int fd; /* listening, borrowed */
    enum smtp_mode mode;
};

struct smtpd_limits {
    size_t max_conns;    /* 1..SMTPD_CONNS_MAX */
    size_t max_per_peer; /* 0: no limit */
    int command_ms, data_ms, no_mail_ms, handshake_ms;
};
#define SMTPD_LIMITS_DEFAULT                                                                       \
    {                                                                                              \
        SMTPD_CONNS, SMTPD_PER_PEER, SMTPD_COMMAND_MS, SMTPD_DATA_MS, SMTPD_NO_MAIL_MS,            \
            SMTPD_HANDSHAKE_MS                                                                     \
    }

/* All borrowed.  The spool and the TLS context are opened before the role gives its rights up. */
struct smtpd_settings {
    const char *hostname;
    uint64_t max_size; /* octets of a mail, without our trace header */
    size_t max_rcpts;  /* SMTP_RCPTS_MIN..SMTP_RCPTS_MAX */
    const struct smtp_addr *recipients;
    size_t n_recipients;
    const struct smtpd_listener *listeners;
    size_t n_listeners;
    struct spool *spool;
    struct smtpd_tls *tls; /* NULL: STARTTLS is not offered */
    struct smtpd_limits limits;
};

struct smtpd_hooks {
    void *arg;
    int control_fd;                                /* polled for input; -1: none */
    bool (*on_control)(void *arg);                 /* input is there; true ends the loop */
    void (*on_spooled)(void *arg, const char *id); /* durable and acknowledged; may be NULL */
};

/*
 * Runs until on_control says so (RC_OK: what was accepted is durable, the others got 421) or the
 * loop itself fails (RC_IO).  RC_INVALID for settings out of bounds.  Ignores SIGPIPE.
 */
enum rc smtpd_run(const struct smtpd_settings *set, const struct smtpd_hooks *hooks, struct err *e)
    WARN_UNUSED;

#endif
