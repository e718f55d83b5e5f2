/* SPDX-License-Identifier: Apache-2.0 */
/*
 * smtpd over real sockets: stories of clients good and bad, of full disks and of sudden death.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "serve/smtpd_harness.h"

#define MAIL_MAX (8 << 20)
#define ENVELOPE "MAIL FROM:<a@sender.example>\r\nRCPT TO:<security@desk.example>\r\n"
#define BODY     "Subject: a report\r\n\r\nIt breaks.\r\n"

static void check_mail(struct harness *h, size_t i, struct str want)
{
    AUTO(buf) struct buf got = BUF_INIT(MAIL_MAX);
    harness_mail_at(h, i, &got);
    assert_true(str_eq(buf_str(&got), want));
}

static void greet(int fd, enum smtp_mode mode)
{
    client_expect(fd, "220");
    client_send(fd, mode == SMTP_MODE_LMTP ? STR("LHLO c.example\r\n") : STR("EHLO c.example\r\n"));
    client_expect(fd, "250");
}

static void open_mail(int fd)
{
    client_send(fd, STR(ENVELOPE "DATA\r\n"));
    client_expect(fd, "250");
    client_expect(fd, "250");
    client_expect(fd, "354");
}

static void test_a_mail_is_durable_and_hinted(void **state)
{
    (void)state;
    struct harness h;
    harness_init(&h);
    harness_start(&h);
    for (int mode = 0; mode < 2; mode++) {
        AUTO(fd) int fd = harness_connect(&h, (enum smtp_mode)mode);
        greet(fd, (enum smtp_mode)mode);
        open_mail(fd);
        client_send(fd, STR(BODY ".\r\n"));
        const char *reply = client_expect(fd, "250 2.0.0 Ok: stored as ");
        char id[SPOOL_ID_LEN + 1] = "", hint[SPOOL_ID_LEN + 2] = "";
        memcpy(id, reply + strlen("250 2.0.0 Ok: stored as "), SPOOL_ID_LEN);
        AUTO(buf) struct buf got = BUF_INIT(MAIL_MAX);
        assert_int_equal(harness_mail(&h, id, &got), RC_OK);
        assert_true(str_eq(buf_str(&got), STR(BODY)));
        assert_int_equal(read(h.ids, hint, sizeof hint - 1), SPOOL_ID_LEN + 1);
        assert_memory_equal(hint, id, SPOOL_ID_LEN);
        client_send(fd, STR("QUIT\r\n"));
        client_expect(fd, "221");
        client_expect(fd, "");
    }
    harness_stop(&h);
    assert_int_equal(harness_count(&h, "tmp"), 0);
    harness_end(&h);
}

static void test_pipelined_mails_in_one_write(void **state)
{
    (void)state;
    struct harness h;
    AUTO(buf) struct buf all = BUF_INIT(MAIL_MAX);
    const int mails = 60;
    harness_init(&h);
    harness_start(&h);
    AUTO(fd) int fd = harness_connect(&h, SMTP_MODE_LMTP);
    greet(fd, SMTP_MODE_LMTP);
    for (int i = 0; i < mails; i++)
        buf_addf(&all, ENVELOPE "DATA\r\nSubject: %d\r\n\r\n%0*d\r\n.\r\n", i, 5000, i);
    buf_adds(&all, "QUIT\r\n");
    client_send(fd, buf_str(&all));
    for (int i = 0; i < mails; i++) {
        client_expect(fd, "250");
        client_expect(fd, "250");
        client_expect(fd, "354");
        client_expect(fd, "250");
    }
    client_expect(fd, "221");
    assert_int_equal(harness_count(&h, "new"), mails);
    harness_stop(&h);
    harness_end(&h);
}

static void test_a_client_that_closes_its_half_gets_its_replies(void **state)
{
    (void)state;
    struct harness h;
    AUTO(buf) struct buf got = BUF_INIT(10000);
    harness_init(&h);
    harness_start(&h);
    AUTO(fd) int fd = harness_connect(&h, SMTP_MODE_SMTP);
    client_send(fd, STR("EHLO c\r\n" ENVELOPE "DATA\r\n" BODY ".\r\n"));
    shutdown(fd, SHUT_WR);
    client_rest(fd, &got);
    assert_true(str_find(buf_str(&got), STR("stored as")) != STR_NPOS);
    check_mail(&h, 0, STR(BODY));
    harness_stop(&h);
    harness_end(&h);
}

/* All connections end their mails while smtpd stands still: one sync of new/ serves them all. */
static void test_mails_of_one_round_share_a_sync(void **state)
{
    (void)state;
    struct harness h;
    int fds[8];
    harness_init(&h);
    harness_start(&h);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = harness_connect(&h, SMTP_MODE_LMTP);
        greet(fds[i], SMTP_MODE_LMTP);
        open_mail(fds[i]);
    }
    /* A last one, so that smtpd is through with the others when it stops. */
    AUTO(fd) int last = harness_connect(&h, SMTP_MODE_LMTP);
    greet(last, SMTP_MODE_LMTP);
    int status;
    kill(h.pid, SIGSTOP);
    assert_int_equal(waitpid(h.pid, &status, WUNTRACED), h.pid);
    assert_true(WIFSTOPPED(status));
    for (size_t i = 0; i < ARRAY_LEN(fds); i++)
        client_send(fds[i], STR(BODY ".\r\n"));
    kill(h.pid, SIGCONT);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        client_expect(fds[i], "250");
        close(fds[i]);
    }
    assert_int_equal(h.shared->dir_syncs, 1);
    assert_int_equal(harness_count(&h, "new"), ARRAY_LEN(fds));
    harness_stop(&h);
    harness_end(&h);
}

static void test_too_large_then_fine(void **state)
{
    (void)state;
    struct harness h;
    AUTO(buf) struct buf large = BUF_INIT(MAIL_MAX);
    harness_init(&h);
    harness_start(&h);
    AUTO(fd) int fd = harness_connect(&h, SMTP_MODE_SMTP);
    greet(fd, SMTP_MODE_SMTP);
    client_send(fd, STR("MAIL FROM:<a@b> SIZE=1048577\r\n"));
    client_expect(fd, "552 5.3.4");
    open_mail(fd);
    for (int i = 0; i < 3000; i++)
        buf_addf(&large, "%0998d\r\n", i);
    client_send(fd, buf_str(&large));
    client_send(fd, STR(".\r\n"));
    client_expect(fd, "552 5.3.4");
    assert_int_equal(harness_count(&h, "new") + harness_count(&h, "tmp"), 0);
    open_mail(fd);
    client_send(fd, str_sub(buf_str(&large), 0, 1000 * 1000));
    client_send(fd, STR(".\r\n"));
    client_expect(fd, "250");
    check_mail(&h, 0, str_sub(buf_str(&large), 0, 1000 * 1000));
    harness_stop(&h);
    harness_end(&h);
}

static void test_a_full_disk_is_452_and_leaves_nothing(void **state)
{
    (void)state;
    const int operations = 7; /* of one small mail */
    for (int n = 0; n < operations; n++) {
        struct harness h;
        harness_init(&h);
        h.shared->fail_at = n;
        h.shared->fail_errno = ENOSPC;
        harness_start(&h);
        AUTO(fd) int fd = harness_connect(&h, SMTP_MODE_LMTP);
        greet(fd, SMTP_MODE_LMTP);
        client_send(fd, STR(ENVELOPE "DATA\r\n"));
        client_expect(fd, "250");
        client_expect(fd, "250");
        /* The first three operations belong to DATA, the others to the final dot. */
        client_expect(fd, n < 3 ? "452 4.3.1" : "354");
        if (n >= 3) {
            client_send(fd, STR(BODY ".\r\n"));
            client_expect(fd, "452 4.3.1");
        }
        assert_int_equal(harness_count(&h, "new") + harness_count(&h, "tmp"), 0);
        open_mail(fd);
        client_send(fd, STR(BODY ".\r\n"));
        client_expect(fd, "250");
        check_mail(&h, 0, STR(BODY));
        assert_int_equal(h.shared->operations, n + 1 + operations);
        harness_stop(&h);
        harness_end(&h);
    }
}

/* Sends mails until the server is gone; adds the ids that were acknowledged to ids. */
static void send_until_death(int fd, struct buf *ids)
{
    AUTO(buf) struct buf got = BUF_INIT(100000);
    client_send(fd, STR("LHLO c.example\r\n"));
    for (int i = 0; i < 4; i++)
        client_send(fd, STR(ENVELOPE "DATA\r\n" BODY ".\r\n"));
    client_rest(fd, &got);
    struct str rest = buf_str(&got), line;
    const struct str stored = STR("250 2.0.0 Ok: stored as ");
    while (str_line(&rest, &line))
        if (str_starts(line, stored) && line.n == stored.n + SPOOL_ID_LEN)
            buf_add(ids, str_sub(line, stored.n, SPOOL_ID_LEN));
}

static void test_death_at_each_operation_loses_nothing(void **state)
{
    (void)state;
    size_t acknowledged = 0;
    for (int n = 0; n < 24; n++) {
        struct harness h;
        AUTO(buf) struct buf ids = BUF_INIT(10000), got = BUF_INIT(MAIL_MAX);
        harness_init(&h);
        h.shared->fail_at = n;
        h.shared->fail_errno = 0;
        harness_start(&h);
        AUTO(fd) int fd = harness_connect(&h, SMTP_MODE_LMTP);
        send_until_death(fd, &ids);
        harness_reap(&h);
        for (size_t at = 0; at < ids.n; at += SPOOL_ID_LEN) {
            char id[SPOOL_ID_LEN + 1] = "";
            memcpy(id, ids.p + at, SPOOL_ID_LEN);
            assert_int_equal(harness_mail(&h, id, &got), RC_OK);
            assert_true(str_eq(buf_str(&got), STR(BODY)));
            acknowledged++;
        }
        /* The one that was under way may be there, but whole. */
        size_t there = harness_count(&h, "new");
        assert_in_range(there, ids.n / SPOOL_ID_LEN, ids.n / SPOOL_ID_LEN + 1);
        for (size_t i = 0; i < there; i++)
            check_mail(&h, i, STR(BODY));
        harness_end(&h);
    }
    assert_true(acknowledged > 10);
}

/* ---- limits ---- */

static void test_idle_clients_are_sent_away(void **state)
{
    (void)state;
    struct harness h;
    harness_init(&h);
    h.settings.limits.command_ms = h.settings.limits.data_ms = 80;
    harness_start(&h);
    AUTO(fd) int quiet = harness_connect(&h, SMTP_MODE_SMTP);
    AUTO(fd) int half = harness_connect(&h, SMTP_MODE_SMTP);
    client_send(half, STR("EHLO c\r\n" ENVELOPE "DATA\r\nhalf a mail"));
    client_expect(quiet, "220");
    client_expect(quiet, "421 4.4.2");
    client_expect(quiet, "");
    AUTO(buf) struct buf got = BUF_INIT(10000);
    client_rest(half, &got);
    assert_true(str_find(buf_str(&got), STR("\r\n421 4.4.2")) != STR_NPOS);
    harness_stop(&h);
    assert_int_equal(harness_count(&h, "new") + harness_count(&h, "tmp"), 0);
    harness_end(&h);
}

static void test_talk_without_mail_has_an_end(void **state)
{
    (void)state;
    struct harness h;
    harness_init(&h);
    h.settings.limits.no_mail_ms = 150;
    harness_start(&h);
    AUTO(fd) int fd = harness_connect(&h, SMTP_MODE_SMTP);
    client_expect(fd, "220");
    const char *reply = "";
    do {
        client_send(fd, STR("NOOP\r\n"));
        reply = client_reply(fd);
    } while (strncmp(reply, "250", 3) == 0);
    assert_true(strncmp(reply, "421 4.", 6) == 0);
    harness_stop(&h);
    harness_end(&h);
}

static void test_connection_caps(void **state)
{
    (void)state;
    struct harness h;
    harness_init(&h);
    h.settings.limits.max_conns = 3;
    h.settings.limits.max_per_peer = 2;
    harness_start(&h);
    AUTO(fd) int one = harness_connect(&h, SMTP_MODE_SMTP);
    client_expect(one, "220");
    int two = harness_connect(&h, SMTP_MODE_SMTP);
    client_expect(two, "220");
    AUTO(fd) int third = harness_connect(&h, SMTP_MODE_SMTP);
    client_expect(third, "421 4.7.0");
    client_expect(third, "");
    AUTO(fd) int lmtp = harness_connect(&h, SMTP_MODE_LMTP);
    client_expect(lmtp, "220");
    AUTO(fd) int fourth = harness_connect(&h, SMTP_MODE_LMTP);
    client_expect(fourth, "421 4.3.2");
    client_expect(fourth, "");
    client_send(two, STR("QUIT\r\n"));
    client_expect(two, "221");
    client_expect(two, "");
    close(two);
    /* The place is free as soon as smtpd has seen the end; asked until then. */
    for (;;) {
        AUTO(fd) int again = harness_connect(&h, SMTP_MODE_SMTP);
        if (strncmp(client_reply(again), "220", 3) == 0)
            break;
    }
    harness_stop(&h);
    harness_end(&h);
}

static void test_a_client_that_does_not_read_is_not_fed(void **state)
{
    (void)state;
    struct harness h;
    AUTO(buf) struct buf lines = BUF_INIT(MAIL_MAX);
    harness_init(&h);
    harness_start(&h);
    AUTO(fd) int deaf = harness_connect(&h, SMTP_MODE_SMTP);
    for (int i = 0; i < SMTP_IDLE_CMDS_MAX - 1; i++)
        buf_adds(&lines, "HELP\r\n");
    client_send(deaf, buf_str(&lines));
    AUTO(fd) int other = harness_connect(&h, SMTP_MODE_SMTP);
    greet(other, SMTP_MODE_SMTP);
    client_expect(deaf, "220");
    for (int i = 0; i < SMTP_IDLE_CMDS_MAX - 1; i++)
        client_expect(deaf, "214");
    harness_stop(&h);
    harness_end(&h);
}

static void test_the_end_of_smtpd(void **state)
{
    (void)state;
    struct harness h;
    AUTO(buf) struct buf got = BUF_INIT(10000);
    harness_init(&h);
    harness_start(&h);
    AUTO(fd) int fd = harness_connect(&h, SMTP_MODE_SMTP);
    greet(fd, SMTP_MODE_SMTP);
    open_mail(fd);
    client_send(fd, STR("half"));
    harness_stop(&h);
    client_rest(fd, &got);
    assert_true(str_starts(buf_str(&got), STR("421 4.")));
    assert_int_equal(harness_count(&h, "new") + harness_count(&h, "tmp"), 0);
    harness_end(&h);
}

static void test_settings_out_of_bounds(void **state)
{
    (void)state;
    struct harness h;
    harness_init(&h);
    const struct smtpd_hooks hooks = {NULL, -1, NULL, NULL};
    struct smtpd_settings bad[5];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        bad[i] = h.settings;
    bad[0].hostname = "";
    bad[1].max_size = 0;
    bad[2].max_rcpts = SMTP_RCPTS_MIN - 1;
    bad[3].n_listeners = 0;
    bad[4].limits.max_conns = SMTPD_CONNS_MAX + 1;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = ERR_INIT;
        assert_int_equal(smtpd_run(&bad[i], &hooks, &e), RC_INVALID);
        assert_true(e.msg[0] != '\0');
    }
    harness_end(&h);
}

/* ---- TLS ---- */

static struct str pem_of(BIO *bio)
{
    char *p;
    long n = BIO_get_mem_data(bio, &p);
    return str_of(p, (size_t)n);
}

/* A key and a certificate that signs itself; as PEM. */
static void make_cert(BIO *cert, BIO *key)
{
    EVP_PKEY *k = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    assert_non_null(k);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, k);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"desk.example", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    assert_true(X509_sign(x, k, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(cert, x), 1);
    assert_int_equal(PEM_write_bio_PrivateKey(key, k, NULL, NULL, 0, NULL, NULL), 1);
    X509_free(x);
    EVP_PKEY_free(k);
}

static void start_with_tls(struct harness *h)
{
    BIO *cert = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_mem());
    struct err e = ERR_INIT;
    harness_init(h);
    make_cert(cert, key);
    assert_int_equal(smtpd_tls_new(pem_of(cert), pem_of(key), &h->settings.tls, &e), RC_OK);
    BIO_free(cert);
    BIO_free(key);
    harness_start(h);
}

static void tls_expect(SSL *ssl, const char *codes)
{
    char line[1024];
    size_t n = 0;
    while (*codes) {
        assert_true(n < sizeof line);
        assert_int_equal(SSL_read(ssl, line + n, 1), 1);
        if (line[n++] != '\n')
            continue;
        bool last = line[3] == ' ';
        if (last && strncmp(line, codes, 3) != 0)
            fail_msg("want %.3s, got %.*s", codes, (int)n, line);
        codes += last ? (codes[3] ? 4 : 3) : 0;
        n = 0;
    }
}

static void tls_send(SSL *ssl, struct str s)
{
    assert_int_equal(SSL_write(ssl, s.p, (int)s.n), (int)s.n);
}

static void test_starttls(void **state)
{
    (void)state;
    struct harness h;
    AUTO(buf) struct buf mail = BUF_INIT(MAIL_MAX), two = BUF_INIT(MAIL_MAX);
    start_with_tls(&h);
    AUTO(fd) int fd = harness_connect(&h, SMTP_MODE_SMTP);
    client_expect(fd, "220");
    client_send(fd, STR("EHLO c\r\n"));
    assert_non_null(strstr(client_expect(fd, "250"), "STARTTLS"));
    /* What comes along with STARTTLS is thrown away (CVE-2011-0411). */
    client_send(fd, STR("STARTTLS\r\nMAIL FROM:<inject@evil.example>\r\n"));
    client_expect(fd, "220 2.0.0");
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    SSL_set_fd(ssl, fd);
    assert_int_equal(SSL_connect(ssl), 1);
    tls_send(ssl, STR("RCPT TO:<security@desk.example>\r\nMAIL FROM:<a@b>\r\nEHLO c\r\n"
                      "STARTTLS\r\n"));
    tls_expect(ssl, "503 503 250 503");
    for (int i = 0; i < 300; i++)
        buf_addf(&mail, "%0998d\r\n", i);
    buf_adds(&two, ENVELOPE "DATA\r\n");
    buf_add(&two, buf_str(&mail));
    buf_adds(&two, ".\r\n" ENVELOPE "DATA\r\n" BODY ".\r\nQUIT\r\n");
    tls_send(ssl, buf_str(&two));
    tls_expect(ssl, "250 250 354 250 250 250 354 250 221");
    char c;
    assert_int_equal(SSL_read(ssl, &c, 1), 0);
    assert_int_equal(SSL_get_error(ssl, 0), SSL_ERROR_ZERO_RETURN);
    check_mail(&h, 0, buf_str(&mail));
    check_mail(&h, 1, STR(BODY));
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    harness_stop(&h);
    smtpd_tls_free(h.settings.tls);
    harness_end(&h);
}

static void test_a_broken_handshake_ends_the_connection(void **state)
{
    (void)state;
    struct harness h;
    AUTO(buf) struct buf got = BUF_INIT(10000);
    start_with_tls(&h);
    AUTO(fd) int fd = harness_connect(&h, SMTP_MODE_SMTP);
    greet(fd, SMTP_MODE_SMTP);
    client_send(fd, STR("STARTTLS\r\n"));
    client_expect(fd, "220");
    client_send(fd, STR("MAIL FROM:<a@b>\r\nQUIT\r\n"));
    client_rest(fd, &got);
    assert_true(str_find(buf_str(&got), STR("250")) == STR_NPOS);
    AUTO(fd) int next = harness_connect(&h, SMTP_MODE_SMTP);
    greet(next, SMTP_MODE_SMTP);
    harness_stop(&h);
    smtpd_tls_free(h.settings.tls);
    harness_end(&h);
}

static void test_bad_certificates_are_refused(void **state)
{
    (void)state;
    BIO *cert = BIO_new(BIO_s_mem()), *key = BIO_new(BIO_s_mem());
    BIO *cert2 = BIO_new(BIO_s_mem()), *key2 = BIO_new(BIO_s_mem());
    struct smtpd_tls *tls = NULL;
    struct err e = ERR_INIT;
    make_cert(cert, key);
    make_cert(cert2, key2);
    assert_int_equal(smtpd_tls_new(STR("x"), pem_of(key), &tls, &e), RC_INVALID);
    assert_int_equal(smtpd_tls_new(pem_of(cert), STR("x"), &tls, &e), RC_INVALID);
    assert_int_equal(smtpd_tls_new(pem_of(cert), pem_of(key2), &tls, &e), RC_INVALID);
    assert_string_equal(e.msg, "the TLS key of smtpd does not belong to its certificate");
    assert_null(tls);
    BIO_free(cert);
    BIO_free(key);
    BIO_free(cert2);
    BIO_free(key2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_mail_is_durable_and_hinted),
        cmocka_unit_test(test_pipelined_mails_in_one_write),
        cmocka_unit_test(test_a_client_that_closes_its_half_gets_its_replies),
        cmocka_unit_test(test_mails_of_one_round_share_a_sync),
        cmocka_unit_test(test_too_large_then_fine),
        cmocka_unit_test(test_a_full_disk_is_452_and_leaves_nothing),
        cmocka_unit_test(test_death_at_each_operation_loses_nothing),
        cmocka_unit_test(test_idle_clients_are_sent_away),
        cmocka_unit_test(test_talk_without_mail_has_an_end),
        cmocka_unit_test(test_connection_caps),
        cmocka_unit_test(test_a_client_that_does_not_read_is_not_fed),
        cmocka_unit_test(test_the_end_of_smtpd),
        cmocka_unit_test(test_settings_out_of_bounds),
        cmocka_unit_test(test_starttls),
        cmocka_unit_test(test_a_broken_handshake_ends_the_connection),
        cmocka_unit_test(test_bad_certificates_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
