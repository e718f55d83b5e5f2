/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authentication-Results (RFC 8601): parser, and the decision which of a mail's fields are ours.
 * Runs in the parse child; the values are hostile until authres_trusted() has picked ours by
 * position, and are parsed as hostile even then.
 */
#include "mime/authres.h"

#include <string.h>

struct cursor {
    struct str rest;
    struct arena *a;
};

static enum rc bad(struct err *e, const char *what)
{
    return err_set(e, RC_INVALID, "Authentication-Results: %s", what);
}

static enum rc skip(struct cursor *c, struct err *e)
{
    return hfield_skip_cfws(&c->rest) ? RC_OK : bad(e, "a comment is not closed");
}

static bool peek(const struct cursor *c, char want)
{
    return c->rest.n > 0 && c->rest.p[0] == want;
}

static void drop(struct cursor *c, size_t n)
{
    c->rest = str_sub(c->rest, n, c->rest.n);
}

/* RFC 2045 token; for keywords '.', '/' and '=' end it too (they are separators of the grammar). */
static struct str token(struct cursor *c, const char *stop)
{
    size_t n = 0;
    while (n < c->rest.n) {
        unsigned char ch = (unsigned char)c->rest.p[n];
        if (ch <= ' ' || ch == 0x7f || strchr(stop, ch))
            break;
        n++;
    }
    struct str t = str_sub(c->rest, 0, n);
    drop(c, n);
    return t;
}

#define STOP_KEYWORD "()<>,;:\\\"/[]?=.@"
#define STOP_VALUE   "();\""

/* The text of a quoted string without quotes and backslashes; the cursor stands on the quote. */
static enum rc quoted(struct cursor *c, struct str *ret_s, struct err *e)
{
    char *p = arena_alloc(c->a, c->rest.n);
    size_t n = 0;
    if (p == NULL)
        return arena_ok(c->a, "an Authentication-Results field", e);
    for (size_t i = 1; i < c->rest.n; i++) {
        char ch = c->rest.p[i];
        if (ch == '"') {
            drop(c, i + 1);
            *ret_s = str_of(p, n);
            return RC_OK;
        }
        if (ch == '\\' && i + 1 < c->rest.n)
            ch = c->rest.p[++i];
        if (ch != '\r' && ch != '\n')
            p[n++] = ch;
    }
    return bad(e, "a quoted string is not closed");
}

/* value or local-part@domain (pvalue, RFC 8601 2.2): quoted strings and other characters in a row.
 */
static enum rc value(struct cursor *c, struct str *ret_s, struct err *e)
{
    struct str first = STR_NONE;
    if (peek(c, '"')) {
        TRY(quoted(c, &first, e));
        struct str more = token(c, STOP_VALUE);
        *ret_s = more.n == 0 ? first : arena_strf(c->a, "%.*s%.*s", STR_ARG(first), STR_ARG(more));
        return RC_OK;
    }
    *ret_s = token(c, STOP_VALUE);
    return RC_OK;
}

/* [CFWS] "/" [CFWS] digits, when it is there. */
static enum rc method_version(struct cursor *c, unsigned *ret_v, struct err *e)
{
    uint64_t v;
    TRY(skip(c, e));
    if (!peek(c, '/'))
        return RC_OK;
    drop(c, 1);
    TRY(skip(c, e));
    TRY(num_parse(token(c, STOP_KEYWORD), 0, 999999, "Authentication-Results: method version", &v,
                  e));
    *ret_v = (unsigned)v;
    return skip(c, e);
}

/* One property, or nothing (its ptype empty) when it has no value. */
static enum rc prop(struct cursor *c, struct authres_prop *ret_p, struct err *e)
{
    struct str ptype = token(c, STOP_KEYWORD);
    TRY(skip(c, e));
    if (ptype.n == 0 || !peek(c, '.'))
        return bad(e, "a property without ptype.property form");
    drop(c, 1);
    TRY(skip(c, e));
    struct str property = token(c, STOP_KEYWORD);
    TRY(skip(c, e));
    if (property.n == 0 || !peek(c, '='))
        return bad(e, "a property without name or value");
    drop(c, 1);
    TRY(skip(c, e));
    struct str v;
    bool is_quoted = peek(c, '"');
    TRY(value(c, &v, e));
    TRY(skip(c, e));
    if (v.n > 0 || is_quoted)
        *ret_p = (struct authres_prop){arena_lower(c->a, ptype), arena_lower(c->a, property), v};
    return RC_OK;
}

/* reason=value; the cursor stands behind the word "reason" when this was one. */
static enum rc reason(struct cursor *c, bool *ret_was, struct str *ret_s, struct err *e)
{
    *ret_was = false;
    if (!str_starts_nocase(c->rest, STR("reason")))
        return RC_OK;
    struct cursor t = *c;
    drop(&t, 6);
    TRY(skip(&t, e));
    if (!peek(&t, '='))
        return RC_OK;
    drop(&t, 1);
    TRY(skip(&t, e));
    TRY(value(&t, ret_s, e));
    TRY(skip(&t, e));
    *c = t;
    *ret_was = true;
    return RC_OK;
}

static enum rc result(struct cursor *c, struct authres_result *ret_r, struct err *e)
{
    struct authres_result r = {.version = 1};
    struct str method = token(c, STOP_KEYWORD);
    if (method.n == 0)
        return bad(e, "a method is wanted here");
    TRY(method_version(c, &r.version, e));
    if (!peek(c, '='))
        return bad(e, "method without result");
    drop(c, 1);
    TRY(skip(c, e));
    struct str word = token(c, STOP_KEYWORD);
    if (word.n == 0)
        return bad(e, "method without result");
    TRY(skip(c, e));
    r.method = arena_lower(c->a, method);
    r.result = arena_lower(c->a, word);
    struct authres_prop props[AUTHRES_PROPS_MAX];
    while (c->rest.n > 0 && !peek(c, ';')) {
        bool was_reason;
        TRY(reason(c, &was_reason, &r.reason, e));
        if (was_reason)
            continue;
        struct authres_prop p = {0};
        TRY(prop(c, &p, e));
        if (p.ptype.n == 0)
            continue;
        if (r.n_props == AUTHRES_PROPS_MAX)
            return err_set(e, RC_LIMIT, "Authentication-Results: more than %d properties",
                           AUTHRES_PROPS_MAX);
        props[r.n_props++] = p;
    }
    r.props = arena_array(c->a, r.n_props, sizeof *r.props);
    if (r.n_props > 0 && r.props)
        memcpy(r.props, props, r.n_props * sizeof *props);
    *ret_r = r;
    return arena_ok(c->a, "an Authentication-Results field", e);
}

/* authserv-id [CFWS version], then CFWS; leaves the cursor on ";" or at the end. */
static enum rc head(struct cursor *c, struct str *ret_id, unsigned *ret_version, struct err *e)
{
    TRY(skip(c, e));
    TRY(value(c, ret_id, e));
    if (ret_id->n == 0)
        return bad(e, "no authserv-id");
    TRY(skip(c, e));
    *ret_version = 1;
    struct str v = token(c, STOP_KEYWORD);
    if (v.n > 0) {
        uint64_t n;
        TRY(num_parse(v, 0, 999999, "Authentication-Results: version", &n, e));
        *ret_version = (unsigned)n;
    }
    return skip(c, e);
}

/* "none" as the only result. */
static bool is_none(const struct cursor *c)
{
    struct cursor t = *c;
    struct str word = token(&t, STOP_KEYWORD);
    return str_eq_nocase(word, STR("none")) && hfield_skip_cfws(&t.rest) && t.rest.n == 0;
}

static enum rc results(struct cursor *c, struct authres *r, struct err *e)
{
    struct authres_result list[AUTHRES_RESULTS_MAX];
    while (c->rest.n > 0) {
        if (!peek(c, ';'))
            return bad(e, "a \";\" is wanted between results");
        drop(c, 1);
        TRY(skip(c, e));
        if (c->rest.n == 0)
            break; /* a final ";" does no harm behind a result */
        if (r->n_results == AUTHRES_RESULTS_MAX)
            return err_set(e, RC_LIMIT, "Authentication-Results: more than %d results",
                           AUTHRES_RESULTS_MAX);
        TRY(result(c, &list[r->n_results], e));
        r->n_results++;
    }
    if (r->n_results == 0)
        return bad(e, "no result and no \"none\"");
    r->results = arena_array(c->a, r->n_results, sizeof *r->results);
    if (r->results)
        memcpy(r->results, list, r->n_results * sizeof *list);
    return arena_ok(c->a, "an Authentication-Results field", e);
}

enum rc authres_parse(struct arena *a, struct str val, struct authres **ret_r, struct err *e)
{
    if (val.n > AUTHRES_VALUE_MAX)
        return err_set(e, RC_LIMIT, "Authentication-Results: longer than %d bytes",
                       AUTHRES_VALUE_MAX);
    /* A copy, so that the texts of *ret_r outlive the caller's buffer. */
    struct cursor c = {arena_str(a, val), a};
    struct authres *r = arena_alloc(a, sizeof *r);
    TRY(arena_ok(a, "an Authentication-Results field", e));
    TRY(head(&c, &r->authserv_id, &r->version, e));
    if (r->version != 1)
        return err_set(e, RC_NOTFOUND, "Authentication-Results: unknown version %u", r->version);
    struct cursor first = c;
    if (peek(&first, ';')) {
        drop(&first, 1);
        TRY(skip(&first, e));
    }
    if (!is_none(&first))
        TRY(results(&c, r, e));
    *ret_r = r;
    return RC_OK;
}

/* ---- trust ---- */

static bool is_ours(const struct hfield *f, struct str our_id)
{
    if (!str_eq_nocase(f->name, STR("Authentication-Results")) || f->value.n > AUTHRES_VALUE_MAX)
        return false;
    /* An id is a token or a quoted string; a quoted one with escapes is not ours. */
    struct str s = f->value;
    if (!hfield_skip_cfws(&s))
        return false;
    bool quotes = s.n > 0 && s.p[0] == '"';
    struct cursor c = {quotes ? str_sub(s, 1, s.n) : s, NULL};
    struct str id = token(&c, STOP_VALUE);
    return str_eq_nocase(id, our_id);
}

size_t authres_trusted(const struct hfield *fields, size_t n, const struct authres_border *b,
                       size_t *ret_index, size_t max)
{
    size_t received = 0, above = 0, below = STR_NPOS;
    if (b->authserv_id.n == 0)
        return 0;
    for (size_t i = 0; i < n && received <= b->received; i++) {
        if (str_eq_nocase(fields[i].name, STR("Received"))) {
            received++;
            continue;
        }
        if (!is_ours(&fields[i], b->authserv_id))
            continue;
        if (received < b->received) {
            if (above < max)
                ret_index[above++] = i;
        } else if (below == STR_NPOS) {
            below = i;
        }
    }
    if (received < b->received)
        return 0;
    if (above == 0 && b->below_border && below != STR_NPOS && max > 0)
        ret_index[above++] = below;
    return above;
}

const char *authres_proof_name(enum authres_proof p)
{
    static const char *const name[] = {"none", "dkim", "dmarc"};
    return (size_t)p < ARRAY_LEN(name) ? name[p] : "none";
}

bool authres_proof_of(struct str name, enum authres_proof *ret_p)
{
    for (enum authres_proof p = AUTHRES_NONE; p <= AUTHRES_DMARC; p++) {
        if (str_eq(name, str_c(authres_proof_name(p)))) {
            *ret_p = p;
            return true;
        }
    }
    return false;
}

static struct str domain(struct str d)
{
    d = str_trim(d);
    if (d.n > 0 && d.p[d.n - 1] == '.')
        d.n--;
    return d;
}

/* d signs for from: the same domain, or a parent of it that is not a top-level domain. */
static bool signs_for(struct str d, struct str from)
{
    d = domain(d);
    if (d.n == 0 || str_chr(d, '.') == STR_NPOS)
        return false;
    if (str_eq_nocase(d, from))
        return true;
    return from.n > d.n + 1 && from.p[from.n - d.n - 1] == '.' &&
           str_eq_nocase(str_sub(from, from.n - d.n, d.n), d);
}

static struct str prop_of(const struct authres_result *r, struct str ptype, struct str property)
{
    for (size_t i = 0; i < r->n_props; i++)
        if (str_eq(r->props[i].ptype, ptype) && str_eq(r->props[i].property, property))
            return r->props[i].value;
    return STR_NONE;
}

enum authres_proof authres_from_ok(const struct authres *const *r, size_t n, struct str from_domain)
{
    bool dmarc = false, dkim = false;
    struct str from = domain(from_domain);
    if (from.n == 0)
        return AUTHRES_NONE;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < r[i]->n_results; k++) {
            const struct authres_result *one = &r[i]->results[k];
            bool pass = str_eq(one->result, STR("pass"));
            if (str_eq(one->method, STR("dmarc")) && one->version == 1) {
                struct str of = domain(prop_of(one, STR("header"), STR("from")));
                if (str_eq(one->result, STR("fail")) && (of.n == 0 || str_eq_nocase(of, from)))
                    return AUTHRES_NONE;
                dmarc = dmarc || (pass && str_eq_nocase(of, from));
            } else if (str_eq(one->method, STR("dkim")) && one->version == 1) {
                dkim = dkim || (pass && signs_for(prop_of(one, STR("header"), STR("d")), from));
            }
        }
    }
    return dmarc ? AUTHRES_DMARC : dkim ? AUTHRES_DKIM : AUTHRES_NONE;
}

enum rc authres_judge(struct arena *a, const struct hfield *fields, size_t n,
                      const struct authres_border *b, struct str from_domain,
                      struct authres_verdict *ret_v, struct err *e)
{
    size_t index[AUTHRES_FIELDS_MAX], all = 0, n_list = 0;
    const struct authres *list[AUTHRES_FIELDS_MAX];
    size_t trusted = authres_trusted(fields, n, b, index, AUTHRES_FIELDS_MAX);
    for (size_t i = 0; i < n; i++)
        all += str_eq_nocase(fields[i].name, STR("Authentication-Results"));
    for (size_t i = 0; i < trusted; i++) {
        struct authres *r = NULL;
        if (authres_parse(a, fields[index[i]].value, &r, NULL) == RC_OK)
            list[n_list++] = r;
    }
    TRY(arena_ok(a, "the Authentication-Results fields", e));
    *ret_v = (struct authres_verdict){
        .proof = authres_from_ok(list, n_list, from_domain),
        .n_trusted = trusted,
        .n_ignored = all - trusted,
    };
    return RC_OK;
}
