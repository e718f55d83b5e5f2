/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of the envelope address parser, one rule each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "smtp/address.h"

#define ALL (SMTP_ADDR_NULL | SMTP_ADDR_UTF8 | SMTP_ADDR_BARE)

static void check_path(const char *in, unsigned flags, const char *text, const char *rest_want)
{
    struct smtp_addr a;
    struct str rest;
    struct err e = ERR_INIT;
    if (smtp_path_parse(str_c(in), flags, &a, &rest, &e) != RC_OK)
        fail_msg("%s: %s", in, e.msg);
    assert_string_equal(a.text, text);
    assert_true(str_eq(rest, str_c(rest_want)));
}

static void check_refused(const char *in, unsigned flags, enum rc want)
{
    struct smtp_addr a = {.local_n = 77};
    struct str rest = STR("untouched");
    struct err e = ERR_INIT;
    if (smtp_path_parse(str_c(in), flags, &a, &rest, &e) != want)
        fail_msg("%s: not refused with %s", in, rc_name(want));
    assert_true(e.msg[0] != '\0');
    assert_true(a.local_n == 77 && rest.n == 9);
}

static void test_paths_are_read_and_made_canonical(void **state)
{
    (void)state;
    check_path("<a@b.example> SIZE=1", 0, "a@b.example", " SIZE=1");
    check_path("<A.b+c@B.EXAMPLE>", 0, "A.b+c@b.example", "");
    check_path("<>", SMTP_ADDR_NULL, "", "");
    check_path("<\"a b\"@x.example>", 0, "\"a b\"@x.example", "");
    check_path("<\"ab\"@x.example>", 0, "ab@x.example", "");
    check_path("<\"a\\\"\\\\\"@x.example>", 0, "\"a\\\"\\\\\"@x.example", "");
    check_path("<\"\\a\\ b\"@x>", 0, "\"a b\"@x", "");
}

static void test_literals(void **state)
{
    (void)state;
    check_path("<a@[192.0.2.1]>", 0, "a@[192.0.2.1]", "");
    check_path("<a@[IPv6:2001:DB8::1]>", 0, "a@[ipv6:2001:db8::1]", "");
    check_path("<a@[x-y:any+thing]>", 0, "a@[x-y:any+thing]", "");
    check_refused("<a@[192.0.2.256]>", 0, RC_INVALID);
    check_refused("<a@[IPv6:zz::1]>", 0, RC_INVALID);
    check_refused("<a@[]>", 0, RC_INVALID);
    check_refused("<a@[192.0.2.1>", 0, RC_INVALID);
    check_refused("<a@[[192.0.2.1]>", 0, RC_INVALID);
    check_refused("<a@[x-:y]>", 0, RC_INVALID);
}

static void test_routes_are_dropped(void **state)
{
    (void)state;
    struct smtp_addr a;
    struct str rest;
    check_path("<@one.example,@[192.0.2.1]:a@b.example>", 0, "a@b.example", "");
    assert_int_equal(smtp_path_parse(STR("<@r.example:a@b>"), 0, &a, &rest, NULL), RC_OK);
    assert_true(a.routed);
    check_refused("<@one.example a@b>", 0, RC_INVALID);
    check_refused("<@one.example,:a@b>", 0, RC_INVALID);
    check_refused("<@:a@b>", 0, RC_INVALID);
}

static void test_wrong_syntax_is_refused(void **state)
{
    (void)state;
    const char *bad[] = {"",          "a@b",       "<a@b",     "<a b@c>",    "<a@>",
                         "<@b>",      "<.a@b>",    "<a.@b>",   "<a..b@c>",   "<a@b..c>",
                         "<a@.b>",    "<a@b.>",    "<a@-b>",   "<a@b->",     "<a@b-.c>",
                         "<a@b@c>",   "<a@b c>",   "<\"a@b>",  "<\"\"@b>",   "<a\r\n@b>",
                         "<a\x01@b>", "<a@b\x7f>", "<a\"b@c>", "<\"a\"b@c>", "<\"a\\\x01\"@c>",
                         "<>",        "<a>",       "<(x)a@b>", "<a,b@c>",    "<a@b!c>"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        check_refused(bad[i], 0, RC_INVALID);
    struct smtp_addr a;
    struct str rest;
    assert_int_equal(smtp_path_parse(str_of("<a\0b@c>", 7), 0, &a, &rest, NULL), RC_INVALID);
    assert_int_equal(smtp_path_parse(str_of("<\"\0\"@c>", 7), ALL, &a, &rest, NULL), RC_INVALID);
}

static void test_utf8_only_when_declared(void **state)
{
    (void)state;
    check_refused("<j\xc3\xbcrgen@b.example>", 0, RC_INVALID);
    check_refused("<a@b\xc3\xbc.example>", 0, RC_INVALID);
    check_path("<j\xc3\xbcrgen@b\xc3\xbc.example>", SMTP_ADDR_UTF8,
               "j\xc3\xbcrgen@b\xc3\xbc.example", "");
    check_refused("<j\xfcrgen@b.example>", SMTP_ADDR_UTF8, RC_INVALID);
    check_refused("<j\xc0\xaf@b.example>", SMTP_ADDR_UTF8, RC_INVALID);
    check_refused("<j\xc2\x85@b.example>", SMTP_ADDR_UTF8, RC_INVALID);
}

/* The text between the angle brackets. */
static const char *inside(const char *path)
{
    static char text[3000];
    snprintf(text, sizeof text, "%.*s", (int)strlen(path) - 2, path + 1);
    return text;
}

static void test_limits(void **state)
{
    (void)state;
    char text[3000];
    snprintf(text, sizeof text, "<%064d@b.example>", 1);
    check_path(text, 0, inside(text), "");
    snprintf(text, sizeof text, "<%065d@b.example>", 1);
    check_refused(text, 0, RC_LIMIT);
    snprintf(text, sizeof text, "<%0200d@b.example>", 1);
    check_refused(text, 0, RC_LIMIT);
    assert_int_equal(smtp_path_parse(str_c(text), SMTP_ADDR_LONG_LOCAL, &(struct smtp_addr){0},
                                     &(struct str){0}, NULL),
                     RC_OK);
    snprintf(text, sizeof text, "<%0250d@b.example>", 1);
    check_refused(text, SMTP_ADDR_LONG_LOCAL, RC_LIMIT);
    snprintf(text, sizeof text, "<a@%063d.example>", 1);
    check_path(text, 0, inside(text), "");
    snprintf(text, sizeof text, "<a@%064d.example>", 1);
    check_refused(text, 0, RC_LIMIT);
    char domain[300] = "";
    for (size_t i = 0; i < 260; i++)
        domain[i] = i % 10 == 9 ? '.' : 'x';
    snprintf(text, sizeof text, "<a@%s.b>", domain);
    check_refused(text, 0, RC_LIMIT);
    size_t n = (size_t)snprintf(text, sizeof text, "<");
    for (int i = 0; i < 120; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s@route.example", i ? "," : "");
    snprintf(text + n, sizeof text - n, ":a@b>");
    check_refused(text, 0, RC_LIMIT);
}

static void test_bare_postmaster(void **state)
{
    (void)state;
    check_path("<PostMaster>", SMTP_ADDR_BARE, "PostMaster", "");
    check_refused("<root>", SMTP_ADDR_BARE, RC_INVALID);
    check_refused("<@r.example:postmaster>", SMTP_ADDR_BARE, RC_INVALID);
}

static bool ours(const char *path, const char *tag_want)
{
    struct smtp_addr a, mine;
    struct str rest, tag = STR("?");
    assert_int_equal(smtp_mailbox_parse(STR("Security@Desk.example"), 0, &mine, NULL), RC_OK);
    assert_int_equal(smtp_path_parse(str_c(path), ALL, &a, &rest, NULL), RC_OK);
    bool yes = smtp_addr_is_ours(&a, &mine, &tag);
    if (yes)
        assert_true(str_eq(tag, str_c(tag_want)));
    return yes;
}

static void test_only_our_addresses_are_ours(void **state)
{
    (void)state;
    assert_true(ours("<security@desk.example>", ""));
    assert_true(ours("<SECURITY@DESK.EXAMPLE>", ""));
    assert_true(ours("<\"security\"@desk.example>", ""));
    assert_true(ours("<@other.example:security@desk.example>", ""));
    assert_true(ours("<security+VD-2026-0001.x=y@desk.example>", "VD-2026-0001.x=y"));
    const char *no[] = {"<security+@desk.example>",
                        "<securityx@desk.example>",
                        "<securit@desk.example>",
                        "<security@desk.example.org>",
                        "<security@sub.desk.example>",
                        "<victim%third.example@desk.example>",
                        "<security+x%third.example@desk.example>",
                        "<security+x!y@desk.example>",
                        "<\"security+x@third.example\"@desk.example>",
                        "<\"security+a b\"@desk.example>",
                        "<third.example!security@desk.example>",
                        "<security@[192.0.2.1]>"};
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        assert_false(ours(no[i], ""));
}

static void test_relay_attempts_are_known(void **state)
{
    (void)state;
    const char *relay[] = {"<a%b@c>", "<b!a@c>", "<\"a@b\"@c>"};
    struct smtp_addr a;
    struct str rest;
    for (size_t i = 0; i < ARRAY_LEN(relay); i++) {
        assert_int_equal(smtp_path_parse(str_c(relay[i]), 0, &a, &rest, NULL), RC_OK);
        assert_true(smtp_addr_is_relay(&a));
    }
    assert_int_equal(smtp_path_parse(STR("<a@c>"), 0, &a, &rest, NULL), RC_OK);
    assert_false(smtp_addr_is_relay(&a));
}

static void test_mailbox_of_settings(void **state)
{
    (void)state;
    struct smtp_addr a;
    struct err e = ERR_INIT;
    assert_int_equal(smtp_mailbox_parse(STR("a@b.example "), 0, &a, &e), RC_INVALID);
    assert_int_equal(smtp_mailbox_parse(STR("<a@b.example>"), 0, &a, &e), RC_INVALID);
    assert_int_equal(smtp_mailbox_parse(STR(""), 0, &a, &e), RC_INVALID);
    assert_int_equal(smtp_mailbox_parse(STR("a@b.example"), 0, &a, &e), RC_OK);
    assert_true(str_eq(smtp_addr_local(&a), STR("a")));
    assert_true(str_eq(smtp_addr_domain(&a), STR("b.example")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_are_read_and_made_canonical),
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_routes_are_dropped),
        cmocka_unit_test(test_wrong_syntax_is_refused),
        cmocka_unit_test(test_utf8_only_when_declared),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_bare_postmaster),
        cmocka_unit_test(test_only_our_addresses_are_ours),
        cmocka_unit_test(test_relay_attempts_are_known),
        cmocka_unit_test(test_mailbox_of_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
