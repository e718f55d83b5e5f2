/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop of the httpd roles around libmicrohttpd.  Runs in httpd; everything from the socket is
 * hostile, answers come from core.
 *
 * A request lives in a struct hreq from its request line to its completion.  While core thinks, the
 * connection is suspended and the hreq stands in a table of fixed size; its place and a counter
 * make the id, so that an answer that comes too late finds nothing.
 */
#include "serve/httpd_inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/sock.h"
#include "web/multipart.h"

#define TICK_MS    1000
#define SLOT_BITS  10
#define MEMORY_CON (2 * HTTPD_HEAD_MAX) /* libmicrohttpd's pool for one connection */
#define PARTS_ROOM 65536                /* numbers in front of the parts of a form */

_Static_assert(HTTPD_PENDING_MAX == 1 << SLOT_BITS, "slots");

/* ---- the table ---- */

static enum rc table_add(struct hreq *q, struct err *e)
{
    struct httpd *h = q->h;
    for (size_t i = 0; i < HTTPD_PENDING_MAX; i++) {
        size_t slot = (h->free_hint + i) % HTTPD_PENDING_MAX;
        if (h->table[slot])
            continue;
        h->free_hint = (slot + 1) % HTTPD_PENDING_MAX;
        /* The counter never is 0, so no id is. */
        h->round[slot] = (h->round[slot] + 1) & (UINT32_MAX >> SLOT_BITS);
        if (h->round[slot] == 0)
            h->round[slot] = 1;
        h->table[slot] = q;
        q->id = h->round[slot] << SLOT_BITS | (uint32_t)slot;
        q->asked_us = clock_mono_us();
        return RC_OK;
    }
    return err_set(e, RC_BUSY, "Too many requests are waiting; please try again.");
}

void httpd_drop(struct hreq *q)
{
    if (q->id)
        q->h->table[q->id % HTTPD_PENDING_MAX] = NULL;
    q->id = 0;
}

struct hreq *httpd_find(struct httpd *h, uint32_t id)
{
    struct hreq *q = h->table[id % HTTPD_PENDING_MAX];
    return q && id && q->id == id ? q : NULL;
}

/* ---- one request ---- */

static void client_of(const struct hreq *q, char *dst, size_t n)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(q->con, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *sa = info ? info->client_addr : NULL;
    const char *done = NULL;
    if (sa && sa->sa_family == AF_INET)
        done = inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, dst,
                         (socklen_t)n);
    else if (sa && sa->sa_family == AF_INET6)
        done = inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, dst,
                         (socklen_t)n);
    if (done == NULL)
        snprintf(dst, n, "local");
    if (!q->h->s.behind_proxy)
        return;
    /* The proxy of ours appends whom it saw; what stands before is the client's own claim. */
    struct str list = q->head.forwarded_for;
    size_t comma = str_rchr(list, ',');
    struct str last = str_trim(comma == STR_NPOS ? list : str_sub(list, comma + 1, list.n));
    char text[INET6_ADDRSTRLEN];
    struct in6_addr addr;
    if (str_copy(text, sizeof text, last, "address", NULL) == RC_OK &&
        (inet_pton(AF_INET, text, &addr) == 1 || inet_pton(AF_INET6, text, &addr) == 1))
        snprintf(dst, n, "%s", text);
}

static void body_drop(struct hreq *q)
{
    q->h->bodies -= q->counted;
    q->counted = 0;
    buf_release(&q->body);
}

/* The body of a form with files becomes typed parts, in its place. */
static enum rc take_apart(struct hreq *q, struct err *e)
{
    AUTO(mem) struct multipart *m = mem_zalloc(sizeof *m);
    struct buf parts = BUF_INIT(q->body.n + PARTS_ROOM);
    TRY(multipart_parse(buf_str(&q->body), q->boundary, q->cut, m, e));
    multipart_write(&parts, m);
    BUG_ON(parts.over); /* nothing of a part becomes longer, but for its numbers */
    buf_release(&q->body);
    q->body = parts;
    return RC_OK;
}

static enum rc ask_core(struct hreq *q, struct err *e)
{
    char client[INET6_ADDRSTRLEN];
    if (q->boundary.n)
        TRY(take_apart(q, e));
    client_of(q, client, sizeof client);
    struct http_request r = {
        .staff = q->h->s.staff,
        .method = q->head.method,
        .path = q->head.path,
        .query = q->head.query,
        .host = q->head.host,
        .cookie = q->head.cookie,
        .authorization = q->head.authorization,
        .content_type = q->head.content_type,
        .body = buf_str(&q->body),
        .client = str_c(client),
        .parts = q->boundary.n > 0,
    };
    TRY(table_add(q, e));
    q->stage = STAGE_WAIT;
    if (q->hcon)
        q->hcon->waiting = true;
    MHD_suspend_connection(q->con);
    enum rc rc = q->h->hooks.submit(q->h->hooks.ctx, q->id, &r, e);
    body_drop(q); /* it was copied */
    if (rc != RC_OK) {
        /* Answered by the resumed handler, like an answer of core. */
        httpd_drop(q);
        q->refused = rc_http(rc);
        q->stage = STAGE_SEND;
        MHD_resume_connection(q->con);
    }
    return RC_OK;
}

static size_t keep_max(const struct httpd *h)
{
    return h->s.body_max < HTTPD_KEEP_MAX ? h->s.body_max : HTTPD_KEEP_MAX;
}

/* It is too large: what comes is read and dropped.  Of a form with files the begin stays, so that
 * the page that says so can show what was typed. */
static void too_large(struct hreq *q)
{
    (void)err_set(&q->why, RC_LIMIT, "What was sent is larger than %zu bytes.", q->h->s.body_max);
    if (q->boundary.n == 0) {
        q->refused = 413;
        body_drop(q);
        return;
    }
    struct buf begin = BUF_INIT(keep_max(q->h));
    q->cut = true;
    buf_add(&begin, str_sub(buf_str(&q->body), 0, begin.max));
    body_drop(q);
    q->body = begin;
    q->counted = begin.n;
    q->h->bodies += begin.n;
}

static enum MHD_Result take_body(struct hreq *q, const char *data, size_t *n)
{
    struct str s = str_of(data, *n);
    *n = 0;
    q->body_seen += s.n;
    if (q->hcon)
        q->hcon->received = q->body_seen;
    if (q->body_seen > HTTPD_DISCARD_MAX)
        return MHD_NO;
    if (q->refused == 0 && !q->cut && s.n > q->h->s.body_max - q->body.n)
        too_large(q);
    if (q->cut)
        s = str_sub(s, 0, q->body.max - q->body.n);
    if (q->refused || s.n == 0)
        return MHD_YES;
    if (s.n > HTTPD_BODIES_MAX - q->h->bodies) {
        q->refused = 503;
        (void)err_set(&q->why, RC_BUSY, "Too much is being sent here at once. Please try again.");
        body_drop(q);
        return MHD_YES;
    }
    buf_add(&q->body, s);
    q->counted += s.n;
    q->h->bodies += s.n;
    return MHD_YES;
}

/* Copies what must outlive this call: while suspended, libmicrohttpd keeps its pool, but nothing
 * says that it does so while a body arrives. */
static void keep_head(struct hreq *q)
{
    struct str *all[] = {&q->head.path,         &q->head.query,        &q->head.host,
                         &q->head.cookie,       &q->head.content_type, &q->head.forwarded_for,
                         &q->head.authorization};
    size_t from[ARRAY_LEN(all)];
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        from[i] = q->head_text.n;
        buf_add(&q->head_text, *all[i]);
    }
    BUG_ON(q->head_text.over);
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        *all[i] = str_sub(buf_str(&q->head_text), from[i], all[i]->n);
}

/* RC_INVALID: a form with files whose Content-Type is not good. */
static enum rc find_boundary(struct hreq *q)
{
    enum rc rc = multipart_boundary(q->head.content_type, &q->boundary, &q->why);
    return rc == RC_NOTFOUND ? RC_OK : rc;
}

static enum MHD_Result first_call(struct hreq *q, const char *method, const char *version)
{
    struct guard_head head;
    guard_collect(q->con, method, buf_str(&q->target), version, &head);
    int status = guard_check(&head, &q->head, &q->why);
    if (status)
        return answer_error(q, status, q->why.msg);
    keep_head(q);
    const struct web_asset *asset = web_asset_find(q->head.path);
    if (asset && q->head.method != HTTP_POST)
        return answer_asset(q, asset);
    if (q->head.method == HTTP_POST && find_boundary(q) != RC_OK)
        return answer_error(q, 400, q->why.msg);
    if (q->head.content_length > q->h->s.body_max) {
        too_large(q);
        /* A browser shows our answer only when it could send all; but not beyond reason, and not
         * when the client asked first. */
        if (q->head.expects || q->head.content_length > HTTPD_DISCARD_MAX)
            return answer_error(q, 413, q->why.msg);
    }
    q->stage = STAGE_BODY;
    return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *con, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *data_n, void **state)
{
    struct hreq *q = *state;
    (void)cls, (void)con, (void)url;
    if (q == NULL)
        return MHD_NO;
    switch (q->stage) {
    case STAGE_HEAD:
        return first_call(q, method, version);
    case STAGE_BODY:
        if (*data_n)
            return take_body(q, data, data_n);
        if (q->refused)
            return answer_error(q, q->refused, q->why.msg);
        if (ask_core(q, &q->why) != RC_OK)
            return answer_error(q, rc_http(q->why.rc), q->why.msg);
        return MHD_YES;
    case STAGE_SEND:
        if (q->stream)
            return stream_begin(q);
        if (q->response)
            return answer_send(q, q->status, TAKE(q->response));
        return answer_error(q, q->refused, q->why.msg);
    case STAGE_WAIT:
    case STAGE_DONE:
    case STAGE_STREAM:
        break;
    }
    return MHD_YES;
}

/* ---- begin and end of requests and connections ---- */

static void *on_target(void *cls, const char *uri, struct MHD_Connection *con)
{
    struct httpd *h = cls;
    struct hreq *q = mem_zalloc(sizeof *q);
    q->h = h;
    q->con = con;
    buf_init(&q->target, HTTPD_HEAD_MAX);
    buf_adds(&q->target, uri);
    buf_init(&q->head_text, HTTPD_HEAD_MAX);
    buf_init(&q->body, h->s.body_max);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(con, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    q->hcon = info ? info->socket_context : NULL;
    return q;
}

static void on_completed(void *cls, struct MHD_Connection *con, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct hreq *q = *state;
    (void)cls, (void)con, (void)code;
    if (q == NULL)
        return;
    if (q->stream && q->id && q->h->hooks.gone)
        q->h->hooks.gone(q->h->hooks.ctx, q->id);
    stream_free(q);
    httpd_drop(q);
    if (q->hcon) {
        q->hcon->writing = q->hcon->waiting = false;
        q->hcon->received = 0;
        q->hcon->since_us = clock_mono_us();
    }
    if (q->response)
        MHD_destroy_response(q->response);
    buf_release(&q->target);
    buf_release(&q->head_text);
    body_drop(q);
    free(q);
    *state = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *con, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct httpd *h = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(con, MHD_CONNECTION_INFO_CONNECTION_FD);
        struct hcon *c = mem_zalloc(sizeof *c);
        c->h = h;
        c->fd = info ? info->connect_fd : -1;
        c->since_us = clock_mono_us();
        c->next = &h->cons;
        c->prev = h->cons.prev;
        c->prev->next = c->next->prev = c;
        *context = c;
    } else if (*context) {
        struct hcon *c = *context;
        c->prev->next = c->next;
        c->next->prev = c->prev;
        free(c);
        *context = NULL;
    }
}

/* Cuts the line of those who take too long, answers 504 where core does. */
static void tick(struct httpd *h)
{
    int64_t now = clock_mono_us();
    if (now - h->ticked_us < TICK_MS * 1000)
        return;
    h->ticked_us = now;
    for (struct hcon *c = h->cons.next; c != &h->cons; c = c->next) {
        int64_t limit_us = (int64_t)(c->writing ? HTTPD_WRITE_MS : HTTPD_READ_MS) * 1000 +
                           (int64_t)(c->received / HTTPD_RATE_MIN) * 1000000;
        if (!c->waiting && c->fd >= 0 && now - c->since_us > limit_us)
            (void)shutdown(c->fd, SHUT_RDWR);
    }
    for (size_t i = 0; i < HTTPD_PENDING_MAX; i++) {
        struct hreq *q = h->table[i];
        if (q == NULL)
            continue;
        if (q->stream) {
            stream_tick(q, now);
            continue;
        }
        if (now - q->asked_us <= h->s.answer_ms * 1000)
            continue;
        httpd_drop(q);
        q->refused = 504;
        (void)err_set(&q->why, RC_TIMEOUT, "The desk did not answer in time. Please try again.");
        q->stage = STAGE_SEND;
        MHD_resume_connection(q->con);
    }
}

/* ---- the outside ---- */

void httpd_answer(struct httpd *h, uint32_t req_id, const struct httpd_answer *a)
{
    struct hreq *q = httpd_find(h, req_id);
    if (q == NULL) {
        if (a->fd >= 0)
            close(a->fd);
        return;
    }
    if (a->stream && a->status == 200 && a->fd < 0) {
        stream_new(q);
        return;
    }
    httpd_drop(q);
    q->response = answer_make(h, a);
    q->status = a->status;
    if (q->response == NULL || a->status < 200 || a->status > 599) {
        q->refused = 500;
        (void)err_set(&q->why, RC_INTERNAL, "The answer could not be made.");
        if (q->response)
            MHD_destroy_response(TAKE(q->response));
    }
    q->stage = STAGE_SEND;
    MHD_resume_connection(q->con);
}

static void settings_fill(struct httpd_settings *s)
{
    if (s->body_max == 0)
        s->body_max = HTTP_BODY_DEFAULT;
    if (s->clients == 0)
        s->clients = HTTPD_CLIENTS_DEFAULT;
    if (s->idle_s == 0)
        s->idle_s = HTTPD_IDLE_S;
    if (s->answer_ms == 0)
        s->answer_ms = HTTPD_ANSWER_MS;
}

enum rc httpd_new(const struct httpd_settings *s, const struct httpd_hooks *hooks,
                  struct httpd **ret_h, struct err *e)
{
    struct httpd *h = mem_zalloc(sizeof *h);
    h->s = *s;
    h->hooks = *hooks;
    h->cons.next = h->cons.prev = &h->cons;
    settings_fill(&h->s);
    h->mhd = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, h,
        MHD_OPTION_LISTEN_SOCKET, h->s.listen_fd, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_CON, MHD_OPTION_CONNECTION_LIMIT,
        h->s.clients, MHD_OPTION_PER_IP_CONNECTION_LIMIT, h->s.clients_per_host,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)h->s.idle_s, MHD_OPTION_URI_LOG_CALLBACK,
        on_target, h, MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, h, MHD_OPTION_END);
    if (h->mhd == NULL) {
        free(h);
        return err_errno(e, RC_IO, "the HTTP server does not start");
    }
    *ret_h = h;
    return RC_OK;
}

enum rc httpd_step(struct httpd *h, int timeout_ms, struct err *e)
{
    struct pollfd fds[1 + HTTPD_POLL_MAX];
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    fds[0] = (struct pollfd){.fd = info ? info->listen_fd : -1, .events = POLLIN};
    size_t n = h->hooks.poll_fds ? h->hooks.poll_fds(h->hooks.ctx, fds + 1, HTTPD_POLL_MAX) : 0;
    BUG_ON(n > HTTPD_POLL_MAX);
    MHD_UNSIGNED_LONG_LONG mhd_ms;
    if (MHD_get_timeout(h->mhd, &mhd_ms) == MHD_YES && mhd_ms < (unsigned)timeout_ms)
        timeout_ms = (int)mhd_ms;
    if (poll(fds, 1 + n, timeout_ms) < 0 && errno != EINTR)
        return err_errno(e, RC_IO, "poll");
    enum rc rc = h->hooks.polled ? h->hooks.polled(h->hooks.ctx, fds + 1, n, e) : RC_OK;
    if (rc != RC_OK)
        return rc;
    if (MHD_run(h->mhd) != MHD_YES)
        return err_set(e, RC_INTERNAL, "the HTTP server does not run");
    tick(h);
    return RC_OK;
}

enum rc httpd_run(struct httpd *h, struct err *e)
{
    for (;;) {
        enum rc rc = httpd_step(h, TICK_MS, e);
        if (rc == RC_CLOSED)
            return RC_OK;
        TRY(rc);
    }
}

void httpd_free(struct httpd *h)
{
    if (h == NULL)
        return;
    /* The library must not be stopped over suspended connections. */
    for (size_t i = 0; i < HTTPD_PENDING_MAX; i++) {
        struct hreq *q = h->table[i];
        if (q == NULL)
            continue;
        if (q->stream && q->stage == STAGE_STREAM) {
            stream_end(q, false);
            continue;
        }
        httpd_drop(q);
        stream_free(q);
        q->refused = 503;
        q->stage = STAGE_SEND;
        MHD_resume_connection(q->con);
    }
    MHD_run(h->mhd);
    MHD_stop_daemon(h->mhd);
    free(h);
}
