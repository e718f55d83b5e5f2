/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escaping by context for the compiled templates.  Runs in core (pages) and httpd (its own error
 * pages); values are hostile: they hold what strangers wrote.
 */
#include "web/html.h"

#include "base/utf8.h"

const struct web_asset *web_asset_find(struct str path)
{
    for (size_t i = 0; i < web_assets_n; i++)
        if (str_eq(web_assets[i].path, path))
            return &web_assets[i];
    return NULL;
}

/* The entity for the five characters with a meaning, or the empty string. */
static struct str entity_of(uint32_t cp)
{
    switch (cp) {
    case '&':
        return STR("&amp;");
    case '<':
        return STR("&lt;");
    case '>':
        return STR("&gt;");
    case '"':
        return STR("&quot;");
    case '\'':
        return STR("&#39;");
    default:
        return STR_NONE;
    }
}

static bool is_bad_control(uint32_t cp)
{
    return (cp < 0x20 && cp != '\t' && cp != '\n') || (cp >= 0x7f && cp < 0xa0);
}

/* Most of any text: visible ASCII without a meaning in HTML, and what stands between words. */
static size_t plain_run(const char *p, size_t n)
{
    static const bool special[128] = {
        [0x00 ... 0x08] = true, [0x0b ... 0x1f] = true, ['&'] = true,  ['<'] = true,
        ['>'] = true,           ['"'] = true,           ['\''] = true, [0x7f] = true};
    size_t i = 0;
    while (i < n && (unsigned char)p[i] < 0x80 && !special[(unsigned char)p[i]])
        i++;
    return i;
}

enum trick { TRICK_ELEMENT, TRICK_BRACKETS, TRICK_KEEP };

static void put_trick(struct buf *out, uint32_t cp, enum trick trick)
{
    if (trick == TRICK_ELEMENT)
        buf_addf(out, "<span class=\"trick\">U+%04X</span>", cp);
    else
        buf_addf(out, "[U+%04X]", cp);
}

static void escape(struct buf *out, struct str s, enum trick trick)
{
    size_t from = 0, at = 0;
    while ((at += plain_run(s.p + at, s.n - at)) < s.n) {
        uint32_t cp;
        size_t n = utf8_next(str_sub(s, at, 4), &cp);
        struct str put = STR_NONE;
        if (n == 0 || is_bad_control(cp))
            put = STR("\xef\xbf\xbd");
        else
            put = entity_of(cp);
        bool tricky = n > 0 && trick != TRICK_KEEP && utf8_is_trick(cp);
        if (put.n || tricky) {
            buf_add(out, str_sub(s, from, at - from));
            if (tricky)
                put_trick(out, cp, trick);
            else
                buf_add(out, put);
            from = at + (n ? n : 1);
        }
        at += n ? n : 1;
    }
    buf_add(out, str_sub(s, from, s.n - from));
}

void html_text(struct buf *out, struct str s)
{
    escape(out, s, TRICK_ELEMENT);
}

void html_attr(struct buf *out, struct str s)
{
    escape(out, s, TRICK_BRACKETS);
}

void html_exact(struct buf *out, struct str s)
{
    escape(out, s, TRICK_KEEP);
}

bool url_allowed(struct str s)
{
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= 0x20 || c == 0x7f || c == '\\')
            return false;
    }
    if (s.p[0] == '#' || s.p[0] == '?')
        return true;
    if (s.p[0] == '/')
        return s.n == 1 || s.p[1] != '/';
    static const struct str schemes[] = {{"https://", 8}, {"http://", 7}, {"mailto:", 7}};
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        if (str_starts_nocase(s, schemes[i]) && s.n > schemes[i].n)
            return true;
    return false;
}

static bool is_unreserved(char c)
{
    return ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static void put_percent(struct buf *out, char c)
{
    buf_addf(out, "%%%02X", (unsigned char)c);
}

void html_url(struct buf *out, struct str s)
{
    if (!url_allowed(s)) {
        buf_addc(out, '#');
        return;
    }
    static const struct str keep = {":/?#[]@!$()*+,;=%", 17};
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '&')
            buf_adds(out, "&amp;");
        else if (is_unreserved(c) || str_chr(keep, c) != STR_NPOS)
            buf_addc(out, c);
        else
            put_percent(out, c);
    }
}

void html_urlpart(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_unreserved(s.p[i]))
            buf_addc(out, s.p[i]);
        else
            put_percent(out, s.p[i]);
    }
}

void html_text_c(struct buf *out, const char *c)
{
    html_text(out, str_c(c));
}

void html_attr_c(struct buf *out, const char *c)
{
    html_attr(out, str_c(c));
}

void html_exact_c(struct buf *out, const char *c)
{
    html_exact(out, str_c(c));
}

void html_url_c(struct buf *out, const char *c)
{
    html_url(out, str_c(c));
}

void html_urlpart_c(struct buf *out, const char *c)
{
    html_urlpart(out, str_c(c));
}

void html_i64(struct buf *out, int64_t n)
{
    buf_addf(out, "%lld", (long long)n);
}

void html_u64(struct buf *out, uint64_t n)
{
    buf_addf(out, "%llu", (unsigned long long)n);
}

void tpl_raw(struct buf *out, struct html_safe h)
{
    buf_add(out, h.s);
}
