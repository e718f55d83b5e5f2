/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_ROLE_H
#define VULNDESK_SERVE_ROLE_H

#include "base/json.h"
#include "wire/chan.h"

/*
 * What every role's main loop has in common: the control socket to the supervisor (descriptor 3),
 * the slice of settings that came over it, channels to peers that come and go, and one epoll
 * descriptor over all of them, which a role with a loop of its own (smtpd, httpd, net) polls as one
 * more descriptor.
 */
#define ROLE_CONTROL_FD    3
#define ROLE_PEERS_MAX     80 /* channels at once; core has one for each open command */
#define ROLE_LISTENERS_MAX 32
#define ROLE_WATCH_MAX     8
#define ROLE_START_MS      10000 /* the supervisor sends the settings within this */

struct role_ctx;

struct role_ops {
    /* A frame came in; body borrows until return, a descriptor in it is now the callee's.  Any
     * result but RC_OK closes the channel: a bad message ends its sender. */
    enum rc (*frame)(struct role_ctx *r, struct chan *c, struct frame *f, struct err *e);
    /* A channel was opened / is about to be closed; may be NULL. */
    void (*joined)(struct role_ctx *r, struct chan *c);
    void (*lost)(struct role_ctx *r, struct chan *c);
};

struct role_listener {
    char kind[16];
    int fd;
};

struct role_peer {
    struct chan chan;
    bool wants_out, dead;
};

struct role_watch {
    int fd;
    void (*ready)(struct role_ctx *r, int fd);
};

struct role_ctx {
    enum role self;
    unsigned index;
    const struct role_ops *ops;
    void *ctx; /* the role's own state */
    json_t *setup;
    int epfd;
    struct chan sup;
    bool sup_wants_out;
    struct role_peer *peers[ROLE_PEERS_MAX];
    size_t peer_count;
    struct role_listener listeners[ROLE_LISTENERS_MAX];
    size_t listener_count;
    struct role_watch watches[ROLE_WATCH_MAX];
    size_t watch_count;
    unsigned next_core;
    bool stop;
};

/* Opens the control socket and waits for the settings and the listeners that they announce. */
enum rc role_open(struct role_ctx *r, enum role self, const struct role_ops *ops, void *ctx,
                  struct err *e) WARN_UNUSED;
/*
 * Gives up all rights but the role's own (serve/rights.h), tells the supervisor that the loop runs
 * and logs what the sandbox got.  Called once, after the libraries are warm.
 */
enum rc role_secure(struct role_ctx *r, struct err *e) WARN_UNUSED;
void role_close(struct role_ctx *r);

/* Waits at most timeout_ms (-1: for ever), handles what came. Sets r->stop when it is time to end.
 */
void role_pump(struct role_ctx *r, int timeout_ms);
/* For who waits on r->epfd himself: before that, so that what was sent since the last role_pump and
 * did not fit into a socket is waited for.  Handles nothing that came. */
void role_settle(struct role_ctx *r);
/* Listens to the supervisor alone for so long: for a role that is not ready to answer its peers
 * yet; what they say waits in their channels. */
void role_wait(struct role_ctx *r, int timeout_ms);

/* Takes fd over as a channel to a peer. NULL when there are too many. */
struct chan *role_add_peer(struct role_ctx *r, int fd, enum role peer, unsigned index);
/* The channel to a peer, NULL while it is not there; among several cores one after the other. */
struct chan *role_find(struct role_ctx *r, enum role peer);
/* Has `ready` called whenever fd is readable. */
enum rc role_watch_fd(struct role_ctx *r, int fd, void (*ready)(struct role_ctx *r, int fd),
                      struct err *e) WARN_UNUSED;

void role_unwatch_fd(struct role_ctx *r, int fd);

/* chan_send on a channel of this role; the channel is dropped when it fails. */
enum rc role_send(struct role_ctx *r, struct chan *c, enum wire_type type, uint32_t id,
                  const struct buf *body, int fd, struct err *e) WARN_UNUSED;

/* Text or number of the settings slice; the supervisor wrote it, so a missing one is an error. */
enum rc role_text(struct role_ctx *r, const char *key, struct str *ret_s, struct err *e)
    WARN_UNUSED;
enum rc role_int(struct role_ctx *r, const char *key, int64_t *ret_n, struct err *e) WARN_UNUSED;
#define ROLE_TEXT_MAX (1u << 20)

#endif
