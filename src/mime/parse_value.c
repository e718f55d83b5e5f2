/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header values to typed ones, by GMime.  Runs in the parse child on hostile bytes that
 * parse_header.c has bounded.
 *
 * GMime gets a charset name from the mail and would have iconv open a file for it; the parse child
 * may not open files.  So names outside our list are renamed before GMime sees the value.
 */
#include "mime/parse_header.h"

#include <gmime/gmime.h>
#include <string.h>

#include "base/utf8.h"
#include "base/when.h"
#include "mime/text_charset.h"

static void gobject_auto(void *pp)
{
    GObject **o = pp;
    if (*o)
        g_object_unref(*o);
}

static void gfree_auto(void *pp)
{
    g_free(*(void **)pp);
}

/* GMime's options with fallbacks that are warm; made for each call, they hold no state. */
static void options_auto(GMimeParserOptions **o)
{
    if (*o)
        g_mime_parser_options_free(*o);
}

static GMimeParserOptions *options_new(void)
{
    static const char *fallback[] = {"utf-8", "cp1252", NULL};
    GMimeParserOptions *o = g_mime_parser_options_new();
    g_mime_parser_options_set_fallback_charsets(o, fallback);
    return o;
}

/* --- making a value safe --- */

static void add_charset(struct buf *b, struct str name, struct warnings w)
{
    const char *known = charset_known(name);
    if (known == NULL)
        warn(w, MAIL_WARN_UNKNOWN_CHARSET);
    if (known && str_eq_nocase(name, str_c(known)))
        buf_add(b, name); /* as written: it may turn out to be no encoded word */
    else
        buf_adds(b, known ? known : "cp1252");
}

/* "=?charset?" at i: its charset's length, or STR_NPOS. */
static size_t word_charset(struct str s, size_t i)
{
    if (s.p[i] != '=' || i + 1 >= s.n || s.p[i + 1] != '?')
        return STR_NPOS;
    for (size_t n = 0; i + 2 + n < s.n && n <= 2 * CHARSET_NAME_MAX; n++) {
        char c = s.p[i + 2 + n];
        if (c == '?')
            return n;
        if ((unsigned char)c <= ' ' || c == '=')
            return STR_NPOS;
    }
    return STR_NPOS;
}

/* RFC 2231 "*=charset'" or "*=\"charset'" with i at '*': where the charset starts. */
static size_t param_charset(struct str s, size_t i, size_t *ret_n)
{
    if (s.p[i] != '*')
        return STR_NPOS;
    size_t j = i + 1;
    while (j < s.n && (s.p[j] == ' ' || s.p[j] == '\t'))
        j++;
    if (j >= s.n || s.p[j] != '=')
        return STR_NPOS;
    j++;
    while (j < s.n && (s.p[j] == ' ' || s.p[j] == '\t' || s.p[j] == '"'))
        j++;
    size_t n = 0;
    while (j + n < s.n && s.p[j + n] != '\'' && s.p[j + n] != ';')
        n++;
    *ret_n = n;
    return j + n < s.n && s.p[j + n] == '\'' && n > 0 ? j : STR_NPOS;
}

static void add_safe(struct buf *b, struct str s, struct warnings w)
{
    for (size_t i = 0; i < s.n;) {
        size_t n = word_charset(s, i);
        if (n != STR_NPOS) {
            buf_adds(b, "=?");
            add_charset(b, str_sub(s, i + 2, n), w);
            i += 2 + n;
            continue;
        }
        size_t at = param_charset(s, i, &n);
        if (at != STR_NPOS) {
            buf_add(b, str_sub(s, i, at - i));
            add_charset(b, str_sub(s, at, n), w);
            i = at + n;
            continue;
        }
        buf_addc(b, s.p[i++]);
    }
}

struct str header_value(struct arena *a, struct str value, struct warnings w)
{
    AUTO(buf) struct buf flat = BUF_INIT(HEADER_FIELD_MAX);
    AUTO(buf) struct buf b = BUF_INIT(2 * HEADER_FIELD_MAX);
    value = str_sub(value, 0, HEADER_FIELD_MAX);
    bool gap = false;
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (c == '\0')
            continue;
        /* A fold: line end and the white space behind it become one space. */
        if (c == '\r' || c == '\n') {
            gap = true;
            continue;
        }
        if (gap && (c == ' ' || c == '\t'))
            continue;
        if (gap)
            buf_addc(&flat, ' ');
        gap = false;
        buf_addc(&flat, c);
    }
    add_safe(&b, buf_str(&flat), w);
    return arena_str(a, str_trim(buf_str(&b)));
}

/* GMime's answer as a clean line of at most max bytes, spaces at its ends kept. */
static struct str whole_line(struct arena *a, const char *text, size_t max)
{
    struct str s = str_c(text);
    AUTO(buf) struct buf b = BUF_INIT(s.n * 3 + 1);
    utf8_clean_line(&b, s);
    return arena_str(a, utf8_clip(buf_str(&b), max));
}

static struct str clean_line(struct arena *a, const char *text, size_t max)
{
    return str_trim(whole_line(a, text, max));
}

struct str header_text(struct arena *a, struct str value, size_t max, struct warnings w)
{
    AUTO(options) GMimeParserOptions *o = options_new();
    struct str v = header_value(a, value, w);
    AUTO(gfree) char *text = g_mime_utils_header_decode_text(o, v.p);
    return clean_line(a, text, max);
}

/* --- addresses --- */

/* Cuts the list in front of the colon that is one too many: groups nest, and GMime recurses. */
static struct str cut_groups(struct arena *a, struct str v, struct warnings w)
{
    size_t colons = 0;
    bool quoted = false;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] == '\\') {
            i++;
        } else if (v.p[i] == '"') {
            quoted = !quoted;
        } else if (v.p[i] == ':' && !quoted && ++colons > HEADER_COLONS_MAX) {
            warn(w, MAIL_WARN_LIST_CUT);
            return arena_str(a, str_sub(v, 0, i));
        }
    }
    return v;
}

static struct str addr_of(struct arena *a, const char *text, struct warnings w)
{
    struct str s = str_trim(str_c(text));
    if (!mail_addr_ok(s)) {
        warn(w, MAIL_WARN_BAD_ADDRESS);
        return STR_NONE;
    }
    char *p = arena_alloc(a, s.n + 1);
    if (p == NULL)
        return STR_NONE;
    size_t at = str_rchr(s, '@');
    for (size_t i = 0; i < s.n; i++)
        p[i] = i > at ? ascii_lower(s.p[i]) : s.p[i];
    return str_of(p, s.n);
}

struct addr_walk {
    struct arena *a;
    struct mail_addrs list;
    size_t max, total;
    struct warnings w;
};

/* depth: GMime nests groups at most HEADER_COLONS_MAX deep, see cut_groups. */
static void walk_addrs(struct addr_walk *k, InternetAddressList *l, int depth)
{
    int n = internet_address_list_length(l);
    for (int i = 0; i < n; i++) {
        InternetAddress *ia = internet_address_list_get_address(l, i);
        if (INTERNET_ADDRESS_IS_GROUP(ia)) {
            if (depth < HEADER_COLONS_MAX)
                walk_addrs(k, internet_address_group_get_members((InternetAddressGroup *)ia),
                           depth + 1);
            continue;
        }
        k->total++;
        if (k->list.n == k->max) {
            warn(k->w, MAIL_WARN_LIST_CUT);
            continue;
        }
        struct mail_addr *m = &k->list.p[k->list.n++];
        m->name = clean_line(k->a, internet_address_get_name(ia), MAIL_NAME_MAX);
        m->addr =
            addr_of(k->a, internet_address_mailbox_get_addr((InternetAddressMailbox *)ia), k->w);
    }
}

struct mail_addrs header_addrs(struct arena *a, struct str value, size_t max, size_t *ret_total,
                               struct warnings w)
{
    struct addr_walk k = {a, {NULL, 0}, max, 0, w};
    *ret_total = 0;
    if (str_trim(value).n == 0)
        return k.list;
    AUTO(options) GMimeParserOptions *o = options_new();
    struct str v = cut_groups(a, header_value(a, value, w), w);
    k.list.p = arena_array(a, max, sizeof(struct mail_addr));
    AUTO(gobject) InternetAddressList *l = internet_address_list_parse(o, v.p);
    if (k.list.p == NULL)
        return k.list;
    if (l)
        walk_addrs(&k, l, 0);
    if (k.total == 0)
        warn(w, MAIL_WARN_BAD_ADDRESS);
    *ret_total = k.total;
    return k.list;
}

/* --- dates and ids --- */

bool header_date(struct arena *a, struct str value, int64_t *ret_us, struct warnings w)
{
    struct str v = header_value(a, value, w);
    if (v.n == 0)
        return false;
    /* One-letter zones were defined with the wrong sign: they say nothing (RFC 5322 4.3). */
    if (v.n > 2 && ascii_is_alpha(v.p[v.n - 1]) && v.p[v.n - 2] == ' ')
        v = arena_strf(a, "%.*s +0000", STR_ARG(str_sub(v, 0, v.n - 2)));
    GDateTime *d = g_mime_utils_header_decode_date(v.p);
    int64_t s = d ? g_date_time_to_unix(d) : -1;
    if (d)
        g_date_time_unref(d);
    if (s < 0 || s > INT64_C(253402300799)) {
        warn(w, MAIL_WARN_BAD_DATE);
        return false;
    }
    *ret_us = s * US_PER_S;
    return true;
}

/*
 * Next id off *rest: what stands between < and >; outside of brackets a word with an @ counts too,
 * since some mailers forget them.
 */
static bool next_id(struct str *rest, struct str *ret_id)
{
    while (hfield_skip_cfws(rest) && rest->n > 0) {
        if (rest->p[0] == '<') {
            size_t end = str_chr(*rest, '>');
            if (end == STR_NPOS)
                end = rest->n;
            *ret_id = str_trim(str_sub(*rest, 1, end - 1));
            *rest = str_sub(*rest, end + 1, rest->n);
            return true;
        }
        size_t n = 0;
        while (n < rest->n && !ascii_is_space(rest->p[n]) && rest->p[n] != '<' && rest->p[n] != ',')
            n++;
        struct str word = str_sub(*rest, 0, n);
        *rest = str_sub(*rest, n == 0 ? 1 : n, rest->n);
        if (str_chr(word, '@') != STR_NPOS) {
            *ret_id = word;
            return true;
        }
    }
    return false;
}

struct mail_strs header_ids(struct arena *a, struct str value, size_t max, struct warnings w)
{
    struct mail_strs ids = {NULL, 0};
    struct str rest = str_sub(value, 0, HEADER_FIELD_MAX), id;
    while (next_id(&rest, &id)) {
        if (!mail_id_ok(id)) {
            warn(w, MAIL_WARN_BAD_ID);
            continue;
        }
        if (ids.p == NULL)
            ids.p = arena_array(a, max, sizeof *ids.p);
        if (ids.p == NULL)
            break;
        bool seen = false;
        for (size_t i = 0; i < ids.n && !seen; i++)
            seen = str_eq(ids.p[i], id);
        if (seen)
            continue;
        if (ids.n == max) {
            /* The root stays, the oldest of the others goes. */
            warn(w, MAIL_WARN_LIST_CUT);
            if (max < 2)
                break;
            memmove(ids.p + 1, ids.p + 2, (max - 2) * sizeof *ids.p);
            ids.n--;
        }
        ids.p[ids.n++] = arena_str(a, id);
    }
    return ids;
}

/* --- types and parameters --- */

static bool token_char(char c)
{
    return (unsigned char)c > ' ' && c != 0x7f && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static struct str cut_token(struct str *s)
{
    hfield_skip_cfws(s);
    size_t n = 0;
    while (n < s->n && (unsigned char)s->p[n] < 0x80 && token_char(s->p[n]))
        n++;
    struct str t = str_sub(*s, 0, n);
    *s = str_sub(*s, n, s->n);
    hfield_skip_cfws(s);
    return t;
}

/* Cuts the next parameter off *rest: up to a ';' outside of quotes. */
static bool cut_param(struct str *rest, struct str *ret_p)
{
    bool quoted = false;
    size_t i = 0;
    if (rest->n == 0)
        return false;
    for (; i < rest->n && (quoted || rest->p[i] != ';'); i++) {
        if (rest->p[i] == '\\' && quoted)
            i++;
        else if (rest->p[i] == '"')
            quoted = !quoted;
    }
    *ret_p = str_sub(*rest, 0, i);
    *rest = str_sub(*rest, i + 1, rest->n);
    return true;
}

/* "filename" of "filename*0*=..."; *ret_extended: written with a '*'. */
static struct str param_base(struct str p, bool *ret_extended)
{
    size_t eq = str_chr(p, '=');
    struct str name = str_trim(str_sub(p, 0, eq));
    size_t star = str_chr(name, '*');
    *ret_extended = star != STR_NPOS;
    return str_sub(name, 0, star);
}

/*
 * The parameters in rest, what stands behind the type; the first ';' is often forgotten when a fold
 * stands there.
 */
static struct str skip_to_params(struct str rest)
{
    size_t semi = str_chr(rest, ';'), eq = str_chr(rest, '=');
    if (semi == STR_NPOS && eq == STR_NPOS)
        return STR_NONE;
    if (semi == STR_NPOS || (eq != STR_NPOS && eq < semi))
        return rest;
    return str_sub(rest, semi + 1, rest.n);
}

/*
 * The parameters in s again, at most HEADER_PARAMS_MAX of them.  A plain one is left out
 * when the same stands there in extended form too: that one wins (RFC 6266 4.3), whatever the
 * order, so that every reader of the record sees the same name.
 */
static struct str params_text(struct arena *a, struct str s, struct warnings w)
{
    struct str list[HEADER_PARAMS_MAX], p, bases[HEADER_PARAMS_MAX];
    bool extended[HEADER_PARAMS_MAX];
    size_t n = 0;
    while (n < HEADER_PARAMS_MAX && cut_param(&s, &p)) {
        bases[n] = param_base(p, &extended[n]);
        list[n++] = p;
    }
    if (s.n > 0)
        warn(w, MAIL_WARN_HEADER_CUT);
    AUTO(buf) struct buf b = BUF_INIT(2 * HEADER_FIELD_MAX);
    for (size_t i = 0; i < n; i++) {
        bool beaten = false;
        for (size_t j = 0; j < n && !extended[i]; j++)
            beaten = beaten || (extended[j] && str_eq_nocase(bases[i], bases[j]));
        if (beaten)
            continue;
        if (b.n > 0)
            buf_addc(&b, ';');
        buf_add(&b, list[i]);
    }
    return arena_str(a, buf_str(&b));
}

struct header_typed header_typed(struct arena *a, struct str value, bool slash, struct warnings w)
{
    struct header_typed t = {STR_NONE, NULL, 0};
    if (value.n > HEADER_TYPED_MAX)
        warn(w, MAIL_WARN_HEADER_CUT);
    struct str v = header_value(a, str_sub(value, 0, HEADER_TYPED_MAX), w), rest = v;
    struct str major = cut_token(&rest), minor = STR_NONE;
    if (slash && rest.n > 0 && rest.p[0] == '/') {
        rest = str_sub(rest, 1, rest.n);
        minor = cut_token(&rest);
    }
    if (slash && major.n > 0 && minor.n > 0 && major.n + minor.n < MAIL_TYPE_MAX)
        t.word = arena_lower(a, arena_strf(a, "%.*s/%.*s", STR_ARG(major), STR_ARG(minor)));
    if (!slash)
        t.word = arena_lower(a, major);
    struct str text = params_text(a, skip_to_params(rest), w);
    if (text.n == 0)
        return t;
    AUTO(options) GMimeParserOptions *o = options_new();
    AUTO(gobject) GMimeParamList *l = g_mime_param_list_parse(o, text.p);
    int n = l ? g_mime_param_list_length(l) : 0;
    t.p = n > 0 ? arena_array(a, (size_t)n, sizeof *t.p) : NULL;
    for (int i = 0; t.p && i < n; i++) {
        GMimeParam *p = g_mime_param_list_get_parameter_at(l, i);
        t.p[t.n].name = arena_lower(a, clean_line(a, g_mime_param_get_name(p), MAIL_NAME_MAX));
        t.p[t.n].value = whole_line(a, g_mime_param_get_value(p), HEADER_FIELD_MAX);
        t.n++;
    }
    return t;
}

struct str header_param(const struct header_typed *t, const char *name)
{
    return str_trim(header_param_exact(t, name));
}

struct str header_param_exact(const struct header_typed *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (str_eq(t->p[i].name, str_c(name)))
            return t->p[i].value;
    return STR_NONE;
}
