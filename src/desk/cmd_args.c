/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of verbs.
 * Runs in core.
 * Input: JSON out of a form or a command, hostile; each is checked by name, type and bound.
 */
#include "base/when.h"
#include "desk/cmd_inside.h"
#include "desk/vcase.h"

enum rc want_str(const struct cmd *c, const char *key, size_t max, struct str *ret, struct err *e)
{
    enum rc rc = json_get_str(c->args, key, max, ret, e);
    return rc == RC_NOTFOUND ? err_set(e, RC_INVALID, "\"%s\" is missing", key) : rc;
}

enum rc may_str(const struct cmd *c, const char *key, size_t max, struct str *ret, struct err *e)
{
    *ret = STR_NONE;
    return json_object_get(c->args, key) ? json_get_str(c->args, key, max, ret, e) : RC_OK;
}

enum rc want_id(const struct cmd *c, const char *key, int64_t *ret, struct err *e)
{
    enum rc rc = json_get_int(c->args, key, 1, INT64_MAX, ret, e);
    return rc == RC_NOTFOUND ? err_set(e, RC_INVALID, "\"%s\" is missing", key) : rc;
}

enum rc want_case(const struct cmd *c, const char *key, int64_t *ret, struct err *e)
{
    struct str number;
    TRY(want_str(c, key, VCASE_NUMBER_MAX, &number, e));
    return vcase_by_number(c->d, number, ret, e);
}

enum rc want_reason(const struct cmd *c, struct str *ret, struct err *e)
{
    return want_str(c, "reason", DESK_REASON_MAX, ret, e);
}

enum rc may_time(const struct cmd *c, const char *key, int64_t *ret_us, struct err *e)
{
    struct str s;
    *ret_us = 0;
    TRY(may_str(c, key, WHEN_TEXT_MAX, &s, e));
    return s.n ? when_parse_rfc3339(s, ret_us, e) : RC_OK;
}
