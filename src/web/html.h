/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_HTML_H
#define VULNDESK_WEB_HTML_H

#include "base/buf.h"

/*
 * What compiled templates (tools/template.py) call: one escaper for each place a value can stand
 * in. Values may hold any bytes.  In text and attributes, invalid UTF-8 and controls become U+FFFD,
 * and characters that hide or reorder text (utf8_is_trick) are shown by name: a reporter's subject
 * must not be able to lie about its own content.  Form controls keep a value exactly, so that text
 * that is shown again after an error comes back unchanged.
 */

/* HTML that may be written as it is.  Made in two places only: web/markdown.c, and from the map of
 * engine/affected/map.c in web/page_affected.c. */
struct html_safe {
    struct str s;
};

/* A static file, embedded at build time; its path holds the hash of its content. */
struct web_asset {
    struct str path, type, bytes;
};
extern const struct web_asset web_assets[];
extern const size_t web_assets_n;
/* NULL when there is none of that path. */
const struct web_asset *web_asset_find(struct str path);

/* Between tags; a trick character becomes an element of its own. */
void html_text(struct buf *out, struct str s);
/* In a quoted attribute or a title; a trick character becomes "[U+202E]". */
void html_attr(struct buf *out, struct str s);
/* The value of a form control: escaped, otherwise as it is. */
void html_exact(struct buf *out, struct str s);
/* A whole URL: kept when url_allowed(), replaced by "#" otherwise. */
void html_url(struct buf *out, struct str s);
/* A piece of a URL after its start: everything but unreserved characters is percent-encoded. */
void html_urlpart(struct buf *out, struct str s);

/*
 * https:, http:, mailto: followed by something, or a reference within this site ("/x", "#x", "?x",
 * never "//host"), without controls, spaces and backslashes.
 */
bool url_allowed(struct str s);

/* The same for C strings and numbers; picked by type below. */
void html_text_c(struct buf *out, const char *c);
void html_attr_c(struct buf *out, const char *c);
void html_exact_c(struct buf *out, const char *c);
void html_url_c(struct buf *out, const char *c);
void html_urlpart_c(struct buf *out, const char *c);
void html_i64(struct buf *out, int64_t n);
void html_u64(struct buf *out, uint64_t n);

#define TPL_PICK(what, x)                                                                          \
    _Generic((x),                                                                                  \
        struct str: what,                                                                          \
        char *: what##_c,                                                                          \
        const char *: what##_c,                                                                    \
        int: html_i64,                                                                             \
        long: html_i64,                                                                            \
        long long: html_i64,                                                                       \
        unsigned: html_u64,                                                                        \
        unsigned long: html_u64)

#define tpl_text(out, x)    TPL_PICK(html_text, x)(out, x)
#define tpl_attr(out, x)    TPL_PICK(html_attr, x)(out, x)
#define tpl_exact(out, x)   TPL_PICK(html_exact, x)(out, x)
#define tpl_url(out, x)     TPL_PICK(html_url, x)(out, x)
#define tpl_urlpart(out, x) TPL_PICK(html_urlpart, x)(out, x)
#define tpl_lit(out, s)     buf_add(out, s)

void tpl_raw(struct buf *out, struct html_safe h);

static inline bool html_true_str(struct str s)
{
    return s.n > 0;
}
static inline bool html_true_safe(struct html_safe h)
{
    return h.s.n > 0;
}
static inline bool html_true_c(const char *c)
{
    return c != NULL && *c != '\0';
}
static inline bool html_true_n(int64_t n)
{
    return n != 0;
}
#define tpl_true(x)                                                                                \
    _Generic((x),                                                                                  \
        struct str: html_true_str,                                                                 \
        struct html_safe: html_true_safe,                                                          \
        char *: html_true_c,                                                                       \
        const char *: html_true_c,                                                                 \
        default: html_true_n)(x)

#endif
