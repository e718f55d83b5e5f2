/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_NET_H
#define VULNDESK_SERVE_NET_H

#include "base/err.h"

/*
 * The role "net": the only one with outgoing connections.  In this form it submits mail to the
 * configured server, one transaction for each recipient, passes on what is no report, and looks
 * into the mailbox (serve/net_imap.h).
 */
#define NET_TRANSFERS_MAX 64   /* submissions at once; more wait in the outbox */
#define NET_KEPT_MAX      64   /* answers kept for a core that is being restarted */
#define NET_REPORT_MAX    2000 /* bytes of one */
#define NET_SERVER_CONNS  4    /* connections to the submission server */
#define NET_TURN_MS       1000 /* longest wait of the loop */
#define NET_CONNECT_S     30   /* RFC 5321 4.5.3.2 allows minutes; the outbox tries again anyway */
#define NET_TRANSFER_S    600  /* RFC 5321 4.5.3.2.6: the final dot may take ten minutes */

#endif
