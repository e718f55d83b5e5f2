/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_VIEWS_FORM_H
#define VULNDESK_WEB_VIEWS_FORM_H

#include "web/views.h"

/* What the templates of the report form and of private links see; rules as in views.h. */

/* The form; what was typed before an error is in it again, files are not. */
struct page_new {
    struct page_frame frame;
    struct str token, title, description, steps, version, name, address;
    bool again; /* files have to be chosen again */
    int64_t max_files, max_mb;
    struct contact_view *contacts;
    size_t n_contacts;
};

/* A private link, shown once. */
struct page_link {
    struct page_frame frame;
    const char *heading;
    struct str lead, text, text2;
    struct str link;        /* the whole URL, to be copied */
    struct str path, label; /* where to go on */
};

#endif
