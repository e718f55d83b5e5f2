/* SPDX-License-Identifier: Apache-2.0 */
/* The branches and release series of repositories of the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "engine/backport/lines.h"
#include "git/tagpattern.h"
#include "git/testing.h"

static char top[TESTREPO_TOP];

static int begin(void **state)
{
    (void)state;
    return testrepo_folder(top);
}

static int end(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

static enum rc look(const char *dir, const char *pattern, json_t **ret, struct err *e)
{
    AUTO(json) json_t *args = json_pack("{s:i, s:s}", "nth", 7, "pattern", pattern);
    struct engine_job j = {.scratch = top, .mirror = dir, .args = args, .input = STR_NONE};
    return engine_lines(&j, ret, e);
}

static const char *text(const json_t *list, size_t i, const char *key)
{
    const char *s = json_string_value(json_object_get(json_array_get(list, i), key));
    return s ? s : "(none)";
}

static void two_series(const char *dir)
{
    static const char *const tags[] = {"v1.0.0", "v1.0.1",     "v1.1.0",  "v1.0.2",
                                       "v1.1.1", "v1.2.0-rc1", "nightly", NULL};
    testrepo_init(dir, "sha1");
    testrepo_commit(dir, "a.c", "one\n", 1);
    testrepo_tags(dir, tags);
    TESTREPO(dir, "branch", "rel-1.0", "v1.0.2");
}

static void test_branches_and_series_are_told(void **state)
{
    (void)state;
    char dir[TESTREPO_PATH];
    AUTO(json) json_t *j = NULL;
    struct err e = ERR_INIT;
    struct tag_pattern p;
    struct tag_version v;
    testrepo_path(top, "two", dir);
    two_series(dir);
    assert_int_equal(look(dir, "", &j, &e), RC_OK);
    assert_int_equal(json_integer_value(json_object_get(j, "nth")), 7);
    const json_t *b = json_object_get(j, "branches"), *s = json_object_get(j, "series"),
                 *r = json_object_get(j, "releases");
    assert_int_equal(json_array_size(b), 2);
    assert_int_equal(json_array_size(r), 5); /* no preview, no word */
    assert_string_equal(text(r, 0, "name"), "v1.0.0");
    assert_int_equal(json_array_size(s), 2);
    assert_string_equal(text(s, 0, "name"), "1.1");
    assert_string_equal(text(s, 0, "newest"), "v1.1.1");
    assert_string_equal(text(s, 1, "newest"), "v1.0.2");
    assert_int_equal(strlen(text(s, 1, "commit")), 40);
    /* The pattern fits the series and no other. */
    assert_int_equal(tag_pattern_parse(str_c(text(s, 1, "pattern")), &p, &e), RC_OK);
    assert_true(tag_pattern_match(&p, STR("v1.0.7"), &v));
    assert_false(tag_pattern_match(&p, STR("v1.1.7"), &v));
}

static void test_a_project_without_releases_has_branches(void **state)
{
    (void)state;
    char dir[TESTREPO_PATH];
    AUTO(json) json_t *j = NULL;
    struct err e = ERR_INIT;
    testrepo_path(top, "bare", dir);
    testrepo_init(dir, "sha1");
    testrepo_commit(dir, "a.c", "one\n", 1);
    assert_int_equal(look(dir, "", &j, &e), RC_OK);
    assert_int_equal(json_array_size(json_object_get(j, "branches")), 1);
    assert_int_equal(json_array_size(json_object_get(j, "series")), 0);
    assert_int_equal(json_array_size(json_object_get(j, "releases")), 0);
}

static void test_what_cannot_be_looked_at_is_said(void **state)
{
    (void)state;
    char dir[TESTREPO_PATH];
    AUTO(json) json_t *j = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(look(NULL, "", &j, &e), RC_INVALID);
    testrepo_path(top, "none", dir);
    assert_int_equal(look(dir, "", &j, &e), RC_NOTFOUND);
    testrepo_path(top, "again", dir);
    two_series(dir);
    assert_int_equal(look(dir, "{N", &j, &e), RC_INVALID);
}

static void test_a_hostile_repository_runs_nothing(void **state)
{
    (void)state;
    char dir[TESTREPO_PATH];
    AUTO(json) json_t *j = NULL;
    struct err e = ERR_INIT;
    testrepo_path(top, "traps", dir);
    two_series(dir);
    testrepo_traps(dir, top);
    (void)testrepo_trapped(top);
    assert_int_equal(look(dir, "", &j, &e), RC_OK);
    assert_false(testrepo_trapped(top));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_branches_and_series_are_told, begin, end),
        cmocka_unit_test_setup_teardown(test_a_project_without_releases_has_branches, begin, end),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_looked_at_is_said, begin, end),
        cmocka_unit_test_setup_teardown(test_a_hostile_repository_runs_nothing, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
