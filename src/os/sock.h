/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_OS_SOCK_H
#define VULNDESK_OS_SOCK_H

#include <netinet/in.h>
#include <sys/types.h>

#include "base/buf.h"

/*
 * Stream sockets.  An address is written "127.0.0.1:2525", "[::1]:2525" or "unix:/path": numbers
 * only, no name is looked up.  Every descriptor made here closes on exec.  RC_BUSY means: nothing
 * to do now, poll(2) and come back; RC_CLOSED: the peer is gone.
 */

#define SOCK_FDS_MAX   8   /* descriptors in one message */
#define SOCK_BACKLOG   511 /* connections waiting for accept */
#define SOCK_UNIX_MODE 0660

/*
 * A listening, non-blocking socket.  Port 0 takes a free one (sock_port).  "[::]:25" is IPv6 only:
 * name both addresses to have both.  A unix socket gets mode 0660; a dead one of an earlier run at
 * its path is removed, a live one is RC_CONFLICT, as is a port in use; anything else at that path
 * is left alone (RC_CONFLICT).  RC_INVALID when the text is no address, RC_DENIED for a low port.
 */
enum rc sock_listen(struct str spec, int *ret_fd, struct err *e) WARN_UNUSED;

/* A connected, blocking socket; RC_TIMEOUT after timeout_ms, RC_CLOSED when nobody listens. */
enum rc sock_connect(struct str spec, int timeout_ms, int *ret_fd, struct err *e) WARN_UNUSED;

/* RC_INVALID unless spec is an address; opens nothing.  For checking settings. */
enum rc sock_check(struct str spec, struct err *e) WARN_UNUSED;

/* Two connected AF_UNIX stream sockets, blocking. */
enum rc sock_pair(int ret_fd[2], struct err *e) WARN_UNUSED;

enum rc sock_nonblock(int fd, struct err *e) WARN_UNUSED;

/* The port a TCP socket is bound to. */
enum rc sock_port(int fd, uint16_t *ret_port, struct err *e) WARN_UNUSED;

struct sock_peer {
    bool local;                  /* AF_UNIX: no address, port 0 */
    char addr[INET6_ADDRSTRLEN]; /* "192.0.2.1", "2001:db8::1"; "local" for AF_UNIX */
    uint16_t port;
};

/*
 * One waiting connection, non-blocking.  RC_BUSY when there is none (or it went away meanwhile),
 * RC_LIMIT when the process or the machine is out of descriptors: the caller then stops listening
 * for a while instead of spinning.  ret_peer may be NULL.
 */
enum rc sock_accept(int listen_fd, int *ret_fd, struct sock_peer *ret_peer, struct err *e)
    WARN_UNUSED;

struct sock_fds {
    int fd[SOCK_FDS_MAX];
    size_t n;
};
void sock_fds_close(struct sock_fds *f);
/* AUTO(sock_fds) struct sock_fds f = {.n = 0}; closes what was not taken out. */
void sock_fds_auto(struct sock_fds *f);
/* Takes the first descriptor out; -1 when there is none. */
int sock_fds_take(struct sock_fds *f);

/*
 * Sends a first part of s (at least one byte, s must not be empty) over an AF_UNIX socket, with the
 * descriptors of f (may be NULL) on its first byte.  *ret_n says how much went; the rest goes with
 * f = NULL.  The caller still owns its descriptors.  Never raises SIGPIPE.
 */
enum rc sock_send_fds(int fd, struct str s, const struct sock_fds *f, size_t *ret_n, struct err *e)
    WARN_UNUSED;

/*
 * Appends up to max bytes that are there to b, and the descriptors that came along to f (close on
 * exec, the caller owns them).  More descriptors than fit: all of them are closed, RC_LIMIT.
 * RC_CLOSED at the end of the stream, RC_BUSY when a non-blocking socket has nothing.
 */
enum rc sock_recv_fds(int fd, size_t max, struct buf *b, struct sock_fds *f, struct err *e)
    WARN_UNUSED;

/* The user at the other end of an AF_UNIX socket, by the kernel's word. */
enum rc sock_peer_uid(int fd, uid_t *ret_uid, struct err *e) WARN_UNUSED;

#endif
