/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Framed messages with descriptors over a stream socket.  Runs in every role; what arrives is
 * checked before it is believed, because the peer may have been taken over.
 */
#include "wire/chan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/sock.h"

#define READ_STEP (64u << 10)

enum rc chan_init(struct chan *c, int fd, enum role self, enum role peer, struct err *e)
{
    *c = (struct chan){.fd = fd, .self = self, .peer = peer};
    buf_init(&c->in, CHAN_HEAD + (size_t)WIRE_BODY_MAX + 256 * 1024 + READ_STEP);
    buf_init(&c->out, CHAN_OUT_MAX);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        chan_close(c);
        return err_errno(e, RC_IO, "a channel to %s", role_name(peer));
    }
    return RC_OK;
}

void chan_close(struct chan *c)
{
    fd_auto(&c->fd);
    buf_release(&c->in);
    buf_release(&c->out);
    for (size_t i = 0; i < c->fd_count; i++)
        close(c->fds[i]);
    for (size_t i = 0; i < c->out_fd_count; i++)
        close(c->out_fds[i].fd);
    free(c->out_fds);
    c->out_fds = NULL;
    c->fd_count = c->out_fd_count = c->out_fd_cap = c->in_done = 0;
}

static enum rc chan_lost(struct chan *c, struct err *e)
{
    c->broken = true;
    return err_set(e, RC_CLOSED, "%s is gone", role_name(c->peer));
}

static void head_put(struct buf *b, size_t len, unsigned type, unsigned flags, uint32_t id)
{
    uint32_t w[3] = {(uint32_t)len, type | flags << 16, id};
    for (size_t i = 0; i < ARRAY_LEN(w); i++)
        for (int k = 0; k < 4; k++)
            buf_addc(b, (char)(w[i] >> (8 * k) & 0xff));
}

static uint32_t head_word(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

enum rc chan_send(struct chan *c, enum wire_type type, uint32_t id, const struct buf *body,
                  int send_fd, struct err *e)
{
    AUTO(fd) int fd = send_fd;
    if (!chan_open(c))
        return err_set(e, RC_CLOSED, "%s is gone", role_name(c->peer));
    TRY(wire_may_send(type, c->self, c->peer, fd >= 0, e));
    TRY(buf_ok(body, "a message", e));
    if (body->n > wire_body_max(type))
        return err_set(e, RC_LIMIT, "message %s is too large", wire_type_name(type));
    if (c->out.n + CHAN_HEAD + body->n > CHAN_OUT_MAX)
        return err_set(e, RC_BUSY, "%s does not take messages fast enough", role_name(c->peer));
    if (fd >= 0) {
        if (c->out_fd_count == c->out_fd_cap) {
            c->out_fd_cap = c->out_fd_cap ? 2 * c->out_fd_cap : 8;
            c->out_fds = mem_realloc(c->out_fds, c->out_fd_cap * sizeof *c->out_fds);
        }
        c->out_fds[c->out_fd_count++] =
            (struct chan_out_fd){.at = c->out_at + c->out.n, .fd = fd_take(&fd)};
        head_put(&c->out, body->n, type, 1, id);
    } else {
        head_put(&c->out, body->n, type, 0, id);
    }
    buf_add(&c->out, buf_str(body));
    return chan_flush(c, e);
}

bool chan_wants_out(const struct chan *c)
{
    return chan_open(c) && c->out.n > 0;
}

/* One write: up to the next frame that carries a descriptor, or that frame's first bytes. */
static enum rc send_some(struct chan *c, size_t *ret_n, struct err *e)
{
    size_t n = c->out.n;
    bool with_fd = c->out_fd_count > 0 && c->out_fds[0].at == c->out_at;
    size_t next = with_fd ? 1 : 0;
    if (c->out_fd_count > next && c->out_fds[next].at - c->out_at < n)
        n = (size_t)(c->out_fds[next].at - c->out_at);
    struct sock_fds one = {.n = 0};
    if (with_fd)
        one.fd[one.n++] = c->out_fds[0].fd;
    TRY(sock_send_fds(c->fd, str_of(c->out.p, n), &one, ret_n, e));
    if (with_fd) {
        close(c->out_fds[0].fd);
        c->out_fd_count--;
        memmove(c->out_fds, c->out_fds + 1, c->out_fd_count * sizeof *c->out_fds);
    }
    return RC_OK;
}

enum rc chan_flush(struct chan *c, struct err *e)
{
    while (chan_open(c) && c->out.n > 0) {
        size_t sent;
        enum rc rc = send_some(c, &sent, e);
        if (rc == RC_BUSY)
            return RC_OK;
        if (rc != RC_OK)
            return chan_lost(c, e);
        c->out_at += sent;
        buf_drop(&c->out, sent);
    }
    return RC_OK;
}

static enum rc too_many_fds(struct chan *c, struct err *e)
{
    c->broken = true;
    return err_set(e, RC_LIMIT, "%s sent too many descriptors", role_name(c->peer));
}

enum rc chan_fill(struct chan *c, struct err *e)
{
    if (!chan_open(c))
        return err_set(e, RC_CLOSED, "%s is gone", role_name(c->peer));
    buf_drop(&c->in, c->in_done);
    c->in_done = 0;
    /* `in` holds at most one unfinished frame beyond what the caller has not taken yet. */
    while (c->in.n < c->in.max) {
        AUTO(sock_fds) struct sock_fds got = {.n = 0};
        size_t before = c->in.n;
        enum rc rc = sock_recv_fds(c->fd, READ_STEP, &c->in, &got, e);
        if (rc == RC_BUSY)
            return RC_OK;
        if (rc == RC_LIMIT)
            return too_many_fds(c, e);
        /* What was already read is still handed out; the caller sees the end afterwards. */
        if (rc == RC_CLOSED && c->in.n > 0)
            return RC_OK;
        if (rc != RC_OK)
            return chan_lost(c, e);
        while (got.n > 0) {
            if (c->fd_count == CHAN_FDS_MAX)
                return too_many_fds(c, e);
            c->fds[c->fd_count++] = sock_fds_take(&got);
        }
        if (c->in.n - before < READ_STEP)
            return RC_OK;
    }
    return RC_OK;
}

static enum rc chan_refuse(struct chan *c, struct err *e)
{
    c->broken = true;
    return e ? e->rc : RC_INVALID;
}

enum rc chan_next(struct chan *c, struct frame *ret_f, struct err *e)
{
    if (!chan_open(c))
        return err_set(e, RC_CLOSED, "%s is gone", role_name(c->peer));
    struct str rest = str_sub(buf_str(&c->in), c->in_done, c->in.n);
    if (rest.n < CHAN_HEAD)
        return err_set(e, RC_NOTFOUND, "no message yet");
    size_t len = head_word(rest.p);
    unsigned type = head_word(rest.p + 4) & 0xffff, flags = head_word(rest.p + 4) >> 16;
    enum rc rc = wire_may_send(type, c->peer, c->self, flags == 1, e);
    if (rc == RC_OK && (flags > 1 || len > wire_body_max(type)))
        rc = err_set(e, RC_LIMIT, "message %s from %s is too large", wire_type_name(type),
                     role_name(c->peer));
    if (rc != RC_OK)
        return chan_refuse(c, e);
    if (rest.n < CHAN_HEAD + len)
        return err_set(e, RC_NOTFOUND, "no message yet");
    if (flags == 1 && c->fd_count == 0) {
        rc = err_set(e, RC_INVALID, "message %s came without its descriptor", wire_type_name(type));
        return chan_refuse(c, e);
    }
    *ret_f = (struct frame){.type = (enum wire_type)type,
                            .id = head_word(rest.p + 8),
                            .body = str_sub(rest, CHAN_HEAD, len),
                            .fd = -1};
    if (flags == 1) {
        ret_f->fd = c->fds[0];
        c->fd_count--;
        memmove(c->fds, c->fds + 1, c->fd_count * sizeof *c->fds);
    }
    c->in_done += CHAN_HEAD + len;
    return RC_OK;
}

enum rc chan_wait(struct chan *c, int timeout_ms, struct frame *ret_f, struct err *e)
{
    int64_t end_us = clock_mono_us() + (int64_t)timeout_ms * 1000;
    for (;;) {
        enum rc rc = chan_next(c, ret_f, e);
        if (rc != RC_NOTFOUND)
            return rc;
        int left_ms = clock_left_ms(end_us);
        if (left_ms <= 0)
            return err_set(e, RC_TIMEOUT, "%s did not answer in time", role_name(c->peer));
        struct pollfd p = {c->fd, POLLIN | (chan_wants_out(c) ? POLLOUT : 0), 0};
        int n = poll(&p, 1, left_ms);
        if (n < 0 && errno != EINTR)
            return err_errno(e, RC_IO, "waiting for %s", role_name(c->peer));
        if (n > 0 && (p.revents & POLLOUT))
            TRY(chan_flush(c, e));
        if (n > 0 && (p.revents & (POLLIN | POLLHUP | POLLERR))) {
            size_t before = c->in.n - c->in_done;
            TRY(chan_fill(c, e));
            if (c->in.n - c->in_done == before && (p.revents & (POLLHUP | POLLERR)))
                return chan_lost(c, e);
        }
    }
}

enum rc chan_call(struct chan *c, enum wire_type type, const struct buf *body, int send_fd,
                  enum wire_type want, int timeout_ms, struct frame *ret_f, struct err *e)
{
    static uint32_t last_id;
    uint32_t id = ++last_id;
    TRY(chan_send(c, type, id, body, send_fd, e));
    for (;;) {
        TRY(chan_wait(c, timeout_ms, ret_f, e));
        if (ret_f->type == want && ret_f->id == id)
            return RC_OK;
        /* A late answer to a call that was given up. */
        fd_auto(&ret_f->fd);
    }
}
