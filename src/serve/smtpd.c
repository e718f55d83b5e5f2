/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smtpd role: moves octets between sockets, sessions and the spool, and syncs what ended in one
 * round together.  Its peers are hostile; it can write spool records and nothing else.
 */
#include "serve/smtpd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "os/clock.h"
#include "os/sock.h"

#define US_PER_MS       1000
#define WORK_ROUNDS     16            /* reads of one connection before the next one's turn */
#define LINGER_READ     (1024 * 1024) /* octets thrown away after our last reply */
#define ACCEPT_PAUSE_MS 200           /* after running out of descriptors */
#define PEER_KEY_LEN    16

struct server;

struct conn {
    struct server *srv;
    int fd;
    struct smtpd_tls_conn *tls;
    struct smtp_session *session;
    struct spool_writer *writer;
    bool finished;     /* the mail of writer ended and waits for its sync */
    enum rc finish_rc; /* unless RC_OK, writer is NULL and the mail has failed already */
    struct buf in;     /* read, but not taken by the session yet */
    bool handshaking, lingering, eof;
    bool again; /* there may be work without poll(2) seeing it */
    bool gone;  /* to be freed at the end of the round */
    short read_events, write_events;
    size_t lingered;
    int64_t idle_until_us, mail_until_us;
    bool has_peer_key;
    unsigned char peer_key[PEER_KEY_LEN];
};

struct server {
    const struct smtpd_settings *set;
    const struct smtpd_hooks *hooks;
    struct smtp_config config[2]; /* by enum smtp_mode */
    struct conn **conns;
    size_t n_conns;
    struct pollfd *polls;
    int64_t now_us, accept_after_us;
    char scratch[SMTPD_READ_SIZE];
};

/* ---- the session's sink: one mail into one spool record ---- */

static enum rc sink_begin(void *arg, const struct smtp_envelope *v, struct err *e)
{
    struct conn *c = arg;
    struct smtp_envelope mine = *v;
    AUTO(buf) struct buf trace = BUF_INIT(SMTP_TRACE_MAX);
    mine.received_us = clock_now_us();
    enum rc rc = spool_begin(c->srv->set->spool, &mine, mine.received_us, &c->writer, e);
    if (rc == RC_OK) {
        smtp_trace_add(&trace, &mine, c->srv->set->hostname, spool_writer_id(c->writer), "\r\n");
        rc = buf_ok(&trace, "the trace header", e);
    }
    if (rc == RC_OK)
        rc = spool_write(c->writer, buf_str(&trace), e);
    if (rc != RC_OK) {
        spool_abort(TAKE(c->writer));
        log_event(LOG_ERROR_, "spool-failed", "at=begin why=\"%s\"", e->msg);
    }
    return rc;
}

static enum rc sink_data(void *arg, struct str s, struct err *e)
{
    struct conn *c = arg;
    enum rc rc = spool_write(c->writer, s, e);
    if (rc != RC_OK)
        log_event(LOG_ERROR_, "spool-failed", "at=data why=\"%s\"", e->msg);
    return rc;
}

static void sink_finish(void *arg)
{
    struct conn *c = arg;
    struct err e = ERR_INIT;
    c->finished = true;
    c->finish_rc = spool_finish(c->writer, &e);
    if (c->finish_rc == RC_OK)
        return;
    spool_abort(TAKE(c->writer));
    log_event(LOG_ERROR_, "spool-failed", "at=finish why=\"%s\"", e.msg);
}

static void sink_abort(void *arg)
{
    struct conn *c = arg;
    spool_abort(TAKE(c->writer));
}

/* ---- one connection ---- */

static void conn_rest_timer(struct conn *c)
{
    const struct smtpd_limits *l = &c->srv->set->limits;
    int ms = smtp_session_in_data(c->session) ? l->data_ms : l->command_ms;
    c->idle_until_us = c->srv->now_us + (int64_t)ms * US_PER_MS;
}

static void conn_free(struct conn *c)
{
    smtp_session_free(c->session);
    spool_abort(c->writer);
    smtpd_tls_conn_free(c->tls);
    buf_release(&c->in);
    fd_auto(&c->fd);
    free(c);
}

/* Sends what it can; false when the connection is gone. */
static bool conn_flush(struct conn *c)
{
    struct buf *out = smtp_session_out(c->session);
    while (out->n > 0) {
        size_t n = 0;
        enum rc rc = RC_OK;
        if (c->tls) {
            rc = smtpd_tls_write(c->tls, buf_str(out), &n);
            c->write_events = rc == RC_BUSY ? smtpd_tls_events(c->tls) : POLLOUT;
        } else {
            ssize_t sent = send(c->fd, out->p, out->n, MSG_NOSIGNAL);
            if (sent == -1)
                rc = errno == EAGAIN ? RC_BUSY : errno == EINTR ? RC_OK : RC_CLOSED;
            else
                n = (size_t)sent;
        }
        if (rc != RC_OK) {
            c->gone = rc != RC_BUSY;
            return rc == RC_BUSY;
        }
        buf_drop(out, n);
    }
    return true;
}

/* Reads once.  RC_OK with octets in scratch, RC_BUSY, or RC_CLOSED at the end. */
static enum rc conn_read(struct conn *c, size_t *ret_n)
{
    char *p = c->srv->scratch;
    if (c->tls) {
        enum rc rc = smtpd_tls_read(c->tls, p, SMTPD_READ_SIZE, ret_n);
        c->read_events = rc == RC_BUSY ? smtpd_tls_events(c->tls) : POLLIN;
        return rc;
    }
    ssize_t n = recv(c->fd, p, SMTPD_READ_SIZE, 0);
    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return RC_BUSY;
    if (n == -1)
        return RC_IO;
    *ret_n = (size_t)n;
    return n == 0 ? RC_CLOSED : RC_OK;
}

/* Reads and feeds once; false when there is nothing to read now. */
static bool conn_receive(struct conn *c)
{
    size_t n = 0;
    enum rc rc = conn_read(c, &n);
    if (rc == RC_BUSY)
        return false;
    if (rc != RC_OK) {
        /* A client may close its half at once after its last command; its replies still go out. */
        c->eof = true;
        c->gone = rc != RC_CLOSED;
        return !c->gone;
    }
    struct str in = str_of(c->srv->scratch, n);
    size_t used = smtp_session_feed(c->session, in);
    buf_add(&c->in, str_sub(in, used, in.n));
    conn_rest_timer(c);
    return true;
}

static bool conn_start_tls(struct conn *c)
{
    struct err e = ERR_INIT;
    const int64_t limit_us = (int64_t)c->srv->set->limits.handshake_ms * US_PER_MS;
    buf_reset(&c->in);
    if (smtpd_tls_accept(c->srv->set->tls, c->fd, &c->tls, &e) != RC_OK) {
        log_event(LOG_ERROR_, "tls-failed", "why=\"%s\"", e.msg);
        c->gone = true;
        return false;
    }
    c->handshaking = true;
    c->idle_until_us = c->srv->now_us + limit_us;
    return true;
}

/* True when the handshake is done. */
static bool conn_handshake(struct conn *c)
{
    enum rc rc = smtpd_tls_handshake(c->tls);
    c->read_events = rc == RC_BUSY ? smtpd_tls_events(c->tls) : POLLIN;
    if (rc == RC_BUSY)
        return false;
    if (rc != RC_OK) {
        log_event(LOG_INFO_, "tls-refused", NULL);
        c->gone = true;
        return false;
    }
    c->handshaking = false;
    smtp_session_tls(c->session);
    conn_rest_timer(c);
    return true;
}

/*
 * All replies are sent.  Closing at once would reset the connection when unread input is left, and
 * the peer could lose our last reply: so our half is closed and the peer gets a moment to read.
 */
static void conn_start_linger(struct conn *c)
{
    smtpd_tls_conn_free(TAKE(c->tls));
    if (shutdown(c->fd, SHUT_WR) == -1)
        c->gone = true;
    c->lingering = true;
    c->read_events = POLLIN;
    c->idle_until_us = c->srv->now_us + (int64_t)SMTPD_LINGER_MS * US_PER_MS;
}

static void conn_linger(struct conn *c)
{
    ssize_t n = recv(c->fd, c->srv->scratch, SMTPD_READ_SIZE, 0);
    if (n > 0)
        c->lingered += (size_t)n;
    c->gone |= n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR);
    c->gone |= c->lingered > LINGER_READ;
}

/* One step; false when there is nothing more to do without the peer or the disk. */
static bool conn_step(struct conn *c)
{
    if (c->handshaking && !conn_handshake(c))
        return false;
    if (!conn_flush(c))
        return false;
    size_t unsent = smtp_session_out(c->session)->n, used;
    switch (smtp_session_want(c->session)) {
    case SMTP_WANT_INPUT:
        if (c->in.n == 0 && c->eof) {
            c->gone = unsent == 0;
            return false;
        }
        if (c->in.n == 0)
            return conn_receive(c);
        used = smtp_session_feed(c->session, buf_str(&c->in));
        buf_drop(&c->in, used);
        return true;
    case SMTP_WANT_TLS:
        return unsent == 0 && conn_start_tls(c);
    case SMTP_WANT_CLOSE:
        if (unsent == 0)
            conn_start_linger(c);
        return false;
    case SMTP_WANT_DRAIN:
    case SMTP_WANT_VERDICT:
        break;
    }
    return false;
}

static void conn_work(struct conn *c)
{
    int rounds = 0;
    c->again = false;
    if (c->lingering) {
        conn_linger(c);
        return;
    }
    while (!c->gone && !c->lingering && conn_step(c)) {
        if (++rounds == WORK_ROUNDS) {
            c->again = true;
            return;
        }
    }
}

static void conn_timeout(struct conn *c)
{
    if (c->handshaking || c->lingering || smtp_session_want(c->session) == SMTP_WANT_CLOSE) {
        c->gone = true;
        return;
    }
    log_event(LOG_INFO_, "timeout", NULL);
    smtp_session_close(c->session, "Idle for too long");
    c->idle_until_us = c->srv->now_us + (int64_t)SMTPD_LINGER_MS * US_PER_MS;
    c->mail_until_us = c->idle_until_us;
    conn_work(c);
}

/* ---- accepting ---- */

/* What counts as one peer: an IPv4 address, or the /64 that one IPv6 customer has at least. */
static bool peer_key(const struct sock_peer *peer, unsigned char ret[PEER_KEY_LEN])
{
    memset(ret, 0, PEER_KEY_LEN);
    if (peer->local)
        return false;
    if (inet_pton(AF_INET, peer->addr, ret) == 1)
        return true;
    unsigned char full[16];
    if (inet_pton(AF_INET6, peer->addr, full) != 1)
        return false;
    memcpy(ret, full, 8);
    ret[PEER_KEY_LEN - 1] = 6;
    return true;
}

static size_t count_peer(const struct server *srv, const unsigned char key[PEER_KEY_LEN])
{
    size_t n = 0;
    for (size_t i = 0; i < srv->n_conns; i++)
        n += srv->conns[i]->has_peer_key && memcmp(srv->conns[i]->peer_key, key, PEER_KEY_LEN) == 0;
    return n;
}

static void turn_away(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(fd, SHUT_WR);
}

static void conn_new(struct server *srv, const struct smtpd_listener *l, int *fd,
                     const struct sock_peer *peer)
{
    const struct smtpd_limits *lim = &srv->set->limits;
    unsigned char key[PEER_KEY_LEN];
    bool counted = peer_key(peer, key) && l->mode == SMTP_MODE_SMTP && lim->max_per_peer > 0;
    if (srv->n_conns >= lim->max_conns) {
        log_event(LOG_WARN_, "turned-away", "limit=connections");
        turn_away(*fd, "421 4.3.2 Too many connections, try again later\r\n");
        return;
    }
    if (counted && count_peer(srv, key) >= lim->max_per_peer) {
        log_event(LOG_WARN_, "turned-away", "limit=connections-of-one-peer");
        turn_away(*fd, "421 4.7.0 Too many connections from your address, try again later\r\n");
        return;
    }
    struct conn *c = mem_zalloc(sizeof *c);
    const struct smtp_sink sink = {c, sink_begin, sink_data, sink_finish, sink_abort};
    c->srv = srv;
    c->fd = fd_take(fd);
    c->session = smtp_session_new(&srv->config[l->mode], &sink, str_c(peer->addr));
    buf_init(&c->in, SMTPD_READ_SIZE);
    c->read_events = POLLIN;
    c->write_events = POLLOUT;
    c->has_peer_key = counted;
    memcpy(c->peer_key, key, sizeof key);
    c->mail_until_us = srv->now_us + (int64_t)lim->no_mail_ms * US_PER_MS;
    conn_rest_timer(c);
    srv->conns[srv->n_conns++] = c;
    conn_work(c);
}

static void accept_all(struct server *srv, const struct smtpd_listener *l)
{
    for (size_t i = 0; i < srv->set->limits.max_conns; i++) {
        AUTO(fd) int fd = -1;
        struct sock_peer peer;
        struct err e = ERR_INIT;
        enum rc rc = sock_accept(l->fd, &fd, &peer, &e);
        if (rc == RC_BUSY)
            return;
        if (rc != RC_OK) {
            log_event(LOG_ERROR_, "accept-failed", "why=\"%s\"", e.msg);
            srv->accept_after_us = srv->now_us + (int64_t)ACCEPT_PAUSE_MS * US_PER_MS;
            return;
        }
        conn_new(srv, l, &fd, &peer);
    }
}

/* ---- the sync of a round ---- */

static void settle(struct server *srv, struct conn *c, enum rc rc, const char *id,
                   unsigned long long size)
{
    c->finished = false;
    smtp_session_verdict(c->session, rc, id);
    conn_rest_timer(c);
    if (rc != RC_OK)
        return;
    c->mail_until_us = srv->now_us + (int64_t)srv->set->limits.no_mail_ms * US_PER_MS;
    log_event(LOG_INFO_, "accepted", "spool=%s bytes=%llu", id, size);
}

/* Up to one batch; true when something was settled. */
static bool commit_batch(struct server *srv)
{
    struct spool_writer *writers[SPOOL_BATCH_MAX];
    struct conn *conns[SPOOL_BATCH_MAX];
    enum rc each[SPOOL_BATCH_MAX];
    char ids[SPOOL_BATCH_MAX][SPOOL_ID_LEN + 1];
    unsigned long long sizes[SPOOL_BATCH_MAX];
    struct err e = ERR_INIT;
    size_t n = 0;
    bool any = false;
    for (size_t i = 0; i < srv->n_conns && n < SPOOL_BATCH_MAX; i++) {
        struct conn *c = srv->conns[i];
        if (!c->finished)
            continue;
        any = true;
        if (c->finish_rc != RC_OK) {
            settle(srv, c, c->finish_rc, "", 0);
            continue;
        }
        memcpy(ids[n], spool_writer_id(c->writer), sizeof ids[n]);
        sizes[n] = spool_writer_size(c->writer);
        writers[n] = TAKE(c->writer);
        conns[n++] = c;
    }
    if (n > 0 && spool_commit(srv->set->spool, writers, n, each, &e) != RC_OK)
        log_event(LOG_ERROR_, "spool-failed", "at=commit why=\"%s\"", e.msg);
    srv->now_us = clock_mono_us();
    for (size_t i = 0; i < n; i++) {
        settle(srv, conns[i], each[i], ids[i], sizes[i]);
        conns[i]->again = true;
        conn_flush(conns[i]);
        if (each[i] == RC_OK && srv->hooks->on_spooled)
            srv->hooks->on_spooled(srv->hooks->arg, ids[i]);
    }
    return any;
}

/* ---- the loop ---- */

static short conn_events(const struct conn *c)
{
    short events = 0;
    if (c->handshaking || c->lingering)
        return c->read_events;
    if (smtp_session_out(c->session)->n > 0)
        events |= c->write_events;
    if (smtp_session_want(c->session) == SMTP_WANT_INPUT && c->in.n == 0 && !c->eof)
        events |= c->read_events;
    return events;
}

static int64_t conn_until(const struct conn *c)
{
    return c->idle_until_us < c->mail_until_us ? c->idle_until_us : c->mail_until_us;
}

/* Fills polls: control, listeners, connections in order.  Returns the time to wait. */
static int prepare(struct server *srv, size_t *ret_n)
{
    struct pollfd *p = srv->polls;
    bool accepting = srv->now_us >= srv->accept_after_us;
    int64_t until_us = accepting ? INT64_MAX : srv->accept_after_us;
    *p++ = (struct pollfd){srv->hooks->control_fd, POLLIN, 0};
    for (size_t i = 0; i < srv->set->n_listeners; i++)
        *p++ = (struct pollfd){accepting ? srv->set->listeners[i].fd : -1, POLLIN, 0};
    for (size_t i = 0; i < srv->n_conns; i++) {
        const struct conn *c = srv->conns[i];
        bool hidden = c->tls && !c->handshaking && smtpd_tls_pending(c->tls) &&
                      (conn_events(c) & c->read_events);
        *p++ = (struct pollfd){c->fd, conn_events(c), 0};
        if (c->again || hidden)
            until_us = 0;
        if (conn_until(c) < until_us)
            until_us = conn_until(c);
    }
    *ret_n = (size_t)(p - srv->polls);
    return until_us == INT64_MAX ? -1 : clock_left_ms(until_us);
}

static void sweep(struct server *srv)
{
    size_t kept = 0;
    for (size_t i = 0; i < srv->n_conns; i++) {
        struct conn *c = srv->conns[i];
        if (!c->gone && !c->finished && conn_until(c) <= srv->now_us)
            conn_timeout(c);
        if (c->gone && !c->finished)
            conn_free(c);
        else
            srv->conns[kept++] = c;
    }
    srv->n_conns = kept;
}

/* One round: wait, move octets, sync, sweep.  *ret_stop is set when control says so. */
static enum rc round_once(struct server *srv, bool *ret_stop, struct err *e)
{
    size_t n_polls, n_conns = srv->n_conns;
    int wait_ms = prepare(srv, &n_polls);
    if (poll(srv->polls, n_polls, wait_ms) == -1 && errno != EINTR)
        return err_errno(e, RC_IO, "smtpd cannot wait for its connections");
    srv->now_us = clock_mono_us();
    const struct pollfd *p = srv->polls;
    bool control = p->revents != 0;
    p++;
    const struct pollfd *conn_polls = p + srv->set->n_listeners;
    for (size_t i = 0; i < n_conns; i++)
        if (conn_polls[i].revents || srv->conns[i]->again || srv->conns[i]->tls)
            conn_work(srv->conns[i]);
    for (size_t i = 0; i < srv->set->n_listeners; i++)
        if (p[i].revents)
            accept_all(srv, &srv->set->listeners[i]);
    while (commit_batch(srv))
        ;
    sweep(srv);
    *ret_stop = control && srv->hooks->on_control(srv->hooks->arg);
    return RC_OK;
}

static enum rc check(const struct smtpd_settings *set, struct err *e)
{
    const struct smtpd_limits *l = &set->limits;
    if (set->hostname == NULL || set->hostname[0] == '\0' ||
        strlen(set->hostname) > SMTP_HOSTNAME_MAX)
        return err_set(e, RC_INVALID, "smtpd needs a host name of at most %d octets",
                       SMTP_HOSTNAME_MAX);
    if (set->max_size == 0 || set->max_size > (uint64_t)SMTP_SIZE_MAX)
        return err_set(e, RC_INVALID, "smtpd: the largest mail must be 1 to %lld octets",
                       (long long)SMTP_SIZE_MAX);
    if (set->max_rcpts < SMTP_RCPTS_MIN || set->max_rcpts > SMTP_RCPTS_MAX)
        return err_set(e, RC_INVALID, "smtpd: recipients of a mail must be %d to %d",
                       SMTP_RCPTS_MIN, SMTP_RCPTS_MAX);
    if (set->n_listeners == 0 || set->n_listeners > SMTPD_LISTENERS_MAX)
        return err_set(e, RC_INVALID, "smtpd needs 1 to %d listeners", SMTPD_LISTENERS_MAX);
    if (l->max_conns == 0 || l->max_conns > SMTPD_CONNS_MAX)
        return err_set(e, RC_INVALID, "smtpd: connections must be 1 to %d", SMTPD_CONNS_MAX);
    if (l->command_ms <= 0 || l->data_ms <= 0 || l->no_mail_ms <= 0 || l->handshake_ms <= 0)
        return err_set(e, RC_INVALID, "smtpd: time limits must be positive");
    return RC_OK;
}

static void server_auto(struct server **srv)
{
    struct server *s = *srv;
    for (size_t i = 0; i < s->n_conns; i++) {
        struct conn *c = s->conns[i];
        smtp_session_close(c->session, "The server is going down");
        if (!c->handshaking && !c->lingering)
            conn_flush(c);
        conn_free(c);
    }
    free(s->conns);
    free(s->polls);
    free(s);
}

enum rc smtpd_run(const struct smtpd_settings *set, const struct smtpd_hooks *hooks, struct err *e)
{
    TRY(check(set, e));
    AUTO(server) struct server *srv = mem_zalloc(sizeof *srv);
    srv->set = set;
    srv->hooks = hooks;
    for (int mode = SMTP_MODE_SMTP; mode <= SMTP_MODE_LMTP; mode++)
        srv->config[mode] = (struct smtp_config){
            .mode = (enum smtp_mode)mode,
            .tls_offered = set->tls != NULL,
            .hostname = set->hostname,
            .max_size = set->max_size,
            .max_rcpts = set->max_rcpts,
            .recipients = set->recipients,
            .n_recipients = set->n_recipients,
        };
    srv->conns = mem_zalloc(set->limits.max_conns * sizeof(struct conn *));
    srv->polls = mem_zalloc((1 + set->n_listeners + set->limits.max_conns) * sizeof(struct pollfd));
    signal(SIGPIPE, SIG_IGN);
    srv->now_us = clock_mono_us();
    bool stop = false;
    while (!stop)
        TRY(round_once(srv, &stop, e));
    return RC_OK;
}
