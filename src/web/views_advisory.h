/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_WEB_VIEWS_ADVISORY_H
#define VULNDESK_WEB_VIEWS_ADVISORY_H

#include "web/views_affected.h"

/* What the templates of advisories see; as views.h. */
struct adv_line_view {
    struct str date, text;
};
/* The document itself, in the preview exactly as on the public page. */
struct advisory_doc_view {
    struct str number; /* before publication: a place holder */
    struct str title, summary, severity, cvss, product;
    struct str *cves, *affected, *fixed, *refs;
    size_t n_cves, n_affected, n_fixed, n_refs;
    struct adv_line_view *timeline, *credits, *changes; /* credits: date is the role */
    size_t n_timeline, n_credits, n_changes;
    struct html_safe body;
    struct picture_view picture;    /* of the affected versions, empty: none */
    struct str published, modified; /* empty: at publication; not changed since */
    struct str published_iso, modified_iso;
    struct str withdrawn, reason;
    struct str osv, feed; /* where the documents are, empty: none yet */
};
struct page_advisory_public {
    struct page_frame frame;
    struct advisory_doc_view doc;
};
struct advisory_row_view {
    struct str number, title, severity, state, case_number, href;
    struct str date, date_iso; /* public list: of publication */
    struct time_view at;       /* team: of what comes or came last */
    const char *at_what;       /* "planned", "published", "changed" */
    bool changed, withdrawn;
};
struct page_advisories {
    struct page_frame frame;
    struct advisory_row_view *rows;
    size_t n_rows;
};

/* ---- the team's page ---- */

struct adv_credit_view {
    int64_t id;
    struct str name, email, decision, role;
    bool has_email, settled, waiting, asked;
    struct option_view *decisions, *roles;
    size_t n_decisions, n_roles;
};
struct adv_revision_view {
    int64_t nth;
    struct time_view at;
    struct str author, approver, change, state;
};
struct adv_mail_view {
    int64_t id;
    struct str to, state, answer;
    bool bad, parked;
    struct time_view at;
};
struct page_advisory {
    struct page_frame frame;
    struct str number, title; /* of the case */
    struct str public_number, public_url, state;
    bool is_open_work; /* the newest revision is not the public one */
    bool exists, is_public, is_draft, is_approved, is_withdrawn, is_planned, can_edit;
    int64_t revision;
    struct advisory_doc_view doc;
    /* the form as it was typed */
    struct str f_title, f_summary, f_cvss, f_cve, f_affected, f_fixed, f_references, f_timeline,
        f_body, f_change, f_at, f_reason;
    struct option_view *severities;
    size_t n_severities;
    bool open_edit, open_withdraw;
    bool may_approve, alone, mine, unasked, credits_changed, to_write, embargo;
    struct time_view embargo_until, planned;
    int64_t recipients;
    struct adv_credit_view *credits;
    size_t n_credits;
    struct option_view *roles; /* of the form for one more */
    size_t n_roles;
    struct adv_revision_view *revisions; /* newest first */
    size_t n_revisions;
    struct adv_mail_view *mails;
    size_t n_mails;
};

/* A reporter says how to be named. */
struct page_reporter_credit {
    struct page_frame frame;
    struct str name;
    bool named, anonymous, declined, decided;
};

/* A revision beside the one before it. */
struct adv_diff_line {
    const char *kind; /* add del ctx */
    struct str text;
};
struct page_advisory_diff {
    struct page_frame frame;
    struct str number;
    int64_t nth, before;
    struct str author, change;
    struct time_view at;
    struct adv_diff_line *lines;
    size_t n_lines;
    bool more;
};

#endif
