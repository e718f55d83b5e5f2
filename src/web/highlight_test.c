/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code as runs: colours, marks, and what a hostile file may try.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/buf.h"
#include "web/highlight.h"

#define OUT_MAX (1 << 20)

/* A line as "look:text|*look:text", * where it is marked. */
static void show(const struct code_line_view *v, struct buf *b)
{
    buf_reset(b);
    for (size_t i = 0; i < v->n_runs; i++)
        buf_addf(b, "%s%s%s:%.*s", i ? "|" : "", v->runs[i].mark ? "*" : "", v->runs[i].look,
                 STR_ARG(v->runs[i].text));
}

struct lines {
    struct arena *a;
    struct code_line_view *v;
    size_t n;
    struct buf b;
};

static struct lines of(enum lang lang, const struct code_in *in, size_t n)
{
    struct lines l = {.a = arena_new(32 << 20), .b = BUF_INIT(OUT_MAX)};
    highlight(l.a, lang, in, n, &l.v, &l.n);
    return l;
}

static void done(struct lines *l)
{
    buf_release(&l->b);
    arena_free(l->a);
}

static void is_line(struct lines *l, size_t i, const char *want)
{
    assert_true(i < l->n);
    show(&l->v[i], &l->b);
    assert_string_equal(buf_c(&l->b), want);
}

#define LINE(s, t)                                                                                 \
    {                                                                                              \
        .no = 1, .side = (s), .sign = "", .how = "", .text = { "" t, sizeof(t) - 1 }               \
    }

static void words_have_their_colours_and_marks(void **state)
{
    (void)state;
    static const struct str words[] = {{"escape", 6}, {"n", 1}, {"", 0}};
    struct code_in in[] = {LINE(' ', "    return escape(n, 12); /* not n"),
                           LINE(' ', "      escaped n */ \"n\";")};
    in[0].marks = in[1].marks = words;
    in[0].n_marks = in[1].n_marks = 3;
    struct lines l = of(LANG_C, in, 2);
    is_line(&l, 0, "k:return|: |*:escape|:(|*:n|:, |n:12|:); |c:/* not |*c:n");
    is_line(&l, 1, "c:  escaped |*c:n|c: */|: |s:\"|*s:n|s:\"|:;");
    done(&l);
}

static void what_was_before_does_not_run_on_into_what_came_after(void **state)
{
    (void)state;
    struct code_in in[] = {LINE(' ', "a = 1;"), LINE('-', "b = \"open"), LINE('+', "b = 2;"),
                           LINE(' ', "c = 3;")};
    struct lines l = of(LANG_PYTHON, in, 4);
    is_line(&l, 2, ":b = |n:2|:;");
    done(&l);
    struct code_in c[] = {LINE(' ', "a();"), LINE('-', "/* open"), LINE('+', "b();"),
                          LINE(' ', "c(); */")};
    l = of(LANG_C, c, 4);
    is_line(&l, 1, "c:/* open");
    is_line(&l, 2, ":b();");
    is_line(&l, 3, "c:c(); */");
    done(&l);
}

static void a_piece_of_php_is_code_without_its_opening_tag(void **state)
{
    (void)state;
    struct code_in code[] = {LINE(' ', "$a = 'x'; // c")};
    struct code_in page[] = {LINE(' ', "<td title='x'><?= $a ?></td>")};
    struct lines l = of(LANG_PHP, code, 1);
    is_line(&l, 0, ":$a = |s:'x'|:; |c:// c");
    done(&l);
    l = of(LANG_PHP, page, 1);
    assert_int_equal(l.n, 1);
    done(&l);
}

/* Whatever is in the text comes out as it is, cut only where it is too long. */
static void nothing_is_lost_and_nothing_is_made(void **state)
{
    (void)state;
    static const char *const texts[] = {"</pre><script>alert(1)</script>",
                                        "\"<img src=x onerror=alert(1)>",
                                        "/* \xe2\x80\xae */ x",
                                        "\xff\xfe\x80 broken \xc3",
                                        "'''",
                                        "<?php ?> <?= \"",
                                        "",
                                        "\t\t",
                                        "\xf0\x9f\x90\xb3\xcc\x81"};
    struct buf want = BUF_INIT(OUT_MAX);
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        struct code_in in[ARRAY_LEN(texts)];
        for (size_t i = 0; i < ARRAY_LEN(texts); i++)
            in[i] = (struct code_in){
                .side = " -+"[i % 3], .sign = "", .how = "", .text = str_c(texts[i])};
        struct lines l = of((enum lang)lang, in, ARRAY_LEN(texts));
        assert_int_equal(l.n, ARRAY_LEN(texts));
        for (size_t i = 0; i < l.n; i++) {
            buf_reset(&want);
            for (size_t r = 0; r < l.v[i].n_runs; r++)
                buf_add(&want, l.v[i].runs[r].text);
            assert_true(str_eq(buf_str(&want), in[i].text));
        }
        done(&l);
    }
    buf_release(&want);
}

static void what_is_too_much_is_cut(void **state)
{
    (void)state;
    static char wide[5000];
    static struct code_in many[CODE_LINES_MAX + 10];
    memset(wide, 'a', sizeof wide);
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = (struct code_in){.side = ' ', .sign = "", .how = "", .text = {wide, i}};
    many[3].text.n = sizeof wide;
    struct lines l = of(LANG_C, many, ARRAY_LEN(many));
    assert_int_equal(l.n, CODE_LINES_MAX);
    assert_int_equal(l.v[3].n_runs, 2);
    assert_int_equal(l.v[3].runs[0].text.n, CODE_LINE_MAX);
    done(&l);
    struct arena *small = arena_new(2000);
    struct code_line_view *v;
    size_t n = 7;
    highlight(small, LANG_C, many, 20, &v, &n);
    assert_int_equal(n, 0);
    arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_have_their_colours_and_marks),
        cmocka_unit_test(what_was_before_does_not_run_on_into_what_came_after),
        cmocka_unit_test(a_piece_of_php_is_code_without_its_opening_tag),
        cmocka_unit_test(nothing_is_lost_and_nothing_is_made),
        cmocka_unit_test(what_is_too_much_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
