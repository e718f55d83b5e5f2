/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of base/.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/when.h"

static void test_rc_table(void **state)
{
    (void)state;
    for (int rc = 0; rc < RC_COUNT; rc++) {
        assert_true(rc_name(rc)[0] != '\0');
        assert_in_range(rc_http(rc), 200, 599);
        assert_in_range(rc_smtp(rc), 200, 599);
    }
    assert_int_equal(rc_exit(RC_OK), 0);
    assert_string_equal(rc_name((enum rc)999), "internal");
}

static void test_str_cut_and_trim(void **state)
{
    (void)state;
    struct str rest = STR("a,,b"), part;
    assert_true(str_cut(&rest, ',', &part) && str_eq(part, STR("a")));
    assert_true(str_cut(&rest, ',', &part) && part.n == 0);
    assert_true(str_cut(&rest, ',', &part) && str_eq(part, STR("b")));
    assert_false(str_cut(&rest, ',', &part));
    assert_true(str_eq(str_trim(STR(" \t x y\r\n")), STR("x y")));
    assert_true(str_find_nocase(STR("Hello World"), STR("WORLD")) == 6);
    assert_true(str_ends(STR("abc"), STR("bc")) && !str_ends(STR("c"), STR("bc")));
}

static void test_num_bounds(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    uint64_t n = 7;
    assert_int_equal(num_parse(STR("18446744073709551615"), 0, UINT64_MAX, "n", &n, &e), RC_OK);
    assert_true(n == UINT64_MAX);
    n = 7;
    const char *bad[] = {
        "", "-1", "+1", " 1", "1 ", "18446744073709551616", "99999999999999999999", "0x10"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(num_parse(str_c(bad[i]), 0, UINT64_MAX, "n", &n, &e), RC_INVALID);
    assert_true(n == 7);
}

static void test_buf_remembers_overflow(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(8);
    buf_adds(&b, "12345678");
    assert_int_equal(buf_ok(&b, "b", &e), RC_OK);
    buf_addc(&b, '9');
    assert_int_equal(buf_ok(&b, "b", &e), RC_LIMIT);
    assert_true(b.n == 8);
    buf_reset(&b);
    buf_addf(&b, "%d", 42);
    assert_string_equal(buf_c(&b), "42");
    buf_drop(&b, 1);
    assert_string_equal(buf_c(&b), "2");
}

static void test_arena_cap(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(100);
    assert_non_null(arena_alloc(a, 60));
    assert_null(arena_alloc(a, 60));
    assert_true(arena_over(a));
    assert_null(arena_array(a, SIZE_MAX / 2, 4));
    assert_true(str_eq(arena_lower(a, STR("Ab\xc3\x84Z9")), STR("ab\xc3\x84z9")));
}

static void test_tables(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4096, (2u << 20) - 1, 2u << 20, (5u << 20) + 3};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        AUTO(mem) unsigned char *p = mem_table(sizes[i]);
        assert_non_null(p);
        memset(p, 7, sizes[i]);
        for (size_t k = 0; k < sizes[i]; k += 1021)
            assert_int_equal(p[k], 7);
    }
}

static void test_utf8_border(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(1000);
    utf8_clean(&b, STR("a\0b\r\nc\rd\x1b[0m\xc0\xafz\xe2\x82\xac\xed\xa0\x80"));
    assert_string_equal(buf_c(&b), "ab\nc\nd[0m\xef\xbf\xbd\xef\xbf\xbdz\xe2\x82\xac"
                                   "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    assert_true(utf8_is_clean(buf_str(&b)));
    assert_false(utf8_valid(STR("\xf4\x90\x80\x80")));
    assert_int_equal(utf8_clip(STR("a\xe2\x82\xac"), 3).n, 1);
}

static void test_hex_and_base64(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(100), back = BUF_INIT(100);
    base64_add(&b, STR("any carnal pleas"));
    assert_string_equal(buf_c(&b), "YW55IGNhcm5hbCBwbGVhcw==");
    assert_int_equal(base64_get(&back, buf_str(&b), "x", &e), RC_OK);
    assert_string_equal(buf_c(&back), "any carnal pleas");
    assert_int_equal(base64_get(&back, STR("Y*"), "x", &e), RC_INVALID);
    assert_int_equal(base64_get(&back, STR("YR"), "x", &e), RC_INVALID);
    unsigned char raw[2];
    assert_int_equal(hex_get(STR("0aFf"), raw, 2, "x", &e), RC_OK);
    assert_int_equal(raw[1], 0xff);
    assert_int_equal(hex_get(STR("0aFg"), raw, 2, "x", &e), RC_INVALID);
}

static void test_sha256_vector(void **state)
{
    (void)state;
    unsigned char d[SHA256_LEN];
    char hex[SHA256_HEX];
    sha256(STR("abc"), d);
    hex_put(hex, d, sizeof d);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), d);
    hex_put(hex, d, sizeof d);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void test_when(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(100);
    int64_t at;
    assert_int_equal(when_parse_rfc3339(STR("2026-11-25T16:08:05.25+01:00"), &at, &e), RC_OK);
    when_rfc3339(&b, at);
    assert_string_equal(buf_c(&b), "2026-11-25T15:08:05Z");
    buf_reset(&b);
    when_rfc5322(&b, at);
    assert_string_equal(buf_c(&b), "Wed, 25 Nov 2026 15:08:05 +0000");
    assert_int_equal(when_parse_rfc3339(STR("2026-02-29T00:00:00Z"), &at, &e), RC_INVALID);
    assert_int_equal(when_parse_rfc3339(STR("2024-02-29T00:00:00Z"), &at, &e), RC_OK);
    struct civil c;
    when_civil(at, &c);
    assert_true(when_from_civil(&c) == at);
    assert_int_equal(when_parse_span(STR("14d"), &at, &e), RC_OK);
    assert_true(at == 14 * US_PER_DAY);
    assert_int_equal(when_parse_span(STR("14"), &at, &e), RC_INVALID);
    buf_reset(&b);
    when_span(&b, 90 * US_PER_MIN);
    assert_string_equal(buf_c(&b), "90 minutes");
}

static void test_json_strict(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(json) json_t *j = NULL;
    assert_int_equal(json_parse(STR("{\"a\":1,\"a\":2}"), 100, "x", &j, &e), RC_INVALID);
    assert_int_equal(json_parse(STR("{} x"), 100, "x", &j, &e), RC_INVALID);
    assert_int_equal(json_parse(STR("{}"), 1, "x", &j, &e), RC_LIMIT);
    assert_int_equal(json_parse(STR("{\"a\":\"text\"}"), 100, "x", &j, &e), RC_OK);
    struct str s;
    assert_int_equal(json_get_str(j, "a", 4, &s, &e), RC_OK);
    assert_int_equal(json_get_str(j, "a", 3, &s, &e), RC_INVALID);
    assert_int_equal(json_get_str(j, "b", 3, &s, &e), RC_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rc_table),      cmocka_unit_test(test_str_cut_and_trim),
        cmocka_unit_test(test_num_bounds),    cmocka_unit_test(test_buf_remembers_overflow),
        cmocka_unit_test(test_arena_cap),     cmocka_unit_test(test_tables),
        cmocka_unit_test(test_utf8_border),   cmocka_unit_test(test_hex_and_base64),
        cmocka_unit_test(test_sha256_vector), cmocka_unit_test(test_when),
        cmocka_unit_test(test_json_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
