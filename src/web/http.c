/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and answers between httpd and core, and the parsers for forms, cookies and host names.
 * Runs in httpd and core; input is what a browser or an attacker sent.
 */
#include "web/http.h"

#include "base/hex.h"
#include "base/utf8.h"

#include <arpa/inet.h>

void http_response_init(struct http_response *r)
{
    *r = (struct http_response){.status = 200, .content_type = "text/html; charset=utf-8"};
    buf_init(&r->body, HTTP_ANSWER_MAX);
    buf_init(&r->set_cookie, HTTP_COOKIE_MAX);
    buf_init(&r->location, HTTP_PATH_MAX);
    buf_init(&r->file_name, 255);
}

void http_response_release(struct http_response *r)
{
    buf_release(&r->body);
    buf_release(&r->set_cookie);
    buf_release(&r->location);
    buf_release(&r->file_name);
}

void http_response_auto(struct http_response *r)
{
    http_response_release(r);
}

static const char *const method_names[] = {
    [HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD", [HTTP_POST] = "POST"};

const char *http_method_name(enum http_method m)
{
    BUG_ON(m > HTTP_POST);
    return method_names[m];
}

enum rc http_method_parse(struct str s, enum http_method *ret_m, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(method_names); i++) {
        if (str_eq(s, str_c(method_names[i]))) {
            *ret_m = (enum http_method)i;
            return RC_OK;
        }
    }
    return err_set(e, RC_INVALID, "only GET, HEAD and POST are answered here");
}

bool http_is_token(struct str s)
{
    static const struct str marks = {"!#$%&'*+-.^_`|~", 15};
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_alnum(s.p[i]) && str_chr(marks, s.p[i]) == STR_NPOS)
            return false;
    return s.n > 0;
}

bool http_is_form(struct str content_type)
{
    struct str type = str_sub(content_type, 0, str_chr(content_type, ';'));
    return str_eq_nocase(str_trim(type), STR("application/x-www-form-urlencoded"));
}

/* Decodes one name or value behind what is already in b. */
static enum rc decode(struct str s, struct buf *b, struct err *e)
{
    AUTO(buf) struct buf raw = BUF_INIT(HTTP_FORM_VALUE_MAX);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            TRY(hex_get(str_sub(s, i + 1, 2), &c, 1, "a percent sign in the form", e));
            i += 2;
        }
        if (c == '\0')
            return err_set(e, RC_INVALID, "the form holds a NUL");
        buf_addc(&raw, c);
    }
    TRY(buf_ok(&raw, "a field of the form", e));
    utf8_clean(b, buf_str(&raw));
    return buf_ok(b, "the form", e);
}

struct span {
    size_t from, n;
};

static enum rc decode_field(struct str part, struct buf *b, struct span ret[2], struct err *e)
{
    size_t eq = str_chr(part, '=');
    ret[0].from = b->n;
    TRY(decode(str_sub(part, 0, eq == STR_NPOS ? part.n : eq), b, e));
    ret[0].n = b->n - ret[0].from;
    if (ret[0].n > HTTP_FORM_NAME_MAX)
        return err_set(e, RC_LIMIT, "a name in the form is longer than %d bytes",
                       HTTP_FORM_NAME_MAX);
    ret[1].from = b->n;
    if (eq != STR_NPOS)
        TRY(decode(str_sub(part, eq + 1, part.n), b, e));
    ret[1].n = b->n - ret[1].from;
    return RC_OK;
}

enum rc http_form_parse(struct str s, struct http_form *ret_f, struct err *e)
{
    /* Invalid bytes grow to three when they are cleaned. */
    AUTO(buf) struct buf text = BUF_INIT(3 * s.n + 1);
    struct span spans[HTTP_FORM_FIELDS][2];
    size_t n = 0;
    struct str part;
    while (str_cut(&s, '&', &part)) {
        if (part.n == 0)
            continue;
        if (n == HTTP_FORM_FIELDS)
            return err_set(e, RC_LIMIT, "the form has more than %d fields", HTTP_FORM_FIELDS);
        TRY(decode_field(part, &text, spans[n], e));
        n++;
    }
    /* Only now does the text stay where it is. */
    for (size_t i = 0; i < n; i++) {
        ret_f->fields[i].name = str_sub(buf_str(&text), spans[i][0].from, spans[i][0].n);
        ret_f->fields[i].value = str_sub(buf_str(&text), spans[i][1].from, spans[i][1].n);
    }
    ret_f->n_fields = n;
    ret_f->n_files = ret_f->files_over = 0;
    ret_f->cut = false;
    ret_f->text = text;
    buf_init(&text, 0);
    return RC_OK;
}

void http_form_release(struct http_form *f)
{
    buf_release(&f->text);
    f->n_fields = f->n_files = 0;
}

void http_form_auto(struct http_form *f)
{
    http_form_release(f);
}

static const struct http_field *form_find(const struct http_form *f, const char *name)
{
    for (size_t i = 0; i < f->n_fields; i++)
        if (str_eq(f->fields[i].name, str_c(name)))
            return &f->fields[i];
    return NULL;
}

struct str http_form_get(const struct http_form *f, const char *name)
{
    const struct http_field *field = form_find(f, name);
    return field ? field->value : STR_NONE;
}

bool http_form_has(const struct http_form *f, const char *name)
{
    return form_find(f, name) != NULL;
}

enum rc http_cookie_get(struct str field, struct str name, struct str *ret_value, struct err *e)
{
    struct str part, value = STR_NONE;
    unsigned seen = 0, hits = 0;
    while (str_cut(&field, ';', &part)) {
        if (++seen > HTTP_COOKIES_MAX)
            return err_set(e, RC_NOTFOUND, "too many cookies");
        part = str_trim(part);
        size_t eq = str_chr(part, '=');
        if (eq == STR_NPOS || !str_eq(str_sub(part, 0, eq), name))
            continue;
        hits++;
        value = str_sub(part, eq + 1, part.n);
    }
    if (hits != 1 || value.n == 0 || value.n > HTTP_COOKIE_VALUE_MAX)
        return err_set(e, RC_NOTFOUND, "no such cookie");
    *ret_value = value;
    return RC_OK;
}

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '.' && s.p[i] != '_')
            return false;
    return s.n > 0;
}

static bool is_ipv6(struct str s)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr addr;
    return str_copy(text, sizeof text, s, "address", NULL) == RC_OK &&
           inet_pton(AF_INET6, text, &addr) == 1;
}

enum rc http_host_check(struct str host, struct err *e)
{
    struct str name = host, port = STR_NONE;
    bool has_port = false;
    if (host.n > 0 && host.n <= HTTP_HOST_MAX && host.p[0] == '[') {
        size_t end = str_chr(host, ']');
        if (end == STR_NPOS || !is_ipv6(str_sub(host, 1, end - 1)))
            return err_set(e, RC_INVALID, "Host is no address");
        port = str_sub(host, end + 1, host.n);
        has_port = port.n > 0;
        if (has_port && port.p[0] != ':')
            return err_set(e, RC_INVALID, "Host is no address");
        port = str_sub(port, 1, port.n);
    } else {
        size_t colon = str_chr(host, ':');
        has_port = colon != STR_NPOS;
        name = str_sub(host, 0, has_port ? colon : host.n);
        port = has_port ? str_sub(host, colon + 1, host.n) : STR_NONE;
        if (host.n > HTTP_HOST_MAX || !is_name(name))
            return err_set(e, RC_INVALID, "Host is no name");
    }
    uint64_t n;
    return has_port ? num_parse(port, 1, 65535, "the port of Host", &n, e) : RC_OK;
}
