/* SPDX-License-Identifier: Apache-2.0 */
/* Unit tests of the ladder: each rule by an example, and hostile texts.  Tests only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "engine/backport/ladder.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(LADDER_ARENA_MORE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct ladder_out run_as(const char *path, const char *base, const char *fix,
                                const char *release)
{
    struct ladder_ask ask = {.path = str_c(path),
                             .lang = lang_of(str_c(path), STR_NONE),
                             .class = file_class_of(str_c(path)),
                             .base = str_c(base),
                             .fix = str_c(fix),
                             .release = str_c(release)};
    struct ladder_out out;
    struct err e = ERR_INIT;
    assert_int_equal(ladder_run(&ask, arena, &out, &e), RC_OK);
    return out;
}

static void expect(const struct ladder_out *o, enum ladder_state state, const char *rule,
                   const char *text)
{
    if (o->state != state)
        fail_msg("%s, wanted %s; got:\n%.*s", ladder_state_name(o->state), ladder_state_name(state),
                 STR_ARG(o->text));
    if (rule != NULL) {
        assert_true(o->n_rules > 0);
        assert_string_equal(o->rules[0], rule);
    }
    if (text != NULL && !str_eq(o->text, str_c(text)))
        fail_msg("got:\n%.*s\nwanted:\n%s", STR_ARG(o->text), text);
}

static void different_words_of_neighbouring_lines_are_put_together(void **state)
{
    struct ladder_out o =
        run_as("a.c", "one(1);\ntwo(2);\n", "one(1);\ntwo(22);\n", "one(11);\ntwo(2);\n");
    (void)state;
    expect(&o, LADDER_DECIDED, NULL, "one(11);\ntwo(22);\n");
    assert_int_equal(o.n_regions, 1);
    assert_int_equal(o.conflict.n, 0);
}

static void the_same_line_is_a_proposal(void **state)
{
    struct ladder_out o = run_as("a.c", "call(alpha, beta, gamma);\n",
                                 "call(alpha, beta, delta);\n", "call(0, beta, gamma);\n");
    (void)state;
    expect(&o, LADDER_PROPOSED, NULL, "call(0, beta, delta);\n");
    assert_true(o.regions[0].shared_line);
    assert_true(str_find(o.conflict, STR("||||||| before the fix\ncall(alpha, beta, gamma);\n")) !=
                STR_NPOS);
}

static void white_space_of_the_release_stays(void **state)
{
    struct ladder_out o =
        run_as("a.c", "void f()\n{\n  g();\n  h();\n}\n", "void f()\n{\n  g(1);\n  h();\n}\n",
               "void f() {\n\tg();\n\th();\n}\n");
    (void)state;
    expect(&o, LADDER_DECIDED, NULL, "void f() {\n\tg(1);\n\th();\n}\n");
}

static void what_the_release_has_is_same(void **state)
{
    struct ladder_out o = run_as("a.c", "a();\n", "b();\n", "b ();\n");
    (void)state;
    expect(&o, LADDER_SAME, "same", "b ();\n");
}

static void an_addition_beside_absent_text_keeps_its_anchor(void **state)
{
    struct ladder_out o = run_as("a.c", "one();\ntwo();\nthree();\n",
                                 "one();\ncheck();\ntwo();\nthree();\n", "one();\nthree();\n");
    (void)state;
    expect(&o, LADDER_DECIDED, "adj-del", "one();\ncheck();\nthree();\n");
}

static void what_does_not_fit_stays_open(void **state)
{
    struct ladder_out o =
        run_as("a.c", "x = alpha;\n", "x = beta;\n", "x = gamma(1, 2, 3) + delta;\n");
    (void)state;
    expect(&o, LADDER_OPEN, NULL, "x = gamma(1, 2, 3) + delta;\n");
    assert_true(o.n_alternatives > 0);
    assert_true(str_find(o.conflict, STR("<<<<<<< release\n")) != STR_NPOS);
}

static void tests_and_documents_stay_behind(void **state)
{
    struct ladder_out o =
        run_as("tests/a.c", "x = alpha;\n", "x = beta;\n", "x = gamma(1, 2, 3) + delta;\n");
    (void)state;
    expect(&o, LADDER_DECIDED, "test-drop", "x = gamma(1, 2, 3) + delta;\n");
    assert_true(o.left_out);
    assert_true(ladder_absent(CLASS_TEST).left_out);
    assert_int_equal(ladder_absent(CLASS_CODE).state, LADDER_OPEN);
}

static void what_hosts_run_stays_behind_where_its_place_is_missing(void **state)
{
    const char *path = ".github/workflows/a.yml";
    struct ladder_out o = run_as(path, "a: 1\nb: 2\nc: 3\nd: 4\nlast: 9\n",
                                 "a: 1\nb: 2\nc: 33\nd: 4\nlast: 10\n", "a: 1\nlast: 9\n");
    (void)state;
    expect(&o, LADDER_DECIDED, "ci-drop", "a: 1\nlast: 10\n");
    assert_true(o.left_out);
    o = run_as(path, "a: 1\n", "a: 2\n", "a: 3\n"); /* both raise it: for a person */
    expect(&o, LADDER_OPEN, NULL, "a: 3\n");
    o = run_as(path, "a: 1\nb: 2\n", "a: 1\nb: 3\n", "a: 0\nb: 2\n");
    expect(&o, LADDER_DECIDED, "merged-ci", "a: 0\nb: 3\n");
    assert_true(ladder_absent(CLASS_CI).left_out);
}

static void names_of_the_release_stand_for_those_of_the_fix(void **state)
{
    struct ladder_out o =
        run_as("a.c", "x = old(a, b);\ny = old(c);\n", "x = old(a, b + 1);\ny = old(c);\n",
               "x = fresh(a, b);\ny = fresh(c);\n");
    (void)state;
    expect(&o, LADDER_DECIDED, "rename", "x = fresh(a, b + 1);\ny = fresh(c);\n");
    /* In what the fix brings, too. */
    o = run_as("a.c", "if (cpu.family < 7)\n", "if (cpu.family < 7 || cpu.family > 9)\n",
               "if (cpu.model < 7)\n");
    expect(&o, LADDER_DECIDED, "rename", "if (cpu.model < 7 || cpu.model > 9)\n");
    assert_int_equal(o.n_names, 1);
    assert_true(str_eq(o.names[0].from, STR("family")) && str_eq(o.names[0].to, STR("model")));
    /* A word that the release has otherwise, inside of what the fix takes away. */
    o = run_as("a.c", "keep(1);\nold(a);\nlast(2);\n", "keep(1);\nlast(2);\n",
               "keep(1);\nfresh(a);\nlast(2);\n");
    expect(&o, LADDER_DECIDED, "rename", "keep(1);\nlast(2);\n");
}

static void a_name_that_is_taken_is_none_for_another(void **state)
{
    /* Before the fix there was one of the new name, of the fix's or of another meaning. */
    struct ladder_out o =
        run_as("a.c", "x = old(fresh, b);\n", "x = old(fresh, b + 1);\n", "x = fresh(fresh, b);\n");
    (void)state;
    expect(&o, LADDER_PROPOSED, "same-line+tok", "x = fresh(fresh, b + 1);\n");
    o = run_as("a.c", "x = old(a, b);\n", "x = old(a, fresh);\n", "x = fresh(a, b);\n");
    expect(&o, LADDER_PROPOSED, "same-line+tok", "x = fresh(a, fresh);\n");
    /* Both have another name for it. */
    o = run_as("a.c", "x = one;\n", "x = two;\n", "x = three;\n");
    expect(&o, LADDER_OPEN, NULL, "x = three;\n");
    /* Two names become one, one becomes two, or the old one is still there. */
    o = run_as("a.c", "f(one, two, b);\n", "f(one, two, c);\n", "f(same, same, b);\n");
    expect(&o, LADDER_PROPOSED, "same-line+tok", NULL);
    o = run_as("a.c", "f(one, g, one, b);\n", "f(one, g, one, c);\n", "f(two, g, three, b);\n");
    expect(&o, LADDER_PROPOSED, "same-line+tok", NULL);
    o = run_as("a.c", "f(one, b), g(one);\n", "f(one, c), g(one);\n", "f(two, b), g(one);\n");
    expect(&o, LADDER_PROPOSED, "same-line+tok", NULL);
}

static void names_of_a_whole_file_are_told(void **state)
{
    struct ladder_out o = run_as("a.c", "a = get_16(p);\nb = 1;\nc = 1;\nd = 1;\n",
                                 "a = get_16(p);\nb = 1;\nc = 2;\ne = get_16(q);\nd = 1;\n",
                                 "a = EXTRACT(p);\nb = 1;\nc = 1;\nd = 3;\n");
    (void)state;
    assert_true(o.renamed);
    assert_true(str_eq(o.text, STR("a = EXTRACT(p);\nb = 1;\nc = 2;\ne = EXTRACT(q);\nd = 3;\n")));
    /* The release has the name, too, or has several for it. */
    o = run_as("a.c", "a = get_16(p);\nb = 1;\nc = 1;\n",
               "a = get_16(p);\nb = 1;\nc = get_16(q);\n",
               "a = EXTRACT(p);\nb = 1;\nc = 1;\nd = get_16(z);\n");
    assert_false(o.renamed);
    o = run_as("a.c", "a = get_16(p);\nb = get_16(p);\nd = 1;\n",
               "a = get_16(p);\nb = get_16(p);\nd = get_16(q);\n",
               "a = ONE(p);\nb = TWO(p);\nd = 1;\n");
    assert_false(o.renamed);
}

static void a_quarrel_about_a_comment_is_none(void **state)
{
    struct ladder_out o =
        run_as("a.c", "/*\n * (C) 2020\n */\nint a;\n", "/*\n * (C) 2022\n */\nint b;\n",
               "/*\n * (C) 2019\n */\nint a;\n");
    (void)state;
    expect(&o, LADDER_DECIDED, "comment", "/*\n * (C) 2022\n */\nint b;\n");
    o = run_as("a.py", "# one\nf(a)\n", "# two\nf(b)\n", "# three\nf(a)\n");
    expect(&o, LADDER_DECIDED, "comment", "# two\nf(b)\n");
    /* A line that one side changes beside its comment. */
    o = run_as("a.c", "f(a); /* old */\n", "f(b); /* old */\n", "f(a); /* new */\n");
    expect(&o, LADDER_DECIDED, "tok", "f(b); /* new */\n");
    /* A string is none, nor is one that a compiler or a build reads. */
    o = run_as("a.c", "f(\"/* a */\");\n", "f(\"/* b */\");\n", "f(\"/* c */\");\n");
    expect(&o, LADDER_OPEN, NULL, NULL);
    o = run_as("a.go", "//go:build a\n", "//go:build b\n", "//go:build c\n");
    expect(&o, LADDER_OPEN, NULL, NULL);
    /* Nobody knows what is one. */
    o = run_as("a.odd", "# one\n", "# two\n", "# three\n");
    expect(&o, LADDER_OPEN, NULL, NULL);
}

static void what_comes_on_a_line_stays_on_it(void **state)
{
    struct ladder_out o =
        run_as("Makefile", "OBJ=a.o b.o\nall:\n", "OBJ=a.o b.o c.o\nall:\n", "OBJ=a.o\nall:\n");
    (void)state;
    assert_true(str_eq(o.text, STR("OBJ=a.o c.o\nall:\n")));
    /* But not behind a comment. */
    o = run_as("a.c", "f(a, /* b */ c);\n", "f(a, /* b */ c, d);\n", "f(a, // b\n  e);\n");
    assert_true(str_find(o.text, STR("// b\n")) != STR_NPOS);
}

static void first_lines_of_a_place_keep_their_blanks(void **state)
{
    struct ladder_out o = run_as("a.c", "{\n    a();\n}\n", "{\n    b();\n    a();\n}\n",
                                 "{\n    c();\n    a();\n}\n");
    (void)state;
    expect(&o, LADDER_PROPOSED, "ins-ins", "{\n    b();\n    c();\n    a();\n}\n");
}

static void text_goes_beside_what_the_release_adds(void **state)
{
    struct ladder_out o = run_as("a.c", "one();\ntwo();\nthree();\n", "one();\nthree();\n",
                                 "one();\ntwo();\nmore();\nthree();\n");
    (void)state;
    expect(&o, LADDER_DECIDED, "del-ins", "one();\nmore();\nthree();\n");
}

static void line_ends_are_those_of_the_release(void **state)
{
    struct ladder_out o =
        run_as("a.c", "one();\ntwo();\nlast();\n", "one();\ncheck();\ntwo();\nlast();\nmore();\n",
               "one();\r\nlast();\r\n");
    (void)state;
    expect(&o, LADDER_DECIDED, NULL, "one();\r\ncheck();\r\nlast();\r\nmore();\r\n");
}

static bool has(const char *base, const char *fix, const char *release)
{
    struct ladder_ask ask = {
        .lang = LANG_C, .base = str_c(base), .fix = str_c(fix), .release = str_c(release)};
    struct err e = ERR_INIT;
    bool already = false;
    assert_int_equal(ladder_empty(&ask, arena, &already, &e), RC_OK);
    return already;
}

static void a_release_that_has_the_change_is_told_from_one_that_has_not(void **state)
{
    const char *base = "int f(int n)\n{\n    g(n);\n    h(n);\n}\n";
    const char *fix =
        "int f(int n)\n{\n    if (n > MAX)\n        return -1;\n    g(n);\n    h(n);\n}\n";
    (void)state;
    assert_true(has(base, fix, fix));
    assert_false(has(base, fix, base));
    assert_true(
        has(base, fix, "long f(int n) {\n\tif (n > MAX) return -1;\n\tgg(n);\n\tlater(n);\n}\n"));
    assert_false(has(base, fix, "long f(int n) {\n\tgg(n);\n\tlater(n);\n}\n"));
    /* Taken away: gone or still there. */
    assert_true(has(fix, base, base));
    assert_false(has(fix, base, fix));
    /* Moved. */
    assert_false(has("a(1);\nb(2);\nc(3);\n", "b(2);\nc(3);\na(1);\n", "a(1);\nb(2);\nc(3);\n"));
    assert_true(
        has("a(1);\nb(2);\nc(3);\n", "b(2);\nc(3);\na(1);\n", "b(2);\nx(9);\nc(3);\na(1);\n"));
    assert_false(has(base, base, base));
    assert_false(has("a;\n", "a ;\n", "a ;\n"));
}

static void a_place_that_is_too_large_is_open_and_not_there(void **state)
{
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    AUTO(buf) struct buf f = BUF_INIT(1 << 20);
    AUTO(buf) struct buf r = BUF_INIT(1 << 20);
    (void)state;
    for (uint32_t i = 0; i <= LADDER_TOKENS_MAX; i++) {
        buf_adds(&b, "a ");
        buf_adds(&f, "b ");
        buf_adds(&r, "c ");
    }
    struct ladder_out o = run_as("a.c", buf_c(&b), buf_c(&f), buf_c(&r));
    assert_int_equal(o.state, LADDER_OPEN);
    assert_true(str_eq(o.text, buf_str(&r)));
    assert_false(has(buf_c(&b), buf_c(&f), buf_c(&r)));
}

static void hostile_texts_are_refused_or_read(void **state)
{
    struct ladder_ask ask = {.path = STR("a.c"), .lang = LANG_C, .release = STR("a\0b\n")};
    struct ladder_out out;
    struct err e = ERR_INIT;
    bool already = true;
    (void)state;
    assert_int_equal(ladder_run(&ask, arena, &out, &e), RC_INVALID);
    ask.release = STR("");
    assert_int_equal(ladder_run(&ask, arena, &out, &e), RC_OK);
    assert_int_equal(out.state, LADDER_SAME);
    assert_int_equal(ladder_empty(&ask, arena, &already, &e), RC_OK);
    assert_false(already);
    struct ladder_out o = run_as("a.c", "a", "b", "c");
    assert_true(o.conflict.n > 0);
    o = run_as("a.c", "", "fix\n", "release\n");
    assert_int_equal(o.state, LADDER_PROPOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(different_words_of_neighbouring_lines_are_put_together),
        cmocka_unit_test(the_same_line_is_a_proposal),
        cmocka_unit_test(white_space_of_the_release_stays),
        cmocka_unit_test(what_the_release_has_is_same),
        cmocka_unit_test(an_addition_beside_absent_text_keeps_its_anchor),
        cmocka_unit_test(what_does_not_fit_stays_open),
        cmocka_unit_test(tests_and_documents_stay_behind),
        cmocka_unit_test(what_hosts_run_stays_behind_where_its_place_is_missing),
        cmocka_unit_test(names_of_the_release_stand_for_those_of_the_fix),
        cmocka_unit_test(a_name_that_is_taken_is_none_for_another),
        cmocka_unit_test(names_of_a_whole_file_are_told),
        cmocka_unit_test(a_quarrel_about_a_comment_is_none),
        cmocka_unit_test(what_comes_on_a_line_stays_on_it),
        cmocka_unit_test(first_lines_of_a_place_keep_their_blanks),
        cmocka_unit_test(text_goes_beside_what_the_release_adds),
        cmocka_unit_test(line_ends_are_those_of_the_release),
        cmocka_unit_test(a_release_that_has_the_change_is_told_from_one_that_has_not),
        cmocka_unit_test(a_place_that_is_too_large_is_open_and_not_there),
        cmocka_unit_test(hostile_texts_are_refused_or_read),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
