/* SPDX-License-Identifier: Apache-2.0 */
/* Words, queries and pieces of text for the search: pure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/utf8.h"
#include "store/search_words.h"

static void plain(const char *text, const char *want)
{
    AUTO(buf) struct buf b = BUF_INIT(1 << 16);
    search_words_plain(&b, str_c(text));
    assert_string_equal(buf_c(&b), want);
}

static void words_are_runs_of_letters_and_digits(void **state)
{
    (void)state;
    plain("", "");
    plain(" .,;\n", "");
    plain("Heap OVERFLOW in src/name.c:38", "heap overflow in src name c 38");
    plain("parse_name() -> \xe2\x80\x9cquoted\xe2\x80\x9d \xe2\x80\x94 dash",
          "parse name quoted dash");
    plain("M\xc3\x9cLLER \xc5\x81\xc3\x93"
          "D\xc5\xb9 \xce\x91\xce\x92 \xd0\x96\xd0\x81",
          "m\xc3\xbcller \xc5\x82\xc3\xb3"
          "d\xc5\xba \xce\xb1\xce\xb2 \xd0\xb6\xd1\x91");
    plain("bad \xff\xfe bytes", "bad bytes");
}

static void a_long_run_is_cut_into_pieces(void **state)
{
    (void)state;
    char text[1001];
    memset(text, 'A', 1000);
    text[1000] = '\0';
    struct str rest = str_c(text), word, raw;
    char dst[SEARCH_WORD_SIZE];
    size_t sum = 0, n = 0;
    for (; search_word(&rest, dst, &word, &raw); n++) {
        assert_true(word.n <= SEARCH_WORD_MAX);
        sum += raw.n;
    }
    assert_int_equal(sum, 1000);
    assert_int_equal(n, (1000 + SEARCH_WORD_MAX - 1) / SEARCH_WORD_MAX);
    /* Characters of four bytes do not overrun the room. */
    AUTO(buf) struct buf b = BUF_INIT(4000);
    for (int i = 0; i < 200; i++)
        buf_adds(&b, "a\xf0\x90\x8c\xb0");
    rest = buf_str(&b);
    while (search_word(&rest, dst, &word, &raw))
        assert_true(utf8_valid(word) && word.n < SEARCH_WORD_SIZE);
}

static void vectors_have_positions_up_to_a_limit(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    unsigned pos = 0;
    search_words_vector(&b, STR("Big hole"), "A", &pos);
    search_words_vector(&b, STR("hole'); DROP"), "", &pos);
    assert_string_equal(buf_c(&b), "big:1A hole:2A hole:3 drop:4");
    pos = SEARCH_POS_MAX - 1;
    buf_reset(&b);
    search_words_vector(&b, STR("a b c"), "", &pos);
    assert_string_equal(buf_c(&b), "a:16383 b:16383 c:16383");
}

static void query(const char *text, const char *fts5, const char *ts)
{
    struct err e = ERR_INIT;
    struct search_query q;
    AUTO(buf) struct buf f = BUF_INIT(4000);
    AUTO(buf) struct buf t = BUF_INIT(4000);
    assert_int_equal(search_query_parse(str_c(text), &q, &e), RC_OK);
    search_query_fts5(&q, &f);
    search_query_ts(&q, &t);
    assert_string_equal(buf_c(&f), fts5);
    assert_string_equal(buf_c(&t), ts);
}

static void queries_become_terms_and_nothing_else(void **state)
{
    (void)state;
    query("overflow", "\"overflow\" *", "('overflow':*)");
    query("over", "\"over\" *", "('over':*)");
    query("ab", "\"ab\"", "('ab')"); /* too short to be a begin */
    query("Heap over", "\"heap\" AND \"over\" *", "('heap') & ('over':*)");
    query("src/name.c", "\"src name c\"", "('src' <-> 'name' <-> 'c')");
    query("\"heap overflow\"", "\"heap overflow\"", "('heap' <-> 'overflow')");
    query("\"heap overflow\" pars", "\"heap overflow\" AND \"pars\" *",
          "('heap' <-> 'overflow') & ('pars':*)");
    query("\"open", "\"open\"", "('open')");
    query("a OR b NOT c NEAR(x)", "\"a\" AND \"or\" AND \"b\" AND \"not\" AND \"c\" AND \"near x\"",
          "('a') & ('or') & ('b') & ('not') & ('c') & ('near' <-> 'x')");
    query("title:secret* ^x -y", "\"title secret\" AND \"x\" AND \"y\"",
          "('title' <-> 'secret') & ('x') & ('y')");
    query("'); DROP TABLE x; --", "\"drop\" AND \"table\" AND \"x\"",
          "('drop') & ('table') & ('x')");
    query("", "", "");
    query("\"\"\" ' : & | ! <-> *", "", "");
}

static void queries_have_limits(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct search_query q;
    char text[SEARCH_QUERY_MAX + 2];
    memset(text, 'x', sizeof text);
    assert_int_equal(search_query_parse(str_of(text, sizeof text), &q, &e), RC_LIMIT);
    assert_int_equal(search_query_parse(STR("a b c d e f g h i j k l m n o p"), &q, &e), RC_OK);
    assert_int_equal(q.n, SEARCH_TERMS_MAX);
    assert_int_equal(search_query_parse(STR("a b c d e f g h i j k l m n o p q"), &q, &e),
                     RC_LIMIT);
}

static void piece(const char *asked, const char *text, size_t max, const char *want)
{
    struct err e = ERR_INIT;
    struct search_query q;
    struct str before, hit, after;
    AUTO(buf) struct buf b = BUF_INIT(4000);
    AUTO(buf) struct buf got = BUF_INIT(4000);
    assert_int_equal(search_query_parse(str_c(asked), &q, &e), RC_OK);
    search_snippet(&q, str_c(text), max, &b, &before, &hit, &after);
    buf_addf(&got, "%.*s[%.*s]%.*s", STR_ARG(before), STR_ARG(hit), STR_ARG(after));
    assert_string_equal(buf_c(&got), want);
    assert_true(utf8_valid(buf_str(&got)));
}

static void pieces_stand_around_the_first_hit(void **state)
{
    (void)state;
    piece("hole", "There is a\n\n  HOLE in it.", 100, "There is a [HOLE] in it.");
    piece("hol", "whole hole", 100, "whole [hole]");
    piece("nothing", "There is a hole", 100, "[]There is a hole");
    piece("x", "", 100, "[]");
    piece("frobnicate_2", "Number 2: function frobnicate_2() is it", 100,
          "Number 2: function [frobnicate_2]() is it");
    piece("at parser", "at last, the parser", 100, "at last, the [parser]");
    piece("at zzzz", "look at it", 100, "look [at] it");
    piece("needle", "aaaa bbbb cccc dddd needle eeee ffff gggg", 15,
          "\xe2\x80\xa6"
          "dddd [needle] eeee ffff\xe2\x80\xa6");
    piece("needle", "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4 needle \xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6", 9,
          "\xe2\x80\xa6\xc3\xa4 [needle] \xc3\xb6\xc3\xb6\xe2\x80\xa6");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_runs_of_letters_and_digits),
        cmocka_unit_test(a_long_run_is_cut_into_pieces),
        cmocka_unit_test(vectors_have_positions_up_to_a_limit),
        cmocka_unit_test(queries_become_terms_and_nothing_else),
        cmocka_unit_test(queries_have_limits),
        cmocka_unit_test(pieces_stand_around_the_first_hit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
