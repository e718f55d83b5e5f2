/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base subjects (RFC 5256 2.1) and case tags.  Runs in the parse child and in core; subjects are
 * hostile text, cut to SUBJECT_MAX before anything looks at them.
 */
#include "mime/subject.h"

#include <string.h>

#include "base/hex.h"
#include "base/utf8.h"
#include "mime/hfield.h"

/* ---- encoded words (RFC 2047) ---- */

static uint32_t cp1252(unsigned char c)
{
    static const uint16_t high[32] = {
        0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178};
    return c >= 0x80 && c < 0xa0 ? high[c - 0x80] : c;
}

static uint32_t latin9(unsigned char c)
{
    static const struct {
        unsigned char c;
        uint16_t cp;
    } other[] = {{0xa4, 0x20ac}, {0xa6, 0x160}, {0xa8, 0x161}, {0xb4, 0x17d},
                 {0xb8, 0x17e},  {0xbc, 0x152}, {0xbd, 0x153}, {0xbe, 0x178}};
    for (size_t i = 0; i < ARRAY_LEN(other); i++)
        if (other[i].c == c)
            return other[i].cp;
    return c;
}

static uint32_t latin1(unsigned char c)
{
    return c;
}

/* Appends bytes of a known charset as UTF-8 (UTF-8 itself unchecked: it is cleaned as a whole
 * later, since a character may be split over two words).  False when the charset is not known. */
static bool add_charset(struct buf *out, struct str bytes, struct str charset)
{
    static const struct {
        const char *name;
        uint32_t (*map)(unsigned char);
    } table[] = {{"utf-8", NULL},         {"utf8", NULL},           {"us-ascii", NULL},
                 {"ascii", NULL},         {"iso-8859-1", latin1},   {"latin1", latin1},
                 {"iso-8859-15", latin9}, {"windows-1252", cp1252}, {"cp1252", cp1252}};
    charset = str_sub(charset, 0, str_chr(charset, '*'));
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (!str_eq_nocase(charset, str_c(table[i].name)))
            continue;
        if (table[i].map == NULL)
            buf_add(out, bytes);
        for (size_t k = 0; table[i].map && k < bytes.n; k++)
            utf8_put(out, table[i].map((unsigned char)bytes.p[k]));
        return true;
    }
    return false;
}

static void q_decode(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c;
        if (s.p[i] == '=' && hex_get(str_sub(s, i + 1, 2), &c, 1, "q", NULL) == RC_OK) {
            buf_addc(out, (char)c);
            i += 2;
        } else {
            buf_addc(out, s.p[i] == '_' ? ' ' : s.p[i]);
        }
    }
}

/* When s starts with an encoded word, appends its text and returns its length, else 0. */
static size_t encoded_word(struct buf *out, struct str s)
{
    if (!str_starts(s, STR("=?")))
        return 0;
    struct str in = str_sub(s, 2, s.n);
    size_t q1 = str_chr(in, '?');
    struct str rest = str_sub(in, q1 == STR_NPOS ? in.n : q1 + 1, in.n);
    size_t end = rest.n > 2 ? str_find(str_sub(rest, 2, rest.n), STR("?=")) : STR_NPOS;
    if (end == STR_NPOS || rest.p[1] != '?')
        return 0;
    struct str charset = str_sub(in, 0, q1), data = str_sub(rest, 2, end);
    AUTO(buf) struct buf bytes = BUF_INIT(SUBJECT_MAX);
    char how = ascii_lower(rest.p[0]);
    if (str_chr(charset, ' ') != STR_NPOS || str_chr(data, ' ') != STR_NPOS)
        return 0;
    if (how == 'q')
        q_decode(&bytes, data);
    else if (how != 'b' || base64_get(&bytes, data, "b", NULL) != RC_OK)
        return 0;
    if (!add_charset(out, buf_str(&bytes), charset))
        return 0;
    return 2 + q1 + 1 + 2 + end + 2;
}

static void decode(struct buf *out, struct str s)
{
    while (s.n > 0) {
        size_t n = encoded_word(out, s);
        if (n == 0) {
            buf_addc(out, s.p[0]);
            s = str_sub(s, 1, s.n);
            continue;
        }
        s = str_sub(s, n, s.n);
        /* White space between two encoded words does not count. */
        size_t gap = 0;
        while (gap < s.n && ascii_is_space(s.p[gap]))
            gap++;
        struct str next = str_sub(s, gap, s.n);
        size_t before = out->n;
        if (gap > 0 && encoded_word(out, next) > 0) {
            buf_cut(out, before);
            s = next;
        }
    }
}

/* ---- base subject ---- */

static bool is_wsp(char c)
{
    return c == ' ' || c == '\t';
}

static size_t skip_wsp(struct str s, size_t at)
{
    while (at < s.n && is_wsp(s.p[at]))
        at++;
    return at;
}

/* End of "[...]" and the space behind it when one starts at `at`, else `at`. */
static size_t skip_blob(struct str s, size_t at)
{
    size_t i = at + 1;
    if (at >= s.n || s.p[at] != '[')
        return at;
    while (i < s.n && s.p[i] != '[' && s.p[i] != ']')
        i++;
    return i < s.n && s.p[i] == ']' ? skip_wsp(s, i + 1) : at;
}

static const char *const words[] = {"re", "fwd", "fw", NULL};
/* National forms of "Re" and "Fwd" that mail programs write. */
static const char *const local_words[] = {
    "re", "fwd", "fw",  "aw",     "antwort", "antw", "wg",   "sv",   "vs",  "vb",  "vl",
    "rv", "res", "rif", "tr",     "enc",     "odp",  "pd",   "ynt",  "ilt", "atb", "r",
    "i",  "bls", "trs", "doorst", "回复",    "回覆", "答复", "转发", NULL};

static size_t skip_colon(struct str s, size_t at, bool local)
{
    struct str rest = str_sub(s, at, s.n);
    if (str_starts(rest, STR(":")))
        return at + 1;
    return local && str_starts(rest, STR("：")) ? at + 3 : at;
}

/* End of a subj-refwd that starts at `at`, else `at`. */
static size_t skip_refwd(struct str s, size_t at, bool local)
{
    const char *const *list = local ? local_words : words;
    for (size_t i = 0; list[i]; i++) {
        struct str word = str_c(list[i]);
        if (!str_starts_nocase(str_sub(s, at, s.n), word))
            continue;
        size_t colon = skip_blob(s, skip_wsp(s, at + word.n));
        size_t end = skip_colon(s, colon, local);
        if (end > colon)
            return end;
    }
    return at;
}

/* End of a subj-leader at the front, 0 when there is none; *ret_reply when it is a refwd. */
static size_t leader(struct str s, bool local, bool *ret_reply)
{
    if (s.n > 0 && is_wsp(s.p[0]))
        return 1;
    size_t at = 0, next;
    while ((next = skip_blob(s, at)) > at)
        at = next;
    next = skip_refwd(s, at, local);
    if (next == at)
        return 0;
    *ret_reply = true;
    return next;
}

static struct str trailer_off(struct str s, bool *ret_reply)
{
    for (;;) {
        if (s.n > 0 && is_wsp(s.p[s.n - 1])) {
            s.n--;
        } else if (s.n >= 5 && str_eq_nocase(str_sub(s, s.n - 5, 5), STR("(fwd)"))) {
            s.n -= 5;
            *ret_reply = true;
        } else {
            return s;
        }
    }
}

static struct str base_of(struct str s, bool local, bool *ret_reply)
{
    *ret_reply = false;
    for (;;) {
        s = trailer_off(s, ret_reply);
        for (;;) {
            size_t n = leader(s, local, ret_reply);
            if (n == 0) {
                n = skip_blob(s, 0);
                if (n == s.n)
                    break; /* the blob is all there is: it stays */
            }
            if (n == 0)
                break;
            s = str_sub(s, n, s.n);
        }
        if (!str_starts_nocase(s, STR("[fwd:")) || s.p[s.n - 1] != ']')
            return s;
        s = str_sub(s, 5, s.n - 6);
        *ret_reply = true;
    }
}

enum rc subject_read(struct arena *a, struct str value, struct subject *ret_s, struct err *e)
{
    AUTO(buf) struct buf raw = BUF_INIT(4 * SUBJECT_MAX);
    AUTO(buf) struct buf line = BUF_INIT(12 * SUBJECT_MAX);
    struct subject s = {.reply = false};
    decode(&raw, str_sub(value, 0, SUBJECT_MAX));
    utf8_clean_line(&line, buf_str(&raw));
    s.text = hfield_flat(a, utf8_clip(buf_str(&line), SUBJECT_MAX));
    TRY(arena_ok(a, "a subject", e));
    s.base = base_of(s.text, false, &s.reply);
    s.local = base_of(s.text, true, &s.local_reply);
    *ret_s = s;
    return RC_OK;
}

bool subject_same(struct str a, struct str b)
{
    return str_eq_nocase(a, b);
}

/* ---- tags ---- */

static bool is_prefix(struct str s)
{
    bool dash = true;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '-' ? dash : !ascii_is_alnum(s.p[i]))
            return false;
        dash = s.p[i] == '-';
    }
    return s.n > 0 && s.n <= SUBJECT_PREFIX_MAX && !dash && ascii_is_alpha(s.p[0]);
}

static bool read_tag(struct str text, struct str want, struct subject_tag *ret_t)
{
    uint64_t year, number;
    size_t d2 = str_rchr(text, '-');
    if (d2 == STR_NPOS || d2 < 6 || text.p[d2 - 5] != '-')
        return false;
    struct str prefix = str_sub(text, 0, d2 - 5), digits = str_sub(text, d2 + 1, text.n);
    if (want.n > 0 ? !str_eq_nocase(prefix, want) : !is_prefix(prefix))
        return false;
    if (digits.n < 4 || digits.n > SUBJECT_DIGITS_MAX || (digits.n > 4 && digits.p[0] == '0'))
        return false;
    if (num_parse(str_sub(text, d2 - 4, 4), 1970, 9999, "year", &year, NULL) != RC_OK ||
        num_parse(digits, 1, 999999999, "number", &number, NULL) != RC_OK)
        return false;
    *ret_t = (struct subject_tag){text, prefix, (unsigned)year, number};
    return true;
}

bool subject_tag(struct str text, struct str prefix, struct subject_tag *ret_t)
{
    text = str_sub(text, 0, SUBJECT_MAX);
    size_t open = STR_NPOS;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '[') {
            open = i;
        } else if (text.p[i] == ']' && open != STR_NPOS) {
            if (read_tag(str_sub(text, open + 1, i - open - 1), prefix, ret_t))
                return true;
            open = STR_NPOS;
        }
    }
    return false;
}

void subject_tag_add(struct buf *b, struct str prefix, unsigned year, uint64_t number)
{
    buf_addf(b, "%.*s-%04u-%04llu", STR_ARG(prefix), year, (unsigned long long)number);
}
