/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd over a real socket: good requests arrive as they were sent, malformed ones never reach
 * core.  One thread: the test steps the server and looks at its own end of the socket in turn.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "os/clock.h"
#include "os/file.h"
#include "os/sock.h"
#include "serve/httpd.h"
#include "web/html.h"
#include "web/multipart.h"

#define DEADLINE_US (10 * INT64_C(1000000))
#define BODY_MAX    65536

/* What stands in for core. */
struct bench {
    struct httpd *h;
    uint16_t port;
    unsigned asked;      /* requests that came through */
    bool hold;           /* do not answer at once */
    bool stream;         /* answer with a stream */
    unsigned left;       /* streams whose client left */
    enum rc refuse_with; /* not RC_OK: submit fails */
    uint32_t id;         /* of the newest request */
    struct buf path, query, cookie, body, host, client;
    bool parts;
    enum http_method method;
    const char *set_cookie, *location;
    struct httpd_settings s;
};

static void set_text(struct buf *b, struct str s)
{
    buf_reset(b);
    buf_add(b, s);
}

static enum rc submit(void *ctx, uint32_t id, const struct http_request *r, struct err *e)
{
    struct bench *t = ctx;
    t->asked++;
    t->id = id;
    t->method = r->method;
    t->parts = r->parts;
    set_text(&t->path, r->path);
    set_text(&t->query, r->query);
    set_text(&t->cookie, r->cookie);
    set_text(&t->body, r->body);
    set_text(&t->host, r->host);
    set_text(&t->client, r->client);
    if (t->refuse_with != RC_OK)
        return err_set(e, t->refuse_with, "no");
    if (!t->hold) {
        struct httpd_answer a = {
            .status = 200,
            .content_type = STR("text/plain"),
            .location = str_c(t->location),
            .set_cookie = str_c(t->set_cookie),
            .body = t->stream ? STR_NONE : STR("fine"),
            .stream = t->stream,
            .fd = -1,
        };
        httpd_answer(t->h, id, &a);
    }
    return RC_OK;
}

static void gone(void *ctx, uint32_t id)
{
    struct bench *t = ctx;
    assert_true(id != 0);
    t->left++;
}

static void open_server(struct bench *t)
{
    struct err e = ERR_INIT;
    int fd = -1;
    assert_int_equal(sock_listen(STR("127.0.0.1:0"), &fd, &e), RC_OK);
    assert_int_equal(sock_port(fd, &t->port, &e), RC_OK);
    t->s.listen_fd = fd;
    t->s.body_max = BODY_MAX;
    struct httpd_hooks hooks = {.ctx = t, .submit = submit, .gone = gone};
    assert_int_equal(httpd_new(&t->s, &hooks, &t->h, &e), RC_OK);
}

static void bench_init(struct bench *t)
{
    *t = (struct bench){0};
    struct buf *all[] = {&t->path, &t->query, &t->cookie, &t->body, &t->host, &t->client};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        buf_init(all[i], 1 << 20);
}

static int setup(void **state)
{
    struct bench *t = mem_zalloc(sizeof *t);
    bench_init(t);
    open_server(t);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct bench *t = *state;
    struct buf *all[] = {&t->path, &t->query, &t->cookie, &t->body, &t->host, &t->client};
    httpd_free(t->h);
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        buf_release(all[i]);
    free(t);
    return 0;
}

static int dial(struct bench *t)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(t->port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    struct err e = ERR_INIT;
    assert_int_equal(sock_nonblock(fd, &e), RC_OK);
    return fd;
}

static void step(struct bench *t)
{
    struct err e = ERR_INIT;
    assert_int_equal(httpd_step(t->h, 5, &e), RC_OK);
}

/* Sends all, stepping the server; false when the server closed meanwhile. */
static bool push(struct bench *t, int fd, struct str s)
{
    int64_t end = clock_mono_us() + DEADLINE_US;
    while (s.n > 0) {
        assert_true(clock_mono_us() < end);
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
            return false;
        if (n > 0)
            s = str_sub(s, (size_t)n, s.n);
        step(t);
    }
    return true;
}

/* Reads until `end_mark` came or the server closed. */
static void pull(struct bench *t, int fd, struct buf *b, const char *end_mark)
{
    int64_t end = clock_mono_us() + DEADLINE_US;
    for (;;) {
        assert_true(clock_mono_us() < end);
        char part[4096];
        ssize_t n = recv(fd, part, sizeof part, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK))
            return;
        if (n > 0)
            buf_add(b, str_of(part, (size_t)n));
        if (end_mark && str_find(buf_str(b), str_c(end_mark)) != STR_NPOS)
            return;
        step(t);
    }
}

static int status_of(struct str answer)
{
    if (!str_starts(answer, STR("HTTP/1.1 ")) && !str_starts(answer, STR("HTTP/1.0 ")))
        return 0;
    uint64_t n = 0;
    if (num_parse(str_sub(answer, 9, 3), 100, 599, "status", &n, NULL) != RC_OK)
        return 0;
    return (int)n;
}

/* One connection, one request, the status of the answer; 0: closed without one. */
static int ask(struct bench *t, struct str request, struct buf *answer)
{
    int fd = dial(t);
    buf_reset(answer);
    (void)push(t, fd, request);
    (void)shutdown(fd, SHUT_WR);
    pull(t, fd, answer, NULL);
    close(fd);
    return status_of(buf_str(answer));
}

#define HOST "Host: desk.example\r\n"

static void good_request_arrives_whole(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    struct str r = STR("POST /case/X-2026-0001/reply?a=b&c HTTP/1.1\r\nHost: desk.example:8443\r\n"
                       "Cookie: a=1; b=2\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                       "X-Empty:\r\nX-Space:   \tx\r\nContent-Length: 9\r\nConnection: close\r\n"
                       "\r\ntext=h%C3");
    assert_int_equal(ask(t, r, &a), 200);
    assert_int_equal(t->asked, 1);
    assert_int_equal(t->method, HTTP_POST);
    assert_string_equal(buf_c(&t->path), "/case/X-2026-0001/reply");
    assert_string_equal(buf_c(&t->query), "a=b&c");
    assert_string_equal(buf_c(&t->host), "desk.example:8443");
    assert_string_equal(buf_c(&t->cookie), "a=1; b=2");
    assert_string_equal(buf_c(&t->body), "text=h%C3");
    assert_string_equal(buf_c(&t->client), "127.0.0.1");
    assert_true(str_ends(buf_str(&a), STR("\r\n\r\nfine")));
}

/* Our own forms, reloads, and links on other pages to ours. */
static void own_forms_and_foreign_links_arrive(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    struct str all[] = {
        STR("POST / HTTP/1.1\r\n" HOST "Sec-Fetch-Site: same-origin\r\nContent-Length: 0\r\n"
            "Connection: close\r\n\r\n"),
        STR("POST / HTTP/1.1\r\n" HOST "Sec-Fetch-Site: none\r\nContent-Length: 0\r\n"
            "Connection: close\r\n\r\n"),
        STR("GET / HTTP/1.1\r\n" HOST "Sec-Fetch-Site: cross-site\r\nConnection: close\r\n\r\n"),
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        assert_int_equal(ask(t, all[i], &a), 200);
}

static void path_and_query_are_not_decoded(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    assert_int_equal(
        ask(t, STR("GET /a%2fb%00?x=%41+%26 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), &a),
        200);
    assert_string_equal(buf_c(&t->path), "/a%2fb%00");
    assert_string_equal(buf_c(&t->query), "x=%41+%26");
}

static void chunked_body_arrives_whole(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    assert_int_equal(ask(t,
                         STR("POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
                             "Connection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
                         &a),
                     200);
    assert_string_equal(buf_c(&t->body), "abcde");
}

static void keeps_the_connection_for_the_next(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    int fd = dial(t);
    for (unsigned i = 1; i <= 3; i++) {
        buf_reset(&a);
        assert_true(push(t, fd, STR("GET / HTTP/1.1\r\n" HOST "\r\n")));
        pull(t, fd, &a, "fine");
        assert_int_equal(status_of(buf_str(&a)), 200);
        assert_int_equal(t->asked, i);
    }
    close(fd);
}

static void pipelined_requests_are_answered_in_turn(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    assert_int_equal(ask(t,
                         STR("GET /1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST
                             "Connection: close\r\n\r\n"),
                         &a),
                     200);
    assert_int_equal(t->asked, 2);
    assert_string_equal(buf_c(&t->path), "/2");
}

static void every_answer_carries_the_protections(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    AUTO(buf) struct buf req = BUF_INIT(1000);
    buf_addf(&req, "GET %.*s HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
             STR_ARG(web_assets[0].path));
    struct str all[] = {STR("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"),
                        STR("BAD / HTTP/1.1\r\n" HOST "\r\n"), buf_str(&req)};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        ask(t, all[i], &a);
        struct str s = buf_str(&a);
        assert_true(
            str_find(s, STR("Content-Security-Policy: default-src 'none'; style-src 'self'; "
                            "img-src 'self'; form-action 'self'; frame-ancestors 'none'; "
                            "base-uri 'none'\r\n")) != STR_NPOS);
        assert_true(str_find(s, STR("X-Content-Type-Options: nosniff\r\n")) != STR_NPOS);
        assert_true(str_find(s, STR("Referrer-Policy: no-referrer\r\n")) != STR_NPOS);
        assert_true(str_find(s, STR("Cross-Origin-Opener-Policy: same-origin\r\n")) != STR_NPOS);
        assert_true(str_find(s, i == 2 ? STR("Cache-Control: public, max-age=31536000, immutable")
                                       : STR("Cache-Control: no-store\r\n")) != STR_NPOS);
    }
}

static void static_files_need_no_core(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20), req = BUF_INIT(1000);
    buf_addf(&req, "GET %.*s HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
             STR_ARG(web_assets[0].path));
    assert_int_equal(ask(t, buf_str(&req), &a), 200);
    assert_int_equal(t->asked, 0);
    assert_true(str_ends(buf_str(&a), web_assets[0].bytes));
}

static void a_cookie_cannot_split_the_answer(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    t->location = "/x\r\nX-Evil: 1";
    t->set_cookie = "s=1; HttpOnly";
    assert_int_equal(ask(t, STR("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), &a), 200);
    assert_int_equal(str_find(buf_str(&a), STR("X-Evil")), STR_NPOS);
    assert_true(str_find(buf_str(&a), STR("Set-Cookie: s=1; HttpOnly\r\n")) != STR_NPOS);
}

static void download_is_always_an_attachment(void **state)
{
    struct bench *t = *state;
    struct err e = ERR_INIT;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    t->hold = true;
    int fd = dial(t);
    assert_true(push(t, fd, STR("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n")));
    while (t->asked == 0)
        step(t);
    struct httpd_answer d = {
        .status = 200, .content_type = STR("text/html"), .file_name = STR("p\xc3\xb6\"\r\nx.html")};
    assert_int_equal(memfd_of(STR("<script>"), "part", &d.fd, &e), RC_OK);
    httpd_answer(t->h, t->id, &d);
    pull(t, fd, &a, NULL);
    close(fd);
    assert_true(str_find(buf_str(&a), STR("Content-Type: application/octet-stream\r\n")) !=
                STR_NPOS);
    assert_true(
        str_find(buf_str(&a), STR("Content-Disposition: attachment; filename=\"p_____x.html\"; "
                                  "filename*=UTF-8''p%C3%B6%22%0D%0Ax.html\r\n")) != STR_NPOS);
    assert_true(str_ends(buf_str(&a), STR("\r\n\r\n<script>")));
}

static void late_and_foreign_answers_are_ignored(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    t->hold = true;
    int fd = dial(t);
    assert_true(push(t, fd, STR("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n")));
    while (t->asked == 0)
        step(t);
    struct httpd_answer ok = {.status = 200, .body = STR("one"), .fd = -1};
    httpd_answer(t->h, t->id ^ 1, &ok);
    httpd_answer(t->h, 0, &ok);
    httpd_answer(t->h, t->id, &ok);
    httpd_answer(t->h, t->id, &ok);
    pull(t, fd, &a, NULL);
    close(fd);
    assert_true(str_ends(buf_str(&a), STR("\r\n\r\none")));
    httpd_answer(t->h, t->id, &ok);
}

static void failures_of_core_become_their_status(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    t->refuse_with = RC_BUSY;
    assert_int_equal(ask(t, STR("GET / HTTP/1.1\r\n" HOST "\r\n"), &a), rc_http(RC_BUSY));
}

static void silent_core_is_504(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    struct httpd_settings keep = t->s;
    httpd_free(t->h);
    t->h = NULL;
    t->s = keep;
    t->s.answer_ms = 1;
    open_server(t);
    t->hold = true;
    assert_int_equal(ask(t, STR("GET / HTTP/1.1\r\n" HOST "\r\n"), &a), 504);
}

static void proxy_address_counts_only_behind_one(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    struct str r = STR("GET / HTTP/1.1\r\n" HOST
                       "X-Forwarded-For: 192.0.2.1, 198.51.100.7\r\nConnection: close\r\n\r\n");
    assert_int_equal(ask(t, r, &a), 200);
    assert_string_equal(buf_c(&t->client), "127.0.0.1");
    httpd_free(t->h);
    t->s.behind_proxy = true;
    open_server(t);
    assert_int_equal(ask(t, r, &a), 200);
    assert_string_equal(buf_c(&t->client), "198.51.100.7");
}

/* The requests of stack.md 3 and their neighbours: none may reach core or be answered with 200. */
struct bad {
    const char *name;
    struct str text;
    int status; /* 0: any refusal, or a closed connection */
};
#define G "GET / HTTP/1.1\r\n"
#define P "POST / HTTP/1.1\r\n" HOST
#define B(s)                                                                                       \
    {                                                                                              \
        s, sizeof(s) - 1                                                                           \
    }

static const struct bad bad_requests[] = {
    {"no Host", B(G "\r\n"), 400},
    {"two Hosts", B(G HOST HOST "\r\n"), 400},
    {"two different Hosts", B(G HOST "Host: other.example\r\n\r\n"), 400},
    {"Host with a path", B(G "Host: desk.example/x\r\n\r\n"), 400},
    {"Host with a space", B(G "Host: desk example\r\n\r\n"), 400},
    {"Host with user", B(G "Host: a@desk.example\r\n\r\n"), 400},
    {"Host with a bad port", B(G "Host: desk.example:99999\r\n\r\n"), 400},
    {"Host with a broken IPv6 address", B(G "Host: [::1\r\n\r\n"), 400},
    {"empty Host", B(G "Host:\r\n\r\n"), 400},
    {"no Host in HTTP/1.0", B("GET / HTTP/1.0\r\n\r\n"), 400},
    {"length and chunked", B(P "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     400},
    {"chunked and length", B(P "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
     400},
    {"two lengths", B(P "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"), 400},
    {"two different lengths", B(P "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), 400},
    {"length list", B(P "Content-Length: 5, 5\r\n\r\nhello"), 400},
    {"signed length", B(P "Content-Length: +5\r\n\r\nhello"), 400},
    {"negative length", B(P "Content-Length: -5\r\n\r\nhello"), 400},
    {"hexadecimal length", B(P "Content-Length: 0x5\r\n\r\nhello"), 400},
    {"length too large for 64 bits", B(P "Content-Length: 99999999999999999999\r\n\r\nhello"), 0},
    {"empty length", B(P "Content-Length:\r\n\r\nhello"), 400},
    {"unknown coding", B(P "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n"), 501},
    {"coding list", B(P "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501},
    {"coding with a vertical tab", B(P "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n"), 400},
    {"near-chunked", B(P "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 501},
    {"two codings",
     B(P "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
    {"identity", B(P "Transfer-Encoding: identity\r\n\r\n"), 501},
    {"chunked in HTTP/1.0",
     B("POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400},
    {"negative chunk", B(P "Transfer-Encoding: chunked\r\n\r\n-1\r\nab\r\n0\r\n\r\n"), 0},
    {"chunk without a size", B(P "Transfer-Encoding: chunked\r\n\r\n\r\nab\r\n0\r\n\r\n"), 0},
    {"chunk larger than 64 bits",
     B(P "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nab\r\n0\r\n\r\n"), 0},
    {"chunk longer than its size", B(P "Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n"),
     0},
    {"space before the colon", B(G HOST "X-A : b\r\n\r\n"), 400},
    {"tab before the colon", B(G HOST "X-A\t: b\r\n\r\n"), 400},
    {"field without a colon", B(G HOST "nonsense\r\n\r\n"), 400},
    {"empty field name", B(G HOST ": b\r\n\r\n"), 400},
    {"field name with a parenthesis", B(G HOST "X(a): b\r\n\r\n"), 400},
    {"field name with UTF-8", B(G HOST "X-\xc3\xa4: b\r\n\r\n"), 400},
    {"control byte in a value", B(G HOST "X-A: b\001c\r\n\r\n"), 400},
    {"DEL in a value", B(G HOST "X-A: b\177c\r\n\r\n"), 400},
    {"NUL in a value", B(G HOST "X-A: b\0c\r\n\r\n"), 400},
    {"NUL in a name", B(G HOST "X-A\0: b\r\n\r\n"), 400},
    {"NUL in the path", B("GET /a\0b HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"NUL and a hidden field", B(G HOST "X-A: b\0\r\nX-B: c\r\n\r\n"), 400},
    {"folded line", B(G HOST "X-A: b\r\n c\r\n\r\n"), 400},
    {"folded line with a tab", B(G HOST "X-A: b\r\n\tc\r\n\r\n"), 400},
    {"folded first line", B(G " " HOST "\r\n"), 400},
    {"folded last line", B(G HOST " \r\n\r\n"), 400},
    {"folded length", B(P "Content-Length:\r\n 5\r\n\r\nhello"), 400},
    {"bare LF everywhere", B("GET / HTTP/1.1\nHost: desk.example\n\n"), 400},
    {"bare LF after the request line", B("GET / HTTP/1.1\n" HOST "\r\n"), 400},
    {"bare LF after a field", B(G "Host: desk.example\nX-A: b\r\n\r\n"), 400},
    {"bare LF hidden by a space", B(G HOST "X-A: b\nX-B:  c\r\n\r\n"), 400},
    {"bare LF at the end", B(G HOST "\n"), 400},
    {"bare CR after a field", B(G "Host: desk.example\rX-A: b\r\n\r\n"), 400},
    {"bare CR in a value", B(G HOST "X-A: b\rc: d\r\n\r\n"), 400},
    {"two CRs", B(G HOST "X-A: b\r\r\n\r\n"), 400},
    {"method that is no word", B("GE(T / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"unknown method", B("FETCH / HTTP/1.1\r\n" HOST "\r\n"), 405},
    {"method in small letters", B("get / HTTP/1.1\r\n" HOST "\r\n"), 405},
    {"TRACE", B("TRACE / HTTP/1.1\r\n" HOST "\r\n"), 405},
    {"CONNECT", B("CONNECT desk.example:443 HTTP/1.1\r\n" HOST "\r\n"), 0},
    {"HTTP/0.9", B("GET /\r\n"), 0},
    {"no version", B("GET / \r\n" HOST "\r\n"), 0},
    {"HTTP/2.0", B("GET / HTTP/2.0\r\n" HOST "\r\n"), 505},
    {"HTTP/1.2", B("GET / HTTP/1.2\r\n" HOST "\r\n"), 505},
    {"broken version", B("GET / HTTP/1.1x\r\n" HOST "\r\n"), 0},
    {"space in the path", B("GET /a b HTTP/1.1\r\n" HOST "\r\n"), 0},
    {"two spaces", B("GET  / HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"tab instead of space", B("GET\t/\tHTTP/1.1\r\n" HOST "\r\n"), 0},
    {"space before the method", B(" GET / HTTP/1.1\r\n" HOST "\r\n"), 0},
    {"absolute address", B("GET http://other.example/ HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"path without a slash", B("GET x HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"path with a fragment", B("GET /x#y HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"path with UTF-8", B("GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"GET with a body", B(G HOST "Content-Length: 5\r\n\r\nhello"), 400},
    {"POST without a length", B(P "\r\n"), 411},
    {"unknown expectation", B(P "Expect: magic\r\nContent-Length: 1\r\n\r\nx"), 417},
    {"two cookies", B(G HOST "Cookie: a=1\r\nCookie: b=2\r\n\r\n"), 400},
    {"form of another site", B(P "Sec-Fetch-Site: cross-site\r\nContent-Length: 1\r\n\r\nx"), 403},
    {"form of a neighbour", B(P "Sec-Fetch-Site: same-site\r\nContent-Length: 1\r\n\r\nx"), 403},
    {"form of a liar",
     B(P "Sec-Fetch-Site: same-origin\r\nsec-fetch-site: cross-site\r\nContent-Length: 1\r\n\r\nx"),
     403},
    {"cookie that is not ASCII", B(G HOST "Cookie: a=\xff\r\n\r\n"), 400},
};

static void malformed_requests_never_reach_core(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    unsigned wrong = 0;
    for (size_t i = 0; i < ARRAY_LEN(bad_requests); i++) {
        const struct bad *b = &bad_requests[i];
        t->asked = 0;
        int status = ask(t, b->text, &a);
        bool refused = status == 0 || status >= 400;
        if (t->asked || !refused || (b->status && status != b->status)) {
            print_error("%s: status %d, wanted %d, reached core: %u\n", b->name, status, b->status,
                        t->asked);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void too_much_is_refused(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20), r = BUF_INIT(1 << 22);
    buf_adds(&r, "GET /");
    for (int i = 0; i < HTTP_PATH_MAX; i++)
        buf_addc(&r, 'a');
    buf_adds(&r, " HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(ask(t, buf_str(&r), &a), 414);

    buf_reset(&r);
    buf_adds(&r, "GET / HTTP/1.1\r\n" HOST);
    for (int i = 0; i < HTTPD_FIELDS_MAX; i++)
        buf_addf(&r, "X-%d: y\r\n", i);
    buf_adds(&r, "\r\n");
    assert_int_equal(ask(t, buf_str(&r), &a), 431);

    buf_reset(&r);
    buf_adds(&r, "GET / HTTP/1.1\r\n" HOST "X: ");
    for (int i = 0; i < 100000; i++)
        buf_addc(&r, 'y');
    buf_adds(&r, "\r\n\r\n");
    int status = ask(t, buf_str(&r), &a);
    assert_true(status == 0 || status == 431);
    assert_int_equal(t->asked, 0);
}

static void large_bodies_are_413_after_they_were_read(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20), r = BUF_INIT(1 << 22);
    buf_addf(&r, "POST / HTTP/1.1\r\n" HOST "Content-Length: %d\r\nConnection: close\r\n\r\n",
             1 << 20);
    for (int i = 0; i < 1 << 20; i++)
        buf_addc(&r, 'x');
    assert_int_equal(ask(t, buf_str(&r), &a), 413);

    buf_reset(&r);
    buf_adds(&r, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        buf_adds(&r, "2000\r\n");
        for (int k = 0; k < 0x2000; k++)
            buf_addc(&r, 'x');
        buf_adds(&r, "\r\n");
    }
    buf_adds(&r, "0\r\n\r\n");
    assert_int_equal(ask(t, buf_str(&r), &a), 413);

    /* Asked first: refused before a byte of it is sent. */
    struct str asked = STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 999999\r\n"
                           "Expect: 100-continue\r\n\r\n");
    assert_int_equal(ask(t, asked, &a), 413);
    assert_int_equal(t->asked, 0);
}

/* ---- forms with files ---- */

#define PART(name, more) "--b\r\nContent-Disposition: form-data; name=\"" name "\"" more "\r\n\r\n"

/* A POST of body; type: after "Content-Type: ". */
static int ask_form(struct bench *t, const char *type, struct str body, struct buf *answer)
{
    AUTO(buf) struct buf r = BUF_INIT(1 << 22);
    buf_addf(&r,
             "POST /new HTTP/1.1\r\n" HOST "Content-Type: %s\r\nContent-Length: %zu\r\n"
             "Connection: close\r\n\r\n",
             type, body.n);
    buf_add(&r, body);
    return ask(t, buf_str(&r), answer);
}

static void a_form_with_files_arrives_in_parts(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    AUTO(http_form) struct http_form f = {.n_fields = 0};
    struct str body = STR(PART("title", "") "A hole\r\n" PART(
        "files", "; filename=\"poc\"") "\0\r\n--bb\r\n--b--\r\n");
    /* The boundary stands in the file as the begin of a longer word: refused, not guessed. */
    assert_int_equal(ask_form(t, "multipart/form-data; boundary=b", body, &a), 400);
    assert_int_equal(t->asked, 0);
    body =
        STR(PART("title", "") "A hole\r\n" PART("files", "; filename=\"poc\"") "\0\r\n--b--\r\n");
    assert_int_equal(ask_form(t, "multipart/form-data; boundary=b", body, &a), 200);
    assert_int_equal(t->asked, 1);
    assert_true(t->parts);
    assert_int_equal(multipart_read(buf_str(&t->body), &f, NULL), RC_OK);
    assert_true(str_eq(http_form_get(&f, "title"), STR("A hole")));
    assert_int_equal(f.n_files, 1);
    assert_true(str_eq(f.files[0].bytes, str_of("\0", 1)));
    /* Nobody but httpd says that a body is parts. */
    assert_int_equal(ask_form(t, "application/x-www-form-urlencoded", buf_str(&t->body), &a), 200);
    assert_false(t->parts);
}

static void malformed_forms_never_reach_core(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    struct str good = STR(PART("a", "") "x\r\n--b--\r\n");
    static const char *const types[] = {
        "multipart/form-data", "multipart/form-data; boundary=b; boundary=c",
        "multipart/form-data; boundary=\"b", "multipart/form-data; boundary=c"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        assert_int_equal(ask_form(t, types[i], good, &a), 400);
    const struct str bodies[] = {STR(""),
                                 STR("--b"),
                                 STR(PART("a", "") "x"),
                                 STR(PART("a", "; filename*=UTF-8''x") "x\r\n--b--\r\n"),
                                 STR(PART("a", "; name=\"c\"") "x\r\n--b--\r\n"),
                                 STR("--b\n\nx\n--b--\n")};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        assert_int_equal(ask_form(t, "multipart/form-data; boundary=b", bodies[i], &a), 400);
    assert_int_equal(t->asked, 0);
    assert_int_equal(ask_form(t, "multipart/form-data; boundary=b", good, &a), 200);
}

/* What was typed stands in front of the file that is too large, and comes through. */
static void a_form_that_is_too_large_keeps_its_text(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20), body = BUF_INIT(1 << 22);
    buf_adds(&body, PART("title", "") "A hole\r\n" PART("files", "; filename=\"big\""));
    for (int i = 0; i < 1 << 20; i++)
        buf_addc(&body, 'x');
    buf_adds(&body, "\r\n--b--\r\n");
    for (int chunked = 0; chunked < 2; chunked++) {
        AUTO(http_form) struct http_form f = {.n_fields = 0};
        AUTO(buf) struct buf r = BUF_INIT(1 << 22);
        if (chunked) {
            buf_addf(&r,
                     "POST /new HTTP/1.1\r\n" HOST "Content-Type: multipart/form-data; boundary=b"
                     "\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n%zx\r\n",
                     body.n);
            buf_add(&r, buf_str(&body));
            buf_adds(&r, "\r\n0\r\n\r\n");
            assert_int_equal(ask(t, buf_str(&r), &a), 200);
        } else {
            assert_int_equal(ask_form(t, "multipart/form-data; boundary=b", buf_str(&body), &a),
                             200);
        }
        assert_true(t->body.n <= BODY_MAX);
        assert_int_equal(multipart_read(buf_str(&t->body), &f, NULL), RC_OK);
        assert_true(f.cut);
        assert_int_equal(f.n_files, 0);
        assert_true(str_eq(http_form_get(&f, "title"), STR("A hole")));
    }
    assert_int_equal(t->asked, 2);
}

static void a_body_up_to_the_limit_passes(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20), r = BUF_INIT(1 << 22);
    buf_addf(&r, "POST / HTTP/1.1\r\n" HOST "Content-Length: %d\r\nConnection: close\r\n\r\n",
             BODY_MAX);
    for (int i = 0; i < BODY_MAX; i++)
        buf_addc(&r, 'x');
    assert_int_equal(ask(t, buf_str(&r), &a), 200);
    assert_int_equal(t->body.n, BODY_MAX);
}

static void a_client_that_leaves_is_forgotten(void **state)
{
    struct bench *t = *state;
    t->hold = true;
    for (unsigned i = 1; i <= 50; i++) {
        int fd = dial(t);
        assert_true(push(t, fd, STR("GET / HTTP/1.1\r\n" HOST "\r\n")));
        while (t->asked < i)
            step(t);
        close(fd);
        struct httpd_answer ok = {.status = 200, .body = STR("one"), .fd = -1};
        if (i % 2)
            httpd_answer(t->h, t->id, &ok);
        step(t);
    }
}

/* ---- server-sent events ---- */

static int stream_open(struct bench *t, struct buf *b)
{
    int fd = dial(t);
    t->stream = true;
    buf_reset(b);
    assert_true(push(t, fd, STR("GET /events HTTP/1.1\r\n" HOST "\r\n")));
    pull(t, fd, b, "retry: 3000\n\n");
    return fd;
}

static void step_until_left(struct bench *t, unsigned want)
{
    int64_t end = clock_mono_us() + DEADLINE_US;
    while (t->left < want) {
        assert_true(clock_mono_us() < end);
        step(t);
    }
}

static void a_stream_stays_open_and_tells_of_changes(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    int fd = stream_open(t, &b);
    assert_int_equal(status_of(buf_str(&b)), 200);
    assert_true(str_find(buf_str(&b), STR("Content-Type: text/event-stream")) != STR_NPOS);
    assert_true(str_find(buf_str(&b), STR("Cache-Control: no-store\r\n")) != STR_NPOS);
    uint32_t id = t->id;
    for (int i = 0; i < 3; i++) {
        buf_reset(&b);
        httpd_stream_changed(t->h, id);
        httpd_stream_changed(t->h, id); /* said once: it is not taken yet */
        pull(t, fd, &b, "data: changed\n\n");
        for (int k = 0; k < 5; k++)
            step(t);
        char more[64];
        assert_true(recv(fd, more, sizeof more, 0) <= 2); /* the end of the chunk at most */
    }
    /* Others are served meanwhile. */
    t->stream = false;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    assert_int_equal(ask(t, STR("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), &a), 200);
    assert_int_equal(t->left, 0);
    /* The end, with the word that tells the client not to come again. */
    buf_reset(&b);
    httpd_stream_end(t->h, id, true);
    pull(t, fd, &b, "0\r\n\r\n");
    assert_true(str_find(buf_str(&b), STR("event: end\ndata: end\n\n")) != STR_NPOS);
    step_until_left(t, 1);
    httpd_stream_changed(t->h, id); /* nobody there: nothing happens */
    close(fd);
}

static void a_client_of_a_stream_that_leaves_is_noticed(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    int fd = stream_open(t, &b);
    uint32_t id = t->id;
    close(fd);
    step_until_left(t, 1);
    httpd_stream_changed(t->h, id);
    httpd_stream_end(t->h, id, false);
    step(t);
    assert_int_equal(t->left, 1);
}

static void streams_have_a_limit_and_end_with_their_source(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    int *fds = mem_zalloc((HTTPD_STREAMS_MAX + 1) * sizeof *fds);
    for (int i = 0; i < HTTPD_STREAMS_MAX; i++)
        fds[i] = stream_open(t, &b);
    assert_int_equal(ask(t, STR("GET /events HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), &b),
                     503);
    assert_int_equal(t->left, 1);
    httpd_streams_end(t->h);
    step_until_left(t, 1 + HTTPD_STREAMS_MAX);
    /* No word that they must not come again. */
    buf_reset(&b);
    pull(t, fds[0], &b, "0\r\n\r\n");
    assert_true(str_find(buf_str(&b), STR("event: end")) == STR_NPOS);
    for (int i = 0; i < HTTPD_STREAMS_MAX; i++)
        close(fds[i]);
    free(fds);
    int fd = stream_open(t, &b); /* there is room again; freed with a stream open */
    assert_int_equal(status_of(buf_str(&b)), 200);
    close(fd);
}

static void only_the_team_may_run_scripts(void **state)
{
    struct bench *t = *state;
    AUTO(buf) struct buf a = BUF_INIT(1 << 20);
    ask(t, STR("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), &a);
    assert_true(str_find(buf_str(&a), STR("script-src")) == STR_NPOS);
    httpd_free(t->h);
    t->s.staff = true;
    open_server(t);
    ask(t, STR("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), &a);
    assert_true(
        str_find(buf_str(&a), STR("default-src 'none'; script-src 'self'; connect-src 'self'; ")) !=
        STR_NPOS);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_stream_stays_open_and_tells_of_changes),
        T(a_client_of_a_stream_that_leaves_is_noticed),
        T(streams_have_a_limit_and_end_with_their_source),
        T(only_the_team_may_run_scripts),
        T(good_request_arrives_whole),
        T(own_forms_and_foreign_links_arrive),
        T(path_and_query_are_not_decoded),
        T(chunked_body_arrives_whole),
        T(keeps_the_connection_for_the_next),
        T(pipelined_requests_are_answered_in_turn),
        T(every_answer_carries_the_protections),
        T(static_files_need_no_core),
        T(a_cookie_cannot_split_the_answer),
        T(download_is_always_an_attachment),
        T(late_and_foreign_answers_are_ignored),
        T(failures_of_core_become_their_status),
        T(silent_core_is_504),
        T(proxy_address_counts_only_behind_one),
        T(malformed_requests_never_reach_core),
        T(too_much_is_refused),
        T(large_bodies_are_413_after_they_were_read),
        T(a_body_up_to_the_limit_passes),
        T(a_form_with_files_arrives_in_parts),
        T(malformed_forms_never_reach_core),
        T(a_form_that_is_too_large_keeps_its_text),
        T(a_client_that_leaves_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
