/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_VIEWS_WRITE_H
#define VULNDESK_WEB_VIEWS_WRITE_H

#include "web/views.h"

/* What the templates of writing see; as web/views.h. */

/* A reply as it would go out. */
struct page_letter {
    struct page_frame frame;
    struct str number, to_name, to, from_name, from, subject;
    struct str mail_text; /* with what the team's template puts around it */
    struct str text;      /* as typed */
    struct str token, minute;
    int64_t thread_id, newest;
    bool wait, held, by_mail;
    struct message_view *between;
    size_t n_between;
};

/* What somebody had typed whose session is over. */
struct page_kept {
    struct page_frame frame;
    struct str text;
    bool team_out, reporter_out; /* whose session; neither: the form was of an earlier one */
};

#endif
