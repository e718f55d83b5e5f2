/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of the SMTP and LMTP state machine: a dialogue in, replies and mails out.  Every
 * dialogue is also run one octet at a time, which must make no difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "smtp/data.h"
#include "smtp/session_driver.h"

/* ---- what is taken ---- */

#define HELLO "EHLO client.example\r\n"
#define ENVELOPE                                                                                   \
    "MAIL FROM:<a@sender.example>\r\n"                                                             \
    "RCPT TO:<security@desk.example>\r\n"

static void test_one_mail(void **state)
{
    (void)state;
    struct driver d;
    driver_run(&d, SMTP_MODE_SMTP,
               STR(HELLO ENVELOPE "DATA\r\nSubject: x\r\n\r\nbody\r\n.\r\nQUIT\r\n"));
    driver_codes(&d, "220 250 250 250 354 250 221");
    assert_int_equal(d.n_mails, 1);
    driver_mail(&d, 0, STR("Subject: x\r\n\r\nbody\r\n"));
    driver_envelope(&d, 0, "a@sender.example ESMTP client.example security@desk.example");
    assert_int_equal(smtp_session_want(d.session), SMTP_WANT_CLOSE);
    driver_end(&d);
}

static void test_extensions_are_named(void **state)
{
    (void)state;
    struct driver d;
    driver_run(&d, SMTP_MODE_SMTP, STR(HELLO));
    const char *want[] = {"PIPELINING\r\n", "SIZE 1000\r\n",           "8BITMIME\r\n",
                          "STARTTLS\r\n",   "ENHANCEDSTATUSCODES\r\n", "SMTPUTF8\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        assert_true(str_find(buf_str(&d.replies), str_c(want[i])) != STR_NPOS);
    driver_end(&d);
}

static void test_empty_mail_and_dots(void **state)
{
    (void)state;
    struct driver d;
    driver_run(
        &d, SMTP_MODE_SMTP,
        STR(HELLO ENVELOPE "DATA\r\n.\r\n" ENVELOPE "DATA\r\n..\r\n...two\r\n.x\r\na.\r\n.\r\n"));
    driver_codes(&d, "220 250 250 250 354 250 250 250 354 250");
    assert_int_equal(d.n_mails, 2);
    driver_mail(&d, 0, STR(""));
    driver_mail(&d, 1, STR(".\r\n..two\r\nx\r\na.\r\n"));
    driver_end(&d);
}

static void test_only_crlf_dot_crlf_ends(void **state)
{
    (void)state;
    const char *kept[] = {"a\n.\nb\r\n",    "a\n.\r\nb\r\n", "a\r.\r\nb\r\n", "a\r.\rb\r\n",
                          "a\r\r\n\n.\r\n", "a\r\n\n.\n",    "\n.\r\n",       "\r.\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        struct driver d;
        AUTO(buf) struct buf in = BUF_INIT(1000);
        buf_addf(&in, HELLO ENVELOPE "DATA\r\n%s\r\n.\r\n", kept[i]);
        driver_run(&d, SMTP_MODE_SMTP, buf_str(&in));
        assert_int_equal(d.n_mails, 1);
        AUTO(buf) struct buf want = BUF_INIT(1000);
        buf_addf(&want, "%s\r\n", kept[i]);
        driver_mail(&d, 0, buf_str(&want));
        driver_end(&d);
    }
}

static void test_dot_cr_is_not_the_end(void **state)
{
    (void)state;
    struct driver d;
    driver_run(&d, SMTP_MODE_SMTP,
               STR(HELLO ENVELOPE "DATA\r\na\r\n.\rb\r\n.\r\r\n. \r\n.\0\r\nc\r\n.\r\n"));
    assert_int_equal(d.n_mails, 1);
    driver_mail(&d, 0, STR("a\r\n\rb\r\n\r\r\n \r\n\0\r\nc\r\n"));
    driver_end(&d);
}

/* The rule as one reads it: search the end, then take one dot off each line that begins with one.
 */
static bool plain_reader(struct str in, struct buf *ret_mail, struct str *ret_rest)
{
    AUTO(buf) struct buf all = BUF_INIT(100);
    buf_adds(&all, "\r\n");
    buf_add(&all, in);
    size_t end = str_find(buf_str(&all), STR("\r\n.\r\n"));
    if (end == STR_NPOS)
        return false;
    *ret_rest = str_sub(in, end + 3, in.n);
    struct str mail = str_sub(in, 0, end);
    for (size_t i = 0; i < mail.n; i++) {
        bool at_line = i == 0 || (i >= 2 && mail.p[i - 2] == '\r' && mail.p[i - 1] == '\n');
        if (!(at_line && mail.p[i] == '.'))
            buf_addc(ret_mail, mail.p[i]);
    }
    return true;
}

static void check_data(struct str in)
{
    AUTO(buf) struct buf want = BUF_INIT(100), got = BUF_INIT(100);
    struct str want_rest = STR_NONE, rest = in, run;
    struct smtp_data d = SMTP_DATA_INIT;
    bool ended = plain_reader(in, &want, &want_rest);
    while (rest.n && d.state != SMTP_DATA_END) {
        smtp_data_next(&d, &rest, &run);
        buf_add(&got, run);
    }
    assert_int_equal(d.state == SMTP_DATA_END, ended);
    if (ended) {
        assert_true(str_eq(buf_str(&got), buf_str(&want)));
        assert_int_equal(rest.n, want_rest.n);
    }
}

/* Every sequence of up to 9 of the four octets that matter. */
static void test_data_is_read_as_the_rule_says(void **state)
{
    (void)state;
    char text[9];
    for (size_t n = 1; n <= sizeof text; n++) {
        for (uint32_t i = 0; i < 1u << (2 * n); i++) {
            for (size_t k = 0; k < n; k++)
                text[k] = "\r\n.x"[i >> (2 * k) & 3];
            check_data(str_of(text, n));
        }
    }
}

static void test_tag_and_case_of_recipients(void **state)
{
    (void)state;
    struct driver d;
    driver_run(&d, SMTP_MODE_SMTP,
               STR(HELLO "MAIL FROM:<>\r\nRCPT TO:<Security+VD-1@DESK.example>\r\n"
                         "RCPT TO: <@r.example:SECURITY@desk.example>\r\n"
                         "RCPT TO:<postmaster>\r\n"
                         "DATA\r\nx\r\n.\r\n"));
    driver_codes(&d, "220 250 250 250 250 250 354 250");
    driver_envelope(&d, 0,
                    " ESMTP client.example Security+VD-1@desk.example SECURITY@desk.example "
                    "postmaster");
    driver_end(&d);
}

static void test_helo_and_smtputf8_protocols(void **state)
{
    (void)state;
    struct driver d;
    driver_run(&d, SMTP_MODE_SMTP,
               STR("HELO [192.0.2.1]\r\n" ENVELOPE "DATA\r\n.\r\n" HELLO
                   "MAIL FROM:<j\xc3\xbcrgen@x.example> BODY=8BITMIME SMTPUTF8 SIZE=5\r\n"
                   "RCPT TO:<security@desk.example>\r\nDATA\r\n.\r\n"));
    assert_int_equal(d.n_mails, 2);
    driver_envelope(&d, 0, "a@sender.example SMTP [192.0.2.1] security@desk.example");
    driver_envelope(&d, 1, "j\xc3\xbcrgen@x.example UTF8SMTP client.example security@desk.example");
    driver_end(&d);
}

static void test_lmtp_answers_each_recipient(void **state)
{
    (void)state;
    struct driver d;
    driver_run(&d, SMTP_MODE_LMTP,
               STR("LHLO client.example\r\n" ENVELOPE "RCPT TO:<nobody@desk.example>\r\n"
                   "RCPT TO:<security+x@desk.example>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"));
    driver_codes(&d, "220 250 250 250 550 250 354 250 250 221");
    driver_envelope(&d, 0,
                    "a@sender.example LMTP client.example security@desk.example "
                    "security+x@desk.example");
    driver_end(&d);
}

/* ---- what is refused ---- */

static void test_order_of_commands(void **state)
{
    (void)state;
    struct driver d;
    driver_run(&d, SMTP_MODE_SMTP,
               STR("MAIL FROM:<a@b>\r\nRCPT TO:<security@desk.example>\r\nDATA\r\nEHLO\r\n" HELLO
                   "DATA\r\nRCPT TO:<security@desk.example>\r\nMAIL FROM:<a@b>\r\nDATA\r\n"
                   "MAIL FROM:<a@b>\r\nRSET\r\nRCPT TO:<security@desk.example>\r\nLHLO x\r\n"));
    driver_codes(&d, "220 503 503 503 501 250 503 503 250 554 503 250 503 500");
    assert_int_equal(d.n_mails, 0);
    driver_end(&d);
    driver_run(&d, SMTP_MODE_LMTP,
               STR("EHLO x\r\nHELO x\r\nLHLO x\r\nMAIL FROM:<a@b>\r\nDATA\r\n"));
    driver_codes(&d, "220 500 500 250 250 503");
    driver_end(&d);
}

static void test_no_relay_and_no_strangers(void **state)
{
    (void)state;
    struct driver d;
    driver_run(&d, SMTP_MODE_SMTP,
               STR(HELLO "MAIL FROM:<a@b>\r\nRCPT TO:<x@elsewhere.example>\r\n"
                         "RCPT TO:<victim%third.example@desk.example>\r\n"
                         "RCPT TO:<security+a%third.example@desk.example>\r\n"
                         "RCPT TO:<third.example!security@desk.example>\r\n"
                         "RCPT TO:<@desk.example:x@elsewhere.example>\r\n"
                         "RCPT TO:<>\r\nRCPT TO:security@desk.example\r\n"
                         "RCPT TO:<security@desk.example> NOTIFY=NEVER\r\nDATA\r\n"));
    driver_codes(&d, "220 250 250 550 550 550 550 550 501 501 555 554");
    assert_true(str_find(buf_str(&d.replies), STR("550 5.1.1")) != STR_NPOS);
    assert_true(str_find(buf_str(&d.replies), STR("550 5.7.1")) != STR_NPOS);
    driver_end(&d);
}

static void test_mail_parameters(void **state)
{
    (void)state;
    struct driver d;
    driver_run(&d, SMTP_MODE_SMTP,
               STR(HELLO "MAIL FROM:<a@b> SIZE=x\r\nMAIL FROM:<a@b> SIZE=1 SIZE=1\r\n"
                         "MAIL FROM:<a@b> BODY=BINARYMIME\r\nMAIL FROM:<a@b> SMTPUTF8=1\r\n"
                         "MAIL FROM:<a@b> RET=HDRS\r\nMAIL FROM:<a@b>SIZE=1\r\n"
                         "MAIL FROM:<j\xc3\xbc@b>\r\nMAIL FROM:<a@b> SIZE=1001\r\n"
                         "MAIL FROM:<a@b> SIZE=99999999999999999999\r\n"
                         "mail from:<a@b> size=1000 body=7bit\r\n"));
    driver_codes(&d, "220 250 501 501 501 501 555 501 501 552 501 250");
    assert_true(str_find(buf_str(&d.replies), STR("552 5.3.4")) != STR_NPOS);
    driver_end(&d);
}

static void too_large(enum smtp_mode mode, const char *codes)
{
    struct driver d;
    AUTO(buf) struct buf in = BUF_INIT(100000);
    buf_adds(&in, mode == SMTP_MODE_LMTP ? "LHLO c\r\n" : HELLO);
    buf_adds(&in, ENVELOPE "RCPT TO:<security+x@desk.example>\r\nDATA\r\n");
    for (int i = 0; i < 30; i++)
        buf_addf(&in, "%048d\r\n", i);
    buf_adds(&in, ".\r\n" ENVELOPE "DATA\r\n");
    for (int i = 0; i < 20; i++)
        buf_addf(&in, "%048d\r\n", i);
    buf_adds(&in, ".\r\nQUIT\r\n");
    driver_run(&d, mode, buf_str(&in));
    driver_codes(&d, codes);
    assert_int_equal(d.n_mails, 1);
    assert_int_equal(d.mails[0].n, 1000);
    assert_int_equal(d.aborts, 1);
    driver_end(&d);
}

static void test_undeclared_size_over_the_limit(void **state)
{
    (void)state;
    too_large(SMTP_MODE_SMTP, "220 250 250 250 250 354 552 250 250 354 250 221");
    too_large(SMTP_MODE_LMTP, "220 250 250 250 250 354 552 552 250 250 354 250 221");
}

static void test_recipient_limit_is_temporary(void **state)
{
    (void)state;
    struct driver d;
    AUTO(buf) struct buf in = BUF_INIT(100000);
    AUTO(buf) struct buf want = BUF_INIT(10000);
    buf_adds(&in, HELLO "MAIL FROM:<a@b>\r\n");
    buf_adds(&want, "220 250 250");
    for (int i = 0; i < SMTP_RCPTS_MIN + 40; i++) {
        buf_adds(&in, "RCPT TO:<security@desk.example>\r\n");
        buf_adds(&want, i < SMTP_RCPTS_MIN ? " 250" : " 452");
    }
    buf_adds(&in, "DATA\r\nx\r\n.\r\n");
    buf_adds(&want, " 354 250");
    driver_run(&d, SMTP_MODE_SMTP, buf_str(&in));
    driver_codes(&d, buf_c(&want));
    assert_int_equal(d.n_mails, 1);
    driver_end(&d);
}

static void test_long_lines(void **state)
{
    (void)state;
    struct driver d;
    AUTO(buf) struct buf in = BUF_INIT(100000);
    for (int n = 500; n < 2100; n += 1) {
        buf_reset(&in);
        buf_addf(&in, "NOOP %0*d\r\nNOOP\r\n", n, 1);
        driver_run(&d, SMTP_MODE_SMTP, buf_str(&in));
        driver_codes(&d, n + 7 <= SMTP_LINE_MAX + SMTP_LINE_EXT ? "220 250 250" : "220 500 250");
        driver_end(&d);
    }
}

static void test_bare_line_ends_in_commands_close(void **state)
{
    (void)state;
    const struct str bad[] = {STR("NOOP\nNOOP\r\n"), STR("NOOP\rNOOP\r\nNOOP\r\n"),
                              STR("NO\0OP\r\nNOOP\r\n"), STR("\nNOOP\r\n"),
                              STR("NOOP\r\r\nNOOP\r\n")};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct driver d;
        driver_run(&d, SMTP_MODE_SMTP, bad[i]);
        driver_codes(&d, "220 521");
        assert_int_equal(smtp_session_want(d.session), SMTP_WANT_CLOSE);
        driver_end(&d);
    }
}

static void test_limits_on_errors_and_idle_commands(void **state)
{
    (void)state;
    struct driver d;
    AUTO(buf) struct buf in = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
    buf_adds(&want, "220");
    for (int i = 0; i < 40; i++) {
        buf_adds(&in, "BOGUS\r\n");
        if (i < SMTP_ERRORS_MAX)
            buf_adds(&want, " 500");
    }
    buf_adds(&want, " 421");
    driver_run(&d, SMTP_MODE_SMTP, buf_str(&in));
    driver_codes(&d, buf_c(&want));
    driver_end(&d);
    buf_reset(&in);
    for (int i = 0; i < SMTP_IDLE_CMDS_MAX + 10; i++)
        buf_adds(&in, "NOOP\r\n");
    driver_run(&d, SMTP_MODE_SMTP, buf_str(&in));
    assert_true(str_ends(buf_str(&d.replies), STR("without a mail, closing\r\n")));
    assert_int_equal(smtp_session_want(d.session), SMTP_WANT_CLOSE);
    driver_end(&d);
}

static void test_other_commands(void **state)
{
    (void)state;
    struct driver d;
    driver_run(&d, SMTP_MODE_SMTP,
               STR(HELLO "VRFY security\r\nVRFY\r\nEXPN x\r\nHELP\r\nNOOP x\r\nAUTH PLAIN\r\n"
                         "BDAT 1\r\nXYZ\r\n\r\nDATA x\r\nGET / HTTP/1.1\r\nNOOP\r\n"));
    driver_codes(&d, "220 250 252 501 502 214 250 502 502 500 500 501 521");
    driver_end(&d);
}

/* ---- TLS, verdicts, failures ---- */

static void test_starttls_forgets_everything(void **state)
{
    (void)state;
    struct driver d;
    driver_run(&d, SMTP_MODE_SMTP,
               STR(HELLO "MAIL FROM:<a@b>\r\nSTARTTLS\r\nMAIL FROM:<inject@evil.example>\r\n"
                         "RCPT TO:<security@desk.example>\r\n"));
    driver_codes(&d, "220 250 250 220");
    assert_int_equal(smtp_session_want(d.session), SMTP_WANT_TLS);
    smtp_session_tls(d.session);
    driver_more(&d, STR("RCPT TO:<security@desk.example>\r\nMAIL FROM:<a@b>\r\n" HELLO
                        "STARTTLS\r\n" ENVELOPE "DATA\r\n.\r\n"));
    driver_codes(&d, "220 250 250 220 503 503 250 503 250 250 354 250");
    assert_true(str_find(str_sub(buf_str(&d.replies), 250, SIZE_MAX), STR("-STARTTLS")) ==
                STR_NPOS);
    driver_envelope(&d, 0, "a@sender.example ESMTPS client.example security@desk.example");
    driver_end(&d);
}

static void test_starttls_without_tls_closes(void **state)
{
    (void)state;
    struct driver d;
    driver_init(&d, SMTP_MODE_SMTP);
    d.config.tls_offered = false;
    driver_more(&d, STR(HELLO "STARTTLS\r\n" ENVELOPE "DATA\r\n.\r\n"));
    driver_codes(&d, "220 250 502");
    assert_true(str_find(buf_str(&d.replies), STR("-STARTTLS")) == STR_NPOS);
    assert_int_equal(d.n_mails, 0);
    driver_end(&d);
}

static void test_nothing_runs_before_the_verdict(void **state)
{
    (void)state;
    struct driver d;
    driver_init(&d, SMTP_MODE_SMTP);
    d.hold_verdict = true;
    struct str in = STR(HELLO ENVELOPE "DATA\r\nx\r\n.\r\nRSET\r\nQUIT\r\n");
    size_t used = smtp_session_feed(d.session, in);
    assert_int_equal(used, in.n - strlen("RSET\r\nQUIT\r\n"));
    assert_int_equal(smtp_session_feed(d.session, str_sub(in, used, in.n)), 0);
    driver_codes(&d, "220 250 250 250 354");
    smtp_session_verdict(d.session, RC_OK, "id1");
    smtp_session_feed(d.session, str_sub(in, used, in.n));
    driver_codes(&d, "220 250 250 250 354 250 250 221");
    driver_end(&d);
}

static void test_failures_of_the_store(void **state)
{
    (void)state;
    struct driver d;
    driver_init(&d, SMTP_MODE_LMTP);
    d.verdict = RC_IO;
    driver_more(&d, STR("LHLO c\r\n" ENVELOPE "RCPT TO:<security@desk.example>\r\nDATA\r\n.\r\n"));
    driver_codes(&d, "220 250 250 250 250 354 452 452");
    d.begin_rc = RC_IO;
    driver_more(&d, STR(ENVELOPE "DATA\r\n"));
    driver_codes(&d, "220 250 250 250 250 354 452 452 250 250 452");
    d.begin_rc = RC_OK;
    d.data_rc = RC_IO;
    driver_more(&d, STR(ENVELOPE "DATA\r\nx\r\ny\r\n.\r\nNOOP\r\n"));
    driver_codes(&d, "220 250 250 250 250 354 452 452 250 250 452 250 250 354 452 250");
    assert_int_equal(d.aborts, 1);
    driver_end(&d);
}

static void test_replies_have_a_bound(void **state)
{
    (void)state;
    struct driver d;
    driver_init(&d, SMTP_MODE_SMTP);
    AUTO(buf) struct buf in = BUF_INIT(1 << 20);
    for (int i = 0; i < SMTP_IDLE_CMDS_MAX; i++)
        buf_adds(&in, "HELP\r\n");
    size_t used = smtp_session_feed(d.session, buf_str(&in));
    assert_int_equal(smtp_session_want(d.session), SMTP_WANT_DRAIN);
    assert_true(used < in.n && smtp_session_out(d.session)->n < SMTP_OUT_HIGH + 200);
    buf_reset(smtp_session_out(d.session));
    assert_true(smtp_session_feed(d.session, str_sub(buf_str(&in), used, in.n)) > 0);
    driver_end(&d);
}

static void test_close_and_loss_abort_the_mail(void **state)
{
    (void)state;
    struct driver d;
    driver_init(&d, SMTP_MODE_SMTP);
    driver_more(&d, STR(HELLO ENVELOPE "DATA\r\nhalf"));
    assert_true(smtp_session_in_data(d.session));
    smtp_session_close(d.session, "Idle for too long");
    driver_more(&d, STR("\r\n.\r\n"));
    assert_true(str_ends(buf_str(&d.replies), STR("421 4.4.2 Idle for too long, closing\r\n")));
    assert_int_equal(d.aborts, 1);
    assert_int_equal(d.n_mails, 0);
    driver_end(&d);
    driver_init(&d, SMTP_MODE_SMTP);
    driver_more(&d, STR(HELLO ENVELOPE "DATA\r\nhalf"));
    smtp_session_free(d.session);
    d.session = NULL;
    assert_int_equal(d.aborts, 1);
    driver_end(&d);
}

static void test_helo_name_cannot_reach_a_header(void **state)
{
    (void)state;
    struct driver d;
    driver_run(&d, SMTP_MODE_SMTP, STR("EHLO a(b);c\"\x80<\t> x\r\n" ENVELOPE "DATA\r\n.\r\n"));
    driver_envelope(&d, 0, "a@sender.example ESMTP a_b__c_____ security@desk.example");
    driver_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_mail),
        cmocka_unit_test(test_extensions_are_named),
        cmocka_unit_test(test_empty_mail_and_dots),
        cmocka_unit_test(test_only_crlf_dot_crlf_ends),
        cmocka_unit_test(test_dot_cr_is_not_the_end),
        cmocka_unit_test(test_data_is_read_as_the_rule_says),
        cmocka_unit_test(test_tag_and_case_of_recipients),
        cmocka_unit_test(test_helo_and_smtputf8_protocols),
        cmocka_unit_test(test_lmtp_answers_each_recipient),
        cmocka_unit_test(test_order_of_commands),
        cmocka_unit_test(test_no_relay_and_no_strangers),
        cmocka_unit_test(test_mail_parameters),
        cmocka_unit_test(test_undeclared_size_over_the_limit),
        cmocka_unit_test(test_recipient_limit_is_temporary),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_bare_line_ends_in_commands_close),
        cmocka_unit_test(test_limits_on_errors_and_idle_commands),
        cmocka_unit_test(test_other_commands),
        cmocka_unit_test(test_starttls_forgets_everything),
        cmocka_unit_test(test_starttls_without_tls_closes),
        cmocka_unit_test(test_nothing_runs_before_the_verdict),
        cmocka_unit_test(test_failures_of_the_store),
        cmocka_unit_test(test_replies_have_a_bound),
        cmocka_unit_test(test_close_and_loss_abort_the_mail),
        cmocka_unit_test(test_helo_name_cannot_reach_a_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
