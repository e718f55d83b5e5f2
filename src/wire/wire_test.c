/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of wire/: every message survives a round trip, every shortened or lengthened one is
 * refused, the table decides who may send, and a bad frame closes the channel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/chan.h"

static void test_round_trip_and_lengths(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(10000);
    struct wire_submit in = {7, 3, 0, STR("a@b.example"), STR("c@d.example")}, out;
    wire_put_submit(&b, &in);
    assert_int_equal(wire_get_submit(buf_str(&b), &out, &e), RC_OK);
    assert_true(out.outbox == 7 && out.attempt == 3 && str_eq(out.rcpt, in.rcpt));
    for (size_t n = 0; n < b.n; n++)
        assert_int_not_equal(wire_check(WIRE_SUBMIT, str_sub(buf_str(&b), 0, n), &e), RC_OK);
    buf_addc(&b, 'x');
    assert_int_equal(wire_check(WIRE_SUBMIT, buf_str(&b), &e), RC_INVALID);
}

static void test_field_maximum(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char many[WIRE_ID_MAX + 1];
    memset(many, 'a', sizeof many);
    AUTO(buf) struct buf b = BUF_INIT(10000);
    struct wire_spooled m = {str_of(many, sizeof many)};
    wire_put_spooled(&b, &m);
    assert_int_equal(wire_check(WIRE_SPOOLED, buf_str(&b), &e), RC_LIMIT);
    buf_reset(&b);
    m.id.n--;
    wire_put_spooled(&b, &m);
    assert_int_equal(wire_check(WIRE_SPOOLED, buf_str(&b), &e), RC_OK);
}

static void test_text_is_clean(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(100);
    buf_add(&b, STR("\x02\0\0\0\xc0\xaf"));
    assert_int_equal(wire_check(WIRE_SPOOLED, buf_str(&b), &e), RC_INVALID);
    buf_reset(&b);
    struct wire_spooled m = {STR("\xc0")}, out; /* the sender cleans */
    wire_put_spooled(&b, &m);
    assert_int_equal(wire_get_spooled(buf_str(&b), &out, &e), RC_OK);
    assert_true(str_eq(out.id, STR("\xef\xbf\xbd")));
}

static void test_table(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_int_equal(wire_may_send(WIRE_SPOOLED, ROLE_SMTPD, ROLE_CORE, false, &e), RC_OK);
    assert_int_equal(wire_may_send(WIRE_SIGN, ROLE_SMTPD, ROLE_KEYS, false, &e), RC_DENIED);
    assert_int_equal(wire_may_send(WIRE_SPOOLED, ROLE_SMTPD, ROLE_CORE, true, &e), RC_DENIED);
    assert_int_equal(wire_may_send(WIRE_PARSE, ROLE_CORE, ROLE_WORKER, false, &e), RC_DENIED);
    assert_int_equal(wire_may_send(WIRE_JOB, ROLE_CORE, ROLE_WORKER, true, &e), RC_OK);
    assert_int_equal(wire_may_send(WIRE_JOB, ROLE_CORE, ROLE_WORKER, false, &e), RC_OK);
    assert_int_equal(wire_may_send(WIRE_JOB, ROLE_CORE, ROLE_RUNNER, true, &e), RC_OK);
    assert_int_equal(wire_may_send(WIRE_JOB_DONE, ROLE_RUNNER, ROLE_CORE, true, &e), RC_OK);
    assert_int_equal(wire_may_send(WIRE_PARSE, ROLE_CORE, ROLE_RUNNER, true, &e), RC_DENIED);
    assert_int_equal(wire_may_send(WIRE_PARSED, ROLE_RUNNER, ROLE_CORE, true, &e), RC_DENIED);
    assert_int_equal(wire_may_send(WIRE_JOB, ROLE_HTTPD_STAFF, ROLE_WORKER, false, &e), RC_DENIED);
    assert_int_equal(wire_may_send(WIRE_JOB_DONE, ROLE_WORKER, ROLE_CORE, true, &e), RC_OK);
    assert_int_equal(wire_may_send(WIRE_JOB_DONE, ROLE_NET, ROLE_CORE, true, &e), RC_DENIED);
    assert_int_equal(wire_may_send(WIRE_JOB_PROGRESS, ROLE_WORKER, ROLE_CORE, false, &e), RC_OK);
    assert_int_equal(wire_may_send(WIRE_JOB_PROGRESS, ROLE_NET, ROLE_CORE, false, &e), RC_DENIED);
    assert_int_equal(wire_may_send(WIRE_COMMAND, ROLE_HTTPD_PUBLIC, ROLE_CORE, false, &e),
                     RC_DENIED);
    /* Only the team's pages are kept up to date. */
    assert_int_equal(wire_may_send(WIRE_HTTP_EVENT, ROLE_CORE, ROLE_HTTPD_STAFF, false, &e), RC_OK);
    assert_int_equal(wire_may_send(WIRE_HTTP_EVENT, ROLE_CORE, ROLE_HTTPD_PUBLIC, false, &e),
                     RC_DENIED);
    assert_int_equal(wire_may_send(WIRE_HTTP_GONE, ROLE_HTTPD_STAFF, ROLE_CORE, false, &e), RC_OK);
    assert_int_equal(wire_may_send(WIRE_HTTP_GONE, ROLE_HTTPD_PUBLIC, ROLE_CORE, false, &e),
                     RC_DENIED);
    assert_int_equal(wire_may_send(WIRE_HTTP_EVENT, ROLE_HTTPD_STAFF, ROLE_CORE, false, &e),
                     RC_DENIED);
    assert_int_equal(wire_may_send(WIRE_TYPE_COUNT, ROLE_SUPERVISOR, ROLE_CORE, false, &e),
                     RC_DENIED);
}

static void pair(struct chan *a, enum role ra, struct chan *b, enum role rb)
{
    struct err e = ERR_INIT;
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
    assert_int_equal(chan_init(a, fd[0], ra, rb, &e), RC_OK);
    assert_int_equal(chan_init(b, fd[1], rb, ra, &e), RC_OK);
}

static void test_many_frames_with_descriptors(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct chan core, worker;
    pair(&core, ROLE_CORE, &worker, ROLE_WORKER);
    AUTO(buf) struct buf b = BUF_INIT(1000);
    for (uint64_t i = 0; i < 40; i++) {
        buf_reset(&b);
        wire_put_parse(&b, &(struct wire_parse){.ticket = i, .part = 0});
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_int_equal(chan_send(&core, WIRE_PARSE, (uint32_t)i, &b, fd, &e), RC_OK);
    }
    for (uint64_t i = 0; i < 40; i++) {
        struct frame f;
        assert_int_equal(chan_wait(&worker, 1000, &f, &e), RC_OK);
        struct wire_parse m;
        assert_int_equal(wire_get_parse(f.body, &m, &e), RC_OK);
        assert_true(m.ticket == i && f.id == i && f.fd >= 0);
        close(f.fd);
    }
    chan_close(&core);
    struct frame f;
    assert_int_equal(chan_wait(&worker, 1000, &f, &e), RC_CLOSED);
    assert_false(chan_open(&worker));
    chan_close(&worker);
}

static void test_bad_frame_closes(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    /* smtpd claims to be asking for a signature; an endless body; an unknown type */
    static const char heads[][CHAN_HEAD + 1] = {
        {4, 0, 0, 0, WIRE_SIGN, 0, 0, 0, 1, 0, 0, 0},
        {-1, -1, -1, 127, WIRE_SPOOLED, 0, 0, 0, 1, 0, 0, 0},
        {0, 0, 0, 0, 99, 0, 0, 0, 1, 0, 0, 0},
        {0, 0, 0, 0, WIRE_SPOOLED, 0, 1, 0, 1, 0, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        struct chan core, smtpd;
        pair(&core, ROLE_CORE, &smtpd, ROLE_SMTPD);
        assert_int_equal(write(smtpd.fd, heads[i], CHAN_HEAD), CHAN_HEAD);
        struct frame f;
        enum rc rc = chan_wait(&core, 1000, &f, &e);
        assert_true(rc != RC_OK && rc != RC_TIMEOUT);
        assert_false(chan_open(&core));
        chan_close(&core);
        chan_close(&smtpd);
    }
}

static void test_large_body_in_pieces(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct chan web, core;
    pair(&web, ROLE_HTTPD_STAFF, &core, ROLE_CORE);
    size_t n = 3u << 20;
    AUTO(mem) char *body = mem_alloc(n);
    memset(body, 'x', n);
    AUTO(buf) struct buf b = BUF_INIT(n + 1000);
    wire_put_http_response(&b, &(struct wire_http_response){.status = 200, .body = {body, n}});
    assert_int_equal(chan_send(&core, WIRE_HTTP_RESPONSE, 5, &b, -1, &e), RC_OK);
    struct frame f;
    enum rc rc;
    do {
        assert_int_equal(chan_flush(&core, &e), RC_OK);
        assert_int_equal(chan_fill(&web, &e), RC_OK);
        rc = chan_next(&web, &f, &e);
    } while (rc == RC_NOTFOUND);
    assert_int_equal(rc, RC_OK);
    struct wire_http_response m;
    assert_int_equal(wire_get_http_response(f.body, &m, &e), RC_OK);
    assert_true(m.body.n == n && m.status == 200);
    chan_close(&core);
    chan_close(&web);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_and_lengths),
        cmocka_unit_test(test_field_maximum),
        cmocka_unit_test(test_text_is_clean),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_many_frames_with_descriptors),
        cmocka_unit_test(test_bad_frame_closes),
        cmocka_unit_test(test_large_body_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
