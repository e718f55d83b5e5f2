/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of cli/init_plan: what init makes of policies and generated repositories.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <fcntl.h>
#include <string.h>

#include <cmocka.h>

#include "base/when.h"
#include "cli/init_plan.h"
#include "git/testing.h"
#include "os/file.h"

static char top[64], repo[100];

static int make_folder(void **state)
{
    (void)state;
    snprintf(top, sizeof top, "/tmp/init-plan-XXXXXX");
    snprintf(repo, sizeof repo, "%s/repo", mkdtemp(top) ? top : "");
    return repo[0] == '/' ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    return dir_remove(AT_FDCWD, top, &e) == RC_OK ? 0 : -1;
}

static void test_prefixes(void **state)
{
    (void)state;
    const struct {
        const char *name, *prefix;
    } cases[] = {{"mailcow: dockerized", "MC"},
                 {"mailcow-dockerized", "MD"},
                 {"curl", "CURL"},
                 {"OpenSSL", "OSSL"},
                 {"Example Kit", "EK"},
                 {"kubernetes", "KUB"},
                 {"nginx", "NGINX"},
                 {"a very long name of it", "AVLN"},
                 {"3proxy", "PROXY"},
                 {"lib x", "LX"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(buf) struct buf b = BUF_INIT(20);
        struct err e = ERR_INIT;
        assert_int_equal(init_prefix(str_c(cases[i].name), &b, &e), RC_OK);
        assert_string_equal(buf_c(&b), cases[i].prefix);
    }
    const char *bad[] = {"", "x", "\xC3\x84\xC3\x96", "12"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO(buf) struct buf b = BUF_INIT(20);
        struct err e = ERR_INIT;
        assert_int_equal(init_prefix(str_c(bad[i]), &b, &e), RC_INVALID);
    }
}

static void test_spans_are_read_back(void **state)
{
    (void)state;
    const int64_t spans[] = {90 * US_PER_MIN, 36 * US_PER_H, 48 * US_PER_H, 14 * US_PER_DAY};
    for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
        AUTO(buf) struct buf b = BUF_INIT(20);
        struct err e = ERR_INIT;
        int64_t us;
        init_span(&b, spans[i]);
        assert_int_equal(when_parse_span(buf_str(&b), &us, &e), RC_OK);
        assert_true(us == spans[i]);
    }
}

static enum rc plan(struct init_plan *p, const char *policy, struct err *e)
{
    assert_int_equal(policy_parse(p->a, str_c(policy), &p->policy, e), RC_OK);
    p->said.policy = "SECURITY.md";
    return init_plan_make(p, e);
}

static const char *value(const struct init_plan *p, const char *name)
{
    for (size_t i = 0; i < p->n_values; i++)
        if (strcmp(p->values[i].name, name) == 0)
            return p->values[i].value.p;
    return NULL;
}

static const char with_times[] = "# Tern Security Policy\n\nTo report, mail sec@tern.example.\n"
                                 "We will acknowledge your report within 48 hours.\n"
                                 "We embargo reports for 90 days before disclosure.\n";

static void test_policy_words_and_own_settings(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(POLICY_ARENA);
    struct init_plan p = {.a = a};
    struct err e = ERR_INIT;
    if (plan(&p, with_times, &e) != RC_OK)
        fail_msg("%s", e.msg);
    assert_string_equal(value(&p, "desk.name"), "Tern");
    assert_string_equal(value(&p, "desk.prefix"), "TERN");
    assert_string_equal(value(&p, "desk.contact"), "sec@tern.example");
    assert_string_equal(value(&p, "policy.acknowledge"), "yes");
    assert_string_equal(value(&p, "policy.acknowledge_within"), "2d");
    assert_string_equal(value(&p, "policy.detail"), "no");
    assert_string_equal(value(&p, "policy.detail_within"), "5d");
    assert_string_equal(value(&p, "policy.default_embargo"), "90d");
    assert_string_equal(value(&p, "mail.outgoing"), "off");
    assert_null(value(&p, "project.tag_pattern"));
    AUTO(buf) struct buf b = BUF_INIT(100000);
    init_plan_report(&p, &b);
    const char *own = strstr(buf_c(&b), "The team's own settings");
    assert_non_null(own);
    assert_non_null(strstr(own, "policy.detail_within = 5d"));
    assert_null(strstr(own, "policy.acknowledge_within"));
    assert_null(strstr(own, "policy.default_embargo"));
    assert_non_null(strstr(buf_c(&b), "\"We will acknowledge your report within 48 hours.\""));
    const char *missing = strstr(buf_c(&b), "Not found in it");
    assert_non_null(missing);
    assert_non_null(strstr(missing, "a promise of a detailed response"));
}

static void test_what_is_missing_is_asked_for(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(POLICY_ARENA);
    struct err e = ERR_INIT;
    struct init_plan p = {.a = a};
    assert_int_equal(plan(&p, "# Security\n\nNothing here.\n", &e), RC_INVALID);
    assert_non_null(strstr(e.msg, "--name"));
    p = (struct init_plan){.a = a, .said = {.name = "Petrel"}};
    assert_int_equal(plan(&p, "# Security\n\nNothing here.\n", &e), RC_INVALID);
    assert_non_null(strstr(e.msg, "--contact"));
    p = (struct init_plan){.a = a, .said = {.name = "Petrel", .contact = "a@petrel.example"}};
    assert_int_equal(plan(&p, "# Security\n\nNothing here.\n", &e), RC_OK);
    p = (struct init_plan){
        .a = a, .said = {.name = "Petrel", .contact = "a@petrel.example", .prefix = "p-1"}};
    assert_int_equal(plan(&p, "# Security\n\nNothing here.\n", &e), RC_INVALID);
    assert_non_null(strstr(e.msg, "desk.prefix"));
    p = (struct init_plan){
        .a = a,
        .said = {.name = "P\n[mail]\noutgoing = on", .contact = "a@b.example", .prefix = "PP"}};
    assert_int_equal(plan(&p, "# Security\n\nNothing here.\n", &e), RC_INVALID);
}

static void learns(const char *const *tags, const char *pattern)
{
    AUTO(arena) struct arena *a = arena_new(16 << 20);
    struct init_repo r;
    struct err e = ERR_INIT;
    assert_int_equal(dir_remove(AT_FDCWD, repo, &e), RC_OK);
    testrepo_init(repo, "sha1");
    testrepo_tags(repo, tags);
    TESTREPO(repo, "branch", "legacy", tags[0]);
    if (init_read_repo(a, repo, &r, &e) != RC_OK)
        fail_msg("%s", e.msg);
    assert_true(r.learned);
    assert_string_equal(r.tag.pattern.text, pattern);
    struct init_plan p = {.a = a, .repo = &r, .said = {.repo = repo}};
    assert_int_equal(plan(&p, with_times, &e), RC_OK);
    assert_string_equal(value(&p, "project.tag_pattern"), pattern);
    /* Which branches are maintained is never guessed. */
    assert_null(value(&p, "project.maintained"));
    AUTO(buf) struct buf b = BUF_INIT(100000);
    init_plan_report(&p, &b);
    assert_non_null(strstr(buf_c(&b), "  master (HEAD)\n"));
    assert_non_null(strstr(buf_c(&b), "2024-01-01  legacy\n"));
    assert_non_null(strstr(buf_c(&b), "is not guessed"));
}

#define TAGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_tag_patterns_of_repositories(void **state)
{
    (void)state;
    learns(TAGS("2026-01", "2026-03", "2026-03a", "2026-03b"), "{YYYY}-{MM}[{a}]");
    learns(TAGS("v1.2.2", "v1.2.3-rc1", "v1.2.3", "v1.10.0"), "v{N}.{N}.{N}");
    learns(TAGS("curl-7_64", "curl-7_64_1", "curl-7_65_0"), "curl-{N}_{N}[_{N}]");
    learns(TAGS("release-1.25.2", "release-1.25.3"), "release-{N}.{N}.{N}");
}

static void test_name_from_the_remote(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(16 << 20);
    struct init_repo r;
    struct err e = ERR_INIT;
    testrepo_init(repo, "sha1");
    testrepo_commit(repo, "a", "x", 0);
    TESTREPO(repo, "remote", "add", "origin", "git@forge.example:team/petrel.git");
    assert_int_equal(init_read_repo(a, repo, &r, &e), RC_OK);
    assert_false(r.learned);
    struct init_plan p = {.a = a,
                          .repo = &r,
                          .said = {.repo = repo, .contact = "a@b.example", .maintained = "master"}};
    assert_int_equal(plan(&p, "# Security\n", &e), RC_OK);
    assert_string_equal(value(&p, "desk.name"), "petrel");
    assert_string_equal(value(&p, "desk.prefix"), "PET");
    assert_string_equal(value(&p, "project.maintained"), "master");
}

int main(void)
{
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_spans_are_read_back),
        cmocka_unit_test(test_policy_words_and_own_settings),
        cmocka_unit_test(test_what_is_missing_is_asked_for),
        IN_FOLDER(test_tag_patterns_of_repositories),
        IN_FOLDER(test_name_from_the_remote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
