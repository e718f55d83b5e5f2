/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_HTTPD_INSIDE_H
#define VULNDESK_SERVE_HTTPD_INSIDE_H

#include "serve/httpd.h"
#include "serve/httpd_guard.h"
#include "web/html.h"

/*
 * Inside of serve/httpd.h: httpd.c (the loop, one request), httpd_answer.c (what goes out),
 * httpd_stream.c (server-sent events).
 */

/* One connection: only to find those that take too long. */
struct hcon {
    struct httpd *h;
    struct hcon *prev, *next;
    int fd;
    int64_t since_us; /* of the present stage */
    bool writing;
    bool waiting;      /* for core: the table of requests minds the time */
    uint64_t received; /* bytes of the body that is being read: they buy it time */
};

enum stage { STAGE_HEAD, STAGE_BODY, STAGE_WAIT, STAGE_SEND, STAGE_DONE, STAGE_STREAM };

struct hreq {
    struct httpd *h;
    struct MHD_Connection *con;
    struct hcon *hcon;
    enum stage stage;
    struct buf target; /* as it came */
    struct guard_result head;
    struct buf head_text; /* what `head` borrows from: the pool of libmicrohttpd may move */
    struct buf body;
    uint64_t body_seen;
    size_t counted;      /* of h->bodies */
    struct str boundary; /* of a form with files, else empty; of head_text */
    bool cut;            /* too large, but a form with files: its begin is kept */
    int refused;         /* status to answer once the body is read and dropped */
    struct err why;
    uint32_t id; /* 0: not in the table */
    int64_t asked_us;
    struct MHD_Response *response; /* of core, until it is queued */
    struct stream *stream;         /* of server-sent events */
    int status;
};

struct httpd {
    struct MHD_Daemon *mhd;
    struct httpd_settings s;
    struct httpd_hooks hooks;
    struct hcon cons; /* ring */
    struct hreq *table[HTTPD_PENDING_MAX];
    uint32_t round[HTTPD_PENDING_MAX];
    size_t free_hint;
    size_t streams;
    int64_t ticked_us;
    size_t bodies; /* bytes of all bodies in memory */
};

/* In the table of requests that core has; NULL: none of that id, or not any more. */
struct hreq *httpd_find(struct httpd *h, uint32_t id);
void httpd_drop(struct hreq *q);

/* ---- answers ---- */

void answer_header(struct MHD_Response *r, const char *name, const char *value);
/* The fields that every answer has. */
void answer_headers(const struct httpd *h, struct MHD_Response *r);
/* Takes r over. */
enum MHD_Result answer_send(struct hreq *q, int status, struct MHD_Response *r);
/* A page of our own about what was wrong; the connection ends with it. */
enum MHD_Result answer_error(struct hreq *q, int status, const char *why);
enum MHD_Result answer_asset(struct hreq *q, const struct web_asset *a);
/* Of core's answer; NULL when it cannot be made.  Takes a->fd over. */
struct MHD_Response *answer_make(const struct httpd *h, const struct httpd_answer *a);

/* ---- server-sent events ---- */

/* Core says that q is one: its head goes out, or 503. */
void stream_new(struct hreq *q);
/* In the handler of the resumed connection: the head goes out, the body when there is news. */
enum MHD_Result stream_begin(struct hreq *q);
/* final: the client is told not to come again. */
void stream_end(struct hreq *q, bool final);
/* Once a second. */
void stream_tick(struct hreq *q, int64_t now_us);
void stream_free(struct hreq *q);

#endif
