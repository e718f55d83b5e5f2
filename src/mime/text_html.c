/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTML mail as text: a tokenizer after the HTML standard's states (13.2.5), without a tree.  Runs
 * in the parse child on hostile text; one pass, a few fixed counters, no recursion.
 */
#include "mime/text.h"

#include <string.h>

#include "base/utf8.h"

struct html {
    struct buf *out;
    size_t newlines; /* line ends owed before the next text, at most 2 */
    bool space;      /* a space owed */
    bool at_start;   /* nothing on this line yet */
    unsigned pre, quote;
    struct str href;  /* of the open <a>, raw */
    size_t href_from; /* where its text starts in out */
};

/* --- output --- */

static void owe_lines(struct html *h, size_t n)
{
    if (h->newlines < n)
        h->newlines = n;
    h->space = false;
}

static void start_text(struct html *h)
{
    if (h->newlines > 0) {
        for (size_t i = 0; i < h->newlines && h->out->n > 0; i++)
            buf_addc(h->out, '\n');
        h->newlines = 0;
        h->at_start = true;
    }
    if (h->at_start) {
        for (unsigned i = 0; i < h->quote && i < TEXT_QUOTE_MAX; i++)
            buf_adds(h->out, "> ");
        h->at_start = false;
        h->space = false;
    } else if (h->space) {
        buf_addc(h->out, ' ');
        h->space = false;
    }
}

static void put_word(struct html *h, struct str s)
{
    start_text(h);
    buf_add(h->out, s);
}

static void put_pre_char(struct html *h, char c)
{
    if (c == '\r')
        return;
    start_text(h);
    buf_addc(h->out, c);
    if (c == '\n')
        h->at_start = true;
}

/* One character that may be white space. */
static void put_char(struct html *h, struct str ch)
{
    char c = ch.p[0];
    if (ch.n == 1 && (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f')) {
        if (h->pre > 0)
            put_pre_char(h, c == '\f' ? ' ' : c);
        else if (!h->at_start && h->newlines == 0)
            h->space = true;
        return;
    }
    put_word(h, ch);
}

/* --- character references --- */

static const struct {
    const char *name;
    uint32_t cp;
} named[] = {
    {"amp", '&'},       {"lt", '<'},        {"gt", '>'},        {"quot", '"'},
    {"apos", '\''},     {"nbsp", 0xa0},     {"iexcl", 0xa1},    {"cent", 0xa2},
    {"pound", 0xa3},    {"yen", 0xa5},      {"sect", 0xa7},     {"uml", 0xa8},
    {"copy", 0xa9},     {"laquo", 0xab},    {"shy", 0xad},      {"reg", 0xae},
    {"deg", 0xb0},      {"plusmn", 0xb1},   {"acute", 0xb4},    {"micro", 0xb5},
    {"para", 0xb6},     {"middot", 0xb7},   {"raquo", 0xbb},    {"frac12", 0xbd},
    {"iquest", 0xbf},   {"Agrave", 0xc0},   {"Aacute", 0xc1},   {"Acirc", 0xc2},
    {"Atilde", 0xc3},   {"Auml", 0xc4},     {"Aring", 0xc5},    {"AElig", 0xc6},
    {"Ccedil", 0xc7},   {"Egrave", 0xc8},   {"Eacute", 0xc9},   {"Ecirc", 0xca},
    {"Euml", 0xcb},     {"Ntilde", 0xd1},   {"Ouml", 0xd6},     {"times", 0xd7},
    {"Oslash", 0xd8},   {"Uuml", 0xdc},     {"szlig", 0xdf},    {"agrave", 0xe0},
    {"aacute", 0xe1},   {"acirc", 0xe2},    {"atilde", 0xe3},   {"auml", 0xe4},
    {"aring", 0xe5},    {"aelig", 0xe6},    {"ccedil", 0xe7},   {"egrave", 0xe8},
    {"eacute", 0xe9},   {"ecirc", 0xea},    {"euml", 0xeb},     {"igrave", 0xec},
    {"iacute", 0xed},   {"icirc", 0xee},    {"iuml", 0xef},     {"ntilde", 0xf1},
    {"ograve", 0xf2},   {"oacute", 0xf3},   {"ocirc", 0xf4},    {"otilde", 0xf5},
    {"ouml", 0xf6},     {"divide", 0xf7},   {"oslash", 0xf8},   {"ugrave", 0xf9},
    {"uacute", 0xfa},   {"ucirc", 0xfb},    {"uuml", 0xfc},     {"ndash", 0x2013},
    {"mdash", 0x2014},  {"lsquo", 0x2018},  {"rsquo", 0x2019},  {"sbquo", 0x201a},
    {"ldquo", 0x201c},  {"rdquo", 0x201d},  {"bdquo", 0x201e},  {"bull", 0x2022},
    {"hellip", 0x2026}, {"lsaquo", 0x2039}, {"rsaquo", 0x203a}, {"euro", 0x20ac},
    {"trade", 0x2122},  {"larr", 0x2190},   {"rarr", 0x2192},   {"minus", 0x2212},
    {"ne", 0x2260},     {"le", 0x2264},     {"ge", 0x2265},
};

/* "#123" or "#x7b" at s.p[0] == '#': length, 0 when it is none. */
static size_t numeric(struct str s, uint32_t *ret_cp)
{
    bool hex = s.n > 1 && (s.p[1] == 'x' || s.p[1] == 'X');
    size_t i = hex ? 2 : 1, from = i;
    uint32_t cp = 0;
    for (; i < s.n; i++) {
        char c = ascii_lower(s.p[i]);
        uint32_t v;
        if (ascii_is_digit(c))
            v = (uint32_t)(c - '0');
        else if (hex && c >= 'a' && c <= 'f')
            v = (uint32_t)(c - 'a' + 10);
        else
            break;
        if (cp <= 0x10ffff)
            cp = cp * (hex ? 16 : 10) + v;
    }
    if (i == from)
        return 0;
    static const uint16_t high[32] = {
        0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178};
    *ret_cp = cp >= 0x80 && cp < 0xa0 ? high[cp - 0x80] : cp == 0 ? 0xfffd : cp;
    return i;
}

/* The reference at s.p[0] == '&': its length with the ';', 0 when it is none. */
static size_t reference(struct str s, uint32_t *ret_cp)
{
    struct str r = str_sub(s, 1, 40);
    size_t n = 0;
    if (r.n > 0 && r.p[0] == '#') {
        n = numeric(r, ret_cp);
        if (n == 0)
            return 0;
        return 1 + n + (n < r.n && r.p[n] == ';');
    }
    while (n < r.n && ascii_is_alnum(r.p[n]))
        n++;
    if (n == 0 || n >= r.n || r.p[n] != ';')
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(named); i++)
        if (str_eq(str_sub(r, 0, n), str_c(named[i].name))) {
            *ret_cp = named[i].cp;
            return n + 2;
        }
    return 0;
}

/* A decoded character goes out as text, whatever it is: "&lt;" never becomes markup again. */
static void put_code(struct html *h, uint32_t cp)
{
    AUTO(buf) struct buf b = BUF_INIT(8);
    if (cp == 0xa0) {
        put_word(h, STR(" "));
    } else if (cp != 0xad) {
        utf8_put(&b, cp);
        put_char(h, buf_str(&b));
    }
}

static size_t put_text(struct html *h, struct str s)
{
    uint32_t cp = 0;
    if (s.p[0] == '&') {
        size_t n = reference(s, &cp);
        if (n > 0) {
            put_code(h, cp);
            return n;
        }
    }
    size_t n = utf8_next(s, &cp);
    if (cp == 0xa0 && n == 2) {
        put_word(h, STR(" "));
        return n;
    }
    if (n == 0)
        n = 1;
    put_char(h, str_sub(s, 0, n));
    return n;
}

/* --- tags --- */

struct tag {
    struct str name; /* as written */
    bool end;
    struct str href, alt;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* One attribute at s.p[i]; returns the index behind it. */
static size_t attribute(struct str s, size_t i, struct tag *t)
{
    size_t from = i;
    /* "=" as first character belongs to the name. */
    do
        i++;
    while (i < s.n && !is_space(s.p[i]) && s.p[i] != '/' && s.p[i] != '>' && s.p[i] != '=');
    struct str name = str_sub(s, from, i - from), value = STR_NONE;
    size_t j = i;
    while (j < s.n && is_space(s.p[j]))
        j++;
    if (j < s.n && s.p[j] == '=') {
        j++;
        while (j < s.n && is_space(s.p[j]))
            j++;
        char q = j < s.n ? s.p[j] : '\0';
        size_t end;
        if (q == '"' || q == '\'') {
            const char *close = memchr(s.p + j + 1, q, s.n - j - 1);
            end = close ? (size_t)(close - s.p) : s.n;
            value = str_sub(s, j + 1, end - j - 1);
            i = end < s.n ? end + 1 : end;
        } else {
            for (end = j; end < s.n && !is_space(s.p[end]) && s.p[end] != '>'; end++)
                ;
            value = str_sub(s, j, end - j);
            i = end;
        }
    }
    if (str_eq_nocase(name, STR("href")) && t->href.n == 0)
        t->href = value;
    if (str_eq_nocase(name, STR("alt")) && t->alt.n == 0)
        t->alt = value;
    return i;
}

/* The tag at s.p[0] == '<'; its length, 0 when it is none. */
static size_t tag_at(struct str s, struct tag *t)
{
    *t = (struct tag){STR_NONE, false, STR_NONE, STR_NONE};
    size_t i = 1;
    if (i < s.n && s.p[i] == '/') {
        t->end = true;
        i++;
    }
    if (i >= s.n || !ascii_is_alpha(s.p[i]))
        return 0;
    size_t from = i;
    while (i < s.n && !is_space(s.p[i]) && s.p[i] != '/' && s.p[i] != '>')
        i++;
    t->name = str_sub(s, from, i - from);
    while (i < s.n && s.p[i] != '>') {
        if (is_space(s.p[i]) || s.p[i] == '/')
            i++;
        else
            i = attribute(s, i, t);
    }
    return i < s.n ? i + 1 : s.n;
}

/* "<!-- ... -->", "<!doctype ...>", "<?...>", "</ ...>": length, 0 when it is none of them. */
static size_t comment(struct str s)
{
    if (s.n < 2 || (s.p[1] != '!' && s.p[1] != '?' && s.p[1] != '/'))
        return 0;
    if (str_starts(s, STR("<!--"))) {
        if (str_starts(s, STR("<!-->")))
            return 5;
        if (str_starts(s, STR("<!--->")))
            return 6;
        const char *end = memmem(s.p + 4, s.n - 4, "-->", 3);
        size_t n = end ? (size_t)(end - s.p) + 3 : s.n;
        /* "--!>" ends one too; looked for only in front of the other end, to stay linear. */
        const char *bang = memmem(s.p + 4, n - 4, "--!>", 4);
        return bang ? (size_t)(bang - s.p) + 4 : n;
    }
    if (s.p[1] == '/' && (s.n < 3 || s.p[2] == ' '))
        return 0;
    size_t gt = str_chr(s, '>');
    return gt == STR_NPOS ? s.n : gt + 1;
}

/* Elements whose content is not text for people; up to their end tag or the end. */
static size_t raw_content(struct str s, struct str name)
{
    for (size_t i = 0; i < s.n; i++) {
        const char *lt = memchr(s.p + i, '<', s.n - i);
        if (lt == NULL)
            return s.n;
        i = (size_t)(lt - s.p);
        struct str rest = str_sub(s, i + 2, s.n);
        if (i + 1 < s.n && s.p[i + 1] == '/' && str_starts_nocase(rest, name) &&
            (rest.n == name.n || is_space(rest.p[name.n]) || rest.p[name.n] == '/' ||
             rest.p[name.n] == '>'))
            return i;
    }
    return s.n;
}

static bool one_of(struct str name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(name, str_c(list[i])))
            return true;
    return false;
}

static bool is_dropped(struct str name)
{
    static const char *const list[] = {"script", "style", "title", "iframe", "noembed", "noframes"};
    return one_of(name, list, ARRAY_LEN(list));
}

/* A link target as it may be shown, or empty. */
static void add_url(struct buf *b, struct str raw)
{
    static const char *const schemes[] = {"http://", "https://", "ftp://", "mailto:"};
    for (size_t i = 0; i < raw.n;) {
        uint32_t cp = 0;
        size_t n = raw.p[i] == '&' ? reference(str_sub(raw, i, raw.n), &cp) : 0;
        if (n > 0) {
            if (cp > ' ' && cp != 0x7f)
                utf8_put(b, cp);
        } else {
            n = 1;
            if ((unsigned char)raw.p[i] > ' ' && raw.p[i] != 0x7f)
                buf_addc(b, raw.p[i]);
        }
        i += n;
    }
    bool fine = false;
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
        fine = fine || str_starts_nocase(buf_str(b), str_c(schemes[i]));
    if (!fine || b->over)
        buf_reset(b);
}

static void end_link(struct html *h)
{
    AUTO(buf) struct buf url = BUF_INIT(TEXT_URL_MAX);
    if (h->href.n == 0)
        return;
    add_url(&url, h->href);
    h->href = STR_NONE;
    if (url.n == 0 || h->out->over)
        return;
    size_t from = h->href_from < h->out->n ? h->href_from : h->out->n;
    struct str text = str_trim(str_of(h->out->p ? h->out->p + from : "", h->out->n - from));
    struct str bare = buf_str(&url);
    if (str_starts_nocase(bare, STR("mailto:")))
        bare = str_sub(bare, 7, bare.n);
    if (str_eq(text, buf_str(&url)) || str_eq(text, bare))
        return;
    if (text.n > 0)
        h->space = true;
    put_word(h, STR("<"));
    buf_add(h->out, buf_str(&url));
    buf_addc(h->out, '>');
}

static void image(struct html *h, struct str alt)
{
    alt = str_trim(str_sub(alt, 0, TEXT_URL_MAX));
    if (alt.n == 0)
        return;
    put_word(h, STR("["));
    for (size_t i = 0; i < alt.n;)
        i += put_text(h, str_sub(alt, i, alt.n));
    put_word(h, STR("]"));
}

static void block(struct html *h, const struct tag *t)
{
    static const char *const wide[] = {"p",  "h1", "h2",    "h3", "h4",
                                       "h5", "h6", "table", "ul", "ol"};
    static const char *const plain[] = {
        "div",    "tr",      "dt",     "dd",      "section", "article", "header",   "footer",
        "center", "address", "figure", "caption", "form",    "main",    "fieldset", "legend",
        "nav",    "aside",   "body",   "html",    "head",    "option",  "dl"};
    if (one_of(t->name, wide, ARRAY_LEN(wide)))
        owe_lines(h, 2);
    else if (one_of(t->name, plain, ARRAY_LEN(plain)))
        owe_lines(h, 1);
}

static void line_break(struct html *h)
{
    if (h->at_start && h->newlines == 0)
        start_text(h);
    h->newlines += h->newlines < 2;
    h->space = false;
}

static void tag(struct html *h, const struct tag *t)
{
    if (str_eq_nocase(t->name, STR("br"))) {
        line_break(h);
    } else if (str_eq_nocase(t->name, STR("a"))) {
        end_link(h);
        if (!t->end) {
            h->href = t->href;
            h->href_from = h->out->n;
        }
    } else if (str_eq_nocase(t->name, STR("img"))) {
        image(h, t->alt);
    } else if (str_eq_nocase(t->name, STR("li"))) {
        owe_lines(h, 1);
        if (!t->end)
            put_word(h, STR("- "));
    } else if (str_eq_nocase(t->name, STR("td")) || str_eq_nocase(t->name, STR("th"))) {
        if (!t->end && !h->at_start && h->newlines == 0) {
            h->space = false;
            put_word(h, STR("\t"));
        }
    } else if (str_eq_nocase(t->name, STR("hr"))) {
        owe_lines(h, 1);
        put_word(h, STR("---"));
        owe_lines(h, 1);
    } else if (str_eq_nocase(t->name, STR("pre"))) {
        owe_lines(h, 2);
        h->pre = t->end ? (h->pre > 0 ? h->pre - 1 : 0) : h->pre + 1;
    } else if (str_eq_nocase(t->name, STR("blockquote"))) {
        owe_lines(h, 2);
        h->quote = t->end ? (h->quote > 0 ? h->quote - 1 : 0) : h->quote + 1;
    } else {
        block(h, t);
    }
}

void text_from_html(struct buf *out, struct str html)
{
    struct html h = {out, 0, false, true, 0, 0, STR_NONE, 0};
    while (html.n > 0 && !out->over) {
        struct tag t;
        size_t n = 0;
        if (html.p[0] == '<') {
            n = tag_at(html, &t);
            if (n > 0) {
                if (!t.end && is_dropped(t.name))
                    n += raw_content(str_sub(html, n, html.n), t.name);
                else
                    tag(&h, &t);
            } else {
                n = comment(html);
            }
        }
        if (n == 0)
            n = put_text(&h, html);
        html = str_sub(html, n, html.n);
    }
    end_link(&h);
    if (out->n > 0 && !out->over)
        buf_addc(out, '\n');
}
