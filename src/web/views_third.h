/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_VIEWS_THIRD_H
#define VULNDESK_WEB_VIEWS_THIRD_H

#include "web/views.h"

/* What templates/third_party.html sees; as views.h. */
struct third_row_view {
    int64_t id;
    struct str component, maintainer, email, url, source, source_date, state;
    struct time_view changed;
    bool asked, ready, is_open, heard; /* ready: the reporter agreed, nothing was sent yet */
    bool named;
    struct str reason, note; /* typed before an error */
};
struct contact_row_view {
    struct str name, relation, what, contact, source, date;
    bool seen;
};
struct page_third {
    struct page_frame frame;
    struct str number, title;
    struct third_row_view *rows;
    size_t n_rows;
    bool has_map, accepted, is_closed;
    struct option_view *components; /* of the map that are not our own */
    size_t n_components;
    struct contact_row_view *contacts;
    size_t n_contacts;
    struct option_view *threads; /* of reporters */
    size_t n_threads;
    bool many;
    /* The form as it was typed. */
    struct str component, other, maintainer, email, url, source, source_date;
    bool ask;
};

#endif
