/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A diff side by side, and conflicts with their surroundings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "web/sides.h"

#define ARENA (64u << 20)

static const char plain[] = "diff --git a/src/name.c b/src/name.c\n"
                            "index 1111111..2222222 100644\n"
                            "--- a/src/name.c\n"
                            "+++ b/src/name.c\n"
                            "@@ -10,6 +10,8 @@ int parse_name(const char *s)\n"
                            " {\n"
                            "-    size_t n = strlen(s);\n"
                            "+    size_t n = strnlen(s, NAME_MAX + 1);\n"
                            "+    if (n > NAME_MAX)\n"
                            "+        return -1;\n"
                            "     copy(s, n);\n"
                            "-    /* done */\n"
                            "     return 0;\n"
                            " }\n"
                            "@@ -40 +41 @@\n"
                            "--- not a file\n"
                            "+++ nor this\n"
                            "\\ No newline at end of file\n"
                            "diff --git a/new b.txt b/new b.txt\n"
                            "new file mode 100644\n"
                            "--- /dev/null\n"
                            "+++ b/new b.txt\n"
                            "@@ -0,0 +1,2 @@\n"
                            "+one\n"
                            "+two\n"
                            "diff --git a/logo.png b/logo.png\n"
                            "Binary files a/logo.png and b/logo.png differ\n"
                            "diff --git a/old.c b/young.c\n"
                            "similarity index 100%\n"
                            "rename from old.c\n"
                            "rename to young.c\n";

static struct str text_of(const struct code_line_view *l, struct buf *b)
{
    buf_reset(b);
    for (size_t i = 0; i < l->n_runs; i++) {
        if (l->runs[i].mark)
            buf_addc(b, '[');
        buf_add(b, l->runs[i].text);
        if (l->runs[i].mark)
            buf_addc(b, ']');
    }
    return buf_str(b);
}

static void assert_line(const struct code_line_view *l, uint32_t no, const char *sign,
                        const char *text)
{
    AUTO(buf) struct buf b = BUF_INIT(100000);
    assert_int_equal(l->no, no);
    assert_string_equal(l->sign, sign);
    struct str got = text_of(l, &b);
    if (!str_eq(got, str_c(text)))
        fail_msg("line is \"%.*s\", not \"%s\"", STR_ARG(got), text);
}

static void test_a_diff_side_by_side(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(ARENA);
    struct sides s;
    sides_of_diff(a, str_c(plain), &s);
    assert_int_equal(s.n_files, 4);
    assert_false(s.cut);
    const struct side_file_view *f = &s.files[0];
    assert_true(str_eq(f->path, STR("src/name.c")));
    assert_int_equal(f->added, 4);
    assert_int_equal(f->removed, 3);
    assert_int_equal(f->n_hunks, 2);
    const struct side_hunk_view *h = &f->hunks[0];
    assert_true(str_eq(h->where, STR("lines 10 to 17, in int parse_name(const char *s)")));
    assert_int_equal(h->n_rows, 8);
    assert_true(h->rows[0].same);
    assert_line(&h->rows[0].l, 10, " ", "{");
    assert_line(&h->rows[0].r, 10, " ", "{");
    /* Alike stands beside alike; what differs is marked. */
    assert_line(&h->rows[1].l, 11, "-", "    size_t n = [strlen](s);");
    assert_line(&h->rows[1].r, 11, "+", "    size_t n = [strnlen](s, [NAME_MAX] + [1]);");
    assert_true(h->rows[2].l_gap);
    assert_line(&h->rows[3].r, 13, "+", "        return -1;");
    assert_line(&h->rows[4].l, 12, " ", "    copy(s, n);");
    assert_line(&h->rows[4].r, 14, " ", "    copy(s, n);");
    assert_true(h->rows[5].r_gap);
    assert_line(&h->rows[5].l, 13, "-", "    /* done */");
    /* Lines that look like the head of a file are lines of the hunk. */
    h = &f->hunks[1];
    assert_true(str_eq(h->where, STR("line 41")));
    assert_int_equal(h->n_rows, 2);
    assert_true(str_eq(s.files[1].path, STR("new b.txt")));
    assert_true(str_eq(s.files[1].note, STR("new file")));
    assert_int_equal(s.files[1].hunks[0].n_rows, 2);
    assert_true(s.files[1].hunks[0].rows[0].l_gap);
    assert_true(str_eq(s.files[2].path, STR("logo.png")));
    assert_true(str_eq(s.files[2].note, STR("binary, not shown")));
    assert_true(str_eq(s.files[3].path, STR("young.c")));
    assert_true(str_eq(s.files[3].note, STR("renamed from old.c")));
}

static void test_a_plain_unified_diff(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(ARENA);
    struct sides s;
    sides_of_diff(a,
                  STR("--- x.c\t2026-01-01\n+++ x.c\t2026-01-02\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
                      "--- gone.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-b\n"),
                  &s);
    assert_int_equal(s.n_files, 2);
    assert_true(str_eq(s.files[0].path, STR("x.c")));
    assert_int_equal(s.files[0].hunks[0].n_rows, 2);
    assert_true(str_eq(s.files[1].path, STR("gone.c")));
    assert_true(str_eq(s.files[1].hunks[0].where, STR("line 1")));
}

static void test_what_is_no_diff(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "\n\n",
        "hello",
        "@@ -1 +1 @@\n-a\n+b\n",
        "diff --git ",
        "diff --git a/x b/x\n@@ -1,",
        "diff --git a/x b/x\n@@ -99999999999,1 +1,1 @@\n a\n",
        "diff --git a/x b/x\n@@ -1,3 +1,3 @@\n",
        "--- \n+++ \n@@ -0,0 +0,0 @@\n",
        "diff --git a/x b/x\n@@ -1,2 +1,2 @@\n-a\ndiff --git a/y b/y\n@@ -1 +1 @@\n-a\n+b"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        AUTO(arena) struct arena *a = arena_new(ARENA);
        struct sides s;
        char *copy = str_dup(str_c(texts[i])); /* overruns show */
        sides_of_diff(a, str_c(copy), &s);
        assert_in_range(s.n_files, 0, 2);
        free(copy);
    }
    /* A hunk that ends too early does not swallow the next file. */
    AUTO(arena) struct arena *a = arena_new(ARENA);
    struct sides s;
    sides_of_diff(a, str_c(texts[9]), &s);
    assert_int_equal(s.n_files, 2);
    assert_int_equal(s.files[1].hunks[0].n_rows, 1);
}

static void test_long_diffs_are_cut(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(ARENA);
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    struct sides s;
    size_t rows = 0;
    buf_adds(&b, "diff --git a/x.c b/x.c\n@@ -1,9000 +1,9000 @@\n");
    for (size_t i = 0; i < 9000; i++)
        buf_addf(&b, "-int old_%zu;\n", i);
    for (size_t i = 0; i < 9000; i++)
        buf_addf(&b, "+int new_%zu;\n", i);
    sides_of_diff(a, buf_str(&b), &s);
    assert_true(s.cut);
    assert_int_equal(s.files[0].removed, 9000);
    assert_int_equal(s.files[0].added, 9000);
    for (size_t i = 0; i < s.files[0].n_hunks; i++)
        rows += s.files[0].hunks[i].n_rows;
    assert_int_equal(rows, SIDES_LINES);
    buf_reset(&b);
    for (size_t i = 0; i < SIDES_FILES + 5; i++)
        buf_addf(&b, "diff --git a/%zu.c b/%zu.c\n@@ -1 +1 @@\n-a\n+b\n", i, i);
    sides_of_diff(a, buf_str(&b), &s);
    assert_int_equal(s.n_files, SIDES_FILES);
    assert_true(s.cut);
}

static void test_conflicts_with_their_surroundings(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(ARENA);
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    struct side_conflicts c;
    for (int i = 1; i <= 20; i++)
        buf_addf(&b, "line %d\n", i);
    buf_adds(&b, "<<<<<<< release\nours 21\n||||||| before the fix\nbase\n=======\nfixed\n"
                 "======= is no marker here\n>>>>>>> fix\n");
    for (int i = 22; i <= 60; i++)
        buf_addf(&b, "line %d\n", i);
    buf_adds(&b, "<<<<<<< release\n=======\nadded\n>>>>>>> fix");
    sides_of_conflict(a, STR("x.c"), buf_str(&b), &c);
    assert_int_equal(c.n_regions, 2);
    assert_false(c.cut);
    const struct side_conflict_view *v = &c.regions[0];
    assert_true(str_eq(v->where, STR("line 21")));
    assert_int_equal(v->n_lines, SIDES_AROUND + 8 + SIDES_AROUND);
    assert_line(&v->lines[0], 16, " ", "line 16");
    assert_string_equal(v->lines[5].how, "edge");
    assert_line(&v->lines[6], 21, "R", "ours 21");
    assert_string_equal(v->lines[6].how, "ours");
    assert_line(&v->lines[8], 0, "B", "base");
    assert_line(&v->lines[10], 0, "F", "fixed");
    assert_line(&v->lines[11], 0, "F", "======= is no marker here");
    assert_line(&v->lines[13], 22, " ", "line 22");
    v = &c.regions[1];
    assert_true(str_eq(v->where, STR("line 61")));
    assert_int_equal(v->n_lines, SIDES_AROUND + 4);
}

static void test_odd_conflicts(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "no conflict at all\n",
                                        "=======\n>>>>>>> x\n",
                                        "<<<<<<< x",
                                        "<<<<<<< x\n|||||||\n=======",
                                        "<<<<<<< a\n<<<<<<< b\n=======\n>>>>>>> c\n>>>>>>> d\n",
                                        "<<<<<<<x\n",
                                        "<<<<<<"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        AUTO(arena) struct arena *a = arena_new(ARENA);
        struct side_conflicts c;
        char *copy = str_dup(str_c(texts[i]));
        sides_of_conflict(a, STR("x"), str_c(copy), &c);
        assert_in_range(c.n_regions, 0, 1);
        free(copy);
    }
    AUTO(arena) struct arena *a = arena_new(ARENA);
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    struct side_conflicts c;
    for (int i = 0; i < 100; i++)
        buf_adds(&b, "<<<<<<< x\n=======\n>>>>>>> y\n\n\n\n\n\n\n\n\n\n\n\n");
    buf_adds(&b, "<<<<<<< x\n");
    for (int i = 0; i < 1000; i++)
        buf_adds(&b, "long\n");
    sides_of_conflict(a, STR("x"), buf_str(&b), &c);
    assert_int_equal(c.n_regions, SIDES_REGIONS);
    assert_true(c.cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_diff_side_by_side),
        cmocka_unit_test(test_a_plain_unified_diff),
        cmocka_unit_test(test_what_is_no_diff),
        cmocka_unit_test(test_long_diffs_are_cut),
        cmocka_unit_test(test_conflicts_with_their_surroundings),
        cmocka_unit_test(test_odd_conflicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
