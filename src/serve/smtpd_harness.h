/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_SMTPD_HARNESS_H
#define VULNDESK_SERVE_SMTPD_HARNESS_H

#include <sys/types.h>

#include "serve/smtpd.h"

/*
 * For tests: smtpd_run() in a child process with a spool of its own, listening on loopback for SMTP
 * and LMTP; clients with a deadline on every read; the spool opened with its secret key.
 */
#define HARNESS_WAIT_S 20 /* a reply that takes longer fails the test */

/* Shared with the child. */
struct harness_shared {
    int fail_at;    /* the operation that fails, counted from 0; -1: none */
    int fail_errno; /* 0: the child dies by SIGKILL there */
    int fail_times; /* so many operations in a row */
    int operations; /* seen so far */
    int dir_syncs;
};

struct harness {
    char path[64];
    int dirfd;
    unsigned char pk[SPOOL_KEY_LEN];
    struct spool_key key;
    struct smtp_addr recipients[1];
    struct smtpd_listener listeners[2];
    uint16_t port[2]; /* by enum smtp_mode */
    struct smtpd_settings settings;
    struct harness_shared *shared;
    int control; /* our end */
    int ids;     /* the ids of on_spooled, a line each */
    pid_t pid;
};

/* Prepares; settings may be changed before harness_start. */
void harness_init(struct harness *h);
void harness_start(struct harness *h);
/* Asks the child to end and checks that it does so cleanly. */
void harness_stop(struct harness *h);
/* Waits for a child that dies by itself. */
void harness_reap(struct harness *h);
void harness_end(struct harness *h);

int harness_connect(struct harness *h, enum smtp_mode mode);
void client_send(int fd, struct str s);
/* One whole reply (all its lines); aborts the test unless it begins with code.  Empty code: EOF is
 * wanted.  Returns a text valid until the next call. */
const char *client_expect(int fd, const char *code);
/* The same with any code; "" when the connection has ended. */
const char *client_reply(int fd);
/* Reads until the peer closes, appending to b. */
void client_rest(int fd, struct buf *b);

size_t harness_count(struct harness *h, const char *dir);
/* The mail of one record (id) or of the i-th in order of names; without our trace header. */
enum rc harness_mail(struct harness *h, const char *id, struct buf *b);
void harness_mail_at(struct harness *h, size_t i, struct buf *b);

#endif
