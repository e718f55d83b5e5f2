/* SPDX-License-Identifier: Apache-2.0 */
/* An advisory for tests.  Not part of the program. */
#include "publish/testing.h"

#include "base/when.h"

#define NOV_25_US INT64_C(1795593600000000) /* 2026-11-25T08:00:00Z */

struct adv_form publish_test_form(void)
{
    return (struct adv_form){
        .title = STR("A <b>bold</b> & bad hole"),
        .summary = STR("A long name overflows a buffer.\nEverybody is affected."),
        .severity = STR("high"),
        .cvss = STR("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
        .cve = STR("CVE-2026-12345\n"),
        .affected = STR(">= 2.4, < 2.6.1\n\n  <= 1.8  \n= 1.9.9"),
        .fixed = STR("2.6.1\n1.9.10\n"),
        .references = STR("https://git.example/parser/commit/abc\nhttps://example.org/?a=1&b=2"),
        .timeline = STR("2026-11-20 Reported\n2026-11-21 Confirmed\n2026-11-24 Fix ready\n"),
        .body = STR("## Impact\n\n]]> <script>alert(1)</script> &amp; more.\n\n"
                    "## What to do\n\nUpdate, or refuse long names.\n")};
}

struct adv_doc publish_test_doc(struct arena *a)
{
    static struct adv_credit thanks[] = {{STR("Zo\xc3\xab <z>"), STR("finder")},
                                         {STR("Kim"), STR("remediation developer")}};
    static struct adv_change changes[] = {{NOV_25_US + US_PER_DAY, STR("2.3 is affected too")}};
    struct adv_form f = publish_test_form();
    struct adv_doc d = {.number = STR("EX-SA-2026-0007"),
                        .osv_id = STR("x_EX-SA-2026-0007"),
                        .url = STR("https://desk.example/advisories/EX-SA-2026-0007"),
                        .feed_url = STR("https://desk.example/advisories.atom"),
                        .desk = STR("Example Desk"),
                        .product = STR("Parser"),
                        .ecosystem = STR("Packagist"),
                        .package = STR("example/parser"),
                        .purl = STR("pkg:composer/example/parser"),
                        .published_us = NOV_25_US,
                        .modified_us = NOV_25_US + US_PER_DAY,
                        .withdrawn_reason = STR_NONE,
                        .changes = changes,
                        .n_changes = 1};
    BUG_ON(adv_form_read(a, &f, &d.c, NULL) != RC_OK);
    d.c.credits = thanks;
    d.c.n_credits = ARRAY_LEN(thanks);
    return d;
}

struct atom_entry publish_test_entry(struct arena *a)
{
    struct adv_doc d = publish_test_doc(a);
    return (struct atom_entry){.number = d.number,
                               .title = d.c.title,
                               .url = d.url,
                               .osv_url = arena_strf(a, "%.*s.json", STR_ARG(d.url)),
                               .summary = d.c.summary,
                               .html = STR("<p>\"x\" &amp; <em>y</em> ]]&gt;</p>"),
                               .severity = d.c.severity,
                               .published_us = d.published_us,
                               .updated_us = d.modified_us};
}
