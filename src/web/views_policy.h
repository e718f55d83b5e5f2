/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_VIEWS_POLICY_H
#define VULNDESK_WEB_VIEWS_POLICY_H

#include "web/views.h"

/* What the templates of the policy and its proposals see; as views.h. */
struct diff_row_view {
    const char *kind; /* add del ctx hunk */
    struct str text;  /* begins with + - blank @ */
};
struct behaviour_view {
    const char *kind; /* chip's class */
    const char *word; /* "new", "gone", "changed", "look", "same" */
    struct str says, desk;
};
struct proposal_view {
    int64_t id;
    struct str subject, author, email, why, reason, decided_by, case_number;
    const char *chip, *state; /* class and words */
    const char *did;          /* "Merged", "Rejected", ...: of a decided one */
    struct time_view at, decided;
    bool is_decided;
};
struct page_proposals {
    struct page_frame frame;
    struct tab_view *tabs;
    size_t n_tabs;
    struct proposal_view *rows;
    size_t n_rows;
    const char *empty;
    struct str public_url; /* of the policy; empty: no public page */
    bool has_policy;
    int64_t revision;
    struct time_view since;
    const char *source; /* where the text in force is from */
    struct str commit;
};
struct page_proposal {
    struct page_frame frame;
    struct proposal_view p;
    struct str explanation;
    bool is_open, is_ready, is_stale, is_tried, has_diff, more, can_answer;
    struct diff_row_view *lines; /* of the policy, or the patch as it came */
    size_t n_lines;
    size_t added, removed;
    struct behaviour_view *behaviour;
    size_t n_behaviour;
    int64_t revision;
    struct str f_reject, f_case, f_text; /* what had been typed */
};

/* The public form. */
struct page_propose {
    struct page_frame frame;
    int64_t base;
    struct str text, subject, explanation, name, email;
    bool is_preview, is_sent, more;
    int64_t number;
    struct diff_row_view *lines;
    size_t n_lines;
};

#endif
