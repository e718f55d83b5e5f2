/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_SMTPD_TLS_H
#define VULNDESK_SERVE_SMTPD_TLS_H

#include "base/str.h"

/*
 * STARTTLS for smtpd: TLS 1.2 and 1.3 by OpenSSL, server side, on non-blocking sockets.
 */
struct smtpd_tls;      /* certificate and key */
struct smtpd_tls_conn; /* one connection */

#define SMTPD_PEM_MAX (256 * 1024)

/* cert_pem: the certificate and its chain; key_pem: its private key, not encrypted.  RC_INVALID
 * says which of them is wrong. */
enum rc smtpd_tls_new(struct str cert_pem, struct str key_pem, struct smtpd_tls **ret_tls,
                      struct err *e) WARN_UNUSED;
void smtpd_tls_free(struct smtpd_tls *tls); /* NULL is fine */
void smtpd_tls_auto(struct smtpd_tls **tls);

/* fd is borrowed. */
enum rc smtpd_tls_accept(struct smtpd_tls *tls, int fd, struct smtpd_tls_conn **ret_c,
                         struct err *e) WARN_UNUSED;
void smtpd_tls_conn_free(struct smtpd_tls_conn *c); /* says goodbye; NULL is fine */

/*
 * RC_OK: done (*ret_n octets, at least 1).  RC_BUSY: poll for smtpd_tls_events() and call again.
 * RC_CLOSED: the peer ended the stream properly.  RC_IO: it is broken.
 */
enum rc smtpd_tls_handshake(struct smtpd_tls_conn *c) WARN_UNUSED;
enum rc smtpd_tls_read(struct smtpd_tls_conn *c, char *p, size_t max, size_t *ret_n) WARN_UNUSED;
enum rc smtpd_tls_write(struct smtpd_tls_conn *c, struct str s, size_t *ret_n) WARN_UNUSED;
/* POLLIN or POLLOUT, what the call that was RC_BUSY waits for. */
short smtpd_tls_events(const struct smtpd_tls_conn *c);
/* True when octets lie decrypted inside, which poll(2) cannot see. */
bool smtpd_tls_pending(const struct smtpd_tls_conn *c);

#endif
