/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_SERVE_HTTPD_H
#define VULNDESK_SERVE_HTTPD_H

#include <poll.h>

#include "web/http.h"

/*
 * The loop of the httpd roles: libmicrohttpd on a listening socket, one thread, one poll.  It turns
 * bytes into one checked request, hands it to a callback, and sends the answer when it comes.  It
 * serves the embedded static files itself and knows nothing else.  HTTP/1.1 only; TLS and HTTP/2
 * belong to the reverse proxy.
 */
#define HTTPD_HEAD_MAX        16384 /* bytes of request line and fields together, then 431 */
#define HTTPD_FIELDS_MAX      64    /* fields of one request, then 431 */
#define HTTPD_CLIENTS_DEFAULT 512   /* connections at once; more wait in the kernel's queue */
#define HTTPD_PENDING_MAX     1024  /* requests waiting for an answer, then 503 */
#define HTTPD_IDLE_S          30    /* a silent connection is closed */
#define HTTPD_READ_MS         90000 /* a request has to be complete by then, then the line is cut */
#define HTTPD_WRITE_MS        300000     /* an answer has to be taken by then */
#define HTTPD_ANSWER_MS       30000      /* core has to answer by then, then 504 */
#define HTTPD_DISCARD_MAX     1073741824 /* of a body over the limit, read and dropped before 413 */
#define HTTPD_RATE_MIN        16384   /* bytes a second: a slower body counts as standing still */
#define HTTPD_KEEP_MAX        1048576 /* of a form with files that is too large: its first bytes */
#define HTTPD_BODIES_MAX      268435456 /* bytes of all bodies at once, then 503 */
#define HTTPD_STREAMS_MAX     256       /* streams open at once, then 503 */
#define HTTPD_BEAT_MS         15000     /* a stream without news says so that often */
#define HTTPD_POLL_MAX        16        /* descriptors of the hooks */

struct httpd_settings {
    int listen_fd;             /* bound, listening, non-blocking; taken over */
    bool staff;                /* which of the two instances: copied into each request */
    bool https;                /* the outside sees https: adds Strict-Transport-Security */
    bool behind_proxy;         /* the client's address is the last one of X-Forwarded-For */
    size_t body_max;           /* bytes of one request's body, then 413; 0 = HTTP_BODY_DEFAULT */
    unsigned clients;          /* connections at once; 0 = HTTPD_CLIENTS_DEFAULT */
    unsigned clients_per_host; /* of them from one address; 0 = no limit */
    int64_t idle_s;            /* 0 = HTTPD_IDLE_S */
    int64_t answer_ms;         /* 0 = HTTPD_ANSWER_MS */
};

/* What the role does around it. */
struct httpd_hooks {
    void *ctx;
    /*
     * One whole request; its texts are borrowed for the call.  RC_OK: httpd_answer() follows, now
     * or later.  Anything else is answered with rc_http() of it.
     */
    enum rc (*submit)(void *ctx, uint32_t req_id, const struct http_request *r, struct err *e);
    /* The client of a stream left, or never got it; NULL: nobody wants to know. */
    void (*gone)(void *ctx, uint32_t req_id);
    /* Fills in descriptors to poll, returns how many (at most max). */
    size_t (*poll_fds)(void *ctx, struct pollfd *fds, size_t max);
    /* Called after each poll with them. RC_CLOSED ends httpd_run with RC_OK, other failures end it
     * with that failure. */
    enum rc (*polled)(void *ctx, const struct pollfd *fds, size_t n, struct err *e);
};

struct httpd_answer {
    int status;
    struct str content_type, location, set_cookie;
    struct str file_name; /* not empty: Content-Disposition: attachment, always inert */
    bool cacheable;       /* a few minutes; else no-store */
    bool stream;          /* server-sent events: stays open, the body is empty */
    struct str body;      /* used when fd is -1 */
    int fd;               /* a regular file or memfd sent from its start, or -1; taken over */
};

struct httpd;
enum rc httpd_new(const struct httpd_settings *s, const struct httpd_hooks *hooks,
                  struct httpd **ret_h, struct err *e) WARN_UNUSED;
/* Serves until a hook ends it. */
enum rc httpd_run(struct httpd *h, struct err *e) WARN_UNUSED;
/* One round: polls at most timeout_ms. For tests and loops of others. */
enum rc httpd_step(struct httpd *h, int timeout_ms, struct err *e) WARN_UNUSED;
/* Unknown and late ids are ignored (the client left, or 504 went out); a->fd is closed then. */
void httpd_answer(struct httpd *h, uint32_t req_id, const struct httpd_answer *a);
/* News for a stream: something changed.  What the client has not taken yet is said once. */
void httpd_stream_changed(struct httpd *h, uint32_t req_id);
/* The stream ends; final: the client is told not to come again. */
void httpd_stream_end(struct httpd *h, uint32_t req_id, bool final);
/* All of them, because whoever fed them is gone; clients come again. */
void httpd_streams_end(struct httpd *h);
void httpd_free(struct httpd *h); /* NULL is fine */

#endif
