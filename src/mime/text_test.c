/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTML to text, format=flowed, file names, charsets and transfer encodings.
 */
#include "mime/rules_test.h"

#include <string.h>

#include "mime/mail.h"
#include "mime/parse.h"
#include "mime/parse_decode.h"
#include "mime/text.h"
#include "mime/text_charset.h"

static void html(const char *in, const char *want)
{
    AUTO(buf) struct buf b = BUF_INIT(1 << 20);
    text_from_html(&b, str_c(in));
    if (strcmp(buf_c(&b), want) != 0)
        fail_msg("%s\n gives \"%s\"\n not   \"%s\"", in, buf_c(&b), want);
}

static void test_html(void **state)
{
    (void)state;
    html("", "");
    html("plain", "plain\n");
    html("<p>one</p><p>two</p>", "one\n\ntwo\n");
    html("a<br>b<br/>c", "a\nb\nc\n");
    html("a<br><br>b", "a\n\nb\n");
    html("  a \n b\t c  ", "a b c\n");
    html("a &lt;script&gt; b &amp;amp; &#65;&#x42; &euro; &#128; &bogus; & x", //
         "a <script> b &amp; AB \xe2\x82\xac \xe2\x82\xac &bogus; & x\n");
    html("x<script>alert('</p>')</script>y<style>p{}</style>z", "xyz\n");
    html("x<SCRIPT >a</ScRiPt >y", "xy\n");
    html("x<script>never closed", "x\n");
    html("x<title>t</title>y", "xy\n");
    html("a<!-- c > d -->b<!-->c<!doctype html>d<?php x ?>e", "abcde\n");
    html("a<!-- x --!>b<!-- never", "ab\n");
    html("<ul><li>one</li><li>two</li></ul>", "- one\n- two\n");
    html("<table><tr><th>a</th><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>",
         "a\tb\nc\td\n");
    html("<blockquote>q<br>r</blockquote>s", "> q\n> r\n\ns\n");
    html("<pre>a\n  b\n\nc</pre>d", "a\n  b\n\nc\n\nd\n");
    html("1 < 2 <3 </ x <> y", "1 < 2 <3 </ x <> y\n");
    html("<img src=x onerror=alert(1) alt='a &amp; b'>", "[a & b]\n");
    html("<p title='>'>x</p>", "x\n");
    html("<p x=\"never closed", "");
}

static void test_html_links(void **state)
{
    (void)state;
    html("<a href='https://x.example/?a=1&amp;b'>here</a>.", "here <https://x.example/?a=1&b>.\n");
    html("<a href=https://x.example/>https://x.example/</a>", "https://x.example/\n");
    html("<a href='mailto:a@b.example'>a@b.example</a>", "a@b.example\n");
    html("<a href='javascript:alert(1)'>x</a>", "x\n");
    html("<a href='java&#10;script:alert(1)'>x</a>", "x\n");
    html("<a href='data:text/html,x'>x</a>", "x\n");
    html("<a href='ht\ntps://x.example/'>x</a>", "x <https://x.example/>\n");
    html("<a href='https://x.example/'>x", "x <https://x.example/>\n");
    html("<a href='https://x.example/'></a>", "<https://x.example/>\n");
}

/* Time that grows faster than the input would not end here. */
static void test_html_is_linear(void **state)
{
    (void)state;
    static const char *const pieces[] = {"<div>",      "<!--",        "<!-- -->", "<a href='",
                                         "&",          "<script>",    "</scrip",  "<p x=\"",
                                         "<a href=x>", "<blockquote>"};
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        AUTO(buf) struct buf in = BUF_INIT(4 << 20), out = BUF_INIT(2 << 20);
        while (in.n < (3 << 20))
            buf_adds(&in, pieces[i]);
        text_from_html(&out, buf_str(&in));
    }
}

static void test_full_buffer(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(10);
    text_from_html(&b, STR("<a href='https://x.example/'>0123456789abcdef</a>"));
    assert_true(b.over && b.n <= 10);
}

static void flowed(const char *in, bool delsp, const char *want)
{
    AUTO(buf) struct buf b = BUF_INIT(65536);
    text_unflow(&b, str_c(in), delsp);
    assert_string_equal(buf_c(&b), want);
}

static void test_flowed(void **state)
{
    (void)state;
    flowed("one \r\ntwo\r\nthree\r\n", false, "one two\nthree\n");
    flowed("one \ntwo\n", true, "onetwo\n");
    flowed("> q \n> r\n> s\nt\n", false, "> q r\n> s\nt\n");
    flowed("> q \nt\n", false, "> q \nt\n");
    flowed(" >stuffed\n From x\n", false, ">stuffed\nFrom x\n");
    flowed("text \n-- \nme \nyou\n", false, "text \n-- \nme you\n");
    flowed(">> deep\n", false, ">> deep\n");
    flowed("open ", false, "open \n");
}

static void name(const char *orig, const char *want)
{
    AUTO(arena) struct arena *a = arena_new(65536);
    bool changed;
    struct str s = text_file_name(a, str_c(orig), 7, STR("image/png"), &changed);
    if (!str_eq(s, str_c(want)))
        fail_msg("%s gives \"%.*s\", not \"%s\"", orig, STR_ARG(s), want);
    assert_true(mail_file_name_ok(s));
    assert_int_equal(changed, strcmp(orig, want) != 0);
}

static void test_names(void **state)
{
    (void)state;
    name("poc.c", "poc.c");
    name("../../etc/passwd", "passwd");
    name("C:\\x\\evil.exe", "evil.exe");
    name(".htaccess", "htaccess");
    name("..", "part-7.png");
    name("", "part-7.png");
    name("a/", "part-7.png");
    name("x\xe2\x80\xaegpj.exe", "xgpj.exe");
    name("con", "_con");
    name("LPT1.txt", "_LPT1.txt");
    name("a\tb\nc", "abc");
    name("a:b?.txt", "a_b_.txt");
    name("-rf", "rf");
    name("\xff.txt", "_.txt");
    name("s\xc3\xbc\xc3\x9f.txt", "s\xc3\xbc\xc3\x9f.txt");
    AUTO(arena) struct arena *a = arena_new(65536);
    char big[400];
    bool changed;
    memset(big, 'x', sizeof big);
    memcpy(big + sizeof big - 4, ".tgz", 4);
    struct str s = text_file_name(a, str_of(big, sizeof big), 1, STR("a/b"), &changed);
    assert_true(s.n <= MAIL_FILE_NAME_MAX && str_ends(s, STR(".tgz")) && mail_file_name_ok(s));
}

static void charset(const char *bytes, const char *cs, const char *want, bool unknown, bool bad)
{
    AUTO(buf) struct buf b = BUF_INIT(65536);
    struct charset_note note;
    charset_to_utf8(&b, str_c(bytes), str_c(cs), &note);
    assert_string_equal(buf_c(&b), want);
    assert_int_equal(note.unknown, unknown);
    assert_int_equal(note.bad, bad);
}

static void test_charsets(void **state)
{
    (void)state;
    parse_child_warm();
    charset("gr\xfc\xdf", "ISO-8859-1", "gr\xc3\xbc\xc3\x9f", false, false);
    charset("\x80", "latin1", "\xe2\x82\xac", false, false);
    charset("\xd0\xd2", "KOI8-R", "\xd0\xbf\xd1\x80", false, false);
    charset("gr\xc3\xbc", "", "gr\xc3\xbc", false, false);
    charset("gr\xfc", "us-ascii", "gr\xc3\xbc", false, false);
    charset("\xa4", "iso-8859-15", "\xe2\x82\xac", false, false);
    charset("\x1b$B$\"\x1b(B", "iso-2022-jp", "\xe3\x81\x82", false, false);
    charset("\xfc", "x-nonsense", "\xc3\xbc", true, false);
    charset("+ADw-b+AD4-", "utf-7", "+ADw-b+AD4-", true, false);
    charset("\xff\xffok", "euc-jp", "\xef\xbf\xbd\xef\xbf\xbdok", false, true);
    charset("a", "utf-8*en", "a", false, false);
    assert_null(charset_known(STR("../../lib/evil")));
    assert_null(charset_known(STR("utf-7")));
    assert_string_equal(charset_known(STR("UTF8")), "utf-8");
}

static void decoded(enum decode_cte cte, const char *in, const char *want, bool good)
{
    AUTO(buf) struct buf b = BUF_INIT(65536);
    bool cut;
    bool g = decode_to_buf(cte, str_c(in), &b, &cut);
    if (strcmp(buf_c(&b), want) != 0 || g != good)
        fail_msg("%s gives \"%s\" (%d)", in, buf_c(&b), g);
}

static void test_encodings(void **state)
{
    (void)state;
    decoded(CTE_BASE64, "aGVsbG8=", "hello", true);
    decoded(CTE_BASE64, "aGVs\r\nbG8=\r\n", "hello", true);
    decoded(CTE_BASE64, "aGVsbG8", "hello", false);
    decoded(CTE_BASE64, "aG!Vs*bG8=", "hello", false);
    decoded(CTE_BASE64, "aGk=aGk=", "hihi", true);
    decoded(CTE_QP, "a=3Db=\r\nc =\n d  \r\n", "a=bc  d\r\n", true);
    decoded(CTE_QP, "a=ZZb=", "a=ZZb", false);
    decoded(CTE_QP, "=c3=BC", "\xc3\xbc", true);
    decoded(CTE_UU, "begin 644 x\n%:&5L;&\\\n`\nend\n", "hello", true);
    decoded(CTE_UU, "begin 644 x\n%:&5L;&\\\n", "hello", false);
    decoded(CTE_IDENTITY, "=3D", "=3D", true);
    assert_int_equal(decode_cte_of(STR(" (c) Base64 (x)")), CTE_BASE64);
    assert_int_equal(decode_cte_of(STR("QUOTED-PRINTABLE;")), CTE_QP);
    assert_int_equal(decode_cte_of(STR("")), CTE_IDENTITY);
    assert_int_equal(decode_cte_of(STR("x-rot13")), CTE_UNKNOWN);
    AUTO(buf) struct buf b = BUF_INIT(3);
    bool cut;
    decode_to_buf(CTE_BASE64, STR("aGVsbG8="), &b, &cut);
    assert_true(cut && b.n == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_html),           cmocka_unit_test(test_html_links),
        cmocka_unit_test(test_html_is_linear), cmocka_unit_test(test_full_buffer),
        cmocka_unit_test(test_flowed),         cmocka_unit_test(test_names),
        cmocka_unit_test(test_charsets),       cmocka_unit_test(test_encodings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
