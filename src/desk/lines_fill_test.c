/* SPDX-License-Identifier: Apache-2.0 */
/* The register of lines as settings, policy and repository fill it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "desk/lines_inside.h"
#include "desk/policy.h"

#define NOW INT64_C(1800000000000000)

static struct seen_branch branches[] = {
    {STR("main"), STR("01"), 9}, {STR("stable-2"), STR("02"), 8}, {STR("stable-1"), STR("03"), 7}};
static struct seen_series series[] = {{STR("2"), STR("v2.{N}"), STR("v2.10"), STR("aa"), 6, 2},
                                      {STR("1"), STR("v1.{N}"), STR("v1.1"), STR("bb"), 5, 1},
                                      {STR("0"), STR("v0.{N}"), STR("v0.9"), STR("cc"), 4, 1}};
static struct str tags[] = {STR("v0.9"), STR("v1.1"), STR("v2.9"), STR("v2.10")};
static struct str commits[] = {STR("cc"), STR("bb"), STR("a9"), STR("aa")};
static struct seen seen = {.branches = branches,
                           .n_branches = 3,
                           .series = series,
                           .n_series = 3,
                           .tags = tags,
                           .tag_commits = commits,
                           .n_tags = 4};

struct bench {
    struct arena *a;
    struct line_row *rows;
    size_t n;
};

static void merge(struct bench *b, const struct str_list *settings, const struct policy *p,
                  const struct line_row *now, size_t n_now)
{
    const struct fill f = {&seen, settings, p, now, n_now, NOW};
    struct err e = ERR_INIT;
    b->a = arena_new(1u << 20);
    assert_int_equal(lines_merge(b->a, &f, &b->rows, &b->n, &e), RC_OK);
}

static const struct line_row *named(const struct bench *b, const char *name)
{
    for (size_t i = 0; i < b->n; i++)
        if (str_eq(b->rows[i].name, str_c(name)))
            return &b->rows[i];
    fail_msg("no line %s", name);
    return NULL;
}

static const struct str_list nothing = {NULL, 0};

static void test_settings_and_what_nobody_speaks_of(void **state)
{
    (void)state;
    struct str said[] = {STR("main"), STR("stable-2"), STR("gone")};
    struct bench b;
    merge(&b, &(struct str_list){said, 3}, NULL, NULL, 0);
    /* The series 2 is the branch stable-2; 1 and 0 are nobody's. */
    assert_int_equal(b.n, 5);
    const struct line_row *r = named(&b, "stable-2");
    assert_true(r->maintained && str_eq(r->source, STR("settings")) && r->changed_us == NOW);
    assert_true(str_eq(r->tip, STR("stable-2")) && str_eq(r->tip_commit, STR("02")));
    assert_int_equal(r->problem.n, 0);
    assert_true(str_eq(named(&b, "gone")->problem, STR("the repository has no such branch")));
    r = named(&b, "1");
    assert_true(!r->maintained && str_eq(r->source, STR("repository")));
    assert_true(str_eq(r->tip, STR("v1.1")) && r->tip_us == 5);
    arena_free(b.a);
}

/* Where no source says what is maintained, series are no lines. */
static void test_a_project_that_says_nothing(void **state)
{
    (void)state;
    struct bench b;
    merge(&b, &nothing, NULL, NULL, 0);
    assert_int_equal(b.n, 0);
    arena_free(b.a);
}

static void test_the_policys_table(void **state)
{
    (void)state;
    struct policy_version rows[] = {{.version = STR("2.x"), .supported = true},
                                    {.version = STR(" 0.x "), .supported = false},
                                    {.version = STR("1.x"), .unclear = true},
                                    {.version = STR("7.x"), .supported = true}};
    const struct policy p = {.versions = rows, .n_versions = 4};
    struct bench b;
    merge(&b, &nothing, &p, NULL, 0);
    const struct line_row *r = named(&b, "stable-2"); /* of the version, the branch */
    assert_true(r->maintained && str_eq(r->source, STR("policy")));
    r = named(&b, "0.x"); /* without a branch, the series */
    assert_true(!r->maintained && str_eq(r->tags, STR("v0.{N}")) && str_eq(r->tip, STR("v0.9")));
    /* What is unclear, or nowhere in the repository, is no row. */
    assert_true(str_eq(named(&b, "1")->source, STR("repository")));
    assert_int_equal(b.n, 3);
    arena_free(b.a);
}

static struct line_row row(const char *branch, const char *tags_of, const char *source, bool on)
{
    struct line_row r = {.id = 7, .maintained = on};
    r.name = str_c(branch[0] ? branch : tags_of);
    r.branch = str_c(branch);
    r.tags = str_c(tags_of);
    r.source = str_c(source);
    r.changed_by = STR("user:1");
    r.build = r.tests = r.root = r.tip = r.tip_commit = STR_NONE;
    r.problem = STR("an old one");
    return r;
}

static void test_what_a_person_wrote_stays(void **state)
{
    (void)state;
    struct str said[] = {STR("main")};
    struct line_row now[] = {row("main", "", "person", false), row("stable-1", "", "person", true)};
    struct bench b;
    merge(&b, &(struct str_list){said, 1}, NULL, now, 2);
    const struct line_row *r = named(&b, "main");
    assert_true(!r->maintained && r->id == 7 && str_eq(r->source, STR("person")));
    assert_true(str_eq(r->problem, STR("the settings or the policy say that it is maintained")));
    r = named(&b, "stable-1");
    assert_true(r->maintained && r->problem.n == 0);
    arena_free(b.a);
}

static void test_what_no_source_says_any_more(void **state)
{
    (void)state;
    struct str said[] = {STR("main")};
    struct line_row now[] = {row("main", "", "settings", true),
                             row("stable-2", "", "settings", true)};
    struct bench b;
    merge(&b, &(struct str_list){said, 1}, NULL, now, 2);
    const struct line_row *r = named(&b, "main");
    assert_true(r->maintained && str_eq(r->changed_by, STR("user:1"))); /* as it was */
    r = named(&b, "stable-2");
    assert_false(r->maintained);
    assert_true(str_eq(r->problem, STR("nothing says any more that it is maintained")));
    arena_free(b.a);
}

static void test_sources_that_do_not_agree(void **state)
{
    (void)state;
    struct str said[] = {STR("stable-2")};
    struct policy_version rows[] = {{.version = STR("2.x"), .supported = false}};
    const struct policy p = {.versions = rows, .n_versions = 1};
    struct bench b;
    merge(&b, &(struct str_list){said, 1}, &p, NULL, 0);
    const struct line_row *r = named(&b, "stable-2");
    assert_true(r->maintained); /* the settings are the team's word */
    assert_true(
        str_eq(r->problem, STR("the settings and the policy do not agree about this line")));
    arena_free(b.a);
}

static void test_ends_and_patterns_are_checked(void **state)
{
    (void)state;
    struct line_row now[] = {row("main", "", "person", true), row("", "v9.{N}", "person", true),
                             row("", "v2.{N}", "person", true), row("", "{", "person", false)};
    now[0].until_us = NOW - 1;
    struct bench b;
    merge(&b, &nothing, NULL, now, 4);
    assert_true(str_eq(b.rows[0].problem, STR("its end is over")));
    assert_true(str_eq(b.rows[1].problem, STR("no release has a tag that fits its pattern")));
    /* 10 is behind 9. */
    assert_true(str_eq(b.rows[2].tip, STR("v2.10")) && str_eq(b.rows[2].tip_commit, STR("aa")));
    assert_int_equal(b.rows[2].problem.n, 0);
    assert_true(str_eq(b.rows[3].problem, STR("its pattern of tags is none")));
    arena_free(b.a);
}

/* Two places of one name, and more lines than the register holds. */
static void test_names_are_free_and_rows_are_bounded(void **state)
{
    (void)state;
    static struct line_row now[LINES_MAX];
    struct str said[] = {STR("main"), STR("stable-2")};
    struct bench b;
    now[0] = row("stable-1", "", "person", true);
    now[0].name = STR("main");
    merge(&b, &(struct str_list){said, 1}, NULL, now, 1);
    assert_true(str_eq(named(&b, "main (2)")->branch, STR("main")));
    arena_free(b.a);
    for (size_t i = 0; i < LINES_MAX; i++)
        now[i] = row("stable-1", "", "person", true);
    merge(&b, &(struct str_list){said, 2}, NULL, now, LINES_MAX);
    assert_int_equal(b.n, LINES_MAX);
    arena_free(b.a);
}

static enum rc read_text(const char *text)
{
    AUTO(arena) struct arena *a = arena_new(1u << 20);
    AUTO(json) json_t *j = json_loads(text, 0, NULL);
    struct seen s;
    struct err e = ERR_INIT;
    assert_non_null(j);
    return seen_read(j, a, &s, &e);
}

#define BRANCH(name) "{\"name\":" name ",\"commit\":\"01\",\"at\":null}"
#define ANSWER(b, s) "{\"branches\":[" b "],\"releases\":[],\"series\":[" s "]}"
#define SERIES(p, count)                                                                           \
    "{\"name\":\"1\",\"pattern\":\"" p                                                             \
    "\",\"newest\":\"v1.1\",\"commit\":\"b\",\"at\":null,\"releases\":" count "}"

static void test_answers_are_checked(void **state)
{
    (void)state;
    assert_int_equal(read_text(ANSWER(BRANCH("\"main\""), SERIES("v1.{N}", "1"))), RC_OK);
    static const char *const bad[] = {
        "{}",
        "{\"branches\":[],\"releases\":[]}",
        ANSWER(BRANCH("\"\""), ""),
        ANSWER(BRANCH("\"a\\nb\""), ""),
        ANSWER(BRANCH("\"a\\u001bb\""), ""),
        ANSWER(BRANCH("7"), ""),
        ANSWER("{\"name\":\"main\",\"commit\":\"01\",\"at\":\"yesterday\"}", ""),
        ANSWER("", SERIES("v1.[", "1")),
        ANSWER("", SERIES("v1.{N}", "-1")),
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (read_text(bad[i]) != RC_INVALID)
            fail_msg("taken: %s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_and_what_nobody_speaks_of),
        cmocka_unit_test(test_a_project_that_says_nothing),
        cmocka_unit_test(test_the_policys_table),
        cmocka_unit_test(test_what_a_person_wrote_stays),
        cmocka_unit_test(test_what_no_source_says_any_more),
        cmocka_unit_test(test_sources_that_do_not_agree),
        cmocka_unit_test(test_ends_and_patterns_are_checked),
        cmocka_unit_test(test_names_are_free_and_rows_are_bounded),
        cmocka_unit_test(test_answers_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
