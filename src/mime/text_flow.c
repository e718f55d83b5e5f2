/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format=flowed, and safe file names.  Runs in the parse child on hostile text.
 */
#include "mime/text.h"

#include <string.h>

#include "base/utf8.h"
#include "mime/mail.h"

/* Quote depth of a line; the marks and one stuffed space are cut off. */
static size_t cut_quotes(struct str *line)
{
    size_t depth = 0;
    while (depth < line->n && line->p[depth] == '>')
        depth++;
    *line = str_sub(*line, depth, line->n);
    if (line->n > 0 && line->p[0] == ' ')
        *line = str_sub(*line, 1, line->n);
    return depth;
}

static void add_quotes(struct buf *out, size_t depth)
{
    for (size_t i = 0; i < depth && i < TEXT_QUOTE_MAX; i++)
        buf_addc(out, '>');
    if (depth > 0)
        buf_addc(out, ' ');
}

void text_unflow(struct buf *out, struct str s, bool delsp)
{
    struct str line;
    bool open = false; /* the last line was flowed */
    size_t open_depth = 0;
    while (!out->over && str_line(&s, &line)) {
        size_t depth = cut_quotes(&line);
        bool signature = str_eq(line, STR("-- "));
        if (open && (depth != open_depth || signature)) {
            buf_addc(out, '\n');
            open = false;
        }
        if (!open)
            add_quotes(out, depth);
        bool flowed = line.n > 0 && line.p[line.n - 1] == ' ' && !signature;
        if (flowed && delsp)
            line.n--;
        buf_add(out, line);
        if (!flowed)
            buf_addc(out, '\n');
        open = flowed;
        open_depth = depth;
    }
    if (open)
        buf_addc(out, '\n');
}

static const char *ext_of(struct str type)
{
    static const struct {
        const char *type, *ext;
    } list[] = {
        {"text/plain", "txt"},
        {"text/html", "html"},
        {"text/x-patch", "patch"},
        {"text/x-diff", "diff"},
        {"text/calendar", "ics"},
        {"text/csv", "csv"},
        {"image/png", "png"},
        {"image/jpeg", "jpg"},
        {"image/gif", "gif"},
        {"image/svg+xml", "svg"},
        {"application/pdf", "pdf"},
        {"application/zip", "zip"},
        {"application/gzip", "gz"},
        {"application/json", "json"},
        {"application/pgp-signature", "asc"},
        {"application/pgp-keys", "asc"},
        {"application/pkcs7-signature", "p7s"},
        {"application/pkcs7-mime", "p7m"},
        {"message/rfc822", "eml"},
        {"message/global", "eml"},
        {"message/delivery-status", "txt"},
        {"text/rfc822-headers", "txt"},
    };
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        if (str_eq(type, str_c(list[i].type)))
            return list[i].ext;
    return "bin";
}

/* Characters one by one: what is left of them in a file name. */
static void add_name(struct buf *b, struct str s)
{
    while (s.n > 0) {
        uint32_t cp = 0;
        size_t n = utf8_next(s, &cp);
        if (n == 0) {
            n = 1;
            buf_addc(b, '_');
        } else if (cp < 0x80 && cp >= ' ' && strchr(":*?\"<>|", (int)cp) != NULL) {
            buf_addc(b, '_');
        } else if (cp >= ' ' && !(cp >= 0x7f && cp < 0xa0) && !utf8_is_trick(cp) && cp != 0x2028 &&
                   cp != 0x2029) {
            buf_add(b, str_sub(s, 0, n));
        }
        s = str_sub(s, n, s.n);
    }
}

static struct str trim_name(struct str s)
{
    while (s.n > 0 && (s.p[0] == '.' || s.p[0] == ' ' || s.p[0] == '-'))
        s = str_sub(s, 1, s.n);
    while (s.n > 0 && (s.p[s.n - 1] == '.' || s.p[s.n - 1] == ' '))
        s = str_sub(s, 0, s.n - 1);
    return s;
}

/* Cut to the limit with a short extension kept. */
static struct str fit_name(struct arena *a, struct str s)
{
    if (s.n <= MAIL_FILE_NAME_MAX)
        return s;
    size_t dot = str_rchr(s, '.');
    struct str ext = dot == STR_NPOS || s.n - dot > 20 ? STR_NONE : str_sub(s, dot, s.n);
    struct str stem = trim_name(utf8_clip(s, MAIL_FILE_NAME_MAX - ext.n));
    return arena_strf(a, "%.*s%.*s", STR_ARG(stem), STR_ARG(ext));
}

struct str text_file_name(struct arena *a, struct str orig, int64_t part, struct str type,
                          bool *ret_changed)
{
    struct str s = orig;
    size_t cut = str_rchr(s, '/');
    s = cut == STR_NPOS ? s : str_sub(s, cut + 1, s.n);
    cut = str_rchr(s, '\\');
    s = cut == STR_NPOS ? s : str_sub(s, cut + 1, s.n);
    AUTO(buf) struct buf b = BUF_INIT(orig.n + 1);
    add_name(&b, s);
    s = fit_name(a, trim_name(buf_str(&b)));
    if (s.n > 0 && !mail_file_name_ok(s)) /* a reserved word */
        s = arena_strf(a, "_%.*s", STR_ARG(utf8_clip(s, MAIL_FILE_NAME_MAX - 1)));
    if (!mail_file_name_ok(s))
        s = arena_strf(a, "part-%lld.%s", (long long)part, ext_of(type));
    *ret_changed = !str_eq(s, orig);
    return arena_str(a, s);
}
