/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of base/patch.c: what a patch says it does, honest, hostile and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/patch.h"

#define HEAD       "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n\n"
#define HUNK       "@@ -1,3 +1,3 @@ # Title\n one\n-two\n+2\n three\n"
#define FILE_LINES "--- a/SECURITY.md\n+++ b/SECURITY.md\n"
#define GIT_LINES  "diff --git a/SECURITY.md b/SECURITY.md\nindex 1234567..89abcde 100644\n"

static enum rc read_it(const char *text, struct patch *p)
{
    struct err e = ERR_INIT;
    return patch_read(str_c(text), p, &e);
}

static void test_format_patch(void **state)
{
    (void)state;
    struct patch p;
    assert_int_equal(
        read_it("Say when.\n\nBecause.\n---\n SECURITY.md | 2 +-\n 1 file changed\n\n" GIT_LINES
                    FILE_LINES HUNK "-- \n2.39.5\n\n",
                &p),
        RC_OK);
    assert_null(p.refused);
    assert_int_equal(p.n_files, 1);
    assert_true(str_eq(p.files[0], STR("SECURITY.md")));
    assert_true(str_eq(p.hunks, STR(HUNK)));
    assert_true(str_eq(p.diff, STR(GIT_LINES FILE_LINES HUNK)));
    assert_true(str_eq(patch_message(&p), STR("Say when.\n\nBecause.")));
    assert_int_equal(p.behind.n, 0);
}

/* What stands where git takes no words for the commit is a person's all the same. */
static void test_notes(void **state)
{
    (void)state;
    struct patch p;
    AUTO(buf) struct buf b = BUF_INIT(1000);
    assert_int_equal(read_it("Say when.\n---\n\nBy the way, name.c overflows.\n---\n"
                             " SECURITY.md | 2 +-\n a | b and words\n"
                             " 1 file changed, 1 insertion(+)\n\n" GIT_LINES FILE_LINES HUNK,
                             &p),
                     RC_OK);
    assert_true(str_eq(patch_message(&p), STR("Say when.")));
    patch_notes(&p, &b);
    assert_string_equal(buf_c(&b), "By the way, name.c overflows.\n a | b and words\n\n");
    buf_reset(&b);
    assert_int_equal(read_it("Say when.\n" FILE_LINES HUNK, &p), RC_OK);
    patch_notes(&p, &b);
    assert_int_equal(b.n, 0);
}

static void test_plain_diff_and_two_hunks(void **state)
{
    (void)state;
    struct patch p;
    assert_int_equal(read_it("Words\n" FILE_LINES HUNK "@@ -9 +9,2 @@\n-x\n+y\n+z\n"
                             "\\ No newline at end of file\nmore words\n",
                             &p),
                     RC_OK);
    assert_null(p.refused);
    assert_int_equal(p.n_hunks, 2);
    assert_true(str_eq(p.behind, STR("more words")));
    assert_true(str_ends(p.hunks, STR("at end of file\n")));
}

static void test_carriage_returns(void **state)
{
    (void)state;
    struct patch p;
    assert_int_equal(
        read_it("m\r\n---\r\n\r\n--- a/S\r\n+++ b/S\r\n@@ -1 +1 @@\r\n-a\r\n+b\r\n", &p), RC_OK);
    assert_true(p.refused == NULL && str_eq(p.files[0], STR("S")));
    assert_true(str_eq(patch_message(&p), STR("m")));
}

static void test_no_patch(void **state)
{
    (void)state;
    struct patch p;
    assert_int_equal(read_it("", &p), RC_NOTFOUND);
    assert_int_equal(read_it("A report.\n--- a line\n-- \nme\n+++ no\n", &p), RC_NOTFOUND);
}

static void test_damaged(void **state)
{
    (void)state;
    struct patch p;
    static const char *const bad[] = {
        FILE_LINES "@@ -1,3 +1,3 @@\n one\n-two\n", /* cut short */
        FILE_LINES "@@ -1,3 +1,3 @@\n one\n-two\n+2\nwrapped by a mailer\n three\n",
        FILE_LINES "@@ -1,1 +1,1 @@\n-a\n-b\n", /* does not add up */
        FILE_LINES "@@ -1,99999999999999999999 +1 @@\n-a\n",
        FILE_LINES "@@ nonsense @@\n-a\n",
        "diff --git a/x b/x\n@@ -1 +1 @@\n-a\n+b\n", /* of no file */
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(read_it(bad[i], &p), RC_INVALID);
}

static void test_more_than_lines(void **state)
{
    (void)state;
    struct patch p;
    static const char *const more[] = {
        "diff --git a/S b/S\nold mode 100644\nnew mode 100755\n",
        "diff --git a/S b/T\nsimilarity index 90%\nrename from S\nrename to T\n--- a/S\n+++ b/T\n"
        "@@ -1 +1 @@\n-a\n+b\n",
        "diff --git a/S b/S\nindex 1..2 120000\n--- a/S\n+++ b/S\n@@ -1 +1 @@\n-a\n+/etc/passwd\n",
        "diff --git a/S b/S\nnew file mode 120000\n--- /dev/null\n+++ b/S\n@@ -0,0 +1 @@\n+/etc\n",
        "diff --git a/S b/S\ndeleted file mode 100644\n--- a/S\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n",
        "diff --git a/S b/S\nindex 1..2 100644\nGIT binary patch\nliteral 3\nKcmZ\n",
        "diff --git a/S b/S\nBinary files a/S and b/S differ\n",
        FILE_LINES HUNK FILE_LINES HUNK, /* the same file twice */
        GIT_LINES FILE_LINES HUNK GIT_LINES FILE_LINES HUNK,
        "--- \"a/\\303\\244\"\n+++ \"b/\\303\\244\"\n@@ -1 +1 @@\n-a\n+b\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(more); i++) {
        assert_int_equal(read_it(more[i], &p), RC_OK);
        assert_non_null(p.refused);
    }
}

static void test_path_tricks_are_names(void **state)
{
    (void)state;
    struct patch p;
    assert_int_equal(
        read_it("--- a/../../etc/passwd\n+++ b/../../etc/passwd\n@@ -1 +1 @@\n-a\n+b\n", &p),
        RC_OK);
    assert_true(p.n_files == 1 && str_eq(p.files[0], STR("../../etc/passwd")));
    assert_int_equal(read_it("--- a/S\n+++ b/T\n@@ -1 +1 @@\n-a\n+b\n", &p), RC_OK);
    assert_int_equal(p.n_files, 2);
    assert_int_equal(p.hunks.n, 0);
}

static void test_large(void **state)
{
    (void)state;
    struct patch p;
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(4 * PATCH_MAX);
    buf_adds(&b, FILE_LINES "@@ -1 +1 @@\n-a\n+");
    while (b.n < PATCH_MAX - 1)
        buf_addc(&b, 'x');
    assert_int_equal(patch_read(buf_str(&b), &p, &e), RC_OK);
    buf_adds(&b, "xx\n");
    assert_int_equal(patch_read(buf_str(&b), &p, &e), RC_LIMIT);
    buf_reset(&b);
    buf_adds(&b, FILE_LINES);
    for (int i = 0; i <= PATCH_HUNKS_MAX; i++)
        buf_adds(&b, "@@ -1 +1 @@\n-a\n+b\n");
    assert_int_equal(patch_read(buf_str(&b), &p, &e), RC_LIMIT);
    assert_int_equal(patch_read(STR("--- a/S\0\n+++ b/S\n@@ -1 +1 @@\n-\0\n+b\n"), &p, &e), RC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_patch),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_plain_diff_and_two_hunks),
        cmocka_unit_test(test_carriage_returns),
        cmocka_unit_test(test_no_patch),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_more_than_lines),
        cmocka_unit_test(test_path_tricks_are_names),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
