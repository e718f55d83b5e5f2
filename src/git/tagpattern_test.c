/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of git/name and git/tagpattern.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "git/name.h"
#include "git/tagpattern.h"

static void test_names(void **state)
{
    (void)state;
    const char *good[] = {"master", "feat/php8.4", "v1.2.3", "2026-03b", "a@b", "\xC3\xA4"};
    const char *bad[] = {"",       "-x",   "--upload-pack=x",
                         "a..b",   "a b",  "a\nb",
                         "a^",     "a:b",  "a@{1}",
                         "@",      "a/",   "/a",
                         "a//b",   ".a",   "a/.b",
                         "x.lock", "a.",   "a*",
                         "a\\b",   "\xff", "a~1"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(git_ref_ok(str_c(good[i])));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(git_ref_ok(str_c(bad[i])));
    assert_true(git_oid_ok(STR("0123456789abcdef0123456789abcdef01234567")));
    assert_false(git_oid_ok(STR("0123456789ABCDEF0123456789abcdef01234567")));
    assert_false(git_oid_ok(STR("0123456")));
    assert_true(git_path_ok(STR("docs/SECURITY.md")) && git_path_ok(STR("-odd/:x y")));
    const char *paths[] = {"", "/etc", "a/../b", "..", "a//b", "a/", "./a", "a\nb"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        assert_false(git_path_ok(str_c(paths[i])));
}

static struct tag_pattern pattern(const char *text)
{
    struct tag_pattern p;
    struct err e = ERR_INIT;
    assert_int_equal(tag_pattern_parse(str_c(text), &p, &e), RC_OK);
    return p;
}

static void test_order_of_tags(void **state)
{
    (void)state;
    const struct {
        const char *pattern, *tags[8];
    } cases[] = {
        {"{YYYY}-{MM}[{a}]",
         {"2022-12", "2025-01", "2025-01a", "2026-03", "2026-03a", "2026-03b", "2026-10", NULL}},
        {"v{N}.{N}.{N}", {"v0.9.10", "v1.2.3", "v1.2.10", "v1.10.0", "v10.0.0", NULL}},
        {"curl-{N}_{N}[_{N}]", {"curl-7_9", "curl-7_64", "curl-7_64_1", "curl-8_0_0", NULL}},
        {"release-{N}.{N}.{N}", {"release-1.3.9", "release-1.25.3", "release-1.25.12", NULL}},
        {"{N}[.{N}][.{N}]", {"1", "1.0", "1.0.1", "1.1", "2", NULL}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct tag_pattern p = pattern(cases[i].pattern);
        struct tag_version last = {.n = 0}, v;
        for (size_t k = 0; cases[i].tags[k]; k++) {
            assert_true(tag_pattern_match(&p, str_c(cases[i].tags[k]), &v));
            if (k > 0)
                assert_true(tag_version_cmp(&last, &v) < 0 && tag_version_cmp(&v, &last) > 0);
            assert_int_equal(tag_version_cmp(&v, &v), 0);
            last = v;
        }
    }
}

static void test_what_does_not_fit(void **state)
{
    (void)state;
    struct tag_pattern p = pattern("{YYYY}-{MM}[{a}]");
    struct tag_version v;
    const char *bad[] = {"2026-13",  "2026-00",  "2026-3",  "2026-03ab", "2026-03A",
                         "x2026-03", "20260-03", "1026-03", "",          "2026-03-"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(tag_pattern_match(&p, str_c(bad[i]), &v));
    p = pattern("v{N}");
    assert_false(tag_pattern_match(&p, STR("v1234567890"), &v));
    struct err e = ERR_INIT;
    const char *wrong[] = {"",
                           "v",
                           "{X}",
                           "{N}{N}",
                           "[{N}",
                           "{N}]",
                           "[[{N}]]",
                           "a b{N}",
                           "{N",
                           "{N}}",
                           "[a][b][c][d][e]{N}"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(tag_pattern_parse(str_c(wrong[i]), &p, &e), RC_INVALID);
}

static void learns(const char *const *tags, const char *want, size_t matched, size_t preview,
                   size_t other)
{
    struct str names[64];
    size_t n = 0;
    while (tags[n]) {
        names[n] = str_c(tags[n]);
        n++;
    }
    struct tag_learned l;
    struct err e = ERR_INIT;
    enum rc rc = tag_pattern_learn(names, n, &l, &e);
    if (want == NULL) {
        assert_int_equal(rc, RC_NOTFOUND);
        return;
    }
    assert_int_equal(rc, RC_OK);
    assert_string_equal(l.pattern.text, want);
    assert_int_equal(l.matched, matched);
    assert_int_equal(l.preview, preview);
    assert_int_equal(l.other, other);
}

static void test_learns_from_tags(void **state)
{
    (void)state;
    learns((const char *[]){"2022-01", "2022-05a", "2022-05d", "2026-03", "2026-03b", NULL},
           "{YYYY}-{MM}[{a}]", 5, 0, 0);
    learns((const char *[]){"v1.2.3", "v1.2.4", "v2.0.0-rc1", "v2.0.0", "start", "v2.0.0-beta.2",
                            NULL},
           "v{N}.{N}.{N}", 3, 2, 1);
    learns((const char *[]){"curl-7_64_1", "curl-7_64_0", "curl-7_1", "curl-7_1_1", NULL},
           "curl-{N}_{N}[_{N}]", 4, 0, 0);
    learns((const char *[]){"release-1.25.3", "release-1.25.4", NULL}, "release-{N}.{N}.{N}", 2, 0,
           0);
    learns((const char *[]){"OpenSSL_1_1_1", "OpenSSL_1_1_1a", "OpenSSL_1_1_1w", "openssl-3.0.0",
                            NULL},
           "OpenSSL_{N}_{N}_{N}[{a}]", 3, 0, 1);
    learns((const char *[]){"20240131", "20240201", NULL}, "{N}", 2, 0, 0);
    learns((const char *[]){"2024.01.31", "2024.02.01", NULL}, "{YYYY}.{MM}.{DD}", 2, 0, 0);
    learns((const char *[]){"2024.1", "2024.12", NULL}, "{YYYY}.{N}", 2, 0, 0);
    learns((const char *[]){"1.0", NULL}, "{N}.{N}", 1, 0, 0);
    learns((const char *[]){"stable", "old", NULL}, NULL, 0, 0, 0);
    learns((const char *[]){NULL}, NULL, 0, 0, 0);
    learns((const char *[]){"v1{", "v2[", NULL}, NULL, 0, 0, 0);
}

static void test_one_stray_tag_makes_no_rule(void **state)
{
    (void)state;
    struct str names[121];
    char text[121][16];
    for (size_t i = 0; i < 120; i++) {
        snprintf(text[i], sizeof text[i], "v1.%zu.%zu", i / 10, i % 10);
        names[i] = str_c(text[i]);
    }
    names[120] = STR("v1.0.0.1");
    struct tag_learned l;
    struct err e = ERR_INIT;
    assert_int_equal(tag_pattern_learn(names, 121, &l, &e), RC_OK);
    assert_string_equal(l.pattern.text, "v{N}.{N}.{N}");
    assert_int_equal(l.other, 1);
}

static void test_letters_go_on_behind_z(void **state)
{
    (void)state;
    struct tag_pattern p;
    struct tag_version y, z, za, zh;
    struct err e = ERR_INIT;
    assert_int_equal(tag_pattern_parse(STR("S_{N}[{a}]"), &p, &e), RC_OK);
    assert_true(tag_pattern_match(&p, STR("S_8y"), &y));
    assert_true(tag_pattern_match(&p, STR("S_8z"), &z));
    assert_true(tag_pattern_match(&p, STR("S_8za"), &za));
    assert_true(tag_pattern_match(&p, STR("S_8zh"), &zh));
    assert_true(tag_version_cmp(&y, &z) < 0 && tag_version_cmp(&z, &za) < 0 &&
                tag_version_cmp(&za, &zh) < 0);
    assert_false(tag_pattern_match(&p, STR("S_8ab"), &y));
    assert_false(tag_pattern_match(&p, STR("S_8zab"), &y));
}

static void test_separators_may_slip(void **state)
{
    (void)state;
    struct tag_pattern p;
    struct tag_version v;
    struct err e = ERR_INIT;
    assert_int_equal(tag_pattern_parse(STR("v{N}.{N}-{N}"), &p, &e), RC_OK);
    assert_false(tag_pattern_match(&p, STR("v7.0.7"), &v));
    assert_true(tag_pattern_match_loose(&p, STR("v7.0.7"), &v));
    assert_true(tag_pattern_match_loose(&p, STR("v7_0-7"), &v));
    assert_int_equal(v.v[2], 7);
    assert_false(tag_pattern_match_loose(&p, STR("w7.0.7"), &v));
    assert_false(tag_pattern_match_loose(&p, STR("v7+0.7"), &v));
}

static void test_previews(void **state)
{
    (void)state;
    static const char *const yes[] = {"v1.0-rc1", "1.0a2",    "3.8.0b1",  "v2.0-Beta",
                                      "1.2.dev3", "5_0-pre1", "A_1_2b11", "2.0.0-alpha.1"};
    static const char *const no[] = {"v1.0", "1.0a", "1.0.2b", "2026-03b", "rc", "b1", "n0.10.1"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        assert_true(tag_is_preview(str_c(yes[i])));
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        assert_false(tag_is_preview(str_c(no[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letters_go_on_behind_z),
        cmocka_unit_test(test_separators_may_slip),
        cmocka_unit_test(test_previews),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_order_of_tags),
        cmocka_unit_test(test_what_does_not_fit),
        cmocka_unit_test(test_learns_from_tags),
        cmocka_unit_test(test_one_stray_tag_makes_no_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
