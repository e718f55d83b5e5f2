/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the loop of httpd and core: one checked request becomes one message, one message becomes
 * the answer.  Runs in the roles httpd-public and httpd-staff; requests are hostile, core's answers
 * are trusted.
 */
#include "base/log.h"
#include "serve/httpd.h"
#include "serve/role.h"
#include "serve/roles.h"

struct httpd_role {
    struct role_ctx role;
    struct httpd *httpd;
    bool staff;
};

static enum rc on_event(struct httpd_role *h, const struct frame *f, struct err *e)
{
    struct wire_http_event m;
    TRY(wire_get_http_event(f->body, &m, e));
    if (m.event >= WIRE_EVENT_COUNT)
        return err_set(e, RC_INVALID, "an event of no known kind");
    if (m.event == WIRE_EVENT_END)
        httpd_stream_end(h->httpd, f->id, true);
    else
        httpd_stream_changed(h->httpd, f->id);
    return RC_OK;
}

static enum rc on_frame(struct role_ctx *r, struct chan *c, struct frame *f, struct err *e)
{
    struct httpd_role *h = r->ctx;
    AUTO(fd) int fd = fd_take(&f->fd);
    struct wire_http_response m;
    if (f->type == WIRE_HTTP_EVENT)
        return on_event(h, f, e);
    if (f->type != WIRE_HTTP_RESPONSE)
        return err_set(e, RC_INVALID, "an unexpected message from %s", role_name(c->peer));
    TRY(wire_get_http_response(f->body, &m, e));
    struct httpd_answer a = {.status = (int)m.status,
                             .content_type = m.content_type,
                             .location = m.location,
                             .set_cookie = m.set_cookie,
                             .file_name = m.file_name,
                             .cacheable = m.cacheable,
                             .stream = h->staff && m.stream,
                             .body = m.body,
                             .fd = fd_take(&fd)};
    httpd_answer(h->httpd, f->id, &a);
    return RC_OK;
}

/* Several cores may be there: each is told, whose stream it was not knows no such one. */
static void gone(void *ctx, uint32_t req_id)
{
    struct httpd_role *h = ctx;
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(16);
    wire_put_http_gone(&b, &(struct wire_http_gone){.unused = 0});
    for (size_t i = 0; i < h->role.peer_count; i++) {
        struct chan *c = &h->role.peers[i]->chan;
        if (c->peer == ROLE_CORE &&
            role_send(&h->role, c, WIRE_HTTP_GONE, req_id, &b, -1, &e) != RC_OK)
            log_event(LOG_WARN_, "core-not-told", "code=%s", rc_name(e.rc));
    }
}

/* Streams of a core that is gone have nobody who feeds them; their clients come again. */
static void on_lost(struct role_ctx *r, struct chan *c)
{
    struct httpd_role *h = r->ctx;
    if (c->peer == ROLE_CORE && h->httpd)
        httpd_streams_end(h->httpd);
}

static enum rc submit(void *ctx, uint32_t req_id, const struct http_request *q, struct err *e)
{
    struct httpd_role *h = ctx;
    struct chan *core = role_find(&h->role, ROLE_CORE);
    if (core == NULL)
        return err_set(e, RC_BUSY, "the desk is starting; try again in a moment");
    AUTO(buf) struct buf b = BUF_INIT(WIRE_BODY_MAX + 65536);
    wire_put_http_request(&b,
                          &(struct wire_http_request){.method = str_c(http_method_name(q->method)),
                                                      .path = q->path,
                                                      .query = q->query,
                                                      .host = q->host,
                                                      .cookie = q->cookie,
                                                      .content_type = q->content_type,
                                                      .authorization = q->authorization,
                                                      .client = q->client,
                                                      .parts = q->parts,
                                                      .body = q->body});
    return role_send(&h->role, core, WIRE_HTTP_REQUEST, req_id, &b, -1, e);
}

static size_t poll_fds(void *ctx, struct pollfd *fds, size_t max)
{
    struct httpd_role *h = ctx;
    /* A large request that was just handed on may have filled the socket: only now is it known that
     * its rest has to be waited for, else it would lie there until the next tick.  An answer must
     * not be taken here: what it wakes up in the library would not be waited for. */
    role_settle(&h->role);
    fds[0] = (struct pollfd){h->role.epfd, POLLIN, 0};
    return 1;
}

static enum rc polled(void *ctx, const struct pollfd *fds, size_t n, struct err *e)
{
    struct httpd_role *h = ctx;
    role_pump(&h->role, 0);
    return h->role.stop ? err_set(e, RC_CLOSED, "the supervisor said stop") : RC_OK;
}

static enum rc httpd_role_run(struct httpd_role *h, enum role role, struct err *e)
{
    static const struct role_ops ops = {.frame = on_frame, .lost = on_lost};
    TRY(role_open(&h->role, role, &ops, h, e));
    struct str url;
    int64_t clients, body;
    TRY(json_get_bool(h->role.setup, "staff", &h->staff, e));
    TRY(role_text(&h->role, "url", &url, e));
    TRY(role_int(&h->role, "clients", &clients, e));
    TRY(role_int(&h->role, "body", &body, e));
    if (h->role.listener_count != 1)
        return err_set(e, RC_INTERNAL, "httpd wants one listener");
    struct httpd_settings set = {.listen_fd = h->role.listeners[0].fd,
                                 .staff = h->staff,
                                 .https = str_starts(url, STR("https:")),
                                 .behind_proxy = str_starts(url, STR("https:")),
                                 .body_max = (size_t)body,
                                 .clients = (unsigned)clients};
    struct httpd_hooks hooks = {.ctx = h,
                                .submit = submit,
                                .gone = h->staff ? gone : NULL,
                                .poll_fds = poll_fds,
                                .polled = polled};
    h->role.listeners[0].fd = -1;
    TRY(httpd_new(&set, &hooks, &h->httpd, e));
    TRY(role_secure(&h->role, e));
    return httpd_run(h->httpd, e);
}

int httpd_main(enum role role)
{
    struct err e = ERR_INIT;
    struct httpd_role h = {.httpd = NULL};
    enum rc rc = httpd_role_run(&h, role, &e);
    if (rc != RC_OK)
        log_event(LOG_ERROR_, "failed", "why=\"%s\"", e.msg);
    httpd_free(h.httpd);
    role_close(&h.role);
    return rc_exit(rc);
}
