/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_HTTP_H
#define VULNDESK_WEB_HTTP_H

#include "base/buf.h"

/*
 * One request and one answer between httpd and core, and the small parsers for what is inside a
 * request.  Everything that a browser sends is hostile; httpd has checked the frame (one Host,
 * tokens, lengths), the content is checked here.
 */
#define HTTP_PATH_MAX      2048 /* bytes of path and query together */
#define HTTP_COOKIE_MAX    4096 /* bytes of the Cookie field */
#define HTTP_AUTH_MAX      255  /* bytes of the Authorization field */
#define HTTP_TYPE_MAX      255  /* bytes of the Content-Type field */
#define HTTP_HOST_MAX      255
#define HTTP_FORM_FIELDS   64 /* fields of one form */
#define HTTP_FORM_NAME_MAX 64 /* bytes of one field's name, decoded */
/* Bytes of one field's value, decoded: more than any text may have, so that what is too long for
 * its rule still comes back with the refusal. */
#define HTTP_FORM_VALUE_MAX   1048576
#define HTTP_FORM_FILES       20  /* files of one form */
#define HTTP_FILE_NAME_MAX    255 /* bytes of a file's name */
#define HTTP_COOKIES_MAX      32  /* cookies looked at in one request */
#define HTTP_COOKIE_VALUE_MAX 256
#define HTTP_BODY_DEFAULT     1048576  /* body of one request unless the settings say otherwise */
#define HTTP_WAIT_MAX         64       /* letters of a spool record's id */
#define HTTP_ANSWER_MAX       16777216 /* body of one answer */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST };

/* Borrowed texts.  path begins with '/', is visible ASCII and not decoded; query is without '?'. */
struct http_request {
    bool staff; /* which of the two instances it came from */
    enum http_method method;
    struct str path, query, host, cookie, content_type, body;
    struct str authorization; /* as it came; only /metrics looks at it */
    struct str client;        /* numeric address of the peer, for limits */
    bool parts;               /* body is the typed parts of a form with files (web/multipart.h) */
};

/* Names of the forwarded file, where an answer is not a page but a part of a message: core fetches
 * the bytes through keys and parse, which this layer may not do. */
struct http_download {
    bool wanted;
    int64_t message_id;
    uint32_t part; /* 0: the whole raw message */
};

/* An answer that stays open and says when something changed (never what). */
struct http_stream {
    bool wanted;
    int64_t case_id;  /* 0: anything of the desk */
    char session[32]; /* its secret: the stream ends with it */
};

struct http_response {
    int status;
    struct buf body;       /* owned */
    struct buf set_cookie; /* value of one Set-Cookie field; empty = none */
    struct buf location;   /* of a redirect; empty = none */
    struct buf file_name;  /* not empty: a download, always as an attachment */
    const char *content_type;
    bool cacheable; /* public and the same for all, a few minutes; else no-store */
    struct http_download download;
    /* A spool record: the answer goes out once it is taken in, or after a few seconds. */
    char wait[HTTP_WAIT_MAX + 1];
    struct http_stream stream;
    struct err failed; /* our own mistake or the store's, for the log; rc RC_OK: none */
};

void http_response_init(struct http_response *r);
void http_response_release(struct http_response *r);
void http_response_auto(struct http_response *r);

const char *http_method_name(enum http_method m);
/* RC_INVALID for any other method. */
enum rc http_method_parse(struct str s, enum http_method *ret_m, struct err *e) WARN_UNUSED;

/* Decoded fields of a form or a query, in the order sent. Owned. */
struct http_form {
    struct http_field {
        struct str name, value; /* clean UTF-8, line ends as LF */
    } fields[HTTP_FORM_FIELDS];
    size_t n_fields;
    struct http_file {
        struct str field, name, type, bytes; /* clean; the bytes are what they are, borrowed */
    } files[HTTP_FORM_FILES];
    size_t n_files;
    size_t files_over; /* further files, left out */
    bool cut;          /* it was too large: only what came first is here */
    struct buf text;   /* holds the decoded bytes */
};
/*
 * Decodes application/x-www-form-urlencoded (WHATWG URL 5.1), strictly: RC_INVALID on a broken
 * percent sign or NUL, RC_LIMIT beyond the limits above.
 */
enum rc http_form_parse(struct str s, struct http_form *ret_f, struct err *e) WARN_UNUSED;
void http_form_release(struct http_form *f);
void http_form_auto(struct http_form *f);
/* First value of that name; the empty text when there is none. */
struct str http_form_get(const struct http_form *f, const char *name);
bool http_form_has(const struct http_form *f, const char *name);
/* True when the Content-Type is a urlencoded form. */
bool http_is_form(struct str content_type);

/*
 * The cookie of that name out of a Cookie field (RFC 6265 5.4).  RC_NOTFOUND when there is none or
 * when it is there twice (a planted one may be among them).
 */
enum rc http_cookie_get(struct str field, struct str name, struct str *ret_value, struct err *e)
    WARN_UNUSED;

/*
 * A Host field: a name, an IPv4 address or a bracketed IPv6 address, and perhaps a port. RC_INVALID
 * for everything else.
 */
enum rc http_host_check(struct str host, struct err *e) WARN_UNUSED;
/* RFC 9110 5.6.2 */
bool http_is_token(struct str s);

#endif
