/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stream sockets and the passing of descriptors.  Runs in the supervisor (listening) and in every
 * role (control socket).  Addresses come from settings and are parsed strictly; bytes and
 * descriptors that arrive are handed on unread.
 */
#include "os/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/fault.h"

struct addr {
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
    } u;
    socklen_t n;
};

static const struct str unix_prefix = {"unix:", 5};

static enum rc parse_unix(struct str path, struct addr *ret_a, struct err *e)
{
    struct addr a = {.n = sizeof a.u.un};
    a.u.un.sun_family = AF_UNIX;
    if (!str_starts(path, STR("/")))
        return err_set(e, RC_INVALID, "a unix socket needs an absolute path (unix:/run/...)");
    TRY(str_copy(a.u.un.sun_path, sizeof a.u.un.sun_path, path, "the path of a unix socket", e));
    *ret_a = a;
    return RC_OK;
}

static enum rc parse_addr(struct str spec, struct addr *ret_a, struct err *e)
{
    if (str_starts(spec, unix_prefix))
        return parse_unix(str_sub(spec, unix_prefix.n, spec.n), ret_a, e);

    const char *help = "not an address: write 127.0.0.1:25, [::1]:25 or unix:/path";
    size_t colon = str_rchr(spec, ':');
    if (colon == STR_NPOS)
        return err_set(e, RC_INVALID, "%s", help);
    uint64_t port;
    TRY(num_parse(str_sub(spec, colon + 1, spec.n), 0, 65535, "the port", &port, e));
    struct str host = str_sub(spec, 0, colon);
    bool six = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    if (six)
        host = str_sub(host, 1, host.n - 2);
    char text[INET6_ADDRSTRLEN];
    TRY(str_copy(text, sizeof text, host, "the address", e));
    struct addr a = {.n = 0};
    if (six) {
        a.n = sizeof a.u.in6;
        a.u.in6.sin6_family = AF_INET6;
        a.u.in6.sin6_port = htons((uint16_t)port);
        if (inet_pton(AF_INET6, text, &a.u.in6.sin6_addr) != 1)
            return err_set(e, RC_INVALID, "%s", help);
    } else {
        a.n = sizeof a.u.in;
        a.u.in.sin_family = AF_INET;
        a.u.in.sin_port = htons((uint16_t)port);
        if (inet_pton(AF_INET, text, &a.u.in.sin_addr) != 1)
            return err_set(e, RC_INVALID, "%s", help);
    }
    *ret_a = a;
    return RC_OK;
}

enum rc sock_check(struct str spec, struct err *e)
{
    struct addr a;
    return parse_addr(spec, &a, e);
}

static int socket_of(const struct addr *a, int flags)
{
    if (os_fault(OS_OPEN))
        return -1;
    return socket(a->u.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
}

/* Removes a socket file nobody listens on any more; anything else stays. */
static enum rc remove_dead_socket(const struct addr *a, struct err *e)
{
    const char *path = a->u.un.sun_path;
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? RC_OK : err_errno(e, RC_IO, "cannot look at %s", path);
    if (!S_ISSOCK(st.st_mode))
        return err_set(e, RC_CONFLICT, "%s is in the way: not a socket", path);
    AUTO(fd) int probe = socket_of(a, SOCK_NONBLOCK);
    if (probe < 0)
        return err_errno(e, RC_LIMIT, "cannot make a socket");
    if (connect(probe, &a->u.any, a->n) == 0 || errno != ECONNREFUSED)
        return err_set(e, RC_CONFLICT, "another process listens on %s", path);
    if (unlink(path) != 0 && errno != ENOENT)
        return err_errno(e, RC_DENIED, "cannot remove the dead socket %s", path);
    return RC_OK;
}

static enum rc bind_to(int fd, const struct addr *a, struct err *e)
{
    int family = a->u.any.sa_family, on = 1;
    if (family == AF_UNIX) {
        TRY(remove_dead_socket(a, e));
        /* The mode before bind is the most the file can ever have had. */
        if (fchmod(fd, SOCK_UNIX_MODE) != 0)
            return err_errno(e, RC_IO, "cannot set the mode of a socket");
    } else if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
               (family == AF_INET6 &&
                setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0)) {
        return err_errno(e, RC_IO, "cannot prepare a socket");
    }
    if (bind(fd, &a->u.any, a->n) != 0) {
        enum rc rc = errno == EADDRINUSE                 ? RC_CONFLICT
                     : errno == EACCES || errno == EPERM ? RC_DENIED
                                                         : RC_IO;
        return err_errno(e, rc, "cannot bind");
    }
    if (family == AF_UNIX && chmod(a->u.un.sun_path, SOCK_UNIX_MODE) != 0)
        return err_errno(e, RC_IO, "cannot set the mode of a socket");
    return RC_OK;
}

enum rc sock_listen(struct str spec, int *ret_fd, struct err *e)
{
    struct addr a;
    if (parse_addr(spec, &a, e) != RC_OK)
        return err_prefix(e, "listen on %.*s: ", STR_ARG(spec));
    AUTO(fd) int fd = socket_of(&a, SOCK_NONBLOCK);
    if (fd < 0)
        return err_errno(e, RC_LIMIT, "listen on %.*s: cannot make a socket", STR_ARG(spec));
    if (bind_to(fd, &a, e) != RC_OK)
        return err_prefix(e, "listen on %.*s: ", STR_ARG(spec));
    if (listen(fd, SOCK_BACKLOG) != 0)
        return err_errno(e, RC_IO, "listen on %.*s", STR_ARG(spec));
    *ret_fd = fd_take(&fd);
    return RC_OK;
}

/* Waits for the end of a connect that was under way. */
static enum rc finish_connect(int fd, int timeout_ms, struct err *e)
{
    int64_t until_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int n;
    do
        n = poll(&p, 1, clock_left_ms(until_us));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return err_errno(e, RC_IO, "cannot wait for a connection");
    if (n == 0)
        return err_set(e, RC_TIMEOUT, "no connection within %d ms", timeout_ms);
    socklen_t len = sizeof(int);
    int error = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        return err_errno(e, RC_IO, "cannot look at a connection");
    errno = error;
    return error == 0 ? RC_OK : err_errno(e, RC_CLOSED, "cannot connect");
}

enum rc sock_connect(struct str spec, int timeout_ms, int *ret_fd, struct err *e)
{
    struct addr a;
    if (parse_addr(spec, &a, e) != RC_OK)
        return err_prefix(e, "connect to %.*s: ", STR_ARG(spec));
    AUTO(fd) int fd = socket_of(&a, SOCK_NONBLOCK);
    if (fd < 0)
        return err_errno(e, RC_LIMIT, "cannot make a socket");
    if (connect(fd, &a.u.any, a.n) != 0) {
        if (errno == EACCES || errno == EPERM)
            return err_errno(e, RC_DENIED, "cannot connect");
        /* A unix socket whose backlog is full says EAGAIN. */
        if (errno == EAGAIN)
            return err_errno(e, RC_BUSY, "cannot connect");
        if (errno != EINPROGRESS)
            return err_errno(e, RC_CLOSED, "cannot connect");
        TRY(finish_connect(fd, timeout_ms, e));
    }
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0)
        return err_errno(e, RC_IO, "cannot prepare a connection");
    *ret_fd = fd_take(&fd);
    return RC_OK;
}

enum rc sock_pair(int ret_fd[2], struct err *e)
{
    int fd[2];
    if (os_fault(OS_OPEN) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0)
        return err_errno(e, RC_LIMIT, "cannot make a pair of sockets");
    ret_fd[0] = fd[0];
    ret_fd[1] = fd[1];
    return RC_OK;
}

enum rc sock_nonblock(int fd, struct err *e)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return err_errno(e, RC_IO, "cannot make a descriptor non-blocking");
    return RC_OK;
}

enum rc sock_port(int fd, uint16_t *ret_port, struct err *e)
{
    struct addr a = {.n = sizeof a.u};
    if (getsockname(fd, &a.u.any, &a.n) != 0)
        return err_errno(e, RC_IO, "cannot look at a socket");
    if (a.u.any.sa_family == AF_INET)
        *ret_port = ntohs(a.u.in.sin_port);
    else if (a.u.any.sa_family == AF_INET6)
        *ret_port = ntohs(a.u.in6.sin6_port);
    else
        return err_set(e, RC_INVALID, "a socket without a port");
    return RC_OK;
}

static void peer_of(const struct addr *a, struct sock_peer *ret_peer)
{
    struct sock_peer p = {.local = false, .addr = "local", .port = 0};
    switch (a->u.any.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &a->u.in.sin_addr, p.addr, sizeof p.addr);
        p.port = ntohs(a->u.in.sin_port);
        break;
    case AF_INET6:
        inet_ntop(AF_INET6, &a->u.in6.sin6_addr, p.addr, sizeof p.addr);
        p.port = ntohs(a->u.in6.sin6_port);
        break;
    default:
        p.local = true;
    }
    *ret_peer = p;
}

enum rc sock_accept(int listen_fd, int *ret_fd, struct sock_peer *ret_peer, struct err *e)
{
    struct addr a = {.n = sizeof a.u};
    int fd =
        os_fault(OS_OPEN) ? -1 : accept4(listen_fd, &a.u.any, &a.n, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        if (ret_peer != NULL)
            peer_of(&a, ret_peer);
        *ret_fd = fd;
        return RC_OK;
    }
    switch (errno) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return err_errno(e, RC_LIMIT, "cannot accept a connection");
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
    case EOPNOTSUPP:
    case EFAULT:
        return err_errno(e, RC_INTERNAL, "cannot accept a connection");
    default:
        /* accept(2): errors of the network belong to that connection, not to the listener. */
        return err_errno(e, RC_BUSY, "no connection to accept");
    }
}

void sock_fds_close(struct sock_fds *f)
{
    for (size_t i = 0; i < f->n; i++)
        close(f->fd[i]);
    f->n = 0;
}

void sock_fds_auto(struct sock_fds *f)
{
    sock_fds_close(f);
}

int sock_fds_take(struct sock_fds *f)
{
    if (f->n == 0)
        return -1;
    int fd = f->fd[0];
    f->n--;
    memmove(f->fd, f->fd + 1, f->n * sizeof f->fd[0]);
    return fd;
}

union control {
    struct cmsghdr align;
    char room[CMSG_SPACE(SOCK_FDS_MAX * sizeof(int))];
};

enum rc sock_send_fds(int fd, struct str s, const struct sock_fds *f, size_t *ret_n, struct err *e)
{
    if (s.n == 0 || (f != NULL && f->n > SOCK_FDS_MAX))
        return err_set(e, RC_INTERNAL, "nothing to send, or too many descriptors");
    struct iovec iov = {.iov_base = (void *)(uintptr_t)s.p, .iov_len = s.n};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    union control c;
    if (f != NULL && f->n > 0) {
        memset(&c, 0, sizeof c);
        m.msg_control = c.room;
        m.msg_controllen = CMSG_SPACE(f->n * sizeof(int));
        struct cmsghdr *h = CMSG_FIRSTHDR(&m);
        h->cmsg_level = SOL_SOCKET;
        h->cmsg_type = SCM_RIGHTS;
        h->cmsg_len = CMSG_LEN(f->n * sizeof(int));
        memcpy(CMSG_DATA(h), f->fd, f->n * sizeof(int));
    }
    ssize_t n;
    do
        n = os_fault(OS_WRITE) ? -1 : sendmsg(fd, &m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n >= 0) {
        *ret_n = (size_t)n;
        return RC_OK;
    }
    enum rc rc = errno == EAGAIN || errno == ENOBUFS        ? RC_BUSY
                 : errno == EPIPE || errno == ECONNRESET    ? RC_CLOSED
                 : errno == ETOOMANYREFS || errno == EMFILE ? RC_LIMIT
                                                            : RC_IO;
    return err_errno(e, rc, "cannot send");
}

/* Moves the received descriptors to f; false when they do not fit (all are closed then). */
static bool take_fds(struct msghdr *m, struct sock_fds *f)
{
    bool fits = (m->msg_flags & MSG_CTRUNC) == 0;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h != NULL; h = CMSG_NXTHDR(m, h)) {
        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int got;
            memcpy(&got, CMSG_DATA(h) + i * sizeof got, sizeof got);
            if (f->n < SOCK_FDS_MAX) {
                f->fd[f->n++] = got;
            } else {
                close(got);
                fits = false;
            }
        }
    }
    if (!fits)
        sock_fds_close(f);
    return fits;
}

enum rc sock_recv_fds(int fd, size_t max, struct buf *b, struct sock_fds *f, struct err *e)
{
    if (max > b->max - b->n)
        max = b->max - b->n;
    char *p = max > 0 ? buf_room(b, max) : NULL;
    if (p == NULL)
        return err_set(e, RC_LIMIT, "no room to receive");
    struct iovec iov = {.iov_base = p, .iov_len = max};
    union control c;
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = c.room, .msg_controllen = sizeof c.room};
    ssize_t n;
    do
        n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return err_set(e, RC_BUSY, "nothing to receive");
    if (n < 0)
        return err_errno(e, errno == ECONNRESET ? RC_CLOSED : RC_IO, "cannot receive");
    if (!take_fds(&m, f))
        return err_set(e, RC_LIMIT, "more than %d descriptors in one message", SOCK_FDS_MAX);
    if (n == 0)
        return err_set(e, RC_CLOSED, "the peer closed the connection");
    buf_grown(b, (size_t)n);
    return RC_OK;
}

enum rc sock_peer_uid(int fd, uid_t *ret_uid, struct err *e)
{
    struct ucred c;
    socklen_t n = sizeof c;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n) != 0)
        return err_errno(e, RC_IO, "cannot ask who is at the other end of a socket");
    *ret_uid = c.uid;
    return RC_OK;
}
