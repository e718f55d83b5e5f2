/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which line stands beside which.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "web/beside.h"

struct rows {
    struct arena *a;
    struct beside_row *r;
    size_t n;
    double alike;
};

static size_t rows_at[2]; /* what the next two are about */

static struct rows of(const char *const *a, size_t n_a, const char *const *b, size_t n_b)
{
    struct rows rows = {.a = arena_new(8 << 20)};
    struct str *x = arena_array(rows.a, n_a + 1, sizeof *x),
               *y = arena_array(rows.a, n_b + 1, sizeof *y);
    for (size_t i = 0; i < n_a; i++)
        x[i] = str_c(a[i]);
    for (size_t i = 0; i < n_b; i++)
        y[i] = str_c(b[i]);
    struct beside_text here = {x, n_a, rows_at[0]}, there = {y, n_b, rows_at[1]};
    rows.alike = beside(rows.a, &here, &there, &rows.r, &rows.n);
    return rows;
}

/* Every line is there once, in its order. */
static void whole(const struct rows *r, size_t n_a, size_t n_b)
{
    size_t a = 0, b = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->r[i].a != BESIDE_NONE)
            assert_int_equal(r->r[i].a, a++);
        if (r->r[i].b != BESIDE_NONE)
            assert_int_equal(r->r[i].b, b++);
        assert_true(r->r[i].a != BESIDE_NONE || r->r[i].b != BESIDE_NONE);
    }
    assert_int_equal(a, n_a);
    assert_int_equal(b, n_b);
}

static enum beside_how how_of(const struct rows *r, size_t a, size_t b)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->r[i].a == a && r->r[i].b == b)
            return r->r[i].how;
    return BESIDE_APART;
}

static void lines_that_are_alike_stand_beside_each_other(void **state)
{
    (void)state;
    static const char *const here[] = {"  }",
                                       "  foreach ($rows as $row) {",
                                       "    print('<td>' . $row['subject'] . '</td>');",
                                       "    $n = $n + 1;",
                                       "  }",
                                       ""};
    static const char *const there[] = {
        "\tforeach ($logs as $row) {", "\t\tprint('<td>' . $row['message'] . '</td>');",
        "\t\tprint('<td>' . escape($row['message']) . '</td>');", "\t}"};
    struct rows r = of(here, 6, there, 4);
    whole(&r, 6, 4);
    assert_true(r.alike > 0);
    assert_int_equal(how_of(&r, 1, 0), BESIDE_LIKE);
    assert_int_equal(how_of(&r, 2, 1), BESIDE_LIKE);
    assert_int_equal(how_of(&r, 4, 3), BESIDE_SAME);
    arena_free(r.a);
}

static void a_line_that_comes_again_is_the_same_but_for_spaces(void **state)
{
    (void)state;
    static const char *const here[] = {"if (n > max)", "return -1;", "memcpy(to, from, n);"};
    static const char *const there[] = {"memcpy( to,\tfrom, n );", "other(words, here, too);"};
    struct rows r = of(here, 3, there, 2);
    whole(&r, 3, 2);
    assert_int_equal(how_of(&r, 2, 0), BESIDE_SAME);
    for (size_t i = 0; i < r.n; i++)
        assert_true(r.r[i].how != BESIDE_LIKE);
    arena_free(r.a);
}

static void the_order_of_both_is_kept(void **state)
{
    (void)state;
    static const char *const here[] = {"first(one, two);", "second(three, four);"};
    static const char *const there[] = {"second(three, four);", "first(one, two);"};
    struct rows r = of(here, 2, there, 2);
    whole(&r, 2, 2);
    assert_int_equal((int)how_of(&r, 0, 1) + (int)how_of(&r, 1, 0), BESIDE_SAME);
    arena_free(r.a);
}

static void what_is_as_far_from_the_middle_comes_first(void **state)
{
    (void)state;
    static const char *const here[] = {"check(n);", "other(a, b);", "check(n);",
                                       "use(the, buffer, n);", "check(n);"};
    static const char *const there[] = {"check(n);", "write(the, string);"};
    rows_at[0] = 3;
    rows_at[1] = 1;
    struct rows r = of(here, 5, there, 2);
    assert_int_equal(how_of(&r, 2, 0), BESIDE_SAME);
    arena_free(r.a);
    rows_at[0] = rows_at[1] = 0;
}

static void nothing_and_too_much(void **state)
{
    (void)state;
    static const char *many[BESIDE_LINES_MAX + 50];
    static char wide[100000];
    memset(wide, 'a', sizeof wide - 1);
    for (size_t i = 0; i < sizeof wide - 1; i += 2)
        wide[i] = (char)(i % 3 ? '\xff' : ' ');
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = i % 7 ? "x(y);" : wide;
    struct rows r = of(many, 0, many, 0);
    assert_int_equal(r.n, 0);
    arena_free(r.a);
    r = of(many, 3, many, 0);
    whole(&r, 3, 0);
    arena_free(r.a);
    r = of(many, ARRAY_LEN(many), many, ARRAY_LEN(many));
    whole(&r, BESIDE_LINES_MAX, BESIDE_LINES_MAX);
    for (size_t i = 0; i < r.n; i++)
        assert_int_equal(r.r[i].how, BESIDE_SAME);
    arena_free(r.a);
    struct arena *small = arena_new(100);
    struct str one = STR("x");
    struct beside_text small_text = {&one, 1, 0};
    assert_true(beside(small, &small_text, &small_text, &r.r, &r.n) == 0);
    assert_int_equal(r.n, 0);
    arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_that_are_alike_stand_beside_each_other),
        cmocka_unit_test(a_line_that_comes_again_is_the_same_but_for_spaces),
        cmocka_unit_test(the_order_of_both_is_kept),
        cmocka_unit_test(what_is_as_far_from_the_middle_comes_first),
        cmocka_unit_test(nothing_and_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
