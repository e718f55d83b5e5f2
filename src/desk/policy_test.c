/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests of desk/policy: each NAME.md of the folder given as argument is read and must give
 * exactly the lines of NAME.expect; then the corner cases.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "desk/policy.h"
#include "os/file.h"

static const char *fixtures;

static const struct policy *parse(struct arena *a, struct str text)
{
    struct err e = ERR_INIT;
    const struct policy *p = NULL;
    enum rc rc = policy_parse(a, text, &p, &e);
    if (rc != RC_OK)
        fail_msg("%s", e.msg);
    return p;
}

static void summarize_lists(const struct policy *p, struct buf *b)
{
    for (size_t i = 0; i < p->n_sections; i++)
        buf_addf(b, "section %s %u\n", p->sections[i].anchor.p, p->sections[i].line);
    for (size_t i = 0; i < p->n_links; i++)
        buf_addf(b, "link %s %u %s\n", p->links[i].anchor.p, p->links[i].line,
                 p->links[i].ok ? "ok" : "broken");
    for (size_t i = 0; i < p->n_contacts; i++)
        buf_addf(b, "contact %s %s %u %s\n", p->contacts[i].address.p,
                 policy_how_name(p->contacts[i].how), p->contacts[i].line,
                 p->contacts[i].reporting ? "reporting" : "other");
    for (size_t i = 0; i < p->n_urls; i++)
        buf_addf(b, "url %s %s %u\n", policy_url_kind_name(p->urls[i].kind),
                 p->urls[i].url.n ? p->urls[i].url.p : "-", p->urls[i].line);
}

static void summarize(const struct policy *p, struct buf *b)
{
    if (p->title.n)
        buf_addf(b, "title %s\n", p->title.p);
    if (p->project.n)
        buf_addf(b, "project %s\n", p->project.p);
    summarize_lists(p, b);
    for (int k = 0; k < PROMISE_COUNT; k++) {
        const struct policy_promise *pr = &p->promises[k];
        if (!pr->found)
            continue;
        buf_addf(b, "promise %s %u-%u", policy_promise_name((enum policy_promise_kind)k),
                 pr->line_start, pr->line_end);
        if (pr->within_us)
            buf_addf(b, " %lld%s", (long long)pr->within_us / 1000000,
                     pr->working_days ? " working" : "");
        buf_addc(b, '\n');
    }
    for (size_t i = 0; i < p->n_versions; i++)
        buf_addf(b, "version %s %s\n", p->versions[i].version.p,
                 p->versions[i].unclear     ? "unclear"
                 : p->versions[i].supported ? "yes"
                                            : "no");
    if (p->fingerprint.n)
        buf_addf(b, "fingerprint %s %u\n", p->fingerprint.p, p->fingerprint_line);
    if (p->embargo_us)
        buf_addf(b, "embargo %lld %u\n", (long long)p->embargo_us / 1000000, p->embargo_line);
}

static void read_fixture(const char *name, struct buf *b)
{
    char path[500];
    struct err e = ERR_INIT;
    snprintf(path, sizeof path, "%s/%s", fixtures, name);
    if (file_read(AT_FDCWD, path, POLICY_MAX, b, &e) != RC_OK)
        fail_msg("%s: %s", name, e.msg);
}

static bool check_fixture(const char *name)
{
    char expect[300];
    snprintf(expect, sizeof expect, "%.*s.expect", (int)strlen(name) - 3, name);
    AUTO(buf) struct buf text = BUF_INIT(POLICY_MAX);
    AUTO(buf) struct buf want = BUF_INIT(POLICY_MAX);
    AUTO(buf) struct buf have = BUF_INIT(POLICY_MAX);
    AUTO(arena) struct arena *a = arena_new(POLICY_ARENA);
    read_fixture(name, &text);
    read_fixture(expect, &want);
    summarize(parse(a, buf_str(&text)), &have);
    if (!str_eq(buf_str(&want), buf_str(&have)))
        print_error("%s gives\n%s\nand not\n%s\n", name, buf_c(&have), buf_c(&want));
    return str_eq(buf_str(&want), buf_str(&have));
}

static void test_fixtures(void **state)
{
    (void)state;
    size_t n = 0, bad = 0;
    DIR *dir = opendir(fixtures);
    assert_non_null(dir);
    for (struct dirent *de; (de = readdir(dir)) != NULL;) {
        if (!str_ends(str_c(de->d_name), STR(".md")))
            continue;
        bad += !check_fixture(de->d_name);
        n++;
    }
    closedir(dir);
    assert_true(n >= 10);
    assert_int_equal(bad, 0);
}

static void test_words_are_exact(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(POLICY_ARENA);
    const struct policy *p = parse(
        a, STR("# T\n\nHello. We *will* acknowledge\r\nyour [report](https://x.example) within\n"
               "**48 hours** (e.g. sooner). Bye.\n"));
    const struct policy_promise *pr = &p->promises[PROMISE_ACKNOWLEDGE];
    assert_true(pr->found && pr->line_start == 3 && pr->line_end == 5);
    assert_string_equal(pr->words.p,
                        "We will acknowledge your report within 48 hours (e.g. sooner).");
    assert_string_equal(pr->within_words.p, "within 48 hours");
}

static void test_slugs(void **state)
{
    (void)state;
    const struct {
        const char *title, *slug;
    } cases[] = {
        {"Reporting a Vulnerability ", "reporting-a-vulnerability"},
        {"What's new? (v1.2)", "whats-new-v12"},
        {"a_b - c", "a_b---c"},
        {"\xC3\x9C"
         "ber uns",
         "\xC3\xBC"
         "ber-uns"},
        {"\xF0\x9F\x94\x92 Security", "-security"},
        {"C & C++", "c--c"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        AUTO(buf) struct buf b = BUF_INIT(200);
        policy_slug(&b, str_c(cases[i].title));
        assert_string_equal(buf_c(&b), cases[i].slug);
    }
}

static void test_repeated_anchors(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(POLICY_ARENA);
    const struct policy *p = parse(a, STR("# A\n## A\n## B\n## A\n## A 1\n"));
    const char *want[] = {"a-1", "b", "a-2", "a-1-1"};
    assert_int_equal(p->n_sections, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(p->sections[i].anchor.p, want[i]);
}

static void test_missing_is_listed(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(POLICY_ARENA);
    const struct policy *p = parse(a, STR(""));
    size_t n = 0;
    while (policy_missing(p, n))
        n++;
    assert_int_equal(n, 13 + PROMISE_COUNT);
    AUTO(json) json_t *j = policy_json(p);
    assert_int_equal(json_array_size(json_object_get(j, "not_found")), n);
    assert_int_equal(json_object_size(json_object_get(j, "promises")), 0);
    p = parse(a, STR("# T\n\nWe will acknowledge your report within 1 day.\n"));
    for (size_t i = 0; policy_missing(p, i); i++) {
        assert_null(strstr(policy_missing(p, i), "acknowledge"));
        assert_null(strstr(policy_missing(p, i), "title"));
    }
}

static void test_limits(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    const struct policy *p = NULL;
    AUTO(arena) struct arena *a = arena_new(POLICY_ARENA);
    assert_int_equal(policy_parse(a, STR("a\0b"), &p, &e), RC_INVALID);
    AUTO(buf) struct buf b = BUF_INIT(2 * POLICY_MAX);
    while (b.n <= POLICY_MAX)
        buf_adds(&b, "x");
    assert_int_equal(policy_parse(a, buf_str(&b), &p, &e), RC_LIMIT);
    const char *const units[] = {"# x\n",
                                 "a. ",
                                 "[a](#a)\n",
                                 "a@b.example ",
                                 "https://a.example/x.asc ",
                                 "[",
                                 "<a ",
                                 "&#64;",
                                 "|a|\n|-|\n",
                                 "\xff",
                                 "* a\n",
                                 "<!--",
                                 "`",
                                 "we will acknowledge your report within 48 hours, and "};
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        AUTO(arena) struct arena *mine = arena_new(POLICY_ARENA);
        buf_reset(&b);
        while (b.n + strlen(units[i]) <= POLICY_MAX)
            buf_adds(&b, units[i]);
        enum rc rc = policy_parse(mine, buf_str(&b), &p, &e);
        if (rc != RC_OK)
            fail_msg("%s: %s", units[i], e.msg);
        assert_true(p->n_sections <= POLICY_SECTIONS && p->n_contacts <= POLICY_CONTACTS &&
                    p->n_links <= POLICY_LINKS && p->n_urls <= POLICY_URLS);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: policy_test FOLDER\n");
        return 64;
    }
    fixtures = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixtures),
        cmocka_unit_test(test_words_are_exact),
        cmocka_unit_test(test_slugs),
        cmocka_unit_test(test_repeated_anchors),
        cmocka_unit_test(test_missing_is_listed),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
