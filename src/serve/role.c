/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common part of every role's main loop.  Runs in every role that the supervisor starts; the
 * supervisor is trusted, peers are not.
 */
#include "serve/role.h"
#include "serve/engine.h"
#include "serve/rights.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "desk/settings.h"
#include "os/file.h"

static void watch_set(struct role_ctx *r, int op, int fd, bool out)
{
    struct epoll_event ev = {.events = EPOLLIN | (out ? EPOLLOUT : 0u), .data = {.fd = fd}};
    if (epoll_ctl(r->epfd, op, fd, &ev) != 0)
        log_event(LOG_ERROR_, "epoll", "errno=%d", errno);
}

static enum rc take_setup(struct role_ctx *r, struct err *e)
{
    struct frame f;
    TRY(chan_wait(&r->sup, ROLE_START_MS, &f, e));
    struct wire_setup m;
    if (f.type != WIRE_SETUP)
        return err_set(e, RC_INVALID, "the supervisor did not begin with the settings");
    TRY(wire_get_setup(f.body, &m, e));
    TRY(json_parse(m.json, WIRE_SETUP_MAX, "the settings slice", &r->setup, e));
    int64_t index, listeners;
    TRY(json_get_int(r->setup, "index", 0, 1000, &index, e));
    TRY(json_get_int(r->setup, "listeners", 0, ROLE_LISTENERS_MAX, &listeners, e));
    r->index = (unsigned)index;
    while (r->listener_count < (size_t)listeners) {
        TRY(chan_wait(&r->sup, ROLE_START_MS, &f, e));
        struct wire_listener l;
        struct role_listener *to = &r->listeners[r->listener_count];
        if (f.type != WIRE_LISTENER)
            return err_set(e, RC_INVALID, "the supervisor did not send the listeners");
        to->fd = f.fd;
        r->listener_count++;
        TRY(wire_get_listener(f.body, &l, e));
        TRY(str_copy(to->kind, sizeof to->kind, l.kind, "kind of listener", e));
    }
    return RC_OK;
}

enum rc role_open(struct role_ctx *r, enum role self, const struct role_ops *ops, void *ctx,
                  struct err *e)
{
    *r = (struct role_ctx){.self = self, .ops = ops, .ctx = ctx, .epfd = -1, .sup = {.fd = -1}};
    r->epfd = epoll_create1(EPOLL_CLOEXEC);
    if (r->epfd < 0)
        return err_errno(e, RC_IO, "epoll");
    TRY(chan_init(&r->sup, ROLE_CONTROL_FD, self, ROLE_SUPERVISOR, e));
    TRY(take_setup(r, e));
    watch_set(r, EPOLL_CTL_ADD, r->sup.fd, false);
    return RC_OK;
}

void role_close(struct role_ctx *r)
{
    for (size_t i = 0; i < r->peer_count; i++) {
        chan_close(&r->peers[i]->chan);
        free(r->peers[i]);
    }
    r->peer_count = 0;
    for (size_t i = 0; i < r->listener_count; i++)
        fd_auto(&r->listeners[i].fd);
    if (chan_open(&r->sup))
        chan_close(&r->sup);
    json_auto(&r->setup);
    fd_auto(&r->epfd);
}

struct chan *role_add_peer(struct role_ctx *r, int fd, enum role peer, unsigned index)
{
    struct err e = ERR_INIT;
    if (r->peer_count == ROLE_PEERS_MAX) {
        log_event(LOG_WARN_, "too-many-peers", "limit=%d", ROLE_PEERS_MAX);
        close(fd);
        return NULL;
    }
    struct role_peer *p = mem_zalloc(sizeof *p);
    if (chan_init(&p->chan, fd, r->self, peer, &e) != RC_OK) {
        free(p);
        return NULL;
    }
    p->chan.peer_index = index;
    r->peers[r->peer_count++] = p;
    watch_set(r, EPOLL_CTL_ADD, fd, false);
    if (r->ops->joined)
        r->ops->joined(r, &p->chan);
    return &p->chan;
}

struct chan *role_find(struct role_ctx *r, enum role peer)
{
    for (size_t i = 0; i < r->peer_count; i++) {
        struct role_peer *p = r->peers[(r->next_core + i) % r->peer_count];
        if (p->chan.peer == peer && !p->dead && chan_open(&p->chan)) {
            if (peer == ROLE_CORE)
                r->next_core = (unsigned)((r->next_core + i + 1) % r->peer_count);
            return &p->chan;
        }
    }
    return NULL;
}

enum rc role_watch_fd(struct role_ctx *r, int fd, void (*ready)(struct role_ctx *r, int fd),
                      struct err *e)
{
    if (r->watch_count == ROLE_WATCH_MAX)
        return err_set(e, RC_LIMIT, "more than %d watched descriptors", ROLE_WATCH_MAX);
    r->watches[r->watch_count++] = (struct role_watch){fd, ready};
    watch_set(r, EPOLL_CTL_ADD, fd, false);
    return RC_OK;
}

void role_unwatch_fd(struct role_ctx *r, int fd)
{
    for (size_t i = 0; i < r->watch_count; i++)
        if (r->watches[i].fd == fd) {
            r->watches[i] = r->watches[--r->watch_count];
            epoll_ctl(r->epfd, EPOLL_CTL_DEL, fd, NULL);
            return;
        }
}

static void peer_lost(struct role_ctx *r, struct role_peer *p, const struct err *e)
{
    if (p->dead)
        return;
    p->dead = true;
    if (e->rc != RC_CLOSED)
        log_event(LOG_ERROR_, "bad-peer", "peer=%s why=\"%s\"", role_name(p->chan.peer), e->msg);
    if (r->ops->lost)
        r->ops->lost(r, &p->chan);
}

enum rc role_send(struct role_ctx *r, struct chan *c, enum wire_type type, uint32_t id,
                  const struct buf *body, int fd, struct err *e)
{
    enum rc rc = chan_send(c, type, id, body, fd, e);
    if (rc == RC_OK)
        return rc;
    for (size_t i = 0; i < r->peer_count; i++)
        if (&r->peers[i]->chan == c && rc == RC_CLOSED)
            peer_lost(r, r->peers[i], e);
    return rc;
}

static void peer_event(struct role_ctx *r, struct role_peer *p, unsigned events)
{
    struct err e = ERR_INIT;
    size_t before = p->chan.in.n - p->chan.in_done;
    enum rc rc = RC_OK;
    if (events & EPOLLOUT)
        rc = chan_flush(&p->chan, &e);
    if (rc == RC_OK && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        rc = chan_fill(&p->chan, &e);
    bool ended =
        rc == RC_OK && (events & (EPOLLHUP | EPOLLERR)) && p->chan.in.n - p->chan.in_done == before;
    while (rc == RC_OK && !p->dead) {
        struct frame f;
        rc = chan_next(&p->chan, &f, &e);
        if (rc == RC_OK)
            rc = r->ops->frame(r, &p->chan, &f, &e);
    }
    if (ended && rc == RC_NOTFOUND)
        rc = err_set(&e, RC_CLOSED, "%s is gone", role_name(p->chan.peer));
    if (rc != RC_OK && rc != RC_NOTFOUND)
        peer_lost(r, p, &e);
}

static enum rc sup_frame(struct role_ctx *r, struct frame *f, struct err *e)
{
    if (f->type == WIRE_STOP) {
        r->stop = true;
        return RC_OK;
    }
    if (f->type != WIRE_PEER)
        return err_set(e, RC_INVALID, "an unexpected message from the supervisor");
    struct wire_peer m;
    TRY(wire_get_peer(f->body, &m, e));
    role_add_peer(r, f->fd, (enum role)m.role, m.index);
    return RC_OK;
}

static void sup_event(struct role_ctx *r, unsigned events)
{
    struct err e = ERR_INIT;
    enum rc rc = RC_OK;
    if (events & EPOLLOUT)
        rc = chan_flush(&r->sup, &e);
    if (rc == RC_OK && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        rc = chan_fill(&r->sup, &e);
    if (events & (EPOLLHUP | EPOLLERR))
        r->stop = true;
    while (rc == RC_OK) {
        struct frame f;
        rc = chan_next(&r->sup, &f, &e);
        if (rc == RC_OK)
            rc = sup_frame(r, &f, &e);
    }
    if (rc != RC_NOTFOUND)
        r->stop = true; /* without a supervisor nobody would restart us with fresh peers */
}

void role_settle(struct role_ctx *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->peer_count; i++) {
        struct role_peer *p = r->peers[i];
        if (p->dead || !chan_open(&p->chan)) {
            struct err e = {.rc = RC_CLOSED};
            peer_lost(r, p, &e);
            chan_close(&p->chan); /* which takes it out of epoll */
            free(p);
            continue;
        }
        if (chan_wants_out(&p->chan) != p->wants_out) {
            p->wants_out = !p->wants_out;
            watch_set(r, EPOLL_CTL_MOD, p->chan.fd, p->wants_out);
        }
        r->peers[kept++] = p;
    }
    r->peer_count = kept;
    if (chan_open(&r->sup) && chan_wants_out(&r->sup) != r->sup_wants_out) {
        r->sup_wants_out = !r->sup_wants_out;
        watch_set(r, EPOLL_CTL_MOD, r->sup.fd, r->sup_wants_out);
    }
}

static void dispatch(struct role_ctx *r, int fd, unsigned events)
{
    if (chan_open(&r->sup) && fd == r->sup.fd) {
        sup_event(r, events);
        return;
    }
    for (size_t i = 0; i < r->watch_count; i++)
        if (r->watches[i].fd == fd) {
            r->watches[i].ready(r, fd);
            return;
        }
    for (size_t i = 0; i < r->peer_count; i++)
        if (r->peers[i]->chan.fd == fd && !r->peers[i]->dead) {
            peer_event(r, r->peers[i], events);
            return;
        }
}

void role_pump(struct role_ctx *r, int timeout_ms)
{
    struct epoll_event ev[32];
    sup_event(r, 0); /* what came along while we waited for the settings */
    role_settle(r);
    int n = epoll_wait(r->epfd, ev, ARRAY_LEN(ev), timeout_ms);
    for (int i = 0; i < n; i++)
        dispatch(r, ev[i].data.fd, ev[i].events);
    role_settle(r);
    if (!chan_open(&r->sup))
        r->stop = true;
}

void role_wait(struct role_ctx *r, int timeout_ms)
{
    sup_event(r, 0);
    if (r->stop)
        return;
    struct pollfd p = {r->sup.fd, POLLIN, 0};
    if (poll(&p, 1, timeout_ms) > 0)
        sup_event(r, EPOLLIN | (p.revents & (POLLHUP | POLLERR) ? EPOLLHUP : 0u));
}

enum rc role_text(struct role_ctx *r, const char *key, struct str *ret_s, struct err *e)
{
    return json_get_str(r->setup, key, ROLE_TEXT_MAX, ret_s, e);
}

enum rc role_int(struct role_ctx *r, const char *key, int64_t *ret_n, struct err *e)
{
    return json_get_int(r->setup, key, INT64_MIN, INT64_MAX, ret_n, e);
}

/* NAME=FOLDER each; the folders end with NUL, as jansson's texts do. */
static enum rc take_mirrors(struct role_ctx *r, struct rights_places *p, struct err *e)
{
    json_t *list;
    struct str name, dir;
    TRY(json_get_array(r->setup, "mirrors", ARRAY_LEN(p->mirrors), &list, e));
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!settings_repository(str_c(json_string_value(json_array_get(list, i))), &name, &dir))
            return err_set(e, RC_INVALID, "the setup names a repository that is none");
        p->mirrors[p->n_mirrors++] = dir.p;
    }
    return RC_OK;
}

/* What the supervisor said of this machine, as far as this role's rights depend on it. */
static enum rc take_places(struct role_ctx *r, struct rights_places *p, struct err *e)
{
    struct str dir, ca = STR_NONE, imap_ca = STR_NONE, mirror = STR_NONE;
    json_t *ports;
    int64_t pg_port;
    TRY(role_text(r, "data_dir", &dir, e));
    TRY(json_get_bool(r->setup, "pg_unix", &p->pg_unix, e));
    TRY(role_int(r, "pg_port", &pg_port, e));
    TRY(json_get_array(r->setup, "ports", ARRAY_LEN(p->net_ports), &ports, e));
    if (json_object_get(r->setup, "ca"))
        TRY(role_text(r, "ca", &ca, e));
    if (json_object_get(r->setup, "imap_ca"))
        TRY(role_text(r, "imap_ca", &imap_ca, e));
    if (json_object_get(r->setup, "mirror"))
        TRY(role_text(r, "mirror", &mirror, e));
    if (json_object_get(r->setup, "mirrors"))
        TRY(take_mirrors(r, p, e));
    p->mirror = mirror.n > 0 ? mirror.p : NULL;
    p->imap_ca = imap_ca.n > 0 ? imap_ca.p : NULL;
    p->data_dir = dir.p; /* jansson's texts end with NUL */
    p->pg_port = (uint16_t)pg_port;
    p->ca_file = ca.n > 0 ? ca.p : NULL;
    for (size_t i = 0; i < json_array_size(ports); i++)
        p->net_ports[p->net_port_count++] = (uint16_t)json_integer_value(json_array_get(ports, i));
    return RC_OK;
}

enum rc role_secure(struct role_ctx *r, struct err *e)
{
    struct rights_places places = {.data_dir = NULL};
    struct rights rights;
    struct sandbox_summary got;
    int64_t uid, gid;
    TRY(take_places(r, &places, e));
    char scratch[FILE_PATH_MAX];
    if (r->self == ROLE_WORKER) { /* its engine children get a folder each below this one */
        snprintf(scratch, sizeof scratch, "%s/" ENGINE_FOLDER, places.data_dir);
        places.scratch = scratch;
    }
    TRY(rights_of(r->self, &places, &rights, e));
    TRY(role_int(r, "uid", &uid, e));
    TRY(role_int(r, "gid", &gid, e));
    TRY(json_get_bool(r->setup, "require", &rights.rules.require, e));
    rights.rules.uid = (uid_t)uid;
    rights.rules.gid = (gid_t)gid;
    rights.rules.keep_all_fds = true; /* the supervisor handed each one on purpose */
    TRY(sandbox_apply(&rights.rules, &got, e));
    log_event(got.missing[0] ? LOG_WARN_ : LOG_INFO_, "ready", "index=%u sandbox=%s missing=\"%s\"",
              r->index, got.got, got.missing);
    AUTO(buf) struct buf b = BUF_INIT(2000);
    wire_put_ready(&b, &(struct wire_ready){str_c(got.got)});
    return chan_send(&r->sup, WIRE_READY, 0, &b, -1, e);
}
