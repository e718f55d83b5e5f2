/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of all pictures look at.  For tests only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "svg_testing.h"

void svg_assert_well_formed(struct str s)
{
    char stack[64][16];
    size_t depth = 0, roots = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '<')
            continue;
        size_t end = i + str_chr(str_sub(s, i, s.n), '>'), n = 0;
        assert_true(end < s.n);
        bool closing = s.p[i + 1] == '/', empty = s.p[end - 1] == '/';
        const char *name = s.p + i + 1 + closing;
        while (ascii_is_alnum(name[n]))
            n++;
        assert_true(n > 0 && n < 16);
        if (closing) {
            assert_true(depth > 0);
            assert_memory_equal(stack[--depth], name, n);
            assert_int_equal(stack[depth][n], 0);
        } else if (!empty) {
            assert_true(depth < 64);
            roots += depth == 0;
            memcpy(stack[depth], name, n);
            stack[depth++][n] = '\0';
        }
        i = end;
    }
    assert_int_equal(depth, 0);
    assert_int_equal(roots, 1);
}

size_t svg_count(struct str s, const char *needle)
{
    size_t n = 0, at;
    struct str what = str_c(needle);
    while ((at = str_find(s, what)) != STR_NPOS) {
        n++;
        s = str_sub(s, at + what.n, s.n);
    }
    return n;
}
