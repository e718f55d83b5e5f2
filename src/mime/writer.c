/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes outgoing mail.  Runs in core; values come from settings, from people and from reporters
 * (subjects, names, file names), so every one is checked before it reaches a header line.
 */
#include "mime/writer.h"

#include <string.h>

#include "base/hash.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "base/when.h"

/* ---- checks ---- */

static enum rc bad(struct err *e, const char *field, const char *why)
{
    return err_set(e, RC_INVALID, "outgoing mail: %s %s", field, why);
}

/* A text that goes into a header: one clean line of bounded length. */
static enum rc check_text(struct str s, const char *field, struct err *e)
{
    if (s.n > OUTMAIL_TEXT_MAX)
        return err_set(e, RC_LIMIT, "outgoing mail: %s is longer than %d bytes", field,
                       OUTMAIL_TEXT_MAX);
    if (str_chr(s, '\r') != STR_NPOS || str_chr(s, '\n') != STR_NPOS)
        return bad(e, field, "holds a line end");
    return utf8_is_clean(s) ? RC_OK : bad(e, field, "holds a control character or is not UTF-8");
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

static bool is_atext(char c)
{
    return ascii_is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Atoms with single dots between them; with utf8 other characters count as letters. */
static bool is_dot_atom(struct str s, bool utf8)
{
    bool last_dot = true;
    for (size_t i = 0; i < s.n; i++) {
        bool dot = s.p[i] == '.';
        bool high = (unsigned char)s.p[i] >= 0x80;
        if ((dot && last_dot) || (!dot && !high && !is_atext(s.p[i])) || (high && !utf8))
            return false;
        last_dot = dot;
    }
    return !last_dot;
}

static bool is_quoted_local(struct str s)
{
    if (s.n < 3 || s.p[0] != '"' || s.p[s.n - 1] != '"')
        return false;
    for (size_t i = 1; i + 1 < s.n; i++) {
        if (s.p[i] == '\\' && ++i + 1 >= s.n)
            return false;
        if (s.p[i] < ' ' || s.p[i] > '~' || (s.p[i] == '"' && s.p[i - 1] != '\\'))
            return false;
    }
    return true;
}

static bool is_domain(struct str s, bool utf8)
{
    if (s.n >= 3 && s.p[0] == '[' && s.p[s.n - 1] == ']') {
        for (size_t i = 1; i + 1 < s.n; i++)
            if (!ascii_is_alnum(s.p[i]) && s.p[i] != '.' && s.p[i] != ':' && s.p[i] != '-')
                return false;
        return true;
    }
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x80 && !ascii_is_alnum(s.p[i]) && s.p[i] != '-' &&
            s.p[i] != '.')
            return false;
    return s.n <= 255 && is_dot_atom(s, utf8);
}

bool outmail_addr_utf8(struct str addr)
{
    return !is_ascii(addr);
}

bool outmail_addr_ok(struct str addr, bool smtputf8)
{
    size_t at = str_rchr(addr, '@');
    if (addr.n > 320 || at == STR_NPOS || (smtputf8 && !utf8_is_clean(addr)))
        return false;
    for (struct str rest = addr; smtputf8 && rest.n > 0;) {
        uint32_t cp;
        size_t n = utf8_next(rest, &cp);
        if (utf8_is_trick(cp))
            return false;
        rest = str_sub(rest, n, rest.n);
    }
    struct str local = str_sub(addr, 0, at), domain = str_sub(addr, at + 1, addr.n);
    return local.n <= 64 && (is_dot_atom(local, smtputf8) || is_quoted_local(local)) &&
           is_domain(domain, smtputf8);
}

bool outmail_id_ok(struct str id)
{
    size_t at = 0;
    if (id.n > OUTMAIL_ID_MAX)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        if (id.p[i] <= ' ' || id.p[i] > '~' || strchr("<>\"\\(),;", id.p[i]))
            return false;
        at += id.p[i] == '@';
    }
    return at == 1 && id.p[0] != '@' && id.p[id.n - 1] != '@';
}

static bool is_field_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == ':')
            return false;
    return s.n > 0 && s.n <= 76;
}

static bool writer_owns(struct str name)
{
    static const char *const list[] = {"From",
                                       "To",
                                       "Cc",
                                       "Bcc",
                                       "Reply-To",
                                       "Subject",
                                       "Date",
                                       "Message-ID",
                                       "In-Reply-To",
                                       "References",
                                       "MIME-Version",
                                       "Sender",
                                       "Received",
                                       "Return-Path",
                                       "Content-Type",
                                       "Content-ID",
                                       "Resent-To",
                                       "Resent-Cc",
                                       "Resent-Bcc",
                                       "Content-Transfer-Encoding",
                                       "Content-Disposition"};
    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        if (str_eq_nocase(name, str_c(list[i])))
            return true;
    return false;
}

/* ---- folded header lines ---- */

/* A header field being written; column counts bytes since the last line end. */
struct line {
    struct buf *out;
    size_t column;
};

static void line_start(struct line *l, struct buf *out, struct str name)
{
    *l = (struct line){out, name.n + 1};
    buf_add(out, name);
    buf_addc(out, ':');
}

/* One unbreakable piece with a space before it, on a new line when it would pass the wanted width.
 */
static void line_word(struct line *l, struct str word)
{
    if (l->column + 1 + word.n > OUTMAIL_LINE_WANTED && l->column > 1) {
        buf_adds(l->out, "\r\n");
        l->column = 0;
    }
    buf_addc(l->out, ' ');
    buf_add(l->out, word);
    l->column += 1 + word.n;
}

static void line_end(struct line *l)
{
    buf_adds(l->out, "\r\n");
}

/* ---- encoded words (RFC 2047) ---- */

#define ENCODED_B    "=?utf-8?b?"
#define ENCODED_Q    "=?utf-8?q?"
#define ENCODED_TAIL "?="
/* 75 is RFC 2047's limit for a word: 63 of base64 or Q, and base64 takes 4 for 3 bytes. */
#define ENCODED_CHARS 63
#define ENCODED_LEAST 16

/* Longest prefix of whole characters with a length of n * 3 that base64 fits into `chars`: without
 * padding, since some readers (GMime) lose what follows a padded word.  The end may be padded. */
static size_t base64_piece(struct str s, size_t chars)
{
    size_t max = chars / 4 * 3, at = 0, best = 0;
    uint32_t cp;
    if (s.n <= max)
        return s.n;
    while (at < s.n) {
        at += utf8_next(str_sub(s, at, s.n), &cp);
        if (at > max)
            break;
        if (at % 3 == 0)
            best = at;
    }
    return best;
}

/* Appends the longest prefix of whole characters in Q encoding of at most `chars`; its length. */
static size_t q_piece(struct buf *b, struct str s, size_t chars)
{
    size_t at = 0, start = b->n;
    while (at < s.n) {
        uint32_t cp;
        size_t n = utf8_next(str_sub(s, at, s.n), &cp);
        bool safe = n == 1 && ascii_is_alnum(s.p[at]);
        if (b->n - start + (safe ? 1 : 3 * n) > chars)
            break;
        for (size_t i = 0; i < n; i++)
            if (safe)
                buf_addc(b, s.p[at]);
            else
                buf_addf(b, "=%02X", (unsigned char)s.p[at + i]);
        at += n;
    }
    return at;
}

static void line_encoded(struct line *l, struct str s)
{
    while (s.n > 0) {
        /* The first word fills the line behind the field's name, where some text fits at all. */
        size_t used = l->column + 1 + sizeof ENCODED_B ENCODED_TAIL - 1;
        size_t chars = used < OUTMAIL_LINE_WANTED ? OUTMAIL_LINE_WANTED - used : 0;
        if (chars < ENCODED_LEAST || chars > ENCODED_CHARS)
            chars = ENCODED_CHARS;
        AUTO(buf) struct buf w = BUF_INIT(100);
        size_t n = base64_piece(s, chars);
        buf_adds(&w, n > 0 ? ENCODED_B : ENCODED_Q);
        if (n > 0)
            base64_add(&w, str_sub(s, 0, n));
        else
            n = q_piece(&w, s, chars);
        buf_adds(&w, ENCODED_TAIL);
        line_word(l, buf_str(&w));
        s = str_sub(s, n, s.n);
    }
}

/*
 * True when s survives folding at single spaces and reading back as plain ASCII: no encoded-word
 * look-alike, no run of spaces, tab or space at an end, no piece that is too long for a line.
 */
static bool is_plain(struct str s)
{
    size_t piece = 0;
    if (!is_ascii(s) || str_find(s, STR("=?")) != STR_NPOS || str_chr(s, '\t') != STR_NPOS)
        return false;
    if (s.n > 0 && (s.p[0] == ' ' || s.p[s.n - 1] == ' '))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == ' ' && s.p[i - 1] == ' ')
            return false;
        piece = s.p[i] == ' ' ? 0 : piece + 1;
        if (piece > OUTMAIL_LINE_WANTED - 2)
            return false;
    }
    return true;
}

static void line_plain(struct line *l, struct str s)
{
    struct str word;
    while (str_cut(&s, ' ', &word))
        line_word(l, word);
}

/* Unstructured text: plain where possible, encoded words as a whole where not. */
static void line_text(struct line *l, struct str s)
{
    if (is_plain(s))
        line_plain(l, s);
    else
        line_encoded(l, s);
}

/* ---- fields ---- */

/* A display name: atoms, a quoted string, or encoded words. */
static void line_name(struct line *l, struct str s)
{
    bool atoms = true;
    for (size_t i = 0; i < s.n; i++)
        atoms = atoms && (is_atext(s.p[i]) || s.p[i] == ' ');
    if (!is_plain(s) || s.n > 60) {
        line_encoded(l, s);
    } else if (atoms) {
        line_plain(l, s);
    } else {
        AUTO(buf) struct buf q = BUF_INIT(200);
        buf_addc(&q, '"');
        for (size_t i = 0; i < s.n; i++) {
            if (s.p[i] == '"' || s.p[i] == '\\')
                buf_addc(&q, '\\');
            buf_addc(&q, s.p[i]);
        }
        buf_addc(&q, '"');
        line_word(l, buf_str(&q));
    }
}

static void line_addr(struct line *l, const struct outmail_addr *one, bool more)
{
    AUTO(buf) struct buf b = BUF_INIT(400);
    if (one->name.n > 0) {
        line_name(l, one->name);
        buf_addf(&b, "<%.*s>", STR_ARG(one->addr));
    } else {
        buf_add(&b, one->addr);
    }
    if (more)
        buf_addc(&b, ',');
    line_word(l, buf_str(&b));
}

static void field_addrs(struct buf *out, const char *name, const struct outmail_addr *list,
                        size_t n)
{
    struct line l;
    if (n == 0)
        return;
    line_start(&l, out, str_c(name));
    for (size_t i = 0; i < n; i++)
        line_addr(&l, &list[i], i + 1 < n);
    line_end(&l);
}

static void field_text(struct buf *out, struct str name, struct str value)
{
    struct line l;
    line_start(&l, out, name);
    line_text(&l, value);
    line_end(&l);
}

static void line_id(struct line *l, struct str id)
{
    AUTO(buf) struct buf b = BUF_INIT(OUTMAIL_ID_MAX + 2);
    buf_addf(&b, "<%.*s>", STR_ARG(id));
    line_word(l, buf_str(&b));
}

static void field_id(struct buf *out, const char *name, struct str id)
{
    struct line l;
    line_start(&l, out, str_c(name));
    line_id(&l, id);
    line_end(&l);
}

/* The first usable id and the last ones: what RFC 5322 3.6.4 lets a long chain be trimmed to. */
static void field_references(struct buf *out, const struct outmail *m)
{
    size_t usable = 0, nth = 0;
    struct line l;
    for (size_t i = 0; i < m->n_references; i++)
        usable += outmail_id_ok(m->references[i]);
    if (usable == 0)
        return;
    line_start(&l, out, STR("References"));
    for (size_t i = 0; i < m->n_references; i++) {
        if (!outmail_id_ok(m->references[i]))
            continue;
        if (nth == 0 || usable - nth < OUTMAIL_REFS_MAX)
            line_id(&l, m->references[i]);
        nth++;
    }
    line_end(&l);
}

/* ---- bodies ---- */

/* Next line of text without its end; CRLF, LF and CR end one. */
static bool text_line(struct str *rest, struct str *ret_line)
{
    size_t n = 0;
    if (rest->n == 0)
        return false;
    while (n < rest->n && rest->p[n] != '\r' && rest->p[n] != '\n')
        n++;
    *ret_line = str_sub(*rest, 0, n);
    if (n + 1 < rest->n && rest->p[n] == '\r' && rest->p[n + 1] == '\n')
        n++;
    *rest = str_sub(*rest, n + 1, rest->n);
    return true;
}

static bool is_7bit(struct str text)
{
    struct str line;
    while (text_line(&text, &line))
        if (line.n > OUTMAIL_LINE_MAX || !is_ascii(line))
            return false;
    return true;
}

static void add_7bit(struct buf *out, struct str text)
{
    struct str line;
    while (text_line(&text, &line)) {
        buf_add(out, line);
        buf_adds(out, "\r\n");
    }
}

/* Quoted-printable (RFC 2045 6.7), lines of at most 76; a code point is not split. */
static void add_qp(struct buf *out, struct str text)
{
    struct str line;
    while (text_line(&text, &line)) {
        size_t column = 0;
        while (line.n > 0) {
            uint32_t cp;
            size_t n = utf8_next(line, &cp);
            char c = line.p[0];
            bool last = line.n == n;
            bool safe = n == 1 && c >= ' ' && c <= '~' && c != '=' && !(c == ' ' && last);
            size_t width = safe ? 1 : 3 * n;
            if (column + width > 75) {
                buf_adds(out, "=\r\n");
                column = 0;
            }
            for (size_t i = 0; !safe && i < n; i++)
                buf_addf(out, "=%02X", (unsigned char)line.p[i]);
            if (safe)
                buf_addc(out, c);
            column += width;
            line = str_sub(line, n, line.n);
        }
        buf_adds(out, "\r\n");
    }
}

/* base64 in lines of 76. */
static void add_base64(struct buf *out, struct str bytes)
{
    for (size_t i = 0; i < bytes.n; i += 57) {
        base64_add(out, str_sub(bytes, i, 57));
        buf_adds(out, "\r\n");
    }
}

static void add_text_part(struct buf *out, struct str text)
{
    bool plain = is_7bit(text);
    buf_adds(out, "Content-Type: text/plain; charset=utf-8\r\n");
    buf_addf(out, "Content-Transfer-Encoding: %s\r\n\r\n", plain ? "7bit" : "quoted-printable");
    if (plain)
        add_7bit(out, text);
    else
        add_qp(out, text);
}

/* ---- attachments ---- */

bool outmail_type_ok(struct str s)
{
    size_t slash = 0;
    for (size_t i = 0; i < s.n; i++) {
        slash += s.p[i] == '/';
        if (!ascii_is_alnum(s.p[i]) && strchr("/.+-_", s.p[i]) == NULL)
            return false;
    }
    return slash == 1 && s.n <= 127 && s.p[0] != '/' && s.p[s.n - 1] != '/' &&
           !str_starts_nocase(s, STR("multipart/")) && !str_starts_nocase(s, STR("message/"));
}

/* What is left of a name when nothing in it can point elsewhere or mislead; never empty. */
static void safe_name(struct buf *out, struct str name)
{
    while (name.n > 0) {
        uint32_t cp;
        size_t n = utf8_next(name, &cp);
        BUG_ON(n == 0); /* check_text() saw it */
        if (cp < ' ' || cp == '/' || cp == '\\' || cp == ':' || utf8_is_trick(cp))
            buf_addc(out, '_');
        else
            buf_add(out, str_sub(name, 0, n));
        name = str_sub(name, n, name.n);
    }
    if (out->n == 0 || str_eq(buf_str(out), STR(".")) || str_eq(buf_str(out), STR("..")))
        buf_adds(out, "_");
}

static bool is_attr_char(char c)
{
    return ascii_is_alnum(c) || (c != '\0' && strchr("!#$&+-.^_`{|}~", c) != NULL);
}

/* filename="..." or RFC 2231: filename*0*=utf-8''..., in pieces that fit a line. */
static void line_filename(struct line *l, struct str name)
{
    AUTO(buf) struct buf b = BUF_INIT(200);
    bool plain = is_ascii(name) && name.n <= 60 && str_chr(name, '"') == STR_NPOS &&
                 str_find(name, STR("=?")) == STR_NPOS && str_find(name, STR("  ")) == STR_NPOS &&
                 name.p[0] != ' ' && name.p[name.n - 1] != ' ';
    if (plain) {
        buf_addf(&b, "filename=\"%.*s\"", STR_ARG(name));
        line_word(l, buf_str(&b));
        return;
    }
    for (unsigned section = 0; name.n > 0; section++) {
        buf_reset(&b);
        buf_addf(&b, "filename*%u*=%s", section, section == 0 ? "utf-8''" : "");
        while (name.n > 0) {
            uint32_t cp;
            size_t n = utf8_next(name, &cp);
            if (b.n + 3 * n > 72)
                break;
            for (size_t i = 0; i < n; i++) {
                if (is_attr_char(name.p[i]))
                    buf_addc(&b, name.p[i]);
                else
                    buf_addf(&b, "%%%02X", (unsigned char)name.p[i]);
            }
            name = str_sub(name, n, name.n);
        }
        if (name.n > 0)
            buf_addc(&b, ';');
        line_word(l, buf_str(&b));
    }
}

static void add_file_part(struct buf *out, const struct outmail_file *f)
{
    AUTO(buf) struct buf name = BUF_INIT(OUTMAIL_TEXT_MAX + 1);
    struct line l;
    safe_name(&name, f->name);
    struct str type = f->type.n ? f->type : STR("application/octet-stream");
    buf_addf(out, "Content-Type: %.*s\r\n", STR_ARG(type));
    line_start(&l, out, STR("Content-Disposition"));
    line_word(&l, STR("attachment;"));
    line_filename(&l, buf_str(&name));
    line_end(&l);
    buf_adds(out, "Content-Transfer-Encoding: base64\r\n\r\n");
    add_base64(out, f->bytes);
}

/* A boundary from the content (same input, same bytes) that does not occur in the text. */
static void make_boundary(const struct outmail *m, char ret_b[SHA256_HEX + 2])
{
    for (unsigned try = 0;; try++) {
        unsigned char digest[SHA256_LEN];
        char hex[SHA256_HEX];
        struct sha256_ctx c;
        sha256_init(&c);
        sha256_add(&c, str_of(&try, sizeof try));
        sha256_add(&c, m->message_id);
        sha256_add(&c, m->text);
        sha256_end(&c, digest);
        hex_put(hex, digest, SHA256_LEN);
        /* "=_" cannot occur in base64 or quoted-printable; 32 digits are enough for the rest. */
        snprintf(ret_b, SHA256_HEX + 2, "=_%.32s", hex);
        if (str_find(m->text, str_c(ret_b)) == STR_NPOS)
            return;
    }
}

static void add_body(struct buf *out, const struct outmail *m)
{
    char boundary[SHA256_HEX + 2];
    buf_adds(out, "MIME-Version: 1.0\r\n");
    if (m->n_files == 0) {
        add_text_part(out, m->text);
        return;
    }
    make_boundary(m, boundary);
    buf_addf(out, "Content-Type: multipart/mixed;\r\n boundary=\"%s\"\r\n\r\n", boundary);
    buf_addf(out, "--%s\r\n", boundary);
    add_text_part(out, m->text);
    /* The line end in front of a boundary belongs to it (RFC 2046 5.1.1): the text keeps its own.
     */
    buf_adds(out, "\r\n");
    for (size_t i = 0; i < m->n_files; i++) {
        buf_addf(out, "--%s\r\n", boundary);
        add_file_part(out, &m->files[i]);
    }
    buf_addf(out, "--%s--\r\n", boundary);
}

/* ---- the whole ---- */

static enum rc check_addrs(const struct outmail_addr *list, size_t n, const char *field,
                           bool smtputf8, struct err *e)
{
    if (n > OUTMAIL_TO_MAX)
        return err_set(e, RC_LIMIT, "outgoing mail: more than %d addresses in %s", OUTMAIL_TO_MAX,
                       field);
    for (size_t i = 0; i < n; i++) {
        TRY(check_text(list[i].name, field, e));
        TRY(check_text(list[i].addr, field, e));
        if (!smtputf8 && outmail_addr_utf8(list[i].addr))
            return bad(e, field, "needs SMTPUTF8");
        if (!outmail_addr_ok(list[i].addr, smtputf8))
            return bad(e, field, "is not an address");
    }
    return RC_OK;
}

static enum rc check_extra(const struct outmail *m, struct err *e)
{
    if (m->n_extra > OUTMAIL_EXTRA_MAX)
        return err_set(e, RC_LIMIT, "outgoing mail: more than %d further fields",
                       OUTMAIL_EXTRA_MAX);
    for (size_t i = 0; i < m->n_extra; i++) {
        if (!is_field_name(m->extra[i].name))
            return bad(e, "a further field", "has a name that is not one");
        if (writer_owns(m->extra[i].name))
            return bad(e, "a further field", "is one that the writer sets itself");
        TRY(check_text(m->extra[i].value, "a further field", e));
    }
    return RC_OK;
}

static enum rc check_body(const struct outmail *m, struct err *e)
{
    size_t bytes = m->text.n;
    for (size_t i = 0; i < m->text.n; i++) {
        unsigned char c = (unsigned char)m->text.p[i];
        if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
            return bad(e, "the text", "holds a control character");
    }
    if (!utf8_valid(m->text))
        return bad(e, "the text", "is not UTF-8");
    if (m->n_files > OUTMAIL_FILES_MAX)
        return err_set(e, RC_LIMIT, "outgoing mail: more than %d files", OUTMAIL_FILES_MAX);
    for (size_t i = 0; i < m->n_files; i++) {
        TRY(check_text(m->files[i].name, "a file name", e));
        if (m->files[i].type.n > 0 && !outmail_type_ok(m->files[i].type))
            return bad(e, "a file's type", "is not one that can be attached");
        if (__builtin_add_overflow(bytes, m->files[i].bytes.n, &bytes))
            bytes = SIZE_MAX;
    }
    if (bytes > OUTMAIL_BYTES_MAX)
        return err_set(e, RC_LIMIT, "outgoing mail: larger than %u bytes", OUTMAIL_BYTES_MAX);
    return RC_OK;
}

static enum rc check(const struct outmail *m, struct err *e)
{
    const struct outmail_addr reply_to = {STR_NONE, m->reply_to};
    TRY(check_addrs(&m->from, 1, "From", m->smtputf8, e));
    TRY(check_addrs(m->to, m->n_to, "To", m->smtputf8, e));
    TRY(check_addrs(m->cc, m->n_cc, "Cc", m->smtputf8, e));
    TRY(check_addrs(&reply_to, m->reply_to.n > 0, "Reply-To", m->smtputf8, e));
    TRY(check_text(m->subject, "Subject", e));
    if (!outmail_id_ok(m->message_id))
        return bad(e, "Message-ID", "is not one");
    if (m->in_reply_to.n > 0 && !outmail_id_ok(m->in_reply_to))
        return bad(e, "In-Reply-To", "is not a message id");
    TRY(check_extra(m, e));
    return check_body(m, e);
}

enum rc outmail_write(const struct outmail *m, struct buf *out, struct err *e)
{
    TRY(check(m, e));
    AUTO(buf) struct buf b = BUF_INIT(OUTMAIL_BYTES_MAX);
    AUTO(buf) struct buf date = BUF_INIT(WHEN_TEXT_MAX);
    when_rfc5322(&date, m->date_us);
    buf_addf(&b, "Date: %s\r\n", buf_c(&date));
    field_addrs(&b, "From", &m->from, 1);
    field_addrs(&b, "To", m->to, m->n_to);
    field_addrs(&b, "Cc", m->cc, m->n_cc);
    const struct outmail_addr reply_to = {STR_NONE, m->reply_to};
    field_addrs(&b, "Reply-To", &reply_to, m->reply_to.n > 0);
    field_text(&b, STR("Subject"), m->subject);
    field_id(&b, "Message-ID", m->message_id);
    if (m->in_reply_to.n > 0)
        field_id(&b, "In-Reply-To", m->in_reply_to);
    field_references(&b, m);
    for (size_t i = 0; i < m->n_extra; i++)
        field_text(&b, m->extra[i].name, m->extra[i].value);
    add_body(&b, m);
    TRY(buf_ok(&b, "an outgoing mail", e));
    size_t before = out->n;
    buf_add(out, buf_str(&b));
    if (out->over)
        buf_cut(out, before);
    return buf_ok(out, "an outgoing mail", e);
}
