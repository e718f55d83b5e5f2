/* SPDX-License-Identifier: Apache-2.0 */
/* An answer about similar code read back: what is taken, what is refused, what is too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/audit/record.h"

static const char whole[] =
    "{\"at\":[{\"name\":\"main\",\"commit\":\"0123abcd\"},{\"repo\":\"docs\",\"name\":\"HEAD\"}],"
    "\"seeds\":[{\"fix\":\"77aa\",\"path\":\"src/x.c\",\"start\":3,\"end\":4,\"lines\":"
    "[{\"sign\":\" "
    "\",\"old\":2,\"new\":2,\"text\":\"{\"},{\"sign\":\"-\",\"old\":3,\"text\":\"a\"},"
    "{\"sign\":\"+\",\"new\":3,\"text\":\"b\"}]}],"
    "\"hits\":[{\"repo\":\"docs\",\"path\":\"a.c\",\"start\":10,\"end\":12,\"line\":11,\"score\":0."
    "5,"
    "\"matched\":[\"copy\"],\"missing\":[\"at_most\"],\"branches\":[\"HEAD\"],"
    "\"places\":[{\"repo\":\"docs\",\"branch\":\"HEAD\",\"path\":\"a.c\",\"line\":11}],"
    "\"chunk\":\"00112233445566ff\",\"line_in\":3,\"function\":\"f\",\"fixed\":0.25,\"lang\":\"c\","
    "\"code\":{\"start\":9,\"lines\":[\"int f(void)\",\"{\",\"\\tcopy(a);\"]},"
    "\"marks\":[{\"line\":11,\"words\":[\"copy\"]}],"
    "\"vendored\":{\"name\":\"zlib\",\"version\":null,\"how\":\"by its files\"},\"rule\":\"r1\"},"
    "{\"path\":\"b.c\",\"start\":1,\"end\":1,\"line\":1,\"score\":0.25,"
    "\"chunk\":\"0011223344556600\"}],"
    "\"limit\":50,\"cut\":0.1,\"dial\":[{\"cut\":0.2,\"recall\":0.8,\"places\":9.5},"
    "{\"cut\":0.6,\"recall\":0.5,\"places\":2}],"
    "\"searched\":{\"repositories\":2,\"branches\":2,\"files\":7,\"lines\":300,\"chunks\":20,"
    "\"bytes\":9000},\"not_searched\":[{\"path\":\"x.bin\",\"why\":\"binary\"}],"
    "\"not_searched_more\":4,\"vendored\":[{\"path\":\"third/zlib\",\"name\":\"zlib\","
    "\"version\":\"1.2.3\",\"how\":\"its header\"}],"
    "\"rules\":[{\"name\":\"r1\",\"tool\":\"grep\",\"status\":\"ran\",\"hits\":1}],"
    "\"notes\":[\"a note\"]}";

static enum rc take(const char *text, size_t n, struct arena *a, json_t **ret_j,
                    struct find_record *ret)
{
    struct err e = ERR_INIT;
    *ret_j = json_loadb(text, n, 0, NULL);
    return *ret_j ? find_record_read(*ret_j, a, ret, &e) : RC_INVALID;
}

static void test_everything_is_read(void **state)
{
    (void)state;
    AUTO(arena) struct arena *a = arena_new(FIND_ARENA);
    AUTO(json) json_t *j = NULL;
    struct find_record r;
    assert_int_equal(take(whole, strlen(whole), a, &j, &r), RC_OK);
    assert_int_equal(r.n_trees, 2);
    assert_true(str_eq(r.trees[1].repo, STR("docs")) && r.trees[1].commit.n == 0);
    assert_int_equal(r.seeds[0].n_lines, 3);
    assert_true(r.seeds[0].lines[1].sign == '-' && r.seeds[0].lines[1].new_no == 0);
    const struct find_hit *h = &r.hits[0];
    assert_true(h->at == 3 && h->line == 11 && h->score == 0.5 && h->fixed == 0.25);
    assert_true(str_eq(h->vendored, STR("zlib")) && h->vendored_version.n == 0);
    assert_true(h->n_code == 3 && h->code_start == 9 && h->n_marks == 1 && h->n_places == 1);
    assert_true(r.hits[1].at == -1 && r.hits[1].n_code == 0 && r.hits[1].repo.n == 0);
    assert_true(r.dial[0].cut == 0.6); /* the highest cut first, however it was written */
    assert_true(find_expect(&r, 0.3)->recall == 0.8 && find_expect(&r, 9)->recall == 0.5);
    assert_int_equal(find_above(&r, 0.25), 2);
    assert_int_equal(find_above(&r, 0.26), 1);
    assert_true(r.files == 7 && r.n_left == 1 && r.left_more == 4 && r.n_vendored == 1);
    assert_true(r.n_rules == 1 && r.n_notes == 1 && r.limit == 50);
}

/* One value of the whole is another one. */
static enum rc with(const char *from, const char *to)
{
    AUTO(arena) struct arena *a = arena_new(FIND_ARENA);
    AUTO(json) json_t *j = NULL;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    struct find_record r;
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
    static const char *const lies[][2] = {
        {"\"name\":\"main\"", "\"name\":\"ma\\nin\""},
        {"\"commit\":\"0123abcd\"", "\"commit\":\"HEAD\""},
        {"\"fix\":\"77aa\"", "\"fix\":\"77AA\""},
        {"\"sign\":\"-\"", "\"sign\":\"--\""},
        {"\"sign\":\"-\"", "\"sign\":\"\""},
        {"\"text\":\"a\"", "\"text\":\"a\\nb\""},
        {"\"path\":\"a.c\",\"start\":10", "\"path\":\"\",\"start\":10"},
        {"\"path\":\"a.c\",\"start\":10", "\"path\":\"a\\u0000.c\",\"start\":10"},
        {"\"line\":11,\"score\"", "\"line\":13,\"score\""},
        {"\"line\":11,\"score\"", "\"line\":9,\"score\""},
        {"\"start\":10,\"end\":12", "\"start\":0,\"end\":12"},
        {"\"start\":10,\"end\":12", "\"start\":13,\"end\":12"},
        {"\"score\":0.5", "\"score\":0.1"}, /* not best first */
        {"\"score\":0.5", "\"score\":1e300"},
        {"\"score\":0.5", "\"score\":\"0.5\""},
        {"\"fixed\":0.25", "\"fixed\":1.5"},
        {"\"chunk\":\"00112233445566ff\"", "\"chunk\":\"00112233445566FF\""},
        {"\"chunk\":\"00112233445566ff\"", "\"chunk\":\"00112233\""},
        {"\"chunk\":\"00112233445566ff\",", ""},
        {"\"line_in\":3", "\"line_in\":-2"},
        {"\"line_in\":3", "\"line_in\":0.5"},
        {"\"matched\":[\"copy\"]", "\"matched\":[7]"},
        {"\"matched\":[\"copy\"]", "\"matched\":\"copy\""},
        {"\"branch\":\"HEAD\"", "\"branch\":\"\""},
        {"{\"start\":9,", "{\"start\":12,"}, /* the mark is outside of it */
        {"\\tcopy(a);", "copy\\n(a);"},
        {"\\tcopy(a);", "copy\\u009b(a);"},
        {"\"marks\":[{\"line\":11", "\"marks\":[{\"line\":8"},
        {"\"vendored\":{\"name\":\"zlib\"", "\"vendored\":{\"name\":\"\""},
        {"\"cut\":0.1", "\"cut\":-0.1"},
        {"\"recall\":0.8", "\"recall\":1.8"},
        {"\"files\":7", "\"files\":-7"},
        {"\"why\":\"binary\"", "\"why\":\"\""},
        {"\"not_searched_more\":4", "\"not_searched_more\":\"4\""},
        {"\"tool\":\"grep\"", "\"tool\":[]"},
        {"\"a note\"", "null"},
    };
    for (size_t i = 0; i < ARRAY_LEN(lies); i++)
        if (with(lies[i][0], lies[i][1]) != RC_INVALID)
            fail_msg("taken: %s", lies[i][1]);
    assert_int_equal(with("\"notes\":[\"a note\"]", "\"more\":{}"), RC_OK); /* unknown, missing */
}

/* Lists, and texts, that are too long by one. */
static void test_what_is_too_much_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from, *head, *one, *tail;
        size_t most;
    } lists[] = {
        {"\"notes\":[\"a note\"]", "\"notes\":[", "\"n\"", "]", FIND_NOTES_MAX},
        {"\"matched\":[\"copy\"]", "\"matched\":[", "\"n\"", "]", FIND_WORDS_MAX},
        {"\"dial\":[{", "\"dial\":[{\"cut\":0},", "{\"cut\":1}", ",{", FIND_DIAL_MAX - 3},
        {"[\"int f(void)\",\"{\",\"\\tcopy(a);\"]", "[", "\"x\"", "]", FIND_CODE_MAX},
    };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        for (size_t more = 0; more < 2; more++) {
            AUTO(buf) struct buf b = BUF_INIT(1 << 20);
            buf_adds(&b, lists[i].head);
            for (size_t k = 0; k < lists[i].most + more; k++) {
                buf_adds(&b, k ? "," : "");
                buf_adds(&b, lists[i].one);
            }
            buf_adds(&b, lists[i].tail);
            enum rc rc = with(lists[i].from, buf_c(&b));
            assert_true(more ? rc != RC_OK : rc == RC_OK);
        }
    }
    AUTO(buf) struct buf longer = BUF_INIT(10000);
    buf_adds(&longer, "\"function\":\"");
    for (size_t i = 0; i <= FIND_NAME_MAX; i++)
        buf_addc(&longer, 'f');
    buf_adds(&longer, "\"");
    assert_int_equal(with("\"function\":\"f\"", buf_c(&longer)), RC_INVALID);
}

/* Any byte another one: taken or refused, never more than that. */
static void test_any_change_of_a_byte_is_survived(void **state)
{
    (void)state;
    static const char bytes[] = "0-\"{[,\\ \x7f";
    size_t n = strlen(whole);
    char *text = strdup(whole);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < sizeof bytes - 1; k++) {
            AUTO(arena) struct arena *a = arena_new(FIND_ARENA);
            AUTO(json) json_t *j = NULL;
            struct find_record r;
            text[i] = bytes[k];
            enum rc rc = take(text, n, a, &j, &r);
            assert_true(rc == RC_OK || rc == RC_INVALID || rc == RC_LIMIT);
        }
        text[i] = whole[i];
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_is_read),
        cmocka_unit_test(test_what_is_not_understood_is_refused),
        cmocka_unit_test(test_what_is_too_much_is_refused),
        cmocka_unit_test(test_any_change_of_a_byte_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
