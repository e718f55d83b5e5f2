/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of automatic answers: each reason once, what must not stop an answer, and borders.
 */
#include "mime/rules_test.h"

#include "mime/autoreply.h"

static const struct str ours[] = {{"security@desk.example", 21}, {"reports@desk.example", 20}};

static enum autoreply_why decide(const char *header)
{
    AUTO(arena) struct arena *a = arena_new(1u << 16);
    struct hfield f[300];
    size_t n;
    struct autoreply_facts facts;
    struct err e = ERR_INIT;
    split_header(str_c(header), f, ARRAY_LEN(f), &n);
    assert_int_equal(autoreply_scan(a, f, n, NULL, &facts, &e), RC_OK);
    struct autoreply_ask ask = {.facts = &facts, .ours = ours, .n_ours = ARRAY_LEN(ours)};
    return autoreply_decide(&ask);
}

#define PERSON "Return-Path: <p@out.example>\nFrom: P <p@out.example>\n"

static void test_each_reason(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum autoreply_why why;
    } t[] = {
        {PERSON, AUTOREPLY_SEND},
        {"From: p@out.example\n", AUTOREPLY_NO_PATH},
        {"Return-Path: <p>\nFrom: p@out.example\n", AUTOREPLY_NO_PATH},
        {"Return-Path: <p\x01@x.example>\nFrom: p@out.example\n", AUTOREPLY_NO_PATH},
        {"Return-Path: <>\nFrom: p@out.example\n", AUTOREPLY_NULL_PATH},
        {"Return-Path: < >\nFrom: p@out.example\n", AUTOREPLY_NULL_PATH},
        {"Return-Path: <Reports+x1@DESK.example>\nFrom: p@out.example\n", AUTOREPLY_OWN_ADDRESS},
        {"Return-Path: <p@out.example>\nFrom: security@desk.example\n", AUTOREPLY_OWN_ADDRESS},
        {PERSON "X-Loop: <security@desk.example>\n", AUTOREPLY_LOOP},
        {PERSON "X-Loop: other@desk.example\n", AUTOREPLY_SEND},
        {PERSON "Auto-Submitted:\n", AUTOREPLY_AUTOMATIC},
        {PERSON "Auto-Submitted: (no) auto-notified\n", AUTOREPLY_AUTOMATIC},
        {PERSON "Auto-Submitted: no (really); x=y\n", AUTOREPLY_SEND},
        {PERSON "Auto-Submitted: no\nAuto-Submitted: auto-generated\n", AUTOREPLY_AUTOMATIC},
        {PERSON "X-Autoreply: yes\n", AUTOREPLY_AUTOMATIC},
        {PERSON "Content-Type: multipart/report\n", AUTOREPLY_REPORT},
        {PERSON "Content-Type: message/delivery-status\n", AUTOREPLY_REPORT},
        {PERSON "Content-Type: multipart/mixed; report-type=delivery-status\n", AUTOREPLY_SEND},
        {PERSON "List-Unsubscribe: <x>\n", AUTOREPLY_LIST},
        {PERSON "X-Mailing-List: x\n", AUTOREPLY_LIST},
        {PERSON "Precedence: BULK\n", AUTOREPLY_PRECEDENCE},
        {PERSON "Precedence: first-class\nPrecedence: list\n", AUTOREPLY_PRECEDENCE},
        {PERSON "X-Auto-Response-Suppress: DR, AutoReply\n", AUTOREPLY_SUPPRESSED},
        {PERSON "X-Auto-Response-Suppress: all\n", AUTOREPLY_SUPPRESSED},
        {PERSON "X-Auto-Response-Suppress: NRN,none\n", AUTOREPLY_SEND},
        {PERSON "X-Spam-Flag: YES\n", AUTOREPLY_SPAM},
        {PERSON "X-Spam-Status: Yes, score=9\n", AUTOREPLY_SPAM},
        {PERSON "X-Spam-Status: No, score=-2\n", AUTOREPLY_SEND},
    };
    bool seen[AUTOREPLY_WHY_COUNT] = {false};
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        enum autoreply_why got = decide(t[i].header);
        if (got != t[i].why)
            fail_msg("%s: %s", t[i].header, autoreply_why_name(got));
        seen[got] = true;
    }
    for (int w = 0; w < AUTOREPLY_WHY_COUNT; w++) {
        assert_true(seen[w] || w == AUTOREPLY_ROLE || w == AUTOREPLY_RATE_CASE ||
                    w == AUTOREPLY_RATE_ADDRESS || w == AUTOREPLY_ANONYMOUS ||
                    w == AUTOREPLY_WATCHING || w == AUTOREPLY_IMPORTED);
        assert_true(autoreply_why_text((enum autoreply_why)w)[0] != '\0');
    }
}

static void test_senders(void **state)
{
    (void)state;
    static const struct {
        const char *addr;
        enum autoreply_sender is;
    } t[] = {
        {"MAILER-DAEMON", SENDER_DAEMON},
        {"mailer-daemon+x@a.example", SENDER_DAEMON},
        {"PostMaster@a.example", SENDER_DAEMON},
        {"owner-x@a.example", SENDER_OWNER},
        {"x-owner@a.example", SENDER_OWNER},
        {"x-request@a.example", SENDER_REQUEST},
        {"x-bounces+p=q@a.example", SENDER_REQUEST},
        {"majordomo@a.example", SENDER_REQUEST},
        {"No_Reply@a.example", SENDER_NOREPLY},
        {"do-not-reply.1@a.example", SENDER_NOREPLY},
        {"reply@a.example", SENDER_PERSON},
        {"request@a.example", SENDER_PERSON},
        {"owner@a.example", SENDER_PERSON},
        {"nora@a.example", SENDER_PERSON},
        {"it-admin@a.example", SENDER_PERSON},
        {"", SENDER_PERSON},
        {"@", SENDER_PERSON},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        if (autoreply_sender_of(str_c(t[i].addr)) != t[i].is)
            fail_msg("%s", t[i].addr);
    assert_int_equal(decide("Return-Path: <p@out.example>\nFrom: no-reply@out.example\n"),
                     AUTOREPLY_ROLE);
}

static void test_rates(void **state)
{
    (void)state;
    struct autoreply_facts f = {.has_return_path = true, .return_path = STR("p@out.example")};
    struct autoreply_ask ask = {.facts = &f, .recent_address = AUTOREPLY_RECENT_MAX - 1};
    assert_int_equal(autoreply_decide(&ask), AUTOREPLY_SEND);
    ask.recent_address++;
    assert_int_equal(autoreply_decide(&ask), AUTOREPLY_RATE_ADDRESS);
    ask.recent_max = 100;
    assert_int_equal(autoreply_decide(&ask), AUTOREPLY_SEND);
    ask.recent_case = 1;
    assert_int_equal(autoreply_decide(&ask), AUTOREPLY_RATE_CASE);
}

static void test_envelope_wins_over_return_path(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(1u << 16);
    const struct hfield f[] = {{STR("Return-Path"), STR("<other@out.example>")}};
    struct str null = STR_NONE;
    struct autoreply_facts facts;
    struct err e = ERR_INIT;
    assert_int_equal(autoreply_scan(a, f, 1, &null, &facts, &e), RC_OK);
    assert_true(facts.has_return_path && facts.return_path.n == 0);
    char huge[AUTOREPLY_ADDR_MAX + 1];
    memset(huge, 'x', sizeof huge);
    struct str over = str_of(huge, sizeof huge);
    assert_int_equal(autoreply_scan(a, f, 1, &over, &facts, &e), RC_OK);
    assert_false(facts.has_return_path);
    AUTO(arena) struct arena *tiny = arena_new(4);
    struct str p = STR("p@out.example");
    assert_int_equal(autoreply_scan(tiny, f, 1, &p, &facts, &e), RC_LIMIT);
}

static void test_loops_over(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(1u << 16);
    buf_adds(&b, PERSON);
    for (int i = 0; i < AUTOREPLY_LOOPS_MAX; i++)
        buf_adds(&b, "X-Loop: x\n");
    assert_int_equal(decide(buf_c(&b)), AUTOREPLY_SEND);
    buf_adds(&b, "X-Loop: x\n");
    assert_int_equal(decide(buf_c(&b)), AUTOREPLY_LOOP);
    buf_reset(&b);
    buf_adds(&b, PERSON);
    for (int i = 0; i < AUTOREPLY_HOPS_MAX; i++)
        buf_adds(&b, "Received: x\n");
    assert_int_equal(decide(buf_c(&b)), AUTOREPLY_SEND);
    buf_adds(&b, "Received: x\n");
    assert_int_equal(decide(buf_c(&b)), AUTOREPLY_LOOP);
}

/* What we send is never answered by ourselves or by another desk with these rules. */
static void test_our_own_answers_are_not_answered(void **state)
{
    (void)state;
    struct hfield h[AUTOREPLY_HEADERS];
    autoreply_headers(ours[0], h);
    AUTO(buf) struct buf b = BUF_INIT(1u << 16);
    buf_adds(&b, PERSON);
    for (size_t i = 0; i < AUTOREPLY_HEADERS; i++)
        buf_addf(&b, "%.*s: %.*s\n", STR_ARG(h[i].name), STR_ARG(h[i].value));
    assert_int_equal(decide(buf_c(&b)), AUTOREPLY_LOOP);
    assert_true(str_eq(h[0].value, STR("auto-replied")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_reason), cmocka_unit_test(test_senders),
        cmocka_unit_test(test_rates),       cmocka_unit_test(test_envelope_wins_over_return_path),
        cmocka_unit_test(test_loops_over),  cmocka_unit_test(test_our_own_answers_are_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
