/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: forms, cookies, hosts, security.txt, Markdown and the escapers.  The first byte
 * picks which; what comes out is checked for the one thing that must never be there.
 */
#include "base/utf8.h"
#include "web/http.h"
#include "web/markdown.h"
#include "web/securitytxt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define FUZZ_NOW INT64_C(1764082800000000)

static void fuzz_form(struct str s)
{
    AUTO(http_form) struct http_form f = {.n_fields = 0};
    if (http_form_parse(s, &f, NULL) != RC_OK)
        return;
    for (size_t i = 0; i < f.n_fields; i++)
        BUG_ON(!utf8_is_clean(f.fields[i].name) || !utf8_is_clean(f.fields[i].value));
}

static void fuzz_markdown(struct str s)
{
    AUTO(buf) struct buf out = BUF_INIT(MARKDOWN_OUT_MAX);
    struct html_safe h;
    if (markdown_render(s, &out, &h, NULL) != RC_OK)
        return;
    BUG_ON(str_find_nocase(h.s, STR("<script")) != STR_NPOS);
    BUG_ON(str_find_nocase(h.s, STR("<img")) != STR_NPOS);
    BUG_ON(str_find_nocase(h.s, STR("href=\"javascript")) != STR_NPOS);
    BUG_ON(str_find(h.s, STR("\xe2\x80\xae")) != STR_NPOS);
    BUG_ON(!utf8_valid(h.s));
}

static void fuzz_escape(struct str s)
{
    AUTO(buf) struct buf out = BUF_INIT(MARKDOWN_OUT_MAX);
    html_attr(&out, s);
    html_exact(&out, s);
    html_url(&out, s);
    html_urlpart(&out, s);
    for (size_t i = 0; i < out.n; i++)
        BUG_ON(strchr("<>\"'", out.p[i]) != NULL);
    buf_reset(&out);
    html_text(&out, s);
    BUG_ON(!utf8_valid(buf_str(&out)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str value;
    struct securitytxt_report report;
    if (n == 0)
        return 0;
    struct str s = str_of(data + 1, n - 1);
    switch (data[0] % 6) {
    case 0:
        fuzz_form(s);
        break;
    case 1:
        if (http_cookie_get(s, STR("a"), &value, NULL) == RC_OK)
            BUG_ON(value.n == 0 || value.n > HTTP_COOKIE_VALUE_MAX);
        break;
    case 2:
        if (http_host_check(s, NULL) == RC_OK)
            BUG_ON(str_chr(s, '/') != STR_NPOS || str_chr(s, '@') != STR_NPOS);
        break;
    case 3:
        if (securitytxt_check(s, FUZZ_NOW, STR_NONE, &report, NULL) == RC_OK)
            BUG_ON(report.expires_us <= FUZZ_NOW);
        break;
    case 4:
        fuzz_markdown(s);
        break;
    default:
        fuzz_escape(s);
    }
    return 0;
}
