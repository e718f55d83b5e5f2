/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parser of envelope addresses.  Runs in smtpd (and in core for settings); input is hostile: every
 * octet is checked, every part bounded, nothing is copied into messages.
 */
#include "smtp/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/utf8.h"

/* A cursor over the text still to read. */
struct cur {
    struct str s;
    bool utf8; /* octets over 127 are allowed */
};

static int cur_peek(const struct cur *c)
{
    return c->s.n ? (unsigned char)c->s.p[0] : -1;
}

static void cur_skip(struct cur *c, size_t n)
{
    c->s = str_sub(c->s, n, c->s.n);
}

static bool cur_take(struct cur *c, char want)
{
    if (cur_peek(c) != (unsigned char)want)
        return false;
    cur_skip(c, 1);
    return true;
}

/* Length of the UTF-8 sequence at the cursor, 0 when there is none or none is allowed.  C1 controls
 * are refused like the C0 ones. */
static size_t cur_utf8(const struct cur *c)
{
    uint32_t cp;
    if (!c->utf8 || cur_peek(c) < 0x80)
        return 0;
    size_t n = utf8_next(c->s, &cp);
    return n && cp >= 0xa0 ? n : 0;
}

static bool is_atext(int ch)
{
    return ch > 0 && ch < 0x80 &&
           (ascii_is_alnum((char)ch) || strchr("!#$%&'*+-/=?^_`{|}~", ch) != NULL);
}

/* Appends n octets of the cursor to dst (room for max and a NUL) and moves on. */
static bool put(char *dst, size_t *n_dst, size_t max, struct cur *c, size_t n)
{
    if (*n_dst + n > max)
        return false;
    memcpy(dst + *n_dst, c->s.p, n);
    *n_dst += n;
    dst[*n_dst] = '\0';
    cur_skip(c, n);
    return true;
}

static enum rc bad(struct err *e, const char *why)
{
    return err_set(e, RC_INVALID, "address: %s", why);
}

static enum rc too_long(struct err *e, const char *what, size_t max)
{
    return err_set(e, RC_LIMIT, "address: %s is longer than %zu octets", what, max);
}

/* RFC 5321 4.1.2 Dot-string. */
static enum rc parse_dot_string(struct cur *c, struct smtp_addr *a, struct err *e)
{
    bool at_start = true;
    for (;;) {
        size_t n = is_atext(cur_peek(c)) ? 1 : cur_utf8(c);
        if (n == 0 && !at_start && cur_peek(c) == '.') {
            n = 1;
            at_start = true;
        } else if (n == 0) {
            break;
        } else {
            at_start = false;
        }
        if (!put(a->local, &a->local_n, SMTP_PATH_MAX, c, n))
            return too_long(e, "the local part", SMTP_PATH_MAX);
    }
    return at_start ? bad(e, "the local part is not valid") : RC_OK;
}

/* RFC 5321 4.1.2 Quoted-string; the quotes and backslashes are not part of what it means. */
static enum rc parse_quoted(struct cur *c, struct smtp_addr *a, struct err *e)
{
    while (!cur_take(c, '"')) {
        bool pair = cur_take(c, '\\');
        int ch = cur_peek(c);
        size_t n = ch >= 0x20 && ch < 0x7f ? 1 : pair ? 0 : cur_utf8(c);
        if (n == 0)
            return bad(e, "the quoted local part is not valid");
        if (!put(a->local, &a->local_n, SMTP_PATH_MAX, c, n))
            return too_long(e, "the local part", SMTP_PATH_MAX);
    }
    return a->local_n ? RC_OK : bad(e, "the local part is empty");
}

/* Up to a stop octet ('@' is never in a domain); the labels are checked as they pass. */
static enum rc parse_domain_name(struct cur *c, char *dst, size_t *ret_n, struct err *e)
{
    size_t n_dst = 0, label = 0;
    int last = -1;
    for (;;) {
        int ch = cur_peek(c);
        bool plain = ch > 0 && ch < 0x80 && (ascii_is_alnum((char)ch) || ch == '-' || ch == '_');
        size_t n = plain ? 1 : cur_utf8(c);
        if (ch == '.' && label > 0 && last != '-') {
            n = 1;
            label = 0;
        } else if (n == 0) {
            break;
        } else {
            if (label == 0 && ch == '-')
                return bad(e, "a label of the domain begins with a hyphen");
            label += n;
        }
        if (label > SMTP_LABEL_MAX)
            return too_long(e, "a label of the domain", SMTP_LABEL_MAX);
        last = ch;
        if (!put(dst, &n_dst, SMTP_DOMAIN_MAX, c, n))
            return too_long(e, "the domain", SMTP_DOMAIN_MAX);
    }
    if (label == 0 || last == '-')
        return bad(e, "the domain is not valid");
    *ret_n = n_dst;
    return RC_OK;
}

/* RFC 5321 4.1.3, without the brackets. */
static bool literal_valid(struct str s)
{
    char text[INET6_ADDRSTRLEN + 1];
    unsigned char bin[sizeof(struct in6_addr)];
    if (str_starts_nocase(s, STR("IPv6:")))
        return str_copy(text, sizeof text, str_sub(s, 5, s.n), "literal", NULL) == RC_OK &&
               inet_pton(AF_INET6, text, bin) == 1;
    size_t colon = str_chr(s, ':');
    if (colon == STR_NPOS)
        return str_copy(text, sizeof text, s, "literal", NULL) == RC_OK &&
               inet_pton(AF_INET, text, bin) == 1;
    if (colon == 0 || colon + 1 == s.n)
        return false;
    for (size_t i = 0; i < colon; i++)
        if (!ascii_is_alnum(s.p[i]) && (s.p[i] != '-' || i + 1 == colon))
            return false;
    return true;
}

static enum rc parse_literal(struct cur *c, char *dst, size_t *ret_n, struct err *e)
{
    size_t n_dst = 0;
    bool open = true;
    while (open) {
        int ch = cur_peek(c);
        if (ch < 0x21 || ch > 0x7e || ch == '\\' || (ch == '[' && n_dst > 0))
            return bad(e, "the address literal is not valid");
        open = ch != ']';
        if (!put(dst, &n_dst, SMTP_DOMAIN_MAX, c, 1))
            return too_long(e, "the domain", SMTP_DOMAIN_MAX);
    }
    if (!literal_valid(str_of(dst + 1, n_dst - 2)))
        return bad(e, "the address literal is not valid");
    *ret_n = n_dst;
    return RC_OK;
}

static enum rc parse_domain(struct cur *c, struct smtp_addr *a, struct err *e)
{
    if (cur_peek(c) == '[')
        TRY(parse_literal(c, a->domain, &a->domain_n, e));
    else
        TRY(parse_domain_name(c, a->domain, &a->domain_n, e));
    for (size_t i = 0; i < a->domain_n; i++)
        a->domain[i] = ascii_lower(a->domain[i]);
    return RC_OK;
}

/* "@one,@two:" before the mailbox: RFC 5321 appendix C says to accept it and look away. */
static enum rc parse_route(struct cur *c, struct smtp_addr *a, struct err *e)
{
    char domain[SMTP_DOMAIN_MAX + 1];
    size_t n, all = c->s.n;
    if (cur_peek(c) != '@')
        return RC_OK;
    do {
        if (!cur_take(c, '@'))
            return bad(e, "the source route is not valid");
        TRY(cur_peek(c) == '[' ? parse_literal(c, domain, &n, e)
                               : parse_domain_name(c, domain, &n, e));
        if (all - c->s.n > SMTP_ROUTE_MAX)
            return too_long(e, "the source route", SMTP_ROUTE_MAX);
    } while (cur_take(c, ','));
    a->routed = true;
    return cur_take(c, ':') ? RC_OK : bad(e, "the source route is not valid");
}

/* True when the local part can stand without quotes. */
static bool local_is_plain(struct str s)
{
    struct cur c = {s, true};
    struct smtp_addr scratch = {0};
    return parse_dot_string(&c, &scratch, NULL) == RC_OK && c.s.n == 0;
}

static void write_text(struct smtp_addr *a)
{
    char *to = a->text;
    bool quote = !local_is_plain(smtp_addr_local(a));
    if (quote)
        *to++ = '"';
    for (size_t i = 0; i < a->local_n; i++) {
        if (quote && (a->local[i] == '"' || a->local[i] == '\\'))
            *to++ = '\\';
        *to++ = a->local[i];
    }
    if (quote)
        *to++ = '"';
    if (a->domain_n) {
        *to++ = '@';
        memcpy(to, a->domain, a->domain_n);
        to += a->domain_n;
    }
    *to = '\0';
    a->text_n = (size_t)(to - a->text);
}

static enum rc parse_mailbox(struct cur *c, unsigned flags, struct smtp_addr *a, struct err *e)
{
    size_t before = c->s.n;
    TRY(parse_route(c, a, e));
    size_t start = c->s.n;
    if (cur_take(c, '"'))
        TRY(parse_quoted(c, a, e));
    else
        TRY(parse_dot_string(c, a, e));
    if (a->local_n > SMTP_LOCAL_MAX && !(flags & SMTP_ADDR_LONG_LOCAL))
        return too_long(e, "the local part", SMTP_LOCAL_MAX);
    if (cur_take(c, '@'))
        TRY(parse_domain(c, a, e));
    else if (!(flags & SMTP_ADDR_BARE) || !str_eq_nocase(smtp_addr_local(a), STR("postmaster")) ||
             before != start)
        return bad(e, "the domain is missing");
    if (start - c->s.n > SMTP_PATH_MAX - 2)
        return too_long(e, "the path", SMTP_PATH_MAX);
    for (size_t i = 0; i < a->local_n + a->domain_n; i++)
        a->utf8 |= (i < a->local_n ? a->local[i] : a->domain[i - a->local_n]) & 0x80;
    write_text(a);
    return RC_OK;
}

enum rc smtp_path_parse(struct str s, unsigned flags, struct smtp_addr *ret_a, struct str *ret_rest,
                        struct err *e)
{
    struct cur c = {s, (flags & SMTP_ADDR_UTF8) != 0};
    struct smtp_addr a = {0};
    if (!cur_take(&c, '<'))
        return bad(e, "\"<\" is missing");
    if (!((flags & SMTP_ADDR_NULL) && cur_peek(&c) == '>'))
        TRY(parse_mailbox(&c, flags, &a, e));
    if (!cur_take(&c, '>'))
        return bad(e, "\">\" is missing or an octet before it is not allowed");
    *ret_a = a;
    *ret_rest = c.s;
    return RC_OK;
}

enum rc smtp_mailbox_parse(struct str s, unsigned flags, struct smtp_addr *ret_a, struct err *e)
{
    struct cur c = {s, (flags & SMTP_ADDR_UTF8) != 0};
    struct smtp_addr a = {0};
    TRY(parse_mailbox(&c, flags, &a, e));
    if (c.s.n)
        return bad(e, "text follows the domain, or an octet is not allowed there");
    *ret_a = a;
    return RC_OK;
}

struct str smtp_addr_local(const struct smtp_addr *a)
{
    return str_of(a->local, a->local_n);
}

struct str smtp_addr_domain(const struct smtp_addr *a)
{
    return str_of(a->domain, a->domain_n);
}

struct str smtp_addr_text(const struct smtp_addr *a)
{
    return str_of(a->text, a->text_n);
}

static bool tag_valid(struct str tag)
{
    for (size_t i = 0; i < tag.n; i++)
        if (!ascii_is_alnum(tag.p[i]) && strchr("-_.+=", tag.p[i]) == NULL)
            return false;
    return tag.n > 0 && memchr(tag.p, '\0', tag.n) == NULL;
}

bool smtp_addr_is_ours(const struct smtp_addr *a, const struct smtp_addr *ours, struct str *ret_tag)
{
    struct str local = smtp_addr_local(a), mine = smtp_addr_local(ours), tag = STR_NONE;
    if (a->local_n == 0 || !str_eq(smtp_addr_domain(a), smtp_addr_domain(ours)))
        return false;
    if (!str_starts_nocase(local, mine))
        return false;
    if (local.n > mine.n) {
        tag = str_sub(local, mine.n + 1, local.n);
        if (local.p[mine.n] != '+' || !tag_valid(tag))
            return false;
    }
    if (ret_tag)
        *ret_tag = tag;
    return true;
}

bool smtp_addr_is_relay(const struct smtp_addr *a)
{
    struct str local = smtp_addr_local(a);
    return str_chr(local, '%') != STR_NPOS || str_chr(local, '!') != STR_NPOS ||
           str_chr(local, '@') != STR_NPOS;
}
