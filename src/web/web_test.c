/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escaping by context, Markdown, forms, cookies, security.txt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/when.h"
#include "escape.h"
#include "web/http.h"
#include "web/markdown.h"
#include "web/securitytxt.h"

#define OUT_MAX (1 << 20)

/* ---- templates ---- */

static void escape(struct str value, struct buf *out)
{
    struct str tags[] = {STR("t<"), STR("u")};
    struct escape_row rows[] = {{STR("r&"), tags, 2}, {STR("q"), NULL, 0}};
    struct page_escape p = {
        .value = value,
        .word = "w\"",
        .number = -7,
        .yes = true,
        .safe = {STR("<em>x</em>")},
        .rows = rows,
        .n_rows = 2,
    };
    tpl_escape(out, &p);
}

#define HAS(b, s)   assert_non_null(strstr(buf_c(b), s))
#define LACKS(b, s) assert_null(strstr(buf_c(b), s))

static void markup_is_inert_everywhere(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(OUT_MAX);
    escape(STR("\"><script>alert('1')</script>&amp;"), &b);
    LACKS(&b, "<script");
    HAS(&b, "<p title=\"&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;\">"
            "&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;</p>");
    HAS(&b, "<a href=\"#\">a</a>");
    HAS(&b, "<a href=\"/x/%22%3E%3Cscript%3Ealert%28%271%27%29%3C%2Fscript%3E%26amp%3B?y=%22%3E");
    HAS(&b, "<textarea>&quot;&gt;&lt;script&gt;");
    HAS(&b, "<b class=\"n-7 w&quot;\">-7</b>");
    HAS(&b, "<i><em>x</em></i>");
    HAS(&b, "<u>r&amp;<s>t&lt; r&amp; w&quot;</s><s>u r&amp; w&quot;</s></u><u>q</u>");
    HAS(&b, " checked>");
    LACKS(&b, "disabled");
}

static void closing_a_textarea_is_inert(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(OUT_MAX);
    escape(STR("</textarea><img src=x>"), &b);
    HAS(&b, "<textarea>&lt;/textarea&gt;&lt;img src=x&gt;</textarea>");
}

static void only_known_schemes_make_a_link(void **state)
{
    (void)state;
    static const struct {
        struct str url;
        bool ok;
    } all[] = {
        {STR("https://a.example/x?y=1&z=2#q"), true},
        {STR("HTTP://a.example"), true},
        {STR("mailto:a@b.example"), true},
        {STR("/case/X"), true},
        {STR("#top"), true},
        {STR("?a=b"), true},
        {STR("/"), true},
        {STR("javascript:alert(1)"), false},
        {STR("JaVaScRiPt:alert(1)"), false},
        {STR(" javascript:alert(1)"), false},
        {STR("java\tscript:alert(1)"), false},
        {STR("\x01javascript:alert(1)"), false},
        {STR("data:text/html,x"), false},
        {STR("vbscript:x"), false},
        {STR("file:///etc/passwd"), false},
        {STR("//evil.example/"), false},
        {STR("/\\evil.example/"), false},
        {STR("\\\\evil.example"), false},
        {STR("https:"), false},
        {STR("https://"), false},
        {STR("x"), false},
        {STR(""), false},
        {STR("/a b"), false},
        {STR("/a\nb"), false},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (url_allowed(all[i].url) != all[i].ok)
            print_error("%.*s\n", STR_ARG(all[i].url));
        assert_int_equal(url_allowed(all[i].url), all[i].ok);
    }
    AUTO(buf) struct buf b = BUF_INIT(1000);
    html_url(&b, STR("https://a.example/\"'<>?a=b&c=d"));
    assert_string_equal(buf_c(&b), "https://a.example/%22%27%3C%3E?a=b&amp;c=d");
}

static void tricks_are_shown_and_controls_replaced(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(OUT_MAX);
    escape(STR("a\xe2\x80\xae"
               "b\xe2\x80\x8b\x01\xff\0c"),
           &b);
    HAS(&b, "<p title=\"a[U+202E]b[U+200B]\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
            "c\">"
            "a<span class=\"trick\">U+202E</span>b<span class=\"trick\">U+200B</span>");
    /* Form controls keep them: what comes back must be what was typed. */
    HAS(&b, "<textarea>a\xe2\x80\xae"
            "b\xe2\x80\x8b\xef\xbf\xbd");
    HAS(&b, "<input value=\"a\xe2\x80\xae"
            "b");
}

/* ---- Markdown ---- */

static void md(const char *text, struct buf *out)
{
    struct html_safe h;
    struct err e = ERR_INIT;
    buf_reset(out);
    assert_int_equal(markdown_render(str_c(text), out, &h, &e), RC_OK);
}

static void markdown_writes_what_a_policy_needs(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(OUT_MAX);
    md("# A *b*\n\np `c` **d** ~~e~~\n\n  * x\n  * y\n\n3. z\n\n```\n<i>\n```\n\n> q\n\n---\n", &b);
    HAS(&b, "<h1 id=\"a-b\">A <em>b</em></h1>");
    HAS(&b, "<p>p <code>c</code> <strong>d</strong> <del>e</del></p>");
    HAS(&b, "<ul><li>x</li>\n<li>y</li>\n</ul>");
    HAS(&b, "<ol start=\"3\">");
    HAS(&b, "<pre><code>&lt;i&gt;\n</code></pre>");
    HAS(&b, "<blockquote><p>q</p>\n</blockquote>");
    HAS(&b, "<hr>");
    md("| a | b |\n|---|---|\n| 1 | <2> |\n", &b);
    HAS(&b, "<td>&lt;2&gt;</td>");
}

static void headings_have_the_anchors_of_github(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(OUT_MAX);
    md("[x](#reporting-a-vulnerability)\n\n## Reporting a Vulnerability \n\n## Reporting a "
       "Vulnerability\n\n### What's `new`, in 2.0?\n\n## \xc3\x84rger & Co\n",
       &b);
    HAS(&b, "<a href=\"#reporting-a-vulnerability\">x</a>");
    HAS(&b, "<h2 id=\"reporting-a-vulnerability\">");
    HAS(&b, "<h2 id=\"reporting-a-vulnerability-1\">");
    HAS(&b, "<h3 id=\"whats-new-in-20\">");
    HAS(&b, "--co\">");
}

static void raw_html_is_text(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(OUT_MAX);
    md("<script>alert(1)</script>\n\n<div onclick=x>a <img src=x onerror=y></div> <b>c</b>\n"
       "\n<!-- x -->\n\n# <a id=\"z\">t</a>\n",
       &b);
    LACKS(&b, "<script");
    LACKS(&b, "<div onclick");
    LACKS(&b, "<img");
    LACKS(&b, "<b>");
    LACKS(&b, "<!--");
    LACKS(&b, "<a id");
    HAS(&b, "&lt;script&gt;alert(1)&lt;/script&gt;");
}

static void hostile_links_lose_their_target(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(OUT_MAX);
    static const char *const bad[] = {
        "[a](javascript:alert(1))",
        "[a](JAVASCRIPT:alert(1))",
        "[a](java&#115;cript:alert(1))",
        "[a](javascript&colon;alert(1))",
        "[a](javascript&#58;alert(1))",
        "[a](javascript&#x3a;alert(1))",
        "[a](&#1;javascript:alert(1))",
        "[a](<java\tscript:alert(1)>)",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "[a](vbscript:x)",
        "[a](//evil.example)",
        "[a](/\\evil.example)",
        "[a][r]\n\n[r]: javascript:alert(1)",
        "<javascript:alert(1)>",
        "![a](javascript:alert(1))",
        "![a](data:image/svg+xml,x)",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        md(bad[i], &b);
        if (strstr(buf_c(&b), "<a ") || strstr(buf_c(&b), "<img"))
            print_error("%s -> %s\n", bad[i], buf_c(&b));
        LACKS(&b, "<a ");
        LACKS(&b, "<img");
    }
    md("[a](https://x.example/?a=1&b=\"2\") ![p](https://x.example/p.png)", &b);
    HAS(&b,
        "<a href=\"https://x.example/?a=1&amp;b=%222%22\" rel=\"noopener noreferrer nofollow\">");
    HAS(&b, "[picture: p]</a>");
    LACKS(&b, "<img");
    md("[a](https://x.example \"t\\\" onclick=alert(1)\")", &b);
    LACKS(&b, "onclick=alert");
}

static void markdown_shows_tricks_in_entities_too(void **state)
{
    (void)state;
    AUTO(buf) struct buf b = BUF_INIT(OUT_MAX);
    md("a&#x202e;b &lt;script&gt; &unknown; &amp;", &b);
    HAS(&b, "a<span class=\"trick\">U+202E</span>b &lt;script&gt; &amp;unknown; &amp;");
}

static void markdown_stays_within_its_limits(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct html_safe h;
    AUTO(buf) struct buf in = BUF_INIT(MARKDOWN_IN_MAX + 1), out = BUF_INIT(MARKDOWN_OUT_MAX);
    while (in.n < MARKDOWN_IN_MAX)
        buf_adds(&in, "![[](");
    assert_int_equal(markdown_render(buf_str(&in), &out, &h, &e), RC_LIMIT);
    buf_reset(&in);
    while (in.n < MARKDOWN_IN_MAX - 3)
        buf_adds(&in, "> ");
    assert_int_equal(markdown_render(buf_str(&in), &out, &h, &e), RC_OK);
    buf_reset(&in);
    buf_reset(&out);
    while (in.n < MARKDOWN_IN_MAX)
        buf_addc(&in, '"');
    assert_int_equal(markdown_render(buf_str(&in), &out, &h, &e), RC_OK);
}

/* ---- forms and cookies ---- */

static void form_is_decoded(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(http_form) struct http_form f;
    assert_int_equal(
        http_form_parse(STR("a=1+2&b=%C3%A4%26&c&text=x%0D%0Ay&a=second&&d=%ff"), &f, &e), RC_OK);
    assert_int_equal(f.n_fields, 6);
    assert_true(str_eq(http_form_get(&f, "a"), STR("1 2")));
    assert_true(str_eq(http_form_get(&f, "b"), STR("\xc3\xa4&")));
    assert_true(str_eq(http_form_get(&f, "text"), STR("x\ny")));
    assert_true(str_eq(http_form_get(&f, "d"), STR("\xef\xbf\xbd")));
    assert_true(http_form_has(&f, "c"));
    assert_false(http_form_has(&f, "e"));
    assert_int_equal(http_form_get(&f, "e").n, 0);
}

static void broken_forms_are_refused(void **state)
{
    (void)state;
    static const struct str bad[] = {STR("a=%"),   STR("a=%4"),  STR("a=%zz"),
                                     STR("a=%00"), STR("%00=1"), STR("a=b%")};
    struct err e = ERR_INIT;
    struct http_form f;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(http_form_parse(bad[i], &f, &e), RC_INVALID);
    AUTO(buf) struct buf b = BUF_INIT(2 * HTTP_FORM_VALUE_MAX);
    for (int i = 0; i <= HTTP_FORM_FIELDS; i++)
        buf_adds(&b, "a=b&");
    assert_int_equal(http_form_parse(buf_str(&b), &f, &e), RC_LIMIT);
    buf_reset(&b);
    buf_adds(&b, "a=");
    for (int i = 0; i <= HTTP_FORM_VALUE_MAX; i++)
        buf_addc(&b, 'x');
    assert_int_equal(http_form_parse(buf_str(&b), &f, &e), RC_LIMIT);
}

static void cookie_is_found_once_or_not(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct str v;
    assert_int_equal(http_cookie_get(STR("x=1; desk=abc; y=2"), STR("desk"), &v, &e), RC_OK);
    assert_true(str_eq(v, STR("abc")));
    assert_int_equal(http_cookie_get(STR("desk=abc"), STR("desk"), &v, &e), RC_OK);
    static const struct str none[] = {STR(""),          STR("desk"),      STR("desk="),
                                      STR("xdesk=abc"), STR("deskx=abc"), STR("desk=a; desk=b"),
                                      STR("Desk=abc")};
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        assert_int_equal(http_cookie_get(none[i], STR("desk"), &v, &e), RC_NOTFOUND);
}

/* ---- security.txt ---- */

static void our_security_txt_is_valid(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    AUTO(buf) struct buf b = BUF_INIT(SECURITYTXT_MAX);
    struct str contacts[] = {STR("security@desk.example"), STR("sp ace?&%@desk.example")};
    struct settings s = {.desk = {.base_url = STR("https://desk.example"),
                                  .language = STR("en"),
                                  .contact = {contacts, 2}}};
    int64_t now = INT64_C(1764082800000000);
    assert_int_equal(securitytxt_make(&s, now, &b, &e), RC_OK);
    HAS(&b, "Contact: mailto:security@desk.example\nContact: mailto:sp%20ace%3F%26%25@");
    HAS(&b, "desk.example\nContact: https://desk.example/new\n"); /* mail is preferred: first */
    HAS(&b, "Canonical: https://desk.example/.well-known/security.txt\n");
    struct securitytxt_report r;
    assert_int_equal(securitytxt_check(buf_str(&b), now,
                                       STR("https://desk.example/.well-known/security.txt"), &r,
                                       &e),
                     RC_OK);
    assert_int_equal(r.warnings, 0);
    assert_true(r.expires_us > now + 170 * US_PER_DAY);
    /* Half a year later the same text is stale. */
    assert_int_equal(securitytxt_check(buf_str(&b), now + 181 * US_PER_DAY, STR_NONE, &r, &e),
                     RC_INVALID);
    s.desk.base_url = STR("http://127.0.0.1:8080");
    buf_reset(&b);
    assert_int_equal(securitytxt_make(&s, now, &b, &e), RC_OK);
    LACKS(&b, "http:");
    s.desk.contact.n = 0;
    assert_int_equal(securitytxt_make(&s, now, &b, &e), RC_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_is_inert_everywhere),
        cmocka_unit_test(closing_a_textarea_is_inert),
        cmocka_unit_test(only_known_schemes_make_a_link),
        cmocka_unit_test(tricks_are_shown_and_controls_replaced),
        cmocka_unit_test(markdown_writes_what_a_policy_needs),
        cmocka_unit_test(headings_have_the_anchors_of_github),
        cmocka_unit_test(raw_html_is_text),
        cmocka_unit_test(hostile_links_lose_their_target),
        cmocka_unit_test(markdown_shows_tricks_in_entities_too),
        cmocka_unit_test(markdown_stays_within_its_limits),
        cmocka_unit_test(form_is_decoded),
        cmocka_unit_test(broken_forms_are_refused),
        cmocka_unit_test(cookie_is_found_once_or_not),
        cmocka_unit_test(our_security_txt_is_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
