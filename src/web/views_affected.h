/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_VIEWS_AFFECTED_H
#define VULNDESK_WEB_VIEWS_AFFECTED_H

#include "web/views.h"

/* What the template of affected versions sees; as views.h. */
struct aff_release_view {
    uint32_t id; /* of its row: "r-ID" */
    struct str tag, day, series, rule, why, commit, of, place, confidence;
    const char *status, *kind; /* words; class of the chip */
    bool flagged, decided;
};
struct aff_run_view {
    struct str lane, first, last, count;
    const char *status, *kind;
    bool flagged, decided, is_tip;
};
struct aff_candidate_view {
    int64_t nth;
    struct str first, last, count;
    struct str *why, *differs;
    size_t n_why, n_differs;
    struct str more; /* "and 12 more" */
    bool is_first, chosen, none;
};
struct aff_commit_view {
    const char *what;
    struct str commit, of, day, subject, why;
};
struct aff_range_view {
    struct str series, from, to, fixed;
    bool single, start;
};
struct aff_decision_view {
    struct str tag, reason, who;
    const char *status, *kind;
    struct time_view at;
};
struct page_affected {
    struct page_frame frame;
    struct str number, title;
    struct str base; /* path of the page */
    bool is_part;    /* of a place that joined the case */
    bool no_repository, closed, asked, waits, failed, has, stale, can_ask, may_keep;
    struct str progress, failure, summary, answer;
    struct time_view answered;
    struct html_safe map;
    struct aff_run_view *runs;
    size_t n_runs;
    struct aff_candidate_view *candidates;
    size_t n_candidates;
    bool any_chosen;
    struct str chosen_by;
    struct aff_release_view *releases;
    size_t n_releases;
    struct str elsewhere;     /* "92 releases": the table is a page of its own; else empty */
    struct str more_releases; /* "the first 3000 of 12000"; else empty */
    struct aff_commit_view *commits;
    size_t n_commits;
    struct aff_range_view *ranges;
    size_t n_ranges;
    struct aff_decision_view *decisions;
    size_t n_decisions;
    struct str *missing, *notes;
    size_t n_missing, n_notes;
    struct str lines, vers, osv, cve; /* to be copied */
    /* the forms as they were typed */
    struct str f_fix, f_introduced, f_at, f_tag, f_reason;
    struct option_view *statuses;
    size_t n_statuses;
    bool open_ask, open_decide;
};

/* In an advisory. */
struct picture_view {
    struct html_safe map;
    struct aff_run_view *runs;
    size_t n_runs;
};

#endif
