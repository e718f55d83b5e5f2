/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of the alignment: order kept, equal for equal, as long as possible, bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "engine/backport/align.h"

#define N_MAX 60

static uint32_t seed = 1;
static uint32_t next(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

/* Length of the longest common subsequence, by the table. */
static uint32_t table(const uint32_t *a, uint32_t n, const uint32_t *b, uint32_t m)
{
    static uint32_t t[N_MAX + 1][N_MAX + 1];
    for (uint32_t i = 0; i <= n; i++)
        for (uint32_t j = 0; j <= m; j++)
            if (i == 0 || j == 0)
                t[i][j] = 0;
            else if (a[i - 1] == b[j - 1])
                t[i][j] = t[i - 1][j - 1] + 1;
            else
                t[i][j] = t[i - 1][j] > t[i][j - 1] ? t[i - 1][j] : t[i][j - 1];
    return t[n][m];
}

static uint32_t checked(const uint32_t *a, uint32_t n, const uint32_t *b, uint32_t m,
                        const uint32_t *map)
{
    uint32_t got = 0, last = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (map[i] == ALIGN_NONE)
            continue;
        assert_true(map[i] < m);
        assert_int_equal(a[i], b[map[i]]);
        assert_true(got == 0 || map[i] > last);
        last = map[i];
        got++;
    }
    return got;
}

static void random_sequences_are_aligned(void **state)
{
    uint32_t a[N_MAX], b[N_MAX], map[N_MAX];
    (void)state;
    for (int round = 0; round < 20000; round++) {
        uint32_t ids = 1 + next(round % 2 == 0 ? 4 : 40), n = next(N_MAX), m = next(N_MAX);
        for (uint32_t i = 0; i < n; i++)
            a[i] = next(ids);
        for (uint32_t i = 0; i < m; i++)
            b[i] = i < n && next(3) > 0 ? a[i] : next(ids);
        struct aligning how = {.ids = ids, .budget = 1u << 20};
        align_run(&how, a, n, b, m, map);
        uint32_t got = checked(a, n, b, m, map), best = table(a, n, b, m);
        assert_true(got <= best);
        assert_true(best == 0 || got > 0);
    }
}

static void repeated_elements_give_the_longest(void **state)
{
    uint32_t a[N_MAX], b[N_MAX], map[N_MAX];
    (void)state;
    for (int round = 0; round < 20000; round++) {
        uint32_t n = 8 + next(N_MAX - 8), m = 8 + next(N_MAX - 8);
        /* Nothing to trim, and none comes once: it is the search alone. */
        for (uint32_t i = 0; i < n; i++)
            a[i] = i < 4 ? i / 2 : next(2);
        for (uint32_t i = 0; i < m; i++)
            b[i] = i < 4 ? 1 - i / 2 : next(2);
        a[n - 1] = 0;
        b[m - 1] = 1;
        struct aligning how = {.ids = 2, .budget = 1u << 20};
        align_run(&how, a, n, b, m, map);
        uint32_t got = checked(a, n, b, m, map), best = table(a, n, b, m);
        assert_int_equal(got, best);
    }
}

static void a_used_up_budget_ends_it(void **state)
{
    const uint32_t n = 200000;
    AUTO(mem) uint32_t *a = mem_alloc(n * sizeof *a);
    AUTO(mem) uint32_t *b = mem_alloc(n * sizeof *b);
    AUTO(mem) uint32_t *map = mem_alloc(n * sizeof *map);
    (void)state;
    for (uint32_t i = 0; i < n; i++) {
        a[i] = next(7);
        b[i] = next(7);
    }
    struct aligning how = {.ids = 7, .budget = 5u << 20};
    align_run(&how, a, n, b, n, map);
    (void)checked(a, n, b, n, map);
    how = (struct aligning){.ids = 7, .budget = 0};
    align_run(&how, a, n, b, n, map);
    (void)checked(a, n, b, n, map);
}

static void empty_ones_are_fine(void **state)
{
    uint32_t a[1] = {0}, map[1] = {0};
    struct aligning how = {.ids = 1, .budget = 10};
    (void)state;
    align_run(&how, a, 0, a, 1, map);
    align_run(&how, a, 1, a, 0, map);
    assert_int_equal(map[0], ALIGN_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_sequences_are_aligned),
        cmocka_unit_test(repeated_elements_give_the_longest),
        cmocka_unit_test(a_used_up_budget_ends_it),
        cmocka_unit_test(empty_ones_are_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
