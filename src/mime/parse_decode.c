/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lenient base64, quoted-printable and uuencode.  Runs in the parse child on hostile bytes.
 * GMime's decoders are linear too, but do not say that something was damaged.
 */
#include "mime/parse_decode.h"

#include <string.h>

#include "mime/hfield.h"

#define PIECE 8192

enum decode_cte decode_cte_of(struct str value)
{
    static const struct {
        const char *name;
        enum decode_cte cte;
    } names[] = {
        {"7bit", CTE_IDENTITY},       {"8bit", CTE_IDENTITY},  {"binary", CTE_IDENTITY},
        {"7-bit", CTE_IDENTITY},      {"8-bit", CTE_IDENTITY}, {"base64", CTE_BASE64},
        {"quoted-printable", CTE_QP}, {"x-uuencode", CTE_UU},  {"x-uue", CTE_UU},
        {"uuencode", CTE_UU},
    };
    struct str word = value;
    hfield_skip_cfws(&word);
    if (word.n > 0 && word.p[0] == '"')
        word = str_sub(word, 1, word.n);
    size_t n = 0;
    while (n < word.n && !ascii_is_space(word.p[n]) && strchr("();\",", word.p[n]) == NULL)
        n++;
    word = str_sub(word, 0, n);
    if (word.n == 0)
        return CTE_IDENTITY;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq_nocase(word, str_c(names[i].name)))
            return names[i].cte;
    return CTE_UNKNOWN;
}

/* Collects bytes into pieces for the sink. */
struct out {
    decode_sink *sink;
    void *ctx;
    size_t n;
    bool stop;
    char p[PIECE];
};

static void out_flush(struct out *o)
{
    if (o->n > 0 && !o->stop)
        o->stop = !o->sink(o->ctx, str_of(o->p, o->n));
    o->n = 0;
}

static void out_byte(struct out *o, unsigned char c)
{
    o->p[o->n++] = (char)c;
    if (o->n == PIECE)
        out_flush(o);
}

static int base64_value(unsigned char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padding ends a group but not the body: several encoded pieces in a row are common. */
static bool base64_body(struct str s, struct out *o)
{
    bool good = true;
    uint32_t acc = 0;
    int have = 0;
    for (size_t i = 0; i < s.n && !o->stop; i++) {
        unsigned char c = (unsigned char)s.p[i];
        int v = base64_value(c);
        if (v >= 0) {
            acc = acc << 6 | (uint32_t)v;
            if (++have == 4) {
                out_byte(o, (unsigned char)(acc >> 16));
                out_byte(o, (unsigned char)(acc >> 8));
                out_byte(o, (unsigned char)acc);
                have = 0;
                acc = 0;
            }
        } else if (c == '=') {
            if (have == 2)
                out_byte(o, (unsigned char)(acc >> 4));
            if (have == 3) {
                out_byte(o, (unsigned char)(acc >> 10));
                out_byte(o, (unsigned char)(acc >> 2));
            }
            if (have == 1)
                good = false;
            have = 0;
            acc = 0;
        } else if (!ascii_is_space((char)c)) {
            good = false;
        }
    }
    /* Cut off in the middle of a group: the whole bytes in it are kept. */
    if (have == 2)
        out_byte(o, (unsigned char)(acc >> 4));
    if (have == 3) {
        out_byte(o, (unsigned char)(acc >> 10));
        out_byte(o, (unsigned char)(acc >> 2));
    }
    return good && have == 0;
}

static int hex_value(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* One "=" at i: returns how many bytes it takes, 0 when it is broken. */
static size_t qp_escape(struct str s, size_t i, struct out *o)
{
    size_t j = i + 1;
    while (j < s.n && (s.p[j] == ' ' || s.p[j] == '\t'))
        j++;
    if (j == s.n || s.p[j] == '\n')
        return j == s.n ? j - i : j - i + 1;
    if (s.p[j] == '\r' && j + 1 < s.n && s.p[j + 1] == '\n')
        return j - i + 2;
    if (s.p[j] == '\r' && j + 1 == s.n)
        return j - i + 1;
    if (i + 2 >= s.n)
        return 0;
    int hi = hex_value((unsigned char)s.p[i + 1]), lo = hex_value((unsigned char)s.p[i + 2]);
    if (hi < 0 || lo < 0)
        return 0;
    out_byte(o, (unsigned char)(hi << 4 | lo));
    return 3;
}

static bool qp_body(struct str s, struct out *o)
{
    bool good = true;
    for (size_t i = 0; i < s.n && !o->stop;) {
        char c = s.p[i];
        if (c == ' ' || c == '\t') {
            /* White space at the end of a line was added on the way (RFC 2045 6.7 rule 3). */
            size_t j = i;
            while (j < s.n && (s.p[j] == ' ' || s.p[j] == '\t'))
                j++;
            bool at_end =
                j == s.n || s.p[j] == '\n' || (s.p[j] == '\r' && j + 1 < s.n && s.p[j + 1] == '\n');
            for (; i < j; i++)
                if (!at_end)
                    out_byte(o, (unsigned char)s.p[i]);
            continue;
        }
        size_t n = 1;
        if (c == '=') {
            n = qp_escape(s, i, o);
            if (n == 0) {
                good = false;
                out_byte(o, '=');
                n = 1;
            }
        } else {
            out_byte(o, (unsigned char)c);
        }
        i += n;
    }
    return good;
}

/* One line of uuencode: a length, then groups of four. */
static bool uu_line(struct str line, struct out *o)
{
    size_t want = ((unsigned char)line.p[0] - 32u) & 63u;
    size_t have = 0;
    for (size_t i = 1; i < line.n && have < want; i += 4) {
        uint32_t acc = 0;
        for (size_t j = 0; j < 4; j++) {
            unsigned char c = i + j < line.n ? (unsigned char)line.p[i + j] : ' ';
            acc = acc << 6 | ((c - 32u) & 63u);
        }
        for (int shift = 16; shift >= 0 && have < want; shift -= 8, have++)
            out_byte(o, (unsigned char)(acc >> shift));
    }
    return have == want;
}

static bool uu_body(struct str s, struct out *o)
{
    bool good = true, inside = false, ended = false;
    struct str line;
    while (!ended && !o->stop && str_line(&s, &line)) {
        if (!inside) {
            inside = str_starts(line, STR("begin "));
        } else if (str_eq(str_trim(line), STR("end"))) {
            ended = true;
        } else if (line.n > 0) {
            good = uu_line(line, o) && good;
        }
    }
    return good && ended;
}

bool decode_body(enum decode_cte cte, struct str body, decode_sink *sink, void *ctx)
{
    if (cte == CTE_IDENTITY || cte == CTE_UNKNOWN) {
        if (body.n > 0)
            sink(ctx, body);
        return true;
    }
    struct out o;
    o.sink = sink;
    o.ctx = ctx;
    o.n = 0;
    o.stop = false;
    bool good = cte == CTE_BASE64 ? base64_body(body, &o)
                : cte == CTE_QP   ? qp_body(body, &o)
                                  : uu_body(body, &o);
    out_flush(&o);
    return good;
}

static bool buf_sink(void *ctx, struct str piece)
{
    struct buf *b = ctx;
    size_t room = b->max - b->n;
    buf_add(b, str_sub(piece, 0, room));
    if (piece.n > room)
        b->over = true;
    return !b->over;
}

bool decode_to_buf(enum decode_cte cte, struct str body, struct buf *out, bool *ret_cut)
{
    bool good = decode_body(cte, body, buf_sink, out);
    *ret_cut = out->over;
    out->over = false;
    return good;
}
