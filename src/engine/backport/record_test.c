/* SPDX-License-Identifier: Apache-2.0 */
/* An answer about backports read back: what is taken, what is refused, what is too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/backport/record.h"

static const char whole[] =
    "{\"fix\":[{\"commit\":\"77aa\",\"subject\":\"bound the copy\",\"author\":\"A Dev\","
    "\"date\":\"2026-03-01T12:00:00+01:00\"}],"
    "\"lines\":[{\"onto\":\"stable-2\",\"commit\":\"2222\",\"source\":\"fix\","
    "\"verdict\":\"resolved\",\"why\":\"two places were merged\",\"tree\":\"aa22\","
    "\"made\":\"bb22\",\"rules\":[\"tok\",\"adj-both\"],"
    "\"obligations\":[{\"id\":\"O1\",\"result\":\"pass\",\"detail\":\"\"},"
    "{\"id\":\"O2\",\"result\":\"fail\",\"path\":\"src/a.c\",\"line\":12,\"detail\":\"no "
    "try_alloc\"}],"
    "\"demoted\":[\"O2\"],\"left_out\":[{\"path\":\"CHANGES\",\"class\":\"doc\"}],"
    "\"candidates\":[{\"tree\":\"cc22\",\"source\":\"fix\",\"rules\":[\"ins-ins\"],"
    "\"why\":\"the other order\"}],"
    "\"files\":[{\"path\":\"src/a.c\",\"fix_path\":\"lib/"
    "a.c\",\"class\":\"code\",\"how\":\"ladder\","
    "\"state\":\"decided\",\"rules\":[\"tok\"],\"regions\":[{\"rule\":\"tok\",\"state\":"
    "\"decided\","
    "\"base\":[10,2],\"fix\":[10,3],\"release\":[8,0],\"made\":[8,1],\"why\":\"disjoint\"}],"
    "\"conflict\":\"<<<<<<< release\\n\"}],"
    "\"prerequisites\":[{\"commit\":\"dd\",\"subject\":\"add try_alloc\",\"path\":\"src/m.c\","
    "\"lines\":4}],"
    "\"histories\":[{\"path\":\"src/a.c\",\"side\":\"release\",\"commit\":\"ee\",\"subject\":\"s\","
    "\"date\":\"2025-01-01T00:00:00Z\"}],"
    "\"diff\":\"--- a/src/a.c\\n\",\"patch\":\"From "
    "bb22\\n\\f\\n\",\"message\":\"bound\\n\\nit\\n\","
    "\"tests\":\"not-run\",\"ms\":7},"
    "{\"onto\":\"stable-1\",\"commit\":\"1111\",\"source\":\"stable-2\",\"verdict\":\"already\","
    "\"why\":\"a commit says "
    "so\",\"tree\":\"aa11\",\"rules\":[],\"obligations\":[],\"left_out\":[],"
    "\"candidates\":[],\"already\":{\"rule\":\"trailer\",\"commit\":\"0101\"},\"ms\":1}],"
    "\"notes\":[\"a note\"]}";

static enum rc take(const char *text, size_t n, struct arena *a, json_t **ret_j,
                    struct port_record *ret)
{
    struct err e = ERR_INIT;
    *ret_j = json_loadb(text, n, 0, NULL);
    return *ret_j ? port_record_read(*ret_j, a, ret, &e) : RC_INVALID;
}

static void test_everything_is_read(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(PORT_ARENA);
    AUTO(json) json_t *j = NULL;
    struct port_record r;
    assert_int_equal(take(whole, strlen(whole), a, &j, &r), RC_OK);
    assert_true(r.n_fix == 1 && r.fix[0].at_us == INT64_C(1772362800000000));
    assert_true(r.n_lines == 2 && r.n_notes == 1);
    const struct port_line *p = &r.lines[0];
    assert_true(p->verdict == PORT_RESOLVED && p->n_rules == 2 && p->n_demoted == 1);
    assert_true(p->n_duties == 2 && p->duties[1].result == PORT_FAIL && p->duties[1].line == 12);
    assert_true(p->n_left == 1 && str_eq(p->left[0].class, STR("doc")));
    assert_true(p->n_candidates == 1 && p->candidates[0].n_rules == 1);
    const struct port_file *f = &p->files[0];
    assert_true(p->n_files == 1 && f->state == PORT_DECIDED && f->n_regions == 1);
    assert_true(f->regions[0].release.at == 8 && f->regions[0].release.n == 0);
    assert_true(str_eq(f->fix_path, STR("lib/a.c")) && str_starts(f->conflict, STR("<<<<<<<")));
    assert_true(p->n_needs == 1 && p->needs[0].lines == 4 && p->n_past == 1 && p->ms == 7);
    assert_true(str_find(p->patch, STR("\f")) != STR_NPOS); /* a tool's, not a page's */
    p = &r.lines[1];
    assert_true(p->verdict == PORT_ALREADY && str_eq(p->already_rule, STR("trailer")));
    assert_true(str_eq(p->source, STR("stable-2")) && p->patch.n == 0);
}

static void test_a_part_is_read_alone(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(PORT_ARENA);
    AUTO(json) json_t *j = json_loads(whole, 0, NULL);
    struct err e = ERR_INIT;
    struct port_line p;
    struct port_record head;
    json_t *second = json_array_get(json_object_get(j, "lines"), 1);
    assert_int_equal(port_line_read(second, a, &p, &e), RC_OK);
    assert_string_equal(p.onto.p, "stable-1");
    assert_int_equal(port_head_read(j, a, &head, &e), RC_OK);
    assert_true(head.n_fix == 1 && head.n_lines == 0 && head.n_notes == 1);
    assert_int_equal(port_line_read(json_null(), a, &p, &e), RC_INVALID);
}

/* One value of the whole is another one. */
static enum rc with(const char *from, const char *to)
{
    AUTO(arena) struct arena *a = arena_new(PORT_ARENA);
    AUTO(json) json_t *j = NULL;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    struct port_record r;
    const char *at = strstr(whole, from);
    assert_non_null(at);
    buf_add(&b, str_of(whole, (size_t)(at - whole)));
    buf_adds(&b, to);
    buf_adds(&b, at + strlen(from));
    return take(buf_c(&b), b.n, a, &j, &r);
}

static void test_what_is_not_understood_is_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"\"verdict\":\"resolved\"", "\"verdict\":\"fine\""},
        {"\"verdict\":\"resolved\",", ""},
        {"\"tree\":\"aa22\",", ""},
        {"\"tree\":\"aa22\"", "\"tree\":\"../x\""},
        {"\"made\":\"bb22\"", "\"made\":\"BB22\""},
        {"\"onto\":\"stable-2\"", "\"onto\":\"\""},
        {"\"onto\":\"stable-2\"", "\"onto\":\"stable\\n2\""},
        {"\"onto\":\"stable-2\"", "\"onto\":\"stable-1\""}, /* twice */
        {"\"why\":\"two", "\"why\":\"\\u0007two"},
        {"\"result\":\"pass\"", "\"result\":\"maybe\""},
        {"\"class\":\"doc\"", "\"class\":\"song\""},
        {"\"how\":\"ladder\"", "\"how\":\"magic\""},
        {"\"state\":\"decided\"", "\"state\":\"sure\""},
        {"\"base\":[10,2]", "\"base\":[10]"},
        {"\"base\":[10,2]", "\"base\":[-1,2]"},
        {"\"base\":[10,2]", "\"base\":[1.5,2]"},
        {"\"side\":\"release\"", "\"side\":\"left\""},
        {"\"lines\":4", "\"lines\":\"4\""},
        {"\"date\":\"2025-01-01T00:00:00Z\"", "\"date\":\"yesterday\""},
        {"\"rules\":[\"tok\",\"adj-both\"]", "\"rules\":[\"tok\",\"\"]"},
        {"\"rules\":[\"tok\",\"adj-both\"]", "\"rules\":\"tok\""},
        {"\"tree\":\"cc22\",", ""},
        {"\"diff\":\"---", "\"diff\":\"\\u001b[31m---"},
        {"\"notes\":[\"a note\"]", "\"notes\":[\"a\\nnote\"]"},
        {"\"commit\":\"77aa\",", ""},
        {"\"ms\":7", "\"ms\":-7"},
        {"{\"fix\":", "[{\"fix\":"},
    };
    assert_int_equal(with("\"a note\"", "\"another note\""), RC_OK);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (with(bad[i][0], bad[i][1]) != RC_INVALID)
            fail_msg("taken: %s", bad[i][1]);
}

static void test_what_is_too_much_is_refused(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(PORT_ARENA);
    AUTO(arena) struct arena *small = arena_new(64);
    AUTO(json) json_t *j = json_loads(whole, 0, NULL);
    struct err e = ERR_INIT;
    struct port_record r;
    json_t *lines = json_object_get(j, "lines");
    assert_int_equal(port_record_read(j, small, &r, &e), RC_LIMIT);
    for (int i = 0; json_array_size(lines) <= PORT_LINES_MAX; i++) {
        json_t *o = json_deep_copy(json_array_get(lines, 0));
        char onto[32];
        snprintf(onto, sizeof onto, "line-%d", i);
        json_object_set_new(o, "onto", json_string(onto));
        json_array_append_new(lines, o);
    }
    assert_int_equal(port_record_read(j, a, &r, &e), RC_INVALID);
    json_array_remove(lines, 0);
    assert_int_equal(port_record_read(j, a, &r, &e), RC_OK);
}

static void test_names_have_words(void **state)
{
    (void)state;
    enum port_verdict v;
    for (int i = 0; i < PORT_VERDICTS; i++) {
        assert_true(port_verdict_parse(str_c(port_verdict_name((enum port_verdict)i)), &v));
        assert_int_equal(v, i);
        assert_true(str_c(port_verdict_words(v)).n > 3);
    }
    assert_false(port_verdict_parse(STR("Clean"), &v));
    assert_true(str_eq(port_rule_words(STR("not-a-rule")), STR("not-a-rule")));
    static const char *const known[] = {"ins-mod", "overlap", "part-absent", "edited", "patch-id"};
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        assert_false(str_eq(port_rule_words(str_c(known[i])), str_c(known[i])));
    assert_true(port_rule_words(STR("tok")).n > 10 && port_duty_words(STR("O7")).n > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_is_read),
        cmocka_unit_test(test_a_part_is_read_alone),
        cmocka_unit_test(test_what_is_not_understood_is_refused),
        cmocka_unit_test(test_what_is_too_much_is_refused),
        cmocka_unit_test(test_names_have_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
