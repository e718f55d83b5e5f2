/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of the IMAP reader: responses whole and cut at every byte, and hostile ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/when.h"
#include "imap/reader.h"

#define MAIL_MAX 100000

/* The first response of text, fed in pieces of `cut` bytes. */
static enum rc first(struct imap_reader *r, struct str text, size_t cut, struct imap_response *ret)
{
    struct err e = ERR_INIT;
    enum rc rc = RC_BUSY;
    for (size_t at = 0; rc == RC_BUSY && at < text.n; at += cut) {
        struct str part = str_sub(text, at, cut);
        rc = imap_read(r, &part, ret, &e);
    }
    return rc;
}

static struct imap_reader new_reader(void)
{
    struct imap_reader r;
    imap_reader_init(&r, MAIL_MAX);
    return r;
}

static void test_fetch_with_literals_at_every_cut(void **state)
{
    const struct str text =
        STR("* 12 FETCH (FLAGS (\\Seen $a \"b)\") UID 4711 RFC822.SIZE 44 INTERNALDATE "
            "\" 7-Feb-1994 21:52:25 -0800\" ENVELOPE (\"x\" {3}\r\n)\"( NIL) BODY[] {12}\r\n"
            "a\r\n* OK\r\n)\r\n MODSEQ (9))\r\n");
    for (size_t cut = 1; cut <= text.n; cut++) {
        struct imap_reader r = new_reader();
        struct imap_response got;
        assert_int_equal(first(&r, text, cut, &got), RC_OK);
        assert_int_equal(got.kind, IMAP_FETCH);
        assert_int_equal(got.number, 12);
        assert_int_equal(got.uid, 4711);
        assert_int_equal(got.size, 44);
        assert_true(got.has_internal && got.has_body);
        assert_true(got.internal_us == INT64_C(760686745) * US_PER_S);
        assert_true(str_eq(got.body, STR("a\r\n* OK\r\n)\r\n")));
        imap_reader_release(&r);
    }
}

static void test_kinds(void **state)
{
    static const struct {
        const char *text;
        enum imap_kind kind;
        int64_t number;
    } t[] = {
        {"* 23 EXISTS\r\n", IMAP_EXISTS, 23},
        {"* 4 EXPUNGE\n", IMAP_EXPUNGE, 4},
        {"+ idling\r\n", IMAP_CONTINUE, 0},
        {"+\r\n", IMAP_CONTINUE, 0},
        {"* BYE see you\r\n", IMAP_BYE, 0},
        {"* CAPABILITY IMAP4rev1 idle\r\n", IMAP_CAPABILITY, 0},
        {"* OK [UIDVALIDITY 3857529045] valid\r\n", IMAP_STATUS, 0},
        {"* FLAGS (\\Answered)\r\n", IMAP_OTHER, 0},
        {"* 3 RECENT\r\n", IMAP_OTHER, 3},
        {"V7 OK [READ-ONLY] done\r\n", IMAP_TAGGED, 0},
        {"* 5 FETCH (UID 9 BODY[] NIL)\r\n", IMAP_FETCH, 5},
        {"* 5 FETCH (UID 9 BODY[] \"short\")\r\n", IMAP_FETCH, 5},
        {"* 5 FETCH (UID 9 BODY[] {0}\r\n)\r\n", IMAP_FETCH, 5},
        {"* 5 FETCH ()\r\n", IMAP_FETCH, 5},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct imap_reader r = new_reader();
        struct imap_response got;
        assert_int_equal(first(&r, str_c(t[i].text), 1000, &got), RC_OK);
        assert_int_equal(got.kind, t[i].kind);
        assert_int_equal(got.number, t[i].number);
        if (got.kind == IMAP_STATUS)
            assert_true(got.uidvalidity == INT64_C(3857529045));
        if (got.kind == IMAP_CAPABILITY)
            assert_true(got.idle);
        if (got.kind == IMAP_TAGGED)
            assert_true(got.tag == 7 && got.status == IMAP_OK);
        imap_reader_release(&r);
    }
}

static void test_hostile(void **state)
{
    AUTO(buf) struct buf deep = BUF_INIT(1000);
    AUTO(buf) struct buf lits = BUF_INIT(1000);
    AUTO(buf) struct buf endless = BUF_INIT(2 * IMAP_LINE_MAX);
    buf_adds(&deep, "* 1 FETCH (X ");
    for (int i = 0; i <= IMAP_NEST_MAX; i++)
        buf_addc(&deep, '(');
    buf_adds(&deep, ")\r\n");
    for (int i = 0; i <= IMAP_LITERALS_MAX; i++)
        buf_adds(&lits, "* {1}\r\nx");
    while (endless.n <= IMAP_LINE_MAX)
        buf_adds(&endless, "* never ends ");
    const struct {
        struct str text;
        enum rc rc;
    } t[] = {
        {STR("* 1 FETCH (BODY[] {100001}\r\n"), RC_LIMIT},
        {STR("* 1 FETCH (BODY[] {4294967295}\r\n"), RC_LIMIT},
        {STR("* 1 FETCH (UID 4294967296)\r\n"), RC_INVALID},
        {STR("* 1 FETCH (UID -1)\r\n"), RC_INVALID},
        {STR("* 1 FETCH (UID\r\n"), RC_INVALID},
        {STR("* 1 FETCH (UID 1\r\n"), RC_INVALID},
        {STR("* 1 FETCH (UID 1) more\r\n"), RC_INVALID},
        {STR("* 1 FETCH (X \"open)\r\n"), RC_INVALID},
        {STR("* 1 FETCH\r\n"), RC_INVALID},
        {STR("* OK \0\r\n"), RC_INVALID},
        {STR("* OK \001\r\n"), RC_INVALID},
        {STR("HTTP/1.1 400 Bad Request\r\n"), RC_INVALID},
        {STR("A1 OK of another client\r\n"), RC_INVALID},
        {STR("V99999999999999999999 OK\r\n"), RC_INVALID},
        {STR("\r\n"), RC_INVALID},
        {buf_str(&deep), RC_INVALID},
        {buf_str(&lits), RC_LIMIT},
        {buf_str(&endless), RC_LIMIT},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct imap_reader r = new_reader();
        struct imap_response got;
        assert_int_equal(first(&r, t[i].text, t[i].text.n, &got), t[i].rc);
        imap_reader_release(&r);
    }
}

/* Two large literals in one response are more than one mail. */
static void test_one_mail_at_a_time(void **state)
{
    struct imap_reader r = new_reader();
    struct imap_response got;
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(2 * MAIL_MAX);
    buf_addf(&b, "* 1 FETCH (BODY[] {%d}\r\n", IMAP_SMALL_MAX + 1);
    for (int i = 0; i <= IMAP_SMALL_MAX; i++)
        buf_addc(&b, 'x');
    buf_addf(&b, " BODY[] {%d}\r\n", IMAP_SMALL_MAX + 1);
    struct str in = buf_str(&b);
    assert_int_equal(imap_read(&r, &in, &got, &e), RC_LIMIT);
    imap_reader_release(&r);
}

static void test_internal_dates(void **state)
{
    static const char *const bad[] = {"\"31-Foo-2026 00:00:00 +0000\"",
                                      "\"00-Jan-2026 00:00:00 +0000\"",
                                      "\"01-Jan-2026 24:00:00 +0000\"",
                                      "\"1-Jan-2026\"",
                                      "NIL",
                                      "\"01-Jan-2026 00:00:00 +0060\""};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct imap_reader r = new_reader();
        struct imap_response got;
        AUTO(buf) struct buf b = BUF_INIT(200);
        buf_addf(&b, "* 1 FETCH (INTERNALDATE %s)\r\n", bad[i]);
        assert_int_equal(first(&r, buf_str(&b), b.n, &got), RC_OK);
        assert_false(got.has_internal);
        imap_reader_release(&r);
    }
}

static void test_names(void **state)
{
    static const char *const t[][2] = {
        {"INBOX", "\"INBOX\""},
        {"a \"b\" \\c", "\"a \\\"b\\\" \\\\c\""},
        {"R&D", "\"R&-D\""},
        {"Entwürfe", "\"Entw&APw-rfe\""},
        {"~peter/mail/台北/日本語", "\"~peter/mail/&U,BTFw-/&ZeVnLIqe-\""},
        {"😀", "\"&2D3eAA-\""}};
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        AUTO(buf) struct buf b = BUF_INIT(200);
        struct err e = ERR_INIT;
        assert_int_equal(imap_mailbox_name(&b, str_c(t[i][0]), &e), RC_OK);
        assert_string_equal(buf_c(&b), t[i][1]);
    }
    AUTO(buf) struct buf b = BUF_INIT(200);
    struct err e = ERR_INIT;
    assert_int_equal(imap_mailbox_name(&b, STR("a\r\nV9 DELETE x"), &e), RC_INVALID);
    assert_int_equal(imap_quote(&b, STR("\n"), "x", &e), RC_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fetch_with_literals_at_every_cut),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_one_mail_at_a_time),
        cmocka_unit_test(test_internal_dates),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
