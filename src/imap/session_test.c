/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of the dialogue with a mailbox: what is said, what is asked of core, and what happens
 * when the server is slow, silent or strange.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/when.h"
#include "imap/session.h"

#define LIST "(UID RFC822.SIZE INTERNALDATE)\r\n"

struct talk {
    struct imap_session s;
    int64_t now;
};

static struct talk *begin(int64_t refuse_uid)
{
    struct err e = ERR_INIT;
    struct talk *t = mem_zalloc(sizeof *t);
    struct imap_conf conf = {
        .folder = STR("INBOX"), .max_size = 1000, .poll_us = US_PER_MIN, .refuse_uid = refuse_uid};
    assert_int_equal(imap_session_begin(&t->s, &conf, t->now, &e), RC_OK);
    return t;
}

static void end(struct talk *t)
{
    imap_session_release(&t->s);
    free(t);
}

/* What we said since the last time. */
static void said(struct talk *t, const char *want)
{
    assert_string_equal(buf_c(&t->s.out), want);
    buf_reset(&t->s.out);
}

static enum rc server(struct talk *t, const char *text)
{
    struct err e = ERR_INIT;
    return imap_session_bytes(&t->s, str_c(text), t->now, &e);
}

static void position(struct talk *t, int64_t uid, int64_t since)
{
    struct err e = ERR_INIT;
    assert_int_equal(t->s.need, IMAP_NEED_POSITION);
    assert_int_equal(imap_session_position(&t->s, uid, since, t->now, &e), RC_OK);
}

static void taken(struct talk *t)
{
    struct err e = ERR_INIT;
    assert_int_equal(imap_session_taken(&t->s, t->now, &e), RC_OK);
}

static struct talk *open_at(int64_t uid, int64_t since, int64_t refuse_uid, bool idle)
{
    struct talk *t = begin(refuse_uid);
    said(t, "V1 CAPABILITY\r\n");
    assert_int_equal(server(t, idle ? "* CAPABILITY IMAP4rev1 IDLE\r\nV1 OK\r\n"
                                    : "* CAPABILITY IMAP4rev1\r\nV1 OK\r\n"),
                     RC_OK);
    said(t, "V2 EXAMINE \"INBOX\"\r\n");
    assert_int_equal(server(t, "* 3 EXISTS\r\n* OK [UIDVALIDITY 9] x\r\n* OK [UIDNEXT 8] x\r\n"
                               "V2 OK [READ-ONLY] done\r\n"),
                     RC_OK);
    assert_true(t->s.uidvalidity == 9 && t->s.uidnext == 8);
    position(t, uid, since);
    return t;
}

static void test_one_mail_at_a_time_then_idle(void **state)
{
    struct talk *t = open_at(4, 0, 0, true);
    said(t, "V3 UID FETCH 5:* " LIST);
    /* Out of order, one twice, one that we have, one too large. */
    assert_int_equal(
        server(t, "* 3 FETCH (UID 7 RFC822.SIZE 10)\r\n* 1 FETCH (UID 4 RFC822.SIZE 1)\r\n"
                  "* 2 FETCH (UID 5 RFC822.SIZE 10)\r\n* 2 FETCH (UID 5 RFC822.SIZE 10)\r\n"
                  "* 4 FETCH (UID 6 RFC822.SIZE 1001)\r\nV3 OK done\r\n"),
        RC_OK);
    said(t, "V4 UID FETCH 5 (UID BODY.PEEK[])\r\n");
    assert_int_equal(server(t, "* 2 FETCH (UID 5 BODY[] {5}\r\nhello)\r\nV4 OK\r\n"), RC_OK);
    assert_int_equal(t->s.need, IMAP_NEED_TAKE);
    assert_true(t->s.uid == 5 && str_eq(buf_str(&t->s.mail), STR("hello")));
    said(t, ""); /* nothing more before it is safe */
    taken(t);
    assert_int_equal(t->s.need, IMAP_NEED_LEAVE);
    assert_true(t->s.uid == 6 && t->s.size == 1001);
    taken(t);
    said(t, "V5 UID FETCH 7 (UID BODY.PEEK[])\r\n");
    /* A mail of another number is not the one that was asked for. */
    assert_int_equal(server(t, "* 9 FETCH (UID 8 BODY[] {1}\r\nx)\r\nV5 OK\r\n"), RC_OK);
    assert_int_equal(t->s.need, IMAP_NEED_NOTHING);
    said(t, "V6 IDLE\r\n");
    assert_int_equal(server(t, "+ idling\r\n* 5 EXISTS\r\n"), RC_OK);
    said(t, "DONE\r\n");
    assert_int_equal(server(t, "* 6 EXISTS\r\nV6 OK\r\n"), RC_OK);
    said(t, "V7 UID FETCH 7:* " LIST);
    end(t);
}

static void test_news_while_listing_are_not_missed(void **state)
{
    struct talk *t = open_at(0, 0, 0, true);
    said(t, "V3 UID FETCH 1:* " LIST);
    assert_int_equal(server(t, "* 4 EXISTS\r\nV3 OK\r\n"), RC_OK);
    said(t, "V4 UID FETCH 1:* " LIST);
    assert_int_equal(server(t, "V4 OK\r\n"), RC_OK);
    said(t, "V5 IDLE\r\n");
    assert_int_equal(server(t, "* 5 EXISTS\r\n+ now\r\n"), RC_OK);
    said(t, "DONE\r\n");
    end(t);
}

static void test_idle_is_renewed_and_silence_ends(void **state)
{
    struct err e = ERR_INIT;
    struct talk *t = open_at(0, 0, 0, true);
    assert_int_equal(server(t, "V3 OK\r\n+ idling\r\n"), RC_OK);
    buf_reset(&t->s.out);
    t->now = IMAP_IDLE_US - 1;
    assert_int_equal(imap_session_tick(&t->s, t->now, &e), RC_OK);
    said(t, "");
    assert_true(imap_session_due(&t->s) == IMAP_IDLE_US && IMAP_IDLE_US < 29 * US_PER_MIN);
    t->now = IMAP_IDLE_US;
    assert_int_equal(imap_session_tick(&t->s, t->now, &e), RC_OK);
    said(t, "DONE\r\n");
    t->now += IMAP_ANSWER_US;
    assert_int_equal(imap_session_tick(&t->s, t->now, &e), RC_TIMEOUT);
    end(t);
}

static void test_without_idle_it_polls(void **state)
{
    struct err e = ERR_INIT;
    struct talk *t = open_at(0, 0, 0, false);
    buf_reset(&t->s.out);
    assert_int_equal(server(t, "V3 OK\r\n"), RC_OK);
    said(t, "");
    t->now = US_PER_MIN;
    assert_int_equal(imap_session_tick(&t->s, t->now, &e), RC_OK);
    said(t, "V4 NOOP\r\n");
    assert_int_equal(server(t, "V4 OK\r\n"), RC_OK);
    said(t, "V5 UID FETCH 1:* " LIST);
    end(t);
    /* A server that offers IDLE and refuses it, and one that ends it at once. */
    static const char *const answers[] = {"V3 OK\r\nV4 NO\r\n", "V3 OK\r\nV4 OK\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        t = open_at(0, 0, 0, true);
        assert_int_equal(server(t, answers[i]), RC_OK);
        assert_true(imap_session_due(&t->s) == t->now + US_PER_MIN);
        end(t);
    }
}

static void test_old_and_stuck_mails_are_left(void **state)
{
    struct talk *t = open_at(0, INT64_C(1767225600) * US_PER_S, 3, true);
    buf_reset(&t->s.out);
    assert_int_equal(
        server(t, "* 1 FETCH (UID 1 RFC822.SIZE 1 INTERNALDATE \"31-Dec-2025 23:59:59 +0000\")\r\n"
                  "* 2 FETCH (UID 2 RFC822.SIZE 1 INTERNALDATE \"01-Jan-2026 00:00:00 +0000\")\r\n"
                  "* 3 FETCH (UID 3 RFC822.SIZE 1)\r\nV3 OK\r\n"),
        RC_OK);
    said(t, "V4 UID FETCH 2 (UID BODY.PEEK[])\r\n");
    /* Removed meanwhile: no body came. */
    assert_int_equal(server(t, "V4 OK\r\n"), RC_OK);
    assert_true(t->s.need == IMAP_NEED_LEAVE && t->s.uid == 3);
    end(t);
}

static void test_strange_servers(void **state)
{
    struct talk *t = begin(0);
    assert_int_equal(server(t, "V1 OK\r\n* BYE\r\n"), RC_CLOSED);
    end(t);
    t = begin(0);
    assert_int_equal(server(t, "V1 OK\r\nV2 NO no such folder\r\n"), RC_DENIED);
    end(t);
    t = begin(0);
    assert_int_equal(server(t, "V1 OK\r\nV2 OK\r\n"), RC_INVALID); /* no UIDVALIDITY */
    end(t);
    t = begin(0);
    assert_int_equal(server(t, "V2 OK\r\n"), RC_INVALID);
    end(t);
    t = open_at(0, 0, 0, true);
    assert_int_equal(server(t, "* 1 FETCH (UID 1 RFC822.SIZE 1)\r\nV3 OK\r\nV4 NO broken\r\n"),
                     RC_IO);
    end(t);
    t = open_at(0, 0, 0, true); /* says 1 byte, sends more than was allowed */
    assert_int_equal(server(t, "* 1 FETCH (UID 1 RFC822.SIZE 1)\r\nV3 OK\r\n"
                               "* 1 FETCH (UID 1 BODY[] {9999999}\r\n"),
                     RC_LIMIT);
    end(t);
}

static void test_a_long_list_is_taken_in_parts(void **state)
{
    struct talk *t = open_at(0, 0, 0, true);
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    for (int i = 2 * IMAP_LIST_MAX; i >= 1; i--)
        buf_addf(&b, "* %d FETCH (UID %d RFC822.SIZE 9999)\r\n", i, i);
    buf_adds(&b, "V3 OK\r\n");
    assert_int_equal(server(t, buf_c(&b)), RC_OK);
    buf_reset(&t->s.out);
    for (int i = 1; i <= IMAP_LIST_MAX; i++) {
        assert_true(t->s.need == IMAP_NEED_LEAVE && t->s.uid == i);
        taken(t);
    }
    said(t, "V4 UID FETCH 1001:* " LIST);
    end(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_mail_at_a_time_then_idle),
        cmocka_unit_test(test_news_while_listing_are_not_missed),
        cmocka_unit_test(test_idle_is_renewed_and_silence_ends),
        cmocka_unit_test(test_without_idle_it_polls),
        cmocka_unit_test(test_old_and_stuck_mails_are_left),
        cmocka_unit_test(test_strange_servers),
        cmocka_unit_test(test_a_long_list_is_taken_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
