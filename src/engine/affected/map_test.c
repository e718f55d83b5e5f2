/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of an answer and its map: what is read back, what is refused, and a picture that is
 * well-formed, small and in order whatever the history looks like.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/when.h"
#include "engine/affected/map.h"
#include "engine/svg_testing.h"

#define HEX "0123456789abcdef0123456789abcdef01234567"

static json_t *answer_new(void)
{
    json_t *j = json_object();
    json_object_set_new(j, "releases", json_array());
    json_object_set_new(j, "lanes", json_array());
    json_object_set_new(j, "fixes", json_array());
    json_object_set_new(j, "introduced", json_array());
    json_object_set_new(j, "reverts", json_array());
    return j;
}

static json_t *member(json_t *j, const char *key)
{
    return json_object_get(j, key);
}

static void add_release(json_t *j, const char *tag, const char *series, const char *status, int day)
{
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "commit", HEX, "series", series, "status",
                  status, "rule", "graph", "why", "holds the fix", "confidence", "exact");
    json_object_set_new(o, "tag", json_stringn(tag, strlen(tag)));
    json_put_time(o, "date", (int64_t)(day + 19000) * 86400 * US_PER_S);
    json_array_append_new(member(j, "releases"), o);
}

static void add_commit(json_t *j, const char *list, int day, const char *of, const char *lane)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "commit", HEX, "subject", "a <change>", "reason",
                          "equal patch", "lane", lane);
    if (of)
        json_object_set_new(o, "of", json_string(of));
    json_put_time(o, "date", (int64_t)(day + 19000) * 86400 * US_PER_S);
    json_array_append_new(member(j, list), o);
}

struct drawn {
    struct arena *a;
    struct record r;
    struct buf b;
};

static void draw(json_t *j, const char *link, bool standalone, struct drawn *d)
{
    struct err e = ERR_INIT;
    struct map_options o = {.standalone = standalone, .link = link};
    d->a = arena_new(REC_ARENA);
    buf_init(&d->b, MAP_MAX);
    assert_int_equal(record_read(j, d->a, &d->r, &e), RC_OK);
    enum rc rc = map_draw(&d->r, &o, d->a, &d->b, &e);
    if (rc != RC_OK)
        fail_msg("%s", e.msg);
    svg_assert_well_formed(buf_str(&d->b));
    assert_int_equal(svg_count(buf_str(&d->b), "<script"), 0);
}

static void drawn_end(struct drawn *d)
{
    buf_release(&d->b);
    arena_free(d->a);
}

/* The number in the first such attribute behind a text. */
static int number_behind(struct str svg, const char *label, const char *attribute)
{
    uint64_t n;
    struct err e = ERR_INIT;
    size_t at = str_find(svg, str_c(label));
    assert_true(at != STR_NPOS);
    struct str rest = str_sub(svg, at, svg.n);
    size_t x = str_find(rest, str_c(attribute)) + strlen(attribute);
    rest = str_sub(rest, x, rest.n);
    assert_int_equal(num_parse(str_sub(rest, 0, str_chr(rest, '"')), 0, 100000, "it", &n, &e),
                     RC_OK);
    return (int)n;
}

static int x_of(struct str svg, const char *label)
{
    return number_behind(svg, label, " x=\"");
}

static void test_a_revert_has_its_mark(void **state)
{
    (void)state;
    AUTO(json) json_t *j = answer_new();
    struct drawn d;
    add_release(j, "1.0", "", "affected", 0);
    add_release(j, "1.1", "", "fixed", 30);
    add_release(j, "1.2", "", "affected", 60);
    add_commit(j, "fixes", 20, NULL, "");
    draw(j, NULL, false, &d);
    assert_int_equal(svg_count(buf_str(&d.b), ">R</text>"), 0);
    drawn_end(&d);
    add_commit(j, "reverts", 50, HEX, "");
    draw(j, NULL, false, &d);
    struct str s = buf_str(&d.b);
    assert_int_equal(svg_count(s, ">R</text>"), 2); /* the legend's too */
    assert_true(str_find(s, STR("fix taken back by 0123456789ab")) != STR_NPOS);
    assert_true(str_find(s, STR("a revert of 0123456789ab")) != STR_NPOS);
    assert_true(x_of(s, "aria-label=\"1.1") < x_of(s, "aria-label=\"fix taken back"));
    assert_true(x_of(s, "aria-label=\"fix taken back") < x_of(s, "aria-label=\"1.2"));
    drawn_end(&d);
}

static void test_a_short_history(void **state)
{
    (void)state;
    AUTO(json) json_t *j = answer_new();
    struct drawn d;
    add_release(j, "2024-07", "", "not_affected", 0);
    add_release(j, "2024-08", "", "affected", 30);
    add_release(j, "2024-09", "", "affected", 60);
    add_release(j, "2025-01", "", "fixed", 90);
    add_release(j, "2025-02", "", "unknown", 120);
    add_commit(j, "introduced", 20, NULL, "");
    add_commit(j, "fixes", 80, NULL, "");
    add_commit(j, "fixes", 85, HEX, "");
    draw(j, "#r-", false, &d);
    struct str s = buf_str(&d.b);
    assert_int_equal(d.r.count[REC_AFFECTED], 2);
    assert_int_equal(svg_count(s, "<a class=\"map-o\" href=\"#r-"), 5);
    assert_int_equal(svg_count(s, "role=\"img\""), 3);
    assert_true(str_find(s, STR("introduced by 0123456789ab, 2022-01-28")) != STR_NPOS);
    assert_true(str_find(s, STR("fix copied as 0123456789ab")) != STR_NPOS);
    assert_true(str_find(s, STR("a &#60;change&#62;")) != STR_NPOS);
    assert_true(str_find(s, STR("2024-08, 2022-02-07: affected. graph: holds the fix. Confidence: "
                                "exact")) != STR_NPOS);
    /* In the order of time: release, introducing commit, release, fix, release. */
    int x[] = {x_of(s, "aria-label=\"2024-07"), x_of(s, "aria-label=\"introduced"),
               x_of(s, "aria-label=\"2024-08"), x_of(s, "aria-label=\"fixed by"),
               x_of(s, "aria-label=\"2025-01")};
    for (size_t i = 1; i < ARRAY_LEN(x); i++)
        assert_true(x[i - 1] < x[i]);
    /* Each has a shape of its own, in the legend too. */
    assert_int_equal(svg_count(s, "class=\"map-a\""), 2 + 1);
    assert_int_equal(svg_count(s, "class=\"map-f\""), 1 + 1);
    assert_int_equal(svg_count(s, "class=\"map-n\""), 1 + 1);
    assert_int_equal(svg_count(s, "class=\"map-u\""), 1 + 1);
    assert_int_equal(svg_count(s, "<style>"), 0);
    drawn_end(&d);
}

static void test_a_file_brings_its_styles_and_links_nowhere(void **state)
{
    (void)state;
    AUTO(json) json_t *j = answer_new();
    struct drawn d;
    add_release(j, "v1", "", "affected", 0);
    draw(j, NULL, true, &d);
    assert_int_equal(svg_count(buf_str(&d.b), "<style>"), 1);
    assert_int_equal(svg_count(buf_str(&d.b), "href"), 0);
    assert_int_equal(svg_count(buf_str(&d.b), "url("), 0);
    drawn_end(&d);
}

static void test_hostile_names(void **state)
{
    (void)state;
    AUTO(json) json_t *j = answer_new();
    struct drawn d;
    char longest[REC_NAME_MAX + 1];
    memset(longest, 'x', REC_NAME_MAX);
    longest[REC_NAME_MAX] = '\0';
    add_release(j, "\"><script>alert(1)</script>", "<b>'", "affected", 0);
    add_release(j,
                "v1\xe2\x80\xae"
                "2",
                "<b>'", "fixed", 1);
    add_release(j, longest, "<b>'", "unknown", 2);
    add_release(j, "\xd7\x90\xd7\x91 1", "<b>'", "not_affected", 3);
    draw(j, "#r-", false, &d);
    struct str s = buf_str(&d.b);
    assert_int_equal(svg_count(s, "<script"), 0);
    assert_int_equal(svg_count(s, "<b>"), 0);
    assert_int_equal(svg_count(s, "\xe2\x80\xae"), 0);
    assert_true(str_find(s, STR("v1[U+202E]2")) != STR_NPOS);
    assert_int_equal(svg_count(s, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
                     0);
    assert_true(str_find(s, STR("\xe2\x81\xa8\xd7\x90")) != STR_NPOS); /* kept apart */
    drawn_end(&d);
}

static const char *const words[] = {"affected", "fixed", "not_affected", "unknown"};

static void check_many(size_t n, size_t lanes, bool alternating)
{
    AUTO(json) json_t *j = answer_new();
    struct drawn d;
    char tag[64], series[32];
    for (size_t i = 0; i < n; i++) {
        size_t lane = i * lanes / n;
        snprintf(series, sizeof series, "%zu", lane);
        snprintf(tag, sizeof tag, "a-rather-long-name-%zu.%zu", lane, i);
        add_release(j, tag, series, words[alternating ? i % 4 : i * 3 / n], (int)(i % 20000) / 4);
    }
    for (int i = 0; i < 100; i++) {
        add_commit(j, "introduced", i * 10, NULL, "");
        add_commit(j, "fixes", i * 10, HEX, "1");
    }
    draw(j, "#r-", false, &d);
    struct str s = buf_str(&d.b);
    assert_true(s.n <= MAP_MAX);
    assert_true(svg_count(s, "class=\"map-o\"") <= 2 * MAP_ITEMS + 2 * MAP_MARKS + MAP_LANES_MAX);
    assert_true(svg_count(s, "class=\"map-s\"") <= MAP_LANES_MAX + 1);
    assert_true(number_behind(s, "<svg", " width=\"") < 12000);
    drawn_end(&d);
}

static void test_ten_thousand_tags(void **state)
{
    (void)state;
    check_many(10000, 1, false);
    check_many(10000, 1, true);
    check_many(10000, 300, false);
    check_many(10000, 300, true);
    check_many(10000, 10000, true);
}

static void test_runs_are_the_table(void **state)
{
    (void)state;
    AUTO(json) json_t *j = answer_new();
    struct drawn d;
    struct map_run *runs;
    size_t n;
    struct err e = ERR_INIT;
    char tag[16];
    for (int i = 0; i < 40; i++) {
        snprintf(tag, sizeof tag, "v%d", i);
        add_release(j, tag, "", i < 20 ? "not_affected" : i < 26 ? "affected" : "fixed", i);
    }
    draw(j, NULL, false, &d);
    assert_int_equal(map_runs(&d.r, d.a, &runs, &n, &e), RC_OK);
    assert_int_equal(n, 3);
    assert_int_equal(runs[1].first, 20);
    assert_int_equal(runs[1].last, 25);
    assert_int_equal(runs[1].n, 6);
    /* A release that a person decided about stands apart. */
    record_decide(&d.r, 22, REC_NOT_AFFECTED);
    assert_int_equal(d.r.count[REC_AFFECTED], 5);
    assert_int_equal(map_runs(&d.r, d.a, &runs, &n, &e), RC_OK);
    assert_int_equal(n, 5);
    assert_true(runs[2].decided);
    drawn_end(&d);
}

static void assert_refused(const char *text)
{
    AUTO(json) json_t *j = NULL;
    AUTO(arena) struct arena *a = arena_new(REC_ARENA);
    struct err e = ERR_INIT;
    struct record r;
    assert_int_equal(json_parse(str_c(text), 10000, "the test", &j, &e), RC_OK);
    assert_int_not_equal(record_read(j, a, &r, &e), RC_OK);
    assert_true(e.msg[0] != '\0');
}

static void test_what_is_no_answer_is_refused(void **state)
{
    (void)state;
    assert_refused("{}");
    assert_refused("[]");
    assert_refused("{\"releases\":[{\"tag\":\"v1\"}]}");
    assert_refused("{\"releases\":[{\"tag\":\"v1\",\"status\":\"maybe\"}]}");
    assert_refused("{\"releases\":[{\"tag\":\"\",\"status\":\"fixed\"}]}");
    assert_refused("{\"releases\":[{\"tag\":\"v\\u0007\",\"status\":\"fixed\"}]}");
    assert_refused("{\"releases\":[{\"tag\":\"v1\",\"status\":\"fixed\"},"
                   "{\"tag\":\"v1\",\"status\":\"fixed\"}]}");
    assert_refused("{\"releases\":[{\"tag\":\"v1\",\"status\":\"fixed\",\"commit\":\"../x\"}]}");
    assert_refused("{\"releases\":[{\"tag\":\"v1\",\"status\":\"fixed\",\"date\":\"soon\"}]}");
    assert_refused("{\"releases\":[{\"tag\":\"v1\",\"status\":\"fixed\",\"evidence\":[7]}],"
                   "\"lanes\":[{\"name\":\"x\",\"releases\":[\"v2\"]}]}");
    assert_refused("{\"releases\":[{\"tag\":\"v1\",\"status\":\"fixed\"}],"
                   "\"candidates\":[{\"affected\":[\"v2\"]}]}");
    assert_refused("{\"releases\":[{\"tag\":\"v1\",\"status\":\"fixed\"}],\"notes\":[1]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_revert_has_its_mark),
        cmocka_unit_test(test_a_short_history),
        cmocka_unit_test(test_a_file_brings_its_styles_and_links_nowhere),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_ten_thousand_tags),
        cmocka_unit_test(test_runs_are_the_table),
        cmocka_unit_test(test_what_is_no_answer_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
