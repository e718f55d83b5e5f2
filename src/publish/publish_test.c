/* SPDX-License-Identifier: Apache-2.0 */
/* What an advisory may say, and the documents made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/when.h"
#include "publish/atom.h"
#include "publish/osv.h"
#include "publish/testing.h"
#include "publish/text.h"

#define OK(call)                                                                                   \
    do {                                                                                           \
        struct err e_ = ERR_INIT, *e = &e_;                                                        \
        if ((call) != RC_OK)                                                                       \
            fail_msg("%s: %s", #call, e_.msg);                                                     \
    } while (0)

static void ranges_are_what_advisories_write(void **state)
{
    static const struct {
        const char *line, *from, *fixed, *last, *exact;
    } good[] = {{"< 2.6.1", "", "2.6.1", "", ""},
                {">= 2.4, < 2.6.1", "2.4", "2.6.1", "", ""},
                {">=2.4,<2.6.1", "2.4", "2.6.1", "", ""},
                {">= 2.4, <= 2.6.0", "2.4", "", "2.6.0", ""},
                {"<= 2.6.0-rc1+x~y", "", "", "2.6.0-rc1+x~y", ""},
                {">= 2026-01a", "2026-01a", "", "", ""},
                {"= 2.5.0", "", "", "", "2.5.0"}};
    static const char *const bad[] = {"",          "2.4",           "> 2.4",     "< 2.6.1, < 2.7",
                                      "<",         "= 1, < 2",      "< 1, <= 2", "< 2 or so",
                                      "< 2.6.1,,", "< \xe2\x88\x9e"};
    struct adv_range r;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        OK(adv_range_parse(str_c(good[i].line), &r, e));
        assert_true(str_eq(r.from, str_c(good[i].from)) && str_eq(r.fixed, str_c(good[i].fixed)) &&
                    str_eq(r.last, str_c(good[i].last)) && str_eq(r.exact, str_c(good[i].exact)));
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (adv_range_parse(str_c(bad[i]), &r, NULL) != RC_INVALID)
            fail_msg("\"%s\" is taken", bad[i]);
}

static void small_grammars(void **state)
{
    (void)state;
    assert_true(adv_cvss_ok(STR("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")));
    assert_true(adv_cvss_ok(STR("CVSS:3.0/AV:P/AC:H/PR:H/UI:R/S:C/C:N/I:N/A:L")));
    assert_true(
        adv_cvss_ok(STR("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N")));
    assert_false(adv_cvss_ok(STR("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H")));
    assert_false(adv_cvss_ok(STR("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/")));
    assert_false(adv_cvss_ok(STR("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P")));
    assert_false(adv_cvss_ok(STR("CVSS:2.0/AV:N/AC:L/Au:N/C:P/I:P/A:P")));
    assert_false(adv_cvss_ok(STR("CVSS:3.1/AC:L/AV:N/PR:N/UI:N/S:U/C:H/I:H/A:H")));
    assert_true(adv_cve_ok(STR("CVE-2026-1234")) && adv_cve_ok(STR("CVE-2026-1234567")));
    assert_false(adv_cve_ok(STR("CVE-2026-123")) || adv_cve_ok(STR("cve-2026-1234")) ||
                 adv_cve_ok(STR("CVE-2026-12345678901234")));
    assert_true(adv_url_ok(STR("https://example.org/a?b=c#d")));
    assert_false(adv_url_ok(STR("javascript:alert(1)")) || adv_url_ok(STR("https://a b.example")) ||
                 adv_url_ok(STR("https://example.org/\"onclick")) || adv_url_ok(STR("https://")));
    assert_true(osv_ecosystem_ok(STR("Packagist")) && osv_ecosystem_ok(STR("Debian:12")));
    assert_false(osv_ecosystem_ok(STR("packagist")) || osv_ecosystem_ok(STR("Debian:")) ||
                 osv_ecosystem_ok(STR("")));
}

static void refused(struct arena *a, struct adv_form f, const char *field)
{
    struct adv_content c;
    struct err e = ERR_INIT;
    assert_int_not_equal(adv_form_read(a, &f, &c, &e), RC_OK);
    if (strncmp(e.msg, field, strlen(field)) != 0)
        fail_msg("\"%s\" does not begin with the field's name %s", e.msg, field);
}

static void a_form_is_refused_with_the_name_of_its_field(void **state)
{
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    struct adv_content c;
    struct adv_form f, good = publish_test_form();
    (void)state;
    OK(adv_form_read(a, &good, &c, e));
    assert_int_equal(c.n_affected, 3);
    assert_int_equal(c.n_timeline, 3);
#define BAD(member, value, field) f = good, f.member = STR(value), refused(a, f, field)
    BAD(title, " ", "title");
    BAD(title, "two\nlines", "title");
    BAD(severity, "bad", "severity");
    BAD(cvss, "9.8", "CVSS");
    BAD(cve, "CVE-26-1", "CVE");
    BAD(affected, "all of them", "affected versions");
    BAD(fixed, "2.6.1 or so", "fixed versions");
    BAD(references, "mailto:a@b.example", "references");
    BAD(timeline, "yesterday Reported", "timeline");
    BAD(timeline, "2026-13-01 Reported", "timeline");
    BAD(timeline, "2026-11-25", "timeline");
    BAD(body, "a\x01z", "text");
    BAD(body, "\xff", "text");
#undef BAD
    AUTO(buf) struct buf many = BUF_INIT(100000);
    for (int i = 0; i <= ADV_LIST_MAX; i++)
        buf_adds(&many, "1.0\n");
    f = good;
    f.fixed = buf_str(&many);
    refused(a, f, "fixed versions");
    f = good;
    AUTO(mem) char *long_body = mem_zalloc(ADV_BODY_MAX + 2);
    memset(long_body, 'x', ADV_BODY_MAX + 1);
    f.body = str_c(long_body);
    refused(a, f, "text");
}

static void what_is_kept_comes_back(void **state)
{
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    AUTO(buf) struct buf text = BUF_INIT(ADV_FACTS_MAX);
    AUTO(json) json_t *j = NULL, *again = NULL;
    struct adv_content c, back;
    struct adv_form f = publish_test_form(), filled;
    struct adv_credit thanks[] = {{STR("Zo\xc3\xab \"Z\" <z>"), STR("finder")}};
    (void)state;
    OK(adv_form_read(a, &f, &c, e));
    c.credits = thanks;
    c.n_credits = 1;
    j = adv_facts_json(&c);
    OK(json_write(&text, j, e));
    back = (struct adv_content){.title = c.title, .body = c.body};
    OK(adv_facts_parse(a, buf_str(&text), &back, e));
    again = adv_facts_json(&back);
    assert_true(json_equal(j, again));
    /* And through a form: what a page shows is read back as the same. */
    adv_form_fill(a, &back, &filled);
    OK(adv_form_read(a, &filled, &c, e));
    assert_true(str_eq(c.title, back.title) && str_eq(c.body, back.body));
    assert_int_equal(c.n_timeline, back.n_timeline);
    assert_true(str_eq(c.timeline[1].text, back.timeline[1].text));
    struct adv_content none = {.title = STR("t"), .body = STR("b")};
    OK(adv_facts_parse(a, STR("{}"), &none, e));
    assert_true(str_eq(none.body, STR("b")) && none.summary.n == 0 && none.n_affected == 0);
    assert_int_not_equal(adv_facts_parse(a, STR("{\"summary\":1}"), &none, NULL), RC_OK);
}

static void the_mail_says_it_all(void **state)
{
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    AUTO(buf) struct buf b = BUF_INIT(ADV_TEXT_MAX);
    struct adv_doc d = publish_test_doc(a);
    static const char *const words[] = {"EX-SA-2026-0007",
                                        "CVE-2026-12345",
                                        ">= 2.4, < 2.6.1",
                                        "Fixed in   2.6.1",
                                        "Severity   high",
                                        "2026-11-20  Reported",
                                        "Published",
                                        "Zo\xc3\xab <z> (finder)",
                                        "refuse long names",
                                        "https://git.example/parser/commit/abc",
                                        "2026-11-26  2.3 is affected too"};
    (void)state;
    OK(adv_text(&d, &b, e));
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_find(buf_str(&b), str_c(words[i])) == STR_NPOS)
            fail_msg("the mail does not say %s:\n%s", words[i], buf_c(&b));
    assert_true(str_find(buf_str(&b), STR("withdrawn")) == STR_NPOS);
    d.withdrawn_us = d.modified_us;
    d.withdrawn_reason = STR("It was none.");
    buf_reset(&b);
    OK(adv_text(&d, &b, e));
    assert_true(str_starts(buf_str(&b), STR("This advisory is withdrawn: It was none.")));
}

static void osv_holds_what_the_advisory_says(void **state)
{
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    AUTO(buf) struct buf b = BUF_INIT(OSV_MAX);
    AUTO(json) json_t *j = NULL;
    struct adv_doc d = publish_test_doc(a);
    (void)state;
    OK(osv_write(&d, &b, e));
    OK(json_parse(buf_str(&b), OSV_MAX, "OSV", &j, e));
    json_t *affected = json_array_get(json_object_get(j, "affected"), 0);
    assert_int_equal(json_array_size(json_object_get(affected, "ranges")), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(affected, "versions"), 0)),
                        "1.9.9");
    json_t *credit = json_array_get(json_object_get(j, "credits"), 1);
    assert_string_equal(json_string_value(json_object_get(credit, "type")),
                        "REMEDIATION_DEVELOPER");
    assert_string_equal(json_string_value(json_object_get(j, "modified")), "2026-11-26T08:00:00Z");
    assert_null(json_object_get(j, "withdrawn"));
    assert_string_equal(json_string_value(json_array_get(json_object_get(j, "aliases"), 0)),
                        "CVE-2026-12345");
}

static struct atom_feed feed_of(const struct atom_entry *entries, size_t n)
{
    return (struct atom_feed){.desk_id = STR("0011"),
                              .title = STR("Advisories of A & B <C>"),
                              .author = STR("A & B"),
                              .self_url = STR("https://desk.example/advisories.atom"),
                              .site_url = STR("https://desk.example/advisories"),
                              .updated_us = 0,
                              .entries = entries,
                              .n_entries = n};
}

/* What no XML may hold, out of a title that came with a report, does not break the feed. */
static void a_feed_holds_only_what_xml_may(void **state)
{
    AUTO(buf) struct buf b = BUF_INIT(ATOM_MAX);
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    struct atom_entry one = publish_test_entry(a);
    struct atom_feed f = feed_of(&one, 1);
    (void)state;
    one.title = STR("x\xef\xbf\xbf\xef\xbf\xbey\xef\xbf\xbd\x1b]]>");
    OK(atom_write(&f, &b, e));
    assert_true(
        str_find(buf_str(&b), STR(": x\xef\xbf\xbd\xef\xbf\xbdy\xef\xbf\xbd]]&gt;</title>")) !=
        STR_NPOS);
}

static void the_id_of_an_entry_stays(void **state)
{
    AUTO(buf) struct buf b = BUF_INIT(ATOM_MAX);
    AUTO(buf) struct buf moved = BUF_INIT(ATOM_MAX);
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    struct atom_entry one = publish_test_entry(a);
    struct atom_feed f = feed_of(&one, 1);
    (void)state;
    OK(atom_write(&f, &b, e));
    one.url = STR("https://elsewhere.example/advisories/EX-SA-2026-0007");
    one.title = STR("Another title");
    one.updated_us += 3600 * US_PER_S;
    f.self_url = STR("https://elsewhere.example/advisories.atom");
    OK(atom_write(&f, &moved, e));
    size_t x = str_find(buf_str(&b), STR("<entry><id>urn:uuid:"));
    size_t y = str_find(buf_str(&moved), STR("<entry><id>urn:uuid:"));
    assert_true(x != STR_NPOS && y != STR_NPOS);
    assert_true(str_eq(str_sub(buf_str(&b), x, 60), str_sub(buf_str(&moved), y, 60)));
    /* The feed is as new as its newest entry, and markup of a title is text. */
    assert_true(str_find(buf_str(&moved), STR("</title><updated>2026-11-26T09:00:00Z")) !=
                STR_NPOS);
    assert_true(str_find(buf_str(&b), STR("A &lt;b&gt;bold&lt;/b&gt; &amp; bad hole")) != STR_NPOS);
    f.desk_id = STR("0022");
    buf_reset(&moved);
    OK(atom_write(&f, &moved, e));
    y = str_find(buf_str(&moved), STR("<entry><id>urn:uuid:"));
    assert_false(str_eq(str_sub(buf_str(&b), x, 60), str_sub(buf_str(&moved), y, 60)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_what_advisories_write),
        cmocka_unit_test(small_grammars),
        cmocka_unit_test(a_form_is_refused_with_the_name_of_its_field),
        cmocka_unit_test(what_is_kept_comes_back),
        cmocka_unit_test(the_mail_says_it_all),
        cmocka_unit_test(osv_holds_what_the_advisory_says),
        cmocka_unit_test(a_feed_holds_only_what_xml_may),
        cmocka_unit_test(the_id_of_an_entry_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
