/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a manifest, a list of packages and program text: read within bounds, and what comes
 * out is short, clean and really a version.
 */
#include <stdint.h>
#include <string.h>

#include "engine/audit/vendor_manifest.h"
#include "engine/audit/vendor_source.h"

#define KINDS ((int)MANIFEST_SUBREPO + 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct vendor_said *s)
{
    struct str v;
    BUG_ON(memchr(s->name, '\0', sizeof s->name) == NULL);
    BUG_ON(memchr(s->version, '\0', sizeof s->version) == NULL);
    BUG_ON(s->version[0] && !vendor_version(str_c(s->version), true, &v));
    for (const char *c = s->name; *c; c++)
        BUG_ON((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e);
}

static void lists(struct str text)
{
    for (int k = LIST_COMPOSER; k <= LIST_PIP; k++) {
        AUTO(arena) struct arena *a = arena_new(1u << 26);
        struct err e = ERR_INIT;
        struct vendor_package *all = NULL;
        struct str v;
        size_t n = 0;
        enum rc rc = vendor_list_read((enum vendor_list)k, text, a, &all, &n, &e);
        BUG_ON(rc != RC_OK && rc != RC_INVALID && rc != RC_LIMIT);
        for (size_t i = 0; i < n; i++) {
            BUG_ON(!vendor_name_ok(all[i].name));
            BUG_ON(all[i].version.n && !vendor_version(all[i].version, true, &v));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_of(data, size), name = STR("zlib"), holder;
    bool kept;
    for (int k = 0; k < KINDS; k++) {
        struct vendor_said s;
        (void)vendor_manifest_read((enum vendor_manifest)k, text, &s);
        check(&s);
    }
    struct vendor_said s[5] = {{.name = ""}};
    (void)vendor_macros(text, name, &s[0]);
    (void)vendor_assigned(text, name, &s[1]);
    (void)vendor_comment(text, &s[2], &kept);
    (void)vendor_readme(text, &s[3]);
    (void)vendor_changes(text, &s[4]);
    for (size_t i = 0; i < ARRAY_LEN(s); i++)
        check(&s[i]);
    struct str url;
    if (vendor_module_url(text, STR("a"), &url))
        BUG_ON(vendor_url_name(url).n > url.n);
    if (vendor_holder(text, &holder))
        BUG_ON(holder.n == 0);
    (void)vendor_name_same(text, name);
    lists(text);
    return 0;
}
