/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of base subjects and case tags.
 */
#include "mime/rules_test.h"

#include "mime/subject.h"

static void read_one(const char *in, struct subject *s, struct arena *a)
{
    struct err e = ERR_INIT;
    assert_int_equal(subject_read(a, str_c(in), s, &e), RC_OK);
}

static void test_base_and_local(void **state)
{
    (void)state;
    static const struct {
        const char *in, *base, *local;
        bool reply, local_reply;
    } t[] = {
        {"x", "x", "x", false, false},
        {"AW: x", "AW: x", "x", false, true},
        {"Re: AW: WG: x", "AW: WG: x", "x", true, true},
        {"回复：x", "回复：x", "x", false, true},
        {"RE : [a] x", "x", "x", true, true},
        {"re[2]: [b]: x", ": x", ": x", true, true},
        {"[a] [b]", "[b]", "[b]", false, false},
        {"[fwd: re: x]", "x", "x", true, true},
        {"[fwd:]", "", "", true, true},
        {"Re:", "", "", true, true},
        {"x (FWD) (fwd) ", "x", "x", true, true},
        {"reply: x", "reply: x", "reply: x", false, false},
        {"[unclosed re: x", "[unclosed re: x", "[unclosed re: x", false, false},
        {"a\r\n\t b", "a b", "a b", false, false},
        {"", "", "", false, false},
        {"ref: x", "ref: x", "ref: x", false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        AUTO(arena) struct arena *a = arena_new(1u << 16);
        struct subject s;
        read_one(t[i].in, &s, a);
        if (!str_eq(s.base, str_c(t[i].base)) || !str_eq(s.local, str_c(t[i].local)) ||
            s.reply != t[i].reply || s.local_reply != t[i].local_reply)
            fail_msg("%s: base \"%.*s\" local \"%.*s\"", t[i].in, STR_ARG(s.base),
                     STR_ARG(s.local));
    }
}

static void test_encoded_words(void **state)
{
    (void)state;
    static const char *const t[][2] = {
        {"=?utf-8?q?a=C3=A4_b?=", "a\xc3\xa4 b"},
        {"=?utf-8?b?w6Q=?= =?UTF-8*en?Q?=c3=b6?=", "\xc3\xa4\xc3\xb6"},
        {"=?utf-8?q?=C3?= =?utf-8?q?=A4?=", "\xc3\xa4"},
        {"=?iso-8859-1?q?=E4?= x", "\xc3\xa4 x"},
        {"=?windows-1252?q?=80?=", "\xe2\x82\xac"},
        {"=?iso-8859-15?q?=A4?=", "\xe2\x82\xac"},
        {"=?koi8-r?q?=C1?=", "=?koi8-r?q?=C1?="},
        {"=?utf-8?q?=FF?=", "\xef\xbf\xbd"},
        {"=?utf-8?q?=0d=0aBcc:_x?=", "Bcc: x"},
        {"=?utf-8?b?!?=", "=?utf-8?b?!?="},
        {"=?utf-8?x?a?=", "=?utf-8?x?a?="},
        {"=?"
         "?=",
         "=?"
         "?="},
        {"=?", "=?"},
        {"=?a?q?", "=?a?q?"},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        AUTO(arena) struct arena *a = arena_new(1u << 16);
        struct subject s;
        read_one(t[i][0], &s, a);
        if (!str_eq(s.text, str_c(t[i][1])))
            fail_msg("%s: \"%.*s\"", t[i][0], STR_ARG(s.text));
    }
}

static void test_long_ones_are_cut(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(1u << 16);
    AUTO(buf) struct buf b = BUF_INIT(1u << 20);
    struct subject s;
    for (int i = 0; i < 100000; i++)
        buf_adds(&b, "[a]");
    read_one(buf_c(&b), &s, a);
    assert_int_equal(s.text.n, SUBJECT_MAX);
    buf_reset(&b);
    for (int i = 0; i < 100000; i++)
        buf_adds(&b, "re: ");
    read_one(buf_c(&b), &s, a);
    assert_int_equal(s.base.n, 0);
    struct err e = ERR_INIT;
    AUTO(arena) struct arena *tiny = arena_new(2);
    assert_int_equal(subject_read(tiny, STR("abc"), &s, &e), RC_LIMIT);
}

static void test_tags(void **state)
{
    (void)state;
    struct subject_tag t;
    assert_true(subject_tag(STR("Re: [list] [CVD-2026-0042] x"), STR("CVD"), &t));
    assert_true(t.year == 2026 && t.number == 42 && str_eq(t.text, STR("CVD-2026-0042")));
    assert_true(subject_tag(STR("[cvd-2026-12345]"), STR("CVD"), &t) && t.number == 12345);
    assert_true(subject_tag(STR("[a-b-2026-0001]"), STR_NONE, &t) && str_eq(t.prefix, STR("a-b")));
    assert_true(subject_tag(STR("[[CVD-2026-0042]]"), STR("CVD"), &t));
    assert_true(subject_tag(STR("[X-2026-0001] [CVD-2026-0042]"), STR("CVD"), &t) &&
                t.number == 42);
    static const char *const wrong[] = {
        "CVD-2026-0042",
        "[CVD-2026-042]",
        "[CVD-2026-01234]",
        "[CVD-2026-0000]",
        "[CVD-1969-0001]",
        "[CVD-26-0001]",
        "[XCVD-2026-0001]",
        "[CVD-2026-1234567890]",
        "[CVD-2026-0042",
        "[CVD 2026-0042]",
        "[CVD-2026-00 42]",
        "[-2026-0042]",
        "[CVD--2026-0042]",
        "[CVD-2026-0042 x]",
        "[CVD-2026-\xd9\xa0"
        "042]",
        "[]",
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        if (subject_tag(str_c(wrong[i]), STR("CVD"), &t))
            fail_msg("%s", wrong[i]);
    assert_false(subject_tag(STR("[1A-2026-0001]"), STR_NONE, &t));
    AUTO(buf) struct buf b = BUF_INIT(100);
    subject_tag_add(&b, STR("CVD"), 2026, 7);
    subject_tag_add(&b, STR(" A"), 2026, 123456);
    assert_true(str_eq(buf_str(&b), STR("CVD-2026-0007 A-2026-123456")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base_and_local),
        cmocka_unit_test(test_encoded_words),
        cmocka_unit_test(test_long_ones_are_cut),
        cmocka_unit_test(test_tags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
