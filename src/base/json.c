/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON by jansson.  Runs in every role; input is untrusted text of a bounded length.
 */
#include "base/json.h"

#include "base/utf8.h"
#include "base/when.h"

void json_auto(json_t **j)
{
    json_decref(*j);
    *j = NULL;
}

enum rc json_parse(struct str text, size_t max, const char *what, json_t **ret_j, struct err *e)
{
    if (text.n > max)
        return err_set(e, RC_LIMIT, "%s is larger than %zu bytes", what, max);
    json_error_t je;
    json_t *j = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &je);
    if (j == NULL)
        return err_set(e, RC_INVALID, "%s is not valid JSON (line %d column %d)", what, je.line,
                       je.column);
    *ret_j = j;
    return RC_OK;
}

static int write_chunk(const char *p, size_t n, void *data)
{
    buf_add(data, str_of(p, n));
    return 0;
}

enum rc json_write(struct buf *b, const json_t *j, struct err *e)
{
    if (json_dump_callback(j, write_chunk, b,
                           JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) != 0)
        return err_set(e, RC_INTERNAL, "a JSON value could not be written");
    return buf_ok(b, "JSON output", e);
}

static enum rc json_want(const json_t *obj, const char *key, json_t **ret_v, struct err *e)
{
    json_t *v = json_object_get(obj, key);
    if (v == NULL)
        return err_set(e, RC_NOTFOUND, "\"%s\" is missing", key);
    *ret_v = v;
    return RC_OK;
}

enum rc json_get_str(const json_t *obj, const char *key, size_t max, struct str *ret_s,
                     struct err *e)
{
    json_t *v = NULL;
    TRY(json_want(obj, key, &v, e));
    if (!json_is_string(v) || json_string_length(v) > max)
        return err_set(e, RC_INVALID, "\"%s\" must be a text of at most %zu bytes", key, max);
    *ret_s = str_of(json_string_value(v), json_string_length(v));
    return RC_OK;
}

enum rc json_get_int(const json_t *obj, const char *key, int64_t min, int64_t max, int64_t *ret_n,
                     struct err *e)
{
    json_t *v = NULL;
    TRY(json_want(obj, key, &v, e));
    if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
        return err_set(e, RC_INVALID, "\"%s\" must be a whole number from %lld to %lld", key,
                       (long long)min, (long long)max);
    *ret_n = json_integer_value(v);
    return RC_OK;
}

enum rc json_get_bool(const json_t *obj, const char *key, bool *ret_b, struct err *e)
{
    json_t *v = NULL;
    TRY(json_want(obj, key, &v, e));
    if (!json_is_boolean(v))
        return err_set(e, RC_INVALID, "\"%s\" must be true or false", key);
    *ret_b = json_is_true(v);
    return RC_OK;
}

enum rc json_get_array(const json_t *obj, const char *key, size_t max, json_t **ret_a,
                       struct err *e)
{
    json_t *v = NULL;
    TRY(json_want(obj, key, &v, e));
    if (!json_is_array(v) || json_array_size(v) > max)
        return err_set(e, RC_INVALID, "\"%s\" must be a list of at most %zu elements", key, max);
    *ret_a = v;
    return RC_OK;
}

json_t *json_str(struct str s)
{
    if (utf8_valid(s))
        return json_stringn(s.p ? s.p : "", s.n);
    AUTO(buf) struct buf b = BUF_INIT(s.n * 3 + 1);
    utf8_clean(&b, s);
    return json_stringn(buf_c(&b), b.n);
}

void json_put_str(json_t *obj, const char *key, struct str s)
{
    json_object_set_new(obj, key, json_str(s));
}

void json_put_int(json_t *obj, const char *key, int64_t n)
{
    json_object_set_new(obj, key, json_integer((json_int_t)n));
}

void json_put_bool(json_t *obj, const char *key, bool b)
{
    json_object_set_new(obj, key, json_boolean(b));
}

void json_put_time(json_t *obj, const char *key, int64_t at_us)
{
    AUTO(buf) struct buf b = BUF_INIT(WHEN_TEXT_MAX);
    when_rfc3339(&b, at_us);
    json_object_set_new(obj, key, at_us ? json_str(buf_str(&b)) : json_null());
}
