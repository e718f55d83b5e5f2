/* SPDX-License-Identifier: Apache-2.0 */
/*
 * security.txt: the writer for our own and a validator.  Runs in core; the writer's input is the
 * configuration, the validator's is hostile.
 */
#include "web/securitytxt.h"

#include "base/utf8.h"
#include "base/when.h"

struct check {
    int64_t now_us;
    struct str retrieved_from;
    unsigned contacts, expires, languages, canonicals, csafs;
    bool canonical_hit, csaf_well_known, csaf_first_well_known;
    struct securitytxt_report report;
};

static void warn(struct check *c, const char *what)
{
    if (c->report.warnings++ == 0)
        snprintf(c->report.first_warning, sizeof c->report.first_warning, "%s", what);
}

/* ---- values ---- */

static bool is_scheme_char(char c)
{
    return ascii_is_alnum(c) || c == '+' || c == '-' || c == '.';
}

/* RFC 3986 as far as it matters: a scheme, something behind it, only visible ASCII without the
 * characters that no URI may hold. */
static enum rc check_uri(struct str v, struct err *e)
{
    static const struct str never = {"\"<>\\^`{|}", 9};
    size_t colon = str_chr(v, ':');
    if (colon == STR_NPOS || colon == 0 || !ascii_is_alpha(v.p[0]) || colon + 1 >= v.n)
        return err_set(e, RC_INVALID, "the value is no URI");
    for (size_t i = 0; i < colon; i++)
        if (!is_scheme_char(v.p[i]))
            return err_set(e, RC_INVALID, "the value is no URI");
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] <= 0x20 || v.p[i] > 0x7e || str_chr(never, v.p[i]) != STR_NPOS)
            return err_set(e, RC_INVALID, "the URI holds a character that must be encoded");
    if (str_starts_nocase(v, STR("http:")))
        return err_set(e, RC_INVALID, "a web URI must begin with https://");
    if (str_starts_nocase(v, STR("https:")) &&
        (!str_starts_nocase(v, STR("https://")) || v.n == 8 || v.p[8] == '/'))
        return err_set(e, RC_INVALID, "the web URI has no host");
    return RC_OK;
}

static bool is_subtag(struct str s, size_t min, size_t max, bool alpha_only)
{
    if (s.n < min || s.n > max)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (alpha_only ? !ascii_is_alpha(s.p[i]) : !ascii_is_alnum(s.p[i]))
            return false;
    return true;
}

/* RFC 5646 well-formedness: a language of letters, then subtags of 1 to 8 letters or digits. */
static bool is_language_tag(struct str tag)
{
    struct str part;
    bool first = true, private_use = false;
    if (tag.n == 0 || tag.p[tag.n - 1] == '-')
        return false;
    while (str_cut(&tag, '-', &part)) {
        private_use = private_use || (first && str_eq_nocase(part, STR("x")));
        if (first && !private_use ? !is_subtag(part, 2, 8, true) : !is_subtag(part, 1, 8, false))
            return false;
        first = false;
    }
    return true;
}

static enum rc check_languages(struct str v, struct err *e)
{
    struct str part;
    if (v.n == 0 || v.p[v.n - 1] == ',')
        return err_set(e, RC_INVALID, "the list of languages is not complete");
    while (str_cut(&v, ',', &part))
        if (!is_language_tag(str_trim(part)))
            return err_set(e, RC_INVALID, "not a language tag of RFC 5646");
    return RC_OK;
}

static enum rc check_expires(struct check *c, struct str v, struct err *e)
{
    if (++c->expires > 1)
        return err_set(e, RC_INVALID, "Expires must be there once");
    TRY(when_parse_rfc3339(v, &c->report.expires_us, e));
    if (c->report.expires_us <= c->now_us)
        return err_set(e, RC_INVALID, "the file has expired");
    if (c->report.expires_us - c->now_us > SECURITYTXT_WARN)
        warn(c, "Expires is more than a year ahead");
    return RC_OK;
}

static enum rc check_csaf(struct check *c, struct str v, struct err *e)
{
    TRY(check_uri(v, e));
    bool known = str_ends(v, STR("/.well-known/csaf/provider-metadata.json"));
    if (c->csafs++ == 0)
        c->csaf_first_well_known = known;
    c->csaf_well_known = c->csaf_well_known || known;
    return RC_OK;
}

/* ---- lines ---- */

static enum rc check_field(struct check *c, struct str name, struct str v, struct err *e)
{
    static const struct str uris[] = {
        {"Encryption", 10}, {"Acknowledgments", 15}, {"Policy", 6}, {"Hiring", 6}};
    if (str_eq_nocase(name, STR("Expires")))
        return check_expires(c, v, e);
    if (str_eq_nocase(name, STR("Preferred-Languages"))) {
        if (++c->languages > 1)
            return err_set(e, RC_INVALID, "Preferred-Languages may be there once");
        return check_languages(v, e);
    }
    if (str_eq_nocase(name, STR("Contact"))) {
        c->contacts++;
        return check_uri(v, e);
    }
    if (str_eq_nocase(name, STR("Canonical"))) {
        c->canonicals++;
        c->canonical_hit = c->canonical_hit || str_eq(v, c->retrieved_from);
        return check_uri(v, e);
    }
    if (str_eq_nocase(name, STR("CSAF")))
        return check_csaf(c, v, e);
    for (size_t i = 0; i < ARRAY_LEN(uris); i++)
        if (str_eq_nocase(name, uris[i]))
            return check_uri(v, e);
    return RC_OK; /* an extension: ignored (2.4) */
}

static bool is_field_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_alnum(s.p[i]) && s.p[i] != '-')
            return false;
    return s.n > 0;
}

static enum rc check_line(struct check *c, struct str line, struct err *e)
{
    if (str_trim(line).n == 0 || line.p[0] == '#')
        return RC_OK;
    size_t colon = str_chr(line, ':');
    if (colon == STR_NPOS || !is_field_name(str_sub(line, 0, colon)))
        return err_set(e, RC_INVALID, "neither a field nor a comment");
    struct str value = str_trim(str_sub(line, colon + 1, line.n));
    if (value.n == 0)
        return err_set(e, RC_INVALID, "the field has no value");
    return check_field(c, str_sub(line, 0, colon), value, e);
}

static enum rc check_whole(struct check *c, struct err *e)
{
    if (c->contacts == 0)
        return err_set(e, RC_INVALID, "there is no Contact");
    if (c->expires == 0)
        return err_set(e, RC_INVALID, "there is no Expires");
    if (c->canonicals && c->retrieved_from.n && !c->canonical_hit)
        return err_set(e, RC_INVALID, "it came from an address that no Canonical names");
    if (c->csaf_well_known && !c->csaf_first_well_known)
        warn(c, "the well-known address is not the first CSAF field");
    if (c->report.is_signed == SECURITYTXT_FRAMED && c->canonicals == 0)
        warn(c, "a signed file should name its Canonical address");
    return RC_OK;
}

/* ---- the frame of a cleartext signature (RFC 4880 7) ---- */

enum frame { FRAME_NONE, FRAME_HASH, FRAME_TEXT, FRAME_SIGNATURE, FRAME_DONE };

/* Handles a line of the frame; *ret_field says that the line is one to check. */
static enum rc frame_line(enum frame *f, struct str *line, unsigned nth, bool *ret_field,
                          struct err *e)
{
    *ret_field = false;
    switch (*f) {
    case FRAME_NONE:
        if (str_eq(*line, STR("-----BEGIN PGP SIGNED MESSAGE-----"))) {
            if (nth != 1)
                return err_set(e, RC_INVALID, "there is text before the signed part");
            *f = FRAME_HASH;
        } else {
            *ret_field = true;
        }
        return RC_OK;
    case FRAME_HASH:
        if (line->n == 0)
            *f = FRAME_TEXT;
        else if (!str_starts(*line, STR("Hash: ")))
            return err_set(e, RC_INVALID, "the head of the signed part is broken");
        return RC_OK;
    case FRAME_TEXT:
        if (str_eq(*line, STR("-----BEGIN PGP SIGNATURE-----"))) {
            *f = FRAME_SIGNATURE;
            return RC_OK;
        }
        if (str_starts(*line, STR("- ")))
            *line = str_sub(*line, 2, line->n);
        else if (str_starts(*line, STR("-")))
            return err_set(e, RC_INVALID, "a dash in the signed part is not escaped");
        *ret_field = true;
        return RC_OK;
    case FRAME_SIGNATURE:
        if (str_eq(*line, STR("-----END PGP SIGNATURE-----")))
            *f = FRAME_DONE;
        return RC_OK;
    case FRAME_DONE:
        if (line->n)
            return err_set(e, RC_INVALID, "there is text after the signature");
        return RC_OK;
    }
    return RC_OK;
}

enum rc securitytxt_check(struct str text, int64_t now_us, struct str retrieved_from,
                          struct securitytxt_report *ret_r, struct err *e)
{
    struct check c = {.now_us = now_us, .retrieved_from = retrieved_from};
    enum frame frame = FRAME_NONE;
    struct str line;
    unsigned nth = 0;
    if (text.n > SECURITYTXT_MAX)
        return err_set(e, RC_LIMIT, "security.txt is larger than %d bytes", SECURITYTXT_MAX);
    if (!utf8_valid(text))
        return err_set(e, RC_INVALID, "security.txt is not UTF-8");
    while (str_line(&text, &line)) {
        bool is_field;
        if (++nth > SECURITYTXT_LINES)
            return err_set(e, RC_LIMIT, "security.txt has more than %d lines", SECURITYTXT_LINES);
        enum rc rc = frame_line(&frame, &line, nth, &is_field, e);
        if (rc == RC_OK && is_field)
            rc = check_line(&c, line, e);
        if (rc != RC_OK)
            return err_prefix(e, "security.txt line %u: ", nth);
    }
    if (frame != FRAME_NONE && frame != FRAME_DONE)
        return err_set(e, RC_INVALID, "security.txt: the signature is cut off");
    c.report.is_signed = frame == FRAME_DONE ? SECURITYTXT_FRAMED : SECURITYTXT_PLAIN;
    TRY(check_whole(&c, e));
    *ret_r = c.report;
    return RC_OK;
}

/* ---- ours ---- */

/* mailto: of RFC 6068: what is not unreserved is encoded, but for the signs of an address. */
static void add_mailto(struct buf *b, struct str address)
{
    static const struct str keep = {"@-._~+!$'*", 10};
    buf_adds(b, "Contact: mailto:");
    for (size_t i = 0; i < address.n; i++) {
        char c = address.p[i];
        if (ascii_is_alnum(c) || str_chr(keep, c) != STR_NPOS)
            buf_addc(b, c);
        else
            buf_addf(b, "%%%02X", (unsigned char)c);
    }
    buf_addc(b, '\n');
}

enum rc securitytxt_make(const struct settings *s, int64_t now_us, struct buf *ret_text,
                         struct err *e)
{
    AUTO(buf) struct buf b = BUF_INIT(SECURITYTXT_MAX);
    for (size_t i = 0; i < s->desk.contact.n; i++)
        add_mailto(&b, s->desk.contact.v[i]);
    bool https = str_starts(s->desk.base_url, STR("https://"));
    if (https)
        buf_addf(&b, "Contact: %.*s/new\n", STR_ARG(s->desk.base_url));
    /* Counted from the start of today, so that the text changes once a day. */
    buf_adds(&b, "Expires: ");
    when_rfc3339(&b, now_us - now_us % US_PER_DAY + SECURITYTXT_EXPIRES);
    buf_addc(&b, '\n');
    if (s->desk.language.n)
        buf_addf(&b, "Preferred-Languages: %.*s\n", STR_ARG(s->desk.language));
    if (https) {
        buf_addf(&b, "Canonical: %.*s" SECURITYTXT_PATH "\n", STR_ARG(s->desk.base_url));
        buf_addf(&b, "Policy: %.*s/\n", STR_ARG(s->desk.base_url));
    }
    TRY(buf_ok(&b, "security.txt", e));
    struct securitytxt_report report;
    enum rc rc = securitytxt_check(buf_str(&b), now_us, STR_NONE, &report, e);
    if (rc != RC_OK)
        return err_prefix(e, "out of these settings: ");
    buf_add(ret_text, buf_str(&b));
    return buf_ok(ret_text, "security.txt", e);
}
