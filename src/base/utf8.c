/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 as RFC 3629 has it, and the rule for text that crosses the parse border.  Runs in every
 * role; input is untrusted bytes.
 */
#include "base/utf8.h"

size_t utf8_next(struct str s, uint32_t *ret_cp)
{
    if (s.n == 0)
        return 0;
    const unsigned char *p = (const unsigned char *)s.p;
    uint32_t cp = p[0];
    size_t len;
    uint32_t min;
    if (cp < 0x80) {
        *ret_cp = cp;
        return 1;
    } else if (cp >= 0xc2 && cp < 0xe0) {
        len = 2, min = 0x80, cp &= 0x1f;
    } else if (cp >= 0xe0 && cp < 0xf0) {
        len = 3, min = 0x800, cp &= 0x0f;
    } else if (cp >= 0xf0 && cp < 0xf5) {
        len = 4, min = 0x10000, cp &= 0x07;
    } else {
        return 0;
    }
    if (s.n < len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        cp = cp << 6 | (p[i] & 0x3fu);
    }
    if (cp < min || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
        return 0;
    *ret_cp = cp;
    return len;
}

bool utf8_valid(struct str s)
{
    while (s.n > 0) {
        uint32_t cp;
        size_t n = utf8_next(s, &cp);
        if (n == 0)
            return false;
        s = str_sub(s, n, s.n);
    }
    return true;
}

void utf8_put(struct buf *b, uint32_t cp)
{
    if (cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
        cp = 0xfffd;
    char c[4];
    size_t n;
    if (cp < 0x80) {
        c[0] = (char)cp;
        n = 1;
    } else if (cp < 0x800) {
        c[0] = (char)(0xc0 | cp >> 6);
        c[1] = (char)(0x80 | (cp & 0x3f));
        n = 2;
    } else if (cp < 0x10000) {
        c[0] = (char)(0xe0 | cp >> 12);
        c[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        c[2] = (char)(0x80 | (cp & 0x3f));
        n = 3;
    } else {
        c[0] = (char)(0xf0 | cp >> 18);
        c[1] = (char)(0x80 | (cp >> 12 & 0x3f));
        c[2] = (char)(0x80 | (cp >> 6 & 0x3f));
        c[3] = (char)(0x80 | (cp & 0x3f));
        n = 4;
    }
    buf_add(b, str_of(c, n));
}

static bool is_control(uint32_t cp)
{
    return (cp < 0x20 && cp != '\t' && cp != '\n') || (cp >= 0x7f && cp < 0xa0);
}

void utf8_clean(struct buf *b, struct str s)
{
    while (s.n > 0) {
        uint32_t cp;
        size_t n = utf8_next(s, &cp);
        if (n == 0) {
            utf8_put(b, 0xfffd);
            n = 1;
        } else if (cp == '\r') {
            if (s.n < 2 || s.p[1] != '\n')
                buf_addc(b, '\n');
        } else if (!is_control(cp)) {
            buf_add(b, str_sub(s, 0, n));
        }
        s = str_sub(s, n, s.n);
    }
}

bool utf8_is_clean(struct str s)
{
    while (s.n > 0) {
        uint32_t cp;
        size_t n = utf8_next(s, &cp);
        if (n == 0 || is_control(cp))
            return false;
        s = str_sub(s, n, s.n);
    }
    return true;
}

void utf8_clean_line(struct buf *b, struct str s)
{
    bool gap = false;
    while (s.n > 0) {
        uint32_t cp;
        size_t n = utf8_next(s, &cp);
        if (n == 0) {
            utf8_put(b, 0xfffd);
            n = 1;
            gap = false;
        } else if (cp == '\t' || cp == '\n' || cp == '\r') {
            if (!gap)
                buf_addc(b, ' ');
            gap = true;
        } else if (!is_control(cp)) {
            buf_add(b, str_sub(s, 0, n));
            gap = false;
        }
        s = str_sub(s, n, s.n);
    }
}

struct str utf8_clip(struct str s, size_t max)
{
    if (s.n <= max)
        return s;
    size_t n = max;
    while (n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return str_sub(s, 0, n);
}

bool utf8_is_trick(uint32_t cp)
{
    return (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069) ||
           (cp >= 0x200b && cp <= 0x200f) || cp == 0xfeff || cp == 0x061c;
}
