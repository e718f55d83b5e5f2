/* SPDX-License-Identifier: Apache-2.0 */
/* How often strangers may do something, on both back ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/when.h"
#include "desk/testing.h"
#include "desk/throttle.h"

static bool on_pg;
static const struct throttle_rule rule = {"login", 3, 10 * US_PER_MIN};

static int begin(void **state)
{
    return test_desk_begin(state, on_pg, "", "");
}

static void take(struct test_desk *t, const char *key, bool allowed, int64_t left)
{
    struct throttle r;
    T_OK(throttle_take(&t->d, &rule, str_c(key), &r, e));
    assert_int_equal(r.allowed, allowed);
    assert_int_equal(r.left, left);
}

static void counts_per_key_and_window(void **state)
{
    struct test_desk *t = *state;
    struct throttle r;
    T_OK(throttle_peek(&t->d, &rule, STR("192.0.2.1"), &r, e));
    assert_true(r.allowed);
    take(t, "192.0.2.1", true, 2);
    take(t, "192.0.2.1", true, 1);
    t->now_us += US_PER_MIN;
    take(t, "192.0.2.1", true, 0);
    T_OK(throttle_peek(&t->d, &rule, STR("192.0.2.1"), &r, e));
    assert_false(r.allowed);
    T_OK(throttle_take(&t->d, &rule, STR("192.0.2.1"), &r, e));
    assert_false(r.allowed);
    assert_int_equal(r.wait_us, 9 * US_PER_MIN); /* of the first act, not of the last */
    take(t, "192.0.2.2", true, 2);               /* another key has its own count */
    t->now_us += 9 * US_PER_MIN - 1;
    T_OK(throttle_peek(&t->d, &rule, STR("192.0.2.1"), &r, e));
    assert_false(r.allowed);
    t->now_us += 1;
    T_OK(throttle_peek(&t->d, &rule, STR("192.0.2.1"), &r, e));
    assert_true(r.allowed);
    take(t, "192.0.2.1", true, 2);
}

static void refusing_writes_nothing(void **state)
{
    struct test_desk *t = *state;
    for (int i = 0; i < 20; i++)
        take(t, "k", i < 3, i < 3 ? 2 - i : 0);
    assert_int_equal(test_count(t, "SELECT count FROM throttle"), 4);
    t->now_us += 10 * US_PER_MIN;
    take(t, "k", true, 2);
}

static void another_rule_is_another_count(void **state)
{
    struct test_desk *t = *state;
    static const struct throttle_rule once = {"report", 1, US_PER_MIN};
    struct throttle r;
    take(t, "k", true, 2);
    T_OK(throttle_take(&t->d, &once, STR("k"), &r, e));
    assert_true(r.allowed);
    T_OK(throttle_take(&t->d, &once, STR("k"), &r, e));
    assert_false(r.allowed);
    take(t, "k", true, 1);
}

static void clock_set_back_locks_nobody_out(void **state)
{
    struct test_desk *t = *state;
    for (int i = 0; i < 4; i++)
        take(t, "k", i < 3, i < 3 ? 2 - i : 0);
    t->now_us -= US_PER_DAY;
    take(t, "k", true, 2);
}

static void cleared_and_swept(void **state)
{
    struct test_desk *t = *state;
    int64_t n;
    take(t, "a", true, 2);
    take(t, "a", true, 1);
    T_OK(throttle_clear(&t->d, &rule, STR("a"), e));
    take(t, "a", true, 2);
    T_OK(throttle_sweep(&t->d, &n, e));
    assert_int_equal(n, 0);
    t->now_us += THROTTLE_WINDOW_MAX + 1;
    take(t, "b", true, 2);
    T_OK(throttle_sweep(&t->d, &n, e));
    assert_int_equal(n, 1);
    assert_int_equal(test_count(t, "SELECT count(*) FROM throttle"), 1);
}

/* A key is whatever somebody typed. */
static void any_key_fits(void **state)
{
    struct test_desk *t = *state;
    char long_key[5000];
    memset(long_key, 'x', sizeof long_key - 1);
    long_key[sizeof long_key - 1] = '\0';
    take(t, long_key, true, 2);
    take(t, long_key, true, 1);
    take(t, "\xff\xfe\x01", true, 2);
    take(t, "\xff\xfe\x01", true, 1);
    take(t, "", true, 2);
    assert_int_equal(test_count(t, "SELECT max(length(key)) FROM throttle"), 64);
}

static void clients(void **state)
{
    struct test_desk *t = *state;
    static const struct {
        const char *client, *key;
    } rows[] = {
        {"192.0.2.7", "192.0.2.7"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
        {"2001:db8:1:2::1", "2001:db8:1:2::/64"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"local", "local"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_true(str_eq(throttle_client(t->a, str_c(rows[i].client)), str_c(rows[i].key)));
}

int main(int argc, char **argv)
{
    on_pg = test_wants_pg(argc, argv);
    const struct CMUnitTest tests[] = {
        DESK_TEST(counts_per_key_and_window),
        DESK_TEST(refusing_writes_nothing),
        DESK_TEST(another_rule_is_another_count),
        DESK_TEST(clock_set_back_locks_nobody_out),
        DESK_TEST(cleared_and_swept),
        DESK_TEST(any_key_fits),
        DESK_TEST(clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
