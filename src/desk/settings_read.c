/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the text of one setting to its typed value.  Runs in the supervisor and in commands; the
 * text is the administrator's own, every mistake gets a sentence.
 */
#include "desk/settings_private.h"

#include <string.h>

#include "base/utf8.h"
#include "base/when.h"
#include "git/name.h"
#include "git/tagpattern.h"
#include "os/sock.h"
#include "publish/osv.h"

static enum rc no_memory(struct err *e)
{
    return err_set(e, RC_LIMIT, "the settings need too much memory");
}

/* ---- Rules of single rows ---- */

enum rc check_prefix(struct str v, struct err *e)
{
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];
        bool ok = (c >= 'A' && c <= 'Z') || (i > 0 && ascii_is_digit(c));
        if (!ok)
            return err_set(e, RC_INVALID, "only A-Z and 0-9, a letter first, as in MC");
    }
    return RC_OK;
}

static bool domain_ok(struct str v)
{
    struct str rest = v, label;
    if (v.n == 0 || v.n > 253 || v.p[v.n - 1] == '.' || !utf8_valid(v))
        return false;
    while (str_cut(&rest, '.', &label)) {
        if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
            return false;
        for (size_t i = 0; i < label.n; i++)
            if (!ascii_is_alnum(label.p[i]) && label.p[i] != '-' &&
                (unsigned char)label.p[i] < 0x80)
                return false;
    }
    return true;
}

enum rc check_hostname(struct str v, struct err *e)
{
    if (!domain_ok(v))
        return err_set(e, RC_INVALID, "a host name as in mail.example.org is wanted");
    return RC_OK;
}

enum rc check_tag_pattern(struct str v, struct err *e)
{
    struct tag_pattern p;
    return tag_pattern_parse(v, &p, e);
}

enum rc check_branch(struct str v, struct err *e)
{
    if (!git_ref_ok(v))
        return err_set(e, RC_INVALID, "\"%.*s\" is no name of a branch", (int)(v.n < 60 ? v.n : 60),
                       v.p);
    return RC_OK;
}

bool settings_repository(struct str v, struct str *ret_name, struct str *ret_dir)
{
    size_t eq = str_chr(v, '=');
    if (eq == STR_NPOS)
        return false;
    struct str name = str_sub(v, 0, eq), dir = str_sub(v, eq + 1, v.n);
    bool ok = name.n >= 1 && name.n <= SETTINGS_REPOSITORY_NAME && name.p[0] != '.' &&
              name.p[0] != '-' && dir.n >= 2 && dir.n < 3000 && dir.p[0] == '/';
    for (size_t i = 0; ok && i < name.n; i++)
        ok = ascii_is_alnum(name.p[i]) || (name.p[i] && strchr("._-/", name.p[i]));
    if (ok) {
        *ret_name = name;
        *ret_dir = dir;
    }
    return ok;
}

enum rc check_repository(struct str v, struct err *e)
{
    struct str name, dir;
    if (!settings_repository(v, &name, &dir))
        return err_set(e, RC_INVALID,
                       "a repository is written NAME=/FOLDER; a name has letters, digits and ._-/");
    return RC_OK;
}

enum rc check_ecosystem(struct str v, struct err *e)
{
    if (!osv_ecosystem_ok(v))
        return err_set(e, RC_INVALID, "a name of the OSV schema's list, such as Packagist or PyPI");
    return RC_OK;
}

enum rc check_purl(struct str v, struct err *e)
{
    bool ok = str_starts(v, STR("pkg:")) && str_chr(v, '/') != STR_NPOS;
    for (size_t i = 0; ok && i < v.n; i++)
        ok = v.p[i] > ' ' && v.p[i] < 127;
    if (!ok)
        return err_set(e, RC_INVALID, "a package URL is written pkg:TYPE/NAMESPACE/NAME");
    return RC_OK;
}

enum rc check_spam_header(struct str v, struct err *e)
{
    size_t colon = str_chr(v, ':');
    bool ok = colon != STR_NPOS && colon > 0;
    for (size_t i = 0; ok && i < colon; i++)
        ok = ascii_is_alnum(v.p[i]) || v.p[i] == '-' || v.p[i] == '_';
    if (!ok)
        return err_set(e, RC_INVALID, "each is written Name: value, as in X-Spam-Flag: yes");
    return RC_OK;
}

enum rc check_unix_socket(struct str v, struct err *e)
{
    if (!str_starts(v, STR("unix:")))
        return err_set(e, RC_INVALID, "only unix:/path is possible here");
    return RC_OK;
}

enum rc check_store_url(struct str v, struct err *e)
{
    if (str_starts(v, STR("sqlite:"))) {
        if (v.n < 9 || v.p[7] != '/')
            return err_set(e, RC_INVALID, "sqlite: needs an absolute path behind it");
        return RC_OK;
    }
    if (str_starts(v, STR("postgresql://")) || str_starts(v, STR("postgres://")) ||
        str_chr(v, '=') != STR_NPOS)
        return RC_OK;
    return err_set(e, RC_INVALID,
                   "sqlite:/path, postgresql://... or host=... dbname=... is wanted");
}

/* ---- Types ---- */

static enum rc read_address(struct str v, struct err *e)
{
    size_t at = str_rchr(v, '@');
    bool ok = at != STR_NPOS && at >= 1 && at <= 64 && v.n <= 254 && utf8_valid(v) &&
              domain_ok(str_sub(v, at + 1, v.n));
    for (size_t i = 0; ok && i < at; i++) {
        char c = v.p[i];
        bool dot = c == '.' && i > 0 && i + 1 < at && v.p[i - 1] != '.';
        ok = dot || ascii_is_alnum(c) || (unsigned char)c >= 0x80 ||
             memchr("!#$%&'*+-/=?^_`{|}~", c, 19) != NULL;
    }
    if (!ok)
        return err_set(e, RC_INVALID, "a mail address as in security@example.org is wanted");
    return RC_OK;
}

static enum rc read_path(const struct reading *r, struct str v, struct str *ret_text, struct err *e)
{
    if (v.n == 0 || v.p[0] == '/')
        *ret_text = arena_str(r->s->arena, v);
    else
        *ret_text = arena_strf(r->s->arena, "%.*s%s%.*s", STR_ARG(r->dir),
                               str_ends(r->dir, STR("/")) ? "" : "/", STR_ARG(v));
    return ret_text->n >= v.n ? RC_OK : no_memory(e);
}

static enum rc read_socket(const struct reading *r, struct str v, struct str *ret_text,
                           struct err *e)
{
    struct str text = arena_str(r->s->arena, v);
    if (str_starts(v, STR("unix:"))) {
        struct str path;
        if (v.n == 5)
            return err_set(e, RC_INVALID, "unix: needs a path behind it");
        TRY(read_path(r, str_sub(v, 5, v.n), &path, e));
        if (path.n > SETTINGS_SOCK_MAX)
            return err_set(e, RC_INVALID,
                           "the socket's path is %zu bytes long, %d are possible; a shorter one is "
                           "needed (see desk.data_dir)",
                           path.n, SETTINGS_SOCK_MAX);
        text = arena_strf(r->s->arena, "unix:%.*s", STR_ARG(path));
    }
    if (sock_check(text, e) != RC_OK)
        return err_set(
            e, RC_INVALID,
            "127.0.0.1:2525, [::1]:2525 or unix:/path is wanted, names are not looked up");
    *ret_text = text;
    return RC_OK;
}

static enum rc read_url(const struct setting *row, const struct reading *r, struct str *ret_text,
                        struct err *e)
{
    struct str v = r->value, rest = str_c(row->choices), scheme, tail = STR_NONE;
    while (str_cut(&rest, '|', &scheme))
        if (str_starts(v, scheme) && str_starts(str_sub(v, scheme.n, v.n), STR("://")))
            tail = str_sub(v, scheme.n + 3, v.n);
    for (size_t i = 0; i < v.n; i++)
        if ((unsigned char)v.p[i] <= 0x20 || memchr("\"'<>\\`", v.p[i], 6) != NULL)
            return err_set(e, RC_INVALID, "a URL holds no spaces, quotes or < >");
    if (tail.n == 0 || tail.p[0] == '/' || tail.p[0] == ':')
        return err_set(e, RC_INVALID, "a URL that begins with %s:// is wanted (also: %s)",
                       strchr(row->choices, '|') ? "one of " : "", row->choices);
    if (str_chr(tail, '@') != STR_NPOS || str_chr(tail, '?') != STR_NPOS ||
        str_chr(tail, '#') != STR_NPOS)
        return err_set(e, RC_INVALID, "this URL may hold no @, ? or #");
    while (v.n > 0 && v.p[v.n - 1] == '/')
        v.n--;
    *ret_text = arena_str(r->s->arena, v);
    return RC_OK;
}

static enum rc in_bounds(const struct setting *row, int64_t n, struct err *e)
{
    if (n >= row->min && n <= row->max)
        return RC_OK;
    AUTO(buf) struct buf b = BUF_INIT(100);
    settings_bounds(row, &b);
    return err_set(e, RC_INVALID, "outside of what is possible (%s)", buf_c(&b));
}

static enum rc read_int(struct str v, int64_t *ret_n, struct err *e)
{
    uint64_t n = 0;
    if (num_parse(v, 0, INT64_MAX, "value", &n, e) != RC_OK)
        return err_set(e, RC_INVALID, "a whole number is wanted");
    *ret_n = (int64_t)n;
    return RC_OK;
}

static enum rc read_size(struct str v, int64_t *ret_n, struct err *e)
{
    int64_t unit = 1, n = 0;
    struct str digits = v;
    if (v.n > 0 && !ascii_is_digit(v.p[v.n - 1])) {
        size_t shift = str_chr(STR("KMG"), v.p[v.n - 1]);
        if (shift == STR_NPOS)
            return err_set(e, RC_INVALID, "bytes, or with K, M, G, as in 25M");
        unit = INT64_C(1) << (10 * (shift + 1));
        digits.n--;
    }
    if (read_int(digits, &n, e) != RC_OK || __builtin_mul_overflow(n, unit, &n))
        return err_set(e, RC_INVALID, "bytes, or with K, M, G, as in 25M");
    *ret_n = n;
    return RC_OK;
}

static enum rc read_span(const struct setting *row, struct str v, int64_t *ret_us, struct err *e)
{
    if (setting_may_be_none(row) && str_eq(v, STR("none"))) {
        *ret_us = 0;
        return RC_OK;
    }
    int64_t us;
    if (when_parse_span(v, &us, e) != RC_OK)
        return err_set(e, RC_INVALID, "a duration as in 30m, 24h, 14d or 2w is wanted");
    TRY(in_bounds(row, us, e));
    *ret_us = us;
    return RC_OK;
}

static enum rc read_choice(const struct setting *row, struct str v, int *ret_index, struct err *e)
{
    struct str rest = str_c(row->choices), one;
    for (int i = 0; str_cut(&rest, '|', &one); i++)
        if (str_eq(v, one)) {
            *ret_index = i;
            return RC_OK;
        }
    AUTO(buf) struct buf b = BUF_INIT(200);
    settings_bounds(row, &b);
    return err_set(e, RC_INVALID, "%s is wanted", buf_c(&b));
}

static enum rc read_rate(const struct setting *row, struct str v, int64_t ret_pair[2],
                         struct err *e)
{
    size_t slash = str_chr(v, '/');
    int64_t n = 0, us;
    if (slash == STR_NPOS || read_int(str_trim(str_sub(v, 0, slash)), &n, e) != RC_OK ||
        when_parse_span(str_trim(str_sub(v, slash + 1, v.n)), &us, e) != RC_OK || us == 0)
        return err_set(e, RC_INVALID, "count/duration as in 10/1h is wanted");
    TRY(in_bounds(row, n, e));
    ret_pair[0] = n;
    ret_pair[1] = us;
    return RC_OK;
}

static enum rc read_element(const struct setting_full *f, const struct reading *r, struct str v,
                            struct str *ret_text, struct err *e)
{
    *ret_text = arena_str(r->s->arena, v);
    if (v.n == 0)
        return err_set(e, RC_INVALID, "an element of the list is empty");
    if (f->row.type == SET_ADDRESSES)
        TRY(read_address(v, e));
    if (f->row.type == SET_SOCKETS)
        TRY(read_socket(r, v, ret_text, e));
    return f->check ? f->check(v, e) : RC_OK;
}

static enum rc read_list(const struct setting_full *f, const struct reading *r,
                         struct str_list *ret_l, struct str *ret_text, struct err *e)
{
    struct str_list l = {.n = 0};
    l.v = arena_array(r->s->arena, SETTINGS_LIST_MAX, sizeof *l.v);
    if (l.v == NULL)
        return no_memory(e);
    AUTO(buf) struct buf b = BUF_INIT(64 * 1024);
    struct str rest = r->value, one;
    while (str_cut(&rest, ',', &one)) {
        struct str text;
        if (l.n == SETTINGS_LIST_MAX)
            return err_set(e, RC_INVALID, "the list has more than %d elements", SETTINGS_LIST_MAX);
        TRY(read_element(f, r, str_trim(one), &text, e));
        for (size_t i = 0; i < l.n; i++)
            if (str_eq_nocase(l.v[i], text))
                return err_set(e, RC_INVALID, "an element of the list stands there twice");
        buf_addf(&b, "%s%.*s", l.n ? ", " : "", STR_ARG(text));
        l.v[l.n++] = text;
    }
    if ((int64_t)l.n < f->row.min)
        return err_set(e, RC_INVALID, "at least one element is needed");
    TRY(buf_ok(&b, "the list", e));
    *ret_l = l;
    *ret_text = arena_str(r->s->arena, buf_str(&b));
    return RC_OK;
}

/* Texts, paths, addresses, sockets, URLs: one struct str. */
static enum rc read_text(const struct setting_full *f, const struct reading *r,
                         struct str *ret_text, struct err *e)
{
    struct str v = r->value;
    if (v.n == 0 && f->row.min == 0) {
        *ret_text = STR_NONE;
        return RC_OK;
    }
    if (v.n == 0)
        return err_set(e, RC_INVALID, "it must not be empty");
    if ((int64_t)v.n < f->row.min || (int64_t)v.n > f->row.max)
        return err_set(e, RC_INVALID, "a text of %lld to %lld bytes is wanted",
                       (long long)f->row.min, (long long)f->row.max);
    *ret_text = arena_str(r->s->arena, v);
    if (f->row.type == SET_ADDRESS)
        TRY(read_address(v, e));
    if (f->row.type == SET_PATH)
        TRY(read_path(r, v, ret_text, e));
    if (f->row.type == SET_SOCKET)
        TRY(read_socket(r, v, ret_text, e));
    if (f->row.type == SET_URL)
        TRY(read_url(&f->row, r, ret_text, e));
    int index;
    if (f->row.type == SET_TEXT && f->row.choices)
        TRY(read_choice(&f->row, v, &index, e));
    return f->check ? f->check(*ret_text, e) : RC_OK;
}

static enum rc read_number(const struct setting_full *f, const struct reading *r, void *member,
                           struct err *e)
{
    int64_t n = 0;
    if (f->row.type == SET_SPAN)
        return read_span(&f->row, r->value, member, e);
    if (f->row.type == SET_RATE)
        return read_rate(&f->row, r->value, member, e);
    if (f->row.type == SET_SIZE)
        TRY(read_size(r->value, &n, e));
    else
        TRY(read_int(r->value, &n, e));
    TRY(in_bounds(&f->row, n, e));
    *(int64_t *)member = n;
    return RC_OK;
}

enum rc setting_read(const struct setting_full *f, const struct reading *r, struct str *ret_text,
                     struct err *e)
{
    void *member = (char *)r->s + f->off;
    struct str text = STR_NONE;
    int index;
    if (r->value.n > SETTINGS_VALUE_MAX)
        return err_set(e, RC_INVALID, "a value has at most %d bytes", SETTINGS_VALUE_MAX);
    switch (f->row.type) {
    case SET_TEXT:
    case SET_PATH:
    case SET_ADDRESS:
    case SET_SOCKET:
    case SET_URL:
        TRY(read_text(f, r, &text, e));
        *(struct str *)member = text;
        break;
    case SET_LIST:
    case SET_ADDRESSES:
    case SET_SOCKETS:
        TRY(read_list(f, r, member, &text, e));
        break;
    case SET_BOOL:
        TRY(read_choice(&f->row, r->value, &index, e));
        *(bool *)member = index == 1;
        text = arena_str(r->s->arena, r->value);
        break;
    case SET_ENUM:
        TRY(read_choice(&f->row, r->value, &index, e));
        *(int *)member = index;
        text = arena_str(r->s->arena, r->value);
        break;
    case SET_SIZE:
    case SET_SPAN:
    case SET_INT:
    case SET_RATE:
        TRY(read_number(f, r, member, e));
        text = arena_str(r->s->arena, r->value);
        break;
    }
    if (arena_over(r->s->arena))
        return no_memory(e);
    *ret_text = text;
    return RC_OK;
}
