/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery reports of RFC 3464, and the dispatch to guessing.  Runs in the parse child; every text
 * is hostile, is cut to DSN_TEXT_MAX and read forward once.
 */
#include "mime/dsn.h"

#include <string.h>

#include "base/utf8.h"
#include "mime/dsn_guess.h"

static const char *const kind_name[DSN_KIND_COUNT] = {"none",    "bounce", "delay",
                                                      "success", "mdn",    "arf"};
static const char *const action_name[DSN_ACTION_COUNT] = {"failed", "delayed", "delivered",
                                                          "relayed", "expanded"};

const char *dsn_kind_name(enum dsn_kind k)
{
    return (size_t)k < DSN_KIND_COUNT ? kind_name[k] : "none";
}

const char *dsn_action_name(enum dsn_action a)
{
    return (size_t)a < DSN_ACTION_COUNT ? action_name[a] : "failed";
}

bool dsn_kind_of(struct str name, enum dsn_kind *ret_k)
{
    for (int k = 0; k < DSN_KIND_COUNT; k++) {
        if (str_eq(name, str_c(kind_name[k]))) {
            *ret_k = (enum dsn_kind)k;
            return true;
        }
    }
    return false;
}

bool dsn_action_of(struct str name, enum dsn_action *ret_a)
{
    for (int k = 0; k < DSN_ACTION_COUNT; k++) {
        if (str_eq(name, str_c(action_name[k]))) {
            *ret_a = (enum dsn_action)k;
            return true;
        }
    }
    return false;
}

/* ---- small readers ---- */

static bool is_domain(struct str s)
{
    size_t label = 0, dots = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.') {
            if (label == 0)
                return false;
            dots++;
            label = 0;
        } else if ((unsigned char)s.p[i] >= 0x80 || ascii_is_alnum(s.p[i]) || s.p[i] == '-' ||
                   s.p[i] == '_') {
            label++;
        } else {
            return false;
        }
    }
    return label > 0 && s.n <= 255;
}

bool dsn_is_addr(struct str s)
{
    size_t at = str_rchr(s, '@');
    if (at == STR_NPOS || at == 0 || s.n > DSN_ADDR_MAX || !is_domain(str_sub(s, at + 1, s.n)))
        return false;
    struct str local = str_sub(s, 0, at);
    bool quoted = local.n > 2 && local.p[0] == '"' && local.p[local.n - 1] == '"';
    bool dot = true;
    for (size_t i = 0; i < local.n; i++) {
        unsigned char c = (unsigned char)local.p[i];
        if (c < ' ' || c == 0x7f || (!quoted && strchr(" \"(),:;<>@[\\]", c)))
            return false;
        if (!quoted && c == '.' && dot)
            return false;
        dot = c == '.';
    }
    return quoted || !dot;
}

struct str dsn_line(struct arena *a, struct str s, size_t max)
{
    AUTO(buf) struct buf b = BUF_INIT(12 * max);
    s = str_sub(str_trim(s), 0, 4 * max);
    utf8_clean_line(&b, s);
    return hfield_flat(a, utf8_clip(buf_str(&b), max));
}

struct str dsn_status_in(struct str s)
{
    for (size_t i = 0; i + 4 < s.n; i++) {
        if (strchr("245", s.p[i]) == NULL || s.p[i] == '\0' || s.p[i + 1] != '.' ||
            (i > 0 && (ascii_is_alnum(s.p[i - 1]) || s.p[i - 1] == '.')))
            continue;
        size_t end = i + 2, digits = 0, parts = 1;
        for (; end < s.n; end++) {
            if (ascii_is_digit(s.p[end]) && digits < 3) {
                digits++;
            } else if (s.p[end] == '.' && digits > 0 && parts == 1) {
                parts = 2;
                digits = 0;
            } else {
                break;
            }
        }
        bool stops = end == s.n || (!ascii_is_alnum(s.p[end]) && s.p[end] != '.');
        /* A sentence's full stop may follow. */
        stops = stops || (s.p[end] == '.' && (end + 1 == s.n || ascii_is_space(s.p[end + 1])));
        if (parts == 2 && digits > 0 && stops)
            return str_sub(s, i, end - i);
    }
    return STR_NONE;
}

void dsn_list_add(struct dsn_list *l, const struct dsn_recipient *r)
{
    if (!dsn_is_addr(r->addr))
        return;
    struct str addr = dsn_line(l->a, r->addr, DSN_ADDR_MAX);
    for (size_t i = 0; i < l->n; i++)
        if (str_eq_nocase(l->r[i].addr, addr))
            return;
    if (l->n == DSN_RECIPIENTS_MAX) {
        l->cut = true;
        return;
    }
    l->r[l->n++] = (struct dsn_recipient){
        .addr = addr,
        .final = dsn_line(l->a, r->final, DSN_ADDR_MAX),
        .action = r->action,
        .status = dsn_line(l->a, r->status, 20),
        .temporary = r->temporary,
        .diagnostic = dsn_line(l->a, r->diagnostic, DSN_DIAG_MAX),
    };
}

/* ---- RFC 3464 ---- */

/* "rfc822; addr", "utf-8; addr", "addr", "<addr>": the address, or empty for other types. */
static struct str typed_addr(struct str value)
{
    size_t semi = str_chr(value, ';');
    if (semi != STR_NPOS) {
        struct str type = str_trim(str_sub(value, 0, semi));
        if (!str_eq_nocase(type, STR("rfc822")) && !str_eq_nocase(type, STR("utf-8")) &&
            !str_eq_nocase(type, STR("smtp")))
            return STR_NONE;
        value = str_sub(value, semi + 1, value.n);
    }
    struct str addr = hfield_addr(value);
    return dsn_is_addr(addr) ? addr : STR_NONE;
}

static bool read_action(struct str value, enum dsn_action *ret_a)
{
    static const struct {
        const char *word;
        enum dsn_action is;
    } table[] = {{"failed", DSN_FAILED},    {"failure", DSN_FAILED},      {"error", DSN_FAILED},
                 {"delayed", DSN_DELAYED},  {"delivered", DSN_DELIVERED}, {"relayed", DSN_RELAYED},
                 {"expanded", DSN_EXPANDED}};
    struct str word = hfield_main(value);
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (str_eq_nocase(word, str_c(table[i].word))) {
            *ret_a = table[i].is;
            return true;
        }
    }
    return false;
}

/* The fields of one group; the rest of a group over DSN_FIELDS_MAX is read and dropped. */
static size_t group_cut(struct str *rest, struct hfield *ret_f)
{
    size_t n = 0;
    struct hfield f;
    while (hfield_cut(rest, &f))
        if (n < DSN_FIELDS_MAX)
            ret_f[n++] = f;
    return n;
}

static struct str value_of(const struct hfield *f, size_t n, const char *name)
{
    const struct hfield *h = hfield_find(f, n, name);
    return h ? h->value : STR_NONE;
}

/* One group of fields; true when it is about a recipient, usable or not. */
static bool read_group(const struct hfield *f, size_t n, struct dsn_list *l)
{
    enum dsn_action action = DSN_FAILED;
    struct str said = value_of(f, n, "Action"), status = value_of(f, n, "Status");
    bool known = read_action(said, &action);
    struct str final = value_of(f, n, "Final-Recipient");
    struct str original = value_of(f, n, "Original-Recipient");
    if (final.n == 0 && original.n == 0)
        return false;
    /* An action of somebody's own: the class of the status decides (RFC 3463). */
    if (!known && str_starts(str_trim(status), STR("2.")))
        action = DSN_DELIVERED;
    if (!known && str_starts(str_trim(status), STR("4.")))
        action = DSN_DELAYED;
    struct str addr = typed_addr(original), final_addr = typed_addr(final);
    struct str diagnostic = value_of(f, n, "Diagnostic-Code");
    size_t semi = str_chr(diagnostic, ';');
    if (semi != STR_NPOS && semi < 20)
        diagnostic = str_sub(diagnostic, semi + 1, diagnostic.n);
    struct dsn_recipient r = {
        .addr = addr.n > 0 ? addr : final_addr,
        .final = final_addr,
        .action = action,
        .status = dsn_status_in(status),
        .temporary = action == DSN_DELAYED,
        .diagnostic = diagnostic,
    };
    dsn_list_add(l, &r);
    return true;
}

/* Returns how many groups were about a recipient. */
static size_t read_status(struct str text, struct dsn_list *l)
{
    struct hfield f[DSN_FIELDS_MAX];
    struct str rest = str_sub(text, 0, DSN_TEXT_MAX);
    size_t groups = 0;
    while (rest.n > 0 && groups < 4 * DSN_RECIPIENTS_MAX) {
        size_t n = group_cut(&rest, f);
        groups += read_group(f, n, l);
    }
    return groups;
}

/* ---- which mail it is about ---- */

static struct str bare_id(struct str value)
{
    size_t open = str_chr(value, '<');
    struct str in = str_sub(value, open == STR_NPOS ? 0 : open + 1, value.n);
    size_t end = str_chr(in, '>');
    in = str_trim(str_sub(in, 0, end == STR_NPOS ? in.n : end));
    for (size_t i = 0; i < in.n; i++)
        if (ascii_is_space(in.p[i]))
            return STR_NONE;
    return in.n <= 998 && str_chr(in, '@') != STR_NPOS ? in : STR_NONE;
}

/* Message-ID of a header at the start of a text. */
static struct str id_of_header(struct str text)
{
    struct str rest = str_sub(text, 0, DSN_TEXT_MAX);
    struct hfield f;
    /* An empty line in front of the header does no harm. */
    while (rest.n > 0 && ascii_is_space(rest.p[0]))
        rest = str_sub(rest, 1, rest.n);
    while (hfield_cut(&rest, &f)) {
        if (!str_eq_nocase(f.name, STR("Message-ID")) &&
            !str_eq_nocase(f.name, STR("Original-Message-ID")))
            continue;
        struct str id = bare_id(f.value);
        if (id.n > 0)
            return id;
    }
    return STR_NONE;
}

/* A line "Message-ID: <...>" anywhere in the text: the copy that older servers append. */
static struct str id_in_text(struct str text)
{
    struct str rest = str_sub(text, 0, DSN_TEXT_MAX), line;
    for (size_t n = 0; n < DSN_LINES_MAX && str_line(&rest, &line); n++) {
        line = str_trim(line);
        while (line.n > 0 && (line.p[0] == '>' || line.p[0] == '|' || line.p[0] == ' '))
            line = str_sub(line, 1, line.n);
        if (!str_starts_nocase(line, STR("Message-ID:")))
            continue;
        struct str id = bare_id(str_sub(line, 11, line.n));
        if (id.n > 0)
            return id;
    }
    return STR_NONE;
}

static struct str find_mid(const struct dsn_input *in, enum dsn_kind kind)
{
    struct str id = id_of_header(in->returned);
    if (id.n == 0 && kind == DSN_MDN)
        id = id_of_header(in->disposition);
    for (size_t i = 0; id.n == 0 && kind != DSN_MDN && i < in->n_texts && i < DSN_TEXTS_MAX; i++)
        id = id_in_text(in->texts[i]);
    if (id.n == 0)
        id = bare_id(value_of(in->fields, in->n_fields, "In-Reply-To"));
    return id;
}

/* ---- the whole ---- */

static enum dsn_kind kind_of(const struct dsn_list *l, bool said)
{
    enum dsn_kind kind = DSN_NONE;
    for (size_t i = 0; i < l->n; i++) {
        if (l->r[i].action == DSN_FAILED)
            return DSN_BOUNCE;
        if (l->r[i].action == DSN_DELAYED)
            kind = DSN_DELAY;
        else if (kind == DSN_NONE)
            kind = DSN_SUCCESS;
    }
    /* A report about recipients whose addresses nobody can use is still a bounce. */
    return kind == DSN_NONE && said ? DSN_BOUNCE : kind;
}

static bool is_report(const struct dsn_input *in, const char *type)
{
    return str_eq_nocase(hfield_main(in->content_type), STR("multipart/report")) &&
           str_eq_nocase(hfield_param(in->content_type, "report-type"), str_c(type));
}

enum rc dsn_read(struct arena *a, const struct dsn_input *in, struct dsn_result *ret_r,
                 struct err *e)
{
    struct dsn_result r = {.original_mid = STR_NONE};
    if (in->disposition.n > 0 || is_report(in, "disposition-notification")) {
        r.kind = DSN_MDN;
    } else if (in->feedback.n > 0 || is_report(in, "feedback-report")) {
        r.kind = DSN_ARF;
    } else {
        struct dsn_list l = {.a = a};
        l.r = arena_array(a, DSN_RECIPIENTS_MAX, sizeof *l.r);
        TRY(arena_ok(a, "a delivery report", e));
        size_t groups = read_status(in->delivery_status, &l);
        if (groups == 0 && dsn_from_server(in))
            groups = read_status(in->inner_status, &l);
        if (l.n == 0) {
            dsn_guess(in, &l);
            r.guessed = l.n > 0;
        }
        r.kind = kind_of(&l, groups > 0);
        r.recipients = l.r;
        r.n_recipients = l.n;
        r.cut = l.cut;
    }
    if (r.kind != DSN_NONE)
        r.original_mid = dsn_line(a, find_mid(in, r.kind), 998);
    TRY(arena_ok(a, "a delivery report", e));
    *ret_r = r;
    return RC_OK;
}
