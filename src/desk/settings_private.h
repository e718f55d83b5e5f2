/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_SETTINGS_PRIVATE_H
#define VULNDESK_DESK_SETTINGS_PRIVATE_H

#include "desk/settings.h"

/* Between settings*.c only. */

/* One value while it is read. */
struct reading {
    struct settings *s;
    struct str dir;   /* of the file, absolute */
    struct str value; /* as written, trimmed */
};

/* A rule that only one row has; on failure e holds a sentence about the value. */
typedef enum rc (*setting_check)(struct str value, struct err *e);

struct setting_full {
    struct setting row;
    size_t off; /* of the member in struct settings */
    setting_check check;
};
extern const struct setting_full settings_table[];
extern const size_t settings_table_n;

/* Row of section.key, or NULL. */
const struct setting_full *settings_find(struct str section, struct str key);

/* The word "none" is a value of that span: 0. */
bool setting_may_be_none(const struct setting *row);

/*
 * Reads r->value by the row's type and bounds into r->s; *ret_text is the value as shown (paths
 * absolute).  RC_INVALID, RC_LIMIT: e is a sentence without file, line or key.
 */
enum rc setting_read(const struct setting_full *f, const struct reading *r, struct str *ret_text,
                     struct err *e) WARN_UNUSED;

/* Rules of single rows. */
enum rc check_prefix(struct str v, struct err *e);
enum rc check_hostname(struct str v, struct err *e);
enum rc check_tag_pattern(struct str v, struct err *e);
enum rc check_branch(struct str v, struct err *e);
enum rc check_repository(struct str v, struct err *e);
enum rc check_spam_header(struct str v, struct err *e);
enum rc check_unix_socket(struct str v, struct err *e);
enum rc check_store_url(struct str v, struct err *e);
enum rc check_ecosystem(struct str v, struct err *e);
enum rc check_purl(struct str v, struct err *e);

#endif
