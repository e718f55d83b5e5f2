/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages that are kept up to date.  Runs in core.  A browser of the team has a stream open; here the
 * newest event is looked at a few times a second, while there are streams at all, so that what
 * other cores and the command line did is seen too.  All that is said is that something changed:
 * the page then asks again, with its session, like anybody else.
 */
#include "base/log.h"
#include "desk/people.h"
#include "os/clock.h"
#include "serve/core.h"
#include "store/ops_queue.h"

#define SESSION_ARENA 65536

static void say(struct core *c, struct core_stream *s, enum wire_event event)
{
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(16);
    wire_put_http_event(&b, &(struct wire_http_event){.event = event});
    if (role_send(&c->role, s->to, WIRE_HTTP_EVENT, s->request, &b, -1, &e) != RC_OK)
        log_event(LOG_WARN_, "stream-not-told", "code=%s", rc_name(e.rc));
}

static void drop(struct core *c, struct core_stream *s)
{
    *s = (struct core_stream){.to = NULL};
    c->stream_count--;
}

static void end(struct core *c, struct core_stream *s)
{
    say(c, s, WIRE_EVENT_END);
    drop(c, s);
}

/* The oldest of that session (NULL: of all), when there are so many. */
static void make_room(struct core *c, const char *session, size_t max)
{
    struct core_stream *oldest = NULL;
    size_t n = 0;
    for (size_t i = 0; i < CORE_STREAMS_MAX; i++) {
        struct core_stream *s = &c->streams[i];
        if (s->to == NULL || (session && strcmp(s->session, session) != 0))
            continue;
        n++;
        if (oldest == NULL || s->since_us < oldest->since_us)
            oldest = s;
    }
    if (n >= max)
        end(c, oldest);
}

void core_stream_start(struct core *c, struct chan *to, uint32_t id, const struct http_stream *h)
{
    struct err e = ERR_INIT;
    int64_t newest = 0;
    make_room(c, h->session, CORE_STREAMS_EACH);
    make_room(c, NULL, CORE_STREAMS_MAX);
    /* At worst it is told once too often. */
    if (ops_event_newest(c->db, h->case_id, &newest, &e) != RC_OK)
        newest = 0;
    for (size_t i = 0; i < CORE_STREAMS_MAX; i++) {
        struct core_stream *s = &c->streams[i];
        if (s->to)
            continue;
        *s = (struct core_stream){.to = to,
                                  .request = id,
                                  .case_id = h->case_id,
                                  .newest = newest,
                                  .since_us = clock_mono_us()};
        memcpy(s->session, h->session, sizeof s->session);
        c->stream_count++;
        return;
    }
}

void core_stream_gone(struct core *c, const struct chan *from, uint32_t id)
{
    for (size_t i = 0; i < CORE_STREAMS_MAX; i++)
        if (c->streams[i].to == from && c->streams[i].request == id)
            drop(c, &c->streams[i]);
}

void core_streams_lost(struct core *c, const struct chan *from)
{
    for (size_t i = 0; i < CORE_STREAMS_MAX; i++)
        if (c->streams[i].to == from)
            drop(c, &c->streams[i]);
}

/* A stream whose session is over is over too; when the store is away nobody is sent off. */
static void check_sessions(struct core *c)
{
    for (size_t i = 0; i < CORE_STREAMS_MAX; i++) {
        AUTO(arena) struct arena *a = arena_new(SESSION_ARENA);
        struct core_stream *s = &c->streams[i];
        struct session found;
        struct err e = ERR_INIT;
        if (s->to == NULL)
            continue;
        enum rc rc = session_find(&c->desk, a, str_c(s->session), &found, &e);
        if (rc == RC_NOTFOUND || rc == RC_INVALID || rc == RC_DENIED)
            end(c, s);
    }
}

static void tell(struct core *c)
{
    struct err e = ERR_INIT;
    for (size_t i = 0; i < CORE_STREAMS_MAX; i++) {
        struct core_stream *s = &c->streams[i];
        int64_t newest = c->newest;
        if (s->to == NULL)
            continue;
        if (s->case_id && ops_event_newest(c->db, s->case_id, &newest, &e) != RC_OK)
            return;
        if (newest > s->newest) {
            s->newest = newest;
            say(c, s, WIRE_EVENT_CHANGED);
        }
    }
}

void core_streams_poke(struct core *c, int64_t case_id)
{
    for (size_t i = 0; i < CORE_STREAMS_MAX; i++)
        if (c->streams[i].to && c->streams[i].case_id == case_id)
            say(c, &c->streams[i], WIRE_EVENT_CHANGED);
}

void core_streams_run(struct core *c)
{
    struct err e = ERR_INIT;
    int64_t now = clock_mono_us(), newest;
    if (c->stream_count == 0 || now < c->streams_at_us)
        return;
    c->streams_at_us = now + CORE_STREAM_MS * INT64_C(1000);
    if (now >= c->sessions_at_us) {
        check_sessions(c);
        c->sessions_at_us = now + CORE_SESSION_MS * INT64_C(1000);
    }
    if (ops_event_newest(c->db, 0, &newest, &e) != RC_OK || newest == c->newest)
        return;
    c->newest = newest;
    tell(c);
}
