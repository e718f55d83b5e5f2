/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hexadecimal and base64 (RFC 4648).  Runs in every role; input is untrusted text.
 */
#include "base/hex.h"

void hex_put(char *dst, const void *p, size_t n)
{
    static const char digit[] = "0123456789abcdef";
    const unsigned char *b = p;
    for (size_t i = 0; i < n; i++) {
        dst[2 * i] = digit[b[i] >> 4];
        dst[2 * i + 1] = digit[b[i] & 15];
    }
    dst[2 * n] = '\0';
}

void hex_add(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char two[3];
        hex_put(two, s.p + i, 1);
        buf_adds(b, two);
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum rc hex_get(struct str s, void *ret, size_t n, const char *what, struct err *e)
{
    if (s.n != 2 * n)
        return err_set(e, RC_INVALID, "%s: %zu hexadecimal digits are wanted", what, 2 * n);
    unsigned char *b = ret;
    for (size_t i = 0; i < n; i++) {
        int hi = hex_value(s.p[2 * i]), lo = hex_value(s.p[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return err_set(e, RC_INVALID, "%s: not hexadecimal", what);
        b[i] = (unsigned char)(hi << 4 | lo);
    }
    return RC_OK;
}

static void base64_put(struct buf *b, struct str s, const char *alphabet, bool pad)
{
    for (size_t i = 0; i < s.n; i += 3) {
        size_t left = s.n - i < 3 ? s.n - i : 3;
        uint32_t v = (uint32_t)(unsigned char)s.p[i] << 16;
        if (left > 1)
            v |= (uint32_t)(unsigned char)s.p[i + 1] << 8;
        if (left > 2)
            v |= (uint32_t)(unsigned char)s.p[i + 2];
        char c[4] = {alphabet[v >> 18], alphabet[v >> 12 & 63], alphabet[v >> 6 & 63],
                     alphabet[v & 63]};
        buf_add(b, str_of(c, left + 1));
        for (size_t k = left; pad && k < 3; k++)
            buf_addc(b, '=');
    }
}

void base64_add(struct buf *b, struct str s)
{
    base64_put(b, s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", true);
}

void base64url_add(struct buf *b, struct str s)
{
    base64_put(b, s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", false);
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

enum rc base64_get(struct buf *b, struct str s, const char *what, struct err *e)
{
    for (int i = 0; i < 2 && s.n > 0 && s.p[s.n - 1] == '='; i++)
        s.n--;
    uint32_t v = 0;
    unsigned bits = 0;
    if (s.n % 4 == 1)
        return err_set(e, RC_INVALID, "%s: not base64", what);
    for (size_t i = 0; i < s.n; i++) {
        int d = base64_value(s.p[i]);
        if (d < 0)
            return err_set(e, RC_INVALID, "%s: not base64", what);
        v = v << 6 | (uint32_t)d;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            buf_addc(b, (char)(v >> bits & 0xff));
        }
    }
    if (v & ((1u << bits) - 1))
        return err_set(e, RC_INVALID, "%s: not base64", what);
    return buf_ok(b, what, e);
}
