/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_ENGINE_FIELDS_H
#define VULNDESK_ENGINE_FIELDS_H

#include "base/arena.h"
#include "base/json.h"

/*
 * The members of an engine's answer as the readers of answers take them (the record.h of each
 * engine).  The answer comes out of a child that worked on a stranger's repository: a member of
 * another type, over its bound or not in clean text is refused, with its name.  Texts borrow from
 * the JSON.
 */

/* A clean text (base/utf8.h); missing or null is the empty one. */
enum rc field_text(const json_t *o, const char *key, size_t max, struct str *ret, struct err *e)
    WARN_UNUSED;
/* Lower-case hexadecimal digits, any number up to max; what: what it is called when it is none. */
enum rc field_hex(const json_t *o, const char *key, size_t max, const char *what, struct str *ret,
                  struct err *e) WARN_UNUSED;
/* A point in time, RFC 3339; missing: 0. */
enum rc field_date(const json_t *o, const char *key, int64_t *ret_us, struct err *e) WARN_UNUSED;
/* A missing list is an empty one. */
enum rc field_list(const json_t *o, const char *key, size_t max, json_t **ret, struct err *e)
    WARN_UNUSED;
/* Room for n elements of size bytes, one at least; ret: address of a pointer to them. */
enum rc field_room(struct arena *a, size_t n, size_t size, void *ret, struct err *e) WARN_UNUSED;

#endif
