/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guard in front of every request: libmicrohttpd is lenient, we are not.  Runs in httpd; input
 * is hostile.
 *
 * Two kinds of checks.  The words: tokens, one Host, one length, no controls.  And the layout:
 * libmicrohttpd cuts the head in place and hands out pointers into it, so the distance between two
 * of them tells what stood between.  A line that ended in a bare LF or CR, a folded line or a NUL
 * leaves another distance than CRLF does, although libmicrohttpd says nothing about it.  Should a
 * later version copy the fields instead, the distances are wrong for every request and all are
 * refused: the check fails closed, and the tests say so.
 */
#include "serve/httpd_guard.h"

static enum MHD_Result on_field(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_n,
                                const char *value, size_t value_n)
{
    struct guard_head *h = cls;
    (void)kind;
    if (h->n_fields == HTTPD_FIELDS_MAX) {
        h->too_many = true;
        return MHD_NO;
    }
    struct guard_field *f = &h->fields[h->n_fields++];
    f->name = str_of(key, key_n);
    /* Not str_of(): where an empty value stands matters to the layout. */
    f->value = value ? (struct str){value, value_n} : (struct str){"", 0};
    return MHD_YES;
}

void guard_collect(struct MHD_Connection *con, const char *method, struct str target,
                   const char *version, struct guard_head *ret_h)
{
    *ret_h =
        (struct guard_head){.method = str_c(method), .target = target, .version = str_c(version)};
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(con, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (size)
        ret_h->size = size->header_size;
    MHD_get_connection_values_n(con, MHD_HEADER_KIND, on_field, ret_h);
}

#define GAP_LINE 2 /* CR LF */
#define GAP_END  4 /* CR LF CR LF */

static bool layout_ok(const struct guard_head *h)
{
    /* method SP target SP version CRLF */
    const char *at = h->method.p + h->method.n + 1 + h->target.n + 1;
    if (h->version.p != at)
        return false;
    at += h->version.n;
    for (size_t i = 0; i < h->n_fields; i++) {
        const struct guard_field *f = &h->fields[i];
        if (f->name.p != at + GAP_LINE)
            return false;
        const char *colon = f->name.p + f->name.n;
        if (f->value.p <= colon || (size_t)(f->value.p - h->method.p) > h->size)
            return false;
        for (const char *c = colon + 1; c < f->value.p; c++)
            if (*c != ' ' && *c != '\t')
                return false;
        at = f->value.p + f->value.n;
    }
    return (size_t)(at + GAP_END - h->method.p) == h->size;
}

static bool value_ok(struct str v)
{
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool is_visible(struct str s, bool spaces)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x21 && !(spaces && c == ' ')) || c > 0x7e)
            return false;
    }
    return true;
}

static int refuse(struct err *e, int status, const char *why)
{
    /* The text goes to the client; the rc only carries it. */
    (void)err_set(e, RC_INVALID, "%s", why);
    return status;
}

static int check_line(const struct guard_head *h, struct guard_result *r, struct err *e)
{
    if (!http_is_token(h->method))
        return refuse(e, 400, "The method is not a word.");
    if (!str_eq(h->version, STR("HTTP/1.1")) && !str_eq(h->version, STR("HTTP/1.0")))
        return refuse(e, 505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
    if (h->target.n > HTTP_PATH_MAX)
        return refuse(e, 414, "The address is too long.");
    if (h->target.n == 0 || h->target.p[0] != '/' || !is_visible(h->target, false) ||
        str_chr(h->target, '#') != STR_NPOS)
        return refuse(e, 400, "The address must be a path in visible ASCII.");
    if (http_method_parse(h->method, &r->method, NULL) != RC_OK)
        return refuse(e, 405, "Only GET, HEAD and POST are answered here.");
    size_t mark = str_chr(h->target, '?');
    r->path = str_sub(h->target, 0, mark == STR_NPOS ? h->target.n : mark);
    r->query = mark == STR_NPOS ? STR_NONE : str_sub(h->target, mark + 1, h->target.n);
    return 0;
}

/* Once: puts the value into *to, or says that it came twice. */
static bool once(struct str *to, unsigned *n, struct str value)
{
    *to = value;
    return ++*n == 1;
}

struct counts {
    unsigned host, length, coding, cookie, type, forwarded, expect, authorization;
    struct str length_text, coding_text, expect_text;
    bool foreign; /* a page of another site made the browser send it */
};

static int check_field(const struct guard_field *f, struct guard_result *r, struct counts *n,
                       struct err *e)
{
    struct str v = str_trim(f->value);
    if (!http_is_token(f->name))
        return refuse(e, 400, "A field name is not a word.");
    if (!value_ok(f->value))
        return refuse(e, 400, "A field holds a control character.");
    if (str_eq_nocase(f->name, STR("host")) && !once(&r->host, &n->host, v))
        return refuse(e, 400, "There is more than one Host.");
    if (str_eq_nocase(f->name, STR("content-length")) && !once(&n->length_text, &n->length, v))
        return refuse(e, 400, "There is more than one Content-Length.");
    if (str_eq_nocase(f->name, STR("transfer-encoding")) && !once(&n->coding_text, &n->coding, v))
        return refuse(e, 400, "There is more than one Transfer-Encoding.");
    if (str_eq_nocase(f->name, STR("expect")) && !once(&n->expect_text, &n->expect, v))
        return refuse(e, 400, "There is more than one Expect.");
    if (str_eq_nocase(f->name, STR("cookie")) && !once(&r->cookie, &n->cookie, v))
        return refuse(e, 400, "There is more than one Cookie.");
    if (str_eq_nocase(f->name, STR("content-type")) && !once(&r->content_type, &n->type, v))
        return refuse(e, 400, "There is more than one Content-Type.");
    if (str_eq_nocase(f->name, STR("authorization")) &&
        !once(&r->authorization, &n->authorization, v))
        return refuse(e, 400, "There is more than one Authorization.");
    if (str_eq_nocase(f->name, STR("x-forwarded-for")))
        once(&r->forwarded_for, &n->forwarded, v);
    /* Origin would not do: our Referrer-Policy makes it "null" on our own forms. */
    if (str_eq_nocase(f->name, STR("sec-fetch-site")) && !str_eq_nocase(v, STR("same-origin")) &&
        !str_eq_nocase(v, STR("none")))
        n->foreign = true;
    return 0;
}

static int check_body(const struct guard_head *h, const struct counts *n, struct guard_result *r,
                      struct err *e)
{
    if (n->length && n->coding)
        return refuse(e, 400, "Content-Length and Transfer-Encoding exclude each other.");
    if (n->coding && !str_eq_nocase(n->coding_text, STR("chunked")))
        return refuse(e, 501, "The only transfer coding known here is chunked.");
    if (n->coding && str_eq(h->version, STR("HTTP/1.0")))
        return refuse(e, 400, "HTTP/1.0 has no Transfer-Encoding.");
    if (n->length && num_parse(n->length_text, 0, INT64_MAX, "Content-Length", &r->content_length,
                               NULL) != RC_OK)
        return refuse(e, 400, "Content-Length is not a number.");
    if (n->expect && !str_eq_nocase(n->expect_text, STR("100-continue")))
        return refuse(e, 417, "That expectation cannot be met.");
    r->expects = n->expect > 0;
    r->has_body = n->coding || r->content_length > 0;
    if (r->has_body && r->method != HTTP_POST)
        return refuse(e, 400, "Only a POST may have a body.");
    if (r->method == HTTP_POST && !n->length && !n->coding)
        return refuse(e, 411, "A POST needs a Content-Length.");
    return 0;
}

int guard_check(const struct guard_head *h, struct guard_result *ret_r, struct err *e)
{
    struct guard_result r = {.path = STR_NONE};
    struct counts n = {0};
    if (h->too_many)
        return refuse(e, 431, "There are too many fields.");
    int status = check_line(h, &r, e);
    for (size_t i = 0; i < h->n_fields && status == 0; i++)
        status = check_field(&h->fields[i], &r, &n, e);
    if (status)
        return status;
    if (n.host != 1 || http_host_check(r.host, NULL) != RC_OK)
        return refuse(e, 400, "There must be one Host that is a name.");
    if (!layout_ok(h))
        return refuse(e, 400, "A line does not end in CRLF, is folded or holds a NUL.");
    if (r.cookie.n > HTTP_COOKIE_MAX || r.content_type.n > HTTP_TYPE_MAX)
        return refuse(e, 431, "A field is too long.");
    /* Some proxies add what other programs behind them want: what cannot be ours is none. */
    if (r.authorization.n > HTTP_AUTH_MAX || !is_visible(r.authorization, true))
        r.authorization = STR_NONE;
    if (!is_visible(r.cookie, true) || !is_visible(r.content_type, true))
        return refuse(e, 400, "Cookie and Content-Type must be ASCII.");
    status = check_body(h, &n, &r, e);
    if (status)
        return status;
    if (n.foreign && r.method == HTTP_POST)
        return refuse(e, 403, "This form was sent by a page of another site.");
    if (n.forwarded > 1)
        r.forwarded_for = STR_NONE;
    *ret_r = r;
    return 0;
}
