/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The envelope as JSON, and as the trace header in front of a mail.  Written in smtpd and `ingest`,
 * read in keys; a record's JSON is trusted no further than its seal, so it is re-checked.
 */
#include "smtp/envelope.h"

#include "base/utf8.h"
#include "base/when.h"
#include "smtp/address.h"

static json_t *rcpts_json(const struct smtp_envelope *v)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < v->n_rcpts; i++)
        json_array_append_new(list, json_str(v->rcpts[i]));
    return list;
}

static json_t *web_json(const struct smtp_envelope_web *w)
{
    json_t *j = json_object();
    json_put_str(j, "mark", w->mark);
    json_put_str(j, "way", w->way);
    json_put_int(j, "thread", w->thread);
    return j;
}

enum rc smtp_envelope_write(struct buf *b, const struct smtp_envelope *v, struct err *e)
{
    AUTO(json) json_t *j = json_object();
    int bad = 0;
    bad |= json_object_set_new(j, "from", v->from_known ? json_str(v->from) : json_null());
    bad |= json_object_set_new(j, "rcpts", rcpts_json(v));
    bad |= json_object_set_new(j, "peer", json_str(v->peer));
    bad |= json_object_set_new(j, "helo", json_str(v->helo));
    bad |= json_object_set_new(j, "tls", json_boolean(v->tls));
    bad |= json_object_set_new(j, "proto", json_str(v->proto));
    bad |= json_object_set_new(j, "received_us", json_integer(v->received_us));
    bad |= json_object_set_new(j, "size", json_integer(v->declared_size));
    bad |= json_object_set_new(j, "smtputf8", json_boolean(v->smtputf8));
    if (v->web.mark.n > 0)
        bad |= json_object_set_new(j, "web", web_json(&v->web));
    if (bad)
        return err_set(e, RC_INTERNAL, "an envelope could not be written as JSON");
    return json_write(b, j, e);
}

/* A text of the envelope: clean, one line, copied. */
static enum rc read_text(struct arena *a, const json_t *j, const char *key, size_t max,
                         struct str *ret_s)
{
    struct str s;
    TRY(json_get_str(j, key, max, &s, NULL));
    if (!utf8_is_clean(s) || str_chr(s, '\n') != STR_NPOS)
        return RC_INVALID;
    *ret_s = arena_str(a, s);
    return RC_OK;
}

static enum rc read_rcpts(struct arena *a, const json_t *j, struct smtp_envelope *v)
{
    json_t *list;
    TRY(json_get_array(j, "rcpts", SMTP_RCPTS_MAX, &list, NULL));
    size_t n = json_array_size(list);
    struct str *rcpts = arena_array(a, n ? n : 1, sizeof *rcpts);
    if (rcpts == NULL)
        return RC_LIMIT;
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(list, i);
        struct str s = str_of(json_string_value(one), json_string_length(one));
        if (!json_is_string(one) || s.n > SMTP_TEXT_MAX || !utf8_is_clean(s))
            return RC_INVALID;
        rcpts[i] = arena_str(a, s);
    }
    v->rcpts = rcpts;
    v->n_rcpts = n;
    return RC_OK;
}

static bool is_hex(struct str s, bool may_be_empty)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_digit(s.p[i]) && (s.p[i] < 'a' || s.p[i] > 'f'))
            return false;
    return s.n == SMTP_WEB_HEX || (s.n == 0 && may_be_empty);
}

static enum rc read_web(struct arena *a, const json_t *j, struct smtp_envelope_web *w)
{
    *w = (struct smtp_envelope_web){.mark = STR_NONE, .way = STR_NONE};
    if (j == NULL)
        return RC_OK;
    TRY(read_text(a, j, "mark", SMTP_WEB_HEX, &w->mark));
    TRY(read_text(a, j, "way", SMTP_WEB_HEX, &w->way));
    TRY(json_get_int(j, "thread", 0, INT64_MAX, &w->thread, NULL));
    return is_hex(w->mark, false) && is_hex(w->way, true) ? RC_OK : RC_INVALID;
}

static enum rc read_all(struct arena *a, const json_t *j, struct smtp_envelope *v)
{
    v->from = STR_NONE;
    v->from_known = !json_is_null(json_object_get(j, "from"));
    if (v->from_known)
        TRY(read_text(a, j, "from", SMTP_TEXT_MAX, &v->from));
    TRY(read_rcpts(a, j, v));
    TRY(read_text(a, j, "peer", SMTP_PEER_MAX, &v->peer));
    TRY(read_text(a, j, "helo", SMTP_HELO_MAX, &v->helo));
    TRY(json_get_bool(j, "tls", &v->tls, NULL));
    TRY(read_text(a, j, "proto", SMTP_PROTO_MAX, &v->proto));
    TRY(json_get_int(j, "received_us", 0, INT64_MAX, &v->received_us, NULL));
    TRY(json_get_int(j, "size", 0, SMTP_SIZE_MAX, &v->declared_size, NULL));
    TRY(json_get_bool(j, "smtputf8", &v->smtputf8, NULL));
    return read_web(a, json_object_get(j, "web"), &v->web);
}

enum rc smtp_envelope_read(struct arena *a, struct str json, struct smtp_envelope *ret_v,
                           struct err *e)
{
    AUTO(json) json_t *j = NULL;
    struct smtp_envelope v = {0};
    TRY(json_parse(json, json.n, "the envelope of a spool record", &j, e));
    enum rc rc = json_is_object(j) ? read_all(a, j, &v) : RC_INVALID;
    if (rc != RC_OK)
        return err_set(e, RC_INVALID, "the envelope of a spool record is not as we write it");
    TRY(arena_ok(a, "an envelope", e));
    *ret_v = v;
    return RC_OK;
}

void smtp_trace_add(struct buf *b, const struct smtp_envelope *v, const char *hostname,
                    const char *id, const char *eol)
{
    if (v->from_known)
        buf_addf(b, "Return-Path: <%.*s>%s", STR_ARG(v->from), eol);
    struct str helo = v->helo.n ? v->helo : STR("unknown");
    bool literal = ascii_is_digit(v->peer.n ? v->peer.p[0] : ' ');
    bool v6 = str_chr(v->peer, ':') != STR_NPOS;
    buf_addf(b, "Received: from %.*s (%s%.*s%s)%s", STR_ARG(helo),
             v6        ? "[IPv6:"
             : literal ? "["
                       : "",
             STR_ARG(v->peer), v6 || literal ? "]" : "", eol);
    buf_addf(b, "\tby %s with %.*s id %s", hostname, STR_ARG(v->proto), id);
    if (v->n_rcpts == 1)
        buf_addf(b, "%s\tfor <%.*s>", eol, STR_ARG(v->rcpts[0]));
    buf_addf(b, ";%s\t", eol);
    when_rfc5322(b, v->received_us);
    buf_adds(b, eol);
}
