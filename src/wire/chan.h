/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WIRE_CHAN_H
#define VULNDESK_WIRE_CHAN_H

#include "wire/msg.h"

/*
 * One end of a stream socket between two roles.  Frames are 12 bytes of head (body length, type,
 * flags, id; little-endian) and a body; at most one descriptor travels with a frame.  Receiving
 * checks the table of wire/msg.h and the length before the body is read; after any refusal the
 * channel is broken for good, which is how a bad message ends its sender's influence.
 */
#define CHAN_HEAD    12
#define CHAN_FDS_MAX 64                 /* descriptors received ahead of their frames */
#define CHAN_OUT_MAX ((size_t)96 << 20) /* bytes waiting to be sent */

struct chan_out_fd {
    uint64_t at; /* offset in the stream of the frame it belongs to */
    int fd;
};

struct chan {
    int fd;      /* -1: closed */
    bool broken; /* lost or refused; bodies handed out stay valid until chan_close */
    enum role self, peer;
    unsigned peer_index; /* of several peers of one role */
    struct buf in, out;
    size_t in_done;  /* bytes of `in` that were handed out already */
    uint64_t out_at; /* stream offset of out.p[0] */
    int fds[CHAN_FDS_MAX];
    size_t fd_count;
    struct chan_out_fd *out_fds;
    size_t out_fd_count, out_fd_cap;
};

/* A frame; body borrows from the channel until the next chan_next. fd is -1 or now the caller's. */
struct frame {
    enum wire_type type;
    uint32_t id;
    struct str body;
    int fd;
};

/* Takes fd over and makes it non-blocking. */
enum rc chan_init(struct chan *c, int fd, enum role self, enum role peer, struct err *e)
    WARN_UNUSED;
/* Closes everything; safe on a closed one. */
void chan_close(struct chan *c);
static inline bool chan_open(const struct chan *c)
{
    return c->fd >= 0 && !c->broken;
}

/* Queues a frame; takes send_fd over in any case (-1: none). Sends what goes at once. */
enum rc chan_send(struct chan *c, enum wire_type type, uint32_t id, const struct buf *body,
                  int send_fd, struct err *e) WARN_UNUSED;
/* True while poll should ask for POLLOUT. */
bool chan_wants_out(const struct chan *c);
/* Sends what goes without blocking. RC_CLOSED when the peer is gone. */
enum rc chan_flush(struct chan *c, struct err *e) WARN_UNUSED;
/* Reads what is there without blocking. RC_CLOSED at the end of the stream. */
enum rc chan_fill(struct chan *c, struct err *e) WARN_UNUSED;
/* Next whole frame of what was read; RC_NOTFOUND when there is none yet. */
enum rc chan_next(struct chan *c, struct frame *ret_f, struct err *e) WARN_UNUSED;

/*
 * Sends a frame and waits for the answer of type `want` with the same id, at most timeout_ms.  Only
 * for channels on which nothing else arrives (core to keys, a command to core).
 */
enum rc chan_call(struct chan *c, enum wire_type type, const struct buf *body, int send_fd,
                  enum wire_type want, int timeout_ms, struct frame *ret_f, struct err *e)
    WARN_UNUSED;
/* Waits for the next frame, at most timeout_ms. */
enum rc chan_wait(struct chan *c, int timeout_ms, struct frame *ret_f, struct err *e) WARN_UNUSED;

#endif
