/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_BASE_JSON_H
#define VULNDESK_BASE_JSON_H

#include <jansson.h>

#include "base/buf.h"

/*
 * jansson, strictly: duplicate keys, NaN, invalid UTF-8, trailing text and nesting over
 * JSON_PARSER_MAX_DEPTH are refused.  Getters check the type and the bound and name the key.
 */
void json_auto(json_t **j); /* AUTO(json) json_t *j = NULL; */

enum rc json_parse(struct str text, size_t max, const char *what, json_t **ret_j, struct err *e)
    WARN_UNUSED;
/* Compact, keys in insertion order. */
enum rc json_write(struct buf *b, const json_t *j, struct err *e) WARN_UNUSED;

/* Borrowed from obj. A missing key is RC_NOTFOUND, a wrong type or a longer text RC_INVALID. */
enum rc json_get_str(const json_t *obj, const char *key, size_t max, struct str *ret_s,
                     struct err *e) WARN_UNUSED;
enum rc json_get_int(const json_t *obj, const char *key, int64_t min, int64_t max, int64_t *ret_n,
                     struct err *e) WARN_UNUSED;
enum rc json_get_bool(const json_t *obj, const char *key, bool *ret_b, struct err *e) WARN_UNUSED;
/* An array of at most max elements. */
enum rc json_get_array(const json_t *obj, const char *key, size_t max, json_t **ret_a,
                       struct err *e) WARN_UNUSED;
/* Sets obj[key]; a text as json_str has it, a point in time (microseconds) in RFC 3339 or, when it
 * is 0, null. */
void json_put_str(json_t *obj, const char *key, struct str s);
void json_put_int(json_t *obj, const char *key, int64_t n);
void json_put_bool(json_t *obj, const char *key, bool b);
void json_put_time(json_t *obj, const char *key, int64_t at_us);
/* A new string value; invalid UTF-8 is cleaned by the border rule. */
json_t *json_str(struct str s);

#endif
