/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw mail to the record: what the corpora do not say.
 */
#include "mime/rules_test.h"

#include <string.h>

#include "mime/parse.h"

/* Parses with default options; the arena is the caller's. */
static struct mail parsed(struct arena *a, const char *raw)
{
    struct parse_opts o;
    struct err e = ERR_INIT;
    struct mail m;
    parse_child_warm();
    parse_opts_init(&o);
    if (parse_mail(a, str_c(raw), &o, &m, &e) != RC_OK)
        fail_msg("%s", e.msg);
    return m;
}

#define HEAD                                                                                       \
    "From: Joe <joe@reporter.example>\r\nTo: security@desk.example\r\nSubject: t\r\n"              \
    "Message-ID: <1@reporter.example>\r\nMIME-Version: 1.0\r\n"

static void is(struct str have, const char *want)
{
    if (!str_eq(have, str_c(want)))
        fail_msg("found \"%.*s\", not \"%s\"", STR_ARG(have), want);
}

static void test_header(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    struct mail m =
        parsed(a, "Return-Path: <bounce@Reporter.example>\nReceived: a\nReceived: b\n"
                  "From: =?utf-8?q?J=C3=B6rg?= <Joe@Reporter.EXAMPLE>\nSender: s@reporter.example\n"
                  "Reply-To: r@reporter.example\nTo: A <a@desk.example>, B: b@desk.example;\n"
                  "Cc: c@x.example\nSubject: =?utf-8?q?Heap?=\n =?utf-8?q?_overflow?=\n"
                  "Date: Thu, 01 Jan 2026 00:00:00 +0100\nMessage-ID: <1@reporter.example>\n"
                  "In-Reply-To: <0@desk.example>\nReferences: <x@y> <0@desk.example> <x@y>\n"
                  "List-Id: Our list <l.example>\nX-Loop: l@x.example\nX-Spam-Flag: YES\n\nbody\n");
    is(m.from.name, "J\xc3\xb6rg");
    is(m.from.addr, "Joe@reporter.example"); /* the domain in lower case, the local part as it is */
    is(m.sender.addr, "s@reporter.example");
    is(m.reply_to.p[0].addr, "r@reporter.example");
    assert_int_equal(m.to.n, 2);
    is(m.to.p[1].addr, "b@desk.example");
    is(m.cc.p[0].addr, "c@x.example");
    is(m.subject, "Heap overflow");
    assert_true(m.has_date && m.date_us == INT64_C(1767222000000000));
    is(m.in_reply_to.p[0], "0@desk.example");
    assert_int_equal(m.references.n, 2);
    is(m.list_id, "Our list <l.example>");
    assert_int_equal(m.received, 2);
    assert_true(m.automatic.list && m.automatic.spam && m.automatic.has_return_path);
    assert_int_equal(m.automatic.n_loops, 1);
    is(m.text, "body\n");
    assert_int_equal(m.text_source, MAIL_TEXT_PLAIN);
}

static void test_references_keep_root_and_last(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    AUTO(buf) struct buf b = BUF_INIT(65536);
    buf_adds(&b, "From: a@b\nReferences:");
    for (int i = 0; i < 300; i++)
        buf_addf(&b, " <%d@x>", i);
    buf_adds(&b, "\n\n");
    struct mail m = parsed(a, buf_c(&b));
    assert_int_equal(m.references.n, MAIL_REFS_MAX);
    is(m.references.p[0], "0@x");
    is(m.references.p[MAIL_REFS_MAX - 1], "299@x");
    assert_true(m.warnings[MAIL_WARN_LIST_CUT] > 0);
}

/* What matters is found behind a flood of what does not. */
static void test_flood_in_front(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    AUTO(buf) struct buf b = BUF_INIT(8 << 20);
    for (int i = 0; i < 30000; i++)
        buf_addf(&b, "X-Flood-%d: %080d\n", i, i);
    buf_adds(&b, HEAD "\nbody\n");
    struct mail m = parsed(a, buf_c(&b));
    is(m.from.addr, "joe@reporter.example");
    is(m.text, "body\n");
    assert_true(m.warnings[MAIL_WARN_HEADER_CUT] > 0);
}

static void test_nested_groups(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    buf_adds(&b, "To: ");
    for (int i = 0; i < 100000; i++)
        buf_adds(&b, "g:");
    buf_adds(&b, "\nFrom: a@b\n\nx\n");
    struct mail m = parsed(a, buf_c(&b));
    is(m.from.addr, "a@b");
    is(m.text, "x\n");
}

static void test_many_parameters(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    AUTO(buf) struct buf b = BUF_INIT(4 << 20);
    buf_adds(&b, "From: a@b\nContent-Type: text/plain");
    for (int i = 0; i < 100000; i++)
        buf_addf(&b, "; p%d=v", i);
    buf_adds(&b, "\n\nx\n");
    struct mail m = parsed(a, buf_c(&b));
    is(m.text, "x\n");
    assert_true(m.warnings[MAIL_WARN_HEADER_CUT] > 0);
}

static void test_nul_in_front(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    for (int i = 0; i < 100000; i++)
        buf_addc(&b, '\0');
    buf_adds(&b, HEAD "\nbody\n");
    struct parse_opts o;
    struct err e = ERR_INIT;
    struct mail m;
    parse_child_warm();
    parse_opts_init(&o);
    assert_int_equal(parse_mail(a, buf_str(&b), &o, &m, &e), RC_OK);
    is(m.from.addr, "joe@reporter.example");
    is(m.text, "body\n");
    assert_int_equal(m.warnings[MAIL_WARN_NUL], 100000);
}

static void test_empty_and_bodyless(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    struct mail m = parsed(a, "");
    assert_true(m.size == 0 && m.parts == 1 && m.from.addr.n == 0);
    m = parsed(a, "no header at all, only a cry for help\nin two lines\n");
    is(m.text, "no header at all, only a cry for help\nin two lines\n");
    m = parsed(a, "From a@b Thu Jan  1 00:00:00 2026\nFrom: a@b\n\nx\n");
    is(m.from.addr, "a@b");
}

static void test_alternative(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    struct mail m = parsed(a, HEAD "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
                                   "--b\r\nContent-Type: text/html\r\n\r\n<b>html</b>\r\n"
                                   "--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n"
                                   "--b\r\nContent-Type: text/calendar\r\n\r\ncal\r\n--b--\r\n");
    is(m.text, "plain");
    assert_int_equal(m.text_source, MAIL_TEXT_PLAIN);
    assert_int_equal(m.attachments.n, 1);
    is(m.attachments.p[0].type, "text/calendar");
    /* An empty plain part is no reason to show nothing. */
    m = parsed(a, HEAD "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
                       "--b\r\nContent-Type: text/plain\r\n\r\n \r\n"
                       "--b\r\nContent-Type: text/html\r\n\r\n<b>html</b>\r\n--b--\r\n");
    is(m.text, "html\n");
    assert_int_equal(m.text_source, MAIL_TEXT_HTML);
}

static void test_attachments(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    struct mail m =
        parsed(a, HEAD "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                       "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nsee\r\n"
                       "--b\r\nContent-Type: text/plain; name=log.txt\r\n\r\nlog\r\n"
                       "--b\r\nContent-Type: image/png\r\nContent-Disposition: inline\r\n"
                       "Content-ID: <i@x>\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n"
                       "--b\r\nContent-Type: text/plain\r\n\r\nmore\r\n--b--\r\n");
    is(m.text, "see\n\nmore");
    assert_int_equal(m.attachments.n, 2);
    is(m.attachments.p[0].name, "log.txt");
    assert_false(m.attachments.p[0].is_inline);
    is(m.attachments.p[1].name, "part-3.png");
    is(m.attachments.p[1].content_id, "i@x");
    assert_true(m.attachments.p[1].is_inline && m.attachments.p[1].size == 5);
    is(str_c(m.attachments.p[1].sha256),
       "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_int_equal(m.parts, 5);
}

static void test_forwarded(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    struct mail m =
        parsed(a, HEAD
               "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
               "--b\r\n\r\nfyi\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
               "From: Eve <eve@x.example>\r\nSubject: inner\r\nMessage-ID: <in@x>\r\n"
               "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n"
               "Content-Type: multipart/mixed; boundary=c\r\n\r\n"
               "--c\r\n\r\ninner text\r\n--c\r\nContent-Type: a/b; name=x.bin\r\n\r\nX\r\n--c--\r\n"
               "--b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
               "U3ViamVjdDogYjY0Cgpib2R5Cg==\r\n--b--\r\n");
    is(m.text, "fyi");
    assert_int_equal(m.forwarded.n, 2);
    is(m.forwarded.p[0].from.addr, "eve@x.example");
    is(m.forwarded.p[0].subject, "inner");
    is(m.forwarded.p[0].message_id, "in@x");
    is(m.forwarded.p[0].text, "inner text");
    assert_true(m.forwarded.p[0].has_date && !m.forwarded.p[0].returned);
    assert_int_equal(m.forwarded.p[0].depth, 1);
    is(m.forwarded.p[1].subject, "b64");
    is(m.forwarded.p[1].text, "body\n");
    /* The two messages and the file in one of them. */
    assert_int_equal(m.attachments.n, 3);
    is(m.attachments.p[0].name, "part-2.eml");
    is(m.attachments.p[1].name, "x.bin");
}

static void crypto_is(const char *head, const char *body, enum mail_crypto want)
{
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    AUTO(buf) struct buf b = BUF_INIT(65536);
    buf_addf(&b, HEAD "%s\r\n%s", head, body);
    struct mail m = parsed(a, buf_c(&b));
    if (m.crypto != want)
        fail_msg("%s: %s", head, mail_crypto_name(m.crypto));
}

static void test_crypto(void **state)
{
    (void)state;
    crypto_is("", "x\r\n", MAIL_CRYPTO_NONE);
    crypto_is("Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; "
              "boundary=b\r\n",
              "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b--\r\n",
              MAIL_CRYPTO_PGP_ENCRYPTED);
    crypto_is("Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; "
              "boundary=b\r\n",
              "--b\r\n\r\nx\r\n--b--\r\n", MAIL_CRYPTO_PGP_SIGNED);
    crypto_is("Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; "
              "boundary=b\r\n",
              "--b\r\n\r\nx\r\n--b--\r\n", MAIL_CRYPTO_SMIME_SIGNED);
    crypto_is("Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n", "x",
              MAIL_CRYPTO_SMIME_ENCRYPTED);
    crypto_is("Content-Type: application/x-pkcs7-mime; smime-type=signed-data\r\n", "x",
              MAIL_CRYPTO_SMIME_SIGNED);
    crypto_is("", "hi\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nx\r\n",
              MAIL_CRYPTO_PGP_INLINE_ENCRYPTED);
    crypto_is("", "-----BEGIN PGP SIGNED MESSAGE-----\r\n", MAIL_CRYPTO_PGP_SIGNED);
    crypto_is("", "x -----BEGIN PGP MESSAGE-----\r\n-----BEGIN PGP MESSAGE-----\r\n",
              MAIL_CRYPTO_PGP_INLINE_ENCRYPTED);
    crypto_is("", "> -----BEGIN PGP MESSAGE-----\r\n", MAIL_CRYPTO_NONE);
}

static void test_content_hash(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    struct mail x = parsed(a, "Received: one\r\n" HEAD "\r\nsame\r\ntext\r\n");
    struct mail y = parsed(a, "Received: two\r\nReceived: one\r\n" HEAD "\r\nsame\ntext\n");
    struct mail z = parsed(a, HEAD "\r\nother\r\n");
    assert_string_equal(x.content_sha256, y.content_sha256);
    assert_string_not_equal(x.sha256, y.sha256);
    assert_string_not_equal(x.content_sha256, z.content_sha256);
}

static void test_text_is_bounded(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    AUTO(buf) struct buf b = BUF_INIT(8 << 20);
    buf_adds(&b, HEAD "Content-Type: text/plain; charset=iso-8859-1\r\n\r\n");
    for (int i = 0; i < 6 << 20; i++)
        buf_addc(&b, (char)0xfc);
    struct mail m = parsed(a, buf_c(&b));
    assert_true(m.truncated && m.text.n <= MAIL_TEXT_MAX && m.text.n > MAIL_TEXT_MAX - 4);
    assert_true(m.warnings[MAIL_WARN_TEXT_CUT] > 0);
}

/* What a general mailbox is judged by: a rule's field, and our own trace fields. */
static void test_no_report_and_own_received(void **state)
{
    (void)state;
#define OURS "by mx.desk.example with ESMTP id 0006611ee78c78c724a8058d2f4ae73c"
    static const struct {
        const char *head;
        int64_t own;
        bool none;
    } t[] = {
        {"Received: from a (b)\r\n\t" OURS ";\r\n\tWed, 25 Nov 2026 10:00:00 +0000\r\n", 1, false},
        {"Received: from a (b)\n\t" OURS "\n\tfor <x@y>; now\nReceived: from c " OURS ";\n", 2,
         false},
        {"Received: from a by mx.desk.example with ESMTP id ABC; now\n", 0, false},
        {"Received: from a by other.example id 0006611ee78c78c724a8058d2f4ae73c\n", 0, false},
        {"X-Note: " OURS "\nX-Shop:  ORDER 7\n", 0, true},
        {"X-Shop: reorder\n", 0, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
        AUTO(buf) struct buf b = BUF_INIT(4000);
        struct parse_opts o;
        struct mail m;
        struct err e = ERR_INIT;
        parse_opts_init(&o);
        o.hostname = STR("mx.desk.example");
        o.no_report[o.n_no_report++] = (struct parse_spam){STR("x-shop"), STR("order")};
        buf_addf(&b, "%sFrom: a@b.example\n\ntext\n", t[i].head);
        assert_int_equal(parse_mail(a, buf_str(&b), &o, &m, &e), RC_OK);
        assert_int_equal(m.own_received, t[i].own);
        assert_int_equal(m.no_report, t[i].none);
    }
#undef OURS
}

static void test_border(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(MAIL_ARENA_MAX);
    struct parse_opts o;
    struct err e = ERR_INIT;
    struct mail m;
    static const char raw[] =
        "Received: from mx by us\nAuthentication-Results: mx.desk.example; dmarc=pass "
        "header.from=reporter.example\nReceived: from outside by mx\n" HEAD "\nx\n";
    parse_child_warm();
    parse_opts_init(&o);
    assert_int_equal(parse_mail(a, str_c(raw), &o, &m, &e), RC_OK);
    assert_int_equal(m.proof, AUTHRES_NONE); /* nobody is trusted without settings */
    assert_true(m.auth.n == 1 && !m.auth.p[0].trusted);
    o.border.authserv_id = STR("mx.desk.example");
    assert_int_equal(parse_mail(a, str_c(raw), &o, &m, &e), RC_OK);
    assert_int_equal(m.proof, AUTHRES_DMARC);
    assert_true(m.auth.p[0].trusted && m.auth.p[0].received_above == 1);
    o.spam[o.n_spam++] = (struct parse_spam){STR("subject"), STR("T")};
    struct str path = STR("p@reporter.example");
    o.envelope_from = &path;
    assert_int_equal(parse_mail(a, str_c(raw), &o, &m, &e), RC_OK);
    assert_true(m.automatic.spam && m.automatic.has_return_path);
    is(m.automatic.return_path, "p@reporter.example");
}

static bool collect(void *ctx, struct str piece)
{
    buf_add(ctx, piece);
    return true;
}

static void test_parts(void **state)
{
    (void)state;
    static const char raw[] = HEAD "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                                   "--b\r\n\r\nsee\r\n--b\r\nContent-Type: a/b\r\n"
                                   "Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n";
    AUTO(buf) struct buf b = BUF_INIT(65536);
    struct err e = ERR_INIT;
    parse_child_warm();
    assert_int_equal(parse_part(str_c(raw), 2, collect, &b, &e), RC_OK);
    is(buf_str(&b), "hello");
    assert_int_equal(parse_part(str_c(raw), 3, collect, &b, &e), RC_NOTFOUND);
    assert_int_equal(parse_part(str_c(raw), -1, collect, &b, &e), RC_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_report_and_own_received),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_references_keep_root_and_last),
        cmocka_unit_test(test_flood_in_front),
        cmocka_unit_test(test_nested_groups),
        cmocka_unit_test(test_many_parameters),
        cmocka_unit_test(test_nul_in_front),
        cmocka_unit_test(test_empty_and_bodyless),
        cmocka_unit_test(test_alternative),
        cmocka_unit_test(test_attachments),
        cmocka_unit_test(test_forwarded),
        cmocka_unit_test(test_crypto),
        cmocka_unit_test(test_content_hash),
        cmocka_unit_test(test_text_is_bounded),
        cmocka_unit_test(test_border),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
