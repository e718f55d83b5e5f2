/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_NET_IMAP_H
#define VULNDESK_SERVE_NET_IMAP_H

#include <curl/curl.h>

#include "serve/role.h"

/*
 * The mailbox that net polls: libcurl connects, does TLS and logs in; the dialogue after that is
 * imap/session.h over curl_easy_send and curl_easy_recv, inside net's loop.
 */
#define MAILBOX_RETRY_US     INT64_C(1000000) /* first wait after a failure; doubles each time */
#define MAILBOX_RETRY_MAX_US (60 * INT64_C(1000000))
#define MAILBOX_READS        32 /* of 64 KiB in one turn; mail that is sent has its turn too */
#define MAILBOX_FAILURES     5  /* sessions that one mail may end; then it is left */

struct mailbox;

/* From the settings of the role; *ret_m is NULL when no mailbox is configured. */
enum rc mailbox_new(struct role_ctx *role, CURLM *multi, struct mailbox **ret_m, struct err *e)
    WARN_UNUSED;
void mailbox_free(struct mailbox *m); /* NULL is fine, as in all that follow */

/* The socket to poll besides, if there is one; how long the poll may last. */
bool mailbox_poll(const struct mailbox *m, struct curl_waitfd *ret_fd);
int mailbox_timeout_ms(const struct mailbox *m, int at_most_ms);
/* Whatever is to be done now. */
void mailbox_turn(struct mailbox *m);
/* True when that finished transfer is the mailbox's. */
bool mailbox_connected(struct mailbox *m, CURL *easy, CURLcode result);
/* An answer of core; a core that is gone. */
enum rc mailbox_answer(struct mailbox *m, const struct frame *f, struct err *e) WARN_UNUSED;
void mailbox_core_lost(struct mailbox *m, const struct chan *core);

#endif
