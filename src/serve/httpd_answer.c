/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes out: answers of core, static files, pages about what was wrong.  Runs in httpd; what
 * core says is trusted but for its texts, which never break out of their field.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"
#include "serve/httpd_inside.h"
#include "web/error_page.h"

#define CSP_COMMON                                                                                 \
    "style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri "      \
    "'none'"
#define STATIC_LIFE "public, max-age=31536000, immutable"
#define SHORT_LIFE  "public, max-age=300"

void answer_header(struct MHD_Response *r, const char *name, const char *value)
{
    /* Fails only for a bad name or no memory; then the answer goes without it. */
    (void)MHD_add_response_header(r, name, value);
}

void answer_headers(const struct httpd *h, struct MHD_Response *r)
{
    /* Scripts are static files of ours, and only the team's pages have some. */
    answer_header(r, "Content-Security-Policy",
                  h->s.staff
                      ? "default-src 'none'; script-src 'self'; connect-src 'self'; " CSP_COMMON
                      : "default-src 'none'; " CSP_COMMON);
    answer_header(r, "X-Content-Type-Options", "nosniff");
    answer_header(r, "X-Frame-Options", "DENY");
    answer_header(r, "Referrer-Policy", "no-referrer");
    answer_header(r, "Cross-Origin-Opener-Policy", "same-origin");
    answer_header(r, "Cross-Origin-Resource-Policy", "same-origin");
    answer_header(r, "Cross-Origin-Embedder-Policy", "require-corp");
    answer_header(r, "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()");
    if (h->s.https)
        answer_header(r, "Strict-Transport-Security", "max-age=63072000");
}

/* A field value out of a borrowed text; nothing when it could break out of its line. */
static void text_header(struct MHD_Response *r, const char *name, struct str value)
{
    AUTO(mem) char *c = NULL;
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char)value.p[i] < 0x20 || value.p[i] == 0x7f)
            return;
    if (value.n == 0)
        return;
    c = str_dup(value);
    answer_header(r, name, c);
}

/* RFC 6266 with the extended form of RFC 8187, so that any name survives. */
static void file_name_header(struct MHD_Response *r, struct str name)
{
    AUTO(buf) struct buf b = BUF_INIT(HTTP_PATH_MAX);
    buf_adds(&b, "attachment; filename=\"");
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool plain = ascii_is_alnum(c) || c == '.' || c == '-' || c == '_';
        buf_addc(&b, plain ? c : '_');
    }
    buf_adds(&b, "\"; filename*=UTF-8''");
    html_urlpart(&b, name);
    if (!b.over)
        text_header(r, "Content-Disposition", buf_str(&b));
    else
        answer_header(r, "Content-Disposition", "attachment");
}

enum MHD_Result answer_send(struct hreq *q, int status, struct MHD_Response *r)
{
    q->stage = STAGE_DONE;
    if (q->hcon) {
        q->hcon->writing = true;
        q->hcon->since_us = clock_mono_us();
    }
    enum MHD_Result done = MHD_queue_response(q->con, (unsigned)status, r);
    MHD_destroy_response(r);
    return done;
}

enum MHD_Result answer_error(struct hreq *q, int status, const char *why)
{
    AUTO(buf) struct buf page = BUF_INIT(HTTP_BODY_DEFAULT);
    error_page(&page, status, str_c(why));
    struct MHD_Response *r =
        MHD_create_response_from_buffer(page.n, (void *)page.p, MHD_RESPMEM_MUST_COPY);
    if (r == NULL)
        return MHD_NO;
    answer_headers(q->h, r);
    answer_header(r, "Content-Type", "text/html; charset=utf-8");
    answer_header(r, "Cache-Control", "no-store");
    answer_header(r, "Connection", "close");
    if (status == 503)
        answer_header(r, "Retry-After", "5");
    if (status == 405)
        answer_header(r, "Allow", "GET, HEAD, POST");
    return answer_send(q, status, r);
}

enum MHD_Result answer_asset(struct hreq *q, const struct web_asset *a)
{
    struct MHD_Response *r =
        MHD_create_response_from_buffer(a->bytes.n, (void *)a->bytes.p, MHD_RESPMEM_PERSISTENT);
    if (r == NULL)
        return MHD_NO;
    answer_headers(q->h, r);
    text_header(r, "Content-Type", a->type);
    answer_header(r, "Cache-Control", STATIC_LIFE);
    return answer_send(q, 200, r);
}

struct MHD_Response *answer_make(const struct httpd *h, const struct httpd_answer *a)
{
    struct MHD_Response *r = NULL;
    struct stat st;
    if (a->fd < 0)
        r = MHD_create_response_from_buffer(a->body.n, (void *)a->body.p, MHD_RESPMEM_MUST_COPY);
    else if (fstat(a->fd, &st) == 0 && S_ISREG(st.st_mode))
        r = MHD_create_response_from_fd64((uint64_t)st.st_size, a->fd);
    if (r == NULL) {
        if (a->fd >= 0)
            close(a->fd);
        return NULL;
    }
    answer_headers(h, r);
    if (a->file_name.n) {
        answer_header(r, "Content-Type", "application/octet-stream");
        file_name_header(r, a->file_name);
    } else {
        text_header(r, "Content-Type", a->content_type);
    }
    text_header(r, "Location", a->location);
    text_header(r, "Set-Cookie", a->set_cookie);
    answer_header(r, "Cache-Control", a->cacheable ? SHORT_LIFE : "no-store");
    return r;
}
