/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The picture of the lines: well-formed and small whatever it is given, each state with a shape and
 * a word of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/backport/map.h"
#include "engine/svg_testing.h"

static void draw(const struct bp_map *p, const char *link, bool standalone, struct buf *b)
{
    struct err e = ERR_INIT;
    struct bp_map_options o = {.standalone = standalone, .link = link};
    enum rc rc = bp_map_draw(p, &o, b, &e);
    if (rc != RC_OK)
        fail_msg("%s", e.msg);
    svg_assert_well_formed(buf_str(b));
    assert_int_equal(svg_count(buf_str(b), "<script"), 0);
}

static void assert_has(struct buf *b, const char *what)
{
    if (str_find(buf_str(b), str_c(what)) == STR_NPOS)
        fail_msg("not in the picture: %s", what);
}

static void test_what_a_person_put_there_is_no_pick(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(BP_MAP_MAX);
    const struct bp_map_line lines[] = {
        {STR("3.2"), STR("fix"), STR("edited"), STR("edited"), STR("pass"), STR_NONE, true},
        {STR("3.1"), STR("fix"), STR("chosen"), STR("accepted"), STR("pass"), STR_NONE, true}};
    const struct bp_map p = {STR("0a1b2c3d4e5f"), STR("parse: check"), lines, ARRAY_LEN(lines)};
    draw(&p, NULL, false, &b);
    assert_has(&b, "\"3.2: made by a person; decision: edited; tests: pass; ready\"");
    assert_has(&b, "\"3.1: candidate chosen; decision: accepted; tests: pass; ready\"");
}

static void test_every_state_has_its_shape_and_word(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(BP_MAP_MAX);
    const struct bp_map_line lines[] = {
        {STR("3.2"), STR("fix"), STR("clean"), STR("accepted"), STR("pass"), STR_NONE, true},
        {STR("3.1"), STR("fix"), STR("resolved"), STR_NONE, STR_NONE, STR("to accept"), false},
        {STR("3.0"), STR("3.1"), STR("proposed"), STR("edited"), STR("untested"), STR("untested"),
         false},
        {STR("2.9"), STR("3.0"), STR("needs-person"), STR_NONE, STR("not-run"),
         STR("needs a person"), false},
        {STR("2.8"), STR("fix"), STR("already"), STR_NONE, STR_NONE, STR_NONE, true},
        {STR("2.7"), STR("fix"), STR("not-affected"), STR_NONE, STR_NONE, STR_NONE, true},
        {STR("2.6"), STR("fix"), STR("needs-person"), STR("waived"), STR_NONE, STR_NONE, true},
        {STR("2.5"), STR("fix"), STR("clean"), STR("accepted"), STR("fail"), STR("tests fail"),
         false},
        {STR("2.4"), STR_NONE, STR_NONE, STR_NONE, STR_NONE, STR_NONE, false},
    };
    struct bp_map p = {STR("0a1b2c3d4e5f"), STR("parse: check the length"), lines,
                       ARRAY_LEN(lines)};
    draw(&p, "#line-", false, &b);
    assert_has(&b, "aria-label=\"The fix on the maintained lines: 4 of 9 ready\"");
    assert_int_equal(svg_count(buf_str(&b), "<a class=\"map-o\" href=\"#line-"), 9);
    assert_has(&b, ">3.2</text>");
    assert_has(&b, ">applies cleanly</text>");
    assert_has(&b, ">from 3.1</text>");
    assert_int_equal(svg_count(buf_str(&b), "aria-label"), 1);
    assert_has(&b, ">0a1b2c3d4e5f: parse: check the length</text>");
    /* Full diamonds: two that need a person, failed tests, and four that are blocked. */
    assert_int_equal(svg_count(buf_str(&b), "class=\"map-a\""), 2 + 1 + 4);
    /* A way from the fix, or from a line. */
    assert_int_equal(svg_count(buf_str(&b), "class=\"map-v\""), 6);
    assert_int_equal(svg_count(buf_str(&b), "class=\"map-v map-b\""), 2);
    assert_int_equal(svg_count(buf_str(&b), "<style>"), 0);
    /* Without links a row is a picture with words of its own. */
    buf_reset(&b);
    draw(&p, NULL, false, &b);
    assert_has(&b, "aria-label=\"3.2: applies cleanly; decision: accepted; tests: pass; ready\"");
    assert_has(&b, "\"3.0: proposed, to be looked at, picked from 3.1; decision: edited; tests: "
                   "untested; not ready: "
                   "untested\"");
    assert_has(&b, "\"2.8: has it already; decision: not needed; tests: not needed; ready\"");
    assert_has(&b, "\"2.6: needs a person; decision: waived; tests: not needed; ready\"");
    assert_has(&b, "\"2.4: under way; decision: not decided; tests: not run; not ready\"");
}

static void test_a_file_of_its_own(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(BP_MAP_MAX);
    const struct bp_map_line line = {STR("1.0"), STR("fix"), STR("clean"), STR_NONE,
                                     STR_NONE,   STR_NONE,   false};
    struct bp_map p = {STR("0a1b"), STR_NONE, &line, 1};
    draw(&p, NULL, true, &b);
    assert_int_equal(svg_count(buf_str(&b), "<style>"), 1);
    assert_int_equal(svg_count(buf_str(&b), "href"), 0);
    assert_int_equal(svg_count(buf_str(&b), "url("), 0);
    assert_has(&b, "0 of 1 ready");
}

static void test_hostile_names(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(BP_MAP_MAX);
    const struct bp_map_line lines[] = {
        {STR("\"><script>alert(1)</script>"), STR("<b>"), STR("<i>odd</i>"), STR("'\""), STR("<u>"),
         STR("<script>"), false},
        {STR("v1\xe2\x80\xae"
             "2\xff\x01"),
         STR("\"><script>alert(1)</script>"), STR("clean"), STR_NONE, STR_NONE, STR_NONE, false},
        {STR_NONE, STR_NONE, STR_NONE, STR_NONE, STR_NONE, STR_NONE, false},
    };
    struct bp_map p = {STR("</svg>"), STR("</text><script>"), lines, ARRAY_LEN(lines)};
    draw(&p, "#line-", true, &b);
    assert_int_equal(svg_count(buf_str(&b), "<b>"), 0);
    assert_int_equal(svg_count(buf_str(&b), "<i>"), 0);
    assert_int_equal(svg_count(buf_str(&b), "\xe2\x80\xae"), 0);
    assert_has(&b, "v1[U+202E]2");
}

static void test_many_lines_are_counted(void **state)
{
    (void)state;
    static struct bp_map_line lines[3000];
    AUTO(buf) struct buf b = BUF_INIT(BP_MAP_MAX);
    char longest[2000];
    memset(longest, '<', sizeof longest);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        lines[i] = (struct bp_map_line){
            {longest, sizeof longest}, STR("fix"), {longest, sizeof longest}, STR_NONE, STR_NONE,
            {longest, sizeof longest}, i % 2 == 0};
    struct bp_map p = {{longest, sizeof longest}, {longest, sizeof longest}, lines, 3000};
    draw(&p, "#line-", false, &b);
    assert_int_equal(svg_count(buf_str(&b), "<a class=\"map-o\""), BP_MAP_LINES);
    assert_has(&b, ">2960 more lines, 1480 ready</text>");
    assert_has(&b, "1500 of 3000 ready");
    buf_reset(&b);
    p.n_lines = BP_MAP_LINES + 1;
    draw(&p, "#line-", false, &b);
    assert_has(&b, ">1 more line, 1 ready</text>");
    buf_reset(&b);
    p.n_lines = 0;
    draw(&p, "#line-", false, &b);
    assert_has(&b, "0 of 0 ready");
}

/* An older line can be the source of a newer one, and sources may go round in a ring. */
static void test_sources_in_any_direction(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(BP_MAP_MAX);
    const struct bp_map_line lines[] = {
        {STR("a"), STR("b"), STR("clean"), STR_NONE, STR_NONE, STR_NONE, false},
        {STR("b"), STR("a"), STR("clean"), STR_NONE, STR_NONE, STR_NONE, false},
        {STR("c"), STR("c"), STR("clean"), STR_NONE, STR_NONE, STR_NONE, false},
    };
    struct bp_map p = {STR("0a1b"), STR_NONE, lines, ARRAY_LEN(lines)};
    draw(&p, NULL, false, &b);
    assert_int_equal(svg_count(buf_str(&b), "class=\"map-v map-b\""), 2);
    assert_int_equal(svg_count(buf_str(&b), "class=\"map-v\""), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_person_put_there_is_no_pick),
        cmocka_unit_test(test_every_state_has_its_shape_and_word),
        cmocka_unit_test(test_a_file_of_its_own),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_many_lines_are_counted),
        cmocka_unit_test(test_sources_in_any_direction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
