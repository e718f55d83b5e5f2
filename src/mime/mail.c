/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encodes and decodes the typed mail record.  Encoding runs in the parse child, decoding in core.
 * The JSON comes from a process that has just read hostile bytes, so decoding trusts nothing.
 *
 * One table per structure drives both directions: what cannot be written cannot be read.
 */
#include "mime/mail.h"

#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

enum kind {
    K_LINE, /* struct str, clean, no newline or tab, max bytes */
    K_TEXT, /* struct str, clean */
    K_ADDR, /* struct str, mail_addr_ok or empty */
    K_ID,   /* struct str, mail_id_ok or empty */
    K_FILE, /* struct str, mail_file_name_ok */
    K_TYPE, /* struct str, type/subtype */
    K_HASH, /* char[SHA256_HEX] */
    K_INT,  /* int64_t, 0..max */
    K_DATE, /* int64_t, absent unless the bool before it is set */
    K_BITS, /* uint32_t, below 1 << max */
    K_BOOL,
    K_ENUM,  /* enum (int), names */
    K_OBJ,   /* struct, shape */
    K_LIST,  /* p, n: at most max of shape */
    K_ARRAY, /* max elements of shape in place, count (size_t) at `has` */
    K_WARN,  /* the warnings array */
};

struct shape;
struct field {
    const char *key;
    enum kind kind;
    size_t off;
    int64_t max;
    const struct shape *shape;
    const char *const *names;
    size_t has; /* K_DATE: offset of the bool; K_ARRAY: of the count */
};
struct shape {
    size_t size; /* of one element */
    const struct field *f;
    size_t n;
};

/* What MAIL_LIST declares, whatever its type; the pairs of the other modules look alike. */
struct list {
    void *p;
    size_t n;
};
#define PAIR(type, p, n)                                                                           \
    _Static_assert(offsetof(struct type, n) == offsetof(struct type, p) + sizeof(void *),          \
                   "pointer and count side by side")
PAIR(authres, results, n_results);
PAIR(authres_result, props, n_props);
PAIR(dsn_result, recipients, n_recipients);

static const char *const source_names[] = {"none", "plain", "html"};
static const char *const crypto_names[] = {
    "none",       "pgp-encrypted", "pgp-inline-encrypted", "smime-encrypted",
    "pgp-signed", "smime-signed"};
static const char *const warning_names[] = {"nest-cut",
                                            "parts-cut",
                                            "attachments-cut",
                                            "header-cut",
                                            "list-cut",
                                            "text-cut",
                                            "bad-header",
                                            "bad-encoding",
                                            "unknown-encoding",
                                            "unknown-charset",
                                            "bad-charset",
                                            "bad-address",
                                            "bad-date",
                                            "bad-id",
                                            "many-from",
                                            "duplicate-field",
                                            "bare-cr",
                                            "bare-lf",
                                            "nul",
                                            "no-boundary",
                                            "unclosed",
                                            "partial",
                                            "external",
                                            "name-changed"};

/* The same words as the modules' own _name functions; a test compares them. */
static const char *const proof_names[] = {"none", "dkim", "dmarc"};
static const char *const kind_names[] = {"none", "bounce", "delay", "success", "mdn", "arf"};
static const char *const action_names[] = {"failed", "delayed", "delivered", "relayed", "expanded"};
static const char *const submitted_names[] = {"absent", "no", "auto"};
static const char *const precedence_names[] = {"absent", "bulk", "junk", "list", "other"};
static const char *const report_names[] = {"none", "dsn", "mdn", "arf", "other"};
static const char *const sender_names[] = {"person", "daemon", "owner", "request", "noreply"};

_Static_assert(ARRAY_LEN(kind_names) == DSN_KIND_COUNT, "a name each");
_Static_assert(ARRAY_LEN(action_names) == DSN_ACTION_COUNT, "a name each");
_Static_assert(ARRAY_LEN(submitted_names) == SUBMITTED_COUNT, "a name each");
_Static_assert(ARRAY_LEN(precedence_names) == PRECEDENCE_COUNT, "a name each");
_Static_assert(ARRAY_LEN(report_names) == REPORT_COUNT, "a name each");
_Static_assert(ARRAY_LEN(sender_names) == SENDER_COUNT, "a name each");
_Static_assert(ARRAY_LEN(source_names) == MAIL_TEXT_COUNT, "a name each");
_Static_assert(ARRAY_LEN(crypto_names) == MAIL_CRYPTO_COUNT, "a name each");
_Static_assert(ARRAY_LEN(warning_names) == MAIL_WARN_COUNT, "a name each");

const char *mail_warning_name(enum mail_warning w)
{
    return (unsigned)w < MAIL_WARN_COUNT ? warning_names[w] : "?";
}

const char *mail_crypto_name(enum mail_crypto c)
{
    return (unsigned)c < MAIL_CRYPTO_COUNT ? crypto_names[c] : "?";
}

#define AT(type, member) offsetof(struct type, member)
#define SHAPE(type, fields)                                                                        \
    {                                                                                              \
        sizeof(struct type), fields, ARRAY_LEN(fields)                                             \
    }

static const struct field f_addr[] = {
    {"name", K_LINE, AT(mail_addr, name), MAIL_NAME_MAX, NULL, NULL, 0},
    {"addr", K_ADDR, AT(mail_addr, addr), MAIL_ADDR_MAX, NULL, NULL, 0},
};
static const struct shape s_addr = SHAPE(mail_addr, f_addr);

/* A list of bare texts is a list of objects with one unnamed field. */
static const struct field f_id[] = {{"", K_ID, 0, MAIL_ID_MAX, NULL, NULL, 0}};
static const struct shape s_id = SHAPE(str, f_id);
static const struct field f_prop[] = {
    {"ptype", K_LINE, AT(authres_prop, ptype), MAIL_AUTH_WORD_MAX, NULL, NULL, 0},
    {"property", K_LINE, AT(authres_prop, property), MAIL_AUTH_WORD_MAX, NULL, NULL, 0},
    {"value", K_LINE, AT(authres_prop, value), MAIL_AUTH_VALUE_MAX, NULL, NULL, 0},
};
static const struct shape s_prop = SHAPE(authres_prop, f_prop);

static const struct field f_result[] = {
    {"method", K_LINE, AT(authres_result, method), MAIL_AUTH_WORD_MAX, NULL, NULL, 0},
    {"version", K_BITS, AT(authres_result, version), 31, NULL, NULL, 0},
    {"result", K_LINE, AT(authres_result, result), MAIL_AUTH_WORD_MAX, NULL, NULL, 0},
    {"reason", K_LINE, AT(authres_result, reason), MAIL_AUTH_VALUE_MAX, NULL, NULL, 0},
    {"props", K_LIST, AT(authres_result, props), AUTHRES_PROPS_MAX, &s_prop, NULL, 0},
};
static const struct shape s_result = SHAPE(authres_result, f_result);

static const struct field f_auth[] = {
    {"authserv_id", K_LINE, AT(mail_auth, r.authserv_id), MAIL_AUTH_VALUE_MAX, NULL, NULL, 0},
    {"version", K_BITS, AT(mail_auth, r.version), 31, NULL, NULL, 0},
    {"results", K_LIST, AT(mail_auth, r.results), AUTHRES_RESULTS_MAX, &s_result, NULL, 0},
    {"received_above", K_INT, AT(mail_auth, received_above), MAIL_COUNT_MAX, NULL, NULL, 0},
    {"trusted", K_BOOL, AT(mail_auth, trusted), 0, NULL, NULL, 0},
};
static const struct shape s_auth = SHAPE(mail_auth, f_auth);

static const struct field f_recipient[] = {
    {"addr", K_LINE, AT(dsn_recipient, addr), DSN_ADDR_MAX, NULL, NULL, 0},
    {"final", K_LINE, AT(dsn_recipient, final), DSN_ADDR_MAX, NULL, NULL, 0},
    {"action", K_ENUM, AT(dsn_recipient, action), DSN_ACTION_COUNT, NULL, action_names, 0},
    {"status", K_LINE, AT(dsn_recipient, status), MAIL_AUTH_WORD_MAX, NULL, NULL, 0},
    {"temporary", K_BOOL, AT(dsn_recipient, temporary), 0, NULL, NULL, 0},
    {"diagnostic", K_LINE, AT(dsn_recipient, diagnostic), DSN_DIAG_MAX, NULL, NULL, 0},
};
static const struct shape s_recipient = SHAPE(dsn_recipient, f_recipient);

static const struct field f_report[] = {
    {"kind", K_ENUM, AT(dsn_result, kind), DSN_KIND_COUNT, NULL, kind_names, 0},
    {"recipients", K_LIST, AT(dsn_result, recipients), DSN_RECIPIENTS_MAX, &s_recipient, NULL, 0},
    {"cut", K_BOOL, AT(dsn_result, cut), 0, NULL, NULL, 0},
    {"guessed", K_BOOL, AT(dsn_result, guessed), 0, NULL, NULL, 0},
    {"original_mid", K_ID, AT(dsn_result, original_mid), MAIL_ID_MAX, NULL, NULL, 0},
};
static const struct shape s_report = SHAPE(dsn_result, f_report);

static const struct field f_loop[] = {{"", K_LINE, 0, AUTOREPLY_ADDR_MAX, NULL, NULL, 0}};
static const struct shape s_loop = SHAPE(str, f_loop);

#define FACT(key, kind, max, names)                                                                \
    {                                                                                              \
#key, kind, AT(autoreply_facts, key), max, NULL, names, 0                                  \
    }
static const struct field f_facts[] = {
    FACT(submitted, K_ENUM, SUBMITTED_COUNT, submitted_names),
    FACT(submitted_word, K_LINE, AUTOREPLY_WORD_MAX, NULL),
    FACT(precedence, K_ENUM, PRECEDENCE_COUNT, precedence_names),
    FACT(report, K_ENUM, REPORT_COUNT, report_names),
    FACT(return_class, K_ENUM, SENDER_COUNT, sender_names),
    FACT(from_class, K_ENUM, SENDER_COUNT, sender_names),
    FACT(suppress, K_BITS, 7, NULL),
    FACT(list, K_BOOL, 0, NULL),
    FACT(responder, K_BOOL, 0, NULL),
    FACT(spam, K_BOOL, 0, NULL),
    FACT(has_return_path, K_BOOL, 0, NULL),
    FACT(loops_over, K_BOOL, 0, NULL),
    FACT(hops_over, K_BOOL, 0, NULL),
    FACT(return_path, K_LINE, AUTOREPLY_ADDR_MAX, NULL),
    FACT(from, K_LINE, AUTOREPLY_ADDR_MAX, NULL),
    {"loops", K_ARRAY, AT(autoreply_facts, loops), AUTOREPLY_LOOPS_MAX, &s_loop, NULL,
     AT(autoreply_facts, n_loops)},
};
static const struct shape s_facts = SHAPE(autoreply_facts, f_facts);

static const struct field f_attachment[] = {
    {"part", K_INT, AT(mail_attachment, part), MAIL_PARTS_MAX, NULL, NULL, 0},
    {"name", K_FILE, AT(mail_attachment, name), MAIL_FILE_NAME_MAX, NULL, NULL, 0},
    {"orig_name", K_LINE, AT(mail_attachment, orig_name), MAIL_ORIG_NAME_MAX, NULL, NULL, 0},
    {"type", K_TYPE, AT(mail_attachment, type), MAIL_TYPE_MAX, NULL, NULL, 0},
    {"size", K_INT, AT(mail_attachment, size), MAIL_RAW_MAX, NULL, NULL, 0},
    {"sha256", K_HASH, AT(mail_attachment, sha256), 0, NULL, NULL, 0},
    {"inline", K_BOOL, AT(mail_attachment, is_inline), 0, NULL, NULL, 0},
    {"damaged", K_BOOL, AT(mail_attachment, damaged), 0, NULL, NULL, 0},
    {"content_id", K_ID, AT(mail_attachment, content_id), MAIL_ID_MAX, NULL, NULL, 0},
};
static const struct shape s_attachment = SHAPE(mail_attachment, f_attachment);

static const struct field f_forwarded[] = {
    {"part", K_INT, AT(mail_forwarded, part), MAIL_PARTS_MAX, NULL, NULL, 0},
    {"depth", K_INT, AT(mail_forwarded, depth), MAIL_NEST_MAX, NULL, NULL, 0},
    {"from", K_OBJ, AT(mail_forwarded, from), 0, &s_addr, NULL, 0},
    {"subject", K_LINE, AT(mail_forwarded, subject), MAIL_SUBJECT_MAX, NULL, NULL, 0},
    {"date_us", K_DATE, AT(mail_forwarded, date_us), 0, NULL, NULL, AT(mail_forwarded, has_date)},
    {"message_id", K_ID, AT(mail_forwarded, message_id), MAIL_ID_MAX, NULL, NULL, 0},
    {"text", K_TEXT, AT(mail_forwarded, text), MAIL_TEXT_MAX, NULL, NULL, 0},
    {"truncated", K_BOOL, AT(mail_forwarded, truncated), 0, NULL, NULL, 0},
    {"returned", K_BOOL, AT(mail_forwarded, returned), 0, NULL, NULL, 0},
};
static const struct shape s_forwarded = SHAPE(mail_forwarded, f_forwarded);

static const struct field f_patch[] = {
    {"found", K_BOOL, AT(mail_patch, found), 0, NULL, NULL, 0},
    {"attached", K_BOOL, AT(mail_patch, attached), 0, NULL, NULL, 0},
    {"file", K_LINE, AT(mail_patch, file), MAIL_PATCH_PATH_MAX, NULL, NULL, 0},
    {"diff", K_TEXT, AT(mail_patch, diff), (int64_t)MAIL_PATCH_MAX, NULL, NULL, 0},
    {"message", K_TEXT, AT(mail_patch, message), MAIL_TEXT_MAX, NULL, NULL, 0},
    {"subject", K_LINE, AT(mail_patch, subject), MAIL_SUBJECT_MAX, NULL, NULL, 0},
};
static const struct shape s_patch = SHAPE(mail_patch, f_patch);

static const struct field f_mail[] = {
    {"size", K_INT, AT(mail, size), MAIL_RAW_MAX, NULL, NULL, 0},
    {"sha256", K_HASH, AT(mail, sha256), 0, NULL, NULL, 0},
    {"content_sha256", K_HASH, AT(mail, content_sha256), 0, NULL, NULL, 0},
    {"parts", K_INT, AT(mail, parts), MAIL_PARTS_MAX, NULL, NULL, 0},
    {"from", K_OBJ, AT(mail, from), 0, &s_addr, NULL, 0},
    {"from_fields", K_INT, AT(mail, from_fields), MAIL_COUNT_MAX, NULL, NULL, 0},
    {"from_mailboxes", K_INT, AT(mail, from_mailboxes), MAIL_COUNT_MAX, NULL, NULL, 0},
    {"sender", K_OBJ, AT(mail, sender), 0, &s_addr, NULL, 0},
    {"reply_to", K_LIST, AT(mail, reply_to), MAIL_REPLY_TO_MAX, &s_addr, NULL, 0},
    {"to", K_LIST, AT(mail, to), MAIL_RCPT_MAX, &s_addr, NULL, 0},
    {"cc", K_LIST, AT(mail, cc), MAIL_RCPT_MAX, &s_addr, NULL, 0},
    {"subject", K_LINE, AT(mail, subject), MAIL_SUBJECT_MAX, NULL, NULL, 0},
    {"message_id", K_ID, AT(mail, message_id), MAIL_ID_MAX, NULL, NULL, 0},
    {"in_reply_to", K_LIST, AT(mail, in_reply_to), MAIL_IRT_MAX, &s_id, NULL, 0},
    {"references", K_LIST, AT(mail, references), MAIL_REFS_MAX, &s_id, NULL, 0},
    {"date_us", K_DATE, AT(mail, date_us), 0, NULL, NULL, AT(mail, has_date)},
    {"list_id", K_LINE, AT(mail, list_id), MAIL_LIST_ID_MAX, NULL, NULL, 0},
    {"automatic", K_OBJ, AT(mail, automatic), 0, &s_facts, NULL, 0},
    {"auth", K_LIST, AT(mail, auth), MAIL_AUTH_MAX, &s_auth, NULL, 0},
    {"proof", K_ENUM, AT(mail, proof), AUTHRES_DMARC + 1, NULL, proof_names, 0},
    {"received", K_INT, AT(mail, received), MAIL_COUNT_MAX, NULL, NULL, 0},
    {"own_received", K_INT, AT(mail, own_received), MAIL_COUNT_MAX, NULL, NULL, 0},
    {"no_report", K_BOOL, AT(mail, no_report), 0, NULL, NULL, 0},
    {"report", K_OBJ, AT(mail, report), 0, &s_report, NULL, 0},
    {"text", K_TEXT, AT(mail, text), MAIL_TEXT_MAX, NULL, NULL, 0},
    {"text_source", K_ENUM, AT(mail, text_source), MAIL_TEXT_COUNT, NULL, source_names, 0},
    {"truncated", K_BOOL, AT(mail, truncated), 0, NULL, NULL, 0},
    {"crypto", K_ENUM, AT(mail, crypto), MAIL_CRYPTO_COUNT, NULL, crypto_names, 0},
    {"attachments", K_LIST, AT(mail, attachments), MAIL_ATTACH_MAX, &s_attachment, NULL, 0},
    {"forwarded", K_LIST, AT(mail, forwarded), MAIL_FORWARDED_MAX, &s_forwarded, NULL, 0},
    {"patch", K_OBJ, AT(mail, patch), 0, &s_patch, NULL, 0},
    {"warnings", K_WARN, AT(mail, warnings), MAIL_COUNT_MAX, NULL, NULL, 0},
};
static const struct shape s_mail = SHAPE(mail, f_mail);

/* --- rules for single values --- */

bool mail_addr_ok(struct str s)
{
    size_t at = str_rchr(s, '@');
    if (s.n > MAIL_ADDR_MAX || at == STR_NPOS || at == 0 || at + 1 == s.n || !utf8_is_clean(s))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || strchr("<>()\",;:\\", s.p[i]) != NULL)
            return false;
    /* A bracket only as a whole address literal: user@[192.0.2.1]. */
    struct str dom = str_sub(s, at + 1, s.n);
    bool literal = dom.p[0] == '[' && dom.p[dom.n - 1] == ']' && dom.n > 2;
    struct str inner = literal ? str_sub(dom, 1, dom.n - 2) : dom;
    struct str local = str_sub(s, 0, at);
    return str_chr(inner, '[') == STR_NPOS && str_chr(inner, ']') == STR_NPOS &&
           str_chr(local, '[') == STR_NPOS && str_chr(local, ']') == STR_NPOS &&
           str_chr(local, '@') == STR_NPOS && local.p[0] != '-';
}

bool mail_id_ok(struct str s)
{
    if (s.n == 0 || s.n > MAIL_ID_MAX || !utf8_is_clean(s))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '<' || s.p[i] == '>')
            return false;
    return true;
}

static bool reserved_stem(struct str stem)
{
    static const char *const words[] = {"con", "prn", "aux", "nul", "conin$", "conout$"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq_nocase(stem, str_c(words[i])))
            return true;
    return stem.n == 4 &&
           (str_starts_nocase(stem, STR("com")) || str_starts_nocase(stem, STR("lpt"))) &&
           ascii_is_digit(stem.p[3]);
}

bool mail_file_name_ok(struct str s)
{
    if (s.n == 0 || s.n > MAIL_FILE_NAME_MAX || !utf8_is_clean(s))
        return false;
    if (s.p[0] == '.' || s.p[0] == ' ' || s.p[0] == '-' || s.p[s.n - 1] == '.' ||
        s.p[s.n - 1] == ' ')
        return false;
    size_t dot = str_chr(s, '.');
    if (reserved_stem(str_trim(str_sub(s, 0, dot == STR_NPOS ? s.n : dot))))
        return false;
    for (struct str r = s; r.n > 0;) {
        uint32_t cp = 0;
        size_t n = utf8_next(r, &cp);
        if (n == 0 || utf8_is_trick(cp) || cp == 0x2028 || cp == 0x2029 || cp == '\t' ||
            cp == '\n' || (cp < 0x80 && strchr("/\\:*?\"<>|", (int)cp) != NULL))
            return false;
        r = str_sub(r, n, r.n);
    }
    return true;
}

static bool type_ok(struct str s)
{
    size_t slash = str_chr(s, '/');
    if (slash == STR_NPOS || slash == 0 || slash + 1 == s.n)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool token = (c >= 'a' && c <= 'z') || ascii_is_digit(c) ||
                     (c != '\0' && strchr("!#$&-^_.+%'*`{|}~", c) != NULL);
        if (!token && i != slash)
            return false;
    }
    return true;
}

static bool line_ok(struct str s)
{
    return utf8_is_clean(s) && str_chr(s, '\n') == STR_NPOS && str_chr(s, '\t') == STR_NPOS;
}

static bool str_kind_ok(enum kind k, struct str s)
{
    switch (k) {
    case K_LINE:
        return line_ok(s);
    case K_TEXT:
        return utf8_is_clean(s);
    case K_ADDR:
        return s.n == 0 || mail_addr_ok(s);
    case K_ID:
        return s.n == 0 || mail_id_ok(s);
    case K_FILE:
        return mail_file_name_ok(s);
    case K_TYPE:
        return type_ok(s);
    default:
        return false;
    }
}

static bool hash_ok(struct str s)
{
    if (s.n != SHA256_HEX - 1)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
            return false;
    return true;
}

/* Dates that when.h can show: years 1970 to 9999. */
#define DATE_MAX_US INT64_C(253402300799999999)

/* --- encode --- */

static json_t *encode_shape(const struct shape *s, const void *at);

static json_t *encode_warnings(const uint32_t *w)
{
    json_t *o = json_object();
    for (size_t i = 0; i < MAIL_WARN_COUNT; i++)
        if (w[i] > 0)
            json_object_set_new(o, warning_names[i], json_integer(w[i]));
    return o;
}

static json_t *encode_list(const struct field *f, struct list l)
{
    json_t *a = json_array();
    for (size_t i = 0; i < l.n && i < (size_t)f->max; i++)
        json_array_append_new(a, encode_shape(f->shape, (const char *)l.p + i * f->shape->size));
    return a;
}

/* Cleans and cuts once more, so that decode never refuses what the child has to say. */
static json_t *encode_str(const struct field *f, struct str s)
{
    AUTO(buf) struct buf b = BUF_INIT(s.n * 3 + 1);
    if (f->kind == K_LINE)
        utf8_clean_line(&b, s);
    else if (f->kind == K_TEXT)
        utf8_clean(&b, s);
    else if (str_kind_ok(f->kind, s))
        buf_add(&b, s);
    s = utf8_clip(buf_str(&b), (size_t)f->max);
    return json_stringn(s.n ? s.p : "", s.n);
}

static int64_t clamp(int64_t n, int64_t max)
{
    return n < 0 ? 0 : n > max ? max : n;
}

static json_t *encode_field(const struct field *f, const char *base)
{
    const void *at = base + f->off;
    switch (f->kind) {
    case K_LINE:
    case K_TEXT:
    case K_ADDR:
    case K_ID:
    case K_FILE:
    case K_TYPE:
        return encode_str(f, *(const struct str *)at);
    case K_HASH:
        return json_str(str_c(at));
    case K_INT:
        return json_integer(clamp(*(const int64_t *)at, f->max));
    case K_DATE:
        return *(const bool *)(base + f->has)
                   ? json_integer(clamp(*(const int64_t *)at, DATE_MAX_US))
                   : json_null();
    case K_BITS:
        return json_integer(*(const uint32_t *)at);
    case K_BOOL:
        return json_boolean(*(const bool *)at);
    case K_ENUM:
        return json_string(f->names[*(const unsigned *)at]);
    case K_OBJ:
        return encode_shape(f->shape, at);
    case K_LIST:
        return encode_list(f, *(const struct list *)at);
    case K_ARRAY:
        return encode_list(f, (struct list){(void *)at, *(const size_t *)(base + f->has)});
    case K_WARN:
        return encode_warnings(at);
    }
    return NULL;
}

static json_t *encode_shape(const struct shape *s, const void *at)
{
    if (s->n == 1 && s->f[0].key[0] == '\0')
        return encode_field(&s->f[0], at);
    json_t *o = json_object();
    for (size_t i = 0; i < s->n; i++)
        json_object_set_new_nocheck(o, s->f[i].key, encode_field(&s->f[i], at));
    return o;
}

enum rc mail_encode(struct buf *b, const struct mail *m, struct err *e)
{
    AUTO(json) json_t *j = encode_shape(&s_mail, m);
    return json_write(b, j, e);
}

/* --- decode --- */

/* The depth of shapes is fixed by the tables (4), so this recursion is bounded by us. */
static enum rc decode_shape(struct arena *a, const struct shape *s, const json_t *j, void *at,
                            struct err *e);

static enum rc decode_bad(const struct field *f, struct err *e)
{
    return err_set(e, RC_INVALID, "mail record: \"%s\" is missing or not of its form", f->key);
}

static enum rc decode_warnings(const struct field *f, const json_t *j, uint32_t *w, struct err *e)
{
    if (!json_is_object(j))
        return decode_bad(f, e);
    size_t seen = 0;
    for (size_t i = 0; i < MAIL_WARN_COUNT; i++) {
        const json_t *v = json_object_get(j, warning_names[i]);
        w[i] = 0;
        if (v == NULL)
            continue;
        seen++;
        if (!json_is_integer(v) || json_integer_value(v) < 1 || json_integer_value(v) > f->max)
            return decode_bad(f, e);
        w[i] = (uint32_t)json_integer_value(v);
    }
    return seen == json_object_size(j) ? RC_OK : decode_bad(f, e);
}

static enum rc decode_list(struct arena *a, const struct field *f, const json_t *j, void *at,
                           struct err *e)
{
    if (!json_is_array(j) || json_array_size(j) > (size_t)f->max)
        return decode_bad(f, e);
    size_t n = json_array_size(j);
    struct list l = {NULL, n};
    if (n > 0) {
        l.p = arena_array(a, n, f->shape->size);
        if (l.p == NULL)
            return arena_ok(a, "mail record", e);
    }
    for (size_t i = 0; i < n; i++)
        TRY(decode_shape(a, f->shape, json_array_get(j, i), (char *)l.p + i * f->shape->size, e));
    memcpy(at, &l, sizeof l);
    return RC_OK;
}

static enum rc decode_array(struct arena *a, const struct field *f, const json_t *j, char *base,
                            struct err *e)
{
    if (!json_is_array(j) || json_array_size(j) > (size_t)f->max)
        return decode_bad(f, e);
    size_t n = json_array_size(j);
    for (size_t i = 0; i < n; i++)
        TRY(decode_shape(a, f->shape, json_array_get(j, i), base + f->off + i * f->shape->size, e));
    memcpy(base + f->has, &n, sizeof n);
    return RC_OK;
}

static enum rc decode_str(struct arena *a, const struct field *f, const json_t *j, void *at,
                          struct err *e)
{
    if (!json_is_string(j) || json_string_length(j) > (size_t)f->max)
        return decode_bad(f, e);
    struct str s = str_of(json_string_value(j), json_string_length(j));
    if (!str_kind_ok(f->kind, s))
        return decode_bad(f, e);
    s = arena_str(a, s);
    memcpy(at, &s, sizeof s);
    return RC_OK;
}

static enum rc decode_enum(const struct field *f, const json_t *j, unsigned *at, struct err *e)
{
    for (unsigned i = 0; json_is_string(j) && i < (unsigned)f->max; i++)
        if (str_eq(str_of(json_string_value(j), json_string_length(j)), str_c(f->names[i]))) {
            *at = i;
            return RC_OK;
        }
    return decode_bad(f, e);
}

static enum rc decode_int(const struct field *f, const json_t *j, int64_t max, int64_t *ret_n,
                          struct err *e)
{
    if (!json_is_integer(j) || json_integer_value(j) < 0 || json_integer_value(j) > max)
        return decode_bad(f, e);
    *ret_n = json_integer_value(j);
    return RC_OK;
}

static enum rc decode_date(const struct field *f, const json_t *j, char *base, struct err *e)
{
    bool has = !json_is_null(j);
    int64_t us = 0;
    if (has)
        TRY(decode_int(f, j, DATE_MAX_US, &us, e));
    memcpy(base + f->has, &has, sizeof has);
    memcpy(base + f->off, &us, sizeof us);
    return RC_OK;
}

static enum rc decode_field(struct arena *a, const struct field *f, const json_t *j, char *base,
                            struct err *e)
{
    void *at = base + f->off;
    int64_t n = 0;
    switch (f->kind) {
    case K_HASH:
        if (!json_is_string(j) || !hash_ok(str_of(json_string_value(j), json_string_length(j))))
            return decode_bad(f, e);
        memcpy(at, json_string_value(j), SHA256_HEX);
        return RC_OK;
    case K_INT:
        return decode_int(f, j, f->max, at, e);
    case K_DATE:
        return decode_date(f, j, base, e);
    case K_BITS:
        TRY(decode_int(f, j, (INT64_C(1) << f->max) - 1, &n, e));
        *(uint32_t *)at = (uint32_t)n;
        return RC_OK;
    case K_BOOL:
        if (!json_is_boolean(j))
            return decode_bad(f, e);
        *(bool *)at = json_is_true(j);
        return RC_OK;
    case K_ENUM:
        return decode_enum(f, j, at, e);
    case K_OBJ:
        return decode_shape(a, f->shape, j, at, e);
    case K_LIST:
        return decode_list(a, f, j, at, e);
    case K_ARRAY:
        return decode_array(a, f, j, base, e);
    case K_WARN:
        return decode_warnings(f, j, at, e);
    default:
        return decode_str(a, f, j, at, e);
    }
}

static enum rc decode_shape(struct arena *a, const struct shape *s, const json_t *j, void *at,
                            struct err *e)
{
    if (s->n == 1 && s->f[0].key[0] == '\0')
        return decode_field(a, &s->f[0], j, at, e);
    if (!json_is_object(j) || json_object_size(j) != s->n)
        return err_set(e, RC_INVALID, "mail record: an object with %zu keys was expected", s->n);
    for (size_t i = 0; i < s->n; i++) {
        const json_t *v = json_object_get(j, s->f[i].key);
        if (v == NULL)
            return decode_bad(&s->f[i], e);
        TRY(decode_field(a, &s->f[i], v, at, e));
    }
    return RC_OK;
}

/* Rules between fields. */
static enum rc decode_whole(const struct mail *m, struct err *e)
{
    const struct autoreply_facts *f = &m->automatic;
    if (!f->has_return_path && f->return_path.n > 0)
        return err_set(e, RC_INVALID, "mail record: a return path that is not there");
    size_t total = 0;
    for (size_t i = 0; i < m->forwarded.n; i++)
        total += m->forwarded.p[i].text.n;
    if (total > MAIL_TEXT_MAX)
        return err_set(e, RC_LIMIT, "mail record: forwarded texts are larger than %zu bytes",
                       MAIL_TEXT_MAX);
    if (m->patch.found != (m->patch.diff.n > 0) || m->patch.found != (m->patch.file.n > 0))
        return err_set(e, RC_INVALID, "mail record: half a patch");
    if (m->text_source == MAIL_TEXT_NONE && m->text.n > 0)
        return err_set(e, RC_INVALID, "mail record: \"text\" does not fit \"text_source\"");
    return RC_OK;
}

enum rc mail_decode(struct arena *a, struct str json, struct mail *ret_m, struct err *e)
{
    AUTO(json) json_t *j = NULL;
    struct mail m;
    memset(&m, 0, sizeof m);
    TRY(json_parse(json, MAIL_JSON_MAX, "mail record", &j, e));
    TRY(decode_shape(a, &s_mail, j, &m, e));
    TRY(decode_whole(&m, e));
    TRY(arena_ok(a, "mail record", e));
    *ret_m = m;
    return RC_OK;
}
