/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-sent events: streams that stay open and say that something changed.  Runs in httpd; what
 * is said comes from core, the client may leave or read slowly.
 */
#include <poll.h>

#include "os/clock.h"
#include "serve/httpd_inside.h"

#define STREAM_BLOCK 1024 /* bytes of one write of a stream */

/*
 * A stream keeps its place in the table, so that its id finds it; while it has nothing to say its
 * connection is suspended.  It never holds more than one piece of news: that something changed.
 */
struct stream {
    bool suspended, changed, beat, ended, final;
    struct str text; /* what the client has not taken yet */
    int64_t said_us;
};

void stream_free(struct hreq *q)
{
    if (q->stream == NULL)
        return;
    q->h->streams--;
    free(q->stream);
    q->stream = NULL;
}

static void stream_wake(struct hreq *q)
{
    if (!q->stream->suspended)
        return;
    q->stream->suspended = false;
    MHD_resume_connection(q->con);
}

static struct str stream_next(struct stream *s)
{
    if (s->changed) {
        s->changed = s->beat = false;
        return STR("data: changed\n\n");
    }
    if (s->ended && s->final) {
        s->final = false;
        return STR("event: end\ndata: end\n\n");
    }
    if (s->beat) {
        s->beat = false;
        return STR(":\n\n");
    }
    return STR_NONE;
}

static ssize_t stream_read(void *cls, uint64_t pos, char *dst, size_t max)
{
    struct hreq *q = cls;
    struct stream *s = q->stream;
    (void)pos;
    if (s->text.n == 0)
        s->text = stream_next(s);
    if (s->text.n == 0 && s->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (s->text.n == 0) {
        s->suspended = true;
        MHD_suspend_connection(q->con);
        return 0;
    }
    size_t n = s->text.n < max ? s->text.n : max;
    memcpy(dst, s->text.p, n);
    s->text = str_sub(s->text, n, s->text.n);
    s->said_us = clock_mono_us();
    return (ssize_t)n;
}

enum MHD_Result stream_begin(struct hreq *q)
{
    struct MHD_Response *r =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, q, NULL);
    if (r == NULL)
        return MHD_NO;
    answer_headers(q->h, r);
    answer_header(r, "Content-Type", "text/event-stream; charset=utf-8");
    answer_header(r, "Cache-Control", "no-store");
    answer_header(r, "X-Accel-Buffering", "no"); /* a proxy hands it on at once */
    q->stage = STAGE_STREAM;
    enum MHD_Result done = MHD_queue_response(q->con, 200, r);
    MHD_destroy_response(r);
    return done;
}

void stream_new(struct hreq *q)
{
    struct httpd *h = q->h;
    q->stage = STAGE_SEND;
    if (h->streams < HTTPD_STREAMS_MAX) {
        h->streams++;
        q->stream = mem_zalloc(sizeof *q->stream);
        q->stream->text = STR("retry: 3000\n\n");
        q->stream->said_us = clock_mono_us();
    } else {
        q->refused = 503;
        (void)err_set(&q->why, RC_BUSY, "Too many pages are kept up to date; please reload.");
        if (h->hooks.gone)
            h->hooks.gone(h->hooks.ctx, q->id);
        httpd_drop(q);
    }
    MHD_resume_connection(q->con);
}

void stream_end(struct hreq *q, bool final)
{
    q->stream->ended = true;
    q->stream->final = final;
    stream_wake(q);
}

/* A suspended connection is not looked at by the library: whether its client left is asked here. */
void stream_tick(struct hreq *q, int64_t now)
{
    if (q->stream->suspended && q->hcon && q->hcon->fd >= 0) {
        struct pollfd p = {.fd = q->hcon->fd, .events = POLLRDHUP};
        if (poll(&p, 1, 0) == 1) {
            stream_end(q, false);
            return;
        }
    }
    if (now - q->stream->said_us < HTTPD_BEAT_MS * INT64_C(1000))
        return;
    q->stream->beat = true;
    q->stream->said_us = now;
    stream_wake(q);
}

static struct hreq *stream_find(struct httpd *h, uint32_t id)
{
    struct hreq *q = httpd_find(h, id);
    return q && q->stream ? q : NULL;
}

void httpd_stream_changed(struct httpd *h, uint32_t req_id)
{
    struct hreq *q = stream_find(h, req_id);
    if (q == NULL)
        return;
    q->stream->changed = true;
    stream_wake(q);
}

void httpd_stream_end(struct httpd *h, uint32_t req_id, bool final)
{
    struct hreq *q = stream_find(h, req_id);
    if (q)
        stream_end(q, final);
}

void httpd_streams_end(struct httpd *h)
{
    for (size_t i = 0; i < HTTPD_PENDING_MAX; i++)
        if (h->table[i] && h->table[i]->stream)
            stream_end(h->table[i], false);
}
