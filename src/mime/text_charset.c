/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Charset names and conversion by iconv.  Runs in the parse child on hostile bytes; the name comes
 * from the mail, so only names of our own list go to iconv.
 */
#include "mime/text_charset.h"

#include <errno.h>
#include <gmime/gmime.h>
#include <iconv.h>
#include <string.h>

#include "base/utf8.h"

/* Canonical names, understood by glibc and GMime alike. */
static const char *const canon[] = {
    "utf-8",       "us-ascii",    "iso-8859-1",  "iso-8859-2",  "iso-8859-3",  "iso-8859-4",
    "iso-8859-5",  "iso-8859-6",  "iso-8859-7",  "iso-8859-8",  "iso-8859-9",  "iso-8859-10",
    "iso-8859-11", "iso-8859-13", "iso-8859-14", "iso-8859-15", "iso-8859-16", "cp1250",
    "cp1251",      "cp1252",      "cp1253",      "cp1254",      "cp1255",      "cp1256",
    "cp1257",      "cp1258",      "koi8-r",      "koi8-u",      "macintosh",   "ibm437",
    "ibm850",      "ibm852",      "ibm866",      "cp874",       "tis-620",     "big5",
    "big5-hkscs",  "gb2312",      "gbk",         "gb18030",     "euc-jp",      "shift_jis",
    "cp932",       "iso-2022-jp", "euc-kr",      "iso-2022-kr", "cp949",       "euc-tw",
    "utf-16",      "utf-16le",    "utf-16be",    "utf-32",      "utf-32le",    "utf-32be",
    "viscii",
};

static const struct {
    const char *alias;
    const char *name;
} aliases[] = {
    {"utf8", "utf-8"},
    {"unicode-1-1-utf-8", "utf-8"},
    {"ascii", "us-ascii"},
    {"ansi_x3.4-1968", "us-ascii"},
    {"iso-646-us", "us-ascii"},
    {"iso646-us", "us-ascii"},
    {"latin1", "iso-8859-1"},
    {"latin-1", "iso-8859-1"},
    {"iso8859-1", "iso-8859-1"},
    {"iso_8859-1", "iso-8859-1"},
    {"iso88591", "iso-8859-1"},
    {"l1", "iso-8859-1"},
    {"latin2", "iso-8859-2"},
    {"iso8859-2", "iso-8859-2"},
    {"iso8859-15", "iso-8859-15"},
    {"latin-9", "iso-8859-15"},
    {"latin9", "iso-8859-15"},
    {"iso-8859-8-i", "iso-8859-8"},
    {"iso-8859-8-e", "iso-8859-8"},
    {"iso-8859-6-i", "iso-8859-6"},
    {"windows-1250", "cp1250"},
    {"windows-1251", "cp1251"},
    {"windows-1252", "cp1252"},
    {"windows-1253", "cp1253"},
    {"windows-1254", "cp1254"},
    {"windows-1255", "cp1255"},
    {"windows-1256", "cp1256"},
    {"windows-1257", "cp1257"},
    {"windows-1258", "cp1258"},
    {"windows-874", "cp874"},
    {"windows-949", "cp949"},
    {"windows-31j", "cp932"},
    {"windows-936", "gbk"},
    {"cp936", "gbk"},
    {"cp437", "ibm437"},
    {"cp850", "ibm850"},
    {"cp852", "ibm852"},
    {"cp866", "ibm866"},
    {"mac", "macintosh"},
    {"x-mac-roman", "macintosh"},
    {"mac-roman", "macintosh"},
    {"koi8r", "koi8-r"},
    {"big5hkscs", "big5-hkscs"},
    {"gb_2312-80", "gb2312"},
    {"euc-cn", "gb2312"},
    {"gb2312-80", "gb2312"},
    {"x-gbk", "gbk"},
    {"eucjp", "euc-jp"},
    {"x-euc-jp", "euc-jp"},
    {"shift-jis", "shift_jis"},
    {"sjis", "shift_jis"},
    {"x-sjis", "shift_jis"},
    {"ms_kanji", "shift_jis"},
    {"ks_c_5601-1987", "cp949"},
    {"ksc5601", "cp949"},
    {"ks_c_5601", "cp949"},
    {"euckr", "euc-kr"},
    {"utf16", "utf-16"},
    {"utf32", "utf-32"},
};

/*
 * Process-wide, as glibc's own table of loaded modules is: the entries are opened once by
 * charset_warm and only read afterwards.
 */
static iconv_t warmed[ARRAY_LEN(canon)];
static iconv_t kept[ARRAY_LEN(canon)]; /* never used: keeps GMime's spelling of a name loaded */
static bool is_warm;

void charset_warm(void)
{
    if (is_warm)
        return;
    for (size_t i = 0; i < ARRAY_LEN(canon); i++) {
        warmed[i] = iconv_open("UTF-8", canon[i]);
        if (warmed[i] == (iconv_t)-1)
            continue;
        kept[i] = g_mime_iconv_open("UTF-8", canon[i]);
    }
    is_warm = true;
}

static size_t find_name(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(canon); i++)
        if (str_eq_nocase(name, str_c(canon[i])))
            return i;
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
        if (str_eq_nocase(name, str_c(aliases[i].alias)))
            return find_name(str_c(aliases[i].name));
    return STR_NPOS;
}

static size_t find(struct str name)
{
    name = str_trim(name);
    size_t end = str_chr(name, '*'); /* RFC 2231 language */
    if (end == STR_NPOS)
        end = str_chr(name, ' '); /* a comment behind it */
    name = str_trim(str_sub(name, 0, end));
    if (name.n == 0 || name.n > CHARSET_NAME_MAX)
        return STR_NPOS;
    size_t i = find_name(name);
    if (i == STR_NPOS && str_starts_nocase(name, STR("x-")))
        i = find_name(str_sub(name, 2, name.n));
    if (i != STR_NPOS && is_warm && warmed[i] == (iconv_t)-1)
        return STR_NPOS;
    return i;
}

const char *charset_known(struct str name)
{
    size_t i = find(name);
    return i == STR_NPOS ? NULL : canon[i];
}

/* 0x80..0x9f of windows-1252; the five holes become U+FFFD. */
static void add_cp1252(struct buf *out, struct str s, struct charset_note *note)
{
    static const uint16_t high[32] = {
        0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178};
    for (size_t i = 0; i < s.n && !out->over; i++) {
        unsigned char c = (unsigned char)s.p[i];
        uint32_t cp = c >= 0x80 && c < 0xa0 ? high[c - 0x80] : c;
        note->bad = note->bad || cp == 0xfffd;
        utf8_put(out, cp);
    }
}

static void add_iconv(struct buf *out, struct str s, iconv_t cd, struct charset_note *note)
{
    iconv(cd, NULL, NULL, NULL, NULL);
    char *in = (char *)s.p;
    size_t left = s.n;
    while (left > 0 && !out->over) {
        char piece[4096];
        char *to = piece;
        size_t room = sizeof piece;
        size_t rc = iconv(cd, &in, &left, &to, &room);
        int why = errno;
        buf_add(out, str_of(piece, (size_t)(to - piece)));
        if (rc != (size_t)-1 || why == E2BIG)
            continue;
        /* EILSEQ or EINVAL: one byte is replaced, decoding goes on behind it. */
        note->bad = true;
        utf8_put(out, 0xfffd);
        in++;
        left--;
    }
}

void charset_to_utf8(struct buf *out, struct str bytes, struct str charset,
                     struct charset_note *ret_note)
{
    *ret_note = (struct charset_note){false, false};
    charset = str_trim(charset);
    size_t i = find(charset);
    const char *name = i == STR_NPOS ? NULL : canon[i];
    bool ascii = charset.n == 0 || (name && strcmp(name, "us-ascii") == 0);
    if (ascii && utf8_valid(bytes)) {
        buf_add(out, bytes);
        return;
    }
    if (name && strcmp(name, "utf-8") == 0) {
        ret_note->bad = !utf8_valid(bytes);
        buf_add(out, bytes); /* utf8_clean replaces what is not valid */
        return;
    }
    ret_note->unknown = name == NULL && charset.n > 0;
    if (ascii || name == NULL || strcmp(name, "iso-8859-1") == 0 || strcmp(name, "cp1252") == 0)
        add_cp1252(out, bytes, ret_note);
    else if (is_warm)
        add_iconv(out, bytes, warmed[i], ret_note);
    else
        BUG_ON(!is_warm);
}
