/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of an engine's answer.  Runs in core; the JSON is a child's, and hostile.
 */
#include "engine/fields.h"

#include <string.h>

#include "base/utf8.h"
#include "base/when.h"

static bool is_missing(const json_t *v)
{
    return v == NULL || json_is_null(v);
}

enum rc field_text(const json_t *o, const char *key, size_t max, struct str *ret, struct err *e)
{
    *ret = STR_NONE;
    if (is_missing(json_object_get(o, key)))
        return RC_OK;
    TRY(json_get_str(o, key, max, ret, e));
    if (!utf8_is_clean(*ret))
        return err_set(e, RC_INVALID, "the answer's \"%s\" is not plain text", key);
    return RC_OK;
}

enum rc field_hex(const json_t *o, const char *key, size_t max, const char *what, struct str *ret,
                  struct err *e)
{
    TRY(field_text(o, key, max, ret, e));
    for (size_t i = 0; i < ret->n; i++)
        if (!ascii_is_digit(ret->p[i]) && (ret->p[i] < 'a' || ret->p[i] > 'f'))
            return err_set(e, RC_INVALID, "the answer's \"%s\" is no %s", key, what);
    return RC_OK;
}

enum rc field_date(const json_t *o, const char *key, int64_t *ret_us, struct err *e)
{
    struct str s;
    *ret_us = 0;
    TRY(field_text(o, key, WHEN_TEXT_MAX, &s, e));
    return s.n ? when_parse_rfc3339(s, ret_us, e) : RC_OK;
}

enum rc field_list(const json_t *o, const char *key, size_t max, json_t **ret, struct err *e)
{
    *ret = NULL;
    return is_missing(json_object_get(o, key)) ? RC_OK : json_get_array(o, key, max, ret, e);
}

enum rc field_room(struct arena *a, size_t n, size_t size, void *ret, struct err *e)
{
    void *p = arena_array(a, n + 1, size);
    if (p == NULL)
        return err_set(e, RC_LIMIT, "the answer is too large");
    memcpy(ret, &p, sizeof p);
    return RC_OK;
}
