/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_TESTING_ESCAPE_H
#define VULNDESK_WEB_TESTING_ESCAPE_H

#include "web/html.h"

/* What testing/escape.html shows: one value in every place a value can stand in. */
struct page_escape {
    struct str value;
    const char *word;
    int64_t number;
    bool yes, no;
    struct html_safe safe;
    struct escape_row {
        struct str name;
        struct str *tags;
        size_t n_tags;
    } * rows;
    size_t n_rows;
};

#endif
