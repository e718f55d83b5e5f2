/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of base/ini.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/ini.h"

static void test_reads_keys_with_lines(void **state)
{
    (void)state;
    struct ini i;
    struct ini_entry en;
    struct err e = ERR_INIT;
    ini_init(&i, STR("\xEF\xBB\xBF# c\r\n[one]\r\n a = b = c # not a comment \r\n\r\n; c\n"
                     "[ git.example/x: y ]\nempty=\nlast = \xC3\xA4"));
    assert_int_equal(ini_next(&i, &en, &e), RC_OK);
    assert_true(str_eq(en.section, STR("one")) && str_eq(en.key, STR("a")));
    assert_true(str_eq(en.value, STR("b = c # not a comment")) && en.line == 3);
    assert_int_equal(ini_next(&i, &en, &e), RC_OK);
    assert_true(str_eq(en.section, STR("git.example/x: y")) && en.value.n == 0 && en.line == 7);
    assert_int_equal(ini_next(&i, &en, &e), RC_OK);
    assert_true(str_eq(en.key, STR("last")) && en.value.n == 2 && en.line == 8);
    assert_int_equal(ini_next(&i, &en, &e), RC_NOTFOUND);
    assert_int_equal(ini_next(&i, &en, &e), RC_NOTFOUND);
}

static void test_refuses_and_goes_on(void **state)
{
    (void)state;
    struct ini i;
    struct ini_entry en;
    struct err e = ERR_INIT;
    const char *text = "early = 1\n[bad\nk = 1\n[two  spaces]\n[ ]\n[s]\nno value\n"
                       "b d = 1\n= 1\nx = \x01\ny = \xff\ngood = 1\n";
    ini_init(&i, str_c(text));
    unsigned bad[] = {1, 2, 3, 4, 5, 7, 8, 9, 10, 11};
    for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
        assert_int_equal(ini_next(&i, &en, &e), RC_INVALID);
        assert_int_equal(i.line, bad[k]);
        assert_true(e.msg[0] != '\0');
    }
    assert_int_equal(ini_next(&i, &en, &e), RC_OK);
    assert_true(str_eq(en.key, STR("good")) && en.line == 12);
}

static void test_long_lines_and_nul(void **state)
{
    (void)state;
    struct ini i;
    struct ini_entry en;
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(3 * INI_LINE_MAX);
    buf_adds(&b, "[s]\nk = ");
    while (b.n < INI_LINE_MAX + 5)
        buf_addc(&b, 'x');
    ini_init(&i, buf_str(&b));
    assert_int_equal(ini_next(&i, &en, &e), RC_INVALID);
    assert_int_equal(ini_next(&i, &en, &e), RC_NOTFOUND);
    ini_init(&i, STR("[s]\nk = a\0b\n"));
    assert_int_equal(ini_next(&i, &en, &e), RC_INVALID);
    ini_init(&i, STR_NONE);
    assert_int_equal(ini_next(&i, &en, &e), RC_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_keys_with_lines),
        cmocka_unit_test(test_refuses_and_goes_on),
        cmocka_unit_test(test_long_lines_and_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
