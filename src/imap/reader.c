/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reader of an IMAP server's responses.  Runs in net; the server's bytes, and the mails of
 * strangers among them, are hostile: nothing here trusts a length, a number or a name before it was
 * checked.
 */
#include "imap/reader.h"

#include "base/hex.h"
#include "base/utf8.h"
#include "base/when.h"

#define LITERAL  '\001'
#define DIGITS   10 /* of a number: 32 bits */
#define KEPT_MAX ((size_t)1 << 20)

void imap_reader_init(struct imap_reader *r, size_t literal_max)
{
    *r = (struct imap_reader){.literal_max = literal_max};
    buf_init(&r->line, IMAP_LINE_MAX);
    buf_init(&r->literal, literal_max + IMAP_LITERALS_MAX * IMAP_SMALL_MAX);
    buf_init(&r->words, 4 * IMAP_TEXT_MAX + 8);
}

void imap_reader_release(struct imap_reader *r)
{
    buf_release(&r->line);
    buf_release(&r->literal);
    buf_release(&r->words);
}

static void begin(struct imap_reader *r)
{
    /* The room of a large mail is not kept for the rest of the connection. */
    if (r->literal.cap > KEPT_MAX)
        buf_release(&r->literal);
    buf_reset(&r->literal);
    r->literal.max = r->literal_max + IMAP_LITERALS_MAX * IMAP_SMALL_MAX;
    buf_reset(&r->line);
    r->literals = 0;
    r->in_literal = r->done = false;
}

/* "{123}" at the end of a line announces a literal: its length, or STR_NPOS. */
static size_t announced(struct str line)
{
    uint64_t n;
    size_t open = str_rchr(line, '{');
    if (!str_ends(line, STR("}")) || open == STR_NPOS)
        return STR_NPOS;
    struct str digits = str_sub(line, open + 1, line.n - open - 2);
    if (digits.n == 0 || digits.n > DIGITS ||
        num_parse(digits, 0, UINT32_MAX, "length", &n, NULL) != RC_OK)
        return STR_NPOS;
    return (size_t)n;
}

/* A whole line stands in r->line (its end dropped): *ret_more when a literal follows. */
static enum rc line_done(struct imap_reader *r, bool *ret_more, struct err *e)
{
    struct str line = buf_str(&r->line);
    size_t n = announced(line), large = 0;
    *ret_more = n != STR_NPOS;
    if (!*ret_more)
        return RC_OK;
    for (size_t i = 0; i < r->literals; i++)
        large += r->len[i] > IMAP_SMALL_MAX;
    if (r->literals == IMAP_LITERALS_MAX || n > r->literal_max || (n > IMAP_SMALL_MAX && large > 0))
        return err_set(e, RC_LIMIT, "the IMAP server sends more than was asked for (%zu bytes)", n);
    buf_cut(&r->line, str_rchr(line, '{'));
    buf_addc(&r->line, LITERAL);
    r->at[r->literals] = r->literal.n;
    r->len[r->literals++] = n;
    r->want = n;
    r->in_literal = true;
    return RC_OK;
}

static void take_literal(struct imap_reader *r, struct str *in)
{
    struct str part = str_sub(*in, 0, r->want);
    buf_add(&r->literal, part);
    *in = str_sub(*in, part.n, in->n);
    r->want -= part.n;
    r->in_literal = r->want > 0;
}

/* ---- words of a response ---- */

struct words {
    const struct imap_reader *r;
    struct str rest;
    size_t literal; /* next one */
};

static bool next_is(const struct words *w, char c)
{
    return w->rest.n > 0 && w->rest.p[0] == c;
}

static void skip(struct words *w, size_t n)
{
    w->rest = str_sub(w->rest, n, w->rest.n);
}

static void skip_spaces(struct words *w)
{
    while (next_is(w, ' '))
        skip(w, 1);
}

/* An atom up to a space or parenthesis; what stands in [] belongs to it. */
static struct str atom(struct words *w)
{
    size_t n = 0;
    bool in = false;
    for (; n < w->rest.n; n++) {
        char c = w->rest.p[n];
        if (c == '[')
            in = true;
        else if (c == ']')
            in = false;
        else if (!in && (c == ' ' || c == '(' || c == ')' || c == '"' || c == LITERAL))
            break;
    }
    struct str s = str_sub(w->rest, 0, n);
    skip(w, n);
    return s;
}

/* "quoted": without the quotes; an escape stays as it is, none of what we read has one. */
static bool quoted(struct words *w, struct str *ret)
{
    size_t n = 1;
    while (n < w->rest.n && w->rest.p[n] != '"')
        n += w->rest.p[n] == '\\' ? 2 : 1;
    if (n >= w->rest.n)
        return false;
    *ret = str_sub(w->rest, 1, n - 1);
    skip(w, n + 1);
    return true;
}

static struct str literal(struct words *w)
{
    size_t i = w->literal++;
    skip(w, 1);
    if (i >= w->r->literals)
        return STR_NONE;
    return str_sub(buf_str(&w->r->literal), w->r->at[i], w->r->len[i]);
}

static bool skip_list(struct words *w)
{
    struct str s;
    size_t depth = 0;
    do {
        if (w->rest.n == 0)
            return false;
        if (next_is(w, '(')) {
            skip(w, 1);
            if (++depth > IMAP_NEST_MAX)
                return false;
        } else if (next_is(w, ')')) {
            skip(w, 1);
            depth--;
        } else if (next_is(w, '"')) {
            if (!quoted(w, &s))
                return false;
        } else if (next_is(w, LITERAL)) {
            literal(w);
        } else if (atom(w).n == 0) {
            skip(w, 1);
        }
    } while (depth > 0);
    return true;
}

/* One value of a FETCH item: a text (atom, quoted, literal) or a list, which is skipped. */
static bool value(struct words *w, struct str *ret)
{
    *ret = STR_NONE;
    skip_spaces(w);
    if (next_is(w, '('))
        return skip_list(w);
    if (next_is(w, '"'))
        return quoted(w, ret);
    if (next_is(w, LITERAL)) {
        *ret = literal(w);
        return true;
    }
    *ret = atom(w);
    return ret->n > 0;
}

static bool number(struct str s, int64_t *ret)
{
    uint64_t n;
    if (num_parse(s, 0, UINT32_MAX, "number", &n, NULL) != RC_OK)
        return false;
    *ret = (int64_t)n;
    return true;
}

/* " 7-Feb-1994 21:52:25 -0800" (RFC 3501 9, date-time). */
static bool internal_date(struct str s, int64_t *ret_us)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct civil c = {.month = 0};
    int64_t day, year, h, m, sec, zone;
    if (s.n != 26 || s.p[2] != '-' || s.p[6] != '-' || s.p[11] != ' ' || s.p[14] != ':' ||
        s.p[17] != ':' || s.p[20] != ' ' || (s.p[21] != '+' && s.p[21] != '-'))
        return false;
    if (!number(str_trim(str_sub(s, 0, 2)), &day) || !number(str_sub(s, 7, 4), &year) ||
        !number(str_sub(s, 12, 2), &h) || !number(str_sub(s, 15, 2), &m) ||
        !number(str_sub(s, 18, 2), &sec) || !number(str_sub(s, 22, 4), &zone))
        return false;
    for (int i = 0; i < 12; i++)
        if (str_eq_nocase(str_sub(s, 3, 3), str_of(months + 3 * i, 3)))
            c.month = i + 1;
    if (c.month == 0 || day < 1 || day > 31 || year < 1970 || h > 23 || m > 59 || sec > 60 ||
        zone % 100 > 59 || zone > 2359)
        return false;
    c.day = (int)day;
    c.year = (int)year;
    c.hour = (int)h;
    c.minute = (int)m;
    c.second = (int)sec;
    int64_t east = (zone / 100) * US_PER_H + (zone % 100) * US_PER_MIN;
    *ret_us = when_from_civil(&c) - (s.p[21] == '+' ? east : -east);
    return true;
}

static bool fetch_item(struct words *w, struct imap_response *ret)
{
    struct str v, name = atom(w);
    if (name.n == 0 || !value(w, &v))
        return false;
    if (str_eq_nocase(name, STR("UID")))
        return number(v, &ret->uid);
    if (str_eq_nocase(name, STR("RFC822.SIZE")))
        return number(v, &ret->size);
    if (str_eq_nocase(name, STR("INTERNALDATE"))) {
        ret->has_internal = internal_date(v, &ret->internal_us);
        return true;
    }
    if (str_eq_nocase(name, STR("BODY[]"))) {
        ret->has_body = !str_eq_nocase(v, STR("NIL"));
        ret->body = v;
    }
    return true;
}

static enum rc fetch(struct words *w, struct imap_response *ret, struct err *e)
{
    ret->kind = IMAP_FETCH;
    skip_spaces(w);
    bool ok = next_is(w, '(');
    skip(w, ok);
    for (skip_spaces(w); ok && !next_is(w, ')'); skip_spaces(w))
        ok = fetch_item(w, ret);
    skip(w, 1);
    if (!ok || w->rest.n > 0)
        return err_set(e, RC_INVALID, "the IMAP server's answer to FETCH cannot be read");
    return RC_OK;
}

static void capabilities(struct str rest, struct imap_response *ret)
{
    struct str one;
    while (str_cut(&rest, ' ', &one))
        ret->idle = ret->idle || str_eq_nocase(one, STR("IDLE"));
}

/* "[UIDVALIDITY 3857529045] words" behind OK, NO, BAD, BYE. */
static void status_code(struct str rest, struct imap_response *ret)
{
    size_t end = str_chr(rest, ']');
    if (!str_starts(rest, STR("[")) || end == STR_NPOS)
        return;
    struct str code = str_sub(rest, 1, end - 1), name;
    if (!str_cut(&code, ' ', &name))
        return;
    if (str_eq_nocase(name, STR("UIDVALIDITY")))
        number(code, &ret->uidvalidity);
    else if (str_eq_nocase(name, STR("UIDNEXT")))
        number(code, &ret->uidnext);
    else if (str_eq_nocase(name, STR("CAPABILITY")))
        capabilities(code, ret);
}

static bool status_of(struct str word, enum imap_status *ret)
{
    static const char *const names[] = {[IMAP_OK] = "OK", [IMAP_NO] = "NO", [IMAP_BAD] = "BAD"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq_nocase(word, str_c(names[i]))) {
            *ret = (enum imap_status)i;
            return true;
        }
    return false;
}

static void keep_words(struct imap_reader *r, struct str rest, struct imap_response *ret)
{
    buf_reset(&r->words);
    utf8_clean_line(&r->words, str_sub(rest, 0, IMAP_TEXT_MAX));
    ret->words = buf_str(&r->words);
}

static enum rc untagged(struct imap_reader *r, struct words *w, struct imap_response *ret,
                        struct err *e)
{
    struct str word = atom(w);
    skip_spaces(w);
    if (number(word, &ret->number)) {
        struct str what = atom(w);
        if (str_eq_nocase(what, STR("EXISTS")))
            ret->kind = IMAP_EXISTS;
        else if (str_eq_nocase(what, STR("EXPUNGE")))
            ret->kind = IMAP_EXPUNGE;
        else if (str_eq_nocase(what, STR("FETCH")))
            return fetch(w, ret, e);
        return RC_OK;
    }
    if (str_eq_nocase(word, STR("CAPABILITY"))) {
        ret->kind = IMAP_CAPABILITY;
        capabilities(w->rest, ret);
    } else if (str_eq_nocase(word, STR("BYE"))) {
        ret->kind = IMAP_BYE;
        keep_words(r, w->rest, ret);
    } else if (status_of(word, &ret->status)) {
        ret->kind = IMAP_STATUS;
        status_code(w->rest, ret);
        keep_words(r, w->rest, ret);
    }
    return RC_OK;
}

static enum rc response(struct imap_reader *r, struct imap_response *ret, struct err *e)
{
    struct words w = {.r = r, .rest = buf_str(&r->line)};
    *ret =
        (struct imap_response){.kind = IMAP_OTHER, .size = -1, .body = STR_NONE, .words = STR_NONE};
    if (str_starts(w.rest, STR("* "))) {
        skip(&w, 2);
        return untagged(r, &w, ret, e);
    }
    if (next_is(&w, '+')) {
        ret->kind = IMAP_CONTINUE;
        return RC_OK;
    }
    struct str tag = atom(&w);
    skip_spaces(&w);
    uint64_t n = 0;
    if (tag.n < 2 || tag.p[0] != 'V' ||
        num_parse(str_sub(tag, 1, tag.n), 1, INT64_MAX, "tag", &n, NULL) != RC_OK ||
        !status_of(atom(&w), &ret->status))
        return err_set(e, RC_INVALID, "what the IMAP server says is not IMAP");
    skip_spaces(&w);
    ret->kind = IMAP_TAGGED;
    ret->tag = n;
    status_code(w.rest, ret);
    keep_words(r, w.rest, ret);
    return RC_OK;
}

/* Adds what stands before the end of the line; *ret_whole when its end was there. */
static enum rc take_line(struct imap_reader *r, struct str *in, bool *ret_whole, struct err *e)
{
    size_t lf = str_chr(*in, '\n');
    *ret_whole = lf != STR_NPOS;
    struct str part = str_sub(*in, 0, *ret_whole ? lf : in->n);
    for (size_t i = 0; i < part.n; i++)
        if (part.p[i] == '\0' || part.p[i] == LITERAL)
            return err_set(e, RC_INVALID, "the IMAP server sends control characters");
    buf_add(&r->line, part);
    *in = str_sub(*in, part.n + *ret_whole, in->n);
    TRY(buf_ok(&r->line, "a line of the IMAP server", e));
    if (*ret_whole && r->line.n > 0 && r->line.p[r->line.n - 1] == '\r')
        buf_cut(&r->line, r->line.n - 1);
    return RC_OK;
}

enum rc imap_read(struct imap_reader *r, struct str *in, struct imap_response *ret, struct err *e)
{
    if (r->done)
        begin(r);
    while (in->n > 0) {
        if (r->in_literal) {
            take_literal(r, in);
            continue;
        }
        bool whole, more = false;
        TRY(take_line(r, in, &whole, e));
        if (whole)
            TRY(line_done(r, &more, e));
        /* A literal without bytes: the line goes on at once. */
        r->in_literal = r->in_literal && r->want > 0;
        if (!whole || more)
            continue;
        r->done = true;
        return response(r, ret, e);
    }
    return RC_BUSY;
}

enum rc imap_quote(struct buf *b, struct str s, const char *what, struct err *e)
{
    buf_addc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c > 0x7e)
            return err_set(e, RC_INVALID, "%s holds characters that IMAP cannot carry", what);
        if (c == '"' || c == '\\')
            buf_addc(b, '\\');
        buf_addc(b, (char)c);
    }
    buf_addc(b, '"');
    return buf_ok(b, what, e);
}

/* A run of characters outside of ASCII: "&" base64 of UTF-16 with "," for "/", "-". */
static void add_shifted(struct buf *b, struct str *rest)
{
    AUTO(buf) struct buf utf16 = BUF_INIT(4096);
    AUTO(buf) struct buf base64 = BUF_INIT(8192);
    uint32_t cp;
    for (size_t n; (n = utf8_next(*rest, &cp)) > 0 && (cp < 0x20 || cp > 0x7e);
         *rest = str_sub(*rest, n, rest->n)) {
        uint32_t unit[2] = {cp, 0};
        if (cp >= 0x10000) {
            unit[0] = 0xd800 + ((cp - 0x10000) >> 10);
            unit[1] = 0xdc00 + ((cp - 0x10000) & 0x3ff);
        }
        for (int i = 0; i < (cp >= 0x10000 ? 2 : 1); i++) {
            buf_addc(&utf16, (char)(unit[i] >> 8));
            buf_addc(&utf16, (char)(unit[i] & 0xff));
        }
    }
    base64_add(&base64, buf_str(&utf16));
    buf_addc(b, '&');
    for (size_t i = 0; i < base64.n && base64.p[i] != '='; i++)
        buf_addc(b, base64.p[i] == '/' ? ',' : base64.p[i]);
    buf_addc(b, '-');
}

enum rc imap_mailbox_name(struct buf *b, struct str name, struct err *e)
{
    AUTO(buf) struct buf out = BUF_INIT(4096);
    if (!utf8_is_clean(name))
        return err_set(e, RC_INVALID, "the folder's name is not clean UTF-8");
    for (struct str rest = name; rest.n > 0;) {
        unsigned char c = (unsigned char)rest.p[0];
        if (c < 0x20 || c > 0x7e) {
            add_shifted(&out, &rest);
            continue;
        }
        buf_addc(&out, (char)c);
        if (c == '&')
            buf_addc(&out, '-');
        rest = str_sub(rest, 1, rest.n);
    }
    TRY(buf_ok(&out, "the folder's name", e));
    return imap_quote(b, buf_str(&out), "the folder's name", e);
}
