/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of engine/policy.c: patches that apply, meet a change, or try to do more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "engine/policy.h"
#include "git/testing.h"
#include "os/file.h"

static char top[TESTREPO_TOP];

static int setup(void **state)
{
    (void)state;
    return testrepo_folder(top);
}

static int teardown(void **state)
{
    (void)state;
    return testrepo_folder_remove(top);
}

static const char policy[] =
    "# Policy\n\nWe answer soon.\n\nWe say thanks.\n\n## Fixes\n\nWe fix.\n";
static const char patch[] = "diff --git a/SECURITY.md b/SECURITY.md\nindex 1..2 100644\n"
                            "--- a/SECURITY.md\n+++ b/SECURITY.md\n@@ -1,5 +1,5 @@\n # Policy\n \n"
                            "-We answer soon.\n+We answer within two days.\n \n We say thanks.\n";

/* The answer to {"patch"|"base"+"new", "bases"}; owned by the caller. */
static json_t *ask(json_t *question, const char *const *bases)
{
    AUTO(buf) struct buf b = BUF_INIT(ENGINE_INPUT_MAX);
    AUTO(json) json_t *q = question;
    json_t *list = json_array(), *answer = NULL;
    struct err e = ERR_INIT;
    for (size_t i = 0; bases[i]; i++)
        json_array_append_new(list, json_str(str_c(bases[i])));
    json_object_set_new(q, "bases", list);
    assert_int_equal(json_write(&b, q, &e), RC_OK);
    struct engine_job j = {.scratch = top, .input = buf_str(&b)};
    if (engine_policy_apply(&j, &answer, &e) != RC_OK)
        fail_msg("%s", e.msg);
    return answer;
}
#define BASES(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static json_t *with_patch(const char *text)
{
    return json_pack("{s:o}", "patch", json_str(str_c(text)));
}

static const char *answered(const json_t *a, const char *key)
{
    return json_string_value(json_object_get(a, key));
}

static bool applies(const json_t *a)
{
    return json_is_true(json_object_get(a, "applies"));
}

static void test_applies(void **state)
{
    (void)state;
    AUTO(json) json_t *a = ask(with_patch(patch), BASES(policy));
    assert_true(applies(a));
    assert_string_equal(answered(a, "text"),
                        "# Policy\n\nWe answer within two days.\n\nWe say thanks.\n\n## Fixes\n\n"
                        "We fix.\n");
    assert_string_equal(answered(a, "base"), policy);
    assert_string_equal(answered(a, "why"), "");
}

static void test_older_base_is_merged(void **state)
{
    (void)state;
    static const char now[] =
        "# Policy\n\nWe answer soon!\n\nWe say thanks.\n\n## Fixes\n\nWe fix all.\n";
    static const char elsewhere[] =
        "# Policy\n\nWe answer soon.\n\nWe say thank you.\n\n## Fixes\n\nWe fix all.\n";
    static const char far[] =
        "# Our policy\n\nWe answer soon.\n\nWe say thanks.\n\n## Fixes\n\nWe fix.\n\nAnd more.\n";
    AUTO(json) json_t *a = ask(with_patch(patch), BASES(now, policy));
    assert_false(applies(a));
    assert_non_null(strstr(answered(a, "why"), "meanwhile"));
    AUTO(json) json_t *b = ask(with_patch(patch), BASES(far, policy));
    assert_true(applies(b));
    assert_non_null(strstr(answered(b, "text"), "# Our policy\n\nWe answer within two days.\n"));
    assert_non_null(strstr(answered(b, "text"), "And more.\n"));
    assert_string_equal(answered(b, "base"), policy);
    AUTO(json) json_t *c = ask(with_patch(patch), BASES(elsewhere));
    assert_false(applies(c));
    assert_non_null(strstr(answered(c, "why"), "not in the policy"));
}

static void test_texts_are_merged(void **state)
{
    (void)state;
    AUTO(json)
    json_t *a = ask(json_pack("{s:s, s:s}", "base", "a\nb\nc\nd\n", "new", "A\nb\nc\nd\n"),
                    BASES("a\nb\nc\nD\n"));
    assert_true(applies(a));
    assert_string_equal(answered(a, "text"), "A\nb\nc\nD\n");
    AUTO(json) json_t *b = ask(json_pack("{s:s, s:s}", "base", "a\n", "new", "b\n"), BASES("c\n"));
    assert_false(applies(b));
}

static void test_names_of_a_patch_decide_nothing(void **state)
{
    (void)state;
    AUTO(json)
    json_t *a = ask(with_patch("--- a/../../../../etc/passwd\n+++ b/../../../../etc/passwd\n"
                               "@@ -1,4 +1,4 @@\n-# Policy\n+# Rules\n \n We answer soon.\n \n"),
                    BASES(policy));
    assert_true(applies(a)); /* of the text, whatever it is called */
    assert_non_null(strstr(answered(a, "text"), "# Rules\n\nWe answer soon.\n"));
    static const char *const more[] = {
        "diff --git a/S b/S\nnew file mode 120000\n--- /dev/null\n+++ b/S\n@@ -0,0 +1 @@\n+/etc\n",
        "diff --git a/S b/S\nold mode 100644\nnew mode 120000\n--- a/S\n+++ b/S\n@@ -1 +1 @@\n"
        "-# Policy\n+/etc/passwd\n",
        "--- a/S\n+++ b/S\n@@ -1 +1 @@\n-# Policy\n+#\n--- a/T\n+++ b/T\n@@ -1 +1 @@\n-a\n+b\n",
        "diff --git a/S b/S\nGIT binary patch\nliteral 1\nIcmZPo000310RR91\n",
        "no patch at all",
    };
    for (size_t i = 0; i < ARRAY_LEN(more); i++) {
        AUTO(json) json_t *m = ask(with_patch(more[i]), BASES(policy));
        assert_false(applies(m));
        assert_true(strlen(answered(m, "why")) > 5);
        assert_string_equal(answered(m, "text"), "");
    }
}

static void test_carriage_returns_and_long_lines(void **state)
{
    (void)state;
    AUTO(json)
    json_t *a =
        ask(with_patch("--- a/S\r\n+++ b/S\r\n@@ -1,4 +1,4 @@\r\n-# Policy\r\n+# Rules\r\n \r\n"
                       " We answer soon.\r\n\r\n"),
            BASES(policy));
    assert_true(applies(a));
    assert_non_null(strstr(answered(a, "text"), "# Rules\n\nWe answer"));
    AUTO(buf) struct buf b = BUF_INIT(ENGINE_POLICY_PATCH);
    buf_adds(&b, "--- a/S\n+++ b/S\n@@ -7,3 +7,4 @@\n ## Fixes\n \n We fix.\n+");
    while (b.n < ENGINE_POLICY_PATCH - 10)
        buf_addc(&b, 'x');
    buf_addc(&b, '\n');
    AUTO(json) json_t *c = ask(with_patch(buf_c(&b)), BASES(policy));
    assert_false(applies(c));
    assert_string_equal(answered(c, "why"), "the policy would be too long");
}

static json_t *one_commit(const char *text, const char *author, const char *message)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:I, s:s}", "text", text, "author", author,
                     "email", "ada@example.org", "at_us", (json_int_t)1700000000000000, "committer",
                     "Eve Handler", "committer_email", "eve@example.org", "committed_us",
                     (json_int_t)1700000100000000, "message", message);
}

static void commit(json_t *commits, char ids[3][80])
{
    AUTO(buf) struct buf b = BUF_INIT(ENGINE_INPUT_MAX);
    AUTO(json) json_t *q = json_pack("{s:O}", "commits", commits);
    AUTO(json) json_t *args = json_pack("{s:s}", "file", "SECURITY.md");
    AUTO(json) json_t *answer = NULL;
    struct err e = ERR_INIT;
    assert_int_equal(json_write(&b, q, &e), RC_OK);
    struct engine_job j = {.scratch = top, .args = args, .input = buf_str(&b)};
    if (engine_policy_commit(&j, &answer, &e) != RC_OK)
        fail_msg("%s", e.msg);
    json_t *list = json_object_get(answer, "ids");
    for (size_t i = 0; i < json_array_size(list); i++)
        snprintf(ids[i], 80, "%s", json_string_value(json_array_get(list, i)));
}

static void test_commits(void **state)
{
    (void)state;
    char ids[3][80] = {"", "", ""}, again[3][80] = {"", "", ""}, repo[100];
    AUTO(json) json_t *commits = json_array();
    json_array_append_new(commits, one_commit("a\n", "Desk", "The policy as it was\n"));
    json_array_append_new(commits, one_commit("b\n", "Ada <x>\nparent 0", "Say b\n\nWhy.\n"));
    commit(commits, ids);
    commit(commits, again);
    assert_string_equal(ids[1], again[1]);
    assert_string_not_equal(ids[0], ids[1]);
    json_array_append_new(commits, one_commit("c\n", "Ada", "Say c"));
    commit(commits, again);
    assert_string_equal(ids[1], again[1]);
    snprintf(repo, sizeof repo, "%s/" ENGINE_POLICY_REPO, top);
    TESTREPO(repo, "fsck", "--strict");
    assert_true(testrepo_try(
        repo, (const char *const[]){"merge-base", "--is-ancestor", ids[0], "main", NULL}));
    TESTREPO(repo, "diff", "--quiet", "main", again[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_applies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_older_base_is_merged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_texts_are_merged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_of_a_patch_decide_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_carriage_returns_and_long_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commits, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
