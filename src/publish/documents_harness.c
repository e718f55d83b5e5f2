/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents for the tests against the schemas of others (documents_test.py): one JSON object,
 * {"osv":[text,...],"atom":[text,...]}.  Not part of the program.
 */
#include <stdio.h>

#include "base/when.h"
#include "publish/osv.h"
#include "publish/testing.h"

static int add_osv(json_t *list, const struct adv_doc *d)
{
    AUTO(buf) struct buf b = BUF_INIT(OSV_MAX);
    if (osv_write(d, &b, NULL) != RC_OK)
        return 1;
    json_array_append_new(list, json_str(buf_str(&b)));
    return 0;
}

static int add_feed(json_t *list, const struct atom_entry *entries, size_t n)
{
    AUTO(buf) struct buf b = BUF_INIT(ATOM_MAX);
    struct atom_feed f = {.desk_id = STR("0011"),
                          .title = STR("Advisories of A & B <C>"),
                          .author = STR("A & B"),
                          .self_url = STR("https://desk.example/advisories.atom?a=1&b=2"),
                          .site_url = STR("https://desk.example/advisories"),
                          .entries = entries,
                          .n_entries = n};
    if (atom_write(&f, &b, NULL) != RC_OK)
        return 1;
    json_array_append_new(list, json_str(buf_str(&b)));
    return 0;
}

int main(void)
{
    AUTO(arena) struct arena *a = arena_new(8u << 20);
    AUTO(buf) struct buf out = BUF_INIT((size_t)4 << 20);
    AUTO(json) json_t *all = json_pack("{s:[], s:[]}", "osv", "atom");
    json_t *osv = json_object_get(all, "osv"), *atom = json_object_get(all, "atom");
    struct adv_doc d = publish_test_doc(a);
    struct atom_entry two[] = {publish_test_entry(a), publish_test_entry(a)};
    int bad = add_osv(osv, &d);
    /* Of no package; withdrawn; with CVSS 4; with nothing that may be left out. */
    d.ecosystem = d.package = d.purl = d.product = STR_NONE;
    bad += add_osv(osv, &d);
    d.withdrawn_us = d.modified_us;
    d.withdrawn_reason = STR("It was none.");
    bad += add_osv(osv, &d);
    d.c.cvss = STR("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N");
    bad += add_osv(osv, &d);
    d.withdrawn_us = 0;
    d.c = (struct adv_content){.title = STR("Bare"), .body = STR_NONE};
    bad += add_osv(osv, &d);
    bad += add_feed(atom, NULL, 0) + add_feed(atom, two, 1);
    two[1].number = STR("EX-SA-2026-0008");
    two[1].withdrawn = true;
    two[1].html = two[1].severity = STR_NONE;
    two[1].updated_us += US_PER_S;
    bad += add_feed(atom, two, 2);
    if (bad || json_write(&out, all, NULL) != RC_OK)
        return 1;
    return fwrite(out.p, 1, out.n, stdout) == out.n ? 0 : 1;
}
