/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of the header field readers.
 */
#include "mime/rules_test.h"

static void test_cut_joins_folds_and_stops_at_the_empty_line(void **state)
{
    (void)state;
    struct str s = STR("A: 1\r\n  2\r\nnonsense\nB :x\r\n\ty\r\n\r\nbody: no\r\n");
    struct hfield f;
    assert_true(hfield_cut(&s, &f));
    assert_true(str_eq(f.name, STR("A")) && str_eq(f.value, STR("1\r\n  2")));
    assert_true(hfield_cut(&s, &f));
    assert_true(str_eq(f.name, STR("B")) && str_eq(f.value, STR("x\r\n\ty")));
    assert_false(hfield_cut(&s, &f));
    assert_true(str_starts(s, STR("body")));
    AUTO(arena) struct arena *a = arena_new(100);
    assert_true(str_eq(hfield_flat(a, STR(" x\r\n\t y ")), STR("x y")));
}

static void test_cfws_nests_and_ends(void **state)
{
    (void)state;
    struct str s = STR(" (a (b\\)) c)\r\n x");
    assert_true(hfield_skip_cfws(&s) && str_eq(s, STR("x")));
    s = STR("((open)");
    assert_false(hfield_skip_cfws(&s));
    assert_int_equal(s.n, 0);
    s = STR("(\\");
    assert_false(hfield_skip_cfws(&s));
}

static void test_addr_forms(void **state)
{
    (void)state;
    static const char *const t[][2] = {
        {"a@b.example", "a@b.example"},
        {"<>", ""},
        {"", ""},
        {"A B <a@b.example>", "a@b.example"},
        {"\"<x@y>\" <a@b.example>", "a@b.example"},
        {"(c <x@y>) a@b.example (d)", "a@b.example"},
        {"MAILER-DAEMON (Mail Delivery System)", "MAILER-DAEMON"},
        {"\"a b\"@c.example", "\"a b\"@c.example"},
        {"a@b.example, c@d.example", "a@b.example"},
        {"x, <c@d.example>", "x"},
        {"<a@b.example", "a@b.example"},
        {"\"open", "\"open"},
        {"\\", "\\"},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct str got = hfield_addr(str_c(t[i][0]));
        if (!str_eq(got, str_c(t[i][1])))
            fail_msg("%s: got %.*s", t[i][0], STR_ARG(got));
    }
}

static void test_params(void **state)
{
    (void)state;
    struct str v = STR("Multipart/Report (x); boundary=\"a;b\"; Report-Type = delivery-status (y)");
    assert_true(str_eq(hfield_main(v), STR("Multipart/Report")));
    assert_true(str_eq(hfield_param(v, "boundary"), STR("a;b")));
    assert_true(str_eq(hfield_param(v, "report-type"), STR("delivery-status")));
    assert_int_equal(hfield_param(v, "charset").n, 0);
    assert_int_equal(hfield_param(STR("a/b; x=\""), "x").n, 0);
    assert_int_equal(hfield_param(STR(";;="), "x").n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_joins_folds_and_stops_at_the_empty_line),
        cmocka_unit_test(test_cfws_nests_and_ends),
        cmocka_unit_test(test_addr_forms),
        cmocka_unit_test(test_params),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
